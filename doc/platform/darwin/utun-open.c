/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* utun n is asked for as n + 1, and is there as long as its descriptor. */

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

#define UNIT		200	/* far above those of VPNs */

int
main(void)
{
	char name[PLATFORM_NAME_SIZE], expected[PLATFORM_NAME_SIZE];
	int any, fd;

	check_begin("utun-open");
	check_errno("open any", 0, any = utun_open(0));
	must("open any", any);
	utun_name(any, name);
	check_tell("its name", "%s", name);
	fd = utun_open(UNIT + 1);
	if (fd == -1 && errno == EBUSY) {
		check_skip("open a certain one", "it is in use");
		return check_end();
	}
	check_errno("open a certain one", 0, fd);
	must("open it", fd);
	utun_name(fd, name);
	(void)snprintf(expected, sizeof(expected), "utun%d", UNIT);
	check_text("its name", expected, name);
	check_errno("open it again", EBUSY, utun_open(UNIT + 1));
	check_number("its MTU", 1500, interface_mtu(name));
	check_flags("it is up", DARWIN_IFF_UP,
	    (unsigned)interface_flags(name) & DARWIN_IFF_UP);
	must("close it", close(fd));
	check_errno("closed, and gone after a while", ENXIO,
	    interface_wait_gone(name));
	check_errno("open it when it is gone", 0, utun_open(UNIT + 1));
	return check_end();
}
