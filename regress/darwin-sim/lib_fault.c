/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Making the n-th simulated call fail:
 *
 *	DARWIN_SIM_FAIL=N | N:ERRNO | KIND:N | KIND:N:ERRNO
 *	DARWIN_SIM_COUNT=FILE
 *
 * Calls are counted together for a process and those that it forks, and from
 * zero again after execve(2), and when the value of DARWIN_SIM_FAIL has
 * changed by the next simulated call.  FILE always has the number of calls,
 * right-aligned, and a line end.
 */

#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "regress/darwin-sim/lib.h"

#define COUNT_WIDTH	12	/* of the file's line, with its end */
#define VALUE_MAX	256

/* Shared with children. */
struct counts {
	atomic_uint all;
	atomic_uint of_kind[FAULT_COUNT];
};
static struct counts *counts;
static char *count_file;

/* What is in the environment, as it was when it was looked at. */
static char fail_value[VALUE_MAX], count_value[VALUE_MAX];
static int fail_kind;			/* -1: any */
static unsigned fail_at;		/* 0: none */
static int fail_errno;			/* 0: the call's own */

/* Each with an errno that it can have anywhere. */
static const struct {
	const char *name;
	int error;
} kinds[FAULT_COUNT] = {
	[FAULT_OPEN] = { "open", ENOMEM },
	[FAULT_SOCKET] = { "socket", ENOBUFS },
	[FAULT_IOCTL] = { "ioctl", ENXIO },
	[FAULT_BIND] = { "bind", ENXIO },
	[FAULT_CONNECT] = { "connect", ENOBUFS },
	[FAULT_SHUTDOWN] = { "shutdown", ENOTCONN },
	[FAULT_SETSOCKOPT] = { "setsockopt", ENOBUFS },
	[FAULT_GETSOCKOPT] = { "getsockopt", ENOBUFS },
	[FAULT_READ] = { "read", ENXIO },
	[FAULT_WRITE] = { "write", ENOBUFS },
	[FAULT_POLL] = { "poll", ENOMEM },
	[FAULT_KQUEUE] = { "kqueue", ENOMEM },
	[FAULT_KEVENT] = { "kevent", ENOMEM },
	[FAULT_GETIFADDRS] = { "getifaddrs", ENOMEM },
	[FAULT_SYSCTL] = { "sysctl", ENOMEM },
};

/* Those of single ioctls; of interfaces, ENXIO: it is gone. */
static const struct {
	uint32_t request;
	int error;
} ioctls[] = {
	{ ABI_SIOCIFCREATE, ENOBUFS },
	{ ABI_SIOCIFCREATE2, ENOBUFS },
	{ ABI_SIOCIFDESTROY, EOPNOTSUPP },	/* ENXIO would be a lie */
	{ ABI_SIOCIFGCLONERS, ENOMEM },
	{ ABI_BIOCSETIF, ENOBUFS },
	{ ABI_BIOCSETF, ENOBUFS },
	{ ABI_BIOCSETFNR, ENOBUFS },
	{ ABI_BIOCSBLEN, EINVAL },
	{ ABI_BIOCGDLT, EINVAL },
	{ ABI_BIOCGETIF, EINVAL },
	{ ABI_BIOCPROMISC, EINVAL },
	{ ABI_CTLIOCGINFO, ENOENT },
};

static const struct {
	const char *name;
	int error;
} errnos[] = {
#define E(name) { #name, name }
	E(EPERM), E(ENOENT), E(EINTR), E(EIO), E(ENXIO), E(EBADF), E(EAGAIN),
	E(EWOULDBLOCK), E(ENOMEM), E(EACCES), E(EBUSY), E(EEXIST), E(ENODEV),
	E(EINVAL), E(ENFILE), E(EMFILE), E(ENOTTY), E(ENOSPC), E(EPIPE),
	E(EALREADY), E(ENOTSOCK), E(EDESTADDRREQ), E(EMSGSIZE),
	E(EPROTONOSUPPORT), E(ENOTSUP), E(EOPNOTSUPP), E(EADDRINUSE),
	E(EADDRNOTAVAIL), E(ENETDOWN), E(ENOBUFS), E(EISCONN), E(ENOTCONN),
#undef E
};

static void
bad_value(void)
{
	fprintf(stderr, "libdarwinsim: DARWIN_SIM_FAIL=%s\n", fail_value);
	abort();
}

static int
find_errno(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++)
		if (strcmp(errnos[i].name, name) == 0)
			return errnos[i].error;
	bad_value();
	return 0;
}

static int
find_kind(const char *name, size_t len)
{
	int i;

	for (i = 0; i < FAULT_COUNT; i++)
		if (strlen(kinds[i].name) == len &&
		    memcmp(kinds[i].name, name, len) == 0)
			return i;
	bad_value();
	return 0;
}

static void
parse_fail(void)
{
	const char *s = fail_value, *colon = strchr(s, ':');
	char *end;

	fail_kind = -1;
	fail_errno = 0;
	fail_at = 0;
	if (s[0] == '\0')
		return;
	if (s[0] < '0' || s[0] > '9') {
		if (colon == NULL)
			bad_value();
		fail_kind = find_kind(s, (size_t)(colon - s));
		s = colon + 1;
	}
	fail_at = (unsigned)strtoul(s, &end, 10);
	if (end == s || (*end != '\0' && *end != ':'))
		bad_value();
	if (*end == ':')
		fail_errno = find_errno(end + 1);
}

/* Has the value changed?  Then it is in its place now. */
static bool
look_at(const char *name, char value[VALUE_MAX])
{
	const char *s = getenv(name);

	if (s == NULL)
		s = "";
	if (strncmp(s, value, VALUE_MAX) == 0)
		return false;
	(void)snprintf(value, VALUE_MAX, "%s", s);
	return true;
}

static void
write_count(unsigned n)
{
	char line[COUNT_WIDTH + 1];

	if (count_file == NULL)
		return;
	(void)snprintf(line, sizeof(line), "%*u\n", COUNT_WIDTH - 1, n);
	memcpy(count_file, line, COUNT_WIDTH);
}

static void
open_count_file(void)
{
	void *p;
	int fd;

	count_file = NULL;
	if (count_value[0] == '\0')
		return;
	fd = lib_next()->open(count_value, O_RDWR | O_CREAT | O_CLOEXEC,
	    0666);
	if (fd == -1)
		return;
	if (ftruncate(fd, COUNT_WIDTH) == 0 && (p = mmap(NULL, COUNT_WIDTH,
	    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) != MAP_FAILED)
		count_file = p;
	(void)lib_next()->close(fd);
	write_count(atomic_load(&counts->all));
}

/* Before anything can fork. */
static void __attribute__((constructor))
prepare(void)
{
	void *p;

	if (counts == NULL) {
		p = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			abort();
		counts = p;
	}
	if (look_at("DARWIN_SIM_FAIL", fail_value)) {
		memset(counts, 0, sizeof(*counts));
		parse_fail();
	}
	if (look_at("DARWIN_SIM_COUNT", count_value))
		open_count_file();
}

static int
own_errno(enum fault_kind kind, uint32_t request)
{
	size_t i;

	for (i = 0; kind == FAULT_IOCTL &&
	    i < sizeof(ioctls) / sizeof(ioctls[0]); i++)
		if (ioctls[i].request == request)
			return ioctls[i].error;
	return kinds[kind].error;
}

bool
lib_fails(enum fault_kind kind, uint32_t request)
{
	int saved_errno = errno;
	unsigned all, of_kind;

	prepare();
	all = atomic_fetch_add(&counts->all, 1) + 1;
	of_kind = atomic_fetch_add(&counts->of_kind[kind], 1) + 1;
	write_count(all);
	errno = saved_errno;
	if (fail_at == 0 || (fail_kind != -1 && fail_kind != (int)kind) ||
	    fail_at != (fail_kind == -1 ? all : of_kind))
		return false;
	errno = fail_errno != 0 ? fail_errno : own_errno(kind, request);
	return true;
}
