/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * In a child, so that the test program itself can still be debugged.
 */

#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#ifdef HAVE_PRCTL
#include <sys/prctl.h>
#endif

#include "lib/proc.h"
#include "openbsd-compat/port-trace.h"

static int
forbid_and_look(void)
{
	if (sys_forbid_trace() != 0)
		return 1;
#ifdef HAVE_PRCTL
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 2;
#endif
	return 0;
}

static void
test_tracing_is_forbidden(void **state)
{
	pid_t pid;

	(void)state;
	assert_int_not_equal(pid = proc_fork(), -1);
	if (pid == 0)
		_exit(forbid_and_look());
	assert_int_equal(proc_exit_status(proc_reap(pid)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tracing_is_forbidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
