/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The way of a frame.  Out: it is read from the device straight to its place
 * in a packet, sealed there, and many packets leave in one write (net.c).  In:
 * a packet is opened where it was received, and the frame is handed to the
 * device from there.  No allocation, no copy.
 *
 * While the peer's window or the socket is full the device is not read at
 * all: its own queue is the only one, and drops there when it must.
 */

#include <assert.h>

#include "client/client_impl.h"
#include "lib/err.h"
#include "lib/log.h"

/* tun/ and channels/ do not know each other, so each has its own numbers. */
static_assert(TAP_HEADROOM <= CARRIER_HEADROOM,
    "a device's header fits in front of a reserved frame");
static_assert(TAP_FRAME_MAX == CHAN_TUN_FRAME_MAX &&
    TAP_FRAME_MIN == CHAN_TUN_FRAME_MIN, "both take the same frames");
static_assert((unsigned)TAP_ETHERNET == CHAN_TUN_ETHERNET &&
    (unsigned)TAP_POINT_TO_POINT == CHAN_TUN_POINT_TO_POINT &&
    TAP_UNIT_ANY == CHAN_TUN_UNIT_ANY, "a mode and a unit go as they are");

/* Frames read in one turn of the loop, before the socket gets its turn. */
#define BATCH		64

/* Frames that may have gathered while the tunnel was being set up. */
#define STALE_MAX	4096

static void
device_gone(struct client *c)
{
	log_error("%s was removed: the tunnel is over", tap_name(c->tap));
	client_end(c);
}

void
pump_check(struct client *c)
{
	if (tap_check(c->tap) == SSHTAP_ERR_GONE)
		device_gone(c);
}

/* What the device has read ahead does not make its descriptor readable. */
static void
take_up_pending(struct client *c)
{
	if (tap_has_pending(c->tap))
		loop_again(c->loop, tap_read_fd(c->tap));
}

/* Nobody wants frames from before the cable was plugged in. */
void
pump_start(struct client *c)
{
	(void)tap_discard(c->tap, STALE_MAX);
	pump_writable(c);
}

/* Returns 0 when there may be more to send. */
static int
send_one(struct client *c)
{
	uint8_t *frame;
	size_t max, len;
	int r;

	if ((r = chan_tun_reserve(c->tun, &frame, &max)) != 0)
		return r;
	if ((r = tap_recv(c->tap, frame, max, &len)) != 0)
		return r == SSHTAP_ERR_AGAIN ? SSHTAP_ERR_NOT_FOUND : r;
	return chan_tun_commit(c->tun, len);
}

void
pump_ready(void *ctx, int fd, unsigned events)
{
	struct client *c = ctx;
	int i, r = 0;

	/* A device that was removed may say so in any stage, and only thus. */
	if ((events & LOOP_HUP) != 0 &&
	    tap_discard(c->tap, 1) == SSHTAP_ERR_GONE)
		device_gone(c);
	if (c->stage != CLIENT_UP)
		return;
	for (i = 0; i < BATCH; i++) {
		r = send_one(c);
		if (r != 0 && r != SSHTAP_ERR_DROPPED)
			break;
	}
	switch (r) {
	case 0:
	case SSHTAP_ERR_DROPPED:
	case SSHTAP_ERR_NOT_FOUND:	/* the device is empty */
		break;
	case SSHTAP_ERR_AGAIN:		/* the peer or the socket is full */
	case SSHTAP_ERR_STATE:
		loop_set(c->loop, fd, 0);
		break;
	case SSHTAP_ERR_GONE:
		device_gone(c);
		break;
	case SSHTAP_ERR_SYSTEM:
		log_error_r(r, "cannot read %s", tap_name(c->tap));
		client_end(c);
		break;
	default:
		net_check(c, r);
		break;
	}
	take_up_pending(c);
}

void
pump_writable(struct client *c)
{
	loop_set(c->loop, tap_read_fd(c->tap), LOOP_IN);
	take_up_pending(c);
}

void
pump_frame(struct client *c, uint8_t *frame, size_t len)
{
	if (tap_send(c->tap, frame, len) == SSHTAP_ERR_GONE)
		device_gone(c);
}
