/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef METHOD_H
#define METHOD_H

#include <sys/socket.h>
#include <sys/un.h>

#include "tun/tap.h"
#include "tun/tap_link.h"

/*
 * How tapctl serve and the other program exchange frames:
 *
 *	stream:PATH		listen, and take one connection at a time
 *	stream:connect:PATH	connect
 *	stream:fd:N		a connected socket that was inherited
 *	dgram:LOCAL[,REMOTE]
 *	dgram:fd:N		a connected socket that was inherited
 *	stdio
 *	openvpn			dgram:fd:N, of which the environment tells
 *
 * Streams are framed as QEMU does, standard input and output as VDE does.
 */
#define METHOD_PATH_SIZE	sizeof(((struct sockaddr_un *)0)->sun_path)

enum method_kind {
	METHOD_STREAM,
	METHOD_DGRAM,
	METHOD_STDIO,
	METHOD_OPENVPN,
	METHOD_KIND_COUNT
};

enum method_way {
	METHOD_LISTEN,		/* at path; dgram: bind to it */
	METHOD_CONNECT,		/* to path */
	METHOD_INHERIT		/* fd */
};

#define METHOD_ADDRESSES	2

struct method {
	enum method_kind kind;
	enum method_way way;
	char path[METHOD_PATH_SIZE];
	char remote[METHOD_PATH_SIZE];	/* "": the last sender */
	int fd;
	/* openvpn: what its --ifconfig and --ifconfig-ipv6 say. */
	struct tap_address addresses[METHOD_ADDRESSES];
	size_t n_addresses;
};

/* Returns 0, or SSHTAP_ERR_FORMAT after one line about what is wrong. */
int method_parse(const char *s, struct method *m);

/*
 * Take over what OpenVPN says in the environment of the program that its
 * --dev-node unix:PROGRAM starts (src/openvpn/tun_afunix.c there): the
 * descriptor and IP addresses into m; MTU and Ethernet address into rq, unless
 * that has its own.
 *
 * Returns 0, or SSHTAP_ERR_FORMAT after one line about what is wrong.
 */
int method_ask_openvpn(struct method *m, struct tap_request *rq);

/* Were we started by OpenVPN, which gives no arguments? */
bool method_is_openvpn(void);

/* For people: "PATH", "descriptor 3"; valid as long as m, or for ever. */
#define METHOD_WHERE_MAX	(METHOD_PATH_SIZE + 32)
const char *method_where(const struct method *m, char *out, size_t size);

#endif /* METHOD_H */
