/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The order is fixed: chroot(2) needs root; giving up root must come before
 * the limits, which the kernel does not hold root to; Landlock and seccomp
 * want no_new_privs first; and seccomp is last, since it leaves none of the
 * calls that the others are made with.
 */

#include "sandbox/sandbox.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "sandbox/sandbox_impl.h"

static sandbox_stage_fn *const stages[] = {
	sandbox_change_root,
	sandbox_become_nobody,
	sandbox_drop_privileges,
	sandbox_limit_resources,
	sandbox_forbid_objects,
	sandbox_forbid_calls,
};

void
sandbox_note(struct sandbox_report *rp, unsigned bits, const char *fmt, ...)
{
	size_t len = strlen(rp->text);
	va_list ap;

	rp->in_force |= bits;
	if (len > 0)
		len += (size_t)snprintf(rp->text + len, sizeof(rp->text) - len,
		    ", ");
	if (len >= sizeof(rp->text))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(rp->text + len, sizeof(rp->text) - len, fmt, ap);
	va_end(ap);
}

int
sandbox_fault(struct sandbox_report *rp, int r, const char *fmt, ...)
{
	int saved_errno = errno;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(rp->text, sizeof(rp->text), fmt, ap);
	va_end(ap);
	errno = saved_errno;
	return r;
}

static int
check_config(const struct sandbox_config *c, struct sandbox_report *rp)
{
	if ((unsigned)c->role >= SANDBOX_ROLE_COUNT)
		return sandbox_fault(rp, SSHTAP_ERR_ARGUMENT, "role %d",
		    (int)c->role);
	if (c->has_ids && (c->uid == 0 || c->gid == 0))
		return sandbox_fault(rp, SSHTAP_ERR_ARGUMENT,
		    "uid %lu, gid %lu: root's is not confined",
		    (unsigned long)c->uid, (unsigned long)c->gid);
	if (!c->has_ids && (getuid() == 0 || geteuid() == 0))
		return sandbox_fault(rp, SSHTAP_ERR_ARGUMENT,
		    "root: no other user was named");
	return 0;
}

int
sandbox_enter(const struct sandbox_config *c, struct sandbox_report *rp)
{
	size_t i;
	int r;

	*rp = (struct sandbox_report){ .in_force = 0 };
	if ((r = check_config(c, rp)) != 0)
		return r;
	for (i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		if ((r = stages[i](c, rp)) != 0)
			return r;
	return 0;
}
