/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Super-frames between devices through two sessions, once both have agreed;
 * what a pump does about those that are held, and what it says of all.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/frame_util.h"
#include "tests/relay_util.h"
#include "tests/tap_util.h"

#define SEGMENT		1208
#define FLAG_ACK	0x10

static const struct frame_spec tcp4 = { .version = 4,
    .protocol = HEADERS_PROTO_TCP, .tcp_options = 12, .tcp_flags = FLAG_ACK,
    .id = 1, .seq = 1000, .payload = 60000 };
static const struct frame_spec udp6 = { .version = 6,
    .protocol = HEADERS_PROTO_UDP, .payload = 50001 };

struct bench {
	struct relay_bench relay;
	struct fake_tap devices[2];	/* by enum session_role */
};

static uint8_t whole[FRAME_ROOM];

static int
set_up(void **state)
{
	struct bench *b = malloc(sizeof(*b));

	assert_non_null(b);
	relay_join(&b->relay, false);
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;

	/* It closes the devices. */
	relay_close(&b->relay);
	free(b);
	return 0;
}

static struct pump *
pump_of(struct bench *b, enum session_role role)
{
	return &b->relay.sides[role].plugs[0].pump;
}

/* What each device can, and what each side says that it takes. */
static void
open_tunnel(struct bench *b, unsigned can_client, unsigned can_server,
    unsigned offer_client, unsigned offer_server)
{
	int i;

	fake_tap_open(&b->devices[SESSION_CLIENT], can_client);
	fake_tap_open(&b->devices[SESSION_SERVER], can_server);
	b->relay.sides[SESSION_CLIENT].offers = offer_client;
	b->relay.sides[SESSION_SERVER].offers = offer_server;
	for (i = 0; i < 2; i++)
		relay_ring(relay_plug(&b->relay.sides[i], b->devices[i].tap));
	relay_tunnel(&b->relay);
}

static void
expect_whole(struct bench *b, enum session_role to, size_t len,
    const struct offload *o)
{
	const struct fake_frame *got = fake_tap_get(&b->devices[to]);

	assert_int_equal(got->len, len);
	assert_memory_equal(got->bytes, whole, len);
	assert_memory_equal(&got->o, o, sizeof(*o));
}

static void
expect_segments(struct bench *b, enum session_role to,
    const struct frame_spec *s)
{
	const struct fake_frame *got;
	size_t at;

	for (at = 0; at < s->payload; at += SEGMENT) {
		got = fake_tap_get(&b->devices[to]);
		assert_true(offload_is_none(&got->o));
		assert_true(frame_is_segment(got->bytes, got->len, s, whole,
		    at, SEGMENT));
	}
}

/* A super-frame, from there to the other side. */
static size_t
carry(struct bench *b, enum session_role from, const struct frame_spec *s,
    struct offload *o)
{
	size_t len = frame_make_super(whole, s, SEGMENT, o);

	fake_tap_put(&b->devices[from], whole, len, o);
	relay_run(&b->relay);
	assert_int_equal(fake_tap_left(&b->devices[from]), 0);
	return len;
}

static void
assert_nothing_left(const struct bench *b)
{
	assert_int_equal(fake_tap_given(&b->devices[SESSION_CLIENT]), 0);
	assert_int_equal(fake_tap_given(&b->devices[SESSION_SERVER]), 0);
	assert_false(b->relay.sides[SESSION_CLIENT].wire.ended);
	assert_false(b->relay.sides[SESSION_SERVER].wire.ended);
}

static void
test_both_agree(void **state)
{
	struct bench *b = *state;
	struct offload o;
	size_t len;
	int i;

	open_tunnel(b, TAP_OFFLOAD_ALL, TAP_OFFLOAD_ALL, CHAN_TUN_TAKES_ALL,
	    CHAN_TUN_TAKES_ALL);
	for (i = 0; i < 2; i++) {
		assert_int_equal(pump_of(b, i)->egress.takes,
		    CHAN_TUN_TAKES_ALL);
		len = carry(b, i, &tcp4, &o);
		expect_whole(b, 1 - i, len, &o);
		len = carry(b, i, &udp6, &o);
		expect_whole(b, 1 - i, len, &o);
		assert_int_equal(pump_of(b, i)->egress.stats.supers, 2);
		assert_int_equal(pump_of(b, 1 - i)->ingress.stats.supers, 2);
	}
	assert_nothing_left(b);
}

/* One of them does not know of it, or does not want it. */
static void
check_one_alone(struct bench *b, unsigned offer_client,
    unsigned offer_server)
{
	struct offload o;
	int i;

	open_tunnel(b, TAP_OFFLOAD_CSUM, TAP_OFFLOAD_CSUM, offer_client,
	    offer_server);
	for (i = 0; i < 2; i++) {
		assert_int_equal(pump_of(b, i)->egress.takes, 0);
		(void)carry(b, i, &tcp4, &o);
		expect_segments(b, 1 - i, &tcp4);
		assert_int_equal(pump_of(b, i)->egress.stats.cut, 1);
		assert_int_equal(pump_of(b, 1 - i)->ingress.stats.cut, 0);
	}
	assert_nothing_left(b);
}

static void
test_only_the_client_offers(void **state)
{
	check_one_alone(*state, CHAN_TUN_TAKES_ALL, 0);
}

static void
test_only_the_server_would(void **state)
{
	check_one_alone(*state, 0, CHAN_TUN_TAKES_ALL);
}

static void
test_each_takes_its_own(void **state)
{
	const unsigned tcp = CHAN_TUN_TAKES_CSUM | CHAN_TUN_TAKES_TCP;
	struct bench *b = *state;
	struct offload o;
	size_t len;

	open_tunnel(b, TAP_OFFLOAD_ALL, TAP_OFFLOAD_CSUM | TAP_OFFLOAD_TCP,
	    CHAN_TUN_TAKES_ALL, tcp);
	assert_int_equal(pump_of(b, SESSION_CLIENT)->egress.takes, tcp);
	assert_int_equal(pump_of(b, SESSION_SERVER)->egress.takes,
	    CHAN_TUN_TAKES_ALL);
	len = carry(b, SESSION_CLIENT, &tcp4, &o);
	expect_whole(b, SESSION_SERVER, len, &o);
	(void)carry(b, SESSION_CLIENT, &udp6, &o);
	expect_segments(b, SESSION_SERVER, &udp6);
	len = carry(b, SESSION_SERVER, &udp6, &o);
	expect_whole(b, SESSION_CLIENT, len, &o);
	assert_nothing_left(b);
}

/* A side takes them for the sake of the way, whatever its device can. */
static void
test_cut_at_the_far_end(void **state)
{
	struct bench *b = *state;
	struct offload o;

	open_tunnel(b, TAP_OFFLOAD_ALL, 0, CHAN_TUN_TAKES_ALL,
	    CHAN_TUN_TAKES_ALL);
	(void)carry(b, SESSION_CLIENT, &tcp4, &o);
	expect_segments(b, SESSION_SERVER, &tcp4);
	assert_int_equal(pump_of(b, SESSION_CLIENT)->egress.stats.supers, 1);
	assert_int_equal(pump_of(b, SESSION_SERVER)->ingress.stats.cut, 1);
	assert_nothing_left(b);
}

/* Small ones go along with each other, and all arrive. */
static void
test_joined_on_the_way(void **state)
{
	struct bench *b = *state;
	struct frame_spec s = udp6;
	uint8_t frames[30][200];
	const struct fake_frame *got;
	struct offload o;
	size_t i, len = 0;

	open_tunnel(b, TAP_OFFLOAD_ALL, TAP_OFFLOAD_ALL, CHAN_TUN_TAKES_ALL,
	    CHAN_TUN_TAKES_ALL);
	s.payload = 100;
	for (i = 0; i < 30; i++) {
		len = frame_make(frames[i], &s);
		fake_tap_put(&b->devices[SESSION_CLIENT], frames[i], len,
		    NULL);
	}
	relay_run(&b->relay);
	got = fake_tap_get(&b->devices[SESSION_SERVER]);
	o = got->o;
	assert_int_equal(got->len, len + 29 * 100);
	assert_int_equal(offload_check(&o, got->bytes, got->len), 0);
	for (i = 0; i < 30; i++)
		assert_memory_equal(got->bytes + len - 100 + 100 * i,
		    frames[i] + len - 100, 100);
	assert_int_equal(pump_of(b, SESSION_CLIENT)->egress.stats.joined,
	    30);
	assert_nothing_left(b);
}

/* A peer that says what is not so is no reason to end anything. */
static void
test_wrong_words_end_nothing(void **state)
{
	static uint8_t room[CHAN_TUN_SUPER_HEADROOM + FRAME_ROOM +
	    CHAN_TUN_TAILROOM];
	struct bench *b = *state;
	struct pump *near, *far;
	uint8_t *frame = room + CHAN_TUN_SUPER_HEADROOM;
	uint8_t words[OFFLOAD_SIZE];
	struct offload o;
	size_t len;

	open_tunnel(b, TAP_OFFLOAD_ALL, TAP_OFFLOAD_ALL, CHAN_TUN_TAKES_ALL,
	    CHAN_TUN_TAKES_ALL);
	near = pump_of(b, SESSION_CLIENT);
	far = pump_of(b, SESSION_SERVER);
	len = frame_make_super(frame, &tcp4, SEGMENT, &o);
	o.csum_start = 0xffff;
	offload_put(words, &o);
	assert_int_equal(chan_tun_send_super(near->chan, words, frame, len),
	    0);
	relay_run(&b->relay);
	assert_int_equal(far->ingress.stats.malformed, 1);
	assert_int_equal(far->state, PUMP_RUNNING);
	assert_nothing_left(b);
	len = carry(b, SESSION_CLIENT, &tcp4, &o);
	expect_whole(b, SESSION_SERVER, len, &o);
}

/* === Frames that are held === */

/* One that could be joined to another, straight to the server's pump. */
static void
hold_one(struct bench *b, uint8_t *frame, size_t *lenp)
{
	struct frame_spec s = tcp4;

	s.payload = 100;
	*lenp = frame_make(frame, &s);
	open_tunnel(b, TAP_OFFLOAD_ALL, TAP_OFFLOAD_ALL, CHAN_TUN_TAKES_ALL,
	    CHAN_TUN_TAKES_ALL);
	pump_frame(pump_of(b, SESSION_SERVER), frame, *lenp);
	assert_int_equal(fake_tap_given(&b->devices[SESSION_SERVER]), 0);
}

static void
expect_held(struct bench *b, const uint8_t *frame, size_t len)
{
	const struct fake_frame *got =
	    fake_tap_get(&b->devices[SESSION_SERVER]);

	assert_int_equal(got->len, len);
	assert_memory_equal(got->bytes, frame, len);
	assert_int_equal(fake_tap_given(&b->devices[SESSION_SERVER]), 0);
}

static void
test_drained(void **state)
{
	struct bench *b = *state;
	struct pump *far = pump_of(b, SESSION_SERVER);
	uint8_t frame[200];
	size_t len;

	hold_one(b, frame, &len);
	pump_drained(far);
	expect_held(b, frame, len);
	pump_drained(far);
	assert_int_equal(fake_tap_given(&b->devices[SESSION_SERVER]), 0);
}

static void
test_stopped(void **state)
{
	struct bench *b = *state;
	struct pump *far = pump_of(b, SESSION_SERVER);
	uint8_t frame[200], words[OFFLOAD_SIZE];
	struct offload o;
	size_t len;

	hold_one(b, frame, &len);
	pump_stop(far);
	expect_held(b, frame, len);
	/* From now on nothing comes through. */
	pump_frame(far, frame, len);
	len = frame_make_super(whole, &tcp4, SEGMENT, &o);
	offload_put(words, &o);
	pump_super(far, words, whole, len);
	pump_drained(far);
	pump_stop(far);
	assert_int_equal(fake_tap_given(&b->devices[SESSION_SERVER]), 0);
}

/* That the device has gone may show only then. */
static void
test_gone_when_drained(void **state)
{
	struct bench *b = *state;
	struct relay_plug *g = &b->relay.sides[SESSION_SERVER].plugs[0];
	uint8_t frame[200];
	size_t len;

	hold_one(b, frame, &len);
	b->devices[SESSION_SERVER].is_gone = true;
	assert_int_equal(g->gone, 0);
	pump_drained(&g->pump);
	assert_int_equal(g->gone, 1);
	assert_int_equal(g->pump.state, PUMP_STOPPED);
	pump_drained(&g->pump);
	assert_int_equal(g->gone, 1);
}

static void
test_gone_on_a_super_frame(void **state)
{
	struct bench *b = *state;
	struct relay_plug *g = &b->relay.sides[SESSION_SERVER].plugs[0];
	uint8_t words[OFFLOAD_SIZE];
	struct offload o;
	size_t len = frame_make_super(whole, &tcp4, SEGMENT, &o);

	open_tunnel(b, TAP_OFFLOAD_ALL, TAP_OFFLOAD_ALL, CHAN_TUN_TAKES_ALL,
	    CHAN_TUN_TAKES_ALL);
	b->devices[SESSION_SERVER].is_gone = true;
	offload_put(words, &o);
	pump_super(&g->pump, words, whole, len);
	assert_int_equal(g->gone, 1);
	assert_int_equal(g->pump.state, PUMP_STOPPED);
}

/* === What it says === */

static void
set_counters(struct pump *p, uint64_t base)
{
	p->egress.queue.dropped[FLOW_DROP_LATE] = base + 1;
	p->egress.queue.dropped[FLOW_DROP_FULL] = base + 2;
	p->egress.queue.marked = base + 3;
	p->egress.stats.too_long = base + 4;
	p->egress.stats.malformed = base + 5;
	p->ingress.stats.malformed = base + 6;
	p->ingress.joiner.bad_csum = base + 7;
	p->egress.stats.supers = base + 8;
	p->ingress.stats.supers = base + 9;
	p->egress.stats.cut = base + 10;
	p->ingress.stats.cut = base + 11;
	p->egress.stats.joined = base + 12;
	p->ingress.joiner.joined = base + 13;
}

static void
test_text(void **state)
{
	struct pump *p = calloc(1, sizeof(*p));
	char text[PUMP_TEXT_MAX], full[PUMP_TEXT_MAX], rest[PUMP_TEXT_MAX];
	size_t size, len;

	(void)state;
	assert_non_null(p);
	set_counters(p, 0);
	assert_string_equal(pump_text(p, full, sizeof(full)),
	    "late=1 overflow=2 ecn_marked=3 too_long=4 malformed_out=5 "
	    "malformed_in=6 bad_checksum_in=7 super_out=8 super_in=9 "
	    "cut_out=10 cut_in=11 joined_out=12 joined_in=13");
	/* All of it fits, whatever the numbers are. */
	set_counters(p, UINT64_MAX - 13);
	(void)pump_text(p, full, sizeof(full));
	len = strlen(full);
	assert_true(len < sizeof(full) - 1);
	assert_string_equal(full + len - 30, "joined_in=18446744073709551615");
	memset(rest, '!', sizeof(rest));
	for (size = 1; size <= len + 1; size++) {
		memset(text, '!', sizeof(text));
		assert_ptr_equal(pump_text(p, text, size), text);
		assert_true(strlen(text) < size);
		assert_memory_equal(text, full, strlen(text));
		assert_memory_equal(text + size, rest, sizeof(text) - size);
	}
	free(p);
}

#define TEST(t)	cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_both_agree),
		TEST(test_only_the_client_offers),
		TEST(test_only_the_server_would),
		TEST(test_each_takes_its_own),
		TEST(test_cut_at_the_far_end),
		TEST(test_joined_on_the_way),
		TEST(test_wrong_words_end_nothing),
		TEST(test_drained),
		TEST(test_stopped),
		TEST(test_gone_when_drained),
		TEST(test_gone_on_a_super_frame),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
