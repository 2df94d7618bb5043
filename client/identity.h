/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef IDENTITY_H
#define IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "client/config.h"
#include "lib/buf.h"
#include "lib/view.h"

/*
 * The user's keys, in the order in which they are offered: those of the
 * agent that are also configured, the agent's others, then key files; a
 * certificate always right before its key.
 */
#define IDENTITIES_MAX	128

struct identities;
struct identity;

/*
 * Read key files and ask the agent.  Runs as the invoking user; nothing is
 * opened later.  A key file that cannot be used is logged, one line that
 * says why and what to do, and is no failure.
 * Returns 0 or SSHTAP_ERR_ALLOC.
 */
int identities_load(const struct config *c, struct identities **isp);
void identities_free(struct identities *is);

size_t identities_count(const struct identities *is);
struct identity *identities_get(const struct identities *is, size_t n);

/* Key file or agent comment, cleaned, for messages. */
const char *identity_name(const struct identity *id);

/* Public key or certificate to offer. */
struct view identity_blob(const struct identity *id);

/* The private half is in a file that needs a passphrase. */
bool identity_is_encrypted(const struct identity *id);

/*
 * The algorithm to offer it with: one that both the server (server_sig_algs,
 * empty when it did not tell) and the user's list allow.
 * Returns 0 or SSHTAP_ERR_NO_COMMON.
 */
int identity_algorithm(const struct identity *id,
    const struct view *server_sig_algs, const struct view *allowed,
    struct buf *out);

/* Milliseconds spent waiting for the agent: deadlines leave them out. */
unsigned long identities_waited_ms(const struct identities *is);

/* Tell the agent which connection the signatures are for. */
void identities_bind(struct identities *is, const struct view *hostkey,
    const struct view *session_id, const struct view *kex_signature);

/*
 * Append a signature blob; algorithm is the plain one.
 * Returns 0, SSHTAP_ERR_ENCRYPTED (the file is, and no agent has the key),
 * SSHTAP_ERR_NOT_FOUND (only the public half is here), or what the agent or
 * libcrypto said.
 */
int identity_sign(struct identities *is, const struct identity *id,
    const struct view *algorithm, const struct view *data,
    struct buf *signature);

#endif /* IDENTITY_H */
