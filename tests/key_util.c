/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What the tests of keys, key files and known_hosts share: vector files, named
 * from SRCDIR (the root of the tree; the present directory when unset), and
 * published vectors.
 */

#include "tests/key_util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "transport/keyfile.h"

const char *const key_file_names[KEY_TYPE_COUNT] = {
	[KEY_ED25519] = "ed25519",
	[KEY_ECDSA_P256] = "ecdsa",
	[KEY_RSA] = "rsa",
};

const char *const key_type_names[KEY_TYPE_COUNT] = {
	[KEY_ED25519] = "ssh-ed25519",
	[KEY_ECDSA_P256] = "ecdsa-sha2-nistp256",
	[KEY_RSA] = "ssh-rsa",
};

const char *const key_algorithm_names[KEY_TYPE_COUNT][2] = {
	[KEY_ED25519] = { "ssh-ed25519", NULL },
	[KEY_ECDSA_P256] = { "ecdsa-sha2-nistp256", NULL },
	[KEY_RSA] = { "rsa-sha2-512", "rsa-sha2-256" },
};

void
load_vector(const char *name, struct buf *b)
{
	const char *dir = getenv("SRCDIR");
	char path[1024];
	uint8_t *p;
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/tests/vectors/%s",
	    dir != NULL ? dir : ".", name);
	f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(buf_put_space(b, TEST_FILE_MAX, &p), 0);
	n = fread(p, 1, TEST_FILE_MAX, f);
	assert_true(n > 0 && n < TEST_FILE_MAX);
	buf_drop_end(b, TEST_FILE_MAX - n);
	assert_int_equal(fclose(f), 0);
}

void
load_key_file(const char *name, const char *suffix, struct buf *b)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "keys/%s%s", name, suffix);
	load_vector(path, b);
}

void
decode_armour(const char *name, const char *suffix, struct buf *bytes)
{
	struct buf text, digits;
	struct view v, line;

	buf_init(&text, TEST_FILE_MAX);
	buf_init(&digits, TEST_FILE_MAX);
	load_key_file(name, suffix, &text);
	v = buf_view(&text);
	while (view_get_line(&v, &line)) {
		if (!view_starts_with(&line, "-----"))
			assert_int_equal(buf_put_view(&digits, &line), 0);
	}
	v = buf_view(&digits);
	assert_int_equal(keyfile_decode_base64(&v, bytes), 0);
	buf_clear(&digits);
	buf_clear(&text);
}

void
load_blob(const char *name, const char *suffix, struct buf *b)
{
	struct buf text;
	struct view v, line;
	uint8_t *blob = NULL;
	size_t len = 0;

	buf_init(&text, TEST_FILE_MAX);
	load_key_file(name, suffix, &text);
	v = buf_view(&text);
	assert_true(view_get_line(&v, &line));
	assert_int_equal(keyfile_parse_public(&line, &blob, &len, NULL), 0);
	assert_int_equal(buf_put(b, blob, len), 0);
	free(blob);
	buf_clear(&text);
}

struct key *
load_key(const char *name)
{
	struct key *k = NULL;
	struct buf text;
	struct view v;

	buf_init(&text, TEST_FILE_MAX);
	load_key_file(name, "", &text);
	v = buf_view(&text);
	assert_int_equal(keyfile_parse_private(&v, &k, NULL, NULL, NULL), 0);
	buf_clear(&text);
	return k;
}

struct key *
public_of(const struct key *k)
{
	struct view blob = key_blob(k);
	struct key *public = NULL;

	assert_int_equal(key_from_blob(&blob, &public), 0);
	assert_false(key_is_private(public));
	return public;
}

void
load_fields(const char *name, struct buf *b)
{
	struct view v, section, skipped;
	struct buf bytes;
	unsigned i;

	buf_init(&bytes, TEST_FILE_MAX);
	decode_armour(name, "", &bytes);
	v = buf_view(&bytes);
	/* Magic; cipher, kdf, its options; number of keys; public blob. */
	assert_int_equal(view_get_bytes(&v, 15, &skipped), 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(view_get_string(&v, &skipped), 0);
	assert_int_equal(view_get_bytes(&v, 4, &skipped), 0);
	assert_int_equal(view_get_string(&v, &skipped), 0);
	assert_int_equal(view_get_string(&v, &section), 0);
	assert_int_equal(view_get_bytes(&section, 8, &skipped), 0);
	assert_int_equal(buf_put_view(b, &section), 0);
	buf_clear(&bytes);
}

struct view
exact(const struct view *v, size_t len)
{
	uint8_t *p = malloc(len > 0 ? len : 1);

	assert_non_null(p);
	if (len > 0)
		memcpy(p, v->p, len);
	return view_of(p, len);
}

void
drop(struct view v)
{
	uint8_t *p;

	memcpy(&p, &v.p, sizeof(p));
	free(p);
}

void
put_hex(struct buf *b, const char *hex)
{
	unsigned byte;

	for (; hex[0] != '\0'; hex += 2) {
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		assert_int_equal(buf_put_u8(b, (uint8_t)byte), 0);
	}
}

/* RFC 8032 section 7.1: TEST 1, TEST 2, TEST 3 */
const struct ed25519_vector ed25519_vectors[ED25519_VECTOR_COUNT] = {
	{
		"9d61b19deffd5a60ba844af492ec2cc4"
		"4449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a"
		"0ee172f3daa62325af021a68f707511a",
		"",
		"e5564300c360ac729086e2cc806e828a"
		"84877f1eb8e5d974d873e06522490155"
		"5fb8821590a33bacc61e39701cf9b46b"
		"d25bf5f0595bbe24655141438e7a100b",
	}, {
		"4ccd089b28ff96da9db6c346ec114e0f"
		"5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc"
		"9c982ccf2ec4968cc0cd55f12af4660c",
		"72",
		"92a009a9f0d4cab8720e820b5f642540"
		"a2b27b5416503f8fb3762223ebdb69da"
		"085ac1e43e15996e458f3613d0f11d8c"
		"387b2eaeb4302aeeb00d291612bb0c00",
	}, {
		"c5aa8df43f9f837bedb7442f31dcb7b1"
		"66d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f058"
		"0816ed13ba3303ac5deb911548908025",
		"af82",
		"6291d657deec24024827e69c3abe01a3"
		"0ce548a284743a445e3680d7db5ac3ac"
		"18ff9b538d16f290ae67f760984dc659"
		"4a7c15e9716ed28dc027beceea1ec40a",
	},
};

void
put_hex_mpint(struct buf *b, const char *hex)
{
	struct buf bytes;
	struct view v;

	buf_init(&bytes, 4096);
	put_hex(&bytes, hex);
	v = buf_view(&bytes);
	assert_int_equal(buf_put_mpint(b, v.p, v.len), 0);
	buf_clear(&bytes);
}

void
put_point(struct buf *b, const char *type, const char *curve,
    const char *head, const char *x, const char *y)
{
	struct buf point;
	struct view v;

	buf_init(&point, 1024);
	put_hex(&point, head);
	put_hex(&point, x);
	put_hex(&point, y);
	v = buf_view(&point);
	assert_int_equal(buf_put_cstring(b, type), 0);
	assert_int_equal(buf_put_cstring(b, curve), 0);
	assert_int_equal(buf_put_string_view(b, &v), 0);
	buf_clear(&point);
}

void
put_p256(struct buf *b)
{
	put_point(b, "ecdsa-sha2-nistp256", "nistp256", "04", P256_X, P256_Y);
}
