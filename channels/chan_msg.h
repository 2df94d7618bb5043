/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CHAN_MSG_H
#define CHAN_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/view.h"

struct buf;

/*
 * Messages 80 to 100 of the connection protocol as bytes.  Pure.
 * Reference: RFC 4254 sections 4 and 5.
 */
#define CHAN_MSG_FIRST		80
#define CHAN_MSG_LAST		100
#define CHAN_MSG_MAX		33024	/* encoded by us, other than DATA */
#define CHAN_MSG_DATA_HEADER	9	/* number, recipient, length word */
#define CHAN_MSG_EXTENDED_HEADER 13	/* likewise, with a type */
#define CHAN_MSG_TUN_SIZE	8	/* what a tunnel's OPEN ends with */
#define CHAN_MSG_OFFLOAD_SIZE	4	/* what tap-offload ends with */

/* Any message; only what its number has is set or looked at. */
struct chan_msg {
	uint8_t number;
	bool want_reply;
	uint32_t recipient;	/* the receiver's number of the channel */
	uint32_t sender;	/* the sender's */
	uint32_t window;
	uint32_t packet_max;
	uint32_t code;		/* reason, bytes to add, or data type */
	struct view name;	/* of channel type or request */
	struct view bytes;	/* data, or the text of a refusal */
	struct view rest;	/* what the name gives a meaning to */
};

/*
 * payload: from the message number on; the views in *mp point into it.
 * Returns 0, SSHTAP_ERR_TRUNCATED, SSHTAP_ERR_TRAILING, or
 * SSHTAP_ERR_UNSUPPORTED (a number that has no message).
 */
int chan_msg_get(const struct view *payload, struct chan_msg *mp);

/* Returns 0, what buf_put does, or SSHTAP_ERR_UNSUPPORTED. */
int chan_msg_put(struct buf *b, const struct chan_msg *m);

/* What comes in front of len bytes of data: CHAN_MSG_DATA_HEADER bytes. */
void chan_msg_put_data(uint8_t *p, uint32_t recipient, uint32_t len);

/* The same for extended data: CHAN_MSG_EXTENDED_HEADER bytes. */
void chan_msg_put_extended(uint8_t *p, uint32_t recipient, uint32_t type,
    uint32_t len);

/* The rest of a tunnel's OPEN.  Reference: OpenSSH PROTOCOL section 2.3. */
int chan_msg_get_tun(const struct view *rest, uint32_t *modep,
    uint32_t *unitp);
void chan_msg_put_tun(uint8_t rest[CHAN_MSG_TUN_SIZE], uint32_t mode,
    uint32_t unit);

/* The rest of tap-offload@sshtap.  Reference: PROTOCOL section 17. */
int chan_msg_get_offload(const struct view *rest, uint32_t *flagsp);
void chan_msg_put_offload(uint8_t rest[CHAN_MSG_OFFLOAD_SIZE],
    uint32_t flags);

/* The rest of exit-status and exit-signal.  Reference: section 6.10. */
int chan_msg_get_exit_status(const struct view *rest, uint32_t *statusp);
int chan_msg_get_exit_signal(const struct view *rest, struct view *namep);

#endif /* CHAN_MSG_H */
