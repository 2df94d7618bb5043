/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Landlock: a rule set that handles every right which the running kernel
 * knows, and has no rule that grants one.  What is open already is not
 * touched by it, so it guards what is left when the filter of calls has a
 * hole, and on processors for which there is no filter.
 *
 * Headers may be older than the kernel that this will run on, hence the
 * numbers.  A kernel refuses rights that it does not know, so each version of
 * the interface has its own set.
 *
 * Reference: Documentation/userspace-api/landlock.rst in the Linux source.
 */

#include <sys/syscall.h>

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/proc.h"
#include "sandbox/sandbox_impl.h"

/* The same on every processor but alpha (scripts/syscall.tbl). */
#ifdef SYS_landlock_create_ruleset
#define CREATE_RULESET		SYS_landlock_create_ruleset
#define RESTRICT_SELF		SYS_landlock_restrict_self
#else
#define CREATE_RULESET		444
#define RESTRICT_SELF		446
#endif

/* include/uapi/linux/landlock.h */
#define CREATE_RULESET_VERSION	0x1u

struct ruleset {
	uint64_t files;
	uint64_t net;
	uint64_t scoped;
};

/* How much of the structure above, and what of it, a version knows. */
struct version {
	size_t size;
	struct ruleset all;
};

#define SIZE_FILES	offsetof(struct ruleset, net)
#define SIZE_NET	offsetof(struct ruleset, scoped)
#define SIZE_SCOPED	sizeof(struct ruleset)

/*
 * Files: 13 rights at first; then linking to another directory, truncating,
 * and ioctl(2) of devices.  Net: TCP's bind and connect.  Scoped: abstract
 * Unix sockets and signals of others.  Version 7 is about logging alone.
 */
static const struct version versions[] = {
	[1] = { SIZE_FILES, { .files = 0x1fff } },
	[2] = { SIZE_FILES, { .files = 0x3fff } },
	[3] = { SIZE_FILES, { .files = 0x7fff } },
	[4] = { SIZE_NET, { .files = 0x7fff, .net = 0x3 } },
	[5] = { SIZE_NET, { .files = 0xffff, .net = 0x3 } },
	[6] = { SIZE_SCOPED, { .files = 0xffff, .net = 0x3, .scoped = 0x3 } },
	[7] = { SIZE_SCOPED, { .files = 0xffff, .net = 0x3, .scoped = 0x3 } },
};

#define VERSION_LAST	((long)(sizeof(versions) / sizeof(versions[0])) - 1)

/* The kernel is too old or has it switched off, or a container hides it. */
static bool
is_lacking(int error)
{
	return error == ENOSYS || error == EOPNOTSUPP || error == EPERM;
}

static int
restrict_self(const struct version *v)
{
	int fd, r = 0;

	fd = (int)syscall(CREATE_RULESET, &v->all, v->size, 0);
	if (fd == -1 || syscall(RESTRICT_SELF, fd, 0) == -1)
		r = SSHTAP_ERR_SYSTEM;
	proc_close(&fd);
	return r;
}

/*
 * Needs no_new_privs.  After it, may: use what is open.  Must not: reach a
 * file by a name, bind or connect a TCP socket, signal or trace a process
 * outside.
 */
int
sandbox_forbid_objects(const struct sandbox_config *c,
    struct sandbox_report *rp)
{
	long version = syscall(CREATE_RULESET, NULL, (size_t)0,
	    CREATE_RULESET_VERSION);

	(void)c;
	if (version == -1 && is_lacking(errno)) {
		sandbox_note(rp, 0, "no landlock: %s", strerror(errno));
		return 0;
	}
	if (version > VERSION_LAST)
		version = VERSION_LAST;
	if (version < 1 || restrict_self(&versions[version]) != 0)
		return sandbox_fault(rp, SSHTAP_ERR_SYSTEM, "landlock");
	sandbox_note(rp, SANDBOX_HAS_LANDLOCK, "landlock %ld", version);
	return 0;
}
