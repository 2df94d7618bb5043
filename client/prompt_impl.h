/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PROMPT_IMPL_H
#define PROMPT_IMPL_H

#include <sys/types.h>

#include <signal.h>

#include "client/prompt.h"

/*
 * The parts of prompt.c: signals while somebody is asked, the terminal, the
 * askpass program.
 */
#define PROMPT_SIGNALS	5	/* INT, TERM, HUP, QUIT, TSTP */

struct prompt_signals {
	struct sigaction old[PROMPT_SIGNALS];
	sigset_t old_mask;	/* outside of the question */
	sigset_t wait_mask;	/* while waiting for the answer */
};

/*
 * Catch and block; they get through only inside prompt_signals_wait.  What is
 * ignored stays so.
 */
void prompt_signals_hold(struct prompt_signals *ps);

/*
 * Wait until fd can be read.
 * Returns 0, SSHTAP_ERR_AGAIN (a signal came; release and see), or
 * SSHTAP_ERR_SYSTEM.
 */
int prompt_signals_wait(const struct prompt_signals *ps, int fd);

/*
 * Put everything back and deliver what was caught.
 * Returns 0 when nothing was, the signal's number when one was and the
 * process goes on nevertheless.
 */
int prompt_signals_release(const struct prompt_signals *ps);

/* Both as prompt_ask, with cleaned text. */
int prompt_ask_tty(int tty, bool echo, const char *text, char *answer,
    size_t size);
int prompt_ask_program(const char *program, bool confirm, const char *text,
    char *answer, size_t size);

#endif /* PROMPT_IMPL_H */
