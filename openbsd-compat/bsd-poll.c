/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Built on every system, so that its test is, too; called only where poll(2)
 * is broken.
 *
 * poll answers at once when an entry is no descriptor; select then fails as a
 * whole with EBADF and leaves it to us to say which.
 */

#include "openbsd-compat/bsd-poll.h"

#include <sys/select.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>

struct sets {
	fd_set in, out;
	int end;		/* one past the highest descriptor */
};

/* Returns how many entries can be none of select's. */
static int
fill_sets(struct pollfd *fds, nfds_t nfds, struct sets *s)
{
	int bad = 0;
	nfds_t i;

	FD_ZERO(&s->in);
	FD_ZERO(&s->out);
	s->end = 0;
	for (i = 0; i < nfds; i++) {
		fds[i].revents = 0;
		if (fds[i].fd < 0)
			continue;
		if (fds[i].fd >= FD_SETSIZE) {
			fds[i].revents = POLLNVAL;
			bad++;
			continue;
		}
		if (fds[i].events & POLLIN)
			FD_SET(fds[i].fd, &s->in);
		if (fds[i].events & POLLOUT)
			FD_SET(fds[i].fd, &s->out);
		if (fds[i].fd >= s->end)
			s->end = fds[i].fd + 1;
	}
	return bad;
}

/* Returns how many entries have something to report. */
static int
read_sets(struct pollfd *fds, nfds_t nfds, const struct sets *s)
{
	int got, n = 0;
	nfds_t i;

	for (i = 0; i < nfds; i++) {
		if (fds[i].fd >= 0 && fds[i].fd < FD_SETSIZE) {
			got = 0;
			if ((fds[i].events & POLLIN) != 0 &&
			    FD_ISSET(fds[i].fd, &s->in))
				got |= POLLIN;
			if ((fds[i].events & POLLOUT) != 0 &&
			    FD_ISSET(fds[i].fd, &s->out))
				got |= POLLOUT;
			fds[i].revents = (short)got;
		}
		if (fds[i].revents != 0)
			n++;
	}
	return n;
}

/* Returns how many entries are no open descriptors, or -1 for none. */
static int
mark_closed(struct pollfd *fds, nfds_t nfds)
{
	int n = 0, saved_errno = errno;
	nfds_t i;

	for (i = 0; i < nfds; i++) {
		if (fds[i].fd < 0)
			continue;
		if (fds[i].fd >= FD_SETSIZE ||
		    fcntl(fds[i].fd, F_GETFD) == -1) {
			fds[i].revents = POLLNVAL;
			n++;
		}
	}
	errno = saved_errno;
	return n > 0 ? n : -1;
}

int
bsd_poll(struct pollfd *fds, nfds_t nfds, int timeout_ms)
{
	struct timeval tv = { .tv_sec = 0 };
	struct sets s;
	int n;

	if (nfds > FD_SETSIZE) {
		errno = EINVAL;
		return -1;
	}
	if (fill_sets(fds, nfds, &s) > 0)
		timeout_ms = 0;
	if (timeout_ms > 0) {
		tv.tv_sec = timeout_ms / 1000;
		tv.tv_usec = timeout_ms % 1000 * 1000;
	}
	n = select(s.end, &s.in, &s.out, NULL, timeout_ms < 0 ? NULL : &tv);
	if (n == -1)
		return errno == EBADF ? mark_closed(fds, nfds) : -1;
	return read_sets(fds, nfds, &s);
}
