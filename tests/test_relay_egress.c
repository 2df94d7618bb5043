/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* In which form each frame of a device goes to the peer. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/out_bench.h"
#include "tun/bytes.h"

static uint8_t whole[FRAME_ROOM];

/* === Plain frames === */

static void
test_plain_frames(void **state)
{
	static const size_t sizes[] = { TAP_FRAME_MIN, 60, 1514, TAP_SMALL,
	    TAP_SMALL + 1, TAP_FRAME_MAX };
	struct out_bench *b = *state;
	static uint8_t frames[6][TAP_FRAME_MAX];
	size_t i, sum = 0;

	for (i = 0; i < 6; i++) {
		frame_random_bytes(frames[i], sizes[i]);
		bytes_put_u16(frames[i] + 12, 0x88b5);
		out_put(b, frames[i], sizes[i], NULL);
		sum += sizes[i];
		assert_int_equal(egress_waiting(&b->e), sum);
	}
	out_expect_nothing(b);
	out_send_all(b);
	for (i = 0; i < 6; i++)
		out_expect_plain(b, frames[i], sizes[i]);
	out_expect_nothing(b);
	assert_int_equal(egress_read(&b->e, b->now), SSHTAP_ERR_AGAIN);
	out_assert_stats(b, 0, 0, 0, 0, 0);
}

/* It may be nothing of the kind: what a device without offload hands out. */
static void
test_device_without_offload(void **state)
{
	struct out_bench *b = *state;
	struct fake_tap plain;

	fake_tap_open(&plain, 0);
	b->e.tap = plain.tap;
	memset(whole, 0xaa, TAP_FRAME_MAX + 1);
	fake_tap_put(&plain, whole, 60, NULL);
	fake_tap_put(&plain, whole, TAP_FRAME_MAX, NULL);
	fake_tap_put(&plain, whole, TAP_FRAME_MAX + 1, NULL);
	assert_int_equal(egress_read(&b->e, b->now), 0);
	assert_int_equal(egress_read(&b->e, b->now), 0);
	assert_int_equal(egress_read(&b->e, b->now), SSHTAP_ERR_DROPPED);
	assert_int_equal(egress_read(&b->e, b->now), SSHTAP_ERR_AGAIN);
	plain.is_gone = true;
	assert_int_equal(egress_read(&b->e, b->now), SSHTAP_ERR_GONE);
	out_send_all(b);
	out_expect_plain(b, whole, 60);
	out_expect_plain(b, whole, TAP_FRAME_MAX);
	out_expect_nothing(b);
	fake_tap_close(&plain);
}

static void
test_too_long_for_the_peer(void **state)
{
	struct out_bench *b = *state;
	struct frame_spec s = out_udp4;
	struct offload o;
	size_t len;

	out_put_number(b, 1, TAP_FRAME_MAX + 1);
	out_put_number(b, 2, TAP_LARGE);
	out_put_number(b, 3, TAP_FRAME_MAX);
	out_send_all(b);
	out_expect_number(b, 3, TAP_FRAME_MAX);
	out_expect_nothing(b);
	out_assert_stats(b, 2, 0, 0, 0, 0);
	out_reopen(b, OUT_WINDOW, 1000);
	out_put_number(b, 1, 1000 + 1);
	out_put_number(b, 2, 900);
	/* Of a super-frame its segments count. */
	s.payload = 5000;
	len = frame_make_super(whole, &s, 1000, &o);
	out_put(b, whole, len, &o);
	out_send_all(b);
	out_expect_number(b, 2, 900);
	out_expect_nothing(b);
	out_assert_stats(b, 4, 0, 0, 0, 0);
	len = frame_make_super(whole, &s, 900, &o);
	out_put(b, whole, len, &o);
	out_send_all(b);
	out_expect_segments(b, &s, whole, 900);
	out_expect_nothing(b);
	out_assert_stats(b, 4, 0, 0, 1, 0);
}

/* === A checksum to be filled in === */

static void
test_checksum_is_left_to_the_peer(void **state)
{
	struct out_bench *b = *state;
	struct frame_spec s;
	struct offload o;
	size_t i, len;

	out_agree(b, CHAN_TUN_TAKES_CSUM);
	for (i = 0; i < OUT_KINDS; i++) {
		s = *out_kinds[i];
		s.payload = 1000;
		len = frame_make_super(whole, &s, 0, &o);
		out_put(b, whole, len, &o);
		out_send_all(b);
		out_expect_super(b, whole, len, &o);
		/* One that is longer than any plain one. */
		s.payload = 40000;
		len = frame_make_super(whole, &s, 0, &o);
		out_put(b, whole, len, &o);
		out_send_all(b);
		out_expect_super(b, whole, len, &o);
	}
	out_expect_nothing(b);
	out_assert_stats(b, 0, 0, 0, 0, 0);
}

static void
test_checksum_is_filled_in(void **state)
{
	struct out_bench *b = *state;
	struct frame_spec s;
	struct offload o;
	size_t i, len, at;

	out_agree(b, CHAN_TUN_TAKES_TCP | CHAN_TUN_TAKES_UDP);
	for (i = 0; i < OUT_KINDS; i++) {
		s = *out_kinds[i];
		s.payload = 1001;
		len = frame_make_super(whole, &s, 0, &o);
		out_put(b, whole, len, &o);
		out_send_all(b);
		out_take(b);
		assert_false(b->is_super);
		assert_int_equal(b->len, len);
		assert_true(frame_l4_is_right(b->frame, &s));
		at = (size_t)o.csum_start + o.csum_offset;
		memcpy(whole + at, b->frame + at, 2);
		assert_memory_equal(b->frame, whole, len);
	}
	out_expect_nothing(b);
	out_assert_stats(b, 0, 0, 0, 0, 0);
}

/* Of another protocol: it is filled in here, since the peer would refuse. */
static void
test_checksum_of_another_protocol(void **state)
{
	const struct offload o = { .flags = OFFLOAD_NEEDS_CSUM,
	    .csum_start = 20, .csum_offset = 4 };
	struct out_bench *b = *state;
	uint16_t sum;

	out_agree(b, CHAN_TUN_TAKES_ALL);
	frame_random_bytes(whole, 100);
	bytes_put_u16(whole + 12, 0x88b5);
	out_put(b, whole, 100, &o);
	out_send_all(b);
	sum = (uint16_t)~frame_sum(0, whole + 20, 80);
	bytes_put_u16(whole + 24, sum);
	out_expect_plain(b, whole, 100);
	out_expect_nothing(b);
}

static void
test_malformed_words(void **state)
{
	static const struct offload bad[] = {
		/* The place is outside. */
		{ .flags = 1, .csum_start = 90, .csum_offset = 9 },
		{ .flags = 1, .csum_start = 0xffff, .csum_offset = 0xffff },
		/* No segments, or none of this packet. */
		{ .flags = 1, .gso_type = 1, .gso_size = 10,
		    .csum_start = 34, .csum_offset = 16 },
		{ .flags = 1, .gso_type = 77, .gso_size = 10,
		    .csum_start = 34, .csum_offset = 6 },
		{ .flags = 1, .gso_type = 5, .gso_size = 0,
		    .csum_start = 34, .csum_offset = 6 },
		{ .flags = 1, .gso_type = 5, .gso_size = 10,
		    .csum_start = 35, .csum_offset = 6 },
		{ .flags = 0, .gso_type = 5, .gso_size = 10,
		    .csum_start = 34, .csum_offset = 6 },
	};
	const size_t n = sizeof(bad) / sizeof(bad[0]);
	struct frame_spec s = out_udp4;
	struct out_bench *b = *state;
	size_t i, len;

	s.payload = 58;
	len = frame_make(whole, &s);
	assert_int_equal(len, 100);
	for (i = 0; i < n; i++)
		out_put(b, whole, len, &bad[i]);
	out_send_all(b);
	out_agree(b, CHAN_TUN_TAKES_ALL);
	for (i = 0; i < n; i++)
		out_put(b, whole, len, &bad[i]);
	out_send_all(b);
	out_expect_nothing(b);
	out_assert_stats(b, 0, 2 * n, 0, 0, 0);
	/* All the places are free again. */
	assert_int_equal(b->e.pool.small.nfree, OUT_SMALL);
}

/* === Super-frames === */

static void
test_supers_go_whole(void **state)
{
	struct out_bench *b = *state;
	struct offload o;
	size_t i, len;

	out_agree(b, CHAN_TUN_TAKES_ALL);
	for (i = 0; i < OUT_KINDS; i++) {
		len = frame_make_super(whole, out_kinds[i], OUT_SEGMENT, &o);
		out_put(b, whole, len, &o);
		out_send_all(b);
		out_expect_super(b, whole, len, &o);
	}
	out_expect_nothing(b);
	out_assert_stats(b, 0, 0, OUT_KINDS, 0, 0);
}

/* What no peer needs to know does not go along. */
static void
test_words_are_tidied(void **state)
{
	struct out_bench *b = *state;
	struct offload o, said;
	size_t len = frame_make_super(whole, &out_tcp4, OUT_SEGMENT, &o);

	out_agree(b, CHAN_TUN_TAKES_ALL);
	said = o;
	said.flags |= OFFLOAD_DATA_VALID;
	said.hdr_len = 0;
	out_put(b, whole, len, &said);
	out_send_all(b);
	out_expect_super(b, whole, len, &o);
	len = frame_make(whole, &out_udp6);
	said = (struct offload){ .flags = OFFLOAD_DATA_VALID };
	out_put(b, whole, len, &said);
	out_send_all(b);
	out_expect_plain(b, whole, len);
}

static void
test_supers_are_cut(void **state)
{
	struct out_bench *b = *state;
	struct offload o;
	size_t i, len;

	for (i = 0; i < OUT_KINDS; i++) {
		len = frame_make_super(whole, out_kinds[i], OUT_SEGMENT, &o);
		out_put(b, whole, len, &o);
		out_send_all(b);
		out_expect_segments(b, out_kinds[i], whole, OUT_SEGMENT);
	}
	out_expect_nothing(b);
	out_assert_stats(b, 0, 0, 0, OUT_KINDS, 0);
	assert_int_equal(b->e.pool.large.nfree, OUT_LARGE);
}

static void
test_peer_takes_some_kinds(void **state)
{
	struct out_bench *b = *state;
	struct offload o;
	size_t i, len;

	out_agree(b, CHAN_TUN_TAKES_CSUM | CHAN_TUN_TAKES_TCP);
	for (i = 0; i < OUT_KINDS; i++) {
		len = frame_make_super(whole, out_kinds[i], OUT_SEGMENT, &o);
		out_put(b, whole, len, &o);
		out_send_all(b);
		if (out_kinds[i]->protocol == HEADERS_PROTO_TCP)
			out_expect_super(b, whole, len, &o);
		else
			out_expect_segments(b, out_kinds[i], whole,
			    OUT_SEGMENT);
	}
	out_expect_nothing(b);
	out_assert_stats(b, 0, 0, 2, 2, 0);
}

/* The kernel behind the peer would not look into those, so none does. */
static void
test_odd_ones_are_cut(void **state)
{
	struct out_bench *b = *state;
	struct frame_spec s[] = { out_tcp4, out_tcp4, out_tcp6, out_udp4 };
	struct offload o;
	size_t i, len;

	s[0].tags = 1;
	s[1].options = 8;
	s[2].options = 16;
	s[2].payload = 6000;
	s[3].tags = 2;
	out_agree(b, CHAN_TUN_TAKES_ALL);
	for (i = 0; i < 4; i++) {
		len = frame_make_super(whole, &s[i], OUT_SEGMENT, &o);
		out_put(b, whole, len, &o);
		out_send_all(b);
		out_expect_segments(b, &s[i], whole, OUT_SEGMENT);
	}
	out_expect_nothing(b);
	out_assert_stats(b, 0, 0, 0, 4, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		OUT(test_plain_frames),
		OUT(test_device_without_offload),
		OUT(test_too_long_for_the_peer),
		OUT(test_checksum_is_left_to_the_peer),
		OUT(test_checksum_is_filled_in),
		OUT(test_checksum_of_another_protocol),
		OUT(test_malformed_words),
		OUT(test_supers_go_whole),
		OUT(test_words_are_tidied),
		OUT(test_supers_are_cut),
		OUT(test_peer_takes_some_kinds),
		OUT(test_odd_ones_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
