/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A handler may only write(2); the pipe keeps order and wakes poll(2).  What
 * is ignored stays ignored, as nohup(1) and a shell's "&" want it.
 */

#include "lib/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/proc.h"

static int ends[2] = { -1, -1 };

static void
note(int sig)
{
	unsigned char byte = (unsigned char)sig;
	int saved = errno;

	/* A full pipe has said it already. */
	(void)!write(ends[1], &byte, 1);
	errno = saved;
}

static int
catch(int sig, void (*handler)(int))
{
	struct sigaction sa;

	if (sigaction(sig, NULL, &sa) == -1)
		return -1;
	if (sa.sa_handler == SIG_IGN)
		return 0;
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = handler;
	sigemptyset(&sa.sa_mask);
	return sigaction(sig, &sa, NULL);
}

int
signals_start(void)
{
	int i;

	/* Those of the process that we were forked from. */
	for (i = 0; i < 2; i++)
		proc_close(&ends[i]);
	if (pipe(ends) == -1)
		return SSHTAP_ERR_SYSTEM;
	for (i = 0; i < 2; i++)
		if (fcntl(ends[i], F_SETFD, FD_CLOEXEC) == -1 ||
		    fcntl(ends[i], F_SETFL, O_NONBLOCK) == -1)
			return SSHTAP_ERR_SYSTEM;
	if (catch(SIGINT, note) == -1 || catch(SIGTERM, note) == -1 ||
	    catch(SIGHUP, note) == -1 || catch(SIGPIPE, SIG_IGN) == -1)
		return SSHTAP_ERR_SYSTEM;
	return 0;
}

int
signals_fd(void)
{
	return ends[0];
}

/* #syscalls:network poll ppoll */
bool
signals_have(void)
{
	struct pollfd pfd = { .fd = ends[0], .events = POLLIN };

	return poll(&pfd, 1, 0) == 1;
}

/* #syscalls:network read */
int
signals_take(void)
{
	unsigned char byte;

	return read(ends[0], &byte, 1) == 1 ? byte : 0;
}
