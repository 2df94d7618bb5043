/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Peers and people in the middle who break the rules: noise in every state,
 * packets that are lost or come twice, odd proposals, and guesses.  What strict
 * key exchange is there for is in test_terrapin.c.
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

#define GCM	"aes256-gcm@openssh.com"
#define CHACHA	"chacha20-poly1305@openssh.com"

/* The bytes one side wants to send now, given to the other at once. */
static void
hand_over(struct pair *p, enum session_role from)
{
	struct buf b;

	buf_init(&b, 64 * 1024);
	pair_take(p, from, &b);
	pair_feed(p, pair_other(from), buf_view(&b).p, b.len);
	buf_clear(&b);
}

/* Only what comes before its first packet. */
static void
hand_over_version(struct pair *p, enum session_role from)
{
	const uint8_t *lf;
	struct buf b;

	buf_init(&b, 64 * 1024);
	pair_take(p, from, &b);
	lf = memchr(buf_view(&b).p, '\n', b.len);
	pair_feed(p, pair_other(from), buf_view(&b).p,
	    (size_t)(lf - buf_view(&b).p) + 1);
	buf_clear(&b);
}

/* Only its next packet, which is in clear. */
static void
hand_over_one(struct pair *p, enum session_role from)
{
	struct buf b;

	buf_init(&b, 64 * 1024);
	pair_take(p, from, &b);
	pair_feed(p, pair_other(from), buf_view(&b).p,
	    4 + get_be32(buf_view(&b).p));
	buf_clear(&b);
}

/* Bring a fresh victim to a state, with its peer able to go on from there. */

static void
reach_initial(struct pair *p, enum session_role victim,
    enum session_state state)
{
	pair_open(p);
	if (state == SESSION_INITIAL_KEXINIT) {
		hand_over_version(p, pair_other(victim));
		return;
	}
	hand_over(p, SESSION_SERVER);
	if (victim == SESSION_CLIENT && state == SESSION_INITIAL_EXCHANGE)
		return;
	if (victim == SESSION_SERVER && state == SESSION_INITIAL_EXCHANGE) {
		/* Its KEXINIT without the INIT that is behind it. */
		pair_close(p);
		pair_open(p);
		hand_over(p, SESSION_CLIENT);
		return;
	}
	hand_over(p, SESSION_CLIENT);
	if (victim == SESSION_CLIENT)
		hand_over_one(p, SESSION_SERVER);
}

static void
reach(struct pair *p, enum session_role victim, enum session_state state)
{
	pair_config(p);
	p->config[0].ciphers = p->config[1].ciphers = GCM;
	p->config[0].kex = p->config[1].kex = "curve25519-sha256";
	if (state < SESSION_READY)
		reach_initial(p, victim, state);
	else {
		pair_handshake(p);
		pair_authenticate(p);
	}
	assert_int_equal(p->side[victim].result, 0);
	assert_int_equal(p->side[victim].session->state, state);
}

static void
say(struct pair *p, enum session_role victim, const uint8_t *m, size_t len)
{
	if (p->side[victim].session->keyed) {
		pair_inject(p, pair_other(victim), m, len);
		hand_over(p, pair_other(victim));
	} else
		pair_feed_clear(p, victim, m, len);
}

/*
 * A number and a tail of noise: no state may be left in a bad way.  What is
 * to become of each message is in test_phases.c.
 */
static void
test_every_number_with_noise(void **state)
{
	uint8_t m[200];
	struct pair p;
	unsigned number, s;

	(void)state;
	for (s = SESSION_INITIAL_KEXINIT; s <= SESSION_READY; s++) {
		for (number = 0; number < 512; number++) {
			enum session_role victim = number < 256 ?
			    SESSION_CLIENT : SESSION_SERVER;

			pair_fill(m, sizeof(m), number);
			m[0] = (uint8_t)number;
			if (number % 256 == 0 || p.side[victim].result != 0) {
				if (number > 0)
					pair_close(&p);
				reach(&p, victim, (enum session_state)s);
			}
			say(&p, victim, m, sizeof(m));
			pair_drop_got(&p);
		}
		pair_close(&p);
	}
}

/* Messages of the exchange, cut anywhere or with a byte too many. */

/* The payload of a side's next packet in clear, taken from the wire. */
static void
take_clear_payload(struct pair *p, enum session_role from, struct buf *m)
{
	const uint8_t *packet;
	struct buf b;
	size_t len;

	buf_init(&b, 64 * 1024);
	pair_take(p, from, &b);
	packet = buf_view(&b).p;
	len = get_be32(packet) - 1 - packet[4];
	assert_int_equal(buf_put(m, packet + 5, len), 0);
	buf_clear(&b);
}

static void
take_message(struct pair *p, enum session_role victim,
    enum session_state state, struct buf *m)
{
	struct view v;

	if (state == SESSION_INITIAL_KEXINIT) {
		v = buf_view(&pair_session(p, pair_other(victim))->init_ours);
		assert_int_equal(buf_put_view(m, &v), 0);
		return;
	}
	/* What the victim has to say brings its peer to the next message. */
	hand_over(p, victim);
	take_clear_payload(p, pair_other(victim), m);
}

static void
check_cut(enum session_role victim, enum session_state state)
{
	size_t len, total = SIZE_MAX - 1;
	struct pair p;
	struct buf m;

	for (len = 1; len <= total + 1; len++) {
		buf_init(&m, 64 * 1024);
		reach(&p, victim, state);
		take_message(&p, victim, state, &m);
		total = m.len;
		assert_int_equal(buf_put_u8(&m, 0), 0);
		pair_feed_clear(&p, victim, buf_view(&m).p, len);
		if (len == total)
			assert_int_equal(p.side[victim].result, 0);
		else
			assert_true(p.side[victim].result != 0);
		assert_false(session_is_keyed(pair_session(&p, victim)));
		buf_clear(&m);
		pair_close(&p);
	}
}

static void
test_exchange_cut_anywhere(void **state)
{
	(void)state;
	check_cut(SESSION_CLIENT, SESSION_INITIAL_KEXINIT);
	check_cut(SESSION_SERVER, SESSION_INITIAL_KEXINIT);
	check_cut(SESSION_CLIENT, SESSION_INITIAL_EXCHANGE);
	check_cut(SESSION_SERVER, SESSION_INITIAL_EXCHANGE);
}

/* A sealed packet that is missing, or comes twice, is noticed at once. */
static void
check_missing(const char *cipher, enum session_role from, bool twice)
{
	enum session_role to = pair_other(from);
	struct buf b;
	struct pair p;

	pair_config(&p);
	p.config[SESSION_CLIENT].ciphers = cipher;
	pair_handshake(&p);
	buf_init(&b, 1024);
	pair_send(&p, from, "2one", 4);
	pair_take(&p, from, &b);
	if (twice) {
		pair_feed(&p, to, buf_view(&b).p, b.len);
		assert_int_equal(p.side[to].delivered, 1);
		pair_feed(&p, to, buf_view(&b).p, b.len);
		pair_send(&p, from, "2more", 5);
	} else
		pair_send(&p, from, "2two", 4);
	pair_pump(&p);
	/* A length made of noise may have to be waited for. */
	if (p.side[to].result == 0) {
		uint8_t *m = calloc(1, PACKET_PAYLOAD_MAX);

		assert_non_null(m);
		m[0] = SSH_MSG_IGNORE;
		pair_inject(&p, from, m, PACKET_PAYLOAD_MAX);
		pair_pump(&p);
		free(m);
	}
	assert_int_equal(p.side[to].result, SSHTAP_ERR_MAC);
	assert_int_equal(p.side[to].delivered, twice ? 1 : 0);
	buf_clear(&b);
	pair_close(&p);
}

static void
test_missing_and_repeated_packets(void **state)
{
	(void)state;
	check_missing(GCM, SESSION_CLIENT, false);
	check_missing(GCM, SESSION_SERVER, false);
	check_missing(GCM, SESSION_CLIENT, true);
	check_missing(GCM, SESSION_SERVER, true);
	check_missing(CHACHA, SESSION_CLIENT, false);
	check_missing(CHACHA, SESSION_SERVER, false);
	check_missing(CHACHA, SESSION_CLIENT, true);
	check_missing(CHACHA, SESSION_SERVER, true);
}

/* What a stranger may send is limited, a known user is not. */

static int
early_result(uint64_t bytes, uint64_t packets, unsigned n, bool is_known)
{
	static const uint8_t ignore[] = { SSH_MSG_IGNORE, 0, 0, 0, 0 };
	struct pair p;
	int r;

	pair_config(&p);
	p.config[SESSION_SERVER].early_bytes_max = bytes;
	p.config[SESSION_SERVER].early_packets_max = packets;
	pair_handshake(&p);
	if (is_known)
		pair_authenticate(&p);
	while (n-- > 0 && p.side[SESSION_SERVER].result == 0) {
		pair_send(&p, SESSION_CLIENT, ignore, sizeof(ignore));
		pair_pump(&p);
	}
	r = p.side[SESSION_SERVER].result;
	pair_close(&p);
	return r;
}

static void
test_strangers_are_limited(void **state)
{
	(void)state;
	/* KEXINIT, INIT, NEWKEYS and EXT_INFO have come by then. */
	assert_int_equal(early_result(0, 10, 6, false), 0);
	assert_int_equal(early_result(0, 10, 7, false), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(early_result(0, 10, 100, true), 0);
	assert_int_equal(early_result(16384, 0, 100, false), 0);
	assert_int_equal(early_result(16384, 0, 1000, false),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(early_result(16384, 0, 1000, true), 0);
	assert_int_equal(early_result(0, 0, 1000, false), 0);
}

/* One packet that never ends is as long as many. */
static void
test_strangers_drip(void **state)
{
	uint8_t noise[1024] = { 0, 0, 0x80, 0 };
	struct pair p;
	unsigned n;

	(void)state;
	pair_config(&p);
	p.config[SESSION_SERVER].early_bytes_max = 16384;
	pair_handshake(&p);
	for (n = 0; n < 8; n++)
		pair_feed(&p, SESSION_SERVER, noise, sizeof(noise));
	assert_int_equal(p.side[SESSION_SERVER].result, 0);
	for (n = 0; n < 10; n++)
		pair_feed(&p, SESSION_SERVER, noise, sizeof(noise));
	assert_int_equal(p.side[SESSION_SERVER].result, SSHTAP_ERR_TOO_BIG);
	pair_close(&p);
}

static void
assert_same_payload(struct pair *p, enum session_role to, const char *text)
{
	struct view v;

	assert_true(pair_get(p, to, &v));
	assert_true(view_is(&v, text));
}

/* The markers mean something only in the first KEXINIT. */
static void
test_markers_are_not_methods(void **state)
{
	static const struct pair_proposal only_markers = {
		"kex-strict-c-v00@openssh.com,kex-strict-s-v00@openssh.com,"
		"ext-info-c,ext-info-s", false };
	struct pair p;

	(void)state;
	pair_config(&p);
	pair_open(&p);
	pair_edit_kexinit(pair_session(&p, SESSION_CLIENT), &only_markers);
	pair_edit_kexinit(pair_session(&p, SESSION_SERVER), &only_markers);
	pair_pump(&p);
	assert_int_equal(p.side[0].result, SSHTAP_ERR_NO_COMMON);
	assert_int_equal(p.side[1].result, SSHTAP_ERR_NO_COMMON);
	assert_int_equal(session_failed_list(p.side[0].session),
	    PROPOSAL_KEX);
	pair_close(&p);
}

/* Guesses, RFC 4253 section 7.1. */

static int
try_guess(enum session_role from, const char *kex, unsigned packets)
{
	struct pair_proposal edit = { kex, true };
	static const uint8_t guess[] = { SSH_MSG_KEX_ECDH_INIT, 0, 0, 0, 1, 9 };
	struct pair p;
	int r;

	pair_config(&p);
	p.config[0].ciphers = p.config[1].ciphers = CHACHA;
	pair_open(&p);
	pair_edit_kexinit(pair_session(&p, from), &edit);
	while (packets-- > 0)
		pair_inject(&p, from, guess, sizeof(guess));
	pair_pump(&p);
	r = p.side[pair_other(from)].result;
	if (r == 0 && session_is_keyed(pair_session(&p, pair_other(from)))) {
		pair_send(&p, SESSION_CLIENT, "2guess", 6);
		pair_pump(&p);
		assert_same_payload(&p, SESSION_SERVER, "2guess");
	} else if (r == 0)
		r = SSHTAP_ERR_AGAIN;
	pair_close(&p);
	return r;
}

#define WITH_C	",ext-info-c,kex-strict-c-v00@openssh.com"
#define WITH_S	",ext-info-s,kex-strict-s-v00@openssh.com"

static void
test_wrong_guess_is_dropped(void **state)
{
	(void)state;
	/* Exactly one packet goes, in either direction. */
	assert_int_equal(try_guess(SESSION_CLIENT,
	    "sntrup,curve25519-sha256" WITH_C, 1), 0);
	assert_int_equal(try_guess(SESSION_SERVER,
	    "sntrup,curve25519-sha256" WITH_S, 1), 0);
	assert_int_equal(try_guess(SESSION_CLIENT,
	    "sntrup,curve25519-sha256" WITH_C, 2), SSHTAP_ERR_PROTOCOL);
	assert_int_equal(try_guess(SESSION_SERVER,
	    "sntrup,curve25519-sha256" WITH_S, 2), SSHTAP_ERR_PROTOCOL);
	/* Announced and not sent: the true one goes instead. */
	assert_int_equal(try_guess(SESSION_CLIENT,
	    "sntrup,curve25519-sha256" WITH_C, 0), SSHTAP_ERR_AGAIN);
}

static void
test_right_guess_counts(void **state)
{
	struct pair p;
	char list[160];

	(void)state;
	pair_config(&p);
	assert_true(strlen(p.kex) + sizeof(WITH_C) <= sizeof(list));
	strcpy(list, p.kex);
	strcat(list, WITH_C);
	/* Our client's INIT follows, as it should. */
	assert_int_equal(try_guess(SESSION_CLIENT, list, 0), 0);
	/* What follows is the guess, and this one is rubbish. */
	assert_int_equal(try_guess(SESSION_CLIENT, list, 1),
	    SSHTAP_ERR_PROTOCOL);
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
		cmocka_unit_test(test_every_number_with_noise),
		cmocka_unit_test(test_exchange_cut_anywhere),
		cmocka_unit_test(test_missing_and_repeated_packets),
		cmocka_unit_test(test_markers_are_not_methods),
		cmocka_unit_test(test_wrong_guess_is_dropped),
		cmocka_unit_test(test_right_guess_counts),
		cmocka_unit_test(test_strangers_are_limited),
		cmocka_unit_test(test_strangers_drip),
	};

	return cmocka_run_group_tests(tests, NULL, free_keys);
}
