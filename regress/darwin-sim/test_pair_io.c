/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Descriptors of devices under a simulated kernel, and the frames in them.
 * The host is played by a second attachment, the other way round: what it
 * writes on the primary is what a Mac sends there, and what it reads is what
 * arrives.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "openbsd-compat/darwin-net.h"
#include "openbsd-compat/port-net.h"
#include "regress/darwin-sim/pair_util.h"

#define WAIT_S		5	/* for what has to come */

/* A pair, and both who use it. */
struct cable {
	struct darwin_pair pair;
	struct darwin_device dev, host;
};

static struct darwin_pair
turn_round(const struct darwin_pair *pair)
{
	struct darwin_pair turned;

	memcpy(turned.name, pair->peer, sizeof(turned.name));
	memcpy(turned.peer, pair->name, sizeof(turned.peer));
	memcpy(turned.lladdr, pair->peer_lladdr, DARWIN_LLADDR_LEN);
	memcpy(turned.peer_lladdr, pair->lladdr, DARWIN_LLADDR_LEN);
	return turned;
}

static void
attach(const struct darwin_pair *pair, struct darwin_device *dev)
{
	struct darwin_fault fault;

	assert_int_equal(darwin_pair_attach(pair, 0, dev, &fault), 0);
}

static void
cable_start(struct cable *c)
{
	struct darwin_pair turned;

	make_pair(DARWIN_UNIT_ANY, &c->pair);
	attach(&c->pair, &c->dev);
	turned = turn_round(&c->pair);
	attach(&turned, &c->host);
}

static void
cable_stop(struct cable *c)
{
	struct darwin_fault fault;

	close_device(&c->dev);
	close_device(&c->host);
	assert_int_equal(darwin_pair_destroy(&c->pair, &fault), 0);
}

/* === Frames === */

/* Frames expected one after the other. */
struct expected {
	const size_t *lens;
	unsigned n, seen;
};

static int
expect_frame(void *ctx, uint8_t *frame, size_t len)
{
	struct expected *e = ctx;
	uint8_t want[PAIR_FRAME_MAX];

	assert_true(e->seen < e->n);
	assert_int_equal(len, e->lens[e->seen]);
	make_frame(want, len, e->seen);
	assert_memory_equal(frame, want, len);
	e->seen++;
	return 0;
}

static void
receive_frames(const struct darwin_device *dev, const size_t *lens, unsigned n)
{
	struct expected e = { .lens = lens, .n = n };
	uint8_t *buf = malloc(dev->read_size);
	uint64_t dropped = 0;
	long len;

	assert_non_null(buf);
	while (e.seen < n) {
		assert_true(is_readable(dev->rfd, WAIT_S));
		len = darwin_read(dev, buf);
		assert_true(len >= 0 && (size_t)len <= dev->read_size);
		assert_int_equal(sys_tun_infilter(SYS_TUN_BATCH, buf,
		    (size_t)len, expect_frame, &e, &dropped), 0);
	}
	assert_int_equal(dropped, 0);
	/* And no more than these. */
	assert_int_equal(darwin_read(dev, buf), 0);
	free(buf);
}

static void
check_way(const struct darwin_device *from, const struct darwin_device *to)
{
	static const size_t lens[] = { 14, 15, 16, 17, 42, 60, 1513, 1514,
	    1518, 2066 };
	const unsigned n = sizeof(lens) / sizeof(lens[0]);
	unsigned i;

	for (i = 0; i < n; i++)
		assert_int_equal(send_frame(from, lens[i], i), 0);
	receive_frames(to, lens, n);
}

static void
test_frames_both_ways(void **state)
{
	uint8_t buf[DARWIN_READ_SIZE];
	struct cable c;

	(void)state;
	cable_start(&c);
	check_way(&c.dev, &c.host);
	check_way(&c.host, &c.dev);
	/* Nobody sees what he sent himself. */
	assert_int_equal(darwin_read(&c.dev, buf), 0);
	assert_int_equal(darwin_read(&c.host, buf), 0);
	cable_stop(&c);
	assert_int_equal(count_feth(), 0);
}

static void
test_buffer_of_an_odd_size(void **state)
{
	static const size_t lens[] = { 1514, 1514, 61 };
	struct cable c;
	unsigned i;

	(void)state;
	mac_start("--blen-clamp 4099");
	cable_start(&c);
	assert_int_equal(c.dev.read_size, 4099);
	for (i = 0; i < 3; i++)
		assert_int_equal(send_frame(&c.host, lens[i], i), 0);
	receive_frames(&c.dev, lens, 3);
	cable_stop(&c);
}

/* The simulated kernel aborts who writes a runt: this test would end. */
static void
test_what_is_not_written(void **state)
{
	uint8_t buf[DARWIN_READ_SIZE];
	struct cable c;
	size_t len;

	(void)state;
	cable_start(&c);
	for (len = 0; len < 14; len++)
		assert_int_equal(send_frame(&c.dev, len, 0), 1);
	assert_int_equal(send_frame(&c.dev, c.dev.write_max + 1, 0), 1);
	assert_int_equal(send_frame(&c.dev, PAIR_FRAME_MAX + 1, 0), 1);
	assert_int_equal(darwin_read(&c.host, buf), 0);
	assert_true(c.dev.write_max >= 2048 + 18);
	assert_int_equal(send_frame(&c.dev, c.dev.write_max, 0), 0);
	cable_stop(&c);
}

static void
check_long_frames(unsigned mtu, size_t write_max)
{
	const struct darwin_request rq = { .unit = DARWIN_UNIT_ANY,
	    .mtu = mtu };
	struct darwin_pair turned;
	struct darwin_fault fault;
	struct cable c;
	size_t len = write_max;

	assert_int_equal(darwin_pair_create(&rq, &c.pair, &fault), 0);
	attach(&c.pair, &c.dev);
	turned = turn_round(&c.pair);
	attach(&turned, &c.host);
	assert_int_equal(c.dev.write_max, write_max);
	assert_int_equal(send_frame(&c.dev, len, 0), 0);
	receive_frames(&c.host, &len, 1);
	assert_int_equal(send_frame(&c.host, len, 0), 0);
	receive_frames(&c.dev, &len, 1);
	assert_int_equal(send_frame(&c.dev, len + 1, 0), 1);
	cable_stop(&c);
}

static void
test_long_frames(void **state)
{
	(void)state;
	mac_sysctl("net.link.fake.max_mtu", 9000);
	check_long_frames(9000, 9018);
	mac_start("--profile old");
	check_long_frames(16370, 16384);
}

static void
test_peer_down(void **state)
{
	struct cable c;

	(void)state;
	cable_start(&c);
	other_down(c.pair.peer);
	assert_int_equal(send_frame(&c.dev, 60, 0), 1);
	other_up(c.pair.peer);
	assert_int_equal(send_frame(&c.dev, 60, 0), 0);
	cable_stop(&c);
}

static void
test_full_queue(void **state)
{
	struct cable c;
	unsigned i, dropped = 0;

	(void)state;
	mac_start("--overload enobufs:4");
	cable_start(&c);
	for (i = 0; i < 40; i++)
		dropped += (unsigned)send_frame(&c.dev, 60, i);
	assert_int_equal(dropped, 10);
	cable_stop(&c);
}

/* === Attaching === */

static void
test_descriptors(void **state)
{
	struct darwin_device adopted;
	struct cable c;
	const int *fds[] = { &c.dev.rfd, &c.dev.wfd }, more = 20000;
	size_t i;

	(void)state;
	cable_start(&c);
	assert_int_not_equal(c.dev.rfd, c.dev.wfd);
	for (i = 0; i < 2; i++) {
		assert_true(fcntl(*fds[i], F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(*fds[i], F_GETFL) & O_NONBLOCK);
	}
	assert_int_equal(c.dev.framing, DARWIN_FRAMING_BPF);
	assert_int_equal(c.dev.read_size, DARWIN_READ_SIZE);
	assert_string_equal(c.dev.name, "feth10000");
	mac_be_root(0);
	assert_int_equal(darwin_device_adopt(c.dev.rfd, c.dev.wfd,
	    DARWIN_ETHERNET, "feth10000", &adopted), 0);
	assert_memory_equal(&adopted, &c.dev, sizeof(adopted));
	assert_int_equal(setsockopt(c.dev.wfd, SOL_SOCKET, SO_SNDBUF, &more,
	    sizeof(more)), 0);
	assert_int_equal(darwin_device_adopt(c.dev.rfd, c.dev.wfd,
	    DARWIN_ETHERNET, "feth10000", &adopted), 0);
	assert_int_equal(adopted.write_max, 16384);
	assert_int_equal(sys_tun_framing(SSH_TUNMODE_ETHERNET, c.dev.rfd,
	    c.dev.wfd), SYS_TUN_BATCH);
	assert_int_equal(sys_tun_read_size(SSH_TUNMODE_ETHERNET, c.dev.rfd,
	    c.dev.wfd), DARWIN_READ_SIZE);
	mac_be_root(1);
	cable_stop(&c);
}

static void
test_adopting_nonsense(void **state)
{
	struct darwin_device dev;
	struct cable c;

	(void)state;
	cable_start(&c);
	assert_int_equal(darwin_device_adopt(-1, c.dev.wfd, DARWIN_ETHERNET,
	    "", &dev), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(darwin_device_adopt(c.dev.rfd, -1, DARWIN_ETHERNET,
	    "", &dev), -1);
	assert_int_equal(darwin_device_adopt(c.dev.rfd, c.dev.wfd,
	    DARWIN_POINT_TO_POINT, "", &dev), -1);
	assert_int_equal(darwin_device_adopt(c.dev.rfd, c.dev.wfd,
	    (enum darwin_mode)3, "", &dev), -1);
	assert_int_equal(darwin_device_adopt(c.dev.rfd, c.dev.wfd,
	    DARWIN_ETHERNET, "a-name-too-long!", &dev), -1);
	/* Not what they should be: a bpf device is to be read from. */
	assert_int_equal(darwin_device_adopt(c.dev.wfd, c.dev.rfd,
	    DARWIN_ETHERNET, "", &dev), -1);
	assert_int_equal(sys_tun_read_size(SSH_TUNMODE_ETHERNET, c.dev.wfd,
	    c.dev.rfd), 0);
	cable_stop(&c);
}

static void
refuse_attach(const struct darwin_pair *pair, enum darwin_step step,
    int error)
{
	unsigned n_open = count_open();
	struct darwin_fault fault;
	struct darwin_device dev;

	errno = 0;
	assert_int_equal(darwin_pair_attach(pair, 0, &dev, &fault), -1);
	assert_int_equal(errno, error);
	assert_int_equal(fault.step, step);
	assert_int_equal(count_open(), n_open);
}

static void
test_nodes_in_use(void **state)
{
	int fds[DARWIN_BPF_NODES];
	struct darwin_device dev;
	struct darwin_pair pair;
	char path[32];
	unsigned i;

	(void)state;
	make_pair(DARWIN_UNIT_ANY, &pair);
	for (i = 0; i < DARWIN_BPF_NODES; i++) {
		/* With all that there is at first, and with one more. */
		if (i == 3 || i == 4 || i == DARWIN_BPF_NODES - 1) {
			attach(&pair, &dev);
			close_device(&dev);
		}
		(void)snprintf(path, sizeof(path), "/dev/bpf%u", i);
		assert_true((fds[i] = open(path, O_RDWR | O_CLOEXEC)) != -1);
	}
	refuse_attach(&pair, DARWIN_STEP_BPF_OPEN, EBUSY);
	while (--i > 0)
		assert_int_equal(close(fds[i]), 0);
	/* One in use, and then none: that is in use, too. */
	mac_fail("open:2:ENOENT");
	refuse_attach(&pair, DARWIN_STEP_BPF_OPEN, EBUSY);
	assert_int_equal(close(fds[0]), 0);
	mac_fail("open:1:ENOENT");
	refuse_attach(&pair, DARWIN_STEP_BPF_OPEN, ENOENT);
	attach(&pair, &dev);
	close_device(&dev);
}

static void
test_attaching_without_root(void **state)
{
	struct darwin_pair pair;

	(void)state;
	make_pair(DARWIN_UNIT_ANY, &pair);
	mac_be_root(0);
	refuse_attach(&pair, DARWIN_STEP_BPF_OPEN, EACCES);
}

/* The peer has to be up; the user's side is the user's. */
static void
test_attaching_brings_the_peer_up(void **state)
{
	struct darwin_device dev;
	struct darwin_pair pair;

	(void)state;
	make_pair(DARWIN_UNIT_ANY, &pair);
	other_down(pair.name);
	other_down(pair.peer);
	attach(&pair, &dev);
	assert_int_equal(darwin_interface_is_up(pair.name), 0);
	assert_int_equal(darwin_interface_is_up(pair.peer), 1);
	close_device(&dev);
}

static void
test_attaching_to_what_is_not_ours(void **state)
{
	struct darwin_pair pair;

	(void)state;
	make_pair(DARWIN_UNIT_ANY, &pair);
	other_destroy(pair.name);
	refuse_attach(&pair, DARWIN_STEP_IDENTITY, ENXIO);
	other_destroy(pair.peer);
	refuse_attach(&pair, DARWIN_STEP_IDENTITY, ENXIO);
	other_create(pair.name);
	other_create(pair.peer);
	refuse_attach(&pair, DARWIN_STEP_IDENTITY, ENXIO);
	other_peer(pair.name, pair.peer);
	refuse_attach(&pair, DARWIN_STEP_IDENTITY, EEXIST);
	assert_int_equal(darwin_interface_is_up(pair.peer), 0);
}

/* Less memory than wished for is no failure, until there is hardly any. */
static void
test_little_memory(void **state)
{
	static const char *const errors[] = { "ENOMEM", "ENOBUFS" };
	struct darwin_fault fault;
	struct darwin_device dev;
	struct darwin_pair pair;
	unsigned i, n, halved = 0;
	char spec[32];

	(void)state;
	make_pair(DARWIN_UNIT_ANY, &pair);
	mac_fail(NULL);
	attach(&pair, &dev);
	close_device(&dev);
	n = mac_calls();
	for (i = 1; i <= 2 * n; i++) {
		(void)snprintf(spec, sizeof(spec), "%u:%s", (i + 1) / 2,
		    errors[i % 2]);
		mac_fail(spec);
		if (darwin_pair_attach(&pair, 0, &dev, &fault) == 0) {
			halved += dev.read_size == DARWIN_READ_SIZE / 2;
			close_device(&dev);
		}
	}
	assert_int_equal(halved, 2);
	/* 4096 cannot be halved. */
	for (i = 1; i <= n; i++) {
		(void)snprintf(spec, sizeof(spec), "%u:ENOMEM", i);
		mac_fail(spec);
		if (darwin_pair_attach(&pair, 4096, &dev, &fault) == 0) {
			assert_int_equal(dev.read_size, 4096);
			close_device(&dev);
		}
	}
}

/* Each simulated call in turn: nothing stays open, and the pair is whole. */
static void
test_each_call_of_attaching_fails(void **state)
{
	static const char *const errors[] = { "", ":EIO" };
	enum darwin_pair_state s;
	struct darwin_fault fault;
	struct darwin_device dev;
	struct darwin_pair pair;
	unsigned i, k, n, n_open, n_failed = 0;
	char spec[32];

	(void)state;
	mac_sysctl("net.link.fake.max_mtu", 9000);
	make_pair(DARWIN_UNIT_ANY, &pair);
	mac_fail(NULL);
	attach(&pair, &dev);
	n = mac_calls();
	assert_true(n >= 30);	/* the look at the end is among them */
	close_device(&dev);
	n_open = count_open();
	for (i = 1; i <= n; i++) {
		for (k = 0; k < 2; k++) {
			(void)snprintf(spec, sizeof(spec), "%u%s", i,
			    errors[k]);
			mac_fail(spec);
			errno = 0;
			if (darwin_pair_attach(&pair, 0, &dev, &fault) == 0)
				close_device(&dev);
			else {
				assert_int_not_equal(errno, 0);
				assert_true(fault.step > DARWIN_STEP_NONE &&
				    fault.step < DARWIN_STEP_COUNT);
				n_failed++;
			}
			mac_fail(NULL);
			assert_int_equal(count_open(), n_open);
			assert_int_equal(darwin_pair_state(&pair, &s), 0);
			assert_int_equal(s, DARWIN_PAIR_WHOLE);
		}
	}
	/* All but asking to be spared what the host sends. */
	assert_true(n_failed >= 2 * n - 12);
}

/* === The end of a device === */

static void
test_check(void **state)
{
	struct cable c;

	(void)state;
	cable_start(&c);
	mac_be_root(0);
	assert_int_equal(darwin_pair_check(c.pair.name, c.dev.rfd), 0);
	mac_be_root(1);
	other_peer(c.pair.name, "");
	assert_int_equal(darwin_pair_check(c.pair.name, c.dev.rfd), -1);
	assert_int_equal(errno, ENXIO);
	other_peer(c.pair.name, c.pair.peer);
	assert_int_equal(darwin_pair_check(c.pair.name, c.dev.rfd), 0);
	/* The user's side is gone, and no descriptor tells. */
	other_destroy(c.pair.name);
	assert_int_equal(send_frame(&c.dev, 60, 0), 0);
	assert_int_equal(darwin_pair_check(c.pair.name, c.dev.rfd), -1);
	assert_int_equal(errno, ENXIO);
	/* One with another peer came in its place. */
	other_create(c.pair.name);
	other_create("feth1");
	other_peer(c.pair.name, "feth1");
	assert_int_equal(darwin_pair_check(c.pair.name, c.dev.rfd), -1);
	assert_int_equal(errno, ENXIO);
	close_device(&c.dev);
	close_device(&c.host);
}

static void
check_destroyed_peer(const char *options)
{
	static const size_t lens[] = { 60 };
	uint8_t buf[DARWIN_READ_SIZE];
	struct cable c;

	mac_start(options);
	cable_start(&c);
	assert_int_equal(send_frame(&c.host, lens[0], 0), 0);
	other_destroy(c.pair.peer);
	/* What had come is still there; then it is the end, at once. */
	assert_true(is_readable(c.dev.rfd, WAIT_S));
	assert_true(darwin_read(&c.dev, buf) > 0);
	assert_true(is_readable(c.dev.rfd, WAIT_S));
	assert_int_equal(darwin_read(&c.dev, buf), -1);
	assert_int_equal(errno, ENXIO);
	assert_int_equal(send_frame(&c.dev, 60, 0), -1);
	assert_int_equal(errno, ENXIO);
	assert_int_equal(darwin_pair_check(c.pair.name, c.dev.rfd), -1);
	assert_int_equal(errno, ENXIO);
	close_device(&c.dev);
	close_device(&c.host);
}

/* With EPIPE comes a signal, unless the socket was told not to. */
static void
test_destroyed_peer(void **state)
{
	(void)state;
	check_destroyed_peer("--ndrv-gone enxio");
	check_destroyed_peer("--ndrv-gone epipe");
}

#define test_on_mac(t)	cmocka_unit_test_setup_teardown(t, mac_setup, \
			    mac_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test_on_mac(test_frames_both_ways),
		test_on_mac(test_buffer_of_an_odd_size),
		test_on_mac(test_what_is_not_written),
		test_on_mac(test_long_frames),
		test_on_mac(test_peer_down),
		test_on_mac(test_full_queue),
		test_on_mac(test_descriptors),
		test_on_mac(test_adopting_nonsense),
		test_on_mac(test_nodes_in_use),
		test_on_mac(test_attaching_without_root),
		test_on_mac(test_attaching_brings_the_peer_up),
		test_on_mac(test_attaching_to_what_is_not_ours),
		test_on_mac(test_little_memory),
		test_on_mac(test_each_call_of_attaching_fails),
		test_on_mac(test_check),
		test_on_mac(test_destroyed_peer),
	};

	/* A test of the signal that must not come. */
	(void)signal(SIGPIPE, SIG_DFL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
