/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What a network process that has been taken over may ask for: the whole
 * table, written down here a second time, and every record as bytes.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "lib/log.h"
#include "server/request.h"

#define NEVER	(-1)
#define ALWAYS	0

/* What a stranger can get: 64 lines twice, a signature, 64 questions. */
static const int expected[REQUEST_KIND_COUNT][REQUEST_PHASE_COUNT] = {
	/*			  START  AUTH  USER */
	[REQUEST_LOG] =		{ 64, 64, ALWAYS },
	[REQUEST_SIGN] =	{ 1, NEVER, ALWAYS },
	[REQUEST_KEY] =		{ NEVER, 64, NEVER },
	[REQUEST_TUNNEL] =	{ NEVER, NEVER, ALWAYS },
	[REQUEST_TUNNEL_END] =	{ NEVER, NEVER, ALWAYS },
};

static void
check_cell(unsigned kind, unsigned phase)
{
	struct request_state st;
	int limit = expected[kind][phase], i;

	memset(&st, 0, sizeof(st));
	request_set_phase(&st, (enum request_phase)phase);
	if (limit == NEVER) {
		for (i = 0; i < 3; i++)
			assert_int_equal(request_check(&st, (uint8_t)kind),
			    SSHTAP_ERR_STATE);
		return;
	}
	for (i = 0; i < (limit == ALWAYS ? 10000 : limit); i++)
		assert_int_equal(request_check(&st, (uint8_t)kind), 0);
	for (i = 0; i < 3 && limit != ALWAYS; i++)
		assert_int_equal(request_check(&st, (uint8_t)kind),
		    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(st.phase, phase);
}

static void
test_the_whole_table(void **state)
{
	unsigned kind, phase;

	(void)state;
	for (kind = 0; kind < REQUEST_KIND_COUNT; kind++)
		for (phase = 0; phase < REQUEST_PHASE_COUNT; phase++)
			check_cell(kind, phase);
}

/* One row a cell, so that the first that is found is the only one. */
static void
test_no_row_is_there_twice(void **state)
{
	unsigned seen[REQUEST_KIND_COUNT][REQUEST_PHASE_COUNT] = { { 0 } };
	const struct request_rule *r;

	(void)state;
	for (r = request_rules; r->kind != REQUEST_KIND_COUNT; r++) {
		assert_true(r->kind < REQUEST_KIND_COUNT);
		assert_true(r->phase < REQUEST_PHASE_COUNT);
		assert_int_equal(seen[r->kind][r->phase]++, 0);
	}
}

static void
test_counts_are_a_kinds_own(void **state)
{
	struct request_state st;

	(void)state;
	memset(&st, 0, sizeof(st));
	assert_int_equal(request_check(&st, REQUEST_SIGN), 0);
	assert_int_equal(request_check(&st, REQUEST_SIGN),
	    SSHTAP_ERR_TOO_BIG);
	/* What is refused leaves the others alone. */
	assert_int_equal(request_check(&st, REQUEST_LOG), 0);
	assert_int_equal(request_check(&st, REQUEST_KEY), SSHTAP_ERR_STATE);
	request_set_phase(&st, REQUEST_PHASE_AUTH);
	assert_int_equal(request_check(&st, REQUEST_SIGN), SSHTAP_ERR_STATE);
	assert_int_equal(request_check(&st, REQUEST_KEY), 0);
}

static void
test_counts_begin_anew_with_a_phase(void **state)
{
	struct request_state st;
	int i;

	(void)state;
	memset(&st, 0, sizeof(st));
	for (i = 0; i < 64; i++)
		assert_int_equal(request_check(&st, REQUEST_LOG), 0);
	assert_int_equal(request_check(&st, REQUEST_LOG), SSHTAP_ERR_TOO_BIG);
	request_set_phase(&st, REQUEST_PHASE_AUTH);
	for (i = 0; i < 64; i++)
		assert_int_equal(request_check(&st, REQUEST_LOG), 0);
	assert_int_equal(request_check(&st, REQUEST_LOG), SSHTAP_ERR_TOO_BIG);
}

/* A phase that does not exist grants nothing. */
static void
test_nonsense_is_refused(void **state)
{
	struct request_state st, before;
	unsigned kind, phase;

	(void)state;
	for (phase = 0; phase < REQUEST_PHASE_COUNT; phase++) {
		memset(&st, 0, sizeof(st));
		request_set_phase(&st, (enum request_phase)phase);
		before = st;
		for (kind = REQUEST_KIND_COUNT; kind <= UINT8_MAX; kind++) {
			assert_int_equal(request_check(&st, (uint8_t)kind),
			    SSHTAP_ERR_PROTOCOL);
			assert_string_equal(request_name((uint8_t)kind),
			    "unknown");
		}
		assert_memory_equal(&st, &before, sizeof(st));
	}
	request_set_phase(&st, REQUEST_PHASE_COUNT);
	for (kind = 0; kind < REQUEST_KIND_COUNT; kind++)
		assert_int_equal(request_check(&st, (uint8_t)kind),
		    SSHTAP_ERR_STATE);
}

static void
test_names(void **state)
{
	static const char *const names[REQUEST_KIND_COUNT] = { "log", "sign",
	    "key", "tunnel", "tunnel-end" };
	unsigned kind;

	(void)state;
	for (kind = 0; kind < REQUEST_KIND_COUNT; kind++)
		assert_string_equal(request_name((uint8_t)kind), names[kind]);
}

/* Records.  Any of them, behind one call. */

static int
get_log(struct view record)
{
	struct view text;
	unsigned level;

	return request_get_log(record, &level, &text);
}

static int
get_sign(struct view record)
{
	struct view algorithm, hash;

	return request_get_sign(record, &algorithm, &hash);
}

static int
get_key(struct view record)
{
	struct auth_publickey pk;
	struct view signature;

	return request_get_key(record, &pk, &signature);
}

static int
get_tunnel(struct view record)
{
	struct request_tunnel t;

	return request_get_tunnel(record, &t);
}

static int
get_device(struct view record)
{
	struct request_device d;

	return request_get_device(record, &d);
}

static int
get_tunnel_end(struct view record)
{
	uint32_t slot;

	return request_get_tunnel_end(record, &slot);
}

/* In storage that ends where the record does; then with a byte behind it. */
static void
assert_only_whole(const struct buf *b, int (*get)(struct view))
{
	struct view v = buf_view(b);
	uint8_t *copy;
	size_t n;

	for (n = 0; n < v.len; n++) {
		copy = malloc(n > 0 ? n : 1);
		assert_non_null(copy);
		memcpy(copy, v.p, n);
		assert_int_equal(get(view_of(copy, n)), SSHTAP_ERR_TRUNCATED);
		free(copy);
	}
	assert_int_equal(get(v), 0);
	copy = malloc(v.len + 1);
	assert_non_null(copy);
	memcpy(copy, v.p, v.len);
	copy[v.len] = 0;
	assert_int_equal(get(view_of(copy, v.len + 1)), SSHTAP_ERR_TRAILING);
	free(copy);
}

static void
test_log(void **state)
{
	struct view text;
	unsigned level, got;
	struct buf b;

	(void)state;
	buf_init(&b, REQUEST_MAX);
	for (level = LOG_LEVEL_ERROR; level < LOG_LEVEL_COUNT; level++) {
		buf_reset(&b);
		assert_int_equal(request_put_log(&b, level, "line"), 0);
		assert_int_equal(*buf_view(&b).p, REQUEST_LOG);
		assert_int_equal(request_get_log(buf_view(&b), &got, &text),
		    0);
		assert_int_equal(got, level);
		assert_true(view_is(&text, "line"));
		assert_only_whole(&b, get_log);
	}
	for (level = 0; level <= UINT8_MAX; level++) {
		if (level > LOG_LEVEL_QUIET && level < LOG_LEVEL_COUNT)
			continue;
		buf_reset(&b);
		assert_int_equal(request_put_log(&b, level, "line"), 0);
		assert_int_equal(get_log(buf_view(&b)), SSHTAP_ERR_FORMAT);
	}
	buf_clear(&b);
}

static void
test_log_is_bounded(void **state)
{
	char text[REQUEST_TEXT_MAX + 2];
	struct buf b;

	(void)state;
	/* Whatever the log writes fits. */
	assert_true(LOG_LINE_MAX <= REQUEST_TEXT_MAX);
	memset(text, 'x', sizeof(text));
	buf_init(&b, REQUEST_MAX);
	text[REQUEST_TEXT_MAX] = '\0';
	assert_int_equal(request_put_log(&b, LOG_LEVEL_INFO, text), 0);
	assert_int_equal(get_log(buf_view(&b)), 0);
	text[REQUEST_TEXT_MAX] = 'x';
	text[REQUEST_TEXT_MAX + 1] = '\0';
	buf_reset(&b);
	assert_int_equal(request_put_log(&b, LOG_LEVEL_INFO, text), 0);
	assert_int_equal(get_log(buf_view(&b)), SSHTAP_ERR_FORMAT);
	buf_clear(&b);
}

static void
test_sign(void **state)
{
	struct view algorithm = view_of_string("ssh-ed25519"), a, h;
	struct view hash = view_of("\0hash", 5);
	struct buf b;

	(void)state;
	buf_init(&b, REQUEST_MAX);
	assert_int_equal(request_put_sign(&b, &algorithm, &hash), 0);
	assert_int_equal(*buf_view(&b).p, REQUEST_SIGN);
	assert_int_equal(request_get_sign(buf_view(&b), &a, &h), 0);
	assert_true(view_equals(&a, &algorithm));
	assert_true(view_equals(&h, &hash));
	assert_only_whole(&b, get_sign);
	buf_clear(&b);
}

static void
put_key(struct buf *b, bool hostbound, const struct view *signature)
{
	struct auth_publickey pk = { .user = view_of_string("bob"),
	    .algorithm = view_of_string("ssh-ed25519"),
	    .blob = view_of("b\0lob", 5), .hostbound = hostbound };

	buf_reset(b);
	assert_int_equal(request_put_key(b, &pk, signature), 0);
	assert_int_equal(*buf_view(b).p, REQUEST_KEY);
	assert_only_whole(b, get_key);
}

static void
test_key(void **state)
{
	struct view signature = view_of_string("signature"), s;
	struct auth_publickey pk;
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, REQUEST_MAX);
	for (i = 0; i < 4; i++) {
		put_key(&b, i & 1, i & 2 ? &signature : NULL);
		assert_int_equal(request_get_key(buf_view(&b), &pk, &s), 0);
		assert_true(view_is(&pk.user, "bob"));
		assert_true(view_is(&pk.algorithm, "ssh-ed25519"));
		assert_int_equal(pk.blob.len, 5);
		assert_memory_equal(pk.blob.p, "b\0lob", 5);
		assert_int_equal(pk.hostbound, i & 1);
		assert_true(view_is(&s, i & 2 ? "signature" : ""));
		/* That is for the monitor to know. */
		assert_int_equal(pk.hostkey.len, 0);
	}
	buf_clear(&b);
}

static void
test_tunnel(void **state)
{
	static const struct request_tunnel tunnels[] = { { 1, 0 },
	    { 2, 0x7fffffff }, { 0, UINT32_MAX }, { UINT32_MAX, 5 } };
	struct request_tunnel t;
	uint32_t slot;
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, REQUEST_MAX);
	for (i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		buf_reset(&b);
		assert_int_equal(request_put_tunnel(&b, &tunnels[i]), 0);
		assert_int_equal(*buf_view(&b).p, REQUEST_TUNNEL);
		assert_int_equal(request_get_tunnel(buf_view(&b), &t), 0);
		assert_int_equal(t.mode, tunnels[i].mode);
		assert_int_equal(t.unit, tunnels[i].unit);
		assert_only_whole(&b, get_tunnel);
		buf_reset(&b);
		assert_int_equal(request_put_tunnel_end(&b, t.unit), 0);
		assert_int_equal(*buf_view(&b).p, REQUEST_TUNNEL_END);
		assert_int_equal(request_get_tunnel_end(buf_view(&b), &slot),
		    0);
		assert_int_equal(slot, t.unit);
		assert_only_whole(&b, get_tunnel_end);
	}
	buf_clear(&b);
}

static void
test_device(void **state)
{
	struct request_device d = { .reason = 1,
	    .text = view_of_string("not permitted"), .slot = 7,
	    .offloads = 0x01020304,
	    .name = "exactly15charsX" }, got;
	struct buf b;

	(void)state;
	buf_init(&b, REQUEST_MAX);
	assert_int_equal(request_put_device(&b, &d), 0);
	memset(&got, 0xaa, sizeof(got));
	assert_int_equal(request_get_device(buf_view(&b), &got), 0);
	assert_int_equal(got.reason, 1);
	assert_true(view_is(&got.text, "not permitted"));
	assert_int_equal(got.slot, 7);
	assert_int_equal(got.offloads, 0x01020304);
	assert_string_equal(got.name, "exactly15charsX");
	assert_only_whole(&b, get_device);
	buf_reset(&b);
	d = (struct request_device){ .text = view_of("", 0) };
	assert_int_equal(request_put_device(&b, &d), 0);
	assert_int_equal(request_get_device(buf_view(&b), &got), 0);
	assert_string_equal(got.name, "");
	assert_only_whole(&b, get_device);
	buf_clear(&b);
}

/* A name that leaves no room for its end. */
static void
test_device_name_is_bounded(void **state)
{
	struct request_device d;
	struct buf b;

	(void)state;
	buf_init(&b, REQUEST_MAX);
	assert_int_equal(buf_put_u32(&b, 0), 0);
	assert_int_equal(buf_put_cstring(&b, ""), 0);
	assert_int_equal(buf_put_u32(&b, 0), 0);
	assert_int_equal(buf_put_u32(&b, 0), 0);
	assert_int_equal(buf_put_cstring(&b, "sixteen-chars-16"), 0);
	assert_int_equal(request_get_device(buf_view(&b), &d),
	    SSHTAP_ERR_FORMAT);
	buf_clear(&b);
}

static void
test_a_full_buffer_is_told(void **state)
{
	struct request_device d = { .text = view_of_string("text") };
	struct request_tunnel t = { 1, 1 };
	struct auth_publickey pk = { .user = view_of_string("u"),
	    .algorithm = view_of_string("a"), .blob = view_of_string("b") };
	struct view v = view_of_string("v");
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	assert_int_equal(request_put_log(&b, 1, "x"), SSHTAP_ERR_TOO_BIG);
	buf_reset(&b);
	assert_int_equal(request_put_sign(&b, &v, &v), SSHTAP_ERR_TOO_BIG);
	buf_reset(&b);
	assert_int_equal(request_put_key(&b, &pk, &v), SSHTAP_ERR_TOO_BIG);
	buf_reset(&b);
	assert_int_equal(request_put_tunnel(&b, &t), SSHTAP_ERR_TOO_BIG);
	buf_reset(&b);
	assert_int_equal(request_put_device(&b, &d), SSHTAP_ERR_TOO_BIG);
	buf_reset(&b);
	assert_int_equal(request_put_tunnel_end(&b, 1), SSHTAP_ERR_TOO_BIG);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_whole_table),
		cmocka_unit_test(test_no_row_is_there_twice),
		cmocka_unit_test(test_counts_are_a_kinds_own),
		cmocka_unit_test(test_counts_begin_anew_with_a_phase),
		cmocka_unit_test(test_nonsense_is_refused),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_log_is_bounded),
		cmocka_unit_test(test_sign),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_device_name_is_bounded),
		cmocka_unit_test(test_a_full_buffer_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
