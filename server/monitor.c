/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * One connection's root side: what ends it, what is asked of it, and its log.
 *
 * The monitor never waits for the network process: a request is collected as
 * it comes, so that half of one keeps neither the time limit nor a signal
 * from being seen.  The other way round it waits, but not for ever: a network
 * process that does not read its answers is given up.
 *
 * The end of the socket is the end of the network process, or its wish for
 * one; either way it is killed, if that is still needed, and reaped.
 */

#include "server/monitor_impl.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/signals.h"
#include "lib/text.h"
#include "relay/tuning.h"
#include "server/ipc.h"
#include "server/spawn.h"
#include "transport/kex.h"
#include "transport/namelist.h"

/* A network process that was told to end gets this long to say goodbye. */
#define END_MS		2000

/* More than anything but a file that cannot be read takes after the limit. */
#define STUCK_S		15

/* Strangers' processes give way to those that carry somebody's frames. */
#define STRANGER_NICE	5

/* Of a network process and about its tunnels, in a run and each second. */
#define LINES_BURST	200
#define LINES_PER_S	5

/* ---- the log ---- */

const char *
monitor_who(const struct server_monitor *m)
{
	static char text[WORD_MAX + SERVER_ADDRESS_MAX + 64];
	const struct server_conn *c = m->conn;

	snprintf(text, sizeof(text), "%s%s%sfrom=%s port=%u",
	    *m->user != '\0' ? "user=" : "", m->user,
	    *m->user != '\0' ? " " : "", *c->from != '\0' ? c->from : "pipe",
	    c->from_port);
	return text;
}

void
monitor_word(char out[WORD_MAX], const struct view *v)
{
	size_t i, n = v->len < WORD_MAX ? v->len : WORD_MAX - 1;

	for (i = 0; i < n; i++)
		out[i] = v->p[i] > ' ' && v->p[i] < 0x7f &&
		    strchr("\"'=\\", v->p[i]) == NULL ? (char)v->p[i] : '?';
	out[n] = '\0';
}

/*
 * Counted, so that neither whoever has taken the network process nor a user
 * who asks for tunnels without end can fill disks.
 */
bool
monitor_may_log(struct server_monitor *m)
{
	uint64_t now = proc_now_ms(), passed = (now - m->lines_ms) / 1000;

	if (passed > 0) {
		m->lines_ms += passed * 1000;
		m->lines = passed * LINES_PER_S > m->lines ? 0 :
		    m->lines - (unsigned)passed * LINES_PER_S;
	}
	if (m->lines >= LINES_BURST) {
		m->lines_lost++;
		return false;
	}
	m->lines++;
	if (m->lines_lost > 0)
		log_warn("lines-lost count=%lu %s", m->lines_lost,
		    monitor_who(m));
	m->lines_lost = 0;
	return true;
}

/* It is told apart from the monitor's own lines, which it cannot forge. */
static int
answer_log(struct server_monitor *m, struct view record)
{
	static const char what[] = "network: ";
	const char *who = monitor_who(m);
	struct view text;
	unsigned level;
	size_t room;
	int r;

	if ((r = request_get_log(record, &level, &text)) != 0)
		return r;
	/* A text that is too long must not push out who it is about. */
	room = LOG_LINE_MAX - sizeof(what) - strlen(who);
	if (monitor_may_log(m))
		log_at((enum log_level)level, "%s%.*s %s", what,
		    (int)(text.len < room ? text.len : room),
		    (const char *)text.p, who);
	return 0;
}

static void
name_address(const struct sockaddr_storage *ss, socklen_t len,
    char host[SERVER_ADDRESS_MAX], unsigned *portp)
{
	char service[16];
	unsigned long port;

	if ((ss->ss_family != AF_INET && ss->ss_family != AF_INET6) ||
	    getnameinfo((const struct sockaddr *)ss, len, host,
	    SERVER_ADDRESS_MAX, service, sizeof(service),
	    NI_NUMERICHOST | NI_NUMERICSERV) != 0 ||
	    text_get_number(service, 65535, &port) != 0) {
		*host = '\0';
		return;
	}
	*portp = (unsigned)port;
}

void
server_conn_name(struct server_conn *c)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getpeername(c->rfd, (struct sockaddr *)&ss, &len) == 0)
		name_address(&ss, len, c->from, &c->from_port);
	len = sizeof(ss);
	if (getsockname(c->rfd, (struct sockaddr *)&ss, &len) == 0)
		name_address(&ss, len, c->to, &c->to_port);
}

/* ---- requests ---- */

void
monitor_reply(struct server_monitor *m, const struct buf *record,
    const int *fds, size_t nfds)
{
	struct view v = buf_view(record);

	if (ipc_send(m->fd, &v, fds, nfds) != 0)
		proc_close(&m->fd);
}

/* The first hash names the session: it is what logins must be signed for. */
static int
note_session(struct server_monitor *m, const struct key *k,
    const struct view *hash)
{
	struct view blob = key_blob(k);
	int r;

	if (m->requests.phase != REQUEST_PHASE_START)
		return 0;
	if ((r = buf_put_view(&m->session_id, hash)) != 0 ||
	    (r = buf_put_view(&m->hostkey, &blob)) != 0)
		return r;
	request_set_phase(&m->requests, REQUEST_PHASE_AUTH);
	return 0;
}

static int
answer_sign(struct server_monitor *m, struct view record)
{
	struct view algorithm, hash;
	const struct key *k;
	struct buf out;
	int r;

	if ((r = request_get_sign(record, &algorithm, &hash)) != 0)
		return r;
	/* Nothing but a hash is ever signed. */
	if (hash.len != KEX_HASH_SIZE)
		return SSHTAP_ERR_FORMAT;
	if ((k = hostkeys_find(m->server->hostkeys, &algorithm)) == NULL)
		return SSHTAP_ERR_UNSUPPORTED;
	if ((r = note_session(m, k, &hash)) != 0)
		return r;
	buf_init(&out, KEY_SIGNATURE_MAX);
	if ((r = key_sign(k, &algorithm, &hash, &out)) != 0) {
		log_error_r(r, "cannot sign with the host key");
		buf_reset(&out);
	}
	monitor_reply(m, &out, NULL, 0);
	buf_clear(&out);
	return 0;
}

typedef int (answer_fn)(struct server_monitor *m, struct view record);

static answer_fn *const answers[REQUEST_KIND_COUNT] = {
	[REQUEST_LOG] = answer_log,
	[REQUEST_SIGN] = answer_sign,
	[REQUEST_KEY] = monitor_answer_key,
	[REQUEST_TUNNEL] = monitor_answer_tunnel,
	[REQUEST_TUNNEL_END] = monitor_answer_tunnel_end,
};

static void
log_refused(const struct server_monitor *m, uint8_t kind, int r)
{
	log_at_r(LOG_LEVEL_ERROR, r, "request-refused request=%s %s",
	    request_name(kind), monitor_who(m));
}

static int
answer(struct server_monitor *m, struct view record)
{
	uint8_t kind = record.len > 0 ? record.p[0] : REQUEST_KIND_COUNT;
	int r;

	if ((r = request_check(&m->requests, kind)) == 0)
		r = answers[kind](m, record);
	if (r != 0)
		log_refused(m, kind, r);
	return r;
}

static void
collect_request(struct server_monitor *m)
{
	struct view record;
	int r = ipc_collect(m->fd, &m->partial, &record);

	if (r == SSHTAP_ERR_AGAIN)
		return;
	if (r == 0) {
		r = answer(m, record);
		buf_reset(&m->partial);
	} else if (r != SSHTAP_ERR_CLOSED)
		log_refused(m, REQUEST_KIND_COUNT, r);	/* too long */
	if (r == 0)
		return;
	proc_close(&m->fd);
}

/* ---- the end ---- */

static void
end(struct server_monitor *m)
{
	if (m->is_ending)
		return;
	m->is_ending = true;
	m->deadline_ms = proc_now_ms() + END_MS;
	/* Not reaped before its socket has ended: the number is its own. */
	(void)kill(m->network, SIGTERM);
}

/* The time to log in is over, or that for saying goodbye. */
static void
deadline_passed(struct server_monitor *m)
{
	if (!m->is_ending)
		log_info("timeout what=login seconds=%u %s",
		    m->config->login_grace, monitor_who(m));
	proc_close(&m->fd);
}

/*
 * Somebody has reached for what is forbidden, which ends with SIGSYS, or the
 * filter lacks what is needed; an administrator wants to know of both.
 */
static void
log_killed(const struct server_monitor *m, const char *process, int wstatus)
{
	int sig = wstatus != -1 && WIFSIGNALED(wstatus) ? WTERMSIG(wstatus) :
	    0;

	/* These are our own. */
	if (sig != 0 && sig != SIGKILL && (sig != SIGTERM || !m->is_ending))
		log_error("killed process=%s signal=%d (%s) %s", process, sig,
		    strsignal(sig), monitor_who(m));
}

static void
log_end(const struct server_monitor *m, int wstatus)
{
	log_killed(m, "network", wstatus);
	log_killed(m, "checker", m->checker.wstatus);
	if (*m->user == '\0' && m->failures > 0)
		log_info("no-login failures=%u %s", m->failures,
		    monitor_who(m));
	log_at(*m->user != '\0' ? LOG_LEVEL_INFO : LOG_LEVEL_VERBOSE,
	    "disconnect seconds=%llu %s",
	    (unsigned long long)(proc_now_ms() - m->started_ms) / 1000,
	    monitor_who(m));
}

/* ---- life ---- */

static void
wait_for_event(struct server_monitor *m)
{
	struct pollfd fds[3] = {
		{ .fd = m->fd, .events = POLLIN },
		{ .fd = signals_fd(), .events = POLLIN },
		{ .fd = m->conn->listener, .events = POLLIN },
	};

	if (poll(fds, 3, proc_poll_time(m->deadline_ms)) == -1) {
		if (errno != EINTR)
			proc_close(&m->fd);
		return;
	}
	if (fds[1].revents != 0 && signals_take() != 0)
		end(m);
	/* It never says anything: no room for us, or it is gone itself. */
	if (fds[2].revents != 0) {
		proc_close(&m->conn->listener);
		if (m->requests.phase != REQUEST_PHASE_USER) {
			log_verbose("dropped reason=MaxStartups %s",
			    monitor_who(m));
			proc_close(&m->fd);
			return;
		}
	}
	if (fds[0].revents != 0)
		collect_request(m);
	/* Also of one that always has something more to say. */
	if (m->fd != -1 && m->deadline_ms != 0 &&
	    proc_now_ms() >= m->deadline_ms)
		deadline_passed(m);
}

static int
put_hostkeys(const struct hostkeys *h, struct setup_network *s)
{
	struct view blob;
	int r;

	for (; s->nhostkeys < h->n; s->nhostkeys++) {
		blob = key_blob(h->key[s->nhostkeys]);
		if ((r = buf_put_view(&s->hostkeys[s->nhostkeys],
		    &blob)) != 0)
			return r;
	}
	return 0;
}

static int
set_algorithms(const struct server_monitor *m, struct setup_network *s)
{
	const struct server_config *c = m->config;
	struct view wanted = view_of_string(c->hostkey_algs);
	struct buf algs;
	int r;

	buf_init(&algs, NAMELIST_MAX);
	if ((r = hostkeys_algorithms(m->server->hostkeys, &wanted,
	    &algs)) == 0 && (r = buf_put_u8(&algs, '\0')) == 0 &&
	    (r = setup_set(&s->hostkey_algs,
	    (const char *)buf_view(&algs).p)) == 0 &&
	    (r = setup_set(&s->kex, c->kex)) == 0 &&
	    (r = setup_set(&s->ciphers, c->ciphers)) == 0 &&
	    (r = setup_set(&s->sig_algs, c->pubkey_algs)) == 0)
		r = setup_set(&s->compression, c->compression ?
		    "none,zlib@openssh.com" : "none");
	buf_clear(&algs);
	return r;
}

static int
fill_setup(const struct server_monitor *m, struct setup_network *s)
{
	const struct server_config *c = m->config;
	int r;

	s->rights = m->server->rights;
	s->rights.chroot_dir = NULL;
	s->log_level = (uint32_t)c->log_level;
	s->is_socket = m->conn->rfd == m->conn->wfd;
	s->rekey_bytes = c->rekey_bytes;
	s->rekey_ms = c->rekey_ms;
	s->max_auth_tries = c->max_auth_tries;
	s->alive_interval = c->alive_interval;
	s->alive_count_max = c->alive_count_max;
	s->offload = c->offload;
	s->busy_poll = c->busy_poll;
	if ((r = setup_set(&s->software, m->server->software)) != 0 ||
	    (m->server->rights.chroot_dir != NULL &&
	    (r = setup_set(&s->rights.chroot_dir,
	    m->server->rights.chroot_dir)) != 0) ||
	    (r = set_algorithms(m, s)) != 0)
		return r;
	return put_hostkeys(m->server->hostkeys, s);
}

static int
send_setup(const struct server_monitor *m)
{
	struct setup_network s;
	struct buf record;
	struct view v;
	int r;

	setup_network_init(&s);
	buf_init(&record, SETUP_MAX);
	if ((r = fill_setup(m, &s)) == 0 &&
	    (r = setup_network_put(&record, &s)) == 0) {
		v = buf_view(&record);
		r = ipc_send(m->fd, &v, NULL, 0);
	}
	buf_clear(&record);
	setup_network_clear(&s);
	return r;
}

static int
start_network(struct server_monitor *m)
{
	struct spawn s = { .role = SPAWN_NETWORK, .in = m->conn->rfd,
	    .out = m->conn->wfd, .nice = STRANGER_NICE };
	int fds[2], r;

	if ((r = proc_socketpair(fds)) != 0)
		return r;
	s.monitor = fds[1];
	if ((r = spawn_role(&s, &m->network)) == 0) {
		m->fd = fds[0];
		fds[0] = -1;
		r = ipc_limit(m->fd);
	}
	proc_close(&fds[0]);
	proc_close(&fds[1]);
	return r;
}

/*
 * Both go together: the network process has what it needs, and a checker is
 * there before it is asked for, so that the first question takes no longer.
 */
static int
start(struct server_monitor *m)
{
	int r;

	/* It is told how many descriptors these are. */
	if ((r = start_network(m)) != 0 || (r = send_setup(m)) != 0)
		return r;
	if (m->conn->rfd != m->conn->wfd)
		proc_close(&m->conn->wfd);
	proc_close(&m->conn->rfd);
	m->conn->wfd = -1;
	return checker_start(&m->checker, &m->server->rights);
}

static void
set_options(const struct server_monitor *m)
{
	int fd = m->conn->rfd, on = 1;

	/* None means anything to a pipe. */
	tuning_apply(fd, m->config->congestion);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (m->config->tcp_keepalive)
		(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on,
		    sizeof(on));
}

/*
 * A file system may let a read of authorized_keys wait for ever: then the
 * monitor is ended by this signal, and the others with it.
 */
static void
limit_login(const struct server_config *c)
{
	(void)signal(SIGALRM, SIG_DFL);
	if (c->login_grace != 0)
		(void)alarm(c->login_grace + STUCK_S);
}

static void
run(struct server_monitor *m)
{
	while (m->fd != -1)
		wait_for_event(m);
}

int
server_monitor_check(const struct server_config *c)
{
	if (!c->congestion_is_chosen || c->congestion == NULL)
		return 0;
	return tuning_check(c->congestion);
}

int
server_monitor_run(const struct server *server, struct server_conn *c)
{
	static struct server_monitor m;
	int r, wstatus = -1;

	m = (struct server_monitor){ .server = server,
	    .config = server->config, .conn = c, .fd = -1, .network = -1,
	    .checker = { .fd = -1 }, .started_ms = proc_now_ms() };
	m.lines_ms = m.started_ms;
	buf_init(&m.partial, IPC_LENGTH_SIZE + REQUEST_MAX);
	buf_init(&m.session_id, KEX_HASH_SIZE);
	buf_init(&m.hostkey, KEY_BLOB_MAX);
	if (m.config->login_grace != 0)
		m.deadline_ms = m.started_ms +
		    m.config->login_grace * UINT64_C(1000);
	log_verbose("connect from=%s port=%u to=%s port=%u", *c->from != '\0' ?
	    c->from : "pipe", c->from_port, c->to, c->to_port);
	set_options(&m);
	limit_login(m.config);
	if ((r = signals_start()) != 0 || (r = start(&m)) != 0)
		log_error_r(r, "cannot serve the connection %s",
		    monitor_who(&m));
	else
		run(&m);
	checker_stop(&m.checker);
	proc_close(&m.fd);
	if (m.network != -1) {
		/* It has ended, or it was told to and did not. */
		(void)kill(m.network, SIGKILL);
		wstatus = proc_reap(m.network);
	}
	monitor_end_tunnels(&m);
	log_end(&m, wstatus);
	buf_clear(&m.partial);
	buf_clear(&m.session_id);
	buf_clear(&m.hostkey);
	return proc_exit_status(wstatus);
}
