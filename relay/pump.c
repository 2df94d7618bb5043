/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Frames of the device are taken to the queue (egress.c) while there is a
 * place for them, whether or not anything can be sent: it is the queue that
 * decides what waits, what goes first, and what is dropped.
 */

#include "relay/pump.h"

#include <assert.h>
#include <stdio.h>

#include "lib/err.h"
#include "lib/proc.h"

/* tun/ and channels/ do not know each other, so each has its own numbers. */
static_assert(TAP_FRAME_MAX == CHAN_TUN_FRAME_MAX &&
    TAP_FRAME_MIN == CHAN_TUN_FRAME_MIN, "both take the same frames");
static_assert((unsigned)TAP_ETHERNET == CHAN_TUN_ETHERNET &&
    (unsigned)TAP_POINT_TO_POINT == CHAN_TUN_POINT_TO_POINT &&
    TAP_UNIT_ANY == CHAN_TUN_UNIT_ANY, "a mode and a unit go as they are");

/*
 * What is read in one turn of the loop, before the socket gets its turn, and
 * how much of it is gathered before it is sent: small frames of a flow go
 * along with each other.
 */
#define BATCH_FRAMES	64
#define BATCH_BYTES	(256 * 1024)
#define GATHER_BYTES	(16 * 1024)

/* Frames that may have gathered while the tunnel was being set up. */
#define STALE_MAX	4096

void
pump_stop(struct pump *p)
{
	if (p->state == PUMP_STOPPED)
		return;
	/* What the peer had sent before the end arrives. */
	ingress_flush(&p->ingress);
	p->state = PUMP_STOPPED;
	loop_remove(p->loop, tap_read_fd(p->tap));
	egress_clear(&p->egress);
	ingress_clear(&p->ingress);
}

static void
device_gone(struct pump *p)
{
	pump_stop(p);
	p->ops->gone(p->ctx);
}

void
pump_check(struct pump *p)
{
	if (p->state != PUMP_STOPPED && tap_check(p->tap) == SSHTAP_ERR_GONE)
		device_gone(p);
}

int
pump_watch(struct pump *p, unsigned loop_type)
{
	int r;

	/*
	 * Until frames are wanted the device's end is what poll(2) says
	 * unasked, or pump_check finds.
	 */
	if ((r = egress_init(&p->egress, p->tap, p->path)) == 0 &&
	    (r = ingress_init(&p->ingress, p->tap)) == 0 &&
	    (r = loop_add(p->loop, tap_read_fd(p->tap), loop_type, p,
	    0)) == 0) {
		p->state = PUMP_WATCHING;
		return 0;
	}
	egress_clear(&p->egress);
	ingress_clear(&p->ingress);
	return r;
}

/*
 * Wait for the device or not.  What it has read ahead does not make its
 * descriptor readable.
 */
static void
set_reading(struct pump *p, bool on)
{
	if (on != p->is_reading)
		loop_set(p->loop, tap_read_fd(p->tap), on ? LOOP_IN : 0);
	p->is_reading = on;
	if (on && tap_has_pending(p->tap))
		loop_again(p->loop, tap_read_fd(p->tap));
}

/* Nobody wants frames from before the cable was plugged in. */
void
pump_start(struct pump *p, struct chan *chan)
{
	if (p->state != PUMP_WATCHING)
		return;
	p->state = PUMP_RUNNING;
	p->chan = chan;
	p->egress.chan = chan;
	(void)tap_discard(p->tap, STALE_MAX);
	set_reading(p, true);
}

/* What reading or sending came to: false when that is the end. */
static bool
goes_on(struct pump *p, int r)
{
	switch (r) {
	case 0:
	case SSHTAP_ERR_AGAIN:
	case SSHTAP_ERR_DROPPED:
	case SSHTAP_ERR_TOO_BIG:	/* no place */
		return true;
	case SSHTAP_ERR_STATE:		/* the channel takes no more */
		set_reading(p, false);
		return false;
	case SSHTAP_ERR_GONE:
		device_gone(p);
		return false;
	case SSHTAP_ERR_SYSTEM:
		pump_stop(p);
		p->ops->unreadable(p->ctx, r);
		return false;
	default:
		pump_stop(p);
		p->ops->failed(p->ctx, r);
		return false;
	}
}

/*
 * Read a batch, and send of it what has gathered.
 * Returns what stopped it, 0 when its size did.
 */
static int
read_batch(struct pump *p, uint64_t now_us)
{
	size_t bytes = 0, waiting;
	unsigned n;
	int r = 0;

	for (n = 0; n < BATCH_FRAMES && bytes < BATCH_BYTES; n++) {
		waiting = egress_waiting(&p->egress);
		r = egress_read(&p->egress, now_us);
		if (r != 0 && r != SSHTAP_ERR_DROPPED)
			return r;
		bytes += egress_waiting(&p->egress) - waiting;
		if (egress_waiting(&p->egress) < GATHER_BYTES)
			continue;
		r = egress_send(&p->egress, now_us);
		if (r != 0 && r != SSHTAP_ERR_AGAIN)
			return r;
	}
	return 0;
}

static void
carry(struct pump *p)
{
	uint64_t now_us = proc_now_us();

	if (goes_on(p, read_batch(p, now_us)) &&
	    goes_on(p, egress_send(&p->egress, now_us)))
		set_reading(p, egress_has_place(&p->egress, now_us));
}

void
pump_ready(void *ctx, int fd, unsigned events)
{
	struct pump *p = ctx;

	(void)fd;
	/* A device that was removed may say so in any state, and only thus. */
	if ((events & LOOP_HUP) != 0 && p->state != PUMP_STOPPED &&
	    tap_discard(p->tap, 1) == SSHTAP_ERR_GONE) {
		device_gone(p);
		return;
	}
	if (p->state == PUMP_RUNNING)
		carry(p);
}

void
pump_writable(struct pump *p)
{
	uint64_t now_us;

	if (p->state != PUMP_RUNNING)
		return;
	now_us = proc_now_us();
	if (goes_on(p, egress_send(&p->egress, now_us)) && !p->is_reading)
		set_reading(p, egress_has_place(&p->egress, now_us));
}

static uint32_t
to_u32(uint64_t n)
{
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

int
pump_path(struct pump *p)
{
	if (p->state != PUMP_RUNNING || p->path == NULL ||
	    chan_is_of_ours(p->chan))
		return 0;
	chan_tun_set_path(p->chan, to_u32(path_holds(p->path)));
	return chan_tun_set_window(p->chan, to_u32(p->path->in.limit));
}

void
pump_takes(struct pump *p, unsigned flags)
{
	p->egress.takes = flags;
}

static void
look_for_end(struct pump *p)
{
	if (p->ingress.is_gone)
		device_gone(p);
}

void
pump_frame(struct pump *p, uint8_t *frame, size_t len)
{
	if (p->state != PUMP_RUNNING)
		return;
	ingress_frame(&p->ingress, frame, len);
	look_for_end(p);
}

void
pump_super(struct pump *p, const uint8_t *words, uint8_t *frame, size_t len)
{
	if (p->state != PUMP_RUNNING)
		return;
	ingress_super(&p->ingress, words, frame, len);
	look_for_end(p);
}

void
pump_drained(struct pump *p)
{
	if (p->state != PUMP_RUNNING)
		return;
	ingress_flush(&p->ingress);
	look_for_end(p);
}

const char *
pump_text(const struct pump *p, char *out, size_t size)
{
	const struct egress_stats *e = &p->egress.stats;
	const struct ingress_stats *in = &p->ingress.stats;
	const struct flow_queue *q = &p->egress.queue;
	const struct coalescer *j = &p->ingress.joiner;
	const struct {
		const char *name;
		uint64_t value;
	} all[] = {
		{ "late", q->dropped[FLOW_DROP_LATE] },
		{ "overflow", q->dropped[FLOW_DROP_FULL] },
		{ "ecn_marked", q->marked },
		{ "too_long", e->too_long },
		{ "malformed_out", e->malformed },
		{ "malformed_in", in->malformed },
		{ "bad_checksum_in", j->bad_csum },
		{ "super_out", e->supers },
		{ "super_in", in->supers },
		{ "cut_out", e->cut },
		{ "cut_in", in->cut },
		{ "joined_out", e->joined },
		{ "joined_in", j->joined },
	};
	size_t i, used = 0;
	int n;

	*out = '\0';
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		n = snprintf(out + used, size - used, "%s%s=%llu",
		    i > 0 ? " " : "", all[i].name,
		    (unsigned long long)all[i].value);
		if (n < 0 || (size_t)n >= size - used)
			break;
		used += (size_t)n;
	}
	return out;
}
