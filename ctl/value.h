/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef VALUE_H
#define VALUE_H

#include <sys/types.h>

#include <stdint.h>

#include "tun/tap.h"
#include "tun/tap_link.h"

/*
 * Values that people and programs write, on the command line and in the
 * environment.  What is wrong with one is logged in one line.
 *
 * what:    names it in that line: "-m", "TUNTAP_MTU".
 * Each returns 0, or SSHTAP_ERR_FORMAT and leaves its output alone.
 */
#define VALUE_LLADDR_TEXT	18	/* "02:00:5e:00:00:01" and its NUL */

/* "any", or a number without leading zeros. */
int value_get_unit(const char *what, const char *s, int *unitp);

int value_get_mtu(const char *what, const char *s, unsigned *mtup);

/* Six bytes in hexadecimal with colons; unicast, not zero. */
int value_get_lladdr(const char *what, const char *s,
    uint8_t lladdr[TAP_LLADDR_LEN]);

/* A login name or a number. */
int value_get_uid(const char *what, const char *s, uid_t *uidp);

/*
 * An address and what says how much of it is the network's: a mask like
 * 255.255.255.0 or, with IPv6, the number of its bits.  Whether an interface
 * can have it, tap_address_check tells.
 */
int value_get_inet(const char *what, const char *s, const char *mask_what,
    const char *mask, struct tap_address *ap);
int value_get_inet6(const char *what, const char *s, const char *bits_what,
    const char *bits, struct tap_address *ap);

int value_get_descriptor(const char *what, const char *s, int *fdp);

void value_put_lladdr(const uint8_t lladdr[TAP_LLADDR_LEN],
    char out[VALUE_LLADDR_TEXT]);

#endif /* VALUE_H */
