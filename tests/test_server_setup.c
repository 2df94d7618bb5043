/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* What a new process is told: it comes back as it was, or not at all. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "server/setup.h"
#include "transport/key.h"

static void
set_texts(struct setup_network *s, const char *text)
{
	char **const texts[] = { &s->software, &s->kex, &s->hostkey_algs,
	    &s->ciphers, &s->compression, &s->sig_algs };
	size_t i;
	char t[32] = "";

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (*text != '\0') {
			strcpy(t, text);
			t[strlen(text)] = (char)('0' + i);
		}
		assert_int_equal(setup_set(texts[i], t), 0);
	}
}

static void
fill(struct setup_network *s, size_t nhostkeys)
{
	size_t i;

	setup_network_init(s);
	s->rights.has_ids = true;
	s->rights.uid = 0x01020304;
	s->rights.gid = UINT32_MAX;
	assert_int_equal(setup_set(&s->rights.chroot_dir, "/var/empty"), 0);
	set_texts(s, "text");
	s->log_level = 3;
	s->is_socket = true;
	s->rekey_bytes = UINT64_MAX;
	s->rekey_ms = 0x0102030405060708;
	s->max_auth_tries = 6;
	s->alive_interval = 15;
	s->alive_count_max = UINT32_MAX;
	s->offload = true;
	s->busy_poll = 0x01020304;
	for (i = 0; i < nhostkeys; i++)
		assert_int_equal(buf_put_format(&s->hostkeys[i], "key%zu", i),
		    0);
	s->nhostkeys = nhostkeys;
}

static void
assert_same_rights(const struct setup_rights *a, const struct setup_rights *b)
{
	assert_int_equal(a->has_ids, b->has_ids);
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->gid, b->gid);
	assert_int_equal(a->chroot_dir == NULL, b->chroot_dir == NULL);
	if (a->chroot_dir != NULL)
		assert_string_equal(a->chroot_dir, b->chroot_dir);
}

static void
assert_same(const struct setup_network *a, const struct setup_network *b)
{
	struct view v, w;
	size_t i;

	assert_same_rights(&a->rights, &b->rights);
	assert_int_equal(a->log_level, b->log_level);
	assert_int_equal(a->is_socket, b->is_socket);
	assert_string_equal(a->software, b->software);
	assert_string_equal(a->kex, b->kex);
	assert_string_equal(a->hostkey_algs, b->hostkey_algs);
	assert_string_equal(a->ciphers, b->ciphers);
	assert_string_equal(a->compression, b->compression);
	assert_string_equal(a->sig_algs, b->sig_algs);
	assert_true(a->rekey_bytes == b->rekey_bytes);
	assert_true(a->rekey_ms == b->rekey_ms);
	assert_int_equal(a->max_auth_tries, b->max_auth_tries);
	assert_int_equal(a->alive_interval, b->alive_interval);
	assert_int_equal(a->alive_count_max, b->alive_count_max);
	assert_int_equal(a->offload, b->offload);
	assert_int_equal(a->busy_poll, b->busy_poll);
	assert_int_equal(a->nhostkeys, b->nhostkeys);
	for (i = 0; i < a->nhostkeys; i++) {
		v = buf_view(&a->hostkeys[i]);
		w = buf_view(&b->hostkeys[i]);
		assert_true(view_equals(&v, &w));
	}
}

static int
get_network(struct view record)
{
	struct setup_network s;
	int r;

	setup_network_init(&s);
	r = setup_network_get(record, &s);
	/* A sanitizer sees what this leaves. */
	setup_network_clear(&s);
	return r;
}

static int
get_checker(struct view record)
{
	struct setup_checker s;
	int r;

	memset(&s, 0, sizeof(s));
	r = setup_checker_get(record, &s);
	setup_checker_clear(&s);
	return r;
}

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
check_network(const struct setup_network *s)
{
	struct setup_network got;
	struct buf b;

	buf_init(&b, SETUP_MAX);
	assert_int_equal(setup_network_put(&b, s), 0);
	setup_network_init(&got);
	assert_int_equal(setup_network_get(buf_view(&b), &got), 0);
	assert_same(s, &got);
	setup_network_clear(&got);
	assert_only_whole(&b, get_network);
	buf_clear(&b);
}

static void
test_a_network_process_with_everything(void **state)
{
	struct setup_network s;
	size_t n;

	(void)state;
	for (n = 0; n <= SETUP_HOSTKEYS_MAX; n++) {
		fill(&s, n);
		check_network(&s);
		setup_network_clear(&s);
	}
}

static void
test_a_network_process_with_nothing(void **state)
{
	struct setup_network s;

	(void)state;
	setup_network_init(&s);
	set_texts(&s, "");
	check_network(&s);
	/* An empty directory is not none. */
	assert_int_equal(setup_set(&s.rights.chroot_dir, ""), 0);
	check_network(&s);
	setup_network_clear(&s);
}

/* As many RSA keys of the largest size, whose blob is little more. */
static void
test_the_largest_fits(void **state)
{
	static uint8_t blob[KEY_RSA_BITS_MAX / 8 + 64];
	struct setup_network s;
	size_t i;

	(void)state;
	fill(&s, 0);
	for (i = 0; i < SETUP_HOSTKEYS_MAX; i++)
		assert_int_equal(buf_put(&s.hostkeys[i], blob, sizeof(blob)),
		    0);
	s.nhostkeys = SETUP_HOSTKEYS_MAX;
	check_network(&s);
	setup_network_clear(&s);
}

static void
test_the_checker(void **state)
{
	struct setup_checker s = { .rights = { .uid = 1, .gid = 2 } }, got;
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, SETUP_MAX);
	for (i = 0; i < 4; i++) {
		s.rights.has_ids = i & 1;
		if (i == 2)
			assert_int_equal(setup_set(&s.rights.chroot_dir, "/x"),
			    0);
		buf_reset(&b);
		assert_int_equal(setup_checker_put(&b, &s), 0);
		memset(&got, 0, sizeof(got));
		assert_int_equal(setup_checker_get(buf_view(&b), &got), 0);
		assert_same_rights(&s.rights, &got.rights);
		setup_checker_clear(&got);
		assert_null(got.rights.chroot_dir);
		assert_only_whole(&b, get_checker);
	}
	setup_checker_clear(&s);
	buf_clear(&b);
}

/* Whatever follows: not one field of another layout is believed. */
static void
test_another_layout(void **state)
{
	static const uint32_t layouts[] = { 0, SETUP_LAYOUT - 1,
	    SETUP_LAYOUT + 1, SETUP_LAYOUT << 8, UINT32_MAX };
	struct setup_network s;
	struct view v;
	struct buf b;
	uint8_t copy[2048];
	size_t i;

	(void)state;
	buf_init(&b, SETUP_MAX);
	fill(&s, 2);
	assert_int_equal(setup_network_put(&b, &s), 0);
	setup_network_clear(&s);
	v = buf_view(&b);
	assert_true(v.len <= sizeof(copy));
	memcpy(copy, v.p, v.len);
	for (i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		put_be32(copy, layouts[i]);
		assert_int_equal(get_network(view_of(copy, v.len)),
		    SSHTAP_ERR_VERSION);
		assert_int_equal(get_network(view_of(copy, 4)),
		    SSHTAP_ERR_VERSION);
		assert_int_equal(get_checker(view_of(copy, v.len)),
		    SSHTAP_ERR_VERSION);
	}
	buf_clear(&b);
}

/* The count of keys is the last word of a record without any. */
static void
test_too_many_host_keys(void **state)
{
	static const uint32_t counts[] = { SETUP_HOSTKEYS_MAX + 1, INT32_MAX,
	    UINT32_MAX };
	struct setup_network s;
	struct buf b;
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		buf_init(&b, SETUP_MAX);
		fill(&s, 0);
		assert_int_equal(setup_network_put(&b, &s), 0);
		setup_network_clear(&s);
		buf_drop_end(&b, 4);
		assert_int_equal(buf_put_u32(&b, counts[i]), 0);
		for (n = 0; n <= SETUP_HOSTKEYS_MAX; n++)
			assert_int_equal(buf_put_cstring(&b, "key"), 0);
		assert_int_equal(get_network(buf_view(&b)),
		    SSHTAP_ERR_FORMAT);
		buf_clear(&b);
	}
}

/* As long as a key may be, and one byte more. */
static void
test_a_host_key_that_is_too_long(void **state)
{
	static uint8_t blob[KEY_BLOB_MAX + 1];
	struct setup_network s;
	struct buf b;
	size_t len;

	(void)state;
	buf_init(&b, SETUP_MAX);
	for (len = KEY_BLOB_MAX; len <= sizeof(blob); len++) {
		fill(&s, 0);
		buf_reset(&b);
		assert_int_equal(setup_network_put(&b, &s), 0);
		setup_network_clear(&s);
		buf_drop_end(&b, 4);
		assert_int_equal(buf_put_u32(&b, 1), 0);
		assert_int_equal(buf_put_string(&b, blob, len), 0);
		assert_int_equal(get_network(buf_view(&b)),
		    len <= KEY_BLOB_MAX ? 0 : SSHTAP_ERR_TOO_BIG);
	}
	buf_clear(&b);
}

static void
test_texts_hold_no_nul(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, SETUP_MAX);
	assert_int_equal(buf_put_u32(&b, SETUP_LAYOUT), 0);
	assert_int_equal(buf_put_bool(&b, false), 0);
	assert_int_equal(buf_put_u32(&b, 0), 0);
	assert_int_equal(buf_put_u32(&b, 0), 0);
	assert_int_equal(buf_put_bool(&b, true), 0);
	assert_int_equal(buf_put_string(&b, "/var\0/empty", 11), 0);
	assert_int_equal(get_checker(buf_view(&b)), SSHTAP_ERR_FORMAT);
	buf_clear(&b);
}

static void
test_clear_leaves_it_usable(void **state)
{
	struct setup_network s;

	(void)state;
	fill(&s, SETUP_HOSTKEYS_MAX);
	setup_network_clear(&s);
	assert_null(s.software);
	assert_null(s.rights.chroot_dir);
	assert_int_equal(s.nhostkeys, 0);
	setup_network_clear(&s);
	set_texts(&s, "again");
	assert_int_equal(buf_put_u8(&s.hostkeys[0], 1), 0);
	setup_network_clear(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_network_process_with_everything),
		cmocka_unit_test(test_a_network_process_with_nothing),
		cmocka_unit_test(test_the_largest_fits),
		cmocka_unit_test(test_the_checker),
		cmocka_unit_test(test_another_layout),
		cmocka_unit_test(test_too_many_host_keys),
		cmocka_unit_test(test_a_host_key_that_is_too_long),
		cmocka_unit_test(test_texts_hold_no_nul),
		cmocka_unit_test(test_clear_leaves_it_usable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
