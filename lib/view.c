/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Reading from bytes of which nothing is trusted.  All reads go through
 * advance(), which is called only after the length has been compared with
 * what is left: nothing here ever adds to a pointer or a length to find out
 * whether it fits.  A read of several parts works on a copy of the view and
 * stores it back at the end, so a failed one leaves the view alone.
 *
 * A view of nothing may have a null pointer; advance() and the comparisons
 * keep it away from pointer arithmetic and memcmp(3), which forbid it.
 */

#include "lib/view.h"

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"

struct view
view_of(const void *p, size_t len)
{
	return (struct view){ .p = p, .len = len };
}

struct view
view_of_string(const char *s)
{
	return view_of(s, strlen(s));
}

/* Split off the first len bytes; the caller knows that they are there. */
static struct view
advance(struct view *v, size_t len)
{
	struct view sub = { .p = v->p, .len = len };

	if (len > 0)
		v->p += len;
	v->len -= len;
	return sub;
}

int
view_get_bytes(struct view *v, size_t len, struct view *subp)
{
	if (len > v->len)
		return SSHTAP_ERR_TRUNCATED;
	*subp = advance(v, len);
	return 0;
}

int
view_get_u8(struct view *v, uint8_t *valuep)
{
	if (v->len < 1)
		return SSHTAP_ERR_TRUNCATED;
	*valuep = *advance(v, 1).p;
	return 0;
}

/* RFC 4251 section 5: any value other than 0 must be read as true. */
int
view_get_bool(struct view *v, bool *valuep)
{
	uint8_t value;
	int r;

	if ((r = view_get_u8(v, &value)) != 0)
		return r;
	*valuep = value != 0;
	return 0;
}

int
view_get_u32(struct view *v, uint32_t *valuep)
{
	if (v->len < 4)
		return SSHTAP_ERR_TRUNCATED;
	*valuep = get_be32(advance(v, 4).p);
	return 0;
}

int
view_get_u64(struct view *v, uint64_t *valuep)
{
	const uint8_t *p;

	if (v->len < 8)
		return SSHTAP_ERR_TRUNCATED;
	p = advance(v, 8).p;
	*valuep = (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
	return 0;
}

int
view_get_string(struct view *v, struct view *subp)
{
	struct view left = *v;
	uint32_t len;
	int r;

	if ((r = view_get_u32(&left, &len)) != 0 ||
	    (r = view_get_bytes(&left, len, subp)) != 0)
		return r;
	*v = left;
	return 0;
}

int
view_get_mpint(struct view *v, struct view *magnitudep)
{
	struct view left = *v, m;
	int r;

	if ((r = view_get_string(&left, &m)) != 0)
		return r;
	if (m.len > 0 && (m.p[0] & 0x80) != 0)
		return SSHTAP_ERR_FORMAT;
	if (m.len > 0 && m.p[0] == 0) {
		/*
		 * RFC 4251 section 5: a leading zero is there only to keep
		 * the next byte from looking like a sign, and zero itself is
		 * the empty string.
		 */
		if (m.len == 1 || (m.p[1] & 0x80) == 0)
			return SSHTAP_ERR_FORMAT;
		(void)advance(&m, 1);
	}
	*magnitudep = m;
	*v = left;
	return 0;
}

int
view_to_cstring(const struct view *v, char **sp)
{
	char *s;

	if (v->len > 0 && memchr(v->p, '\0', v->len) != NULL)
		return SSHTAP_ERR_FORMAT;
	if (v->len == SIZE_MAX || (s = malloc(v->len + 1)) == NULL)
		return SSHTAP_ERR_ALLOC;
	if (v->len > 0)
		memcpy(s, v->p, v->len);
	s[v->len] = '\0';
	*sp = s;
	return 0;
}

/* The bytes before the first c, and c itself is skipped; or all there is. */
static struct view
take_until(struct view *v, char c)
{
	const uint8_t *at;
	struct view sub;

	if ((at = memchr(v->p, c, v->len)) == NULL)
		return advance(v, v->len);
	sub = advance(v, (size_t)(at - v->p));
	(void)advance(v, 1);
	return sub;
}

bool
view_get_line(struct view *v, struct view *linep)
{
	struct view line;
	size_t before = v->len;

	if (v->len == 0)
		return false;
	line = take_until(v, '\n');
	if (line.len < before - v->len && line.len > 0 &&
	    line.p[line.len - 1] == '\r')
		line.len--;
	*linep = line;
	return true;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

bool
view_get_word(struct view *v, struct view *wordp)
{
	struct view left = *v;
	size_t len = 0;

	while (left.len > 0 && is_blank(left.p[0]))
		(void)advance(&left, 1);
	if (left.len == 0)
		return false;
	while (len < left.len && !is_blank(left.p[len]))
		len++;
	*wordp = advance(&left, len);
	*v = left;
	return true;
}

/* A comma at the very end is taken as the end of the name before it. */
bool
view_get_name(struct view *v, struct view *namep)
{
	if (v->len == 0)
		return false;
	*namep = take_until(v, ',');
	return true;
}

int
view_end(const struct view *v)
{
	return v->len == 0 ? 0 : SSHTAP_ERR_TRAILING;
}

bool
view_equals(const struct view *v, const struct view *w)
{
	return v->len == w->len &&
	    (v->len == 0 || memcmp(v->p, w->p, v->len) == 0);
}

bool
view_is(const struct view *v, const char *s)
{
	struct view w = view_of_string(s);

	return view_equals(v, &w);
}

bool
view_starts_with(const struct view *v, const char *s)
{
	size_t len = strlen(s);

	return len <= v->len && (len == 0 || memcmp(v->p, s, len) == 0);
}
