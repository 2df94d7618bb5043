/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* What passes when one side is down, or has no peer. */

#include <errno.h>

#include "doc/platform/darwin/platform.h"

static struct reader primary, peer;

int
main(void)
{
	struct pair pair;
	int host, ours;

	check_begin("path-up-down");
	pair_make(&pair);
	reader_open(&primary, pair.p, READER_SIZE, false);
	reader_open(&peer, pair.q, READER_SIZE, false);
	host = ndrv_open(pair.p);
	ours = ndrv_open(pair.q);
	must("inject", frame_send(ours, 1, 60));
	check_frame("both up: inject", &primary, 1, 60);
	must("send", frame_send(host, 2, 60));
	check_frame("both up: the host sends", &peer, 2, 60);

	must("take the primary down", interface_set_up(pair.p, false));
	check_length("primary down: inject", 60, frame_send(ours, 3, 60));
	check_frame("and it arrives", &primary, 3, 60);
	check_errno("primary down: the host sends", ENETDOWN,
	    frame_send(host, 4, 60));

	must("bring the primary up", interface_set_up(pair.p, true));
	must("take the peer down", interface_set_up(pair.q, false));
	check_length("peer down: the host sends", 60,
	    frame_send(host, 5, 60));
	check_frame("and it arrives", &peer, 5, 60);
	check_errno("peer down: inject", ENETDOWN, frame_send(ours, 6, 60));

	must("bring the peer up", interface_set_up(pair.q, true));
	must("part them", feth_set_peer(pair.p, ""));
	check_length("no peer: the host sends", 60, frame_send(host, 7, 60));
	check_length("no peer: inject", 60, frame_send(ours, 8, 60));
	must("make a pair again", feth_set_peer(pair.p, pair.q));
	must("inject", frame_send(ours, 9, 60));
	check_frame("a pair again: inject", &primary, 9, 60);
	must("send", frame_send(host, 10, 60));
	check_frame("a pair again: the host sends", &peer, 10, 60);
	return check_end();
}
