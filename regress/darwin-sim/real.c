/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * With --veth an interface of the simulated system is one of Linux, too,
 * under the same name, so that real programs send and receive there: feth is
 * a veth pair whose other end is out of sight (veth.c), utun a tun device.
 *
 * What somebody changes on the Linux side (up, down, MTU, address, deletion)
 * is looked up when it is asked for.
 */

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "regress/darwin-sim/kernel.h"

#define FRAME_MAX	(65536 + 64)
#define AF_LEN		4
#define BUDGET		64	/* frames from one interface in a turn */

enum real_kind {
	REAL_VETH,
	REAL_TAP,
	REAL_TUN
};

struct real {
	struct source source;	/* first */
	struct iface *iface;
	enum real_kind kind;
	char name[ABI_IFNAMSIZ];
	int index;
	bool has_lladdr;	/* Linux took the last one */
};

static int control = -1;	/* for ioctls on interfaces */

void
real_boot(void)
{
	if ((control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		die("socket");
	veth_boot();
}

static int
request(const struct real *r, unsigned long what, struct ifreq *ifr)
{
	memcpy(ifr->ifr_name, r->name, sizeof(ifr->ifr_name));
	return ioctl(control, what, ifr);
}

/* === From the host === */

static ssize_t
receive(struct real *r, uint8_t *p, size_t size)
{
	ssize_t n;

	if (r->kind == REAL_VETH)
		return veth_receive(r->source.fd, p, size);
	if (r->kind == REAL_TAP)
		return read(r->source.fd, p, size);
	if ((n = read(r->source.fd, p + AF_LEN, size - AF_LEN)) <= 0)
		return n;
	put_u32(p, p[AF_LEN] >> 4 == 6 ? ABI_AF_INET6 : ABI_AF_INET);
	return n + AF_LEN;
}

static void
real_ready(struct source *s, uint32_t events)
{
	static uint8_t frame[FRAME_MAX];
	struct real *r = (struct real *)s;
	unsigned n;
	ssize_t len;

	(void)events;
	for (n = 0; n < BUDGET; n++) {
		if ((len = receive(r, frame, sizeof(frame))) <= 0)
			break;
		r->iface->transmit(r->iface, frame, (size_t)len);
	}
}

/* === To the host === */

void
real_deliver(struct real *r, const uint8_t *p, size_t len)
{
	ssize_t n;

	if (r->kind == REAL_TUN) {
		if (len <= AF_LEN)
			return;
		p += AF_LEN;
		len -= AF_LEN;
	}
	/* What Linux does not take is lost. */
	n = write(r->source.fd, p, len);
	(void)n;
}

/* === Making and unmaking === */

static int
open_tun(struct real *r)
{
	struct ifreq ifr = { .ifr_flags = IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1)
		return -1;
	ifr.ifr_flags |= r->kind == REAL_TUN ? IFF_TUN : IFF_TAP;
	memcpy(ifr.ifr_name, r->name, sizeof(ifr.ifr_name));
	if (ioctl(fd, TUNSETIFF, &ifr) == -1 ||
	    request(r, SIOCGIFINDEX, &ifr) == -1) {
		(void)close(fd);
		return -1;
	}
	r->index = ifr.ifr_ifindex;
	veth_set_link_local(r->index, false);
	return fd;
}

struct real *
real_create(struct iface *i)
{
	struct real *r = grow(sizeof(*r));

	r->iface = i;
	memcpy(r->name, i->name, sizeof(r->name));
	r->kind = i->kind == IFACE_FETH ? REAL_VETH :
	    strncmp(i->name, "tap", 3) == 0 ? REAL_TAP : REAL_TUN;
	r->source.fd = r->kind == REAL_VETH ?
	    veth_create(r->name, &r->index) : open_tun(r);
	if (r->source.fd == -1) {
		fprintf(stderr, "darwin-kernel: %s: %s\n", r->name,
		    strerror(errno));
		free(r);
		return NULL;
	}
	i->index = (unsigned)r->index;
	r->source.ready = real_ready;
	source_add(&r->source, false);
	return r;
}

void
real_destroy(struct real *r)
{
	/* That of a tun device goes with its descriptor. */
	source_remove(&r->source);
	if (r->kind == REAL_VETH)
		veth_destroy(r->index);
	free(r);
}

void
real_attached(const struct iface *i)
{
	if (i->kind != IFACE_FETH || i->peer == NULL || i->peer->is_written)
		return;
	veth_set_link_local(i->peer->real->index, true);
}

/* === Settings === */

void
real_set_flags(struct real *r, unsigned flags)
{
	struct ifreq ifr = { .ifr_flags = 0 };

	if (request(r, SIOCGIFFLAGS, &ifr) == -1)
		return;
	ifr.ifr_flags = (short)(ifr.ifr_flags & ~IFF_UP);
	if ((flags & ABI_IFF_UP) != 0)
		ifr.ifr_flags |= IFF_UP;
	(void)request(r, SIOCSIFFLAGS, &ifr);
}

void
real_set_mtu(struct real *r, unsigned mtu)
{
	struct ifreq ifr = { .ifr_mtu = (int)mtu };

	(void)request(r, SIOCSIFMTU, &ifr);
}

void
real_set_lladdr(struct real *r, const uint8_t lladdr[6])
{
	struct ifreq ifr = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };

	memcpy(ifr.ifr_hwaddr.sa_data, lladdr, 6);
	r->has_lladdr = request(r, SIOCSIFHWADDR, &ifr) == 0;
}

bool
real_sync(struct real *r, struct iface *i)
{
	struct ifreq ifr = { .ifr_flags = 0 };

	if (request(r, SIOCGIFFLAGS, &ifr) == -1)
		return errno != ENODEV;
	i->flags &= ~(unsigned)(ABI_IFF_UP | ABI_IFF_RUNNING);
	if ((ifr.ifr_flags & IFF_UP) != 0)
		i->flags |= ABI_IFF_UP | ABI_IFF_RUNNING;
	if (request(r, SIOCGIFMTU, &ifr) == 0)
		i->mtu = (unsigned)ifr.ifr_mtu;
	if (r->has_lladdr && request(r, SIOCGIFHWADDR, &ifr) == 0)
		memcpy(i->lladdr, ifr.ifr_hwaddr.sa_data, sizeof(i->lladdr));
	return true;
}
