/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CLIENT_IMPL_H
#define CLIENT_IMPL_H

#include "channels/chan.h"
#include "client/client.h"
#include "client/command.h"
#include "client/connect.h"
#include "client/hostcheck.h"
#include "client/identity.h"
#include "client/prompt.h"
#include "client/userauth.h"
#include "lib/loop.h"
#include "relay/alive.h"
#include "relay/pump.h"
#include "relay/wire.h"
#include "transport/session.h"
#include "tun/tap.h"

/* For client.c, net.c and tunnel.c; nobody else includes this. */

enum client_stage {
	CLIENT_KEYS,		/* version and first key exchange */
	CLIENT_AUTH,
	CLIENT_OPENING,		/* the tunnel was asked for */
	CLIENT_UP,
	CLIENT_ENDED		/* status is set; nothing is sent any more */
};

enum client_fd {
	CLIENT_FD_NET,
	CLIENT_FD_TAP,
	CLIENT_FD_SIGNAL,
	CLIENT_FD_MONITOR,
	CLIENT_FD_COMMAND,
	CLIENT_FD_COUNT
};

struct client {
	struct config *config;
	struct monitor *monitor;
	struct background *background;
	enum client_stage stage;
	int status;

	struct prompt *prompt;
	struct hostcheck *hostcheck;
	struct identities *identities;
	struct userauth *userauth;

	struct tap *tap;
	struct connection conn;
	struct loop *loop;
	struct session *session;
	struct wire wire;
	struct chans *chans;
	struct chan *tun;
	struct pump pump;
	struct alive alive;		/* ServerAliveInterval */
	struct command *command;	/* the user's, or the one that asks
					 * for the far interface's name */
	struct command_output output;	/* the user's command's */
	char far_name[16];
	char said[SESSION_TEXT_MAX];	/* last DEBUG text or odd line */

	uint64_t started_ms;
	struct loop_timer deadline;	/* ConnectTimeout */
	struct loop_timer tick;
	struct loop_timer probe;	/* the tunnel, then its name, is late */
};

/* client.c: the tunnel is over; the reason has been logged. */
void client_end(struct client *c);

/* net.c: the connection, and the packets that come on it. */
int net_start(struct client *c);

/*
 * tunnel.c: what happens once the user is authenticated.  The end of the
 * device is noticed from tunnel_watch on, its frames are sent later.
 */
int tunnel_watch(struct client *c);
int tunnel_open(struct client *c);
void tunnel_closing(struct client *c);

#endif /* CLIENT_IMPL_H */
