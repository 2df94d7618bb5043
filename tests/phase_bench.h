/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PHASE_BENCH_H
#define PHASE_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channels/chan.h"
#include "lib/buf.h"
#include "tests/pair.h"
#include "transport/auth_client.h"
#include "transport/auth_server.h"
#include "transport/packet.h"

/*
 * A victim that a genuine peer has brought to some phase of a connection, and
 * then the test in the peer's place, with keys of its own, so that it can say
 * anything there.  Above the victim's session sits what a program has there:
 * authentication until it has ended, channels from then on; what nobody knows
 * is answered with UNIMPLEMENTED.  Everything here fails the test when it
 * cannot do its work.
 */
enum phase {
	PHASE_VERSION,		/* its line is out, the peer's is not here */
	PHASE_KEXINIT,		/* waiting for it */
	PHASE_METHOD,		/* waiting for the method's INIT or REPLY */
	PHASE_NEWKEYS,		/* waiting for it */
	PHASE_FIRST,		/* keyed, and nothing has come since */
	PHASE_SERVICE,		/* likewise but for an IGNORE */
	PHASE_AUTH,		/* granted; a client has asked with "none" */
	PHASE_PROBE,		/* client: has asked about a key */
	PHASE_READY,		/* authenticated, without a channel */
	PHASE_OPEN,		/* with a tunnel, of number 0 */
	PHASE_EOF,		/* which the peer has ended */
	PHASE_CLOSING,		/* which we have closed and the peer has not */
	PHASE_CLOSED,		/* which both have */
	PHASE_REKEY_KEXINIT,	/* with a tunnel: ours is out */
	PHASE_REKEY_METHOD,
	PHASE_REKEY_NEWKEYS,
	PHASE_ENDED		/* after a failure */
};

/* What a message that was only refused cannot have changed. */
struct phase_marks {
	unsigned state;
	bool authenticated, compressing, granted, late_ext_info;
	uint32_t seq;
	uint64_t packets;
};

struct phase_bench {
	enum session_role victim;
	enum phase phase;
	bool is_lax;			/* no strict key exchange */
	struct pair p;
	struct session *s, *peer;	/* the victim's and its peer's */
	struct auth_client *client;
	struct auth_server *server;
	struct chans *chans;
	struct chan *chan;		/* of the tunnel */

	struct packet_out to;		/* the test's end of the wire */
	struct packet_in from;
	struct cipher *true_in, *true_out;
	struct phase_marks bare, marks;	/* without and with what is above */

	struct buf method;		/* the INIT or REPLY that is due */
	struct buf rest;		/* what the peer would go on with */
	int result;			/* of the last message */
	struct buf heard;		/* the answers to it, as strings */
};

void phase_reach(struct phase_bench *b, enum session_role victim,
    enum phase phase, bool is_lax);
void phase_leave(struct phase_bench *b);

/*
 * Say something to the victim and hear what it answers, unless the message
 * has changed its keys.
 */
void phase_say(struct phase_bench *b, const struct view *payload);

/* Make as if the last message, which was refused, had never been said. */
void phase_revive(struct phase_bench *b);

/* The same session in the same phase, with everything above it made anew. */
void phase_renew(struct phase_bench *b);

/* Give the place back to the peer: the connection must go on with it. */
void phase_go_on(struct phase_bench *b);

/* A message of that number as it might be sent in good faith, appended. */
void phase_put_body(const struct phase_bench *b, uint8_t number,
    struct buf *m);

/* Does that number stand for a message that has more than its number? */
bool phase_has_body(uint8_t number);

#endif /* PHASE_BENCH_H */
