/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * seccomp: a filter that lets a few system calls through and ends the process
 * at any other.
 *
 * Which ones is said where they are made, in comments: "syscalls" behind a
 * number sign, ":network" or ":checker" if only that role makes them, and
 * names to the end of the line.  tools/make-seccomp collects them into
 * seccomp_calls.h.  What no source of ours says is noted here:
 *
 * Whoever enters has something to read and somebody to answer:
 * #syscalls read write close
 * It may tune the socket of its client:
 * #syscalls:network getsockopt setsockopt
 * It returns from the handler of a signal and goes on where it was stopped:
 * #syscalls rt_sigreturn restart_syscall
 * malloc(3), of any C library, and zlib by it:
 * #syscalls brk mmap munmap mremap mprotect madvise
 * Locks and counters of libcrypto, and its random numbers, which look whether
 * the process has forked:
 * #syscalls futex getrandom getpid
 * Clocks, where the kernel does not answer without a call:
 * #syscalls clock_gettime gettimeofday time
 * stderr of musl, and of glibc when it reports a smashed stack:
 * #syscalls writev
 * abort(3), so that an assertion that failed is seen as one; musl's has tkill:
 * #syscalls rt_sigprocmask gettid tgkill tkill
 * The end:
 * #syscalls exit exit_group
 *
 * Names that a processor does not have are left out there.  Nothing opens a
 * file: a library that tries has not been prepared as sandbox.h wants it.
 *
 * What a call is given is looked at when it is a number; behind a pointer a
 * filter sees nothing.  The kernel takes the numbers below as 32 bits, so the
 * other half, which it ignores, must not be compared.
 *
 * Reference: Documentation/userspace-api/seccomp_filter.rst in the Linux
 * source.
 */

#include "config.h"

#include "sandbox/sandbox_impl.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"

/*
 * Processors whose system calls are one table of plain numbers, and whose
 * mmap has its arguments in registers.  All have the lower half of an
 * argument first.
 */
#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCH		AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__LP64__) && defined(__AARCH64EL__)
#define ARCH		AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64 && defined(AUDIT_ARCH_RISCV64)
#define ARCH		AUDIT_ARCH_RISCV64
#elif defined(__loongarch_lp64) && defined(AUDIT_ARCH_LOONGARCH64)
#define ARCH		AUDIT_ARCH_LOONGARCH64
#endif

/* An older kernel ends the thread instead, and there is only one. */
#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS	0x80000000u
#endif

#if defined(WITH_SANITIZERS) || !defined(ARCH)

/* May, and must not: what it might before. */
int
sandbox_forbid_calls(const struct sandbox_config *c,
    struct sandbox_report *rp)
{
	(void)c;
#ifdef WITH_SANITIZERS
	sandbox_note(rp, 0, "no seccomp: built with sanitizers");
#else
	sandbox_note(rp, 0, "no seccomp: not written for this processor");
#endif
	return 0;
}

#else

#define FILTER_MAX	512	/* instructions; of a call at most 255 */

#define SANDBOX_NETWORK_BIT	(1u << SANDBOX_NETWORK)
#define SANDBOX_CHECKER_BIT	(1u << SANDBOX_CHECKER)

struct call {
	uint32_t nr;
	uint32_t roles;
};

#define SECCOMP_CALL(name, role_bits)	{ __NR_##name, (role_bits) },

static const struct call calls[] = {
#include "sandbox/seccomp_calls.h"
};

/* (arg & mask) == value; a mask of 0 is fulfilled. */
struct condition {
	uint8_t arg;
	uint32_t mask, value;
};

#define WHOLE(arg, value)	{ (arg), UINT32_MAX, (uint32_t)(value) }
#define NONE_OF(arg, bits)	{ (arg), (bits), 0 }
#define ALL_OF(arg, bits)	{ (arg), (bits), (bits) }

/*
 * A call with rows here is let through when both conditions of one of them
 * are fulfilled.
 */
struct rule {
	uint32_t nr;
	struct condition both[2];
};

#define OPTION(call, level, name) \
	{ __NR_##call##sockopt, { WHOLE(1, (level)), WHOLE(2, (name)) } }

static const struct rule rules[] = {
	/* Memory is never a program, nor a file. */
	{ __NR_mmap, { NONE_OF(2, PROT_EXEC), ALL_OF(3, MAP_ANONYMOUS) } },
	{ __NR_mprotect, { NONE_OF(2, PROT_EXEC) } },
	/* No copy, no owner, no lease, no seal. */
	{ __NR_fcntl, { WHOLE(1, F_GETFD) } },
	{ __NR_fcntl, { WHOLE(1, F_SETFD) } },
	{ __NR_fcntl, { WHOLE(1, F_GETFL) } },
	{ __NR_fcntl, { WHOLE(1, F_SETFL) } },
	/* How much waits in a socket; nothing else a device can do. */
	{ __NR_ioctl, { WHOLE(1, FIONREAD) } },
	{ __NR_ioctl, { WHOLE(1, SIOCOUTQ) } },
	OPTION(get, SOL_SOCKET, SO_ERROR),
	OPTION(get, SOL_SOCKET, SO_TYPE),
	OPTION(get, SOL_SOCKET, SO_RCVBUF),
	OPTION(get, SOL_SOCKET, SO_SNDBUF),
	OPTION(get, IPPROTO_TCP, TCP_INFO),
	OPTION(set, SOL_SOCKET, SO_KEEPALIVE),
	OPTION(set, SOL_SOCKET, SO_RCVBUF),
	OPTION(set, SOL_SOCKET, SO_SNDBUF),
	OPTION(set, IPPROTO_TCP, TCP_NODELAY),
	OPTION(set, IPPROTO_TCP, TCP_NOTSENT_LOWAT),
	OPTION(set, IPPROTO_TCP, TCP_USER_TIMEOUT),
};

struct filter {
	struct sock_filter code[FILTER_MAX];
	unsigned short len;
};

/* One too many is noticed at the end. */
static void
emit(struct filter *f, unsigned code, uint32_t k, unsigned jt, unsigned jf)
{
	if (f->len == FILTER_MAX)
		return;
	f->code[f->len++] = (struct sock_filter){ .code = (uint16_t)code,
	    .k = k, .jt = (uint8_t)jt, .jf = (uint8_t)jf };
}

static void
emit_load(struct filter *f, size_t offset)
{
	emit(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void
emit_return(struct filter *f, uint32_t action)
{
	emit(f, BPF_RET | BPF_K, action, 0, 0);
}

/* How many instructions emit_condition makes. */
static unsigned
condition_len(const struct condition *c)
{
	if (c->mask == 0)
		return 0;
	return c->mask == UINT32_MAX ? 2 : 3;
}

/* Jump over what follows and another skip when it is not fulfilled. */
static void
emit_condition(struct filter *f, const struct condition *c, unsigned skip)
{
	if (c->mask == 0)
		return;
	emit_load(f, offsetof(struct seccomp_data, args) +
	    c->arg * sizeof(uint64_t));
	if (c->mask != UINT32_MAX)
		emit(f, BPF_ALU | BPF_AND | BPF_K, c->mask, 0, 0);
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, c->value, 0, skip);
}

static void
emit_rule(struct filter *f, const struct condition both[2])
{
	emit_condition(f, &both[0], condition_len(&both[1]) + 1);
	emit_condition(f, &both[1], 1);
	emit_return(f, SECCOMP_RET_ALLOW);
}

/* Signals are for oneself only. */
static bool
emit_signal_rule(struct filter *f, uint32_t nr)
{
	const struct condition self[2] = { WHOLE(0, getpid()) };

	if (nr != __NR_tgkill && nr != __NR_tkill)
		return false;
	emit_rule(f, self);
	return true;
}

/* Everything behind the comparison of the number; it always returns. */
static void
emit_rules(struct filter *f, uint32_t nr)
{
	bool has_rules = emit_signal_rule(f, nr);
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].nr != nr)
			continue;
		emit_rule(f, rules[i].both);
		has_rules = true;
	}
	emit_return(f, has_rules ? SECCOMP_RET_KILL_PROCESS :
	    SECCOMP_RET_ALLOW);
}

static void
emit_call(struct filter *f, uint32_t nr)
{
	unsigned short at = f->len;

	emit(f, BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 0);
	emit_rules(f, nr);
	if (at < FILTER_MAX)
		f->code[at].jf = (uint8_t)(f->len - at - 1);
}

/*
 * The number means nothing before it is known whose it is.  The calls of x32
 * come as x86_64's with a bit set that no number in the table has.
 */
static void
emit_head(struct filter *f)
{
	emit_load(f, offsetof(struct seccomp_data, arch));
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	emit_return(f, SECCOMP_RET_KILL_PROCESS);
	emit_load(f, offsetof(struct seccomp_data, nr));
}

static int
build(struct filter *f, enum sandbox_role role)
{
	size_t i;

	f->len = 0;
	emit_head(f);
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if ((calls[i].roles & 1u << role) != 0)
			emit_call(f, calls[i].nr);
	emit_return(f, SECCOMP_RET_KILL_PROCESS);
	return f->len < FILTER_MAX ? 0 : SSHTAP_ERR_INTERNAL;
}

/* A kernel with filters looks at where ours is (seccomp(2), EFAULT). */
static bool
is_lacking(void)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) == -1 &&
	    errno != EFAULT;
}

/*
 * Needs no_new_privs.  After it, may: read, write and wait for what is open,
 * receive more of it if it is the network process, have memory, know the
 * time, end.  Must not: make any other call, and ends at the first one.
 */
int
sandbox_forbid_calls(const struct sandbox_config *c,
    struct sandbox_report *rp)
{
	struct sock_fprog program;
	struct filter f;
	int r;

	if (is_lacking()) {
		sandbox_note(rp, 0, "no seccomp: %s", strerror(errno));
		return 0;
	}
	if ((r = build(&f, c->role)) != 0)
		return sandbox_fault(rp, r, "seccomp: the filter is too long");
	program = (struct sock_fprog){ .len = f.len, .filter = f.code };
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == -1)
		return sandbox_fault(rp, SSHTAP_ERR_SYSTEM, "seccomp");
	sandbox_note(rp, SANDBOX_HAS_SECCOMP, "seccomp");
	return 0;
}

#endif
