/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CIPHER_H
#define CIPHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Authenticated ciphers for the binary packet protocol.  One object serves
 * one direction of one keying period and keeps its libcrypto contexts, so
 * that a packet costs neither an allocation nor a key schedule.
 *
 * A packet lies as on the wire: a length word of CIPHER_LENGTH_SIZE bytes,
 * then len bytes (padding length, payload, padding), then the tag.
 * Reference: RFC 5647 as amended by OpenSSH PROTOCOL section 1.6 (the AEAD
 * negotiates no MAC); chacha20-poly1305@openssh.com: OpenSSH
 * PROTOCOL.chacha20poly1305.
 */
#define CIPHER_LENGTH_SIZE	4
#define CIPHER_TAG_SIZE		16
#define CIPHER_BLOCK_MAX	16	/* of all we carry */
#define CIPHER_KEY_MAX		64
#define CIPHER_IV_MAX		12

struct cipher;

struct cipher_alg {
	const char *name;
	size_t key_len;
	size_t iv_len;			/* 0: the nonce is the seq. number */
	size_t block_len;		/* len is a multiple of this */
	bool needs_strict_kex;		/* unsafe after a prefix truncation */
	uint64_t rekey_bytes;		/* our volume limit per direction */
	int (*init)(struct cipher *c, const uint8_t *key, const uint8_t *iv);
	int (*seal)(struct cipher *c, uint32_t seq, uint8_t *out,
	    const uint8_t *in, size_t len);
	int (*length)(struct cipher *c, uint32_t seq, const uint8_t *packet,
	    uint32_t *lenp);
	int (*open)(struct cipher *c, uint32_t seq, uint8_t *packet,
	    size_t len);
	void (*clear)(struct cipher *c);
};

/* All names we carry, in our order of preference (see ssh_config Ciphers). */
#define CIPHER_DEFAULT_LIST \
	"aes256-gcm@openssh.com,aes128-gcm@openssh.com," \
	"chacha20-poly1305@openssh.com"

/* Look a name up; NULL when we do not carry it. */
const struct cipher_alg *cipher_find(const char *name);

/*
 * sealing: true for the direction we send.
 * key, iv: alg->key_len and alg->iv_len bytes, copied.
 * Returns 0, SSHTAP_ERR_ALLOC, SSHTAP_ERR_CRYPTO.
 */
int cipher_new(const struct cipher_alg *alg, bool sealing, const uint8_t *key,
    const uint8_t *iv, struct cipher **cp);

/* Accepts NULL; wipes. */
void cipher_free(struct cipher *c);

const struct cipher_alg *cipher_alg(const struct cipher *c);

/*
 * Seal a packet, on its way to another place or where it lies.
 *
 * seq:     sequence number of this packet.
 * out:     for the sealed packet, with its tag.  It is in, or does not overlap.
 * in:      the packet in clear, its length word set; no room for a tag.
 * Returns 0 or SSHTAP_ERR_CRYPTO.
 */
int cipher_seal(struct cipher *c, uint32_t seq, uint8_t *out,
    const uint8_t *in, size_t len);

/*
 * Learn a packet's length from its first CIPHER_LENGTH_SIZE bytes, which are
 * not yet authenticated: the caller checks it against its limits.
 */
int cipher_length(struct cipher *c, uint32_t seq, const uint8_t *packet,
    uint32_t *lenp);

/*
 * Verify the tag and only then decrypt len bytes behind the length word, in
 * place.  The length word itself is left as it came.
 * Returns 0, SSHTAP_ERR_MAC (nothing of the packet may be used) or
 * SSHTAP_ERR_CRYPTO.
 */
int cipher_open(struct cipher *c, uint32_t seq, uint8_t *packet, size_t len);

#endif /* CIPHER_H */
