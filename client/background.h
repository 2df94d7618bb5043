/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef BACKGROUND_H
#define BACKGROUND_H

#include <stdbool.h>

/*
 * -f: the program that the shell waits for returns once the tunnel is up.
 */
struct background;

/*
 * Fork.  In the child: 0 and *bp.  In the parent: waits, returns 1 with the
 * status to exit with in *statusp: 0 once the child called background_ready,
 * else the child's own status.  INT, TERM, HUP are passed on meanwhile.
 */
int background_start(struct background **bp, int *statusp);

/*
 * Child: the tunnel is up.  Leave the session; standard input, output and
 * error become /dev/null, so that nobody waits for the end of ours.
 *
 * keep_stderr: as ssh with -v, for messages that are still to come.
 */
int background_ready(struct background *b, bool keep_stderr);

void background_free(struct background *b);

#endif /* BACKGROUND_H */
