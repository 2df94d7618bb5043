/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* feth(4): interfaces in pairs (xnu: bsd/net/if_fake.c, bsd/net/if.c). */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regress/darwin-sim/kernel.h"

#define FETH_PREFIX	"feth"
#define FETH_PREFIX_LEN	4
#define FETH_MTU_MAX	16370
#define FETH_COPY_MAX	16384	/* old profile: the biggest mbuf cluster */

/* What the host sends on one side, the other side receives. */
static void
transmit(struct iface *i, const uint8_t *p, size_t len)
{
	uint8_t *longer = NULL;

	/* Kept as pending for ever, and everything behind it. */
	if (options.is_old && len > FETH_COPY_MAX)
		i->is_stuck = true;
	if (i->is_stuck)
		return;
	if (i->trailer > 0) {
		longer = grow(len + i->trailer);
		memcpy(longer, p, len);
		p = longer;
		len += i->trailer;
	}
	bpf_tap(i, p, len, ABI_BPF_DIR_OUT);
	if (i->peer != NULL)
		iface_input(i->peer, p, len);
	free(longer);
}

/*
 * The unit of a name, as the kernel reads it: without a look at leading
 * zeros or overflow.  Returns 0 or an errno; *wantsp: a unit was named.
 */
static int
parse_name(const uint8_t name[ABI_IFNAMSIZ], uint32_t *unitp, bool *wantsp)
{
	size_t i, len = strnlen((const char *)name, ABI_IFNAMSIZ);

	if (len < FETH_PREFIX_LEN || len == ABI_IFNAMSIZ ||
	    memcmp(name, FETH_PREFIX, FETH_PREFIX_LEN) != 0 ||
	    !options.has_feth)
		return EINVAL;
	*unitp = 0;
	for (i = FETH_PREFIX_LEN; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return EINVAL;
		*unitp = *unitp * 10 + (name[i] - '0');
	}
	*wantsp = len > FETH_PREFIX_LEN;
	return *unitp > ABI_UNIT_MAX ? ENXIO : 0;
}

static struct iface *
find_unit(unsigned unit, char name[ABI_IFNAMSIZ])
{
	memset(name, 0, ABI_IFNAMSIZ);
	(void)snprintf(name, ABI_IFNAMSIZ, FETH_PREFIX "%u", unit);
	return iface_find((const uint8_t *)name);
}

static void
set_defaults(struct iface *i)
{
	int max = sysctl_fake("max_mtu");

	i->mtu_max = FETH_MTU_MAX;
	if (!options.is_old && max > 0 && max < FETH_MTU_MAX)
		i->mtu_max = (unsigned)max;
	i->trailer = (unsigned)sysctl_fake("trailer_length") +
	    (sysctl_fake("fcs") != 0 ? 4 : 0);
	memcpy(i->lladdr, FETH_PREFIX, FETH_PREFIX_LEN);
	i->lladdr[4] = (uint8_t)(i->unit >> 8);
	i->lladdr[5] = (uint8_t)i->unit;
	i->lladdr_len = sizeof(i->lladdr);
	i->transmit = transmit;
	if (i->real != NULL)
		real_set_lladdr(i->real, i->lladdr);
}

int
feth_create(struct call *c)
{
	char name[ABI_IFNAMSIZ];
	struct iface *i;
	uint32_t unit;
	bool wants;
	int error;

	if ((error = parse_name(c->in, &unit, &wants)) != 0)
		return error;
	while (find_unit(unit, name) != NULL) {
		if (wants)
			return EEXIST;
		if (++unit > ABI_UNIT_MAX)
			return ENOSPC;
	}
	if (iface_is_busy(name))
		return EBUSY;
	i = iface_create(IFACE_FETH, name, unit, ABI_IFF_BROADCAST |
	    ABI_IFF_MULTICAST | ABI_IFF_SIMPLEX);
	if (i == NULL)
		return ENOBUFS;
	set_defaults(i);
	if (!wants)
		memcpy(c->in, name, sizeof(name));
	/* "feth007" is not found under that name, and never marked. */
	i->is_cloned = iface_find(c->in) == i;
	return 0;
}

void
feth_unlink(struct iface *i)
{
	if (i->peer == NULL)
		return;
	i->peer->peer = NULL;
	i->peer = NULL;
}

static int
set_peer(struct iface *i, const uint8_t peer[ABI_IFNAMSIZ])
{
	struct iface *other;

	if (peer[0] == '\0') {
		feth_unlink(i);
		return 0;
	}
	if ((other = iface_find(peer)) == NULL)
		return ENXIO;
	if (other->kind != IFACE_FETH)
		return EINVAL;
	if (i->peer != NULL || other->peer != NULL)
		return EBUSY;
	i->peer = other;
	other->peer = i;
	return 0;
}

/* The request is behind the ifdrv; returns NULL when it is too short. */
static uint8_t *
find_request(struct call *c)
{
	if (get_u64(c->in + ABI_IFDRV_LEN_AT) < ABI_FAKE_REQUEST_SIZE ||
	    c->in_len < ABI_IFDRV_SIZE + ABI_FAKE_REQUEST_SIZE)
		return NULL;
	return c->in + ABI_IFDRV_SIZE;
}

int
feth_set_spec(struct iface *i, struct call *c)
{
	static const uint8_t zero[ABI_FAKE_RESERVED];
	uint8_t *request;

	if (i->kind != IFACE_FETH)
		return EOPNOTSUPP;
	if ((request = find_request(c)) == NULL ||
	    memcmp(request, zero, sizeof(zero)) != 0)
		return EINVAL;
	if (get_u64(c->in + ABI_IFDRV_CMD_AT) != ABI_FAKE_SET_PEER)
		return EOPNOTSUPP;
	return set_peer(i, request + ABI_FAKE_PEER_AT);
}

int
feth_get_spec(struct iface *i, struct call *c)
{
	uint8_t *request;

	if (i->kind != IFACE_FETH)
		return EOPNOTSUPP;
	if (get_u64(c->in + ABI_IFDRV_CMD_AT) != ABI_FAKE_GET_PEER)
		return EOPNOTSUPP;
	if ((request = find_request(c)) == NULL)
		return EINVAL;
	memset(request, 0, ABI_FAKE_REQUEST_SIZE);
	if (i->peer != NULL)
		memcpy(request + ABI_FAKE_PEER_AT, i->peer->name,
		    ABI_IFNAMSIZ);
	c->out_len = ABI_IFDRV_SIZE + ABI_FAKE_REQUEST_SIZE;
	return 0;
}
