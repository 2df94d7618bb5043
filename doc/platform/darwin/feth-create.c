/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* An interface is made by one ioctl, comes without IFF_UP, MTU 1500. */

#include <errno.h>

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

#define LOOKED_AT	(DARWIN_IFF_UP | PLATFORM_IFF_BROADCAST | \
			PLATFORM_IFF_SIMPLEX | PLATFORM_IFF_MULTICAST)

int
main(void)
{
	char name[PLATFORM_NAME_SIZE], peer[PLATFORM_NAME_SIZE];
	int flags;

	check_begin("feth-create");
	feth_new(name);
	check_errno("make one that is there", EEXIST, feth_create(name));
	flags = interface_flags(name);
	check_flags("flags of a new one: not up",
	    PLATFORM_IFF_BROADCAST | PLATFORM_IFF_SIMPLEX |
	    PLATFORM_IFF_MULTICAST, (unsigned)flags & LOOKED_AT);
	check_number("MTU of a new one", 1500, interface_mtu(name));
	check_errno("ask a new one for its peer", 0,
	    feth_get_peer(name, peer));
	check_text("its peer", "", peer);
	check_errno("destroy it", 0, feth_destroy(name));
	check_errno("ask for its flags", ENXIO, interface_flags(name));
	check_errno("destroy it again", ENXIO, feth_destroy(name));
	return check_end();
}
