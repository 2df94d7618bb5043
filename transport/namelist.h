/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef NAMELIST_H
#define NAMELIST_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/view.h"

/*
 * Comma-separated lists of algorithm names.  Reference: RFC 4251 section 5,
 * RFC 4253 section 7.1.
 */
#define NAMELIST_MAX	8192	/* bytes of one; OpenSSH's are under 1 KiB */

/* True when name is an element of list. */
bool namelist_has(const struct view *list, const char *name);
bool namelist_has_view(const struct view *list, const struct view *name);

/*
 * The first name of wanted that offered also has.
 * Returns 0, or SSHTAP_ERR_NO_COMMON.
 */
int namelist_choose(const struct view *wanted, const struct view *offered,
    struct view *namep);

/*
 * Append to out (a list, maybe empty) those elements of list that are in
 * allowed too, in list's order.  Returns 0 or what buf_put returns.
 */
int namelist_intersect(struct buf *out, const struct view *list,
    const struct view *allowed);

/*
 * Put into out, which is empty, those of our algorithms that a setting of
 * ssh_config(5) or sshd_config(5) leaves.
 *
 * value:   names, which are taken in this order; or "-" and patterns to leave
 *          out, "^" and names to put first, "+" and names, which changes
 *          nothing.  Names that are not ours are passed over.
 * Returns 0 (out may still be empty) or what buf_put returns.
 */
int namelist_filter(struct buf *out, const char *value,
    const struct view *ours);

/* Append one name to a list under construction, with a comma if needed. */
int namelist_add(struct buf *out, const char *name);
int namelist_add_view(struct buf *out, const struct view *name);

#endif /* NAMELIST_H */
