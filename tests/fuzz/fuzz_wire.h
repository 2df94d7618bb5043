/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef FUZZ_WIRE_H
#define FUZZ_WIRE_H

#include <stddef.h>

#include "transport/key.h"
#include "transport/session.h"

/* Keys and sessions for the programs that need some. */

/*
 * Two keys that are the same in every run, so that inputs with signatures
 * stay good: the host's, and the user's.  They are from RFC 8032 and secret
 * to nobody.
 */
const struct key *wire_host_key(void);
const struct key *wire_user_key(void);

/*
 * A session that waits for its peer: what is sent on it stays in its queue.
 * It is made once for each role and given out again in the same state.
 */
struct session *wire_new_session(enum session_role role);
void wire_end_session(struct session *s);

/* No more than n messages of at most max bytes are in its queue. */
void wire_check_queue(const struct session *s, size_t n, size_t max);

/* Both kinds of callbacks, with the keys above. */
extern const struct session_ops wire_ops;

#endif /* FUZZ_WIRE_H */
