/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PUMP_H
#define PUMP_H

#include <stddef.h>
#include <stdint.h>

#include "channels/chan.h"
#include "lib/loop.h"
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
 * Embedded by its owner: zeroed, then loop, tap, ops and ctx are filled in.
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
	enum pump_state state;
};

/*
 * Look for the device's end, while nothing is sent yet.
 *
 * loop_type: one whose handler is pump_ready.
 * Returns 0, or what loop_add returns.
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
 * pump does not run.
 */
void pump_writable(struct pump *p);
void pump_frame(struct pump *p, uint8_t *frame, size_t len);

/* Once a second: is the device still there? */
void pump_check(struct pump *p);

/* Let go of device and channel.  May be called twice. */
void pump_stop(struct pump *p);

#endif /* PUMP_H */
