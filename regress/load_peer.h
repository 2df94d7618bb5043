/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef LOAD_PEER_H
#define LOAD_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channels/chan.h"
#include "lib/loop.h"
#include "relay/wire.h"
#include "transport/namelist.h"

/*
 * One of many clients of a tunnel server in one event loop; see loadtool.c.
 * Made of the same parts as sshtap, without a device: its frames are made and
 * checked here.
 *
 * Connection n sends numbered frames to connection n + 1, which knows each
 * byte that has to come.  LOAD_BURST of them are under way for each, so that
 * no queue has to drop any.
 */
#define LOAD_BURST	16u
#define LOAD_BROADCAST	UINT32_MAX	/* for the number of a frame */

struct addrinfo;

enum stage {
	IDLE,			/* no connection */
	KEYS,
	AUTH,
	OPENING,
	UP,
	CLOSING,		/* the channel */
	LEAVING			/* what is left is to be written */
};

/* Where a stranger stops. */
enum stop {
	STOP_CONNECTED,		/* hangs up at once */
	STOP_SILENT,
	STOP_VERSION,
	STOP_KEXINIT,
	STOP_KEYS,
	STOP_GARBAGE,
	STOP_COUNT
};

enum fd_type {
	FD_WIRE,
	FD_STRANGER,
	FD_INPUT
};

struct peer {
	struct load *load;
	unsigned n;
	enum stage stage;
	int fd;
	struct wire wire;
	struct session *session;
	struct auth_client *auth;
	struct chans *chans;
	struct chan *chan;
	bool has_tried;		/* its key */
	bool has_told;		/* churn: its frame is out */
	/* What it sends, and what comes from the one before it. */
	uint32_t sent, next;
	/* A stranger. */
	enum stop stop;
	struct loop_timer timer;
	char said[8];		/* the first bytes that came */
	size_t nsaid;
};

struct load {
	struct loop *loop;
	struct loop_timer tick;
	uint64_t tick_s;
	struct addrinfo *address;
	struct key *key;
	char kex[NAMELIST_MAX];
	struct peer *peers;
	unsigned npeers;
	unsigned handshakes;	/* -k */
	unsigned hold_ms;	/* -w */
	uint32_t first_unit;	/* -u */
	uint64_t until_ms;	/* -t */
	bool (*is_up)(struct peer *p);
	bool is_stranger;
	bool input_ended;
	unsigned up, ended, failed, complaints;
	uint32_t frames;	/* each may send now */
	uint64_t heard_ms;	/* a frame */
	uint64_t told, heard;	/* broadcasts */
	uint64_t received, lost, corrupt, reordered, stray;
	unsigned accepted, refused, unheard;
};

/* Connect, and go on until there is a tunnel. */
void peer_start(struct peer *p);

/* Only TCP; sets p->fd.  Returns 0, SSHTAP_ERR_SYSTEM or _TIMEOUT. */
int peer_connect(struct peer *p);

/* A session for it that nothing was sent of yet. */
int peer_session(struct peer *p, struct session **sp);

/* The frame goes out, or the window is full: false. */
bool peer_send(struct peer *p, uint32_t seq);

/* As many of its numbered frames as may go. */
void peer_send_more(struct peer *p);

/* Close the tunnel; the connection ends when the server has done so, too. */
void peer_close(struct peer *p);

/* Once per turn: write, and end it when it is over. */
void peer_turn(struct peer *p);

/* Without any words.  May be called twice. */
void peer_end(struct peer *p);

/* Something went wrong.  The first few are said, the others counted. */
void peer_complain(struct peer *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif /* LOAD_PEER_H */
