/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Both sides must agree on these bytes, so they are written in one place. */

#include "lib/err.h"
#include "transport/auth.h"

#include "transport/key.h"
#include "transport/ssh2.h"

int
auth_put_publickey(struct buf *m, const struct auth_publickey *pk,
    bool has_signature)
{
	int r;

	if ((r = buf_put_u8(m, SSH_MSG_USERAUTH_REQUEST)) != 0 ||
	    (r = buf_put_string_view(m, &pk->user)) != 0 ||
	    (r = buf_put_cstring(m, AUTH_NEXT_SERVICE)) != 0 ||
	    (r = buf_put_cstring(m,
	    pk->hostbound ? AUTH_HOSTBOUND : "publickey")) != 0 ||
	    (r = buf_put_bool(m, has_signature)) != 0 ||
	    (r = buf_put_string_view(m, &pk->algorithm)) != 0 ||
	    (r = buf_put_string_view(m, &pk->blob)) != 0)
		return r;
	return pk->hostbound ? buf_put_string_view(m, &pk->hostkey) : 0;
}

int
auth_put_signed_data(struct buf *m, const struct view *session_id,
    const struct auth_publickey *pk)
{
	int r;

	if ((r = buf_put_string_view(m, session_id)) != 0)
		return r;
	return auth_put_publickey(m, pk, true);
}

int
auth_verify_publickey(const struct auth_publickey *pk,
    const struct view *session_id, const struct view *signature)
{
	struct key *key = NULL;
	struct view data;
	struct buf b;
	int r;

	buf_init(&b, AUTH_REQUEST_MAX);
	if ((r = key_from_blob(&pk->blob, &key)) != 0 ||
	    (r = auth_put_signed_data(&b, session_id, pk)) != 0)
		goto out;
	data = buf_view(&b);
	r = key_verify(key, &pk->algorithm, signature, &data);
 out:
	key_free(key);
	buf_clear(&b);
	return r;
}

int
auth_refuse_number(uint8_t number)
{
	switch (number) {
	case SSH_MSG_SERVICE_REQUEST:
	case SSH_MSG_SERVICE_ACCEPT:
	case SSH_MSG_USERAUTH_REQUEST:
	case SSH_MSG_USERAUTH_FAILURE:
	case SSH_MSG_USERAUTH_SUCCESS:
	case SSH_MSG_USERAUTH_BANNER:
		return SSHTAP_ERR_PROTOCOL;
	default:
		return number >= SSH_MSG_USERAUTH_METHOD ?
		    SSHTAP_ERR_PROTOCOL : SSHTAP_ERR_UNSUPPORTED;
	}
}
