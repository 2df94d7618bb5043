/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The server's side of authentication, fed with messages made by hand: nobody
 * gets in but by the right key over the right bytes, or the right password.
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
#include "transport/ssh2.h"

struct bench {
	struct pair p;
	struct auth_server *server;
	struct buf m;
	unsigned logins;
	bool admits;
};

static bool
allow_key(void *ctx, const char *user, const struct view *algorithm,
    const struct view *blob)
{
	struct view known = key_blob(pair_key(KEY_ED25519, 1));

	(void)ctx;
	(void)algorithm;
	return strcmp(user, PAIR_USER) == 0 && view_equals(&known, blob);
}

static bool
allow_password(void *ctx, const char *user, const struct view *password)
{
	(void)ctx;
	return strcmp(user, PAIR_USER) == 0 &&
	    view_is(password, PAIR_PASSWORD);
}

static const struct auth_server_ops ops = {
	.key = allow_key,
	.password = allow_password
};

static int
feed(struct bench *b, const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len);
	struct session_packet packet = { copy, len, 1 };
	int r;

	/* Of its exact size, so that a sanitizer sees a read past it. */
	assert_non_null(copy);
	memcpy(copy, bytes, len);
	r = auth_server_input(b->server, &packet);
	free(copy);
	return r;
}

static int
feed_message(struct bench *b)
{
	return feed(b, buf_view(&b->m).p, b->m.len);
}

/* The number of the one answer, 0 for none. */
static unsigned
take_answer(struct bench *b, struct view *answerp)
{
	unsigned number;

	pair_pump(&b->p);
	if (!pair_get(&b->p, SESSION_CLIENT, answerp))
		return 0;
	number = answerp->p[0];
	assert_int_equal(b->p.side[SESSION_CLIENT].got.len, 0);
	return number;
}

static unsigned
answer(struct bench *b)
{
	struct view v;

	return take_answer(b, &v);
}

static const uint8_t service_request[] = { SSH_MSG_SERVICE_REQUEST, 0, 0, 0,
    12, 's', 's', 'h', '-', 'u', 's', 'e', 'r', 'a', 'u', 't', 'h' };

/* A server that has seen nothing yet. */
static void
renew(struct bench *b)
{
	auth_server_free(b->server);
	assert_int_equal(auth_server_new(pair_session(&b->p, SESSION_SERVER),
	    &ops, b, &b->server), 0);
}

/* And one that waits for the first request. */
static void
renew_granted(struct bench *b)
{
	renew(b);
	assert_int_equal(feed(b, service_request, sizeof(service_request)),
	    0);
	assert_int_equal(answer(b), SSH_MSG_SERVICE_ACCEPT);
}

static void
open_bench(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	buf_init(&b->m, AUTH_REQUEST_MAX);
	pair_config(&b->p);
	pair_handshake(&b->p);
	renew_granted(b);
}

static void
close_bench(struct bench *b)
{
	auth_server_free(b->server);
	buf_clear(&b->m);
	pair_close(&b->p);
}

static void
put_request(struct bench *b, const char *user, const char *service,
    const char *method)
{
	buf_reset(&b->m);
	assert_int_equal(buf_put_u8(&b->m, SSH_MSG_USERAUTH_REQUEST), 0);
	assert_int_equal(buf_put_cstring(&b->m, user), 0);
	assert_int_equal(buf_put_cstring(&b->m, service), 0);
	assert_int_equal(buf_put_cstring(&b->m, method), 0);
}

static void
put_password(struct bench *b, bool change, const char *password)
{
	put_request(b, PAIR_USER, AUTH_NEXT_SERVICE, "password");
	assert_int_equal(buf_put_bool(&b->m, change), 0);
	assert_int_equal(buf_put_cstring(&b->m, password), 0);
	if (change)
		assert_int_equal(buf_put_cstring(&b->m, "new"), 0);
}

/* A request that would do; then one thing about it may be spoilt. */
struct key_request {
	const char *user, *algorithm;
	const struct key *key, *signer;
	struct view id;			/* of the session signed for */
	struct view hostkey;
	bool hostbound, has_signature, signs_nothing;
};

static struct key_request
good_request(struct bench *b)
{
	struct session *s = pair_session(&b->p, SESSION_SERVER);

	return (struct key_request){ .user = PAIR_USER,
	    .algorithm = "ssh-ed25519", .key = pair_key(KEY_ED25519, 1),
	    .signer = pair_key(KEY_ED25519, 1), .id = session_id(s),
	    .hostkey = session_hostkey(s), .hostbound = true,
	    .has_signature = true };
}

static void
put_key_request(struct bench *b, const struct key_request *k)
{
	struct auth_publickey pk = { .user = view_of_string(k->user),
	    .algorithm = view_of_string(k->algorithm),
	    .blob = key_blob(k->key), .hostkey = k->hostkey,
	    .hostbound = k->hostbound };
	struct buf data, signature;
	struct view v;

	buf_reset(&b->m);
	assert_int_equal(auth_put_publickey(&b->m, &pk, k->has_signature),
	    0);
	if (k->signs_nothing)
		assert_int_equal(buf_put_cstring(&b->m, ""), 0);
	if (!k->has_signature || k->signs_nothing)
		return;
	buf_init(&data, AUTH_REQUEST_MAX);
	buf_init(&signature, AUTH_REQUEST_MAX);
	assert_int_equal(auth_put_signed_data(&data, &k->id, &pk), 0);
	v = buf_view(&data);
	assert_int_equal(key_sign(k->signer, &pk.algorithm, &v, &signature),
	    0);
	v = buf_view(&signature);
	assert_int_equal(buf_put_string_view(&b->m, &v), 0);
	buf_clear(&data);
	buf_clear(&signature);
}

static void
assert_refused(struct bench *b)
{
	assert_int_equal(feed_message(b), 0);
	assert_int_equal(answer(b), SSH_MSG_USERAUTH_FAILURE);
	assert_null(auth_server_user(b->server));
}

static void
assert_accepted(struct bench *b)
{
	assert_int_equal(feed_message(b), 0);
	assert_int_equal(answer(b), SSH_MSG_USERAUTH_SUCCESS);
	assert_string_equal(auth_server_user(b->server), PAIR_USER);
}

/* The layout of RFC 4252 section 7, byte by byte. */
static void
test_signed_bytes(void **state)
{
	static const uint8_t expected[] =
	    "\0\0\0\3sid"
	    "\62\0\0\0\1u\0\0\0\16ssh-connection\0\0\0\11publickey\1"
	    "\0\0\0\3alg\0\0\0\4blob";
	static const uint8_t bound[] =
	    "\62\0\0\0\1u\0\0\0\16ssh-connection"
	    "\0\0\0\43publickey-hostbound-v00@openssh.com\0"
	    "\0\0\0\3alg\0\0\0\4blob\0\0\0\4host";
	struct auth_publickey pk = { .user = view_of("u", 1),
	    .algorithm = view_of("alg", 3), .blob = view_of("blob", 4),
	    .hostkey = view_of("host", 4) };
	struct view id = view_of("sid", 3);
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	assert_int_equal(auth_put_signed_data(&b, &id, &pk), 0);
	assert_int_equal(b.len, sizeof(expected) - 1);
	assert_memory_equal(buf_view(&b).p, expected, b.len);
	buf_reset(&b);
	pk.hostbound = true;
	assert_int_equal(auth_put_publickey(&b, &pk, false), 0);
	assert_int_equal(b.len, sizeof(bound) - 1);
	assert_memory_equal(buf_view(&b).p, bound, b.len);
	buf_clear(&b);
}

static void
test_probe_is_answered(void **state)
{
	struct key_request k;
	struct view v, alg, blob, known;
	struct bench b;
	uint8_t number;

	(void)state;
	open_bench(&b);
	k = good_request(&b);
	k.has_signature = false;
	put_key_request(&b, &k);
	assert_int_equal(feed_message(&b), 0);
	assert_int_equal(take_answer(&b, &v), SSH_MSG_USERAUTH_PK_OK);
	known = key_blob(k.key);
	assert_int_equal(view_get_u8(&v, &number), 0);
	assert_int_equal(view_get_string(&v, &alg), 0);
	assert_int_equal(view_get_string(&v, &blob), 0);
	assert_int_equal(view_end(&v), 0);
	assert_true(view_is(&alg, "ssh-ed25519"));
	assert_true(view_equals(&blob, &known));
	assert_null(auth_server_user(b.server));
	close_bench(&b);
}

static void
test_spoilt_requests_are_refused(void **state)
{
	struct key_request good, k;
	struct bench b;

	(void)state;
	open_bench(&b);
	good = good_request(&b);
	k = good;
	k.key = pair_key(KEY_ED25519, 0);		/* not allowed */
	k.signer = k.key;
	put_key_request(&b, &k);
	assert_refused(&b);
	k = good;
	k.signer = pair_key(KEY_ED25519, 0);		/* wrong signature */
	put_key_request(&b, &k);
	assert_refused(&b);
	k = good;
	k.id = view_of("another session", 15);		/* replayed */
	put_key_request(&b, &k);
	assert_refused(&b);
	k = good;
	k.hostkey = key_blob(pair_key(KEY_ED25519, 1));	/* man in the middle */
	put_key_request(&b, &k);
	assert_refused(&b);
	k.hostkey = view_of("", 0);
	put_key_request(&b, &k);
	assert_refused(&b);
	renew_granted(&b);
	put_key_request(&b, &good);
	assert_accepted(&b);
	renew_granted(&b);
	good.hostbound = false;
	put_key_request(&b, &good);
	assert_accepted(&b);
	close_bench(&b);
}

/* Somebody else decides of signed requests, and of nothing else. */

static bool
login(void *ctx, const struct auth_publickey *pk,
    const struct view *signature)
{
	struct bench *b = ctx;
	struct view id = session_id(pair_session(&b->p, SESSION_SERVER));

	b->logins++;
	return b->admits && view_is(&pk->user, PAIR_USER) &&
	    auth_verify_publickey(pk, &id, signature) == 0;
}

static void
test_login_elsewhere(void **state)
{
	static const struct auth_server_ops elsewhere = {
		.key = allow_key,
		.login = login
	};
	struct key_request good, k;
	struct bench b;

	(void)state;
	open_bench(&b);
	auth_server_free(b.server);
	assert_int_equal(auth_server_new(pair_session(&b.p, SESSION_SERVER),
	    &elsewhere, &b, &b.server), 0);
	assert_int_equal(feed(&b, service_request, sizeof(service_request)),
	    0);
	assert_int_equal(answer(&b), SSH_MSG_SERVICE_ACCEPT);
	good = good_request(&b);
	k = good;
	k.has_signature = false;
	put_key_request(&b, &k);
	assert_int_equal(feed_message(&b), 0);
	assert_int_equal(answer(&b), SSH_MSG_USERAUTH_PK_OK);
	assert_int_equal(b.logins, 0);
	k = good;
	k.signer = pair_key(KEY_ED25519, 0);
	b.admits = true;
	put_key_request(&b, &k);
	assert_refused(&b);
	b.admits = false;
	put_key_request(&b, &good);
	assert_refused(&b);
	assert_int_equal(b.logins, 2);
	/* For another host: not even asked. */
	b.admits = true;
	k = good;
	k.hostkey = key_blob(pair_key(KEY_ED25519, 1));
	put_key_request(&b, &k);
	assert_refused(&b);
	assert_int_equal(b.logins, 2);
	/* Signed with nothing: as if it were a probe. */
	k = good;
	k.signs_nothing = true;
	put_key_request(&b, &k);
	assert_refused(&b);
	assert_int_equal(b.logins, 2);
	put_key_request(&b, &good);
	assert_accepted(&b);
	close_bench(&b);
}

static void
test_tries_can_be_set(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b);
	auth_server_set_tries(b.server, 1);
	put_request(&b, PAIR_USER, AUTH_NEXT_SERVICE, "none");
	assert_refused(&b);
	put_password(&b, false, "wrong");
	assert_refused(&b);
	assert_int_equal(feed_message(&b), SSHTAP_ERR_AUTH);
	close_bench(&b);
}

/* The signature of one method is none for the other. */
static void
test_methods_are_not_mixed(void **state)
{
	struct key_request k;
	struct view signature, v;
	struct bench b;
	struct buf kept;

	(void)state;
	open_bench(&b);
	buf_init(&kept, 1024);
	k = good_request(&b);
	k.hostbound = false;
	put_key_request(&b, &k);
	v = buf_view(&b.m);
	signature = view_of(v.p + v.len - 87, 87);
	assert_int_equal(buf_put_view(&kept, &signature), 0);
	k.hostbound = true;
	put_key_request(&b, &k);
	buf_drop_end(&b.m, 87);
	v = buf_view(&kept);
	assert_int_equal(buf_put_view(&b.m, &v), 0);
	assert_refused(&b);
	buf_clear(&kept);
	close_bench(&b);
}

/*
 * Each bit of a signed request lets nobody in when it is changed.  But seven:
 * has_signature is a boolean, of which RFC 4251 section 5 has every value but
 * 0 read as true, and what is verified is put together anew with a 1.
 */
static void
test_every_changed_bit(void **state)
{
	const size_t flag = 1 + 4 + strlen(PAIR_USER) + 4 +
	    strlen(AUTH_NEXT_SERVICE) + 4 + strlen(AUTH_HOSTBOUND);
	struct key_request k;
	struct bench b;
	size_t bit, bits;
	uint8_t *at;
	int r;

	(void)state;
	open_bench(&b);
	k = good_request(&b);
	put_key_request(&b, &k);
	bits = 8 * b.m.len;
	for (bit = 8; bit < bits; bit++) {
		renew_granted(&b);
		at = b.m.base + b.m.head + bit / 8;
		*at ^= (uint8_t)(1 << bit % 8);
		if (bit / 8 == flag && bit % 8 != 0) {
			assert_accepted(&b);
		} else {
			r = feed_message(&b);
			assert_null(auth_server_user(b.server));
			assert_int_equal(answer(&b), r == 0 ?
			    SSH_MSG_USERAUTH_FAILURE : 0);
		}
		*at ^= (uint8_t)(1 << bit % 8);
	}
	renew_granted(&b);
	assert_accepted(&b);
	close_bench(&b);
}

static void
test_user_and_service_are_fixed(void **state)
{
	char longest[AUTH_USER_MAX + 2];
	struct bench b;

	(void)state;
	open_bench(&b);
	put_request(&b, PAIR_USER, AUTH_NEXT_SERVICE, "none");
	assert_refused(&b);
	put_request(&b, "root", AUTH_NEXT_SERVICE, "none");
	assert_int_equal(feed_message(&b), SSHTAP_ERR_PROTOCOL);
	renew_granted(&b);
	put_request(&b, PAIR_USER, AUTH_NEXT_SERVICE, "none");
	assert_refused(&b);
	put_request(&b, PAIR_USER, "ssh-other", "none");
	assert_int_equal(feed_message(&b), SSHTAP_ERR_PROTOCOL);
	renew_granted(&b);
	put_request(&b, PAIR_USER, "ssh-other", "none");
	assert_int_equal(feed_message(&b), SSHTAP_ERR_PROTOCOL);
	memset(longest, 'u', sizeof(longest));
	longest[AUTH_USER_MAX] = '\0';
	renew_granted(&b);
	put_request(&b, longest, AUTH_NEXT_SERVICE, "none");
	assert_refused(&b);
	longest[AUTH_USER_MAX] = 'u';
	longest[AUTH_USER_MAX + 1] = '\0';
	renew_granted(&b);
	put_request(&b, longest, AUTH_NEXT_SERVICE, "none");
	assert_int_equal(feed_message(&b), SSHTAP_ERR_PROTOCOL);
	/* A name with a NUL is not cut short. */
	renew_granted(&b);
	put_password(&b, false, PAIR_PASSWORD);
	b.m.base[b.m.head + 5 + 4] = '\0';
	assert_int_equal(feed_message(&b), SSHTAP_ERR_FORMAT);
	close_bench(&b);
}

static void
test_passwords_by_hand(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b);
	put_password(&b, false, "");
	assert_refused(&b);
	put_password(&b, true, PAIR_PASSWORD);
	assert_refused(&b);
	put_password(&b, false, PAIR_PASSWORD "x");
	assert_refused(&b);
	put_password(&b, false, PAIR_PASSWORD);
	assert_accepted(&b);
	close_bench(&b);
}

/* None counts from the second time on, and so does what is unheard of. */
static void
test_every_failure_counts(void **state)
{
	struct bench b;
	int i;

	(void)state;
	open_bench(&b);
	put_request(&b, PAIR_USER, AUTH_NEXT_SERVICE, "none");
	assert_refused(&b);
	assert_refused(&b);
	put_request(&b, PAIR_USER, AUTH_NEXT_SERVICE, "gssapi-with-mic");
	for (i = 1; i < AUTH_SERVER_TRIES_MAX; i++)
		assert_refused(&b);
	assert_int_equal(feed_message(&b), SSHTAP_ERR_AUTH);
	assert_int_equal(answer(&b), 0);
	/* The first is free only if it comes at all. */
	renew_granted(&b);
	for (i = 0; i < AUTH_SERVER_TRIES_MAX; i++)
		assert_refused(&b);
	assert_int_equal(feed_message(&b), SSHTAP_ERR_AUTH);
	close_bench(&b);
}

static void
test_probes_are_limited(void **state)
{
	struct key_request k;
	struct bench b;
	int i;

	(void)state;
	open_bench(&b);
	k = good_request(&b);
	k.has_signature = false;
	put_key_request(&b, &k);
	for (i = 0; i < AUTH_SERVER_REQUESTS_MAX; i++) {
		assert_int_equal(feed_message(&b), 0);
		assert_int_equal(answer(&b), SSH_MSG_USERAUTH_PK_OK);
	}
	assert_int_equal(feed_message(&b), SSHTAP_ERR_AUTH);
	close_bench(&b);
}

/* Every beginning of a message is an error and lets nobody in. */
static void
check_cut(struct bench *b)
{
	struct view m = buf_view(&b->m);
	size_t len;

	for (len = 1; len < m.len; len++) {
		renew_granted(b);
		assert_int_equal(feed(b, m.p, len), SSHTAP_ERR_TRUNCATED);
		assert_int_equal(answer(b), 0);
		assert_null(auth_server_user(b->server));
	}
	renew_granted(b);
	assert_int_equal(feed_message(b), 0);
	assert_true(answer(b) != 0);
}

static void
check_trailing(struct bench *b)
{
	renew_granted(b);
	assert_int_equal(buf_put_u8(&b->m, 0), 0);
	assert_int_equal(feed_message(b), SSHTAP_ERR_TRAILING);
	assert_null(auth_server_user(b->server));
}

static void
test_cut_anywhere(void **state)
{
	struct key_request k;
	struct bench b;
	int i;

	(void)state;
	open_bench(&b);
	put_request(&b, PAIR_USER, AUTH_NEXT_SERVICE, "none");
	check_cut(&b);
	for (i = 0; i < 2; i++) {
		put_password(&b, i == 1, PAIR_PASSWORD);
		check_cut(&b);
		check_trailing(&b);
	}
	for (i = 0; i < 4; i++) {
		k = good_request(&b);
		k.hostbound = i % 2 == 1;
		k.has_signature = i / 2 == 1;
		put_key_request(&b, &k);
		check_cut(&b);
		check_trailing(&b);
	}
	for (i = 1; i < (int)sizeof(service_request); i++) {
		renew(&b);
		assert_int_equal(feed(&b, service_request, (size_t)i),
		    SSHTAP_ERR_TRUNCATED);
	}
	close_bench(&b);
}

static void
test_out_of_place(void **state)
{
	static const uint8_t other_service[] = { SSH_MSG_SERVICE_REQUEST, 0,
	    0, 0, 4, 'a', 'u', 't', 'h' };
	uint8_t m[sizeof(service_request) + 1];
	struct bench b;

	(void)state;
	open_bench(&b);
	renew(&b);
	put_password(&b, false, PAIR_PASSWORD);
	assert_int_equal(feed_message(&b), SSHTAP_ERR_PROTOCOL);
	renew(&b);
	assert_int_equal(feed(&b, other_service, sizeof(other_service)),
	    SSHTAP_ERR_PROTOCOL);
	renew(&b);
	memcpy(m, service_request, sizeof(service_request));
	m[sizeof(m) - 1] = 0;
	assert_int_equal(feed(&b, m, sizeof(m)), SSHTAP_ERR_TRAILING);
	renew_granted(&b);
	assert_int_equal(feed(&b, service_request, sizeof(service_request)),
	    SSHTAP_ERR_PROTOCOL);
	close_bench(&b);
}

/*
 * What only a server says, and channels before their time, end it; what
 * nobody knows is handed back, before, amid and after.
 */
static void
check_others(struct bench *b, bool is_over)
{
	unsigned n;
	uint8_t m;
	int r;

	for (n = 0; n <= UINT8_MAX; n++) {
		m = (uint8_t)n;
		if (n == SSH_MSG_SERVICE_REQUEST ||
		    n == SSH_MSG_USERAUTH_REQUEST)
			continue;
		r = feed(b, &m, 1);
		if (n == 6 || (n >= 51 && n <= 53) || (n >= 60 && n <= 79))
			assert_int_equal(r, SSHTAP_ERR_PROTOCOL);
		else
			assert_int_equal(r, n >= 80 && !is_over ?
			    SSHTAP_ERR_PROTOCOL : SSHTAP_ERR_UNSUPPORTED);
		assert_int_equal(answer(b), 0);
	}
}

static void
test_other_messages(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b);
	renew(&b);
	check_others(&b, false);
	renew_granted(&b);
	check_others(&b, false);
	put_password(&b, false, PAIR_PASSWORD);
	assert_accepted(&b);
	check_others(&b, true);
	close_bench(&b);
}

/* RFC 4252 section 5.1: later requests get no answer at all. */
static void
test_silence_after_success(void **state)
{
	struct bench b;
	int i;

	(void)state;
	open_bench(&b);
	put_password(&b, false, PAIR_PASSWORD);
	assert_accepted(&b);
	for (i = 0; i < 2 * AUTH_SERVER_REQUESTS_MAX; i++) {
		put_request(&b, "root", "ssh-other", "none");
		assert_int_equal(feed_message(&b), 0);
		assert_int_equal(answer(&b), 0);
	}
	assert_string_equal(auth_server_user(b.server), PAIR_USER);
	assert_int_equal(feed(&b, service_request, sizeof(service_request)),
	    SSHTAP_ERR_PROTOCOL);
	close_bench(&b);
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
		cmocka_unit_test(test_signed_bytes),
		cmocka_unit_test(test_probe_is_answered),
		cmocka_unit_test(test_spoilt_requests_are_refused),
		cmocka_unit_test(test_login_elsewhere),
		cmocka_unit_test(test_tries_can_be_set),
		cmocka_unit_test(test_methods_are_not_mixed),
		cmocka_unit_test(test_every_changed_bit),
		cmocka_unit_test(test_user_and_service_are_fixed),
		cmocka_unit_test(test_passwords_by_hand),
		cmocka_unit_test(test_every_failure_counts),
		cmocka_unit_test(test_probes_are_limited),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_out_of_place),
		cmocka_unit_test(test_other_messages),
		cmocka_unit_test(test_silence_after_success),
	};

	return cmocka_run_group_tests(tests, NULL, free_keys);
}
