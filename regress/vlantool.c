/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Sends super-frames of TCP/IPv4 with a VLAN tag by packet sockets, and checks
 * what becomes of them, for the script tests: not every kernel has VLAN
 * devices.  Linux only.
 *
 * They are one flow that no stack has a part in.  A super-frame has as many
 * segments of one size as it is told, and one of half that.  The sequence
 * number is the place in the whole flow, the identification that of the
 * segment in it.  What arrives may be super-frames, segments, or some of them
 * joined, with every header right for what it is: the lengths, the flags, the
 * identification, the checksums, or what the kernel says of one that is still
 * to be filled in (packet(7), PACKET_VNET_HDR).
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "regress/tool.h"
#include "tun/bytes.h"

#define TAG_AT		12
#define TAG_SIZE	4
#define IP_AT		18		/* with the tag */
#define IP_SIZE		20
#define TCP_SIZE	20
#define HEADERS		(IP_AT + IP_SIZE + TCP_SIZE)
#define TCP_PSH_ACK	0x18
#define TCP_ACK		0x10
#define PAUSE_US	4000		/* between two, for the queues */
#define WINDOW		2u		/* under way, for the same reason */
#define MEETING		0x100u		/* frametool's are below */
#define WAIT_MS		3000
#define FRAMES_MAX	1000000u
#define SEGMENT_MAX	16384u
#define SEGMENTS_MAX	64u
#define PAYLOAD_MAX	(65535 - IP_SIZE - TCP_SIZE)
#define ROOM		(8 * 1024 * 1024)
#define FLOW_MAC	0x02, 0xf1, 0x00, 0x00, 0x00, 0x01

struct flow {
	int fd;
	uint32_t count;			/* of super-frames */
	unsigned size, segments, last, vlan;
	unsigned super;			/* bytes of a super-frame */
	/* Receiving. */
	uint64_t next, frames, supers, wrong, lost, reordered;
	const char *why;		/* of what was wrong, the first */
};

void
usage(void)
{
	fprintf(stderr,
	    "usage: vlantool inject IF FRAMES SIZE SEGMENTS VLAN\n"
	    "       vlantool collect IF FRAMES SIZE SEGMENTS VLAN\n");
	exit(2);
}

/* Of the segment at this place in a super-frame. */
static unsigned
size_at(const struct flow *f, unsigned place)
{
	return place < f->segments ? f->size : f->last;
}

static uint32_t
add_up(uint32_t sum, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += bytes_u16(p + i);
	if (len % 2 != 0)
		sum += (uint32_t)p[len - 1] << 8;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* len: of TCP's header and what it carries. */
static uint32_t
pseudo_sum(const uint8_t *ip, size_t len)
{
	return add_up((uint32_t)len + IPPROTO_TCP, ip + 12, 8);
}

static void
put_headers(const struct flow *f, uint8_t *p, uint32_t n)
{
	static const uint8_t ether[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    FLOW_MAC, 0x81, 0x00, 0, 0, 0x08, 0x00 };
	uint8_t *ip = p + IP_AT, *tcp = ip + IP_SIZE;

	memset(p, 0, HEADERS);
	memcpy(p, ether, sizeof(ether));
	bytes_put_u16(p + TAG_AT + 2, f->vlan);
	ip[0] = 0x45;
	bytes_put_u16(ip + 2, IP_SIZE + TCP_SIZE + f->super);
	bytes_put_u16(ip + 4, n * (f->segments + 1));
	ip[8] = 64;
	ip[9] = IPPROTO_TCP;
	bytes_put_u32(ip + 12, 0xc6120501);	/* 198.18.5.1, .2 */
	bytes_put_u32(ip + 16, 0xc6120502);
	bytes_put_u16(ip + 10, ~add_up(0, ip, IP_SIZE));
	bytes_put_u16(tcp, 40000);
	bytes_put_u16(tcp + 2, 40001);
	bytes_put_u32(tcp + 4, n * f->super);
	tcp[12] = TCP_SIZE / 4 << 4;
	tcp[13] = TCP_PSH_ACK;
	bytes_put_u16(tcp + 14, 1000);
	bytes_put_u16(tcp + 16, pseudo_sum(ip, TCP_SIZE + f->super));
}

static void
open_packets(struct flow *f, const char *ifname, uint16_t protocol)
{
	struct sockaddr_ll sll;
	int one = 1, room = ROOM;

	f->fd = socket(AF_PACKET, SOCK_RAW, htons(protocol));
	if (f->fd == -1)
		die("packet socket");
	memset(&sll, 0, sizeof(sll));
	sll.sll_family = AF_PACKET;
	sll.sll_protocol = htons(protocol);
	sll.sll_ifindex = (int)if_nametoindex(ifname);
	if (sll.sll_ifindex == 0)
		die(ifname);
	(void)setsockopt(f->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room,
	    sizeof(room));
	if (setsockopt(f->fd, SOL_PACKET, PACKET_VNET_HDR, &one,
	    sizeof(one)) != 0 || setsockopt(f->fd, SOL_PACKET, PACKET_AUXDATA,
	    &one, sizeof(one)) != 0)
		die("PACKET_VNET_HDR");
	if (bind(f->fd, (struct sockaddr *)&sll, sizeof(sll)) != 0)
		die("bind");
}

static int
inject(const struct flow *f)
{
	static uint8_t frame[HEADERS + PAYLOAD_MAX];
	struct meeting receiver;
	struct virtio_net_hdr vh;
	struct iovec iov[2] = { { &vh, sizeof(vh) },
	    { frame, HEADERS + f->super } };
	unsigned place;
	uint32_t n;
	size_t at;

	memset(&vh, 0, sizeof(vh));
	vh.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	vh.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	vh.hdr_len = HEADERS;
	vh.gso_size = (uint16_t)f->size;
	vh.csum_start = IP_AT + IP_SIZE;
	vh.csum_offset = 16;
	meeting_join(&receiver, MEETING);
	for (n = 0; n < f->count; n++) {
		put_headers(f, frame, n);
		at = HEADERS;
		for (place = 0; place <= f->segments; place++) {
			fill(frame + at, size_at(f, place), 0, n, place);
			at += size_at(f, place);
		}
		if (writev(f->fd, iov, 2) == -1)
			die("writev with PACKET_VNET_HDR");
		sleep_us(PAUSE_US);
		if (n >= WINDOW)
			(void)meeting_wait(&receiver, n + 1 - WINDOW);
	}
	return 0;
}

/* What the segments say that start at this byte of the flow. */
static const char *
check_payload(const struct flow *f, uint32_t seq, const uint8_t *p,
    size_t len)
{
	static uint8_t expected[SEGMENT_MAX];
	unsigned place = seq % f->super / f->size, size;
	uint32_t n = seq / f->super;

	if (n >= f->count || seq % f->super % f->size != 0 || len == 0)
		return "segment that starts elsewhere";
	for (; len != 0; place++, p += size, len -= size) {
		if (place > f->segments)
			return "more than one super-frame in one";
		size = size_at(f, place);
		if (size > len)
			return "segment cut short";
		fill(expected, size, 0, n, place);
		if (memcmp(p, expected, size) != 0)
			return "content";
	}
	return NULL;
}

/* ip: the packet, without Ethernet; len: all that came, at least headers. */
static const char *
check_packet(const struct flow *f, const struct virtio_net_hdr *vh,
    const uint8_t *ip, size_t len)
{
	const uint8_t *tcp = ip + IP_SIZE;
	uint32_t seq = bytes_u32(tcp + 4), sum;
	size_t payload = len - IP_SIZE - TCP_SIZE;
	unsigned first = seq % f->super / f->size;
	bool is_last = seq % f->super + payload == f->super;

	if (bytes_u16(ip + 2) != len)
		return "total length";
	if (add_up(0, ip, IP_SIZE) != 0xffff)
		return "checksum of IPv4";
	if (bytes_u16(ip + 4) !=
	    ((seq / f->super * (f->segments + 1) + first) & 0xffff))
		return "identification";
	if (tcp[13] != (is_last ? TCP_PSH_ACK : TCP_ACK))
		return "flags";
	sum = pseudo_sum(ip, len - IP_SIZE);
	if ((vh->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0) {
		if (bytes_u16(tcp + 16) != sum)
			return "sum of the pseudo header";
	} else if (add_up(sum, tcp, len - IP_SIZE) != 0xffff)
		return "checksum of TCP";
	if (payload > f->size &&
	    (vh->gso_type != VIRTIO_NET_HDR_GSO_TCPV4 ||
	    vh->gso_size != f->size))
		return "size of segments";
	return check_payload(f, seq, tcp + TCP_SIZE, payload);
}

/* frame: the tag is not in it any more, the kernel has taken it out. */
static void
collect_frame(struct flow *f, const struct virtio_net_hdr *vh,
    const uint8_t *frame, size_t len)
{
	static const uint8_t source[] = { FLOW_MAC };
	const uint8_t *ip = frame + ETH_HLEN;
	const char *why;
	uint32_t seq;

	if (len < HEADERS - TAG_SIZE ||
	    memcmp(frame + 6, source, sizeof(source)) != 0)
		return;
	why = check_packet(f, vh, ip, len - ETH_HLEN);
	if (why != NULL) {
		f->wrong++;
		if (f->why == NULL)
			f->why = why;
		return;
	}
	f->frames++;
	f->supers += vh->gso_type != VIRTIO_NET_HDR_GSO_NONE;
	seq = bytes_u32(ip + IP_SIZE + 4);
	if (seq < f->next) {
		f->reordered++;
		return;
	}
	f->lost += seq - f->next;
	f->next = seq + len - ETH_HLEN - IP_SIZE - TCP_SIZE;
}

static bool
has_tag(struct msghdr *msg, unsigned vlan)
{
	struct tpacket_auxdata aux;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_PACKET ||
		    c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		return (aux.tp_status & TP_STATUS_VLAN_VALID) != 0 &&
		    aux.tp_vlan_tci == vlan;
	}
	return false;
}

static void
collect_one(struct flow *f)
{
	static uint8_t frame[HEADERS + PAYLOAD_MAX];
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct virtio_net_hdr vh;
	struct iovec iov[2] = { { &vh, sizeof(vh) },
	    { frame, sizeof(frame) } };
	struct sockaddr_ll from;
	struct msghdr msg;
	ssize_t len;

	memset(&msg, 0, sizeof(msg));
	msg.msg_name = &from;
	msg.msg_namelen = sizeof(from);
	msg.msg_iov = iov;
	msg.msg_iovlen = 2;
	msg.msg_control = control.bytes;
	msg.msg_controllen = sizeof(control.bytes);
	len = recvmsg(f->fd, &msg, MSG_DONTWAIT);
	if (len == -1 && errno != EAGAIN && errno != EINTR)
		die("recvmsg");
	if (len >= (ssize_t)sizeof(vh) && from.sll_pkttype != PACKET_OUTGOING &&
	    has_tag(&msg, f->vlan))
		collect_frame(f, &vh, frame, (size_t)len - sizeof(vh));
}

static int
collect(struct flow *f)
{
	struct pollfd pfd = { f->fd, POLLIN, 0 };
	uint64_t all = (uint64_t)f->count * f->super;
	struct meeting sender;

	meeting_make(&sender, MEETING);
	fprintf(stderr, "ready\n");
	while (f->next < all && poll(&pfd, 1, WAIT_MS) == 1) {
		collect_one(f);
		meeting_tell(&sender, (uint32_t)(f->next / f->super));
	}
	meeting_remove(&sender);
	fprintf(stderr, "frames %llu wrong %llu lost %llu reordered %llu"
	    " joined %llu%s%s\n", (unsigned long long)f->frames,
	    (unsigned long long)f->wrong,
	    (unsigned long long)(f->lost + all - f->next),
	    (unsigned long long)f->reordered, (unsigned long long)f->supers,
	    f->why != NULL ? "; wrong: " : "", f->why != NULL ? f->why : "");
	return f->next == all && f->wrong == 0 && f->lost == 0 &&
	    f->reordered == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	static struct flow f;

	if (argc != 7)
		usage();
	f.count = number(argv[3], FRAMES_MAX);
	f.size = number(argv[4], SEGMENT_MAX);
	f.segments = number(argv[5], SEGMENTS_MAX - 1);
	f.last = f.size / 2;
	f.vlan = number(argv[6], 4094);
	f.super = f.size * f.segments + f.last;
	if (f.last == 0 || f.super > PAYLOAD_MAX ||
	    (uint64_t)f.count * f.super > UINT32_MAX)
		usage();
	if (strcmp(argv[1], "inject") == 0) {
		open_packets(&f, argv[2], 0);
		return inject(&f);
	}
	if (strcmp(argv[1], "collect") != 0)
		usage();
	open_packets(&f, argv[2], ETH_P_ALL);
	return collect(&f);
}
