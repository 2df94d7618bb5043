/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SLOT_H
#define SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tun/offload.h"
#include "tun/segment.h"

/*
 * Places for frames that wait.  All storage is taken at the start, though
 * the system gives memory only for places that were in use once.  The place
 * that was freed last is given out first: it is still in the cache.
 *
 * There are two sizes, as there are two sizes of frames: a few of 64 KiB and
 * many of two.  How long a frame is turns out while it is read, so a small
 * and a large place are read into together (see tap_recv_super in tap.h).
 */
#define SLOT_HEADROOM	64	/* in front of it: the carrier's headers */
#define SLOT_TAILROOM	20	/* behind it: padding */
#define SLOT_SMALL	2048	/* the longest frame of each size */
#define SLOT_LARGE	OFFLOAD_FRAME_MAX

struct slot {
	struct slot *next;	/* in the pool or a queue */
	uint8_t *frame;		/* SLOT_HEADROOM bytes in front may be used */
	uint32_t size;		/* SLOT_SMALL or SLOT_LARGE */
	uint32_t len;		/* of the frame */
	struct offload offload;
	struct segmenter segmenter;	/* of a super-frame that goes out in
					 * pieces */
	/* The queue's. */
	uint32_t flow;
	uint64_t since_us;
	uint32_t left;		/* bytes still to be sent */
	bool is_judged;		/* CoDel had its say */
};

/* Those of one size. */
struct slot_kind {
	unsigned nfree;
	unsigned used;		/* how many were ever given out */
	struct slot *back;	/* free ones that came back */
	struct slot *slots;
	uint8_t *places;
};

struct slot_pool {
	struct slot_kind small, large;
	uint8_t *storage;
	size_t storage_size;
};

/*
 * nsmall, nlarge: at most 1 GiB in all.
 * Returns 0 or SSHTAP_ERR_ALLOC (nothing is to be freed then, but may be).
 */
int slot_pool_init(struct slot_pool *p, unsigned nsmall, unsigned nlarge);

/*
 * Wipe and return all, also what is still out; p may be all zeroes.  No slot
 * of it exists any more.
 */
void slot_pool_free(struct slot_pool *p);

/*
 * A free one of this size (SLOT_SMALL, SLOT_LARGE), or NULL.  Its frame begins
 * at a multiple of 64 bytes; whatever it had in it when it was given back
 * still is.
 */
struct slot *slot_take(struct slot_pool *p, uint32_t size);

/* How many of this size are free. */
unsigned slot_count(const struct slot_pool *p, uint32_t size);

/* Give it back, each once; it is the first to be taken again. */
void slot_give(struct slot_pool *p, struct slot *s);

#endif /* SLOT_H */
