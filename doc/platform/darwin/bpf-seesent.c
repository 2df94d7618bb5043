/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* With BIOCSSEESENT 0 what we inject does not come back to us. */

#include "doc/platform/darwin/platform.h"

static struct reader reader, both, primary;

int
main(void)
{
	struct pair pair;
	int host, ours;

	check_begin("bpf-seesent");
	pair_make(&pair);
	reader_open(&reader, pair.q, READER_SIZE, false);
	reader_open(&both, pair.q, READER_SIZE, true);
	reader_open(&primary, pair.p, READER_SIZE, false);
	host = ndrv_open(pair.p);
	ours = ndrv_open(pair.q);
	must("inject a frame", frame_send(ours, 1, 60));
	check_frame("the primary receives it", &primary, 1, 60);
	check_frame("BIOCSSEESENT 1: it comes back", &both, 1, 60);
	must("the host sends a frame", frame_send(host, 2, 64));
	check_frame("BIOCSSEESENT 1: the host's comes", &both, 2, 64);
	check_frame("BIOCSSEESENT 0: only the host's", &reader, 2, 64);
	return check_end();
}
