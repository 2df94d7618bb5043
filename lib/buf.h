/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef BUF_H
#define BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/view.h"

/*
 * A byte buffer that grows up to a limit set at its start.  It may hold
 * secrets, so whatever it lets go of is wiped.  Multi-byte numbers are
 * big-endian.  A failed put leaves the buffer as it was.
 *
 * Every put returns 0, SSHTAP_ERR_TOO_BIG (over the limit) or
 * SSHTAP_ERR_ALLOC.
 */
struct buf {
	uint8_t *base;		/* storage, NULL until the first put */
	size_t head;		/* offset of the first byte held */
	size_t len;		/* bytes held */
	size_t size;		/* bytes of storage */
	size_t max;		/* limit of len */
};

/* In place, no storage yet; buf_clear undoes it and leaves it usable. */
void buf_init(struct buf *b, size_t max);
void buf_clear(struct buf *b);

/* A view of all that is held, valid until the next call that changes b. */
struct view buf_view(const struct buf *b);

/* Empty it, keeping (and wiping) the storage. */
void buf_reset(struct buf *b);

/* Make room for len more bytes at the end and hand them out unset. */
int buf_put_space(struct buf *b, size_t len, uint8_t **pp);

int buf_put(struct buf *b, const void *p, size_t len);
int buf_put_u8(struct buf *b, uint8_t value);
int buf_put_bool(struct buf *b, bool value);
int buf_put_u32(struct buf *b, uint32_t value);
int buf_put_u64(struct buf *b, uint64_t value);
int buf_put_view(struct buf *b, const struct view *v);
int buf_put_string(struct buf *b, const void *p, size_t len);
int buf_put_cstring(struct buf *b, const char *s);
int buf_put_string_view(struct buf *b, const struct view *v);

/* An mpint from an unsigned big-endian magnitude of any length. */
int buf_put_mpint(struct buf *b, const uint8_t *magnitude, size_t len);

/* Formatted text, without a NUL. */
int buf_put_format(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Drop len bytes at the front or the end; len is at most what is held. */
void buf_drop_front(struct buf *b, size_t len);
void buf_drop_end(struct buf *b, size_t len);

/* Big-endian numbers at p, which has room for them. */
void put_be32(uint8_t *p, uint32_t value);
void put_be64(uint8_t *p, uint64_t value);
uint32_t get_be32(const uint8_t *p);

#endif /* BUF_H */
