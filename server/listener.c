/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Each connection on which nobody has logged in yet has a socket between its
 * monitor and us.  A byte on it says that somebody has, its end that the
 * connection is over; and our end of it, closed, tells the monitor to go.  No
 * process is ever signalled by its number, so none can be mistaken.
 */

#include "server/listener.h"

#include <sys/socket.h>
#include <netinet/in.h>

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/proc.h"
#include "lib/signals.h"
#include "server/activation.h"
#include "server/config.h"
#include "server/startups.h"

static_assert(SERVER_CONFIG_STARTUPS_MAX == STARTUPS_MAX,
    "what can be configured has room");

#define SOCKETS_MAX	64
#define BACKLOG		128

/* Connections taken in one turn, so that signals get theirs. */
#define BATCH		16

/* How long to leave the queue alone when there are no descriptors. */
#define PAUSE_MS	500

#define REFUSALS_MS	1000

/* In the words that clients know of sshd. */
static const char busy_line[] = "Exceeded MaxStartups\r\n";

struct waiting {
	struct listener *owner;
	int fd;			/* to the monitor, -1: free */
	uint32_t id;		/* of startups */
};

struct listener {
	struct listener_options o;
	struct loop *loop;
	struct startups *startups;
	int sockets[SOCKETS_MAX];
	size_t nsockets;
	struct waiting waiting[STARTUPS_MAX];
	struct loop_timer pause;
	bool ended;
	int status;
	unsigned long refused;	/* not yet logged */
	const char *refused_why;	/* the last one */
	struct loop_timer refusals;	/* when they may be logged again */
};

enum listener_fd {
	LISTENER_FD_SOCKET,
	LISTENER_FD_WAITING,
	LISTENER_FD_SIGNAL,
	LISTENER_FD_COUNT
};

/* ---- a connection that waits for its login ---- */

static void
end_waiting(struct waiting *w, bool has_logged_in)
{
	struct listener *l = w->owner;

	loop_remove(l->loop, w->fd);
	proc_close(&w->fd);
	startups_end(l->startups, w->id, has_logged_in, loop_now(l->loop));
}

static void
waiting_ready(void *ctx, int fd, unsigned events)
{
	char byte;

	(void)events;
	end_waiting(ctx, read(fd, &byte, 1) == 1);
}

static void
evict(struct listener *l, uint32_t id)
{
	size_t i;

	for (i = 0; i < STARTUPS_MAX; i++)
		if (l->waiting[i].fd != -1 && l->waiting[i].id == id)
			end_waiting(&l->waiting[i], false);
}

static struct waiting *
find_free(struct listener *l)
{
	size_t i;

	for (i = 0; i < STARTUPS_MAX; i++)
		if (l->waiting[i].fd == -1)
			return &l->waiting[i];
	return NULL;
}

/* ---- a new connection ---- */

static void
close_all(struct listener *l)
{
	size_t i;

	for (i = 0; i < l->nsockets; i++)
		proc_close(&l->sockets[i]);
	for (i = 0; i < STARTUPS_MAX; i++)
		proc_close(&l->waiting[i].fd);
}

/*
 * In the child, which ends here: what the loop has still to say concerns the
 * listener's descriptors.
 */
static void
become_monitor(struct listener *l, int conn, int to_listener)
{
	struct server_conn c = { .rfd = conn, .wfd = conn,
	    .listener = to_listener };

	close_all(l);
	server_conn_name(&c);
	_exit(server_monitor_run(l->o.server, &c));
}

static void
watch_sockets(struct listener *l, unsigned events)
{
	size_t i;

	for (i = 0; i < l->nsockets; i++)
		loop_set(l->loop, l->sockets[i], events);
}

static void
pause_over(void *ctx, uint64_t now_ms)
{
	(void)now_ms;
	watch_sockets(ctx, LOOP_IN);
}

/* It goes on failing until somebody ends. */
static void
pause_for_others(struct listener *l)
{
	log_error_r(SSHTAP_ERR_SYSTEM, "cannot serve a connection");
	watch_sockets(l, 0);
	loop_timer_set(l->loop, &l->pause, loop_now(l->loop) + PAUSE_MS);
}

static void
hand_over(struct listener *l, struct waiting *w, int conn)
{
	int fds[2];
	pid_t pid;

	if (proc_socketpair(fds) != 0) {
		pause_for_others(l);
		end_waiting(w, false);
		return;
	}
	if ((pid = proc_fork()) == 0) {
		proc_close(&fds[0]);
		become_monitor(l, conn, fds[1]);
	}
	proc_close(&fds[1]);
	w->fd = fds[0];
	if (pid == -1 || loop_add(l->loop, w->fd, LISTENER_FD_WAITING, w,
	    LOOP_IN) != 0) {
		pause_for_others(l);
		end_waiting(w, false);
	}
}

/*
 * The first one at once, then one line for all of a second: whoever comes too
 * often must not fill the log.
 */
static void
log_refused(void *ctx, uint64_t now_ms)
{
	struct listener *l = ctx;

	if (l->refused == 0)
		return;
	log_info("refused reason=%s count=%lu waiting=%u", l->refused_why,
	    l->refused, startups_count(l->startups));
	l->refused = 0;
	loop_timer_set(l->loop, &l->refusals, now_ms + REFUSALS_MS);
}

static void
turn_away(struct listener *l, int conn, const char *why)
{
	(void)send(conn, busy_line, sizeof(busy_line) - 1, MSG_DONTWAIT);
	l->refused_why = why;
	l->refused++;
	if (!l->refusals.armed)
		log_refused(l, loop_now(l->loop));
}

static void
take(struct listener *l, int conn, const struct sockaddr *from)
{
	uint32_t chance = 0, id, evicted;
	struct waiting *w;

	(void)RAND_bytes((unsigned char *)&chance, sizeof(chance));
	switch (startups_begin(l->startups, from, chance, loop_now(l->loop),
	    &id, &evicted)) {
	case STARTUPS_SOURCE_FULL:
		turn_away(l, conn, "PerSourceMaxStartups");
		return;
	case STARTUPS_FULL:
		turn_away(l, conn, "MaxStartups");
		return;
	default:
		break;
	}
	if (evicted != STARTUPS_NONE)
		evict(l, evicted);
	if ((w = find_free(l)) == NULL) {
		startups_end(l->startups, id, false, loop_now(l->loop));
		turn_away(l, conn, "MaxStartups");
		return;
	}
	w->id = id;
	hand_over(l, w, conn);
}

static void
socket_ready(void *ctx, int fd, unsigned events)
{
	struct listener *l = ctx;
	struct sockaddr_storage from;
	socklen_t len;
	int conn, i;

	(void)events;
	for (i = 0; i < BATCH && !l->ended; i++) {
		len = sizeof(from);
		memset(&from, 0, sizeof(from));
		conn = accept(fd, (struct sockaddr *)&from, &len);
		if (conn == -1) {
			if (errno == EMFILE || errno == ENFILE ||
			    errno == ENOMEM || errno == ENOBUFS)
				pause_for_others(l);
			return;
		}
		if (proc_set_cloexec(conn) == 0 && proc_set_nonblock(conn) == 0)
			take(l, conn, (struct sockaddr *)&from);
		(void)close(conn);
	}
}

/* ---- where to listen ---- */

static void
log_address(const char *what, int fd)
{
	struct server_conn c = { .rfd = fd, .wfd = fd, .listener = -1 };

	server_conn_name(&c);
	log_info("%s address=%s port=%u", what, c.to, c.to_port);
}

static int
open_socket(const struct addrinfo *ai)
{
	int on = 1, fd;

	if ((fd = socket(ai->ai_family, SOCK_STREAM, 0)) == -1)
		return -1;
	if (proc_set_cloexec(fd) == 0 && proc_set_nonblock(fd) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    (ai->ai_family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6,
	    IPV6_V6ONLY, &on, sizeof(on)) == 0) &&
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	proc_close(&fd);
	return -1;
}

static void
listen_at(struct listener *l, const char *host, unsigned port)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE,
	    .ai_family = l->o.server->config->address_family,
	    .ai_socktype = SOCK_STREAM }, *all, *ai;
	char service[16];
	int r, fd;

	snprintf(service, sizeof(service), "%u", port);
	if ((r = getaddrinfo(host, service, &hints, &all)) != 0) {
		log_error("cannot listen at %s: %s", host, gai_strerror(r));
		return;
	}
	for (ai = all; ai != NULL && l->nsockets < SOCKETS_MAX;
	    ai = ai->ai_next) {
		if ((fd = open_socket(ai)) != -1) {
			log_address("listen", fd);
			l->sockets[l->nsockets++] = fd;
		} else if (ai->ai_family != AF_INET6 ||
		    (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL))
			log_error("cannot listen at %s port %u: %s",
			    host != NULL ? host : "any address", port,
			    strerror(errno));
	}
	freeaddrinfo(all);
}

static void
listen_at_ports(struct listener *l, const struct server_config_listen *where)
{
	const struct server_config *c = l->o.server->config;
	const char *host = where != NULL ? where->host : NULL;
	size_t i;

	if (where != NULL && where->port != 0) {
		listen_at(l, host, where->port);
		return;
	}
	for (i = 0; i < c->ports_n; i++)
		listen_at(l, host, c->ports[i]);
}

static int
open_sockets(struct listener *l)
{
	const struct server_config *c = l->o.server->config;
	size_t i;
	int r;

	for (i = 0; i < l->o.nfds; i++) {
		l->sockets[l->nsockets++] = l->o.fds[i];
		log_address("listen-activated", l->o.fds[i]);
	}
	for (i = 0; l->o.nfds == 0 && i < c->listen_n; i++)
		listen_at_ports(l, &c->listen[i]);
	if (l->o.nfds == 0 && c->listen_n == 0)
		listen_at_ports(l, NULL);
	if (l->nsockets == 0)
		return SSHTAP_ERR_NOT_FOUND;
	for (i = 0; i < l->nsockets; i++)
		if ((r = loop_add(l->loop, l->sockets[i], LISTENER_FD_SOCKET,
		    l, LOOP_IN)) != 0)
			return r;
	return 0;
}

static void
close_sockets(struct listener *l)
{
	for (; l->nsockets > 0; l->nsockets--) {
		loop_remove(l->loop, l->sockets[l->nsockets - 1]);
		if (l->o.nfds == 0)
			proc_close(&l->sockets[l->nsockets - 1]);
	}
}

static struct startups_limits
limits_of(const struct server_config *c)
{
	return (struct startups_limits){
		.begin = c->startups_begin,
		.rate = c->startups_rate,
		.full = c->startups_full,
		.per_source = c->per_source_max,
		.v4_bits = c->per_source_v4,
		.v6_bits = c->per_source_v6,
	};
}

/* ---- signals ---- */

static void
reload(struct listener *l)
{
	struct startups_limits limits;

	activation_notify("RELOADING=1");
	if (l->o.reload(l->o.ctx, l->o.server) != 0) {
		log_error("reload result=failed: everything stays as it was");
		activation_notify("READY=1");
		return;
	}
	limits = limits_of(l->o.server->config);
	(void)startups_set_limits(l->startups, &limits);
	close_sockets(l);
	if (open_sockets(l) != 0) {
		log_error("there is no address left to listen at");
		l->ended = true;
		return;
	}
	log_info("reload result=done");
	activation_notify("READY=1");
}

static void
signal_ready(void *ctx, int fd, unsigned events)
{
	struct listener *l = ctx;
	int sig = signals_take();

	(void)fd;
	(void)events;
	if (sig == SIGHUP) {
		reload(l);
	} else if (sig != 0) {
		log_info("stop signal=%d (%s)", sig, strsignal(sig));
		activation_notify("STOPPING=1");
		l->status = 0;
		l->ended = true;
	}
}

/* ---- life ---- */

static const struct loop_type loop_types[LISTENER_FD_COUNT] = {
	[LISTENER_FD_SOCKET] = { "socket", socket_ready },
	[LISTENER_FD_WAITING] = { "waiting", waiting_ready },
	[LISTENER_FD_SIGNAL] = { "signal", signal_ready },
};

int
listener_new(const struct listener_options *o, struct listener **lp)
{
	struct startups_limits limits = limits_of(o->server->config);
	struct listener *l;
	size_t i;
	int r;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return SSHTAP_ERR_ALLOC;
	l->o = *o;
	l->status = PROC_EXIT_FAILURE;
	l->pause.fn = pause_over;
	l->pause.ctx = l;
	l->refusals.fn = log_refused;
	l->refusals.ctx = l;
	for (i = 0; i < STARTUPS_MAX; i++)
		l->waiting[i] = (struct waiting){ .owner = l, .fd = -1 };
	if ((r = loop_new(loop_types, LISTENER_FD_COUNT, &l->loop)) != 0 ||
	    (r = startups_new(&limits, &l->startups)) != 0 ||
	    (r = open_sockets(l)) != 0 ||
	    (r = loop_add(l->loop, signals_fd(), LISTENER_FD_SIGNAL, l,
	    LOOP_IN)) != 0)
		goto out;
	*lp = l;
	l = NULL;
 out:
	listener_free(l);
	return r;
}

void
listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	close_all(l);
	startups_free(l->startups);
	loop_free(l->loop);
	free(l);
}

int
listener_run(struct listener *l)
{
	int r;

	while (!l->ended) {
		if ((r = loop_turn(l->loop)) != 0) {
			log_error_r(r, "cannot wait for events");
			break;
		}
	}
	return l->status;
}
