/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * curve25519-sha256 (RFC 8731): one X25519 key each way.  The 32 bytes of
 * the result are read as a big-endian number and encoded as an mpint, so K
 * has no fixed length: leading zero bytes go, and a zero byte comes in front
 * of a set top bit.
 *
 * RFC 8731 section 3 and RFC 7748 section 6.1: a public value of small order
 * gives an all-zero result, known to anybody; it ends the exchange.
 * libcrypto refuses it too, but does not promise to.
 */

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "transport/kex.h"

#define X25519_NAME	"X25519"

struct kex_secret {
	uint8_t priv[KEX_X25519_SIZE];
};

int
kex_x25519_generate(uint8_t priv[KEX_X25519_SIZE],
    uint8_t pub[KEX_X25519_SIZE])
{
	size_t priv_len = KEX_X25519_SIZE, pub_len = KEX_X25519_SIZE;
	EVP_PKEY *key;
	int r = 0;

	if ((key = EVP_PKEY_Q_keygen(NULL, NULL, X25519_NAME)) == NULL)
		return SSHTAP_ERR_CRYPTO;
	if (EVP_PKEY_get_raw_private_key(key, priv, &priv_len) != 1 ||
	    EVP_PKEY_get_raw_public_key(key, pub, &pub_len) != 1 ||
	    priv_len != KEX_X25519_SIZE || pub_len != KEX_X25519_SIZE) {
		OPENSSL_cleanse(priv, KEX_X25519_SIZE);
		r = SSHTAP_ERR_CRYPTO;
	}
	EVP_PKEY_free(key);
	return r;
}

/* Two keys that have been read; what fails now is the peer's value. */
static int
derive_shared(EVP_PKEY *priv, EVP_PKEY *peer, uint8_t *shared)
{
	static const uint8_t zeros[KEX_X25519_SIZE];
	size_t len = KEX_X25519_SIZE;
	EVP_PKEY_CTX *ctx;
	int r = SSHTAP_ERR_CRYPTO;

	if ((ctx = EVP_PKEY_CTX_new_from_pkey(NULL, priv, NULL)) == NULL ||
	    EVP_PKEY_derive_init(ctx) != 1 ||
	    EVP_PKEY_derive_set_peer(ctx, peer) != 1)
		goto out;
	if (EVP_PKEY_derive(ctx, shared, &len) != 1 ||
	    len != KEX_X25519_SIZE ||
	    CRYPTO_memcmp(shared, zeros, sizeof(zeros)) == 0) {
		OPENSSL_cleanse(shared, KEX_X25519_SIZE);
		r = SSHTAP_ERR_PROTOCOL;
		goto out;
	}
	r = 0;
 out:
	EVP_PKEY_CTX_free(ctx);
	return r;
}

int
kex_x25519_shared(const uint8_t priv[KEX_X25519_SIZE],
    const uint8_t *peer_pub, uint8_t shared[KEX_X25519_SIZE])
{
	EVP_PKEY *key, *peer;
	int r = SSHTAP_ERR_CRYPTO;

	key = EVP_PKEY_new_raw_private_key_ex(NULL, X25519_NAME, NULL, priv,
	    KEX_X25519_SIZE);
	peer = EVP_PKEY_new_raw_public_key_ex(NULL, X25519_NAME, NULL,
	    peer_pub, KEX_X25519_SIZE);
	if (key != NULL && peer != NULL)
		r = derive_shared(key, peer, shared);
	EVP_PKEY_free(key);
	EVP_PKEY_free(peer);
	return r;
}

/* Append K for our private key and the peer's public value. */
static int
put_shared(const uint8_t *priv, const uint8_t *peer_pub, struct buf *k)
{
	uint8_t shared[KEX_X25519_SIZE];
	int r;

	if ((r = kex_x25519_shared(priv, peer_pub, shared)) != 0)
		return r;
	r = buf_put_mpint(k, shared, sizeof(shared));
	OPENSSL_cleanse(shared, sizeof(shared));
	return r;
}

static void
free_secret(struct kex_secret *s)
{
	if (s == NULL)
		return;
	OPENSSL_cleanse(s, sizeof(*s));
	free(s);
}

static int
start_curve25519(struct kex_secret **sp, struct buf *q_c)
{
	uint8_t pub[KEX_X25519_SIZE];
	struct kex_secret *s;
	int r;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return SSHTAP_ERR_ALLOC;
	if ((r = kex_x25519_generate(s->priv, pub)) != 0 ||
	    (r = buf_put(q_c, pub, sizeof(pub))) != 0)
		goto out;
	*sp = s;
	s = NULL;
 out:
	free_secret(s);
	return r;
}

static int
finish_curve25519(struct kex_secret *s, const struct view *q_s, struct buf *k)
{
	if (q_s->len != KEX_X25519_SIZE)
		return SSHTAP_ERR_PROTOCOL;
	return put_shared(s->priv, q_s->p, k);
}

static int
answer_curve25519(const struct view *q_c, struct buf *q_s, struct buf *k)
{
	uint8_t priv[KEX_X25519_SIZE], pub[KEX_X25519_SIZE];
	int r;

	if (q_c->len != KEX_X25519_SIZE)
		return SSHTAP_ERR_PROTOCOL;
	if ((r = kex_x25519_generate(priv, pub)) != 0 ||
	    (r = put_shared(priv, q_c->p, k)) != 0 ||
	    (r = buf_put(q_s, pub, sizeof(pub))) != 0)
		goto out;
 out:
	OPENSSL_cleanse(priv, sizeof(priv));
	return r;
}

/* X25519 is in every libcrypto that we build against. */
static bool
is_available_curve25519(void)
{
	return true;
}

const struct kex_method kex_curve25519 = {
	.name = "curve25519-sha256",
	.start = start_curve25519,
	.finish = finish_curve25519,
	.answer = answer_curve25519,
	.free = free_secret,
	.is_available = is_available_curve25519,
};
