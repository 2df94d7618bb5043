/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef ADMIN_H
#define ADMIN_H

#include <stdio.h>

#include "ctl/cmdline.h"

/*
 * The commands that end at once.  What they find goes to out; what fails is
 * logged.
 * Each returns 0, or a negative SSHTAP_ERR_*.
 */
int admin_list(const struct cmdline *c, FILE *out);
int admin_create(const struct cmdline *c, FILE *out);
int admin_show(const struct cmdline *c, FILE *out);
int admin_destroy(const struct cmdline *c, FILE *out);
int admin_cleanup(const struct cmdline *c, FILE *out);

#endif /* ADMIN_H */
