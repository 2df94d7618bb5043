/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Buffers: encoding, limits, and the promise that nothing that has left a
 * buffer can still be read from its storage.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/err.h"

static void
assert_holds(const struct buf *b, const void *p, size_t len)
{
	struct view v = buf_view(b);

	assert_int_equal(v.len, len);
	if (len > 0)
		assert_memory_equal(v.p, p, len);
}

/* Everything outside the bytes held has been wiped. */
static void
assert_outside_is_wiped(const struct buf *b, size_t used)
{
	size_t i;

	for (i = 0; i < used && i < b->size; i++)
		if (i < b->head || i - b->head >= b->len)
			assert_int_equal(b->base[i], 0);
}

static void
test_starts_empty_without_storage(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_null(b.base);
	assert_int_equal(buf_view(&b).len, 0);
	buf_reset(&b);
	buf_drop_front(&b, 0);
	buf_drop_end(&b, 0);
	buf_clear(&b);
}

static void
test_numbers_are_big_endian(void **state)
{
	static const uint8_t want[] = {
		0x7f, 1, 0, 0x12, 0x34, 0x56, 0x78,
		0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10,
	};
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(buf_put_u8(&b, 0x7f), 0);
	assert_int_equal(buf_put_bool(&b, true), 0);
	assert_int_equal(buf_put_bool(&b, false), 0);
	assert_int_equal(buf_put_u32(&b, 0x12345678), 0);
	assert_int_equal(buf_put_u64(&b, 0xfedcba9876543210u), 0);
	assert_holds(&b, want, sizeof(want));
	assert_int_equal(get_be32(want + 3), 0x12345678);
	buf_clear(&b);
}

static void
test_strings_have_a_length(void **state)
{
	struct view v = view_of_string("xy");
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(buf_put_cstring(&b, "abc"), 0);
	assert_int_equal(buf_put_string(&b, NULL, 0), 0);
	assert_int_equal(buf_put_string_view(&b, &v), 0);
	assert_int_equal(buf_put_view(&b, &v), 0);
	assert_holds(&b, "\0\0\0\3abc\0\0\0\0\0\0\0\2xyxy", 19);
	buf_clear(&b);
}

/* The examples of RFC 4251 section 5. */
static void
test_mpint_examples_of_the_rfc(void **state)
{
	static const uint8_t long_one[] = {
		0x09, 0xa3, 0x78, 0xf9, 0xb2, 0xe3, 0x32, 0xa7
	};
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(buf_put_mpint(&b, NULL, 0), 0);
	assert_holds(&b, "\0\0\0\0", 4);
	buf_reset(&b);
	assert_int_equal(buf_put_mpint(&b, long_one, sizeof(long_one)), 0);
	assert_holds(&b, "\0\0\0\x08\x09\xa3\x78\xf9\xb2\xe3\x32\xa7", 12);
	buf_reset(&b);
	assert_int_equal(buf_put_mpint(&b, (const uint8_t *)"\x80", 1), 0);
	assert_holds(&b, "\0\0\0\x02\0\x80", 6);
	buf_reset(&b);
	assert_int_equal(buf_put_mpint(&b, (const uint8_t *)"\0\0\x7f", 3),
	    0);
	assert_holds(&b, "\0\0\0\1\x7f", 5);
	buf_reset(&b);
	assert_int_equal(buf_put_mpint(&b, (const uint8_t *)"\0\0", 2), 0);
	assert_holds(&b, "\0\0\0\0", 4);
	buf_clear(&b);
}

static void
test_failed_puts_change_nothing(void **state)
{
	struct buf b;
	uint8_t *p;

	(void)state;
	buf_init(&b, 8);
	assert_int_equal(buf_put(&b, "12345", 5), 0);
	assert_int_equal(buf_put_u32(&b, 1), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(buf_put_u64(&b, 1), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(buf_put_cstring(&b, ""), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(buf_put_mpint(&b, NULL, 0), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(buf_put_format(&b, "%d", 1234), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(buf_put(&b, "6789", 4), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(buf_put_space(&b, SIZE_MAX, &p),
	    SSHTAP_ERR_TOO_BIG);
	assert_holds(&b, "12345", 5);
	assert_int_equal(buf_put(&b, "678", 3), 0);
	assert_int_equal(buf_put_u8(&b, 0), SSHTAP_ERR_TOO_BIG);
	assert_holds(&b, "12345678", 8);
	buf_clear(&b);
}

static void
test_huge_strings_are_refused(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, SIZE_MAX);
	assert_int_equal(buf_put_string(&b, "", SIZE_MAX),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(buf_put_string(&b, "", UINT32_MAX),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(buf_view(&b).len, 0);
	buf_clear(&b);
}

static void
test_limit_is_exact_for_text(void **state)
{
	char want[301];
	struct buf b;

	(void)state;
	memset(want, ' ', 299);
	want[299] = '7';
	want[300] = '\0';
	buf_init(&b, 300);
	assert_int_equal(buf_put_format(&b, "%300d", 7), 0);
	assert_holds(&b, want, 300);
	buf_reset(&b);
	assert_int_equal(buf_put_format(&b, "%301d", 7), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(buf_put_format(&b, "%s-%d", "a", 5), 0);
	assert_holds(&b, "a-5", 3);
	buf_clear(&b);
}

static void
test_text_at_the_edge_of_the_local_array(void **state)
{
	struct buf b;
	int n;

	(void)state;
	buf_init(&b, 1000);
	for (n = 254; n <= 258; n++) {
		assert_int_equal(buf_put_format(&b, "%*d", n, 3), 0);
		assert_int_equal(buf_view(&b).len, n);
		assert_int_equal(buf_view(&b).p[n - 1], '3');
		buf_reset(&b);
	}
	buf_clear(&b);
}

static void
test_grows_up_to_the_limit(void **state)
{
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 1000);
	for (i = 0; i < 1000; i++)
		assert_int_equal(buf_put_u8(&b, (uint8_t)i), 0);
	assert_int_equal(buf_put_u8(&b, 0), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(b.size, 1000);
	for (i = 0; i < 1000; i++)
		assert_int_equal(buf_view(&b).p[i], (uint8_t)i);
	buf_clear(&b);
	assert_null(b.base);
	assert_int_equal(b.max, 1000);
	assert_int_equal(buf_put_u8(&b, 1), 0);
	buf_clear(&b);
}

static void
test_compacts_before_it_grows(void **state)
{
	uint8_t block[200];
	struct buf b;
	size_t size;

	(void)state;
	memset(block, 0xaa, sizeof(block));
	buf_init(&b, 10000);
	assert_int_equal(buf_put(&b, block, sizeof(block)), 0);
	size = b.size;
	buf_drop_front(&b, 190);
	memset(block, 0xbb, sizeof(block));
	assert_int_equal(buf_put(&b, block, sizeof(block)), 0);
	assert_int_equal(b.size, size);
	assert_int_equal(b.head, 0);
	assert_int_equal(b.len, 210);
	assert_int_equal(b.base[9], 0xaa);
	assert_int_equal(b.base[10], 0xbb);
	buf_clear(&b);
}

static void
test_dropped_bytes_are_wiped(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(buf_put(&b, "secret-public-secret", 20), 0);
	buf_drop_front(&b, 7);
	assert_holds(&b, "public-secret", 13);
	buf_drop_end(&b, 7);
	assert_holds(&b, "public", 6);
	assert_outside_is_wiped(&b, 20);
	buf_reset(&b);
	assert_non_null(b.base);
	assert_outside_is_wiped(&b, 20);
	buf_clear(&b);
}

static void
test_compaction_leaves_no_copy(void **state)
{
	struct buf b;
	uint8_t *p;

	(void)state;
	buf_init(&b, 256);
	assert_int_equal(buf_put_space(&b, 256, &p), 0);
	memset(p, 0x55, 256);
	buf_drop_front(&b, 200);
	assert_int_equal(buf_put_u8(&b, 0x66), 0);
	assert_int_equal(b.head, 0);
	assert_int_equal(b.len, 57);
	assert_outside_is_wiped(&b, 256);
	buf_clear(&b);
}

static void
test_space_of_no_length(void **state)
{
	struct buf b;
	uint8_t *p = NULL;

	(void)state;
	buf_init(&b, 0);
	assert_int_equal(buf_put_space(&b, 0, &p), 0);
	assert_non_null(p);
	assert_int_equal(buf_put_u8(&b, 0), SSHTAP_ERR_TOO_BIG);
	buf_clear(&b);
}

static void
test_every_error_has_a_text(void **state)
{
	int r;

	(void)state;
	for (r = 0; r >= SSHTAP_ERR_LAST; r--) {
		assert_non_null(err_text(r));
		assert_string_not_equal(err_text(r), "");
		assert_string_not_equal(err_text(r), "unknown error");
	}
	assert_string_equal(err_text(1), "unknown error");
	assert_string_equal(err_text(SSHTAP_ERR_LAST - 1), "unknown error");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starts_empty_without_storage),
		cmocka_unit_test(test_numbers_are_big_endian),
		cmocka_unit_test(test_strings_have_a_length),
		cmocka_unit_test(test_mpint_examples_of_the_rfc),
		cmocka_unit_test(test_failed_puts_change_nothing),
		cmocka_unit_test(test_huge_strings_are_refused),
		cmocka_unit_test(test_limit_is_exact_for_text),
		cmocka_unit_test(test_text_at_the_edge_of_the_local_array),
		cmocka_unit_test(test_grows_up_to_the_limit),
		cmocka_unit_test(test_compacts_before_it_grows),
		cmocka_unit_test(test_dropped_bytes_are_wiped),
		cmocka_unit_test(test_compaction_leaves_no_copy),
		cmocka_unit_test(test_space_of_no_length),
		cmocka_unit_test(test_every_error_has_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
