/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef MONITOR_MSG_H
#define MONITOR_MSG_H

#include <stdint.h>

#include "tun/tap.h"

/*
 * What the network process may ask of the monitor, and when.  Records of
 * fixed size, numbers big-endian; descriptors travel beside a reply.
 */
#define MONITOR_REQUEST_SIZE	30	/* six numbers, an address */
#define MONITOR_REPLY_SIZE	52	/* result, fault, name, offloads */

enum monitor_kind {
	MONITOR_TAP = 1,	/* make the interface, pass its descriptors */
	MONITOR_DETACH = 2,	/* leave the terminal; the rest is 0 */
	MONITOR_KIND_COUNT
};

enum monitor_phase {
	MONITOR_PHASE_START,
	MONITOR_PHASE_TAP_ASKED,
	MONITOR_PHASE_COUNT
};

/* Where the monitor is; zeroed at its start. */
struct monitor_state {
	enum monitor_phase phase;
	uint32_t used;		/* one bit for each kind that was asked */
};

/* As they came: monitor_check_request judges them. */
struct monitor_request {
	uint32_t kind, unit, mode, mtu;
	uint32_t has_lladdr;	/* 0 or 1 */
	uint32_t offload;	/* 0 or 1 */
	uint8_t lladdr[TAP_LLADDR_LEN];	/* zero without */
};

struct monitor_reply {
	int32_t result;		/* 0 or an enum sshtap_err */
	struct tap_fault fault;	/* meaningful with SSHTAP_ERR_SYSTEM */
	char name[TAP_NAME_SIZE];	/* of the interface */
	uint32_t offloads;	/* TAP_OFFLOAD_... */
};

void monitor_encode_request(const struct monitor_request *rq,
    uint8_t out[MONITOR_REQUEST_SIZE]);
void monitor_decode_request(const uint8_t in[MONITOR_REQUEST_SIZE],
    struct monitor_request *rq);
void monitor_encode_reply(const struct monitor_reply *rp,
    uint8_t out[MONITOR_REPLY_SIZE]);

/*
 * Returns 0, or SSHTAP_ERR_FORMAT: no result, no step, a name without end, an
 * offload that there is not.
 */
int monitor_decode_reply(const uint8_t in[MONITOR_REPLY_SIZE],
    struct monitor_reply *rp);

/*
 * Judge a request; when it is granted, st says that it was used up.
 *
 * Returns 0, SSHTAP_ERR_PROTOCOL (no such kind), SSHTAP_ERR_STATE (asked
 * before, or not in this phase), SSHTAP_ERR_ARGUMENT (any of the others).
 */
int monitor_check_request(const struct monitor_request *rq,
    struct monitor_state *st);

/* Between what tap_open wants and what travels; up is always wanted. */
void monitor_from_tap_request(const struct tap_request *tap,
    struct monitor_request *rq);
void monitor_to_tap_request(const struct monitor_request *rq,
    struct tap_request *tap);

#endif /* MONITOR_MSG_H */
