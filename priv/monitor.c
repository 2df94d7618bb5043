/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Two processes and a socket pair.  The child asks; the parent, the monitor,
 * answers from the table in monitor_msg.c, and lives as long as the child so
 * that what it made does not outlive it.
 *
 * The monitor never waits for a byte: a request is collected as it comes, so
 * a child that sends half of one cannot keep the monitor from seeing it end.
 * Signals set a flag and write to a pipe that is polled beside the socket;
 * ppoll(2) and signalfd(2) would be shorter and are missing on macOS.  The
 * handlers are installed and everything is blocked before the fork, so that
 * no signal falls between the two lives: the child puts the old actions
 * back before it unblocks.
 *
 * Who removes the interface: with one descriptor (Linux) the kernel does,
 * when the last copy is closed, so the monitor closes its own as soon as it
 * has passed it.  Where that is not all (tap_needs_keeper: the pair of macOS,
 * which outlives its descriptors, and an interface of Linux that stays and has
 * to lose its offload) the monitor keeps the device and closes it after the
 * child's end, however that came.
 */

#include "config.h"

#include "priv/monitor.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_PRCTL
#include <sys/prctl.h>
#endif

#include "lib/err.h"
#include "lib/fdpass.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "priv/monitor_msg.h"

static const int watched[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };

#define WATCHED_COUNT	(sizeof(watched) / sizeof(watched[0]))

/* Only a handler has no other way to reach its data. */
static volatile sig_atomic_t caught[WATCHED_COUNT];
static volatile sig_atomic_t wake_fd = -1;

/* The child's side. */
struct monitor {
	int fd;
};

/* The monitor's side. */
struct parent {
	pid_t child;
	int fd;			/* to the child, -1 when closed */
	int wake[2];		/* signals */
	struct sigaction old[WATCHED_COUNT];
	sigset_t old_mask;
	struct monitor_state state;
	uint8_t in[MONITOR_REQUEST_SIZE];
	size_t have;		/* bytes of it */
	struct tap *kept;	/* to be undone by us, or NULL */
	int passed_on;		/* the last signal sent to the child */
	int wstatus;
	bool has_ended;
};

static void
note_signal(int sig)
{
	int saved_errno = errno;
	ssize_t n;
	size_t i;

	for (i = 0; i < WATCHED_COUNT; i++)
		if (watched[i] == sig)
			caught[i] = 1;
	/* A full pipe wakes just as well. */
	n = write(wake_fd, "", 1);
	(void)n;
	errno = saved_errno;
}

static void
watch_signals(struct parent *pa)
{
	struct sigaction sa = { .sa_handler = note_signal };
	sigset_t mask;
	size_t i;

	(void)sigemptyset(&mask);
	for (i = 0; i < WATCHED_COUNT; i++)
		(void)sigaddset(&mask, watched[i]);
	(void)sigprocmask(SIG_BLOCK, &mask, &pa->old_mask);
	wake_fd = pa->wake[1];
	(void)sigfillset(&sa.sa_mask);
	for (i = 0; i < WATCHED_COUNT; i++) {
		caught[i] = 0;
		(void)sigaction(watched[i], &sa, &pa->old[i]);
	}
}

static void
unwatch_signals(const struct parent *pa)
{
	size_t i;

	for (i = 0; i < WATCHED_COUNT; i++)
		(void)sigaction(watched[i], &pa->old[i], NULL);
	(void)sigprocmask(SIG_SETMASK, &pa->old_mask, NULL);
}

/* ---- the monitor ---- */

/* Drop what the terminal, the shell and the program's start have left us. */
static void
reset_inherited(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t none;

	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)umask(077);
	if (chdir("/") == -1)
		log_debug_r(SSHTAP_ERR_SYSTEM, "monitor: cannot leave the "
		    "working directory");
	proc_null(STDIN_FILENO);
	proc_null(STDOUT_FILENO);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
close_child(struct parent *pa)
{
	proc_close(&pa->fd);
}

/*
 * The socket holds two replies in a whole life, so sending never waits and
 * is never cut; if it were, the child would be the one to suffer.
 */
static void
send_reply(struct parent *pa, const struct monitor_reply *rp, const int *fds,
    size_t nfds)
{
	uint8_t out[MONITOR_REPLY_SIZE];

	monitor_encode_reply(rp, out);
	if (fdpass_send(pa->fd, out, sizeof(out), fds, nfds) != 0) {
		log_debug_r(SSHTAP_ERR_SYSTEM, "monitor: reply");
		close_child(pa);
	}
}

static void
log_warning(void *ctx, const char *text)
{
	(void)ctx;
	log_warn("%s", text);
}

/* Whatever it holds open beside the descriptors was opened after the fork. */
static void
answer_tap(struct parent *pa, const struct monitor_request *rq)
{
	struct monitor_reply reply = { .result = 0 };
	struct tap_request wanted;
	struct tap *t = NULL;
	int fds[FDPASS_MAX];
	size_t nfds = 1;

	monitor_to_tap_request(rq, &wanted);
	reply.result = tap_open(&wanted, &t, &reply.fault);
	if (reply.result != 0) {
		send_reply(pa, &reply, NULL, 0);
		return;
	}
	tap_warn(log_warning, NULL);
	memcpy(reply.name, tap_name(t),
	    strnlen(tap_name(t), sizeof(reply.name) - 1));
	reply.offloads = tap_offloads(t);
	fds[0] = tap_read_fd(t);
	fds[1] = tap_write_fd(t);
	if (fds[0] != fds[1])
		nfds = 2;
	send_reply(pa, &reply, fds, nfds);
	if (tap_needs_keeper(t))
		pa->kept = t;
	else
		tap_close(t);
}

static void
answer_detach(struct parent *pa)
{
	struct monitor_reply reply = { .result = 0 };

	/* Fails when we lead a process group, which a terminal's job does. */
	(void)setsid();
	proc_null(STDERR_FILENO);
	send_reply(pa, &reply, NULL, 0);
}

/* A child that asks for what it may not is not one to talk with. */
static void
answer(struct parent *pa)
{
	struct monitor_request rq;
	int r;

	monitor_decode_request(pa->in, &rq);
	if ((r = monitor_check_request(&rq, &pa->state)) != 0) {
		log_warn_r(r, "monitor: request %lu refused",
		    (unsigned long)rq.kind);
		close_child(pa);
	} else if (rq.kind == MONITOR_TAP)
		answer_tap(pa, &rq);
	else
		answer_detach(pa);
}

static void
collect_request(struct parent *pa)
{
	ssize_t n = recv(pa->fd, pa->in + pa->have,
	    sizeof(pa->in) - pa->have, MSG_DONTWAIT);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_child(pa);
		return;
	}
	pa->have += (size_t)n;
	if (pa->have == sizeof(pa->in)) {
		pa->have = 0;
		answer(pa);
	}
}

/* The child is not reaped before has_ended, so the number is still its own. */
static void
pass_on(struct parent *pa, int sig)
{
	pa->passed_on = sig;
	if (kill(pa->child, sig) == -1)
		log_debug_r(SSHTAP_ERR_SYSTEM, "monitor: signal %d", sig);
}

static void
look_for_end(struct parent *pa)
{
	if (waitpid(pa->child, &pa->wstatus, WNOHANG) == pa->child)
		pa->has_ended = true;
}

static void
handle_signals(struct parent *pa)
{
	char scrap[64];
	size_t i;

	while (read(pa->wake[0], scrap, sizeof(scrap)) > 0)
		continue;
	for (i = 0; i < WATCHED_COUNT; i++) {
		if (!caught[i])
			continue;
		caught[i] = 0;
		if (watched[i] == SIGCHLD)
			look_for_end(pa);
		else
			pass_on(pa, watched[i]);
	}
}

/* A killed child had no chance to say so; one that we told to end knows. */
static void
log_end(const struct parent *pa)
{
	int wstatus = pa->wstatus, sig;

	if (!WIFSIGNALED(wstatus))
		return;
	sig = WTERMSIG(wstatus);
	log_at(sig == pa->passed_on ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR,
	    "the process that carried the frames was killed by signal %d "
	    "(%s): no more are carried", sig, strsignal(sig));
}

/* The monitor's life; the exit status that is to be the program's. */
static int
run_monitor(struct parent *pa)
{
	struct pollfd fds[2];

	reset_inherited();
	while (!pa->has_ended) {
		fds[0] = (struct pollfd){ .fd = pa->wake[0],
		    .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = pa->fd, .events = POLLIN };
		if (poll(fds, 2, -1) == -1) {
			if (errno == EINTR)
				continue;
			/* Out of memory at worst; the child goes on alone. */
			log_error_r(SSHTAP_ERR_SYSTEM, "monitor: poll");
			pa->wstatus = proc_reap(pa->child);
			break;
		}
		if (fds[0].revents != 0)
			handle_signals(pa);
		if (fds[1].revents != 0 && pa->fd != -1)
			collect_request(pa);
	}
	log_end(pa);
	tap_close(pa->kept);
	return proc_exit_status(pa->wstatus);
}

/* ---- the child ---- */

/*
 * End with the monitor, however it ends and whatever we are waiting for:
 * nothing may keep a device open that nobody watches.  user_become keeps
 * this across the change of user.  macOS cannot: there monitor_fd tells, as
 * soon as somebody looks, and no descriptor keeps an interface anyway.
 */
static void
tie_to_monitor(pid_t monitor)
{
#ifdef HAVE_PRCTL
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		log_debug_r(SSHTAP_ERR_SYSTEM, "PR_SET_PDEATHSIG");
#endif
	/* It may have ended before that. */
	if (getppid() != monitor)
		_exit(PROC_EXIT_FAILURE);
}

static int
open_descriptors(int fds[2], int wake[2])
{
	int r;

	if ((r = proc_socketpair(fds)) != 0 || (r = proc_pipe(wake)) != 0 ||
	    (r = proc_set_nonblock(wake[0])) != 0)
		return r;
	return proc_set_nonblock(wake[1]);
}

int
monitor_start(struct monitor **mp, int *statusp)
{
	struct parent pa = { .fd = -1, .wake = { -1, -1 } };
	int fds[2] = { -1, -1 }, r;
	struct monitor *m = NULL;
	pid_t self = getpid();

	if ((m = calloc(1, sizeof(*m))) == NULL)
		return SSHTAP_ERR_ALLOC;
	if ((r = open_descriptors(fds, pa.wake)) != 0)
		goto out;
	watch_signals(&pa);
	if ((pa.child = fork()) == -1) {
		r = SSHTAP_ERR_SYSTEM;
		unwatch_signals(&pa);
		goto out;
	}
	if (pa.child == 0) {
		unwatch_signals(&pa);
		tie_to_monitor(self);
		m->fd = fds[0];
		fds[0] = -1;
		*mp = m;
		m = NULL;
		r = 0;
	} else {
		pa.fd = fds[1];
		fds[1] = -1;
		proc_close(&fds[0]);
		*statusp = run_monitor(&pa);
		unwatch_signals(&pa);
		r = 1;
	}
 out:
	proc_close(&fds[0]);
	proc_close(&fds[1]);
	proc_close(&pa.fd);
	proc_close(&pa.wake[0]);
	proc_close(&pa.wake[1]);
	free(m);
	return r;
}

/* A reply is sent in one piece and the monitor is trusted to end it. */
static int
receive_reply(int fd, struct monitor_reply *rp, int fds[FDPASS_MAX],
    size_t *nfdsp)
{
	uint8_t in[MONITOR_REPLY_SIZE];
	ssize_t n = fdpass_receive(fd, in, sizeof(in), fds, nfdsp);

	return n == (ssize_t)sizeof(in) ? monitor_decode_reply(in, rp) :
	    SSHTAP_ERR_CLOSED;
}

static int
send_request(int fd, const struct monitor_request *rq)
{
	uint8_t out[MONITOR_REQUEST_SIZE];

	monitor_encode_request(rq, out);
	return fdpass_send(fd, out, sizeof(out), NULL, 0) == 0 ? 0 :
	    SSHTAP_ERR_CLOSED;
}

int
monitor_open_tap(struct monitor *m, const struct tap_request *wanted,
    struct tap **tapp, struct tap_fault *fault)
{
	struct monitor_request rq;
	struct monitor_reply reply;
	int fds[FDPASS_MAX] = { -1, -1 }, r;
	size_t nfds = 0;

	monitor_from_tap_request(wanted, &rq);
	if ((r = send_request(m->fd, &rq)) != 0 ||
	    (r = receive_reply(m->fd, &reply, fds, &nfds)) != 0)
		goto out;
	*fault = reply.fault;
	/* The kernel drops what exceeds our limit of descriptors. */
	if ((r = reply.result) == 0 && nfds == 0) {
		r = SSHTAP_ERR_SYSTEM;
		fault->error = EMFILE;
	}
	if (r != 0) {
		errno = fault->error;
		goto out;
	}
	r = tap_adopt(fds[0], nfds == 1 ? fds[0] : fds[1], wanted->mode,
	    reply.name, reply.offloads, tapp);
	if (r == 0)
		fds[0] = fds[1] = -1;
 out:
	proc_close(&fds[0]);
	proc_close(&fds[1]);
	return r;
}

int
monitor_detach(struct monitor *m)
{
	struct monitor_request rq = { .kind = MONITOR_DETACH };
	struct monitor_reply reply;
	int fds[FDPASS_MAX] = { -1, -1 }, r;
	size_t nfds = 0;

	if ((r = send_request(m->fd, &rq)) == 0 &&
	    (r = receive_reply(m->fd, &reply, fds, &nfds)) == 0)
		r = reply.result;
	proc_close(&fds[0]);
	proc_close(&fds[1]);
	return r;
}

int
monitor_fd(const struct monitor *m)
{
	return m->fd;
}

void
monitor_free(struct monitor *m)
{
	if (m == NULL)
		return;
	proc_close(&m->fd);
	free(m);
}
