/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Headers of frames.  Each frame lies in heap memory of its exact length, so
 * that a sanitizer sees any step outside.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/frame_util.h"
#include "tun/headers.h"

#define SEED	0x12345678

static uint8_t frame[FRAME_ROOM];

static const struct frame_spec tcp4 = { .version = 4, .payload = 100,
	.protocol = HEADERS_PROTO_TCP };
static const struct frame_spec udp4 = { .version = 4, .payload = 100,
	.protocol = HEADERS_PROTO_UDP };
static const struct frame_spec tcp6 = { .version = 6, .payload = 100,
	.protocol = HEADERS_PROTO_TCP };
static const struct frame_spec udp6 = { .version = 6, .payload = 100,
	.protocol = HEADERS_PROTO_UDP };

/* The first len bytes of frame, and not one more. */
static int
get(size_t len, struct headers *h)
{
	uint8_t *p = malloc(len > 0 ? len : 1);
	int r;

	assert_non_null(p);
	memcpy(p, frame, len);
	memset(h, 0x77, sizeof(*h));
	r = headers_get(p + (len > 0 ? 0 : 1), len, h);
	headers_flow(p, len, SEED);
	headers_mark_ce(p, len);
	headers_flow_packet(p, len, SEED);
	headers_mark_ce_packet(p, len);
	free(p);
	return r;
}

static void
refuse(size_t len)
{
	struct headers h;

	assert_int_equal(get(len, &h), SSHTAP_ERR_UNSUPPORTED);
}

/* As s says, cut everywhere, and with bytes behind it. */
static void
check(const struct frame_spec *s)
{
	struct headers h;
	size_t len = frame_make(frame, s), end = len - s->padding, cut;

	assert_int_equal(get(len, &h), 0);
	assert_int_equal(h.version, s->version);
	assert_int_equal(h.protocol, s->protocol);
	assert_int_equal(h.l3, frame_l3(s));
	assert_int_equal(h.l4, frame_l4(s));
	assert_int_equal(h.payload, frame_payload(s));
	assert_int_equal(h.end, end);
	assert_int_equal(h.is_simple, s->tags == 0 && s->options == 0);
	assert_int_equal(get(end, &h), 0);
	assert_int_equal(get(len + 9, &h), 0);
	assert_int_equal(h.end, end);
	for (cut = 0; cut < end; cut += cut < 300 ? 1 : 97)
		refuse(cut);
}

static void
test_kinds(void **state)
{
	struct frame_spec s;
	unsigned i;

	(void)state;
	for (i = 0; i < 4 * 3 * 6 * 3; i++) {
		memset(&s, 0, sizeof(s));
		s.version = i % 2 == 0 ? 4 : 6;
		s.protocol = i / 2 % 2 == 0 ? HEADERS_PROTO_TCP :
		    HEADERS_PROTO_UDP;
		s.tags = i / 4 % 3;
		s.options = i / 12 % 6 * 8;
		s.payload = (size_t)(i / 72) * 100;
		s.tcp_options = i / 72 * 20;
		s.padding = i % 5;
		check(&s);
	}
}

static void
test_longest(void **state)
{
	struct frame_spec s = tcp4;

	(void)state;
	s.payload = 65535 - 40;
	check(&s);
	s.tags = 1;
	check(&s);
	assert_int_equal(frame_make(frame, &s), OFFLOAD_FRAME_MAX);
	s = udp6;
	s.payload = 65535 - 8;
	check(&s);
}

static void
test_other_ethertypes(void **state)
{
	size_t len = frame_make(frame, &tcp4);

	(void)state;
	frame[13] = 0x06;	/* ARP */
	refuse(len);
	frame[12] = 0x86;	/* an IPv6 that is none */
	frame[13] = 0xdd;
	refuse(len);
	len = frame_make(frame, &tcp6);
	frame[12] = 0x08;
	frame[13] = 0x00;
	refuse(len);
	frame[12] = 0x00;	/* 802.3 */
	frame[13] = 0x40;
	refuse(len);
}

static void
test_three_tags(void **state)
{
	struct frame_spec s = tcp4;

	(void)state;
	s.tags = 3;
	refuse(frame_make(frame, &s));
}

static void
test_ipv4_fields(void **state)
{
	struct headers h;
	size_t len = frame_make(frame, &tcp4);
	uint8_t *ip = frame + 14;

	(void)state;
	ip[0] = 0x44;		/* length of the header */
	refuse(len);
	ip[0] = 0x40;
	refuse(len);
	memset(ip + 60, 0, 40);
	ip[0] = 0x4f;		/* inside, but then TCP is nonsense */
	refuse(len);
	ip[0] = 0x45;
	ip[3]++;		/* total length: one more than there is */
	refuse(len);
	ip[3] = 39;		/* and too short for TCP */
	refuse(len);
	ip[3] = 40;
	assert_int_equal(get(len, &h), 0);
	ip[3] = 0;
	refuse(len);
	ip[3] = 140;
	ip[9] = 1;		/* ICMP */
	refuse(len);
}

static void
test_ipv4_fragments(void **state)
{
	struct headers h;
	size_t len = frame_make(frame, &udp4);
	uint8_t *ip = frame + 14;
	unsigned bit;

	(void)state;
	for (bit = 0; bit < 14; bit++) {
		ip[6] = (uint8_t)((1U << bit) >> 8);
		ip[7] = (uint8_t)(1U << bit);
		refuse(len);
	}
	ip[7] = 0;
	for (bit = 6; bit < 8; bit++) {	/* DF, and the one without use */
		ip[6] = (uint8_t)(1U << bit);
		assert_int_equal(get(len, &h), 0);
	}
}

static void
test_ipv6_fields(void **state)
{
	struct headers h;
	size_t len = frame_make(frame, &tcp6);
	uint8_t *ip = frame + 14;

	(void)state;
	ip[5]++;		/* payload length */
	refuse(len);
	ip[5] = 19;
	refuse(len);
	ip[5] = 20;
	assert_int_equal(get(len, &h), 0);
	ip[5] = 0;		/* a jumbogram, or nothing */
	refuse(len);
	ip[5] = 120;
	ip[6] = 58;		/* ICMPv6 */
	refuse(len);
	ip[6] = 44;		/* also one that is all of its datagram */
	refuse(len);
}

/* So many extension headers of 8 bytes in front of UDP. */
static size_t
make_chain(unsigned n)
{
	struct frame_spec s = udp6;
	uint8_t *ext = frame + 14 + 40;
	unsigned i;
	size_t len;

	s.options = 8 * n;
	len = frame_make(frame, &s);
	for (i = 0; i < n; i++) {
		ext[8 * i] = i + 1 < n ? 60 : HEADERS_PROTO_UDP;
		ext[8 * i + 1] = 0;
	}
	return len;
}

static void
test_ipv6_extensions(void **state)
{
	struct frame_spec s = udp6;
	struct headers h;
	uint8_t *ext = frame + 14 + 40;
	size_t len;

	(void)state;
	refuse(make_chain(9));
	len = make_chain(8);	/* as many as are read */
	assert_int_equal(get(len, &h), 0);
	assert_int_equal(h.l4, 14 + 40 + 64);
	ext[49] = 1;		/* a length that leads astray */
	refuse(len);
	ext[49] = 255;
	refuse(len);
	ext[49] = 0;
	ext[48] = 44;
	refuse(len);
	s.options = 2048;
	check(&s);
}

static void
test_tcp_fields(void **state)
{
	struct headers h;
	size_t len = frame_make(frame, &tcp6), n;
	uint8_t *tcp = frame + frame_l4(&tcp6);

	(void)state;
	for (n = 0; n < 16; n++) {
		tcp[12] = (uint8_t)(n << 4 | 0xf);
		if (n < 5)
			refuse(len);
		else {
			assert_int_equal(get(len, &h), 0);
			assert_int_equal(h.payload, h.l4 + n * 4);
		}
	}
	tcp[12] = 0x60;			/* one word more than there is */
	frame[14 + 5] = 20;
	refuse(len);
}

static void
test_udp_fields(void **state)
{
	size_t len = frame_make(frame, &udp4);
	uint8_t *udp = frame + frame_l4(&udp4);

	(void)state;
	udp[5]++;
	refuse(len);
	udp[5] -= 2;
	refuse(len);
	udp[5] = 0;
	refuse(len);
	udp[5] = 7;
	frame[14 + 3] = 27;
	refuse(len);
}

/* === Flows === */

static uint32_t
flow(size_t len)
{
	uint8_t *p = malloc(len);
	uint32_t n;

	assert_non_null(p);
	memcpy(p, frame, len);
	n = headers_flow(p, len, SEED);
	free(p);
	return n;
}

/* Bytes from at to end make flows of their own, each bit of them. */
static void
check_counts(size_t len, size_t at, size_t end)
{
	uint32_t n = flow(len);
	unsigned bit;

	for (; at < end; at++)
		for (bit = 0; bit < 8; bit++) {
			frame[at] ^= (uint8_t)(1 << bit);
			assert_int_not_equal(flow(len), n);
			frame[at] ^= (uint8_t)(1 << bit);
		}
}

static void
check_no_matter(size_t len, size_t at, size_t end)
{
	uint32_t n = flow(len);

	for (; at < end; at++) {
		frame[at] ^= 0xff;
		assert_int_equal(flow(len), n);
		frame[at] ^= 0xff;
	}
}

static void
test_flow_tuple(void **state)
{
	struct frame_spec s;
	size_t len, ip, l4;
	unsigned i;

	(void)state;
	for (i = 0; i < 24; i++) {
		s = i % 4 == 0 ? tcp4 : i % 4 == 1 ? udp4 :
		    i % 4 == 2 ? tcp6 : udp6;
		s.tags = i / 4 % 3;
		s.options = i / 12 * 24;
		len = frame_make(frame, &s);
		ip = frame_l3(&s);
		l4 = frame_l4(&s);
		if (s.version == 4) {
			check_counts(len, ip + 12, ip + 20);
			check_no_matter(len, ip + 1, ip + 6);
			check_no_matter(len, ip + 8, ip + 9);
			check_no_matter(len, ip + 10, ip + 12);
		} else {
			check_counts(len, ip + 8, ip + 40);
			check_no_matter(len, ip + 1, ip + 6);
			check_no_matter(len, ip + 7, ip + 8);
		}
		check_counts(len, l4, l4 + 4);
		check_no_matter(len, l4 + 4, len);
		check_no_matter(len, 0, 12);
	}
}

static void
test_flow_seed(void **state)
{
	size_t len = frame_make(frame, &tcp4);
	uint32_t n = headers_flow(frame, len, 0);
	unsigned bit;

	(void)state;
	for (bit = 0; bit < 32; bit++)
		assert_int_not_equal(headers_flow(frame, len, 1U << bit), n);
}

/* Of all fragments the same: the first has ports, none other has. */
static void
test_flow_fragments(void **state)
{
	size_t len = frame_make(frame, &udp4);
	uint8_t *ip = frame + 14;
	uint32_t first;

	(void)state;
	ip[6] = 0x20;
	first = flow(len);
	assert_int_not_equal(first, headers_flow(frame, 34, SEED + 1));
	check_no_matter(len, 34, len);
	check_counts(len, 18, 20);
	ip[6] = 0x20;
	ip[7] = 0xb9;
	assert_int_equal(flow(len), first);
	ip[6] = 0;
	assert_int_equal(flow(60), first);
	ip[7] = 0;
	assert_int_not_equal(flow(len), first);
}

static void
test_flow_fragments_ipv6(void **state)
{
	struct frame_spec s = udp6;
	uint8_t *ext = frame + 14 + 40 + 8;
	uint32_t first;
	size_t len;

	(void)state;
	s.options = 16;
	len = frame_make(frame, &s);
	frame[14 + 40] = 44;
	memcpy(ext, "\x11\x00\x00\x01\xde\xad\xbe\xef", 8);
	first = flow(len);
	check_no_matter(len, (size_t)(ext - frame) + 8, len);
	check_counts(len, (size_t)(ext - frame) + 4,
	    (size_t)(ext - frame) + 8);
	memcpy(ext + 2, "\x05\xa8", 2);
	assert_int_equal(flow(len), first);
	assert_int_equal(flow((size_t)(ext - frame) + 8), first);
}

/* Other protocols are told apart by addresses, other frames by Ethernet's. */
static void
test_flow_of_others(void **state)
{
	size_t len = frame_make(frame, &tcp4);

	(void)state;
	frame[14 + 9] = 50;	/* ESP */
	check_no_matter(len, 34, len);
	check_counts(len, 26, 34);
	check_counts(len, 23, 24);
	frame[14 + 9] = 132;	/* SCTP has ports */
	check_counts(len, 34, 38);
	frame[12] = 0x88;
	frame[13] = 0xb5;
	check_counts(len, 12, 14);
	check_no_matter(len, 0, 12);
	check_no_matter(len, 14, len);
	assert_int_equal(flow(13), flow(1));
	headers_flow(frame, 0, SEED);
}

/* Ports and addresses that count up: all buckets are hit about equally. */
static void
test_flow_spread(void **state)
{
	unsigned count[64] = { 0 }, i;
	size_t len = frame_make(frame, &tcp4);

	(void)state;
	for (i = 0; i < 64 * 1000; i++) {
		frame[34] = (uint8_t)(i >> 8);
		frame[35] = (uint8_t)i;
		frame[33] = (uint8_t)(i >> 13);
		count[headers_flow(frame, len, SEED) % 64]++;
	}
	for (i = 0; i < 64; i++) {
		assert_true(count[i] > 600);
		assert_true(count[i] < 1500);
	}
}

/* A difference that a plain multiply and shift would cancel, for any seed. */
static void
test_flow_needs_seed(void **state)
{
	size_t len = frame_make(frame, &tcp6);
	uint32_t seed, same = 0;
	uint8_t other[400];
	size_t i;

	(void)state;
	memcpy(other, frame, len);
	for (i = 22; i + 8 < 54; i += 8) {
		other[i + 7] ^= 0x80;
		other[i + 11] ^= 0x80;
		other[i + 15] ^= 0x80;
		for (seed = 0; seed < 1000; seed++)
			same += headers_flow(frame, len, seed) ==
			    headers_flow(other, len, seed);
	}
	assert_int_equal(same, 0);
}

/* === Congestion === */

static void
check_mark(const struct frame_spec *like, uint8_t tos)
{
	static uint8_t before[FRAME_ROOM];
	struct frame_spec s = *like;
	size_t len, ip = frame_l3(&s);

	s.tos = tos;
	len = frame_make(frame, &s);
	memcpy(before, frame, len);
	assert_int_equal(headers_mark_ce(frame, len), tos % 4 != 0);
	if (tos % 4 == 0 || tos % 4 == 3) {
		assert_memory_equal(frame, before, len);
		return;
	}
	assert_true(frame_ip_is_right(frame, &s));
	if (s.version == 4) {
		assert_int_equal(frame[ip + 1], tos | 3);
		frame[ip + 1] = tos;
		memcpy(frame + ip + 10, before + ip + 10, 2);
	} else {
		assert_int_equal(frame[ip + 1], before[ip + 1] | 0x30);
		frame[ip + 1] = before[ip + 1];
	}
	assert_memory_equal(frame, before, len);
}

static void
test_mark_ce(void **state)
{
	struct frame_spec s;
	unsigned tos, i;

	(void)state;
	for (i = 0; i < 12; i++)
		for (tos = 0; tos < 256; tos++) {
			s = i % 2 == 0 ? tcp4 : udp6;
			s.tags = i / 2 % 3;
			s.options = i / 6 * 40;
			s.payload = 4;
			s.id = (uint16_t)(tos * 257 + i);
			check_mark(&s, (uint8_t)tos);
		}
}

/* Each checksum that a header can have, also those next to 0 and 0xffff. */
static void
test_mark_ce_checksums(void **state)
{
	struct frame_spec s = tcp4;
	unsigned id;

	(void)state;
	s.payload = 0;
	for (id = 0; id < 0x10000; id++) {
		s.id = (uint16_t)id;
		check_mark(&s, (uint8_t)(1 + id % 2));
	}
}

static void
test_mark_ce_cut(void **state)
{
	struct frame_spec s = tcp4;
	size_t len;

	(void)state;
	s.tos = 1;
	frame_make(frame, &s);
	for (len = 0; len < 34; len++)
		assert_false(headers_mark_ce(frame, len));
	frame[14] = 0x44;
	assert_false(headers_mark_ce(frame, 100));
	s.version = 6;
	frame_make(frame, &s);
	for (len = 0; len < 54; len++)
		assert_false(headers_mark_ce(frame, len));
	assert_true(headers_mark_ce(frame, len));
	frame[12] = 0x08;
	assert_false(headers_mark_ce(frame, len));
}

/* === Point-to-point mode === */

/*
 * Make the frame one of point-to-point mode: the word in place of the
 * Ethernet header.  Returns its length.
 */
static size_t
to_packet(const struct frame_spec *s)
{
	static const uint8_t word[2][HEADERS_FAMILY] = {
		{ 0, 0, 0, 2 }, { 0, 0, 0, 24 }
	};
	size_t len = frame_make(frame, s) - HEADERS_ETHERNET;

	memmove(frame + HEADERS_FAMILY, frame + HEADERS_ETHERNET, len);
	memcpy(frame, word[s->version == 6], HEADERS_FAMILY);
	return HEADERS_FAMILY + len;
}

/* Of the first len bytes of frame, and not one more. */
static uint32_t
flow_packet(size_t len)
{
	uint8_t *p = malloc(len > 0 ? len : 1);
	uint32_t n;

	assert_non_null(p);
	memcpy(p, frame, len);
	n = headers_flow_packet(p, len, SEED);
	free(p);
	return n;
}

/* The same numbers as of Ethernet frames. */
static void
test_packet_flow(void **state)
{
	static const struct frame_spec *const all[] = { &tcp4, &udp4, &tcp6,
	    &udp6 };
	size_t len;
	uint32_t n;
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		len = frame_make(frame, all[i]);
		n = flow(len);
		assert_int_equal(flow_packet(len), flow_packet(0));
		len = to_packet(all[i]);
		assert_int_equal(flow_packet(len), n);
		frame[frame_l4(all[i]) - HEADERS_ETHERNET +
		    HEADERS_FAMILY]++;
		assert_int_not_equal(flow_packet(len), n);
	}
}

static void
test_packet_flow_of_others(void **state)
{
	size_t len = to_packet(&tcp4), cut;
	uint32_t none = flow_packet(0), n = flow_packet(len);
	unsigned i;

	(void)state;
	assert_int_not_equal(n, none);
	for (cut = 0; cut < HEADERS_FAMILY + HEADERS_IPV4_MIN; cut++)
		assert_int_equal(flow_packet(cut), none);
	assert_int_not_equal(flow_packet(cut), none);
	for (i = 0; i < 32; i++) {	/* a word that does not suit it */
		frame[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(flow_packet(len), none);
		frame[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	frame[3] = 24;
	assert_int_equal(flow_packet(len), none);
	len = to_packet(&tcp6);
	assert_int_not_equal(flow_packet(len), none);
	frame[3] = 10;			/* Linux's own number */
	assert_int_equal(flow_packet(len), none);
}

static void
check_mark_packet(const struct frame_spec *like, uint8_t tos)
{
	static uint8_t other[FRAME_ROOM];
	struct frame_spec s = *like;
	size_t len;

	s.tos = tos;
	len = to_packet(&s) - HEADERS_FAMILY;
	memcpy(other + 12, s.version == 4 ? "\x08\x00" : "\x86\xdd", 2);
	memcpy(other + HEADERS_ETHERNET, frame + HEADERS_FAMILY, len);
	assert_int_equal(headers_mark_ce(other, HEADERS_ETHERNET + len),
	    tos != 0);
	assert_int_equal(headers_mark_ce_packet(frame, HEADERS_FAMILY + len),
	    tos != 0);
	assert_memory_equal(frame + HEADERS_FAMILY,
	    other + HEADERS_ETHERNET, len);
}

static void
test_packet_mark_ce(void **state)
{
	struct frame_spec s = tcp4;
	uint8_t tos;
	size_t len;

	(void)state;
	for (tos = 0; tos < 4; tos++) {
		check_mark_packet(&tcp4, tos);
		check_mark_packet(&udp6, tos);
	}
	s.tos = 1;
	to_packet(&s);
	for (len = 0; len < HEADERS_FAMILY + HEADERS_IPV4_MIN; len++)
		assert_false(headers_mark_ce_packet(frame, len));
	assert_true(headers_mark_ce_packet(frame, len));
	frame[3] = 24;
	assert_false(headers_mark_ce_packet(frame, len));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_other_ethertypes),
		cmocka_unit_test(test_three_tags),
		cmocka_unit_test(test_ipv4_fields),
		cmocka_unit_test(test_ipv4_fragments),
		cmocka_unit_test(test_ipv6_fields),
		cmocka_unit_test(test_ipv6_extensions),
		cmocka_unit_test(test_tcp_fields),
		cmocka_unit_test(test_udp_fields),
		cmocka_unit_test(test_flow_tuple),
		cmocka_unit_test(test_flow_seed),
		cmocka_unit_test(test_flow_fragments),
		cmocka_unit_test(test_flow_fragments_ipv6),
		cmocka_unit_test(test_flow_of_others),
		cmocka_unit_test(test_flow_spread),
		cmocka_unit_test(test_flow_needs_seed),
		cmocka_unit_test(test_mark_ce),
		cmocka_unit_test(test_mark_ce_checksums),
		cmocka_unit_test(test_mark_ce_cut),
		cmocka_unit_test(test_packet_flow),
		cmocka_unit_test(test_packet_flow_of_others),
		cmocka_unit_test(test_packet_mark_ce),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
