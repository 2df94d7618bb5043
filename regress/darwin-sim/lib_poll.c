/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * poll(2), which macOS builds on kqueue and which therefore differs from
 * select(2) for devices: one that is not attached, or that is asked about
 * for writing, is POLLNVAL, and losing the interface wakes nobody.  select
 * needs no help: see the token in wire.h.
 */

#undef _FORTIFY_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "regress/darwin-sim/lib.h"

#define ASK_IN		(POLLIN | POLLRDNORM)
#define ASK_OUT		(POLLOUT | POLLWRNORM)

void
lib_set_deadline(struct timespec *deadline, const struct timespec *timeout)
{
	deadline->tv_sec = -1;
	if (timeout == NULL)
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, deadline);
	deadline->tv_sec += timeout->tv_sec;
	deadline->tv_nsec += timeout->tv_nsec;
	if (deadline->tv_nsec >= 1000000000) {
		deadline->tv_nsec -= 1000000000;
		deadline->tv_sec++;
	}
}

struct timespec
lib_time_left(const struct timespec *deadline)
{
	struct timespec now, left = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	left.tv_sec = deadline->tv_sec - now.tv_sec;
	left.tv_nsec = deadline->tv_nsec - now.tv_nsec;
	if (left.tv_nsec < 0) {
		left.tv_nsec += 1000000000;
		left.tv_sec--;
	}
	if (left.tv_sec < 0)
		left.tv_sec = left.tv_nsec = 0;
	return left;
}

/* Does poll see it as macOS would?  Sockets are the same on both. */
static bool
is_device(int fd, struct sim *s)
{
	return lib_recognise(fd, s) &&
	    (s->kind == WIRE_BPF || s->kind == WIRE_TUNTAPOSX);
}

/* Returns bytes to read, or -1: it cannot be watched. */
static long
readable_bytes(const struct sim *s)
{
	struct ask a = { .rq.op = WIRE_POLL };
	int saved_errno = errno;
	long n = lib_ask(&a, s) == -1 ? -1 : (long)a.reply.value;

	errno = saved_errno;
	return n;
}

/* Take out of the copy what is POLLNVAL at once.  Returns how many. */
static int
refuse_devices(struct pollfd *fds, nfds_t n)
{
	int refused = 0;
	struct sim s;
	nfds_t i;

	for (i = 0; i < n; i++) {
		fds[i].revents = 0;
		if (!is_device(fds[i].fd, &s))
			continue;
		if ((fds[i].events & ASK_OUT) == 0 &&
		    ((fds[i].events & ASK_IN) == 0 || readable_bytes(&s) >= 0))
			continue;
		fds[i].fd = -1;
		fds[i].revents = POLLNVAL;
		refused++;
	}
	return refused;
}

/*
 * After a wake-up: seen is what poll of this system says.  Returns how many
 * did wake as macOS sees it.
 */
static int
judge_devices(struct pollfd *fds, const struct pollfd *seen, nfds_t n)
{
	int ready = 0;
	struct sim s;
	long bytes;
	nfds_t i;

	for (i = 0; i < n; i++) {
		if (fds[i].fd < 0 || seen[i].revents == 0)
			continue;
		if (is_device(fds[i].fd, &s)) {
			bytes = readable_bytes(&s);
			/* Lost: it will never wake. */
			if (bytes < 0)
				fds[i].fd = -1;
			if (bytes <= 0)
				continue;
		}
		fds[i].revents = seen[i].revents;
		ready++;
	}
	return ready;
}

/* fds may be modified. */
static int
poll_devices(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask)
{
	static const struct timespec zero;
	struct pollfd *seen = malloc((n + 1) * sizeof(*seen));
	struct timespec deadline, left;
	int r, ready = 0, refused = refuse_devices(fds, n);

	if (seen == NULL)
		return -1;
	if (refused > 0)
		timeout = &zero;
	lib_set_deadline(&deadline, timeout);
	do {
		memcpy(seen, fds, n * sizeof(*seen));
		if (timeout != NULL)
			left = lib_time_left(&deadline);
		r = lib_next()->ppoll(seen, n, timeout != NULL ? &left : NULL,
		    mask);
		if (r > 0)
			ready = judge_devices(fds, seen, n);
	} while (r > 0 && ready == 0);
	free(seen);
	return r == -1 && refused == 0 ? -1 : refused + ready;
}

int
lib_poll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask)
{
	struct pollfd *copy;
	struct sim s;
	nfds_t i;
	int r;

	for (i = 0; i < n && !is_device(fds[i].fd, &s); i++)
		;
	if (i == n)
		return lib_next()->ppoll(fds, n, timeout, mask);
	if (lib_fails(FAULT_POLL, 0))
		return -1;
	if ((copy = malloc((n + 1) * sizeof(*copy))) == NULL)
		return -1;
	memcpy(copy, fds, n * sizeof(*copy));
	r = poll_devices(copy, n, timeout, mask);
	for (i = 0; r != -1 && i < n; i++)
		fds[i].revents = copy[i].revents;
	free(copy);
	return r;
}

int
poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct timespec timeout;

	timeout.tv_sec = timeout_ms / 1000;
	timeout.tv_nsec = (long)(timeout_ms % 1000) * 1000000;
	return lib_poll(fds, n, timeout_ms < 0 ? NULL : &timeout, NULL);
}

int
ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask)
{
	return lib_poll(fds, n, timeout, mask);
}

int __poll_chk(struct pollfd *fds, nfds_t n, int timeout_ms, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask, size_t room);

int
__poll_chk(struct pollfd *fds, nfds_t n, int timeout_ms, size_t room)
{
	if (room / sizeof(*fds) < n)
		abort();
	return poll(fds, n, timeout_ms);
}

int
__ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask, size_t room)
{
	if (room / sizeof(*fds) < n)
		abort();
	return ppoll(fds, n, timeout, mask);
}
