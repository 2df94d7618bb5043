/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Addresses by rtnetlink(7): the ioctl replaces an IPv4 address that is there
 * instead of adding one, brings the interface up, and has the netmask of the
 * address's class for a moment.  Bridges by ioctl, which takes bridges alone,
 * where rtnetlink would take any device that can have others below it.
 */

#include "tun/tap_link.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <net/if.h>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/proc.h"
#include "tun/rtnl_linux.h"
#include "tun/tap_impl.h"
#include "tun/tap_impl_linux.h"

#define IPV4_LEN	4
#define IPV6_LEN	16
#define IPV6_MTU_MIN	1280	/* RFC 8200 section 5 */

/* With at least two bits for hosts there is an address for all of them. */
#define BROADCAST_PREFIX_MAX	30

#define ATTRS_MAX	3

int
tap_link_up(const char *name, struct tap_fault *fault)
{
	return tap_linux_up(name, fault);
}

/* Of a failure with ENODEV it is known what is missing: the interface. */
static int
fail(struct tap_fault *fault, enum tap_step step, const char *name)
{
	if (errno == ENODEV)
		errno = ENXIO;
	return tap_fault_set(fault, step, name);
}

/* Not every C library refuses to cut a name that is too long. */
static unsigned
get_index(const char *name)
{
	if (strlen(name) < IFNAMSIZ)
		return if_nametoindex(name);
	errno = ENODEV;
	return 0;
}

/* What the kernel says of one interface. */
struct link {
	unsigned mtu;
	unsigned master;	/* index of the bridge, or 0 */
};

static int
note_link(void *ctx, unsigned type, const uint8_t *p, size_t len)
{
	struct rtnl_attrs as = rtnl_attrs(p, len, sizeof(struct ifinfomsg));
	struct link *l = ctx;
	struct rtnl_attr a;

	while (type == RTM_NEWLINK && rtnl_next(&as, &a)) {
		if (a.type == IFLA_MTU)
			l->mtu = rtnl_get_u32(&a);
		else if (a.type == IFLA_MASTER)
			l->master = rtnl_get_u32(&a);
	}
	return 0;
}

static int
get_link(unsigned index, struct link *l)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg link;
	} rq = {
		.h = {
			.nlmsg_len = sizeof(rq),
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
		.link.ifi_index = (int)index,
	};

	*l = (struct link){ .master = 0 };
	return rtnl_ask(&rq.h, note_link, l, NULL);
}

/* ---- addresses ---- */

struct address_request {
	struct nlmsghdr h;
	struct ifaddrmsg ifa;
	uint8_t attrs[ATTRS_MAX * RTA_SPACE(IPV6_LEN)];
};

static void
put_attr(struct address_request *rq, unsigned short type, const uint8_t *p,
    size_t len)
{
	struct rtattr a = { .rta_type = type,
	    .rta_len = (unsigned short)RTA_LENGTH(len) };
	uint8_t *at = (uint8_t *)rq + rq->h.nlmsg_len;

	memcpy(at, &a, sizeof(a));
	memcpy(at + RTA_LENGTH(0), p, len);
	rq->h.nlmsg_len += RTA_SPACE(len);
}

static void
put_broadcast(struct address_request *rq, const struct tap_address *a)
{
	uint8_t bytes[IPV4_LEN];

	put_be32(bytes, get_be32(a->bytes) | UINT32_MAX >> a->prefix_len);
	put_attr(rq, IFA_BROADCAST, bytes, sizeof(bytes));
}

/* Returns 0, or SSHTAP_ERR_SYSTEM with errno. */
static int
ask_address(const char *name, const struct tap_address *a, uint16_t type,
    uint16_t flags)
{
	size_t len = a->family == AF_INET ? IPV4_LEN : IPV6_LEN;
	struct address_request rq;

	memset(&rq, 0, sizeof(rq));
	rq.h.nlmsg_len = NLMSG_LENGTH(sizeof(rq.ifa));
	rq.h.nlmsg_type = type;
	rq.h.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	rq.ifa.ifa_family = (unsigned char)a->family;
	rq.ifa.ifa_prefixlen = (unsigned char)a->prefix_len;
	rq.ifa.ifa_index = get_index(name);
	if (rq.ifa.ifa_index == 0)
		return SSHTAP_ERR_SYSTEM;
	put_attr(&rq, IFA_LOCAL, a->bytes, len);
	put_attr(&rq, IFA_ADDRESS, a->bytes, len);
	if (a->family == AF_INET && a->prefix_len <= BROADCAST_PREFIX_MAX)
		put_broadcast(&rq, a);
	return rtnl_ask(&rq.h, NULL, NULL, NULL);
}

/*
 * The kernel does not say that the MTU is too small: EINVAL, before Linux 5.4
 * ENOBUFS.  Without IPv6 the request reaches nobody.
 */
static int
fail_add(const char *name, const struct tap_address *a,
    struct tap_fault *fault)
{
	struct link l = { .mtu = 0 };
	int error = errno, r;

	if (error == EOPNOTSUPP)
		error = EAFNOSUPPORT;
	if (a->family == AF_INET6 && (error == EINVAL || error == ENOBUFS) &&
	    get_link(get_index(name), &l) == 0 && l.mtu != 0 &&
	    l.mtu < IPV6_MTU_MIN)
		error = ERANGE;
	errno = error;
	r = fail(fault, TAP_STEP_INET, name);
	if (error == ERANGE)
		fault->limit = l.mtu;
	return r;
}

int
tap_link_add_address(const char *name, const struct tap_address *a,
    bool *is_newp, struct tap_fault *fault)
{
	bool is_new = true;
	int r;

	if ((r = tap_address_check(a, name, fault)) != 0)
		return r;
	if (ask_address(name, a, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL) != 0) {
		if (errno != EEXIST)
			return fail_add(name, a, fault);
		is_new = false;
	}
	if (is_newp != NULL)
		*is_newp = is_new;
	return 0;
}

int
tap_link_remove_address(const char *name, const struct tap_address *a,
    struct tap_fault *fault)
{
	int r;

	if ((r = tap_address_check(a, name, fault)) != 0)
		return r;
	if (ask_address(name, a, RTM_DELADDR, 0) == 0 ||
	    errno == EADDRNOTAVAIL || errno == ENODEV || errno == ENXIO)
		return 0;
	return fail(fault, TAP_STEP_INET, name);
}

/* ---- bridges ---- */

/* Returns 0, or SSHTAP_ERR_SYSTEM with errno. */
static int
ask_bridge(const char *bridge, unsigned index, unsigned long request)
{
	struct ifreq ifr = { .ifr_ifindex = (int)index };
	int r, s;

	memcpy(ifr.ifr_name, bridge, strnlen(bridge, IFNAMSIZ - 1));
	if ((s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		return SSHTAP_ERR_SYSTEM;
	r = ioctl(s, request, &ifr) == 0 ? 0 : SSHTAP_ERR_SYSTEM;
	proc_close(&s);
	return r;
}

/* The kernel says EBUSY of any bridge. */
static bool
is_in_bridge(unsigned index, unsigned bridge_index)
{
	struct link l;

	return get_link(index, &l) == 0 && l.master == bridge_index;
}

int
tap_link_join_bridge(const char *name, const char *bridge, bool *is_newp,
    struct tap_fault *fault)
{
	unsigned bridge_index, index;
	bool is_new = true;

	if ((index = get_index(name)) == 0)
		return fail(fault, TAP_STEP_BRIDGE, name);
	if ((bridge_index = get_index(bridge)) == 0)
		return tap_fault_set(fault, TAP_STEP_BRIDGE, bridge);
	if (ask_bridge(bridge, index, SIOCBRADDIF) != 0) {
		if (errno == ENODEV || errno == EOPNOTSUPP)
			return tap_fault_set(fault, TAP_STEP_BRIDGE, bridge);
		if (errno != EBUSY)
			return fail(fault, TAP_STEP_BRIDGE, name);
		if (!is_in_bridge(index, bridge_index)) {
			errno = EBUSY;
			return tap_fault_set(fault, TAP_STEP_BRIDGE, name);
		}
		is_new = false;
	}
	if (is_newp != NULL)
		*is_newp = is_new;
	return 0;
}

/* EINVAL is the answer for one that is not in it. */
int
tap_link_leave_bridge(const char *name, const char *bridge,
    struct tap_fault *fault)
{
	unsigned index;

	if (((index = get_index(name)) != 0 && get_index(bridge) != 0 &&
	    ask_bridge(bridge, index, SIOCBRDELIF) == 0) ||
	    errno == EINVAL || errno == ENODEV)
		return 0;
	if (errno == EOPNOTSUPP)
		return tap_fault_set(fault, TAP_STEP_BRIDGE, bridge);
	return fail(fault, TAP_STEP_BRIDGE, name);
}
