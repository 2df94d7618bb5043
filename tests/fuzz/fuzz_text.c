/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is text from anywhere, and bytes for the two kinds of storage
 * below everything.  Clean text stays as it is when it is cleaned again; a
 * pattern agrees with a plain reading of the rules; a buffer holds what a
 * plain array would hold.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/text.h"
#include "tests/fuzz/fuzz.h"

#define SHADOW_MAX	4096
#define PATTERN_MAX	64	/* of the plain reading */

static void
check_clean(const struct view *v, size_t size, bool keep_lf)
{
	char *once = malloc(size), *twice = malloc(size);
	size_t len, again;

	require(once != NULL && twice != NULL);
	len = text_clean(once, size, v->p, v->len, keep_lf);
	require(len < size && len <= v->len && strlen(once) == len);
	require(fuzz_is_clean(once, keep_lf));
	again = text_clean(twice, size, once, len, keep_lf);
	require(again == len && memcmp(once, twice, len + 1) == 0);
	free(once);
	free(twice);
}

/* By a table of whether the ends of both match, from the last on. */
static bool
matches_plainly(const struct view *pattern, const struct view *s, bool fold)
{
	static bool ends[PATTERN_MAX + 1][PATTERN_MAX + 1];
	size_t i, n;
	uint8_t a, b;

	for (i = pattern->len + 1; i-- > 0; )
		for (n = s->len + 1; n-- > 0; ) {
			if (i == pattern->len) {
				ends[i][n] = n == s->len;
				continue;
			}
			a = pattern->p[i];
			b = n < s->len ? s->p[n] : 0;
			if (a == '*')
				ends[i][n] = ends[i + 1][n] ||
				    (n < s->len && ends[i][n + 1]);
			else
				ends[i][n] = n < s->len && (a == '?' ||
				    a == b || (fold && text_lower(a) ==
				    text_lower(b))) && ends[i + 1][n + 1];
		}
	return ends[0][0];
}

static void
check_match(struct view pattern, struct view s)
{
	(void)text_matches(&pattern, &s, true);
	if (pattern.len > PATTERN_MAX || s.len > PATTERN_MAX)
		return;
	require(text_matches(&pattern, &s, false) ==
	    matches_plainly(&pattern, &s, false));
	require(text_matches(&pattern, &s, true) ==
	    matches_plainly(&pattern, &s, true));
}

static void
check_number(const char *s, unsigned long max)
{
	unsigned long value;
	char again[32];

	if (text_get_number(s, max, &value) != 0)
		return;
	(void)snprintf(again, sizeof(again), "%lu", value);
	require(value <= max && strcmp(again, s) == 0);
}

static void
check_lines(struct view v)
{
	struct view whole = v, line, word;
	size_t lines = 0, words = 0;

	while (view_get_line(&v, &line)) {
		lines++;
		require(fuzz_is_inside(&line, &whole));
		require(line.len == 0 || memchr(line.p, '\n',
		    line.len) == NULL);
		while (view_get_word(&line, &word)) {
			words++;
			require(word.len > 0 && fuzz_is_inside(&word, &whole));
		}
	}
	require(lines <= whole.len && words <= whole.len);
}

/* An mpint that is taken is the one that is put. */
static void
check_mpint(struct view v)
{
	struct view whole = v, magnitude, made;
	struct buf b;

	if (view_get_mpint(&v, &magnitude) != 0) {
		require(v.p == whole.p && v.len == whole.len);
		return;
	}
	require(magnitude.len == 0 || magnitude.p[0] != 0);
	buf_init(&b, whole.len + 8);
	require(buf_put_mpint(&b, magnitude.p, magnitude.len) == 0);
	made = buf_view(&b);
	require(made.len == whole.len - v.len &&
	    memcmp(made.p, whole.p, made.len) == 0);
	buf_clear(&b);
}

static void
check_buf(struct view v)
{
	static uint8_t shadow[SHADOW_MAX];
	size_t len = 0, n, max = 1 + fuzz_u16(&v) % SHADOW_MAX;
	struct view piece, held;
	struct buf b;
	uint8_t op;
	int r;

	buf_init(&b, max);
	while (v.len > 0) {
		op = fuzz_u8(&v);
		piece = fuzz_piece(&v);
		n = len > 0 ? piece.len % (len + 1) : 0;
		if (op % 4 == 0) {
			buf_drop_front(&b, n);
			memmove(shadow, shadow + n, len - n);
			len -= n;
		} else if (op % 4 == 1) {
			buf_drop_end(&b, n);
			len -= n;
		} else {
			r = buf_put_view(&b, &piece);
			require((r == 0) == (piece.len <= max - len));
			if (r == 0 && piece.len > 0) {
				memcpy(shadow + len, piece.p, piece.len);
				len += piece.len;
			}
		}
		held = buf_view(&b);
		require(held.len == len && b.size <= (max < 256 ? 256 : max));
		require(len == 0 || memcmp(held.p, shadow, len) == 0);
	}
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size);
	uint8_t op = fuzz_u8(&v), room = fuzz_u8(&v);
	struct view pattern;
	char *s;

	switch (op & 3) {
	case 0:
		check_clean(&v, (size_t)room + 1, (op & 4) != 0);
		check_clean(&v, v.len + 1, (op & 4) != 0);
		break;
	case 1:
		pattern = fuzz_piece(&v);
		check_match(pattern, v);
		break;
	case 2:
		s = fuzz_string(&v);
		check_number(s, room);
		check_number(s, ~0ul);
		free(s);
		check_lines(v);
		check_mpint(v);
		break;
	default:
		check_buf(v);
		break;
	}
	return 0;
}
