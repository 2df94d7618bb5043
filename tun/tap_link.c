/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Which addresses an interface can have, whatever the system would take: what
 * Linux accepts and macOS refuses would be found out on the wrong one.
 */

#include "tun/tap_link.h"

#include <sys/socket.h>

#include <errno.h>
#include <string.h>

#include "tun/tap_impl.h"

#define IPV4_BITS	32
#define IPV6_BITS	128

/*
 * RFC 6890 section 2.2.2, RFC 1112 section 4: 0/8 is this network, 127/8 the
 * loopback, what begins with three bits is multicast, reserved or broadcast.
 */
static bool
is_ipv4_host(const uint8_t *p)
{
	return p[0] != 0 && p[0] != 127 && p[0] < 224;
}

/* RFC 4291 section 2.4: not ::, not ::1, not ff00::/8. */
static bool
is_ipv6_host(const uint8_t *p)
{
	static const uint8_t zero[15];

	return p[0] != 0xff &&
	    (memcmp(p, zero, sizeof(zero)) != 0 || p[15] > 1);
}

int
tap_address_check(const struct tap_address *a, const char *name,
    struct tap_fault *fault)
{
	unsigned bits = a->family == AF_INET ? IPV4_BITS : IPV6_BITS;
	int r;

	if (a->family != AF_INET && a->family != AF_INET6)
		errno = EAFNOSUPPORT;
	else if (a->prefix_len == 0 || a->prefix_len > bits)
		errno = EINVAL;
	else if (a->family == AF_INET ? !is_ipv4_host(a->bytes) :
	    !is_ipv6_host(a->bytes))
		errno = EADDRNOTAVAIL;
	else
		return 0;
	r = tap_fault_set(fault, TAP_STEP_INET, name);
	fault->limit = errno == EINVAL ? bits : 0;
	return r;
}
