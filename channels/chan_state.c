/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * One table: a row per state, a column per event, the entry is the state that
 * follows.  What a row does not list is zero, CHAN_ST_NONE: the peer broke
 * the protocol (IN) or the caller asked too early or too late (OUT).
 *
 * The rules behind the rows:
 * - EOF ends the data of one direction and nothing else; requests and credit
 *   still pass (a stock server sends exit-status after its EOF).
 * - CLOSE ends everything of one direction.  A received one is answered at
 *   once, so CLOSE_RECEIVED lasts only as long as the answer takes.  After a
 *   sent one the peer may still be sending, for it has not read ours.
 * - Before the confirmation there is no number to send a CLOSE to, so an
 *   unwanted channel waits in ABANDONED and is closed when it opens.
 * - WINDOW_ADJUST is tolerated before the confirmation: it may belong to an
 *   earlier channel with our number (RFC 4254 does not order it after CLOSE,
 *   and stock peers tolerate it for channels they do not know).
 */

#include "channels/chan_state.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT_OF(a)	(sizeof(a) / sizeof((a)[0]))

static const uint8_t next_state[CHAN_ST_COUNT][CHAN_EV_COUNT] = {
	[CHAN_ST_OPENING] = {
		[CHAN_EV_CONFIRM_IN] = CHAN_ST_OPEN,
		[CHAN_EV_REFUSE_IN] = CHAN_ST_CLOSED,
		[CHAN_EV_ADJUST_IN] = CHAN_ST_OPENING,
		[CHAN_EV_CLOSE_OUT] = CHAN_ST_ABANDONED,
	},
	[CHAN_ST_ABANDONED] = {
		[CHAN_EV_CONFIRM_IN] = CHAN_ST_OPEN,
		[CHAN_EV_REFUSE_IN] = CHAN_ST_CLOSED,
		[CHAN_EV_ADJUST_IN] = CHAN_ST_ABANDONED,
	},
	[CHAN_ST_ASKED] = {
		[CHAN_EV_CONFIRM_OUT] = CHAN_ST_OPEN,
		[CHAN_EV_REFUSE_OUT] = CHAN_ST_CLOSED,
	},
	[CHAN_ST_OPEN] = {
		[CHAN_EV_DATA_IN] = CHAN_ST_OPEN,
		[CHAN_EV_DATA_OUT] = CHAN_ST_OPEN,
		[CHAN_EV_ADJUST_IN] = CHAN_ST_OPEN,
		[CHAN_EV_ADJUST_OUT] = CHAN_ST_OPEN,
		[CHAN_EV_REQUEST_IN] = CHAN_ST_OPEN,
		[CHAN_EV_REQUEST_OUT] = CHAN_ST_OPEN,
		[CHAN_EV_REPLY_IN] = CHAN_ST_OPEN,
		[CHAN_EV_EOF_IN] = CHAN_ST_EOF_RECEIVED,
		[CHAN_EV_EOF_OUT] = CHAN_ST_EOF_SENT,
		[CHAN_EV_CLOSE_IN] = CHAN_ST_CLOSE_RECEIVED,
		[CHAN_EV_CLOSE_OUT] = CHAN_ST_CLOSE_SENT,
	},
	[CHAN_ST_EOF_SENT] = {
		[CHAN_EV_DATA_IN] = CHAN_ST_EOF_SENT,
		[CHAN_EV_ADJUST_IN] = CHAN_ST_EOF_SENT,
		[CHAN_EV_ADJUST_OUT] = CHAN_ST_EOF_SENT,
		[CHAN_EV_REQUEST_IN] = CHAN_ST_EOF_SENT,
		[CHAN_EV_REQUEST_OUT] = CHAN_ST_EOF_SENT,
		[CHAN_EV_REPLY_IN] = CHAN_ST_EOF_SENT,
		[CHAN_EV_EOF_IN] = CHAN_ST_EOF_BOTH,
		[CHAN_EV_CLOSE_IN] = CHAN_ST_CLOSE_RECEIVED,
		[CHAN_EV_CLOSE_OUT] = CHAN_ST_CLOSE_SENT,
	},
	[CHAN_ST_EOF_RECEIVED] = {
		[CHAN_EV_DATA_OUT] = CHAN_ST_EOF_RECEIVED,
		[CHAN_EV_ADJUST_IN] = CHAN_ST_EOF_RECEIVED,
		[CHAN_EV_REQUEST_IN] = CHAN_ST_EOF_RECEIVED,
		[CHAN_EV_REQUEST_OUT] = CHAN_ST_EOF_RECEIVED,
		[CHAN_EV_REPLY_IN] = CHAN_ST_EOF_RECEIVED,
		[CHAN_EV_EOF_OUT] = CHAN_ST_EOF_BOTH,
		[CHAN_EV_CLOSE_IN] = CHAN_ST_CLOSE_RECEIVED,
		[CHAN_EV_CLOSE_OUT] = CHAN_ST_CLOSE_SENT_EOF,
	},
	[CHAN_ST_EOF_BOTH] = {
		[CHAN_EV_ADJUST_IN] = CHAN_ST_EOF_BOTH,
		[CHAN_EV_REQUEST_IN] = CHAN_ST_EOF_BOTH,
		[CHAN_EV_REQUEST_OUT] = CHAN_ST_EOF_BOTH,
		[CHAN_EV_REPLY_IN] = CHAN_ST_EOF_BOTH,
		[CHAN_EV_CLOSE_IN] = CHAN_ST_CLOSE_RECEIVED,
		[CHAN_EV_CLOSE_OUT] = CHAN_ST_CLOSE_SENT_EOF,
	},
	[CHAN_ST_CLOSE_RECEIVED] = {
		[CHAN_EV_CLOSE_OUT] = CHAN_ST_CLOSED,
	},
	[CHAN_ST_CLOSE_SENT] = {
		[CHAN_EV_DATA_IN] = CHAN_ST_CLOSE_SENT,
		[CHAN_EV_ADJUST_IN] = CHAN_ST_CLOSE_SENT,
		[CHAN_EV_REQUEST_IN] = CHAN_ST_CLOSE_SENT,
		[CHAN_EV_REPLY_IN] = CHAN_ST_CLOSE_SENT,
		[CHAN_EV_EOF_IN] = CHAN_ST_CLOSE_SENT_EOF,
		[CHAN_EV_CLOSE_IN] = CHAN_ST_CLOSED,
	},
	[CHAN_ST_CLOSE_SENT_EOF] = {
		[CHAN_EV_ADJUST_IN] = CHAN_ST_CLOSE_SENT_EOF,
		[CHAN_EV_REQUEST_IN] = CHAN_ST_CLOSE_SENT_EOF,
		[CHAN_EV_REPLY_IN] = CHAN_ST_CLOSE_SENT_EOF,
		[CHAN_EV_CLOSE_IN] = CHAN_ST_CLOSED,
	},
};

static const char *const state_names[] = {
	"none", "opening", "abandoned", "asked", "open", "eof sent",
	"eof received", "eof both", "close received", "close sent",
	"close sent, eof received", "closed"
};
static_assert(COUNT_OF(state_names) == CHAN_ST_COUNT,
    "a name for each state");

static const char *const event_names[] = {
	"confirmation in", "refusal in", "confirmation out", "refusal out",
	"data in", "data out", "adjust in", "adjust out", "request in",
	"request out", "reply in", "eof in", "eof out", "close in",
	"close out"
};
static_assert(COUNT_OF(event_names) == CHAN_EV_COUNT,
    "a name for each event");

enum chan_state
chan_state_next(enum chan_state state, enum chan_event event)
{
	if ((unsigned)state >= CHAN_ST_COUNT ||
	    (unsigned)event >= CHAN_EV_COUNT)
		return CHAN_ST_NONE;
	return (enum chan_state)next_state[state][event];
}

bool
chan_state_allows(enum chan_state state, enum chan_event event)
{
	return chan_state_next(state, event) != CHAN_ST_NONE;
}

bool
chan_state_is_late(enum chan_state state)
{
	return state == CHAN_ST_CLOSE_SENT || state == CHAN_ST_CLOSE_SENT_EOF;
}

bool
chan_state_is_open(enum chan_state state)
{
	return state >= CHAN_ST_OPEN && state <= CHAN_ST_EOF_BOTH;
}

const char *
chan_state_name(enum chan_state state)
{
	if ((unsigned)state >= CHAN_ST_COUNT)
		return "?";
	return state_names[state];
}

const char *
chan_event_name(enum chan_event event)
{
	if ((unsigned)event >= CHAN_EV_COUNT)
		return "?";
	return event_names[event];
}
