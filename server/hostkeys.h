/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef HOSTKEYS_H
#define HOSTKEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/view.h"
#include "transport/key.h"

/*
 * The keys by which clients know this host.  They stay with root: the
 * network process is given their public halves.
 */
#define HOSTKEYS_MAX	8

struct hostkeys {
	struct key *key[HOSTKEYS_MAX];
	size_t n;
};

/*
 * Load the files.  One that is missing, unreadable, encrypted, too open, or
 * of a type that is there already is said and left out.
 *
 * paths:   n of them, at most HOSTKEYS_MAX.
 * Returns 0, or SSHTAP_ERR_NOT_FOUND when not one key is left.
 */
int hostkeys_load(struct hostkeys *h, const char *const *paths, size_t n);

/*
 * Make a key of type Ed25519 where there is no file, and its directory; the
 * public half goes to the same name with ".pub".  Says so, with the
 * fingerprint.  What is there is left alone.
 *
 * Returns 0, or SSHTAP_ERR_SYSTEM, SSHTAP_ERR_CRYPTO, SSHTAP_ERR_ALLOC, which
 * has been said.
 */
int hostkeys_make(const char *path);

void hostkeys_clear(struct hostkeys *h);

/* The key that makes signatures with this algorithm, or NULL. */
const struct key *hostkeys_find(const struct hostkeys *h,
    const struct view *algorithm);

/*
 * Append to out, a name-list, those of wanted for which there is a key.
 * Returns 0 or what buf_put returns.
 */
int hostkeys_algorithms(const struct hostkeys *h, const struct view *wanted,
    struct buf *out);

/* Log type and fingerprint of each. */
void hostkeys_show(const struct hostkeys *h);

#endif /* HOSTKEYS_H */
