/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef BPF_BATCH_H
#define BPF_BATCH_H

#include <stddef.h>
#include <stdint.h>

/*
 * Walking what one read(2) of a bpf(4) device of macOS returned: records of a
 * header, a frame, and padding to four bytes, the last one unpadded
 * (xnu: bsd/net/bpf.c, catchpacket).  Pure: built and tested on every system.
 */
#define BPF_BATCH_FRAME_MIN	14	/* an Ethernet header */

/* Zeroed, then started once for each read; dropped goes on counting. */
struct bpf_batch {
	uint8_t *next;		/* first byte not walked yet */
	size_t left;		/* bytes from there */
	uint64_t dropped;	/* frames: runts, truncated ones; and one for
				 * a malformed record and all behind it */
};

/* buf:     any alignment; stays the caller's. */
void bpf_batch_start(struct bpf_batch *b, uint8_t *buf, size_t len);

/*
 * The next whole frame of at least BPF_BATCH_FRAME_MIN bytes, inside buf, or
 * NULL when there is none left.
 */
uint8_t *bpf_batch_next(struct bpf_batch *b, size_t *lenp);

#endif /* BPF_BATCH_H */
