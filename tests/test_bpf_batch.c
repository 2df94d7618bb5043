/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The walk over what bpf(4) returned.  Every batch lies in heap memory of its
 * exact length, so that a sanitizer sees any step outside.  What comes out is
 * also compared with what a second walker finds, which is written for being
 * plainly right: it counts in 64 bits from the start of the buffer.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "openbsd-compat/bpf-batch.h"

#define HDRLEN		18
#define BATCH_MAX	8192
#define FRAMES_MAX	(BATCH_MAX / HDRLEN)

/* A batch that is being put together. */
struct batch {
	uint8_t bytes[BATCH_MAX];
	size_t len;
};

struct result {
	unsigned n;
	uint64_t dropped;
	size_t at[FRAMES_MAX];
	size_t len[FRAMES_MAX];
};

/* === A second walker === */

/* An unsigned field of this host's order, the slow way. */
static int64_t
field(const uint8_t *buf, int64_t at, unsigned size)
{
	const uint16_t one = 1;
	uint8_t is_little;
	int64_t n = 0;
	unsigned i;

	memcpy(&is_little, &one, 1);
	for (i = 0; i < size; i++)
		n = n * 256 + buf[at + (is_little ? size - 1 - i : i)];
	return n;
}

static void
walk_plainly(const uint8_t *buf, size_t len, struct result *r)
{
	const int64_t end = (int64_t)len;
	int64_t at = 0, caplen, datalen, hdrlen;

	memset(r, 0, sizeof(*r));
	while (at < end) {
		if (at + HDRLEN > end)
			break;
		caplen = field(buf, at + 8, 4);
		datalen = field(buf, at + 12, 4);
		hdrlen = field(buf, at + 16, 2);
		if (hdrlen < HDRLEN || caplen > datalen ||
		    at + hdrlen + caplen > end)
			break;
		if (caplen < datalen || caplen < 14)
			r->dropped++;
		else {
			r->at[r->n] = (size_t)(at + hdrlen);
			r->len[r->n++] = (size_t)caplen;
		}
		at += (hdrlen + caplen + 3) / 4 * 4;
	}
	if (at < end)
		r->dropped++;
}

/* === The one that is tested === */

/* The buffer begins shift bytes behind an aligned address. */
static void
walk_at(const uint8_t *bytes, size_t len, size_t shift, struct result *r)
{
	struct bpf_batch b = { .dropped = 0 };
	uint8_t *base = malloc(shift + len + (shift + len == 0)), *frame;
	size_t frame_len;

	assert_non_null(base);
	memcpy(base + shift, bytes, len);
	memset(r, 0, sizeof(*r));
	bpf_batch_start(&b, base + shift, len);
	while ((frame = bpf_batch_next(&b, &frame_len)) != NULL) {
		assert_true(r->n < FRAMES_MAX);
		r->at[r->n] = (size_t)(frame - base) - shift;
		r->len[r->n++] = frame_len;
	}
	assert_null(bpf_batch_next(&b, &frame_len));
	r->dropped = b.dropped;
	free(base);
}

static void
walk(const struct batch *b, struct result *r)
{
	walk_at(b->bytes, b->len, 0, r);
}

static void
assert_same(const struct result *a, const struct result *b)
{
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->dropped, b->dropped);
	assert_memory_equal(a->at, b->at, a->n * sizeof(a->at[0]));
	assert_memory_equal(a->len, b->len, a->n * sizeof(a->len[0]));
}

static void
check(const struct batch *b, unsigned n, uint64_t dropped)
{
	struct result plain, r;

	walk(b, &r);
	assert_int_equal(r.n, n);
	assert_int_equal(r.dropped, dropped);
	walk_plainly(b->bytes, b->len, &plain);
	assert_same(&r, &plain);
}

/* === Putting batches together === */

static void
put_header(uint8_t *p, uint32_t caplen, uint32_t datalen, uint16_t hdrlen)
{
	memset(p, 0xa5, 8);
	memcpy(p + 8, &caplen, sizeof(caplen));
	memcpy(p + 12, &datalen, sizeof(datalen));
	memcpy(p + 16, &hdrlen, sizeof(hdrlen));
}

/* Pad what is there, with garbage, and append a record. */
static void
add_record(struct batch *b, uint32_t caplen, uint32_t datalen,
    uint16_t hdrlen)
{
	while (b->len % 4 != 0)
		b->bytes[b->len++] = 0xbb;
	assert_true(b->len + hdrlen + caplen <= BATCH_MAX);
	memset(b->bytes + b->len, 0xcc, hdrlen);
	put_header(b->bytes + b->len, caplen, datalen, hdrlen);
	memset(b->bytes + b->len + hdrlen, 0xdd, caplen);
	b->len += hdrlen + caplen;
}

static void
add_frame(struct batch *b, uint32_t len)
{
	add_record(b, len, len, HDRLEN);
}

/* === Whole records === */

static void
test_nothing(void **state)
{
	struct batch b = { .len = 0 };

	(void)state;
	check(&b, 0, 0);
}

/* All lengths modulo four, alone and between others. */
static void
test_lengths(void **state)
{
	struct batch b;
	struct result r;
	uint32_t len;

	(void)state;
	for (len = 14; len <= 1518; len++) {
		b.len = 0;
		add_frame(&b, len);
		check(&b, 1, 0);
		add_frame(&b, 42);
		add_frame(&b, len);
		check(&b, 3, 0);
		walk(&b, &r);
		assert_int_equal(r.at[0], HDRLEN);
		assert_int_equal(r.len[0], len);
		assert_int_equal(r.at[1], (HDRLEN + len + 3) / 4 * 4 + HDRLEN);
		assert_int_equal(r.len[1], 42);
		assert_int_equal(r.at[2] + r.len[2], b.len);
	}
}

/* The padding behind the last record may be there, in whole or in part. */
static void
test_padding_at_the_end(void **state)
{
	struct batch b = { .len = 0 };
	unsigned i;

	(void)state;
	add_frame(&b, 15);	/* 18 and 15: three to pad */
	for (i = 0; i <= 3; i++) {
		check(&b, 1, 0);
		b.bytes[b.len++] = 0xbb;
	}
	check(&b, 1, 1);	/* one more is a record without a header */
}

static void
test_filled_to_the_last_byte(void **state)
{
	struct batch b = { .len = 0 };
	unsigned n;

	(void)state;
	for (n = 0; b.len + 80 + HDRLEN + 14 <= BATCH_MAX; n++)
		add_frame(&b, 62);
	add_frame(&b, (uint32_t)(BATCH_MAX - b.len - HDRLEN));
	assert_int_equal(b.len, BATCH_MAX);
	check(&b, n + 1, 0);
}

/* A later kernel's header may be longer, and need not be aligned. */
static void
test_longer_headers(void **state)
{
	struct batch b = { .len = 0 };
	struct result r;
	uint16_t hdrlen;
	unsigned n = 0;

	(void)state;
	for (hdrlen = HDRLEN; hdrlen <= 66; hdrlen++, n++)
		add_record(&b, 61, 61, hdrlen);
	check(&b, n, 0);
	walk(&b, &r);
	assert_int_equal(r.at[2], 80 + 80 + 20);
}

static void
test_all_alignments(void **state)
{
	struct batch b = { .len = 0 };
	struct result aligned, r;
	size_t shift;

	(void)state;
	add_frame(&b, 60);
	add_frame(&b, 61);
	add_record(&b, 62, 100, HDRLEN);
	add_frame(&b, 63);
	walk(&b, &aligned);
	assert_int_equal(aligned.n, 3);
	for (shift = 0; shift < 16; shift++) {
		walk_at(b.bytes, b.len, shift, &r);
		assert_same(&r, &aligned);
	}
}

/* === Records that are dropped, after which the walk goes on === */

static void
test_runts(void **state)
{
	struct batch b = { .len = 0 };
	uint32_t len;

	(void)state;
	for (len = 0; len < 14; len++)
		add_frame(&b, len);
	check(&b, 0, 14);
	add_frame(&b, 14);
	check(&b, 1, 14);
}

static void
test_truncated_frames(void **state)
{
	struct batch b = { .len = 0 };

	(void)state;
	add_record(&b, 60, 61, HDRLEN);
	add_record(&b, 60, UINT32_MAX, HDRLEN);
	add_record(&b, 0, 1, HDRLEN);
	check(&b, 0, 3);
	add_frame(&b, 60);
	add_record(&b, 13, 14, HDRLEN);
	add_frame(&b, 60);
	check(&b, 2, 4);
}

static void
test_dropped_goes_on_counting(void **state)
{
	uint8_t bytes[HDRLEN] = { 0 };
	struct bpf_batch b = { .dropped = 3 };
	size_t len = 77;

	(void)state;
	bpf_batch_start(&b, bytes, sizeof(bytes));
	assert_null(bpf_batch_next(&b, &len));
	bpf_batch_start(&b, bytes, sizeof(bytes));
	assert_null(bpf_batch_next(&b, &len));
	assert_int_equal(b.dropped, 5);
	assert_int_equal(len, 77);
}

/* === Records that end the walk === */

/* Two frames, then what the caller has made, then another frame. */
static void
check_malformed(uint32_t caplen, uint32_t datalen, uint16_t hdrlen)
{
	struct batch b = { .len = 0 };

	add_frame(&b, 60);
	add_frame(&b, 62);
	put_header(b.bytes + b.len, caplen, datalen, hdrlen);
	b.len += HDRLEN;
	add_frame(&b, 64);
	check(&b, 2, 1);
}

static void
test_header_length(void **state)
{
	uint16_t hdrlen;

	(void)state;
	for (hdrlen = 0; hdrlen < HDRLEN; hdrlen++)
		check_malformed(20, 20, hdrlen);
	/* 18 and what follows: 2 of padding, 82 of the last record. */
	check_malformed(0, 0, 103);
	check_malformed(0, 0, UINT16_MAX);
	check_malformed(UINT32_MAX, UINT32_MAX, UINT16_MAX);
}

static void
test_captured_length(void **state)
{
	(void)state;
	check_malformed(85, 85, HDRLEN);
	check_malformed(84, 84, HDRLEN + 1);
	check_malformed(INT32_MAX, INT32_MAX, HDRLEN);
	check_malformed(0x80000000U, 0x80000000U, HDRLEN);
	/* These come to nothing, or to a step back, in 32 bits. */
	check_malformed(UINT32_MAX - HDRLEN + 1, UINT32_MAX, HDRLEN);
	check_malformed(UINT32_MAX - 80, UINT32_MAX, HDRLEN);
	check_malformed(UINT32_MAX, UINT32_MAX, HDRLEN);
}

/* One past what fits is refused above; this fits, and takes all in. */
static void
test_captured_to_the_last_byte(void **state)
{
	struct batch b = { .len = 0 };

	(void)state;
	add_frame(&b, 60);
	add_frame(&b, 62);
	put_header(b.bytes + b.len, 84, 84, HDRLEN);
	b.len += HDRLEN;
	add_frame(&b, 64);
	check(&b, 3, 0);
}

static void
test_more_captured_than_there_was(void **state)
{
	(void)state;
	check_malformed(60, 59, HDRLEN);
	check_malformed(60, 0, HDRLEN);
	check_malformed(1, 0, HDRLEN);
}

/* A header of zeros would be walked over for ever. */
static void
test_zeros(void **state)
{
	struct batch b;

	(void)state;
	memset(&b, 0, sizeof(b));
	for (b.len = 1; b.len <= 100; b.len++)
		check(&b, 0, 1);
}

/* Three frames, cut everywhere. */
static void
test_every_cut(void **state)
{
	struct batch b = { .len = 0 };
	const size_t ends[] = { 0, HDRLEN + 61, 80 + HDRLEN + 42,
	    140 + HDRLEN + 14 };
	size_t len, whole;
	unsigned n;

	(void)state;
	add_frame(&b, 61);
	add_frame(&b, 42);
	add_frame(&b, 14);
	assert_int_equal(b.len, ends[3]);
	for (len = b.len; len > 0; len--) {
		b.len = len;
		for (n = 0; n < 3 && ends[n + 1] <= len; n++)
			;
		whole = (ends[n] + 3) / 4 * 4;
		check(&b, n, len > whole);
	}
}

/* === At random === */

static uint64_t random_state = 0x7373687461703033;

/* xorshift64, Marsaglia 2003: the same numbers everywhere. */
static uint32_t
random_below(uint32_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % limit;
}

/* Mostly as the kernel makes them. */
static void
add_at_random(struct batch *b)
{
	uint32_t len = random_below(4) == 0 ? random_below(20) :
	    random_below(400);
	uint32_t more = random_below(8) == 0 ? random_below(2000) : 0;
	uint16_t hdrlen = (uint16_t)(random_below(8) == 0 ?
	    HDRLEN + random_below(12) : HDRLEN);

	add_record(b, len, len + more, hdrlen);
}

static void
make_batch(struct batch *b)
{
	unsigned n = random_below(12);

	b->len = 0;
	while (n-- > 0)
		add_at_random(b);
}

/* Cut it, or change a few bytes of it, more often small ones to zero. */
static void
corrupt(struct batch *b)
{
	static const uint8_t values[] = { 0, 1, 17, 18, 19, 127, 128, 255 };
	unsigned n = 1 + random_below(4);

	if (b->len > 0 && random_below(3) == 0)
		b->len = random_below((uint32_t)b->len + 1);
	while (b->len > 0 && n-- > 0)
		b->bytes[random_below((uint32_t)b->len)] =
		    random_below(2) == 0 ? values[random_below(8)] :
		    (uint8_t)random_below(256);
}

static void
test_random_batches(void **state)
{
	struct batch b;
	struct result plain, r;
	unsigned i, n_frames = 0, n_dropped = 0;

	(void)state;
	for (i = 0; i < 20000; i++) {
		make_batch(&b);
		if (i % 2 == 1)
			corrupt(&b);
		walk_at(b.bytes, b.len, i % 7, &r);
		walk_plainly(b.bytes, b.len, &plain);
		assert_same(&r, &plain);
		n_frames += r.n;
		n_dropped += (unsigned)r.dropped;
	}
	/* Neither kind was rare, or this would have shown little. */
	assert_true(n_frames > 20000);
	assert_true(n_dropped > 10000);
}

static void
test_random_bytes(void **state)
{
	struct batch b;
	struct result plain, r;
	unsigned i;
	size_t k;

	(void)state;
	for (i = 0; i < 5000; i++) {
		b.len = random_below(200);
		for (k = 0; k < b.len; k++)
			b.bytes[k] = (uint8_t)(random_below(3) == 0 ?
			    random_below(256) : 0);
		walk_at(b.bytes, b.len, i % 4, &r);
		walk_plainly(b.bytes, b.len, &plain);
		assert_same(&r, &plain);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_padding_at_the_end),
		cmocka_unit_test(test_filled_to_the_last_byte),
		cmocka_unit_test(test_longer_headers),
		cmocka_unit_test(test_all_alignments),
		cmocka_unit_test(test_runts),
		cmocka_unit_test(test_truncated_frames),
		cmocka_unit_test(test_dropped_goes_on_counting),
		cmocka_unit_test(test_header_length),
		cmocka_unit_test(test_captured_length),
		cmocka_unit_test(test_captured_to_the_last_byte),
		cmocka_unit_test(test_more_captured_than_there_was),
		cmocka_unit_test(test_zeros),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_random_batches),
		cmocka_unit_test(test_random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
