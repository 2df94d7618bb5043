/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tun/headers.h"

/*
 * The Internet checksum.  Pure.  Reference: RFC 1071.
 *
 * A sum is not folded and not complemented, and numbers of 16 bits may be
 * added to it, of any host; each piece but the last has an even length.
 */
uint64_t checksum_add(uint64_t sum, const uint8_t *p, size_t len);

/* Copy and add in one go. */
uint64_t checksum_copy(uint64_t sum, uint8_t *to, const uint8_t *from,
    size_t len);

/* The 16 bits that a header holds, without complement: big-endian number. */
uint16_t checksum_fold(uint64_t sum);

/*
 * Of the pseudo header of the packet that h describes, with len for the
 * length of header and payload of TCP or UDP.
 */
uint64_t checksum_pseudo(const uint8_t *frame, const struct headers *h,
    size_t len);

/* Set the checksum of the IPv4 header; nothing for IPv6. */
void checksum_put_ip(uint8_t *frame, const struct headers *h);

/*
 * Is the checksum of TCP or UDP right?  One of UDP over IPv4 that was left
 * out (0) counts as wrong: it proves nothing.
 */
bool checksum_is_right(const uint8_t *frame, const struct headers *h);

#endif /* CHECKSUM_H */
