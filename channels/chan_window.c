/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * For a stream the RFC's arithmetic is all there is.  For frames the two
 * directions of OpenSSH disagree: its receiver takes len + 4 off the window
 * and credits len + 4, its sender takes off len only (channels.c,
 * channel_input_data() and channel_output_poll()).  Between two of them the
 * sender's window grows by 4 bytes a frame until the receiver complains or a
 * uint32 overflows.
 *
 * Sending, we debit what the receiver takes off: len + 4, and len when the
 * peer is unknown and presumably follows the RFC.
 *
 * Receiving, we cannot see the peer's own book, but it is one of two, and we
 * keep both: "plain" for one that debits len, "padded" for len + 4.  plain is
 * never below padded, and the true one is never above ours, for a grant on
 * its way is in ours only.  Two conclusions follow.
 *
 * - A frame that padded does not allow proves that the peer debits len.  From
 *   then on len is credited and its window stays flat for ever.
 * - A peer that falls silent with padded used up may be stuck because it
 *   debits len + 4 and was credited len.  It gets its whole window again and
 *   len + 4 from then on.  Should it have been idle only, nothing is lost:
 *   plain rises by the same grant.
 *
 * Crediting len + 4 to a peer that debits len lets plain rise without end, so
 * at the cap we go back to len.  Then either the proof comes, or the peer
 * falls silent and has thereby shown that it needs the 4 bytes: the cap goes.
 * Every wrong guess is thus corrected before it can stall or overflow a peer.
 */

#include "channels/chan_window.h"

#include <assert.h>

#include "lib/err.h"

struct rule {
	uint32_t out_extra;
	uint32_t in_extra;
	enum chan_window_book book;
};

static const struct rule rules[] = {
	[CHAN_WINDOW_STREAM] = { 0, 0, CHAN_BOOK_PLAIN },
	[CHAN_WINDOW_STOCK] = {
		CHAN_WINDOW_FRAME_EXTRA, 0, CHAN_BOOK_UNSURE
	},
	[CHAN_WINDOW_OWN] = {
		CHAN_WINDOW_FRAME_EXTRA, CHAN_WINDOW_FRAME_EXTRA,
		CHAN_BOOK_PADDED
	},
	[CHAN_WINDOW_UNKNOWN] = {
		0, CHAN_WINDOW_FRAME_EXTRA, CHAN_BOOK_UNSURE
	},
};
static_assert(sizeof(rules) / sizeof(rules[0]) == CHAN_WINDOW_RULE_COUNT,
    "a row for each rule");

static uint32_t
min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

enum chan_window_rule
chan_window_rule(enum carrier_peer peer)
{
	switch (peer) {
	case CARRIER_PEER_OPENSSH:
		return CHAN_WINDOW_STOCK;
	case CARRIER_PEER_SSHTAP:
		return CHAN_WINDOW_OWN;
	case CARRIER_PEER_OTHER:
		break;
	}
	return CHAN_WINDOW_UNKNOWN;
}

void
chan_window_out_init(struct chan_window_out *w, uint32_t initial,
    uint32_t packet_max, enum chan_window_rule rule)
{
	*w = (struct chan_window_out){
		.left = initial,
		.peak = initial,
		.packet_max = packet_max,
		.extra = rules[rule].out_extra
	};
}

/*
 * RFC 4254 section 5.2 forbids to pass 2^32 - 1.  We clamp and go on: an
 * OpenSSH under another name credits 4 bytes a frame more than we debit, and
 * deserves no disconnect for it.
 */
void
chan_window_out_adjust(struct chan_window_out *w, uint32_t add)
{
	if (add > UINT32_MAX - w->left)
		add = UINT32_MAX - w->left;
	w->left += add;
	if (w->left > w->peak)
		w->peak = w->left;
}

/*
 * Frames are never cut, so we wait until the longest one fits.  A peer with
 * a small window may never grant that much: stock receivers credit when half
 * of it is used, so from a quarter on we send what fits.
 */
uint32_t
chan_window_out_frame(const struct chan_window_out *w, uint32_t limit)
{
	if (w->packet_max <= w->extra)
		return 0;
	return chan_window_out_large(w,
	    min_u32(limit, w->packet_max - w->extra));
}

uint32_t
chan_window_out_large(const struct chan_window_out *w, uint32_t limit)
{
	uint32_t wanted = min_u32(limit + w->extra, w->peak / 4);

	if (w->left < wanted || w->left <= w->extra)
		return 0;
	return min_u32(limit, w->left - w->extra);
}

uint32_t
chan_window_out_bytes(const struct chan_window_out *w)
{
	return min_u32(w->left, w->packet_max);
}

int
chan_window_out_debit(struct chan_window_out *w, size_t len)
{
	if (w->left < w->extra || len > w->left - w->extra)
		return SSHTAP_ERR_WINDOW;
	w->left -= (uint32_t)len + w->extra;
	return 0;
}

void
chan_window_in_init(struct chan_window_in *w, uint32_t size,
    uint32_t packet_max, enum chan_window_rule rule)
{
	*w = (struct chan_window_in){
		.book = rules[rule].book,
		.size = size,
		.packet_max = packet_max,
		.extra = rules[rule].in_extra,
		.plain = size,
		.padded = size,
		/* One that is known to debit len + 4 has no use for it. */
		.cap = rules[rule].book == CHAN_BOOK_PADDED ?
		    INT64_MAX : CHAN_WINDOW_CAP
	};
}

/*
 * Dropping without a debit brings the two books together again: the peer has
 * paid for what we do not count.
 */
static int
refuse_excess(struct chan_window_in *w, size_t len)
{
	uint32_t most = w->size / CHAN_WINDOW_EXCESS_PART;

	if (w->excess > most || len > most - w->excess)
		return SSHTAP_ERR_PROTOCOL;
	w->excess += (uint32_t)len;
	return SSHTAP_ERR_DROPPED;
}

int
chan_window_in_debit(struct chan_window_in *w, size_t len)
{
	int64_t bytes = (int64_t)len;
	int64_t padded = bytes + CHAN_WINDOW_FRAME_EXTRA;

	w->messages++;
	if (w->book == CHAN_BOOK_PADDED ?
	    padded > w->padded : bytes > w->plain)
		return refuse_excess(w, len);
	if (w->book == CHAN_BOOK_UNSURE && padded > w->padded) {
		w->book = CHAN_BOOK_PLAIN;
		w->extra = 0;
	}
	w->excess = 0;
	w->plain -= bytes;
	w->padded -= padded;
	return 0;
}

void
chan_window_in_credit(struct chan_window_in *w, size_t len)
{
	uint32_t add = (uint32_t)len;

	if (w->plain + w->owed + add + w->extra <= w->cap)
		add += w->extra;
	w->owed += add;
}

size_t
chan_window_in_pending(const struct chan_window_in *w)
{
	int64_t pending = (int64_t)w->size - w->plain - w->owed;

	return pending > 0 ? (size_t)pending : 0;
}

static uint32_t
grant(struct chan_window_in *w, uint32_t amount)
{
	w->plain += amount;
	w->padded += amount;
	w->owed = 0;
	return amount;
}

uint32_t
chan_window_in_due(struct chan_window_in *w)
{
	if (w->owed == 0 || w->owed < w->size / CHAN_WINDOW_CREDIT_PART)
		return 0;
	return grant(w, w->owed);
}

static bool
is_quiet(struct chan_window_in *w, uint64_t now_ms)
{
	if (!w->is_ticking || w->messages != w->messages_seen) {
		w->is_ticking = true;
		w->messages_seen = w->messages;
		w->heard_ms = now_ms;
	}
	return now_ms >= w->heard_ms &&
	    now_ms - w->heard_ms >= CHAN_WINDOW_QUIET_MS;
}

uint32_t
chan_window_in_tick(struct chan_window_in *w, uint64_t now_ms)
{
	int64_t missing = (int64_t)w->size - w->padded;

	if (!is_quiet(w, now_ms) || w->book != CHAN_BOOK_UNSURE ||
	    w->padded >= (int64_t)w->packet_max + CHAN_WINDOW_FRAME_EXTRA)
		return 0;
	/* It includes what is owed: padded + owed is never above size. */
	if (missing <= 0)
		return 0;
	if (w->plain + missing > w->cap)
		w->cap = INT64_MAX;
	w->extra = CHAN_WINDOW_FRAME_EXTRA;
	return grant(w, (uint32_t)missing);
}
