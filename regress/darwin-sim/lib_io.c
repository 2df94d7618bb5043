/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * open, read, write and their kin.  Packets of utun are in the descriptor
 * itself; an AF_NDRV socket receives nothing, and waits in it just so.
 */

#undef _FORTIFY_SOURCE

#include <sys/ioctl.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "regress/darwin-sim/lib.h"

#define DEVICE_DIR	"/dev/"

/* === Opening === */

static bool
is_device(const char *path)
{
	static const char *const names[] = { "bpf", "tap", "tun" };
	size_t i;

	if (strncmp(path, DEVICE_DIR, strlen(DEVICE_DIR)) != 0)
		return false;
	path += strlen(DEVICE_DIR);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(path, names[i], 3) == 0 &&
		    path[3 + strspn(path + 3, "0123456789")] == '\0')
			return true;
	return false;
}

static int
open_device(const char *path, int flags)
{
	struct iovec iov = { (void *)(uintptr_t)path, strlen(path) + 1 };
	struct ask a = {
		.rq.op = WIRE_OPEN, .rq.a = (uint32_t)(flags & O_ACCMODE),
		.in = &iov, .nin = 1,
	};

	if (lib_fails(FAULT_OPEN, 0))
		return -1;
	return lib_ask_fd(&a, (flags & O_CLOEXEC) != 0,
	    (flags & O_NONBLOCK) != 0);
}

static int
open_any(int dir, const char *path, int flags, mode_t mode)
{
	if (path != NULL && is_device(path))
		return open_device(path, flags);
	if (dir == AT_FDCWD)
		return lib_next()->open(path, flags, mode);
	return lib_next()->openat(dir, path, flags, mode);
}

/* The mode is there only when the flags say so. */
#define GET_MODE(flags, mode) do {					\
	va_list ap_;							\
									\
	if (((flags) & (O_CREAT | O_TMPFILE)) != 0) {			\
		va_start(ap_, flags);					\
		(mode) = (mode_t)va_arg(ap_, int);			\
		va_end(ap_);						\
	}								\
} while (0)

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	GET_MODE(flags, mode);
	return open_any(AT_FDCWD, path, flags, mode);
}

int
open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	GET_MODE(flags, mode);
	return open_any(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int
openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;

	GET_MODE(flags, mode);
	return open_any(dir, path, flags, mode);
}

int
openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;

	GET_MODE(flags, mode);
	return open_any(dir, path, flags | O_LARGEFILE, mode);
}

/* What fortified headers call when there is no mode. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);

int
__open_2(const char *path, int flags)
{
	return open_any(AT_FDCWD, path, flags, 0);
}

int
__open64_2(const char *path, int flags)
{
	return open_any(AT_FDCWD, path, flags | O_LARGEFILE, 0);
}

int
__openat_2(int dir, const char *path, int flags)
{
	return open_any(dir, path, flags, 0);
}

int
__openat64_2(int dir, const char *path, int flags)
{
	return open_any(dir, path, flags | O_LARGEFILE, 0);
}

int
close(int fd)
{
	lib_forget_descriptor(fd);
	return lib_next()->close(fd);
}

/* === Reading === */

static bool
is_native(const struct sim *s)
{
	return s->kind == WIRE_UTUN || s->kind == WIRE_NDRV;
}

static size_t
total(const struct iovec *iov, int n)
{
	size_t len = 0;
	int i;

	for (i = 0; i < n; i++)
		len += iov[i].iov_len;
	return len;
}

/*
 * Wait for the token.  Returns the flag that says how it went, or 0: look
 * again.
 */
static uint32_t
wait_for_token(const struct sim *s, unsigned timeout_ms)
{
	struct pollfd pfd = { .fd = s->fd, .events = POLLIN };
	int n, timeout = timeout_ms == 0 || timeout_ms > INT_MAX ? -1 :
	    (int)timeout_ms;

	n = lib_next()->poll(&pfd, 1, timeout);
	if (n == 0)
		return WIRE_TIMED_OUT;
	return n == -1 && errno == EINTR ? WIRE_INTERRUPTED : 0;
}

/* Returns the length, or -1. */
static ssize_t
read_device(const struct sim *s, void *buf, size_t len)
{
	struct ask a = {
		.rq.op = WIRE_READ, .rq.a = (uint32_t)len,
		.out = buf, .out_size = len,
	};
	int flags = fcntl(s->fd, F_GETFL);

	if (len > UINT32_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (flags != -1 && (flags & O_NONBLOCK) != 0)
		a.rq.flags = WIRE_NONBLOCK;
	while (lib_ask(&a, s) == -1) {
		if (errno != EWOULDBLOCK || (a.reply.flags & WIRE_WAIT) == 0)
			return -1;
		a.rq.flags = wait_for_token(s, a.reply.value);
	}
	return (ssize_t)a.reply.len;
}

static void
scatter(const struct iovec *iov, int n, const char *p, size_t len)
{
	size_t part;
	int i;

	for (i = 0; i < n && len > 0; i++) {
		part = iov[i].iov_len < len ? iov[i].iov_len : len;
		memcpy(iov[i].iov_base, p, part);
		p += part;
		len -= part;
	}
}

ssize_t
lib_readv(const struct sim *s, const struct iovec *iov, int n)
{
	size_t len = total(iov, n);
	ssize_t got;
	char *buf;

	if (lib_fails(FAULT_READ, 0))
		return -1;
	if (is_native(s))
		return lib_next()->readv(s->fd, iov, n);
	if (n == 1)
		return read_device(s, iov[0].iov_base, len);
	if ((buf = malloc(len + 1)) == NULL)
		return -1;
	if ((got = read_device(s, buf, len)) > 0)
		scatter(iov, n, buf, (size_t)got);
	free(buf);
	return got;
}

ssize_t
read(int fd, void *buf, size_t len)
{
	struct iovec iov = { buf, len };
	struct sim s;

	if (lib_recognise(fd, &s))
		return lib_readv(&s, &iov, 1);
	return lib_next()->read(fd, buf, len);
}

ssize_t
readv(int fd, const struct iovec *iov, int n)
{
	struct sim s;

	if (n > 0 && lib_recognise(fd, &s))
		return lib_readv(&s, iov, n);
	return lib_next()->readv(fd, iov, n);
}

ssize_t __read_chk(int fd, void *buf, size_t len, size_t room);

ssize_t
__read_chk(int fd, void *buf, size_t len, size_t room)
{
	if (len > room)
		abort();
	return read(fd, buf, len);
}

/* === Writing === */

ssize_t
lib_writev(const struct sim *s, const struct iovec *iov, int n,
    unsigned flags)
{
	struct ask a = {
		.rq.op = WIRE_WRITE, .rq.flags = flags, .in = iov, .nin = n,
	};

	if (lib_fails(FAULT_WRITE, 0))
		return -1;
	if (s->kind == WIRE_UTUN)
		return lib_next()->writev(s->fd, iov, n);
	if (lib_ask(&a, s) == -1)
		return -1;
	return (ssize_t)a.reply.value;
}

ssize_t
write(int fd, const void *buf, size_t len)
{
	struct iovec iov = { (void *)(uintptr_t)buf, len };
	struct sim s;

	if (lib_recognise(fd, &s))
		return lib_writev(&s, &iov, 1, 0);
	return lib_next()->write(fd, buf, len);
}

ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	struct sim s;

	if (n > 0 && lib_recognise(fd, &s))
		return lib_writev(&s, iov, n, 0);
	return lib_next()->writev(fd, iov, n);
}
