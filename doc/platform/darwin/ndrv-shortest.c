/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A frame that is no more than its header, the shortest that we write.  A
 * program of its own, and run last: nobody is known to have tried.
 */

#include "doc/platform/darwin/platform.h"

static struct reader primary, peer;

int
main(void)
{
	struct pair pair;
	int host, ours;

	check_begin("ndrv-shortest");
	pair_make(&pair);
	reader_open(&primary, pair.p, READER_SIZE, false);
	reader_open(&peer, pair.q, READER_SIZE, false);
	host = ndrv_open(pair.p);
	ours = ndrv_open(pair.q);
	check_length("inject a header", FRAME_MIN,
	    frame_send(ours, 1, FRAME_MIN));
	check_frame("peer to primary", &primary, 1, FRAME_MIN);
	check_length("the host sends a header", FRAME_MIN,
	    frame_send(host, 2, FRAME_MIN));
	check_frame("primary to peer", &peer, 2, FRAME_MIN);
	return check_end();
}
