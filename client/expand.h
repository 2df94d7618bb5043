/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef EXPAND_H
#define EXPAND_H

#include "client/config.h"

/*
 * "~", "~user" and the %-tokens of ssh_config(5), TOKENS: %% %d %h %i %k %L
 * %l %n %p %r %u and, hashed, %C; %j is empty.  "${NAME}" from the
 * environment.
 *
 * Returns 0 and a string on the heap, SSHTAP_ERR_FORMAT (unknown token or
 * variable), SSHTAP_ERR_NOT_FOUND (no such user), SSHTAP_ERR_ALLOC.
 */
int expand_path(const struct config *c, const char *s, char **outp);

/*
 * A command for a shell: the %-tokens only.  Also SSHTAP_ERR_ARGUMENT: a host
 * or user name holds what a shell or a command's options could act on.
 */
int expand_command(const struct config *c, const char *s, char **outp);

/* A POSIX shell word that stands for s, quoted if need be. */
int expand_shell_quote(const char *s, char **outp);

#endif /* EXPAND_H */
