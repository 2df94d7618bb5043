/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Once the user is known: tunnels that the peer asks for, each a device from
 * the monitor, a channel, and a pump between them.  A tunnel ends with either
 * of the two; the connection stays, for the peer to end or to ask again.
 */

#include "server/network_impl.h"

#include <string.h>

#include "channels/carrier_session.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/text.h"
#include "transport/ssh2.h"

static void
log_end(const struct tunnel *t, const char *why)
{
	const struct chan_tun_stats *s = chan_tun_stats(t->chan);
	const struct tap_stats *d = tap_stats(t->tap);
	char text[PUMP_TEXT_MAX];

	log_info("tunnel-end device=%s reason=%s frames_in=%llu "
	    "frames_out=%llu bytes_in=%llu bytes_out=%llu dropped_in=%llu "
	    "dropped_out=%llu %s", tap_name(t->tap), why,
	    (unsigned long long)s->frames_in, (unsigned long long)s->frames_out,
	    (unsigned long long)s->bytes_in, (unsigned long long)s->bytes_out,
	    (unsigned long long)(s->dropped_in + d->dropped_out),
	    (unsigned long long)(s->dropped_out + d->dropped_in),
	    pump_text(&t->pump, text, sizeof(text)));
}

/* Let go of the device; the channel goes its own way. */
static void
end_tunnel(struct tunnel *t, const char *why)
{
	struct network *n = t->owner;
	uint32_t slot = t->slot;

	if (n == NULL)
		return;
	pump_stop(&t->pump);
	log_end(t, why);
	chan_set_user(t->chan, NULL);
	tap_close(t->tap);
	memset(t, 0, sizeof(*t));
	tell_tunnel_end(n, slot);
}

/* The device is lost: no EOF first, since nothing more will be taken either. */
static void
close_tunnel(struct tunnel *t, const char *why)
{
	struct network *n = t->owner;
	struct chan *ch = t->chan;

	end_tunnel(t, why);
	wire_check(&n->wire, chan_close(ch));
}

static void
device_gone(void *ctx)
{
	close_tunnel(ctx, "device-gone");
}

static void
device_unreadable(void *ctx, int r)
{
	struct tunnel *t = ctx;

	log_error_r(r, "cannot read %s", tap_name(t->tap));
	close_tunnel(t, "device-unreadable");
}

static void
pump_failed(void *ctx, int r)
{
	struct tunnel *t = ctx;

	wire_check(&t->owner->wire, r);
}

static const struct pump_ops pump_ops = {
	.gone = device_gone,
	.unreadable = device_unreadable,
	.failed = pump_failed,
};

static struct tunnel *
find_free(struct network *n)
{
	size_t i;

	for (i = 0; i < REQUEST_TUNNELS_MAX; i++)
		if (n->tunnels[i].owner == NULL)
			return &n->tunnels[i];
	return NULL;
}

static int
start_tunnel(struct network *n, struct tunnel *t, struct chan *ch,
    struct tap *tap, uint32_t slot)
{
	int r;

	*t = (struct tunnel){ .owner = n, .chan = ch, .tap = tap,
	    .slot = slot, .pump = { .loop = n->loop, .tap = tap,
	    .ops = &pump_ops, .ctx = t, .path = &n->wire.path } };
	if ((r = pump_watch(&t->pump, NETWORK_FD_DEVICE)) != 0) {
		memset(t, 0, sizeof(*t));
		return r;
	}
	chan_set_user(ch, t);
	pump_start(&t->pump, ch);
	return 0;
}

/* Events of channels. */

static uint32_t
tun_request(void *ctx, struct chan *ch, uint32_t mode, uint32_t unit,
    const char **textp)
{
	struct request_tunnel wanted = { .mode = mode, .unit = unit };
	struct request_device d;
	struct network *n = ctx;
	struct tunnel *t = find_free(n);
	struct tap *tap;

	if (t == NULL) {
		*textp = "too many tunnels on this connection";
		return SSH_OPEN_RESOURCE_SHORTAGE;
	}
	*textp = "the server cannot open a device";
	if (ask_tunnel(n, &wanted, &d, &tap) != 0)
		return SSH_OPEN_CONNECT_FAILED;
	if (d.reason != 0) {
		(void)text_clean(n->text, sizeof(n->text), d.text.p,
		    d.text.len, false);
		*textp = n->text;
		return d.reason;
	}
	if (start_tunnel(n, t, ch, tap, d.slot) != 0) {
		tap_close(tap);
		tell_tunnel_end(n, d.slot);
		return SSH_OPEN_RESOURCE_SHORTAGE;
	}
	return 0;
}

static void
frame(void *ctx, struct chan *ch, uint8_t *bytes, size_t len)
{
	struct tunnel *t = chan_user(ch);

	(void)ctx;
	if (t != NULL)
		pump_frame(&t->pump, bytes, len);
}

static void
super(void *ctx, struct chan *ch, const uint8_t *words, uint8_t *bytes,
    size_t len)
{
	struct tunnel *t = chan_user(ch);

	(void)ctx;
	if (t != NULL)
		pump_super(&t->pump, words, bytes, len);
}

/* The peer takes super-frames: so do we. */
static void
offload(void *ctx, struct chan *ch, uint32_t flags)
{
	struct tunnel *t = chan_user(ch);
	struct network *n = ctx;

	if (t == NULL || !n->setup.offload)
		return;
	pump_takes(&t->pump, flags);
	wire_check(&n->wire, chan_tun_offer(ch, CHAN_TUN_TAKES_ALL));
}

static void
writable(void *ctx, struct chan *ch)
{
	struct tunnel *t = chan_user(ch);

	(void)ctx;
	if (t != NULL)
		pump_writable(&t->pump);
}

/* One that sends no more wants none either: a cable has two directions. */
static void
eof(void *ctx, struct chan *ch)
{
	struct tunnel *t = chan_user(ch);

	(void)ctx;
	if (t != NULL)
		close_tunnel(t, "peer-eof");
}

static void
closed(void *ctx, struct chan *ch)
{
	struct tunnel *t = chan_user(ch);

	(void)ctx;
	if (t != NULL)
		end_tunnel(t, "peer-close");
}

static const struct chans_events events = {
	.frame = frame,
	.super = super,
	.offload = offload,
	.writable = writable,
	.eof = eof,
	.closed = closed,
	.tun_request = tun_request,
};

int
tunnels_start(struct network *n)
{
	struct carrier carrier = carrier_session(n->session);

	return chans_new(&carrier, &events, n, true, &n->chans);
}

void
tunnels_drained(struct network *n)
{
	size_t i;

	for (i = 0; i < REQUEST_TUNNELS_MAX; i++)
		if (n->tunnels[i].owner != NULL)
			pump_drained(&n->tunnels[i].pump);
}

int
tunnels_sampled(struct network *n)
{
	size_t i;
	int r = 0;

	for (i = 0; i < REQUEST_TUNNELS_MAX && r == 0; i++)
		if (n->tunnels[i].owner != NULL)
			r = pump_path(&n->tunnels[i].pump);
	return r;
}

void
tunnels_check(struct network *n)
{
	size_t i;

	for (i = 0; i < REQUEST_TUNNELS_MAX; i++)
		if (n->tunnels[i].owner != NULL)
			pump_check(&n->tunnels[i].pump);
}

void
tunnels_stop(struct network *n)
{
	size_t i;

	for (i = 0; i < REQUEST_TUNNELS_MAX; i++)
		end_tunnel(&n->tunnels[i], "disconnect");
}
