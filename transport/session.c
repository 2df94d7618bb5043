/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * One connection: which message may come when, what the transport answers
 * itself, and what goes up.
 *
 * A table lists for each message number the states in which it is legal, and
 * on which side of the end of authentication; anything else ends the
 * connection before a handler runs.  State changes in session_set_state alone.
 *
 * Between our KEXINIT and our NEWKEYS only exchange messages may leave
 * (RFC 4253 section 7.1): control messages wait in a bounded queue, and
 * session_send_frame says AGAIN, so that frames wait where they are.  The
 * queue also takes what does not fit the output for the moment; order is kept
 * because nothing overtakes it.
 *
 * Every failure passes session_fail, which tells the peer once and keeps the
 * code: a failed session never delivers or accepts anything again.
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/text.h"
#include "transport/key.h"
#include "transport/namelist.h"
#include "transport/session_impl.h"
#include "transport/ssh2.h"
#include "transport/version.h"

#define HASHED_MAX	(64 * 1024)	/* KEXINIT, keys, signature: each */

static_assert(SESSION_HEADROOM == PACKET_HEADROOM &&
    SESSION_TAILROOM == PACKET_TAILROOM &&
    SESSION_OUTPUT_MAX == PACKET_OUT_SIZE, "packet.h is not for everybody");

static const char *const state_names[] = {
	[SESSION_VERSION] = "version",
	[SESSION_INITIAL_KEXINIT] = "initial kexinit",
	[SESSION_INITIAL_EXCHANGE] = "initial exchange",
	[SESSION_INITIAL_NEWKEYS] = "initial newkeys",
	[SESSION_READY] = "ready",
	[SESSION_REKEY_KEXINIT] = "rekey kexinit",
	[SESSION_REKEY_EXCHANGE] = "rekey exchange",
	[SESSION_REKEY_NEWKEYS] = "rekey newkeys",
	[SESSION_FAILED] = "failed",
};
static_assert(sizeof(state_names) / sizeof(state_names[0]) ==
    SESSION_STATE_COUNT, "a state without a name");

#define IN(state)	(1u << SESSION_##state)
#define IN_INITIAL	(IN(INITIAL_KEXINIT) | IN(INITIAL_EXCHANGE) | \
			    IN(INITIAL_NEWKEYS))
#define IN_REKEY	(IN(REKEY_KEXINIT) | IN(REKEY_EXCHANGE) | \
			    IN(REKEY_NEWKEYS))
/* Their KEXINIT has not come, so they may still send anything. */
#define IN_DATA		(IN(READY) | IN(REKEY_KEXINIT))

/* Whether user authentication has ended. */
#define BEFORE_AUTH	1u
#define AFTER_AUTH	2u
#define ALWAYS		(BEFORE_AUTH | AFTER_AUTH)

typedef int (message_fn)(struct session *s, const struct view *payload,
    uint32_t seq);

struct message {
	uint8_t first, last;		/* message numbers */
	unsigned states, auth;
	bool only_lax;			/* not in a strict initial exchange */
	message_fn *handle;		/* NULL: goes up */
};

void
session_set_state(struct session *s, enum session_state to)
{
	log_debug("session: %s -> %s", state_names[s->state],
	    state_names[to]);
	s->state = to;
}

/* The one place where a fault becomes a reason for the peer. */
static uint32_t
disconnect_reason(int r)
{
	switch (r) {
	case SSHTAP_ERR_MAC:
		return SSH_DISCONNECT_MAC_ERROR;
	case SSHTAP_ERR_COMPRESS:
		return SSH_DISCONNECT_COMPRESSION_ERROR;
	case SSHTAP_ERR_NO_COMMON:
	case SSHTAP_ERR_SIGNATURE:
	case SSHTAP_ERR_CRYPTO:
		return SSH_DISCONNECT_KEY_EXCHANGE_FAILED;
	case SSHTAP_ERR_HOSTKEY:
		return SSH_DISCONNECT_HOST_KEY_NOT_VERIFIABLE;
	case SSHTAP_ERR_AUTH:
		return SSH_DISCONNECT_NO_MORE_AUTH_METHODS;
	case SSHTAP_ERR_TIMEOUT:
	case SSHTAP_ERR_ALLOC:
	case SSHTAP_ERR_INTERNAL:
		return SSH_DISCONNECT_BY_APPLICATION;
	default:
		return SSH_DISCONNECT_PROTOCOL_ERROR;
	}
}

static void
put_disconnect(struct session *s, uint32_t reason, const char *text)
{
	struct buf m;
	struct view v;

	buf_init(&m, SESSION_TEXT_MAX + 64);
	if (buf_put_u8(&m, SSH_MSG_DISCONNECT) == 0 &&
	    buf_put_u32(&m, reason) == 0 &&
	    buf_put_cstring(&m, text) == 0 && buf_put_cstring(&m, "") == 0) {
		v = buf_view(&m);
		if (session_send_now(s, &v) != 0)
			log_debug("session: no room for a disconnect");
	}
	buf_clear(&m);
}

int
session_fail(struct session *s, int r)
{
	if (s->state == SESSION_FAILED)
		return s->failure;
	/* A peer that does not speak SSH would not understand a packet. */
	if (r != SSHTAP_ERR_DISCONNECT && s->state != SESSION_VERSION)
		put_disconnect(s, disconnect_reason(r), err_text(r));
	s->failure = r;
	session_set_state(s, SESSION_FAILED);
	return r;
}

void
session_disconnect(struct session *s, uint32_t reason, const char *text)
{
	if (s->state == SESSION_FAILED)
		return;
	if (s->state != SESSION_VERSION)
		put_disconnect(s, reason, text);
	s->failure = SSHTAP_ERR_CLOSED;
	session_set_state(s, SESSION_FAILED);
}

/* Sending. */

static bool
may_send(const struct session *s)
{
	return s->state == SESSION_READY || s->state == SESSION_REKEY_NEWKEYS;
}

/* With less than max bytes in front of what is sent, and nothing queued. */
static bool
has_room(const struct session *s, size_t max)
{
	return may_send(s) && s->queue.len == 0 &&
	    packet_out_pending(&s->out).len < max;
}

bool
session_is_writable(const struct session *s)
{
	return has_room(s, s->output_max);
}

void
session_set_output_max(struct session *s, size_t max)
{
	s->output_max = max < SESSION_OUTPUT_MAX ? max : SESSION_OUTPUT_MAX;
}

static bool
is_over_limits(const struct session *s, const struct packet_keys *k)
{
	uint64_t limit = cipher_alg(k->cipher)->rekey_bytes;

	if (s->config.rekey_bytes != 0 && s->config.rekey_bytes < limit)
		limit = s->config.rekey_bytes;
	return k->packets >= SESSION_REKEY_PACKETS || k->bytes >= limit;
}

/* Our KEXINIT must find room at once, so a full output drains first. */
static bool
may_rekey(const struct session *s)
{
	return s->state == SESSION_READY && s->authenticated &&
	    packet_out_pending(&s->out).len < PACKET_OUT_SIZE;
}

/* Start an exchange when either direction has used its keys enough. */
static int
rekey_if_due(struct session *s)
{
	if (!may_rekey(s))
		return 0;
	if (!is_over_limits(s, &s->in.keys) &&
	    !is_over_limits(s, &s->out.keys))
		return 0;
	return session_kex_start(s);
}

int
session_send_now(struct session *s, const struct view *payload)
{
	int r = packet_out_put(&s->out, payload);

	/*
	 * There is room for a packet beyond what may wait.  A peer that makes
	 * us say more than that and reads nothing will not be waited for.
	 */
	return r == SSHTAP_ERR_AGAIN ? SSHTAP_ERR_TOO_BIG : r;
}

static int
enqueue(struct session *s, const struct view *payload)
{
	return buf_put_string_view(&s->queue, payload);
}

int
session_flush_queue(struct session *s)
{
	struct view rest, payload;
	int r;

	while (may_send(s) && s->queue.len > 0 &&
	    packet_out_pending(&s->out).len < PACKET_OUT_SIZE) {
		rest = buf_view(&s->queue);
		if ((r = view_get_string(&rest, &payload)) != 0 ||
		    (r = session_send_now(s, &payload)) != 0)
			return r;
		buf_drop_front(&s->queue, s->queue.len - rest.len);
	}
	return 0;
}

int
session_send(struct session *s, const struct view *payload)
{
	int r;

	if (s->state == SESSION_FAILED)
		return SSHTAP_ERR_STATE;
	if (payload->len > PACKET_PAYLOAD_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if (!has_room(s, SESSION_OUTPUT_MAX))
		return enqueue(s, payload);
	if ((r = session_send_now(s, payload)) != 0)
		return r;
	return rekey_if_due(s);
}

int
session_send_frame(struct session *s, uint8_t *payload, size_t len)
{
	int r;

	if (s->state == SESSION_FAILED)
		return SSHTAP_ERR_STATE;
	if (len > PACKET_PAYLOAD_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if (!session_is_writable(s))
		return SSHTAP_ERR_AGAIN;
	if ((r = packet_out_seal(&s->out, payload, len)) != 0)
		return r;
	return rekey_if_due(s);
}

int
session_send_unimplemented(struct session *s, uint32_t seq)
{
	uint8_t m[5] = { SSH_MSG_UNIMPLEMENTED };
	struct view v = view_of(m, sizeof(m));

	put_be32(m + 1, seq);
	return session_send(s, &v);
}

struct view
session_output(const struct session *s)
{
	return packet_out_pending(&s->out);
}

void
session_output_written(struct session *s, size_t len)
{
	int r;

	packet_out_written(&s->out, len);
	if ((r = session_flush_queue(s)) != 0)
		(void)session_fail(s, r);
}

/* Receiving: messages of the transport itself. */

static int
input_disconnect(struct session *s, const struct view *payload, uint32_t seq)
{
	struct view v = *payload, text;
	uint8_t type;

	(void)seq;
	if (view_get_u8(&v, &type) == 0 &&
	    view_get_u32(&v, &s->peer_reason) == 0 &&
	    view_get_string(&v, &text) == 0)
		text_clean(s->peer_text, sizeof(s->peer_text), text.p,
		    text.len, false);
	return SSHTAP_ERR_DISCONNECT;
}

static void
show_debug_text(struct session *s, const struct view *text)
{
	char clean[SESSION_TEXT_MAX];

	if (s->config.ops->debug_text == NULL)
		return;
	text_clean(clean, sizeof(clean), text->p, text->len, false);
	s->config.ops->debug_text(s->config.ctx, clean);
}

static int
input_ignorable(struct session *s, const struct view *payload, uint32_t seq)
{
	struct view v = *payload, text;
	uint8_t type;
	bool display;

	(void)seq;
	if (view_get_u8(&v, &type) == 0 && type == SSH_MSG_DEBUG &&
	    view_get_bool(&v, &display) == 0 &&
	    view_get_string(&v, &text) == 0)
		show_debug_text(s, &text);
	return 0;
}

static int
input_kexinit(struct session *s, const struct view *payload, uint32_t seq)
{
	int r;

	/* They began: answer with our own proposal first. */
	if (s->state == SESSION_READY) {
		if (s->config.role == SESSION_SERVER && !s->authenticated)
			return SSHTAP_ERR_PROTOCOL;
		if ((r = session_kex_start(s)) != 0)
			return r;
	}
	return session_kex_input_init(s, payload, seq);
}

static int
input_method(struct session *s, const struct view *payload, uint32_t seq)
{
	(void)seq;
	if (s->drop_guess) {
		s->drop_guess = false;
		return 0;
	}
	return session_kex_input_method(s, payload);
}

static int
input_newkeys(struct session *s, const struct view *payload, uint32_t seq)
{
	(void)seq;
	return session_kex_input_newkeys(s, payload);
}

static const struct message messages[] = {
	/* RFC 4250 section 4.1.1: numbers begin with 1. */
	{ 0, 0, 0, 0, false, NULL },
	{ SSH_MSG_DISCONNECT, SSH_MSG_DISCONNECT,
	    IN_INITIAL | IN(READY) | IN_REKEY, ALWAYS, false,
	    input_disconnect },
	{ SSH_MSG_IGNORE, SSH_MSG_DEBUG,
	    IN_INITIAL | IN(READY) | IN_REKEY, ALWAYS, true,
	    input_ignorable },
	{ SSH_MSG_SERVICE_REQUEST, SSH_MSG_SERVICE_ACCEPT, IN_DATA,
	    BEFORE_AUTH, false, NULL },
	{ SSH_MSG_EXT_INFO, SSH_MSG_EXT_INFO, IN_DATA, BEFORE_AUTH, false,
	    session_ext_input },
	{ SSH_MSG_KEXINIT, SSH_MSG_KEXINIT,
	    IN(INITIAL_KEXINIT) | IN_DATA, ALWAYS, false, input_kexinit },
	{ SSH_MSG_NEWKEYS, SSH_MSG_NEWKEYS,
	    IN(INITIAL_NEWKEYS) | IN(REKEY_NEWKEYS), ALWAYS, false,
	    input_newkeys },
	{ SSH_MSG_KEX_ECDH_INIT, SSH_MSG_KEX_LAST,
	    IN(INITIAL_EXCHANGE) | IN(REKEY_EXCHANGE), ALWAYS, false,
	    input_method },
	{ SSH_MSG_USERAUTH_REQUEST, SSH_MSG_USERAUTH_BANNER, IN_DATA,
	    BEFORE_AUTH, false, NULL },
	{ SSH_MSG_USERAUTH_METHOD, SSH_MSG_USERAUTH_METHOD_LAST, IN_DATA,
	    BEFORE_AUTH, false, NULL },
	/* RFC 4252 section 6: whoever sends these earlier is cut off. */
	{ SSH_MSG_GLOBAL_REQUEST, UINT8_MAX, IN_DATA, AFTER_AUTH, false,
	    NULL },
};

static const struct message *
find_message(uint8_t number)
{
	size_t n;

	for (n = 0; n < sizeof(messages) / sizeof(messages[0]); n++)
		if (number >= messages[n].first && number <= messages[n].last)
			return &messages[n];
	return NULL;
}

static bool
is_legal(const struct session *s, const struct message *m)
{
	if ((m->states & 1u << s->state) == 0 ||
	    (m->auth & (s->authenticated ? AFTER_AUTH : BEFORE_AUTH)) == 0)
		return false;
	/*
	 * What came before their KEXINIT cannot be judged yet; its sequence
	 * number will tell (session_kex.c).
	 */
	return !(m->only_lax && s->strict && !s->keyed);
}

/* RFC 4252 section 5.1: silence for a request that crossed our SUCCESS. */
static bool
is_late_request(const struct session *s, uint8_t number)
{
	return number == SSH_MSG_USERAUTH_REQUEST && s->authenticated &&
	    s->config.role == SESSION_SERVER &&
	    (IN_DATA & 1u << s->state) != 0;
}

/*
 * Handle one message or hand it up.
 * Returns 0 with *upp, or what ends the connection.
 */
static int
dispatch(struct session *s, uint8_t *payload, size_t len, uint32_t seq,
    bool *upp)
{
	const struct message *m = find_message(payload[0]);
	struct view v = view_of(payload, len);

	*upp = false;
	/* A number nobody has heard of: those above answer UNIMPLEMENTED. */
	if (m == NULL) {
		*upp = true;
		return (IN_DATA & 1u << s->state) ? 0 : SSHTAP_ERR_PROTOCOL;
	}
	if (is_late_request(s, payload[0]))
		return 0;
	if (!is_legal(s, m)) {
		log_debug("session: message %u in state %s", payload[0],
		    state_names[s->state]);
		return SSHTAP_ERR_PROTOCOL;
	}
	if (m->handle != NULL)
		return m->handle(s, &v, seq);
	if (payload[0] == SSH_MSG_SERVICE_ACCEPT)
		s->service_granted = true;
	*upp = true;
	return 0;
}

/* Returns 0 when their identification is complete, AGAIN, or VERSION. */
static int
input_version(struct session *s)
{
	struct view in, line;
	size_t used;
	int r;

	for (;;) {
		in = packet_in_raw(&s->in);
		r = version_take_line(&in, &line, &used);
		if (r == SSHTAP_ERR_AGAIN && used > 0) {
			/* RFC 4253 section 4.2: a server may, a client not. */
			if (s->config.role == SESSION_SERVER ||
			    ++s->preamble_lines > VERSION_PREAMBLE_LINES)
				return SSHTAP_ERR_VERSION;
			show_debug_text(s, &line);
			packet_in_drop(&s->in, used);
			continue;
		}
		if (r != 0)
			return r;
		if ((r = buf_put_view(&s->version_theirs, &line)) != 0)
			return r;
		packet_in_drop(&s->in, used);
		s->kex_started_ms = s->now_ms;
		session_set_state(s, SESSION_INITIAL_KEXINIT);
		return 0;
	}
}

/* A stranger may not keep us at work for long. */
static int
check_early(struct session *s)
{
	const struct session_config *c = &s->config;

	if (s->authenticated)
		return 0;
	if ((c->early_packets_max != 0 &&
	    s->early_packets > c->early_packets_max) ||
	    (c->early_bytes_max != 0 && s->early_bytes > c->early_bytes_max))
		return SSHTAP_ERR_TOO_BIG;
	return 0;
}

static int
next(struct session *s, struct session_packet *p)
{
	bool up = false;
	int r;

	if (s->state == SESSION_VERSION && (r = input_version(s)) != 0)
		return r;
	do {
		/* Before the packet is whole, too. */
		if ((r = check_early(s)) != 0 ||
		    (r = packet_in_next(&s->in, &p->payload, &p->len,
		    &p->seq)) != 0)
			return r;
		s->early_packets++;
		if ((r = dispatch(s, p->payload, p->len, p->seq, &up)) != 0 ||
		    (r = rekey_if_due(s)) != 0)
			return r;
	} while (!up);
	return 0;
}

int
session_next(struct session *s, uint64_t now_ms, struct session_packet *p)
{
	int r;

	s->now_ms = now_ms;
	if (s->state == SESSION_FAILED)
		return s->failure;
	r = next(s, p);
	if (r == 0 || r == SSHTAP_ERR_AGAIN)
		return r;
	return session_fail(s, r);
}

bool
session_keeps_payloads(const struct session *s)
{
	return s->in.keys.compress == NULL;
}

void
session_input_space(struct session *s, uint8_t **pp, size_t *lenp)
{
	packet_in_space(&s->in, pp, lenp);
}

void
session_input_received(struct session *s, size_t len)
{
	packet_in_received(&s->in, len);
	s->early_bytes += len;
}

/* Time and rekeying. */

int
session_tick(struct session *s, uint64_t now_ms)
{
	uint64_t limit = SESSION_REKEY_MS;
	int r = 0;

	s->now_ms = now_ms;
	if (s->state == SESSION_FAILED)
		return s->failure;
	if (s->config.rekey_ms != 0 && s->config.rekey_ms < limit)
		limit = s->config.rekey_ms;
	if (s->state != SESSION_READY) {
		if (now_ms - s->kex_started_ms > SESSION_KEX_TIMEOUT_MS)
			return session_fail(s, SSHTAP_ERR_TIMEOUT);
	} else if (may_rekey(s) && now_ms - s->kex_started_ms > limit)
		r = session_kex_start(s);
	return r == 0 ? 0 : session_fail(s, r);
}

int
session_rekey(struct session *s)
{
	int r;

	if (s->state == SESSION_FAILED)
		return s->failure;
	if (s->state != SESSION_READY)
		return 0;
	r = session_kex_start(s);
	return r == 0 ? 0 : session_fail(s, r);
}

void
session_set_authenticated(struct session *s)
{
	int r;

	if (s->authenticated)
		return;
	s->authenticated = true;
	if ((r = session_kex_start_compression(s)) != 0)
		(void)session_fail(s, r);
}

/* Construction. */

static int
copy_config(struct session *s, const struct session_config *c)
{
	s->config = *c;
	if ((s->software = strdup(c->software)) == NULL ||
	    (s->kex_list = strdup(c->kex)) == NULL ||
	    (s->hostkey_list = strdup(c->hostkey)) == NULL ||
	    (s->cipher_list = strdup(c->ciphers)) == NULL ||
	    (s->compress_list = strdup(c->compression)) == NULL ||
	    (s->sig_algs = strdup(c->sig_algs != NULL ? c->sig_algs :
	    KEY_DEFAULT_HOSTKEY_LIST)) == NULL)
		return SSHTAP_ERR_ALLOC;
	return session_kex_check_lists(s);
}

static void
init_bufs(struct session *s)
{
	buf_init(&s->queue, SESSION_QUEUE_MAX);
	buf_init(&s->version_ours, VERSION_LINE_MAX);
	buf_init(&s->version_theirs, VERSION_LINE_MAX);
	buf_init(&s->init_ours, HASHED_MAX);
	buf_init(&s->init_theirs, HASHED_MAX);
	buf_init(&s->q_c, KEX_PUBLIC_MAX);
	buf_init(&s->q_s, KEX_PUBLIC_MAX);
	buf_init(&s->id, SESSION_ID_MAX);
	buf_init(&s->hostkey, HASHED_MAX);
	buf_init(&s->kex_signature, HASHED_MAX);
	buf_init(&s->server_sig_algs, NAMELIST_MAX);
	buf_init(&s->failed_ours, NAMELIST_MAX);
	buf_init(&s->failed_theirs, NAMELIST_MAX);
}

static int
send_version(struct session *s)
{
	struct view v;
	int r;

	if ((r = buf_put_format(&s->version_ours, "SSH-2.0-%s",
	    s->software)) != 0)
		return r;
	v = buf_view(&s->version_ours);
	if ((r = packet_out_raw(&s->out, &v)) != 0)
		return r;
	v = view_of_string("\r\n");
	return packet_out_raw(&s->out, &v);
}

int
session_new(const struct session_config *config, uint64_t now_ms,
    struct session **sp)
{
	struct session *s;
	int r;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return SSHTAP_ERR_ALLOC;
	init_bufs(s);
	s->state = SESSION_VERSION;
	s->now_ms = now_ms;
	s->output_max = SESSION_OUTPUT_MAX;
	if ((r = copy_config(s, config)) != 0 ||
	    (r = packet_in_init(&s->in)) != 0 ||
	    (r = packet_out_init(&s->out)) != 0 ||
	    (r = send_version(s)) != 0 ||
	    (r = session_kex_start(s)) != 0)
		goto out;
	*sp = s;
	s = NULL;
 out:
	session_free(s);
	return r;
}

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	session_kex_clear(s);
	packet_in_clear(&s->in);
	packet_out_clear(&s->out);
	buf_clear(&s->queue);
	buf_clear(&s->version_ours);
	buf_clear(&s->version_theirs);
	buf_clear(&s->init_ours);
	buf_clear(&s->init_theirs);
	buf_clear(&s->q_c);
	buf_clear(&s->q_s);
	buf_clear(&s->id);
	buf_clear(&s->hostkey);
	buf_clear(&s->kex_signature);
	buf_clear(&s->server_sig_algs);
	buf_clear(&s->failed_ours);
	buf_clear(&s->failed_theirs);
	free(s->software);
	free(s->kex_list);
	free(s->hostkey_list);
	free(s->cipher_list);
	free(s->compress_list);
	free(s->sig_algs);
	free(s);
}

/* Queries. */

bool
session_is_keyed(const struct session *s)
{
	return s->keyed;
}

bool
session_is_rekeying(const struct session *s)
{
	return s->keyed && s->state != SESSION_READY &&
	    s->state != SESSION_FAILED;
}

struct view
session_id(const struct session *s)
{
	return buf_view(&s->id);
}

struct view
session_hostkey(const struct session *s)
{
	return buf_view(&s->hostkey);
}

struct view
session_kex_signature(const struct session *s)
{
	return buf_view(&s->kex_signature);
}

struct view
session_peer_version(const struct session *s)
{
	return buf_view(&s->version_theirs);
}

const struct proposal_choice *
session_choice(const struct session *s)
{
	return s->keyed ? &s->choice : NULL;
}

unsigned long
session_rekeys(const struct session *s)
{
	return s->rekeys;
}

const char *
session_peer_text(const struct session *s, uint32_t *reasonp)
{
	if (reasonp != NULL)
		*reasonp = s->peer_reason;
	return s->peer_text;
}
