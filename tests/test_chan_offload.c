/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Super-frames: who may ask for them, who may send them, and what happens to
 * those that nobody asked for.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "channels/chan_impl.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "tests/chan_util.h"
#include "transport/ssh2.h"

#define REQUEST		"tap-offload@sshtap"
#define SUPER		0xfe544150u
#define STRING_MAX	(CHAN_TUN_WORDS + CHAN_TUN_SUPER_MAX)

static const uint8_t words[CHAN_TUN_WORDS] = {
	1, 1, 54, 0, 0xa8, 5, 34, 0, 16, 0
};

static void
clear_log(struct side *s)
{
	memset(s->log, 0, sizeof(s->log));
}

/* Both take all there is. */
static struct chan *
open_offloaded(struct tables *p)
{
	struct chan *c = tables_open_tun(p);

	p->server.answers = true;
	assert_int_equal(chan_tun_offer(c, CHAN_TUN_TAKES_ALL), 0);
	tables_pump(p);
	assert_int_equal(p->server.answered, 0);
	assert_string_equal(p->client.log, "OA");
	assert_string_equal(p->server.log, "TA");
	clear_log(&p->client);
	clear_log(&p->server);
	return c;
}

static int
ask(struct side *s, uint32_t flags, bool want_reply)
{
	uint8_t rest[4];

	put_be32(rest, flags);
	return side_inject_request(s, REQUEST, want_reply, rest, 4);
}

static void
test_both_agree(void **state)
{
	struct tables *p = *state;
	struct chan *c = open_offloaded(p), *d = p->server.asked;
	const struct chan_tun_stats *in = chan_tun_stats(d);

	assert_int_equal(p->client.takes, CHAN_TUN_TAKES_ALL);
	assert_int_equal(p->server.takes, CHAN_TUN_TAKES_ALL);
	assert_int_equal(chan_tun_room_super(c), CHAN_TUN_SUPER_MAX);
	assert_int_equal(chan_tun_room_super(d), CHAN_TUN_SUPER_MAX);
	assert_int_equal(side_send_super(c, words, 0xaa, 65553), 0);
	assert_int_equal(side_send_frame(c, 0xbb, 1514), 0);
	assert_int_equal(side_send_super(d, words, 0xcc, 14), 0);
	assert_true(tables_deliver(&p->client, &p->server));
	assert_string_equal(p->server.log, "S");
	assert_int_equal(p->server.frame_len, 65553);
	assert_int_equal(p->server.frame[0], 0xaa);
	assert_int_equal(p->server.frame[65552], 0xaa);
	assert_memory_equal(p->server.words, words, CHAN_TUN_WORDS);
	tables_pump(p);
	assert_string_equal(p->server.log, "SF");
	assert_string_equal(p->client.log, "S");
	assert_int_equal(p->client.frame_len, 14);
	assert_int_equal(p->client.frame[13], 0xcc);
	assert_int_equal(in->frames_in, 2);
	assert_int_equal(in->supers_in, 1);
	assert_int_equal(in->bytes_in, 65553 + 1514);
	assert_int_equal(in->supers_out, 1);
	assert_int_equal(in->frames_out, 1);
	assert_int_equal(in->bytes_out, 14);
	assert_int_equal(in->dropped_in + in->dropped_out, 0);
}

static void
test_on_the_wire(void **state)
{
	struct tables *p = *state;
	struct side *s = &p->client;
	struct chan *c = side_open_tun(s, 100000000, 32768);
	struct message m;

	assert_int_equal(chan_tun_offer(c, 0xfffffff5), 0);
	EXPECT(s, 98, 0, 0, 0, 5, 0, 0, 0, 18, 't', 'a', 'p', '-', 'o', 'f',
	    'f', 'l', 'o', 'a', 'd', '@', 's', 's', 'h', 't', 'a', 'p', 1,
	    0, 0, 0, 5);
	assert_int_equal(ask(s, 0xfffffffa, false), 0);
	/* What nobody knows is not told. */
	assert_int_equal(s->takes, CHAN_TUN_TAKES_TCP);
	side_expect_nothing(s);
	assert_int_equal(side_send_super(c, words, 0xaa, 14), 0);
	EXPECT(s, 95, 0, 0, 0, 5, 0xfe, 0x54, 0x41, 0x50, 0, 0, 0, 24, 1, 1,
	    54, 0, 0xa8, 5, 34, 0, 16, 0, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
	    0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa);
	assert_int_equal(side_send_super(c, words, 0xaa, 65553), 0);
	m = side_take(s);
	assert_int_equal(m.len, 13 + 10 + 65553);
	free(m.p);
}

/* An offer has one answer, and it decides nothing. */
static void
test_stock_peer_says_no(void **state)
{
	struct tables *p = *state;
	struct side *s = &p->client;
	struct chan *c = side_open_tun(s, 100000, 32768);

	assert_int_equal(chan_tun_offer(c, CHAN_TUN_TAKES_ALL), 0);
	assert_int_equal(chan_tun_offer(c, CHAN_TUN_TAKES_ALL),
	    SSHTAP_ERR_STATE);
	free(side_take(s).p);
	assert_int_equal(INJECT(s, 100, 0, 0, 0, 0), 0);
	assert_int_equal(INJECT(s, 99, 0, 0, 0, 0), 0);
	assert_int_equal(INJECT(s, 100, 0, 0, 0, 0), 0);
	side_expect_nothing(s);
	assert_string_equal(s->log, "");
	assert_int_equal(chan_tun_room_super(c), 0);
	assert_int_equal(side_send_super(c, words, 1, 100), SSHTAP_ERR_STATE);
	assert_int_equal(side_send_frame(c, 1, 100), 0);
	assert_int_equal(chan_tun_stats(c)->dropped_out, 0);
}

static void
test_server_answers_once(void **state)
{
	struct tables *p = *state;
	struct side *s = &p->server;
	struct chan *c = tables_open_tun(p), *d = s->asked;

	assert_int_equal(chan_tun_offer(d, CHAN_TUN_TAKES_ALL),
	    SSHTAP_ERR_STATE);
	assert_int_equal(side_send_super(d, words, 1, 100), SSHTAP_ERR_STATE);
	clear_log(s);
	assert_int_equal(ask(s, CHAN_TUN_TAKES_TCP, true), 0);
	EXPECT(s, 99, 0, 0, 0, 0);
	assert_int_equal(ask(s, CHAN_TUN_TAKES_ALL, true), 0);
	EXPECT(s, 100, 0, 0, 0, 0);
	assert_string_equal(s->log, "A");
	assert_int_equal(s->takes, CHAN_TUN_TAKES_TCP);
	assert_int_equal(chan_tun_offer(d, CHAN_TUN_TAKES_CSUM), 0);
	EXPECT(s, 98, 0, 0, 0, 0, 0, 0, 0, 18, 't', 'a', 'p', '-', 'o', 'f',
	    'f', 'l', 'o', 'a', 'd', '@', 's', 's', 'h', 't', 'a', 'p', 0,
	    0, 0, 0, 1);
	assert_int_equal(chan_tun_offer(d, CHAN_TUN_TAKES_ALL),
	    SSHTAP_ERR_STATE);
	/* A client that has not asked is not answered. */
	assert_int_equal(ask(&p->client, CHAN_TUN_TAKES_ALL, true), 0);
	assert_true(tables_deliver(&p->client, &p->server));
	assert_string_equal(p->client.log, "O");
	assert_int_equal(chan_tun_room_super(c), 0);
}

static void
test_polite_no(void **state)
{
	struct tables *p = *state;
	struct side *s = &p->client;
	struct chan *c = side_open_tun(s, 100000, 32768);

	assert_int_equal(chan_tun_offer(c, 0), 0);
	free(side_take(s).p);
	assert_int_equal(ask(s, 0, true), 0);
	EXPECT(s, 99, 0, 0, 0, 5);
	assert_string_equal(s->log, "A");
	assert_int_equal(side_send_super(c, words, 1, 100), SSHTAP_ERR_STATE);
	assert_int_equal(side_inject_extended(s, 0, SUPER, 100), 0);
	assert_string_equal(s->log, "A");
	assert_int_equal(chan_tun_stats(c)->dropped_in, 1);
}

/* A program that has no use for it need not say so. */
static void
test_program_without_offload(void **state)
{
	struct chans_events some = side_events;
	struct side *s = malloc(sizeof(*s));
	struct chan *c;

	(void)state;
	some.offload = NULL;
	assert_non_null(s);
	side_init(s, false, CARRIER_PEER_SSHTAP, &some);
	c = side_open_tun(s, 100000, 32768);
	assert_int_equal(chan_tun_offer(c, CHAN_TUN_TAKES_ALL), 0);
	free(side_take(s).p);
	assert_int_equal(ask(s, CHAN_TUN_TAKES_ALL, true), 0);
	EXPECT(s, 100, 0, 0, 0, 5);
	assert_int_equal(side_send_super(c, words, 1, 100), SSHTAP_ERR_STATE);
	side_clear(s);
	free(s);
}

static void
test_ethernet_only(void **state)
{
	struct tables *p = *state;
	struct chan *c;

	assert_int_equal(chan_open_tun(p->client.cs, CHAN_TUN_POINT_TO_POINT,
	    1, NULL, &c), 0);
	assert_int_equal(chan_tun_offer(c, 1), SSHTAP_ERR_STATE);
	tables_pump(p);
	assert_int_equal(chan_tun_offer(c, 1), SSHTAP_ERR_STATE);
	clear_log(&p->server);
	assert_int_equal(ask(&p->server, CHAN_TUN_TAKES_ALL, true), 0);
	EXPECT(&p->server, 100, 0, 0, 0, 0);
	assert_string_equal(p->server.log, "");
	assert_int_equal(side_inject_extended(&p->server, 0, SUPER, 100), 0);
	assert_string_equal(p->server.log, "");
	assert_int_equal(chan_tun_stats(p->server.asked)->dropped_in, 1);
}

static void
test_calls_in_other_states(void **state)
{
	struct tables *p = *state;
	struct chan *c, *d;

	assert_int_equal(chan_open_session(p->client.cs, NULL, &d), 0);
	assert_int_equal(chan_tun_offer(d, 1), SSHTAP_ERR_STATE);
	assert_int_equal(side_send_super(d, words, 1, 100), SSHTAP_ERR_STATE);
	free(side_take(&p->client).p);
	assert_int_equal(chan_open_tun(p->client.cs, 2, 0, NULL, &c), 0);
	assert_int_equal(chan_tun_offer(c, 1), SSHTAP_ERR_STATE);
	tables_pump(p);
	assert_int_equal(chan_close(c), 0);
	assert_int_equal(chan_tun_offer(c, 1), SSHTAP_ERR_STATE);
	/* What comes behind a CLOSE is not looked at. */
	assert_int_equal(side_inject_extended(&p->client, c->id, SUPER, 1), 0);
	assert_int_equal(chan_tun_stats(c)->dropped_in, 0);
}

static void
test_malformed_requests(void **state)
{
	struct tables *p = *state;
	static const uint8_t rest[5];
	size_t len;

	(void)tables_open_tun(p);
	clear_log(&p->server);
	for (len = 0; len < 4; len++)
		assert_int_equal(side_inject_request(&p->server, REQUEST,
		    true, rest, len), SSHTAP_ERR_TRUNCATED);
	assert_int_equal(side_inject_request(&p->server, REQUEST, true, rest,
	    5), SSHTAP_ERR_TRAILING);
	side_expect_nothing(&p->server);
	assert_string_equal(p->server.log, "");
	/* Another name is none of ours, whatever is in it. */
	assert_int_equal(side_inject_request(&p->server, REQUEST "x", true,
	    rest, 5), 0);
	EXPECT(&p->server, 100, 0, 0, 0, 0);
}

static void
test_lengths_in(void **state)
{
	static const size_t good[] = { 24, 25, 1524, 32768, 65562, 65563 };
	static const size_t bad[] = { 0, 1, 9, 10, 11, 23, 65564 };
	struct tables *p = *state;
	struct side *s = &p->server;
	const struct chan_tun_stats *stats;
	size_t i;

	(void)open_offloaded(p);
	stats = chan_tun_stats(s->asked);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(side_inject_extended(s, 0, SUPER, bad[i]),
		    0);
		assert_int_equal(stats->dropped_in, i + 1);
	}
	assert_string_equal(s->log, "");
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(side_inject_extended(s, 0, SUPER, good[i]),
		    0);
		assert_int_equal(s->frame_len, good[i] - CHAN_TUN_WORDS);
	}
	assert_string_equal(s->log, "SSSSSS");
	assert_int_equal(stats->supers_in, 6);
	/* Other types are what they have always been. */
	assert_int_equal(side_inject_extended(s, 0, 1, 100), 0);
	assert_int_equal(side_inject_extended(s, 0, SUPER + 1, 100), 0);
	assert_int_equal(stats->dropped_in, 9);
	assert_string_equal(s->log, "SSSSSS");
	/* The longest DATA is no longer than before. */
	assert_int_equal(side_inject_data(s, 0, CHAN_TUN_FRAME_MAX + 1), 0);
	assert_int_equal(stats->dropped_in, 10);
}

/* Dropped before the offer, but the peer has paid for it. */
static void
test_unasked_is_credited(void **state)
{
	const uint32_t cost = 60000 + 4, due = CHAN_TUN_WINDOW_OWN / 8;
	struct tables *p = *state;
	struct side *s = &p->client;
	struct chan *c = side_open_tun(s, 100000, 32768);
	struct message m;
	uint32_t n;

	for (n = 0; n * cost < due; n++) {
		side_expect_nothing(s);
		assert_int_equal(side_inject_extended(s, 0, SUPER, 60000), 0);
	}
	assert_string_equal(s->log, "");
	assert_int_equal(chan_tun_stats(c)->dropped_in, n);
	m = side_take(s);
	assert_int_equal(m.p[0], SSH_MSG_CHANNEL_WINDOW_ADJUST);
	assert_int_equal(get_be32(m.p + 5), n * cost);
	free(m.p);
}

/* Beyond the window nothing is handed on, and too much of it is the end. */
static void
test_over_the_window(void **state)
{
	struct tables *p = *state;
	struct side *s = &p->server;
	const struct chan_tun_stats *stats;
	size_t n = 0;
	int r;

	(void)open_offloaded(p);
	stats = chan_tun_stats(s->asked);
	s->asked->in.plain = s->asked->in.padded = STRING_MAX + 3;
	while ((r = side_inject_extended(s, 0, SUPER, STRING_MAX)) == 0)
		assert_true(++n <= CHAN_TUN_WINDOW_OWN / 10 / STRING_MAX);
	assert_int_equal(r, SSHTAP_ERR_PROTOCOL);
	assert_int_equal(n, CHAN_TUN_WINDOW_OWN / 10 / STRING_MAX);
	assert_int_equal(stats->dropped_in, n);
	assert_string_equal(s->log, "");
	s->asked->in.padded = STRING_MAX + 4;
	assert_int_equal(side_inject_extended(s, 0, SUPER, STRING_MAX), 0);
	assert_string_equal(s->log, "S");
}

static void
test_lengths_out(void **state)
{
	struct tables *p = *state;
	struct chan *c = open_offloaded(p);
	const struct chan_tun_stats *stats = chan_tun_stats(c);

	assert_int_equal(side_send_super(c, words, 1, 0), SSHTAP_ERR_DROPPED);
	assert_int_equal(side_send_super(c, words, 1, 13),
	    SSHTAP_ERR_DROPPED);
	assert_int_equal(side_send_super(c, words, 1, 65554),
	    SSHTAP_ERR_DROPPED);
	assert_int_equal(stats->dropped_out, 3);
	side_expect_nothing(&p->client);
	assert_int_equal(side_send_frame(c, 1, 32765), SSHTAP_ERR_DROPPED);
	assert_int_equal(side_send_super(c, words, 1, 32765), 0);
	assert_int_equal(stats->supers_out, 1);
}

/* What is longest must fit before anything else goes. */
static void
test_waits_for_the_longest(void **state)
{
	struct tables *p = *state;
	struct side *s = &p->client;
	struct chan *c = side_open_tun(s, 16 << 20, 32768);
	size_t max;

	c->out.left = STRING_MAX + 3;
	assert_int_equal(chan_tun_room(c, &max), 0);
	assert_int_equal(max, CHAN_TUN_FRAME_MAX);
	assert_int_equal(chan_tun_offer(c, CHAN_TUN_TAKES_ALL), 0);
	free(side_take(s).p);
	assert_int_equal(ask(s, CHAN_TUN_TAKES_ALL, false), 0);
	clear_log(s);
	assert_int_equal(chan_tun_room_super(c), 0);
	assert_int_equal(chan_tun_room(c, &max), SSHTAP_ERR_AGAIN);
	assert_int_equal(side_send_super(c, words, 1, 14), SSHTAP_ERR_AGAIN);
	assert_int_equal(side_send_frame(c, 1, 14), SSHTAP_ERR_AGAIN);
	side_expect_nothing(s);
	assert_int_equal(INJECT(s, 93, 0, 0, 0, 0, 0, 0, 0, 1), 0);
	assert_string_equal(s->log, "W");
	assert_int_equal(chan_tun_room(c, &max), 0);
	assert_int_equal(max, CHAN_TUN_FRAME_MAX);
	assert_int_equal(chan_tun_room_super(c), CHAN_TUN_SUPER_MAX);
	assert_int_equal(side_send_super(c, words, 1, CHAN_TUN_SUPER_MAX), 0);
	assert_int_equal(c->out.left, 0);
}

/* A peer whose window is small gets what fits, from a quarter of it on. */
static void
test_small_window_of_peer(void **state)
{
	struct tables *p = *state;
	struct side *s = &p->client;
	struct chan *c = side_open_tun(s, 80000, 32768);
	size_t max;

	assert_int_equal(chan_tun_offer(c, CHAN_TUN_TAKES_ALL), 0);
	assert_int_equal(ask(s, CHAN_TUN_TAKES_ALL, false), 0);
	assert_int_equal(side_send_super(c, words, 1, 50000), 0);
	assert_int_equal(c->out.left, 80000 - 50014);
	assert_int_equal(chan_tun_room(c, &max), 0);
	assert_int_equal(max, 80000 - 50014 - 4);
	assert_int_equal(chan_tun_room_super(c), 80000 - 50014 - 14);
	assert_int_equal(side_send_super(c, words, 1, 80000 - 50014 - 13),
	    SSHTAP_ERR_DROPPED);
	assert_int_equal(side_send_super(c, words, 1, 10000), 0);
	assert_int_equal(chan_tun_room(c, &max), SSHTAP_ERR_AGAIN);
}

static void
test_full_carrier(void **state)
{
	struct tables *p = *state;
	struct chan *c = open_offloaded(p);

	p->client.is_blocked = true;
	assert_int_equal(side_send_super(c, words, 1, 100), SSHTAP_ERR_AGAIN);
	p->client.is_blocked = false;
	chans_carrier_writable(p->client.cs);
	assert_string_equal(p->client.log, "W");
	assert_int_equal(side_send_super(c, words, 1, 100), 0);
	assert_int_equal(chan_send_eof(c), 0);
	assert_int_equal(side_send_super(c, words, 1, 100), SSHTAP_ERR_STATE);
}

/* A small window is not too small for what has been asked for. */
static void
test_small_window_of_ours(void **state)
{
	struct tables *p = *state;
	struct chan *c = open_offloaded(p), *d = p->server.asked;
	uint32_t least = 4 * (STRING_MAX + 4);
	unsigned i;

	assert_int_equal(chan_tun_set_window(d, 0), 0);
	for (i = 0; i < 2000; i++) {
		assert_int_equal(side_send_super(c, words, 1, 60000), 0);
		tables_pump(p);
	}
	assert_in_range(c->out.left, least - least / 8, least);
	for (i = 0; side_send_super(c, words, 1, 60000) == 0; i++)
		;
	assert_in_range(i, 3, 4);
	assert_int_equal(side_send_frame(c, 1, 14), SSHTAP_ERR_AGAIN);
	tables_pump(p);
	assert_string_equal(p->client.log, "W");
	assert_int_equal(side_send_frame(c, 1, 14), 0);
	assert_int_equal(chan_tun_stats(d)->dropped_in, 0);
}

static void
test_handler_may_close(void **state)
{
	struct tables *p = *state;
	struct chan *c = open_offloaded(p);

	p->server.closes_on_frame = true;
	assert_int_equal(side_send_super(c, words, 1, 60000), 0);
	tables_pump(p);
	assert_string_equal(p->server.log, "SC");
	assert_string_equal(p->client.log, "C");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(test_both_agree),
		PAIR(test_on_the_wire),
		STOCK(test_stock_peer_says_no),
		PAIR(test_server_answers_once),
		PAIR(test_polite_no),
		cmocka_unit_test(test_program_without_offload),
		PAIR(test_ethernet_only),
		PAIR(test_calls_in_other_states),
		PAIR(test_malformed_requests),
		PAIR(test_lengths_in),
		PAIR(test_unasked_is_credited),
		PAIR(test_over_the_window),
		PAIR(test_lengths_out),
		PAIR(test_waits_for_the_longest),
		PAIR(test_small_window_of_peer),
		PAIR(test_full_carrier),
		PAIR(test_small_window_of_ours),
		PAIR(test_handler_may_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
