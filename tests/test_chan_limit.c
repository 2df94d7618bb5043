/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A window that is kept smaller than it was announced, against models of the
 * peers there are: none may have more than the limit, and none get stuck.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "channels/chan_window.h"
#include "tests/window_util.h"

#define SMALL	60u

/* The limits that are tried, and what is left of them for those frames. */
static const uint32_t limits[] = { 0, 6072, 8000, 20000, 100000, 1000000 };
#define LIMITS		(sizeof(limits) / sizeof(limits[0]))

static uint32_t
least(uint32_t limit, uint32_t longest)
{
	uint32_t n = 4 * ((longest > 1514 ? longest : 1514) + 4);

	return limit > n ? limit : n;
}

/*
 * A window that is kept small, with one that sends whenever it can.  It must
 * never have more than the limit, and never wait longer than a silence takes.
 */
static void
check_limited(enum carrier_peer peer, uint32_t extra, uint32_t len,
    uint32_t limit)
{
	struct chan_window_in w = window_in(peer);
	struct sender s = { .window = WINDOW, .extra = extra };
	uint64_t now = 0, sent, all = 0;
	uint32_t i, silent = 0;

	chan_window_in_limit(&w, limit);
	limit = least(limit, peer == CARRIER_PEER_OPENSSH ? len : PACKET_MAX);
	for (i = 0; i < 40000; i++) {
		sent = run_in(&w, &s, 100, len, &now);
		/* A grant takes 97 tries; a guess is put right by silence. */
		silent = sent == 0 ? silent + 1 : 0;
		assert_true(silent < CHAN_WINDOW_QUIET_MS + 3);
		all += sent;
		if (all > 2 * (WINDOW / len) + limit)
			assert_true(s.window + s.in_flight <= limit);
	}
	/* As much as fits a window each time, with few pauses. */
	sent = limit / len < 100 ? limit / len / 2 : 50;
	assert_true(all > sent * (40000 - 12 * CHAN_WINDOW_QUIET_MS));
}

static void
test_limited_stock_sender(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < LIMITS; i++) {
		check_limited(CARRIER_PEER_OPENSSH, 0, 60, limits[i]);
		check_limited(CARRIER_PEER_OPENSSH, 0, 1514, limits[i]);
		check_limited(CARRIER_PEER_OPENSSH, 0, 16384, limits[i]);
	}
}

static void
test_limited_mended_sender(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < LIMITS; i++) {
		check_limited(CARRIER_PEER_OPENSSH, 4, 60, limits[i]);
		check_limited(CARRIER_PEER_OPENSSH, 4, 1514, limits[i]);
	}
}

static void
test_limited_unknown_sender(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < LIMITS; i++) {
		check_limited(CARRIER_PEER_OTHER, 0, 60, limits[i]);
		check_limited(CARRIER_PEER_OTHER, 0, 16384, limits[i]);
		check_limited(CARRIER_PEER_OTHER, 4, 60, limits[i]);
		check_limited(CARRIER_PEER_OTHER, 4, 1514, limits[i]);
	}
}

/* One of ours waits for its longest frame, which must not be for ever. */
static void
test_limited_own_sender(void **state)
{
	struct chan_window_out o;
	struct chan_window_in w;
	uint32_t most, i, flight;
	size_t k;

	(void)state;
	for (k = 0; k < 2 * LIMITS; k++) {
		w = window_in(CARRIER_PEER_SSHTAP);
		chan_window_out_init(&o, WINDOW, PACKET_MAX, CHAN_WINDOW_OWN);
		most = k % 2 == 0 ? 32764 : 65563;
		if (k % 2 != 0)
			chan_window_in_expect(&w, most);
		chan_window_in_limit(&w, limits[k / 2]);
		for (i = flight = 0; i < 300000; i++) {
			chan_window_out_adjust(&o, flight);
			assert_true(chan_window_out_large(&o, most) > 0);
			assert_int_equal(chan_window_out_debit(&o, SMALL), 0);
			assert_int_equal(chan_window_in_debit(&w, SMALL), 0);
			chan_window_in_credit(&w, SMALL);
			flight = chan_window_in_due(&w);
		}
		assert_true(o.left + flight <= least(limits[k / 2],
		    k % 2 == 0 ? PACKET_MAX : most));
	}
}

/* Down: nothing comes until it has sent so much.  Up: all comes at once. */
static void
test_limit_moves(void **state)
{
	struct chan_window_in w = window_in(CARRIER_PEER_OPENSSH);
	uint32_t used, amount;

	(void)state;
	chan_window_in_limit(&w, 80000);
	for (used = 0; WINDOW - used > 80000 - 80000 / 8; used += 1000) {
		assert_int_equal(chan_window_in_debit(&w, 1000), 0);
		chan_window_in_credit(&w, 1000);
		assert_true(w.plain + w.owed == WINDOW);
		amount = chan_window_in_due(&w);
		if (WINDOW - used - 1000 > 80000 - 80000 / 8)
			assert_int_equal(amount, 0);
		else
			assert_int_equal(amount, 80000 - (WINDOW - used -
			    1000));
	}
	assert_int_equal(w.plain, 80000);
	chan_window_in_limit(&w, 88000);
	assert_int_equal(chan_window_in_due(&w), 0);
	chan_window_in_limit(&w, 100000);
	assert_int_equal(chan_window_in_due(&w), 20000);
	chan_window_in_limit(&w, 50000);
	assert_int_equal(chan_window_in_due(&w), 0);
	chan_window_in_limit(&w, UINT32_MAX);
	assert_int_equal(chan_window_in_due(&w), WINDOW - 100000);
	assert_int_equal(w.owed, 0);
}

/* A silence that is nothing but that draws no conclusion. */
static void
test_idle_sender_keeps_its_limit(void **state)
{
	struct chan_window_in w = window_in(CARRIER_PEER_OPENSSH);
	struct sender s = { .window = WINDOW };
	uint64_t now = 0;
	uint32_t grant;

	(void)state;
	(void)run_in(&w, &s, 1300, 1514, &now);
	chan_window_in_limit(&w, 8000);
	(void)run_in(&w, &s, 2000, 1514, &now);
	assert_int_equal(w.book, CHAN_BOOK_PLAIN);
	w = window_in(CARRIER_PEER_OPENSSH);
	w.plain = 8000;
	w.padded = 7000;
	w.owed = WINDOW - 8000;
	chan_window_in_limit(&w, 8000);
	assert_int_equal(chan_window_in_tick(&w, 1000), 0);
	/* Once, enough for the longest frame there may be. */
	grant = chan_window_in_tick(&w, 2000);
	assert_int_equal(grant, PACKET_MAX + 4 - 8000);
	assert_int_equal(chan_window_in_tick(&w, 3000), 0);
	assert_int_equal(chan_window_in_tick(&w, 9000), 0);
	assert_int_equal(w.book, CHAN_BOOK_UNSURE);
	assert_int_equal(w.extra, 0);
	/* And that is held back again. */
	assert_int_equal(chan_window_in_debit(&w, 24000), 0);
	chan_window_in_credit(&w, 24000);
	assert_int_equal(chan_window_in_due(&w),
	    least(8000, 24000) - (PACKET_MAX + 4 - 24000));
}

/* Stuck since padded is used up: it gets what it may have, not a window. */
static void
test_stuck_sender_keeps_its_limit(void **state)
{
	struct chan_window_in w = window_in(CARRIER_PEER_OPENSSH);

	(void)state;
	chan_window_in_limit(&w, 8000);
	w.plain = 8000;
	w.padded = 1999;
	w.owed = WINDOW - 8000;
	assert_int_equal(chan_window_in_tick(&w, 1000), 0);
	assert_int_equal(chan_window_in_tick(&w, 2000), 8000 - 1999);
	assert_int_equal(w.padded, 8000);
	assert_int_equal(w.owed, WINDOW - 8000);
	assert_int_equal(w.extra, 4);
	/* All of it is still to be had. */
	chan_window_in_limit(&w, WINDOW);
	assert_int_equal(chan_window_in_due(&w), WINDOW - 8000);
	assert_int_equal(w.padded, WINDOW);
}

/*
 * Little traffic with long pauses looks like one that gets stuck now and then:
 * what it may have drifts, slowly, and is put right when there is more.
 */
static void
test_misread_pauses_are_put_right(void **state)
{
	struct chan_window_in w = window_in(CARRIER_PEER_OPENSSH);
	struct sender s = { .window = WINDOW };
	uint64_t now = 0, n;

	(void)state;
	chan_window_in_limit(&w, 8000);
	(void)run_in(&w, &s, 20000, SMALL, &now);
	w.plain = w.padded = s.window = 8000;
	w.owed = WINDOW - 8000;
	w.book = CHAN_BOOK_UNSURE;
	s.in_flight = s.arrives = 0;
	for (n = 0; n < 100000; n++) {
		now += CHAN_WINDOW_QUIET_MS;
		sender_credit(&s, chan_window_in_tick(&w, now));
		now += CHAN_WINDOW_QUIET_MS;
		sender_credit(&s, chan_window_in_tick(&w, now));
		assert_int_equal(run_in(&w, &s, 1, SMALL, &now), 1);
		assert_true(s.window + s.in_flight <= PACKET_MAX + 8000 +
		    4 * n);
	}
	assert_int_equal(w.book, CHAN_BOOK_UNSURE);
	(void)run_in(&w, &s, 500000, SMALL, &now);
	assert_int_equal(w.book, CHAN_BOOK_PLAIN);
	assert_true(s.window + s.in_flight <= 8000);
}

/* A first long frame does not fit; a silence later it does, and ever after. */
static void
test_limit_makes_room_for_long_frames(void **state)
{
	struct chan_window_in w = window_in(CARRIER_PEER_OPENSSH);
	struct sender s = { .window = WINDOW };
	uint64_t now = 0;

	(void)state;
	chan_window_in_limit(&w, 0);
	(void)run_in(&w, &s, 5000, 1514, &now);
	assert_true(s.window + s.in_flight <= 6072);
	assert_int_equal(run_in(&w, &s, 1000, 9014, &now), 0);
	assert_true(run_in(&w, &s, 200000, 9014, &now) > 0);
	assert_true(run_in(&w, &s, 1000, 9014, &now) >= 20);
	assert_true(s.window + s.in_flight <= 4 * 9018);
}

static void
test_limit_beside_small_and_huge_windows(void **state)
{
	struct chan_window_in w;

	(void)state;
	chan_window_in_init(&w, 4000, PACKET_MAX, CHAN_WINDOW_STOCK);
	chan_window_in_limit(&w, 1);
	assert_int_equal(chan_window_in_debit(&w, 1000), 0);
	chan_window_in_credit(&w, 1000);
	assert_int_equal(chan_window_in_due(&w), 1000);
	chan_window_in_init(&w, UINT32_MAX, PACKET_MAX, CHAN_WINDOW_STOCK);
	chan_window_in_expect(&w, UINT32_MAX);
	chan_window_in_limit(&w, 1);
	assert_int_equal(chan_window_in_debit(&w, UINT32_MAX), 0);
	chan_window_in_credit(&w, UINT32_MAX);
	assert_int_equal(chan_window_in_due(&w), UINT32_MAX);
	w.owed = UINT32_MAX - 9;
	chan_window_in_credit(&w, 10);
	assert_int_equal(w.owed, UINT32_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limited_stock_sender),
		cmocka_unit_test(test_limited_mended_sender),
		cmocka_unit_test(test_limited_unknown_sender),
		cmocka_unit_test(test_limited_own_sender),
		cmocka_unit_test(test_limit_moves),
		cmocka_unit_test(test_idle_sender_keeps_its_limit),
		cmocka_unit_test(test_stuck_sender_keeps_its_limit),
		cmocka_unit_test(test_misread_pauses_are_put_right),
		cmocka_unit_test(test_limit_makes_room_for_long_frames),
		cmocka_unit_test(test_limit_beside_small_and_huge_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
