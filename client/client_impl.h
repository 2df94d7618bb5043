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
#include "transport/session.h"
#include "tun/tap.h"

/* For client.c, net.c, tunnel.c and pump.c; nobody else includes this. */

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
	struct chans *chans;
	struct chan *tun;
	struct command *command;	/* the user's, or the one that asks
					 * for the far interface's name */
	struct command_output output;	/* the user's command's */
	char far_name[16];
	char said[SESSION_TEXT_MAX];	/* last DEBUG text or odd line */

	uint64_t started_ms;
	struct loop_timer deadline;	/* ConnectTimeout */
	struct loop_timer tick;
	struct loop_timer alive;	/* ServerAliveInterval */
	struct loop_timer probe;	/* the tunnel, then its name, is late */
	unsigned unanswered;		/* keep-alives */
};

/* client.c: the tunnel is over; the reason has been logged. */
void client_end(struct client *c);

/* net.c: bytes and packets. */
int net_start(struct client *c);
void net_ready(void *ctx, int fd, unsigned events);
void net_flush(struct client *c);
/* Try for a moment to get what is left to the peer. */
void net_linger(struct client *c);
/* r is what a call on the session or its channels returned: end, if fatal. */
void net_check(struct client *c, int r);

/* tunnel.c: what happens once the user is authenticated. */
int tunnel_open(struct client *c);
void tunnel_closing(struct client *c);
/* Something came from the peer, whatever it is: it lives. */
void tunnel_heard(struct client *c);

/* pump.c: frames, both ways. */
void pump_start(struct client *c);
void pump_ready(void *ctx, int fd, unsigned events);
/* Once a second: is the device still there? */
void pump_check(struct client *c);
void pump_writable(struct client *c);
void pump_frame(struct client *c, uint8_t *frame, size_t len);

#endif /* CLIENT_IMPL_H */
