/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The wire between two sessions.  Bytes are copied from the output of one to
 * the input of the other in pieces of a chosen size, and after each piece the
 * receiver is asked for packets until it has no more, as its contract wants.
 * What a failed session would do is checked on the way: it must repeat its
 * failure and never deliver again.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/pair.h"
#include "transport/cipher.h"
#include "transport/kex.h"
#include "transport/session_impl.h"

#define GOT_MAX		(64 * 1024 * 1024)
#define PIECE_MAX	(32 * 1024)

static struct key *keys[KEY_TYPE_COUNT][2];

struct key *
pair_key(enum key_type type, unsigned which)
{
	if (keys[type][which] == NULL)
		assert_int_equal(key_generate(type, &keys[type][which]), 0);
	return keys[type][which];
}

void
pair_free_keys(void)
{
	unsigned i;

	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		key_free(keys[i][0]);
		key_free(keys[i][1]);
		keys[i][0] = keys[i][1] = NULL;
	}
}

struct session *
pair_session(struct pair *p, enum session_role role)
{
	return p->side[role].session;
}

enum session_role
pair_other(enum session_role role)
{
	return role == SESSION_CLIENT ? SESSION_SERVER : SESSION_CLIENT;
}

void
pair_fill(uint8_t *p, size_t len, uint32_t seed)
{
	uint32_t x = seed * 2654435761u + 1;
	size_t i;

	for (i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		p[i] = (i & 64) != 0 ? (uint8_t)(x >> 24) : (uint8_t)(x >> 31);
	}
}

/* What the sessions ask of their callers. */

static int
check_hostkey(void *ctx, const struct view *blob, const char *algorithm)
{
	struct view shown, name = view_of_string(algorithm);
	struct pair *p = ctx;

	shown = key_blob(p->hostkey);
	assert_true(view_equals(&shown, blob));
	assert_true(key_type_has_algorithm(key_type(p->hostkey), &name));
	p->checks++;
	return p->verdict;
}

static int
show_hostkey(void *ctx, const struct view *algorithm, struct view *blobp)
{
	struct pair *p = ctx;

	if (!key_type_has_algorithm(key_type(p->hostkey), algorithm))
		return SSHTAP_ERR_NOT_FOUND;
	*blobp = key_blob(p->hostkey);
	return 0;
}

static int
sign_hash(void *ctx, const struct view *algorithm, const struct view *data,
    struct buf *signature)
{
	struct pair *p = ctx;

	return key_sign(p->hostkey, algorithm, data, signature);
}

static void
keep_text(void *ctx, const char *text)
{
	struct pair *p = ctx;

	assert_true(strlen(text) < sizeof(p->last_text));
	strcpy(p->last_text, text);
	p->texts++;
}

static const struct session_ops ops = {
	.check_hostkey = check_hostkey,
	.hostkey = show_hostkey,
	.sign = sign_hash,
	.debug_text = keep_text,
};

void
pair_config(struct pair *p)
{
	struct buf list;
	struct session_config config = {
		.software = "sshtap_test",
		.kex = p->kex,
		.hostkey = KEY_DEFAULT_HOSTKEY_LIST,
		.ciphers = CIPHER_DEFAULT_LIST,
		.compression = "none,zlib@openssh.com",
		.ops = &ops,
		.ctx = p,
	};

	memset(p, 0, sizeof(*p));
	buf_init(&list, sizeof(p->kex));
	assert_int_equal(kex_default_list(&list), 0);
	assert_int_equal(buf_put_u8(&list, '\0'), 0);
	memcpy(p->kex, buf_view(&list).p, list.len);
	buf_clear(&list);
	p->config[SESSION_CLIENT] = p->config[SESSION_SERVER] = config;
	p->config[SESSION_CLIENT].role = SESSION_CLIENT;
	p->config[SESSION_SERVER].role = SESSION_SERVER;
	p->now_ms = 1000000;
	p->hostkey = pair_key(KEY_ED25519, 0);
	p->user_key = pair_key(KEY_ED25519, 1);
	p->user_key_allowed = true;
}

void
pair_open(struct pair *p)
{
	int i;

	for (i = 0; i < 2; i++) {
		buf_init(&p->side[i].got, GOT_MAX);
		assert_int_equal(session_new(&p->config[i], p->now_ms,
		    &p->side[i].session), 0);
	}
}

void
pair_close(struct pair *p)
{
	int i;

	pair_end_auth(p);
	for (i = 0; i < 2; i++) {
		session_free(p->side[i].session);
		buf_clear(&p->side[i].got);
	}
	memset(p->side, 0, sizeof(p->side));
}

/* A side with another KEXINIT than it would send by itself. */

static void
put_edited(struct buf *m, const struct session *s,
    const struct pair_proposal *edit)
{
	struct view old = buf_view(&s->init_ours);
	char *copies[PROPOSAL_COUNT];
	const char *lists[PROPOSAL_COUNT];
	struct proposal proposal;
	int i;

	assert_int_equal(proposal_parse(&old, &proposal), 0);
	for (i = 0; i < PROPOSAL_COUNT; i++) {
		assert_int_equal(view_to_cstring(&proposal.list[i],
		    &copies[i]), 0);
		lists[i] = copies[i];
	}
	lists[PROPOSAL_KEX] = edit->kex;
	assert_int_equal(proposal_put(m, old.p + 1, lists), 0);
	m->base[m->head + m->len - 5] = edit->guess_follows ? 1 : 0;
	for (i = 0; i < PROPOSAL_COUNT; i++)
		free(copies[i]);
}

void
pair_edit_kexinit(struct session *s,
    const struct pair_proposal *edit)
{
	struct view v, end = view_of_string("\r\n");
	struct buf m;

	buf_init(&m, 64 * 1024);
	put_edited(&m, s, edit);
	v = buf_view(&m);
	buf_reset(&s->init_ours);
	assert_int_equal(buf_put_view(&s->init_ours, &v), 0);
	s->out.head = s->out.tail = 0;
	s->out.keys.seq = 0;
	s->out.keys.packets = s->out.keys.bytes = 0;
	v = buf_view(&s->version_ours);
	assert_int_equal(packet_out_raw(&s->out, &v), 0);
	assert_int_equal(packet_out_raw(&s->out, &end), 0);
	v = buf_view(&s->init_ours);
	assert_int_equal(session_send_now(s, &v), 0);
	buf_clear(&m);
}

/* Receiving. */

static bool
feed_client(struct pair *p, const struct session_packet *packet)
{
	enum auth_event event;
	int r;

	if (p->client == NULL || p->event == AUTH_EVENT_DONE)
		return false;
	r = auth_client_input(p->client, packet, &event);
	if (r == SSHTAP_ERR_UNSUPPORTED)
		return false;
	if (r != 0)
		p->auth_result[SESSION_CLIENT] = r;
	else if (event == AUTH_EVENT_BANNER)
		p->banners++;
	else if (event != AUTH_EVENT_NONE)
		p->event = event;
	return true;
}

static bool
feed_server(struct pair *p, const struct session_packet *packet)
{
	int r;

	if (p->server == NULL ||
	    (r = auth_server_input(p->server, packet)) ==
	    SSHTAP_ERR_UNSUPPORTED)
		return false;
	if (r != 0)
		p->auth_result[SESSION_SERVER] = r;
	return true;
}

static void
deliver(struct pair *p, enum session_role to,
    const struct session_packet *packet)
{
	struct pair_side *side = &p->side[to];

	assert_true(packet->len > 0);
	side->last_seq = packet->seq;
	if (to == SESSION_CLIENT ? feed_client(p, packet) :
	    feed_server(p, packet))
		return;
	assert_int_equal(buf_put_string(&side->got, packet->payload,
	    packet->len), 0);
	side->delivered++;
}

static void
drain(struct pair *p, enum session_role to)
{
	struct pair_side *side = &p->side[to];
	struct session_packet packet;
	int r;

	while ((r = session_next(side->session, p->now_ms, &packet)) == 0) {
		assert_int_equal(side->result, 0);
		deliver(p, to, &packet);
	}
	if (side->result != 0)
		assert_int_equal(r, side->result);
	else if (r != SSHTAP_ERR_AGAIN)
		side->result = r;
}

void
pair_feed(struct pair *p, enum session_role to, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;
	uint8_t *space;
	size_t n, max;

	while (len > 0 && p->side[to].result == 0) {
		session_input_space(p->side[to].session, &space, &max);
		assert_true(max > 0);
		n = p->chunk != 0 && p->chunk < len ? p->chunk : len;
		if (n > max)
			n = max;
		memcpy(space, from, n);
		session_input_received(p->side[to].session, n);
		from += n;
		len -= n;
		drain(p, to);
	}
}

static size_t
next_piece(const struct pair *p, enum session_role from, size_t n)
{
	const struct pair_side *side = &p->side[from];

	if (p->chunk != 0 && n > p->chunk)
		n = p->chunk;
	if (n > PIECE_MAX)
		n = PIECE_MAX;
	if (p->cut_from == from && p->cut_at > side->sent &&
	    n > p->cut_at - side->sent)
		n = p->cut_at - side->sent;
	return n;
}

bool
pair_move(struct pair *p, enum session_role from)
{
	struct pair_side *side = &p->side[from];
	struct view out = session_output(side->session);
	size_t n = next_piece(p, from, out.len);
	uint8_t piece[PIECE_MAX];

	if (n == 0)
		return false;
	memcpy(piece, out.p, n);
	if (p->record[from] != NULL)
		assert_int_equal(buf_put(p->record[from], piece, n), 0);
	if (p->flip_mask != 0 && p->flip_from == from &&
	    p->flip_at >= side->sent && p->flip_at - side->sent < n)
		piece[p->flip_at - side->sent] ^= p->flip_mask;
	side->sent += n;
	session_output_written(side->session, n);
	pair_feed(p, pair_other(from), piece, n);
	return true;
}

void
pair_pump(struct pair *p)
{
	bool has_moved;

	do {
		has_moved = pair_move(p, SESSION_CLIENT);
		has_moved = pair_move(p, SESSION_SERVER) || has_moved;
	} while (has_moved);
}

void
pair_take(struct pair *p, enum session_role from, struct buf *b)
{
	struct session *s = p->side[from].session;
	struct view out;

	while ((out = session_output(s)).len > 0) {
		assert_int_equal(buf_put_view(b, &out), 0);
		p->side[from].sent += out.len;
		session_output_written(s, out.len);
	}
}

void
pair_handshake(struct pair *p)
{
	pair_open(p);
	pair_pump(p);
	assert_int_equal(p->side[SESSION_CLIENT].result, 0);
	assert_int_equal(p->side[SESSION_SERVER].result, 0);
	assert_true(session_is_keyed(p->side[SESSION_CLIENT].session));
	assert_true(session_is_keyed(p->side[SESSION_SERVER].session));
}

void
pair_authenticate(struct pair *p)
{
	pair_pump(p);
	session_set_authenticated(p->side[SESSION_SERVER].session);
	session_set_authenticated(p->side[SESSION_CLIENT].session);
}

/* Authentication. */

static bool
allow_key(void *ctx, const char *user, const struct view *algorithm,
    const struct view *blob)
{
	struct pair *p = ctx;
	struct view known = key_blob(p->user_key);

	return p->user_key_allowed && strcmp(user, PAIR_USER) == 0 &&
	    key_type_has_algorithm(key_type(p->user_key), algorithm) &&
	    view_equals(&known, blob);
}

static bool
allow_password(void *ctx, const char *user, const struct view *password)
{
	(void)ctx;
	return strcmp(user, PAIR_USER) == 0 &&
	    view_is(password, PAIR_PASSWORD);
}

static const struct auth_server_ops key_ops = { .key = allow_key };
static const struct auth_server_ops password_ops = {
	.key = allow_key,
	.password = allow_password,
};

int
pair_sign(void *ctx, const struct view *algorithm, const struct view *data,
    struct buf *signature)
{
	return key_sign(ctx, algorithm, data, signature);
}

void
pair_start_auth(struct pair *p)
{
	assert_int_equal(auth_server_new(p->side[SESSION_SERVER].session,
	    p->offers_password ? &password_ops : &key_ops, p, &p->server), 0);
	assert_int_equal(auth_client_new(p->side[SESSION_CLIENT].session,
	    PAIR_USER, &p->client), 0);
	pair_pump(p);
}

void
pair_end_auth(struct pair *p)
{
	auth_client_free(p->client);
	auth_server_free(p->server);
	p->client = NULL;
	p->server = NULL;
}

void
pair_login(struct pair *p)
{
	struct view blob = key_blob(p->user_key);
	struct view algorithm = view_of_string("ssh-ed25519");

	pair_handshake(p);
	pair_start_auth(p);
	assert_int_equal(p->event, AUTH_EVENT_CHOOSE);
	assert_int_equal(auth_client_try_key(p->client, &algorithm, &blob), 0);
	pair_pump(p);
	assert_int_equal(p->event, AUTH_EVENT_KEY_OK);
	assert_int_equal(auth_client_sign(p->client, pair_sign,
	    pair_key(KEY_ED25519, 1)), 0);
	pair_pump(p);
	assert_int_equal(p->event, AUTH_EVENT_DONE);
	assert_string_equal(auth_server_user(p->server), PAIR_USER);
	pair_end_auth(p);
}

/* What was delivered, and what is sent. */

bool
pair_get(struct pair *p, enum session_role role, struct view *payloadp)
{
	static struct buf last;
	struct buf *got = &p->side[role].got;
	struct view rest = buf_view(got), payload;

	if (rest.len == 0)
		return false;
	buf_clear(&last);
	buf_init(&last, PACKET_LENGTH_MAX);
	assert_int_equal(view_get_string(&rest, &payload), 0);
	assert_int_equal(buf_put_view(&last, &payload), 0);
	buf_drop_front(got, got->len - rest.len);
	*payloadp = buf_view(&last);
	return true;
}

void
pair_drop_got(struct pair *p)
{
	buf_reset(&p->side[SESSION_CLIENT].got);
	buf_reset(&p->side[SESSION_SERVER].got);
}

void
pair_send(struct pair *p, enum session_role from, const void *payload,
    size_t len)
{
	struct view v = view_of(payload, len);

	assert_int_equal(session_send(p->side[from].session, &v), 0);
}

int
pair_send_frame(struct pair *p, enum session_role from, const void *payload,
    size_t len)
{
	struct session *s = p->side[from].session;
	uint8_t *place = malloc(SESSION_HEADROOM + len + SESSION_TAILROOM);
	int r;

	assert_non_null(place);
	memcpy(place + SESSION_HEADROOM, payload, len);
	r = session_send_frame(s, place + SESSION_HEADROOM, len);
	/* Whoever may try again must find it as it was. */
	if (r == SSHTAP_ERR_AGAIN)
		assert_memory_equal(place + SESSION_HEADROOM, payload, len);
	free(place);
	return r;
}

void
pair_inject(struct pair *p, enum session_role from, const void *payload,
    size_t len)
{
	struct view v = view_of(payload, len);

	assert_int_equal(session_send_now(p->side[from].session, &v), 0);
}

void
pair_feed_clear(struct pair *p, enum session_role to, const void *payload,
    size_t len)
{
	struct view v = view_of(payload, len);
	struct packet_out o;

	assert_int_equal(packet_out_init(&o), 0);
	assert_int_equal(packet_out_put(&o, &v), 0);
	v = packet_out_pending(&o);
	pair_feed(p, to, v.p, v.len);
	packet_out_clear(&o);
}
