/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The functions of openbsd-compat/bsd-misc, or the C library's own where
 * configure found them: both must behave the same.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "openbsd-compat/bsd-misc.h"

/* Far above what a test program has open. */
#define HIGH_FD	200

static void
test_strlcpy_copies_what_fits(void **state)
{
	char dst[8];

	(void)state;
	memset(dst, 'x', sizeof(dst));
	assert_int_equal(strlcpy(dst, "abcdefg", sizeof(dst)), 7);
	assert_string_equal(dst, "abcdefg");
	assert_int_equal(strlcpy(dst, "", sizeof(dst)), 0);
	assert_string_equal(dst, "");
}

static void
test_strlcpy_cuts_and_terminates(void **state)
{
	char dst[8];

	(void)state;
	memset(dst, 'x', sizeof(dst));
	assert_int_equal(strlcpy(dst, "abcdefgh", 4), 8);
	assert_memory_equal(dst, "abc\0xxxx", sizeof(dst));
	assert_int_equal(strlcpy(dst, "z", 1), 1);
	assert_memory_equal(dst, "\0bc\0xxxx", sizeof(dst));
}

static void
test_strlcpy_leaves_an_empty_destination_alone(void **state)
{
	char dst[1] = { 'x' };

	(void)state;
	assert_int_equal(strlcpy(dst, "abc", 0), 3);
	assert_int_equal(dst[0], 'x');
}

static void
test_explicit_bzero_wipes_what_it_is_given(void **state)
{
	char p[4] = { 'a', 'b', 'c', 'd' };

	(void)state;
	explicit_bzero(p, 0);
	assert_memory_equal(p, "abcd", 4);
	explicit_bzero(p + 1, 2);
	assert_memory_equal(p, "a\0\0d", 4);
}

static void
test_closefrom_closes_upwards_only(void **state)
{
	int fd;

	(void)state;
	assert_int_not_equal(fd = open("/dev/null", O_RDONLY), -1);
	assert_int_equal(dup2(fd, HIGH_FD - 1), HIGH_FD - 1);
	assert_int_equal(dup2(fd, HIGH_FD), HIGH_FD);
	assert_int_equal(dup2(fd, HIGH_FD + 7), HIGH_FD + 7);
	closefrom(HIGH_FD);
	assert_int_not_equal(fcntl(HIGH_FD - 1, F_GETFD), -1);
	assert_int_equal(fcntl(HIGH_FD, F_GETFD), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(fcntl(HIGH_FD + 7, F_GETFD), -1);
	closefrom(HIGH_FD);	/* nothing is left to close */
	assert_int_equal(close(HIGH_FD - 1), 0);
	assert_int_equal(close(fd), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strlcpy_copies_what_fits),
		cmocka_unit_test(test_strlcpy_cuts_and_terminates),
		cmocka_unit_test(test_strlcpy_leaves_an_empty_destination_alone),
		cmocka_unit_test(test_explicit_bzero_wipes_what_it_is_given),
		cmocka_unit_test(test_closefrom_closes_upwards_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
