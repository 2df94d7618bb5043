/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * mlkem768x25519-sha256 (draft-ietf-sshm-mlkem-hybrid-kex): ML-KEM-768 and
 * X25519 side by side, safe as long as either holds.  The client sends an
 * encapsulation key and an X25519 value, the server a ciphertext and an
 * X25519 value, always ML-KEM's part first and all of fixed length.
 *
 *	K = SHA-256(secret of ML-KEM || secret of X25519)
 *
 * encoded as a string of 32 bytes, never as an mpint; neither secret is
 * trimmed before it is hashed.
 *
 * libcrypto has ML-KEM from OpenSSL 3.5 on.  Everything here goes by name, so
 * that one binary built against 3.0 finds out at run time; the answer is kept
 * because a failed fetch is not cheap.
 *
 * A ciphertext that was tampered with does not fail: FIPS 203 makes the
 * decapsulation return a secret nobody knows, and the exchange then ends at
 * the server's signature.
 */

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "transport/kex.h"

#define MLKEM_NAME		"ML-KEM-768"

/* FIPS 203 table 3. */
#define MLKEM_PUBLIC_SIZE	1184
#define MLKEM_CIPHERTEXT_SIZE	1088
#define MLKEM_SECRET_SIZE	32

#define Q_C_SIZE	(MLKEM_PUBLIC_SIZE + KEX_X25519_SIZE)
#define Q_S_SIZE	(MLKEM_CIPHERTEXT_SIZE + KEX_X25519_SIZE)

struct kex_secret {
	EVP_PKEY *mlkem;
	uint8_t priv[KEX_X25519_SIZE];
};

/* The two secrets as they enter the hash. */
struct halves {
	uint8_t mlkem[MLKEM_SECRET_SIZE];
	uint8_t x25519[KEX_X25519_SIZE];
};

static bool
probe_mlkem(void)
{
	EVP_PKEY_CTX *ctx;
	EVP_KEM *kem;
	bool found;

	/* That it is missing is an answer, not an error to leave behind. */
	(void)ERR_set_mark();
	ctx = EVP_PKEY_CTX_new_from_name(NULL, MLKEM_NAME, NULL);
	kem = EVP_KEM_fetch(NULL, MLKEM_NAME, NULL);
	found = ctx != NULL && kem != NULL;
	EVP_PKEY_CTX_free(ctx);
	EVP_KEM_free(kem);
	(void)ERR_pop_to_mark();
	return found;
}

static bool
is_available_mlkem(void)
{
	static bool is_known, is_there;

	if (!is_known) {
		is_there = probe_mlkem();
		is_known = true;
	}
	return is_there;
}

static int
put_k(const struct halves *both, struct buf *k)
{
	uint8_t joined[MLKEM_SECRET_SIZE + KEX_X25519_SIZE];
	uint8_t hash[KEX_HASH_SIZE];
	int r = SSHTAP_ERR_CRYPTO;

	memcpy(joined, both->mlkem, MLKEM_SECRET_SIZE);
	memcpy(joined + MLKEM_SECRET_SIZE, both->x25519, KEX_X25519_SIZE);
	if (EVP_Digest(joined, sizeof(joined), hash, NULL, EVP_sha256(),
	    NULL) == 1)
		r = buf_put_string(k, hash, sizeof(hash));
	OPENSSL_cleanse(joined, sizeof(joined));
	OPENSSL_cleanse(hash, sizeof(hash));
	return r;
}

static void
free_secret(struct kex_secret *s)
{
	if (s == NULL)
		return;
	EVP_PKEY_free(s->mlkem);
	OPENSSL_cleanse(s, sizeof(*s));
	free(s);
}

/* Generate both pairs and write the public halves where they belong. */
static int
make_pairs(struct kex_secret *s, uint8_t *q_c)
{
	size_t len;

	if ((s->mlkem = EVP_PKEY_Q_keygen(NULL, NULL, MLKEM_NAME)) == NULL ||
	    EVP_PKEY_get_octet_string_param(s->mlkem, OSSL_PKEY_PARAM_PUB_KEY,
	    q_c, MLKEM_PUBLIC_SIZE, &len) != 1 || len != MLKEM_PUBLIC_SIZE)
		return SSHTAP_ERR_CRYPTO;
	return kex_x25519_generate(s->priv, q_c + MLKEM_PUBLIC_SIZE);
}

static int
start_mlkem(struct kex_secret **sp, struct buf *q_c)
{
	uint8_t pub[Q_C_SIZE];
	struct kex_secret *s;
	int r;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return SSHTAP_ERR_ALLOC;
	if ((r = make_pairs(s, pub)) != 0 ||
	    (r = buf_put(q_c, pub, sizeof(pub))) != 0)
		goto out;
	*sp = s;
	s = NULL;
 out:
	free_secret(s);
	return r;
}

static int
decapsulate(EVP_PKEY *key, const uint8_t *ciphertext, uint8_t *secret)
{
	size_t len = MLKEM_SECRET_SIZE;
	EVP_PKEY_CTX *ctx;
	int r = SSHTAP_ERR_CRYPTO;

	if ((ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL)) != NULL &&
	    EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
	    EVP_PKEY_decapsulate(ctx, secret, &len, ciphertext,
	    MLKEM_CIPHERTEXT_SIZE) == 1 && len == MLKEM_SECRET_SIZE)
		r = 0;
	EVP_PKEY_CTX_free(ctx);
	return r;
}

static int
finish_mlkem(struct kex_secret *s, const struct view *q_s, struct buf *k)
{
	struct halves both;
	int r;

	if (q_s->len != Q_S_SIZE)
		return SSHTAP_ERR_PROTOCOL;
	if ((r = decapsulate(s->mlkem, q_s->p, both.mlkem)) != 0 ||
	    (r = kex_x25519_shared(s->priv, q_s->p + MLKEM_CIPHERTEXT_SIZE,
	    both.x25519)) != 0 ||
	    (r = put_k(&both, k)) != 0)
		goto out;
 out:
	OPENSSL_cleanse(&both, sizeof(both));
	return r;
}

static int
encapsulate(EVP_PKEY *peer, uint8_t *ciphertext, uint8_t *secret)
{
	size_t len = MLKEM_CIPHERTEXT_SIZE, secret_len = MLKEM_SECRET_SIZE;
	EVP_PKEY_CTX *ctx;
	int r = SSHTAP_ERR_CRYPTO;

	if ((ctx = EVP_PKEY_CTX_new_from_pkey(NULL, peer, NULL)) != NULL &&
	    EVP_PKEY_encapsulate_init(ctx, NULL) == 1 &&
	    EVP_PKEY_encapsulate(ctx, ciphertext, &len, secret,
	    &secret_len) == 1 && len == MLKEM_CIPHERTEXT_SIZE &&
	    secret_len == MLKEM_SECRET_SIZE)
		r = 0;
	EVP_PKEY_CTX_free(ctx);
	return r;
}

/*
 * Reading the key checks it as FIPS 203 section 7.2 demands (no coefficient
 * over the modulus), so a failure to read is the peer's.
 */
static int
encapsulate_to(const uint8_t *pub, uint8_t *ciphertext, uint8_t *secret)
{
	EVP_PKEY *peer;
	int r;

	if (!is_available_mlkem())
		return SSHTAP_ERR_UNSUPPORTED;
	if ((peer = EVP_PKEY_new_raw_public_key_ex(NULL, MLKEM_NAME, NULL, pub,
	    MLKEM_PUBLIC_SIZE)) == NULL)
		return SSHTAP_ERR_PROTOCOL;
	r = encapsulate(peer, ciphertext, secret);
	EVP_PKEY_free(peer);
	return r;
}

static int
answer_mlkem(const struct view *q_c, struct buf *q_s, struct buf *k)
{
	uint8_t priv[KEX_X25519_SIZE], pub[Q_S_SIZE];
	struct halves both;
	int r;

	if (q_c->len != Q_C_SIZE)
		return SSHTAP_ERR_PROTOCOL;
	if ((r = encapsulate_to(q_c->p, pub, both.mlkem)) != 0 ||
	    (r = kex_x25519_generate(priv, pub + MLKEM_CIPHERTEXT_SIZE)) != 0 ||
	    (r = kex_x25519_shared(priv, q_c->p + MLKEM_PUBLIC_SIZE,
	    both.x25519)) != 0 ||
	    (r = put_k(&both, k)) != 0 ||
	    (r = buf_put(q_s, pub, sizeof(pub))) != 0)
		goto out;
 out:
	OPENSSL_cleanse(priv, sizeof(priv));
	OPENSSL_cleanse(&both, sizeof(both));
	return r;
}

const struct kex_method kex_mlkem768x25519 = {
	.name = "mlkem768x25519-sha256",
	.start = start_mlkem,
	.finish = finish_mlkem,
	.answer = answer_mlkem,
	.free = free_secret,
	.is_available = is_available_mlkem,
};
