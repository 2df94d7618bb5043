/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef KEYSFILE_H
#define KEYSFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

struct user;

/*
 * Read a file that says who may log in as somebody, with that one's rights.
 *
 * path:    absolute.
 * strict:  sshd_config(5), StrictModes: the file, and each directory up to
 *          the user's home or the root, must belong to root or the user and
 *          be writable by nobody else.
 * out:     initialised by the caller; its limit is the limit of the file.
 * why:     what is wrong, for the log, when it is not 0 or NOT_FOUND; at most
 *          KEYSFILE_WHY_MAX bytes.
 * Returns 0, SSHTAP_ERR_NOT_FOUND (no such file), SSHTAP_ERR_PERMISSION (not
 * strict enough), SSHTAP_ERR_FORMAT (not a regular file), SSHTAP_ERR_TOO_BIG,
 * SSHTAP_ERR_SYSTEM, SSHTAP_ERR_ALLOC.
 */
#define KEYSFILE_WHY_MAX	1200
int keysfile_read(const struct user *u, const char *path, bool strict,
    struct buf *out, char why[KEYSFILE_WHY_MAX]);

#endif /* KEYSFILE_H */
