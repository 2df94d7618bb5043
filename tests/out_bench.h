/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef OUT_BENCH_H
#define OUT_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/egress.h"
#include "tests/chan_util.h"
#include "tests/frame_util.h"
#include "tests/tap_util.h"

/*
 * Frames from a device to messages of a channel, whose peer is the test.  No
 * clock but the test's.  Every function here fails the test when it cannot do
 * its work.
 */
#define OUT_MS		1000u
#define OUT_WINDOW		100000000u	/* lots */
#define OUT_PACKET_MAX	32768u
#define OUT_SMALL		512u	/* places for frames, */
#define OUT_LARGE		47u	/* beside the one for pieces */
#define OUT_SEGMENT		1208u

struct out_bench {
	struct side side;
	struct chan *chan;
	struct fake_tap device;
	struct path path;
	struct egress e;
	uint64_t now;
	/* Of the last message that was taken: */
	struct message m;
	bool is_super;
	struct offload o;
	const uint8_t *frame;
	size_t len;
};

/* Super-frames of all kinds. */
#define OUT_KINDS		4
extern const struct frame_spec out_tcp4, out_tcp6, out_udp4,
    out_udp6;
extern const struct frame_spec *const out_kinds[OUT_KINDS];

/* For cmocka: *state is the bench. */
int out_setup(void **state);
int out_teardown(void **state);
#define OUT(t) \
	cmocka_unit_test_setup_teardown(t, out_setup, out_teardown)

/* Begin anew with other limits of the peer's. */
void out_reopen(struct out_bench *b, uint32_t window,
    uint32_t packet_max);

/* The peer takes these: CHAN_TUN_TAKES_... */
void out_agree(struct out_bench *b, unsigned takes);

/* From the device into the queue. */
void out_put(struct out_bench *b, const uint8_t *frame, size_t len,
    const struct offload *o);

/* A frame that is no packet, with a number in it; all are one flow. */
void out_put_number(struct out_bench *b, uint16_t number, size_t len);

/* A datagram to another port. */
void out_put_other(struct out_bench *b, size_t payload);

/* All that waits. */
void out_send_all(struct out_bench *b);
unsigned out_count_sent(const struct out_bench *b);

/* The next message, and what it has to carry. */
void out_take(struct out_bench *b);
void out_expect_plain(struct out_bench *b, const uint8_t *frame,
    size_t len);
void out_expect_super(struct out_bench *b, const uint8_t *frame,
    size_t len, const struct offload *o);
void out_expect_number(struct out_bench *b, uint16_t number,
    size_t len);
void out_expect_other(struct out_bench *b);

/* All of a super-frame, as plain frames in order. */
void out_expect_segments(struct out_bench *b,
    const struct frame_spec *s, const uint8_t *super, uint16_t gso_size);
void out_expect_nothing(struct out_bench *b);

void out_assert_stats(const struct out_bench *b, uint64_t too_long,
    uint64_t malformed, uint64_t supers, uint64_t cut, uint64_t joined);

#endif /* OUT_BENCH_H */
