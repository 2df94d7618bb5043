/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef FRAME_UTIL_H
#define FRAME_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tun/offload.h"

/*
 * Frames of TCP and UDP for tests, and an Internet checksum that is written
 * for being plainly right, not for speed.
 */
#define FRAME_ROOM	(OFFLOAD_FRAME_MAX + 64)

struct frame_spec {
	unsigned tags;		/* of VLANs */
	uint8_t version;	/* of IP: 4 or 6 */
	uint8_t protocol;	/* HEADERS_PROTO_... */
	unsigned options;	/* bytes: IPv4 options (a multiple of 4), IPv6
				 * extension headers (of 8) */
	unsigned tcp_options;	/* bytes, a multiple of 4 */
	uint8_t tcp_flags;
	uint8_t tos;		/* or traffic class */
	uint16_t id;		/* IPv4 */
	uint32_t seq;
	size_t payload;
	size_t padding;		/* behind the IP packet */
};

size_t frame_l3(const struct frame_spec *s);
size_t frame_l4(const struct frame_spec *s);
size_t frame_payload(const struct frame_spec *s);

/*
 * Write the frame, with random payload and right checksums.
 *
 * out:     FRAME_ROOM bytes.
 * Returns its length.
 */
size_t frame_make(uint8_t *out, const struct frame_spec *s);

/*
 * The same as the kernel hands it out with TSO or USO: the place of the
 * checksum holds the sum of the pseudo header.
 *
 * gso_size: 0 for a frame that only lacks its checksum.
 */
size_t frame_make_super(uint8_t *out, const struct frame_spec *s,
    uint16_t gso_size, struct offload *o);

/* Folded, not complemented: RFC 1071; more is added to it. */
uint16_t frame_sum(uint32_t more, const uint8_t *p, size_t len);

/* Are the checksums right that a receiver of such a frame would look at? */
bool frame_ip_is_right(const uint8_t *frame, const struct frame_spec *s);
bool frame_l4_is_right(const uint8_t *frame, const struct frame_spec *s);

/*
 * Is this the plain frame with the payload of a super-frame from at on, and
 * right in all that differs from it, but TCP's flags?
 *
 * whole:   what the super-frame was made from.
 */
bool frame_is_segment(const uint8_t *frame, size_t len,
    const struct frame_spec *whole, const uint8_t *super, size_t at,
    uint16_t gso_size);

/* The same numbers in each run. */
uint32_t frame_random(void);
uint32_t frame_random_below(uint32_t limit);
void frame_random_bytes(uint8_t *p, size_t len);

#endif /* FRAME_UTIL_H */
