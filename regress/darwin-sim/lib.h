/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef DARWIN_SIM_LIB_H
#define DARWIN_SIM_LIB_H

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <ifaddrs.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "regress/darwin-sim/abi.h"
#include "regress/darwin-sim/wire.h"

/*
 * The inside of libdarwinsim.so, which is found before the C library and
 * takes over the calls that Darwin code makes.  What does not concern a
 * simulated object goes on to the C library.
 */

/* Nobody else is meant to see these. */
#pragma GCC visibility push(hidden)

/* === lib_next.c: the functions of the C library === */

struct next {
	int (*open)(const char *path, int flags, ...);
	int (*openat)(int dir, const char *path, int flags, ...);
	int (*close)(int fd);
	ssize_t (*read)(int fd, void *buf, size_t len);
	ssize_t (*readv)(int fd, const struct iovec *iov, int n);
	ssize_t (*write)(int fd, const void *buf, size_t len);
	ssize_t (*writev)(int fd, const struct iovec *iov, int n);
	ssize_t (*recvfrom)(int fd, void *buf, size_t len, int flags,
	    struct sockaddr *from, socklen_t *fromlenp);
	ssize_t (*recvmsg)(int fd, struct msghdr *msg, int flags);
	ssize_t (*sendto)(int fd, const void *buf, size_t len, int flags,
	    const struct sockaddr *to, socklen_t tolen);
	ssize_t (*sendmsg)(int fd, const struct msghdr *msg, int flags);
	int (*ioctl)(int fd, unsigned long request, ...);
	int (*socket)(int domain, int type, int protocol);
	int (*bind)(int fd, const struct sockaddr *sa, socklen_t len);
	int (*connect)(int fd, const struct sockaddr *sa, socklen_t len);
	int (*shutdown)(int fd, int how);
	int (*getsockopt)(int fd, int level, int option, void *value,
	    socklen_t *lenp);
	int (*setsockopt)(int fd, int level, int option, const void *value,
	    socklen_t len);
	int (*getsockname)(int fd, struct sockaddr *sa, socklen_t *lenp);
	int (*poll)(struct pollfd *fds, nfds_t n, int timeout_ms);
	int (*ppoll)(struct pollfd *fds, nfds_t n,
	    const struct timespec *timeout, const sigset_t *mask);
	int (*getifaddrs)(struct ifaddrs **listp);
	void (*freeifaddrs)(struct ifaddrs *list);
	unsigned (*if_nametoindex)(const char *name);
	char *(*if_indextoname)(unsigned index, char *name);
};

const struct next *lib_next(void);

/* === lib_wire.c: talking to the kernel === */

/* A simulated descriptor. */
struct sim {
	int fd;
	enum wire_kind kind;
	uint32_t handle;
};

/* Is it one?  Leaves errno alone. */
bool lib_recognise(int fd, struct sim *s);

/* What the kernel is asked, and where its answer goes. */
struct ask {
	struct wire_request rq;
	const struct iovec *in;		/* payload */
	int nin;
	void *out;			/* for the payload of the reply */
	size_t out_size;
	struct wire_reply reply;
	int fd;				/* a descriptor that came, or -1 */
	bool is_quiet;			/* says nothing when there is no
					 * kernel: ENXIO tells */
};

/*
 * Ask, and do what the reply orders: take tokens, raise SIGPIPE, abort.
 * s: the descriptor, or NULL.
 * Returns 0, or -1 with errno.
 */
int lib_ask(struct ask *a, const struct sim *s);

/* As lib_ask, for a new descriptor: returns it. */
int lib_ask_fd(struct ask *a, bool has_cloexec, bool has_nonblock);

/* === lib_fault.c === */

enum fault_kind {
	FAULT_OPEN,
	FAULT_SOCKET,
	FAULT_IOCTL,
	FAULT_BIND,
	FAULT_CONNECT,
	FAULT_SHUTDOWN,
	FAULT_SETSOCKOPT,
	FAULT_GETSOCKOPT,
	FAULT_READ,
	FAULT_WRITE,
	FAULT_POLL,
	FAULT_KQUEUE,
	FAULT_KEVENT,
	FAULT_GETIFADDRS,
	FAULT_SYSCTL,
	FAULT_COUNT
};

/* Count a simulated call; true: it has to fail, with errno as it is set. */
bool lib_fails(enum fault_kind kind, uint32_t request);

/* === lib_io.c === */

ssize_t lib_readv(const struct sim *s, const struct iovec *iov, int n);
ssize_t lib_writev(const struct sim *s, const struct iovec *iov, int n,
    unsigned flags);

/* === lib_poll.c === */

int lib_poll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask);
/* Milliseconds to a deadline in struct timespec, or -1: there is none. */
void lib_set_deadline(struct timespec *deadline,
    const struct timespec *timeout);
struct timespec lib_time_left(const struct timespec *deadline);

/* === lib_kqueue.c === */

/* Take the tokens of this process's watches on a descriptor. */
void lib_take_watches(uint32_t handle);
void lib_forget_descriptor(int fd);

#pragma GCC visibility pop

#endif /* DARWIN_SIM_LIB_H */
