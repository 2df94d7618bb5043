/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* What is written must be what is read, by us and by ssh-keygen. */

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

static void
assert_comes_back(const struct key *k, const char *comment)
{
	struct view text, blob = key_blob(k), got;
	struct key *back;
	char *comment_back;
	uint8_t *pub;
	size_t len;
	struct buf b;

	buf_init(&b, KEYFILE_TEXT_MAX);
	assert_int_equal(keyfile_put_private(&b, k, comment), 0);
	text = buf_view(&b);
	assert_int_equal(keyfile_parse_private(&text, &back, &pub, &len,
	    &comment_back), 0);
	got = key_blob(back);
	assert_true(view_equals(&got, &blob));
	assert_true(key_is_private(back));
	assert_string_equal(comment_back, comment);
	free(pub);
	free(comment_back);
	key_free(back);
	buf_clear(&b);
}

/* Each length of the comment, so that each length of padding comes by. */
static void
test_private_comes_back(void **state)
{
	char comment[33] = "";
	struct key *k;
	size_t n;

	(void)state;
	assert_int_equal(key_generate(KEY_ED25519, &k), 0);
	for (n = 0; n < sizeof(comment) - 1; n++) {
		assert_comes_back(k, comment);
		comment[n] = 'c';
	}
	key_free(k);
}

/* The section as ssh-keygen wrote it for the same key. */
static void
test_fields_are_the_same(void **state)
{
	struct key *k = load_key(key_file_names[KEY_ED25519]);
	struct view ours, theirs;
	struct buf a, b;

	(void)state;
	buf_init(&a, TEST_FILE_MAX);
	buf_init(&b, TEST_FILE_MAX);
	assert_int_equal(key_put_private_fields(k, &a), 0);
	load_fields(key_file_names[KEY_ED25519], &b);
	ours = buf_view(&a);
	theirs = buf_view(&b);
	assert_true(theirs.len > ours.len);	/* the comment */
	assert_memory_equal(ours.p, theirs.p, ours.len);
	buf_clear(&a);
	buf_clear(&b);
	key_free(k);
}

static void
test_what_is_not_written(void **state)
{
	struct key *k = load_key(key_file_names[KEY_ED25519]), *other;
	struct buf b;

	(void)state;
	buf_init(&b, KEYFILE_TEXT_MAX);
	other = public_of(k);
	assert_int_equal(keyfile_put_private(&b, other, ""),
	    SSHTAP_ERR_STATE);
	key_free(other);
	other = load_key(key_file_names[KEY_RSA]);
	assert_int_equal(keyfile_put_private(&b, other, ""),
	    SSHTAP_ERR_UNSUPPORTED);
	key_free(other);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
	buf_init(&b, 100);
	assert_int_equal(keyfile_put_private(&b, k, ""), SSHTAP_ERR_TOO_BIG);
	buf_clear(&b);
	key_free(k);
}

static void
test_public_comes_back(void **state)
{
	struct key *k = load_key(key_file_names[KEY_ED25519]);
	struct view blob = key_blob(k), line, got, rest;
	uint8_t *p;
	size_t len;
	struct buf b;

	(void)state;
	buf_init(&b, TEST_FILE_MAX);
	assert_int_equal(keyfile_put_public(&b, &blob, "host far"), 0);
	line = buf_view(&b);
	line.len--;
	assert_int_equal(keyfile_parse_public(&line, &p, &len, &rest), 0);
	got = view_of(p, len);
	assert_true(view_equals(&got, &blob));
	assert_true(view_is(&rest, "host far"));
	free(p);
	buf_clear(&b);
	key_free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_private_comes_back),
		cmocka_unit_test(test_fields_are_the_same),
		cmocka_unit_test(test_what_is_not_written),
		cmocka_unit_test(test_public_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
