/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is a script for the receiving direction: which cipher, whether
 * compressed, then pieces of the stream: raw bytes, or the inside of a packet
 * that is sealed under the key that the receiver has, so that padding and
 * payload are wrong behind a right tag.  What comes out is inside its bounds
 * and can be written; the receiver never asks for more room than there is,
 * and keeps to what it has failed with.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_script.h"
#include "transport/packet.h"

#define BODY_MAX	(64 * 1024)

static const char *const cipher_names[] = {
	NULL, "aes128-gcm@openssh.com", "aes256-gcm@openssh.com",
	"chacha20-poly1305@openssh.com"
};

struct stream {
	struct packet_in in;
	struct cipher *sealer;		/* NULL: clear */
	uint32_t seq;			/* of the sealer */
	uint64_t taken;
	int result;
};

/* Storage is kept: it is large beside what is done with it. */
static void
reset_direction(struct packet_in *i)
{
	if (i->base == NULL)
		require(packet_in_init(i) == 0);
	cipher_free(i->keys.cipher);
	compress_free(i->keys.compress);
	memset(&i->keys, 0, sizeof(i->keys));
	buf_clear(&i->inflated);
	i->head = i->tail = 0;
	i->need = 0;
}

static void
open_stream(struct stream *st, unsigned flags)
{
	static const uint8_t key[CIPHER_KEY_MAX] = { 1 };
	static const uint8_t iv[CIPHER_IV_MAX] = { 2 };
	const char *name = cipher_names[flags & 3];
	const struct cipher_alg *alg;

	reset_direction(&st->in);
	st->seq = 0;
	st->taken = 0;
	st->result = 0;
	if (name != NULL) {
		require((alg = cipher_find(name)) != NULL);
		require(cipher_new(alg, true, key, iv, &st->sealer) == 0);
		require(cipher_new(alg, false, key, iv,
		    &st->in.keys.cipher) == 0);
	}
	if ((flags & 4) != 0) {
		st->in.keys.compressed = true;
		require(compress_new_inflate(&st->in.keys.compress) == 0);
	}
}

static void
close_stream(struct stream *st)
{
	cipher_free(st->sealer);
	st->sealer = NULL;
}

static void
take_packets(struct stream *st)
{
	uint32_t seq, next;
	uint8_t *payload;
	size_t len;
	int r;

	for (;;) {
		next = st->in.keys.seq;
		r = packet_in_next(&st->in, &payload, &len, &seq);
		if (r != 0)
			break;
		require(seq == next && st->in.keys.seq == seq + 1);
		require(len >= 1 && len <= PACKET_LENGTH_MAX);
		/* Every byte is there, and the caller's. */
		memset(payload, payload[len - 1], len);
		require(st->in.keys.bytes <= st->taken);
	}
	require(r == SSHTAP_ERR_AGAIN || r == SSHTAP_ERR_MAC ||
	    (st->in.keys.compress != NULL &&
	    (r == SSHTAP_ERR_COMPRESS || r == SSHTAP_ERR_TOO_BIG)));
	if (r != SSHTAP_ERR_AGAIN)
		st->result = r;
}

static void
feed(struct stream *st, const uint8_t *p, size_t len)
{
	uint8_t *space;
	size_t room, n;

	while (len > 0 && st->result == 0) {
		packet_in_space(&st->in, &space, &room);
		require(room > 0 && room <= PACKET_IN_SIZE);
		n = len < room ? len : room;
		memcpy(space, p, n);
		packet_in_received(&st->in, n);
		st->taken += n;
		p += n;
		len -= n;
		take_packets(st);
	}
}

/* The length is made to fit; all else is as the input has it. */
static void
feed_sealed(struct stream *st, const struct view *body)
{
	size_t block = st->sealer == NULL ? 8 :
	    cipher_alg(st->sealer)->block_len;
	size_t len = body->len;
	uint8_t *packet;

	len += (block - (len + (st->sealer == NULL ? 4 : 0)) % block) % block;
	if (len == 0 || len > BODY_MAX)
		return;
	require((packet = calloc(1, 4 + len + CIPHER_TAG_SIZE)) != NULL);
	put_be32(packet, (uint32_t)len);
	memcpy(packet + 4, body->p, body->len);
	if (st->sealer != NULL) {
		require(cipher_seal(st->sealer, st->seq, packet, packet,
		    len) == 0);
		len += CIPHER_TAG_SIZE;
	}
	st->seq++;
	feed(st, packet, 4 + len);
	free(packet);
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
    unsigned seed)
{
	return script_mutate(data, size, max, seed, 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size), piece;
	static struct stream st;
	uint8_t op;

	open_stream(&st, fuzz_u8(&v));
	while (v.len > 0 && st.result == 0) {
		op = fuzz_u8(&v);
		piece = fuzz_piece(&v);
		if ((op & 1) != 0)
			feed(&st, piece.p, piece.len);
		else
			feed_sealed(&st, &piece);
	}
	close_stream(&st);
	return 0;
}
