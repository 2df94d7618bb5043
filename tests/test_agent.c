/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Agent messages: byte for byte those of RFC 9987 on the way out; on the way
 * in, each good answer, every prefix of it, one byte too many, each limit.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "transport/agent.h"
#include "transport/key.h"

static void
assert_bytes(const struct buf *b, const char *wanted, size_t len)
{
	struct view v = buf_view(b), w = view_of(wanted, len);

	assert_true(view_equals(&v, &w));
}

/* String literals with their NULs, but without the last. */
#define BYTES(s)	(s), sizeof(s) - 1

static void
test_put_list(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	assert_int_equal(agent_put_list(&b), 0);
	assert_bytes(&b, BYTES("\0\0\0\1\13"));
	buf_clear(&b);
	buf_init(&b, 4);
	assert_int_equal(agent_put_list(&b), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
}

static void
test_put_sign(void **state)
{
	struct view blob = view_of_string("key"), data = view_of_string("do");
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	assert_int_equal(buf_put_u8(&b, '<'), 0);
	assert_int_equal(agent_put_sign(&b, &blob, &data,
	    AGENT_SIGN_RSA_SHA2_512), 0);
	assert_bytes(&b, BYTES("<\0\0\0\22\15\0\0\0\3key\0\0\0\2do"
	    "\0\0\0\4"));
	buf_clear(&b);
}

static void
test_put_sign_limit(void **state)
{
	const size_t overhead = 1 + 4 + 4 + 4;
	uint8_t *bytes = calloc(1, AGENT_MESSAGE_MAX);
	struct view blob = view_of_string(""), data;
	struct buf b;

	(void)state;
	assert_non_null(bytes);
	buf_init(&b, 2 * AGENT_MESSAGE_MAX);
	data = view_of(bytes, AGENT_MESSAGE_MAX - overhead);
	assert_int_equal(agent_put_sign(&b, &blob, &data, 0), 0);
	assert_int_equal(b.len, AGENT_MESSAGE_MAX + 4);
	buf_reset(&b);
	data.len++;
	assert_int_equal(agent_put_sign(&b, &blob, &data, 0),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
	free(bytes);
}

static void
test_sign_flags(void **state)
{
	static const struct {
		const char *alg;
		uint32_t flags;
	} cases[] = {
		{ "rsa-sha2-256", 2 }, { "rsa-sha2-512", 4 },
		{ "ssh-ed25519", 0 }, { "ecdsa-sha2-nistp256", 0 },
		{ "ssh-rsa", 0 }, { "", 0 },
	};
	struct view v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		v = view_of_string(cases[i].alg);
		assert_int_equal(agent_sign_flags(&v), cases[i].flags);
	}
}

static void
test_put_session_bind(void **state)
{
	struct view host = view_of_string("K"), id = view_of_string("ID");
	struct view signature = view_of_string("SIG");
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	assert_int_equal(agent_put_session_bind(&b, &host, &id, &signature),
	    0);
	assert_bytes(&b, BYTES("\0\0\0\60\33\0\0\0\30session-bind@openssh.com"
	    "\0\0\0\1K\0\0\0\2ID\0\0\0\3SIG\0"));
	buf_clear(&b);
	buf_init(&b, 51);
	assert_int_equal(agent_put_session_bind(&b, &host, &id, &signature),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
}

static void
test_check_length(void **state)
{
	(void)state;
	assert_int_equal(agent_check_length(0), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(agent_check_length(1), 0);
	assert_int_equal(agent_check_length(AGENT_MESSAGE_MAX), 0);
	assert_int_equal(agent_check_length(AGENT_MESSAGE_MAX + 1),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(agent_check_length(UINT32_MAX), SSHTAP_ERR_TOO_BIG);
}

/* What a walk has seen: "blob=comment;" for each key. */
struct seen {
	struct buf text;
	unsigned n;
	unsigned stop_at;
};

static int
see(void *ctx, const struct view *blob, const struct view *comment)
{
	struct seen *s = ctx;

	if (++s->n == s->stop_at)
		return 42;
	assert_int_equal(buf_put_view(&s->text, blob), 0);
	assert_int_equal(buf_put_u8(&s->text, '='), 0);
	assert_int_equal(buf_put_view(&s->text, comment), 0);
	assert_int_equal(buf_put_u8(&s->text, ';'), 0);
	return 0;
}

static void
init_seen(struct seen *s, unsigned stop_at)
{
	buf_init(&s->text, 1024);
	s->n = 0;
	s->stop_at = stop_at;
}

/* A copy whose storage ends where the bytes do. */
static struct view
exact(const void *p, size_t len, void **storagep)
{
	*storagep = malloc(len > 0 ? len : 1);
	assert_non_null(*storagep);
	if (len > 0)
		memcpy(*storagep, p, len);
	return view_of(*storagep, len);
}

static int
list_result(const char *body, size_t len, struct seen *s)
{
	void *storage;
	struct view v = exact(body, len, &storage);
	int r;

	r = agent_parse_list(&v, see, s);
	free(storage);
	return r;
}

#define TWO_KEYS	"\14\0\0\0\2\0\0\0\3one\0\0\0\1a\0\0\0\3two\0\0\0\0"

static void
test_parse_list(void **state)
{
	struct seen s;
	size_t len;

	(void)state;
	init_seen(&s, 0);
	assert_int_equal(list_result(BYTES(TWO_KEYS), &s), 0);
	assert_bytes(&s.text, BYTES("one=a;two=;"));
	buf_clear(&s.text);
	init_seen(&s, 0);
	assert_int_equal(list_result(BYTES("\14\0\0\0\0"), &s), 0);
	assert_int_equal(s.n, 0);
	for (len = 0; len < sizeof(TWO_KEYS) - 1; len++)
		assert_int_equal(list_result(TWO_KEYS, len, &s),
		    SSHTAP_ERR_TRUNCATED);
	assert_int_equal(list_result(BYTES(TWO_KEYS "x"), &s),
	    SSHTAP_ERR_TRAILING);
	assert_int_equal(list_result(BYTES("\14\0\0\0\0x"), &s),
	    SSHTAP_ERR_TRAILING);
	/* A malformed list shows none of its keys. */
	assert_int_equal(s.n, 0);
	buf_clear(&s.text);
}

static void
test_walk_ends_when_told(void **state)
{
	struct seen s;

	(void)state;
	init_seen(&s, 2);
	assert_int_equal(list_result(BYTES(TWO_KEYS), &s), 42);
	assert_int_equal(s.n, 2);
	assert_bytes(&s.text, BYTES("one=a;"));
	buf_clear(&s.text);
}

static int
list_of(uint32_t claimed, uint32_t present, unsigned *seenp)
{
	struct buf b;
	struct seen s;
	uint32_t i;
	int r;

	buf_init(&b, AGENT_MESSAGE_MAX);
	init_seen(&s, 0);
	s.text.max = AGENT_MESSAGE_MAX;
	assert_int_equal(buf_put_u8(&b, 12), 0);
	assert_int_equal(buf_put_u32(&b, claimed), 0);
	for (i = 0; i < present; i++)
		assert_int_equal(buf_put_u64(&b, 0), 0);
	r = list_result((const char *)buf_view(&b).p, b.len, &s);
	*seenp = s.n;
	buf_clear(&s.text);
	buf_clear(&b);
	return r;
}

static void
test_list_limit(void **state)
{
	unsigned n;

	(void)state;
	assert_int_equal(list_of(AGENT_KEYS_MAX, AGENT_KEYS_MAX, &n), 0);
	assert_int_equal(n, AGENT_KEYS_MAX);
	assert_int_equal(list_of(AGENT_KEYS_MAX + 1, AGENT_KEYS_MAX + 1, &n),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(n, 0);
	assert_int_equal(list_of(UINT32_MAX, 1, &n), SSHTAP_ERR_TOO_BIG);
}

static void
test_refusals(void **state)
{
	struct view v, alg = view_of_string("ssh-ed25519"), signature;
	struct seen s;
	unsigned type;

	(void)state;
	init_seen(&s, 0);
	for (type = 0; type < 256; type++) {
		const uint8_t body = (uint8_t)type;

		v = view_of(&body, 1);
		assert_int_equal(agent_parse_list(&v, see, &s), type == 12 ?
		    SSHTAP_ERR_TRUNCATED : SSHTAP_ERR_AGENT);
		assert_int_equal(agent_parse_sign(&v, &alg, &signature),
		    type == 14 ? SSHTAP_ERR_TRUNCATED : SSHTAP_ERR_AGENT);
		assert_int_equal(agent_parse_success(&v), type == 6 ? 0 :
		    SSHTAP_ERR_AGENT);
	}
	buf_clear(&s.text);
}

static void
test_parse_success(void **state)
{
	struct view v = view_of(NULL, 0);

	(void)state;
	assert_int_equal(agent_parse_success(&v), SSHTAP_ERR_TRUNCATED);
	v = view_of("\6x", 2);
	assert_int_equal(agent_parse_success(&v), SSHTAP_ERR_TRAILING);
}

static int
sign_result(const char *body, size_t len, const char *alg,
    const char *wanted, size_t wanted_len)
{
	struct view a = view_of_string(alg), w = view_of(wanted, wanted_len);
	struct view signature = { NULL, 0 }, v;
	void *storage;
	int r;

	v = exact(body, len, &storage);
	r = agent_parse_sign(&v, &a, &signature);
	if (r == 0)
		assert_true(view_equals(&signature, &w));
	else
		assert_null(signature.p);
	free(storage);
	return r;
}

#define SIGNATURE	"\0\0\0\3alg\0\0\0\2xy"
#define SIGNED		"\16\0\0\0\15" SIGNATURE

static void
test_parse_sign(void **state)
{
	size_t len;

	(void)state;
	assert_int_equal(sign_result(BYTES(SIGNED), "alg", BYTES(SIGNATURE)),
	    0);
	for (len = 0; len < sizeof(SIGNED) - 1; len++)
		assert_int_equal(sign_result(SIGNED, len, "alg", "", 0),
		    SSHTAP_ERR_TRUNCATED);
	assert_int_equal(sign_result(BYTES(SIGNED "z"), "alg", "", 0),
	    SSHTAP_ERR_TRAILING);
	/* A byte too many inside, or too few. */
	assert_int_equal(sign_result(BYTES("\16\0\0\0\16" SIGNATURE "z"),
	    "alg", "", 0), SSHTAP_ERR_TRAILING);
	assert_int_equal(sign_result(BYTES("\16\0\0\0\14"
	    "\0\0\0\3alg\0\0\0\2x"), "alg", "", 0), SSHTAP_ERR_TRUNCATED);
	assert_int_equal(sign_result(BYTES("\16\0\0\0\0"), "alg", "", 0),
	    SSHTAP_ERR_TRUNCATED);
}

static void
test_agent_must_use_the_algorithm(void **state)
{
	(void)state;
	assert_int_equal(sign_result(BYTES(SIGNED), "alh", "", 0),
	    SSHTAP_ERR_AGENT);
	assert_int_equal(sign_result(BYTES(SIGNED), "al", "", 0),
	    SSHTAP_ERR_AGENT);
	assert_int_equal(sign_result(BYTES(SIGNED), "algo", "", 0),
	    SSHTAP_ERR_AGENT);
	/* What an agent that knows no flags makes of an RSA request. */
	assert_int_equal(sign_result(BYTES("\16\0\0\0\21"
	    "\0\0\0\7ssh-rsa\0\0\0\2xy"), "rsa-sha2-512", "", 0),
	    SSHTAP_ERR_AGENT);
}

/* A signature blob of this size in a whole answer. */
static int
sign_of_size(size_t size)
{
	struct buf blob, body;
	struct view v;
	uint8_t *p;
	int r;

	buf_init(&blob, AGENT_MESSAGE_MAX);
	buf_init(&body, AGENT_MESSAGE_MAX);
	assert_int_equal(buf_put_cstring(&blob, "alg"), 0);
	assert_int_equal(buf_put_u32(&blob, (uint32_t)(size - 11)), 0);
	assert_int_equal(buf_put_space(&blob, size - 11, &p), 0);
	memset(p, 0, size - 11);
	v = buf_view(&blob);
	assert_int_equal(buf_put_u8(&body, 14), 0);
	assert_int_equal(buf_put_string_view(&body, &v), 0);
	r = sign_result((const char *)buf_view(&body).p, body.len, "alg",
	    (const char *)v.p, v.len);
	buf_clear(&body);
	buf_clear(&blob);
	return r;
}

static void
test_signature_limit(void **state)
{
	(void)state;
	assert_int_equal(sign_of_size(KEY_SIGNATURE_MAX), 0);
	assert_int_equal(sign_of_size(KEY_SIGNATURE_MAX + 1),
	    SSHTAP_ERR_TOO_BIG);
}

static void
test_body_limit(void **state)
{
	uint8_t *bytes = calloc(1, AGENT_MESSAGE_MAX + 1);
	struct view v = view_of(bytes, AGENT_MESSAGE_MAX);

	(void)state;
	assert_non_null(bytes);
	bytes[0] = 6;
	assert_int_equal(agent_parse_success(&v), SSHTAP_ERR_TRAILING);
	v.len++;
	assert_int_equal(agent_parse_success(&v), SSHTAP_ERR_TOO_BIG);
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_list),
		cmocka_unit_test(test_put_sign),
		cmocka_unit_test(test_put_sign_limit),
		cmocka_unit_test(test_sign_flags),
		cmocka_unit_test(test_put_session_bind),
		cmocka_unit_test(test_check_length),
		cmocka_unit_test(test_parse_list),
		cmocka_unit_test(test_walk_ends_when_told),
		cmocka_unit_test(test_list_limit),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_parse_success),
		cmocka_unit_test(test_parse_sign),
		cmocka_unit_test(test_agent_must_use_the_algorithm),
		cmocka_unit_test(test_signature_limit),
		cmocka_unit_test(test_body_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
