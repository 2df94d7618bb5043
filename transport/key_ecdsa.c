/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * ecdsa-sha2-nistp256, RFC 5656 section 3.  The point travels uncompressed
 * (65 bytes: 04, X, Y), which is the only form accepted here, so that a key
 * has one blob.  That it lies on the curve is for libcrypto to say, and is
 * asked explicitly: fromdata alone is not documented to look.  A signature
 * is two mpints on the wire and a DER sequence in libcrypto.
 */

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "lib/err.h"
#include "transport/key.h"
#include "transport/key_impl.h"

#define CURVE_NAME	"nistp256"	/* RFC 5656 section 10.1 */
#define CURVE_GROUP	"P-256"		/* libcrypto's name of the same */
#define POINT_SIZE	65
#define SCALAR_SIZE	32
#define DER_MAX		72		/* two INTEGERs of 33 bytes, heads */

/* SEC 1 section 2.3.3 */
#define POINT_UNCOMPRESSED	0x04

/* RFC 5656 section 3.1: the curve is named again behind the type. */
static int
get_point(struct view *v, struct view *pointp)
{
	struct view curve;
	int r;

	if ((r = view_get_string(v, &curve)) != 0 ||
	    (r = view_get_string(v, pointp)) != 0)
		return r;
	if (!view_is(&curve, CURVE_NAME) || pointp->len != POINT_SIZE ||
	    pointp->p[0] != POINT_UNCOMPRESSED)
		return SSHTAP_ERR_FORMAT;
	return 0;
}

/* A positive mpint that fits the curve. */
static int
get_scalar(struct view *v, BIGNUM **bnp)
{
	struct view m;
	BIGNUM *bn;
	int r;

	if ((r = view_get_mpint(v, &m)) != 0)
		return r;
	if (m.len == 0 || m.len > SCALAR_SIZE)
		return SSHTAP_ERR_FORMAT;
	/* Secure, so that OSSL_PARAM_free wipes the copy it makes. */
	if ((bn = BN_secure_new()) == NULL)
		return SSHTAP_ERR_ALLOC;
	if (BN_bin2bn(m.p, (int)m.len, bn) == NULL) {
		BN_clear_free(bn);
		return SSHTAP_ERR_CRYPTO;
	}
	*bnp = bn;
	return 0;
}

/* The point is on the curve, and d (when there is one) belongs to it. */
static int
check_pkey(EVP_PKEY *pkey, bool is_private)
{
	EVP_PKEY_CTX *ctx;
	int ok;

	if ((ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL)) == NULL)
		return SSHTAP_ERR_ALLOC;
	ok = EVP_PKEY_public_check(ctx) == 1 &&
	    (!is_private || EVP_PKEY_pairwise_check(ctx) == 1);
	EVP_PKEY_CTX_free(ctx);
	return ok ? 0 : SSHTAP_ERR_FORMAT;
}

/* d is NULL for a public key. */
static int
build(const struct view *point, const BIGNUM *d, EVP_PKEY **pkeyp)
{
	OSSL_PARAM_BLD *bld;
	EVP_PKEY *pkey = NULL;
	int r = SSHTAP_ERR_ALLOC;

	if ((bld = OSSL_PARAM_BLD_new()) == NULL ||
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
	    CURVE_GROUP, 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
	    point->p, point->len) != 1 ||
	    (d != NULL && OSSL_PARAM_BLD_push_BN(bld,
	    OSSL_PKEY_PARAM_PRIV_KEY, d) != 1))
		goto out;
	if ((r = key_build("EC", d != NULL ? EVP_PKEY_KEYPAIR :
	    EVP_PKEY_PUBLIC_KEY, bld, &pkey)) != 0 ||
	    (r = check_pkey(pkey, d != NULL)) != 0)
		goto out;
	*pkeyp = pkey;
	pkey = NULL;
 out:
	EVP_PKEY_free(pkey);
	OSSL_PARAM_BLD_free(bld);
	return r;
}

static int
ecdsa_get_public(struct view *v, EVP_PKEY **pkeyp)
{
	struct view point;
	int r;

	if ((r = get_point(v, &point)) != 0)
		return r;
	return build(&point, NULL, pkeyp);
}

static int
ecdsa_get_private(struct view *v, EVP_PKEY **pkeyp)
{
	struct view point;
	BIGNUM *d = NULL;
	int r;

	if ((r = get_point(v, &point)) != 0 ||
	    (r = get_scalar(v, &d)) != 0)
		return r;
	r = build(&point, d, pkeyp);
	BN_clear_free(d);
	return r;
}

static int
ecdsa_generate(EVP_PKEY **pkeyp)
{
	*pkeyp = EVP_PKEY_Q_keygen(NULL, NULL, "EC", CURVE_GROUP);
	return *pkeyp == NULL ? SSHTAP_ERR_CRYPTO : 0;
}

/*
 * Keys come out uncompressed because they went in so, and libcrypto generates
 * them so; should that change, the length says it.
 */
static int
ecdsa_put_public(struct buf *out, const EVP_PKEY *pkey)
{
	uint8_t point[POINT_SIZE];
	size_t len;
	int r;

	if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY,
	    point, sizeof(point), &len) != 1 || len != sizeof(point))
		return SSHTAP_ERR_CRYPTO;
	if ((r = buf_put_cstring(out, CURVE_NAME)) != 0)
		return r;
	return buf_put_string(out, point, sizeof(point));
}

/* Padded in between, so that no length depends on the value. */
static int
put_scalar(struct buf *out, const BIGNUM *bn)
{
	uint8_t bytes[SCALAR_SIZE];

	if (BN_bn2binpad(bn, bytes, (int)sizeof(bytes)) !=
	    (int)sizeof(bytes))
		return SSHTAP_ERR_CRYPTO;
	return buf_put_mpint(out, bytes, sizeof(bytes));
}

static int
ecdsa_put_signature(struct buf *body, const struct view *raw)
{
	const unsigned char *p = raw->p;
	ECDSA_SIG *sig;
	int r;

	if ((sig = d2i_ECDSA_SIG(NULL, &p, (long)raw->len)) == NULL)
		return SSHTAP_ERR_CRYPTO;
	if ((r = put_scalar(body, ECDSA_SIG_get0_r(sig))) == 0)
		r = put_scalar(body, ECDSA_SIG_get0_s(sig));
	ECDSA_SIG_free(sig);
	return r;
}

static int
put_der(struct buf *raw, const ECDSA_SIG *sig)
{
	uint8_t *p;
	int len, r;

	if ((len = i2d_ECDSA_SIG(sig, NULL)) <= 0 || len > DER_MAX)
		return SSHTAP_ERR_CRYPTO;
	if ((r = buf_put_space(raw, (size_t)len, &p)) != 0)
		return r;
	return i2d_ECDSA_SIG(sig, &p) == len ? 0 : SSHTAP_ERR_CRYPTO;
}

/*
 * RFC 5656 section 3.1.2.  That r and s are below the order of the group is
 * checked by libcrypto; that they are positive is checked here, for BN_bin2bn
 * would never see a sign.
 */
static int
ecdsa_get_signature(const EVP_PKEY *pkey, const struct view *body,
    struct buf *raw)
{
	struct view v = *body;
	BIGNUM *rr = NULL, *s = NULL;
	ECDSA_SIG *sig = NULL;
	int r;

	(void)pkey;
	if ((r = get_scalar(&v, &rr)) != 0 || (r = get_scalar(&v, &s)) != 0 ||
	    (r = view_end(&v)) != 0)
		goto out;
	if ((sig = ECDSA_SIG_new()) == NULL ||
	    ECDSA_SIG_set0(sig, rr, s) != 1) {
		r = SSHTAP_ERR_ALLOC;
		goto out;
	}
	rr = s = NULL;	/* sig's now */
	r = put_der(raw, sig);
 out:
	ECDSA_SIG_free(sig);
	BN_free(rr);
	BN_free(s);
	return r;
}

const struct key_ops key_ecdsa_ops = {
	.name = "ecdsa-sha2-nistp256",
	.algorithms = { { "ecdsa-sha2-nistp256", "SHA256" } },
	.get_public = ecdsa_get_public,
	.get_private = ecdsa_get_private,
	.generate = ecdsa_generate,
	.put_public = ecdsa_put_public,
	.put_signature = ecdsa_put_signature,
	.get_signature = ecdsa_get_signature,
};
