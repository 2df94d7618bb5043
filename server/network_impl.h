/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef NETWORK_IMPL_H
#define NETWORK_IMPL_H

#include <stdbool.h>

#include "channels/chan.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "relay/alive.h"
#include "relay/pump.h"
#include "relay/wire.h"
#include "server/request.h"
#include "server/setup.h"
#include "transport/auth_server.h"
#include "transport/session.h"
#include "tun/tap.h"

/* For network.c, network_ask.c and network_tunnel.c; nobody else. */

struct network;

/* One tunnel: its device, its channel, and what is between the two. */
struct tunnel {
	struct network *owner;	/* NULL: this one is free */
	struct chan *chan;
	struct tap *tap;
	struct pump pump;
	uint32_t slot;		/* the monitor's number for it */
};

struct network {
	struct setup_network setup;
	struct loop *loop;
	struct session *session;
	struct auth_server *auth;
	struct chans *chans;	/* once the user is known */
	struct wire wire;
	struct alive alive;
	struct loop_timer tick;
	struct tunnel tunnels[REQUEST_TUNNELS_MAX];
	struct buf record;	/* to the monitor and from it */
	char text[CHAN_TEXT_MAX];	/* of a refusal */
	bool monitor_gone;
};

enum network_fd {
	NETWORK_FD_WIRE,
	NETWORK_FD_DEVICE,
	NETWORK_FD_SIGNAL,
	NETWORK_FD_MONITOR,
	NETWORK_FD_COUNT
};

/* network_ask.c: each waits for the monitor's answer. */
int ask_signature(struct network *n, const struct view *algorithm,
    const struct view *hash, struct buf *signature);
bool ask_key(struct network *n, const struct auth_publickey *pk,
    const struct view *signature);
/*
 * Returns 0 with *d, whose views are good until the next request, and the
 * device if it was granted; else SSHTAP_ERR_CLOSED.
 */
int ask_tunnel(struct network *n, const struct request_tunnel *t,
    struct request_device *d, struct tap **tapp);
void tell_tunnel_end(struct network *n, uint32_t slot);
/* A sink for log_set; ctx is the network. */
log_sink_fn tell_log;

/* network_tunnel.c: events of channels and devices. */
int tunnels_start(struct network *n);
void tunnels_drained(struct network *n);
int tunnels_sampled(struct network *n);
void tunnels_check(struct network *n);
void tunnels_stop(struct network *n);

#endif /* NETWORK_IMPL_H */
