/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* How strict the kernel is about the request that sets and gets a peer. */

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

static int s;

static int
request(unsigned long number, uint64_t command, const char *name,
    struct darwin_if_fake_request *rq, size_t len)
{
	struct darwin_ifdrv drv = {
		.ifd_cmd = command, .ifd_len = len, .ifd_data = rq,
	};

	(void)snprintf(drv.ifd_name, sizeof(drv.ifd_name), "%s", name);
	return ioctl(s, number, &drv);
}

int
main(void)
{
	struct darwin_if_fake_request rq;
	char name[PLATFORM_NAME_SIZE];

	check_begin("feth-request");
	feth_new(name);
	must("a socket", s = socket(AF_INET, SOCK_DGRAM, 0));
	memset(&rq, 0, sizeof(rq));
	check_errno("ask with 159 bytes", EINVAL, request(DARWIN_SIOCGDRVSPEC,
	    DARWIN_IF_FAKE_G_CMD_GET_PEER, name, &rq, sizeof(rq) - 1));
	check_errno("set with 159 bytes", EINVAL, request(DARWIN_SIOCSDRVSPEC,
	    DARWIN_IF_FAKE_S_CMD_SET_PEER, name, &rq, sizeof(rq) - 1));
	check_errno("of no interface", ENXIO, request(DARWIN_SIOCGDRVSPEC,
	    DARWIN_IF_FAKE_G_CMD_GET_PEER, "feth32000", &rq, sizeof(rq)));
	rq.iffr_reserved[3] = 1;
	check_errno("set with reserved bytes", EINVAL,
	    request(DARWIN_SIOCSDRVSPEC, DARWIN_IF_FAKE_S_CMD_SET_PEER, name,
	    &rq, sizeof(rq)));
	return check_end();
}
