/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef VIEW_H
#define VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A bounded look at bytes that somebody else owns.  Every read checks what is
 * left, can fail, and moves the view only when it succeeds.  Multi-byte
 * numbers are big-endian.  Reference: RFC 4251 section 5.
 */
struct view {
	const uint8_t *p;
	size_t len;
};

struct view view_of(const void *p, size_t len);
struct view view_of_string(const char *s);

/* Each returns 0 or SSHTAP_ERR_TRUNCATED. */
int view_get_u8(struct view *v, uint8_t *valuep);
int view_get_bool(struct view *v, bool *valuep);
int view_get_u32(struct view *v, uint32_t *valuep);
int view_get_u64(struct view *v, uint64_t *valuep);

/* The next len bytes. */
int view_get_bytes(struct view *v, size_t len, struct view *subp);

/* An SSH string: its contents, without the length word. */
int view_get_string(struct view *v, struct view *subp);

/*
 * A non-negative mpint: its magnitude without the leading zero byte, empty
 * for zero.  Also SSHTAP_ERR_FORMAT (negative, or not minimal).
 */
int view_get_mpint(struct view *v, struct view *magnitudep);

/*
 * The bytes as a C string on the heap, freed by the caller.
 * Returns 0, SSHTAP_ERR_FORMAT (holds a NUL) or SSHTAP_ERR_ALLOC.
 */
int view_to_cstring(const struct view *v, char **sp);

/*
 * The next line of a text without its LF or CR LF; the last one may lack it.
 * Returns false at the end of the text.
 */
bool view_get_line(struct view *v, struct view *linep);

/* The next run of characters other than blank and tab; false if none. */
bool view_get_word(struct view *v, struct view *wordp);

/* The next element of a comma-separated list; false after the last. */
bool view_get_name(struct view *v, struct view *namep);

/* 0 when nothing is left, else SSHTAP_ERR_TRAILING. */
int view_end(const struct view *v);

bool view_equals(const struct view *v, const struct view *w);
bool view_is(const struct view *v, const char *s);
bool view_starts_with(const struct view *v, const char *s);

#endif /* VIEW_H */
