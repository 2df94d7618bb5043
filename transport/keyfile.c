/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Key files.  A private key is base64 in an armour: a clear head (cipher,
 * key derivation, public blob) and a private section, which is only read
 * when the cipher is "none".  Decrypting would take bcrypt_pbkdf, which
 * libcrypto lacks; the agent does that better, and the public blob that we
 * hand out is what it must be asked for.
 *
 * The public blob is parsed first, so an unsupported type or a weak key is
 * reported as such even when the file is encrypted, and after that the
 * private section must yield the same blob.
 *
 * All decoded bytes live in struct buf, which wipes them.
 */

#include "transport/keyfile.h"

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"

#define ARMOUR_BEGIN	"-----BEGIN OPENSSH PRIVATE KEY-----"
#define ARMOUR_END	"-----END OPENSSH PRIVATE KEY-----"

/* OpenSSH PROTOCOL.key; the NUL behind it belongs to it. */
#define MAGIC		"openssh-key-v1"

/* Block size of cipher "none", in sshkey_private_to_blob2's sense. */
#define PADDING_BLOCK	8

/* RFC 4648 section 4 */
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789+/";

/* Contents of the file in front of the private section. */
struct head {
	struct view cipher;
	struct view kdf;
	struct view kdf_options;
	struct view pub;
	struct view section;
	size_t left;		/* bytes behind the section */
};

/* What a file yields, owned; all but pub stays empty when encrypted. */
struct yield {
	struct key *key;
	uint8_t *pub;
	size_t pub_len;
	char *comment;
};

int
keyfile_encode_base64(const struct view *bytes, struct buf *out)
{
	size_t i, n, len = bytes->len;
	uint8_t *p;
	int r;

	if (len > SIZE_MAX / 4 - 4)
		return SSHTAP_ERR_TOO_BIG;
	if ((r = buf_put_space(out, (len + 2) / 3 * 4, &p)) != 0)
		return r;
	for (i = 0; i < len; i += n, p += 4) {
		uint32_t group;

		n = len - i < 3 ? len - i : 3;
		group = (uint32_t)bytes->p[i] << 16;
		if (n > 1)
			group |= (uint32_t)bytes->p[i + 1] << 8;
		if (n > 2)
			group |= bytes->p[i + 2];
		p[0] = (uint8_t)base64_digits[group >> 18];
		p[1] = (uint8_t)base64_digits[group >> 12 & 63];
		p[2] = n > 1 ? (uint8_t)base64_digits[group >> 6 & 63] : '=';
		p[3] = n > 2 ? (uint8_t)base64_digits[group & 63] : '=';
	}
	return 0;
}

/* The value of one digit, or -1.  No table: the text may be a secret. */
static int
base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/*
 * Four characters, of which the last pad are padding.  Bits that padding
 * leaves over must be zero (RFC 4648 section 3.5), or one value would have
 * many spellings.
 */
static int
decode_group(const uint8_t in[4], size_t pad, uint8_t *out)
{
	uint32_t group = 0;
	size_t i;
	int value;

	for (i = 0; i < 4; i++) {
		value = i < 4 - pad ? base64_value(in[i]) : 0;
		if (value < 0)
			return SSHTAP_ERR_FORMAT;
		group = group << 6 | (uint32_t)value;
	}
	if ((group & ((1u << 8 * pad) - 1)) != 0)
		return SSHTAP_ERR_FORMAT;
	for (i = 0; i < 3 - pad; i++)
		out[i] = (uint8_t)(group >> (16 - 8 * i));
	return 0;
}

int
keyfile_decode_base64(const struct view *text, struct buf *out)
{
	size_t i, pad = 0, len = text->len, size;
	uint8_t *p;
	int r;

	if (len % 4 != 0)
		return SSHTAP_ERR_FORMAT;
	if (len == 0)
		return 0;
	if (text->p[len - 1] == '=')
		pad = text->p[len - 2] == '=' ? 2 : 1;
	size = len / 4 * 3 - pad;
	if ((r = buf_put_space(out, size, &p)) != 0)
		return r;
	for (i = 0; i < len; i += 4, p += 3) {
		if ((r = decode_group(text->p + i, i + 4 == len ? pad : 0,
		    p)) != 0) {
			buf_drop_end(out, size);
			return r;
		}
	}
	return 0;
}

/* A copy of the bytes on the heap, never of size 0. */
static int
copy_bytes(const struct view *v, uint8_t **pp, size_t *lenp)
{
	uint8_t *p;

	if ((p = malloc(v->len > 0 ? v->len : 1)) == NULL)
		return SSHTAP_ERR_ALLOC;
	if (v->len > 0)
		memcpy(p, v->p, v->len);
	*pp = p;
	*lenp = v->len;
	return 0;
}

/*
 * The armour's contents.  What follows the end line is ignored, as
 * ssh-keygen does.
 */
static int
decode_armour(const struct view *text, struct buf *bytes)
{
	struct view left = *text, line;
	struct buf digits;
	bool ended = false;
	int r = 0;

	if (!view_get_line(&left, &line) || !view_is(&line, ARMOUR_BEGIN))
		return SSHTAP_ERR_UNSUPPORTED;
	/* Lines are joined first: none need hold whole groups of four. */
	buf_init(&digits, KEYFILE_TEXT_MAX);
	while (r == 0 && view_get_line(&left, &line)) {
		if ((ended = view_is(&line, ARMOUR_END)))
			break;
		r = buf_put_view(&digits, &line);
	}
	if (r == 0 && !ended)
		r = SSHTAP_ERR_TRUNCATED;
	if (r == 0) {
		line = buf_view(&digits);
		r = keyfile_decode_base64(&line, bytes);
	}
	buf_clear(&digits);
	return r;
}

/*
 * PROTOCOL.key allows for several keys, which nobody has ever written and
 * ssh-keygen refuses as well.
 */
static int
get_head(struct view *v, struct head *h)
{
	struct view magic;
	uint32_t count;
	int r;

	if ((r = view_get_bytes(v, sizeof(MAGIC), &magic)) != 0)
		return r;
	if (memcmp(magic.p, MAGIC, sizeof(MAGIC)) != 0)
		return SSHTAP_ERR_FORMAT;
	if ((r = view_get_string(v, &h->cipher)) != 0 ||
	    (r = view_get_string(v, &h->kdf)) != 0 ||
	    (r = view_get_string(v, &h->kdf_options)) != 0 ||
	    (r = view_get_u32(v, &count)) != 0)
		return r;
	if (count != 1)
		return SSHTAP_ERR_FORMAT;
	if ((r = view_get_string(v, &h->pub)) != 0 ||
	    (r = view_get_string(v, &h->section)) != 0)
		return r;
	h->left = v->len;
	return 0;
}

/* The bytes 1, 2, 3 and so on that fill the last block. */
static int
check_padding(const struct view *v)
{
	size_t i;

	if (v->len >= PADDING_BLOCK)
		return SSHTAP_ERR_TRAILING;
	for (i = 0; i < v->len; i++) {
		if (v->p[i] != i + 1)
			return SSHTAP_ERR_FORMAT;
	}
	return 0;
}

static int
get_section(const struct view *section, struct yield *y)
{
	struct view v = *section, comment;
	uint32_t check, again;
	int r;

	/* The check words tell a wrong passphrase; here, a damaged file. */
	if (v.len % PADDING_BLOCK != 0)
		return SSHTAP_ERR_FORMAT;
	if ((r = view_get_u32(&v, &check)) != 0 ||
	    (r = view_get_u32(&v, &again)) != 0)
		return r;
	if (check != again)
		return SSHTAP_ERR_FORMAT;
	if ((r = key_from_private_fields(&v, &y->key)) != 0 ||
	    (r = view_get_string(&v, &comment)) != 0 ||
	    (r = check_padding(&v)) != 0)
		return r;
	return view_to_cstring(&comment, &y->comment);
}

/* The section of an unencrypted file, which must match the head. */
static int
get_plain(const struct head *h, struct yield *y)
{
	struct view blob;
	int r;

	if (!view_is(&h->kdf, "none") || h->kdf_options.len != 0)
		return SSHTAP_ERR_FORMAT;
	if (h->left != 0)
		return SSHTAP_ERR_TRAILING;
	if ((r = get_section(&h->section, y)) != 0)
		return r;
	blob = key_blob(y->key);
	return view_equals(&blob, &h->pub) ? 0 : SSHTAP_ERR_FORMAT;
}

/* Well-formed, of a type of ours, and strong enough. */
static int
check_public(const struct view *blob)
{
	struct key *key = NULL;
	int r;

	r = key_from_blob(blob, &key);
	key_free(key);
	return r;
}

static int
parse_bytes(struct view v, struct yield *y)
{
	struct head h;
	int r;

	if ((r = get_head(&v, &h)) != 0 ||
	    (r = check_public(&h.pub)) != 0 ||
	    (r = copy_bytes(&h.pub, &y->pub, &y->pub_len)) != 0)
		return r;
	/*
	 * Bytes behind an encrypted section are its tag, if the cipher has
	 * one; they mean nothing without the passphrase.
	 */
	if (!view_is(&h.cipher, "none"))
		return SSHTAP_ERR_ENCRYPTED;
	return get_plain(&h, y);
}

int
keyfile_parse_private(const struct view *text, struct key **keyp,
    uint8_t **pubp, size_t *pub_lenp, char **commentp)
{
	struct yield y = { NULL, NULL, 0, NULL };
	struct buf bytes;
	int r;

	if (text->len > KEYFILE_TEXT_MAX)
		return SSHTAP_ERR_TOO_BIG;
	buf_init(&bytes, KEYFILE_TEXT_MAX);
	if ((r = decode_armour(text, &bytes)) == 0)
		r = parse_bytes(buf_view(&bytes), &y);
	buf_clear(&bytes);
	if (pubp != NULL && (r == 0 || r == SSHTAP_ERR_ENCRYPTED)) {
		*pubp = y.pub;
		*pub_lenp = y.pub_len;
		y.pub = NULL;
	}
	if (r != 0)
		goto out;
	*keyp = y.key;
	y.key = NULL;
	if (commentp != NULL) {
		*commentp = y.comment;
		y.comment = NULL;
	}
 out:
	key_free(y.key);
	free(y.pub);
	free(y.comment);
	return r;
}

/* The type that a blob says it is of. */
static bool
is_of_type(const struct view *blob, const struct view *type)
{
	struct view v = *blob, name;

	return view_get_string(&v, &name) == 0 && view_equals(&name, type);
}

int
keyfile_parse_public(const struct view *line, uint8_t **blobp,
    size_t *blob_lenp, struct view *restp)
{
	struct view left = *line, type, text, blob;
	struct buf decoded;
	int r;

	if (!view_get_word(&left, &type) || !view_get_word(&left, &text))
		return SSHTAP_ERR_FORMAT;
	buf_init(&decoded, KEY_BLOB_MAX);
	if ((r = keyfile_decode_base64(&text, &decoded)) != 0)
		goto out;
	blob = buf_view(&decoded);
	if (!is_of_type(&blob, &type)) {
		r = SSHTAP_ERR_FORMAT;
		goto out;
	}
	if ((r = copy_bytes(&blob, blobp, blob_lenp)) != 0)
		goto out;
	while (left.len > 0 && (left.p[0] == ' ' || left.p[0] == '\t')) {
		left.p++;
		left.len--;
	}
	if (restp != NULL)
		*restp = left;
 out:
	buf_clear(&decoded);
	return r;
}
