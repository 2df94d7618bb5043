/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Whom to ask.  The terminal is the process's own, /dev/tty, never standard
 * input, which may be a pipe of data.  SSH_ASKPASS steps in without one;
 * SSH_ASKPASS_REQUIRE can forbid it ("never"), put it first ("prefer"), or
 * insist on it even without a display ("force").  Reference: ssh(1).
 *
 * Text may come from the far side, so it is cleaned here, once, for all ways.
 */

#include "client/prompt.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "client/prompt_impl.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/text.h"

struct prompt {
	bool batch;
	int tty;		/* -1: there is none */
	uint64_t waited_ms;
};

int
prompt_new(bool batch, struct prompt **pp)
{
	struct prompt *p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return SSHTAP_ERR_ALLOC;
	p->batch = batch;
	p->tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	*pp = p;
	return 0;
}

void
prompt_free(struct prompt *p)
{
	if (p == NULL)
		return;
	proc_close(&p->tty);
	free(p);
}

static bool
is_set(const char *name)
{
	const char *s = getenv(name);

	return s != NULL && *s != '\0';
}

/* The askpass program to use now, or NULL for the terminal. */
static const char *
choose_program(const struct prompt *p)
{
	bool allowed = is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
	const char *require = getenv("SSH_ASKPASS_REQUIRE");
	bool first = false;

	if (require != NULL && strcasecmp(require, "force") == 0)
		allowed = first = true;
	else if (require != NULL && strcasecmp(require, "prefer") == 0)
		first = true;
	else if (require != NULL && strcasecmp(require, "never") == 0)
		allowed = false;
	if (!allowed || !is_set("SSH_ASKPASS") || (!first && p->tty != -1))
		return NULL;
	return getenv("SSH_ASKPASS");
}

/* A confirmation that the program gives by its status alone is a yes. */
static int
ask_program(const char *program, enum prompt_kind kind, const char *text,
    char *answer, size_t size)
{
	static const char yes[] = "yes";
	int r = prompt_ask_program(program, kind == PROMPT_CONFIRM, text,
	    answer, size);

	if (r == 0 && kind == PROMPT_CONFIRM && *answer == '\0') {
		if (size < sizeof(yes))
			return SSHTAP_ERR_TOO_BIG;
		memcpy(answer, yes, sizeof(yes));
	}
	return r;
}

static char *
clean(const char *text)
{
	size_t len = strlen(text);
	char *s;

	if ((s = malloc(len + 1)) != NULL)
		(void)text_clean(s, len + 1, text, len, true);
	return s;
}

int
prompt_ask(struct prompt *p, enum prompt_kind kind, const char *text,
    char *answer, size_t size)
{
	const char *program = choose_program(p);
	uint64_t start = proc_now_ms();
	char *shown;
	int r;

	if (size == 0 || size > PROMPT_ANSWER_MAX)
		return SSHTAP_ERR_ARGUMENT;
	if (p->batch || (program == NULL && p->tty == -1))
		return SSHTAP_ERR_NOT_FOUND;
	if ((shown = clean(text)) == NULL)
		return SSHTAP_ERR_ALLOC;
	if (program != NULL)
		r = ask_program(program, kind, shown, answer, size);
	else
		r = prompt_ask_tty(p->tty, kind != PROMPT_SECRET, shown,
		    answer, size);
	free(shown);
	p->waited_ms += proc_now_ms() - start;
	return r;
}

/* With a line end of its own, so that what follows is not taken for it. */
void
prompt_show(struct prompt *p, const char *text)
{
	size_t len = strlen(text), done = 0;
	char *shown, *line;
	ssize_t n;

	line = text_format("%s%s", text,
	    len > 0 && text[len - 1] != '\n' ? "\n" : "");
	if (line == NULL)
		return;
	shown = clean(line);
	free(line);
	if (shown == NULL)
		return;
	len = strlen(shown);
	while (done < len) {
		n = write(p->tty != -1 ? p->tty : STDERR_FILENO, shown + done,
		    len - done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	free(shown);
}

unsigned long
prompt_waited_ms(const struct prompt *p)
{
	return (unsigned long)p->waited_ms;
}
