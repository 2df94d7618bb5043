/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Every descriptor is close-on-exec from its start, so that no ProxyCommand
 * or askpass inherits the key material behind one of ours.  The flag is set
 * by a second call because macOS has neither pipe2 nor SOCK_CLOEXEC; with
 * one thread nothing can fork in between.
 *
 * A child must not run its parent's signal handlers: they write to pipes
 * that both share.  All signals are therefore blocked across the fork and
 * unblocked in the child only after the handlers are gone.
 */

#include "lib/proc.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "lib/err.h"

/* Signals have single numbers up to here on every system; 32 on are timers'. */
#define SIGNAL_LAST	31

/* #syscalls close */
void
proc_close(int *fdp)
{
	int saved_errno = errno;

	if (*fdp != -1)
		(void)close(*fdp);
	*fdp = -1;
	errno = saved_errno;
}

/* #syscalls:network fcntl */
int
proc_set_cloexec(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags == -1 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) == -1)
		return SSHTAP_ERR_SYSTEM;
	return 0;
}

int
proc_set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return SSHTAP_ERR_SYSTEM;
	return 0;
}

static int
set_cloexec_pair(int fds[2])
{
	if (proc_set_cloexec(fds[0]) == 0 && proc_set_cloexec(fds[1]) == 0)
		return 0;
	proc_close(&fds[0]);
	proc_close(&fds[1]);
	return SSHTAP_ERR_SYSTEM;
}

int
proc_pipe(int fds[2])
{
	if (pipe(fds) == -1)
		return SSHTAP_ERR_SYSTEM;
	return set_cloexec_pair(fds);
}

int
proc_socketpair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1)
		return SSHTAP_ERR_SYSTEM;
	return set_cloexec_pair(fds);
}

int
proc_open_standard(void)
{
	int fd;

	do {
		if ((fd = open("/dev/null", O_RDWR)) == -1)
			return SSHTAP_ERR_SYSTEM;
	} while (fd <= STDERR_FILENO);
	(void)close(fd);
	return 0;
}

void
proc_null(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1)
		return;
	if (null == fd) {
		/* fd was closed: the lowest number is this one already. */
		(void)fcntl(fd, F_SETFD, 0);
		return;
	}
	(void)dup2(null, fd);
	(void)close(null);
}

/* Ignored ones stay ignored, as nohup(1) wants it; SIGPIPE was our doing. */
static void
reset_signals(void)
{
	struct sigaction sa;
	sigset_t none;
	int sig;

	for (sig = 1; sig <= SIGNAL_LAST; sig++) {
		if (sigaction(sig, NULL, &sa) == -1 ||
		    (sa.sa_handler == SIG_IGN && sig != SIGPIPE &&
		    sig != SIGCHLD))
			continue;
		sa = (struct sigaction){ .sa_handler = SIG_DFL };
		(void)sigaction(sig, &sa, NULL);
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

pid_t
proc_fork(void)
{
	sigset_t all, old;
	int saved_errno;
	pid_t pid;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	saved_errno = errno;
	if (pid == 0)
		reset_signals();
	else
		(void)sigprocmask(SIG_SETMASK, &old, NULL);
	errno = saved_errno;
	return pid;
}

int
proc_reap(pid_t pid)
{
	int wstatus;
	pid_t r;

	do {
		r = waitpid(pid, &wstatus, 0);
	} while (r == -1 && errno == EINTR);
	return r == pid ? wstatus : -1;
}

int
proc_exit_status(int wstatus)
{
	return wstatus != -1 && WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) :
	    PROC_EXIT_FAILURE;
}

/*
 * Without this clock, which no supported system lacks, time stands still.
 * #syscalls clock_gettime
 */
uint64_t
proc_now_us(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t
proc_now_ms(void)
{
	return proc_now_us() / 1000;
}

int
proc_poll_time(uint64_t deadline_ms)
{
	uint64_t now = proc_now_ms();

	if (deadline_ms == 0)
		return -1;
	if (deadline_ms <= now)
		return 0;
	return deadline_ms - now > INT_MAX ? INT_MAX :
	    (int)(deadline_ms - now);
}
