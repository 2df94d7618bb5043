/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Frames of a device that wait for the peer: what goes along with what, in
 * pieces of what size, what overtakes, and what is dropped when.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/out_bench.h"
#include "transport/ssh2.h"
#include "tun/bytes.h"

#define AHEAD		INFLIGHT_AHEAD_MIN
#define FLAG_ACK	0x10

static uint8_t whole[FRAME_ROOM];

/* === A slow path === */

/* A millisecond of it is nothing. */
static void
slow_down(struct out_bench *b)
{
	b->path.out.rate = 125000;
	assert_int_equal(inflight_ahead(&b->path.out), AHEAD);
}

/* The next piece of out_tcp6 in whole; its payload. */
static size_t
expect_piece(struct out_bench *b, size_t at, uint16_t gso_size)
{
	struct frame_spec s = out_tcp6;
	size_t headers = frame_payload(&s);

	out_take(b);
	assert_true(b->is_super);
	assert_true(b->len > headers && b->len <= AHEAD);
	s.payload = b->len - headers;
	assert_int_equal(bytes_u32(b->frame + frame_l4(&s) + 4), s.seq + at);
	assert_memory_equal(b->frame + headers, whole + headers + at,
	    s.payload);
	assert_int_equal(offload_check(&b->o, b->frame, b->len), 0);
	if (s.payload > gso_size)
		assert_int_equal(b->o.gso_size, gso_size);
	return s.payload;
}

static void
test_slow_path_gets_pieces(void **state)
{
	static const uint16_t sizes[] = { 8, 1024, OUT_SEGMENT, 1440, 4090 };
	struct out_bench *b = *state;
	struct offload o;
	size_t i, len, at;

	slow_down(b);
	out_agree(b, CHAN_TUN_TAKES_ALL);
	for (i = 0; i < 5; i++) {
		len = frame_make_super(whole, &out_tcp6, sizes[i], &o);
		out_put(b, whole, len, &o);
		out_send_all(b);
		for (at = 0; at < out_tcp6.payload; )
			at += expect_piece(b, at, sizes[i]);
		out_expect_nothing(b);
		out_assert_stats(b, 0, 0, 0, i + 1, 0);
	}
	/* One that is short enough anyway. */
	len = frame_make_super(whole, &out_udp6, OUT_SEGMENT, &o);
	out_put(b, whole, len, &o);
	out_send_all(b);
	out_expect_super(b, whole, len, &o);
	out_assert_stats(b, 0, 0, 1, 5, 0);
}

/* Segments that are longer than what may go at once go one by one. */
static void
test_slow_path_and_long_segments(void **state)
{
	struct out_bench *b = *state;
	struct offload o;
	size_t len = frame_make_super(whole, &out_tcp6, 9000, &o), at;
	struct frame_spec s = out_tcp6;

	slow_down(b);
	out_agree(b, CHAN_TUN_TAKES_ALL);
	out_put(b, whole, len, &o);
	out_send_all(b);
	for (at = 0; at < out_tcp6.payload; at += s.payload) {
		out_take(b);
		assert_true(b->is_super);
		assert_int_equal(b->o.gso_type, OFFLOAD_GSO_NONE);
		s.payload = b->len - frame_payload(&s);
		assert_true(s.payload == 9000 || at + s.payload ==
		    out_tcp6.payload);
	}
	out_expect_nothing(b);
	out_assert_stats(b, 0, 0, 0, 1, 0);
}

static void
test_overtaking(void **state)
{
	struct out_bench *b = *state;
	struct offload o;
	size_t len = frame_make_super(whole, &out_tcp6, OUT_SEGMENT, &o), at;
	unsigned n;

	slow_down(b);
	out_agree(b, CHAN_TUN_TAKES_ALL);
	out_put(b, whole, len, &o);
	out_put_other(b, 20);
	out_send_all(b);
	at = expect_piece(b, 0, OUT_SEGMENT);
	out_expect_other(b);
	for (n = 1; at < out_tcp6.payload; n++)
		at += expect_piece(b, at, OUT_SEGMENT);
	assert_true(n > 7);
	out_expect_nothing(b);
}

/* === Joining === */

/* One of a row of them; in whole are its bytes. */
static size_t
put_datagram(struct out_bench *b, uint16_t id, size_t payload)
{
	struct frame_spec s = out_udp4;
	size_t len;

	s.id = id;
	s.payload = payload;
	len = frame_make(whole, &s);
	out_put(b, whole, len, NULL);
	return len;
}

static void
expect_joined(struct out_bench *b, size_t payload, uint16_t gso_size)
{
	out_take(b);
	assert_true(b->is_super);
	assert_int_equal(b->len, 42 + payload);
	assert_int_equal(b->o.gso_type, OFFLOAD_GSO_UDP_L4);
	assert_int_equal(b->o.gso_size, gso_size);
	assert_int_equal(offload_check(&b->o, b->frame, b->len), 0);
}

static void
test_datagrams_are_joined(void **state)
{
	struct out_bench *b = *state;
	uint8_t frames[30][200];
	uint16_t i;

	out_agree(b, CHAN_TUN_TAKES_ALL);
	for (i = 0; i < 30; i++) {
		assert_int_equal(put_datagram(b, i, 100), 142);
		memcpy(frames[i], whole, 142);
	}
	out_send_all(b);
	expect_joined(b, 3000, 100);
	for (i = 0; i < 30; i++)
		assert_memory_equal(b->frame + 42 + 100 * (size_t)i,
		    frames[i] + 42, 100);
	out_expect_nothing(b);
	out_assert_stats(b, 0, 0, 0, 0, 30);
	assert_int_equal(b->e.pool.small.nfree, OUT_SMALL);
}

/* Who takes no super-frames of datagrams gets each as it is. */
static void
test_nothing_is_joined(void **state)
{
	static const unsigned takes[] = { 0, CHAN_TUN_TAKES_CSUM,
	    CHAN_TUN_TAKES_CSUM | CHAN_TUN_TAKES_TCP };
	struct out_bench *b = *state;
	uint8_t frames[3][200];
	uint16_t i;
	size_t n;

	for (n = 0; n < 3; n++) {
		out_reopen(b, OUT_WINDOW, OUT_PACKET_MAX);
		out_agree(b, takes[n]);
		for (i = 0; i < 3; i++) {
			(void)put_datagram(b, i, 100);
			memcpy(frames[i], whole, 142);
		}
		out_send_all(b);
		for (i = 0; i < 3; i++)
			out_expect_plain(b, frames[i], 142);
		out_expect_nothing(b);
	}
	out_assert_stats(b, 0, 0, 0, 0, 0);
}

/* A shorter one is the last, a longer one is for another packet. */
static void
test_lengths_of_joined(void **state)
{
	static const size_t lengths[] = { 100, 100, 60, 100, 100, 101, 100 };
	struct out_bench *b = *state;
	uint16_t i;

	out_agree(b, CHAN_TUN_TAKES_ALL);
	for (i = 0; i < 7; i++)
		(void)put_datagram(b, i, lengths[i]);
	out_send_all(b);
	expect_joined(b, 260, 100);
	expect_joined(b, 200, 100);
	expect_joined(b, 201, 101);
	out_expect_nothing(b);
	out_assert_stats(b, 0, 0, 0, 0, 7);
}

/* What has another flow goes by itself, and so does what is broken. */
static void
test_joined_among_others(void **state)
{
	struct out_bench *b = *state;
	size_t len;
	uint8_t bad[200];

	out_agree(b, CHAN_TUN_TAKES_ALL);
	(void)put_datagram(b, 1, 100);
	out_put_number(b, 7, 60);
	(void)put_datagram(b, 2, 100);
	out_put_other(b, 100);
	len = put_datagram(b, 3, 100);
	whole[100] ^= 1;
	out_put(b, whole, len, NULL);
	memcpy(bad, whole, len);
	(void)put_datagram(b, 4, 100);
	(void)put_datagram(b, 5, 100);
	out_send_all(b);
	expect_joined(b, 300, 100);
	out_expect_plain(b, bad, len);
	expect_joined(b, 200, 100);
	out_expect_number(b, 7, 60);
	out_expect_other(b);
	out_expect_nothing(b);
	out_assert_stats(b, 0, 0, 0, 0, 5);
}

static void
test_segments_are_joined(void **state)
{
	struct frame_spec s = out_tcp4;
	struct out_bench *b = *state;
	struct offload o;
	size_t len = 0, i;

	out_agree(b, CHAN_TUN_TAKES_ALL);
	s.payload = 500;
	for (i = 0; i < 10; i++, s.seq += 500) {
		/* With or without a checksum that is there. */
		len = frame_make_super(whole, &s, 0, &o);
		if (i % 2 == 0)
			len = frame_make(whole, &s);
		out_put(b, whole, len, i % 2 == 0 ? NULL : &o);
	}
	out_send_all(b);
	out_take(b);
	assert_true(b->is_super);
	assert_int_equal(b->len, len + 9 * 500);
	assert_int_equal(b->o.gso_type, OFFLOAD_GSO_TCPV4);
	assert_int_equal(b->o.gso_size, 500);
	assert_int_equal(offload_check(&b->o, b->frame, b->len), 0);
	out_expect_nothing(b);
	out_assert_stats(b, 0, 0, 0, 0, 10);
}

/* On a slow path others would wait for it as for any super-frame. */
static void
test_slow_path_joins_less(void **state)
{
	struct out_bench *b = *state;
	size_t payload = 0;
	uint16_t i;

	slow_down(b);
	out_agree(b, CHAN_TUN_TAKES_ALL);
	for (i = 0; i < 40; i++)
		(void)put_datagram(b, i, 1400);
	out_put_other(b, 20);
	out_send_all(b);
	for (i = 0; out_count_sent(b) > 0; i++) {
		out_take(b);
		assert_true(b->len <= AHEAD);
		assert_int_equal(b->is_super, i != 1);
		if (i != 1)
			payload += b->len - 42;
	}
	assert_int_equal(payload, 40 * 1400);
	out_assert_stats(b, 0, 0, 0, 0, 40);
}

/* === No place === */

static void
test_device_keeps_what_has_no_place(void **state)
{
	struct out_bench *b = *state;
	uint16_t i;

	b->side.is_blocked = true;
	for (i = 0; i < OUT_SMALL; i++)
		out_put_number(b, i, 60);
	assert_false(egress_has_place(&b->e, b->now));
	fake_tap_put(&b->device, whole, 60, NULL);
	assert_int_equal(egress_read(&b->e, b->now + 19 * OUT_MS),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(fake_tap_left(&b->device), 1);
	assert_int_equal(egress_send(&b->e, b->now), SSHTAP_ERR_AGAIN);
	b->side.is_blocked = false;
	out_send_all(b);
	for (i = 0; i < OUT_SMALL; i++)
		out_expect_number(b, i, 60);
	assert_true(egress_has_place(&b->e, b->now));
	assert_int_equal(egress_read(&b->e, b->now), 0);
	assert_int_equal(b->e.queue.dropped[FLOW_DROP_FULL], 0);
}

static void
test_late_ones_make_a_place(void **state)
{
	struct out_bench *b = *state;
	unsigned dropped;
	uint16_t i;

	b->side.is_blocked = true;
	for (i = 0; i < OUT_SMALL; i++)
		out_put_number(b, i, 60);
	b->now += 21 * OUT_MS;
	for (; i < OUT_SMALL + 300; i++)
		out_put_number(b, i, 60);
	dropped = (unsigned)b->e.queue.dropped[FLOW_DROP_FULL];
	assert_int_equal(b->e.queue.frames, OUT_SMALL + 300 - dropped);
	assert_true(dropped >= 300 && dropped < OUT_SMALL);
	b->side.is_blocked = false;
	out_send_all(b);
	for (i = (uint16_t)dropped; i < OUT_SMALL + 300; i++)
		out_expect_number(b, i, 60);
	out_expect_nothing(b);
}

static void
test_places_of_super_frames(void **state)
{
	struct out_bench *b = *state;
	uint16_t i;

	b->side.is_blocked = true;
	for (i = 0; i < OUT_LARGE; i++)
		out_put_number(b, i, 3000);
	assert_false(egress_has_place(&b->e, b->now));
	b->now += 21 * OUT_MS;
	for (; i < OUT_LARGE + 5; i++)
		out_put_number(b, i, 3000);
	assert_int_equal(b->e.queue.dropped[FLOW_DROP_FULL], 5);
	b->side.is_blocked = false;
	out_send_all(b);
	for (i = 5; i < OUT_LARGE + 5; i++)
		out_expect_number(b, i, 3000);
	out_expect_nothing(b);
}

/* === Nothing is lost === */

static void
adjust(struct out_bench *b, uint32_t bytes)
{
	const struct chan_msg m = {
		.number = SSH_MSG_CHANNEL_WINDOW_ADJUST,
		.code = bytes
	};

	assert_int_equal(side_inject_msg(&b->side, &m), 0);
}

/*
 * Send, with credit for one message at a time, what is in the queue; each
 * message is credited as it comes.
 */
static unsigned
trickle(struct out_bench *b, unsigned n)
{
	unsigned turns = 0;
	int r;

	while ((r = egress_send(&b->e, b->now)) == SSHTAP_ERR_AGAIN) {
		assert_true(++turns < 10000);
		assert_string_equal(b->side.log, "");
		adjust(b, 100);
		b->side.log[0] = '\0';
		/* Asking does no harm. */
		b->side.is_blocked = turns % 2 == 0;
		(void)egress_send(&b->e, b->now);
		b->side.is_blocked = false;
	}
	assert_int_equal(r, 0);
	assert_int_equal(b->e.queue.frames, 0);
	assert_int_equal(out_count_sent(b), n);
	return turns;
}

/* What is on the verge: 65567 bytes, or nothing is sent. */
#define VERGE		300000

static void
test_window_full(void **state)
{
	struct out_bench *b = *state;
	struct offload o;
	size_t len, i, at;

	out_reopen(b, VERGE, OUT_PACKET_MAX);
	out_agree(b, CHAN_TUN_TAKES_ALL);
	for (i = 0; i < 4; i++)
		out_put_number(b, (uint16_t)i, TAP_FRAME_MAX);
	for (i = 0; i < 4; i++)
		out_put_number(b, (uint16_t)(4 + i), TAP_FRAME_MAX);
	len = frame_make_super(whole, &out_tcp6, OUT_SEGMENT, &o);
	slow_down(b);
	out_put(b, whole, len, &o);
	assert_true(trickle(b, 8 + 9) > 100);
	for (i = 0, at = 0; out_count_sent(b) > 0; ) {
		if (b->side.queue[b->side.first % QUEUE_MAX].p[0] ==
		    SSH_MSG_CHANNEL_DATA)
			out_expect_number(b, (uint16_t)i++, TAP_FRAME_MAX);
		else
			at += expect_piece(b, at, OUT_SEGMENT);
	}
	assert_int_equal(i, 8);
	assert_int_equal(at, out_tcp6.payload);
}

static void
test_window_full_of_segments(void **state)
{
	struct out_bench *b = *state;
	struct offload o;
	size_t len = frame_make_super(whole, &out_tcp6, OUT_SEGMENT, &o);

	out_reopen(b, 16000, OUT_PACKET_MAX);
	out_put(b, whole, len, &o);
	assert_true(trickle(b, 54) > 100);
	out_expect_segments(b, &out_tcp6, whole, OUT_SEGMENT);
	out_assert_stats(b, 0, 0, 0, 1, 0);
}

static void
test_window_full_of_joined(void **state)
{
	struct out_bench *b = *state;
	uint16_t i;

	out_reopen(b, VERGE, OUT_PACKET_MAX);
	out_agree(b, CHAN_TUN_TAKES_ALL);
	for (i = 0; i < 300; i++)
		(void)put_datagram(b, i, 1400);
	assert_true(trickle(b, 7) > 100);
	for (i = 0; i < 6; i++)
		expect_joined(b, 46 * 1400, 1400);
	expect_joined(b, 24 * 1400, 1400);
	out_assert_stats(b, 0, 0, 0, 0, 300);
}

/* A peer that asks for super-frames and has no window for them. */
static void
test_window_too_small(void **state)
{
	struct out_bench *b = *state;
	struct offload o;
	size_t len = frame_make_super(whole, &out_tcp6, OUT_SEGMENT, &o);
	uint16_t i;

	out_reopen(b, 20000, OUT_PACKET_MAX);
	out_agree(b, CHAN_TUN_TAKES_ALL);
	out_put(b, whole, len, &o);
	assert_true(trickle(b, 54) > 100);
	out_expect_segments(b, &out_tcp6, whole, OUT_SEGMENT);
	for (i = 0; i < 60; i++)
		(void)put_datagram(b, i, 1400);
	assert_true(trickle(b, 60) > 100);
	for (i = 0; i < 60; i++) {
		out_take(b);
		assert_false(b->is_super);
		assert_int_equal(bytes_u16(b->frame + 18), i);
	}
	out_assert_stats(b, 0, 0, 0, 1, 0);
}

static void
test_channel_has_ended(void **state)
{
	struct out_bench *b = *state;

	out_put_number(b, 1, 60);
	assert_int_equal(chan_send_eof(b->chan), 0);
	assert_int_equal(egress_send(&b->e, b->now), SSHTAP_ERR_STATE);
	assert_int_equal(egress_waiting(&b->e), 60);
}

/* What could not be sent is not forgotten, whatever it is. */
static void
test_carrier_fails(void **state)
{
	struct out_bench *b = *state;
	struct offload o;
	size_t len;

	out_agree(b, CHAN_TUN_TAKES_ALL);
	b->side.is_broken = true;
	out_put_number(b, 1, 60);
	assert_int_equal(egress_send(&b->e, b->now), SSHTAP_ERR_CRYPTO);
	assert_int_equal(egress_waiting(&b->e), 60);
	b->side.is_broken = false;
	out_send_all(b);
	b->side.is_broken = true;
	(void)put_datagram(b, 1, 100);
	(void)put_datagram(b, 2, 100);
	assert_int_equal(egress_send(&b->e, b->now), SSHTAP_ERR_CRYPTO);
	assert_int_equal(b->e.queue.frames, 2);
	b->side.is_broken = false;
	out_send_all(b);
	b->side.is_broken = true;
	len = frame_make_super(whole, &out_tcp6, OUT_SEGMENT, &o);
	out_put(b, whole, len, &o);
	assert_int_equal(egress_send(&b->e, b->now), SSHTAP_ERR_CRYPTO);
	slow_down(b);
	assert_int_equal(egress_send(&b->e, b->now), SSHTAP_ERR_CRYPTO);
	assert_int_equal(egress_waiting(&b->e), len);
}

static void
test_cleared_twice(void **state)
{
	struct egress untouched = { .tap = NULL };
	struct out_bench *b = *state;
	struct offload o;
	size_t len = frame_make_super(whole, &out_tcp6, OUT_SEGMENT, &o);

	out_put_number(b, 1, TAP_FRAME_MAX + 1);
	out_send_all(b);
	/* Some of it is out. */
	out_reopen(b, 16000, OUT_PACKET_MAX);
	out_put(b, whole, len, &o);
	out_put_number(b, 2, 60);
	assert_int_equal(egress_send(&b->e, b->now), SSHTAP_ERR_AGAIN);
	egress_clear(&b->e);
	assert_int_equal(egress_waiting(&b->e), 0);
	assert_null(b->e.pool.storage);
	out_assert_stats(b, 1, 0, 0, 0, 0);
	egress_clear(&b->e);
	egress_clear(&untouched);
	assert_int_equal(egress_waiting(&untouched), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		OUT(test_slow_path_gets_pieces),
		OUT(test_slow_path_and_long_segments),
		OUT(test_overtaking),
		OUT(test_datagrams_are_joined),
		OUT(test_nothing_is_joined),
		OUT(test_lengths_of_joined),
		OUT(test_joined_among_others),
		OUT(test_segments_are_joined),
		OUT(test_slow_path_joins_less),
		OUT(test_device_keeps_what_has_no_place),
		OUT(test_late_ones_make_a_place),
		OUT(test_places_of_super_frames),
		OUT(test_window_full),
		OUT(test_window_full_of_segments),
		OUT(test_window_full_of_joined),
		OUT(test_window_too_small),
		OUT(test_channel_has_ended),
		OUT(test_carrier_fails),
		OUT(test_cleared_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
