/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What limits come of a way that nothing is known of, and of a connection of
 * this host to itself, with a clock of the test's.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>

#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "lib/proc.h"
#include "openbsd-compat/tcp-state.h"
#include "relay/path.h"

#define SECOND	UINT64_C(1000000)

static int fds[2];

/* A pipe is not limited, and never sampled. */
static void
test_nothing_is_known(void **state)
{
	struct path p;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	path_init(&p, fds[1], SECOND);
	assert_int_equal(p.out.limit, INFLIGHT_MAX);
	assert_int_equal(p.in.limit, INFLIGHT_MAX);
	path_received(&p, 1000);
	path_received(&p, 2000);
	assert_int_equal(p.received, 3000);
	assert_false(path_sample(&p, SECOND));
	assert_false(path_sample(&p, 2 * SECOND));
	assert_int_equal(path_room(&p), INFLIGHT_AHEAD_MAX);
	/* What was known before is kept to. */
	p.out.rate = 1;
	assert_int_equal(path_room(&p), INFLIGHT_AHEAD_MIN);
	proc_close(&fds[0]);
	proc_close(&fds[1]);
}

/* Two ends, and something was acknowledged; false if there are none. */
static bool
connect_pair(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	struct tcp_state t;
	char byte = 0;
	int listener;

	fds[0] = fds[1] = -1;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener == -1 ||
	    bind(listener, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(listener, 1) == -1 ||
	    getsockname(listener, (struct sockaddr *)&sin, &len) == -1 ||
	    (fds[0] = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    connect(fds[0], (struct sockaddr *)&sin, len) == -1 ||
	    (fds[1] = accept(listener, NULL, NULL)) == -1 ||
	    write(fds[0], &byte, 1) != 1 || read(fds[1], &byte, 1) != 1 ||
	    tcp_state_get(fds[0], &t) == -1) {
		print_message("nothing is told of TCP with oneself: %s\n",
		    strerror(errno));
		proc_close(&fds[0]);
		proc_close(&fds[1]);
	}
	proc_close(&listener);
	return fds[1] != -1;
}

static void
close_pair(void)
{
	proc_close(&fds[0]);
	proc_close(&fds[1]);
}

static void
test_samples(void **state)
{
	struct path p;

	(void)state;
	if (!connect_pair())
		skip();
	path_init(&p, fds[0], SECOND);
	path_received(&p, 500000);
	/* There is no rate in no time. */
	assert_false(path_sample(&p, SECOND));
	assert_int_equal(p.received, 500000);
	/* So many in a quarter of a second. */
	assert_true(path_sample(&p, SECOND + SECOND / 4));
	assert_int_equal(p.in.rate, 2000000);
	assert_int_equal(p.received, 0);
	path_received(&p, 300);
	assert_false(path_sample(&p, SECOND + SECOND / 4 +
	    INFLIGHT_SAMPLE_US - 1));
	assert_int_equal(p.received, 300);
	assert_true(path_sample(&p, SECOND + SECOND / 4 +
	    INFLIGHT_SAMPLE_US));
	assert_int_equal(p.in.rate, 60000);
	/* Nothing came: that says nothing of the rate. */
	assert_true(path_sample(&p, 2 * SECOND));
	assert_int_equal(p.in.rate, 60000);
	close_pair();
}

/* Write until the socket is full; how many are queued then. */
static size_t
fill(int fd)
{
	char bytes[4096] = "";
	size_t queued;

	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while (write(fd, bytes, sizeof(bytes)) > 0)
		;
	assert_int_equal(tcp_state_queued(fd, &queued), 0);
	return queued;
}

static void
test_room(void **state)
{
	struct path p;
	size_t queued, room;

	(void)state;
	if (!connect_pair())
		skip();
	path_init(&p, fds[0], SECOND);
	assert_int_equal(path_room(&p), INFLIGHT_AHEAD_MAX);
	/* The smaller of what may be on its way and what may be sealed. */
	p.out.limit = 100000;
	assert_int_equal(path_room(&p), 100000);
	p.out.rate = 20000000;
	assert_int_equal(path_room(&p), 20000);
	/* Less than that may be queued by now. */
	queued = fill(fds[0]);
	assert_true(queued > INFLIGHT_MIN);
	p.out.used = 0;
	p.out.limit = queued + 1000;
	room = path_room(&p);
	assert_in_range(p.out.used, 1, queued);
	assert_int_equal(room, p.out.limit - p.out.used < 20000 ?
	    p.out.limit - p.out.used : 20000);
	p.out.limit = 1;
	assert_int_equal(path_room(&p), 0);
	close_pair();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_known),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
