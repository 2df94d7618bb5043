/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * ioctl: Darwin's numbers say how long the argument is and which way it goes.
 * What an argument points to is carried behind it.
 */

#include <sys/ioctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "regress/darwin-sim/lib.h"

#define BEHIND_MAX	65536

/* Those that any socket carries. */
static bool
is_for_interfaces(uint32_t request)
{
	static const uint32_t requests[] = {
		ABI_SIOCSIFFLAGS, ABI_SIOCGIFFLAGS, ABI_SIOCGIFMTU,
		ABI_SIOCSIFMTU, ABI_SIOCGIFMEDIA, ABI_SIOCSIFLLADDR,
		ABI_SIOCGIFDEVMTU, ABI_SIOCPROTOATTACH, ABI_SIOCIFCREATE,
		ABI_SIOCIFDESTROY, ABI_SIOCIFCREATE2, ABI_SIOCSDRVSPEC,
		ABI_SIOCGDRVSPEC, ABI_SIOCIFGCLONERS
	};
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (requests[i] == request)
			return true;
	return false;
}

/* Where an argument points, and how many bytes of that matter. */
struct behind {
	char *p;
	size_t len;
	bool is_in, is_out;
};

static void
read_pointer(const char *arg, size_t at, uint64_t len, struct behind *b)
{
	memcpy(&b->p, arg + at, sizeof(b->p));
	b->len = len > BEHIND_MAX ? BEHIND_MAX : (size_t)len;
	if (b->p == NULL)
		b->len = 0;
}

static void
find_behind(uint32_t request, const char *arg, struct behind *b)
{
	uint64_t len = 0;

	memset(b, 0, sizeof(*b));
	switch (request) {
	case ABI_BIOCSETF:
	case ABI_BIOCSETFNR:
		memcpy(&len, arg, sizeof(uint32_t));
		read_pointer(arg, ABI_BPF_PROGRAM_PTR_AT,
		    len * ABI_BPF_INSN_SIZE, b);
		b->is_in = true;
		break;
	case ABI_SIOCSDRVSPEC:
	case ABI_SIOCGDRVSPEC:
		memcpy(&len, arg + ABI_IFDRV_LEN_AT, sizeof(len));
		read_pointer(arg, ABI_IFDRV_DATA_AT, len, b);
		b->is_in = true;
		b->is_out = request == ABI_SIOCGDRVSPEC;
		break;
	case ABI_SIOCIFGCLONERS:
		memcpy(&len, arg + ABI_CLONEREQ_COUNT_AT, sizeof(uint32_t));
		read_pointer(arg, ABI_CLONEREQ_BUFFER_AT,
		    len * ABI_IFNAMSIZ, b);
		b->is_out = true;
		break;
	}
}

static int
run(const struct sim *s, uint32_t request, char *arg)
{
	/* Longer than any argument. */
	static const char zero[ABI_IOC_LEN(0x1fff0000u)];
	char out[sizeof(zero) + BEHIND_MAX];
	size_t len = ABI_IOC_LEN(request);
	struct iovec iov[2] = { { (void *)(uintptr_t)zero, len }, { 0 } };
	struct ask a = {
		.rq.op = WIRE_IOCTL, .rq.a = request, .in = iov, .nin = 1,
		.out = out, .out_size = sizeof(out),
	};
	struct behind b = { 0 };

	if ((request & (ABI_IOC_IN | ABI_IOC_OUT)) != 0 && arg == NULL) {
		errno = EFAULT;
		return -1;
	}
	if ((request & ABI_IOC_IN) != 0) {
		iov[0].iov_base = arg;
		find_behind(request, arg, &b);
	}
	if (b.is_in) {
		iov[1].iov_base = b.p;
		iov[1].iov_len = b.len;
		a.nin = 2;
	}
	if (lib_ask(&a, s) == -1)
		return -1;
	if ((request & ABI_IOC_OUT) != 0 && a.reply.len >= len) {
		memcpy(arg, out, len);
		if (b.is_out && a.reply.len - len < b.len)
			b.len = a.reply.len - len;
		if (b.is_out)
			memcpy(b.p, out + len, b.len);
	}
	return 0;
}

static int
set_nonblock(int fd, const int *on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1)
		return -1;
	flags = *on != 0 ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags);
}

/* The descriptor that carries an ioctl must be a socket. */
static bool
is_socket(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return false;
	if (!S_ISSOCK(st.st_mode))
		errno = ENOTTY;
	return S_ISSOCK(st.st_mode);
}

int
ioctl(int fd, unsigned long request, ...)
{
	/* Some have passed it as an int. */
	uint32_t number = (uint32_t)request;
	struct sim s;
	va_list ap;
	void *arg;
	bool is_sim = lib_recognise(fd, &s);

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (!is_sim && !is_for_interfaces(number) &&
	    number != ABI_CTLIOCGINFO)
		return lib_next()->ioctl(fd, request, arg);
	if (!is_sim && !is_socket(fd))
		return -1;
	if (lib_fails(FAULT_IOCTL, number))
		return -1;
	if (is_sim && (number == ABI_FIONBIO || number == FIONBIO))
		return set_nonblock(fd, arg);
	return run(is_sim ? &s : NULL, number, arg);
}
