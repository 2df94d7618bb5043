/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Both ends of the socket between the monitor and its checker. */

#include "server/check.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "lib/err.h"
#include "lib/proc.h"
#include "server/confine.h"
#include "server/ipc.h"
#include "server/spawn.h"

#define VERDICT_MAX	64

/* ---- the checker ---- */

static int
read_setup(void)
{
	struct setup_checker setup;
	struct buf record;
	int r;

	memset(&setup, 0, sizeof(setup));
	buf_init(&record, SETUP_MAX);
	if ((r = ipc_receive(SPAWN_MONITOR, &record, NULL, NULL)) == 0 &&
	    (r = setup_checker_get(buf_view(&record), &setup)) == 0)
		r = confine(SANDBOX_CHECKER, &setup.rights);
	buf_clear(&record);
	setup_checker_clear(&setup);
	return r;
}

static int
answer(struct buf *record)
{
	struct check_query query;
	struct check_verdict verdict;
	struct buf out;
	struct view v;
	int r;

	if ((r = check_get_query(buf_view(record), &query)) != 0)
		return r;
	check_judge(&query, &verdict);
	buf_init(&out, VERDICT_MAX);
	if ((r = check_put_verdict(&out, &verdict)) == 0) {
		v = buf_view(&out);
		r = ipc_send(SPAWN_MONITOR, &v, NULL, 0);
	}
	buf_clear(&out);
	return r;
}

int
check_main(void)
{
	struct buf record;
	int r;

	if ((r = confine_prepare()) != 0 || (r = read_setup()) != 0)
		return PROC_EXIT_FAILURE;
	buf_init(&record, CHECK_QUERY_MAX);
	while ((r = ipc_receive(SPAWN_MONITOR, &record, NULL, NULL)) == 0 &&
	    (r = answer(&record)) == 0)
		continue;
	buf_clear(&record);
	/* The monitor has heard enough. */
	return r == SSHTAP_ERR_CLOSED ? 0 : PROC_EXIT_FAILURE;
}

/* ---- the monitor ---- */

static int
send_setup(int fd, const struct setup_rights *rights)
{
	struct setup_checker setup = { .rights = *rights };
	struct buf record;
	struct view v;
	int r;

	buf_init(&record, SETUP_MAX);
	if ((r = setup_checker_put(&record, &setup)) == 0) {
		v = buf_view(&record);
		r = ipc_send(fd, &v, NULL, 0);
	}
	buf_clear(&record);
	return r;
}

int
checker_start(struct checker *c, const struct setup_rights *rights)
{
	struct spawn s = { .role = SPAWN_CHECKER, .in = -1, .out = -1 };
	int fds[2], r;

	if ((r = proc_socketpair(fds)) != 0)
		return r;
	s.monitor = fds[1];
	if ((r = spawn_role(&s, &c->pid)) == 0) {
		c->fd = fds[0];
		fds[0] = -1;
		if ((r = ipc_limit(c->fd)) == 0)
			r = send_setup(c->fd, rights);
	}
	proc_close(&fds[0]);
	proc_close(&fds[1]);
	return r;
}

static int
wait_for_answer(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint64_t until_ms = proc_now_ms() + CHECK_TIMEOUT_MS;
	int n;

	do {
		n = poll(&pfd, 1, proc_poll_time(until_ms));
	} while (n == -1 && errno == EINTR);
	return n == 1 ? 0 : SSHTAP_ERR_TIMEOUT;
}

/* It may have fallen into a stranger's hands: collect, do not wait for it. */
static int
receive_verdict(int fd, struct check_verdict *v)
{
	struct view record;
	struct buf partial;
	int r;

	buf_init(&partial, IPC_LENGTH_SIZE + VERDICT_MAX);
	do {
		if ((r = wait_for_answer(fd)) == 0)
			r = ipc_collect(fd, &partial, &record);
	} while (r == SSHTAP_ERR_AGAIN);
	if (r == 0 && check_get_verdict(record, v) != 0)
		r = SSHTAP_ERR_CLOSED;
	buf_clear(&partial);
	return r;
}

int
checker_ask(struct checker *c, const struct check_query *q,
    struct check_verdict *v)
{
	struct buf record;
	struct view out;
	int r;

	if (c->fd == -1)
		return SSHTAP_ERR_CLOSED;
	buf_init(&record, CHECK_QUERY_MAX);
	if ((r = check_put_query(&record, q)) == 0) {
		out = buf_view(&record);
		r = ipc_send(c->fd, &out, NULL, 0);
	}
	buf_clear(&record);
	if (r == 0)
		r = receive_verdict(c->fd, v);
	if (r != 0)
		checker_stop(c);
	return r;
}

void
checker_stop(struct checker *c)
{
	if (c->fd == -1)
		return;
	proc_close(&c->fd);
	/* Not reaped yet, so the number is still its own. */
	(void)kill(c->pid, SIGKILL);
	c->wstatus = proc_reap(c->pid);
}
