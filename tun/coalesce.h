/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef COALESCE_H
#define COALESCE_H

#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tun/headers.h"
#include "tun/offload.h"

/*
 * Plain frames joined into super-frames, as a network card would join them:
 * segments of one TCP flow in order, or equally long datagrams of one UDP
 * flow.  No frame waits for one that is not there yet, for the caller flushes
 * when it has no more; no frame overtakes another of its flow.  Pure.
 *
 * Joined are frames with simple headers (headers.h) that agree in all but
 * what segmenting will restore: same addresses, ports, TTL, TOS, DF; of TCP
 * the next sequence number, same acknowledgement, window and options, no
 * flags but ACK and PSH; lengths up to that of the first, where a shorter one
 * and PSH are the last; of IPv4 without DF the next identification.  The
 * checksums of each are verified first, but not that of TCP or UDP when its
 * offload says that it is still to be filled in.  Everything else goes out as
 * it came, behind what of its flow is held, or behind everything when no flow
 * can be found in it.
 */
#define COALESCE_FLOWS		8
#define COALESCE_FRAMES_MAX	64	/* in one; iovec entries */
#define COALESCE_BYTES_MAX	65500	/* of the IP packet */

/*
 * What came out: o is none for a frame as it came without one.  Valid during
 * the call, which may not add or flush.
 *
 * iov:     n entries.  [0] is for who is called, such as a device's header;
 *          the frame, of len bytes, is in the others.
 */
typedef void (coalesce_fn)(void *ctx, const struct offload *o,
    struct iovec *iov, unsigned n, size_t len);

struct coalesce_flow {
	uint8_t *first;		/* NULL: unused */
	struct headers h;	/* of it */
	uint32_t len;		/* in all, with headers */
	uint32_t segment;	/* payload bytes of the first */
	uint32_t next_seq;	/* TCP */
	unsigned n;		/* frames */
	struct offload offload;	/* as the first came with it */
	struct iovec iov[1 + COALESCE_FRAMES_MAX];	/* from [1] on */
};

/* Embedded by its owner; zeroed, then emit, ctx and has_udp are filled in. */
struct coalescer {
	coalesce_fn *emit;
	void *ctx;
	bool has_udp;		/* the device takes GSO_UDP_L4 */
	unsigned next;		/* the one to make room, in turn */
	unsigned used;		/* flows that hold something */
	uint32_t tags[COALESCE_FLOWS];	/* to find one without a look at it */
	uint64_t joined;	/* frames that are in a super-frame */
	uint64_t bad_csum;	/* frames not joined for their checksums */
	struct coalesce_flow flows[COALESCE_FLOWS];
};

/*
 * Take a frame.
 *
 * frame:   stays the caller's and as it is until it has been emitted; its
 *          headers may be changed.
 * o:       none, or NEEDS_CSUM without a gso_type; one with a gso_type goes
 *          straight through, behind its flow.
 */
void coalesce_add(struct coalescer *c, uint8_t *frame, size_t len,
    const struct offload *o);

/*
 * Take a frame only if it is joined to one that is held; else nothing changes
 * but bad_csum.
 */
bool coalesce_join(struct coalescer *c, uint8_t *frame, size_t len,
    const struct offload *o);

/* Emit all that is held. */
void coalesce_flush(struct coalescer *c);

#endif /* COALESCE_H */
