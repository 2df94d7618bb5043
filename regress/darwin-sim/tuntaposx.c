/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The devices of the tuntaposx kernel extension: /dev/tap0 to /dev/tap15, and
 * tun.  The interface is there while its node is open.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regress/darwin-sim/kernel.h"

#define QUEUE_MAX	64	/* frames that wait to be read */
#define AF_LEN		4
#define ETHER_HEADER	14

struct frame {
	struct frame *next;
	size_t len;
	uint8_t bytes[];
};

struct tuntap {
	struct node node;	/* first */
	struct iface *iface;	/* NULL: destroyed under us */
	struct frame *queue;
	unsigned waiting;
	bool has_af;		/* tun: TUNSIFHEAD */
};

static bool
is_tun(const struct tuntap *t)
{
	return t->iface->type == ABI_IFT_OTHER;
}

/* The host sends; of tun, the family in host order comes first. */
static void
transmit(struct iface *i, const uint8_t *p, size_t len)
{
	struct tuntap *t = i->owner;
	struct frame *f, **last = &t->queue;

	if (len < i->header)
		return;
	bpf_tap(i, p, len, ABI_BPF_DIR_OUT);
	if (t->waiting == QUEUE_MAX)
		return;
	f = grow(sizeof(*f) + len);
	f->len = len;
	memcpy(f->bytes, p, len);
	if (is_tun(t))
		put_u32(f->bytes, htonl(get_u32(p)));
	while (*last != NULL)
		last = &(*last)->next;
	*last = f;
	t->waiting++;
	node_update(&t->node);
}

static void
drop_first(struct tuntap *t)
{
	struct frame *f = t->queue;

	t->queue = f->next;
	t->waiting--;
	free(f);
}

static bool
is_up(struct tuntap *t)
{
	if (t->iface == NULL)
		return false;
	iface_sync(t->iface);
	return (t->iface->flags & ABI_IFF_UP) != 0;
}

static int
read_frame(struct node *n, struct call *c)
{
	struct tuntap *t = (struct tuntap *)n;
	static uint8_t *bytes;
	size_t skip;

	if (!is_up(t))
		return EIO;
	if (t->queue == NULL) {
		if ((c->rq->flags & WIRE_INTERRUPTED) != 0)
			return EINTR;
		if ((c->rq->flags & WIRE_NONBLOCK) == 0)
			c->reply.flags |= WIRE_WAIT;
		return EWOULDBLOCK;
	}
	skip = is_tun(t) && !t->has_af ? AF_LEN : 0;
	c->out_len = t->queue->len - skip;
	/* What does not fit is lost without a word. */
	if (c->out_len > c->rq->a)
		c->out_len = c->rq->a;
	free(bytes);
	bytes = grow(c->out_len + 1);
	memcpy(bytes, t->queue->bytes + skip, c->out_len);
	c->out = bytes;
	drop_first(t);
	return 0;
}

static void
input_packet(struct tuntap *t, const uint8_t *p, size_t len)
{
	uint8_t *packet = grow(len + AF_LEN);
	uint32_t family = len > 0 && p[0] >> 4 == 6 ? ABI_AF_INET6 :
	    ABI_AF_INET;

	if (t->has_af && len >= AF_LEN) {
		family = ntohl(get_u32(p));
		p += AF_LEN;
		len -= AF_LEN;
	}
	put_u32(packet, family);
	memcpy(packet + AF_LEN, p, len);
	iface_input(t->iface, packet, len + AF_LEN);
	free(packet);
}

static int
write_frame(struct node *n, struct call *c)
{
	struct tuntap *t = (struct tuntap *)n;
	size_t len = c->in_len, max;

	if (!is_up(t))
		return EIO;
	c->reply.value = (uint32_t)len;
	max = t->iface->mtu + ETHER_HEADER;
	if (len > max)
		len = max;
	if (is_tun(t))
		input_packet(t, c->in, len);
	else if (len >= ETHER_HEADER)
		iface_input(t->iface, c->in, len);
	return 0;
}

static int
run_ioctl(struct node *n, struct call *c)
{
	struct tuntap *t = (struct tuntap *)n;

	if (t->iface == NULL || !is_tun(t))
		return ENOTTY;
	switch (c->rq->a) {
	case ABI_TUNSIFHEAD:
		t->has_af = get_u32(c->in) != 0;
		return 0;
	case ABI_TUNGIFHEAD:
		put_u32(c->in, t->has_af);
		return 0;
	default:
		return ENOTTY;
	}
}

static bool
is_readable(const struct node *n)
{
	return ((const struct tuntap *)n)->queue != NULL;
}

static void
destroy(struct node *n)
{
	struct tuntap *t = (struct tuntap *)n;

	if (t->iface != NULL)
		iface_destroy(t->iface);
	while (t->queue != NULL)
		drop_first(t);
	free(t);
}

/* No poll: the driver has select(2) only. */
static const struct node_ops tuntaposx_ops = {
	.kind = WIRE_TUNTAPOSX,
	.ioctl = run_ioctl,
	.read = read_frame,
	.write = write_frame,
	.is_readable = is_readable,
	.destroy = destroy,
};

/* Returns the unit, or -1: no such node. */
static int
parse_path(const char *path)
{
	char *end, again[ABI_IFNAMSIZ];
	unsigned long unit;

	if (!options.has_tuntaposx || (strncmp(path, "tap", 3) != 0 &&
	    strncmp(path, "tun", 3) != 0))
		return -1;
	unit = strtoul(path + 3, &end, 10);
	if (unit >= ABI_TUNTAPOSX_NODES)
		return -1;
	(void)snprintf(again, sizeof(again), "%.3s%lu", path, unit);
	return strcmp(again, path) == 0 ? (int)unit : -1;
}

static int
create_iface(struct tuntap *t, const char *path, unsigned unit)
{
	static const uint8_t lladdr[6] = { 0x02, 0x74, 0x61, 0x70, 0, 0 };
	bool tun = path[1] == 'u';
	struct iface *i;

	i = iface_create(IFACE_TUNTAPOSX, path, unit, tun ?
	    ABI_IFF_POINTOPOINT : ABI_IFF_BROADCAST | ABI_IFF_SIMPLEX |
	    ABI_IFF_MULTICAST);
	if (i == NULL)
		return ENXIO;
	i->mtu_max = 65535;
	i->transmit = transmit;
	i->owner = t;
	i->owner_ref = &t->iface;
	t->iface = i;
	if (tun) {
		i->type = ABI_IFT_OTHER;
		i->header = AF_LEN;
		return 0;
	}
	memcpy(i->lladdr, lladdr, sizeof(lladdr));
	i->lladdr[5] = (uint8_t)unit;
	i->lladdr_len = sizeof(i->lladdr);
	if (i->real != NULL)
		real_set_lladdr(i->real, i->lladdr);
	return 0;
}

int
tuntaposx_open(struct call *c, const char *path)
{
	uint8_t name[ABI_IFNAMSIZ] = { 0 };
	int error, unit = parse_path(path);
	struct tuntap *t;

	if (unit == -1)
		return ENOENT;
	if (!call_is_root(c))
		return EACCES;
	memcpy(name, path, strnlen(path, sizeof(name) - 1));
	if (iface_find(name) != NULL)
		return EBUSY;
	t = grow(sizeof(*t));
	if ((error = create_iface(t, path, (unsigned)unit)) != 0) {
		free(t);
		return error;
	}
	if ((error = node_start(&t->node, &tuntaposx_ops, c)) != 0) {
		iface_destroy(t->iface);
		free(t);
	}
	return error;
}
