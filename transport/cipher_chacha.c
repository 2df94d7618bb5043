/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * chacha20-poly1305@openssh.com: OpenSSH PROTOCOL.chacha20poly1305.  This is
 * not the AEAD of RFC 8439: the cipher has a 64-bit counter and a 64-bit
 * nonce, which is the sequence number, and there are two keys.  The second
 * one hides the length words.  The first one gives, for each packet, block 0
 * of its keystream to key Poly1305 and the blocks from 1 on to the payload.
 *
 * Because block 0 is drawn whole (only half of it is used) the context stands
 * at block 1 afterwards, ready for the payload without another nonce.
 *
 * Both directions run the cipher forwards, and an object is told a sequence
 * number for each packet; the caller must never seal two under one number.
 * A packet is decrypted only after its tag has been compared, in a time that
 * does not depend on where the two differ.
 */

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "transport/cipher_impl.h"

#define CHACHA_KEY_SIZE		32	/* of each of the two keys */
#define CHACHA_IV_SIZE		16	/* counter and nonce, see set_nonce */
#define CHACHA_BLOCK_SIZE	64	/* of the keystream */
#define CHACHA_ALIGN		8	/* PROTOCOL.chacha20poly1305 */
#define POLY_KEY_SIZE		32

/* RFC 4253 section 9: new keys after each gigabyte. */
#define CHACHA_REKEY_BYTES	((uint64_t)1 << 30)

static int
new_stream(const uint8_t *key, EVP_CIPHER_CTX **ctxp)
{
	if ((*ctxp = EVP_CIPHER_CTX_new()) == NULL)
		return SSHTAP_ERR_ALLOC;
	if (EVP_EncryptInit_ex2(*ctxp, EVP_chacha20(), key, NULL, NULL) != 1)
		return SSHTAP_ERR_CRYPTO;
	return 0;
}

static int
new_mac(EVP_MAC_CTX **ctxp)
{
	EVP_MAC *mac;

	if ((mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_POLY1305, NULL)) == NULL)
		return SSHTAP_ERR_CRYPTO;
	*ctxp = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	return *ctxp == NULL ? SSHTAP_ERR_ALLOC : 0;
}

static int
init_chacha(struct cipher *c, const uint8_t *key, const uint8_t *iv)
{
	int r;

	(void)iv;
	if ((r = new_stream(key, &c->main)) != 0 ||
	    (r = new_stream(key + CHACHA_KEY_SIZE, &c->header)) != 0 ||
	    (r = new_mac(&c->mac)) != 0)
		return r;
	return 0;
}

/*
 * Start a packet's keystream at block 0.  EVP_chacha20(3): the counter comes
 * first, little-endian, then the nonce, which is big-endian by SSH's rule.
 */
static int
set_nonce(EVP_CIPHER_CTX *ctx, uint32_t seq)
{
	uint8_t iv[CHACHA_IV_SIZE] = { 0 };

	put_be32(iv + CHACHA_IV_SIZE - 4, seq);
	if (EVP_EncryptInit_ex2(ctx, NULL, NULL, iv, NULL) != 1)
		return SSHTAP_ERR_CRYPTO;
	return 0;
}

static int
apply_stream(EVP_CIPHER_CTX *ctx, uint8_t *out, const uint8_t *in, size_t len)
{
	int n;

	if (EVP_EncryptUpdate(ctx, out, &n, in, (int)len) != 1)
		return SSHTAP_ERR_CRYPTO;
	return 0;
}

/* The length word, either way: the keystream is its own inverse. */
static int
apply_header(struct cipher *c, uint32_t seq, uint8_t *out, const uint8_t *in)
{
	int r;

	if ((r = set_nonce(c->header, seq)) != 0)
		return r;
	return apply_stream(c->header, out, in, CIPHER_LENGTH_SIZE);
}

/* Key Poly1305 for a packet and leave the main stream at block 1. */
static int
start_packet(struct cipher *c, uint32_t seq)
{
	static const uint8_t zeros[CHACHA_BLOCK_SIZE];
	uint8_t block[CHACHA_BLOCK_SIZE];
	int r;

	if ((r = set_nonce(c->main, seq)) != 0 ||
	    (r = apply_stream(c->main, block, zeros, sizeof(block))) != 0)
		goto out;
	if (EVP_MAC_init(c->mac, block, POLY_KEY_SIZE, NULL) != 1)
		r = SSHTAP_ERR_CRYPTO;
 out:
	OPENSSL_cleanse(block, sizeof(block));
	return r;
}

/* The tag over the length word and len bytes, both encrypted. */
static int
make_tag(struct cipher *c, const uint8_t *packet, size_t len, uint8_t *tag)
{
	size_t n;

	if (EVP_MAC_update(c->mac, packet, CIPHER_LENGTH_SIZE + len) != 1 ||
	    EVP_MAC_final(c->mac, tag, &n, CIPHER_TAG_SIZE) != 1 ||
	    n != CIPHER_TAG_SIZE)
		return SSHTAP_ERR_CRYPTO;
	return 0;
}

static int
seal_chacha(struct cipher *c, uint32_t seq, uint8_t *out, const uint8_t *in,
    size_t len)
{
	const uint8_t *clear = in + CIPHER_LENGTH_SIZE;
	uint8_t *body = out + CIPHER_LENGTH_SIZE;
	int r;

	if ((r = apply_header(c, seq, out, in)) != 0 ||
	    (r = start_packet(c, seq)) != 0 ||
	    (r = apply_stream(c->main, body, clear, len)) != 0 ||
	    (r = make_tag(c, out, len, body + len)) != 0)
		return r;
	return 0;
}

static int
length_chacha(struct cipher *c, uint32_t seq, const uint8_t *packet,
    uint32_t *lenp)
{
	uint8_t word[CIPHER_LENGTH_SIZE];
	int r;

	if ((r = apply_header(c, seq, word, packet)) != 0)
		return r;
	*lenp = get_be32(word);
	return 0;
}

static int
open_chacha(struct cipher *c, uint32_t seq, uint8_t *packet, size_t len)
{
	uint8_t *body = packet + CIPHER_LENGTH_SIZE;
	uint8_t tag[CIPHER_TAG_SIZE];
	int r;

	if ((r = start_packet(c, seq)) != 0 ||
	    (r = make_tag(c, packet, len, tag)) != 0)
		return r;
	if (CRYPTO_memcmp(tag, body + len, sizeof(tag)) != 0)
		return SSHTAP_ERR_MAC;
	return apply_stream(c->main, body, body, len);
}

static void
clear_chacha(struct cipher *c)
{
	EVP_CIPHER_CTX_free(c->main);
	EVP_CIPHER_CTX_free(c->header);
	EVP_MAC_CTX_free(c->mac);
	c->main = NULL;
	c->header = NULL;
	c->mac = NULL;
}

const struct cipher_alg cipher_chacha20_poly1305 = {
	.name = "chacha20-poly1305@openssh.com",
	.key_len = 2 * CHACHA_KEY_SIZE,
	.iv_len = 0,
	.block_len = CHACHA_ALIGN,
	.needs_strict_kex = true,
	.rekey_bytes = CHACHA_REKEY_BYTES,
	.init = init_chacha,
	.seal = seal_chacha,
	.length = length_chacha,
	.open = open_chacha,
	.clear = clear_chacha,
};
