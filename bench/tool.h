/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef TOOL_H
#define TOOL_H

#include <sys/types.h>
#include <netinet/in.h>

#include <stdint.h>

/*
 * What the programs of the benchmark share.  All of it ends the program, with
 * a line that says why, when it cannot do its work.
 *
 * A probe is the payload that makes a frame of 64 bytes, without its checksum,
 * of a datagram over IPv4: 14 + 20 + 8 + PROBE_SIZE.  It carries the number of
 * the run, so that a late one of the run before is not taken for one of ours,
 * and its own number.
 */
#define PROBE_SIZE	22

/* End with a line "program: what: why"; errno says why. */
void	die(const char *what) __attribute__((noreturn));

/* The number that the text is, 0 to max. */
uint64_t	number(const char *text, uint64_t max);

/* Nanoseconds of a clock that only goes forward. */
uint64_t	now_ns(void);

/* Sleep until now_ns is there, or a signal comes. */
void	sleep_until(uint64_t ns);

void	probe_put(uint8_t *probe, uint32_t run, uint64_t seq);

/* The number of the probe of this run in these bytes, or -1. */
int64_t	probe_get(const uint8_t *p, size_t len, uint32_t run);

/*
 * A datagram socket, with as much of a buffer as the system gives, bound to
 * this port of all addresses; 0 for any port.
 */
int	probe_socket(uint16_t port);

/* The address "192.0.2.1" and port, in the form that calls want. */
struct sockaddr_in	address_of(const char *host, const char *port);

#endif
