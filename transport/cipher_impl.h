/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CIPHER_IMPL_H
#define CIPHER_IMPL_H

#include <openssl/evp.h>

#include "transport/cipher.h"

/* What the implementations of a cipher share; nobody else includes this. */
struct cipher {
	const struct cipher_alg *alg;
	bool sealing;
	EVP_CIPHER_CTX *main;		/* payload */
	EVP_CIPHER_CTX *header;		/* chacha20: the length word */
	EVP_MAC_CTX *mac;		/* chacha20: Poly1305 */
	uint8_t iv[CIPHER_IV_MAX];	/* GCM: fixed field, then a count */
};

extern const struct cipher_alg cipher_aes128_gcm;
extern const struct cipher_alg cipher_aes256_gcm;
extern const struct cipher_alg cipher_chacha20_poly1305;

#endif /* CIPHER_IMPL_H */
