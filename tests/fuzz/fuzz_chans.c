/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is a script for a table of channels, a client's or a server's,
 * over a carrier in memory: messages of the peer, and what a program does in
 * between.  Whatever the peer sends, each message costs no more than a few of
 * ours, the table keeps to its size, frames and bytes are inside their limits
 * and the window, and what has been closed is never told of again.
 */

#include <stdlib.h>
#include <string.h>

#include "channels/chan.h"
#include "channels/chan_impl.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_script.h"
#include "transport/ssh2.h"

#define ANSWERS_MAX	3	/* to one message: reply, credit, CLOSE */
#define OPS_MAX		400

struct world {
	struct chans *cs;
	struct chan *chan[CHANS_MAX];	/* as the program knows them */
	bool is_blocked, refuses, closes, opens, answers;
	unsigned sends;
	uint64_t now_ms;
};

/* All that leaves must be well-formed, and a message that we may send. */
static void
check_sent(struct world *w, const struct view *payload)
{
	struct chan_msg m;

	require(chan_msg_get(payload, &m) == 0);
	require(m.bytes.len <= (m.number == SSH_MSG_CHANNEL_EXTENDED_DATA ?
	    CHAN_TUN_WORDS + CHAN_TUN_SUPER_MAX : CHAN_TUN_PACKET_MAX));
	w->sends++;
}

static bool
carrier_is_writable(void *ctx)
{
	const struct world *w = ctx;

	return !w->is_blocked;
}

static int
carrier_send_frame(void *ctx, uint8_t *payload, size_t len)
{
	struct world *w = ctx;
	struct view v = view_of(payload, len);

	if (w->is_blocked)
		return SSHTAP_ERR_AGAIN;
	check_sent(w, &v);
	memset(payload - CARRIER_HEADROOM, 0xee,
	    CARRIER_HEADROOM + len + CARRIER_TAILROOM);
	return 0;
}

static int
carrier_send(void *ctx, const struct view *payload)
{
	struct world *w = ctx;

	check_sent(w, payload);
	return 0;
}

static const struct carrier_ops memory_ops = {
	.name = "memory",
	.send_frame = carrier_send_frame,
	.is_writable = carrier_is_writable,
	.send = carrier_send
};

static bool
is_known(const struct world *w, const struct chan *c)
{
	size_t i;

	for (i = 0; i < CHANS_MAX; i++) {
		if (w->chan[i] == c)
			return true;
	}
	return false;
}

static void
keep(struct world *w, struct chan *c)
{
	size_t i;

	for (i = 0; i < CHANS_MAX; i++) {
		if (w->chan[i] == NULL) {
			w->chan[i] = c;
			return;
		}
	}
	require(false);
}

static void
forget(struct world *w, const struct chan *c)
{
	size_t i;

	for (i = 0; i < CHANS_MAX; i++) {
		if (w->chan[i] == c)
			w->chan[i] = NULL;
	}
}

static void
maybe_close(struct world *w, struct chan *c)
{
	int r;

	if (!w->closes)
		return;
	w->closes = false;
	r = chan_close(c);
	require(r == 0 || r == SSHTAP_ERR_STATE);
}

static void
on_opened(void *ctx, struct chan *c)
{
	require(is_known(ctx, c) && chan_is_open(c));
	maybe_close(ctx, c);
}

static void
on_refused(void *ctx, struct chan *c, uint32_t reason, const char *text)
{
	(void)reason;
	require(is_known(ctx, c) && !chan_is_open(c));
	require(strlen(text) < CHAN_TEXT_MAX && fuzz_is_clean(text, false));
	maybe_close(ctx, c);
}

static void
on_frame(void *ctx, struct chan *c, uint8_t *frame, size_t len)
{
	require(is_known(ctx, c) && c->ops == &chan_tun_ops);
	require(len >= CHAN_TUN_FRAME_MIN && len <= CHAN_TUN_FRAME_MAX);
	memset(frame, frame[len - 1], len);
	maybe_close(ctx, c);
}

static void
on_super(void *ctx, struct chan *c, const uint8_t *words, uint8_t *frame,
    size_t len)
{
	require(is_known(ctx, c) && c->ops == &chan_tun_ops && c->takes != 0);
	require(len >= CHAN_TUN_FRAME_MIN && len <= CHAN_TUN_SUPER_MAX);
	memset(frame, words[0] ^ words[CHAN_TUN_WORDS - 1] ^ frame[len - 1],
	    len);
	maybe_close(ctx, c);
}

static void
on_offload(void *ctx, struct chan *c, uint32_t flags)
{
	struct world *w = ctx;
	int r;

	require(is_known(w, c) && c->mode == CHAN_TUN_ETHERNET);
	require((flags & ~CHAN_TUN_TAKES_ALL) == 0);
	require(w->cs->is_server || c->has_offered);
	if (w->answers) {
		r = chan_tun_offer(c, flags);
		require(r == 0 || r == SSHTAP_ERR_STATE);
	}
	maybe_close(w, c);
}

static void
on_data(void *ctx, struct chan *c, bool is_stderr, const struct view *bytes)
{
	struct world *w = ctx;
	int r;

	(void)is_stderr;
	require(is_known(w, c) && c->ops == &chan_session_ops);
	require(bytes->len > 0);
	require(chan_window_in_pending(&c->in) <= CHAN_SESSION_WINDOW);
	if ((bytes->p[0] & 1) != 0) {
		r = chan_session_consumed(c, bytes->len);
		require(r == 0 || r == SSHTAP_ERR_STATE);
	}
	maybe_close(w, c);
}

static void
on_writable(void *ctx, struct chan *c)
{
	require(is_known(ctx, c));
	maybe_close(ctx, c);
}

static void
on_exec_result(void *ctx, struct chan *c, bool ok)
{
	(void)ok;
	require(is_known(ctx, c) && c->has_exec);
	maybe_close(ctx, c);
}

static void
on_exited(void *ctx, struct chan *c, uint32_t status, const char *signal)
{
	(void)status;
	require(is_known(ctx, c));
	require(signal == NULL || fuzz_is_clean(signal, false));
	maybe_close(ctx, c);
}

static void
on_eof(void *ctx, struct chan *c)
{
	require(is_known(ctx, c));
	maybe_close(ctx, c);
}

static void
on_closed(void *ctx, struct chan *c)
{
	struct world *w = ctx;
	struct chan *another;

	require(is_known(w, c) && !chan_is_open(c));
	forget(w, c);
	if (w->opens) {
		w->opens = false;
		if (chan_open_session(w->cs, w, &another) == 0)
			keep(w, another);
	}
}

static uint32_t
on_tun_request(void *ctx, struct chan *c, uint32_t mode, uint32_t unit,
    const char **textp)
{
	struct world *w = ctx;

	require(w->cs->is_server);
	require(mode == CHAN_TUN_ETHERNET || mode == CHAN_TUN_POINT_TO_POINT);
	require(unit <= CHAN_TUN_UNIT_ANY);
	if (w->refuses) {
		*textp = "no";
		return 1;
	}
	keep(w, c);
	return 0;
}

static void
on_global(void *ctx, const struct view *name, struct view *rest)
{
	(void)ctx;
	require(name->len <= CHAN_MSG_MAX * 8 && rest->len <= CHAN_MSG_MAX * 8);
}

static const struct chans_events events = {
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

/* What the program does; none of it may end the connection. */
static void
check_local(int r)
{
	require(r == 0 || r == SSHTAP_ERR_AGAIN || r == SSHTAP_ERR_STATE ||
	    r == SSHTAP_ERR_WINDOW || r == SSHTAP_ERR_DROPPED ||
	    r == SSHTAP_ERR_ARGUMENT || r == SSHTAP_ERR_TOO_BIG);
}

static void
send_frame(struct chan *c, size_t len)
{
	uint8_t *room = calloc(1, CHAN_TUN_HEADROOM + len + CHAN_TUN_TAILROOM);
	size_t max = 0;
	int may, r;

	require(room != NULL);
	may = chan_tun_room(c, &max);
	check_local(may);
	r = chan_tun_send(c, room + CHAN_TUN_HEADROOM, len);
	check_local(r);
	free(room);
	if (may != 0) {
		require(r == may);
		return;
	}
	require(max >= CHAN_TUN_FRAME_MIN && max <= CHAN_TUN_FRAME_MAX);
	require(r == 0 || r == SSHTAP_ERR_DROPPED);
	require(r == 0 || len < 24 || len > max);
}

static void
send_super(struct chan *c, size_t len)
{
	uint8_t *room = calloc(1, CHAN_TUN_SUPER_HEADROOM + len +
	    CHAN_TUN_TAILROOM);
	uint8_t *frame = room + CHAN_TUN_SUPER_HEADROOM;
	size_t most = chan_tun_room_super(c);
	int r;

	require(room != NULL && most <= CHAN_TUN_SUPER_MAX);
	r = chan_tun_send_super(c, frame - CHAN_TUN_WORDS, frame, len);
	check_local(r);
	require(r != 0 || (len >= CHAN_TUN_FRAME_MIN && len <= most));
	free(room);
}

static void
do_with(struct world *w, struct chan *c, unsigned op, const struct view *arg)
{
	char *s = fuzz_string(arg);
	size_t taken;

	switch (op) {
	case 0:
		send_frame(c, arg->len);
		break;
	case 1:
		check_local(chan_session_exec(c, s));
		break;
	case 2:
		check_local(chan_session_env(c, s, s));
		break;
	case 3:
		check_local(chan_session_send(c, arg, &taken));
		break;
	case 4:
		check_local(chan_session_consumed(c, arg->len));
		break;
	case 5:
		check_local(chan_send_eof(c));
		break;
	case 6:
		check_local(chan_close(c));
		break;
	case 7:
		check_local(chan_tun_offer(c, (uint32_t)arg->len));
		break;
	case 8:
		send_super(c, arg->len * 40);
		break;
	case 9:
		check_local(chan_tun_set_window(c, (uint32_t)arg->len * 100));
		break;
	default:
		w->closes = true;
		break;
	}
	free(s);
}

static void
do_open(struct world *w, unsigned kind)
{
	struct chan *c = NULL;
	int r;

	if (kind == 0)
		r = chan_open_session(w->cs, w, &c);
	else
		r = chan_open_tun(w->cs, kind, CHAN_TUN_UNIT_ANY, w, &c);
	require(r == 0 || r == SSHTAP_ERR_TOO_BIG || r == SSHTAP_ERR_ARGUMENT);
	if (r == 0)
		keep(w, c);
}

static void
do_local(struct world *w, uint8_t op, const struct view *arg)
{
	struct chan *c = w->chan[op % CHANS_MAX];

	switch (op >> 4 & 7) {
	case 0:
		do_open(w, op & 3);
		break;
	case 1:
		w->is_blocked = (op & 1) != 0;
		if (!w->is_blocked)
			chans_carrier_writable(w->cs);
		break;
	case 2:
		w->now_ms += arg->len * 100;
		require(chans_tick(w->cs, w->now_ms) == 0);
		break;
	case 3:
		w->refuses = (op & 1) != 0;
		w->opens = (op & 2) != 0;
		w->answers = (op & 8) != 0;
		require((op & 4) == 0 || chans_keepalive(w->cs) == 0);
		break;
	default:
		if (c != NULL)
			do_with(w, c, arg->len > 0 ? arg->p[0] % 11 : 0, arg);
		break;
	}
}

static int
do_input(struct world *w, const struct view *payload)
{
	uint8_t *copy = fuzz_copy(payload);
	unsigned before = w->sends;
	int r;

	r = chans_input(w->cs, copy, payload->len);
	require(w->sends - before <= ANSWERS_MAX + 1u + w->opens + w->answers);
	require(r != SSHTAP_ERR_INTERNAL && r != SSHTAP_ERR_AGAIN &&
	    r != SSHTAP_ERR_STATE && r != SSHTAP_ERR_DROPPED);
	free(copy);
	return r;
}

static void
check_table(const struct world *w)
{
	unsigned i, known = 0;

	require(chans_count(w->cs) <= CHANS_MAX);
	for (i = 0; i < CHANS_MAX; i++) {
		if (w->chan[i] != NULL) {
			require(w->chan[i] == w->cs->table[w->chan[i]->id]);
			known++;
		}
	}
	require(known == chans_count(w->cs));
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
    unsigned seed)
{
	return script_mutate(data, size, max, seed, 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct carrier carrier = { .ops = &memory_ops, .ctx = &w };
	struct view v = view_of(data, size), piece;
	uint8_t flags = fuzz_u8(&v), op;
	unsigned n = 0;
	int r = 0;

	memset(&w, 0, sizeof(w));
	carrier.peer = (enum carrier_peer)(flags >> 1 & 3) %
	    (CARRIER_PEER_OTHER + 1);
	require(chans_new(&carrier, &events, &w, (flags & 1) != 0,
	    &w.cs) == 0);
	while (v.len > 0 && (r == 0 || r == SSHTAP_ERR_UNSUPPORTED) &&
	    n++ < OPS_MAX) {
		op = fuzz_u8(&v);
		piece = fuzz_piece(&v);
		if ((op & 0x80) != 0)
			do_local(&w, op, &piece);
		else
			r = do_input(&w, &piece);
		if (r == 0)
			check_table(&w);
	}
	chans_free(w.cs);
	return 0;
}
