/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SPIN_H
#define SPIN_H

#include <stdint.h>

/*
 * Waiting awake for what is expected at once: going to sleep and waking up
 * takes tens of microseconds.  Between two looks the processor is offered to
 * others.  When somebody takes it there is none to spare, and for a while
 * nobody waits awake.
 */
#define SPIN_LATE_US		20	/* more than an offer takes by itself */
#define SPIN_REST_MIN_US	10000
#define SPIN_REST_MAX_US	1000000

/* Embedded by its owner. */
struct spin {
	unsigned us;		/* how long, 0: not at all */
	uint64_t rest_us;	/* of the last pause, 0: all is well */
	uint64_t rest_end_us;
	/* Of the system; a test has its own. */
	uint64_t (*now_us)(void);
	void (*yield)(void);
};

void spin_init(struct spin *s, unsigned us);

/* Returns 0 while there is nothing. */
typedef int (spin_look_fn)(void *ctx);

/*
 * Look until there is something.
 * Returns what look returned if that was not 0, and 0 when it is time to
 * sleep.
 */
int spin_wait(struct spin *s, spin_look_fn *look, void *ctx);

#endif /* SPIN_H */
