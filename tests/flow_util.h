/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef FLOW_UTIL_H
#define FLOW_UTIL_H

#include <stddef.h>
#include <stdint.h>

#include "tun/flow_queue.h"

/* A queue, its pool, and frames of flows that have a number each. */
#define MS		1000u
#define SMALL		1000u	/* places */
#define LARGE		8u
#define FULL		1514u	/* lengths of frames */
#define SUPER		60000u
#define PORTS		16u	/* flows */
#define IPV4_HEADER	20u
#define ECT0		2u
#define CE		3u
#define TOS_AT		15u

struct flow_bench {
	struct slot_pool pool;
	struct flow_queue q;
	uint16_t ports[PORTS];	/* of flows that share no queue */
	unsigned nports;
	uint16_t id;
	uint64_t now;
};

/* For cmocka: *state is the bench. */
int flow_setup(void **state);
int flow_teardown(void **state);

/* Put UDP of a flow in; the number that the frame got, from 1 up. */
uint16_t flow_put(struct flow_bench *b, unsigned flow, uint32_t len);
uint16_t flow_put_ecn(struct flow_bench *b, unsigned flow, uint32_t len,
    uint8_t ecn);

/* What comes next, all of it sent; its number, or 0. */
uint16_t flow_take(struct flow_bench *b);

/* Send all of it and give it back; its number. */
uint16_t flow_sent_all(struct flow_bench *b, struct slot *s);

uint16_t flow_id(const struct slot *s);

/* Of the internet; 0 over what has a right one in it. */
uint16_t flow_checksum(const uint8_t *p, size_t len);

#endif /* FLOW_UTIL_H */
