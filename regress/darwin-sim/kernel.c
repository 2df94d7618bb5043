/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * darwin-kernel: what of the macOS kernel has to outlive a process, for the
 * tests on Linux.  See README.
 *
 * One request is answered after the other, each at once; who has to wait
 * does so in the library.  Descriptors are looked at before each request, so
 * that what a process did before it, a close(2) for instance, has happened.
 */

#include "regress/darwin-sim/kernel.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLIENT_TIMEOUT_S	5	/* for the rest of a request */

struct client {
	struct source source;	/* first */
	struct client *next;
};

static int everything = -1, nodes = -1;	/* epoll(7) */
static struct source listener, nodes_source, signals;
static struct client *clients;
static bool is_stopped;
static uint8_t *payload;		/* of the request at hand */
static size_t payload_size;

void
die(const char *what)
{
	fprintf(stderr, "darwin-kernel: %s: %s\n", what, strerror(errno));
	exit(1);
}

uint64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void *
grow(size_t size)
{
	void *p = calloc(1, size);

	if (p == NULL)
		die("memory");
	return p;
}

uint32_t
get_u32(const uint8_t *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

uint64_t
get_u64(const uint8_t *p)
{
	uint64_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

void
put_u16(uint8_t *p, unsigned n)
{
	uint16_t m = (uint16_t)n;

	memcpy(p, &m, sizeof(m));
}

void
put_u32(uint8_t *p, uint32_t n)
{
	memcpy(p, &n, sizeof(n));
}

bool
call_is_root(const struct call *c)
{
	return c->rq->uid == 0;
}

void
call_say(struct call *c, const char *text)
{
	c->out = (const uint8_t *)text;
	c->out_len = strlen(text);
}

/* === Sources === */

void
source_add(struct source *s, bool is_node)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = s };

	if (epoll_ctl(is_node ? nodes : everything, EPOLL_CTL_ADD, s->fd,
	    &ev) == -1)
		die("epoll_ctl");
}

void
source_remove(struct source *s)
{
	if (s->fd != -1)
		(void)close(s->fd);
	s->fd = -1;
}

/*
 * One event at a time: its handler may remove any source, and an event of
 * that one must not be at hand.
 */
static int
run_one(int epoll, int timeout)
{
	struct epoll_event ev;
	struct source *s;
	int n = epoll_wait(epoll, &ev, 1, timeout);

	if (n == -1 && errno != EINTR)
		die("epoll_wait");
	if (n == 1) {
		s = ev.data.ptr;
		s->ready(s, ev.events);
	}
	return n;
}

static void
run_nodes(struct source *s, uint32_t events)
{
	(void)s;
	(void)events;
	while (run_one(nodes, 0) == 1)
		;
}

/* === Requests === */

static int
open_path(struct call *c)
{
	char *path = (char *)c->in;

	if (c->in_len == 0 || path[c->in_len - 1] != '\0')
		return EINVAL;
	if (strncmp(path, "/dev/bpf", 8) == 0)
		return bpf_open(c, path + 8);
	if (strncmp(path, "/dev/", 5) == 0)
		return tuntaposx_open(c, path + 5);
	return ENOENT;
}

static int
open_socket(struct call *c)
{
	switch (c->rq->a) {
	case ABI_AF_NDRV:
		return ndrv_socket(c);
	case ABI_AF_SYSTEM:
		return utun_socket(c);
	default:
		return EAFNOSUPPORT;
	}
}

static int
run_ioctl(struct node *n, struct call *c)
{
	int error;

	/* The numbers come with their length. */
	if (c->in_len < ABI_IOC_LEN(c->rq->a))
		return EFAULT;
	c->out_len = ABI_IOC_LEN(c->rq->a);
	if (n == NULL)
		error = iface_ioctl(c);
	else
		error = n->ops->ioctl(n, c);
	if (error == 0 && (c->rq->a & ABI_IOC_OUT) != 0)
		c->out = c->in;
	else
		c->out_len = 0;
	return error;
}

static int
poll_node(struct node *n, struct call *c)
{
	return n->ops->poll == NULL ? ENXIO :
	    n->ops->poll(n, &c->reply.value);
}

static int
run_node(struct node *n, struct call *c)
{
	int (*fn)(struct node *, struct call *) = NULL;

	switch (c->rq->op) {
	case WIRE_IOCTL:
		return run_ioctl(n, c);
	case WIRE_POLL:
		return poll_node(n, c);
	case WIRE_WATCH:
		return node_watch(n, c);
	case WIRE_READ:
		fn = n->ops->read;
		break;
	case WIRE_WRITE:
		fn = n->ops->write;
		break;
	case WIRE_BIND:
		fn = n->ops->bind;
		break;
	case WIRE_CONNECT:
		fn = n->ops->connect;
		break;
	case WIRE_SHUTDOWN:
		fn = n->ops->shutdown;
		break;
	case WIRE_SETSOCKOPT:
		fn = n->ops->setsockopt;
		break;
	case WIRE_GETSOCKOPT:
		fn = n->ops->getsockopt;
		break;
	case WIRE_GETSOCKNAME:
		fn = n->ops->getsockname;
		break;
	}
	return fn == NULL ? ENOTSOCK : fn(n, c);
}

static int
run_plain(struct call *c)
{
	switch (c->rq->op) {
	case WIRE_OPEN:
		return open_path(c);
	case WIRE_SOCKET:
		return open_socket(c);
	case WIRE_IOCTL:
		return run_ioctl(NULL, c);
	case WIRE_IFADDRS:
		return iface_addrs(c);
	case WIRE_SYSCTL:
		return sysctl_call(c);
	case WIRE_LIST:
		return iface_list(c);
	case WIRE_STOP:
		is_stopped = true;
		return 0;
	default:
		return ENOSYS;
	}
}

static void
run_call(struct call *c)
{
	struct node *n;

	if (c->rq->handle == 0) {
		c->reply.error = run_plain(c);
	} else if ((n = node_find(c->rq->handle)) == NULL) {
		c->reply.error = EBADF;
	} else {
		c->reply.error = run_node(n, c);
		node_settle(n, c);
	}
	/* Why the program is to abort is the payload of the reply. */
	if (c->reply.error != 0 && (c->reply.flags & WIRE_ABORT) == 0)
		c->out_len = 0;
}

/* === Clients === */

/* Returns 0, or -1: end, error, or too slow. */
static int
receive_all(int fd, void *buf, size_t len)
{
	uint8_t *p = buf;
	ssize_t n;

	while (len > 0) {
		n = recv(fd, p, len, MSG_WAITALL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
receive_request(int fd, struct wire_request *rq)
{
	if (receive_all(fd, rq, sizeof(*rq)) != 0 ||
	    rq->len > WIRE_PAYLOAD_MAX)
		return -1;
	if (rq->len > payload_size) {
		free(payload);
		payload = grow(rq->len);
		payload_size = rq->len;
	}
	return receive_all(fd, payload, rq->len);
}

static int
send_all(int fd, const uint8_t *p, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
send_reply(int fd, struct call *c)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { &c->reply, sizeof(c->reply) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cm;

	c->reply.len = (uint32_t)c->out_len;
	if (c->fd != -1) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.room;
		msg.msg_controllen = sizeof(control.room);
		cm = CMSG_FIRSTHDR(&msg);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cm), &c->fd, sizeof(int));
	}
	if (sendmsg(fd, &msg, MSG_NOSIGNAL) != (ssize_t)sizeof(c->reply))
		return -1;
	return send_all(fd, c->out, c->out_len);
}

static void
remove_client(struct client *client)
{
	struct client **p = &clients;

	while (*p != client)
		p = &(*p)->next;
	*p = client->next;
	source_remove(&client->source);
	free(client);
}

static void
client_ready(struct source *s, uint32_t events)
{
	struct client *client = (struct client *)s;
	struct wire_request rq;
	struct call c = { .rq = &rq, .fd = -1, .client = client };
	int r;

	(void)events;
	if ((r = receive_request(s->fd, &rq)) == 0) {
		c.in = payload;
		c.in_len = rq.len;
		run_nodes(NULL, 0);
		run_call(&c);
		r = send_reply(s->fd, &c);
		if (c.fd != -1)
			(void)close(c.fd);
	}
	if (r != 0)
		remove_client(client);
}

static void
accept_client(struct source *s, uint32_t events)
{
	struct timeval limit = { .tv_sec = CLIENT_TIMEOUT_S };
	struct client *client;
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC), room = 4 << 20;

	(void)events;
	if (fd == -1)
		return;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	client = grow(sizeof(*client));
	client->source.fd = fd;
	client->source.ready = client_ready;
	client->next = clients;
	clients = client;
	source_add(&client->source, false);
}

/* === Starting and ending === */

static void
listen_to_clients(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len = strlen(options.name);

	if (len > sizeof(sun.sun_path) - 1) {
		errno = ENAMETOOLONG;
		die(options.name);
	}
	memcpy(sun.sun_path + 1, options.name, len);
	listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	len += offsetof(struct sockaddr_un, sun_path) + 1;
	if (listener.fd == -1 || bind(listener.fd, (struct sockaddr *)&sun,
	    (socklen_t)len) == -1 || listen(listener.fd, SOMAXCONN) == -1)
		die(options.name);
	listener.ready = accept_client;
	source_add(&listener, false);
}

static void
stop_by_signal(struct source *s, uint32_t events)
{
	(void)s;
	(void)events;
	is_stopped = true;
}

static void
catch_signals(void)
{
	sigset_t mask;

	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGINT);
	(void)sigaddset(&mask, SIGTERM);
	(void)sigaddset(&mask, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	if ((signals.fd = signalfd(-1, &mask, SFD_CLOEXEC)) == -1)
		die("signalfd");
	signals.ready = stop_by_signal;
	source_add(&signals, false);
}

/* Milliseconds to the next read timeout, or -1. */
static int
run_timers(void)
{
	uint64_t now = now_ms(), next = bpf_run_timers(now);

	if (next == UINT64_MAX)
		return -1;
	return next <= now ? 0 : next - now > INT_MAX ? INT_MAX :
	    (int)(next - now);
}

/* Each bpf device and each program takes some. */
static void
allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

void
kernel_run(void)
{
	allow_descriptors();
	everything = epoll_create1(EPOLL_CLOEXEC);
	nodes = epoll_create1(EPOLL_CLOEXEC);
	if (everything == -1 || nodes == -1)
		die("epoll_create1");
	nodes_source.fd = nodes;
	nodes_source.ready = run_nodes;
	source_add(&nodes_source, false);
	catch_signals();
	if (options.is_real)
		real_boot();
	iface_boot();
	listen_to_clients();
	printf("ready\n");
	(void)fflush(stdout);
	while (!is_stopped)
		(void)run_one(everything, run_timers());
	iface_destroy_all();
}
