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

#endif /* CONFINE_H */
