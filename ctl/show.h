/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SHOW_H
#define SHOW_H

#include <stddef.h>
#include <stdio.h>

#include "ctl/json.h"
#include "tun/tap_admin.h"

/* What is known of devices, for people and for machines. */

/* A name that may be anybody's, with nothing a terminal could act on. */
void show_name(FILE *out, const char *name);

/* A table with a heading; its columns are as wide as they have to be. */
void show_table(FILE *out, const struct tap_info *infos, size_t n);

/* One line for each property. */
void show_lines(FILE *out, const struct tap_info *info);

/* One object. */
void show_json(struct json *j, const struct tap_info *info);

#endif /* SHOW_H */
