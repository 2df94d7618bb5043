/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A session from its first byte to its last: both roles over every
 * combination of algorithms, cut in every way, and what a caller is promised
 * on the way.  Messages of the transport itself, rekeying and hostile peers
 * have programs of their own.
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
#include "transport/version.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static const char *const ciphers[] = {
	"aes128-gcm@openssh.com", "aes256-gcm@openssh.com",
	"chacha20-poly1305@openssh.com",
};

static const struct {
	const char *name;
	enum key_type type;
} hostkeys[] = {
	{ "ssh-ed25519", KEY_ED25519 },
	{ "ecdsa-sha2-nistp256", KEY_ECDSA_P256 },
	{ "rsa-sha2-512", KEY_RSA },
	{ "rsa-sha2-256", KEY_RSA },
};

static void
assert_got(struct pair *p, enum session_role role, const void *bytes,
    size_t len)
{
	struct view v;

	assert_true(pair_get(p, role, &v));
	assert_int_equal(v.len, len);
	assert_memory_equal(v.p, bytes, len);
}

/* A few payloads of all sorts of sizes from one side to the other. */
static void
send_some(struct pair *p, enum session_role from)
{
	static const size_t sizes[] = { 1, 2, 15, 16, 1500, 32768, 70000 };
	uint8_t *m = malloc(70000);
	size_t i;

	assert_non_null(m);
	for (i = 0; i < COUNT(sizes); i++) {
		pair_fill(m, sizes[i], (uint32_t)i);
		m[0] = SSH_MSG_CHANNEL_DATA;
		pair_send(p, from, m, sizes[i]);
	}
	pair_pump(p);
	for (i = 0; i < COUNT(sizes); i++) {
		pair_fill(m, sizes[i], (uint32_t)i);
		m[0] = SSH_MSG_CHANNEL_DATA;
		assert_got(p, pair_other(from), m, sizes[i]);
	}
	free(m);
}

static void
assert_same_view(struct view a, struct view b)
{
	assert_true(a.len > 0);
	assert_true(view_equals(&a, &b));
}

/* What both sides must agree on. */
static void
assert_agreed(struct pair *p)
{
	struct session *c = pair_session(p, SESSION_CLIENT);
	struct session *s = pair_session(p, SESSION_SERVER);
	const struct proposal_choice *cc = session_choice(c);
	const struct proposal_choice *sc = session_choice(s);
	struct view shown = key_blob(p->hostkey), got = session_hostkey(c);

	assert_same_view(session_id(c), session_id(s));
	assert_same_view(session_hostkey(c), session_hostkey(s));
	assert_same_view(session_kex_signature(c), session_kex_signature(s));
	assert_true(view_equals(&shown, &got));
	assert_string_equal(cc->kex, sc->kex);
	assert_string_equal(cc->hostkey, sc->hostkey);
	assert_string_equal(cc->cipher_c2s, sc->cipher_c2s);
	assert_string_equal(cc->cipher_s2c, sc->cipher_s2c);
	assert_string_equal(cc->compression_c2s, sc->compression_c2s);
	assert_int_equal(session_rekeys(c), session_rekeys(s));
}

static void
check_combination(struct pair *p)
{
	pair_login(p);
	assert_agreed(p);
	send_some(p, SESSION_CLIENT);
	send_some(p, SESSION_SERVER);
	assert_int_equal(session_rekey(pair_session(p, SESSION_CLIENT)), 0);
	send_some(p, SESSION_CLIENT);
	send_some(p, SESSION_SERVER);
	assert_int_equal(session_rekeys(pair_session(p, SESSION_SERVER)), 1);
	assert_agreed(p);
	assert_int_equal(p->checks, 1);
	pair_close(p);
}

/* p->kex holds all names; run with each of them alone. */
static void
each_kex(struct pair *p, const char *cipher, size_t hostkey,
    const char *compression)
{
	struct pair all;
	char *name, *rest;
	int i;

	pair_config(&all);
	for (name = strtok_r(all.kex, ",", &rest); name != NULL;
	    name = strtok_r(NULL, ",", &rest)) {
		pair_config(p);
		p->hostkey = pair_key(hostkeys[hostkey].type, 0);
		for (i = 0; i < 2; i++) {
			p->config[i].kex = name;
			p->config[i].ciphers = cipher;
			p->config[i].hostkey = hostkeys[hostkey].name;
			p->config[i].compression = compression;
		}
		check_combination(p);
	}
}

static void
test_every_combination(void **state)
{
	struct pair p;
	size_t c, h;

	(void)state;
	for (c = 0; c < COUNT(ciphers); c++) {
		for (h = 0; h < COUNT(hostkeys); h++) {
			each_kex(&p, ciphers[c], h, "none");
			each_kex(&p, ciphers[c], h, "zlib@openssh.com");
		}
	}
}

/* Each list follows the client's order, each direction by itself. */
static void
test_client_order_decides(void **state)
{
	const struct proposal_choice *c;
	struct pair p;

	(void)state;
	pair_config(&p);
	p.config[SESSION_CLIENT].ciphers = "chacha20-poly1305@openssh.com,"
	    "aes128-gcm@openssh.com";
	p.config[SESSION_CLIENT].compression = "zlib@openssh.com,none";
	pair_login(&p);
	c = session_choice(pair_session(&p, SESSION_SERVER));
	assert_string_equal(c->cipher_c2s, "chacha20-poly1305@openssh.com");
	assert_string_equal(c->cipher_s2c, "chacha20-poly1305@openssh.com");
	assert_string_equal(c->compression_s2c, "zlib@openssh.com");
	pair_close(&p);
}

/* Told twice, the compressed streams go on where they were. */
static void
test_authenticated_once(void **state)
{
	struct pair p;

	(void)state;
	pair_config(&p);
	p.config[SESSION_CLIENT].compression = "zlib@openssh.com";
	pair_login(&p);
	send_some(&p, SESSION_CLIENT);
	send_some(&p, SESSION_SERVER);
	session_set_authenticated(pair_session(&p, SESSION_CLIENT));
	send_some(&p, SESSION_CLIENT);
	send_some(&p, SESSION_SERVER);
	pair_close(&p);
}

static void
test_pieces_of_any_size(void **state)
{
	static const size_t chunks[] = { 1, 2, 3, 5, 8, 13, 61, 1000 };
	struct pair p;
	size_t i, c;

	(void)state;
	for (i = 0; i < COUNT(chunks); i++) {
		for (c = 0; c < COUNT(ciphers); c++) {
			pair_config(&p);
			p.config[SESSION_CLIENT].ciphers = ciphers[c];
			p.chunk = chunks[i];
			pair_login(&p);
			pair_send(&p, SESSION_SERVER, "^data", 5);
			assert_int_equal(session_rekey(pair_session(&p,
			    SESSION_SERVER)), 0);
			pair_send(&p, SESSION_SERVER, "^more", 5);
			pair_pump(&p);
			assert_got(&p, SESSION_CLIENT, "^data", 5);
			assert_got(&p, SESSION_CLIENT, "^more", 5);
			assert_agreed(&p);
			pair_close(&p);
		}
	}
}

/* One piece ends at each byte in turn; the rest comes as it may. */
static void
test_split_at_every_byte(void **state)
{
	uint64_t at, total;
	struct pair p;
	int from;

	(void)state;
	for (from = 0; from < 2; from++) {
		for (at = 0, total = 1; at < total; at++) {
			pair_config(&p);
			p.cut_from = from == 0 ? SESSION_CLIENT :
			    SESSION_SERVER;
			p.cut_at = at;
			p.config[0].kex = "curve25519-sha256";
			pair_handshake(&p);
			assert_agreed(&p);
			total = p.side[from].sent;
			pair_close(&p);
		}
	}
}

static void
test_nothing_is_known_before(void **state)
{
	struct session *s;
	struct pair p;
	struct view v;
	uint32_t reason = 7;

	(void)state;
	pair_config(&p);
	pair_open(&p);
	s = pair_session(&p, SESSION_CLIENT);
	assert_false(session_is_keyed(s));
	assert_false(session_is_rekeying(s));
	assert_false(session_is_writable(s));
	assert_null(session_choice(s));
	assert_int_equal(session_id(s).len, 0);
	assert_int_equal(session_hostkey(s).len, 0);
	assert_int_equal(session_kex_signature(s).len, 0);
	assert_int_equal(session_peer_version(s).len, 0);
	assert_int_equal(session_server_sig_algs(s).len, 0);
	assert_false(session_peer_has_hostbound(s));
	assert_string_equal(session_peer_text(s, &reason), "");
	assert_int_equal(reason, 0);
	assert_string_equal(session_peer_text(s, NULL), "");
	pair_pump(&p);
	v = session_peer_version(s);
	assert_true(view_is(&v, "SSH-2.0-sshtap_test"));
	assert_true(session_peer_has_hostbound(s));
	v = session_server_sig_algs(s);
	assert_true(view_is(&v, KEY_DEFAULT_HOSTKEY_LIST));
	assert_false(session_peer_has_hostbound(pair_session(&p,
	    SESSION_SERVER)));
	pair_close(&p);
}

static void
test_new_refuses_unknown_lists(void **state)
{
	const char **lists[4];
	struct session *s;
	struct pair p;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		pair_config(&p);
		lists[0] = &p.config[0].kex;
		lists[1] = &p.config[0].hostkey;
		lists[2] = &p.config[0].ciphers;
		lists[3] = &p.config[0].compression;
		*lists[i] = "";
		assert_int_equal(session_new(&p.config[0], 0, &s),
		    SSHTAP_ERR_ARGUMENT);
		*lists[i] = "rot13";
		assert_int_equal(session_new(&p.config[0], 0, &s),
		    SSHTAP_ERR_ARGUMENT);
	}
}

static void
test_nothing_in_common(void **state)
{
	struct session *s;
	struct pair p;
	struct view ours, theirs;

	(void)state;
	pair_config(&p);
	p.config[SESSION_CLIENT].ciphers = ciphers[0];
	p.config[SESSION_SERVER].ciphers = ciphers[1];
	pair_open(&p);
	pair_pump(&p);
	/* Both find out for themselves. */
	assert_int_equal(p.side[0].result, SSHTAP_ERR_NO_COMMON);
	assert_int_equal(p.side[1].result, SSHTAP_ERR_NO_COMMON);
	s = pair_session(&p, SESSION_SERVER);
	assert_int_equal(session_failed_list(s), PROPOSAL_CIPHER_C2S);
	ours = session_failed_ours(s);
	theirs = session_failed_theirs(s);
	assert_true(view_is(&ours, ciphers[1]));
	assert_true(view_is(&theirs, ciphers[0]));
	pair_close(&p);
}

/* The order to the peer, unkeyed: a DISCONNECT in clear. */
static void
assert_told(struct pair *p, enum session_role from, uint32_t reason)
{
	enum session_role to = pair_other(from);
	uint32_t said;

	pair_pump(p);
	assert_int_equal(p->side[to].result, SSHTAP_ERR_DISCONNECT);
	(void)session_peer_text(p->side[to].session, &said);
	assert_int_equal(said, reason);
}

static void
test_host_key_refused(void **state)
{
	struct session *c, *s;
	struct pair p;

	(void)state;
	pair_config(&p);
	p.verdict = SSHTAP_ERR_HOSTKEY;
	pair_open(&p);
	c = pair_session(&p, SESSION_CLIENT);
	s = pair_session(&p, SESSION_SERVER);
	pair_pump(&p);
	assert_int_equal(p.side[SESSION_CLIENT].result, SSHTAP_ERR_HOSTKEY);
	assert_told(&p, SESSION_CLIENT,
	    SSH_DISCONNECT_HOST_KEY_NOT_VERIFIABLE);
	assert_false(session_is_keyed(c));
	assert_false(session_is_keyed(s));
	assert_null(c->out.keys.cipher);
	assert_int_equal(p.checks, 1);
	pair_close(&p);
}

/* A server without a key for what was chosen. */
static void
test_server_lacks_host_key(void **state)
{
	struct pair p;

	(void)state;
	pair_config(&p);
	p.config[SESSION_CLIENT].hostkey = "rsa-sha2-512";
	pair_open(&p);
	pair_pump(&p);
	assert_int_equal(p.side[SESSION_SERVER].result, SSHTAP_ERR_NOT_FOUND);
	assert_int_equal(p.side[SESSION_CLIENT].result,
	    SSHTAP_ERR_DISCONNECT);
	pair_close(&p);
}

/* Lines before the identification: RFC 4253 section 4.2. */

static int
try_preamble(enum session_role to, unsigned lines, const char *line)
{
	struct pair p;
	unsigned i;
	int r;

	pair_config(&p);
	pair_open(&p);
	for (i = 0; i < lines; i++)
		pair_feed(&p, to, line, strlen(line));
	if (p.side[to].result == 0 && lines > 0) {
		assert_int_equal(p.texts, lines);
		assert_string_equal(p.last_text, "hello ?[31m?");
	}
	pair_pump(&p);
	r = p.side[to].result;
	if (r == 0)
		assert_true(session_is_keyed(pair_session(&p, to)));
	pair_close(&p);
	return r;
}

static void
test_preamble_lines(void **state)
{
	static const char line[] = "hello \033[31m\a\r\n";

	(void)state;
	assert_int_equal(try_preamble(SESSION_CLIENT, 0, line), 0);
	assert_int_equal(try_preamble(SESSION_CLIENT, 3, line), 0);
	assert_int_equal(try_preamble(SESSION_CLIENT,
	    VERSION_PREAMBLE_LINES, line), 0);
	assert_int_equal(try_preamble(SESSION_CLIENT,
	    VERSION_PREAMBLE_LINES + 1, line), SSHTAP_ERR_VERSION);
	assert_int_equal(try_preamble(SESSION_SERVER, 1, line),
	    SSHTAP_ERR_VERSION);
	assert_int_equal(try_preamble(SESSION_CLIENT, 1, "SSH-1.5-x\r\n"),
	    SSHTAP_ERR_VERSION);
}

/* A line without an end is not waited for. */
static void
test_endless_line(void **state)
{
	uint8_t text[VERSION_PREAMBLE_MAX + 1];
	struct pair p;

	(void)state;
	memset(text, 'x', sizeof(text));
	pair_config(&p);
	pair_open(&p);
	pair_feed(&p, SESSION_CLIENT, text, VERSION_PREAMBLE_MAX - 1);
	assert_int_equal(p.side[SESSION_CLIENT].result, 0);
	pair_feed(&p, SESSION_CLIENT, text, 2);
	assert_int_equal(p.side[SESSION_CLIENT].result, SSHTAP_ERR_VERSION);
	pair_close(&p);
}

static void
test_exchange_deadline(void **state)
{
	struct session *s;
	struct pair p;
	uint64_t end;
	int role;

	(void)state;
	for (role = 0; role < 2; role++) {
		pair_config(&p);
		pair_open(&p);
		end = p.now_ms + SESSION_KEX_TIMEOUT_MS;
		s = p.side[role].session;
		assert_int_equal(session_tick(s, end), 0);
		/* Dripping does not help. */
		pair_feed(&p, (enum session_role)role, "SSH-2.0-s", 9);
		assert_int_equal(session_tick(s, end + 1),
		    SSHTAP_ERR_TIMEOUT);
		assert_int_equal(session_tick(s, end + 2),
		    SSHTAP_ERR_TIMEOUT);
		p.side[role].result = SSHTAP_ERR_TIMEOUT;
		pair_close(&p);
	}
	pair_config(&p);
	pair_handshake(&p);
	s = pair_session(&p, SESSION_CLIENT);
	/* Keyed but not authenticated: that deadline is the caller's. */
	assert_int_equal(session_tick(s, p.now_ms + 10 * SESSION_REKEY_MS), 0);
	assert_false(session_is_rekeying(s));
	pair_close(&p);
}

/* Sending. */

static void
test_early_messages_follow_in_order(void **state)
{
	struct pair p;
	uint8_t m[2] = { SSH_MSG_USERAUTH_REQUEST };
	unsigned i;

	(void)state;
	pair_config(&p);
	pair_open(&p);
	for (i = 0; i < 200; i++) {
		m[1] = (uint8_t)i;
		pair_send(&p, i % 2 == 0 ? SESSION_CLIENT : SESSION_SERVER, m,
		    2);
	}
	pair_pump(&p);
	for (i = 0; i < 200; i++) {
		m[1] = (uint8_t)i;
		assert_got(&p, i % 2 == 0 ? SESSION_SERVER : SESSION_CLIENT,
		    m, 2);
	}
	pair_close(&p);
}

static void
test_queue_is_bounded(void **state)
{
	uint8_t *m = calloc(1, 60000);
	struct view v = view_of(m, 60000), got;
	struct session *s;
	struct pair p;
	uint32_t n = 0, i;
	int r;

	(void)state;
	assert_non_null(m);
	m[0] = SSH_MSG_USERAUTH_REQUEST;
	pair_config(&p);
	pair_open(&p);
	s = pair_session(&p, SESSION_CLIENT);
	while (put_be32(m + 1, n), (r = session_send(s, &v)) == 0)
		n++;
	assert_int_equal(r, SSHTAP_ERR_TOO_BIG);
	assert_int_equal(n, SESSION_QUEUE_MAX / 60004);
	/* Refusing one loses none of the others. */
	pair_pump(&p);
	for (i = 0; i < n; i++) {
		assert_true(pair_get(&p, SESSION_SERVER, &got));
		assert_int_equal(got.len, 60000);
		assert_int_equal(get_be32(got.p + 1), i);
	}
	assert_false(pair_get(&p, SESSION_SERVER, &got));
	pair_close(&p);
	free(m);
}

static void
test_payload_limit(void **state)
{
	uint8_t *m = calloc(1, PACKET_PAYLOAD_MAX + 1);
	struct view most = view_of(m, PACKET_PAYLOAD_MAX);
	struct view more = view_of(m, PACKET_PAYLOAD_MAX + 1);
	struct session *s;
	struct pair p;

	(void)state;
	assert_non_null(m);
	m[0] = SSH_MSG_USERAUTH_REQUEST;
	pair_config(&p);
	pair_open(&p);
	s = pair_session(&p, SESSION_CLIENT);
	/* Queued or not, the answer is the same. */
	assert_int_equal(session_send(s, &more), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(session_send(s, &most), 0);
	pair_pump(&p);
	assert_int_equal(session_send(s, &more), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(session_send(s, &most), 0);
	assert_int_equal(pair_send_frame(&p, SESSION_CLIENT, m, more.len),
	    SSHTAP_ERR_TOO_BIG);
	pair_pump(&p);
	assert_got(&p, SESSION_SERVER, m, PACKET_PAYLOAD_MAX);
	assert_got(&p, SESSION_SERVER, m, PACKET_PAYLOAD_MAX);
	pair_close(&p);
	free(m);
}

/* Frames stop at a full output, send goes on and keeps the order. */
static void
test_full_output(void **state)
{
	struct view got;
	struct session *s;
	struct pair p;
	uint8_t m[9000] = { SSH_MSG_CHANNEL_DATA };
	uint32_t n = 0, i;
	int r;

	(void)state;
	pair_config(&p);
	pair_handshake(&p);
	pair_authenticate(&p);
	s = pair_session(&p, SESSION_CLIENT);
	do {
		assert_true(session_is_writable(s));
		put_be32(m + 1, n);
		r = pair_send_frame(&p, SESSION_CLIENT, m, 9000);
		assert_int_equal(r, 0);
		n++;
	} while (session_is_writable(s));
	assert_int_equal(pair_send_frame(&p, SESSION_CLIENT, m, 9000),
	    SSHTAP_ERR_AGAIN);
	assert_in_range(session_output(s).len, PACKET_OUT_SIZE,
	    PACKET_OUT_SIZE + 9100);
	for (i = 0; i < 100; i++) {
		put_be32(m + 1, n++);
		pair_send(&p, SESSION_CLIENT, m, 5);
	}
	pair_pump(&p);
	for (i = 0; i < n; i++) {
		assert_true(pair_get(&p, SESSION_SERVER, &got));
		assert_int_equal(get_be32(got.p + 1), i);
	}
	assert_true(session_is_writable(s));
	pair_close(&p);
}

/* A limit of our own: for frames, and for nothing else. */
static void
test_output_max(void **state)
{
	static const size_t sizes[] = { 0, 1, 1000, SESSION_OUTPUT_MAX,
	    SESSION_OUTPUT_MAX + 1, SIZE_MAX };
	uint8_t m[1500] = { SSH_MSG_CHANNEL_DATA };
	struct session *s;
	struct pair p;
	size_t i, n;

	(void)state;
	pair_config(&p);
	pair_handshake(&p);
	pair_authenticate(&p);
	s = pair_session(&p, SESSION_CLIENT);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		session_set_output_max(s, sizes[i]);
		while (pair_send_frame(&p, SESSION_CLIENT, m, 1500) == 0)
			assert_true(session_output(s).len <
			    SESSION_OUTPUT_MAX + 1600);
		assert_false(session_is_writable(s));
		n = sizes[i] < SESSION_OUTPUT_MAX ? sizes[i] :
		    SESSION_OUTPUT_MAX;
		assert_in_range(session_output(s).len, n, n > 0 ? n + 1600 :
		    0);
		n = session_output(s).len;
		pair_send(&p, SESSION_CLIENT, "^", 1);
		assert_true(session_output(s).len > n ||
		    n >= SESSION_OUTPUT_MAX);
		pair_pump(&p);
		assert_int_equal(session_output(s).len, 0);
		assert_int_equal(session_is_writable(s), i > 0);
	}
	assert_int_equal(p.side[SESSION_SERVER].result, 0);
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
		cmocka_unit_test(test_every_combination),
		cmocka_unit_test(test_client_order_decides),
		cmocka_unit_test(test_authenticated_once),
		cmocka_unit_test(test_pieces_of_any_size),
		cmocka_unit_test(test_split_at_every_byte),
		cmocka_unit_test(test_nothing_is_known_before),
		cmocka_unit_test(test_new_refuses_unknown_lists),
		cmocka_unit_test(test_nothing_in_common),
		cmocka_unit_test(test_host_key_refused),
		cmocka_unit_test(test_server_lacks_host_key),
		cmocka_unit_test(test_preamble_lines),
		cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_exchange_deadline),
		cmocka_unit_test(test_early_messages_follow_in_order),
		cmocka_unit_test(test_queue_is_bounded),
		cmocka_unit_test(test_payload_limit),
		cmocka_unit_test(test_full_output),
		cmocka_unit_test(test_output_max),
	};

	return cmocka_run_group_tests(tests, NULL, free_keys);
}
