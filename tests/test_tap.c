/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* The wrappers of a device and its counters, over a pair in memory. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/uio.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tun/offload.h"
#include "tun/tap.h"

/* More frames than any ring holds. */
#define MANY	100000

static struct tap *a, *b;
static uint8_t storage[TAP_HEADROOM + TAP_FRAME_MAX + 1];
static uint8_t *const frame = storage + TAP_HEADROOM;

static int
set_up(void **state)
{
	(void)state;
	a = b = NULL;
	memset(storage, 0, sizeof(storage));
	return tap_memory_pair(&a, &b);
}

static int
tear_down(void **state)
{
	(void)state;
	tap_close(a);
	tap_close(b);
	return 0;
}

static void
assert_stats(const struct tap *t, uint64_t received, uint64_t sent,
    uint64_t dropped_in, uint64_t dropped_out)
{
	const struct tap_stats *s = tap_stats(t);

	assert_int_equal(s->received, received);
	assert_int_equal(s->sent, sent);
	assert_int_equal(s->dropped_in, dropped_in);
	assert_int_equal(s->dropped_out, dropped_out);
}

/* Send len bytes of which the last is a mark. */
static int
send_marked(struct tap *t, size_t len, uint8_t mark)
{
	memset(frame, 0, len);
	if (len > 0)
		frame[len - 1] = mark;
	return tap_send(t, frame, len);
}

static void
test_properties(void **state)
{
	(void)state;
	assert_string_not_equal(tap_name(a), tap_name(b));
	assert_int_equal(tap_mode(a), TAP_ETHERNET);
	assert_int_equal(tap_read_fd(a), -1);
	assert_int_equal(tap_write_fd(b), -1);
	assert_stats(a, 0, 0, 0, 0);
	tap_close(NULL);
}

static void
test_frames_keep_order_and_borders(void **state)
{
	size_t len, n;

	(void)state;
	for (n = 0; n < 10; n++)
		assert_int_equal(send_marked(a, 60 + n, (uint8_t)(n + 1)), 0);
	for (n = 0; n < 10; n++) {
		memset(frame, 0xff, 100);
		assert_int_equal(tap_recv(b, frame, TAP_FRAME_MAX, &len), 0);
		assert_int_equal(len, 60 + n);
		assert_int_equal(frame[len - 1], n + 1);
		assert_int_equal(frame[len], 0xff);
	}
	len = 5;
	assert_int_equal(tap_recv(b, frame, TAP_FRAME_MAX, &len),
	    SSHTAP_ERR_AGAIN);
	assert_int_equal(tap_recv(a, frame, TAP_FRAME_MAX, &len),
	    SSHTAP_ERR_AGAIN);
	assert_int_equal(len, 5);
	assert_stats(a, 0, 10, 0, 0);
	assert_stats(b, 10, 0, 0, 0);
}

static void
test_frames_thrown_away(void **state)
{
	size_t len, n;

	(void)state;
	for (n = 0; n < 4; n++)
		assert_int_equal(send_marked(a, 60, (uint8_t)n), 0);
	assert_int_equal(tap_discard(b, 0), 0);
	assert_int_equal(tap_discard(b, 2), 0);
	assert_int_equal(tap_recv(b, frame, TAP_FRAME_MAX, &len), 0);
	assert_int_equal(frame[len - 1], 2);
	assert_int_equal(tap_discard(b, 2), SSHTAP_ERR_AGAIN);
	tap_close(a);
	a = NULL;
	assert_int_equal(tap_discard(b, 2), SSHTAP_ERR_GONE);
}

static void
test_both_ways_at_once(void **state)
{
	size_t len;

	(void)state;
	assert_int_equal(send_marked(a, 14, 1), 0);
	assert_int_equal(send_marked(b, 15, 2), 0);
	assert_int_equal(tap_recv(a, frame, TAP_FRAME_MAX, &len), 0);
	assert_int_equal(len, 15);
	assert_int_equal(frame[14], 2);
	assert_int_equal(tap_recv(b, frame, TAP_FRAME_MAX, &len), 0);
	assert_int_equal(len, 14);
	assert_int_equal(frame[13], 1);
	assert_stats(a, 1, 1, 0, 0);
}

/* Runs round the ring several times, so that a wrong wrap shows. */
static void
test_ring_wraps(void **state)
{
	size_t i, len;

	(void)state;
	for (i = 0; i < 1000; i++) {
		assert_int_equal(send_marked(a, 60, (uint8_t)i), 0);
		assert_int_equal(send_marked(a, 61, (uint8_t)(i + 1)), 0);
		assert_int_equal(tap_recv(b, frame, 100, &len), 0);
		assert_int_equal(len, 60);
		assert_int_equal(frame[59], (uint8_t)i);
		assert_int_equal(tap_recv(b, frame, 100, &len), 0);
		assert_int_equal(len, 61);
		assert_int_equal(frame[60], (uint8_t)(i + 1));
	}
}

static void
test_full_ring_drops_the_newest(void **state)
{
	size_t held, i, len;
	int r = 0;

	(void)state;
	for (held = 0; held < MANY; held++) {
		r = send_marked(a, 60, (uint8_t)held);
		if (r != 0)
			break;
	}
	assert_int_equal(r, SSHTAP_ERR_DROPPED);
	assert_true(held > 1);
	assert_int_equal(send_marked(a, 60, 0xff), SSHTAP_ERR_DROPPED);
	assert_stats(a, 0, held, 0, 2);
	for (i = 0; i < held; i++) {
		assert_int_equal(tap_recv(b, frame, 100, &len), 0);
		assert_int_equal(frame[59], (uint8_t)i);
	}
	assert_int_equal(tap_recv(b, frame, 100, &len), SSHTAP_ERR_AGAIN);
	assert_int_equal(send_marked(a, 60, 1), 0);
	assert_stats(b, held, 0, 0, 0);
}

static void
test_runts_and_giants_are_not_sent(void **state)
{
	size_t len;

	(void)state;
	assert_int_equal(tap_send(a, frame, 0), SSHTAP_ERR_DROPPED);
	assert_int_equal(tap_send(a, frame, TAP_FRAME_MIN - 1),
	    SSHTAP_ERR_DROPPED);
	assert_int_equal(tap_send(a, frame, TAP_FRAME_MAX + 1),
	    SSHTAP_ERR_DROPPED);
	assert_int_equal(tap_send(a, frame, SIZE_MAX), SSHTAP_ERR_DROPPED);
	assert_stats(a, 0, 0, 0, 4);
	assert_int_equal(tap_recv(b, frame, TAP_FRAME_MAX, &len),
	    SSHTAP_ERR_AGAIN);
	assert_int_equal(tap_send(a, frame, TAP_FRAME_MIN), 0);
	assert_int_equal(send_marked(a, TAP_FRAME_MAX, 9), 0);
	assert_int_equal(tap_recv(b, frame, TAP_FRAME_MAX, &len), 0);
	assert_int_equal(len, TAP_FRAME_MIN);
	assert_int_equal(tap_recv(b, frame, TAP_FRAME_MAX, &len), 0);
	assert_int_equal(len, TAP_FRAME_MAX);
	assert_int_equal(frame[TAP_FRAME_MAX - 1], 9);
	assert_stats(a, 0, 2, 0, 4);
}

static void
test_frame_too_long_for_the_caller(void **state)
{
	size_t len = 5;

	(void)state;
	assert_int_equal(send_marked(a, 61, 1), 0);
	assert_int_equal(send_marked(a, 60, 2), 0);
	memset(frame, 0xff, 100);
	assert_int_equal(tap_recv(b, frame, 60, &len), SSHTAP_ERR_DROPPED);
	assert_int_equal(len, 5);
	assert_int_equal(frame[60], 0xff);
	assert_int_equal(tap_recv(b, frame, 60, &len), 0);
	assert_int_equal(len, 60);
	assert_int_equal(frame[59], 2);
	assert_stats(b, 1, 0, 1, 0);
}

static void
test_other_end_closed(void **state)
{
	size_t len;

	(void)state;
	assert_int_equal(send_marked(a, 60, 1), 0);
	tap_close(a);
	a = NULL;
	assert_int_equal(send_marked(b, 60, 1), SSHTAP_ERR_GONE);
	assert_int_equal(tap_recv(b, frame, 100, &len), 0);
	assert_int_equal(tap_recv(b, frame, 100, &len), SSHTAP_ERR_GONE);
	assert_stats(b, 1, 0, 0, 0);
}

static void
test_second_end_closed_first(void **state)
{
	size_t len;

	(void)state;
	tap_close(b);
	b = NULL;
	assert_int_equal(send_marked(a, 60, 1), SSHTAP_ERR_GONE);
	assert_int_equal(tap_recv(a, frame, 100, &len), SSHTAP_ERR_GONE);
}

/* What any device does that has no offload. */

static uint8_t small[TAP_HEADROOM + TAP_SMALL + 1];
static uint8_t large[TAP_HEADROOM + TAP_LARGE];

static int
receive_super(uint8_t *where, size_t *lenp)
{
	static const struct offload none;
	struct offload o;
	int r;

	memset(&o, 0xff, sizeof(o));
	memset(small, 0xee, sizeof(small));
	memset(large, 0xee, sizeof(large));
	r = tap_recv_super(b, small, where, &o, lenp);
	assert_memory_equal(&o, &none, sizeof(o));
	assert_int_equal(small[TAP_SMALL], 0xee);
	return r;
}

static void
test_plain_frames_by_way_of_super(void **state)
{
	size_t len = 5;

	(void)state;
	assert_int_equal(tap_offloads(a), 0);
	assert_false(tap_needs_keeper(a));
	assert_int_equal(receive_super(large, &len), SSHTAP_ERR_AGAIN);
	assert_int_equal(len, 5);
	assert_int_equal(send_marked(a, TAP_FRAME_MIN, 1), 0);
	assert_int_equal(send_marked(a, TAP_SMALL, 2), 0);
	assert_int_equal(send_marked(a, TAP_SMALL + 1, 3), 0);
	assert_int_equal(send_marked(a, TAP_FRAME_MAX, 4), 0);
	assert_int_equal(receive_super(large, &len), 0);
	assert_int_equal(len, TAP_FRAME_MIN);
	assert_int_equal(small[len - 1], 1);
	assert_int_equal(small[len], 0xee);
	assert_int_equal(receive_super(large, &len), 0);
	assert_int_equal(len, TAP_SMALL);
	assert_int_equal(small[len - 1], 2);
	assert_int_equal(receive_super(large, &len), 0);
	assert_int_equal(len, TAP_SMALL + 1);
	assert_int_equal(large[len - 1], 3);
	assert_int_equal(receive_super(large, &len), 0);
	assert_int_equal(len, TAP_FRAME_MAX);
	assert_int_equal(large[len - 1], 4);
	assert_stats(b, 4, 0, 0, 0);
}

static void
test_no_place_for_long_frames(void **state)
{
	size_t len = 5;

	(void)state;
	assert_int_equal(send_marked(a, TAP_SMALL + 1, 1), 0);
	assert_int_equal(send_marked(a, TAP_SMALL, 2), 0);
	assert_int_equal(receive_super(NULL, &len), SSHTAP_ERR_DROPPED);
	assert_int_equal(len, 5);
	assert_int_equal(receive_super(NULL, &len), 0);
	assert_int_equal(len, TAP_SMALL);
	assert_int_equal(small[len - 1], 2);
	assert_stats(b, 1, 0, 1, 0);
}

/* Frames of len bytes in pieces of at most so many. */
static int
send_pieces(const struct offload *o, size_t len, size_t piece)
{
	struct iovec iov[20] = { { .iov_base = NULL } };
	unsigned n = 1;
	size_t at;

	for (at = 0; at < len && n < 20; at += piece)
		iov[n++] = (struct iovec){ .iov_base = frame + at,
		    .iov_len = len - at < piece ? len - at : piece };
	return tap_send_super(a, o, iov, n);
}

static void
test_pieces_are_gathered(void **state)
{
	static const struct {
		size_t len, piece;
	} cases[] = {
		{ TAP_FRAME_MIN, TAP_FRAME_MIN }, { TAP_FRAME_MIN, 13 },
		{ 1514, 100 }, { TAP_SMALL + 1, TAP_SMALL },
		{ TAP_FRAME_MAX, 2000 }, { TAP_FRAME_MAX, TAP_FRAME_MAX },
	};
	static const struct offload none;
	size_t i, len;

	(void)state;
	for (i = 0; i < TAP_FRAME_MAX; i++)
		frame[i] = (uint8_t)(i * 7 + i / 256);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(send_pieces(&none, cases[i].len,
		    cases[i].piece), 0);
		assert_int_equal(tap_recv(b, large, TAP_FRAME_MAX, &len), 0);
		assert_int_equal(len, cases[i].len);
		assert_memory_equal(large, frame, len);
	}
	assert_stats(a, 0, 6, 0, 0);
}

static void
test_super_frames_need_offload(void **state)
{
	static const struct offload none;
	struct offload o = { .flags = OFFLOAD_NEEDS_CSUM };
	size_t len;

	(void)state;
	assert_int_equal(send_pieces(&o, 100, 100), SSHTAP_ERR_DROPPED);
	o = (struct offload){ .gso_type = OFFLOAD_GSO_TCPV4 };
	assert_int_equal(send_pieces(&o, 100, 100), SSHTAP_ERR_DROPPED);
	assert_int_equal(send_pieces(&none, 0, 1), SSHTAP_ERR_DROPPED);
	assert_int_equal(send_pieces(&none, TAP_FRAME_MIN - 1, 10),
	    SSHTAP_ERR_DROPPED);
	assert_int_equal(send_pieces(&none, TAP_FRAME_MAX + 1, 20000),
	    SSHTAP_ERR_DROPPED);
	assert_int_equal(tap_recv(b, frame, TAP_FRAME_MAX, &len),
	    SSHTAP_ERR_AGAIN);
	assert_stats(a, 0, 0, 0, 5);
}

/* What a device in memory has no need of. */
static void
test_nothing_is_pending_or_lost(void **state)
{
	size_t len;

	(void)state;
	assert_false(tap_has_pending(a));
	assert_int_equal(tap_check(a), 0);
	assert_int_equal(send_marked(b, 60, 1), 0);
	assert_int_equal(send_marked(b, 60, 2), 0);
	assert_int_equal(tap_recv(a, frame, TAP_FRAME_MAX, &len), 0);
	assert_false(tap_has_pending(a));
	tap_close(b);
	b = NULL;
	assert_int_equal(tap_check(a), 0);
}

struct request_case {
	struct tap_request rq;
	enum tap_step step;	/* of the fault, or NONE */
	unsigned limit;
};

#define LLADDR(...)	.has_lladdr = true, .lladdr = { __VA_ARGS__ }

static const struct request_case request_cases[] = {
	{ { 0, .mode = TAP_ETHERNET }, 0, 0 },
	{ { TAP_UNIT_MAX, .mode = TAP_POINT_TO_POINT }, 0, 0 },
	{ { TAP_UNIT_ANY, .mode = TAP_ETHERNET, .mtu = TAP_MTU_MIN }, 0, 0 },
	{ { 0, .mode = TAP_ETHERNET, .mtu = TAP_MTU_MAX }, 0, 0 },
	{ { 0, .mode = TAP_ETHERNET, LLADDR(2, 0, 0, 0, 0, 0) }, 0, 0 },
	{ { 0, .mode = TAP_ETHERNET, LLADDR(0, 0, 0, 0, 0, 1) }, 0, 0 },
	{ { -1, .mode = TAP_ETHERNET }, TAP_STEP_REQUEST, TAP_UNIT_MAX },
	{ { TAP_UNIT_MAX + 1, .mode = TAP_ETHERNET }, TAP_STEP_REQUEST,
	    TAP_UNIT_MAX },
	{ { 0, .mode = (enum tap_mode)0 }, TAP_STEP_REQUEST, 0 },
	{ { 0, .mode = (enum tap_mode)3 }, TAP_STEP_REQUEST, 0 },
	{ { 0, .mode = TAP_ETHERNET, .mtu = TAP_MTU_MIN - 1 }, TAP_STEP_MTU,
	    TAP_MTU_MAX },
	{ { 0, .mode = TAP_ETHERNET, .mtu = TAP_MTU_MAX + 1 }, TAP_STEP_MTU,
	    TAP_MTU_MAX },
	{ { 0, .mode = TAP_ETHERNET, LLADDR(0, 0, 0, 0, 0, 0) },
	    TAP_STEP_ADDRESS, 0 },
	{ { 0, .mode = TAP_ETHERNET, LLADDR(1, 0, 0, 0, 0, 1) },
	    TAP_STEP_ADDRESS, 0 },
	{ { 0, .mode = TAP_POINT_TO_POINT, LLADDR(2, 0, 0, 0, 0, 1) },
	    TAP_STEP_ADDRESS, 0 },
};

static void
test_requests_are_judged(void **state)
{
	const struct request_case *c;
	struct tap_fault fault;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(request_cases) / sizeof(*c); i++) {
		c = &request_cases[i];
		memset(&fault, 0xff, sizeof(fault));
		errno = 0;
		assert_int_equal(tap_check_request(&c->rq, &fault),
		    c->step == TAP_STEP_NONE ? 0 : SSHTAP_ERR_SYSTEM);
		if (c->step == TAP_STEP_NONE)
			continue;
		assert_int_equal(fault.step, c->step);
		assert_int_equal(fault.limit, c->limit);
		assert_int_not_equal(fault.error, 0);
		assert_int_equal(fault.error, errno);
		assert_string_equal(fault.name, "");
	}
}

/* Refused before the system is asked for anything, so this needs no root. */
static void
test_open_refuses_nonsense(void **state)
{
	struct tap_request rq = { .unit = -1, .mode = TAP_ETHERNET };
	struct tap_fault fault;
	struct tap *t = NULL;

	(void)state;
	assert_int_equal(tap_open(&rq, &t, &fault), SSHTAP_ERR_SYSTEM);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(fault.step, TAP_STEP_REQUEST);
	assert_null(t);
	assert_int_equal(tap_adopt(-1, -1, TAP_ETHERNET, "tap0", 0, &t),
	    SSHTAP_ERR_ARGUMENT);
	assert_int_equal(tap_adopt(0, 0, TAP_ETHERNET, "0123456789abcdef", 0,
	    &t), SSHTAP_ERR_ARGUMENT);
	assert_null(t);
}

#define TAP_TEST(name)	\
	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TAP_TEST(test_properties),
		TAP_TEST(test_frames_keep_order_and_borders),
		TAP_TEST(test_frames_thrown_away),
		TAP_TEST(test_both_ways_at_once),
		TAP_TEST(test_ring_wraps),
		TAP_TEST(test_full_ring_drops_the_newest),
		TAP_TEST(test_runts_and_giants_are_not_sent),
		TAP_TEST(test_frame_too_long_for_the_caller),
		TAP_TEST(test_other_end_closed),
		TAP_TEST(test_second_end_closed_first),
		TAP_TEST(test_plain_frames_by_way_of_super),
		TAP_TEST(test_no_place_for_long_frames),
		TAP_TEST(test_pieces_are_gathered),
		TAP_TEST(test_super_frames_need_offload),
		TAP_TEST(test_nothing_is_pending_or_lost),
		cmocka_unit_test(test_requests_are_judged),
		cmocka_unit_test(test_open_refuses_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
