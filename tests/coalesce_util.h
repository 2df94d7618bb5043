/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef COALESCE_UTIL_H
#define COALESCE_UTIL_H

#include <stddef.h>
#include <stdint.h>

#include "tests/frame_util.h"
#include "tun/coalesce.h"

/*
 * A coalescer, all that went into it and all that came out.  Each frame that
 * goes in lies in heap memory of its exact length, so that a sanitizer sees
 * any step outside, and a copy of it is kept; what comes out is put together,
 * to be held against the copies.  Every function fails the test when
 * something is not as it says.
 */
#define JOIN_FRAMES	600

struct join_piece {
	uint8_t *bytes;
	size_t len;
	struct offload o;
	unsigned frames;	/* in it; of what came out */
};

struct join_bench {
	struct coalescer c;
	uint8_t *given[JOIN_FRAMES];
	struct join_piece in[JOIN_FRAMES];
	struct join_piece out[JOIN_FRAMES];
	unsigned nin, nout;
};

/* Zeroed, or used before: as new, for a device that takes UDP. */
void join_clear(struct join_bench *b);

/* Let a frame go in: this one, or one that is made. */
void join_raw(struct join_bench *b, const uint8_t *bytes, size_t len,
    const struct offload *o);
void join_made(struct join_bench *b, const struct frame_spec *s);

/*
 * The i-th of a train that begins with s, numbered as its protocol has it;
 * or those from one up to another.
 */
struct frame_spec join_spec(const struct frame_spec *s, unsigned i);
void join_nth(struct join_bench *b, const struct frame_spec *s, unsigned i);
void join_train(struct join_bench *b, const struct frame_spec *s,
    unsigned from, unsigned to);

/* The i-th with bits of a byte changed, or of two; checksums are right. */
void join_changed(struct join_bench *b, const struct frame_spec *s,
    unsigned i, size_t at, uint8_t bits);
void join_changed_twice(struct join_bench *b, const struct frame_spec *s,
    unsigned i, size_t at, uint8_t bits, size_t at2, uint8_t bits2);

/*
 * The i-th with its checksum still to be filled in, so far behind the right
 * places.
 */
void join_unfinished(struct join_bench *b, const struct frame_spec *s,
    unsigned i, uint16_t start, uint16_t offset);

/* What came out as number i is the frame that went in as number j. */
void join_expect_same(const struct join_bench *b, unsigned i, unsigned j);

/* What came out as number i is made of the n frames from number j on. */
void join_expect_super(const struct join_bench *b, unsigned i, unsigned j,
    unsigned n);

#endif /* COALESCE_UTIL_H */
