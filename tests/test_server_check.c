/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What the checker says of keys and signatures, and what a checker that has
 * been taken over may make the monitor believe.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "server/check.h"
#include "tests/key_util.h"
#include "transport/keyfile.h"

#define NOW	1709209845	/* 2024-02-29 12:30:45 UTC */

/* A user's key, what was signed with it, and the text that is asked. */
struct bench {
	struct key *key;
	struct buf text, signature;
	struct check_query q;
	struct check_verdict v;
};

static void
put_line(struct bench *b, const char *options)
{
	struct view blob = key_blob(b->key);

	assert_int_equal(buf_put_format(&b->text, "%s", options), 0);
	assert_int_equal(keyfile_put_public(&b->text, &blob, "comment"), 0);
}

static void
set_key(struct bench *b, enum key_type type)
{
	key_free(b->key);
	b->key = load_key(key_file_names[type]);
	b->q.pk.blob = key_blob(b->key);
	b->q.pk.algorithm = view_of_string(key_algorithm_names[type][0]);
	buf_reset(&b->text);
	buf_reset(&b->signature);
	b->q.signature = view_of("", 0);
}

static void
sign(struct bench *b)
{
	struct view data;
	struct buf m;

	buf_init(&m, AUTH_REQUEST_MAX);
	assert_int_equal(auth_put_signed_data(&m, &b->q.session_id,
	    &b->q.pk), 0);
	data = buf_view(&m);
	buf_reset(&b->signature);
	assert_int_equal(key_sign(b->key, &b->q.pk.algorithm, &data,
	    &b->signature), 0);
	b->q.signature = buf_view(&b->signature);
	buf_clear(&m);
}

static int
set_up(void **state)
{
	static struct bench b;

	memset(&b, 0, sizeof(b));
	buf_init(&b.text, AUTHORIZED_KEYS_TEXT_MAX);
	buf_init(&b.signature, KEY_SIGNATURE_MAX);
	b.q.now = NOW;
	b.q.address = view_of_string("192.0.2.7");
	b.q.session_id = view_of_string("the session");
	b.q.pk.user = view_of_string("bob");
	set_key(&b, KEY_ED25519);
	*state = &b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;

	key_free(b->key);
	buf_clear(&b->text);
	buf_clear(&b->signature);
	return 0;
}

/* As it is judged behind a socket: through bytes, both ways. */
static int
judge(struct bench *b)
{
	struct check_verdict v;
	struct check_query q;
	struct buf m;

	b->q.text = buf_view(&b->text);
	buf_init(&m, CHECK_QUERY_MAX);
	assert_int_equal(check_put_query(&m, &b->q), 0);
	assert_int_equal(check_get_query(buf_view(&m), &q), 0);
	memset(&v, 0xa5, sizeof(v));
	check_judge(&q, &v);
	buf_reset(&m);
	assert_int_equal(check_put_verdict(&m, &v), 0);
	assert_int_equal(check_get_verdict(buf_view(&m), &b->v), 0);
	assert_int_equal(b->v.result, v.result);
	assert_int_equal(b->v.answer.reason, v.answer.reason);
	assert_true(b->v.answer.line == v.answer.line);
	assert_int_equal(b->v.answer.permits_tunnel, v.answer.permits_tunnel);
	assert_int_equal(b->v.answer.has_unit, v.answer.has_unit);
	assert_int_equal(b->v.answer.unit, v.answer.unit);
	buf_clear(&m);
	return b->v.result;
}

static void
test_a_key_and_its_signature(void **state)
{
	struct bench *b = *state;
	enum key_type type;

	for (type = 0; type < KEY_TYPE_COUNT; type++) {
		set_key(b, type);
		put_line(b, "");
		assert_int_equal(judge(b), 0);
		assert_int_equal(b->v.answer.line, 1);
		assert_true(b->v.answer.permits_tunnel);
		assert_false(b->v.answer.has_unit);
		sign(b);
		assert_int_equal(judge(b), 0);
		/* Bound to the host key, too. */
		b->q.pk.hostbound = true;
		b->q.pk.hostkey = view_of_string("host key");
		assert_int_equal(judge(b), SSHTAP_ERR_SIGNATURE);
		sign(b);
		assert_int_equal(judge(b), 0);
		b->q.pk.hostkey = view_of_string("another");
		assert_int_equal(judge(b), SSHTAP_ERR_SIGNATURE);
		b->q.pk.hostbound = false;
	}
}

static void
test_rsa_by_both_hashes(void **state)
{
	struct bench *b = *state;

	set_key(b, KEY_RSA);
	put_line(b, "");
	b->q.pk.algorithm = view_of_string("rsa-sha2-256");
	sign(b);
	assert_int_equal(judge(b), 0);
	/* The other one than the request says. */
	b->q.pk.algorithm = view_of_string("rsa-sha2-512");
	assert_int_not_equal(judge(b), 0);
}

/* A signature covers everything that is said beside it. */
static void
test_a_signature_of_something_else(void **state)
{
	struct bench *b = *state;
	struct check_query good;

	put_line(b, "");
	sign(b);
	good = b->q;
	b->q.session_id = view_of_string("another session");
	assert_int_equal(judge(b), SSHTAP_ERR_SIGNATURE);
	/* Whose line it is stays to be said. */
	assert_int_equal(b->v.answer.line, 1);
	b->q = good;
	b->q.pk.user = view_of_string("root");
	assert_int_equal(judge(b), SSHTAP_ERR_SIGNATURE);
	b->q = good;
	assert_int_equal(judge(b), 0);
}

static void
test_a_signature_with_a_flipped_bit(void **state)
{
	struct bench *b = *state;
	size_t i;
	int r;

	put_line(b, "");
	sign(b);
	for (i = 0; i < b->signature.len; i++) {
		b->signature.base[b->signature.head + i] ^= 1;
		r = judge(b);
		assert_true(r < 0 && r >= SSHTAP_ERR_LAST);
		b->signature.base[b->signature.head + i] ^= 1;
	}
	assert_int_equal(judge(b), 0);
}

static void
test_a_signature_that_is_cut(void **state)
{
	struct bench *b = *state;
	struct view whole;
	size_t n;

	put_line(b, "");
	sign(b);
	whole = b->q.signature;
	for (n = 1; n < whole.len; n++) {
		b->q.signature = view_of(whole.p, n);
		assert_int_not_equal(judge(b), 0);
	}
	assert_int_equal(buf_put_u8(&b->signature, 0), 0);
	b->q.signature = buf_view(&b->signature);
	assert_int_not_equal(judge(b), 0);
}

/* By a key that may log in, for one that may as well. */
static void
test_a_signature_of_another_key(void **state)
{
	struct bench *b = *state;
	struct key *own = b->key;

	put_line(b, "");
	b->key = load_key(key_file_names[KEY_RSA]);
	put_line(b, "");
	key_free(b->key);
	assert_int_equal(key_generate(KEY_ED25519, &b->key), 0);
	put_line(b, "");
	sign(b);
	assert_int_equal(judge(b), SSHTAP_ERR_SIGNATURE);
	key_free(own);
}

/* What the key cannot sign with, what is no better in a probe. */
static void
test_an_algorithm_of_another_type(void **state)
{
	static const char *const names[] = { "ssh-rsa", "", "ssh-dss",
	    "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519 ", "ssh-ed2551" };
	struct bench *b = *state;
	enum key_type type, other;
	size_t i;

	for (type = 0; type < KEY_TYPE_COUNT; type++) {
		set_key(b, type);
		put_line(b, "");
		for (other = 0; other < KEY_TYPE_COUNT; other++) {
			if (other == type)
				continue;
			b->q.pk.algorithm = view_of_string(
			    key_algorithm_names[other][0]);
			assert_int_equal(judge(b), SSHTAP_ERR_UNSUPPORTED);
			b->q.signature = view_of_string("signature");
			assert_int_equal(judge(b), SSHTAP_ERR_UNSUPPORTED);
			b->q.signature = view_of("", 0);
		}
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			b->q.pk.algorithm = view_of_string(names[i]);
			assert_int_equal(judge(b), SSHTAP_ERR_UNSUPPORTED);
		}
	}
}

static void
test_a_blob_that_is_none(void **state)
{
	static const char *const types[] = { "", "ssh-dss",
	    "sk-ssh-ed25519@openssh.com", "ssh-ed25519-cert-v01@openssh.com" };
	struct bench *b = *state;
	struct view whole = b->q.pk.blob;
	struct buf blob;
	size_t i;

	put_line(b, "");
	for (i = 0; i < whole.len; i++) {
		b->q.pk.blob = view_of(whole.p, i);
		assert_int_not_equal(judge(b), 0);
		assert_false(b->v.answer.permits_tunnel);
		b->q.signature = view_of_string("signature");
		assert_int_not_equal(judge(b), 0);
		b->q.signature = view_of("", 0);
	}
	buf_init(&blob, KEY_BLOB_MAX);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		buf_reset(&blob);
		assert_int_equal(buf_put_cstring(&blob, types[i]), 0);
		b->q.pk.blob = buf_view(&blob);
		assert_int_equal(judge(b), SSHTAP_ERR_UNSUPPORTED);
	}
	buf_clear(&blob);
}

static void
test_a_key_that_is_not_in_the_text(void **state)
{
	struct bench *b = *state;

	assert_int_equal(judge(b), SSHTAP_ERR_NOT_FOUND);
	sign(b);
	assert_int_equal(judge(b), SSHTAP_ERR_NOT_FOUND);
	assert_int_equal(b->v.answer.reason, AUTHORIZED_KEYS_NOT_FOUND);
	assert_int_equal(b->v.answer.line, 0);
}

static void
assert_refused(struct bench *b, const char *options,
    enum authorized_keys_reason reason)
{
	buf_reset(&b->text);
	assert_int_equal(buf_put_format(&b->text, "# comment\n"), 0);
	put_line(b, options);
	assert_int_equal(judge(b), SSHTAP_ERR_REFUSED);
	assert_int_equal(b->v.answer.reason, reason);
	assert_int_equal(b->v.answer.line, 2);
	assert_false(b->v.answer.permits_tunnel);
}

/* With a probe, and with a signature that is good. */
static void
test_a_line_that_refuses(void **state)
{
	struct bench *b = *state;
	int i;

	for (i = 0; i < 2; i++) {
		assert_refused(b, "from=\"10.0.0.0/8\" ",
		    AUTHORIZED_KEYS_FROM);
		assert_refused(b, "expiry-time=\"20240229123044Z\" ",
		    AUTHORIZED_KEYS_EXPIRED);
		assert_refused(b, "cert-authority ", AUTHORIZED_KEYS_CA);
		assert_refused(b, "no-such-option ",
		    AUTHORIZED_KEYS_BAD_OPTION);
		sign(b);
	}
}

static void
test_the_address_is_asked(void **state)
{
	struct bench *b = *state;

	put_line(b, "from=\"192.0.2.0/24\" ");
	assert_int_equal(judge(b), 0);
	b->q.address = view_of("", 0);
	assert_int_equal(judge(b), SSHTAP_ERR_REFUSED);
	b->q.address = view_of_string("::ffff:192.0.2.9");
	assert_int_equal(judge(b), 0);
}

/* Times before 1970 come through the bytes as well. */
static void
test_the_time_is_asked(void **state)
{
	struct bench *b = *state;

	put_line(b, "expiry-time=\"20240301Z\" ");
	assert_int_equal(judge(b), 0);
	b->q.now = INT64_MAX;
	assert_int_equal(judge(b), SSHTAP_ERR_REFUSED);
	b->q.now = -1;
	assert_int_equal(judge(b), 0);
	b->q.now = INT64_MIN;
	assert_int_equal(judge(b), 0);
}

static void
test_what_a_line_grants(void **state)
{
	struct bench *b = *state;

	put_line(b, "restrict ");
	assert_int_equal(judge(b), 0);
	assert_false(b->v.answer.permits_tunnel);
	buf_reset(&b->text);
	put_line(b, "restrict,tunnel=\"5\" ");
	sign(b);
	assert_int_equal(judge(b), 0);
	assert_true(b->v.answer.permits_tunnel);
	assert_true(b->v.answer.has_unit);
	assert_int_equal(b->v.answer.unit, 5);
	buf_reset(&b->text);
	put_line(b, "tunnel=\"2147483645\" ");
	assert_int_equal(judge(b), 0);
	assert_int_equal(b->v.answer.unit, AUTHORIZED_KEYS_UNIT_MAX);
}

static void
test_a_text_that_is_too_long(void **state)
{
	struct bench *b = *state;
	struct check_verdict v;
	uint8_t *p;

	buf_clear(&b->text);
	buf_init(&b->text, AUTHORIZED_KEYS_TEXT_MAX + 1);
	put_line(b, "");
	assert_int_equal(buf_put_space(&b->text,
	    AUTHORIZED_KEYS_TEXT_MAX - b->text.len, &p), 0);
	memset(p, '\n', (size_t)(b->text.base + b->text.head + b->text.len -
	    p));
	assert_int_equal(judge(b), 0);
	assert_int_equal(buf_put_u8(&b->text, '\n'), 0);
	b->q.text = buf_view(&b->text);
	check_judge(&b->q, &v);
	assert_int_equal(v.result, SSHTAP_ERR_TOO_BIG);
	assert_false(v.answer.permits_tunnel);
}

/* Records. */

static int
get_query(struct view record)
{
	struct check_query q;

	return check_get_query(record, &q);
}

static int
get_verdict(struct view record)
{
	struct check_verdict v;

	return check_get_verdict(record, &v);
}

static void
assert_only_whole(const struct buf *b, int (*get)(struct view))
{
	struct view v = buf_view(b), part;
	struct buf more;
	size_t n;

	for (n = 0; n < v.len; n++) {
		part = exact(&v, n);
		assert_int_equal(get(part), SSHTAP_ERR_TRUNCATED);
		drop(part);
	}
	assert_int_equal(get(v), 0);
	buf_init(&more, CHECK_QUERY_MAX);
	assert_int_equal(buf_put_view(&more, &v), 0);
	assert_int_equal(buf_put_u8(&more, 0), 0);
	assert_int_equal(get(buf_view(&more)), SSHTAP_ERR_TRAILING);
	buf_clear(&more);
}

static void
test_a_query_as_bytes(void **state)
{
	struct check_query q = { .text = view_of_string("text"),
	    .address = view_of_string("::1"), .now = INT64_MIN + 1,
	    .session_id = view_of_string("id"),
	    .pk = { .user = view_of_string("user"),
	    .algorithm = view_of_string("algorithm"),
	    .blob = view_of_string("blob"), .hostbound = true,
	    .hostkey = view_of_string("hostkey") },
	    .signature = view_of_string("signature") }, got;
	struct buf b;

	(void)state;
	buf_init(&b, CHECK_QUERY_MAX);
	assert_int_equal(check_put_query(&b, &q), 0);
	assert_int_equal(check_get_query(buf_view(&b), &got), 0);
	assert_true(view_is(&got.text, "text"));
	assert_true(view_is(&got.address, "::1"));
	assert_true(got.now == INT64_MIN + 1);
	assert_true(view_is(&got.session_id, "id"));
	assert_true(view_is(&got.pk.user, "user"));
	assert_true(view_is(&got.pk.algorithm, "algorithm"));
	assert_true(view_is(&got.pk.blob, "blob"));
	assert_true(got.pk.hostbound);
	assert_true(view_is(&got.pk.hostkey, "hostkey"));
	assert_true(view_is(&got.signature, "signature"));
	assert_only_whole(&b, get_query);
	buf_clear(&b);
}

static void
test_a_verdict_as_bytes(void **state)
{
	struct check_verdict v = { .answer = { .line = 70000,
	    .permits_tunnel = true, .has_unit = true,
	    .unit = AUTHORIZED_KEYS_UNIT_MAX } }, got;
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	for (v.result = SSHTAP_ERR_LAST; v.result <= 0; v.result++) {
		v.answer.reason = (enum authorized_keys_reason)
		    (-v.result % (AUTHORIZED_KEYS_FROM + 1));
		buf_reset(&b);
		assert_int_equal(check_put_verdict(&b, &v), 0);
		assert_int_equal(check_get_verdict(buf_view(&b), &got), 0);
		assert_int_equal(got.result, v.result);
		assert_int_equal(got.answer.reason, v.answer.reason);
		assert_int_equal(got.answer.line, 70000);
		assert_true(got.answer.permits_tunnel);
		assert_true(got.answer.has_unit);
		assert_int_equal(got.answer.unit, AUTHORIZED_KEYS_UNIT_MAX);
		assert_only_whole(&b, get_verdict);
	}
	buf_clear(&b);
}

static int
get_made(uint32_t result, uint8_t reason, uint32_t unit)
{
	struct check_verdict v;
	struct buf b;
	int r;

	buf_init(&b, 64);
	assert_int_equal(buf_put_u32(&b, result), 0);
	assert_int_equal(buf_put_u8(&b, reason), 0);
	assert_int_equal(buf_put_u64(&b, UINT64_MAX), 0);
	assert_int_equal(buf_put_u8(&b, 0xff), 0);
	assert_int_equal(buf_put_u8(&b, 0xff), 0);
	assert_int_equal(buf_put_u32(&b, unit), 0);
	r = check_get_verdict(buf_view(&b), &v);
	if (r == 0)
		assert_true(v.result <= 0 && v.result >= SSHTAP_ERR_LAST);
	buf_clear(&b);
	return r;
}

static void
test_a_verdict_out_of_range(void **state)
{
	static const uint32_t results[] = { (uint32_t)-SSHTAP_ERR_LAST + 1,
	    INT32_MAX, 0x80000000, UINT32_MAX - 3, UINT32_MAX };
	static const uint32_t units[] = { AUTHORIZED_KEYS_UNIT_MAX + 1u,
	    0x7fffffff, UINT32_MAX };
	unsigned i;

	(void)state;
	assert_int_equal(get_made((uint32_t)-SSHTAP_ERR_LAST,
	    AUTHORIZED_KEYS_FROM, AUTHORIZED_KEYS_UNIT_MAX), 0);
	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		assert_int_equal(get_made(results[i], 0, 0),
		    SSHTAP_ERR_FORMAT);
	for (i = AUTHORIZED_KEYS_FROM + 1; i <= UINT8_MAX; i++)
		assert_int_equal(get_made(0, (uint8_t)i, 0),
		    SSHTAP_ERR_FORMAT);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		assert_int_equal(get_made(0, 0, units[i]), SSHTAP_ERR_FORMAT);
}

#define WITH_BENCH(t)	cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BENCH(test_a_key_and_its_signature),
		WITH_BENCH(test_rsa_by_both_hashes),
		WITH_BENCH(test_a_signature_of_something_else),
		WITH_BENCH(test_a_signature_with_a_flipped_bit),
		WITH_BENCH(test_a_signature_that_is_cut),
		WITH_BENCH(test_a_signature_of_another_key),
		WITH_BENCH(test_an_algorithm_of_another_type),
		WITH_BENCH(test_a_blob_that_is_none),
		WITH_BENCH(test_a_key_that_is_not_in_the_text),
		WITH_BENCH(test_a_line_that_refuses),
		WITH_BENCH(test_the_address_is_asked),
		WITH_BENCH(test_the_time_is_asked),
		WITH_BENCH(test_what_a_line_grants),
		WITH_BENCH(test_a_text_that_is_too_long),
		cmocka_unit_test(test_a_query_as_bytes),
		cmocka_unit_test(test_a_verdict_as_bytes),
		cmocka_unit_test(test_a_verdict_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
