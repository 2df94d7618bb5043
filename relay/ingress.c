/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A packet is opened where it was received, and the frame is handed to the
 * device from there; of frames that are joined only the headers of the first
 * are written anew.
 *
 * What comes along with a super-frame is the peer's word and is held against
 * the frame before the kernel sees it.  A device that cannot take it gets it
 * in pieces, as plain frames.
 */

#include "relay/ingress.h"

#include <sys/uio.h>

#include <stdlib.h>

#include "lib/err.h"
#include "tun/offload.h"
#include "tun/segment.h"

/* To the device, in pieces of memory behind a place for its own header. */
static void
give(struct ingress *in, const struct offload *o, struct iovec *iov,
    unsigned n)
{
	in->stats.supers += o->gso_type != OFFLOAD_GSO_NONE;
	if (tap_send_super(in->tap, o, iov, n) == SSHTAP_ERR_GONE)
		in->is_gone = true;
}

static void
give_one(struct ingress *in, const struct offload *o, uint8_t *frame,
    size_t len)
{
	struct iovec iov[2] = { { .iov_base = NULL },
	    { .iov_base = frame, .iov_len = len } };

	give(in, o, iov, 2);
}

static void
give_plain(struct ingress *in, uint8_t *frame, size_t len)
{
	if (tap_send(in->tap, frame, len) == SSHTAP_ERR_GONE)
		in->is_gone = true;
}

static void
joined(void *ctx, const struct offload *o, struct iovec *iov, unsigned n,
    size_t len)
{
	struct ingress *in = ctx;

	(void)len;
	give(in, o, iov, n);
}

int
ingress_init(struct ingress *in, struct tap *tap)
{
	in->tap = tap;
	in->can = tap_offloads(tap);
	in->joins = (in->can & TAP_OFFLOAD_TCP) != 0;
	in->joiner.emit = joined;
	in->joiner.ctx = in;
	in->joiner.has_udp = (in->can & TAP_OFFLOAD_UDP) != 0;
	in->piece = malloc(OFFLOAD_FRAME_MAX);
	return in->piece == NULL ? SSHTAP_ERR_ALLOC : 0;
}

void
ingress_clear(struct ingress *in)
{
	free(in->piece);
	in->piece = NULL;
	in->joins = false;
}

void
ingress_flush(struct ingress *in)
{
	if (in->joins)
		coalesce_flush(&in->joiner);
}

void
ingress_frame(struct ingress *in, uint8_t *frame, size_t len)
{
	static const struct offload none;

	if (in->joins && len >= TAP_FRAME_MIN)
		coalesce_add(&in->joiner, frame, len, &none);
	else
		give_plain(in, frame, len);
}

static void
cut(struct ingress *in, const struct offload *o, const uint8_t *frame,
    size_t len)
{
	struct segmenter s;

	if (segment_start(&s, frame, len, o) != 0) {
		in->stats.malformed++;
		return;
	}
	in->stats.cut++;
	while ((len = segment_next(&s, 1, in->piece, OFFLOAD_FRAME_MAX,
	    NULL)) > 0)
		give_plain(in, in->piece, len);
}

/* What of the device a frame with these words needs. */
static unsigned
needs(const struct offload *o)
{
	switch (o->gso_type) {
	case OFFLOAD_GSO_NONE:
		return TAP_OFFLOAD_CSUM;
	case OFFLOAD_GSO_UDP_L4:
		return TAP_OFFLOAD_UDP;
	default:
		return TAP_OFFLOAD_TCP;
	}
}

void
ingress_super(struct ingress *in, const uint8_t *words, uint8_t *frame,
    size_t len)
{
	struct offload o;

	offload_get(words, &o);
	if (offload_check(&o, frame, len) != 0) {
		in->stats.malformed++;
		return;
	}
	if (offload_is_none(&o)) {
		ingress_frame(in, frame, len);
	} else if ((in->can & needs(&o)) != 0) {
		if (in->joins)
			coalesce_add(&in->joiner, frame, len, &o);
		else
			give_one(in, &o, frame, len);
	} else if (o.gso_type != OFFLOAD_GSO_NONE) {
		ingress_flush(in);
		cut(in, &o, frame, len);
	} else if (offload_finish(&o, frame, len) == 0) {
		ingress_frame(in, frame, len);
	}
}
