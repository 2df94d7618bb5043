/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CHAN_IMPL_H
#define CHAN_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channels/chan.h"
#include "channels/chan_msg.h"
#include "channels/chan_state.h"
#include "channels/chan_window.h"

/* Shared by chan.c and the kinds of channel; nobody else includes it. */

/* What the kinds differ in; an int is 0 or what ends the connection. */
struct chan_ops {
	const char *type;	/* in CHANNEL_OPEN */
	uint32_t window;	/* what we announce, */
	uint32_t window_own;	/* and under CHAN_WINDOW_OWN */
	uint32_t packet_max;
	uint32_t peer_packet_min;	/* less makes the channel useless */
	/* DATA; the bytes may be modified. */
	int (*data)(struct chan *c, uint8_t *p, size_t len);
	int (*extended)(struct chan *c, uint32_t type, uint8_t *p,
	    size_t len);
	/* Stores false in *okp for what it does not know; NULL: nothing. */
	int (*request)(struct chan *c, const struct chan_msg *m, bool *okp);
	/* CHANNEL_SUCCESS or CHANNEL_FAILURE; NULL: none is awaited. */
	void (*reply)(struct chan *c, bool ok);
	/* The window lets something be sent. */
	bool (*can_send)(const struct chan *c);
};

struct chan {
	struct chans *owner;
	const struct chan_ops *ops;
	enum chan_window_rule rule;
	enum chan_state state;
	void *user;
	uint32_t id;		/* index in the table */
	uint32_t peer_id;	/* known from confirmation on */
	struct chan_window_out out;
	struct chan_window_in in;
	bool waits_window;	/* owes a writable event after an adjust */
	bool waits_carrier;	/* likewise when the carrier takes frames */
	/* Tunnel. */
	uint32_t mode;
	struct chan_tun_stats stats;
	bool has_offered;	/* the peer knows which super-frames we take, */
	uint32_t takes;		/* namely these, */
	bool has_peer_offered;	/* and likewise */
	uint32_t peer_takes;
	/* Session. */
	bool has_exec;		/* a command was asked for */
	bool awaits_exec;	/* and not yet answered */
	bool has_exited;
};

struct chans {
	struct carrier carrier;
	struct chans_events events;
	void *ctx;
	bool is_server;
	bool has_refused;	/* an OPEN, which is said only once */
	struct chan *table[CHANS_MAX];
	unsigned next_writable;	/* where to begin, in turn */
	unsigned globals_awaited;
};

extern const struct chan_ops chan_tun_ops;
extern const struct chan_ops chan_session_ops;

/* A new channel in the table, not yet announced. */
int chan_add(struct chans *cs, const struct chan_ops *ops,
    enum chan_window_rule rule, enum chan_state state, void *user,
    struct chan **cp);

/* Take it out of the table and free it; no events, no messages. */
void chan_remove(struct chan *c);

/* The peer's side is known, from OPEN or CONFIRMATION. */
int chan_set_peer(struct chan *c, const struct chan_msg *m);

/* Announce it to the peer; on failure it is gone. */
int chan_ask(struct chan *c, const struct view *rest);

/* Change the state; SSHTAP_ERR_STATE when the event is not allowed. */
int chan_move(struct chan *c, enum chan_event event);

/* Encode and send. */
int chan_send(struct chans *cs, const struct chan_msg *m);

/* Send a WINDOW_ADJUST of amount, if any and if the peer can still use it. */
int chan_grant(struct chan *c, uint32_t amount);

/*
 * Send a string of len bytes from where it lies, behind a header which stands
 * in front of it already, and CARRIER_HEADROOM bytes before that.  The window
 * has been asked.
 */
int chan_send_string(struct chan *c, uint8_t *bytes, size_t len,
    size_t header);

/* The same as DATA, whose header it puts there. */
int chan_send_data(struct chan *c, uint8_t *bytes, size_t len);

/* chan_offload.c: a request on a tunnel, as struct chan_ops has it. */
int chan_offload_request(struct chan *c, const struct chan_msg *m, bool *okp);

/* EXTENDED_DATA on a tunnel; returns why it is dropped, or NULL. */
const char *chan_offload_input(struct chan *c, uint32_t type, uint8_t *p,
    size_t len);

/* Handle an OPEN that asks a server for a tunnel. */
int chan_tun_asked(struct chans *cs, const struct chan_msg *m);

/* Refuse an OPEN. */
int chan_refuse(struct chans *cs, uint32_t peer_id, uint32_t reason,
    const char *text);

#endif /* CHAN_IMPL_H */
