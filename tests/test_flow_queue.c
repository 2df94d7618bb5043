/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The order in which frames come out, which are dropped, and a link of 50
 * Mbit/s in whose queue a greedy and a sparse flow meet.  The clock is a
 * number.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tun/flow_queue.h"
#include "tun/headers.h"

#define MS		1000u
#define SMALL		1000u
#define LARGE		8u
#define FULL		1514u
#define SUPER		60000u
#define SEED		4711u
#define PORTS		16u
#define IPV4_HEADER	20u
#define ECT0		2u
#define CE		3u
#define TOS_AT		15u
#define ID_AT		42u	/* of the frame, in its payload */

struct bench {
	struct slot_pool pool;
	struct flow_queue q;
	uint16_t ports[PORTS];	/* of flows that share no queue */
	unsigned nports;
	uint16_t id;
	uint64_t now;
};

static uint16_t
get_checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void
put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* UDP from a port, with a number of its own. */
static void
write_frame(uint8_t *frame, uint32_t len, uint16_t port, uint8_t ecn,
    uint16_t id)
{
	uint8_t *ip = frame + HEADERS_ETHERNET;
	uint8_t *udp = ip + IPV4_HEADER;

	memset(frame, 0, len < 64 ? len : 64);
	frame[0] = frame[6] = 2;
	put16(frame + 12, 0x0800);
	ip[0] = 0x45;
	ip[1] = ecn;
	put16(ip + 2, len - HEADERS_ETHERNET);
	ip[8] = 64;
	ip[9] = HEADERS_PROTO_UDP;
	put16(ip + 12, 0x0a00);
	put16(ip + 14, 1);
	put16(ip + 16, 0x0a00);
	put16(ip + 18, 2);
	put16(ip + 10, get_checksum(ip, IPV4_HEADER));
	put16(udp, port);
	put16(udp + 2, 7);
	put16(udp + 4, len - HEADERS_ETHERNET - IPV4_HEADER);
	put16(frame + ID_AT, id);
}

static uint16_t
get_id(const struct slot *s)
{
	return (uint16_t)(s->frame[ID_AT] << 8 | s->frame[ID_AT + 1]);
}

static void
choose_ports(struct bench *b)
{
	bool is_taken[FLOW_QUEUE_FLOWS] = { false };
	uint8_t frame[64];
	uint16_t port;
	uint32_t flow;

	for (port = 1; b->nports < PORTS; port++) {
		assert_in_range(port, 1, 1000);
		write_frame(frame, sizeof(frame), port, 0, 0);
		flow = headers_flow(frame, sizeof(frame), SEED) %
		    FLOW_QUEUE_FLOWS;
		if (!is_taken[flow])
			b->ports[b->nports++] = port;
		is_taken[flow] = true;
	}
}

static int
setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	if (b == NULL || slot_pool_init(&b->pool, SMALL, LARGE) != 0)
		return -1;
	flow_queue_init(&b->q, &b->pool, SEED);
	choose_ports(b);
	b->now = 1000000;
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	slot_pool_free(&b->pool);
	free(b);
	return 0;
}

/* Returns the number that the frame got. */
static uint16_t
put_ecn(struct bench *b, unsigned flow, uint32_t len, uint8_t ecn)
{
	struct slot *s = len <= SLOT_SMALL ? slot_take_small(&b->pool) :
	    slot_take_large(&b->pool);

	assert_non_null(s);
	s->len = len;
	s->segments = 1;
	write_frame(s->frame, len, b->ports[flow], ecn, ++b->id);
	flow_queue_put(&b->q, s, b->now);
	return b->id;
}

static uint16_t
put(struct bench *b, unsigned flow, uint32_t len)
{
	return put_ecn(b, flow, len, 0);
}

static uint16_t
sent_all(struct bench *b, struct slot *s)
{
	uint16_t id = get_id(s);

	flow_queue_sent(&b->q, s, s->left);
	assert_int_equal(s->left, 0);
	slot_give(&b->pool, s);
	return id;
}

/* What comes next, all of it sent; its number, or 0. */
static uint16_t
take(struct bench *b)
{
	struct slot *s = flow_queue_next(&b->q, b->now);

	return s != NULL ? sent_all(b, s) : 0;
}

static void
assert_waiting(const struct bench *b, unsigned frames, uint32_t bytes)
{
	assert_int_equal(b->q.frames, frames);
	assert_int_equal(b->q.bytes, bytes);
	assert_int_equal(b->pool.nsmall + b->pool.nlarge,
	    SMALL + LARGE - frames);
}

static void
assert_dropped(const struct bench *b, uint64_t late, uint64_t full,
    uint64_t marked)
{
	assert_int_equal(b->q.dropped[FLOW_DROP_LATE], late);
	assert_int_equal(b->q.dropped[FLOW_DROP_FULL], full);
	assert_int_equal(b->q.marked, marked);
}

/* === Order === */

static void
test_keeps_the_order_of_a_flow(void **state)
{
	struct bench *b = *state;
	unsigned i;

	assert_null(flow_queue_next(&b->q, b->now));
	for (i = 1; i <= 20; i++)
		assert_int_equal(put(b, 0, 60 + i), i);
	assert_waiting(b, 20, 20 * 60 + 210);
	for (i = 1; i <= 20; i++)
		assert_int_equal(take(b), i);
	assert_int_equal(take(b), 0);
	assert_waiting(b, 0, 0);
	assert_dropped(b, 0, 0, 0);
}

static void
test_new_flows_go_first(void **state)
{
	struct bench *b = *state;
	uint16_t first, second, ping, pong;

	first = put(b, 0, FULL);
	second = put(b, 0, FULL);
	put(b, 0, FULL);
	assert_int_equal(take(b), first);
	ping = put(b, 1, 100);
	pong = put(b, 2, 100);
	assert_int_equal(take(b), ping);
	assert_int_equal(take(b), pong);
	assert_int_equal(take(b), second);
}

/* One that was new has to leave by way of the old ones. */
static void
test_new_again_takes_turns(void **state)
{
	struct bench *b = *state;
	uint16_t a[3], ping;

	a[0] = put(b, 0, FULL);
	a[1] = put(b, 0, FULL);
	a[2] = put(b, 0, FULL);
	assert_int_equal(take(b), a[0]);
	put(b, 1, 100);
	assert_int_equal(take(b), put(b, 1, 100) - 1);
	/* Its quantum is not used up. */
	assert_int_equal(take(b), b->id);
	assert_int_equal(take(b), a[1]);
	ping = put(b, 1, 100);
	assert_int_equal(take(b), ping);
	assert_int_equal(take(b), a[2]);
}

/* As many bytes, not as many frames. */
static void
test_shares_by_bytes(void **state)
{
	struct bench *b = *state;
	int64_t bytes[2] = { 0, 0 }, difference;
	struct slot *s;
	uint32_t first = UINT32_MAX;
	int i;

	for (i = 0; i < 100; i++)
		put(b, 0, FULL);
	for (i = 0; i < 600; i++)
		put(b, 1, 250);
	for (i = 0; i < 500; i++) {
		assert_non_null(s = flow_queue_next(&b->q, b->now));
		if (first == UINT32_MAX)
			first = s->flow;
		bytes[s->flow == first ? 0 : 1] += s->len;
		sent_all(b, s);
		difference = bytes[0] - bytes[1];
		assert_true(llabs(difference) <= 2 * FULL);
	}
}

/* 60000 bytes are 40 turns' worth. */
static void
test_super_frame_is_paid_for(void **state)
{
	struct bench *b = *state;
	uint16_t super[2];
	unsigned i, n;

	super[0] = put(b, 0, SUPER);
	super[1] = put(b, 0, SUPER);
	assert_int_equal(take(b), super[0]);
	for (i = 0; i < 100; i++)
		put(b, 1, FULL);
	for (n = 0; take(b) != super[1]; n++)
		assert_in_range(n, 0, 99);
	assert_in_range(n, SUPER / FULL, SUPER / FULL + 2);
}

/* Another flow may come in between, and it is named again after that. */
static void
test_sent_in_parts(void **state)
{
	struct bench *b = *state;
	struct slot *s;
	uint16_t ping;

	put(b, 0, SUPER);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	assert_int_equal(s->left, SUPER);
	flow_queue_sent(&b->q, s, 20000);
	assert_int_equal(s->left, SUPER - 20000);
	assert_waiting(b, 1, SUPER - 20000);
	ping = put(b, 1, 100);
	assert_int_equal(take(b), ping);
	assert_ptr_equal(flow_queue_next(&b->q, b->now), s);
	flow_queue_sent(&b->q, s, 39999);
	assert_ptr_equal(flow_queue_next(&b->q, b->now), s);
	/* More than there is, is all there is. */
	flow_queue_sent(&b->q, s, 20000);
	assert_int_equal(s->left, 0);
	slot_give(&b->pool, s);
	assert_null(flow_queue_next(&b->q, b->now));
	assert_waiting(b, 0, 0);
}

/* For those that are joined: next once, then one after the other. */
static void
test_behind(void **state)
{
	struct bench *b = *state;
	struct slot *s, *behind;

	put(b, 0, 100);
	put(b, 1, 100);
	put(b, 0, 101);
	put(b, 0, 102);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	assert_int_equal(s->len, 100);
	assert_non_null(behind = flow_queue_behind(&b->q, s));
	assert_int_equal(behind->len, 101);
	sent_all(b, s);
	assert_int_equal(flow_queue_behind(&b->q, behind)->len, 102);
	sent_all(b, behind);
	assert_waiting(b, 2, 202);
	assert_int_equal(take(b), 4);
	assert_null(flow_queue_behind(&b->q, flow_queue_next(&b->q, b->now)));
	assert_int_equal(take(b), 2);
}

/* === Too late === */

/* Keep n frames waiting for so long that drops begin; the next one is due. */
static void
make_late(struct bench *b, unsigned n, uint8_t ecn)
{
	unsigned i;

	for (i = 0; i < n; i++)
		put_ecn(b, 0, FULL, ecn);
	b->now += 10 * MS;
	assert_int_not_equal(take(b), 0);
	b->now += 100 * MS;
	assert_dropped(b, 0, 0, 0);
}

static void
test_drops_late_frames(void **state)
{
	struct bench *b = *state;

	make_late(b, 10, 0);
	assert_int_equal(take(b), 3);
	assert_dropped(b, 1, 0, 0);
	assert_waiting(b, 7, 7 * FULL);
	b->now += 99 * MS;
	assert_int_equal(take(b), 4);
	b->now += MS;
	assert_int_equal(take(b), 6);
	assert_dropped(b, 2, 0, 0);
	assert_waiting(b, 4, 4 * FULL);
}

static void
test_marks_instead(void **state)
{
	struct bench *b = *state;
	struct slot *s;

	make_late(b, 10, ECT0);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	assert_int_equal(get_id(s), 2);
	assert_int_equal(s->frame[TOS_AT], CE);
	assert_int_equal(get_checksum(s->frame + HEADERS_ETHERNET,
	    IPV4_HEADER), 0);
	assert_dropped(b, 0, 0, 1);
	/* Not twice. */
	b->now += 1000 * MS;
	assert_ptr_equal(flow_queue_next(&b->q, b->now), s);
	assert_dropped(b, 0, 0, 1);
	sent_all(b, s);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	assert_dropped(b, 0, 0, 2);
}

static void
test_asking_again_drops_nothing(void **state)
{
	struct bench *b = *state;
	struct slot *s;
	unsigned i;

	make_late(b, 100, 0);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	assert_dropped(b, 1, 0, 0);
	for (i = 0; i < 100; i++) {
		b->now += 50 * MS;
		assert_ptr_equal(flow_queue_next(&b->q, b->now), s);
	}
	assert_dropped(b, 1, 0, 0);
}

/* A super-frame alone may take longer than the target: what else to send? */
static void
test_last_frame_is_not_dropped(void **state)
{
	struct bench *b = *state;
	unsigned i;

	for (i = 1; i <= 50; i++) {
		put(b, 0, SUPER);
		b->now += 1000 * MS;
		assert_int_equal(take(b), i);
	}
	/* Nor any of a few small ones. */
	for (i = 1; i <= 150; i += 3) {
		put(b, 1, 500);
		put(b, 1, 500);
		put(b, 1, 500);
		b->now += 1000 * MS;
		assert_int_equal(take(b), 50 + i);
		assert_int_equal(take(b), 51 + i);
		assert_int_equal(take(b), 52 + i);
	}
	assert_dropped(b, 0, 0, 0);
	make_late(b, 5, 0);
	b->now += 10000 * MS;
	assert_int_equal(take(b), b->id - 2);
	assert_dropped(b, 1, 0, 0);
	b->now += 10000 * MS;
	assert_int_equal(take(b), b->id);
	assert_dropped(b, 2, 0, 0);
}

static void
test_begun_frame_is_not_dropped(void **state)
{
	struct bench *b = *state;
	struct slot *s, *behind;

	make_late(b, 10, 0);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	assert_non_null(behind = flow_queue_behind(&b->q, s));
	sent_all(b, s);
	/* Without having been named, as one that is joined. */
	flow_queue_sent(&b->q, behind, 1);
	b->now += 10000 * MS;
	assert_ptr_equal(flow_queue_next(&b->q, b->now), behind);
	assert_dropped(b, 1, 0, 0);
}

static void
test_clock_that_goes_back(void **state)
{
	struct bench *b = *state;
	unsigned i;

	for (i = 0; i < 20; i++)
		put(b, 0, FULL);
	for (i = 1; i <= 20; i++) {
		b->now -= 10 * MS;
		assert_int_equal(take(b), i);
	}
	assert_dropped(b, 0, 0, 0);
}

/* === No room === */

static void
test_room_is_made_in_the_longest(void **state)
{
	struct bench *b = *state;
	unsigned i;

	/* Few places with many bytes; many places; as many, but one. */
	for (i = 0; i < 300; i++)
		put(b, 0, FULL);
	for (i = 0; i < 351; i++)
		put(b, 1, 60);
	for (i = 0; i < 349; i++)
		put(b, 2, 60);
	assert_int_equal(b->pool.nsmall, 0);
	flow_queue_make_room(&b->q, SLOT_SMALL);
	assert_int_equal(b->pool.nsmall, 64);
	assert_dropped(b, 0, 64, 0);
	/* There is room. */
	flow_queue_make_room(&b->q, SLOT_SMALL);
	flow_queue_make_room(&b->q, SLOT_LARGE);
	assert_dropped(b, 0, 64, 0);
	/* Of the front. */
	assert_int_equal(take(b), 1);
	assert_int_equal(take(b), 301 + 64);
}

static void
test_room_of_short_flows(void **state)
{
	struct bench *b = *state;
	struct slot *held[SMALL];
	unsigned i, n = 0;

	for (i = 0; i < 7; i++)
		put(b, 0, 60);
	while ((held[n] = slot_take_small(&b->pool)) != NULL)
		n++;
	/* Half, rounded up. */
	flow_queue_make_room(&b->q, SLOT_SMALL);
	assert_int_equal(b->pool.nsmall, 4);
	while ((held[n] = slot_take_small(&b->pool)) != NULL)
		n++;
	flow_queue_make_room(&b->q, SLOT_SMALL);
	while ((held[n] = slot_take_small(&b->pool)) != NULL)
		n++;
	flow_queue_make_room(&b->q, SLOT_SMALL);
	assert_dropped(b, 0, 7, 0);
	assert_int_equal(b->pool.nsmall, 1);
	held[n] = slot_take_small(&b->pool);
	/* None waits. */
	flow_queue_make_room(&b->q, SLOT_SMALL);
	assert_int_equal(b->pool.nsmall, 0);
	assert_dropped(b, 0, 7, 0);
	assert_null(flow_queue_next(&b->q, b->now));
}

static void
test_room_for_super_frames(void **state)
{
	struct bench *b = *state;
	unsigned i, small[2];

	small[0] = put(b, 0, 60);
	for (i = 0; i < LARGE; i++)
		put(b, 0, SUPER);
	small[1] = put(b, 0, 60);
	assert_int_equal(b->pool.nlarge, 0);
	flow_queue_make_room(&b->q, SLOT_LARGE);
	assert_int_equal(b->pool.nlarge, 1);
	assert_dropped(b, 0, 1, 0);
	assert_int_equal(take(b), small[0]);
	assert_int_equal(take(b), small[0] + 2);
	for (i = 0; i < 2; i++)
		put(b, 1, SUPER);
	for (i = 0; i < LARGE - 2; i++) {
		flow_queue_make_room(&b->q, SLOT_LARGE);
		put(b, 1, SUPER);
	}
	assert_dropped(b, 0, LARGE - 1, 0);
	while ((i = take(b)) != 0)
		small[0] = i == small[1] ? i : small[0];
	assert_int_equal(small[0], small[1]);
}

static void
test_room_spares_what_is_begun(void **state)
{
	struct bench *b = *state;
	struct slot *s, *held[LARGE];
	unsigned n = 0;

	put(b, 0, SUPER);
	put(b, 0, SUPER);
	while ((held[n] = slot_take_large(&b->pool)) != NULL)
		n++;
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	flow_queue_sent(&b->q, s, 1);
	flow_queue_make_room(&b->q, SLOT_LARGE);
	assert_int_equal(b->pool.nlarge, 1);
	held[n] = slot_take_large(&b->pool);
	flow_queue_make_room(&b->q, SLOT_LARGE);
	assert_int_equal(b->pool.nlarge, 0);
	assert_dropped(b, 0, 1, 0);
	assert_ptr_equal(flow_queue_next(&b->q, b->now), s);
	assert_null(s->next);
	/* The last one has gone: is the end of the flow known? */
	slot_give(&b->pool, held[n]);
	put(b, 0, SUPER);
	assert_ptr_equal(flow_queue_behind(&b->q, s), held[n]);
}

static void
test_clear(void **state)
{
	struct bench *b = *state;
	struct slot *s;
	unsigned i;

	for (i = 0; i < 100; i++)
		put(b, i % PORTS, 60 + i);
	put(b, 0, SUPER);
	assert_non_null(s = flow_queue_next(&b->q, b->now));
	flow_queue_sent(&b->q, s, 1);
	flow_queue_clear(&b->q);
	assert_waiting(b, 0, 0);
	assert_dropped(b, 0, 0, 0);
	assert_null(flow_queue_next(&b->q, b->now));
	put(b, 0, 60);
	assert_int_equal(take(b), b->id);
	flow_queue_clear(&b->q);
}

/* === A link of 50 Mbit/s === */

#define RATE		50u			/* bits in a microsecond */
#define AIR(len)	((len) * 8 / RATE)
#define RTT		(20 * MS)
#define SPARSE_EVERY	(MS + 11)
#define SPARSE_LEN	200u
#define RUN		(20000 * MS)
#define WARM		(5000 * MS)	/* not looked at */
#define RING		4096u

/* What the greedy source learns one round trip later. */
struct news {
	uint64_t at;
	unsigned acked, lost, marked;
};

struct link {
	struct bench *b;
	uint8_t ecn;
	double cwnd;		/* of the source, in frames */
	bool is_slow_start;
	unsigned in_flight;
	uint64_t recover_until;
	struct news news[RING];
	unsigned first, last;
	uint64_t sparse_at, lost_before, marked_before, sent_bytes;
	uint32_t sparse_flow;
	uint64_t sparse_worst;
	uint64_t waits[RUN / AIR(FULL) + 1];
	size_t nwaits;
};

static void
tell(struct link *l, unsigned acked)
{
	struct news *n = &l->news[l->last++ % RING];
	const struct flow_queue *q = &l->b->q;

	n->at = l->b->now + RTT;
	n->acked = acked;
	n->lost = (unsigned)(q->dropped[FLOW_DROP_LATE] - l->lost_before);
	n->marked = (unsigned)(q->marked - l->marked_before);
	l->lost_before = q->dropped[FLOW_DROP_LATE];
	l->marked_before = q->marked;
}

/*
 * One more in a round trip, and when something is lost or marked as much less
 * as of CUBIC (RFC 9438 section 4.6).
 */
static void
react(struct link *l, const struct news *n)
{
	l->in_flight -= n->acked + n->lost;
	if (n->acked > 0)
		l->cwnd += l->is_slow_start ? 1 : 1 / l->cwnd;
	if (n->lost + n->marked == 0 || n->at < l->recover_until)
		return;
	l->is_slow_start = false;
	l->cwnd = l->cwnd * 0.7 > 2 ? l->cwnd * 0.7 : 2;
	l->recover_until = n->at + RTT;
}

static void
feed(struct link *l)
{
	struct bench *b = l->b;
	uint64_t now = b->now;

	while (l->first != l->last && l->news[l->first % RING].at <= b->now)
		react(l, &l->news[l->first++ % RING]);
	while (l->in_flight < (unsigned)l->cwnd && l->in_flight < SMALL - 9) {
		put_ecn(b, 0, FULL, l->ecn);
		l->in_flight++;
	}
	/* It came while the link was busy, perhaps. */
	for (; l->sparse_at <= now; l->sparse_at += SPARSE_EVERY) {
		b->now = l->sparse_at;
		put(b, 1, SPARSE_LEN);
	}
	b->now = now;
}

static void
transmit(struct link *l, struct slot *s)
{
	uint64_t wait = l->b->now - s->since_us;
	bool is_sparse = s->len == SPARSE_LEN;

	if (l->b->now > WARM) {
		l->sent_bytes += s->len;
		if (is_sparse && wait > l->sparse_worst)
			l->sparse_worst = wait;
		if (!is_sparse)
			l->waits[l->nwaits++] = wait;
	}
	l->b->now += AIR(s->len);
	sent_all(l->b, s);
	tell(l, is_sparse ? 0 : 1);
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
run_link(struct bench *b, uint8_t ecn, struct link *l)
{
	struct slot *s;

	*l = (struct link){ .b = b, .ecn = ecn, .cwnd = 10,
	    .is_slow_start = true, .sparse_at = 3 * MS };
	b->now = 0;
	while (b->now < RUN) {
		feed(l);
		if ((s = flow_queue_next(&b->q, b->now)) != NULL)
			transmit(l, s);
		else
			b->now += 10;
	}
	qsort(l->waits, l->nwaits, sizeof(l->waits[0]), compare);
	print_message("wait %llu us median, %llu worst, sparse %llu worst; "
	    "%llu %% of the link; %llu dropped, %llu marked\n",
	    (unsigned long long)l->waits[l->nwaits / 2],
	    (unsigned long long)l->waits[l->nwaits - 1],
	    (unsigned long long)l->sparse_worst,
	    (unsigned long long)(l->sent_bytes * 8 * 100 / RATE /
	    (RUN - WARM)),
	    (unsigned long long)b->q.dropped[FLOW_DROP_LATE],
	    (unsigned long long)b->q.marked);
}

static void
check_link(struct bench *b, uint8_t ecn)
{
	struct link *l = malloc(sizeof(*l));

	assert_non_null(l);
	run_link(b, ecn, l);
	/* A turn of the other flow, and what is being sent. */
	assert_true(l->sparse_worst < 2 * AIR(FULL) + 10);
	/* The places that there are would do for 220 ms. */
	assert_in_range(l->waits[l->nwaits / 2], 1 * MS, 5 * MS);
	assert_in_range(l->waits[l->nwaits - 1], 5 * MS, 10 * MS);
	assert_true(l->sent_bytes * 8 * 100 / RATE / (RUN - WARM) >= 95);
	free(l);
}

static void
test_link_with_drops(void **state)
{
	struct bench *b = *state;

	check_link(b, 0);
	assert_true(b->q.dropped[FLOW_DROP_LATE] > 10);
	assert_int_equal(b->q.marked, 0);
}

static void
test_link_with_marks(void **state)
{
	struct bench *b = *state;

	check_link(b, ECT0);
	assert_int_equal(b->q.dropped[FLOW_DROP_LATE], 0);
	assert_true(b->q.marked > 10);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_keeps_the_order_of_a_flow),
		TEST(test_new_flows_go_first),
		TEST(test_new_again_takes_turns),
		TEST(test_shares_by_bytes),
		TEST(test_super_frame_is_paid_for),
		TEST(test_sent_in_parts),
		TEST(test_behind),
		TEST(test_drops_late_frames),
		TEST(test_marks_instead),
		TEST(test_asking_again_drops_nothing),
		TEST(test_last_frame_is_not_dropped),
		TEST(test_begun_frame_is_not_dropped),
		TEST(test_clock_that_goes_back),
		TEST(test_room_is_made_in_the_longest),
		TEST(test_room_of_short_flows),
		TEST(test_room_for_super_frames),
		TEST(test_room_spares_what_is_begun),
		TEST(test_clear),
		TEST(test_link_with_drops),
		TEST(test_link_with_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
