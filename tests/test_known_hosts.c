/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * known_hosts: what each form of line says about a host and a key, and which
 * line has the last word.  Keys in the texts are written @ed, @ec, @rsa and
 * @other (a second Ed25519 key) and filled in from the vector files.
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
#include "transport/known_hosts.h"

#define NEW	KNOWN_HOSTS_NEW
#define OTHER	KNOWN_HOSTS_OTHER_TYPE
#define MATCH	KNOWN_HOSTS_MATCH
#define CHANGED	KNOWN_HOSTS_CHANGED
#define REVOKED	KNOWN_HOSTS_REVOKED

enum test_key { ED, EC, RSA, OTHER_ED, TEST_KEY_COUNT };

static const struct {
	const char *mark, *file;
} test_keys[TEST_KEY_COUNT] = {
	[ED] = { "@ed", "ed25519" },
	[EC] = { "@ec", "ecdsa" },
	[RSA] = { "@rsa", "rsa" },
	[OTHER_ED] = { "@other", "encrypted" },
};

static void
put_key(struct buf *b, enum test_key which)
{
	struct view v, type, digits;
	struct buf text;

	buf_init(&text, TEST_FILE_MAX);
	load_key_file(test_keys[which].file, ".pub", &text);
	v = buf_view(&text);
	assert_true(view_get_word(&v, &type));
	assert_true(view_get_word(&v, &digits));
	assert_int_equal(buf_put_view(b, &type), 0);
	assert_int_equal(buf_put_u8(b, ' '), 0);
	assert_int_equal(buf_put_view(b, &digits), 0);
	buf_clear(&text);
}

/* The text with its marks replaced. */
static void
fill_in(const char *text, struct buf *b)
{
	unsigned i;

	while (*text != '\0') {
		for (i = 0; i < TEST_KEY_COUNT; i++) {
			size_t len = strlen(test_keys[i].mark);

			if (strncmp(text, test_keys[i].mark, len) == 0) {
				put_key(b, (enum test_key)i);
				text += len;
				break;
			}
		}
		if (i == TEST_KEY_COUNT)
			assert_int_equal(buf_put_u8(b, (uint8_t)*text++), 0);
	}
}

static struct known_hosts_result
check_view(const struct view *text, const char *name, enum test_key which,
    unsigned long *skippedp)
{
	struct known_hosts_result result = { .line = 12345 };
	struct view copy = exact(text, text->len), v;
	struct buf blob;

	buf_init(&blob, KEY_BLOB_MAX);
	load_blob(test_keys[which].file, ".pub", &blob);
	v = buf_view(&blob);
	assert_int_equal(known_hosts_check(&copy, name, &v, &result,
	    skippedp), 0);
	buf_clear(&blob);
	drop(copy);
	return result;
}

static void
check(const char *text, const char *name, enum test_key which,
    enum known_hosts_answer answer, unsigned long line, unsigned long skipped)
{
	struct known_hosts_result result;
	unsigned long got = 12345;
	struct buf b;
	struct view v;

	buf_init(&b, KNOWN_HOSTS_TEXT_MAX);
	fill_in(text, &b);
	v = buf_view(&b);
	result = check_view(&v, name, which, &got);
	assert_int_equal(result.answer, answer);
	assert_int_equal(result.line, line);
	assert_int_equal(got, skipped);
	buf_clear(&b);
}

static bool
names(const char *hosts, const char *name)
{
	struct known_hosts_result result;
	struct buf b;
	struct view v;

	buf_init(&b, KNOWN_HOSTS_TEXT_MAX);
	assert_int_equal(buf_put_format(&b, "%s ", hosts), 0);
	put_key(&b, ED);
	v = buf_view(&b);
	result = check_view(&v, name, ED, NULL);
	buf_clear(&b);
	assert_true(result.answer == MATCH || result.answer == NEW);
	return result.answer == MATCH;
}

static int
name_result(const char *host, unsigned port, const char *wanted)
{
	char out[KNOWN_HOSTS_NAME_MAX] = "untouched";
	int r;

	r = known_hosts_name(host, port, out);
	assert_string_equal(out, r == 0 ? wanted : "untouched");
	return r;
}

static void
test_name(void **state)
{
	(void)state;
	assert_int_equal(name_result("a", 22, "a"), 0);
	assert_int_equal(name_result("Host.Example.COM", 22,
	    "host.example.com"), 0);
	assert_int_equal(name_result("Host", 2222, "[host]:2222"), 0);
	assert_int_equal(name_result("2001:DB8::1", 22, "2001:db8::1"), 0);
	assert_int_equal(name_result("fe80::1%eth0", 1, "[fe80::1%eth0]:1"),
	    0);
	assert_int_equal(name_result("h", 65535, "[h]:65535"), 0);
	assert_int_equal(name_result("h", 65536, ""), SSHTAP_ERR_ARGUMENT);
	assert_int_equal(name_result("h", 0, ""), SSHTAP_ERR_ARGUMENT);
}

static void
test_name_without_meaning_of_its_own(void **state)
{
	static const char *const wrong[] = {
		"", " ", "a b", "a,b", "a\tb", "a\nb", "a\rb", "a\x7f",
		"\x1b[0m", "*", "a?", "!a", "|1|a", "#a", "@revoked",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(name_result(wrong[i], 22, ""),
		    SSHTAP_ERR_FORMAT);
		assert_int_equal(name_result(wrong[i], 2222, ""),
		    SSHTAP_ERR_FORMAT);
	}
}

static void
test_name_limit(void **state)
{
	char host[KNOWN_HOSTS_NAME_MAX + 1], wanted[KNOWN_HOSTS_NAME_MAX + 8];

	(void)state;
	memset(host, 'a', sizeof(host));
	host[KNOWN_HOSTS_NAME_MAX - 1] = '\0';
	assert_int_equal(name_result(host, 22, host), 0);
	host[KNOWN_HOSTS_NAME_MAX - 1] = 'a';
	host[KNOWN_HOSTS_NAME_MAX] = '\0';
	assert_int_equal(name_result(host, 22, ""), SSHTAP_ERR_TOO_BIG);
	/* "[", "]:1" and the NUL */
	host[KNOWN_HOSTS_NAME_MAX - 5] = '\0';
	wanted[0] = '[';
	memset(wanted + 1, 'a', KNOWN_HOSTS_NAME_MAX - 5);
	memcpy(wanted + KNOWN_HOSTS_NAME_MAX - 4, "]:1", 4);
	assert_int_equal(name_result(host, 1, wanted), 0);
	assert_int_equal(name_result(host, 10, ""), SSHTAP_ERR_TOO_BIG);
}

static void
test_patterns(void **state)
{
	static const struct {
		const char *hosts, *name;
		bool wanted;
	} cases[] = {
		{ "host", "host", true }, { "host", "hos", false },
		{ "hos", "host", false }, { "HOST", "host", true },
		{ "Host.Example", "host.example", true },
		{ "*", "host", true }, { "**", "host", true },
		{ "h*", "host", true }, { "*t", "host", true },
		{ "h*t", "host", true }, { "h*x", "host", false },
		{ "*os*", "host", true }, { "host*", "host", true },
		{ "*host", "host", true }, { "x*", "host", false },
		{ "*a*b*c", "xaxbxcxbc", true },
		{ "*a*b*c", "xaxbxcxb", false },
		{ "*aab", "aaaab", true },
		{ "????", "host", true }, { "???", "host", false },
		{ "?????", "host", false }, { "h?s?", "host", true },
		{ "?*?", "a", false }, { "?*?", "ab", true },
		{ "*.example.com", "a.example.com", true },
		{ "*.example.com", "example.com", false },
		{ "192.0.2.?", "192.0.2.7", true },
		{ "192.0.2.?", "192.0.2.17", false },
		{ "a,b,c", "b", true }, { "a,b,c", "c", true },
		{ "a,b,c", "d", false }, { "a,b,c", "a,b", false },
		{ ",,b,", "b", true }, { "a.b", "axb", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(names(cases[i].hosts, cases[i].name),
		    cases[i].wanted);
}

static void
test_negation_vetoes_the_line(void **state)
{
	(void)state;
	assert_true(names("*.a,!x.a", "y.a"));
	assert_false(names("*.a,!x.a", "x.a"));
	assert_false(names("!x.a,*.a", "x.a"));
	assert_false(names("!x.a,x.a", "x.a"));
	assert_false(names("!*.a,*", "x.a"));
	assert_true(names("!*.a,*", "x.b"));
	/* Negation alone names nothing. */
	assert_false(names("!x.a", "y.a"));
	assert_false(names("!", "y.a"));
	assert_true(names("!,y.a", "y.a"));
	/* The line only: another one may name the host. */
	check("*,!h @ed\nh @ed\n", "h", ED, MATCH, 2, 0);
}

static void
test_ports(void **state)
{
	(void)state;
	assert_true(names("[h]:2222", "[h]:2222"));
	assert_false(names("[h]:2222", "h"));
	assert_false(names("h", "[h]:2222"));
	assert_false(names("[h]:2222", "[h]:22222"));
	assert_true(names("[*.a]:2222", "[x.a]:2222"));
	assert_true(names("[h]:*", "[h]:2222"));
	assert_true(names("h,[h]:2222", "[h]:2222"));
}

static void
test_answers(void **state)
{
	(void)state;
	check("", "h", ED, NEW, 0, 0);
	check("h @ed", "h", ED, MATCH, 1, 0);
	check("h @ed\n", "h", ED, MATCH, 1, 0);
	check("h @ed\r\n", "h", ED, MATCH, 1, 0);
	check("h @ed comment with @ words\n", "h", ED, MATCH, 1, 0);
	check(" \th\t@ed\n", "h", ED, MATCH, 1, 0);
	check("g @ed\nh @other\n", "h", ED, CHANGED, 2, 0);
	check("h @rsa\n", "h", ED, OTHER, 1, 0);
	check("g @ed\n", "h", ED, NEW, 0, 0);
	check("h ssh-new AAAAB3NzaC1uZXc=\n", "h", ED, OTHER, 1, 0);
}

static void
test_several_keys_per_host(void **state)
{
	const char *all = "h @rsa\nh @ec\nh @ed\n";

	(void)state;
	check(all, "h", RSA, MATCH, 1, 0);
	check(all, "h", EC, MATCH, 2, 0);
	check(all, "h", ED, MATCH, 3, 0);
	check(all, "h", OTHER_ED, CHANGED, 3, 0);
	/* Two keys of one type, in either order. */
	check("h @ed\nh @other\n", "h", ED, MATCH, 1, 0);
	check("h @other\nh @ed\n", "h", ED, MATCH, 2, 0);
	/* The first line of the same strength decides. */
	check("h @ed\nh @ed\n", "h", ED, MATCH, 1, 0);
	check("h @rsa\nh @other\nh @ec\n", "h", ED, CHANGED, 2, 0);
}

static void
test_revoked_wins(void **state)
{
	(void)state;
	check("@revoked h @ed\n", "h", ED, REVOKED, 1, 0);
	check("h @ed\n@revoked * @ed\n", "h", ED, REVOKED, 2, 0);
	check("@revoked * @ed\nh @ed\n", "h", ED, REVOKED, 1, 0);
	check("@revoked h @ed\nh @other\n", "h", ED, REVOKED, 1, 0);
	/* Only that key, and only for hosts that the line names. */
	check("@revoked h @other\n", "h", ED, NEW, 0, 0);
	check("@revoked h @other\nh @ed\n", "h", ED, MATCH, 2, 0);
	check("@revoked h @rsa\n", "h", ED, NEW, 0, 0);
	check("@revoked g @ed\nh @ed\n", "h", ED, MATCH, 2, 0);
	check("@revoked *,!h @ed\nh @ed\n", "h", ED, MATCH, 2, 0);
}

static void
test_cert_authority_says_nothing(void **state)
{
	(void)state;
	check("@cert-authority * @ed\n", "h", ED, NEW, 0, 0);
	check("@cert-authority * @other\n", "h", ED, NEW, 0, 0);
	check("@cert-authority * @rsa\n", "h", ED, NEW, 0, 0);
	check("@cert-authority * @ed\nh @other\n", "h", ED, CHANGED, 2, 0);
	check("@cert-authority * @other\nh @ed\n", "h", ED, MATCH, 2, 0);
}

static void
test_skipped_lines(void **state)
{
	(void)state;
	/* Not malformed at all. */
	check("# h @ed\n\n   \n\t\n  # x\n#\nh @ed\n", "h", ED, MATCH, 7, 0);
	/* Malformed, wherever they stand and whomever they name. */
	check("h\n", "h", ED, NEW, 0, 1);
	check("h ssh-ed25519\n", "h", ED, NEW, 0, 1);
	check("h ssh-ed25519 AAAA\n", "h", ED, NEW, 0, 1);
	check("h ssh-ed25519 !\n", "h", ED, NEW, 0, 1);
	check("g ssh-rsa AAAAC3NzaC1lZDI1NTE5\n", "h", ED, NEW, 0, 1);
	check("h 1024 35 1234567890\n", "h", ED, NEW, 0, 1);
	check("@revoked\n", "h", ED, NEW, 0, 1);
	check("@revoked h\n", "h", ED, NEW, 0, 1);
	check("@unknown h @ed\n", "h", ED, NEW, 0, 1);
	check("@revokedx h @ed\n", "h", ED, NEW, 0, 1);
	check("@revoked @cert-authority h @ed\n", "h", ED, NEW, 0, 1);
	check("x\ny\nh @ed\nz\n", "h", ED, MATCH, 3, 3);
}

static void
test_malformed_hashes(void **state)
{
	static const char salt[] = "y7rIc7NSdxJR6PF9nGzHmm4rYFM=";
	static const char *const wrong[] = {
		"|", "|1", "|1|", "|1|%s", "|1|%s|", "|1|%s|%sx", "|2|%s|%s",
		"|1|%s|%s|", "|1||%s", "|1|%s|%s,h", "|1|%s|AAAA",
		"|1|AAAA|%s", "|1|%s|y7rIc7NSdxJR6PF9nGzHmm4rYFNm",
		"|1|y7rIc7NSdxJR6PF9nGzHmm4rYFNm|%s",
	};
	char text[256];
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, sizeof(text) - 1);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *p;
		struct view v;

		for (p = wrong[i]; *p != '\0'; p++) {
			if (strncmp(p, "%s", 2) == 0) {
				assert_int_equal(buf_put_format(&b, "%s",
				    salt), 0);
				p++;
			} else
				assert_int_equal(buf_put_u8(&b, (uint8_t)*p),
				    0);
		}
		assert_int_equal(buf_put_format(&b, " @ed\n"), 0);
		v = buf_view(&b);
		memcpy(text, v.p, v.len);
		text[v.len] = '\0';
		check(text, "h", ED, NEW, 0, 1);
		buf_reset(&b);
	}
	buf_clear(&b);
}

static void
check_file(const struct view *text, const char *name, enum test_key which,
    enum known_hosts_answer answer, unsigned long line)
{
	struct known_hosts_result result;
	unsigned long skipped;

	result = check_view(text, name, which, &skipped);
	assert_int_equal(result.answer, answer);
	assert_int_equal(result.line, line);
	assert_int_equal(skipped, 0);
}

/* A file that ssh-keygen -H made. */
static void
test_hashed_by_openssh(void **state)
{
	struct buf b;
	struct view v;

	(void)state;
	buf_init(&b, TEST_FILE_MAX);
	load_vector("known_hosts/hashed", &b);
	v = buf_view(&b);
	check_file(&v, "plain.example.com", ED, MATCH, 3);
	check_file(&v, "192.0.2.1", ED, MATCH, 4);
	check_file(&v, "plain.example.com", EC, MATCH, 5);
	check_file(&v, "[plain.example.com]:2222", RSA, MATCH, 6);
	check_file(&v, "plain.example.com", OTHER_ED, CHANGED, 3);
	check_file(&v, "plain.example.com", RSA, OTHER, 3);
	check_file(&v, "[plain.example.com]:2222", ED, OTHER, 6);
	check_file(&v, "plain.example.co", ED, NEW, 0);
	check_file(&v, "192.0.2.2", ED, NEW, 0);
	buf_clear(&b);
}

static void
test_text_cut(void **state)
{
	struct buf b, blob;
	struct view v, key;
	size_t len;

	(void)state;
	buf_init(&b, TEST_FILE_MAX);
	buf_init(&blob, KEY_BLOB_MAX);
	load_vector("known_hosts/hashed", &b);
	fill_in("@revoked g @ed\n@cert-authority *.a @ed\n*,!h @ec c\nh @ed\n",
	    &b);
	load_blob("ed25519", ".pub", &blob);
	key = buf_view(&blob);
	v = buf_view(&b);
	for (len = 0; len <= v.len; len++) {
		struct known_hosts_result result;
		struct view copy = exact(&v, len);

		assert_int_equal(known_hosts_check(&copy, "h", &key, &result,
		    NULL), 0);
		/* The last line is whole without its line end. */
		if (len >= v.len - 1)
			assert_int_equal(result.answer, MATCH);
		else
			assert_int_not_equal(result.answer, MATCH);
		drop(copy);
	}
	buf_clear(&blob);
	buf_clear(&b);
}

/* A line with a comment that makes it len bytes long. */
static void
put_long_line(struct buf *b, size_t len)
{
	size_t before = b->len;
	uint8_t *p;

	fill_in("h @ed ", b);
	len -= b->len - before;
	assert_int_equal(buf_put_space(b, len, &p), 0);
	memset(p, 'x', len);
	assert_int_equal(buf_put_u8(b, '\n'), 0);
}

static void
test_line_limit(void **state)
{
	struct known_hosts_result result;
	unsigned long skipped;
	struct buf b;
	struct view v;

	(void)state;
	buf_init(&b, KNOWN_HOSTS_TEXT_MAX);
	put_long_line(&b, KNOWN_HOSTS_LINE_MAX + 1);
	v = buf_view(&b);
	result = check_view(&v, "h", ED, &skipped);
	assert_int_equal(result.answer, NEW);
	assert_int_equal(skipped, 1);
	put_long_line(&b, KNOWN_HOSTS_LINE_MAX);
	v = buf_view(&b);
	result = check_view(&v, "h", ED, &skipped);
	assert_int_equal(result.answer, MATCH);
	assert_int_equal(result.line, 2);
	assert_int_equal(skipped, 1);
	buf_clear(&b);
}

static void
test_text_limit(void **state)
{
	uint8_t *text = calloc(1, KNOWN_HOSTS_TEXT_MAX + 1);
	struct view v = view_of(text, KNOWN_HOSTS_TEXT_MAX), blob, list;
	struct known_hosts_result result;
	struct buf key, algs;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', KNOWN_HOSTS_TEXT_MAX + 1);
	buf_init(&key, KEY_BLOB_MAX);
	buf_init(&algs, 1024);
	load_blob("ed25519", ".pub", &key);
	blob = buf_view(&key);
	list = view_of_string(KEY_DEFAULT_HOSTKEY_LIST);
	assert_int_equal(known_hosts_check(&v, "h", &blob, &result, NULL), 0);
	v.len++;
	assert_int_equal(known_hosts_check(&v, "h", &blob, &result, NULL),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(known_hosts_algorithms(&v, "h", &list, &algs),
	    SSHTAP_ERR_TOO_BIG);
	buf_clear(&algs);
	buf_clear(&key);
	free(text);
}

/* The key asked about is not a blob at all. */
static void
test_key_without_type(void **state)
{
	struct view text = view_of_string(""), blob;
	struct known_hosts_result result;
	struct buf out;

	(void)state;
	buf_init(&out, 1024);
	blob = view_of("\0\0\0\4abc", 7);
	assert_int_equal(known_hosts_check(&text, "h", &blob, &result, NULL),
	    SSHTAP_ERR_TRUNCATED);
	assert_int_equal(known_hosts_put_line(&out, "h", &blob, false),
	    SSHTAP_ERR_TRUNCATED);
	assert_int_equal(out.len, 0);
	buf_clear(&out);
}

static void
check_algorithms(const char *text, const char *preference, const char *before,
    const char *wanted)
{
	struct view v, p = view_of_string(preference), got;
	struct buf b, algs;

	buf_init(&b, TEST_FILE_MAX);
	buf_init(&algs, 1024);
	fill_in(text, &b);
	assert_int_equal(buf_put(&algs, before, strlen(before)), 0);
	v = buf_view(&b);
	assert_int_equal(known_hosts_algorithms(&v, "h", &p, &algs), 0);
	got = buf_view(&algs);
	assert_true(view_is(&got, wanted));
	buf_clear(&algs);
	buf_clear(&b);
}

static void
test_algorithms(void **state)
{
	const char *all = KEY_DEFAULT_HOSTKEY_LIST;

	(void)state;
	check_algorithms("", all, "", "");
	check_algorithms("g @ed\n", all, "", "");
	check_algorithms("h @ed\n", all, "", "ssh-ed25519");
	check_algorithms("h @rsa\n", all, "", "rsa-sha2-512,rsa-sha2-256");
	check_algorithms("h @rsa\ng @ed\n* @ec\n", all, "",
	    "ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256");
	/* In the order of preference, and nothing beyond it. */
	check_algorithms("h @ed\nh @rsa\n", "rsa-sha2-256,x,ssh-ed25519", "",
	    "rsa-sha2-256,ssh-ed25519");
	check_algorithms("h @ed\n", "rsa-sha2-256", "", "");
	/* Lines of which no plain key can come. */
	check_algorithms("@cert-authority h @ed\n@revoked h @rsa\n", all, "",
	    "");
	check_algorithms("h ssh-new AAAAB3NzaC1uZXc=\nh x\n", all, "", "");
	/* A list that another file began. */
	check_algorithms("h @ed\n", all, "rsa-sha2-512",
	    "rsa-sha2-512,ssh-ed25519");
	check_algorithms("h @ed\n", all, "ssh-ed25519", "ssh-ed25519");
}

static void
round_trip(const char *name, enum test_key which, bool hashed)
{
	struct known_hosts_result result;
	unsigned long skipped;
	struct buf b, blob;
	struct view v;

	buf_init(&b, TEST_FILE_MAX);
	buf_init(&blob, KEY_BLOB_MAX);
	fill_in("# first\n", &b);
	load_blob(test_keys[which].file, ".pub", &blob);
	v = buf_view(&blob);
	assert_int_equal(known_hosts_put_line(&b, name, &v, hashed), 0);
	v = buf_view(&b);
	assert_int_equal(v.p[v.len - 1], '\n');
	assert_int_equal(memmem(v.p, v.len, name, strlen(name)) == NULL,
	    hashed);
	result = check_view(&v, name, which, &skipped);
	assert_int_equal(result.answer, MATCH);
	assert_int_equal(result.line, 2);
	assert_int_equal(skipped, 0);
	result = check_view(&v, "other", which, NULL);
	assert_int_equal(result.answer, NEW);
	buf_clear(&blob);
	buf_clear(&b);
}

static void
test_put_line_round_trip(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < TEST_KEY_COUNT; i++) {
		round_trip("host.example.com", (enum test_key)i, false);
		round_trip("host.example.com", (enum test_key)i, true);
		round_trip("[host.example.com]:2222", (enum test_key)i, true);
		round_trip("2001:db8::1", (enum test_key)i, false);
	}
}

static void
test_put_line_text(void **state)
{
	struct buf b, wanted, blob;
	struct view v, w;

	(void)state;
	buf_init(&b, TEST_FILE_MAX);
	buf_init(&wanted, TEST_FILE_MAX);
	buf_init(&blob, KEY_BLOB_MAX);
	load_blob("ed25519", ".pub", &blob);
	v = buf_view(&blob);
	assert_int_equal(known_hosts_put_line(&b, "[h]:1", &v, false), 0);
	fill_in("[h]:1 @ed\n", &wanted);
	v = buf_view(&b);
	w = buf_view(&wanted);
	assert_true(view_equals(&v, &w));
	/* Hashed twice, the same name looks different. */
	buf_reset(&b);
	buf_reset(&wanted);
	v = buf_view(&blob);
	assert_int_equal(known_hosts_put_line(&b, "h", &v, true), 0);
	assert_int_equal(known_hosts_put_line(&wanted, "h", &v, true), 0);
	v = buf_view(&b);
	w = buf_view(&wanted);
	assert_false(view_equals(&v, &w));
	buf_clear(&blob);
	buf_clear(&wanted);
	buf_clear(&b);
}

/* Nothing is written that would be read as something else. */
static void
test_put_line_refusals(void **state)
{
	struct buf b, blob;
	struct view v, foreign;

	(void)state;
	buf_init(&b, 40);
	buf_init(&blob, 2 * KEY_BLOB_MAX);
	load_blob("ed25519", ".pub", &blob);
	v = buf_view(&blob);
	assert_int_equal(known_hosts_put_line(&b, "*", &v, false),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(known_hosts_put_line(&b, "a b", &v, false),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(known_hosts_put_line(&b, "", &v, true),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(known_hosts_put_line(&b, "h", &v, false),
	    SSHTAP_ERR_TOO_BIG);
	foreign = view_of("\0\0\0\3a b", 7);
	assert_int_equal(known_hosts_put_line(&b, "h", &foreign, false),
	    SSHTAP_ERR_UNSUPPORTED);
	v.len = KEY_BLOB_MAX + 1;
	assert_int_equal(known_hosts_put_line(&b, "h", &v, false),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(b.len, 0);
	buf_clear(&blob);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_name_without_meaning_of_its_own),
		cmocka_unit_test(test_name_limit),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_negation_vetoes_the_line),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_several_keys_per_host),
		cmocka_unit_test(test_revoked_wins),
		cmocka_unit_test(test_cert_authority_says_nothing),
		cmocka_unit_test(test_skipped_lines),
		cmocka_unit_test(test_malformed_hashes),
		cmocka_unit_test(test_hashed_by_openssh),
		cmocka_unit_test(test_text_cut),
		cmocka_unit_test(test_line_limit),
		cmocka_unit_test(test_text_limit),
		cmocka_unit_test(test_key_without_type),
		cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_put_line_round_trip),
		cmocka_unit_test(test_put_line_text),
		cmocka_unit_test(test_put_line_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
