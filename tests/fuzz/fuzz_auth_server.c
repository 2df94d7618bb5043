/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is what a client sends to be authenticated.  There is one user
 * with one key and one password.  Nobody else is let in; every request is
 * answered once; there is an end to tries.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_script.h"
#include "tests/fuzz/fuzz_wire.h"
#include "transport/auth.h"
#include "transport/auth_server.h"
#include "transport/key.h"
#include "transport/session_impl.h"

#define USER		"user"
#define PASSWORD	"correct horse"

struct trial {
	unsigned keys, passwords;	/* that were right */
	unsigned asked;
};

static bool
allow_key(void *ctx, const char *user, const struct view *algorithm,
    const struct view *blob)
{
	struct view known = key_blob(wire_user_key());
	struct trial *t = ctx;

	t->asked++;
	if (strcmp(user, USER) != 0 || !view_is(algorithm, "ssh-ed25519") ||
	    !view_equals(blob, &known))
		return false;
	t->keys++;
	return true;
}

static bool
allow_password(void *ctx, const char *user, const struct view *password)
{
	struct trial *t = ctx;

	t->asked++;
	if (strcmp(user, USER) != 0 || !view_is(password, PASSWORD))
		return false;
	t->passwords++;
	return true;
}

static const struct auth_server_ops key_ops = { .key = allow_key };
static const struct auth_server_ops both_ops = {
	.key = allow_key,
	.password = allow_password
};

static int
input(struct auth_server *a, const struct view *payload)
{
	struct session_packet p = { .len = payload->len, .seq = 1 };
	int r;

	if (payload->len == 0)
		return SSHTAP_ERR_UNSUPPORTED;
	p.payload = fuzz_copy(payload);
	r = auth_server_input(a, &p);
	require(r != SSHTAP_ERR_INTERNAL && r != SSHTAP_ERR_ALLOC &&
	    r != SSHTAP_ERR_SIGNATURE);
	free(p.payload);
	return r;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
    unsigned seed)
{
	return script_mutate(data, size, max, seed, 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size), piece;
	struct trial t = { 0, 0, 0 };
	struct auth_server *a;
	struct session *s = wire_new_session(SESSION_SERVER);
	const char *user;
	unsigned n = 0;
	int r = 0;

	require(auth_server_new(s, (fuzz_u8(&v) & 1) != 0 ? &both_ops :
	    &key_ops, &t, &a) == 0);
	while (v.len > 0 && (r == 0 || r == SSHTAP_ERR_UNSUPPORTED)) {
		(void)fuzz_u8(&v);
		piece = fuzz_piece(&v);
		r = input(a, &piece);
		wire_check_queue(s, ++n, AUTH_REQUEST_MAX);
		user = auth_server_user(a);
		require((user != NULL) == s->authenticated);
		if (user != NULL)
			require(strcmp(user, USER) == 0 &&
			    t.keys + t.passwords > 0);
		require(t.asked <= AUTH_SERVER_REQUESTS_MAX);
	}
	auth_server_free(a);
	wire_end_session(s);
	return 0;
}
