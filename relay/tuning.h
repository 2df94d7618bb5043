/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef TUNING_H
#define TUNING_H

#include <stdbool.h>

/*
 * How the socket below a tunnel is set up.  All of it costs speed at most
 * when it fails, and a pipe has nothing of it.
 */
#define TUNING_NAME_MAX		15	/* Linux: TCP_CA_NAME_MAX - 1 */
#define TUNING_CONGESTION	"cubic"	/* unless somebody says otherwise */
#define TUNING_BUSY_POLL_MAX	1000	/* microseconds */

/* Can it be the name of a congestion control? */
bool tuning_is_name(const char *s);

/*
 * Does this process get that congestion control?  Tried on a socket of its
 * own, before it matters, for the sake of a name that somebody has chosen.
 * Returns 0 or SSHTAP_ERR_UNSUPPORTED (has been logged, as a value of
 * TCPCongestion).
 */
int tuning_check(const char *name);

/*
 * Unsent bytes wait in the device's queue rather than in the socket, and name
 * is its congestion control; NULL leaves the system's own.
 */
void tuning_apply(int fd, const char *name);

#endif /* TUNING_H */
