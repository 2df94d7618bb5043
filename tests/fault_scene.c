/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "tests/fault_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "channels/carrier_session.h"
#include "channels/chan.h"
#include "lib/err.h"
#include "transport/auth_client.h"
#include "transport/auth_server.h"
#include "transport/session_impl.h"
#include "transport/ssh2.h"

#define USER		"user"
#define FRAMES		3
#define FRAME_LEN	200
#define MOVES_MAX	1000	/* pieces in one direction; it takes dozens */

struct party {
	const struct scene *scene;
	struct session *s;
	struct session_config config;
	struct auth_client *client;
	struct auth_server *server;
	struct chans *cs;
	struct chan *tun;
	bool has_tried, has_done, has_closed, is_unsound;
	unsigned frames_in;
	int result;
};

static struct key *host_keys[KEY_TYPE_COUNT], *user_keys[KEY_TYPE_COUNT];

void
scene_prepare(const struct scene *sc)
{
	if (host_keys[sc->hostkey] == NULL)
		assert_int_equal(key_generate(sc->hostkey,
		    &host_keys[sc->hostkey]), 0);
	if (user_keys[sc->user_key] == NULL)
		assert_int_equal(key_generate(sc->user_key,
		    &user_keys[sc->user_key]), 0);
}

void
scene_forget(void)
{
	size_t i;

	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		key_free(host_keys[i]);
		key_free(user_keys[i]);
		host_keys[i] = user_keys[i] = NULL;
	}
}

static const char *
algorithm_of(enum key_type type)
{
	static const char *const names[] = {
		[KEY_ED25519] = "ssh-ed25519",
		[KEY_ECDSA_P256] = "ecdsa-sha2-nistp256",
		[KEY_RSA] = "rsa-sha2-512"
	};

	return names[type];
}

/* What the sessions ask. */

static int
check_hostkey(void *ctx, const struct view *blob, const char *algorithm)
{
	struct party *p = ctx;
	struct view known = key_blob(host_keys[p->scene->hostkey]);

	(void)algorithm;
	return view_equals(blob, &known) ? 0 : SSHTAP_ERR_HOSTKEY;
}

static int
show_hostkey(void *ctx, const struct view *algorithm, struct view *blobp)
{
	struct party *p = ctx;

	(void)algorithm;
	*blobp = key_blob(host_keys[p->scene->hostkey]);
	return 0;
}

static int
sign_hash(void *ctx, const struct view *algorithm, const struct view *data,
    struct buf *signature)
{
	struct party *p = ctx;

	return key_sign(host_keys[p->scene->hostkey], algorithm, data,
	    signature);
}

static const struct session_ops session_ops = {
	.check_hostkey = check_hostkey,
	.hostkey = show_hostkey,
	.sign = sign_hash
};

static bool
allow_key(void *ctx, const char *user, const struct view *algorithm,
    const struct view *blob)
{
	struct party *p = ctx;
	struct view known = key_blob(user_keys[p->scene->user_key]);

	return strcmp(user, USER) == 0 && view_equals(blob, &known) &&
	    view_is(algorithm, algorithm_of(p->scene->user_key));
}

static const struct auth_server_ops auth_ops = { .key = allow_key };

static int
sign_auth(void *ctx, const struct view *algorithm, const struct view *data,
    struct buf *signature)
{
	struct party *p = ctx;

	return key_sign(user_keys[p->scene->user_key], algorithm, data,
	    signature);
}

/* Channels. */

static void
on_frame(void *ctx, struct chan *c, uint8_t *frame, size_t len)
{
	struct party *p = ctx;
	size_t i;

	(void)c;
	for (i = 0; i < len; i++) {
		if (frame[i] != (uint8_t)(p->frames_in + i))
			p->is_unsound = true;
	}
	if (len != FRAME_LEN)
		p->is_unsound = true;
	p->frames_in++;
}

static void
on_closed(void *ctx, struct chan *c)
{
	struct party *p = ctx;

	(void)c;
	p->tun = NULL;
	p->has_closed = true;
}

static uint32_t
on_tun_request(void *ctx, struct chan *c, uint32_t mode, uint32_t unit,
    const char **textp)
{
	struct party *p = ctx;

	(void)mode;
	(void)unit;
	(void)textp;
	p->tun = c;
	return 0;
}

static const struct chans_events events = {
	.frame = on_frame,
	.closed = on_closed,
	.tun_request = on_tun_request
};

/* One side. */

static bool
is_client(const struct party *p)
{
	return p->config.role == SESSION_CLIENT;
}

/* A step of this side has failed: as every program does. */
static void
end_party(struct party *p, int r)
{
	if (p->result != 0)
		return;
	p->result = p->s != NULL ? session_fail(p->s, r) : r;
}

static int
start_channels(struct party *p)
{
	struct carrier carrier = carrier_session(p->s);
	int r;

	p->has_done = true;
	if ((r = chans_new(&carrier, &events, p, !is_client(p),
	    &p->cs)) != 0 || !is_client(p))
		return r;
	return chan_open_tun(p->cs, CHAN_TUN_ETHERNET, CHAN_TUN_UNIT_ANY,
	    NULL, &p->tun);
}

static int
try_key(struct party *p)
{
	struct view blob = key_blob(user_keys[p->scene->user_key]);
	struct view alg = view_of_string(algorithm_of(p->scene->user_key));

	if (p->has_tried)
		return SSHTAP_ERR_AUTH;
	p->has_tried = true;
	if (!p->scene->hostbound)
		p->s->peer_hostbound = false;
	return auth_client_try_key(p->client, &alg, &blob);
}

static int
input_client(struct party *p, const struct session_packet *packet)
{
	enum auth_event event;
	int r;

	if ((r = auth_client_input(p->client, packet, &event)) != 0)
		return r;
	switch (event) {
	case AUTH_EVENT_CHOOSE:
		return try_key(p);
	case AUTH_EVENT_KEY_OK:
		return auth_client_sign(p->client, sign_auth, p);
	case AUTH_EVENT_DONE:
		return start_channels(p);
	default:
		return 0;
	}
}

static int
input_server(struct party *p, const struct session_packet *packet)
{
	int r;

	if ((r = auth_server_input(p->server, packet)) != 0)
		return r;
	return auth_server_user(p->server) != NULL ? start_channels(p) : 0;
}

static int
input(struct party *p, const struct session_packet *packet)
{
	if (p->has_done)
		return p->cs == NULL ? SSHTAP_ERR_STATE :
		    chans_input(p->cs, packet->payload, packet->len);
	return is_client(p) ? input_client(p, packet) :
	    input_server(p, packet);
}

/* The first thing to say, once there are keys. */
static int
start_auth(struct party *p)
{
	if (!is_client(p) || p->client != NULL || !session_is_keyed(p->s))
		return 0;
	return auth_client_new(p->s, USER, &p->client);
}

static void
drain(struct party *p)
{
	struct session_packet packet;
	int r;

	while ((r = session_next(p->s, 0, &packet)) == 0) {
		if (p->result != 0)
			p->is_unsound = true;
		else if ((r = start_auth(p)) != 0 ||
		    (r = input(p, &packet)) != 0)
			end_party(p, r);
	}
	if (r == SSHTAP_ERR_AGAIN && p->result == 0 &&
	    (r = start_auth(p)) == 0)
		return;
	if (p->result != 0 && r != p->result)
		p->is_unsound = true;
	end_party(p, r);
}

static void
open_party(struct party *p, const struct scene *sc, enum session_role role)
{
	int r;

	p->scene = sc;
	p->config = (struct session_config){
		.role = role,
		.software = "sshtap_test",
		.kex = sc->kex,
		.hostkey = algorithm_of(sc->hostkey),
		.ciphers = sc->cipher,
		.compression = sc->compression,
		.ops = &session_ops,
		.ctx = p
	};
	if ((r = session_new(&p->config, 0, &p->s)) != 0 ||
	    (role == SESSION_SERVER && (r = auth_server_new(p->s, &auth_ops,
	    p, &p->server)) != 0))
		end_party(p, r);
}

static void
close_party(struct party *p)
{
	chans_free(p->cs);
	auth_client_free(p->client);
	auth_server_free(p->server);
	session_free(p->s);
}

/* Both. */

struct world {
	struct party party[2];
	enum scene_stage stage;
	bool is_stuck;
};

static bool
move(struct party *from, struct party *to)
{
	struct view out = session_output(from->s);
	size_t room, n;
	uint8_t *space;

	if (out.len == 0)
		return false;
	session_input_space(to->s, &space, &room);
	n = out.len < room ? out.len : room;
	memcpy(space, out.p, n);
	session_input_received(to->s, n);
	session_output_written(from->s, n);
	drain(to);
	return true;
}

static void
pump(struct world *w)
{
	unsigned n = 0;
	bool moved;

	do {
		moved = move(&w->party[0], &w->party[1]);
		moved = move(&w->party[1], &w->party[0]) || moved;
	} while (moved && ++n < MOVES_MAX);
	w->is_stuck = w->is_stuck || n == MOVES_MAX;
}

static bool
is_well(const struct world *w)
{
	return w->party[0].result == 0 && w->party[1].result == 0;
}

static void
send_frames(struct party *p, unsigned first)
{
	uint8_t room[CHAN_TUN_HEADROOM + FRAME_LEN + CHAN_TUN_TAILROOM];
	uint8_t *frame = room + CHAN_TUN_HEADROOM;
	unsigned n;
	size_t i;
	int r;

	for (n = first; n < first + FRAMES; n++) {
		for (i = 0; i < FRAME_LEN; i++)
			frame[i] = (uint8_t)(n + i);
		if ((r = chan_tun_send(p->tun, frame, FRAME_LEN)) != 0) {
			end_party(p, r);
			return;
		}
	}
}

/* Frames both ways; all of them must come. */
static bool
exchange(struct world *w, unsigned first)
{
	send_frames(&w->party[0], first);
	if (w->party[0].result == 0)
		send_frames(&w->party[1], first);
	pump(w);
	return is_well(w) && w->party[0].frames_in == first + FRAMES &&
	    w->party[1].frames_in == first + FRAMES;
}

static bool
rekey(struct world *w)
{
	struct party *client = &w->party[SESSION_CLIENT];
	int r;

	if ((r = session_rekey(client->s)) != 0 ||
	    (r = chans_keepalive(client->cs)) != 0)
		end_party(client, r);
	pump(w);
	return is_well(w) && session_rekeys(w->party[0].s) == 1 &&
	    session_rekeys(w->party[1].s) == 1;
}

static bool
close_tunnel(struct world *w)
{
	struct party *client = &w->party[SESSION_CLIENT];
	int r;

	if ((r = chan_close(client->tun)) != 0)
		end_party(client, r);
	pump(w);
	return is_well(w) && w->party[0].has_closed && w->party[1].has_closed;
}

static bool
has_tunnel(const struct world *w)
{
	return is_well(w) && w->party[0].tun != NULL &&
	    w->party[1].tun != NULL && chan_is_open(w->party[0].tun) &&
	    chan_is_open(w->party[1].tun);
}

static void
play(struct world *w, const struct scene *sc)
{
	w->stage = SCENE_OPEN;
	open_party(&w->party[SESSION_CLIENT], sc, SESSION_CLIENT);
	open_party(&w->party[SESSION_SERVER], sc, SESSION_SERVER);
	if (w->party[0].s == NULL || w->party[1].s == NULL)
		return;
	w->stage = SCENE_LOGIN;
	pump(w);
	if (!has_tunnel(w))
		return;
	w->stage = SCENE_TUNNEL;
	if (!exchange(w, 0))
		return;
	w->stage = SCENE_REKEY;
	if (!rekey(w) || !exchange(w, FRAMES))
		return;
	w->stage = SCENE_CLOSE;
	if (!close_tunnel(w))
		return;
	w->stage = SCENE_GOODBYE;
	session_disconnect(w->party[SESSION_CLIENT].s,
	    SSH_DISCONNECT_BY_APPLICATION, "done");
	pump(w);
	if (w->party[SESSION_CLIENT].s->failure == SSHTAP_ERR_CLOSED &&
	    w->party[SESSION_SERVER].result == SSHTAP_ERR_DISCONNECT)
		w->stage = SCENE_DONE;
}

void
scene_run(const struct scene *sc, struct scene_result *result)
{
	struct world w;

	memset(&w, 0, sizeof(w));
	play(&w, sc);
	*result = (struct scene_result){
		.stage = w.stage,
		.client = w.party[SESSION_CLIENT].result,
		.server = w.party[SESSION_SERVER].result,
		.is_stuck = w.is_stuck,
		.is_unsound = w.party[0].is_unsound || w.party[1].is_unsound
	};
	close_party(&w.party[0]);
	close_party(&w.party[1]);
}
