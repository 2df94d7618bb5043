/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The connection to the kernel, one for each process.  Whether its number
 * still is that connection is looked at each time: a fork makes it the
 * parent's, closefrom(2) may have closed it, and something else may have got
 * the number since.
 */

#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "regress/darwin-sim/lib.h"

#define FD_ABOVE	200	/* out of the way of the program's numbers */
#define EUID_ENV	"DARWIN_SIM_EUID"

static struct {
	int fd;
	pid_t pid;
	dev_t dev;
	ino_t ino;
	char name[64];		/* of the kernel */
} control = { .fd = -1 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* === Recognising === */

bool
lib_recognise(int fd, struct sim *s)
{
	struct sockaddr_un sun = { .sun_family = AF_UNSPEC };
	socklen_t len = sizeof(sun);
	const size_t prefix = strlen(WIRE_NODE_PREFIX);
	int saved_errno = errno, r;
	const char *name = sun.sun_path + 1;

	r = fd < 0 ? -1 : lib_next()->getsockname(fd,
	    (struct sockaddr *)&sun, &len);
	errno = saved_errno;
	if (r == -1 || sun.sun_family != AF_UNIX ||
	    len < offsetof(struct sockaddr_un, sun_path) + prefix + 4 ||
	    sun.sun_path[0] != '\0' ||
	    memcmp(name, WIRE_NODE_PREFIX, prefix) != 0)
		return false;
	sun.sun_path[sizeof(sun.sun_path) - 1] = '\0';
	s->fd = fd;
	s->kind = (enum wire_kind)name[prefix];
	s->handle = (uint32_t)strtoul(name + prefix + 2, NULL, 10);
	return true;
}

/* === Connecting === */

static bool
is_connected(void)
{
	struct stat st;

	return control.fd != -1 && fstat(control.fd, &st) == 0 &&
	    st.st_dev == control.dev && st.st_ino == control.ino;
}

static const char *
kernel_name(void)
{
	const char *name = getenv(WIRE_NAME_ENV);

	return name == NULL || name[0] == '\0' ? WIRE_NAME_DEFAULT : name;
}

static int
connect_to_kernel(const char *name)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len = strnlen(name, sizeof(sun.sun_path) - 1);
	int fd;

	memcpy(sun.sun_path + 1, name, len);
	len += offsetof(struct sockaddr_un, sun_path) + 1;
	fd = lib_next()->socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	while (lib_next()->connect(fd, (struct sockaddr *)&sun,
	    (socklen_t)len) == -1) {
		if (errno != EINTR) {
			(void)lib_next()->close(fd);
			return -1;
		}
	}
	return fd;
}

/* Returns the descriptor, or -1.  is_oldp: it was there before. */
static int
get_control(bool *is_oldp)
{
	const char *name = kernel_name();
	struct stat st;
	int fd, high;

	*is_oldp = false;
	if (is_connected()) {
		*is_oldp = control.pid == getpid() &&
		    strncmp(name, control.name, sizeof(control.name) - 1) == 0;
		if (*is_oldp)
			return control.fd;
		/* The parent's, or to another kernel. */
		(void)lib_next()->close(control.fd);
	}
	control.fd = -1;
	if ((fd = connect_to_kernel(name)) == -1)
		return -1;
	if ((high = fcntl(fd, F_DUPFD_CLOEXEC, FD_ABOVE)) != -1) {
		(void)lib_next()->close(fd);
		fd = high;
	}
	if (fstat(fd, &st) == -1)
		return -1;
	control.fd = fd;
	control.pid = getpid();
	control.dev = st.st_dev;
	control.ino = st.st_ino;
	(void)snprintf(control.name, sizeof(control.name), "%s", name);
	return fd;
}

/* === Asking === */

static int
send_some(int fd, const struct iovec *iov, int n)
{
	struct iovec left[UIO_MAXIOV];
	struct msghdr msg = { .msg_iov = left };
	ssize_t sent;
	size_t skip;

	memcpy(left, iov, (size_t)n * sizeof(*iov));
	msg.msg_iovlen = (size_t)n;
	while (msg.msg_iovlen > 0) {
		sent = lib_next()->sendmsg(fd, &msg, MSG_NOSIGNAL);
		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1)
			return -1;
		skip = (size_t)sent;
		while (msg.msg_iovlen > 0 && skip >= msg.msg_iov->iov_len) {
			skip -= msg.msg_iov->iov_len;
			msg.msg_iov++;
			msg.msg_iovlen--;
		}
		if (msg.msg_iovlen == 0)
			break;
		msg.msg_iov->iov_base = (char *)msg.msg_iov->iov_base + skip;
		msg.msg_iov->iov_len -= skip;
	}
	return 0;
}

static int
send_request(int fd, struct ask *a)
{
	struct iovec iov[UIO_MAXIOV];
	size_t len = 0;
	int i;

	if (a->nin >= UIO_MAXIOV) {
		errno = EINVAL;
		return -1;
	}
	iov[0].iov_base = &a->rq;
	iov[0].iov_len = sizeof(a->rq);
	for (i = 0; i < a->nin; i++) {
		iov[i + 1] = a->in[i];
		len += a->in[i].iov_len;
	}
	if (len > WIRE_PAYLOAD_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	a->rq.len = (uint32_t)len;
	return send_some(fd, iov, a->nin + 1);
}

static int
receive_all(int fd, void *buf, size_t len)
{
	char *p = buf;
	ssize_t n;

	while (len > 0) {
		n = lib_next()->recvfrom(fd, p, len, MSG_WAITALL, NULL, NULL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = ENXIO;
			return -1;
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The head of the reply, and the descriptor that comes with it. */
static int
receive_head(int fd, struct ask *a)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control_data;
	struct iovec iov = { &a->reply, sizeof(a->reply) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control_data.room,
		.msg_controllen = sizeof(control_data.room),
	};
	struct cmsghdr *c;
	ssize_t n;

	do
		n = lib_next()->recvmsg(fd, &msg,
		    MSG_WAITALL | MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n <= 0) {
		errno = ENXIO;
		return -1;
	}
	c = CMSG_FIRSTHDR(&msg);
	if (c != NULL && c->cmsg_type == SCM_RIGHTS)
		memcpy(&a->fd, CMSG_DATA(c), sizeof(a->fd));
	return receive_all(fd, (char *)&a->reply + n,
	    sizeof(a->reply) - (size_t)n);
}

static void abort_program(int fd, size_t len)
    __attribute__((noreturn));

/* For what no program of ours may ever do. */
static void
abort_program(int fd, size_t len)
{
	char why[256] = { 0 };

	(void)receive_all(fd, why, len < sizeof(why) ? len :
	    sizeof(why) - 1);
	fprintf(stderr, "never to be done: %s\n", why);
	abort();
}

static int
receive_reply(int fd, struct ask *a)
{
	size_t left;
	char rest[512];

	if (receive_head(fd, a) == -1)
		return -1;
	if ((a->reply.flags & WIRE_ABORT) != 0)
		abort_program(fd, a->reply.len);
	left = a->reply.len;
	if (left > a->out_size)
		left = a->out_size;
	if (receive_all(fd, a->out, left) == -1)
		return -1;
	for (left = a->reply.len - left; left > 0;
	    left -= left < sizeof(rest) ? left : sizeof(rest))
		if (receive_all(fd, rest, left < sizeof(rest) ? left :
		    sizeof(rest)) == -1)
			return -1;
	return 0;
}

static uint32_t
get_uid(void)
{
	const char *s = getenv(EUID_ENV);

	return s != NULL && s[0] != '\0' ?
	    (uint32_t)strtoul(s, NULL, 10) : (uint32_t)geteuid();
}

static void
complain(void)
{
	static bool has_complained;

	if (!has_complained)
		fprintf(stderr, "libdarwinsim: no darwin-kernel is running"
		    " (%s)\n", strerror(errno));
	has_complained = true;
}

/* Returns 0; -1 with errno; 1: the kernel of an old connection is gone. */
static int
talk_once(struct ask *a)
{
	bool is_old;
	int fd, saved_errno;

	if ((fd = get_control(&is_old)) == -1) {
		if (!a->is_quiet)
			complain();
		errno = ENXIO;
		return -1;
	}
	a->rq.uid = get_uid();
	if (send_request(fd, a) == 0 && receive_reply(fd, a) == 0)
		return 0;
	saved_errno = errno == EPIPE ? ENXIO : errno;
	(void)lib_next()->close(fd);
	control.fd = -1;
	errno = saved_errno;
	return is_old && errno == ENXIO ? 1 : -1;
}

/* A kernel that was started anew knows nothing of what was asked. */
static int
talk(struct ask *a)
{
	int r;

	(void)pthread_mutex_lock(&lock);
	if ((r = talk_once(a)) == 1)
		r = talk_once(a);
	(void)pthread_mutex_unlock(&lock);
	return r;
}

int
lib_ask(struct ask *a, const struct sim *s)
{
	int saved_errno = errno;
	char token;

	a->fd = -1;
	if (s != NULL)
		a->rq.handle = s->handle;
	if (talk(a) == -1)
		return -1;
	if ((a->reply.flags & WIRE_TAKE) != 0)
		(void)lib_next()->recvfrom(s->fd, &token, 1, MSG_DONTWAIT,
		    NULL, NULL);
	if ((a->reply.flags & WIRE_TAKE_WATCH) != 0)
		lib_take_watches(s->handle);
	if ((a->reply.flags & WIRE_SIGPIPE) != 0)
		(void)raise(SIGPIPE);
	if (a->reply.error != 0) {
		errno = a->reply.error;
		return -1;
	}
	errno = saved_errno;
	return 0;
}

int
lib_ask_fd(struct ask *a, bool has_cloexec, bool has_nonblock)
{
	int flags;

	if (lib_ask(a, NULL) == -1)
		return -1;
	if (a->fd == -1) {
		errno = EMFILE;
		return -1;
	}
	if (!has_cloexec)
		(void)fcntl(a->fd, F_SETFD, 0);
	if (has_nonblock && (flags = fcntl(a->fd, F_GETFL)) != -1)
		(void)fcntl(a->fd, F_SETFL, flags | O_NONBLOCK);
	return a->fd;
}
