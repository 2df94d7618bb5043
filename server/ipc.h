/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef IPC_H
#define IPC_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/view.h"

/*
 * Records between the processes of one connection, over a socket pair: a
 * length word and so many bytes, with descriptors beside the length.
 */
#define IPC_LENGTH_SIZE	4

/* Who does not read for so long is given up. */
#define IPC_TIMEOUT_S	10

/*
 * Let no ipc_send over this socket wait for longer than IPC_TIMEOUT_S.
 * Returns 0 or SSHTAP_ERR_SYSTEM.
 */
int ipc_limit(int fd);

/*
 * Send a record; waits until the other side has room for it.
 * Returns 0, SSHTAP_ERR_CLOSED, SSHTAP_ERR_ALLOC, SSHTAP_ERR_TOO_BIG.
 */
int ipc_send(int fd, const struct view *record, const int *fds, size_t nfds);

/*
 * Receive a record whose sender is trusted to end it.
 *
 * record:  initialised by the caller, emptied first; its limit is that of a
 *          record.
 * fds:     NULL (what comes is closed), or room for FDPASS_MAX descriptors,
 *          of which *nfdsp came.
 * Returns 0, SSHTAP_ERR_CLOSED, SSHTAP_ERR_TOO_BIG, SSHTAP_ERR_ALLOC.
 */
int ipc_receive(int fd, struct buf *record, int *fds, size_t *nfdsp);

/*
 * Collect a record from a sender who may send half of one and then nothing:
 * takes what is there and never waits.
 *
 * partial: initialised by the caller, empty at the start of each record; its
 *          limit is that of a record and its length word.
 * recordp: on success, the record, which lies in partial.
 * Returns 0; SSHTAP_ERR_AGAIN (call again when there is more);
 * SSHTAP_ERR_CLOSED; SSHTAP_ERR_TOO_BIG; SSHTAP_ERR_ALLOC.
 */
int ipc_collect(int fd, struct buf *partial, struct view *recordp);

#endif /* IPC_H */
