/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What all devices have in common: the limits of a frame, checked here once
 * so that no implementation sees a runt, and the counters.  Each call that
 * takes a frame from the device or from the caller ends in exactly one
 * counter; one that takes none (nothing there, device gone) in none.
 */

#include "tun/tap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
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
tap_has_pending(const struct tap *t)
{
	return t->ops->has_pending != NULL && t->ops->has_pending(t);
}

int
tap_check(struct tap *t)
{
	return t->ops->check != NULL ? t->ops->check(t) : 0;
}

static bool
is_frame_len(size_t len)
{
	return len >= TAP_FRAME_MIN && len <= TAP_FRAME_MAX;
}

int
tap_recv(struct tap *t, uint8_t *frame, size_t size, size_t *lenp)
{
	size_t len = 0;
	int r = t->ops->recv(t, frame, size, &len);

	if (r == 0 && !is_frame_len(len))
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
tap_discard(struct tap *t, unsigned max)
{
	uint8_t storage[TAP_HEADROOM + TAP_FRAME_MAX];
	size_t len;
	int r = 0;

	while (max-- > 0 && (r == 0 || r == SSHTAP_ERR_DROPPED))
		r = tap_recv(t, storage + TAP_HEADROOM, TAP_FRAME_MAX, &len);
	return r;
}

int
tap_send(struct tap *t, uint8_t *frame, size_t len)
{
	int r = SSHTAP_ERR_DROPPED;

	if (is_frame_len(len))
		r = t->ops->send(t, frame, len);
	if (r == 0)
		t->stats.sent++;
	else if (r == SSHTAP_ERR_DROPPED)
		t->stats.dropped_out++;
	return r;
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
