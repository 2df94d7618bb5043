/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * sshtap: the command line, the log, and who runs what.
 *
 *	sshtap -f    background.c: the shell's process waits for "ready"
 *	  +- as root monitor.c: makes the interface, outlives the other
 *	       +-    client.c: the network process
 *
 * Each step that forks returns in both processes; the parent has its exit
 * status then and nothing else to do.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <zlib.h>

#include "client/client.h"
#include "client/options.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"

static struct log_output log_output = { "sshtap", STDERR_FILENO };

/* Until the configuration is resolved (client.c). */
static enum log_level
first_level(const struct config *c)
{
	if (c->quiet)
		return LOG_LEVEL_QUIET;
	return c->verbose == 0 ? LOG_LEVEL_INFO :
	    c->verbose == 1 ? LOG_LEVEL_VERBOSE : LOG_LEVEL_DEBUG;
}

static int
open_log(const char *path, const struct user *user)
{
	int fd;

	if (path == NULL)
		return 0;
	fd = user_open(user, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	    0600);
	if (fd == -1) {
		log_error("cannot write the log file %s: %s", path,
		    strerror(errno));
		return SSHTAP_ERR_SYSTEM;
	}
	log_output.fd = fd;
	return 0;
}

/* Returns the exit status of this process, whichever it is. */
static int
run_as_root(struct config *c, struct background *b, const struct user *user)
{
	struct monitor *m = NULL;
	int status = PROC_EXIT_FAILURE, r;

	if ((r = monitor_start(&m, &status)) < 0)
		log_error_r(r, "cannot start the network process");
	else if (r == 0)
		status = client_run(c, m, b, user);
	monitor_free(m);
	return status;
}

static int
run(struct config *c)
{
	struct background *b = NULL;
	struct user user;
	int status = PROC_EXIT_FAILURE, r;

	if (user_invoking(&user) != 0)
		return status;
	if (open_log(c->log_file, &user) != 0)
		goto out;
	if (c->background && (r = background_start(&b, &status)) != 0) {
		if (r < 0)
			log_error_r(r, "cannot fork");
	} else if (geteuid() == 0)
		status = run_as_root(c, b, &user);
	else
		status = client_run(c, NULL, b, &user);
	background_free(b);
 out:
	user_clear(&user);
	return status;
}

int
main(int argc, char **argv)
{
	struct config c;
	int status = PROC_EXIT_FAILURE;

	log_set(LOG_LEVEL_INFO, log_write, &log_output);
	if (proc_open_standard() != 0 || config_init(&c) != 0) {
		log_error("cannot start: %s", strerror(errno));
		return status;
	}
	c.software = "sshtap_" PACKAGE_VERSION;
	switch (options_parse(argc, argv, &c)) {
	case OPTIONS_VERSION:
		printf("sshtap %s, %s, zlib %s\n", PACKAGE_VERSION,
		    OpenSSL_version(OPENSSL_VERSION), zlibVersion());
		status = 0;
		break;
	case OPTIONS_USAGE:
		fputs(options_usage(), stderr);
		break;
	case OPTIONS_RUN:
		log_set_level(first_level(&c));
		status = run(&c);
		break;
	}
	config_clear(&c);
	return status;
}
