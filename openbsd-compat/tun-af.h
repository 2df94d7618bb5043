/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef TUN_AF_H
#define TUN_AF_H

#include <stddef.h>
#include <stdint.h>

/*
 * The address family words in front of IP packets, all of them big-endian.
 * On the wire the numbers are OpenBSD's, whatever the host; Darwin's differ
 * for IPv6.  Pure: built on every system.
 */
#define TUN_AF_LEN		4
#define TUN_AF_INET		2
#define TUN_AF_INET6		24

/* The wire's number for an IP packet with a whole header, or 0. */
uint32_t tun_af_of_packet(const uint8_t *packet, size_t len);

uint32_t tun_af_get(const uint8_t *word);
void tun_af_put(uint8_t *word, uint32_t family);

/*
 * Translate the word in front of a packet in place, from Darwin's number to
 * the wire's and back.
 *
 * len:     of word and packet together.
 * Returns 0, or -1: another family, one that does not match the IP version,
 * or no whole IP header.  Such a packet is to be dropped; it is unchanged.
 */
int darwin_af_to_wire(uint8_t *packet, size_t len);
int darwin_af_from_wire(uint8_t *packet, size_t len);

#endif /* TUN_AF_H */
