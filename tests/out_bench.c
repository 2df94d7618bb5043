/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "tests/out_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "transport/ssh2.h"
#include "tun/bytes.h"

#define FLAG_ACK	0x10

const struct frame_spec out_tcp4 = { .version = 4,
    .protocol = HEADERS_PROTO_TCP, .tcp_options = 12, .tcp_flags = FLAG_ACK,
    .id = 65530, .seq = 0xfffff000, .payload = 20000 };
const struct frame_spec out_tcp6 = { .version = 6,
    .protocol = HEADERS_PROTO_TCP, .tcp_flags = FLAG_ACK, .seq = 77,
    .payload = 65000 };
const struct frame_spec out_udp4 = { .version = 4,
    .protocol = HEADERS_PROTO_UDP, .id = 9, .payload = 30001 };
const struct frame_spec out_udp6 = { .version = 6,
    .protocol = HEADERS_PROTO_UDP, .payload = 2300 };
const struct frame_spec *const out_kinds[OUT_KINDS] = { &out_tcp4, &out_tcp6,
    &out_udp4, &out_udp6 };

static void
open_chan(struct out_bench *b, uint32_t window, uint32_t packet_max)
{
	side_init(&b->side, false, CARRIER_PEER_SSHTAP, &side_events);
	b->chan = side_open_tun(&b->side, window, packet_max);
	b->e.chan = b->chan;
}

int
out_setup(void **state)
{
	struct out_bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	open_chan(b, OUT_WINDOW, OUT_PACKET_MAX);
	fake_tap_open(&b->device, TAP_OFFLOAD_ALL);
	inflight_init(&b->path.out, 0);
	assert_int_equal(egress_init(&b->e, b->device.tap, &b->path), 0);
	/* No two flows of a test share a number with this one. */
	b->e.queue.seed = 1;
	b->now = 1000 * OUT_MS;
	*state = b;
	return 0;
}

int
out_teardown(void **state)
{
	struct out_bench *b = *state;

	egress_clear(&b->e);
	fake_tap_close(&b->device);
	free(b->m.p);
	side_clear(&b->side);
	free(b);
	return 0;
}

void
out_reopen(struct out_bench *b, uint32_t window, uint32_t packet_max)
{
	side_clear(&b->side);
	open_chan(b, window, packet_max);
}

void
out_agree(struct out_bench *b, unsigned takes)
{
	const uint8_t rest[4] = { 0, 0, 0, (uint8_t)takes };

	assert_int_equal(chan_tun_offer(b->chan, CHAN_TUN_TAKES_ALL), 0);
	free(side_take(&b->side).p);
	assert_int_equal(side_inject_request(&b->side, "tap-offload@sshtap",
	    false, rest, sizeof(rest)), 0);
	assert_int_equal(b->side.takes, takes);
	b->side.log[0] = '\0';
	b->e.takes = takes;
}

void
out_put(struct out_bench *b, const uint8_t *frame, size_t len,
    const struct offload *o)
{
	fake_tap_put(&b->device, frame, len, o);
	assert_int_equal(egress_read(&b->e, b->now), 0);
}

void
out_put_number(struct out_bench *b, uint16_t number, size_t len)
{
	static uint8_t frame[FRAME_ROOM];

	memset(frame, 0x88, len);
	bytes_put_u16(frame, number);
	out_put(b, frame, len, NULL);
}

void
out_put_other(struct out_bench *b, size_t payload)
{
	const struct frame_spec s = { .version = 4,
	    .protocol = HEADERS_PROTO_UDP, .id = 3, .payload = payload };
	uint8_t frame[2048];
	size_t len = frame_make(frame, &s);

	bytes_put_u16(frame + frame_l4(&s) + 2, 53);
	out_put(b, frame, len, NULL);
}

void
out_send_all(struct out_bench *b)
{
	assert_int_equal(egress_send(&b->e, b->now), 0);
	assert_int_equal(egress_waiting(&b->e), 0);
	assert_int_equal(b->e.queue.frames, 0);
}

unsigned
out_count_sent(const struct out_bench *b)
{
	return b->side.last - b->side.first;
}

void
out_take(struct out_bench *b)
{
	const uint8_t *p;
	size_t at;

	free(b->m.p);
	b->m = side_take(&b->side);
	p = b->m.p;
	b->is_super = p[0] == SSH_MSG_CHANNEL_EXTENDED_DATA;
	assert_int_equal(p[0], b->is_super ? SSH_MSG_CHANNEL_EXTENDED_DATA :
	    SSH_MSG_CHANNEL_DATA);
	assert_int_equal(bytes_u32(p + 1), 5);
	at = b->is_super ? 13 : 9;
	assert_int_equal(bytes_u32(p + at - 4), b->m.len - at);
	memset(&b->o, 0, sizeof(b->o));
	if (b->is_super) {
		offload_get(p + at, &b->o);
		at += OFFLOAD_SIZE;
	}
	b->frame = p + at;
	b->len = b->m.len - at;
}

void
out_expect_plain(struct out_bench *b, const uint8_t *frame, size_t len)
{
	out_take(b);
	assert_false(b->is_super);
	assert_int_equal(b->len, len);
	assert_memory_equal(b->frame, frame, len);
}

void
out_expect_super(struct out_bench *b, const uint8_t *frame, size_t len,
    const struct offload *o)
{
	out_take(b);
	assert_true(b->is_super);
	assert_int_equal(b->len, len);
	assert_memory_equal(b->frame, frame, len);
	assert_memory_equal(&b->o, o, sizeof(*o));
}

void
out_expect_number(struct out_bench *b, uint16_t number, size_t len)
{
	out_take(b);
	assert_false(b->is_super);
	assert_int_equal(bytes_u16(b->frame), number);
	assert_int_equal(b->len, len);
}

void
out_expect_segments(struct out_bench *b, const struct frame_spec *s,
    const uint8_t *super, uint16_t gso_size)
{
	size_t at;

	for (at = 0; at < s->payload; at += gso_size) {
		out_take(b);
		assert_false(b->is_super);
		assert_true(frame_is_segment(b->frame, b->len, s, super, at,
		    gso_size));
	}
}

void
out_expect_other(struct out_bench *b)
{
	out_take(b);
	assert_false(b->is_super);
	assert_int_equal(bytes_u16(b->frame + 36), 53);
}

void
out_expect_nothing(struct out_bench *b)
{
	side_expect_nothing(&b->side);
}

void
out_assert_stats(const struct out_bench *b, uint64_t too_long,
    uint64_t malformed, uint64_t supers, uint64_t cut, uint64_t joined)
{
	const struct egress_stats *s = &b->e.stats;

	assert_int_equal(s->too_long, too_long);
	assert_int_equal(s->malformed, malformed);
	assert_int_equal(s->supers, supers);
	assert_int_equal(s->cut, cut);
	assert_int_equal(s->joined, joined);
}
