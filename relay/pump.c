/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The way of a frame.  Out: it is read from the device, sealed on its way to
 * the output, and many packets leave in one write (wire.c).  In: a packet is
 * opened where it was received, and the frame is handed to the device from
 * there.  No allocation, no copy.
 *
 * While the peer's window or the socket is full the device is not read at
 * all: its own queue is the only one, and drops there when it must.
 */

#include "relay/pump.h"

#include <assert.h>

#include "lib/err.h"

/* tun/ and channels/ do not know each other, so each has its own numbers. */
static_assert(TAP_HEADROOM <= CHAN_TUN_HEADROOM,
    "a device's header fits in front of a frame");
static_assert(TAP_FRAME_MAX == CHAN_TUN_FRAME_MAX &&
    TAP_FRAME_MIN == CHAN_TUN_FRAME_MIN, "both take the same frames");
static_assert((unsigned)TAP_ETHERNET == CHAN_TUN_ETHERNET &&
    (unsigned)TAP_POINT_TO_POINT == CHAN_TUN_POINT_TO_POINT &&
    TAP_UNIT_ANY == CHAN_TUN_UNIT_ANY, "a mode and a unit go as they are");

/* Frames read in one turn of the loop, before the socket gets its turn. */
#define BATCH		64

/* Frames that may have gathered while the tunnel was being set up. */
#define STALE_MAX	4096

void
pump_stop(struct pump *p)
{
	if (p->state == PUMP_STOPPED)
		return;
	p->state = PUMP_STOPPED;
	loop_remove(p->loop, tap_read_fd(p->tap));
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
	r = loop_add(p->loop, tap_read_fd(p->tap), loop_type, p, 0);
	if (r == 0)
		p->state = PUMP_WATCHING;
	return r;
}

/* What the device has read ahead does not make its descriptor readable. */
static void
take_up_pending(struct pump *p)
{
	if (tap_has_pending(p->tap))
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
	(void)tap_discard(p->tap, STALE_MAX);
	pump_writable(p);
}

/* Returns 0 when there may be more to send. */
static int
send_one(struct pump *p)
{
	uint8_t room[CHAN_TUN_HEADROOM + CHAN_TUN_FRAME_MAX +
	    CHAN_TUN_TAILROOM];
	uint8_t *frame = room + CHAN_TUN_HEADROOM;
	size_t max, len;
	int r;

	if ((r = chan_tun_room(p->chan, &max)) != 0)
		return r;
	if ((r = tap_recv(p->tap, frame, max, &len)) != 0)
		return r == SSHTAP_ERR_AGAIN ? SSHTAP_ERR_NOT_FOUND : r;
	return chan_tun_send(p->chan, frame, len);
}

/* What stopped a batch; 0 when its size did. */
static int
send_batch(struct pump *p)
{
	int i, r = 0;

	for (i = 0; i < BATCH; i++) {
		r = send_one(p);
		if (r != 0 && r != SSHTAP_ERR_DROPPED)
			return r;
	}
	return 0;
}

void
pump_ready(void *ctx, int fd, unsigned events)
{
	struct pump *p = ctx;
	int r;

	/* A device that was removed may say so in any state, and only thus. */
	if ((events & LOOP_HUP) != 0 && p->state != PUMP_STOPPED &&
	    tap_discard(p->tap, 1) == SSHTAP_ERR_GONE) {
		device_gone(p);
		return;
	}
	if (p->state != PUMP_RUNNING)
		return;
	switch ((r = send_batch(p))) {
	case 0:
	case SSHTAP_ERR_NOT_FOUND:	/* the device is empty */
		break;
	case SSHTAP_ERR_AGAIN:		/* the peer or the socket is full */
	case SSHTAP_ERR_STATE:
		loop_set(p->loop, fd, 0);
		break;
	case SSHTAP_ERR_GONE:
		device_gone(p);
		return;
	case SSHTAP_ERR_SYSTEM:
		pump_stop(p);
		p->ops->unreadable(p->ctx, r);
		return;
	default:
		pump_stop(p);
		p->ops->failed(p->ctx, r);
		return;
	}
	take_up_pending(p);
}

void
pump_writable(struct pump *p)
{
	if (p->state != PUMP_RUNNING)
		return;
	loop_set(p->loop, tap_read_fd(p->tap), LOOP_IN);
	take_up_pending(p);
}

void
pump_frame(struct pump *p, uint8_t *frame, size_t len)
{
	if (p->state == PUMP_RUNNING &&
	    tap_send(p->tap, frame, len) == SSHTAP_ERR_GONE)
		device_gone(p);
}
