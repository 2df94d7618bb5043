/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Authentication with both sides ours, over the wire.  Each side alone, with
 * messages made by hand, is in test_auth_server and test_auth_client.
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
#include "transport/session_impl.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *name;
	enum key_type type;
} algorithms[] = {
	{ "ssh-ed25519", KEY_ED25519 },
	{ "ecdsa-sha2-nistp256", KEY_ECDSA_P256 },
	{ "rsa-sha2-512", KEY_RSA },
	{ "rsa-sha2-256", KEY_RSA },
};

static void
offer_key(struct pair *p, const char *algorithm, const struct key *k)
{
	struct view name = view_of_string(algorithm), blob = key_blob(k);

	assert_int_equal(auth_client_try_key(p->client, &name, &blob), 0);
	pair_pump(p);
}

static void
check_key(size_t i, bool hostbound)
{
	struct key *k = pair_key(algorithms[i].type, 1);
	struct session *c;
	struct pair p;

	pair_config(&p);
	p.user_key = k;
	pair_handshake(&p);
	c = pair_session(&p, SESSION_CLIENT);
	assert_true(c->peer_hostbound);
	c->peer_hostbound = hostbound;
	pair_start_auth(&p);
	assert_int_equal(p.event, AUTH_EVENT_CHOOSE);
	assert_null(auth_server_user(p.server));
	offer_key(&p, algorithms[i].name, k);
	assert_int_equal(p.event, AUTH_EVENT_KEY_OK);
	assert_null(auth_server_user(p.server));
	assert_int_equal(auth_client_sign(p.client, pair_sign, k), 0);
	pair_pump(&p);
	assert_int_equal(p.event, AUTH_EVENT_DONE);
	assert_string_equal(auth_server_user(p.server), PAIR_USER);
	assert_int_equal(p.auth_result[0], 0);
	assert_int_equal(p.auth_result[1], 0);
	pair_close(&p);
}

static void
test_every_key(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(algorithms); i++) {
		check_key(i, true);
		check_key(i, false);
	}
}

static void
test_other_key_is_refused(void **state)
{
	struct pair p;

	(void)state;
	pair_config(&p);
	pair_handshake(&p);
	pair_start_auth(&p);
	assert_string_equal(auth_client_methods(p.client), "publickey");
	assert_false(auth_client_can(p.client, "password"));
	offer_key(&p, "ecdsa-sha2-nistp256", pair_key(KEY_ECDSA_P256, 1));
	assert_int_equal(p.event, AUTH_EVENT_CHOOSE);
	/* The blob is right, the algorithm is not. */
	offer_key(&p, "rsa-sha2-512", pair_key(KEY_ED25519, 1));
	assert_int_equal(p.event, AUTH_EVENT_CHOOSE);
	offer_key(&p, "ssh-ed25519", pair_key(KEY_ED25519, 1));
	assert_int_equal(p.event, AUTH_EVENT_KEY_OK);
	/* Signed with another key. */
	assert_int_equal(auth_client_sign(p.client, pair_sign,
	    pair_key(KEY_ED25519, 0)), 0);
	pair_pump(&p);
	assert_int_equal(p.event, AUTH_EVENT_CHOOSE);
	/* Taken away between probe and signature. */
	offer_key(&p, "ssh-ed25519", pair_key(KEY_ED25519, 1));
	assert_int_equal(p.event, AUTH_EVENT_KEY_OK);
	p.user_key_allowed = false;
	assert_int_equal(auth_client_sign(p.client, pair_sign,
	    pair_key(KEY_ED25519, 1)), 0);
	pair_pump(&p);
	assert_int_equal(p.event, AUTH_EVENT_CHOOSE);
	assert_null(auth_server_user(p.server));
	pair_close(&p);
}

static void
test_password(void **state)
{
	struct pair p;

	(void)state;
	pair_config(&p);
	p.offers_password = true;
	pair_handshake(&p);
	pair_start_auth(&p);
	assert_string_equal(auth_client_methods(p.client),
	    "publickey,password");
	assert_int_equal(auth_client_try_password(p.client, "wrong"), 0);
	p.event = AUTH_EVENT_NONE;
	pair_pump(&p);
	assert_int_equal(p.event, AUTH_EVENT_CHOOSE);
	assert_false(auth_client_is_partial(p.client));
	assert_int_equal(auth_client_try_password(p.client, PAIR_PASSWORD),
	    0);
	pair_pump(&p);
	assert_int_equal(p.event, AUTH_EVENT_DONE);
	assert_string_equal(auth_server_user(p.server), PAIR_USER);
	pair_close(&p);
}

static void
test_too_many_tries(void **state)
{
	struct pair p;
	int i;

	(void)state;
	pair_config(&p);
	p.offers_password = true;
	pair_handshake(&p);
	pair_start_auth(&p);
	for (i = 0; i < AUTH_SERVER_TRIES_MAX; i++) {
		p.event = AUTH_EVENT_NONE;
		assert_int_equal(auth_client_try_password(p.client, "guess"),
		    0);
		pair_pump(&p);
		assert_int_equal(p.event, AUTH_EVENT_CHOOSE);
		assert_int_equal(p.auth_result[SESSION_SERVER], 0);
	}
	assert_int_equal(auth_client_try_password(p.client, "guess"), 0);
	pair_pump(&p);
	assert_int_equal(p.auth_result[SESSION_SERVER], SSHTAP_ERR_AUTH);
	/* Now the right one comes too late. */
	assert_null(auth_server_user(p.server));
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
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_other_key_is_refused),
		cmocka_unit_test(test_password),
		cmocka_unit_test(test_too_many_tries),
	};

	return cmocka_run_group_tests(tests, NULL, free_keys);
}
