/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Nothing ties an interface to the process that made it. */

#include <sys/types.h>
#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"

int
main(void)
{
	struct pair pair;
	int status;
	pid_t pid;

	check_begin("feth-orphan");
	pair_make(&pair);
	/* The child opens what a program of ours opens, and is killed. */
	if ((pid = check_fork()) == 0) {
		(void)ndrv_open(pair.q);
		if (bpf_attach(bpf_open(), pair.q) == -1)
			_exit(1);
		(void)raise(SIGKILL);
		_exit(1);
	}
	must("wait for the child", waitpid(pid, &status, 0));
	check_yes("the child was killed", WIFSIGNALED(status));
	check_errno("the primary is there", 0, interface_flags(pair.p));
	check_errno("the peer is there", 0, interface_flags(pair.q));
	check_errno("destroy the peer", 0, feth_destroy(pair.q));
	check_errno("destroy the primary", 0, feth_destroy(pair.p));
	return check_end();
}
