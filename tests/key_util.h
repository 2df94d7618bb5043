/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef KEY_UTIL_H
#define KEY_UTIL_H

#include <stddef.h>

#include "lib/buf.h"
#include "lib/view.h"
#include "transport/key.h"

/* Every function here fails the test when it cannot do its work. */

#define TEST_FILE_MAX	(64 * 1024)

/* Per type: file under vectors/keys, name, signature algorithms. */
extern const char *const key_file_names[KEY_TYPE_COUNT];
extern const char *const key_type_names[KEY_TYPE_COUNT];

/* The first is what ssh-keygen -Y sign uses. */
extern const char *const key_algorithm_names[KEY_TYPE_COUNT][2];

/* In hexadecimal. */
struct ed25519_vector {
	const char *seed;
	const char *public;
	const char *message;
	const char *signature;
};

#define ED25519_VECTOR_COUNT	3
extern const struct ed25519_vector ed25519_vectors[ED25519_VECTOR_COUNT];

/* RFC 6979 appendix A.2.5, SHA-256, "sample" */
#define P256_X	"60fed4ba255a9d31c961eb74c6356d68" \
		"c049b8923b61fa6ce669622e60f29fb6"
#define P256_Y	"7903fe1008b8bc99a41ae9e95628bc64" \
		"f2f1b20c2d7e9f5177a3c294d4462299"
#define P256_D	"c9afa9d845ba75166b5c215767b1d693" \
		"4e50c3db36e89b127b8a622b120f6721"
#define P256_R	"efd48b2aacb6a8fd1140dd9cd45e81d6" \
		"9d2c877b56aaf991c34d0ea84eaf3716"
#define P256_S	"f7cb1c942d657c41d436c7a1b6e29f65" \
		"f3e900dbb9aff4064dc4ab2f843acda8"

/* A file under tests/vectors, appended to b. */
void load_vector(const char *name, struct buf *b);

/* The same, under tests/vectors/keys. */
void load_key_file(const char *name, const char *suffix, struct buf *b);

/* The bytes between lines that start with "-----", appended to bytes. */
void decode_armour(const char *name, const char *suffix, struct buf *bytes);

/* The blob of a .pub file, appended to b. */
void load_blob(const char *name, const char *suffix, struct buf *b);

/* The key of an unencrypted private key file. */
struct key *load_key(const char *name);

/* The same key without its private half. */
struct key *public_of(const struct key *k);

/* The private section of a file from the key type on, appended to b. */
void load_fields(const char *name, struct buf *b);

/*
 * A copy whose storage ends where the bytes do, so that a sanitizer sees a
 * read past them; given back with drop.
 */
struct view exact(const struct view *v, size_t len);
void drop(struct view v);

void put_hex(struct buf *b, const char *hex);
void put_hex_mpint(struct buf *b, const char *hex);

/* An ECDSA blob; the point is given in three parts. */
void put_point(struct buf *b, const char *type, const char *curve,
    const char *head, const char *x, const char *y);
void put_p256(struct buf *b);

#endif /* KEY_UTIL_H */
