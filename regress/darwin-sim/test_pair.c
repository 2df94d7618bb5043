/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Pairs of feth: making and destroying them, under a simulated kernel.
 * Whatever fails, nothing of a pair stays behind unless it is claimed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "regress/darwin-sim/pair_util.h"

/* Claims that are asked for, and how they are answered. */
struct claims {
	unsigned asked, unclaimed;
	unsigned refuse;	/* so many, at first */
	int error;
	struct darwin_pair last;	/* claimed, and not unclaimed */
	int is_claimed;
};

static int
claim(void *ctx, const struct darwin_pair *pair)
{
	struct claims *c = ctx;

	assert_false(c->is_claimed);
	assert_string_not_equal(pair->name, pair->peer);
	assert_false(other_sees(pair->name));
	assert_false(other_sees(pair->peer));
	c->asked++;
	if (c->asked <= c->refuse) {
		errno = c->error;
		return -1;
	}
	c->last = *pair;
	c->is_claimed = 1;
	return 0;
}

static void
unclaim(void *ctx, const struct darwin_pair *pair)
{
	struct claims *c = ctx;

	assert_true(c->is_claimed);
	assert_memory_equal(pair, &c->last, sizeof(*pair));
	assert_false(other_sees(pair->name));
	assert_false(other_sees(pair->peer));
	c->unclaimed++;
	c->is_claimed = 0;
}

static void
fill_request(struct darwin_request *rq, int unit, struct claims *c)
{
	memset(rq, 0, sizeof(*rq));
	memset(c, 0, sizeof(*c));
	rq->unit = unit;
	rq->claim = claim;
	rq->unclaim = unclaim;
	rq->ctx = c;
}

/* It fails so, and nothing is left of it. */
static void
refuse(const struct darwin_request *rq, enum darwin_step step, int error,
    const char *name)
{
	unsigned n = count_feth(), n_open = count_open();
	struct darwin_fault fault;
	struct darwin_pair pair;

	errno = 0;
	assert_int_equal(darwin_pair_create(rq, &pair, &fault), -1);
	assert_int_equal(errno, error);
	assert_int_equal(fault.step, step);
	assert_string_equal(fault.name, name);
	assert_int_equal(count_feth(), n);
	assert_int_equal(count_open(), n_open);
}

static void
assert_names(const struct darwin_pair *pair, const char *name,
    const char *peer)
{
	assert_string_equal(pair->name, name);
	assert_string_equal(pair->peer, peer);
}

/* === Names === */

static void
test_names(void **state)
{
	static const char *const bad[] = { "", "feth", "fet1", "Feth1",
	    "feth00", "feth007", "feth01", "feth32768", "feth99999",
	    "feth100000", "feth4294967297", "feth-1", "feth+1", "feth 1",
	    "feth1 ", "feth1a", "fethx", "utun1", "xfeth1" };
	char name[DARWIN_NAME_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(darwin_feth_unit(bad[i]), -1);
	for (i = 0; i <= DARWIN_UNIT_MAX; i++) {
		darwin_feth_name((unsigned)i, name);
		assert_int_equal(darwin_feth_unit(name), (int)i);
	}
	assert_string_equal(name, "feth32767");
}

/* === Making === */

static void
test_any(void **state)
{
	struct darwin_request rq;
	struct darwin_fault fault;
	struct darwin_pair pair;
	struct claims c;
	unsigned mtu, max;

	(void)state;
	fill_request(&rq, DARWIN_UNIT_ANY, &c);
	assert_int_equal(darwin_pair_create(&rq, &pair, &fault), 0);
	assert_names(&pair, "feth10000", "feth20000");
	assert_int_equal(c.asked, 1);
	assert_true(c.is_claimed);
	assert_memory_equal(&c.last, &pair, sizeof(pair));
	assert_int_equal(pair.lladdr[0] & 3, 2);
	assert_int_equal(pair.peer_lladdr[0] & 3, 2);
	assert_memory_not_equal(pair.lladdr, pair.peer_lladdr,
	    DARWIN_LLADDR_LEN);
	assert_int_equal(state_of(&pair), DARWIN_PAIR_WHOLE);
	assert_int_equal(darwin_interface_is_up(pair.peer), 1);
	assert_int_equal(darwin_interface_is_up(pair.name), 0);
	assert_int_equal(darwin_interface_mtu(pair.name, &mtu, &max), 0);
	assert_int_equal(mtu, 1500);
	assert_int_equal(max, 2048);
	assert_int_equal(darwin_pair_destroy(&pair, &fault), 0);
	assert_int_equal(state_of(&pair), DARWIN_PAIR_NONE);
	assert_int_equal(count_feth(), 0);
}

static void
test_any_twice(void **state)
{
	struct darwin_pair a, b;

	(void)state;
	make_pair(DARWIN_UNIT_ANY, &a);
	make_pair(DARWIN_UNIT_ANY, &b);
	assert_names(&b, "feth10001", "feth20001");
	assert_int_equal(darwin_interface_is_up(a.name), 1);
	assert_memory_not_equal(a.lladdr, b.lladdr, DARWIN_LLADDR_LEN);
	assert_memory_not_equal(a.peer_lladdr, b.peer_lladdr,
	    DARWIN_LLADDR_LEN);
	assert_int_equal(state_of(&a), DARWIN_PAIR_WHOLE);
	assert_int_equal(state_of(&b), DARWIN_PAIR_WHOLE);
}

static void
test_any_beside_others(void **state)
{
	struct darwin_pair pair;

	(void)state;
	other_create("feth10000");
	other_create("feth20001");
	make_pair(DARWIN_UNIT_ANY, &pair);
	assert_names(&pair, "feth10001", "feth20002");
	assert_int_equal(count_feth(), 4);
}

static void
test_given_units(void **state)
{
	struct darwin_request rq;
	struct darwin_fault fault;
	struct darwin_pair pair;
	struct claims c;

	(void)state;
	make_pair(5, &pair);
	assert_names(&pair, "feth5", "feth20005");
	make_pair(10005, &pair);	/* whose peer that was to be */
	assert_names(&pair, "feth10005", "feth20006");
	make_pair(0, &pair);
	assert_names(&pair, "feth0", "feth20000");
	make_pair(DARWIN_UNIT_MAX, &pair);
	assert_names(&pair, "feth32767", "feth22767");
	fill_request(&rq, 20001, &c);	/* it is its own peer's number */
	assert_int_equal(darwin_pair_create(&rq, &pair, &fault), 0);
	assert_names(&pair, "feth20001", "feth20002");
}

static void
test_given_unit_taken(void **state)
{
	struct darwin_request rq;
	struct claims c;

	(void)state;
	other_create("feth7");
	fill_request(&rq, 7, &c);
	refuse(&rq, DARWIN_STEP_CREATE, EEXIST, "feth7");
	assert_int_equal(c.asked, 0);
	assert_true(other_sees("feth7"));
}

static void
test_nonsense(void **state)
{
	static const int units[] = { -1, INT_MIN, DARWIN_UNIT_MAX + 1,
	    DARWIN_UNIT_ANY - 1 };
	static const uint8_t lladdrs[][DARWIN_LLADDR_LEN] = { { 0 },
	    { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, { 1, 0, 0, 0, 0, 0 } };
	struct darwin_request rq;
	struct claims c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		fill_request(&rq, units[i], &c);
		refuse(&rq, DARWIN_STEP_ARGUMENT, EINVAL, "");
		assert_int_equal(c.asked, 0);
	}
	fill_request(&rq, 1, &c);
	for (i = 0; i < sizeof(lladdrs) / sizeof(lladdrs[0]); i++) {
		rq.lladdr = lladdrs[i];
		refuse(&rq, DARWIN_STEP_ARGUMENT, EINVAL, "");
	}
}

static void
test_given_address(void **state)
{
	static const uint8_t lladdr[] = { 0, 0x1c, 0x42, 1, 2, 3 };
	struct darwin_request rq;
	struct darwin_fault fault;
	struct darwin_pair pair;
	struct claims c;

	(void)state;
	fill_request(&rq, 3, &c);
	rq.lladdr = lladdr;
	assert_int_equal(darwin_pair_create(&rq, &pair, &fault), 0);
	assert_memory_equal(pair.lladdr, lladdr, sizeof(lladdr));
	/* The primary has it, or it would not be ours without its peer. */
	other_destroy(pair.peer);
	assert_int_equal(state_of(&pair), DARWIN_PAIR_PART);
}

static void
check_mtu(unsigned mtu, unsigned limit)
{
	struct darwin_request rq;
	struct darwin_fault fault;
	struct darwin_pair pair;
	struct claims c;
	unsigned is;

	fill_request(&rq, DARWIN_UNIT_ANY, &c);
	rq.mtu = mtu;
	if (mtu < 72 || mtu > limit) {
		refuse(&rq, DARWIN_STEP_MTU, EINVAL, "feth10000");
		assert_int_equal(darwin_pair_create(&rq, &pair, &fault), -1);
		assert_int_equal(fault.limit, limit);
		assert_int_equal(c.unclaimed, 2);
		return;
	}
	assert_int_equal(darwin_pair_create(&rq, &pair, &fault), 0);
	assert_int_equal(darwin_interface_mtu(pair.name, &is, NULL), 0);
	assert_int_equal(is, mtu);
	assert_int_equal(darwin_pair_destroy(&pair, &fault), 0);
}

static void
test_mtu(void **state)
{
	(void)state;
	check_mtu(71, 2048);
	check_mtu(72, 2048);
	check_mtu(2048, 2048);
	check_mtu(2049, 2048);
	check_mtu(UINT_MAX, 2048);
	mac_sysctl("net.link.fake.max_mtu", 9000);
	check_mtu(9000, 9000);
	check_mtu(9001, 9000);
	mac_start("--profile old");
	check_mtu(16370, 16370);
	check_mtu(16371, 16370);
}

static void
test_not_root(void **state)
{
	struct darwin_request rq;
	struct darwin_fault fault;
	struct darwin_pair pair;
	struct claims c;

	(void)state;
	make_pair(4, &pair);
	mac_be_root(0);
	fill_request(&rq, DARWIN_UNIT_ANY, &c);
	refuse(&rq, DARWIN_STEP_CREATE, EPERM, "feth10000");
	assert_int_equal(c.unclaimed, 1);
	assert_int_equal(state_of(&pair), DARWIN_PAIR_WHOLE);
	assert_int_equal(darwin_pair_destroy(&pair, &fault), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fault.step, DARWIN_STEP_DESTROY);
	assert_string_equal(fault.name, "feth4");
}

static void
test_system_without_feth(void **state)
{
	struct darwin_request rq;
	struct claims c;

	(void)state;
	mac_start("--no-feth");
	fill_request(&rq, DARWIN_UNIT_ANY, &c);
	refuse(&rq, DARWIN_STEP_CREATE, EOPNOTSUPP, "feth10000");
	assert_int_equal(c.asked, 1);
	assert_int_equal(c.unclaimed, 1);
}

/* A name that is still being destroyed is waited for, to the end. */
static void
test_busy_name(void **state)
{
	struct darwin_request rq;
	struct darwin_fault fault;
	struct darwin_pair pair;
	struct claims c;

	(void)state;
	mac_start("--busy-ms 300");
	make_pair(6, &pair);
	assert_int_equal(darwin_pair_destroy(&pair, &fault), 0);
	make_pair(6, &pair);
	mac_start("--busy-ms 60000");
	make_pair(10000, &pair);
	assert_int_equal(darwin_pair_destroy(&pair, &fault), 0);
	fill_request(&rq, 10000, &c);
	refuse(&rq, DARWIN_STEP_CREATE, EBUSY, "feth10000");
	assert_int_equal(c.unclaimed, c.asked);
	make_pair(DARWIN_UNIT_ANY, &pair);
	assert_names(&pair, "feth10001", "feth20001");
}

/* === Claims === */

static void
test_refused_claims(void **state)
{
	struct darwin_request rq;
	struct darwin_fault fault;
	struct darwin_pair pair;
	struct claims c;

	(void)state;
	fill_request(&rq, DARWIN_UNIT_ANY, &c);
	c.refuse = 3;
	c.error = EBUSY;
	assert_int_equal(darwin_pair_create(&rq, &pair, &fault), 0);
	assert_names(&pair, "feth10003", "feth20003");
	fill_request(&rq, 8, &c);
	c.refuse = 2;
	c.error = EEXIST;
	assert_int_equal(darwin_pair_create(&rq, &pair, &fault), 0);
	assert_names(&pair, "feth8", "feth20010");
	fill_request(&rq, 9, &c);
	c.refuse = UINT_MAX;
	c.error = EEXIST;
	refuse(&rq, DARWIN_STEP_CLAIM, EEXIST, "feth9");
	assert_true(c.asked < 100);
	fill_request(&rq, DARWIN_UNIT_ANY, &c);
	c.refuse = 1;
	c.error = ENOSPC;
	refuse(&rq, DARWIN_STEP_CLAIM, ENOSPC, "feth10000");
	assert_int_equal(c.asked, 1);
	assert_int_equal(c.unclaimed, 0);
}

/* === Faults === */

/* Nothing to wait for, so that the same calls have the same numbers. */
#define STEADY	"--busy-ms 0"

/* Make a pair while a call fails, of *np.  Returns 0, or the errno. */
static int
make_with_fault(const char *spec, unsigned *np)
{
	struct darwin_request rq;
	struct darwin_fault fault;
	struct darwin_pair pair;
	struct claims c;
	int error = 0;

	fill_request(&rq, 11, &c);
	rq.up = 1;
	rq.mtu = 1400;
	errno = 0;
	mac_fail(spec);
	if (darwin_pair_create(&rq, &pair, &fault) == -1) {
		error = errno;
		assert_int_not_equal(error, 0);
		assert_true(fault.step > DARWIN_STEP_NONE &&
		    fault.step < DARWIN_STEP_COUNT);
		assert_int_equal(c.unclaimed, c.asked);
	}
	*np = mac_calls();
	mac_fail(NULL);
	if (error == 0) {
		assert_int_equal(state_of(&pair), DARWIN_PAIR_WHOLE);
		assert_int_equal(darwin_pair_destroy(&pair, &fault), 0);
	}
	return error;
}

/* Each simulated call in turn: with a likely error, and with another. */
static void
test_each_call_of_making_fails(void **state)
{
	unsigned i, n, n_failed = 0, n_open, unused;
	char spec[32];
	int error;

	(void)state;
	mac_start(STEADY);
	n_open = count_open();
	assert_int_equal(make_with_fault(NULL, &n), 0);
	assert_true(n >= 20);	/* the look at the end is among them */
	for (i = 1; i <= n; i++) {
		(void)snprintf(spec, sizeof(spec), "%u", i);
		(void)make_with_fault(spec, &unused);
		assert_int_equal(count_feth(), 0);
		(void)snprintf(spec, sizeof(spec), "%u:EIO", i);
		error = make_with_fault(spec, &unused);
		assert_true(error == 0 || error == EIO);
		n_failed += error == EIO;
		assert_int_equal(count_feth(), 0);
		assert_int_equal(count_open(), n_open);
	}
	/* All but four: we and claim look whether the names are free. */
	assert_int_equal(n_failed, n - 4);
}

/* A destroy that fails, too: then the claim stays, as long as there is one. */
static void
test_each_call_of_undoing_fails(void **state)
{
	unsigned i, n, n_left = 0;
	struct darwin_request rq;
	struct darwin_fault fault;
	struct darwin_pair pair;
	char spec[32];
	struct claims c;

	(void)state;
	mac_start(STEADY);
	fill_request(&rq, 12, &c);
	rq.mtu = 9000;
	mac_fail(NULL);
	assert_int_equal(darwin_pair_create(&rq, &pair, &fault), -1);
	n = mac_calls();
	for (i = 1; i <= n; i++) {
		fill_request(&rq, 12, &c);
		rq.mtu = 9000;
		(void)snprintf(spec, sizeof(spec), "%u:EPERM", i);
		mac_fail(spec);
		assert_int_equal(darwin_pair_create(&rq, &pair, &fault), -1);
		mac_fail(NULL);
		assert_int_equal(c.is_claimed, count_feth() > 0);
		if (!c.is_claimed)
			continue;
		n_left++;
		assert_int_equal(fault.step, DARWIN_STEP_MTU);
		/* The holder of the claim gets rid of it. */
		assert_int_equal(darwin_pair_reclaim(&c.last, &fault), 0);
		assert_int_equal(count_feth(), 0);
	}
	/* The look at what is there, and each side. */
	assert_int_equal(n_left, 3);
}

static void
test_each_call_of_destroying_fails(void **state)
{
	unsigned i, n, n_open;
	struct darwin_fault fault;
	struct darwin_pair pair;

	(void)state;
	mac_start(STEADY);
	make_pair(13, &pair);
	mac_fail(NULL);
	assert_int_equal(darwin_pair_destroy(&pair, &fault), 0);
	n = mac_calls();
	n_open = count_open();
	for (i = 1; i <= n; i++) {
		mac_fail(NULL);
		make_pair(13, &pair);
		mac_fail_at(i);
		if (darwin_pair_destroy(&pair, &fault) == -1) {
			assert_true(fault.step > DARWIN_STEP_NONE);
			mac_fail(NULL);
			/* What is there still carries its proof. */
			assert_int_equal(darwin_pair_destroy(&pair, &fault),
			    0);
		}
		mac_fail(NULL);
		/* ENXIO from a destroy was believed. */
		(void)darwin_pair_destroy(&pair, &fault);
		assert_int_equal(count_feth(), 0);
		assert_int_equal(count_open(), n_open);
	}
}

#define test_on_mac(t)	cmocka_unit_test_setup_teardown(t, mac_setup, \
			    mac_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		test_on_mac(test_any),
		test_on_mac(test_any_twice),
		test_on_mac(test_any_beside_others),
		test_on_mac(test_given_units),
		test_on_mac(test_given_unit_taken),
		test_on_mac(test_nonsense),
		test_on_mac(test_given_address),
		test_on_mac(test_mtu),
		test_on_mac(test_not_root),
		test_on_mac(test_system_without_feth),
		test_on_mac(test_busy_name),
		test_on_mac(test_refused_claims),
		test_on_mac(test_each_call_of_making_fails),
		test_on_mac(test_each_call_of_undoing_fails),
		test_on_mac(test_each_call_of_destroying_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
