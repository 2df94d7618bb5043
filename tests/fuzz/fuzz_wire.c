/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "tests/fuzz/fuzz_wire.h"

#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "transport/cipher.h"
#include "transport/session_impl.h"

#define ED25519	"ssh-ed25519"

/* RFC 8032 section 7.1, TEST 1 and TEST 2: seed and public key. */
static const uint8_t vectors[2][64] = {
	{
		0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60,
		0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
		0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19,
		0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
		0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
		0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
		0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
		0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a
	}, {
		0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda,
		0x9d, 0xb6, 0xc3, 0x46, 0xec, 0x11, 0x4e, 0x0f,
		0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6, 0x24,
		0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb,
		0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a,
		0x92, 0xb7, 0x0a, 0xa7, 0x4d, 0x1b, 0x7e, 0xbc,
		0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4, 0x96, 0x8c,
		0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c
	}
};

static const struct key *
vector_key(unsigned which)
{
	static struct key *keys[2];
	struct view v;
	struct buf b;

	if (keys[which] != NULL)
		return keys[which];
	buf_init(&b, KEY_BLOB_MAX);
	require(buf_put_cstring(&b, ED25519) == 0);
	require(buf_put_string(&b, vectors[which] + 32, 32) == 0);
	require(buf_put_string(&b, vectors[which], 64) == 0);
	v = buf_view(&b);
	require(key_from_private_fields(&v, &keys[which]) == 0);
	buf_clear(&b);
	return keys[which];
}

const struct key *
wire_host_key(void)
{
	return vector_key(0);
}

const struct key *
wire_user_key(void)
{
	return vector_key(1);
}

static int
check_hostkey(void *ctx, const struct view *blob, const char *algorithm)
{
	struct view known = key_blob(wire_host_key());

	(void)ctx;
	return view_equals(blob, &known) && strcmp(algorithm, ED25519) == 0 ?
	    0 : SSHTAP_ERR_HOSTKEY;
}

static int
show_hostkey(void *ctx, const struct view *algorithm, struct view *blobp)
{
	(void)ctx;
	if (!view_is(algorithm, ED25519))
		return SSHTAP_ERR_NOT_FOUND;
	*blobp = key_blob(wire_host_key());
	return 0;
}

static int
sign_hash(void *ctx, const struct view *algorithm, const struct view *data,
    struct buf *signature)
{
	(void)ctx;
	return key_sign(wire_host_key(), algorithm, data, signature);
}

static void
check_text(void *ctx, const char *text)
{
	(void)ctx;
	require(strlen(text) < SESSION_TEXT_MAX && fuzz_is_clean(text, false));
}

const struct session_ops wire_ops = {
	.check_hostkey = check_hostkey,
	.hostkey = show_hostkey,
	.sign = sign_hash,
	.debug_text = check_text
};

struct session *
wire_new_session(enum session_role role)
{
	static struct session *kept[2];
	struct session_config config = {
		.role = role,
		.software = "sshtap_fuzz",
		.kex = "curve25519-sha256",
		.hostkey = ED25519,
		.ciphers = CIPHER_DEFAULT_LIST,
		.compression = "none",
		.ops = &wire_ops
	};

	if (kept[role] == NULL)
		require(session_new(&config, 0, &kept[role]) == 0);
	return kept[role];
}

void
wire_end_session(struct session *s)
{
	buf_clear(&s->queue);
	s->authenticated = s->compressing = s->peer_hostbound = false;
}

void
wire_check_queue(const struct session *s, size_t n, size_t max)
{
	struct view left = buf_view(&s->queue), payload;

	for (; left.len > 0; n--) {
		require(n > 0);
		require(view_get_string(&left, &payload) == 0);
		require(payload.len > 0 && payload.len <= max);
	}
}
