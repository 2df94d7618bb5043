/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "regress/darwin-sim/sim_util.h"

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "regress/darwin-sim/abi.h"
#include "regress/darwin-sim/wire.h"

#define KERNEL		"regress/darwin-sim/darwin-kernel"
#define NODES		256
#define BUSY_TRIES	5000

struct sim_options sim_new = { { "--profile", "new" } };
struct sim_options sim_old = { { "--profile", "old" } };

static pid_t kernel = -1;

/* === The kernel === */

static void
run_kernel(const struct sim_options *o, int out)
{
	const char *argv[sizeof(o->argv) / sizeof(o->argv[0]) + 1];
	char path[4096];
	const char *dir = getenv("BUILDDIR");

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)dup2(out, STDOUT_FILENO);
	(void)snprintf(path, sizeof(path), "%s/" KERNEL,
	    dir != NULL ? dir : ".");
	argv[0] = path;
	memcpy(argv + 1, o->argv, sizeof(o->argv));
	(void)execv(path, (char *const *)(uintptr_t)argv);
	perror(path);
	_exit(127);
}

void
sim_start(const struct sim_options *o)
{
	static unsigned count;
	char name[64], said[6] = { 0 };
	int fds[2];

	(void)snprintf(name, sizeof(name), "sim-test-%ld-%u", (long)getpid(),
	    count++);
	(void)setenv(WIRE_NAME_ENV, name, 1);
	sim_become(0);
	assert_int_equal(pipe(fds), 0);
	kernel = fork();
	assert_int_not_equal(kernel, -1);
	if (kernel == 0)
		run_kernel(o != NULL ? o : &sim_new, fds[1]);
	(void)close(fds[1]);
	assert_int_equal(read(fds[0], said, 6), 6);
	assert_memory_equal(said, "ready\n", 6);
	(void)close(fds[0]);
}

void
sim_stop(void)
{
	int status = -1;

	/* To kill(2), -1 is everybody. */
	if (kernel <= 0)
		return;
	(void)kill(kernel, SIGTERM);
	(void)waitpid(kernel, &status, 0);
	kernel = -1;
	assert_int_equal(status, 0);
}

int
sim_set_up(void **state)
{
	sim_start(*state);
	return 0;
}

int
sim_tear_down(void **state)
{
	(void)state;
	sim_stop();
	return 0;
}

int
sim_errno(long r)
{
	return r == -1 ? errno : 0;
}

void
sim_become(unsigned uid)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", uid);
	(void)setenv("DARWIN_SIM_EUID", text, 1);
}

/* === Interfaces === */

int
sim_ioctl(unsigned long request, const char *name, uint8_t *arg)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;

	assert_int_not_equal(s, -1);
	memset(arg, 0, ABI_IFNAMSIZ);
	memcpy(arg, name, strnlen(name, ABI_IFNAMSIZ));
	error = sim_errno(ioctl(s, request, arg));
	(void)close(s);
	return error;
}

int
sim_create(const char *name)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };

	return sim_ioctl(ABI_SIOCIFCREATE, name, ifr);
}

void
sim_create_free(const char *name)
{
	unsigned tries;
	int error;

	for (tries = 0; (error = sim_create(name)) == EBUSY; tries++) {
		assert_true(tries < BUSY_TRIES);
		(void)usleep(1000);
	}
	assert_int_equal(error, 0);
}

int
sim_destroy(const char *name)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };

	return sim_ioctl(ABI_SIOCIFDESTROY, name, ifr);
}

static int
run_spec(unsigned long request, const char *name, uint8_t *data)
{
	uint8_t ifd[ABI_IFDRV_SIZE] = { 0 };
	uint64_t command = ABI_FAKE_SET_PEER, len = ABI_FAKE_REQUEST_SIZE;

	memcpy(ifd + ABI_IFDRV_CMD_AT, &command, sizeof(command));
	memcpy(ifd + ABI_IFDRV_LEN_AT, &len, sizeof(len));
	memcpy(ifd + ABI_IFDRV_DATA_AT, &data, sizeof(data));
	return sim_ioctl(request, name, ifd);
}

int
sim_peer(const char *name, const char *peer)
{
	uint8_t data[ABI_FAKE_REQUEST_SIZE] = { 0 };

	memcpy(data + ABI_FAKE_PEER_AT, peer, strnlen(peer, ABI_IFNAMSIZ));
	return run_spec(ABI_SIOCSDRVSPEC, name, data);
}

const char *
sim_get_peer(const char *name)
{
	static uint8_t data[ABI_FAKE_REQUEST_SIZE];

	memset(data, 0, sizeof(data));
	memset(data + ABI_FAKE_PEER_AT, 'x', ABI_IFNAMSIZ - 1);
	assert_int_equal(run_spec(ABI_SIOCGDRVSPEC, name, data), 0);
	return (const char *)data + ABI_FAKE_PEER_AT;
}

unsigned
sim_flags(const char *name)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };

	assert_int_equal(sim_ioctl(ABI_SIOCGIFFLAGS, name, ifr), 0);
	return ifr[ABI_IFREQ_UNION_AT] |
	    (unsigned)ifr[ABI_IFREQ_UNION_AT + 1] << 8;
}

int
sim_set_flags(const char *name, unsigned flags)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };

	ifr[ABI_IFREQ_UNION_AT] = (uint8_t)flags;
	ifr[ABI_IFREQ_UNION_AT + 1] = (uint8_t)(flags >> 8);
	return sim_ioctl(ABI_SIOCSIFFLAGS, name, ifr);
}

int
sim_set_mtu(const char *name, unsigned mtu)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };

	memcpy(ifr + ABI_IFREQ_UNION_AT, &mtu, sizeof(mtu));
	return sim_ioctl(ABI_SIOCSIFMTU, name, ifr);
}

unsigned
sim_mtu(const char *name)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };
	unsigned mtu;

	assert_int_equal(sim_ioctl(ABI_SIOCGIFMTU, name, ifr), 0);
	memcpy(&mtu, ifr + ABI_IFREQ_UNION_AT, sizeof(mtu));
	return mtu;
}

void
sim_make_pair(void)
{
	assert_int_equal(sim_create(SIM_P), 0);
	assert_int_equal(sim_create(SIM_Q), 0);
	assert_int_equal(sim_peer(SIM_P, SIM_Q), 0);
	assert_int_equal(sim_set_flags(SIM_P, ABI_IFF_UP), 0);
	assert_int_equal(sim_set_flags(SIM_Q, ABI_IFF_UP), 0);
}

/* === Devices === */

int
sim_bpf_open(int flags)
{
	char path[32];
	unsigned unit;
	int fd = -1;

	for (unit = 0; fd == -1 && unit < NODES; unit++) {
		(void)snprintf(path, sizeof(path), "/dev/bpf%u", unit);
		fd = open(path, flags);
		assert_true(fd != -1 || errno == EBUSY);
	}
	assert_int_not_equal(fd, -1);
	return fd;
}

int
sim_bpf_attach(int fd, const char *name)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };

	memcpy(ifr, name, strnlen(name, ABI_IFNAMSIZ));
	return sim_errno(ioctl(fd, ABI_BIOCSETIF, ifr));
}

int
sim_bpf_set(int fd, unsigned long request, uint32_t value)
{
	return sim_errno(ioctl(fd, request, &value));
}

uint32_t
sim_bpf_get(int fd, unsigned long request)
{
	uint32_t value = 0xdeadbeef;

	assert_int_equal(ioctl(fd, request, &value), 0);
	return value;
}

int
sim_bpf_reader(const char *name)
{
	int fd = sim_bpf_open(O_RDWR | O_NONBLOCK);

	assert_int_equal(sim_bpf_set(fd, ABI_BIOCIMMEDIATE, 1), 0);
	assert_int_equal(sim_bpf_set(fd, ABI_BIOCSSEESENT, 0), 0);
	assert_int_equal(sim_bpf_set(fd, ABI_BIOCSHDRCMPLT, 1), 0);
	assert_int_equal(sim_bpf_attach(fd, name), 0);
	return fd;
}

static void
fill_ndrv(uint8_t address[ABI_SOCKADDR_NDRV_SIZE], const char *name)
{
	memset(address, 0, ABI_SOCKADDR_NDRV_SIZE);
	address[0] = ABI_SOCKADDR_NDRV_SIZE;
	address[1] = ABI_AF_NDRV;
	memcpy(address + ABI_SOCKADDR_NDRV_NAME_AT, name,
	    strnlen(name, ABI_IFNAMSIZ));
}

int
sim_ndrv_bind(int fd, const char *name)
{
	uint8_t address[ABI_SOCKADDR_NDRV_SIZE];

	fill_ndrv(address, name);
	return sim_errno(bind(fd, (struct sockaddr *)address,
	    sizeof(address)));
}

int
sim_ndrv_connect(int fd)
{
	uint8_t address[ABI_SOCKADDR_NDRV_SIZE];

	fill_ndrv(address, "whatever");
	return sim_errno(connect(fd, (struct sockaddr *)address,
	    sizeof(address)));
}

int
sim_ndrv_open(const char *name)
{
	int fd = socket(ABI_AF_NDRV, SOCK_RAW | SOCK_NONBLOCK, 0);

	assert_int_not_equal(fd, -1);
	assert_int_equal(sim_ndrv_bind(fd, name), 0);
	assert_int_equal(sim_ndrv_connect(fd), 0);
	return fd;
}

/* === Frames === */

void
sim_fill(uint8_t *p, size_t len, unsigned n)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = (uint8_t)(n * 31 + i * 7 + (i >> 8));
}

int
sim_send(int fd, size_t len, unsigned n)
{
	uint8_t *p = malloc(len + 1);
	ssize_t sent;
	int error;

	assert_non_null(p);
	sim_fill(p, len, n);
	sent = write(fd, p, len);
	error = sim_errno(sent);
	if (error == 0)
		assert_int_equal(sent, len);
	free(p);
	return error;
}

bool
sim_next_record(const uint8_t **pp, size_t *lenp, struct sim_record *r)
{
	const uint8_t *p = *pp;
	uint16_t hdrlen;
	size_t step;

	if (*lenp == 0)
		return false;
	assert_true(*lenp >= ABI_BPF_HDRLEN);
	memcpy(&r->caplen, p + ABI_BPF_CAPLEN_AT, sizeof(r->caplen));
	memcpy(&r->datalen, p + ABI_BPF_DATALEN_AT, sizeof(r->datalen));
	memcpy(&hdrlen, p + ABI_BPF_HDRLEN_AT, sizeof(hdrlen));
	r->hdrlen = hdrlen;
	r->frame = p + hdrlen;
	step = hdrlen + r->caplen;
	assert_true(step <= *lenp);
	/* The last one is not padded. */
	if (step < *lenp)
		step = ABI_BPF_ALIGN(step);
	assert_true(step <= *lenp);
	*pp += step;
	*lenp -= step;
	return true;
}

void
sim_expect_frame(int fd, size_t len, unsigned n)
{
	static uint8_t buf[SIM_BLEN], frame[SIM_BLEN];
	const uint8_t *p = buf;
	struct sim_record r;
	ssize_t got = read(fd, buf, sizeof(buf));
	size_t left = (size_t)got;

	assert_int_equal(sim_errno(got), 0);
	sim_fill(frame, len, n);
	assert_true(sim_next_record(&p, &left, &r));
	assert_int_equal(r.caplen, len);
	assert_int_equal(r.datalen, len);
	assert_memory_equal(r.frame, frame, len);
	assert_int_equal(left, 0);
}

void
sim_expect_no_frame(int fd, int error)
{
	uint8_t buf[SIM_BLEN];

	assert_int_equal(read(fd, buf, sizeof(buf)), -1);
	assert_int_equal(errno, error);
}

bool
sim_selects(int fd)
{
	struct timeval tv = { 0 };
	fd_set set;
	int n;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	n = select(fd + 1, &set, NULL, NULL, &tv);
	assert_int_not_equal(n, -1);
	return n == 1;
}

int
sim_polls(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int n = poll(&pfd, 1, 0);

	assert_int_not_equal(n, -1);
	assert_int_equal(n, pfd.revents != 0);
	return pfd.revents;
}
