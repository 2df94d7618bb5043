/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef STARTUPS_H
#define STARTUPS_H

#include <sys/types.h>
#include <sys/socket.h>

#include <stdbool.h>
#include <stdint.h>

/*
 * Who may have how many connections on which nobody has logged in yet.  Pure:
 * no sockets, no clock; chance is an argument.
 *
 * A source is a block of addresses.  When there is no more room, the source
 * that has the most gives way, not the one that comes: so nobody is kept out
 * by others who wait.  A connection that ends without a login counts against
 * its source for STARTUPS_LINGER_MS from its start on, so that coming back
 * fast is no way around the limit.
 */
#define STARTUPS_MAX		1000	/* the largest MaxStartups */
#define STARTUPS_LINGER_MS	1000
#define STARTUPS_NONE		UINT32_MAX

struct startups_limits {
	unsigned begin, rate, full;	/* MaxStartups; rate in percent */
	unsigned per_source;		/* PerSourceMaxStartups, 0: no limit */
	unsigned v4_bits, v6_bits;	/* PerSourceNetBlockSize */
};

/* What becomes of a new connection. */
enum startups_verdict {
	STARTUPS_TAKEN,
	STARTUPS_SOURCE_FULL,	/* refused: its source has enough */
	STARTUPS_FULL		/* refused: its source has the most of all */
};

struct startups;

/* Returns 0, SSHTAP_ERR_ALLOC, or SSHTAP_ERR_ARGUMENT (full is too large). */
int startups_new(const struct startups_limits *limits, struct startups **sp);
void startups_free(struct startups *s);

/* Other limits, for those who come from now on. */
int startups_set_limits(struct startups *s,
    const struct startups_limits *limits);

/*
 * A connection came.
 *
 * from:    an address; anything but IPv4 and IPv6 is one source together.
 * chance:  random.
 * idp:     its number until startups_end, when it is taken.
 * evictp:  the number of one that has to make room, or STARTUPS_NONE.  It is
 *          the caller who ends it, at once, and calls startups_end for it.
 */
enum startups_verdict startups_begin(struct startups *s,
    const struct sockaddr *from, uint32_t chance, uint64_t now_ms,
    uint32_t *idp, uint32_t *evictp);

/* It has logged in, or has ended. */
void startups_end(struct startups *s, uint32_t id, bool has_logged_in,
    uint64_t now_ms);

/* Those on which nobody has logged in and that have not ended. */
unsigned startups_count(const struct startups *s);

#endif /* STARTUPS_H */
