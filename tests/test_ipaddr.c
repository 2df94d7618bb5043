/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Addresses, prefixes and networks as text and as bytes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "lib/ipaddr.h"

static void
assert_text(const struct ipaddr *ip, const char *text)
{
	char s[IPADDR_TEXT_SIZE];

	ipaddr_format(ip, s);
	assert_string_equal(s, text);
}

static void
test_addresses(void **state)
{
	static const char *const bad[] = {
		"", " ", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4",
		"1.2.3.4 ", " 1.2.3.4", "1.2.3.4/8", ":", ":::", "1::2::3",
		"12345::", "::1%lo", "[::1]", "localhost", "0x7f000001", "1"
	};
	struct ipaddr ip = { .len = 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (ipaddr_parse(bad[i], &ip) != SSHTAP_ERR_FORMAT)
			fail_msg("\"%s\" is an address", bad[i]);
	}
	assert_int_equal(ip.len, 0);
	assert_int_equal(ipaddr_parse("192.0.2.1", &ip), 0);
	assert_int_equal(ip.len, 4);
	assert_memory_equal(ip.bytes, "\xc0\x00\x02\x01", 4);
	assert_text(&ip, "192.0.2.1");
	assert_int_equal(ipaddr_parse("2001:DB8:0::0:1", &ip), 0);
	assert_int_equal(ip.len, 16);
	assert_text(&ip, "2001:db8::1");
}

static void
test_prefixes(void **state)
{
	static const char *const bad[] = {
		"1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/08",
		"1.2.3.4/8 ", "1.2.3.4/8/8", "/8", "::1/129", "",
		"1.2.3.4/4294967304",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/1"
	};
	struct ipaddr ip = { .len = 0 };
	unsigned bits = 7;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (ipaddr_parse_prefix(bad[i], &ip, &bits) !=
		    SSHTAP_ERR_FORMAT)
			fail_msg("\"%s\" is a prefix", bad[i]);
	}
	assert_true(ip.len == 0 && bits == 7);
	assert_int_equal(ipaddr_parse_prefix("1.2.3.4/0", &ip, &bits), 0);
	assert_int_equal(bits, 0);
	assert_text(&ip, "1.2.3.4");
	assert_int_equal(ipaddr_parse_prefix("1.2.3.4", &ip, &bits), 0);
	assert_int_equal(bits, 32);
	assert_int_equal(ipaddr_parse_prefix("fe80::1/64", &ip, &bits), 0);
	assert_int_equal(bits, 64);
	assert_int_equal(ipaddr_parse_prefix("fe80::1", &ip, &bits), 0);
	assert_int_equal(bits, 128);
}

static void
test_networks(void **state)
{
	struct ipaddr ip, net = { .len = 0 };
	unsigned bits = 7;

	(void)state;
	assert_int_equal(ipaddr_parse_network("10.0.0.1/24", &net, &bits),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(ipaddr_parse_network("10.0.0.128/24", &net, &bits),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(ipaddr_parse_network("::ffff:10.0.0.0/95", &net,
	    &bits), SSHTAP_ERR_FORMAT);
	assert_true(net.len == 0 && bits == 7);
	assert_int_equal(ipaddr_parse_network("10.0.0.128/25", &net, &bits),
	    0);
	assert_int_equal(ipaddr_parse("10.0.0.200", &ip), 0);
	assert_true(ipaddr_is_in(&ip, &net, bits));
	assert_int_equal(ipaddr_parse("10.0.0.127", &ip), 0);
	assert_false(ipaddr_is_in(&ip, &net, bits));
	assert_int_equal(ipaddr_parse_network("0.0.0.0/0", &net, &bits), 0);
	assert_true(ipaddr_is_in(&ip, &net, bits));
	assert_int_equal(ipaddr_parse_network("::/0", &net, &bits), 0);
	assert_false(ipaddr_is_in(&ip, &net, bits));
	assert_int_equal(ipaddr_parse_network("2001:db8::/33", &net, &bits),
	    0);
	assert_int_equal(ipaddr_parse("2001:db8:7fff::1", &ip), 0);
	assert_true(ipaddr_is_in(&ip, &net, bits));
	assert_int_equal(ipaddr_parse("2001:db8:8000::1", &ip), 0);
	assert_false(ipaddr_is_in(&ip, &net, bits));
}

static void
test_mapped_addresses_are_of_ipv4(void **state)
{
	struct ipaddr ip, net;
	unsigned bits;

	(void)state;
	assert_int_equal(ipaddr_parse("::ffff:10.1.2.3", &ip), 0);
	assert_int_equal(ip.len, 16);
	ipaddr_unmap(&ip);
	assert_text(&ip, "10.1.2.3");
	ipaddr_unmap(&ip);
	assert_text(&ip, "10.1.2.3");
	assert_int_equal(ipaddr_parse_network("::ffff:10.0.0.0/104", &net,
	    &bits), 0);
	assert_int_equal(bits, 8);
	assert_true(ipaddr_is_in(&ip, &net, bits));
	assert_int_equal(ipaddr_parse("::fffe:10.1.2.3", &ip), 0);
	ipaddr_unmap(&ip);
	assert_int_equal(ip.len, 16);
}

static void
test_mask(void **state)
{
	static const struct {
		unsigned bits;
		const char *text;
	} cases[] = {
		{ 0, "0.0.0.0" },
		{ 1, "128.0.0.0" },
		{ 8, "255.0.0.0" },
		{ 13, "255.248.0.0" },
		{ 31, "255.255.255.254" },
		{ 32, "255.255.255.255" },
	};
	struct ipaddr ip;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(ipaddr_parse("255.255.255.255", &ip), 0);
		ipaddr_mask(&ip, cases[i].bits);
		assert_text(&ip, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_mapped_addresses_are_of_ipv4),
		cmocka_unit_test(test_mask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
