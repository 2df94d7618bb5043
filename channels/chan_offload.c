/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Super-frames, which only two of ours understand.  Each side tells the other
 * in a request which kinds it takes: the client first, and nobody else knows
 * the request, so that whoever knows it not says no and nothing has changed;
 * then the server, which thereby asks only those that have asked.  A side
 * sends super-frames when it has read the peer's request, and takes them from
 * when it has written its own, so none can come too early.  The answers to the
 * requests decide nothing.
 *
 * One super-frame is the string of one EXTENDED_DATA message of a type that no
 * other program uses: words, then the frame.  On the window it counts like any
 * other frame of that length.  Reference: doc/PROTOCOL section 17.
 */

#include <assert.h>
#include <string.h>

#include "channels/chan.h"
#include "channels/chan_impl.h"
#include "lib/err.h"
#include "transport/ssh2.h"

#define REQUEST_NAME	"tap-offload@sshtap"

/* RFC 4254 section 5.2: 0xfe000000 to 0xffffffff are for private use. */
#define EXTENDED_SUPER	0xfe544150u

#define STRING_MIN	(CHAN_TUN_WORDS + CHAN_TUN_FRAME_MIN)
#define STRING_MAX	(CHAN_TUN_WORDS + CHAN_TUN_SUPER_MAX)

static_assert(CHAN_TUN_SUPER_HEADROOM == CARRIER_HEADROOM +
    CHAN_MSG_EXTENDED_HEADER + CHAN_TUN_WORDS,
    "a super-frame's message, and what goes around that");

int
chan_tun_offer(struct chan *c, uint32_t flags)
{
	uint8_t rest[CHAN_MSG_OFFLOAD_SIZE];
	struct chan_msg m = {
		.number = SSH_MSG_CHANNEL_REQUEST,
		.recipient = c->peer_id,
		.name = view_of_string(REQUEST_NAME),
		.want_reply = !c->owner->is_server,
		.rest = view_of(rest, sizeof(rest))
	};

	if (c->ops != &chan_tun_ops || c->mode != CHAN_TUN_ETHERNET ||
	    c->has_offered || (c->owner->is_server && !c->has_peer_offered) ||
	    !chan_state_allows(c->state, CHAN_EV_REQUEST_OUT))
		return SSHTAP_ERR_STATE;
	c->has_offered = true;
	c->takes = flags & CHAN_TUN_TAKES_ALL;
	/* A stock server does not know of it. */
	if (c->takes != 0 && c->rule != CHAN_WINDOW_STOCK)
		chan_window_in_expect(&c->in, STRING_MAX);
	chan_msg_put_offload(rest, c->takes);
	return chan_send(c->owner, &m);
}

/* A server answers, so a client hears of it only when it has asked. */
static bool
is_in_order(const struct chan *c)
{
	return c->mode == CHAN_TUN_ETHERNET && !c->has_peer_offered &&
	    (c->owner->is_server || c->has_offered);
}

int
chan_offload_request(struct chan *c, const struct chan_msg *m, bool *okp)
{
	struct chans *cs = c->owner;
	uint32_t flags;
	int r;

	*okp = false;
	if (!view_is(&m->name, REQUEST_NAME))
		return 0;
	if ((r = chan_msg_get_offload(&m->rest, &flags)) != 0)
		return r;
	if (!is_in_order(c) || cs->events.offload == NULL)
		return 0;
	*okp = true;
	c->has_peer_offered = true;
	c->peer_takes = flags & CHAN_TUN_TAKES_ALL;
	cs->events.offload(cs->ctx, c, c->peer_takes);
	return 0;
}

const char *
chan_offload_input(struct chan *c, uint32_t type, uint8_t *p, size_t len)
{
	struct chans *cs = c->owner;

	if (type != EXTENDED_SUPER)
		return "extended data";
	if (c->takes == 0)
		return "a super-frame that nobody asked for";
	if (len < STRING_MIN || len > STRING_MAX)
		return "the length of a super-frame";
	c->stats.frames_in++;
	c->stats.supers_in++;
	c->stats.bytes_in += len - CHAN_TUN_WORDS;
	if (cs->events.super != NULL)
		cs->events.super(cs->ctx, c, p, p + CHAN_TUN_WORDS,
		    len - CHAN_TUN_WORDS);
	return NULL;
}

size_t
chan_tun_room_super(const struct chan *c)
{
	size_t room;

	if (c->peer_takes == 0)
		return 0;
	room = chan_window_out_large(&c->out, STRING_MAX);
	return room >= STRING_MIN ? room - CHAN_TUN_WORDS : 0;
}

int
chan_tun_send_super(struct chan *c, const uint8_t words[CHAN_TUN_WORDS],
    uint8_t *frame, size_t len)
{
	uint8_t *bytes = frame - CHAN_TUN_WORDS;
	size_t max;
	int r;

	if (c->peer_takes == 0)
		return SSHTAP_ERR_STATE;
	if ((r = chan_tun_room(c, &max)) != 0)
		return r;
	if (len < CHAN_TUN_FRAME_MIN || len > chan_tun_room_super(c)) {
		c->stats.dropped_out++;
		return SSHTAP_ERR_DROPPED;
	}
	memmove(bytes, words, CHAN_TUN_WORDS);
	chan_msg_put_extended(bytes - CHAN_MSG_EXTENDED_HEADER, c->peer_id,
	    EXTENDED_SUPER, (uint32_t)(CHAN_TUN_WORDS + len));
	if ((r = chan_send_string(c, bytes, CHAN_TUN_WORDS + len,
	    CHAN_MSG_EXTENDED_HEADER)) != 0)
		return r;
	c->stats.frames_out++;
	c->stats.supers_out++;
	c->stats.bytes_out += len;
	return 0;
}
