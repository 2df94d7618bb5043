/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Channels from open to frames: requests, refusals, windows, keepalives.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "tests/chan_util.h"
#include "transport/ssh2.h"

static void
test_open_and_frames_both_ways(void **state)
{
	struct tables *p = *state;
	struct chan *c = tables_open_tun(p);
	const struct chan_tun_stats *stats = chan_tun_stats(c);

	assert_ptr_equal(chan_user(c), p);
	chan_set_user(p->server.asked, state);
	assert_ptr_equal(chan_user(p->server.asked), state);
	assert_int_equal(p->server.mode, CHAN_TUN_ETHERNET);
	assert_int_equal(p->server.unit, CHAN_TUN_UNIT_ANY);
	assert_int_equal(side_send_frame(c, 0xaa, 1514), 0);
	assert_int_equal(side_send_frame(p->server.asked, 0xbb, 14), 0);
	tables_pump(p);
	assert_int_equal(p->server.frame_len, 1514);
	assert_int_equal(p->server.frame[0], 0xaa);
	assert_int_equal(p->server.frame[1513], 0xaa);
	assert_int_equal(p->client.frame_len, 14);
	assert_int_equal(p->client.frame[13], 0xbb);
	assert_string_equal(p->client.log, "OF");
	assert_string_equal(p->server.log, "TF");
	assert_int_equal(stats->frames_out, 1);
	assert_int_equal(stats->bytes_out, 1514);
	assert_int_equal(stats->frames_in, 1);
	assert_int_equal(stats->bytes_in, 14);
}

static void
test_frame_on_the_wire(void **state)
{
	struct tables *p = *state;
	struct chan *c = side_open_tun(&p->client, 100000, 32768);

	assert_int_equal(side_send_frame(c, 0xaa, 15), 0);
	EXPECT(&p->client, 94, 0, 0, 0, 5, 0, 0, 0, 15, 0xaa, 0xaa, 0xaa,
	    0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
	    0xaa);
}

static void
test_runts_are_not_sent(void **state)
{
	struct tables *p = *state;
	struct chan *c = side_open_tun(&p->client, 100000, 32768);

	assert_int_equal(side_send_frame(c, 1, 13), SSHTAP_ERR_DROPPED);
	assert_int_equal(side_send_frame(c, 1, 0), SSHTAP_ERR_DROPPED);
	side_expect_nothing(&p->client);
	assert_int_equal(chan_tun_stats(c)->dropped_out, 2);
	assert_int_equal(side_send_frame(c, 1, 14), 0);
}

static void
test_long_frames_are_not_sent(void **state)
{
	struct tables *p = *state;
	struct chan *c = side_open_tun(&p->client, 100000, 32768);
	struct message m;
	size_t max;

	assert_int_equal(chan_tun_room(c, &max), 0);
	assert_int_equal(max, CHAN_TUN_FRAME_MAX);
	assert_int_equal(side_send_frame(c, 1, max + 1), SSHTAP_ERR_DROPPED);
	side_expect_nothing(&p->client);
	assert_int_equal(chan_tun_stats(c)->dropped_out, 1);
	assert_int_equal(side_send_frame(c, 1, max), 0);
	m = side_take(&p->client);
	assert_int_equal(m.len, 9 + CHAN_TUN_FRAME_MAX);
	free(m.p);
	assert_int_equal(chan_tun_stats(c)->frames_out, 1);
}

static void
test_frames_at_the_limits_in(void **state)
{
	struct tables *p = *state;
	struct chan *c = side_open_tun(&p->client, 100000, 32768);

	assert_int_equal(side_inject_data(&p->client, 0, 0), 0);
	assert_int_equal(side_inject_data(&p->client, 0, 13), 0);
	assert_int_equal(side_inject_data(&p->client, 0, 32765), 0);
	assert_string_equal(p->client.log, "");
	assert_int_equal(chan_tun_stats(c)->dropped_in, 3);
	assert_int_equal(side_inject_data(&p->client, 0, 14), 0);
	assert_int_equal(side_inject_data(&p->client, 0, 32764), 0);
	assert_string_equal(p->client.log, "FF");
	assert_int_equal(chan_tun_stats(c)->frames_in, 2);
}

static void
test_refusals(void **state)
{
	struct tables *p = *state;
	struct chan *c;

	p->server.answer = SSH_OPEN_ADMINISTRATIVELY_PROHIBITED;
	assert_int_equal(chan_open_tun(p->client.cs, CHAN_TUN_ETHERNET, 0,
	    NULL, &c), 0);
	tables_pump(p);
	assert_string_equal(p->client.log, "RC");
	assert_int_equal(p->client.reason, 1);
	assert_string_equal(p->client.text, "policy");
	p->server.answer = SSH_OPEN_CONNECT_FAILED;
	assert_int_equal(chan_open_tun(p->client.cs, CHAN_TUN_ETHERNET, 0,
	    NULL, &c), 0);
	tables_pump(p);
	assert_int_equal(p->client.reason, 2);
	assert_string_equal(p->client.text, "open failed");
	assert_int_equal(chan_open_session(p->client.cs, NULL, &c), 0);
	tables_pump(p);
	assert_string_equal(p->client.log, "RCRCRC");
	assert_int_equal(p->client.reason, 1);
	assert_string_equal(p->server.log, "TT");
	assert_int_equal(chans_count(p->client.cs), 0);
	assert_int_equal(chans_count(p->server.cs), 0);
}

static void
test_refusal_text_is_cleaned(void **state)
{
	struct tables *p = *state;
	uint8_t text[600];
	struct chan_msg m = {
		.number = SSH_MSG_CHANNEL_OPEN_FAILURE, .code = 77
	};
	struct chan *c;

	memset(text, 'x', sizeof(text));
	text[0] = 0x1b;
	text[1] = '\n';
	m.bytes = view_of(text, sizeof(text));
	assert_int_equal(chan_open_tun(p->client.cs, 2, 0, NULL, &c), 0);
	assert_int_equal(side_inject_msg(&p->client, &m), 0);
	assert_int_equal(p->client.reason, 77);
	assert_int_equal(strlen(p->client.text), CHAN_TEXT_MAX - 1);
	assert_int_equal(p->client.text[0], '?');
	assert_int_equal(p->client.text[1], '?');
	assert_int_equal(p->client.text[2], 'x');
}

static int
ask_for(struct side *s, const char *type, uint32_t mode, uint32_t unit,
    uint32_t packet_max)
{
	uint8_t rest[CHAN_MSG_TUN_SIZE];
	struct chan_msg m = {
		.number = SSH_MSG_CHANNEL_OPEN, .sender = 9,
		.window = 1000, .packet_max = packet_max,
		.name = view_of_string(type)
	};

	chan_msg_put_tun(rest, mode, unit);
	m.rest = view_of(rest, sizeof(rest));
	return side_inject_msg(s, &m);
}

/* The side must have answered with that reason. */
static void
expect_refusal(struct side *s, uint8_t reason)
{
	struct message m = side_take(s);

	assert_true(m.len > 9);
	assert_int_equal(m.p[0], SSH_MSG_CHANNEL_OPEN_FAILURE);
	assert_int_equal(get_be32(m.p + 1), 9);
	assert_int_equal(get_be32(m.p + 5), reason);
	free(m.p);
}

static void
test_client_refuses_every_open(void **state)
{
	struct tables *p = *state;
	struct side *s = &p->client;

	assert_int_equal(ask_for(s, "tun@openssh.com", 2, 0, 32768), 0);
	expect_refusal(s, 1);
	assert_int_equal(ask_for(s, "session", 2, 0, 32768), 0);
	expect_refusal(s, 1);
	assert_int_equal(ask_for(s, "x11", 2, 0, 32768), 0);
	expect_refusal(s, 3);
	assert_int_equal(ask_for(s, "", 2, 0, 32768), 0);
	expect_refusal(s, 3);
	assert_int_equal(chans_count(s->cs), 0);
	assert_string_equal(s->log, "");
}

static void
test_server_refuses_bad_opens(void **state)
{
	struct tables *p = *state;
	struct side *s = &p->server;

	assert_int_equal(ask_for(s, "tun@openssh.com", 0, 0, 32768), 0);
	expect_refusal(s, 2);
	assert_int_equal(ask_for(s, "tun@openssh.com", 3, 0, 32768), 0);
	expect_refusal(s, 2);
	assert_int_equal(ask_for(s, "tun@openssh.com", 2, 0x80000000, 32768),
	    0);
	expect_refusal(s, 2);
	assert_int_equal(ask_for(s, "tun@openssh.com", 2, 0x7ffffffe, 32768),
	    0);
	expect_refusal(s, 2);
	assert_int_equal(ask_for(s, "tun@openssh.com", 2, 0, 27), 0);
	expect_refusal(s, 2);
	assert_int_equal(ask_for(s, "direct-tcpip", 2, 0, 32768), 0);
	expect_refusal(s, 3);
	assert_string_equal(s->log, "");
	assert_int_equal(ask_for(s, "tun@openssh.com", 1, 0x7ffffffd, 28),
	    0);
	EXPECT(s, 91, 0, 0, 0, 9, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x80, 0);
	assert_int_equal(s->unit, 0x7ffffffd);
}

static void
test_server_without_tun_request(void **state)
{
	struct chans_events none = { .opened = NULL };
	struct side *s = malloc(sizeof(*s));

	(void)state;
	assert_non_null(s);
	side_init(s, true, CARRIER_PEER_OPENSSH, &none);
	assert_int_equal(ask_for(s, "tun@openssh.com", 2, 0, 32768), 0);
	expect_refusal(s, 1);
	side_clear(s);
	free(s);
}

static void
test_table_is_limited(void **state)
{
	struct tables *p = *state;
	struct chan *c;
	unsigned i;

	for (i = 0; i < CHANS_MAX; i++) {
		assert_int_equal(ask_for(&p->server, "tun@openssh.com", 2, i,
		    32768), 0);
		free(side_take(&p->server).p);
		assert_int_equal(chan_open_session(p->client.cs, NULL, &c),
		    0);
	}
	assert_int_equal(chans_count(p->server.cs), CHANS_MAX);
	assert_int_equal(ask_for(&p->server, "tun@openssh.com", 2, i, 32768),
	    0);
	expect_refusal(&p->server, 4);
	assert_int_equal(chan_open_session(p->client.cs, NULL, &c),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(chan_open_tun(p->client.cs, 2, 0, NULL, &c),
	    SSHTAP_ERR_TOO_BIG);
}

static void
test_open_arguments(void **state)
{
	struct tables *p = *state;
	struct chan *c = NULL;

	assert_int_equal(chan_open_tun(p->client.cs, 3, 0, NULL, &c),
	    SSHTAP_ERR_ARGUMENT);
	assert_int_equal(chan_open_tun(p->client.cs, 2, 0x80000000, NULL,
	    &c), SSHTAP_ERR_ARGUMENT);
	p->client.is_broken = true;
	assert_int_equal(chan_open_tun(p->client.cs, 2, 0, NULL, &c),
	    SSHTAP_ERR_TOO_BIG);
	assert_null(c);
	assert_int_equal(chans_count(p->client.cs), 0);
}

static void
test_full_window_and_adjust(void **state)
{
	struct tables *p = *state;
	struct chan *c = side_open_tun(&p->client, 100000, 32768);
	size_t max;

	assert_int_equal(side_send_frame(c, 1, 32764), 0);
	assert_int_equal(side_send_frame(c, 1, 32764), 0);
	/* 34464 are left, then 1696: from a quarter on it is what fits. */
	assert_int_equal(side_send_frame(c, 1, 32764), 0);
	assert_int_equal(side_send_frame(c, 1, 14), SSHTAP_ERR_AGAIN);
	assert_int_equal(INJECT(&p->client, 93, 0, 0, 0, 0, 0, 0, 0x10, 0),
	    0);
	assert_string_equal(p->client.log, "");
	assert_int_equal(INJECT(&p->client, 93, 0, 0, 0, 0, 0, 0, 0x60, 0),
	    0);
	assert_string_equal(p->client.log, "W");
	assert_int_equal(chan_tun_room(c, &max), 0);
	assert_int_equal(max, 1696 + 0x7000 - 4);
	assert_int_equal(INJECT(&p->client, 93, 0, 0, 0, 0, 0, 1, 0, 0), 0);
	assert_string_equal(p->client.log, "W");
	/* A hostile one does not wrap round. */
	assert_int_equal(INJECT(&p->client, 93, 0, 0, 0, 0, 0xff, 0xff, 0xff,
	    0xff), 0);
	assert_int_equal(side_send_frame(c, 1, 32764), 0);
}

static void
test_full_carrier(void **state)
{
	struct tables *p = *state;
	struct chan *c = side_open_tun(&p->client, 100000, 32768);

	p->client.is_blocked = true;
	assert_int_equal(side_send_frame(c, 1, 100), SSHTAP_ERR_AGAIN);
	p->client.is_blocked = false;
	chans_carrier_writable(p->client.cs);
	assert_string_equal(p->client.log, "W");
	chans_carrier_writable(p->client.cs);
	assert_string_equal(p->client.log, "W");
	p->client.is_blocked = true;
	assert_int_equal(side_send_frame(c, 1, 100), SSHTAP_ERR_AGAIN);
	assert_int_equal(chan_send_eof(c), 0);
	chans_carrier_writable(p->client.cs);
	assert_string_equal(p->client.log, "W");
}

/* Each finds room for one frame only: they take turns. */
static void
test_full_carrier_is_shared(void **state)
{
	struct tables *p = *state;
	struct chan *c[2];
	unsigned i, sent[2] = { 0, 0 };

	c[0] = tables_open_tun(p);
	c[1] = tables_open_tun(p);
	for (i = 0; i < 100; i++) {
		p->client.is_blocked = true;
		(void)side_send_frame(c[0], 1, 100);
		(void)side_send_frame(c[1], 1, 100);
		p->client.is_blocked = false;
		p->client.writable_first = NULL;
		chans_carrier_writable(p->client.cs);
		sent[p->client.writable_first == c[1]]++;
	}
	assert_int_equal(sent[0], 50);
	assert_int_equal(sent[1], 50);
}

/* Frames in until the window would have been used up many times. */
static void
test_credit_is_rare_and_sufficient(void **state)
{
	struct tables *p = *state;
	struct chan *c = tables_open_tun(p);
	unsigned i, before = p->server.sends, frames = 50000;

	for (i = 0; i < frames; i++) {
		assert_int_equal(side_send_frame(c, 1, 1514), 0);
		tables_pump(p);
	}
	assert_int_equal(chan_tun_stats(p->server.asked)->frames_in, frames);
	assert_int_equal(chan_tun_stats(p->server.asked)->dropped_in, 0);
	assert_in_range(p->server.sends - before,
	    frames * 1514 / (CHAN_TUN_WINDOW_OWN / 8) - 2,
	    frames * 1518 / (CHAN_TUN_WINDOW_OWN / 8) + 1);
}

/* The first grant shows how we count: len to OpenSSH, len + 4 to others. */
static void
check_first_grant(struct side *s, uint32_t window, uint32_t extra)
{
	uint32_t len = 1000, n = 1, size = window / 8;
	struct message m;

	(void)side_open_tun(s, 100000, 32768);
	while (n * (len + extra) < size) {
		assert_int_equal(side_inject_data(s, 0, len), 0);
		side_expect_nothing(s);
		n++;
	}
	assert_int_equal(side_inject_data(s, 0, len), 0);
	m = side_take(s);
	assert_int_equal(m.len, 9);
	assert_int_equal(m.p[0], SSH_MSG_CHANNEL_WINDOW_ADJUST);
	assert_int_equal(get_be32(m.p + 1), 5);
	assert_int_equal(get_be32(m.p + 5), n * (len + extra));
	free(m.p);
}

static void
test_grant_to_own(void **state)
{
	check_first_grant(&((struct tables *)*state)->client,
	    CHAN_TUN_WINDOW_OWN, 4);
}

static void
test_grant_to_stock(void **state)
{
	check_first_grant(&((struct tables *)*state)->client,
	    CHAN_TUN_WINDOW, 0);
}

/* A stock peer that debits len + 4 gets stuck; the tick frees it. */
static void
test_tick_frees_stuck_peer(void **state)
{
	struct tables *p = *state;
	struct side *s = &p->client;
	uint32_t book = CHAN_TUN_WINDOW;
	struct message m;

	(void)side_open_tun(s, 100000, 32768);
	for (; book >= 64; book -= 64) {
		assert_int_equal(side_inject_data(s, 0, 60), 0);
		while (s->first != s->last) {
			m = side_take(s);
			book += get_be32(m.p + 5);
			free(m.p);
		}
	}
	assert_int_equal(chans_tick(s->cs, 5), 0);
	side_expect_nothing(s);
	assert_int_equal(chans_tick(s->cs, 2000), 0);
	m = side_take(s);
	assert_int_equal(m.p[0], SSH_MSG_CHANNEL_WINDOW_ADJUST);
	assert_int_equal(book + get_be32(m.p + 5), CHAN_TUN_WINDOW);
	free(m.p);
	assert_int_equal(chans_tick(s->cs, 9000), 0);
	side_expect_nothing(s);
}

static void
test_set_window(void **state)
{
	struct tables *p = *state;
	struct side *s = &p->client;
	struct chan *c;
	uint32_t book = CHAN_TUN_WINDOW;

	assert_int_equal(chan_open_session(s->cs, NULL, &c), 0);
	assert_int_equal(chan_tun_set_window(c, 1), SSHTAP_ERR_STATE);
	assert_int_equal(INJECT(s, 92, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0,
	    0, 0, 0), 0);
	free(side_take(s).p);
	memset(s->log, 0, sizeof(s->log));
	c = side_open_tun(s, 100000, 32768);
	assert_int_equal(chan_tun_set_window(c, 16000), 0);
	for (; book > 16000; book -= 1000)
		assert_int_equal(side_inject_data(s, 0, 1000), 0);
	side_expect_nothing(s);
	assert_int_equal(side_inject_data(s, 0, 1000), 0);
	assert_int_equal(side_inject_data(s, 0, 1000), 0);
	book -= 2000;
	/* An eighth of it is owed, and then the rest at once. */
	EXPECT(s, 93, 0, 0, 0, 5, 0, 0, (uint8_t)((16000 - book) >> 8),
	    (uint8_t)(16000 - book));
	assert_int_equal(chan_tun_set_window(c, 0), 0);
	side_expect_nothing(s);
	assert_int_equal(chan_tun_set_window(c, UINT32_MAX), 0);
	EXPECT(s, 93, 0, 0, 0, 5, 0, (CHAN_TUN_WINDOW - 16000) >> 16,
	    (CHAN_TUN_WINDOW - 16000) >> 8 & 0xff,
	    (CHAN_TUN_WINDOW - 16000) & 0xff);
	p->client.is_broken = true;
	assert_int_equal(chan_tun_set_window(c, 0), 0);
	for (book = CHAN_TUN_WINDOW; book > 500000; book -= 1000)
		assert_int_equal(side_inject_data(s, 0, 1000), 0);
	assert_int_equal(chan_tun_set_window(c, UINT32_MAX),
	    SSHTAP_ERR_TOO_BIG);
	p->client.is_broken = false;
	/* Closed, there is nobody to give it to. */
	assert_int_equal(chan_close(c), 0);
	EXPECT(s, 97, 0, 0, 0, 5);
	assert_int_equal(chan_tun_set_window(c, UINT32_MAX), 0);
	side_expect_nothing(s);
}

static void
test_extended_data_on_tunnel(void **state)
{
	struct tables *p = *state;
	struct chan *c = side_open_tun(&p->client, 100000, 32768);
	unsigned i;

	for (i = 0; i < 500000; i++)
		assert_int_equal(INJECT(&p->client, 95, 0, 0, 0, 0, 0, 0, 0,
		    1, 0, 0, 0, 1, 'x'), 0);
	assert_int_equal(chan_tun_stats(c)->dropped_in, 500000);
	assert_string_equal(p->client.log, "");
	/* 5 bytes each: credited as they came. */
	EXPECT(&p->client, 93, 0, 0, 0, 5, 0, 0x20, 0, 3);
	side_expect_nothing(&p->client);
}

static void
test_keepalives(void **state)
{
	struct tables *p = *state;

	(void)tables_open_tun(p);
	memset(p->client.log, 0, sizeof(p->client.log));
	memset(p->server.log, 0, sizeof(p->server.log));
	assert_int_equal(chans_keepalive(p->client.cs), 0);
	assert_true(tables_deliver(&p->client, &p->server));
	EXPECT(&p->server, 82);
	assert_int_equal(side_inject_request(&p->client,
	    "keepalive@openssh.com", true, NULL, 0), 0);
	EXPECT(&p->client, 100, 0, 0, 0, 0);
	assert_string_equal(p->client.log, "");
	assert_string_equal(p->server.log, "");
}

static void
test_global_requests(void **state)
{
	struct tables *p = *state;
	struct side *s = &p->client;

	assert_int_equal(side_inject_global(s, "hostkeys-00@openssh.com",
	    false), 0);
	side_expect_nothing(s);
	assert_string_equal(s->global, "hostkeys-00@openssh.com");
	assert_int_equal(side_inject_global(s, "tcpip-forward", true), 0);
	assert_int_equal(side_inject_global(s, "", true), 0);
	EXPECT(s, 82);
	EXPECT(s, 82);
	assert_string_equal(s->log, "GGG");
	assert_int_equal(side_inject_global(s, "no-more-sessions@openssh.com",
	    false), 0);
	/* Replies that nobody awaits. */
	assert_int_equal(INJECT(s, 81), 0);
	assert_int_equal(INJECT(s, 81, 0, 0, 0, 22), 0);
	assert_int_equal(INJECT(s, 82), 0);
	assert_int_equal(INJECT(s, 82, 0), SSHTAP_ERR_TRAILING);
	side_expect_nothing(s);
	assert_string_equal(s->log, "GGG");
}

static void
test_no_more_sessions_is_for_openssh(void **state)
{
	struct tables *p = *state;

	assert_int_equal(chans_no_more_sessions(p->client.cs), 0);
	side_expect_nothing(&p->client);
}

static void
test_no_more_sessions_is_sent(void **state)
{
	struct tables *p = *state;
	struct message m;

	assert_int_equal(chans_no_more_sessions(p->client.cs), 0);
	m = side_take(&p->client);
	assert_int_equal(m.len, 1 + 4 + 28 + 1);
	assert_int_equal(m.p[m.len - 1], 0);
	free(m.p);
}

static void
test_unknown_channel_requests(void **state)
{
	struct tables *p = *state;
	struct side *s = &p->client;
	struct chan *c = side_open_tun(s, 100000, 32768);

	assert_int_equal(side_inject_request(s, "eow@openssh.com", false, NULL,
	    0), 0);
	side_expect_nothing(s);
	assert_int_equal(side_inject_request(s, "exit-status", true, "abcd", 4),
	    0);
	EXPECT(s, 100, 0, 0, 0, 5);
	assert_int_equal(chan_send_eof(c), 0);
	EXPECT(s, 96, 0, 0, 0, 5);
	assert_int_equal(side_inject_request(s, "what", true, "abc", 3), 0);
	EXPECT(s, 100, 0, 0, 0, 5);
	assert_int_equal(chan_close(c), 0);
	EXPECT(s, 97, 0, 0, 0, 5);
	assert_int_equal(side_inject_request(s, "what", true, "abc", 3), 0);
	side_expect_nothing(s);
	assert_string_equal(s->log, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(test_open_and_frames_both_ways),
		PAIR(test_frame_on_the_wire),
		PAIR(test_runts_are_not_sent),
		PAIR(test_long_frames_are_not_sent),
		PAIR(test_frames_at_the_limits_in),
		PAIR(test_refusals),
		PAIR(test_refusal_text_is_cleaned),
		PAIR(test_client_refuses_every_open),
		PAIR(test_server_refuses_bad_opens),
		cmocka_unit_test(test_server_without_tun_request),
		PAIR(test_table_is_limited),
		PAIR(test_open_arguments),
		PAIR(test_full_window_and_adjust),
		PAIR(test_full_carrier),
		PAIR(test_full_carrier_is_shared),
		PAIR(test_credit_is_rare_and_sufficient),
		PAIR(test_grant_to_own),
		STOCK(test_grant_to_stock),
		STOCK(test_tick_frees_stuck_peer),
		STOCK(test_set_window),
		PAIR(test_extended_data_on_tunnel),
		PAIR(test_keepalives),
		PAIR(test_global_requests),
		PAIR(test_no_more_sessions_is_for_openssh),
		STOCK(test_no_more_sessions_is_sent),
		PAIR(test_unknown_channel_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
