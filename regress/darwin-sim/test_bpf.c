/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* bpf(4), played: behaviours B1 to B17. */

#include <sys/ioctl.h>
#include <sys/uio.h>
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
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "regress/darwin-sim/abi.h"
#include "regress/darwin-sim/sim_util.h"

#define READ_MAX	65536

static struct sim_options odd = { { "--blen-clamp", "4099" } };

static uint8_t buf[READ_MAX];

static int
open_errno(const char *path)
{
	int fd = open(path, O_RDWR), error = sim_errno(fd);

	if (fd != -1)
		(void)close(fd);
	return error;
}

static void
test_b1_open(void **state)
{
	int fd, other;

	(void)state;
	assert_int_equal(open_errno("/dev/bpf"), ENOENT);
	assert_int_equal(open_errno("/dev/bpf4"), ENOENT);
	assert_int_equal(open_errno("/dev/bpf04"), ENOENT);
	fd = open("/dev/bpf3", O_RDWR);
	assert_int_not_equal(fd, -1);
	assert_int_equal(open_errno("/dev/bpf3"), EBUSY);
	/* Opening the highest made the next. */
	assert_int_equal(open_errno("/dev/bpf4"), 0);
	assert_int_equal(open_errno("/dev/bpf5"), 0);
	other = dup(fd);
	(void)close(fd);
	assert_int_equal(open_errno("/dev/bpf3"), EBUSY);
	(void)close(other);
	assert_int_equal(open_errno("/dev/bpf3"), 0);
	sim_become(501);
	assert_int_equal(open_errno("/dev/bpf0"), EACCES);
	assert_int_equal(open_errno("/dev/bpf255"), ENOENT);
}

static void
test_b1_all_busy(void **state)
{
	static int fds[ABI_BPF_NODES_MAX];
	char path[32];
	unsigned i;

	(void)state;
	for (i = 0; i < ABI_BPF_NODES_MAX; i++) {
		(void)snprintf(path, sizeof(path), "/dev/bpf%u", i);
		fds[i] = open(path, O_RDWR);
		assert_int_not_equal(fds[i], -1);
	}
	assert_int_equal(open_errno("/dev/bpf255"), EBUSY);
	assert_int_equal(open_errno("/dev/bpf256"), ENOENT);
	for (i = 0; i < ABI_BPF_NODES_MAX; i++)
		(void)close(fds[i]);
}

static void
check_blen(uint32_t wanted, uint32_t given)
{
	int fd = sim_bpf_open(O_RDWR);
	uint32_t len = wanted;

	assert_int_equal(ioctl(fd, ABI_BIOCSBLEN, &len), 0);
	assert_int_equal(len, given);
	assert_int_equal(sim_bpf_get(fd, ABI_BIOCGBLEN), given);
	(void)close(fd);
}

static void
test_b2_blen(void **state)
{
	int fd = sim_bpf_open(O_RDWR);

	(void)state;
	check_blen(131072, 131072);
	check_blen(4099, 4099);
	check_blen(31, 32);
	check_blen(0, 32);
	check_blen(33554433, 33554432);
	sim_make_pair();
	assert_int_equal(sim_bpf_attach(fd, SIM_Q), 0);
	assert_int_equal(sim_bpf_set(fd, ABI_BIOCSBLEN, 8192), EINVAL);
	assert_int_equal(sim_bpf_get(fd, ABI_BIOCGBLEN), ABI_BPF_BLEN);
	(void)close(fd);
}

static void
test_b2_blen_old(void **state)
{
	(void)state;
	check_blen(524288, 524288);
	check_blen(524289, 524288);
	check_blen(31, 32);
}

static void
test_b2_blen_odd(void **state)
{
	(void)state;
	check_blen(131072, 4099);
	check_blen(4098, 4098);
}

static void
test_b3_attach(void **state)
{
	int fd = sim_bpf_open(O_RDWR | O_NONBLOCK), host;
	uint32_t stats[2];

	(void)state;
	sim_make_pair();
	assert_int_equal(sim_bpf_attach(fd, "feth9"), ENXIO);
	assert_int_equal(sim_set_flags(SIM_Q, 0), 0);
	assert_int_equal(sim_bpf_attach(fd, SIM_Q), 0);
	host = sim_ndrv_open(SIM_P);
	assert_int_equal(sim_send(host, 60, 1), 0);
	assert_int_equal(ioctl(fd, ABI_BIOCGSTATS, stats), 0);
	assert_int_equal(stats[0], 1);
	/* Once more, or another one: what waited is gone. */
	assert_int_equal(sim_bpf_attach(fd, SIM_Q), 0);
	assert_int_equal(ioctl(fd, ABI_BIOCGSTATS, stats), 0);
	assert_int_equal(stats[0], 0);
	sim_expect_no_frame(fd, EWOULDBLOCK);
	assert_int_equal(sim_bpf_attach(fd, SIM_P), 0);
	assert_int_equal(sim_send(host, 60, 1), 0);
	sim_expect_frame(fd, 60, 1);
}

static void
test_b4_before_attach(void **state)
{
	int fd = sim_bpf_open(O_RDWR);
	uint8_t ifr[ABI_IFREQ_SIZE];
	uint32_t n = 1;

	(void)state;
	assert_int_equal(sim_errno(ioctl(fd, ABI_BIOCPROMISC, NULL)), EINVAL);
	assert_int_equal(sim_errno(ioctl(fd, ABI_BIOCGDLT, &n)), EINVAL);
	assert_int_equal(sim_errno(ioctl(fd, ABI_BIOCGETIF, ifr)), EINVAL);
	assert_int_equal(sim_bpf_set(fd, ABI_BIOCSDVRTIN, 1), ENXIO);
	sim_make_pair();
	assert_int_equal(sim_bpf_attach(fd, SIM_Q), 0);
	assert_int_equal(sim_errno(ioctl(fd, ABI_BIOCPROMISC, NULL)), 0);
	assert_int_equal(sim_bpf_get(fd, ABI_BIOCGDLT), ABI_DLT_EN10MB);
	assert_int_equal(ioctl(fd, ABI_BIOCGETIF, ifr), 0);
	assert_string_equal((char *)ifr, SIM_Q);
	assert_int_equal(sim_bpf_set(fd, ABI_BIOCSDVRTIN, 1), 0);
	assert_int_equal(sim_bpf_set(sim_bpf_reader(SIM_Q), ABI_BIOCSDVRTIN,
	    1), EALREADY);
}

static const unsigned long private_sets[] = {
	ABI_BIOCSHEADDROP, ABI_BIOCSDIRECTION, ABI_BIOCSWRITEMAX,
	ABI_BIOCSBATCHWRITE, ABI_BIOCSNOTSTAMP, ABI_BIOCSDVRTIN
};
static const unsigned long private_gets[] = {
	ABI_BIOCGHEADDROP, ABI_BIOCGDIRECTION, ABI_BIOCGWRITEMAX,
	ABI_BIOCGBATCHWRITE, ABI_BIOCGNOTSTAMP, ABI_BIOCGDVRTIN
};
#define PRIVATE	(sizeof(private_sets) / sizeof(private_sets[0]))

static void
test_b5_private_old(void **state)
{
	uint32_t n = 1;
	size_t i;
	int fd;

	(void)state;
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	for (i = 0; i < PRIVATE; i++) {
		assert_int_equal(sim_bpf_set(fd, private_sets[i], 1), EINVAL);
		assert_int_equal(sim_errno(ioctl(fd, private_gets[i], &n)),
		    EINVAL);
	}
	/* Nor any that nobody has. */
	assert_int_equal(sim_bpf_set(fd, 0x800442ffu, 1), EINVAL);
}

static void
test_b5_private_new(void **state)
{
	size_t i;
	int fd;

	(void)state;
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	for (i = 0; i < PRIVATE; i++) {
		assert_int_equal(sim_bpf_set(fd, private_sets[i], 1), 0);
		assert_int_equal(sim_bpf_get(fd, private_gets[i]), 1);
	}
	assert_int_equal(sim_bpf_set(fd, ABI_BIOCSDIRECTION, 4), EINVAL);
	assert_int_equal(sim_bpf_set(fd, 0x800442ffu, 1), EINVAL);
}

static void
test_b6_read_length(void **state)
{
	struct iovec iov[2] = { { buf, 1000 }, { buf + 1000, 3096 } };
	int fd = sim_bpf_open(O_RDWR | O_NONBLOCK);

	(void)state;
	assert_int_equal(sim_errno(read(fd, buf, SIM_BLEN - 1)), EINVAL);
	assert_int_equal(sim_errno(read(fd, buf, SIM_BLEN + 1)), EINVAL);
	(void)close(fd);
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	assert_int_equal(sim_errno(read(fd, buf, 0)), EINVAL);
	assert_int_equal(sim_errno(read(fd, buf, SIM_BLEN * 2)), EINVAL);
	assert_int_equal(sim_send(sim_ndrv_open(SIM_P), 60, 1), 0);
	assert_int_equal(sim_errno(read(fd, buf, SIM_BLEN - 1)), EINVAL);
	/* Spread over pieces it is fine. */
	assert_int_equal(readv(fd, iov, 2), 78);
}

static void
do_nothing(int sig)
{
	(void)sig;
}

/* Blocks until a signal comes. */
static void
check_interrupted(int fd)
{
	struct sigaction sa = { .sa_handler = do_nothing };
	struct itimerval soon = { .it_value.tv_usec = 20000 };

	(void)sigaction(SIGALRM, &sa, NULL);
	(void)setitimer(ITIMER_REAL, &soon, NULL);
	sim_expect_no_frame(fd, EINTR);
}

static void
test_b7_empty(void **state)
{
	int fd = sim_bpf_open(O_RDWR), status;
	pid_t child;

	(void)state;
	sim_expect_no_frame(fd, ENXIO);
	(void)close(fd);
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	sim_expect_no_frame(fd, EWOULDBLOCK);
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	check_interrupted(fd);
	if ((child = fork()) == 0)
		_exit(sim_send(sim_ndrv_open(SIM_P), 60, 1));
	sim_expect_frame(fd, 60, 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
test_b8_record(void **state)
{
	const uint8_t *p = buf;
	struct sim_record r;
	struct timeval now;
	int32_t sec;
	ssize_t len;
	int fd, host;

	(void)state;
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	host = sim_ndrv_open(SIM_P);
	assert_int_equal(sim_send(host, 61, 1), 0);
	assert_int_equal(sim_send(host, 63, 2), 0);
	len = read(fd, buf, SIM_BLEN);
	/* 18 + 61 is 79, so one byte is between them, and none behind. */
	assert_int_equal(len, 80 + 18 + 63);
	(void)gettimeofday(&now, NULL);
	memcpy(&sec, buf + ABI_BPF_SEC_AT, sizeof(sec));
	assert_true((int32_t)now.tv_sec - sec <= 5);
	assert_true(sim_next_record(&p, &(size_t){ (size_t)len }, &r));
	assert_int_equal(r.hdrlen, 18);
	assert_int_equal(r.caplen, 61);
	assert_int_equal(r.datalen, 61);
	assert_ptr_equal(p, buf + 80);
	assert_int_not_equal(buf[79], 0);
}

/* Two frames that fill a buffer to its last byte. */
static void
test_b9_batching(void **state)
{
	const size_t first = 2000 - 18, second = SIM_BLEN - 2000 - 18;
	uint32_t stats[2];
	int fd, host;

	(void)state;
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	host = sim_ndrv_open(SIM_P);
	assert_int_equal(sim_send(host, first, 1), 0);
	assert_int_equal(sim_send(host, second, 2), 0);
	assert_int_equal(read(fd, buf, SIM_BLEN), SIM_BLEN);
	sim_expect_no_frame(fd, EWOULDBLOCK);
	/* One buffer, then the other, then there is no room. */
	assert_int_equal(sim_send(host, first, 1), 0);
	assert_int_equal(sim_send(host, second, 2), 0);
	assert_int_equal(sim_send(host, second + 1, 3), 0);
	assert_int_equal(sim_send(host, first, 4), 0);
	assert_int_equal(sim_send(host, first - 5, 5), 0);
	assert_int_equal(ioctl(fd, ABI_BIOCGSTATS, stats), 0);
	assert_int_equal(stats[0], 7);
	assert_int_equal(stats[1], 1);
	assert_int_equal(read(fd, buf, SIM_BLEN), SIM_BLEN);
	assert_int_equal(read(fd, buf, SIM_BLEN), SIM_BLEN - 1);
	sim_expect_no_frame(fd, EWOULDBLOCK);
}

/* The second one is of a frame in a buffer that is smaller. */
static void
test_b10_truncation(void **state)
{
	const uint8_t *p = buf;
	struct sim_record r;
	size_t left;
	int fd, host;

	(void)state;
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	host = sim_ndrv_open(SIM_P);
	assert_int_equal(sim_send(host, SIM_BLEN - 18, 1), 0);
	sim_expect_frame(fd, SIM_BLEN - 18, 1);
	assert_int_equal(sim_send(host, SIM_BLEN - 17, 2), 0);
	left = (size_t)read(fd, buf, SIM_BLEN);
	assert_int_equal(left, SIM_BLEN);
	assert_true(sim_next_record(&p, &left, &r));
	assert_int_equal(r.caplen, SIM_BLEN - 18);
	assert_int_equal(r.datalen, SIM_BLEN - 17);
}

struct insn {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};

static int
set_filter(int fd, unsigned long request, const struct insn *insns,
    uint32_t n)
{
	uint8_t program[ABI_BPF_PROGRAM_SIZE] = { 0 };

	memcpy(program, &n, sizeof(n));
	memcpy(program + ABI_BPF_PROGRAM_PTR_AT, &insns, sizeof(insns));
	return sim_errno(ioctl(fd, request, program));
}

static void
test_b10_filter(void **state)
{
	/* The first 20 bytes of frames of the type 0x88b5. */
	static const struct insn insns[] = {
		{ 0x28, 0, 0, 12 }, { 0x15, 0, 1, 0x88b5 },
		{ 0x06, 0, 0, 20 }, { 0x06, 0, 0, 0 }
	};
	static const struct insn outside[] = { { 0x15, 0, 9, 1 } };
	uint8_t frame[60] = { [12] = 0x88, [13] = 0xb5 };
	const uint8_t *p = buf;
	struct sim_record r;
	uint32_t stats[2];
	size_t left;
	int fd, host;

	(void)state;
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	host = sim_ndrv_open(SIM_P);
	assert_int_equal(set_filter(fd, ABI_BIOCSETF, outside, 1), EINVAL);
	assert_int_equal(set_filter(fd, ABI_BIOCSETF, insns, 513), EINVAL);
	assert_int_equal(set_filter(fd, ABI_BIOCSETF, insns, 4), 0);
	assert_int_equal(sim_send(host, 60, 1), 0);
	sim_expect_no_frame(fd, EWOULDBLOCK);
	assert_int_equal(write(host, frame, sizeof(frame)), 60);
	left = (size_t)read(fd, buf, SIM_BLEN);
	assert_int_equal(left, 18 + 20);
	assert_true(sim_next_record(&p, &left, &r));
	assert_int_equal(r.caplen, 20);
	assert_int_equal(r.datalen, 60);
	assert_int_equal(ioctl(fd, ABI_BIOCGSTATS, stats), 0);
	assert_int_equal(stats[0], 2);
	assert_int_equal(stats[1], 0);
	/* Without a flush; the frame that waits is still there. */
	assert_int_equal(sim_send(host, 60, 2), 0);
	assert_int_equal(write(host, frame, sizeof(frame)), 60);
	assert_int_equal(set_filter(fd, ABI_BIOCSETFNR, NULL, 0), 0);
	assert_int_equal(read(fd, buf, SIM_BLEN), 18 + 20);
	assert_int_equal(sim_send(host, 60, 3), 0);
	assert_int_equal(set_filter(fd, ABI_BIOCSETF, NULL, 0), 0);
	sim_expect_no_frame(fd, EWOULDBLOCK);
	assert_int_equal(sim_send(host, 60, 4), 0);
	sim_expect_frame(fd, 60, 4);
}

static void
test_b11_own_frames(void **state)
{
	int fd, injector;

	(void)state;
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	injector = sim_ndrv_open(SIM_Q);
	assert_int_equal(sim_send(injector, 60, 1), 0);
	sim_expect_no_frame(fd, EWOULDBLOCK);
	assert_int_equal(sim_bpf_set(fd, ABI_BIOCSSEESENT, 1), 0);
	assert_int_equal(sim_send(injector, 60, 2), 0);
	sim_expect_frame(fd, 60, 2);
	assert_int_equal(sim_send(sim_ndrv_open(SIM_P), 60, 3), 0);
	sim_expect_frame(fd, 60, 3);
}

static void
test_b12_defaults(void **state)
{
	int fd = sim_bpf_open(O_RDWR);

	(void)state;
	assert_int_equal(sim_bpf_get(fd, ABI_BIOCGSEESENT), 1);
	assert_int_equal(sim_bpf_get(fd, ABI_BIOCGHDRCMPLT), 0);
	assert_int_equal(sim_bpf_get(fd, ABI_BIOCGBLEN), 4096);
	assert_int_equal(sim_bpf_get(fd, ABI_BIOCVERSION), 0x00010001);
	assert_int_equal(sim_bpf_set(fd, ABI_BIOCSSEESENT, 0), 0);
	assert_int_equal(sim_bpf_set(fd, ABI_BIOCSHDRCMPLT, 7), 0);
	assert_int_equal(sim_bpf_get(fd, ABI_BIOCGSEESENT), 0);
	assert_int_equal(sim_bpf_get(fd, ABI_BIOCGHDRCMPLT), 1);
}

static void
test_b16_flush(void **state)
{
	uint32_t stats[2];
	int fd, host;

	(void)state;
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	host = sim_ndrv_open(SIM_P);
	assert_int_equal(sim_send(host, 4000, 1), 0);
	assert_int_equal(sim_send(host, 4000, 2), 0);
	assert_int_equal(sim_send(host, 4000, 3), 0);
	assert_int_equal(ioctl(fd, ABI_BIOCGSTATS, stats), 0);
	assert_int_equal(stats[1], 1);
	assert_int_equal(ioctl(fd, ABI_BIOCFLUSH, NULL), 0);
	assert_false(sim_selects(fd));
	sim_expect_no_frame(fd, EWOULDBLOCK);
	assert_int_equal(ioctl(fd, ABI_BIOCGSTATS, stats), 0);
	assert_int_equal(stats[0], 0);
	assert_int_equal(stats[1], 0);
}

static void
check_write(const struct sim_options *o)
{
	bool is_old = o == &sim_old;
	int fd = sim_bpf_open(O_RDWR), reader;

	assert_int_equal(sim_send(fd, 60, 1), ENXIO);
	(void)close(fd);
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	reader = sim_bpf_reader(SIM_P);
	assert_int_equal(sim_send(fd, 1514, 1), 0);
	sim_expect_frame(reader, 1514, 1);
	assert_int_equal(write(fd, "", 0), 0);
	sim_expect_no_frame(reader, EWOULDBLOCK);
	assert_int_equal(sim_send(fd, 1515, 1), is_old ? EMSGSIZE : 0);
	assert_int_equal(sim_send(fd, 1518, 1), is_old ? EMSGSIZE : 0);
	assert_int_equal(sim_send(fd, 1519, 1), EMSGSIZE);
	assert_int_equal(sim_set_mtu(SIM_Q, 2048), 0);
	assert_int_equal(sim_send(fd, 2048, 1), 0);
	assert_int_equal(sim_send(fd, 2049, 1), is_old ? EIO : 0);
	assert_int_equal(sim_send(fd, 2067, 1), is_old ? EIO : EMSGSIZE);
	assert_int_equal(sim_set_flags(SIM_Q, 0), 0);
	assert_int_equal(sim_send(fd, 60, 1), ENETDOWN);
	(void)close(fd);
	fd = sim_bpf_open(O_RDONLY);
	assert_int_equal(sim_bpf_attach(fd, SIM_Q), 0);
	assert_int_equal(sim_send(fd, 60, 1), EBADF);
}

static void
test_b17_write(void **state)
{
	check_write(*state);
}

/* Unless told otherwise, the kernel puts in the interface's own address. */
static void
test_b17_source_address(void **state)
{
	static const uint8_t own[6] = { 0x66, 0x65, 0x74, 0x68, 0, 2 };
	const uint8_t *p = buf;
	struct sim_record r;
	size_t left;
	int fd, reader;

	(void)state;
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	reader = sim_bpf_reader(SIM_P);
	assert_int_equal(sim_bpf_set(fd, ABI_BIOCSHDRCMPLT, 0), 0);
	assert_int_equal(sim_send(fd, 60, 1), 0);
	left = (size_t)read(reader, buf, SIM_BLEN);
	assert_int_equal(left, 78);
	assert_true(sim_next_record(&p, &left, &r));
	assert_memory_equal(r.frame + 6, own, 6);
}

/* Two records in one write; a bad one, and none is sent. */
static void
test_b17_batch(void **state)
{
	uint8_t batch[2 * 80] = { 0 };
	uint32_t len = 60;
	int fd, reader, i;

	(void)state;
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	reader = sim_bpf_reader(SIM_P);
	assert_int_equal(sim_bpf_set(fd, ABI_BIOCSBATCHWRITE, 1), 0);
	for (i = 0; i < 2; i++) {
		memcpy(batch + i * 80 + ABI_BPF_CAPLEN_AT, &len, sizeof(len));
		memcpy(batch + i * 80 + ABI_BPF_DATALEN_AT, &len,
		    sizeof(len));
		batch[i * 80 + ABI_BPF_HDRLEN_AT] = 18;
		sim_fill(batch + i * 80 + 18, 60, (unsigned)i);
	}
	batch[80 + ABI_BPF_DATALEN_AT]++;
	assert_int_equal(sim_errno(write(fd, batch, sizeof(batch))), EINVAL);
	sim_expect_no_frame(reader, EWOULDBLOCK);
	batch[80 + ABI_BPF_DATALEN_AT]--;
	assert_int_equal(write(fd, batch, sizeof(batch)), sizeof(batch));
	assert_int_equal(read(reader, buf, SIM_BLEN), 80 + 78);
	(void)close(fd);
	fd = sim_bpf_open(O_RDWR);
	assert_int_equal(sim_bpf_set(fd, ABI_BIOCSBATCHWRITE, 1), EINVAL);
}

static void
test_head_drop(void **state)
{
	uint32_t stats[2];
	int fd, host;

	(void)state;
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	host = sim_ndrv_open(SIM_P);
	assert_int_equal(sim_bpf_set(fd, ABI_BIOCSHEADDROP, 1), 0);
	assert_int_equal(sim_send(host, 4000, 1), 0);
	assert_int_equal(sim_send(host, 4000, 2), 0);
	assert_int_equal(sim_send(host, 4000, 3), 0);
	assert_int_equal(ioctl(fd, ABI_BIOCGSTATS, stats), 0);
	assert_int_equal(stats[1], 1);
	sim_expect_frame(fd, 4000, 2);
	sim_expect_frame(fd, 4000, 3);
	sim_expect_no_frame(fd, EWOULDBLOCK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(test_b1_open, sim_new),
		SIM_TEST(test_b1_all_busy, sim_new),
		SIM_TEST(test_b2_blen, sim_new),
		SIM_TEST(test_b2_blen_old, sim_old),
		SIM_TEST(test_b2_blen_odd, odd),
		SIM_TEST(test_b3_attach, sim_new),
		SIM_TEST(test_b4_before_attach, sim_new),
		SIM_TEST(test_b5_private_old, sim_old),
		SIM_TEST(test_b5_private_new, sim_new),
		SIM_TEST(test_b6_read_length, sim_new),
		SIM_TEST(test_b7_empty, sim_new),
		SIM_TEST(test_b7_empty, sim_old),
		SIM_TEST(test_b8_record, sim_new),
		SIM_TEST(test_b9_batching, sim_new),
		SIM_TEST(test_b10_truncation, sim_new),
		SIM_TEST(test_b10_filter, sim_new),
		SIM_TEST(test_b11_own_frames, sim_new),
		SIM_TEST(test_b12_defaults, sim_new),
		SIM_TEST(test_b12_defaults, sim_old),
		SIM_TEST(test_b16_flush, sim_new),
		SIM_TEST(test_b17_write, sim_new),
		SIM_TEST(test_b17_write, sim_old),
		SIM_TEST(test_b17_source_address, sim_new),
		SIM_TEST(test_b17_batch, sim_new),
		SIM_TEST(test_head_drop, sim_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
