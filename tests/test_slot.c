/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The pool of places: how many, in which order, apart from each other, and
 * without memory before they are used.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/mman.h>

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tun/slot.h"

#define SMALL	5u
#define LARGE	3u
#define PLACE_MAX	(SLOT_HEADROOM + SLOT_LARGE + SLOT_TAILROOM)

static int
setup(void **state)
{
	static struct slot_pool pool;

	*state = &pool;
	return slot_pool_init(&pool, SMALL, LARGE);
}

static int
teardown(void **state)
{
	slot_pool_free(*state);
	return 0;
}

static unsigned
take_all(struct slot_pool *p, struct slot *slots[SMALL + LARGE])
{
	struct slot *s;
	unsigned n = 0;

	while ((s = slot_take(p, SLOT_SMALL)) != NULL) {
		assert_in_range(n, 0, SMALL - 1);
		assert_int_equal(s->size, SLOT_SMALL);
		slots[n++] = s;
		assert_int_equal(p->small.nfree, SMALL - n);
	}
	while ((s = slot_take(p, SLOT_LARGE)) != NULL) {
		assert_in_range(n, SMALL, SMALL + LARGE - 1);
		assert_int_equal(s->size, SLOT_LARGE);
		slots[n++] = s;
		assert_int_equal(p->large.nfree, SMALL + LARGE - n);
	}
	return n;
}

static void
test_gives_out_all_of_each_size(void **state)
{
	struct slot_pool *p = *state;
	struct slot *slots[SMALL + LARGE];
	unsigned i, round;

	assert_int_equal(p->small.nfree, SMALL);
	assert_int_equal(p->large.nfree, LARGE);
	for (round = 0; round < 3; round++) {
		assert_int_equal(take_all(p, slots), SMALL + LARGE);
		assert_null(slot_take(p, SLOT_SMALL));
		assert_null(slot_take(p, SLOT_LARGE));
		for (i = 0; i < SMALL + LARGE; i++)
			slot_give(p, slots[i]);
		assert_int_equal(p->small.nfree, SMALL);
		assert_int_equal(p->large.nfree, LARGE);
	}
}

/* Each byte that may be used is written; none of them is another's. */
static void
test_places_do_not_overlap(void **state)
{
	struct slot_pool *p = *state;
	struct slot *slots[SMALL + LARGE];
	const uint8_t *at;
	unsigned i;
	size_t len, k;

	assert_int_equal(take_all(p, slots), SMALL + LARGE);
	for (i = 0; i < SMALL + LARGE; i++) {
		assert_int_equal((uintptr_t)slots[i]->frame % 64, 0);
		memset(slots[i]->frame - SLOT_HEADROOM, (int)i + 1,
		    SLOT_HEADROOM + slots[i]->size + SLOT_TAILROOM);
		slots[i]->len = i;
	}
	for (i = 0; i < SMALL + LARGE; i++) {
		at = slots[i]->frame - SLOT_HEADROOM;
		len = SLOT_HEADROOM + slots[i]->size + SLOT_TAILROOM;
		for (k = 0; k < len; k++)
			if (at[k] != i + 1)
				fail();
		assert_true(at >= p->storage);
		assert_true(len <= p->storage_size -
		    (size_t)(at - p->storage));
		assert_int_equal(slots[i]->len, i);
	}
}

static void
test_last_one_given_is_first(void **state)
{
	struct slot_pool *p = *state;
	struct slot *a, *b, *c;

	assert_non_null(a = slot_take(p, SLOT_SMALL));
	assert_non_null(b = slot_take(p, SLOT_SMALL));
	slot_give(p, a);
	slot_give(p, b);
	assert_ptr_equal(slot_take(p, SLOT_SMALL), b);
	assert_null(b->next);
	assert_ptr_equal(slot_take(p, SLOT_SMALL), a);
	assert_non_null(c = slot_take(p, SLOT_SMALL));
	assert_true(c != a && c != b);
	assert_null(c->next);
	assert_non_null(a = slot_take(p, SLOT_LARGE));
	slot_give(p, c);
	slot_give(p, a);
	assert_ptr_equal(slot_take(p, SLOT_LARGE), a);
	assert_ptr_equal(slot_take(p, SLOT_SMALL), c);
}

/* So that an idle tunnel needs no more than it had at its busiest. */
static void
test_unused_places_need_no_memory(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct slot_pool p;
	struct slot *s;
	size_t i, n = 0;
	uint8_t in_core[8192];

	(void)state;
	assert_int_equal(slot_pool_init(&p, 1024, 64), 0);
	assert_true((p.storage_size + page - 1) / page <= sizeof(in_core));
	for (i = 0; i < 3; i++) {
		assert_non_null(s = slot_take(&p, SLOT_SMALL));
		memset(s->frame, 1, 60);
		slot_give(&p, s);
		assert_non_null(s = slot_take(&p, SLOT_LARGE));
		memset(s->frame, 1, 60);
		slot_give(&p, s);
	}
	/* Of char on some systems, and of unsigned char on others. */
	assert_int_equal(mincore(p.storage, p.storage_size, (void *)in_core),
	    0);
	for (i = 0; i < (p.storage_size + page - 1) / page; i++)
		n += (in_core[i] & 1) != 0;
	slot_pool_free(&p);
	/* Some systems give huge pages unasked. */
	if (n >= 512) {
		print_message("huge pages\n");
		skip();
	}
	assert_in_range(n, 2, 8);
}

static void
test_limits(void **state)
{
	struct slot_pool p;

	(void)state;
	assert_int_equal(slot_pool_init(&p, 0, 0), 0);
	assert_null(slot_take(&p, SLOT_SMALL));
	assert_null(slot_take(&p, SLOT_LARGE));
	slot_pool_free(&p);
	assert_int_equal(slot_pool_init(&p, 0, 1), 0);
	assert_null(slot_take(&p, SLOT_SMALL));
	assert_non_null(slot_take(&p, SLOT_LARGE));
	slot_pool_free(&p);
	assert_int_equal(slot_pool_init(&p, 1, 0), 0);
	assert_non_null(slot_take(&p, SLOT_SMALL));
	assert_null(slot_take(&p, SLOT_LARGE));
	slot_pool_free(&p);
	assert_null(p.storage);
	slot_pool_free(&p);
	/* Over 1 GiB, by little and by much. */
	assert_int_equal(slot_pool_init(&p, 0, (1u << 30) / PLACE_MAX + 1),
	    SSHTAP_ERR_ALLOC);
	assert_int_equal(slot_pool_init(&p, UINT_MAX, 1), SSHTAP_ERR_ALLOC);
	assert_int_equal(slot_pool_init(&p, UINT_MAX, UINT_MAX),
	    SSHTAP_ERR_ALLOC);
	assert_int_equal(slot_pool_init(&p, 0, UINT_MAX), SSHTAP_ERR_ALLOC);
	assert_null(slot_take(&p, SLOT_SMALL));
	slot_pool_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_gives_out_all_of_each_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_places_do_not_overlap,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_one_given_is_first,
		    setup, teardown),
		cmocka_unit_test(test_unused_places_need_no_memory),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
