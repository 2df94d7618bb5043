/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Pairs of veth interfaces, one end in the namespace of the programs and the
 * other in a namespace that only this process has, so that all of it goes
 * when it ends.  A packet socket on the hidden end takes what the host sends
 * and injects what it is to receive.
 *
 * What Linux does otherwise than macOS is hidden here: unfinished checksums
 * and segments (offloads are off), VLAN tags beside the frame (put back),
 * own frames that come back (ignored), limits of the MTU on what is injected
 * (the hidden end's is the largest; but the end that is seen drops what is
 * longer than its own MTU and 18).
 */

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "regress/darwin-sim/kernel.h"

#define MESSAGE_MAX	1024
#define HIDDEN_MTU	65535
#define QUEUE_BYTES	(32 << 20)
#define TAG_AT		12	/* behind the two addresses */
#define TAG_LEN		4

/* One of the two namespaces. */
struct side {
	int ns;
	int route;		/* netlink */
	int control;		/* for ioctls */
};
static struct side home, hidden;

/* === Netlink === */

struct message {
	union {
		struct nlmsghdr header;
		uint8_t bytes[MESSAGE_MAX];
	} u;
};

static void
put_bytes(struct message *m, const void *p, size_t len)
{
	size_t at = m->u.header.nlmsg_len;

	if (len > 0)
		memcpy(m->u.bytes + at, p, len);
	m->u.header.nlmsg_len += NLMSG_ALIGN((uint32_t)len);
}

static void
put_attr(struct message *m, unsigned type, const void *p, size_t len)
{
	struct rtattr a = {
		.rta_len = (unsigned short)RTA_LENGTH(len),
		.rta_type = (unsigned short)type,
	};

	put_bytes(m, &a, sizeof(a));
	put_bytes(m, p, len);
}

/* Returns where it starts, for end_nest. */
static size_t
begin_nest(struct message *m, unsigned type)
{
	size_t at = m->u.header.nlmsg_len;

	put_attr(m, type | NLA_F_NESTED, NULL, 0);
	return at;
}

static void
end_nest(struct message *m, size_t at)
{
	uint16_t len = (uint16_t)(m->u.header.nlmsg_len - at);

	memcpy(m->u.bytes + at, &len, sizeof(len));
}

static void
begin(struct message *m, unsigned type, unsigned flags,
    const struct ifinfomsg *info)
{
	memset(m, 0, sizeof(*m));
	m->u.header.nlmsg_len = NLMSG_HDRLEN;
	m->u.header.nlmsg_type = (uint16_t)type;
	m->u.header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK |
	    flags);
	put_bytes(m, info, sizeof(*info));
}

/* Returns 0, or -1 with errno. */
static int
talk(const struct side *s, const struct message *m)
{
	union {
		struct nlmsghdr header;
		uint8_t bytes[MESSAGE_MAX];
	} answer;
	struct nlmsgerr e;

	if (send(s->route, m, m->u.header.nlmsg_len, 0) == -1 ||
	    recv(s->route, &answer, sizeof(answer), 0) == -1)
		return -1;
	if (answer.header.nlmsg_type != NLMSG_ERROR)
		return 0;
	memcpy(&e.error, answer.bytes + NLMSG_HDRLEN, sizeof(e.error));
	errno = -e.error;
	return e.error == 0 ? 0 : -1;
}

/* === The namespaces === */

static void
open_side(struct side *s)
{
	s->ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	s->route = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	s->control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->ns == -1 || s->route == -1 || s->control == -1)
		die("network namespace");
}

void
veth_boot(void)
{
	open_side(&home);
	if (unshare(CLONE_NEWNET) == -1)
		die("a network namespace");
	open_side(&hidden);
	if (setns(home.ns, CLONE_NEWNET) == -1)
		die("setns");
}

static int
packet_socket(void)
{
	int fd;

	if (setns(hidden.ns, CLONE_NEWNET) == -1)
		die("setns");
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (setns(home.ns, CLONE_NEWNET) == -1)
		die("setns");
	return fd;
}

/* === Making a pair === */

static int
create_pair(const char *name)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	uint32_t mtu = HIDDEN_MTU;
	size_t link, data, peer;
	struct message m;

	begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info);
	put_attr(&m, IFLA_IFNAME, name, strlen(name) + 1);
	link = begin_nest(&m, IFLA_LINKINFO);
	put_attr(&m, IFLA_INFO_KIND, "veth", 4);
	data = begin_nest(&m, IFLA_INFO_DATA);
	peer = begin_nest(&m, VETH_INFO_PEER);
	put_bytes(&m, &info, sizeof(info));
	put_attr(&m, IFLA_IFNAME, name, strlen(name) + 1);
	put_attr(&m, IFLA_MTU, &mtu, sizeof(mtu));
	put_attr(&m, IFLA_NET_NS_FD, &hidden.ns, sizeof(hidden.ns));
	end_nest(&m, peer);
	end_nest(&m, data);
	end_nest(&m, link);
	return talk(&home, &m);
}

static int
find_index(const struct side *s, const char *name)
{
	struct ifreq ifr = { .ifr_ifindex = 0 };

	memcpy(ifr.ifr_name, name, strnlen(name, sizeof(ifr.ifr_name) - 1));
	return ioctl(s->control, SIOCGIFINDEX, &ifr) == -1 ? -1 :
	    ifr.ifr_ifindex;
}

static void
set_link_local(const struct side *s, int index, bool wanted)
{
	struct ifinfomsg info = { .ifi_index = index };
	uint8_t mode = wanted ? IN6_ADDR_GEN_MODE_EUI64 :
	    IN6_ADDR_GEN_MODE_NONE;
	size_t spec, inet6;
	struct message m;

	begin(&m, RTM_NEWLINK, 0, &info);
	spec = begin_nest(&m, IFLA_AF_SPEC);
	inet6 = begin_nest(&m, AF_INET6);
	put_attr(&m, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
	end_nest(&m, inet6);
	end_nest(&m, spec);
	/* There may be no IPv6 in this system at all. */
	(void)talk(s, &m);
}

void
veth_set_link_local(int index, bool wanted)
{
	set_link_local(&home, index, wanted);
}

static void
set_feature(const struct side *s, const char *name, uint32_t what,
    uint32_t value)
{
	struct ethtool_value v = { .cmd = what, .data = value };
	struct ifreq ifr = { .ifr_ifindex = 0 };

	memcpy(ifr.ifr_name, name, strnlen(name, sizeof(ifr.ifr_name) - 1));
	ifr.ifr_data = (char *)&v;
	(void)ioctl(s->control, SIOCETHTOOL, &ifr);
}

/* A system without one of them does not need it switched off. */
static void
no_offloads(const struct side *s, const char *name)
{
	static const uint32_t features[] = {
		ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO, ETHTOOL_SSG,
		ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM, ETHTOOL_SFLAGS
	};
	size_t i;

	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		set_feature(s, name, features[i], 0);
}

static int
bring_up(const struct side *s, int index)
{
	struct ifinfomsg info = {
		.ifi_index = index,
		.ifi_flags = IFF_UP | IFF_NOARP,
		.ifi_change = IFF_UP | IFF_NOARP,
	};
	struct message m;

	begin(&m, RTM_NEWLINK, 0, &info);
	return talk(s, &m);
}

static int
listen_on(int index)
{
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = index,
	};
	int fd = packet_socket(), one = 1, room = QUEUE_BYTES;

	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
	    sizeof(one)) == -1 || setsockopt(fd, SOL_PACKET, PACKET_AUXDATA,
	    &one, sizeof(one)) == -1 ||
	    bind(fd, (struct sockaddr *)&sll, sizeof(sll)) == -1) {
		(void)close(fd);
		return -1;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	return fd;
}

int
veth_create(const char *name, int *indexp)
{
	int fd, index;

	if (create_pair(name) == -1 ||
	    (*indexp = find_index(&home, name)) == -1)
		return -1;
	set_link_local(&home, *indexp, false);
	no_offloads(&home, name);
	if ((index = find_index(&hidden, name)) == -1)
		goto fail;
	set_link_local(&hidden, index, false);
	no_offloads(&hidden, name);
	if (bring_up(&hidden, index) == -1 || (fd = listen_on(index)) == -1)
		goto fail;
	return fd;
 fail:
	veth_destroy(*indexp);
	return -1;
}

void
veth_destroy(int index)
{
	struct ifinfomsg info = { .ifi_index = index };
	struct message m;

	begin(&m, RTM_DELLINK, 0, &info);
	(void)talk(&home, &m);
}

/* === Receiving === */

/* Put the tag back that the kernel took out. */
static size_t
restore_tag(uint8_t *p, size_t len, const struct tpacket_auxdata *aux)
{
	unsigned tpid = ETH_P_8021Q;

	if ((aux->tp_status & TP_STATUS_VLAN_VALID) == 0 || len < TAG_AT)
		return len;
	if ((aux->tp_status & TP_STATUS_VLAN_TPID_VALID) != 0)
		tpid = aux->tp_vlan_tpid;
	memmove(p + TAG_AT + TAG_LEN, p + TAG_AT, len - TAG_AT);
	p[TAG_AT] = (uint8_t)(tpid >> 8);
	p[TAG_AT + 1] = (uint8_t)tpid;
	p[TAG_AT + 2] = (uint8_t)(aux->tp_vlan_tci >> 8);
	p[TAG_AT + 3] = (uint8_t)aux->tp_vlan_tci;
	return len + TAG_LEN;
}

ssize_t
veth_receive(int fd, uint8_t *p, size_t size)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct iovec iov = { p, size - TAG_LEN };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct tpacket_auxdata aux;
	struct cmsghdr *c;
	ssize_t len = recvmsg(fd, &msg, MSG_DONTWAIT);

	if (len <= 0)
		return len;
	for (c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_PACKET ||
		    c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		return (ssize_t)restore_tag(p, (size_t)len, &aux);
	}
	return len;
}
