/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The filters between a device and the wire.  Every packet lies in heap
 * memory of its exact length, behind the scratch room that the contract asks
 * for and no more, so that a sanitizer sees any step outside.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "openbsd-compat/port-net.h"

/* What the infilter handed on. */
struct taken {
	unsigned n;
	uint8_t *frame;
	size_t len;
	int answer;
};

static int
take(void *ctx, uint8_t *frame, size_t len)
{
	struct taken *t = ctx;

	t->n++;
	t->frame = frame;
	t->len = len;
	return t->answer;
}

/* len bytes with the first given, behind the scratch room. */
static uint8_t *
new_packet(uint8_t first, size_t len)
{
	uint8_t *base = malloc(SYS_TUN_HEADROOM + len);

	assert_non_null(base);
	memset(base, 0xee, SYS_TUN_HEADROOM);
	memset(base + SYS_TUN_HEADROOM, 0x11, len);
	if (len > 0)
		base[SYS_TUN_HEADROOM] = first;
	return base;
}

/* How many frames come out; *t tells of the last. */
static unsigned
filter_in(enum sys_tun_framing framing, uint8_t *base, size_t len,
    struct taken *t, uint64_t *droppedp)
{
	*t = (struct taken){ .n = 0 };
	*droppedp = 0;
	assert_int_equal(sys_tun_infilter(framing, base + SYS_TUN_HEADROOM, len,
	    take, t, droppedp), 0);
	return t->n;
}

static void
test_ethernet_in(void **state)
{
	struct taken t;
	uint64_t dropped;
	uint8_t *base;
	size_t len;

	(void)state;
	for (len = 0; len <= 16; len++) {
		base = new_packet(0x45, len);
		if (len < SYS_TUN_FRAME_MIN) {
			assert_int_equal(filter_in(SYS_TUN_FRAME, base, len,
			    &t, &dropped), 0);
			assert_int_equal(dropped, 1);
		} else {
			assert_int_equal(filter_in(SYS_TUN_FRAME, base, len,
			    &t, &dropped), 1);
			assert_ptr_equal(t.frame, base + SYS_TUN_HEADROOM);
			assert_int_equal(t.len, len);
			assert_int_equal(dropped, 0);
		}
		free(base);
	}
}

/* A packet of every length up to 64 starting with one byte. */
static void
check_point_to_point_in(uint8_t first, size_t min_len, uint8_t family)
{
	const uint8_t word[] = { 0, 0, 0, family };
	struct taken t;
	uint64_t dropped;
	uint8_t *base;
	size_t len;

	for (len = 0; len <= 64; len++) {
		base = new_packet(first, len);
		if (len < min_len) {
			assert_int_equal(filter_in(SYS_TUN_PACKET, base, len,
			    &t, &dropped), 0);
			assert_int_equal(dropped, 1);
		} else {
			assert_int_equal(filter_in(SYS_TUN_PACKET, base, len,
			    &t, &dropped), 1);
			assert_ptr_equal(t.frame, base);
			assert_int_equal(t.len, len + 4);
			assert_memory_equal(t.frame, word, 4);
			assert_int_equal(t.frame[4], first);
			assert_int_equal(dropped, 0);
		}
		free(base);
	}
}

static void
test_point_to_point_in(void **state)
{
	(void)state;
	check_point_to_point_in(0x45, 20, 2);
	check_point_to_point_in(0x46, 24, 2);
	check_point_to_point_in(0x4f, 60, 2);
	check_point_to_point_in(0x60, 40, 24);
	check_point_to_point_in(0x6f, 40, 24);
}

static void
test_point_to_point_in_foreign(void **state)
{
	static const uint8_t firsts[] = { 0x00, 0x35, 0x44, 0x40, 0x55, 0x75,
	    0xf5 };
	struct taken t;
	uint64_t dropped;
	uint8_t *base;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(firsts); i++) {
		base = new_packet(firsts[i], 100);
		assert_int_equal(filter_in(SYS_TUN_PACKET, base, 100, &t,
		    &dropped), 0);
		assert_int_equal(dropped, 1);
		free(base);
	}
}

static void
test_answer_of_the_callback_is_passed_on(void **state)
{
	static const enum sys_tun_framing framings[] = { SYS_TUN_FRAME,
	    SYS_TUN_PACKET };
	struct taken t = { .answer = -7 };
	uint64_t dropped = 5;
	uint8_t *base;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		base = new_packet(0x45, 20);
		assert_int_equal(sys_tun_infilter(framings[i],
		    base + SYS_TUN_HEADROOM, 20, take, &t, &dropped), -7);
		free(base);
	}
	assert_int_equal(t.n, 2);
	assert_int_equal(dropped, 5);
}

static void
test_unknown_mode_drops(void **state)
{
	uint8_t *base = new_packet(0x45, 60), *frame = base;
	struct taken t;
	uint64_t dropped;
	size_t len = 60;

	(void)state;
	assert_int_equal(sys_tun_framing(0, 3, 3), SYS_TUN_NONE);
	assert_int_equal(sys_tun_framing(3, 3, 3), SYS_TUN_NONE);
	assert_int_equal(filter_in(SYS_TUN_NONE, base, 60, &t, &dropped), 0);
	assert_int_equal(dropped, 1);
	assert_int_equal(sys_tun_outfilter(SYS_TUN_NONE, &frame, &len), -1);
	free(base);
}

/*
 * A packet behind a word, of every length of both: what comes out has
 * word_out, if word_in is what the framing of the source wants.
 */
static void
check_family(uint32_t word_in, uint8_t first, size_t min_len, bool is_out,
    uint32_t word_out)
{
	const uint8_t word[] = { (uint8_t)(word_in >> 24),
	    (uint8_t)(word_in >> 16), (uint8_t)(word_in >> 8),
	    (uint8_t)word_in };
	struct taken t = { .n = 0 };
	uint64_t dropped;
	uint8_t *base, *frame;
	size_t n, len;

	for (n = 0; n <= 68; n++) {
		base = new_packet(word[0], n);
		frame = base + SYS_TUN_HEADROOM;
		memcpy(frame, word, n < 4 ? n : 4);
		if (n > 4)
			frame[4] = first;
		dropped = 0;
		len = n;
		if (!is_out) {
			t.n = 0;
			assert_int_equal(sys_tun_infilter(SYS_TUN_FAMILY,
			    frame, len, take, &t, &dropped), 0);
			assert_int_equal(t.n + dropped, 1);
		} else if (sys_tun_outfilter(SYS_TUN_FAMILY, &frame,
		    &len) == -1)
			dropped = 1;
		assert_int_equal(dropped, n < 4 + min_len);
		assert_ptr_equal(frame, base + SYS_TUN_HEADROOM);
		assert_int_equal(len, n);
		if (dropped == 0) {
			assert_int_equal(frame[0] | frame[1] | frame[2], 0);
			assert_int_equal(frame[3], word_out);
			assert_int_equal(frame[4], first);
		} else
			assert_memory_equal(frame, word, n < 4 ? n : 4);
		free(base);
	}
}

#define NEVER	(SIZE_MAX / 2)	/* longer than any frame tried */

static void
test_family_of_darwin_in(void **state)
{
	(void)state;
	check_family(2, 0x45, 20, false, 2);
	check_family(2, 0x4f, 60, false, 2);
	check_family(30, 0x60, 40, false, 24);
	check_family(24, 0x60, NEVER, false, 0);
	check_family(10, 0x60, NEVER, false, 0);
	check_family(30, 0x45, NEVER, false, 0);
	check_family(2, 0x60, NEVER, false, 0);
	check_family(2, 0x44, NEVER, false, 0);
	check_family(0, 0x00, NEVER, false, 0);
	check_family(0x1e000000, 0x60, NEVER, false, 0);
	check_family(0x0100001e, 0x60, NEVER, false, 0);
}

static void
test_family_of_darwin_out(void **state)
{
	(void)state;
	check_family(2, 0x45, 20, true, 2);
	check_family(2, 0x4f, 60, true, 2);
	check_family(24, 0x60, 40, true, 30);
	check_family(30, 0x60, NEVER, true, 0);
	check_family(24, 0x45, NEVER, true, 0);
	check_family(2, 0x60, NEVER, true, 0);
	check_family(0, 0x00, NEVER, true, 0);
	check_family(0x02000000, 0x45, NEVER, true, 0);
}

/* Counts frames and their bytes, and may end the walk. */
struct counted {
	unsigned n, stop_at;
	size_t bytes;
};

static int
count_frame(void *ctx, uint8_t *frame, size_t len)
{
	struct counted *c = ctx;

	(void)frame;
	c->n++;
	c->bytes += len;
	return c->n == c->stop_at ? -9 : 0;
}

/* A record of bpf(4) at p, its frame all zeros; what it takes, padded. */
static size_t
put_record(uint8_t *p, uint32_t caplen, uint32_t datalen)
{
	const uint16_t hdrlen = 18;

	memset(p, 0, (hdrlen + caplen + 3) & ~3U);
	memcpy(p + 8, &caplen, sizeof(caplen));
	memcpy(p + 12, &datalen, sizeof(datalen));
	memcpy(p + 16, &hdrlen, sizeof(hdrlen));
	return (hdrlen + caplen + 3) & ~3U;
}

static void
test_batch_in(void **state)
{
	uint8_t buf[512];
	struct counted c = { .n = 0 };
	uint64_t dropped = 4;
	size_t len = 0;

	(void)state;
	len += put_record(buf + len, 60, 60);
	len += put_record(buf + len, 13, 13);
	len += put_record(buf + len, 61, 100);
	len += put_record(buf + len, 42, 42);
	assert_int_equal(sys_tun_infilter(SYS_TUN_BATCH, buf, len,
	    count_frame, &c, &dropped), 0);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.bytes, 102);
	assert_int_equal(dropped, 6);
	c = (struct counted){ .stop_at = 1 };
	assert_int_equal(sys_tun_infilter(SYS_TUN_BATCH, buf, len,
	    count_frame, &c, &dropped), -9);
	assert_int_equal(c.n, 1);
	assert_int_equal(dropped, 6);
	/* A read of nothing is no malformed frame. */
	assert_int_equal(sys_tun_infilter(SYS_TUN_BATCH, buf, 0, count_frame,
	    &c, &dropped), 0);
	assert_int_equal(dropped, 6);
}

static void
test_ethernet_out(void **state)
{
	uint8_t *base, *frame;
	size_t len, n;

	(void)state;
	for (n = 0; n <= 16; n++) {
		base = new_packet(0, n);
		frame = base + SYS_TUN_HEADROOM;
		len = n;
		assert_int_equal(sys_tun_outfilter(SYS_TUN_FRAME, &frame,
		    &len), n < SYS_TUN_FRAME_MIN ? -1 : 0);
		assert_int_equal(sys_tun_outfilter(SYS_TUN_BATCH, &frame,
		    &len), n < SYS_TUN_FRAME_MIN ? -1 : 0);
		assert_ptr_equal(frame, base + SYS_TUN_HEADROOM);
		assert_int_equal(len, n);
		free(base);
	}
}

/* A frame from the wire of every length up to 68. */
static void
check_point_to_point_out(uint32_t family, uint8_t first, size_t min_len)
{
	uint8_t *base, *frame;
	size_t len, n;

	for (n = 0; n <= 68; n++) {
		base = malloc(n > 0 ? n : 1);
		assert_non_null(base);
		memset(base, 0, n);
		if (n >= 4) {
			base[2] = (uint8_t)(family >> 8);
			base[3] = (uint8_t)family;
		}
		if (n >= 5)
			base[4] = first;
		frame = base;
		len = n;
		if (sys_tun_outfilter(SYS_TUN_PACKET, &frame, &len) == -1) {
			assert_true(n < 4 + min_len);
			assert_ptr_equal(frame, base);
			assert_int_equal(len, n);
		} else {
			assert_true(n >= 4 + min_len);
			assert_ptr_equal(frame, base + 4);
			assert_int_equal(len, n - 4);
		}
		free(base);
	}
}

static void
test_point_to_point_out(void **state)
{
	(void)state;
	check_point_to_point_out(2, 0x45, 20);
	check_point_to_point_out(2, 0x4f, 60);
	check_point_to_point_out(24, 0x60, 40);
}

static void
test_point_to_point_out_mismatch(void **state)
{
	(void)state;
	check_point_to_point_out(24, 0x45, NEVER);
	check_point_to_point_out(2, 0x60, NEVER);
	check_point_to_point_out(30, 0x60, NEVER);
	check_point_to_point_out(10, 0x60, NEVER);
	check_point_to_point_out(0, 0x45, NEVER);
	check_point_to_point_out(0, 0x00, NEVER);
	check_point_to_point_out(0x102, 0x45, NEVER);
	check_point_to_point_out(2, 0x44, NEVER);
	check_point_to_point_out(2, 0x55, NEVER);
}

static void
test_open_refuses_nonsense(void **state)
{
	static const int units[] = { -1, SSH_TUNID_MAX + 1 };
	static const int modes[] = { -1, 0, 3 };
	int rfd = -1, wfd = -1;
	char *name = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		errno = 0;
		assert_int_equal(sys_tun_open(units[i], SSH_TUNMODE_ETHERNET,
		    &name, &rfd, &wfd), -1);
		assert_int_equal(errno, EINVAL);
	}
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		errno = 0;
		assert_int_equal(sys_tun_open(SSH_TUNID_ANY, modes[i], &name,
		    &rfd, &wfd), -1);
		assert_int_equal(errno, EINVAL);
	}
	assert_null(name);
	assert_int_equal(rfd, -1);
	assert_int_equal(wfd, -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ethernet_in),
		cmocka_unit_test(test_point_to_point_in),
		cmocka_unit_test(test_point_to_point_in_foreign),
		cmocka_unit_test(test_answer_of_the_callback_is_passed_on),
		cmocka_unit_test(test_unknown_mode_drops),
		cmocka_unit_test(test_family_of_darwin_in),
		cmocka_unit_test(test_family_of_darwin_out),
		cmocka_unit_test(test_batch_in),
		cmocka_unit_test(test_ethernet_out),
		cmocka_unit_test(test_point_to_point_out),
		cmocka_unit_test(test_point_to_point_out_mismatch),
		cmocka_unit_test(test_open_refuses_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
