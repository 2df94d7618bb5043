/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The other program as a stream: a socket, or standard input and output.
 *
 * The frames of one turn gather in the buffer of ctl/framing.c and leave in
 * one write(2).  What of them is not taken stays there, and while anything
 * does the device is held; so there is one buffer, bounded, in order.
 *
 * Standard input and output are shared with whoever started us: they get
 * their flags back.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/framing.h"
#include "ctl/serve_impl.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"

struct stream {
	struct framing *framing;
	int in, out;		/* -1: nobody is connected; else often equal */
	bool is_stdio;
	int in_flags, out_flags;	/* stdio: what they were */
};

static bool
can_listen(const struct serve *s)
{
	return s->cmdline->method.kind == METHOD_STREAM &&
	    s->cmdline->method.way == METHOD_LISTEN;
}

/* Wait for room to write, and let the device wait for it, too. */
static void
set_blocked(struct serve *s, bool blocked)
{
	struct stream *st = s->peer;

	if (st->in == st->out)
		loop_set(s->loop, st->in, blocked ? LOOP_IN | LOOP_OUT :
		    LOOP_IN);
	else
		loop_set(s->loop, st->out, blocked ? LOOP_OUT : 0);
	serve_hold(s, blocked);
}

static int
connect_stream(struct serve *s, int in, int out)
{
	struct stream *st = s->peer;
	int r;

	st->in = in;
	st->out = out;
	framing_reset(st->framing);
	if ((r = loop_add(s->loop, in, SERVE_FD_PEER, s, LOOP_IN)) != 0 ||
	    (out != in &&
	    (r = loop_add(s->loop, out, SERVE_FD_PEER, s, 0)) != 0))
		return r;
	serve_plug(s);
	return 0;
}

/*
 * r: 0 when the other program closed, or an error that was logged.  With -k
 * neither is the end.
 */
static void
disconnect(struct serve *s, int r)
{
	struct stream *st = s->peer;

	if (!can_listen(s) || !s->cmdline->keep) {
		serve_end(s, r);
		return;
	}
	serve_hold(s, true);
	loop_remove(s->loop, st->in);
	proc_close(&st->in);
	st->out = -1;
	loop_set(s->loop, s->sock.fd, LOOP_IN);
}

/* Programs end in many ways: only what is none of them is an error. */
static void
lose(struct serve *s, int error, const char *what)
{
	if (error == EPIPE || error == ECONNRESET) {
		disconnect(s, 0);
		return;
	}
	errno = error;
	log_error_r(SSHTAP_ERR_SYSTEM, "%s the other program", what);
	disconnect(s, SSHTAP_ERR_SYSTEM);
}

static void
flush(struct serve *s)
{
	struct stream *st = s->peer;
	struct view left;
	ssize_t n = 0;

	while ((left = framing_pending(st->framing)).len > 0) {
		if ((n = write(st->out, left.p, left.len)) == -1)
			break;
		framing_sent(st->framing, (size_t)n);
	}
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		lose(s, errno, "cannot write to");
	else
		set_blocked(s, left.len > 0);
}

static int
move(struct serve *s)
{
	struct stream *st = s->peer;
	uint8_t *frame;
	size_t len;
	int r;

	if (framing_reserve(st->framing, &frame) != 0)
		return SSHTAP_ERR_WINDOW;
	if ((r = tap_recv(s->tap, frame, TAP_FRAME_MAX, &len)) == 0)
		framing_commit(st->framing, len);
	return r;
}

/* Hand on every frame that is whole. */
static void
take_frames(struct serve *s)
{
	struct stream *st = s->peer;
	uint8_t *frame;
	size_t len;
	int r = 0;

	while (!s->has_ended) {
		r = framing_next(st->framing, &frame, &len);
		if (r == 0)
			serve_frame(s, frame, len);
		else if (r == SSHTAP_ERR_DROPPED)
			s->runts++;
		else
			break;
	}
	if (r == SSHTAP_ERR_TOO_BIG) {
		log_error("the other program sent a length of more than %d "
		    "bytes: it does not speak this framing, or lost its place",
		    TAP_FRAME_MAX);
		disconnect(s, r);
	}
}

/* One read in each turn, so that the other direction has its share. */
static void
receive(struct serve *s)
{
	struct stream *st = s->peer;
	uint8_t *space;
	size_t size;
	ssize_t n;

	space = framing_space(st->framing, &size);
	n = read(st->in, space, size);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1)
		lose(s, errno, "cannot read from");
	else if (n == 0)
		disconnect(s, 0);
	else {
		framing_filled(st->framing, (size_t)n);
		take_frames(s);
	}
}

/*
 * A hang-up is what read(2) makes of it, after all that came before; that of
 * a pipe to be written to has no other meaning.
 */
static void
stream_ready(struct serve *s, int fd, unsigned events)
{
	struct stream *st = s->peer;

	if (fd == st->in && (events & (LOOP_IN | LOOP_HUP)) != 0)
		receive(s);
	else if (fd != st->in && (events & LOOP_HUP) != 0)
		disconnect(s, 0);
	if ((events & LOOP_OUT) != 0 && fd == st->out && !s->has_ended)
		flush(s);
}

/* The others wait in the queue of the socket, or find nobody there. */
static void
accept_stream(struct serve *s)
{
	int fd, r;

	if ((r = unixsock_accept(&s->sock, &fd)) != 0) {
		serve_end(s, r);
		return;
	}
	if (fd == -1)
		return;
	if (s->cmdline->keep)
		loop_set(s->loop, s->sock.fd, 0);
	else {
		loop_remove(s->loop, s->sock.fd);
		(void)shutdown(s->sock.fd, SHUT_RDWR);
	}
	if ((r = connect_stream(s, fd, fd)) != 0)
		serve_fail(s, r, "cannot serve");
}

static int
start_stdio(struct serve *s)
{
	struct stream *st = s->peer;

	st->in_flags = fcntl(STDIN_FILENO, F_GETFL);
	st->out_flags = fcntl(STDOUT_FILENO, F_GETFL);
	if (st->in_flags == -1 || st->out_flags == -1 ||
	    proc_set_nonblock(STDIN_FILENO) != 0 ||
	    proc_set_nonblock(STDOUT_FILENO) != 0)
		return SSHTAP_ERR_SYSTEM;
	st->is_stdio = true;
	return connect_stream(s, STDIN_FILENO, STDOUT_FILENO);
}

static int
stream_start(struct serve *s)
{
	bool is_stdio = s->cmdline->method.kind == METHOD_STDIO;
	struct stream *st;
	int fd, r;

	if ((st = calloc(1, sizeof(*st))) == NULL)
		return SSHTAP_ERR_ALLOC;
	st->in = st->out = -1;
	s->peer = st;
	if ((r = framing_new(is_stdio ? FRAMING_VDE : FRAMING_QEMU,
	    &st->framing)) != 0)
		return r;
	if (is_stdio)
		return start_stdio(s);
	if (can_listen(s))
		return loop_add(s->loop, s->sock.fd, SERVE_FD_LISTEN, s,
		    LOOP_IN);
	/* It is the connection itself. */
	fd = s->sock.fd;
	s->sock.fd = -1;
	return connect_stream(s, fd, fd);
}

static void
stream_stop(struct serve *s)
{
	struct stream *st = s->peer;

	if (st->is_stdio) {
		(void)fcntl(STDIN_FILENO, F_SETFL, st->in_flags);
		(void)fcntl(STDOUT_FILENO, F_SETFL, st->out_flags);
	} else
		proc_close(&st->in);
	framing_free(st->framing);
	free(st);
	s->peer = NULL;
}

const struct serve_ops serve_stream_ops = {
	.start = stream_start,
	.move = move,
	.flush = flush,
	.peer_ready = stream_ready,
	.accept = accept_stream,
	.stop = stream_stop,
};
