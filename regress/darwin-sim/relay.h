/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef DARWIN_SIM_RELAY_H
#define DARWIN_SIM_RELAY_H

/*
 * The smallest tunnel: frames between the I/O peer of a pair and a TAP of
 * Linux, which is made.  Says "ready", and ends when the pair or the TAP does.
 * Returns an exit status.
 */
int relay(const char *peer, const char *tap);

#endif /* DARWIN_SIM_RELAY_H */
