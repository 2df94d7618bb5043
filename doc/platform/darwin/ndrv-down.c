/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* While the peer is down, writing fails; up again, the socket works. */

#include <errno.h>

#include "doc/platform/darwin/platform.h"

static struct reader reader;

int
main(void)
{
	struct pair pair;
	int fd;

	check_begin("ndrv-down");
	pair_make(&pair);
	reader_open(&reader, pair.p, READER_SIZE, false);
	fd = ndrv_open(pair.q);
	check_length("up: write", 60, frame_send(fd, 1, 60));
	check_frame("it arrives", &reader, 1, 60);
	must("take the peer down", interface_set_up(pair.q, false));
	check_errno("down: write", ENETDOWN, frame_send(fd, 2, 60));
	must("bring the peer up", interface_set_up(pair.q, true));
	check_length("up again: write", 60, frame_send(fd, 3, 60));
	check_frame("it arrives", &reader, 3, 60);
	return check_end();
}
