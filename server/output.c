/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "server/output.h"

#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#define NUMBER_MAX	32	/* "sshtapd[number]: " and LF */

static const int priorities[LOG_LEVEL_COUNT] = {
	[LOG_LEVEL_ERROR] = LOG_ERR,
	[LOG_LEVEL_WARN] = LOG_WARNING,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_VERBOSE] = LOG_INFO,
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

void
output_start(const struct output *o, enum log_level max)
{
	/* log_set hands on what it is given, and knows no const. */
	union { const struct output *in; void *out; } ctx = { .in = o };

	if (o->to_syslog)
		openlog("sshtapd", LOG_PID | LOG_NDELAY, o->facility);
	log_set(max, output_write, ctx.out);
}

/* One write, so that lines of several processes do not mix. */
void
output_write(void *ctx, enum log_level level, const char *line)
{
	const struct output *o = ctx;
	char out[LOG_LINE_MAX + NUMBER_MAX];
	int n;

	if (o->to_syslog) {
		syslog(priorities[level], "%s", line);
		return;
	}
	n = snprintf(out, sizeof(out), "sshtapd[%ld]: %s\n", (long)getpid(),
	    line);
	if (n > 0)
		(void)!write(o->fd, out, (size_t)n);
}
