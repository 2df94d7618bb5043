/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef ALIVE_H
#define ALIVE_H

#include <stdint.h>

#include "lib/loop.h"

/*
 * Is the peer still there?  Ask when it has been silent for an interval, and
 * give up when so many questions in a row brought nothing at all.  Reference:
 * ssh_config(5), ServerAliveInterval; sshd_config(5), ClientAliveInterval.
 */
struct alive_ops {
	/* Send a question that has to be answered: for chans_keepalive. */
	void (*ask)(void *ctx);
	/* Nothing came for that long; there are no more questions. */
	void (*lost)(void *ctx, uint64_t seconds);
};

/* Embedded by its owner: zeroed, then loop, ops and ctx are filled in. */
struct alive {
	struct loop *loop;
	const struct alive_ops *ops;
	void *ctx;
	struct loop_timer timer;
	unsigned interval;	/* seconds, 0 while it is not started */
	unsigned count_max;
	unsigned unanswered;
};

/*
 * interval: seconds; 0 does nothing.
 * count_max: questions without an answer before the peer is lost.
 */
void alive_start(struct alive *a, unsigned interval, unsigned count_max);

/* Something came from the peer.  Does nothing before the start. */
void alive_heard(struct alive *a);

/* No more questions.  May be called at any time. */
void alive_stop(struct alive *a);

#endif /* ALIVE_H */
