/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Names are compared byte by byte as they came.  A list from the peer may be
 * odd (",,", a comma at either end), so the rule that keeps this safe is that
 * an empty name is an element of no list: it is skipped wherever names are
 * walked, and can therefore neither be found nor chosen nor copied.
 */

#include "transport/namelist.h"

#include <string.h>

#include "lib/err.h"
#include "lib/text.h"

/* The next name that is not empty. */
static bool
take_name(struct view *left, struct view *namep)
{
	while (view_get_name(left, namep)) {
		if (namep->len > 0)
			return true;
	}
	return false;
}

bool
namelist_has_view(const struct view *list, const struct view *name)
{
	struct view left = *list, at;

	while (take_name(&left, &at)) {
		if (view_equals(&at, name))
			return true;
	}
	return false;
}

bool
namelist_has(const struct view *list, const char *name)
{
	struct view v = view_of_string(name);

	return namelist_has_view(list, &v);
}

int
namelist_choose(const struct view *wanted, const struct view *offered,
    struct view *namep)
{
	struct view left = *wanted, name;

	while (take_name(&left, &name)) {
		if (namelist_has_view(offered, &name)) {
			*namep = name;
			return 0;
		}
	}
	return SSHTAP_ERR_NO_COMMON;
}

/* One reservation for comma and name: a failure leaves the list whole. */
int
namelist_add_view(struct buf *out, const struct view *name)
{
	size_t comma = out->len > 0 ? 1 : 0;
	uint8_t *p;
	int r;

	if (name->len == 0)
		return SSHTAP_ERR_ARGUMENT;
	if (name->len > NAMELIST_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((r = buf_put_space(out, comma + name->len, &p)) != 0)
		return r;
	if (comma > 0)
		*p++ = ',';
	memcpy(p, name->p, name->len);
	return 0;
}

int
namelist_intersect(struct buf *out, const struct view *list,
    const struct view *allowed)
{
	struct view left = *list, name;
	int r;

	while (take_name(&left, &name)) {
		if (!namelist_has_view(allowed, &name))
			continue;
		if ((r = namelist_add_view(out, &name)) != 0)
			return r;
	}
	return 0;
}

int
namelist_add(struct buf *out, const char *name)
{
	struct view v = view_of_string(name);

	return namelist_add_view(out, &v);
}

/* True when name matches one of the patterns of a list. */
static bool
list_matches(const struct view *list, const struct view *name)
{
	struct view left = *list, pattern;

	while (view_get_name(&left, &pattern))
		if (text_matches(&pattern, name, false))
			return true;
	return false;
}

/* Those of ours for which list_matches(list) is false, and not in out yet. */
static int
add_others(struct buf *out, const struct view *ours, const struct view *list)
{
	struct view left = *ours, name, have;
	int r = 0;

	while (r == 0 && view_get_name(&left, &name)) {
		have = buf_view(out);
		if (!namelist_has_view(&have, &name) &&
		    !list_matches(list, &name))
			r = namelist_add_view(out, &name);
	}
	return r;
}

/* "+" can add nothing, for ours is all that we carry. */
int
namelist_filter(struct buf *out, const char *value, const struct view *ours)
{
	struct view list = view_of_string(value), none = view_of(NULL, 0);
	uint8_t sign;
	int r;

	if (strchr("+-^", *value) == NULL || view_get_u8(&list, &sign) != 0)
		return namelist_intersect(out, &list, ours);
	if (sign == '+')
		return buf_put_view(out, ours);
	if (sign == '-')
		return add_others(out, ours, &list);
	if ((r = namelist_intersect(out, &list, ours)) != 0)
		return r;
	return add_others(out, ours, &none);
}
