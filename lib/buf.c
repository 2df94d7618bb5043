/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A buffer is a window of len bytes at offset head in its storage.  Putting
 * extends the window at the end, dropping shrinks it from either side; when
 * the end of the storage is reached the window first slides back to the
 * front, and only then is larger storage taken, twice the old size, so that
 * a long run of puts costs each byte a bounded number of copies.
 *
 * The rule that keeps secrets from lingering: bytes that leave the window
 * are wiped in the call that makes them leave.  Storage outside the window
 * therefore never holds anything, and resetting or freeing only has to wipe
 * the window.  realloc(3) would break this, for it may leave a copy behind.
 *
 * Every compound put reserves its whole length in one step before it writes,
 * so a failed one changes nothing.
 */

#include "lib/buf.h"

#include <openssl/crypto.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"

/* First storage: most messages other than data fit. */
#define BUF_SIZE_MIN	256

/* Formatted text up to this length needs no heap. */
#define BUF_FORMAT_LOCAL	256

void
put_be32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
}

void
put_be64(uint8_t *p, uint64_t value)
{
	put_be32(p, (uint32_t)(value >> 32));
	put_be32(p + 4, (uint32_t)value);
}

uint32_t
get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_clear(struct buf *b)
{
	buf_reset(b);
	free(b->base);
	buf_init(b, b->max);
}

struct view
buf_view(const struct buf *b)
{
	if (b->base == NULL)
		return view_of(NULL, 0);
	return view_of(b->base + b->head, b->len);
}

void
buf_reset(struct buf *b)
{
	buf_drop_end(b, b->len);
	b->head = 0;
}

/* Slide the bytes held to the front of the storage. */
static void
compact(struct buf *b)
{
	size_t end = b->head + b->len;

	if (b->head == 0)
		return;
	memmove(b->base, b->base + b->head, b->len);
	OPENSSL_cleanse(b->base + b->len, end - b->len);
	b->head = 0;
}

/* Take larger storage, for at least need bytes; need is within the limit. */
static int
grow(struct buf *b, size_t need)
{
	size_t size = b->size > b->max / 2 ? b->max : b->size * 2;
	uint8_t *base;

	if (size < need)
		size = need;
	if (size < BUF_SIZE_MIN)
		size = BUF_SIZE_MIN;
	if ((base = malloc(size)) == NULL)
		return SSHTAP_ERR_ALLOC;
	if (b->base != NULL) {
		memcpy(base, b->base + b->head, b->len);
		OPENSSL_cleanse(b->base + b->head, b->len);
		free(b->base);
	}
	b->base = base;
	b->size = size;
	b->head = 0;
	return 0;
}

int
buf_put_space(struct buf *b, size_t len, uint8_t **pp)
{
	int r;

	if (len > b->max - b->len)
		return SSHTAP_ERR_TOO_BIG;
	if (b->base == NULL || len > b->size - b->len) {
		if ((r = grow(b, b->len + len)) != 0)
			return r;
	} else if (len > b->size - b->len - b->head)
		compact(b);
	*pp = b->base + b->head + b->len;
	b->len += len;
	return 0;
}

int
buf_put(struct buf *b, const void *p, size_t len)
{
	uint8_t *dst;
	int r;

	if ((r = buf_put_space(b, len, &dst)) != 0)
		return r;
	if (len > 0)
		memcpy(dst, p, len);
	return 0;
}

int
buf_put_u8(struct buf *b, uint8_t value)
{
	return buf_put(b, &value, 1);
}

int
buf_put_bool(struct buf *b, bool value)
{
	return buf_put_u8(b, value ? 1 : 0);
}

int
buf_put_u32(struct buf *b, uint32_t value)
{
	uint8_t *p;
	int r;

	if ((r = buf_put_space(b, 4, &p)) == 0)
		put_be32(p, value);
	return r;
}

int
buf_put_u64(struct buf *b, uint64_t value)
{
	uint8_t *p;
	int r;

	if ((r = buf_put_space(b, 8, &p)) == 0)
		put_be64(p, value);
	return r;
}

int
buf_put_view(struct buf *b, const struct view *v)
{
	return buf_put(b, v->p, v->len);
}

/* Room for an SSH string of len bytes, its length word already written. */
static int
put_string_space(struct buf *b, size_t len, uint8_t **pp)
{
	uint8_t *p;
	int r;

	/* RFC 4251 section 5: the length is a uint32. */
	if (len > UINT32_MAX - 4)
		return SSHTAP_ERR_TOO_BIG;
	if ((r = buf_put_space(b, 4 + len, &p)) != 0)
		return r;
	put_be32(p, (uint32_t)len);
	*pp = p + 4;
	return 0;
}

int
buf_put_string(struct buf *b, const void *p, size_t len)
{
	uint8_t *dst;
	int r;

	if ((r = put_string_space(b, len, &dst)) != 0)
		return r;
	if (len > 0)
		memcpy(dst, p, len);
	return 0;
}

int
buf_put_cstring(struct buf *b, const char *s)
{
	return buf_put_string(b, s, strlen(s));
}

int
buf_put_string_view(struct buf *b, const struct view *v)
{
	return buf_put_string(b, v->p, v->len);
}

int
buf_put_mpint(struct buf *b, const uint8_t *magnitude, size_t len)
{
	uint8_t *p;
	size_t sign;
	int r;

	while (len > 0 && magnitude[0] == 0) {
		magnitude++;
		len--;
	}
	/* RFC 4251 section 5: the top bit is the sign, zero is empty. */
	sign = len > 0 && (magnitude[0] & 0x80) != 0 ? 1 : 0;
	if (len > UINT32_MAX - 5)
		return SSHTAP_ERR_TOO_BIG;
	if ((r = put_string_space(b, sign + len, &p)) != 0)
		return r;
	if (sign > 0)
		*p++ = 0;
	if (len > 0)
		memcpy(p, magnitude, len);
	return 0;
}

/*
 * vsnprintf(3) wants a place for its NUL, which a full buffer lacks, so the
 * text is made elsewhere and wiped there.
 */
int
buf_put_format(struct buf *b, const char *fmt, ...)
{
	char local[BUF_FORMAT_LOCAL], *text = local;
	size_t len = 0;
	va_list ap;
	int n, r;

	va_start(ap, fmt);
	n = vsnprintf(local, sizeof(local), fmt, ap);
	va_end(ap);
	if (n < 0) {
		r = SSHTAP_ERR_INTERNAL;
		goto out;
	}
	len = (size_t)n;
	if (len >= sizeof(local)) {
		if ((text = malloc(len + 1)) == NULL) {
			r = SSHTAP_ERR_ALLOC;
			goto out;
		}
		va_start(ap, fmt);
		(void)vsnprintf(text, len + 1, fmt, ap);
		va_end(ap);
	}
	r = buf_put(b, text, len);
 out:
	OPENSSL_cleanse(local, sizeof(local));
	if (text != NULL && text != local) {
		OPENSSL_cleanse(text, len);
		free(text);
	}
	return r;
}

void
buf_drop_front(struct buf *b, size_t len)
{
	if (len == 0)
		return;
	OPENSSL_cleanse(b->base + b->head, len);
	b->head += len;
	b->len -= len;
	if (b->len == 0)
		b->head = 0;
}

void
buf_drop_end(struct buf *b, size_t len)
{
	if (len == 0)
		return;
	b->len -= len;
	OPENSSL_cleanse(b->base + b->head + b->len, len);
}
