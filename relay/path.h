/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PATH_H
#define PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/inflight.h"

/*
 * What is known of the way to the peer, and how much may be on it in either
 * direction.  Where nothing is known, as of a proxy's pipe, nothing is
 * limited.
 */
struct path {
	int fd;			/* the socket, -1 when it is none of TCP */
	struct inflight out;	/* what we send */
	uint32_t rtt_us;	/* shortest, 0: not known */
	size_t queued;		/* in the socket, when that was asked last */
	struct inflight in;	/* what the peer may send */
	uint64_t received;	/* bytes since in_since_us */
	uint64_t in_since_us;
};

void path_init(struct path *p, int fd, uint64_t now_us);

/* len bytes came. */
void path_received(struct path *p, size_t len);

/*
 * Look at the socket when that is due.  True when it was: the limits may be
 * others now.
 */
bool path_sample(struct path *p, uint64_t now_us);

/* What the way to the peer holds by itself, in bytes; 0: not known. */
uint64_t path_holds(const struct path *p);

/*
 * Bytes that may wait in the output in front of the socket, 0 when the way is
 * full: nothing tells when it no longer is, so the caller looks again soon.
 */
size_t path_room(struct path *p);

#endif /* PATH_H */
