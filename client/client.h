/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CLIENT_H
#define CLIENT_H

#include "client/background.h"
#include "client/config.h"
#include "priv/monitor.h"
#include "priv/user.h"

/*
 * The network process: from a command line to the end of the tunnel.
 *
 * config:  overrides and destination are set; the rest is resolved here.
 * m:       the root side, or NULL when we have none.
 * b:       NULL unless -f was given.
 * user:    who asked.  A root that is not the user's own is given up before
 *          anything is read; root as the user itself before the first byte
 *          of the network is.
 * Every failure has been logged.  Returns the exit status, PROC_EXIT_FAILURE
 * for any failure of ours.
 */
int client_run(struct config *config, struct monitor *m, struct background *b,
    const struct user *user);

#endif /* CLIENT_H */
