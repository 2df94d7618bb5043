/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* write wants a socket that is bound and connected. */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <string.h>

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

static struct reader reader;

int
main(void)
{
	struct darwin_sockaddr_ndrv nd;
	struct pair pair;
	int fd;

	check_begin("ndrv-connect");
	pair_make(&pair);
	reader_open(&reader, pair.p, READER_SIZE, false);
	must("an AF_NDRV socket", fd = ndrv_socket());
	check_errno("neither: write", EDESTADDRREQ, frame_send(fd, 1, 60));
	must("bind it", ndrv_bind(fd, pair.q));
	check_errno("bound: write", EDESTADDRREQ, frame_send(fd, 2, 60));
	memset(&nd, 0, sizeof(nd));
	nd.snd_family = DARWIN_AF_NDRV;
	nd.snd_len = sizeof(nd) - 1;
	check_errno("connect to 17 bytes", EINVAL,
	    connect(fd, (struct sockaddr *)(void *)&nd, sizeof(nd) - 1));
	check_errno("connect", 0, ndrv_connect(fd, pair.q));
	check_length("both: write", 60, frame_send(fd, 3, 60));
	check_frame("the primary receives it", &reader, 3, 60);
	must("an AF_NDRV socket", fd = ndrv_socket());
	must("connect it", ndrv_connect(fd, pair.q));
	check_errno("connected only: write", EINVAL, frame_send(fd, 4, 60));
	return check_end();
}
