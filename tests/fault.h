/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>

/*
 * The n-th call fails.  Which calls there are: allocations of our own
 * objects, allocations of libcrypto, and the library calls of fault_calls.inc.
 * The linker puts us in between (--wrap), and only what is compiled here is
 * concerned: libraries call themselves as ever.
 */
enum fault_kind {
	FAULT_ALLOC,
	FAULT_CRYPTO_ALLOC,
	FAULT_CALL,
	FAULT_KIND_COUNT
};

/* False when the linker cannot do it. */
bool fault_is_possible(void);

/* To be called before anything calls libcrypto; false if it was too late. */
bool fault_init(void);

/* From now on count calls of a kind, and let the n-th fail; 0: none. */
void fault_arm(enum fault_kind kind, unsigned long n);

/*
 * Stop that.  Returns the number of calls there were; *namep is the one that
 * was made to fail, or NULL.
 */
unsigned long fault_disarm(const char **namep);

/* Allocations of our own objects that are not freed yet. */
long fault_live(void);

#endif /* FAULT_H */
