/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Frames of a peer to a device: joined, whole, or in pieces, as the device
 * can take them, and nothing that its kernel had better not see.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "relay/ingress.h"
#include "tests/frame_util.h"
#include "tests/tap_util.h"
#include "tun/bytes.h"

#define HELD_MAX	64
#define SEGMENT		1208
#define FLAG_ACK	0x10

struct bench {
	struct fake_tap device;
	struct ingress in;
	/* What was handed over, each of exactly its length, until a flush. */
	uint8_t *held[HELD_MAX];
	unsigned nheld;
};

static uint8_t whole[FRAME_ROOM];

static const struct frame_spec tcp4 = { .version = 4,
    .protocol = HEADERS_PROTO_TCP, .tcp_options = 12, .tcp_flags = FLAG_ACK,
    .id = 65530, .seq = 0xfffff000, .payload = 20000 };
static const struct frame_spec tcp6 = { .version = 6,
    .protocol = HEADERS_PROTO_TCP, .tcp_flags = FLAG_ACK, .seq = 77,
    .payload = 65000 };
static const struct frame_spec udp4 = { .version = 4,
    .protocol = HEADERS_PROTO_UDP, .id = 9, .payload = 30001 };
static const struct frame_spec udp6 = { .version = 6,
    .protocol = HEADERS_PROTO_UDP, .payload = 2300 };
#define KINDS		4
static const struct frame_spec *const kinds[KINDS] = { &tcp4, &tcp6, &udp4,
    &udp6 };

static void
open_device(struct bench *b, unsigned offloads)
{
	memset(b, 0, sizeof(*b));
	fake_tap_open(&b->device, offloads);
	assert_int_equal(ingress_init(&b->in, b->device.tap), 0);
}

static void
flush(struct bench *b)
{
	ingress_flush(&b->in);
	while (b->nheld > 0)
		free(b->held[--b->nheld]);
}

static void
close_device(struct bench *b)
{
	flush(b);
	ingress_clear(&b->in);
	fake_tap_close(&b->device);
}

static uint8_t *
hold(struct bench *b, const uint8_t *frame, size_t len)
{
	uint8_t *p = malloc(len);

	assert_non_null(p);
	assert_true(b->nheld < HELD_MAX);
	memcpy(p, frame, len);
	b->held[b->nheld++] = p;
	return p;
}

static void
give(struct bench *b, const uint8_t *frame, size_t len)
{
	ingress_frame(&b->in, hold(b, frame, len), len);
}

static void
give_super(struct bench *b, const uint8_t *frame, size_t len,
    const struct offload *o)
{
	uint8_t words[OFFLOAD_SIZE];

	offload_put(words, o);
	ingress_super(&b->in, words, hold(b, frame, len), len);
}

static void
expect(struct bench *b, const uint8_t *frame, size_t len,
    const struct offload *o)
{
	static const struct offload none;
	const struct fake_frame *got = fake_tap_get(&b->device);

	assert_int_equal(got->len, len);
	assert_memory_equal(got->bytes, frame, len);
	assert_memory_equal(&got->o, o == NULL ? &none : o, sizeof(got->o));
}

/* All of the super-frame in whole, as plain frames in order. */
static void
expect_segments(struct bench *b, const struct frame_spec *s,
    uint16_t gso_size)
{
	const struct fake_frame *got;
	size_t at;

	for (at = 0; at < s->payload; at += gso_size) {
		got = fake_tap_get(&b->device);
		assert_true(offload_is_none(&got->o));
		assert_true(frame_is_segment(got->bytes, got->len, s, whole,
		    at, gso_size));
	}
}

static void
expect_nothing(struct bench *b)
{
	assert_int_equal(fake_tap_given(&b->device), 0);
}

static void
assert_stats(const struct bench *b, uint64_t malformed, uint64_t supers,
    uint64_t cut)
{
	const struct ingress_stats *s = &b->in.stats;

	assert_int_equal(s->malformed, malformed);
	assert_int_equal(s->supers, supers);
	assert_int_equal(s->cut, cut);
}

/* === Plain frames === */

/* The nth of a row of one flow. */
static size_t
make_segment(uint8_t *out, uint8_t protocol, uint32_t n)
{
	struct frame_spec s = protocol == HEADERS_PROTO_TCP ? tcp4 : udp4;

	s.payload = 500;
	s.id = (uint16_t)(s.id + n);
	s.seq += 500 * n;
	return frame_make(out, &s);
}

static void
test_plain_frames_one_by_one(void **state)
{
	static const unsigned devices[] = { 0, TAP_OFFLOAD_CSUM };
	static const size_t sizes[] = { TAP_FRAME_MIN, 60, TAP_FRAME_MAX };
	struct bench b;
	size_t i, d, len;

	(void)state;
	for (d = 0; d < 2; d++) {
		open_device(&b, devices[d]);
		for (i = 0; i < 3; i++) {
			frame_random_bytes(whole, sizes[i]);
			give(&b, whole, sizes[i]);
			/* At once, without a flush. */
			expect(&b, whole, sizes[i], NULL);
			len = make_segment(whole, HEADERS_PROTO_TCP,
			    (uint32_t)i);
			give(&b, whole, len);
			expect(&b, whole, len, NULL);
		}
		give(&b, whole, TAP_FRAME_MIN - 1);
		give(&b, whole, TAP_FRAME_MAX + 1);
		expect_nothing(&b);
		assert_int_equal(tap_stats(b.device.tap)->sent, 6);
		assert_int_equal(tap_stats(b.device.tap)->dropped_out, 2);
		assert_stats(&b, 0, 0, 0);
		close_device(&b);
	}
}

/* What 10 frames of a flow come to, and when. */
static void
check_joined(unsigned offloads, uint8_t protocol, bool is_joined)
{
	const struct fake_frame *got;
	struct offload o;
	struct bench b;
	uint8_t frames[10][600];
	size_t len = 0, headers = protocol == HEADERS_PROTO_TCP ? 66 : 42;
	uint32_t i;

	open_device(&b, offloads);
	for (i = 0; i < 10; i++) {
		len = make_segment(frames[i], protocol, i);
		give(&b, frames[i], len);
	}
	if (is_joined) {
		expect_nothing(&b);
		flush(&b);
		got = fake_tap_get(&b.device);
		o = got->o;
		assert_int_equal(o.gso_size, 500);
		assert_int_equal(got->len, headers + 5000);
		assert_int_equal(offload_check(&o, got->bytes, got->len), 0);
		assert_memory_equal(&o, &got->o, sizeof(o));
		for (i = 0; i < 10; i++)
			assert_memory_equal(got->bytes + headers +
			    (size_t)500 * i, frames[i] + headers, 500);
	} else
		for (i = 0; i < 10; i++)
			expect(&b, frames[i], len, NULL);
	expect_nothing(&b);
	assert_int_equal(b.in.joiner.joined, is_joined ? 10 : 0);
	assert_stats(&b, 0, is_joined, 0);
	close_device(&b);
}

static void
test_plain_frames_are_joined(void **state)
{
	const unsigned tcp = TAP_OFFLOAD_CSUM | TAP_OFFLOAD_TCP;

	(void)state;
	check_joined(tcp, HEADERS_PROTO_TCP, true);
	check_joined(tcp, HEADERS_PROTO_UDP, false);
	check_joined(TAP_OFFLOAD_ALL, HEADERS_PROTO_TCP, true);
	check_joined(TAP_OFFLOAD_ALL, HEADERS_PROTO_UDP, true);
	check_joined(TAP_OFFLOAD_CSUM, HEADERS_PROTO_TCP, false);
	check_joined(0, HEADERS_PROTO_TCP, false);
}

static void
test_one_alone_stays_as_it_is(void **state)
{
	struct bench b;
	size_t len = make_segment(whole, HEADERS_PROTO_TCP, 0);

	(void)state;
	open_device(&b, TAP_OFFLOAD_ALL);
	give(&b, whole, len);
	expect_nothing(&b);
	flush(&b);
	expect(&b, whole, len, NULL);
	flush(&b);
	expect_nothing(&b);
	/* What is no frame does not come to be held. */
	give(&b, whole, TAP_FRAME_MIN - 1);
	assert_int_equal(tap_stats(b.device.tap)->dropped_out, 1);
	assert_stats(&b, 0, 0, 0);
	close_device(&b);
}

/* === Super-frames === */

static void
test_supers_are_given_whole(void **state)
{
	struct bench b;
	struct offload o, said;
	size_t i, len;

	(void)state;
	open_device(&b, TAP_OFFLOAD_ALL);
	for (i = 0; i < KINDS; i++) {
		len = frame_make_super(whole, kinds[i], SEGMENT, &o);
		/* Two fields that do no harm are put right. */
		said = o;
		said.hdr_len = (uint16_t)(7 * i);
		said.flags |= i % 2 == 1 ? OFFLOAD_DATA_VALID : 0;
		give_super(&b, whole, len, &said);
		expect(&b, whole, len, &o);
	}
	expect_nothing(&b);
	assert_stats(&b, 0, KINDS, 0);
	assert_int_equal(tap_stats(b.device.tap)->sent, KINDS);
	close_device(&b);
}

/* can: of the device; whole_ones: a bit for each of kinds. */
static void
check_kinds(unsigned can, unsigned whole_ones)
{
	struct bench b;
	struct offload o;
	size_t i, len;
	unsigned n = 0;

	open_device(&b, can);
	for (i = 0; i < KINDS; i++) {
		len = frame_make_super(whole, kinds[i], SEGMENT, &o);
		give_super(&b, whole, len, &o);
		if ((whole_ones & 1u << i) != 0) {
			expect(&b, whole, len, &o);
			n++;
		} else
			expect_segments(&b, kinds[i], SEGMENT);
		expect_nothing(&b);
	}
	assert_stats(&b, 0, n, KINDS - n);
	assert_int_equal(tap_stats(b.device.tap)->dropped_out, 0);
	close_device(&b);
}

static void
test_supers_are_cut(void **state)
{
	(void)state;
	check_kinds(0, 0);
	check_kinds(TAP_OFFLOAD_CSUM, 0);
	check_kinds(TAP_OFFLOAD_CSUM | TAP_OFFLOAD_TCP, 3);
	check_kinds(TAP_OFFLOAD_CSUM | TAP_OFFLOAD_UDP, 12);
}

static void
test_checksum_to_be_filled_in(void **state)
{
	static const unsigned devices[] = { 0, TAP_OFFLOAD_CSUM,
	    TAP_OFFLOAD_ALL };
	const struct fake_frame *got;
	struct frame_spec s;
	struct bench b;
	struct offload o, said;
	size_t i, d, len;

	(void)state;
	for (d = 0; d < 3; d++) {
		open_device(&b, devices[d]);
		for (i = 0; i < KINDS; i++) {
			s = *kinds[i];
			s.payload = 1001;
			/* Not what is held to be simple, either. */
			s.tags = i % 2;
			len = frame_make_super(whole, &s, 0, &o);
			said = o;
			said.gso_size = 1;
			give_super(&b, whole, len, &said);
			flush(&b);
			if (d > 0) {
				expect(&b, whole, len, &o);
				continue;
			}
			got = fake_tap_get(&b.device);
			assert_true(offload_is_none(&got->o));
			assert_true(frame_l4_is_right(got->bytes, &s));
			assert_memory_equal(got->bytes + frame_payload(&s),
			    whole + frame_payload(&s), s.payload);
		}
		expect_nothing(&b);
		assert_stats(&b, 0, 0, 0);
		close_device(&b);
	}
}

/* Words that say nothing: a plain frame that came another way. */
static void
test_super_that_is_none(void **state)
{
	const struct offload said = { .flags = OFFLOAD_DATA_VALID,
	    .hdr_len = 1, .gso_size = 2, .csum_start = 3, .csum_offset = 4 };
	struct bench b;

	(void)state;
	open_device(&b, 0);
	frame_random_bytes(whole, TAP_FRAME_MAX + 1);
	give_super(&b, whole, TAP_FRAME_MAX, &said);
	expect(&b, whole, TAP_FRAME_MAX, NULL);
	give_super(&b, whole, TAP_FRAME_MAX + 1, &said);
	expect_nothing(&b);
	assert_int_equal(tap_stats(b.device.tap)->dropped_out, 1);
	assert_stats(&b, 0, 0, 0);
	close_device(&b);
}

/* === What no device may see === */

/* One field after the other that is wrong; false after the last. */
static bool
spoil(struct offload *o, unsigned n)
{
	static const uint8_t flags[] = { 0, OFFLOAD_DATA_VALID, 4, 5, 0xff };
	static const uint8_t types[] = { 2, 3, 6, 0x80, 0x81, 0xff };
	static const uint16_t offsets[] = { 1, 0xffff, 0x8000, 4 };

	if (n < 5) {
		o->flags = flags[n];
		return true;
	}
	if ((n -= 5) < 6) {
		o->gso_type = types[n];
		return true;
	}
	if ((n -= 6) < 4) {
		o->csum_start = (uint16_t)(o->csum_start + offsets[n]);
		return true;
	}
	if ((n -= 4) < 4) {
		o->csum_offset = (uint16_t)(o->csum_offset + offsets[n]);
		return true;
	}
	return false;
}

static void
refuse(struct bench *b, size_t len, const struct offload *o)
{
	uint64_t before = b->in.stats.malformed;

	give_super(b, whole, len, o);
	flush(b);
	expect_nothing(b);
	assert_int_equal(b->in.stats.malformed, before + 1);
}

/* s: what whole was made from. */
static void
refuse_variants(struct bench *b, const struct frame_spec *s, size_t len,
    const struct offload *good)
{
	static const uint8_t types[] = { OFFLOAD_GSO_TCPV4,
	    OFFLOAD_GSO_TCPV6, OFFLOAD_GSO_UDP_L4 };
	struct offload o;
	unsigned n;

	for (n = 0; o = *good, spoil(&o, n); n++)
		refuse(b, len, &o);
	for (n = 0; n < 3; n++) {
		o.gso_type = types[n];
		if (types[n] != good->gso_type)
			refuse(b, len, &o);
	}
	o = *good;
	o.gso_size = 0;
	refuse(b, len, &o);
	o.gso_size = (uint16_t)s->payload;
	refuse(b, len, &o);
	o.gso_size = 0xffff;
	refuse(b, len, &o);
	/* Less, or more, than the headers say, or hardly anything. */
	refuse(b, len - 1, good);
	whole[len] = 0;
	refuse(b, len + 1, good);
	refuse(b, frame_payload(s), good);
	refuse(b, TAP_FRAME_MIN - 1, good);
}

static void
test_wrong_words(void **state)
{
	static const unsigned devices[] = { 0, TAP_OFFLOAD_ALL };
	struct bench b;
	struct offload o;
	size_t i, d, len;

	(void)state;
	for (d = 0; d < 2; d++) {
		open_device(&b, devices[d]);
		for (i = 0; i < KINDS; i++) {
			len = frame_make_super(whole, kinds[i], SEGMENT, &o);
			refuse_variants(&b, kinds[i], len, &o);
		}
		assert_int_equal(b.in.stats.malformed, KINDS * 28);
		assert_int_equal(tap_stats(b.device.tap)->dropped_out, 0);
		close_device(&b);
	}
}

/* Of a frame that is no super-frame, too. */
static void
test_wrong_place_of_a_checksum(void **state)
{
	struct bench b;
	struct offload o, bad;
	struct frame_spec s = udp6;
	size_t len;
	unsigned n;

	(void)state;
	s.payload = 100;
	open_device(&b, TAP_OFFLOAD_ALL);
	len = frame_make_super(whole, &s, 0, &o);
	for (n = 0; bad = o, spoil(&bad, n); n++)
		/* Without NEEDS_CSUM it is a plain one. */
		if ((bad.flags & ~OFFLOAD_DATA_VALID) != 0)
			refuse(&b, len, &bad);
	/* Neither UDP nor TCP: the kernel would take any place. */
	frame_random_bytes(whole, 100);
	bytes_put_u16(whole + 12, 0x88b5);
	refuse(&b, 100, &o);
	close_device(&b);
}

/* Which the kernel does not look into, or which are more than it takes. */
static void
test_odd_supers(void **state)
{
	struct frame_spec s[] = { tcp4, tcp4, tcp6, udp4, tcp4, tcp4, tcp4,
	    udp4 };
	struct bench b;
	struct offload o;
	size_t i;

	(void)state;
	s[0].tags = 1;
	s[1].options = 8;
	s[2].options = 16;
	s[2].payload = 6000;
	s[3].tags = 2;
	s[4].tcp_flags |= 0x02;
	s[5].tcp_flags |= 0x04;
	s[6].tcp_flags |= 0x20;
	s[7].payload = 129 * 10;
	open_device(&b, TAP_OFFLOAD_ALL);
	for (i = 0; i < 8; i++)
		refuse(&b, frame_make_super(whole, &s[i], i == 7 ? 10 :
		    SEGMENT, &o), &o);
	/* Tiny segments, of which there could be too many. */
	refuse(&b, frame_make_super(whole, &tcp4, 7, &o), &o);
	/* Longer than any, but as long as its headers say. */
	(void)frame_make_super(whole, &tcp6, SEGMENT, &o);
	bytes_put_u16(whole + 18, 65535);
	refuse(&b, TAP_LARGE + 1, &o);
	close_device(&b);
}

/* === Order === */

static void
test_super_behind_what_is_held(void **state)
{
	struct bench b;
	struct offload o;
	struct frame_spec s = tcp4;
	uint8_t first[600], last[600];
	size_t len, super_len;

	(void)state;
	open_device(&b, TAP_OFFLOAD_ALL);
	len = make_segment(first, HEADERS_PROTO_TCP, 0);
	(void)make_segment(last, HEADERS_PROTO_TCP, 21);
	s.seq += 500;
	s.payload = 10000;
	super_len = frame_make_super(whole, &s, 500, &o);
	give(&b, first, len);
	give_super(&b, whole, super_len, &o);
	give(&b, last, len);
	flush(&b);
	expect(&b, first, len, NULL);
	expect(&b, whole, super_len, &o);
	expect(&b, last, len, NULL);
	close_device(&b);
}

/* Also when it goes to the device in pieces. */
static void
test_pieces_behind_what_is_held(void **state)
{
	struct bench b;
	struct offload o;
	uint8_t first[600];
	size_t len;

	(void)state;
	open_device(&b, TAP_OFFLOAD_CSUM | TAP_OFFLOAD_TCP);
	len = make_segment(first, HEADERS_PROTO_TCP, 0);
	give(&b, first, len);
	expect_nothing(&b);
	give_super(&b, whole, frame_make_super(whole, &udp4, SEGMENT, &o),
	    &o);
	expect(&b, first, len, NULL);
	expect_segments(&b, &udp4, SEGMENT);
	expect_nothing(&b);
	close_device(&b);
}

/* What lacks its checksum is held and joined like any other. */
static void
test_unfinished_ones_are_joined(void **state)
{
	const struct fake_frame *got;
	struct frame_spec s = tcp4;
	struct bench b;
	struct offload o;
	size_t len;

	(void)state;
	open_device(&b, TAP_OFFLOAD_ALL);
	len = make_segment(whole, HEADERS_PROTO_TCP, 0);
	give(&b, whole, len);
	s.payload = 500;
	s.seq += 500;
	len = frame_make_super(whole, &s, 0, &o);
	give_super(&b, whole, len, &o);
	expect_nothing(&b);
	flush(&b);
	got = fake_tap_get(&b.device);
	assert_int_equal(got->len, len + 500);
	assert_int_equal(got->o.gso_type, OFFLOAD_GSO_TCPV4);
	assert_memory_equal(got->bytes + got->len - 500, whole + len - 500,
	    500);
	expect_nothing(&b);
	close_device(&b);
}

/* === The end === */

static void
test_device_gone(void **state)
{
	struct bench b;
	struct offload o;
	size_t len;

	(void)state;
	/* By a plain frame, by a piece, by a flush, by a whole one. */
	open_device(&b, 0);
	b.device.is_gone = true;
	give(&b, whole, 60);
	assert_true(b.in.is_gone);
	b.in.is_gone = false;
	len = frame_make_super(whole, &tcp4, SEGMENT, &o);
	give_super(&b, whole, len, &o);
	assert_true(b.in.is_gone);
	close_device(&b);
	open_device(&b, TAP_OFFLOAD_ALL);
	b.device.is_gone = true;
	give_super(&b, whole, len, &o);
	assert_true(b.in.is_gone);
	b.in.is_gone = false;
	give(&b, whole, make_segment(whole, HEADERS_PROTO_TCP, 0));
	assert_false(b.in.is_gone);
	flush(&b);
	assert_true(b.in.is_gone);
	assert_int_equal(tap_stats(b.device.tap)->sent, 0);
	close_device(&b);
	open_device(&b, TAP_OFFLOAD_CSUM);
	b.device.is_gone = true;
	len = frame_make_super(whole, &udp6, 0, &o);
	give_super(&b, whole, len, &o);
	assert_true(b.in.is_gone);
	close_device(&b);
}

static void
test_cleared_twice(void **state)
{
	struct ingress untouched = { .tap = NULL };
	struct bench b;
	struct offload o;

	(void)state;
	open_device(&b, TAP_OFFLOAD_ALL);
	give_super(&b, whole, frame_make_super(whole, &tcp4, SEGMENT, &o),
	    &o);
	ingress_clear(&b.in);
	ingress_clear(&b.in);
	ingress_flush(&b.in);
	assert_stats(&b, 0, 1, 0);
	ingress_clear(&untouched);
	ingress_flush(&untouched);
	close_device(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_frames_one_by_one),
		cmocka_unit_test(test_plain_frames_are_joined),
		cmocka_unit_test(test_one_alone_stays_as_it_is),
		cmocka_unit_test(test_supers_are_given_whole),
		cmocka_unit_test(test_supers_are_cut),
		cmocka_unit_test(test_checksum_to_be_filled_in),
		cmocka_unit_test(test_super_that_is_none),
		cmocka_unit_test(test_wrong_words),
		cmocka_unit_test(test_wrong_place_of_a_checksum),
		cmocka_unit_test(test_odd_supers),
		cmocka_unit_test(test_super_behind_what_is_held),
		cmocka_unit_test(test_pieces_behind_what_is_held),
		cmocka_unit_test(test_unfinished_ones_are_joined),
		cmocka_unit_test(test_device_gone),
		cmocka_unit_test(test_cleared_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
