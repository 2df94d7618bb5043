/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The fork comes at the start and not, as daemon(3) would have it, when the
 * tunnel is up: a monitor could not be forked from under its child's feet.
 * Until then both processes stay in the terminal's foreground, so that
 * questions are answered and ^C works.  The child says that it is ready by
 * one byte through a pipe; if it ends instead, or anybody who inherited the
 * pipe does, the pipe ends and the parent takes over the exit status.
 */

#include "client/background.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"

struct background {
	int fd;			/* write end, -1 once used */
};

static const int passed_on[] = { SIGINT, SIGTERM, SIGHUP };

#define PASSED_ON_COUNT	(sizeof(passed_on) / sizeof(passed_on[0]))

/* The child, for the handler. */
static volatile sig_atomic_t signal_target;

static void
pass_on(int sig)
{
	int saved_errno = errno;

	(void)kill((pid_t)signal_target, sig);
	errno = saved_errno;
}

static void
watch_signals(pid_t child)
{
	struct sigaction sa = { .sa_handler = pass_on }, old;
	size_t i;

	signal_target = (sig_atomic_t)child;
	(void)sigemptyset(&sa.sa_mask);
	for (i = 0; i < PASSED_ON_COUNT; i++)
		if (sigaction(passed_on[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			(void)sigaction(passed_on[i], &sa, NULL);
}

static void
block_signals(sigset_t *oldp)
{
	sigset_t mask;
	size_t i;

	(void)sigemptyset(&mask);
	for (i = 0; i < PASSED_ON_COUNT; i++)
		(void)sigaddset(&mask, passed_on[i]);
	(void)sigprocmask(SIG_BLOCK, &mask, oldp);
}

static int
wait_for_child(int fd, pid_t child)
{
	ssize_t n;
	char c;

	do {
		n = read(fd, &c, 1);
	} while (n == -1 && errno == EINTR);
	return n == 1 ? 0 : proc_exit_status(proc_reap(child));
}

int
background_start(struct background **bp, int *statusp)
{
	struct sigaction chld = { .sa_handler = SIG_DFL };
	int fds[2] = { -1, -1 }, r;
	struct background *b;
	sigset_t mask;
	pid_t child;

	if ((b = calloc(1, sizeof(*b))) == NULL)
		return SSHTAP_ERR_ALLOC;
	if ((r = proc_pipe(fds)) != 0)
		goto out;
	block_signals(&mask);
	if ((child = fork()) == -1) {
		r = SSHTAP_ERR_SYSTEM;
	} else if (child == 0) {
		b->fd = fds[1];
		fds[1] = -1;
		*bp = b;
		b = NULL;
		r = 0;
	} else {
		/* With SIGCHLD ignored there would be no status to reap. */
		(void)sigaction(SIGCHLD, &chld, NULL);
		watch_signals(child);
		r = 1;
	}
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	proc_close(&fds[1]);
	if (r == 1)
		*statusp = wait_for_child(fds[0], child);
 out:
	proc_close(&fds[0]);
	proc_close(&fds[1]);
	free(b);
	return r;
}

/* First away from the terminal, then the word that lets the parent end. */
int
background_ready(struct background *b, bool keep_stderr)
{
	ssize_t n;

	if (b->fd == -1)
		return SSHTAP_ERR_STATE;
	(void)setsid();
	proc_null(STDIN_FILENO);
	proc_null(STDOUT_FILENO);
	if (!keep_stderr)
		proc_null(STDERR_FILENO);
	do {
		n = write(b->fd, "", 1);
	} while (n == -1 && errno == EINTR);
	proc_close(&b->fd);
	return n == 1 ? 0 : SSHTAP_ERR_SYSTEM;
}

void
background_free(struct background *b)
{
	if (b == NULL)
		return;
	proc_close(&b->fd);
	free(b);
}
