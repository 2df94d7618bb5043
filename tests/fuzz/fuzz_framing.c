/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is a stream of framed frames and how it is cut into reads.  The
 * frames that come out are those of a reading from front to back, whatever
 * the cuts, and come out again when they are framed once more.
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/framing.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tun/tap.h"

/* The next frame of the stream itself, read plainly. */
static int
next_plain(struct view *v, size_t length_size, struct view *framep)
{
	struct view left = *v;
	size_t i, len = 0;

	if (left.len < length_size)
		return SSHTAP_ERR_AGAIN;
	for (i = 0; i < length_size; i++)
		len = len << 8 | fuzz_u8(&left);
	if (len > TAP_FRAME_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if (view_get_bytes(&left, len, framep) != 0)
		return SSHTAP_ERR_AGAIN;
	*v = left;
	return len < TAP_FRAME_MIN ? SSHTAP_ERR_DROPPED : 0;
}

static void
send_again(struct framing *f, size_t length_size, const uint8_t *frame,
    size_t len)
{
	struct view out, left, same;
	uint8_t *place;

	if (framing_reserve(f, &place) != 0) {
		out = framing_pending(f);
		require(out.len > 0);
		framing_sent(f, out.len);
		require(framing_reserve(f, &place) == 0);
	}
	memcpy(place, frame, len);
	framing_commit(f, len);
	out = framing_pending(f);
	require(out.len >= length_size + len);
	left = view_of(out.p + out.len - length_size - len, length_size + len);
	require(next_plain(&left, length_size, &same) == 0);
	require(same.len == len && memcmp(same.p, frame, len) == 0);
	framing_sent(f, out.len / 2);
}

static int
take(struct framing *f, size_t length_size, struct view *plain)
{
	struct view same;
	uint8_t *frame;
	size_t len;
	int r;

	while ((r = framing_next(f, &frame, &len)) == 0 ||
	    r == SSHTAP_ERR_DROPPED) {
		require(next_plain(plain, length_size, &same) == r);
		if (r != 0)
			continue;
		require(len == same.len && memcmp(frame, same.p, len) == 0);
		send_again(f, length_size, frame, len);
	}
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size), plain, rest;
	uint8_t flags = fuzz_u8(&v), *space;
	size_t cut = 1 + fuzz_u8(&v) * (size_t)((flags & 2) != 0 ? 97 : 1);
	size_t room, n, length_size;
	static struct framing *f[2];
	int r = SSHTAP_ERR_AGAIN;

	length_size = (flags & 1) != 0 ? FRAMING_QEMU : FRAMING_VDE;
	if (f[flags & 1] == NULL)
		require(framing_new(length_size, &f[flags & 1]) == 0);
	framing_reset(f[flags & 1]);
	plain = v;
	while (v.len > 0 && r == SSHTAP_ERR_AGAIN) {
		space = framing_space(f[flags & 1], &room);
		require(room > 0);
		n = cut < v.len ? cut : v.len;
		n = n < room ? n : room;
		memcpy(space, v.p, n);
		framing_filled(f[flags & 1], n);
		v = view_of(v.p + n, v.len - n);
		r = take(f[flags & 1], length_size, &plain);
	}
	require(r == SSHTAP_ERR_AGAIN || r == SSHTAP_ERR_TOO_BIG);
	require(next_plain(&plain, length_size, &rest) == r);
	return 0;
}
