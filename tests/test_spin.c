/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Waiting awake, with a clock that moves when the processor is offered to
 * others, and only then.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/spin.h"

#define SOMETHING	7	/* that look returns */

static uint64_t now_us;
static unsigned yield_us, yields, looks, looks_until;

static uint64_t
get_now(void)
{
	return now_us;
}

static void
yield(void)
{
	yields++;
	now_us += yield_us;
}

static int
look(void *ctx)
{
	assert_ptr_equal(ctx, &looks);
	return ++looks >= looks_until ? SOMETHING : 0;
}

/* A wait of its own: offers take that long, look n finds something. */
static int
wait_for(struct spin *s, unsigned offer_us, unsigned n)
{
	yield_us = offer_us;
	looks_until = n;
	yields = looks = 0;
	return spin_wait(s, look, &looks);
}

static void
set_up(struct spin *s, unsigned us)
{
	now_us = 123;
	spin_init(s, us);
	s->now_us = get_now;
	s->yield = yield;
}

static void
test_off(void **state)
{
	struct spin s;

	(void)state;
	set_up(&s, 0);
	assert_int_equal(wait_for(&s, 1, 1), 0);
	assert_int_equal(looks, 0);
	assert_int_equal(yields, 0);
}

static void
test_something_ends_it(void **state)
{
	struct spin s;

	(void)state;
	set_up(&s, 50);
	assert_int_equal(wait_for(&s, 1, 1), SOMETHING);
	assert_int_equal(yields, 0);
	assert_int_equal(wait_for(&s, 1, 20), SOMETHING);
	assert_int_equal(looks, 20);
	assert_int_equal(yields, 19);
}

static void
test_time_ends_it(void **state)
{
	struct spin s;

	(void)state;
	set_up(&s, 50);
	assert_int_equal(wait_for(&s, 5, 1000), 0);
	assert_int_equal(yields, 10);
	assert_int_equal(looks, 11);
	/* An offer may take that long. */
	assert_int_equal(wait_for(&s, SPIN_LATE_US, 1000), 0);
	assert_int_equal(yields, 3);
	assert_int_equal(wait_for(&s, 5, 1000), 0);
	assert_int_equal(yields, 10);
}

/* The processor came back late: one more look, then a pause. */
static void
test_late_makes_a_pause(void **state)
{
	struct spin s;

	(void)state;
	set_up(&s, 50);
	assert_int_equal(wait_for(&s, SPIN_LATE_US + 1, 1000), 0);
	assert_int_equal(yields, 1);
	assert_int_equal(looks, 2);
	now_us += SPIN_REST_MIN_US - 1;
	assert_int_equal(wait_for(&s, 1, 1), 0);
	assert_int_equal(looks, 0);
	now_us++;
	assert_int_equal(wait_for(&s, 1, 1), SOMETHING);
	/* What has come meanwhile is not left to the sleep. */
	assert_int_equal(wait_for(&s, SPIN_LATE_US + 1, 2), SOMETHING);
}

static void
test_pauses_grow(void **state)
{
	uint64_t rest_us = SPIN_REST_MIN_US;
	struct spin s;
	unsigned i;

	(void)state;
	set_up(&s, 50);
	for (i = 0; i < 12; i++) {
		assert_int_equal(wait_for(&s, 1000, 1000), 0);
		assert_int_equal(yields, 1);
		assert_int_equal(s.rest_end_us, now_us + rest_us);
		now_us += rest_us;
		rest_us = 2 * rest_us < SPIN_REST_MAX_US ? 2 * rest_us :
		    SPIN_REST_MAX_US;
	}
	assert_int_equal(rest_us, SPIN_REST_MAX_US);
	/* Once it went well the next one is short again. */
	assert_int_equal(wait_for(&s, 1, 1000), 0);
	assert_int_equal(wait_for(&s, 1000, 1000), 0);
	assert_int_equal(s.rest_end_us, now_us + SPIN_REST_MIN_US);
}

/* The system's own clock and offers, whose times are anything. */
static void
test_real(void **state)
{
	struct spin s;

	(void)state;
	spin_init(&s, 10);
	looks = 0;
	looks_until = 1;
	assert_int_equal(spin_wait(&s, look, &looks), SOMETHING);
	looks = 0;
	looks_until = UINT32_MAX;
	assert_int_equal(spin_wait(&s, look, &looks), 0);
	assert_true(looks > 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_something_ends_it),
		cmocka_unit_test(test_time_ends_it),
		cmocka_unit_test(test_late_makes_a_pause),
		cmocka_unit_test(test_pauses_grow),
		cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
