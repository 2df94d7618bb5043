/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The device of Linux: one descriptor, one frame for each read(2) and
 * write(2).
 *
 * A frame longer than the buffer is cut by the kernel without a word when
 * IFF_NO_PI is set (tun_put_user in drivers/net/tun.c), so each read offers
 * one byte more than the caller has, and a frame that reaches it was cut.
 *
 * Errors of the device fall into three kinds, as observed on 6.18: EAGAIN,
 * nothing to read, also while the interface is down; EBADFD, the interface
 * was deleted under the descriptor, which poll(2) shows as POLLERR; and the
 * rest, which concern one frame (EIO while down, EINVAL for a runt or an IP
 * packet of no known version) and must not end a tunnel.
 */

#include "tun/tap.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "openbsd-compat/port-net.h"
#include "tun/tap_impl.h"
#include "tun/tap_impl_linux.h"

static_assert(SYS_TUN_HEADROOM <= TAP_HEADROOM &&
    SYS_TUN_FRAME_MIN == TAP_FRAME_MIN && SSH_TUNID_ANY == TAP_UNIT_ANY &&
    SSH_TUNID_MAX == TAP_UNIT_MAX, "port-net's numbers are ours");

/* In front of an IP packet there is room for its address family word. */
#define AF_WORD_LEN	4

/* 65535 less an Ethernet header (drivers/net/tun.c, tun_net_init). */
#define ETHERNET_MTU_MAX	65521

static_assert(TAP_NAME_SIZE == IFNAMSIZ, "names fit");

static bool
is_gone(int error)
{
	return error == EBADFD || error == ENXIO || error == ENODEV ||
	    error == EBADF;
}

int
tap_linux_received(ssize_t n, size_t *lenp)
{
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return SSHTAP_ERR_AGAIN;
	if (n < 0)
		return is_gone(errno) ? SSHTAP_ERR_GONE : SSHTAP_ERR_SYSTEM;
	*lenp = (size_t)n;
	return 0;
}

/*
 * A device that will not take a frame now will not be waited for: the frame
 * is lost as it would be on a wire, EAGAIN included.
 */
int
tap_linux_sent(ssize_t n, size_t len)
{
	if (n == -1)
		return is_gone(errno) ? SSHTAP_ERR_GONE : SSHTAP_ERR_DROPPED;
	return (size_t)n == len ? 0 : SSHTAP_ERR_DROPPED;
}

static enum sys_tun_framing
framing_of(const struct tap *t)
{
	return sys_tun_framing((int)t->mode, t->read_fd, t->write_fd);
}

/* Where infilter left the frame. */
struct found {
	uint8_t *frame;
	size_t len;
};

static int
note_frame(void *ctx, uint8_t *frame, size_t len)
{
	struct found *f = ctx;

	f->frame = frame;
	f->len = len;
	return 0;
}

/*
 * Read one frame or packet of at most size bytes.
 * #syscalls:network readv
 */
static int
read_one(int fd, uint8_t *p, size_t size, size_t *lenp)
{
	uint8_t spare;
	struct iovec iov[2] = {
		{ .iov_base = p, .iov_len = size },
		{ .iov_base = &spare, .iov_len = sizeof(spare) },
	};
	size_t len;
	int r;

	if ((r = tap_linux_received(readv(fd, iov, 2), &len)) != 0)
		return r;
	if (len > size)
		return SSHTAP_ERR_DROPPED;
	*lenp = len;
	return 0;
}

static int
linux_recv(struct tap *t, uint8_t *frame, size_t size, size_t *lenp)
{
	size_t room = t->mode == TAP_POINT_TO_POINT ? AF_WORD_LEN : 0;
	struct found found = { .frame = NULL };
	uint64_t dropped = 0;
	size_t len;
	int r;

	if (size < room)
		return SSHTAP_ERR_ARGUMENT;
	if ((r = read_one(t->read_fd, frame + room, size - room, &len)) != 0)
		return r;
	(void)sys_tun_infilter(framing_of(t), frame + room, len, note_frame,
	    &found, &dropped);
	if (found.frame != frame)
		return SSHTAP_ERR_DROPPED;
	*lenp = found.len;
	return 0;
}

/* #syscalls:network write */
static int
linux_send(struct tap *t, uint8_t *frame, size_t len)
{
	ssize_t n;

	if (sys_tun_outfilter(framing_of(t), &frame, &len) == -1)
		return SSHTAP_ERR_DROPPED;
	do
		n = write(t->write_fd, frame, len);
	while (n == -1 && errno == EINTR);
	return tap_linux_sent(n, len);
}

/* #syscalls:network close */
void
tap_linux_close(struct tap *t)
{
	if (t->read_fd != -1)
		(void)close(t->read_fd);
	if (t->write_fd != t->read_fd)
		(void)close(t->write_fd);
}

static const struct tap_ops linux_ops = {
	.name = "linux",
	.recv = linux_recv,
	.send = linux_send,
	.close = tap_linux_close,
};

/* What sys_tun_open was doing can be told from errno. */
static enum tap_step
get_open_step(const struct tap_request *rq)
{
	switch (errno) {
	case ENOENT:
	case EACCES:
	case EPERM:
		return TAP_STEP_DRIVER;
	case EBUSY:
		return TAP_STEP_FOREIGN;
	case EINVAL:
		return rq->unit != TAP_UNIT_ANY ? TAP_STEP_FOREIGN :
		    TAP_STEP_CREATE;
	default:
		return TAP_STEP_CREATE;
	}
}

static void
name_request(const struct tap_request *rq, char name[TAP_NAME_SIZE])
{
	const char *kind = rq->mode == TAP_ETHERNET ? "tap" : "tun";

	if (rq->unit == TAP_UNIT_ANY)
		(void)snprintf(name, TAP_NAME_SIZE, "%sN", kind);
	else
		(void)snprintf(name, TAP_NAME_SIZE, "%s%d", kind, rq->unit);
}

/*
 * Only a persistent interface can have been there before us: any other one
 * is gone with its descriptor, and while that is open ours is refused with
 * EBUSY.  The kernel's answer leaves no moment in which to be mistaken, as
 * looking for the name before opening would.
 */
int
tap_linux_attach(const struct tap_request *rq, struct tap_linux *l,
    struct tap_fault *fault)
{
	struct ifreq ifr = { .ifr_flags = 0 };
	int fd = -1, r, saved_errno, wfd;

	if ((r = tap_check_request(rq, fault)) != 0)
		return r;
	name_request(rq, l->name);
	l->offloads = 0;
	if (rq->offload && rq->mode == TAP_ETHERNET)
		fd = tap_vnet_open(rq->unit, &l->offloads);
	if (fd == -1 && sys_tun_open(rq->unit, (int)rq->mode, NULL, &fd,
	    &wfd) == -1)
		return tap_fault_set(fault, get_open_step(rq), l->name);
	if (ioctl(fd, TUNGETIFF, &ifr) == -1) {
		r = tap_fault_set(fault, TAP_STEP_CREATE, l->name);
		saved_errno = errno;
		tap_vnet_reset(fd);
		(void)close(fd);
		errno = saved_errno;
		return r;
	}
	l->fd = fd;
	memcpy(l->name, ifr.ifr_name, sizeof(l->name));
	l->was_there = (ifr.ifr_flags & IFF_PERSIST) != 0;
	if (l->was_there && l->offloads == 0)
		tap_vnet_reset(fd);
	return 0;
}

/* EINVAL of this ioctl is always the range, which it does not tell. */
static int
set_mtu(int s, struct ifreq *ifr, const struct tap_request *rq,
    struct tap_fault *fault)
{
	int r;

	/* A user's own device may have it already, and takes no other. */
	if (ioctl(s, SIOCGIFMTU, ifr) == 0 && ifr->ifr_mtu == (int)rq->mtu)
		return 0;
	ifr->ifr_mtu = (int)rq->mtu;
	if (ioctl(s, SIOCSIFMTU, ifr) == 0)
		return 0;
	if (errno == EINVAL)
		errno = ERANGE;
	r = tap_fault_set(fault, TAP_STEP_MTU, ifr->ifr_name);
	fault->limit = rq->mode == TAP_ETHERNET ? ETHERNET_MTU_MAX :
	    TAP_MTU_MAX;
	return r;
}

static int
set_lladdr(int s, struct ifreq *ifr, const struct tap_request *rq,
    struct tap_fault *fault)
{
	if (ioctl(s, SIOCGIFHWADDR, ifr) == 0 && memcmp(rq->lladdr,
	    ifr->ifr_hwaddr.sa_data, TAP_LLADDR_LEN) == 0)
		return 0;
	ifr->ifr_hwaddr = (struct sockaddr){ .sa_family = ARPHRD_ETHER };
	memcpy(ifr->ifr_hwaddr.sa_data, rq->lladdr, TAP_LLADDR_LEN);
	if (ioctl(s, SIOCSIFHWADDR, ifr) == 0)
		return 0;
	return tap_fault_set(fault, TAP_STEP_ADDRESS, ifr->ifr_name);
}

/* Set IFF_UP and leave the other flags as they are. */
static int
bring_up(int s, struct ifreq *ifr, struct tap_fault *fault)
{
	if (ioctl(s, SIOCGIFFLAGS, ifr) == 0) {
		ifr->ifr_flags |= IFF_UP;
		if (ioctl(s, SIOCSIFFLAGS, ifr) == 0)
			return 0;
	}
	return tap_fault_set(fault, TAP_STEP_UP, ifr->ifr_name);
}

int
tap_linux_up(const char *name, struct tap_fault *fault)
{
	struct ifreq ifr = { .ifr_flags = 0 };
	int r, s, saved_errno;

	if (strlen(name) >= sizeof(ifr.ifr_name)) {
		errno = ENXIO;
		return tap_fault_set(fault, TAP_STEP_UP, name);
	}
	if ((s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		return tap_fault_set(fault, TAP_STEP_UP, name);
	memcpy(ifr.ifr_name, name, strlen(name));
	if ((r = bring_up(s, &ifr, fault)) != 0 && errno == ENODEV)
		errno = fault->error = ENXIO;
	saved_errno = errno;
	(void)close(s);
	errno = saved_errno;
	return r;
}

/* One that was there keeps what it has, unless it was asked for in words. */
int
tap_linux_configure(const struct tap_request *rq, const struct tap_linux *l,
    struct tap_fault *fault)
{
	struct ifreq ifr = { .ifr_flags = 0 };
	int r = 0, s, saved_errno;

	/* Any socket carries interface ioctls; this family is never absent. */
	if ((s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		return tap_fault_set(fault, TAP_STEP_CREATE, l->name);
	memcpy(ifr.ifr_name, l->name, sizeof(ifr.ifr_name));
	if (rq->has_lladdr && (r = set_lladdr(s, &ifr, rq, fault)) != 0)
		goto out;
	if (rq->mtu != 0 && (r = set_mtu(s, &ifr, rq, fault)) != 0)
		goto out;
	if (rq->up && !l->was_there)
		r = bring_up(s, &ifr, fault);
 out:
	saved_errno = errno;
	(void)close(s);
	errno = saved_errno;
	return r;
}

static const struct tap_ops *
get_ops(unsigned offloads)
{
	return offloads != 0 ? &tap_vnet_ops : &linux_ops;
}

int
tap_open(const struct tap_request *rq, struct tap **tapp,
    struct tap_fault *fault)
{
	struct tap *t = NULL;
	struct tap_linux l;
	int r, saved_errno;

	if ((r = tap_linux_attach(rq, &l, fault)) != 0)
		return r;
	if ((t = tap_new(get_ops(l.offloads), l.name, rq->mode)) == NULL) {
		tap_vnet_reset(l.fd);
		(void)close(l.fd);
		return SSHTAP_ERR_ALLOC;
	}
	t->read_fd = l.fd;
	t->write_fd = l.fd;
	t->offloads = l.offloads;
	t->needs_keeper = l.was_there && l.offloads != 0;
	if ((r = tap_linux_configure(rq, &l, fault)) == 0) {
		*tapp = t;
		t = NULL;
	}
	saved_errno = errno;
	tap_close(t);
	errno = saved_errno;
	return r;
}

int
tap_adopt(int rfd, int wfd, enum tap_mode mode, const char *name,
    unsigned offloads, struct tap **tapp)
{
	struct tap *t;

	if (rfd < 0 || wfd < 0 || strlen(name) >= IFNAMSIZ ||
	    offloads > TAP_OFFLOAD_ALL ||
	    (offloads != 0 && mode != TAP_ETHERNET))
		return SSHTAP_ERR_ARGUMENT;
	if ((t = tap_new(get_ops(offloads), name, mode)) == NULL)
		return SSHTAP_ERR_ALLOC;
	t->read_fd = rfd;
	t->write_fd = wfd;
	t->offloads = offloads;
	*tapp = t;
	return 0;
}

/* No setting of Linux breaks the frames of a device. */
void
tap_warn(tap_warning_fn *fn, void *ctx)
{
	(void)fn;
	(void)ctx;
}
