/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Simulated descriptors, and the tokens in them: see wire.h.
 *
 * A token is sent when the device becomes readable.  It cannot be called
 * back from here, so a call on the device that finds it not readable any
 * more has its caller take the token; one reply at most carries that order
 * for each token that was sent.
 */

#include "regress/darwin-sim/kernel.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PACKET_MAX	65536

/* For kqueue(2): its token says what poll(2) would, not select(2). */
struct watch {
	struct source source;	/* first */
	struct node *node;
	const struct client *client;
	bool has_token;
};

static struct node *all_nodes;
static uint32_t last_handle;

static void
send_token(int fd)
{
	(void)send(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool
is_ready_for_poll(const struct node *n)
{
	uint32_t bytes = 0;

	return n->ops->poll != NULL && n->ops->poll(n, &bytes) == 0 &&
	    bytes > 0;
}

void
node_update(struct node *n)
{
	bool is_ready = is_ready_for_poll(n);
	unsigned i;

	if (!n->has_token && n->ops->is_readable != NULL &&
	    n->ops->is_readable(n)) {
		send_token(n->source.fd);
		n->has_token = true;
	}
	for (i = 0; i < NODE_WATCHES_MAX; i++) {
		if (n->watches[i] == NULL || n->watches[i]->has_token ||
		    !is_ready)
			continue;
		send_token(n->watches[i]->source.fd);
		n->watches[i]->has_token = true;
	}
}

void
node_settle(struct node *n, struct call *c)
{
	struct watch *w;
	unsigned i;

	node_update(n);
	if (n->has_token && !n->ops->is_readable(n)) {
		n->has_token = false;
		c->reply.flags |= WIRE_TAKE;
	}
	/* What has fired stays so until kevent looks (xnu: kqueue_select). */
	if ((c->rq->flags & WIRE_FOR_KEVENT) == 0 || is_ready_for_poll(n))
		return;
	for (i = 0; i < NODE_WATCHES_MAX; i++) {
		w = n->watches[i];
		if (w == NULL || !w->has_token || w->client != c->client)
			continue;
		w->has_token = false;
		c->reply.flags |= WIRE_TAKE_WATCH;
	}
}

struct node *
node_find(uint32_t handle)
{
	struct node *n = all_nodes;

	while (n != NULL && n->handle != handle)
		n = n->next;
	return n;
}

/* === Watches === */

static void
remove_watch(struct watch *w)
{
	unsigned i;

	for (i = 0; i < NODE_WATCHES_MAX; i++)
		if (w->node != NULL && w->node->watches[i] == w)
			w->node->watches[i] = NULL;
	source_remove(&w->source);
	free(w);
}

static void
watch_ready(struct source *s, uint32_t events)
{
	char c;

	if ((events & (EPOLLHUP | EPOLLERR)) != 0)
		remove_watch((struct watch *)s);
	else
		(void)recv(s->fd, &c, 1, MSG_DONTWAIT);
}

int
node_watch(struct node *n, struct call *c)
{
	uint32_t bytes;
	struct watch *w;
	unsigned i;
	int error, sp[2];

	if (n->ops->poll == NULL)
		return ENXIO;
	if ((error = n->ops->poll(n, &bytes)) != 0)
		return error;
	for (i = 0; i < NODE_WATCHES_MAX && n->watches[i] != NULL; i++)
		;
	if (i == NODE_WATCHES_MAX || socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_CLOEXEC, 0, sp) == -1)
		return ENOMEM;
	w = n->watches[i] = grow(sizeof(*w));
	w->source.fd = sp[0];
	w->source.ready = watch_ready;
	w->node = n;
	w->client = c->client;
	source_add(&w->source, true);
	c->fd = sp[1];
	return 0;
}

/* === Nodes === */

static void
end_node(struct node *n)
{
	struct node **p = &all_nodes;
	unsigned i;

	while (*p != n)
		p = &(*p)->next;
	*p = n->next;
	for (i = 0; i < NODE_WATCHES_MAX; i++)
		if (n->watches[i] != NULL)
			remove_watch(n->watches[i]);
	source_remove(&n->source);
	n->ops->destroy(n);
}

static void
node_ready(struct source *s, uint32_t events)
{
	static uint8_t packet[PACKET_MAX];
	struct node *n = (struct node *)s;
	ssize_t len;

	if ((events & EPOLLIN) != 0) {
		len = recv(s->fd, packet, sizeof(packet), MSG_DONTWAIT);
		if (len > 0 && n->ops->packet != NULL)
			n->ops->packet(n, packet, (size_t)len);
		if (len > 0)
			return;
	}
	if ((events & (EPOLLHUP | EPOLLERR)) != 0)
		end_node(n);
}

/* Returns the length of the address, or 0 when the name is too long. */
static socklen_t
name_node(const struct node *n, struct sockaddr_un *sun)
{
	int len;

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	len = snprintf(sun->sun_path + 1, sizeof(sun->sun_path) - 1,
	    "%s%c:%u:%s", WIRE_NODE_PREFIX, (char)n->ops->kind, n->handle,
	    options.name);
	if (len < 0 || (size_t)len >= sizeof(sun->sun_path) - 1)
		return 0;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	    (size_t)len);
}

int
node_start(struct node *n, const struct node_ops *ops, struct call *c)
{
	/* Packets of utun are read and written by the program itself. */
	int type = ops->kind == WIRE_UTUN ? SOCK_SEQPACKET : SOCK_STREAM;
	struct sockaddr_un sun;
	socklen_t len;
	int sp[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, sp) == -1)
		return ENOBUFS;
	n->source.fd = sp[0];
	n->source.ready = node_ready;
	n->ops = ops;
	n->handle = ++last_handle;
	if ((len = name_node(n, &sun)) == 0 ||
	    bind(sp[1], (struct sockaddr *)&sun, len) == -1) {
		(void)close(sp[1]);
		source_remove(&n->source);
		return ENOBUFS;
	}
	n->next = all_nodes;
	all_nodes = n;
	source_add(&n->source, true);
	c->fd = sp[1];
	node_update(n);
	return 0;
}
