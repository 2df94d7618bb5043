/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Making, opening, listing and reaping the pairs of a simulated Mac while each
 * call to the system fails once, in turn.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "regress/darwin-sim/mac_util.h"
#include "tun/tap.h"
#include "tun/tap_admin.h"

#define NOBODY		((uid_t)-1)

static struct tap_fault fault;

static int
create_and_destroy(void)
{
	struct tap_request rq = mac_request(10000);
	struct tap_info info;
	int r;

	rq.mtu = 1400;
	if ((r = tap_create(&rq, NOBODY, &info, &fault)) == 0)
		r = tap_destroy("feth10000", &fault);
	return r;
}

static int
open_kept(void)
{
	struct tap_request rq = mac_request(5);
	struct tap *t;
	int r;

	rq.mtu = 1300;
	if ((r = tap_open(&rq, &t, &fault)) == 0)
		tap_close(t);
	return r;
}

static int
reap(void)
{
	return tap_reap(false, NULL, NULL, &fault);
}

static int
note_nothing(void *ctx, const struct tap_info *info)
{
	(void)ctx;
	(void)info;
	return 0;
}

static int
list(void)
{
	int r = tap_list(note_nothing, NULL);

	/* It says nothing about why. */
	fault.step = TAP_STEP_NONE + 1;
	fault.error = errno;
	return r;
}

/*
 * make_before: what the calls shall find, or NULL.  Whatever fails, a reap
 * and the destruction of what was to stay leave nothing but this.
 */
static void
fail_each_call(int (*fn)(void), void (*make_before)(void))
{
	unsigned calls, failed = 0, fds, n = 0;
	int r;

	do {
		if (make_before != NULL)
			make_before();
		fds = count_open();
		memset(&fault, 0, sizeof(fault));
		mac_fail_at(++n);
		r = fn();
		calls = mac_calls();
		mac_fail(NULL);
		assert_int_equal(count_open(), fds);
		if (r == SSHTAP_ERR_SYSTEM) {
			failed++;
			assert_true(fault.error > 0);
			assert_true(fault.step > TAP_STEP_NONE &&
			    fault.step < TAP_STEP_COUNT);
		} else
			assert_true(r == 0 || r == SSHTAP_ERR_NOT_FOUND);
		assert_int_equal(tap_reap(false, NULL, NULL, &fault), 0);
		r = tap_destroy("feth10000", &fault);
		assert_true(r == 0 || r == SSHTAP_ERR_NOT_FOUND);
		r = tap_destroy("feth5", &fault);
		assert_true(r == 0 || (make_before == NULL &&
		    r == SSHTAP_ERR_NOT_FOUND));
		mac_assert_clean();
	} while (calls >= n);
	assert_true(n > 10 && failed > 3);
}

static void
make_one_kept(void)
{
	mac_make_kept(5);
}

static void
make_one_kept_and_one_dead(void)
{
	mac_make_kept(5);
	mac_make_dead(10000);
}

static void
test_each_call_of_create_and_destroy_fails(void **state)
{
	(void)state;
	fail_each_call(create_and_destroy, NULL);
}

static void
test_each_call_of_opening_a_kept_one_fails(void **state)
{
	(void)state;
	fail_each_call(open_kept, make_one_kept);
}

static void
test_each_call_of_reap_fails(void **state)
{
	(void)state;
	fail_each_call(reap, make_one_kept_and_one_dead);
}

static void
test_each_call_of_list_fails(void **state)
{
	(void)state;
	fail_each_call(list, make_one_kept_and_one_dead);
}

#define MAC_TEST(name)	\
	cmocka_unit_test_setup_teardown(name, mac_set_up, mac_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MAC_TEST(test_each_call_of_create_and_destroy_fails),
		MAC_TEST(test_each_call_of_opening_a_kept_one_fails),
		MAC_TEST(test_each_call_of_reap_fails),
		MAC_TEST(test_each_call_of_list_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
