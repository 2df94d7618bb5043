/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Lists of interfaces, and sysctlbyname.
 *
 * getifaddrs returns copies, in one piece of memory: entries of the link
 * layer for the simulated interfaces, and of Linux's those that are not of
 * its link layer.
 */

#include <sys/socket.h>

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "regress/darwin-sim/include/net/if_dl.h"
#include "regress/darwin-sim/include/sys/sysctl.h"
#include "regress/darwin-sim/lib.h"

#define IFACES_MAX	4096
#define VALUE_MAX	256

struct entry {
	struct ifaddrs ifa;
	char name[32];
	struct sockaddr_storage addr, mask, dst;
};

static size_t
address_size(const struct sockaddr *sa)
{
	switch (sa->sa_family) {
	case AF_INET:
		return 16;
	case AF_INET6:
		return 28;
	default:
		return sizeof(*sa);
	}
}

static struct sockaddr *
copy_address(struct sockaddr_storage *to, const struct sockaddr *sa)
{
	if (sa == NULL)
		return NULL;
	memcpy(to, sa, address_size(sa));
	return (struct sockaddr *)to;
}

static void
copy_entry(struct entry *e, const struct ifaddrs *ifa)
{
	memcpy(e->name, ifa->ifa_name, strnlen(ifa->ifa_name,
	    sizeof(e->name) - 1));
	e->ifa.ifa_flags = ifa->ifa_flags;
	e->ifa.ifa_addr = copy_address(&e->addr, ifa->ifa_addr);
	e->ifa.ifa_netmask = copy_address(&e->mask, ifa->ifa_netmask);
	e->ifa.ifa_dstaddr = copy_address(&e->dst, ifa->ifa_dstaddr);
}

static void
fill_link(struct entry *e, const struct wire_iface *w)
{
	struct sockaddr_dl *dl = (struct sockaddr_dl *)&e->addr;

	memcpy(e->name, w->name, sizeof(w->name));
	e->ifa.ifa_flags = w->flags;
	e->ifa.ifa_addr = (struct sockaddr *)&e->addr;
	dl->sdl_family = AF_LINK;
	dl->sdl_index = (uint16_t)w->index;
	dl->sdl_type = w->type;
	dl->sdl_nlen = (uint8_t)strnlen(w->name, sizeof(w->name));
	dl->sdl_alen = w->lladdr_len;
	memcpy((char *)&e->addr + offsetof(struct sockaddr_dl, sdl_data),
	    w->name, dl->sdl_nlen);
	memcpy((char *)&e->addr + offsetof(struct sockaddr_dl, sdl_data) +
	    dl->sdl_nlen, w->lladdr, dl->sdl_alen);
}

/* Returns how many there are; none where there is no kernel. */
static size_t
get_interfaces(struct wire_iface *list)
{
	struct ask a = {
		.rq.op = WIRE_IFADDRS, .is_quiet = true,
		.out = list, .out_size = IFACES_MAX * sizeof(*list),
	};
	int saved_errno = errno;
	size_t n = 0;

	if (lib_ask(&a, NULL) == 0)
		n = a.reply.len / sizeof(*list);
	errno = saved_errno;
	return n < IFACES_MAX ? n : IFACES_MAX;
}

static bool
is_shown(const struct ifaddrs *ifa)
{
	return ifa->ifa_addr != NULL && ifa->ifa_addr->sa_family != AF_PACKET;
}

static struct ifaddrs *
build(const struct wire_iface *links, size_t nlinks,
    const struct ifaddrs *others)
{
	const struct ifaddrs *ifa;
	struct entry *list;
	size_t i, n = nlinks;

	for (ifa = others; ifa != NULL; ifa = ifa->ifa_next)
		n += is_shown(ifa) ? 1 : 0;
	if ((list = calloc(n + 1, sizeof(*list))) == NULL)
		return NULL;
	for (i = 0; i < nlinks; i++)
		fill_link(&list[i], &links[i]);
	for (ifa = others; ifa != NULL; ifa = ifa->ifa_next)
		if (is_shown(ifa))
			copy_entry(&list[i++], ifa);
	for (i = 0; i < n; i++) {
		list[i].ifa.ifa_name = list[i].name;
		list[i].ifa.ifa_next = i + 1 < n ? &list[i + 1].ifa : NULL;
	}
	return &list[0].ifa;
}

int
getifaddrs(struct ifaddrs **listp)
{
	struct wire_iface *links;
	struct ifaddrs *others = NULL;
	size_t n;

	if (lib_fails(FAULT_GETIFADDRS, 0))
		return -1;
	if ((links = calloc(IFACES_MAX, sizeof(*links))) == NULL)
		return -1;
	n = get_interfaces(links);
	if (lib_next()->getifaddrs(&others) == -1) {
		free(links);
		return -1;
	}
	*listp = build(links, n, others);
	if (others != NULL)
		lib_next()->freeifaddrs(others);
	free(links);
	return *listp == NULL ? -1 : 0;
}

void
freeifaddrs(struct ifaddrs *list)
{
	free(list);
}

/* By name or, when that is NULL, by index.  Returns false: not simulated. */
static bool
find_interface(const char *name, unsigned index, struct wire_iface *w)
{
	struct wire_iface *links = calloc(IFACES_MAX, sizeof(*links));
	bool found = false;
	size_t i, n;

	if (links == NULL)
		return false;
	n = get_interfaces(links);
	for (i = 0; i < n && !found; i++) {
		found = name == NULL ? links[i].index == index :
		    strncmp(links[i].name, name, sizeof(w->name)) == 0;
		if (found)
			*w = links[i];
	}
	free(links);
	return found;
}

unsigned
if_nametoindex(const char *name)
{
	struct wire_iface w;

	return find_interface(name, 0, &w) ? w.index :
	    lib_next()->if_nametoindex(name);
}

char *
if_indextoname(unsigned index, char name[IF_NAMESIZE])
{
	struct wire_iface w;

	if (!find_interface(NULL, index, &w))
		return lib_next()->if_indextoname(index, name);
	memcpy(name, w.name, sizeof(w.name));
	return name;
}

int
sysctlbyname(const char *name, void *oldp, size_t *oldlenp, void *newp,
    size_t newlen)
{
	struct iovec iov[2] = {
		{ (void *)(uintptr_t)name, strlen(name) + 1 },
		{ newp, newlen },
	};
	struct ask a = {
		.rq.op = WIRE_SYSCTL, .in = iov, .nin = newp != NULL ? 2 : 1,
		.rq.b = newp != NULL,
	};

	if (lib_fails(FAULT_SYSCTL, 0))
		return -1;
	if (oldp != NULL && oldlenp != NULL) {
		a.rq.a = *oldlenp > VALUE_MAX ? VALUE_MAX :
		    (uint32_t)*oldlenp;
		a.out = oldp;
		a.out_size = a.rq.a;
	}
	if (lib_ask(&a, NULL) == -1)
		return -1;
	if (oldlenp != NULL)
		*oldlenp = a.reply.value;
	return 0;
}
