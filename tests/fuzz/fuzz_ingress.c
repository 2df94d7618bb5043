/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is what a device can do, and a row of what a peer sends it: plain
 * frames, super-frames with any words, and the ends of reads.  Whatever the
 * device is given it can take, and its kernel may see; it is given nothing
 * that was refused, or that it cannot take, nor more than came, but for the
 * headers of pieces; and after the end of a read nothing is held.
 */

#include <sys/uio.h>

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "relay/ingress.h"
#include "tests/fuzz/fuzz.h"
#include "tun/checksum.h"
#include "tun/tap_impl.h"

#define FRAMES_MAX	150

struct world {
	unsigned offloads;
	bool is_gone, was_gone;
	bool may_drop;		/* something is odd about lengths, or it */
	uint64_t bytes_in, bytes_out;	/* of frames */
	uint64_t given;
	uint8_t *held[FRAMES_MAX];	/* since the last flush */
	unsigned n;
};

/* === The device === */

static void
check_plain(const struct world *w, size_t len)
{
	require(len >= TAP_FRAME_MIN);
	require(len <= (w->offloads != 0 ? TAP_LARGE : TAP_FRAME_MAX));
}

static void
check_words(const struct world *w, const struct offload *o,
    const uint8_t *p, size_t len)
{
	struct offload checked = *o;

	require(len <= TAP_LARGE);
	require((w->offloads & TAP_OFFLOAD_CSUM) != 0);
	if (o->gso_type == OFFLOAD_GSO_UDP_L4)
		require((w->offloads & TAP_OFFLOAD_UDP) != 0);
	else if (o->gso_type != OFFLOAD_GSO_NONE)
		require((w->offloads & TAP_OFFLOAD_TCP) != 0);
	require(offload_check(&checked, p, len) == 0);
	require(memcmp(&checked, o, sizeof(checked)) == 0);
}

static int
give(struct tap *t, const struct offload *o, const uint8_t *p, size_t len)
{
	struct world *w = t->state;

	w->given++;
	w->bytes_out += len;
	if (offload_is_none(o))
		check_plain(w, len);
	else
		check_words(w, o, p, len);
	w->was_gone = w->was_gone || w->is_gone;
	return w->is_gone ? SSHTAP_ERR_GONE : 0;
}

static int
take_plain(struct tap *t, uint8_t *frame, size_t len)
{
	static const struct offload none;

	return give(t, &none, frame, len);
}

/* Its own header is its own, and a copy has the bytes' exact length. */
static int
take_super(struct tap *t, const struct offload *o, struct iovec *iov,
    unsigned n)
{
	size_t len = 0, at = 0;
	uint8_t *p;
	unsigned i;
	int r;

	require(n >= 2);
	for (i = 1; i < n; i++)
		len += iov[i].iov_len;
	require(iov[1].iov_len >= TAP_FRAME_MIN);
	iov[0] = (struct iovec){ .iov_base = &len, .iov_len = 1 };
	p = malloc(len);
	require(p != NULL);
	for (i = 1; i < n; at += iov[i++].iov_len)
		memcpy(p + at, iov[i].iov_base, iov[i].iov_len);
	r = give(t, o, p, len);
	free(p);
	return r;
}

static void
close_nothing(struct tap *t)
{
	(void)t;
}

static const struct tap_ops plain_ops = {
	.name = "plain",
	.send = take_plain,
	.close = close_nothing,
};

static const struct tap_ops offload_ops = {
	.name = "offload",
	.send = take_plain,
	.send_super = take_super,
	.close = close_nothing,
};

/* === What comes === */

static void
flush(struct world *w, struct ingress *in)
{
	ingress_flush(in);
	require(in->joiner.used == 0);
	while (w->n > 0)
		free(w->held[--w->n]);
}

static uint8_t *
hold(struct world *w, const struct view *v)
{
	uint8_t *p = fuzz_copy(v);

	w->held[w->n++] = p;
	w->bytes_in += v->len;
	w->may_drop = w->may_drop || v->len < TAP_FRAME_MIN ||
	    v->len > TAP_FRAME_MAX;
	return p;
}

/* Put the frame right where its words say that something is to be put right. */
static void
put_sum(const struct offload *o, uint8_t *p, size_t len)
{
	size_t place = (size_t)o->csum_start + o->csum_offset;
	struct headers h;
	uint16_t sum;

	if (headers_get(p, len, &h) != 0 || place + 2 > len)
		return;
	sum = checksum_fold(checksum_pseudo(p, &h, h.end - h.l4));
	p[place] = (uint8_t)(sum >> 8);
	p[place + 1] = (uint8_t)sum;
}

/* What is counted as malformed has not been seen by the device. */
static void
give_super(struct world *w, struct ingress *in, struct view *v)
{
	struct view bytes, words, frame;
	bool has_sum = fuzz_u8(v) % 2 == 1;
	uint64_t malformed = in->stats.malformed, given;
	struct offload o;
	uint8_t *p;
	bool is_good;

	bytes = fuzz_piece(v);
	frame = bytes;
	if (view_get_bytes(&frame, OFFLOAD_SIZE, &words) != 0)
		return;
	offload_get(words.p, &o);
	p = hold(w, &frame);
	if (has_sum)
		put_sum(&o, p, frame.len);
	is_good = offload_check(&o, p, frame.len) == 0;
	given = w->given;
	ingress_super(in, words.p, p, frame.len);
	require((in->stats.malformed == malformed) == is_good);
	require(is_good || w->given == given);
}

static void
give_step(struct world *w, struct ingress *in, struct view *v)
{
	struct view frame;
	uint8_t *p;

	switch (fuzz_u8(v) % 8) {
	case 0:
		flush(w, in);
		break;
	case 1:
		w->is_gone = fuzz_u8(v) % 16 == 1;
		break;
	case 2:
	case 3:
	case 4:
		frame = fuzz_piece(v);
		p = hold(w, &frame);
		ingress_frame(in, p, frame.len);
		break;
	default:
		give_super(w, in, v);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ingress in;
	struct world w = { .offloads = 0 };
	struct view v = view_of(data, size);
	struct tap *t;

	w.offloads = fuzz_u8(&v) & TAP_OFFLOAD_ALL;
	t = tap_new(w.offloads != 0 ? &offload_ops : &plain_ops, "fuzz0",
	    TAP_ETHERNET);
	require(t != NULL);
	t->state = &w;
	t->offloads = w.offloads;
	w.may_drop = w.offloads != 0 && (w.offloads & TAP_OFFLOAD_CSUM) == 0;
	memset(&in, 0, sizeof(in));
	require(ingress_init(&in, t) == 0);
	while (v.len > 0) {
		give_step(&w, &in, &v);
		if (w.n == FRAMES_MAX)
			flush(&w, &in);
	}
	flush(&w, &in);
	require(in.is_gone == w.was_gone);
	require(w.bytes_out <= w.bytes_in || in.stats.cut > 0);
	require(w.may_drop || tap_stats(t)->dropped_out == 0);
	ingress_clear(&in);
	tap_close(t);
	return 0;
}
