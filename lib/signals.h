/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SIGNALS_H
#define SIGNALS_H

#include <stdbool.h>

/*
 * INT, TERM and HUP as bytes in a pipe, so that the loop hears of them in its
 * turn.  PIPE is ignored: a write tells.
 */

/* Returns 0 or SSHTAP_ERR_SYSTEM.  Once per process, after a fork anew. */
int signals_start(void);

/* Readable when a signal has come; -1 before signals_start. */
int signals_fd(void);

/* Whether one has come and was not taken yet. */
bool signals_have(void);

/* The signal that came first, or 0. */
int signals_take(void);

#endif /* SIGNALS_H */
