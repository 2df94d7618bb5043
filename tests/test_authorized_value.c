/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Values in authorized_keys: lists of addresses against addresses, times
 * against the system's calendar, units.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/key_util.h"
#include "transport/authorized_keys.h"
#include "transport/authorized_value.h"

#define HERE		"192.0.2.7"
#define NOW		1709209845	/* 2024-02-29 12:30:45 UTC */

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

enum match { DIFFERS, MATCHES, MALFORMED };

/* The storage of both ends where they do; the result is set when it should. */
static enum match
match(const char *list, const char *address)
{
	struct view v = view_of_string(list), a = view_of_string(address);
	struct authorized_peer peer;
	bool yes = false, no = true;
	int r;

	v = exact(&v, v.len);
	a = exact(&a, a.len);
	authorized_value_get_peer(&a, &peer);
	r = authorized_value_match_list(&v, &peer, &yes);
	assert_int_equal(authorized_value_match_list(&v, &peer, &no), r);
	drop(a);
	drop(v);
	if (r == SSHTAP_ERR_FORMAT) {
		assert_false(yes);
		assert_true(no);
		return MALFORMED;
	}
	assert_int_equal(r, 0);
	assert_int_equal(yes, no);
	return yes ? MATCHES : DIFFERS;
}

static void
check_match(const char *list, const char *address, enum match wanted)
{
	if (match(list, address) != wanted)
		print_error("\"%s\" of %s\n", list, address);
	assert_int_equal(match(list, address), wanted);
}

static int
get_time(const char *value, int64_t *timep)
{
	struct view v = view_of_string(value);
	int64_t t = 12345;
	int r;

	v = exact(&v, v.len);
	if ((r = authorized_value_get_time(&v, &t)) != 0)
		assert_int_equal(t, 12345);
	drop(v);
	*timep = t;
	return r;
}

static void
check_time(const char *value, int64_t wanted)
{
	int64_t t;

	if (get_time(value, &t) != 0 || t != wanted)
		print_error("%s\n", value);
	assert_int_equal(get_time(value, &t), 0);
	assert_true(t == wanted);
}

static int
get_unit(const char *value, uint32_t *unitp)
{
	struct view v = view_of_string(value);
	uint32_t unit = 12345;
	int r;

	v = exact(&v, v.len);
	if ((r = authorized_value_get_unit(&v, &unit)) != 0)
		assert_int_equal(unit, 12345);
	drop(v);
	*unitp = unit;
	return r;
}

static void
test_lists(void **state)
{
	static const struct {
		const char *list, *address;
		bool matches;
	} cases[] = {
		{ "192.0.2.7", "192.0.2.7", true },
		{ "192.0.2.7", "192.0.2.8", false },
		{ "192.0.2.7", "192.0.2.70", false },
		{ "192.0.2.70", "192.0.2.7", false },
		{ "10.0.0.1,192.0.2.7", "192.0.2.7", true },
		{ "192.0.2.7,10.0.0.1", "192.0.2.7", true },
		{ "10.0.0.1,10.0.0.2", "192.0.2.7", false },

		/* Patterns see the usual spelling. */
		{ "*", "192.0.2.7", true }, { "*", "2001:db8::1", true },
		{ "192.0.2.*", "192.0.2.7", true },
		{ "192.0.2.*", "192.0.20.7", false },
		{ "192.0.2.?", "192.0.2.7", true },
		{ "192.0.2.?", "192.0.2.17", false },
		{ "*.*.*.*", "192.0.2.7", true },
		{ "*.*.*.*.*", "192.0.2.7", false },
		{ "*:*", "192.0.2.7", false }, { "*:*", "2001:db8::1", true },
		{ "2001:db8:*", "2001:db8::1", true },
		{ "2001:DB8:*", "2001:db8::1", true },
		{ "2001:db8:*", "2001:DB8:0:0:0:0:0:1", true },
		{ "2001:db8:*", "2001:db9::1", false },
		{ "2001:0db8:*", "2001:db8::1", false },
		{ "2001:db8::?", "2001:db8:0::1", true },

		/* Addresses are numbers. */
		{ "2001:db8::1", "2001:db8::1", true },
		{ "2001:DB8:0:0::1", "2001:db8::1", true },
		{ "2001:db8::1", "2001:DB8::0001", true },
		{ "2001:db8::1", "2001:db8::2", false },
		{ "::1", "::1", true }, { "::1", "0.0.0.1", false },
		{ "::192.0.2.7", "192.0.2.7", false },
		{ "fe80::1", "fe80::1%eth0", true },
		{ "fe80::/10", "fe80::1%eth0", true },
		{ "fe80::*", "fe80::1%eth0", true },
		{ "fe80::1", "fe80::2%eth0", false },

		/* Networks. */
		{ "192.0.2.0/24", "192.0.2.0", true },
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.1.255", false },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.0/25", "192.0.2.127", true },
		{ "192.0.2.0/25", "192.0.2.128", false },
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.6/31", "192.0.2.7", true },
		{ "192.0.2.6/31", "192.0.2.8", false },
		{ "192.0.2.7/32", "192.0.2.7", true },
		{ "192.0.2.7/32", "192.0.2.6", false },
		{ "128.0.0.0/1", "192.0.2.7", true },
		{ "128.0.0.0/1", "127.255.255.255", false },
		{ "0.0.0.0/1", "192.0.2.7", false },
		{ "10.0.0.0/7", "11.255.255.255", true },
		{ "10.0.0.0/7", "12.0.0.0", false },
		{ "192.0.0.0/9", "192.127.0.1", true },
		{ "192.0.0.0/9", "192.128.0.1", false },
		{ "0.0.0.0/0", "192.0.2.7", true },
		{ "0.0.0.0/0", "255.255.255.255", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "192.0.2.7", false },
		{ "::/0", "::1", true },
		{ "2001:db8::/32", "2001:db8:ffff::1", true },
		{ "2001:db8::/32", "2001:db9::", false },
		{ "2001:db8::/33", "2001:db8:7fff::", true },
		{ "2001:db8::/33", "2001:db8:8000::", false },
		{ "2001:db8::/127", "2001:db8::1", true },
		{ "2001:db8::/127", "2001:db8::2", false },
		{ "2001:db8::1/128", "2001:db8::1", true },
		{ "2001:db8::1/128", "2001:db8::", false },
		{ "8000::/1", "ffff::", true }, { "8000::/1", "7fff::", false },
		{ "10.0.0.0/8,192.0.2.0/24", "192.0.2.7", true },

		/* IPv4 mapped into IPv6, on either side. */
		{ "192.0.2.7", "::ffff:192.0.2.7", true },
		{ "192.0.2.0/24", "::ffff:192.0.2.7", true },
		{ "192.0.2.0/24", "::ffff:c000:207", true },
		{ "192.0.2.*", "::FFFF:192.0.2.7", true },
		{ "::ffff:*", "::ffff:192.0.2.7", false },
		{ "::ffff:192.0.2.7", "192.0.2.7", true },
		{ "::ffff:c000:207", "192.0.2.7", true },
		{ "::ffff:192.0.2.8", "192.0.2.7", false },
		{ "::ffff:192.0.2.7", "::ffff:192.0.2.7", true },
		{ "::ffff:192.0.2.0/120", "192.0.2.7", true },
		{ "::ffff:192.0.2.0/120", "192.0.3.7", false },
		{ "::ffff:192.0.2.7/128", "192.0.2.7", true },
		{ "::ffff:0:0/96", "192.0.2.7", true },
		{ "::ffff:0.0.0.0/97", "192.0.2.7", false },
		{ "::ffff:0:0/96", "2001:db8::1", false },
		{ "::ffff:0:0/96", "::1", false },
		{ "::/80", "::ffff:192.0.2.7", false },
		{ "::fffe:0:0/95", "192.0.2.7", false },

		/* A match behind "!" is a veto, wherever it stands. */
		{ "*,!192.0.2.7", "192.0.2.7", false },
		{ "!192.0.2.7,*", "192.0.2.7", false },
		{ "*,!192.0.2.7", "192.0.2.8", true },
		{ "!192.0.2.7,*", "192.0.2.8", true },
		{ "!192.0.2.7", "192.0.2.8", false },
		{ "!192.0.2.0/25,192.0.2.0/24", "192.0.2.7", false },
		{ "!192.0.2.0/25,192.0.2.0/24", "192.0.2.200", true },
		{ "192.0.2.0/24,!192.0.2.*", "192.0.2.7", false },
		{ "*,!2001:db8::/32", "2001:db8::1", false },
		{ "*,!2001:db8::/32", "2001:db9::1", true },
		{ "*,!192.0.2.7", "::ffff:192.0.2.7", false },
		{ "*,!::ffff:192.0.2.7", "192.0.2.7", false },
		{ "192.0.2.7,!192.0.2.7,192.0.2.7", "192.0.2.7", false },
		{ "*,!*", "192.0.2.7", false },

		/* Host names. */
		{ "host", "192.0.2.7", false },
		{ "*.example.com", "192.0.2.7", false },
		{ "host.example.com,192.0.2.7", "192.0.2.7", true },
		{ "!host.example.com,192.0.2.7", "192.0.2.7", true },
		{ "my_host-2.example.com", "192.0.2.7", false },
		{ "192.0.2.x", "192.0.2.7", false },

		/* No address, or none that is one. */
		{ "*", "", false }, { "0.0.0.0/0", "", false },
		{ "::/0", "", false }, { "!10.0.0.1,*", "", false },
		{ "*", "host", false }, { "*", "UNKNOWN", false },
		{ "*", "192.0.2", false }, { "*", "192.0.2.7 ", false },
		{ "*", "192.0.2.256", false }, { "*", "%", false },
		{ "*", "%eth0", false }, { "*", "[::1]", false },
		{ "0000:0000:0000:0000:0000:0000:0000:0001",
		    "0000:0000:0000:0000:0000:0000:0000:0001", true },
		{ "*", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0001",
		    false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		check_match(cases[i].list, cases[i].address,
		    cases[i].matches ? MATCHES : DIFFERS);
}

static void
test_lists_malformed(void **state)
{
	static const char *const lists[] = {
		"", ",", ",*", "*,", "*,,*", "!", "!,*", "*,!", "!!*",
		"/", "/24", "*/24", "host/24", "192.0.2.*/24", "192.0.2/24",
		"192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+24",
		"192.0.2.0/024", "192.0.2.0/24/24", "192.0.2.0/x",
		"192.0.2.0/ 24", "192.0.2.0/99999999999999999999",
		"192.0.2.0/255.255.255.0", "192.0.2.0/4294967320",
		"192.0.2.7/24", "192.0.2.1/31", "0.0.0.1/0", "128.0.0.0/0",
		"2001:db8::/129", "2001:db8::1/127", "2001:db8::1/32", "::1/0",
		"2001:db8::/", "::ffff:192.0.2.7/120", "::ffff:0:0/95",
		"::ffff:192.0.2.0/24", "::ffff:0:0/80",
		/* Meant as addresses. */
		"192.0.2", "192.0.2.256", "192.0.2.7.", "192.0.02.7", "1", ".",
		"2001:db8::1::1", ":", ":::", "2001:db8:", "host:22", "::g",
		"192.0.2.7:22", "1:2:3:4:5:6:7:8:9",
		/* Characters of nothing that could match. */
		"fe80::1%eth0", "fe80::%eth0/10", "[::1]", " *", "* ",
		"192.0.2.7 ", "a b", "a\tb", "*;10.0.0.1", "a\\b", "a@b",
		"192.0.2.7\x01", "h\xc3\xb6st", "'*'", "~", "{1,2}", "a\r",
	};
	char list[256];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(lists); i++) {
		check_match(lists[i], HERE, MALFORMED);
		/* Nor can it hide behind what matches or vetoes, or be "!". */
		(void)snprintf(list, sizeof(list), "*,%s", lists[i]);
		check_match(list, HERE, MALFORMED);
		(void)snprintf(list, sizeof(list), "!*,%s", lists[i]);
		check_match(list, HERE, MALFORMED);
		(void)snprintf(list, sizeof(list), "%s,*", lists[i]);
		check_match(list, HERE, MALFORMED);
		(void)snprintf(list, sizeof(list), "*,!%s", lists[i]);
		if (lists[i][0] != '*')
			check_match(list, HERE, MALFORMED);
		check_match(lists[i], "", MALFORMED);
	}
}

/* Each prefix of an address with all bits set, and one bit beside it. */
static void
test_every_prefix(void **state)
{
	char list[64], address[64];
	unsigned bits;

	(void)state;
	for (bits = 0; bits <= 32; bits++) {
		uint32_t ip = bits == 0 ? 0 : UINT32_MAX << (32 - bits);
		uint32_t next = bits == 0 ? 0 : ip ^ 1u << (32 - bits);

		(void)snprintf(list, sizeof(list), "%u.%u.%u.%u/%u", ip >> 24,
		    ip >> 16 & 255, ip >> 8 & 255, ip & 255, bits);
		check_match(list, "255.255.255.255", MATCHES);
		(void)snprintf(address, sizeof(address), "%u.%u.%u.%u",
		    next >> 24, next >> 16 & 255, next >> 8 & 255, next & 255);
		check_match(list, address, bits == 0 ? MATCHES : DIFFERS);
		/* Every bit of 255.255.255.255 is one behind a prefix. */
		(void)snprintf(list, sizeof(list), "255.255.255.255/%u", bits);
		check_match(list, "255.255.255.255",
		    bits == 32 ? MATCHES : MALFORMED);
	}
	for (bits = 0; bits <= 128; bits++) {
		(void)snprintf(list, sizeof(list), "::/%u", bits);
		check_match(list, "::", MATCHES);
		check_match(list, "8000::", bits == 0 ? MATCHES : DIFFERS);
		check_match(list, "::1", bits == 128 ? DIFFERS : MATCHES);
	}
}

static void
test_times(void **state)
{
	(void)state;
	check_time("19700101", 0);
	check_time("19700101Z", 0);
	check_time("197001010001", 60);
	check_time("19700101000001", 1);
	check_time("19691231235959", -1);
	check_time("20240229123045", NOW);
	check_time("20240229123045Z", NOW);
	check_time("202402291230", NOW - 45);
	check_time("202402291230Z", NOW - 45);
	check_time("20240229", NOW - 45045);
	check_time("20240229235959", NOW - 45045 + 86399);
	check_time("20380119031407", INT32_MAX);
	check_time("20380119031408", INT64_C(1) + INT32_MAX);
	check_time("21060207062815", UINT32_MAX);
	check_time("99991231235959Z", INT64_C(253402300799));
	check_time("00000101", INT64_C(-62167219200));
	check_time("00010101", INT64_C(-62135596800));
}

/* Every day of these years, against the system's calendar. */
static void
test_calendar(void **state)
{
	static const int years[] = {
		1900, 1970, 1999, 2000, 2001, 2023, 2024, 2096, 2100, 2400,
	};
	struct tm tm;
	char date[32];
	size_t i;
	int month, day;

	(void)state;
	for (i = 0; i < COUNT(years); i++)
	for (month = 1; month <= 12; month++)
	for (day = 0; day <= 32; day++) {
		int64_t got;
		time_t t;
		bool exists;

		memset(&tm, 0, sizeof(tm));
		tm.tm_year = years[i] - 1900;
		tm.tm_mon = month - 1;
		tm.tm_mday = day;
		t = timegm(&tm);
		exists = tm.tm_mon == month - 1 && tm.tm_mday == day;
		(void)snprintf(date, sizeof(date), "%04d%02d%02d", years[i],
		    month, day);
		if (exists)
			check_time(date, t);
		else
			assert_int_equal(get_time(date, &got),
			    SSHTAP_ERR_FORMAT);
	}
}

static void
test_times_malformed(void **state)
{
	static const char *const values[] = {
		"", "Z", "2", "2024", "202402", "2024022", "202402291",
		"2024022912", "20240229123", "2024022912304",
		"202402291230455", "2024022912304500", "20240229ZZ",
		"20240229z", "20240229UTC", "Z20240229", "20240229 ",
		" 20240229", "2024-02-29", "2024022a", "+2024022", "-0240229",
		"20240229T1230", "20240229+0100", "20240229\r",
		"20230229", "19000229", "21000229", "20240230", "20240431",
		"20240631", "20240931", "20241131", "20240132", "20240001",
		"20241301", "20240100", "20240000", "99999999", "00000000",
		"202402292400", "202402291260", "20240229123060",
		"20240229123061", "20240229999999", "never", "0",
	};
	int64_t t;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(values); i++) {
		if (get_time(values[i], &t) != SSHTAP_ERR_FORMAT)
			print_error("%s\n", values[i]);
		assert_int_equal(get_time(values[i], &t), SSHTAP_ERR_FORMAT);
	}
}

static void
test_units(void **state)
{
	uint32_t unit;

	(void)state;
	assert_int_equal(get_unit("0", &unit), 0);
	assert_int_equal(unit, 0);
	assert_int_equal(get_unit("10", &unit), 0);
	assert_int_equal(unit, 10);
	assert_int_equal(get_unit("2147483645", &unit), 0);
	assert_int_equal(unit, AUTHORIZED_KEYS_UNIT_MAX);
}

static void
test_units_malformed(void **state)
{
	static const char *const values[] = {
		"", " ", "any", "ANY", "a", "-1", "+1", " 1", "1 ", "01",
		"00", "0x1", "1.0", "1:1", "1,2", "1a", "2147483646",
		"2147483647", "4294967295", "4294967296", "99999999999999",
		"100000000000000", "1000000000000000", "10000000000000000",
		"18446744073709551616", "\xd9\xa1",
	};
	uint32_t unit;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(values); i++)
		assert_int_equal(get_unit(values[i], &unit),
		    SSHTAP_ERR_FORMAT);
}

/* As many elements as a line can have; the last one is not forgotten. */
static void
test_long_list(void **state)
{
	char list[AUTHORIZED_KEYS_LINE_MAX + 1];
	size_t i, end = sizeof(list) - sizeof(",!192.0.2.7");

	(void)state;
	for (i = 0; i < end; i++)
		list[i] = i % 2 == 0 ? '*' : ',';
	if (list[end - 1] == ',')
		list[end - 1] = '*';
	memcpy(list + end, ",!192.0.2.7", sizeof(",!192.0.2.7"));
	check_match(list, HERE, DIFFERS);
	check_match(list, "192.0.2.8", MATCHES);
}

/* What a C string cannot hold. */
static void
test_nul(void **state)
{
	struct authorized_peer peer;
	struct view v = view_of("192.0.2.7\0.example.com", 22);
	uint32_t unit;
	int64_t t;
	bool matches;

	(void)state;
	authorized_value_get_peer(&v, &peer);
	assert_int_equal(peer.ip.len, 0);
	assert_string_equal(peer.text, "");
	assert_int_equal(authorized_value_match_list(&v, &peer, &matches),
	    SSHTAP_ERR_FORMAT);
	v = view_of("*\0", 2);
	assert_int_equal(authorized_value_match_list(&v, &peer, &matches),
	    SSHTAP_ERR_FORMAT);
	v = view_of("1\0", 2);
	assert_int_equal(authorized_value_get_unit(&v, &unit),
	    SSHTAP_ERR_FORMAT);
	v = view_of("2024010\0", 8);
	assert_int_equal(authorized_value_get_time(&v, &t),
	    SSHTAP_ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_lists_malformed),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_calendar),
		cmocka_unit_test(test_times_malformed),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_units_malformed),
		cmocka_unit_test(test_long_list),
		cmocka_unit_test(test_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
