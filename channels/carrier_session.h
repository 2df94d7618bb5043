/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CARRIER_SESSION_H
#define CARRIER_SESSION_H

#include "channels/carrier.h"

struct session;

/*
 * The carrier that is our own transport.
 *
 * Owner:   s stays the caller's and outlives what is made of it.
 * State:   the peer's identification is known.
 */
struct carrier carrier_session(struct session *s);

#endif /* CARRIER_SESSION_H */
