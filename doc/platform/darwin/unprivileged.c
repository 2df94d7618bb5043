/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* What takes root, and what anybody may do: to look, to read, to write. */

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"

#define NOBODY		65534

static struct reader reader;

static void
check_looking(const struct pair *pair)
{
	char peer[PLATFORM_NAME_SIZE];
	uint8_t lladdr[6];

	check_errno("flags", 0, interface_flags(pair->p));
	check_errno("MTU", 0, interface_mtu(pair->p));
	check_errno("the largest MTU", 0, interface_mtu_max(pair->p));
	check_errno("medium", 0, interface_media(pair->p));
	check_errno("address", 0, interface_lladdr(pair->p, lladdr));
	check_errno("peer", 0, feth_get_peer(pair->q, peer));
	check_text("which is", pair->p, peer);
}

static void
check_refused(const struct pair *pair)
{
	check_errno("make one", EPERM, feth_create("feth31998"));
	check_errno("destroy one", EPERM, feth_destroy(pair->p));
	check_errno("part two", EPERM, feth_set_peer(pair->p, ""));
	check_errno("set an MTU", EPERM, interface_set_mtu(pair->p, 1400));
	check_errno("take one down", EPERM,
	    interface_set_up(pair->p, false));
	check_errno("an AF_NDRV socket", EPERM, ndrv_socket());
	check_errno("open /dev/bpf3", EACCES,
	    open("/dev/bpf3", O_RDONLY | O_CLOEXEC));
}

static int
child(const struct pair *pair, int ours)
{
	/* Under the simulation the one to begin with may be anybody. */
	if (getuid() != 0 || setgroups(0, NULL) == -1 ||
	    setgid(NOBODY) == -1 || setuid(NOBODY) == -1) {
		check_skip("all of it", "no way to become another user");
		return 0;
	}
	check_looking(pair);
	check_refused(pair);
	check_frame("receive a frame", &reader, 1, 60);
	check_length("inject a frame", 60, frame_send(ours, 2, 60));
	return check_end();
}

int
main(void)
{
	int host, ours, status;
	struct pair pair;
	pid_t pid;

	check_begin("unprivileged");
	pair_make(&pair);
	reader_open(&reader, pair.q, READER_SIZE, false);
	host = ndrv_open(pair.p);
	ours = ndrv_open(pair.q);
	must("the host sends a frame", frame_send(host, 1, 60));
	if ((pid = check_fork()) == 0)
		_exit(child(&pair, ours));
	must("wait for the child", waitpid(pid, &status, 0));
	check_number("status of the one without root", 0, status);
	return check_end();
}
