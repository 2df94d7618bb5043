/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef COMPRESS_H
#define COMPRESS_H

#include <stddef.h>

#include "lib/buf.h"
#include "lib/view.h"

/*
 * zlib@openssh.com: one zlib stream per direction and keying period, flushed
 * after each payload.  Reference: RFC 4253 section 6.2, RFC 1950.
 */
struct compress;

/* Returns 0, SSHTAP_ERR_ALLOC. */
int compress_new_deflate(struct compress **cp);
int compress_new_inflate(struct compress **cp);

/* Accepts NULL. */
void compress_free(struct compress *c);

/*
 * Append the (de)compressed form of in to out.  The limit of out bounds the
 * work: inflation stops there.
 * Returns 0, SSHTAP_ERR_TOO_BIG, SSHTAP_ERR_COMPRESS (malformed stream),
 * SSHTAP_ERR_ALLOC.
 */
int compress_run(struct compress *c, const struct view *in, struct buf *out);

#endif /* COMPRESS_H */
