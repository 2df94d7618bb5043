/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * From an authenticated connection to a tunnel that is up: the tunnel's
 * channel first, then (because sshd sets SSH_TUNNEL only for sessions opened
 * later) the question for the far interface's name if we do not know it, then
 * the user's command.
 *
 * The program is its tunnel: when the tunnel's channel ends, for whatever
 * reason, so does the program.
 */

#include <stdio.h>
#include <string.h>

#include "channels/carrier_session.h"
#include "client/client_impl.h"
#include "client/report.h"
#include "lib/err.h"
#include "lib/log.h"

/* sshd answers as soon as its session is set up, which PAM can draw out. */
#define OPEN_MS		60000

/* A far end that takes longer to say a name is not asked any further. */
#define PROBE_MS	5000

static struct command *
command_of(struct chan *c)
{
	return chan_user(c);
}

static void
command_done(void *ctx)
{
	struct client *c = ctx;

	command_free(c->command);
	c->command = NULL;
}

static void
run_command(struct client *c)
{
	if (c->config->command != NULL)
		wire_check(&c->wire, command_run(c->chans, c->loop,
		    CLIENT_FD_COMMAND, c->config, &c->output, command_done, c,
		    &c->command));
	if (c->stage != CLIENT_ENDED)
		wire_check(&c->wire, chans_no_more_sessions(c->chans));
}

/* -f: whoever waits for the tunnel may go on. */
static void
leave_terminal(struct client *c)
{
	int r = c->monitor != NULL ? monitor_detach(c->monitor) : 0;

	if (r == 0)
		r = background_ready(c->background, c->config->verbose > 0);
	if (r != 0) {
		log_error_r(r, "cannot go into the background");
		client_end(c);
	}
}

static void
announce(struct client *c)
{
	report_up(c->config, c->session, tap_name(c->tap),
	    *c->far_name != '\0' ? c->far_name : NULL);
	run_command(c);
	if (c->background != NULL && c->stage != CLIENT_ENDED)
		leave_terminal(c);
}

static void
name_known(void *ctx)
{
	struct client *c = ctx;
	const char *name = command_answer(c->command);

	loop_timer_cancel(c->loop, &c->probe);
	if (name != NULL)
		snprintf(c->far_name, sizeof(c->far_name), "%s", name);
	command_done(c);
	announce(c);
}

static void
name_late(void *ctx, uint64_t now_ms)
{
	(void)now_ms;
	name_known(ctx);
}

/* -N asks that nothing be run over there, not even a question. */
static void
learn_name(struct client *c)
{
	const struct config *g = c->config;

	if (g->remote_unit != TAP_UNIT_ANY) {
		snprintf(c->far_name, sizeof(c->far_name), "%s%u",
		    g->mode == TAP_ETHERNET ? "tap" : "tun", g->remote_unit);
		announce(c);
	} else if (g->no_command || command_ask_name(c->chans, c->loop,
	    CLIENT_FD_COMMAND, g, name_known, c, &c->command) != 0)
		announce(c);
	else {
		c->probe.fn = name_late;
		c->probe.ctx = c;
		loop_timer_set(c->loop, &c->probe,
		    loop_now(c->loop) + PROBE_MS);
	}
}

/* Events of the channels. */

/* A stock server refuses that, and nothing changes. */
static void
offer(struct client *c)
{
	if (c->config->offload && c->config->mode == TAP_ETHERNET)
		wire_check(&c->wire, chan_tun_offer(c->tun,
		    CHAN_TUN_TAKES_ALL));
}

static void
offload(void *ctx, struct chan *ch, uint32_t flags)
{
	struct client *c = ctx;

	(void)ch;
	if (c->config->offload)
		pump_takes(&c->pump, flags);
}

static void
opened(void *ctx, struct chan *ch)
{
	struct client *c = ctx;

	if (ch == c->tun) {
		loop_timer_cancel(c->loop, &c->probe);
		c->stage = CLIENT_UP;
		pump_start(&c->pump, ch);
		offer(c);
		learn_name(c);
	} else if (command_of(ch) != NULL)
		command_opened(command_of(ch));
}

static void
refused(void *ctx, struct chan *ch, uint32_t reason, const char *text)
{
	struct client *c = ctx;

	if (ch == c->tun) {
		report_refused(c->config, reason, text, c->said);
		client_end(c);
	} else if (command_of(ch) != NULL)
		command_refused(command_of(ch), text);
}

static void
frame(void *ctx, struct chan *ch, uint8_t *bytes, size_t len)
{
	struct client *c = ctx;

	(void)ch;
	pump_frame(&c->pump, bytes, len);
}

static void
super(void *ctx, struct chan *ch, const uint8_t *words, uint8_t *bytes,
    size_t len)
{
	struct client *c = ctx;

	(void)ch;
	pump_super(&c->pump, words, bytes, len);
}

static void
data(void *ctx, struct chan *ch, bool is_stderr, const struct view *bytes)
{
	(void)ctx;
	if (command_of(ch) != NULL)
		command_data(command_of(ch), is_stderr, bytes);
	else
		(void)chan_session_consumed(ch, bytes->len);
}

static void
writable(void *ctx, struct chan *ch)
{
	struct client *c = ctx;

	if (ch == c->tun)
		pump_writable(&c->pump);
	else if (command_of(ch) != NULL)
		command_writable(command_of(ch));
}

static void
exec_result(void *ctx, struct chan *ch, bool ok)
{
	(void)ctx;
	if (command_of(ch) != NULL)
		command_exec_result(command_of(ch), ok);
}

static void
exited(void *ctx, struct chan *ch, uint32_t status, const char *signal)
{
	(void)ctx;
	if (command_of(ch) != NULL)
		command_exited(command_of(ch), status, signal);
}

static void
far_gone(struct client *c)
{
	if (c->stage == CLIENT_ENDED)
		return;
	log_error("the tunnel device on %s is gone: the tunnel is over",
	    c->config->destination);
	client_end(c);
}

static void
eof(void *ctx, struct chan *ch)
{
	struct client *c = ctx;

	if (ch == c->tun)
		far_gone(c);
}

static void
closed(void *ctx, struct chan *ch)
{
	struct client *c = ctx;

	if (ch == c->tun) {
		far_gone(c);
		c->tun = NULL;
	} else if (command_of(ch) != NULL)
		command_closed(command_of(ch));
}

static const struct chans_events events = {
	.opened = opened,
	.refused = refused,
	.frame = frame,
	.super = super,
	.offload = offload,
	.data = data,
	.writable = writable,
	.exec_result = exec_result,
	.exited = exited,
	.eof = eof,
	.closed = closed,
};

/* Events of the device. */

static void
device_gone(void *ctx)
{
	struct client *c = ctx;

	log_error("%s was removed: the tunnel is over", tap_name(c->tap));
	client_end(c);
}

static void
device_unreadable(void *ctx, int r)
{
	struct client *c = ctx;

	log_error_r(r, "cannot read %s", tap_name(c->tap));
	client_end(c);
}

static void
pump_failed(void *ctx, int r)
{
	struct client *c = ctx;

	wire_check(&c->wire, r);
}

static const struct pump_ops pump_ops = {
	.gone = device_gone,
	.unreadable = device_unreadable,
	.failed = pump_failed,
};

int
tunnel_watch(struct client *c)
{
	c->pump.loop = c->loop;
	c->pump.tap = c->tap;
	c->pump.ops = &pump_ops;
	c->pump.ctx = c;
	c->pump.path = &c->wire.path;
	return pump_watch(&c->pump, CLIENT_FD_TAP);
}

/* ServerAliveInterval. */

static void
ask(void *ctx)
{
	struct client *c = ctx;

	wire_check(&c->wire, chans_keepalive(c->chans));
}

static void
silent(void *ctx, uint64_t seconds)
{
	struct client *c = ctx;

	log_error("no sign of life from %s for %llu s: the connection is "
	    "lost (ServerAliveInterval)", c->config->destination,
	    (unsigned long long)seconds);
	client_end(c);
}

static const struct alive_ops alive_ops = {
	.ask = ask,
	.lost = silent,
};

static void
open_late(void *ctx, uint64_t now_ms)
{
	struct client *c = ctx;

	(void)now_ms;
	log_error("%s did not answer the request for a tunnel within %d s",
	    c->config->destination, OPEN_MS / 1000);
	client_end(c);
}

int
tunnel_open(struct client *c)
{
	struct carrier carrier = carrier_session(c->session);
	int r;

	loop_timer_cancel(c->loop, &c->deadline);
	log_debug("authenticated: asking for the tunnel");
	*c->said = '\0';
	c->stage = CLIENT_OPENING;
	if ((r = chans_new(&carrier, &events, c, false, &c->chans)) != 0 ||
	    (r = chan_open_tun(c->chans, (uint32_t)c->config->mode,
	    c->config->remote_unit, NULL, &c->tun)) != 0)
		return r;
	c->probe.fn = open_late;
	c->probe.ctx = c;
	loop_timer_set(c->loop, &c->probe, loop_now(c->loop) + OPEN_MS);
	c->alive.loop = c->loop;
	c->alive.ops = &alive_ops;
	c->alive.ctx = c;
	alive_start(&c->alive, c->config->alive_interval,
	    c->config->alive_count_max);
	return 0;
}

void
tunnel_closing(struct client *c)
{
	const struct chan_tun_stats *s;
	const struct tap_stats *t = tap_stats(c->tap);
	char text[PUMP_TEXT_MAX];

	pump_stop(&c->pump);
	alive_stop(&c->alive);
	if (c->tun == NULL || c->stage < CLIENT_UP)
		return;
	s = chan_tun_stats(c->tun);
	log_verbose("frames: %llu sent, %llu received; dropped: %llu and %llu "
	    "by the device, %llu and %llu by us",
	    (unsigned long long)s->frames_out, (unsigned long long)s->frames_in,
	    (unsigned long long)t->dropped_in,
	    (unsigned long long)t->dropped_out,
	    (unsigned long long)s->dropped_out,
	    (unsigned long long)s->dropped_in);
	log_verbose("queue: %s", pump_text(&c->pump, text, sizeof(text)));
}
