/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Signatures: published vectors (RFC 8032, RFC 6979), signatures made by
 * ssh-keygen, round trips, and what differs from them in one place.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/key_util.h"
#include "transport/key.h"

static int
verify_result(const struct key *k, const char *alg,
    const struct view *signature, const char *text)
{
	struct view copy = exact(signature, signature->len);
	struct view a = view_of_string(alg), data = view_of_string(text);
	int r;

	r = key_verify(k, &a, &copy, &data);
	drop(copy);
	return r;
}

static void
sign(const struct key *k, const char *alg, const char *text, struct buf *out)
{
	struct view a = view_of_string(alg), data = view_of_string(text);

	assert_int_equal(key_sign(k, &a, &data, out), 0);
}

static void
test_sha1_is_no_algorithm(void **state)
{
	struct view sha1 = view_of_string("ssh-rsa");
	struct view data = view_of_string("x"), none = view_of(NULL, 0);
	struct key *k = load_key("rsa");
	struct buf out;

	(void)state;
	buf_init(&out, KEY_SIGNATURE_MAX);
	assert_false(key_type_has_algorithm(KEY_RSA, &sha1));
	assert_int_equal(key_sign(k, &sha1, &data, &out),
	    SSHTAP_ERR_UNSUPPORTED);
	assert_int_equal(key_verify(k, &sha1, &none, &data),
	    SSHTAP_ERR_UNSUPPORTED);
	assert_int_equal(out.len, 0);
	buf_clear(&out);
	key_free(k);
}

/* Good, then wrong in the text, in each part, and in length. */
static void
check_round_trip(const struct key *k, const char *alg)
{
	struct key *public = public_of(k);
	struct buf out;
	struct view v;
	size_t i;
	int r;

	buf_init(&out, KEY_SIGNATURE_MAX);
	sign(k, alg, "message", &out);
	v = buf_view(&out);
	assert_int_equal(verify_result(public, alg, &v, "message"), 0);
	assert_int_equal(verify_result(k, alg, &v, "message"), 0);
	assert_int_equal(verify_result(k, alg, &v, "massage"),
	    SSHTAP_ERR_SIGNATURE);
	assert_int_equal(verify_result(k, alg, &v, ""),
	    SSHTAP_ERR_SIGNATURE);
	for (i = 0; i < v.len; i++) {
		struct view part = { v.p, i };
		uint8_t *p;

		assert_int_equal(verify_result(public, alg, &part, "message"),
		    SSHTAP_ERR_TRUNCATED);
		memcpy(&p, &v.p, sizeof(p));
		p[i] ^= 1;
		r = verify_result(public, alg, &v, "message");
		assert_true(r < 0);
		p[i] ^= 1;
	}
	assert_int_equal(buf_put_u8(&out, 0), 0);
	v = buf_view(&out);
	assert_int_equal(verify_result(public, alg, &v, "message"),
	    SSHTAP_ERR_TRAILING);
	buf_clear(&out);
	key_free(public);
}

static void
test_sign_and_verify(void **state)
{
	unsigned i, j;

	(void)state;
	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		struct key *k = load_key(key_file_names[i]);

		assert_true(key_is_private(k));
		assert_int_equal(key_type(k), i);
		assert_string_equal(key_type_name(k), key_type_names[i]);
		for (j = 0; j < 2 && key_algorithm_names[i][j] != NULL; j++)
			check_round_trip(k, key_algorithm_names[i][j]);
		key_free(k);
	}
}

static void
test_generated_keys_work(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		struct view alg = view_of_string(key_algorithm_names[i][0]);
		struct view data = view_of_string("x"), v;
		struct key *k = NULL, *public, *other = NULL;
		struct buf out;

		buf_init(&out, KEY_SIGNATURE_MAX);
		assert_int_equal(key_generate((enum key_type)i, &k), 0);
		assert_true(key_is_private(k));
		public = public_of(k);
		assert_int_equal(key_sign(public, &alg, &data, &out),
		    SSHTAP_ERR_STATE);
		assert_int_equal(key_sign(k, &alg, &data, &out), 0);
		v = buf_view(&out);
		assert_int_equal(key_verify(public, &alg, &v, &data), 0);
		other = load_key(key_file_names[i]);
		assert_true(key_verify(other, &alg, &v, &data) < 0);
		key_free(other);
		key_free(public);
		key_free(k);
		buf_clear(&out);
	}
	assert_int_equal(key_generate(KEY_TYPE_COUNT, &(struct key *){ NULL }),
	    SSHTAP_ERR_ARGUMENT);
}

/* A signature that no room is left for leaves nothing. */
static void
test_sign_into_full_buffer(void **state)
{
	struct view alg = view_of_string("ssh-ed25519");
	struct view data = view_of_string("x");
	struct key *k = load_key("ed25519");
	struct buf out;

	(void)state;
	buf_init(&out, 4 + 11 + 4 + 64 - 1);
	assert_int_equal(key_sign(k, &alg, &data, &out), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(out.len, 0);
	buf_clear(&out);
	key_free(k);
}

static void
test_algorithm_must_be_the_agreed_one(void **state)
{
	struct key *rsa = load_key("rsa"), *ed = load_key("ed25519");
	struct buf out;
	struct view v;

	(void)state;
	buf_init(&out, KEY_SIGNATURE_MAX);
	sign(rsa, "rsa-sha2-256", "x", &out);
	v = buf_view(&out);
	assert_int_equal(verify_result(rsa, "rsa-sha2-512", &v, "x"),
	    SSHTAP_ERR_SIGNATURE);
	assert_int_equal(verify_result(rsa, "ssh-ed25519", &v, "x"),
	    SSHTAP_ERR_UNSUPPORTED);
	assert_int_equal(verify_result(ed, "rsa-sha2-256", &v, "x"),
	    SSHTAP_ERR_UNSUPPORTED);
	assert_int_equal(verify_result(ed, "ssh-ed25519", &v, "x"),
	    SSHTAP_ERR_SIGNATURE);
	buf_clear(&out);
	key_free(ed);
	key_free(rsa);
}

static void
test_rfc8032_vectors(void **state)
{
	struct view alg = view_of_string("ssh-ed25519"), v, blob, data;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct buf fields, public, message, wanted, out;
		struct key *k = NULL;

		buf_init(&fields, 1024);
		buf_init(&public, 1024);
		buf_init(&message, 1024);
		buf_init(&wanted, 1024);
		buf_init(&out, 1024);
		assert_int_equal(buf_put_cstring(&fields, "ssh-ed25519"), 0);
		assert_int_equal(buf_put_u32(&fields, 32), 0);
		put_hex(&fields, ed25519_vectors[i].public);
		assert_int_equal(buf_put_u32(&fields, 64), 0);
		put_hex(&fields, ed25519_vectors[i].seed);
		put_hex(&fields, ed25519_vectors[i].public);
		put_hex(&message, ed25519_vectors[i].message);
		assert_int_equal(buf_put_cstring(&wanted, "ssh-ed25519"), 0);
		assert_int_equal(buf_put_u32(&wanted, 64), 0);
		put_hex(&wanted, ed25519_vectors[i].signature);
		assert_int_equal(buf_put_cstring(&public, "ssh-ed25519"), 0);
		assert_int_equal(buf_put_u32(&public, 32), 0);
		put_hex(&public, ed25519_vectors[i].public);

		v = buf_view(&fields);
		assert_int_equal(key_from_private_fields(&v, &k), 0);
		assert_int_equal(v.len, 0);
		v = buf_view(&public);
		blob = key_blob(k);
		assert_true(view_equals(&blob, &v));
		data = buf_view(&message);
		assert_int_equal(key_sign(k, &alg, &data, &out), 0);
		v = buf_view(&out);
		blob = buf_view(&wanted);
		assert_true(view_equals(&v, &blob));
		assert_int_equal(key_verify(k, &alg, &blob, &data), 0);

		key_free(k);
		buf_clear(&out);
		buf_clear(&wanted);
		buf_clear(&message);
		buf_clear(&public);
		buf_clear(&fields);
	}
}

/* r and s as mpints, with these bytes behind them. */
static void
put_p256_signature(struct buf *b, const char *rr, const char *s,
    const char *tail)
{
	struct buf body;
	struct view v;

	buf_init(&body, 4096);
	put_hex_mpint(&body, rr);
	put_hex_mpint(&body, s);
	put_hex(&body, tail);
	v = buf_view(&body);
	assert_int_equal(buf_put_cstring(b, "ecdsa-sha2-nistp256"), 0);
	assert_int_equal(buf_put_string_view(b, &v), 0);
	buf_clear(&body);
}

static int
p256_result(const char *rr, const char *s, const char *tail)
{
	struct buf blob, signature;
	struct key *k = NULL;
	struct view v;
	int r;

	buf_init(&blob, 1024);
	buf_init(&signature, KEY_SIGNATURE_MAX);
	put_p256(&blob);
	v = buf_view(&blob);
	assert_int_equal(key_from_blob(&v, &k), 0);
	put_p256_signature(&signature, rr, s, tail);
	v = buf_view(&signature);
	r = verify_result(k, "ecdsa-sha2-nistp256", &v, "sample");
	key_free(k);
	buf_clear(&signature);
	buf_clear(&blob);
	return r;
}

static void
test_rfc6979_vector(void **state)
{
	(void)state;
	assert_int_equal(p256_result(P256_R, P256_S, ""), 0);
	assert_int_equal(p256_result(P256_S, P256_R, ""),
	    SSHTAP_ERR_SIGNATURE);
	assert_int_equal(p256_result(P256_R, P256_S, "00"),
	    SSHTAP_ERR_TRAILING);
	/* Zero, and one byte more than the curve has. */
	assert_int_equal(p256_result("", P256_S, ""), SSHTAP_ERR_FORMAT);
	assert_int_equal(p256_result(P256_R, "", ""), SSHTAP_ERR_FORMAT);
	assert_int_equal(p256_result("01" P256_R, P256_S, ""),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(p256_result(P256_R, "01" P256_S, ""),
	    SSHTAP_ERR_FORMAT);
}

static void
test_negative_r_is_refused(void **state)
{
	struct view alg = view_of_string("ecdsa-sha2-nistp256");
	struct view data = view_of_string("sample"), v;
	struct key *k = load_key("ecdsa");
	struct buf body, out;

	(void)state;
	buf_init(&body, 1024);
	buf_init(&out, 1024);
	/* As r of the vector without the zero byte that makes it positive. */
	assert_int_equal(buf_put_u32(&body, 32), 0);
	put_hex(&body, P256_R);
	put_hex_mpint(&body, P256_S);
	v = buf_view(&body);
	assert_int_equal(buf_put_cstring(&out, "ecdsa-sha2-nistp256"), 0);
	assert_int_equal(buf_put_string_view(&out, &v), 0);
	v = buf_view(&out);
	assert_int_equal(key_verify(k, &alg, &v, &data), SSHTAP_ERR_FORMAT);
	buf_clear(&out);
	buf_clear(&body);
	key_free(k);
}

/*
 * RSA signatures are deterministic, and one in 256 starts with a zero byte:
 * sign until one does, and take the byte away.
 */
static void
test_rsa_short_signature_is_padded(void **state)
{
	const size_t head = 4 + 12 + 4, size = 256;
	struct key *k = load_key("rsa");
	char text[32];
	struct buf out, cut;
	struct view v;
	unsigned i;

	(void)state;
	buf_init(&out, KEY_SIGNATURE_MAX);
	buf_init(&cut, KEY_SIGNATURE_MAX);
	for (i = 0; i < 10000; i++) {
		buf_reset(&out);
		(void)snprintf(text, sizeof(text), "message %u", i);
		sign(k, "rsa-sha2-256", text, &out);
		v = buf_view(&out);
		assert_int_equal(v.len, head + size);
		if (v.p[head] == 0)
			break;
	}
	assert_int_equal(v.p[head], 0);
	assert_int_equal(buf_put_cstring(&cut, "rsa-sha2-256"), 0);
	assert_int_equal(buf_put_string(&cut, v.p + head + 1, size - 1), 0);
	v = buf_view(&cut);
	assert_int_equal(verify_result(k, "rsa-sha2-256", &v, text), 0);
	assert_int_equal(verify_result(k, "rsa-sha2-256", &v, "x"),
	    SSHTAP_ERR_SIGNATURE);
	buf_clear(&cut);
	buf_clear(&out);
	key_free(k);
}

/* Longer than the modulus, though the number is the same; and empty. */
static void
test_rsa_signature_length(void **state)
{
	const size_t head = 4 + 12 + 4, size = 256;
	struct key *k = load_key("rsa");
	struct buf out, wide;
	struct view v;

	(void)state;
	buf_init(&out, KEY_SIGNATURE_MAX);
	buf_init(&wide, 2 * KEY_SIGNATURE_MAX);
	sign(k, "rsa-sha2-256", "x", &out);
	v = buf_view(&out);
	assert_int_equal(buf_put_cstring(&wide, "rsa-sha2-256"), 0);
	assert_int_equal(buf_put_u32(&wide, (uint32_t)size + 1), 0);
	assert_int_equal(buf_put_u8(&wide, 0), 0);
	assert_int_equal(buf_put(&wide, v.p + head, size), 0);
	v = buf_view(&wide);
	assert_int_equal(verify_result(k, "rsa-sha2-256", &v, "x"),
	    SSHTAP_ERR_SIGNATURE);
	buf_reset(&wide);
	assert_int_equal(buf_put_cstring(&wide, "rsa-sha2-256"), 0);
	assert_int_equal(buf_put_cstring(&wide, ""), 0);
	v = buf_view(&wide);
	assert_int_equal(verify_result(k, "rsa-sha2-256", &v, "x"),
	    SSHTAP_ERR_SIGNATURE);
	buf_clear(&wide);
	buf_clear(&out);
	key_free(k);
}

static void
test_signature_limit(void **state)
{
	struct key *k = load_key("ed25519");
	struct buf b;
	struct view v;
	uint8_t *p;

	(void)state;
	buf_init(&b, KEY_SIGNATURE_MAX + 1);
	sign(k, "ssh-ed25519", "x", &b);
	assert_int_equal(buf_put_space(&b, KEY_SIGNATURE_MAX - b.len, &p), 0);
	memset(p, 0, KEY_SIGNATURE_MAX - (size_t)(p - b.base));
	v = buf_view(&b);
	assert_int_equal(verify_result(k, "ssh-ed25519", &v, "x"),
	    SSHTAP_ERR_TRAILING);
	assert_int_equal(buf_put_u8(&b, 0), 0);
	v = buf_view(&b);
	assert_int_equal(verify_result(k, "ssh-ed25519", &v, "x"),
	    SSHTAP_ERR_TOO_BIG);
	buf_clear(&b);
	key_free(k);
}

/* What an SSHSIG signature is made of: OpenSSH PROTOCOL.sshsig section 3. */
static void
put_sshsig_data(struct buf *b, const char *message)
{
	uint8_t digest[64];
	size_t len;

	assert_int_equal(EVP_Q_digest(NULL, "SHA512", NULL, message,
	    strlen(message), digest, &len), 1);
	assert_int_equal(buf_put(b, "SSHSIG", 6), 0);
	assert_int_equal(buf_put_cstring(b, "sshtap-test"), 0);
	assert_int_equal(buf_put_cstring(b, ""), 0);
	assert_int_equal(buf_put_cstring(b, "sha512"), 0);
	assert_int_equal(buf_put_string(b, digest, len), 0);
}

/* Signatures that ssh-keygen made. */
static void
test_signatures_of_openssh(void **state)
{
	unsigned t, i;

	(void)state;
	for (t = 0; t < KEY_TYPE_COUNT; t++) {
		struct view alg = view_of_string(key_algorithm_names[t][0]);
		struct view v, blob, skipped, signature, data;
		struct key *k = NULL;
		struct buf file, signed_data;

		buf_init(&file, TEST_FILE_MAX);
		buf_init(&signed_data, 1024);
		decode_armour(key_file_names[t], ".sshsig", &file);
		v = buf_view(&file);
		assert_int_equal(view_get_bytes(&v, 6 + 4, &skipped), 0);
		assert_int_equal(view_get_string(&v, &blob), 0);
		for (i = 0; i < 3; i++)
			assert_int_equal(view_get_string(&v, &skipped), 0);
		assert_int_equal(view_get_string(&v, &signature), 0);
		assert_int_equal(key_from_blob(&blob, &k), 0);
		put_sshsig_data(&signed_data, "sshtap test message");
		data = buf_view(&signed_data);
		assert_int_equal(key_verify(k, &alg, &signature, &data), 0);
		data.len--;
		assert_int_equal(key_verify(k, &alg, &signature, &data),
		    SSHTAP_ERR_SIGNATURE);
		key_free(k);
		buf_clear(&signed_data);
		buf_clear(&file);
	}
}

/* libcrypto's memory: the n-th piece from now on is not there. */
static unsigned long pieces_left;

static bool
is_used_up(void)
{
	return pieces_left > 0 && --pieces_left == 0;
}

static void *
take_piece(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return is_used_up() ? NULL : malloc(size);
}

static void *
resize_piece(void *p, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return is_used_up() ? NULL : realloc(p, size);
}

static void
give_back_piece(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/* It may say that there is none when there is; never the other way round. */
static void
test_sign_without_memory(void **state)
{
	struct view data = view_of_string("text"), v;
	unsigned long n;
	unsigned t, failures = 0;
	struct buf out;
	int r;

	(void)state;
	buf_init(&out, KEY_SIGNATURE_MAX);
	for (t = 0; t < KEY_TYPE_COUNT; t++) {
		struct view alg = view_of_string(key_algorithm_names[t][0]);
		struct key *k = load_key(key_file_names[t]);

		assert_int_equal(key_sign(k, &alg, &data, &out), 0);
		for (n = 1; n < 1000; n++) {
			buf_reset(&out);
			pieces_left = n;
			r = key_sign(k, &alg, &data, &out);
			if (pieces_left > 0)
				break;
			v = buf_view(&out);
			failures += r != 0;
			assert_true(r != 0 ? v.len == 0 :
			    key_verify(k, &alg, &v, &data) == 0);
		}
		assert_true(n < 1000);
		pieces_left = 0;
		key_free(k);
	}
	assert_true(failures > KEY_TYPE_COUNT);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha1_is_no_algorithm),
		cmocka_unit_test(test_sign_and_verify),
		cmocka_unit_test(test_generated_keys_work),
		cmocka_unit_test(test_sign_into_full_buffer),
		cmocka_unit_test(test_algorithm_must_be_the_agreed_one),
		cmocka_unit_test(test_rfc8032_vectors),
		cmocka_unit_test(test_rfc6979_vector),
		cmocka_unit_test(test_negative_r_is_refused),
		cmocka_unit_test(test_rsa_short_signature_is_padded),
		cmocka_unit_test(test_rsa_signature_length),
		cmocka_unit_test(test_signature_limit),
		cmocka_unit_test(test_signatures_of_openssh),
		cmocka_unit_test(test_sign_without_memory),
	};

	/* Before it has allocated anything. */
	if (CRYPTO_set_mem_functions(take_piece, resize_piece,
	    give_back_piece) != 1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
