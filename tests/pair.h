/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PAIR_H
#define PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/view.h"
#include "transport/auth_client.h"
#include "transport/auth_server.h"
#include "transport/key.h"
#include "transport/session.h"

/*
 * A client and a server joined in memory, with a clock that stands still.
 * Sides are named by enum session_role.  Everything here fails the test when
 * it cannot do its work.
 */
#define PAIR_USER	"wiretapper"
#define PAIR_PASSWORD	"correct horse"

struct pair_side {
	struct session *session;
	struct buf got;			/* delivered payloads as strings */
	unsigned long delivered;
	uint32_t last_seq;
	int result;			/* the failure it ended with, or 0 */
	uint64_t sent;			/* bytes that left it */
};

struct pair {
	struct session_config config[2];
	struct pair_side side[2];
	uint64_t now_ms;
	size_t chunk;			/* bytes per move, 0 for all */

	/* One byte of what flip_from sends is changed, unless the mask is 0. */
	enum session_role flip_from;
	uint64_t flip_at;
	uint8_t flip_mask;
	/* A piece from cut_from ends at this offset, unless it is 0. */
	enum session_role cut_from;
	uint64_t cut_at;
	struct buf *record[2];		/* all that a side sends, when set */

	const struct key *hostkey;	/* what the server shows */
	int verdict;			/* of check_hostkey */
	unsigned checks;
	char kex[128];			/* storage of the default lists */
	char last_text[SESSION_TEXT_MAX];
	unsigned texts;

	/* While set, these are fed before anything is delivered. */
	struct auth_client *client;
	struct auth_server *server;
	enum auth_event event;		/* the last but AUTH_EVENT_NONE */
	unsigned banners;
	int auth_result[2];
	bool user_key_allowed;
	const struct key *user_key;
	bool offers_password;
};

/* The kex list is what this libcrypto can do; the rest are all defaults. */
void pair_config(struct pair *p);
void pair_open(struct pair *p);
void pair_close(struct pair *p);

/*
 * Another KEXINIT than s would send by itself, before anything was taken from
 * it: it believes to have said so.
 */
struct pair_proposal {
	const char *kex;
	bool guess_follows;
};
void pair_edit_kexinit(struct session *s, const struct pair_proposal *edit);

/* A key of that type, made once; which is 0 or 1. */
struct key *pair_key(enum key_type type, unsigned which);
void pair_free_keys(void);

struct session *pair_session(struct pair *p, enum session_role role);
enum session_role pair_other(enum session_role role);

/* Take all that from wants to send out of it. */
void pair_take(struct pair *p, enum session_role from, struct buf *b);

/* Give bytes to a side; the pieces are of the pair's chunk size. */
void pair_feed(struct pair *p, enum session_role to, const void *bytes,
    size_t len);

/* Move up to one chunk from a side to the other; false when there is none. */
bool pair_move(struct pair *p, enum session_role from);

/* Move in turns until both are quiet. */
void pair_pump(struct pair *p);

/* Open and pump; both must be keyed then. */
void pair_handshake(struct pair *p);

/* Skip authentication: both sides are told that it has ended. */
void pair_authenticate(struct pair *p);

/* Open, key and authenticate with a public key, over the wire. */
void pair_login(struct pair *p);

/* Put both sides of authentication to work and pump. */
void pair_start_auth(struct pair *p);
void pair_end_auth(struct pair *p);

/* A signer for auth_client_sign; ctx is a struct key. */
int pair_sign(void *ctx, const struct view *algorithm,
    const struct view *data, struct buf *signature);

/* The next payload delivered to a side; valid until the next call. */
bool pair_get(struct pair *p, enum session_role role, struct view *payloadp);
void pair_drop_got(struct pair *p);

/* As a frame, from a place with no more room around it than there must be. */
int pair_send_frame(struct pair *p, enum session_role from,
    const void *payload, size_t len);

/* Send in the ordinary way, and past every rule and queue. */
void pair_send(struct pair *p, enum session_role from, const void *payload,
    size_t len);
void pair_inject(struct pair *p, enum session_role from, const void *payload,
    size_t len);

/* Give a packet in clear to a side, as its peer would have sent it. */
void pair_feed_clear(struct pair *p, enum session_role to,
    const void *payload, size_t len);

/* Bytes between noise and repetition, the same in every run. */
void pair_fill(uint8_t *p, size_t len, uint32_t seed);

#endif /* PAIR_H */
