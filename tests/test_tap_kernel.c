/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A TAP with offload, where root may make a network namespace: what this
 * kernel says and takes.  What else it might say: test_tap_offload.c.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>
#include <sys/uio.h>

#include <netinet/in.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"
#include "lib/err.h"
#include "tun/offload.h"
#include "tun/tap.h"

#ifdef SSH_TUN_LINUX

#include <sys/ioctl.h>

#include <linux/if.h>
#include <linux/if_tun.h>

#include <sched.h>

#include "tests/tcp_peer.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103	/* linux/udp.h */
#endif

#define WAIT_MS		5000
#define FRAMES_MAX	1000	/* until something must have come */

static uint8_t small[TAP_SMALL], large[TAP_LARGE], bytes[TAP_LARGE];
static struct tap *t;
static struct offload o;
static size_t len;

static void
fill(uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + i / 256);
}

static int
receive(void)
{
	return tap_recv_super(t, small, large, &o, &len);
}

static const struct offload none = { .flags = 0 };
static const struct offload tcp4 = { .flags = OFFLOAD_NEEDS_CSUM,
    .gso_type = OFFLOAD_GSO_TCPV4, .hdr_len = 54, .gso_size = 1460,
    .csum_start = 34, .csum_offset = 16 };

#define NEEDS(start, offset)	.flags = OFFLOAD_NEEDS_CSUM, \
	.csum_start = (start), .csum_offset = (offset)

static bool has_namespace;
static struct tcp_peer peer;

static int
set_up_namespace(void **state)
{
	(void)state;
	if (geteuid() == 0 && unshare(CLONE_NEWNET) == 0)
		has_namespace = true;
	return 0;
}

static void
run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

/* tap3, with an address, and this process its peer. */
static int
set_up_tap(void **state)
{
	struct tap_request rq = { .unit = 3, .mode = TAP_ETHERNET,
	    .up = true, .offload = true };
	struct tap_fault fault;

	(void)state;
	t = NULL;
	memset(&peer, 0, sizeof(peer));
	if (!has_namespace || system("command -v ip >/dev/null") != 0 ||
	    tap_open(&rq, &t, &fault) != 0)
		return 0;
	run("ip addr add " TCP_PEER_NET " dev tap3");
	return 0;
}

static int
tear_down_tap(void **state)
{
	(void)state;
	tap_close(t);
	t = NULL;
	return 0;
}

static void
require(unsigned offloads)
{
	if (t == NULL) {
		print_message("not root, or no namespace, ip, or TAP\n");
		skip();
	}
	if ((tap_offloads(t) & offloads) != offloads) {
		print_message("the kernel has offloads %u only\n",
		    tap_offloads(t));
		skip();
	}
}

static void
wait_for(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	assert_int_equal(poll(&pfd, 1, WAIT_MS), 1);
}

/* The next frame from the host, which is answered; 0 when there is none. */
static const uint8_t *
next_frame(void)
{
	uint8_t answer[TCP_PEER_HEAD + 4];
	const uint8_t *frame;
	size_t n;
	int r;

	do {
		wait_for(tap_read_fd(t), POLLIN);
		r = receive();
	} while (r == SSHTAP_ERR_AGAIN || r == SSHTAP_ERR_DROPPED);
	assert_int_equal(r, 0);
	frame = len > TAP_SMALL ? large : small;
	if ((n = tcp_peer_answer(&peer, frame, len, answer)) > 0)
		assert_int_equal(tap_send(t, answer, n), 0);
	return frame;
}

static int
connect_host(void)
{
	int i, s = tcp_peer_socket(false);

	assert_int_not_equal(s, -1);
	for (i = 0; i < FRAMES_MAX && !peer.is_connected; i++)
		(void)next_frame();
	wait_for(s, POLLOUT);
	return s;
}

static bool
is_protocol(const uint8_t *frame, uint8_t protocol)
{
	return len > 34 && frame[12] == 8 && frame[13] == 0 &&
	    frame[23] == protocol;
}

/* The payload is the stream of fill, from the peer's point of view. */
static void
assert_stream(const uint8_t *frame, size_t from)
{
	static uint8_t want[TAP_LARGE];

	fill(want, sizeof(want));
	assert_in_range(from + len - TCP_PEER_HEAD, 0, sizeof(want));
	assert_memory_equal(frame + TCP_PEER_HEAD, want + from,
	    len - TCP_PEER_HEAD);
}

static void
test_kernel_gives_tcp_super_frames(void **state)
{
	static uint8_t data[60000];
	const uint8_t *frame;
	unsigned n_super = 0;
	uint64_t before;
	int i, s;

	(void)state;
	require(TAP_OFFLOAD_TCP);
	s = connect_host();
	fill(data, sizeof(data));
	assert_int_equal(send(s, data, sizeof(data), 0), sizeof(data));
	for (i = 0; i < FRAMES_MAX && peer.taken < sizeof(data); i++) {
		before = peer.taken;
		frame = next_frame();
		if (peer.taken == before)
			continue;
		assert_stream(frame, before);
		assert_true((o.flags & OFFLOAD_NEEDS_CSUM) != 0);
		assert_int_equal(o.csum_start, 34);
		assert_int_equal(o.csum_offset, 16);
		if (o.gso_type == OFFLOAD_GSO_NONE)
			continue;
		assert_int_equal(o.gso_type, OFFLOAD_GSO_TCPV4);
		assert_int_equal(o.gso_size, TCP_PEER_MSS);
		n_super += len > TAP_SMALL;
	}
	assert_int_equal(peer.taken, sizeof(data));
	assert_true(n_super > 0);
	(void)close(s);
}

static void
test_kernel_takes_tcp_super_frames(void **state)
{
	static uint8_t got[20 * TCP_PEER_MSS], head[TCP_PEER_HEAD];
	struct iovec iov[4] = {
		{ .iov_base = NULL },
		{ .iov_base = head, .iov_len = sizeof(head) },
		{ .iov_base = large, .iov_len = 5000 },
		{ .iov_base = large + 5000, .iov_len = sizeof(got) - 5000 },
	};
	size_t at = 0;
	ssize_t n;
	int s;

	(void)state;
	require(TAP_OFFLOAD_TCP);
	s = connect_host();
	fill(large, sizeof(got));
	tcp_peer_head(&peer, sizeof(got), head);
	assert_int_equal(tap_send_super(t, &tcp4, iov, 4), 0);
	while (at < sizeof(got)) {
		wait_for(s, POLLIN);
		assert_true((n = recv(s, got + at, sizeof(got) - at, 0)) > 0);
		at += (size_t)n;
	}
	assert_memory_equal(got, large, sizeof(got));
	/* A short one whose sum is still to be finished. */
	iov[2].iov_len = 700;
	tcp_peer_head(&peer, 700, head);
	assert_int_equal(tap_send_super(t, &(const struct offload){
	    NEEDS(34, 16) }, iov, 3), 0);
	wait_for(s, POLLIN);
	assert_int_equal(recv(s, got, sizeof(got), 0), 700);
	/* Refused by the kernel: no sum, of which it is told, fits there. */
	assert_int_equal(tap_send_super(t, &(const struct offload){
	    NEEDS(60000, 16) }, iov, 3), SSHTAP_ERR_DROPPED);
	(void)close(s);
}

static int
connect_udp(int segment)
{
	int s = tcp_peer_socket(true);

	assert_int_not_equal(s, -1);
	if (segment > 0 && setsockopt(s, IPPROTO_UDP, UDP_SEGMENT, &segment,
	    sizeof(segment)) == -1) {
		(void)close(s);
		print_message("the kernel has no UDP_SEGMENT\n");
		skip();
	}
	return s;
}

/* The frame of a datagram, behind what else the host has to say. */
static const uint8_t *
next_udp(int s, size_t n)
{
	const uint8_t *frame = NULL;
	int i;

	fill(bytes, n);
	assert_int_equal(send(s, bytes, n, 0), n);
	for (i = 0; i < FRAMES_MAX; i++) {
		frame = next_frame();
		if (is_protocol(frame, IPPROTO_UDP) && frame[36] == 0 &&
		    frame[37] == TCP_PEER_PORT)
			break;
	}
	assert_true(i < FRAMES_MAX);
	assert_int_equal(len, 42 + n);
	assert_memory_equal(frame + 42, bytes, n);
	return frame;
}

/* Send it back to where it came from; sums do not change by this. */
static void
turn_round(uint8_t *frame)
{
	uint8_t was[6];

	memcpy(was, frame, 6);
	memmove(frame, frame + 6, 6);
	memcpy(frame + 6, was, 6);
	memcpy(was, frame + 26, 4);
	memmove(frame + 26, frame + 30, 4);
	memcpy(frame + 30, was, 4);
	memcpy(was, frame + 34, 2);
	memmove(frame + 34, frame + 36, 2);
	memcpy(frame + 36, was, 2);
}

static void
echo(const uint8_t *frame)
{
	struct iovec iov[2] = { { .iov_base = NULL },
	    { .iov_base = bytes, .iov_len = len } };

	memcpy(bytes, frame, len);
	turn_round(bytes);
	assert_int_equal(tap_send_super(t, &o, iov, 2), 0);
}

static void
test_kernel_and_udp_trains(void **state)
{
	int i, s;

	(void)state;
	require(TAP_OFFLOAD_UDP);
	s = connect_udp(1000);
	echo(next_udp(s, 10500));
	assert_int_equal(o.gso_type, OFFLOAD_GSO_UDP_L4);
	assert_int_equal(o.gso_size, 1000);
	assert_int_equal(o.flags, OFFLOAD_NEEDS_CSUM);
	for (i = 0; i < 11; i++) {
		wait_for(s, POLLIN);
		assert_int_equal(recv(s, small, sizeof(small), 0),
		    i < 10 ? 1000 : 500);
	}
	(void)close(s);
}

static void
test_kernel_and_unfinished_sums(void **state)
{
	const uint8_t *frame;
	int s;

	(void)state;
	require(TAP_OFFLOAD_CSUM);
	s = connect_udp(0);
	frame = next_udp(s, 500);
	assert_int_equal(o.flags, OFFLOAD_NEEDS_CSUM);
	assert_int_equal(o.gso_type, OFFLOAD_GSO_NONE);
	assert_int_equal(o.csum_start, 34);
	assert_int_equal(o.csum_offset, 6);
	assert_false(tcp_peer_is_finished(frame, len));
	echo(frame);
	wait_for(s, POLLIN);
	assert_int_equal(recv(s, small, sizeof(small), 0), 500);
	(void)close(s);
}

/* ARP, by which all else begins, is an ordinary frame. */
static void
test_kernel_and_plain_frames(void **state)
{
	const uint8_t *frame;
	int i, s;

	(void)state;
	require(TAP_OFFLOAD_CSUM);
	s = connect_udp(0);
	(void)send(s, "x", 1, 0);
	for (i = 0; i < FRAMES_MAX; i++) {
		frame = next_frame();
		if (len == 42 && frame[12] == 8 && frame[13] == 6)
			break;
	}
	assert_true(i < FRAMES_MAX);
	assert_memory_equal(&o, &none, sizeof(o));
	assert_int_equal(tap_recv(t, large, TAP_FRAME_MAX, &len),
	    SSHTAP_ERR_STATE);
	(void)close(s);
}

/* As by a process that was passed the descriptor. */
static void
test_kernel_and_adopted(void **state)
{
	struct tap *opened;
	int fd;

	(void)state;
	require(TAP_OFFLOAD_TCP);
	opened = t;
	fd = dup(tap_read_fd(opened));
	assert_int_equal(tap_adopt(fd, fd, TAP_ETHERNET, "tap3",
	    tap_offloads(opened), &t), 0);
	/* It would go with its last descriptor. */
	assert_false(tap_needs_keeper(opened));
	tap_close(opened);
	test_kernel_gives_tcp_super_frames(state);
	run("ip link del tap3");
	wait_for(tap_read_fd(t), POLLIN);
	while (receive() == 0)
		continue;
	assert_int_equal(receive(), SSHTAP_ERR_GONE);
	assert_int_equal(tap_discard(t, 1), SSHTAP_ERR_GONE);
	assert_int_equal(tap_send(t, large, 100), SSHTAP_ERR_GONE);
}

/* Flags of an interface over a descriptor. */
static unsigned
get_flags(const struct tap *any)
{
	struct ifreq ifr = { .ifr_flags = 0 };

	assert_int_equal(ioctl(tap_read_fd(any), TUNGETIFF, &ifr), 0);
	return (unsigned)ifr.ifr_flags & 0xffff;
}

/* A persistent one, used with and without, by turns. */
static void
test_interface_that_stays(void **state)
{
	struct tap_request rq = { .unit = 4, .mode = TAP_ETHERNET };
	struct tap_fault fault;
	struct tap *p;

	(void)state;
	require(TAP_OFFLOAD_TCP);
	run("ip tuntap add dev tap4 mode tap");
	assert_int_equal(tap_open(&rq, &p, &fault), 0);
	assert_int_equal(tap_offloads(p), 0);
	assert_false(tap_needs_keeper(p));
	assert_int_equal(get_flags(p) & IFF_VNET_HDR, 0);
	tap_close(p);
	rq.offload = true;
	assert_int_equal(tap_open(&rq, &p, &fault), 0);
	assert_int_equal(tap_offloads(p), tap_offloads(t));
	assert_true(tap_needs_keeper(p));
	assert_int_equal(get_flags(p) & IFF_VNET_HDR, IFF_VNET_HDR);
	tap_close(p);
	rq.offload = false;
	assert_int_equal(tap_open(&rq, &p, &fault), 0);
	assert_int_equal(get_flags(p) & IFF_VNET_HDR, 0);
	tap_close(p);
	/* Offload is for Ethernet. */
	rq = (struct tap_request){ .unit = 4, .mode = TAP_POINT_TO_POINT,
	    .offload = true };
	assert_int_equal(tap_open(&rq, &p, &fault), 0);
	assert_int_equal(tap_offloads(p), 0);
	tap_close(p);
	/* The reason is what it is without: somebody has it. */
	rq = (struct tap_request){ .unit = 3, .mode = TAP_ETHERNET,
	    .offload = true };
	assert_int_equal(tap_open(&rq, &p, &fault), SSHTAP_ERR_SYSTEM);
	assert_int_equal(fault.error, EBUSY);
	assert_int_equal(fault.step, TAP_STEP_FOREIGN);
	assert_string_equal(fault.name, "tap3");
}

#define KERNEL_TEST(name)	\
	cmocka_unit_test_setup_teardown(name, set_up_tap, tear_down_tap)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(test_kernel_gives_tcp_super_frames),
		KERNEL_TEST(test_kernel_takes_tcp_super_frames),
		KERNEL_TEST(test_kernel_and_udp_trains),
		KERNEL_TEST(test_kernel_and_unfinished_sums),
		KERNEL_TEST(test_kernel_and_plain_frames),
		KERNEL_TEST(test_kernel_and_adopted),
		KERNEL_TEST(test_interface_that_stays),
	};

	return cmocka_run_group_tests(tests, set_up_namespace, NULL);
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
