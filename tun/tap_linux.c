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
#include <linux/if_tun.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "openbsd-compat/port-net.h"
#include "tun/tap_impl.h"

static_assert(SYS_TUN_HEADROOM <= TAP_HEADROOM &&
    SYS_TUN_FRAME_MIN == TAP_FRAME_MIN && SSH_TUNID_ANY == TAP_UNIT_ANY &&
    SSH_TUNID_MAX == TAP_UNIT_MAX, "port-net's numbers are ours");

/* In front of an IP packet there is room for its address family word. */
#define AF_WORD_LEN	4

static bool
is_gone(int error)
{
	return error == EBADFD || error == ENXIO || error == ENODEV ||
	    error == EBADF;
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

/* Read one frame or packet of at most size bytes. */
static int
read_one(int fd, uint8_t *p, size_t size, size_t *lenp)
{
	uint8_t spare;
	struct iovec iov[2] = {
		{ .iov_base = p, .iov_len = size },
		{ .iov_base = &spare, .iov_len = sizeof(spare) },
	};
	ssize_t n = readv(fd, iov, 2);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return SSHTAP_ERR_AGAIN;
	if (n < 0)
		return is_gone(errno) ? SSHTAP_ERR_GONE : SSHTAP_ERR_SYSTEM;
	if ((size_t)n > size)
		return SSHTAP_ERR_DROPPED;
	*lenp = (size_t)n;
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
	(void)sys_tun_infilter((int)t->mode, frame + room, len, note_frame,
	    &found, &dropped);
	if (found.frame != frame)
		return SSHTAP_ERR_DROPPED;
	*lenp = found.len;
	return 0;
}

/*
 * A device that will not take a frame now will not be waited for: the frame
 * is lost as it would be on a wire, EAGAIN included.
 */
static int
linux_send(struct tap *t, uint8_t *frame, size_t len)
{
	ssize_t n;

	if (sys_tun_outfilter((int)t->mode, &frame, &len) == -1)
		return SSHTAP_ERR_DROPPED;
	do
		n = write(t->write_fd, frame, len);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return is_gone(errno) ? SSHTAP_ERR_GONE : SSHTAP_ERR_DROPPED;
	return (size_t)n == len ? 0 : SSHTAP_ERR_DROPPED;
}

static void
linux_close(struct tap *t)
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
	.close = linux_close,
};

/*
 * Only a persistent interface can have been there before us: any other one
 * is gone with its descriptor, and while that is open ours is refused with
 * EBUSY.  The kernel's answer leaves no moment in which to be mistaken, as
 * looking for the name before opening would.
 */
static int
was_there_before(int fd, bool *beforep)
{
	struct ifreq ifr = { .ifr_flags = 0 };

	if (ioctl(fd, TUNGETIFF, &ifr) == -1)
		return SSHTAP_ERR_SYSTEM;
	*beforep = (ifr.ifr_flags & IFF_PERSIST) != 0;
	return 0;
}

/* Set IFF_UP and leave the other flags as they are. */
static int
bring_up(const char *name)
{
	struct ifreq ifr = { .ifr_flags = 0 };
	int r = SSHTAP_ERR_SYSTEM, s = -1, saved_errno;

	/* Any socket carries interface ioctls; this family is never absent. */
	if ((s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		goto out;
	memcpy(ifr.ifr_name, name, strnlen(name, sizeof(ifr.ifr_name) - 1));
	if (ioctl(s, SIOCGIFFLAGS, &ifr) == -1)
		goto out;
	ifr.ifr_flags |= IFF_UP;
	if (ioctl(s, SIOCSIFFLAGS, &ifr) == -1)
		goto out;
	r = 0;
 out:
	saved_errno = errno;
	if (s != -1)
		(void)close(s);
	errno = saved_errno;
	return r;
}

int
tap_open(int unit, enum tap_mode mode, bool up, struct tap **tapp)
{
	int r = SSHTAP_ERR_SYSTEM, rfd = -1, wfd = -1, saved_errno;
	struct tap *t = NULL;
	char *name = NULL;
	bool before;

	if (sys_tun_open(unit, (int)mode, &name, &rfd, &wfd) == -1)
		goto out;
	if ((t = tap_new(&linux_ops, name, mode)) == NULL) {
		(void)close(rfd);
		r = SSHTAP_ERR_ALLOC;
		goto out;
	}
	t->read_fd = rfd;
	t->write_fd = wfd;
	if ((r = was_there_before(rfd, &before)) != 0)
		goto out;
	if (up && !before && (r = bring_up(name)) != 0)
		goto out;
	*tapp = t;
	t = NULL;
 out:
	saved_errno = errno;
	tap_close(t);
	free(name);
	errno = saved_errno;
	return r;
}

int
tap_adopt(int rfd, int wfd, enum tap_mode mode, const char *name,
    struct tap **tapp)
{
	struct tap *t;

	if (rfd < 0 || wfd < 0 || strlen(name) >= IFNAMSIZ)
		return SSHTAP_ERR_ARGUMENT;
	if ((t = tap_new(&linux_ops, name, mode)) == NULL)
		return SSHTAP_ERR_ALLOC;
	t->read_fd = rfd;
	t->write_fd = wfd;
	*tapp = t;
	return 0;
}
