/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What TCP says of its rate cannot be believed when it falls: Linux keeps the
 * best one while the connection sends less than it could, which is always so
 * below a limit (net/ipv4/tcp_rate.c, tcp_rate_gen).  So when a cut has not
 * helped after a while, the rate is taken from what was on its way and how
 * long it took.
 *
 * Nor can the shortest round trip when it grows: it is a minimum of minutes
 * (net.ipv4.tcp_min_rtt_wlen), and a route that has become longer, or the
 * queue of others, looks like our own.  What tells them apart is that no cut
 * helps.  Then the round trip of that moment is the shortest for some
 * seconds, and the limit is what it was; after that it is tried again, since
 * otherwise a queue of our own could hide below it for ever.
 */

#include "relay/inflight.h"

#include <string.h>

/* A shorter queue than this is none: growing may be quick. */
#define CALM_US		1000

/* Growth of one step, in parts of the limit, and to get off the ground. */
#define GROW_DIV	64
#define GROW_MIN	128

/* To this come two round trips. */
#define SETTLE_US	20000

/* To this come four round trips; what is long after that is not our queue. */
#define PATIENCE_US	300000
#define BASE_US		UINT64_C(10000000)

/* Half of how far our own minimum looks back, as Linux does. */
#define LOW_US		UINT64_C(150000000)

#define SECOND_US	UINT64_C(1000000)
#define RATE_MAX	UINT64_C(1000000000000)	/* none of this world */

static uint64_t
clamp(uint64_t n, uint64_t min, uint64_t max)
{
	if (n < min)
		return min;
	return n > max ? max : n;
}

void
inflight_init(struct inflight *f, uint32_t wait)
{
	memset(f, 0, sizeof(*f));
	f->wait = wait;
	f->limit = INFLIGHT_MAX;
}

bool
inflight_is_due(const struct inflight *f, uint64_t now_us)
{
	return now_us >= f->next_us;
}

/* Bytes at this rate in that time, which is that of a path. */
static uint64_t
bytes_in(uint64_t rate, uint64_t us)
{
	return clamp(rate, 0, RATE_MAX) * clamp(us, 0, SECOND_US) / SECOND_US;
}

/* A minimum over the last one or two windows. */
static uint32_t
own_minimum(struct inflight *f, uint32_t rtt_us, uint64_t now_us)
{
	if (f->low_us == 0 || now_us >= f->low_end_us) {
		f->old_low_us = f->low_us != 0 ? f->low_us : rtt_us;
		f->low_us = rtt_us;
		f->low_end_us = now_us + LOW_US;
	}
	if (rtt_us < f->low_us)
		f->low_us = rtt_us;
	return f->low_us < f->old_low_us ? f->low_us : f->old_low_us;
}

/* The round trip of a path without a queue. */
static uint32_t
shortest(struct inflight *f, const struct tcp_state *t, uint64_t now_us)
{
	uint32_t low_us = t->min_rtt_us != 0 ? t->min_rtt_us :
	    own_minimum(f, t->rtt_us, now_us);

	if (f->base_us > t->rtt_us)
		f->base_us = t->rtt_us;
	if (f->base_us <= low_us || now_us >= f->base_end_us)
		f->base_us = 0;
	return f->base_us != 0 ? f->base_us : low_us;
}

static void
set_settle(struct inflight *f, uint32_t rtt_us, uint64_t now_us)
{
	f->settle_us = now_us + SETTLE_US + 2 * (uint64_t)rtt_us;
}

/*
 * The first cut, when it is time for it; its effect shows later.  TCP has a
 * mean of round trips, which remembers confirmations that were delayed while
 * little was sent: until that has passed it falls.
 */
static bool
may_cut(struct inflight *f, const struct tcp_state *t, uint64_t now_us)
{
	if (!f->is_long) {
		f->is_long = true;
		f->long_us = 0;
		f->from_us = 0;
	}
	if (f->long_us != 0)
		return true;
	if (f->from_us == 0 || t->rtt_us < f->from_us - f->from_us / 8) {
		f->from_us = t->rtt_us;
		f->since = t->sent;
	}
	if (t->sent - f->since < f->wait)
		return false;
	f->long_us = now_us;
	f->before = f->limit;
	set_settle(f, t->rtt_us, now_us);
	return true;
}

static void
cut(struct inflight *f, const struct tcp_state *t, uint32_t base_us,
    uint64_t now_us)
{
	uint64_t rate = f->rate, seen = f->used * SECOND_US / t->rtt_us;
	uint64_t limit;

	if (!may_cut(f, t, now_us))
		return;
	if (now_us >= f->settle_us) {
		if (seen < rate)
			rate = seen;
		set_settle(f, t->rtt_us, now_us);
	}
	limit = clamp(bytes_in(rate, (uint64_t)base_us + INFLIGHT_EXTRA_US),
	    INFLIGHT_MIN, INFLIGHT_MAX);
	if (limit < f->limit)
		f->limit = limit;
	if (now_us - f->long_us <= PATIENCE_US + 4 * (uint64_t)t->rtt_us)
		return;
	f->base_us = t->rtt_us;
	f->base_end_us = now_us + BASE_US;
	f->limit = f->before;
	f->is_long = false;
}

/*
 * Once a queue is there its length is known a round trip later, so as not to
 * make it much longer meanwhile the step is smaller on a long path.
 */
static void
grow(struct inflight *f, uint32_t rtt_us, uint32_t base_us)
{
	uint64_t step = f->limit / GROW_DIV + GROW_MIN;

	if (rtt_us <= (uint64_t)base_us + CALM_US && f->wait != 0)
		step = f->limit;
	else if (rtt_us > (uint64_t)base_us + CALM_US &&
	    rtt_us > INFLIGHT_SAMPLE_US)
		step = step * INFLIGHT_SAMPLE_US / rtt_us + 1;
	f->limit = clamp(f->limit + step, INFLIGHT_MIN, INFLIGHT_MAX);
}

void
inflight_sample(struct inflight *f, const struct tcp_state *t,
    uint64_t now_us)
{
	bool is_used = f->used >= f->limit / 2;
	uint64_t most;
	uint32_t base_us;

	f->next_us = now_us + INFLIGHT_SAMPLE_US;
	if (t->rate == 0 || t->rtt_us == 0)
		return;
	f->rate = t->rate;
	base_us = shortest(f, t, now_us);
	most = bytes_in(f->rate, (uint64_t)base_us + INFLIGHT_EXTRA_US);
	if (t->rtt_us <= (uint64_t)base_us + INFLIGHT_SLACK_US) {
		f->is_long = false;
		if (is_used || f->wait != 0)
			grow(f, t->rtt_us, base_us);
	} else if ((is_used && f->wait == 0) ||
	    (f->used > INFLIGHT_MIN && f->used > most))
		cut(f, t, base_us, now_us);
	else
		f->is_long = false;	/* few bytes: it is not by us */
	f->used = 0;
}

size_t
inflight_room(struct inflight *f, size_t queued)
{
	if (queued > f->used)
		f->used = queued;
	return queued < f->limit ? (size_t)(f->limit - queued) : 0;
}

size_t
inflight_ahead(const struct inflight *f)
{
	if (f->rate == 0)
		return INFLIGHT_AHEAD_MAX;
	return (size_t)clamp(f->rate / 1000, INFLIGHT_AHEAD_MIN,
	    INFLIGHT_AHEAD_MAX);
}
