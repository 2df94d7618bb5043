/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "regress/load_peer.h"

#include <sys/socket.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "channels/carrier_session.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/proc.h"
#include "transport/auth_client.h"
#include "transport/cipher.h"
#include "transport/key.h"
#include "transport/session.h"
#include "transport/ssh2.h"

#define CONNECT_MS	5000
#define COMPLAINTS_MAX	8

#define ETHERTYPE_TEST	0x88b5u		/* IEEE 802, local experimental */
#define HEADER_SIZE	14
#define NUMBERED_SIZE	(HEADER_SIZE + 4)
#define FRAME_MAX	1514

static const size_t sizes[] = { 60, 1514, 64, 600, 1514, 100, 999 };

void
peer_complain(struct peer *p, const char *fmt, ...)
{
	va_list ap;

	p->load->failed++;
	if (p->load->complaints++ >= COMPLAINTS_MAX)
		return;
	fprintf(stderr, "loadtool: connection %u: ", p->n);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
}

/* === Frames === */

static void
put_address(uint8_t *p, unsigned n)
{
	p[0] = 0x02;
	p[1] = 'L';
	p[2] = 'O';
	p[3] = 0;
	p[4] = (uint8_t)(n >> 8);
	p[5] = (uint8_t)n;
}

/*
 * Frame number seq of connection from, LOAD_BROADCAST or to its neighbour; its
 * size.  xorshift64*, good enough to see damage.
 */
static size_t
make_frame(const struct load *l, uint8_t *f, unsigned from, uint32_t seq)
{
	size_t i, size = sizes[seq % (sizeof(sizes) / sizeof(sizes[0]))];
	uint64_t x = ((uint64_t)seq << 20 ^ from) * 2654435761u + 1;

	if (seq == LOAD_BROADCAST)
		memset(f, 0xff, 6);
	else
		put_address(f, (from + 1) % l->npeers);
	put_address(f + 6, from);
	f[12] = ETHERTYPE_TEST >> 8;
	f[13] = ETHERTYPE_TEST & 0xff;
	put_be32(f + HEADER_SIZE, seq);
	for (i = NUMBERED_SIZE; i < size; i++) {
		x ^= x >> 12;
		x ^= x << 25;
		x ^= x >> 27;
		f[i] = (uint8_t)((x * 2685821657736338717u) >> 56);
	}
	return size;
}

bool
peer_send(struct peer *p, uint32_t seq)
{
	uint8_t room[CHAN_TUN_HEADROOM + FRAME_MAX + CHAN_TUN_TAILROOM];
	uint8_t *f = room + CHAN_TUN_HEADROOM;
	size_t max, size;
	int r;

	if ((r = chan_tun_room(p->chan, &max)) == 0) {
		size = make_frame(p->load, f, p->n, seq);
		r = max < size ? SSHTAP_ERR_WINDOW :
		    chan_tun_send(p->chan, f, size);
	}
	wire_check(&p->wire, r);
	return r == 0;
}

void
peer_send_more(struct peer *p)
{
	struct load *l = p->load;
	const struct peer *to = &l->peers[(p->n + 1) % l->npeers];

	while (p->stage == UP && p->sent < l->frames &&
	    p->sent < to->next + LOAD_BURST && peer_send(p, p->sent))
		p->sent++;
}

static void
take_numbered(struct peer *p, const uint8_t *f, size_t len, uint32_t seq)
{
	struct load *l = p->load;
	uint8_t expected[FRAME_MAX];
	unsigned from = (p->n + l->npeers - 1) % l->npeers;

	if (make_frame(l, expected, from, seq) != len ||
	    memcmp(expected, f, len) != 0)
		l->corrupt++;
	else if (seq < p->next)
		l->reordered++;		/* or a second time */
	else {
		l->received++;
		l->lost += seq - p->next;
		p->next = seq + 1;
	}
	l->heard_ms = loop_now(l->loop);
	peer_send_more(&l->peers[from]);
}

static void
frame(void *ctx, struct chan *c, uint8_t *f, size_t len)
{
	struct peer *p = ctx;
	struct load *l = p->load;
	uint8_t own[6];
	uint32_t seq;

	(void)c;
	/* The server's host has things to say, too. */
	if (len < NUMBERED_SIZE || l->is_stranger || f[7] != 'L' ||
	    f[12] != ETHERTYPE_TEST >> 8 || f[13] != (ETHERTYPE_TEST & 0xff))
		return;
	seq = get_be32(f + HEADER_SIZE);
	put_address(own, p->n);
	if (seq == LOAD_BROADCAST) {
		l->heard++;
		l->heard_ms = loop_now(l->loop);
	} else if (memcmp(f, own, sizeof(own)) != 0)
		l->stray++;
	else
		take_numbered(p, f, len, seq);
}

/* === One connection === */

void
peer_end(struct peer *p)
{
	struct load *l = p->load;

	if (p->stage == IDLE)
		return;
	if (p->session != NULL)
		wire_end(&p->wire);
	else
		loop_remove(l->loop, p->fd);
	loop_timer_cancel(l->loop, &p->timer);
	chans_free(p->chans);
	auth_client_free(p->auth);
	session_free(p->session);
	proc_close(&p->fd);
	p->chans = NULL;
	p->chan = NULL;
	p->auth = NULL;
	p->session = NULL;
	p->stage = IDLE;
	l->ended++;
}

void
peer_close(struct peer *p)
{
	p->stage = CLOSING;
	wire_check(&p->wire, chan_close(p->chan));
}

static void
opened(void *ctx, struct chan *c)
{
	struct peer *p = ctx;

	(void)c;
	p->stage = UP;
	p->load->up++;
	if (p->load->is_up != NULL && p->load->is_up(p))
		peer_close(p);
}

static void
refused(void *ctx, struct chan *c, uint32_t reason, const char *text)
{
	struct peer *p = ctx;

	(void)c;
	peer_complain(p, "no tunnel: reason %u, %s", reason, text);
	p->stage = CLOSING;
}

static void
writable(void *ctx, struct chan *c)
{
	struct peer *p = ctx;

	(void)c;
	peer_send_more(p);
}

static void
closed(void *ctx, struct chan *c)
{
	struct peer *p = ctx;

	(void)c;
	if (p->stage != CLOSING)
		peer_complain(p, "the tunnel was closed");
	p->chan = NULL;
	p->stage = LEAVING;
	session_disconnect(p->session, SSH_DISCONNECT_BY_APPLICATION, "done");
}

static const struct chans_events chan_events = {
	.opened = opened,
	.refused = refused,
	.frame = frame,
	.writable = writable,
	.closed = closed,
};

static int
open_tunnel(struct peer *p)
{
	struct carrier carrier = carrier_session(p->session);
	uint32_t unit = p->load->first_unit;
	int r;

	if (unit != CHAN_TUN_UNIT_ANY)
		unit += p->n;
	p->stage = OPENING;
	if ((r = chans_new(&carrier, &chan_events, p, false, &p->chans)) != 0)
		return r;
	return chan_open_tun(p->chans, CHAN_TUN_ETHERNET, unit, NULL,
	    &p->chan);
}

static int
sign(void *ctx, const struct view *algorithm, const struct view *data,
    struct buf *signature)
{
	struct peer *p = ctx;

	return key_sign(p->load->key, algorithm, data, signature);
}

static int
log_in(struct peer *p, const struct session_packet *packet)
{
	struct view algorithm = view_of_string(key_type_name(p->load->key));
	struct view blob = key_blob(p->load->key);
	enum auth_event event;
	int r;

	if ((r = auth_client_input(p->auth, packet, &event)) != 0)
		return r;
	switch (event) {
	case AUTH_EVENT_CHOOSE:
		if (p->has_tried)
			return SSHTAP_ERR_AUTH;
		p->has_tried = true;
		return auth_client_try_key(p->auth, &algorithm, &blob);
	case AUTH_EVENT_KEY_OK:
		return auth_client_sign(p->auth, sign, p);
	case AUTH_EVENT_DONE:
		return open_tunnel(p);
	default:
		return 0;
	}
}

static int
packet(void *ctx, struct session_packet *packet)
{
	struct peer *p = ctx;

	if (p->stage == AUTH)
		return log_in(p, packet);
	if (p->chans != NULL && p->stage != LEAVING)
		return chans_input(p->chans, packet->payload, packet->len);
	return p->stage == LEAVING ? 0 : SSHTAP_ERR_PROTOCOL;
}

static int
drained(void *ctx)
{
	struct peer *p = ctx;

	if (p->stage != KEYS || !session_is_keyed(p->session) ||
	    p->load->is_stranger)
		return 0;
	p->stage = AUTH;
	return auth_client_new(p->session, "root", &p->auth);
}

static void
failed(void *ctx, int r)
{
	struct peer *p = ctx;
	uint32_t reason;

	if (p->stage != LEAVING && !p->load->is_stranger)
		peer_complain(p, "%s %s", err_text(r),
		    session_peer_text(p->session, &reason));
}

static void
lost(void *ctx, int error)
{
	struct peer *p = ctx;

	if (p->stage != LEAVING && !p->load->is_stranger)
		peer_complain(p, "%s", error == 0 ? "the server has hung up" :
		    strerror(error));
}

static void
can_write(void *ctx)
{
	struct peer *p = ctx;

	if (p->chans != NULL && p->stage != LEAVING)
		chans_carrier_writable(p->chans);
}

static const struct wire_ops wire_ops = {
	.packet = packet,
	.drained = drained,
	.failed = failed,
	.lost = lost,
	.writable = can_write,
};

/* Whose it is does not matter here. */
static int
check_hostkey(void *ctx, const struct view *blob, const char *algorithm)
{
	(void)ctx;
	(void)blob;
	(void)algorithm;
	return 0;
}

static void
debug_text(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static const struct session_ops session_ops = {
	.check_hostkey = check_hostkey,
	.debug_text = debug_text,
};

int
peer_session(struct peer *p, struct session **sp)
{
	struct session_config config = {
		.role = SESSION_CLIENT,
		.software = "sshtap_loadtool",
		.kex = p->load->kex,
		.hostkey = KEY_DEFAULT_HOSTKEY_LIST,
		.ciphers = CIPHER_DEFAULT_LIST,
		.compression = "none",
		.ops = &session_ops,
		.ctx = p,
	};

	return session_new(&config, loop_now(p->load->loop), sp);
}

int
peer_connect(struct peer *p)
{
	const struct addrinfo *a = p->load->address;
	struct pollfd pfd = { .events = POLLOUT };
	int error = 0, one = 1;
	socklen_t len = sizeof(error);

	p->fd = socket(a->ai_family, SOCK_STREAM, 0);
	if (p->fd == -1 || proc_set_nonblock(p->fd) != 0)
		return SSHTAP_ERR_SYSTEM;
	if (connect(p->fd, a->ai_addr, a->ai_addrlen) != 0) {
		if (errno != EINPROGRESS)
			return SSHTAP_ERR_SYSTEM;
		pfd.fd = p->fd;
		if (poll(&pfd, 1, CONNECT_MS) != 1)
			return SSHTAP_ERR_TIMEOUT;
	}
	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		return SSHTAP_ERR_SYSTEM;
	errno = error;
	if (error != 0 || setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one,
	    sizeof(one)) != 0)
		return SSHTAP_ERR_SYSTEM;
	return 0;
}

static int
peer_wire(struct peer *p)
{
	int r;

	if ((r = peer_session(p, &p->session)) != 0)
		return r;
	p->wire = (struct wire){
		.loop = p->load->loop,
		.session = p->session,
		.rfd = p->fd,
		.wfd = p->fd,
		.ops = &wire_ops,
		.ctx = p,
	};
	return wire_start(&p->wire, FD_WIRE);
}

void
peer_start(struct peer *p)
{
	int r;

	p->has_tried = false;
	if ((r = peer_connect(p)) == 0) {
		p->stage = KEYS;
		r = peer_wire(p);
	}
	if (r == 0)
		return;
	peer_complain(p, "%s", err_text(r));
	p->stage = KEYS;
	peer_end(p);
}

void
peer_turn(struct peer *p)
{
	if (p->session == NULL)
		return;
	wire_flush(&p->wire);
	if (p->wire.ended || (p->stage == LEAVING &&
	    session_output(p->session).len == 0))
		peer_end(p);
}
