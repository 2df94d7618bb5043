/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The counting of silent intervals.  Nobody waits: the test looks at the
 * deadline and brings it forward.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <limits.h>
#include <stdbool.h>

#include <cmocka.h>

#include "lib/err.h"
#include "relay/alive.h"

struct bench {
	struct loop *loop;
	struct alive alive;
	unsigned asked, lost;
	uint64_t seconds;
	bool stops;		/* from inside a question */
};

static void
ask(void *ctx)
{
	struct bench *b = ctx;

	b->asked++;
	if (b->stops)
		alive_stop(&b->alive);
}

static void
lost(void *ctx, uint64_t seconds)
{
	struct bench *b = ctx;

	b->lost++;
	b->seconds = seconds;
}

static const struct alive_ops ops = {
	.ask = ask,
	.lost = lost,
};

static int
setup(void **state)
{
	static struct bench b;

	b = (struct bench){ .alive = { .ops = &ops, .ctx = &b } };
	*state = &b;
	if (loop_new(NULL, 0, &b.loop) != 0)
		return -1;
	b.alive.loop = b.loop;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	loop_free(b->loop);
	return 0;
}

static void
expect_deadline(struct bench *b, uint64_t seconds)
{
	assert_true(b->alive.timer.armed);
	assert_int_equal(b->alive.timer.at_ms - loop_now(b->loop),
	    seconds * 1000);
}

/* An interval without a byte. */
static void
be_silent(struct bench *b)
{
	assert_true(b->alive.timer.armed);
	loop_timer_set(b->loop, &b->alive.timer, loop_now(b->loop));
	assert_int_equal(loop_turn(b->loop), 0);
}

static void
test_counts(void **state)
{
	struct bench *b = *state;
	unsigned i;

	alive_start(&b->alive, 15, 3);
	for (i = 1; i <= 3; i++) {
		expect_deadline(b, 15);
		be_silent(b);
		assert_int_equal(b->asked, i);
	}
	assert_int_equal(b->lost, 0);
	be_silent(b);
	assert_int_equal(b->lost, 1);
	assert_int_equal(b->seconds, 60);
	assert_int_equal(b->asked, 3);
	assert_false(b->alive.timer.armed);
}

static void
test_an_answer_starts_anew(void **state)
{
	struct bench *b = *state;
	unsigned i;

	alive_start(&b->alive, 7, 2);
	for (i = 0; i < 5; i++) {
		be_silent(b);
		be_silent(b);
		alive_heard(&b->alive);
		expect_deadline(b, 7);
	}
	assert_int_equal(b->asked, 10);
	be_silent(b);
	be_silent(b);
	assert_int_equal(b->lost, 0);
	be_silent(b);
	assert_int_equal(b->lost, 1);
}

static void
test_no_question_allowed(void **state)
{
	struct bench *b = *state;

	alive_start(&b->alive, 5, 0);
	be_silent(b);
	assert_int_equal(b->asked, 0);
	assert_int_equal(b->lost, 1);
	assert_int_equal(b->seconds, 5);
}

static void
test_off(void **state)
{
	struct bench *b = *state;

	/* Bytes come long before it is started, if ever. */
	alive_heard(&b->alive);
	assert_false(b->alive.timer.armed);
	alive_start(&b->alive, 0, 3);
	assert_false(b->alive.timer.armed);
	alive_heard(&b->alive);
	assert_false(b->alive.timer.armed);
	alive_stop(&b->alive);
}

static void
test_stopped(void **state)
{
	struct bench *b = *state;

	alive_start(&b->alive, 15, 3);
	alive_stop(&b->alive);
	assert_false(b->alive.timer.armed);
	alive_heard(&b->alive);
	assert_false(b->alive.timer.armed);
	/* The question may find out that all is over. */
	b->stops = true;
	alive_start(&b->alive, 15, 3);
	be_silent(b);
	assert_int_equal(b->asked, 1);
	assert_false(b->alive.timer.armed);
}

/* The largest numbers there are in a configuration. */
static void
test_no_overflow(void **state)
{
	struct bench *b = *state;

	alive_start(&b->alive, UINT_MAX, UINT_MAX);
	expect_deadline(b, UINT_MAX);
	b->alive.unanswered = UINT_MAX;
	be_silent(b);
	assert_int_equal(b->lost, 1);
	assert_true(b->seconds == UINT_MAX * (UINT_MAX + UINT64_C(1)));
}

#define ALIVE(t)	cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ALIVE(test_counts),
		ALIVE(test_an_answer_starts_anew),
		ALIVE(test_no_question_allowed),
		ALIVE(test_off),
		ALIVE(test_stopped),
		ALIVE(test_no_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
