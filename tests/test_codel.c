/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The control law against its formula, and when drops begin, go on, and stop,
 * of a queue that is only told of.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tun/codel.h"

#define MS		1000u
#define TARGET		(5 * MS)
#define INTERVAL	(100 * MS)
#define LATE		(TARGET + 1)
#define START		1234567u
#define DROPS		7

static const struct codel_limits limits = { TARGET, INTERVAL };

/* 100 ms by the root of count, as a table of square roots has it. */
static void
test_spacing_known(void **state)
{
	static const struct { uint32_t count, us; } cases[] = {
		{ 1, 100000 }, { 2, 70710 }, { 3, 57735 }, { 4, 50000 },
		{ 5, 44721 }, { 6, 40824 }, { 7, 37796 }, { 8, 35355 },
		{ 10, 31622 }, { 16, 25000 }, { 100, 10000 },
		{ 1000, 3162 }, { 10000, 1000 }, { 1000000, 100 },
		{ UINT32_MAX, 1 }
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(codel_spacing(INTERVAL, cases[i].count),
		    cases[i].us);
	assert_int_equal(codel_spacing(UINT32_MAX, 1), UINT32_MAX);
	assert_int_equal(codel_spacing(UINT32_MAX, 4), UINT32_MAX / 2);
	/* Never no time at all. */
	assert_int_equal(codel_spacing(1, 1), 1);
	assert_int_equal(codel_spacing(1, 2), 1);
	assert_int_equal(codel_spacing(10, 1000), 1);
	assert_int_equal(codel_spacing(0, 1), 1);
}

/* The largest r with r * r * count <= interval * interval. */
static void
test_spacing_is_a_root(void **state)
{
	static const uint32_t intervals[] = { 20000, 65535, 100000, 1000000 };
	uint64_t r, square;
	uint32_t count;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
		square = (uint64_t)intervals[i] * intervals[i];
		for (count = 1; count < 100000; count += 1 + count / 97) {
			r = codel_spacing(intervals[i], count);
			assert_true(r * r * count <= square);
			assert_true((r + 1) * (r + 1) * count > square);
		}
	}
}

static void
test_short_waits_are_good(void **state)
{
	struct codel c = { .count = 0 };
	uint64_t t;

	(void)state;
	for (t = START; t < START + 10 * INTERVAL; t += MS)
		assert_false(codel_wants_drop(&c, &limits, TARGET - 1, false,
		    t));
	assert_int_equal(c.first_above_us, 0);
}

/* One packet a millisecond from t on, all late; returns when one is due. */
static uint64_t
run_until_drop(struct codel *c, uint64_t t)
{
	uint64_t end = t + 2 * INTERVAL;

	while (!codel_wants_drop(c, &limits, LATE, false, t)) {
		t += MS;
		assert_true(t < end);
	}
	return t;
}

static void
test_drops_come_closer(void **state)
{
	/*
	 * 100 ms; from the first on 100, 70.7, 57.7, 50, 44.7, 40.8 ms.  What
	 * the next whole one is late is not added up.
	 */
	static const uint64_t wanted[DROPS] = {
		START + 100 * MS, START + 200 * MS, START + 271 * MS,
		START + 329 * MS, START + 379 * MS, START + 424 * MS,
		START + 464 * MS
	};
	struct codel c = { .count = 0 };
	uint64_t t = START;
	int i;

	(void)state;
	for (i = 0; i < DROPS; i++) {
		t = run_until_drop(&c, t);
		assert_true(c.is_dropping);
		assert_int_equal(t, wanted[i]);
		assert_int_equal(c.count, i + 1);
		t += MS;
	}
}

/* Each of these ends it: one that waited little, few left, none. */
static void
test_good_packet_ends_it(void **state)
{
	struct codel c = { .count = 0 };
	uint64_t t;

	(void)state;
	t = run_until_drop(&c, START);
	assert_false(codel_wants_drop(&c, &limits, 0, false, t + MS));
	assert_false(c.is_dropping);
	t += 2 * MS;
	assert_int_equal(run_until_drop(&c, t), t + INTERVAL);
	t += INTERVAL + MS;
	assert_false(codel_wants_drop(&c, &limits, LATE, true, t));
	assert_false(c.is_dropping);
	t += MS;
	assert_int_equal(run_until_drop(&c, t), t + INTERVAL);
	t += INTERVAL + MS;
	codel_note_empty(&c);
	assert_false(c.is_dropping);
	assert_int_equal(run_until_drop(&c, t), t + INTERVAL);
}

static void
test_few_left_are_never_dropped(void **state)
{
	struct codel c = { .count = 0 };
	uint64_t t;

	(void)state;
	for (t = START; t < START + 10 * INTERVAL; t += MS)
		assert_false(codel_wants_drop(&c, &limits, LATE * 100, true,
		    t));
}

/* As many drops a second as it took last time, if that is not long ago. */
static void
test_remembers_its_rate(void **state)
{
	struct codel c = { .count = 0 };
	uint64_t t = START;
	int i;

	(void)state;
	for (i = 0; i < 10; i++)
		t = run_until_drop(&c, t) + MS;
	assert_int_equal(c.count, 10);
	assert_int_equal(c.lastcount, 1);
	assert_false(codel_wants_drop(&c, &limits, 0, false, t));
	t = run_until_drop(&c, t + MS);
	assert_int_equal(c.count, 9);
	assert_int_equal(c.lastcount, 9);
	assert_int_equal(c.drop_next_us, t + 33333);
	/* One drop only: nothing was learnt. */
	assert_false(codel_wants_drop(&c, &limits, 0, false, t + MS));
	t = run_until_drop(&c, t + 2 * MS);
	assert_int_equal(c.count, 1);
}

static void
test_forgets_its_rate(void **state)
{
	struct codel c = { .count = 0 };
	uint64_t t = START;
	int i;

	(void)state;
	for (i = 0; i < 10; i++)
		t = run_until_drop(&c, t) + MS;
	codel_note_empty(&c);
	t = run_until_drop(&c, c.drop_next_us + 15 * INTERVAL);
	assert_int_equal(c.count, 1);
	assert_int_equal(c.drop_next_us, t + INTERVAL);
}

/* After the longest run that can be counted. */
static void
test_count_does_not_wrap(void **state)
{
	struct codel c = { .is_dropping = true, .count = UINT32_MAX,
	    .first_above_us = 1, .drop_next_us = START };

	(void)state;
	assert_true(codel_wants_drop(&c, &limits, LATE, false, START));
	assert_int_equal(c.count, UINT32_MAX);
	assert_true(c.drop_next_us > START);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spacing_known),
		cmocka_unit_test(test_spacing_is_a_root),
		cmocka_unit_test(test_short_waits_are_good),
		cmocka_unit_test(test_drops_come_closer),
		cmocka_unit_test(test_good_packet_ends_it),
		cmocka_unit_test(test_few_left_are_never_dropped),
		cmocka_unit_test(test_remembers_its_rate),
		cmocka_unit_test(test_forgets_its_rate),
		cmocka_unit_test(test_count_does_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
