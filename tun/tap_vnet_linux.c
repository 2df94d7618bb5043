/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A TAP with offload: in front of each frame, both ways, goes the kernel's
 * struct virtio_net_hdr, and a frame may be a super-frame.
 *
 * What TUNSETOFFLOAD turns on is a property of the interface, not of the
 * descriptor, as seen on 6.18: on a persistent interface it outlives the
 * process, SIGKILL included, and a later TUNSETIFF without IFF_VNET_HDR takes
 * the header away but leaves it on.  That program would read super-frames and
 * unfinished checksums and know of neither.  So whoever opened such an
 * interface takes it back at the end, and an attach of ours without offload
 * takes back what somebody else left (tap_linux_attach).  Another process may
 * be using the same interface over the same descriptor: only tap_close of the
 * opener does it, never that of who adopted.
 *
 * The size of the header and its byte order outlive a process, too, and are
 * set to what they are without being set.
 *
 * Reference: tun_set_iff, set_offload, tun_get_user, tun_put_user in
 * drivers/net/tun.c.
 */

#include "tun/tap.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "tun/offload.h"
#include "tun/tap_impl.h"
#include "tun/tap_impl_linux.h"

#define TUN_CLONE_DEVICE	"/dev/net/tun"

/* Since 6.2; headers may be older than the kernel. */
#ifndef TUN_F_USO4
#define TUN_F_USO4		0x20
#define TUN_F_USO6		0x40
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5
#endif

#define SAME_PLACE(member) \
	(offsetof(struct offload, member) == \
	offsetof(struct virtio_net_hdr, member))

static_assert(sizeof(struct offload) == OFFLOAD_SIZE &&
    sizeof(struct virtio_net_hdr) == OFFLOAD_SIZE && SAME_PLACE(flags) &&
    SAME_PLACE(gso_type) && SAME_PLACE(hdr_len) && SAME_PLACE(gso_size) &&
    SAME_PLACE(csum_start) && SAME_PLACE(csum_offset),
    "struct offload is the kernel's");
static_assert(OFFLOAD_NEEDS_CSUM == VIRTIO_NET_HDR_F_NEEDS_CSUM &&
    OFFLOAD_DATA_VALID == VIRTIO_NET_HDR_F_DATA_VALID &&
    OFFLOAD_GSO_NONE == VIRTIO_NET_HDR_GSO_NONE &&
    OFFLOAD_GSO_TCPV4 == VIRTIO_NET_HDR_GSO_TCPV4 &&
    OFFLOAD_GSO_TCPV6 == VIRTIO_NET_HDR_GSO_TCPV6 &&
    OFFLOAD_GSO_UDP_L4 == VIRTIO_NET_HDR_GSO_UDP_L4,
    "and so are its numbers");
static_assert(TAP_LARGE == OFFLOAD_FRAME_MAX && TAP_SMALL < TAP_LARGE,
    "two places for a frame");

/* === Opening === */

/*
 * Best first.  UDP of one family alone is refused, and so is anything without
 * checksums.  TUN_F_TSO_ECN stays off: segments that carry CWR come one by
 * one then, and no other bit is ever beside a gso_type.
 */
static const struct {
	unsigned long flags;
	unsigned offloads;
} levels[] = {
	{ TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_USO4 | TUN_F_USO6,
	    TAP_OFFLOAD_CSUM | TAP_OFFLOAD_TCP | TAP_OFFLOAD_UDP },
	{ TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6,
	    TAP_OFFLOAD_CSUM | TAP_OFFLOAD_TCP },
	{ TUN_F_CSUM, TAP_OFFLOAD_CSUM },
};

static bool
has_header(int fd)
{
	unsigned features = 0;

	return ioctl(fd, TUNGETFEATURES, &features) == 0 &&
	    (features & IFF_VNET_HDR) != 0;
}

static bool
attach(int fd, int unit)
{
	struct ifreq ifr = {
	    .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };

	if (unit == TAP_UNIT_ANY)
		(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "tap%%d");
	else
		(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "tap%d",
		    unit);
	return ioctl(fd, TUNSETIFF, &ifr) == 0;
}

/* Returns what the kernel can do, 0 when it will not have our header. */
static unsigned
set_up(int fd)
{
	int off = 0, size = OFFLOAD_SIZE;
	size_t i;

	if (ioctl(fd, TUNSETVNETHDRSZ, &size) == -1)
		return 0;
	/* The machine's own order; the second is often not built in. */
	(void)ioctl(fd, TUNSETVNETLE, &off);
	(void)ioctl(fd, TUNSETVNETBE, &off);
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (ioctl(fd, TUNSETOFFLOAD, levels[i].flags) == 0)
			return levels[i].offloads;
	return 0;
}

int
tap_vnet_open(int unit, unsigned *offloadsp)
{
	unsigned offloads = 0;
	int fd;

	if ((fd = open(TUN_CLONE_DEVICE, O_RDWR | O_NONBLOCK |
	    O_CLOEXEC)) == -1)
		return -1;
	if (has_header(fd) && attach(fd, unit))
		offloads = set_up(fd);
	if (offloads == 0) {
		(void)close(fd);
		return -1;
	}
	*offloadsp = offloads;
	return fd;
}

/* This needs no right but the descriptor, and 0 is never refused. */
void
tap_vnet_reset(int fd)
{
	(void)ioctl(fd, TUNSETOFFLOAD, 0UL);
}

/* === Frames === */

/*
 * The kernel is trusted with the content, but what comes with a bit or a type
 * that we did not ask for cannot be handed on.  DATA_VALID ends here, so that
 * an ordinary frame always has a header of zeroes.
 */
static int
settle_header(struct offload *o, size_t len)
{
	if ((o->flags & ~(OFFLOAD_NEEDS_CSUM | OFFLOAD_DATA_VALID)) != 0)
		return SSHTAP_ERR_DROPPED;
	o->flags &= OFFLOAD_NEEDS_CSUM;
	if (o->flags == 0)
		o->csum_start = o->csum_offset = 0;
	else if ((size_t)o->csum_start + o->csum_offset + 2 > len)
		return SSHTAP_ERR_DROPPED;
	switch (o->gso_type) {
	case OFFLOAD_GSO_NONE:
		o->hdr_len = o->gso_size = 0;
		return 0;
	case OFFLOAD_GSO_TCPV4:
	case OFFLOAD_GSO_TCPV6:
	case OFFLOAD_GSO_UDP_L4:
		return o->gso_size != 0 ? 0 : SSHTAP_ERR_DROPPED;
	default:
		return SSHTAP_ERR_DROPPED;
	}
}

/*
 * The first bytes of a long frame go to the front of large, where the kernel
 * has put the others: a small copy, and one read for either kind.
 * #syscalls:network readv
 */
static int
vnet_recv_super(struct tap *t, uint8_t *small, uint8_t *large,
    struct offload *o, size_t *lenp)
{
	uint8_t spare;
	struct iovec iov[4] = {
		{ .iov_base = o, .iov_len = sizeof(*o) },
		{ .iov_base = small, .iov_len = TAP_SMALL },
	};
	size_t len, room = large != NULL ? TAP_LARGE : TAP_SMALL;
	int n = 2, r;

	if (large != NULL)
		iov[n++] = (struct iovec){ .iov_base = large + TAP_SMALL,
		    .iov_len = TAP_LARGE - TAP_SMALL };
	iov[n++] = (struct iovec){ .iov_base = &spare, .iov_len = 1 };
	if ((r = tap_linux_received(readv(t->read_fd, iov, n), &len)) != 0)
		return r;
	if (len < OFFLOAD_SIZE || len - OFFLOAD_SIZE > room)
		return SSHTAP_ERR_DROPPED;
	len -= OFFLOAD_SIZE;
	if (len > TAP_SMALL)
		memcpy(large, small, TAP_SMALL);
	*lenp = len;
	return settle_header(o, len);
}

/* #syscalls:network writev */
static int
send_pieces(const struct tap *t, const struct iovec *iov, unsigned n)
{
	size_t len = 0;
	ssize_t sent;
	unsigned i;

	for (i = 0; i < n; i++)
		len += iov[i].iov_len;
	do
		sent = writev(t->write_fd, iov, (int)n);
	while (sent == -1 && errno == EINTR);
	return tap_linux_sent(sent, len);
}

static int
vnet_send_super(struct tap *t, const struct offload *o, struct iovec *iov,
    unsigned n)
{
	/* struct iovec is for both ways, so it cannot say const. */
	const union {
		const struct offload *ours;
		void *passed;
	} u = { .ours = o };

	iov[0] = (struct iovec){ .iov_base = u.passed,
	    .iov_len = sizeof(*o) };
	return send_pieces(t, iov, n);
}

static int
vnet_send(struct tap *t, uint8_t *frame, size_t len)
{
	struct offload none = { .flags = 0 };
	struct iovec iov[2] = {
		{ .iov_base = &none, .iov_len = sizeof(none) },
		{ .iov_base = frame, .iov_len = len },
	};

	return send_pieces(t, iov, 2);
}

static void
vnet_close(struct tap *t)
{
	if (t->needs_keeper)
		tap_vnet_reset(t->read_fd);
	tap_linux_close(t);
}

const struct tap_ops tap_vnet_ops = {
	.name = "linux, with offload",
	.send = vnet_send,
	.recv_super = vnet_recv_super,
	.send_super = vnet_send_super,
	.close = vnet_close,
};
