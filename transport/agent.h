/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef AGENT_H
#define AGENT_H

#include "lib/buf.h"
#include "lib/view.h"

/*
 * Messages of the ssh-agent protocol, as bytes: the socket is the caller's.
 * Each put writes one whole message with its length word; each parse takes a
 * message body without it.  Reference: RFC 9987.
 */
#define AGENT_MESSAGE_MAX	(256 * 1024)
#define AGENT_KEYS_MAX		2048
#define AGENT_SIGN_RSA_SHA2_256	2u
#define AGENT_SIGN_RSA_SHA2_512	4u

int agent_put_list(struct buf *out);

/* flags: 0, or one AGENT_SIGN_RSA_SHA2_*, from agent_sign_flags. */
int agent_put_sign(struct buf *out, const struct view *blob,
    const struct view *data, uint32_t flags);
uint32_t agent_sign_flags(const struct view *alg);

/*
 * session-bind@openssh.com: bind the agent to this connection.
 *
 * kex_signature: the server's signature of the first exchange.
 */
int agent_put_session_bind(struct buf *out, const struct view *hostkey,
    const struct view *session_id, const struct view *kex_signature);

/*
 * Length word of a message: the bytes of body that follow.
 * Returns 0, or SSHTAP_ERR_TOO_BIG (0, or over AGENT_MESSAGE_MAX).
 */
int agent_check_length(uint32_t len);

/*
 * IDENTITIES_ANSWER: fn is called for each key in order; a non-zero answer of
 * it ends the walk and is returned.
 * Returns 0, SSHTAP_ERR_AGENT (the agent refused), or a parse error.
 */
typedef int (agent_key_fn)(void *ctx, const struct view *blob,
    const struct view *comment);
int agent_parse_list(const struct view *body, agent_key_fn *fn, void *ctx);

/*
 * SIGN_RESPONSE: the signature blob, whose algorithm must be alg (an agent
 * may ignore the flags).
 */
int agent_parse_sign(const struct view *body, const struct view *alg,
    struct view *signaturep);

/* SUCCESS: 0; FAILURE or EXTENSION_FAILURE: SSHTAP_ERR_AGENT. */
int agent_parse_success(const struct view *body);

#endif /* AGENT_H */
