/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/view.h"
#include "transport/proposal.h"

/*
 * One SSH connection without its socket: bytes in, packets out; packets in,
 * bytes out.  It owns identification, packets, key exchange and rekeying, and
 * hands everything above (service requests, authentication, channels) to its
 * caller.  No clock: the time is an argument.  Reference: RFC 4253.
 */

/*
 * One exchange, as LoginGraceTime; the identification may take as long before
 * the first one.
 */
#define SESSION_KEX_TIMEOUT_MS	120000

/* Bytes of control messages held back during a rekey. */
#define SESSION_QUEUE_MAX	(4 * 1024 * 1024)

/* Around a payload of session_send_frame: what packet.h has. */
#define SESSION_HEADROOM	5
#define SESSION_TAILROOM	20

/* Bytes of packets that wait for the socket before there is no room. */
#define SESSION_OUTPUT_MAX	(256 * 1024)

#define SESSION_ID_MAX		64
#define SESSION_TEXT_MAX	512	/* of a DISCONNECT or DEBUG, cleaned */

/* Our own rekey limits beside the cipher's volume (RFC 4253 section 9). */
#define SESSION_REKEY_PACKETS	(UINT64_C(1) << 31)
#define SESSION_REKEY_MS	(60 * 60 * UINT64_C(1000))

enum session_role {
	SESSION_CLIENT,
	SESSION_SERVER
};

struct session;

struct session_ops {
	/*
	 * Client: is this the host's key?  Called once per connection, before
	 * anything is sent under the new keys; may ask the user.  Returns 0 or
	 * SSHTAP_ERR_HOSTKEY.  At a rekey the same key is demanded instead.
	 */
	int (*check_hostkey)(void *ctx, const struct view *blob,
	    const char *algorithm);
	/* Server: the blob to show for a host key algorithm; 0 or NOT_FOUND. */
	int (*hostkey)(void *ctx, const struct view *algorithm,
	    struct view *blobp);
	/* Server: sign the exchange hash with that key. */
	int (*sign)(void *ctx, const struct view *algorithm,
	    const struct view *data, struct buf *signature);
	/* Cleaned text of SSH_MSG_DEBUG, or a line before the server's
	 * identification. */
	void (*debug_text)(void *ctx, const char *text);
};

struct session_config {
	enum session_role role;
	const char *software;		/* "sshtap_0.1.0" */
	/* Name-lists, best first; only names we carry. */
	const char *kex;
	const char *hostkey;
	const char *ciphers;
	const char *compression;
	/* Server: of its EXT_INFO; NULL for all that we carry. */
	const char *sig_algs;
	/* Lower limits than our own; 0 for none. */
	uint64_t rekey_bytes;
	uint64_t rekey_ms;
	/*
	 * Server: how much a peer may send before session_set_authenticated,
	 * 0 for any number; more is SSHTAP_ERR_TOO_BIG.
	 */
	uint64_t early_bytes_max;
	uint64_t early_packets_max;
	const struct session_ops *ops;
	void *ctx;
};

/* A packet for the layer above; payload[0] is the message number. */
struct session_packet {
	uint8_t *payload;	/* valid and modifiable until the next call;
				 * see session_keeps_payloads */
	size_t len;		/* at least 1 */
	uint32_t seq;
};

/*
 * config:  strings are copied; ops and ctx outlive the session.
 * Returns 0, SSHTAP_ERR_ALLOC, SSHTAP_ERR_ARGUMENT (a list without a name
 * that we carry).
 */
int session_new(const struct session_config *config, uint64_t now_ms,
    struct session **sp);
void session_free(struct session *s);

/* Bytes in: where to read to, and how many came. */
void session_input_space(struct session *s, uint8_t **pp, size_t *lenp);
void session_input_received(struct session *s, size_t len);

/*
 * The next packet for the layer above; what belongs to the transport is
 * handled on the way.  Call until it says AGAIN after each input.
 *
 * Returns 0; SSHTAP_ERR_AGAIN; SSHTAP_ERR_DISCONNECT (the peer ended it:
 * session_peer_text); any other failure is final, has been told to the peer
 * with one DISCONNECT (flush the output), and is returned ever after.
 */
int session_next(struct session *s, uint64_t now_ms,
    struct session_packet *p);

/*
 * The payload that session_next has just handed out stays as it is until
 * session_input_space; else, with compression, until the next call.
 */
bool session_keeps_payloads(const struct session *s);

/* Bytes out. */
struct view session_output(const struct session *s);
void session_output_written(struct session *s, size_t len);

/*
 * Send a payload from its message number on.  During an exchange it is queued
 * and follows in order after it.
 * Returns 0, SSHTAP_ERR_TOO_BIG (SESSION_QUEUE_MAX), SSHTAP_ERR_CRYPTO,
 * SSHTAP_ERR_STATE (the session has failed), SSHTAP_ERR_ALLOC.
 */
int session_send(struct session *s, const struct view *payload);

/*
 * Send a payload from where it lies, or not at all: nothing is queued.
 *
 * payload: SESSION_HEADROOM bytes in front of it and SESSION_TAILROOM behind
 *          may be overwritten; it is left as it was, or not.
 * Returns 0; SSHTAP_ERR_AGAIN (not session_is_writable; nothing was touched);
 * else as session_send.
 */
int session_send_frame(struct session *s, uint8_t *payload, size_t len);

/* No exchange is under way, and the output takes another frame. */
bool session_is_writable(const struct session *s);

/*
 * Bytes that may wait in the output before it takes no frame any more.
 *
 * max:     at most SESSION_OUTPUT_MAX, which it is at first; more is the same.
 *          0 is for none; control messages go on as ever.
 */
void session_set_output_max(struct session *s, size_t max);

/* Answer a message that nobody here knows. */
int session_send_unimplemented(struct session *s, uint32_t seq);

/* Time-driven work: rekey by time, exchange overdue (SSHTAP_ERR_TIMEOUT). */
int session_tick(struct session *s, uint64_t now_ms);

/* Start a rekey now, unless one is under way. */
int session_rekey(struct session *s);

/*
 * End it because of the failure r of a layer above: the peer is told the
 * reason that fits, once.  Returns r, or what it failed with before.
 */
int session_fail(struct session *s, int r);

/*
 * End it from our side: one DISCONNECT, then only output is left.
 * text:    for the peer, printable.
 */
void session_disconnect(struct session *s, uint32_t reason, const char *text);

/*
 * Authentication has ended well: delayed compression starts, rekeying is
 * allowed, packets for channels are, and those of authentication end the
 * connection (a request that comes late is swallowed by the server's).  The
 * server calls it after it has sent USERAUTH_SUCCESS, the client after it has
 * received it.
 */
void session_set_authenticated(struct session *s);

/* True once the first exchange is complete. */
bool session_is_keyed(const struct session *s);
bool session_is_rekeying(const struct session *s);

/* Views valid as long as s; empty before they are known. */
struct view session_id(const struct session *s);
struct view session_hostkey(const struct session *s);
struct view session_kex_signature(const struct session *s);
struct view session_peer_version(const struct session *s);

/* RFC 8308 values of the peer; empty view when it sent none. */
struct view session_server_sig_algs(const struct session *s);
bool session_peer_has_hostbound(const struct session *s);

/* What the present keys were negotiated with; NULL before. */
const struct proposal_choice *session_choice(const struct session *s);
unsigned long session_rekeys(const struct session *s);

/* Cleaned text of the peer's DISCONNECT and its reason; "" before. */
const char *session_peer_text(const struct session *s, uint32_t *reasonp);

/*
 * After SSHTAP_ERR_NO_COMMON: which list, what we offered, what the peer did.
 */
enum proposal_list session_failed_list(const struct session *s);
struct view session_failed_ours(const struct session *s);
struct view session_failed_theirs(const struct session *s);

#endif /* SESSION_H */
