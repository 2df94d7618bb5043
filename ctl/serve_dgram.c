/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The other program as a datagram socket: each frame is one datagram.
 *
 * A socket of the file system has no connection of its own.  With a REMOTE we
 * connect to it, again and again until it is there and once more when it went
 * away; without, answers go to whoever sent last.  Datagram sockets that we
 * inherit are connected, and their end is ours.
 *
 * A frame that is not taken is kept, alone, and the device held.  When there
 * will be room is told for a connected socket on Linux; in the other cases
 * it is tried again after a moment, because a socket is writable then though
 * its receiver is full (EAGAIN of unix_dgram_sendmsg in Linux, ENOBUFS of
 * uipc_send in xnu).
 */

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/serve_impl.h"
#include "lib/err.h"
#include "lib/log.h"

#define RETRY_MS	1
#define AWAIT_MS	100

struct dgram {
	int fd;
	bool is_connected;	/* the system knows where frames go */
	bool is_known;		/* or we do: to */
	struct sockaddr_un to;
	socklen_t to_len;
	size_t held;		/* bytes of a frame that was not taken, or 0 */
	struct loop_timer retry;
	bool has_warned;
	uint8_t out[TAP_FRAME_MAX];
	uint8_t in[TAP_FRAME_MAX + 1];	/* one more shows what is too long */
};

static bool
is_inherited(const struct serve *s)
{
	return s->cmdline->method.way == METHOD_INHERIT;
}

/* Its end has closed, or nobody has opened it yet. */
static bool
is_absent(int error)
{
	return error == ECONNREFUSED || error == ECONNRESET ||
	    error == ENOENT || error == ENOTCONN || error == EPIPE;
}

/* Nobody is there now. */
static void
unplug(struct serve *s)
{
	struct dgram *d = s->peer;

	if (is_inherited(s)) {
		serve_end(s, 0);
		return;
	}
	d->is_connected = d->is_known = false;
	d->held = 0;
	loop_timer_cancel(s->loop, &d->retry);
	loop_set(s->loop, d->fd, LOOP_IN);
	serve_hold(s, true);
}

static ssize_t
send_one(const struct dgram *d, size_t len)
{
	if (d->is_connected)
		return send(d->fd, d->out, len, 0);
	return sendto(d->fd, d->out, len, 0, (const struct sockaddr *)&d->to,
	    d->to_len);
}

/* Keep the frame until it is taken. */
static void
hold_frame(struct serve *s, size_t len, int error)
{
	struct dgram *d = s->peer;

	d->held = len;
	serve_hold(s, true);
	if (d->is_connected && error == EAGAIN)
		loop_set(s->loop, d->fd, LOOP_IN | LOOP_OUT);
	else
		loop_timer_set(s->loop, &d->retry, loop_now(s->loop) +
		    RETRY_MS);
}

/* What the other program cannot take at all is dropped, as on a wire. */
static void
warn_once(struct serve *s, int error)
{
	struct dgram *d = s->peer;

	if (!d->has_warned)
		log_warn("cannot send frames to the other program: %s",
		    strerror(error));
	d->has_warned = true;
}

/* Returns 0, SSHTAP_ERR_DROPPED or SSHTAP_ERR_WINDOW. */
static int
deliver(struct serve *s, size_t len)
{
	ssize_t n;

	do
		n = send_one(s->peer, len);
	while (n == -1 && errno == EINTR);
	if (n != -1)
		return 0;
	if (errno == EAGAIN || errno == ENOBUFS) {
		hold_frame(s, len, errno);
		return SSHTAP_ERR_WINDOW;
	}
	if (is_absent(errno)) {
		unplug(s);
		return SSHTAP_ERR_WINDOW;
	}
	warn_once(s, errno);
	return SSHTAP_ERR_DROPPED;
}

static int
move(struct serve *s)
{
	struct dgram *d = s->peer;
	size_t len;
	int r;

	if ((r = tap_recv(s->tap, d->out, sizeof(d->out), &len)) != 0)
		return r;
	return deliver(s, len);
}

static void
send_held(struct serve *s)
{
	struct dgram *d = s->peer;
	size_t len = d->held;
	int r;

	loop_set(s->loop, d->fd, LOOP_IN);
	d->held = 0;
	r = deliver(s, len);
	if (r == 0)
		s->sent++;
	if (r != SSHTAP_ERR_WINDOW)
		serve_hold(s, false);
}

static void
retry(void *ctx, uint64_t now_ms)
{
	struct serve *s = ctx;

	(void)now_ms;
	if (!s->has_ended)
		send_held(s);
}

/*
 * A socket that was not bound comes without an address on Linux, and with one
 * of zeros on macOS (uipc_send in xnu); names of Linux that begin with a NUL
 * go on behind it.
 */
static bool
has_name(const struct sockaddr_un *from, socklen_t len)
{
	const char *p = (const char *)from;
	size_t i;

	for (i = offsetof(struct sockaddr_un, sun_path); i < len; i++)
		if (p[i] != '\0')
			return true;
	return false;
}

/* Answers go there from now on; an unnamed socket cannot be answered. */
static void
note_sender(struct serve *s, const struct sockaddr_un *from, socklen_t len)
{
	struct dgram *d = s->peer;
	bool was_known = d->is_known;

	if (d->is_connected || !has_name(from, len) || (was_known &&
	    len == d->to_len && memcmp(from, &d->to, len) == 0))
		return;
	memcpy(&d->to, from, len);
	d->to_len = len;
	d->is_known = true;
	d->has_warned = false;
	if (!was_known)
		serve_plug(s);
}

/* Returns false when there is nothing more to take now. */
static bool
receive_one(struct serve *s)
{
	struct dgram *d = s->peer;
	struct sockaddr_un from;
	socklen_t from_len = sizeof(from);
	ssize_t n;

	n = recvfrom(d->fd, d->in, sizeof(d->in), 0, (struct sockaddr *)&from,
	    &from_len);
	if (n == -1 && is_absent(errno)) {
		unplug(s);
		return false;
	}
	if (n == -1) {
		if (errno != EAGAIN && errno != EINTR)
			serve_fail(s, SSHTAP_ERR_SYSTEM,
			    "cannot read from the other program");
		return false;
	}
	if (from_len <= sizeof(from))
		note_sender(s, &from, from_len);
	serve_frame(s, d->in, (size_t)n);
	return !s->has_ended;
}

static void
dgram_ready(struct serve *s, int fd, unsigned events)
{
	struct dgram *d = s->peer;
	int i;

	(void)fd;
	if ((events & (LOOP_IN | LOOP_HUP)) != 0)
		for (i = 0; i < SERVE_BATCH && receive_one(s); i++)
			continue;
	if ((events & LOOP_OUT) != 0 && !s->has_ended && d->held > 0)
		send_held(s);
}

/* Returns 0, SSHTAP_ERR_AGAIN (nobody is there yet), or SSHTAP_ERR_SYSTEM. */
static int
connect_remote(const struct serve *s, int fd)
{
	struct sockaddr_un sun;
	socklen_t len = unixsock_address(s->cmdline->method.remote, &sun);

	if (connect(fd, (struct sockaddr *)&sun, len) == 0)
		return 0;
	return is_absent(errno) || errno == EINTR ? SSHTAP_ERR_AGAIN :
	    SSHTAP_ERR_SYSTEM;
}

/* Who gives root up afterwards may find the way to the socket closed. */
static int
dgram_await(struct serve *s)
{
	int r = 0;

	if (*s->cmdline->method.remote == '\0')
		return 0;
	do
		r = connect_remote(s, s->sock.fd);
	while (r == SSHTAP_ERR_AGAIN && serve_wait(s, AWAIT_MS));
	if (r == SSHTAP_ERR_SYSTEM)
		log_error_r(r, "cannot connect to %s",
		    s->cmdline->method.remote);
	return s->has_ended ? 0 : r;
}

/*
 * Nothing tells that the other program has closed its socket and made a new
 * one, so we connect again and again; where it is the same, nothing changes.
 */
static void
try_remote(struct serve *s)
{
	struct dgram *d = s->peer;
	int r;

	if (*s->cmdline->method.remote == '\0')
		return;
	r = connect_remote(s, d->fd);
	if (r == 0 && !d->is_connected) {
		d->is_connected = true;
		serve_plug(s);
	} else if (r == SSHTAP_ERR_AGAIN && d->is_connected)
		unplug(s);
	else if (r == SSHTAP_ERR_SYSTEM && !d->is_connected)
		serve_fail(s, r, s->cmdline->method.remote);
}

/*
 * A datagram socket does not tell that its other end has closed: sending does.
 * OpenVPN drops what is empty (process_incoming_tun in its forward.c and
 * multi_process_incoming_tun in multi.c), so it can be asked as long as the
 * device is silent.  It may have closed the socket and live on, and may not be
 * allowed to signal us then, having given up root.
 */
static void
try_openvpn(struct serve *s)
{
	struct dgram *d = s->peer;

	if (send(d->fd, "", 0, 0) == -1 && is_absent(errno))
		unplug(s);
}

static void
tick(struct serve *s)
{
	if (s->cmdline->method.kind == METHOD_OPENVPN)
		try_openvpn(s);
	else
		try_remote(s);
}

static bool
has_peer(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &len) == 0;
}

static int
dgram_start(struct serve *s)
{
	struct dgram *d;
	int r;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		return SSHTAP_ERR_ALLOC;
	d->fd = s->sock.fd;
	d->retry.fn = retry;
	d->retry.ctx = s;
	s->peer = d;
	if ((r = loop_add(s->loop, d->fd, SERVE_FD_PEER, s, LOOP_IN)) != 0)
		return r;
	if (has_peer(d->fd)) {
		d->is_connected = true;
		serve_plug(s);
	} else
		try_remote(s);
	return 0;
}

static void
dgram_stop(struct serve *s)
{
	free(s->peer);
	s->peer = NULL;
}

const struct serve_ops serve_dgram_ops = {
	.await = dgram_await,
	.start = dgram_start,
	.move = move,
	.peer_ready = dgram_ready,
	.tick = tick,
	.stop = dgram_stop,
};
