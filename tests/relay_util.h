/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef RELAY_UTIL_H
#define RELAY_UTIL_H

#include <stdbool.h>
#include <stdint.h>

#include "channels/chan.h"
#include "lib/loop.h"
#include "relay/pump.h"
#include "relay/wire.h"
#include "tests/pair.h"
#include "tun/tap.h"

/*
 * A client and a server, joined by sockets, on one loop; each has devices,
 * whose other ends are the test's.  Sides are named by enum session_role.
 * Every function here fails the test when it cannot do its work.
 */
#define RELAY_PLUGS	2

enum relay_fd {
	RELAY_FD_NET,
	RELAY_FD_DEVICE,
	RELAY_FD_COUNT
};

/* One end of a tunnel. */
struct relay_plug {
	struct relay_side *side;
	struct tap *tap;	/* the pump's */
	struct tap *host;	/* joined to it, or NULL */
	int bell[2];		/* what its descriptor shows */
	struct pump pump;
	unsigned gone, unreadable;
	int failure, error;	/* of the pump, errno */
};

struct relay_side {
	struct relay_bench *bench;
	struct session *session;
	int rfd, wfd;
	struct wire wire;
	struct chans *cs;
	struct relay_plug plugs[RELAY_PLUGS];
	unsigned used;			/* of plugs, by tunnels */

	unsigned offers;		/* super-frames that it takes, of the
					 * next tunnels; 0: it says nothing */
	bool is_mute;			/* does not flush */
	int verdict;			/* on packets; 0: the channels' */
	bool ends_on_packet;
	unsigned packets, drains, hears, writables, ends;
	int failure, error;		/* what it ended with */
};

struct relay_bench {
	struct pair pair;
	struct loop *loop;
	struct loop_timer now;
	struct relay_side sides[2];
};

/*
 * Two sessions that have their wires and know nothing of each other yet.
 *
 * two_fds: the wires read from one descriptor and write to another.
 */
void relay_open(struct relay_bench *b, bool two_fds);
void relay_close(struct relay_bench *b);

/* One turn of the loop, without waiting, or many. */
void relay_turn(struct relay_bench *b);
void relay_run(struct relay_bench *b);

/* True when nothing makes the loop turn within ms, which it waits then. */
bool relay_is_quiet(struct relay_bench *b, unsigned ms);

/* Open, exchange keys, pretend authentication, make channels. */
void relay_join(struct relay_bench *b, bool two_fds);

/* Give a side a device, in memory, or t; for the next tunnel. */
struct relay_plug *relay_plug(struct relay_side *s, struct tap *t);

/* Let the descriptor of a device t be readable from now on. */
void relay_ring(struct relay_plug *g);

/* A tunnel from client to server, and the devices at its ends. */
void relay_tunnel(struct relay_bench *b);

/*
 * A frame; all of them are of one flow, or else their order would be up to the
 * seed of the queue.
 */
void relay_fill(uint8_t *frame, uint8_t fill, size_t len);

/* Frames between the test and a device; false when full or empty. */
bool relay_put(struct relay_plug *g, uint8_t fill, size_t len);
bool relay_get(struct relay_plug *g, uint8_t *fillp, size_t *lenp);

/* For cmocka: joined by a socket, with one tunnel. */
int relay_setup(void **state);
int relay_teardown(void **state);
#define BENCH(t) \
	cmocka_unit_test_setup_teardown(t, relay_setup, relay_teardown)

#endif /* RELAY_UTIL_H */
