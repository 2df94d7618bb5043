/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* A socket whose bind failed is of no more use; a new one is. */

#include <errno.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"

int
main(void)
{
	char name[PLATFORM_NAME_SIZE];
	int fd;

	check_begin("ndrv-bind");
	feth_new(name);
	must("an AF_NDRV socket", fd = ndrv_socket());
	check_errno("bind to no interface", EADDRNOTAVAIL,
	    ndrv_bind(fd, "feth32000"));
	check_errno("then to one", EINVAL, ndrv_bind(fd, name));
	(void)close(fd);
	must("an AF_NDRV socket", fd = ndrv_socket());
	check_errno("bind a new one, the interface down", 0,
	    ndrv_bind(fd, name));
	check_errno("bind it again", EINVAL, ndrv_bind(fd, name));
	(void)close(fd);
	must("an AF_NDRV socket", fd = ndrv_socket());
	check_errno("bind to no name", EINVAL, ndrv_bind(fd, ""));
	return check_end();
}
