/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>

#include "channels/chan.h"
#include "client/config.h"
#include "lib/loop.h"

/*
 * A command on the far end, in a session channel opened after the tunnel, so
 * that sshd sets SSH_TUNNEL for it.
 */
struct command;

/* The command's channel is gone; free it, if not before. */
typedef void (command_done_fn)(void *ctx);

/*
 * Run line and connect it to our standard input, output and error.
 *
 * type:    loop type whose handler is command_ready.
 * done:    called once; its ctx is that of the loop types too.
 */
int command_run(struct chans *cs, struct loop *l, unsigned type,
    const struct config *c, command_done_fn *done, void *ctx,
    struct command **cmdp);

/*
 * Ask the far end which interface sshd made, by what SSH_TUNNEL says there.
 * command_answer has the name once done was called.
 */
int command_ask_name(struct chans *cs, struct loop *l, unsigned type,
    const struct config *c, command_done_fn *done, void *ctx,
    struct command **cmdp);

/* The interface name, or NULL when the answer was none. */
const char *command_answer(const struct command *cmd);

/* Accepts NULL.  No done afterwards; the channel is closed. */
void command_free(struct command *cmd);

/* Events of the channel whose user pointer is cmd; see struct chans_events. */
void command_opened(struct command *cmd);
void command_refused(struct command *cmd, const char *text);
void command_data(struct command *cmd, bool is_stderr,
    const struct view *bytes);
void command_writable(struct command *cmd);
void command_exec_result(struct command *cmd, bool ok);
void command_exited(struct command *cmd, uint32_t status, const char *signal);
void command_closed(struct command *cmd);

/* One of our standard descriptors is ready. */
void command_ready(struct command *cmd, int fd, unsigned events);

#endif /* COMMAND_H */
