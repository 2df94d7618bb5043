/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "regress/tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
	    strerror(errno));
	exit(2);
}

unsigned
number(const char *s, unsigned long max)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(s, &end, 0);
	if (errno != 0 || end == s || *end != '\0' || n > max)
		usage();
	return (unsigned)n;
}

/* xorshift64*. */
void
fill(uint8_t *p, size_t len, unsigned seed, uint32_t n, size_t size)
{
	uint64_t x;
	size_t i;

	x = ((uint64_t)n << 24 ^ (uint64_t)size << 8 ^ seed) * 2654435761u + 1;
	for (i = 0; i < len; i++) {
		x ^= x >> 12;
		x ^= x << 25;
		x ^= x >> 27;
		p[i] = (uint8_t)((x * 2685821657736338717u) >> 56);
	}
}
