/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The life of the network process: the setup is read, all rights are given
 * up, and only then is the peer's first byte looked at.
 */

#include "server/network.h"

#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/signals.h"
#include "server/confine.h"
#include "server/ipc.h"
#include "server/network_impl.h"
#include "server/spawn.h"
#include "transport/key.h"
#include "transport/ssh2.h"

#define TICK_MS		1000

/*
 * What a stranger may send: a key exchange with a key of a quantum-safe kind,
 * and as many keys as may be tried, each with its signature, take a third of
 * this.
 */
#define EARLY_BYTES_MAX		(512 * 1024)
#define EARLY_PACKETS_MAX	200

#define PEER_VALUE_MAX	512	/* of a text in the log, with NUL */

/* What the peer did wrong, in a word for the log. */
static const char *
reason_of(int r)
{
	switch (r) {
	case SSHTAP_ERR_DISCONNECT:
		return "peer-disconnect";
	case SSHTAP_ERR_VERSION:
		return "not-ssh";
	case SSHTAP_ERR_NO_COMMON:
		return "no-common-algorithm";
	case SSHTAP_ERR_AUTH:
		return "too-many-failures";
	case SSHTAP_ERR_TIMEOUT:
		return "timeout";
	case SSHTAP_ERR_TOO_BIG:
		return "over-limit";
	default:
		return "protocol-error";
	}
}

/* A text of the peer's as a value in the log, which it must not end. */
static const char *
peer_value(char out[PEER_VALUE_MAX], struct view v, const char *enders)
{
	size_t i, n = v.len < PEER_VALUE_MAX ? v.len : PEER_VALUE_MAX - 1;

	for (i = 0; i < n; i++)
		out[i] = v.p[i] == '\0' || strchr(enders, v.p[i]) != NULL ?
		    '?' : (char)v.p[i];
	out[n] = '\0';
	return out;
}

/* What the wire tells. */

static int
packet(void *ctx, struct session_packet *p)
{
	struct network *n = ctx;
	bool is_known = n->chans != NULL;
	uint8_t number = p->payload[0];
	int r;

	if (is_known && number >= SSH_MSG_GLOBAL_REQUEST)
		return chans_input(n->chans, p->payload, p->len);
	/* Numbers of channels before there is a user are no mistake. */
	if (number >= SSH_MSG_GLOBAL_REQUEST &&
	    number <= SSH_MSG_CHANNEL_FAILURE)
		return SSHTAP_ERR_PROTOCOL;
	if (n->auth == NULL)
		return SSHTAP_ERR_PROTOCOL;
	r = auth_server_input(n->auth, p);
	if (r != 0 || is_known || auth_server_user(n->auth) == NULL)
		return r;
	alive_start(&n->alive, n->setup.alive_interval,
	    n->setup.alive_count_max);
	return tunnels_start(n);
}

static void
heard(void *ctx)
{
	struct network *n = ctx;

	alive_heard(&n->alive);
}

static void
failed(void *ctx, int r)
{
	struct network *n = ctx;
	uint32_t code = 0;
	const char *text = session_peer_text(n->session, &code);
	char value[PEER_VALUE_MAX];
	struct view ours;

	if (r == SSHTAP_ERR_DISCONNECT) {
		log_verbose("end reason=peer-disconnect code=%lu text=\"%s\"",
		    (unsigned long)code, peer_value(value,
		    view_of_string(text), "\""));
		return;
	}
	if (r == SSHTAP_ERR_NO_COMMON) {
		ours = session_failed_ours(n->session);
		log_info("end reason=no-common-algorithm what=\"%s\" "
		    "ours=%.*s theirs=%s",
		    proposal_list_text(session_failed_list(n->session)),
		    (int)ours.len, (const char *)ours.p, peer_value(value,
		    session_failed_theirs(n->session), "\" \t=\r\n"));
		return;
	}
	log_at_r(LOG_LEVEL_INFO, r, "end reason=%s", reason_of(r));
}

static void
lost(void *ctx, int error)
{
	(void)ctx;
	if (error == 0)
		log_verbose("end reason=closed");
	else
		log_info("end reason=connection-lost error=\"%s\"",
		    strerror(error));
}

static int
drained(void *ctx)
{
	struct network *n = ctx;

	tunnels_drained(n);
	return n->monitor_gone ? SSHTAP_ERR_INTERNAL : 0;
}

static int
sampled(void *ctx)
{
	return tunnels_sampled(ctx);
}

static void
carrier_writable(void *ctx)
{
	struct network *n = ctx;

	if (n->chans != NULL)
		chans_carrier_writable(n->chans);
}

static const struct wire_ops wire_ops = {
	.packet = packet,
	.drained = drained,
	.heard = heard,
	.failed = failed,
	.lost = lost,
	.writable = carrier_writable,
	.sampled = sampled,
};

/* What the session asks. */

static int
hostkey(void *ctx, const struct view *algorithm, struct view *blobp)
{
	struct network *n = ctx;
	struct view blob, name;
	enum key_type type;
	size_t i;

	for (i = 0; i < n->setup.nhostkeys; i++) {
		blob = buf_view(&n->setup.hostkeys[i]);
		if (view_get_string(&blob, &name) != 0 ||
		    key_type_from_name(&name, &type) != 0 ||
		    !key_type_has_algorithm(type, algorithm))
			continue;
		*blobp = buf_view(&n->setup.hostkeys[i]);
		return 0;
	}
	return SSHTAP_ERR_NOT_FOUND;
}

static int
sign(void *ctx, const struct view *algorithm, const struct view *hash,
    struct buf *signature)
{
	return ask_signature(ctx, algorithm, hash, signature);
}

static const struct session_ops session_ops = {
	.hostkey = hostkey,
	.sign = sign,
};

/* What authentication asks. */

static bool
key(void *ctx, const char *user, const struct view *algorithm,
    const struct view *blob)
{
	struct auth_publickey pk = { .user = view_of_string(user),
	    .algorithm = *algorithm, .blob = *blob };

	return ask_key(ctx, &pk, NULL);
}

static bool
login(void *ctx, const struct auth_publickey *pk,
    const struct view *signature)
{
	return ask_key(ctx, pk, signature);
}

static const struct auth_server_ops auth_ops = {
	.key = key,
	.login = login,
};

/* Time. */

static void
ask_alive(void *ctx)
{
	struct network *n = ctx;

	wire_check(&n->wire, chans_keepalive(n->chans));
}

static void
peer_lost(void *ctx, uint64_t seconds)
{
	struct network *n = ctx;

	log_info("end reason=no-sign-of-life seconds=%llu",
	    (unsigned long long)seconds);
	wire_end(&n->wire);
}

static const struct alive_ops alive_ops = {
	.ask = ask_alive,
	.lost = peer_lost,
};

static void
tick(void *ctx, uint64_t now_ms)
{
	struct network *n = ctx;

	loop_timer_set(n->loop, &n->tick, now_ms + TICK_MS);
	tunnels_check(n);
	wire_check(&n->wire, session_tick(n->session, now_ms));
	if (n->chans != NULL)
		wire_check(&n->wire, chans_tick(n->chans, now_ms));
}

/* Other events. */

static void
signal_ready(void *ctx, int fd, unsigned events)
{
	struct network *n = ctx;

	(void)fd;
	(void)events;
	if (signals_take() == 0)
		return;
	log_verbose("end reason=server-stops");
	wire_end(&n->wire);
}

/* It says nothing unasked: it has died, or wants us to. */
static void
monitor_ready(void *ctx, int fd, unsigned events)
{
	struct network *n = ctx;

	(void)fd;
	(void)events;
	n->monitor_gone = true;
	wire_end(&n->wire);
}

static const struct loop_type loop_types[NETWORK_FD_COUNT] = {
	[NETWORK_FD_WIRE] = { "network", wire_ready },
	[NETWORK_FD_DEVICE] = { "device", pump_ready },
	[NETWORK_FD_SIGNAL] = { "signal", signal_ready },
	[NETWORK_FD_MONITOR] = { "monitor", monitor_ready },
};

/* The start. */

static int
read_setup(struct network *n)
{
	struct buf record;
	int r;

	buf_init(&record, SETUP_MAX);
	if ((r = ipc_receive(SPAWN_MONITOR, &record, NULL, NULL)) == 0)
		r = setup_network_get(buf_view(&record), &n->setup);
	buf_clear(&record);
	return r;
}

static int
start_session(struct network *n)
{
	const struct setup_network *s = &n->setup;
	struct session_config sc = {
		.role = SESSION_SERVER,
		.software = s->software,
		.kex = s->kex,
		.hostkey = s->hostkey_algs,
		.ciphers = s->ciphers,
		.compression = s->compression,
		.sig_algs = s->sig_algs,
		.rekey_bytes = s->rekey_bytes,
		.rekey_ms = s->rekey_ms,
		.early_bytes_max = EARLY_BYTES_MAX,
		.early_packets_max = EARLY_PACKETS_MAX,
		.ops = &session_ops,
		.ctx = n,
	};
	int r;

	if ((r = session_new(&sc, loop_now(n->loop), &n->session)) != 0 ||
	    (r = auth_server_new(n->session, &auth_ops, n, &n->auth)) != 0)
		return r;
	auth_server_set_tries(n->auth, (int)s->max_auth_tries - 1);
	return 0;
}

static int
start_wire(struct network *n)
{
	n->wire = (struct wire){ .loop = n->loop, .session = n->session,
	    .rfd = SPAWN_IN, .wfd = n->setup.is_socket ? SPAWN_IN : SPAWN_OUT,
	    .ops = &wire_ops, .ctx = n };
	return wire_start(&n->wire, NETWORK_FD_WIRE);
}

static int
start(struct network *n)
{
	int r;

	if ((r = loop_new(loop_types, NETWORK_FD_COUNT, &n->loop)) != 0)
		return r;
	loop_set_spin(n->loop, n->setup.busy_poll);
	if ((r = start_session(n)) != 0 || (r = start_wire(n)) != 0 ||
	    (r = loop_add(n->loop, signals_fd(), NETWORK_FD_SIGNAL, n,
	    LOOP_IN)) != 0 ||
	    (r = loop_add(n->loop, SPAWN_MONITOR, NETWORK_FD_MONITOR, n,
	    LOOP_IN)) != 0)
		return r;
	n->alive.loop = n->loop;
	n->alive.ops = &alive_ops;
	n->alive.ctx = n;
	n->tick.fn = tick;
	n->tick.ctx = n;
	loop_timer_set(n->loop, &n->tick, loop_now(n->loop) + TICK_MS);
	return 0;
}

static int
run(struct network *n)
{
	int r = 0;

	while (!n->wire.ended) {
		wire_flush(&n->wire);
		if (!n->wire.ended && (r = loop_turn(n->loop)) != 0) {
			log_error_r(r, "cannot wait for events");
			break;
		}
	}
	tunnels_stop(n);
	/* A failed session has said its last word already. */
	session_disconnect(n->session, SSH_DISCONNECT_BY_APPLICATION,
	    "the server ends the connection");
	wire_linger(&n->wire);
	return r;
}

static void
clear(struct network *n)
{
	chans_free(n->chans);
	auth_server_free(n->auth);
	session_free(n->session);
	loop_free(n->loop);
	buf_clear(&n->record);
	setup_network_clear(&n->setup);
}

/* What happens before there is a log ends in the exit status alone. */
int
network_main(void)
{
	static struct network n;
	int r;

	setup_network_init(&n.setup);
	buf_init(&n.record, REQUEST_MAX);
	if ((r = signals_start()) != 0 || (r = confine_prepare()) != 0 ||
	    (r = read_setup(&n)) != 0)
		goto out;
	log_set((enum log_level)n.setup.log_level, tell_log, &n);
	if ((r = confine(SANDBOX_NETWORK, &n.setup.rights)) != 0) {
		log_error_r(r, "cannot confine the network process: %s",
		    confine_text());
		goto out;
	}
	log_debug("confined: %s", confine_text());
	if ((r = start(&n)) != 0)
		log_error_r(r, "cannot start");
	else
		r = run(&n);
 out:
	log_set(LOG_LEVEL_QUIET, NULL, NULL);
	clear(&n);
	return r == 0 ? 0 : PROC_EXIT_FAILURE;
}
