/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Flow control, against models of the peers there are: an OpenSSH as sender
 * and as receiver, one that has mended its sender, one that counts as the RFC
 * says.  Each run is long enough for an error of 4 bytes a frame to fill the
 * window more than fifteen times.  Credit travels with a delay, so that the
 * two books are never the same at the same time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "channels/chan_window.h"
#include "lib/err.h"
#include "tests/window_util.h"

#define FRAMES		12000000u
#define SMALL		60u

/* A peer as receiver.  Reference: the same, channel_input_data. */
struct receiver {
	uint32_t max, window, consumed, packet_max;
	uint32_t extra;		/* 4 stock, 0 by the RFC */
	uint32_t exceeded;
	uint32_t most_exceeded;
};

static void
receiver_take(struct receiver *p, uint32_t len)
{
	uint32_t cost = len + p->extra;

	assert_true(cost <= p->packet_max);
	if (cost > p->window) {
		p->exceeded += cost - p->window;
		p->window = 0;
		if (p->exceeded > p->most_exceeded)
			p->most_exceeded = p->exceeded;
	} else {
		p->window -= cost;
		p->exceeded = 0;
	}
	p->consumed += cost;
}

static uint32_t
receiver_adjust(struct receiver *p)
{
	uint32_t amount = p->consumed;

	if (amount == 0 || (p->max - p->window <= 3 * p->packet_max &&
	    p->window >= p->max / 2))
		return 0;
	p->window += amount;
	p->consumed = 0;
	return amount;
}

static void
test_stock_sender_stays_flat(void **state)
{
	struct chan_window_in w = window_in(CARRIER_PEER_OPENSSH);
	struct sender s = { .window = WINDOW };
	uint64_t now = 0;

	(void)state;
	assert_int_equal(run_in(&w, &s, FRAMES, SMALL, &now), FRAMES);
	assert_int_equal(s.dropped, 0);
	assert_int_equal(w.book, CHAN_BOOK_PLAIN);
	/* Its window never exceeds what we announced: no drift at all. */
	assert_true(s.window + s.in_flight <= WINDOW);
	assert_true(s.window + s.in_flight + w.owed == WINDOW);
}

/* The silence comes at the worst moment: padded is used up, not yet proven. */
static void
test_idle_stock_sender_survives_wrong_guess(void **state)
{
	struct chan_window_in w = window_in(CARRIER_PEER_OPENSSH);
	struct sender s = { .window = WINDOW };
	uint32_t grant;
	uint64_t now = 0;

	(void)state;
	while (w.padded >= PACKET_MAX)
		assert_int_equal(run_in(&w, &s, 1, SMALL, &now), 1);
	assert_int_equal(w.book, CHAN_BOOK_UNSURE);
	assert_int_equal(chan_window_in_tick(&w, now += 1), 0);
	assert_int_equal(chan_window_in_tick(&w,
	    now += CHAN_WINDOW_QUIET_MS - 1), 0);
	grant = chan_window_in_tick(&w, now += 1);
	assert_true(grant > 0 && grant <= WINDOW);
	sender_credit(&s, grant);
	assert_int_equal(run_in(&w, &s, FRAMES, SMALL, &now), FRAMES);
	assert_true((uint64_t)s.window + s.in_flight <=
	    2 * (uint64_t)WINDOW + 4 * (uint64_t)FRAMES);
}

static void
test_mended_sender_is_unstuck_once(void **state)
{
	struct chan_window_in w = window_in(CARRIER_PEER_OPENSSH);
	struct sender s = { .window = WINDOW, .extra = 4 };
	uint64_t now = 0, sent;

	(void)state;
	sent = run_in(&w, &s, FRAMES, SMALL, &now);
	assert_int_equal(w.book, CHAN_BOOK_UNSURE);
	assert_int_equal(w.extra, 4);
	/* One silence of a second, here 100 tries a millisecond. */
	assert_true(s.dropped > 0);
	assert_true(s.dropped < 100 * (CHAN_WINDOW_QUIET_MS + 10));
	assert_int_equal(sent + s.dropped, FRAMES);
	s.dropped = 0;
	assert_int_equal(run_in(&w, &s, FRAMES, SMALL, &now), FRAMES);
	assert_int_equal(s.dropped, 0);
}

static void
test_own_sender_stays_flat(void **state)
{
	struct chan_window_in w = window_in(CARRIER_PEER_SSHTAP);
	struct chan_window_out o;
	uint32_t flight = 0, amount;
	uint64_t i;

	(void)state;
	chan_window_out_init(&o, WINDOW, PACKET_MAX, CHAN_WINDOW_OWN);
	for (i = 0; i < FRAMES; i++) {
		if (i % DELAY == 0) {
			chan_window_out_adjust(&o, flight);
			flight = 0;
		}
		assert_int_equal(chan_window_out_frame(&o, 32764), 32764);
		assert_int_equal(chan_window_out_debit(&o, SMALL), 0);
		assert_int_equal(chan_window_in_debit(&w, SMALL), 0);
		chan_window_in_credit(&w, SMALL);
		amount = chan_window_in_due(&w);
		flight += amount;
	}
	assert_int_equal(o.left + flight + w.owed, WINDOW);
	assert_int_equal(o.peak, WINDOW);
}

/* AsyncSSH and whoever counts like it. */
static void
test_plain_unknown_sender(void **state)
{
	struct chan_window_in w = window_in(CARRIER_PEER_OTHER);
	struct sender s = { .window = WINDOW };
	uint64_t now = 0;

	(void)state;
	assert_int_equal(run_in(&w, &s, FRAMES, SMALL, &now), FRAMES);
	assert_int_equal(s.dropped, 0);
}

static void
test_padded_unknown_sender(void **state)
{
	struct chan_window_in w = window_in(CARRIER_PEER_OTHER);
	struct sender s = { .window = WINDOW, .extra = 4 };
	uint64_t now = 0;

	(void)state;
	assert_int_equal(run_in(&w, &s, FRAMES, SMALL, &now), FRAMES);
	assert_int_equal(s.dropped, 0);
}

/* Put an unknown peer just below the cap and see both kinds pass it. */
static void
test_cap_finds_out_plain(void **state)
{
	struct chan_window_in w = window_in(CARRIER_PEER_OTHER);
	struct sender s = { .window = WINDOW };
	uint32_t jump = (uint32_t)CHAN_WINDOW_CAP - WINDOW - 4000000;
	uint64_t now = 0;

	(void)state;
	w.plain += jump;
	s.window += jump;
	assert_int_equal(run_in(&w, &s, FRAMES, SMALL, &now), FRAMES);
	assert_true((int64_t)s.window + s.in_flight <= CHAN_WINDOW_CAP);
	assert_true(w.plain <= CHAN_WINDOW_CAP);
}

static void
test_cap_does_not_stall_padded(void **state)
{
	struct chan_window_in w = window_in(CARRIER_PEER_OTHER);
	struct sender s = { .window = WINDOW, .extra = 4 };
	uint64_t now = 0;

	(void)state;
	w.plain += CHAN_WINDOW_CAP - WINDOW - 4000000;
	(void)run_in(&w, &s, FRAMES, SMALL, &now);
	assert_true(w.cap > CHAN_WINDOW_CAP);
	assert_true(s.dropped < 100 * (CHAN_WINDOW_QUIET_MS + 10));
	s.dropped = 0;
	assert_int_equal(run_in(&w, &s, FRAMES, SMALL, &now), FRAMES);
}

/* One that is known to debit len + 4 gets it beyond the cap. */
static void
test_cap_is_not_for_own(void **state)
{
	struct chan_window_in w = window_in(CARRIER_PEER_SSHTAP);

	(void)state;
	w.plain = CHAN_WINDOW_CAP;
	assert_int_equal(chan_window_in_debit(&w, SMALL), 0);
	chan_window_in_credit(&w, SMALL);
	assert_int_equal(w.owed, SMALL + 4);
}

/* We send to a peer, as fast as the window allows; frames of all sizes. */
static void
run_out(struct chan_window_out *w, struct receiver *p, uint64_t frames,
    uint32_t fixed)
{
	uint32_t flight = 0, len, seed = 1, waits = 0;
	uint64_t i, since = 0;

	for (i = 0; i < frames; since++) {
		flight += receiver_adjust(p);
		if (since % DELAY == 0) {
			chan_window_out_adjust(w, flight);
			flight = 0;
		}
		seed = seed * 1664525 + 1013904223;
		len = fixed != 0 ? fixed : 14 + (seed >> 8) % 1500;
		if (chan_window_out_frame(w, 32764) < len) {
			assert_true(++waits < 2 * DELAY);
			continue;
		}
		waits = 0;
		assert_int_equal(chan_window_out_debit(w, len), 0);
		receiver_take(p, len);
		i++;
	}
}

static void
test_stock_receiver_never_complains(void **state)
{
	struct receiver p = {
		.max = WINDOW, .window = WINDOW,
		.packet_max = PACKET_MAX, .extra = 4
	};
	struct chan_window_out w;

	(void)state;
	chan_window_out_init(&w, WINDOW, PACKET_MAX,
	    chan_window_rule(CARRIER_PEER_OPENSSH));
	run_out(&w, &p, FRAMES, SMALL);
	run_out(&w, &p, FRAMES / 4, 0);
	assert_int_equal(p.most_exceeded, 0);
	assert_int_equal(w.peak, WINDOW);
}

static void
test_plain_receiver_never_complains(void **state)
{
	struct receiver p = {
		.max = WINDOW, .window = WINDOW,
		.packet_max = PACKET_MAX, .extra = 0
	};
	struct chan_window_out w;

	(void)state;
	chan_window_out_init(&w, WINDOW, PACKET_MAX,
	    chan_window_rule(CARRIER_PEER_OTHER));
	run_out(&w, &p, FRAMES, SMALL);
	run_out(&w, &p, FRAMES / 4, 0);
	assert_int_equal(p.most_exceeded, 0);
	assert_int_equal(w.peak, WINDOW);
}

/* Flood after the warm-up while the receiver's device is down. */
static void
test_flood_after_warm_up_is_harmless(void **state)
{
	struct receiver p = {
		.max = WINDOW, .window = WINDOW,
		.packet_max = PACKET_MAX, .extra = 4
	};
	struct chan_window_out w;

	(void)state;
	chan_window_out_init(&w, WINDOW, PACKET_MAX, CHAN_WINDOW_STOCK);
	run_out(&w, &p, 150000, SMALL);
	while (chan_window_out_frame(&w, 32764) >= 1514) {
		assert_int_equal(chan_window_out_debit(&w, 1514), 0);
		receiver_take(&p, 1514);
	}
	assert_int_equal(p.most_exceeded, 0);
}

/* Stock peers credit at half a window; ours may be of any size. */
static void
test_small_windows_do_not_dead_lock(void **state)
{
	static const uint32_t windows[] = {
		400, 1000, 4096, 10000, 32768, 65536, 100000
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		struct receiver p = {
			.max = windows[i], .window = windows[i],
			.packet_max = PACKET_MAX, .extra = 4
		};
		struct chan_window_out w;

		chan_window_out_init(&w, windows[i], PACKET_MAX,
		    CHAN_WINDOW_STOCK);
		run_out(&w, &p, 5000, SMALL);
		assert_int_equal(p.most_exceeded, 0);
	}
}

static void
test_frame_room_at_its_limits(void **state)
{
	struct chan_window_out w;

	(void)state;
	chan_window_out_init(&w, WINDOW, PACKET_MAX, CHAN_WINDOW_STOCK);
	assert_int_equal(chan_window_out_frame(&w, 32764), 32764);
	w.left = 32768;
	assert_int_equal(chan_window_out_frame(&w, 32764), 32764);
	w.left = 32767;
	assert_int_equal(chan_window_out_frame(&w, 32764), 0);
	chan_window_out_init(&w, WINDOW, 1000, CHAN_WINDOW_STOCK);
	assert_int_equal(chan_window_out_frame(&w, 32764), 996);
	chan_window_out_init(&w, WINDOW, 1000, CHAN_WINDOW_UNKNOWN);
	assert_int_equal(chan_window_out_frame(&w, 32764), 1000);
	chan_window_out_init(&w, WINDOW, 4, CHAN_WINDOW_STOCK);
	assert_int_equal(chan_window_out_frame(&w, 32764), 0);
	chan_window_out_init(&w, 0, PACKET_MAX, CHAN_WINDOW_STOCK);
	assert_int_equal(chan_window_out_frame(&w, 32764), 0);
	chan_window_out_adjust(&w, 10000);
	assert_int_equal(chan_window_out_frame(&w, 32764), 9996);
}

static void
test_out_debit_at_its_limits(void **state)
{
	struct chan_window_out w;

	(void)state;
	chan_window_out_init(&w, 100, PACKET_MAX, CHAN_WINDOW_OWN);
	assert_int_equal(chan_window_out_debit(&w, 97), SSHTAP_ERR_WINDOW);
	assert_int_equal(chan_window_out_debit(&w, SIZE_MAX),
	    SSHTAP_ERR_WINDOW);
	assert_int_equal(w.left, 100);
	assert_int_equal(chan_window_out_debit(&w, 96), 0);
	assert_int_equal(w.left, 0);
	assert_int_equal(chan_window_out_debit(&w, 0), SSHTAP_ERR_WINDOW);
}

static void
test_adjust_clamps(void **state)
{
	struct chan_window_out w;

	(void)state;
	chan_window_out_init(&w, 100, PACKET_MAX, CHAN_WINDOW_STREAM);
	chan_window_out_adjust(&w, UINT32_MAX - 100);
	assert_int_equal(w.left, UINT32_MAX);
	chan_window_out_adjust(&w, 1);
	assert_int_equal(w.left, UINT32_MAX);
	chan_window_out_adjust(&w, UINT32_MAX);
	assert_int_equal(w.left, UINT32_MAX);
	assert_int_equal(chan_window_out_bytes(&w), PACKET_MAX);
}

static void
test_over_sending_is_tolerated_to_a_tenth(void **state)
{
	struct chan_window_in w;

	(void)state;
	chan_window_in_init(&w, 1000, PACKET_MAX, CHAN_WINDOW_STREAM);
	assert_int_equal(chan_window_in_debit(&w, 1000), 0);
	assert_int_equal(chan_window_in_debit(&w, 60), SSHTAP_ERR_DROPPED);
	assert_int_equal(chan_window_in_debit(&w, 40), SSHTAP_ERR_DROPPED);
	assert_int_equal(chan_window_in_debit(&w, 1), SSHTAP_ERR_PROTOCOL);
	/* What is dropped is not credited, and credit ends the excess. */
	assert_int_equal(chan_window_in_pending(&w), 1000);
	chan_window_in_credit(&w, 1000);
	assert_int_equal(chan_window_in_due(&w), 1000);
	assert_int_equal(chan_window_in_debit(&w, 1000), 0);
	assert_int_equal(chan_window_in_debit(&w, 100), SSHTAP_ERR_DROPPED);
	assert_int_equal(chan_window_in_debit(&w, SIZE_MAX / 4),
	    SSHTAP_ERR_PROTOCOL);
}

static void
test_credit_comes_in_eighths(void **state)
{
	struct chan_window_in w;

	(void)state;
	chan_window_in_init(&w, 800, PACKET_MAX, CHAN_WINDOW_STREAM);
	assert_int_equal(chan_window_in_debit(&w, 500), 0);
	assert_int_equal(chan_window_in_due(&w), 0);
	chan_window_in_credit(&w, 99);
	assert_int_equal(chan_window_in_due(&w), 0);
	chan_window_in_credit(&w, 1);
	assert_int_equal(chan_window_in_due(&w), 100);
	assert_int_equal(chan_window_in_due(&w), 0);
	assert_int_equal(chan_window_in_pending(&w), 400);
}

static void
test_tick_leaves_the_others_alone(void **state)
{
	static const enum chan_window_rule rules[] = {
		CHAN_WINDOW_STREAM, CHAN_WINDOW_OWN
	};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct chan_window_in w;

		chan_window_in_init(&w, 1000, PACKET_MAX, rules[i]);
		assert_int_equal(chan_window_in_debit(&w, 990), 0);
		assert_int_equal(chan_window_in_tick(&w, 0), 0);
		assert_int_equal(chan_window_in_tick(&w, 100000), 0);
	}
}

/* A stock peer slows down when much waits in it. */
static void
test_out_limit(void **state)
{
	struct chan_window_out w;
	unsigned n;

	(void)state;
	chan_window_out_init(&w, 2097152, 32768, CHAN_WINDOW_STOCK);
	chan_window_out_limit(&w, 100000);
	for (n = 0; chan_window_out_frame(&w, 32764) > 0; n++)
		assert_int_equal(chan_window_out_debit(&w, 1514), 0);
	assert_int_equal(n, 66);	/* the first that makes 100000 */
	chan_window_out_adjust(&w, 188);
	assert_int_equal(chan_window_out_frame(&w, 32764), 0);
	chan_window_out_adjust(&w, 1);
	assert_int_equal(chan_window_out_frame(&w, 32764), 32764);
	chan_window_out_limit(&w, 0);
	assert_int_equal(chan_window_out_frame(&w, 32764), 0);
	chan_window_out_limit(&w, UINT32_MAX);
	assert_int_equal(chan_window_out_frame(&w, 32764), 32764);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stock_sender_stays_flat),
		cmocka_unit_test(test_idle_stock_sender_survives_wrong_guess),
		cmocka_unit_test(test_mended_sender_is_unstuck_once),
		cmocka_unit_test(test_own_sender_stays_flat),
		cmocka_unit_test(test_plain_unknown_sender),
		cmocka_unit_test(test_padded_unknown_sender),
		cmocka_unit_test(test_cap_finds_out_plain),
		cmocka_unit_test(test_cap_does_not_stall_padded),
		cmocka_unit_test(test_cap_is_not_for_own),
		cmocka_unit_test(test_stock_receiver_never_complains),
		cmocka_unit_test(test_plain_receiver_never_complains),
		cmocka_unit_test(test_flood_after_warm_up_is_harmless),
		cmocka_unit_test(test_small_windows_do_not_dead_lock),
		cmocka_unit_test(test_frame_room_at_its_limits),
		cmocka_unit_test(test_out_debit_at_its_limits),
		cmocka_unit_test(test_adjust_clamps),
		cmocka_unit_test(test_over_sending_is_tolerated_to_a_tenth),
		cmocka_unit_test(test_credit_comes_in_eighths),
		cmocka_unit_test(test_tick_leaves_the_others_alone),
		cmocka_unit_test(test_out_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
