/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Both programs are started before either is read, and read as bytes come,
 * so that neither waits for the other or for a full pipe.  What they say is
 * bounded: of the complaints the beginning is kept and the rest drained; an
 * answer that is too long closes its pipe, which ends the program.
 *
 * A program has said all when its standard output ends.  Its standard error
 * may be open for longer: what a "Match exec" left running can hold it.
 *
 * posix_spawnp(3) is used rather than fork(2) because it tells a program that
 * is not there from one that fails.
 */

#include "client/sshconfig_impl.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/sshconfig.h"
#include "lib/err.h"
#include "lib/text.h"

#define QUERIES_MAX	2
#define COMPLAINT_MAX	16384

extern char **environ;

/* One program under way. */
struct process {
	struct sshconfig_query *query;
	pid_t pid;		/* -1: not started, or reaped */
	int out, err;		/* our ends of its pipes, -1 when closed */
};

void
sshconfig_query_init(struct sshconfig_query *q)
{
	*q = (struct sshconfig_query){ .status = -1 };
	buf_init(&q->out, SSHCONFIG_OUTPUT_MAX);
	buf_init(&q->err, COMPLAINT_MAX);
}

void
sshconfig_query_clear(struct sshconfig_query *q)
{
	while (q->argc > 0)
		free(q->argv[--q->argc]);
	buf_clear(&q->out);
	buf_clear(&q->err);
}

int
sshconfig_query_add(struct sshconfig_query *q, const char *prefix,
    const char *s)
{
	if (q->argc == SSHCONFIG_ARGS_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((q->argv[q->argc] = text_format("%s%s", prefix, s)) == NULL)
		return SSHTAP_ERR_ALLOC;
	q->argv[++q->argc] = NULL;
	return 0;
}

static void
close_fd(int *fdp)
{
	if (*fdp != -1)
		(void)close(*fdp);
	*fdp = -1;
}

/* A pipe that no program inherits by accident; our end does not block. */
static int
open_pipe(int fds[2])
{
	if (pipe(fds) != 0) {
		fds[0] = fds[1] = -1;
		return SSHTAP_ERR_SYSTEM;
	}
	if (fcntl(fds[0], F_SETFD, FD_CLOEXEC) != 0 ||
	    fcntl(fds[1], F_SETFD, FD_CLOEXEC) != 0 ||
	    fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0)
		return SSHTAP_ERR_SYSTEM;
	return 0;
}

static int
spawn(struct process *p, int out, int err)
{
	posix_spawn_file_actions_t actions;
	int e;

	if ((e = posix_spawn_file_actions_init(&actions)) != 0)
		goto fail;
	if ((e = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
	    "/dev/null", O_RDONLY, 0)) == 0 &&
	    (e = posix_spawn_file_actions_adddup2(&actions, out,
	    STDOUT_FILENO)) == 0 &&
	    (e = posix_spawn_file_actions_adddup2(&actions, err,
	    STDERR_FILENO)) == 0)
		e = posix_spawnp(&p->pid, p->query->argv[0], &actions, NULL,
		    p->query->argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
 fail:
	if (e == 0)
		return 0;
	p->pid = -1;
	errno = e;
	return e == ENOENT ? SSHTAP_ERR_NOT_FOUND : SSHTAP_ERR_SYSTEM;
}

static int
start(struct process *p)
{
	int err[2] = { -1, -1 }, out[2] = { -1, -1 };
	int r;

	if ((r = open_pipe(out)) != 0 || (r = open_pipe(err)) != 0)
		goto out;
	if ((r = spawn(p, out[1], err[1])) != 0)
		goto out;
	p->out = out[0];
	p->err = err[0];
	out[0] = err[0] = -1;
 out:
	close_fd(&out[0]);
	close_fd(&out[1]);
	close_fd(&err[0]);
	close_fd(&err[1]);
	return r;
}

/*
 * One read; the descriptor is closed at the end of what it has.
 * Returns SSHTAP_ERR_AGAIN when there is nothing now.
 */
static int
receive(int *fdp, struct buf *b, bool *is_fullp)
{
	char chunk[4096];
	ssize_t n;
	size_t room;

	*is_fullp = false;
	do
		n = read(*fdp, chunk, sizeof(chunk));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? SSHTAP_ERR_AGAIN : SSHTAP_ERR_SYSTEM;
	if (n == 0) {
		close_fd(fdp);
		return 0;
	}
	room = b->max - b->len;
	*is_fullp = (size_t)n > room;
	return buf_put(b, chunk, *is_fullp ? room : (size_t)n);
}

static int
receive_both(struct process *p, const struct pollfd pfd[2])
{
	bool is_full;
	int r;

	if (pfd[0].fd != -1 && pfd[0].revents != 0) {
		r = receive(&p->out, &p->query->out, &is_full);
		if (r != 0 && r != SSHTAP_ERR_AGAIN)
			return r;
		if (is_full) {
			p->query->out_too_big = true;
			close_fd(&p->out);
		}
	}
	if (pfd[1].fd != -1 && pfd[1].revents != 0) {
		r = receive(&p->err, &p->query->err, &is_full);
		if (r != 0 && r != SSHTAP_ERR_AGAIN)
			return r;
	}
	return 0;
}

static int
receive_all(struct process *p, size_t n)
{
	struct pollfd pfd[2 * QUERIES_MAX];
	bool is_open;
	size_t i;
	int r;

	for (;;) {
		is_open = false;
		for (i = 0; i < n; i++) {
			pfd[2 * i] = (struct pollfd){ .fd = p[i].out,
			    .events = POLLIN };
			pfd[2 * i + 1] = (struct pollfd){ .fd = p[i].err,
			    .events = POLLIN };
			if (p[i].out != -1)
				is_open = true;
		}
		if (!is_open)
			return 0;
		if (poll(pfd, (nfds_t)(2 * n), -1) < 0) {
			if (errno == EINTR)
				continue;
			return SSHTAP_ERR_SYSTEM;
		}
		for (i = 0; i < n; i++)
			if ((r = receive_both(&p[i], pfd + 2 * i)) != 0)
				return r;
	}
}

/*
 * The answer's pipe is closed first: a program that still writes must not
 * block us.  Its last words are waiting in the other one.
 */
static int
end(struct process *p)
{
	bool is_full;
	pid_t pid;

	close_fd(&p->out);
	if (p->pid == -1)
		return 0;
	do
		pid = waitpid(p->pid, &p->query->status, 0);
	while (pid == -1 && errno == EINTR);
	p->pid = -1;
	while (p->err != -1 &&
	    receive(&p->err, &p->query->err, &is_full) == 0 && !is_full)
		continue;
	close_fd(&p->err);
	return pid == -1 ? SSHTAP_ERR_SYSTEM : 0;
}

int
sshconfig_query_run(struct sshconfig_query *q, size_t n)
{
	struct process p[QUERIES_MAX];
	int error, r = 0, saved;
	size_t i;

	if (n > QUERIES_MAX)
		return SSHTAP_ERR_ARGUMENT;
	for (i = 0; i < n; i++)
		p[i] = (struct process){ .query = &q[i], .pid = -1, .out = -1,
		    .err = -1 };
	for (i = 0; i < n && r == 0; i++)
		r = start(&p[i]);
	if (r == 0)
		r = receive_all(p, n);
	saved = errno;
	for (i = 0; i < n; i++) {
		if ((error = end(&p[i])) != 0 && r == 0) {
			r = error;
			saved = errno;
		}
	}
	errno = saved;
	return r;
}
