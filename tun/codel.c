/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A queue is good that empties now and then: what counts is not how long it
 * is but the shortest wait of an interval.  Once that was above the target
 * all the time, drops begin, and come closer to each other until it is not.
 * The RFC has this as a loop around the queue; here it is a question about
 * one packet, so that whoever asks may mark it or leave it in the queue.
 */

#include "tun/codel.h"

/* Drops that stopped less than so many intervals ago go on where they were. */
#define MEMORY_INTERVALS	16

/* The root of n, rounded down: Newton's method, from above. */
static uint32_t
get_root(uint64_t n)
{
	uint64_t root, next = UINT32_MAX;

	if (n < 2)
		return (uint32_t)n;
	/* As near as the nearest power of two saves most of the steps. */
	while (next / 2 * (next / 2) > n)
		next /= 2;
	do {
		root = next;
		next = (root + n / root) / 2;
	} while (next < root);
	return (uint32_t)root;
}

/* The interval is squared first, so that nothing is lost before the root. */
uint32_t
codel_spacing(uint32_t interval_us, uint32_t count)
{
	uint32_t us = get_root((uint64_t)interval_us * interval_us / count);

	return us > 0 ? us : 1;
}

/* Has everything that came out for an interval waited for too long? */
static bool
is_above(struct codel *c, const struct codel_limits *l, uint64_t wait_us,
    bool is_small, uint64_t now_us)
{
	if (wait_us < l->target_us || is_small) {
		c->first_above_us = 0;
		return false;
	}
	if (c->first_above_us == 0) {
		c->first_above_us = now_us + l->interval_us;
		return false;
	}
	return now_us >= c->first_above_us;
}

/* RFC 8289 section 5.5: the rate that was needed last time, if of late. */
static void
start_dropping(struct codel *c, const struct codel_limits *l, uint64_t now_us)
{
	uint32_t delta = c->count - c->lastcount;

	c->count = 1;
	if (delta > 1 && now_us < c->drop_next_us +
	    (uint64_t)MEMORY_INTERVALS * l->interval_us)
		c->count = delta;
	c->lastcount = c->count;
	c->is_dropping = true;
	c->drop_next_us = now_us + codel_spacing(l->interval_us, c->count);
}

bool
codel_wants_drop(struct codel *c, const struct codel_limits *l,
    uint64_t wait_us, bool is_small, uint64_t now_us)
{
	if (!is_above(c, l, wait_us, is_small, now_us)) {
		c->is_dropping = false;
		return false;
	}
	if (!c->is_dropping) {
		start_dropping(c, l, now_us);
		return true;
	}
	if (now_us < c->drop_next_us)
		return false;
	if (c->count < UINT32_MAX)
		c->count++;
	c->drop_next_us += codel_spacing(l->interval_us, c->count);
	return true;
}

void
codel_note_empty(struct codel *c)
{
	c->first_above_us = 0;
	c->is_dropping = false;
}
