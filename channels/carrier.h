/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CARRIER_H
#define CARRIER_H

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
	 * Room for a payload of up to max bytes, written by the caller and
	 * then committed with its true length; nothing else may be sent in
	 * between, and a reservation that is not committed is simply dropped.
	 * The CARRIER_HEADROOM bytes in front of it may be overwritten too.
	 * Returns 0, or SSHTAP_ERR_AGAIN: not now, the writable event
	 * follows.  For frames: nothing is queued behind the caller's back.
	 */
	int (*reserve)(void *ctx, size_t max, uint8_t **payloadp);
	int (*commit)(void *ctx, size_t len);
	/*
	 * Send or queue a control message, also while reserve says AGAIN.
	 * Returns 0, SSHTAP_ERR_TOO_BIG (the peer makes us queue without
	 * bounds: end the connection), SSHTAP_ERR_ALLOC, SSHTAP_ERR_CRYPTO.
	 */
	int (*send)(void *ctx, const struct view *payload);
};
#define CARRIER_HEADROOM	5

struct carrier {
	const struct carrier_ops *ops;
	void *ctx;
	enum carrier_peer peer;
};

#endif /* CARRIER_H */
