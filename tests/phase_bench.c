/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The handshake and the rekey are genuine, up to the phase wanted: what the
 * victim says is handed to its peer, and what the peer says is kept and given
 * out one packet at a time.  Then the ciphers of the victim are exchanged for
 * some whose key the test knows; the true ones are put aside, so that the
 * peer can go on with them later.
 *
 * In a rekey even the true ciphers have a known key, which tells the test
 * what the peer's sealed INIT or REPLY says.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "channels/carrier_session.h"
#include "lib/err.h"
#include "tests/phase_bench.h"
#include "transport/auth.h"
#include "transport/session_impl.h"
#include "transport/ssh2.h"

#define CIPHER		"aes256-gcm@openssh.com"
#define KEX		"curve25519-sha256"
#define LAX_C		KEX ",ext-info-c"
#define LAX_S		KEX ",ext-info-s"

#define BYTES_MAX	(256 * 1024)
#define PEER_ID		5	/* its number for the tunnel */

static void
refill(struct buf *b)
{
	buf_clear(b);
	buf_init(b, BYTES_MAX);
}

static enum session_role
other(const struct phase_bench *b)
{
	return pair_other(b->victim);
}

/* The genuine peer. */

/* What the victim has to say goes to the peer, whose answer is kept. */
static void
answer(struct phase_bench *b)
{
	struct buf said;

	buf_init(&said, BYTES_MAX);
	pair_take(&b->p, b->victim, &said);
	pair_feed(&b->p, other(b), buf_view(&said).p, said.len);
	pair_take(&b->p, other(b), &b->rest);
	buf_clear(&said);
	assert_int_equal(b->p.side[other(b)].result, 0);
}

/* The victim gets the first len bytes of what is kept. */
static void
pass(struct phase_bench *b, size_t len)
{
	assert_true(b->rest.len >= len);
	pair_feed(&b->p, b->victim, buf_view(&b->rest).p, len);
	buf_drop_front(&b->rest, len);
	assert_int_equal(b->p.side[b->victim].result, 0);
}

static void
pass_line(struct phase_bench *b)
{
	struct view v = buf_view(&b->rest);

	pass(b, (size_t)((const uint8_t *)memchr(v.p, '\n', v.len) - v.p) + 1);
}

static size_t
packet_size(const struct phase_bench *b)
{
	return CIPHER_LENGTH_SIZE + get_be32(buf_view(&b->rest).p) +
	    (b->s->in.keys.cipher != NULL ? CIPHER_TAG_SIZE : 0);
}

static struct cipher *
known_cipher(bool sealing, uint8_t count)
{
	static const uint8_t key[CIPHER_KEY_MAX];
	uint8_t iv[CIPHER_IV_MAX] = { 0 };
	const struct cipher_alg *alg = cipher_find(CIPHER);
	struct cipher *c;

	assert_non_null(alg);
	iv[alg->iv_len - 1] = count;
	assert_int_equal(cipher_new(alg, sealing, key, iv, &c), 0);
	return c;
}

static void
replace(struct cipher **cp, bool sealing)
{
	cipher_free(*cp);
	*cp = known_cipher(sealing, 0);
}

static void
link_with_known_keys(struct phase_bench *b)
{
	replace(&b->s->in.keys.cipher, false);
	replace(&b->s->out.keys.cipher, true);
	replace(&b->peer->in.keys.cipher, false);
	replace(&b->peer->out.keys.cipher, true);
}

/* The first kept packet is the peer's with that number since its link. */
static void
read_method(struct phase_bench *b, uint8_t count)
{
	struct packet_in in;
	uint8_t *space;
	size_t len;
	uint32_t seq;

	assert_int_equal(packet_in_init(&in), 0);
	if (b->s->in.keys.cipher != NULL)
		in.keys.cipher = known_cipher(false, count);
	packet_in_space(&in, &space, &len);
	memcpy(space, buf_view(&b->rest).p, packet_size(b));
	packet_in_received(&in, packet_size(b));
	assert_int_equal(packet_in_next(&in, &space, &len, &seq), 0);
	assert_int_equal(buf_put(&b->method, space, len), 0);
	packet_in_clear(&in);
}

/* Both have spoken; the peer has heard the victim's first words. */
static void
open_both(struct phase_bench *b)
{
	static const struct pair_proposal lax[] = {
		[SESSION_CLIENT] = { LAX_C, false },
		[SESSION_SERVER] = { LAX_S, false },
	};
	struct buf said;
	int i;

	pair_open(&b->p);
	b->s = pair_session(&b->p, b->victim);
	b->peer = pair_session(&b->p, other(b));
	for (i = 0; b->is_lax && i < 2; i++)
		pair_edit_kexinit(b->p.side[i].session, &lax[i]);
	buf_init(&said, BYTES_MAX);
	pair_take(&b->p, other(b), &b->rest);
	pair_take(&b->p, b->victim, &said);
	pair_feed(&b->p, other(b), buf_view(&said).p, said.len);
	buf_clear(&said);
	/* The test will say something in the place of its EXT_INFO. */
	b->peer->peer_wants_ext_info = false;
}

static void
reach_initial(struct phase_bench *b)
{
	open_both(b);
	if (b->phase == PHASE_VERSION)
		return;
	pass_line(b);
	if (b->phase == PHASE_KEXINIT)
		return;
	pass(b, packet_size(b));
	answer(b);
	read_method(b, 0);
	if (b->phase == PHASE_METHOD)
		return;
	pass(b, packet_size(b));
	answer(b);
	if (b->phase == PHASE_NEWKEYS)
		return;
	pass(b, packet_size(b));
	assert_true(session_is_keyed(b->s));
	assert_true(session_is_keyed(b->peer));
	assert_int_equal(b->rest.len, 0);
	assert_int_equal(session_output(b->s).len, 0);
}

static void
reach_rekey(struct phase_bench *b)
{
	struct session *first = b->phase == PHASE_REKEY_KEXINIT ?
	    b->s : b->peer;

	link_with_known_keys(b);
	assert_int_equal(session_rekey(first), 0);
	answer(b);
	if (b->phase == PHASE_REKEY_KEXINIT)
		return;
	pass(b, packet_size(b));
	answer(b);
	buf_reset(&b->method);
	read_method(b, 1);
	if (b->phase == PHASE_REKEY_METHOD)
		return;
	pass(b, packet_size(b));
	answer(b);
}

/* The test in its place. */

static void
join(struct phase_bench *b)
{
	assert_int_equal(session_output(b->s).len, 0);
	assert_int_equal(packet_out_init(&b->to), 0);
	assert_int_equal(packet_in_init(&b->from), 0);
	b->true_in = b->s->in.keys.cipher;
	b->true_out = b->s->out.keys.cipher;
	if (b->true_in != NULL) {
		b->s->in.keys.cipher = known_cipher(false, 0);
		b->to.keys.cipher = known_cipher(true, 0);
	}
	if (b->true_out != NULL) {
		b->s->out.keys.cipher = known_cipher(true, 0);
		b->from.keys.cipher = known_cipher(false, 0);
	}
}

static void
mark(const struct phase_bench *b, struct phase_marks *m)
{
	m->state = b->s->state;
	m->authenticated = b->s->authenticated;
	m->compressing = b->s->compressing;
	m->granted = b->s->service_granted;
	m->late_ext_info = b->s->has_late_ext_info;
	m->seq = b->s->in.keys.seq;
	m->packets = b->s->in.keys.packets;
}

static void
restore(struct phase_bench *b, const struct phase_marks *m)
{
	b->s->state = (enum session_state)m->state;
	b->s->failure = 0;
	b->s->authenticated = m->authenticated;
	b->s->compressing = m->compressing;
	b->s->service_granted = m->granted;
	b->s->has_late_ext_info = m->late_ext_info;
	b->s->in.keys.seq = m->seq;
	b->s->in.keys.packets = m->packets;
	b->s->in.head = b->s->in.tail = 0;
	b->result = 0;
}

/* As the program above the session does. */
static int
dispatch(struct phase_bench *b, struct session_packet *packet)
{
	enum auth_event event;
	int r;

	if (b->s->authenticated)
		r = chans_input(b->chans, packet->payload, packet->len);
	else if (b->victim == SESSION_CLIENT)
		r = auth_client_input(b->client, packet, &event);
	else
		r = auth_server_input(b->server, packet);
	if (r == SSHTAP_ERR_UNSUPPORTED)
		r = session_send_unimplemented(b->s, packet->seq);
	return r == 0 ? 0 : session_fail(b->s, r);
}

static void
hear(struct phase_bench *b)
{
	struct view v = session_output(b->s);
	uint8_t *space;
	size_t len;
	uint32_t seq;
	int r;

	refill(&b->heard);
	packet_in_space(&b->from, &space, &len);
	assert_true(v.len <= len);
	if (v.len > 0)
		memcpy(space, v.p, v.len);
	packet_in_received(&b->from, v.len);
	session_output_written(b->s, v.len);
	while ((r = packet_in_next(&b->from, &space, &len, &seq)) == 0)
		assert_int_equal(buf_put_string(&b->heard, space, len), 0);
	assert_int_equal(r, SSHTAP_ERR_AGAIN);
	/* What waits for the end of a rekey. */
	v = buf_view(&b->s->queue);
	assert_int_equal(buf_put_view(&b->heard, &v), 0);
	buf_reset(&b->s->queue);
}

static bool
changes_keys(const struct phase_bench *b, unsigned was)
{
	return b->s->state != was && b->s->state != SESSION_FAILED;
}

void
phase_say(struct phase_bench *b, const struct view *payload)
{
	enum session_state was = b->s->state;
	struct session_packet packet;
	struct view v;
	uint8_t *space;
	size_t len;
	int r;

	assert_int_equal(packet_out_put(&b->to, payload), 0);
	v = packet_out_pending(&b->to);
	session_input_space(b->s, &space, &len);
	memcpy(space, v.p, v.len);
	session_input_received(b->s, v.len);
	packet_out_written(&b->to, v.len);
	do {
		r = session_next(b->s, b->p.now_ms, &packet);
		if (r == 0)
			r = dispatch(b, &packet);
	} while (r == 0);
	b->result = r == SSHTAP_ERR_AGAIN ? 0 : r;
	if (!changes_keys(b, was))
		hear(b);
}

static void
say_number(struct phase_bench *b, uint8_t number)
{
	struct buf m;
	struct view v;

	buf_init(&m, BYTES_MAX);
	phase_put_body(b, number, &m);
	v = buf_view(&m);
	phase_say(b, &v);
	assert_int_equal(b->result, 0);
	buf_clear(&m);
}

/* What is above the victim's session. */

static bool
allow_no_key(void *ctx, const char *user, const struct view *algorithm,
    const struct view *blob)
{
	(void)ctx;
	(void)user;
	(void)algorithm;
	(void)blob;
	return false;
}

static void
start_auth(struct phase_bench *b)
{
	static const struct auth_server_ops ops = { .key = allow_no_key };

	if (b->victim == SESSION_SERVER)
		assert_int_equal(auth_server_new(b->s, &ops, NULL,
		    &b->server), 0);
	else
		assert_int_equal(auth_client_new(b->s, PAIR_USER,
		    &b->client), 0);
	hear(b);
}

static void
build_auth(struct phase_bench *b)
{
	struct view algorithm = view_of_string("alg");
	struct view blob = view_of_string("blob");
	bool is_client = b->victim == SESSION_CLIENT;

	start_auth(b);
	if (b->phase == PHASE_FIRST)
		return;
	say_number(b, SSH_MSG_IGNORE);
	if (b->phase == PHASE_SERVICE)
		return;
	say_number(b, is_client ? SSH_MSG_SERVICE_ACCEPT :
	    SSH_MSG_SERVICE_REQUEST);
	if (b->phase == PHASE_AUTH)
		return;
	assert_true(is_client);
	say_number(b, SSH_MSG_USERAUTH_FAILURE);
	assert_int_equal(auth_client_try_key(b->client, &algorithm, &blob),
	    0);
	hear(b);
}

static uint32_t
take_tunnel(void *ctx, struct chan *c, uint32_t mode, uint32_t unit,
    const char **textp)
{
	struct phase_bench *b = ctx;

	(void)mode;
	(void)unit;
	(void)textp;
	b->chan = c;
	return 0;
}

/* Past the session, which may be amid a rekey. */
static void
give_chans(struct phase_bench *b, uint8_t number)
{
	struct buf m;

	buf_init(&m, BYTES_MAX);
	phase_put_body(b, number, &m);
	assert_int_equal(chans_input(b->chans, m.base + m.head, m.len), 0);
	buf_clear(&m);
}

static void
build_chans(struct phase_bench *b)
{
	static const struct chans_events events = {
		.tun_request = take_tunnel
	};
	struct carrier carrier = carrier_session(b->s);
	bool is_client = b->victim == SESSION_CLIENT;

	assert_int_equal(chans_new(&carrier, &events, b, !is_client,
	    &b->chans), 0);
	if (b->phase == PHASE_READY || b->phase == PHASE_ENDED)
		return;
	if (is_client)
		assert_int_equal(chan_open_tun(b->chans, CHAN_TUN_ETHERNET,
		    CHAN_TUN_UNIT_ANY, NULL, &b->chan), 0);
	give_chans(b, is_client ? SSH_MSG_CHANNEL_OPEN_CONFIRMATION :
	    SSH_MSG_CHANNEL_OPEN);
	assert_true(chan_is_open(b->chan));
	if (b->phase == PHASE_EOF)
		give_chans(b, SSH_MSG_CHANNEL_EOF);
	if (b->phase == PHASE_CLOSING || b->phase == PHASE_CLOSED)
		assert_int_equal(chan_close(b->chan), 0);
	if (b->phase == PHASE_CLOSED) {
		give_chans(b, SSH_MSG_CHANNEL_CLOSE);
		assert_int_equal(chans_count(b->chans), 0);
	}
}

static void
build(struct phase_bench *b)
{
	uint8_t newkeys = SSH_MSG_NEWKEYS;
	struct view v = view_of(&newkeys, 1);

	if (b->phase >= PHASE_READY)
		build_chans(b);
	else if (b->phase >= PHASE_FIRST)
		build_auth(b);
	hear(b);
	if (b->phase == PHASE_ENDED) {
		phase_say(b, &v);
		assert_int_equal(b->result, SSHTAP_ERR_PROTOCOL);
	}
	mark(b, &b->marks);
}

static void
raze(struct phase_bench *b)
{
	auth_client_free(b->client);
	auth_server_free(b->server);
	chans_free(b->chans);
	b->client = NULL;
	b->server = NULL;
	b->chans = NULL;
	b->chan = NULL;
}

/* The whole. */

void
phase_reach(struct phase_bench *b, enum session_role victim, enum phase phase,
    bool is_lax)
{
	int i;

	memset(b, 0, sizeof(*b));
	b->victim = victim;
	b->phase = phase;
	b->is_lax = is_lax;
	buf_init(&b->rest, BYTES_MAX);
	buf_init(&b->method, BYTES_MAX);
	pair_config(&b->p);
	for (i = 0; i < 2; i++) {
		b->p.config[i].ciphers = CIPHER;
		b->p.config[i].kex = KEX;
		b->p.config[i].compression = "none";
	}
	reach_initial(b);
	if (phase >= PHASE_READY)
		pair_authenticate(&b->p);
	if (phase >= PHASE_REKEY_KEXINIT && phase <= PHASE_REKEY_NEWKEYS)
		reach_rekey(b);
	join(b);
	mark(b, &b->bare);
	build(b);
}

void
phase_leave(struct phase_bench *b)
{
	raze(b);
	cipher_free(b->true_in);
	cipher_free(b->true_out);
	packet_out_clear(&b->to);
	packet_in_clear(&b->from);
	buf_clear(&b->rest);
	buf_clear(&b->method);
	buf_clear(&b->heard);
	pair_close(&b->p);
}

/* What was said to a session that had failed was not opened by it. */
static void
synchronize(struct phase_bench *b)
{
	if (b->s->in.keys.cipher == NULL)
		return;
	replace(&b->s->in.keys.cipher, false);
	replace(&b->to.keys.cipher, true);
}

void
phase_revive(struct phase_bench *b)
{
	synchronize(b);
	restore(b, &b->marks);
}

void
phase_renew(struct phase_bench *b)
{
	raze(b);
	synchronize(b);
	restore(b, &b->bare);
	build(b);
}

static void
give_back(struct cipher **cp, struct cipher **truep)
{
	cipher_free(*cp);
	*cp = *truep;
	*truep = NULL;
}

void
phase_go_on(struct phase_bench *b)
{
	give_back(&b->s->in.keys.cipher, &b->true_in);
	give_back(&b->s->out.keys.cipher, &b->true_out);
	restore(b, &b->bare);
	pass(b, b->rest.len);
	pair_pump(&b->p);
	if (b->phase >= PHASE_READY && b->phase < PHASE_REKEY_KEXINIT)
		assert_int_equal(session_rekey(b->peer), 0);
	else
		pair_inject(&b->p, other(b), "\002", 1);
	pair_pump(&b->p);
	assert_int_equal(b->p.side[0].result, 0);
	assert_int_equal(b->p.side[1].result, 0);
	assert_int_equal(b->s->state, SESSION_READY);
	assert_int_equal(session_rekeys(b->s),
	    b->phase >= PHASE_READY ? 1 : 0);
}

/* Messages. */

/* Of each letter one field: see put_field. */
static const struct form {
	uint8_t number;
	const char *fields;
} forms[] = {
	{ SSH_MSG_DISCONNECT, "2tt" },
	{ SSH_MSG_IGNORE, "t" },
	{ SSH_MSG_UNIMPLEMENTED, "0" },
	{ SSH_MSG_DEBUG, "btt" },
	{ SSH_MSG_SERVICE_REQUEST, "s" },
	{ SSH_MSG_SERVICE_ACCEPT, "s" },
	{ SSH_MSG_EXT_INFO, "0" },
	{ SSH_MSG_NEWKEYS, "" },
	{ SSH_MSG_KEX_ECDH_INIT, "f" },
	{ SSH_MSG_KEX_ECDH_REPLY, "fff" },
	{ SSH_MSG_USERAUTH_REQUEST, "ucn" },
	{ SSH_MSG_USERAUTH_FAILURE, "tb" },
	{ SSH_MSG_USERAUTH_SUCCESS, "" },
	{ SSH_MSG_USERAUTH_BANNER, "tt" },
	{ SSH_MSG_USERAUTH_PK_OK, "kK" },
	{ SSH_MSG_USERAUTH_INFO_RESPONSE, "0" },
	{ SSH_MSG_GLOBAL_REQUEST, "tb" },
	{ SSH_MSG_REQUEST_SUCCESS, "" },
	{ SSH_MSG_REQUEST_FAILURE, "" },
	{ SSH_MSG_CHANNEL_OPEN, "T5ww2a" },
	{ SSH_MSG_CHANNEL_OPEN_CONFIRMATION, "05ww" },
	{ SSH_MSG_CHANNEL_OPEN_FAILURE, "02tt" },
	{ SSH_MSG_CHANNEL_WINDOW_ADJUST, "0w" },
	{ SSH_MSG_CHANNEL_DATA, "0f" },
	{ SSH_MSG_CHANNEL_EXTENDED_DATA, "02f" },
	{ SSH_MSG_CHANNEL_EOF, "0" },
	{ SSH_MSG_CHANNEL_CLOSE, "0" },
	{ SSH_MSG_CHANNEL_REQUEST, "0tb" },
	{ SSH_MSG_CHANNEL_SUCCESS, "0" },
	{ SSH_MSG_CHANNEL_FAILURE, "0" },
	{ SSH_MSG_PING, "t" },
};

static const char *
fields_of(uint8_t number)
{
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].number == number)
			return forms[i].fields;
	return "0";
}

static int
put_field(struct buf *m, char field)
{
	static const uint8_t frame[60];

	switch (field) {
	case '0':
		return buf_put_u32(m, 0);
	case '2':
		return buf_put_u32(m, 2);
	case '5':
		return buf_put_u32(m, PEER_ID);
	case 'w':
		return buf_put_u32(m, 32768);
	case 'a':
		return buf_put_u32(m, CHAN_TUN_UNIT_ANY);
	case 'b':
		return buf_put_bool(m, true);
	case 'f':
		return buf_put_string(m, frame, sizeof(frame));
	case 's':
		return buf_put_cstring(m, AUTH_SERVICE);
	case 'u':
		return buf_put_cstring(m, PAIR_USER);
	case 'c':
		return buf_put_cstring(m, AUTH_NEXT_SERVICE);
	case 'n':
		return buf_put_cstring(m, "none");
	case 'k':
		return buf_put_cstring(m, "alg");
	case 'K':
		return buf_put_cstring(m, "blob");
	case 'T':
		return buf_put_cstring(m, "tun@openssh.com");
	default:
		return buf_put_cstring(m, "text");
	}
}

void
phase_put_body(const struct phase_bench *b, uint8_t number, struct buf *m)
{
	struct view genuine = buf_view(&b->method);
	const char *field;

	if (number == SSH_MSG_KEXINIT)
		genuine = buf_view(&b->peer->init_ours);
	if (genuine.len > 0 && genuine.p[0] == number) {
		assert_int_equal(buf_put_view(m, &genuine), 0);
		return;
	}
	assert_int_equal(buf_put_u8(m, number), 0);
	for (field = fields_of(number); *field != '\0'; field++)
		assert_int_equal(put_field(m, *field), 0);
}

bool
phase_has_body(uint8_t number)
{
	return *fields_of(number) != '\0';
}
