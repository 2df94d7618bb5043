/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CHECK_H
#define CHECK_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "server/setup.h"
#include "transport/auth.h"
#include "transport/authorized_keys.h"

/*
 * The checker: a process without rights that holds what a stranger sent
 * against a text that the user wrote.  The monitor only carries the bytes of
 * both to it, so that root parses neither.  It sees no socket, no file and no
 * other connection, and says yes or no.
 */
#define CHECK_QUERY_MAX	(AUTHORIZED_KEYS_TEXT_MAX + 64 * 1024)

/* A checker that has this long for an answer is stuck. */
#define CHECK_TIMEOUT_MS	10000

struct check_query {
	struct view text;	/* of an authorized_keys file */
	struct view address;	/* of the peer, as text; may be empty */
	int64_t now;		/* seconds since 1970, UTC */
	struct view session_id;
	struct auth_publickey pk;
	struct view signature;	/* empty: only whether the key is admitted */
};

int check_put_query(struct buf *out, const struct check_query *q);
int check_get_query(struct view record, struct check_query *q);

struct check_verdict {
	/*
	 * 0; SSHTAP_ERR_NOT_FOUND, SSHTAP_ERR_REFUSED: as the text has it;
	 * SSHTAP_ERR_SIGNATURE; SSHTAP_ERR_UNSUPPORTED (key or algorithm); or
	 * what parsing the key returned.
	 */
	int result;
	/* Meaningful with 0, SSHTAP_ERR_REFUSED and SSHTAP_ERR_SIGNATURE. */
	struct authorized_keys_answer answer;
};

int check_put_verdict(struct buf *out, const struct check_verdict *v);
int check_get_verdict(struct view record, struct check_verdict *v);

/* Judge a query.  Pure. */
void check_judge(const struct check_query *q, struct check_verdict *v);

/*
 * The checker's life: SPAWN_MONITOR is its socket.  Returns the exit status.
 */
int check_main(void);

/* The monitor's side of it. */
struct checker {
	pid_t pid;
	int fd;			/* -1 when there is none */
	int wstatus;		/* of one that there was */
};

/* Returns 0 or SSHTAP_ERR_SYSTEM. */
int checker_start(struct checker *c, const struct setup_rights *rights);

/*
 * Returns 0 with a verdict, or SSHTAP_ERR_CLOSED or SSHTAP_ERR_TIMEOUT: there
 * is no more to be had from it.
 */
int checker_ask(struct checker *c, const struct check_query *q,
    struct check_verdict *v);

/* Kill it and wait for it; does nothing when there is none. */
void checker_stop(struct checker *c);

#endif /* CHECK_H */
