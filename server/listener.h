/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef LISTENER_H
#define LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "server/hostkeys.h"
#include "server/monitor.h"

struct server_config;

/*
 * The process that waits for connections.  It takes no byte of any: each is
 * handed to a monitor of its own, which is forked from here.
 */
struct listener;

/*
 * Where the configuration and the keys come from, at a SIGHUP as at the
 * start.  The old ones stay good until the new ones are whole.
 *
 * Returns 0 with both replaced, or what was logged as the reason.
 */
typedef int (listener_reload_fn)(void *ctx, struct server *s);

struct listener_options {
	struct server *server;
	listener_reload_fn *reload;
	void *ctx;
	const int *fds;		/* sockets of a service manager, or NULL */
	size_t nfds;
};

/*
 * Open the sockets.  What cannot be listened at is logged; one that can is
 * enough.
 * Returns 0, or SSHTAP_ERR_SYSTEM, SSHTAP_ERR_ALLOC, SSHTAP_ERR_NOT_FOUND.
 */
int listener_new(const struct listener_options *o, struct listener **lp);
void listener_free(struct listener *l);

/*
 * Serve until a signal ends it.  Monitors are forked from here, and end here.
 * Returns the exit status of the program.
 */
int listener_run(struct listener *l);

#endif /* LISTENER_H */
