/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The order in which frames come out, and which are dropped.  The clock is a
 * number.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>

#include <cmocka.h>

#include "tests/flow_util.h"
#include "tun/headers.h"

static void
assert_waiting(const struct flow_bench *b, unsigned frames, uint32_t bytes)
{
	uint32_t sum = 0;
	unsigned i;

	for (i = 0; i < FLOW_QUEUE_FLOWS; i++)
		sum += b->q.flows[i].bytes;
	assert_int_equal(sum, bytes);
	assert_int_equal(b->q.frames, frames);
	assert_int_equal(b->q.bytes, bytes);
	assert_int_equal(b->pool.small.nfree + b->pool.large.nfree,
	    SMALL + LARGE - frames);
}

static void
assert_dropped(const struct flow_bench *b, uint64_t late, uint64_t full,
    uint64_t marked)
{
	assert_int_equal(b->q.dropped[FLOW_DROP_LATE], late);
	assert_int_equal(b->q.dropped[FLOW_DROP_FULL], full);
	assert_int_equal(b->q.marked, marked);
}

/* === Order === */

static void
test_keeps_the_order_of_a_flow(void **state)
{
	struct flow_bench *b = *state;
	unsigned i;

	assert_null(flow_queue_next(&b->q, b->now));
	for (i = 1; i <= 20; i++)
		assert_int_equal(flow_put(b, 0, 60 + i), i);
	assert_waiting(b, 20, 20 * 60 + 210);
	for (i = 1; i <= 20; i++)
		assert_int_equal(flow_take(b), i);
	assert_int_equal(flow_take(b), 0);
	assert_waiting(b, 0, 0);
	assert_dropped(b, 0, 0, 0);
}

static void
test_new_flows_go_first(void **state)
{
	struct flow_bench *b = *state;
	uint16_t first, second, ping, pong;

	first = flow_put(b, 0, FULL);
	second = flow_put(b, 0, FULL);
	flow_put(b, 0, FULL);
	assert_int_equal(flow_take(b), first);
	ping = flow_put(b, 1, 100);
	pong = flow_put(b, 2, 100);
	assert_int_equal(flow_take(b), ping);
	assert_int_equal(flow_take(b), pong);
	assert_int_equal(flow_take(b), second);
}

/* Though the old one has bytes left of its turn. */
static void
test_new_flows_interrupt(void **state)
{
	struct flow_bench *b = *state;
	uint16_t a;

	flow_put(b, 0, FULL);
	a = flow_put(b, 0, 500);
	flow_put(b, 0, 500);
	flow_take(b);
	assert_int_equal(flow_take(b), a);
	flow_put(b, 1, 100);
	assert_int_equal(flow_take(b), b->id);
	assert_int_equal(flow_take(b), a + 1);
}

/* A flow that was new a moment ago is not new again. */
static void
test_new_once(void **state)
{
	struct flow_bench *b = *state;
	uint16_t a;

	flow_put(b, 0, FULL);
	a = flow_put(b, 0, 500);
	flow_put(b, 0, 500);
	flow_take(b);
	flow_put(b, 1, 100);
	assert_int_equal(flow_take(b), b->id);
	assert_int_equal(flow_take(b), a);
	flow_put(b, 1, 100);
	assert_int_equal(flow_take(b), a + 1);
	assert_int_equal(flow_take(b), b->id);
}

/* One that was new has to leave by way of the old ones. */
static void
test_new_again_takes_turns(void **state)
{
	struct flow_bench *b = *state;
	uint16_t a[3], ping;

	a[0] = flow_put(b, 0, FULL);
	a[1] = flow_put(b, 0, FULL);
	a[2] = flow_put(b, 0, FULL);
	assert_int_equal(flow_take(b), a[0]);
	flow_put(b, 1, 100);
	assert_int_equal(flow_take(b), flow_put(b, 1, 100) - 1);
	/* Its quantum is not used up. */
	assert_int_equal(flow_take(b), b->id);
	assert_int_equal(flow_take(b), a[1]);
	ping = flow_put(b, 1, 100);
	assert_int_equal(flow_take(b), ping);
	assert_int_equal(flow_take(b), a[2]);
}

/* As many bytes, not as many frames. */
static void
test_shares_by_bytes(void **state)
{
	struct flow_bench *b = *state;
	int64_t bytes[2] = { 0, 0 }, difference;
	struct slot *s;
	uint32_t first = UINT32_MAX;
	int i;

	for (i = 0; i < 100; i++)
		flow_put(b, 0, FULL);
	for (i = 0; i < 600; i++)
		flow_put(b, 1, 250);
	for (i = 0; i < 500; i++) {
		assert_non_null(s = flow_queue_next(&b->q, b->now));
		if (first == UINT32_MAX)
			first = s->flow;
		bytes[s->flow == first ? 0 : 1] += s->len;
		flow_sent_all(b, s);
		difference = bytes[0] - bytes[1];
		assert_true(llabs(difference) <= 2 * FULL);
	}
}

/* 60000 bytes are 40 turns' worth. */
static void
test_super_frame_is_paid_for(void **state)
{
	struct flow_bench *b = *state;
	uint16_t super[2];
	unsigned i, n;

	super[0] = flow_put(b, 0, SUPER);
	super[1] = flow_put(b, 0, SUPER);
	assert_int_equal(flow_take(b), super[0]);
	for (i = 0; i < 100; i++)
		flow_put(b, 1, FULL);
	for (n = 0; flow_take(b) != super[1]; n++)
		assert_in_range(n, 0, 99);
	assert_in_range(n, SUPER / FULL, SUPER / FULL + 2);
}

/* What headers cost that are not in the frame. */
static void
test_charge(void **state)
{
	struct flow_bench *b = *state;
	struct slot *s;
	uint16_t last;
	unsigned i, n;

	flow_put(b, 0, 100);
	last = flow_put(b, 0, 100);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	flow_queue_charge(&b->q, s, 10 * FULL);
	assert_int_equal(s->left, 100);
	flow_sent_all(b, s);
	for (i = 0; i < 20; i++)
		flow_put(b, 1, FULL);
	for (n = 0; flow_take(b) != last; n++)
		assert_in_range(n, 0, 19);
	assert_in_range(n, 9, 11);
}

/* A sparse flow that has just been served hides nothing. */
static void
test_wait(void **state)
{
	struct flow_bench *b = *state;

	assert_int_equal(flow_queue_wait_us(&b->q, b->now), 0);
	flow_put(b, 0, FULL);
	flow_put(b, 0, FULL);
	flow_put(b, 0, FULL);
	flow_take(b);
	flow_take(b);
	b->now += 7000;
	flow_put(b, 1, 100);
	assert_int_equal(flow_queue_wait_us(&b->q, b->now), 7000);
	flow_take(b);
	assert_int_equal(flow_queue_wait_us(&b->q, b->now), 7000);
	assert_int_equal(flow_queue_wait_us(&b->q, 0), 0);
	flow_take(b);
	assert_int_equal(flow_queue_wait_us(&b->q, b->now), 0);
}

/* Another flow may come in between, and it is named again after that. */
static void
test_sent_in_parts(void **state)
{
	struct flow_bench *b = *state;
	struct slot *s;
	uint16_t ping;

	flow_put(b, 0, SUPER);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	assert_int_equal(s->left, SUPER);
	flow_queue_sent(&b->q, s, 20000);
	assert_int_equal(s->left, SUPER - 20000);
	assert_waiting(b, 1, SUPER - 20000);
	ping = flow_put(b, 1, 100);
	assert_int_equal(flow_take(b), ping);
	assert_ptr_equal(flow_queue_next(&b->q, b->now), s);
	flow_queue_sent(&b->q, s, 39999);
	assert_ptr_equal(flow_queue_next(&b->q, b->now), s);
	/* More than there is, is all there is. */
	flow_queue_sent(&b->q, s, 20000);
	assert_int_equal(s->left, 0);
	slot_give(&b->pool, s);
	assert_null(flow_queue_next(&b->q, b->now));
	assert_waiting(b, 0, 0);
}

/* For those that are joined: next once, then one after the other. */
static void
test_behind(void **state)
{
	struct flow_bench *b = *state;
	struct slot *s, *behind;

	flow_put(b, 0, 100);
	flow_put(b, 1, 100);
	flow_put(b, 0, 101);
	flow_put(b, 0, 102);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	assert_int_equal(s->len, 100);
	assert_non_null(behind = flow_queue_behind(&b->q, s));
	assert_int_equal(behind->len, 101);
	flow_sent_all(b, s);
	assert_int_equal(flow_queue_behind(&b->q, behind)->len, 102);
	flow_sent_all(b, behind);
	assert_waiting(b, 2, 202);
	assert_int_equal(flow_take(b), 4);
	assert_null(flow_queue_behind(&b->q, flow_queue_next(&b->q, b->now)));
	assert_int_equal(flow_take(b), 2);
}

/* === Too late === */

/* Keep n frames waiting for so long that drops begin; the next one is due. */
static void
make_late(struct flow_bench *b, unsigned n, uint8_t ecn)
{
	unsigned i;

	for (i = 0; i < n; i++)
		flow_put_ecn(b, 0, FULL, ecn);
	b->now += 10 * MS;
	assert_int_not_equal(flow_take(b), 0);
	b->now += 100 * MS;
	assert_dropped(b, 0, 0, 0);
}

static void
test_drops_late_frames(void **state)
{
	struct flow_bench *b = *state;

	make_late(b, 10, 0);
	assert_int_equal(flow_take(b), 3);
	assert_dropped(b, 1, 0, 0);
	assert_waiting(b, 7, 7 * FULL);
	b->now += 99 * MS;
	assert_int_equal(flow_take(b), 4);
	b->now += MS;
	assert_int_equal(flow_take(b), 6);
	assert_dropped(b, 2, 0, 0);
	assert_waiting(b, 4, 4 * FULL);
}

static void
test_marks_instead(void **state)
{
	struct flow_bench *b = *state;
	struct slot *s;

	make_late(b, 10, ECT0);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	assert_int_equal(flow_id(s), 2);
	assert_int_equal(s->frame[TOS_AT], CE);
	assert_int_equal(flow_checksum(s->frame + HEADERS_ETHERNET,
	    IPV4_HEADER), 0);
	assert_dropped(b, 0, 0, 1);
	/* Not twice. */
	b->now += 1000 * MS;
	assert_ptr_equal(flow_queue_next(&b->q, b->now), s);
	assert_dropped(b, 0, 0, 1);
	flow_sent_all(b, s);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	assert_dropped(b, 0, 0, 2);
}

static void
test_asking_again_drops_nothing(void **state)
{
	struct flow_bench *b = *state;
	struct slot *s;
	unsigned i;

	make_late(b, 100, 0);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	assert_dropped(b, 1, 0, 0);
	for (i = 0; i < 100; i++) {
		b->now += 50 * MS;
		assert_ptr_equal(flow_queue_next(&b->q, b->now), s);
	}
	assert_dropped(b, 1, 0, 0);
}

/* A super-frame alone may take longer than the target: what else to send? */
static void
test_last_frame_is_not_dropped(void **state)
{
	struct flow_bench *b = *state;
	unsigned i;

	for (i = 1; i <= 50; i++) {
		flow_put(b, 0, SUPER);
		b->now += 1000 * MS;
		assert_int_equal(flow_take(b), i);
	}
	/* Nor any of a few small ones. */
	for (i = 1; i <= 150; i += 3) {
		flow_put(b, 1, 500);
		flow_put(b, 1, 500);
		flow_put(b, 1, 500);
		b->now += 1000 * MS;
		assert_int_equal(flow_take(b), 50 + i);
		assert_int_equal(flow_take(b), 51 + i);
		assert_int_equal(flow_take(b), 52 + i);
	}
	assert_dropped(b, 0, 0, 0);
	make_late(b, 5, 0);
	b->now += 10000 * MS;
	assert_int_equal(flow_take(b), b->id - 2);
	assert_dropped(b, 1, 0, 0);
	b->now += 10000 * MS;
	assert_int_equal(flow_take(b), b->id);
	assert_dropped(b, 2, 0, 0);
}

/* Nor does a queue grow too old that never holds more than a turn. */
static void
test_few_bytes_are_not_dropped(void **state)
{
	struct flow_bench *b = *state;
	unsigned i;

	for (i = 0; i < 3; i++)
		flow_put(b, 0, 500);
	for (i = 1; i < 50; i++) {
		b->now += 60 * MS;
		assert_int_equal(flow_take(b), i);
		flow_put(b, 0, 500);
	}
	assert_dropped(b, 0, 0, 0);
}

static void
test_begun_frame_is_not_dropped(void **state)
{
	struct flow_bench *b = *state;
	struct slot *s, *behind;

	make_late(b, 10, 0);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	assert_non_null(behind = flow_queue_behind(&b->q, s));
	flow_sent_all(b, s);
	/* Without having been named, as one that is joined. */
	flow_queue_sent(&b->q, behind, 1);
	b->now += 10000 * MS;
	assert_ptr_equal(flow_queue_next(&b->q, b->now), behind);
	assert_dropped(b, 1, 0, 0);
}

static void
test_clock_that_goes_back(void **state)
{
	struct flow_bench *b = *state;
	unsigned i;

	for (i = 0; i < 20; i++)
		flow_put(b, 0, FULL);
	b->now -= 900 * MS;
	for (i = 1; i <= 5; i++) {
		assert_int_equal(flow_take(b), i);
		b->now += 100 * MS;
	}
	assert_dropped(b, 0, 0, 0);
}

/* === No room === */

static void
test_room_is_made_in_the_longest(void **state)
{
	struct flow_bench *b = *state;
	unsigned i;

	/* Few places with many bytes; many places; as many, but one. */
	for (i = 0; i < 300; i++)
		flow_put(b, 0, FULL);
	for (i = 0; i < 351; i++)
		flow_put(b, 1, 60);
	for (i = 0; i < 349; i++)
		flow_put(b, 2, 60);
	assert_int_equal(b->pool.small.nfree, 0);
	flow_queue_make_room(&b->q, SLOT_SMALL);
	assert_int_equal(b->pool.small.nfree, 64);
	assert_dropped(b, 0, 64, 0);
	/* There is room. */
	flow_queue_make_room(&b->q, SLOT_SMALL);
	flow_queue_make_room(&b->q, SLOT_LARGE);
	assert_dropped(b, 0, 64, 0);
	/* Of the front. */
	assert_int_equal(flow_take(b), 1);
	assert_int_equal(flow_take(b), 301 + 64);
}

static void
test_room_of_short_flows(void **state)
{
	struct flow_bench *b = *state;
	struct slot *held[SMALL];
	unsigned i, n = 0;

	for (i = 0; i < 7; i++)
		flow_put(b, 0, 60);
	while ((held[n] = slot_take(&b->pool, SLOT_SMALL)) != NULL)
		n++;
	/* Half, rounded up. */
	flow_queue_make_room(&b->q, SLOT_SMALL);
	assert_int_equal(b->pool.small.nfree, 4);
	while ((held[n] = slot_take(&b->pool, SLOT_SMALL)) != NULL)
		n++;
	flow_queue_make_room(&b->q, SLOT_SMALL);
	while ((held[n] = slot_take(&b->pool, SLOT_SMALL)) != NULL)
		n++;
	flow_queue_make_room(&b->q, SLOT_SMALL);
	assert_dropped(b, 0, 7, 0);
	assert_int_equal(b->pool.small.nfree, 1);
	held[n] = slot_take(&b->pool, SLOT_SMALL);
	/* None waits. */
	flow_queue_make_room(&b->q, SLOT_SMALL);
	assert_int_equal(b->pool.small.nfree, 0);
	assert_dropped(b, 0, 7, 0);
	assert_null(flow_queue_next(&b->q, b->now));
}

static void
test_room_for_super_frames(void **state)
{
	struct flow_bench *b = *state;
	unsigned i, small[2];

	small[0] = flow_put(b, 0, 60);
	for (i = 0; i < LARGE; i++)
		flow_put(b, 0, SUPER);
	small[1] = flow_put(b, 0, 60);
	assert_int_equal(b->pool.large.nfree, 0);
	flow_queue_make_room(&b->q, SLOT_LARGE);
	assert_int_equal(b->pool.large.nfree, 1);
	assert_dropped(b, 0, 1, 0);
	assert_int_equal(flow_take(b), small[0]);
	assert_int_equal(flow_take(b), small[0] + 2);
	for (i = 0; i < 2; i++)
		flow_put(b, 1, SUPER);
	for (i = 0; i < LARGE - 2; i++) {
		flow_queue_make_room(&b->q, SLOT_LARGE);
		flow_put(b, 1, SUPER);
	}
	assert_dropped(b, 0, LARGE - 1, 0);
	while ((i = flow_take(b)) != 0)
		small[0] = i == small[1] ? i : small[0];
	assert_int_equal(small[0], small[1]);
}

static void
test_room_spares_what_is_begun(void **state)
{
	struct flow_bench *b = *state;
	struct slot *s, *held[LARGE];
	unsigned n = 0;

	flow_put(b, 0, SUPER);
	flow_put(b, 0, SUPER);
	while ((held[n] = slot_take(&b->pool, SLOT_LARGE)) != NULL)
		n++;
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	flow_queue_sent(&b->q, s, 1);
	flow_queue_make_room(&b->q, SLOT_LARGE);
	assert_int_equal(b->pool.large.nfree, 1);
	held[n] = slot_take(&b->pool, SLOT_LARGE);
	flow_queue_make_room(&b->q, SLOT_LARGE);
	assert_int_equal(b->pool.large.nfree, 0);
	assert_dropped(b, 0, 1, 0);
	assert_ptr_equal(flow_queue_next(&b->q, b->now), s);
	assert_null(s->next);
	/* The last one has gone: is the end of the flow known? */
	slot_give(&b->pool, held[n]);
	flow_put(b, 0, SUPER);
	assert_ptr_equal(flow_queue_behind(&b->q, s), held[n]);
}

/* Another flow's, or what is behind it in a place of the other size. */
static void
test_room_beside_what_is_begun(void **state)
{
	struct flow_bench *b = *state;
	struct slot *s;

	flow_put(b, 0, SUPER);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	flow_queue_sent(&b->q, s, 1);
	flow_put(b, 1, SUPER);
	while (slot_take(&b->pool, SLOT_LARGE) != NULL)
		continue;
	flow_queue_make_room(&b->q, SLOT_LARGE);
	assert_dropped(b, 0, 1, 0);
	flow_queue_sent(&b->q, s, SUPER - 1);
	flow_put(b, 2, 100);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	assert_int_equal(s->len, 100);
	flow_queue_sent(&b->q, s, 1);
	flow_put(b, 2, SUPER);
	flow_queue_make_room(&b->q, SLOT_LARGE);
	assert_dropped(b, 0, 2, 0);
	assert_ptr_equal(flow_queue_next(&b->q, b->now), s);
}

static void
test_room_in_old_flows(void **state)
{
	struct flow_bench *b = *state;

	flow_put(b, 0, SUPER);
	flow_put(b, 0, SUPER);
	flow_take(b);
	assert_non_null(flow_queue_next(&b->q, b->now));
	assert_null(b->q.new_flows.first);
	while (slot_take(&b->pool, SLOT_LARGE) != NULL)
		continue;
	flow_queue_make_room(&b->q, SLOT_LARGE);
	assert_dropped(b, 0, 1, 0);
}

static void
test_clear(void **state)
{
	struct flow_bench *b = *state;
	struct slot *s;
	unsigned i;

	for (i = 0; i < 100; i++)
		flow_put(b, i % PORTS, 60 + i);
	flow_put(b, 0, SUPER);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	flow_queue_sent(&b->q, s, 1);
	flow_queue_clear(&b->q);
	assert_waiting(b, 0, 0);
	assert_dropped(b, 0, 0, 0);
	assert_null(flow_queue_next(&b->q, b->now));
	flow_put(b, 0, 60);
	assert_int_equal(flow_take(b), b->id);
	flow_queue_clear(&b->q);
}

/* Flows and marks of point-to-point mode, whose headers lie elsewhere. */
static void
test_packets(void **state)
{
	struct flow_bench *b = *state;
	struct slot *s;
	uint16_t first, ping;

	b->q.is_packets = true;
	first = flow_put(b, 0, FULL);
	flow_put(b, 0, FULL);
	assert_int_equal(flow_take(b), first);
	ping = flow_put(b, 1, 100);
	assert_int_equal(flow_take(b), ping);
	assert_int_equal(flow_take(b), first + 1);
	b->id = 0;
	make_late(b, 10, ECT0);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	assert_int_equal(flow_id(s), 2);
	assert_int_equal(s->frame[HEADERS_FAMILY + 1], CE);
	assert_int_equal(flow_checksum(s->frame + HEADERS_FAMILY,
	    IPV4_HEADER), 0);
	assert_dropped(b, 0, 0, 1);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, flow_setup, flow_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_keeps_the_order_of_a_flow),
		TEST(test_new_flows_go_first),
		TEST(test_new_flows_interrupt),
		TEST(test_new_once),
		TEST(test_new_again_takes_turns),
		TEST(test_shares_by_bytes),
		TEST(test_super_frame_is_paid_for),
		TEST(test_charge),
		TEST(test_wait),
		TEST(test_sent_in_parts),
		TEST(test_behind),
		TEST(test_drops_late_frames),
		TEST(test_marks_instead),
		TEST(test_asking_again_drops_nothing),
		TEST(test_last_frame_is_not_dropped),
		TEST(test_few_bytes_are_not_dropped),
		TEST(test_begun_frame_is_not_dropped),
		TEST(test_clock_that_goes_back),
		TEST(test_room_is_made_in_the_longest),
		TEST(test_room_of_short_flows),
		TEST(test_room_for_super_frames),
		TEST(test_room_spares_what_is_begun),
		TEST(test_room_beside_what_is_begun),
		TEST(test_room_in_old_flows),
		TEST(test_clear),
		TEST(test_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
