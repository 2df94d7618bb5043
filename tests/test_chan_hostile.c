/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A peer that breaks the rules: messages out of place, cut short, or noise.
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
test_unknown_channel_numbers(void **state)
{
	static const uint8_t ids[] = { 1, CHANS_MAX, 255 };
	struct tables *p = *state;
	struct chan_msg m = { .number = 0 };
	unsigned number;
	size_t i;

	(void)side_open_tun(&p->client, 1000, 32768);
	for (i = 0; i < sizeof(ids); i++) {
		m.recipient = ids[i] == 255 ? UINT32_MAX : ids[i];
		for (number = 91; number <= 100; number++) {
			m.number = (uint8_t)number;
			assert_int_equal(side_inject_msg(&p->client, &m),
			    number == SSH_MSG_CHANNEL_WINDOW_ADJUST ?
			    0 : SSHTAP_ERR_PROTOCOL);
		}
	}
	side_expect_nothing(&p->client);
	assert_string_equal(p->client.log, "");
}

static void
test_illegal_in_their_state(void **state)
{
	struct tables *p = *state;
	struct chan_msg m = { .packet_max = 32768 };
	struct chan *c;
	unsigned number;

	/* Opening: only an answer may come. */
	assert_int_equal(chan_open_tun(p->client.cs, 2, 0, NULL, &c), 0);
	for (number = 94; number <= 100; number++) {
		m.number = (uint8_t)number;
		assert_int_equal(side_inject_msg(&p->client, &m),
		    SSHTAP_ERR_PROTOCOL);
	}
	m.number = SSH_MSG_CHANNEL_WINDOW_ADJUST;
	assert_int_equal(side_inject_msg(&p->client, &m), 0);
	m.number = SSH_MSG_CHANNEL_OPEN_CONFIRMATION;
	m.packet_max = 27;
	assert_int_equal(side_inject_msg(&p->client, &m), SSHTAP_ERR_PROTOCOL);
	m.packet_max = 28;
	assert_int_equal(side_inject_msg(&p->client, &m), 0);
	assert_int_equal(side_inject_msg(&p->client, &m), SSHTAP_ERR_PROTOCOL);
	m.number = SSH_MSG_CHANNEL_OPEN_FAILURE;
	assert_int_equal(side_inject_msg(&p->client, &m), SSHTAP_ERR_PROTOCOL);
	/* Answers to nothing are harmless. */
	m.number = SSH_MSG_CHANNEL_SUCCESS;
	assert_int_equal(side_inject_msg(&p->client, &m), 0);
}

static void
test_carrier_failure_comes_through(void **state)
{
	struct tables *p = *state;
	struct chan *c = side_open_tun(&p->client, 1000, 32768);

	p->client.is_broken = true;
	assert_int_equal(side_inject_global(&p->client, "x", true),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(side_inject_request(&p->client, "x", true, NULL, 0),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(chans_keepalive(p->client.cs), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(chan_close(c), SSHTAP_ERR_TOO_BIG);
}

static void
test_numbers_that_are_unknown(void **state)
{
	struct tables *p = *state;
	unsigned number;
	uint8_t byte;

	for (number = 83; number < 90; number++) {
		byte = (uint8_t)number;
		assert_int_equal(side_inject(&p->client, &byte, 1),
		    SSHTAP_ERR_UNSUPPORTED);
	}
	assert_int_equal(side_inject(&p->client, NULL, 0),
	    SSHTAP_ERR_TRUNCATED);
}

/* A side with a channel of every kind and state; the peer's is the test. */
static void
make_zoo(struct side *s, bool is_server)
{
	struct chan_msg m = {
		.number = SSH_MSG_CHANNEL_OPEN_CONFIRMATION,
		.sender = 5, .window = 100000, .packet_max = 32768
	};
	struct chan *c[6];
	unsigned i;

	side_init(s, is_server, CARRIER_PEER_OPENSSH, &side_events);
	for (i = 0; i < 6; i++) {
		if (i % 2 == 0)
			assert_int_equal(chan_open_tun(s->cs, 2, 0, NULL,
			    &c[i]), 0);
		else
			assert_int_equal(chan_open_session(s->cs, NULL,
			    &c[i]), 0);
		m.recipient = i;
		if (i < 4)
			assert_int_equal(side_inject_msg(s, &m), 0);
	}
	assert_int_equal(chan_tun_offer(c[0], CHAN_TUN_TAKES_ALL),
	    is_server ? SSHTAP_ERR_STATE : 0);
	assert_int_equal(chan_session_exec(c[1], "x"), 0);
	assert_int_equal(chan_close(c[2]), 0);
	assert_int_equal(chan_send_eof(c[3]), 0);
	assert_int_equal(chan_close(c[4]), 0);
}

/* Messages worth mutilating, the recipient to be filled in. */
static size_t
make_message(uint8_t number, uint32_t recipient, const char *name,
    uint8_t *dst, size_t size)
{
	struct chan_msg m = {
		.number = number, .want_reply = true,
		.recipient = recipient, .sender = 1, .window = 1 << 20,
		.packet_max = 32768,
		/* A super-frame too short, or stderr. */
		.code = strcmp(name, "tap-offload@sshtap") == 0 ?
		    0xfe544150 : 1,
		.name = view_of_string(name),
		.bytes = view_of_string("0123456789abcdef"),
		.rest = view_of("\0\0\0\2\0\0\0\1", 8)
	};
	struct buf b;
	struct view v;

	buf_init(&b, size);
	if (chan_msg_put(&b, &m) != 0) {
		dst[0] = number;
		return 1;
	}
	v = buf_view(&b);
	memcpy(dst, v.p, v.len);
	buf_clear(&b);
	return v.len;
}

/* All the ways to cut one message, on a connection of their own. */
static void
cut_everywhere(struct side *s, bool is_server, uint8_t number, uint32_t id,
    const char *name)
{
	uint8_t bytes[256];
	size_t len, cut;
	int r;

	len = make_message(number, id, name, bytes, sizeof(bytes));
	make_zoo(s, is_server);
	for (cut = 0; cut <= len; cut++) {
		r = side_inject(s, bytes, cut);
		assert_true(r <= 0);
		assert_true(cut > 0 || r == SSHTAP_ERR_TRUNCATED);
	}
	side_clear(s);
}

static void
test_hostile_truncations(void **state)
{
	static const char *const names[] = {
		"tun@openssh.com", "session", "exit-status", "exit-signal",
		"keepalive@openssh.com", "tap-offload@sshtap", ""
	};
	struct side *s = malloc(sizeof(*s));
	unsigned number, id, name;

	(void)state;
	assert_non_null(s);
	for (number = 80; number <= 100; number++) {
		for (name = 0; name < 7; name++) {
			for (id = 0; id < 8; id++) {
				cut_everywhere(s, false, (uint8_t)number, id,
				    names[name]);
				cut_everywhere(s, true, (uint8_t)number, id,
				    names[name]);
			}
		}
	}
	free(s);
}

/* Random bytes behind plausible beginnings, many on one connection. */
static void
test_hostile_noise(void **state)
{
	struct side *s = malloc(sizeof(*s));
	uint32_t seed = 12345;
	uint8_t bytes[64];
	unsigned round, i, k;
	size_t len;

	(void)state;
	assert_non_null(s);
	for (round = 0; round < 300; round++) {
		make_zoo(s, round % 2 != 0);
		for (i = 0; i < 500; i++) {
			for (k = 0; k < sizeof(bytes); k++) {
				seed = seed * 1664525 + 1013904223;
				bytes[k] = seed >> 30 != 0 ?
				    (uint8_t)((seed >> 24) & 7) :
				    (uint8_t)(seed >> 16);
			}
			bytes[0] = (uint8_t)(80 + (seed >> 8) % 21);
			bytes[1] = bytes[2] = bytes[3] = 0;
			len = (seed >> 13) % sizeof(bytes);
			assert_true(side_inject(s, bytes, len) <= 0);
			assert_true(chans_count(s->cs) <= CHANS_MAX);
			for (; s->first != s->last; s->first++)
				free(s->queue[s->first % QUEUE_MAX].p);
		}
		assert_int_equal(chans_tick(s->cs, 10), 0);
		assert_int_equal(chans_tick(s->cs, 10000), 0);
		chans_carrier_writable(s->cs);
		side_clear(s);
	}
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(test_unknown_channel_numbers),
		PAIR(test_illegal_in_their_state),
		PAIR(test_carrier_failure_comes_through),
		PAIR(test_numbers_that_are_unknown),
		cmocka_unit_test(test_hostile_truncations),
		cmocka_unit_test(test_hostile_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
