/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* poll knows bpf only in part: select is what can be relied on. */

#include <poll.h>

#include "doc/platform/darwin/platform.h"

static struct reader reader;

static void
check_poll(const char *what, int fd, short events, int timeout_ms,
    unsigned expected)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	must("poll", poll(&pfd, 1, timeout_ms));
	check_flags(what, expected, (unsigned)pfd.revents);
}

int
main(void)
{
	struct pair pair;
	int host;

	check_begin("bpf-poll");
	pair_make(&pair);
	reader.fd = bpf_open();
	check_yes("not attached: select finds it ready",
	    reader_wait(&reader));
	check_poll("not attached: poll", reader.fd, POLLIN, 0, POLLNVAL);
	reader_open(&reader, pair.q, READER_SIZE, false);
	check_poll("empty", reader.fd, POLLIN, 0, 0);
	check_poll("empty, for POLLOUT", reader.fd, POLLOUT, 0, POLLNVAL);
	check_poll("empty, for POLLIN and POLLOUT", reader.fd,
	    POLLIN | POLLOUT, 0, POLLNVAL);
	host = ndrv_open(pair.p);
	must("the host sends a frame", frame_send(host, 1, 60));
	check_poll("a frame comes", reader.fd, POLLIN, 3000, POLLIN);
	check_frame("read", &reader, 1, 60);
	check_errno("destroy the interface", 0, feth_destroy(pair.q));
	/* Once select tells, the kernel has detached the descriptor. */
	check_yes("select finds the end", reader_wait(&reader));
	check_poll("poll does", reader.fd, POLLIN, 0, POLLNVAL);
	return check_end();
}
