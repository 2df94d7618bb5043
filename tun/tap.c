/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What all devices have in common: the limits of a frame, checked here once
 * so that no implementation sees a runt, and the counters.  Each call that
 * takes a frame from the device or from the caller ends in exactly one
 * counter; one that takes none (nothing there, device gone) in none.
 */

#include "tun/tap.h"

#include <sys/uio.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "tun/offload.h"
#include "tun/tap_impl.h"

struct tap *
tap_new(const struct tap_ops *ops, const char *name, enum tap_mode mode)
{
	struct tap *t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	if ((t->name = strdup(name)) == NULL) {
		free(t);
		return NULL;
	}
	t->ops = ops;
	t->mode = mode;
	t->read_fd = -1;
	t->write_fd = -1;
	return t;
}

/* Unicast, and an address at all. */
static bool
is_lladdr(const uint8_t lladdr[TAP_LLADDR_LEN])
{
	static const uint8_t none[TAP_LLADDR_LEN];

	return (lladdr[0] & 1) == 0 &&
	    memcmp(lladdr, none, sizeof(none)) != 0;
}

int
tap_check_request(const struct tap_request *rq, struct tap_fault *fault)
{
	enum tap_step step = TAP_STEP_NONE;
	unsigned limit = 0;

	errno = EINVAL;
	if (rq->mode != TAP_ETHERNET && rq->mode != TAP_POINT_TO_POINT)
		step = TAP_STEP_REQUEST;
	else if (rq->unit != TAP_UNIT_ANY &&
	    (rq->unit < 0 || rq->unit > TAP_UNIT_MAX)) {
		step = TAP_STEP_REQUEST;
		limit = TAP_UNIT_MAX;
	} else if (rq->mtu != 0 &&
	    (rq->mtu < TAP_MTU_MIN || rq->mtu > TAP_MTU_MAX)) {
		step = TAP_STEP_MTU;
		limit = TAP_MTU_MAX;
		errno = ERANGE;
	} else if (rq->has_lladdr && rq->mode != TAP_ETHERNET) {
		step = TAP_STEP_ADDRESS;
		errno = EOPNOTSUPP;
	} else if (rq->has_lladdr && !is_lladdr(rq->lladdr))
		step = TAP_STEP_ADDRESS;
	if (step == TAP_STEP_NONE)
		return 0;
	(void)tap_fault_set(fault, step, "");
	fault->limit = limit;
	return SSHTAP_ERR_SYSTEM;
}

const char *
tap_name(const struct tap *t)
{
	return t->name;
}

enum tap_mode
tap_mode(const struct tap *t)
{
	return t->mode;
}

int
tap_read_fd(const struct tap *t)
{
	return t->read_fd;
}

int
tap_write_fd(const struct tap *t)
{
	return t->write_fd;
}

const struct tap_stats *
tap_stats(const struct tap *t)
{
	return &t->stats;
}

bool
tap_needs_keeper(const struct tap *t)
{
	return t->needs_keeper;
}

unsigned
tap_offloads(const struct tap *t)
{
	return t->offloads;
}

bool
tap_has_pending(const struct tap *t)
{
	return t->ops->has_pending != NULL && t->ops->has_pending(t);
}

int
tap_check(struct tap *t)
{
	return t->ops->check != NULL ? t->ops->check(t) : 0;
}

/* What can be told to a device with offload is longer. */
static size_t
get_len_max(const struct tap *t)
{
	return t->offloads != 0 ? TAP_LARGE : TAP_FRAME_MAX;
}

/* The end of each way to receive. */
static int
count_received(struct tap *t, int r, size_t len, size_t *lenp)
{
	if (r == 0 && (len < TAP_FRAME_MIN || len > get_len_max(t)))
		r = SSHTAP_ERR_DROPPED;
	if (r == SSHTAP_ERR_DROPPED)
		t->stats.dropped_in++;
	if (r != 0)
		return r;
	t->stats.received++;
	*lenp = len;
	return 0;
}

int
tap_recv(struct tap *t, uint8_t *frame, size_t size, size_t *lenp)
{
	size_t len = 0;
	int r;

	if (t->ops->recv == NULL)
		return SSHTAP_ERR_STATE;
	r = t->ops->recv(t, frame, size, &len);
	return count_received(t, r, len, lenp);
}

/* Which place it belongs to is known when it is there. */
static int
recv_plain(struct tap *t, uint8_t *small, uint8_t *large, size_t *lenp)
{
	int r;

	if (large == NULL)
		return t->ops->recv(t, small, TAP_SMALL, lenp);
	r = t->ops->recv(t, large, TAP_FRAME_MAX, lenp);
	if (r == 0 && *lenp <= TAP_SMALL)
		memcpy(small, large, *lenp);
	return r;
}

int
tap_recv_super(struct tap *t, uint8_t *small, uint8_t *large,
    struct offload *o, size_t *lenp)
{
	size_t len = 0;
	int r;

	memset(o, 0, sizeof(*o));
	r = t->ops->recv_super != NULL ?
	    t->ops->recv_super(t, small, large, o, &len) :
	    recv_plain(t, small, large, &len);
	return count_received(t, r, len, lenp);
}

int
tap_discard(struct tap *t, unsigned max)
{
	uint8_t storage[TAP_HEADROOM + TAP_FRAME_MAX];
	uint8_t *frame = storage + TAP_HEADROOM;
	struct offload o;
	size_t len;
	int r = 0;

	while (max-- > 0 && (r == 0 || r == SSHTAP_ERR_DROPPED))
		r = t->ops->recv == NULL ?
		    tap_recv_super(t, frame, NULL, &o, &len) :
		    tap_recv(t, frame, TAP_FRAME_MAX, &len);
	return r;
}

/* The end of each way to send. */
static int
count_sent(struct tap *t, int r)
{
	if (r == 0)
		t->stats.sent++;
	else if (r == SSHTAP_ERR_DROPPED)
		t->stats.dropped_out++;
	return r;
}

int
tap_send(struct tap *t, uint8_t *frame, size_t len)
{
	int r = SSHTAP_ERR_DROPPED;

	if (len >= TAP_FRAME_MIN && len <= TAP_FRAME_MAX)
		r = t->ops->send(t, frame, len);
	return count_sent(t, r);
}

/* Can the device do what this asks for? */
static bool
can_take(const struct tap *t, const struct offload *o)
{
	unsigned needs = 0;

	if ((o->flags & OFFLOAD_NEEDS_CSUM) != 0)
		needs |= TAP_OFFLOAD_CSUM;
	switch (o->gso_type) {
	case OFFLOAD_GSO_NONE:
		break;
	case OFFLOAD_GSO_TCPV4:
	case OFFLOAD_GSO_TCPV6:
		needs |= TAP_OFFLOAD_TCP;
		break;
	case OFFLOAD_GSO_UDP_L4:
		needs |= TAP_OFFLOAD_UDP;
		break;
	default:
		return false;
	}
	return (needs & ~t->offloads) == 0;
}

/* Bytes from iov[1] on; 0 when they are no frame for the device. */
static size_t
get_len(const struct tap *t, const struct iovec *iov, unsigned n)
{
	size_t len = 0, max = get_len_max(t);
	unsigned i;

	for (i = 1; i < n; i++) {
		if (iov[i].iov_len > max - len)
			return 0;
		len += iov[i].iov_len;
	}
	return len >= TAP_FRAME_MIN ? len : 0;
}

static int
send_gathered(struct tap *t, const struct iovec *iov, unsigned n)
{
	uint8_t frame[TAP_FRAME_MAX];
	size_t len = 0;
	unsigned i;

	if (n == 2)
		return t->ops->send(t, iov[1].iov_base, iov[1].iov_len);
	for (i = 1; i < n; i++) {
		if (iov[i].iov_len > 0)
			memcpy(frame + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	return t->ops->send(t, frame, len);
}

int
tap_send_super(struct tap *t, const struct offload *o, struct iovec *iov,
    unsigned n)
{
	int r = SSHTAP_ERR_DROPPED;

	if (can_take(t, o) && get_len(t, iov, n) != 0)
		r = t->ops->send_super != NULL ?
		    t->ops->send_super(t, o, iov, n) :
		    send_gathered(t, iov, n);
	return count_sent(t, r);
}

void
tap_close(struct tap *t)
{
	if (t == NULL)
		return;
	t->ops->close(t);
	free(t->name);
	free(t);
}
