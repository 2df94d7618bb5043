/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Messages: who gets which, what a line may hold, what errno becomes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "lib/log.h"

/* What the sink got last, and how often it was called. */
struct heard {
	unsigned n;
	enum log_level level;
	char line[LOG_LINE_MAX + 1];
};

static void
listen_to(void *ctx, enum log_level level, const char *line)
{
	struct heard *h = ctx;

	h->n++;
	h->level = level;
	assert_true(strlen(line) <= LOG_LINE_MAX);
	strcpy(h->line, line);
	errno = EXDEV;
}

static void
test_no_sink_no_line(void **state)
{
	(void)state;
	log_set(LOG_LEVEL_DEBUG, NULL, NULL);
	assert_false(log_wants(LOG_LEVEL_ERROR));
	log_error("nobody listens to %d", 1);
	log_error_r(SSHTAP_ERR_MAC, "nor to this");
}

static void
test_levels(void **state)
{
	struct heard h = { .n = 0 };

	(void)state;
	log_set(LOG_LEVEL_INFO, listen_to, &h);
	assert_true(log_wants(LOG_LEVEL_ERROR));
	assert_true(log_wants(LOG_LEVEL_INFO));
	assert_false(log_wants(LOG_LEVEL_VERBOSE));
	assert_false(log_wants(LOG_LEVEL_QUIET));
	log_verbose("no");
	log_debug("no");
	log_debug_r(SSHTAP_ERR_MAC, "no");
	assert_int_equal(h.n, 0);
	log_info("yes %d", 3);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.level, LOG_LEVEL_INFO);
	assert_string_equal(h.line, "yes 3");
	log_warn("%s", "careful");
	assert_int_equal(h.level, LOG_LEVEL_WARN);
	log_set(LOG_LEVEL_QUIET, listen_to, &h);
	log_error("no");
	assert_int_equal(h.n, 2);
}

static void
test_lines_are_clean(void **state)
{
	struct heard h = { .n = 0 };

	(void)state;
	log_set(LOG_LEVEL_INFO, listen_to, &h);
	log_info("banner: %s", "hi\033]0;x\a\nfake line\xe2\x80\xae");
	assert_string_equal(h.line, "banner: hi?]0;x??fake line?");
}

static void
test_error_text_is_appended(void **state)
{
	char want[256];
	struct heard h = { .n = 0 };

	(void)state;
	log_set(LOG_LEVEL_INFO, listen_to, &h);
	log_error_r(SSHTAP_ERR_TIMEOUT, "connect %s", "h");
	assert_string_equal(h.line, "connect h: timed out");
	errno = ENOENT;
	log_warn_r(SSHTAP_ERR_SYSTEM, "open");
	assert_int_equal(errno, ENOENT);
	strcpy(want, "open: ");
	strcat(want, strerror(ENOENT));
	assert_string_equal(h.line, want);
	log_info("after");
	assert_int_equal(errno, ENOENT);
}

static void
test_long_lines_are_cut(void **state)
{
	char text[LOG_LINE_MAX + 100];
	struct heard h = { .n = 0 };

	(void)state;
	log_set(LOG_LEVEL_INFO, listen_to, &h);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	assert_int_equal(strlen(h.line), LOG_LINE_MAX);
	log_error_r(SSHTAP_ERR_TIMEOUT, "%s", text);
	assert_int_equal(strlen(h.line), LOG_LINE_MAX);
	assert_string_equal(h.line + LOG_LINE_MAX - 11, ": timed out");
	assert_int_equal(h.line[LOG_LINE_MAX - 12], 'x');
	text[LOG_LINE_MAX] = '\0';
	log_info("%s", text);
	assert_string_equal(h.line, text);
	memcpy(text + LOG_LINE_MAX - 1, "\xe2\x82\xac", 4);
	log_info("%s", text);
	text[LOG_LINE_MAX - 1] = '\0';
	assert_string_equal(h.line, text);
}

static int
remove_sink(void **state)
{
	(void)state;
	log_set(LOG_LEVEL_QUIET, NULL, NULL);
	return 0;
}

/* The longest line, behind a name, reaches a descriptor as a whole. */
static void
test_output_to_descriptor(void **state)
{
	char text[2 * LOG_LINE_MAX], got[2 * LOG_LINE_MAX];
	struct log_output output = { "prog", -1 };
	ssize_t n;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	output.fd = fds[1];
	log_set(LOG_LEVEL_INFO, log_write, &output);
	log_info("one %d", 1);
	assert_int_equal(read(fds[0], got, sizeof(got)), 12);
	assert_memory_equal(got, "prog: one 1\n", 12);
	memset(text, 'x', sizeof(text));
	log_error("%.*s", (int)sizeof(text), text);
	n = read(fds[0], got, sizeof(got));
	assert_int_equal(n, strlen("prog: ") + LOG_LINE_MAX + 1);
	assert_int_equal(got[n - 1], '\n');
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_no_sink_no_line, remove_sink),
		cmocka_unit_test_teardown(test_levels, remove_sink),
		cmocka_unit_test_teardown(test_lines_are_clean, remove_sink),
		cmocka_unit_test_teardown(test_error_text_is_appended,
		    remove_sink),
		cmocka_unit_test_teardown(test_long_lines_are_cut,
		    remove_sink),
		cmocka_unit_test_teardown(test_output_to_descriptor,
		    remove_sink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
