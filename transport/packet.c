/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Both directions keep their bytes in one piece of storage that is made once.
 * Sending: a payload gets its header and padding where its owner has it, and
 * is sealed from there to the tail; the socket takes bytes off the head.  One
 * that may not be touched is first put where it leaves from.
 * Receiving: the socket appends at the tail; a packet is opened where it lies
 * and handed out from there, so that it stays valid until the next call.
 * When the end of the storage comes near, what is left (usually less than a
 * packet) moves to the front.
 *
 * Nothing of a packet is used before its tag has been verified, except the
 * length word, which is checked against PACKET_LENGTH_MAX and the block size
 * first.  Every defect is the same SSHTAP_ERR_MAC to the peer.
 */

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "lib/err.h"
#include "transport/packet.h"

#define PACKET_ROOM	(PACKET_HEADER + PACKET_LENGTH_MAX + PACKET_TRAILER)
#define IN_STORAGE	(PACKET_IN_SIZE + PACKET_ROOM)

/* Block size of a connection that is still in clear, RFC 4253 section 6. */
#define CLEAR_BLOCK	8

/*
 * What deflate may add to incompressible data: five bytes per stored block
 * and the flush (zlib's deflateBound, rounded up generously).
 */
#define DEFLATE_SLACK(len)	(((len) >> 8) + 64)

/* While less than PACKET_OUT_SIZE waits, any payload finds room. */
#define OUT_STORAGE	(PACKET_OUT_SIZE + PACKET_ROOM + \
			    DEFLATE_SLACK(PACKET_PAYLOAD_MAX))

int
packet_out_init(struct packet_out *o)
{
	memset(o, 0, sizeof(*o));
	buf_init(&o->compressed, PACKET_LENGTH_MAX);
	if ((o->base = malloc(OUT_STORAGE)) == NULL)
		return SSHTAP_ERR_ALLOC;
	return 0;
}

void
packet_out_clear(struct packet_out *o)
{
	if (o->base != NULL)
		OPENSSL_cleanse(o->base, OUT_STORAGE);
	free(o->base);
	cipher_free(o->keys.cipher);
	compress_free(o->keys.compress);
	buf_clear(&o->compressed);
	memset(o, 0, sizeof(*o));
}

int
packet_in_init(struct packet_in *i)
{
	memset(i, 0, sizeof(*i));
	buf_init(&i->inflated, PACKET_LENGTH_MAX);
	if ((i->base = malloc(IN_STORAGE)) == NULL)
		return SSHTAP_ERR_ALLOC;
	return 0;
}

void
packet_in_clear(struct packet_in *i)
{
	if (i->base != NULL)
		OPENSSL_cleanse(i->base, IN_STORAGE);
	free(i->base);
	cipher_free(i->keys.cipher);
	compress_free(i->keys.compress);
	buf_clear(&i->inflated);
	memset(i, 0, sizeof(*i));
}

/* Move the unsent bytes to the front when len more do not fit behind them. */
static int
make_room(struct packet_out *o, size_t len)
{
	if (len > OUT_STORAGE - o->tail) {
		memmove(o->base, o->base + o->head, o->tail - o->head);
		o->tail -= o->head;
		o->head = 0;
	}
	return len > OUT_STORAGE - o->tail ? SSHTAP_ERR_AGAIN : 0;
}

/* Room for one packet, whatever becomes of its payload. */
static int
make_place(struct packet_out *o, size_t len)
{
	size_t room = PACKET_HEADER + len + PACKET_TRAILER;

	if (len > PACKET_PAYLOAD_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if (o->keys.compress != NULL)
		room += DEFLATE_SLACK(len);
	return make_room(o, room);
}

/* Where the payload of the next packet is, once it is there. */
static uint8_t *
next_payload(const struct packet_out *o)
{
	return o->base + o->tail + PACKET_HEADER;
}

static int
deflate_payload(struct packet_out *o, const uint8_t *payload, size_t *lenp)
{
	struct view in = view_of(payload, *lenp), out;
	int r;

	buf_reset(&o->compressed);
	if ((r = compress_run(o->keys.compress, &in, &o->compressed)) != 0)
		return r;
	out = buf_view(&o->compressed);
	if (out.len > *lenp + DEFLATE_SLACK(*lenp))
		return SSHTAP_ERR_INTERNAL;
	memcpy(next_payload(o), out.p, out.len);
	*lenp = out.len;
	return 0;
}

/* Bytes of padding: at least 4, up to the next multiple of the block. */
static size_t
padding_for(const struct cipher *c, size_t payload_len)
{
	size_t block, counted, pad;

	/* RFC 5647 section 7.2: the length word is outside the blocks. */
	if (c != NULL) {
		block = cipher_alg(c)->block_len;
		counted = PACKET_HEADER - CIPHER_LENGTH_SIZE + payload_len;
	} else {
		block = CLEAR_BLOCK;
		counted = PACKET_HEADER + payload_len;
	}
	pad = block - counted % block;
	return pad < PACKET_PADDING_MIN ? pad + block : pad;
}

/* Put what belongs around a payload; returns packet_length. */
static size_t
frame_payload(const struct packet_out *o, uint8_t *payload, size_t len)
{
	uint8_t *packet = payload - PACKET_HEADER;
	size_t pad = padding_for(o->keys.cipher, len);
	size_t length = 1 + len + pad;

	put_be32(packet, (uint32_t)length);
	packet[CIPHER_LENGTH_SIZE] = (uint8_t)pad;
	/*
	 * RFC 4253 section 6 would have random padding, to help weak ciphers;
	 * an AEAD with unique nonces hides zeros as well.
	 */
	memset(payload + len, 0, pad);
	return length;
}

/* There is room; the payload may lie in it. */
static int
seal(struct packet_out *o, uint8_t *payload, size_t len)
{
	uint8_t *packet = o->base + o->tail;
	size_t length, total;
	int r;

	if (len == 0)
		return SSHTAP_ERR_INTERNAL;
	/* One more would use a nonce twice in this keying period. */
	if (o->keys.packets == UINT32_MAX)
		return SSHTAP_ERR_STATE;
	if (o->keys.compress != NULL) {
		if ((r = deflate_payload(o, payload, &len)) != 0)
			return r;
		payload = next_payload(o);
	}
	length = frame_payload(o, payload, len);
	total = CIPHER_LENGTH_SIZE + length;
	if (o->keys.cipher != NULL) {
		if ((r = cipher_seal(o->keys.cipher, o->keys.seq, packet,
		    payload - PACKET_HEADER, length)) != 0)
			return r;
		total += CIPHER_TAG_SIZE;
	} else
		memmove(packet, payload - PACKET_HEADER, total);
	o->tail += total;
	o->keys.bytes += total;
	o->keys.packets++;
	o->keys.seq++;
	return 0;
}

int
packet_out_seal(struct packet_out *o, uint8_t *payload, size_t len)
{
	int r;

	if ((r = make_place(o, len)) != 0)
		return r;
	return seal(o, payload, len);
}

int
packet_out_put(struct packet_out *o, const struct view *payload)
{
	int r;

	if ((r = make_place(o, payload->len)) != 0)
		return r;
	if (payload->len > 0)
		memcpy(next_payload(o), payload->p, payload->len);
	return seal(o, next_payload(o), payload->len);
}

int
packet_out_raw(struct packet_out *o, const struct view *bytes)
{
	int r;

	if ((r = make_room(o, bytes->len)) != 0)
		return r;
	memcpy(o->base + o->tail, bytes->p, bytes->len);
	o->tail += bytes->len;
	return 0;
}

struct view
packet_out_pending(const struct packet_out *o)
{
	return view_of(o->base + o->head, o->tail - o->head);
}

void
packet_out_written(struct packet_out *o, size_t len)
{
	o->head += len;
	if (o->head == o->tail)
		o->head = o->tail = 0;
}

void
packet_in_space(struct packet_in *i, uint8_t **pp, size_t *lenp)
{
	size_t held = i->tail - i->head;

	if (IN_STORAGE - i->tail < PACKET_ROOM || held == 0) {
		memmove(i->base, i->base + i->head, held);
		i->head = 0;
		i->tail = held;
	}
	*pp = i->base + i->tail;
	*lenp = IN_STORAGE - i->tail;
	if (*lenp > PACKET_IN_SIZE)
		*lenp = PACKET_IN_SIZE;
}

void
packet_in_received(struct packet_in *i, size_t len)
{
	i->tail += len;
}

struct view
packet_in_raw(const struct packet_in *i)
{
	return view_of(i->base + i->head, i->tail - i->head);
}

void
packet_in_drop(struct packet_in *i, size_t len)
{
	i->head += len;
}

/* Learn packet_length and hold it against every rule that needs no key. */
static int
read_length(struct packet_in *i, const uint8_t *packet)
{
	uint32_t len;
	size_t misaligned;
	int r;

	/* RFC 4344 section 3.1; and in clear no number may come again. */
	if (i->keys.packets == UINT32_MAX)
		return SSHTAP_ERR_PROTOCOL;
	if (i->keys.cipher != NULL) {
		if ((r = cipher_length(i->keys.cipher, i->keys.seq, packet,
		    &len)) != 0)
			return r;
		misaligned = len % cipher_alg(i->keys.cipher)->block_len;
	} else {
		len = get_be32(packet);
		misaligned = (len % CLEAR_BLOCK + CIPHER_LENGTH_SIZE) %
		    CLEAR_BLOCK;
	}
	if (len < PACKET_LENGTH_MIN || len > PACKET_LENGTH_MAX ||
	    misaligned != 0)
		return SSHTAP_ERR_MAC;
	i->need = len;
	return 0;
}

static int
inflate_payload(struct packet_in *i, uint8_t **payloadp, size_t *lenp)
{
	struct view in = view_of(*payloadp, *lenp);
	int r;

	buf_reset(&i->inflated);
	if ((r = compress_run(i->keys.compress, &in, &i->inflated)) != 0)
		return r;
	/* buf_view is const; the storage is ours to hand out. */
	*payloadp = i->inflated.base + i->inflated.head;
	*lenp = i->inflated.len;
	return 0;
}

int
packet_in_next(struct packet_in *i, uint8_t **payloadp, size_t *lenp,
    uint32_t *seqp)
{
	uint8_t *packet = i->base + i->head, *payload;
	size_t held = i->tail - i->head, total, len, pad;
	int r;

	if (held < CIPHER_LENGTH_SIZE)
		return SSHTAP_ERR_AGAIN;
	if (i->need == 0 && (r = read_length(i, packet)) != 0)
		return r;
	total = CIPHER_LENGTH_SIZE + i->need;
	if (i->keys.cipher != NULL)
		total += CIPHER_TAG_SIZE;
	if (held < total)
		return SSHTAP_ERR_AGAIN;
	if (i->keys.cipher != NULL &&
	    (r = cipher_open(i->keys.cipher, i->keys.seq, packet,
	    i->need)) != 0)
		return r;
	pad = packet[CIPHER_LENGTH_SIZE];
	/* At least the message number must be left. */
	if (pad < PACKET_PADDING_MIN || pad > i->need - 2)
		return SSHTAP_ERR_MAC;
	payload = packet + PACKET_HEADER;
	len = i->need - 1 - pad;
	if (i->keys.compress != NULL &&
	    (r = inflate_payload(i, &payload, &len)) != 0)
		return r;
	if (len == 0)
		return SSHTAP_ERR_MAC;
	*payloadp = payload;
	*lenp = len;
	*seqp = i->keys.seq++;
	i->head += total;
	i->need = 0;
	i->keys.bytes += total;
	i->keys.packets++;
	return 0;
}
