/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef MONITOR_H
#define MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "tun/tap.h"

/*
 * The root side.  It forks the network process, makes the interface that this
 * one asks for, passes the descriptors, and stays until the other has ended,
 * so that what it made is undone whatever happens to the other.
 *
 * Requests are fixed-size records of numbers; each may be sent once (see the
 * table in monitor_msg.c).  Never a path, never a name from the other side.
 */
struct monitor;

/*
 * Fork.  In the child: 0, *mp set, still root; it gives that up itself.
 * In the parent: runs the monitor until the child has ended, then returns 1
 * with the exit status to end with in *statusp (255 when the child was
 * killed, which is logged).  INT, TERM, HUP of the monitor are passed on; one
 * from the terminal reaches the child twice, which must do no harm.
 * Where the system can, the child is killed when the monitor is.
 * Returns SSHTAP_ERR_SYSTEM when there is no fork.
 */
int monitor_start(struct monitor **mp, int *statusp);

/*
 * Child: ask for the interface, which the monitor brings up if it makes it.
 * Warnings of tap_warn are logged by the monitor.
 *
 * Returns what tap_open returns (errno and *fault are passed over), or
 * SSHTAP_ERR_CLOSED when the monitor is gone.
 */
int monitor_open_tap(struct monitor *m, const struct tap_request *wanted,
    struct tap **tapp, struct tap_fault *fault);

/*
 * Child, together with background_ready: the monitor leaves the terminal's
 * session too, and its standard error if that is a terminal.
 * Returns 0, or SSHTAP_ERR_CLOSED when the monitor is gone.
 */
int monitor_detach(struct monitor *m);

/*
 * Child: becomes readable when the monitor dies, or has ended the
 * conversation after a malformed request.
 */
int monitor_fd(const struct monitor *m);

void monitor_free(struct monitor *m);

#endif /* MONITOR_H */
