/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Compression: long conversations come out as they went in, and no input
 * makes more output than the buffer's limit.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#define ZLIB_CONST
#include <zlib.h>

#include "lib/err.h"
#include "transport/compress.h"

#define OUT_MAX		(256 * 1024)

struct pair {
	struct compress *deflate, *inflate;
	struct buf packed, plain;
};

static void
open_pair(struct pair *p, size_t plain_max)
{
	assert_int_equal(compress_new_deflate(&p->deflate), 0);
	assert_int_equal(compress_new_inflate(&p->inflate), 0);
	buf_init(&p->packed, OUT_MAX);
	buf_init(&p->plain, plain_max);
}

static void
close_pair(struct pair *p)
{
	compress_free(p->deflate);
	compress_free(p->inflate);
	buf_clear(&p->packed);
	buf_clear(&p->plain);
}

/* Pack p into the pair's buffer, which then holds just that. */
static struct view
pack(struct pair *pair, const void *p, size_t len)
{
	struct view in = view_of(p, len);

	buf_reset(&pair->packed);
	assert_int_equal(compress_run(pair->deflate, &in, &pair->packed), 0);
	return buf_view(&pair->packed);
}

static void
assert_round_trip(struct pair *pair, const void *p, size_t len)
{
	struct view packed = pack(pair, p, len), plain;

	buf_reset(&pair->plain);
	assert_int_equal(compress_run(pair->inflate, &packed, &pair->plain),
	    0);
	plain = buf_view(&pair->plain);
	assert_int_equal(plain.len, len);
	if (len > 0)
		assert_memory_equal(plain.p, p, len);
}

/* Bytes between noise and repetition, the same in every run. */
static void
fill(uint8_t *p, size_t len, unsigned int seed)
{
	uint32_t x = seed * 2654435761u + 1;
	size_t i;

	for (i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		p[i] = seed % 3 == 0 ? (uint8_t)(x >> 24) :
		    (uint8_t)(x >> 30);
	}
}

static void
test_many_packets(void **state)
{
	static uint8_t data[35000];
	struct pair pair;
	unsigned int i;
	size_t len;

	(void)state;
	open_pair(&pair, sizeof(data));
	for (i = 0; i < 3000; i++) {
		len = i % 97 == 0 ? sizeof(data) : (i * 37) % 1600;
		fill(data, len, i);
		assert_round_trip(&pair, data, len);
	}
	close_pair(&pair);
}

static void
test_every_size_around_a_step(void **state)
{
	static uint8_t data[4200];
	struct pair pair;
	size_t len;

	(void)state;
	fill(data, sizeof(data), 3);
	open_pair(&pair, OUT_MAX);
	for (len = 4000; len < sizeof(data); len++)
		assert_round_trip(&pair, data, len);
	close_pair(&pair);
}

static void
test_dictionary_is_kept_between_packets(void **state)
{
	static uint8_t data[1000];
	struct pair pair;
	size_t first;

	(void)state;
	fill(data, sizeof(data), 3);
	open_pair(&pair, OUT_MAX);
	first = pack(&pair, data, sizeof(data)).len;
	assert_true(pack(&pair, data, sizeof(data)).len < first / 4);
	close_pair(&pair);
}

/* What zlib itself makes of our stream, seen from outside. */
static void
test_stream_is_rfc_1950(void **state)
{
	static const char text[] = "one two one two one two";
	struct pair pair;
	struct view packed;
	z_stream z = { 0 };
	uint8_t out[64];

	(void)state;
	open_pair(&pair, OUT_MAX);
	packed = pack(&pair, text, sizeof(text));
	assert_int_equal(packed.p[0] & 0x0f, 8);
	assert_int_equal((packed.p[0] << 8 | packed.p[1]) % 31, 0);
	assert_int_equal(inflateInit(&z), Z_OK);
	z.next_in = packed.p;
	z.avail_in = (uInt)packed.len;
	z.next_out = out;
	z.avail_out = sizeof(out);
	assert_int_equal(inflate(&z, Z_SYNC_FLUSH), Z_OK);
	assert_int_equal(z.total_out, sizeof(text));
	assert_memory_equal(out, text, sizeof(text));
	(void)inflateEnd(&z);
	close_pair(&pair);
}

static void
test_output_is_appended(void **state)
{
	struct pair pair;
	struct view packed, plain;

	(void)state;
	open_pair(&pair, OUT_MAX);
	assert_int_equal(buf_put(&pair.plain, "head", 4), 0);
	packed = pack(&pair, "tail", 4);
	assert_int_equal(compress_run(pair.inflate, &packed, &pair.plain), 0);
	plain = buf_view(&pair.plain);
	assert_true(view_is(&plain, "headtail"));
	close_pair(&pair);
}

/* A payload of exactly the limit passes, one byte more does not. */
static void
test_limit_is_exact(void **state)
{
	static uint8_t data[9000];
	static const size_t limits[] = { 1, 100, 4095, 4096, 4097, 8192, 8999 };
	struct pair pair;
	struct view packed;
	size_t i;

	(void)state;
	fill(data, sizeof(data), 1);
	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		open_pair(&pair, limits[i]);
		assert_round_trip(&pair, data, limits[i]);
		assert_round_trip(&pair, data, limits[i]);
		buf_reset(&pair.plain);
		packed = pack(&pair, data, limits[i] + 1);
		assert_int_equal(compress_run(pair.inflate, &packed,
		    &pair.plain), SSHTAP_ERR_TOO_BIG);
		assert_int_equal(buf_view(&pair.plain).len, 0);
		close_pair(&pair);
	}
}

static void
test_bomb_is_bounded(void **state)
{
	static uint8_t zeros[16 * 1024 * 1024];
	struct pair pair;
	struct view packed;

	(void)state;
	open_pair(&pair, 32 * 1024);
	packed = pack(&pair, zeros, sizeof(zeros));
	assert_true(packed.len < 32 * 1024);
	assert_int_equal(buf_put(&pair.plain, "kept", 4), 0);
	assert_int_equal(compress_run(pair.inflate, &packed, &pair.plain),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(buf_view(&pair.plain).len, 4);
	assert_true(pair.plain.size <= 32 * 1024);
	/* The stream has lost its place and takes nothing more. */
	buf_reset(&pair.plain);
	packed = pack(&pair, "x", 1);
	assert_int_equal(compress_run(pair.inflate, &packed, &pair.plain),
	    SSHTAP_ERR_COMPRESS);
	close_pair(&pair);
}

static void
test_deflation_is_bounded_too(void **state)
{
	static uint8_t data[9000];
	struct compress *c;
	struct buf out;
	struct view in = view_of(data, sizeof(data));

	(void)state;
	fill(data, sizeof(data), 3);
	assert_int_equal(compress_new_deflate(&c), 0);
	buf_init(&out, 5000);
	assert_int_equal(compress_run(c, &in, &out), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(buf_view(&out).len, 0);
	buf_clear(&out);
	compress_free(c);
}

static int
inflate_bytes(const void *p, size_t len)
{
	struct compress *c;
	struct buf out;
	struct view in = view_of(p, len);
	int r;

	assert_int_equal(compress_new_inflate(&c), 0);
	buf_init(&out, 1000);
	r = compress_run(c, &in, &out);
	if (r != 0)
		assert_int_equal(buf_view(&out).len, 0);
	buf_clear(&out);
	compress_free(c);
	return r;
}

static void
test_malformed_streams(void **state)
{
	/* Header checksum, method, block type, distance, dictionary. */
	assert_int_equal(inflate_bytes("\x78\x9d", 2), SSHTAP_ERR_COMPRESS);
	assert_int_equal(inflate_bytes("\x79\x9c", 2), SSHTAP_ERR_COMPRESS);
	assert_int_equal(inflate_bytes("\x78\x9c\x07", 3),
	    SSHTAP_ERR_COMPRESS);
	assert_int_equal(inflate_bytes("\x78\x9c\x01\x01\x00\x00\x00", 7),
	    SSHTAP_ERR_COMPRESS);
	assert_int_equal(inflate_bytes("\x78\xbb\x00\x00\x00\x01", 6),
	    SSHTAP_ERR_COMPRESS);
	(void)state;
}

/* A stream that its sender has finished has no place in SSH. */
static void
test_finished_stream_is_refused(void **state)
{
	uint8_t packed[64];
	uLongf len = sizeof(packed);

	(void)state;
	assert_int_equal(compress2(packed, &len, (const Bytef *)"abc", 3, 6),
	    Z_OK);
	assert_int_equal(inflate_bytes(packed, len), SSHTAP_ERR_COMPRESS);
	/* Cut in its checksum it is merely unfinished. */
	assert_int_equal(inflate_bytes(packed, len - 1), 0);
	packed[len - 1] ^= 1;
	assert_int_equal(inflate_bytes(packed, len), SSHTAP_ERR_COMPRESS);
}

/* Whatever a cut takes away is missing, and nothing else appears. */
static void
test_every_truncation(void **state)
{
	static uint8_t data[300];
	struct pair pair;
	struct compress *c;
	struct view packed, in, plain;
	struct buf out;
	size_t len;

	(void)state;
	fill(data, sizeof(data), 1);
	open_pair(&pair, OUT_MAX);
	packed = pack(&pair, data, sizeof(data));
	for (len = 0; len <= packed.len; len++) {
		assert_int_equal(compress_new_inflate(&c), 0);
		buf_init(&out, 1000);
		in = view_of(packed.p, len);
		assert_int_equal(compress_run(c, &in, &out), 0);
		plain = buf_view(&out);
		assert_true(plain.len <= sizeof(data));
		if (plain.len > 0)
			assert_memory_equal(plain.p, data, plain.len);
		/* The rest brings the rest. */
		in = view_of(packed.p + len, packed.len - len);
		assert_int_equal(compress_run(c, &in, &out), 0);
		plain = buf_view(&out);
		assert_int_equal(plain.len, sizeof(data));
		assert_memory_equal(plain.p, data, plain.len);
		buf_clear(&out);
		compress_free(c);
	}
	close_pair(&pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_packets),
		cmocka_unit_test(test_every_size_around_a_step),
		cmocka_unit_test(test_dictionary_is_kept_between_packets),
		cmocka_unit_test(test_stream_is_rfc_1950),
		cmocka_unit_test(test_output_is_appended),
		cmocka_unit_test(test_limit_is_exact),
		cmocka_unit_test(test_bomb_is_bounded),
		cmocka_unit_test(test_deflation_is_bounded_too),
		cmocka_unit_test(test_malformed_streams),
		cmocka_unit_test(test_finished_stream_is_refused),
		cmocka_unit_test(test_every_truncation),
	};

	compress_free(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
