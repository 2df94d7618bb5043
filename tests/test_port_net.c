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
filter_in(int mode, uint8_t *base, size_t len, struct taken *t,
    uint64_t *droppedp)
{
	*t = (struct taken){ .n = 0 };
	*droppedp = 0;
	assert_int_equal(sys_tun_infilter(mode, base + SYS_TUN_HEADROOM, len,
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
			assert_int_equal(filter_in(SSH_TUNMODE_ETHERNET, base,
			    len, &t, &dropped), 0);
			assert_int_equal(dropped, 1);
		} else {
			assert_int_equal(filter_in(SSH_TUNMODE_ETHERNET, base,
			    len, &t, &dropped), 1);
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
			assert_int_equal(filter_in(SSH_TUNMODE_POINTOPOINT,
			    base, len, &t, &dropped), 0);
			assert_int_equal(dropped, 1);
		} else {
			assert_int_equal(filter_in(SSH_TUNMODE_POINTOPOINT,
			    base, len, &t, &dropped), 1);
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
		assert_int_equal(filter_in(SSH_TUNMODE_POINTOPOINT, base, 100,
		    &t, &dropped), 0);
		assert_int_equal(dropped, 1);
		free(base);
	}
}

static void
test_answer_of_the_callback_is_passed_on(void **state)
{
	static const int modes[] = { SSH_TUNMODE_ETHERNET,
	    SSH_TUNMODE_POINTOPOINT };
	struct taken t = { .answer = -7 };
	uint64_t dropped = 5;
	uint8_t *base;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		base = new_packet(0x45, 20);
		assert_int_equal(sys_tun_infilter(modes[i],
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
	assert_int_equal(filter_in(0, base, 60, &t, &dropped), 0);
	assert_int_equal(dropped, 1);
	assert_int_equal(sys_tun_outfilter(3, &frame, &len), -1);
	free(base);
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
		assert_int_equal(sys_tun_outfilter(SSH_TUNMODE_ETHERNET,
		    &frame, &len), n < SYS_TUN_FRAME_MIN ? -1 : 0);
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
		if (sys_tun_outfilter(SSH_TUNMODE_POINTOPOINT, &frame, &len) ==
		    -1) {
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

#define NEVER	SIZE_MAX / 2	/* longer than any frame tried */

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
		cmocka_unit_test(test_ethernet_out),
		cmocka_unit_test(test_point_to_point_out),
		cmocka_unit_test(test_point_to_point_out_mismatch),
		cmocka_unit_test(test_open_refuses_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
