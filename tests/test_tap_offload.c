/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A TAP with offload, over a socket pair whose datagrams are as a TAP has
 * them, header and all.  What the kernel says and takes: test_tap_kernel.c.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>
#include <sys/uio.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"
#include "lib/err.h"
#include "tun/offload.h"
#include "tun/tap.h"

#ifdef SSH_TUN_LINUX

static uint8_t small[TAP_SMALL + 1], large[TAP_LARGE + 1];
static uint8_t native[OFFLOAD_SIZE + TAP_LARGE + 1];
static struct tap *t;
static struct offload o;
static size_t len;
static int far = -1;		/* the other end of the pair */

/* ---- over a socket pair ---- */

static int
set_up_pair(void **state)
{
	int fds[2], room = 1024 * 1024;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	far = fds[1];
	(void)setsockopt(far, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	(void)setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return tap_adopt(fds[0], fds[0], TAP_ETHERNET, "tap0",
	    TAP_OFFLOAD_ALL, &t);
}

static int
tear_down_pair(void **state)
{
	(void)state;
	tap_close(t);
	t = NULL;
	(void)close(far);
	return 0;
}

static void
assert_stats(uint64_t received, uint64_t sent, uint64_t dropped_in,
    uint64_t dropped_out)
{
	const struct tap_stats *s = tap_stats(t);

	assert_int_equal(s->received, received);
	assert_int_equal(s->sent, sent);
	assert_int_equal(s->dropped_in, dropped_in);
	assert_int_equal(s->dropped_out, dropped_out);
}

static void
fill(uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + i / 256);
}

/* What the kernel would say: a header and n bytes. */
static void
say(const struct offload *header, size_t n)
{
	memcpy(native, header, OFFLOAD_SIZE);
	fill(native + OFFLOAD_SIZE, n);
	assert_int_equal(send(far, native, OFFLOAD_SIZE + n, 0),
	    OFFLOAD_SIZE + n);
}

static int
receive(uint8_t *where)
{
	len = 0;
	memset(&o, 0xee, sizeof(o));
	memset(small, 0xee, sizeof(small));
	memset(large, 0xee, sizeof(large));
	return tap_recv_super(t, small, where, &o, &len);
}

/* It came whole to where it belongs, and nowhere else. */
static void
assert_frame(size_t n)
{
	static uint8_t want[TAP_LARGE];
	const uint8_t *got = n > TAP_SMALL ? large : small;

	fill(want, n);
	assert_int_equal(len, n);
	assert_memory_equal(got, want, n);
	assert_int_equal(got[n], 0xee);
	assert_int_equal(small[TAP_SMALL], 0xee);
	assert_int_equal(large[TAP_LARGE], 0xee);
}

static const struct offload none = { .flags = 0 };
static const struct offload tcp4 = { .flags = OFFLOAD_NEEDS_CSUM,
    .gso_type = OFFLOAD_GSO_TCPV4, .hdr_len = 54, .gso_size = 1460,
    .csum_start = 34, .csum_offset = 16 };

static void
test_properties(void **state)
{
	(void)state;
	assert_int_equal(tap_offloads(t), TAP_OFFLOAD_ALL);
	assert_false(tap_needs_keeper(t));
	assert_false(tap_has_pending(t));
	assert_int_equal(tap_recv(t, large, TAP_FRAME_MAX, &len),
	    SSHTAP_ERR_STATE);
	assert_int_equal(receive(large), SSHTAP_ERR_AGAIN);
	assert_stats(0, 0, 0, 0);
}

static void
test_lengths_of_received(void **state)
{
	static const size_t good[] = { TAP_FRAME_MIN, 60, 1514, TAP_SMALL - 1,
	    TAP_SMALL, TAP_SMALL + 1, TAP_FRAME_MAX, TAP_FRAME_MAX + 1,
	    TAP_LARGE - 1, TAP_LARGE };
	static const size_t bad[] = { 0, 1, TAP_FRAME_MIN - 1 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		say(&none, good[i]);
		assert_int_equal(receive(large), 0);
		assert_frame(good[i]);
		assert_memory_equal(&o, &none, sizeof(o));
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		say(&none, bad[i]);
		assert_int_equal(receive(large), SSHTAP_ERR_DROPPED);
		assert_int_equal(len, 0);
	}
	/* Longer than there is room for, and less than a header. */
	assert_int_equal(send(far, native, sizeof(native), 0),
	    sizeof(native));
	assert_int_equal(receive(large), SSHTAP_ERR_DROPPED);
	assert_int_equal(large[TAP_LARGE], 0xee);
	assert_int_equal(send(far, native, OFFLOAD_SIZE - 1, 0),
	    OFFLOAD_SIZE - 1);
	assert_int_equal(receive(large), SSHTAP_ERR_DROPPED);
	assert_int_equal(receive(large), SSHTAP_ERR_AGAIN);
	assert_stats(sizeof(good) / sizeof(good[0]), 0,
	    sizeof(bad) / sizeof(bad[0]) + 2, 0);
}

static void
test_no_place_for_long_frames(void **state)
{
	(void)state;
	say(&none, TAP_SMALL);
	say(&tcp4, TAP_SMALL + 1);
	say(&tcp4, TAP_LARGE);
	say(&none, 60);
	assert_int_equal(receive(NULL), 0);
	assert_frame(TAP_SMALL);
	assert_int_equal(receive(NULL), SSHTAP_ERR_DROPPED);
	assert_int_equal(receive(NULL), SSHTAP_ERR_DROPPED);
	assert_int_equal(receive(NULL), 0);
	assert_frame(60);
	assert_stats(2, 0, 2, 0);
}

static void
test_discard(void **state)
{
	(void)state;
	say(&none, 60);
	say(&tcp4, TAP_LARGE);
	say(&none, 61);
	say(&none, 62);
	assert_int_equal(tap_discard(t, 0), 0);
	assert_int_equal(tap_discard(t, 3), 0);
	assert_int_equal(receive(large), 0);
	assert_frame(62);
	assert_int_equal(tap_discard(t, 5), SSHTAP_ERR_AGAIN);
}

struct header_case {
	struct offload said;
	bool is_dropped;
	struct offload got;
};

#define NEEDS(start, offset)	.flags = OFFLOAD_NEEDS_CSUM, \
	.csum_start = (start), .csum_offset = (offset)
#define LEN	100

static const struct header_case header_cases[] = {
	{ { NEEDS(34, 16) }, false, { NEEDS(34, 16) } },
	{ { NEEDS(0, LEN - 2) }, false, { NEEDS(0, LEN - 2) } },
	{ { NEEDS(LEN - 2, 0) }, false, { NEEDS(LEN - 2, 0) } },
	{ { NEEDS(1, LEN - 2) }, true, { 0 } },
	{ { NEEDS(LEN - 1, 0) }, true, { 0 } },
	{ { NEEDS(0xffff, 0xffff) }, true, { 0 } },
	{ { NEEDS(0xffff, 1) }, true, { 0 } },
	/* Words that mean nothing are not handed on. */
	{ { .csum_start = 0xffff, .csum_offset = 0xffff }, false, { 0 } },
	{ { .hdr_len = 0xffff, .gso_size = 0xffff }, false, { 0 } },
	{ { .flags = OFFLOAD_DATA_VALID }, false, { 0 } },
	{ { .flags = OFFLOAD_DATA_VALID, .hdr_len = 66 }, false, { 0 } },
	{ { .flags = 4 }, true, { 0 } },
	{ { .flags = 0x80 | OFFLOAD_NEEDS_CSUM }, true, { 0 } },
	{ { .flags = 0xff }, true, { 0 } },
	{ { NEEDS(34, 16), .gso_type = OFFLOAD_GSO_TCPV4, .gso_size = 1,
	    .hdr_len = 54 }, false, { NEEDS(34, 16), .gso_size = 1,
	    .gso_type = OFFLOAD_GSO_TCPV4, .hdr_len = 54 } },
	{ { NEEDS(54, 16), .gso_type = OFFLOAD_GSO_TCPV6, .gso_size = 9 },
	    false, { NEEDS(54, 16), .gso_type = OFFLOAD_GSO_TCPV6,
	    .gso_size = 9 } },
	{ { NEEDS(34, 6), .gso_type = OFFLOAD_GSO_UDP_L4,
	    .gso_size = 0xffff }, false, { NEEDS(34, 6),
	    .gso_type = OFFLOAD_GSO_UDP_L4, .gso_size = 0xffff } },
	{ { NEEDS(34, 16), .gso_type = OFFLOAD_GSO_TCPV4 }, true, { 0 } },
	{ { NEEDS(34, 6), .gso_type = OFFLOAD_GSO_UDP_L4 }, true, { 0 } },
	/* UFO, what no one has defined, ECN, and tunnels of UDP. */
	{ { NEEDS(34, 16), .gso_type = 2, .gso_size = 9 }, true, { 0 } },
	{ { NEEDS(34, 6), .gso_type = 3, .gso_size = 9 }, true, { 0 } },
	{ { NEEDS(34, 16), .gso_type = 6, .gso_size = 9 }, true, { 0 } },
	{ { NEEDS(34, 16), .gso_type = 0x81, .gso_size = 9 }, true, { 0 } },
	{ { NEEDS(34, 16), .gso_type = 0x21, .gso_size = 9 }, true, { 0 } },
	{ { NEEDS(34, 16), .gso_type = 0xff, .gso_size = 9 }, true, { 0 } },
};

static void
test_native_headers_are_judged(void **state)
{
	const struct header_case *c;
	uint64_t n_dropped = 0;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(header_cases) / sizeof(*c); i++) {
		c = &header_cases[i];
		say(&c->said, LEN);
		if (receive(large) != (c->is_dropped ? SSHTAP_ERR_DROPPED : 0))
			fail_msg("case %zu", i);
		n_dropped += c->is_dropped;
		if (c->is_dropped)
			continue;
		if (memcmp(&o, &c->got, sizeof(o)) != 0)
			fail_msg("case %zu is changed", i);
		assert_frame(LEN);
	}
	assert_int_equal(tap_stats(t)->dropped_in, n_dropped);
}

/* What the device was given. */
static void
assert_given(const struct offload *header, size_t n)
{
	static uint8_t want[TAP_LARGE];

	fill(want, n);
	assert_int_equal(recv(far, native, sizeof(native), 0),
	    OFFLOAD_SIZE + n);
	assert_memory_equal(native, header, OFFLOAD_SIZE);
	assert_memory_equal(native + OFFLOAD_SIZE, want, n);
}

static void
test_plain_frames_sent(void **state)
{
	(void)state;
	fill(large, TAP_LARGE);
	assert_int_equal(tap_send(t, large, TAP_FRAME_MIN), 0);
	assert_given(&none, TAP_FRAME_MIN);
	assert_int_equal(tap_send(t, large, TAP_FRAME_MAX), 0);
	assert_given(&none, TAP_FRAME_MAX);
	assert_int_equal(tap_send(t, large, TAP_FRAME_MIN - 1),
	    SSHTAP_ERR_DROPPED);
	assert_int_equal(tap_send(t, large, TAP_FRAME_MAX + 1),
	    SSHTAP_ERR_DROPPED);
	assert_int_equal(recv(far, native, sizeof(native), 0), -1);
	assert_stats(0, 2, 0, 2);
}

/* Send n bytes of large in pieces of at most so many. */
static int
send_pieces(const struct offload *header, size_t n, size_t piece)
{
	struct iovec iov[64] = { { .iov_base = NULL } };
	unsigned k = 1;
	size_t at;

	fill(large, TAP_LARGE);
	for (at = 0; at < n && k < 64; at += piece)
		iov[k++] = (struct iovec){ .iov_base = large + at,
		    .iov_len = n - at < piece ? n - at : piece };
	return tap_send_super(t, header, iov, k);
}

static void
test_super_frames_sent(void **state)
{
	(void)state;
	assert_int_equal(send_pieces(&tcp4, TAP_LARGE, TAP_LARGE), 0);
	assert_given(&tcp4, TAP_LARGE);
	assert_int_equal(send_pieces(&tcp4, 20000, 1460), 0);
	assert_given(&tcp4, 20000);
	assert_int_equal(send_pieces(&none, TAP_FRAME_MIN, TAP_FRAME_MIN),
	    0);
	assert_given(&none, TAP_FRAME_MIN);
	assert_int_equal(send_pieces(&none, 1000, 999), 0);
	assert_given(&none, 1000);
	assert_stats(0, 4, 0, 0);
}

static void
test_super_frames_not_sent(void **state)
{
	struct iovec huge[3] = { { .iov_base = NULL },
	    { .iov_base = large, .iov_len = SIZE_MAX },
	    { .iov_base = large, .iov_len = 100 } };
	struct offload odd = tcp4;

	(void)state;
	assert_int_equal(send_pieces(&tcp4, 0, 1), SSHTAP_ERR_DROPPED);
	assert_int_equal(send_pieces(&none, TAP_FRAME_MIN - 1, 20),
	    SSHTAP_ERR_DROPPED);
	assert_int_equal(send_pieces(&tcp4, TAP_LARGE + 1, 4096),
	    SSHTAP_ERR_DROPPED);
	assert_int_equal(tap_send_super(t, &tcp4, huge, 3),
	    SSHTAP_ERR_DROPPED);
	assert_int_equal(tap_send_super(t, &tcp4, huge, 1),
	    SSHTAP_ERR_DROPPED);
	assert_int_equal(tap_send_super(t, &tcp4, huge, 0),
	    SSHTAP_ERR_DROPPED);
	odd.gso_type = 3;
	assert_int_equal(send_pieces(&odd, 3000, 3000), SSHTAP_ERR_DROPPED);
	assert_int_equal(recv(far, native, sizeof(native), 0), -1);
	assert_stats(0, 0, 0, 7);
}

static void
adopt_with(unsigned offloads)
{
	int fd = dup(tap_read_fd(t));

	assert_int_not_equal(fd, -1);
	tap_close(t);
	assert_int_equal(tap_adopt(fd, fd, TAP_ETHERNET, "tap0", offloads,
	    &t), 0);
	assert_int_equal(tap_offloads(t), offloads);
}

static void
test_only_what_the_device_can(void **state)
{
	static const struct offload sum = { NEEDS(34, 16) };
	struct offload udp = tcp4, tcp6 = tcp4;

	(void)state;
	udp.gso_type = OFFLOAD_GSO_UDP_L4;
	tcp6.gso_type = OFFLOAD_GSO_TCPV6;
	assert_int_equal(send_pieces(&udp, 3000, 3000), 0);
	assert_given(&udp, 3000);
	adopt_with(TAP_OFFLOAD_CSUM | TAP_OFFLOAD_TCP);
	assert_int_equal(send_pieces(&udp, 3000, 3000), SSHTAP_ERR_DROPPED);
	assert_int_equal(send_pieces(&tcp6, 3000, 3000), 0);
	assert_given(&tcp6, 3000);
	adopt_with(TAP_OFFLOAD_CSUM);
	assert_int_equal(send_pieces(&tcp6, 3000, 3000), SSHTAP_ERR_DROPPED);
	assert_int_equal(send_pieces(&tcp4, 3000, 3000), SSHTAP_ERR_DROPPED);
	assert_int_equal(send_pieces(&sum, 1000, 1000), 0);
	assert_given(&sum, 1000);
	adopt_with(0);
	assert_int_equal(send_pieces(&sum, 1000, 1000), SSHTAP_ERR_DROPPED);
	assert_int_equal(send_pieces(&none, 1000, 100), 0);
	assert_int_equal(recv(far, native, sizeof(native), 0), 1000);
}

static void
test_adopt_refuses(void **state)
{
	struct tap *a = NULL;
	int fd = tap_read_fd(t);

	(void)state;
	assert_int_equal(tap_adopt(fd, fd, TAP_ETHERNET, "tap0",
	    TAP_OFFLOAD_ALL + 1, &a), SSHTAP_ERR_ARGUMENT);
	assert_int_equal(tap_adopt(fd, fd, TAP_POINT_TO_POINT, "tap0",
	    TAP_OFFLOAD_CSUM, &a), SSHTAP_ERR_ARGUMENT);
	assert_null(a);
}

#define PAIR_TEST(name)	\
	cmocka_unit_test_setup_teardown(name, set_up_pair, tear_down_pair)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(test_properties),
		PAIR_TEST(test_lengths_of_received),
		PAIR_TEST(test_no_place_for_long_frames),
		PAIR_TEST(test_discard),
		PAIR_TEST(test_native_headers_are_judged),
		PAIR_TEST(test_plain_frames_sent),
		PAIR_TEST(test_super_frames_sent),
		PAIR_TEST(test_super_frames_not_sent),
		PAIR_TEST(test_only_what_the_device_can),
		PAIR_TEST(test_adopt_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void
test_nothing(void **state)
{
	(void)state;
	print_message("no offload on this system\n");
	skip();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
