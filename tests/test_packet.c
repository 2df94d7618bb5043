/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The binary packet protocol, in clear and under every cipher: what is built
 * can be opened, what breaks a rule of RFC 4253 section 6 cannot, and neither
 * the ends of the storage nor the size of the pieces matter.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tests/pair.h"
#include "transport/packet.h"

/* The first stands for no cipher. */
static const char *const ciphers[] = {
	NULL,
	"aes128-gcm@openssh.com",
	"aes256-gcm@openssh.com",
	"chacha20-poly1305@openssh.com",
};
#define CIPHERS	(sizeof(ciphers) / sizeof(ciphers[0]))

struct wire {
	struct packet_out out;
	struct packet_in in;
};

static struct cipher *
make_cipher(const char *name, bool sealing)
{
	uint8_t key[CIPHER_KEY_MAX], iv[CIPHER_IV_MAX];
	struct cipher *c;

	if (name == NULL)
		return NULL;
	pair_fill(key, sizeof(key), 1);
	pair_fill(iv, sizeof(iv), 2);
	assert_int_equal(cipher_new(cipher_find(name), sealing, key, iv, &c),
	    0);
	return c;
}

static void
open_wire(struct wire *w, const char *cipher, bool compressed)
{
	assert_int_equal(packet_out_init(&w->out), 0);
	assert_int_equal(packet_in_init(&w->in), 0);
	w->out.keys.cipher = make_cipher(cipher, true);
	w->in.keys.cipher = make_cipher(cipher, false);
	if (!compressed)
		return;
	assert_int_equal(compress_new_deflate(&w->out.keys.compress), 0);
	assert_int_equal(compress_new_inflate(&w->in.keys.compress), 0);
}

static void
close_wire(struct wire *w)
{
	packet_out_clear(&w->out);
	packet_in_clear(&w->in);
}

/* With exactly the room that may be written to; freed when it is sent. */
static uint8_t *
new_payload(size_t len)
{
	size_t size = PACKET_HEADROOM + len + PACKET_TAILROOM;
	uint8_t *p = malloc(size);

	assert_non_null(p);
	memset(p, 0xee, size);
	return p + PACKET_HEADROOM;
}

static void
seal_payload(struct packet_out *o, uint8_t *p, size_t len, int r)
{
	assert_int_equal(packet_out_seal(o, p, len), r);
	free(p - PACKET_HEADROOM);
}

/* The other way to send one; it is not touched. */
static void
put_payload(struct packet_out *o, uint8_t *p, size_t len, int r)
{
	struct view v = view_of(p, len);
	uint8_t *copy = malloc(len + 1);

	assert_non_null(copy);
	memcpy(copy, p, len);
	assert_int_equal(packet_out_put(o, &v), r);
	assert_memory_equal(p, copy, len);
	free(copy);
	free(p - PACKET_HEADROOM);
}

/* By turns in the one way and the other. */
static void
put_packet(struct wire *w, size_t len, uint32_t seed)
{
	uint8_t *p = new_payload(len);

	pair_fill(p, len, seed);
	p[0] = 94;
	if (seed % 2 == 0)
		seal_payload(&w->out, p, len, 0);
	else
		put_payload(&w->out, p, len, 0);
}

/* Move up to max bytes of what waits. */
static size_t
carry(struct wire *w, size_t max)
{
	struct view v = packet_out_pending(&w->out);
	uint8_t *p;
	size_t n;

	packet_in_space(&w->in, &p, &n);
	assert_true(n > 0);
	if (n > max)
		n = max;
	if (n > v.len)
		n = v.len;
	memcpy(p, v.p, n);
	packet_in_received(&w->in, n);
	packet_out_written(&w->out, n);
	return n;
}

static void
assert_packet(struct wire *w, size_t len, uint32_t seed)
{
	uint8_t *p, *expected;
	uint32_t seq, before = w->in.keys.seq;
	size_t n;

	assert_int_equal(packet_in_next(&w->in, &p, &n, &seq), 0);
	assert_int_equal(n, len);
	assert_int_equal(seq, before);
	expected = malloc(len);
	assert_non_null(expected);
	pair_fill(expected, len, seed);
	expected[0] = 94;
	assert_memory_equal(p, expected, len);
	free(expected);
	/* Nothing of what lay around it has come along. */
	for (n = 0; w->in.keys.compress == NULL && n < p[-1]; n++)
		assert_int_equal(p[len + n], 0);
}

static int
try_next(struct packet_in *in)
{
	uint8_t *p;
	uint32_t seq;
	size_t n;

	return packet_in_next(in, &p, &n, &seq);
}

/* The whole packet must be aligned as its mode wants (RFC 4253 section 6). */
static void
assert_aligned(const struct wire *w, size_t total)
{
	if (w->out.keys.cipher == NULL) {
		assert_int_equal(total % 8, 0);
		return;
	}
	total -= CIPHER_LENGTH_SIZE + CIPHER_TAG_SIZE;
	assert_int_equal(total % cipher_alg(w->out.keys.cipher)->block_len, 0);
}

static void
check_one_size(struct wire *w, size_t len)
{
	struct view v;
	uint8_t pad;
	size_t body, tag = w->out.keys.cipher != NULL ? CIPHER_TAG_SIZE : 0;

	put_packet(w, len, (uint32_t)len);
	v = packet_out_pending(&w->out);
	assert_aligned(w, v.len);
	body = v.len - CIPHER_LENGTH_SIZE - tag;
	while (carry(w, SIZE_MAX) > 0)
		continue;
	assert_packet(w, len, (uint32_t)len);
	/* Opened where it lies: the padding length is still in front. */
	pad = w->in.base[CIPHER_LENGTH_SIZE];
	assert_int_equal(body, 1 + len + pad);
	assert_in_range(pad, PACKET_PADDING_MIN, PACKET_PADDING_MIN + 15);
	assert_int_equal(try_next(&w->in), SSHTAP_ERR_AGAIN);
}

static void
test_builds_and_opens(void **state)
{
	static const size_t sizes[] = { 1, 2, 1500, 32768, 65536,
	    PACKET_PAYLOAD_MAX - 1, PACKET_PAYLOAD_MAX };
	struct wire w;
	size_t i, n;

	(void)state;
	for (i = 0; i < CIPHERS; i++) {
		open_wire(&w, ciphers[i], false);
		for (n = 1; n < 80; n++)
			check_one_size(&w, n);
		for (n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++)
			check_one_size(&w, sizes[n]);
		assert_int_equal(w.out.keys.packets, 86);
		assert_int_equal(w.in.keys.packets, 86);
		assert_int_equal(w.out.keys.bytes, w.in.keys.bytes);
		assert_int_equal(w.out.keys.seq, 86);
		close_wire(&w);
	}
}

/*
 * A packet of that packet_length and padding_length under a cipher, whether
 * or not it may exist; what packet_in_next says to it.
 */
static int
try_packet(const char *cipher, uint32_t length, uint8_t pad, size_t *lenp)
{
	size_t total = CIPHER_LENGTH_SIZE + (size_t)length + CIPHER_TAG_SIZE;
	struct cipher *c = make_cipher(cipher, true);
	uint8_t *packet = calloc(1, total + 1), *payload, *p;
	struct packet_in in;
	uint32_t seq;
	size_t n, done;
	int r;

	assert_non_null(packet);
	put_be32(packet, length);
	packet[CIPHER_LENGTH_SIZE] = pad;
	if (c != NULL)
		assert_int_equal(cipher_seal(c, 0, packet, packet, length), 0);
	cipher_free(c);
	assert_int_equal(packet_in_init(&in), 0);
	in.keys.cipher = make_cipher(cipher, false);
	for (done = 0; done < total; done += n) {
		packet_in_space(&in, &p, &n);
		assert_true(n > 0);
		if (n > total - done)
			n = total - done;
		memcpy(p, packet + done, n);
		packet_in_received(&in, n);
	}
	if ((r = packet_in_next(&in, &payload, lenp, &seq)) != 0)
		*lenp = 0;
	packet_in_clear(&in);
	free(packet);
	return r;
}

struct limit {
	uint32_t length;
	unsigned pad;
	size_t len;		/* of the payload, 0 for a refusal */
};

static void
check_limits(const char *cipher, const struct limit *limits, size_t count)
{
	size_t i, len;
	int r;

	for (i = 0; i < count; i++) {
		r = try_packet(cipher, limits[i].length,
		    (uint8_t)limits[i].pad, &len);
		assert_int_equal(r, limits[i].len == 0 ? SSHTAP_ERR_MAC : 0);
		assert_int_equal(len, limits[i].len);
	}
}

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static void
test_limits_in_clear(void **state)
{
	static const struct limit limits[] = {
		{ 0, 0, 0 }, { 1, 4, 0 }, { 4, 0, 0 }, { 4, 4, 0 },
		{ 5, 4, 0 }, { 8, 4, 0 }, { 11, 4, 0 }, { 13, 4, 0 },
		{ 12, 4, 7 }, { 12, 10, 1 },
		{ 12, 3, 0 }, { 12, 0, 0 },		/* too little */
		{ 12, 11, 0 },				/* empty payload */
		{ 12, 12, 0 }, { 12, 255, 0 },		/* too much */
		{ 260, 255, 4 }, { 252, 255, 0 },
		{ PACKET_LENGTH_MAX - 4, 4, PACKET_LENGTH_MAX - 9 },
		{ PACKET_LENGTH_MAX, 4, 0 },		/* misaligned */
		{ PACKET_LENGTH_MAX + 1, 4, 0 },
		{ PACKET_LENGTH_MAX + 4, 4, 0 },
	};

	(void)state;
	check_limits(NULL, limits, COUNT(limits));
}

static void
test_limits_under_gcm(void **state)
{
	static const struct limit limits[] = {
		{ 0, 0, 0 }, { 4, 4, 0 }, { 5, 4, 0 }, { 8, 4, 0 },
		{ 15, 4, 0 }, { 17, 4, 0 }, { 12, 4, 0 },
		{ 16, 4, 11 }, { 16, 14, 1 },
		{ 16, 3, 0 }, { 16, 15, 0 }, { 16, 16, 0 }, { 16, 255, 0 },
		{ 272, 255, 16 },
		{ PACKET_LENGTH_MAX, 4, PACKET_LENGTH_MAX - 5 },
		{ PACKET_LENGTH_MAX + 1, 4, 0 },
		{ PACKET_LENGTH_MAX + 16, 4, 0 },
	};

	(void)state;
	check_limits(ciphers[1], limits, COUNT(limits));
	check_limits(ciphers[2], limits, COUNT(limits));
}

static void
test_limits_under_chacha(void **state)
{
	static const struct limit limits[] = {
		{ 0, 0, 0 }, { 4, 4, 0 }, { 5, 4, 0 }, { 7, 4, 0 },
		{ 9, 4, 0 }, { 12, 4, 0 },
		{ 8, 4, 3 }, { 8, 6, 1 },
		{ 8, 3, 0 }, { 8, 7, 0 }, { 8, 8, 0 }, { 8, 255, 0 },
		{ 264, 255, 8 },
		{ PACKET_LENGTH_MAX, 4, PACKET_LENGTH_MAX - 5 },
		{ PACKET_LENGTH_MAX + 1, 4, 0 },
		{ PACKET_LENGTH_MAX + 8, 4, 0 },
	};

	(void)state;
	check_limits(ciphers[3], limits, COUNT(limits));
}

/* A length word alone is enough to refuse: nothing is waited for. */
static void
test_refuses_length_at_once(void **state)
{
	static const uint32_t lengths[] = { 0, 4, PACKET_LENGTH_MAX + 4,
	    0x7ffffffc, 0x80000004, 0xfffffffc, 0xffffffff };
	struct packet_in in;
	uint8_t *p;
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(lengths); i++) {
		assert_int_equal(packet_in_init(&in), 0);
		packet_in_space(&in, &p, &n);
		put_be32(p, lengths[i]);
		packet_in_received(&in, 3);
		assert_int_equal(try_next(&in), SSHTAP_ERR_AGAIN);
		packet_in_received(&in, 1);
		assert_int_equal(try_next(&in), SSHTAP_ERR_MAC);
		packet_in_clear(&in);
	}
}

static void
test_waits_for_last_byte(void **state)
{
	struct wire w;
	size_t i, n, len;

	(void)state;
	for (i = 0; i < CIPHERS; i++) {
		open_wire(&w, ciphers[i], false);
		put_packet(&w, 100, 7);
		len = packet_out_pending(&w.out).len;
		for (n = 1; n < len; n++) {
			assert_int_equal(carry(&w, 1), 1);
			assert_int_equal(try_next(&w.in), SSHTAP_ERR_AGAIN);
		}
		assert_int_equal(carry(&w, 1), 1);
		assert_packet(&w, 100, 7);
		close_wire(&w);
	}
}

/*
 * Every bit of a sealed packet counts.  A changed length may also promise
 * more than there is: then the packet never comes out, which the bytes
 * behind it bring to light.
 */
static void
check_bit(const char *cipher, size_t bit)
{
	struct view v;
	struct wire w;
	int r;

	open_wire(&w, cipher, false);
	put_packet(&w, 40, 3);
	v = packet_out_pending(&w.out);
	w.out.base[bit / 8] ^= (uint8_t)(1 << bit % 8);
	while (carry(&w, SIZE_MAX) > 0)
		continue;
	r = try_next(&w.in);
	if (bit >= 8 * CIPHER_LENGTH_SIZE)
		assert_int_equal(r, SSHTAP_ERR_MAC);
	else
		assert_true(r == SSHTAP_ERR_MAC || r == SSHTAP_ERR_AGAIN);
	if (r == SSHTAP_ERR_AGAIN) {
		put_packet(&w, PACKET_PAYLOAD_MAX, 4);
		v = packet_out_pending(&w.out);
		while (v.len > 0 && carry(&w, SIZE_MAX) > 0)
			if ((r = try_next(&w.in)) != SSHTAP_ERR_AGAIN)
				break;
		assert_int_equal(r, SSHTAP_ERR_MAC);
	}
	close_wire(&w);
}

static void
test_refuses_every_changed_bit(void **state)
{
	struct wire w;
	size_t i, bit, bits;

	(void)state;
	for (i = 1; i < CIPHERS; i++) {
		open_wire(&w, ciphers[i], false);
		put_packet(&w, 40, 3);
		bits = 8 * packet_out_pending(&w.out).len;
		close_wire(&w);
		for (bit = 0; bit < bits; bit++)
			check_bit(ciphers[i], bit);
	}
}

/* Sizes that keep crossing the ends of both storages. */
static size_t
mixed_size(uint32_t n)
{
	if (n % 97 == 0)
		return PACKET_PAYLOAD_MAX - n % 13;
	return 1 + n * 7919u % (n % 5 == 0 ? 66000 : 1600);
}

/* Fewer than are there: something is left behind nearly always. */
static void
converse(struct wire *w, uint32_t total, uint8_t *expected)
{
	uint32_t put = 0, got = 0, seq;
	uint8_t *p;
	size_t n;

	while (got < total) {
		for (; put < total && packet_out_pending(&w->out).len <
		    PACKET_OUT_SIZE; put++)
			put_packet(w, mixed_size(put), put);
		(void)carry(w, 1 + got * 104729u % 300000);
		while (packet_in_next(&w->in, &p, &n, &seq) == 0) {
			assert_int_equal(n, mixed_size(got));
			assert_int_equal(seq, got);
			pair_fill(expected, n, got);
			expected[0] = 94;
			assert_memory_equal(p, expected, n);
			got++;
		}
	}
	assert_int_equal(got, total);
	assert_int_equal(packet_out_pending(&w->out).len, 0);
}

static void
test_contents_survive_storage_ends(void **state)
{
	uint8_t *expected = malloc(PACKET_PAYLOAD_MAX);
	struct wire w;
	size_t i;

	(void)state;
	assert_non_null(expected);
	for (i = 0; i < CIPHERS; i++) {
		open_wire(&w, ciphers[i], false);
		converse(&w, 700, expected);
		close_wire(&w);
	}
	free(expected);
}

/* Bytes that are no packets, to reach a level exactly. */
static void
fill_to(struct packet_out *o, size_t level)
{
	static const uint8_t zeros[1024];
	struct view v;
	size_t left;

	while ((left = level - packet_out_pending(o).len) > 0) {
		v = view_of(zeros, left < sizeof(zeros) ? left :
		    sizeof(zeros));
		assert_int_equal(packet_out_raw(o, &v), 0);
	}
}

static void
test_refuses_misuse(void **state)
{
	const size_t most = PACKET_PAYLOAD_MAX;
	struct packet_out o;

	(void)state;
	assert_int_equal(packet_out_init(&o), 0);
	seal_payload(&o, new_payload(most + 1), most + 1, SSHTAP_ERR_TOO_BIG);
	put_payload(&o, new_payload(most + 1), most + 1, SSHTAP_ERR_TOO_BIG);
	seal_payload(&o, new_payload(0), 0, SSHTAP_ERR_INTERNAL);
	put_payload(&o, new_payload(0), 0, SSHTAP_ERR_INTERNAL);
	assert_int_equal(packet_out_pending(&o).len, 0);
	assert_int_equal(o.keys.packets, 0);
	packet_out_clear(&o);
}

/* Noise that deflate cannot shorten; x goes on, so that nothing comes twice. */
static void
make_noise(uint8_t *p, size_t len, uint32_t *x)
{
	size_t i;

	for (i = 0; i < len; i++) {
		*x ^= *x << 13;
		*x ^= *x >> 17;
		*x ^= *x << 5;
		p[i] = (uint8_t)(*x >> 8);
	}
}

/* The largest payload fits whatever may wait, compressed or not. */
static void
test_largest_fits_behind_full_output(void **state)
{
	const size_t most = PACKET_PAYLOAD_MAX;
	uint32_t way, compressed, x = 1;
	struct wire w;
	uint8_t *p;

	(void)state;
	for (way = 0; way < 2; way++) {
		for (compressed = 0; compressed < 2; compressed++) {
			open_wire(&w, ciphers[2], compressed != 0);
			fill_to(&w.out, PACKET_OUT_SIZE - 1);
			p = new_payload(most);
			make_noise(p, most, &x);
			if (way == 0)
				seal_payload(&w.out, p, most, 0);
			else
				put_payload(&w.out, p, most, 0);
			/* And then there is an end, and nothing has changed. */
			seal_payload(&w.out, new_payload(most), most,
			    SSHTAP_ERR_AGAIN);
			put_payload(&w.out, new_payload(most), most,
			    SSHTAP_ERR_AGAIN);
			assert_int_equal(w.out.keys.packets, 1);
			close_wire(&w);
		}
	}
}

/* A sequence number goes round, a keying period does not. */
static void
test_sequence_wraps_and_period_ends(void **state)
{
	struct wire w;
	uint8_t *p;
	size_t len;
	uint32_t seq;

	(void)state;
	open_wire(&w, ciphers[3], false);
	w.out.keys.seq = w.in.keys.seq = UINT32_MAX;
	put_packet(&w, 20, 1);
	put_packet(&w, 20, 2);
	assert_int_equal(w.out.keys.seq, 1);
	while (carry(&w, SIZE_MAX) > 0)
		continue;
	assert_packet(&w, 20, 1);
	assert_packet(&w, 20, 2);
	/* The last packet that is taken, and one too many. */
	put_packet(&w, 20, 3);
	put_packet(&w, 20, 4);
	while (carry(&w, SIZE_MAX) > 0)
		continue;
	w.in.keys.packets = UINT32_MAX - 1;
	assert_packet(&w, 20, 3);
	assert_int_equal(packet_in_next(&w.in, &p, &len, &seq),
	    SSHTAP_ERR_PROTOCOL);
	w.out.keys.packets = UINT32_MAX;
	seal_payload(&w.out, new_payload(1), 1, SSHTAP_ERR_STATE);
	put_payload(&w.out, new_payload(1), 1, SSHTAP_ERR_STATE);
	assert_int_equal(packet_out_pending(&w.out).len, 0);
	close_wire(&w);
}

static void
test_raw_bytes_pass(void **state)
{
	struct view line = view_of_string("SSH-2.0-x\r\n"), v;
	struct wire w;

	(void)state;
	open_wire(&w, NULL, false);
	assert_int_equal(packet_out_raw(&w.out, &line), 0);
	put_packet(&w, 5, 5);
	while (carry(&w, 3) > 0)
		continue;
	v = packet_in_raw(&w.in);
	assert_true(view_starts_with(&v, "SSH-2.0-x\r\n"));
	packet_in_drop(&w.in, line.len);
	assert_packet(&w, 5, 5);
	assert_int_equal(packet_in_raw(&w.in).len, 0);
	close_wire(&w);
}

/* Noise grows when it is deflated; the room promised must do all the same. */
static void
test_incompressible_fits(void **state)
{
	static const size_t sizes[] = { 1, 2, 50, 1500, 16383, 16384, 65536,
	    PACKET_PAYLOAD_MAX - 1, PACKET_PAYLOAD_MAX };
	uint8_t *p, *noise = malloc(PACKET_PAYLOAD_MAX);
	uint32_t seq, x = 1;
	struct wire w;
	size_t i, n, grown;

	(void)state;
	assert_non_null(noise);
	open_wire(&w, ciphers[2], true);
	for (i = 0; i < COUNT(sizes); i++) {
		n = sizes[i];
		make_noise(noise, n, &x);
		p = new_payload(n);
		memcpy(p, noise, n);
		seal_payload(&w.out, p, n, 0);
		grown = packet_out_pending(&w.out).len;
		assert_true(grown > n);
		assert_true(grown <= CIPHER_LENGTH_SIZE + PACKET_LENGTH_MAX +
		    CIPHER_TAG_SIZE);
		while (carry(&w, SIZE_MAX) > 0)
			continue;
		assert_int_equal(packet_in_next(&w.in, &p, &grown, &seq), 0);
		assert_int_equal(grown, n);
		assert_memory_equal(p, noise, n);
	}
	close_wire(&w);
	free(noise);
}

static void
test_compressed_conversation(void **state)
{
	struct wire w;
	uint32_t i;

	(void)state;
	open_wire(&w, ciphers[3], true);
	for (i = 0; i < 300; i++) {
		put_packet(&w, 1 + i * 37 % 3000, i);
		while (carry(&w, 100) > 0)
			continue;
		assert_packet(&w, 1 + i * 37 % 3000, i);
	}
	close_wire(&w);
}

/* What inflates over the limit, to nothing, or not at all. */
static int
try_inflate(const struct view *deflated)
{
	struct wire w;
	int r;

	open_wire(&w, ciphers[1], false);
	assert_int_equal(compress_new_inflate(&w.in.keys.compress), 0);
	assert_int_equal(packet_out_put(&w.out, deflated), 0);
	while (carry(&w, SIZE_MAX) > 0)
		continue;
	r = try_next(&w.in);
	close_wire(&w);
	return r;
}

static void
test_bounds_inflation(void **state)
{
	struct buf plain, packed;
	struct compress *c;
	struct view v;
	uint8_t *p;
	size_t len;

	(void)state;
	for (len = PACKET_LENGTH_MAX; len <= PACKET_LENGTH_MAX + 1; len++) {
		buf_init(&plain, 2 * PACKET_LENGTH_MAX);
		buf_init(&packed, PACKET_LENGTH_MAX);
		assert_int_equal(buf_put_space(&plain, len, &p), 0);
		memset(p, 0, len);
		v = buf_view(&plain);
		assert_int_equal(compress_new_deflate(&c), 0);
		assert_int_equal(compress_run(c, &v, &packed), 0);
		v = buf_view(&packed);
		assert_int_equal(try_inflate(&v), len > PACKET_LENGTH_MAX ?
		    SSHTAP_ERR_TOO_BIG : 0);
		compress_free(c);
		buf_clear(&plain);
		buf_clear(&packed);
	}
	/* A zlib header alone inflates to nothing. */
	v = view_of("\x78\x9c", 2);
	assert_int_equal(try_inflate(&v), SSHTAP_ERR_MAC);
	v = view_of_string("this is no zlib stream");
	assert_int_equal(try_inflate(&v), SSHTAP_ERR_COMPRESS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builds_and_opens),
		cmocka_unit_test(test_limits_in_clear),
		cmocka_unit_test(test_limits_under_gcm),
		cmocka_unit_test(test_limits_under_chacha),
		cmocka_unit_test(test_refuses_length_at_once),
		cmocka_unit_test(test_waits_for_last_byte),
		cmocka_unit_test(test_refuses_every_changed_bit),
		cmocka_unit_test(test_contents_survive_storage_ends),
		cmocka_unit_test(test_refuses_misuse),
		cmocka_unit_test(test_largest_fits_behind_full_output),
		cmocka_unit_test(test_sequence_wraps_and_period_ends),
		cmocka_unit_test(test_raw_bytes_pass),
		cmocka_unit_test(test_incompressible_fits),
		cmocka_unit_test(test_compressed_conversation),
		cmocka_unit_test(test_bounds_inflation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
