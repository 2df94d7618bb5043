/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The carrier copies what is sent into blocks of exactly its size, and so
 * does side_inject with what comes, so that a sanitizer sees a read beyond.
 */

#include "tests/chan_util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "transport/ssh2.h"

static void
enqueue(struct side *s, const uint8_t *p, size_t len)
{
	struct message *m = &s->queue[s->last++ % QUEUE_MAX];

	assert_true(s->last - s->first <= QUEUE_MAX);
	m->p = malloc(len);
	assert_non_null(m->p);
	memcpy(m->p, p, len);
	m->len = len;
}

static bool
carrier_is_writable(void *ctx)
{
	const struct side *s = ctx;

	return !s->is_blocked;
}

static int
carrier_send_frame(void *ctx, uint8_t *payload, size_t len)
{
	struct side *s = ctx;

	assert_true(len <= PAYLOAD_MAX);
	if (s->is_blocked)
		return SSHTAP_ERR_AGAIN;
	if (s->is_broken)
		return SSHTAP_ERR_CRYPTO;
	enqueue(s, payload, len);
	/* All that a carrier may overwrite. */
	memset(payload - CARRIER_HEADROOM, 0xee,
	    CARRIER_HEADROOM + len + CARRIER_TAILROOM);
	return 0;
}

static int
carrier_send(void *ctx, const struct view *payload)
{
	struct side *s = ctx;

	if (s->is_broken)
		return SSHTAP_ERR_TOO_BIG;
	s->sends++;
	enqueue(s, payload->p, payload->len);
	return 0;
}

static const struct carrier_ops memory_ops = {
	.name = "memory",
	.send_frame = carrier_send_frame,
	.is_writable = carrier_is_writable,
	.send = carrier_send
};

static void
note(struct side *s, char letter)
{
	size_t len = strlen(s->log);

	if (len < sizeof(s->log) - 1)
		s->log[len] = letter;
}

static void
on_opened(void *ctx, struct chan *c)
{
	assert_true(chan_is_open(c));
	note(ctx, 'O');
}

static void
on_refused(void *ctx, struct chan *c, uint32_t reason, const char *text)
{
	struct side *s = ctx;

	(void)c;
	note(s, 'R');
	s->reason = reason;
	(void)snprintf(s->text, sizeof(s->text), "%s", text);
}

static void
on_frame(void *ctx, struct chan *c, uint8_t *frame, size_t len)
{
	struct side *s = ctx;

	note(s, 'F');
	memcpy(s->frame, frame, len);
	s->frame_len = len;
	memset(frame, 0, len);
	if (s->closes_on_frame)
		assert_int_equal(chan_close(c), 0);
}

static void
on_super(void *ctx, struct chan *c, const uint8_t *words, uint8_t *frame,
    size_t len)
{
	struct side *s = ctx;

	note(s, 'S');
	assert_in_range(len, CHAN_TUN_FRAME_MIN, CHAN_TUN_SUPER_MAX);
	memcpy(s->words, words, CHAN_TUN_WORDS);
	memcpy(s->frame, frame, len);
	s->frame_len = len;
	memset(frame, 0, len);
	if (s->closes_on_frame)
		assert_int_equal(chan_close(c), 0);
}

static void
on_offload(void *ctx, struct chan *c, uint32_t flags)
{
	struct side *s = ctx;

	note(s, 'A');
	s->takes = flags;
	if (s->answers)
		s->answered = chan_tun_offer(c, CHAN_TUN_TAKES_ALL);
}

static void
on_data(void *ctx, struct chan *c, bool is_stderr, const struct view *bytes)
{
	struct side *s = ctx;
	char *dst = is_stderr ? s->errors : s->data;

	note(s, is_stderr ? 'd' : 'D');
	(void)snprintf(dst + strlen(dst), sizeof(s->data) - strlen(dst),
	    "%.*s", (int)bytes->len, (const char *)bytes->p);
	if (s->consumes)
		assert_int_equal(chan_session_consumed(c, bytes->len), 0);
}

static void
on_writable(void *ctx, struct chan *c)
{
	struct side *s = ctx;

	if (s->writable_first == NULL)
		s->writable_first = c;
	note(s, 'W');
}

static void
on_exec_result(void *ctx, struct chan *c, bool ok)
{
	(void)c;
	note(ctx, ok ? 'Y' : 'N');
}

static void
on_exited(void *ctx, struct chan *c, uint32_t status, const char *signal)
{
	struct side *s = ctx;

	(void)c;
	note(s, 'X');
	s->status = status;
	(void)snprintf(s->signal, sizeof(s->signal), "%s",
	    signal != NULL ? signal : "");
}

static void
on_eof(void *ctx, struct chan *c)
{
	(void)c;
	note(ctx, 'E');
}

static void
on_closed(void *ctx, struct chan *c)
{
	struct side *s = ctx;

	note(s, 'C');
	assert_false(chan_is_open(c));
	assert_int_equal(chan_close(c), 0);
	assert_int_equal(chan_send_eof(c), SSHTAP_ERR_STATE);
	if (s->asked == c)
		s->asked = NULL;
	if (s->reopens)
		assert_int_equal(chan_open_session(s->cs, NULL,
		    &s->reopened), 0);
	s->reopens = false;
}

static uint32_t
on_tun_request(void *ctx, struct chan *c, uint32_t mode, uint32_t unit,
    const char **textp)
{
	struct side *s = ctx;
	size_t max;

	note(s, 'T');
	assert_int_equal(chan_tun_room(c, &max), SSHTAP_ERR_STATE);
	assert_int_equal(chan_close(c), SSHTAP_ERR_STATE);
	s->mode = mode;
	s->unit = unit;
	if (s->answer == 0)
		s->asked = c;
	else if (s->answer != SSH_OPEN_CONNECT_FAILED)
		*textp = "policy";
	return s->answer;
}

static void
on_global(void *ctx, const struct view *name, struct view *rest)
{
	struct side *s = ctx;

	(void)rest;
	note(s, 'G');
	(void)snprintf(s->global, sizeof(s->global), "%.*s", (int)name->len,
	    (const char *)name->p);
}

const struct chans_events side_events = {
	.opened = on_opened,
	.refused = on_refused,
	.frame = on_frame,
	.offload = on_offload,
	.super = on_super,
	.data = on_data,
	.writable = on_writable,
	.exec_result = on_exec_result,
	.exited = on_exited,
	.eof = on_eof,
	.closed = on_closed,
	.tun_request = on_tun_request,
	.global_request = on_global
};

void
side_init(struct side *s, bool is_server, enum carrier_peer peer,
    const struct chans_events *events)
{
	struct carrier carrier = {
		.ops = &memory_ops, .ctx = s, .peer = peer
	};

	memset(s, 0, sizeof(*s));
	assert_int_equal(chans_new(&carrier, events, s, is_server, &s->cs),
	    0);
}

void
side_clear(struct side *s)
{
	for (; s->first != s->last; s->first++)
		free(s->queue[s->first % QUEUE_MAX].p);
	chans_free(s->cs);
}

static int
setup_peer(void **state, enum carrier_peer peer)
{
	struct tables *p = malloc(sizeof(*p));

	assert_non_null(p);
	side_init(&p->client, false, peer, &side_events);
	side_init(&p->server, true, peer, &side_events);
	*state = p;
	return 0;
}

int
tables_setup(void **state)
{
	return setup_peer(state, CARRIER_PEER_SSHTAP);
}

int
tables_setup_stock(void **state)
{
	return setup_peer(state, CARRIER_PEER_OPENSSH);
}

int
tables_teardown(void **state)
{
	struct tables *p = *state;

	side_clear(&p->client);
	side_clear(&p->server);
	free(p);
	return 0;
}

/* Deliver the oldest message of one side to the other. */
bool
tables_deliver(struct side *from, struct side *to)
{
	struct message m;

	if (from->first == from->last)
		return false;
	m = from->queue[from->first++ % QUEUE_MAX];
	assert_int_equal(chans_input(to->cs, m.p, m.len), 0);
	free(m.p);
	return true;
}

void
tables_pump(struct tables *p)
{
	bool moved = true;

	while (moved) {
		moved = tables_deliver(&p->client, &p->server);
		moved = tables_deliver(&p->server, &p->client) || moved;
	}
}

/* Take the oldest message a side has sent; the caller frees m->p's bytes. */
struct message
side_take(struct side *s)
{
	assert_true(s->first != s->last);
	return s->queue[s->first++ % QUEUE_MAX];
}

/* It must be exactly these bytes. */
void
side_expect(struct side *s, const void *bytes, size_t len)
{
	struct message m = side_take(s);

	assert_int_equal(m.len, len);
	assert_memory_equal(m.p, bytes, len);
	free(m.p);
}

void
side_expect_nothing(const struct side *s)
{
	assert_int_equal(s->last - s->first, 0);
}

/* Hand bytes of the test's own to a side, from a block of exactly that size. */
int
side_inject(struct side *s, const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	int r;

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, bytes, len);
	r = chans_input(s->cs, copy, len);
	free(copy);
	return r;
}

int
side_inject_msg(struct side *s, const struct chan_msg *m)
{
	struct buf b;
	struct view v;
	int r;

	buf_init(&b, PAYLOAD_MAX + 4096);
	assert_int_equal(chan_msg_put(&b, m), 0);
	v = buf_view(&b);
	r = side_inject(s, v.p, v.len);
	buf_clear(&b);
	return r;
}

int
side_inject_data(struct side *s, uint32_t recipient, size_t len)
{
	static uint8_t zeros[PAYLOAD_MAX];
	struct chan_msg m = {
		.number = SSH_MSG_CHANNEL_DATA,
		.recipient = recipient,
		.bytes = view_of(zeros, len)
	};

	return side_inject_msg(s, &m);
}

int
side_inject_extended(struct side *s, uint32_t recipient, uint32_t type,
    size_t len)
{
	static uint8_t zeros[PAYLOAD_MAX];
	struct chan_msg m = {
		.number = SSH_MSG_CHANNEL_EXTENDED_DATA,
		.recipient = recipient,
		.code = type,
		.bytes = view_of(zeros, len)
	};

	return side_inject_msg(s, &m);
}

int
side_inject_request(struct side *s, const char *name, bool want_reply,
    const void *rest, size_t len)
{
	struct chan_msg m = {
		.number = SSH_MSG_CHANNEL_REQUEST,
		.name = view_of_string(name),
		.want_reply = want_reply,
		.rest = view_of(rest, len)
	};

	return side_inject_msg(s, &m);
}

struct chan *
tables_open_tun(struct tables *p)
{
	struct chan *c;

	assert_int_equal(chan_open_tun(p->client.cs, CHAN_TUN_ETHERNET,
	    CHAN_TUN_UNIT_ANY, p, &c), 0);
	assert_false(chan_is_open(c));
	tables_pump(p);
	assert_true(chan_is_open(c));
	assert_non_null(p->server.asked);
	assert_true(chan_is_open(p->server.asked));
	return c;
}

/* A tunnel whose far end is the test. */
struct chan *
side_open_tun(struct side *s, uint32_t window, uint32_t packet_max)
{
	struct chan_msg m = {
		.number = SSH_MSG_CHANNEL_OPEN_CONFIRMATION,
		.sender = 5,
		.window = window,
		.packet_max = packet_max
	};
	struct chan *c;

	assert_int_equal(chan_open_tun(s->cs, CHAN_TUN_ETHERNET, 3, NULL,
	    &c), 0);
	free(side_take(s).p);
	assert_int_equal(side_inject_msg(s, &m), 0);
	assert_string_equal(s->log, "O");
	s->log[0] = '\0';
	return c;
}

struct chan *
side_open_session(struct side *s)
{
	struct chan_msg m = {
		.number = SSH_MSG_CHANNEL_OPEN_CONFIRMATION,
		.sender = 5,
		.window = 1000,
		.packet_max = 300
	};
	struct chan *c;

	assert_int_equal(chan_open_session(s->cs, NULL, &c), 0);
	free(side_take(s).p);
	assert_int_equal(side_inject_msg(s, &m), 0);
	memset(s->log, 0, sizeof(s->log));
	return c;
}

/* With words a super-frame. */
static int
send_any(struct chan *c, const uint8_t *words, uint8_t fill, size_t len)
{
	size_t i, before = words != NULL ? CHAN_TUN_SUPER_HEADROOM :
	    CHAN_TUN_HEADROOM;
	uint8_t *room = malloc(before + len + CHAN_TUN_TAILROOM);
	uint8_t *frame = room + before;
	int r;

	assert_non_null(room);
	memset(frame, fill, len);
	r = words != NULL ? chan_tun_send_super(c, words, frame, len) :
	    chan_tun_send(c, frame, len);
	for (i = 0; r == SSHTAP_ERR_AGAIN && i < len; i++)
		assert_int_equal(frame[i], fill);
	free(room);
	return r;
}

int
side_send_frame(struct chan *c, uint8_t fill, size_t len)
{
	return send_any(c, NULL, fill, len);
}

int
side_send_super(struct chan *c, const uint8_t words[CHAN_TUN_WORDS],
    uint8_t fill, size_t len)
{
	return send_any(c, words, fill, len);
}

int
side_inject_global(struct side *s, const char *name, bool want_reply)
{
	struct chan_msg m = {
		.number = SSH_MSG_GLOBAL_REQUEST,
		.name = view_of_string(name), .want_reply = want_reply
	};

	return side_inject_msg(s, &m);
}
