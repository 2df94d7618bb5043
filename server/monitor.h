/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SERVER_MONITOR_H
#define SERVER_MONITOR_H

#include <stdbool.h>

#include "server/hostkeys.h"
#include "server/setup.h"

struct server_config;

/*
 * The root side of one connection.  It starts the network process, keeps the
 * host keys, decides who may log in, opens devices, and stays until the
 * network process has ended, so that what it made is undone whatever happens
 * to the other.  It reads requests of the network process (request.h), and
 * nothing that came from the peer in another form than bytes to hand on.
 */
#define SERVER_ADDRESS_MAX	64	/* numeric, with a zone */

struct server_conn {
	int rfd, wfd;		/* the peer; equal for a socket */
	/*
	 * A socket to the listener, or -1.  One byte goes there when somebody
	 * has logged in; until then its end means that the connection has to
	 * go.
	 */
	int listener;
	char from[SERVER_ADDRESS_MAX], to[SERVER_ADDRESS_MAX];	/* "" if none */
	unsigned from_port, to_port;
};

struct server {
	const struct server_config *config;
	const struct hostkeys *hostkeys;
	struct setup_rights rights;	/* for the other processes */
	const char *software;		/* how we identify */
	bool log_is_stderr;
};

/* Fill in the addresses of a connection's descriptors. */
void server_conn_name(struct server_conn *c);

/*
 * Does the system have what the configuration wants for connections?  To be
 * asked with the monitor's rights.
 * Returns 0 or SSHTAP_ERR_UNSUPPORTED (has been logged).
 */
int server_monitor_check(const struct server_config *c);

/*
 * The monitor's life.  Descriptors of c belong to it from now on.
 * Returns the exit status of the process.
 */
int server_monitor_run(const struct server *s, struct server_conn *c);

#endif /* SERVER_MONITOR_H */
