/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The n-th call fails, for n = 1, 2, ... until none is left to fail, in a
 * whole connection of every kind.  Whatever fails, it must be an error on one
 * side at least, must not be half a success, and must leave nothing behind:
 * our own allocations are counted here, and a build with sanitizers sees
 * those of libraries.
 *
 * One connection is tried with every n; of the others, which differ in few
 * calls, every so many, for each is a whole key exchange or two.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/fault.h"
#include "tests/fault_scene.h"
#include "transport/kex.h"

#define GCM256	"aes256-gcm@openssh.com"
#define GCM128	"aes128-gcm@openssh.com"
#define CHACHA	"chacha20-poly1305@openssh.com"
#define C25519	"curve25519-sha256"
#define MLKEM	"mlkem768x25519-sha256"
#define ZLIB	"zlib@openssh.com"

static bool was_in_time;

static void
skip_if_impossible(void)
{
	if (fault_is_possible())
		return;
	print_message("the linker cannot put calls of ours in front "
	    "(--wrap)\n");
	skip();
}

/* Connections. */

static const struct scene scenes[] = {
	{ "gcm", C25519, GCM256, ZLIB, KEY_ED25519, KEY_ED25519, true },
	{ "chacha", C25519, CHACHA, "none", KEY_ED25519, KEY_ED25519, true },
	{ "gcm128, plain", C25519, GCM128, ZLIB, KEY_ED25519, KEY_ED25519,
	    false },
	{ "ecdsa", C25519, GCM256, "none", KEY_ECDSA_P256, KEY_ECDSA_P256,
	    true },
	{ "rsa", C25519, GCM256, "none", KEY_RSA, KEY_RSA, true },
	{ "mlkem", MLKEM, GCM256, "none", KEY_ED25519, KEY_ED25519, true },
};

#define SCENE_COUNT	(sizeof(scenes) / sizeof(scenes[0]))

static void
fail_scene(const struct scene *sc, unsigned long n, const char *name,
    const struct scene_result *result, const char *what)
{
	fail_msg("%s: call %lu (%s): %s; stage %d, client %d, server %d",
	    sc->name, n, name != NULL ? name : "none", what,
	    (int)result->stage, result->client, result->server);
}

static bool
is_own_error(int r)
{
	return r != 0 && r != SSHTAP_ERR_DISCONNECT && r != SSHTAP_ERR_CLOSED;
}

/*
 * Nothing that fails may be passed over, but for what only serves to tell the
 * peer, which is tried and no more: once everything has been done a DISCONNECT
 * is missed by nobody, as the stream ends behind it.  libcrypto has some ways
 * around a lack of memory; then all of it must have worked.
 */
static void
judge(const struct scene *sc, enum fault_kind kind, unsigned long n,
    const char *name, const struct scene_result *result)
{
	if (result->is_stuck)
		fail_scene(sc, n, name, result, "it went on and on");
	if (result->is_unsound)
		fail_scene(sc, n, name, result, "life after failure");
	if (name == NULL && result->stage != SCENE_DONE)
		fail_scene(sc, n, name, result, "it failed by itself");
	if (name == NULL || result->stage == SCENE_GOODBYE)
		return;
	if (result->stage == SCENE_DONE && kind == FAULT_CRYPTO_ALLOC)
		return;
	if (result->stage == SCENE_DONE)
		fail_scene(sc, n, name, result, "nobody noticed");
	if (!is_own_error(result->client) && !is_own_error(result->server))
		fail_scene(sc, n, name, result, "no error, and no success");
}

/* Returns false when there was no n-th call. */
static bool
run_scene(const struct scene *sc, enum fault_kind kind, unsigned long n)
{
	struct scene_result result;
	long live = fault_live();
	const char *name;

	fault_arm(kind, n);
	scene_run(sc, &result);
	(void)fault_disarm(&name);
	judge(sc, kind, n, name, &result);
	if (fault_live() != live)
		fail_scene(sc, n, name, &result, "something is left over");
	return name != NULL;
}

static bool
prepare(const struct scene *sc)
{
	if (kex_find(sc->kex) == NULL)
		return false;
	scene_prepare(sc);
	/* What libraries do once is done. */
	(void)run_scene(sc, FAULT_KIND_COUNT, 0);
	return true;
}

static void
run_all(enum fault_kind kind, const unsigned long *steps)
{
	unsigned long n;
	size_t i;

	for (i = 0; i < SCENE_COUNT; i++) {
		if (!prepare(&scenes[i])) {
			print_message("%s: libcrypto has no %s\n",
			    scenes[i].name, scenes[i].kex);
			continue;
		}
		for (n = 1; run_scene(&scenes[i], kind, n); n += steps[i])
			;
	}
}

static void
test_allocation_in_a_connection(void **state)
{
	static const unsigned long steps[SCENE_COUNT] = { 1, 3, 3, 3, 5, 3 };

	(void)state;
	skip_if_impossible();
	run_all(FAULT_ALLOC, steps);
}

static void
test_library_call_in_a_connection(void **state)
{
	static const unsigned long steps[SCENE_COUNT] = { 1, 3, 5, 3, 7, 5 };

	(void)state;
	skip_if_impossible();
	run_all(FAULT_CALL, steps);
}

static void
test_libcrypto_allocation_in_a_connection(void **state)
{
	static const unsigned long steps[SCENE_COUNT] = {
		1, 31, 47, 43, 71, 61
	};

	(void)state;
	if (!was_in_time) {
		print_message("libcrypto had allocated something already\n");
		skip();
	}
	skip_if_impossible();
	run_all(FAULT_CRYPTO_ALLOC, steps);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allocation_in_a_connection),
		cmocka_unit_test(test_library_call_in_a_connection),
		cmocka_unit_test(test_libcrypto_allocation_in_a_connection),
	};
	int r;

	was_in_time = fault_init();
	r = cmocka_run_group_tests(tests, NULL, NULL);
	scene_forget();
	return r;
}
