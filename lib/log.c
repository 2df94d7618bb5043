/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * One sink and one level for the whole process: who listens is the program's
 * choice, made once at its start.  Arguments may come from the far side, so
 * the finished line is cleaned as a whole, whatever produced its parts.
 */

#include "lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/text.h"

/* Room for ": " and the text of an error, and for a program's name. */
#define TAIL_MAX	160
#define PROGRAM_MAX	32

static struct {
	enum log_level max;
	log_sink_fn *sink;
	void *ctx;
} state;

void
log_set(enum log_level max, log_sink_fn *sink, void *ctx)
{
	state.max = max;
	state.sink = sink;
	state.ctx = ctx;
}

void
log_set_level(enum log_level max)
{
	state.max = max;
}

/*
 * One write, so that lines of several processes do not mix.
 * #syscalls write
 */
void
log_write(void *output, enum log_level level, const char *line)
{
	const struct log_output *o = output;
	char out[PROGRAM_MAX + LOG_LINE_MAX];
	int n;

	(void)level;
	n = snprintf(out, sizeof(out), "%.*s: %s\n", PROGRAM_MAX - 4,
	    o->program, line);
	if (n > 0)
		(void)!write(o->fd, out, (size_t)n);
}

bool
log_wants(enum log_level level)
{
	return state.sink != NULL && level > LOG_LEVEL_QUIET &&
	    level <= state.max;
}

/*
 * A line that is too long loses the end of its message, never its tail,
 * which says what went wrong.  The raw text is a little longer than a line
 * so that the cut falls to text_clean, which does not cut inside a character.
 */
static void __attribute__((format(printf, 3, 0)))
write_line(enum log_level level, const char *tail, const char *fmt, va_list ap)
{
	char raw[LOG_LINE_MAX + 4], line[LOG_LINE_MAX + 1];
	size_t len, tail_len = strlen(tail);
	int n;

	if ((n = vsnprintf(raw, sizeof(raw), fmt, ap)) < 0)
		return;
	len = (size_t)n < sizeof(raw) ? (size_t)n : sizeof(raw) - 1;
	len = text_clean(line, sizeof(line) - tail_len, raw, len, false);
	(void)text_clean(line + len, sizeof(line) - len, tail, tail_len, false);
	state.sink(state.ctx, level, line);
}

void
log_at(enum log_level level, const char *fmt, ...)
{
	int saved_errno = errno;
	va_list ap;

	if (!log_wants(level))
		return;
	va_start(ap, fmt);
	write_line(level, "", fmt, ap);
	va_end(ap);
	errno = saved_errno;
}

void
log_at_r(enum log_level level, int r, const char *fmt, ...)
{
	char tail[TAIL_MAX];
	int saved_errno = errno;
	va_list ap;

	if (!log_wants(level))
		return;
	(void)snprintf(tail, sizeof(tail), ": %s", err_text(r));
	errno = saved_errno;
	va_start(ap, fmt);
	write_line(level, tail, fmt, ap);
	va_end(ap);
	errno = saved_errno;
}
