/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * No length is trusted: what lacks a whole IP header has no family here and
 * goes no further, because a runt is an error to some devices and worse to
 * others.
 */

#include "openbsd-compat/tun-af.h"

#include "openbsd-compat/darwin-net.h"

static_assert(DARWIN_AF_INET == TUN_AF_INET, "IPv4 needs no translation");

#define IPV4_HEADER_MIN	20	/* RFC 791 section 3.1, IHL is at least 5 */
#define IPV6_HEADER_LEN	40	/* RFC 8200 section 3 */

uint32_t
tun_af_of_packet(const uint8_t *packet, size_t len)
{
	size_t header_len;

	if (len < 1)
		return 0;
	switch (packet[0] >> 4) {
	case 4:
		header_len = (size_t)(packet[0] & 0xf) * 4;
		if (header_len < IPV4_HEADER_MIN || len < header_len)
			return 0;
		return TUN_AF_INET;
	case 6:
		return len < IPV6_HEADER_LEN ? 0 : TUN_AF_INET6;
	default:
		return 0;
	}
}

uint32_t
tun_af_get(const uint8_t *word)
{
	return (uint32_t)word[0] << 24 | (uint32_t)word[1] << 16 |
	    (uint32_t)word[2] << 8 | (uint32_t)word[3];
}

void
tun_af_put(uint8_t *word, uint32_t family)
{
	word[0] = (uint8_t)(family >> 24);
	word[1] = (uint8_t)(family >> 16);
	word[2] = (uint8_t)(family >> 8);
	word[3] = (uint8_t)family;
}

static uint32_t
darwin_number(uint32_t family)
{
	return family == TUN_AF_INET6 ? DARWIN_AF_INET6 : family;
}

int
darwin_af_to_wire(uint8_t *packet, size_t len)
{
	uint32_t family;

	if (len < TUN_AF_LEN)
		return -1;
	family = tun_af_of_packet(packet + TUN_AF_LEN, len - TUN_AF_LEN);
	if (family == 0 || tun_af_get(packet) != darwin_number(family))
		return -1;
	tun_af_put(packet, family);
	return 0;
}

int
darwin_af_from_wire(uint8_t *packet, size_t len)
{
	uint32_t family;

	if (len < TUN_AF_LEN)
		return -1;
	family = tun_af_of_packet(packet + TUN_AF_LEN, len - TUN_AF_LEN);
	if (family == 0 || tun_af_get(packet) != family)
		return -1;
	tun_af_put(packet, darwin_number(family));
	return 0;
}
