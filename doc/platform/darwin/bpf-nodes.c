/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * There is no /dev/bpf.  A node has one user; EBUSY says to try the next one,
 * and opening the last one makes another, so that there are more than the
 * four that are there at first.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

#define WANTED		6

static int
open_node(unsigned n)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/dev/bpf%u", n);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* The first one that is free. */
static unsigned
find_node(int *fdp)
{
	unsigned n = 0;

	while ((*fdp = open_node(n)) == -1 && errno == EBUSY &&
	    n < DARWIN_BPF_NODES)
		n++;
	must("find a node", *fdp);
	return n;
}

int
main(void)
{
	int fd, opened = 0;
	unsigned n;

	check_begin("bpf-nodes");
	check_errno("/dev/bpf", ENOENT, open("/dev/bpf", O_RDONLY));
	check_errno("/dev/bpf256", ENOENT, open_node(DARWIN_BPF_NODES));
	n = find_node(&fd);
	check_errno("open one a second time", EBUSY, open_node(n));
	must("close it", close(fd));
	check_errno("open it when it is closed", 0, open_node(n));
	while (++opened < WANTED)
		n = find_node(&fd);
	check_yes("six at once: more than at first", n >= 4);
	return check_end();
}
