/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Devices: whether the user may have one, how it is set up, and how that is
 * undone.  An interface that was made for the tunnel goes with it; one that
 * was there before, and stays, gets back what it was.
 */

#include "server/monitor_impl.h"

#include <sys/socket.h>
#include <net/if.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/text.h"
#include "priv/user.h"
#include "transport/ssh2.h"
#include "tun/tap_admin.h"

#define TEXT_MAX	256	/* of a refusal, for the peer */

/* A tunnel that is asked for, until it is granted or refused. */
struct wish {
	struct request_tunnel asked;
	uint32_t unit;			/* that it is to be */
	struct server_config_tunnel setup;
	uint32_t reason;		/* of a refusal */
	char text[TEXT_MAX];
};

static int
refuse(struct wish *w, uint32_t reason, const char *text)
{
	w->reason = reason;
	snprintf(w->text, sizeof(w->text), "%s", text);
	return SSHTAP_ERR_REFUSED;
}

static const char *
mode_name(uint32_t mode)
{
	return mode == TAP_ETHERNET ? "ethernet" : "point-to-point";
}

/* ---- may the user have it? ---- */

static int
check_policy(const struct server_monitor *m, struct wish *w)
{
	const struct authorized_keys_answer *g = &m->granted;

	if (w->asked.mode != TAP_ETHERNET &&
	    w->asked.mode != TAP_POINT_TO_POINT)
		return refuse(w, SSH_OPEN_CONNECT_FAILED,
		    "unknown kind of tunnel");
	if ((m->config->permit_tunnel & (int)w->asked.mode) == 0)
		return refuse(w, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED,
		    w->asked.mode == TAP_ETHERNET ?
		    "PermitTunnel of the server does not allow ethernet" :
		    "PermitTunnel of the server does not allow "
		    "point-to-point");
	if (!g->permits_tunnel)
		return refuse(w, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED,
		    "the key is restricted: its line needs tunnel=\"n\" "
		    "behind restrict");
	if (g->has_unit && w->asked.unit != TAP_UNIT_ANY &&
	    w->asked.unit != g->unit)
		return refuse(w, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED,
		    "the key is for another unit");
	w->unit = g->has_unit ? g->unit : w->asked.unit;
	if (w->unit != TAP_UNIT_ANY && w->unit > TAP_UNIT_MAX)
		return refuse(w, SSH_OPEN_CONNECT_FAILED, "no such unit");
	return 0;
}

/* As the system would have it, for who is not root (tun_not_capable). */
static bool
is_for_user(const struct server_monitor *m, const struct tap_info *info)
{
	if (info->uid != (uid_t)-1 && info->uid != m->user_id)
		return false;
	return info->gid == (gid_t)-1 ||
	    user_is_member(m->user, m->group_id, info->gid);
}

/*
 * Root could take every device, the user it acts for only some: a persistent
 * one that was made for somebody else is that one's.
 */
static int
check_owner(const struct server_monitor *m, struct wish *w, const char *name)
{
	struct tap_info info;
	int r;

	if (m->user_id == 0 ||
	    (r = tap_show(name, &info)) == SSHTAP_ERR_NOT_FOUND ||
	    (r == 0 && is_for_user(m, &info)))
		return 0;
	if (r != 0)
		return refuse(w, SSH_OPEN_RESOURCE_SHORTAGE,
		    "cannot find out whose device it is");
	snprintf(w->text, sizeof(w->text), "%s belongs to another user", name);
	w->reason = SSH_OPEN_ADMINISTRATIVELY_PROHIBITED;
	return SSHTAP_ERR_REFUSED;
}

static struct monitor_tunnel *
find_slot(struct server_monitor *m)
{
	size_t i;

	for (i = 0; i < REQUEST_TUNNELS_MAX; i++)
		if (!m->tunnels[i].is_open)
			return &m->tunnels[i];
	return NULL;
}

/* ---- undo ---- */

static void
log_undo(const char *what, const struct tap_fault *fault)
{
	char text[TAP_FAULT_TEXT_MAX];

	log_warn("undo what=%s text=\"%s\"", what,
	    tap_fault_text(fault, text, sizeof(text)));
}

static void
undo(struct monitor_tunnel *t)
{
	struct tap_fault fault;

	/* What goes with its interface meanwhile is no failure. */
	if (t->bridge != NULL && tap_link_leave_bridge(t->name, t->bridge,
	    &fault) != 0)
		log_undo("bridge", &fault);
	while (t->naddresses > 0)
		if (tap_link_remove_address(t->name,
		    &t->address[--t->naddresses], &fault) != 0)
			log_undo("address", &fault);
}

static void
end_tunnel(struct monitor_tunnel *t)
{
	if (!t->is_open)
		return;
	/* An interface that has gone may be another's by now. */
	if (if_nametoindex(t->name) == t->index)
		undo(t);
	tap_close(t->kept);
	memset(t, 0, sizeof(*t));
}

void
monitor_end_tunnels(struct server_monitor *m)
{
	size_t i;

	for (i = 0; i < REQUEST_TUNNELS_MAX; i++)
		end_tunnel(&m->tunnels[i]);
}

/* ---- open ---- */

static int
refuse_fault(struct wish *w, int r, const struct tap_fault *fault)
{
	char text[TAP_FAULT_TEXT_MAX];

	if (r != SSHTAP_ERR_SYSTEM)
		return refuse(w, SSH_OPEN_RESOURCE_SHORTAGE, err_text(r));
	return refuse(w, SSH_OPEN_CONNECT_FAILED,
	    tap_fault_text(fault, text, sizeof(text)));
}

static int
add_address(struct monitor_tunnel *t,
    const struct server_config_address *from, struct tap_fault *fault)
{
	struct tap_address a = { .prefix_len = from->prefix_len };
	bool is_new;
	int r;

	a.family = from->ip.len == 4 ? AF_INET : AF_INET6;
	memcpy(a.bytes, from->ip.bytes, sizeof(a.bytes));
	if ((r = tap_link_add_address(t->name, &a, &is_new, fault)) == 0 &&
	    is_new)
		t->address[t->naddresses++] = a;
	return r;
}

static int
set_up(struct monitor_tunnel *t, const struct wish *w,
    struct tap_fault *fault)
{
	const struct server_config_tunnel *setup = &w->setup;
	bool is_new;
	size_t i;
	int r;

	/*
	 * One that was there before has been left as it was; it is root's who
	 * made it, where we are not.
	 */
	if (geteuid() == 0 && (r = tap_link_up(t->name, fault)) != 0)
		return r;
	for (i = 0; i < setup->n; i++)
		if ((r = add_address(t, setup->address[i], fault)) != 0)
			return r;
	if (setup->bridge == NULL || w->asked.mode != TAP_ETHERNET)
		return 0;
	if ((r = tap_link_join_bridge(t->name, setup->bridge, &is_new,
	    fault)) == 0 && is_new)
		t->bridge = setup->bridge;
	return r;
}

/* With any unit an interface is made, which cannot be somebody else's. */
static int
open_device(const struct server_monitor *m, struct wish *w,
    struct tap **tapp)
{
	struct tap_request rq = { .unit = (int)w->unit, .up = true,
	    .mode = (enum tap_mode)w->asked.mode,
	    .offload = m->config->offload };
	struct tap_fault fault = { .step = TAP_STEP_NONE };
	char name[TAP_NAME_SIZE];
	int r;

	snprintf(name, sizeof(name), "%s%lu", w->asked.mode == TAP_ETHERNET ?
	    "tap" : "tun", (unsigned long)w->unit);
	if (w->unit != TAP_UNIT_ANY && (r = check_owner(m, w, name)) != 0)
		return r;
	server_config_tunnel(m->config, w->unit, &w->setup);
	rq.mtu = w->setup.mtu;
	if ((r = tap_open(&rq, tapp, &fault)) != 0)
		return refuse_fault(w, r, &fault);
	return 0;
}

/* The number behind an interface's name, which the system may have chosen. */
static uint32_t
unit_of(const char *name)
{
	const char *digits = name + strcspn(name, "0123456789");
	unsigned long unit;

	return text_get_number(digits, TAP_UNIT_MAX, &unit) == 0 ?
	    (uint32_t)unit : TAP_UNIT_ANY;
}

/*
 * One that is more than its descriptors is closed at the end of the tunnel; of
 * another one only the network process may hold a descriptor, or it would
 * stay as long as we do.
 */
static void
keep_device(struct monitor_tunnel *t, struct tap *tap)
{
	if (tap_needs_keeper(tap))
		t->kept = tap;
	else
		tap_close(tap);
}

static void
reply_granted(struct server_monitor *m, const struct monitor_tunnel *t,
    const struct tap *tap)
{
	struct request_device d = { .slot = (uint32_t)(t - m->tunnels),
	    .offloads = tap_offloads(tap) };
	int fds[2] = { tap_read_fd(tap), tap_write_fd(tap) };
	struct buf out;

	memcpy(d.name, t->name, sizeof(d.name));
	buf_init(&out, REQUEST_MAX);
	if (request_put_device(&out, &d) == 0)
		monitor_reply(m, &out, fds, fds[0] == fds[1] ? 1 : 2);
	buf_clear(&out);
}

static void
reply_refused(struct server_monitor *m, const struct wish *w)
{
	struct request_device d = { .reason = w->reason,
	    .text = view_of_string(w->text) };
	struct buf out;

	if (monitor_may_log(m))
		log_info("tunnel-refuse reason=%lu text=\"%s\" mode=%s "
		    "unit=%ld %s", (unsigned long)w->reason, w->text,
		    mode_name(w->asked.mode), w->asked.unit == TAP_UNIT_ANY ?
		    -1L : (long)w->asked.unit, monitor_who(m));
	buf_init(&out, REQUEST_MAX);
	if (request_put_device(&out, &d) == 0)
		monitor_reply(m, &out, NULL, 0);
	buf_clear(&out);
}

static void
log_warning(void *ctx, const char *text)
{
	(void)ctx;
	log_warn("device text=\"%s\"", text);
}

static int
grant(struct server_monitor *m, struct wish *w)
{
	struct monitor_tunnel *t = find_slot(m);
	struct tap_fault fault = { .step = TAP_STEP_NONE };
	struct tap *tap;
	int r;

	if (t == NULL)
		return refuse(w, SSH_OPEN_RESOURCE_SHORTAGE,
		    "too many tunnels on this connection");
	if ((r = open_device(m, w, &tap)) != 0)
		return r;
	tap_warn(log_warning, NULL);
	t->is_open = true;
	snprintf(t->name, sizeof(t->name), "%s", tap_name(tap));
	t->index = if_nametoindex(t->name);
	server_config_tunnel(m->config, unit_of(t->name), &w->setup);
	if ((r = set_up(t, w, &fault)) != 0) {
		end_tunnel(t);
		tap_close(tap);
		return refuse_fault(w, r, &fault);
	}
	if (monitor_may_log(m))
		log_info("tunnel device=%s mode=%s bridge=%s addresses=%zu %s",
		    t->name, mode_name(w->asked.mode), t->bridge != NULL ?
		    t->bridge : "none", w->setup.n, monitor_who(m));
	reply_granted(m, t, tap);
	keep_device(t, tap);
	return 0;
}

int
monitor_answer_tunnel(struct server_monitor *m, struct view record)
{
	struct wish w;
	int r;

	memset(&w, 0, sizeof(w));
	if ((r = request_get_tunnel(record, &w.asked)) != 0)
		return r;
	if (check_policy(m, &w) != 0 || grant(m, &w) != 0)
		reply_refused(m, &w);
	return 0;
}

int
monitor_answer_tunnel_end(struct server_monitor *m, struct view record)
{
	uint32_t slot;
	int r;

	if ((r = request_get_tunnel_end(record, &slot)) != 0)
		return r;
	if (slot >= REQUEST_TUNNELS_MAX || !m->tunnels[slot].is_open)
		return SSHTAP_ERR_ARGUMENT;
	end_tunnel(&m->tunnels[slot]);
	return 0;
}
