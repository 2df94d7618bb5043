/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * ssh-ed25519, RFC 8709: keys and signatures are fixed-length byte strings
 * that libcrypto takes as they are.  A private section holds the public half
 * twice, once alone and once behind the seed; both must be what the seed
 * yields, because a signature made with a foreign public half gives the
 * private one away.
 */

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "lib/err.h"
#include "transport/key.h"
#include "transport/key_impl.h"

/* RFC 8032 section 5.1 */
#define PUBLIC_SIZE	32
#define SIGNATURE_SIZE	64

/* A string of exactly this length. */
static int
get_fixed(struct view *v, size_t len, struct view *subp)
{
	int r;

	if ((r = view_get_string(v, subp)) != 0)
		return r;
	return subp->len == len ? 0 : SSHTAP_ERR_FORMAT;
}

/*
 * Any 32 bytes do here: libcrypto decodes the point when it verifies, and
 * fails then if it is none.
 */
static int
ed25519_get_public(struct view *v, EVP_PKEY **pkeyp)
{
	struct view pk;
	int r;

	if ((r = get_fixed(v, PUBLIC_SIZE, &pk)) != 0)
		return r;
	*pkeyp = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pk.p,
	    pk.len);
	return *pkeyp == NULL ? SSHTAP_ERR_CRYPTO : 0;
}

static int
get_raw_public(const EVP_PKEY *pkey, uint8_t pk[PUBLIC_SIZE])
{
	size_t len = PUBLIC_SIZE;

	if (EVP_PKEY_get_raw_public_key(pkey, pk, &len) != 1 ||
	    len != PUBLIC_SIZE)
		return SSHTAP_ERR_CRYPTO;
	return 0;
}

static int
ed25519_get_private(struct view *v, EVP_PKEY **pkeyp)
{
	uint8_t made[PUBLIC_SIZE];
	struct view pk, sk, seed, copy;
	EVP_PKEY *pkey;
	int r;

	if ((r = get_fixed(v, PUBLIC_SIZE, &pk)) != 0 ||
	    (r = get_fixed(v, KEY_SEED_SIZE + PUBLIC_SIZE, &sk)) != 0 ||
	    (r = view_get_bytes(&sk, KEY_SEED_SIZE, &seed)) != 0 ||
	    (r = view_get_bytes(&sk, PUBLIC_SIZE, &copy)) != 0)
		return r;
	if ((pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
	    seed.p, seed.len)) == NULL)
		return SSHTAP_ERR_CRYPTO;
	if ((r = get_raw_public(pkey, made)) != 0)
		goto out;
	/* Not secret, but the seed they are derived from is. */
	if (CRYPTO_memcmp(made, pk.p, sizeof(made)) != 0 ||
	    CRYPTO_memcmp(made, copy.p, sizeof(made)) != 0) {
		r = SSHTAP_ERR_FORMAT;
		goto out;
	}
	*pkeyp = pkey;
	pkey = NULL;
 out:
	EVP_PKEY_free(pkey);
	return r;
}

/* The secret half is the seed and, once more, the public half. */
static int
ed25519_put_private(struct buf *out, const EVP_PKEY *pkey)
{
	uint8_t sk[KEY_SEED_SIZE + PUBLIC_SIZE];
	size_t len = KEY_SEED_SIZE;
	int r;

	if (EVP_PKEY_get_raw_private_key(pkey, sk, &len) != 1 ||
	    len != KEY_SEED_SIZE) {
		r = SSHTAP_ERR_CRYPTO;
		goto out;
	}
	if ((r = get_raw_public(pkey, sk + KEY_SEED_SIZE)) != 0 ||
	    (r = buf_put_string(out, sk + KEY_SEED_SIZE, PUBLIC_SIZE)) != 0)
		goto out;
	r = buf_put_string(out, sk, sizeof(sk));
 out:
	OPENSSL_cleanse(sk, sizeof(sk));
	return r;
}

static int
ed25519_generate(EVP_PKEY **pkeyp)
{
	*pkeyp = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return *pkeyp == NULL ? SSHTAP_ERR_CRYPTO : 0;
}

static int
ed25519_put_public(struct buf *out, const EVP_PKEY *pkey)
{
	uint8_t pk[PUBLIC_SIZE];
	int r;

	if ((r = get_raw_public(pkey, pk)) != 0)
		return r;
	return buf_put_string(out, pk, sizeof(pk));
}

static int
ed25519_put_signature(struct buf *body, const struct view *raw)
{
	return buf_put_view(body, raw);
}

static int
ed25519_get_signature(const EVP_PKEY *pkey, const struct view *body,
    struct buf *raw)
{
	/* RFC 8709 section 6; libcrypto would only say "wrong". */
	(void)pkey;
	if (body->len != SIGNATURE_SIZE)
		return SSHTAP_ERR_FORMAT;
	return buf_put_view(raw, body);
}

const struct key_ops key_ed25519_ops = {
	.name = "ssh-ed25519",
	.algorithms = { { "ssh-ed25519", NULL } },
	.get_public = ed25519_get_public,
	.get_private = ed25519_get_private,
	.put_private = ed25519_put_private,
	.generate = ed25519_generate,
	.put_public = ed25519_put_public,
	.put_signature = ed25519_put_signature,
	.get_signature = ed25519_get_signature,
};
