/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Death at any moment.  A child makes, keeps, opens and destroys devices, and
 * is killed somewhere on the way; whatever it was doing, the next program has
 * its device at once, nothing of the dead one is left, and what is somebody
 * else's is as it was.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/prctl.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "lib/proc.h"
#include "regress/darwin-sim/mac_util.h"
#include "tun/tap.h"
#include "tun/tap_admin.h"

#define ROUNDS		1000
#define SEED		20260105
#define OPENED		10003	/* units */
#define KEPT		10005
#define KEPT_NAME	"feth10005"

static int
open_and_close(int unit)
{
	struct tap_request rq = { .unit = unit, .mode = TAP_ETHERNET,
	    .up = true };
	struct tap_fault fault;
	struct tap *t = NULL;
	int r;

	if ((r = tap_open(&rq, &t, &fault)) == 0)
		r = tap_check(t);
	tap_close(t);
	return r;
}

static void
keep_and_destroy(void)
{
	struct tap_request rq = { .unit = KEPT, .mode = TAP_ETHERNET };
	struct tap_fault fault;
	struct tap_info info;

	(void)tap_create(&rq, (uid_t)-1, &info, &fault);
	(void)open_and_close(KEPT);
	(void)tap_destroy(KEPT_NAME, &fault);
}

/* Starts anywhere in the circle. */
static void
live(unsigned start)
{
	for (;; start++) {
		switch (start % 3) {
		case 0:
			(void)open_and_close(OPENED);
			break;
		case 1:
			(void)open_and_close(TAP_UNIT_ANY);
			break;
		default:
			keep_and_destroy();
			break;
		}
	}
}

/* What was found after a death, to see that the moments were not all one. */
struct found {
	unsigned nothing;
	unsigned entry;		/* without an interface */
	unsigned half;
	unsigned pair;
};

static void
look(unsigned foreign, struct found *f)
{
	unsigned n = count_feth() - foreign;

	if (n == 0 && mac_count_entries() == 0)
		f->nothing++;
	else if (n == 0)
		f->entry++;
	else if (n == 1)
		f->half++;
	else
		f->pair++;
}

static unsigned
get_random(unsigned *seedp)
{
	*seedp = *seedp * 1103515245 + 12345;
	return *seedp >> 8;
}

/* From the fork to the end of a circle; at least a millisecond. */
static unsigned
measure_us(void)
{
	uint64_t start = proc_now_ms();
	int i;

	for (i = 0; i < 10; i++) {
		assert_int_equal(open_and_close(OPENED), 0);
		assert_int_equal(open_and_close(TAP_UNIT_ANY), 0);
		keep_and_destroy();
	}
	return (unsigned)((proc_now_ms() - start) * 100 + 1000);
}

static void
run_round(unsigned *seedp, unsigned circle_us)
{
	unsigned start = get_random(seedp);
	struct timespec ts = { .tv_sec = 0 };
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		live(start);
	}
	ts.tv_nsec = (long)(get_random(seedp) % circle_us) * 1000;
	(void)nanosleep(&ts, NULL);
	mac_kill(pid);
}

static void
test_death_at_any_moment(void **state)
{
	char before[MAC_TEXT_MAX], after[MAC_TEXT_MAX];
	unsigned circle_us, foreign, i, seed = SEED;
	unsigned fds = count_open();
	struct found f = { .nothing = 0 };
	struct tap_fault fault;
	int r;

	(void)state;
	mac_boot("--busy-ms 1");
	mac_make_foreign("feth10000", "feth20001");
	other_create("feth10004");
	(void)mac_text(before);
	foreign = count_feth();
	circle_us = measure_us();
	for (i = 0; i < ROUNDS; i++) {
		run_round(&seed, circle_us);
		look(foreign, &f);
		assert_int_equal(open_and_close(OPENED), 0);
		r = tap_destroy(KEPT_NAME, &fault);
		assert_true(r == 0 || r == SSHTAP_ERR_NOT_FOUND);
		assert_string_equal(mac_text(after), before);
		assert_int_equal(mac_count_entries(), 0);
	}
	assert_int_equal(count_open(), fds);
	print_message("found: nothing %u, entry %u, half %u, pair %u\n",
	    f.nothing, f.entry, f.half, f.pair);
	assert_true(f.entry > 0 && f.half > 0 && f.pair > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_death_at_any_moment,
		    mac_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
