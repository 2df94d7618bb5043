/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Name lists: an empty name belongs to none of them, and the wishes of the
 * one who asks decide.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "transport/namelist.h"

static void
assert_is(const struct buf *b, const char *text)
{
	struct view v = buf_view(b);

	assert_int_equal(v.len, strlen(text));
	assert_true(view_is(&v, text));
}

static bool
has(const char *list, const char *name)
{
	struct view v = view_of_string(list);

	return namelist_has(&v, name);
}

static void
test_has_whole_names_only(void **state)
{
	(void)state;
	assert_true(has("one", "one"));
	assert_true(has("one,two,three", "one"));
	assert_true(has("one,two,three", "two"));
	assert_true(has("one,two,three", "three"));
	assert_true(has(",,two,,", "two"));
	assert_false(has("one,two", "tw"));
	assert_false(has("one,two", "twoo"));
	assert_false(has("one,two", "wo"));
	assert_false(has("one,two", "one,two"));
	assert_false(has("one,two", "TWO"));
	assert_false(has("one two", "one"));
}

static void
test_empty_name_is_nowhere(void **state)
{
	struct view empty = view_of(NULL, 0), list;

	(void)state;
	assert_false(has("", ""));
	assert_false(has("one", ""));
	assert_false(has("one,", ""));
	assert_false(has(",one", ""));
	assert_false(has("one,,two", ""));
	assert_false(has(",", ""));
	assert_false(has("", "one"));
	list = view_of_string(",,");
	assert_false(namelist_has_view(&list, &empty));
	assert_false(namelist_has_view(&empty, &empty));
}

static int
choose(const char *wanted, const char *offered, struct view *namep)
{
	struct view w = view_of_string(wanted), o = view_of_string(offered);

	return namelist_choose(&w, &o, namep);
}

static void
assert_chosen(const char *wanted, const char *offered, const char *name)
{
	struct view chosen;

	assert_int_equal(choose(wanted, offered, &chosen), 0);
	assert_true(view_is(&chosen, name));
}

static void
test_first_wanted_wins(void **state)
{
	(void)state;
	assert_chosen("a,b,c", "c,b,a", "a");
	assert_chosen("a,b,c", "c,b", "b");
	assert_chosen("a", "a", "a");
	assert_chosen(",,b", ",b,", "b");
}

static void
test_nothing_in_common(void **state)
{
	static const char *const pairs[][2] = {
		{ "a,b", "c,d" }, { "", "" }, { "", "a" }, { "a", "" },
		{ ",", "," }, { "a,,b", "c,,d" }, { "ab", "a,b" },
	};
	struct view untouched = view_of("x", 1);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_int_equal(choose(pairs[i][0], pairs[i][1],
		    &untouched), SSHTAP_ERR_NO_COMMON);
		assert_true(view_is(&untouched, "x"));
	}
}

static void
test_bytes_behind_the_list_are_not_read(void **state)
{
	struct view list = view_of("one,two", 5), name = view_of("two", 3);

	(void)state;
	assert_false(namelist_has_view(&list, &name));
	assert_true(namelist_has(&list, "t"));
}

static void
test_intersect_keeps_the_order_of_the_list(void **state)
{
	struct view list = view_of_string("d,,b,a,x"), allowed;
	struct buf out;

	(void)state;
	buf_init(&out, NAMELIST_MAX);
	allowed = view_of_string("a,b,c,d,");
	assert_int_equal(namelist_intersect(&out, &list, &allowed), 0);
	assert_is(&out, "d,b,a");
	allowed = view_of_string("x,y");
	assert_int_equal(namelist_intersect(&out, &list, &allowed), 0);
	assert_is(&out, "d,b,a,x");
	allowed = view_of_string("");
	assert_int_equal(namelist_intersect(&out, &list, &allowed), 0);
	assert_is(&out, "d,b,a,x");
	buf_clear(&out);
}

static void
test_add_puts_commas_between(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 8);
	assert_int_equal(namelist_add(&out, "ab"), 0);
	assert_is(&out, "ab");
	assert_int_equal(namelist_add(&out, "cd"), 0);
	assert_is(&out, "ab,cd");
	assert_int_equal(namelist_add(&out, ""), SSHTAP_ERR_ARGUMENT);
	assert_int_equal(namelist_add(&out, "efg"), SSHTAP_ERR_TOO_BIG);
	assert_is(&out, "ab,cd");
	assert_int_equal(namelist_add(&out, "ef"), 0);
	assert_is(&out, "ab,cd,ef");
	buf_clear(&out);
}

static void
assert_filtered(const char *value, const char *text)
{
	struct view ours = view_of_string("one,two,three");
	struct buf b;

	buf_init(&b, NAMELIST_MAX);
	assert_int_equal(namelist_filter(&b, value, &ours), 0);
	assert_is(&b, text);
	buf_clear(&b);
}

static void
test_filter_by_settings(void **state)
{
	(void)state;
	assert_filtered("three,four,one", "three,one");
	assert_filtered("four", "");
	assert_filtered("", "");
	assert_filtered("+four", "one,two,three");
	assert_filtered("+", "one,two,three");
	assert_filtered("-two,four", "one,three");
	assert_filtered("-t*", "one");
	assert_filtered("-*", "");
	assert_filtered("-", "one,two,three");
	assert_filtered("^three,four", "three,one,two");
	assert_filtered("^", "one,two,three");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has_whole_names_only),
		cmocka_unit_test(test_empty_name_is_nowhere),
		cmocka_unit_test(test_first_wanted_wins),
		cmocka_unit_test(test_nothing_in_common),
		cmocka_unit_test(test_bytes_behind_the_list_are_not_read),
		cmocka_unit_test(test_intersect_keeps_the_order_of_the_list),
		cmocka_unit_test(test_add_puts_commas_between),
		cmocka_unit_test(test_filter_by_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
