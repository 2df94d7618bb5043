/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef FILE_LIB_H
#define FILE_LIB_H

#include "lib/buf.h"

/* What the file must be. */
enum file_trust {
	FILE_ANY,
	FILE_SECRET,		/* if it is ours: nothing to group and others */
	FILE_TRUSTED		/* root's or ours, for nobody else to write */
};

/*
 * Read a whole regular file.
 *
 * out:     initialised by the caller; its limit is the limit of the file.
 * Returns 0, SSHTAP_ERR_NOT_FOUND (no such file), SSHTAP_ERR_SYSTEM (errno),
 * SSHTAP_ERR_PERMISSION (not what it must be), SSHTAP_ERR_TOO_BIG,
 * SSHTAP_ERR_FORMAT (not a regular file), SSHTAP_ERR_ALLOC.
 */
int file_read(const char *path, enum file_trust trust, struct buf *out);

/* The same for an open descriptor, which stays the caller's. */
int file_read_fd(int fd, enum file_trust trust, struct buf *out);

#endif /* FILE_LIB_H */
