/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* The user's side goes: no descriptor tells, only asking for the peer. */

#include <sys/types.h>

#include <errno.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"

static struct reader reader;

int
main(void)
{
	char peer[PLATFORM_NAME_SIZE] = "";
	struct pair pair;
	int fd;

	check_begin("ndrv-lost-primary");
	pair_make(&pair);
	reader_open(&reader, pair.q, READER_SIZE, false);
	fd = ndrv_open(pair.q);
	must("ask for the peer", feth_get_peer(pair.q, peer));
	check_text("the peer at first", pair.p, peer);
	check_errno("destroy the primary", 0, feth_destroy(pair.p));
	check_length("write", 60, frame_send(fd, 1, 60));
	check_length("write again", 60, frame_send(fd, 2, 60));
	check_number("select on bpf finds nothing", 0,
	    is_readable(reader.fd, 0));
	check_errno("read on bpf", EAGAIN,
	    read(reader.fd, reader.buf, reader.size));
	check_flags("the medium", PLATFORM_IFM_AVALID,
	    (unsigned)interface_media(pair.q));
	must("ask for the peer", feth_get_peer(pair.q, peer));
	check_text("the peer", "", peer);
	check_errno("the peer's flags", 0, interface_flags(pair.q));
	return check_end();
}
