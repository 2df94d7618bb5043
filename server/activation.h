/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef ACTIVATION_H
#define ACTIVATION_H

#include <stddef.h>

/*
 * Being started by a service manager, by its protocol alone: sockets that it
 * hands over, and the word that we are ready.  Reference: sd_listen_fds(3),
 * sd_notify(3), "Notes".
 */
#define ACTIVATION_SOCKETS_MAX	16

/*
 * The listening sockets that were handed over, close-on-exec and non-blocking
 * from now on.  Their variables leave the environment.
 *
 * Returns 0 with *np, which is 0 when there are none; SSHTAP_ERR_FORMAT (what
 * was handed over is not a listening stream socket, or too many are),
 * SSHTAP_ERR_SYSTEM.
 */
int activation_sockets(int fds[ACTIVATION_SOCKETS_MAX], size_t *np);

/*
 * Remember whom to tell, and take it out of the environment.
 * activation_notify sends a state ("READY=1"); without anybody to tell it
 * does nothing.
 */
void activation_init(void);
void activation_notify(const char *state);

#endif /* ACTIVATION_H */
