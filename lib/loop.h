/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The event loop: descriptors with a type, and a queue of deadlines.  The
 * clock is read once per turn; handlers never block.  Descriptors and timers
 * may be added and removed from inside a handler.
 */
#define LOOP_FDS_MAX	1024	/* of which a server's connections are most */

#define LOOP_IN		0x1u
#define LOOP_OUT	0x2u
#define LOOP_HUP	0x4u	/* the other end, or the device, is gone */

struct loop;

typedef void (loop_fd_fn)(void *ctx, int fd, unsigned events);

/* One entry per kind of descriptor; the table outlives the loop. */
struct loop_type {
	const char *name;
	loop_fd_fn *ready;
};

typedef void (loop_timer_fn)(void *ctx, uint64_t now_ms);

/* Embedded by its owner; zeroed and given fn and ctx before first use. */
struct loop_timer {
	loop_timer_fn *fn;
	void *ctx;
	uint64_t at_ms;
	struct loop_timer *next;
	bool armed;
};

/* Returns 0 or SSHTAP_ERR_ALLOC. */
int loop_new(const struct loop_type *types, unsigned ntypes,
    struct loop **loopp);
void loop_free(struct loop *l);

/*
 * Watch a descriptor.
 *
 * type:    index into the table given to loop_new.
 * events:  LOOP_IN and LOOP_OUT, or 0 to be told of nothing but LOOP_HUP.
 *          That one comes unasked where poll(2) is used, and not at all
 *          where it is not (see openbsd-compat/bsd-poll.h): who has to know
 *          of an end asks for LOOP_IN, or looks for it now and then.
 * Owner:   the descriptor stays the caller's.
 * Returns 0, SSHTAP_ERR_TOO_BIG (LOOP_FDS_MAX reached) or
 * SSHTAP_ERR_ARGUMENT (negative, already watched, unknown type).
 */
int loop_add(struct loop *l, int fd, unsigned type, void *ctx,
    unsigned events);

/* Change what is waited for; an unknown descriptor is ignored. */
void loop_set(struct loop *l, int fd, unsigned events);

/*
 * There is something to read that the descriptor does not show, in a buffer
 * of its owner: it is handed LOOP_IN once more, as soon as LOOP_IN is waited
 * for on it, without waiting.  An unknown descriptor is ignored.
 */
void loop_again(struct loop *l, int fd);

/* Stop watching; an unknown descriptor is ignored. */
void loop_remove(struct loop *l, int fd);

/* Arm or move a timer (milliseconds of loop_now), or take it out. */
void loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t at_ms);
void loop_timer_cancel(struct loop *l, struct loop_timer *t);

/*
 * After a turn that had an event of a descriptor, wait awake for the next one
 * for that many microseconds (spin.h), which has to be less than a timer may
 * be late.  0, as at first: not at all.
 */
void loop_set_spin(struct loop *l, unsigned us);

/* Monotonic milliseconds at the start of this turn. */
uint64_t loop_now(const struct loop *l);

/* Read the clock again, after something that may have taken long. */
void loop_update_now(struct loop *l);

/*
 * Wait for the next event or deadline and run its handlers.
 * Returns 0, or SSHTAP_ERR_SYSTEM.  A signal ends the wait with 0.
 */
int loop_turn(struct loop *l);

#endif /* LOOP_H */
