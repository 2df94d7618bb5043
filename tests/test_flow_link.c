/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A link of 50 Mbit/s in whose queue a greedy and a sparse flow meet.  The
 * clock is a number.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>

#include <cmocka.h>

#include "tests/flow_util.h"

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
	struct flow_bench *b;
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
	struct flow_bench *b = l->b;
	uint64_t now = b->now;

	while (l->first != l->last && l->news[l->first % RING].at <= b->now)
		react(l, &l->news[l->first++ % RING]);
	while (l->in_flight < (unsigned)l->cwnd && l->in_flight < SMALL - 9) {
		flow_put_ecn(b, 0, FULL, l->ecn);
		l->in_flight++;
	}
	/* It came while the link was busy, perhaps. */
	for (; l->sparse_at <= now; l->sparse_at += SPARSE_EVERY) {
		b->now = l->sparse_at;
		flow_put(b, 1, SPARSE_LEN);
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
	flow_sent_all(l->b, s);
	tell(l, is_sparse ? 0 : 1);
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
run_link(struct flow_bench *b, uint8_t ecn, struct link *l)
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
check_link(struct flow_bench *b, uint8_t ecn)
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
	struct flow_bench *b = *state;

	check_link(b, 0);
	assert_true(b->q.dropped[FLOW_DROP_LATE] > 10);
	assert_int_equal(b->q.marked, 0);
}

static void
test_link_with_marks(void **state)
{
	struct flow_bench *b = *state;

	check_link(b, ECT0);
	assert_int_equal(b->q.dropped[FLOW_DROP_LATE], 0);
	assert_true(b->q.marked > 10);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, flow_setup, flow_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_link_with_drops),
		TEST(test_link_with_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
