/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* tapctl: the command line, the log, and which command runs. */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "ctl/admin.h"
#include "ctl/cmdline.h"
#include "ctl/serve.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"

static struct log_output log_output = { "tapctl", STDERR_FILENO };

static int
run(const struct cmdline *c)
{
	switch (c->command) {
	case CMDLINE_HELP:
		(void)fputs(cmdline_usage(), stdout);
		return 0;
	case CMDLINE_VERSION:
		(void)printf("tapctl %s\n", PACKAGE_VERSION);
		return 0;
	case CMDLINE_LIST:
		return admin_list(c, stdout);
	case CMDLINE_CREATE:
		return admin_create(c, stdout);
	case CMDLINE_SHOW:
		return admin_show(c, stdout);
	case CMDLINE_DESTROY:
		return admin_destroy(c, stdout);
	case CMDLINE_CLEANUP:
		return admin_cleanup(c, stdout);
	case CMDLINE_SERVE:
		return serve_run(c);
	case CMDLINE_COMMAND_COUNT:
		break;
	}
	return SSHTAP_ERR_INTERNAL;
}

int
main(int argc, char **argv)
{
	struct cmdline c;
	int status;

	log_set(LOG_LEVEL_INFO, log_write, &log_output);
	if (proc_open_standard() != 0) {
		log_error("cannot start: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	if (cmdline_parse(argc, argv, &c) != 0)
		return EX_USAGE;
	status = run(&c) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	if (fflush(stdout) == EOF || ferror(stdout) != 0) {
		log_error("cannot write to standard output: %s",
		    strerror(errno));
		status = EXIT_FAILURE;
	}
	return status;
}
