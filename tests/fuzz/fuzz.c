/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

int LLVMFuzzerInitialize(int *argcp, char ***argvp);

/* Of the runtime; not every compiler has the header. */
size_t __sanitizer_get_current_allocated_bytes(void);

void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	require(strlen(line) <= LOG_LINE_MAX);
	require(fuzz_is_clean(line, false));
}

int
LLVMFuzzerInitialize(int *argcp, char ***argvp)
{
	(void)argcp;
	(void)argvp;
	log_set(LOG_LEVEL_DEBUG, check_line, NULL);
	return 0;
}

uint8_t
fuzz_u8(struct view *v)
{
	uint8_t value = 0;

	(void)view_get_u8(v, &value);
	return value;
}

uint16_t
fuzz_u16(struct view *v)
{
	uint16_t high = fuzz_u8(v);

	return (uint16_t)(high << 8 | fuzz_u8(v));
}

uint32_t
fuzz_u32(struct view *v)
{
	uint32_t high = fuzz_u16(v);

	return high << 16 | fuzz_u16(v);
}

struct view
fuzz_piece(struct view *v)
{
	size_t len = fuzz_u16(v);
	struct view piece;

	require(view_get_bytes(v, len < v->len ? len : v->len, &piece) == 0);
	return piece;
}

uint8_t *
fuzz_copy(const struct view *v)
{
	uint8_t *copy = malloc(v->len > 0 ? v->len : 1);

	require(copy != NULL);
	if (v->len > 0)
		memcpy(copy, v->p, v->len);
	return copy;
}

char *
fuzz_string(const struct view *v)
{
	const uint8_t *nul = v->len > 0 ? memchr(v->p, '\0', v->len) : NULL;
	size_t len = nul != NULL ? (size_t)(nul - v->p) : v->len;
	char *s = malloc(len + 1);

	require(s != NULL);
	if (len > 0)
		memcpy(s, v->p, len);
	s[len] = '\0';
	return s;
}

bool
fuzz_is_inside(const struct view *part, const struct view *whole)
{
	if (part->len == 0)
		return true;
	return part->p >= whole->p && part->len <= whole->len &&
	    (size_t)(part->p - whole->p) <= whole->len - part->len;
}

bool
fuzz_is_clean(const char *s, bool lf_allowed)
{
	const uint8_t *p;

	for (p = (const uint8_t *)s; *p != '\0'; p++) {
		if (*p == '\n' && lf_allowed)
			continue;
		if (*p < ' ' || *p == 0x7f)
			return false;
		/* C1 as two bytes. */
		if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			return false;
	}
	return true;
}

size_t
fuzz_heap(void)
{
	return __sanitizer_get_current_allocated_bytes();
}
