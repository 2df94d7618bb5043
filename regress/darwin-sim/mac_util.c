/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "regress/darwin-sim/mac_util.h"

#include <setjmp.h>
#include <stdarg.h>

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "openbsd-compat/bpf-batch.h"
#include "openbsd-compat/darwin-if.h"
#include "regress/darwin-sim/abi.h"
#include "tun/tap_admin.h"

#define HOST_READ_SIZE	65536

static char base[] = "/tmp/darwin-sim.XXXXXX";
static char registry[sizeof(base) + 16];

/* === A Mac === */

static void
remove_files(const char *dir)
{
	const struct dirent *de;
	char path[PATH_MAX];
	DIR *d = opendir(dir);

	while (d != NULL && (de = readdir(d)) != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, de->d_name);
		(void)unlink(path);
	}
	if (d != NULL)
		(void)closedir(d);
	(void)rmdir(dir);
}

void
mac_boot(const char *options)
{
	memcpy(base + sizeof(base) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(base));
	/* Other users may look, too. */
	assert_int_equal(chmod(base, 0755), 0);
	(void)snprintf(registry, sizeof(registry), "%s/registry", base);
	assert_int_equal(setenv("DARWIN_SIM_REGISTRY", registry, 1), 0);
	mac_start(options);
}

void
mac_halt(void)
{
	mac_fail(NULL);
	mac_stop();
	remove_files(registry);
	remove_files(base);
}

int
mac_set_up(void **state)
{
	(void)state;
	mac_boot("");
	return 0;
}

int
mac_tear_down(void **state)
{
	(void)state;
	mac_halt();
	return 0;
}

/* === What there is === */

struct text {
	char *p;
	size_t left;
};

static int
add_line(void *ctx, const char *name, const char *peer)
{
	uint8_t a[DARWIN_LLADDR_LEN] = { 0 };
	struct text *t = ctx;
	unsigned mtu = 0;
	int n;

	assert_int_equal(darwin_interface_lladdr(name, a), 0);
	assert_int_equal(darwin_interface_mtu(name, &mtu, NULL), 0);
	n = snprintf(t->p, t->left,
	    "%s peer %s %02x%02x%02x%02x%02x%02x mtu %u up %d\n", name, peer,
	    a[0], a[1], a[2], a[3], a[4], a[5], mtu,
	    darwin_interface_is_up(name));
	assert_true(n > 0 && (size_t)n < t->left);
	t->p += n;
	t->left -= (size_t)n;
	return 0;
}

const char *
mac_text(char out[MAC_TEXT_MAX])
{
	struct text t = { .p = out, .left = MAC_TEXT_MAX };

	out[0] = '\0';
	assert_int_equal(darwin_feth_each(add_line, &t), 0);
	return out;
}

unsigned
mac_count_entries(void)
{
	const struct dirent *de;
	DIR *d = opendir(registry);
	unsigned n = 0;

	while (d != NULL && (de = readdir(d)) != NULL)
		n += de->d_name[0] != '.' && strchr(de->d_name, '.') == NULL;
	if (d != NULL)
		(void)closedir(d);
	return n;
}

const char *
mac_registry(void)
{
	return registry;
}

void
mac_assert_clean(void)
{
	char out[MAC_TEXT_MAX];

	assert_string_equal(mac_text(out), "");
	assert_int_equal(mac_count_entries(), 0);
}

void
mac_make_foreign(const char *name, const char *peer)
{
	other_create(name);
	other_create(peer);
	other_peer(name, peer);
	other_up(name);
}

/* === The host === */

static void
set_u32(int fd, unsigned long rq, uint32_t value)
{
	assert_int_equal(ioctl(fd, rq, &value), 0);
}

static void
open_bpf(const char *name, struct darwin_device *host)
{
	struct darwin_ifreq ifr;
	char path[32];
	uint32_t size;
	int i = 0;

	do {
		(void)snprintf(path, sizeof(path), "/dev/bpf%d", i++);
		host->rfd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	} while (host->rfd == -1 && errno == EBUSY);
	assert_true(host->rfd >= 0);
	set_u32(host->rfd, ABI_BIOCSBLEN, HOST_READ_SIZE);
	set_u32(host->rfd, ABI_BIOCIMMEDIATE, 1);
	set_u32(host->rfd, ABI_BIOCSSEESENT, 0);
	darwin_ifreq_init(&ifr, name);
	assert_int_equal(ioctl(host->rfd, ABI_BIOCSETIF, &ifr), 0);
	assert_int_equal(ioctl(host->rfd, ABI_BIOCGBLEN, &size), 0);
	host->read_size = size;
}

/* What is written to an interface like that, the host has sent there. */
void
mac_host_open(const char *name, struct darwin_device *host)
{
	struct darwin_sockaddr_ndrv sn = { .snd_len = sizeof(sn),
	    .snd_family = ABI_AF_NDRV };
	const struct sockaddr *sa = (const void *)&sn;

	*host = (struct darwin_device){ .write_max = ABI_NDRV_SNDBUF };
	open_bpf(name, host);
	memcpy(sn.snd_name, name, strlen(name));
	host->wfd = socket(ABI_AF_NDRV, SOCK_RAW, 0);
	assert_true(host->wfd >= 0);
	assert_int_equal(bind(host->wfd, sa, sizeof(sn)), 0);
	assert_int_equal(connect(host->wfd, sa, sizeof(sn)), 0);
}

void
mac_host_close(struct darwin_device *host)
{
	darwin_close(host->rfd);
	darwin_close(host->wfd);
}

void
mac_host_send(const struct darwin_device *host, const uint8_t *frame,
    size_t len)
{
	assert_int_equal(darwin_write(host, frame, len), 0);
}

size_t
mac_host_receive(const struct darwin_device *host, uint8_t *frame,
    size_t size)
{
	struct bpf_batch b = { .next = NULL };
	uint8_t *buf = malloc(host->read_size), *p;
	size_t len = 0;
	long n;

	assert_non_null(buf);
	n = darwin_read(host, buf);
	assert_true(n > 0);
	bpf_batch_start(&b, buf, (size_t)n);
	p = bpf_batch_next(&b, &len);
	assert_non_null(p);
	assert_true(len <= size);
	memcpy(frame, p, len);
	assert_null(bpf_batch_next(&b, &len));
	assert_int_equal(b.dropped, 0);
	free(buf);
	return len;
}

/* === Processes === */

pid_t
mac_fork(int (*fn)(void *ctx), void *ctx)
{
	char answer = 'n';
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	if ((pid = fork()) == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		answer = fn(ctx) == 0 ? 'y' : 'n';
		if (write(fds[1], &answer, 1) == 1)
			for (;;)
				(void)pause();
		_exit(1);
	}
	assert_true(pid > 0);
	(void)close(fds[1]);
	assert_int_equal(read(fds[0], &answer, 1), 1);
	(void)close(fds[0]);
	assert_int_equal(answer, 'y');
	return pid;
}

void
mac_kill(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* === Devices of ours === */

struct tap_request
mac_request(int unit)
{
	return (struct tap_request){ .unit = unit, .mode = TAP_ETHERNET,
	    .up = true };
}

struct tap *
mac_open(int unit)
{
	struct tap_request rq = mac_request(unit);
	struct tap_fault fault = { .step = TAP_STEP_NONE };
	char text[TAP_FAULT_TEXT_MAX];
	struct tap *t = NULL;

	if (tap_open(&rq, &t, &fault) != 0)
		fail_msg("%s", tap_fault_text(&fault, text, sizeof(text)));
	return t;
}

void
mac_make_kept(int unit)
{
	struct tap_request rq = mac_request(unit);
	struct tap_fault fault;
	struct tap_info info;

	assert_int_equal(tap_create(&rq, (uid_t)-1, &info, &fault), 0);
}

static int
open_in_child(void *ctx)
{
	struct tap_request rq = mac_request(*(int *)ctx);
	struct tap_fault fault;
	struct tap *t;

	return tap_open(&rq, &t, &fault);
}

pid_t
mac_make_dead(int unit)
{
	pid_t pid = mac_fork(open_in_child, &unit);

	mac_kill(pid);
	return pid;
}
