/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* What needs no root: requests, replies, ends of processes, -f. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/background.h"
#include "lib/err.h"
#include "lib/proc.h"
#include "priv/monitor.h"
#include "priv/monitor_msg.h"
#include "tun/tap.h"

/* So that no unit test ever waits for ever. */
#define WATCHDOG_S	30

struct request_case {
	struct monitor_request rq;
	int want;
};

static void
test_request_bounds(void **state)
{
	static const struct request_case cases[] = {
		{ { MONITOR_TAP, 0, TAP_ETHERNET }, 0 },
		{ { MONITOR_TAP, 0, TAP_POINT_TO_POINT }, 0 },
		{ { MONITOR_TAP, TAP_UNIT_MAX, TAP_ETHERNET }, 0 },
		{ { MONITOR_TAP, TAP_UNIT_ANY, TAP_ETHERNET }, 0 },
		{ { MONITOR_DETACH, 0, 0 }, 0 },
		{ { MONITOR_TAP, TAP_UNIT_MAX + 1, TAP_ETHERNET },
		    SSHTAP_ERR_ARGUMENT },
		{ { MONITOR_TAP, 0x80000000u, TAP_ETHERNET },
		    SSHTAP_ERR_ARGUMENT },
		{ { MONITOR_TAP, UINT32_MAX, TAP_ETHERNET },
		    SSHTAP_ERR_ARGUMENT },
		{ { MONITOR_TAP, 0, 0 }, SSHTAP_ERR_ARGUMENT },
		{ { MONITOR_TAP, 0, 3 }, SSHTAP_ERR_ARGUMENT },
		{ { MONITOR_TAP, 0, UINT32_MAX }, SSHTAP_ERR_ARGUMENT },
		{ { MONITOR_DETACH, 1, 0 }, SSHTAP_ERR_ARGUMENT },
		{ { MONITOR_DETACH, 0, 1 }, SSHTAP_ERR_ARGUMENT },
		{ { 0, 0, 0 }, SSHTAP_ERR_PROTOCOL },
		{ { MONITOR_KIND_COUNT, 0, 0 }, SSHTAP_ERR_PROTOCOL },
		{ { UINT32_MAX, 0, 0 }, SSHTAP_ERR_PROTOCOL },
	};
	struct monitor_state st;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&st, 0, sizeof(st));
		assert_int_equal(monitor_check_request(&cases[i].rq, &st),
		    cases[i].want);
		/* What is refused uses nothing up. */
		assert_int_equal(st.used != 0, cases[i].want == 0);
	}
}

static void
test_each_request_is_granted_once(void **state)
{
	const struct monitor_request tap = { MONITOR_TAP, 0, TAP_ETHERNET };
	const struct monitor_request detach = { MONITOR_DETACH, 0, 0 };
	struct monitor_state st = { .phase = MONITOR_PHASE_START };

	(void)state;
	assert_int_equal(monitor_check_request(&tap, &st), 0);
	assert_int_equal(st.phase, MONITOR_PHASE_TAP_ASKED);
	assert_int_equal(monitor_check_request(&tap, &st), SSHTAP_ERR_STATE);
	assert_int_equal(monitor_check_request(&detach, &st), 0);
	assert_int_equal(st.phase, MONITOR_PHASE_TAP_ASKED);
	assert_int_equal(monitor_check_request(&detach, &st),
	    SSHTAP_ERR_STATE);
	assert_int_equal(monitor_check_request(&tap, &st), SSHTAP_ERR_STATE);
}

static void
test_request_keeps_its_numbers(void **state)
{
	const struct monitor_request rq = { 0x01020304, 0x7fffffff,
	    0xfffffffe };
	static const uint8_t want[MONITOR_REQUEST_SIZE] = { 1, 2, 3, 4,
	    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe };
	uint8_t out[MONITOR_REQUEST_SIZE];
	struct monitor_request back;

	(void)state;
	monitor_encode_request(&rq, out);
	assert_memory_equal(out, want, sizeof(want));
	monitor_decode_request(out, &back);
	assert_memory_equal(&back, &rq, sizeof(rq));
}

static void
test_reply_is_checked(void **state)
{
	struct monitor_reply reply = { .result = SSHTAP_ERR_SYSTEM,
	    .error = EBUSY, .name = "tap7" }, back;
	uint8_t out[MONITOR_REPLY_SIZE];

	(void)state;
	monitor_encode_reply(&reply, out);
	assert_int_equal(monitor_decode_reply(out, &back), 0);
	assert_int_equal(back.result, SSHTAP_ERR_SYSTEM);
	assert_int_equal(back.error, EBUSY);
	assert_string_equal(back.name, "tap7");

	memset(out + 8, 'x', MONITOR_NAME_SIZE);
	assert_int_equal(monitor_decode_reply(out, &back), SSHTAP_ERR_FORMAT);
	out[MONITOR_REPLY_SIZE - 1] = '\0';
	assert_int_equal(monitor_decode_reply(out, &back), 0);
	reply.result = 1;
	monitor_encode_reply(&reply, out);
	assert_int_equal(monitor_decode_reply(out, &back), SSHTAP_ERR_FORMAT);
	reply.result = SSHTAP_ERR_LAST - 1;
	monitor_encode_reply(&reply, out);
	assert_int_equal(monitor_decode_reply(out, &back), SSHTAP_ERR_FORMAT);
}

/*
 * Run a monitor with this for its child; the exit status of the pair.  The
 * monitor lives in a process of its own, as it changes directory and input.
 */
static int
run_pair(void (*child)(struct monitor *m))
{
	struct monitor *m = NULL;
	int status = -1, r;
	pid_t pid;

	assert_int_not_equal(pid = fork(), -1);
	if (pid == 0) {
		(void)alarm(WATCHDOG_S);
		if ((r = monitor_start(&m, &status)) == 0) {
			(void)alarm(WATCHDOG_S);
			child(m);
			_exit(0);
		}
		_exit(r == 1 ? status : 99);
	}
	return proc_exit_status(proc_reap(pid));
}

static void
exit_with_42(struct monitor *m)
{
	(void)m;
	_exit(42);
}

static void
kill_self(struct monitor *m)
{
	(void)m;
	(void)raise(SIGKILL);
}

static void
detach(struct monitor *m)
{
	if (monitor_detach(m) != 0)
		_exit(1);
	/* Once only: the monitor ends the conversation, not us. */
	_exit(monitor_detach(m) == SSHTAP_ERR_CLOSED ? 7 : 2);
}

static void
ask_for_nonsense(struct monitor *m)
{
	struct pollfd p = { .fd = monitor_fd(m), .events = POLLIN };
	struct tap *t = NULL;
	int r = monitor_open_tap(m, -1, TAP_ETHERNET, &t);

	if (r != SSHTAP_ERR_CLOSED || t != NULL || poll(&p, 1, 0) != 1)
		_exit(1);
	monitor_free(m);
	_exit(8);
}

/* A request of half a length, then the end. */
static void
send_half(struct monitor *m)
{
	if (write(monitor_fd(m), "\0\0\0\1\0", 5) != 5)
		_exit(1);
	_exit(9);
}

static void
send_signal_to_monitor(struct monitor *m)
{
	(void)m;
	(void)signal(SIGTERM, SIG_DFL);
	(void)kill(getppid(), SIGTERM);
	for (;;)
		(void)pause();
}

static void
test_status_is_the_childs(void **state)
{
	(void)state;
	assert_int_equal(run_pair(exit_with_42), 42);
	assert_int_equal(run_pair(kill_self), PROC_EXIT_FAILURE);
	assert_int_equal(run_pair(detach), 7);
	assert_int_equal(run_pair(ask_for_nonsense), 8);
	assert_int_equal(run_pair(send_half), 9);
}

static void
test_signals_are_passed_on(void **state)
{
	(void)state;
	assert_int_equal(run_pair(send_signal_to_monitor), PROC_EXIT_FAILURE);
}

/* The status that a shell would see of sshtap -f with this for its child. */
static int
run_background(void (*child)(struct background *b))
{
	struct background *b = NULL;
	int status = -1, r;
	pid_t pid;

	assert_int_not_equal(pid = fork(), -1);
	if (pid == 0) {
		(void)alarm(WATCHDOG_S);
		if ((r = background_start(&b, &status)) == 0) {
			child(b);
			background_free(b);
			_exit(0);
		}
		_exit(r == 1 ? status : 99);
	}
	return proc_exit_status(proc_reap(pid));
}

static void
get_ready(struct background *b)
{
	if (background_ready(b, true) != 0 ||
	    background_ready(b, true) != SSHTAP_ERR_STATE)
		_exit(1);
	/* The parent has what it waited for and does not see this. */
	_exit(3);
}

static void
fail_with_255(struct background *b)
{
	(void)b;
	_exit(255);
}

static void
forget_to_say_so(struct background *b)
{
	background_free(b);
	_exit(4);
}

static void
signal_parent(struct background *b)
{
	(void)b;
	(void)signal(SIGINT, SIG_DFL);
	(void)kill(getppid(), SIGINT);
	for (;;)
		(void)pause();
}

static void
test_background_status(void **state)
{
	(void)state;
	assert_int_equal(run_background(get_ready), 0);
	assert_int_equal(run_background(fail_with_255), 255);
	assert_int_equal(run_background(forget_to_say_so), 4);
	assert_int_equal(run_background(signal_parent), PROC_EXIT_FAILURE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_bounds),
		cmocka_unit_test(test_each_request_is_granted_once),
		cmocka_unit_test(test_request_keeps_its_numbers),
		cmocka_unit_test(test_reply_is_checked),
		cmocka_unit_test(test_status_is_the_childs),
		cmocka_unit_test(test_signals_are_passed_on),
		cmocka_unit_test(test_background_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
