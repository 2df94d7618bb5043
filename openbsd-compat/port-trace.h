/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PORT_TRACE_H
#define PORT_TRACE_H

/*
 * From now on no debugger of the same user can look into this process.  On
 * macOS one that is attached already makes this end the process, with the
 * status 45 (ENOTSUP).
 *
 * Returns 0, also where the system has no such thing, or -1 and errno.
 */
int sys_forbid_trace(void);

#endif /* PORT_TRACE_H */
