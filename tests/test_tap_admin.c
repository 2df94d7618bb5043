/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The devices of whatever system this runs on: what needs no root and
 * changes nothing.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <net/if.h>

#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tun/tap_admin.h"

/* What no walk's own result can be. */
#define STOP	17

struct walk {
	unsigned n;
	unsigned stop_at;	/* 0: never */
	struct tap_info last;
};

static int
check_info(void *ctx, const struct tap_info *info)
{
	struct walk *w = ctx;
	struct tap_info same;
	int r;

	assert_non_null(memchr(info->name, '\0', sizeof(info->name)));
	assert_non_null(memchr(info->peer, '\0', sizeof(info->peer)));
	assert_string_not_equal(info->name, "");
	assert_true(info->mode == TAP_ETHERNET ||
	    info->mode == TAP_POINT_TO_POINT);
	assert_true((unsigned)info->owner < TAP_OWNER_COUNT);
	if (w->n > 0)
		assert_true(strcmp(w->last.name, info->name) < 0);
	w->last = *info;
	w->n++;
	/* Others may make and remove devices beside this test. */
	r = tap_show(info->name, &same);
	assert_true(r == 0 || r == SSHTAP_ERR_NOT_FOUND);
	if (r == 0)
		assert_string_equal(same.name, info->name);
	return w->n == w->stop_at ? STOP : 0;
}

static void
test_list_walks_by_name(void **state)
{
	struct walk w = { .n = 0 };

	(void)state;
	assert_int_equal(tap_list(check_info, &w), 0);
	if (w.n == 0)
		return;
	w = (struct walk){ .stop_at = 1 };
	assert_int_equal(tap_list(check_info, &w), STOP);
	assert_int_equal(w.n, 1);
}

static void
test_names_that_are_no_devices(void **state)
{
	static const char *const names[] = { "", "no-such-tap0", "tap%d",
	    "a-name-that-is-far-too-long", "../tap0", "tap0\n" };
	struct tap_fault fault;
	struct tap_info info;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(tap_show(names[i], &info),
		    SSHTAP_ERR_NOT_FOUND);
		assert_int_equal(tap_destroy(names[i], &fault),
		    SSHTAP_ERR_NOT_FOUND);
	}
}

/* An interface of another kind; where there is a first one, the loopback. */
static void
test_foreign_interface_is_left_alone(void **state)
{
	struct tap_fault fault = { .step = TAP_STEP_NONE };
	char name[IF_NAMESIZE];
	struct tap_info info;

	(void)state;
	if (if_indextoname(1, name) == NULL) {
		print_message("no interface has the number 1\n");
		skip();
	}
	assert_int_equal(tap_show(name, &info), SSHTAP_ERR_NOT_FOUND);
	errno = 0;
	assert_int_equal(tap_destroy(name, &fault), SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.step, TAP_STEP_FOREIGN);
	assert_int_equal(fault.error, errno);
	assert_int_equal(errno, ENODEV);
	assert_string_equal(fault.name, name);
	assert_int_equal(if_nametoindex(name), 1);
}

static void
test_create_refuses_nonsense(void **state)
{
	struct tap_request rq = { .unit = -1, .mode = TAP_ETHERNET };
	struct tap_fault fault;
	struct tap_info info;

	(void)state;
	assert_int_equal(tap_create(&rq, (uid_t)-1, &info, &fault),
	    SSHTAP_ERR_SYSTEM);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(fault.step, TAP_STEP_REQUEST);
	rq = (struct tap_request){ .unit = 0, .mode = TAP_ETHERNET,
	    .mtu = 1 };
	assert_int_equal(tap_create(&rq, (uid_t)-1, &info, &fault),
	    SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.step, TAP_STEP_MTU);
}

static void
test_reap_dry_changes_nothing(void **state)
{
	struct walk w = { .n = 0 };
	struct tap_fault fault;

	(void)state;
	assert_int_equal(tap_reap(true, check_info, &w, &fault), 0);
	assert_int_equal(tap_reap(true, NULL, NULL, &fault), 0);
	if (w.n > 0)
		assert_int_equal(w.last.owner, TAP_OWNER_DEAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_walks_by_name),
		cmocka_unit_test(test_names_that_are_no_devices),
		cmocka_unit_test(test_foreign_interface_is_left_alone),
		cmocka_unit_test(test_create_refuses_nonsense),
		cmocka_unit_test(test_reap_dry_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
