/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "lib/fdpass.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/proc.h"

/* An older macOS has none: there it counts that SIGPIPE is ignored. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL	0
#endif

/* Room for descriptors beside a message, aligned as cmsg(3) asks. */
union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(FDPASS_MAX * sizeof(int))];
};

static void
put_fds(struct msghdr *msg, union control *control, const int *fds,
    size_t nfds)
{
	struct cmsghdr *cmsg;

	memset(control, 0, sizeof(*control));
	msg->msg_control = control;
	msg->msg_controllen = CMSG_SPACE(nfds * sizeof(int));
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(nfds * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, nfds * sizeof(int));
}

/* #syscalls:network sendmsg */
int
fdpass_send(int s, const void *p, size_t len, const int *fds, size_t nfds)
{
	/* iovec knows no const. */
	union { const void *in; void *out; } base = { .in = p };
	struct iovec iov = { .iov_base = base.out, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;
	ssize_t n;

	if (nfds > FDPASS_MAX) {
		errno = EINVAL;
		return SSHTAP_ERR_SYSTEM;
	}
	if (nfds > 0)
		put_fds(&msg, &control, fds, nfds);
	do {
		n = sendmsg(s, &msg, MSG_NOSIGNAL);
	} while (n == -1 && errno == EINTR);
	if (n == (ssize_t)len)
		return 0;
	if (n != -1)
		errno = EMSGSIZE;
	return SSHTAP_ERR_SYSTEM;
}

static size_t
take_fds(struct msghdr *msg, int fds[FDPASS_MAX])
{
	struct cmsghdr *cmsg;
	size_t i, n, nfds = 0;
	int fd;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL;
	    cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int),
			    sizeof(fd));
			if (nfds < FDPASS_MAX && proc_set_cloexec(fd) == 0)
				fds[nfds++] = fd;
			else
				(void)close(fd);
		}
	}
	return nfds;
}

/* #syscalls:network recvmsg */
ssize_t
fdpass_receive(int s, void *p, size_t len, int fds[FDPASS_MAX],
    size_t *nfdsp)
{
	struct iovec iov = { .iov_base = p, .iov_len = len };
	union control control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof(control) };
	ssize_t n;

	*nfdsp = 0;
	do {
		n = recvmsg(s, &msg, MSG_WAITALL);
	} while (n == -1 && errno == EINTR);
	if (n > 0)
		*nfdsp = take_fds(&msg, fds);
	return n;
}
