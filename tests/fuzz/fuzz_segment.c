/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is what a peer says of a frame, as on the wire; how many segments
 * to a piece, room for it beyond one of them (two bytes), whether the sum of
 * the pseudo header is put right first; and the frame.
 */

#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tun/checksum.h"
#include "tun/headers.h"
#include "tun/offload.h"
#include "tun/segment.h"

#define SEED	0x5eed

struct input {
	struct view frame;
	struct offload o;
	unsigned n;
	size_t room;
	bool has_sum;
};

static void
require_headers(const struct headers *h, size_t len)
{
	require(h->version == 4 || h->version == 6);
	require(h->protocol == HEADERS_PROTO_TCP ||
	    h->protocol == HEADERS_PROTO_UDP);
	require(h->l3 >= HEADERS_ETHERNET);
	require(h->l4 >= h->l3 + HEADERS_IPV4_MIN);
	require(h->payload >= h->l4 + HEADERS_UDP);
	require(h->end >= h->payload && h->end <= len);
	if (h->is_simple)
		require(h->l3 == HEADERS_ETHERNET && h->l4 == h->l3 +
		    (h->version == 4 ? HEADERS_IPV4_MIN : HEADERS_IPV6));
}

static bool
is_ip_right(const uint8_t *frame, const struct headers *h)
{
	return h->version == 6 || checksum_fold(checksum_add(0,
	    frame + h->l3, (size_t)(frame[h->l3] & 0xf) * 4)) == 0xffff;
}

/* No more than the bits of one byte and a checksum; once is enough. */
static void
check_mark(const struct view *v)
{
	uint8_t *p = fuzz_copy(v), *again;
	bool is_allowed = headers_mark_ce(p, v->len), was_right = false;
	struct headers h;
	struct view marked = view_of(p, v->len);
	size_t i, n = 0;

	for (i = 0; i < v->len; i++)
		n += p[i] != v->p[i];
	require(n <= 3 && (is_allowed || n == 0));
	again = fuzz_copy(&marked);
	require(headers_mark_ce(again, v->len) == is_allowed);
	require(v->len == 0 || memcmp(again, p, v->len) == 0);
	if (headers_get(v->p, v->len, &h) == 0) {
		was_right = is_ip_right(v->p, &h);
		require(headers_get(p, v->len, &h) == 0);
		require(is_ip_right(p, &h) == was_right);
	}
	require(headers_flow(p, v->len, SEED) ==
	    headers_flow(v->p, v->len, SEED));
	free(again);
	free(p);
}

/* Of what is accepted nothing points outside, and all of it can be cut. */
static void
check_words(const struct input *in)
{
	struct offload o = in->o, again;
	struct segmenter s;
	size_t len = in->frame.len;

	if (offload_check(&o, in->frame.p, len) != 0)
		return;
	again = o;
	require(offload_check(&again, in->frame.p, len) == 0);
	require(memcmp(&o, &again, sizeof(o)) == 0);
	require((o.flags & ~OFFLOAD_NEEDS_CSUM) == 0);
	if (o.flags != 0)
		require((size_t)o.csum_start + o.csum_offset + 2 <= len);
	require(o.hdr_len <= len);
	if (o.gso_type == OFFLOAD_GSO_NONE)
		return;
	require(segment_start(&s, in->frame.p, len, &o) == 0);
	require(s.h.is_simple && s.h.end == len);
	require(o.hdr_len == s.h.payload);
	require(segment_count(&s) >= 2);
	require(o.gso_type != OFFLOAD_GSO_UDP_L4 ||
	    segment_count(&s) <= OFFLOAD_UDP_SEGMENTS_MAX);
}

static void
check_finish(const struct input *in)
{
	struct offload o = in->o;
	uint8_t *p = fuzz_copy(&in->frame);
	size_t place = (size_t)o.csum_start + o.csum_offset;

	if (offload_finish(&o, p, in->frame.len) == 0) {
		require(offload_is_none(&o));
		if ((in->o.flags & OFFLOAD_NEEDS_CSUM) == 0)
			require(memcmp(p, in->frame.p, in->frame.len) == 0);
		else
			require((p[place] | p[place + 1]) != 0);
	}
	free(p);
}

/* A piece that lies in p: its headers agree, its payload comes next. */
static void
check_piece(const struct segmenter *before, const struct input *in,
    const uint8_t *p, size_t len)
{
	const struct headers *whole = &before->h;
	struct headers h;

	require(headers_get(p, len, &h) == 0);
	require(h.l3 == whole->l3 && h.l4 == whole->l4);
	require(h.payload == whole->payload && h.end == len);
	require(h.is_simple == whole->is_simple);
	require(is_ip_right(p, &h));
	require(memcmp(p + h.payload, in->frame.p + h.payload + before->done,
	    len - h.payload) == 0);
	require(!in->has_sum || checksum_is_right(p, &h));
}

static void
cut_plain(const struct input *in, struct segmenter s)
{
	size_t size = segment_size(&s, 1), len;
	uint8_t *p = malloc(size);
	struct segmenter before;
	unsigned n = 0;

	require(p != NULL);
	for (;; n++) {
		before = s;
		if ((len = segment_next(&s, 1, p, size, NULL)) == 0)
			break;
		require(len <= size);
		check_piece(&before, in, p, len);
	}
	require(segment_left(&s) == 0 && n == segment_count(&s));
	free(p);
}

static void
cut_pieces(const struct input *in, struct segmenter s)
{
	size_t size = segment_size(&s, 1) + in->room, len;
	uint8_t *p = malloc(size);
	struct offload piece;
	struct segmenter before;

	require(p != NULL);
	for (;;) {
		before = s;
		if ((len = segment_next(&s, in->n, p, size, &piece)) == 0)
			break;
		require(len <= size && len <= segment_size(&s, in->n));
		require(piece.flags == OFFLOAD_NEEDS_CSUM);
		require((piece.gso_type != OFFLOAD_GSO_NONE) ==
		    (s.segments - before.segments > 1));
		piece.gso_type = OFFLOAD_GSO_NONE;
		require(offload_finish(&piece, p, len) == 0);
		check_piece(&before, in, p, len);
	}
	require(segment_left(&s) == 0 && s.segments == segment_count(&s));
	free(p);
}

static void
check_segments(struct input *in)
{
	struct segmenter s;
	uint8_t *p = fuzz_copy(&in->frame), *place;
	uint16_t sum;

	in->frame.p = p;
	if (segment_start(&s, p, in->frame.len, &in->o) == 0) {
		if (in->has_sum) {
			sum = checksum_fold(checksum_pseudo(p, &s.h,
			    s.h.end - s.h.l4));
			place = p + s.h.l4 + in->o.csum_offset;
			place[0] = (uint8_t)(sum >> 8);
			place[1] = (uint8_t)sum;
		}
		cut_plain(in, s);
		cut_pieces(in, s);
	}
	free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size), words;
	struct input in;
	struct headers h;
	uint8_t *p;

	if (view_get_bytes(&v, OFFLOAD_SIZE, &words) != 0)
		return 0;
	offload_get(words.p, &in.o);
	in.n = 1 + (unsigned)fuzz_u8(&v);
	in.room = fuzz_u16(&v);
	in.has_sum = fuzz_u8(&v) % 2 == 1;
	p = fuzz_copy(&v);
	in.frame = view_of(p, v.len);
	if (headers_get(p, v.len, &h) == 0) {
		require_headers(&h, v.len);
		checksum_is_right(p, &h);
	}
	check_mark(&in.frame);
	check_words(&in);
	check_finish(&in);
	check_segments(&in);
	free(p);
	return 0;
}
