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
 *
 * A window may be kept smaller than it was announced, so that the peer queues
 * less: credit is held back, though still owed, while the peer has as much as
 * the limit by plain, which is never less than it has.  A peer that debits
 * len + 4 then uses padded up with 4 bytes a frame, falls silent and is
 * helped, as above; plain may be above the limit from then on.  It may by so
 * much only, because the peer may have been idle and have plain, all of it:
 * at that bound padded sinks again, which brings either the proof or another
 * silence, and after each silence the bound is twice as far.  So one that
 * debits len + 4 pauses a few times in its life, and one that debits len has
 * more than the limit by 4 bytes a frame at most, until it sends without a
 * pause.
 *
 * A silence also has another cause then, a frame longer than what the peer may
 * have.  So it gets enough for a largest packet, once.
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
		.extra = rules[rule].out_extra,
		.most = UINT32_MAX
	};
}

void
chan_window_out_limit(struct chan_window_out *w, uint32_t bytes)
{
	w->most = bytes;
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

	if (w->left < wanted || w->left <= w->extra ||
	    w->peak - w->left >= w->most)
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
		.wanted = size,
		/* A stock sender alone is known not to wait for more. */
		.longest = rule == CHAN_WINDOW_STOCK ? CHAN_WINDOW_FRAME :
		    packet_max,
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
	chan_window_in_expect(w, (uint32_t)len);
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
	w->owed += min_u32(add, UINT32_MAX - w->owed);
}

size_t
chan_window_in_pending(const struct chan_window_in *w)
{
	int64_t pending = (int64_t)w->size - w->plain - w->owed;

	return pending > 0 ? (size_t)pending : 0;
}

void
chan_window_in_limit(struct chan_window_in *w, uint32_t bytes)
{
	w->wanted = min_u32(bytes, w->size);
}

void
chan_window_in_expect(struct chan_window_in *w, uint32_t len)
{
	if (len > w->longest)
		w->longest = len;
}

/* What the peer may have at most. */
static uint32_t
find_limit(const struct chan_window_in *w)
{
	uint64_t least = CHAN_WINDOW_LEAST_FRAMES *
	    ((uint64_t)w->longest + CHAN_WINDOW_FRAME_EXTRA);

	if (w->wanted >= least)
		return w->wanted;
	return least < w->size ? (uint32_t)least : w->size;
}

/* What is owed of the bytes that it takes for the peer to have so many. */
static uint32_t
owed_up_to(const struct chan_window_in *w, int64_t most)
{
	int64_t missing = most - w->padded, rest = most + w->slack - w->plain;

	if (w->book == CHAN_BOOK_PLAIN)
		missing = most - w->plain;
	else if (w->book == CHAN_BOOK_UNSURE && rest < missing)
		missing = rest;
	if (missing <= 0)
		return 0;
	return missing < (int64_t)w->owed ? (uint32_t)missing : w->owed;
}

static uint32_t
grant(struct chan_window_in *w, uint32_t amount)
{
	w->plain += amount;
	w->padded += amount;
	w->owed -= min_u32(amount, w->owed);
	return amount;
}

uint32_t
chan_window_in_due(struct chan_window_in *w)
{
	uint32_t limit = find_limit(w), amount;

	amount = limit < w->size ? owed_up_to(w, limit) : w->owed;
	if (amount == 0 || amount < limit / CHAN_WINDOW_CREDIT_PART)
		return 0;
	return grant(w, amount);
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

/* padded has no room left for a frame that may come. */
static bool
is_used_up(const struct chan_window_in *w, uint32_t limit)
{
	int64_t room = (int64_t)w->packet_max + CHAN_WINDOW_FRAME_EXTRA;

	if (limit < w->size && limit / CHAN_WINDOW_LEAST_FRAMES < room)
		room = limit / CHAN_WINDOW_LEAST_FRAMES;
	return w->padded < room;
}

/* Silent, perhaps since it debits len + 4: give it all it may have by that. */
static uint32_t
help(struct chan_window_in *w, uint32_t limit)
{
	int64_t missing = (int64_t)limit - w->padded;

	/* It includes what is owed: padded + owed is never above size. */
	if (missing <= 0)
		return 0;
	if (w->plain + missing > w->cap)
		w->cap = INT64_MAX;
	w->extra = CHAN_WINDOW_FRAME_EXTRA;
	(void)grant(w, (uint32_t)missing);
	w->owed = w->size - limit;
	if (limit < w->size)
		w->slack = w->plain > 2 * w->slack ? w->plain : 2 * w->slack;
	return (uint32_t)missing;
}

uint32_t
chan_window_in_tick(struct chan_window_in *w, uint64_t now_ms)
{
	uint32_t limit = find_limit(w);

	if (!is_quiet(w, now_ms))
		return 0;
	if (w->book == CHAN_BOOK_UNSURE && is_used_up(w, limit))
		return help(w, limit);
	if (limit == w->size)
		return 0;
	/* Perhaps since it waits for more than it may have. */
	return grant(w, owed_up_to(w, (int64_t)w->packet_max +
	    CHAN_WINDOW_FRAME_EXTRA));
}
