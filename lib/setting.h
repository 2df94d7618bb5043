/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SETTING_H
#define SETTING_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/log.h"

/*
 * The forms that values of ssh_config(5) and sshd_config(5) have.  Each
 * returns 0 or SSHTAP_ERR_FORMAT, and stores only on success.
 */
#define SETTING_SECONDS_MAX	2147483647	/* ssh's own limit, INT_MAX */

/* One of some words, in either case of letters; the table ends with NULL. */
struct setting_choice {
	const char *name;
	int value;
};

int setting_choose(const struct setting_choice *choices, const char *s,
    int *chosenp);

bool setting_is_none(const char *s);

/* yes, true, no, false. */
int setting_bool(const char *s, bool *valuep);

/* TIME FORMATS of sshd_config(5): "90", "1h30m". */
int setting_seconds(const char *s, unsigned *secondsp);

/* Bytes, with K, M or G. */
int setting_size(const char *s, uint64_t *sizep);

/*
 * RekeyLimit: bytes, "default" or "none"; seconds, "none" or NULL.  What is
 * not limited is stored as 0.
 */
int setting_rekey(const char *bytes, const char *seconds, uint64_t *bytesp,
    unsigned *secondsp);

int setting_log_level(const char *s, enum log_level *levelp);

/*
 * The next word, unquoted: double or single quotes, and a backslash before a
 * quote, a backslash or a blank.
 *
 * wordp:   on the heap, freed by the caller; NULL at the end.
 * Also SSHTAP_ERR_ALLOC.
 */
int setting_word(const char **sp, char **wordp);

#endif /* SETTING_H */
