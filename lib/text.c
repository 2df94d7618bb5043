/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Text that came from outside is decoded character by character.  What is
 * kept is printable ASCII and well-formed UTF-8 above the C1 range; anything
 * else gives one '?' for each character, or for each byte where there is no
 * character to speak of.  The result is never longer than the source.
 */

#include "lib/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"

#define UTF8_INVALID	UINT32_MAX

/* What a lead byte promises: length, value bits, least value allowed. */
struct utf8_lead {
	uint8_t mask;
	uint8_t value;
	uint8_t len;
	uint32_t min;
};

/* RFC 3629 section 3; a value below min is an overlong form. */
static const struct utf8_lead utf8_leads[] = {
	{ 0x80, 0x00, 1, 0x0 },
	{ 0xe0, 0xc0, 2, 0x80 },
	{ 0xf0, 0xe0, 3, 0x800 },
	{ 0xf8, 0xf0, 4, 0x10000 },
};

#define UTF8_LEAD_COUNT	(sizeof(utf8_leads) / sizeof(utf8_leads[0]))

static const struct utf8_lead *
find_lead(uint8_t c)
{
	size_t i;

	for (i = 0; i < UTF8_LEAD_COUNT; i++)
		if ((c & utf8_leads[i].mask) == utf8_leads[i].value)
			return &utf8_leads[i];
	return NULL;
}

/*
 * The character at p, of which len bytes are left, and its length; one byte
 * and UTF8_INVALID when there is none.
 */
static uint32_t
decode(const uint8_t *p, size_t len, size_t *usedp)
{
	const struct utf8_lead *lead = find_lead(p[0]);
	uint32_t c;
	size_t i;

	*usedp = 1;
	if (lead == NULL || lead->len > len)
		return UTF8_INVALID;
	c = p[0] & (uint8_t)~lead->mask;
	for (i = 1; i < lead->len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return UTF8_INVALID;
		c = c << 6 | (p[i] & 0x3f);
	}
	/* RFC 3629 section 3: no surrogates, nothing past U+10FFFF. */
	if (c < lead->min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return UTF8_INVALID;
	*usedp = lead->len;
	return c;
}

/*
 * Characters that turn the direction of a line can make it read as another
 * one: marks, embeddings, overrides and isolates of UAX #9.
 */
static bool
is_bidi_control(uint32_t c)
{
	return c == 0x61c || c == 0x200e || c == 0x200f ||
	    (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static bool
is_harmless(uint32_t c, bool keep_lf)
{
	if (c == '\n')
		return keep_lf;
	if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == UTF8_INVALID)
		return false;
	return !is_bidi_control(c);
}

size_t
text_clean(char *dst, size_t size, const void *src, size_t len,
    bool keep_lf)
{
	const uint8_t *p = src;
	size_t in, n, out = 0;
	uint32_t c;

	for (in = 0; in < len; in += n) {
		c = decode(p + in, len - in, &n);
		/* RFC 4252 section 5.4 ends the lines of a text with CR LF. */
		if (keep_lf && c == '\r' && in + 1 < len && p[in + 1] == '\n')
			continue;
		if (is_harmless(c, keep_lf)) {
			if (n > size - 1 - out)
				break;
			memcpy(dst + out, p + in, n);
			out += n;
		} else {
			if (out == size - 1)
				break;
			dst[out++] = c == '\t' ? ' ' : '?';
		}
	}
	dst[out] = '\0';
	return out;
}

uint8_t
text_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool
is_same_character(uint8_t a, uint8_t b, bool fold_case)
{
	return a == b || (fold_case && text_lower(a) == text_lower(b));
}

/*
 * On a mismatch the last star swallows one character more.  Going back to an
 * earlier star can never help, which keeps the work to the product of both
 * lengths.
 */
bool
text_matches(const struct view *pattern, const struct view *s, bool fold_case)
{
	size_t i = 0, n = 0, resume = 0, after_star = 0;

	while (n < s->len) {
		if (i < pattern->len && pattern->p[i] == '*') {
			after_star = ++i;
			resume = n;
		} else if (i < pattern->len && (pattern->p[i] == '?' ||
		    is_same_character(pattern->p[i], s->p[n], fold_case))) {
			i++;
			n++;
		} else if (after_star != 0) {
			i = after_star;
			n = ++resume;
		} else
			return false;
	}
	while (i < pattern->len && pattern->p[i] == '*')
		i++;
	return i == pattern->len;
}

int
text_get_number(const char *s, unsigned long max, unsigned long *valuep)
{
	unsigned long digit, value = 0;
	size_t i, len = strlen(s);

	if (len == 0 || strspn(s, "0123456789") != len ||
	    (s[0] == '0' && len > 1))
		return SSHTAP_ERR_FORMAT;
	for (i = 0; i < len; i++) {
		digit = (unsigned long)(s[i] - '0');
		if (digit > max || value > (max - digit) / 10)
			return SSHTAP_ERR_TOO_BIG;
		value = value * 10 + digit;
	}
	*valuep = value;
	return 0;
}

char *
text_format(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || (s = malloc((size_t)n + 1)) == NULL)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}
