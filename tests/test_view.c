/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Views: each read good, cut at every byte, at its limits and beyond. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "lib/view.h"

/* A heap copy of exactly len bytes, so that a sanitizer sees any overrun. */
static struct view
copy_of(const void *p, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	memcpy(copy, p, len);
	return view_of(copy, len);
}

static void
free_copy(const uint8_t *p)
{
	free((void *)(uintptr_t)p);
}

static void
test_numbers(void **state)
{
	struct view v = view_of("\x12\0\x02\x01\x02\x03\x04"
	    "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", 15);
	uint64_t u64;
	uint32_t u32;
	uint8_t u8;
	bool no, yes;

	(void)state;
	assert_int_equal(view_get_u8(&v, &u8), 0);
	assert_int_equal(view_get_bool(&v, &no), 0);
	assert_int_equal(view_get_bool(&v, &yes), 0);
	assert_int_equal(view_get_u32(&v, &u32), 0);
	assert_int_equal(view_end(&v), SSHTAP_ERR_TRAILING);
	assert_int_equal(view_get_u64(&v, &u64), 0);
	assert_int_equal(view_end(&v), 0);
	assert_int_equal(u8, 0x12);
	assert_false(no);
	assert_true(yes);
	assert_int_equal(u32, 0x01020304);
	assert_true(u64 == 0xfffefdfcfbfaf9f8u);
}

static void
test_short_reads_move_nothing(void **state)
{
	struct view v, sub = { .len = 77 };
	uint64_t u64 = 7;
	uint32_t u32 = 7;
	uint8_t u8 = 7;
	bool b = true;
	size_t len;

	(void)state;
	for (len = 0; len < 8; len++) {
		v = copy_of("\0\0\0\x04\0\0\0", len);
		assert_int_equal(view_get_u64(&v, &u64),
		    SSHTAP_ERR_TRUNCATED);
		if (len < 4)
			assert_int_equal(view_get_u32(&v, &u32),
			    SSHTAP_ERR_TRUNCATED);
		assert_int_equal(view_get_string(&v, &sub),
		    SSHTAP_ERR_TRUNCATED);
		assert_int_equal(view_get_mpint(&v, &sub),
		    SSHTAP_ERR_TRUNCATED);
		assert_int_equal(view_get_bytes(&v, len + 1, &sub),
		    SSHTAP_ERR_TRUNCATED);
		assert_int_equal(v.len, len);
		free_copy(v.p);
	}
	v = view_of(NULL, 0);
	assert_int_equal(view_get_u8(&v, &u8), SSHTAP_ERR_TRUNCATED);
	assert_int_equal(view_get_bool(&v, &b), SSHTAP_ERR_TRUNCATED);
	assert_int_equal(u8, 7);
	assert_true(b);
	assert_int_equal(u32, 7);
	assert_true(u64 == 7);
	assert_int_equal(sub.len, 77);
}

static void
test_strings(void **state)
{
	struct view v = copy_of("\0\0\0\x03" "abc\0\0\0\0x", 12), sub;
	const uint8_t *start = v.p;

	(void)state;
	assert_int_equal(view_get_string(&v, &sub), 0);
	assert_true(view_is(&sub, "abc"));
	assert_int_equal(view_get_string(&v, &sub), 0);
	assert_int_equal(sub.len, 0);
	assert_int_equal(v.len, 1);
	free_copy(start);
	v = copy_of("\xff\xff\xff\xff" "abc", 7);
	assert_int_equal(view_get_string(&v, &sub), SSHTAP_ERR_TRUNCATED);
	assert_int_equal(view_get_bytes(&v, SIZE_MAX, &sub),
	    SSHTAP_ERR_TRUNCATED);
	assert_int_equal(v.len, 7);
	free_copy(v.p);
}

struct mpint_case {
	const char *bytes;
	size_t len;
	int r;
	size_t magnitude_len;
};

static void
test_mpints(void **state)
{
	static const struct mpint_case cases[] = {
		{ "\0\0\0\0", 4, 0, 0 },
		{ "\0\0\0\1\x01", 5, 0, 1 },
		{ "\0\0\0\1\x7f", 5, 0, 1 },
		{ "\0\0\0\2\0\x80", 6, 0, 1 },
		{ "\0\0\0\1\0", 5, SSHTAP_ERR_FORMAT, 0 },
		{ "\0\0\0\1\x80", 5, SSHTAP_ERR_FORMAT, 0 },
		{ "\0\0\0\2\0\x7f", 6, SSHTAP_ERR_FORMAT, 0 },
		{ "\0\0\0\3\0\0\x80", 7, SSHTAP_ERR_FORMAT, 0 },
		{ "\0\0\0\2\xed\xcc", 6, SSHTAP_ERR_FORMAT, 0 },
		{ "\0\0\0\2\0", 5, SSHTAP_ERR_TRUNCATED, 0 },
	};
	const uint8_t *start;
	struct view v, m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		v = copy_of(cases[i].bytes, cases[i].len);
		start = v.p;
		assert_int_equal(view_get_mpint(&v, &m), cases[i].r);
		if (cases[i].r == 0) {
			assert_int_equal(v.len, 0);
			assert_int_equal(m.len, cases[i].magnitude_len);
			assert_true(m.len == 0 || m.p[0] != 0);
		} else
			assert_int_equal(v.len, cases[i].len);
		free_copy(start);
	}
}

static void
test_cstrings(void **state)
{
	struct view v = view_of_string("host");
	char *s = NULL;

	(void)state;
	assert_int_equal(view_to_cstring(&v, &s), 0);
	assert_string_equal(s, "host");
	free(s);
	v = view_of(NULL, 0);
	assert_int_equal(view_to_cstring(&v, &s), 0);
	assert_string_equal(s, "");
	free(s);
	s = NULL;
	v = view_of("ho\0st", 5);
	assert_int_equal(view_to_cstring(&v, &s), SSHTAP_ERR_FORMAT);
	v = view_of("host", 5);
	assert_int_equal(view_to_cstring(&v, &s), SSHTAP_ERR_FORMAT);
	assert_null(s);
}

static void
test_lines(void **state)
{
	static const char *const want[] = { "one", "", "two", "th\rree", "",
	    "last\r" };
	struct view v = view_of_string("one\n\ntwo\r\nth\rree\n\r\nlast\r");
	struct view line;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_true(view_get_line(&v, &line));
		assert_true(view_is(&line, want[i]));
	}
	assert_false(view_get_line(&v, &line));
	v = view_of(NULL, 0);
	assert_false(view_get_line(&v, &line));
	v = view_of_string("\n");
	assert_true(view_get_line(&v, &line));
	assert_int_equal(line.len, 0);
	assert_false(view_get_line(&v, &line));
}

static void
test_words(void **state)
{
	struct view v = view_of_string(" \tone two\t\tthree  "), word;

	(void)state;
	assert_true(view_get_word(&v, &word));
	assert_true(view_is(&word, "one"));
	assert_true(view_get_word(&v, &word));
	assert_true(view_is(&word, "two"));
	assert_true(view_get_word(&v, &word));
	assert_true(view_is(&word, "three"));
	assert_false(view_get_word(&v, &word));
	assert_int_equal(v.len, 2);
	v = view_of(NULL, 0);
	assert_false(view_get_word(&v, &word));
}

static void
test_names(void **state)
{
	struct view v = view_of_string("a,bc,,d"), name;

	(void)state;
	assert_true(view_get_name(&v, &name));
	assert_true(view_is(&name, "a"));
	assert_true(view_get_name(&v, &name));
	assert_true(view_is(&name, "bc"));
	assert_true(view_get_name(&v, &name));
	assert_true(view_is(&name, ""));
	assert_true(view_get_name(&v, &name));
	assert_true(view_is(&name, "d"));
	assert_false(view_get_name(&v, &name));
	v = view_of(NULL, 0);
	assert_false(view_get_name(&v, &name));
}

static void
test_comparisons(void **state)
{
	struct view v = view_of_string("ssh-rsa"), w = view_of("ssh-rsa", 8);
	struct view none = view_of(NULL, 0), empty = view_of("", 0);

	(void)state;
	assert_true(view_equals(&v, &v));
	assert_false(view_equals(&v, &w));
	assert_true(view_equals(&none, &empty));
	assert_true(view_is(&none, ""));
	assert_false(view_is(&v, "ssh-rs"));
	assert_false(view_is(&v, "ssh-rsb"));
	assert_false(view_is(&v, "ssh-rsaa"));
	assert_true(view_starts_with(&v, "ssh-"));
	assert_true(view_starts_with(&v, "ssh-rsa"));
	assert_false(view_starts_with(&v, "ssh-rsaa"));
	assert_false(view_starts_with(&v, "rsa"));
	assert_true(view_starts_with(&none, ""));
	assert_false(view_starts_with(&none, "a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_short_reads_move_nothing),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_mpints),
		cmocka_unit_test(test_cstrings),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_comparisons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
