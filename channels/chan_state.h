/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CHAN_STATE_H
#define CHAN_STATE_H

#include <stdbool.h>

/*
 * The life of one channel: which message may come or go when.  Pure.
 * Reference: RFC 4254 sections 5.1 to 5.4.
 */
enum chan_state {
	CHAN_ST_NONE,		/* "not allowed", never a channel's state */
	CHAN_ST_OPENING,	/* we asked, no answer yet */
	CHAN_ST_ABANDONED,	/* likewise, but it is not wanted any more */
	CHAN_ST_ASKED,		/* the peer asked, we have not answered */
	CHAN_ST_OPEN,
	CHAN_ST_EOF_SENT,
	CHAN_ST_EOF_RECEIVED,
	CHAN_ST_EOF_BOTH,
	CHAN_ST_CLOSE_RECEIVED,
	CHAN_ST_CLOSE_SENT,	/* late messages of the peer are dropped */
	CHAN_ST_CLOSE_SENT_EOF,	/* likewise, but it has ended its data */
	CHAN_ST_CLOSED,
	CHAN_ST_COUNT
};

/* IN comes from the peer, OUT goes to it. */
enum chan_event {
	CHAN_EV_CONFIRM_IN,
	CHAN_EV_REFUSE_IN,
	CHAN_EV_CONFIRM_OUT,
	CHAN_EV_REFUSE_OUT,
	CHAN_EV_DATA_IN,
	CHAN_EV_DATA_OUT,
	CHAN_EV_ADJUST_IN,
	CHAN_EV_ADJUST_OUT,
	CHAN_EV_REQUEST_IN,
	CHAN_EV_REQUEST_OUT,
	CHAN_EV_REPLY_IN,
	CHAN_EV_EOF_IN,
	CHAN_EV_EOF_OUT,
	CHAN_EV_CLOSE_IN,
	CHAN_EV_CLOSE_OUT,	/* in OPENING only remembered */
	CHAN_EV_COUNT
};

/* Where an event leads, or CHAN_ST_NONE when it is not allowed there. */
enum chan_state chan_state_next(enum chan_state state, enum chan_event event);

bool chan_state_allows(enum chan_state state, enum chan_event event);

/* Our CLOSE is out: what still comes has no meaning for us. */
bool chan_state_is_late(enum chan_state state);

/* Confirmed, and neither side has closed. */
bool chan_state_is_open(enum chan_state state);

const char *chan_state_name(enum chan_state state);
const char *chan_event_name(enum chan_event event);

#endif /* CHAN_STATE_H */
