/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Whose a pair of feth is, under a simulated kernel: what is not ours stays
 * as it was, and what is ours does not stay behind.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "regress/darwin-sim/pair_util.h"

/* How a situation is judged, and what destroy and reclaim leave of it. */
static void
check_state(const struct darwin_pair *pair, enum darwin_pair_state state,
    int destroy_leaves, int reclaim_leaves)
{
	struct darwin_fault fault;
	int r;

	assert_int_equal(state_of(pair), state);
	r = darwin_pair_destroy(pair, &fault);
	if (r == -1) {
		assert_int_equal(errno, EEXIST);
		assert_int_equal(fault.step, DARWIN_STEP_IDENTITY);
		assert_true(other_sees(fault.name));
	}
	assert_int_equal(r, destroy_leaves > 0 ? -1 : 0);
	assert_int_equal(count_feth(), destroy_leaves);
	r = darwin_pair_reclaim(pair, &fault);
	assert_int_equal(r, reclaim_leaves > 0 ? -1 : 0);
	assert_int_equal(count_feth(), reclaim_leaves);
}

static void
test_whole(void **state)
{
	struct darwin_pair pair;

	(void)state;
	make_pair(20, &pair);
	check_state(&pair, DARWIN_PAIR_WHOLE, 0, 0);
	check_state(&pair, DARWIN_PAIR_NONE, 0, 0);
	/* The user's own address, while the peer is there to prove it. */
	make_pair(20, &pair);
	other_lladdr(pair.name, 9);
	check_state(&pair, DARWIN_PAIR_WHOLE, 0, 0);
	/* Down is the user's business, too. */
	make_pair(20, &pair);
	other_down(pair.name);
	other_down(pair.peer);
	check_state(&pair, DARWIN_PAIR_WHOLE, 0, 0);
}

/* What goes away while it is looked at, and comes back, is looked at again. */
static void
test_changes_meanwhile(void **state)
{
	struct darwin_pair pair;
	char spec[32];
	unsigned i;

	(void)state;
	make_pair(19, &pair);
	for (i = 1; i <= 4; i++) {
		(void)snprintf(spec, sizeof(spec), "ioctl:%u:ENXIO", i);
		mac_fail(spec);
		assert_int_equal(state_of(&pair), DARWIN_PAIR_WHOLE);
		assert_true(mac_calls() > 6);
	}
	mac_fail(NULL);
	assert_int_equal(state_of(&pair), DARWIN_PAIR_WHOLE);
	assert_int_equal(mac_calls(), 6);
}

static void
test_part(void **state)
{
	struct darwin_pair pair;

	(void)state;
	make_pair(21, &pair);
	other_destroy(pair.name);
	check_state(&pair, DARWIN_PAIR_PART, 0, 0);
	make_pair(21, &pair);
	other_destroy(pair.peer);
	check_state(&pair, DARWIN_PAIR_PART, 0, 0);
	make_pair(21, &pair);
	other_peer(pair.name, "");
	check_state(&pair, DARWIN_PAIR_PART, 0, 0);
	/* Our peer, lent to somebody else's interface: ours still. */
	make_pair(21, &pair);
	other_destroy(pair.name);
	other_create("feth22");
	other_peer("feth22", pair.peer);
	assert_int_equal(state_of(&pair), DARWIN_PAIR_PART);
}

/* What a maker leaves that died at once, or what anybody makes. */
static void
test_bare(void **state)
{
	struct darwin_pair pair;

	(void)state;
	make_pair(23, &pair);
	check_state(&pair, DARWIN_PAIR_WHOLE, 0, 0);
	other_create(pair.name);
	check_state(&pair, DARWIN_PAIR_BARE, 1, 0);
	other_create(pair.name);
	other_create(pair.peer);
	check_state(&pair, DARWIN_PAIR_BARE, 2, 0);
	/* The maker had got as far as one address. */
	make_pair(23, &pair);
	other_destroy(pair.peer);
	other_create(pair.peer);
	check_state(&pair, DARWIN_PAIR_BARE, 1, 0);
}

static void
test_foreign_primary(void **state)
{
	struct darwin_pair pair;

	(void)state;
	make_pair(24, &pair);
	other_destroy(pair.name);
	other_create(pair.name);
	other_up(pair.name);
	check_state(&pair, DARWIN_PAIR_FOREIGN, 1, 1);
	assert_true(other_sees(pair.name));
	other_destroy(pair.name);
	/* Nothing proves that an address of the user's is on ours. */
	make_pair(24, &pair);
	other_lladdr(pair.name, 9);
	other_destroy(pair.peer);
	check_state(&pair, DARWIN_PAIR_FOREIGN, 1, 1);
	other_destroy(pair.name);
	/* Ours once, and in use with another peer. */
	make_pair(24, &pair);
	other_destroy(pair.peer);
	other_create("feth25");
	other_peer(pair.name, "feth25");
	check_state(&pair, DARWIN_PAIR_FOREIGN, 2, 2);
}

/* Both names in somebody else's hands, peers of each other as ours were. */
static void
test_foreign_pair(void **state)
{
	struct darwin_pair pair;

	(void)state;
	make_pair(26, &pair);
	other_destroy(pair.name);
	other_destroy(pair.peer);
	other_create(pair.name);
	other_create(pair.peer);
	other_peer(pair.name, pair.peer);
	check_state(&pair, DARWIN_PAIR_FOREIGN, 2, 2);
	other_up(pair.peer);
	other_lladdr(pair.peer, 1);
	check_state(&pair, DARWIN_PAIR_FOREIGN, 2, 2);
	/* Even with the address of our primary. */
	other_lladdr_is(pair.name, pair.lladdr);
	check_state(&pair, DARWIN_PAIR_FOREIGN, 2, 2);
}

static void
test_foreign_peer(void **state)
{
	struct darwin_pair pair;

	(void)state;
	make_pair(27, &pair);
	other_destroy(pair.peer);
	other_create(pair.peer);
	other_lladdr(pair.peer, 1);
	check_state(&pair, DARWIN_PAIR_FOREIGN, 1, 1);
	assert_false(other_sees(pair.name));
	assert_true(other_sees(pair.peer));
}

/* An address taken away is no interface gone. */
static void
test_without_address(void **state)
{
	struct darwin_pair pair;

	(void)state;
	make_pair(28, &pair);
	other_peer(pair.name, "");
	other_no_lladdr(pair.name);
	check_state(&pair, DARWIN_PAIR_FOREIGN, 1, 1);
}

/* Pairs that come from a file. */
static void
test_bad_pairs(void **state)
{
	struct darwin_pair good, pair;
	struct darwin_fault fault;
	enum darwin_pair_state s;
	struct darwin_device dev;
	unsigned i;

	(void)state;
	make_pair(29, &good);
	for (i = 0; i < 7; i++) {
		pair = good;
		switch (i) {
		case 0:
			memcpy(pair.name, "feth029", 8);
			break;
		case 1:
			memcpy(pair.peer, "en0", 4);
			break;
		case 2:
			memset(pair.name, '1', sizeof(pair.name));
			break;
		case 3:
			memcpy(pair.peer, pair.name, sizeof(pair.peer));
			break;
		case 4:
			memset(pair.peer_lladdr, 0, DARWIN_LLADDR_LEN);
			break;
		case 5:
			memcpy(pair.peer_lladdr, "feth\x4e\x3d", 6);
			break;
		default:
			pair.peer_lladdr[0] |= 1;
		}
		assert_int_equal(darwin_pair_state(&pair, &s), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(darwin_pair_destroy(&pair, &fault), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(fault.step, DARWIN_STEP_ARGUMENT);
		assert_int_equal(darwin_pair_reclaim(&pair, &fault), -1);
		assert_int_equal(darwin_pair_attach(&pair, 0, &dev, &fault),
		    -1);
		assert_int_equal(fault.step, DARWIN_STEP_ARGUMENT);
	}
	assert_int_equal(state_of(&good), DARWIN_PAIR_WHOLE);
}

#define test_on_mac(t)	cmocka_unit_test_setup_teardown(t, mac_setup, \
			    mac_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test_on_mac(test_whole),
		test_on_mac(test_changes_meanwhile),
		test_on_mac(test_part),
		test_on_mac(test_bare),
		test_on_mac(test_foreign_primary),
		test_on_mac(test_foreign_pair),
		test_on_mac(test_foreign_peer),
		test_on_mac(test_without_address),
		test_on_mac(test_bad_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
