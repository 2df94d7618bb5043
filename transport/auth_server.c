/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Every request is answered, with the same bytes for every reason to refuse.
 * User and service are fixed by the first request; another one later ends the
 * connection.  A signature is verified over bytes that we put together from
 * the parsed fields, never over the peer's own.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "transport/auth.h"
#include "transport/auth_server.h"
#include "transport/ssh2.h"

struct auth_server {
	struct session *session;
	const struct auth_server_ops *ops;
	void *ctx;
	char *user;
	bool granted;		/* the service was */
	bool none_seen;		/* the first "none" is free */
	bool authenticated;
	int failures, failures_max, requests;
};

int
auth_server_new(struct session *s, const struct auth_server_ops *ops,
    void *ctx, struct auth_server **ap)
{
	struct auth_server *a;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return SSHTAP_ERR_ALLOC;
	a->session = s;
	a->ops = ops;
	a->ctx = ctx;
	a->failures_max = AUTH_SERVER_TRIES_MAX;
	*ap = a;
	return 0;
}

void
auth_server_free(struct auth_server *a)
{
	if (a == NULL)
		return;
	free(a->user);
	free(a);
}

void
auth_server_set_tries(struct auth_server *a, int max)
{
	a->failures_max = max;
}

const char *
auth_server_user(const struct auth_server *a)
{
	return a->authenticated ? a->user : NULL;
}

static int
input_service_request(struct auth_server *a, struct view *v)
{
	struct view name, m;
	struct buf b;
	int r;

	if (a->granted)
		return SSHTAP_ERR_PROTOCOL;
	if ((r = view_get_string(v, &name)) != 0 || (r = view_end(v)) != 0)
		return r;
	if (!view_is(&name, AUTH_SERVICE))
		return SSHTAP_ERR_PROTOCOL;
	buf_init(&b, AUTH_REQUEST_MAX);
	if ((r = buf_put_u8(&b, SSH_MSG_SERVICE_ACCEPT)) == 0 &&
	    (r = buf_put_string_view(&b, &name)) == 0) {
		m = buf_view(&b);
		r = session_send(a->session, &m);
	}
	buf_clear(&b);
	a->granted = r == 0;
	return r;
}

static int
refuse(struct auth_server *a)
{
	struct buf b;
	struct view m;
	int r;

	if (++a->failures > a->failures_max)
		return SSHTAP_ERR_AUTH;
	buf_init(&b, AUTH_REQUEST_MAX);
	if ((r = buf_put_u8(&b, SSH_MSG_USERAUTH_FAILURE)) == 0 &&
	    (r = buf_put_cstring(&b, a->ops->password != NULL ?
	    "publickey,password" : "publickey")) == 0 &&
	    (r = buf_put_bool(&b, false)) == 0) {
		m = buf_view(&b);
		r = session_send(a->session, &m);
	}
	buf_clear(&b);
	return r;
}

static int
accept_user(struct auth_server *a)
{
	uint8_t number = SSH_MSG_USERAUTH_SUCCESS;
	struct view m = view_of(&number, 1);
	int r;

	if ((r = session_send(a->session, &m)) != 0)
		return r;
	a->authenticated = true;
	session_set_authenticated(a->session);
	return 0;
}

static int
send_key_ok(struct auth_server *a, const struct auth_publickey *pk)
{
	struct buf b;
	struct view m;
	int r;

	buf_init(&b, AUTH_REQUEST_MAX);
	if ((r = buf_put_u8(&b, SSH_MSG_USERAUTH_PK_OK)) == 0 &&
	    (r = buf_put_string_view(&b, &pk->algorithm)) == 0 &&
	    (r = buf_put_string_view(&b, &pk->blob)) == 0) {
		m = buf_view(&b);
		r = session_send(a->session, &m);
	}
	buf_clear(&b);
	return r;
}

static bool
is_signed_by_user(struct auth_server *a, const struct auth_publickey *pk,
    const struct view *signature)
{
	struct view id = session_id(a->session);

	/* Whoever else decides could take the request for a probe. */
	if (signature->len == 0)
		return false;
	if (a->ops->login != NULL)
		return a->ops->login(a->ctx, pk, signature);
	return a->ops->key(a->ctx, a->user, &pk->algorithm, &pk->blob) &&
	    auth_verify_publickey(pk, &id, signature) == 0;
}

static int
input_publickey(struct auth_server *a, struct view *v, bool hostbound)
{
	struct view ours = session_hostkey(a->session), signature;
	struct auth_publickey pk = { .user = view_of_string(a->user),
	    .hostbound = hostbound };
	bool has_signature;
	int r;

	if ((r = view_get_bool(v, &has_signature)) != 0 ||
	    (r = view_get_string(v, &pk.algorithm)) != 0 ||
	    (r = view_get_string(v, &pk.blob)) != 0 ||
	    (hostbound && (r = view_get_string(v, &pk.hostkey)) != 0) ||
	    (has_signature && (r = view_get_string(v, &signature)) != 0) ||
	    (r = view_end(v)) != 0)
		return r;
	if (hostbound && !view_equals(&pk.hostkey, &ours))
		return refuse(a);
	if (has_signature)
		return is_signed_by_user(a, &pk, &signature) ?
		    accept_user(a) : refuse(a);
	if (!a->ops->key(a->ctx, a->user, &pk.algorithm, &pk.blob))
		return refuse(a);
	return send_key_ok(a, &pk);
}

static int
input_password(struct auth_server *a, struct view *v)
{
	struct view password, replacement;
	bool change;
	int r;

	if ((r = view_get_bool(v, &change)) != 0 ||
	    (r = view_get_string(v, &password)) != 0 ||
	    (change && (r = view_get_string(v, &replacement)) != 0) ||
	    (r = view_end(v)) != 0)
		return r;
	if (change || a->ops->password == NULL ||
	    !a->ops->password(a->ctx, a->user, &password))
		return refuse(a);
	return accept_user(a);
}

static int
fix_user(struct auth_server *a, const struct view *user,
    const struct view *service)
{
	struct view known;

	if (!view_is(service, AUTH_NEXT_SERVICE) || user->len > AUTH_USER_MAX)
		return SSHTAP_ERR_PROTOCOL;
	if (a->user == NULL)
		return view_to_cstring(user, &a->user);
	known = view_of_string(a->user);
	return view_equals(user, &known) ? 0 : SSHTAP_ERR_PROTOCOL;
}

static int
input_request(struct auth_server *a, struct view *v)
{
	struct view user, service, method;
	int r;

	/* RFC 4252 section 5.1: silently ignored after success. */
	if (a->authenticated)
		return 0;
	if (!a->granted)
		return SSHTAP_ERR_PROTOCOL;
	/* A probe that is answered with PK_OK is no failure. */
	if (++a->requests > AUTH_SERVER_REQUESTS_MAX)
		return SSHTAP_ERR_AUTH;
	if ((r = view_get_string(v, &user)) != 0 ||
	    (r = view_get_string(v, &service)) != 0 ||
	    (r = view_get_string(v, &method)) != 0 ||
	    (r = fix_user(a, &user, &service)) != 0)
		return r;
	if (view_is(&method, "publickey"))
		return input_publickey(a, v, false);
	if (view_is(&method, AUTH_HOSTBOUND))
		return input_publickey(a, v, true);
	if (view_is(&method, "password"))
		return input_password(a, v);
	if (view_is(&method, "none") && !a->none_seen) {
		a->none_seen = true;
		a->failures--;	/* refuse() counts it again */
	}
	return refuse(a);
}

int
auth_server_input(struct auth_server *a, const struct session_packet *p)
{
	struct view v = view_of(p->payload, p->len);
	uint8_t number;
	int r;

	if ((r = view_get_u8(&v, &number)) != 0)
		return r;
	switch (number) {
	case SSH_MSG_SERVICE_REQUEST:
		return input_service_request(a, &v);
	case SSH_MSG_USERAUTH_REQUEST:
		return input_request(a, &v);
	default:
		if (a->authenticated && number >= SSH_MSG_GLOBAL_REQUEST)
			return SSHTAP_ERR_UNSUPPORTED;
		return auth_refuse_number(number);
	}
}
