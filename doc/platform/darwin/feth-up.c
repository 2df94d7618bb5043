/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* IFF_UP is set and taken away; IFF_RUNNING follows; the peer's does not. */

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

#define LOOKED_AT	(DARWIN_IFF_UP | PLATFORM_IFF_RUNNING)

static unsigned
state(const char *name)
{
	int flags = interface_flags(name);

	must("ask for the flags", flags);
	return (unsigned)flags & LOOKED_AT;
}

int
main(void)
{
	char p[PLATFORM_NAME_SIZE], q[PLATFORM_NAME_SIZE];

	check_begin("feth-up");
	feth_new(p);
	feth_new(q);
	must("make a pair of two", feth_set_peer(p, q));
	check_flags("down with a peer", 0, state(p));
	check_errno("bring one up", 0, interface_set_up(p, true));
	check_flags("up and running", LOOKED_AT, state(p));
	check_flags("the peer is down", 0, state(q));
	check_errno("bring the peer up", 0, interface_set_up(q, true));
	check_flags("up and running", LOOKED_AT, state(q));
	check_errno("take the first down", 0, interface_set_up(p, false));
	check_flags("neither up nor running", 0, state(p));
	check_flags("the peer is up", LOOKED_AT, state(q));
	return check_end();
}
