/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Who is let in, who has to go, and for how long somebody counts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <netinet/in.h>
#include <arpa/inet.h>

#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "server/startups.h"

#define NOW	1000000
#define CERTAIN	0		/* a chance that is below any rate */
#define NEVER	99		/* and one that only 100 percent are above */

static struct startups *s;
static uint32_t id, evicted;	/* of the last one that came */

static void
start(unsigned begin, unsigned rate, unsigned full, unsigned per_source)
{
	struct startups_limits l = { .begin = begin, .rate = rate,
	    .full = full, .per_source = per_source, .v4_bits = 32,
	    .v6_bits = 64 };

	startups_free(s);
	s = NULL;
	assert_int_equal(startups_new(&l, &s), 0);
}

static int
tear_down(void **state)
{
	(void)state;
	startups_free(s);
	s = NULL;
	return 0;
}

static enum startups_verdict
come_from(const char *address, uint32_t chance, uint64_t now)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	const struct sockaddr *sa;
	union { const void *p; const struct sockaddr *sa; } u;

	if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
		u.p = &in;
	else {
		assert_int_equal(inet_pton(AF_INET6, address, &in6.sin6_addr),
		    1);
		u.p = &in6;
	}
	sa = u.sa;
	id = evicted = 12345;
	return startups_begin(s, sa, chance, now, &id, &evicted);
}

/* One that is taken, and nobody goes for it. */
static uint32_t
take(const char *address)
{
	assert_int_equal(come_from(address, NEVER, NOW), STARTUPS_TAKEN);
	assert_int_equal(evicted, STARTUPS_NONE);
	return id;
}

static enum startups_verdict
come_number(unsigned n, uint32_t chance, uint64_t now)
{
	char address[32];
	struct in_addr in = { .s_addr = htonl(0x0a000000 + n) };

	assert_non_null(inet_ntop(AF_INET, &in, address, sizeof(address)));
	return come_from(address, chance, now);
}

static void
test_limits(void **state)
{
	static const struct startups_limits bad[] = {
		{ .full = 0 },
		{ .full = STARTUPS_MAX + 1 },
		{ .full = UINT32_MAX },
		{ .full = 1, .rate = 101 },
		{ .full = 1, .v4_bits = 33 },
		{ .full = 1, .v6_bits = 129 },
	};
	static const struct startups_limits good = { .begin = STARTUPS_MAX,
	    .rate = 100, .full = STARTUPS_MAX, .v4_bits = 32,
	    .v6_bits = 128 };
	struct startups *none = NULL;
	size_t i;

	(void)state;
	assert_int_equal(startups_new(&good, &s), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(startups_new(&bad[i], &none),
		    SSHTAP_ERR_ARGUMENT);
		assert_null(none);
		assert_int_equal(startups_set_limits(s, &bad[i]),
		    SSHTAP_ERR_ARGUMENT);
	}
	assert_int_equal(startups_set_limits(s, &good), 0);
}

/* 10 of one source wait; what chance lets the next one of another in? */
static void
test_the_rate_rises_evenly(void **state)
{
	/* With begin 2, rate 30, full 9: 30 + 70 * (n - 2) / 7. */
	static const struct { unsigned waiting, percent; } steps[] = {
		{ 0, 0 }, { 1, 0 }, { 2, 30 }, { 3, 40 }, { 4, 50 },
		{ 5, 60 }, { 6, 70 }, { 7, 80 }, { 8, 90 }, { 9, 100 },
	};
	uint32_t chance;
	unsigned n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		for (chance = 0; chance < 100; chance++) {
			start(2, 30, 9, 0);
			for (n = 0; n < steps[i].waiting; n++)
				take("192.0.2.1");
			/* The same source: it is the one to go. */
			assert_int_equal(come_from("192.0.2.1", chance, NOW),
			    chance < steps[i].percent ? STARTUPS_FULL :
			    STARTUPS_TAKEN);
			assert_int_equal(evicted, STARTUPS_NONE);
		}
	}
}

static void
test_chance_is_any_number(void **state)
{
	(void)state;
	start(1, 50, 100, 0);
	take("192.0.2.1");
	assert_int_equal(come_from("192.0.2.1", 1049, NOW), STARTUPS_FULL);
	assert_int_equal(come_from("192.0.2.1", UINT32_MAX, NOW),
	    STARTUPS_TAKEN);	/* 4294967295 % 100 is 95 */
}

/* "MaxStartups 3": all are dropped from there on, none before. */
static void
test_a_start_alone(void **state)
{
	(void)state;
	start(3, 100, 3, 0);
	assert_int_equal(come_from("192.0.2.1", CERTAIN, NOW), STARTUPS_TAKEN);
	assert_int_equal(come_from("192.0.2.1", CERTAIN, NOW), STARTUPS_TAKEN);
	assert_int_equal(come_from("192.0.2.1", CERTAIN, NOW), STARTUPS_TAKEN);
	assert_int_equal(come_from("192.0.2.1", NEVER, NOW), STARTUPS_FULL);
	assert_int_equal(startups_count(s), 3);
}

/* How many of these addresses are one source? */
static void
assert_one_source(const char *a, const char *b, bool is_one)
{
	startups_end(s, take(a), true, NOW);
	(void)take(a);
	assert_int_equal(come_from(b, NEVER, NOW), is_one ?
	    STARTUPS_SOURCE_FULL : STARTUPS_TAKEN);
}

static void
check_block(unsigned v4, unsigned v6, const char *a, const char *b,
    bool is_one)
{
	struct startups_limits l = { .begin = 100, .full = 100,
	    .per_source = 1, .v4_bits = v4, .v6_bits = v6 };

	start(100, 100, 100, 1);
	assert_int_equal(startups_set_limits(s, &l), 0);
	assert_one_source(a, b, is_one);
}

static void
test_a_source_is_a_block(void **state)
{
	(void)state;
	check_block(32, 64, "192.0.2.1", "192.0.2.1", true);
	check_block(32, 64, "192.0.2.1", "192.0.2.0", false);
	check_block(31, 64, "192.0.2.1", "192.0.2.0", true);
	check_block(31, 64, "192.0.2.1", "192.0.2.2", false);
	check_block(24, 64, "192.0.2.1", "192.0.2.255", true);
	check_block(24, 64, "192.0.2.1", "192.0.3.1", false);
	check_block(9, 64, "10.127.0.0", "10.0.0.1", true);
	check_block(9, 64, "10.128.0.0", "10.0.0.1", false);
	check_block(0, 64, "192.0.2.1", "1.2.3.4", true);
	check_block(32, 64, "2001:db8::1", "2001:db8::ffff:0:0:1", true);
	check_block(32, 64, "2001:db8::1", "2001:db8:0:1::1", false);
	check_block(32, 128, "2001:db8::1", "2001:db8::2", false);
	check_block(32, 127, "2001:db8::2", "2001:db8::3", true);
	check_block(32, 0, "2001:db8::1", "fe80::1", true);
	/* Never of both families. */
	check_block(0, 0, "2001:db8::1", "192.0.2.1", false);
	check_block(0, 0, "::", "0.0.0.0", false);
}

static void
test_mapped_addresses_are_of_ipv4(void **state)
{
	(void)state;
	check_block(32, 64, "::ffff:192.0.2.1", "192.0.2.1", true);
	check_block(32, 64, "192.0.2.1", "::ffff:192.0.2.1", true);
	/* Not by the bits of IPv6, of which all would be one source. */
	check_block(32, 64, "::ffff:192.0.2.1", "::ffff:192.0.2.2", false);
	check_block(24, 64, "::ffff:192.0.2.1", "192.0.2.2", true);
	check_block(32, 64, "::192.0.2.1", "192.0.2.1", false);
}

static void
test_the_rest_is_one_source(void **state)
{
	struct sockaddr a = { .sa_family = AF_UNIX };

	(void)state;
	start(10, 100, 10, 1);
	memset(a.sa_data, 1, sizeof(a.sa_data));
	assert_int_equal(startups_begin(s, &a, 0, NOW, &id, &evicted),
	    STARTUPS_TAKEN);
	memset(a.sa_data, 2, sizeof(a.sa_data));
	a.sa_family = AF_UNSPEC;
	assert_int_equal(startups_begin(s, &a, 0, NOW, &id, &evicted),
	    STARTUPS_SOURCE_FULL);
	(void)take("0.0.0.0");
	(void)take("::");
}

static void
test_a_source_has_its_limit(void **state)
{
	uint32_t first;

	(void)state;
	start(100, 100, 100, 3);
	first = take("192.0.2.1");
	(void)take("192.0.2.1");
	(void)take("192.0.2.1");
	assert_int_equal(come_from("192.0.2.1", NEVER, NOW),
	    STARTUPS_SOURCE_FULL);
	assert_int_equal(evicted, STARTUPS_NONE);
	(void)take("192.0.2.2");
	startups_end(s, first, false, NOW + STARTUPS_LINGER_MS);
	assert_int_equal(come_from("192.0.2.1", NEVER,
	    NOW + STARTUPS_LINGER_MS), STARTUPS_TAKEN);
	/* Without that limit there is none. */
	start(100, 100, 100, 0);
	for (first = 0; first < 50; first++)
		startups_end(s, take("192.0.2.1"), first % 2, NOW);
	for (first = 0; first < 100; first++)
		(void)take("192.0.2.1");
}

static void
test_coming_back_fast_is_no_way_around(void **state)
{
	(void)state;
	start(100, 100, 100, 1);
	startups_end(s, take("192.0.2.1"), false, NOW + 1);
	assert_int_equal(startups_count(s), 0);
	assert_int_equal(come_from("192.0.2.1", NEVER, NOW + 2),
	    STARTUPS_SOURCE_FULL);
	/* From its start on, however late it ended. */
	assert_int_equal(come_from("192.0.2.1", NEVER,
	    NOW + STARTUPS_LINGER_MS - 1), STARTUPS_SOURCE_FULL);
	assert_int_equal(come_from("192.0.2.1", NEVER,
	    NOW + STARTUPS_LINGER_MS), STARTUPS_TAKEN);
	/* One that was there for so long leaves nothing. */
	startups_end(s, id, false, NOW + 2 * STARTUPS_LINGER_MS);
	assert_int_equal(come_from("192.0.2.1", NEVER,
	    NOW + 2 * STARTUPS_LINGER_MS), STARTUPS_TAKEN);
}

static void
test_a_login_frees_at_once(void **state)
{
	int i;

	(void)state;
	start(2, 100, 2, 1);
	for (i = 0; i < 100; i++) {
		startups_end(s, take("192.0.2.1"), true, NOW);
		assert_int_equal(startups_count(s), 0);
	}
}

/* What is over takes no place that another could have. */
static void
test_ghosts_do_not_count_for_the_whole(void **state)
{
	unsigned i;

	(void)state;
	start(5, 100, 5, 5);
	for (i = 0; i < 5; i++)
		startups_end(s, take("192.0.2.1"), false, NOW);
	assert_int_equal(come_from("192.0.2.1", NEVER, NOW),
	    STARTUPS_SOURCE_FULL);
	for (i = 0; i < 5; i++)
		assert_int_equal(come_number(i, NEVER, NOW), STARTUPS_TAKEN);
	assert_int_equal(startups_count(s), 5);
}

static void
test_the_oldest_of_the_heaviest_goes(void **state)
{
	uint32_t oldest;

	(void)state;
	start(6, 100, 6, 0);
	(void)take("192.0.2.1");
	(void)take("192.0.2.2");
	oldest = take("192.0.2.3");
	(void)take("192.0.2.2");
	(void)take("192.0.2.3");
	(void)take("192.0.2.3");
	assert_int_equal(come_from("192.0.2.9", NEVER, NOW), STARTUPS_TAKEN);
	assert_int_equal(evicted, oldest);
	assert_int_not_equal(id, evicted);
	startups_end(s, evicted, false, NOW);
	assert_int_equal(startups_count(s), 6);
}

/* Oldest by its coming, also when its place in the table is another's. */
static void
test_age_is_not_the_place(void **state)
{
	uint32_t first, second, oldest;

	(void)state;
	start(4, 100, 4, 0);
	first = take("192.0.2.1");
	second = take("192.0.2.2");
	oldest = take("192.0.2.1");
	(void)take("192.0.2.1");
	startups_end(s, first, true, NOW);
	(void)take("192.0.2.1");
	startups_end(s, second, true, NOW);
	(void)take("192.0.2.1");
	assert_int_equal(come_from("192.0.2.9", NEVER, NOW), STARTUPS_TAKEN);
	assert_int_equal(evicted, oldest);
}

/* Of two that have as many, the one who has waited the longest. */
static void
test_between_equals_age_decides(void **state)
{
	uint32_t oldest;

	(void)state;
	start(4, 100, 4, 0);
	oldest = take("192.0.2.2");
	(void)take("192.0.2.1");
	(void)take("192.0.2.1");
	(void)take("192.0.2.2");
	assert_int_equal(come_from("192.0.2.9", NEVER, NOW), STARTUPS_TAKEN);
	assert_int_equal(evicted, oldest);
}

/* Nor does one that adds to the largest source push out another. */
static void
test_the_heaviest_source_is_refused(void **state)
{
	unsigned i;

	(void)state;
	start(6, 100, 6, 0);
	for (i = 0; i < 4; i++)
		(void)take("192.0.2.1");
	(void)take("192.0.2.2");
	(void)take("192.0.2.3");
	assert_int_equal(come_from("192.0.2.1", NEVER, NOW), STARTUPS_FULL);
	assert_int_equal(evicted, STARTUPS_NONE);
	assert_int_equal(startups_count(s), 6);
	/* Its ghosts make it no lighter, and nobody else heavier. */
	assert_int_equal(come_from("192.0.2.2", NEVER, NOW), STARTUPS_TAKEN);
	startups_end(s, evicted, false, NOW);
	/* Three against two by now, then two against three. */
	assert_int_equal(come_from("192.0.2.2", NEVER, NOW), STARTUPS_TAKEN);
	startups_end(s, evicted, false, NOW);
	assert_int_equal(come_from("192.0.2.2", NEVER, NOW), STARTUPS_FULL);
}

/*
 * One source fills everything, again and again; whoever else comes gets in,
 * and stays.
 */
static void
test_a_flood_keeps_nobody_out(void **state)
{
	uint32_t quiet[20];
	unsigned i, k, n;

	(void)state;
	start(10, 30, 40, 0);
	for (i = 0; i < 20; i++) {
		for (n = 0; n < 200; n++)
			if (come_from("198.51.100.1", CERTAIN, NOW) ==
			    STARTUPS_TAKEN)
				assert_int_equal(evicted, STARTUPS_NONE);
		while (startups_count(s) < 40)
			if (come_from("198.51.100.1", NEVER, NOW) ==
			    STARTUPS_FULL)
				break;
		assert_int_equal(come_number(i, CERTAIN, NOW),
		    STARTUPS_TAKEN);
		quiet[i] = id;
		for (k = 0; k <= i; k++)
			assert_int_not_equal(evicted, quiet[k]);
		if (evicted != STARTUPS_NONE)
			startups_end(s, evicted, false, NOW);
	}
	assert_true(startups_count(s) <= 40);
}

static void
test_the_largest_table(void **state)
{
	unsigned i, n;

	(void)state;
	start(STARTUPS_MAX, 100, STARTUPS_MAX, 1);
	/* As many ghosts as there can be, several times. */
	for (n = 0; n < 3; n++)
		for (i = 0; i < STARTUPS_MAX; i++) {
			assert_int_equal(come_number(n * STARTUPS_MAX + i,
			    NEVER, NOW), STARTUPS_TAKEN);
			startups_end(s, id, false, NOW);
		}
	for (i = 0; i < STARTUPS_MAX; i++)
		assert_int_equal(come_number(5000 + i, NEVER, NOW),
		    STARTUPS_TAKEN);
	assert_int_equal(startups_count(s), STARTUPS_MAX);
	/* All have one, and the next has none: the oldest of all goes. */
	assert_int_equal(come_number(9000, NEVER, NOW), STARTUPS_TAKEN);
	assert_int_not_equal(evicted, STARTUPS_NONE);
	startups_end(s, evicted, false, NOW);
	assert_int_equal(startups_count(s), STARTUPS_MAX);
	assert_int_equal(come_number(5001, NEVER, NOW), STARTUPS_SOURCE_FULL);
}

/* No two that wait have one number, whatever comes and goes. */
static void
test_numbers_are_ones_own(void **state)
{
	static uint32_t ids[50];
	unsigned i, k, n, seed = 1;

	(void)state;
	start(50, 100, 50, 0);
	for (i = 0; i < 50; i++) {
		assert_int_equal(come_number(i, NEVER, NOW), STARTUPS_TAKEN);
		ids[i] = id;
	}
	for (n = 0; n < 1000; n++) {
		seed = seed * 1103515245 + 12345;
		i = seed / 65536 % 50;
		startups_end(s, ids[i], n % 3 == 0, NOW + n);
		assert_int_equal(startups_count(s), 49);
		assert_int_equal(come_number(i, NEVER, NOW + n),
		    STARTUPS_TAKEN);
		ids[i] = id;
		for (k = 0; k < 50; k++)
			assert_true(k == i || ids[k] != id);
	}
}

static void
test_an_end_twice_is_harmless(void **state)
{
	uint32_t first;

	(void)state;
	start(10, 100, 10, 2);
	first = take("192.0.2.1");
	(void)take("192.0.2.1");
	startups_end(s, first, false, NOW);
	startups_end(s, first, false, NOW);
	/* It does not take the ghost away either. */
	startups_end(s, first, true, NOW);
	assert_int_equal(startups_count(s), 1);
	assert_int_equal(come_from("192.0.2.1", NEVER, NOW),
	    STARTUPS_SOURCE_FULL);
	startups_end(s, STARTUPS_NONE, false, NOW);
	startups_end(s, 5 * STARTUPS_MAX, false, NOW);
	assert_int_equal(startups_count(s), 1);
}

/* Those who wait may be too many all at once; each that comes ends one. */
static void
test_lower_limits_are_for_those_who_come(void **state)
{
	struct startups_limits l = { .begin = 2, .rate = 100, .full = 2,
	    .per_source = 3, .v4_bits = 32, .v6_bits = 64 };
	unsigned i;

	(void)state;
	start(10, 100, 10, 0);
	for (i = 0; i < 5; i++)
		(void)take("192.0.2.1");
	assert_int_equal(startups_set_limits(s, &l), 0);
	assert_int_equal(startups_count(s), 5);
	assert_int_equal(come_from("192.0.2.1", NEVER, NOW),
	    STARTUPS_SOURCE_FULL);
	assert_int_equal(come_from("192.0.2.2", NEVER, NOW), STARTUPS_TAKEN);
	assert_int_not_equal(evicted, STARTUPS_NONE);
	startups_end(s, evicted, false, NOW);
	assert_int_equal(startups_count(s), 5);
}

#define WITH_TABLE(t)	cmocka_unit_test_teardown(t, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TABLE(test_limits),
		WITH_TABLE(test_the_rate_rises_evenly),
		WITH_TABLE(test_chance_is_any_number),
		WITH_TABLE(test_a_start_alone),
		WITH_TABLE(test_a_source_is_a_block),
		WITH_TABLE(test_mapped_addresses_are_of_ipv4),
		WITH_TABLE(test_the_rest_is_one_source),
		WITH_TABLE(test_a_source_has_its_limit),
		WITH_TABLE(test_coming_back_fast_is_no_way_around),
		WITH_TABLE(test_a_login_frees_at_once),
		WITH_TABLE(test_ghosts_do_not_count_for_the_whole),
		WITH_TABLE(test_the_oldest_of_the_heaviest_goes),
		WITH_TABLE(test_age_is_not_the_place),
		WITH_TABLE(test_between_equals_age_decides),
		WITH_TABLE(test_the_heaviest_source_is_refused),
		WITH_TABLE(test_a_flood_keeps_nobody_out),
		WITH_TABLE(test_the_largest_table),
		WITH_TABLE(test_numbers_are_ones_own),
		WITH_TABLE(test_an_end_twice_is_harmless),
		WITH_TABLE(test_lower_limits_are_for_those_who_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
