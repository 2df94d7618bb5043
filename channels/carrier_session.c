/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Hands messages on to a session.  To the channel layer SSHTAP_ERR_STATE is a
 * matter of one channel; a session means by it that it has failed, so that
 * code becomes another one here.
 */

#include "channels/carrier_session.h"

#include <assert.h>

#include "lib/err.h"
#include "transport/session.h"
#include "transport/version.h"

static_assert(SESSION_HEADROOM <= CARRIER_HEADROOM &&
    SESSION_TAILROOM <= CARRIER_TAILROOM, "what a carrier may overwrite");

static int
translate(int r)
{
	return r == SSHTAP_ERR_STATE ? SSHTAP_ERR_CLOSED : r;
}

static int
send_frame(void *ctx, uint8_t *payload, size_t len)
{
	return translate(session_send_frame(ctx, payload, len));
}

static bool
is_writable(void *ctx)
{
	return session_is_writable(ctx);
}

static int
send_payload(void *ctx, const struct view *payload)
{
	return translate(session_send(ctx, payload));
}

static const struct carrier_ops carrier_session_ops = {
	.name = "session",
	.send_frame = send_frame,
	.is_writable = is_writable,
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
