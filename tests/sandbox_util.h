/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SANDBOX_UTIL_H
#define SANDBOX_UTIL_H

#include <stdbool.h>

#include "sandbox/sandbox.h"

/* Every function here fails the test when it cannot do its work. */

#define CONFINED_UID	65534	/* which needs no account */
#define CONFINED_FAILED	99	/* the exit status without a sandbox */

/* What a child does, and its exit status. */
typedef int (confined_fn)(void);

/* An empty directory of ours below /tmp, made once. */
const char *confined_dir(void);
void confined_remove_dir(void);

/* From root into a directory as another user; else as who we are. */
struct sandbox_config confined_config(enum sandbox_role role);

/*
 * Run fn in a child that has entered the sandbox; one that waits is ended.
 * An assertion that fails in there ends it with SIGABRT.
 *
 * as_user: give up root before, as somebody who never had it.
 * Returns the wait status.  The report is stored if rp is not NULL.
 */
int confined_run(const struct sandbox_config *c, bool as_user, confined_fn *fn,
    struct sandbox_report *rp);

/* Run in each child before it is confined; NULL for none. */
extern confined_fn *confined_before;

/* The same without a sandbox, which fn makes. */
int child_run(confined_fn *fn);

/* It has ended with status 0. */
void assert_succeeded(int wstatus, const char *what);

/* True when there is more than one user to be; otherwise says why not. */
bool is_root_or_says(void);

#endif /* SANDBOX_UTIL_H */
