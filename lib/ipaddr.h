/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef IPADDR_H
#define IPADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Numeric addresses of IPv4 and IPv6, and networks of them.  No name is ever
 * looked up, and zones ("%eth0") are not known here.
 */
#define IPADDR_MAX		16
#define IPADDR_TEXT_SIZE	46	/* INET6_ADDRSTRLEN, with the NUL */

struct ipaddr {
	size_t len;		/* of the bytes: 4 or 16 */
	uint8_t bytes[IPADDR_MAX];	/* as on the wire, then zeros */
};

/* Each returns 0, or SSHTAP_ERR_FORMAT and leaves its results alone. */

int ipaddr_parse(const char *s, struct ipaddr *ipp);

/*
 * "192.0.2.1/24": an address and the length of its prefix in bits.  Without
 * "/24" the prefix is all of it.
 */
int ipaddr_parse_prefix(const char *s, struct ipaddr *ipp, unsigned *bitsp);

/*
 * The same for a network, in which no bit is set behind the prefix.  One of
 * IPv4 addresses mapped into IPv6 becomes one of IPv4.
 */
int ipaddr_parse_network(const char *s, struct ipaddr *ipp, unsigned *bitsp);

/* An IPv4 address mapped into IPv6 becomes that of IPv4; others stay. */
void ipaddr_unmap(struct ipaddr *ip);

/* Clear what is behind a prefix of bits. */
void ipaddr_mask(struct ipaddr *ip, unsigned bits);

bool ipaddr_equals(const struct ipaddr *a, const struct ipaddr *b);
bool ipaddr_is_in(const struct ipaddr *ip, const struct ipaddr *network,
    unsigned bits);

/* The usual spelling: RFC 5952 section 4. */
void ipaddr_format(const struct ipaddr *ip, char out[IPADDR_TEXT_SIZE]);

#endif /* IPADDR_H */
