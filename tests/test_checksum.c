/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The Internet checksum against a plain one, at every alignment and length,
 * in heap memory of the exact length; and that of headers in whole frames.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/frame_util.h"
#include "tun/checksum.h"

/* The example of RFC 1071 section 3. */
static void
test_published(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5,
	    0xf6, 0xf7 };

	(void)state;
	assert_int_equal(checksum_fold(checksum_add(0, bytes, 8)), 0xddf2);
	assert_int_equal(checksum_fold(checksum_add(0, bytes, 7)), 0xdcfb);
	assert_int_equal(checksum_fold(checksum_add(0, bytes, 1)), 0);
	assert_int_equal(checksum_fold(checksum_add(0, bytes + 1, 1)), 0x100);
	assert_int_equal(checksum_fold(checksum_add(5, bytes, 0)), 5);
}

static void
test_fold(void **state)
{
	(void)state;
	assert_int_equal(checksum_fold(0), 0);
	assert_int_equal(checksum_fold(0xffff), 0xffff);
	assert_int_equal(checksum_fold(0x10000), 1);
	assert_int_equal(checksum_fold(0x1ffff), 1);
	assert_int_equal(checksum_fold(0xffffffff), 0xffff);
	assert_int_equal(checksum_fold(0x100000000), 1);
	assert_int_equal(checksum_fold(UINT64_MAX), 0xffff);
	assert_int_equal(checksum_fold(0x123456789abcdef0), 0xe259);
}

static void
check_bytes(const uint8_t *from, size_t len, size_t shift)
{
	uint8_t *p = malloc(shift + len + 1), *to = malloc(len + 9);
	uint16_t sum = frame_sum(0, from, len);

	assert_non_null(p);
	assert_non_null(to);
	memcpy(p + shift + 1, from, len);
	assert_int_equal(checksum_fold(checksum_add(0, p + shift + 1, len)),
	    sum);
	memset(to, 0xcc, len + 9);
	assert_int_equal(checksum_fold(checksum_copy(0, to + shift % 8,
	    p + shift + 1, len)), sum);
	assert_memory_equal(to + shift % 8, from, len);
	assert_int_equal(to[shift % 8 + len], 0xcc);
	if (shift % 8 > 0)
		assert_int_equal(to[shift % 8 - 1], 0xcc);
	free(p);
	free(to);
}

static void
test_lengths_and_alignments(void **state)
{
	uint8_t bytes[320];
	size_t len, shift;

	(void)state;
	for (len = 0; len <= sizeof(bytes); len++) {
		frame_random_bytes(bytes, len);
		for (shift = 0; shift < 16; shift++)
			check_bytes(bytes, len, shift);
	}
}

/* All carries that there can be; zeros stay zero, ones never become it. */
static void
test_extremes(void **state)
{
	static uint8_t bytes[0x20000];

	(void)state;
	assert_int_equal(checksum_fold(checksum_add(0, bytes,
	    sizeof(bytes))), 0);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(checksum_fold(checksum_add(0, bytes,
	    sizeof(bytes))), 0xffff);
	check_bytes(bytes, 65535, 3);
	frame_random_bytes(bytes, sizeof(bytes));
	check_bytes(bytes, sizeof(bytes), 1);
	check_bytes(bytes, 65549, 0);
}

static void
test_in_pieces(void **state)
{
	uint8_t bytes[300], copy[300];
	size_t at, len;
	uint64_t sum, copied;
	unsigned i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		frame_random_bytes(bytes, sizeof(bytes));
		sum = copied = frame_random();
		for (at = 0; at < sizeof(bytes); at += len) {
			len = 2 * (size_t)frame_random_below(60);
			if (len > sizeof(bytes) - at)
				len = sizeof(bytes) - at;
			sum = checksum_add(sum, bytes + at, len);
			copied = checksum_copy(copied, copy + at, bytes + at,
			    len);
		}
		assert_int_equal(sum, copied);
		assert_memory_equal(bytes, copy, sizeof(bytes));
	}
	assert_int_equal(checksum_fold(checksum_add(checksum_add(7, bytes,
	    100), bytes + 100, 200)), frame_sum(7, bytes, 300));
}

/* === Of frames === */

static const struct frame_spec specs[] = {
	{ .version = 4, .protocol = HEADERS_PROTO_TCP, .payload = 1000 },
	{ .version = 4, .protocol = HEADERS_PROTO_UDP, .payload = 999 },
	{ .version = 6, .protocol = HEADERS_PROTO_TCP, .payload = 3,
	    .tcp_options = 12 },
	{ .version = 6, .protocol = HEADERS_PROTO_UDP, .payload = 0 },
	{ .version = 4, .protocol = HEADERS_PROTO_TCP, .options = 40,
	    .tags = 2, .payload = 20, .padding = 7 },
	{ .version = 6, .protocol = HEADERS_PROTO_UDP, .options = 24,
	    .tags = 1, .payload = 33, .padding = 1 }
};
#define SPECS	(sizeof(specs) / sizeof(specs[0]))

static void
test_of_frames(void **state)
{
	static uint8_t frame[FRAME_ROOM];
	struct headers h;
	size_t i, at, len;

	(void)state;
	for (i = 0; i < SPECS; i++) {
		len = frame_make(frame, &specs[i]);
		assert_int_equal(headers_get(frame, len, &h), 0);
		assert_true(checksum_is_right(frame, &h));
		for (at = h.l4; at < h.end; at++) {
			frame[at] ^= 0x10;
			assert_false(checksum_is_right(frame, &h));
			frame[at] ^= 0x10;
		}
		frame[h.l4 - 1] ^= 1;	/* of an address, or an option */
		assert_int_equal(checksum_is_right(frame, &h),
		    specs[i].options > 0);
	}
}

/* A payload with which the sum comes out as 0xffff, which 0 is as good as. */
static void
test_udp_without(void **state)
{
	static uint8_t frame[FRAME_ROOM];
	struct frame_spec s = { .version = 4, .payload = 2,
	    .protocol = HEADERS_PROTO_UDP };
	struct headers h;
	uint8_t *udp;
	uint16_t sum;
	size_t len;

	(void)state;
	for (; s.version <= 6; s.version += 2) {
		len = frame_make(frame, &s);
		assert_int_equal(headers_get(frame, len, &h), 0);
		udp = frame + h.l4;
		memset(udp + 6, 0, 4);
		sum = (uint16_t)~checksum_fold(checksum_add(
		    checksum_pseudo(frame, &h, 10), udp, 10));
		udp[8] = (uint8_t)(sum >> 8);
		udp[9] = (uint8_t)sum;
		assert_false(checksum_is_right(frame, &h));
		memset(udp + 6, 0xff, 2);
		assert_true(checksum_is_right(frame, &h));
	}
}

static void
test_of_ip(void **state)
{
	static uint8_t frame[FRAME_ROOM], before[FRAME_ROOM];
	struct headers h;
	size_t i, len;

	(void)state;
	for (i = 0; i < SPECS; i++) {
		len = frame_make(frame, &specs[i]);
		memcpy(before, frame, len);
		assert_int_equal(headers_get(frame, len, &h), 0);
		if (h.version == 4)
			memset(frame + h.l3 + 10, 0xa5, 2);
		checksum_put_ip(frame, &h);
		assert_memory_equal(frame, before, len);
	}
}

/* Lengths of 16 bits and more: RFC 8200 section 8.1 has 32. */
static void
test_pseudo(void **state)
{
	static uint8_t frame[FRAME_ROOM];
	struct headers h;
	size_t i, len;

	(void)state;
	for (i = 0; i < SPECS; i++) {
		len = frame_make(frame, &specs[i]);
		assert_int_equal(headers_get(frame, len, &h), 0);
		for (len = 0; len < 0x30000; len += 0xfff1)
			assert_int_equal(checksum_fold(checksum_pseudo(frame,
			    &h, len)), frame_sum((uint32_t)len + h.protocol,
			    frame + h.l3 + (h.version == 4 ? 12 : 8),
			    h.version == 4 ? 8 : 32));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_lengths_and_alignments),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_in_pieces),
		cmocka_unit_test(test_of_frames),
		cmocka_unit_test(test_udp_without),
		cmocka_unit_test(test_of_ip),
		cmocka_unit_test(test_pseudo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
