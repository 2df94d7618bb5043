/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What a peer may say of a frame.  Each good case is then made wrong in one
 * way; every frame lies in heap memory of its exact length.
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
#include "tun/offload.h"

static uint8_t frame[FRAME_ROOM];

static const struct frame_spec specs[] = {
	{ .version = 4, .protocol = HEADERS_PROTO_TCP, .payload = 3000,
	    .tcp_options = 12, .tcp_flags = 0x10 },
	{ .version = 6, .protocol = HEADERS_PROTO_TCP, .payload = 3000,
	    .tcp_flags = 0x10 },
	{ .version = 4, .protocol = HEADERS_PROTO_UDP, .payload = 3000 },
	{ .version = 6, .protocol = HEADERS_PROTO_UDP, .payload = 3000 }
};
#define SPECS	(sizeof(specs) / sizeof(specs[0]))

static int
check(const struct offload *o, size_t len, struct offload *after)
{
	uint8_t *p = malloc(len > 0 ? len : 1);
	int r;

	assert_non_null(p);
	memcpy(p, frame, len);
	*after = *o;
	r = offload_check(after, p, len);
	assert_memory_equal(p, frame, len);
	free(p);
	return r;
}

static void
accept(const struct offload *o, size_t len)
{
	struct offload after;

	assert_int_equal(check(o, len, &after), 0);
	assert_int_equal(after.flags, o->flags & OFFLOAD_NEEDS_CSUM);
	assert_int_equal(after.gso_type, o->gso_type);
}

static void
refuse(const struct offload *o, size_t len)
{
	struct offload after;

	assert_int_equal(check(o, len, &after), SSHTAP_ERR_FORMAT);
}

/* === On the wire === */

static void
test_layout(void **state)
{
	static const uint8_t wire[OFFLOAD_SIZE] = { 1, 4, 0x42, 0x01, 0xa8,
	    0x05, 0x36, 0x02, 0x10, 0x03 };
	struct offload o = { 0, 0, 0, 0, 0, 0 };
	uint8_t p[OFFLOAD_SIZE];

	(void)state;
	offload_get(wire, &o);
	assert_int_equal(o.flags, OFFLOAD_NEEDS_CSUM);
	assert_int_equal(o.gso_type, OFFLOAD_GSO_TCPV6);
	assert_int_equal(o.hdr_len, 0x142);
	assert_int_equal(o.gso_size, 0x5a8);
	assert_int_equal(o.csum_start, 0x236);
	assert_int_equal(o.csum_offset, 0x310);
	offload_put(p, &o);
	assert_memory_equal(p, wire, OFFLOAD_SIZE);
}

static void
test_none(void **state)
{
	struct offload o = { 0, 0, 1, 2, 3, 4 };

	(void)state;
	assert_true(offload_is_none(&o));
	o.flags = OFFLOAD_DATA_VALID;
	assert_true(offload_is_none(&o));
	o.flags = OFFLOAD_NEEDS_CSUM;
	assert_false(offload_is_none(&o));
	o.flags = 4;
	assert_false(offload_is_none(&o));
	o.flags = 0;
	o.gso_type = OFFLOAD_GSO_UDP_L4;
	assert_false(offload_is_none(&o));
}

/* === Plain frames === */

/* Any frame may come without; then nothing else is passed on either. */
static void
test_check_none(void **state)
{
	static const struct offload zero = { 0, 0, 0, 0, 0, 0 };
	struct offload o = { OFFLOAD_DATA_VALID, 0, 1, 2, 3, 4 }, after;
	size_t len;

	(void)state;
	frame_random_bytes(frame, sizeof(frame));
	for (len = 0; len < 14; len++)
		refuse(&o, len);
	for (; len < 100; len++) {
		assert_int_equal(check(&o, len, &after), 0);
		assert_memory_equal(&after, &zero, sizeof(zero));
	}
	accept(&o, OFFLOAD_FRAME_MAX);
	refuse(&o, OFFLOAD_FRAME_MAX + 1);
}

static void
check_csum_only(const struct frame_spec *s)
{
	struct offload o, after;
	size_t len = frame_make_super(frame, s, 0, &o), cut;

	o.flags |= OFFLOAD_DATA_VALID;
	o.gso_size = 77;
	o.hdr_len = 9999;
	assert_int_equal(check(&o, len, &after), 0);
	assert_int_equal(after.flags, OFFLOAD_NEEDS_CSUM);
	assert_int_equal(after.hdr_len, 0);
	assert_int_equal(after.gso_size, 0);
	assert_int_equal(after.csum_start, frame_l4(s));
	for (cut = 0; cut < len - s->padding; cut += 1 + cut / 50)
		refuse(&o, cut);
	o.csum_start++;
	refuse(&o, len);
	o.csum_start -= 2;
	refuse(&o, len);
	o.csum_start = 0;
	refuse(&o, len);
	o.csum_start = (uint16_t)frame_l4(s);
	o.csum_offset ^= 16 ^ 6;
	refuse(&o, len);
	o.csum_offset = UINT16_MAX;
	refuse(&o, len);
}

static void
test_check_csum(void **state)
{
	struct frame_spec s;
	unsigned i;

	(void)state;
	for (i = 0; i < SPECS * 6; i++) {
		s = specs[i % SPECS];
		s.tags = i / SPECS % 3;
		s.options = i / SPECS / 3 * 8;
		s.padding = i % 3;
		check_csum_only(&s);
	}
}

static void
test_check_csum_of_others(void **state)
{
	struct offload o;
	size_t len = frame_make_super(frame, &specs[0], 0, &o);

	(void)state;
	accept(&o, len);
	frame[14 + 9] = 132;
	refuse(&o, len);
	frame[14 + 9] = 6;
	frame[14 + 6] = 0x20;	/* a fragment */
	refuse(&o, len);
	frame[14 + 6] = 0;
	frame[13] = 6;
	refuse(&o, len);
}

/* === Super-frames === */

static void
test_check_super(void **state)
{
	struct offload o, after;
	size_t i, len, cut;

	(void)state;
	for (i = 0; i < SPECS; i++) {
		len = frame_make_super(frame, &specs[i], 1400, &o);
		o.hdr_len = (uint16_t)frame_random();
		o.flags |= OFFLOAD_DATA_VALID;
		assert_int_equal(check(&o, len, &after), 0);
		assert_int_equal(after.flags, OFFLOAD_NEEDS_CSUM);
		assert_int_equal(after.hdr_len, frame_payload(&specs[i]));
		assert_int_equal(after.gso_size, 1400);
		assert_int_equal(after.gso_type, o.gso_type);
		assert_int_equal(after.csum_start, frame_l4(&specs[i]));
		for (cut = 0; cut < len; cut += 1 + cut / 50)
			refuse(&o, cut);
		refuse(&o, len + 1);	/* with padding */
	}
}

static void
test_check_flags(void **state)
{
	struct offload o;
	size_t i, len;
	unsigned flags;

	(void)state;
	for (i = 0; i < SPECS; i++) {
		len = frame_make_super(frame, &specs[i], 1400, &o);
		for (flags = 0; flags < 256; flags++) {
			o.flags = (uint8_t)flags;
			if (flags == 1 || flags == 3)
				accept(&o, len);
			else
				refuse(&o, len);
		}
		o.gso_type = 0;
		for (flags = 4; flags < 256; flags++) {
			o.flags = (uint8_t)flags;
			refuse(&o, len);
		}
	}
}

static void
test_check_types(void **state)
{
	struct offload o;
	size_t i, len;
	unsigned type;
	uint8_t right;

	(void)state;
	for (i = 0; i < SPECS; i++) {
		len = frame_make_super(frame, &specs[i], 1400, &o);
		right = o.gso_type;
		for (type = 0; type < 256; type++) {
			o.gso_type = (uint8_t)type;
			if (type == right || type == 0)
				accept(&o, len);
			else
				refuse(&o, len);
		}
	}
}

static void
test_check_place(void **state)
{
	struct offload o;
	size_t i, len;
	unsigned n;
	uint16_t right;

	(void)state;
	for (i = 0; i < SPECS; i++) {
		len = frame_make_super(frame, &specs[i], 1400, &o);
		right = o.csum_offset;
		for (n = 0; n < 0x10000; n += n < 99 ? 1 : 997) {
			o.csum_offset = (uint16_t)n;
			if (n == right)
				accept(&o, len);
			else
				refuse(&o, len);
		}
		o.csum_offset = right;
		right = o.csum_start;
		for (n = 0; n < 0x10000; n += n < 99 ? 1 : 997) {
			o.csum_start = (uint16_t)n;
			if (n == right)
				accept(&o, len);
			else
				refuse(&o, len);
		}
	}
}

static void
test_check_gso_size(void **state)
{
	struct frame_spec s;
	struct offload o;
	size_t i, len;

	(void)state;
	for (i = 0; i < SPECS; i++) {
		s = specs[i];
		s.payload = 128;
		len = frame_make_super(frame, &s, 1, &o);
		if (s.protocol == HEADERS_PROTO_UDP)
			accept(&o, len);
		else
			refuse(&o, len);
		o.gso_size = 0;
		refuse(&o, len);
		o.gso_size = 7;
		if (s.protocol == HEADERS_PROTO_TCP)
			refuse(&o, len);
		o.gso_size = 8;
		accept(&o, len);
		o.gso_size = 127;
		accept(&o, len);
		o.gso_size = 128;
		refuse(&o, len);
		o.gso_size = UINT16_MAX;
		refuse(&o, len);
	}
}

static void
test_check_udp_segments(void **state)
{
	struct frame_spec s = specs[2];
	struct offload o;

	(void)state;
	s.payload = 128 * 11;
	accept(&o, frame_make_super(frame, &s, 11, &o));
	s.payload = 127 * 11 + 1;
	accept(&o, frame_make_super(frame, &s, 11, &o));
	s.payload = 128 * 11 + 1;
	refuse(&o, frame_make_super(frame, &s, 11, &o));
	s.protocol = HEADERS_PROTO_TCP;
	accept(&o, frame_make_super(frame, &s, 11, &o));
}

static void
test_check_tcp_flags(void **state)
{
	struct frame_spec s = specs[1];
	struct offload o;
	unsigned flags;
	size_t len;

	(void)state;
	for (flags = 0; flags < 256; flags++) {
		s.tcp_flags = (uint8_t)flags;
		len = frame_make_super(frame, &s, 1400, &o);
		if ((flags & 0x26) == 0)
			accept(&o, len);
		else
			refuse(&o, len);
	}
}

/* Tags, options and extension headers are for devices of this host. */
static void
test_check_not_simple(void **state)
{
	struct frame_spec s;
	struct offload o;
	size_t i;

	(void)state;
	for (i = 0; i < SPECS; i++) {
		s = specs[i];
		s.tags = 1;
		refuse(&o, frame_make_super(frame, &s, 1400, &o));
		s.tags = 0;
		s.options = 8;
		refuse(&o, frame_make_super(frame, &s, 1400, &o));
	}
}

static void
test_check_longest(void **state)
{
	struct frame_spec s = { .version = 4, .payload = 65535 - 40,
	    .protocol = HEADERS_PROTO_TCP };
	struct offload o;

	(void)state;
	accept(&o, frame_make_super(frame, &s, 1448, &o));
	s.version = 6;
	s.payload = OFFLOAD_FRAME_MAX - 14 - 60;
	accept(&o, frame_make_super(frame, &s, 1428, &o));
	s.payload++;
	refuse(&o, frame_make_super(frame, &s, 1428, &o));
}

/* === Finishing === */

static void
test_finish(void **state)
{
	static uint8_t before[FRAME_ROOM];
	struct frame_spec s;
	struct offload o;
	size_t len;
	unsigned i;

	(void)state;
	for (i = 0; i < SPECS * 200; i++) {
		s = specs[i % SPECS];
		s.tags = i % 3;
		s.options = i / 2 % 2 * 16;
		s.payload = i;
		len = frame_make_super(frame, &s, 0, &o);
		memcpy(before, frame, len);
		assert_int_equal(offload_finish(&o, frame, len), 0);
		assert_true(offload_is_none(&o));
		assert_true(frame_l4_is_right(frame, &s));
		memcpy(frame + frame_l4(&s) + (s.protocol == 6 ? 16 : 6),
		    before + frame_l4(&s) + (s.protocol == 6 ? 16 : 6), 2);
		assert_memory_equal(frame, before, len);
	}
}

/* 0 would say that there is no checksum. */
static void
test_finish_zero(void **state)
{
	struct frame_spec s = specs[2];
	struct offload o;
	uint8_t *udp = frame + frame_l4(&s);
	uint16_t sum;
	size_t len;

	(void)state;
	s.payload = 2;
	len = frame_make_super(frame, &s, 0, &o);
	memset(udp + 8, 0, 2);
	sum = (uint16_t)~frame_sum(0, udp, 10);
	udp[8] = (uint8_t)(sum >> 8);
	udp[9] = (uint8_t)sum;
	assert_int_equal(offload_finish(&o, frame, len), 0);
	assert_int_equal(udp[6], 0xff);
	assert_int_equal(udp[7], 0xff);
	assert_true(frame_l4_is_right(frame, &s));
}

static void
test_finish_outside(void **state)
{
	uint8_t bytes[64];
	struct offload o = { OFFLOAD_NEEDS_CSUM, 0, 0, 0, 34, 28 };
	uint8_t *p;
	size_t len;

	(void)state;
	for (len = 1; len <= sizeof(bytes); len++) {
		p = malloc(len);
		assert_non_null(p);
		memset(p, 0, len);
		o.flags = OFFLOAD_NEEDS_CSUM;
		o.csum_start = 34;
		o.csum_offset = 28;
		assert_int_equal(offload_finish(&o, p, len),
		    len == 64 ? 0 : SSHTAP_ERR_FORMAT);
		o.flags = OFFLOAD_NEEDS_CSUM;
		o.csum_start = UINT16_MAX;
		o.csum_offset = UINT16_MAX;
		assert_int_equal(offload_finish(&o, p, len),
		    SSHTAP_ERR_FORMAT);
		free(p);
	}
	assert_int_equal(offload_finish(&o, bytes, 0), SSHTAP_ERR_FORMAT);
}

static void
test_finish_nothing(void **state)
{
	struct offload o = { OFFLOAD_DATA_VALID, 0, 1, 2, 3, 4 };
	uint8_t bytes[20] = { 0 }, before[20] = { 0 };

	(void)state;
	assert_int_equal(offload_finish(&o, bytes, sizeof(bytes)), 0);
	assert_int_equal(o.flags, 0);
	assert_memory_equal(bytes, before, sizeof(bytes));
	o.flags = OFFLOAD_NEEDS_CSUM;
	o.gso_type = OFFLOAD_GSO_TCPV4;
	assert_int_equal(offload_finish(&o, bytes, sizeof(bytes)),
	    SSHTAP_ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_check_none),
		cmocka_unit_test(test_check_csum),
		cmocka_unit_test(test_check_csum_of_others),
		cmocka_unit_test(test_check_super),
		cmocka_unit_test(test_check_flags),
		cmocka_unit_test(test_check_types),
		cmocka_unit_test(test_check_place),
		cmocka_unit_test(test_check_gso_size),
		cmocka_unit_test(test_check_udp_segments),
		cmocka_unit_test(test_check_tcp_flags),
		cmocka_unit_test(test_check_not_simple),
		cmocka_unit_test(test_check_longest),
		cmocka_unit_test(test_finish),
		cmocka_unit_test(test_finish_zero),
		cmocka_unit_test(test_finish_outside),
		cmocka_unit_test(test_finish_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
