/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A whole connection, one side of which is held to its promises: the victim.
 * The other side is a session of our own, too, and both play their parts (a
 * key is tried, a tunnel opened, frames sent), so that an input that says no
 * more than "go on" gets to the end.  Between them stands somebody who reads
 * and writes the packets of the peer in clear: he has the victim's keys, which
 * lie in the victim between the exchange and NEWKEYS.  The input is what he
 * does with the messages (see enum op), and what time it is.
 *
 * Keys of the exchange are new in each run: an input says the same again, but
 * not in the same bytes on the wire.
 *
 * What must hold: one failure is the last; the queue and the output stay under
 * their limits, memory too; each message costs a bounded answer; nothing goes
 * up before there are keys; nobody is authenticated who did not try with the
 * right key; and a host key is judged before anything is said under it.
 */

#include <stdlib.h>
#include <string.h>

#include "channels/carrier_session.h"
#include "channels/chan.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_script.h"
#include "tests/fuzz/fuzz_wire.h"
#include "transport/auth_client.h"
#include "transport/auth_server.h"
#include "transport/session_impl.h"
#include "transport/ssh2.h"

#define USER		"user"
#define STEPS_MAX	60
#define ROUNDS_MAX	64	/* packets that one step lets through */
#define IDLE_MAX	3	/* turns without one, before that is all */
#define ANSWER_MAX	(16 * 1024)	/* to one message, but for frames */
#define HEAP_MAX	(16 * 1024 * 1024)
#define CLOCK_MAX	(4 * 60 * 60 * 1000)

enum op {
	OP_RUN,			/* let packets through */
	OP_INJECT,		/* say this as well */
	OP_REPLACE,		/* say this instead of the next; or nothing */
	OP_NUMBER,		/* the next one, with another number */
	OP_CUT,
	OP_FLIP,
	OP_TWICE,
	OP_LATER,		/* after the one behind it */
	OP_APPEND,
	OP_RAW,			/* bytes, not packets */
	OP_CLOCK,
	OP_REKEY,
	OP_VICTIM,		/* let the program do something */
	OP_PEER,
	OP_PIECES,		/* how long a read of the victim is */
	OP_INJECT_TOO,		/* so that injections are frequent */
	OP_COUNT
};

/* A program around a session, of either side. */
struct app {
	struct session *s;
	struct session_config config;
	struct auth_client *client;
	struct auth_server *server;
	struct chans *cs;
	struct chan *tun, *command;
	bool has_tried, has_done;
	bool key_was_right;
	unsigned checks;	/* of the host key */
	unsigned frames_left;	/* to be sent */
	int result;
};

/* Who stands between the peer and the victim. */
struct middle {
	struct packet_in in;	/* what the peer has sent */
	struct packet_out out;	/* what the victim is to get */
	bool is_blind;		/* the keys have been lost */
	bool is_past_version;
	struct buf later;	/* a payload that was put off */
	struct step {
		uint8_t op;	/* to be done to the next, or OP_RUN */
		struct view bytes;
	} next;
};

struct world {
	struct app app[2];	/* by enum session_role */
	enum session_role victim;
	struct middle m;
	uint64_t now_ms;
	size_t piece;
};

/* Programs. */

static int
check_hostkey(void *ctx, const struct view *blob, const char *algorithm)
{
	struct app *a = ctx;

	a->checks++;
	return wire_ops.check_hostkey(NULL, blob, algorithm);
}

static bool
allow_key(void *ctx, const char *user, const struct view *algorithm,
    const struct view *blob)
{
	struct view known = key_blob(wire_user_key());
	struct app *a = ctx;

	if (strcmp(user, USER) != 0 || !view_is(algorithm, "ssh-ed25519") ||
	    !view_equals(blob, &known))
		return false;
	a->key_was_right = true;
	return true;
}

static const struct auth_server_ops auth_ops = { .key = allow_key };

static int
sign(void *ctx, const struct view *algorithm, const struct view *data,
    struct buf *signature)
{
	(void)ctx;
	return key_sign(wire_user_key(), algorithm, data, signature);
}

static void
send_frames(struct app *a)
{
	uint8_t room[CHAN_TUN_HEADROOM + 100 + CHAN_TUN_TAILROOM];
	uint8_t *frame = room + CHAN_TUN_HEADROOM;
	size_t max;
	int r;

	while (a->tun != NULL && a->frames_left > 0) {
		r = chan_tun_room(a->tun, &max);
		if (r == SSHTAP_ERR_AGAIN || r == SSHTAP_ERR_STATE)
			return;
		require(r == 0);
		a->frames_left--;
		memset(frame, (int)a->frames_left, 100);
		r = chan_tun_send(a->tun, frame, 100 < max ? 100 : max);
		if (r != 0) {
			a->frames_left = 0;
			if (r != SSHTAP_ERR_DROPPED)
				(void)session_fail(a->s, r);
			return;
		}
	}
}

static void
on_opened(void *ctx, struct chan *c)
{
	(void)c;
	send_frames(ctx);
}

static void
on_frame(void *ctx, struct chan *c, uint8_t *frame, size_t len)
{
	(void)ctx;
	(void)c;
	require(len >= CHAN_TUN_FRAME_MIN && len <= CHAN_TUN_FRAME_MAX);
	memset(frame, 0, len);
}

static void
on_data(void *ctx, struct chan *c, bool is_stderr, const struct view *bytes)
{
	struct app *a = ctx;
	int r;

	(void)is_stderr;
	r = chan_session_consumed(c, bytes->len);
	if (r != 0 && r != SSHTAP_ERR_STATE)
		(void)session_fail(a->s, r);
}

static void
on_closed(void *ctx, struct chan *c)
{
	struct app *a = ctx;

	if (a->tun == c)
		a->tun = NULL;
	if (a->command == c)
		a->command = NULL;
}

static uint32_t
on_tun_request(void *ctx, struct chan *c, uint32_t mode, uint32_t unit,
    const char **textp)
{
	struct app *a = ctx;

	(void)mode;
	(void)unit;
	if (a->tun != NULL) {
		*textp = "one is enough";
		return SSH_OPEN_RESOURCE_SHORTAGE;
	}
	a->tun = c;
	return 0;
}

static const struct chans_events events = {
	.opened = on_opened,
	.writable = on_opened,
	.frame = on_frame,
	.data = on_data,
	.closed = on_closed,
	.tun_request = on_tun_request
};

static bool
is_client(const struct app *a)
{
	return a->config.role == SESSION_CLIENT;
}

static int
start_channels(struct app *a)
{
	struct carrier carrier = carrier_session(a->s);
	int r;

	a->has_done = true;
	require(a->s->authenticated);
	if ((r = chans_new(&carrier, &events, a, !is_client(a),
	    &a->cs)) != 0 || !is_client(a))
		return r;
	if ((r = chan_open_tun(a->cs, CHAN_TUN_ETHERNET, CHAN_TUN_UNIT_ANY,
	    NULL, &a->tun)) != 0)
		return r;
	if ((r = chan_open_session(a->cs, NULL, &a->command)) != 0)
		return r;
	return chans_keepalive(a->cs);
}

static int
choose_method(struct app *a)
{
	struct view algorithm = view_of_string("ssh-ed25519");
	struct view blob = key_blob(wire_user_key());

	if (a->has_tried)
		return SSHTAP_ERR_AUTH;
	a->has_tried = true;
	return auth_client_try_key(a->client, &algorithm, &blob);
}

static int
input_client(struct app *a, const struct session_packet *p)
{
	enum auth_event event;
	bool was = a->s->authenticated;
	int r;

	r = auth_client_input(a->client, p, &event);
	require(a->s->authenticated == was || (r == 0 &&
	    event == AUTH_EVENT_DONE));
	if (r != 0)
		return r;
	switch (event) {
	case AUTH_EVENT_CHOOSE:
		return choose_method(a);
	case AUTH_EVENT_KEY_OK:
		return auth_client_sign(a->client, sign, NULL);
	case AUTH_EVENT_PROMPTS:
		return SSHTAP_ERR_AUTH;
	case AUTH_EVENT_DONE:
		return start_channels(a);
	default:
		return 0;
	}
}

static int
input_server(struct app *a, const struct session_packet *p)
{
	int r = auth_server_input(a->server, p);

	if (r == 0 && !a->has_done && auth_server_user(a->server) != NULL) {
		require(a->key_was_right);
		return start_channels(a);
	}
	require(a->has_done == a->s->authenticated);
	return r;
}

static int
app_input(struct app *a, const struct session_packet *p)
{
	int r = SSHTAP_ERR_UNSUPPORTED;

	if (!a->has_done)
		r = is_client(a) ? input_client(a, p) : input_server(a, p);
	else if (p->payload[0] >= SSH_MSG_GLOBAL_REQUEST &&
	    p->payload[0] <= SSH_MSG_CHANNEL_FAILURE)
		r = chans_input(a->cs, p->payload, p->len);
	if (r == SSHTAP_ERR_UNSUPPORTED)
		r = session_send_unimplemented(a->s, p->seq);
	return r;
}

/* The first thing to say, once there are keys. */
static int
start_auth(struct app *a)
{
	if (!session_is_keyed(a->s) || !is_client(a) || a->client != NULL)
		return 0;
	return auth_client_new(a->s, USER, &a->client);
}

static void
app_run(struct app *a, uint64_t now_ms)
{
	struct session_packet p;
	int r;

	while ((r = session_next(a->s, now_ms, &p)) == 0) {
		require(a->result == 0 && session_is_keyed(a->s));
		require(p.len > 0);
		require(!is_client(a) || a->checks == 1);
		if ((is_client(a) && a->client == NULL &&
		    (r = start_auth(a)) != 0) || (r = app_input(a, &p)) != 0)
			(void)session_fail(a->s, r);
	}
	require(a->result == 0 || r == a->result);
	if (r == SSHTAP_ERR_AGAIN && (r = start_auth(a)) == 0)
		return;
	if (a->result == 0)
		a->result = session_fail(a->s, r);
}

static void
app_open(struct world *w, enum session_role role, uint8_t flags)
{
	static const char *const ciphers[] = {
		"aes256-gcm@openssh.com", "aes128-gcm@openssh.com",
		"chacha20-poly1305@openssh.com", CIPHER_DEFAULT_LIST
	};
	struct app *a = &w->app[role];
	static struct session_ops ops;

	ops = wire_ops;
	ops.check_hostkey = check_hostkey;
	a->config = (struct session_config){
		.role = role,
		.software = (flags & 0x20) != 0 ? "OpenSSH_9.2" :
		    "sshtap_fuzz",
		.kex = "curve25519-sha256",
		.hostkey = "ssh-ed25519",
		.ciphers = ciphers[flags >> 1 & 3],
		.compression = (flags & 8) != 0 ? "zlib@openssh.com" : "none",
		.rekey_bytes = (flags & 0x10) != 0 ? 4000 : 0,
		.ops = &ops,
		.ctx = a
	};
	a->frames_left = 4;
	require(session_new(&a->config, w->now_ms, &a->s) == 0);
	if (role == SESSION_SERVER)
		require(auth_server_new(a->s, &auth_ops, a, &a->server) == 0);
}

static void
app_close(struct app *a)
{
	chans_free(a->cs);
	auth_client_free(a->client);
	auth_server_free(a->server);
	session_free(a->s);
}

/* The victim. */

static struct app *
victim_of(struct world *w)
{
	return &w->app[w->victim];
}

static struct app *
peer_of(struct world *w)
{
	return &w->app[w->victim == SESSION_CLIENT ? SESSION_SERVER :
	    SESSION_CLIENT];
}

static void
check_victim(struct world *w, size_t output_before)
{
	struct app *a = victim_of(w);
	struct view out = session_output(a->s), v = view_of_string("x");
	struct session_packet p;

	require(a->s->queue.len <= SESSION_QUEUE_MAX);
	require(out.len <= PACKET_OUT_SIZE + PACKET_LENGTH_MAX);
	require(out.len <= output_before + ANSWER_MAX);
	require(!a->s->authenticated || a->has_done || a->result != 0);
	require(!is_client(a) || a->checks <= 1);
	if (a->result == 0)
		return;
	/* It has failed for good. */
	require(a->s->state == SESSION_FAILED);
	require(session_next(a->s, w->now_ms, &p) == a->result);
	require(session_tick(a->s, w->now_ms) == a->result);
	require(session_rekey(a->s) == a->result);
	require(session_send(a->s, &v) == SSHTAP_ERR_STATE);
	require(!session_is_writable(a->s));
	require(session_output(a->s).len == out.len);
}

static void
feed_victim(struct world *w, const uint8_t *p, size_t len)
{
	struct app *a = victim_of(w);
	size_t room, n, before;
	uint8_t *space;

	while (len > 0 && a->result == 0) {
		session_input_space(a->s, &space, &room);
		require(room > 0);
		n = len < room ? len : room;
		if (w->piece != 0 && n > w->piece)
			n = w->piece;
		before = session_output(a->s).len;
		memcpy(space, p, n);
		session_input_received(a->s, n);
		app_run(a, w->now_ms);
		check_victim(w, before);
		p += n;
		len -= n;
	}
}

/* What the victim says reaches the peer as it is. */
static void
hear_victim(struct world *w)
{
	struct app *a = victim_of(w), *peer = peer_of(w);
	struct view out;
	size_t room, n;
	uint8_t *space;

	while ((out = session_output(a->s)).len > 0) {
		n = out.len;
		if (peer->result == 0) {
			session_input_space(peer->s, &space, &room);
			n = n < room ? n : room;
			memcpy(space, out.p, n);
			session_input_received(peer->s, n);
			app_run(peer, w->now_ms);
		}
		session_output_written(a->s, n);
	}
}

/* The one in the middle. */

/* Each side of him does what the victim does when its stream begins. */
static void
start_streams(struct world *w)
{
	struct session *s = victim_of(w)->s;
	struct middle *m = &w->m;

	if (s->in.keys.compress == NULL)
		return;
	if (m->in.keys.compress == NULL)
		require(compress_new_inflate(&m->in.keys.compress) == 0);
	if (m->out.keys.compress == NULL)
		require(compress_new_deflate(&m->out.keys.compress) == 0);
}

static void
take_keys(struct packet_keys *k, const struct session *s, bool sealing)
{
	const struct session_keys *d = &s->keys_in;

	cipher_free(k->cipher);
	k->cipher = NULL;
	compress_free(k->compress);
	k->compress = NULL;
	require(cipher_new(d->alg, sealing, d->key, d->iv, &k->cipher) == 0);
	k->packets = 0;
	if (s->strict)
		k->seq = 0;
}

static void
say(struct world *w, const uint8_t *payload, size_t len)
{
	struct session *s = victim_of(w)->s;
	struct middle *m = &w->m;
	bool has_keys = s->keys_in.alg != NULL;
	struct view v = view_of(payload, len), out;

	if (len == 0 || len > PACKET_PAYLOAD_MAX || m->is_blind ||
	    victim_of(w)->result != 0)
		return;
	/* Keys are changed before they are wiped, behind this packet. */
	if (packet_out_put(&m->out, &v) != 0) {
		m->is_blind = true;
		return;
	}
	if (payload[0] == SSH_MSG_NEWKEYS && len == 1 && has_keys)
		take_keys(&m->out.keys, s, true);
	out = packet_out_pending(&m->out);
	feed_victim(w, out.p, out.len);
	packet_out_written(&m->out, out.len);
	start_streams(w);
}

/* The payload is the peer's next, and may be altered. */
static void
pass_on(struct world *w, uint8_t *payload, size_t len)
{
	struct step next = w->m.next;
	struct view v = next.bytes, later;
	struct buf b;
	size_t at;

	w->m.next = (struct step){ .op = OP_RUN };
	switch (next.op) {
	case OP_REPLACE:
		say(w, v.p, v.len);
		return;
	case OP_NUMBER:
		payload[0] = fuzz_u8(&v);
		break;
	case OP_CUT:
		at = fuzz_u16(&v);
		len = at < len ? at : len;
		break;
	case OP_FLIP:
		at = fuzz_u16(&v) % len;
		payload[at] ^= fuzz_u8(&v);
		break;
	case OP_TWICE:
		say(w, payload, len);
		break;
	case OP_LATER:
		buf_reset(&w->m.later);
		require(buf_put(&w->m.later, payload, len) == 0);
		return;
	case OP_APPEND:
		buf_init(&b, PACKET_LENGTH_MAX + 65536);
		require(buf_put(&b, payload, len) == 0 &&
		    buf_put_view(&b, &v) == 0);
		v = buf_view(&b);
		say(w, v.p, v.len);
		buf_clear(&b);
		return;
	default:
		break;
	}
	say(w, payload, len);
	later = buf_view(&w->m.later);
	say(w, later.p, later.len);
	buf_reset(&w->m.later);
}

/* All that the peer has said so far. */
static void
listen_to_peer(struct world *w)
{
	struct session *peer = peer_of(w)->s;
	struct view out = session_output(peer);
	const uint8_t *lf;
	uint8_t *space;
	size_t room, n = out.len;

	if (!w->m.is_past_version) {
		require((lf = memchr(out.p, '\n', out.len)) != NULL);
		n = (size_t)(lf - out.p) + 1;
		w->m.is_past_version = true;
		feed_victim(w, out.p, n);
	} else if (n > 0) {
		packet_in_space(&w->m.in, &space, &room);
		n = n < room ? n : room;
		memcpy(space, out.p, n);
		packet_in_received(&w->m.in, n);
	}
	session_output_written(peer, n);
}

/* Let one packet of the peer through; false when there is none. */
static bool
run_one(struct world *w)
{
	struct session *s = victim_of(w)->s;
	bool has_keys, is_newkeys;
	struct packet_keys *k = &w->m.in.keys;
	struct session keys;
	uint8_t *payload;
	uint32_t seq;
	size_t len;
	int r;

	hear_victim(w);
	listen_to_peer(w);
	if (w->m.is_blind)
		return false;
	r = packet_in_next(&w->m.in, &payload, &len, &seq);
	if (r != 0) {
		/* What is altered may have left us with other keys. */
		w->m.is_blind = r != SSHTAP_ERR_AGAIN;
		return false;
	}
	has_keys = s->keys_in.alg != NULL;
	is_newkeys = payload[0] == SSH_MSG_NEWKEYS;
	keys.keys_in = s->keys_in;
	keys.strict = s->strict;
	pass_on(w, payload, len);
	if (is_newkeys && has_keys)
		take_keys(k, &keys, false);
	else if (is_newkeys)
		w->m.is_blind = true;
	start_streams(w);
	return true;
}

/* Bytes have to go through both of them before another packet is there. */
static void
run(struct world *w, unsigned n)
{
	unsigned idle = 0;

	while (n > 0 && idle < IDLE_MAX && victim_of(w)->result == 0) {
		if (run_one(w)) {
			idle = 0;
			n--;
		} else
			idle++;
	}
	hear_victim(w);
}

/* Steps. */

static void
advance(struct world *w, uint32_t ms)
{
	struct app *a = victim_of(w), *peer = peer_of(w);
	size_t before = session_output(a->s).len;
	int i, r;

	w->now_ms += ms % CLOCK_MAX;
	(void)session_tick(peer->s, w->now_ms);
	r = session_tick(a->s, w->now_ms);
	require(a->result == 0 || r == a->result);
	for (i = 0; i < 2; i++) {
		if (w->app[i].cs != NULL && w->app[i].s->failure == 0 &&
		    (r = chans_tick(w->app[i].cs, w->now_ms)) != 0)
			(void)session_fail(w->app[i].s, r);
		app_run(&w->app[i], w->now_ms);
	}
	check_victim(w, before);
}

/* What a program does of its own accord; its arguments are right. */
static void
act(struct world *w, struct app *a, struct view v)
{
	size_t before = session_output(victim_of(w)->s).len;
	int r = 0;

	switch (fuzz_u8(&v) % 6) {
	case 0:
		a->frames_left += fuzz_u8(&v) % 32;
		send_frames(a);
		break;
	case 1:
		r = a->tun != NULL ? chan_close(a->tun) : 0;
		break;
	case 2:
		r = a->command != NULL ? chan_session_exec(a->command,
		    "true") : 0;
		break;
	case 3:
		r = a->tun != NULL ? chan_send_eof(a->tun) : 0;
		break;
	case 4:
		r = a->cs != NULL ? chans_keepalive(a->cs) : 0;
		break;
	default:
		session_disconnect(a->s, SSH_DISCONNECT_BY_APPLICATION, "bye");
		break;
	}
	if (r != 0 && r != SSHTAP_ERR_STATE)
		(void)session_fail(a->s, r);
	app_run(a, w->now_ms);
	check_victim(w, before);
}

static void
rekey(struct world *w, struct app *a)
{
	size_t before = session_output(victim_of(w)->s).len;

	/* RFC 4253 section 9: not before authentication has ended. */
	if (a->s->authenticated)
		(void)session_rekey(a->s);
	app_run(a, w->now_ms);
	check_victim(w, before);
}

static void
do_step(struct world *w, uint8_t op, struct view v)
{
	switch (op % OP_COUNT) {
	case OP_RUN:
		run(w, v.len > 0 ? v.p[0] % ROUNDS_MAX + 1u : ROUNDS_MAX);
		break;
	case OP_INJECT:
	case OP_INJECT_TOO:
		if (w->m.is_past_version)
			say(w, v.p, v.len);
		break;
	case OP_RAW:
		feed_victim(w, v.p, v.len);
		break;
	case OP_CLOCK:
		advance(w, fuzz_u32(&v));
		break;
	case OP_REKEY:
		rekey(w, (fuzz_u8(&v) & 1) != 0 ? peer_of(w) : victim_of(w));
		break;
	case OP_VICTIM:
		act(w, victim_of(w), v);
		break;
	case OP_PEER:
		act(w, peer_of(w), v);
		break;
	case OP_PIECES:
		w->piece = fuzz_u8(&v);
		break;
	default:
		w->m.next = (struct step){ op % OP_COUNT, v };
		run(w, 1);
		break;
	}
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return script_mutate(data, size, max, seed, OP_INJECT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size), piece;
	uint8_t flags = fuzz_u8(&v), op;
	size_t heap = fuzz_heap();
	unsigned n = 0;
	struct world w = { .victim = (flags & 1) != 0 ? SESSION_SERVER :
	    SESSION_CLIENT, .now_ms = 1000000 };

	app_open(&w, SESSION_CLIENT, flags);
	app_open(&w, SESSION_SERVER, flags);
	require(packet_in_init(&w.m.in) == 0);
	require(packet_out_init(&w.m.out) == 0);
	buf_init(&w.m.later, PACKET_LENGTH_MAX);
	while (v.len > 0 && n++ < STEPS_MAX) {
		op = fuzz_u8(&v);
		piece = fuzz_piece(&v);
		do_step(&w, op, piece);
	}
	require(fuzz_heap() <= heap + HEAP_MAX);
	packet_in_clear(&w.m.in);
	packet_out_clear(&w.m.out);
	buf_clear(&w.m.later);
	app_close(&w.app[SESSION_CLIENT]);
	app_close(&w.app[SESSION_SERVER]);
	return 0;
}
