/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Key files as a server makes them at its first start.  Reference: OpenSSH
 * PROTOCOL.key.  Every buffer here wipes what it lets go of.
 */

#include <openssl/rand.h>

#include "lib/err.h"
#include "transport/keyfile.h"

#define ARMOUR_BEGIN	"-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define ARMOUR_END	"-----END OPENSSH PRIVATE KEY-----\n"
#define ARMOUR_WIDTH	70
#define MAGIC		"openssh-key-v1"	/* with its NUL */
#define PADDING_BLOCK	8	/* of cipher "none" */

/* Two equal numbers, the key, the comment, and 1 2 3 up to the block. */
static int
put_section(struct buf *out, const struct key *k, const char *comment)
{
	uint8_t check[4], n;
	int r;

	if (RAND_bytes(check, sizeof(check)) != 1)
		return SSHTAP_ERR_CRYPTO;
	if ((r = buf_put(out, check, sizeof(check))) != 0 ||
	    (r = buf_put(out, check, sizeof(check))) != 0 ||
	    (r = key_put_private_fields(k, out)) != 0 ||
	    (r = buf_put_cstring(out, comment)) != 0)
		return r;
	for (n = 1; out->len % PADDING_BLOCK != 0; n++)
		if ((r = buf_put_u8(out, n)) != 0)
			return r;
	return 0;
}

static int
put_contents(struct buf *out, const struct key *k, const char *comment)
{
	struct view blob = key_blob(k), v;
	struct buf section;
	int r;

	buf_init(&section, KEYFILE_TEXT_MAX);
	if ((r = put_section(&section, k, comment)) != 0)
		goto out;
	v = buf_view(&section);
	if ((r = buf_put(out, MAGIC, sizeof(MAGIC))) != 0 ||
	    (r = buf_put_cstring(out, "none")) != 0 ||
	    (r = buf_put_cstring(out, "none")) != 0 ||
	    (r = buf_put_cstring(out, "")) != 0 ||
	    (r = buf_put_u32(out, 1)) != 0 ||
	    (r = buf_put_string_view(out, &blob)) != 0)
		goto out;
	r = buf_put_string_view(out, &v);
 out:
	buf_clear(&section);
	return r;
}

/* Lines of ARMOUR_WIDTH digits. */
static int
put_folded(struct buf *out, struct view text)
{
	struct view line;
	int r;

	while (text.len > 0) {
		if ((r = view_get_bytes(&text, text.len < ARMOUR_WIDTH ?
		    text.len : ARMOUR_WIDTH, &line)) != 0 ||
		    (r = buf_put_view(out, &line)) != 0 ||
		    (r = buf_put_u8(out, '\n')) != 0)
			return r;
	}
	return 0;
}

int
keyfile_put_private(struct buf *out, const struct key *k, const char *comment)
{
	struct view begin = view_of_string(ARMOUR_BEGIN);
	struct view end = view_of_string(ARMOUR_END), v;
	struct buf contents, text;
	int r;

	buf_init(&contents, KEYFILE_TEXT_MAX);
	buf_init(&text, KEYFILE_TEXT_MAX);
	if ((r = put_contents(&contents, k, comment)) != 0)
		goto out;
	v = buf_view(&contents);
	if ((r = keyfile_encode_base64(&v, &text)) != 0 ||
	    (r = buf_put_view(out, &begin)) != 0 ||
	    (r = put_folded(out, buf_view(&text))) != 0)
		goto out;
	r = buf_put_view(out, &end);
 out:
	buf_clear(&contents);
	buf_clear(&text);
	return r;
}

int
keyfile_put_public(struct buf *out, const struct view *blob,
    const char *comment)
{
	struct view v = *blob, type;
	int r;

	if ((r = view_get_string(&v, &type)) != 0 ||
	    (r = buf_put_view(out, &type)) != 0 ||
	    (r = buf_put_u8(out, ' ')) != 0 ||
	    (r = keyfile_encode_base64(blob, out)) != 0)
		return r;
	return buf_put_format(out, " %s\n", comment);
}
