/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SSHCONFIG_IMPL_H
#define SSHCONFIG_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include "client/config.h"
#include "lib/buf.h"

/*
 * Between the sshconfig_*.c files only: the table of keys, and the programs
 * that are asked.
 */

/* How ssh reads the value behind "Key=" on a command line. */
enum sshconfig_form {
	SSHCONFIG_WORD,		/* one word, maybe quoted */
	SSHCONFIG_WORDS,	/* each word is a value of its own */
	SSHCONFIG_LINE		/* the setter splits it, if anybody does */
};

struct sshconfig_key {
	const char *name;
	/* "expected ..." of a malformed value; what to set instead of one
	 * that is not supported. */
	const char *wants;
	/*
	 * Returns 0, SSHTAP_ERR_FORMAT, SSHTAP_ERR_TOO_BIG,
	 * SSHTAP_ERR_UNSUPPORTED, SSHTAP_ERR_NO_COMMON (has been logged),
	 * SSHTAP_ERR_ALLOC.
	 */
	int (*set)(struct config *c, const struct sshconfig_key *k,
	    const char *value);
	size_t offset;		/* of the member it sets: equal for aliases */
	enum sshconfig_form form;
	bool repeats;		/* else the first value given holds */
	bool is_own_default;	/* ssh's default says nothing about ours */
};

/* The largest table that sshconfig_find_key can come from. */
#define SSHCONFIG_KEYS_MAX	64

/* Letter case does not matter; NULL when it does not concern us. */
const struct sshconfig_key *sshconfig_find_key(const char *name);

/* True for "Key" or "Key=value" with a key of ours that ssh does not know. */
bool sshconfig_is_own(const char *s);

/* True for names that are ssh's but say nothing about a tunnel. */
bool sshconfig_is_foreign(const char *name);

/* What a program has said. */
#define SSHCONFIG_ARGS_MAX	(CONFIG_LIST_MAX + 8)

struct sshconfig_query {
	char *argv[SSHCONFIG_ARGS_MAX + 1];	/* on the heap, then NULL */
	size_t argc;
	struct buf out, err;
	bool out_too_big;
	int status;		/* as of waitpid(2) */
};

void sshconfig_query_init(struct sshconfig_query *q);
void sshconfig_query_clear(struct sshconfig_query *q);

/* Append prefix and s as one argument. */
int sshconfig_query_add(struct sshconfig_query *q, const char *prefix,
    const char *s);

/*
 * Run n (at most 2) queries at the same time, through PATH and without a
 * shell, with standard input from /dev/null, until all have ended.
 * Returns 0, SSHTAP_ERR_NOT_FOUND (no such program in the path),
 * SSHTAP_ERR_SYSTEM, SSHTAP_ERR_ALLOC.
 */
int sshconfig_query_run(struct sshconfig_query *q, size_t n);

#endif /* SSHCONFIG_IMPL_H */
