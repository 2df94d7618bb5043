/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/view.h"
#include "transport/auth.h"

/*
 * What the network process may ask of the monitor, when, and how often; and
 * all records between the processes of a connection as bytes.  Pure.  The
 * monitor trusts nothing in a request, and no request holds a path.
 *
 * Each get below returns 0, SSHTAP_ERR_TRUNCATED, SSHTAP_ERR_TRAILING, or
 * SSHTAP_ERR_FORMAT (out of its range); views point into the record.  Each put
 * returns what buf_put returns.
 */
#define REQUEST_MAX	(16 * 1024)	/* bytes of one record */
#define REQUEST_TEXT_MAX	1024	/* of a log line */
#define REQUEST_NAME_SIZE	16	/* of an interface, with NUL */
#define REQUEST_TUNNELS_MAX	8	/* open at once on one connection */

enum request_kind {
	REQUEST_LOG,		/* write a line; no reply */
	REQUEST_SIGN,		/* sign an exchange hash with a host key */
	REQUEST_KEY,		/* may this key log in? may its signer? */
	REQUEST_TUNNEL,		/* open a device */
	REQUEST_TUNNEL_END,	/* it is not used any more; no reply */
	REQUEST_KIND_COUNT
};

/* Phases of a connection, as the monitor knows them by itself. */
enum request_phase {
	REQUEST_PHASE_START,	/* nothing is signed */
	REQUEST_PHASE_AUTH,	/* the hash of the first exchange was signed */
	REQUEST_PHASE_USER,	/* the user is known */
	REQUEST_PHASE_COUNT
};

/* One row of the table of what is granted. */
struct request_rule {
	enum request_kind kind;
	enum request_phase phase;
	unsigned limit;		/* so often in this phase, 0: any number */
};

/* The table, ended by a row with REQUEST_KIND_COUNT. */
extern const struct request_rule request_rules[];

/* Where the monitor is; zeroed at its start. */
struct request_state {
	enum request_phase phase;
	unsigned used[REQUEST_KIND_COUNT];	/* in this phase */
};

/*
 * Judge a request by its kind; when it is granted, st says that one was used.
 *
 * Returns 0, SSHTAP_ERR_PROTOCOL (no such kind), SSHTAP_ERR_STATE (not in this
 * phase), SSHTAP_ERR_TOO_BIG (too often).
 */
int request_check(struct request_state *st, uint8_t kind);

/* The next phase; counts begin anew. */
void request_set_phase(struct request_state *st, enum request_phase phase);

/* What a kind is called in the log; "unknown" for what is none. */
const char *request_name(uint8_t kind);

/* REQUEST_LOG: level is an enum log_level other than QUIET. */
int request_put_log(struct buf *out, unsigned level, const char *text);
int request_get_log(struct view record, unsigned *levelp, struct view *textp);

/* REQUEST_SIGN; the reply is the signature blob, empty for a refusal. */
int request_put_sign(struct buf *out, const struct view *algorithm,
    const struct view *hash);
int request_get_sign(struct view record, struct view *algorithmp,
    struct view *hashp);

/*
 * REQUEST_KEY; the reply is one byte, 1 for yes.
 *
 * signature: NULL for a probe; an empty view comes out for one, so that a
 *          signature which is empty is SSHTAP_ERR_ARGUMENT.
 */
int request_put_key(struct buf *out, const struct auth_publickey *pk,
    const struct view *signature);
int request_get_key(struct view record, struct auth_publickey *pk,
    struct view *signaturep);

/* REQUEST_TUNNEL: numbers of tun@openssh.com. */
struct request_tunnel {
	uint32_t mode, unit;
};

int request_put_tunnel(struct buf *out, const struct request_tunnel *t);
int request_get_tunnel(struct view record, struct request_tunnel *t);

/* Its reply; descriptors travel beside it when it is granted. */
struct request_device {
	uint32_t reason;	/* 0, or an SSH_OPEN_* reason */
	struct view text;	/* for the peer; empty when granted */
	uint32_t slot;		/* for REQUEST_TUNNEL_END */
	uint32_t offloads;	/* TAP_OFFLOAD_... of the device */
	char name[REQUEST_NAME_SIZE];	/* of the interface, or "" */
};

int request_put_device(struct buf *out, const struct request_device *d);
int request_get_device(struct view record, struct request_device *d);

int request_put_tunnel_end(struct buf *out, uint32_t slot);
int request_get_tunnel_end(struct view record, uint32_t *slotp);

#endif /* REQUEST_H */
