/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef TCP_STATE_H
#define TCP_STATE_H

#include <stddef.h>
#include <stdint.h>

/*
 * What the system's TCP knows of a connection, and what it may be told.
 * Calls return 0, or -1 and errno: ENOTSUP, and harmlessly, where the system
 * or the kind of descriptor (a pipe of a proxy) has nothing of it.
 */
struct tcp_state {
	uint32_t rtt_us;	/* smoothed */
	uint32_t min_rtt_us;	/* the shortest of late, 0: not kept */
	uint64_t rate;		/* delivered bytes per second, 0: not known */
	uint32_t sent;		/* segments with data, modulo 2^32 */
};

/* Reference: tcp(7), TCP_INFO; on macOS TCP_CONNECTION_INFO. */
int tcp_state_get(int fd, struct tcp_state *t);

/*
 * Bytes that were written and not acknowledged yet.  Reference: tcp(7),
 * SIOCOUTQ; on macOS SO_NWRITE.
 */
int tcp_state_queued(int fd, size_t *lenp);

/*
 * The descriptor is writable only while less than that waits to be sent for
 * the first time.  Reference: TCP_NOTSENT_LOWAT.
 */
int tcp_set_unsent(int fd, unsigned bytes);

/*
 * The congestion control of this one connection.  Reference: TCP_CONGESTION.
 * ENOENT: the kernel has no such; EPERM: only root may have it.
 */
int tcp_set_congestion(int fd, const char *name);

#endif /* TCP_STATE_H */
