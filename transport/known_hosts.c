/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * known_hosts texts.  Every line is taken apart completely (marker, hosts,
 * key) before it is asked whether it names the host, so that a malformed one
 * is counted wherever it stands.  The answer is the strongest that any line
 * gives; a stronger answer replaces a weaker one, so the order of the lines
 * never matters.
 *
 * Three kinds of line differ in what they can say about a plain key.  One
 * without marker says "match", "changed" or "other type".  @revoked speaks
 * only of the very key it holds.  @cert-authority speaks of certificates and
 * so says nothing at all here.
 *
 * Keys are compared as blobs, never parsed: whether a key is any good was
 * decided when the server presented it.
 */

#include "transport/known_hosts.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/text.h"
#include "transport/keyfile.h"

/* sshd(8): "|1|", base64 of the salt, "|", base64 of the HMAC. */
#define HASH_PREFIX	"|1|"
#define HASH_SIZE	20	/* HMAC-SHA1, and a salt of the same length */

#define PORT_DEFAULT	22
#define PORT_MAX	65535

/* What a line gives a meaning of its own, ssh's wildcards included. */
#define NAME_FORBIDDEN	",*?!|#@"

enum line_kind {
	LINE_NOTHING,		/* blank or comment */
	LINE_MALFORMED,
	LINE_PLAIN,
	LINE_REVOKED,
	LINE_CA
};

struct line {
	enum line_kind kind;
	bool is_hashed;
	struct view hosts;		/* unless hashed */
	uint8_t salt[HASH_SIZE];	/* if hashed */
	uint8_t mac[HASH_SIZE];
	uint8_t *blob;			/* owned */
	size_t blob_len;
};

static bool
is_name_char(char c)
{
	uint8_t u = (uint8_t)c;

	return u > ' ' && u != 0x7f && strchr(NAME_FORBIDDEN, c) == NULL;
}

static int
check_name(const char *name)
{
	size_t i;

	for (i = 0; name[i] != '\0'; i++) {
		if (i + 1 >= KNOWN_HOSTS_NAME_MAX)
			return SSHTAP_ERR_TOO_BIG;
		if (!is_name_char(name[i]))
			return SSHTAP_ERR_FORMAT;
	}
	return i > 0 ? 0 : SSHTAP_ERR_FORMAT;
}

int
known_hosts_name(const char *host, unsigned port,
    char out[KNOWN_HOSTS_NAME_MAX])
{
	struct buf b;
	struct view v;
	size_t i;
	int r;

	if (port == 0 || port > PORT_MAX)
		return SSHTAP_ERR_ARGUMENT;
	if ((r = check_name(host)) != 0)
		return r;
	buf_init(&b, KNOWN_HOSTS_NAME_MAX - 1);
	if (port == PORT_DEFAULT)
		r = buf_put(&b, host, strlen(host));
	else
		r = buf_put_format(&b, "[%s]:%u", host, port);
	if (r == 0) {
		v = buf_view(&b);
		for (i = 0; i < v.len; i++)
			out[i] = (char)text_lower(v.p[i]);
		out[v.len] = '\0';
	}
	buf_clear(&b);
	return r;
}

/*
 * Wildcards see the whole name, brackets and port included, as they do in
 * ssh: "*" names a host on any port, "*.example.com" only on port 22.
 */
static bool
list_matches(const struct view *hosts, const char *name)
{
	struct view left = *hosts, whole = view_of_string(name), pattern;
	bool matched = false;

	while (view_get_name(&left, &pattern)) {
		bool negated = pattern.len > 0 && pattern.p[0] == '!';

		if (negated)
			pattern = view_of(pattern.p + 1, pattern.len - 1);
		if (!text_matches(&pattern, &whole, true))
			continue;
		/* A negated match vetoes the line, wherever it stands. */
		if (negated)
			return false;
		matched = true;
	}
	return matched;
}

/*
 * SHA-1 because the format says so.  It hides names from who reads the file;
 * no decision about a key rests on it alone.
 */
static int
hash_name(const uint8_t salt[HASH_SIZE], const char *name,
    uint8_t mac[HASH_SIZE])
{
	size_t len;

	if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA1", NULL, salt, HASH_SIZE,
	    (const unsigned char *)name, strlen(name), mac, HASH_SIZE,
	    &len) == NULL || len != HASH_SIZE)
		return SSHTAP_ERR_CRYPTO;
	return 0;
}

/* base64 of exactly HASH_SIZE bytes, or FORMAT; or ALLOC. */
static int
decode_hash(const struct view *text, uint8_t hash[HASH_SIZE])
{
	struct buf decoded;
	int r;

	buf_init(&decoded, HASH_SIZE);
	r = keyfile_decode_base64(text, &decoded);
	if (r == 0 && decoded.len == HASH_SIZE)
		memcpy(hash, buf_view(&decoded).p, HASH_SIZE);
	else if (r != SSHTAP_ERR_ALLOC)
		r = SSHTAP_ERR_FORMAT;
	buf_clear(&decoded);
	return r;
}

/*
 * The hosts of a line: a list of patterns, or one hashed name.  FORMAT says
 * that the line is malformed, ALLOC nothing about it: it may be the one that
 * revokes a key.
 */
static int
parse_hosts(const struct view *hosts, struct line *line)
{
	const size_t prefix_len = sizeof(HASH_PREFIX) - 1;
	struct view salt, mac;
	const uint8_t *bar;
	int r;

	line->hosts = *hosts;
	line->is_hashed = hosts->p[0] == '|';
	if (!line->is_hashed)
		return 0;
	if (!view_starts_with(hosts, HASH_PREFIX))
		return SSHTAP_ERR_FORMAT;
	salt = view_of(hosts->p + prefix_len, hosts->len - prefix_len);
	if ((bar = memchr(salt.p, '|', salt.len)) == NULL)
		return SSHTAP_ERR_FORMAT;
	mac = view_of(bar + 1, salt.len - (size_t)(bar + 1 - salt.p));
	salt.len = (size_t)(bar - salt.p);
	if ((r = decode_hash(&salt, line->salt)) != 0)
		return r;
	return decode_hash(&mac, line->mac);
}

/* Fails only when libcrypto does: that must not look like an unknown host. */
static int
line_names(const struct line *line, const char *name, bool *namesp)
{
	uint8_t mac[HASH_SIZE];
	int r;

	if (!line->is_hashed) {
		*namesp = list_matches(&line->hosts, name);
		return 0;
	}
	if ((r = hash_name(line->salt, name, mac)) == 0)
		*namesp = CRYPTO_memcmp(line->mac, mac, HASH_SIZE) == 0;
	return r;
}

/*
 * An unknown marker makes the line malformed: a future one may well take
 * trust away, so the line must not be read as if it had none.
 */
static enum line_kind
marker_kind(const struct view *marker)
{
	if (view_is(marker, "@revoked"))
		return LINE_REVOKED;
	if (view_is(marker, "@cert-authority"))
		return LINE_CA;
	return LINE_MALFORMED;
}

/* *linep->blob is set for a line with a key only; returns ALLOC or 0. */
static int
parse_line(struct view v, struct line *linep)
{
	struct line line = { .kind = LINE_PLAIN };
	struct view word;
	int r;

	*linep = (struct line){ .kind = LINE_MALFORMED };
	if (v.len > KNOWN_HOSTS_LINE_MAX)
		return 0;
	if (!view_get_word(&v, &word) || word.p[0] == '#') {
		linep->kind = LINE_NOTHING;
		return 0;
	}
	if (word.p[0] == '@') {
		line.kind = marker_kind(&word);
		if (line.kind == LINE_MALFORMED || !view_get_word(&v, &word))
			return 0;
	}
	if ((r = parse_hosts(&word, &line)) != 0 ||
	    (r = keyfile_parse_public(&v, &line.blob, &line.blob_len,
	    NULL)) != 0)
		return r == SSHTAP_ERR_ALLOC ? r : 0;
	*linep = line;
	return 0;
}

/* The type name in front of a blob. */
static int
get_blob_type(const struct view *blob, struct view *typep)
{
	struct view v = *blob;

	return view_get_string(&v, typep);
}

/* What a line that names the host says about the key. */
static enum known_hosts_answer
judge(const struct line *line, const struct view *blob,
    const struct view *type)
{
	struct view other = view_of(line->blob, line->blob_len), other_type;
	bool same = view_equals(&other, blob);

	if (line->kind == LINE_REVOKED)
		return same ? KNOWN_HOSTS_REVOKED : KNOWN_HOSTS_NEW;
	if (line->kind != LINE_PLAIN)
		return KNOWN_HOSTS_NEW;
	if (same)
		return KNOWN_HOSTS_MATCH;
	if (get_blob_type(&other, &other_type) == 0 &&
	    view_equals(&other_type, type))
		return KNOWN_HOSTS_CHANGED;
	return KNOWN_HOSTS_OTHER_TYPE;
}

/* The answer of one line; LINE_MALFORMED is told through *kindp. */
static int
check_line(const struct view *line_view, const char *name,
    const struct view *blob, const struct view *type,
    enum line_kind *kindp, enum known_hosts_answer *answerp)
{
	struct line line;
	bool names = false;
	int r;

	if ((r = parse_line(*line_view, &line)) != 0)
		return r;
	*kindp = line.kind;
	*answerp = KNOWN_HOSTS_NEW;
	if (line.blob != NULL &&
	    (r = line_names(&line, name, &names)) == 0 && names)
		*answerp = judge(&line, blob, type);
	free(line.blob);
	return r;
}

int
known_hosts_check(const struct view *text, const char *name,
    const struct view *blob, struct known_hosts_result *resultp,
    unsigned long *skippedp)
{
	struct known_hosts_result result = { .answer = KNOWN_HOSTS_NEW };
	struct view left = *text, line, type;
	enum known_hosts_answer answer;
	enum line_kind kind;
	unsigned long number, skipped = 0;
	int r;

	if (text->len > KNOWN_HOSTS_TEXT_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((r = get_blob_type(blob, &type)) != 0)
		return r;
	for (number = 1; view_get_line(&left, &line); number++) {
		if ((r = check_line(&line, name, blob, &type, &kind,
		    &answer)) != 0)
			return r;
		if (kind == LINE_MALFORMED)
			skipped++;
		if (answer > result.answer)
			result = (struct known_hosts_result){ answer, number };
	}
	*resultp = result;
	if (skippedp != NULL)
		*skippedp = skipped;
	return 0;
}

/* Note the key type of a line that files one of our types under name. */
static int
note_type(struct view line_view, const char *name, bool has[KEY_TYPE_COUNT])
{
	enum key_type type;
	struct line line;
	struct view blob, type_name;
	bool names = false;
	int r;

	if ((r = parse_line(line_view, &line)) != 0)
		return r;
	if (line.kind == LINE_PLAIN &&
	    (r = line_names(&line, name, &names)) == 0 && names) {
		blob = view_of(line.blob, line.blob_len);
		if (get_blob_type(&blob, &type_name) == 0 &&
		    key_type_from_name(&type_name, &type) == 0)
			has[type] = true;
	}
	free(line.blob);
	return r;
}

static bool
is_checkable(const struct view *alg, const bool has[KEY_TYPE_COUNT])
{
	unsigned i;

	for (i = 0; i < KEY_TYPE_COUNT; i++) {
		if (has[i] && key_type_has_algorithm((enum key_type)i, alg))
			return true;
	}
	return false;
}

/* Append a name unless the list has it; two files may file the same type. */
static int
add_name(struct buf *list, const struct view *name)
{
	struct view left = buf_view(list), present;

	while (view_get_name(&left, &present)) {
		if (view_equals(&present, name))
			return 0;
	}
	return buf_put_format(list, "%s%.*s", list->len > 0 ? "," : "",
	    (int)name->len, (const char *)name->p);
}

int
known_hosts_algorithms(const struct view *text, const char *name,
    const struct view *preference, struct buf *algs)
{
	bool has[KEY_TYPE_COUNT] = { false };
	struct view left = *text, line, alg;
	int r;

	if (text->len > KNOWN_HOSTS_TEXT_MAX)
		return SSHTAP_ERR_TOO_BIG;
	while (view_get_line(&left, &line)) {
		if ((r = note_type(line, name, has)) != 0)
			return r;
	}
	left = *preference;
	while (view_get_name(&left, &alg)) {
		if (is_checkable(&alg, has) &&
		    (r = add_name(algs, &alg)) != 0)
			return r;
	}
	return 0;
}

/* A new salt for each line, or equal names would show. */
static int
put_hashed(struct buf *line, const char *name)
{
	uint8_t salt[HASH_SIZE], mac[HASH_SIZE];
	struct view salt_view = view_of(salt, sizeof(salt));
	struct view mac_view = view_of(mac, sizeof(mac));
	int r;

	if (RAND_bytes(salt, (int)sizeof(salt)) != 1)
		return SSHTAP_ERR_CRYPTO;
	if ((r = hash_name(salt, name, mac)) != 0 ||
	    (r = buf_put_format(line, HASH_PREFIX)) != 0 ||
	    (r = keyfile_encode_base64(&salt_view, line)) != 0 ||
	    (r = buf_put_u8(line, '|')) != 0)
		return r;
	return keyfile_encode_base64(&mac_view, line);
}

int
known_hosts_put_line(struct buf *out, const char *name,
    const struct view *blob, bool hashed)
{
	enum key_type type;
	struct view v, type_name;
	struct buf line;
	int r;

	/* A type of ours has a name that is fit to be written. */
	if (blob->len > KEY_BLOB_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((r = check_name(name)) != 0 ||
	    (r = get_blob_type(blob, &type_name)) != 0 ||
	    (r = key_type_from_name(&type_name, &type)) != 0)
		return r;
	buf_init(&line, KNOWN_HOSTS_LINE_MAX);
	if ((r = hashed ? put_hashed(&line, name) :
	    buf_put(&line, name, strlen(name))) != 0 ||
	    (r = buf_put_u8(&line, ' ')) != 0 ||
	    (r = buf_put_view(&line, &type_name)) != 0 ||
	    (r = buf_put_u8(&line, ' ')) != 0 ||
	    (r = keyfile_encode_base64(blob, &line)) != 0 ||
	    (r = buf_put_u8(&line, '\n')) != 0)
		goto out;
	v = buf_view(&line);
	r = buf_put_view(out, &v);
 out:
	buf_clear(&line);
	return r;
}
