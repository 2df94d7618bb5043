/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/flow_util.h"
#include "tun/headers.h"

#define SEED	4711u
#define ID_AT	42u	/* of the frame, in its payload */

uint16_t
flow_checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void
put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* UDP from a port, with a number of its own. */
static void
write_frame(uint8_t *frame, uint32_t len, uint16_t port, uint8_t ecn,
    uint16_t id)
{
	uint8_t *ip = frame + HEADERS_ETHERNET;
	uint8_t *udp = ip + IPV4_HEADER;

	memset(frame, 0, len < 64 ? len : 64);
	frame[0] = frame[6] = 2;
	put16(frame + 12, 0x0800);
	ip[0] = 0x45;
	ip[1] = ecn;
	put16(ip + 2, len - HEADERS_ETHERNET);
	ip[8] = 64;
	ip[9] = HEADERS_PROTO_UDP;
	put16(ip + 12, 0x0a00);
	put16(ip + 14, 1);
	put16(ip + 16, 0x0a00);
	put16(ip + 18, 2);
	put16(ip + 10, flow_checksum(ip, IPV4_HEADER));
	put16(udp, port);
	put16(udp + 2, 7);
	put16(udp + 4, len - HEADERS_ETHERNET - IPV4_HEADER);
	put16(frame + ID_AT, id);
}

/* Of point-to-point mode; its number stays where it is. */
static void
make_packet(uint8_t *frame)
{
	memmove(frame + HEADERS_FAMILY, frame + HEADERS_ETHERNET,
	    IPV4_HEADER + HEADERS_UDP);
	memcpy(frame, "\0\0\0\2", HEADERS_FAMILY);
}

uint16_t
flow_id(const struct slot *s)
{
	return (uint16_t)(s->frame[ID_AT] << 8 | s->frame[ID_AT + 1]);
}

static void
choose_ports(struct flow_bench *b)
{
	bool is_taken[FLOW_QUEUE_FLOWS] = { false };
	uint8_t frame[64];
	uint16_t port;
	uint32_t flow;

	for (port = 1; b->nports < PORTS; port++) {
		assert_in_range(port, 1, 1000);
		write_frame(frame, sizeof(frame), port, 0, 0);
		flow = headers_flow(frame, sizeof(frame), SEED) %
		    FLOW_QUEUE_FLOWS;
		if (!is_taken[flow])
			b->ports[b->nports++] = port;
		is_taken[flow] = true;
	}
}

int
flow_setup(void **state)
{
	struct flow_bench *b = calloc(1, sizeof(*b));

	if (b == NULL || slot_pool_init(&b->pool, SMALL, LARGE) != 0)
		return -1;
	flow_queue_init(&b->q, &b->pool, SEED, false);
	choose_ports(b);
	b->now = 1000000;
	*state = b;
	return 0;
}

int
flow_teardown(void **state)
{
	struct flow_bench *b = *state;

	slot_pool_free(&b->pool);
	free(b);
	return 0;
}

uint16_t
flow_put_ecn(struct flow_bench *b, unsigned flow, uint32_t len, uint8_t ecn)
{
	struct slot *s = slot_take(&b->pool,
	    len <= SLOT_SMALL ? SLOT_SMALL : SLOT_LARGE);

	assert_non_null(s);
	s->len = len;
	write_frame(s->frame, len, b->ports[flow], ecn, ++b->id);
	if (b->q.is_packets)
		make_packet(s->frame);
	flow_queue_put(&b->q, s, b->now);
	return b->id;
}

uint16_t
flow_put(struct flow_bench *b, unsigned flow, uint32_t len)
{
	return flow_put_ecn(b, flow, len, 0);
}

uint16_t
flow_sent_all(struct flow_bench *b, struct slot *s)
{
	uint16_t id = flow_id(s);

	flow_queue_sent(&b->q, s, s->left);
	assert_int_equal(s->left, 0);
	slot_give(&b->pool, s);
	return id;
}

uint16_t
flow_take(struct flow_bench *b)
{
	struct slot *s = flow_queue_next(&b->q, b->now);

	return s != NULL ? flow_sent_all(b, s) : 0;
}
