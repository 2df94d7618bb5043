/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * aes128-gcm@openssh.com and aes256-gcm@openssh.com: RFC 5647 with the
 * negotiation of OpenSSH PROTOCOL section 1.6.  The length word travels in
 * the clear and is the associated data; the sequence number takes no part.
 *
 * The nonce is a fixed field of 4 bytes and a counter of 8 that starts at
 * the derived value and goes up by one with each packet.  A nonce that has
 * reached libcrypto is used up, whether or not the packet came out: it is
 * advanced at once, so that no failure can lead to the same one twice.
 *
 * The key is set once; a packet then costs five calls to seal and four to
 * open.  Sealing cannot do with fewer, as libcrypto hands out the tag in a
 * call of its own; opening saves one by giving the tag along with the nonce.
 *
 * libcrypto decrypts before it has seen the whole message.  When the tag is
 * wrong what it left in the packet is wiped here, before anyone can look.
 */

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "transport/cipher_impl.h"

#define GCM_IV_SIZE	12
#define GCM_FIXED_SIZE	4	/* RFC 5647 section 7.1 */
#define GCM_BLOCK_SIZE	16

/*
 * RFC 4344 section 3.2 asks for new keys before 2^32 blocks, 64 GiB; half of
 * that leaves room for what is under way and lets us be the one that starts.
 */
#define GCM_REKEY_BYTES	((uint64_t)32 << 30)

static int
init_gcm(struct cipher *c, const EVP_CIPHER *type, const uint8_t *key,
    const uint8_t *iv)
{
	memcpy(c->iv, iv, GCM_IV_SIZE);
	if ((c->main = EVP_CIPHER_CTX_new()) == NULL)
		return SSHTAP_ERR_ALLOC;
	if (EVP_CipherInit_ex2(c->main, type, key, NULL, c->sealing ? 1 : 0,
	    NULL) != 1)
		return SSHTAP_ERR_CRYPTO;
	return 0;
}

static int
init_aes128(struct cipher *c, const uint8_t *key, const uint8_t *iv)
{
	return init_gcm(c, EVP_aes_128_gcm(), key, iv);
}

static int
init_aes256(struct cipher *c, const uint8_t *key, const uint8_t *iv)
{
	return init_gcm(c, EVP_aes_256_gcm(), key, iv);
}

/* Big-endian and modulo 2^64: no carry into the fixed field. */
static void
advance_counter(struct cipher *c)
{
	size_t i;

	for (i = GCM_IV_SIZE; i > GCM_FIXED_SIZE; i--) {
		if (++c->iv[i - 1] != 0)
			break;
	}
}

/* The tag's place, in the form both directions hand it to libcrypto. */
static void
describe_tag(OSSL_PARAM params[2], uint8_t *tag)
{
	params[0] = OSSL_PARAM_construct_octet_string(
	    OSSL_CIPHER_PARAM_AEAD_TAG, tag, CIPHER_TAG_SIZE);
	params[1] = OSSL_PARAM_construct_end();
}

static int
seal_gcm(struct cipher *c, uint32_t seq, uint8_t *out, const uint8_t *in,
    size_t len)
{
	const uint8_t *clear = in + CIPHER_LENGTH_SIZE;
	uint8_t *body = out + CIPHER_LENGTH_SIZE;
	OSSL_PARAM params[2];
	int n, ok;

	(void)seq;
	memmove(out, in, CIPHER_LENGTH_SIZE);
	describe_tag(params, body + len);
	ok = EVP_EncryptInit_ex2(c->main, NULL, NULL, c->iv, NULL);
	advance_counter(c);
	if (ok != 1 ||
	    EVP_EncryptUpdate(c->main, NULL, &n, out,
	    CIPHER_LENGTH_SIZE) != 1 ||
	    EVP_EncryptUpdate(c->main, body, &n, clear, (int)len) != 1 ||
	    EVP_EncryptFinal_ex(c->main, body + len, &n) != 1 ||
	    EVP_CIPHER_CTX_get_params(c->main, params) != 1)
		return SSHTAP_ERR_CRYPTO;
	return 0;
}

static int
length_gcm(struct cipher *c, uint32_t seq, const uint8_t *packet,
    uint32_t *lenp)
{
	(void)c;
	(void)seq;
	*lenp = get_be32(packet);
	return 0;
}

static int
open_gcm(struct cipher *c, uint32_t seq, uint8_t *packet, size_t len)
{
	uint8_t *body = packet + CIPHER_LENGTH_SIZE;
	OSSL_PARAM params[2];
	int n, ok, r = SSHTAP_ERR_CRYPTO;

	(void)seq;
	describe_tag(params, body + len);
	ok = EVP_DecryptInit_ex2(c->main, NULL, NULL, c->iv, params);
	advance_counter(c);
	if (ok != 1 ||
	    EVP_DecryptUpdate(c->main, NULL, &n, packet,
	    CIPHER_LENGTH_SIZE) != 1 ||
	    EVP_DecryptUpdate(c->main, body, &n, body, (int)len) != 1)
		goto out;
	/* The last step fails for one reason only: the tag. */
	r = SSHTAP_ERR_MAC;
	if (EVP_DecryptFinal_ex(c->main, body + len, &n) == 1)
		return 0;
 out:
	OPENSSL_cleanse(body, len);
	return r;
}

static void
clear_gcm(struct cipher *c)
{
	EVP_CIPHER_CTX_free(c->main);
	c->main = NULL;
}

const struct cipher_alg cipher_aes128_gcm = {
	.name = "aes128-gcm@openssh.com",
	.key_len = 16,
	.iv_len = GCM_IV_SIZE,
	.block_len = GCM_BLOCK_SIZE,
	.needs_strict_kex = false,
	.rekey_bytes = GCM_REKEY_BYTES,
	.init = init_aes128,
	.seal = seal_gcm,
	.length = length_gcm,
	.open = open_gcm,
	.clear = clear_gcm,
};

const struct cipher_alg cipher_aes256_gcm = {
	.name = "aes256-gcm@openssh.com",
	.key_len = 32,
	.iv_len = GCM_IV_SIZE,
	.block_len = GCM_BLOCK_SIZE,
	.needs_strict_kex = false,
	.rekey_bytes = GCM_REKEY_BYTES,
	.init = init_aes256,
	.seal = seal_gcm,
	.length = length_gcm,
	.open = open_gcm,
	.clear = clear_gcm,
};
