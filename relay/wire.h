/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>

#include "lib/loop.h"
#include "relay/path.h"
#include "transport/session.h"

/*
 * Between a pair of descriptors and a session: one read for each readiness,
 * many packets for each read, one write for each batch of packets.
 *
 * What ends it (failed, lost) is said once, after it has been ended.
 */
struct wire;

struct wire_ops {
	/*
	 * A packet for a layer above.  Returns 0, SSHTAP_ERR_UNSUPPORTED (it
	 * is answered with UNIMPLEMENTED), or what ends the connection.
	 */
	int (*packet)(void *ctx, struct session_packet *p);
	/*
	 * All whole packets of a read have been taken; or one of them, where
	 * its payload does not stay (session_keeps_payloads).  Returns 0 or
	 * what ends the connection.
	 */
	int (*drained)(void *ctx);
	/* Bytes came, whatever they are: the peer lives.  May be NULL. */
	void (*heard)(void *ctx);
	/*
	 * r of the session or of a layer above ends the connection.  The
	 * peer is told after this, unless it is the session's own failure.
	 */
	void (*failed)(void *ctx, int r);
	/* error: 0 when the peer has hung up, else read(2)'s errno. */
	void (*lost)(void *ctx, int error);
	/*
	 * The session can take frames: for chans_carrier_writable.  In every
	 * turn in which it can, also before there are channels.
	 */
	void (*writable)(void *ctx);
	/*
	 * The path has been looked at: for pump_path.  Returns 0 or what ends
	 * the connection.  May be NULL.
	 */
	int (*sampled)(void *ctx);
};

/*
 * Embedded by its owner: zeroed, then all down to ctx is filled in.
 *
 * Owner:   of session and descriptors is the caller; both outlive the wire.
 *          The descriptors are non-blocking, and SIGPIPE is ignored
 *          (signals_start).
 */
struct wire {
	struct loop *loop;
	struct session *session;
	int rfd, wfd;		/* the same number for a socket */
	const struct wire_ops *ops;
	void *ctx;
	bool ended;		/* read it; wire_end sets it */
	struct path path;	/* from wire_start on, for pumps */
	struct loop_timer again;	/* when the path is full */
	size_t stuck;			/* bytes on it then */
	unsigned again_ms;
};

/*
 * Watch the descriptors.
 *
 * loop_type: one whose handler is wire_ready.
 * Returns 0, or what loop_add returns; nothing is watched then.
 */
int wire_start(struct wire *w, unsigned loop_type);

/* A loop_fd_fn; ctx is the wire. */
void wire_ready(void *ctx, int fd, unsigned events);

/* Once per turn, before loop_turn: write what has gathered. */
void wire_flush(struct wire *w);

/*
 * r is what a call on the session or its channels returned: anything but 0
 * and SSHTAP_ERR_AGAIN ends the connection.
 */
void wire_check(struct wire *w, int r);

/*
 * Handle nothing any more: no packet, not even one that has been read, no
 * event, no descriptor.  May be called from any of ops, and twice.
 */
void wire_end(struct wire *w);

/*
 * Try for a moment to get what is left to the peer, such as a DISCONNECT.
 * Waits, so it is for the end of a program.
 */
void wire_linger(struct wire *w);

#endif /* WIRE_H */
