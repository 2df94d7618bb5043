/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Messages 80 to 100 as bytes: those seen from a stock peer, every truncation,
 * bytes left over, numbers that are no message.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "channels/chan_msg.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "transport/ssh2.h"

/* Decode from a copy of exactly that length, so that a sanitizer sees. */
static int
get(const uint8_t *p, size_t len, struct chan_msg *m)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	struct view v;
	int r;

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, p, len);
	v = view_of(copy, len);
	r = chan_msg_get(&v, m);
	free(copy);
	return r;
}

/* One of each, all fields set. */
static const struct chan_msg samples[] = {
	{ .number = SSH_MSG_GLOBAL_REQUEST, .want_reply = true,
	    .name = { (const uint8_t *)"keepalive@openssh.com", 21 },
	    .rest = { (const uint8_t *)"rest", 4 } },
	{ .number = SSH_MSG_REQUEST_SUCCESS,
	    .rest = { (const uint8_t *)"port", 4 } },
	{ .number = SSH_MSG_REQUEST_FAILURE },
	{ .number = SSH_MSG_CHANNEL_OPEN, .sender = 7, .window = 0x200000,
	    .packet_max = 0x8000,
	    .name = { (const uint8_t *)"tun@openssh.com", 15 },
	    .rest = { (const uint8_t *)"\0\0\0\2\x7f\xff\xff\xff", 8 } },
	{ .number = SSH_MSG_CHANNEL_OPEN_CONFIRMATION, .recipient = 7,
	    .sender = 3, .window = UINT32_MAX, .packet_max = 0x8000 },
	{ .number = SSH_MSG_CHANNEL_OPEN_FAILURE, .recipient = 7, .code = 2,
	    .bytes = { (const uint8_t *)"open failed", 11 } },
	{ .number = SSH_MSG_CHANNEL_WINDOW_ADJUST, .recipient = 7,
	    .code = UINT32_MAX },
	{ .number = SSH_MSG_CHANNEL_DATA, .recipient = 7,
	    .bytes = { (const uint8_t *)"frame", 5 } },
	{ .number = SSH_MSG_CHANNEL_EXTENDED_DATA, .recipient = 7, .code = 1,
	    .bytes = { (const uint8_t *)"error", 5 } },
	{ .number = SSH_MSG_CHANNEL_EOF, .recipient = 7 },
	{ .number = SSH_MSG_CHANNEL_CLOSE, .recipient = 7 },
	{ .number = SSH_MSG_CHANNEL_REQUEST, .recipient = 7,
	    .want_reply = true, .name = { (const uint8_t *)"exec", 4 },
	    .rest = { (const uint8_t *)"\0\0\0\2ls", 6 } },
	{ .number = SSH_MSG_CHANNEL_SUCCESS, .recipient = 7 },
	{ .number = SSH_MSG_CHANNEL_FAILURE, .recipient = 7 },
};
#define NSAMPLES	(sizeof(samples) / sizeof(samples[0]))

static void
encode(const struct chan_msg *m, struct buf *b)
{
	buf_init(b, CHAN_MSG_MAX);
	assert_int_equal(chan_msg_put(b, m), 0);
}

static void
test_round_trip(void **state)
{
	struct chan_msg m;
	struct buf b;
	struct view v;
	size_t i;

	(void)state;
	for (i = 0; i < NSAMPLES; i++) {
		encode(&samples[i], &b);
		v = buf_view(&b);
		assert_int_equal(chan_msg_get(&v, &m), 0);
		assert_int_equal(m.number, samples[i].number);
		assert_int_equal(m.want_reply, samples[i].want_reply);
		assert_int_equal(m.recipient, samples[i].recipient);
		assert_int_equal(m.sender, samples[i].sender);
		assert_int_equal(m.window, samples[i].window);
		assert_int_equal(m.packet_max, samples[i].packet_max);
		assert_int_equal(m.code, samples[i].code);
		assert_true(view_equals(&m.name, &samples[i].name));
		assert_true(view_equals(&m.bytes, &samples[i].bytes));
		assert_true(view_equals(&m.rest, &samples[i].rest));
		buf_clear(&b);
	}
}

/* The name's message decides how short it may be: the rest is its own. */
static bool
takes_rest(uint8_t number)
{
	return number == SSH_MSG_GLOBAL_REQUEST ||
	    number == SSH_MSG_REQUEST_SUCCESS ||
	    number == SSH_MSG_CHANNEL_OPEN ||
	    number == SSH_MSG_CHANNEL_OPEN_CONFIRMATION ||
	    number == SSH_MSG_CHANNEL_REQUEST;
}

static void
test_every_truncation_and_trailing(void **state)
{
	struct chan_msg m, untouched;
	struct buf b;
	struct view v;
	size_t i, len;

	(void)state;
	memset(&untouched, 0x5a, sizeof(untouched));
	for (i = 0; i < NSAMPLES; i++) {
		encode(&samples[i], &b);
		v = buf_view(&b);
		for (len = 0; len < v.len - samples[i].rest.len; len++) {
			m = untouched;
			assert_int_equal(get(v.p, len, &m),
			    SSHTAP_ERR_TRUNCATED);
			assert_memory_equal(&m, &untouched, sizeof(m));
		}
		for (; len <= v.len; len++)
			assert_int_equal(get(v.p, len, &m), 0);
		assert_int_equal(buf_put_u8(&b, 0), 0);
		v = buf_view(&b);
		assert_int_equal(get(v.p, v.len, &m),
		    takes_rest(samples[i].number) ? 0 : SSHTAP_ERR_TRAILING);
		buf_clear(&b);
	}
}

static void
test_lengths_that_lie(void **state)
{
	static const uint8_t data[] = {
		94, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff, 1, 2
	};
	static const uint8_t open[] = { 90, 0x80, 0, 0, 0, 'x' };
	struct chan_msg m;

	(void)state;
	assert_int_equal(get(data, sizeof(data), &m), SSHTAP_ERR_TRUNCATED);
	assert_int_equal(get(open, sizeof(open), &m), SSHTAP_ERR_TRUNCATED);
}

static void
test_numbers_without_message(void **state)
{
	struct chan_msg m = { .number = 0 };
	unsigned i, known = 0;
	struct buf b;
	uint8_t byte;
	int r;

	(void)state;
	for (i = 0; i < 256; i++) {
		byte = (uint8_t)i;
		r = get(&byte, 1, &m);
		if (r != SSHTAP_ERR_UNSUPPORTED) {
			known++;
			continue;
		}
		m.number = byte;
		buf_init(&b, CHAN_MSG_MAX);
		assert_int_equal(chan_msg_put(&b, &m),
		    SSHTAP_ERR_UNSUPPORTED);
		assert_int_equal(b.len, 0);
		buf_clear(&b);
	}
	assert_int_equal(known, NSAMPLES);
}

/* As captured from a stock client and server. */
static void
test_bytes_of_a_stock_peer(void **state)
{
	static const uint8_t wanted[] = {
		0x5a, 0, 0, 0, 0x0f, 't', 'u', 'n', '@', 'o', 'p', 'e', 'n',
		's', 's', 'h', '.', 'c', 'o', 'm', 0, 0, 0, 7, 0, 0x20, 0, 0,
		0, 0, 0x80, 0, 0, 0, 0, 2, 0x7f, 0xff, 0xff, 0xff
	};
	static const uint8_t refusal[] = {
		0x5c, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0, 0, 0x0b, 'o', 'p', 'e',
		'n', ' ', 'f', 'a', 'i', 'l', 'e', 'd', 0, 0, 0, 0
	};
	struct view v = view_of(refusal, sizeof(refusal));
	struct chan_msg m = {
		.number = SSH_MSG_CHANNEL_OPEN, .sender = 7,
		.window = 0x200000, .packet_max = 0x8000,
		.name = view_of_string("tun@openssh.com")
	};
	uint8_t rest[CHAN_MSG_TUN_SIZE];
	struct buf b;

	(void)state;
	chan_msg_put_tun(rest, 2, 0x7fffffff);
	m.rest = view_of(rest, sizeof(rest));
	encode(&m, &b);
	assert_int_equal(b.len, sizeof(wanted));
	assert_memory_equal(b.base + b.head, wanted, sizeof(wanted));
	buf_clear(&b);

	assert_int_equal(chan_msg_get(&v, &m), 0);
	assert_int_equal(m.recipient, 7);
	assert_int_equal(m.code, 2);
	assert_true(view_is(&m.bytes, "open failed"));
}

static void
test_data_header(void **state)
{
	static const uint8_t wanted[] = { 94, 0, 0, 0, 7, 0, 0, 0, 0x5a };
	uint8_t p[CHAN_MSG_DATA_HEADER];

	(void)state;
	chan_msg_put_data(p, 7, 0x5a);
	assert_memory_equal(p, wanted, sizeof(wanted));
}

static void
test_extended_header(void **state)
{
	static const uint8_t wanted[] = {
		95, 0, 0, 0, 7, 0xfe, 0x54, 0x41, 0x50, 0, 1, 0, 0x1b
	};
	uint8_t p[CHAN_MSG_EXTENDED_HEADER];

	(void)state;
	chan_msg_put_extended(p, 7, 0xfe544150, 0x1001b);
	assert_memory_equal(p, wanted, sizeof(wanted));
}

static void
test_offload_rest(void **state)
{
	uint8_t rest[CHAN_MSG_OFFLOAD_SIZE + 1] = { 0 };
	uint32_t flags = 99;
	struct view v;
	size_t len;

	(void)state;
	chan_msg_put_offload(rest, 0x80000007);
	for (len = 0; len < CHAN_MSG_OFFLOAD_SIZE; len++) {
		v = view_of(rest, len);
		assert_int_equal(chan_msg_get_offload(&v, &flags),
		    SSHTAP_ERR_TRUNCATED);
	}
	v = view_of(rest, len + 1);
	assert_int_equal(chan_msg_get_offload(&v, &flags),
	    SSHTAP_ERR_TRAILING);
	assert_int_equal(flags, 99);
	v = view_of(rest, len);
	assert_int_equal(chan_msg_get_offload(&v, &flags), 0);
	assert_int_equal(flags, 0x80000007);
}

static void
test_tun_rest(void **state)
{
	uint8_t rest[CHAN_MSG_TUN_SIZE + 1] = { 0 };
	uint32_t mode = 99, unit = 99;
	struct view v;
	size_t len;

	(void)state;
	chan_msg_put_tun(rest, CHAN_MSG_FIRST, 0x7fffffff);
	for (len = 0; len < CHAN_MSG_TUN_SIZE; len++) {
		v = view_of(rest, len);
		assert_int_equal(chan_msg_get_tun(&v, &mode, &unit),
		    SSHTAP_ERR_TRUNCATED);
	}
	v = view_of(rest, len + 1);
	assert_int_equal(chan_msg_get_tun(&v, &mode, &unit),
	    SSHTAP_ERR_TRAILING);
	assert_int_equal(mode, 99);
	assert_int_equal(unit, 99);
	v = view_of(rest, len);
	assert_int_equal(chan_msg_get_tun(&v, &mode, &unit), 0);
	assert_int_equal(mode, CHAN_MSG_FIRST);
	assert_int_equal(unit, 0x7fffffff);
}

static void
test_exit_rests(void **state)
{
	static const uint8_t status[] = { 0, 0, 1, 2, 0 };
	static const uint8_t signal[] = {
		0, 0, 0, 4, 'T', 'E', 'R', 'M', 1, 0, 0, 0, 1, 'x', 0, 0, 0,
		0, 0
	};
	struct view v, name;
	uint32_t value;
	size_t len;

	(void)state;
	for (len = 0; len <= sizeof(status); len++) {
		v = view_of(status, len);
		assert_int_equal(chan_msg_get_exit_status(&v, &value),
		    len < 4 ? SSHTAP_ERR_TRUNCATED :
		    len > 4 ? SSHTAP_ERR_TRAILING : 0);
	}
	assert_int_equal(value, 0x102);
	for (len = 0; len <= sizeof(signal); len++) {
		v = view_of(signal, len);
		assert_int_equal(chan_msg_get_exit_signal(&v, &name),
		    len < 18 ? SSHTAP_ERR_TRUNCATED :
		    len > 18 ? SSHTAP_ERR_TRAILING : 0);
	}
	assert_true(view_is(&name, "TERM"));
}

static void
test_put_stops_at_the_limit(void **state)
{
	static uint8_t zeros[CHAN_MSG_MAX];
	struct chan_msg m = { .number = SSH_MSG_REQUEST_SUCCESS };
	struct buf b;

	(void)state;
	m.rest = view_of(zeros, CHAN_MSG_MAX - 1);
	buf_init(&b, CHAN_MSG_MAX);
	assert_int_equal(chan_msg_put(&b, &m), 0);
	buf_clear(&b);
	m.rest = view_of(zeros, CHAN_MSG_MAX);
	assert_int_equal(chan_msg_put(&b, &m), SSHTAP_ERR_TOO_BIG);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_every_truncation_and_trailing),
		cmocka_unit_test(test_lengths_that_lie),
		cmocka_unit_test(test_numbers_without_message),
		cmocka_unit_test(test_bytes_of_a_stock_peer),
		cmocka_unit_test(test_data_header),
		cmocka_unit_test(test_extended_header),
		cmocka_unit_test(test_offload_rest),
		cmocka_unit_test(test_tun_rest),
		cmocka_unit_test(test_exit_rests),
		cmocka_unit_test(test_put_stops_at_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
