/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PROMPT_H
#define PROMPT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Questions to the user: on the terminal, or by the program that SSH_ASKPASS
 * names when there is no terminal (or as SSH_ASKPASS_REQUIRE says).
 * Reference: ssh(1), ENVIRONMENT.
 */
#define PROMPT_ANSWER_MAX	1024

enum prompt_kind {
	PROMPT_SECRET,		/* not echoed */
	PROMPT_ECHO,
	PROMPT_CONFIRM		/* askpass is told by SSH_ASKPASS_PROMPT */
};

struct prompt;

/*
 * Opens the terminal now, so that it can be used after privileges are gone.
 *
 * batch:   never ask (BatchMode).
 */
int prompt_new(bool batch, struct prompt **pp);
void prompt_free(struct prompt *p);

/*
 * Ask.
 *
 * text:    shown after cleaning; line feeds are kept.
 * answer:  receives the line without its end, NUL-terminated; the caller
 *          wipes it.  size is at most PROMPT_ANSWER_MAX.
 * The terminal is restored whatever happens, also on SIGINT and SIGTERM,
 * which are then delivered.
 * Returns 0, SSHTAP_ERR_NOT_FOUND (nobody to ask), SSHTAP_ERR_REFUSED (end of
 * input, or askpass said no), SSHTAP_ERR_SYSTEM, SSHTAP_ERR_TOO_BIG.
 */
int prompt_ask(struct prompt *p, enum prompt_kind kind, const char *text,
    char *answer, size_t size);

/* Show cleaned text (a banner, instructions) where questions are asked. */
void prompt_show(struct prompt *p, const char *text);

/* Milliseconds spent waiting for the user so far: deadlines leave them out. */
unsigned long prompt_waited_ms(const struct prompt *p);

#endif /* PROMPT_H */
