/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "tests/frame_util.h"

#include <string.h>

#include "tun/headers.h"

static uint64_t random_state = 0x7373687461703034;

/* xorshift64, Marsaglia 2003: the same numbers everywhere. */
uint32_t
frame_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32);
}

uint32_t
frame_random_below(uint32_t limit)
{
	return frame_random() % limit;
}

void
frame_random_bytes(uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = (uint8_t)frame_random();
}

size_t
frame_l3(const struct frame_spec *s)
{
	return HEADERS_ETHERNET + (size_t)s->tags * HEADERS_VLAN_TAG;
}

size_t
frame_l4(const struct frame_spec *s)
{
	return frame_l3(s) + s->options +
	    (s->version == 4 ? HEADERS_IPV4_MIN : HEADERS_IPV6);
}

size_t
frame_payload(const struct frame_spec *s)
{
	return frame_l4(s) + (s->protocol == HEADERS_PROTO_UDP ?
	    HEADERS_UDP : HEADERS_TCP_MIN + s->tcp_options);
}

uint16_t
frame_sum(uint32_t more, const uint8_t *p, size_t len)
{
	uint64_t sum = more;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint64_t)p[i] << 8 : p[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void
put16(uint8_t *p, size_t n)
{
	p[0] = (uint8_t)(n >> 8);
	p[1] = (uint8_t)n;
}

static void
put_ethernet(uint8_t *frame, const struct frame_spec *s)
{
	unsigned i;
	uint8_t *p = frame + 12;

	memcpy(frame, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02", 12);
	for (i = 0; i < s->tags; i++, p += 4) {
		put16(p, i + 1 < s->tags ? 0x88a8 : 0x8100);
		put16(p + 2, 100 + i);
	}
	put16(p, s->version == 4 ? 0x0800 : 0x86dd);
}

/* Options of no operation. */
static void
put_ipv4(uint8_t *ip, const struct frame_spec *s, size_t len)
{
	size_t header = 20 + s->options;

	memset(ip, 0, 20);
	ip[0] = (uint8_t)(0x40 | header / 4);
	ip[1] = s->tos;
	put16(ip + 2, len);
	put16(ip + 4, s->id);
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = s->protocol;
	memcpy(ip + 12, "\x0a\x00\x00\x01\x0a\xff\x00\x02", 8);
	memset(ip + 20, 1, s->options);
	put16(ip + 10, (uint16_t)~frame_sum(0, ip, header));
}

/* Hop-by-hop, routing without segments left, and destination options. */
static void
put_ipv6(uint8_t *ip, const struct frame_spec *s, size_t len)
{
	static const uint8_t types[] = { 0, 43, 60 };
	uint8_t *next = ip + 6;
	unsigned i, n = s->options / 8 > 3 ? 3 : s->options / 8;
	size_t ext_len;

	memset(ip, 0, 40 + s->options);
	ip[0] = (uint8_t)(0x60 | s->tos >> 4);
	ip[1] = (uint8_t)(s->tos << 4 | 5);
	put16(ip + 4, len - 40);
	ip[7] = 64;
	memcpy(ip + 8, "\xfd\x73\x73\x68", 4);
	ip[23] = 1;
	memcpy(ip + 24, "\xfd\x73\x73\x68", 4);
	ip[39] = 2;
	ip += 40;
	for (i = 0; i < n; i++) {
		*next = types[i];
		next = ip;
		ext_len = i + 1 < n ? 8 : s->options - 8 * (n - 1);
		ip[1] = (uint8_t)(ext_len / 8 - 1);
		ip += ext_len;
	}
	*next = s->protocol;
}

static void
put_l4(uint8_t *l4, const struct frame_spec *s, size_t len)
{
	put16(l4, 40000);
	put16(l4 + 2, 443);
	if (s->protocol == HEADERS_PROTO_UDP) {
		put16(l4 + 4, len);
		put16(l4 + 6, 0);
		return;
	}
	put16(l4 + 4, s->seq >> 16);
	put16(l4 + 6, s->seq);
	put16(l4 + 8, 0x1234);
	put16(l4 + 10, 0x5678);
	l4[12] = (uint8_t)((20 + s->tcp_options) / 4 << 4);
	l4[13] = s->tcp_flags;
	put16(l4 + 14, 0xfff0);
	put16(l4 + 16, 0);
	put16(l4 + 18, 0);
	memset(l4 + 20, 1, s->tcp_options);
}

/* Where the lengths lie is taken from s, not from the frame. */
static uint32_t
pseudo_sum(const uint8_t *frame, const struct frame_spec *s, size_t l4_len)
{
	const uint8_t *ip = frame + frame_l3(s);
	uint32_t more = s->protocol + (uint32_t)l4_len;

	return s->version == 4 ? frame_sum(more, ip + 12, 8) :
	    frame_sum(more, ip + 8, 32);
}

static size_t
l4_len(const struct frame_spec *s)
{
	return frame_payload(s) - frame_l4(s) + s->payload;
}

static uint8_t *
checksum_of(uint8_t *frame, const struct frame_spec *s)
{
	return frame + frame_l4(s) + (s->protocol == HEADERS_PROTO_UDP ?
	    6 : 16);
}

size_t
frame_make(uint8_t *out, const struct frame_spec *s)
{
	size_t len = frame_payload(s) + s->payload;
	uint16_t sum;

	put_ethernet(out, s);
	if (s->version == 4)
		put_ipv4(out + frame_l3(s), s, len - frame_l3(s));
	else
		put_ipv6(out + frame_l3(s), s, len - frame_l3(s));
	put_l4(out + frame_l4(s), s, l4_len(s));
	frame_random_bytes(out + frame_payload(s), s->payload);
	memset(out + len, 0xee, s->padding);
	sum = (uint16_t)~frame_sum(pseudo_sum(out, s, l4_len(s)),
	    out + frame_l4(s), l4_len(s));
	put16(checksum_of(out, s), sum == 0 ? 0xffff : sum);
	return len + s->padding;
}

size_t
frame_make_super(uint8_t *out, const struct frame_spec *s, uint16_t gso_size,
    struct offload *o)
{
	size_t len = frame_make(out, s);

	put16(checksum_of(out, s), pseudo_sum(out, s, l4_len(s)));
	memset(o, 0, sizeof(*o));
	o->flags = OFFLOAD_NEEDS_CSUM;
	o->csum_start = (uint16_t)frame_l4(s);
	o->csum_offset = s->protocol == HEADERS_PROTO_UDP ? 6 : 16;
	if (gso_size == 0)
		return len;
	o->gso_type = s->protocol == HEADERS_PROTO_UDP ? OFFLOAD_GSO_UDP_L4 :
	    s->version == 4 ? OFFLOAD_GSO_TCPV4 : OFFLOAD_GSO_TCPV6;
	o->gso_size = gso_size;
	o->hdr_len = (uint16_t)frame_payload(s);
	return len;
}

bool
frame_ip_is_right(const uint8_t *frame, const struct frame_spec *s)
{
	return s->version == 6 || frame_sum(0, frame + frame_l3(s),
	    frame_l4(s) - frame_l3(s)) == 0xffff;
}

bool
frame_l4_is_right(const uint8_t *frame, const struct frame_spec *s)
{
	return frame_sum(pseudo_sum(frame, s, l4_len(s)),
	    frame + frame_l4(s), l4_len(s)) == 0xffff;
}

bool
frame_is_segment(const uint8_t *frame, size_t len,
    const struct frame_spec *whole, const uint8_t *super, size_t at,
    uint16_t gso_size)
{
	static uint8_t like[FRAME_ROOM];
	struct frame_spec s = *whole;
	size_t headers = frame_payload(whole);

	s.payload = whole->payload - at < gso_size ? whole->payload - at :
	    gso_size;
	s.id = (uint16_t)(s.id + at / gso_size);
	s.seq += (uint32_t)at;
	s.padding = 0;
	if (len != headers + s.payload || frame_make(like, &s) != len)
		return false;
	/* With another payload it has another checksum; and the flags. */
	memcpy(checksum_of(like, &s), frame + (checksum_of(like, &s) - like),
	    2);
	if (s.protocol == HEADERS_PROTO_TCP)
		like[frame_l4(&s) + 13] = frame[frame_l4(&s) + 13];
	return memcmp(frame, like, headers) == 0 &&
	    memcmp(frame + headers, super + headers + at, s.payload) == 0 &&
	    frame_ip_is_right(frame, &s) && frame_l4_is_right(frame, &s);
}
