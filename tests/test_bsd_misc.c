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
		cmocka_unit_test(test_closefrom_closes_upwards_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
