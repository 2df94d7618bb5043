/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef EGRESS_H
#define EGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channels/chan.h"
#include "relay/path.h"
#include "tun/coalesce.h"
#include "tun/flow_queue.h"
#include "tun/slot.h"
#include "tun/tap.h"

/* Frames of a device on their way to the peer. */

/* Why frames did not reach the channel, beside the queue's own reasons. */
struct egress_stats {
	uint64_t too_long;	/* for this peer */
	uint64_t malformed;	/* of the device, whatever it meant */
	uint64_t supers;	/* super-frames sent whole */
	uint64_t cut;		/* super-frames sent in pieces */
	uint64_t joined;	/* frames that went along in another's packet */
};

/* Embedded by its owner; zeroed, then egress_init. */
struct egress {
	struct tap *tap;
	struct chan *chan;		/* NULL: not yet */
	const struct path *path;	/* NULL: nothing is known of it */
	unsigned takes;			/* CHAN_TUN_TAKES_... of the peer */
	struct slot_pool pool;
	struct flow_queue queue;
	struct slot *small, *large;	/* to be read into */
	struct slot *piece;		/* to be cut into, or joined in */
	struct coalescer joiner;
	int joined;			/* what sending that came to */
	struct egress_stats stats;
};

/* Returns 0, SSHTAP_ERR_ALLOC or SSHTAP_ERR_CRYPTO. */
int egress_init(struct egress *e, struct tap *tap, const struct path *path);

/* Drop all that waits; the counters stay.  May be called twice. */
void egress_clear(struct egress *e);

/*
 * Read one frame into the queue.
 * Returns as tap_recv_super does, or SSHTAP_ERR_TOO_BIG: there is no place
 * for it now; the device keeps it.
 */
int egress_read(struct egress *e, uint64_t now_us);

/* There is a place for a frame, or one can be made. */
bool egress_has_place(struct egress *e, uint64_t now_us);

/*
 * Send what may be sent.
 * Returns 0 (the queue is empty), SSHTAP_ERR_AGAIN (the channel's writable
 * event follows), or what chan_tun_room and chan_tun_send return.
 */
int egress_send(struct egress *e, uint64_t now_us);

/* Bytes that wait in the queue. */
size_t egress_waiting(const struct egress *e);

#endif /* EGRESS_H */
