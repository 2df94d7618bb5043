/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * One zlib stream, fed a payload at a time.  Output is taken in steps into
 * space reserved at the end of the buffer.  zlib has handed out all it can
 * for a payload exactly when it leaves output space unused, so the loop goes
 * on while a step fills its space.  When the buffer has reached its limit one
 * more step is offered a byte of our own: if zlib writes it, the payload is
 * larger than the limit.  That is what stops a small packet that would
 * inflate without end.
 *
 * A stream that has failed once has lost its place; it is marked broken and
 * refuses all that follows.  The buffer is put back as it was.
 *
 * The peer must not end the stream (RFC 4253 section 6.2: flushed, never
 * finished), so Z_STREAM_END is malformed, and with it a preset dictionary
 * and a wrong checksum.
 */

#include "transport/compress.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include "lib/err.h"

/* Output space of one step: a full Ethernet frame takes one. */
#define COMPRESS_STEP	4096

struct compress {
	z_stream z;
	bool inflating;
	bool is_broken;
};

static int
new_stream(bool inflating, struct compress **cp)
{
	struct compress *c;
	int zr;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return SSHTAP_ERR_ALLOC;
	c->inflating = inflating;
	zr = inflating ? inflateInit(&c->z) :
	    deflateInit(&c->z, Z_DEFAULT_COMPRESSION);
	if (zr != Z_OK) {
		free(c);
		return SSHTAP_ERR_ALLOC;
	}
	*cp = c;
	return 0;
}

int
compress_new_deflate(struct compress **cp)
{
	return new_stream(false, cp);
}

int
compress_new_inflate(struct compress **cp)
{
	return new_stream(true, cp);
}

void
compress_free(struct compress *c)
{
	if (c == NULL)
		return;
	if (c->inflating)
		(void)inflateEnd(&c->z);
	else
		(void)deflateEnd(&c->z);
	free(c);
}

/* Z_BUF_ERROR is no error here: there was nothing left to do. */
static int
run_zlib(struct compress *c, uint8_t *p, size_t len)
{
	int zr;

	c->z.next_out = p;
	c->z.avail_out = (uInt)len;
	if (c->inflating)
		zr = inflate(&c->z, Z_SYNC_FLUSH);
	else
		zr = deflate(&c->z, Z_PARTIAL_FLUSH);
	if (zr == Z_MEM_ERROR)
		return SSHTAP_ERR_ALLOC;
	return zr == Z_OK || zr == Z_BUF_ERROR ? 0 : SSHTAP_ERR_COMPRESS;
}

/* The buffer is full: whatever zlib still has is too much. */
static int
check_drained(struct compress *c)
{
	uint8_t spare;
	int r;

	if ((r = run_zlib(c, &spare, 1)) != 0)
		return r;
	return c->z.avail_out == 0 ? SSHTAP_ERR_TOO_BIG : 0;
}

static int
run_stream(struct compress *c, struct buf *out)
{
	size_t len;
	uint8_t *p;
	int r;

	do {
		len = out->max - out->len;
		if (len == 0)
			return check_drained(c);
		if (len > COMPRESS_STEP)
			len = COMPRESS_STEP;
		if ((r = buf_put_space(out, len, &p)) != 0)
			return r;
		r = run_zlib(c, p, len);
		buf_drop_end(out, c->z.avail_out);
		if (r != 0)
			return r;
	} while (c->z.avail_out == 0);
	return c->z.avail_in == 0 ? 0 : SSHTAP_ERR_COMPRESS;
}

int
compress_run(struct compress *c, const struct view *in, struct buf *out)
{
	size_t before = out->len;
	int r;

	if (c->is_broken)
		return SSHTAP_ERR_COMPRESS;
	if (in->len > UINT_MAX)
		return SSHTAP_ERR_TOO_BIG;
	c->z.next_in = in->p;
	c->z.avail_in = (uInt)in->len;
	if ((r = run_stream(c, out)) != 0) {
		c->is_broken = true;
		buf_drop_end(out, out->len - before);
	}
	/* The caller's bytes are not ours to keep. */
	c->z.next_in = NULL;
	c->z.avail_in = 0;
	return r;
}
