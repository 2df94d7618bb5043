/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/view.h"

/*
 * Make text from the far side fit to be shown: every byte that a terminal
 * could act on (C0, DEL, C1 in either encoding, invalid UTF-8, bidirectional
 * overrides) becomes '?'.  Tab becomes a space; a line feed is kept only when
 * keep_lf is set, and the carriage return in front of it is left out then.
 *
 * dst:     receives at most size - 1 bytes and a NUL; size is at least 1.
 *          A UTF-8 sequence is never cut in two.
 * Returns the length written, without the NUL.
 */
size_t text_clean(char *dst, size_t size, const void *src, size_t len,
    bool keep_lf);

/* ASCII letters in lower case, whatever the locale; other bytes as they are. */
uint8_t text_lower(uint8_t c);

/*
 * True when the whole of s matches a pattern, in which "*" stands for any run
 * of characters and "?" for one.
 *
 * fold_case: ASCII letters match in either case.
 */
bool text_matches(const struct view *pattern, const struct view *s,
    bool fold_case);

/*
 * Read a decimal number that fills the whole string: no sign, no blank, no
 * leading zero except "0" itself.
 *
 * Returns 0, or SSHTAP_ERR_FORMAT, SSHTAP_ERR_TOO_BIG (value over max).
 */
int text_get_number(const char *s, unsigned long max, unsigned long *valuep);

/*
 * A formatted string on the heap, freed by the caller; NULL when there is no
 * memory.
 */
char *text_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* TEXT_H */
