/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef HOSTCHECK_H
#define HOSTCHECK_H

#include <stdbool.h>

#include "client/config.h"
#include "client/prompt.h"
#include "lib/buf.h"
#include "lib/view.h"

/*
 * Is this the host's key?  known_hosts files and StrictHostKeyChecking.
 * A refusal is logged: what is wrong, fingerprint, file and line, what to do.
 */
struct hostcheck;

/*
 * Read the files.  Runs as the invoking user.
 *
 * keep_open: the user will be given up before the check: open the file that a
 *          new key would be added to now.
 * Missing files are fine; unreadable ones are warned about.
 * Returns 0, SSHTAP_ERR_ALLOC, or what known_hosts_name says of the host.
 */
int hostcheck_new(const struct config *c, struct prompt *p, bool keep_open,
    struct hostcheck **hp);
void hostcheck_free(struct hostcheck *h);

/*
 * The host key algorithms to propose: those that known_hosts can check come
 * first, unless the user chose an order.
 */
int hostcheck_algorithms(const struct hostcheck *h, struct buf *out);

/*
 * Judge a key: 0 to go on, SSHTAP_ERR_HOSTKEY to refuse.
 *
 * yes: only a filed key.  accept-new: a new one is filed.  ask: the user
 * decides (yes, no, or the fingerprint); with nobody to ask it is refused.
 * no: a new one is filed, a changed one is warned about and refused: a tunnel
 * joins networks, so unlike ssh we do not go on with less.
 * A changed or revoked key is always refused.
 * A key of a type that is not filed, for a host of which others are, counts
 * as new, except for accept-new, where nobody would notice: refused there.
 */
int hostcheck_verify(struct hostcheck *h, const struct view *blob);

#endif /* HOSTCHECK_H */
