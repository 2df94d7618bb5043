/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdbool.h>

/*
 * Who and where, as a user writes it: a destination, or one hop of a
 * ProxyJump.
 */
#define ENDPOINT_HOST_MAX	1024	/* NI_MAXHOST less its NUL */

struct endpoint {
	char *user;		/* NULL: not said */
	char *host;
	unsigned port;		/* 0: not said */
};

void endpoint_init(struct endpoint *e);
void endpoint_clear(struct endpoint *e);

/*
 * [user@]host, or ssh://[user@]host[:port][/].
 *
 * with_port: a port may follow the host in the first form too; an IPv6
 *          address then stands in brackets.
 * State:   e is initialised; cleared again by the caller, also on failure.
 * Returns 0, SSHTAP_ERR_FORMAT, SSHTAP_ERR_ALLOC.
 */
int endpoint_parse(const char *s, bool with_port, struct endpoint *e);

/* True when s can be the name or address of a host. */
bool endpoint_is_host(const char *s);

#endif /* ENDPOINT_H */
