/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PUMP_H
#define PUMP_H

#include <stddef.h>
#include <stdint.h>

#include "channels/chan.h"
#include "lib/loop.h"
#include "relay/egress.h"
#include "relay/ingress.h"
#include "tun/tap.h"

/*
 * Between one device and the channel of one tunnel.  A connection may have
 * several of these.
 *
 * Each of the events ends the pump, as pump_stop does, and comes last: its
 * handler may free whatever the pump is part of.
 */
struct pump_ops {
	/* The device was removed. */
	void (*gone)(void *ctx);
	/* It cannot be read: r is SSHTAP_ERR_SYSTEM, with errno. */
	void (*unreadable)(void *ctx, int r);
	/* r is a failure of the session or the channel, for wire_check. */
	void (*failed)(void *ctx, int r);
};

enum pump_state {
	PUMP_STOPPED,
	PUMP_WATCHING,		/* no frames; the device's end is noticed */
	PUMP_RUNNING
};

/*
 * Embedded by its owner: zeroed, then loop, tap, ops, ctx and path are filled
 * in.
 *
 * Owner:   of device and channel is the caller.  It stops the pump before it
 *          closes the device and when the channel's closed event comes.
 */
struct pump {
	struct loop *loop;
	struct tap *tap;
	struct chan *chan;	/* from pump_start on */
	const struct pump_ops *ops;
	void *ctx;
	const struct path *path;	/* NULL: nothing is known of it */
	enum pump_state state;
	bool is_reading;	/* the device is waited for */
	struct egress egress;
	struct ingress ingress;
};

/*
 * Look for the device's end, while nothing is sent yet.
 *
 * loop_type: one whose handler is pump_ready.
 * Returns 0, SSHTAP_ERR_ALLOC, SSHTAP_ERR_CRYPTO, or what loop_add returns.
 */
int pump_watch(struct pump *p, unsigned loop_type);

/*
 * Throw away the frames from before the cable was plugged in, then carry
 * them.
 *
 * chan:    open, or being accepted: it will be when the loop turns next.
 * State:   watching; else nothing happens.
 */
void pump_start(struct pump *p, struct chan *chan);

/* A loop_fd_fn; ctx is the pump. */
void pump_ready(void *ctx, int fd, unsigned events);

/*
 * Events of the channel; see struct chans_events.  They do nothing while the
 * pump does not run.  Frames that are handed over stay where they are until
 * pump_drained.
 */
void pump_writable(struct pump *p);
void pump_frame(struct pump *p, uint8_t *frame, size_t len);
void pump_super(struct pump *p, const uint8_t *words, uint8_t *frame,
    size_t len);

/* The peer takes super-frames from now on: CHAN_TUN_TAKES_... */
void pump_takes(struct pump *p, unsigned flags);

/* All that have come were handed over: see ingress_flush. */
void pump_drained(struct pump *p);

/*
 * The path has been looked at.  A stock peer has no queue that drops in time:
 * what it may send is all that keeps the queue of the bottleneck short.  One
 * of ours limits itself.
 *
 * Returns as chan_tun_set_window does.
 */
int pump_path(struct pump *p);

/* Once a second: is the device still there? */
void pump_check(struct pump *p);

/*
 * What became of frames, beside what the counters of device and channel say,
 * as words with numbers, for a line of the log.  Also after pump_stop.
 */
#define PUMP_TEXT_MAX	512
const char *pump_text(const struct pump *p, char *out, size_t size);

/* Let go of device and channel.  May be called twice. */
void pump_stop(struct pump *p);

#endif /* PUMP_H */
