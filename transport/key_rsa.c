/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * ssh-rsa keys with the signature algorithms of RFC 8332.  Numbers are read
 * into an array indexed by meaning; the CRT exponents, which the file format
 * leaves out, are computed.
 *
 * libcrypto's own pairwise check would test p and q for primality, which
 * takes seconds with a large key.  What matters is less: that n is p times
 * q, and (in key.c) that a signature verifies; libcrypto itself verifies the
 * result of its CRT shortcut, so wrong helper numbers cost time, not the key.
 *
 * A signature shorter than the modulus has lost leading zero bytes on its
 * way through an mpint of an old implementation; they are put back.
 */

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <string.h>

#include "lib/err.h"
#include "transport/key.h"
#include "transport/key_impl.h"

/*
 * Larger exponents exist nowhere (FIPS 186-5 appendix A.1.1 ends here too)
 * and would let a peer choose how long one verification takes.
 */
#define EXPONENT_BITS_MAX	256

#define GENERATE_BITS		3072

/* The order of OpenSSH's PROTOCOL.key, then what is computed. */
enum rsa_number {
	RSA_N, RSA_E, RSA_D, RSA_IQMP, RSA_P, RSA_Q,
	RSA_DMP1, RSA_DMQ1,
	RSA_NUMBER_COUNT,
	RSA_FILE_COUNT = RSA_Q + 1
};

static const char *const params[RSA_NUMBER_COUNT] = {
	[RSA_N] = OSSL_PKEY_PARAM_RSA_N,
	[RSA_E] = OSSL_PKEY_PARAM_RSA_E,
	[RSA_D] = OSSL_PKEY_PARAM_RSA_D,
	[RSA_IQMP] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
	[RSA_P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
	[RSA_Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,
	[RSA_DMP1] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
	[RSA_DMQ1] = OSSL_PKEY_PARAM_RSA_EXPONENT2,
};

static void
free_numbers(BIGNUM *num[RSA_NUMBER_COUNT])
{
	unsigned i;

	for (i = 0; i < RSA_NUMBER_COUNT; i++)
		BN_clear_free(num[i]);
}

static int
get_number(struct view *v, BIGNUM **bnp)
{
	struct view m;
	BIGNUM *bn;
	int r;

	if ((r = view_get_mpint(v, &m)) != 0)
		return r;
	if (m.len > KEY_RSA_BITS_MAX / 8)
		return SSHTAP_ERR_TOO_BIG;
	if (m.len == 0)
		return SSHTAP_ERR_FORMAT;
	/* Secure, so that OSSL_PARAM_free wipes the copy it makes. */
	if ((bn = BN_secure_new()) == NULL)
		return SSHTAP_ERR_ALLOC;
	BN_set_flags(bn, BN_FLG_CONSTTIME);
	if (BN_bin2bn(m.p, (int)m.len, bn) == NULL) {
		BN_clear_free(bn);
		return SSHTAP_ERR_CRYPTO;
	}
	*bnp = bn;
	return 0;
}

/*
 * An even modulus or exponent, or an exponent of one, is no RSA key: under
 * the last, every padded digest is its own signature.
 */
static int
check_public(const BIGNUM *n, const BIGNUM *e)
{
	if (BN_num_bits(n) < KEY_RSA_BITS_MIN)
		return SSHTAP_ERR_WEAK_KEY;
	if (BN_num_bits(e) > EXPONENT_BITS_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if (!BN_is_odd(n) || !BN_is_odd(e) || BN_is_one(e))
		return SSHTAP_ERR_FORMAT;
	return 0;
}

/* All numbers that are there become parameters. */
static int
build(BIGNUM *const num[RSA_NUMBER_COUNT], int selection, EVP_PKEY **pkeyp)
{
	OSSL_PARAM_BLD *bld;
	unsigned i;
	int r = SSHTAP_ERR_ALLOC;

	if ((bld = OSSL_PARAM_BLD_new()) == NULL)
		goto out;
	for (i = 0; i < RSA_NUMBER_COUNT; i++) {
		if (num[i] != NULL &&
		    OSSL_PARAM_BLD_push_BN(bld, params[i], num[i]) != 1)
			goto out;
	}
	r = key_build("RSA", selection, bld, pkeyp);
 out:
	OSSL_PARAM_BLD_free(bld);
	return r;
}

static int
rsa_get_public(struct view *v, EVP_PKEY **pkeyp)
{
	BIGNUM *num[RSA_NUMBER_COUNT] = { NULL };
	int r;

	/* RFC 4253 section 6.6: e comes first here. */
	if ((r = get_number(v, &num[RSA_E])) == 0 &&
	    (r = get_number(v, &num[RSA_N])) == 0 &&
	    (r = check_public(num[RSA_N], num[RSA_E])) == 0)
		r = build(num, EVP_PKEY_PUBLIC_KEY, pkeyp);
	free_numbers(num);
	return r;
}

/* *outp = d mod (prime - 1); fails when the prime is 1. */
static int
reduce(const BIGNUM *d, const BIGNUM *prime, BN_CTX *ctx, BIGNUM **outp)
{
	BIGNUM *less;
	int r = SSHTAP_ERR_CRYPTO;

	if ((less = BN_secure_new()) == NULL)
		return SSHTAP_ERR_ALLOC;
	BN_set_flags(less, BN_FLG_CONSTTIME);
	if ((*outp = BN_secure_new()) != NULL &&
	    BN_sub(less, prime, BN_value_one()) == 1 && !BN_is_zero(less) &&
	    BN_mod(*outp, d, less, ctx) == 1)
		r = 0;
	BN_clear_free(less);
	return r;
}

/* n must be p times q. */
static int
check_product(const BIGNUM *n, const BIGNUM *p, const BIGNUM *q, BN_CTX *ctx)
{
	BIGNUM *product;
	int r = SSHTAP_ERR_CRYPTO;

	if ((product = BN_secure_new()) == NULL)
		return SSHTAP_ERR_ALLOC;
	if (BN_mul(product, p, q, ctx) == 1)
		r = BN_cmp(product, n) == 0 ? 0 : SSHTAP_ERR_FORMAT;
	BN_clear_free(product);
	return r;
}

/*
 * The exponents of the CRT.  With n odd and the product of p and q, neither
 * can be even or zero, which is what the modular arithmetic below needs.
 */
static int
complete(BIGNUM *num[RSA_NUMBER_COUNT])
{
	BN_CTX *ctx;
	int r;

	if ((ctx = BN_CTX_secure_new()) == NULL)
		return SSHTAP_ERR_ALLOC;
	if ((r = check_product(num[RSA_N], num[RSA_P], num[RSA_Q], ctx)) == 0 &&
	    (r = reduce(num[RSA_D], num[RSA_P], ctx, &num[RSA_DMP1])) == 0)
		r = reduce(num[RSA_D], num[RSA_Q], ctx, &num[RSA_DMQ1]);
	BN_CTX_free(ctx);
	return r;
}

/*
 * The sizes of d and of the others need no bound beyond get_number's: too
 * large ones only cost the owner of the file time.
 */
static int
rsa_get_private(struct view *v, EVP_PKEY **pkeyp)
{
	BIGNUM *num[RSA_NUMBER_COUNT] = { NULL };
	unsigned i;
	int r = 0;

	for (i = 0; i < RSA_FILE_COUNT && r == 0; i++)
		r = get_number(v, &num[i]);
	if (r == 0 && (r = check_public(num[RSA_N], num[RSA_E])) == 0 &&
	    (r = complete(num)) == 0)
		r = build(num, EVP_PKEY_KEYPAIR, pkeyp);
	free_numbers(num);
	return r;
}

static int
rsa_generate(EVP_PKEY **pkeyp)
{
	*pkeyp = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)GENERATE_BITS);
	return *pkeyp == NULL ? SSHTAP_ERR_CRYPTO : 0;
}

static int
put_number(struct buf *out, const EVP_PKEY *pkey, enum rsa_number which)
{
	uint8_t bytes[KEY_RSA_BITS_MAX / 8];
	BIGNUM *bn = NULL;
	int len, r = SSHTAP_ERR_CRYPTO;

	if (EVP_PKEY_get_bn_param(pkey, params[which], &bn) == 1 &&
	    BN_num_bits(bn) <= KEY_RSA_BITS_MAX &&
	    (len = BN_bn2bin(bn, bytes)) >= 0)
		r = buf_put_mpint(out, bytes, (size_t)len);
	BN_free(bn);
	return r;
}

static int
rsa_put_public(struct buf *out, const EVP_PKEY *pkey)
{
	int r;

	if ((r = put_number(out, pkey, RSA_E)) != 0)
		return r;
	return put_number(out, pkey, RSA_N);
}

static int
rsa_put_signature(struct buf *body, const struct view *raw)
{
	return buf_put_view(body, raw);
}

/*
 * RFC 8017 section 8.2.2 wants exactly the modulus's length; see the top for
 * why less is completed.  More is never anything but a forgery.
 */
static int
rsa_get_signature(const EVP_PKEY *pkey, const struct view *body,
    struct buf *raw)
{
	size_t size = (size_t)EVP_PKEY_get_size(pkey);
	uint8_t *p;
	int r;

	if (body->len > size)
		return SSHTAP_ERR_SIGNATURE;
	if ((r = buf_put_space(raw, size - body->len, &p)) != 0)
		return r;
	memset(p, 0, size - body->len);
	return buf_put_view(raw, body);
}

const struct key_ops key_rsa_ops = {
	.name = "ssh-rsa",
	.algorithms = {
		{ "rsa-sha2-512", "SHA512" },
		{ "rsa-sha2-256", "SHA256" },
	},
	.get_public = rsa_get_public,
	.get_private = rsa_get_private,
	.generate = rsa_generate,
	.put_public = rsa_put_public,
	.put_signature = rsa_put_signature,
	.get_signature = rsa_get_signature,
};
