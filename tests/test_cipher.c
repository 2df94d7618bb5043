/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Packet ciphers against a second implementation.  The published vectors do
 * not have SSH's shape (four bytes of associated data, two keys, a nonce of
 * eight bytes), so slow references are written out below from GHASH,
 * ChaCha20's quarter round and Poly1305's arithmetic, each is checked against
 * its published vector, and the packets are then compared with what the
 * references make of SSH's layout.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/bn.h>
#include <openssl/evp.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "transport/cipher.h"

#define AES_GCM_128	"aes128-gcm@openssh.com"
#define AES_GCM_256	"aes256-gcm@openssh.com"
#define CHACHA		"chacha20-poly1305@openssh.com"

#define BODY_MAX	2048
#define PACKET_MAX	(CIPHER_LENGTH_SIZE + BODY_MAX + CIPHER_TAG_SIZE)

static const char *const names[] = { AES_GCM_128, AES_GCM_256, CHACHA };

#define NAME_COUNT	(sizeof(names) / sizeof(names[0]))

static size_t
unhex(const char *hex, uint8_t *out)
{
	char pair[3] = { 0 };
	size_t i, len = strlen(hex) / 2;

	for (i = 0; i < len; i++) {
		memcpy(pair, hex + 2 * i, 2);
		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return len;
}

static void
assert_hex(const uint8_t *p, const char *hex)
{
	uint8_t want[256];
	size_t len = unhex(hex, want);

	assert_memory_equal(p, want, len);
}

static void
fill(uint8_t *p, size_t len, unsigned int seed)
{
	uint32_t x = seed * 2654435761u + 1;
	size_t i;

	for (i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		p[i] = (uint8_t)(x >> 24);
	}
}

/* AES on one block, the only thing the GCM reference takes from outside. */
static void
ref_aes(const uint8_t *key, size_t key_len, const uint8_t in[16],
    uint8_t out[16])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	assert_non_null(ctx);
	assert_int_equal(EVP_EncryptInit_ex(ctx, key_len == 16 ?
	    EVP_aes_128_ecb() : EVP_aes_256_ecb(), NULL, key, NULL), 1);
	assert_int_equal(EVP_CIPHER_CTX_set_padding(ctx, 0), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, out, &n, in, 16), 1);
	EVP_CIPHER_CTX_free(ctx);
}

/* x = x * h in GF(2^128), SP 800-38D section 6.3. */
static void
ref_multiply(uint8_t x[16], const uint8_t h[16])
{
	uint8_t v[16], z[16] = { 0 };
	int bit, i, low;

	memcpy(v, h, 16);
	for (bit = 0; bit < 128; bit++) {
		if ((x[bit / 8] >> (7 - bit % 8) & 1) != 0)
			for (i = 0; i < 16; i++)
				z[i] ^= v[i];
		low = v[15] & 1;
		for (i = 15; i > 0; i--)
			v[i] = (uint8_t)(v[i] >> 1 | v[i - 1] << 7);
		v[0] = (uint8_t)(v[0] >> 1 ^ (low ? 0xe1 : 0));
	}
	memcpy(x, z, 16);
}

static void
ref_ghash(uint8_t x[16], const uint8_t h[16], const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		x[i % 16] ^= p[i];
		if (i % 16 == 15 || i == len - 1)
			ref_multiply(x, h);
	}
}

static void
ref_gcm(const uint8_t *key, size_t key_len, const uint8_t iv[12],
    const uint8_t *aad, size_t aad_len, uint8_t *p, size_t len,
    uint8_t tag[16])
{
	uint8_t h[16], counter[16], pad[16], lengths[16];
	const uint8_t zero[16] = { 0 };
	size_t i;

	ref_aes(key, key_len, zero, h);
	memcpy(counter, iv, 12);
	for (i = 0; i < len; i++) {
		if (i % 16 == 0) {
			put_be32(counter + 12, (uint32_t)(i / 16 + 2));
			ref_aes(key, key_len, counter, pad);
		}
		p[i] ^= pad[i % 16];
	}
	memset(tag, 0, 16);
	ref_ghash(tag, h, aad, aad_len);
	ref_ghash(tag, h, p, len);
	put_be64(lengths, (uint64_t)aad_len * 8);
	put_be64(lengths + 8, (uint64_t)len * 8);
	ref_ghash(tag, h, lengths, 16);
	put_be32(counter + 12, 1);
	ref_aes(key, key_len, counter, pad);
	for (i = 0; i < 16; i++)
		tag[i] ^= pad[i];
}

static uint32_t
get_le32(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[1] << 8 | p[0];
}

static void
put_le32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
	p[2] = (uint8_t)(value >> 16);
	p[3] = (uint8_t)(value >> 24);
}

/* RFC 8439 section 2.1. */
static void
ref_quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	*a += *b; *d ^= *a; *d = *d << 16 | *d >> 16;
	*c += *d; *b ^= *c; *b = *b << 12 | *b >> 20;
	*a += *b; *d ^= *a; *d = *d << 8 | *d >> 24;
	*c += *d; *b ^= *c; *b = *b << 7 | *b >> 25;
}

/* One block; tail: the last four words of the state as bytes. */
static void
ref_block(const uint8_t key[32], const uint8_t tail[16], uint8_t out[64])
{
	uint32_t s[16], x[16];
	int i;

	for (i = 0; i < 4; i++) {
		s[i] = get_le32((const uint8_t *)"expand 32-byte k" + 4 * i);
		s[12 + i] = get_le32(tail + 4 * i);
	}
	for (i = 0; i < 8; i++)
		s[4 + i] = get_le32(key + 4 * i);
	memcpy(x, s, sizeof(x));
	for (i = 0; i < 10; i++) {
		ref_quarter(&x[0], &x[4], &x[8], &x[12]);
		ref_quarter(&x[1], &x[5], &x[9], &x[13]);
		ref_quarter(&x[2], &x[6], &x[10], &x[14]);
		ref_quarter(&x[3], &x[7], &x[11], &x[15]);
		ref_quarter(&x[0], &x[5], &x[10], &x[15]);
		ref_quarter(&x[1], &x[6], &x[11], &x[12]);
		ref_quarter(&x[2], &x[7], &x[8], &x[13]);
		ref_quarter(&x[3], &x[4], &x[9], &x[14]);
	}
	for (i = 0; i < 16; i++)
		put_le32(out + 4 * i, x[i] + s[i]);
}

/* PROTOCOL.chacha20poly1305: 64-bit counter, nonce = sequence number. */
static void
ref_stream(const uint8_t key[32], uint32_t block, uint32_t seq, uint8_t *p,
    size_t len)
{
	uint8_t tail[16] = { 0 }, out[64];
	size_t i;

	put_be32(tail + 12, seq);
	for (i = 0; i < len; i++) {
		if (i % 64 == 0) {
			put_le32(tail, block + (uint32_t)(i / 64));
			ref_block(key, tail, out);
		}
		p[i] ^= out[i % 64];
	}
}

/* RFC 8439 section 2.5 in big numbers. */
static void
ref_poly1305(const uint8_t key[32], const uint8_t *p, size_t len,
    uint8_t tag[16])
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *acc = BN_new(), *prime = BN_new(), *n = BN_new();
	uint8_t r[16], chunk[17], sum[17];
	BIGNUM *bn_r;
	size_t i, take;

	memcpy(r, key, 16);
	for (i = 3; i < 16; i += 4)
		r[i] &= 15;
	for (i = 4; i < 16; i += 4)
		r[i] &= 252;
	bn_r = BN_lebin2bn(r, 16, NULL);
	assert_true(ctx != NULL && acc != NULL && n != NULL && bn_r != NULL);
	assert_true(BN_set_bit(prime, 130) && BN_sub_word(prime, 5));
	for (i = 0; i < len; i += take) {
		take = len - i < 16 ? len - i : 16;
		memcpy(chunk, p + i, take);
		chunk[take] = 1;
		assert_non_null(BN_lebin2bn(chunk, (int)take + 1, n));
		assert_true(BN_add(acc, acc, n) &&
		    BN_mod_mul(acc, acc, bn_r, prime, ctx));
	}
	assert_non_null(BN_lebin2bn(key + 16, 16, n));
	assert_true(BN_add(acc, acc, n) && BN_mask_bits(acc, 128) >= 0);
	assert_int_equal(BN_bn2lebinpad(acc, sum, 17), 17);
	memcpy(tag, sum, 16);
	BN_free(acc);
	BN_free(prime);
	BN_free(n);
	BN_free(bn_r);
	BN_CTX_free(ctx);
}

/* McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B. */
static void
test_gcm_reference(void **state)
{
	static const char plain[] =
	    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
	uint8_t key[32], iv[12], aad[20], p[60], tag[16];

	(void)state;
	unhex("feffe9928665731c6d6a8f9467308308", key);
	memcpy(key + 16, key, 16);
	unhex("cafebabefacedbaddecaf888", iv);
	unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2", aad);
	/* Test case 4. */
	unhex(plain, p);
	ref_gcm(key, 16, iv, aad, 20, p, 60, tag);
	assert_hex(p,
	    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
	    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091");
	assert_hex(tag, "5bc94fbc3221a5db94fae95ae7121a47");
	/* Test case 16. */
	unhex(plain, p);
	ref_gcm(key, 32, iv, aad, 20, p, 60, tag);
	assert_hex(p,
	    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662");
	assert_hex(tag, "76fc6ece0f4e1768cddf8853bb2d551b");
}

static void
test_chacha_reference(void **state)
{
	uint8_t key[32], tail[16], out[64], tag[16];
	size_t i;

	(void)state;
	/* RFC 8439 section 2.3.2 */
	for (i = 0; i < 32; i++)
		key[i] = (uint8_t)i;
	unhex("01000000000000090000004a00000000", tail);
	ref_block(key, tail, out);
	assert_hex(out,
	    "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
	    "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e");
	/* RFC 8439 section 2.5.2 */
	unhex("85d6be7857556d337f4452fe42d506a8"
	    "0103808afb0db2fd4abff6af4149f51b", key);
	ref_poly1305(key,
	    (const uint8_t *)"Cryptographic Forum Research Group", 34, tag);
	assert_hex(tag, "a8061dc1305136c6c22b8baf0c0127a9");
}

static void
open_pair(const char *name, const uint8_t *key, const uint8_t *iv,
    struct cipher **sealp, struct cipher **openp)
{
	const struct cipher_alg *alg = cipher_find(name);

	assert_non_null(alg);
	assert_int_equal(cipher_new(alg, true, key, iv, sealp), 0);
	assert_int_equal(cipher_new(alg, false, key, iv, openp), 0);
}

/* Lengths with every kind of last block. */
static const size_t lengths[] = {
	0, 1, 4, 8, 15, 16, 17, 31, 32, 60, 63, 64, 65, 80, 127, 128, 129,
	1520, 2048,
};

#define LENGTH_COUNT	(sizeof(lengths) / sizeof(lengths[0]))

static void
check_gcm(const char *name, size_t key_len)
{
	uint8_t key[CIPHER_KEY_MAX], iv[CIPHER_IV_MAX], at[CIPHER_IV_MAX];
	uint8_t packet[PACKET_MAX], want[PACKET_MAX];
	struct cipher *c, *unused;
	size_t i, len;

	fill(key, sizeof(key), 1);
	fill(iv, sizeof(iv), 2);
	iv[11] = 0xf8;		/* so that it carries */
	open_pair(name, key, iv, &c, &unused);
	memcpy(at, iv, sizeof(at));
	for (i = 0; i < LENGTH_COUNT; i++) {
		len = lengths[i];
		put_be32(packet, (uint32_t)len);
		fill(packet + 4, len, (unsigned int)i);
		memcpy(want, packet, 4 + len);
		put_be32(at + 8, get_be32(iv + 8) + (uint32_t)i);
		ref_gcm(key, key_len, at, want, 4, want + 4, len,
		    want + 4 + len);
		/* The sequence number plays no part. */
		assert_int_equal(cipher_seal(c, 77, packet, packet, len), 0);
		assert_memory_equal(packet, want, 4 + len + 16);
	}
	cipher_free(c);
	cipher_free(unused);
}

static void
test_gcm_packets_match_the_reference(void **state)
{
	(void)state;
	check_gcm(AES_GCM_128, 16);
	check_gcm(AES_GCM_256, 32);
}

/* RFC 5647 section 7.1: 64 bits, no carry into the fixed field. */
static void
test_gcm_counter_wraps(void **state)
{
	uint8_t key[CIPHER_KEY_MAX], iv[12], at[12];
	uint8_t packet[4 + 16 + 16], want[4 + 16 + 16];
	struct cipher *seal, *open;
	int i;

	(void)state;
	fill(key, sizeof(key), 1);
	unhex("01020304fffffffffffffffe", iv);
	open_pair(AES_GCM_256, key, iv, &seal, &open);
	for (i = 0; i < 4; i++) {
		put_be32(packet, 16);
		fill(packet + 4, 16, 9);
		memcpy(want, packet, 20);
		memcpy(at, iv, 4);
		put_be64(at + 4, UINT64_MAX - 1 + (uint64_t)i);
		ref_gcm(key, 32, at, want, 4, want + 4, 16, want + 20);
		assert_int_equal(cipher_seal(seal, 0, packet, packet, 16), 0);
		assert_memory_equal(packet, want, sizeof(want));
		assert_int_equal(cipher_open(open, 0, packet, 16), 0);
	}
	cipher_free(seal);
	cipher_free(open);
}

static void
ref_chacha_packet(const uint8_t key[64], uint32_t seq, uint8_t *packet,
    size_t len)
{
	uint8_t poly_key[32] = { 0 };

	ref_stream(key, 0, seq, poly_key, sizeof(poly_key));
	ref_stream(key + 32, 0, seq, packet, 4);
	ref_stream(key, 1, seq, packet + 4, len);
	ref_poly1305(poly_key, packet, 4 + len, packet + 4 + len);
}

static void
test_chacha_packets_match_the_reference(void **state)
{
	static const uint32_t seqs[] = {
		0, 1, 255, 256, 0x01020304, 0x7fffffff, 0x80000000,
		0xffffffff,
	};
	uint8_t key[64], packet[PACKET_MAX], want[PACKET_MAX];
	struct cipher *c, *unused;
	size_t i, j, len;

	(void)state;
	fill(key, sizeof(key), 1);
	open_pair(CHACHA, key, NULL, &c, &unused);
	for (i = 0; i < LENGTH_COUNT; i++) {
		for (j = 0; j < sizeof(seqs) / sizeof(seqs[0]); j++) {
			len = lengths[i];
			put_be32(packet, (uint32_t)len);
			fill(packet + 4, len, (unsigned int)i);
			memcpy(want, packet, 4 + len);
			ref_chacha_packet(key, seqs[j], want, len);
			assert_int_equal(cipher_seal(c, seqs[j], packet,
			    packet, len), 0);
			assert_memory_equal(packet, want, 4 + len + 16);
		}
	}
	cipher_free(c);
	cipher_free(unused);
}

/* Many packets through one pair of objects, the number wrapping on the way. */
static void
test_many_packets(void **state)
{
	uint8_t key[CIPHER_KEY_MAX], iv[CIPHER_IV_MAX];
	uint8_t packet[PACKET_MAX], plain[BODY_MAX];
	struct cipher *seal, *open;
	uint32_t seq, n;
	size_t i, j, len;

	(void)state;
	fill(key, sizeof(key), 1);
	fill(iv, sizeof(iv), 2);
	for (i = 0; i < NAME_COUNT; i++) {
		open_pair(names[i], key, iv, &seal, &open);
		seq = UINT32_MAX - 1000;
		for (j = 0; j < 4000; j++, seq++) {
			len = (j * 37) % BODY_MAX;
			fill(plain, len, (unsigned int)j);
			put_be32(packet, (uint32_t)len);
			memcpy(packet + 4, plain, len);
			assert_int_equal(cipher_seal(seal, seq, packet, packet,
			    len), 0);
			assert_int_equal(cipher_length(open, seq, packet, &n),
			    0);
			assert_int_equal(n, len);
			assert_int_equal(cipher_open(open, seq, packet, len),
			    0);
			assert_memory_equal(packet + 4, plain, len);
		}
		cipher_free(seal);
		cipher_free(open);
	}
}

/* No eight bytes in a row of the plaintext are left. */
static void
assert_no_plaintext(const uint8_t *p, const uint8_t *plain, size_t len)
{
	size_t i;

	for (i = 0; i + 8 <= len; i++)
		assert_memory_not_equal(p + i, plain + i, 8);
}

static void
check_tampered(const char *name, const uint8_t *sealed, size_t len,
    size_t bit, const uint8_t *plain)
{
	uint8_t key[CIPHER_KEY_MAX], iv[CIPHER_IV_MAX], packet[PACKET_MAX];
	struct cipher *seal, *open;

	fill(key, sizeof(key), 1);
	fill(iv, sizeof(iv), 2);
	open_pair(name, key, iv, &seal, &open);
	memcpy(packet, sealed, 4 + len + 16);
	packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
	assert_int_equal(cipher_open(open, 5, packet, len),
	    SSHTAP_ERR_MAC);
	assert_no_plaintext(packet + 4, plain, len);
	cipher_free(seal);
	cipher_free(open);
}

/* From another place the same comes out, and that place is only read. */
static void
test_sealing_elsewhere(void **state)
{
	uint8_t key[CIPHER_KEY_MAX], iv[CIPHER_IV_MAX];
	uint8_t there[PACKET_MAX], here[PACKET_MAX], clear[4 + BODY_MAX];
	struct cipher *to, *in;
	size_t i, j, len;

	(void)state;
	fill(key, sizeof(key), 1);
	fill(iv, sizeof(iv), 2);
	for (i = 0; i < NAME_COUNT; i++) {
		assert_in_range(cipher_find(names[i])->block_len, 1,
		    CIPHER_BLOCK_MAX);
		assert_int_equal(cipher_new(cipher_find(names[i]), true, key,
		    iv, &to), 0);
		assert_int_equal(cipher_new(cipher_find(names[i]), true, key,
		    iv, &in), 0);
		for (j = 0; j < LENGTH_COUNT; j++) {
			len = lengths[j];
			put_be32(clear, (uint32_t)len);
			fill(clear + 4, len, (unsigned int)j);
			memcpy(here, clear, 4 + len);
			assert_int_equal(cipher_seal(in, 9, here, here, len),
			    0);
			assert_int_equal(cipher_seal(to, 9, there, clear,
			    len), 0);
			assert_memory_equal(there, here, 4 + len + 16);
			fill(here, len, (unsigned int)j);
			assert_memory_equal(clear + 4, here, len);
			assert_int_equal(get_be32(clear), len);
		}
		cipher_free(to);
		cipher_free(in);
	}
}

static void
test_every_changed_bit_is_seen(void **state)
{
	uint8_t key[CIPHER_KEY_MAX], iv[CIPHER_IV_MAX];
	uint8_t packet[PACKET_MAX], plain[32];
	struct cipher *seal, *open;
	size_t i, bit;

	(void)state;
	fill(key, sizeof(key), 1);
	fill(iv, sizeof(iv), 2);
	fill(plain, sizeof(plain), 3);
	for (i = 0; i < NAME_COUNT; i++) {
		open_pair(names[i], key, iv, &seal, &open);
		put_be32(packet, sizeof(plain));
		memcpy(packet + 4, plain, sizeof(plain));
		assert_int_equal(cipher_seal(seal, 5, packet, packet,
		    sizeof(plain)), 0);
		for (bit = 0; bit < (4 + sizeof(plain) + 16) * 8; bit++)
			check_tampered(names[i], packet, sizeof(plain), bit,
			    plain);
		/* Untouched it is good. */
		assert_int_equal(cipher_open(open, 5, packet, sizeof(plain)),
		    0);
		assert_memory_equal(packet + 4, plain, sizeof(plain));
		cipher_free(seal);
		cipher_free(open);
	}
}

/* Replayed, in the wrong place, cut by a block: each must fail. */
static void
test_position_and_length_are_bound(void **state)
{
	uint8_t key[CIPHER_KEY_MAX], iv[CIPHER_IV_MAX];
	uint8_t first[4 + 32 + 16], packet[sizeof(first)];
	struct cipher *seal, *open;
	size_t i;

	(void)state;
	fill(key, sizeof(key), 1);
	fill(iv, sizeof(iv), 2);
	for (i = 0; i < NAME_COUNT; i++) {
		open_pair(names[i], key, iv, &seal, &open);
		put_be32(first, 32);
		fill(first + 4, 32, 3);
		assert_int_equal(cipher_seal(seal, 1, first, first, 32), 0);
		memcpy(packet, first, sizeof(first));
		assert_int_equal(cipher_open(open, 1, packet, 32), 0);
		memcpy(packet, first, sizeof(first));
		assert_int_equal(cipher_open(open, 2, packet, 32),
		    SSHTAP_ERR_MAC);
		cipher_free(seal);
		cipher_free(open);
		open_pair(names[i], key, iv, &seal, &open);
		memcpy(packet, first, sizeof(first));
		assert_int_equal(cipher_open(open, 1, packet, 16),
		    SSHTAP_ERR_MAC);
		cipher_free(seal);
		cipher_free(open);
	}
}

static void
test_open_leaves_the_length_word(void **state)
{
	uint8_t key[CIPHER_KEY_MAX], iv[CIPHER_IV_MAX];
	uint8_t packet[4 + 16 + 16], word[4];
	struct cipher *seal, *open;
	size_t i;

	(void)state;
	fill(key, sizeof(key), 1);
	fill(iv, sizeof(iv), 2);
	for (i = 0; i < NAME_COUNT; i++) {
		open_pair(names[i], key, iv, &seal, &open);
		put_be32(packet, 16);
		fill(packet + 4, 16, 3);
		assert_int_equal(cipher_seal(seal, 1, packet, packet, 16), 0);
		memcpy(word, packet, 4);
		assert_int_equal(cipher_open(open, 1, packet, 16), 0);
		assert_memory_equal(packet, word, 4);
		cipher_free(seal);
		cipher_free(open);
	}
}

static void
test_direction_is_fixed(void **state)
{
	uint8_t key[CIPHER_KEY_MAX], iv[CIPHER_IV_MAX], packet[36] = { 0 };
	struct cipher *seal, *open;
	uint32_t len;
	size_t i;

	(void)state;
	fill(key, sizeof(key), 1);
	fill(iv, sizeof(iv), 2);
	for (i = 0; i < NAME_COUNT; i++) {
		open_pair(names[i], key, iv, &seal, &open);
		assert_int_equal(cipher_seal(open, 0, packet, packet, 16),
		    SSHTAP_ERR_INTERNAL);
		assert_int_equal(cipher_open(seal, 0, packet, 16),
		    SSHTAP_ERR_INTERNAL);
		assert_int_equal(cipher_length(seal, 0, packet, &len),
		    SSHTAP_ERR_INTERNAL);
		assert_int_equal(cipher_open(open, 0, packet, SIZE_MAX),
		    SSHTAP_ERR_INTERNAL);
		cipher_free(seal);
		cipher_free(open);
	}
}

static void
assert_alg(const char *name, size_t key_len, size_t iv_len, size_t block_len,
    bool needs_strict, uint64_t rekey_bytes)
{
	const struct cipher_alg *alg = cipher_find(name);

	assert_non_null(alg);
	assert_string_equal(alg->name, name);
	assert_int_equal(alg->key_len, key_len);
	assert_int_equal(alg->iv_len, iv_len);
	assert_int_equal(alg->block_len, block_len);
	assert_int_equal(alg->needs_strict_kex, needs_strict);
	assert_true(alg->rekey_bytes == rekey_bytes);
	assert_true(strstr(CIPHER_DEFAULT_LIST, name) != NULL);
}

static void
test_table(void **state)
{
	const uint64_t gib = (uint64_t)1 << 30;
	uint8_t key[CIPHER_KEY_MAX] = { 0 };
	struct cipher *c;

	(void)state;
	assert_alg(AES_GCM_128, 16, 12, 16, false, 32 * gib);
	assert_alg(AES_GCM_256, 32, 12, 16, false, 32 * gib);
	assert_alg(CHACHA, 64, 0, 8, true, gib);
	assert_null(cipher_find(""));
	assert_null(cipher_find("aes256-ctr"));
	assert_null(cipher_find("aes256-gcm"));
	assert_null(cipher_find(AES_GCM_256 "x"));
	assert_int_equal(cipher_new(cipher_find(CHACHA), true, key, NULL, &c),
	    0);
	assert_ptr_equal(cipher_alg(c), cipher_find(CHACHA));
	cipher_free(c);
	cipher_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gcm_reference),
		cmocka_unit_test(test_chacha_reference),
		cmocka_unit_test(test_gcm_packets_match_the_reference),
		cmocka_unit_test(test_gcm_counter_wraps),
		cmocka_unit_test(test_chacha_packets_match_the_reference),
		cmocka_unit_test(test_many_packets),
		cmocka_unit_test(test_sealing_elsewhere),
		cmocka_unit_test(test_every_changed_bit_is_seen),
		cmocka_unit_test(test_position_and_length_are_bound),
		cmocka_unit_test(test_open_leaves_the_length_word),
		cmocka_unit_test(test_direction_is_fixed),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
