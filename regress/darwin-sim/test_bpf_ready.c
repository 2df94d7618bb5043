/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* When a bpf(4) device is ready, played: rows B13 to B15 of the table. */

#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "regress/darwin-sim/abi.h"
#include "regress/darwin-sim/sim_util.h"

static void
test_b13_destroy(void **state)
{
	int fd, other;

	(void)state;
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	other = sim_bpf_reader(SIM_Q);
	assert_int_equal(sim_send(sim_ndrv_open(SIM_P), 60, 1), 0);
	sim_expect_frame(other, 60, 1);
	assert_false(sim_selects(other));
	assert_int_equal(sim_destroy(SIM_Q), 0);
	assert_true(sim_selects(fd));
	assert_true(sim_selects(other));
	sim_expect_frame(fd, 60, 1);
	assert_true(sim_selects(fd));
	sim_expect_no_frame(fd, ENXIO);
	sim_expect_no_frame(other, ENXIO);
	assert_int_equal(sim_send(fd, 60, 1), ENXIO);
	assert_int_equal(sim_polls(other, POLLIN), POLLNVAL);
	assert_int_equal(sim_bpf_get(fd, ABI_BIOCGBLEN), SIM_BLEN);
	/* It may be used for another one. */
	assert_int_equal(sim_bpf_attach(fd, SIM_P), 0);
	sim_expect_no_frame(fd, EWOULDBLOCK);
	assert_int_equal(sim_send(sim_ndrv_open(SIM_P), 60, 2), 0);
}

/* Destroys Q a moment later, in a child. */
static pid_t
destroy_later(void)
{
	pid_t child = fork();

	if (child == 0) {
		(void)usleep(30000);
		_exit(sim_destroy(SIM_Q));
	}
	return child;
}

static void
test_b13_who_waits(void **state)
{
	struct timeval tv = { .tv_sec = 30 };
	struct pollfd pfd;
	fd_set set;
	pid_t child;
	int fd, status;

	(void)state;
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	child = destroy_later();
	FD_ZERO(&set);
	FD_SET(fd, &set);
	assert_int_equal(select(fd + 1, &set, NULL, NULL, &tv), 1);
	(void)waitpid(child, &status, 0);
	sim_create_free(SIM_Q);
	assert_int_equal(sim_bpf_attach(fd, SIM_Q), 0);
	pfd = (struct pollfd){ .fd = fd, .events = POLLIN };
	child = destroy_later();
	assert_int_equal(poll(&pfd, 1, 200), 0);
	(void)waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(poll(&pfd, 1, 0), 1);
	assert_int_equal(pfd.revents, POLLNVAL);
	/* One that sleeps in read wakes. */
	sim_create_free(SIM_Q);
	assert_int_equal(sim_bpf_attach(fd, SIM_Q), 0);
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	child = destroy_later();
	sim_expect_no_frame(fd, ENXIO);
	(void)waitpid(child, &status, 0);
}

static void
test_b14_select_before_attach(void **state)
{
	int fd = sim_bpf_open(O_RDWR | O_NONBLOCK);

	(void)state;
	assert_true(sim_selects(fd));
	assert_int_equal(sim_polls(fd, POLLIN), POLLNVAL);
	sim_make_pair();
	assert_int_equal(sim_bpf_set(fd, ABI_BIOCIMMEDIATE, 1), 0);
	assert_int_equal(sim_bpf_attach(fd, SIM_Q), 0);
	assert_false(sim_selects(fd));
	assert_int_equal(sim_polls(fd, POLLIN), 0);
	assert_int_equal(sim_send(sim_ndrv_open(SIM_P), 60, 1), 0);
	assert_true(sim_selects(fd));
	assert_int_equal(sim_polls(fd, POLLIN), POLLIN);
	sim_expect_frame(fd, 60, 1);
	assert_false(sim_selects(fd));
	assert_int_equal(sim_polls(fd, POLLIN), 0);
}

static void
test_b15_pollout(void **state)
{
	struct pollfd fds[2];
	int fd, p[2];

	(void)state;
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	assert_int_equal(sim_polls(fd, POLLIN | POLLOUT), POLLNVAL);
	assert_int_equal(sim_polls(fd, POLLOUT), POLLNVAL);
	/* What else is asked about is answered, too, and nobody waits. */
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	fds[0] = (struct pollfd){ .fd = fd, .events = POLLOUT };
	fds[1] = (struct pollfd){ .fd = p[0], .events = POLLIN };
	assert_int_equal(poll(fds, 2, -1), 2);
	assert_int_equal(fds[0].revents, POLLNVAL);
	assert_int_equal(fds[1].revents, POLLIN);
	(void)close(p[0]);
	(void)close(p[1]);
}

/* Without BIOCIMMEDIATE a buffer has to be full, or the time over. */
static void
test_delayed(void **state)
{
	uint8_t buf[SIM_BLEN];
	uint8_t limit[16] = { 0 };
	uint32_t us = 20000;
	int fd = sim_bpf_open(O_RDWR), host;

	(void)state;
	sim_make_pair();
	assert_int_equal(sim_bpf_attach(fd, SIM_Q), 0);
	host = sim_ndrv_open(SIM_P);
	assert_int_equal(sim_send(host, 60, 1), 0);
	assert_false(sim_selects(fd));
	/* A nonblocking read takes it all the same. */
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	sim_expect_frame(fd, 60, 1);
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	memcpy(limit + 8, &us, sizeof(us));
	assert_int_equal(ioctl(fd, ABI_BIOCSRTIMEOUT, limit), 0);
	assert_int_equal(sim_send(host, 60, 2), 0);
	sim_expect_frame(fd, 60, 2);
	/* Over, and nothing came: 0, which is no end. */
	assert_int_equal(read(fd, buf, sizeof(buf)), 0);
	memset(limit, 0, sizeof(limit));
	assert_int_equal(ioctl(fd, ABI_BIOCSRTIMEOUT, limit), 0);
	assert_int_equal(sim_send(host, 4000, 3), 0);
	assert_false(sim_selects(fd));
	assert_int_equal(sim_send(host, 4000, 4), 0);
	assert_true(sim_selects(fd));
	sim_expect_frame(fd, 4000, 3);
}

static void
test_bytes_ready(void **state)
{
	bool is_old = *state == &sim_old;
	int fd, host, on = 1;

	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	host = sim_ndrv_open(SIM_P);
	assert_int_equal(sim_bpf_get(fd, ABI_FIONREAD), 0);
	assert_int_equal(sim_send(host, 4000, 1), 0);
	assert_int_equal(sim_bpf_get(fd, ABI_FIONREAD), 4018);
	/* Do not trust it. */
	assert_int_equal(sim_send(host, 4000, 2), 0);
	assert_int_equal(sim_bpf_get(fd, ABI_FIONREAD),
	    is_old ? 8036 : 4018);
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	assert_int_equal(ioctl(fd, ABI_FIONBIO, &on), 0);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
}

/* Since 12.0 one byte of the argument counts. */
static void
test_immediate_is_one_byte(void **state)
{
	bool is_old = *state == &sim_old;
	int fd = sim_bpf_open(O_RDWR | O_NONBLOCK);

	sim_make_pair();
	assert_int_equal(sim_bpf_set(fd, ABI_BIOCIMMEDIATE, 0x100), 0);
	assert_int_equal(sim_bpf_attach(fd, SIM_Q), 0);
	assert_int_equal(sim_send(sim_ndrv_open(SIM_P), 60, 1), 0);
	assert_int_equal(sim_selects(fd), is_old);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(test_b13_destroy, sim_new),
		SIM_TEST(test_b13_who_waits, sim_new),
		SIM_TEST(test_b14_select_before_attach, sim_new),
		SIM_TEST(test_b15_pollout, sim_new),
		SIM_TEST(test_delayed, sim_new),
		SIM_TEST(test_bytes_ready, sim_new),
		SIM_TEST(test_bytes_ready, sim_old),
		SIM_TEST(test_immediate_is_one_byte, sim_new),
		SIM_TEST(test_immediate_is_one_byte, sim_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
