/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef FLOW_QUEUE_H
#define FLOW_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tun/codel.h"
#include "tun/slot.h"

/*
 * FQ-CoDel: frames of each flow in a queue of their own, the flows in turn,
 * and of each what has waited too long for too long dropped, or marked.  No
 * clock, no storage of its own for frames.  Reference: RFC 8290, RFC 8289.
 */
#define FLOW_QUEUE_FLOWS	256
#define FLOW_QUEUE_QUANTUM	1514	/* bytes in a turn, as in the RFC */

enum flow_drop {
	FLOW_DROP_LATE,		/* CoDel: it waited too long */
	FLOW_DROP_FULL,		/* no room: the first of the longest flow */
	FLOW_DROP_COUNT
};

struct flow {
	struct slot *head, *tail;
	struct flow *next;	/* in its list, if it is in one */
	bool is_listed;
	uint32_t bytes;		/* still to be sent */
	uint32_t small, large;	/* places that it holds */
	int32_t deficit;	/* bytes left of its turn */
	struct codel codel;
};

struct flow_list {
	struct flow *first, *last;
};

struct flow_queue {
	struct slot_pool *pool;		/* where dropped ones go */
	struct codel_limits limits;	/* 5 ms, 100 ms */
	uint32_t seed;			/* of headers_flow */
	bool is_packets;		/* frames of point-to-point mode */
	uint32_t bytes;			/* waiting, of all */
	unsigned frames;
	struct flow_list new_flows, old_flows;
	struct flow flows[FLOW_QUEUE_FLOWS];
	/* Counters, in frames: one for a super-frame. */
	uint64_t dropped[FLOW_DROP_COUNT];
	uint64_t marked;		/* ECN */
};

/*
 * seed:    a random number.
 * is_packets: the frames are an address family word and an IP packet each.
 * Owner:   the pool stays the caller's and outlives the queue.
 */
void flow_queue_init(struct flow_queue *q, struct slot_pool *pool,
    uint32_t seed, bool is_packets);

/* Take a filled slot; it is the queue's until flow_queue_sent has it done. */
void flow_queue_put(struct flow_queue *q, struct slot *s, uint64_t now_us);

/*
 * What is to be sent next: the head of the flow whose turn it is, after what
 * has to be dropped was dropped.  It stays in the queue, and the next call
 * may name another one, whether or not anything was sent.  Whether it is late
 * is decided when it is named first: asking again drops nothing.
 *
 * Owner:   the queue's, until the next call of this, of flow_queue_make_room
 *          or of flow_queue_clear.
 * Returns NULL when nothing waits.
 */
struct slot *flow_queue_next(struct flow_queue *q, uint64_t now_us);

/*
 * len bytes of what flow_queue_next returned last have been sent, or, when
 * that is out, of the one that was behind it.  When all of them are (s->left
 * is 0 then) the slot is out of the queue and the caller's.  One that was
 * sent in part is not dropped any more.
 */
void flow_queue_sent(struct flow_queue *q, struct slot *s, uint32_t len);

/* So many bytes more than those went out for what was sent of s. */
void flow_queue_charge(struct flow_queue *q, const struct slot *s,
    uint32_t len);

/*
 * The one behind s in the same flow, or NULL: to see what could go along
 * with it.
 */
struct slot *flow_queue_behind(const struct flow_queue *q,
    const struct slot *s);

/*
 * Make room: if no place of this size (SLOT_SMALL, SLOT_LARGE) is free in the
 * pool, drop from the front of the flow that holds most of them.  Of small
 * ones several go at once, up to half of that flow, so that a flood does not
 * have the longest flow looked for with every frame.  Frames in places of
 * the other size are left alone.
 *
 * State:   none is free after it only if none that could be dropped waits.
 */
void flow_queue_make_room(struct flow_queue *q, uint32_t size);

/*
 * How long the one has waited that is next of the new flows, or of the old
 * ones, whichever is longer; 0 when nothing waits.
 */
uint64_t flow_queue_wait_us(const struct flow_queue *q, uint64_t now_us);

/* Drop all, not counted. */
void flow_queue_clear(struct flow_queue *q);

#endif /* FLOW_QUEUE_H */
