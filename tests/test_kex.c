/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Key exchange: published vectors for X25519, K in its two encodings, the
 * exchange hash and the derived keys against values computed elsewhere, and
 * everything a peer can send instead of a good public value.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "transport/kex.h"

#define MLKEM_PUBLIC	1184	/* FIPS 203 table 3 */
#define MLKEM_CIPHER	1088

static size_t
unhex(const char *hex, uint8_t *out)
{
	char pair[3] = { 0 };
	size_t i, len = strlen(hex) / 2;

	for (i = 0; i < len; i++) {
		memcpy(pair, hex + 2 * i, 2);
		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return len;
}

static void
assert_hex(const uint8_t *p, const char *hex)
{
	uint8_t want[256];
	size_t len = unhex(hex, want);

	assert_memory_equal(p, want, len);
}

static void
assert_x25519(const char *priv, const char *pub, const char *want)
{
	uint8_t k[32], u[32], out[32];

	unhex(priv, k);
	unhex(pub, u);
	assert_int_equal(kex_x25519_shared(k, u, out), 0);
	assert_hex(out, want);
}

static void
test_x25519_vectors(void **state)
{
	static const char alice[] =
	    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
	static const char bob[] =
	    "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
	static const char alice_pub[] =
	    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
	static const char bob_pub[] =
	    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
	static const char shared[] =
	    "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
	static const char nine[] =
	    "0900000000000000000000000000000000000000000000000000000000000000";

	(void)state;
	/* RFC 7748 section 5.2 */
	assert_x25519(
	    "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
	    "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
	    "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
	assert_x25519(
	    "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
	    "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
	    "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
	/* RFC 7748 section 6.1 */
	assert_x25519(alice, nine, alice_pub);
	assert_x25519(bob, nine, bob_pub);
	assert_x25519(alice, bob_pub, shared);
	assert_x25519(bob, alice_pub, shared);
}

/* RFC 7748 section 5.2: the same step a thousand times. */
static void
test_x25519_iterated(void **state)
{
	uint8_t k[32] = { 9 }, u[32] = { 9 }, out[32];
	int i;

	(void)state;
	for (i = 1; i <= 1000; i++) {
		assert_int_equal(kex_x25519_shared(k, u, out), 0);
		memcpy(u, k, 32);
		memcpy(k, out, 32);
		if (i == 1)
			assert_hex(k, "422c8e7a6227d7bca1350b3e2bb7279f"
			    "7897b87bb6854b783c60e80311ae3079");
	}
	assert_hex(k, "684cf59ba83309552800ef566f2f4d3c"
	    "1c3887c49360e3875f2eb94d99532c51");
}

static void
test_x25519_generate(void **state)
{
	const uint8_t nine[32] = { 9 };
	uint8_t priv1[32], priv2[32], pub1[32], pub2[32], out[32];

	(void)state;
	assert_int_equal(kex_x25519_generate(priv1, pub1), 0);
	assert_int_equal(kex_x25519_generate(priv2, pub2), 0);
	assert_memory_not_equal(priv1, priv2, 32);
	assert_memory_not_equal(pub1, pub2, 32);
	assert_int_equal(kex_x25519_shared(priv1, nine, out), 0);
	assert_memory_equal(out, pub1, 32);
}

/*
 * Public values of order 1, 2, 4 and 8, and other spellings of them, from
 * the list at https://cr.yp.to/ecdh.html: all give zero.
 */
static const char *const small_order[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

#define SMALL_COUNT	(sizeof(small_order) / sizeof(small_order[0]))

static void
test_all_zero_result_is_refused(void **state)
{
	const struct kex_method *m = &kex_curve25519;
	uint8_t priv[32], pub[32], u[32] = { 0 }, out[32];
	struct kex_secret *s;
	struct buf q, k;
	struct view v = view_of(u, sizeof(u));
	size_t i;

	(void)state;
	buf_init(&q, KEX_PUBLIC_MAX);
	buf_init(&k, KEX_SECRET_MAX);
	assert_int_equal(kex_x25519_generate(priv, pub), 0);
	assert_int_equal(m->start(&s, &q), 0);
	buf_reset(&q);
	for (i = 0; i < SMALL_COUNT; i++) {
		unhex(small_order[i], u);
		assert_int_equal(kex_x25519_shared(priv, u, out),
		    SSHTAP_ERR_PROTOCOL);
		assert_int_equal(m->finish(s, &v, &k), SSHTAP_ERR_PROTOCOL);
		assert_int_equal(m->answer(&v, &q, &k), SSHTAP_ERR_PROTOCOL);
		assert_int_equal(buf_view(&k).len, 0);
		assert_int_equal(buf_view(&q).len, 0);
	}
	m->free(s);
	buf_clear(&q);
	buf_clear(&k);
}

/* Every length but the right one. */
static void
check_wrong_lengths(const struct kex_method *m, size_t q_c_len,
    size_t q_s_len)
{
	uint8_t *p = malloc(KEX_PUBLIC_MAX + 2);
	struct kex_secret *s;
	struct buf q, k;
	struct view v;
	size_t len;

	assert_non_null(p);
	memset(p, 9, KEX_PUBLIC_MAX + 2);
	buf_init(&q, KEX_PUBLIC_MAX);
	buf_init(&k, KEX_SECRET_MAX);
	assert_int_equal(m->start(&s, &q), 0);
	assert_int_equal(buf_view(&q).len, q_c_len);
	buf_reset(&q);
	for (len = 0; len <= KEX_PUBLIC_MAX + 2; len++) {
		v = view_of(p, len);
		if (len != q_s_len)
			assert_int_equal(m->finish(s, &v, &k),
			    SSHTAP_ERR_PROTOCOL);
		if (len != q_c_len)
			assert_int_equal(m->answer(&v, &q, &k),
			    SSHTAP_ERR_PROTOCOL);
	}
	assert_int_equal(buf_view(&k).len, 0);
	assert_int_equal(buf_view(&q).len, 0);
	m->free(s);
	m->free(NULL);
	buf_clear(&q);
	buf_clear(&k);
	free(p);
}

static void
test_curve25519_wrong_lengths(void **state)
{
	(void)state;
	check_wrong_lengths(&kex_curve25519, 32, 32);
}

/* Both sides of a method; K is left in k for a look. */
static void
check_agreement(const struct kex_method *m, size_t q_s_len, struct buf *k)
{
	struct kex_secret *s;
	struct buf q_c, q_s, k_server;
	struct view v;

	buf_init(&q_c, KEX_PUBLIC_MAX);
	buf_init(&q_s, KEX_PUBLIC_MAX);
	buf_init(&k_server, KEX_SECRET_MAX);
	assert_int_equal(m->start(&s, &q_c), 0);
	v = buf_view(&q_c);
	assert_int_equal(m->answer(&v, &q_s, &k_server), 0);
	v = buf_view(&q_s);
	assert_int_equal(v.len, q_s_len);
	assert_int_equal(m->finish(s, &v, k), 0);
	assert_int_equal(buf_view(k).len, buf_view(&k_server).len);
	assert_memory_equal(buf_view(k).p, buf_view(&k_server).p,
	    buf_view(k).len);
	m->free(s);
	buf_clear(&q_c);
	buf_clear(&q_s);
	buf_clear(&k_server);
}

static void
test_curve25519_agrees(void **state)
{
	struct view k_view, magnitude;
	struct buf k;
	int i;

	(void)state;
	buf_init(&k, KEX_SECRET_MAX);
	for (i = 0; i < 100; i++) {
		check_agreement(&kex_curve25519, 32, &k);
		k_view = buf_view(&k);
		assert_int_equal(view_get_mpint(&k_view, &magnitude), 0);
		assert_int_equal(view_end(&k_view), 0);
		buf_reset(&k);
	}
	buf_clear(&k);
}

/* RFC 4251 section 5, spelled out for 32 bytes. */
static size_t
encode_mpint(const uint8_t x[32], uint8_t *out)
{
	size_t skip = 0, sign;

	while (skip < 32 && x[skip] == 0)
		skip++;
	sign = skip < 32 && x[skip] >= 0x80;
	put_be32(out, (uint32_t)(32 - skip + sign));
	out[4] = 0;
	memcpy(out + 4 + sign, x + skip, 32 - skip);
	return 4 + sign + 32 - skip;
}

/*
 * RFC 8731 section 3.1: exchanges until each shape of K has come by: plain,
 * top bit set, leading zero byte.  The chance to miss one is below 2^-50.
 */
static void
test_curve25519_shapes_of_k(void **state)
{
	uint8_t priv[32], pub[32] = { 0 }, shared[32], want[64];
	struct view q_c = view_of(pub, 32), k_view;
	bool saw_plain = false, saw_top = false, saw_zero = false;
	struct buf q_s, k;
	size_t len;
	int i;

	(void)state;
	buf_init(&q_s, KEX_PUBLIC_MAX);
	buf_init(&k, KEX_SECRET_MAX);
	assert_int_equal(kex_x25519_generate(priv, pub), 0);
	for (i = 0; i < 10000 && !(saw_plain && saw_top && saw_zero); i++) {
		assert_int_equal(kex_curve25519.answer(&q_c, &q_s, &k), 0);
		assert_int_equal(kex_x25519_shared(priv, buf_view(&q_s).p,
		    shared), 0);
		len = encode_mpint(shared, want);
		k_view = buf_view(&k);
		assert_int_equal(k_view.len, len);
		assert_memory_equal(k_view.p, want, len);
		saw_zero = saw_zero || shared[0] == 0;
		saw_top = saw_top || shared[0] >= 0x80;
		saw_plain = saw_plain || (shared[0] > 0 && shared[0] < 0x80);
		buf_reset(&q_s);
		buf_reset(&k);
	}
	assert_true(saw_plain && saw_top && saw_zero);
	buf_clear(&q_s);
	buf_clear(&k);
}

/*
 * The same transcript and keys were computed with Python's hashlib straight
 * from RFC 4253 section 7.2 and RFC 8731 section 3.1.
 */
static const uint8_t k_mpint[] =
    "\0\0\0\x21\0\x80\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33"
    "\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33\x33";

#define TRANSCRIPT_HASH \
	"ab7aec18a2a4154772a82d760f9757043fad444479ee23c3e685886eca147078"

static void
test_exchange_hash(void **state)
{
	uint8_t i_c[41] = { 20 }, i_s[61] = { 20 }, k_s[51], q_c[32], q_s[32];
	uint8_t k_string[36], h[KEX_HASH_SIZE];
	struct kex_transcript t;
	int i;

	(void)state;
	for (i = 0; i < 40; i++)
		i_c[1 + i] = (uint8_t)i;
	for (i = 0; i < 60; i++)
		i_s[1 + i] = (uint8_t)(100 + i);
	memset(k_s, 7, sizeof(k_s));
	memcpy(k_s, "\0\0\0\x0bssh-ed25519\0\0\0\x20", 19);
	memset(q_c, 0x11, sizeof(q_c));
	memset(q_s, 0x22, sizeof(q_s));
	t.v_c = view_of_string("SSH-2.0-sshtap_test");
	t.v_s = view_of_string("SSH-2.0-OpenSSH_9.2p1 Debian-2");
	t.i_c = view_of(i_c, sizeof(i_c));
	t.i_s = view_of(i_s, sizeof(i_s));
	t.k_s = view_of(k_s, sizeof(k_s));
	t.q_c = view_of(q_c, sizeof(q_c));
	t.q_s = view_of(q_s, sizeof(q_s));
	t.k = view_of(k_mpint, sizeof(k_mpint) - 1);
	assert_int_equal(kex_hash(&t, h), 0);
	assert_hex(h, TRANSCRIPT_HASH);
	/* The other encoding of the same 32 bytes gives another hash. */
	put_be32(k_string, 32);
	memcpy(k_string + 4, k_mpint + 5, 32);
	t.k = view_of(k_string, sizeof(k_string));
	assert_int_equal(kex_hash(&t, h), 0);
	assert_hex(h, "b91e49c903af8b9a0c3d341eea63f1c5"
	    "4d3765e810cef2c6568d63c5e7136f6c");
}

static void
test_derived_keys(void **state)
{
	static const struct {
		char letter;
		const char *hex;
	} keys[] = {
		{ 'A', "a5ae502f2759dc34198f416a60b1a008fcba61a66a90df4f" },
		{ 'B', "8b3eec93aabdfcb18b47e6f66291194c179ea1e23694864d" },
		{ 'C', "042e827f677f0d0e2accbbed132338142df7f7ee228bb559"
		    "201fc27814c93566c2ec8c813c1a96cf200041fa754a7e2f22a4ce01"
		    "8fc67fecbe4e90eb7360df3937b994b4c03dcd916e407da5562e8797"
		    "909ae0379d7d437a71c2d5bfe0c74a8394d66ad3" },
		{ 'D', "f95ad58120617ef3df09ed83bc7c2ab473b54ac06760648f"
		    "100296021b03a64f71da983ee2269822cf08205767de00a577220d00"
		    "432c6b329a081a30cc8aea6ffb1fbb8214efc57a732b2d306d31ea15"
		    "760e07c2d25e0993fd57700fab9a4ecf0836f1b8" },
		{ 'E', "9727e80d7dbb2ddfef816ba6ee5f92a2a60581c71c6e0667" },
		{ 'F', "ed57dffd221083a2a7ecee225cc0986c666b99f557d84e0f" },
	};
	uint8_t h[KEX_HASH_SIZE], sid[KEX_HASH_SIZE], out[101], want[100];
	struct view k = view_of(k_mpint, sizeof(k_mpint) - 1);
	struct view session_id = view_of(sid, sizeof(sid));
	size_t i, len, max;

	(void)state;
	unhex(TRANSCRIPT_HASH, h);
	for (i = 0; i < sizeof(sid); i++)
		sid[i] = (uint8_t)i;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		max = unhex(keys[i].hex, want);
		for (len = 0; len <= max; len++) {
			memset(out, 0xaa, sizeof(out));
			assert_int_equal(kex_derive(&k, h, &session_id,
			    keys[i].letter, out, len), 0);
			assert_memory_equal(out, want, len);
			assert_int_equal(out[len], 0xaa);
		}
	}
}

static bool
has_mlkem(void)
{
	if (kex_mlkem768x25519.is_available())
		return true;
	print_message("this libcrypto (%s) has no ML-KEM-768\n",
	    OpenSSL_version(OPENSSL_VERSION));
	return false;
}

static void
test_names_follow_what_libcrypto_has(void **state)
{
	bool has = kex_mlkem768x25519.is_available();
	struct view list;
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(kex_default_list(&out), 0);
	list = buf_view(&out);
	assert_true(view_is(&list, has ?
	    "mlkem768x25519-sha256,curve25519-sha256,"
	    "curve25519-sha256@libssh.org" :
	    "curve25519-sha256,curve25519-sha256@libssh.org"));
	buf_clear(&out);
	assert_ptr_equal(kex_find("mlkem768x25519-sha256"),
	    has ? &kex_mlkem768x25519 : NULL);
	assert_ptr_equal(kex_find("curve25519-sha256"), &kex_curve25519);
	assert_ptr_equal(kex_find("curve25519-sha256@libssh.org"),
	    &kex_curve25519);
	assert_null(kex_find(""));
	assert_null(kex_find("curve25519-sha25"));
	assert_null(kex_find("ext-info-c"));
	assert_null(kex_find("diffie-hellman-group14-sha256"));
}

/* And asking leaves nothing behind for a later look at the error queue. */
static void
test_probe_tells_the_truth(void **state)
{
	EVP_PKEY *key;
	bool has;

	(void)state;
	ERR_clear_error();
	has = kex_mlkem768x25519.is_available();
	assert_int_equal(ERR_peek_error(), 0);
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ML-KEM-768");
	assert_int_equal(key != NULL, has);
	EVP_PKEY_free(key);
	ERR_clear_error();
}

static void
test_mlkem_agrees(void **state)
{
	struct view v;
	struct buf k;
	int i;

	(void)state;
	if (!has_mlkem())
		skip();
	buf_init(&k, KEX_SECRET_MAX);
	for (i = 0; i < 50; i++) {
		check_agreement(&kex_mlkem768x25519, MLKEM_CIPHER + 32, &k);
		v = buf_view(&k);
		/* A string of 32 bytes, whatever the first of them is. */
		assert_int_equal(v.len, 36);
		assert_int_equal(get_be32(v.p), 32);
		buf_reset(&k);
	}
	buf_clear(&k);
}

static void
test_mlkem_wrong_lengths(void **state)
{
	(void)state;
	if (!has_mlkem())
		skip();
	check_wrong_lengths(&kex_mlkem768x25519, MLKEM_PUBLIC + 32,
	    MLKEM_CIPHER + 32);
}

/* A server written from the draft's text: K = SHA-256(K_pq || K_cl). */
static void
answer_by_hand(const struct view *q_c, uint8_t *q_s, uint8_t k[36])
{
	uint8_t pub[MLKEM_PUBLIC], secrets[64], priv[32];
	size_t ct_len = MLKEM_CIPHER, len = 32;
	OSSL_PARAM params[2];
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *key = NULL;

	memcpy(pub, q_c->p, sizeof(pub));
	params[0] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
	    pub, sizeof(pub));
	params[1] = OSSL_PARAM_construct_end();
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "ML-KEM-768", NULL);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY,
	    params), 1);
	EVP_PKEY_CTX_free(ctx);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	assert_int_equal(EVP_PKEY_encapsulate_init(ctx, NULL), 1);
	assert_int_equal(EVP_PKEY_encapsulate(ctx, q_s, &ct_len, secrets,
	    &len), 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	assert_int_equal(kex_x25519_generate(priv, q_s + MLKEM_CIPHER), 0);
	assert_int_equal(kex_x25519_shared(priv, q_c->p + MLKEM_PUBLIC,
	    secrets + 32), 0);
	put_be32(k, 32);
	assert_int_equal(EVP_Digest(secrets, 64, k + 4, NULL, EVP_sha256(),
	    NULL), 1);
}

static void
test_mlkem_against_a_second_server(void **state)
{
	uint8_t q_s[MLKEM_CIPHER + 32] = { 0 }, want[36];
	struct view v, q_s_view = view_of(q_s, sizeof(q_s));
	struct kex_secret *s;
	struct buf q_c, k;

	(void)state;
	if (!has_mlkem())
		skip();
	buf_init(&q_c, KEX_PUBLIC_MAX);
	buf_init(&k, KEX_SECRET_MAX);
	assert_int_equal(kex_mlkem768x25519.start(&s, &q_c), 0);
	v = buf_view(&q_c);
	answer_by_hand(&v, q_s, want);
	assert_int_equal(kex_mlkem768x25519.finish(s, &q_s_view, &k), 0);
	v = buf_view(&k);
	assert_int_equal(v.len, sizeof(want));
	assert_memory_equal(v.p, want, sizeof(want));
	/* FIPS 203: a changed ciphertext gives a secret nobody shares. */
	buf_reset(&k);
	q_s[100] ^= 1;
	assert_int_equal(kex_mlkem768x25519.finish(s, &q_s_view, &k), 0);
	assert_memory_not_equal(buf_view(&k).p, want, sizeof(want));
	/* An X25519 half of zero is refused here as well. */
	buf_reset(&k);
	memset(q_s + MLKEM_CIPHER, 0, 32);
	assert_int_equal(kex_mlkem768x25519.finish(s, &q_s_view, &k),
	    SSHTAP_ERR_PROTOCOL);
	assert_int_equal(buf_view(&k).len, 0);
	kex_mlkem768x25519.free(s);
	buf_clear(&q_c);
	buf_clear(&k);
}

/* FIPS 203 section 7.2: a coefficient over the modulus; zero as X25519. */
static void
test_mlkem_server_checks_the_client(void **state)
{
	struct kex_secret *s;
	struct buf q_c, q_s, k;
	uint8_t bad[MLKEM_PUBLIC + 32] = { 0 };
	struct view v = view_of(bad, sizeof(bad));

	(void)state;
	if (!has_mlkem())
		skip();
	buf_init(&q_c, KEX_PUBLIC_MAX);
	buf_init(&q_s, KEX_PUBLIC_MAX);
	buf_init(&k, KEX_SECRET_MAX);
	assert_int_equal(kex_mlkem768x25519.start(&s, &q_c), 0);
	memcpy(bad, buf_view(&q_c).p, sizeof(bad));
	bad[0] = 0xff;
	bad[1] |= 0x0f;
	assert_int_equal(kex_mlkem768x25519.answer(&v, &q_s, &k),
	    SSHTAP_ERR_PROTOCOL);
	memcpy(bad, buf_view(&q_c).p, sizeof(bad));
	memset(bad + MLKEM_PUBLIC, 0, 32);
	assert_int_equal(kex_mlkem768x25519.answer(&v, &q_s, &k),
	    SSHTAP_ERR_PROTOCOL);
	assert_int_equal(buf_view(&q_s).len, 0);
	assert_int_equal(buf_view(&k).len, 0);
	kex_mlkem768x25519.free(s);
	buf_clear(&q_c);
	buf_clear(&q_s);
	buf_clear(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe_tells_the_truth),
		cmocka_unit_test(test_x25519_vectors),
		cmocka_unit_test(test_x25519_iterated),
		cmocka_unit_test(test_x25519_generate),
		cmocka_unit_test(test_all_zero_result_is_refused),
		cmocka_unit_test(test_curve25519_wrong_lengths),
		cmocka_unit_test(test_curve25519_agrees),
		cmocka_unit_test(test_curve25519_shapes_of_k),
		cmocka_unit_test(test_exchange_hash),
		cmocka_unit_test(test_derived_keys),
		cmocka_unit_test(test_names_follow_what_libcrypto_has),
		cmocka_unit_test(test_mlkem_agrees),
		cmocka_unit_test(test_mlkem_wrong_lengths),
		cmocka_unit_test(test_mlkem_against_a_second_server),
		cmocka_unit_test(test_mlkem_server_checks_the_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
