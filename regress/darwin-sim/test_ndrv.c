/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* AF_NDRV, played: behaviours N1 to N11. */

#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "regress/darwin-sim/abi.h"
#include "regress/darwin-sim/sim_util.h"

static struct sim_options gone_epipe = { { "--ndrv-gone", "epipe" } };
static struct sim_options full_silent = { { "--overload", "silent:4" } };
static struct sim_options full_enobufs = { { "--overload", "enobufs:4" } };

static volatile sig_atomic_t pipes;

static void
count_pipe(int sig)
{
	(void)sig;
	pipes++;
}

static void
catch_pipe(void)
{
	struct sigaction sa = { .sa_handler = count_pipe };

	pipes = 0;
	(void)sigaction(SIGPIPE, &sa, NULL);
}

static int
open_socket(void)
{
	int fd = socket(ABI_AF_NDRV, SOCK_RAW, 0);

	assert_int_not_equal(fd, -1);
	return fd;
}

static void
test_n1_socket(void **state)
{
	int fd = open_socket();

	(void)state;
	sim_become(501);
	assert_int_equal(sim_errno(socket(ABI_AF_NDRV, SOCK_RAW, 0)), EPERM);
	/* Whoever has one may go on. */
	assert_int_equal(sim_ndrv_bind(fd, "en0"), 0);
	sim_become(0);
	assert_int_not_equal(sim_errno(socket(ABI_AF_NDRV, SOCK_DGRAM, 0)),
	    0);
	assert_int_not_equal(sim_errno(socket(ABI_AF_NDRV, SOCK_RAW, 1)), 0);
}

static void
test_n2_bind(void **state)
{
	uint8_t address[ABI_SOCKADDR_NDRV_SIZE] = { 0 };
	socklen_t len = sizeof(address);
	int fd = open_socket();

	(void)state;
	sim_make_pair();
	assert_int_equal(sim_ndrv_bind(fd, "feth9"), EADDRNOTAVAIL);
	assert_int_equal(sim_ndrv_bind(fd, SIM_Q), EINVAL);
	fd = open_socket();
	assert_int_equal(sim_ndrv_bind(fd, ""), EINVAL);
	assert_int_equal(sim_ndrv_bind(fd, SIM_Q), EINVAL);
	fd = open_socket();
	assert_int_equal(sim_ndrv_bind(fd, SIM_Q), 0);
	assert_int_equal(sim_ndrv_bind(fd, SIM_Q), EINVAL);
	assert_int_equal(sim_errno(getsockname(fd,
	    (struct sockaddr *)address, &len)), 0);
	assert_int_equal(len, ABI_SOCKADDR_NDRV_SIZE);
	assert_int_equal(address[1], ABI_AF_NDRV);
	assert_string_equal((char *)address + ABI_SOCKADDR_NDRV_NAME_AT,
	    SIM_Q);
}

static void
test_n3_unbound_unconnected(void **state)
{
	uint8_t address[ABI_SOCKADDR_NDRV_SIZE] = { 0 }, frame[60] = { 0 };
	int fd = open_socket(), reader;

	(void)state;
	sim_make_pair();
	reader = sim_bpf_reader(SIM_P);
	assert_int_equal(sim_send(fd, 60, 1), EDESTADDRREQ);
	assert_int_equal(sim_errno(connect(fd, (struct sockaddr *)address,
	    sizeof(address) - 1)), EINVAL);
	assert_int_equal(sim_ndrv_connect(fd), 0);
	assert_int_equal(sim_send(fd, 60, 1), EINVAL);
	fd = open_socket();
	assert_int_equal(sim_ndrv_bind(fd, SIM_Q), 0);
	assert_int_equal(sim_send(fd, 60, 1), EDESTADDRREQ);
	/* An address beside the frame does as well. */
	assert_int_equal(sendto(fd, frame, sizeof(frame), 0,
	    (struct sockaddr *)address, sizeof(address)), 60);
	assert_int_equal(read(reader, (uint8_t[SIM_BLEN]){ 0 }, SIM_BLEN),
	    78);
	assert_int_equal(sim_ndrv_connect(fd), 0);
	assert_int_equal(sim_send(fd, 60, 1), 0);
	sim_expect_frame(reader, 60, 1);
}

static void
test_n4_sndbuf(void **state)
{
	int fd, room = 0, more = 16384, none = 0, most = 1 << 24;
	socklen_t len = sizeof(room);

	(void)state;
	sim_make_pair();
	fd = sim_ndrv_open(SIM_Q);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, &len),
	    0);
	assert_int_equal(room, 8192);
	assert_int_equal(sim_send(fd, 8192, 1), 0);
	assert_int_equal(sim_send(fd, 8193, 1), EMSGSIZE);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &more,
	    sizeof(more)), 0);
	assert_int_equal(sim_send(fd, 16384, 1), 0);
	assert_int_equal(sim_send(fd, 16385, 1), EMSGSIZE);
	assert_int_equal(sim_errno(setsockopt(fd, SOL_SOCKET, SO_SNDBUF,
	    &none, sizeof(none))), EINVAL);
	assert_int_equal(sim_errno(setsockopt(fd, ABI_SOL_SOCKET,
	    ABI_SO_SNDBUF, &most, sizeof(most))), ENOBUFS);
}

static void
test_n5_down(void **state)
{
	int fd, reader;

	(void)state;
	sim_make_pair();
	fd = sim_ndrv_open(SIM_Q);
	reader = sim_bpf_reader(SIM_P);
	assert_int_equal(sim_set_flags(SIM_Q, 0), 0);
	assert_int_equal(sim_send(fd, 60, 1), ENETDOWN);
	assert_int_equal(sim_set_flags(SIM_Q, ABI_IFF_UP), 0);
	assert_int_equal(sim_send(fd, 60, 2), 0);
	sim_expect_frame(reader, 60, 2);
}

static void
test_n6_gone_enxio(void **state)
{
	int fd;

	(void)state;
	catch_pipe();
	sim_make_pair();
	fd = sim_ndrv_open(SIM_Q);
	assert_int_equal(sim_destroy(SIM_Q), 0);
	assert_int_equal(sim_send(fd, 60, 1), ENXIO);
	assert_int_equal(sim_send(fd, 60, 1), ENXIO);
	assert_int_equal(sim_errno(read(fd, (char[64]){ 0 }, 64)), EAGAIN);
	assert_int_equal(pipes, 0);
	/* A new one of that name is none of its business. */
	sim_create_free(SIM_Q);
	assert_int_equal(sim_set_flags(SIM_Q, ABI_IFF_UP), 0);
	assert_int_equal(sim_send(fd, 60, 1), ENXIO);
}

static void
test_n6_gone_epipe(void **state)
{
	int fd, one = 1;

	(void)state;
	catch_pipe();
	sim_make_pair();
	fd = sim_ndrv_open(SIM_Q);
	assert_int_equal(sim_destroy(SIM_Q), 0);
	assert_int_equal(sim_send(fd, 60, 1), EPIPE);
	assert_int_equal(pipes, 1);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, ABI_SO_NOSIGPIPE, &one,
	    sizeof(one)), 0);
	assert_int_equal(sim_send(fd, 60, 1), EPIPE);
	assert_int_equal(pipes, 1);
	assert_int_equal(read(fd, (char[64]){ 0 }, 64), 0);
}

static void
test_shutdown(void **state)
{
	int fd;

	(void)state;
	catch_pipe();
	sim_make_pair();
	fd = sim_ndrv_open(SIM_Q);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(sim_send(fd, 60, 1), EPIPE);
	assert_int_equal(pipes, 1);
}

/* In a child, which has to be killed by it, and has to say so. */
static bool
aborts(int fd, size_t len)
{
	struct rlimit none = { 0, 0 };
	char said[256] = { 0 };
	int status, p[2];
	pid_t child;

	assert_int_equal(pipe(p), 0);
	if ((child = fork()) == 0) {
		(void)setrlimit(RLIMIT_CORE, &none);
		(void)signal(SIGABRT, SIG_DFL);
		(void)dup2(p[1], STDERR_FILENO);
		_exit(sim_send(fd, len, 1) == 0 ? 0 : 1);
	}
	(void)close(p[1]);
	assert_true(read(p[0], said, sizeof(said) - 1) >= 0);
	(void)close(p[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
	    strncmp(said, "never to be done: ", 18) == 0;
}

static void
test_n7_runt(void **state)
{
	int fd;

	(void)state;
	sim_make_pair();
	fd = sim_ndrv_open(SIM_Q);
	assert_true(aborts(fd, 13));
	assert_true(aborts(fd, 1));
	assert_true(aborts(fd, 0));
	assert_false(aborts(fd, 14));
	assert_int_equal(sim_send(fd, 14, 1), 0);
	/* Also when the interface would not have taken it. */
	assert_int_equal(sim_set_flags(SIM_Q, 0), 0);
	assert_true(aborts(fd, 13));
	assert_int_equal(sim_set_flags(SIM_Q, ABI_IFF_UP), 0);
	/* A bpf device sends them just so. */
	fd = sim_bpf_reader(SIM_Q);
	assert_true(aborts(fd, 13));
	assert_false(aborts(fd, 14));
}

static void
test_n8_overload(void **state)
{
	bool is_silent = *state == &full_silent;
	unsigned i, refused = 0, arrived = 0;
	uint8_t buf[SIM_BLEN];
	int fd, reader, error;

	sim_make_pair();
	fd = sim_ndrv_open(SIM_Q);
	reader = sim_bpf_reader(SIM_P);
	for (i = 0; i < 12; i++) {
		error = sim_send(fd, 60, i);
		assert_true(error == 0 || error == ENOBUFS);
		refused += error != 0;
		arrived += read(reader, buf, sizeof(buf)) > 0;
	}
	assert_int_equal(arrived, 9);
	assert_int_equal(refused, is_silent ? 0 : 3);
}

static void
test_n9_no_peer(void **state)
{
	int fd;

	(void)state;
	sim_make_pair();
	fd = sim_ndrv_open(SIM_Q);
	assert_int_equal(sim_destroy(SIM_P), 0);
	assert_int_equal(sim_send(fd, 60, 1), 0);
}

static void
test_n10_read(void **state)
{
	char byte;
	int fd;

	(void)state;
	sim_make_pair();
	fd = sim_ndrv_open(SIM_Q);
	assert_int_equal(sim_send(sim_ndrv_open(SIM_P), 60, 1), 0);
	assert_int_equal(sim_errno(read(fd, &byte, 1)), EAGAIN);
	assert_int_equal(sim_errno(recv(fd, &byte, 1, 0)), EAGAIN);
	assert_false(sim_selects(fd));
}

static void
test_n11_ready(void **state)
{
	struct timeval tv = { 0 };
	fd_set set;
	unsigned i;
	int fd;

	(void)state;
	sim_make_pair();
	fd = sim_ndrv_open(SIM_Q);
	for (i = 0; i < 1000; i++)
		assert_int_equal(sim_send(fd, 1514, i), 0);
	FD_ZERO(&set);
	FD_SET(fd, &set);
	assert_int_equal(select(fd + 1, NULL, &set, NULL, &tv), 1);
	assert_int_equal(sim_polls(fd, POLLIN | POLLOUT), POLLOUT);
}

static void
test_ancillary(void **state)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	uint8_t frame[60] = { 0 };
	struct iovec iov[2] = { { frame, 14 }, { frame + 14, 46 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	int fd, reader;

	(void)state;
	sim_make_pair();
	fd = sim_ndrv_open(SIM_Q);
	reader = sim_bpf_reader(SIM_P);
	assert_int_equal(sendmsg(fd, &msg, 0), 60);
	assert_int_equal(read(reader, (uint8_t[SIM_BLEN]){ 0 }, SIM_BLEN),
	    78);
	msg.msg_control = control.room;
	msg.msg_controllen = sizeof(control.room);
	assert_int_equal(sim_errno(sendmsg(fd, &msg, 0)), EOPNOTSUPP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(test_n1_socket, sim_new),
		SIM_TEST(test_n2_bind, sim_new),
		SIM_TEST(test_n3_unbound_unconnected, sim_new),
		SIM_TEST(test_n4_sndbuf, sim_new),
		SIM_TEST(test_n5_down, sim_new),
		SIM_TEST(test_n6_gone_enxio, sim_new),
		SIM_TEST(test_n6_gone_epipe, gone_epipe),
		SIM_TEST(test_shutdown, sim_new),
		SIM_TEST(test_n7_runt, sim_new),
		SIM_TEST(test_n8_overload, full_silent),
		SIM_TEST(test_n8_overload, full_enobufs),
		SIM_TEST(test_n9_no_peer, sim_new),
		SIM_TEST(test_n10_read, sim_new),
		SIM_TEST(test_n11_ready, sim_new),
		SIM_TEST(test_ancillary, sim_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
