/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef TAP_UTIL_H
#define TAP_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tun/offload.h"
#include "tun/tap.h"

/*
 * A device with any of the offloads, whose other side is the test: what it
 * will hand out, and what it was given.  Every function here fails the test
 * when it cannot do its work.
 */
#define FAKE_TAP_FRAMES	1024	/* in a queue */

struct fake_frame {
	struct offload o;
	uint8_t *bytes;		/* of exactly len */
	size_t len;
};

struct fake_queue {
	struct fake_frame frames[FAKE_TAP_FRAMES];
	unsigned first, last;
};

struct fake_tap {
	struct tap *tap;
	struct fake_queue out;	/* it hands out */
	struct fake_queue in;	/* it was given */
	bool is_gone;
	struct fake_frame got;	/* see fake_tap_get */
};

/* offloads: TAP_OFFLOAD_...; 0 makes one that knows only plain frames. */
void fake_tap_open(struct fake_tap *f, unsigned offloads);

/* tap_close does it as well. */
void fake_tap_close(struct fake_tap *f);

/* It will hand this out; o may be NULL for none.  Bytes are copied. */
void fake_tap_put(struct fake_tap *f, const uint8_t *frame, size_t len,
    const struct offload *o);

/* What waits to be handed out, and what was given and is not yet taken. */
unsigned fake_tap_left(const struct fake_tap *f);
unsigned fake_tap_given(const struct fake_tap *f);

/* The next one that it was given; valid until the next call. */
const struct fake_frame *fake_tap_get(struct fake_tap *f);

#endif /* TAP_UTIL_H */
