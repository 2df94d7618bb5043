/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef KEX_H
#define KEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/view.h"

/*
 * Key exchange methods, the exchange hash, and keys derived from it: pure
 * functions over bytes.  All methods here hash with SHA-256 and exchange one
 * public value each way (SSH_MSG_KEX_ECDH_INIT and _REPLY).
 */
#define KEX_HASH_SIZE	32
#define KEX_PUBLIC_MAX	1216	/* ML-KEM-768 key and X25519 key */
#define KEX_SECRET_MAX	64	/* encoded K: length, sign byte, 32 bytes */

/* Everything that enters the exchange hash, in its order. */
struct kex_transcript {
	struct view v_c, v_s;	/* identification lines without CR LF */
	struct view i_c, i_s;	/* KEXINIT payloads with message number */
	struct view k_s;	/* host key blob */
	struct view q_c, q_s;	/* public values */
	struct view k;		/* shared secret in its wire encoding */
};

/* The client's secret between INIT and REPLY. */
struct kex_secret;

struct kex_method {
	const char *name;
	/* Client: make a key pair and append the public value. */
	int (*start)(struct kex_secret **sp, struct buf *q_c);
	/* Client: take the server's value, append K in its wire encoding. */
	int (*finish)(struct kex_secret *s, const struct view *q_s,
	    struct buf *k);
	/* Server: answer the client's value with ours and K. */
	int (*answer)(const struct view *q_c, struct buf *q_s, struct buf *k);
	void (*free)(struct kex_secret *s);
	/* False when this libcrypto lacks what the method needs. */
	bool (*is_available)(void);
};

/* RFC 8731, and draft-ietf-sshm-mlkem-hybrid-kex. */
extern const struct kex_method kex_curve25519;
extern const struct kex_method kex_mlkem768x25519;

/* Look a name up; NULL when we do not carry it or libcrypto cannot do it. */
const struct kex_method *kex_find(const char *name);

/* Append the names of all available methods, best first. */
int kex_default_list(struct buf *out);

/*
 * The exchange hash H.  Reference: RFC 8731 section 3.1.
 * Returns 0 or SSHTAP_ERR_CRYPTO.
 */
int kex_hash(const struct kex_transcript *t, uint8_t h[KEX_HASH_SIZE]);

/*
 * Derive one key.
 *
 * letter:  'A' to 'F'.
 * k:       shared secret in its wire encoding, with its length word.
 * out:     len bytes, any length.
 * Reference: RFC 4253 section 7.2.
 */
int kex_derive(const struct view *k, const uint8_t h[KEX_HASH_SIZE],
    const struct view *session_id, char letter, uint8_t *out, size_t len);

/*
 * X25519, shared by both methods.  Keys are 32 bytes as of RFC 7748; an
 * all-zero result is refused.
 */
#define KEX_X25519_SIZE	32
int kex_x25519_generate(uint8_t priv[KEX_X25519_SIZE],
    uint8_t pub[KEX_X25519_SIZE]);
int kex_x25519_shared(const uint8_t priv[KEX_X25519_SIZE],
    const uint8_t *peer_pub, uint8_t shared[KEX_X25519_SIZE]);

#endif /* KEX_H */
