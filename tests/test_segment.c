/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Super-frames in pieces.  What a piece must look like is made anew, from the
 * description of the whole, and compared with what came out byte by byte.
 * Every frame lies in heap memory of its exact length, before and after.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/frame_util.h"
#include "tun/segment.h"

#define FLAG_FIN	0x01
#define FLAG_PSH	0x08
#define FLAG_ACK	0x10
#define FLAG_CWR	0x80
#define FLAGS_REFUSED	0x26	/* URG, RST, SYN */

static uint8_t frame[FRAME_ROOM], like[FRAME_ROOM];

static uint8_t *
copy_of(const uint8_t *p, size_t len)
{
	uint8_t *copy = malloc(len);

	assert_non_null(copy);
	memcpy(copy, p, len);
	return copy;
}

/* The description of the piece with payload bytes from at on. */
static struct frame_spec
piece_spec(const struct frame_spec *whole, uint16_t gso_size, size_t at,
    size_t payload)
{
	struct frame_spec s = *whole;

	s.id = (uint16_t)(s.id + at / gso_size);
	s.seq += (uint32_t)at;
	s.payload = payload;
	s.padding = 0;
	if (at > 0)
		s.tcp_flags &= (uint8_t)~FLAG_CWR;
	if (at + payload < whole->payload)
		s.tcp_flags &= (uint8_t)~(FLAG_FIN | FLAG_PSH);
	return s;
}

/* All of the piece's headers but the checksum, and its payload. */
static void
check_bytes(const struct frame_spec *s, const uint8_t *out, size_t len,
    const uint8_t *payload)
{
	size_t at = frame_l4(s) + (s->protocol == HEADERS_PROTO_TCP ? 16 : 6);

	assert_int_equal(frame_make(like, s), len);
	memcpy(like + at, out + at, 2);
	assert_memory_equal(out, like, frame_payload(s));
	assert_memory_equal(out + frame_payload(s), payload, s->payload);
	assert_true(frame_ip_is_right(out, s));
}

/* The next plain piece, at this place of the payload. */
static size_t
check_plain(struct segmenter *g, const struct frame_spec *whole,
    uint16_t gso_size, size_t at)
{
	size_t left = whole->payload - at, len;
	struct frame_spec s = piece_spec(whole, gso_size, at,
	    left < gso_size ? left : gso_size);
	size_t want = frame_payload(&s) + s.payload;
	size_t room = want + frame_random_below(2) * frame_random_below(4000);
	uint8_t *out = malloc(room);

	assert_non_null(out);
	assert_int_equal(segment_left(g), left);
	len = segment_next(g, 1 + frame_random_below(3), out, room, NULL);
	assert_int_equal(len, want);
	check_bytes(&s, out, len, frame + frame_payload(whole) + at);
	assert_true(frame_l4_is_right(out, &s));
	if (s.protocol == HEADERS_PROTO_UDP)
		assert_true(out[frame_l4(&s) + 6] != 0 ||
		    out[frame_l4(&s) + 7] != 0);
	free(out);
	return s.payload;
}

static void
check_all_plain(const struct frame_spec *whole, uint16_t gso_size)
{
	struct offload o;
	struct segmenter g;
	size_t len = frame_make_super(frame, whole, gso_size, &o), at = 0;
	uint8_t *super = copy_of(frame, len), out[1];
	unsigned n = 0;

	assert_int_equal(segment_start(&g, super, len, &o), 0);
	assert_int_equal(segment_count(&g),
	    (whole->payload + gso_size - 1) / gso_size);
	for (; at < whole->payload; n++)
		at += check_plain(&g, whole, gso_size, at);
	assert_int_equal(n, segment_count(&g));
	assert_int_equal(segment_left(&g), 0);
	assert_int_equal(segment_next(&g, 1, out, sizeof(out), NULL), 0);
	assert_memory_equal(super, frame, len);
	free(super);
}

/* What is told of a piece, which a peer of ours would accept if simple. */
static void
check_words(const struct frame_spec *s, uint16_t gso_size,
    const struct offload *whole, const struct offload *piece,
    const uint8_t *out, size_t len)
{
	struct offload o = *piece;

	assert_int_equal(piece->flags, OFFLOAD_NEEDS_CSUM);
	assert_int_equal(piece->csum_start, whole->csum_start);
	assert_int_equal(piece->csum_offset, whole->csum_offset);
	if (s->payload > gso_size) {
		assert_int_equal(piece->gso_type, whole->gso_type);
		assert_int_equal(piece->gso_size, gso_size);
		assert_int_equal(piece->hdr_len, frame_payload(s));
	} else {
		assert_int_equal(piece->gso_type, OFFLOAD_GSO_NONE);
		assert_int_equal(piece->gso_size, 0);
		assert_int_equal(piece->hdr_len, 0);
	}
	if (s->tags > 0 || s->options > 0 || len > OFFLOAD_FRAME_MAX ||
	    (s->tcp_flags & FLAGS_REFUSED) != 0 ||
	    (s->protocol == HEADERS_PROTO_UDP &&
	    s->payload > (size_t)gso_size * OFFLOAD_UDP_SEGMENTS_MAX))
		return;
	assert_int_equal(offload_check(&o, out, len), 0);
	assert_memory_equal(&o, piece, sizeof(o));
}

/*
 * The next piece of up to n segments in size bytes.  That its checksum is
 * right once it has been filled in shows that the sum was that of the pseudo
 * header for this length.
 */
static size_t
check_piece(struct segmenter *g, const struct frame_spec *whole,
    const struct offload *o, size_t at, unsigned n, size_t size)
{
	size_t left = whole->payload - at, fits, len;
	size_t most = left / o->gso_size < n ? left : (size_t)n * o->gso_size;
	struct frame_spec s;
	struct offload piece, finish;
	uint8_t *out = malloc(size);

	fits = size - frame_payload(whole);
	if (fits < most)
		most = fits / o->gso_size * o->gso_size;
	s = piece_spec(whole, o->gso_size, at, most);
	assert_non_null(out);
	assert_true(segment_size(g, n) >= frame_payload(whole) + most);
	memset(&piece, 0xa5, sizeof(piece));
	len = segment_next(g, n, out, size, &piece);
	assert_int_equal(len, frame_payload(whole) + most);
	check_bytes(&s, out, len, frame + frame_payload(whole) + at);
	check_words(&s, o->gso_size, o, &piece, out, len);
	finish = piece;
	finish.gso_type = OFFLOAD_GSO_NONE;
	assert_int_equal(offload_finish(&finish, out, len), 0);
	assert_true(frame_l4_is_right(out, &s));
	free(out);
	return most;
}

static void
check_all_pieces(const struct frame_spec *whole, uint16_t gso_size,
    unsigned n, size_t room)
{
	struct offload o, piece;
	struct segmenter g;
	size_t len = frame_make_super(frame, whole, gso_size, &o), at = 0;
	uint8_t *super = copy_of(frame, len), out[1];
	size_t size = frame_payload(whole) + gso_size + room;

	assert_int_equal(segment_start(&g, super, len, &o), 0);
	while (at < whole->payload)
		at += check_piece(&g, whole, &o, at, n, size);
	assert_int_equal(at, whole->payload);
	assert_int_equal(segment_next(&g, n, out, sizeof(out), &piece), 0);
	free(super);
}

static struct frame_spec
random_spec(void)
{
	struct frame_spec s;

	memset(&s, 0, sizeof(s));
	s.version = frame_random_below(2) == 0 ? 4 : 6;
	s.protocol = frame_random_below(2) == 0 ? HEADERS_PROTO_TCP :
	    HEADERS_PROTO_UDP;
	if (frame_random_below(3) == 0)
		s.tags = frame_random_below(3);
	if (frame_random_below(3) == 0)
		s.options = 8 * frame_random_below(6);
	s.tcp_options = 4 * frame_random_below(11);
	s.tcp_flags = (uint8_t)frame_random();
	s.tos = (uint8_t)frame_random();
	s.id = (uint16_t)frame_random();
	s.seq = frame_random();
	s.padding = frame_random_below(4) == 0 ? frame_random_below(9) : 0;
	s.payload = 1 + frame_random_below(frame_random_below(20) == 0 ?
	    65000 : 9000);
	return s;
}

static uint16_t
random_gso_size(const struct frame_spec *s)
{
	uint32_t least = (uint32_t)s->payload / 100 + 1;

	if (s->protocol == HEADERS_PROTO_TCP && least <
	    OFFLOAD_TCP_SEGMENT_MIN)
		least = OFFLOAD_TCP_SEGMENT_MIN;
	if (frame_random_below(20) == 0)
		return (uint16_t)(least +
		    frame_random_below(65536 - least));
	return (uint16_t)(least + frame_random_below(1600));
}

static void
test_random_plain(void **state)
{
	struct frame_spec s;
	unsigned i;

	(void)state;
	for (i = 0; i < 3000; i++) {
		s = random_spec();
		check_all_plain(&s, random_gso_size(&s));
	}
}

static void
test_random_pieces(void **state)
{
	struct frame_spec s;
	unsigned i;

	(void)state;
	for (i = 0; i < 3000; i++) {
		s = random_spec();
		check_all_pieces(&s, random_gso_size(&s),
		    1 + frame_random_below(12),
		    frame_random_below(i % 2 == 0 ? 70000 : 3000));
	}
}

/* === Limits === */

static void
test_payload_around_a_segment(void **state)
{
	struct frame_spec s = { .version = 4, .id = 0xffff,
	    .seq = 0xfffffff0, .tcp_flags = 0xd9 };
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		s.version = i % 2 == 0 ? 4 : 6;
		s.protocol = i / 2 == 0 ? HEADERS_PROTO_TCP :
		    HEADERS_PROTO_UDP;
		for (s.payload = 1; s.payload <= 61; s.payload++) {
			check_all_plain(&s, 20);
			check_all_pieces(&s, 20, 1, 0);
			check_all_pieces(&s, 20, 2, 100);
			check_all_pieces(&s, 20, UINT32_MAX, 19);
			check_all_pieces(&s, 20, UINT32_MAX, 20);
		}
	}
}

static void
test_longest(void **state)
{
	struct frame_spec s = { .version = 4, .protocol = HEADERS_PROTO_TCP,
	    .payload = 65535 - 40, .tcp_flags = FLAG_ACK };

	(void)state;
	check_all_plain(&s, 1448);
	check_all_plain(&s, OFFLOAD_TCP_SEGMENT_MIN);
	check_all_plain(&s, 65535);
	check_all_pieces(&s, 1448, 100, 70000);
	check_all_pieces(&s, OFFLOAD_TCP_SEGMENT_MIN, 1000, 70000);
	s.version = 6;
	s.protocol = HEADERS_PROTO_UDP;
	s.payload = 65535 - 8;
	check_all_plain(&s, 1200);
	check_all_pieces(&s, 1200, 100, 70000);
}

/* A whole super-frame in one piece is as it was. */
static void
test_in_one_piece(void **state)
{
	struct frame_spec s = { .version = 4, .protocol = HEADERS_PROTO_TCP,
	    .payload = 5000, .tcp_flags = FLAG_CWR | FLAG_ACK | FLAG_PSH |
	    FLAG_FIN, .id = 7, .tcp_options = 12 };
	struct offload o, piece;
	struct segmenter g;
	size_t len;
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		s.version = i % 2 == 0 ? 4 : 6;
		s.protocol = i / 2 == 0 ? HEADERS_PROTO_TCP :
		    HEADERS_PROTO_UDP;
		len = frame_make_super(frame, &s, 1000, &o);
		assert_int_equal(segment_start(&g, frame, len, &o), 0);
		assert_int_equal(segment_size(&g, 5), len);
		assert_int_equal(segment_next(&g, 5, like, len, &piece), len);
		assert_memory_equal(like, frame, len);
		assert_memory_equal(&piece, &o, sizeof(o));
	}
}

static void
test_sizes(void **state)
{
	struct frame_spec s = { .version = 4, .protocol = HEADERS_PROTO_UDP,
	    .payload = 2500 };
	struct segmenter g;
	struct offload o;
	size_t len = frame_make_super(frame, &s, 1000, &o);

	(void)state;
	assert_int_equal(segment_start(&g, frame, len, &o), 0);
	assert_int_equal(segment_size(&g, 1), 42 + 1000);
	assert_int_equal(segment_size(&g, 2), 42 + 2000);
	assert_int_equal(segment_size(&g, 3), 42 + 2500);
	assert_int_equal(segment_size(&g, UINT32_MAX), 42 + 2500);
	assert_int_equal(segment_count(&g), 3);
	/* Who offers less than was asked for gets nothing. */
	assert_int_equal(segment_next(&g, 1, like, 42 + 999, NULL), 0);
	assert_int_equal(segment_next(&g, 1, like, 42, &o), 0);
	assert_int_equal(segment_next(&g, 1, like, 0, NULL), 0);
	assert_int_equal(segment_next(&g, 0, like, 5000, &o), 0);
	assert_int_equal(segment_left(&g), 2500);
	assert_int_equal(segment_next(&g, 9, like, 42 + 2499, &o), 42 + 2000);
	assert_int_equal(segment_next(&g, 1, like, 42 + 500, NULL), 42 + 500);
	assert_int_equal(segment_left(&g), 0);
	assert_int_equal(segment_count(&g), 3);
}

/* The sum of a datagram may come out as 0, which would say that it has none. */
static void
test_udp_zero(void **state)
{
	struct frame_spec s = { .version = 6, .protocol = HEADERS_PROTO_UDP,
	    .payload = 8 }, first;
	struct segmenter g;
	struct offload o;
	size_t len = frame_make_super(frame, &s, 4, &o);
	uint8_t *udp = like + frame_l4(&s);
	uint16_t sum;

	(void)state;
	memset(frame + frame_payload(&s), 0, 8);
	assert_int_equal(segment_start(&g, frame, len, &o), 0);
	segment_next(&g, 1, like, sizeof(like), NULL);
	sum = (uint16_t)(udp[6] << 8 | udp[7]);
	frame[frame_payload(&s)] = (uint8_t)(sum >> 8);
	frame[frame_payload(&s) + 1] = (uint8_t)sum;
	assert_int_equal(segment_start(&g, frame, len, &o), 0);
	segment_next(&g, 1, like, sizeof(like), NULL);
	assert_int_equal(udp[6], 0xff);
	assert_int_equal(udp[7], 0xff);
	first = piece_spec(&s, 4, 0, 4);
	assert_true(frame_l4_is_right(like, &first));
}

/* Where the last hop is not the destination, the sum is of the last. */
static void
test_source_route(void **state)
{
	struct frame_spec s = { .version = 6, .protocol = HEADERS_PROTO_TCP,
	    .payload = 30, .options = 40 }, first;
	struct segmenter g;
	struct offload o;
	size_t len = frame_make_super(frame, &s, 10, &o);

	(void)state;
	frame[14 + 24 + 3] ^= 0x55;
	assert_int_equal(segment_start(&g, frame, len, &o), 0);
	assert_int_equal(segment_next(&g, 1, like, sizeof(like), NULL),
	    frame_payload(&s) + 10);
	like[14 + 24 + 3] ^= 0x55;
	first = piece_spec(&s, 10, 0, 10);
	assert_true(frame_l4_is_right(like, &first));
}

/* === Refused === */

static void
refuse(size_t len, const struct offload *o)
{
	struct segmenter g;
	uint8_t *p = copy_of(frame, len > 0 ? len : 1);

	assert_int_equal(segment_start(&g, p, len, o), SSHTAP_ERR_FORMAT);
	free(p);
}

static void
test_refuses_words(void **state)
{
	struct frame_spec s = { .version = 4, .protocol = HEADERS_PROTO_TCP,
	    .payload = 3000 };
	struct offload good, o;
	size_t len = frame_make_super(frame, &s, 1448, &good);
	unsigned type;

	(void)state;
	o = good;
	for (type = 0; type < 256; type++) {
		o.gso_type = (uint8_t)type;
		if (type != OFFLOAD_GSO_TCPV4)
			refuse(len, &o);
	}
	o = good;
	o.flags = 0;
	refuse(len, &o);
	o.flags = OFFLOAD_DATA_VALID;
	refuse(len, &o);
	o = good;
	o.gso_size = 0;
	refuse(len, &o);
	o.gso_size = OFFLOAD_TCP_SEGMENT_MIN - 1;
	refuse(len, &o);
	o = good;
	o.csum_start--;
	refuse(len, &o);
	o = good;
	o.csum_offset = 6;
	refuse(len, &o);
}

static void
test_refuses_frames(void **state)
{
	struct frame_spec s = { .version = 6, .protocol = HEADERS_PROTO_UDP,
	    .payload = 3000 };
	struct offload o;
	size_t len = frame_make_super(frame, &s, 1448, &o), cut;

	(void)state;
	for (cut = 0; cut < len; cut += 1 + cut / 100)
		refuse(cut, &o);
	frame[14 + 6] = 44;
	refuse(len, &o);
	s.payload = 0;
	refuse(frame_make_super(frame, &s, 1448, &o), &o);
	s.protocol = HEADERS_PROTO_TCP;
	refuse(frame_make_super(frame, &s, 1448, &o), &o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_plain),
		cmocka_unit_test(test_random_pieces),
		cmocka_unit_test(test_payload_around_a_segment),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_in_one_piece),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_udp_zero),
		cmocka_unit_test(test_source_route),
		cmocka_unit_test(test_refuses_words),
		cmocka_unit_test(test_refuses_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
