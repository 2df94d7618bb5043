/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The limit on a path that is reckoned: bytes go through a queue at the rate
 * of the bottleneck and are acknowledged a round trip later, in steps of a
 * tenth of a millisecond.  The sender has always more and sends what the
 * limit lets it; most start with one that stands for the window of TCP, which
 * would bound the first moment.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "relay/inflight.h"

#define STEP_US		100
#define STEPS_MAX	300000		/* 30 seconds */
#define SECOND		10000		/* steps of one */
#define MBIT		125000		/* bytes per second of one */

/* Cumulated bytes at the end of each step. */
static double sent[STEPS_MAX], served[STEPS_MAX];

struct path {
	struct inflight f;
	double rate;		/* of the bottleneck */
	unsigned base;		/* steps of a round trip without a queue */
	unsigned others;	/* steps that a queue of others takes */
	bool holds_rate;	/* the best rate is told, as Linux does */
	bool has_minimum;	/* the system keeps the shortest round trip */

	unsigned now;		/* steps */
	unsigned sent_at;	/* of the byte acknowledged last */
	double acked, srtt, min_rtt, told;
	double longest;		/* queue in seconds, since it was set to 0 */
};

static void
path_init(struct path *p, double rate, unsigned base)
{
	memset(p, 0, sizeof(*p));
	inflight_init(&p->f, 0);
	p->rate = rate;
	p->base = base;
	p->holds_rate = true;
	p->has_minimum = true;
}

/* The queue takes what is sent and gives what the bottleneck carries. */
static void
move_bytes(struct path *p)
{
	double before = p->now > 0 ? sent[p->now - 1] : 0;
	double gone = p->now > 0 ? served[p->now - 1] : 0;
	double queue;

	sent[p->now] = before + (double)inflight_room(&p->f,
	    (size_t)(before - p->acked));
	gone += p->rate * STEP_US / 1e6;
	served[p->now] = gone < sent[p->now] ? gone : sent[p->now];
	queue = (sent[p->now] - served[p->now]) / p->rate;
	if (queue > p->longest)
		p->longest = queue;
}

/* What TCP learns from the acknowledgements of this step. */
static void
acknowledge(struct path *p)
{
	unsigned delay = p->base + p->others, window;
	double rtt, rate;

	if (p->now < delay || served[p->now - delay] <= p->acked)
		return;
	p->acked = served[p->now - delay];
	while (sent[p->sent_at] < p->acked)
		p->sent_at++;
	rtt = (double)(p->now - p->sent_at + 1) * STEP_US;
	p->srtt = p->srtt == 0 ? rtt : p->srtt + (rtt - p->srtt) / 8;
	if (p->min_rtt == 0 || rtt < p->min_rtt)
		p->min_rtt = rtt;
	window = p->now - p->sent_at + 10;
	if (window > p->now - delay)
		return;
	rate = (p->acked - served[p->now - delay - window]) /
	    (window * STEP_US / 1e6);
	if (!p->holds_rate || rate > p->told)
		p->told = rate;
}

static void
step(struct path *p)
{
	struct tcp_state t;
	uint64_t now_us = (uint64_t)p->now * STEP_US;

	acknowledge(p);
	if (inflight_is_due(&p->f, now_us)) {
		t = (struct tcp_state){ .rtt_us = (uint32_t)p->srtt,
		    .min_rtt_us = p->has_minimum ? (uint32_t)p->min_rtt : 0,
		    .rate = (uint64_t)p->told };
		inflight_sample(&p->f, &t, now_us);
	}
	move_bytes(p);
	p->now++;
}

/* Some steps; how much of the bottleneck they used. */
static double
run(struct path *p, unsigned steps)
{
	double before = p->now > 0 ? served[p->now - 1] : 0;
	unsigned i;

	assert_true(p->now + steps <= STEPS_MAX);
	p->longest = 0;
	for (i = 0; i < steps; i++)
		step(p);
	return (served[p->now - 1] - before) /
	    (p->rate * steps * STEP_US / 1e6);
}

/* What is left of the first moment, when there is no limit, has gone. */
static void
assert_steady(struct path *p, double longest)
{
	double use = run(p, 5 * SECOND);

	print_message("%.0f Mbit/s, %.1f ms: %.1f %% used, queue up to %.1f "
	    "ms\n", p->rate / MBIT, p->base * STEP_US / 1e3, use * 100,
	    p->longest * 1e3);
	assert_true(use > 0.95);
	assert_true(p->longest < longest);
}

static void
test_steady_short_path(void **state)
{
	struct path p;

	(void)state;
	path_init(&p, 50.0 * MBIT, 2);
	p.f.limit = 1024 * 1024;
	(void)run(&p, 2 * SECOND);
	assert_steady(&p, 0.006);
}

static void
test_steady_long_path(void **state)
{
	struct path p;

	(void)state;
	path_init(&p, 50.0 * MBIT, 400);
	p.f.limit = 1024 * 1024;
	(void)run(&p, 3 * SECOND);
	assert_steady(&p, 0.008);
}

static void
test_rate_rises(void **state)
{
	static const unsigned bases[] = { 2, 400 };
	struct path p;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		path_init(&p, 50.0 * MBIT, bases[i]);
		p.f.limit = 1024 * 1024;
		(void)run(&p, 3 * SECOND);
		p.rate = 500.0 * MBIT;
		(void)run(&p, SECOND);
		assert_true(run(&p, SECOND / 2) > 0.95);
	}
}

static void
test_rate_falls(void **state)
{
	static const unsigned bases[] = { 2, 400 };
	struct path p;
	size_t i, holds;

	(void)state;
	for (i = 0; i < 2; i++) {
		for (holds = 0; holds < 2; holds++) {
			path_init(&p, 500.0 * MBIT, bases[i]);
			p.holds_rate = holds == 1;
			p.f.limit = 4 * 1024 * 1024;
			(void)run(&p, 3 * SECOND);
			p.rate = 50.0 * MBIT;
			(void)run(&p, 2 * SECOND);
			assert_steady(&p, 0.010);
		}
	}
}

/* The route becomes longer by much more than the slack, and stays so. */
static void
test_base_rises(void **state)
{
	struct path p;
	unsigned i;

	(void)state;
	path_init(&p, 50.0 * MBIT, 2);
	p.f.limit = 1024 * 1024;
	(void)run(&p, 2 * SECOND);
	p.others = 400;
	(void)run(&p, 2 * SECOND);
	assert_true(run(&p, SECOND) > 0.95);
	for (i = 0; i < 2; i++)
		assert_true(run(&p, 10 * SECOND) > 0.85);
}

/* And shorter again: what was long is forgotten. */
static void
test_base_falls_again(void **state)
{
	struct path p;

	(void)state;
	path_init(&p, 50.0 * MBIT, 2);
	p.f.limit = 1024 * 1024;
	(void)run(&p, 2 * SECOND);
	p.others = 400;
	(void)run(&p, 5 * SECOND);
	p.others = 0;
	(void)run(&p, 11 * SECOND);
	assert_steady(&p, 0.006);
}

/*
 * What no cut makes shorter is taken as it is, but tried again after ten
 * seconds: it may be our own queue by then.
 */
static void
test_long_is_tried_again(void **state)
{
	struct tcp_state t = { .rtt_us = 20000, .min_rtt_us = 200,
	    .rate = 50 * MBIT };
	const unsigned second = 1000000 / INFLIGHT_SAMPLE_US;
	struct inflight f;
	unsigned i;

	(void)state;
	inflight_init(&f, 0);
	f.limit = 100000;
	for (i = 1; i < 15 * second; i++) {
		(void)inflight_room(&f, f.limit);
		inflight_sample(&f, &t, i * (uint64_t)INFLIGHT_SAMPLE_US);
		if (i == second / 3)
			assert_int_equal(f.limit, INFLIGHT_MIN);
		else if (i == second / 2 || i == 12 * second)
			assert_true(f.limit >= 100000);
		else if (i == 10 * second + 3 * second / 4)
			assert_int_equal(f.limit, INFLIGHT_MIN);
	}
}

static void
test_fast_path_is_not_cut(void **state)
{
	static const unsigned bases[] = { 2, 400 };
	struct path p;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		path_init(&p, 10000.0 * MBIT, bases[i]);
		(void)run(&p, 3 * SECOND);
		assert_true(run(&p, 5 * SECOND) > 0.99);
		assert_true(p.f.limit >= p.rate * p.base * STEP_US / 1e6);
	}
}

/* macOS keeps no shortest round trip. */
static void
test_own_minimum(void **state)
{
	struct path p;

	(void)state;
	path_init(&p, 50.0 * MBIT, 400);
	p.f.limit = 256 * 1024;
	p.has_minimum = false;
	(void)run(&p, 3 * SECOND);
	assert_steady(&p, 0.008);
}

/* The shortest of one window holds through the next, and no longer. */
static void
test_own_minimum_slides(void **state)
{
	struct tcp_state t = { .rtt_us = 1000, .rate = 50 * MBIT };
	const uint64_t window_us = UINT64_C(150000000);
	struct inflight f;
	uint64_t now_us = 1;
	unsigned i;

	(void)state;
	inflight_init(&f, 0);
	f.limit = 1024 * 1024;
	inflight_sample(&f, &t, now_us);
	t.rtt_us = 20000;
	for (i = 0; i < 2; i++) {
		now_us += window_us;
		f.limit = 1024 * 1024;
		assert_int_equal(inflight_room(&f, 1024 * 1024), 0);
		inflight_sample(&f, &t, now_us);
		/* A cut, then none: this is the shortest. */
		if (i == 0)
			assert_int_equal(f.limit, 50 * MBIT / 1000 *
			    (1000 + INFLIGHT_EXTRA_US) / 1000);
		else
			assert_true(f.limit > 1024 * 1024);
	}
}

static void
test_few_bytes_are_not_cut(void **state)
{
	struct tcp_state t = { .rtt_us = 40000, .min_rtt_us = 200,
	    .rate = 1000 };
	struct inflight f;
	unsigned i;

	(void)state;
	inflight_init(&f, 0);
	for (i = 1; i < 1000; i++) {
		assert_int_equal(inflight_room(&f, INFLIGHT_MIN),
		    INFLIGHT_MAX - INFLIGHT_MIN);
		inflight_sample(&f, &t, i * INFLIGHT_SAMPLE_US);
	}
	assert_int_equal(f.limit, INFLIGHT_MAX);
}

static void
test_one_sample(void **state)
{
	struct tcp_state t = { .rtt_us = 200 + INFLIGHT_SLACK_US + 1,
	    .min_rtt_us = 200, .rate = 50 * MBIT };
	const uint64_t cut = 50 * MBIT / 1000 * (200 + INFLIGHT_EXTRA_US) /
	    1000;
	struct inflight f;

	(void)state;
	inflight_init(&f, 0);
	assert_int_equal(inflight_room(&f, 100000), INFLIGHT_MAX - 100000);
	t.rtt_us--;
	inflight_sample(&f, &t, 1);
	assert_int_equal(f.limit, INFLIGHT_MAX);
	t.rtt_us++;
	(void)inflight_room(&f, 100000);
	inflight_sample(&f, &t, 2);
	assert_int_equal(f.limit, cut);
	assert_int_equal(inflight_room(&f, cut - 1), 1);
	assert_int_equal(inflight_room(&f, cut), 0);
	assert_int_equal(inflight_room(&f, SIZE_MAX), 0);
	/* Used, it grows; unused it stays. */
	t.rtt_us = 200;
	inflight_sample(&f, &t, 3);
	assert_int_equal(f.limit, cut + cut / 64 + 128);
	inflight_sample(&f, &t, 4);
	assert_int_equal(f.limit, cut + cut / 64 + 128);
}

/* So many segments have to find the round trip long, without a break. */
static void
test_waits_for_segments(void **state)
{
	struct tcp_state t = { .rtt_us = 200 + INFLIGHT_SLACK_US + 1,
	    .min_rtt_us = 200, .rate = 50 * MBIT, .sent = UINT32_MAX - 20 };
	struct inflight f;
	unsigned i;

	(void)state;
	inflight_init(&f, 50);
	for (i = 1; i < 120; i++) {
		if (i == 40)
			t.rtt_us -= 1;
		if (i == 41)
			t.rtt_us += 1;
		(void)inflight_room(&f, 100000);
		inflight_sample(&f, &t, i * INFLIGHT_SAMPLE_US);
		assert_int_equal(f.limit < INFLIGHT_MAX, i >= 91);
		t.sent++;
	}
}

static void
test_limits(void **state)
{
	struct tcp_state t = { .rtt_us = UINT32_MAX, .min_rtt_us = 1,
	    .rate = 1 };
	struct inflight f;
	unsigned i;

	(void)state;
	inflight_init(&f, 0);
	(void)inflight_room(&f, SIZE_MAX);
	inflight_sample(&f, &t, UINT64_MAX / 2);
	assert_int_equal(f.limit, INFLIGHT_MIN);
	t.rate = UINT64_MAX;
	t.min_rtt_us = UINT32_MAX;
	for (i = 0; i < 10000; i++) {
		(void)inflight_room(&f, INFLIGHT_MAX);
		inflight_sample(&f, &t, UINT64_MAX / 2 + i);
	}
	assert_int_equal(f.limit, INFLIGHT_MAX);
}

static void
test_unknown_changes_nothing(void **state)
{
	struct tcp_state t = { .rtt_us = 50000, .min_rtt_us = 200 };
	struct inflight f;

	(void)state;
	inflight_init(&f, 0);
	(void)inflight_room(&f, INFLIGHT_MAX);
	inflight_sample(&f, &t, 1);
	assert_int_equal(f.limit, INFLIGHT_MAX);
	assert_int_equal(f.rate, 0);
	t.rate = 1000;
	t.rtt_us = 0;
	inflight_sample(&f, &t, 2);
	assert_int_equal(f.limit, INFLIGHT_MAX);
	assert_int_equal(f.rate, 0);
}

static void
test_when_due(void **state)
{
	struct tcp_state t = { .rtt_us = 0 };
	struct inflight f;

	(void)state;
	inflight_init(&f, 0);
	assert_true(inflight_is_due(&f, 0));
	inflight_sample(&f, &t, 100);
	assert_false(inflight_is_due(&f, 100 + INFLIGHT_SAMPLE_US - 1));
	assert_true(inflight_is_due(&f, 100 + INFLIGHT_SAMPLE_US));
}

static void
test_ahead(void **state)
{
	static const struct {
		uint64_t rate;
		size_t ahead;
	} cases[] = {
		{ 0, INFLIGHT_AHEAD_MAX },
		{ 1, INFLIGHT_AHEAD_MIN },
		{ INFLIGHT_AHEAD_MIN * 1000, INFLIGHT_AHEAD_MIN },
		{ 50000000, 50000 },
		{ INFLIGHT_AHEAD_MAX * 1000 + 1000, INFLIGHT_AHEAD_MAX },
		{ UINT64_MAX, INFLIGHT_AHEAD_MAX },
	};
	struct inflight f;
	size_t i;

	(void)state;
	inflight_init(&f, 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.rate = cases[i].rate;
		assert_int_equal(inflight_ahead(&f), cases[i].ahead);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steady_short_path),
		cmocka_unit_test(test_steady_long_path),
		cmocka_unit_test(test_rate_rises),
		cmocka_unit_test(test_rate_falls),
		cmocka_unit_test(test_base_rises),
		cmocka_unit_test(test_base_falls_again),
		cmocka_unit_test(test_long_is_tried_again),
		cmocka_unit_test(test_fast_path_is_not_cut),
		cmocka_unit_test(test_own_minimum),
		cmocka_unit_test(test_own_minimum_slides),
		cmocka_unit_test(test_few_bytes_are_not_cut),
		cmocka_unit_test(test_one_sample),
		cmocka_unit_test(test_waits_for_segments),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_unknown_changes_nothing),
		cmocka_unit_test(test_when_due),
		cmocka_unit_test(test_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
