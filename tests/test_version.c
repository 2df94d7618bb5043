/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Identification lines: what is accepted, where a line ends, and how long
 * one may get before it is refused.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "transport/version.h"

static void
assert_ident(const char *in, const char *line)
{
	struct view v = view_of_string(in), got;
	size_t used = 0;

	assert_int_equal(version_take_line(&v, &got, &used), 0);
	assert_true(view_is(&got, line));
	assert_int_equal(used, strchr(in, '\n') - in + 1);
}

static void
assert_refused(const void *p, size_t len)
{
	struct view v = view_of(p, len), got;
	size_t used;

	assert_int_equal(version_take_line(&v, &got, &used),
	    SSHTAP_ERR_VERSION);
}

static void
assert_incomplete(const void *p, size_t len)
{
	struct view v = view_of(p, len), got;
	size_t used = 99;

	assert_int_equal(version_take_line(&v, &got, &used),
	    SSHTAP_ERR_AGAIN);
	assert_int_equal(used, 0);
}

static void
test_accepts_identifications(void **state)
{
	(void)state;
	assert_ident("SSH-2.0-x\r\n", "SSH-2.0-x");
	assert_ident("SSH-2.0-x\n", "SSH-2.0-x");
	assert_ident("SSH-1.99-x\r\n", "SSH-1.99-x");
	assert_ident("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7\r\n",
	    "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7");
	assert_ident("SSH-2.0-x\r\r\n", "SSH-2.0-x\r");
	assert_ident("SSH-2.0-x\r\nSSH-1.5-y\r\n", "SSH-2.0-x");
}

static void
test_refuses_other_versions(void **state)
{
	static const char *const lines[] = {
		"SSH-1.5-x\r\n", "SSH-1.0-x\r\n", "SSH-2.1-x\r\n",
		"SSH-2.00-x\r\n", "SSH-3.0-x\r\n", "SSH-\r\n", "SSH-2.0\r\n",
		"SSH-2.0-\r\n", "SSH-2.0-\n", "SSH-2.0- x\r\n",
		"SSH-1.99-\r\n", "SSH-1.9-x\r\n", "SSH--2.0-x\r\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_refused(lines[i], strlen(lines[i]));
}

static void
test_every_beginning_is_incomplete(void **state)
{
	static const char line[] = "SSH-2.0-OpenSSH_10.0\r\n";
	uint8_t *copy;
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(line) - 1; len++) {
		/* On the heap, so that a look too far is seen. */
		copy = malloc(len + 1);
		assert_non_null(copy);
		memcpy(copy, line, len);
		copy = realloc(copy, len > 0 ? len : 1);
		assert_non_null(copy);
		assert_incomplete(copy, len);
		free(copy);
	}
}

static void
test_lines_before_the_identification(void **state)
{
	struct view v, line;
	size_t used;

	(void)state;
	v = view_of_string("Welcome\r\nSSH-2.0-x\r\n");
	assert_int_equal(version_take_line(&v, &line, &used),
	    SSHTAP_ERR_AGAIN);
	assert_int_equal(used, 9);
	assert_true(view_is(&line, "Welcome"));
	v = view_of_string("\nSSH-2.0-x\r\n");
	assert_int_equal(version_take_line(&v, &line, &used),
	    SSHTAP_ERR_AGAIN);
	assert_int_equal(used, 1);
	assert_int_equal(line.len, 0);
	/* Only capitals at the very start make an identification. */
	v = view_of_string(" SSH-2.0-x\r\n");
	assert_int_equal(version_take_line(&v, &line, &used),
	    SSHTAP_ERR_AGAIN);
	assert_int_equal(used, 12);
}

static void
test_nul_is_refused_in_the_line_only(void **state)
{
	static const uint8_t ident[] = "SSH-2.0-x\0y\r\n";
	static const uint8_t early[] = "SSH-2.0-x\0";
	static const uint8_t before[] = "hello\0\r\n";
	static const uint8_t behind[] = "SSH-2.0-x\r\n\0\0\5\254";
	struct view v = view_of(behind, sizeof(behind) - 1), line;
	size_t used;

	(void)state;
	assert_refused(ident, sizeof(ident) - 1);
	assert_refused(early, sizeof(early) - 1);
	assert_refused(before, sizeof(before) - 1);
	assert_int_equal(version_take_line(&v, &line, &used), 0);
	assert_true(view_is(&line, "SSH-2.0-x"));
	assert_int_equal(used, 11);
}

/* A line of len bytes with its CR LF, followed by more. */
static void
fill_line(uint8_t *p, size_t size, size_t len, const char *start)
{
	memset(p, 'a', size);
	memcpy(p, start, strlen(start));
	p[len - 2] = '\r';
	p[len - 1] = '\n';
}

static void
test_identification_length_limit(void **state)
{
	uint8_t p[VERSION_LINE_MAX + 10] = { 0 };
	struct view v = view_of(p, sizeof(p)), line;
	size_t used;

	(void)state;
	fill_line(p, sizeof(p), VERSION_LINE_MAX, "SSH-2.0-");
	assert_int_equal(version_take_line(&v, &line, &used), 0);
	assert_int_equal(used, VERSION_LINE_MAX);
	assert_int_equal(line.len, VERSION_LINE_MAX - 2);
	fill_line(p, sizeof(p), VERSION_LINE_MAX + 1, "SSH-2.0-");
	assert_refused(p, sizeof(p));
	/* Refused as soon as it is clear. */
	assert_refused(p, VERSION_LINE_MAX);
	assert_incomplete(p, VERSION_LINE_MAX - 1);
}

static void
test_preamble_length_limit(void **state)
{
	static uint8_t p[VERSION_PREAMBLE_MAX + 10];
	struct view v = view_of(p, sizeof(p)), line;
	size_t used;

	(void)state;
	fill_line(p, sizeof(p), VERSION_PREAMBLE_MAX, "Motd");
	assert_int_equal(version_take_line(&v, &line, &used),
	    SSHTAP_ERR_AGAIN);
	assert_int_equal(used, VERSION_PREAMBLE_MAX);
	assert_int_equal(line.len, VERSION_PREAMBLE_MAX - 2);
	fill_line(p, sizeof(p), VERSION_PREAMBLE_MAX + 1, "Motd");
	assert_refused(p, sizeof(p));
	assert_refused(p, VERSION_PREAMBLE_MAX);
	assert_incomplete(p, VERSION_PREAMBLE_MAX - 1);
}

static void
assert_software(const char *line, const char *software)
{
	struct view v = view_of_string(line), got = version_software(&v);

	assert_true(view_is(&got, software));
}

static void
test_software(void **state)
{
	(void)state;
	assert_software("SSH-2.0-OpenSSH_9.2p1", "OpenSSH_9.2p1");
	assert_software("SSH-2.0-OpenSSH_9.2p1 Debian-2", "OpenSSH_9.2p1");
	assert_software("SSH-1.99-a-b c d", "a-b");
	assert_software("SSH-2.0-", "");
	assert_software("SSH-2.0", "");
	assert_software("HTTP/1.1 400", "");
	assert_software("", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts_identifications),
		cmocka_unit_test(test_refuses_other_versions),
		cmocka_unit_test(test_every_beginning_is_incomplete),
		cmocka_unit_test(test_lines_before_the_identification),
		cmocka_unit_test(test_nul_is_refused_in_the_line_only),
		cmocka_unit_test(test_identification_length_limit),
		cmocka_unit_test(test_preamble_length_limit),
		cmocka_unit_test(test_software),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
