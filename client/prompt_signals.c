/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A question changes things that must be put back before a signal may end or
 * stop us: the terminal's modes, a child that waits for its user.  So the
 * signals are blocked during all of it and caught in one place only, the
 * pselect(2), whose mask lets them in without a moment between looking and
 * sleeping.  Afterwards each is raised again under the program's own action.
 */

#include "client/prompt_impl.h"

#include <sys/select.h>

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "lib/err.h"

static const int held[PROMPT_SIGNALS] = {
	SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP
};

static volatile sig_atomic_t caught[PROMPT_SIGNALS];

static void
note_signal(int sig)
{
	size_t i;

	for (i = 0; i < PROMPT_SIGNALS; i++)
		if (held[i] == sig)
			caught[i] = 1;
}

void
prompt_signals_hold(struct prompt_signals *ps)
{
	struct sigaction sa = { .sa_handler = note_signal };
	sigset_t mask;
	size_t i;

	(void)sigemptyset(&mask);
	for (i = 0; i < PROMPT_SIGNALS; i++) {
		caught[i] = 0;
		(void)sigaddset(&mask, held[i]);
	}
	(void)sigprocmask(SIG_BLOCK, &mask, &ps->old_mask);
	ps->wait_mask = ps->old_mask;
	(void)sigfillset(&sa.sa_mask);
	for (i = 0; i < PROMPT_SIGNALS; i++) {
		(void)sigdelset(&ps->wait_mask, held[i]);
		(void)sigaction(held[i], NULL, &ps->old[i]);
		if (ps->old[i].sa_handler != SIG_IGN)
			(void)sigaction(held[i], &sa, NULL);
	}
}

static bool
has_caught(void)
{
	size_t i;

	for (i = 0; i < PROMPT_SIGNALS; i++)
		if (caught[i])
			return true;
	return false;
}

int
prompt_signals_wait(const struct prompt_signals *ps, int fd)
{
	fd_set set;
	int n;

	/* poll(2) cannot wait for a terminal on macOS; select can. */
	if (fd >= FD_SETSIZE) {
		errno = EMFILE;
		return SSHTAP_ERR_SYSTEM;
	}
	for (;;) {
		FD_ZERO(&set);
		FD_SET(fd, &set);
		n = pselect(fd + 1, &set, NULL, NULL, NULL, &ps->wait_mask);
		if (has_caught())
			return SSHTAP_ERR_AGAIN;
		if (n == 1)
			return 0;
		if (n == -1 && errno != EINTR)
			return SSHTAP_ERR_SYSTEM;
	}
}

int
prompt_signals_release(const struct prompt_signals *ps)
{
	int sig = 0;
	size_t i;

	for (i = 0; i < PROMPT_SIGNALS; i++)
		(void)sigaction(held[i], &ps->old[i], NULL);
	for (i = 0; i < PROMPT_SIGNALS; i++) {
		if (!caught[i])
			continue;
		caught[i] = 0;
		/* A stop is over when the process goes on. */
		if (sig == 0 || sig == SIGTSTP)
			sig = held[i];
		(void)kill(getpid(), held[i]);
	}
	(void)sigprocmask(SIG_SETMASK, &ps->old_mask, NULL);
	return sig;
}
