/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef VERSION_H
#define VERSION_H

#include <stddef.h>

#include "lib/view.h"

/*
 * Identification exchange.  Reference: RFC 4253 section 4.2.
 */
#define VERSION_LINE_MAX	255	/* with CR LF */
#define VERSION_PREAMBLE_LINES	1024	/* a server's lines before its own */
#define VERSION_PREAMBLE_MAX	8192	/* bytes of one such line */

/*
 * Take one line off the front of what the peer has sent.
 *
 * in:      all bytes received and not yet consumed.
 * linep:   the line without CR LF, as it enters the exchange hash.
 * usedp:   bytes to consume, line end included.
 * Returns 0 (an identification), SSHTAP_ERR_AGAIN with *usedp 0 (no whole
 * line yet), SSHTAP_ERR_AGAIN with *usedp > 0 (a line that comes before the
 * identification, in *linep), SSHTAP_ERR_VERSION (a NUL, a line too long, or
 * a protocol version other than 2.0 and 1.99).
 */
int version_take_line(const struct view *in, struct view *linep,
    size_t *usedp);

/* The software version of an identification line ("OpenSSH_9.2p1"). */
struct view version_software(const struct view *line);

#endif /* VERSION_H */
