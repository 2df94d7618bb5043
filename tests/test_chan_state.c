/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The state machine of a channel: the ways through it that the RFC describes,
 * and the properties that must hold in every state.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "channels/chan_state.h"

/* Follow a path; the last state is returned. */
static enum chan_state
walk(enum chan_state state, const enum chan_event *events, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		state = chan_state_next(state, events[i]);
	return state;
}

#define WALK(from, ...) \
	walk(from, (const enum chan_event[]){ __VA_ARGS__ }, \
	    sizeof((const enum chan_event[]){ __VA_ARGS__ }) / \
	    sizeof(enum chan_event))

static void
test_life_from_our_open(void **state)
{
	(void)state;
	assert_int_equal(WALK(CHAN_ST_OPENING, CHAN_EV_CONFIRM_IN,
	    CHAN_EV_DATA_OUT, CHAN_EV_DATA_IN, CHAN_EV_ADJUST_IN,
	    CHAN_EV_REQUEST_OUT, CHAN_EV_REPLY_IN), CHAN_ST_OPEN);
	assert_int_equal(WALK(CHAN_ST_OPENING, CHAN_EV_REFUSE_IN),
	    CHAN_ST_CLOSED);
	assert_int_equal(WALK(CHAN_ST_OPEN, CHAN_EV_EOF_IN,
	    CHAN_EV_REQUEST_IN, CHAN_EV_DATA_OUT, CHAN_EV_EOF_OUT,
	    CHAN_EV_CLOSE_IN, CHAN_EV_CLOSE_OUT), CHAN_ST_CLOSED);
}

static void
test_life_from_their_open(void **state)
{
	(void)state;
	assert_int_equal(WALK(CHAN_ST_ASKED, CHAN_EV_CONFIRM_OUT),
	    CHAN_ST_OPEN);
	assert_int_equal(WALK(CHAN_ST_ASKED, CHAN_EV_REFUSE_OUT),
	    CHAN_ST_CLOSED);
	assert_false(chan_state_allows(CHAN_ST_ASKED, CHAN_EV_DATA_OUT));
	assert_false(chan_state_allows(CHAN_ST_ASKED, CHAN_EV_CLOSE_OUT));
}

static void
test_close_crosses_close(void **state)
{
	(void)state;
	assert_int_equal(WALK(CHAN_ST_OPEN, CHAN_EV_CLOSE_OUT,
	    CHAN_EV_DATA_IN, CHAN_EV_REQUEST_IN, CHAN_EV_ADJUST_IN,
	    CHAN_EV_EOF_IN, CHAN_EV_CLOSE_IN), CHAN_ST_CLOSED);
	assert_int_equal(WALK(CHAN_ST_OPEN, CHAN_EV_CLOSE_OUT,
	    CHAN_EV_EOF_IN, CHAN_EV_DATA_IN), CHAN_ST_NONE);
}

static void
test_abandoned_is_closed_later(void **state)
{
	(void)state;
	assert_int_equal(WALK(CHAN_ST_OPENING, CHAN_EV_CLOSE_OUT),
	    CHAN_ST_ABANDONED);
	assert_int_equal(WALK(CHAN_ST_ABANDONED, CHAN_EV_CONFIRM_IN,
	    CHAN_EV_CLOSE_OUT, CHAN_EV_CLOSE_IN), CHAN_ST_CLOSED);
	assert_int_equal(WALK(CHAN_ST_ABANDONED, CHAN_EV_REFUSE_IN),
	    CHAN_ST_CLOSED);
}

static void
test_peer_may_not_repeat(void **state)
{
	(void)state;
	assert_int_equal(WALK(CHAN_ST_OPENING, CHAN_EV_CONFIRM_IN,
	    CHAN_EV_CONFIRM_IN), CHAN_ST_NONE);
	assert_int_equal(WALK(CHAN_ST_OPEN, CHAN_EV_REFUSE_IN),
	    CHAN_ST_NONE);
	assert_int_equal(WALK(CHAN_ST_OPEN, CHAN_EV_EOF_IN, CHAN_EV_EOF_IN),
	    CHAN_ST_NONE);
	assert_int_equal(WALK(CHAN_ST_OPEN, CHAN_EV_EOF_IN, CHAN_EV_DATA_IN),
	    CHAN_ST_NONE);
	assert_int_equal(WALK(CHAN_ST_OPEN, CHAN_EV_CLOSE_IN,
	    CHAN_EV_DATA_IN), CHAN_ST_NONE);
}

/* Properties of all states at once. */
static void
test_rules_of_every_state(void **state)
{
	unsigned s, e;
	enum chan_state next;

	(void)state;
	for (s = 0; s < CHAN_ST_COUNT; s++) {
		for (e = 0; e < CHAN_EV_COUNT; e++) {
			next = chan_state_next((enum chan_state)s,
			    (enum chan_event)e);
			assert_true((unsigned)next < CHAN_ST_COUNT);
			if (s == CHAN_ST_NONE || s == CHAN_ST_CLOSED)
				assert_int_equal(next, CHAN_ST_NONE);
			assert_int_equal(chan_state_allows(
			    (enum chan_state)s, (enum chan_event)e),
			    next != CHAN_ST_NONE);
		}
		/* Nothing is sent after our CLOSE, credit included. */
		if (!chan_state_is_late((enum chan_state)s))
			continue;
		assert_false(chan_state_allows((enum chan_state)s,
		    CHAN_EV_DATA_OUT));
		assert_false(chan_state_allows((enum chan_state)s,
		    CHAN_EV_ADJUST_OUT));
		assert_false(chan_state_allows((enum chan_state)s,
		    CHAN_EV_REQUEST_OUT));
		assert_false(chan_state_is_open((enum chan_state)s));
	}
}

/* Every state can be reached, and CLOSED from every one of them. */
static void
test_every_state_ends(void **state)
{
	bool seen[CHAN_ST_COUNT] = { false }, ends[CHAN_ST_COUNT] = { false };
	unsigned round, s, e;

	(void)state;
	seen[CHAN_ST_OPENING] = seen[CHAN_ST_ASKED] = true;
	ends[CHAN_ST_CLOSED] = true;
	for (round = 0; round < CHAN_ST_COUNT; round++) {
		for (s = 1; s < CHAN_ST_COUNT; s++) {
			for (e = 0; e < CHAN_EV_COUNT; e++) {
				enum chan_state next = chan_state_next(
				    (enum chan_state)s, (enum chan_event)e);

				if (next == CHAN_ST_NONE)
					continue;
				seen[next] = seen[next] || seen[s];
				ends[s] = ends[s] || ends[next];
			}
		}
	}
	for (s = 1; s < CHAN_ST_COUNT; s++) {
		assert_true(seen[s]);
		assert_true(ends[s]);
	}
}

static void
test_out_of_range_is_refused(void **state)
{
	(void)state;
	assert_int_equal(chan_state_next((enum chan_state)CHAN_ST_COUNT,
	    CHAN_EV_DATA_IN), CHAN_ST_NONE);
	assert_int_equal(chan_state_next(CHAN_ST_OPEN,
	    (enum chan_event)CHAN_EV_COUNT), CHAN_ST_NONE);
	assert_string_equal(chan_state_name((enum chan_state)99), "?");
	assert_string_equal(chan_event_name((enum chan_event)99), "?");
	assert_string_equal(chan_state_name(CHAN_ST_CLOSED), "closed");
	assert_string_equal(chan_event_name(CHAN_EV_CLOSE_OUT), "close out");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life_from_our_open),
		cmocka_unit_test(test_life_from_their_open),
		cmocka_unit_test(test_close_crosses_close),
		cmocka_unit_test(test_abandoned_is_closed_later),
		cmocka_unit_test(test_peer_may_not_repeat),
		cmocka_unit_test(test_rules_of_every_state),
		cmocka_unit_test(test_every_state_ends),
		cmocka_unit_test(test_out_of_range_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
