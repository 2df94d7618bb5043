/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef INFLIGHT_H
#define INFLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openbsd-compat/tcp-state.h"

/*
 * How many bytes may be on their way, so that the queue of the bottleneck
 * stays short whatever congestion control the connection has: what the path
 * holds by itself and a little more.  Pure: samples in, a limit out.
 *
 * While the round trip is longer than the shortest one by more than
 * INFLIGHT_SLACK_US the limit is the delivery rate over the shortest one and
 * INFLIGHT_EXTRA_US more; else it grows, if it is used.
 */
#define INFLIGHT_SAMPLE_US	5000	/* between two samples */
#define INFLIGHT_SLACK_US	3000
#define INFLIGHT_EXTRA_US	1500
#define INFLIGHT_MIN		(8 * 1024)
#define INFLIGHT_MAX		(64 * 1024 * 1024)

#define INFLIGHT_AHEAD_MIN	(8 * 1024)
#define INFLIGHT_AHEAD_MAX	(256 * 1024)

/* Embedded by its owner, who reads limit and rate at most. */
struct inflight {
	uint64_t limit;		/* bytes, INFLIGHT_MIN to INFLIGHT_MAX */
	uint64_t rate;		/* bytes per second, 0: not known */
	uint64_t next_us;	/* when a sample is due */
	uint32_t wait;		/* segments before the first cut */

	uint64_t used;		/* most that was queued since the last one */
	bool is_long;		/* the round trip */
	uint32_t since;		/* segments that were sent then, */
	uint32_t from_us;	/* and what it was */
	uint64_t long_us;	/* first cut, which did not help so far; or 0 */
	uint64_t settle_us;	/* when a cut must have shown its effect */
	uint64_t before;	/* the limit before the first of these cuts */
	uint32_t base_us;	/* shortest of another path, 0: as measured */
	uint64_t base_end_us;	/* when that is to be tried again */
	uint32_t low_us, old_low_us;	/* where the system keeps none */
	uint64_t low_end_us;
};

/*
 * There is no limit but INFLIGHT_MAX until a sample makes one.
 *
 * wait:    0 where inflight_room is told what is on its way.  Where that can
 *          only be guessed, and a cut costs frames: so many segments have to
 *          be sent, and the round trip to be a long one all the time that is
 *          not about to become short, before it is cut; and the limit grows
 *          quickly while there is no queue.
 */
void inflight_init(struct inflight *f, uint32_t wait);

bool inflight_is_due(const struct inflight *f, uint64_t now_us);
/* A rate or round trip of 0 changes nothing. */
void inflight_sample(struct inflight *f, const struct tcp_state *t,
    uint64_t now_us);

/*
 * Bytes that may be given to the socket while queued are there already, 0 to
 * wait.  To be asked whenever there is something to send, since the limit
 * moves only while it is made use of.
 */
size_t inflight_room(struct inflight *f, size_t queued);

/*
 * Bytes that may be sealed ahead of the socket: little when it is slow, since
 * what is sealed can be neither dropped nor overtaken.  About a millisecond's
 * worth, INFLIGHT_AHEAD_MIN to INFLIGHT_AHEAD_MAX.
 */
size_t inflight_ahead(const struct inflight *f);

#endif /* INFLIGHT_H */
