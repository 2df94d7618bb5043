/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * utun (xnu: bsd/net/if_utun.c, bsd/kern/kern_control.c).  The program reads
 * and writes packets in its socket, without a call to here.  Each has the
 * address family in network order in front; here, and for bpf, which finds
 * DLT_NULL, in host order.
 */

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regress/darwin-sim/kernel.h"

#define CONTROL_ID	5
#define AF_LEN		4
#define UNIT_NAME	"utun%u"

struct utun {
	struct node node;	/* first */
	struct iface *iface;	/* NULL: not connected */
	uint32_t max_pending;
};

static void
swap_family(uint8_t *out, const uint8_t *in, size_t len)
{
	memcpy(out, in, len);
	put_u32(out, htonl(get_u32(in)));
}

static void
transmit(struct iface *i, const uint8_t *p, size_t len)
{
	struct utun *u = i->owner;
	uint8_t *packet;

	if (len < AF_LEN)
		return;
	bpf_tap(i, p, len, ABI_BPF_DIR_OUT);
	packet = grow(len);
	swap_family(packet, p, len);
	(void)send(u->node.source.fd, packet, len,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	free(packet);
}

static void
receive(struct node *n, const uint8_t *p, size_t len)
{
	struct utun *u = (struct utun *)n;
	uint8_t *packet;

	if (u->iface == NULL)
		return;
	if (len < AF_LEN) {
		fprintf(stderr, "darwin-kernel: %s: a packet without its"
		    " address family was written\n", u->iface->name);
		return;
	}
	packet = grow(len);
	swap_family(packet, p, len);
	iface_input(u->iface, packet, len);
	free(packet);
}

static int
create_unit(struct utun *u, uint32_t unit)
{
	char name[ABI_IFNAMSIZ] = { 0 };

	(void)snprintf(name, sizeof(name), UNIT_NAME, unit);
	if (iface_find((const uint8_t *)name) != NULL)
		return EBUSY;
	u->iface = iface_create(IFACE_UTUN, name, unit, ABI_IFF_UP |
	    ABI_IFF_POINTOPOINT | ABI_IFF_RUNNING | ABI_IFF_MULTICAST);
	if (u->iface == NULL)
		return ENOBUFS;
	u->iface->type = ABI_IFT_OTHER;
	u->iface->header = AF_LEN;
	u->iface->mtu_max = 65535;
	u->iface->transmit = transmit;
	u->iface->owner = u;
	u->iface->owner_ref = &u->iface;
	iface_set_flags(u->iface, ABI_IFF_UP);
	return 0;
}

static int
connect_to(struct node *n, struct call *c)
{
	struct utun *u = (struct utun *)n;
	uint32_t unit;
	int error = EBUSY;

	if (c->in_len < ABI_SOCKADDR_CTL_SIZE || c->in[1] != ABI_AF_SYSTEM ||
	    c->in[ABI_SOCKADDR_CTL_SYSADDR_AT] != ABI_AF_SYS_CONTROL)
		return EINVAL;
	if (u->iface != NULL)
		return EISCONN;
	if (get_u32(c->in + ABI_SOCKADDR_CTL_ID_AT) != CONTROL_ID)
		return ENOENT;
	if (!call_is_root(c))
		return EPERM;
	unit = get_u32(c->in + ABI_SOCKADDR_CTL_UNIT_AT);
	if (unit != 0)
		return create_unit(u, unit - 1);
	while (error == EBUSY)
		error = create_unit(u, unit++);
	return error;
}

static int
run_ioctl(struct node *n, struct call *c)
{
	const char *name = (const char *)c->in + ABI_CTL_INFO_NAME_AT;

	(void)n;
	if (c->rq->a != ABI_CTLIOCGINFO)
		return iface_ioctl(c);
	if (strncmp(name, ABI_UTUN_CONTROL_NAME,
	    ABI_CTL_INFO_SIZE - ABI_CTL_INFO_NAME_AT) != 0)
		return ENOENT;
	put_u32(c->in, CONTROL_ID);
	return 0;
}

static int
set_option(struct node *n, struct call *c)
{
	if (c->rq->a != ABI_SYSPROTO_CONTROL)
		return 0;
	if (c->rq->b != ABI_UTUN_OPT_MAX_PENDING)
		return ENOPROTOOPT;
	if (c->in_len < sizeof(uint32_t))
		return EINVAL;
	((struct utun *)n)->max_pending = get_u32(c->in);
	return 0;
}

static int
get_option(struct node *n, struct call *c)
{
	static const uint32_t type = SOCK_DGRAM;
	struct utun *u = (struct utun *)n;

	if (c->rq->a != ABI_SYSPROTO_CONTROL) {
		if (c->rq->b != SO_TYPE)
			return ENOPROTOOPT;
		c->out = (const uint8_t *)&type;
		c->out_len = sizeof(type);
		return 0;
	}
	if (u->iface == NULL)
		return EINVAL;
	if (c->rq->b != ABI_UTUN_OPT_IFNAME)
		return ENOPROTOOPT;
	call_say(c, u->iface->name);
	c->out_len++;
	return 0;
}

static void
destroy(struct node *n)
{
	struct utun *u = (struct utun *)n;

	if (u->iface != NULL)
		iface_destroy(u->iface);
	free(u);
}

static const struct node_ops utun_ops = {
	.kind = WIRE_UTUN,
	.ioctl = run_ioctl,
	.connect = connect_to,
	.setsockopt = set_option,
	.getsockopt = get_option,
	.packet = receive,
	.destroy = destroy,
};

int
utun_socket(struct call *c)
{
	struct utun *u;
	int error;

	if (c->rq->b != SOCK_DGRAM || c->rq->c != ABI_SYSPROTO_CONTROL)
		return EPROTONOSUPPORT;
	u = grow(sizeof(*u));
	u->max_pending = 1;
	if ((error = node_start(&u->node, &utun_ops, c)) != 0)
		free(u);
	return error;
}
