/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "config.h"

#include <stddef.h>
#include <unistd.h>

#ifdef HAVE_LINUX_CAPABILITY_H
#include <sys/syscall.h>

#include <linux/capability.h>

#include <errno.h>
#endif

#include "lib/err.h"
#include "lib/ids.h"
#include "openbsd-compat/port-trace.h"
#include "sandbox/sandbox_impl.h"

/*
 * Needs root, unless there is none to give up.  After it, may: what an
 * account without files and processes may.  Must not: signal or trace what
 * is not its own, configure interfaces, go back.
 */
int
sandbox_become_nobody(const struct sandbox_config *c,
    struct sandbox_report *rp)
{
	const char *step;
	int r;

	if (!c->has_ids) {
		if ((r = ids_verify(getuid(), getgid())) != 0)
			return sandbox_fault(rp, r, "verifying the user");
		sandbox_note(rp, 0, "the same user");
		return 0;
	}
	if ((r = ids_become(NULL, c->uid, c->gid, &step)) != 0)
		return sandbox_fault(rp, r, "becoming user %lu: %s",
		    (unsigned long)c->uid, step);
	sandbox_note(rp, SANDBOX_HAS_IDS, "user %lu", (unsigned long)c->uid);
	return 0;
}

/*
 * Giving up root took all of them, if it was root's rights that we had: who
 * was started with some and without root has them still.  What is permitted
 * bounds the ambient ones (kernel/capability.c, cap_capset).
 */
static int
drop_capabilities(void)
{
#ifdef HAVE_LINUX_CAPABILITY_H
	struct __user_cap_header_struct header = {
	    .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
	    { .effective = 0 } };
	size_t i;

	if (syscall(SYS_capset, &header, data) == -1 ||
	    syscall(SYS_capget, &header, data) == -1)
		return SSHTAP_ERR_SYSTEM;
	for (i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		if (data[i].effective != 0 || data[i].permitted != 0 ||
		    data[i].inheritable != 0) {
			errno = EPERM;
			return SSHTAP_ERR_SYSTEM;
		}
	}
#endif
	return 0;
}

/*
 * After it, may: what it could.  Must not: gain a right by starting a
 * program, hold a capability, be looked into by its equals.
 */
int
sandbox_drop_privileges(const struct sandbox_config *c,
    struct sandbox_report *rp)
{
	int r;

	(void)c;
	if ((r = drop_capabilities()) != 0)
		return sandbox_fault(rp, r, "capabilities");
	if ((r = ids_forbid_new_privileges()) != 0)
		return sandbox_fault(rp, r, "no_new_privs");
	/* The change of user has undone this if it was done before. */
	if (sys_forbid_trace() == -1)
		return sandbox_fault(rp, SSHTAP_ERR_SYSTEM,
		    "forbidding to be traced");
#ifdef HAVE_PRCTL
	sandbox_note(rp, SANDBOX_HAS_PRIVILEGES, "no new privileges");
#else
	sandbox_note(rp, 0, "no no_new_privs: not on this system");
#endif
	return 0;
}
