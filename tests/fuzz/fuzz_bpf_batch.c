/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is what one read of a bpf(4) device returned.  Whatever that is,
 * the frames found are inside, in order, apart by at least a header, not
 * short; and the walk comes to an end, having counted no more than fits.
 */

#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include "openbsd-compat/bpf-batch.h"
#include "tests/fuzz/fuzz.h"

#define HDRLEN	18

static void
walk(uint8_t *buf, size_t size)
{
	struct bpf_batch b = { .dropped = 0 };
	size_t at, frame_len, left = size, n = 0, used = 0;
	uint64_t sum = 0;
	uint8_t *frame;

	bpf_batch_start(&b, buf, size);
	while ((frame = bpf_batch_next(&b, &frame_len)) != NULL) {
		at = (size_t)(frame - buf);
		require(frame >= buf && at <= size);
		require(frame_len <= size - at);
		require(frame_len >= BPF_BATCH_FRAME_MIN);
		require(at >= used + HDRLEN);
		require(b.left < left);
		require(b.left <= size - at - frame_len);
		used = at + frame_len;
		left = b.left;
		n++;
		/* Every byte is there to be read and written. */
		for (at = 0; at < frame_len; at++)
			sum += frame[at];
		memset(frame, (int)(sum & 0xff), frame_len);
	}
	require(b.left == 0);
	require(n + b.dropped <= size / HDRLEN + 1);
	require(size == 0 || n + b.dropped >= 1);
}

/* Any alignment, and not a byte behind the end. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t shift = size % 4;
	uint8_t *buf = malloc(shift + size + 1 - (size > 0));

	require(buf != NULL);
	if (size > 0)
		memcpy(buf + shift, data, size);
	walk(buf + shift, size);
	free(buf);
	return 0;
}
