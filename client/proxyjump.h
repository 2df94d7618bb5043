/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PROXYJUMP_H
#define PROXYJUMP_H

#include "client/config.h"

/*
 * The ProxyCommand that a ProxyJump stands for; its %-tokens are still to be
 * expanded.
 *
 * jump:    hops, [user@]host[:port] or ssh://..., first to last with commas.
 * c:       config_file and verbose are handed on to the ssh that jumps.
 * Returns 0, SSHTAP_ERR_FORMAT, SSHTAP_ERR_TOO_BIG, SSHTAP_ERR_ALLOC.
 */
int proxyjump_command(const struct config *c, const char *jump, char **outp);

#endif /* PROXYJUMP_H */
