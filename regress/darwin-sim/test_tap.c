/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The Ethernet devices of macOS, in the simulated one: what opening makes and
 * closing leaves, also when a call to the system fails.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "regress/darwin-sim/mac_util.h"
#include "tun/registry.h"
#include "tun/tap.h"
#include "tun/tap_admin.h"
#include "tun/tap_impl_darwin.h"

#define FRAME_SIZE	2100

static void
assert_fault(const struct tap_request *rq, enum tap_step step, int error)
{
	unsigned fds = count_open();
	struct tap_fault fault;
	struct tap *t = NULL;

	memset(&fault, 0xff, sizeof(fault));
	assert_int_equal(tap_open(rq, &t, &fault), SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.error, errno);
	assert_int_equal(fault.error, error);
	assert_int_equal(fault.step, step);
	assert_null(t);
	assert_int_equal(count_open(), fds);
}

/* === Opening and closing === */

static void
test_open_any_and_close(void **state)
{
	unsigned fds = count_open();
	struct registry_entry e;
	struct tap *t = mac_open(TAP_UNIT_ANY);
	unsigned mtu;

	(void)state;
	assert_string_equal(tap_name(t), "feth10000");
	assert_int_equal(tap_mode(t), TAP_ETHERNET);
	assert_int_equal(count_feth(), 2);
	assert_int_equal(darwin_interface_is_up("feth10000"), 1);
	assert_int_equal(darwin_interface_is_up("feth20000"), 1);
	assert_int_equal(darwin_interface_mtu("feth10000", &mtu, NULL), 0);
	assert_int_equal(mtu, 1500);
	assert_int_equal(registry_look(mac_registry(), "feth10000", &e), 0);
	assert_true(e.is_locked && e.is_made && !e.is_kept);
	assert_int_equal(e.pid, getpid());
	assert_int_not_equal(tap_read_fd(t), tap_write_fd(t));
	assert_true(fcntl(tap_read_fd(t), F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(tap_write_fd(t), F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(tap_read_fd(t), F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(tap_write_fd(t), F_GETFL) & O_NONBLOCK);
	assert_int_equal(tap_check(t), 0);
	tap_close(t);
	mac_assert_clean();
	assert_int_equal(count_open(), fds);
}

static void
test_units(void **state)
{
	struct tap *a = mac_open(0), *b = mac_open(TAP_UNIT_ANY),
	    *c = mac_open(TAP_UNIT_ANY), *d = mac_open(DARWIN_UNIT_MAX);
	struct tap_request rq = mac_request(DARWIN_UNIT_MAX + 1);
	struct tap_fault fault;

	(void)state;
	assert_string_equal(tap_name(a), "feth0");
	assert_string_equal(tap_name(b), "feth10000");
	assert_string_equal(tap_name(c), "feth10001");
	assert_string_equal(tap_name(d), "feth32767");
	tap_close(a);
	tap_close(b);
	tap_close(c);
	tap_close(d);
	mac_assert_clean();
	assert_int_equal(tap_open(&rq, &a, &fault), SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.step, TAP_STEP_REQUEST);
	assert_int_equal(fault.limit, DARWIN_UNIT_MAX);
	rq.unit = -1;
	assert_fault(&rq, TAP_STEP_REQUEST, EINVAL);
	mac_assert_clean();
}

static void
test_what_was_asked_for(void **state)
{
	struct tap_request rq = { .unit = 5, .mode = TAP_ETHERNET,
	    .mtu = 2000, .has_lladdr = true,
	    .lladdr = { 2, 1, 2, 3, 4, 5 } };
	struct tap_fault fault;
	uint8_t lladdr[6];
	struct tap *t;
	unsigned mtu;

	(void)state;
	assert_int_equal(tap_open(&rq, &t, &fault), 0);
	assert_int_equal(darwin_interface_is_up("feth5"), 0);
	assert_int_equal(darwin_interface_mtu("feth5", &mtu, NULL), 0);
	assert_int_equal(mtu, 2000);
	assert_int_equal(darwin_interface_lladdr("feth5", lladdr), 0);
	assert_memory_equal(lladdr, rq.lladdr, 6);
	tap_close(t);
	rq.mtu = 3000;
	assert_int_equal(tap_open(&rq, &t, &fault), SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.step, TAP_STEP_MTU);
	assert_int_equal(fault.limit, 2048);
	rq.mtu = TAP_MTU_MAX + 1;
	assert_fault(&rq, TAP_STEP_MTU, ERANGE);
	mac_assert_clean();
}

static void
test_a_unit_in_use(void **state)
{
	struct tap *t = mac_open(7);
	struct tap_request rq = mac_request(7), peer = mac_request(20007);

	(void)state;
	assert_fault(&rq, TAP_STEP_FOREIGN, EBUSY);
	assert_int_equal(tap_check(t), 0);
	assert_int_equal(count_feth(), 2);
	/* The unit of its peer is none to be had, either. */
	assert_fault(&peer, TAP_STEP_FOREIGN, EEXIST);
	/* Not even where there is no such interface yet. */
	other_destroy("feth20007");
	assert_fault(&peer, TAP_STEP_FOREIGN, EBUSY);
	tap_close(t);
	mac_assert_clean();
}

static void
test_what_is_foreign(void **state)
{
	struct tap_request rq = mac_request(10000), peer = mac_request(600);
	char before[MAC_TEXT_MAX], after[MAC_TEXT_MAX];
	struct tap *t;

	(void)state;
	mac_make_foreign("feth10000", "feth600");
	(void)mac_text(before);
	assert_fault(&rq, TAP_STEP_FOREIGN, EEXIST);
	assert_fault(&peer, TAP_STEP_FOREIGN, EEXIST);
	assert_int_equal(mac_count_entries(), 0);
	t = mac_open(TAP_UNIT_ANY);
	assert_string_equal(tap_name(t), "feth10001");
	tap_close(t);
	/* The name that our peer would have first. */
	other_create("feth20002");
	(void)mac_text(before);
	t = mac_open(10002);
	assert_int_equal(count_feth(), 5);
	tap_close(t);
	assert_string_equal(mac_text(after), before);
	assert_int_equal(mac_count_entries(), 0);
}

static void
test_one_that_was_made_to_stay(void **state)
{
	char before[MAC_TEXT_MAX], after[MAC_TEXT_MAX];
	struct tap_request rq = mac_request(9);
	struct tap_fault fault;
	struct tap_info info;
	struct tap *t;

	(void)state;
	assert_int_equal(tap_create(&rq, (uid_t)-1, &info, &fault), 0);
	(void)mac_text(before);
	t = mac_open(9);
	assert_string_equal(mac_text(after), before);
	assert_int_equal(tap_check(t), 0);
	assert_fault(&rq, TAP_STEP_FOREIGN, EBUSY);
	tap_close(t);
	assert_string_equal(mac_text(after), before);
	assert_int_equal(mac_count_entries(), 1);
	/* It keeps what it has but for what is asked for in words. */
	rq.up = false;
	rq.mtu = 1400;
	rq.has_lladdr = true;
	memcpy(rq.lladdr, "\2\3\4\5\6\7", 6);
	assert_int_equal(tap_open(&rq, &t, &fault), 0);
	tap_close(t);
	assert_int_equal(tap_show("feth9", &info), 0);
	assert_true(info.is_up);
	assert_int_equal(info.mtu, 1400);
	assert_memory_equal(info.lladdr, rq.lladdr, 6);
	(void)mac_text(before);
	rq.mtu = 9000;
	rq.lladdr[5] = 8;
	assert_int_equal(tap_open(&rq, &t, &fault), SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.step, TAP_STEP_MTU);
	assert_int_equal(fault.limit, 2048);
	assert_string_equal(mac_text(after), before);
	assert_int_equal(tap_destroy("feth9", &fault), 0);
	mac_assert_clean();
}

/* ZeroTier takes the primary of a low unit and cannot see the peer. */
static void
test_what_is_left_of_one_that_was_to_stay(void **state)
{
	struct tap_request rq = mac_request(9);
	struct tap_fault fault;
	struct tap_info info;
	struct tap *t;

	(void)state;
	assert_int_equal(tap_create(&rq, (uid_t)-1, &info, &fault), 0);
	other_destroy("feth9");
	t = mac_open(9);
	assert_int_equal(count_feth(), 2);
	assert_int_equal(tap_check(t), 0);
	tap_close(t);
	mac_assert_clean();
}

static int
open_ten(void *ctx)
{
	struct tap_request rq = mac_request(10);
	struct tap_fault fault;
	struct tap *t;

	(void)ctx;
	return tap_open(&rq, &t, &fault);
}

static void
test_what_the_dead_left_over(void **state)
{
	char before[MAC_TEXT_MAX], after[MAC_TEXT_MAX];
	struct tap_request rq = mac_request(11);
	struct tap_fault fault;
	struct tap_info info;
	struct tap *live, *t;
	pid_t pid;

	(void)state;
	mac_make_foreign("feth1", "feth2");
	assert_int_equal(tap_create(&rq, (uid_t)-1, &info, &fault), 0);
	live = mac_open(12);
	(void)mac_text(before);
	pid = mac_fork(open_ten, NULL);
	assert_int_equal(count_feth(), 8);
	rq.unit = 10;
	assert_fault(&rq, TAP_STEP_FOREIGN, EBUSY);
	mac_kill(pid);
	assert_int_equal(count_feth(), 8);
	/* Of its own unit, and of any. */
	t = mac_open(10);
	assert_int_equal(tap_check(t), 0);
	tap_close(t);
	assert_string_equal(mac_text(after), before);
	(void)mac_make_dead(10);
	tap_close(mac_open(TAP_UNIT_ANY));
	assert_string_equal(mac_text(after), before);
	assert_int_equal(mac_count_entries(), 2);
	assert_int_equal(tap_check(live), 0);
	tap_close(live);
}

static void
test_without_root(void **state)
{
	char before[MAC_TEXT_MAX], after[MAC_TEXT_MAX];
	struct tap_request any = mac_request(TAP_UNIT_ANY);
	struct tap_request rq = mac_request(9);
	struct tap_fault fault;
	struct tap_info info;

	(void)state;
	assert_int_equal(tap_create(&rq, (uid_t)-1, &info, &fault), 0);
	(void)mac_text(before);
	mac_be_root(0);
	assert_fault(&any, TAP_STEP_CREATE, EPERM);
	assert_fault(&rq, TAP_STEP_BPF, EACCES);
	mac_be_root(1);
	assert_string_equal(mac_text(after), before);
	assert_int_equal(mac_count_entries(), 1);
}

/* === Loss === */

/* What others made under our names is theirs, whatever it looks like. */
static void
test_others_take_our_names(void **state)
{
	char before[MAC_TEXT_MAX], after[MAC_TEXT_MAX];
	struct tap *t = mac_open(TAP_UNIT_ANY);

	(void)state;
	other_destroy("feth10000");
	mac_make_foreign("feth10000", "feth3");
	assert_int_equal(tap_check(t), SSHTAP_ERR_GONE);
	assert_int_equal(count_feth(), 3);
	tap_close(t);
	assert_int_equal(count_feth(), 2);
	assert_int_equal(mac_count_entries(), 0);
	t = mac_open(TAP_UNIT_ANY);
	assert_string_equal(tap_name(t), "feth10001");
	other_destroy("feth10001");
	other_destroy("feth20001");
	/* Only just made: nobody can say by whom, and so not ours. */
	other_create("feth10001");
	mac_make_foreign("feth20001", "feth4");
	(void)mac_text(before);
	tap_close(t);
	assert_string_equal(mac_text(after), before);
	assert_int_equal(mac_count_entries(), 0);
}

/* === The rest === */

static void
test_descriptors_that_are_none(void **state)
{
	struct tap *t = mac_open(TAP_UNIT_ANY), *a = NULL;
	int rfd = tap_read_fd(t), wfd = tap_write_fd(t);

	(void)state;
	assert_int_equal(tap_adopt(-1, wfd, TAP_ETHERNET, "feth1", 0, &a),
	    SSHTAP_ERR_ARGUMENT);
	assert_int_equal(tap_adopt(rfd, -1, TAP_ETHERNET, "feth1", 0, &a),
	    SSHTAP_ERR_ARGUMENT);
	assert_int_equal(tap_adopt(rfd, wfd, TAP_ETHERNET,
	    "feth123456789012", 0, &a), SSHTAP_ERR_ARGUMENT);
	assert_int_equal(tap_adopt(rfd, wfd, TAP_POINT_TO_POINT, "utun1", 0,
	    &a), SSHTAP_ERR_ARGUMENT);
	assert_int_equal(tap_adopt(wfd, rfd, TAP_ETHERNET, "feth1", 0, &a) < 0,
	    1);
	assert_null(a);
	assert_int_equal(tap_check(t), 0);
	tap_close(t);
}

static void
count_warning(void *ctx, const char *text)
{
	if (strstr(text, "net.link.fake.hwcsum=0") != NULL)
		(*(unsigned *)ctx)++;
	else if (strstr(text, "net.link.fake.bsd_mode=1") != NULL)
		(*(unsigned *)ctx) += 100;
	else
		fail_msg("%s", text);
}

static void
test_settings_that_spoil_frames(void **state)
{
	unsigned n = 0;

	(void)state;
	tap_warn(count_warning, &n);
	assert_int_equal(n, 0);
	mac_sysctl("net.link.fake.hwcsum", 1);
	tap_warn(count_warning, &n);
	assert_int_equal(n, 1);
	mac_sysctl("net.link.fake.bsd_mode", 0);
	tap_warn(count_warning, &n);
	assert_int_equal(n, 102);
}

static void
test_what_steps_are_called(void **state)
{
	static const struct {
		enum darwin_step from;
		int error;
		enum tap_step to;
		int new_error;
	} cases[] = {
		{ DARWIN_STEP_NONE, EIO, TAP_STEP_NONE, EIO },
		{ DARWIN_STEP_ARGUMENT, EINVAL, TAP_STEP_REQUEST, EINVAL },
		{ DARWIN_STEP_CLAIM, EACCES, TAP_STEP_REGISTRY, EACCES },
		{ DARWIN_STEP_CLAIM, EEXIST, TAP_STEP_FOREIGN, EBUSY },
		{ DARWIN_STEP_SOCKET, EMFILE, TAP_STEP_CREATE, EMFILE },
		{ DARWIN_STEP_CREATE, EBUSY, TAP_STEP_CREATE, EBUSY },
		{ DARWIN_STEP_CREATE, EEXIST, TAP_STEP_FOREIGN, EEXIST },
		{ DARWIN_STEP_CREATE, EOPNOTSUPP, TAP_STEP_DRIVER,
		    EOPNOTSUPP },
		{ DARWIN_STEP_ADDRESS, EINVAL, TAP_STEP_ADDRESS, EINVAL },
		{ DARWIN_STEP_MTU, EINVAL, TAP_STEP_MTU, EINVAL },
		{ DARWIN_STEP_PEER, EBUSY, TAP_STEP_PEER, EBUSY },
		{ DARWIN_STEP_UP, EPERM, TAP_STEP_UP, EPERM },
		{ DARWIN_STEP_IDENTITY, EEXIST, TAP_STEP_FOREIGN, EEXIST },
		{ DARWIN_STEP_IDENTITY, ENXIO, TAP_STEP_BPF, ENXIO },
		{ DARWIN_STEP_BPF_OPEN, EBUSY, TAP_STEP_BPF, EBUSY },
		{ DARWIN_STEP_BPF_SETUP, EINVAL, TAP_STEP_BPF, EINVAL },
		{ DARWIN_STEP_NDRV, EPERM, TAP_STEP_NDRV, EPERM },
		{ DARWIN_STEP_UTUN, EPERM, TAP_STEP_CREATE, EPERM },
		{ DARWIN_STEP_UTUN, EBUSY, TAP_STEP_FOREIGN, EBUSY },
		{ DARWIN_STEP_UTUN, ENOENT, TAP_STEP_DRIVER, EOPNOTSUPP },
		{ DARWIN_STEP_TUNTAPOSX, EBUSY, TAP_STEP_FOREIGN, EBUSY },
		{ DARWIN_STEP_DESTROY, EPERM, TAP_STEP_DESTROY, EPERM },
	};
	struct darwin_fault df = { .limit = 7, .name = "feth123" };
	struct tap_fault fault;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		df.step = cases[i].from;
		errno = cases[i].error;
		assert_int_equal(tap_darwin_fault(&df, &fault),
		    SSHTAP_ERR_SYSTEM);
		assert_int_equal(errno, cases[i].new_error);
		assert_int_equal(fault.error, cases[i].new_error);
		assert_int_equal(fault.step, cases[i].to);
		assert_int_equal(fault.limit, df.step ==
		    DARWIN_STEP_ARGUMENT ? DARWIN_UNIT_MAX : 7);
		assert_string_equal(fault.name, "feth123");
	}
}

/* === Each call fails once === */

static int
try_open(const struct tap_request *rq, struct tap **tp)
{
	struct tap_fault fault = { .step = TAP_STEP_NONE };
	int r;

	*tp = NULL;
	if ((r = tap_open(rq, tp, &fault)) == 0)
		return 0;
	assert_int_equal(r, SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.error, errno);
	assert_true(fault.error > 0);
	assert_true(fault.step > TAP_STEP_NONE &&
	    fault.step < TAP_STEP_COUNT);
	return r;
}

static void
use(struct tap *t)
{
	uint8_t frame[FRAME_SIZE] = { 0 };
	size_t len;

	(void)tap_send(t, frame, 60);
	(void)tap_recv(t, frame, sizeof(frame), &len);
	(void)tap_check(t);
}

/*
 * One that is opened in vain leaves nothing; what closing could not destroy
 * is reaped.
 */
static void
fail_each_call_of_a_life(int unit)
{
	unsigned calls, failed = 0, fds = count_open(), n = 0;
	struct tap_request rq = mac_request(unit);
	struct tap_fault fault;
	struct tap *t;

	rq.mtu = 1400;
	do {
		mac_fail_at(++n);
		if (try_open(&rq, &t) == 0)
			use(t);
		else
			failed++;
		tap_close(t);
		calls = mac_calls();
		mac_fail(NULL);
		assert_int_equal(count_open(), fds);
		if (t != NULL)
			assert_int_equal(tap_reap(false, NULL, NULL, &fault),
			    0);
		mac_assert_clean();
	} while (calls >= n);
	/* Not all of them matter, but most. */
	assert_true(n > 50 && failed > n / 3);
}

static void
test_each_call_of_a_life_fails(void **state)
{
	(void)state;
	fail_each_call_of_a_life(TAP_UNIT_ANY);
	fail_each_call_of_a_life(10000);
}

/* Undoing fails, too: then all that is left is known, and not locked. */
static void
test_each_call_of_a_vain_open_fails(void **state)
{
	unsigned calls, fds = count_open(), left = 0, n = 0;
	struct tap_request rq = mac_request(TAP_UNIT_ANY);
	struct tap_fault fault;
	struct tap *t;

	(void)state;
	rq.mtu = 3000;
	do {
		mac_fail_at(++n);
		assert_int_not_equal(try_open(&rq, &t), 0);
		calls = mac_calls();
		mac_fail(NULL);
		assert_int_equal(count_open(), fds);
		left += mac_count_entries();
		assert_int_equal(tap_reap(false, NULL, NULL, &fault), 0);
		mac_assert_clean();
	} while (calls >= n);
	assert_true(n > 10 && left > 0);
}

static void
leave_dead(void)
{
	(void)mac_make_dead(10);
}

static void
leave_broken(void)
{
	struct tap_request rq = mac_request(10);
	struct tap_fault fault;
	struct tap_info info;

	assert_int_equal(tap_create(&rq, (uid_t)-1, &info, &fault), 0);
	other_destroy("feth10");
}

/*
 * What was left of a unit is in the way of none that is opened there, though
 * reaping it has failed; and that one does not stay.
 */
static void
fail_each_call_over(void (*leave)(void))
{
	unsigned calls, failed = 0, n = 0;
	struct tap_request rq = mac_request(10);
	struct tap_fault fault;
	struct tap *t;

	do {
		leave();
		mac_fail_at(++n);
		if (try_open(&rq, &t) != 0)
			failed++;
		calls = mac_calls();
		mac_fail(NULL);
		assert_true(t == NULL || tap_check(t) == 0);
		tap_close(t);
		if (t == NULL)
			assert_int_equal(tap_reap(false, NULL, NULL, &fault),
			    0);
		mac_assert_clean();
	} while (calls >= n);
	/* All calls of the reaping, and more, can fail. */
	assert_true(failed > 10 && n - failed > 25);
}

static void
test_each_call_of_opening_over_what_is_left_fails(void **state)
{
	(void)state;
	fail_each_call_over(leave_dead);
	fail_each_call_over(leave_broken);
}

#define MAC_TEST(name)	\
	cmocka_unit_test_setup_teardown(name, mac_set_up, mac_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MAC_TEST(test_open_any_and_close),
		MAC_TEST(test_units),
		MAC_TEST(test_what_was_asked_for),
		MAC_TEST(test_a_unit_in_use),
		MAC_TEST(test_what_is_foreign),
		MAC_TEST(test_one_that_was_made_to_stay),
		MAC_TEST(test_what_is_left_of_one_that_was_to_stay),
		MAC_TEST(test_what_the_dead_left_over),
		MAC_TEST(test_without_root),
		MAC_TEST(test_others_take_our_names),
		MAC_TEST(test_descriptors_that_are_none),
		MAC_TEST(test_settings_that_spoil_frames),
		cmocka_unit_test(test_what_steps_are_called),
		MAC_TEST(test_each_call_of_a_life_fails),
		MAC_TEST(test_each_call_of_a_vain_open_fails),
		MAC_TEST(test_each_call_of_opening_over_what_is_left_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
