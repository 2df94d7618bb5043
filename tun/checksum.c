/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The sum of 16-bit words in one's complement does not care how wide the
 * words are that are added, nor in which byte order (RFC 1071 section 2), so
 * the bytes are taken as 32-bit halves of wide words in the order of this
 * host and added into 64-bit lanes, which 2^32 such words cannot overflow.
 * Every frame is read by this, at times twice.  That is why the lanes are a
 * type of the compiler's (both gcc and clang have it on all processors): gcc
 * at -O2 makes no vectors by itself before its version 12, and later only
 * where it can prove that nothing is left over.
 */

#include "tun/checksum.h"

#include <arpa/inet.h>

#include <string.h>

#include "tun/bytes.h"

/* Offsets in the headers: RFC 791, 8200, 9293, 768. */
#define IPV4_CHECKSUM	10
#define IPV4_ADDRESSES	12
#define IPV6_ADDRESSES	8
#define IPV4_ADDRESSES_LEN	8
#define IPV6_ADDRESSES_LEN	32
#define UDP_CHECKSUM	6

#define STEP		32

typedef uint64_t lanes __attribute__((vector_size(16)));

struct sums {
	lanes low;
	lanes high;
};

static inline lanes
load(const uint8_t *p)
{
	lanes w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static inline void
store(uint8_t *p, lanes w)
{
	memcpy(p, &w, sizeof(w));
}

static inline void
add(struct sums *s, lanes w)
{
	const lanes mask = { UINT32_MAX, UINT32_MAX };

	s->low += w & mask;
	s->high += w >> 32;
}

/* What is left at the end, padded with zeros to a whole number of words. */
static uint64_t
add_rest(const uint8_t *p, size_t len)
{
	uint64_t sum = 0;
	uint32_t w;
	uint16_t half;
	uint8_t last[2] = { 0, 0 };

	for (; len >= sizeof(w); len -= sizeof(w), p += sizeof(w)) {
		memcpy(&w, p, sizeof(w));
		sum += w;
	}
	if (len >= sizeof(half)) {
		memcpy(&half, p, sizeof(half));
		sum += half;
		len -= sizeof(half);
		p += sizeof(half);
	}
	if (len > 0) {
		last[0] = *p;
		memcpy(&half, last, sizeof(half));
		sum += half;
	}
	return sum;
}

/* Lanes and the rest to a number that does not depend on the host. */
static uint64_t
finish(const struct sums *a, const struct sums *b, uint64_t rest)
{
	lanes all = a->low + a->high + b->low + b->high;

	return ntohs(checksum_fold((all[0] & UINT32_MAX) + (all[0] >> 32) +
	    (all[1] & UINT32_MAX) + (all[1] >> 32) + rest));
}

uint64_t
checksum_add(uint64_t sum, const uint8_t *p, size_t len)
{
	struct sums a = { { 0, 0 }, { 0, 0 } }, b = a;

	for (; len >= STEP; len -= STEP, p += STEP) {
		add(&a, load(p));
		add(&b, load(p + 16));
	}
	return sum + finish(&a, &b, add_rest(p, len));
}

uint64_t
checksum_copy(uint64_t sum, uint8_t *to, const uint8_t *from, size_t len)
{
	struct sums a = { { 0, 0 }, { 0, 0 } }, b = a;
	lanes w, x;

	for (; len >= STEP; len -= STEP, from += STEP, to += STEP) {
		w = load(from);
		x = load(from + 16);
		store(to, w);
		store(to + 16, x);
		add(&a, w);
		add(&b, x);
	}
	memcpy(to, from, len);
	return sum + finish(&a, &b, add_rest(from, len));
}

uint16_t
checksum_fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	while (sum > UINT16_MAX)
		sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)sum;
}

/* RFC 9293 section 3.1, 768, 8200 section 8.1. */
uint64_t
checksum_pseudo(const uint8_t *frame, const struct headers *h, size_t len)
{
	const uint8_t *ip = frame + h->l3;
	uint64_t sum = (uint64_t)h->protocol + (len >> 16) + (len & 0xffff);

	if (h->version == 4)
		return checksum_add(sum, ip + IPV4_ADDRESSES,
		    IPV4_ADDRESSES_LEN);
	return checksum_add(sum, ip + IPV6_ADDRESSES, IPV6_ADDRESSES_LEN);
}

void
checksum_put_ip(uint8_t *frame, const struct headers *h)
{
	uint8_t *ip = frame + h->l3;
	uint64_t sum;

	if (h->version != 4)
		return;
	bytes_put_u16(ip + IPV4_CHECKSUM, 0);
	sum = checksum_add(0, ip, (size_t)(ip[0] & 0xf) * 4);
	bytes_put_u16(ip + IPV4_CHECKSUM, (uint16_t)~checksum_fold(sum));
}

bool
checksum_is_right(const uint8_t *frame, const struct headers *h)
{
	const uint8_t *l4 = frame + h->l4;
	size_t len = h->end - h->l4;

	if (h->protocol == HEADERS_PROTO_UDP &&
	    bytes_u16(l4 + UDP_CHECKSUM) == 0)
		return false;
	return checksum_fold(checksum_add(checksum_pseudo(frame, h, len), l4,
	    len)) == 0xffff;
}
