/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The descriptor of a device in memory is a pipe that always has something to
 * read: whether there is a frame, the pump finds out.  A timer that is always
 * due keeps the loop from waiting; relay_is_quiet lets it wait.
 */

#include "tests/relay_util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "channels/carrier_session.h"
#include "lib/err.h"
#include "tun/tap_impl.h"

#define TURNS		64

/* Some frames of full size, less than a window. */
#define SOCKET_SIZE	(256 * 1024)

static const struct loop_type types[RELAY_FD_COUNT] = {
	[RELAY_FD_NET] = { "network", wire_ready },
	[RELAY_FD_DEVICE] = { "device", pump_ready },
};

/* What the wires tell. */

static int
on_packet(void *ctx, struct session_packet *p)
{
	struct relay_side *s = ctx;

	s->packets++;
	if (s->ends_on_packet)
		wire_end(&s->wire);
	if (s->verdict != 0 || s->cs == NULL)
		return s->verdict;
	return chans_input(s->cs, p->payload, p->len);
}

static int
on_drained(void *ctx)
{
	struct relay_side *s = ctx;
	unsigned i;

	s->drains++;
	for (i = 0; i < RELAY_PLUGS; i++)
		pump_drained(&s->plugs[i].pump);
	return 0;
}

static void
on_heard(void *ctx)
{
	struct relay_side *s = ctx;

	s->hears++;
}

static void
on_failed(void *ctx, int r)
{
	struct relay_side *s = ctx;

	assert_true(s->wire.ended);
	s->ends++;
	s->failure = r;
}

static void
on_lost(void *ctx, int error)
{
	struct relay_side *s = ctx;

	assert_true(s->wire.ended);
	s->ends++;
	s->error = error;
}

static void
on_writable(void *ctx)
{
	struct relay_side *s = ctx;

	s->writables++;
	if (s->cs != NULL)
		chans_carrier_writable(s->cs);
}

static const struct wire_ops wire_ops = {
	.packet = on_packet,
	.drained = on_drained,
	.heard = on_heard,
	.failed = on_failed,
	.lost = on_lost,
	.writable = on_writable,
};

/* What the pumps tell. */

static void
on_gone(void *ctx)
{
	struct relay_plug *g = ctx;

	assert_int_equal(g->pump.state, PUMP_STOPPED);
	g->gone++;
}

static void
on_unreadable(void *ctx, int r)
{
	struct relay_plug *g = ctx;

	g->error = errno;
	assert_int_equal(r, SSHTAP_ERR_SYSTEM);
	assert_int_equal(g->pump.state, PUMP_STOPPED);
	g->unreadable++;
}

static void
on_pump_failed(void *ctx, int r)
{
	struct relay_plug *g = ctx;

	assert_int_equal(g->pump.state, PUMP_STOPPED);
	g->failure = r;
	wire_check(&g->side->wire, r);
}

static const struct pump_ops pump_ops = {
	.gone = on_gone,
	.unreadable = on_unreadable,
	.failed = on_pump_failed,
};

/* What the channels tell. */

static void
on_opened(void *ctx, struct chan *c)
{
	struct relay_side *s = ctx;
	struct relay_plug *g = chan_user(c);

	pump_start(&g->pump, c);
	if (s->offers != 0)
		assert_int_equal(chan_tun_offer(c, s->offers), 0);
}

/* The server answers; who has nothing to say does not make use of it. */
static void
on_offload(void *ctx, struct chan *c, uint32_t flags)
{
	struct relay_side *s = ctx;
	struct relay_plug *g = chan_user(c);

	if (s->offers == 0)
		return;
	pump_takes(&g->pump, flags);
	if (s == &s->bench->sides[SESSION_SERVER])
		assert_int_equal(chan_tun_offer(c, s->offers), 0);
}

static uint32_t
on_request(void *ctx, struct chan *c, uint32_t mode, uint32_t unit,
    const char **textp)
{
	struct relay_side *s = ctx;
	struct relay_plug *g = &s->plugs[s->used++];

	(void)mode;
	(void)unit;
	(void)textp;
	assert_true(s->used <= RELAY_PLUGS);
	chan_set_user(c, g);
	pump_start(&g->pump, c);
	return 0;
}

static void
on_frame(void *ctx, struct chan *c, uint8_t *frame, size_t len)
{
	struct relay_plug *g = chan_user(c);

	(void)ctx;
	pump_frame(&g->pump, frame, len);
}

static void
on_super(void *ctx, struct chan *c, const uint8_t *words, uint8_t *frame,
    size_t len)
{
	struct relay_plug *g = chan_user(c);

	(void)ctx;
	pump_super(&g->pump, words, frame, len);
}

static void
on_chan_writable(void *ctx, struct chan *c)
{
	struct relay_plug *g = chan_user(c);

	(void)ctx;
	pump_writable(&g->pump);
}

static void
on_closed(void *ctx, struct chan *c)
{
	struct relay_plug *g = chan_user(c);

	(void)ctx;
	pump_stop(&g->pump);
}

static const struct chans_events events = {
	.opened = on_opened,
	.tun_request = on_request,
	.frame = on_frame,
	.offload = on_offload,
	.super = on_super,
	.writable = on_chan_writable,
	.closed = on_closed,
};

/* Both sides. */

static void
make_socket_pair(int fds[2])
{
	int i, size = SOCKET_SIZE;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	for (i = 0; i < 2; i++) {
		assert_int_equal(fcntl(fds[i], F_SETFL, O_NONBLOCK), 0);
		assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF,
		    &size, sizeof(size)), 0);
		assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF,
		    &size, sizeof(size)), 0);
	}
}

static void
open_side(struct relay_bench *b, enum session_role role)
{
	struct relay_side *s = &b->sides[role];
	struct wire w = {
		.loop = b->loop,
		.session = b->pair.side[role].session,
		.rfd = s->rfd,
		.wfd = s->wfd,
		.ops = &wire_ops,
		.ctx = s,
	};

	s->bench = b;
	s->session = w.session;
	s->wire = w;
	assert_int_equal(wire_start(&s->wire, RELAY_FD_NET), 0);
}

static void
stay_due(void *ctx, uint64_t now_ms)
{
	(void)ctx;
	(void)now_ms;
}

void
relay_open(struct relay_bench *b, bool two_fds)
{
	struct relay_side *client = &b->sides[SESSION_CLIENT];
	struct relay_side *server = &b->sides[SESSION_SERVER];
	int up[2], down[2];

	memset(b, 0, sizeof(*b));
	(void)signal(SIGPIPE, SIG_IGN);
	pair_config(&b->pair);
	pair_open(&b->pair);
	assert_int_equal(loop_new(types, RELAY_FD_COUNT, &b->loop), 0);
	b->now.fn = stay_due;
	make_socket_pair(up);
	client->rfd = client->wfd = up[0];
	server->rfd = server->wfd = up[1];
	if (two_fds) {
		make_socket_pair(down);
		client->rfd = down[0];
		server->wfd = down[1];
	}
	open_side(b, SESSION_CLIENT);
	open_side(b, SESSION_SERVER);
}

static void
close_fd(int *fdp)
{
	if (*fdp != -1)
		assert_int_equal(close(*fdp), 0);
	*fdp = -1;
}

static void
close_side(struct relay_side *s)
{
	unsigned i;

	chans_free(s->cs);
	for (i = 0; i < RELAY_PLUGS && s->plugs[i].tap != NULL; i++) {
		pump_stop(&s->plugs[i].pump);
		tap_close(s->plugs[i].tap);
		tap_close(s->plugs[i].host);
		close_fd(&s->plugs[i].bell[0]);
		close_fd(&s->plugs[i].bell[1]);
	}
	if (s->wfd == s->rfd)
		s->wfd = -1;
	close_fd(&s->rfd);
	close_fd(&s->wfd);
}

void
relay_close(struct relay_bench *b)
{
	close_side(&b->sides[SESSION_CLIENT]);
	close_side(&b->sides[SESSION_SERVER]);
	loop_free(b->loop);
	pair_close(&b->pair);
	pair_free_keys();
}

void
relay_turn(struct relay_bench *b)
{
	int i;

	for (i = 0; i < 2; i++)
		if (!b->sides[i].is_mute)
			wire_flush(&b->sides[i].wire);
	loop_timer_set(b->loop, &b->now, loop_now(b->loop));
	assert_int_equal(loop_turn(b->loop), 0);
}

void
relay_run(struct relay_bench *b)
{
	int i;

	for (i = 0; i < TURNS; i++)
		relay_turn(b);
}

bool
relay_is_quiet(struct relay_bench *b, unsigned ms)
{
	loop_update_now(b->loop);
	loop_timer_set(b->loop, &b->now, loop_now(b->loop) + ms);
	assert_int_equal(loop_turn(b->loop), 0);
	return !b->now.armed;
}

void
relay_join(struct relay_bench *b, bool two_fds)
{
	struct carrier carrier;
	int i;

	relay_open(b, two_fds);
	relay_run(b);
	for (i = 0; i < 2; i++) {
		assert_true(session_is_keyed(b->sides[i].session));
		session_set_authenticated(b->sides[i].session);
		carrier = carrier_session(b->sides[i].session);
		assert_int_equal(chans_new(&carrier, &events, &b->sides[i],
		    i == SESSION_SERVER, &b->sides[i].cs), 0);
	}
}

/* Tunnels. */

void
relay_ring(struct relay_plug *g)
{
	assert_int_equal(write(g->bell[1], "!", 1), 1);
}

struct relay_plug *
relay_plug(struct relay_side *s, struct tap *t)
{
	struct relay_plug *g = &s->plugs[s->used];

	assert_true(s->used < RELAY_PLUGS);
	g->side = s;
	g->tap = t;
	if (t == NULL)
		assert_int_equal(tap_memory_pair(&g->tap, &g->host), 0);
	assert_int_equal(pipe(g->bell), 0);
	if (t == NULL)
		relay_ring(g);
	g->tap->read_fd = g->bell[0];
	g->pump.loop = s->bench->loop;
	g->pump.tap = g->tap;
	g->pump.ops = &pump_ops;
	g->pump.ctx = g;
	assert_int_equal(pump_watch(&g->pump, RELAY_FD_DEVICE), 0);
	return g;
}

void
relay_tunnel(struct relay_bench *b)
{
	struct relay_side *s = &b->sides[SESSION_CLIENT];
	struct relay_plug *near = &s->plugs[s->used];
	struct relay_plug *far = &b->sides[SESSION_SERVER].plugs[s->used];
	struct chan *c;

	if (near->tap == NULL)
		(void)relay_plug(s, NULL);
	if (far->tap == NULL)
		(void)relay_plug(&b->sides[SESSION_SERVER], NULL);
	s->used++;
	assert_int_equal(chan_open_tun(s->cs, CHAN_TUN_ETHERNET,
	    CHAN_TUN_UNIT_ANY, near, &c), 0);
	relay_run(b);
	assert_int_equal(near->pump.state, PUMP_RUNNING);
	assert_int_equal(far->pump.state, PUMP_RUNNING);
}

void
relay_fill(uint8_t *frame, uint8_t fill, size_t len)
{
	memset(frame, fill, len);
	frame[12] = 0x88;
	frame[13] = 0xb5;
}

bool
relay_put(struct relay_plug *g, uint8_t fill, size_t len)
{
	uint8_t frame[TAP_FRAME_MAX];

	relay_fill(frame, fill, len);
	return tap_send(g->host, frame, len) == 0;
}

bool
relay_get(struct relay_plug *g, uint8_t *fillp, size_t *lenp)
{
	uint8_t frame[TAP_FRAME_MAX], expected[TAP_FRAME_MAX];

	if (tap_recv(g->host, frame, sizeof(frame), lenp) != 0)
		return false;
	*fillp = frame[0];
	relay_fill(expected, *fillp, *lenp);
	assert_memory_equal(frame, expected, *lenp);
	return true;
}

int
relay_setup(void **state)
{
	struct relay_bench *b = malloc(sizeof(*b));

	assert_non_null(b);
	relay_join(b, false);
	relay_tunnel(b);
	*state = b;
	return 0;
}

int
relay_teardown(void **state)
{
	relay_close(*state);
	free(*state);
	return 0;
}
