/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SANDBOX_ATTEMPTS_H
#define SANDBOX_ATTEMPTS_H

#include <stddef.h>

/*
 * What somebody who has taken over a confined process would try, to be run
 * inside one: in a child of its own for each, since the process may be ended
 * for it, and may not be the same after one that succeeds.
 */
struct sandbox_attempt {
	const char *name;
	/* Bits of SANDBOX_HAS_, any of which must be enough to stop it. */
	unsigned stopped_by;
	/* Returns 0 when it has succeeded, which is bad, else errno. */
	int (*try)(void);
};

extern const struct sandbox_attempt sandbox_attempts[];
extern const size_t sandbox_attempt_count;

/*
 * Before confining: open what some of them need, a TCP socket and the root,
 * and note whose child this is.  Without it they try the same on no
 * descriptor and on process 1.
 */
void sandbox_attempts_prepare(void);

#endif /* SANDBOX_ATTEMPTS_H */
