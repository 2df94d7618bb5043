/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SERVE_H
#define SERVE_H

#include "ctl/cmdline.h"

/*
 * Open a device and exchange its frames with another program, as c->method
 * says, until either ends or a signal says so.
 *
 * As root: forks the monitor, and the part that sees frames gives root up.
 * Returns in both processes.
 *
 * Returns 0 when the other program is done or INT, TERM or HUP came; a
 * negative SSHTAP_ERR_* after a line about what failed.
 */
int serve_run(const struct cmdline *c);

#endif /* SERVE_H */
