/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Key files: base64, public lines, and private files taken apart and put
 * together again with one thing wrong.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/key_util.h"
#include "transport/keyfile.h"

#define BEGIN	"-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define END	"-----END OPENSSH PRIVATE KEY-----\n"
#define MAGIC_SIZE	15

/* What stands in a private file, each part to be spoilt. */
struct parts {
	const char *magic;
	const char *cipher, *kdf, *options;
	uint32_t count;
	struct view pub;
	struct view section;
	const char *tail;
};

static int
decode_result(const char *text, const char *wanted)
{
	struct view v = view_of_string(text), got;
	struct buf b;
	int r;

	buf_init(&b, 64);
	assert_int_equal(buf_put_u8(&b, '>'), 0);
	r = keyfile_decode_base64(&v, &b);
	buf_drop_front(&b, 1);
	got = buf_view(&b);
	assert_true(view_is(&got, wanted));
	buf_clear(&b);
	return r;
}

/* RFC 4648 section 10 */
static const struct {
	const char *plain, *encoded;
} base64_vectors[] = {
	{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" }, { "\xfb\xff\xfe", "+//+" },
};

static void
test_base64_vectors(void **state)
{
	struct view v, got;
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 64);
	for (i = 0; i < sizeof(base64_vectors) / sizeof(base64_vectors[0]);
	    i++) {
		v = view_of_string(base64_vectors[i].plain);
		assert_int_equal(keyfile_encode_base64(&v, &b), 0);
		got = buf_view(&b);
		assert_true(view_is(&got, base64_vectors[i].encoded));
		buf_reset(&b);
		assert_int_equal(decode_result(base64_vectors[i].encoded,
		    base64_vectors[i].plain), 0);
	}
	buf_clear(&b);
}

static void
test_base64_is_strict(void **state)
{
	static const char *const wrong[] = {
		"Z", "Zg", "Zg=", "Zg===", "====", "=", "Z===", "Zg==Zg==",
		"Zm9v=", "Zm9vY===", " Zg==", "Zg== ", "Zm 9", "Zm9v\n",
		"Zm9-", "Zm9_", "Zm8=Zm9v", "Z=8=", "Zm=v", "Zm9\x80",
		/* Bits that the padding leaves over. */
		"Zh==", "Zm9=",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(decode_result(wrong[i], ""),
		    SSHTAP_ERR_FORMAT);
}

static void
test_base64_respects_the_limit(void **state)
{
	struct view v = view_of_string("Zm9vYg==");
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	assert_int_equal(keyfile_decode_base64(&v, &b), 0);
	assert_int_equal(b.len, 4);
	buf_clear(&b);
	buf_init(&b, 3);
	assert_int_equal(keyfile_decode_base64(&v, &b), SSHTAP_ERR_TOO_BIG);
	v = view_of_string("foo");
	assert_int_equal(keyfile_encode_base64(&v, &b), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
}

static int
public_result(const char *line, const char *rest)
{
	struct view v = view_of_string(line), copy = exact(&v, v.len), left;
	uint8_t *blob = NULL;
	size_t len = 0;
	int r;

	r = keyfile_parse_public(&copy, &blob, &len, &left);
	assert_int_equal(r == 0, blob != NULL);
	if (r == 0)
		assert_true(view_is(&left, rest));
	free(blob);
	drop(copy);
	return r;
}

/* "abc" as type, and "x" behind it: string "abc", byte 'x'. */
#define ABC_BLOB	"AAAAA2FiY3g="

static void
test_public_lines(void **state)
{
	(void)state;
	assert_int_equal(public_result("abc " ABC_BLOB, ""), 0);
	assert_int_equal(public_result("abc " ABC_BLOB " ", ""), 0);
	assert_int_equal(public_result("abc " ABC_BLOB " me@here", "me@here"),
	    0);
	assert_int_equal(public_result(" \tabc\t" ABC_BLOB "\t two words ",
	    "two words "), 0);
	assert_int_equal(public_result("abd " ABC_BLOB, ""),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(public_result("ab " ABC_BLOB, ""),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(public_result("abcx " ABC_BLOB, ""),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(public_result("", ""), SSHTAP_ERR_FORMAT);
	assert_int_equal(public_result("abc", ""), SSHTAP_ERR_FORMAT);
	assert_int_equal(public_result("abc ", ""), SSHTAP_ERR_FORMAT);
	assert_int_equal(public_result("abc AAAA", ""), SSHTAP_ERR_FORMAT);
	assert_int_equal(public_result("abc AAAAA2Fi", ""),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(public_result("abc AAAAA2FiY3g", ""),
	    SSHTAP_ERR_FORMAT);
}

static void
test_public_line_cut(void **state)
{
	struct view v, line;
	struct buf b;
	size_t i, key_len;

	(void)state;
	buf_init(&b, TEST_FILE_MAX);
	load_key_file("ed25519", ".pub", &b);
	v = buf_view(&b);
	assert_true(view_get_line(&v, &line));
	key_len = line.len - strlen(" throw-away ed25519");
	for (i = 0; i <= line.len; i++) {
		struct view copy = exact(&line, i);
		uint8_t *blob = NULL;
		size_t len;
		int r;

		/* Some cuts fall between groups; the key is short then. */
		r = keyfile_parse_public(&copy, &blob, &len, NULL);
		assert_true(r == 0 || r == SSHTAP_ERR_FORMAT);
		if (i >= key_len)
			assert_int_equal(r, 0);
		if (r == 0)
			assert_int_equal(len == 51, i >= key_len);
		free(blob);
		drop(copy);
	}
	buf_clear(&b);
}

/* A line with a blob of this length. */
static int
public_of_size(size_t size)
{
	struct buf blob, line;
	uint8_t *p, *got = NULL;
	struct view v;
	size_t len = 0;
	int r;

	buf_init(&blob, size);
	buf_init(&line, 3 * size);
	assert_int_equal(buf_put_cstring(&blob, "abc"), 0);
	assert_int_equal(buf_put_space(&blob, size - blob.len, &p), 0);
	memset(p, 0, size - 7);
	v = buf_view(&blob);
	assert_int_equal(buf_put_format(&line, "abc "), 0);
	assert_int_equal(keyfile_encode_base64(&v, &line), 0);
	v = buf_view(&line);
	r = keyfile_parse_public(&v, &got, &len, NULL);
	if (r == 0)
		assert_int_equal(len, size);
	free(got);
	buf_clear(&line);
	buf_clear(&blob);
	return r;
}

static void
test_public_line_limit(void **state)
{
	(void)state;
	assert_int_equal(public_of_size(KEY_BLOB_MAX), 0);
	assert_int_equal(public_of_size(KEY_BLOB_MAX + 1),
	    SSHTAP_ERR_TOO_BIG);
}

/* Parse, and see that outputs are set exactly as promised. */
static int
private_result(const struct view *text)
{
	struct view copy = exact(text, text->len);
	struct key *k = NULL;
	uint8_t *pub = NULL;
	char *comment = NULL;
	size_t len = 0;
	int r;

	r = keyfile_parse_private(&copy, &k, &pub, &len, &comment);
	assert_int_equal(r == 0, k != NULL);
	assert_int_equal(r == 0, comment != NULL);
	assert_int_equal(r == 0 || r == SSHTAP_ERR_ENCRYPTED, pub != NULL);
	key_free(k);
	free(pub);
	free(comment);
	k = NULL;
	assert_int_equal(keyfile_parse_private(&copy, &k, NULL, NULL, NULL),
	    r);
	key_free(k);
	drop(copy);
	return r;
}

static int
file_result(const char *name)
{
	struct buf b;
	struct view v;
	int r;

	buf_init(&b, TEST_FILE_MAX);
	load_key_file(name, "", &b);
	v = buf_view(&b);
	r = private_result(&v);
	buf_clear(&b);
	return r;
}

static int
text_result(const char *text)
{
	struct view v = view_of_string(text);

	return private_result(&v);
}

static void
test_files_of_openssh(void **state)
{
	static const char *const comments[KEY_TYPE_COUNT] = {
		[KEY_ED25519] = "throw-away ed25519",
		[KEY_ECDSA_P256] = "throw-away ecdsa",
		[KEY_RSA] = "throw-away rsa",
	};
	unsigned t;

	(void)state;
	for (t = 0; t < KEY_TYPE_COUNT; t++) {
		struct view v, blob, wanted, pub_view;
		struct key *k = NULL;
		uint8_t *pub = NULL;
		char *comment = NULL;
		struct buf text, plain;
		size_t len = 0;

		buf_init(&text, TEST_FILE_MAX);
		buf_init(&plain, TEST_FILE_MAX);
		load_key_file(key_file_names[t], "", &text);
		load_blob(key_file_names[t], ".pub", &plain);
		v = buf_view(&text);
		assert_int_equal(keyfile_parse_private(&v, &k, &pub, &len,
		    &comment), 0);
		assert_true(key_is_private(k));
		assert_int_equal(key_type(k), t);
		blob = key_blob(k);
		wanted = buf_view(&plain);
		assert_true(view_equals(&blob, &wanted));
		pub_view = view_of(pub, len);
		assert_true(view_equals(&pub_view, &wanted));
		assert_string_equal(comment, comments[t]);
		free(comment);
		free(pub);
		key_free(k);
		buf_clear(&plain);
		buf_clear(&text);
	}
}

/* Encrypted files still say which key to ask the agent for. */
static void
test_encrypted_files(void **state)
{
	static const char *const names[] = { "encrypted", "encrypted_gcm" };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct view v, wanted, got;
		struct key *k = NULL;
		struct buf text, plain;
		uint8_t *pub = NULL;
		size_t len = 0;

		buf_init(&text, TEST_FILE_MAX);
		buf_init(&plain, TEST_FILE_MAX);
		load_key_file(names[i], "", &text);
		load_blob(names[i], ".pub", &plain);
		v = buf_view(&text);
		assert_int_equal(keyfile_parse_private(&v, &k, &pub, &len,
		    NULL), SSHTAP_ERR_ENCRYPTED);
		assert_null(k);
		got = view_of(pub, len);
		wanted = buf_view(&plain);
		assert_true(view_equals(&got, &wanted));
		assert_int_equal(private_result(&v), SSHTAP_ERR_ENCRYPTED);
		free(pub);
		buf_clear(&plain);
		buf_clear(&text);
	}
}

static void
test_files_not_supported(void **state)
{
	(void)state;
	assert_int_equal(file_result("rsa_pem"), SSHTAP_ERR_UNSUPPORTED);
	assert_int_equal(file_result("ecdsa384"), SSHTAP_ERR_UNSUPPORTED);
	assert_int_equal(file_result("rsa1024"), SSHTAP_ERR_WEAK_KEY);
	assert_int_equal(text_result(""), SSHTAP_ERR_UNSUPPORTED);
	assert_int_equal(text_result("PuTTY-User-Key-File-3: ssh-ed25519\n"),
	    SSHTAP_ERR_UNSUPPORTED);
	assert_int_equal(text_result(" " BEGIN END), SSHTAP_ERR_UNSUPPORTED);
}

static void
test_armour(void **state)
{
	(void)state;
	assert_int_equal(text_result(BEGIN), SSHTAP_ERR_TRUNCATED);
	assert_int_equal(text_result(BEGIN END), SSHTAP_ERR_TRUNCATED);
	assert_int_equal(text_result(BEGIN "A\n" END), SSHTAP_ERR_FORMAT);
	assert_int_equal(text_result(BEGIN "!!!!\n" END), SSHTAP_ERR_FORMAT);
	assert_int_equal(text_result(BEGIN "AAAA\n" END),
	    SSHTAP_ERR_TRUNCATED);
	assert_int_equal(text_result(BEGIN
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" END), SSHTAP_ERR_FORMAT);
}

/* Other line ends and line lengths, and text behind the end. */
static void
test_armour_variants(void **state)
{
	struct buf text, other;
	struct view v, line;

	(void)state;
	buf_init(&text, TEST_FILE_MAX);
	buf_init(&other, TEST_FILE_MAX);
	load_key_file("ed25519", "", &text);
	v = buf_view(&text);
	while (view_get_line(&v, &line)) {
		assert_int_equal(buf_put_view(&other, &line), 0);
		assert_int_equal(buf_put_format(&other, "\r\n"), 0);
	}
	v = buf_view(&other);
	assert_int_equal(private_result(&v), 0);
	assert_int_equal(buf_put_format(&other, "anything\n"), 0);
	v = buf_view(&other);
	assert_int_equal(private_result(&v), 0);
	buf_clear(&other);
	buf_clear(&text);
}

static void
test_text_cut(void **state)
{
	static const char *const names[] = { "ed25519", "ecdsa", "rsa",
	    "encrypted" };
	struct buf text;
	struct view v;
	size_t i, len;

	(void)state;
	buf_init(&text, TEST_FILE_MAX);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		buf_reset(&text);
		load_key_file(names[i], "", &text);
		v = buf_view(&text);
		/* Without the last line end it is still whole. */
		for (len = 0; len < text.len - 1; len++) {
			v.len = len;
			assert_int_equal(private_result(&v),
			    len < strlen(BEGIN) - 1 ?
			    SSHTAP_ERR_UNSUPPORTED : SSHTAP_ERR_TRUNCATED);
		}
	}
	buf_clear(&text);
}

static void
test_text_limit(void **state)
{
	struct buf text;
	struct view v;
	uint8_t *p;
	size_t len;

	(void)state;
	buf_init(&text, KEYFILE_TEXT_MAX + TEST_FILE_MAX);
	load_key_file("ed25519", "", &text);
	len = KEYFILE_TEXT_MAX - text.len;
	assert_int_equal(buf_put_space(&text, len, &p), 0);
	memset(p, '\n', len);
	v = buf_view(&text);
	assert_int_equal(private_result(&v), 0);
	assert_int_equal(buf_put_u8(&text, '\n'), 0);
	v = buf_view(&text);
	assert_int_equal(private_result(&v), SSHTAP_ERR_TOO_BIG);
	buf_clear(&text);
}

static int
bytes_result(const struct view *bytes)
{
	struct buf text;
	struct view v;
	int r;

	buf_init(&text, 2 * TEST_FILE_MAX);
	assert_int_equal(buf_put_format(&text, BEGIN), 0);
	assert_int_equal(keyfile_encode_base64(bytes, &text), 0);
	assert_int_equal(buf_put_format(&text, "\n" END), 0);
	v = buf_view(&text);
	r = private_result(&v);
	buf_clear(&text);
	return r;
}

static int
parts_result(const struct parts *p)
{
	struct buf b;
	struct view v;
	int r;

	buf_init(&b, TEST_FILE_MAX);
	assert_int_equal(buf_put(&b, p->magic, MAGIC_SIZE), 0);
	assert_int_equal(buf_put_cstring(&b, p->cipher), 0);
	assert_int_equal(buf_put_cstring(&b, p->kdf), 0);
	assert_int_equal(buf_put_cstring(&b, p->options), 0);
	assert_int_equal(buf_put_u32(&b, p->count), 0);
	assert_int_equal(buf_put_string_view(&b, &p->pub), 0);
	assert_int_equal(buf_put_string_view(&b, &p->section), 0);
	assert_int_equal(buf_put(&b, p->tail, strlen(p->tail)), 0);
	v = buf_view(&b);
	r = bytes_result(&v);
	buf_clear(&b);
	return r;
}

/* A private section around the key fields of a file. */
static void
put_section(struct buf *b, uint32_t check, uint32_t again,
    const struct view *key, const char *comment, size_t comment_len,
    const char *padding)
{
	assert_int_equal(buf_put_u32(b, check), 0);
	assert_int_equal(buf_put_u32(b, again), 0);
	assert_int_equal(buf_put_view(b, key), 0);
	assert_int_equal(buf_put_string(b, comment, comment_len), 0);
	assert_int_equal(buf_put(b, padding, strlen(padding)), 0);
}

/* The key's own fields, without comment and padding. */
static struct view
key_fields(const struct buf *fields)
{
	struct view v = buf_view(fields), left = v;
	struct key *k = NULL;

	assert_int_equal(key_from_private_fields(&left, &k), 0);
	key_free(k);
	v.len -= left.len;
	return v;
}

static const struct parts good_parts = {
	.magic = "openssh-key-v1", .cipher = "none", .kdf = "none",
	.options = "", .count = 1, .tail = "",
};

static void
test_head(void **state)
{
	struct buf pub, fields, section;
	struct parts good = good_parts, p;
	struct view key;

	(void)state;
	buf_init(&pub, TEST_FILE_MAX);
	buf_init(&fields, TEST_FILE_MAX);
	buf_init(&section, TEST_FILE_MAX);
	load_blob("ed25519", ".pub", &pub);
	load_fields("ed25519", &fields);
	key = key_fields(&fields);
	/* 8 + 15 + 36 + 68 + 8 bytes are one short of a block. */
	put_section(&section, 7, 7, &key, "abcd", 4, "\1");
	good.pub = buf_view(&pub);
	good.section = buf_view(&section);
	assert_int_equal(parts_result(&good), 0);

	p = good, p.magic = "openssh-key-v2";
	assert_int_equal(parts_result(&p), SSHTAP_ERR_FORMAT);
	p = good, p.magic = "openssh-key-v1 ";
	assert_int_equal(parts_result(&p), SSHTAP_ERR_FORMAT);
	p = good, p.kdf = "bcrypt";
	assert_int_equal(parts_result(&p), SSHTAP_ERR_FORMAT);
	p = good, p.options = "x";
	assert_int_equal(parts_result(&p), SSHTAP_ERR_FORMAT);
	p = good, p.count = 0;
	assert_int_equal(parts_result(&p), SSHTAP_ERR_FORMAT);
	p = good, p.count = 2;
	assert_int_equal(parts_result(&p), SSHTAP_ERR_FORMAT);
	p = good, p.tail = "x";
	assert_int_equal(parts_result(&p), SSHTAP_ERR_TRAILING);
	p = good, p.cipher = "aes256-ctr";
	assert_int_equal(parts_result(&p), SSHTAP_ERR_ENCRYPTED);
	p.tail = "0123456789abcdef";
	assert_int_equal(parts_result(&p), SSHTAP_ERR_ENCRYPTED);
	buf_clear(&section);
	buf_clear(&fields);
	buf_clear(&pub);
}

/* A foreign public blob in front of a sound private section. */
static void
test_head_of_another_key(void **state)
{
	struct buf pub, fields, section;
	struct parts p = good_parts;
	struct view key;

	(void)state;
	buf_init(&pub, TEST_FILE_MAX);
	buf_init(&fields, TEST_FILE_MAX);
	buf_init(&section, TEST_FILE_MAX);
	load_fields("ed25519", &fields);
	key = key_fields(&fields);
	put_section(&section, 7, 7, &key, "abcd", 4, "\1");
	p.section = buf_view(&section);
	load_blob("encrypted", ".pub", &pub);
	p.pub = buf_view(&pub);
	assert_int_equal(parts_result(&p), SSHTAP_ERR_FORMAT);
	buf_reset(&pub);
	load_blob("ecdsa", ".pub", &pub);
	p.pub = buf_view(&pub);
	assert_int_equal(parts_result(&p), SSHTAP_ERR_FORMAT);
	/* A security key, encrypted or not. */
	buf_reset(&pub);
	assert_int_equal(buf_put_cstring(&pub, "sk-ssh-ed25519@openssh.com"),
	    0);
	assert_int_equal(buf_put_cstring(&pub,
	    "0123456789abcdef0123456789abcdef"), 0);
	assert_int_equal(buf_put_cstring(&pub, "ssh:"), 0);
	p.pub = buf_view(&pub);
	assert_int_equal(parts_result(&p), SSHTAP_ERR_UNSUPPORTED);
	p.cipher = "aes256-ctr";
	assert_int_equal(parts_result(&p), SSHTAP_ERR_UNSUPPORTED);
	buf_clear(&section);
	buf_clear(&fields);
	buf_clear(&pub);
}

static void
test_section(void **state)
{
	static const struct {
		uint32_t check, again;
		const char *comment;
		size_t comment_len;
		const char *padding;
		int wanted;
	} cases[] = {
		{ 7, 7, "abcd", 4, "\1", 0 },
		{ 0, 0, "abcde", 5, "", 0 },
		{ 7, 7, "abcdef", 6, "\1\2\3\4\5\6\7", 0 },
		{ 7, 8, "abcd", 4, "\1", SSHTAP_ERR_FORMAT },
		{ 7, 7, "abcd", 4, "\2", SSHTAP_ERR_FORMAT },
		{ 7, 7, "abcd", 4, "", SSHTAP_ERR_FORMAT },
		{ 7, 7, "abcd", 4, "\1\2", SSHTAP_ERR_FORMAT },
		{ 7, 7, "abcdef", 6, "\1\2\3\4\5\6\1", SSHTAP_ERR_FORMAT },
		{ 7, 7, "abcde", 5, "\1\2\3\4\5\6\7\10",
		    SSHTAP_ERR_TRAILING },
		{ 7, 7, "ab\0d", 4, "\1", SSHTAP_ERR_FORMAT },
	};
	struct buf pub, fields, section;
	struct parts p = good_parts;
	struct view key;
	size_t i;

	(void)state;
	buf_init(&pub, TEST_FILE_MAX);
	buf_init(&fields, TEST_FILE_MAX);
	buf_init(&section, TEST_FILE_MAX);
	load_blob("ed25519", ".pub", &pub);
	load_fields("ed25519", &fields);
	key = key_fields(&fields);
	p.pub = buf_view(&pub);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&section);
		put_section(&section, cases[i].check, cases[i].again, &key,
		    cases[i].comment, cases[i].comment_len,
		    cases[i].padding);
		p.section = buf_view(&section);
		assert_int_equal(parts_result(&p), cases[i].wanted);
	}
	buf_clear(&section);
	buf_clear(&fields);
	buf_clear(&pub);
}

/* The file's bytes cut anywhere, and the section cut with a true length. */
static void
test_bytes_cut(void **state)
{
	unsigned t;

	(void)state;
	for (t = 0; t < KEY_TYPE_COUNT; t++) {
		struct parts p = good_parts;
		struct buf bytes, fields, pub, section;
		struct view v, rest;
		size_t i;

		buf_init(&bytes, TEST_FILE_MAX);
		buf_init(&fields, TEST_FILE_MAX);
		buf_init(&pub, TEST_FILE_MAX);
		buf_init(&section, TEST_FILE_MAX);
		decode_armour(key_file_names[t], "", &bytes);
		v = buf_view(&bytes);
		assert_int_equal(bytes_result(&v), 0);
		for (i = 0; i < bytes.len; i++) {
			v.len = i;
			assert_int_equal(bytes_result(&v),
			    SSHTAP_ERR_TRUNCATED);
		}
		load_fields(key_file_names[t], &fields);
		load_blob(key_file_names[t], ".pub", &pub);
		rest = buf_view(&fields);
		assert_int_equal(buf_put_u64(&section, 0), 0);
		assert_int_equal(buf_put_view(&section, &rest), 0);
		p.pub = buf_view(&pub);
		p.section = buf_view(&section);
		assert_int_equal(parts_result(&p), 0);
		for (i = 0; i < section.len; i++) {
			p.section.len = i;
			assert_int_equal(parts_result(&p), i % 8 == 0 ?
			    SSHTAP_ERR_TRUNCATED : SSHTAP_ERR_FORMAT);
		}
		buf_clear(&section);
		buf_clear(&pub);
		buf_clear(&fields);
		buf_clear(&bytes);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64_vectors),
		cmocka_unit_test(test_base64_is_strict),
		cmocka_unit_test(test_base64_respects_the_limit),
		cmocka_unit_test(test_public_lines),
		cmocka_unit_test(test_public_line_cut),
		cmocka_unit_test(test_public_line_limit),
		cmocka_unit_test(test_files_of_openssh),
		cmocka_unit_test(test_encrypted_files),
		cmocka_unit_test(test_files_not_supported),
		cmocka_unit_test(test_armour),
		cmocka_unit_test(test_armour_variants),
		cmocka_unit_test(test_text_cut),
		cmocka_unit_test(test_text_limit),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_head_of_another_key),
		cmocka_unit_test(test_section),
		cmocka_unit_test(test_bytes_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
