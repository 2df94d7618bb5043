/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The connection: which layer a packet is for, what its end means to the
 * user, and what the session asks.  Bytes are relay/wire.c's.
 */

#include <stdio.h>
#include <string.h>

#include "client/client_impl.h"
#include "client/report.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/signals.h"
#include "transport/namelist.h"

/* What the wire tells. */

/* One packet for a layer above the transport. */
static int
packet(void *ctx, struct session_packet *p)
{
	struct client *c = ctx;
	bool done = false;
	int r;

	if (c->stage == CLIENT_AUTH) {
		r = userauth_input(c->userauth, p, &done);
		return r == 0 && done ? tunnel_open(c) : r;
	}
	if (c->chans != NULL)
		return chans_input(c->chans, p->payload, p->len);
	return SSHTAP_ERR_PROTOCOL;
}

static int
drained(void *ctx)
{
	struct client *c = ctx;
	int r;

	pump_drained(&c->pump);
	if (c->stage != CLIENT_KEYS || !session_is_keyed(c->session))
		return 0;
	log_debug("keys are set: authenticating as %s", c->config->user);
	if ((r = userauth_new(c->config, c->identities, c->prompt, c->session,
	    &c->userauth)) == 0)
		c->stage = CLIENT_AUTH;
	return r;
}

static void
heard(void *ctx)
{
	struct client *c = ctx;

	alive_heard(&c->alive);
}

static void
failed(void *ctx, int r)
{
	struct client *c = ctx;

	/* sshd hangs up after too many keys: then say what was tried. */
	if (r == SSHTAP_ERR_DISCONNECT && c->stage == CLIENT_AUTH &&
	    userauth_has_tried(c->userauth))
		userauth_explain(c->userauth);
	report_session(c->config, c->session, r, c->said);
	client_end(c);
}

static void
lost(void *ctx, int error)
{
	struct client *c = ctx;

	/* ^C ends a proxy command too, and sooner: the signal says more. */
	if (error == 0 && signals_have())
		return;
	if (error != 0)
		log_error("connection to %s: %s", c->config->destination,
		    strerror(error));
	else
		report_closed(c->config, c->session, c->said);
	client_end(c);
}

static void
writable(void *ctx)
{
	struct client *c = ctx;

	if (c->chans != NULL)
		chans_carrier_writable(c->chans);
}

static int
sampled(void *ctx)
{
	struct client *c = ctx;

	return pump_path(&c->pump);
}

static const struct wire_ops wire_ops = {
	.packet = packet,
	.drained = drained,
	.heard = heard,
	.failed = failed,
	.lost = lost,
	.writable = writable,
	.sampled = sampled,
};

/* The session's questions and texts. */

static int
check_hostkey(void *ctx, const struct view *blob, const char *algorithm)
{
	struct client *c = ctx;

	(void)algorithm;
	return hostcheck_verify(c->hostcheck, blob);
}

static void
debug_text(void *ctx, const char *text)
{
	struct client *c = ctx;

	if (*text == '\0')
		return;
	/* The first line shows what is there instead of an SSH server. */
	if (session_peer_version(c->session).len > 0 || *c->said == '\0')
		snprintf(c->said, sizeof(c->said), "%s", text);
	log_debug("%s says: %s", c->config->destination, text);
}

static const struct session_ops session_ops = {
	.check_hostkey = check_hostkey,
	.debug_text = debug_text,
};

int
net_start(struct client *c)
{
	struct session_config sc = {
		.role = SESSION_CLIENT,
		.software = c->config->software,
		.kex = c->config->kex,
		.ciphers = c->config->ciphers,
		.compression = c->config->compression ?
		    "zlib@openssh.com,none" : "none",
		.rekey_bytes = c->config->rekey_bytes,
		.rekey_ms = c->config->rekey_ms,
		.ops = &session_ops,
		.ctx = c,
	};
	struct buf algs;
	int r;

	buf_init(&algs, NAMELIST_MAX);
	if ((r = hostcheck_algorithms(c->hostcheck, &algs)) != 0 ||
	    (r = buf_put_u8(&algs, '\0')) != 0)
		goto out;
	sc.hostkey = (const char *)buf_view(&algs).p;
	if ((r = session_new(&sc, loop_now(c->loop), &c->session)) != 0)
		goto out;
	c->wire.loop = c->loop;
	c->wire.session = c->session;
	c->wire.rfd = c->conn.rfd;
	c->wire.wfd = c->conn.wfd;
	c->wire.ops = &wire_ops;
	c->wire.ctx = c;
	r = wire_start(&c->wire, CLIENT_FD_NET);
 out:
	buf_clear(&algs);
	return r;
}
