/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* The medium is active as long as there is a peer, up or down. */

#include "doc/platform/darwin/platform.h"

#define INACTIVE	PLATFORM_IFM_AVALID
#define ACTIVE		(PLATFORM_IFM_AVALID | PLATFORM_IFM_ACTIVE)

static unsigned
media(const char *name)
{
	int status = interface_media(name);

	must("SIOCGIFMEDIA", status);
	return (unsigned)status;
}

int
main(void)
{
	char p[PLATFORM_NAME_SIZE], q[PLATFORM_NAME_SIZE];

	check_begin("feth-media");
	feth_new(p);
	feth_new(q);
	check_flags("without a peer", INACTIVE, media(q));
	must("make a pair of two", feth_set_peer(p, q));
	check_flags("with a peer, both down", ACTIVE, media(q));
	must("bring one up", interface_set_up(p, true));
	check_flags("the peer is up", ACTIVE, media(q));
	must("part them", feth_set_peer(p, ""));
	check_flags("parted", INACTIVE, media(q));
	must("make a pair again", feth_set_peer(p, q));
	check_flags("with a peer again", ACTIVE, media(q));
	check_errno("destroy the peer", 0, feth_destroy(p));
	check_flags("the peer is destroyed", INACTIVE, media(q));
	return check_end();
}
