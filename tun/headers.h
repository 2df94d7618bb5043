/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef HEADERS_H
#define HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The headers of an Ethernet frame, as far as is needed to cut super-frames,
 * to join frames, and to tell flows apart.  Pure; takes any bytes.
 * Reference: IEEE 802.3, 802.1Q; RFC 791, 8200, 9293, 768, 3168.
 */
#define HEADERS_ETHERNET	14
#define HEADERS_FAMILY		4	/* in front of an IP packet */
#define HEADERS_VLAN_TAG	4
#define HEADERS_IPV4_MIN	20
#define HEADERS_IPV6		40
#define HEADERS_TCP_MIN		20
#define HEADERS_UDP		8

#define HEADERS_PROTO_TCP	6
#define HEADERS_PROTO_UDP	17

struct headers {
	uint8_t version;	/* of IP: 4 or 6 */
	uint8_t protocol;	/* HEADERS_PROTO_... */
	uint16_t l3;		/* offsets into the frame: the IP header, */
	uint16_t l4;		/* the TCP or UDP header, */
	uint16_t payload;	/* and what follows that */
	uint32_t end;		/* of the IP packet; the rest is padding */
	bool is_simple;		/* see headers_get */
};

/*
 * Find the headers of a TCP or UDP packet that is not a fragment: behind up
 * to two VLAN tags, with IPv4 options or IPv6 extension headers if there are
 * any.  Lengths in the headers are held against len.
 *
 * is_simple: no VLAN tag, no IPv4 options, no extension header; only such
 *          frames are joined, or carried whole as super-frames.
 * Returns 0 or SSHTAP_ERR_UNSUPPORTED.
 */
int headers_get(const uint8_t *frame, size_t len, struct headers *h);

/*
 * A number for the flow of a frame: addresses, protocol and ports where there
 * are any, also of the fragments of one datagram.  All else with the same
 * Ethernet type is one flow, whose order is kept as a cable would, whoever
 * talks to whom.  Never fails.
 *
 * seed:    so that nobody outside can choose who shares a number.
 */
uint32_t headers_flow(const uint8_t *frame, size_t len, uint32_t seed);

/*
 * The same for a frame of point-to-point mode, an address family word and an
 * IP packet; all else is one flow.
 */
uint32_t headers_flow_packet(const uint8_t *frame, size_t len, uint32_t seed);

/*
 * Mark congestion: ECT(0), ECT(1) and CE become CE, the IPv4 checksum is
 * adjusted.  Reference: RFC 3168 section 5.
 *
 * Returns false when the packet does not allow it.
 */
bool headers_mark_ce(uint8_t *frame, size_t len);
bool headers_mark_ce_packet(uint8_t *frame, size_t len);

#endif /* HEADERS_H */
