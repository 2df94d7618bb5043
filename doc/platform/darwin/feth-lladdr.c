/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* The address of an interface: what it is at first, and how it is set. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

int
main(void)
{
	static const uint8_t ours[7] = { 0x02, 0xde, 0xad, 0xbe, 0xef, 0x01 };
	uint8_t seen[6] = { 0 }, first[6] = DARWIN_FETH_LLADDR_PREFIX;
	char name[PLATFORM_NAME_SIZE];
	int unit;

	check_begin("feth-lladdr");
	feth_new(name);
	unit = atoi(name + strlen("feth"));
	first[4] = (uint8_t)(unit >> 8);
	first[5] = (uint8_t)unit;
	check_errno("getifaddrs shows it, while down", 0,
	    interface_lladdr(name, seen));
	check_lladdr("it is made of name and unit", first, seen);
	check_errno("SIOCSIFLLADDR", 0, interface_set_lladdr(name, ours, 6));
	must("ask for it", interface_lladdr(name, seen));
	check_lladdr("it is set", ours, seen);
	check_errno("5 bytes", EINVAL, interface_set_lladdr(name, ours, 5));
	check_errno("7 bytes", EINVAL, interface_set_lladdr(name, ours, 7));
	must("ask for it", interface_lladdr(name, seen));
	check_lladdr("it is as it was", ours, seen);
	must("bring it up", interface_set_up(name, true));
	check_errno("set another while it is up", 0,
	    interface_set_lladdr(name, first, 6));
	must("ask for it", interface_lladdr(name, seen));
	check_lladdr("it is set", first, seen);
	return check_end();
}
