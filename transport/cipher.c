/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The table of ciphers and the calls that dispatch through it.  What all
 * have in common is checked here once: that an object is used only for the
 * direction it was made for (with GCM, opening and sealing under one nonce
 * would give the keystream away), and that a length fits libcrypto's int.
 */

#include "transport/cipher.h"

#include <openssl/crypto.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "transport/cipher_impl.h"

static const struct cipher_alg *const algs[] = {
	&cipher_aes256_gcm,
	&cipher_aes128_gcm,
	&cipher_chacha20_poly1305,
};

#define ALG_COUNT	(sizeof(algs) / sizeof(algs[0]))

/* The longest authenticated run of bytes that libcrypto's int can count. */
#define CIPHER_LEN_MAX	((size_t)INT_MAX - CIPHER_LENGTH_SIZE)

const struct cipher_alg *
cipher_find(const char *name)
{
	size_t i;

	for (i = 0; i < ALG_COUNT; i++) {
		if (strcmp(algs[i]->name, name) == 0)
			return algs[i];
	}
	return NULL;
}

int
cipher_new(const struct cipher_alg *alg, bool sealing, const uint8_t *key,
    const uint8_t *iv, struct cipher **cp)
{
	struct cipher *c;
	int r;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return SSHTAP_ERR_ALLOC;
	c->alg = alg;
	c->sealing = sealing;
	if ((r = alg->init(c, key, iv)) != 0)
		goto out;
	*cp = c;
	c = NULL;
 out:
	cipher_free(c);
	return r;
}

void
cipher_free(struct cipher *c)
{
	if (c == NULL)
		return;
	c->alg->clear(c);
	OPENSSL_cleanse(c, sizeof(*c));
	free(c);
}

const struct cipher_alg *
cipher_alg(const struct cipher *c)
{
	return c->alg;
}

int
cipher_seal(struct cipher *c, uint32_t seq, uint8_t *out, const uint8_t *in,
    size_t len)
{
	if (!c->sealing || len > CIPHER_LEN_MAX)
		return SSHTAP_ERR_INTERNAL;
	return c->alg->seal(c, seq, out, in, len);
}

int
cipher_length(struct cipher *c, uint32_t seq, const uint8_t *packet,
    uint32_t *lenp)
{
	if (c->sealing)
		return SSHTAP_ERR_INTERNAL;
	return c->alg->length(c, seq, packet, lenp);
}

int
cipher_open(struct cipher *c, uint32_t seq, uint8_t *packet, size_t len)
{
	if (c->sealing || len > CIPHER_LEN_MAX)
		return SSHTAP_ERR_INTERNAL;
	return c->alg->open(c, seq, packet, len);
}
