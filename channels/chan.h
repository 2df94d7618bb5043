/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CHAN_H
#define CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channels/carrier.h"
#include "lib/view.h"

/*
 * The connection protocol: channels over a carrier.  Reference: RFC 4254,
 * OpenSSH PROTOCOL section 2.3 (tunnel forwarding).
 *
 * Bytes in by chans_input, events out by callbacks, messages out through the
 * carrier.  No sockets, no clock.  A failing call that returns something other
 * than AGAIN, STATE, WINDOW, DROPPED or REFUSED means that the connection must
 * end.  ARGUMENT and TOO_BIG of a caller's own argument come before anything
 * is sent.
 */
#define CHANS_MAX		16	/* channels of one connection */
#define CHAN_TUN_WINDOW		(2 * 1024 * 1024)	/* OpenSSH's default */
#define CHAN_TUN_WINDOW_OWN	(16 * 1024 * 1024)	/* for an sshtap, which
							 * keeps its queue short
							 * by itself */
#define CHAN_TUN_PACKET_MAX	32768			/* OpenSSH's default */
#define CHAN_SESSION_WINDOW	(256 * 1024)
#define CHAN_SESSION_PACKET_MAX	32768
#define CHAN_TEXT_MAX		256	/* of a refusal, cleaned */

/* Largest frame a stock peer delivers; longer ones it drops (and logs). */
#define CHAN_TUN_FRAME_MAX	32764
#define CHAN_TUN_FRAME_MIN	14

/*
 * Super-frames, between two of ours: many segments of one flow under one set
 * of headers, or a checksum that is still to be filled in.  In front of the
 * frame are words that say so (tun/offload.h); to a channel they are bytes.
 */
#define CHAN_TUN_WORDS		10
#define CHAN_TUN_SUPER_MAX	65553	/* the longest of those frames */

/* Which of them one can take. */
#define CHAN_TUN_TAKES_CSUM	0x1u	/* a checksum to be filled in */
#define CHAN_TUN_TAKES_TCP	0x2u	/* segments of TCP */
#define CHAN_TUN_TAKES_UDP	0x4u	/* datagrams of UDP */
#define CHAN_TUN_TAKES_ALL	0x7u

/* Numbers of tun@openssh.com. */
#define CHAN_TUN_POINT_TO_POINT	1u
#define CHAN_TUN_ETHERNET	2u
#define CHAN_TUN_UNIT_ANY	0x7fffffffu

struct chans;
struct chan;

/*
 * Events.  Any may be NULL.  A handler may call anything on any channel
 * except chans_free; after closed the channel is gone.
 */
struct chans_events {
	/* The peer confirmed a channel we asked for. */
	void (*opened)(void *ctx, struct chan *c);
	/* It refused; text is cleaned; closed follows at once. */
	void (*refused)(void *ctx, struct chan *c, uint32_t reason,
	    const char *text);
	/* A frame from the peer; frame may be modified; credit is automatic. */
	void (*frame)(void *ctx, struct chan *c, uint8_t *frame, size_t len);
	/*
	 * The peer takes such super-frames: chan_tun_send_super may be called
	 * from now on.  A server answers with chan_tun_offer, here or later;
	 * NULL here is an answer to the peer as well.
	 */
	void (*offload)(void *ctx, struct chan *c, uint32_t flags);
	/*
	 * A super-frame from the peer, with its CHAN_TUN_WORDS, after
	 * chan_tun_offer.  Nothing of it has been looked at but its length.
	 */
	void (*super)(void *ctx, struct chan *c, const uint8_t *words,
	    uint8_t *frame, size_t len);
	/* Bytes of a session channel; chan_session_consumed gives credit. */
	void (*data)(void *ctx, struct chan *c, bool is_stderr,
	    const struct view *bytes);
	/* After a call said AGAIN for want of window: there is some again. */
	void (*writable)(void *ctx, struct chan *c);
	/* The answer to chan_session_exec. */
	void (*exec_result)(void *ctx, struct chan *c, bool ok);
	/* signal is NULL for an exit status, else a cleaned name ("TERM"). */
	void (*exited)(void *ctx, struct chan *c, uint32_t status,
	    const char *signal);
	/* The peer will send no more on this channel. */
	void (*eof)(void *ctx, struct chan *c);
	/* Both sides closed, or it was never opened; c is freed on return. */
	void (*closed)(void *ctx, struct chan *c);
	/*
	 * Server: the peer asks for a tunnel.  Returns 0 to accept, or an
	 * SSH_OPEN_* reason; *textp is a constant text then.  c is open when
	 * chans_input returns; a refused one is gone, without a closed event.
	 */
	uint32_t (*tun_request)(void *ctx, struct chan *c, uint32_t mode,
	    uint32_t unit, const char **textp);
	/* A global request without a meaning for channels, already answered. */
	void (*global_request)(void *ctx, const struct view *name,
	    struct view *rest);
};

/*
 * is_server: whether the peer may open tunnels (a client refuses that).
 * Owner:   carrier and events are copied; the carrier's ctx outlives chans.
 * Returns 0 or SSHTAP_ERR_ALLOC.
 */
int chans_new(const struct carrier *carrier, const struct chans_events *events,
    void *ctx, bool is_server, struct chans **chansp);

/* Accepts NULL; no events, no messages. */
void chans_free(struct chans *cs);

/*
 * Handle one message, number 80 to 100.
 *
 * payload: may be modified (frames are handed on from there).
 * Returns 0; SSHTAP_ERR_UNSUPPORTED (a number we do not know: the caller
 * answers UNIMPLEMENTED); any other: the connection must end.
 */
int chans_input(struct chans *cs, uint8_t *payload, size_t len);

/* The carrier can take frames again: runs writable for channels that wait. */
void chans_carrier_writable(struct chans *cs);

/*
 * Time-driven work: helps a peer that is stuck because it counts its window in
 * another way than we thought (chan_window.h).  Call it about once a second.
 * Returns 0, or what the carrier returns.
 */
int chans_tick(struct chans *cs, uint64_t now_ms);

/*
 * Ask the peer for a sign of life (keepalive@openssh.com, want reply); its
 * answer, like every packet, counts as one.  Reference: ssh_config(5),
 * ServerAliveInterval.
 */
int chans_keepalive(struct chans *cs);

/* no-more-sessions@openssh.com; only sent to OpenSSH peers. */
int chans_no_more_sessions(struct chans *cs);

/* Channels that are not yet closed. */
unsigned chans_count(const struct chans *cs);

/*
 * Open a tunnel.
 *
 * mode, unit: numbers of tun@openssh.com.
 * user:    for chan_user.
 * Returns 0, SSHTAP_ERR_TOO_BIG (CHANS_MAX), SSHTAP_ERR_ARGUMENT (mode or
 * unit), or what the carrier returns.
 */
int chan_open_tun(struct chans *cs, uint32_t mode, uint32_t unit, void *user,
    struct chan **cp);

/* Open a session channel. */
int chan_open_session(struct chans *cs, void *user, struct chan **cp);

void *chan_user(const struct chan *c);
void chan_set_user(struct chan *c, void *user);
bool chan_is_open(const struct chan *c);

/* The peer is an sshtap, as far as the carrier knows. */
bool chan_is_of_ours(const struct chan *c);

/*
 * May a frame be sent now?  To a peer that takes super-frames only when the
 * longest of those would fit, so that none has to wait for ever behind smaller
 * ones.
 *
 * maxp:    the longest one: CHAN_TUN_FRAME_MAX, or what the peer takes.
 * Returns 0; SSHTAP_ERR_AGAIN (window or carrier; writable follows);
 * SSHTAP_ERR_STATE (not open for sending).
 */
int chan_tun_room(struct chan *c, size_t *maxp);

/*
 * Send a frame from where it lies.  CHAN_TUN_HEADROOM bytes in front of it and
 * CHAN_TUN_TAILROOM behind may be overwritten; so may it, unless the answer is
 * AGAIN.  Fewer than CHAN_TUN_FRAME_MIN bytes (ethernet) are never sent, nor
 * is what chan_tun_room does not allow.
 *
 * Returns what chan_tun_room does, or SSHTAP_ERR_DROPPED.
 */
#define CHAN_TUN_HEADROOM	(CARRIER_HEADROOM + 9)
#define CHAN_TUN_TAILROOM	CARRIER_TAILROOM
int chan_tun_send(struct chan *c, uint8_t *frame, size_t len);

/*
 * Tell the peer which super-frames we take; they may come from now on.  Once
 * for a channel.  A client asks, whoever the peer is, and one that does not
 * know of it says no; a server does so only after its offload event.
 *
 * flags:   of CHAN_TUN_TAKES_*; 0 is a polite no.
 * State:   open, ethernet.
 * Returns 0, SSHTAP_ERR_STATE, or what the carrier returns.
 */
int chan_tun_offer(struct chan *c, uint32_t flags);

/*
 * The longest super-frame that may be sent now; 0 when none may.  To be asked
 * after chan_tun_room, which waits.
 */
size_t chan_tun_room_super(const struct chan *c);

/*
 * Send a super-frame, of a kind that the peer takes, as chan_tun_send; there
 * have to be CHAN_TUN_SUPER_HEADROOM bytes in front of it.
 *
 * words:   copied; may lie in front of the frame.
 * Returns what chan_tun_send does; also SSHTAP_ERR_STATE when the peer has not
 * asked for any.
 */
#define CHAN_TUN_SUPER_HEADROOM	(CARRIER_HEADROOM + 13 + CHAN_TUN_WORDS)
int chan_tun_send_super(struct chan *c, const uint8_t words[CHAN_TUN_WORDS],
    uint8_t *frame, size_t len);

/*
 * Tell what the way to the peer holds by itself, in bytes.  From then on a
 * stock peer is sent that and CHAN_TUN_STOCK_BACKLOG more without credit: when
 * more than 256 KiB wait in it, each frame that it takes makes it copy all of
 * them (OpenSSH's sshbuf.c: a buffer grows by 256 bytes at a time from there
 * on).  For others nothing changes.
 */
#define CHAN_TUN_STOCK_BACKLOG	(160 * 1024)
void chan_tun_set_path(struct chan *c, uint32_t bytes);

/*
 * Keep what the peer may have on its way to us to so many bytes, so that its
 * queue stays short; 0 for as little as goes, UINT32_MAX for all that was
 * announced.  The caller knows the longest frame that there may be: less than
 * four of those makes a stock peer drop long ones until one has come.  What
 * was held back before is given at once where it may be now.
 *
 * Returns 0, SSHTAP_ERR_STATE (no tunnel), or what the carrier returns.
 */
int chan_tun_set_window(struct chan *c, uint32_t bytes);

/* Ask for a command; exec_result tells.  At most CHAN_COMMAND_MAX bytes. */
#define CHAN_COMMAND_MAX	32000
int chan_session_exec(struct chan *c, const char *command);

/* Environment variable for the command (no answer is asked for). */
int chan_session_env(struct chan *c, const char *name, const char *value);

/*
 * Send bytes of standard input; *takenp of them, perhaps not all, went out.
 * Returns 0, SSHTAP_ERR_AGAIN (none; writable follows), SSHTAP_ERR_STATE.
 */
int chan_session_send(struct chan *c, const struct view *bytes,
    size_t *takenp);

/* len bytes given to the data event have been written on: give credit. */
int chan_session_consumed(struct chan *c, size_t len);

/* No more from us; a second call does nothing. */
int chan_send_eof(struct chan *c);

/* Close our side; closed follows when the peer has answered. */
int chan_close(struct chan *c);

/* Counters of a tunnel, since it was opened. */
struct chan_tun_stats {
	uint64_t frames_in, frames_out;	/* super-frames are one each */
	uint64_t supers_in, supers_out;
	uint64_t bytes_in, bytes_out;	/* of frames, without their words */
	uint64_t dropped_in;	/* runts, oversize, unasked, or too many */
	uint64_t dropped_out;	/* runts, longer than the peer takes */
};
const struct chan_tun_stats *chan_tun_stats(const struct chan *c);

#endif /* CHAN_H */
