/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Extension negotiation: the one message in which each side says what else it
 * can do, once the keys keep it from others.  Reference: RFC 8308.
 */

#include "lib/err.h"
#include "transport/key.h"
#include "transport/namelist.h"
#include "transport/session_impl.h"
#include "transport/ssh2.h"

#define EXT_INFO_ENTRIES_MAX	1024	/* what OpenSSH takes */

static int
take_extension(struct session *s, const struct view *name,
    const struct view *value)
{
	if (view_is(name, "server-sig-algs") && value->len <= NAMELIST_MAX) {
		buf_reset(&s->server_sig_algs);
		return buf_put_view(&s->server_sig_algs, value);
	}
	if (view_is(name, "publickey-hostbound@openssh.com") &&
	    view_is(value, "0"))
		s->peer_hostbound = true;
	return 0;
}

/* The first packet under the first keys. */
static bool
is_first(const struct session *s)
{
	return s->rekeys == 0 && s->in.keys.packets == 1;
}

/*
 * RFC 8308 section 2.4: the packet after the first NEWKEYS; and one more of a
 * server before its SUCCESS, which OpenSSH sends as soon as it knows the user
 * (its PROTOCOL, ext-info-in-auth).
 */
static bool
is_in_time(struct session *s)
{
	if (is_first(s))
		return true;
	if (s->config.role != SESSION_CLIENT || !s->service_granted ||
	    s->has_late_ext_info)
		return false;
	s->has_late_ext_info = true;
	return true;
}

/* RFC 8308 section 2.3.  What we do not know is none of our business. */
int
session_ext_input(struct session *s, const struct view *payload, uint32_t seq)
{
	struct view v = *payload, name, value;
	uint32_t n;
	uint8_t type;
	int r;

	(void)seq;
	if (!is_in_time(s))
		return SSHTAP_ERR_PROTOCOL;
	if ((r = view_get_u8(&v, &type)) != 0 ||
	    (r = view_get_u32(&v, &n)) != 0)
		return r;
	if (n > EXT_INFO_ENTRIES_MAX)
		return SSHTAP_ERR_TOO_BIG;
	while (n-- > 0)
		if ((r = view_get_string(&v, &name)) != 0 ||
		    (r = view_get_string(&v, &value)) != 0 ||
		    (r = take_extension(s, &name, &value)) != 0)
			return r;
	return view_end(&v);
}

/* RFC 8308 section 2.4: the first packet under the first keys. */
int
session_ext_send(struct session *s)
{
	struct buf m;
	struct view v;
	int r;

	if (s->keyed || !s->peer_wants_ext_info)
		return 0;
	buf_init(&m, NAMELIST_MAX);
	if ((r = buf_put_u8(&m, SSH_MSG_EXT_INFO)) != 0)
		goto out;
	if (s->config.role == SESSION_CLIENT) {
		if ((r = buf_put_u32(&m, 1)) != 0 ||
		    (r = buf_put_cstring(&m,
		    "ext-info-in-auth@openssh.com")) != 0 ||
		    (r = buf_put_cstring(&m, "0")) != 0)
			goto out;
	} else if ((r = buf_put_u32(&m, 2)) != 0 ||
	    (r = buf_put_cstring(&m, "server-sig-algs")) != 0 ||
	    (r = buf_put_cstring(&m, s->sig_algs)) != 0 ||
	    (r = buf_put_cstring(&m, "publickey-hostbound@openssh.com")) != 0 ||
	    (r = buf_put_cstring(&m, "0")) != 0)
		goto out;
	v = buf_view(&m);
	r = session_send_now(s, &v);
 out:
	buf_clear(&m);
	return r;
}

struct view
session_server_sig_algs(const struct session *s)
{
	return buf_view(&s->server_sig_algs);
}

bool
session_peer_has_hostbound(const struct session *s)
{
	return s->peer_hostbound;
}
