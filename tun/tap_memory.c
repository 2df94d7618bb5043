/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Two devices joined in memory.  The cable is one object that both ends
 * share: two rings of slots, one for each direction, all storage taken at
 * the start.  A full ring drops the newest frame, as a device queue does.
 *
 * The cable lives until the second end is closed.  Closing one end looks to
 * the other like the removal of its device, except that frames already on
 * the way still arrive.
 */

#include "tun/tap.h"

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "tun/tap_impl.h"

/* Enough for a burst of one window of full-sized frames in a test. */
#define RING_SLOTS	64

struct slot {
	size_t len;
	uint8_t frame[TAP_FRAME_MAX];
};

/* Frames towards one end. */
struct ring {
	unsigned first;		/* oldest slot in use */
	unsigned n;		/* slots in use */
	struct slot slots[RING_SLOTS];
};

struct cable {
	struct tap *ends[2];	/* NULL once closed */
	struct ring rings[2];	/* read by the end of the same index */
};

static unsigned
get_side(const struct tap *t)
{
	const struct cable *c = t->state;

	return c->ends[0] == t ? 0 : 1;
}

static int
memory_recv(struct tap *t, uint8_t *frame, size_t size, size_t *lenp)
{
	struct cable *c = t->state;
	unsigned side = get_side(t);
	struct ring *ring = &c->rings[side];
	const struct slot *slot = &ring->slots[ring->first];

	if (ring->n == 0)
		return c->ends[1 - side] == NULL ? SSHTAP_ERR_GONE :
		    SSHTAP_ERR_AGAIN;
	ring->first = (ring->first + 1) % RING_SLOTS;
	ring->n--;
	if (slot->len > size)
		return SSHTAP_ERR_DROPPED;
	memcpy(frame, slot->frame, slot->len);
	*lenp = slot->len;
	return 0;
}

/* The wrapper has checked that the frame fits a slot. */
static int
memory_send(struct tap *t, uint8_t *frame, size_t len)
{
	struct cable *c = t->state;
	unsigned other = 1 - get_side(t);
	struct ring *ring = &c->rings[other];
	struct slot *slot;

	if (c->ends[other] == NULL)
		return SSHTAP_ERR_GONE;
	if (ring->n == RING_SLOTS)
		return SSHTAP_ERR_DROPPED;
	slot = &ring->slots[(ring->first + ring->n) % RING_SLOTS];
	memcpy(slot->frame, frame, len);
	slot->len = len;
	ring->n++;
	return 0;
}

static void
memory_close(struct tap *t)
{
	struct cable *c = t->state;

	/* An end that was never joined to a cable has none to let go of. */
	if (c == NULL)
		return;
	c->ends[get_side(t)] = NULL;
	if (c->ends[0] == NULL && c->ends[1] == NULL)
		free(c);
}

static const struct tap_ops memory_ops = {
	.name = "memory",
	.recv = memory_recv,
	.send = memory_send,
	.close = memory_close,
};

int
tap_memory_pair(struct tap **ap, struct tap **bp)
{
	struct tap *a, *b;
	struct cable *c;
	int r = SSHTAP_ERR_ALLOC;

	a = tap_new(&memory_ops, "memory0", TAP_ETHERNET);
	b = tap_new(&memory_ops, "memory1", TAP_ETHERNET);
	c = calloc(1, sizeof(*c));
	if (a == NULL || b == NULL || c == NULL)
		goto out;
	c->ends[0] = a;
	c->ends[1] = b;
	a->state = c;
	b->state = c;
	*ap = a;
	*bp = b;
	a = b = NULL;
	c = NULL;
	r = 0;
 out:
	tap_close(a);
	tap_close(b);
	free(c);
	return r;
}
