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
 * Where a command's output goes, opened while we have the user's rights.  A
 * terminal is opened anew to be non-blocking, since the one we were given is
 * shared with other programs; anything else is duplicated, so that it stays
 * when -f gives up our standard descriptors.
 */
struct command_output {
	int out, err;		/* -1 when closed */
};

void command_output_init(struct command_output *o);
/* Returns 0 or SSHTAP_ERR_SYSTEM. */
int command_output_open(struct command_output *o);
void command_output_close(struct command_output *o);

/*
 * Run the configured command and connect it to our standard input and to o.
 *
 * o:       taken over on success, and closed with the command.
 * type:    loop type whose handler is command_ready.
 * done:    called once; its ctx is that of the loop types too.
 */
int command_run(struct chans *cs, struct loop *l, unsigned type,
    const struct config *c, struct command_output *o, command_done_fn *done,
    void *ctx, struct command **cmdp);

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
