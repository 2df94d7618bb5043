/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Leveled messages.  The library decides what is worth saying; the program
 * decides where it goes by setting a sink.  Without a sink nothing is
 * written.  A line never holds a control character when it reaches the sink,
 * whatever its arguments held, and is cut at LOG_LINE_MAX bytes.
 */
#define LOG_LINE_MAX	1024

enum log_level {
	LOG_LEVEL_QUIET,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_VERBOSE,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_COUNT
};

/* line: cleaned text without a line end, NUL-terminated. */
typedef void (log_sink_fn)(void *ctx, enum log_level level, const char *line);

/* Set the sink (NULL for none) and the highest level that reaches it. */
void log_set(enum log_level max, log_sink_fn *sink, void *ctx);

/*
 * A sink that writes each line to a descriptor, behind the program's name:
 * log_set(level, log_write, &output).
 */
struct log_output {
	const char *program;
	int fd;
};

void log_write(void *output, enum log_level level, const char *line);

/* Change the level, keep the sink. */
void log_set_level(enum log_level max);

/* True when a message of this level would reach the sink. */
bool log_wants(enum log_level level);

/* Write one line.  errno is preserved. */
void log_at(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Write one line and append ": " and the text of the error code r. */
void log_at_r(enum log_level level, int r, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(...)		log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)		log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)		log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_verbose(...)	log_at(LOG_LEVEL_VERBOSE, __VA_ARGS__)
#define log_debug(...)		log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_error_r(r, ...)	log_at_r(LOG_LEVEL_ERROR, r, __VA_ARGS__)
#define log_warn_r(r, ...)	log_at_r(LOG_LEVEL_WARN, r, __VA_ARGS__)
#define log_debug_r(r, ...)	log_at_r(LOG_LEVEL_DEBUG, r, __VA_ARGS__)

#endif /* LOG_H */
