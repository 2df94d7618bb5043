/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef AUTH_H
#define AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/view.h"

/* What both sides of user authentication share.  Reference: RFC 4252. */
#define AUTH_SERVICE		"ssh-userauth"
#define AUTH_NEXT_SERVICE	"ssh-connection"
#define AUTH_HOSTBOUND		"publickey-hostbound-v00@openssh.com"
#define AUTH_REQUEST_MAX	(64 * 1024)
#define AUTH_USER_MAX		255

/* The fields of a publickey request, RFC 4252 section 7. */
struct auth_publickey {
	struct view user;
	struct view algorithm;
	struct view blob;
	struct view hostkey;	/* hostbound: K_S of the first exchange */
	bool hostbound;
};

/* Append SSH_MSG_USERAUTH_REQUEST up to, not including, the signature. */
int auth_put_publickey(struct buf *m, const struct auth_publickey *pk,
    bool has_signature);

/*
 * Append what a signature covers: the session identifier as a string, then
 * the request with has_signature set.
 */
int auth_put_signed_data(struct buf *m, const struct view *session_id,
    const struct auth_publickey *pk);

/*
 * Was this request signed by the key in it?  The algorithm must fit the key's
 * type, whatever the request says.
 *
 * Returns 0, SSHTAP_ERR_SIGNATURE, SSHTAP_ERR_UNSUPPORTED, or what parsing the
 * key or the signature returns.
 */
int auth_verify_publickey(const struct auth_publickey *pk,
    const struct view *session_id, const struct view *signature);

/*
 * What becomes of a number that a side has no use for: SSHTAP_ERR_PROTOCOL
 * for one that belongs to services, to authentication or to what runs after
 * it (RFC 4252 section 6), SSHTAP_ERR_UNSUPPORTED for one nobody knows.
 */
int auth_refuse_number(uint8_t number);

#endif /* AUTH_H */
