/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Each piece is the headers of the whole, copied, put right for what it
 * holds, and its share of the payload, which is read once.
 *
 * The sum of the pseudo header is not made from the addresses but taken from
 * the place of the checksum, where NEEDS_CSUM says that it is, and corrected
 * for the length of the piece.  So it is right also where the destination
 * that counts is not the one in the IP header: behind a source route, or a
 * routing header.
 */

#include "tun/segment.h"

#include <string.h>

#include "lib/err.h"
#include "tun/bytes.h"
#include "tun/checksum.h"

/* RFC 791 section 3.1, RFC 8200 section 3. */
#define IPV4_TOTAL	2
#define IPV4_ID		4
#define IPV6_LENGTH	4

/* RFC 9293 section 3.1, RFC 3168 section 6.1. */
#define TCP_SEQ		4
#define TCP_FLAGS	13
#define TCP_FIN		0x01
#define TCP_PSH		0x08
#define TCP_CWR		0x80

/* RFC 768. */
#define UDP_LENGTH	4

static size_t
payload_len(const struct segmenter *s)
{
	return s->h.end - s->h.payload;
}

int
segment_start(struct segmenter *s, const uint8_t *frame, size_t len,
    const struct offload *o)
{
	memset(s, 0, sizeof(*s));
	if (headers_get(frame, len, &s->h) != 0)
		return SSHTAP_ERR_FORMAT;
	s->frame = frame;
	s->offload = *o;
	if (o->gso_type == OFFLOAD_GSO_NONE || !offload_agrees(o, &s->h) ||
	    (o->flags & OFFLOAD_NEEDS_CSUM) == 0 || o->gso_size == 0 ||
	    (s->h.protocol == HEADERS_PROTO_TCP &&
	    o->gso_size < OFFLOAD_TCP_SEGMENT_MIN) || payload_len(s) == 0)
		return SSHTAP_ERR_FORMAT;
	return 0;
}

/* How much payload the next piece gets: whole segments, or all the rest. */
static size_t
share(const struct segmenter *s, unsigned n, size_t size)
{
	size_t left = segment_left(s), most = s->offload.gso_size;

	if (size < s->h.payload)
		return 0;
	size -= s->h.payload;
	/* No more than left: the product stays small. */
	most = n > left / most ? left : most * n;
	if (most > size)
		most = size - size % s->offload.gso_size;
	return most;
}

static void
put_ip(const struct segmenter *s, uint8_t *out, size_t len)
{
	uint8_t *ip = out + s->h.l3;

	if (s->h.version == 6) {
		bytes_put_u16(ip + IPV6_LENGTH,
		    (uint16_t)(len - s->h.l3 - HEADERS_IPV6));
		return;
	}
	bytes_put_u16(ip + IPV4_TOTAL, (uint16_t)(len - s->h.l3));
	bytes_put_u16(ip + IPV4_ID,
	    (uint16_t)(bytes_u16(ip + IPV4_ID) + s->segments));
	checksum_put_ip(out, &s->h);
}

static void
put_l4(const struct segmenter *s, uint8_t *out, size_t len)
{
	uint8_t *l4 = out + s->h.l4;

	if (s->h.protocol == HEADERS_PROTO_UDP) {
		bytes_put_u16(l4 + UDP_LENGTH, (uint16_t)(len - s->h.l4));
		return;
	}
	bytes_put_u32(l4 + TCP_SEQ, bytes_u32(l4 + TCP_SEQ) + s->done);
	if (s->done > 0)
		l4[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
	if (len - s->h.payload < segment_left(s))
		l4[TCP_FLAGS] &= (uint8_t)~(TCP_FIN | TCP_PSH);
}

/* Of the pseudo header, with len for the whole piece's. */
static uint16_t
pseudo_sum(const struct segmenter *s, size_t len)
{
	const uint8_t *place = s->frame + s->h.l4 + s->offload.csum_offset;
	uint16_t whole = (uint16_t)(s->h.end - s->h.l4);

	return checksum_fold((uint64_t)bytes_u16(place) + (uint16_t)~whole +
	    (uint16_t)(len - s->h.l4));
}

/* Payload and checksum of a plain frame. */
static void
put_finished(const struct segmenter *s, uint8_t *out, size_t len)
{
	uint8_t *place = out + s->h.l4 + s->offload.csum_offset;
	uint64_t sum = pseudo_sum(s, len);
	uint16_t folded;

	bytes_put_u16(place, 0);
	sum = checksum_add(sum, out + s->h.l4,
	    (size_t)s->h.payload - s->h.l4);
	sum = checksum_copy(sum, out + s->h.payload,
	    s->frame + s->h.payload + s->done, len - s->h.payload);
	folded = (uint16_t)~checksum_fold(sum);
	/* 0 says that there is none (RFC 768); for TCP it is all the same. */
	bytes_put_u16(place, folded == 0 ? 0xffff : folded);
}

/* Payload and sum of the pseudo header, and the words that say so. */
static void
put_unfinished(const struct segmenter *s, uint8_t *out, size_t len,
    struct offload *piece)
{
	bytes_put_u16(out + s->h.l4 + s->offload.csum_offset,
	    pseudo_sum(s, len));
	memcpy(out + s->h.payload, s->frame + s->h.payload + s->done,
	    len - s->h.payload);
	*piece = s->offload;
	piece->flags = OFFLOAD_NEEDS_CSUM;
	piece->hdr_len = s->h.payload;
	if (len - s->h.payload <= s->offload.gso_size) {
		piece->gso_type = OFFLOAD_GSO_NONE;
		piece->gso_size = 0;
		piece->hdr_len = 0;
	}
}

size_t
segment_next(struct segmenter *s, unsigned n, uint8_t *out, size_t size,
    struct offload *piece)
{
	size_t payload = share(s, piece == NULL ? 1 : n, size);
	size_t len = s->h.payload + payload;

	if (payload == 0)
		return 0;
	memcpy(out, s->frame, s->h.payload);
	put_ip(s, out, len);
	put_l4(s, out, len);
	if (piece == NULL)
		put_finished(s, out, len);
	else
		put_unfinished(s, out, len, piece);
	s->done += (uint32_t)payload;
	s->segments += (uint32_t)((payload + s->offload.gso_size - 1) /
	    s->offload.gso_size);
	return len;
}

size_t
segment_size(const struct segmenter *s, unsigned n)
{
	size_t whole = payload_len(s);

	if (n > whole / s->offload.gso_size)
		return s->h.payload + whole;
	return (size_t)s->h.payload + (size_t)n * s->offload.gso_size;
}

size_t
segment_left(const struct segmenter *s)
{
	return payload_len(s) - s->done;
}

unsigned
segment_count(const struct segmenter *s)
{
	return (unsigned)((payload_len(s) + s->offload.gso_size - 1) /
	    s->offload.gso_size);
}
