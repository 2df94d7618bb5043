/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is two name-lists.  Elements lie inside and in order, and what
 * each call makes of both agrees with the others.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "transport/namelist.h"

static size_t
walk(const struct view *list, const struct view *other, size_t *commonp)
{
	struct view left = *list, name;
	size_t n = 0;
	char *s;

	*commonp = 0;
	while (view_get_name(&left, &name)) {
		require(fuzz_is_inside(&name, list));
		require(name.len == 0 || memchr(name.p, ',', name.len) == NULL);
		require(++n <= list->len + 1);
		require(name.len == 0 || namelist_has_view(list, &name));
		if (name.len > 0 && namelist_has_view(other, &name))
			(*commonp)++;
		s = fuzz_string(&name);
		if (strlen(s) == name.len && name.len > 0) {
			require(namelist_has(list, s));
			require(namelist_has(other, s) ==
			    namelist_has_view(other, &name));
		}
		free(s);
	}
	return n;
}

static void
check_pair(const struct view *list, const struct view *other)
{
	struct view name, made;
	struct buf b;
	size_t common;

	(void)walk(list, other, &common);
	name = view_of(NULL, 0);
	if (namelist_choose(list, other, &name) == 0) {
		require(fuzz_is_inside(&name, list));
		require(namelist_has_view(list, &name));
		require(namelist_has_view(other, &name));
	} else
		require(common == 0);
	buf_init(&b, 1024 * 1024);
	require(namelist_intersect(&b, list, other) == 0);
	made = buf_view(&b);
	require(made.len <= list->len);
	require((made.len > 0) == (common > 0));
	if (made.len > 0)
		require(namelist_choose(&made, other, &name) == 0 &&
		    namelist_choose(&made, list, &name) == 0);
	buf_clear(&b);
}

/* A list that is built holds exactly what was put in. */
static void
check_build(const struct view *list)
{
	struct view left = *list, name, made;
	size_t before;
	struct buf b;

	buf_init(&b, NAMELIST_MAX);
	while (view_get_name(&left, &name)) {
		before = b.len;
		if (namelist_add_view(&b, &name) != 0) {
			require(b.len == before);
			break;
		}
		made = buf_view(&b);
		require(name.len == 0 || namelist_has_view(&made, &name));
		require(b.len >= before + name.len &&
		    b.len <= before + name.len + 1);
	}
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size), first = fuzz_piece(&v);

	check_pair(&first, &v);
	check_pair(&v, &first);
	check_pair(&v, &v);
	check_build(&v);
	return 0;
}
