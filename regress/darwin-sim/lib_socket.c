/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Calls on sockets, of AF_NDRV and of utun. */

#undef _FORTIFY_SOURCE
/* GNU declares addresses as unions, which no definition can match. */
#undef _GNU_SOURCE
#define _DEFAULT_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "regress/darwin-sim/lib.h"

int
socket(int domain, int type, int protocol)
{
	struct ask a = { .rq.op = WIRE_SOCKET };

	if (domain != ABI_AF_NDRV && domain != ABI_AF_SYSTEM)
		return lib_next()->socket(domain, type, protocol);
	if (lib_fails(FAULT_SOCKET, 0))
		return -1;
	a.rq.a = (uint32_t)domain;
	a.rq.b = (uint32_t)(type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK));
	a.rq.c = (uint32_t)protocol;
	return lib_ask_fd(&a, (type & SOCK_CLOEXEC) != 0,
	    (type & SOCK_NONBLOCK) != 0);
}

static int
give_address(enum wire_op op, const struct sim *s, const struct sockaddr *sa,
    socklen_t len)
{
	struct iovec iov = { (void *)(uintptr_t)sa, len };
	struct ask a = { .rq.op = op, .in = &iov, .nin = 1 };

	return lib_ask(&a, s);
}

int
bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct sim s;

	if (!lib_recognise(fd, &s))
		return lib_next()->bind(fd, sa, len);
	if (lib_fails(FAULT_BIND, 0))
		return -1;
	return give_address(WIRE_BIND, &s, sa, len);
}

int
connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct sim s;

	if (!lib_recognise(fd, &s))
		return lib_next()->connect(fd, sa, len);
	if (lib_fails(FAULT_CONNECT, 0))
		return -1;
	return give_address(WIRE_CONNECT, &s, sa, len);
}

int
shutdown(int fd, int how)
{
	struct ask a = { .rq.op = WIRE_SHUTDOWN, .rq.a = (uint32_t)how };
	struct sim s;

	if (!lib_recognise(fd, &s))
		return lib_next()->shutdown(fd, how);
	if (lib_fails(FAULT_SHUTDOWN, 0))
		return -1;
	return lib_ask(&a, &s);
}

int
setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	struct iovec iov = { (void *)(uintptr_t)value, len };
	struct ask a = {
		.rq.op = WIRE_SETSOCKOPT, .rq.a = (uint32_t)level,
		.rq.b = (uint32_t)option, .in = &iov, .nin = 1,
	};
	struct sim s;

	if (!lib_recognise(fd, &s))
		return lib_next()->setsockopt(fd, level, option, value, len);
	if (lib_fails(FAULT_SETSOCKOPT, 0))
		return -1;
	return lib_ask(&a, &s);
}

static int
get_bytes(struct ask *a, const struct sim *s, void *value, socklen_t *lenp)
{
	a->out = value;
	a->out_size = *lenp;
	if (lib_ask(a, s) == -1)
		return -1;
	if (a->reply.len < *lenp)
		*lenp = a->reply.len;
	return 0;
}

int
getsockopt(int fd, int level, int option, void *value, socklen_t *lenp)
{
	struct ask a = {
		.rq.op = WIRE_GETSOCKOPT, .rq.a = (uint32_t)level,
		.rq.b = (uint32_t)option,
	};
	struct sim s;

	if (!lib_recognise(fd, &s))
		return lib_next()->getsockopt(fd, level, option, value, lenp);
	if (lib_fails(FAULT_GETSOCKOPT, 0))
		return -1;
	return get_bytes(&a, &s, value, lenp);
}

int
getsockname(int fd, struct sockaddr *sa, socklen_t *lenp)
{
	struct ask a = { .rq.op = WIRE_GETSOCKNAME };
	struct sim s;

	if (!lib_recognise(fd, &s))
		return lib_next()->getsockname(fd, sa, lenp);
	if (lib_fails(FAULT_GETSOCKOPT, 0))
		return -1;
	return get_bytes(&a, &s, sa, lenp);
}

/* === Receiving: there is nothing but what is in the descriptor === */

/* A device is no socket. */
static bool
is_refused(const struct sim *s)
{
	if (s->kind == WIRE_NDRV || s->kind == WIRE_UTUN)
		return false;
	errno = ENOTSOCK;
	return true;
}

ssize_t
recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from,
    socklen_t *fromlenp)
{
	struct sim s;

	if (lib_recognise(fd, &s) && (is_refused(&s) ||
	    lib_fails(FAULT_READ, 0)))
		return -1;
	return lib_next()->recvfrom(fd, buf, len, flags, from, fromlenp);
}

ssize_t
recv(int fd, void *buf, size_t len, int flags)
{
	return recvfrom(fd, buf, len, flags, NULL, NULL);
}

ssize_t
recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct sim s;

	if (lib_recognise(fd, &s) && (is_refused(&s) ||
	    lib_fails(FAULT_READ, 0)))
		return -1;
	return lib_next()->recvmsg(fd, msg, flags);
}

ssize_t __recv_chk(int fd, void *buf, size_t len, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t room, int flags,
    struct sockaddr *from, socklen_t *fromlenp);

ssize_t
__recv_chk(int fd, void *buf, size_t len, size_t room, int flags)
{
	if (len > room)
		abort();
	return recvfrom(fd, buf, len, flags, NULL, NULL);
}

ssize_t
__recvfrom_chk(int fd, void *buf, size_t len, size_t room, int flags,
    struct sockaddr *from, socklen_t *fromlenp)
{
	if (len > room)
		abort();
	return recvfrom(fd, buf, len, flags, from, fromlenp);
}

/* === Sending === */

ssize_t
sendto(int fd, const void *buf, size_t len, int flags,
    const struct sockaddr *to, socklen_t tolen)
{
	struct iovec iov = { (void *)(uintptr_t)buf, len };
	struct sim s;

	if (!lib_recognise(fd, &s))
		return lib_next()->sendto(fd, buf, len, flags, to, tolen);
	if (is_refused(&s))
		return -1;
	return lib_writev(&s, &iov, 1, to != NULL ? WIRE_TO_ADDRESS : 0);
}

ssize_t
send(int fd, const void *buf, size_t len, int flags)
{
	return sendto(fd, buf, len, flags, NULL, 0);
}

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct sim s;

	if (!lib_recognise(fd, &s))
		return lib_next()->sendmsg(fd, msg, flags);
	if (is_refused(&s))
		return -1;
	if (msg->msg_controllen != 0) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return lib_writev(&s, msg->msg_iov, (int)msg->msg_iovlen,
	    msg->msg_name != NULL ? WIRE_TO_ADDRESS : 0);
}
