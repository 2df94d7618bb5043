/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * authorized_keys: which lines admit a key, on what terms, and why others do
 * not.  Keys in the texts are written @ed, @ec, @rsa and @other (a second
 * Ed25519 key) and filled in from the vector files.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/key_util.h"
#include "transport/authorized_keys.h"

#define NONE		AUTHORIZED_KEYS_NONE
#define NOT_FOUND	AUTHORIZED_KEYS_NOT_FOUND
#define BAD		AUTHORIZED_KEYS_BAD_OPTION
#define CA		AUTHORIZED_KEYS_CA
#define EXPIRED		AUTHORIZED_KEYS_EXPIRED
#define FROM		AUTHORIZED_KEYS_FROM

#define HERE		"192.0.2.7"
#define NOW		1709209845	/* 2024-02-29 12:30:45 UTC */

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

enum test_key { ED, EC, RSA, OTHER_ED, TEST_KEY_COUNT };

static const struct {
	const char *mark, *file;
} test_keys[TEST_KEY_COUNT] = {
	[ED] = { "@ed", "ed25519" },
	[EC] = { "@ec", "ecdsa" },
	[RSA] = { "@rsa", "rsa" },
	[OTHER_ED] = { "@other", "encrypted" },
};

/* Type and digits, without the comment. */
static void
put_key_file(struct buf *b, const char *name)
{
	struct view v, type, digits;
	struct buf text;

	buf_init(&text, TEST_FILE_MAX);
	load_key_file(name, ".pub", &text);
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
				put_key_file(b, test_keys[i].file);
				text += len;
				break;
			}
		}
		if (i == TEST_KEY_COUNT)
			assert_int_equal(buf_put_u8(b, (uint8_t)*text++), 0);
	}
}

/* The answer has been set in full exactly when it should be. */
static int
ask_view(const struct view *text, const char *file, const char *address,
    int64_t now, struct authorized_keys_answer *a)
{
	struct view copy = exact(text, text->len);
	struct view peer = view_of_string(address);
	struct authorized_keys_query q = { .now = now };
	struct buf blob;
	int r;

	buf_init(&blob, KEY_BLOB_MAX);
	load_blob(file, ".pub", &blob);
	q.blob = buf_view(&blob);
	q.address = exact(&peer, peer.len);
	memset(a, 0xa5, sizeof(*a));
	r = authorized_keys_check(&copy, &q, a);
	assert_true(r == 0 || r == SSHTAP_ERR_NOT_FOUND ||
	    r == SSHTAP_ERR_REFUSED);
	assert_int_equal(r == 0, a->reason == NONE);
	assert_int_equal(r == SSHTAP_ERR_NOT_FOUND, a->reason == NOT_FOUND);
	assert_int_equal(r == SSHTAP_ERR_NOT_FOUND, a->line == 0);
	if (r != 0 || !a->permits_tunnel)
		assert_false(a->has_unit);
	if (r != 0)
		assert_false(a->permits_tunnel);
	if (!a->has_unit)
		assert_int_equal(a->unit, 0);
	drop(q.address);
	drop(copy);
	buf_clear(&blob);
	return r;
}

static struct authorized_keys_answer
ask(const char *text, enum test_key which, const char *address, int64_t now)
{
	struct authorized_keys_answer a;
	struct buf b;
	struct view v;

	buf_init(&b, AUTHORIZED_KEYS_TEXT_MAX);
	fill_in(text, &b);
	v = buf_view(&b);
	(void)ask_view(&v, test_keys[which].file, address, now, &a);
	buf_clear(&b);
	return a;
}

static void
check(const char *text, enum test_key which,
    enum authorized_keys_reason reason, unsigned long line)
{
	struct authorized_keys_answer a = ask(text, which, HERE, NOW);

	if (a.reason != reason || a.line != line)
		print_error("%s\n", text);
	assert_int_equal(a.reason, reason);
	assert_int_equal(a.line, line);
}

/* The answer to one line that has these options in front of the key. */
static struct authorized_keys_answer
ask_options(const char *options, const char *address, int64_t now)
{
	struct authorized_keys_answer a;
	struct buf b;

	buf_init(&b, AUTHORIZED_KEYS_TEXT_MAX);
	assert_int_equal(buf_put_format(&b, "%s @ed\n", options), 0);
	assert_int_equal(buf_put_u8(&b, '\0'), 0);
	a = ask((const char *)buf_view(&b).p, ED, address, now);
	buf_clear(&b);
	return a;
}

static void
check_options(const char *options, enum authorized_keys_reason reason)
{
	struct authorized_keys_answer a = ask_options(options, HERE, NOW);

	if (a.reason != reason)
		print_error("%s\n", options);
	assert_int_equal(a.reason, reason);
}

static void
test_lines(void **state)
{
	(void)state;
	check("", ED, NOT_FOUND, 0);
	check("\n", ED, NOT_FOUND, 0);
	check("@ed", ED, NONE, 1);
	check("@ed\n", ED, NONE, 1);
	check("@ed\r\n", ED, NONE, 1);
	check("@ed comment, \"with @ \\words\n", ED, NONE, 1);
	check("@ed comment\r\n", ED, NONE, 1);
	check(" \t@ed\n", ED, NONE, 1);
	check("pty \t @ed\n", ED, NONE, 1);
	check("pty\t@ed\n", ED, NONE, 1);
	check("\tpty @ed\r\n", ED, NONE, 1);
	check("# @ed\n\n  \t\n\r\n #\n@ed\n", ED, NONE, 6);
	check("#@ed\n# @ed\n \t# pty @ed\n", ED, NOT_FOUND, 0);
	check("@other\n@rsa\n@ec\n@ed\n", ED, NONE, 4);
	check("@other\n@rsa\n@ec\n@ed\n", EC, NONE, 3);
	check("@other\n@rsa\n@ec\n@ed\n", RSA, NONE, 2);
	check("@other\n@rsa\n@ec\n@ed\n", OTHER_ED, NONE, 1);
	check("@other\n@rsa\n@ec\n", ED, NOT_FOUND, 0);
	/* Spoilt lines of others change nothing. */
	check("x @other\n\"\nx\n@ed\n", ED, NONE, 4);
}

static void
test_lines_without_a_key(void **state)
{
	static const char *const lines[] = {
		"x", "ssh-ed25519", "ssh-ed25519 ", "ssh-ed25519 AAAA",
		"pty", "pty ssh-ed25519", "pty ssh-ed25519 !",
		"pty,ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "\"", "\"@ed",
		"command=\"@ed", "command=\"\\\" @ed", "command=\"x\\\\\" @ed",
		"environment=\"@ed\"", "pty pty @ed",
		"ssh-dss AAAAB3NzaC1kc3M=",
		"sk-x@openssh.com AAAAEHNrLXhAb3BlbnNzaC5jb20=",
		"ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQ=",
	};
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(lines); i++) {
		check(lines[i], ED, NOT_FOUND, 0);
		(void)snprintf(text, sizeof(text), "%s\n@ed\n", lines[i]);
		check(text, ED, NONE, 2);
	}
	/* To sshd, too, this type is an option, and an unknown one. */
	check("ssh-rsa @ed", ED, BAD, 1);
}

static void
test_nul_spoils_a_line(void **state)
{
	struct authorized_keys_answer a;
	struct buf b, good;
	struct view v, g;
	size_t i;

	(void)state;
	buf_init(&b, TEST_FILE_MAX);
	buf_init(&good, TEST_FILE_MAX);
	fill_in("pty @ed comment", &good);
	g = buf_view(&good);
	/* In place of each byte. */
	for (i = 0; i < g.len; i++) {
		buf_reset(&b);
		assert_int_equal(buf_put(&b, g.p, i), 0);
		assert_int_equal(buf_put_u8(&b, 0), 0);
		assert_int_equal(buf_put(&b, g.p + i + 1, g.len - i - 1), 0);
		v = buf_view(&b);
		assert_int_equal(ask_view(&v, "ed25519", HERE, NOW, &a),
		    SSHTAP_ERR_NOT_FOUND);
	}
	/* Only that line. */
	fill_in("\n@ed\n", &b);
	v = buf_view(&b);
	assert_int_equal(ask_view(&v, "ed25519", HERE, NOW, &a), 0);
	assert_int_equal(a.line, 2);
	buf_clear(&good);
	buf_clear(&b);
}

static void
test_later_lines(void **state)
{
	(void)state;
	check("x @ed\n@ed\n@ed\n", ED, NONE, 2);
	check("from=\"10.0.0.1\" @ed\nx @ed\n@other\nfrom=\"192.0.2.7\" @ed\n",
	    ED, NONE, 4);
	check("@ed\nx @ed\n", ED, NONE, 1);
	/* The reason is that of the last. */
	check("x @ed\nfrom=\"10.0.0.1\" @ed\n@other\n", ED, FROM, 2);
	check("from=\"10.0.0.1\" @ed\nx @ed\n@other\n", ED, BAD, 2);
	check("cert-authority @ed\nexpiry-time=\"20240101\" @ed\n", ED,
	    EXPIRED, 2);
	check("expiry-time=\"20240101\" @ed\ncert-authority @ed\n", ED, CA, 2);
}

/* The terms are those of the line that decides, and of no other. */
static void
test_terms_of_the_deciding_line(void **state)
{
	struct authorized_keys_answer a;

	(void)state;
	a = ask("x,tunnel=\"1\" @ed\ntunnel=\"2\" @other\n"
	    "tunnel=\"3\" @ed\ntunnel=\"4\" @ed\nrestrict @ed\n", ED, HERE,
	    NOW);
	assert_int_equal(a.line, 3);
	assert_true(a.permits_tunnel && a.has_unit);
	assert_int_equal(a.unit, 3);
	a = ask("restrict @ed\ntunnel=\"4\" @ed\n", ED, HERE, NOW);
	assert_int_equal(a.line, 1);
	assert_false(a.permits_tunnel);
	a = ask("tunnel=\"4\",from=\"!*\" @ed\n@ed\n", ED, HERE, NOW);
	assert_int_equal(a.line, 2);
	assert_true(a.permits_tunnel);
	assert_false(a.has_unit);
}

static void
test_options(void **state)
{
	static const struct {
		const char *options;
		enum authorized_keys_reason reason;
	} cases[] = {
		{ "restrict", NONE }, { "ReStRiCt", NONE },
		{ "port-forwarding", NONE }, { "no-port-forwarding", NONE },
		{ "agent-forwarding", NONE }, { "no-agent-forwarding", NONE },
		{ "pty", NONE }, { "no-pty", NONE },
		{ "user-rc", NONE }, { "no-user-rc", NONE },
		{ "X11-forwarding", NONE }, { "no-X11-forwarding", NONE },
		{ "x11-forwarding", NONE }, { "No-x11-Forwarding", NONE },
		{ "verify-required", NONE }, { "no-touch-required", NONE },
		{ "pty,pty,no-pty,pty", NONE }, { "restrict,restrict", NONE },
		{ "command=\"x\"", NONE }, { "command=\"\"", NONE },
		{ "Command=\"x\"", NONE },
		{ "environment=\"A=b\",environment=\"C=d\"", NONE },
		{ "permitopen=\"192.0.2.1:80\",permitopen=\"[::1]:1\"", NONE },
		{ "permitlisten=\"8080\",permitlisten=\"localhost:1\"", NONE },
		{ "tunnel=\"0\"", NONE }, { "TUNNEL=\"0\"", NONE },
		{ "from=\"*\"", NONE }, { "FROM=\"*\"", NONE },
		{ "expiry-time=\"20250101\"", NONE },
		{ "Expiry-Time=\"20250101\"", NONE },
		{ "cert-authority", CA }, { "Cert-Authority", CA },
		{ "cert-authority,principals=\"a,b\"", CA },
		{ "principals=\"a,b\",cert-authority", CA },
		{ "cert-authority,cert-authority", CA },
		{ "restrict,pty,command=\"a, \\\"b\\\"\",tunnel=\"5\"", NONE },

		/* From here, now. */
		{ "from=\"192.0.2.7\"", NONE }, { "from=\"192.0.2.8\"", FROM },
		{ "pty,from=\"10.0.0.1,192.0.2.0/24\",pty", NONE },
		{ "from=\"*,!192.0.2.7\"", FROM }, { "from=\"\"", BAD },
		{ "from=\"192.0.2.7/24\"", BAD },
		/* The second that is written is the last good one. */
		{ "expiry-time=\"20240229123045\"", NONE },
		{ "expiry-time=\"20240229123045Z\"", NONE },
		{ "expiry-time=\"20240229123044\"", EXPIRED },
		{ "expiry-time=\"20240229123044Z\"", EXPIRED },
		{ "expiry-time=\"20240230\"", BAD },
		/* The earliest of several counts. */
		{ "expiry-time=\"20990101\",expiry-time=\"20230101\"",
		    EXPIRED },
		{ "expiry-time=\"20230101\",expiry-time=\"20990101\"",
		    EXPIRED },
		{ "expiry-time=\"20990101\",expiry-time=\"20980101\"", NONE },
		{ "expiry-time=\"20990101\",expiry-time=\"\"", BAD },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		check_options(cases[i].options, cases[i].reason);
}

static void
test_options_refused(void **state)
{
	static const char *const cases[] = {
		/* Unknown. */
		"x", "tun", "tunnels", "restrictx", "xrestrict", "no-tunnel",
		"no-restrict", "no-no-pty", "no-cert-authority", "no-", "*",
		"restric?", "pty\r", "pt\x80", "pty,x", "x,pty", "pty,x=\"y\"",
		"no-verify-required", "touch-required", "no-command=\"x\"",
		"\"pty\"",
		/* Commas. */
		",", "pty,", ",pty", "pty,,pty", "tunnel=\"1\",",
		"tunnel=\"1\",,pty", "tunnel=\"1\"pty", "tunnel=\"1\"\"2\"",
		"tunnel=\"1\"=\"2\"", "tunnel=\"1\";pty",
		/* Values where there should be none, and none. */
		"pty=\"x\"", "pty=", "pty=\"\"", "restrict=\"1\"",
		"cert-authority=\"x\"", "tunnel", "from", "expiry-time",
		"command", "environment", "permitopen", "permitlisten",
		"principals,cert-authority", "principals", "=\"x\"",
		"command=x\",permitopen=y\"",
		/* Once only. */
		"command=\"x\",command=\"x\"", "from=\"*\",from=\"*\"",
		"from=\"*\",pty,FROM=\"*\"",
		"cert-authority,principals=\"a\",principals=\"a\"",
		"principals=\"a\"",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		check_options(cases[i], BAD);
}

static void
test_quotes(void **state)
{
	static const struct {
		const char *options;
		enum authorized_keys_reason reason;
	} cases[] = {
		{ "command=\"a b\tc\"", NONE },
		{ "command=\"a,b=c,restrict\"", NONE },
		{ "command=\"#\"", NONE }, { "command=\"\\\"\"", NONE },
		{ "command=\"a\\\"b\"", NONE },
		{ "command=\"\\\"a\\\" \\\"b\\\"\",pty", NONE },
		{ "command=\"\\a\\\\b\"", NONE },
		/* As in sshd, a backslash guards nothing but a quote. */
		{ "command=\"\\\\\\\"\"", NONE },
		{ "command=\"\\\\\"\"", NONE },
		{ "command=\"\\\\\",pty", NOT_FOUND },
		{ "command=\"\xff\x01\"", NONE },
		{ "command=\"a\"b\"", NOT_FOUND }, { "command=\"", NOT_FOUND },
		{ "command=\"a\"b\"c\"", BAD },
		{ "command=a", BAD }, { "command='a'", BAD },
		{ "command=", BAD }, { "command=,pty", BAD },
		{ "command =\"a\"", NOT_FOUND },
		{ "command= \"a\"", NOT_FOUND },
		{ "command=\\\"a\\\"", BAD }, { "command=\"a\\\"", NOT_FOUND },
		{ "command=x\"a\"", BAD }, { "comm\"and=\"a", BAD },
		{ "pty, pty", NOT_FOUND }, { "pty ,pty", NOT_FOUND },
		{ "tunnel=\"\\\"1\\\"\"", BAD }, { "from=\"\\\"*\\\"\"", BAD },
		{ "expiry-time=\"\\\"20250101\"", BAD },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		check_options(cases[i].options, cases[i].reason);
}

static void
test_tunnel(void **state)
{
	static const struct {
		const char *options;
		bool permits_tunnel, has_unit;
		uint32_t unit;
	} cases[] = {
		{ "pty", true, false, 0 },
		{ "no-port-forwarding,no-pty", true, false, 0 },
		{ "restrict", false, false, 0 },
		{ "tunnel=\"0\"", true, true, 0 },
		{ "tunnel=\"7\"", true, true, 7 },
		{ "tunnel=\"2147483645\"", true, true, 0x7ffffffd },
		{ "restrict,tunnel=\"1\"", true, true, 1 },
		{ "tunnel=\"1\",restrict", false, false, 0 },
		{ "restrict,tunnel=\"1\",restrict", false, false, 0 },
		{ "tunnel=\"1\",restrict,tunnel=\"2\"", true, true, 2 },
		{ "restrict,port-forwarding,pty", false, false, 0 },
		{ "restrict,pty,tunnel=\"3\",no-pty", true, true, 3 },
		{ "tunnel=\"1\",tunnel=\"2\"", true, true, 2 },
		{ "tunnel=\"2\",tunnel=\"1\"", true, true, 1 },
		{ "command=\"tunnel=\\\"1\\\"\",restrict", false, false, 0 },
		{ "restrict,command=\",tunnel=\\\"1\\\"\"", false, false, 0 },
	};
	struct authorized_keys_answer a;
	size_t i;

	(void)state;
	check_options("tunnel=\"2147483646\"", BAD);
	check_options("tunnel=\"any\"", BAD);
	/* A good one before or behind it does not help. */
	check_options("tunnel=\"1\",tunnel=\"\"", BAD);
	check_options("tunnel=\"\",restrict,tunnel=\"1\"", BAD);
	for (i = 0; i < COUNT(cases); i++) {
		a = ask_options(cases[i].options, HERE, NOW);
		assert_int_equal(a.reason, NONE);
		assert_int_equal(a.permits_tunnel, cases[i].permits_tunnel);
		assert_int_equal(a.has_unit, cases[i].has_unit);
		assert_int_equal(a.unit, cases[i].unit);
	}
}

static void
test_address_and_time(void **state)
{
	const char *both = "expiry-time=\"20230101\",expiry-time=\"20990101\"";
	const char *mine = "from=\"192.0.2.7,2001:db8::/32\"";
	const char *any = "from=\"*\"";

	(void)state;
	assert_int_equal(ask_options(both, HERE, INT64_MIN).reason, NONE);
	assert_int_equal(ask_options(both, HERE, INT64_MAX).reason, EXPIRED);
	assert_int_equal(ask_options("pty", HERE, INT64_MIN).reason, NONE);
	assert_int_equal(ask_options("pty", HERE, INT64_MAX).reason, NONE);
	assert_int_equal(ask_options(mine, "2001:db8::1", NOW).reason, NONE);
	assert_int_equal(ask_options(mine, "2001:db9::1", NOW).reason, FROM);
	assert_int_equal(ask_options(mine, "::ffff:192.0.2.7", NOW).reason,
	    NONE);
	assert_int_equal(ask_options(any, "", NOW).reason, FROM);
	assert_int_equal(ask_options(any, "host", NOW).reason, FROM);
	assert_int_equal(ask_options("pty", "", NOW).reason, NONE);
}

/* Of several reasons of one line it is always the same that is told. */
static void
test_reason_of_a_line(void **state)
{
	static const char *const out = "from=\"10.0.0.1\"";
	static const char *const old = "expiry-time=\"20230101\"";
	static const char *const ca = "cert-authority";
	char options[128];

	(void)state;
	check_options(out, FROM);
	check_options(old, EXPIRED);
	check_options(ca, CA);
	(void)snprintf(options, sizeof(options), "%s,%s", out, old);
	check_options(options, EXPIRED);
	(void)snprintf(options, sizeof(options), "%s,%s,%s", out, old, ca);
	check_options(options, CA);
	(void)snprintf(options, sizeof(options), "%s,%s,%s,x", out, old, ca);
	check_options(options, BAD);
	(void)snprintf(options, sizeof(options), "x,%s,%s,%s", out, old, ca);
	check_options(options, BAD);
}

/* A certificate in the file, or offered, is not the plain key in it. */
static void
test_certificates(void **state)
{
	struct authorized_keys_answer a = { .line = 12345 };
	struct authorized_keys_query q = { .now = NOW };
	struct buf b, blob;
	struct view v;

	(void)state;
	buf_init(&b, TEST_FILE_MAX);
	buf_init(&blob, KEY_BLOB_MAX);
	put_key_file(&b, "ed25519-cert");
	fill_in("\ncert-authority @other\n", &b);
	v = buf_view(&b);
	assert_int_equal(ask_view(&v, "ed25519", HERE, NOW, &a),
	    SSHTAP_ERR_NOT_FOUND);
	assert_int_equal(ask_view(&v, "encrypted", HERE, NOW, &a),
	    SSHTAP_ERR_REFUSED);
	assert_int_equal(a.reason, CA);
	load_blob("ed25519-cert", ".pub", &blob);
	q.blob = buf_view(&blob);
	a.line = 12345;
	assert_int_equal(authorized_keys_check(&v, &q, &a),
	    SSHTAP_ERR_UNSUPPORTED);
	assert_int_equal(a.line, 12345);
	buf_clear(&blob);
	buf_clear(&b);
}

/* The key asked about is not a blob at all, or of no type of ours. */
static void
test_blobs_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int r;
	} cases[] = {
		{ "", 0, SSHTAP_ERR_TRUNCATED },
		{ "\0\0\0", 3, SSHTAP_ERR_TRUNCATED },
		{ "\0\0\0\4abc", 7, SSHTAP_ERR_TRUNCATED },
		{ "\377\377\377\377abc", 7, SSHTAP_ERR_TRUNCATED },
		{ "\0\0\0\3abc", 7, SSHTAP_ERR_UNSUPPORTED },
		{ "\0\0\0\0", 4, SSHTAP_ERR_UNSUPPORTED },
		{ "\0\0\0\7ssh-dss", 11, SSHTAP_ERR_UNSUPPORTED },
	};
	struct view text = view_of_string("abc AAAAA2FiYw==\n");
	struct authorized_keys_answer a = { .line = 12345 };
	struct authorized_keys_query q = { .now = NOW };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		q.blob = view_of(cases[i].bytes, cases[i].len);
		assert_int_equal(authorized_keys_check(&text, &q, &a),
		    cases[i].r);
		assert_int_equal(a.line, 12345);
	}
}

/* A blob matches whole only: not its beginning, nor with more behind it. */
static void
test_blob_is_compared_whole(void **state)
{
	struct authorized_keys_query q = { .now = NOW };
	struct authorized_keys_answer a;
	struct buf b, blob;
	struct view v, whole;
	size_t i;

	(void)state;
	buf_init(&b, TEST_FILE_MAX);
	buf_init(&blob, KEY_BLOB_MAX);
	fill_in("@ed\n", &b);
	v = buf_view(&b);
	load_blob("ed25519", ".pub", &blob);
	assert_int_equal(buf_put_u8(&blob, 0), 0);
	whole = buf_view(&blob);
	for (i = 15; i <= whole.len; i++) {
		q.blob = exact(&whole, i);
		assert_int_equal(authorized_keys_check(&v, &q, &a),
		    i == whole.len - 1 ? 0 : SSHTAP_ERR_NOT_FOUND);
		drop(q.blob);
	}
	for (i = 15; i < whole.len - 1; i++) {
		q.blob = exact(&whole, whole.len - 1);
		((uint8_t *)(uintptr_t)q.blob.p)[i] ^= 1;
		assert_int_equal(authorized_keys_check(&v, &q, &a),
		    SSHTAP_ERR_NOT_FOUND);
		drop(q.blob);
	}
	buf_clear(&blob);
	buf_clear(&b);
}

static const char rich[] =
    "# first\nrestrict,command=\"a \\\"b\\\", c\",from=\"192.0.2.0/24,"
    "!192.0.2.9,2001:db8::/32,198.51.100.?\",expiry-time=\"20991231235959Z\","
    "no-pty,environment=\"A=b\",tunnel=\"12\" @ed";

/* A line that is cut admits nobody, and the cut is never noticed too late. */
static void
test_text_cut(void **state)
{
	struct authorized_keys_answer a;
	struct buf b;
	struct view v;
	size_t len;
	int r;

	(void)state;
	buf_init(&b, TEST_FILE_MAX);
	fill_in(rich, &b);
	v = buf_view(&b);
	for (len = 0; len <= v.len; len++) {
		struct view cut = view_of(v.p, len);

		r = ask_view(&cut, "ed25519", HERE, NOW, &a);
		assert_int_equal(r, len == v.len ? 0 : SSHTAP_ERR_NOT_FOUND);
	}
	assert_true(a.permits_tunnel && a.has_unit);
	assert_int_equal(a.unit, 12);
	assert_int_equal(a.line, 2);
	buf_clear(&b);
}

/* Options cut at every place, in front of a whole key. */
static void
test_options_cut(void **state)
{
	const char *start = strchr(rich, '\n') + 1;
	size_t len, whole = (size_t)(strstr(rich, " @ed") - start);
	struct authorized_keys_answer a;
	char options[512];

	(void)state;
	for (len = 1; len <= whole; len++) {
		bool is_border = start[len] == ',' || start[len] == ' ';

		memcpy(options, start, len);
		options[len] = '\0';
		a = ask_options(options, HERE, NOW);
		if (a.reason == NONE)
			assert_true(is_border);
		if (a.reason == NONE && len < whole)
			assert_false(a.permits_tunnel);
	}
	assert_int_equal(a.reason, NONE);
	/* From where the list refuses, no cut admits once it is there. */
	for (len = 1; len <= whole; len++) {
		memcpy(options, start, len);
		options[len] = '\0';
		a = ask_options(options, "192.0.2.9", NOW);
		assert_int_equal(a.reason == NONE,
		    len == strlen("restrict") || strcmp(options,
		    "restrict,command=\"a \\\"b\\\", c\"") == 0);
	}
}

/* Any one byte of the options changed: nothing is read past, or admits more. */
static void
test_options_garbled(void **state)
{
	static const uint8_t other[] = {
		'\t', ' ', '"', ',', '\\', '=', '!', '*', '0', 'z', 0x80, '\r',
	};
	struct authorized_keys_answer a;
	struct buf b;
	struct view v;
	size_t i, j, key;
	uint8_t *p, kept;

	(void)state;
	buf_init(&b, TEST_FILE_MAX);
	fill_in(rich, &b);
	v = buf_view(&b);
	key = (size_t)((const uint8_t *)memmem(v.p, v.len, "ssh-", 4) - v.p);
	p = malloc(v.len);
	assert_non_null(p);
	memcpy(p, v.p, v.len);
	v.p = p;
	for (i = strlen("# first\n"); i < key; i++) {
		for (j = 0; j < COUNT(other); j++) {
			kept = p[i];
			p[i] = other[j];
			(void)ask_view(&v, "ed25519", HERE, NOW, &a);
			/* Without from= only a spoilt option is left. */
			(void)ask_view(&v, "ed25519", "203.0.113.1", NOW, &a);
			assert_int_not_equal(a.reason, NONE);
			p[i] = kept;
		}
	}
	free(p);
	buf_clear(&b);
}

/* A line with a comment that makes it len bytes long. */
static void
put_long_line(struct buf *b, size_t len)
{
	size_t before = b->len;
	uint8_t *p;

	fill_in("@ed ", b);
	len -= b->len - before;
	assert_int_equal(buf_put_space(b, len, &p), 0);
	memset(p, 'x', len);
	assert_int_equal(buf_put_u8(b, '\n'), 0);
}

static void
test_line_limit(void **state)
{
	struct authorized_keys_answer a;
	struct buf b;
	struct view v;

	(void)state;
	buf_init(&b, AUTHORIZED_KEYS_TEXT_MAX);
	put_long_line(&b, AUTHORIZED_KEYS_LINE_MAX + 1);
	v = buf_view(&b);
	assert_int_equal(ask_view(&v, "ed25519", HERE, NOW, &a),
	    SSHTAP_ERR_NOT_FOUND);
	put_long_line(&b, AUTHORIZED_KEYS_LINE_MAX);
	v = buf_view(&b);
	assert_int_equal(ask_view(&v, "ed25519", HERE, NOW, &a), 0);
	assert_int_equal(a.line, 2);
	buf_clear(&b);
}

static void
test_text_limit(void **state)
{
	uint8_t *text = calloc(1, AUTHORIZED_KEYS_TEXT_MAX + 1);
	struct view v = view_of(text, AUTHORIZED_KEYS_TEXT_MAX), line;
	struct authorized_keys_answer a = { .line = 12345 };
	struct authorized_keys_query q = { .now = NOW };
	struct buf key, blob;

	(void)state;
	assert_non_null(text);
	buf_init(&key, TEST_FILE_MAX);
	buf_init(&blob, KEY_BLOB_MAX);
	load_blob("ed25519", ".pub", &blob);
	q.blob = buf_view(&blob);
	fill_in("\n@ed", &key);
	line = buf_view(&key);
	memset(text, '\n', AUTHORIZED_KEYS_TEXT_MAX + 1);
	memcpy(text + AUTHORIZED_KEYS_TEXT_MAX - line.len, line.p, line.len);
	v.len++;
	assert_int_equal(authorized_keys_check(&v, &q, &a),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(a.line, 12345);
	v.len--;
	assert_int_equal(authorized_keys_check(&v, &q, &a), 0);
	assert_int_equal(a.line, AUTHORIZED_KEYS_TEXT_MAX - line.len + 2);
	buf_clear(&blob);
	buf_clear(&key);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_lines_without_a_key),
		cmocka_unit_test(test_nul_spoils_a_line),
		cmocka_unit_test(test_later_lines),
		cmocka_unit_test(test_terms_of_the_deciding_line),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_options_refused),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_address_and_time),
		cmocka_unit_test(test_reason_of_a_line),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_blobs_refused),
		cmocka_unit_test(test_blob_is_compared_whole),
		cmocka_unit_test(test_text_cut),
		cmocka_unit_test(test_options_cut),
		cmocka_unit_test(test_options_garbled),
		cmocka_unit_test(test_line_limit),
		cmocka_unit_test(test_text_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
