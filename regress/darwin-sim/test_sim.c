/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* How the simulation holds together: descriptors, processes, faults. */

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "regress/darwin-sim/abi.h"
#include "regress/darwin-sim/sim_util.h"

#define FD_END	1024

/* Of this program, for the test that starts it anew. */
static const char *own_path;

/* The exit status of a child that does what fn does; 0 is good. */
static int
run_child(int (*fn)(int fd), int fd)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(fn(fd));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
send_one(int fd)
{
	return sim_send(fd, 60, 7);
}

static int
make_two(int fd)
{
	(void)fd;
	return sim_create(SIM_P) + sim_create(SIM_Q) +
	    sim_peer(SIM_P, SIM_Q);
}

static void
test_state_outlives_its_maker(void **state)
{
	(void)state;
	assert_int_equal(run_child(make_two, -1), 0);
	assert_string_equal(sim_get_peer(SIM_P), SIM_Q);
	assert_int_equal(sim_destroy(SIM_P), 0);
}

static void
test_child_shares(void **state)
{
	int fd, reader;

	(void)state;
	sim_make_pair();
	fd = sim_ndrv_open(SIM_Q);
	reader = sim_bpf_reader(SIM_P);
	assert_int_equal(run_child(send_one, fd), 0);
	sim_expect_frame(reader, 60, 7);
	assert_int_equal(run_child(send_one, dup2(fd, 77)), 0);
	sim_expect_frame(reader, 60, 7);
	assert_int_equal(sim_send(fd, 60, 8), 0);
	sim_expect_frame(reader, 60, 8);
}

static int
hold_node(int fd)
{
	(void)fd;
	(void)pause();
	return 0;
}

static void
test_last_close_counts(void **state)
{
	int fd = open("/dev/bpf0", O_RDWR), status;
	pid_t child;

	(void)state;
	if ((child = fork()) == 0)
		_exit(hold_node(fd));
	assert_true(child > 0);
	(void)close(fd);
	assert_true(child > 0);
	assert_int_equal(sim_errno(open("/dev/bpf0", O_RDWR)), EBUSY);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, &status, 0);
	assert_int_not_equal(open("/dev/bpf0", O_RDWR), -1);
}

/* Pass fd over a socket. */
static void
pass(int s, int fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec iov = { (char[1]){ 0 }, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	assert_int_equal(sendmsg(s, &msg, 0), 1);
}

static int
receive_and_send(int s)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { (char[1]){ 0 }, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	int fd;

	if (recvmsg(s, &msg, 0) != 1 || CMSG_FIRSTHDR(&msg) == NULL)
		return 99;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return sim_send(fd, 60, 7);
}

static void
test_passing(void **state)
{
	int reader, sp[2], status;
	pid_t child;

	(void)state;
	sim_make_pair();
	reader = sim_bpf_reader(SIM_P);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sp), 0);
	if ((child = fork()) == 0)
		_exit(receive_and_send(sp[1]));
	pass(sp[0], sim_ndrv_open(SIM_Q));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	sim_expect_frame(reader, 60, 7);
	(void)close(sp[0]);
	(void)close(sp[1]);
}

static int
start_anew(int fd)
{
	char number[16];

	(void)snprintf(number, sizeof(number), "%d", fd);
	(void)execl(own_path, own_path, "send", number, (char *)NULL);
	return 99;
}

static void
test_exec(void **state)
{
	int fd, reader;

	(void)state;
	sim_make_pair();
	fd = sim_ndrv_open(SIM_Q);
	reader = sim_bpf_reader(SIM_P);
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	assert_int_equal(run_child(start_anew, fd), 0);
	sim_expect_frame(reader, 60, 7);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	assert_int_not_equal(run_child(start_anew, fd), 0);
}

static void
test_flags_of_descriptors(void **state)
{
	int fd = open("/dev/bpf0", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	(void)state;
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	fd = open("/dev/bpf1", O_RDWR);
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
}

static int
lose_everything(int fd)
{
	int i;

	if (sim_create("feth3") != 0)
		return 98;
	for (i = 3; i < FD_END; i++)
		if (i != fd)
			(void)close(i);
	/* Something else gets every number. */
	for (i = 0; i < FD_END / 2; i++)
		if (dup(STDERR_FILENO) == -1)
			return 97;
	return sim_send(fd, 60, 7) + sim_destroy("feth3");
}

static void
test_connection_is_closed_behind_our_back(void **state)
{
	int fd, reader;

	(void)state;
	sim_make_pair();
	fd = sim_ndrv_open(SIM_Q);
	reader = sim_bpf_reader(SIM_P);
	assert_int_equal(run_child(lose_everything, fd), 0);
	sim_expect_frame(reader, 60, 7);
}

static void
test_kernel_starts_anew(void **state)
{
	int fd;

	(void)state;
	sim_make_pair();
	fd = sim_ndrv_open(SIM_Q);
	sim_stop();
	sim_start(NULL);
	assert_int_not_equal(sim_send(fd, 60, 1), 0);
	assert_int_equal(sim_create(SIM_P), 0);
}

/* === Faults === */

static void
set_fault(const char *value)
{
	(void)setenv("DARWIN_SIM_FAIL", value, 1);
}

static void
test_fault_at(void **state)
{
	(void)state;
	set_fault("2");
	assert_int_equal(sim_create("feth1"), 0);
	assert_int_equal(sim_create("feth2"), ENOBUFS);
	assert_int_equal(sim_create("feth2"), 0);
	set_fault("1:EBUSY");
	assert_int_equal(sim_destroy("feth2"), EBUSY);
	assert_int_equal(sim_destroy("feth2"), 0);
	set_fault("open:2");
	assert_int_equal(sim_create("feth4"), 0);
	assert_int_not_equal(open("/dev/bpf0", O_RDWR), -1);
	assert_int_equal(sim_errno(open("/dev/bpf1", O_RDWR)), ENOMEM);
	assert_int_not_equal(open("/dev/bpf1", O_RDWR), -1);
	set_fault("socket:1:EPERM");
	assert_int_equal(sim_errno(socket(ABI_AF_NDRV, SOCK_RAW, 0)), EPERM);
	set_fault("");
	assert_int_not_equal(socket(ABI_AF_NDRV, SOCK_RAW, 0), -1);
}

static int
create_feth5(int fd)
{
	(void)fd;
	return sim_create("feth5");
}

/* Together with those that were forked. */
static void
test_fault_in_children(void **state)
{
	(void)state;
	set_fault("3");
	assert_int_equal(sim_create("feth1"), 0);
	assert_int_equal(run_child(create_feth5, -1), 0);
	assert_int_equal(sim_create("feth2"), ENOBUFS);
	set_fault("2");
	assert_int_equal(sim_create("feth3"), 0);
	assert_int_equal(run_child(create_feth5, -1), ENOBUFS);
	assert_int_equal(run_child(create_feth5, -1), EEXIST);
	set_fault("");
}

static long
read_count(const char *path)
{
	char line[32] = { 0 };
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	(void)fclose(f);
	return strtol(line, NULL, 10);
}

static void
test_count(void **state)
{
	char path[] = "/tmp/test_sim.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_not_equal(fd, -1);
	(void)close(fd);
	set_fault("100");
	(void)setenv("DARWIN_SIM_COUNT", path, 1);
	assert_int_equal(sim_create("feth1"), 0);
	assert_int_equal(read_count(path), 1);
	assert_int_equal(run_child(create_feth5, -1), 0);
	assert_int_equal(sim_create("feth1"), EEXIST);
	assert_int_equal(read_count(path), 3);
	/* What does not concern the simulation does not count. */
	(void)close(open("/dev/null", O_RDWR));
	assert_int_equal(read_count(path), 3);
	(void)unsetenv("DARWIN_SIM_COUNT");
	set_fault("");
	(void)unlink(path);
}

static int
send_and_end(const char *number)
{
	return sim_send((int)strtol(number, NULL, 10), 60, 7);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(test_state_outlives_its_maker, sim_new),
		SIM_TEST(test_child_shares, sim_new),
		SIM_TEST(test_last_close_counts, sim_new),
		SIM_TEST(test_passing, sim_new),
		SIM_TEST(test_exec, sim_new),
		SIM_TEST(test_flags_of_descriptors, sim_new),
		SIM_TEST(test_connection_is_closed_behind_our_back, sim_new),
		SIM_TEST(test_kernel_starts_anew, sim_new),
		SIM_TEST(test_fault_at, sim_new),
		SIM_TEST(test_fault_in_children, sim_new),
		SIM_TEST(test_count, sim_new),
	};

	own_path = argv[0];
	if (argc == 3 && strcmp(argv[1], "send") == 0)
		return send_and_end(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
