/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Hands messages on to a session.  To the channel layer SSHTAP_ERR_STATE is a
 * matter of one channel; a session means by it that it has failed, so that
 * code becomes another one here.
 */

#include "channels/carrier_session.h"

#include "lib/err.h"
#include "transport/session.h"
#include "transport/version.h"

static int
translate(int r)
{
	return r == SSHTAP_ERR_STATE ? SSHTAP_ERR_CLOSED : r;
}

static int
reserve(void *ctx, size_t max, uint8_t **payloadp)
{
	return translate(session_reserve(ctx, max, payloadp));
}

static int
commit(void *ctx, size_t len)
{
	return translate(session_commit(ctx, len));
}

static int
send_payload(void *ctx, const struct view *payload)
{
	return translate(session_send(ctx, payload));
}

static const struct carrier_ops carrier_session_ops = {
	.name = "session",
	.reserve = reserve,
	.commit = commit,
	.send = send_payload
};

static enum carrier_peer
find_peer(const struct session *s)
{
	struct view line = session_peer_version(s);
	struct view software = version_software(&line);

	if (view_starts_with(&software, "OpenSSH"))
		return CARRIER_PEER_OPENSSH;
	if (view_starts_with(&software, "sshtap"))
		return CARRIER_PEER_SSHTAP;
	return CARRIER_PEER_OTHER;
}

struct carrier
carrier_session(struct session *s)
{
	return (struct carrier){
		.ops = &carrier_session_ops,
		.ctx = s,
		.peer = find_peer(s)
	};
}
