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

#define TAP_RQ(...)	{ .kind = MONITOR_TAP, __VA_ARGS__ }
#define LLADDR(...)	.has_lladdr = 1, .lladdr = { __VA_ARGS__ }

static const struct request_case cases[] = {
	{ TAP_RQ(.mode = TAP_ETHERNET), 0 },
	{ TAP_RQ(.mode = TAP_POINT_TO_POINT), 0 },
	{ TAP_RQ(.unit = TAP_UNIT_MAX, .mode = TAP_ETHERNET), 0 },
	{ TAP_RQ(.unit = TAP_UNIT_ANY, .mode = TAP_ETHERNET), 0 },
	{ TAP_RQ(.mode = TAP_ETHERNET, .mtu = 68), 0 },
	{ TAP_RQ(.mode = TAP_ETHERNET, .mtu = 65535), 0 },
	{ TAP_RQ(.mode = TAP_ETHERNET, LLADDR(2, 0, 0, 0, 0, 0)), 0 },
	{ TAP_RQ(.mode = TAP_ETHERNET, LLADDR(0, 0, 0, 0, 0, 1)), 0 },
	{ TAP_RQ(.mode = TAP_ETHERNET, .offload = 1), 0 },
	{ { .kind = MONITOR_DETACH }, 0 },

	{ TAP_RQ(.unit = TAP_UNIT_MAX + 1, .mode = TAP_ETHERNET),
	    SSHTAP_ERR_ARGUMENT },
	{ TAP_RQ(.unit = 0x80000000u, .mode = TAP_ETHERNET),
	    SSHTAP_ERR_ARGUMENT },
	{ TAP_RQ(.unit = UINT32_MAX, .mode = TAP_ETHERNET),
	    SSHTAP_ERR_ARGUMENT },
	{ TAP_RQ(.mode = 0), SSHTAP_ERR_ARGUMENT },
	{ TAP_RQ(.mode = 3), SSHTAP_ERR_ARGUMENT },
	{ TAP_RQ(.mode = UINT32_MAX), SSHTAP_ERR_ARGUMENT },
	{ TAP_RQ(.mode = TAP_ETHERNET, .mtu = 1), SSHTAP_ERR_ARGUMENT },
	{ TAP_RQ(.mode = TAP_ETHERNET, .mtu = 67), SSHTAP_ERR_ARGUMENT },
	{ TAP_RQ(.mode = TAP_ETHERNET, .mtu = 65536), SSHTAP_ERR_ARGUMENT },
	{ TAP_RQ(.mode = TAP_ETHERNET, .mtu = UINT32_MAX),
	    SSHTAP_ERR_ARGUMENT },
	{ TAP_RQ(.mode = TAP_ETHERNET, LLADDR(0, 0, 0, 0, 0, 0)),
	    SSHTAP_ERR_ARGUMENT },
	{ TAP_RQ(.mode = TAP_ETHERNET, LLADDR(3, 0, 0, 0, 0, 1)),
	    SSHTAP_ERR_ARGUMENT },
	{ TAP_RQ(.mode = TAP_POINT_TO_POINT, LLADDR(2, 0, 0, 0, 0, 1)),
	    SSHTAP_ERR_ARGUMENT },
	{ TAP_RQ(.mode = TAP_ETHERNET, .has_lladdr = 2,
	    .lladdr = { 2, 0, 0, 0, 0, 1 }), SSHTAP_ERR_ARGUMENT },
	{ TAP_RQ(.mode = TAP_ETHERNET, .lladdr = { 2, 0, 0, 0, 0, 1 }),
	    SSHTAP_ERR_ARGUMENT },
	{ TAP_RQ(.mode = TAP_ETHERNET, .offload = 2), SSHTAP_ERR_ARGUMENT },
	{ TAP_RQ(.mode = TAP_ETHERNET, .offload = UINT32_MAX),
	    SSHTAP_ERR_ARGUMENT },
	{ { .kind = MONITOR_DETACH, .unit = 1 }, SSHTAP_ERR_ARGUMENT },
	{ { .kind = MONITOR_DETACH, .offload = 1 }, SSHTAP_ERR_ARGUMENT },
	{ { .kind = MONITOR_DETACH, .mode = 1 }, SSHTAP_ERR_ARGUMENT },
	{ { .kind = MONITOR_DETACH, .mtu = 1 }, SSHTAP_ERR_ARGUMENT },
	{ { .kind = MONITOR_DETACH, .has_lladdr = 1 }, SSHTAP_ERR_ARGUMENT },
	{ { .kind = MONITOR_DETACH, .lladdr = { 0, 0, 0, 0, 0, 1 } },
	    SSHTAP_ERR_ARGUMENT },
	{ { .kind = 0 }, SSHTAP_ERR_PROTOCOL },
	{ { .kind = MONITOR_KIND_COUNT }, SSHTAP_ERR_PROTOCOL },
	{ { .kind = UINT32_MAX }, SSHTAP_ERR_PROTOCOL },
};

static void
test_request_bounds(void **state)
{
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
check_request_survives(bool offload)
{
	const struct tap_request want = { .unit = TAP_UNIT_ANY,
	    .mode = TAP_ETHERNET, .up = true, .mtu = 1400, .has_lladdr = true,
	    .lladdr = { 2, 1, 2, 3, 4, 5 }, .offload = offload };
	uint8_t wire[MONITOR_REQUEST_SIZE];
	struct monitor_request rq;
	struct tap_request got;

	monitor_from_tap_request(&want, &rq);
	assert_int_equal(rq.kind, MONITOR_TAP);
	monitor_encode_request(&rq, wire);
	memset(&rq, 0xff, sizeof(rq));
	monitor_decode_request(wire, &rq);
	monitor_to_tap_request(&rq, &got);
	assert_int_equal(got.unit, want.unit);
	assert_int_equal(got.mode, want.mode);
	assert_true(got.up);
	assert_int_equal(got.mtu, want.mtu);
	assert_true(got.has_lladdr);
	assert_memory_equal(got.lladdr, want.lladdr, TAP_LLADDR_LEN);
	assert_int_equal(got.offload, offload);
}

static void
test_request_of_a_device_survives(void **state)
{
	(void)state;
	check_request_survives(false);
	check_request_survives(true);
}

static void
test_each_request_is_granted_once(void **state)
{
	const struct monitor_request tap = TAP_RQ(.mode = TAP_ETHERNET);
	const struct monitor_request detach = { .kind = MONITOR_DETACH };
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
	    0xfffffffe, 0x05060708, 0x090a0b0c, 0x0d0e0f10,
	    { 1, 2, 3, 4, 5, 6 } };
	static const uint8_t want[MONITOR_REQUEST_SIZE] = { 1, 2, 3, 4,
	    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 5, 6, 7, 8,
	    9, 10, 11, 12, 13, 14, 15, 16, 1, 2, 3, 4, 5, 6 };
	uint8_t out[MONITOR_REQUEST_SIZE];
	struct monitor_request back;

	(void)state;
	monitor_encode_request(&rq, out);
	assert_memory_equal(out, want, sizeof(want));
	monitor_decode_request(out, &back);
	assert_int_equal(back.kind, rq.kind);
	assert_int_equal(back.unit, rq.unit);
	assert_int_equal(back.mode, rq.mode);
	assert_int_equal(back.mtu, rq.mtu);
	assert_int_equal(back.has_lladdr, rq.has_lladdr);
	assert_int_equal(back.offload, rq.offload);
	assert_memory_equal(back.lladdr, rq.lladdr, sizeof(rq.lladdr));
}

static void
assert_reply_refused(const struct monitor_reply *reply)
{
	uint8_t out[MONITOR_REPLY_SIZE];
	struct monitor_reply back;

	monitor_encode_reply(reply, out);
	assert_int_equal(monitor_decode_reply(out, &back), SSHTAP_ERR_FORMAT);
}

static void
test_reply_is_checked(void **state)
{
	const struct monitor_reply good = { .result = SSHTAP_ERR_SYSTEM,
	    .fault = { .step = TAP_STEP_MTU, .error = ERANGE,
	    .limit = 0xfffffffe, .name = "tap7" }, .name = "0123456789abcde",
	    .offloads = TAP_OFFLOAD_ALL };
	uint8_t out[MONITOR_REPLY_SIZE];
	struct monitor_reply back, reply;

	(void)state;
	monitor_encode_reply(&good, out);
	assert_int_equal(monitor_decode_reply(out, &back), 0);
	assert_int_equal(back.result, SSHTAP_ERR_SYSTEM);
	assert_int_equal(back.fault.step, TAP_STEP_MTU);
	assert_int_equal(back.fault.error, ERANGE);
	assert_int_equal(back.fault.limit, 0xfffffffe);
	assert_string_equal(back.fault.name, "tap7");
	assert_string_equal(back.name, "0123456789abcde");
	assert_int_equal(back.offloads, TAP_OFFLOAD_ALL);

	reply = good;
	reply.name[TAP_NAME_SIZE - 1] = 'f';
	assert_reply_refused(&reply);
	reply = good;
	memset(reply.fault.name, 'x', TAP_NAME_SIZE);
	assert_reply_refused(&reply);
	reply = good;
	reply.fault.step = TAP_STEP_COUNT;
	assert_reply_refused(&reply);
	reply = good;
	reply.offloads = TAP_OFFLOAD_ALL + 1;
	assert_reply_refused(&reply);
	reply = good;
	reply.result = 1;
	assert_reply_refused(&reply);
	reply.result = SSHTAP_ERR_LAST - 1;
	assert_reply_refused(&reply);
	reply.result = SSHTAP_ERR_LAST;
	monitor_encode_reply(&reply, out);
	assert_int_equal(monitor_decode_reply(out, &back), 0);
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
	const struct tap_request rq = { .unit = -1, .mode = TAP_ETHERNET };
	struct tap_fault fault;
	struct tap *t = NULL;
	int r = monitor_open_tap(m, &rq, &t, &fault);

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
		cmocka_unit_test(test_request_of_a_device_survives),
		cmocka_unit_test(test_each_request_is_granted_once),
		cmocka_unit_test(test_request_keeps_its_numbers),
		cmocka_unit_test(test_reply_is_checked),
		cmocka_unit_test(test_status_is_the_childs),
		cmocka_unit_test(test_signals_are_passed_on),
		cmocka_unit_test(test_background_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
