/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef READY_H
#define READY_H

#include <stdbool.h>

#include "tun/tap.h"

/*
 * One descriptor that is readable whenever a device has a frame, also one
 * that tap_recv would take out of a buffer of its own.
 */
struct ready {
	int fd;			/* -1: not asked for yet */
	bool is_held;		/* readable whatever the device says */
};

void ready_init(struct ready *r);

/*
 * Make the descriptor: the device's own where that is enough.
 *
 * Returns 0, SSHTAP_ERR_UNSUPPORTED (this device cannot be waited for in
 * that way, or is gone), SSHTAP_ERR_SYSTEM.
 */
int ready_open(struct ready *r, const struct tap *t);

/*
 * Hold it readable, or let the device alone decide.  To be called after
 * everything that may change tap_has_pending; does nothing when nothing has
 * changed or there is no descriptor.
 */
void ready_hold(struct ready *r, bool is_held);

/*
 * To be called after a tap_recv that found nothing: without it the descriptor
 * may stay readable for what has been taken.
 */
void ready_refresh(struct ready *r);

void ready_close(struct ready *r);

#endif /* READY_H */
