/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is a script: frames are put, named, sent in parts, dropped for
 * want of room, while a clock goes forwards, and now and then backwards.  A
 * list of all slots, kept beside, says where each one is.  What is never
 * broken: a slot is in one place, the queue's numbers are those of the list,
 * frames of a flow come out in the order in which they went in, what was
 * begun is not dropped, and what was put was sent, was dropped, or is left.
 */

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tun/flow_queue.h"

#define SMALL	12
#define LARGE	3
#define SLOTS	(SMALL + LARGE)
#define KINDS	8	/* of frames, by their addresses */

enum place {
	FREE,
	WAITING
};

struct book {
	enum place place;
	uint32_t flow, len, left;
	uint64_t number;	/* in the order of puts */
};

struct scene {
	struct slot_pool pool;
	struct flow_queue q;
	struct book books[SLOTS];
	uint64_t now, put, sent, cleared, last[FLOW_QUEUE_FLOWS];
};

/* Of one of SLOTS: the small ones are in front. */
static size_t
number_of(const struct scene *c, const struct slot *s)
{
	const struct slot_kind *k = s->size == SLOT_SMALL ? &c->pool.small :
	    &c->pool.large;
	size_t i = (size_t)(s - k->slots);

	require(s->size == SLOT_SMALL || s->size == SLOT_LARGE);
	require(s >= k->slots && i < k->used);
	return k == &c->pool.small ? i : SMALL + i;
}

static struct book *
book_of(struct scene *c, const struct slot *s)
{
	return &c->books[number_of(c, s)];
}

/* === What must hold === */

/* Those that came back are in its list, the others never were out. */
static void
check_kind(struct scene *c, const struct slot_kind *k, uint32_t size,
    size_t first, unsigned slots)
{
	bool is_back[SLOTS] = { false };
	unsigned back = 0, waiting = 0;
	const struct slot *s;
	size_t i;

	for (s = k->back; s != NULL; s = s->next) {
		i = number_of(c, s);
		require(s->size == size && !is_back[i]);
		is_back[i] = true;
		c->books[i].place = FREE;
		back++;
	}
	for (i = first; i < first + slots; i++)
		waiting += c->books[i].place == WAITING;
	require(k->used <= slots);
	require(k->nfree == back + slots - k->used);
	require(k->nfree + waiting == slots);
}

static void
check_pool(struct scene *c)
{
	check_kind(c, &c->pool.small, SLOT_SMALL, 0, SMALL);
	check_kind(c, &c->pool.large, SLOT_LARGE, SMALL, LARGE);
}

static unsigned
check_flow(struct scene *c, uint32_t flow, uint32_t *bytesp)
{
	const struct flow *f = &c->q.flows[flow];
	const struct slot *s, *tail = NULL;
	uint32_t bytes = 0, small = 0, large = 0;
	uint64_t number = c->last[flow];
	struct book *b;

	for (s = f->head; s != NULL; s = s->next) {
		b = book_of(c, s);
		require(b->place == WAITING && b->flow == flow);
		require(s->flow == flow && b->number > number);
		require(s->len == b->len && s->left == b->left);
		require(s == f->head || s->left == s->len);
		number = b->number;
		bytes += s->left;
		small += s->size == SLOT_SMALL;
		large += s->size == SLOT_LARGE;
		tail = s;
	}
	require(tail == NULL || f->tail == tail);
	require(f->bytes == bytes && f->small == small && f->large == large);
	require(f->head == NULL || f->is_listed);
	*bytesp = bytes;
	return small + large;
}

static void
check_lists(const struct flow_queue *q)
{
	bool is_seen[FLOW_QUEUE_FLOWS] = { false };
	const struct flow_list *lists[] = { &q->new_flows, &q->old_flows };
	const struct flow *f, *last;
	size_t i;

	for (i = 0; i < 2; i++) {
		last = NULL;
		for (f = lists[i]->first; f != NULL; f = f->next) {
			require(f->is_listed && !is_seen[f - q->flows]);
			is_seen[f - q->flows] = true;
			last = f;
		}
		require(last == NULL || lists[i]->last == last);
	}
	for (i = 0; i < FLOW_QUEUE_FLOWS; i++)
		require(q->flows[i].is_listed == is_seen[i]);
}

static void
check(struct scene *c)
{
	uint32_t flow, bytes, all_bytes = 0;
	unsigned frames = 0, waiting = 0, i;

	/* First, for it notes which ones were dropped. */
	check_pool(c);
	for (flow = 0; flow < FLOW_QUEUE_FLOWS; flow++) {
		frames += check_flow(c, flow, &bytes);
		all_bytes += bytes;
	}
	check_lists(&c->q);
	for (i = 0; i < SLOTS; i++)
		waiting += c->books[i].place == WAITING;
	require(frames == waiting && frames == c->q.frames);
	require(all_bytes == c->q.bytes);
	require(c->put == c->sent + c->cleared + frames +
	    c->q.dropped[FLOW_DROP_LATE] + c->q.dropped[FLOW_DROP_FULL]);
}

/* Those that were begun, as none of them may be dropped. */
static unsigned
count_begun(const struct scene *c)
{
	unsigned n = 0, i;

	for (i = 0; i < SLOTS; i++)
		n += c->books[i].place == WAITING &&
		    c->books[i].left < c->books[i].len;
	return n;
}

/* === Steps === */

/* IPv4, which may be marked, or something else; whose, says kind. */
static void
write_frame(uint8_t *frame, uint32_t len, uint8_t kind)
{
	static const uint8_t ip[] = { 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64,
	    17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 2, 0, 26 };
	uint8_t whole[60] = { 2 };

	if ((kind & 1) != 0)
		memcpy(whole + 12, ip, sizeof(ip));
	whole[11] = whole[35] = kind % KINDS;
	whole[15] = (kind >> 6) & 3;
	memcpy(frame, whole, len < sizeof(whole) ? len : sizeof(whole));
}

static void
put(struct scene *c, struct view *v)
{
	uint8_t kind = fuzz_u8(v);
	uint32_t len = fuzz_u16(v);
	struct slot *s;
	struct book *b;

	s = len > SLOT_SMALL || (kind & 0x20) != 0 ?
	    slot_take(&c->pool, SLOT_LARGE) : slot_take(&c->pool, SLOT_SMALL);
	if (s == NULL)
		return;
	b = book_of(c, s);
	require(b->place == FREE);
	s->len = len;
	write_frame(s->frame, len, kind);
	flow_queue_put(&c->q, s, c->now);
	require(s->flow < FLOW_QUEUE_FLOWS);
	*b = (struct book){ .place = WAITING, .flow = s->flow, .len = len,
	    .left = len, .number = ++c->put };
}

/* Part of it, or all, or all and the one behind. */
static void
send_one(struct scene *c, struct slot *s, uint32_t len)
{
	struct book *b = book_of(c, s);

	require(b->place == WAITING);
	require(c->q.flows[s->flow].head == s);
	len = len < s->left ? len : s->left;
	b->left -= len;
	flow_queue_sent(&c->q, s, len);
	require(s->left == b->left);
	if (s->left > 0)
		return;
	require(b->number > c->last[b->flow]);
	c->last[b->flow] = b->number;
	b->place = FREE;
	c->sent++;
	slot_give(&c->pool, s);
}

static void
send_next(struct scene *c, uint32_t len)
{
	struct slot *s, *behind;
	unsigned begun = count_begun(c);

	s = flow_queue_next(&c->q, c->now);
	check(c);
	require(count_begun(c) == begun);
	require((s == NULL) == (c->q.frames == 0));
	if (s == NULL)
		return;
	behind = flow_queue_behind(&c->q, s);
	require(behind == s->next);
	/* The same again: nothing has happened. */
	require(flow_queue_next(&c->q, c->now + len) == s);
	send_one(c, s, len % 3 == 0 ? UINT32_MAX : len);
	if (behind != NULL && c->q.flows[behind->flow].head == behind &&
	    (len & 0x10) != 0)
		send_one(c, behind, len);
}

static void
make_room(struct scene *c, uint32_t size)
{
	unsigned begun = count_begun(c), i, left = 0;
	unsigned *np = size == SLOT_SMALL ? &c->pool.small.nfree :
	    &c->pool.large.nfree;
	unsigned before = *np;

	flow_queue_make_room(&c->q, size);
	check(c);
	require(count_begun(c) == begun);
	require(before == 0 || *np == before);
	for (i = 0; i < SLOTS; i++)
		left += c->books[i].place == WAITING &&
		    c->books[i].left == c->books[i].len &&
		    (i < SMALL) == (size == SLOT_SMALL);
	require(*np > 0 || left == 0);
}

static void
clear(struct scene *c)
{
	unsigned frames = c->q.frames;

	flow_queue_clear(&c->q);
	require(c->q.frames == 0);
	c->cleared += frames;
}

static void
step(struct scene *c, struct view *v)
{
	uint8_t op = fuzz_u8(v);

	switch (op % 8) {
	case 0:
	case 1:
	case 2:
		put(c, v);
		break;
	case 3:
	case 4:
		send_next(c, fuzz_u16(v));
		break;
	case 5:
		make_room(c, (op & 8) != 0 ? SLOT_LARGE : SLOT_SMALL);
		break;
	case 6:
		c->now += fuzz_u16(v) * 8u;
		break;
	default:
		if (op == 0xff)
			clear(c);
		else if (op > 0xf0 && c->now > 5000)
			c->now -= 5000;
		else
			c->now += 10000;
		break;
	}
	check(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct scene c;
	struct view v = view_of(data, size);
	uint64_t frames;

	memset(&c, 0, sizeof(c));
	require(slot_pool_init(&c.pool, SMALL, LARGE) == 0);
	flow_queue_init(&c.q, &c.pool, fuzz_u8(&v), false);
	c.now = 1000000;
	while (v.len > 0)
		step(&c, &v);
	/* It comes to an end, and nothing is left anywhere. */
	for (frames = c.q.frames; c.q.frames > 0; frames--) {
		require(frames > 0);
		send_next(&c, 0);
	}
	check(&c);
	require(c.pool.small.nfree == SMALL && c.pool.large.nfree == LARGE);
	slot_pool_free(&c.pool);
	return 0;
}
