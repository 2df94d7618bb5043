/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef REGRESS_TOOL_H
#define REGRESS_TOOL_H

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

#endif
