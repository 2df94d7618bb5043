/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A tunnel: one frame is the string of one DATA message, whole, with nothing
 * around it.  Reference: OpenSSH PROTOCOL section 2.3, whose "packet length"
 * is the length word of that string.
 *
 * Out: the frame goes from where its owner has it, with the nine bytes of the
 * message in front of it, through the cipher into the carrier's output.
 *
 * In: a frame that nobody can use (a runt, one too long, extended data) is
 * dropped and counted, but still credited: the peer has paid for it.  One
 * beyond the window is not credited.  A stock peer's tunnel dies silently of
 * a runt, so we never send one.
 */

#include <assert.h>
#include <stddef.h>

#include "channels/chan.h"
#include "channels/chan_impl.h"
#include "lib/err.h"
#include "lib/log.h"
#include "transport/ssh2.h"

/* An address family and an IPv4 header; OpenSSH's misc.h, SSH_TUN_HDR. */
#define PACKET_MIN	24

/* OpenSSH's misc.h: SSH_TUNID_ERR, never a unit on the wire. */
#define UNIT_ERROR	0x7ffffffeu

static_assert(CHAN_TUN_HEADROOM == CARRIER_HEADROOM + CHAN_MSG_DATA_HEADER,
    "a frame's message, and what goes around that");

static uint32_t
frame_min(const struct chan *c)
{
	return c->mode == CHAN_TUN_ETHERNET ? CHAN_TUN_FRAME_MIN : PACKET_MIN;
}

static bool
is_good_request(uint32_t mode, uint32_t unit)
{
	return (mode == CHAN_TUN_POINT_TO_POINT ||
	    mode == CHAN_TUN_ETHERNET) &&
	    unit <= CHAN_TUN_UNIT_ANY && unit != UNIT_ERROR;
}

static void
count_dropped(struct chan *c, const char *why, size_t len)
{
	if (c->stats.dropped_in++ == 0)
		log_verbose("channel %u: dropped a frame of %zu bytes (%s); "
		    "more are only counted", (unsigned)c->id, len, why);
}

/* Debit a frame; *dropp tells that it is beyond the window. */
static int
take_frame(struct chan *c, size_t len, bool *dropp)
{
	int r = chan_window_in_debit(&c->in, len);

	*dropp = r == SSHTAP_ERR_DROPPED;
	if (*dropp) {
		count_dropped(c, "beyond the window", len);
		return 0;
	}
	return r;
}

static int
give_credit(struct chan *c, size_t len)
{
	chan_window_in_credit(&c->in, len);
	return chan_grant(c, chan_window_in_due(&c->in));
}

static int
tun_data(struct chan *c, uint8_t *p, size_t len)
{
	struct chans *cs = c->owner;
	bool drop;
	int r;

	if ((r = take_frame(c, len, &drop)) != 0 || drop)
		return r;
	if (len < frame_min(c)) {
		count_dropped(c, "too short", len);
	} else if (len > CHAN_TUN_FRAME_MAX) {
		count_dropped(c, "too long", len);
	} else {
		c->stats.frames_in++;
		c->stats.bytes_in += len;
		if (cs->events.frame != NULL)
			cs->events.frame(cs->ctx, c, p, len);
	}
	return give_credit(c, len);
}

/* A super-frame, if we have asked for any. */
static int
tun_extended(struct chan *c, uint32_t type, uint8_t *p, size_t len)
{
	const char *why;
	bool drop;
	int r;

	if ((r = take_frame(c, len, &drop)) != 0 || drop)
		return r;
	if ((why = chan_offload_input(c, type, p, len)) != NULL)
		count_dropped(c, why, len);
	return give_credit(c, len);
}

/* The longest frame that may be sent now, 0 to wait. */
static uint32_t
frame_room(const struct chan *c)
{
	uint32_t room = chan_window_out_frame(&c->out, CHAN_TUN_FRAME_MAX);

	if (c->peer_takes != 0 && chan_tun_room_super(c) == 0)
		return 0;
	return room >= frame_min(c) ? room : 0;
}

static bool
tun_can_send(const struct chan *c)
{
	return frame_room(c) > 0;
}

const struct chan_ops chan_tun_ops = {
	.type = "tun@openssh.com",
	.window = CHAN_TUN_WINDOW,
	.window_own = CHAN_TUN_WINDOW_OWN,
	.packet_max = CHAN_TUN_PACKET_MAX,
	/* Some frame of either mode fits, whichever way it is counted. */
	.peer_packet_min = PACKET_MIN + CHAN_WINDOW_FRAME_EXTRA,
	.data = tun_data,
	.extended = tun_extended,
	.request = chan_offload_request,
	.can_send = tun_can_send
};

int
chan_open_tun(struct chans *cs, uint32_t mode, uint32_t unit, void *user,
    struct chan **cp)
{
	uint8_t rest[CHAN_MSG_TUN_SIZE];
	struct view v;
	struct chan *c;
	int r;

	if (!is_good_request(mode, unit))
		return SSHTAP_ERR_ARGUMENT;
	chan_msg_put_tun(rest, mode, unit);
	v = view_of(rest, sizeof(rest));
	if ((r = chan_add(cs, &chan_tun_ops,
	    chan_window_rule(cs->carrier.peer), CHAN_ST_OPENING, user,
	    &c)) != 0)
		return r;
	c->mode = mode;
	if ((r = chan_ask(c, &v)) != 0)
		return r;
	*cp = c;
	return 0;
}

/* Ask the program; 0 or the reason for a refusal. */
static uint32_t
decide(struct chan *c, uint32_t unit, const char **textp)
{
	struct chans *cs = c->owner;

	if (cs->events.tun_request == NULL) {
		*textp = "not permitted";
		return SSH_OPEN_ADMINISTRATIVELY_PROHIBITED;
	}
	return cs->events.tun_request(cs->ctx, c, c->mode, unit, textp);
}

/* The program refused: it knows, so there is no closed event. */
static int
refuse_asked(struct chan *c, uint32_t reason, const char *text)
{
	struct chans *cs = c->owner;
	uint32_t peer_id = c->peer_id;
	int r;

	if ((r = chan_move(c, CHAN_EV_REFUSE_OUT)) != 0)
		return r;
	chan_remove(c);
	return chan_refuse(cs, peer_id, reason,
	    text != NULL ? text : "open failed");
}

static int
confirm_asked(struct chan *c)
{
	struct chan_msg m = {
		.number = SSH_MSG_CHANNEL_OPEN_CONFIRMATION,
		.recipient = c->peer_id,
		.sender = c->id,
		.window = c->in.size,
		.packet_max = c->in.packet_max
	};
	int r;

	if ((r = chan_move(c, CHAN_EV_CONFIRM_OUT)) != 0)
		return r;
	return chan_send(c->owner, &m);
}

int
chan_tun_asked(struct chans *cs, const struct chan_msg *m)
{
	const char *text = NULL;
	uint32_t mode, unit, reason;
	struct chan *c;
	int r;

	if ((r = chan_msg_get_tun(&m->rest, &mode, &unit)) != 0)
		return r;
	if (!is_good_request(mode, unit) ||
	    m->packet_max < chan_tun_ops.peer_packet_min)
		return chan_refuse(cs, m->sender, SSH_OPEN_CONNECT_FAILED,
		    "unsupported tunnel parameters");
	r = chan_add(cs, &chan_tun_ops, chan_window_rule(cs->carrier.peer),
	    CHAN_ST_ASKED, NULL, &c);
	if (r == SSHTAP_ERR_TOO_BIG)
		return chan_refuse(cs, m->sender, SSH_OPEN_RESOURCE_SHORTAGE,
		    "too many channels");
	if (r != 0 || (r = chan_set_peer(c, m)) != 0)
		return r;
	c->mode = mode;
	if ((reason = decide(c, unit, &text)) != 0)
		return refuse_asked(c, reason, text);
	return confirm_asked(c);
}

int
chan_tun_room(struct chan *c, size_t *maxp)
{
	const struct carrier *carrier = &c->owner->carrier;
	uint32_t room;

	if (c->ops != &chan_tun_ops ||
	    !chan_state_allows(c->state, CHAN_EV_DATA_OUT))
		return SSHTAP_ERR_STATE;
	if ((room = frame_room(c)) == 0) {
		c->waits_window = true;
		return SSHTAP_ERR_AGAIN;
	}
	if (!carrier->ops->is_writable(carrier->ctx)) {
		c->waits_carrier = true;
		return SSHTAP_ERR_AGAIN;
	}
	*maxp = room;
	return 0;
}

int
chan_tun_send(struct chan *c, uint8_t *frame, size_t len)
{
	size_t max;
	int r;

	if ((r = chan_tun_room(c, &max)) != 0)
		return r;
	if (len < frame_min(c) || len > max) {
		c->stats.dropped_out++;
		return SSHTAP_ERR_DROPPED;
	}
	if ((r = chan_send_data(c, frame, len)) != 0)
		return r;
	c->stats.frames_out++;
	c->stats.bytes_out += len;
	return 0;
}

int
chan_tun_set_window(struct chan *c, uint32_t bytes)
{
	if (c->ops != &chan_tun_ops)
		return SSHTAP_ERR_STATE;
	chan_window_in_limit(&c->in, bytes);
	if (!chan_state_allows(c->state, CHAN_EV_ADJUST_OUT))
		return 0;
	return chan_grant(c, chan_window_in_due(&c->in));
}

void
chan_tun_set_path(struct chan *c, uint32_t bytes)
{
	if (c->ops == &chan_tun_ops && c->rule == CHAN_WINDOW_STOCK)
		chan_window_out_limit(&c->out, bytes <
		    UINT32_MAX - CHAN_TUN_STOCK_BACKLOG ?
		    CHAN_TUN_STOCK_BACKLOG + bytes : UINT32_MAX);
}

const struct chan_tun_stats *
chan_tun_stats(const struct chan *c)
{
	return &c->stats;
}
