/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A connection of this host to itself, and what is none.  Where a host may
 * not even talk to itself, or the system tells nothing, that is printed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/proc.h"
#include "openbsd-compat/tcp-state.h"

/* Two ends; false if there is no network at all. */
static bool
connect_pair(int fds[2])
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int listener;

	fds[0] = fds[1] = -1;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener == -1 ||
	    bind(listener, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(listener, 1) == -1 ||
	    getsockname(listener, (struct sockaddr *)&sin, &len) == -1 ||
	    (fds[0] = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    connect(fds[0], (struct sockaddr *)&sin, len) == -1 ||
	    (fds[1] = accept(listener, NULL, NULL)) == -1)
		print_message("no TCP with oneself: %s\n", strerror(errno));
	proc_close(&listener);
	return fds[1] != -1;
}

static void
close_pair(int fds[2])
{
	proc_close(&fds[0]);
	proc_close(&fds[1]);
}

static void
test_state_of_a_connection(void **state)
{
	struct tcp_state t = { .rtt_us = 0 };
	char bytes[4096] = "";
	int fds[2];

	(void)state;
	if (!connect_pair(fds)) {
		close_pair(fds);
		skip();
	}
	assert_int_equal(write(fds[0], bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(read(fds[1], bytes, 1), 1);
	if (tcp_state_get(fds[0], &t) != 0) {
		assert_int_equal(errno, ENOTSUP);
		close_pair(fds);
		print_message("this system tells nothing of a connection\n");
		skip();
	}
	assert_true(t.rtt_us > 0);
	assert_true(t.min_rtt_us != UINT32_MAX);
	close_pair(fds);
}

/*
 * The other end does not read: what does not fit into its buffer waits in
 * ours.
 */
static void
test_queued_bytes(void **state)
{
	static char bytes[64 * 1024];
	size_t queued = 1, sent = 0;
	int fds[2], small = 4096;
	ssize_t n;

	(void)state;
	if (!connect_pair(fds)) {
		close_pair(fds);
		skip();
	}
	if (tcp_state_queued(fds[0], &queued) != 0) {
		assert_int_equal(errno, ENOTSUP);
		close_pair(fds);
		skip();
	}
	assert_int_equal(queued, 0);
	assert_int_equal(setsockopt(fds[1], SOL_SOCKET, SO_RCVBUF, &small,
	    sizeof(small)), 0);
	assert_int_equal(proc_set_nonblock(fds[0]), 0);
	while ((n = write(fds[0], bytes, sizeof(bytes))) > 0)
		sent += (size_t)n;
	assert_int_equal(tcp_state_queued(fds[0], &queued), 0);
	assert_true(queued > 0);
	assert_true(queued <= sent);
	close_pair(fds);
}

static void
test_congestion_control(void **state)
{
	char name[64] = "";
	int fds[2];
	FILE *f;

	(void)state;
	if (!connect_pair(fds)) {
		close_pair(fds);
		skip();
	}
	assert_int_equal(tcp_set_congestion(fds[0], "no-such-thing"), -1);
	if (errno == ENOTSUP) {
		close_pair(fds);
		skip();
	}
	assert_int_equal(errno, ENOENT);
	f = fopen("/proc/sys/net/ipv4/tcp_congestion_control", "r");
	if (f != NULL) {
		if (fgets(name, sizeof(name), f) != NULL) {
			name[strcspn(name, "\n")] = '\0';
			assert_int_equal(tcp_set_congestion(fds[0], name), 0);
		}
		(void)fclose(f);
	}
	close_pair(fds);
}

static void
test_unsent_bytes(void **state)
{
	int fds[2];

	(void)state;
	if (!connect_pair(fds)) {
		close_pair(fds);
		skip();
	}
	if (tcp_set_unsent(fds[0], 128 * 1024) != 0)
		assert_int_equal(errno, ENOTSUP);
	close_pair(fds);
}

/* A pipe of a proxy command, or its socket. */
static void
assert_has_nothing(int fd)
{
	struct tcp_state t;

	assert_int_equal(tcp_state_get(fd, &t), -1);
	assert_int_equal(errno, ENOTSUP);
	assert_int_equal(tcp_set_unsent(fd, 1024), -1);
	assert_int_equal(errno, ENOTSUP);
	assert_int_equal(tcp_set_congestion(fd, "cubic"), -1);
	assert_int_equal(errno, ENOTSUP);
}

static void
test_no_connection(void **state)
{
	size_t queued;
	int fds[2];

	(void)state;
	assert_int_equal(proc_pipe(fds), 0);
	assert_has_nothing(fds[1]);
	assert_int_equal(tcp_state_queued(fds[1], &queued), -1);
	assert_int_equal(errno, ENOTSUP);
	close_pair(fds);
	assert_int_equal(proc_socketpair(fds), 0);
	assert_has_nothing(fds[0]);
	close_pair(fds);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state_of_a_connection),
		cmocka_unit_test(test_queued_bytes),
		cmocka_unit_test(test_congestion_control),
		cmocka_unit_test(test_unsent_bytes),
		cmocka_unit_test(test_no_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
