/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Sends and checks numbered Ethernet frames over a packet socket, for the
 * script tests.  Linux only.  Casts and hears one multicast datagram, too.
 *
 * Frame number n of a run is known from its source address, 02, the seed (one
 * byte) and n (four bytes, big-endian), so that it can be told even if the
 * frame is no more than its 14-byte header.  What follows the header is a
 * pseudo-random stream that starts from seed, number and size: a frame that
 * was cut, padded or changed does not fit it.
 *
 * A run may be sent by the clock alone, or follow its receiver as well: then
 * few frames are under way at any time, so that no queue has a reason to drop
 * any, however little the processors have left for the tunnel.
 *
 * The kernel takes a VLAN tag out of the frame before a packet socket sees
 * it, and hands it over beside the frame (packet(7), PACKET_AUXDATA), so the
 * receiver adds its four bytes to the size again.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
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
#include <time.h>

#include "regress/tool.h"

#define HEADER_SIZE	14
#define TAG_SIZE	4
#define FRAME_MAX	65536
#define COUNT_MAX	10000000u
#define SIZES_MAX	16
#define ETHERTYPE_TEST	0x88b5u		/* IEEE 802, local experimental */
#define ETHERTYPE_TAG	0x8100u
#define PACE_DEFAULT	20000u		/* frames each second */
#define BURST		32u	/* frames between two looks at the clock */
#define SMALL_MAX	2048u		/* of those a relay holds many */

/*
 * How many may be under way to a receiver that is followed.  What the pace
 * brings in 1/400 s is half of what CoDel lets wait, if the tunnel is as fast;
 * when a relay stops for a moment it has places for all of them.
 */
#define WINDOW_MIN	32u
#define WINDOW_LARGE	16u
#define WINDOWS		400u		/* each second */

struct run {
	const char *ifname;
	int fd;
	unsigned seed;
	uint32_t count;
	/* Sending. */
	size_t sizes[SIZES_MAX], nsizes;
	unsigned ethertype, vlan, pace, burst, window;
	uint64_t start_us;
	bool follows;
	struct meeting receiver;
	/* Receiving. */
	unsigned seconds;
	bool shows;
	uint8_t *seen;			/* one byte for each number */
	uint32_t received, corrupt, duplicate, reordered, next;
	uint32_t by_size[FRAME_MAX];
};

void
usage(void)
{
	fprintf(stderr,
	    "usage: frametool send IF SIZE[,SIZE...] COUNT SEED"
	    " [ETHERTYPE [VLAN [PACE]]]\n"
	    "       frametool follow IF SIZE[,SIZE...] COUNT SEED"
	    " [ETHERTYPE [VLAN [PACE]]]\n"
	    "       frametool recv IF COUNT SECONDS SEED [show]\n"
	    "       frametool cast IF GROUP PORT TEXT\n"
	    "       frametool hear IF GROUP PORT SECONDS\n");
	exit(2);
}

/* A socket that only sends listens to no protocol. */
static void
open_socket(struct run *r, uint16_t protocol)
{
	struct sockaddr_ll sll;

	r->fd = socket(AF_PACKET, SOCK_RAW, htons(protocol));
	if (r->fd == -1)
		die("packet socket");
	memset(&sll, 0, sizeof(sll));
	sll.sll_family = AF_PACKET;
	sll.sll_protocol = htons(protocol);
	sll.sll_ifindex = (int)if_nametoindex(r->ifname);
	if (sll.sll_ifindex == 0)
		die(r->ifname);
	if (bind(r->fd, (struct sockaddr *)&sll, sizeof(sll)) != 0)
		die("bind");
}

static void
set_receive_options(const struct run *r)
{
	int one = 1, room = 64 * 1024 * 1024;

	/* Root may go over the limit; others make do with it. */
	if (setsockopt(r->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room,
	    sizeof(room)) != 0)
		(void)setsockopt(r->fd, SOL_SOCKET, SO_RCVBUF, &room,
		    sizeof(room));
	if (setsockopt(r->fd, SOL_PACKET, PACKET_AUXDATA, &one,
	    sizeof(one)) != 0)
		die("PACKET_AUXDATA");
}

/* Returns the place behind the header. */
static size_t
put_header(uint8_t *frame, const struct run *r, uint32_t n)
{
	size_t at = 12;

	memset(frame, 0xff, 6);
	frame[6] = 0x02;
	frame[7] = (uint8_t)r->seed;
	frame[8] = (uint8_t)(n >> 24);
	frame[9] = (uint8_t)(n >> 16);
	frame[10] = (uint8_t)(n >> 8);
	frame[11] = (uint8_t)n;
	if (r->vlan != 0) {
		frame[at++] = ETHERTYPE_TAG >> 8;
		frame[at++] = ETHERTYPE_TAG & 0xff;
		frame[at++] = (uint8_t)(r->vlan >> 8);
		frame[at++] = (uint8_t)r->vlan;
	}
	frame[at++] = (uint8_t)(r->ethertype >> 8);
	frame[at++] = (uint8_t)r->ethertype;
	return at;
}

/*
 * Waits until frame n may go, so that no queue on the way runs over.  What was
 * waited for the receiver is not made up for later.
 */
static void
keep_pace(struct run *r, uint32_t n)
{
	uint64_t due, now;

	if (n % r->burst != 0)
		return;
	if (r->follows && n + r->burst > r->window)
		r->start_us += meeting_wait(&r->receiver,
		    n + r->burst - r->window);
	due = r->start_us + (uint64_t)n * 1000000u / r->pace;
	now = now_us();
	if (now < due)
		sleep_us(due - now);
}

static int
send_frames(struct run *r)
{
	static uint8_t frame[FRAME_MAX];
	uint32_t n, refused = 0;
	size_t size, at;

	r->start_us = now_us();
	for (n = 0; n < r->count; n++) {
		keep_pace(r, n);
		size = r->sizes[n % r->nsizes];
		at = put_header(frame, r, n);
		if (size < at)
			usage();
		fill(frame + at, size - at, r->seed, n, size);
		if (send(r->fd, frame, size, 0) == -1) {
			/* A queue that is full, an interface that is down. */
			if (errno != ENOBUFS && errno != ENETDOWN)
				die("send");
			refused++;
		}
	}
	printf("sent %u refused %u\n", r->count - refused, refused);
	return 0;
}

/* Four when the kernel took a tag out of this frame, else none. */
static size_t
tag_size(struct msghdr *msg)
{
	struct tpacket_auxdata aux;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_PACKET ||
		    c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		return (aux.tp_status & TP_STATUS_VLAN_VALID) != 0 ?
		    TAG_SIZE : 0;
	}
	return 0;
}

/* As tcpdump -e does. */
static void
show_frame(const uint8_t *f, size_t size)
{
	printf("%02x:%02x:%02x:%02x:%02x:%02x > "
	    "%02x:%02x:%02x:%02x:%02x:%02x, ethertype 0x%02x%02x,"
	    " length %zu\n", f[6], f[7], f[8], f[9], f[10], f[11], f[0], f[1],
	    f[2], f[3], f[4], f[5], f[12], f[13], size);
}

static void
check_frame(struct run *r, const uint8_t *frame, size_t len, size_t tag)
{
	static uint8_t expected[FRAME_MAX];
	uint32_t n;

	if (len < HEADER_SIZE || frame[6] != 0x02 || frame[7] != r->seed)
		return;
	n = (uint32_t)frame[8] << 24 | (uint32_t)frame[9] << 16 |
	    (uint32_t)frame[10] << 8 | frame[11];
	if (n >= r->count || len + tag >= FRAME_MAX) {
		r->corrupt++;
		return;
	}
	fill(expected, len - HEADER_SIZE, r->seed, n, len + tag);
	if (memcmp(frame + HEADER_SIZE, expected, len - HEADER_SIZE) != 0) {
		r->corrupt++;
		return;
	}
	if (r->seen[n] != 0) {
		r->duplicate++;
		return;
	}
	r->seen[n] = 1;
	r->received++;
	r->by_size[len + tag]++;
	if (r->shows)
		show_frame(frame, len + tag);
	if (n < r->next)
		r->reordered++;
	else
		r->next = n + 1;
}

static void
receive_one(struct run *r)
{
	static uint8_t frame[FRAME_MAX];
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct sockaddr_ll from;
	struct iovec iov = { frame, sizeof(frame) };
	struct msghdr msg;
	ssize_t len;

	memset(&msg, 0, sizeof(msg));
	msg.msg_name = &from;
	msg.msg_namelen = sizeof(from);
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = control.bytes;
	msg.msg_controllen = sizeof(control.bytes);
	len = recvmsg(r->fd, &msg, MSG_DONTWAIT);
	if (len == -1) {
		if (errno == EAGAIN || errno == EINTR || errno == ENETDOWN)
			return;
		die("recvmsg");
	}
	if (from.sll_pkttype != PACKET_OUTGOING)
		check_frame(r, frame, (size_t)len, tag_size(&msg));
}

static void
print_result(struct run *r)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);
	size_t size;

	memset(&stats, 0, sizeof(stats));
	(void)getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len);
	for (size = 0; size < FRAME_MAX; size++)
		if (r->by_size[size] != 0)
			printf("size %zu received %u\n", size,
			    r->by_size[size]);
	printf("received %u lost %u corrupt %u duplicate %u reordered %u"
	    " overrun %u\n", r->received, r->count - r->received, r->corrupt,
	    r->duplicate, r->reordered, stats.tp_drops);
}

/* Until all have come, or none has for the given time. */
static int
receive_frames(struct run *r)
{
	struct pollfd pfd = { r->fd, POLLIN, 0 };
	struct meeting sender;
	uint32_t before;
	uint64_t last;

	meeting_make(&sender, r->seed);
	r->seen = calloc(r->count, 1);
	if (r->seen == NULL)
		die("calloc");
	printf("ready\n");
	(void)fflush(stdout);
	last = now_us();
	while (r->received < r->count &&
	    now_us() - last < (uint64_t)r->seconds * 1000000u) {
		if (poll(&pfd, 1, 100) == -1 && errno != EINTR)
			die("poll");
		before = r->received;
		receive_one(r);
		if (r->received != before)
			last = now_us();
		meeting_tell(&sender, r->next);
	}
	meeting_remove(&sender);
	print_result(r);
	return r->received == r->count && r->corrupt == 0 &&
	    r->duplicate == 0 && r->reordered == 0 ? 0 : 1;
}

/* A socket for the group; the interface alone decides where it goes. */
static void
open_group(struct run *r, const char *group, const char *port,
    struct sockaddr_in *sinp, struct ip_mreqn *mreqp)
{
	memset(sinp, 0, sizeof(*sinp));
	sinp->sin_family = AF_INET;
	sinp->sin_port = htons((uint16_t)number(port, 65535));
	if (inet_pton(AF_INET, group, &sinp->sin_addr) != 1)
		usage();
	memset(mreqp, 0, sizeof(*mreqp));
	mreqp->imr_multiaddr = sinp->sin_addr;
	mreqp->imr_ifindex = (int)if_nametoindex(r->ifname);
	if (mreqp->imr_ifindex == 0)
		die(r->ifname);
	r->fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (r->fd == -1)
		die("socket");
}

static int
cast(struct run *r, const char *group, const char *port, const char *text)
{
	struct sockaddr_in sin;
	struct ip_mreqn mreq;

	open_group(r, group, port, &sin, &mreq);
	if (setsockopt(r->fd, IPPROTO_IP, IP_MULTICAST_IF, &mreq,
	    sizeof(mreq)) != 0)
		die("IP_MULTICAST_IF");
	if (sendto(r->fd, text, strlen(text), 0, (struct sockaddr *)&sin,
	    sizeof(sin)) == -1)
		die("sendto");
	return 0;
}

static int
hear(struct run *r, const char *group, const char *port)
{
	struct sockaddr_in sin, from;
	socklen_t fromlen = sizeof(from);
	struct ip_mreqn mreq;
	struct pollfd pfd;
	char text[1500];
	ssize_t len;

	open_group(r, group, port, &sin, &mreq);
	if (bind(r->fd, (struct sockaddr *)&sin, sizeof(sin)) != 0)
		die("bind");
	if (setsockopt(r->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq,
	    sizeof(mreq)) != 0)
		die("IP_ADD_MEMBERSHIP");
	printf("ready\n");
	(void)fflush(stdout);
	pfd.fd = r->fd;
	pfd.events = POLLIN;
	if (poll(&pfd, 1, (int)r->seconds * 1000) != 1)
		return 1;
	len = recvfrom(r->fd, text, sizeof(text), 0, (struct sockaddr *)&from,
	    &fromlen);
	if (len == -1)
		die("recvfrom");
	printf("from %s: %.*s\n", inet_ntoa(from.sin_addr), (int)len, text);
	return 0;
}

static void
parse_sizes(struct run *r, char *s)
{
	char *one;

	for (one = strtok(s, ","); one != NULL; one = strtok(NULL, ",")) {
		if (r->nsizes == SIZES_MAX)
			usage();
		r->sizes[r->nsizes++] = number(one, FRAME_MAX);
	}
	if (r->nsizes == 0)
		usage();
}

static void
set_window(struct run *r)
{
	size_t i;

	r->window = r->pace / WINDOWS;
	if (r->window < WINDOW_MIN)
		r->window = WINDOW_MIN;
	for (i = 0; i < r->nsizes; i++)
		if (r->sizes[i] > SMALL_MAX)
			r->window = WINDOW_LARGE;
	r->burst = r->window / 2 < BURST ? r->window / 2 : BURST;
	r->follows = true;
	meeting_join(&r->receiver, r->seed);
}

static int
main_send(struct run *r, int argc, char **argv)
{
	parse_sizes(r, argv[3]);
	r->count = number(argv[4], COUNT_MAX);
	r->seed = number(argv[5], 255);
	if (argc > 6)
		r->ethertype = number(argv[6], 0xffff);
	if (argc > 7)
		r->vlan = number(argv[7], 4094);
	if (argc > 8)
		r->pace = number(argv[8], COUNT_MAX);
	if (argc > 9 || r->pace == 0)
		usage();
	if (strcmp(argv[1], "follow") == 0)
		set_window(r);
	open_socket(r, 0);
	return send_frames(r);
}

static int
main_recv(struct run *r, int argc, char **argv)
{
	r->count = number(argv[3], COUNT_MAX);
	r->seconds = number(argv[4], 600);
	r->seed = number(argv[5], 255);
	r->shows = argc > 6 && strcmp(argv[6], "show") == 0;
	if (argc > 7 || (argc > 6 && !r->shows))
		usage();
	open_socket(r, ETH_P_ALL);
	set_receive_options(r);
	return receive_frames(r);
}

int
main(int argc, char **argv)
{
	static struct run r;

	if (argc < 6)
		usage();
	r.ifname = argv[2];
	r.ethertype = ETHERTYPE_TEST;
	r.pace = PACE_DEFAULT;
	r.burst = BURST;
	if (strcmp(argv[1], "send") == 0 || strcmp(argv[1], "follow") == 0)
		return main_send(&r, argc, argv);
	if (strcmp(argv[1], "recv") == 0)
		return main_recv(&r, argc, argv);
	if (argc != 6)
		usage();
	if (strcmp(argv[1], "cast") == 0)
		return cast(&r, argv[3], argv[4], argv[5]);
	if (strcmp(argv[1], "hear") != 0)
		usage();
	r.seconds = number(argv[5], 600);
	return hear(&r, argv[3], argv[4]);
}
