/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "ctl/method.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/value.h"
#include "lib/err.h"
#include "lib/log.h"

#define OPENVPN_FD	"TUNTAP_SOCKET_FD"
#define OPENVPN_TYPE	"TUNTAP_DEV_TYPE"
#define OPENVPN_MTU	"TUNTAP_MTU"
#define OPENVPN_LLADDR	"TUNTAP_LLADDR"
#define OPENVPN_INET	"ifconfig_local"
#define OPENVPN_MASK	"ifconfig_netmask"
#define OPENVPN_INET6	"ifconfig_ipv6_local"
#define OPENVPN_BITS	"ifconfig_ipv6_netbits"

/* What follows prefix in s, or NULL. */
static const char *
skip_prefix(const char *s, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(s, prefix, len) == 0 ? s + len : NULL;
}

static int
copy_path(const char *s, size_t len, char path[METHOD_PATH_SIZE])
{
	if (len == 0) {
		log_error("the path of a socket is missing: see tapctl(8)");
		return SSHTAP_ERR_FORMAT;
	}
	if (len >= METHOD_PATH_SIZE) {
		log_error("\"%.200s\": the path of a socket has at most %zu "
		    "bytes", s, METHOD_PATH_SIZE - 1);
		return SSHTAP_ERR_FORMAT;
	}
	memcpy(path, s, len);
	path[len] = '\0';
	return 0;
}

static int
parse_stream(const char *s, struct method *m)
{
	const char *rest;

	if ((rest = skip_prefix(s, "fd:")) != NULL) {
		m->way = METHOD_INHERIT;
		return value_get_descriptor("stream:fd", rest, &m->fd);
	}
	if ((rest = skip_prefix(s, "connect:")) != NULL) {
		m->way = METHOD_CONNECT;
		s = rest;
	}
	return copy_path(s, strlen(s), m->path);
}

static int
parse_dgram(const char *s, struct method *m)
{
	const char *comma, *rest;
	int r;

	if ((rest = skip_prefix(s, "fd:")) != NULL) {
		m->way = METHOD_INHERIT;
		return value_get_descriptor("dgram:fd", rest, &m->fd);
	}
	if ((comma = strchr(s, ',')) == NULL)
		return copy_path(s, strlen(s), m->path);
	if ((r = copy_path(s, (size_t)(comma - s), m->path)) != 0)
		return r;
	return copy_path(comma + 1, strlen(comma + 1), m->remote);
}

int
method_parse(const char *s, struct method *m)
{
	const char *rest;

	*m = (struct method){ .fd = -1, .way = METHOD_LISTEN };
	if ((rest = skip_prefix(s, "stream:")) != NULL) {
		m->kind = METHOD_STREAM;
		return parse_stream(rest, m);
	}
	if ((rest = skip_prefix(s, "dgram:")) != NULL) {
		m->kind = METHOD_DGRAM;
		return parse_dgram(rest, m);
	}
	m->way = METHOD_INHERIT;
	if (strcmp(s, "stdio") == 0) {
		m->kind = METHOD_STDIO;
		return 0;
	}
	if (strcmp(s, "openvpn") == 0) {
		m->kind = METHOD_OPENVPN;
		return 0;
	}
	log_error("no method \"%.64s\": expected stream:PATH, "
	    "dgram:PATH[,PATH], stdio or openvpn", s);
	return SSHTAP_ERR_FORMAT;
}

/* NULL when it is not set, or to nothing. */
static const char *
get_variable(const char *name)
{
	const char *s = getenv(name);

	return s == NULL || *s == '\0' ? NULL : s;
}

bool
method_is_openvpn(void)
{
	return get_variable(OPENVPN_FD) != NULL;
}

/* It leaves them to us, and says them whether they are wanted or not. */
static int
ask_addresses(struct method *m)
{
	const char *inet = get_variable(OPENVPN_INET);
	const char *mask = get_variable(OPENVPN_MASK);
	const char *inet6 = get_variable(OPENVPN_INET6);
	const char *bits = get_variable(OPENVPN_BITS);
	int r;

	if (inet != NULL && mask != NULL) {
		if ((r = value_get_inet(OPENVPN_INET, inet, OPENVPN_MASK, mask,
		    &m->addresses[m->n_addresses])) != 0)
			return r;
		m->n_addresses++;
	}
	if (inet6 != NULL && bits != NULL) {
		if ((r = value_get_inet6(OPENVPN_INET6, inet6, OPENVPN_BITS,
		    bits, &m->addresses[m->n_addresses])) != 0)
			return r;
		m->n_addresses++;
	}
	return 0;
}

static int
ask_settings(struct tap_request *rq)
{
	const char *mtu = get_variable(OPENVPN_MTU);
	const char *lladdr = get_variable(OPENVPN_LLADDR);
	int r;

	if (mtu != NULL && rq->mtu == 0 &&
	    (r = value_get_mtu(OPENVPN_MTU, mtu, &rq->mtu)) != 0)
		return r;
	if (lladdr != NULL && !rq->has_lladdr) {
		if ((r = value_get_lladdr(OPENVPN_LLADDR, lladdr,
		    rq->lladdr)) != 0)
			return r;
		rq->has_lladdr = true;
	}
	return 0;
}

int
method_ask_openvpn(struct method *m, struct tap_request *rq)
{
	const char *fd = get_variable(OPENVPN_FD);
	const char *type = get_variable(OPENVPN_TYPE);
	int r;

	if (fd == NULL || type == NULL) {
		log_error("%s is not set: openvpn is for OpenVPN to start "
		    "(--dev-node unix:PROGRAM)", fd == NULL ? OPENVPN_FD :
		    OPENVPN_TYPE);
		return SSHTAP_ERR_FORMAT;
	}
	if (strcmp(type, "tap") != 0) {
		log_error(OPENVPN_TYPE " is \"%.64s\": only Ethernet can be "
		    "served (--dev-type tap)", type);
		return SSHTAP_ERR_FORMAT;
	}
	if ((r = value_get_descriptor(OPENVPN_FD, fd, &m->fd)) != 0 ||
	    (r = ask_settings(rq)) != 0)
		return r;
	return ask_addresses(m);
}

const char *
method_where(const struct method *m, char *out, size_t size)
{
	switch (m->kind) {
	case METHOD_STDIO:
		return "standard input and output";
	case METHOD_OPENVPN:
		return "OpenVPN's socket";
	default:
		break;
	}
	if (m->way != METHOD_INHERIT)
		return m->path;
	(void)snprintf(out, size, "descriptor %d", m->fd);
	return out;
}
