/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef OPTIONS_H
#define OPTIONS_H

#include "client/config.h"

/*
 * The command line: -46CE:F:fi:l:Nno:p:qTVvw: destination [command ...].
 * ssh's letters keep ssh's meaning.
 */
enum options_action {
	OPTIONS_RUN,
	OPTIONS_VERSION,	/* -V */
	OPTIONS_USAGE		/* malformed; the reason has been logged */
};

/*
 * destination: [user@]host, or ssh://[user@]host[:port].  Options may also
 *          follow the destination, up to the command, as ssh allows.
 * Settings are added to c->overrides as "Key=value" so that ssh -G sees them
 * in their order; what only concerns the command line is set in c.
 */
enum options_action options_parse(int argc, char **argv, struct config *c);

/* "any" or a unit, optionally ":" and another; 0 or SSHTAP_ERR_FORMAT. */
int options_parse_units(const char *s, uint32_t *localp, uint32_t *remotep);

/* One paragraph, with line ends. */
const char *options_usage(void);

#endif /* OPTIONS_H */
