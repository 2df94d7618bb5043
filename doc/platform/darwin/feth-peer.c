/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Two interfaces become peers of each other, and only when both are free. */

#include <errno.h>

#include "doc/platform/darwin/platform.h"

static void
check_peers(const char *what, const char *name, const char *expected)
{
	char peer[PLATFORM_NAME_SIZE];

	must("ask for the peer", feth_get_peer(name, peer));
	check_text(what, expected, peer);
}

int
main(void)
{
	char a[PLATFORM_NAME_SIZE], b[PLATFORM_NAME_SIZE];
	char c[PLATFORM_NAME_SIZE];

	check_begin("feth-peer");
	feth_new(a);
	feth_new(b);
	feth_new(c);
	check_errno("a peer that is not there", ENXIO,
	    feth_set_peer(a, "feth32000"));
	check_errno("make a pair", 0, feth_set_peer(a, b));
	check_peers("the peer of the one named first", a, b);
	check_peers("the peer of the other one", b, a);
	check_errno("the same once more", EBUSY, feth_set_peer(a, b));
	check_errno("from the other side", EBUSY, feth_set_peer(b, a));
	check_errno("another peer for one that has one", EBUSY,
	    feth_set_peer(a, c));
	check_errno("a peer that has one", EBUSY, feth_set_peer(c, b));
	check_errno("an empty name parts them", 0, feth_set_peer(b, ""));
	check_peers("the peer of the one named first", a, "");
	check_peers("the peer of the other one", b, "");
	check_errno("part what is apart", 0, feth_set_peer(b, ""));
	check_errno("another pair", 0, feth_set_peer(c, a));
	check_peers("its peer", a, c);
	check_errno("destroy one", 0, feth_destroy(c));
	check_peers("the other one has none", a, "");
	return check_end();
}
