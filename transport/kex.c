/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What all key exchange methods share: the table of names, the exchange hash
 * and the derivation of keys.  The shared secret is handled in its wire
 * encoding throughout, because its form differs between methods (an mpint or
 * a string) while its use does not: K enters both hashes with the length word
 * it has, and nothing here takes it apart.
 */

#include "transport/kex.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <string.h>

#include "lib/err.h"
#include "transport/namelist.h"

/*
 * In our order of preference.  The name with a domain is what the method was
 * called before RFC 8731 and is all that old servers know.
 */
static const struct {
	const char *name;
	const struct kex_method *method;
} methods[] = {
	{ "mlkem768x25519-sha256", &kex_mlkem768x25519 },
	{ "curve25519-sha256", &kex_curve25519 },
	{ "curve25519-sha256@libssh.org", &kex_curve25519 },
};

#define METHOD_COUNT	(sizeof(methods) / sizeof(methods[0]))

const struct kex_method *
kex_find(const char *name)
{
	size_t i;

	for (i = 0; i < METHOD_COUNT; i++) {
		if (strcmp(methods[i].name, name) == 0 &&
		    methods[i].method->is_available())
			return methods[i].method;
	}
	return NULL;
}

int
kex_default_list(struct buf *out)
{
	size_t i;
	int r;

	for (i = 0; i < METHOD_COUNT; i++) {
		if (!methods[i].method->is_available())
			continue;
		if ((r = namelist_add(out, methods[i].name)) != 0)
			return r;
	}
	return 0;
}

static int
start_hash(EVP_MD_CTX **ctxp)
{
	if ((*ctxp = EVP_MD_CTX_new()) == NULL ||
	    EVP_DigestInit_ex(*ctxp, EVP_sha256(), NULL) != 1)
		return SSHTAP_ERR_CRYPTO;
	return 0;
}

static int
add_view(EVP_MD_CTX *ctx, const struct view *v)
{
	if (EVP_DigestUpdate(ctx, v->p, v->len) != 1)
		return SSHTAP_ERR_CRYPTO;
	return 0;
}

/* With its length word, as an SSH string. */
static int
add_string(EVP_MD_CTX *ctx, const struct view *v)
{
	uint8_t word[4];

	if (v->len > UINT32_MAX)
		return SSHTAP_ERR_CRYPTO;
	put_be32(word, (uint32_t)v->len);
	if (EVP_DigestUpdate(ctx, word, sizeof(word)) != 1)
		return SSHTAP_ERR_CRYPTO;
	return add_view(ctx, v);
}

static int
finish_hash(EVP_MD_CTX *ctx, uint8_t h[KEX_HASH_SIZE])
{
	if (EVP_DigestFinal_ex(ctx, h, NULL) != 1)
		return SSHTAP_ERR_CRYPTO;
	return 0;
}

int
kex_hash(const struct kex_transcript *t, uint8_t h[KEX_HASH_SIZE])
{
	EVP_MD_CTX *ctx = NULL;
	int r;

	if ((r = start_hash(&ctx)) != 0 ||
	    (r = add_string(ctx, &t->v_c)) != 0 ||
	    (r = add_string(ctx, &t->v_s)) != 0 ||
	    (r = add_string(ctx, &t->i_c)) != 0 ||
	    (r = add_string(ctx, &t->i_s)) != 0 ||
	    (r = add_string(ctx, &t->k_s)) != 0 ||
	    (r = add_string(ctx, &t->q_c)) != 0 ||
	    (r = add_string(ctx, &t->q_s)) != 0 ||
	    (r = add_view(ctx, &t->k)) != 0 ||
	    (r = finish_hash(ctx, h)) != 0)
		goto out;
 out:
	EVP_MD_CTX_free(ctx);
	return r;
}

/* HASH(K || H || tail), where tail is in two parts. */
static int
hash_block(const struct view *k, const uint8_t h[KEX_HASH_SIZE],
    const struct view *tail1, const struct view *tail2,
    uint8_t block[KEX_HASH_SIZE])
{
	struct view hash = view_of(h, KEX_HASH_SIZE);
	EVP_MD_CTX *ctx = NULL;
	int r;

	if ((r = start_hash(&ctx)) != 0 ||
	    (r = add_view(ctx, k)) != 0 ||
	    (r = add_view(ctx, &hash)) != 0 ||
	    (r = add_view(ctx, tail1)) != 0 ||
	    (r = add_view(ctx, tail2)) != 0 ||
	    (r = finish_hash(ctx, block)) != 0)
		goto out;
 out:
	EVP_MD_CTX_free(ctx);
	return r;
}

/*
 * Until the last block, out holds exactly X(1) to X(n), which is what the
 * next block is made from.
 */
int
kex_derive(const struct view *k, const uint8_t h[KEX_HASH_SIZE],
    const struct view *session_id, char letter, uint8_t *out, size_t len)
{
	struct view tail1 = view_of(&letter, 1), tail2 = *session_id;
	uint8_t block[KEX_HASH_SIZE];
	size_t done = 0, n;
	int r = 0;

	while (done < len) {
		if ((r = hash_block(k, h, &tail1, &tail2, block)) != 0)
			goto out;
		n = len - done < sizeof(block) ? len - done : sizeof(block);
		memcpy(out + done, block, n);
		done += n;
		tail1 = view_of(out, done);
		tail2 = view_of(NULL, 0);
	}
 out:
	OPENSSL_cleanse(block, sizeof(block));
	if (r != 0)
		OPENSSL_cleanse(out, len);
	return r;
}
