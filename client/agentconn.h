/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef AGENTCONN_H
#define AGENTCONN_H

#include "lib/buf.h"
#include "lib/view.h"
#include "transport/agent.h"

/*
 * A connection to the user's ssh-agent.  Calls wait for its answer, which may
 * take as long as the user needs to confirm, at most AGENTCONN_TIMEOUT_MS.
 */
#define AGENTCONN_TIMEOUT_MS	120000

struct agentconn;

/* Returns 0, SSHTAP_ERR_SYSTEM (errno), SSHTAP_ERR_TOO_BIG (path). */
int agentconn_open(const char *path, struct agentconn **ap);
void agentconn_close(struct agentconn *a);

/* Milliseconds spent waiting for answers: the user may be asked there. */
unsigned long agentconn_waited_ms(const struct agentconn *a);

/* fn as in agent_parse_list. */
int agentconn_list(struct agentconn *a, agent_key_fn *fn, void *ctx);

/* Bind the agent to this connection; an agent that cannot is no failure. */
int agentconn_bind(struct agentconn *a, const struct view *hostkey,
    const struct view *session_id, const struct view *kex_signature);

/* Append a signature blob over data made with algorithm. */
int agentconn_sign(struct agentconn *a, const struct view *blob,
    const struct view *algorithm, const struct view *data,
    struct buf *signature);

#endif /* AGENTCONN_H */
