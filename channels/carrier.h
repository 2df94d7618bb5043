/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CARRIER_H
#define CARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/view.h"

/*
 * What carries channel messages to the peer.  The channel layer cannot tell
 * which carrier it has: our own transport (carrier_session.h) or another
 * program's connection.
 *
 * A payload is a message from its number on, without packet framing.
 */

/* Whose book-keeping of windows we deal with (see chan_window.h). */
enum carrier_peer {
	CARRIER_PEER_OPENSSH,
	CARRIER_PEER_SSHTAP,
	CARRIER_PEER_OTHER
};

struct carrier_ops {
	const char *name;
	/*
	 * Send a payload from where it lies, or not at all: nothing is queued
	 * behind the caller's back.  CARRIER_HEADROOM bytes in front of it
	 * and CARRIER_TAILROOM behind may be overwritten, and so may it.
	 * Returns 0; SSHTAP_ERR_AGAIN: not now, the writable event follows,
	 * and nothing was touched; or what ends the connection.
	 */
	int (*send_frame)(void *ctx, uint8_t *payload, size_t len);
	/* Whether send_frame would do other than to say AGAIN. */
	bool (*is_writable)(void *ctx);
	/*
	 * Send or queue a control message, whether it is writable or not.
	 * Returns 0, SSHTAP_ERR_TOO_BIG (the peer makes us queue without
	 * bounds: end the connection), SSHTAP_ERR_ALLOC, SSHTAP_ERR_CRYPTO.
	 */
	int (*send)(void *ctx, const struct view *payload);
};
#define CARRIER_HEADROOM	5
#define CARRIER_TAILROOM	20

struct carrier {
	const struct carrier_ops *ops;
	void *ctx;
	enum carrier_peer peer;
};

#endif /* CARRIER_H */
