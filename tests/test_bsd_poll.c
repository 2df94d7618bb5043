/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* poll(2) made of select(2), by its own name, on any system. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "openbsd-compat/bsd-poll.h"

/* So that no unit test ever waits for ever. */
#define WATCHDOG_S	30

static int empty[2], full[2];

static int
set_up(void **state)
{
	(void)state;
	(void)alarm(WATCHDOG_S);
	if (pipe(empty) == -1 || pipe(full) == -1)
		return -1;
	return write(full[1], "x", 1) == 1 ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)close(empty[0]);
	(void)close(empty[1]);
	(void)close(full[0]);
	(void)close(full[1]);
	(void)alarm(0);
	return 0;
}

static void
test_tells_what_is_ready(void **state)
{
	struct pollfd fds[] = {
		{ .fd = full[0], .events = POLLIN, .revents = POLLERR },
		{ .fd = empty[0], .events = POLLIN, .revents = POLLERR },
		{ .fd = empty[1], .events = POLLOUT },
		{ .fd = -1, .events = POLLIN | POLLOUT, .revents = POLLIN },
		{ .fd = full[0], .events = 0, .revents = POLLIN },
		{ .fd = empty[1], .events = POLLIN },
	};

	(void)state;
	assert_int_equal(bsd_poll(fds, 6, -1), 2);
	assert_int_equal(fds[0].revents, POLLIN);
	assert_int_equal(fds[1].revents, 0);
	assert_int_equal(fds[2].revents, POLLOUT);
	assert_int_equal(fds[3].revents, 0);
	assert_int_equal(fds[4].revents, 0);
	assert_int_equal(fds[5].revents, 0);
}

static void
test_one_entry_both_ways(void **state)
{
	struct pollfd p = { .events = POLLIN | POLLOUT };
	int s[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	p.fd = s[0];
	assert_int_equal(bsd_poll(&p, 1, -1), 1);
	assert_int_equal(p.revents, POLLOUT);
	assert_int_equal(write(s[1], "x", 1), 1);
	assert_int_equal(bsd_poll(&p, 1, -1), 1);
	assert_int_equal(p.revents, POLLIN | POLLOUT);
	(void)close(s[0]);
	(void)close(s[1]);
}

/* The end of a stream is something to read. */
static void
test_no_hang_ups(void **state)
{
	struct pollfd p = { .fd = empty[0], .events = 0 };

	(void)state;
	(void)close(empty[1]);
	assert_int_equal(bsd_poll(&p, 1, 0), 0);
	p.events = POLLIN;
	assert_int_equal(bsd_poll(&p, 1, -1), 1);
	assert_int_equal(p.revents, POLLIN);
	empty[1] = dup(empty[0]);
}

static void
test_times_out(void **state)
{
	struct pollfd p = { .fd = empty[0], .events = POLLIN };

	(void)state;
	p.revents = POLLIN;
	assert_int_equal(bsd_poll(&p, 1, 0), 0);
	assert_int_equal(p.revents, 0);
	assert_int_equal(bsd_poll(&p, 1, 1), 0);
	assert_int_equal(bsd_poll(NULL, 0, 1), 0);
	/* More than a second, and no microseconds out of range. */
	p.fd = full[0];
	assert_int_equal(bsd_poll(&p, 1, 1999), 1);
	assert_int_equal(bsd_poll(&p, 1, INT32_MAX), 1);
}

static void
test_what_is_no_descriptor(void **state)
{
	struct pollfd fds[] = {
		{ .fd = full[0], .events = POLLIN },
		{ .fd = dup(full[0]), .events = POLLIN },
		{ .fd = empty[0], .events = POLLIN },
	};

	(void)state;
	(void)close(fds[1].fd);
	assert_int_equal(bsd_poll(fds, 3, -1), 1);
	assert_int_equal(fds[0].revents, 0);
	assert_int_equal(fds[1].revents, POLLNVAL);
	assert_int_equal(fds[2].revents, 0);
}

/* One that is open, and yet more than a set has room for. */
static void
test_descriptor_over_the_limit(void **state)
{
	const struct rlimit more = { FD_SETSIZE + 8, FD_SETSIZE + 8 };
	struct pollfd fds[] = {
		{ .fd = FD_SETSIZE, .events = POLLIN },
		{ .fd = empty[0], .events = POLLIN },
		{ .fd = full[0], .events = POLLIN },
	};
	struct rlimit old;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	if (old.rlim_cur < more.rlim_cur &&
	    setrlimit(RLIMIT_NOFILE, &more) == -1) {
		print_message("no more than %lu descriptors are allowed\n",
		    (unsigned long)old.rlim_cur);
		skip();
	}
	assert_int_equal(dup2(full[0], FD_SETSIZE), FD_SETSIZE);
	assert_int_equal(bsd_poll(fds, 2, -1), 1);
	assert_int_equal(fds[0].revents, POLLNVAL);
	assert_int_equal(bsd_poll(fds, 3, -1), 2);
	assert_int_equal(fds[0].revents, POLLNVAL);
	assert_int_equal(fds[1].revents, 0);
	assert_int_equal(fds[2].revents, POLLIN);
	(void)close(FD_SETSIZE);
	fds[0].fd = FD_SETSIZE - 1;
	assert_int_equal(dup2(full[0], FD_SETSIZE - 1), FD_SETSIZE - 1);
	assert_int_equal(bsd_poll(fds, 1, -1), 1);
	assert_int_equal(fds[0].revents, POLLIN);
	(void)close(FD_SETSIZE - 1);
}

static void
test_too_many_entries(void **state)
{
	static struct pollfd fds[FD_SETSIZE + 1];
	size_t i;

	(void)state;
	for (i = 0; i < FD_SETSIZE + 1; i++)
		fds[i] = (struct pollfd){ .fd = -1 };
	fds[0] = (struct pollfd){ .fd = full[0], .events = POLLIN };
	assert_int_equal(bsd_poll(fds, FD_SETSIZE, -1), 1);
	errno = 0;
	assert_int_equal(bsd_poll(fds, FD_SETSIZE + 1, -1), -1);
	assert_int_equal(errno, EINVAL);
}

static void
wake_up(int sig)
{
	(void)sig;
}

/* A timer that goes on ringing: one before the wait would be lost. */
static void
test_signal_ends_the_wait(void **state)
{
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	struct pollfd p = { .fd = empty[0], .events = POLLIN };
	struct sigaction sa = { .sa_handler = wake_up }, old;

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &sa, &old), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	errno = 0;
	assert_int_equal(bsd_poll(&p, 1, -1), -1);
	assert_int_equal(errno, EINTR);
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
}

#define POLL_TEST(name)	\
	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		POLL_TEST(test_tells_what_is_ready),
		POLL_TEST(test_one_entry_both_ways),
		POLL_TEST(test_no_hang_ups),
		POLL_TEST(test_times_out),
		POLL_TEST(test_what_is_no_descriptor),
		POLL_TEST(test_descriptor_over_the_limit),
		POLL_TEST(test_too_many_entries),
		POLL_TEST(test_signal_ends_the_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
