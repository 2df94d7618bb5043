/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "tests/coalesce_util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tun/bytes.h"
#include "tun/checksum.h"
#include "tun/headers.h"

#define TCP_PSH		0x08

static const struct offload none;

static void
keep(void *ctx, const struct offload *o, struct iovec *iov, unsigned n,
    size_t len)
{
	struct join_bench *b = ctx;
	struct join_piece *p = &b->out[b->nout];
	size_t done = 0;
	unsigned i;

	assert_true(b->nout++ < JOIN_FRAMES);
	assert_true(n >= 2 && n <= 1 + COALESCE_FRAMES_MAX);
	/* Ours to use. */
	memset(&iov[0], 0xff, sizeof(iov[0]));
	p->bytes = malloc(len > 0 ? len : 1);
	assert_non_null(p->bytes);
	for (i = 1; i < n; done += iov[i++].iov_len) {
		assert_true(iov[i].iov_len <= len - done);
		if (iov[i].iov_len > 0)
			memcpy(p->bytes + done, iov[i].iov_base,
			    iov[i].iov_len);
	}
	assert_int_equal(done, len);
	p->len = len;
	p->o = *o;
	p->frames = n - 1;
}

void
join_clear(struct join_bench *b)
{
	unsigned i;

	for (i = 0; i < b->nin; i++) {
		free(b->given[i]);
		free(b->in[i].bytes);
	}
	for (i = 0; i < b->nout; i++)
		free(b->out[i].bytes);
	b->nin = b->nout = 0;
	memset(&b->c, 0, sizeof(b->c));
	b->c.emit = keep;
	b->c.ctx = b;
	b->c.has_udp = true;
}

void
join_raw(struct join_bench *b, const uint8_t *bytes, size_t len,
    const struct offload *o)
{
	struct join_piece *p = &b->in[b->nin];

	assert_true(b->nin < JOIN_FRAMES);
	b->given[b->nin] = malloc(len > 0 ? len : 1);
	p->bytes = malloc(len > 0 ? len : 1);
	assert_non_null(b->given[b->nin]);
	assert_non_null(p->bytes);
	memcpy(b->given[b->nin], bytes, len);
	memcpy(p->bytes, bytes, len);
	p->len = len;
	p->o = *o;
	coalesce_add(&b->c, b->given[b->nin++], len, o);
}

void
join_made(struct join_bench *b, const struct frame_spec *s)
{
	static uint8_t frame[FRAME_ROOM];

	join_raw(b, frame, frame_make(frame, s), &none);
}

struct frame_spec
join_spec(const struct frame_spec *s, unsigned i)
{
	struct frame_spec t = *s;

	t.seq += i * (uint32_t)s->payload;
	t.id = (uint16_t)(t.id + i);
	return t;
}

void
join_nth(struct join_bench *b, const struct frame_spec *s, unsigned i)
{
	struct frame_spec t = join_spec(s, i);

	join_made(b, &t);
}

void
join_train(struct join_bench *b, const struct frame_spec *s, unsigned from,
    unsigned to)
{
	for (; from < to; from++)
		join_nth(b, s, from);
}

void
join_expect_same(const struct join_bench *b, unsigned i, unsigned j)
{
	assert_true(i < b->nout && j < b->nin);
	assert_int_equal(b->out[i].frames, 1);
	assert_int_equal(b->out[i].len, b->in[j].len);
	assert_memory_equal(b->out[i].bytes, b->in[j].bytes, b->in[j].len);
	assert_memory_equal(&b->out[i].o, &b->in[j].o, sizeof(b->in[j].o));
}

/* A header but for what joining changes. */
static void
blank(uint8_t *frame, const struct headers *h)
{
	uint8_t *l4 = frame + h->l4;

	bytes_put_u16(frame + h->l3 + (h->version == 4 ? 2 : 4), 0);
	if (h->version == 4)
		bytes_put_u16(frame + h->l3 + 10, 0);
	if (h->protocol == HEADERS_PROTO_UDP)
		memset(l4 + 4, 0, 4);
	else {
		l4[13] &= (uint8_t)~TCP_PSH;
		bytes_put_u16(l4 + 16, 0);
	}
}

static void
assert_headers_kept(const struct join_piece *super,
    const struct join_piece *first)
{
	uint8_t a[128], b[128];
	struct headers h;

	assert_int_equal(headers_get(first->bytes, first->len, &h), 0);
	assert_true(h.payload <= sizeof(a));
	memcpy(a, super->bytes, h.payload);
	memcpy(b, first->bytes, h.payload);
	blank(a, &h);
	blank(b, &h);
	assert_memory_equal(a, b, h.payload);
}

/* The lengths and sums of a super-frame; it is finished as if it were one. */
static void
assert_whole(const struct join_piece *p)
{
	struct offload o = p->o;
	struct headers h;
	uint8_t *copy;

	assert_int_equal(offload_check(&o, p->bytes, p->len), 0);
	assert_memory_equal(&o, &p->o, sizeof(o));
	assert_int_equal(headers_get(p->bytes, p->len, &h), 0);
	assert_int_equal(h.end, p->len);
	assert_true(h.version == 6 || checksum_fold(checksum_add(0,
	    p->bytes + h.l3, HEADERS_IPV4_MIN)) == 0xffff);
	o = (struct offload){ .flags = OFFLOAD_NEEDS_CSUM,
	    .csum_start = p->o.csum_start, .csum_offset = p->o.csum_offset };
	copy = malloc(p->len);
	assert_non_null(copy);
	memcpy(copy, p->bytes, p->len);
	assert_int_equal(offload_finish(&o, copy, p->len), 0);
	assert_true(checksum_is_right(copy, &h));
	free(copy);
}

void
join_expect_super(const struct join_bench *b, unsigned i, unsigned j,
    unsigned n)
{
	const struct join_piece *p = &b->out[i];
	struct headers h;
	size_t at;
	unsigned k;

	assert_true(i < b->nout && j + n <= b->nin);
	assert_int_equal(p->frames, n);
	assert_int_equal(headers_get(b->in[j].bytes, b->in[j].len, &h), 0);
	assert_int_equal(p->o.gso_size, h.end - h.payload);
	assert_int_equal(p->o.hdr_len, h.payload);
	assert_headers_kept(p, &b->in[j]);
	at = h.payload;
	for (k = j; k < j + n; k++) {
		assert_int_equal(headers_get(b->in[k].bytes, b->in[k].len,
		    &h), 0);
		assert_true(h.end - h.payload <= p->len - at);
		assert_memory_equal(p->bytes + at, b->in[k].bytes + h.payload,
		    h.end - h.payload);
		at += h.end - h.payload;
	}
	assert_int_equal(at, p->len);
	assert_int_equal(h.protocol == HEADERS_PROTO_TCP &&
	    (p->bytes[h.l4 + 13] & TCP_PSH) != 0,
	    h.protocol == HEADERS_PROTO_TCP &&
	    (b->in[k - 1].bytes[h.l4 + 13] & TCP_PSH) != 0);
	assert_whole(p);
}

/* Make the checksums right again. */
static void
refresh(uint8_t *frame, size_t len)
{
	struct headers h;
	uint8_t *place;
	uint16_t sum;

	assert_int_equal(headers_get(frame, len, &h), 0);
	checksum_put_ip(frame, &h);
	place = frame + h.l4 + (h.protocol == HEADERS_PROTO_TCP ? 16 : 6);
	bytes_put_u16(place, 0);
	sum = (uint16_t)~checksum_fold(checksum_add(checksum_pseudo(frame, &h,
	    h.end - h.l4), frame + h.l4, h.end - h.l4));
	bytes_put_u16(place, sum == 0 ? 0xffff : sum);
}

void
join_changed_twice(struct join_bench *b, const struct frame_spec *s,
    unsigned i, size_t at, uint8_t bits, size_t at2, uint8_t bits2)
{
	struct frame_spec t = join_spec(s, i);
	uint8_t frame[2048];
	size_t len = frame_make(frame, &t);

	frame[at] ^= bits;
	frame[at2] ^= bits2;
	refresh(frame, len);
	join_raw(b, frame, len, &none);
}

void
join_changed(struct join_bench *b, const struct frame_spec *s, unsigned i,
    size_t at, uint8_t bits)
{
	join_changed_twice(b, s, i, at, bits, 0, 0);
}

void
join_unfinished(struct join_bench *b, const struct frame_spec *s, unsigned i,
    uint16_t start, uint16_t offset)
{
	struct frame_spec t = join_spec(s, i);
	uint8_t frame[2048];
	struct offload o;
	size_t len = frame_make_super(frame, &t, 0, &o);

	o.csum_start = (uint16_t)(o.csum_start + start);
	o.csum_offset = (uint16_t)(o.csum_offset + offset);
	join_raw(b, frame, len, &o);
}
