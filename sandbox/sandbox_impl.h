/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SANDBOX_IMPL_H
#define SANDBOX_IMPL_H

#include "sandbox/sandbox.h"

/*
 * The stages, in their order.  Each returns what sandbox_enter does, having
 * called sandbox_note for what it put into force or could not, or, when it
 * fails, sandbox_fault.
 */
typedef int (sandbox_stage_fn)(const struct sandbox_config *c,
    struct sandbox_report *rp);

sandbox_stage_fn sandbox_change_root;		/* chroot.c */
sandbox_stage_fn sandbox_become_nobody;		/* privileges.c */
sandbox_stage_fn sandbox_drop_privileges;	/* privileges.c */
sandbox_stage_fn sandbox_limit_resources;	/* limits.c */
sandbox_stage_fn sandbox_forbid_objects;	/* landlock.c or null.c */
sandbox_stage_fn sandbox_forbid_calls;		/* seccomp.c or null.c */

/* Append to the text; bits of SANDBOX_HAS_ are in force now, or 0. */
void sandbox_note(struct sandbox_report *rp, unsigned bits,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Make this the text.  Returns r; errno is preserved. */
int sandbox_fault(struct sandbox_report *rp, int r, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif /* SANDBOX_IMPL_H */
