/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Cleaning of foreign text, patterns, and numbers of a command line. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "lib/text.h"

struct clean_case {
	const char *in;
	const char *want;
};

static void
test_clean_characters(void **state)
{
	static const struct clean_case cases[] = {
		{ "", "" },
		{ "plain ~ text", "plain ~ text" },
		{ "a\tb\rc\nd\033[2Je\af\x7fg", "a b?c?d?[2Je?f?g" },
		{ "\x80\x9b\xff", "???" },			/* C1, raw */
		{ "\xc2\x80\xc2\x9b\xc2\x9f", "???" },		/* C1, UTF-8 */
		{ "\xc2\xa0\xc3\xa9", "\xc2\xa0\xc3\xa9" },
		{ "\xe2\x82\xac", "\xe2\x82\xac" },
		{ "\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7" },
		{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
		{ "\xf4\x90\x80\x80", "????" },			/* U+110000 */
		{ "\xf8\x88\x80\x80\x80", "?????" },
		{ "\xc0\xaf\xc1\x9b", "????" },			/* overlong */
		{ "\xe0\x9f\xbf\xf0\x8f\xbf\xbf", "???????" },
		{ "\xed\x9f\xbf", "\xed\x9f\xbf" },
		{ "\xed\xa0\x80\xed\xbf\xbf", "??????" },	/* surrogates */
		{ "\xc3", "?" },
		{ "\xe2\x82", "??" },
		{ "\xe2\x82x", "??x" },
		{ "\xe2\x80\xaa\xe2\x80\xae", "??" },		/* bidi */
		{ "\xe2\x80\xa9\xe2\x80\xaf", "\xe2\x80\xa9\xe2\x80\xaf" },
		{ "\xe2\x81\xa6\xe2\x81\xa9", "??" },
		{ "\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", "???" },
	};
	char out[64];
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = text_clean(out, sizeof(out), cases[i].in,
		    strlen(cases[i].in), false);
		assert_string_equal(out, cases[i].want);
		assert_int_equal(n, strlen(cases[i].want));
	}
}

static void
test_clean_keeps_line_feeds_when_asked(void **state)
{
	char out[16];

	(void)state;
	assert_int_equal(text_clean(out, sizeof(out), "a\nb\r\n\0c\r", 8, 1),
	    7);
	assert_string_equal(out, "a\nb\n?c?");
}

static void
test_clean_never_cuts_a_character(void **state)
{
	static const char in[] = "a\xe2\x82\xac\xc3\xa9";
	static const size_t want[] = { 0, 1, 1, 1, 4, 4, 6, 6 };
	size_t size;
	char *out;

	(void)state;
	for (size = 1; size <= sizeof(want) / sizeof(want[0]); size++) {
		out = malloc(size);
		assert_non_null(out);
		assert_int_equal(text_clean(out, size, in, strlen(in), 0),
		    want[size - 1]);
		assert_memory_equal(out, in, want[size - 1]);
		assert_int_equal(out[want[size - 1]], '\0');
		free(out);
	}
}

static void
test_clean_does_not_read_past_the_end(void **state)
{
	static const char in[] = "\xf0\x9f\x90\xa7";
	char *copy, out[8];
	size_t len;

	(void)state;
	for (len = 1; len < 4; len++) {
		copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, in, len);
		assert_int_equal(text_clean(out, sizeof(out), copy, len, 0),
		    len);
		assert_int_equal(strspn(out, "?"), len);
		free(copy);
	}
}

static void
test_numbers(void **state)
{
	unsigned long value = 99;

	(void)state;
	assert_int_equal(text_get_number("0", 0, &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(text_get_number("65535", 65535, &value), 0);
	assert_int_equal(value, 65535);
	assert_int_equal(text_get_number("65536", 65535, &value),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(text_get_number("5", 3, &value),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(text_get_number("99999999999999999999999", ULONG_MAX,
	    &value), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(value, 65535);
}

static void
test_largest_number(void **state)
{
	unsigned long value = 0;
	char *s = text_format("%lu", ULONG_MAX);

	(void)state;
	assert_non_null(s);
	assert_int_equal(text_get_number(s, ULONG_MAX, &value), 0);
	assert_true(value == ULONG_MAX);
	s[strlen(s) - 1]++;
	assert_int_equal(text_get_number(s, ULONG_MAX, &value),
	    SSHTAP_ERR_TOO_BIG);
	free(s);
}

static void
test_malformed_numbers(void **state)
{
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "00",
	    "01", "0x10", "1e3", "1.0", "a", "99999999999999999999999x" };
	unsigned long value = 7;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_get_number(bad[i], ULONG_MAX, &value),
		    SSHTAP_ERR_FORMAT);
	assert_int_equal(value, 7);
}

static bool
matches(const char *pattern, const char *s, bool fold_case)
{
	struct view p = view_of_string(pattern), v = view_of_string(s);

	return text_matches(&p, &v, fold_case);
}

static void
test_patterns(void **state)
{
	(void)state;
	assert_true(matches("LC_*", "LC_ALL", false));
	assert_true(matches("*", "", false));
	assert_true(matches("*a*b?", "xxayybz", false));
	assert_true(matches("", "", false));
	assert_true(matches("**", "ab", false));
	assert_true(matches("A*z", "abZ", true));
	assert_false(matches("A*z", "abZ", false));
	assert_false(matches("LC_*", "LANG", false));
	assert_false(matches("?", "", false));
	assert_false(matches("a*b", "ab1", false));
	assert_false(matches("", "a", false));
}

static void
test_format(void **state)
{
	char *s = text_format("%s-%04d", "x", 42);

	(void)state;
	assert_non_null(s);
	assert_string_equal(s, "x-0042");
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean_characters),
		cmocka_unit_test(test_clean_keeps_line_feeds_when_asked),
		cmocka_unit_test(test_clean_never_cuts_a_character),
		cmocka_unit_test(test_clean_does_not_read_past_the_end),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_largest_number),
		cmocka_unit_test(test_malformed_numbers),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
