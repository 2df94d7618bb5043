/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef KEY_IMPL_H
#define KEY_IMPL_H

#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "lib/buf.h"
#include "lib/view.h"

/*
 * What differs between key types, for key.c alone.  A raw signature is one in
 * libcrypto's form; a body is what stands in the second string of a
 * signature blob.
 */
#define KEY_ALGORITHMS_MAX	2

struct key_algorithm {
	const char *name;	/* NULL past the last */
	const char *digest;	/* libcrypto's name, NULL when built in */
};

struct key_ops {
	const char *name;
	struct key_algorithm algorithms[KEY_ALGORITHMS_MAX];

	/*
	 * Read the fields that follow the type name in a public blob or in a
	 * private section.  Ranges are checked here; that both halves of a
	 * private key belong together is checked by key.c, except where the
	 * type's own format repeats the public half.
	 */
	int (*get_public)(struct view *v, EVP_PKEY **pkeyp);
	int (*get_private)(struct view *v, EVP_PKEY **pkeyp);

	/* The fields that get_private reads; NULL: never written. */
	int (*put_private)(struct buf *out, const EVP_PKEY *pkey);

	int (*generate)(EVP_PKEY **pkeyp);
	int (*put_public)(struct buf *out, const EVP_PKEY *pkey);
	int (*put_signature)(struct buf *body, const struct view *raw);
	int (*get_signature)(const EVP_PKEY *pkey, const struct view *body,
	    struct buf *raw);
};

extern const struct key_ops key_ed25519_ops;
extern const struct key_ops key_ecdsa_ops;
extern const struct key_ops key_rsa_ops;

/*
 * A libcrypto key of a type from its numbers.
 *
 * selection: EVP_PKEY_PUBLIC_KEY or EVP_PKEY_KEYPAIR.
 * Returns 0, SSHTAP_ERR_CRYPTO, SSHTAP_ERR_ALLOC.
 */
int key_build(const char *type, int selection, OSSL_PARAM_BLD *bld,
    EVP_PKEY **pkeyp);

#endif /* KEY_IMPL_H */
