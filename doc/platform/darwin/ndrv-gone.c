/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The interface that the socket is bound to goes.  xnu's header promises
 * EPIPE and the end of file; its source looks like ENXIO, and no end.
 */

#include <sys/types.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"

static volatile sig_atomic_t pipe_signals;

static void
count(int number)
{
	(void)number;
	pipe_signals++;
}

int
main(void)
{
	struct sigaction sa;
	struct pair pair;
	uint8_t buf[2048];
	int error, fd;
	ssize_t n;

	check_begin("ndrv-gone");
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = count;
	must("catch SIGPIPE", sigaction(SIGPIPE, &sa, NULL));
	pair_make(&pair);
	fd = ndrv_open(pair.q);
	must("write", frame_send(fd, 1, 60));
	check_errno("destroy the interface", 0, feth_destroy(pair.q));
	check_either("write", ENXIO, EPIPE, frame_send(fd, 2, 60));
	check_either("write again", ENXIO, EPIPE, frame_send(fd, 3, 60));
	check_number("SIGPIPE, with SO_NOSIGPIPE", 0, pipe_signals);
	n = read(fd, buf, sizeof(buf));
	error = n == -1 ? errno : 0;
	check_tell("read", "%s", error == EAGAIN ? "EAGAIN" :
	    error == 0 ? "the end" : strerror(error));
	check_errno("close it", 0, close(fd));
	return check_end();
}
