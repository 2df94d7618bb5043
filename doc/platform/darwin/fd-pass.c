/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Both descriptors can be handed to another process by a local socket. */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <string.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"

#define NOBODY		65534

static struct reader reader, primary;

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int) * 2)];
};

static void
start_message(struct msghdr *msg, struct iovec *iov, union control *c)
{
	memset(c, 0, sizeof(*c));
	memset(msg, 0, sizeof(*msg));
	msg->msg_iov = iov;
	msg->msg_iovlen = 1;
	msg->msg_control = c->room;
	msg->msg_controllen = sizeof(c->room);
}

static void
pass(int s, const int fds[2])
{
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct cmsghdr *cmsg;
	struct msghdr msg;
	union control c;

	start_message(&msg, &iov, &c);
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_len = CMSG_LEN(sizeof(int) * 2);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * 2);
	must("sendmsg", sendmsg(s, &msg, 0));
}

static void
take(int s, int fds[2])
{
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct cmsghdr *cmsg;
	struct msghdr msg;
	union control c;

	start_message(&msg, &iov, &c);
	must("recvmsg", recvmsg(s, &msg, 0));
	cmsg = CMSG_FIRSTHDR(&msg);
	must("two descriptors", cmsg != NULL &&
	    cmsg->cmsg_len == CMSG_LEN(sizeof(int) * 2) ? 0 : -1);
	memcpy(fds, CMSG_DATA(cmsg), sizeof(int) * 2);
}

/* Has nothing but what it is handed; not even root, where it can be lost. */
static int
child(int s)
{
	int fds[2];

	if (getuid() != 0 || setuid(NOBODY) == -1)
		check_skip("as nobody", "no way to become another user");
	take(s, fds);
	reader.fd = fds[0];
	reader.size = READER_SIZE;
	check_frame("receive by the one", &reader, 1, 60);
	check_length("inject by the other", 64, frame_send(fds[1], 2, 64));
	return check_end();
}

int
main(void)
{
	int fds[2], s[2], status;
	struct pair pair;
	pid_t pid;

	check_begin("fd-pass");
	must("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	if ((pid = check_fork()) == 0) {
		(void)close(s[0]);
		_exit(child(s[1]));
	}
	pair_make(&pair);
	reader_open(&primary, pair.p, READER_SIZE, false);
	reader_open(&reader, pair.q, READER_SIZE, false);
	fds[0] = reader.fd;
	fds[1] = ndrv_open(pair.q);
	pass(s[0], fds);
	(void)close(fds[0]);
	(void)close(fds[1]);
	must("the host sends a frame",
	    frame_send(ndrv_open(pair.p), 1, 60));
	must("wait for the child", waitpid(pid, &status, 0));
	check_number("status of the other process", 0, status);
	check_frame("the primary receives what it injected", &primary, 2, 64);
	return check_end();
}
