/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CHAN_WINDOW_H
#define CHAN_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channels/carrier.h"

/*
 * Flow control arithmetic of one channel, one struct for each direction.
 * Pure: no messages, no clock.  Reference: RFC 4254 section 5.2; for frames
 * also OpenSSH's channels.c, which adds 4 bytes to the cost of a datagram
 * when it receives one, and does not when it sends one.
 */
#define CHAN_WINDOW_FRAME_EXTRA	4

/* What an unknown peer may at most believe to have (half of a uint32). */
#define CHAN_WINDOW_CAP		(INT64_C(1) << 31)

/* A peer that has not sent for so long, with a window near 0, may be stuck. */
#define CHAN_WINDOW_QUIET_MS	1000

/* We give credit when one part in so many of the window is owed. */
#define CHAN_WINDOW_CREDIT_PART	8

/*
 * A window that is kept small still holds so many of the longest frames: with
 * a stock peer, of those that came or of an Ethernet's, since it drops what
 * does not fit; with any other of the largest that may come, for which it may
 * wait before it sends anything.
 */
#define CHAN_WINDOW_LEAST_FRAMES	4
#define CHAN_WINDOW_FRAME	1514

/* A peer may send this part of the window too much, which is dropped. */
#define CHAN_WINDOW_EXCESS_PART	10

/* How both sides count. */
enum chan_window_rule {
	CHAN_WINDOW_STREAM,	/* bytes, as in the RFC */
	CHAN_WINDOW_STOCK,	/* frames with an OpenSSH */
	CHAN_WINDOW_OWN,	/* frames with an sshtap */
	CHAN_WINDOW_UNKNOWN,	/* frames with anybody else */
	CHAN_WINDOW_RULE_COUNT
};

/* The rule for frames with such a peer. */
enum chan_window_rule chan_window_rule(enum carrier_peer peer);

/* What we may send. */
struct chan_window_out {
	uint32_t left;		/* bytes */
	uint32_t peak;		/* most there ever was */
	uint32_t packet_max;	/* the peer's, with extra */
	uint32_t extra;		/* cost of a frame beside its length */
	uint32_t most;		/* that may be without credit at a time */
};

void chan_window_out_init(struct chan_window_out *w, uint32_t initial,
    uint32_t packet_max, enum chan_window_rule rule);

/* The peer grants more; what passes 2^32 - 1 is lost. */
void chan_window_out_adjust(struct chan_window_out *w, uint32_t add);

/*
 * The longest frame that can be sent now, at most limit bytes; 0 when it is
 * better to wait for credit.
 */
uint32_t chan_window_out_frame(const struct chan_window_out *w,
    uint32_t limit);

/*
 * The same for what is not held to the peer's maximum packet size, because it
 * has agreed to another limit.
 */
uint32_t chan_window_out_large(const struct chan_window_out *w,
    uint32_t limit);

/*
 * Wait for credit whenever bytes or more have been sent without it; a frame
 * that goes beyond is sent whole.  It was UINT32_MAX.
 */
void chan_window_out_limit(struct chan_window_out *w, uint32_t bytes);

/* The number of bytes of a stream that can be sent now in one message. */
uint32_t chan_window_out_bytes(const struct chan_window_out *w);

/*
 * Pay for a message with len bytes.
 * Returns 0 or SSHTAP_ERR_WINDOW (does not fit; nothing has changed).
 */
int chan_window_out_debit(struct chan_window_out *w, size_t len);

/* How the peer's sender counts, as far as we know. */
enum chan_window_book {
	CHAN_BOOK_PLAIN,	/* debits len */
	CHAN_BOOK_PADDED,	/* debits len + 4 */
	CHAN_BOOK_UNSURE	/* either; a proof may still come */
};

/* What the peer may send. */
struct chan_window_in {
	enum chan_window_book book;
	uint32_t size;		/* as announced */
	uint32_t packet_max;	/* as announced */
	uint32_t extra;		/* credit for a frame beside its length */
	uint32_t wanted;	/* of the window, at most size */
	uint32_t longest;	/* frame to reckon with */
	int64_t slack;		/* plain may be above the limit by this */
	int64_t plain;		/* initial + credit - sum of len */
	int64_t padded;		/* initial + credit - sum of (len + 4) */
	int64_t cap;		/* of plain */
	uint32_t owed;		/* credit not yet sent, or held back */
	uint32_t excess;	/* sent beyond the window, dropped */
	uint64_t messages;
	uint64_t messages_seen;	/* by the last tick */
	uint64_t heard_ms;	/* tick that last saw a new one */
	bool is_ticking;
};

void chan_window_in_init(struct chan_window_in *w, uint32_t size,
    uint32_t packet_max, enum chan_window_rule rule);

/*
 * A message with len bytes came.
 * Returns 0; SSHTAP_ERR_DROPPED (over the window: drop it, no credit is due);
 * SSHTAP_ERR_PROTOCOL (over it by more than we tolerate).
 */
int chan_window_in_debit(struct chan_window_in *w, size_t len);

/* It, or len bytes of a stream, has been dealt with. */
void chan_window_in_credit(struct chan_window_in *w, size_t len);

/* Bytes that came and were not credited; for streams. */
size_t chan_window_in_pending(const struct chan_window_in *w);

/*
 * Keep what the peer may send to so many bytes from now on, for frames only:
 * what it has already is not taken back, but no credit is given that would
 * make it more.  Never less than CHAN_WINDOW_LEAST_FRAMES, nor more than was
 * announced.  chan_window_in_due may have something to give afterwards.
 */
void chan_window_in_limit(struct chan_window_in *w, uint32_t bytes);

/* Frames of len bytes may come, and the peer may wait until one fits. */
void chan_window_in_expect(struct chan_window_in *w, uint32_t len);

/* How much to grant now; it counts as granted then.  0: not yet. */
uint32_t chan_window_in_due(struct chan_window_in *w);

/*
 * The same by time: a grant for a peer that counts in another way than we
 * thought, or wants more room than we leave it, and seems to be stuck by it.
 */
uint32_t chan_window_in_tick(struct chan_window_in *w, uint64_t now_ms);

#endif /* CHAN_WINDOW_H */
