/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CONFINE_H
#define CONFINE_H

#include "sandbox/sandbox.h"
#include "server/setup.h"

/*
 * Make libcrypto do all that it does at its first use (algorithms, random
 * numbers, configuration): a confined process can open no file.
 * Returns 0 or SSHTAP_ERR_CRYPTO.
 */
int confine_prepare(void);

/*
 * Give up everything, for good, before the first byte from outside is looked
 * at.  Returns 0, or what sandbox_enter returns: the process must not go on.
 */
int confine(enum sandbox_role role, const struct setup_rights *rights);

/* What is in force, for the log; valid as long as the process. */
const char *confine_text(void);

/*
 * Try it in a process that is forked for that, so that a server says at its
 * start what its network processes will be confined by, or that they cannot
 * be.  Root's part: not for a confined process.
 *
 * text:    confine_text of that process.
 * Returns 0; SSHTAP_ERR_PERMISSION when it failed; SSHTAP_ERR_SYSTEM.
 */
int confine_try(const struct setup_rights *rights,
    char text[SANDBOX_TEXT_MAX]);

#endif /* CONFINE_H */
