/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SSHCONFIG_H
#define SSHCONFIG_H

#include "client/config.h"
#include "lib/view.h"

/*
 * The user's ssh configuration, as ssh itself understands it: "ssh -G" is
 * asked and its answer read.  Without an ssh in the path the built-in
 * defaults and the -o options hold.  There is no second parser of
 * ssh_config(5).
 */
#define SSHCONFIG_OUTPUT_MAX	(1024 * 1024)

/*
 * Resolve c (overrides, destination, config_file are set) completely.
 * Runs as the invoking user.  What is wrong is logged, one line.
 * Returns 0, SSHTAP_ERR_FORMAT (a value is malformed or unknown),
 * SSHTAP_ERR_UNSUPPORTED (a setting that we can neither honour nor ignore),
 * SSHTAP_ERR_SYSTEM, SSHTAP_ERR_NO_COMMON (a list names nothing we carry).
 */
int sshconfig_resolve(struct config *c);

/*
 * Apply the text that ssh -G prints.  Unknown keys are ignored, as ssh has
 * more of them than we need.  Pure; what is wrong is logged.
 *
 * defaults: what ssh -G prints without any configuration; may be empty.
 *          Lists of algorithms and identities that are the same there are
 *          ssh's wish and not the user's: ours stay.
 */
int sshconfig_apply(struct config *c, const struct view *text,
    const struct view *defaults);

/*
 * Apply one setting by its name, with a value as ssh -G prints it; NOT_FOUND
 * when it does not concern us.
 */
int sshconfig_set(struct config *c, const char *key, const char *value);

#endif /* SSHCONFIG_H */
