/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* A lock of flock is shared with a child, and ends with the last of both. */

#include <sys/types.h>
#include <sys/file.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"

int
main(void)
{
	char path[] = "/tmp/platform.XXXXXX";
	int fd, other, status;
	pid_t pid;

	check_begin("flock-fork");
	must("mkstemp", fd = mkstemp(path));
	must("open it again", other = open(path, O_RDWR | O_CLOEXEC));
	must("remove it", unlink(path));
	check_errno("lock it", 0, flock(fd, LOCK_EX | LOCK_NB));
	check_errno("lock it by another open", EAGAIN,
	    flock(other, LOCK_EX | LOCK_NB));
	if ((pid = check_fork()) == 0) {
		(void)close(other);
		for (;;)
			(void)pause();
	}
	(void)close(fd);
	check_errno("closed, a child has it: lock it", EAGAIN,
	    flock(other, LOCK_EX | LOCK_NB));
	must("kill the child", kill(pid, SIGKILL));
	must("wait for it", waitpid(pid, &status, 0));
	check_errno("the child killed: lock it", 0,
	    flock(other, LOCK_EX | LOCK_NB));
	return check_end();
}
