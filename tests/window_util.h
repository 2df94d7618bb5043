/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef WINDOW_UTIL_H
#define WINDOW_UTIL_H

#include <stdint.h>

#include "channels/chan_window.h"

/*
 * A model of a peer that sends frames to us.  Credit travels with a delay, so
 * that the peer's book and ours are never the same at the same time.
 */
#define WINDOW		(2u * 1024 * 1024)
#define PACKET_MAX	32768u
#define DELAY		97u	/* frames that a grant is under way */

/* A peer as sender.  Reference: OpenSSH channels.c, channel_output_poll. */
struct sender {
	uint32_t window;
	uint32_t extra;		/* 0 stock, 4 mended */
	uint32_t in_flight;	/* credit not yet arrived */
	uint32_t arrives;	/* in so many frames */
	uint64_t dropped;
};

void sender_credit(struct sender *s, uint32_t amount);

/* Our book for such a peer. */
struct chan_window_in window_in(enum carrier_peer peer);

/*
 * The peer sends to us; returns the frames it sent.  A peer that cannot send
 * is silent, and the clock runs.
 */
uint64_t run_in(struct chan_window_in *w, struct sender *s, uint64_t tries,
    uint32_t len, uint64_t *now_msp);

#endif /* WINDOW_UTIL_H */
