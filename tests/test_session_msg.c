/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The messages that belong to the transport itself: UNIMPLEMENTED,
 * DISCONNECT, DEBUG and EXT_INFO, and how a session ends.
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

static void
assert_got(struct pair *p, enum session_role role, const void *bytes,
    size_t len)
{
	struct view v;

	assert_true(pair_get(p, role, &v));
	assert_int_equal(v.len, len);
	assert_memory_equal(v.p, bytes, len);
}

static void
test_unimplemented(void **state)
{
	static const uint8_t expected[] = { 0, 0, 0, 5,
	    SSH_MSG_UNIMPLEMENTED, 0x12, 0x34, 0x56, 0x78 };
	struct session *s;
	struct pair p;
	struct view v;

	(void)state;
	pair_config(&p);
	pair_open(&p);
	s = pair_session(&p, SESSION_CLIENT);
	assert_int_equal(session_send_unimplemented(s, 0x12345678), 0);
	v = buf_view(&s->queue);
	assert_int_equal(v.len, sizeof(expected));
	assert_memory_equal(v.p, expected, sizeof(expected));
	/* The other side takes note and that is all. */
	pair_pump(&p);
	pair_send(&p, SESSION_CLIENT, "2z", 2);
	pair_pump(&p);
	assert_got(&p, SESSION_SERVER, "2z", 2);
	assert_int_equal(p.side[SESSION_SERVER].result, 0);
	pair_close(&p);
}

/* The sequence number that UNIMPLEMENTED wants is the packet's own. */
static void
test_sequence_numbers(void **state)
{
	struct pair p;
	int role;

	(void)state;
	pair_config(&p);
	pair_handshake(&p);
	pair_authenticate(&p);
	for (role = 0; role < 2; role++) {
		/* Strict: EXT_INFO was 0, and what is ignored counts too. */
		pair_send(&p, (enum session_role)role, "\002", 1);
		pair_send(&p, (enum session_role)role, "\300ping", 5);
		pair_pump(&p);
		assert_int_equal(p.side[1 - role].last_seq, 2);
	}
	pair_close(&p);
}

/* Texts. */

static void
put_text_message(struct buf *m, uint8_t number, uint32_t reason,
    const void *text, size_t len)
{
	assert_int_equal(buf_put_u8(m, number), 0);
	if (number == SSH_MSG_DISCONNECT)
		assert_int_equal(buf_put_u32(m, reason), 0);
	else
		assert_int_equal(buf_put_bool(m, true), 0);
	assert_int_equal(buf_put_string(m, text, len), 0);
	assert_int_equal(buf_put_cstring(m, ""), 0);
}

static void
assert_printable(const char *text)
{
	for (; *text != '\0'; text++)
		assert_in_range((uint8_t)*text, 0x20, 0x7e);
}

static void
test_disconnect_text_is_cleaned(void **state)
{
	uint8_t text[2 * SESSION_TEXT_MAX];
	struct session *s;
	struct pair p;
	struct buf m;
	uint32_t reason;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)i;
	buf_init(&m, 4096);
	put_text_message(&m, SSH_MSG_DISCONNECT, 12, text, sizeof(text));
	pair_config(&p);
	pair_handshake(&p);
	pair_inject(&p, SESSION_SERVER, buf_view(&m).p, m.len);
	pair_pump(&p);
	s = pair_session(&p, SESSION_CLIENT);
	assert_int_equal(p.side[SESSION_CLIENT].result,
	    SSHTAP_ERR_DISCONNECT);
	assert_int_equal(strlen(session_peer_text(s, &reason)),
	    SESSION_TEXT_MAX - 1);
	assert_int_equal(reason, 12);
	assert_printable(session_peer_text(s, NULL));
	/* It is not answered. */
	assert_int_equal(p.side[SESSION_SERVER].result, 0);
	assert_int_equal(session_output(s).len, 0);
	buf_clear(&m);
	pair_close(&p);
}

/* Truncated anywhere a DISCONNECT still is one. */
static void
test_disconnect_truncated(void **state)
{
	struct pair p;
	struct buf m;
	size_t len;

	(void)state;
	buf_init(&m, 4096);
	put_text_message(&m, SSH_MSG_DISCONNECT, 2, "gone", 4);
	for (len = 1; len <= m.len; len++) {
		pair_config(&p);
		pair_open(&p);
		pair_feed(&p, SESSION_SERVER, "SSH-2.0-x\r\n", 11);
		pair_feed_clear(&p, SESSION_SERVER, buf_view(&m).p, len);
		assert_int_equal(p.side[SESSION_SERVER].result,
		    SSHTAP_ERR_DISCONNECT);
		assert_string_equal(session_peer_text(pair_session(&p,
		    SESSION_SERVER), NULL), len < 13 ? "" : "gone");
		pair_close(&p);
	}
	buf_clear(&m);
}

static void
test_debug_text_is_cleaned(void **state)
{
	struct pair p;
	struct buf m;
	size_t len;

	(void)state;
	buf_init(&m, 4096);
	put_text_message(&m, SSH_MSG_DEBUG, 0, "\033]0;x\a\nend", 9);
	pair_config(&p);
	pair_handshake(&p);
	for (len = 1; len <= m.len; len++) {
		pair_inject(&p, SESSION_SERVER, buf_view(&m).p, len);
		pair_pump(&p);
	}
	assert_int_equal(p.side[SESSION_CLIENT].result, 0);
	assert_int_equal(p.side[SESSION_CLIENT].delivered, 0);
	assert_string_equal(p.last_text, "?]0;x??en");
	assert_int_equal(p.texts, 5);
	buf_clear(&m);
	pair_close(&p);
}

static void
test_end_from_our_side(void **state)
{
	struct view v = view_of("2x", 2);
	struct session_packet packet;
	struct session *c;
	struct pair p;
	uint32_t reason;

	(void)state;
	pair_config(&p);
	pair_handshake(&p);
	c = pair_session(&p, SESSION_CLIENT);
	pair_send(&p, SESSION_CLIENT, "2last", 5);
	session_disconnect(c, SSH_DISCONNECT_BY_APPLICATION, "bye");
	session_disconnect(c, SSH_DISCONNECT_PROTOCOL_ERROR, "again");
	p.side[SESSION_CLIENT].result = SSHTAP_ERR_CLOSED;
	pair_pump(&p);
	assert_got(&p, SESSION_SERVER, "2last", 5);
	assert_int_equal(p.side[SESSION_SERVER].result,
	    SSHTAP_ERR_DISCONNECT);
	assert_string_equal(session_peer_text(pair_session(&p,
	    SESSION_SERVER), &reason), "bye");
	assert_int_equal(reason, SSH_DISCONNECT_BY_APPLICATION);
	assert_int_equal(session_send(c, &v), SSHTAP_ERR_STATE);
	assert_false(session_is_writable(c));
	assert_int_equal(pair_send_frame(&p, SESSION_CLIENT, "^", 1),
	    SSHTAP_ERR_STATE);
	assert_int_equal(session_rekey(c), SSHTAP_ERR_CLOSED);
	assert_int_equal(session_tick(c, p.now_ms), SSHTAP_ERR_CLOSED);
	assert_int_equal(session_next(c, p.now_ms, &packet),
	    SSHTAP_ERR_CLOSED);
	assert_int_equal(session_output(c).len, 0);
	pair_close(&p);
}

/* EXT_INFO, RFC 8308. */

static void
put_ext_info(struct buf *m, uint32_t n, uint32_t filled, const char *name,
    const void *value, size_t len)
{
	buf_reset(m);
	assert_int_equal(buf_put_u8(m, SSH_MSG_EXT_INFO), 0);
	assert_int_equal(buf_put_u32(m, n), 0);
	while (filled-- > 0) {
		assert_int_equal(buf_put_cstring(m, name), 0);
		assert_int_equal(buf_put_string(m, value, len), 0);
	}
}

static int
try_ext_info(struct buf *m, enum session_role to, unsigned times)
{
	struct pair p;
	int r;

	pair_config(&p);
	pair_handshake(&p);
	pair_start_auth(&p);
	while (times-- > 0)
		pair_inject(&p, pair_other(to), buf_view(m).p, m->len);
	pair_pump(&p);
	assert_int_equal(p.side[to].delivered, 0);
	r = p.side[to].result;
	pair_close(&p);
	return r;
}

static void
test_ext_info_limits(void **state)
{
	struct buf m;
	size_t len;
	int r;

	(void)state;
	buf_init(&m, 128 * 1024);
	/* The handshake has brought one already. */
	put_ext_info(&m, 1, 1, "unheard-of", "\0\377\n", 3);
	assert_int_equal(try_ext_info(&m, SESSION_CLIENT, 1), 0);
	assert_int_equal(try_ext_info(&m, SESSION_CLIENT, 2),
	    SSHTAP_ERR_PROTOCOL);
	assert_int_equal(try_ext_info(&m, SESSION_SERVER, 1),
	    SSHTAP_ERR_PROTOCOL);
	for (len = 2; len < m.len; len++) {
		struct buf cut;

		buf_init(&cut, 1024);
		assert_int_equal(buf_put(&cut, buf_view(&m).p, len), 0);
		r = try_ext_info(&cut, SESSION_CLIENT, 1);
		assert_int_equal(r, SSHTAP_ERR_TRUNCATED);
		buf_clear(&cut);
	}
	assert_int_equal(buf_put_u8(&m, 0), 0);
	assert_int_equal(try_ext_info(&m, SESSION_CLIENT, 1),
	    SSHTAP_ERR_TRAILING);
	put_ext_info(&m, 1024, 1024, "n", "v", 1);
	assert_int_equal(try_ext_info(&m, SESSION_CLIENT, 1), 0);
	put_ext_info(&m, 1025, 1025, "n", "v", 1);
	assert_int_equal(try_ext_info(&m, SESSION_CLIENT, 1),
	    SSHTAP_ERR_TOO_BIG);
	put_ext_info(&m, UINT32_MAX, 1, "n", "v", 1);
	assert_int_equal(try_ext_info(&m, SESSION_CLIENT, 1),
	    SSHTAP_ERR_TOO_BIG);
	buf_clear(&m);
}

/* RFC 8308 section 2.4: neither between the two occasions nor after them. */
static void
test_ext_info_in_time(void **state)
{
	enum session_role to;
	struct pair p;
	struct buf m;
	int i;

	(void)state;
	buf_init(&m, 1024);
	put_ext_info(&m, 0, 0, "", "", 0);
	for (i = 0; i < 4; i++) {
		to = i % 2 == 0 ? SESSION_CLIENT : SESSION_SERVER;
		pair_config(&p);
		if (i < 2)
			pair_handshake(&p);
		else
			pair_login(&p);
		pair_inject(&p, pair_other(to), buf_view(&m).p, m.len);
		pair_pump(&p);
		assert_int_equal(p.side[to].result, SSHTAP_ERR_PROTOCOL);
		pair_close(&p);
	}
	buf_clear(&m);
}

static void
test_ext_info_values(void **state)
{
	static const uint8_t zeros[8193];
	struct session *s;
	struct pair p;
	struct buf m;

	(void)state;
	buf_init(&m, 128 * 1024);
	pair_config(&p);
	pair_handshake(&p);
	pair_start_auth(&p);
	s = pair_session(&p, SESSION_CLIENT);
	s->peer_hostbound = false;
	put_ext_info(&m, 3, 1, "publickey-hostbound@openssh.com", "1", 1);
	/* Too long to be believed: the older list stays. */
	assert_int_equal(buf_put_cstring(&m, "server-sig-algs"), 0);
	assert_int_equal(buf_put_string(&m, zeros, sizeof(zeros)), 0);
	assert_int_equal(buf_put_cstring(&m, "server-sig-algs"), 0);
	assert_int_equal(buf_put_cstring(&m, "ssh-ed25519"), 0);
	pair_inject(&p, SESSION_SERVER, buf_view(&m).p, m.len);
	pair_pump(&p);
	assert_int_equal(p.side[SESSION_CLIENT].result, 0);
	assert_false(session_peer_has_hostbound(s));
	assert_int_equal(session_server_sig_algs(s).len, 11);
	buf_clear(&m);
	pair_close(&p);
}

/* RFC 4252 section 6: numbers from 80 on wait for the end of it. */
static int
try_number(enum session_role to, bool is_authenticated, uint8_t number)
{
	struct pair p;
	int r;

	pair_config(&p);
	pair_handshake(&p);
	if (is_authenticated)
		pair_authenticate(&p);
	pair_inject(&p, pair_other(to), &number, 1);
	pair_pump(&p);
	r = p.side[to].result;
	assert_int_equal(p.side[to].delivered, r == 0 ? 1 : 0);
	pair_close(&p);
	return r;
}

static void
test_channels_wait_for_authentication(void **state)
{
	static const uint8_t numbers[] = { 80, 90, 100, 101, 127, 128, 191,
	    SSH_MSG_PING, 255 };
	enum session_role to;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * sizeof(numbers); i++) {
		to = i % 2 == 0 ? SESSION_CLIENT : SESSION_SERVER;
		assert_int_equal(try_number(to, false, numbers[i / 2]),
		    SSHTAP_ERR_PROTOCOL);
		assert_int_equal(try_number(to, true, numbers[i / 2]), 0);
	}
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
		cmocka_unit_test(test_unimplemented),
		cmocka_unit_test(test_sequence_numbers),
		cmocka_unit_test(test_disconnect_text_is_cleaned),
		cmocka_unit_test(test_disconnect_truncated),
		cmocka_unit_test(test_debug_text_is_cleaned),
		cmocka_unit_test(test_end_from_our_side),
		cmocka_unit_test(test_ext_info_limits),
		cmocka_unit_test(test_ext_info_in_time),
		cmocka_unit_test(test_ext_info_values),
		cmocka_unit_test(test_channels_wait_for_authentication),
	};

	return cmocka_run_group_tests(tests, NULL, free_keys);
}
