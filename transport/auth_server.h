/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef AUTH_SERVER_H
#define AUTH_SERVER_H

#include <stdbool.h>

#include "lib/view.h"
#include "transport/auth.h"
#include "transport/session.h"

/*
 * The server's side of user authentication: publickey, and password where
 * the caller can check one.  sshtapd cannot; its tests' client wants to be
 * asked.  Reference: RFC 4252.
 */
#define AUTH_SERVER_TRIES_MAX	6	/* failures but the first "none" */
#define AUTH_SERVER_REQUESTS_MAX 64	/* probes of good keys included */

struct auth_server_ops {
	/* May this key log user in?  Asked for probes and signed requests. */
	bool (*key)(void *ctx, const char *user, const struct view *algorithm,
	    const struct view *blob);
	/* NULL: the method is not offered. */
	bool (*password)(void *ctx, const char *user,
	    const struct view *password);
	/*
	 * NULL: a signed request is verified here, after key has allowed it.
	 * Else it is verified there, instead of both: may the one who signed
	 * this log in?  The signature has at least one byte.
	 */
	bool (*login)(void *ctx, const struct auth_publickey *pk,
	    const struct view *signature);
};

struct auth_server;

int auth_server_new(struct session *s, const struct auth_server_ops *ops,
    void *ctx, struct auth_server **ap);
void auth_server_free(struct auth_server *a);

/* Another number of failures than AUTH_SERVER_TRIES_MAX, at least 1. */
void auth_server_set_tries(struct auth_server *a, int max);

/*
 * Feed one packet.
 * Returns 0 (look at auth_server_user), SSHTAP_ERR_UNSUPPORTED (a number that
 * nobody knows, or after success one that is not of authentication),
 * SSHTAP_ERR_AUTH (too many failures), SSHTAP_ERR_PROTOCOL (out of place), or
 * a parse error; all but UNSUPPORTED end the connection.
 */
int auth_server_input(struct auth_server *a, const struct session_packet *p);

/* The user, once authenticated; NULL before. */
const char *auth_server_user(const struct auth_server *a);

#endif /* AUTH_SERVER_H */
