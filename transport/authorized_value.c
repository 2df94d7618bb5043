/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Values of options in authorized_keys files.  An element of a list of
 * addresses that is understood in part is worse than none, since behind a
 * "!" it would let somebody in whom it was to keep out.  So every element is
 * looked at, also when others have decided, and what may be a slip spoils
 * the list.
 */

#include "transport/authorized_value.h"

#include <string.h>

#include "lib/err.h"
#include "lib/text.h"
#include "transport/authorized_keys.h"

/* Room for any number of ours in decimal, 0x7ffffffd being the largest. */
#define NUMBER_SIZE	16

#define LETTERS		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS		"0123456789"

/* All of which elements of address lists are made, behind the "!". */
#define ELEMENT_CHARS	LETTERS DIGITS ".:-_/*?"

/* An address, a slash, three digits, a NUL. */
#define NETWORK_SIZE	(IPADDR_TEXT_SIZE + 4)

/* Days from the first of the year 0 to that of 1970, Gregorian. */
#define DAYS_TO_1970	719528

/* True when v is made of these characters only. */
static bool
is_made_of(const struct view *v, const char *chars)
{
	size_t i;

	for (i = 0; i < v->len; i++) {
		if (v->p[i] == '\0' || strchr(chars, v->p[i]) == NULL)
			return false;
	}
	return true;
}

static bool
has_any_of(const struct view *v, const char *chars)
{
	size_t i;

	for (i = 0; i < v->len; i++) {
		if (v->p[i] != '\0' && strchr(chars, v->p[i]) != NULL)
			return true;
	}
	return false;
}

static bool
copy_string(const struct view *v, char *s, size_t size)
{
	if (v->len == 0 || v->len >= size ||
	    memchr(v->p, '\0', v->len) != NULL)
		return false;
	memcpy(s, v->p, v->len);
	s[v->len] = '\0';
	return true;
}

static bool
parse_number(const struct view *v, unsigned long max, unsigned long *valuep)
{
	char s[NUMBER_SIZE];

	return copy_string(v, s, sizeof(s)) &&
	    text_get_number(s, max, valuep) == 0;
}

/* The zone says which link, which is nothing that a list can speak of. */
void
authorized_value_get_peer(const struct view *address,
    struct authorized_peer *peer)
{
	struct view v = *address;
	char s[IPADDR_TEXT_SIZE];
	const uint8_t *zone;

	*peer = (struct authorized_peer){ .ip = { .len = 0 } };
	if (v.len > 0 && (zone = memchr(v.p, '%', v.len)) != NULL)
		v.len = (size_t)(zone - v.p);
	if (!copy_string(&v, s, sizeof(s)) ||
	    ipaddr_parse(s, &peer->ip) != 0)
		return;
	ipaddr_unmap(&peer->ip);
	ipaddr_format(&peer->ip, peer->text);
}

/* An address or a network. */
static bool
parse_network(const struct view *v, struct ipaddr *networkp, unsigned *bitsp)
{
	char s[NETWORK_SIZE];

	return copy_string(v, s, sizeof(s)) &&
	    ipaddr_parse_network(s, networkp, bitsp) == 0;
}

/*
 * One element, without "!".  Returns false when it is malformed.  What is no
 * address and no pattern must be a host name, unless it has a colon or no
 * letter: then somebody has mistyped an address.
 */
static bool
match_element(const struct view *v, const struct authorized_peer *peer,
    bool *matchesp)
{
	struct view text = view_of_string(peer->text);
	struct ipaddr network;
	unsigned bits;

	if (v->len == 0 || !is_made_of(v, ELEMENT_CHARS))
		return false;
	if (parse_network(v, &network, &bits)) {
		*matchesp = ipaddr_is_in(&peer->ip, &network, bits);
		return true;
	}
	if (has_any_of(v, "/") || (!has_any_of(v, "*?") &&
	    (has_any_of(v, ":") || !has_any_of(v, LETTERS))))
		return false;
	*matchesp = peer->ip.len > 0 && text_matches(v, &text, true);
	return true;
}

int
authorized_value_match_list(const struct view *list,
    const struct authorized_peer *peer, bool *matchesp)
{
	struct view left = *list, element;
	bool matches, negated, matched = false, vetoed = false;

	/* view_get_name() takes a comma at the very end for nothing. */
	if (list->len == 0 || list->p[list->len - 1] == ',')
		return SSHTAP_ERR_FORMAT;
	while (view_get_name(&left, &element)) {
		negated = element.len > 0 && element.p[0] == '!';
		if (negated)
			element = view_of(element.p + 1, element.len - 1);
		if (!match_element(&element, peer, &matches))
			return SSHTAP_ERR_FORMAT;
		if (matches && negated)
			vetoed = true;
		else if (matches)
			matched = true;
	}
	*matchesp = matched && !vetoed;
	return 0;
}

/* The number that n digits make, which are there. */
static int
take_digits(struct view *v, size_t n)
{
	int value = 0;

	for (; n > 0; n--) {
		value = value * 10 + (v->p[0] - '0');
		v->p++;
		v->len--;
	}
	return value;
}

static bool
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* The date as days since 1970, which may be less than none. */
static bool
count_days(int year, int month, int day, int64_t *daysp)
{
	static const int month_days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31,
	};
	int64_t days;
	int m;

	if (month < 1 || month > 12 || day < 1 ||
	    day > month_days[month - 1] + (month == 2 && is_leap(year)))
		return false;
	/* The year 0 is a leap year, so these divisions round up. */
	days = (int64_t)365 * year + (year + 3) / 4 - (year + 99) / 100 +
	    (year + 399) / 400 - DAYS_TO_1970;
	for (m = 1; m < month; m++)
		days += month_days[m - 1] + (m == 2 && is_leap(year));
	*daysp = days + day - 1;
	return true;
}

int
authorized_value_get_time(const struct view *value, int64_t *timep)
{
	struct view v = *value;
	int year, month, hour = 0, minute = 0, second = 0;
	int64_t days;

	if (v.len > 0 && v.p[v.len - 1] == 'Z')
		v.len--;
	if ((v.len != 8 && v.len != 12 && v.len != 14) ||
	    !is_made_of(&v, DIGITS))
		return SSHTAP_ERR_FORMAT;
	year = take_digits(&v, 4);
	month = take_digits(&v, 2);
	if (!count_days(year, month, take_digits(&v, 2), &days))
		return SSHTAP_ERR_FORMAT;
	if (v.len > 0) {
		hour = take_digits(&v, 2);
		minute = take_digits(&v, 2);
	}
	if (v.len > 0)
		second = take_digits(&v, 2);
	if (hour > 23 || minute > 59 || second > 59)
		return SSHTAP_ERR_FORMAT;
	*timep = ((days * 24 + hour) * 60 + minute) * 60 + second;
	return 0;
}

int
authorized_value_get_unit(const struct view *value, uint32_t *unitp)
{
	unsigned long unit;

	if (!parse_number(value, AUTHORIZED_KEYS_UNIT_MAX, &unit))
		return SSHTAP_ERR_FORMAT;
	*unitp = (uint32_t)unit;
	return 0;
}
