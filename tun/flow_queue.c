/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Flows that have something waiting are in one of two lists, and so are some
 * that have not any more.  A flow that comes out of nothing is new: it goes
 * before all old ones, for one quantum, so that what sends little never waits
 * behind what sends much.  Then it is old, and old ones take turns: whoever
 * has used up its bytes gets more and goes to the end (deficit round robin).
 * A flow that is found empty leaves, but a new one only by way of the old
 * list, or else it would be new again with each frame (RFC 8290 section 4.2).
 *
 * Flows leave a list at its front only, which is where flow_queue_next looks;
 * nothing else moves them.  What is sent is paid for afterwards, for it may
 * be sent in parts, and a super-frame is many turns' worth: its flow stays in
 * debt for as many rounds.
 */

#include "tun/flow_queue.h"

#include "tun/headers.h"

/* RFC 8289 sections 4.2 and 4.3. */
#define TARGET_US	5000
#define INTERVAL_US	100000

/* So many are dropped at once for want of room (RFC 8290 section 4.1). */
#define BATCH_MAX	64

void
flow_queue_init(struct flow_queue *q, struct slot_pool *pool, uint32_t seed,
    bool is_packets)
{
	*q = (struct flow_queue){
		.pool = pool,
		.limits = { .target_us = TARGET_US,
		    .interval_us = INTERVAL_US },
		.seed = seed,
		.is_packets = is_packets,
	};
}

static void
append(struct flow_list *l, struct flow *f)
{
	f->next = NULL;
	if (l->first == NULL)
		l->first = f;
	else
		l->last->next = f;
	l->last = f;
}

static void
remove_first(struct flow_list *l)
{
	l->first = l->first->next;
}

/* Has some of it been sent? */
static bool
is_begun(const struct slot *s)
{
	return s->left < s->len;
}

static uint32_t *
places(struct flow *f, uint32_t size)
{
	return size == SLOT_SMALL ? &f->small : &f->large;
}

static uint32_t
flow_number(const struct flow_queue *q, const struct slot *s)
{
	return q->is_packets ?
	    headers_flow_packet(s->frame, s->len, q->seed) :
	    headers_flow(s->frame, s->len, q->seed);
}

static bool
mark_ce(const struct flow_queue *q, struct slot *s)
{
	return q->is_packets ? headers_mark_ce_packet(s->frame, s->len) :
	    headers_mark_ce(s->frame, s->len);
}

void
flow_queue_put(struct flow_queue *q, struct slot *s, uint64_t now_us)
{
	struct flow *f;

	s->next = NULL;
	s->since_us = now_us;
	s->left = s->len;
	s->is_judged = false;
	s->flow = flow_number(q, s) % FLOW_QUEUE_FLOWS;
	f = &q->flows[s->flow];
	if (f->head == NULL)
		f->head = s;
	else
		f->tail->next = s;
	f->tail = s;
	f->bytes += s->len;
	(*places(f, s->size))++;
	q->bytes += s->len;
	q->frames++;
	if (!f->is_listed) {
		f->is_listed = true;
		f->deficit = FLOW_QUEUE_QUANTUM;
		append(&q->new_flows, f);
	}
}

/* prev: the one in front of it, or NULL. */
static void
take_out(struct flow_queue *q, struct slot *prev, struct slot *s)
{
	struct flow *f = &q->flows[s->flow];

	if (prev == NULL)
		f->head = s->next;
	else
		prev->next = s->next;
	if (f->tail == s)
		f->tail = prev;
	f->bytes -= s->left;
	(*places(f, s->size))--;
	q->bytes -= s->left;
	q->frames--;
	s->next = NULL;
}

static void
drop(struct flow_queue *q, struct slot *prev, struct slot *s,
    enum flow_drop why)
{
	take_out(q, prev, s);
	q->dropped[why]++;
	slot_give(q->pool, s);
}

/*
 * Is it the head of its flow too late?  The last frame of a flow is not
 * dropped, be it a super-frame; nor is anything if all of it fits a turn.
 */
static bool
is_late(struct flow_queue *q, struct flow *f, struct slot *s,
    uint64_t now_us)
{
	uint64_t wait = now_us > s->since_us ? now_us - s->since_us : 0;
	bool is_small = s->next == NULL || f->bytes <= FLOW_QUEUE_QUANTUM;

	s->is_judged = true;
	if (!codel_wants_drop(&f->codel, &q->limits, wait, is_small, now_us))
		return false;
	if (!mark_ce(q, s))
		return true;
	q->marked++;
	return false;
}

/* The head, after the late ones; NULL if the flow is empty. */
static struct slot *
find_head(struct flow_queue *q, struct flow *f, uint64_t now_us)
{
	struct slot *s;

	while ((s = f->head) != NULL && !s->is_judged && !is_begun(s) &&
	    is_late(q, f, s, now_us))
		drop(q, NULL, s, FLOW_DROP_LATE);
	return s;
}

struct slot *
flow_queue_next(struct flow_queue *q, uint64_t now_us)
{
	struct flow_list *l;
	struct flow *f;
	struct slot *s;

	for (;;) {
		l = q->new_flows.first != NULL ? &q->new_flows :
		    &q->old_flows;
		if ((f = l->first) == NULL)
			return NULL;
		if (f->deficit > 0 && (s = find_head(q, f, now_us)) != NULL)
			return s;
		remove_first(l);
		if (f->deficit <= 0) {
			f->deficit += FLOW_QUEUE_QUANTUM;
			append(&q->old_flows, f);
		} else if (l == &q->new_flows)
			append(&q->old_flows, f);
		else {
			codel_note_empty(&f->codel);
			f->is_listed = false;
		}
	}
}

void
flow_queue_sent(struct flow_queue *q, struct slot *s, uint32_t len)
{
	struct flow *f = &q->flows[s->flow];

	if (len > s->left)
		len = s->left;
	s->left -= len;
	f->bytes -= len;
	f->deficit -= (int32_t)len;
	q->bytes -= len;
	if (s->left == 0)
		take_out(q, NULL, s);
}

void
flow_queue_charge(struct flow_queue *q, const struct slot *s, uint32_t len)
{
	q->flows[s->flow].deficit -= (int32_t)len;
}

struct slot *
flow_queue_behind(const struct flow_queue *q, const struct slot *s)
{
	(void)q;
	return s->next;
}

/* How many places of this size it could be made to give back. */
static uint32_t
count_droppable(struct flow *f, uint32_t size)
{
	uint32_t n = *places(f, size);

	return n > 0 && f->head->size == size && is_begun(f->head) ? n - 1 :
	    n;
}

static void
scan(const struct flow_list *l, uint32_t size, struct flow **longestp,
    uint32_t *np)
{
	struct flow *f;
	uint32_t n;

	for (f = l->first; f != NULL; f = f->next)
		if ((n = count_droppable(f, size)) > *np) {
			*longestp = f;
			*np = n;
		}
}

static void
drop_first(struct flow_queue *q, struct flow *f, uint32_t size, uint32_t n)
{
	struct slot *s, *next, *prev = NULL;

	for (s = f->head; s != NULL && n > 0; s = next) {
		next = s->next;
		if (s->size == size && !is_begun(s)) {
			drop(q, prev, s, FLOW_DROP_FULL);
			n--;
		} else
			prev = s;
	}
}

/* A super-frame is much to lose, and there are few: one is enough. */
void
flow_queue_make_room(struct flow_queue *q, uint32_t size)
{
	struct flow *longest = NULL;
	uint32_t n = 0;

	if (slot_count(q->pool, size) > 0)
		return;
	/* Whatever has something waiting is in a list. */
	scan(&q->new_flows, size, &longest, &n);
	scan(&q->old_flows, size, &longest, &n);
	if (longest == NULL)
		return;
	n = size == SLOT_SMALL ? (n + 1) / 2 : 1;
	drop_first(q, longest, size, n < BATCH_MAX ? n : BATCH_MAX);
}

static uint64_t
wait_in(const struct flow_list *l, uint64_t now_us)
{
	const struct flow *f = l->first;

	while (f != NULL && f->head == NULL)
		f = f->next;
	return f != NULL && now_us > f->head->since_us ?
	    now_us - f->head->since_us : 0;
}

uint64_t
flow_queue_wait_us(const struct flow_queue *q, uint64_t now_us)
{
	uint64_t of_new = wait_in(&q->new_flows, now_us);
	uint64_t of_old = wait_in(&q->old_flows, now_us);

	return of_new > of_old ? of_new : of_old;
}

void
flow_queue_clear(struct flow_queue *q)
{
	struct flow *f;
	struct slot *s;

	for (f = q->flows; f < q->flows + FLOW_QUEUE_FLOWS; f++) {
		while ((s = f->head) != NULL) {
			take_out(q, NULL, s);
			slot_give(q->pool, s);
		}
		*f = (struct flow){ .head = NULL };
	}
	q->new_flows = q->old_flows = (struct flow_list){ .first = NULL };
}
