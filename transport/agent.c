/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The agent protocol as bytes.  A message is a uint32 length and a body,
 * which is the layout of an SSH string: a body is built in a buffer of its
 * own, limited to what an agent takes, and put as one string, so a message
 * that cannot be sent whole leaves nothing behind.
 *
 * An answer is checked from its first to its last byte before the caller
 * sees any part of it.  The socket belongs to the user, but what listens
 * there may be anything.
 */

#include "transport/agent.h"

#include "lib/err.h"
#include "transport/key.h"

/* RFC 9987, "Message Numbers" */
#define AGENT_SUCCESS			6
#define AGENTC_REQUEST_IDENTITIES	11
#define AGENT_IDENTITIES_ANSWER		12
#define AGENTC_SIGN_REQUEST		13
#define AGENT_SIGN_RESPONSE		14
#define AGENTC_EXTENSION		27

/* OpenSSH PROTOCOL.agent section 1 */
#define SESSION_BIND	"session-bind@openssh.com"

/* Put the body as a message when it was built without error, and drop it. */
static int
finish(struct buf *body, int r, struct buf *out)
{
	struct view v = buf_view(body);

	if (r == 0)
		r = buf_put_string_view(out, &v);
	buf_clear(body);
	return r;
}

int
agent_put_list(struct buf *out)
{
	const uint8_t type = AGENTC_REQUEST_IDENTITIES;

	return buf_put_string(out, &type, sizeof(type));
}

int
agent_put_sign(struct buf *out, const struct view *blob,
    const struct view *data, uint32_t flags)
{
	struct buf body;
	int r;

	buf_init(&body, AGENT_MESSAGE_MAX);
	if ((r = buf_put_u8(&body, AGENTC_SIGN_REQUEST)) == 0 &&
	    (r = buf_put_string_view(&body, blob)) == 0 &&
	    (r = buf_put_string_view(&body, data)) == 0)
		r = buf_put_u32(&body, flags);
	return finish(&body, r, out);
}

/*
 * Without a flag an agent signs with SHA-1 when the key is RSA (RFC 9987,
 * "Signature flags"); other types have one algorithm and ignore flags.
 */
uint32_t
agent_sign_flags(const struct view *alg)
{
	if (view_is(alg, "rsa-sha2-256"))
		return AGENT_SIGN_RSA_SHA2_256;
	if (view_is(alg, "rsa-sha2-512"))
		return AGENT_SIGN_RSA_SHA2_512;
	return 0;
}

int
agent_put_session_bind(struct buf *out, const struct view *hostkey,
    const struct view *session_id, const struct view *kex_signature)
{
	struct buf body;
	int r;

	buf_init(&body, AGENT_MESSAGE_MAX);
	if ((r = buf_put_u8(&body, AGENTC_EXTENSION)) == 0 &&
	    (r = buf_put_cstring(&body, SESSION_BIND)) == 0 &&
	    (r = buf_put_string_view(&body, hostkey)) == 0 &&
	    (r = buf_put_string_view(&body, session_id)) == 0 &&
	    (r = buf_put_string_view(&body, kex_signature)) == 0)
		/* is_forwarding: the agent serves this end only. */
		r = buf_put_bool(&body, false);
	return finish(&body, r, out);
}

int
agent_check_length(uint32_t len)
{
	if (len == 0 || len > AGENT_MESSAGE_MAX)
		return SSHTAP_ERR_TOO_BIG;
	return 0;
}

/* The message number, which must be this one. */
static int
get_type(struct view *v, uint8_t wanted)
{
	uint8_t type;
	int r;

	if (v->len > AGENT_MESSAGE_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((r = view_get_u8(v, &type)) != 0)
		return r;
	return type == wanted ? 0 : SSHTAP_ERR_AGENT;
}

/* One walk over the keys; fn may be NULL, to see whether they parse. */
static int
walk_keys(struct view v, uint32_t count, agent_key_fn *fn, void *ctx)
{
	struct view blob, comment;
	int r;

	for (; count > 0; count--) {
		if ((r = view_get_string(&v, &blob)) != 0 ||
		    (r = view_get_string(&v, &comment)) != 0)
			return r;
		if (fn != NULL && (r = fn(ctx, &blob, &comment)) != 0)
			return r;
	}
	return view_end(&v);
}

int
agent_parse_list(const struct view *body, agent_key_fn *fn, void *ctx)
{
	struct view v = *body;
	uint32_t count;
	int r;

	if ((r = get_type(&v, AGENT_IDENTITIES_ANSWER)) != 0 ||
	    (r = view_get_u32(&v, &count)) != 0)
		return r;
	/* The count is believed only as far as the bytes bear it out. */
	if (count > AGENT_KEYS_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((r = walk_keys(v, count, NULL, NULL)) != 0)
		return r;
	return walk_keys(v, count, fn, ctx);
}

int
agent_parse_sign(const struct view *body, const struct view *alg,
    struct view *signaturep)
{
	struct view v = *body, signature, inner, name, bytes;
	int r;

	if ((r = get_type(&v, AGENT_SIGN_RESPONSE)) != 0 ||
	    (r = view_get_string(&v, &signature)) != 0 ||
	    (r = view_end(&v)) != 0)
		return r;
	if (signature.len > KEY_SIGNATURE_MAX)
		return SSHTAP_ERR_TOO_BIG;
	inner = signature;
	if ((r = view_get_string(&inner, &name)) != 0 ||
	    (r = view_get_string(&inner, &bytes)) != 0 ||
	    (r = view_end(&inner)) != 0)
		return r;
	if (!view_equals(&name, alg))
		return SSHTAP_ERR_AGENT;
	*signaturep = signature;
	return 0;
}

/* FAILURE and EXTENSION_FAILURE are among what is not SUCCESS. */
int
agent_parse_success(const struct view *body)
{
	struct view v = *body;
	int r;

	if ((r = get_type(&v, AGENT_SUCCESS)) != 0)
		return r;
	return view_end(&v);
}
