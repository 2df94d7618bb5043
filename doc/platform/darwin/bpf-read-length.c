/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* A read is of exactly BIOCGBLEN bytes, whatever else is wrong with it. */

#include <sys/types.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

#define SIZE		8192

int
main(void)
{
	static uint8_t buf[2 * SIZE];
	struct iovec iov[2] = {
		{ .iov_base = buf, .iov_len = 100 },
		{ .iov_base = buf + 100, .iov_len = SIZE - 100 },
	};
	struct pair pair;
	int fd;

	check_begin("bpf-read-length");
	pair_make(&pair);
	fd = bpf_open();
	must("O_NONBLOCK", fcntl(fd, F_SETFL, O_NONBLOCK));
	must("BIOCSBLEN", bpf_set(fd, DARWIN_BIOCSBLEN, SIZE));
	check_errno("not attached, another length", EINVAL,
	    read(fd, buf, SIZE - 1));
	check_errno("not attached, this length", ENXIO, read(fd, buf, SIZE));
	must("BIOCIMMEDIATE", bpf_set(fd, DARWIN_BIOCIMMEDIATE, 1));
	must("BIOCSETIF", bpf_attach(fd, pair.q));
	check_errno("a smaller length", EINVAL, read(fd, buf, SIZE - 1));
	check_errno("a larger length", EINVAL, read(fd, buf, SIZE + 1));
	check_errno("twice the length", EINVAL, read(fd, buf, 2 * SIZE));
	check_either("this length", EAGAIN, 0, read(fd, buf, SIZE));
	check_either("this length in two pieces", EAGAIN, 0,
	    readv(fd, iov, 2));
	return check_end();
}
