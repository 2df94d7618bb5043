/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is a row of frames: whole ones, or what one of a few flows says
 * next, with something wrong about it.  Each comes out once; none overtakes
 * one of its flow, nor does anything overtake one of which no flow is known;
 * one that comes out alone is as it went in; and a super-frame may be given
 * to a device and, cut again, gives the frames that it was made of.
 */

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tun/bytes.h"
#include "tun/checksum.h"
#include "tun/coalesce.h"
#include "tun/segment.h"

#define FRAMES_MAX	150
#define FLOWS		16
#define PAYLOAD_MAX	1460
#define HEADERS_MAX	256

struct item {
	uint8_t *frame, *copy;
	size_t len;
	struct offload o;
	struct headers h;
	bool has_flow;		/* h is known */
	bool is_out;
};

struct world {
	struct coalescer c;
	struct item items[FRAMES_MAX];
	unsigned n;
	uint32_t seq[FLOWS];	/* next ones of the flows */
	uint16_t id[FLOWS];
};

/* === What comes out === */

static bool
is_same_flow(const struct item *a, const struct item *b)
{
	const size_t at = a->h.version == 4 ? 12 : 8;

	return a->h.version == b->h.version &&
	    a->h.protocol == b->h.protocol &&
	    memcmp(a->copy + a->h.l4, b->copy + b->h.l4, 4) == 0 &&
	    memcmp(a->copy + a->h.l3 + at, b->copy + b->h.l3 + at,
	    a->h.version == 4 ? 8 : 32) == 0;
}

/* One without a checksum of its own says where that belongs. */
static bool
is_joinable(const struct item *t)
{
	if (offload_is_none(&t->o))
		return checksum_is_right(t->copy, &t->h);
	return t->o.csum_start == t->h.l4 && t->o.csum_offset ==
	    (t->h.protocol == HEADERS_PROTO_TCP ? 16 : 6);
}

/* Now it is out: what came before it and belongs to it is out already. */
static void
take_out(struct world *w, struct item *t)
{
	struct item *before;

	require(!t->is_out);
	for (before = w->items; before < t; before++)
		require(before->is_out || (t->has_flow && before->has_flow &&
		    !is_same_flow(before, t)));
	t->is_out = true;
}

static struct item *
find_item(struct world *w, const uint8_t *p, bool is_first)
{
	struct item *t;

	for (t = w->items; t < w->items + w->n; t++)
		if (is_first ? p == t->frame :
		    t->has_flow && p == t->frame + t->h.payload)
			return t;
	abort();
}

/*
 * Leave out of a frame what is not the same when it is cut again: how a
 * checksum is written that may be written in two ways, and the identification
 * where it means nothing.
 */
static void
blank(uint8_t *frame, const struct headers *h)
{
	uint8_t *ip = frame + h->l3;

	if (h->version == 4) {
		require(checksum_fold(checksum_add(0, ip, 20)) == 0xffff);
		bytes_put_u16(ip + 10, 0);
		if ((ip[6] & 0x40) != 0)
			bytes_put_u16(ip + 4, 0);
	}
	bytes_put_u16(frame + h->l4 +
	    (h->protocol == HEADERS_PROTO_TCP ? 16 : 6), 0);
}

static void
check_piece(const struct item *t, uint8_t *piece, size_t len)
{
	struct headers h;
	uint8_t *original;

	require(len == t->h.end);
	require(headers_get(piece, len, &h) == 0 && h.is_simple);
	require(checksum_is_right(piece, &h));
	require(is_joinable(t));
	original = malloc(len);
	require(original != NULL);
	memcpy(original, t->copy, len);
	blank(piece, &h);
	blank(original, &t->h);
	require(memcmp(piece, original, len) == 0);
	free(original);
}

static void
check_super(struct world *w, const struct offload *o, const struct iovec *iov,
    unsigned n, size_t len)
{
	uint8_t *whole = malloc(len), piece[HEADERS_MAX + PAYLOAD_MAX];
	struct offload checked = *o;
	struct segmenter s;
	struct item *t;
	size_t at = 0, piece_len;
	unsigned i;

	require(whole != NULL);
	require(len <= HEADERS_ETHERNET + COALESCE_BYTES_MAX);
	for (i = 0; i < n; at += iov[i++].iov_len)
		memcpy(whole + at, iov[i].iov_base, iov[i].iov_len);
	require(offload_check(&checked, whole, len) == 0);
	require(memcmp(&checked, o, sizeof(*o)) == 0);
	require(segment_start(&s, whole, len, o) == 0);
	require(segment_count(&s) == n);
	for (i = 0; i < n; i++) {
		t = find_item(w, iov[i].iov_base, i == 0);
		take_out(w, t);
		piece_len = segment_next(&s, 1, piece, sizeof(piece), NULL);
		check_piece(t, piece, piece_len);
	}
	free(whole);
}

static void
emit(void *ctx, const struct offload *o, struct iovec *iov, unsigned n,
    size_t len)
{
	struct world *w = ctx;
	struct item *t;
	size_t sum = 0;
	unsigned i;

	/* The first one is ours. */
	iov++;
	n--;
	require(n >= 1 && n <= COALESCE_FRAMES_MAX);
	for (i = 0; i < n; i++)
		sum += iov[i].iov_len;
	require(sum == len);
	if (n > 1) {
		check_super(w, o, iov, n, len);
		return;
	}
	t = find_item(w, iov[0].iov_base, true);
	take_out(w, t);
	require(len == t->len && memcmp(t->frame, t->copy, len) == 0);
	require(memcmp(o, &t->o, sizeof(*o)) == 0);
}

static void
check_all_out(const struct world *w)
{
	unsigned i;

	require(w->c.used == 0);
	for (i = 0; i < w->n; i++)
		require(w->items[i].is_out);
}

/* === What goes in === */

static void
give(struct world *w, const uint8_t *p, size_t len, const struct offload *o)
{
	struct view v = view_of(p, len);
	struct item *t = &w->items[w->n++];

	t->frame = fuzz_copy(&v);
	t->copy = fuzz_copy(&v);
	t->len = len;
	t->o = *o;
	t->has_flow = headers_get(p, len, &t->h) == 0;
	coalesce_add(&w->c, t->frame, len, o);
	if (!t->has_flow)
		check_all_out(w);
}

static void
give_any(struct world *w, struct view *v)
{
	struct offload o = { 0 };
	struct view frame;

	if ((fuzz_u8(v) & 1) != 0) {
		o.flags = fuzz_u8(v);
		o.gso_type = fuzz_u8(v);
		o.hdr_len = fuzz_u16(v);
		o.gso_size = fuzz_u16(v);
		o.csum_start = fuzz_u16(v);
		o.csum_offset = fuzz_u16(v);
	}
	frame = fuzz_piece(v);
	give(w, frame.p, frame.len, &o);
}

/* The bits of a flow: 1 IPv6, 2 UDP, 4 another port, 8 no DF or a label. */
static size_t
put_headers(struct world *w, uint8_t *p, unsigned flow, size_t payload)
{
	const bool is_ipv6 = (flow & 1) != 0, is_udp = (flow & 2) != 0;
	uint8_t *ip = p + 14, *l4 = ip + (is_ipv6 ? 40 : 20);
	const size_t l4_len = (is_udp ? 8 : 32) + payload;

	memcpy(p + 12, is_ipv6 ? "\x86\xdd" : "\x08\x00", 2);
	ip[0] = is_ipv6 ? 0x60 : 0x45;
	if (is_ipv6) {
		ip[3] = flow & 8;
		bytes_put_u16(ip + 4, (uint16_t)l4_len);
		ip[6] = is_udp ? 17 : 6;
	} else {
		bytes_put_u16(ip + 2, (uint16_t)(20 + l4_len));
		bytes_put_u16(ip + 4, w->id[flow]++);
		ip[6] = (flow & 8) != 0 ? 0 : 0x40;
		ip[9] = is_udp ? 17 : 6;
	}
	l4[3] = flow & 4;
	if (is_udp)
		bytes_put_u16(l4 + 4, (uint16_t)l4_len);
	else {
		bytes_put_u32(l4 + 4, w->seq[flow]);
		l4[12] = 0x80;
		l4[13] = 0x10;
		w->seq[flow] += (uint32_t)payload;
	}
	return (size_t)(l4 - p) + l4_len;
}

/* What may still be wrong is all but the length of the frame. */
static void
put_checksums(uint8_t *p, size_t len, bool is_finished, struct offload *o)
{
	struct headers h;
	uint64_t sum;
	uint8_t *place;

	if (headers_get(p, len, &h) != 0)
		return;
	checksum_put_ip(p, &h);
	o->csum_start = h.l4;
	o->csum_offset = h.protocol == HEADERS_PROTO_TCP ? 16 : 6;
	place = p + o->csum_start + o->csum_offset;
	sum = checksum_pseudo(p, &h, h.end - h.l4);
	bytes_put_u16(place, checksum_fold(sum));
	o->flags = OFFLOAD_NEEDS_CSUM;
	if (is_finished)
		(void)offload_finish(o, p, h.end);
}

static void
give_next(struct world *w, struct view *v, unsigned flow)
{
	uint8_t p[HEADERS_MAX + PAYLOAD_MAX] = { 0 };
	size_t payload = fuzz_u16(v) % (PAYLOAD_MAX + 1), len, at;
	uint8_t how = fuzz_u8(v);
	struct offload o = { 0 };

	len = put_headers(w, p, flow, payload);
	memset(p + len - payload, (int)w->n, payload);
	/* Changed before or after its checksums are made, and padded. */
	if ((how & 1) != 0) {
		at = fuzz_u8(v) % len;
		p[at] ^= fuzz_u8(v);
	}
	put_checksums(p, len, (how & 2) == 0, &o);
	if ((how & 4) != 0) {
		at = fuzz_u8(v) % len;
		p[at] ^= fuzz_u8(v);
	}
	if ((how & 8) != 0)
		len += fuzz_u8(v) % 64;
	if ((how & 16) != 0)
		o.csum_start++;
	if ((how & 128) != 0)
		o.csum_offset++;
	if ((how & 32) != 0)
		w->seq[flow] += fuzz_u8(v);
	if ((how & 64) != 0)
		w->id[flow]++;
	give(w, p, len, &o);
}

static void
give_step(struct world *w, struct view *v)
{
	uint8_t step = fuzz_u8(v);
	uint16_t payload;
	uint8_t i;

	switch (step >> 4) {
	case 0:
		give_any(w, v);
		break;
	case 1:
		coalesce_flush(&w->c);
		check_all_out(w);
		break;
	case 2:
		/* Many at a time. */
		payload = fuzz_u16(v);
		for (i = fuzz_u8(v); i > 0 && w->n < FRAMES_MAX; i--) {
			uint8_t bytes[] = { (uint8_t)(payload >> 8),
			    (uint8_t)payload, 0 };
			struct view next = view_of(bytes, sizeof(bytes));

			give_next(w, &next, step % FLOWS);
		}
		break;
	default:
		give_next(w, v, step % FLOWS);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct view v = view_of(data, size);
	unsigned i;

	memset(&w, 0, sizeof(w));
	w.c.emit = emit;
	w.c.ctx = &w;
	w.c.has_udp = (fuzz_u8(&v) & 1) == 0;
	while (v.len > 0 && w.n < FRAMES_MAX)
		give_step(&w, &v);
	coalesce_flush(&w.c);
	check_all_out(&w);
	for (i = 0; i < w.n; i++) {
		free(w.items[i].frame);
		free(w.items[i].copy);
	}
	return 0;
}
