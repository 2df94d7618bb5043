/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* SO_SNDBUF is the longest frame that can be written; the MTU is not. */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

#define LONG_FRAME	9014	/* an MTU of 9000 */

static struct reader reader;

int
main(void)
{
	struct pair pair;
	int fd, value = 0;
	socklen_t len = sizeof(value);

	check_begin("ndrv-sndbuf");
	pair_make(&pair);
	reader_open(&reader, pair.p, READER_SIZE, false);
	fd = ndrv_open(pair.q);
	must("ask for SO_SNDBUF",
	    getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, &len));
	check_number("SO_SNDBUF at first", DARWIN_NDRVSNDQ, value);
	check_errno("write one byte more", EMSGSIZE,
	    frame_send(fd, 1, DARWIN_NDRVSNDQ + 1));
	check_length("write so many", DARWIN_NDRVSNDQ,
	    frame_send(fd, 2, DARWIN_NDRVSNDQ));
	check_frame("it arrives, far over the MTU", &reader, 2,
	    DARWIN_NDRVSNDQ);
	value = 16384;
	check_errno("set SO_SNDBUF to 16384", 0,
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, sizeof(value)));
	check_length("write 9014 bytes", LONG_FRAME,
	    frame_send(fd, 3, LONG_FRAME));
	check_frame("they arrive", &reader, 3, LONG_FRAME);
	return check_end();
}
