/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What the programs share: see platform.h.
 *
 * An interface is written down with all signals blocked in the moment in
 * which it is made, so that whatever ends the program, its handler or
 * atexit(3) destroys all that was made and nothing else.  The handler makes
 * no calls but ioctl(2) and _exit(2).  A clock ends a program that hangs.
 */

#include "doc/platform/darwin/platform.h"

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysctl.h>

#include <net/if_dl.h>

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "openbsd-compat/darwin-net.h"

#define SECONDS_MAX	60	/* of a program; each needs less than two */
#define MADE_MAX	16

#define STATUS_SKIPPED	77

static const char *program;
static int differences;
static int control = -1;	/* the socket that carries ioctls */
static pid_t owner;

static struct {
	char name[PLATFORM_NAME_SIZE];
	volatile sig_atomic_t is_there;
} made[MADE_MAX];
static volatile sig_atomic_t made_count;

/* === Rows === */

static const char *
error_name(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{ 0, "success" }, { EPERM, "EPERM" }, { ENOENT, "ENOENT" },
		{ EINTR, "EINTR" }, { EIO, "EIO" }, { ENXIO, "ENXIO" },
		{ EBADF, "EBADF" }, { ENOMEM, "ENOMEM" },
		{ EACCES, "EACCES" }, { EBUSY, "EBUSY" },
		{ EEXIST, "EEXIST" }, { ENODEV, "ENODEV" },
		{ EINVAL, "EINVAL" }, { ENOTTY, "ENOTTY" },
		{ ENOSPC, "ENOSPC" }, { EPIPE, "EPIPE" },
		{ EAGAIN, "EAGAIN" }, { EALREADY, "EALREADY" },
		{ EDESTADDRREQ, "EDESTADDRREQ" }, { EMSGSIZE, "EMSGSIZE" },
		{ ENOTSUP, "ENOTSUP" }, { EADDRINUSE, "EADDRINUSE" },
		{ EADDRNOTAVAIL, "EADDRNOTAVAIL" }, { ENETDOWN, "ENETDOWN" },
		{ ENOBUFS, "ENOBUFS" }, { EISCONN, "EISCONN" },
		{ ENOTCONN, "ENOTCONN" }, { ETIMEDOUT, "ETIMEDOUT" },
		{ ENOSYS, "ENOSYS" }, { ESRCH, "ESRCH" },
	};
	static char number[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].error == error)
			return names[i].name;
	(void)snprintf(number, sizeof(number), "errno %d", error);
	return number;
}

static void
row(const char *what, const char *expected, const char *seen,
    const char *verdict)
{
	printf("%-18s %-40s expected %-18s seen %-18s %s\n", program, what,
	    expected, seen, verdict);
	(void)fflush(stdout);
}

static void
judge(const char *what, const char *expected, const char *seen, bool is_same)
{
	row(what, expected, seen, is_same ? "ok" : "differs");
	if (!is_same)
		differences++;
}

void
check_errno(const char *what, int expected, long result)
{
	check_either(what, expected, expected, result);
}

void
check_either(const char *what, int one, int other, long result)
{
	int seen = result == -1 ? errno : 0;
	char text[64], seen_text[64];

	(void)snprintf(text, sizeof(text), "%s", error_name(one));
	if (other != one)
		(void)snprintf(text + strlen(text),
		    sizeof(text) - strlen(text), " or %s", error_name(other));
	(void)snprintf(seen_text, sizeof(seen_text), "%s", error_name(seen));
	judge(what, text, seen_text, seen == one || seen == other);
}

void
check_number(const char *what, long expected, long seen)
{
	char text[32], seen_text[32];

	(void)snprintf(text, sizeof(text), "%ld", expected);
	(void)snprintf(seen_text, sizeof(seen_text), "%ld", seen);
	judge(what, text, seen_text, expected == seen);
}

void
check_length(const char *what, long expected, long result)
{
	char text[32];

	if (result != -1) {
		check_number(what, expected, result);
		return;
	}
	(void)snprintf(text, sizeof(text), "%ld", expected);
	judge(what, text, error_name(errno), false);
}

void
check_flags(const char *what, unsigned expected, unsigned seen)
{
	char text[32], seen_text[32];

	(void)snprintf(text, sizeof(text), "0x%x", expected);
	(void)snprintf(seen_text, sizeof(seen_text), "0x%x", seen);
	judge(what, text, seen_text, expected == seen);
}

void
check_text(const char *what, const char *expected, const char *seen)
{
	judge(what, *expected == '\0' ? "none" : expected,
	    *seen == '\0' ? "none" : seen, strcmp(expected, seen) == 0);
}

static void
put_lladdr(char out[18], const uint8_t a[6])
{
	(void)snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1],
	    a[2], a[3], a[4], a[5]);
}

void
check_lladdr(const char *what, const uint8_t expected[6],
    const uint8_t seen[6])
{
	char text[18], seen_text[18];

	put_lladdr(text, expected);
	put_lladdr(seen_text, seen);
	check_text(what, text, seen_text);
}

void
check_yes(const char *what, bool seen)
{
	judge(what, "yes", seen ? "yes" : "no", seen);
}

void
check_tell(const char *what, const char *fmt, ...)
{
	char text[64];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	row(what, "anything", text, "ok");
}

void
check_skip(const char *what, const char *reason)
{
	printf("%-18s %-40s skipped: %s\n", program, what, reason);
	(void)fflush(stdout);
}

void
must(const char *what, long result)
{
	if (result != -1)
		return;
	check_errno(what, 0, result);
	exit(1);
}

/* === Beginning and end === */

static int
request_name(unsigned long request, const char *name)
{
	struct darwin_ifreq ifr = { .ifr_name = "" };

	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	return ioctl(control, request, &ifr);
}

/* A child has made nothing: what it inherits is its parent's. */
static void
destroy_made(void)
{
	if (getpid() != owner)
		return;
	for (int i = made_count - 1; i >= 0; i--) {
		if (made[i].is_there)
			(void)request_name(DARWIN_SIOCIFDESTROY, made[i].name);
		made[i].is_there = 0;
	}
}

static void
end_by_signal(int number)
{
	static const char hung[] = "the program hangs: ended\n";

	if (number == SIGALRM)
		(void)!write(STDERR_FILENO, hung, sizeof(hung) - 1);
	destroy_made();
	_exit(128 + number);
}

static void
catch_signals(void)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
	    SIGPIPE, SIGALRM, SIGABRT, SIGSEGV, SIGBUS };
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = end_by_signal;
	(void)sigfillset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)sigaction(numbers[i], &sa, NULL);
	(void)alarm(SECONDS_MAX);
}

static void
skip_all(const char *reason)
{
	check_skip("all of it", reason);
	exit(STATUS_SKIPPED);
}

/*
 * Only Darwin knows its request for flags, and says ENXIO for a name that
 * does not exist; only root is told that there is no such cloner.
 */
void
check_begin(const char *name)
{
	program = name;
	owner = getpid();
	control = socket(AF_INET, SOCK_DGRAM, 0);
	must("a socket for ioctls", control);
	(void)fcntl(control, F_SETFD, FD_CLOEXEC);
	if (request_name(DARWIN_SIOCGIFFLAGS, "platform0") == -1 &&
	    errno != ENXIO)
		skip_all("this is not macOS");
	if (request_name(DARWIN_SIOCIFCREATE, "platform0") == -1 &&
	    errno == EPERM)
		skip_all("only root can make interfaces");
	(void)atexit(destroy_made);
	catch_signals();
}

int
check_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		(void)alarm(SECONDS_MAX);
	must("fork", pid);
	return (int)pid;
}

int
check_end(void)
{
	return differences == 0 ? 0 : 1;
}

/* === Interfaces === */

int
feth_create(const char *name)
{
	sigset_t all, before;
	int r, saved_errno;

	if (made_count == MADE_MAX) {
		errno = ENOSPC;
		return -1;
	}
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	r = request_name(DARWIN_SIOCIFCREATE, name);
	saved_errno = errno;
	if (r == 0) {
		(void)snprintf(made[made_count].name,
		    sizeof(made[made_count].name), "%s", name);
		made[made_count].is_there = 1;
		made_count++;
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved_errno;
	return r;
}

/*
 * EEXIST: somebody's.  EBUSY: the one of the program that ran before is still
 * being destroyed.
 */
void
feth_new(char name[PLATFORM_NAME_SIZE])
{
	static int unit = PLATFORM_UNIT_FIRST;
	int r = -1;

	errno = EBUSY;
	while (r == -1 && unit <= PLATFORM_UNIT_LAST &&
	    (errno == EEXIST || errno == EBUSY)) {
		(void)snprintf(name, PLATFORM_NAME_SIZE, "feth%d", unit++);
		r = feth_create(name);
	}
	must("make an interface", r);
}

int
feth_destroy(const char *name)
{
	for (int i = made_count - 1; i >= 0; i--)
		if (strcmp(made[i].name, name) == 0) {
			int r = request_name(DARWIN_SIOCIFDESTROY, name);

			if (r == 0 || errno == ENXIO)
				made[i].is_there = 0;
			return r;
		}
	errno = EPERM;
	return -1;
}

static int
peer_request(unsigned long request, uint64_t command, const char *name,
    struct darwin_if_fake_request *rq)
{
	struct darwin_ifdrv drv = {
		.ifd_cmd = command,
		.ifd_len = sizeof(*rq),
		.ifd_data = rq,
	};

	(void)snprintf(drv.ifd_name, sizeof(drv.ifd_name), "%s", name);
	return ioctl(control, request, &drv);
}

int
feth_set_peer(const char *name, const char *peer)
{
	struct darwin_if_fake_request rq;

	memset(&rq, 0, sizeof(rq));
	(void)snprintf(rq.u.peer_name, sizeof(rq.u.peer_name), "%s",
	    peer);
	return peer_request(DARWIN_SIOCSDRVSPEC,
	    DARWIN_IF_FAKE_S_CMD_SET_PEER, name, &rq);
}

int
feth_get_peer(const char *name, char *peerp)
{
	struct darwin_if_fake_request rq;
	int r;

	memset(&rq, 0, sizeof(rq));
	r = peer_request(DARWIN_SIOCGDRVSPEC, DARWIN_IF_FAKE_G_CMD_GET_PEER,
	    name, &rq);
	(void)snprintf(peerp, PLATFORM_NAME_SIZE, "%.*s",
	    PLATFORM_NAME_SIZE - 1, rq.u.peer_name);
	return r;
}

void
pair_make(struct pair *pair)
{
	feth_new(pair->p);
	feth_new(pair->q);
	must("make a pair of two", feth_set_peer(pair->p, pair->q));
	must("bring the primary up", interface_set_up(pair->p, true));
	must("bring the peer up", interface_set_up(pair->q, true));
}

static int
request_value(unsigned long request, const char *name,
    struct darwin_ifreq *ifr)
{
	(void)snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", name);
	return ioctl(control, request, ifr);
}

int
interface_flags(const char *name)
{
	struct darwin_ifreq ifr = { .ifr_name = "" };

	if (request_value(DARWIN_SIOCGIFFLAGS, name, &ifr) == -1)
		return -1;
	return (uint16_t)ifr.u.flags;
}

int
interface_mtu(const char *name)
{
	struct darwin_ifreq ifr = { .ifr_name = "" };

	if (request_value(DARWIN_SIOCGIFMTU, name, &ifr) == -1)
		return -1;
	return ifr.u.mtu;
}

int
interface_mtu_max(const char *name)
{
	struct darwin_ifreq ifr = { .ifr_name = "" };

	if (request_value(DARWIN_SIOCGIFDEVMTU, name, &ifr) == -1)
		return -1;
	return ifr.u.devmtu.ifdm_max;
}

/* The kernel does not say when: ask until it has happened. */
int
interface_wait_gone(const char *name)
{
	struct timespec step = { .tv_nsec = 10000000 };

	for (int i = 0; i < PLATFORM_WAIT * 100; i++) {
		if (interface_flags(name) == -1)
			return -1;
		(void)nanosleep(&step, NULL);
	}
	return 0;
}

/* bsd/net/if.h, struct ifmediareq, LP64: its pointer is not aligned. */
struct media_request {
	char ifm_name[DARWIN_IFNAMSIZ];
	int32_t ifm_current, ifm_mask, ifm_status, ifm_active, ifm_count;
	uint32_t ifm_ulist[2];
};
#define SIOCGIFMEDIA_LP64	0xc02c6938U
static_assert(sizeof(struct media_request) == 44, "struct ifmediareq");

int
interface_media(const char *name)
{
	struct media_request rq;

	memset(&rq, 0, sizeof(rq));
	(void)snprintf(rq.ifm_name, sizeof(rq.ifm_name), "%s", name);
	if (ioctl(control, SIOCGIFMEDIA_LP64, &rq) == -1)
		return -1;
	return rq.ifm_status;
}

int
interface_set_up(const char *name, bool up)
{
	struct darwin_ifreq ifr = { .ifr_name = "" };

	if (request_value(DARWIN_SIOCGIFFLAGS, name, &ifr) == -1)
		return -1;
	if (up)
		ifr.u.flags |= DARWIN_IFF_UP;
	else
		ifr.u.flags &= ~DARWIN_IFF_UP;
	return ioctl(control, DARWIN_SIOCSIFFLAGS, &ifr);
}

int
interface_set_mtu(const char *name, int mtu)
{
	struct darwin_ifreq ifr = { .u = { .mtu = mtu } };

	return request_value(DARWIN_SIOCSIFMTU, name, &ifr);
}

int
interface_set_lladdr(const char *name, const uint8_t *addr, uint8_t len)
{
	struct darwin_ifreq ifr = { .ifr_name = "" };

	ifr.u.addr.sa_len = len;
	ifr.u.addr.sa_family = DARWIN_AF_LINK;
	memcpy(ifr.u.addr.sa_data, addr, len);
	return request_value(DARWIN_SIOCSIFLLADDR, name, &ifr);
}

int
interface_lladdr(const char *name, uint8_t addr[6])
{
	struct ifaddrs *all, *ifa;
	const struct sockaddr_dl *sdl;
	int r = -1;

	if (getifaddrs(&all) == -1)
		return -1;
	errno = ENXIO;
	for (ifa = all; ifa != NULL; ifa = ifa->ifa_next) {
		sdl = (const struct sockaddr_dl *)(const void *)ifa->ifa_addr;
		if (sdl == NULL || strcmp(ifa->ifa_name, name) != 0 ||
		    sdl->sdl_family != DARWIN_AF_LINK || sdl->sdl_alen != 6)
			continue;
		/* LLADDR is not for what is const. */
		memcpy(addr, sdl->sdl_data + sdl->sdl_nlen, 6);
		r = 0;
	}
	freeifaddrs(all);
	return r;
}

int
setting(const char *name, int *valuep)
{
	size_t size = sizeof(*valuep);

	return sysctlbyname(name, valuep, &size, NULL, 0);
}

/* === utun === */

int
utun_open(unsigned unit)
{
	int fd = socket(DARWIN_AF_SYSTEM, SOCK_DGRAM, DARWIN_SYSPROTO_CONTROL);
	struct darwin_sockaddr_ctl sc;
	struct darwin_ctl_info info;
	int saved_errno;

	must("a socket for kernel controls", fd);
	memset(&info, 0, sizeof(info));
	(void)snprintf(info.ctl_name, sizeof(info.ctl_name), "%s",
	    DARWIN_UTUN_CONTROL_NAME);
	must("CTLIOCGINFO", ioctl(fd, DARWIN_CTLIOCGINFO, &info));
	memset(&sc, 0, sizeof(sc));
	sc.sc_len = sizeof(sc);
	sc.sc_family = DARWIN_AF_SYSTEM;
	sc.ss_sysaddr = DARWIN_AF_SYS_CONTROL;
	sc.sc_id = info.ctl_id;
	sc.sc_unit = unit;
	if (connect(fd, (struct sockaddr *)(void *)&sc, sizeof(sc)) == 0)
		return fd;
	saved_errno = errno;
	(void)close(fd);
	errno = saved_errno;
	return -1;
}

void
utun_name(int fd, char name[PLATFORM_NAME_SIZE])
{
	socklen_t len = PLATFORM_NAME_SIZE;

	memset(name, 0, PLATFORM_NAME_SIZE);
	must("UTUN_OPT_IFNAME", getsockopt(fd, DARWIN_SYSPROTO_CONTROL,
	    DARWIN_UTUN_OPT_IFNAME, name, &len));
	name[PLATFORM_NAME_SIZE - 1] = '\0';
}
