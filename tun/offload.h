/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef OFFLOAD_H
#define OFFLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tun/headers.h"

/*
 * What a device says of a frame beside its bytes: whether a checksum is still
 * to be filled in, and whether it is a super-frame, many segments of one flow
 * under one set of headers.  Pure.  Reference: virtio 1.2 section 5.1.6, whose
 * struct virtio_net_hdr this is (include/uapi/linux/virtio_net.h).
 *
 * In memory numbers are the machine's, as the kernel has them, and the layout
 * is the kernel's; on the wire they are little-endian.
 */
struct offload {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;	/* of all headers; of use with a gso_type */
	uint16_t gso_size;	/* payload bytes of each segment but the last */
	uint16_t csum_start;	/* from there on the checksum covers, */
	uint16_t csum_offset;	/* and so far behind that is its place */
};
#define OFFLOAD_SIZE		10

#define OFFLOAD_NEEDS_CSUM	0x1	/* the place holds the folded sum of
					 * the pseudo header */
#define OFFLOAD_DATA_VALID	0x2	/* from the kernel; never passed on */

#define OFFLOAD_GSO_NONE	0
#define OFFLOAD_GSO_TCPV4	1
#define OFFLOAD_GSO_TCPV6	4
#define OFFLOAD_GSO_UDP_L4	5

/*
 * The longest frame with one of these: an IP packet of 65535 bytes, an
 * Ethernet header, and a VLAN tag.
 */
#define OFFLOAD_FRAME_MAX	65553
#define OFFLOAD_UDP_SEGMENTS_MAX 128	/* UDP_MAX_SEGMENTS, linux/udp.h */

/*
 * Linux makes no shorter segment of TCP but the last (include/net/tcp.h,
 * TCP_MIN_GSO_SIZE); of one byte there could be 65000 in one super-frame.
 */
#define OFFLOAD_TCP_SEGMENT_MIN	8

/* It says nothing: the frame is an ordinary one. */
bool offload_is_none(const struct offload *o);

void offload_put(uint8_t p[OFFLOAD_SIZE], const struct offload *o);
void offload_get(const uint8_t p[OFFLOAD_SIZE], struct offload *o);

/*
 * Are the gso_type, if any, and the place of the checksum those of a packet
 * with such headers?
 */
bool offload_agrees(const struct offload *o, const struct headers *h);

/*
 * May this frame of a peer be given to a device with these words?  Offsets,
 * type, protocol and lengths must agree with its headers, which headers_get()
 * must understand, and which of a super-frame must be simple; the kernel does
 * not look.  DATA_VALID is taken away, what is of no use becomes 0, hdr_len
 * is made right.
 *
 * Returns 0 or SSHTAP_ERR_FORMAT.
 */
int offload_check(struct offload *o, const uint8_t *frame, size_t len);

/*
 * Fill in the checksum of a frame without a gso_type, as its *o asks; o is
 * none then.
 *
 * Returns 0 or SSHTAP_ERR_FORMAT (the place is outside of the frame).
 */
int offload_finish(struct offload *o, uint8_t *frame, size_t len);

#endif /* OFFLOAD_H */
