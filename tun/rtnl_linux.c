/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Each request has a socket of its own, so nothing of an answer that was not
 * read to its end is taken for a part of the next one.
 */

#include "tun/rtnl_linux.h"

#include <sys/socket.h>

#include <linux/netlink.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"

/* The kernel fills at most this much at once (net/netlink/af_netlink.c). */
#define ANSWER_SIZE	32768

struct answer {
	rtnl_message_fn *fn;
	void *ctx;
	bool is_over;
	bool has_changed;
};

struct rtnl_attrs
rtnl_attrs(const uint8_t *p, size_t len, size_t size)
{
	size = NLMSG_ALIGN(size);
	if (len < size)
		return (struct rtnl_attrs){ p, 0 };
	return (struct rtnl_attrs){ p + size, len - size };
}

bool
rtnl_next(struct rtnl_attrs *as, struct rtnl_attr *a)
{
	struct nlattr h;
	size_t step;

	if (as->len < sizeof(h))
		return false;
	memcpy(&h, as->p, sizeof(h));
	if (h.nla_len < sizeof(h) || h.nla_len > as->len)
		return false;
	a->type = h.nla_type & NLA_TYPE_MASK;
	a->value.p = as->p + sizeof(h);
	a->value.len = h.nla_len - sizeof(h);
	step = NLA_ALIGN((size_t)h.nla_len);
	if (step > as->len)
		step = as->len;
	as->p += step;
	as->len -= step;
	return true;
}

uint32_t
rtnl_get_u32(const struct rtnl_attr *a)
{
	uint32_t value = 0;

	if (a->value.len == sizeof(value))
		memcpy(&value, a->value.p, sizeof(value));
	return value;
}

/*
 * NLMSG_ERROR and NLMSG_DONE begin with an errno, negative, or 0.  The latter
 * may lack it.
 */
static int
read_end(struct answer *an, unsigned type, const uint8_t *p, size_t len)
{
	int error = type == NLMSG_ERROR ? -EPROTO : 0;

	an->is_over = true;
	if (len >= sizeof(error))
		memcpy(&error, p, sizeof(error));
	if (error >= 0)
		return 0;
	errno = -error;
	return SSHTAP_ERR_SYSTEM;
}

static int
read_message(struct answer *an, const struct nlmsghdr *h, const uint8_t *p,
    size_t len)
{
	if ((h->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
		an->has_changed = true;
	if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE)
		return read_end(an, h->nlmsg_type, p, len);
	if (h->nlmsg_type < NLMSG_MIN_TYPE || an->fn == NULL)
		return 0;
	return an->fn(an->ctx, h->nlmsg_type, p, len);
}

/* One datagram of an answer. */
static int
read_answer(struct answer *an, const uint8_t *p, size_t len)
{
	struct nlmsghdr h;
	size_t step;
	int r;

	while (len >= sizeof(h) && !an->is_over) {
		memcpy(&h, p, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > len)
			break;
		if ((r = read_message(an, &h, p + NLMSG_HDRLEN,
		    h.nlmsg_len - NLMSG_HDRLEN)) != 0)
			return r;
		step = NLMSG_ALIGN((size_t)h.nlmsg_len);
		if (step >= len)
			break;
		p += step;
		len -= step;
	}
	return 0;
}

static int
receive_answer(int s, uint8_t *buf, struct answer *an)
{
	ssize_t n;
	int r = 0;

	while (r == 0 && !an->is_over) {
		n = recv(s, buf, ANSWER_SIZE, MSG_TRUNC);
		if (n == -1 && errno == EINTR)
			continue;
		if (n > ANSWER_SIZE)
			errno = EMSGSIZE;
		r = n <= 0 || n > ANSWER_SIZE ? SSHTAP_ERR_SYSTEM :
		    read_answer(an, buf, (size_t)n);
	}
	return r;
}

int
rtnl_ask(const struct nlmsghdr *h, rtnl_message_fn *fn, void *ctx,
    bool *has_changedp)
{
	struct answer an = { .fn = fn, .ctx = ctx };
	int r = SSHTAP_ERR_SYSTEM, s = -1, saved_errno;
	uint8_t *buf;

	if ((buf = malloc(ANSWER_SIZE)) == NULL)
		return SSHTAP_ERR_SYSTEM;
	s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (s != -1 &&
	    send(s, h, h->nlmsg_len, 0) == (ssize_t)h->nlmsg_len)
		r = receive_answer(s, buf, &an);
	saved_errno = errno;
	if (s != -1)
		(void)close(s);
	free(buf);
	errno = saved_errno;
	if (has_changedp != NULL)
		*has_changedp = an.has_changed;
	return r;
}
