/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * AF_NDRV sockets (xnu: bsd/net/ndrv.c, bsd/kern/uipc_socket.c).  Nothing is
 * ever received, so reading is left to the descriptor itself, in which
 * nothing ever waits.
 */

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "regress/darwin-sim/kernel.h"

#define SNDBUF_MAX	8388608		/* kern.ipc.maxsockbuf */
#define ETHER_HEADER	14
/* Linux's numbers, which the code under test gets from system headers. */
#define IS_SOCKET_LEVEL(n) ((n) == SOL_SOCKET || (n) == ABI_SOL_SOCKET)

struct ndrv {
	struct node node;	/* first */
	struct ndrv *next;
	struct iface *iface;
	bool is_bound, has_failed_bind, is_connected;
	bool is_gone;		/* its interface was destroyed */
	bool is_shut;		/* nothing more can be sent */
	bool has_no_sigpipe;
	uint32_t sndbuf;
};

static struct ndrv *sockets;

static int
bind_to(struct node *node, struct call *c)
{
	struct ndrv *n = (struct ndrv *)node;
	uint8_t name[ABI_IFNAMSIZ] = { 0 };

	if (n->is_bound || n->has_failed_bind)
		return EINVAL;
	n->has_failed_bind = true;
	if (c->in_len <= ABI_SOCKADDR_NDRV_NAME_AT)
		return EINVAL;
	memcpy(name, c->in + ABI_SOCKADDR_NDRV_NAME_AT,
	    c->in_len < ABI_SOCKADDR_NDRV_SIZE ?
	    c->in_len - ABI_SOCKADDR_NDRV_NAME_AT : ABI_IFNAMSIZ);
	if (name[0] == '\0')
		return EINVAL;
	if ((n->iface = iface_find(name)) == NULL)
		return EADDRNOTAVAIL;
	n->has_failed_bind = false;
	n->is_bound = true;
	n->iface->is_written = true;
	if (n->iface->real != NULL)
		real_attached(n->iface);
	return 0;
}

static int
connect_to(struct node *node, struct call *c)
{
	struct ndrv *n = (struct ndrv *)node;

	if (c->in_len < ABI_SOCKADDR_NDRV_SIZE)
		return EINVAL;
	if (n->is_connected)
		return EISCONN;
	n->is_connected = true;
	return 0;
}

static int
shut_down(struct node *node, struct call *c)
{
	if (c->rq->a == SHUT_WR || c->rq->a == SHUT_RDWR)
		((struct ndrv *)node)->is_shut = true;
	return 0;
}

static int
broken_pipe(const struct ndrv *n, struct call *c)
{
	if (!n->has_no_sigpipe)
		c->reply.flags |= WIRE_SIGPIPE;
	return EPIPE;
}

static int
send_frame(struct node *node, struct call *c)
{
	struct ndrv *n = (struct ndrv *)node;

	if (n->is_shut)
		return broken_pipe(n, c);
	if (!n->is_connected && (c->rq->flags & WIRE_TO_ADDRESS) == 0)
		return EDESTADDRREQ;
	if (c->in_len > n->sndbuf)
		return EMSGSIZE;
	if (!n->is_bound)
		return EINVAL;
	if (c->in_len < ETHER_HEADER) {
		c->reply.flags |= WIRE_ABORT;
		call_say(c, "a frame of less than 14 bytes was written to an"
		    " AF_NDRV socket");
		return EINVAL;
	}
	if (n->is_gone)
		return ENXIO;
	c->reply.value = (uint32_t)c->in_len;
	return iface_inject(n->iface, c->in, c->in_len);
}

static int
set_option(struct node *node, struct call *c)
{
	struct ndrv *n = (struct ndrv *)node;
	uint32_t value;

	if (!IS_SOCKET_LEVEL(c->rq->a))
		return ENOTSUP;
	if (c->in_len < sizeof(value))
		return EINVAL;
	value = get_u32(c->in);
	switch (c->rq->b) {
	case SO_SNDBUF:
	case ABI_SO_SNDBUF:
		if (value == 0)
			return EINVAL;
		if (value > SNDBUF_MAX)
			return ENOBUFS;
		n->sndbuf = value;
		return 0;
	case ABI_SO_NOSIGPIPE:
		n->has_no_sigpipe = value != 0;
		return 0;
	default:
		return ENOPROTOOPT;
	}
}

static int
get_option(struct node *node, struct call *c)
{
	struct ndrv *n = (struct ndrv *)node;
	static uint32_t value;

	if (!IS_SOCKET_LEVEL(c->rq->a))
		return ENOTSUP;
	switch (c->rq->b) {
	case SO_SNDBUF:
	case ABI_SO_SNDBUF:
		value = n->sndbuf;
		break;
	case ABI_SO_NOSIGPIPE:
		value = n->has_no_sigpipe;
		break;
	case SO_TYPE:
		value = SOCK_RAW;
		break;
	case SO_ERROR:
		value = 0;
		break;
	default:
		return ENOPROTOOPT;
	}
	c->out = (const uint8_t *)&value;
	c->out_len = sizeof(value);
	return 0;
}

static int
get_name(struct node *node, struct call *c)
{
	struct ndrv *n = (struct ndrv *)node;
	static uint8_t address[ABI_SOCKADDR_NDRV_SIZE];

	if (!n->is_bound || n->is_gone)
		return EINVAL;
	address[0] = sizeof(address);
	address[1] = ABI_AF_NDRV;
	memcpy(address + ABI_SOCKADDR_NDRV_NAME_AT, n->iface->name,
	    ABI_IFNAMSIZ);
	c->out = address;
	c->out_len = sizeof(address);
	return 0;
}

static int
run_ioctl(struct node *node, struct call *c)
{
	(void)node;
	/* Any socket carries those of interfaces. */
	return iface_ioctl(c);
}

static void
destroy(struct node *node)
{
	struct ndrv **p = &sockets;

	while (*p != (struct ndrv *)node)
		p = &(*p)->next;
	*p = (*p)->next;
	free(node);
}

static const struct node_ops ndrv_ops = {
	.kind = WIRE_NDRV,
	.ioctl = run_ioctl,
	.write = send_frame,
	.bind = bind_to,
	.connect = connect_to,
	.shutdown = shut_down,
	.setsockopt = set_option,
	.getsockopt = get_option,
	.getsockname = get_name,
	.destroy = destroy,
};

int
ndrv_socket(struct call *c)
{
	struct ndrv *n;
	int error;

	if (c->rq->b != SOCK_RAW || c->rq->c != 0)
		return EPROTONOSUPPORT;
	if (!call_is_root(c))
		return EPERM;
	n = grow(sizeof(*n));
	n->sndbuf = ABI_NDRV_SNDBUF;
	if ((error = node_start(&n->node, &ndrv_ops, c)) != 0) {
		free(n);
		return error;
	}
	n->next = sockets;
	sockets = n;
	return 0;
}

void
ndrv_detach_all(const struct iface *i)
{
	struct ndrv *n;

	for (n = sockets; n != NULL; n = n->next) {
		if (n->iface != i)
			continue;
		n->iface = NULL;
		n->is_gone = true;
		if (!options.is_epipe)
			continue;
		n->is_shut = true;
		/* Reading comes to an end, too. */
		(void)shutdown(n->node.source.fd, SHUT_WR);
	}
}
