/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Always writable, never readable: only bpf tells of frames. */

#include <sys/types.h>
#include <sys/select.h>

#include <errno.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"

static struct reader reader;

int
main(void)
{
	struct timeval tv = { .tv_sec = 0 };
	fd_set rset, wset;
	struct pair pair;
	uint8_t buf[2048];
	int host, ours;

	check_begin("ndrv-ready");
	pair_make(&pair);
	reader_open(&reader, pair.q, READER_SIZE, false);
	host = ndrv_open(pair.p);
	ours = ndrv_open(pair.q);
	must("the host sends a frame", frame_send(host, 1, 60));
	check_frame("bpf receives it", &reader, 1, 60);
	FD_ZERO(&rset);
	FD_ZERO(&wset);
	FD_SET(ours, &rset);
	FD_SET(ours, &wset);
	must("select", select(ours + 1, &rset, &wset, NULL, &tv));
	check_number("the socket is readable", 0, FD_ISSET(ours, &rset) != 0);
	check_number("the socket is writable", 1, FD_ISSET(ours, &wset) != 0);
	check_errno("read", EAGAIN, read(ours, buf, sizeof(buf)));
	return check_end();
}
