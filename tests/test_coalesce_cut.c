/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Joining and cutting undo each other: whatever is joined, the segmenter gives
 * back, and what it makes of a super-frame is joined to that again.  And what
 * those rely on who use both.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "tests/coalesce_util.h"
#include "tun/checksum.h"
#include "tun/segment.h"

#define IP		14

#define TCP_FIN		0x01
#define TCP_PSH		0x08
#define TCP_ACK		0x10

static struct join_bench b;

static const struct frame_spec tcp4 = { .version = 4,
    .protocol = HEADERS_PROTO_TCP, .tcp_options = 12, .tcp_flags = TCP_ACK,
    .tos = 2 };
static const struct frame_spec tcp6 = { .version = 6,
    .protocol = HEADERS_PROTO_TCP, .tcp_options = 12, .tcp_flags = TCP_ACK,
    .tos = 2 };
static const struct frame_spec udp4 = { .version = 4,
    .protocol = HEADERS_PROTO_UDP };
static const struct frame_spec udp6 = { .version = 6,
    .protocol = HEADERS_PROTO_UDP };
static const struct frame_spec *const kinds[] = { &tcp4, &tcp6, &udp4, &udp6 };

#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

static int
setup(void **state)
{
	(void)state;
	join_clear(&b);
	return 0;
}

static int
teardown(void **state)
{
	return setup(state);
}

/* A super-frame that joining may have made. */
static size_t
make_random_super(uint8_t *frame, struct offload *o)
{
	struct frame_spec s = *kinds[frame_random_below(KINDS)];
	unsigned segments = 2 + frame_random_below(COALESCE_FRAMES_MAX - 1);
	size_t size = OFFLOAD_TCP_SEGMENT_MIN + frame_random_below((uint32_t)
	    ((COALESCE_BYTES_MAX - 100) / segments) - OFFLOAD_TCP_SEGMENT_MIN);

	s.id = (uint16_t)frame_random();
	s.seq = frame_random();
	s.tcp_options = frame_random_below(11) * 4;
	s.payload = size * (segments - 1) +
	    1 + frame_random_below((uint32_t)size);
	if (s.protocol == HEADERS_PROTO_TCP && frame_random_below(2) == 0)
		s.tcp_flags |= TCP_PSH;
	return frame_make_super(frame, &s, (uint16_t)size, o);
}

static void
test_cut_and_joined(void **state)
{
	static uint8_t frame[FRAME_ROOM], cut[FRAME_ROOM];
	struct segmenter s;
	struct offload o, piece;
	size_t len, n;
	unsigned i, k;

	(void)state;
	for (i = 0; i < 400; i++) {
		join_clear(&b);
		len = make_random_super(frame, &o);
		assert_int_equal(segment_start(&s, frame, len, &o), 0);
		for (k = 0;; k++) {
			memset(&piece, 0, sizeof(piece));
			n = segment_next(&s, 1, cut, sizeof(cut),
			    i % 2 == 0 ? NULL : &piece);
			if (n == 0)
				break;
			join_raw(&b, cut, n, &piece);
		}
		assert_int_equal(k, segment_count(&s));
		coalesce_flush(&b.c);
		assert_int_equal(b.nout, 1);
		assert_int_equal(b.out[0].frames, k);
		assert_int_equal(b.out[0].len, len);
		assert_memory_equal(b.out[0].bytes, frame, len);
		assert_memory_equal(&b.out[0].o, &o, sizeof(o));
	}
}

/* With DF an identification may change. */
static void
restore_id(uint8_t *frame, size_t len, const struct join_piece *original)
{
	struct headers h;

	assert_int_equal(headers_get(frame, len, &h), 0);
	if (h.version == 6 || (frame[h.l3 + 6] & 0x40) == 0)
		return;
	memcpy(frame + h.l3 + 4, original->bytes + h.l3 + 4, 2);
	checksum_put_ip(frame, &h);
}

/* Cut again, and held against the frames from number j on. */
static unsigned
assert_cuts(const struct join_piece *p, unsigned j)
{
	uint8_t cut[2048];
	struct segmenter s;
	size_t n;

	if (p->frames == 1) {
		assert_int_equal(p->len, b.in[j].len);
		assert_memory_equal(p->bytes, b.in[j].bytes, p->len);
		return j + 1;
	}
	assert_int_equal(segment_start(&s, p->bytes, p->len, &p->o), 0);
	while ((n = segment_next(&s, 1, cut, sizeof(cut), NULL)) != 0) {
		assert_true(j < b.nin);
		assert_int_equal(n, b.in[j].len);
		restore_id(cut, n, &b.in[j]);
		assert_memory_equal(cut, b.in[j].bytes, n);
		j++;
	}
	return j;
}

/* One flow with gaps, and other ends, and other lengths. */
static void
test_joined_and_cut(void **state)
{
	struct frame_spec s;
	unsigned i, k, j, n;

	(void)state;
	for (k = 0; k < 400; k++) {
		join_clear(&b);
		s = *kinds[k % KINDS];
		s.payload = 100 + frame_random_below(200);
		for (i = 0; i < 200; i++) {
			join_changed(&b, &s, 0, IP + 6,
			    s.version == 4 && k % 8 < 4 ? 0x40 : 0);
			s.seq += (uint32_t)s.payload;
			s.id++;
			s.tcp_flags = TCP_ACK;
			switch (frame_random_below(16)) {
			case 0:
				s.payload = frame_random_below(300);
				break;
			case 1:
				s.seq += frame_random_below(2);
				s.id++;
				break;
			case 2:
				s.tos ^= 1;
				break;
			case 3:
				if (s.protocol == HEADERS_PROTO_TCP)
					s.tcp_flags |= TCP_PSH;
				break;
			}
		}
		coalesce_flush(&b.c);
		j = 0;
		for (n = 0; n < b.nout; n++)
			j = assert_cuts(&b.out[n], j);
		assert_int_equal(j, b.nin);
		assert_true(b.nout < b.nin);
	}
}

/*
 * A device and a peer take no shorter segments of TCP, but a shorter end;
 * of UDP they do.
 */
static void
test_short_segments(void **state)
{
	struct frame_spec s;
	size_t size;
	unsigned i;

	(void)state;
	for (i = 0; i < KINDS; i++)
		for (size = 1; size <= OFFLOAD_TCP_SEGMENT_MIN; size++) {
			join_clear(&b);
			s = *kinds[i];
			s.payload = size;
			join_train(&b, &s, 0, 3);
			coalesce_flush(&b.c);
			if (s.protocol == HEADERS_PROTO_TCP &&
			    size < OFFLOAD_TCP_SEGMENT_MIN) {
				assert_int_equal(b.nout, 3);
				assert_int_equal(b.c.joined, 0);
			} else
				join_expect_super(&b, 0, 0, 3);
			s.payload = OFFLOAD_TCP_SEGMENT_MIN;
			join_train(&b, &s, 0, 2);
			s = join_spec(&s, 2);
			s.payload = 1;
			join_made(&b, &s);
			coalesce_flush(&b.c);
			join_expect_super(&b, b.nout - 1, 3, 3);
		}
}

/* What is foretold happens, and nothing has changed by asking. */
static void
test_join(void **state)
{
	uint8_t frame[2048];
	struct frame_spec s;
	struct offload o = { 0 };
	unsigned i, k, before;
	size_t len;
	bool joined;

	(void)state;
	for (i = 0; i < 2000; i++) {
		join_clear(&b);
		b.c.has_udp = frame_random_below(8) != 0;
		s = *kinds[i % KINDS];
		s.payload = 20;
		join_train(&b, &s, 0, frame_random_below(3));
		before = b.nout;
		k = b.nin;
		s = join_spec(&s, k);
		s.tos ^= frame_random_below(4) == 0;
		s.payload = 19 + frame_random_below(3);
		if (frame_random_below(4) == 0)
			s.tcp_flags |= TCP_PSH;
		if (s.protocol == HEADERS_PROTO_TCP &&
		    frame_random_below(8) == 0)
			s.tcp_flags |= TCP_FIN;
		len = frame_make(frame, &s);
		if (frame_random_below(8) == 0)
			frame[len - 1] ^= 1;
		if (frame_random_below(8) == 0)
			frame[12] ^= 1;
		joined = coalesce_join(&b.c, frame, len, &o);
		if (!joined) {
			assert_int_equal(b.nout, before);
			join_raw(&b, frame, len, &o);
		}
		coalesce_flush(&b.c);
		assert_int_equal(b.c.joined, joined ? k + 1 :
		    k == 2 && (s.protocol == HEADERS_PROTO_TCP ||
		    b.c.has_udp) ? 2 : 0);
	}
}

int
main(void)
{
#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_cut_and_joined),
		TEST(test_joined_and_cut),
		TEST(test_short_segments),
		TEST(test_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
