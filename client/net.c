/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Between the socket and the session: read a large piece, take all packets
 * out of it, and let each layer have its own; write what has gathered once
 * per turn of the loop.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/client_impl.h"
#include "client/report.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/signals.h"
#include "transport/namelist.h"

#define LINGER_MS	500

void
net_check(struct client *c, int r)
{
	if (r == 0 || r == SSHTAP_ERR_AGAIN || c->stage == CLIENT_ENDED)
		return;
	/* sshd hangs up after too many keys: then say what was tried. */
	if (r == SSHTAP_ERR_DISCONNECT && c->stage == CLIENT_AUTH &&
	    userauth_has_tried(c->userauth))
		userauth_explain(c->userauth);
	report_session(c->config, c->session, r, c->said);
	(void)session_fail(c->session, r);
	client_end(c);
}

/* ^C ends a proxy command too, and sooner: the signal says more. */
static void
lost(struct client *c)
{
	if (signals_have())
		return;
	report_closed(c->config, c->session, c->said);
	client_end(c);
}

/* One packet for a layer above the transport. */
static int
handle_packet(struct client *c, struct session_packet *p)
{
	bool done = false;
	int r;

	if (c->stage == CLIENT_AUTH) {
		r = userauth_input(c->userauth, p, &done);
		if (r == 0 && done)
			r = tunnel_open(c);
	} else if (c->chans != NULL)
		r = chans_input(c->chans, p->payload, p->len);
	else
		r = SSHTAP_ERR_PROTOCOL;
	if (r == SSHTAP_ERR_UNSUPPORTED)
		r = session_send_unimplemented(c->session, p->seq);
	return r;
}

static int
start_auth(struct client *c)
{
	int r;

	if (c->stage != CLIENT_KEYS || !session_is_keyed(c->session))
		return 0;
	log_debug("keys are set: authenticating as %s", c->config->user);
	if ((r = userauth_new(c->config, c->identities, c->prompt, c->session,
	    &c->userauth)) == 0)
		c->stage = CLIENT_AUTH;
	return r;
}

static void
take_packets(struct client *c)
{
	struct session_packet p;
	int r;

	do {
		r = session_next(c->session, loop_now(c->loop), &p);
		if (r == 0)
			r = handle_packet(c, &p);
	} while (r == 0 && c->stage != CLIENT_ENDED);
	if (r == SSHTAP_ERR_AGAIN)
		r = start_auth(c);
	net_check(c, r);
}

static void
receive(struct client *c)
{
	uint8_t *p;
	size_t len;
	ssize_t n;

	session_input_space(c->session, &p, &len);
	n = read(c->conn.rfd, p, len);
	if (n == -1) {
		if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
			return;
		if (errno != ECONNRESET) {
			log_error("connection to %s: %s",
			    c->config->destination, strerror(errno));
			client_end(c);
			return;
		}
	}
	if (n <= 0) {
		lost(c);
		return;
	}
	tunnel_heard(c);
	session_input_received(c->session, (size_t)n);
	take_packets(c);
}

void
net_ready(void *ctx, int fd, unsigned events)
{
	struct client *c = ctx;

	/* Writing happens once per turn, in net_flush. */
	if (fd == c->conn.rfd && (events & (LOOP_IN | LOOP_HUP)) != 0)
		receive(c);
}

/* Wait for what there is to wait for. */
static void
watch(struct client *c)
{
	unsigned out = session_output(c->session).len > 0 ? LOOP_OUT : 0;

	if (c->conn.rfd == c->conn.wfd) {
		loop_set(c->loop, c->conn.rfd, LOOP_IN | out);
		return;
	}
	loop_set(c->loop, c->conn.rfd, LOOP_IN);
	loop_set(c->loop, c->conn.wfd, out);
}

void
net_flush(struct client *c)
{
	struct view v;
	ssize_t n;

	if (c->stage == CLIENT_ENDED)
		return;
	while ((v = session_output(c->session)).len > 0) {
		n = write(c->conn.wfd, v.p, v.len);
		if (n == -1) {
			if (errno == EINTR)
				continue;
			if (errno == EAGAIN || errno == EWOULDBLOCK)
				break;
			/* What the peer said last explains it better. */
			receive(c);
			if (c->stage != CLIENT_ENDED)
				lost(c);
			return;
		}
		session_output_written(c->session, (size_t)n);
	}
	if (c->chans != NULL && session_is_writable(c->session))
		chans_carrier_writable(c->chans);
	watch(c);
}

void
net_linger(struct client *c)
{
	struct pollfd pfd = { .fd = c->conn.wfd, .events = POLLOUT };
	uint64_t until_ms = proc_now_ms() + LINGER_MS;
	struct view v;
	ssize_t n;

	while ((v = session_output(c->session)).len > 0 &&
	    poll(&pfd, 1, proc_poll_time(until_ms)) == 1) {
		n = write(c->conn.wfd, v.p, v.len);
		if (n <= 0)
			return;
		session_output_written(c->session, (size_t)n);
	}
}

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
	if ((r = loop_add(c->loop, c->conn.rfd, CLIENT_FD_NET, c,
	    LOOP_IN)) != 0)
		goto out;
	if (c->conn.wfd != c->conn.rfd)
		r = loop_add(c->loop, c->conn.wfd, CLIENT_FD_NET, c, 0);
 out:
	buf_clear(&algs);
	return r;
}
