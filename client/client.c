/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The life of the network process.  What needs the user's files or rights is
 * done first (configuration, keys, known hosts, terminal, device, proxy
 * command); then rights are given up; then the network is touched.
 */

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/client_impl.h"
#include "client/report.h"
#include "client/sshconfig.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/signals.h"
#include "transport/ssh2.h"

/*
 * Rekeying by time, an overdue exchange, a stuck window, a device that was
 * removed without a word: none is urgent.
 */
#define TICK_MS		1000

void
client_end(struct client *c)
{
	if (c->stage == CLIENT_ENDED)
		return;
	tunnel_closing(c);
	wire_end(&c->wire);
	c->stage = CLIENT_ENDED;
	c->status = PROC_EXIT_FAILURE;
}

/* Loop events that are not bytes of the tunnel. */

static bool
was_signalled(void)
{
	int sig = signals_take();

	if (sig != 0)
		log_info("ended by signal %d (%s)", sig, strsignal(sig));
	return sig != 0;
}

static void
signal_ready(void *ctx, int fd, unsigned events)
{
	(void)fd;
	(void)events;
	if (was_signalled())
		client_end(ctx);
}

static void
monitor_ready(void *ctx, int fd, unsigned events)
{
	struct client *c = ctx;

	(void)fd;
	(void)events;
	log_error("the root monitor was killed: the tunnel is over");
	client_end(c);
}

static void
command_fd_ready(void *ctx, int fd, unsigned events)
{
	struct client *c = ctx;

	if (c->command != NULL)
		command_ready(c->command, fd, events);
}

static const struct loop_type loop_types[CLIENT_FD_COUNT] = {
	[CLIENT_FD_NET] = { "network", wire_ready },
	[CLIENT_FD_TAP] = { "device", pump_ready },
	[CLIENT_FD_SIGNAL] = { "signal", signal_ready },
	[CLIENT_FD_MONITOR] = { "monitor", monitor_ready },
	[CLIENT_FD_COMMAND] = { "command", command_fd_ready },
};

/* ConnectTimeout, less the time that the user or the agent took to answer. */
static uint64_t
deadline_ms(const struct client *c)
{
	return c->started_ms + c->config->connect_timeout * UINT64_C(1000) +
	    prompt_waited_ms(c->prompt) + identities_waited_ms(c->identities);
}

static void
deadline_passed(void *ctx, uint64_t now_ms)
{
	struct client *c = ctx;

	if (now_ms < deadline_ms(c)) {
		loop_timer_set(c->loop, &c->deadline, deadline_ms(c));
		return;
	}
	log_error("%s timed out: no %s within %u s (ConnectTimeout)",
	    c->config->destination, c->stage == CLIENT_KEYS ?
	    "key exchange" : "authentication", c->config->connect_timeout);
	client_end(c);
}

static void
tick(void *ctx, uint64_t now_ms)
{
	struct client *c = ctx;

	loop_timer_set(c->loop, &c->tick, now_ms + TICK_MS);
	pump_check(&c->pump);
	if (c->stage == CLIENT_ENDED)
		return;
	/* A proxy command may have a password to ask for first. */
	if (c->config->proxy_command != NULL &&
	    session_peer_version(c->session).len == 0)
		return;
	wire_check(&c->wire, session_tick(c->session, now_ms));
	if (c->chans != NULL && c->stage != CLIENT_ENDED)
		wire_check(&c->wire, chans_tick(c->chans, now_ms));
}

/* With the rights of the one who asked. */

static int
open_tap(struct client *c)
{
	struct tap_request rq = { .unit = (int)c->config->local_unit,
	    .mode = c->config->mode, .up = true,
	    .offload = c->config->offload };
	struct tap_fault fault;
	int r;

	if (c->monitor != NULL)
		r = monitor_open_tap(c->monitor, &rq, &c->tap, &fault);
	else
		r = tap_open(&rq, &c->tap, &fault);
	if (r != 0)
		report_tap(r, &fault);
	return r;
}

static int
prepare(struct client *c, bool keep_open)
{
	int r;

	if ((r = sshconfig_resolve(c->config)) != 0)
		return r;
	log_set_level(c->config->log_level);
	/* It would have had to fork before it could read this. */
	if (c->config->background && c->background == NULL)
		log_warn("ForkAfterAuthentication is not followed: use -f");
	if ((r = prompt_new(c->config->batch_mode, &c->prompt)) != 0 ||
	    (r = hostcheck_new(c->config, c->prompt, keep_open,
	    &c->hostcheck)) != 0 ||
	    (r = identities_load(c->config, &c->identities)) != 0) {
		log_error_r(r, "cannot start");
		return r;
	}
	if (c->config->command != NULL &&
	    (r = command_output_open(&c->output)) != 0) {
		log_error_r(r, "cannot use standard output");
		return r;
	}
	if ((r = open_tap(c)) != 0)
		return r;
	if (c->config->proxy_command != NULL)
		return connection_start_proxy(c->config, &c->conn);
	return 0;
}

static int
protect_memory(void)
{
	int r = user_protect_memory();

	if (r != 0)
		log_error_r(r, "cannot protect memory");
	return r;
}

/* Root as the user itself: from here on an account without rights. */
static int
give_up_root(void)
{
	int r = user_become_unprivileged();

	return r == 0 ? protect_memory() : r;
}

static int
become_user(const struct user *user)
{
	int r = 0;

	if (!user->is_root)
		r = user_become(user);
	return r == 0 ? protect_memory() : r;
}

/* Without any rights but a socket's. */

static int
watch(struct client *c)
{
	int r;

	if ((r = loop_add(c->loop, signals_fd(), CLIENT_FD_SIGNAL, c,
	    LOOP_IN)) != 0)
		return r;
	if (c->monitor != NULL && (r = loop_add(c->loop,
	    monitor_fd(c->monitor), CLIENT_FD_MONITOR, c, LOOP_IN)) != 0)
		return r;
	if ((r = tunnel_watch(c)) != 0)
		return r;
	c->tick.fn = tick;
	c->tick.ctx = c;
	loop_timer_set(c->loop, &c->tick, loop_now(c->loop) + TICK_MS);
	c->deadline.fn = deadline_passed;
	c->deadline.ctx = c;
	if (c->config->connect_timeout != 0)
		loop_timer_set(c->loop, &c->deadline, deadline_ms(c));
	return 0;
}

static int
run(struct client *c)
{
	int r;

	while (c->stage != CLIENT_ENDED) {
		wire_flush(&c->wire);
		if (c->stage != CLIENT_ENDED && (r = loop_turn(c->loop)) != 0) {
			log_error_r(r, "cannot wait for events");
			client_end(c);
		}
	}
	/* A failed session has said its last word already. */
	session_disconnect(c->session, SSH_DISCONNECT_BY_APPLICATION,
	    "the tunnel is over");
	wire_linger(&c->wire);
	return c->status;
}

static int
connect_and_run(struct client *c)
{
	int r;

	if ((r = loop_new(loop_types, CLIENT_FD_COUNT, &c->loop)) != 0) {
		log_error_r(r, "cannot start");
		return PROC_EXIT_FAILURE;
	}
	loop_set_spin(c->loop, c->config->busy_poll);
	c->started_ms = loop_now(c->loop);
	if (c->config->proxy_command == NULL &&
	    connection_open_tcp(c->config, c->config->connect_timeout != 0 ?
	    deadline_ms(c) : 0, signals_fd(), &c->conn) != 0) {
		(void)was_signalled();
		return PROC_EXIT_FAILURE;
	}
	loop_update_now(c->loop);
	if ((r = net_start(c)) != 0 || (r = watch(c)) != 0) {
		log_error_r(r, "cannot start");
		return PROC_EXIT_FAILURE;
	}
	return run(c);
}

static void
clear(struct client *c)
{
	command_free(c->command);
	command_output_close(&c->output);
	userauth_free(c->userauth);
	chans_free(c->chans);
	session_free(c->session);
	connection_close(&c->conn);
	tap_close(c->tap);
	identities_free(c->identities);
	hostcheck_free(c->hostcheck);
	prompt_free(c->prompt);
	loop_free(c->loop);
}

int
client_run(struct config *config, struct monitor *m, struct background *b,
    const struct user *user)
{
	struct client c;
	bool is_root = getuid() == 0 && user->is_root;
	int status = PROC_EXIT_FAILURE;

	memset(&c, 0, sizeof(c));
	c.config = config;
	c.monitor = m;
	c.background = b;
	c.status = PROC_EXIT_FAILURE;
	connection_init(&c.conn);
	command_output_init(&c.output);
	if (become_user(user) == 0 && signals_start() == 0 &&
	    prepare(&c, is_root) == 0 && (!is_root || give_up_root() == 0))
		status = connect_and_run(&c);
	clear(&c);
	return status;
}
