/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef RESOLVE_H
#define RESOLVE_H

#include <sys/types.h>
#include <sys/socket.h>

#include <stddef.h>
#include <stdint.h>

#define RESOLVE_ADDRESSES_MAX	32	/* more are left out */

struct resolve_address {
	socklen_t len;
	struct sockaddr_storage addr;
};

struct resolve_result {
	size_t n;
	struct resolve_address address[RESOLVE_ADDRESSES_MAX];
};

/*
 * Addresses of a host for a TCP connection, in the system's order.
 *
 * family:  AF_UNSPEC, AF_INET, AF_INET6.
 * deadline_ms, stop_fd: as in connection_open_tcp; the resolver itself knows
 *          no deadline, so it runs in a process of its own.
 * eaip:    the error of getaddrinfo(3), set with SSHTAP_ERR_NOT_FOUND.
 * Returns 0, SSHTAP_ERR_NOT_FOUND, SSHTAP_ERR_TIMEOUT, SSHTAP_ERR_CLOSED
 * (stop_fd), SSHTAP_ERR_SYSTEM.  Nothing is logged.
 */
int resolve_host(const char *host, unsigned port, int family,
    uint64_t deadline_ms, int stop_fd, struct resolve_result *result,
    int *eaip);

/*
 * Wait for an event on fd (-1: only for time to pass).
 * Returns 0, SSHTAP_ERR_TIMEOUT, SSHTAP_ERR_CLOSED (stop_fd became readable),
 * SSHTAP_ERR_SYSTEM.
 */
int resolve_wait(int fd, short events, uint64_t deadline_ms, int stop_fd);

#endif /* RESOLVE_H */
