/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef REGRESS_TOOL_H
#define REGRESS_TOOL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the tools that send and check frames share.  All of it ends the
 * program, with status 2, when it cannot do its work.
 */

/* The tool's own: says how it is called, and ends it. */
void usage(void) __attribute__((noreturn));

/* End with a line "program: what: why"; errno says why. */
void die(const char *what) __attribute__((noreturn));

/* The number that the text is, 0 to max, or usage(). */
unsigned number(const char *s, unsigned long max);

/*
 * The stream of bytes behind a header, good enough to see damage: for the
 * n-th of its kind, with a size or place that tells it from its neighbours.
 */
void fill(uint8_t *p, size_t len, unsigned seed, uint32_t n, size_t size);

/* Of a clock that only goes forward. */
uint64_t now_us(void);

void sleep_us(uint64_t us);

/*
 * Where a receiver tells its sender what it waits for: the number behind the
 * highest that has come.  It is shared memory, which hosts that are network
 * namespaces still have in common.  Which meeting it is: a number that both
 * know, up to MEETING_MAX.
 */
#define MEETING_MAX	0xffffu

struct meeting {
	int id;
	_Atomic uint32_t *wanted;
};

/* The receiver's part; it waits for 0 at first. */
void meeting_make(struct meeting *m, unsigned which);
void meeting_tell(struct meeting *m, uint32_t wanted);
void meeting_remove(struct meeting *m);

/* The sender's, while the receiver is there. */
void meeting_join(struct meeting *m, unsigned which);

/*
 * Wait until the receiver waits for n or a later one.  When nothing comes for
 * seconds all that is under way is lost, and nothing is waited for any more.
 * Returns how many microseconds that took.
 */
uint64_t meeting_wait(struct meeting *m, uint32_t n);

#endif
