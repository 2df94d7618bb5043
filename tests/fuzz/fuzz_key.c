/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is a public key, a certificate, a signature and an algorithm, or
 * the fields of a private key.  A key that is taken has the blob it came
 * from; what does not verify is refused and what verifies was signed by us;
 * a private key that is taken signs.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "transport/key.h"

static const char *const algorithms[] = {
	"ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-256", "rsa-sha2-512"
};

#define ALGORITHM_COUNT	(sizeof(algorithms) / sizeof(algorithms[0]))

static void
check_key(const struct key *k)
{
	struct view blob = key_blob(k), v = blob, name;
	char text[KEY_FINGERPRINT_SIZE];
	struct key *again = NULL;
	struct view found;
	enum key_type type;

	require(view_get_string(&v, &name) == 0);
	require(view_is(&name, key_type_name(k)));
	require(key_type_from_name(&name, &type) == 0);
	require(type == key_type(k));
	require(key_fingerprint(&blob, text) == 0);
	require(strlen(text) == 50 && strncmp(text, "SHA256:", 7) == 0);
	require(key_from_blob(&blob, &again) == 0);
	found = key_blob(again);
	require(view_equals(&blob, &found));
	key_free(again);
}

static void
check_verify(const struct key *k, struct view *v)
{
	struct view alg = view_of_string(algorithms[fuzz_u8(v) %
	    ALGORITHM_COUNT]), data = fuzz_piece(v);
	bool fits = key_type_has_algorithm(key_type(k), &alg);
	struct view any = fuzz_piece(v), head, name;
	int r = key_verify(k, &alg, v, &data);

	require(fits || r == SSHTAP_ERR_UNSUPPORTED);
	head = *v;
	if (r == 0)
		require(view_get_string(&head, &name) == 0 &&
		    view_equals(&name, &alg));
	(void)key_verify(k, &any, v, &data);
}

static void
try_public(struct view *v)
{
	struct view blob = fuzz_piece(v), made;
	struct key *k = NULL;
	int r;

	if ((r = key_from_blob(&blob, &k)) != 0) {
		require(k == NULL && r != SSHTAP_ERR_INTERNAL);
		return;
	}
	require(blob.len <= KEY_BLOB_MAX && !key_is_private(k));
	made = key_blob(k);
	require(view_equals(&made, &blob));
	check_key(k);
	check_verify(k, v);
	key_free(k);
}

static void
try_certificate(struct view *v)
{
	struct view plain = fuzz_piece(v), w, name;
	struct buf b;

	if (key_cert_matches(v, &plain) == 0) {
		w = plain;
		require(v->len <= KEY_BLOB_MAX && v->len > plain.len);
		require(view_get_string(&w, &name) == 0);
	}
	buf_init(&b, KEY_BLOB_MAX);
	if (key_cert_algorithm(&plain, &b) == 0)
		require(b.len > plain.len && memcmp(buf_view(&b).p, plain.p,
		    plain.len) == 0);
	buf_clear(&b);
}

static void
check_sign(const struct key *k, const struct view *data)
{
	struct view alg, signature;
	struct buf b;
	size_t i;

	buf_init(&b, KEY_SIGNATURE_MAX);
	for (i = 0; i < ALGORITHM_COUNT; i++) {
		alg = view_of_string(algorithms[i]);
		buf_reset(&b);
		if (!key_type_has_algorithm(key_type(k), &alg)) {
			require(key_sign(k, &alg, data, &b) ==
			    SSHTAP_ERR_UNSUPPORTED && b.len == 0);
			continue;
		}
		/* libcrypto may dislike numbers that make no sense. */
		if (key_sign(k, &alg, data, &b) != 0)
			continue;
		signature = buf_view(&b);
		require(key_type(k) == KEY_RSA ||
		    key_verify(k, &alg, &signature, data) == 0);
	}
	buf_clear(&b);
}

static void
try_private(struct view *v)
{
	struct view data = fuzz_piece(v), whole = *v;
	struct key *k = NULL;

	if (key_from_private_fields(v, &k) != 0) {
		require(k == NULL);
		return;
	}
	require(fuzz_is_inside(v, &whole) && key_is_private(k));
	check_key(k);
	check_sign(k, &data);
	key_free(k);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size);

	switch (fuzz_u8(&v) % 3) {
	case 0:
		try_public(&v);
		break;
	case 1:
		try_certificate(&v);
		break;
	default:
		try_private(&v);
		break;
	}
	return 0;
}
