/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The sending direction is what TCP says of it.  For the other one the rate
 * is what comes, and the round trip is the same one: our bytes are confirmed
 * by segments that stand in the queue of the peer's frames.  What is on its
 * way is the product of the two.
 */

#include "relay/path.h"

#include "openbsd-compat/tcp-state.h"

/*
 * A stock peer drops what the window does not hold, so be sure: while little
 * is sent to it its confirmations are delayed, which looks like a queue for
 * some samples after that.
 */
#define IN_WAIT		50

void
path_init(struct path *p, int fd, uint64_t now_us)
{
	*p = (struct path){ .fd = fd, .in_since_us = now_us };
	inflight_init(&p->out, 0);
	inflight_init(&p->in, IN_WAIT);
}

void
path_received(struct path *p, size_t len)
{
	p->received += len;
}

bool
path_sample(struct path *p, uint64_t now_us)
{
	uint64_t elapsed_us = now_us - p->in_since_us;
	struct tcp_state t;

	if (p->fd == -1 || !inflight_is_due(&p->out, now_us) ||
	    elapsed_us == 0)
		return false;
	if (tcp_state_get(p->fd, &t) == -1) {
		p->fd = -1;
		return false;
	}
	p->rtt_us = t.min_rtt_us != 0 ? t.min_rtt_us : t.rtt_us;
	inflight_sample(&p->out, &t, now_us);
	t.rate = p->received * 1000000 / elapsed_us;
	(void)inflight_room(&p->in, t.rate * t.rtt_us / 1000000);
	inflight_sample(&p->in, &t, now_us);
	p->received = 0;
	p->in_since_us = now_us;
	return true;
}

uint64_t
path_holds(const struct path *p)
{
	return p->out.rate / 1000 * p->rtt_us / 1000;
}

size_t
path_room(struct path *p)
{
	size_t ahead = inflight_ahead(&p->out), room;

	if (p->fd == -1 || tcp_state_queued(p->fd, &p->queued) == -1)
		return ahead;
	room = inflight_room(&p->out, p->queued);
	return room < ahead ? room : ahead;
}
