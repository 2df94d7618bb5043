/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Two flat buffers.  What arrives is decoded where it lies; the part of a
 * frame that is left over then moves to the front, so the buffer never wraps.
 * What leaves is filled up frame by frame and written in as few pieces as
 * the descriptor takes; only an empty buffer starts over.
 */

#include "ctl/framing.h"

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "tun/tap.h"

/* Many frames in one call, and room for the rest of the longest. */
#define BUFFER_SIZE	(256 * 1024)

struct framing {
	size_t length_size;
	size_t in_start;	/* first byte that was not taken */
	size_t in_end;
	size_t out_start;	/* first byte that was not sent */
	size_t out_end;
	uint8_t in[BUFFER_SIZE];
	uint8_t out[BUFFER_SIZE];
};

int
framing_new(size_t length_size, struct framing **fp)
{
	struct framing *f;

	if (length_size != FRAMING_VDE && length_size != FRAMING_QEMU)
		return SSHTAP_ERR_ARGUMENT;
	if ((f = calloc(1, sizeof(*f))) == NULL)
		return SSHTAP_ERR_ALLOC;
	f->length_size = length_size;
	*fp = f;
	return 0;
}

void
framing_free(struct framing *f)
{
	free(f);
}

void
framing_reset(struct framing *f)
{
	f->in_start = f->in_end = 0;
	f->out_start = f->out_end = 0;
}

static size_t
get_length(const uint8_t *p, size_t size)
{
	size_t i, len = 0;

	for (i = 0; i < size; i++)
		len = len << 8 | p[i];
	return len;
}

static void
put_length(uint8_t *p, size_t size, size_t len)
{
	while (size-- > 0) {
		p[size] = (uint8_t)len;
		len >>= 8;
	}
}

uint8_t *
framing_space(struct framing *f, size_t *sizep)
{
	memmove(f->in, f->in + f->in_start, f->in_end - f->in_start);
	f->in_end -= f->in_start;
	f->in_start = 0;
	*sizep = sizeof(f->in) - f->in_end;
	return f->in + f->in_end;
}

void
framing_filled(struct framing *f, size_t len)
{
	f->in_end += len;
}

int
framing_next(struct framing *f, uint8_t **framep, size_t *lenp)
{
	size_t len, left = f->in_end - f->in_start;
	uint8_t *p = f->in + f->in_start;

	if (left < f->length_size)
		return SSHTAP_ERR_AGAIN;
	if ((len = get_length(p, f->length_size)) > TAP_FRAME_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if (left - f->length_size < len)
		return SSHTAP_ERR_AGAIN;
	f->in_start += f->length_size + len;
	if (len < TAP_FRAME_MIN)
		return SSHTAP_ERR_DROPPED;
	*framep = p + f->length_size;
	*lenp = len;
	return 0;
}

int
framing_reserve(struct framing *f, uint8_t **framep)
{
	if (sizeof(f->out) - f->out_end < f->length_size + TAP_FRAME_MAX)
		return SSHTAP_ERR_AGAIN;
	*framep = f->out + f->out_end + f->length_size;
	return 0;
}

void
framing_commit(struct framing *f, size_t len)
{
	put_length(f->out + f->out_end, f->length_size, len);
	f->out_end += f->length_size + len;
}

struct view
framing_pending(const struct framing *f)
{
	return view_of(f->out + f->out_start, f->out_end - f->out_start);
}

void
framing_sent(struct framing *f, size_t len)
{
	f->out_start += len;
	if (f->out_start == f->out_end)
		f->out_start = f->out_end = 0;
}
