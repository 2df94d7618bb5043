/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Names of congestion controls, and what is said of one that is not there. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "relay/tuning.h"

static char last_line[LOG_LINE_MAX + 1];
static unsigned lines;

static void
keep_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)strncpy(last_line, line, LOG_LINE_MAX);
	lines++;
}

static void
test_names(void **state)
{
	static const char *const good[] = {
		"cubic", "bbr", "a", "x-1_y", "123456789012345", "system"
	};
	static const char *const bad[] = {
		"", "1234567890123456", "Cubic", "a b", "a/b", "cubic\n", "a."
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(tuning_is_name(good[i]));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(tuning_is_name(bad[i]));
}

/* "no choice" where the system has no TCP_CONGESTION. */
static void
test_a_name_that_is_not_there(void **state)
{
	int r;

	(void)state;
	lines = 0;
	log_set(LOG_LEVEL_DEBUG, keep_line, NULL);
	r = tuning_check("no-such-thing");
	log_set(LOG_LEVEL_QUIET, NULL, NULL);
	if (r == 0) {
		print_message("this host has no TCP\n");
		skip();
	}
	assert_int_equal(r, SSHTAP_ERR_UNSUPPORTED);
	assert_int_equal(lines, 1);
	assert_non_null(strstr(last_line, "TCPCongestion \"no-such-thing\": "));
	assert_true(strstr(last_line, "none of that name") != NULL ||
	    strstr(last_line, "no choice") != NULL);
}

/* A proxy's: there is nothing to set, and nothing to say. */
static void
test_a_pipe(void **state)
{
	int fds[2];

	(void)state;
	lines = 0;
	assert_int_equal(proc_socketpair(fds), 0);
	log_set(LOG_LEVEL_DEBUG, keep_line, NULL);
	tuning_apply(fds[0], TUNING_CONGESTION);
	tuning_apply(fds[0], NULL);
	log_set(LOG_LEVEL_QUIET, NULL, NULL);
	assert_int_equal(lines, 0);
	proc_close(&fds[0]);
	proc_close(&fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_a_name_that_is_not_there),
		cmocka_unit_test(test_a_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
