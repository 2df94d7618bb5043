/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Read a large piece, take all packets out of it, and let each layer have its
 * own; write what has gathered once per turn of the loop.
 *
 * Any handler may end the wire, so whatever follows a handler looks first.
 */

#include "relay/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/proc.h"

#define LINGER_MS	500

/*
 * Nothing tells when there is room on the path again.  While nothing moves on
 * it the pauses become longer.
 */
#define AGAIN_MS	1
#define AGAIN_MAX_MS	64

/* Batches written in one turn of the loop, before anything else gets its. */
#define BATCHES		4

void
wire_end(struct wire *w)
{
	w->ended = true;
	/* Whoever waits for something else must not spin on an end of file. */
	loop_remove(w->loop, w->rfd);
	loop_remove(w->loop, w->wfd);
	loop_timer_cancel(w->loop, &w->again);
}

void
wire_check(struct wire *w, int r)
{
	if (r == 0 || r == SSHTAP_ERR_AGAIN || w->ended)
		return;
	wire_end(w);
	w->ops->failed(w->ctx, r);
	(void)session_fail(w->session, r);
}

static void
lost(struct wire *w, int error)
{
	wire_end(w);
	w->ops->lost(w->ctx, error);
}

/* One packet for a layer above the transport. */
static int
hand_on(struct wire *w, struct session_packet *p)
{
	int r = w->ops->packet(w->ctx, p);

	if (r == SSHTAP_ERR_UNSUPPORTED)
		r = session_send_unimplemented(w->session, p->seq);
	return r;
}

static void
take_packets(struct wire *w)
{
	struct session_packet p;
	int r;

	do {
		r = session_next(w->session, loop_now(w->loop), &p);
		if (r == 0)
			r = hand_on(w, &p);
		if (r == 0 && !w->ended &&
		    !session_keeps_payloads(w->session))
			r = w->ops->drained(w->ctx);
	} while (r == 0 && !w->ended);
	if (r == SSHTAP_ERR_AGAIN)
		r = w->ops->drained(w->ctx);
	wire_check(w, r);
}

/* #syscalls:network read */
static void
receive(struct wire *w)
{
	uint8_t *p;
	size_t len;
	ssize_t n;

	session_input_space(w->session, &p, &len);
	n = read(w->rfd, p, len);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK ||
	    errno == EINTR))
		return;
	if (n <= 0) {
		lost(w, n == 0 || errno == ECONNRESET ? 0 : errno);
		return;
	}
	if (w->ops->heard != NULL)
		w->ops->heard(w->ctx);
	path_received(&w->path, (size_t)n);
	session_input_received(w->session, (size_t)n);
	take_packets(w);
}

/* What the peer said last explains it better. */
static void
cannot_write(struct wire *w)
{
	receive(w);
	if (!w->ended)
		lost(w, 0);
}

void
wire_ready(void *ctx, int fd, unsigned events)
{
	struct wire *w = ctx;

	if (w->ended)
		return;
	/* Writing happens once per turn, in wire_flush. */
	if (fd == w->rfd) {
		if ((events & (LOOP_IN | LOOP_HUP)) != 0)
			receive(w);
	} else if ((events & LOOP_HUP) != 0)
		cannot_write(w);
}

/* Wait for what there is to wait for. */
static void
watch(struct wire *w)
{
	unsigned out = session_output(w->session).len > 0 ? LOOP_OUT : 0;

	if (w->rfd == w->wfd) {
		loop_set(w->loop, w->rfd, LOOP_IN | out);
		return;
	}
	loop_set(w->loop, w->rfd, LOOP_IN);
	loop_set(w->loop, w->wfd, out);
}

/*
 * Write what there is.  Returns 0, SSHTAP_ERR_AGAIN (the socket is full), or
 * SSHTAP_ERR_CLOSED (the wire has ended).
 * #syscalls:network write
 */
static int
write_out(struct wire *w)
{
	struct view v;
	ssize_t n;

	while ((v = session_output(w->session)).len > 0) {
		n = write(w->wfd, v.p, v.len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return SSHTAP_ERR_AGAIN;
		if (n == -1) {
			cannot_write(w);
			return SSHTAP_ERR_CLOSED;
		}
		session_output_written(w->session, (size_t)n);
	}
	return 0;
}

/* How much may be sealed now, of what the path has room for. */
static void
limit_output(struct wire *w)
{
	size_t room = path_room(&w->path);

	session_set_output_max(w->session, room);
	if (room > 0) {
		loop_timer_cancel(w->loop, &w->again);
		return;
	}
	if (w->path.queued != w->stuck || w->again_ms == 0)
		w->again_ms = AGAIN_MS;
	else if (!w->again.armed && w->again_ms < AGAIN_MAX_MS)
		w->again_ms *= 2;
	w->stuck = w->path.queued;
	loop_timer_set(w->loop, &w->again, loop_now(w->loop) + w->again_ms);
}

/* The next turn of the loop looks again by itself. */
static void
look_again(void *ctx, uint64_t now_ms)
{
	(void)ctx;
	(void)now_ms;
}

static void
sample(struct wire *w)
{
	if (path_sample(&w->path, proc_now_us()) && w->ops->sampled != NULL)
		wire_check(w, w->ops->sampled(w->ctx));
}

void
wire_flush(struct wire *w)
{
	unsigned i;
	int r;

	if (w->ended)
		return;
	sample(w);
	for (i = 0; i < BATCHES && !w->ended; i++) {
		if ((r = write_out(w)) == SSHTAP_ERR_CLOSED)
			return;
		limit_output(w);
		if (session_is_writable(w->session))
			w->ops->writable(w->ctx);
		if (r != 0 || session_output(w->session).len == 0)
			break;
	}
	if (!w->ended)
		watch(w);
}

/* #syscalls:network poll ppoll write */
void
wire_linger(struct wire *w)
{
	struct pollfd pfd = { .fd = w->wfd, .events = POLLOUT };
	uint64_t until_ms = proc_now_ms() + LINGER_MS;
	struct view v;
	ssize_t n;

	while ((v = session_output(w->session)).len > 0 &&
	    poll(&pfd, 1, proc_poll_time(until_ms)) == 1) {
		n = write(w->wfd, v.p, v.len);
		if (n <= 0)
			return;
		session_output_written(w->session, (size_t)n);
	}
}

int
wire_start(struct wire *w, unsigned loop_type)
{
	int r;

	path_init(&w->path, w->wfd, proc_now_us());
	w->again.fn = look_again;
	r = loop_add(w->loop, w->rfd, loop_type, w, LOOP_IN);
	if (r != 0 || w->wfd == w->rfd)
		return r;
	if ((r = loop_add(w->loop, w->wfd, loop_type, w, 0)) != 0)
		loop_remove(w->loop, w->rfd);
	return r;
}
