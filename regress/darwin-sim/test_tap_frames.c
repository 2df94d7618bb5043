/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The Ethernet devices of macOS, in the simulated one: frames between the host
 * and us, and the end of either side.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/ioctl.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "regress/darwin-sim/abi.h"
#include "regress/darwin-sim/mac_util.h"
#include "tun/tap.h"

#define FRAME_SIZE	2100

static void
assert_stats(const struct tap *t, uint64_t received, uint64_t sent,
    uint64_t dropped_in, uint64_t dropped_out)
{
	const struct tap_stats *s = tap_stats(t);

	assert_int_equal(s->received, received);
	assert_int_equal(s->sent, sent);
	assert_int_equal(s->dropped_in, dropped_in);
	assert_int_equal(s->dropped_out, dropped_out);
}

/* A frame whose every byte depends on its length and its mark. */
static void
fill(uint8_t *frame, size_t len, unsigned mark)
{
	size_t i;

	for (i = 0; i < len; i++)
		frame[i] = (uint8_t)(i * 31 + len * 7 + mark);
	frame[0] &= 0xfe;
}

static void
assert_filled(const uint8_t *frame, size_t len, unsigned mark)
{
	uint8_t wanted[FRAME_SIZE];

	fill(wanted, len, mark);
	assert_memory_equal(frame, wanted, len);
}

/* === Frames === */

static void
test_frames_of_every_length_both_ways(void **state)
{
	uint8_t frame[FRAME_SIZE], got[FRAME_SIZE];
	struct tap *t = mac_open(TAP_UNIT_ANY);
	struct darwin_device host;
	size_t len, n = 0, got_len;

	(void)state;
	mac_host_open(tap_name(t), &host);
	for (len = TAP_FRAME_MIN; len <= 1518; len++, n++) {
		fill(frame, len, 1);
		mac_host_send(&host, frame, len);
		assert_int_equal(tap_recv(t, got, sizeof(got), &got_len), 0);
		assert_int_equal(got_len, len);
		assert_filled(got, len, 1);
		assert_false(tap_has_pending(t));
		fill(frame, len, 2);
		assert_int_equal(tap_send(t, frame, len), 0);
		assert_int_equal(mac_host_receive(&host, got, sizeof(got)),
		    len);
		assert_filled(got, len, 2);
	}
	/* Our own do not come back. */
	assert_int_equal(tap_recv(t, got, sizeof(got), &got_len),
	    SSHTAP_ERR_AGAIN);
	assert_stats(t, n, n, 0, 0);
	mac_host_close(&host);
	tap_close(t);
	mac_assert_clean();
}

static void
test_many_frames_of_one_read(void **state)
{
	struct tap *t = mac_open(TAP_UNIT_ANY);
	struct darwin_device host;
	uint8_t frame[FRAME_SIZE];
	size_t len, i;

	(void)state;
	mac_host_open(tap_name(t), &host);
	assert_int_equal(is_readable(tap_read_fd(t), 0), 0);
	for (i = 0; i < 50; i++) {
		fill(frame, 60 + i, (unsigned)i);
		mac_host_send(&host, frame, 60 + i);
	}
	assert_int_equal(is_readable(tap_read_fd(t), 0), 1);
	assert_false(tap_has_pending(t));
	for (i = 0; i < 50; i++) {
		assert_int_equal(tap_recv(t, frame, sizeof(frame), &len), 0);
		assert_int_equal(len, 60 + i);
		assert_filled(frame, len, (unsigned)i);
		/* The first call took all there was. */
		assert_int_equal(is_readable(tap_read_fd(t), 0), 0);
		assert_int_equal(tap_has_pending(t), i < 49);
	}
	len = 5;
	assert_int_equal(tap_recv(t, frame, sizeof(frame), &len),
	    SSHTAP_ERR_AGAIN);
	assert_int_equal(len, 5);
	assert_stats(t, 50, 0, 0, 0);
	mac_host_close(&host);
	tap_close(t);
}

static void
test_frames_too_long_for_the_caller(void **state)
{
	struct tap *t = mac_open(TAP_UNIT_ANY);
	struct darwin_device host;
	uint8_t frame[FRAME_SIZE];
	size_t len = 5, i;

	(void)state;
	mac_host_open(tap_name(t), &host);
	for (i = 0; i < 4; i++) {
		fill(frame, 100 + i % 2, 0);
		mac_host_send(&host, frame, 100 + i % 2);
	}
	memset(frame, 0xee, sizeof(frame));
	for (i = 0; i < 4; i++) {
		assert_int_equal(tap_recv(t, frame, 100, &len),
		    i % 2 == 0 ? 0 : SSHTAP_ERR_DROPPED);
		assert_int_equal(len, 100);
		assert_int_equal(frame[100], 0xee);
	}
	assert_stats(t, 2, 0, 2, 0);
	mac_host_close(&host);
	tap_close(t);
}

/* Lets bpf cut every frame over 100 bytes to 20. */
static void
cut_long_frames(int bpf)
{
	static const struct {
		uint16_t code;
		uint8_t jt, jf;
		uint32_t k;
	} insns[] = {
		{ 0x80, 0, 0, 0 },		/* ld len */
		{ 0x25, 0, 1, 100 },		/* jgt #100 */
		{ 0x06, 0, 0, 20 },		/* ret #20 */
		{ 0x06, 0, 0, 65535 },
	};
	struct {
		uint32_t len;
		const void *insns;
	} program = { 4, insns };

	assert_int_equal(ioctl(bpf, ABI_BIOCSETF, &program), 0);
}

/* Each dropped frame is told of once, behind the one that was found. */
static void
test_frames_that_bpf_cut(void **state)
{
	static const size_t lens[] = { 1200, 1200, 60, 1200, 61, 1200, 1200,
		1200, 62 };
	static const int results[] = { 60, SSHTAP_ERR_DROPPED,
		SSHTAP_ERR_DROPPED, 61, SSHTAP_ERR_DROPPED, 62,
		SSHTAP_ERR_DROPPED, SSHTAP_ERR_DROPPED, SSHTAP_ERR_DROPPED };
	struct tap *t = mac_open(TAP_UNIT_ANY);
	struct darwin_device host;
	uint8_t frame[FRAME_SIZE];
	size_t i, len;
	int r;

	(void)state;
	cut_long_frames(tap_read_fd(t));
	mac_host_open(tap_name(t), &host);
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		fill(frame, lens[i], 3);
		mac_host_send(&host, frame, lens[i]);
	}
	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		r = tap_recv(t, frame, sizeof(frame), &len);
		assert_int_equal(r == 0 ? (int)len : r, results[i]);
		if (r == 0)
			assert_filled(frame, len, 3);
		assert_int_equal(tap_has_pending(t), i < 8);
	}
	assert_int_equal(tap_recv(t, frame, sizeof(frame), &len),
	    SSHTAP_ERR_AGAIN);
	assert_stats(t, 3, 0, 6, 0);
	mac_host_close(&host);
	tap_close(t);
}

/* One that is longer than all of the buffer, which may be of any size. */
static void
test_frames_longer_than_the_buffer(void **state)
{
	struct darwin_device host;
	uint8_t frame[FRAME_SIZE];
	struct tap *t;
	size_t len;

	(void)state;
	mac_boot("--blen-clamp 1023");
	t = mac_open(TAP_UNIT_ANY);
	mac_host_open(tap_name(t), &host);
	fill(frame, 1200, 3);
	mac_host_send(&host, frame, 1200);
	assert_int_equal(tap_recv(t, frame, sizeof(frame), &len),
	    SSHTAP_ERR_DROPPED);
	assert_int_equal(tap_recv(t, frame, sizeof(frame), &len),
	    SSHTAP_ERR_AGAIN);
	fill(frame, 1005, 4);
	mac_host_send(&host, frame, 1005);
	assert_int_equal(tap_recv(t, frame, sizeof(frame), &len), 0);
	assert_int_equal(len, 1005);
	assert_filled(frame, len, 4);
	assert_stats(t, 1, 0, 1, 0);
	mac_host_close(&host);
	tap_close(t);
}

static void
test_frames_that_are_not_sent(void **state)
{
	static uint8_t frame[TAP_FRAME_MAX + 1];
	struct tap *t = mac_open(TAP_UNIT_ANY);
	struct darwin_device host;
	size_t len;

	(void)state;
	mac_host_open(tap_name(t), &host);
	/* One of these written to the device would abort this. */
	for (len = 0; len < TAP_FRAME_MIN; len++)
		assert_int_equal(tap_send(t, frame, len),
		    SSHTAP_ERR_DROPPED);
	assert_int_equal(tap_send(t, frame, TAP_FRAME_MAX),
	    SSHTAP_ERR_DROPPED);
	assert_int_equal(tap_send(t, frame, TAP_FRAME_MAX + 1),
	    SSHTAP_ERR_DROPPED);
	assert_stats(t, 0, 0, 0, TAP_FRAME_MIN + 2);
	assert_int_equal(tap_send(t, frame, TAP_FRAME_MIN), 0);
	assert_int_equal(mac_host_receive(&host, frame, sizeof(frame)),
	    TAP_FRAME_MIN);
	mac_host_close(&host);
	tap_close(t);
}

static void
test_the_primary_is_destroyed(void **state)
{
	struct tap *t = mac_open(TAP_UNIT_ANY);
	uint8_t frame[FRAME_SIZE];
	size_t len;

	(void)state;
	assert_int_equal(tap_check(t), 0);
	other_destroy(tap_name(t));
	/* Who cannot ask knows nothing. */
	mac_fail("ioctl:2:ENOMEM");
	assert_int_equal(tap_check(t), 0);
	mac_fail(NULL);
	/* Nothing else tells. */
	fill(frame, 60, 0);
	assert_int_equal(tap_send(t, frame, 60), 0);
	assert_int_equal(tap_recv(t, frame, sizeof(frame), &len),
	    SSHTAP_ERR_AGAIN);
	assert_int_equal(tap_check(t), SSHTAP_ERR_GONE);
	tap_close(t);
	mac_assert_clean();
}

static void
test_the_peer_is_destroyed(void **state)
{
	struct tap *t = mac_open(TAP_UNIT_ANY);
	struct darwin_device host;
	uint8_t frame[FRAME_SIZE];
	size_t len;

	(void)state;
	mac_host_open(tap_name(t), &host);
	fill(frame, 60, 0);
	mac_host_send(&host, frame, 60);
	other_destroy("feth20000");
	assert_int_equal(is_readable(tap_read_fd(t), 0), 1);
	/* What had arrived is delivered first. */
	assert_int_equal(tap_recv(t, frame, sizeof(frame), &len), 0);
	assert_int_equal(tap_recv(t, frame, sizeof(frame), &len),
	    SSHTAP_ERR_GONE);
	assert_int_equal(tap_send(t, frame, 60), SSHTAP_ERR_GONE);
	assert_int_equal(tap_check(t), SSHTAP_ERR_GONE);
	assert_stats(t, 1, 0, 0, 0);
	mac_host_close(&host);
	tap_close(t);
	mac_assert_clean();
}

static void
test_broken_pipe_is_the_end_too(void **state)
{
	static const char options[] = "--ndrv-gone epipe";
	uint8_t frame[FRAME_SIZE];
	struct tap *t;

	(void)state;
	mac_boot(options);
	t = mac_open(TAP_UNIT_ANY);
	fill(frame, 60, 0);
	assert_int_equal(tap_send(t, frame, 60), 0);
	other_destroy("feth20000");
	assert_int_equal(tap_send(t, frame, 60), SSHTAP_ERR_GONE);
	tap_close(t);
}

/* === Adoption === */

static void
test_adopted_descriptors(void **state)
{
	struct tap *t = mac_open(TAP_UNIT_ANY), *a = NULL;
	struct darwin_device host;
	uint8_t frame[FRAME_SIZE];
	int rfd, wfd;
	size_t len;

	(void)state;
	rfd = dup(tap_read_fd(t));
	wfd = dup(tap_write_fd(t));
	assert_int_equal(tap_adopt(rfd, wfd, TAP_ETHERNET, tap_name(t), 0, &a),
	    0);
	assert_string_equal(tap_name(a), tap_name(t));
	mac_host_open(tap_name(t), &host);
	fill(frame, 77, 0);
	mac_host_send(&host, frame, 77);
	assert_int_equal(tap_recv(a, frame, sizeof(frame), &len), 0);
	assert_int_equal(len, 77);
	assert_int_equal(tap_send(a, frame, len), 0);
	assert_int_equal(mac_host_receive(&host, frame, sizeof(frame)), 77);
	assert_int_equal(tap_check(a), 0);
	mac_host_close(&host);
	/* Closing it is not the end of the device. */
	tap_close(a);
	assert_int_equal(fcntl(rfd, F_GETFD), -1);
	assert_int_equal(fcntl(wfd, F_GETFD), -1);
	assert_int_equal(tap_check(t), 0);
	tap_close(t);
	mac_assert_clean();
}

#define MAC_TEST(name)	\
	cmocka_unit_test_setup_teardown(name, mac_set_up, mac_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MAC_TEST(test_frames_of_every_length_both_ways),
		MAC_TEST(test_many_frames_of_one_read),
		MAC_TEST(test_frames_too_long_for_the_caller),
		MAC_TEST(test_frames_that_bpf_cut),
		cmocka_unit_test_teardown(test_frames_longer_than_the_buffer,
		    mac_tear_down),
		MAC_TEST(test_frames_that_are_not_sent),
		MAC_TEST(test_the_primary_is_destroyed),
		MAC_TEST(test_the_peer_is_destroyed),
		cmocka_unit_test_teardown(test_broken_pipe_is_the_end_too,
		    mac_tear_down),
		MAC_TEST(test_adopted_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
