/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Behind the IP header one walk finds what carries the ports; what is done with
 * it differs: headers_get() refuses whatever it cannot vouch for,
 * headers_flow() makes do with what there is.  Each offset was held against
 * what is there before anything behind it is read.
 */

#include "tun/headers.h"

#include <string.h>

#include "lib/err.h"
#include "tun/bytes.h"

#define ETHERTYPE_AT	12
#define ETHERTYPE_IPV4	0x0800
#define ETHERTYPE_IPV6	0x86dd
#define ETHERTYPE_VLAN	0x8100	/* 802.1Q, and 802.1ad outside of it */
#define ETHERTYPE_QINQ	0x88a8
#define VLAN_TAGS_MAX	2

/* The wire's numbers, whatever the system's own (doc/PROTOCOL section 8). */
#define FAMILY_IPV4	2
#define FAMILY_IPV6	24

/* RFC 791 section 3.1. */
#define IPV4_TOS	1
#define IPV4_TOTAL	2
#define IPV4_ID		4
#define IPV4_FRAGMENT	6
#define IPV4_FRAGMENT_MASK 0x3fff	/* offset and MF, not DF */
#define IPV4_PROTOCOL	9
#define IPV4_CHECKSUM	10
#define IPV4_ADDRESSES	12

/* RFC 8200 sections 3 and 4. */
#define IPV6_LENGTH	4
#define IPV6_NEXT	6
#define IPV6_ADDRESSES	8
#define IPV6_HOP_BY_HOP	0
#define IPV6_ROUTING	43
#define IPV6_FRAGMENT	44
#define IPV6_OPTIONS	60
#define IPV6_EXT_UNIT	8
#define IPV6_FRAGMENT_ID 4
#define IPV6_EXTS_MAX	8	/* nobody sends more; each is up to 2 KiB */

/* Others that begin with two ports: RFC 4340, 9260, 3828. */
#define PROTO_DCCP	33
#define PROTO_SCTP	132
#define PROTO_UDPLITE	136

/* RFC 9293 section 3.1, RFC 768. */
#define TCP_DATA_OFFSET	12
#define UDP_LENGTH	4

/* ECN bits of the traffic class: RFC 3168 section 5. */
#define ECN_MASK	3
#define ECN_CE		3
#define IPV6_ECN_SHIFT	4	/* in the second byte of the header */

/* What the walk found. */
struct packet {
	const uint8_t *ip;
	size_t left;		/* bytes of the frame from there */
	uint8_t version;
	uint8_t protocol;	/* behind all extension headers */
	size_t l4;		/* from ip on; it may be outside */
	bool is_fragment;
	uint32_t fragment_id;
	bool is_simple;
};

/* Has it at least its own fixed header? */
static bool
is_ip(const struct packet *k)
{
	if (k->version == 4)
		return k->left >= HEADERS_IPV4_MIN && k->ip[0] >> 4 == 4 &&
		    (k->ip[0] & 0xf) * 4 >= HEADERS_IPV4_MIN;
	return k->left >= HEADERS_IPV6 && k->ip[0] >> 4 == 6;
}

/* IPv4 or IPv6 behind the address family word. */
static bool
find_ip_behind_family(const uint8_t *frame, size_t len, struct packet *k)
{
	uint32_t family;

	if (len < HEADERS_FAMILY)
		return false;
	family = bytes_u32(frame);
	k->ip = frame + HEADERS_FAMILY;
	k->left = len - HEADERS_FAMILY;
	k->version = family == FAMILY_IPV4 ? 4 : 6;
	k->is_simple = true;
	return (family == FAMILY_IPV4 || family == FAMILY_IPV6) && is_ip(k);
}

/* IPv4 or IPv6 behind the tags. */
static bool
find_ip(const uint8_t *frame, size_t len, struct packet *k)
{
	size_t at = ETHERTYPE_AT;
	uint16_t type;
	unsigned tags = 0;

	for (;;) {
		if (len < at + 2)
			return false;
		type = bytes_u16(frame + at);
		at += 2;
		if (type != ETHERTYPE_VLAN && type != ETHERTYPE_QINQ)
			break;
		if (++tags > VLAN_TAGS_MAX)
			return false;
		at += HEADERS_VLAN_TAG - 2;
	}
	k->ip = frame + at;
	k->left = len - at;
	k->version = type == ETHERTYPE_IPV4 ? 4 : 6;
	k->is_simple = tags == 0;
	return (type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6) && is_ip(k);
}

static void
walk_ipv4(struct packet *k)
{
	k->l4 = (size_t)(k->ip[0] & 0xf) * 4;
	k->protocol = k->ip[IPV4_PROTOCOL];
	k->is_fragment = (bytes_u16(k->ip + IPV4_FRAGMENT) &
	    IPV4_FRAGMENT_MASK) != 0;
	k->fragment_id = bytes_u16(k->ip + IPV4_ID);
	k->is_simple = k->is_simple && k->l4 == HEADERS_IPV4_MIN;
}

/*
 * Over the extension headers; where it cannot go on, the protocol is that of
 * what it could not step over.
 */
static void
walk_ipv6(struct packet *k)
{
	const uint8_t *ext;
	unsigned n;

	k->l4 = HEADERS_IPV6;
	k->protocol = k->ip[IPV6_NEXT];
	k->is_fragment = false;
	for (n = 0; n < IPV6_EXTS_MAX; n++) {
		if (k->protocol != IPV6_HOP_BY_HOP &&
		    k->protocol != IPV6_ROUTING &&
		    k->protocol != IPV6_FRAGMENT &&
		    k->protocol != IPV6_OPTIONS)
			return;
		k->is_simple = false;
		if (k->l4 > k->left || k->left - k->l4 < IPV6_EXT_UNIT)
			return;
		ext = k->ip + k->l4;
		if (k->protocol == IPV6_FRAGMENT) {
			k->is_fragment = true;
			k->fragment_id = bytes_u32(ext + IPV6_FRAGMENT_ID);
			return;
		}
		k->protocol = ext[0];
		k->l4 += ((size_t)ext[1] + 1) * IPV6_EXT_UNIT;
	}
}

static void
walk(struct packet *k)
{
	if (k->version == 4)
		walk_ipv4(k);
	else
		walk_ipv6(k);
}

/* From the IP header to its packet's end, as that says. */
static size_t
packet_len(const struct packet *k)
{
	if (k->version == 4)
		return bytes_u16(k->ip + IPV4_TOTAL);
	return (size_t)HEADERS_IPV6 + bytes_u16(k->ip + IPV6_LENGTH);
}

/*
 * The length of the TCP or UDP header at l4, of a packet with so many bytes
 * from there; 0 when it does not hold together.
 */
static size_t
l4_header_len(uint8_t protocol, const uint8_t *l4, size_t left)
{
	size_t n;

	if (protocol == HEADERS_PROTO_UDP)
		return left >= HEADERS_UDP &&
		    bytes_u16(l4 + UDP_LENGTH) == left ? HEADERS_UDP : 0;
	if (protocol != HEADERS_PROTO_TCP || left < HEADERS_TCP_MIN)
		return 0;
	n = (size_t)(l4[TCP_DATA_OFFSET] >> 4) * 4;
	return n >= HEADERS_TCP_MIN && n <= left ? n : 0;
}

int
headers_get(const uint8_t *frame, size_t len, struct headers *h)
{
	struct packet k;
	size_t l3, n, header;

	if (!find_ip(frame, len, &k))
		return SSHTAP_ERR_UNSUPPORTED;
	walk(&k);
	if (k.is_fragment)
		return SSHTAP_ERR_UNSUPPORTED;
	n = packet_len(&k);
	if (n > k.left || k.l4 > n)
		return SSHTAP_ERR_UNSUPPORTED;
	header = l4_header_len(k.protocol, k.ip + k.l4, n - k.l4);
	if (header == 0)
		return SSHTAP_ERR_UNSUPPORTED;
	l3 = (size_t)(k.ip - frame);
	h->version = k.version;
	h->protocol = k.protocol;
	h->l3 = (uint16_t)l3;
	h->l4 = (uint16_t)(l3 + k.l4);
	h->payload = (uint16_t)(l3 + k.l4 + header);
	h->end = (uint32_t)(l3 + n);
	h->is_simple = k.is_simple;
	return 0;
}

/* === Flows === */

#define WORDS_MAX	10	/* addresses, ports or id, protocol */

/*
 * Odd numbers without a pattern: fractions of the square roots of the first
 * primes, in 64 bits.
 */
static const uint64_t odd_numbers[WORDS_MAX] = {
	0x6a09e667f3bcc909, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
	0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
	0x1f83d9abfb41bd6b, 0x5be0cd19137e2179, 0xcbbb9d5dc1059ed9,
	0x629a292a367cd507
};

/*
 * The sum of products of pairs of words, to each of which a key is added: for
 * two different inputs the chance that a random key makes their sums equal is
 * about 2^-32 (the function NH of UMAC, RFC 4418 section 5.2).  That is what
 * is asked for: who makes the frames does not see the numbers, so to know the
 * function is of no use without the seed, and a cipher would cost more than
 * all the rest that is done for a small frame.
 */
static uint32_t
hash_words(const uint32_t *words, unsigned n, uint32_t seed)
{
	uint64_t key, sum = 0;
	uint32_t a, b;
	unsigned i;

	key = ((uint64_t)seed ^ odd_numbers[0]) * odd_numbers[1];
	key ^= key >> 32;
	for (i = 0; i < n; i += 2) {
		a = words[i] + (uint32_t)(key * odd_numbers[i] >> 32);
		b = words[i + 1] + (uint32_t)(key * odd_numbers[i + 1] >> 32);
		sum += (uint64_t)a * b;
	}
	/* The low bits of a product do not depend on its high ones. */
	sum = (sum ^ sum >> 32) * odd_numbers[3];
	return (uint32_t)(sum >> 32);
}

static bool
has_ports(const struct packet *k)
{
	if (k->is_fragment || k->l4 > k->left || k->left - k->l4 < 4)
		return false;
	return k->protocol == HEADERS_PROTO_TCP ||
	    k->protocol == HEADERS_PROTO_UDP || k->protocol == PROTO_SCTP ||
	    k->protocol == PROTO_DCCP || k->protocol == PROTO_UDPLITE;
}

/*
 * Only the first fragment has ports, so that of fragments the identification
 * takes their place, in all of them.
 */
static uint32_t
flow_of_packet(struct packet *k, uint32_t seed)
{
	uint32_t words[WORDS_MAX];

	walk(k);
	words[0] = k->is_fragment ? k->fragment_id : 0;
	if (has_ports(k))
		memcpy(words, k->ip + k->l4, sizeof(words[0]));
	words[1] = (uint32_t)(k->is_fragment << 16 | k->version << 8 |
	    k->protocol);
	if (k->version == 4) {
		memcpy(words + 2, k->ip + IPV4_ADDRESSES, 8);
		return hash_words(words, 4, seed);
	}
	memcpy(words + 2, k->ip + IPV6_ADDRESSES, 32);
	return hash_words(words, 10, seed);
}

uint32_t
headers_flow(const uint8_t *frame, size_t len, uint32_t seed)
{
	uint32_t words[2] = { 0, 0 };
	struct packet k;

	if (find_ip(frame, len, &k))
		return flow_of_packet(&k, seed);
	if (len >= HEADERS_ETHERNET)
		memcpy(words, frame + ETHERTYPE_AT, 2);
	return hash_words(words, 2, seed);
}

uint32_t
headers_flow_packet(const uint8_t *frame, size_t len, uint32_t seed)
{
	static const uint32_t none[2] = { 0, 0 };
	struct packet k;

	if (find_ip_behind_family(frame, len, &k))
		return flow_of_packet(&k, seed);
	return hash_words(none, 2, seed);
}

/* === Congestion === */

/* A byte of the header changes; RFC 1624 section 3 has the sum of the rest. */
static void
mark_ipv4(uint8_t *ip)
{
	uint16_t before = bytes_u16(ip);
	uint32_t sum;

	ip[IPV4_TOS] |= ECN_CE;
	sum = (uint16_t)~bytes_u16(ip + IPV4_CHECKSUM);
	sum += (uint16_t)~before + (uint32_t)bytes_u16(ip);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	bytes_put_u16(ip + IPV4_CHECKSUM, (uint16_t)~sum);
}

/* ip: where k has it. */
static bool
mark(const struct packet *k, uint8_t *ip)
{
	uint8_t ecn = k->version == 4 ? ip[IPV4_TOS] & ECN_MASK :
	    ip[1] >> IPV6_ECN_SHIFT & ECN_MASK;

	if (ecn == 0)
		return false;
	if (ecn == ECN_CE)
		return true;
	if (k->version == 4)
		mark_ipv4(ip);
	else
		ip[1] |= ECN_CE << IPV6_ECN_SHIFT;
	return true;
}

bool
headers_mark_ce(uint8_t *frame, size_t len)
{
	struct packet k;

	return find_ip(frame, len, &k) && mark(&k, frame + (k.ip - frame));
}

bool
headers_mark_ce_packet(uint8_t *frame, size_t len)
{
	struct packet k;

	return find_ip_behind_family(frame, len, &k) &&
	    mark(&k, frame + HEADERS_FAMILY);
}
