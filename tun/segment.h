/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SEGMENT_H
#define SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "tun/headers.h"
#include "tun/offload.h"

/*
 * A super-frame in pieces: plain frames for who knows nothing else, or
 * shorter super-frames.  Pure; the super-frame is not changed.  Reference:
 * Documentation/networking/segmentation-offloads.rst of Linux.
 *
 * Each piece has the headers of the whole with its own lengths, IPv4
 * identification (plus one for each segment) and checksums, TCP's sequence
 * number, CWR on the first segment only, FIN and PSH on the last.
 */
struct segmenter {
	const uint8_t *frame;
	struct offload offload;
	struct headers h;
	uint32_t done;		/* payload bytes handed out */
	uint32_t segments;	/* that these were */
};

/*
 * frame:   stays the caller's, and as it is until the last piece.
 * o:       with a gso_type; from a device of this host, or checked.  As its
 *          NEEDS_CSUM says, the place of the checksum holds the sum of the
 *          pseudo header: from that those of the pieces are made.
 * Returns 0 or SSHTAP_ERR_FORMAT; also for tags, options and extension
 * headers that headers_get() does not understand.
 */
int segment_start(struct segmenter *s, const uint8_t *frame, size_t len,
    const struct offload *o);

/*
 * The next piece, of up to n segments (from 1; what fits into size if that
 * is less).
 *
 * out:     size bytes, at least headers and one segment: segment_size(); does
 *          not overlap the super-frame.
 * piece:   NULL: checksums are filled in, as a plain frame has them; then n
 *          is 1.  Else it is told here: NEEDS_CSUM for one segment, and the
 *          gso_type of the whole as well for more.
 * Returns the length of the piece, 0 after the last.
 */
size_t segment_next(struct segmenter *s, unsigned n, uint8_t *out,
    size_t size, struct offload *piece);

/* The length of the longest piece of n segments. */
size_t segment_size(const struct segmenter *s, unsigned n);

/* Payload bytes not yet handed out, and all segments that there are. */
size_t segment_left(const struct segmenter *s);
unsigned segment_count(const struct segmenter *s);

#endif /* SEGMENT_H */
