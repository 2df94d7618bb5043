/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CONNECT_H
#define CONNECT_H

#include <stdint.h>
#include <sys/types.h>

#include "client/config.h"

/*
 * The byte stream to the peer.  What fails is logged in one line that says
 * what, where and what to do.  Descriptors are non-blocking, close-on-exec.
 */
struct connection {
	int rfd, wfd;		/* the same number for TCP; -1 when closed */
	pid_t proxy;		/* process of the ProxyCommand, or -1 */
	char *peer;		/* "host port 22", "proxy command"; cleaned */
};

void connection_init(struct connection *cn);

/*
 * Start the ProxyCommand through /bin/sh with both ends of a socket pair.
 * Runs as the invoking user.
 */
int connection_start_proxy(const struct config *c, struct connection *cn);

/*
 * Resolve c->hostname and connect to the first address that answers;
 * TCP_NODELAY, what relay/tuning.h has and, if set, SO_KEEPALIVE.
 *
 * deadline_ms: CLOCK_MONOTONIC, 0 for none; bounds all addresses and attempts
 *          together.
 * Returns 0, SSHTAP_ERR_NOT_FOUND (name), SSHTAP_ERR_SYSTEM,
 * SSHTAP_ERR_TIMEOUT, SSHTAP_ERR_UNSUPPORTED (TCPCongestion), or
 * SSHTAP_ERR_CLOSED when stop_fd (a signal pipe, or -1) became readable.
 */
int connection_open_tcp(const struct config *c, uint64_t deadline_ms,
    int stop_fd, struct connection *cn);

/* Close; end a proxy command that does not end by itself (SIGHUP), reap it. */
void connection_close(struct connection *cn);

#endif /* CONNECT_H */
