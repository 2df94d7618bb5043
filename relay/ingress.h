/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef INGRESS_H
#define INGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tun/coalesce.h"
#include "tun/tap.h"

/* Frames of the peer on their way to a device. */

/* What became of them, beside what the device's own counters say. */
struct ingress_stats {
	uint64_t malformed;	/* super-frames that no device may see */
	uint64_t supers;	/* given to the device whole, or joined here */
	uint64_t cut;		/* given to it in pieces */
};

/* Embedded by its owner; zeroed, then ingress_init. */
struct ingress {
	struct tap *tap;
	unsigned can;		/* TAP_OFFLOAD_... of it */
	bool joins;		/* it takes super-frames: make some */
	bool is_gone;		/* the device is */
	uint8_t *piece;		/* to be cut into */
	struct coalescer joiner;
	struct ingress_stats stats;
};

/* Returns 0 or SSHTAP_ERR_ALLOC. */
int ingress_init(struct ingress *in, struct tap *tap);

/* The counters stay.  May be called twice. */
void ingress_clear(struct ingress *in);

/* A plain frame, which may be modified and stays until ingress_flush. */
void ingress_frame(struct ingress *in, uint8_t *frame, size_t len);

/* A super-frame, with what came along with it: OFFLOAD_SIZE bytes. */
void ingress_super(struct ingress *in, const uint8_t *words, uint8_t *frame,
    size_t len);

/* No more frames have come: give those that are held to the device. */
void ingress_flush(struct ingress *in);

#endif /* INGRESS_H */
