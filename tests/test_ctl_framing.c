/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Frames in a stream of bytes: cut anywhere on the way in, taken in any
 * pieces on the way out, and lengths that no frame has.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/framing.h"
#include "lib/err.h"
#include "tun/tap.h"

#define STREAM_MAX	(128 * 1024)

/* A stream as the other side writes it. */
struct stream {
	size_t length_size;
	size_t len;
	uint8_t p[STREAM_MAX];
};

static struct stream stream;

/* Byte i of frame n, so that a shifted or foreign byte shows. */
static uint8_t
byte_of(size_t n, size_t i)
{
	return (uint8_t)(n * 31 + i * 7 + (i >> 8));
}

static void
add_length(struct stream *s, size_t len)
{
	size_t i;

	for (i = 0; i < s->length_size; i++)
		s->p[s->len++] = (uint8_t)(len >>
		    8 * (s->length_size - 1 - i));
}

static void
add_frame(struct stream *s, size_t n, size_t len)
{
	size_t i;

	add_length(s, len);
	for (i = 0; i < len; i++)
		s->p[s->len++] = byte_of(n, i);
}

static void
start(size_t length_size)
{
	stream.length_size = length_size;
	stream.len = 0;
}

static void
assert_frame(const uint8_t *frame, size_t len, size_t n, size_t expected)
{
	size_t i;

	assert_int_equal(len, expected);
	for (i = 0; i < len; i++)
		assert_int_equal(frame[i], byte_of(n, i));
}

static void
feed(struct framing *f, const uint8_t *p, size_t len)
{
	uint8_t *space;
	size_t size;

	space = framing_space(f, &size);
	assert_true(len <= size);
	memcpy(space, p, len);
	framing_filled(f, len);
}

static const size_t sizes[] = { 14, 60, 3, 15, 0, 13, 257, 14 };

#define SIZE_COUNT	(sizeof(sizes) / sizeof(sizes[0]))

/* Take what has arrived; *np is the number of the frame that is due. */
static void
take(struct framing *f, size_t *np)
{
	uint8_t *frame;
	size_t len;
	int r;

	while ((r = framing_next(f, &frame, &len)) != SSHTAP_ERR_AGAIN) {
		assert_true(*np < SIZE_COUNT);
		if (sizes[*np] < TAP_FRAME_MIN)
			assert_int_equal(r, SSHTAP_ERR_DROPPED);
		else {
			assert_int_equal(r, 0);
			assert_frame(frame, len, *np, sizes[*np]);
			/* It may be modified where it lies. */
			memset(frame, 0xff, len);
		}
		(*np)++;
	}
}

/* Every way to cut the stream into two, and into single bytes. */
static void
test_every_split(void **state)
{
	static const size_t length_sizes[] = { FRAMING_VDE, FRAMING_QEMU };
	struct framing *f;
	size_t cut, i, k, n;

	(void)state;
	for (k = 0; k < 2; k++) {
		start(length_sizes[k]);
		for (n = 0; n < SIZE_COUNT; n++)
			add_frame(&stream, n, sizes[n]);
		assert_int_equal(framing_new(length_sizes[k], &f), 0);
		for (cut = 0; cut <= stream.len; cut++) {
			n = 0;
			feed(f, stream.p, cut);
			take(f, &n);
			feed(f, stream.p + cut, stream.len - cut);
			take(f, &n);
			assert_int_equal(n, SIZE_COUNT);
		}
		for (i = n = 0; i < stream.len; i++) {
			feed(f, stream.p + i, 1);
			take(f, &n);
		}
		assert_int_equal(n, SIZE_COUNT);
		framing_free(f);
	}
}

/* The longest frame always fits, however little of it came first. */
static void
test_longest(void **state)
{
	struct framing *f;
	size_t i, len;
	uint8_t *frame;

	(void)state;
	start(FRAMING_VDE);
	add_frame(&stream, 1, TAP_FRAME_MAX);
	assert_int_equal(framing_new(FRAMING_VDE, &f), 0);
	for (i = 0; i < stream.len; i++) {
		assert_int_equal(framing_next(f, &frame, &len),
		    SSHTAP_ERR_AGAIN);
		feed(f, stream.p + i, 1);
	}
	assert_int_equal(framing_next(f, &frame, &len), 0);
	assert_frame(frame, len, 1, TAP_FRAME_MAX);
	framing_free(f);
}

static void
assert_lost(size_t length_size, size_t length)
{
	struct framing *f;
	uint8_t *frame;
	size_t len;

	start(length_size);
	add_frame(&stream, 0, 14);
	add_length(&stream, length);
	assert_int_equal(framing_new(length_size, &f), 0);
	feed(f, stream.p, stream.len);
	assert_int_equal(framing_next(f, &frame, &len), 0);
	assert_int_equal(framing_next(f, &frame, &len), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(framing_next(f, &frame, &len), SSHTAP_ERR_TOO_BIG);
	/* A new stream knows nothing of the old one. */
	framing_reset(f);
	assert_int_equal(framing_next(f, &frame, &len), SSHTAP_ERR_AGAIN);
	framing_free(f);
}

static void
test_too_long(void **state)
{
	(void)state;
	assert_lost(FRAMING_VDE, TAP_FRAME_MAX + 1);
	assert_lost(FRAMING_VDE, 0xffff);
	assert_lost(FRAMING_QEMU, TAP_FRAME_MAX + 1);
	assert_lost(FRAMING_QEMU, 0x10000 + 14);
	assert_lost(FRAMING_QEMU, 0xffffffff);
}

/* Before the length of an oversize frame is whole nothing is decided. */
static void
test_too_long_in_pieces(void **state)
{
	static const uint8_t length[] = { 0xff, 0xff, 0xff, 0xff };
	struct framing *f;
	uint8_t *frame;
	size_t i, len;

	(void)state;
	assert_int_equal(framing_new(FRAMING_QEMU, &f), 0);
	for (i = 0; i < sizeof(length); i++) {
		assert_int_equal(framing_next(f, &frame, &len),
		    SSHTAP_ERR_AGAIN);
		feed(f, length + i, 1);
	}
	assert_int_equal(framing_next(f, &frame, &len), SSHTAP_ERR_TOO_BIG);
	framing_free(f);
}

static int
put_frame(struct framing *f, size_t n, size_t len)
{
	uint8_t *frame;
	size_t i;
	int r;

	if ((r = framing_reserve(f, &frame)) != 0)
		return r;
	/* As a device does that has nothing after all. */
	memset(frame, 0xaa, TAP_FRAME_MAX);
	if ((r = framing_reserve(f, &frame)) != 0)
		return r;
	for (i = 0; i < len; i++)
		frame[i] = byte_of(n, i);
	framing_commit(f, len);
	return 0;
}

/* Whatever pieces are taken, the bytes are the stream. */
static void
assert_sent_in(struct framing *f, size_t piece)
{
	struct view left;
	size_t at = 0, n;

	while ((left = framing_pending(f)).len > 0) {
		assert_int_equal(left.len, stream.len - at);
		n = left.len < piece ? left.len : piece;
		assert_memory_equal(left.p, stream.p + at, n);
		framing_sent(f, n);
		at += n;
	}
	assert_int_equal(at, stream.len);
}

static void
test_partial_writes(void **state)
{
	static const size_t out[] = { 14, 1514, 60, 9014, 14 };
	static const size_t length_sizes[] = { FRAMING_VDE, FRAMING_QEMU };
	size_t k, n, piece;
	struct framing *f;

	(void)state;
	for (k = 0; k < 2; k++) {
		start(length_sizes[k]);
		for (n = 0; n < 5; n++)
			add_frame(&stream, n, out[n]);
		assert_int_equal(framing_new(length_sizes[k], &f), 0);
		for (piece = 1; piece <= stream.len; piece += piece < 64 ? 1 :
		    509) {
			for (n = 0; n < 5; n++)
				assert_int_equal(put_frame(f, n, out[n]), 0);
			assert_sent_in(f, piece);
		}
		framing_free(f);
	}
}

/* A full buffer takes no more, keeps what it has, and recovers. */
static void
test_out_is_bounded(void **state)
{
	struct framing *f;
	uint8_t *frame;
	struct view left;
	unsigned n = 0;

	(void)state;
	assert_int_equal(framing_new(FRAMING_VDE, &f), 0);
	while (put_frame(f, n, TAP_FRAME_MAX) == 0)
		assert_true(++n < 100);
	assert_true(n > 1);
	left = framing_pending(f);
	assert_int_equal(left.len, n * (FRAMING_VDE + TAP_FRAME_MAX));
	framing_sent(f, left.len - 1);
	assert_int_equal(framing_reserve(f, &frame), SSHTAP_ERR_AGAIN);
	framing_sent(f, 1);
	assert_int_equal(framing_reserve(f, &frame), 0);
	framing_free(f);
}

static void
test_reset_forgets(void **state)
{
	struct framing *f;
	uint8_t *frame;
	size_t len;

	(void)state;
	start(FRAMING_QEMU);
	add_frame(&stream, 0, 100);
	assert_int_equal(framing_new(FRAMING_QEMU, &f), 0);
	feed(f, stream.p, 50);
	assert_int_equal(put_frame(f, 0, 60), 0);
	framing_sent(f, 10);
	framing_reset(f);
	assert_int_equal(framing_pending(f).len, 0);
	feed(f, stream.p, stream.len);
	assert_int_equal(framing_next(f, &frame, &len), 0);
	assert_frame(frame, len, 0, 100);
	framing_free(f);
}

static void
test_length_size(void **state)
{
	struct framing *f = NULL;

	(void)state;
	assert_int_equal(framing_new(3, &f), SSHTAP_ERR_ARGUMENT);
	assert_null(f);
	framing_free(NULL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_split),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_too_long_in_pieces),
		cmocka_unit_test(test_partial_writes),
		cmocka_unit_test(test_out_is_bounded),
		cmocka_unit_test(test_reset_forgets),
		cmocka_unit_test(test_length_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
