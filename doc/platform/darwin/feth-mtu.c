/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* The MTU's limits, which the kernel tells; net.link.fake.max_mtu is one. */

#include <errno.h>

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

#define MTU_MIN		72

/* Without the setting, before macOS 10.15, it is what a cluster holds. */
static int
limit(void)
{
	int value, most = DARWIN_FETH_FRAME_MAX - FRAME_MIN;

	if (setting("net.link.fake.max_mtu", &value) == -1)
		return most;
	return value < most ? value : most;
}

int
main(void)
{
	char name[PLATFORM_NAME_SIZE];
	int max;

	check_begin("feth-mtu");
	feth_new(name);
	max = interface_mtu_max(name);
	check_number("ifdm_max of SIOCGIFDEVMTU", limit(), max);
	check_errno("set the largest", 0, interface_set_mtu(name, max));
	check_number("it is set", max, interface_mtu(name));
	check_errno("set one more", EINVAL,
	    interface_set_mtu(name, max + 1));
	check_number("it is as it was", max, interface_mtu(name));
	check_errno("set the smallest", 0, interface_set_mtu(name, MTU_MIN));
	check_errno("set one less", EINVAL,
	    interface_set_mtu(name, MTU_MIN - 1));
	must("bring it up", interface_set_up(name, true));
	check_errno("set 1400 while it is up", 0,
	    interface_set_mtu(name, 1400));
	check_number("it is set", 1400, interface_mtu(name));
	return check_end();
}
