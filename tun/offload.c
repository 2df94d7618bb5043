/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "tun/offload.h"

#include <assert.h>
#include <string.h>

#include "lib/err.h"
#include "tun/bytes.h"
#include "tun/checksum.h"

/* The kernel's struct is read and written as it is. */
static_assert(sizeof(struct offload) == OFFLOAD_SIZE,
    "struct offload has padding");

/* RFC 9293 section 3.1, RFC 768. */
#define TCP_CHECKSUM	16
#define UDP_CHECKSUM	6
#define TCP_FLAGS	13
#define TCP_SYN		0x02
#define TCP_RST		0x04
#define TCP_URG		0x20

bool
offload_is_none(const struct offload *o)
{
	return (o->flags & ~OFFLOAD_DATA_VALID) == 0 &&
	    o->gso_type == OFFLOAD_GSO_NONE;
}

static void
put_le16(uint8_t *p, uint16_t n)
{
	p[0] = (uint8_t)n;
	p[1] = (uint8_t)(n >> 8);
}

static uint16_t
get_le16(const uint8_t *p)
{
	return (uint16_t)(p[1] << 8 | p[0]);
}

void
offload_put(uint8_t p[OFFLOAD_SIZE], const struct offload *o)
{
	p[0] = o->flags;
	p[1] = o->gso_type;
	put_le16(p + 2, o->hdr_len);
	put_le16(p + 4, o->gso_size);
	put_le16(p + 6, o->csum_start);
	put_le16(p + 8, o->csum_offset);
}

void
offload_get(const uint8_t p[OFFLOAD_SIZE], struct offload *o)
{
	o->flags = p[0];
	o->gso_type = p[1];
	o->hdr_len = get_le16(p + 2);
	o->gso_size = get_le16(p + 4);
	o->csum_start = get_le16(p + 6);
	o->csum_offset = get_le16(p + 8);
}

bool
offload_agrees(const struct offload *o, const struct headers *h)
{
	bool is_tcp = h->protocol == HEADERS_PROTO_TCP;

	if (o->csum_start != h->l4 ||
	    o->csum_offset != (is_tcp ? TCP_CHECKSUM : UDP_CHECKSUM))
		return false;
	switch (o->gso_type) {
	case OFFLOAD_GSO_NONE:
		return true;
	case OFFLOAD_GSO_TCPV4:
		return is_tcp && h->version == 4;
	case OFFLOAD_GSO_TCPV6:
		return is_tcp && h->version == 6;
	case OFFLOAD_GSO_UDP_L4:
		return !is_tcp;
	default:
		return false;
	}
}

/* Whether the payload is one that gso_size cuts into segments. */
static bool
is_payload_right(const struct offload *o, const uint8_t *frame,
    const struct headers *h)
{
	uint32_t payload = h->end - h->payload;

	if (o->gso_size < (h->protocol == HEADERS_PROTO_TCP ?
	    OFFLOAD_TCP_SEGMENT_MIN : 1) || o->gso_size >= payload)
		return false;
	if (h->protocol == HEADERS_PROTO_UDP)
		return payload <= (uint32_t)o->gso_size *
		    OFFLOAD_UDP_SEGMENTS_MAX;
	return (frame[h->l4 + TCP_FLAGS] & (TCP_SYN | TCP_RST | TCP_URG)) == 0;
}

int
offload_check(struct offload *o, const uint8_t *frame, size_t len)
{
	struct headers h;

	o->flags &= (uint8_t)~OFFLOAD_DATA_VALID;
	if (len < HEADERS_ETHERNET || len > OFFLOAD_FRAME_MAX)
		return SSHTAP_ERR_FORMAT;
	if (offload_is_none(o)) {
		memset(o, 0, sizeof(*o));
		return 0;
	}
	if (o->flags != OFFLOAD_NEEDS_CSUM ||
	    headers_get(frame, len, &h) != 0 || !offload_agrees(o, &h))
		return SSHTAP_ERR_FORMAT;
	if (o->gso_type == OFFLOAD_GSO_NONE) {
		o->hdr_len = 0;
		o->gso_size = 0;
		return 0;
	}
	if (!h.is_simple || h.end != len || !is_payload_right(o, frame, &h))
		return SSHTAP_ERR_FORMAT;
	o->hdr_len = h.payload;
	return 0;
}

int
offload_finish(struct offload *o, uint8_t *frame, size_t len)
{
	size_t start = o->csum_start, place = start + o->csum_offset;
	uint16_t sum;

	if (o->gso_type != OFFLOAD_GSO_NONE)
		return SSHTAP_ERR_FORMAT;
	if ((o->flags & OFFLOAD_NEEDS_CSUM) != 0) {
		if (len < 2 || place > len - 2)
			return SSHTAP_ERR_FORMAT;
		/* It holds what is to be added for the pseudo header. */
		sum = (uint16_t)~checksum_fold(checksum_add(0, frame + start,
		    len - start));
		/* 0 says that there is none (RFC 768); for TCP all the same. */
		bytes_put_u16(frame + place, sum == 0 ? 0xffff : sum);
	}
	memset(o, 0, sizeof(*o));
	return 0;
}
