/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CODEL_H
#define CODEL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Controlled delay: of one queue, what has to be dropped, or marked, so that
 * nothing waits for long in it for long.  Pure, no clock.  All zeroes at the
 * start.  Reference: RFC 8289, whose names these are.
 */
struct codel {
	bool is_dropping;
	uint32_t count, lastcount;	/* drops of this time, and the last */
	uint64_t first_above_us;	/* 0: what comes out waited little */
	uint64_t drop_next_us;
};

struct codel_limits {
	uint32_t target_us;	/* a wait that is short */
	uint32_t interval_us;	/* for so long it may be longer */
};

/*
 * Ask about the head of the queue as it comes out, each once.
 *
 * wait_us:   how long it was in the queue.
 * is_small:  little is left in the queue with it; it is never dropped.
 * Returns true when it is to be dropped or marked; the next one, which is the
 * head then, is asked about in the same way.
 */
bool codel_wants_drop(struct codel *c, const struct codel_limits *l,
    uint64_t wait_us, bool is_small, uint64_t now_us);

/* The queue was found empty. */
void codel_note_empty(struct codel *c);

/*
 * The control law: the time from one drop to the next, the interval by the
 * root of count, rounded down.
 *
 * count:   at least 1.
 */
uint32_t codel_spacing(uint32_t interval_us, uint32_t count);

#endif /* CODEL_H */
