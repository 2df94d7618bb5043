/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * New keys in the middle of traffic: whoever starts, nothing is lost, nothing
 * overtakes, and nothing passes that RFC 4253 sections 7.1 and 9 forbid.
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

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#define BY_CLIENT	1
#define BY_SERVER	2

/* A numbered payload, long enough to notice a swap. */
#define NUMBERED	40

static void
put_numbered(uint8_t *m, uint32_t n)
{
	pair_fill(m, NUMBERED, n);
	m[0] = SSH_MSG_CHANNEL_DATA;
	put_be32(m + 1, n);
}

/* By turns as a control message and as a frame, which may have to wait. */
static void
send_numbered(struct pair *p, enum session_role from, uint32_t n)
{
	struct session *s = p->side[from].session;
	uint8_t m[NUMBERED];

	put_numbered(m, n);
	if (n % 2 == 0) {
		pair_send(p, from, m, sizeof(m));
		return;
	}
	while (!session_is_writable(s)) {
		assert_int_equal(pair_send_frame(p, from, m, sizeof(m)),
		    SSHTAP_ERR_AGAIN);
		(void)pair_move(p, SESSION_CLIENT);
		(void)pair_move(p, SESSION_SERVER);
		assert_int_equal(p->side[from].result, 0);
	}
	assert_int_equal(pair_send_frame(p, from, m, sizeof(m)), 0);
}

static void
assert_numbered(struct pair *p, enum session_role to, uint32_t total)
{
	uint8_t m[NUMBERED];
	struct view v;
	uint32_t n;

	for (n = 0; n < total; n++) {
		put_numbered(m, n);
		assert_true(pair_get(p, to, &v));
		assert_int_equal(v.len, sizeof(m));
		assert_memory_equal(v.p, m, sizeof(m));
	}
	assert_false(pair_get(p, to, &v));
}

static void
assert_alive(const struct pair *p)
{
	assert_int_equal(p->side[0].result, 0);
	assert_int_equal(p->side[1].result, 0);
}

/* A rekey every 50 messages, with bytes in flight both ways. */
static void
check_traffic(struct pair *p, unsigned who)
{
	uint32_t n, total = 400;

	pair_login(p);
	for (n = 0; n < total; n++) {
		send_numbered(p, SESSION_CLIENT, n);
		send_numbered(p, SESSION_SERVER, n);
		if (n % 50 == 20 && (who & BY_CLIENT) != 0)
			assert_int_equal(session_rekey(pair_session(p,
			    SESSION_CLIENT)), 0);
		if (n % 50 == 20 && (who & BY_SERVER) != 0)
			assert_int_equal(session_rekey(pair_session(p,
			    SESSION_SERVER)), 0);
		(void)pair_move(p, n % 3 == 0 ? SESSION_SERVER :
		    SESSION_CLIENT);
	}
	pair_pump(p);
	assert_alive(p);
	assert_numbered(p, SESSION_SERVER, total);
	assert_numbered(p, SESSION_CLIENT, total);
	assert_in_range(session_rekeys(pair_session(p, SESSION_CLIENT)), 1, 8);
	assert_int_equal(session_rekeys(pair_session(p, SESSION_CLIENT)),
	    session_rekeys(pair_session(p, SESSION_SERVER)));
	assert_int_equal(p->checks, 1);
	pair_close(p);
}

static void
test_rekey_in_traffic(void **state)
{
	static const size_t chunks[] = { 7, 100, 1000, 0 };
	static const char *const ciphers[] = { "aes256-gcm@openssh.com",
	    "chacha20-poly1305@openssh.com" };
	struct pair p;
	size_t c, i;
	unsigned who;

	(void)state;
	for (i = 0; i < COUNT(chunks); i++) {
		for (who = BY_CLIENT; who <= (BY_CLIENT | BY_SERVER); who++) {
			for (c = 0; c < 2; c++) {
				pair_config(&p);
				p.chunk = chunks[i];
				p.config[0].ciphers = ciphers[c];
				p.config[0].compression = c == 0 ? "none" :
				    "zlib@openssh.com";
				check_traffic(&p, who);
			}
		}
	}
}

static void
test_identity_lasts(void **state)
{
	uint8_t id[SESSION_ID_MAX];
	struct session *c, *s;
	struct pair p;
	struct view v;
	int i;

	(void)state;
	pair_config(&p);
	pair_login(&p);
	c = pair_session(&p, SESSION_CLIENT);
	s = pair_session(&p, SESSION_SERVER);
	v = session_id(c);
	memcpy(id, v.p, v.len);
	for (i = 1; i <= 3; i++) {
		assert_int_equal(session_rekey(i % 2 == 0 ? c : s), 0);
		pair_pump(&p);
		assert_alive(&p);
		assert_int_equal(session_rekeys(c), i);
		v = session_id(c);
		assert_memory_equal(v.p, id, v.len);
		v = session_id(s);
		assert_memory_equal(v.p, id, v.len);
		v = session_kex_signature(c);
		assert_int_equal(v.len, s->kex_signature.len);
		assert_memory_equal(v.p, buf_view(&s->kex_signature).p, v.len);
	}
	pair_close(&p);
}

/* The markers are said once, in the first KEXINIT. */
static void
test_markers_are_said_once(void **state)
{
	struct proposal proposal;
	struct pair p;
	struct view v;
	int role;

	(void)state;
	pair_config(&p);
	pair_login(&p);
	assert_int_equal(session_rekey(pair_session(&p, SESSION_CLIENT)), 0);
	pair_pump(&p);
	for (role = 0; role < 2; role++) {
		v = buf_view(&p.side[role].session->init_ours);
		assert_int_equal(proposal_parse(&v, &proposal), 0);
		assert_true(view_is(&proposal.list[PROPOSAL_KEX], p.kex));
		assert_true(p.side[role].session->strict);
	}
	pair_close(&p);
}

/* A second call while one is under way changes nothing. */
static void
test_rekey_is_started_once(void **state)
{
	struct session *c;
	struct pair p;
	size_t len;

	(void)state;
	pair_config(&p);
	pair_login(&p);
	c = pair_session(&p, SESSION_CLIENT);
	assert_int_equal(session_rekey(c), 0);
	assert_true(session_is_rekeying(c));
	assert_true(session_is_keyed(c));
	len = session_output(c).len;
	assert_int_equal(session_rekey(c), 0);
	assert_int_equal(session_output(c).len, len);
	pair_pump(&p);
	assert_false(session_is_rekeying(c));
	assert_int_equal(session_rekeys(c), 1);
	pair_close(&p);
}

/* Limits. */

static void
check_volume(unsigned who)
{
	struct pair p;
	uint32_t n;

	pair_config(&p);
	if ((who & BY_CLIENT) != 0)
		p.config[SESSION_CLIENT].rekey_bytes = 8192;
	if ((who & BY_SERVER) != 0)
		p.config[SESSION_SERVER].rekey_bytes = 8192;
	pair_login(&p);
	for (n = 0; n < 1000; n++) {
		send_numbered(&p, SESSION_SERVER, n);
		(void)pair_move(&p, SESSION_SERVER);
		(void)pair_move(&p, SESSION_CLIENT);
	}
	pair_pump(&p);
	assert_alive(&p);
	assert_numbered(&p, SESSION_CLIENT, 1000);
	/* 1000 packets of 68 bytes or so are 8 periods of 8 KiB. */
	assert_in_range(session_rekeys(pair_session(&p, SESSION_CLIENT)), 6,
	    10);
	pair_close(&p);
}

static void
test_rekey_by_bytes(void **state)
{
	(void)state;
	check_volume(BY_CLIENT);	/* of what it receives */
	check_volume(BY_SERVER);	/* of what it sends */
	check_volume(BY_CLIENT | BY_SERVER);
}

static void
check_counters(uint64_t *counter, uint64_t limit, struct pair *p)
{
	struct session *s = pair_session(p, SESSION_SERVER);
	unsigned long before = session_rekeys(s);

	*counter = limit - 2;
	pair_send(p, SESSION_SERVER, "^", 1);
	pair_pump(p);
	pair_send(p, SESSION_CLIENT, "^", 1);
	pair_pump(p);
	assert_int_equal(session_rekeys(s), before);
	pair_send(p, SESSION_SERVER, "^", 1);
	pair_pump(p);
	pair_send(p, SESSION_CLIENT, "^", 1);
	pair_pump(p);
	assert_int_equal(session_rekeys(s), before + 1);
	assert_alive(p);
}

/* 2^31 packets and the cipher's volume cannot be sent here: pretend. */
static void
test_rekey_by_packets(void **state)
{
	struct session *s;
	struct pair p;

	(void)state;
	pair_config(&p);
	pair_login(&p);
	s = pair_session(&p, SESSION_SERVER);
	check_counters(&s->out.keys.packets, SESSION_REKEY_PACKETS, &p);
	check_counters(&s->in.keys.packets, SESSION_REKEY_PACKETS, &p);
	assert_true(s->in.keys.packets < 10);
	s->out.keys.bytes = cipher_alg(s->out.keys.cipher)->rekey_bytes - 1;
	pair_send(&p, SESSION_SERVER, "^", 1);
	assert_true(session_is_rekeying(s));
	pair_pump(&p);
	assert_true(s->out.keys.bytes < 1000);
	pair_close(&p);
}

static void
check_interval(uint64_t configured, uint64_t expected)
{
	struct session *c;
	struct pair p;

	pair_config(&p);
	p.config[SESSION_CLIENT].rekey_ms = configured;
	pair_login(&p);
	c = pair_session(&p, SESSION_CLIENT);
	assert_int_equal(session_tick(c, p.now_ms + expected), 0);
	assert_false(session_is_rekeying(c));
	p.now_ms += expected + 1;
	assert_int_equal(session_tick(c, p.now_ms), 0);
	assert_true(session_is_rekeying(c));
	pair_pump(&p);
	assert_int_equal(session_rekeys(c), 1);
	/* The clock has started again. */
	assert_int_equal(session_tick(c, p.now_ms + expected), 0);
	assert_false(session_is_rekeying(c));
	pair_close(&p);
}

static void
test_rekey_by_time(void **state)
{
	(void)state;
	check_interval(0, SESSION_REKEY_MS);
	check_interval(5000, 5000);
	check_interval(2 * SESSION_REKEY_MS, SESSION_REKEY_MS);
}

static void
test_not_before_authentication(void **state)
{
	struct session *c;
	struct pair p;
	int i;

	(void)state;
	pair_config(&p);
	p.config[0].rekey_bytes = p.config[1].rekey_bytes = 16;
	pair_handshake(&p);
	c = pair_session(&p, SESSION_CLIENT);
	for (i = 0; i < 50; i++) {
		pair_send(&p, SESSION_CLIENT, "2request", 8);
		pair_send(&p, SESSION_SERVER, "3failure", 8);
	}
	pair_pump(&p);
	assert_alive(&p);
	assert_int_equal(session_rekeys(c), 0);
	assert_int_equal(session_tick(c, p.now_ms + 2 * SESSION_REKEY_MS), 0);
	assert_false(session_is_rekeying(c));
	/* A client that starts one all the same is cut off. */
	assert_int_equal(session_rekey(c), 0);
	pair_pump(&p);
	assert_int_equal(p.side[SESSION_SERVER].result, SSHTAP_ERR_PROTOCOL);
	assert_int_equal(p.side[SESSION_CLIENT].result,
	    SSHTAP_ERR_DISCONNECT);
	pair_close(&p);
}

static void
test_rekey_deadline(void **state)
{
	struct session *s;
	struct pair p;
	int role;

	(void)state;
	for (role = 0; role < 2; role++) {
		pair_config(&p);
		pair_login(&p);
		s = p.side[role].session;
		p.now_ms += 50000;
		assert_int_equal(session_tick(s, p.now_ms), 0);
		assert_int_equal(session_rekey(s), 0);
		assert_int_equal(session_tick(s, p.now_ms +
		    SESSION_KEX_TIMEOUT_MS), 0);
		/* Data that trickles in does not put it off. */
		p.now_ms += SESSION_KEX_TIMEOUT_MS + 1;
		pair_send(&p, pair_other((enum session_role)role), "^", 1);
		while (pair_move(&p, pair_other((enum session_role)role)))
			continue;
		assert_int_equal(p.side[role].delivered, 1);
		assert_int_equal(session_tick(s, p.now_ms),
		    SSHTAP_ERR_TIMEOUT);
		p.side[role].result = SSHTAP_ERR_TIMEOUT;
		pair_close(&p);
	}
}

/* What may be sent and received in between. */

static void
test_queue_in_rekey_is_bounded(void **state)
{
	uint8_t *m = calloc(1, 50000);
	struct view v = view_of(m, 50000), got;
	struct session *s;
	struct pair p;
	uint32_t n = 0, i;
	int r;

	(void)state;
	assert_non_null(m);
	pair_config(&p);
	pair_login(&p);
	s = pair_session(&p, SESSION_CLIENT);
	assert_int_equal(session_rekey(s), 0);
	m[0] = SSH_MSG_CHANNEL_DATA;
	while (put_be32(m + 1, n), (r = session_send(s, &v)) == 0)
		n++;
	assert_int_equal(r, SSHTAP_ERR_TOO_BIG);
	assert_int_equal(n, SESSION_QUEUE_MAX / 50004);
	assert_int_equal(pair_send_frame(&p, SESSION_CLIENT, m, 1),
	    SSHTAP_ERR_AGAIN);
	pair_pump(&p);
	assert_alive(&p);
	for (i = 0; i < n; i++) {
		assert_true(pair_get(&p, SESSION_SERVER, &got));
		assert_int_equal(got.len, 50000);
		assert_int_equal(get_be32(got.p + 1), i);
	}
	assert_int_equal(s->queue.len, 0);
	assert_int_equal(pair_send_frame(&p, SESSION_CLIENT, m, 1), 0);
	pair_close(&p);
	free(m);
}

/* Nothing but the exchange leaves between our KEXINIT and our NEWKEYS. */
static void
test_sends_only_exchange(void **state)
{
	struct session *c;
	struct pair p;
	size_t len;

	(void)state;
	pair_config(&p);
	pair_login(&p);
	c = pair_session(&p, SESSION_CLIENT);
	assert_int_equal(session_rekey(c), 0);
	len = session_output(c).len;
	pair_send(&p, SESSION_CLIENT, "^", 1);
	assert_int_equal(session_send_unimplemented(c, 1), 0);
	assert_int_equal(session_output(c).len, len);
	/* DISCONNECT is the exception. */
	session_disconnect(c, 11, "enough");
	assert_true(session_output(c).len > len);
	p.side[SESSION_CLIENT].result = SSHTAP_ERR_CLOSED;
	pair_pump(&p);
	assert_int_equal(p.side[SESSION_SERVER].result,
	    SSHTAP_ERR_DISCONNECT);
	assert_int_equal(p.side[SESSION_SERVER].delivered, 0);
	pair_close(&p);
}

/* What was under way before their KEXINIT is theirs to send. */
static void
test_takes_data_before_their_kexinit(void **state)
{
	struct pair p;
	struct view v;
	int role;

	(void)state;
	for (role = 0; role < 2; role++) {
		pair_config(&p);
		pair_login(&p);
		pair_send(&p, pair_other((enum session_role)role), "^a", 2);
		assert_int_equal(session_rekey(p.side[role].session), 0);
		pair_send(&p, pair_other((enum session_role)role), "^b", 2);
		pair_send(&p, (enum session_role)role, "^answer", 7);
		pair_pump(&p);
		assert_alive(&p);
		assert_true(pair_get(&p, (enum session_role)role, &v));
		assert_true(view_is(&v, "^a"));
		assert_true(pair_get(&p, (enum session_role)role, &v));
		assert_true(view_is(&v, "^b"));
		assert_true(pair_get(&p, pair_other((enum session_role)role),
		    &v));
		assert_true(view_is(&v, "^answer"));
		pair_close(&p);
	}
}

static void
test_data_inside_ends_it(void **state)
{
	static const uint8_t numbers[] = { SSH_MSG_SERVICE_REQUEST,
	    SSH_MSG_EXT_INFO, SSH_MSG_USERAUTH_REQUEST,
	    SSH_MSG_GLOBAL_REQUEST, SSH_MSG_CHANNEL_DATA,
	    SSH_MSG_CHANNEL_WINDOW_ADJUST, SSH_MSG_PING };
	enum session_role from;
	struct pair p;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * COUNT(numbers); i++) {
		from = i % 2 == 0 ? SESSION_CLIENT : SESSION_SERVER;
		pair_config(&p);
		pair_login(&p);
		assert_int_equal(session_rekey(pair_session(&p, from)), 0);
		pair_inject(&p, from, &numbers[i / 2], 1);
		pair_pump(&p);
		assert_int_equal(p.side[pair_other(from)].result,
		    SSHTAP_ERR_PROTOCOL);
		assert_int_equal(p.side[pair_other(from)].delivered, 0);
		pair_close(&p);
	}
}

/* IGNORE, UNIMPLEMENTED and DEBUG are allowed there, strict or not. */
static void
test_ignorable_inside(void **state)
{
	static const uint8_t numbers[] = { SSH_MSG_IGNORE,
	    SSH_MSG_UNIMPLEMENTED, SSH_MSG_DEBUG };
	struct pair p;
	size_t i;

	(void)state;
	pair_config(&p);
	pair_login(&p);
	assert_int_equal(session_rekey(pair_session(&p, SESSION_CLIENT)), 0);
	for (i = 0; i < COUNT(numbers); i++)
		pair_inject(&p, SESSION_CLIENT, &numbers[i], 1);
	pair_pump(&p);
	assert_alive(&p);
	assert_int_equal(session_rekeys(pair_session(&p, SESSION_SERVER)), 1);
	pair_close(&p);
}

static void
test_newkeys_outside_ends_it(void **state)
{
	static const uint8_t newkeys = SSH_MSG_NEWKEYS;
	enum session_role from;
	struct pair p;
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		from = i % 2 == 0 ? SESSION_CLIENT : SESSION_SERVER;
		pair_config(&p);
		if (i < 2)
			pair_handshake(&p);
		else
			pair_login(&p);
		pair_inject(&p, from, &newkeys, 1);
		pair_pump(&p);
		assert_int_equal(p.side[pair_other(from)].result,
		    SSHTAP_ERR_PROTOCOL);
		pair_close(&p);
	}
}

static void
test_changed_host_key_is_refused(void **state)
{
	static const enum key_type types[] = { KEY_ED25519, KEY_ECDSA_P256 };
	uint32_t reason;
	struct pair p;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(types); i++) {
		pair_config(&p);
		p.hostkey = pair_key(types[i], 0);
		p.config[SESSION_CLIENT].hostkey = i == 0 ? "ssh-ed25519" :
		    "ecdsa-sha2-nistp256";
		pair_login(&p);
		p.hostkey = pair_key(types[i], 1);
		assert_int_equal(session_rekey(pair_session(&p,
		    SESSION_CLIENT)), 0);
		pair_pump(&p);
		assert_int_equal(p.side[SESSION_CLIENT].result,
		    SSHTAP_ERR_HOSTKEY);
		(void)session_peer_text(pair_session(&p, SESSION_SERVER),
		    &reason);
		assert_int_equal(reason, 9);
		/* Nobody is asked about it. */
		assert_int_equal(p.checks, 1);
		assert_int_equal(session_rekeys(pair_session(&p,
		    SESSION_CLIENT)), 0);
		pair_close(&p);
	}
}

/* The first packet under new keys is number 0 again (strict KEX). */
static void
test_sequence_starts_again(void **state)
{
	struct pair p;
	int i;

	(void)state;
	pair_config(&p);
	pair_login(&p);
	for (i = 0; i < 3; i++) {
		pair_send(&p, SESSION_CLIENT, "^", 1);
		pair_send(&p, SESSION_SERVER, "^", 1);
		pair_pump(&p);
		if (i > 0) {
			assert_int_equal(p.side[0].last_seq, 0);
			assert_int_equal(p.side[1].last_seq, 0);
		}
		assert_int_equal(session_rekey(pair_session(&p,
		    SESSION_SERVER)), 0);
		pair_pump(&p);
	}
	assert_alive(&p);
	pair_close(&p);
}

/*
 * With the output as full as it gets there is no room to answer an exchange:
 * the peer reads nothing, so the connection ends instead of hanging.
 */
static void
test_no_room_for_exchange(void **state)
{
	static const uint8_t ignore[200] = { SSH_MSG_IGNORE };
	struct view v = view_of(ignore, sizeof(ignore));
	struct session *s;
	struct pair p;
	uint8_t *space = malloc(PACKET_PAYLOAD_MAX);
	int r;

	(void)state;
	assert_non_null(space);
	pair_config(&p);
	pair_login(&p);
	s = pair_session(&p, SESSION_SERVER);
	while (session_output(s).len < PACKET_OUT_SIZE - 1000)
		pair_send(&p, SESSION_SERVER, "^", 1);
	memset(space, SSH_MSG_CHANNEL_DATA, PACKET_PAYLOAD_MAX);
	assert_int_equal(pair_send_frame(&p, SESSION_SERVER, space,
	    PACKET_PAYLOAD_MAX), 0);
	free(space);
	while ((r = session_send_now(s, &v)) == 0)
		continue;
	assert_int_equal(r, SSHTAP_ERR_TOO_BIG);
	/* Our own wish waits for better times. */
	s->out.keys.packets = SESSION_REKEY_PACKETS;
	assert_int_equal(session_tick(s, p.now_ms + 2 * SESSION_REKEY_MS), 0);
	assert_false(session_is_rekeying(s));
	assert_int_equal(session_rekey(pair_session(&p, SESSION_CLIENT)), 0);
	while (pair_move(&p, SESSION_CLIENT))
		continue;
	assert_int_equal(p.side[SESSION_SERVER].result, SSHTAP_ERR_TOO_BIG);
	pair_close(&p);
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
		cmocka_unit_test(test_rekey_in_traffic),
		cmocka_unit_test(test_identity_lasts),
		cmocka_unit_test(test_markers_are_said_once),
		cmocka_unit_test(test_rekey_is_started_once),
		cmocka_unit_test(test_rekey_by_bytes),
		cmocka_unit_test(test_rekey_by_packets),
		cmocka_unit_test(test_rekey_by_time),
		cmocka_unit_test(test_not_before_authentication),
		cmocka_unit_test(test_rekey_deadline),
		cmocka_unit_test(test_queue_in_rekey_is_bounded),
		cmocka_unit_test(test_sends_only_exchange),
		cmocka_unit_test(test_takes_data_before_their_kexinit),
		cmocka_unit_test(test_data_inside_ends_it),
		cmocka_unit_test(test_ignorable_inside),
		cmocka_unit_test(test_newkeys_outside_ends_it),
		cmocka_unit_test(test_changed_host_key_is_refused),
		cmocka_unit_test(test_sequence_starts_again),
		cmocka_unit_test(test_no_room_for_exchange),
	};

	return cmocka_run_group_tests(tests, NULL, free_keys);
}
