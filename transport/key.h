/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef KEY_H
#define KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/view.h"

/*
 * Public keys, private keys and signatures of the types ssh-ed25519,
 * ecdsa-sha2-nistp256 and ssh-rsa.  Reference: RFC 8709, RFC 5656 section 3,
 * RFC 4253 section 6.6, RFC 8332.
 */
#define KEY_RSA_BITS_MIN	2048
#define KEY_RSA_BITS_MAX	16384
#define KEY_BLOB_MAX		8192	/* a certificate with many principals */
#define KEY_SIGNATURE_MAX	4096
#define KEY_FINGERPRINT_SIZE	64	/* "SHA256:" and 43 characters, NUL */
#define KEY_SEED_SIZE		32

enum key_type {
	KEY_ED25519,
	KEY_ECDSA_P256,
	KEY_RSA,
	KEY_TYPE_COUNT
};

/* Signature algorithms for host keys, best first. */
#define KEY_DEFAULT_HOSTKEY_LIST \
	"ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256"

struct key;

/* Accepts NULL; wipes. */
void key_free(struct key *k);

/*
 * A public key from its blob; the whole blob must be used.
 * Returns 0, SSHTAP_ERR_UNSUPPORTED (type), SSHTAP_ERR_FORMAT,
 * SSHTAP_ERR_TRUNCATED, SSHTAP_ERR_TRAILING, SSHTAP_ERR_WEAK_KEY,
 * SSHTAP_ERR_TOO_BIG, SSHTAP_ERR_CRYPTO, SSHTAP_ERR_ALLOC.
 */
int key_from_blob(const struct view *blob, struct key **kp);

/*
 * A private key from the fields of an openssh-key-v1 private section, key
 * type name first.  v is left behind the last field.  The public half in it
 * must belong to the private one, else SSHTAP_ERR_FORMAT.
 */
int key_from_private_fields(struct view *v, struct key **kp);

/* A new key pair, for tests and for a server's first start. */
int key_generate(enum key_type type, struct key **kp);

enum key_type key_type(const struct key *k);
bool key_is_private(const struct key *k);

/* The type as written in key files: "ssh-rsa" for all RSA keys. */
const char *key_type_name(const struct key *k);

/* The public blob, valid as long as k. */
struct view key_blob(const struct key *k);

/*
 * Append the fields of a private section, key type name first: what
 * key_from_private_fields reads.
 * Returns 0, SSHTAP_ERR_STATE (a public key), SSHTAP_ERR_UNSUPPORTED (not
 * Ed25519), SSHTAP_ERR_CRYPTO, or what buf_put returns.
 */
int key_put_private_fields(const struct key *k, struct buf *out);

/*
 * The type of that name, as in blobs and key files.
 * Returns 0 or SSHTAP_ERR_UNSUPPORTED.
 */
int key_type_from_name(const struct view *name, enum key_type *typep);

/* True when signature algorithm alg can be made and checked with this type. */
bool key_type_has_algorithm(enum key_type type, const struct view *alg);

/*
 * Sign data.  out receives the signature blob (algorithm, signature).
 * Returns 0, SSHTAP_ERR_UNSUPPORTED (algorithm), SSHTAP_ERR_STATE (a public
 * key), SSHTAP_ERR_CRYPTO.
 */
int key_sign(const struct key *k, const struct view *alg,
    const struct view *data, struct buf *out);

/*
 * Verify a signature blob made with algorithm alg over data.
 * Returns 0, SSHTAP_ERR_SIGNATURE, SSHTAP_ERR_UNSUPPORTED, or a parse error.
 */
int key_verify(const struct key *k, const struct view *alg,
    const struct view *signature, const struct view *data);

/* "SHA256:" and the unpadded base64 of the blob's digest. */
int key_fingerprint(const struct view *blob, char out[KEY_FINGERPRINT_SIZE]);

/*
 * The plain key type of a certificate blob ("ssh-ed25519" of
 * "ssh-ed25519-cert-v01@openssh.com"), and whether its public key is that of
 * plain.  Reference: OpenSSH PROTOCOL.certkeys.
 * Returns 0, SSHTAP_ERR_UNSUPPORTED, SSHTAP_ERR_NOT_FOUND (another key), or a
 * parse error.
 */
int key_cert_matches(const struct view *cert, const struct view *plain);

/* Append the name of signature algorithm alg as used with a certificate. */
int key_cert_algorithm(const struct view *alg, struct buf *out);

#endif /* KEY_H */
