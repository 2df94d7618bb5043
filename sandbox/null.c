/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The last two stages where there is nothing to make them of: what holds is
 * another root, another user and limits.  macOS has a sandbox of its own,
 * whose interface is deprecated and whose rules are no contract.
 */

#include "sandbox/sandbox_impl.h"

/* May, and must not: what it might before. */
int
sandbox_forbid_objects(const struct sandbox_config *c,
    struct sandbox_report *rp)
{
	(void)c;
	sandbox_note(rp, 0, "no landlock: not built in");
	return 0;
}

/* Likewise. */
int
sandbox_forbid_calls(const struct sandbox_config *c,
    struct sandbox_report *rp)
{
	(void)c;
	sandbox_note(rp, 0, "no seccomp: not built in");
	return 0;
}
