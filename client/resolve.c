/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * getaddrinfo(3) may take half a minute over a dead name server, listens to
 * no signal and to no deadline.  A child of ours calls it and writes what it
 * found through a pipe, in one record; the parent waits for that as for
 * anything else and ends the child when it will not wait longer.  Addresses
 * in digits need none of this and are taken at once.
 */

#include "client/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/proc.h"
#include "openbsd-compat/bsd-misc.h"

#define FIRST_FREE	(STDERR_FILENO + 1)

/* What goes through the pipe. */
struct answer {
	int eai;		/* 0, or getaddrinfo's error */
	int error;		/* errno of EAI_SYSTEM */
	struct resolve_result result;
};

static void
look_up(const char *host, unsigned port, int family, int flags,
    struct answer *a)
{
	struct addrinfo hints = { .ai_family = family, .ai_flags = flags,
	    .ai_socktype = SOCK_STREAM }, *list = NULL, *ai;
	struct resolve_address *ra;
	char service[16];

	memset(a, 0, sizeof(*a));
	(void)snprintf(service, sizeof(service), "%u", port);
	a->eai = getaddrinfo(host, service, &hints, &list);
	a->error = errno;
	if (a->eai != 0)
		return;
	for (ai = list; ai != NULL; ai = ai->ai_next) {
		if (a->result.n == RESOLVE_ADDRESSES_MAX ||
		    ai->ai_addrlen > sizeof(ra->addr))
			continue;
		ra = &a->result.address[a->result.n++];
		memcpy(&ra->addr, ai->ai_addr, ai->ai_addrlen);
		ra->len = ai->ai_addrlen;
	}
	freeaddrinfo(list);
}

static int
judge(const struct answer *a, struct resolve_result *result, int *eaip)
{
	if (a->eai == EAI_SYSTEM) {
		errno = a->error;
		return SSHTAP_ERR_SYSTEM;
	}
	*eaip = a->eai != 0 ? a->eai : EAI_NONAME;
	if (a->eai != 0 || a->result.n == 0)
		return SSHTAP_ERR_NOT_FOUND;
	*result = a->result;
	return 0;
}

int
resolve_wait(int fd, short events, uint64_t deadline_ms, int stop_fd)
{
	struct pollfd fds[2];
	int n;

	for (;;) {
		/* poll(2) skips a descriptor of -1. */
		fds[0] = (struct pollfd){ .fd = fd, .events = events };
		fds[1] = (struct pollfd){ .fd = stop_fd, .events = POLLIN };
		n = poll(fds, 2, proc_poll_time(deadline_ms));
		if (n == -1 && errno != EINTR)
			return SSHTAP_ERR_SYSTEM;
		if (n > 0 && fds[1].revents != 0)
			return SSHTAP_ERR_CLOSED;
		if (n > 0 && fds[0].revents != 0)
			return 0;
		if (n == 0)
			return SSHTAP_ERR_TIMEOUT;
	}
}

/* The child's answer is larger than a pipe's atomic write. */
static int
read_answer(int fd, uint64_t deadline_ms, int stop_fd, struct answer *a)
{
	size_t have = 0;
	ssize_t n;
	int r;

	while (have < sizeof(*a)) {
		if ((r = resolve_wait(fd, POLLIN, deadline_ms, stop_fd)) != 0)
			return r;
		n = read(fd, (char *)a + have, sizeof(*a) - have);
		if (n == 0) {
			errno = ECHILD;
			return SSHTAP_ERR_SYSTEM;
		}
		if (n == -1 && errno != EINTR)
			return SSHTAP_ERR_SYSTEM;
		if (n > 0)
			have += (size_t)n;
	}
	return 0;
}

static void __attribute__((noreturn))
run_child(const char *host, unsigned port, int family, int fd)
{
	size_t done = 0;
	struct answer a;
	ssize_t n;

	/* Nothing of ours may stay open through us, the device above all. */
	if (fd != FIRST_FREE && dup2(fd, FIRST_FREE) == -1)
		_exit(1);
	fd = FIRST_FREE;
	closefrom(FIRST_FREE + 1);
	/* What the terminal sends is for our parent, which then ends us. */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	look_up(host, port, family, 0, &a);
	while (done < sizeof(a)) {
		n = write(fd, (const char *)&a + done, sizeof(a) - done);
		if (n == -1 && errno != EINTR)
			_exit(1);
		if (n > 0)
			done += (size_t)n;
	}
	_exit(0);
}

int
resolve_host(const char *host, unsigned port, int family,
    uint64_t deadline_ms, int stop_fd, struct resolve_result *result,
    int *eaip)
{
	int fds[2], r, saved_errno;
	struct answer a;
	pid_t pid;

	look_up(host, port, family, AI_NUMERICHOST, &a);
	if (a.eai == 0)
		return judge(&a, result, eaip);
	if ((r = proc_pipe(fds)) != 0)
		return r;
	if ((pid = proc_fork()) == -1) {
		r = SSHTAP_ERR_SYSTEM;
		goto out;
	}
	if (pid == 0)
		run_child(host, port, family, fds[1]);
	proc_close(&fds[1]);
	if ((r = read_answer(fds[0], deadline_ms, stop_fd, &a)) == 0)
		r = judge(&a, result, eaip);
	saved_errno = errno;
	(void)kill(pid, SIGKILL);
	(void)proc_reap(pid);
	errno = saved_errno;
 out:
	proc_close(&fds[0]);
	proc_close(&fds[1]);
	return r;
}
