/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * One bit changed on the wire, at every byte of a whole conversation in turn:
 * identification, first exchange, data, a rekey, more data.  Whatever is hit,
 * a side delivers nothing but the beginning of what the other one sent, and
 * the connection ends.
 *
 * The only bytes that do not matter are the padding of packets in clear (the
 * two KEXINITs, INIT, REPLY and the two NEWKEYS of the first exchange):
 * RFC 4253 section 6 gives them no meaning, they enter no hash, and nothing
 * can be told by them.  For these the conversation must go on as if nothing
 * had happened.  Padding lengths are not among them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/pair.h"
#include "transport/packet.h"
#include "transport/session_impl.h"
#include "transport/ssh2.h"

#define STREAM_MAX	(64 * 1024)
#define PAYLOADS	3	/* each way before the rekey, and after it */
#define FILLER		(PACKET_LENGTH_MAX + 64 * 1024)

static void
put_payload(uint8_t *m, enum session_role from, uint32_t n)
{
	memset(m, SSH_MSG_CHANNEL_DATA, 8);
	m[1] = (uint8_t)from;
	put_be32(m + 2, n);
}

static bool
is_alive(const struct pair *p)
{
	return p->side[0].result == 0 && p->side[1].result == 0;
}

static void
send_payloads(struct pair *p, uint32_t first)
{
	uint8_t m[8];
	uint32_t n;

	for (n = first; n < first + PAYLOADS && is_alive(p); n++) {
		put_payload(m, SESSION_CLIENT, n);
		pair_send(p, SESSION_CLIENT, m, sizeof(m));
		put_payload(m, SESSION_SERVER, n);
		pair_send(p, SESSION_SERVER, m, sizeof(m));
		pair_pump(p);
	}
}

/* Up to the first failure, or as far as it goes when a side only waits. */
static void
converse(struct pair *p)
{
	struct session *c, *s;

	pair_open(p);
	c = pair_session(p, SESSION_CLIENT);
	s = pair_session(p, SESSION_SERVER);
	pair_pump(p);
	if (!is_alive(p) || !session_is_keyed(c) || !session_is_keyed(s))
		return;
	pair_authenticate(p);
	send_payloads(p, 0);
	if (!is_alive(p))
		return;
	assert_int_equal(session_rekey(c), 0);
	pair_pump(p);
	send_payloads(p, PAYLOADS);
}

/* Bring to light that a side waits for a packet that will never be whole. */
static void
press(struct pair *p)
{
	enum session_role to = pair_other(p->flip_from);
	uint8_t *m = calloc(1, 32768);
	size_t sent = 0;
	int i;

	assert_non_null(m);
	m[0] = SSH_MSG_IGNORE;
	for (i = 0; i < 2 && is_alive(p); i++)
		if (session_tick(p->side[i].session, p->now_ms +
		    SESSION_KEX_TIMEOUT_MS + 1) != 0)
			p->side[i].result = SSHTAP_ERR_TIMEOUT;
	for (; sent < FILLER && p->side[to].result == 0; sent += 32768) {
		pair_inject(p, p->flip_from, m, 32768);
		pair_pump(p);
	}
	free(m);
}

static uint32_t
count_prefix(struct pair *p, enum session_role to)
{
	uint8_t m[8];
	struct view v;
	uint32_t n = 0;

	while (pair_get(p, to, &v)) {
		put_payload(m, pair_other(to), n++);
		assert_int_equal(v.len, sizeof(m));
		assert_memory_equal(v.p, m, sizeof(m));
	}
	return n;
}

/* True for each byte of a stream that is padding of a packet in clear. */
static void
mark_padding(const struct buf *stream, bool *is_padding)
{
	struct view all = buf_view(stream);
	const uint8_t *lf = memchr(all.p, '\n', all.len);
	size_t at = (size_t)(lf - all.p) + 1, len, pad;
	uint8_t number;

	do {
		len = get_be32(all.p + at);
		pad = all.p[at + 4];
		number = all.p[at + 5];
		assert_true(len <= all.len - at - 4);
		at += 4 + len;
		memset(is_padding + at - pad, 1, pad);
	} while (number != SSH_MSG_NEWKEYS);
}

static void
config_short(struct pair *p, const char *cipher)
{
	int i;

	pair_config(p);
	for (i = 0; i < 2; i++) {
		p->config[i].kex = "curve25519-sha256";
		p->config[i].hostkey = "ssh-ed25519";
		p->config[i].ciphers = cipher;
		p->config[i].compression = "none";
	}
}

/*
 * Learn the length and the clear padding of one direction; with Ed25519 and
 * X25519 these are the same in every run.
 */
static size_t
learn_stream(const char *cipher, enum session_role from, bool *is_padding,
    size_t *clearp)
{
	struct buf stream;
	struct pair p;
	size_t len, i;

	buf_init(&stream, STREAM_MAX);
	config_short(&p, cipher);
	p.record[from] = &stream;
	converse(&p);
	assert_true(is_alive(&p));
	assert_int_equal(count_prefix(&p, SESSION_CLIENT), 2 * PAYLOADS);
	assert_int_equal(count_prefix(&p, SESSION_SERVER), 2 * PAYLOADS);
	memset(is_padding, 0, STREAM_MAX * sizeof(*is_padding));
	mark_padding(&stream, is_padding);
	len = stream.len;
	for (i = *clearp = 0; i < len; i++)
		if (is_padding[i])
			*clearp = i + 1;
	buf_clear(&stream);
	pair_close(&p);
	return len;
}

static void
flip(const char *cipher, enum session_role from, size_t at, bool is_padding)
{
	enum session_role to = pair_other(from);
	struct pair p;

	config_short(&p, cipher);
	p.flip_from = from;
	p.flip_at = at;
	p.flip_mask = (uint8_t)(1 << (at % 8));
	converse(&p);
	if (is_padding) {
		assert_true(is_alive(&p));
		assert_int_equal(count_prefix(&p, SESSION_CLIENT),
		    2 * PAYLOADS);
		assert_int_equal(count_prefix(&p, SESSION_SERVER),
		    2 * PAYLOADS);
	} else {
		if (is_alive(&p))
			press(&p);
		assert_false(is_alive(&p));
		/* Before keys nothing is delivered at all. */
		if (!session_is_keyed(pair_session(&p, to)))
			assert_int_equal(p.side[to].delivered, 0);
		assert_true(count_prefix(&p, to) < 2 * PAYLOADS);
		assert_true(count_prefix(&p, from) <= 2 * PAYLOADS);
	}
	pair_close(&p);
}

static void
flip_all(const char *cipher, enum session_role from, bool with_clear)
{
	bool *is_padding = calloc(STREAM_MAX, sizeof(*is_padding));
	size_t at, len, clear;

	assert_non_null(is_padding);
	len = learn_stream(cipher, from, is_padding, &clear);
	assert_in_range(len, 1000, 10000);
	for (at = with_clear ? 0 : clear; at < len; at++)
		flip(cipher, from, at, is_padding[at]);
	free(is_padding);
}

static void
test_gcm_from_client(void **state)
{
	(void)state;
	flip_all("aes256-gcm@openssh.com", SESSION_CLIENT, true);
}

static void
test_gcm_from_server(void **state)
{
	(void)state;
	flip_all("aes256-gcm@openssh.com", SESSION_SERVER, true);
}

/* The part in clear does not depend on the cipher. */
static void
test_chacha_from_client(void **state)
{
	(void)state;
	flip_all("chacha20-poly1305@openssh.com", SESSION_CLIENT, false);
}

static void
test_chacha_from_server(void **state)
{
	(void)state;
	flip_all("chacha20-poly1305@openssh.com", SESSION_SERVER, false);
}

static int
free_keys(void **state)
{
	(void)state;
	pair_free_keys();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gcm_from_client),
		cmocka_unit_test(test_gcm_from_server),
		cmocka_unit_test(test_chacha_from_client),
		cmocka_unit_test(test_chacha_from_server),
	};

	return cmocka_run_group_tests(tests, NULL, free_keys);
}
