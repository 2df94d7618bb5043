/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The table of channels and everything that all kinds have in common.
 *
 * A message is decoded, its channel looked up, and its event put to the state
 * table before any handler runs; a handler sees only what is legal.  Once our
 * CLOSE is out only the state still follows what comes.
 *
 * Lifetime: a channel leaves the table in chans_input alone, after its closed
 * event, when both sides have closed or the peer has refused it.  No call
 * that an event handler may make frees one, so a pointer stays good through
 * any nesting of events.  A number is free for a new channel from then on:
 * the peer sends nothing more for it but, perhaps, a late WINDOW_ADJUST.
 *
 * What the carrier could not send ends the connection, so no state is put
 * back after a failed send.
 */

#include "channels/chan.h"

#include <stdlib.h>

#include "channels/chan_impl.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/text.h"
#include "transport/ssh2.h"

#define KEEPALIVE	"keepalive@openssh.com"
#define NO_MORE		"no-more-sessions@openssh.com"

int
chans_new(const struct carrier *carrier, const struct chans_events *events,
    void *ctx, bool is_server, struct chans **chansp)
{
	struct chans *cs;

	if ((cs = calloc(1, sizeof(*cs))) == NULL)
		return SSHTAP_ERR_ALLOC;
	cs->carrier = *carrier;
	cs->events = *events;
	cs->ctx = ctx;
	cs->is_server = is_server;
	*chansp = cs;
	return 0;
}

void
chans_free(struct chans *cs)
{
	unsigned i;

	if (cs == NULL)
		return;
	for (i = 0; i < CHANS_MAX; i++)
		free(cs->table[i]);
	free(cs);
}

unsigned
chans_count(const struct chans *cs)
{
	unsigned i, n = 0;

	for (i = 0; i < CHANS_MAX; i++) {
		if (cs->table[i] != NULL &&
		    cs->table[i]->state != CHAN_ST_CLOSED)
			n++;
	}
	return n;
}

void *
chan_user(const struct chan *c)
{
	return c->user;
}

void
chan_set_user(struct chan *c, void *user)
{
	c->user = user;
}

bool
chan_is_open(const struct chan *c)
{
	return chan_state_is_open(c->state);
}

bool
chan_is_of_ours(const struct chan *c)
{
	return c->owner->carrier.peer == CARRIER_PEER_SSHTAP;
}

int
chan_add(struct chans *cs, const struct chan_ops *ops,
    enum chan_window_rule rule, enum chan_state state, void *user,
    struct chan **cp)
{
	uint32_t window = rule == CHAN_WINDOW_OWN ? ops->window_own :
	    ops->window;
	struct chan *c;
	uint32_t id = 0;

	while (id < CHANS_MAX && cs->table[id] != NULL)
		id++;
	if (id == CHANS_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return SSHTAP_ERR_ALLOC;
	c->owner = cs;
	c->ops = ops;
	c->rule = rule;
	c->state = state;
	c->user = user;
	c->id = id;
	chan_window_in_init(&c->in, window, ops->packet_max, rule);
	cs->table[id] = c;
	*cp = c;
	return 0;
}

void
chan_remove(struct chan *c)
{
	struct chans *cs = c->owner;

	cs->table[c->id] = NULL;
	free(c);
}

int
chan_set_peer(struct chan *c, const struct chan_msg *m)
{
	if (m->packet_max < c->ops->peer_packet_min)
		return SSHTAP_ERR_PROTOCOL;
	c->peer_id = m->sender;
	chan_window_out_init(&c->out, m->window, m->packet_max, c->rule);
	return 0;
}

int
chan_move(struct chan *c, enum chan_event event)
{
	enum chan_state next = chan_state_next(c->state, event);

	if (next == CHAN_ST_NONE)
		return SSHTAP_ERR_STATE;
	if (next != c->state && log_wants(LOG_LEVEL_DEBUG))
		log_debug("channel %u: %s, %s -> %s", (unsigned)c->id,
		    chan_event_name(event), chan_state_name(c->state),
		    chan_state_name(next));
	c->state = next;
	return 0;
}

int
chan_send(struct chans *cs, const struct chan_msg *m)
{
	struct buf b;
	struct view payload;
	int r;

	buf_init(&b, CHAN_MSG_MAX);
	if ((r = chan_msg_put(&b, m)) != 0)
		goto out;
	payload = buf_view(&b);
	r = cs->carrier.ops->send(cs->carrier.ctx, &payload);
 out:
	buf_clear(&b);
	return r;
}

/* Send a message that says nothing but for which channel it is. */
static int
send_number(struct chan *c, uint8_t number)
{
	struct chan_msg m = { .number = number, .recipient = c->peer_id };

	return chan_send(c->owner, &m);
}

int
chan_grant(struct chan *c, uint32_t amount)
{
	struct chan_msg m = {
		.number = SSH_MSG_CHANNEL_WINDOW_ADJUST,
		.recipient = c->peer_id,
		.code = amount
	};

	if (amount == 0 || chan_move(c, CHAN_EV_ADJUST_OUT) != 0)
		return 0;
	return chan_send(c->owner, &m);
}

int
chan_send_string(struct chan *c, uint8_t *bytes, size_t len, size_t header)
{
	struct carrier *carrier = &c->owner->carrier;
	int r;

	r = carrier->ops->send_frame(carrier->ctx, bytes - header,
	    header + len);
	if (r == SSHTAP_ERR_AGAIN)
		c->waits_carrier = true;
	if (r != 0)
		return r;
	return chan_window_out_debit(&c->out, len);
}

int
chan_send_data(struct chan *c, uint8_t *bytes, size_t len)
{
	chan_msg_put_data(bytes - CHAN_MSG_DATA_HEADER, c->peer_id,
	    (uint32_t)len);
	return chan_send_string(c, bytes, len, CHAN_MSG_DATA_HEADER);
}

int
chan_ask(struct chan *c, const struct view *rest)
{
	struct chan_msg m = {
		.number = SSH_MSG_CHANNEL_OPEN,
		.name = view_of_string(c->ops->type),
		.sender = c->id,
		.window = c->in.size,
		.packet_max = c->in.packet_max,
		.rest = *rest
	};
	int r;

	if ((r = chan_send(c->owner, &m)) != 0)
		chan_remove(c);
	return r;
}

int
chan_refuse(struct chans *cs, uint32_t peer_id, uint32_t reason,
    const char *text)
{
	struct chan_msg m = {
		.number = SSH_MSG_CHANNEL_OPEN_FAILURE,
		.recipient = peer_id,
		.code = reason,
		.bytes = view_of_string(text)
	};

	return chan_send(cs, &m);
}

int
chan_send_eof(struct chan *c)
{
	if (c->state == CHAN_ST_EOF_SENT || c->state == CHAN_ST_EOF_BOTH)
		return 0;
	if (chan_move(c, CHAN_EV_EOF_OUT) != 0)
		return SSHTAP_ERR_STATE;
	return send_number(c, SSH_MSG_CHANNEL_EOF);
}

int
chan_close(struct chan *c)
{
	bool is_opening = c->state == CHAN_ST_OPENING;

	if (c->state == CHAN_ST_ABANDONED || c->state == CHAN_ST_CLOSED ||
	    chan_state_is_late(c->state))
		return 0;
	if (chan_move(c, CHAN_EV_CLOSE_OUT) != 0)
		return SSHTAP_ERR_STATE;
	if (is_opening)
		return 0;
	return send_number(c, SSH_MSG_CHANNEL_CLOSE);
}

static void
tell_closed(struct chan *c)
{
	struct chans *cs = c->owner;

	if (cs->events.closed != NULL)
		cs->events.closed(cs->ctx, c);
	chan_remove(c);
}

static void
tell_writable(struct chan *c)
{
	struct chans *cs = c->owner;

	/* It may have ended its data since it began to wait. */
	if (cs->events.writable != NULL &&
	    chan_state_allows(c->state, CHAN_EV_DATA_OUT))
		cs->events.writable(cs->ctx, c);
}

/* Handlers of messages for a channel; the state table allows them. */

static int
input_confirmation(struct chan *c, const struct chan_msg *m, uint8_t *payload)
{
	struct chans *cs = c->owner;
	bool is_wanted = c->state == CHAN_ST_OPENING;
	int r;

	(void)payload;
	if ((r = chan_set_peer(c, m)) != 0 ||
	    (r = chan_move(c, CHAN_EV_CONFIRM_IN)) != 0)
		return r;
	if (!is_wanted)
		return chan_close(c);
	if (cs->events.opened != NULL)
		cs->events.opened(cs->ctx, c);
	return 0;
}

static int
input_failure(struct chan *c, const struct chan_msg *m, uint8_t *payload)
{
	struct chans *cs = c->owner;
	char text[CHAN_TEXT_MAX];
	bool is_wanted = c->state == CHAN_ST_OPENING;
	int r;

	(void)payload;
	if ((r = chan_move(c, CHAN_EV_REFUSE_IN)) != 0)
		return r;
	(void)text_clean(text, sizeof(text), m->bytes.p, m->bytes.len, false);
	if (is_wanted && cs->events.refused != NULL)
		cs->events.refused(cs->ctx, c, m->code, text);
	tell_closed(c);
	return 0;
}

/* One that comes before the confirmation is undone by it. */
static int
input_adjust(struct chan *c, const struct chan_msg *m, uint8_t *payload)
{
	(void)payload;
	chan_window_out_adjust(&c->out, m->code);
	if (c->waits_window && c->ops->can_send(c)) {
		c->waits_window = false;
		tell_writable(c);
	}
	return 0;
}

static int
input_data(struct chan *c, const struct chan_msg *m, uint8_t *payload)
{
	return c->ops->data(c, payload + CHAN_MSG_DATA_HEADER, m->bytes.len);
}

static int
input_extended(struct chan *c, const struct chan_msg *m, uint8_t *payload)
{
	return c->ops->extended(c, m->code,
	    payload + CHAN_MSG_EXTENDED_HEADER, m->bytes.len);
}

static int
input_eof(struct chan *c, const struct chan_msg *m, uint8_t *payload)
{
	struct chans *cs = c->owner;
	bool is_late = chan_state_is_late(c->state);
	int r;

	(void)m;
	(void)payload;
	if ((r = chan_move(c, CHAN_EV_EOF_IN)) != 0)
		return r;
	if (!is_late && cs->events.eof != NULL)
		cs->events.eof(cs->ctx, c);
	return 0;
}

static int
input_close(struct chan *c, const struct chan_msg *m, uint8_t *payload)
{
	int r;

	(void)m;
	(void)payload;
	if ((r = chan_move(c, CHAN_EV_CLOSE_IN)) != 0)
		return r;
	if (c->state != CHAN_ST_CLOSED && (r = chan_close(c)) != 0)
		return r;
	tell_closed(c);
	return 0;
}

/*
 * Whatever is not known gets its FAILURE: keepalive@openssh.com is nothing
 * but a request that is expected to fail.
 */
static int
input_request(struct chan *c, const struct chan_msg *m, uint8_t *payload)
{
	bool ok = false;
	int r;

	(void)payload;
	if (c->ops->request != NULL &&
	    (r = c->ops->request(c, m, &ok)) != 0)
		return r;
	if (!m->want_reply || chan_move(c, CHAN_EV_REQUEST_OUT) != 0)
		return 0;
	return send_number(c, ok ? SSH_MSG_CHANNEL_SUCCESS :
	    SSH_MSG_CHANNEL_FAILURE);
}

static int
input_reply(struct chan *c, const struct chan_msg *m, uint8_t *payload)
{
	(void)payload;
	if (c->ops->reply != NULL)
		c->ops->reply(c, m->number == SSH_MSG_CHANNEL_SUCCESS);
	return 0;
}

struct channel_input {
	int (*handle)(struct chan *c, const struct chan_msg *m,
	    uint8_t *payload);
	enum chan_event event;
	bool needs_late;	/* handled after our CLOSE too */
};

static const struct channel_input inputs[] = {
	[SSH_MSG_CHANNEL_OPEN_CONFIRMATION - SSH_MSG_CHANNEL_OPEN] = {
		input_confirmation, CHAN_EV_CONFIRM_IN, false
	},
	[SSH_MSG_CHANNEL_OPEN_FAILURE - SSH_MSG_CHANNEL_OPEN] = {
		input_failure, CHAN_EV_REFUSE_IN, false
	},
	[SSH_MSG_CHANNEL_WINDOW_ADJUST - SSH_MSG_CHANNEL_OPEN] = {
		input_adjust, CHAN_EV_ADJUST_IN, false
	},
	[SSH_MSG_CHANNEL_DATA - SSH_MSG_CHANNEL_OPEN] = {
		input_data, CHAN_EV_DATA_IN, false
	},
	[SSH_MSG_CHANNEL_EXTENDED_DATA - SSH_MSG_CHANNEL_OPEN] = {
		input_extended, CHAN_EV_DATA_IN, false
	},
	[SSH_MSG_CHANNEL_EOF - SSH_MSG_CHANNEL_OPEN] = {
		input_eof, CHAN_EV_EOF_IN, true
	},
	[SSH_MSG_CHANNEL_CLOSE - SSH_MSG_CHANNEL_OPEN] = {
		input_close, CHAN_EV_CLOSE_IN, true
	},
	[SSH_MSG_CHANNEL_REQUEST - SSH_MSG_CHANNEL_OPEN] = {
		input_request, CHAN_EV_REQUEST_IN, false
	},
	[SSH_MSG_CHANNEL_SUCCESS - SSH_MSG_CHANNEL_OPEN] = {
		input_reply, CHAN_EV_REPLY_IN, false
	},
	[SSH_MSG_CHANNEL_FAILURE - SSH_MSG_CHANNEL_OPEN] = {
		input_reply, CHAN_EV_REPLY_IN, false
	},
};

static int
input_channel(struct chans *cs, const struct chan_msg *m, uint8_t *payload)
{
	const struct channel_input *input =
	    &inputs[m->number - SSH_MSG_CHANNEL_OPEN];
	struct chan *c;

	c = m->recipient < CHANS_MAX ? cs->table[m->recipient] : NULL;
	if (c == NULL)
		return m->number == SSH_MSG_CHANNEL_WINDOW_ADJUST ?
		    0 : SSHTAP_ERR_PROTOCOL;
	if (!chan_state_allows(c->state, input->event))
		return SSHTAP_ERR_PROTOCOL;
	if (chan_state_is_late(c->state) && !input->needs_late)
		return 0;
	return input->handle(c, m, payload);
}

/* RFC 4254 section 6.1: a client refuses sessions; so does our server. */
static int
input_open(struct chans *cs, const struct chan_msg *m)
{
	bool is_tun = view_is(&m->name, chan_tun_ops.type);
	bool is_session = view_is(&m->name, chan_session_ops.type);

	if (is_tun && cs->is_server)
		return chan_tun_asked(cs, m);
	if (!cs->has_refused)
		log_verbose("refused a channel that the peer asked for");
	cs->has_refused = true;
	if (is_tun || is_session)
		return chan_refuse(cs, m->sender,
		    SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, "not permitted");
	return chan_refuse(cs, m->sender, SSH_OPEN_UNKNOWN_CHANNEL_TYPE,
	    "unknown channel type");
}

/* Answered at once, hence in the order of the requests. */
static int
input_global(struct chans *cs, const struct chan_msg *m)
{
	struct chan_msg answer = { .number = SSH_MSG_REQUEST_FAILURE };
	struct view rest = m->rest;
	int r;

	if (m->want_reply && (r = chan_send(cs, &answer)) != 0)
		return r;
	if (view_is(&m->name, KEEPALIVE) || view_is(&m->name, NO_MORE))
		return 0;
	if (cs->events.global_request != NULL)
		cs->events.global_request(cs->ctx, &m->name, &rest);
	return 0;
}

int
chans_input(struct chans *cs, uint8_t *payload, size_t len)
{
	struct view v = view_of(payload, len);
	struct chan_msg m;
	int r;

	if ((r = chan_msg_get(&v, &m)) != 0)
		return r;
	switch (m.number) {
	case SSH_MSG_GLOBAL_REQUEST:
		return input_global(cs, &m);
	case SSH_MSG_REQUEST_SUCCESS:
	case SSH_MSG_REQUEST_FAILURE:
		if (cs->globals_awaited > 0)
			cs->globals_awaited--;
		return 0;
	case SSH_MSG_CHANNEL_OPEN:
		return input_open(cs, &m);
	default:
		return input_channel(cs, &m, payload);
	}
}

/*
 * Begin after the one that was first last time: it may have had all the room
 * that there was.
 */
void
chans_carrier_writable(struct chans *cs)
{
	unsigned first = cs->next_writable, i;
	bool is_first = true;
	struct chan *c;

	for (i = 0; i < CHANS_MAX; i++) {
		c = cs->table[(first + i) % CHANS_MAX];
		if (c == NULL || !c->waits_carrier)
			continue;
		if (is_first)
			cs->next_writable = (first + i + 1) % CHANS_MAX;
		is_first = false;
		c->waits_carrier = false;
		tell_writable(c);
	}
}

int
chans_tick(struct chans *cs, uint64_t now_ms)
{
	struct chan *c;
	unsigned i;
	int r;

	for (i = 0; i < CHANS_MAX; i++) {
		if ((c = cs->table[i]) == NULL ||
		    !chan_state_allows(c->state, CHAN_EV_ADJUST_OUT))
			continue;
		r = chan_grant(c, chan_window_in_tick(&c->in, now_ms));
		if (r != 0)
			return r;
	}
	return 0;
}

int
chans_keepalive(struct chans *cs)
{
	struct chan_msg m = {
		.number = SSH_MSG_GLOBAL_REQUEST,
		.name = view_of_string(KEEPALIVE),
		.want_reply = true
	};

	cs->globals_awaited++;
	return chan_send(cs, &m);
}

int
chans_no_more_sessions(struct chans *cs)
{
	struct chan_msg m = {
		.number = SSH_MSG_GLOBAL_REQUEST,
		.name = view_of_string(NO_MORE)
	};

	if (cs->carrier.peer != CARRIER_PEER_OPENSSH)
		return 0;
	return chan_send(cs, &m);
}
