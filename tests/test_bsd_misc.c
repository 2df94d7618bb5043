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

/* Once more as on a system that has nothing but a directory of numbers. */
#undef HAVE_CLOSEFROM
#undef HAVE_EXPLICIT_BZERO
#undef HAVE_SYS_SYSCALL_H
#undef SYS_close_range
#define closefrom	closefrom_listed
void closefrom_listed(int lowfd);
#define explicit_bzero	explicit_bzero_called
void explicit_bzero_called(void *p, size_t len);
#include "openbsd-compat/bsd-misc.c"
#undef closefrom
#undef explicit_bzero

/* Far above what a test program has open. */
#define HIGH_FD	200

static void
check_closes_upwards_only(void (*close_from)(int lowfd))
{
	int fd;

	assert_int_not_equal(fd = open("/dev/null", O_RDONLY), -1);
	assert_int_equal(dup2(fd, HIGH_FD - 1), HIGH_FD - 1);
	assert_int_equal(dup2(fd, HIGH_FD), HIGH_FD);
	assert_int_equal(dup2(fd, HIGH_FD + 7), HIGH_FD + 7);
	close_from(HIGH_FD);
	assert_int_not_equal(fcntl(HIGH_FD - 1, F_GETFD), -1);
	assert_int_equal(fcntl(HIGH_FD, F_GETFD), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(fcntl(HIGH_FD + 7, F_GETFD), -1);
	close_from(HIGH_FD);	/* nothing is left to close */
	assert_int_equal(close(HIGH_FD - 1), 0);
	assert_int_equal(close(fd), 0);
}

static void
test_closefrom_closes_upwards_only(void **state)
{
	(void)state;
	check_closes_upwards_only(closefrom);
}

static void
test_closefrom_reads_a_list(void **state)
{
	(void)state;
	check_closes_upwards_only(closefrom_listed);
}

static void
check_zeroes_so_many(void (*zero)(void *p, size_t len))
{
	uint8_t bytes[] = { 1, 2, 3, 4 };
	const uint8_t wanted[] = { 1, 0, 0, 4 };

	zero(bytes + 1, 0);
	assert_int_equal(bytes[1], 2);
	zero(bytes + 1, 2);
	assert_memory_equal(bytes, wanted, sizeof(wanted));
}

static void
test_explicit_bzero(void **state)
{
	(void)state;
	check_zeroes_so_many(explicit_bzero);
	check_zeroes_so_many(explicit_bzero_called);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closefrom_closes_upwards_only),
		cmocka_unit_test(test_closefrom_reads_a_list),
		cmocka_unit_test(test_explicit_bzero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
