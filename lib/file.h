/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

/*
 * Read a whole regular file.
 *
 * secret:  refuse one that group or others may use (mode & 077).
 * out:     initialised by the caller; its limit is the limit of the file.
 * Returns 0, SSHTAP_ERR_NOT_FOUND (no such file), SSHTAP_ERR_SYSTEM (errno),
 * SSHTAP_ERR_PERMISSION (too open), SSHTAP_ERR_TOO_BIG, SSHTAP_ERR_FORMAT
 * (not a regular file), SSHTAP_ERR_ALLOC.
 */
int file_read(const char *path, bool secret, struct buf *out);

/* The same for an open descriptor, which stays the caller's. */
int file_read_fd(int fd, bool secret, struct buf *out);

#endif /* FILE_H */
