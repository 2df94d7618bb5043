/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* What getifaddrs tells of an interface: name, index, type and address. */

#include <sys/types.h>
#include <sys/socket.h>

#include <net/if.h>
#include <net/if_dl.h>

#include <errno.h>
#include <ifaddrs.h>
#include <string.h>

#include "doc/platform/darwin/platform.h"

#define IFT_ETHER_DARWIN	6	/* bsd/net/if_types.h */

static void
check_entry(const char *name, const struct ifaddrs *ifa,
    const uint8_t expected[6])
{
	const struct sockaddr_dl *sdl =
	    (const struct sockaddr_dl *)(const void *)ifa->ifa_addr;

	check_number("sdl_type: Ethernet", IFT_ETHER_DARWIN, sdl->sdl_type);
	check_number("sdl_index", (long)if_nametoindex(name),
	    sdl->sdl_index);
	check_number("sdl_nlen", (long)strlen(name), sdl->sdl_nlen);
	check_yes("the name, not terminated",
	    memcmp(sdl->sdl_data, name, sdl->sdl_nlen) == 0);
	check_number("sdl_alen", 6, sdl->sdl_alen);
	check_lladdr("the address behind it", expected,
	    (const uint8_t *)sdl->sdl_data + sdl->sdl_nlen);
}

int
main(void)
{
	static const uint8_t ours[6] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 };
	char name[PLATFORM_NAME_SIZE];
	struct ifaddrs *all, *ifa;
	long entries = 0;

	check_begin("getifaddrs-lladdr");
	feth_new(name);
	must("SIOCSIFLLADDR", interface_set_lladdr(name, ours, sizeof(ours)));
	must("getifaddrs", getifaddrs(&all));
	for (ifa = all; ifa != NULL; ifa = ifa->ifa_next) {
		if (strcmp(ifa->ifa_name, name) != 0)
			continue;
		entries++;
		if (ifa->ifa_addr != NULL &&
		    ifa->ifa_addr->sa_family == AF_LINK)
			check_entry(name, ifa, ours);
	}
	freeifaddrs(all);
	check_number("entries of one without IP, down", 1, entries);
	must("destroy it", feth_destroy(name));
	check_errno("destroyed", ENXIO, interface_wait_gone(name));
	return check_end();
}
