/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * From a name to a byte stream.  Everything waits in resolve_wait, against
 * one deadline for all of it and the descriptor that a signal makes readable.
 * An address that does not answer gets its share of the time that is left,
 * so that a dead first one does not use up what a living second one needs.
 *
 * One line is said about a failure, at its end: about the address that failed
 * last.  The others are for -v.
 */

#include "client/connect.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/resolve.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/text.h"
#include "relay/tuning.h"

#define ATTEMPT_PAUSE_MS	1000	/* ssh_config(5), ConnectionAttempts */

/* How long a proxy command is given to end by itself, and after SIGHUP. */
#define PROXY_END_MS		200
#define PROXY_HUP_MS		1000
#define PROXY_LOOK_MS		10

#define ADDRESS_SIZE		64	/* of an IPv6 address with its scope */

/* What an attempt needs to know. */
struct attempt {
	const struct config *c;
	uint64_t deadline_ms;
	int stop_fd;
};

void
connection_init(struct connection *cn)
{
	*cn = (struct connection){ .rfd = -1, .wfd = -1, .proxy = -1 };
}

/* ---- ProxyCommand ---- */

static void __attribute__((noreturn))
run_proxy(const char *command, int fd)
{
	char *line = text_format("exec %s", command);

	if (line != NULL && dup2(fd, STDIN_FILENO) != -1 &&
	    dup2(fd, STDOUT_FILENO) != -1)
		(void)execl("/bin/sh", "sh", "-c", line, (char *)NULL);
	log_error_r(SSHTAP_ERR_SYSTEM, "cannot run /bin/sh for the "
	    "ProxyCommand");
	_exit(127);
}

int
connection_start_proxy(const struct config *c, struct connection *cn)
{
	int fds[2] = { -1, -1 }, r;
	pid_t pid;

	if ((r = proc_socketpair(fds)) != 0 ||
	    (r = proc_set_nonblock(fds[0])) != 0)
		goto out;
	if ((cn->peer = strdup("proxy command")) == NULL) {
		r = SSHTAP_ERR_ALLOC;
		goto out;
	}
	log_debug("starting ProxyCommand: %s", c->proxy_command);
	if ((pid = proc_fork()) == -1) {
		r = SSHTAP_ERR_SYSTEM;
		goto out;
	}
	if (pid == 0)
		run_proxy(c->proxy_command, fds[1]);
	cn->proxy = pid;
	cn->rfd = cn->wfd = fds[0];
	fds[0] = -1;
 out:
	if (r != 0)
		log_error_r(r, "cannot start the ProxyCommand \"%s\"",
		    c->proxy_command);
	proc_close(&fds[0]);
	proc_close(&fds[1]);
	return r;
}

/* True once the proxy has ended or is not ours to wait for. */
static bool
has_proxy_ended(pid_t pid, unsigned wait_ms)
{
	uint64_t end = proc_now_ms() + wait_ms;
	pid_t r;

	for (;;) {
		r = waitpid(pid, NULL, WNOHANG);
		if (r == pid || (r == -1 && errno != EINTR))
			return true;
		if (proc_now_ms() >= end)
			return false;
		(void)poll(NULL, 0, PROXY_LOOK_MS);
	}
}

/* Its input has ended; most take that as their end. */
static void
end_proxy(pid_t pid)
{
	if (has_proxy_ended(pid, PROXY_END_MS))
		return;
	/* Without the right to end it there is nothing to wait for either. */
	if (kill(pid, SIGHUP) == -1 || has_proxy_ended(pid, PROXY_HUP_MS))
		return;
	log_debug("the proxy command does not end: killing it");
	if (kill(pid, SIGKILL) == 0)
		(void)proc_reap(pid);
}

/* ---- TCP ---- */

/* What a user can do about a failure to connect. */
static const char *
give_hint(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "is sshd running there, and is the port right (-p)?";
	case ETIMEDOUT:
		return "is the host up, and does a firewall let the port "
		    "through?";
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
		return "is this host online, and has it a route there?";
	case EACCES:
	case EPERM:
		return "a firewall on this host forbids it";
	case EADDRNOTAVAIL:
		return "does this host have the BindAddress?";
	case EAFNOSUPPORT:
		return "this host lacks that address family (-4, -6)";
	default:
		return "check the network between the two hosts";
	}
}

/* "host", or "host (address)" when the name does not say it already. */
static char *
describe(const struct config *c, const struct resolve_address *ra)
{
	char address[ADDRESS_SIZE];

	if (getnameinfo((const struct sockaddr *)&ra->addr, ra->len, address,
	    sizeof(address), NULL, 0, NI_NUMERICHOST) != 0 ||
	    strcmp(address, c->hostname) == 0)
		return strdup(c->hostname);
	return text_format("%s (%s)", c->hostname, address);
}

static bool
is_deadline_over(const struct attempt *at)
{
	return at->deadline_ms != 0 && at->deadline_ms <= proc_now_ms();
}

static void
log_failure(const struct attempt *at, const struct resolve_address *ra,
    enum log_level level, int r)
{
	int error = errno;
	char *host = describe(at->c, ra);
	const char *where = host != NULL ? host : at->c->hostname;

	errno = error;
	if (r == SSHTAP_ERR_TIMEOUT && is_deadline_over(at) &&
	    at->c->connect_timeout > 0)
		log_at(level, "connect to %s port %u: timed out after %u "
		    "seconds (ConnectTimeout): %s", where, at->c->port,
		    at->c->connect_timeout, give_hint(ETIMEDOUT));
	else if (r == SSHTAP_ERR_TIMEOUT)
		log_at(level, "connect to %s port %u: timed out: %s", where,
		    at->c->port, give_hint(ETIMEDOUT));
	else
		log_at(level, "connect to %s port %u: %s: %s", where,
		    at->c->port, err_text(r),
		    r == SSHTAP_ERR_SYSTEM ? give_hint(error) : "try again");
	free(host);
}

/* Take the BindAddress of the family that we are about to connect in. */
static int
bind_socket(const struct attempt *at, int fd, int family)
{
	struct resolve_result local;
	int eai, r;

	if (at->c->bind_address == NULL)
		return 0;
	r = resolve_host(at->c->bind_address, 0, family, at->deadline_ms,
	    at->stop_fd, &local, &eai);
	if (r == SSHTAP_ERR_NOT_FOUND) {
		errno = EADDRNOTAVAIL;
		return SSHTAP_ERR_SYSTEM;
	}
	if (r != 0)
		return r;
	if (bind(fd, (const struct sockaddr *)&local.address[0].addr,
	    local.address[0].len) == -1)
		return SSHTAP_ERR_SYSTEM;
	return 0;
}

/* An option that is refused costs speed or comfort, not the connection. */
static void
set_options(const struct config *c, int fd)
{
	int on = 1;

	tuning_apply(fd, c->congestion);
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
		log_debug_r(SSHTAP_ERR_SYSTEM, "TCP_NODELAY");
	if (c->tcp_keepalive &&
	    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) == -1)
		log_debug_r(SSHTAP_ERR_SYSTEM, "SO_KEEPALIVE");
}

/* Wait for what a non-blocking connect(2) has begun. */
static int
finish_connect(const struct attempt *at, int fd, uint64_t until_ms)
{
	socklen_t len = sizeof(int);
	int error = 0, r;

	if ((r = resolve_wait(fd, POLLOUT, until_ms, at->stop_fd)) != 0)
		return r;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		return SSHTAP_ERR_SYSTEM;
	if (error == 0)
		return 0;
	errno = error;
	return SSHTAP_ERR_SYSTEM;
}

static int
connect_address(const struct attempt *at, const struct resolve_address *ra,
    uint64_t until_ms, int *fdp)
{
	int fd, r = SSHTAP_ERR_SYSTEM;

	if ((fd = socket(ra->addr.ss_family, SOCK_STREAM, 0)) == -1)
		return r;
	if (proc_set_cloexec(fd) != 0 || proc_set_nonblock(fd) != 0)
		goto out;
	set_options(at->c, fd);
	if ((r = bind_socket(at, fd, ra->addr.ss_family)) != 0)
		goto out;
	if (connect(fd, (const struct sockaddr *)&ra->addr, ra->len) == -1) {
		/* POSIX: after EINTR, too, it goes on by itself. */
		r = SSHTAP_ERR_SYSTEM;
		if ((errno != EINPROGRESS && errno != EINTR) ||
		    (r = finish_connect(at, fd, until_ms)) != 0)
			goto out;
	}
	*fdp = fd;
	fd = -1;
	r = 0;
 out:
	proc_close(&fd);
	return r;
}

/* An address's share of the time: equal parts for those that are left. */
static uint64_t
share_of_time(const struct attempt *at, size_t naddresses)
{
	uint64_t now = proc_now_ms();

	if (at->deadline_ms == 0 || at->deadline_ms <= now)
		return at->deadline_ms;
	return now + (at->deadline_ms - now) / naddresses;
}

/* Each address once; the last failure of the last round is the user's. */
static int
connect_any(const struct attempt *at, const struct resolve_result *found,
    bool is_last_round, int *fdp)
{
	const struct resolve_address *ra;
	enum log_level level;
	int r = SSHTAP_ERR_TIMEOUT;
	bool is_over;
	size_t i;

	for (i = 0; i < found->n; i++) {
		ra = &found->address[i];
		r = connect_address(at, ra, share_of_time(at, found->n - i),
		    fdp);
		if (r == 0 || r == SSHTAP_ERR_CLOSED)
			return r;
		is_over = is_deadline_over(at);
		level = is_over || (is_last_round && i + 1 == found->n) ?
		    LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG;
		log_failure(at, ra, level, r);
		if (is_over)
			return SSHTAP_ERR_TIMEOUT;
	}
	return r;
}

/*
 * Between rounds a second passes; a deadline inside it ends the wait, and the
 * last round is then the one that has just failed.
 */
static int
connect_rounds(const struct attempt *at, const struct resolve_result *found,
    int *fdp)
{
	unsigned i, n = at->c->connection_attempts;
	uint64_t next_ms;
	bool is_last;
	int r;

	for (i = 1;; i++) {
		next_ms = proc_now_ms() + ATTEMPT_PAUSE_MS;
		is_last = i >= n ||
		    (at->deadline_ms != 0 && next_ms >= at->deadline_ms);
		r = connect_any(at, found, is_last, fdp);
		if (is_last || r == 0 || r == SSHTAP_ERR_CLOSED ||
		    is_deadline_over(at))
			return r;
		next_ms = proc_now_ms() + ATTEMPT_PAUSE_MS;
		r = resolve_wait(-1, 0, next_ms, at->stop_fd);
		if (r != SSHTAP_ERR_TIMEOUT)
			return r;
	}
}

static void
log_unresolved(const struct config *c, int r, int eai)
{
	if (r == SSHTAP_ERR_NOT_FOUND && eai == EAI_AGAIN)
		log_error("cannot resolve host \"%s\": %s: is this host "
		    "online, and its name server reachable?", c->hostname,
		    gai_strerror(eai));
	else if (r == SSHTAP_ERR_NOT_FOUND)
		log_error("cannot resolve host \"%s\": %s: check the name, or "
		    "HostName in ~/.ssh/config", c->hostname,
		    gai_strerror(eai));
	else if (r == SSHTAP_ERR_TIMEOUT)
		log_error("cannot resolve host \"%s\": no answer within %u "
		    "seconds (ConnectTimeout): is the name server reachable?",
		    c->hostname, c->connect_timeout);
	else if (r != SSHTAP_ERR_CLOSED)
		log_error_r(r, "cannot resolve host \"%s\"", c->hostname);
}

static int
name_peer(const struct config *c, char **peerp)
{
	char *raw, *peer = NULL;
	size_t size;

	if ((raw = text_format("%s port %u", c->hostname, c->port)) != NULL) {
		size = strlen(raw) + 1;
		if ((peer = malloc(size)) != NULL)
			(void)text_clean(peer, size, raw, size - 1, false);
	}
	free(raw);
	if (peer == NULL)
		return SSHTAP_ERR_ALLOC;
	*peerp = peer;
	return 0;
}

int
connection_open_tcp(const struct config *c, uint64_t deadline_ms,
    int stop_fd, struct connection *cn)
{
	struct attempt at = { .c = c, .deadline_ms = deadline_ms,
	    .stop_fd = stop_fd };
	struct resolve_result *found;
	int eai = 0, fd = -1, r = SSHTAP_ERR_ALLOC;
	char *peer = NULL;

	/* With the rights that it will be used with. */
	if (c->congestion_is_chosen && c->congestion != NULL &&
	    tuning_check(c->congestion) != 0)
		return SSHTAP_ERR_UNSUPPORTED;
	if ((found = malloc(sizeof(*found))) == NULL ||
	    name_peer(c, &peer) != 0)
		goto out;
	r = resolve_host(c->hostname, c->port, c->address_family, deadline_ms,
	    stop_fd, found, &eai);
	if (r != 0) {
		log_unresolved(c, r, eai);
		goto out;
	}
	if ((r = connect_rounds(&at, found, &fd)) != 0)
		goto out;
	log_debug("connected to %s", peer);
	cn->rfd = cn->wfd = fd;
	cn->peer = peer;
	peer = NULL;
 out:
	free(found);
	free(peer);
	return r;
}

void
connection_close(struct connection *cn)
{
	if (cn->wfd != cn->rfd)
		proc_close(&cn->wfd);
	proc_close(&cn->rfd);
	if (cn->proxy != -1)
		end_proxy(cn->proxy);
	free(cn->peer);
	connection_init(cn);
}
