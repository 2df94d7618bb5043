/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Frames are as long as they were written: no padding to 60, no FCS. */

#include "doc/platform/darwin/platform.h"

static struct reader primary, peer;

int
main(void)
{
	static const size_t sizes[] = { 15, 42, 59, 60, 61, 1513, 1514 };
	struct pair pair;
	int host, ours;
	unsigned n = 0;

	check_begin("ndrv-nopad");
	pair_make(&pair);
	reader_open(&primary, pair.p, READER_SIZE, false);
	reader_open(&peer, pair.q, READER_SIZE, false);
	host = ndrv_open(pair.p);
	ours = ndrv_open(pair.q);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		must("inject a frame", frame_send(ours, ++n, sizes[i]));
		check_frame("peer to primary", &primary, n, sizes[i]);
		must("the host sends a frame", frame_send(host, ++n,
		    sizes[i]));
		check_frame("primary to peer", &peer, n, sizes[i]);
	}
	return check_end();
}
