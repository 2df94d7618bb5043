/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CMDLINE_H
#define CMDLINE_H

#include <sys/types.h>

#include <stdbool.h>

#include "ctl/method.h"
#include "tun/tap.h"

/* The command line of tapctl: a command, its options, its words. */
enum cmdline_command {
	CMDLINE_HELP,
	CMDLINE_VERSION,
	CMDLINE_LIST,
	CMDLINE_CREATE,
	CMDLINE_SHOW,
	CMDLINE_DESTROY,
	CMDLINE_CLEANUP,
	CMDLINE_SERVE,
	CMDLINE_COMMAND_COUNT
};

struct cmdline {
	enum cmdline_command command;
	bool json;
	bool dry_run;		/* cleanup */
	bool keep;		/* serve: wait for the next peer */
	const char *bridge;	/* serve; NULL: none; borrowed from argv */
	struct tap_request request;	/* create, serve */
	uid_t uid;		/* create; (uid_t)-1: nobody but root */
	struct method method;	/* serve */
	char **names;		/* show, destroy; borrowed from argv */
	size_t n_names;
};

/*
 * argv:    its words are moved to the front, past the command.
 * Returns 0, or SSHTAP_ERR_FORMAT after one line about what is wrong.
 */
int cmdline_parse(int argc, char **argv, struct cmdline *c);

/* Lines of text. */
const char *cmdline_usage(void);

#endif /* CMDLINE_H */
