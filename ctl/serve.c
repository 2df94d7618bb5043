/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The life of tapctl serve.  First what needs the rights of the one who
 * called: the socket in the file system, as root too, but with that user's
 * rights.  Then, as root, the fork: the monitor makes the device and stays;
 * the other process gives it its addresses or its bridge, and gives root up
 * before it reads a byte of anybody's.
 *
 *	device --> ops->move, ops->flush --> other program
 *	device <-- serve_frame <-- ops->peer_ready
 *
 * While the other program takes no more, or is not there, the device is held:
 * it is not read, and its own queue drops.  So frames are never reordered and
 * none is waited for.
 *
 * The socket's file is removed by the process that outlives the other.
 */

#include "ctl/serve.h"

#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

#include "ctl/fault.h"
#include "ctl/serve_impl.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/signals.h"
#include "tun/tap_link.h"

#define TICK_MS		1000

/* Frames that may have gathered while no program was there. */
#define STALE_MAX	4096

void
serve_end(struct serve *s, int r)
{
	if (s->has_ended)
		return;
	s->has_ended = true;
	s->result = r;
}

void
serve_fail(struct serve *s, int r, const char *what)
{
	log_error_r(r, "%s", what);
	serve_end(s, r);
}

static void
device_gone(struct serve *s)
{
	log_error("%s was removed", tap_name(s->tap));
	serve_end(s, SSHTAP_ERR_GONE);
}

void
serve_hold(struct serve *s, bool hold)
{
	int fd = tap_read_fd(s->tap);

	s->is_held = hold;
	loop_set(s->loop, fd, hold ? 0 : LOOP_IN);
	if (!hold && tap_has_pending(s->tap))
		loop_again(s->loop, fd);
}

void
serve_plug(struct serve *s)
{
	(void)tap_discard(s->tap, STALE_MAX);
	serve_hold(s, false);
}

void
serve_frame(struct serve *s, uint8_t *frame, size_t len)
{
	s->received++;
	if (tap_send(s->tap, frame, len) == SSHTAP_ERR_GONE)
		device_gone(s);
}

/* Loop events. */

static void
move_frames(struct serve *s)
{
	int i, r = 0;

	for (i = 0; i < SERVE_BATCH; i++) {
		r = s->ops->move(s);
		if (r == 0)
			s->sent++;
		else if (r != SSHTAP_ERR_DROPPED)
			break;
	}
	if (r == SSHTAP_ERR_GONE)
		device_gone(s);
	else if (r == SSHTAP_ERR_SYSTEM)
		serve_fail(s, r, tap_name(s->tap));
	if (s->ops->flush != NULL && !s->has_ended)
		s->ops->flush(s);
	if (!s->has_ended && !s->is_held && tap_has_pending(s->tap))
		loop_again(s->loop, tap_read_fd(s->tap));
}

static void
tap_ready(void *ctx, int fd, unsigned events)
{
	struct serve *s = ctx;

	(void)fd;
	if (s->has_ended)
		return;
	/* A device that was removed says so in any state, and only thus. */
	if ((events & LOOP_HUP) != 0 &&
	    tap_discard(s->tap, 1) == SSHTAP_ERR_GONE)
		device_gone(s);
	else if (!s->is_held)
		move_frames(s);
}

static void
peer_ready(void *ctx, int fd, unsigned events)
{
	struct serve *s = ctx;

	if (!s->has_ended)
		s->ops->peer_ready(s, fd, events);
}

static void
listen_ready(void *ctx, int fd, unsigned events)
{
	struct serve *s = ctx;

	(void)fd;
	(void)events;
	if (!s->has_ended)
		s->ops->accept(s);
}

static void
signal_ready(void *ctx, int fd, unsigned events)
{
	(void)fd;
	(void)events;
	(void)signals_take();
	serve_end(ctx, 0);
}

static void
monitor_ready(void *ctx, int fd, unsigned events)
{
	(void)fd;
	(void)events;
	log_error("the process that watches the device was killed");
	serve_end(ctx, SSHTAP_ERR_CLOSED);
}

bool
serve_wait(struct serve *s, int ms)
{
	struct pollfd fds[2] = {
		{ .fd = signals_fd(), .events = POLLIN },
		{ .fd = s->monitor != NULL ? monitor_fd(s->monitor) : -1,
		    .events = POLLIN },
	};

	if (poll(fds, 2, ms) == -1)
		return true;
	if (fds[0].revents != 0)
		signal_ready(s, fds[0].fd, LOOP_IN);
	else if (fds[1].revents != 0)
		monitor_ready(s, fds[1].fd, LOOP_IN);
	return !s->has_ended;
}

static const struct loop_type loop_types[SERVE_FD_COUNT] = {
	[SERVE_FD_TAP] = { "device", tap_ready },
	[SERVE_FD_PEER] = { "peer", peer_ready },
	[SERVE_FD_LISTEN] = { "listen", listen_ready },
	[SERVE_FD_SIGNAL] = { "signal", signal_ready },
	[SERVE_FD_MONITOR] = { "monitor", monitor_ready },
};

static void
tick(void *ctx, uint64_t now_ms)
{
	struct serve *s = ctx;

	if (s->has_ended)
		return;
	loop_timer_set(s->loop, &s->tick, now_ms + TICK_MS);
	if (tap_check(s->tap) == SSHTAP_ERR_GONE)
		device_gone(s);
	else if (s->ops->tick != NULL)
		s->ops->tick(s);
}

/* With the rights of the one who called. */

static int
open_socket(struct serve *s)
{
	const struct method *m = &s->cmdline->method;
	int type = m->kind == METHOD_STREAM ? SOCK_STREAM : SOCK_DGRAM;

	if (m->kind == METHOD_STDIO)
		return 0;
	switch (m->way) {
	case METHOD_LISTEN:
		return unixsock_make(m->path, type, &s->sock);
	case METHOD_CONNECT:
		return unixsock_connect(m->path, &s->sock);
	default:
		return unixsock_adopt(m->fd, type, &s->sock);
	}
}

/* A terminal would be asked for frames, and shown them. */
static int
check_stdio(const struct serve *s)
{
	if (s->cmdline->method.kind != METHOD_STDIO ||
	    (!isatty(STDIN_FILENO) && !isatty(STDOUT_FILENO)))
		return 0;
	log_error("standard input and output are for another program, not for "
	    "a terminal");
	return SSHTAP_ERR_ARGUMENT;
}

static int
prepare(struct serve *s)
{
	struct user_rights own;
	int r;

	if ((r = check_stdio(s)) != 0)
		return r;
	if (user_assume(&s->user, &own) != 0) {
		log_error_r(SSHTAP_ERR_SYSTEM, "cannot act as user \"%s\"",
		    s->user.name);
		return SSHTAP_ERR_SYSTEM;
	}
	r = open_socket(s);
	if (user_resume(&own) != 0) {
		log_error_r(SSHTAP_ERR_SYSTEM, "cannot be root again");
		r = SSHTAP_ERR_SYSTEM;
	}
	return r;
}

/* A socket that nobody can reach any more is left where it is. */
static void
remove_socket(const struct serve *s)
{
	struct user_rights own;

	if (user_assume(&s->user, &own) == 0) {
		unixsock_remove(&s->sock);
		(void)user_resume(&own);
	}
}

/* The process that serves. */

static void
log_warning(void *ctx, const char *text)
{
	(void)ctx;
	log_warn("%s", text);
}

static int
open_tap(struct serve *s)
{
	struct tap_fault fault = { .step = TAP_STEP_NONE };
	int r;

	if (s->monitor != NULL)
		r = monitor_open_tap(s->monitor, &s->cmdline->request,
		    &s->tap, &fault);
	else if ((r = tap_open(&s->cmdline->request, &s->tap, &fault)) == 0)
		tap_warn(log_warning, NULL);
	if (r != 0)
		fault_report(r, &fault);
	return r;
}

/*
 * What the host is to do with the interface.  A bridge's port has no address
 * of its own.  Without root only a device of the user's own can be opened, and
 * who made that has seen to its addresses.
 */
static int
configure(const struct serve *s)
{
	const struct cmdline *c = s->cmdline;
	const char *name = tap_name(s->tap);
	struct tap_fault fault = { .step = TAP_STEP_NONE };
	size_t i;
	int r = 0;

	if (c->bridge != NULL)
		r = tap_link_join_bridge(name, c->bridge, NULL, &fault);
	else if (c->method.n_addresses > 0 && getuid() != 0)
		log_warn("not root: the IP addresses of %s are left as they "
		    "are", name);
	else
		for (i = 0; r == 0 && i < c->method.n_addresses; i++)
			r = tap_link_add_address(name,
			    &c->method.addresses[i], NULL, &fault);
	if (r != 0)
		fault_report(r, &fault);
	return r;
}

static int
watch(struct serve *s)
{
	int r;

	if ((r = loop_new(loop_types, SERVE_FD_COUNT, &s->loop)) != 0 ||
	    (r = loop_add(s->loop, signals_fd(), SERVE_FD_SIGNAL, s,
	    LOOP_IN)) != 0 ||
	    (r = loop_add(s->loop, tap_read_fd(s->tap), SERVE_FD_TAP, s,
	    0)) != 0)
		return r;
	if (s->monitor != NULL && (r = loop_add(s->loop,
	    monitor_fd(s->monitor), SERVE_FD_MONITOR, s, LOOP_IN)) != 0)
		return r;
	s->is_held = true;
	s->tick.fn = tick;
	s->tick.ctx = s;
	loop_timer_set(s->loop, &s->tick, loop_now(s->loop) + TICK_MS);
	return s->ops->start(s);
}

static int
give_up_root(struct serve *s)
{
	int r = 0;

	if (getuid() != 0)
		return 0;
	if (!s->user.is_root)
		return user_become(&s->user);
	if (s->ops->await != NULL)
		r = s->ops->await(s);
	return r == 0 ? user_become_unprivileged() : r;
}

/* What a person wants to know when it is over. */
static void
log_sums(const struct serve *s)
{
	const struct tap_stats *st = tap_stats(s->tap);

	log_info("%s: %" PRIu64 " frames to the other program, %" PRIu64
	    " from it, %" PRIu64 " of those dropped", tap_name(s->tap),
	    s->sent, s->received + s->runts, st->dropped_out + s->runts);
}

static int
run(struct serve *s)
{
	int r;

	if ((r = watch(s)) != 0) {
		log_error_r(r, "cannot serve");
		return r;
	}
	while (!s->has_ended)
		if ((r = loop_turn(s->loop)) != 0)
			serve_fail(s, r, "cannot wait for events");
	log_sums(s);
	return s->result;
}

static int
serve(struct serve *s)
{
	char where[METHOD_WHERE_MAX];
	int r;

	if ((r = signals_start()) != 0) {
		log_error_r(r, "cannot serve");
		return r;
	}
	if ((r = open_tap(s)) != 0 || (r = configure(s)) != 0)
		goto out;
	log_info("serving %s at %s", tap_name(s->tap),
	    method_where(&s->cmdline->method, where, sizeof(where)));
	if ((r = give_up_root(s)) == 0)
		r = s->has_ended ? s->result : run(s);
 out:
	if (s->peer != NULL)
		s->ops->stop(s);
	tap_close(s->tap);
	loop_free(s->loop);
	return r;
}

/* Forks; returns in the monitor after the end of the other. */
static int
serve_as_root(struct serve *s, bool *is_monitorp)
{
	int r, status = 0;

	if ((r = monitor_start(&s->monitor, &status)) < 0)
		log_error_r(r, "cannot start the process that serves");
	*is_monitorp = r != 0;
	if (r == 0)
		r = serve(s);
	else if (r > 0)
		r = status == 0 ? 0 : SSHTAP_ERR_CLOSED;
	return r;
}

int
serve_run(const struct cmdline *c)
{
	struct serve s = { .cmdline = c };
	bool removes = true;
	int r;

	unixsock_init(&s.sock);
	s.ops = c->method.kind == METHOD_STREAM ||
	    c->method.kind == METHOD_STDIO ? &serve_stream_ops :
	    &serve_dgram_ops;
	if ((r = user_invoking(&s.user)) != 0)
		return r;
	if ((r = prepare(&s)) != 0)
		;
	else if (geteuid() == 0)
		r = serve_as_root(&s, &removes);
	else
		r = serve(&s);
	if (removes)
		remove_socket(&s);
	monitor_free(s.monitor);
	unixsock_clear(&s.sock);
	user_clear(&s.user);
	return r;
}
