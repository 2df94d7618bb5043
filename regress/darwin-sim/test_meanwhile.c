/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What others do between two requests of ours to the kernel: their
 * interfaces come in the place of ours while a pair is being made, or a
 * daemon changes ours, or we are killed.
 *
 * The request at which that happens is caught in an ioctl(2) of our own,
 * which comes before the simulation's.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/ioctl.h>
#include <sys/wait.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "openbsd-compat/darwin-net.h"
#include "regress/darwin-sim/mac_util.h"
#include "tun/tap.h"
#include "tun/tap_admin.h"

#define NAME	"feth10000"
#define PEER	"feth20000"

/* === Between two requests === */

typedef void (hook_fn)(void);

/* fn runs before the request of this number, counted from 1. */
static struct {
	hook_fn *fn;
	unsigned long request;
	unsigned left;
} hook;

static void
set_hook(unsigned long request, unsigned nth, hook_fn *fn)
{
	hook.fn = fn;
	hook.request = request;
	hook.left = nth;
}

static void
run_hook(unsigned long request)
{
	hook_fn *fn = hook.fn;

	if (fn == NULL || request != hook.request || --hook.left > 0)
		return;
	/* It makes requests, too. */
	hook.fn = NULL;
	fn();
}

int
ioctl(int fd, unsigned long request, ...)
{
	static int (*next)(int, unsigned long, ...);
	void *arg, *symbol;
	va_list ap;

	if (next == NULL) {
		if ((symbol = dlsym(RTLD_NEXT, "ioctl")) == NULL)
			abort();
		memcpy(&next, &symbol, sizeof(next));
	}
	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	run_hook(request);
	return next(fd, request, arg);
}

/* === Somebody else's interfaces in the place of ours === */

static void
replace_primary(void)
{
	other_destroy(NAME);
	other_create(NAME);
	other_lladdr(NAME, 7);
}

static void
replace_primary_by_a_pair(void)
{
	other_destroy(NAME);
	mac_make_foreign(NAME, "feth3");
}

static void
replace_primary_by_a_new_one(void)
{
	other_destroy(NAME);
	other_create(NAME);
}

static void
replace_peer(void)
{
	other_destroy(PEER);
	other_create(PEER);
	other_lladdr(PEER, 7);
}

static void
replace_peer_by_a_new_one(void)
{
	other_destroy(PEER);
	other_create(PEER);
}

static void
replace_both(void)
{
	other_destroy(NAME);
	other_destroy(PEER);
	mac_make_foreign(NAME, PEER);
}

/* Our request fails, what they made stays, and nothing of ours. */
static void
test_replaced_while_being_made(void **state)
{
	static const struct {
		unsigned long request;
		unsigned nth, left;
		hook_fn *fn;
	} cases[] = {
		/* Before the peer is created, and before it is addressed. */
		{ DARWIN_SIOCIFCREATE, 2, 1, replace_primary },
		{ DARWIN_SIOCIFCREATE, 2, 2, replace_primary_by_a_pair },
		{ DARWIN_SIOCIFCREATE, 2, 1, replace_primary_by_a_new_one },
		{ DARWIN_SIOCSIFLLADDR, 2, 1, replace_primary_by_a_new_one },
		/* Before they are made peers. */
		{ DARWIN_SIOCSDRVSPEC, 1, 1, replace_primary },
		{ DARWIN_SIOCSDRVSPEC, 1, 2, replace_primary_by_a_pair },
		{ DARWIN_SIOCSDRVSPEC, 1, 1, replace_primary_by_a_new_one },
		{ DARWIN_SIOCSDRVSPEC, 1, 1, replace_peer },
		{ DARWIN_SIOCSDRVSPEC, 1, 1, replace_peer_by_a_new_one },
		{ DARWIN_SIOCSDRVSPEC, 1, 2, replace_both },
		/* Before the last look. */
		{ DARWIN_SIOCGDRVSPEC, 1, 1, replace_primary },
		{ DARWIN_SIOCGDRVSPEC, 1, 2, replace_primary_by_a_pair },
		{ DARWIN_SIOCGDRVSPEC, 1, 2, replace_both },
	};
	struct tap_request rq = { .unit = 10000, .mode = TAP_ETHERNET };
	unsigned fds = count_open();
	struct tap_fault fault;
	struct tap *t = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_hook(cases[i].request, cases[i].nth, cases[i].fn);
		assert_int_equal(tap_open(&rq, &t, &fault),
		    SSHTAP_ERR_SYSTEM);
		assert_null(hook.fn);
		assert_int_equal(errno, fault.error);
		assert_int_equal(count_feth(), cases[i].left);
		assert_int_equal(mac_count_entries(), 0);
		assert_int_equal(count_open(), fds);
		mac_halt();
		mac_boot("");
	}
}

/* === Death on the way === */

/* Some daemon may bring up whatever is created (xnu itself does not). */
static void
raise_and_die(void)
{
	other_up(NAME);
	_exit(0);
}

static void
test_raised_by_a_daemon_and_left_over(void **state)
{
	struct tap_request rq = { .unit = 10000, .mode = TAP_ETHERNET };
	struct tap_fault fault;
	struct tap *t = NULL;
	int wstatus;
	pid_t pid;

	(void)state;
	if ((pid = fork()) == 0) {
		set_hook(DARWIN_SIOCIFCREATE, 2, raise_and_die);
		(void)tap_open(&rq, &t, &fault);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_int_equal(wstatus, 0);
	assert_true(other_sees(NAME));
	assert_int_equal(mac_count_entries(), 1);
	assert_int_equal(tap_reap(false, NULL, NULL, &fault), 0);
	mac_assert_clean();
}

#define MAC_TEST(name)	\
	cmocka_unit_test_setup_teardown(name, mac_set_up, mac_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MAC_TEST(test_replaced_while_being_made),
		MAC_TEST(test_raised_by_a_daemon_and_left_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
