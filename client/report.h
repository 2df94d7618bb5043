/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

#include "client/config.h"
#include "transport/session.h"

/*
 * One line for each way in which a connection can end: what, at which end,
 * what to do.
 */

/*
 * The session failed with r.
 *
 * said:    last line or DEBUG text of the peer, cleaned, or "".
 */
void report_session(const struct config *c, const struct session *s, int r,
    const char *said);

/* The byte stream ended without a word. */
void report_closed(const struct config *c, const struct session *s,
    const char *said);

/* The far side refused the tunnel. */
void report_refused(const struct config *c, uint32_t reason, const char *text,
    const char *said);

/* tap_open failed with r; fault as it left it. */
void report_tap(int r, const struct tap_fault *fault);

/* The tunnel is up; far_name may be NULL. */
void report_up(const struct config *c, const struct session *s,
    const char *near_name, const char *far_name);

#endif /* REPORT_H */
