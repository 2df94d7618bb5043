/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A session: a command with its three streams.  Reference: RFC 4254 section
 * 6.  We are always the side that asks.
 *
 * Its window counts bytes.  What is handed to the data event is credited when
 * the program says that it got rid of it, so a slow reader here slows the
 * command there; what is not handed on is credited at once.
 */

#include <string.h>

#include "channels/chan.h"
#include "channels/chan_impl.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/text.h"
#include "transport/ssh2.h"

/* RFC 4254 section 5.2, SSH_EXTENDED_DATA_STDERR. */
#define EXTENDED_STDERR	1

/* Bytes of one message that we send, and what goes in front of them. */
#define SEND_MAX	4096
#define SEND_HEADROOM	(CARRIER_HEADROOM + CHAN_MSG_DATA_HEADER)

/* Names of signals are short, RFC 4254 section 6.10. */
#define SIGNAL_MAX	64

static int
give_credit(struct chan *c, size_t len)
{
	chan_window_in_credit(&c->in, len);
	return chan_grant(c, chan_window_in_due(&c->in));
}

/* Bytes came; nobody wants those that are not for the program. */
static int
take_bytes(struct chan *c, const struct view *bytes, bool is_wanted,
    bool is_stderr)
{
	struct chans *cs = c->owner;
	int r;

	r = chan_window_in_debit(&c->in, bytes->len);
	if (r == SSHTAP_ERR_DROPPED) {
		if (c->in.excess == bytes->len)
			log_verbose("channel %u: dropped bytes beyond the "
			    "window", (unsigned)c->id);
		return 0;
	}
	if (r != 0)
		return r;
	if (!is_wanted || cs->events.data == NULL)
		return give_credit(c, bytes->len);
	if (bytes->len > 0)
		cs->events.data(cs->ctx, c, is_stderr, bytes);
	return 0;
}

static int
session_data(struct chan *c, uint8_t *p, size_t len)
{
	struct view bytes = view_of(p, len);

	return take_bytes(c, &bytes, true, false);
}

static int
session_extended(struct chan *c, uint32_t type, uint8_t *p, size_t len)
{
	struct view bytes = view_of(p, len);

	return take_bytes(c, &bytes, type == EXTENDED_STDERR, true);
}

static void
tell_exited(struct chan *c, uint32_t status, const char *signal)
{
	struct chans *cs = c->owner;

	/* Only the first one counts: a process ends once. */
	if (!c->has_exited && cs->events.exited != NULL)
		cs->events.exited(cs->ctx, c, status, signal);
	c->has_exited = true;
}

static int
session_request(struct chan *c, const struct chan_msg *m, bool *okp)
{
	char signal[SIGNAL_MAX];
	struct view name;
	uint32_t status;
	int r;

	if (view_is(&m->name, "exit-status")) {
		if ((r = chan_msg_get_exit_status(&m->rest, &status)) != 0)
			return r;
		tell_exited(c, status, NULL);
	} else if (view_is(&m->name, "exit-signal")) {
		if ((r = chan_msg_get_exit_signal(&m->rest, &name)) != 0)
			return r;
		(void)text_clean(signal, sizeof(signal), name.p, name.len,
		    false);
		tell_exited(c, 0, signal);
	} else {
		*okp = false;
		return 0;
	}
	*okp = true;
	return 0;
}

static void
session_reply(struct chan *c, bool ok)
{
	struct chans *cs = c->owner;

	if (!c->awaits_exec)
		return;
	c->awaits_exec = false;
	if (cs->events.exec_result != NULL)
		cs->events.exec_result(cs->ctx, c, ok);
}

static bool
session_can_send(const struct chan *c)
{
	return chan_window_out_bytes(&c->out) > 0;
}

const struct chan_ops chan_session_ops = {
	.type = "session",
	.window = CHAN_SESSION_WINDOW,
	.packet_max = CHAN_SESSION_PACKET_MAX,
	.peer_packet_min = 1,
	.data = session_data,
	.extended = session_extended,
	.request = session_request,
	.reply = session_reply,
	.can_send = session_can_send
};

int
chan_open_session(struct chans *cs, void *user, struct chan **cp)
{
	struct view nothing = view_of(NULL, 0);
	struct chan *c;
	int r;

	if ((r = chan_add(cs, &chan_session_ops, CHAN_WINDOW_STREAM,
	    CHAN_ST_OPENING, user, &c)) != 0 ||
	    (r = chan_ask(c, &nothing)) != 0)
		return r;
	*cp = c;
	return 0;
}

/* Send a request with one or two strings. */
static int
send_request(struct chan *c, const char *name, bool want_reply,
    const char *first, const char *second)
{
	struct chan_msg m = {
		.number = SSH_MSG_CHANNEL_REQUEST,
		.recipient = c->peer_id,
		.name = view_of_string(name),
		.want_reply = want_reply
	};
	struct buf b;
	int r;

	buf_init(&b, CHAN_MSG_MAX);
	if ((r = buf_put_cstring(&b, first)) != 0 ||
	    (second != NULL && (r = buf_put_cstring(&b, second)) != 0))
		goto out;
	m.rest = buf_view(&b);
	r = chan_send(c->owner, &m);
 out:
	buf_clear(&b);
	return r;
}

static bool
can_request(const struct chan *c)
{
	return c->ops == &chan_session_ops && !c->has_exec &&
	    chan_state_allows(c->state, CHAN_EV_REQUEST_OUT);
}

/* RFC 4254 section 6.5: one command per channel. */
int
chan_session_exec(struct chan *c, const char *command)
{
	if (!can_request(c))
		return SSHTAP_ERR_STATE;
	if (strlen(command) > CHAN_COMMAND_MAX)
		return SSHTAP_ERR_TOO_BIG;
	c->has_exec = true;
	c->awaits_exec = true;
	return send_request(c, "exec", true, command, NULL);
}

int
chan_session_env(struct chan *c, const char *name, const char *value)
{
	size_t len = strlen(name);

	if (!can_request(c))
		return SSHTAP_ERR_STATE;
	if (len > CHAN_COMMAND_MAX || strlen(value) > CHAN_COMMAND_MAX - len)
		return SSHTAP_ERR_TOO_BIG;
	return send_request(c, "env", false, name, value);
}

int
chan_session_send(struct chan *c, const struct view *bytes, size_t *takenp)
{
	uint8_t place[SEND_HEADROOM + SEND_MAX + CARRIER_TAILROOM];
	size_t most = chan_window_out_bytes(&c->out);
	int r;

	if (c->ops != &chan_session_ops ||
	    !chan_state_allows(c->state, CHAN_EV_DATA_OUT))
		return SSHTAP_ERR_STATE;
	*takenp = 0;
	if (bytes->len == 0)
		return 0;
	if (most == 0) {
		c->waits_window = true;
		return SSHTAP_ERR_AGAIN;
	}
	if (most > SEND_MAX)
		most = SEND_MAX;
	if (most > bytes->len)
		most = bytes->len;
	memcpy(place + SEND_HEADROOM, bytes->p, most);
	if ((r = chan_send_data(c, place + SEND_HEADROOM, most)) != 0)
		return r;
	*takenp = most;
	return 0;
}

int
chan_session_consumed(struct chan *c, size_t len)
{
	if (c->ops != &chan_session_ops)
		return SSHTAP_ERR_STATE;
	if (len > chan_window_in_pending(&c->in))
		return SSHTAP_ERR_ARGUMENT;
	return give_credit(c, len);
}
