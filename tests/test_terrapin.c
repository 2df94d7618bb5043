/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Terrapin (CVE-2023-48795), the attack and its relatives: somebody on the
 * wire puts packets in while they are in clear, which shifts the sequence
 * numbers, and takes as many out from behind NEWKEYS, which shifts them back.
 * The EXT_INFO there is lost, or replaced, and nobody notices.
 *
 * Strict key exchange allows nothing to be put in and begins to count anew
 * behind NEWKEYS; chacha20-poly1305 depends on it, while AES-GCM counts by
 * itself.  Each manipulation is tried with strictness in force, with it
 * switched off behind the backs of both sides, where it must work if it works
 * at all, and with peers that do not announce it.
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
#include "transport/auth.h"
#include "transport/packet.h"
#include "transport/session_impl.h"
#include "transport/ssh2.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#define GCM	"aes256-gcm@openssh.com"
#define CHACHA	"chacha20-poly1305@openssh.com"

#define BYTES_MAX	(64 * 1024)

enum strictness {
	STRICT,
	SWITCHED_OFF,		/* announced by both, heeded by neither */
	NOT_ANNOUNCED
};

/* What happens to the bytes on their way to the victim. */
struct attack {
	enum session_role victim;
	/* Put in so often in front of the packet in clear with that number. */
	unsigned times;
	uint8_t before;
	struct view message;
	/* The sealed packet behind NEWKEYS, and what goes there instead. */
	bool drops_first;
	struct view instead;	/* in clear: the attacker has no key */
	/* This name in the victim's copy of the KEXINIT becomes another. */
	const char *strip;
};

/* One direction's progress. */
struct tap_point {
	bool has_line, is_sealed, has_dropped;
};

static const uint8_t ignore = SSH_MSG_IGNORE;

static struct attack
attack_on(enum session_role victim)
{
	struct attack a = {
		.victim = victim,
		.before = SSH_MSG_NEWKEYS,
		.message = { &ignore, 1 },
	};

	return a;
}

/* The man in the middle. */

static void
give(struct pair *p, const struct attack *a, const uint8_t *bytes, size_t len)
{
	size_t n = a->strip != NULL ? strlen(a->strip) : 0, i;
	uint8_t *copy = malloc(len);

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	for (i = 0; n > 0 && n <= len && i <= len - n; i++)
		if (memcmp(copy + i, a->strip, n) == 0)
			copy[i] = 'x';
	pair_feed(p, a->victim, copy, len);
	free(copy);
}

static void
pass_clear(struct pair *p, const struct attack *a, struct tap_point *t,
    struct view *v)
{
	size_t len = CIPHER_LENGTH_SIZE + get_be32(v->p);
	uint8_t number = v->p[PACKET_HEADER];
	unsigned i;

	assert_true(len <= v->len);
	for (i = 0; number == a->before && i < a->times; i++)
		pair_feed_clear(p, a->victim, a->message.p, a->message.len);
	give(p, a, v->p, len);
	t->is_sealed = number == SSH_MSG_NEWKEYS;
	v->p += len;
	v->len -= len;
}

static void
pass_line(struct pair *p, const struct attack *a, struct tap_point *t,
    struct view *v)
{
	size_t len = (size_t)((const uint8_t *)memchr(v->p, '\n', v->len) -
	    v->p) + 1;

	give(p, a, v->p, len);
	t->has_line = true;
	v->p += len;
	v->len -= len;
}

/* What one side has to say, to the other; false when it is silent. */
static bool
carry(struct pair *p, enum session_role from, const struct attack *a,
    struct tap_point *t)
{
	struct buf b;
	struct view v;

	if (session_output(pair_session(p, from)).len == 0)
		return false;
	buf_init(&b, BYTES_MAX);
	pair_take(p, from, &b);
	v = buf_view(&b);
	if (from == a->victim) {
		pair_feed(p, pair_other(from), v.p, v.len);
		v.len = 0;
	}
	if (v.len > 0 && !t->has_line)
		pass_line(p, a, t, &v);
	while (v.len > 0 && !t->is_sealed)
		pass_clear(p, a, t, &v);
	if (v.len > 0 && a->drops_first && !t->has_dropped) {
		/* Nothing but EXT_INFO is said at once. */
		if (a->instead.len > 0)
			pair_feed_clear(p, a->victim, a->instead.p,
			    a->instead.len);
		t->has_dropped = true;
		v.len = 0;
	}
	if (v.len > 0)
		give(p, a, v.p, v.len);
	buf_clear(&b);
	return true;
}

static void
switch_off(struct pair *p, enum strictness strictness)
{
	if (strictness != SWITCHED_OFF)
		return;
	p->side[SESSION_CLIENT].session->strict = false;
	p->side[SESSION_SERVER].session->strict = false;
}

static void
open_pair(struct pair *p, const char *cipher, enum strictness strictness)
{
	static const struct pair_proposal lax[] = {
		[SESSION_CLIENT] = { "curve25519-sha256,ext-info-c", false },
		[SESSION_SERVER] = { "curve25519-sha256,ext-info-s", false },
	};
	int i;

	pair_config(p);
	for (i = 0; i < 2; i++) {
		p->config[i].ciphers = cipher;
		p->config[i].kex = "curve25519-sha256";
	}
	pair_open(p);
	for (i = 0; strictness == NOT_ANNOUNCED && i < 2; i++)
		pair_edit_kexinit(p->side[i].session, &lax[i]);
}

static void
run(struct pair *p, const struct attack *a, enum strictness strictness)
{
	struct tap_point t = { false, false, false };
	bool has_moved;

	do {
		has_moved = carry(p, SESSION_CLIENT, a, &t);
		has_moved = carry(p, SESSION_SERVER, a, &t) || has_moved;
		/* Both have read the markers after the first round. */
		switch_off(p, strictness);
	} while (has_moved);
}

/* Does a message get through?  0, or the failure of the one it was for. */
static int
try_message(struct pair *p, enum session_role to)
{
	enum session_role from = pair_other(to);
	struct pair_side *side = &p->side[to];
	unsigned long before = side->delivered;
	uint8_t *m;

	if (side->result != 0 || p->side[from].result != 0)
		return side->result;
	pair_send(p, from, "2sign of life", 13);
	pair_pump(p);
	if (side->result != 0 || side->delivered == before + 1)
		return side->result;
	/* A length made of noise has to be waited for. */
	m = calloc(1, PACKET_PAYLOAD_MAX);
	assert_non_null(m);
	m[0] = SSH_MSG_IGNORE;
	pair_inject(p, from, m, PACKET_PAYLOAD_MAX);
	pair_pump(p);
	free(m);
	assert_true(side->result != 0);
	return side->result;
}

/* Run it, then talk: what the victim notices, if anything. */
static int
attack(struct pair *p, const struct attack *a, enum strictness strictness)
{
	int r;

	run(p, a, strictness);
	r = try_message(p, a->victim);
	if (r != 0) {
		assert_int_equal(p->side[a->victim].delivered, 0);
		return r;
	}
	assert_int_equal(try_message(p, pair_other(a->victim)), 0);
	return 0;
}

/* Has the victim got the EXT_INFO?  After one more message it has two. */
static bool
has_ext_info(const struct pair *p, enum session_role victim)
{
	return p->side[victim].session->in.keys.packets == 2;
}

static void
assert_told(struct pair *p, enum session_role victim, uint32_t reason)
{
	uint32_t told;

	/* Under the keys, when it has any, the peer may not be able to read. */
	pair_pump(p);
	if (p->side[pair_other(victim)].result != SSHTAP_ERR_DISCONNECT)
		fail_msg("the peer was not told");
	(void)session_peer_text(pair_session(p, pair_other(victim)), &told);
	assert_int_equal(told, reason);
}

/* Prefix truncation. */

static const struct truncation {
	const char *cipher;
	enum strictness strictness;
	unsigned inserted;
	bool drops_first;
	int result;
} truncations[] = {
	/* No manipulation: a control. */
	{ GCM, STRICT, 0, false, 0 },
	{ GCM, SWITCHED_OFF, 0, false, 0 },
	{ GCM, NOT_ANNOUNCED, 0, false, 0 },
	{ CHACHA, STRICT, 0, false, 0 },
	{ CHACHA, SWITCHED_OFF, 0, false, 0 },
	/* Without the markers no chacha20, manipulated or not. */
	{ CHACHA, NOT_ANNOUNCED, 0, false, SSHTAP_ERR_PROTOCOL },
	{ CHACHA, NOT_ANNOUNCED, 1, true, SSHTAP_ERR_PROTOCOL },
	/* The attack: it works where the sequence number is all there is. */
	{ CHACHA, SWITCHED_OFF, 1, true, 0 },
	{ CHACHA, STRICT, 1, true, SSHTAP_ERR_PROTOCOL },
	{ GCM, STRICT, 1, true, SSHTAP_ERR_PROTOCOL },
	/* GCM's own counter sees what is missing. */
	{ GCM, SWITCHED_OFF, 1, true, SSHTAP_ERR_MAC },
	{ GCM, NOT_ANNOUNCED, 1, true, SSHTAP_ERR_MAC },
	/* One half of it; GCM does not count what is in clear. */
	{ CHACHA, STRICT, 1, false, SSHTAP_ERR_PROTOCOL },
	{ CHACHA, SWITCHED_OFF, 1, false, SSHTAP_ERR_MAC },
	{ GCM, STRICT, 1, false, SSHTAP_ERR_PROTOCOL },
	{ GCM, SWITCHED_OFF, 1, false, 0 },
	{ GCM, NOT_ANNOUNCED, 1, false, 0 },
	/* The other half. */
	{ CHACHA, STRICT, 0, true, SSHTAP_ERR_MAC },
	{ CHACHA, SWITCHED_OFF, 0, true, SSHTAP_ERR_MAC },
	{ GCM, STRICT, 0, true, SSHTAP_ERR_MAC },
	{ GCM, SWITCHED_OFF, 0, true, SSHTAP_ERR_MAC },
	{ GCM, NOT_ANNOUNCED, 0, true, SSHTAP_ERR_MAC },
	/* More in than out, and the other way round. */
	{ CHACHA, STRICT, 2, true, SSHTAP_ERR_PROTOCOL },
	{ CHACHA, SWITCHED_OFF, 2, true, SSHTAP_ERR_MAC },
	{ GCM, STRICT, 2, true, SSHTAP_ERR_PROTOCOL },
	{ GCM, SWITCHED_OFF, 2, true, SSHTAP_ERR_MAC },
};

static void
check_truncation(const struct truncation *t, enum session_role victim)
{
	struct attack a = attack_on(victim);
	struct pair p;
	int r;

	a.times = t->inserted;
	a.drops_first = t->drops_first;
	open_pair(&p, t->cipher, t->strictness);
	r = attack(&p, &a, t->strictness);
	if (r != t->result)
		fail_msg("row %zu, victim %d: %s", (size_t)(t - truncations),
		    victim, err_text(r));
	if (r == 0)
		assert_int_equal(has_ext_info(&p, victim), !t->drops_first);
	pair_close(&p);
}

static void
test_prefix_truncation(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(truncations); i++) {
		check_truncation(&truncations[i], SESSION_CLIENT);
		check_truncation(&truncations[i], SESSION_SERVER);
	}
}

/* The same at the other places where something may be put in. */
static void
test_prefix_anywhere(void **state)
{
	static const uint8_t from_server[] = { SSH_MSG_KEXINIT,
	    SSH_MSG_KEX_ECDH_REPLY, SSH_MSG_NEWKEYS };
	static const uint8_t from_client[] = { SSH_MSG_KEXINIT,
	    SSH_MSG_KEX_ECDH_INIT, SSH_MSG_NEWKEYS };
	static const char *const ciphers[] = { GCM, CHACHA };
	static const uint8_t numbers[] = { SSH_MSG_IGNORE,
	    SSH_MSG_UNIMPLEMENTED, SSH_MSG_DEBUG };
	enum session_role victim;
	struct attack a;
	struct pair p;
	size_t i;

	(void)state;
	for (i = 0; i < 12 * COUNT(numbers); i++) {
		victim = i % 2 == 0 ? SESSION_CLIENT : SESSION_SERVER;
		a = attack_on(victim);
		a.times = 1;
		a.message = view_of(&numbers[i / 12], 1);
		a.drops_first = true;
		a.before = victim == SESSION_CLIENT ? from_server[i / 4 % 3] :
		    from_client[i / 4 % 3];
		open_pair(&p, ciphers[i / 2 % 2], STRICT);
		assert_int_equal(attack(&p, &a, STRICT),
		    SSHTAP_ERR_PROTOCOL);
		assert_told(&p, victim, SSH_DISCONNECT_PROTOCOL_ERROR);
		pair_close(&p);
	}
}

/* Rogue extension negotiation. */

/*
 * The EXT_INFO of somebody else, in clear, in the place of the true one.  No
 * phase takes it before NEWKEYS, strict or not, where the attack of the
 * control run (the same with IGNORE) still works; behind it, it is not sealed.
 */
static void
check_rogue_extension(const char *cipher, enum strictness strictness,
    enum session_role victim)
{
	static const uint8_t ext_info[] = { SSH_MSG_EXT_INFO, 0, 0, 0, 1,
	    0, 0, 0, 15, 's', 'e', 'r', 'v', 'e', 'r', '-', 's', 'i', 'g',
	    '-', 'a', 'l', 'g', 's', 0, 0, 0, 4, 'n', 'o', 'n', 'e' };
	struct attack a = attack_on(victim);
	struct pair p;

	a.times = 1;
	a.message = view_of(ext_info, sizeof(ext_info));
	a.drops_first = true;
	open_pair(&p, cipher, strictness);
	assert_int_equal(attack(&p, &a, strictness), SSHTAP_ERR_PROTOCOL);
	assert_int_equal(session_server_sig_algs(pair_session(&p,
	    victim)).len, 0);
	pair_close(&p);

	a.message = view_of(&ignore, 1);
	a.instead = view_of(ext_info, sizeof(ext_info));
	a.times = strictness == SWITCHED_OFF ? 1 : 0;
	open_pair(&p, cipher, strictness);
	assert_int_equal(attack(&p, &a, strictness), SSHTAP_ERR_MAC);
	assert_int_equal(session_server_sig_algs(pair_session(&p,
	    victim)).len, 0);
	pair_close(&p);
}

static void
test_rogue_extension(void **state)
{
	static const char *const ciphers[] = { GCM, CHACHA };
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		check_rogue_extension(ciphers[i / 2], STRICT,
		    (enum session_role)(i % 2));
		check_rogue_extension(ciphers[i / 2], SWITCHED_OFF,
		    (enum session_role)(i % 2));
	}
	check_rogue_extension(GCM, NOT_ANNOUNCED, SESSION_CLIENT);
	check_rogue_extension(GCM, NOT_ANNOUNCED, SESSION_SERVER);
}

/* Rogue session. */

static void
put_login(struct buf *m)
{
	assert_int_equal(buf_put_u8(m, SSH_MSG_USERAUTH_REQUEST), 0);
	assert_int_equal(buf_put_cstring(m, PAIR_USER), 0);
	assert_int_equal(buf_put_cstring(m, AUTH_NEXT_SERVICE), 0);
	assert_int_equal(buf_put_cstring(m, "password"), 0);
	assert_int_equal(buf_put_bool(m, false), 0);
	assert_int_equal(buf_put_cstring(m, PAIR_PASSWORD), 0);
}

/* In clear it reaches nobody; under the keys it is what it says: a control. */
static void
test_rogue_login(void **state)
{
	static const uint8_t places[] = { SSH_MSG_KEXINIT,
	    SSH_MSG_KEX_ECDH_INIT, SSH_MSG_NEWKEYS };
	struct attack a = attack_on(SESSION_SERVER);
	struct buf m;
	struct pair p;
	size_t i;

	(void)state;
	buf_init(&m, BYTES_MAX);
	put_login(&m);
	a.message = buf_view(&m);
	a.times = 1;
	for (i = 0; i < 2 * COUNT(places); i++) {
		enum strictness how = i % 2 == 0 ? STRICT : SWITCHED_OFF;

		a.before = places[i / 2];
		open_pair(&p, CHACHA, how);
		assert_int_equal(attack(&p, &a, how), SSHTAP_ERR_PROTOCOL);
		assert_told(&p, SESSION_SERVER, SSH_DISCONNECT_PROTOCOL_ERROR);
		pair_close(&p);
	}
	a.times = 0;
	open_pair(&p, CHACHA, STRICT);
	p.offers_password = true;
	run(&p, &a, STRICT);
	pair_start_auth(&p);
	pair_send(&p, SESSION_CLIENT, buf_view(&m).p, m.len);
	pair_pump(&p);
	assert_string_equal(auth_server_user(p.server), PAIR_USER);
	pair_close(&p);
	buf_clear(&m);
}

/* Nor is a client told in clear that it is welcome. */
static void
test_rogue_welcome(void **state)
{
	static const uint8_t places[] = { SSH_MSG_KEXINIT,
	    SSH_MSG_KEX_ECDH_REPLY, SSH_MSG_NEWKEYS };
	static const uint8_t messages[][1] = { { SSH_MSG_SERVICE_ACCEPT },
	    { SSH_MSG_USERAUTH_SUCCESS }, { SSH_MSG_USERAUTH_BANNER },
	    { SSH_MSG_GLOBAL_REQUEST }, { SSH_MSG_CHANNEL_OPEN } };
	struct attack a = attack_on(SESSION_CLIENT);
	struct pair p;
	size_t i, k;

	(void)state;
	a.times = 1;
	for (i = 0; i < COUNT(messages); i++) {
		for (k = 0; k < 2 * COUNT(places); k++) {
			enum strictness how = k % 2 == 0 ? STRICT :
			    SWITCHED_OFF;

			a.message = view_of(messages[i], 1);
			a.before = places[k / 2];
			open_pair(&p, GCM, how);
			assert_int_equal(attack(&p, &a, how),
			    SSHTAP_ERR_PROTOCOL);
			pair_close(&p);
		}
	}
}

/* Sequence numbers. */

/*
 * What moves a counter: three kinds of message move the victim's when nobody
 * is strict, by as many as there are; what nobody knows is not answered with
 * UNIMPLEMENTED there, which would move the peer's, but ends it.
 */
static void
test_counters_are_not_moved(void **state)
{
	static const struct {
		uint8_t number;
		bool moves;
	} cases[] = {
		{ SSH_MSG_IGNORE, true },
		{ SSH_MSG_DEBUG, true },
		{ SSH_MSG_UNIMPLEMENTED, true },
		{ 8, false },
		{ 54, false },
		{ 101, false },
		{ SSH_MSG_PING, false },
		{ 255, false },
	};
	struct attack a;
	struct pair p;
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < 2 * COUNT(cases); i++) {
		a = attack_on((enum session_role)(i % 2));
		a.message = view_of(&cases[i / 2].number, 1);
		a.times = 3;
		open_pair(&p, GCM, STRICT);
		assert_int_equal(attack(&p, &a, STRICT), SSHTAP_ERR_PROTOCOL);
		pair_close(&p);
		open_pair(&p, GCM, SWITCHED_OFF);
		r = attack(&p, &a, SWITCHED_OFF);
		if (cases[i / 2].moves) {
			assert_int_equal(r, 0);
			/* Three in clear, EXT_INFO, the sign of life. */
			assert_int_equal(p.side[a.victim].session->in.keys.seq,
			    3 + 3 + 2);
		} else
			assert_int_equal(r, SSHTAP_ERR_PROTOCOL);
		pair_close(&p);
	}
}

/*
 * All the way round, so that a KEXINIT is number 0 again, or that a number
 * goes down: the many packets are pretended.  None may take the last number.
 */
static void
test_counters_do_not_roll_over(void **state)
{
	struct packet_keys *in;
	struct attack a;
	struct pair p;
	struct buf b;
	size_t i, line;

	(void)state;
	for (i = 0; i < 2; i++) {
		a = attack_on((enum session_role)i);
		open_pair(&p, CHACHA, STRICT);
		buf_init(&b, BYTES_MAX);
		pair_take(&p, pair_other(a.victim), &b);
		line = (size_t)((const uint8_t *)memchr(buf_view(&b).p, '\n',
		    b.len) - buf_view(&b).p) + 1;
		pair_feed(&p, a.victim, buf_view(&b).p, line);
		in = &pair_session(&p, a.victim)->in.keys;
		pair_feed_clear(&p, a.victim, &ignore, 1);
		assert_int_equal(in->seq, 1);
		assert_int_equal(in->packets, 1);
		in->packets = in->seq = UINT32_MAX - 1;
		pair_feed_clear(&p, a.victim, &ignore, 1);
		assert_int_equal(p.side[a.victim].result, 0);
		pair_feed_clear(&p, a.victim, &ignore, 1);
		assert_int_equal(p.side[a.victim].result,
		    SSHTAP_ERR_PROTOCOL);
		assert_told(&p, a.victim, SSH_DISCONNECT_PROTOCOL_ERROR);
		buf_clear(&b);
		pair_close(&p);
	}
}

/* The markers. */

/*
 * Out of the victim's copy of a KEXINIT: it sees a peer that is not strict.
 * The two do not hash the same then, so the client refuses the signature.
 */
static void
check_stripped(const char *cipher, enum session_role victim)
{
	bool is_chacha = strcmp(cipher, CHACHA) == 0;
	struct attack a = attack_on(victim);
	struct pair p;

	a.strip = victim == SESSION_CLIENT ? PROPOSAL_STRICT_S :
	    PROPOSAL_STRICT_C;
	open_pair(&p, cipher, STRICT);
	run(&p, &a, STRICT);
	assert_false(session_is_keyed(pair_session(&p, SESSION_CLIENT)));
	assert_int_equal(p.checks, 0);
	if (is_chacha) {
		assert_int_equal(p.side[victim].result, SSHTAP_ERR_PROTOCOL);
		assert_told(&p, victim, SSH_DISCONNECT_PROTOCOL_ERROR);
	} else {
		assert_int_equal(p.side[SESSION_CLIENT].result,
		    SSHTAP_ERR_SIGNATURE);
		assert_false(session_is_keyed(pair_session(&p,
		    SESSION_SERVER)));
	}
	pair_close(&p);
}

static void
test_markers_cannot_be_stripped(void **state)
{
	(void)state;
	check_stripped(GCM, SESSION_CLIENT);
	check_stripped(GCM, SESSION_SERVER);
	check_stripped(CHACHA, SESSION_CLIENT);
	check_stripped(CHACHA, SESSION_SERVER);
}

/* A peer that lacks the marker by itself: who sees that refuses chacha20. */
static void
open_one_sided(struct pair *p, const char *cipher, enum session_role lacking)
{
	static const struct pair_proposal lax[] = {
		[SESSION_CLIENT] = { "curve25519-sha256,ext-info-c", false },
		[SESSION_SERVER] = { "curve25519-sha256,ext-info-s", false },
	};

	open_pair(p, cipher, STRICT);
	pair_edit_kexinit(pair_session(p, lacking), &lax[lacking]);
}

static void
test_one_side_lacks_the_marker(void **state)
{
	enum session_role lacking;
	struct attack a;
	struct pair p;
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		lacking = (enum session_role)(i % 2);
		a = attack_on(pair_other(lacking));
		open_one_sided(&p, CHACHA, lacking);
		run(&p, &a, STRICT);
		assert_int_equal(p.side[pair_other(lacking)].result,
		    SSHTAP_ERR_PROTOCOL);
		assert_false(session_is_keyed(pair_session(&p, lacking)));
		pair_close(&p);
		/* With GCM the two get on, and miss what is taken out. */
		open_one_sided(&p, GCM, lacking);
		a.times = i < 2 ? 0 : 1;
		a.drops_first = i >= 2;
		assert_int_equal(attack(&p, &a, STRICT),
		    i < 2 ? 0 : SSHTAP_ERR_MAC);
		pair_close(&p);
	}
}

/* Without strictness numbers run on through every exchange. */
static void
test_numbers_without_strictness(void **state)
{
	struct session *s;
	struct pair p;
	uint32_t i;

	(void)state;
	open_pair(&p, GCM, NOT_ANNOUNCED);
	pair_pump(&p);
	pair_authenticate(&p);
	/* KEXINIT 0, INIT or REPLY 1, NEWKEYS 2, EXT_INFO 3. */
	for (i = 0; i < 3; i++) {
		pair_send(&p, SESSION_CLIENT, "^lax", 4);
		pair_send(&p, SESSION_SERVER, "^lax", 4);
		pair_pump(&p);
		assert_int_equal(p.side[0].delivered, i + 1);
		assert_int_equal(p.side[1].delivered, i + 1);
		assert_int_equal(p.side[0].last_seq, 4 + 4 * i);
		assert_int_equal(p.side[1].last_seq, 4 + 4 * i);
		s = p.side[i % 2].session;
		assert_int_equal(session_rekey(s), 0);
		pair_pump(&p);
		assert_int_equal(session_rekeys(s), i + 1);
	}
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
		cmocka_unit_test(test_prefix_truncation),
		cmocka_unit_test(test_prefix_anywhere),
		cmocka_unit_test(test_rogue_extension),
		cmocka_unit_test(test_rogue_login),
		cmocka_unit_test(test_rogue_welcome),
		cmocka_unit_test(test_counters_are_not_moved),
		cmocka_unit_test(test_counters_do_not_roll_over),
		cmocka_unit_test(test_markers_cannot_be_stripped),
		cmocka_unit_test(test_one_side_lacks_the_marker),
		cmocka_unit_test(test_numbers_without_strictness),
	};

	return cmocka_run_group_tests(tests, NULL, free_keys);
}
