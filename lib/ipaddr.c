/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Bytes behind the length are zero, so that addresses of one length are equal
 * when all their bytes are.
 */

#include "lib/ipaddr.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <assert.h>
#include <string.h>

#include "lib/err.h"
#include "lib/text.h"

#define IPV4_LEN	4
#define IPV6_LEN	IPADDR_MAX

/* RFC 4291 section 2.5.5.2: IPv4 mapped into IPv6. */
#define MAPPED_LEN	12
static const uint8_t mapped_prefix[MAPPED_LEN] = {
	[10] = 0xff, [11] = 0xff,
};

static_assert(IPADDR_TEXT_SIZE >= INET6_ADDRSTRLEN, "every address fits");

int
ipaddr_parse(const char *s, struct ipaddr *ipp)
{
	struct ipaddr ip = { .len = IPV4_LEN };

	if (inet_pton(AF_INET, s, ip.bytes) != 1) {
		ip.len = IPV6_LEN;
		if (inet_pton(AF_INET6, s, ip.bytes) != 1)
			return SSHTAP_ERR_FORMAT;
	}
	*ipp = ip;
	return 0;
}

int
ipaddr_parse_prefix(const char *s, struct ipaddr *ipp, unsigned *bitsp)
{
	char address[IPADDR_TEXT_SIZE];
	const char *slash = strchr(s, '/');
	size_t len = slash != NULL ? (size_t)(slash - s) : strlen(s);
	unsigned long bits;
	struct ipaddr ip;

	if (len >= sizeof(address))
		return SSHTAP_ERR_FORMAT;
	memcpy(address, s, len);
	address[len] = '\0';
	if (ipaddr_parse(address, &ip) != 0)
		return SSHTAP_ERR_FORMAT;
	bits = 8 * ip.len;
	if (slash != NULL && text_get_number(slash + 1, bits, &bits) != 0)
		return SSHTAP_ERR_FORMAT;
	*ipp = ip;
	*bitsp = (unsigned)bits;
	return 0;
}

static bool
is_mapped(const struct ipaddr *ip)
{
	return ip->len == IPV6_LEN &&
	    memcmp(ip->bytes, mapped_prefix, MAPPED_LEN) == 0;
}

int
ipaddr_parse_network(const char *s, struct ipaddr *ipp, unsigned *bitsp)
{
	struct ipaddr ip, masked;
	unsigned bits;

	if (ipaddr_parse_prefix(s, &ip, &bits) != 0)
		return SSHTAP_ERR_FORMAT;
	masked = ip;
	ipaddr_mask(&masked, bits);
	if (!ipaddr_equals(&ip, &masked))
		return SSHTAP_ERR_FORMAT;
	/* Ones in the mapping prefix see to it that bits are enough. */
	if (is_mapped(&ip)) {
		bits -= 8 * MAPPED_LEN;
		ipaddr_unmap(&ip);
	}
	*ipp = ip;
	*bitsp = bits;
	return 0;
}

void
ipaddr_unmap(struct ipaddr *ip)
{
	struct ipaddr v4 = { .len = IPV4_LEN };

	if (!is_mapped(ip))
		return;
	memcpy(v4.bytes, ip->bytes + MAPPED_LEN, IPV4_LEN);
	*ip = v4;
}

void
ipaddr_mask(struct ipaddr *ip, unsigned bits)
{
	size_t i;

	for (i = 0; i < ip->len; i++) {
		if (bits <= 8 * i)
			ip->bytes[i] = 0;
		else if (bits < 8 * (i + 1))
			ip->bytes[i] &= (uint8_t)(0xff << (8 * (i + 1) - bits));
	}
}

bool
ipaddr_equals(const struct ipaddr *a, const struct ipaddr *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

bool
ipaddr_is_in(const struct ipaddr *ip, const struct ipaddr *network,
    unsigned bits)
{
	struct ipaddr masked = *ip;

	ipaddr_mask(&masked, bits);
	return ipaddr_equals(&masked, network);
}

void
ipaddr_format(const struct ipaddr *ip, char out[IPADDR_TEXT_SIZE])
{
	out[0] = '\0';
	(void)inet_ntop(ip->len == IPV4_LEN ? AF_INET : AF_INET6, ip->bytes,
	    out, IPADDR_TEXT_SIZE);
}
