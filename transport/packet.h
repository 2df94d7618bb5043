/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PACKET_H
#define PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/view.h"
#include "transport/cipher.h"
#include "transport/compress.h"

/*
 * The binary packet protocol, one object per direction.  Reference: RFC 4253
 * section 6.  Storage is fixed at the start: packets are sealed on their way
 * into it, and opened where they lie.
 */
#define PACKET_LENGTH_MAX	(256 * 1024)	/* packet_length; OpenSSH's */
#define PACKET_LENGTH_MIN	5		/* one byte and least padding */
#define PACKET_PAYLOAD_MAX	(PACKET_LENGTH_MAX - 256)
#define PACKET_HEADER		5	/* length word, padding length */
#define PACKET_PADDING_MIN	4
#define PACKET_PADDING_MAX	255
#define PACKET_TRAILER		(PACKET_PADDING_MAX + CIPHER_TAG_SIZE)

/* What sealing may write around a payload that lies in its owner's memory. */
#define PACKET_HEADROOM		PACKET_HEADER
#define PACKET_TAILROOM		(CIPHER_BLOCK_MAX + PACKET_PADDING_MIN)

/*
 * Bytes of packets that may wait for the socket, one packet more at most, and
 * the largest single read from it: a batch that still fits the cache of one
 * core.
 */
#define PACKET_OUT_SIZE		(256 * 1024)
#define PACKET_IN_SIZE		(256 * 1024)

/* What one direction counts and holds in a keying period. */
struct packet_keys {
	uint32_t seq;			/* sequence number of the next packet */
	uint64_t packets;
	uint64_t bytes;			/* on the wire */
	struct cipher *cipher;		/* NULL: clear */
	bool compressed;		/* zlib was negotiated */
	struct compress *compress;	/* NULL: none, or not started yet */
};

/* The direction we send. */
struct packet_out {
	uint8_t *base;			/* PACKET_OUT_SIZE plus one packet */
	size_t head, tail;		/* unsent bytes lie in between */
	struct packet_keys keys;
	struct buf compressed;
};

/* The direction we receive. */
struct packet_in {
	uint8_t *base;			/* PACKET_IN_SIZE plus one packet */
	size_t head, tail;		/* received, not yet taken */
	uint32_t need;			/* packet_length once known, else 0 */
	struct packet_keys keys;
	struct buf inflated;
};

int packet_out_init(struct packet_out *o);
void packet_out_clear(struct packet_out *o);
int packet_in_init(struct packet_in *i);
void packet_in_clear(struct packet_in *i);

/*
 * Pad, compress and seal a payload, from where it lies to the end of the
 * output.
 *
 * payload: PACKET_HEADROOM bytes in front of it and PACKET_TAILROOM behind
 *          may be written to.
 * len:     1 to PACKET_PAYLOAD_MAX.
 * Returns 0; SSHTAP_ERR_AGAIN (no room, which there is while less than
 * PACKET_OUT_SIZE waits; nothing has changed); SSHTAP_ERR_TOO_BIG,
 * SSHTAP_ERR_STATE (the keying period has had all its packets),
 * SSHTAP_ERR_CRYPTO, SSHTAP_ERR_COMPRESS, SSHTAP_ERR_ALLOC.
 */
int packet_out_seal(struct packet_out *o, uint8_t *payload, size_t len);

/* The same with a payload that is left as it is: it costs a copy. */
int packet_out_put(struct packet_out *o, const struct view *payload);

/* Append bytes that are not packets (the identification line). */
int packet_out_raw(struct packet_out *o, const struct view *bytes);

/* What to write to the stream, and how much of it was written. */
struct view packet_out_pending(const struct packet_out *o);
void packet_out_written(struct packet_out *o, size_t len);

/*
 * Where to read the stream to.  *lenp is at least 1 after all whole packets
 * have been taken.  Views returned before become invalid.
 */
void packet_in_space(struct packet_in *i, uint8_t **pp, size_t *lenp);
void packet_in_received(struct packet_in *i, size_t len);

/* All bytes received and not taken, for the identification line. */
struct view packet_in_raw(const struct packet_in *i);
void packet_in_drop(struct packet_in *i, size_t len);

/*
 * Open the next packet.
 *
 * payloadp: at least one byte, valid and modifiable until the next call.
 * seqp:    its sequence number.
 * Returns 0, SSHTAP_ERR_AGAIN (not whole yet), SSHTAP_ERR_MAC (bad length,
 * padding or tag), SSHTAP_ERR_COMPRESS, SSHTAP_ERR_TOO_BIG (inflated),
 * SSHTAP_ERR_CRYPTO, SSHTAP_ERR_PROTOCOL (more packets than one keying period
 * may have).  After a failure nothing more may be taken.
 */
int packet_in_next(struct packet_in *i, uint8_t **payloadp, size_t *lenp,
    uint32_t *seqp);

#endif /* PACKET_H */
