/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>

#include "lib/log.h"

/*
 * Where the lines of a server go: syslog(3), or a descriptor, where each is
 * preceded by the process's number.  For log_set; see there.
 */
struct output {
	bool to_syslog;
	int facility;		/* of syslog */
	int fd;			/* else */
};

/* Returns nothing: a log that cannot be opened cannot be complained of. */
void output_start(const struct output *o, enum log_level max);

log_sink_fn output_write;

#endif /* OUTPUT_H */
