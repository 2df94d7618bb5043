/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* The forms of settings: times, sizes, limits, levels, quoted words. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>

#include <cmocka.h>

#include "lib/setting.h"
#include "lib/err.h"

static void
test_times_and_sizes(void **state)
{
	uint64_t size = 0;
	unsigned t = 0;

	(void)state;
	assert_int_equal(setting_seconds("1h30M5", &t), 0);
	assert_int_equal(t, 5405);
	assert_int_equal(setting_seconds("1w1d", &t), 0);
	assert_int_equal(t, 8 * 86400);
	assert_int_equal(setting_seconds("2147483647", &t), 0);
	assert_int_equal(setting_seconds("2147483648", &t), SSHTAP_ERR_FORMAT);
	assert_int_equal(setting_seconds("2147483647s1", &t),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(setting_seconds("4000w", &t), SSHTAP_ERR_FORMAT);
	assert_int_equal(setting_seconds("m", &t), SSHTAP_ERR_FORMAT);
	assert_int_equal(t, 2147483647);
	assert_int_equal(setting_size("4g", &size), 0);
	assert_true(size == UINT64_C(4) << 30);
	assert_int_equal(setting_size("17179869183G", &size), 0);
	assert_int_equal(setting_size("17179869184G", &size),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(setting_size("1kk", &size), SSHTAP_ERR_FORMAT);
	assert_int_equal(setting_size("18446744073709551616", &size),
	    SSHTAP_ERR_FORMAT);
}

static void
test_choices(void **state)
{
	static const struct setting_choice choices[] = {
		{ "one", 1 },
		{ "two", 2 },
		{ NULL, 0 }
	};
	enum log_level level = LOG_LEVEL_COUNT;
	int chosen = 0;

	(void)state;
	assert_int_equal(setting_choose(choices, "TWO", &chosen), 0);
	assert_int_equal(chosen, 2);
	assert_int_equal(setting_choose(choices, "on", &chosen),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(setting_choose(choices, "", &chosen),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(chosen, 2);
	assert_true(setting_is_none("None"));
	assert_false(setting_is_none("none "));
	assert_int_equal(setting_log_level("Fatal", &level), 0);
	assert_int_equal(level, LOG_LEVEL_ERROR);
	assert_int_equal(setting_log_level("DEBUG3", &level), 0);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_int_equal(setting_log_level("DEBUG4", &level),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
}

static void
test_rekey_limits(void **state)
{
	uint64_t bytes = 1;
	unsigned seconds = 1;

	(void)state;
	assert_int_equal(setting_rekey("default", NULL, &bytes, &seconds), 0);
	assert_true(bytes == 0 && seconds == 0);
	assert_int_equal(setting_rekey("1M", "2m", &bytes, &seconds), 0);
	assert_true(bytes == 1048576 && seconds == 120);
	assert_int_equal(setting_rekey("15", "none", &bytes, &seconds),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(setting_rekey("2M", "x", &bytes, &seconds),
	    SSHTAP_ERR_FORMAT);
	assert_true(bytes == 1048576 && seconds == 120);
	assert_int_equal(setting_rekey("16", "none", &bytes, &seconds), 0);
	assert_true(bytes == 16 && seconds == 0);
	assert_int_equal(setting_rekey("0", "0", &bytes, &seconds), 0);
	assert_true(bytes == 0 && seconds == 0);
}

static void
test_words(void **state)
{
	static const char *const want[] = {
		"a", "b c", "d\"e", "f g", "", "h\\i", "j'k"
	};
	const char *s = "a  \"b c\"\td\\\"e 'f 'g \"\" h\\i \"j'k\" ";
	char *word;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(setting_word(&s, &word), 0);
		assert_string_equal(word, want[i]);
		free(word);
	}
	assert_int_equal(setting_word(&s, &word), 0);
	assert_null(word);
	s = "'open";
	assert_int_equal(setting_word(&s, &word), SSHTAP_ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times_and_sizes),
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_rekey_limits),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
