/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef REGISTRY_UTIL_H
#define REGISTRY_UTIL_H

#include <stddef.h>

#include "tun/registry.h"

/* A whole file of feth10000. */
#define REG_GOOD	"ethtap 1\nname feth10000\npeer feth20000\n" \
	"lladdr 02:00:00:00:00:01\npeer-lladdr 02:00:00:00:00:02\n" \
	"pid 7\nmade no\nkept no\n"

/*
 * What the tests of the registry share.  A directory of their own, and below
 * it the registry's, which no test finds there and any may leave behind.
 */
extern char reg_base[];
extern char reg_dir[];

/* For cmocka: before and after all tests, and after each of them. */
int reg_set_up(void **state);
int reg_tear_down(void **state);
int reg_remove_dir(void **state);

void reg_make_dir(void);

/* A file of the registry; valid until the next call. */
const char *reg_file(const char *name);
void reg_put(const char *name, const void *data, size_t len);

/* "feth" and the unit; the peer is 10000 above. */
struct registry_entry reg_example(unsigned unit);
/* Returns the lock. */
int reg_claim(unsigned unit);

/* ctx:     an unsigned. */
int reg_count_one(void *ctx, const struct registry_entry *e);
unsigned reg_count(void);
/* But for the one that serves the registry itself. */
unsigned reg_count_files(void);
/* Open ones of this process. */
unsigned reg_count_fds(void);

void reg_assert_errno(int r, int error);

#endif /* REGISTRY_UTIL_H */
