/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef AUTH_CLIENT_H
#define AUTH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/view.h"
#include "transport/session.h"

/*
 * The client's side of user authentication, one method at a time: the caller
 * decides what to try, this knows how.  No keys, no terminal, no agent here.
 * Reference: RFC 4252, RFC 4256, OpenSSH PROTOCOL section 3.
 */
#define AUTH_PROMPTS_MAX	16	/* of one INFO_REQUEST */
#define AUTH_ROUNDS_MAX		64	/* INFO_REQUESTs of one connection */
#define AUTH_BANNERS_MAX	8	/* more are dropped */
#define AUTH_BANNER_SIZE	4096	/* cleaned, cut */
#define AUTH_TEXT_MAX		512	/* a prompt or instruction, cleaned */

enum auth_event {
	AUTH_EVENT_NONE,	/* go on feeding packets */
	AUTH_EVENT_CHOOSE,	/* try a method: auth_client_can tells which */
	AUTH_EVENT_KEY_OK,	/* the server would take this key: sign */
	AUTH_EVENT_PROMPTS,	/* answer auth_client_prompt's questions */
	AUTH_EVENT_BANNER,	/* show auth_client_banner */
	AUTH_EVENT_DONE		/* authenticated; the session knows it too */
};

struct auth_client;

/*
 * Ask for the service and, once it is granted, with which methods user can
 * log in (method "none").  The first AUTH_EVENT_CHOOSE follows.
 */
int auth_client_new(struct session *s, const char *user,
    struct auth_client **ap);
void auth_client_free(struct auth_client *a);

/*
 * Feed one packet.
 *
 * Returns 0 with *eventp; SSHTAP_ERR_UNSUPPORTED (a number that nobody knows:
 * answer UNIMPLEMENTED); else the connection must end.
 */
int auth_client_input(struct auth_client *a, const struct session_packet *p,
    enum auth_event *eventp);

/* Does the server's list name this method ("publickey")? */
bool auth_client_can(const struct auth_client *a, const char *method);

/* The server's list, cleaned; "" before the first FAILURE. */
const char *auth_client_methods(const struct auth_client *a);

/* The last answer was a partial success: one factor of several is done. */
bool auth_client_is_partial(const struct auth_client *a);

/*
 * Ask whether a key would do; AUTH_EVENT_KEY_OK or _CHOOSE follows.
 *
 * algorithm: signature algorithm, for a certificate its own name.
 * blob:    public key or certificate, copied.
 */
int auth_client_try_key(struct auth_client *a, const struct view *algorithm,
    const struct view *blob);

/*
 * After AUTH_EVENT_KEY_OK: sign and send.
 *
 * fn:      appends a signature blob over data, made with algorithm.
 * Returns what fn returns when it fails: nothing was sent, choose again.
 */
typedef int (auth_sign_fn)(void *ctx, const struct view *algorithm,
    const struct view *data, struct buf *signature);
int auth_client_sign(struct auth_client *a, auth_sign_fn *fn, void *ctx);

/* The caller wipes its copy of the secret. */
int auth_client_try_password(struct auth_client *a, const char *password);

int auth_client_try_kbdint(struct auth_client *a);

/* After AUTH_EVENT_PROMPTS.  Texts are cleaned. */
size_t auth_client_prompts(const struct auth_client *a);
const char *auth_client_instruction(const struct auth_client *a);
const char *auth_client_prompt(const struct auth_client *a, size_t n,
    bool *echop);

/* n is auth_client_prompts; the caller wipes its copies. */
int auth_client_answer(struct auth_client *a, const char *const *answers,
    size_t n);

/* After AUTH_EVENT_BANNER: cleaned, with line feeds. */
const char *auth_client_banner(const struct auth_client *a);

#endif /* AUTH_CLIENT_H */
