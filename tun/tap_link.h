/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef TAP_LINK_H
#define TAP_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "tun/tap.h"

/*
 * What the host does with an interface once tap_open has made it: bring it
 * up, give it IP addresses, put it into a bridge; and take that back.  Needs
 * root.  Not a part of libethtap, whose callers do this themselves.
 *
 * An interface that disappears takes all of it along.  To be taken back is
 * only what was given to one that stays, and of that only what was not there
 * before: *is_newp says so.
 *
 * All return 0, or SSHTAP_ERR_SYSTEM with errno and *fault set; ENXIO means
 * that there is no such interface (any more).
 *
 * macOS: addresses and bridges are ifconfig(8)'s, which is run and waited
 * for, ten seconds at most (ETIMEDOUT).  Nobody else may reap that child, nor
 * may SIGCHLD be ignored.  What it says that is not understood is logged.
 */
struct tap_address {
	int family;		/* AF_INET, AF_INET6 */
	uint8_t bytes[16];	/* of IPv4 the first four */
	unsigned prefix_len;	/* bits; never 0: no default routes */
};

/*
 * Can an interface have this address?
 *
 * name:    of the interface, for *fault.
 * Fails with TAP_STEP_INET: EAFNOSUPPORT (the family), EINVAL (the length of
 * the prefix, limit is the longest), EADDRNOTAVAIL (not an address of one
 * host: unspecified, loopback, multicast, reserved).
 */
int tap_address_check(const struct tap_address *a, const char *name,
    struct tap_fault *fault);

/* Its other flags are left as they are. */
int tap_link_up(const char *name, struct tap_fault *fault);

/*
 * Give the interface one more address.  One that is there already is left as
 * it is.
 *
 * IPv6: whether somebody else has the address is found out first, once the
 * interface is up: until then, for a second or so, nobody can bind to it.  No
 * failure is reported when somebody has.
 * A point-to-point device of macOS gets no route to its network.
 *
 * is_newp: NULL, or set on success: it was not there before.
 * Fails as tap_address_check does, with EPERM, ERANGE (IPv6, and the MTU is
 * below the 1280 that it takes: limit), EACCES (IPv6 is switched off there).
 */
int tap_link_add_address(const char *name, const struct tap_address *a,
    bool *is_newp, struct tap_fault *fault);

/*
 * Success also when the address, or the interface, is gone already.  Of
 * several take away the last one first: with the first one of a network Linux
 * may remove the others of it.
 */
int tap_link_remove_address(const char *name, const struct tap_address *a,
    struct tap_fault *fault);

/*
 * Put the interface into a bridge; it stays there if it is in it already.
 *
 * is_newp: NULL, or set on success: it was not in it before.
 * Fails with TAP_STEP_BRIDGE, the fault's name being that of the bridge with
 * ENODEV (there is none) and EOPNOTSUPP (it is something else), else of the
 * interface: EBUSY (it is in another one), EINVAL (it cannot be in a bridge;
 * on macOS also: its MTU is not the bridge's), EPERM.
 */
int tap_link_join_bridge(const char *name, const char *bridge,
    bool *is_newp, struct tap_fault *fault);

/* Success also when it is not in it, or one of the two is gone already. */
int tap_link_leave_bridge(const char *name, const char *bridge,
    struct tap_fault *fault);

#endif /* TAP_LINK_H */
