/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is a limit and payloads.  As compressed ones they are inflated
 * within the limit, and a stream that has failed stays so; as plain ones they
 * come back the same through both directions.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "transport/compress.h"
#include "transport/packet.h"

static void
check_inflate(struct view v, size_t max)
{
	struct compress *c;
	struct view piece;
	struct buf out;
	int r = 0, again;

	require(compress_new_inflate(&c) == 0);
	buf_init(&out, max);
	while (v.len > 0) {
		piece = fuzz_piece(&v);
		buf_reset(&out);
		require(buf_put(&out, "x", 1) == 0);
		again = compress_run(c, &piece, &out);
		require(out.len >= 1 && out.len <= max);
		require(*buf_view(&out).p == 'x');
		require(again == 0 || again == SSHTAP_ERR_COMPRESS ||
		    again == SSHTAP_ERR_TOO_BIG);
		require(r == 0 || again == SSHTAP_ERR_COMPRESS);
		require(again == 0 || out.len == 1);
		r = again != 0 ? again : r;
	}
	buf_clear(&out);
	compress_free(c);
}

static void
check_both(struct view v)
{
	struct compress *deflate, *inflate;
	struct view piece, packed, same;
	struct buf out, back;

	require(compress_new_deflate(&deflate) == 0);
	require(compress_new_inflate(&inflate) == 0);
	buf_init(&out, PACKET_LENGTH_MAX);
	buf_init(&back, PACKET_LENGTH_MAX);
	while (v.len > 0) {
		piece = fuzz_piece(&v);
		buf_reset(&out);
		buf_reset(&back);
		require(compress_run(deflate, &piece, &out) == 0);
		packed = buf_view(&out);
		require(compress_run(inflate, &packed, &back) == 0);
		same = buf_view(&back);
		require(view_equals(&same, &piece));
	}
	buf_clear(&out);
	buf_clear(&back);
	compress_free(deflate);
	compress_free(inflate);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size);
	size_t max = 1 + fuzz_u32(&v) % PACKET_LENGTH_MAX;

	check_inflate(v, max);
	check_both(v);
	return 0;
}
