/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A record is (bsd/net/bpf.h in xnu): 4 bytes each of seconds, microseconds,
 * captured length, length on the wire; 2 bytes of header length; padding, so
 * that the network header behind the frame's own is aligned.  All fields are
 * in the host's order.  The frame begins at the header length, which may
 * grow with the kernel, and the next record at the end of the frame rounded
 * up to 4; behind the last one nothing follows, not even the padding.
 *
 * Lengths are compared with what is left, never added to a pointer first.  A
 * record that does not hold together says nothing about where the next one
 * begins, so the walk ends there.  It always ends: each step takes at least
 * a header off what is left.
 */

#include "openbsd-compat/bpf-batch.h"

#include <string.h>

#include "openbsd-compat/darwin-net.h"

void
bpf_batch_start(struct bpf_batch *b, uint8_t *buf, size_t len)
{
	b->next = buf;
	b->left = len;
}

/* A header may lie at any address. */
static uint32_t
read_u32(const uint8_t *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

static uint16_t
read_u16(const uint8_t *p)
{
	uint16_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

/* Step over a record that ends inside what is left, and its padding. */
static void
skip(struct bpf_batch *b, size_t len)
{
	size_t padding = (DARWIN_BPF_ALIGNMENT - len % DARWIN_BPF_ALIGNMENT) %
	    DARWIN_BPF_ALIGNMENT;

	b->next += len;
	b->left -= len;
	if (padding > b->left)
		padding = b->left;
	b->next += padding;
	b->left -= padding;
}

/*
 * The record at b->next, which is stepped over.
 *
 * Returns its frame, or NULL when the record does not hold together.
 */
static uint8_t *
take_record(struct bpf_batch *b, uint32_t *caplenp, uint32_t *datalenp)
{
	uint32_t caplen, datalen;
	uint16_t hdrlen;
	uint8_t *frame;

	if (b->left < DARWIN_BPF_HDR_LEN)
		return NULL;
	caplen = read_u32(b->next + DARWIN_BPF_HDR_CAPLEN);
	datalen = read_u32(b->next + DARWIN_BPF_HDR_DATALEN);
	hdrlen = read_u16(b->next + DARWIN_BPF_HDR_HDRLEN);
	if (hdrlen < DARWIN_BPF_HDR_LEN || hdrlen > b->left ||
	    caplen > b->left - hdrlen || caplen > datalen)
		return NULL;
	frame = b->next + hdrlen;
	skip(b, (size_t)hdrlen + caplen);
	*caplenp = caplen;
	*datalenp = datalen;
	return frame;
}

uint8_t *
bpf_batch_next(struct bpf_batch *b, size_t *lenp)
{
	uint32_t caplen, datalen;
	uint8_t *frame;

	while (b->left > 0) {
		if ((frame = take_record(b, &caplen, &datalen)) == NULL)
			b->left = 0;
		else if (caplen == datalen && caplen >= BPF_BATCH_FRAME_MIN) {
			*lenp = caplen;
			return frame;
		}
		b->dropped++;
	}
	return NULL;
}
