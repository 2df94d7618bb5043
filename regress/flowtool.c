/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Flows as programs make them that leave the cutting into packets to the
 * kernel, for the script tests.  Linux only.
 *
 *   take, give     a file by TCP.  With "options" each packet has some: of
 *                  IPv4, or an extension header of IPv6.
 *   gather, trains trains of UDP datagrams: one send of so many segments of
 *                  one size and a shorter last one (UDP_SEGMENT, udp(7)).
 *                  Each datagram names its train and its place in it, and
 *                  what follows is a pseudo-random stream that starts from
 *                  both: one that was cut, joined or changed does not fit.
 *                  The receiver acknowledges each train, and few are under
 *                  way, so that no queue has a reason to drop any.
 *
 * Whoever waits gives up after WAIT_MS, and with a status that is not 0.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "regress/tool.h"
#include "tun/bytes.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#define UDP_GRO		104
#endif

#define WAIT_MS		20000
#define CONNECT_TRIES	50
#define CHUNK		(256 * 1024)
#define DATAGRAM_MAX	65535
#define TRAIN_HEADER	8		/* train, place, size */
#define TRAINS_MAX	1000000u
#define SEGMENTS_MAX	64u		/* of every kernel with UDP_SEGMENT */
#define WINDOW		4u		/* trains not acknowledged yet */
#define ROOM		(8 * 1024 * 1024)

void
usage(void)
{
	fprintf(stderr,
	    "usage: flowtool take ADDRESS PORT >FILE\n"
	    "       flowtool give ADDRESS PORT [options] <FILE\n"
	    "       flowtool gather ADDRESS PORT TRAINS SIZE SEGMENTS LAST"
	    " [gro]\n"
	    "       flowtool trains ADDRESS PORT TRAINS SIZE SEGMENTS LAST\n");
	exit(2);
}

static void
say_ready(void)
{
	fprintf(stderr, "ready\n");
}

static bool
wait_readable(int fd)
{
	struct pollfd pfd = { fd, POLLIN, 0 };

	return poll(&pfd, 1, WAIT_MS) == 1;
}

/* === Sockets === */

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t
parse_address(union address *a, const char *host, const char *port)
{
	uint16_t nport = htons((uint16_t)number(port, 65535));

	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, host, &a->in.sin_addr) == 1) {
		a->sa.sa_family = AF_INET;
		a->in.sin_port = nport;
		return sizeof(a->in);
	}
	if (inet_pton(AF_INET6, host, &a->in6.sin6_addr) != 1)
		usage();
	a->sa.sa_family = AF_INET6;
	a->in6.sin6_port = nport;
	return sizeof(a->in6);
}

static int
open_socket(const union address *a, int type)
{
	struct timeval wait = { WAIT_MS / 1000, 0 };
	int fd, one = 1, room = ROOM;

	fd = socket(a->sa.sa_family, type, 0);
	if (fd == -1)
		die("socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait,
	    sizeof(wait)) != 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO,
	    &wait, sizeof(wait)) != 0)
		die("SO_RCVTIMEO");
	/* Root may go over the limit; others make do with it. */
	if (type == SOCK_DGRAM && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE,
	    &room, sizeof(room)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room,
		    sizeof(room));
	return fd;
}

/* === A file by TCP === */

static int
take(const char *host, const char *port)
{
	static uint8_t chunk[CHUNK];
	union address a;
	socklen_t alen = parse_address(&a, host, port);
	int listener = open_socket(&a, SOCK_STREAM), fd;
	ssize_t n, w, done;

	if (bind(listener, &a.sa, alen) != 0 || listen(listener, 1) != 0)
		die("bind");
	say_ready();
	fd = accept(listener, NULL, NULL);
	if (fd == -1)
		die("accept");
	while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0)
		for (done = 0; done < n; done += w) {
			w = write(STDOUT_FILENO, chunk + done,
			    (size_t)(n - done));
			if (w == -1)
				die("write");
		}
	if (n == -1)
		die("recv");
	return 0;
}

/* What the other end need not understand: it says nothing. */
static void
add_options(int fd, int family)
{
	static const uint8_t nops[8] = { 1, 1, 1, 1, 1, 1, 1, 0 };
	/* Destination options: eight bytes, of which PadN takes six. */
	static const uint8_t padding[8] = { 0, 0, 1, 4, 0, 0, 0, 0 };
	int r;

	r = family == AF_INET ?
	    setsockopt(fd, IPPROTO_IP, IP_OPTIONS, nops, sizeof(nops)) :
	    setsockopt(fd, IPPROTO_IPV6, IPV6_DSTOPTS, padding,
	    sizeof(padding));
	if (r != 0)
		die("options");
}

static void
send_all(int fd, const uint8_t *p, size_t len)
{
	ssize_t w;

	while (len != 0) {
		w = send(fd, p, len, MSG_NOSIGNAL);
		if (w == -1)
			die("send");
		p += w;
		len -= (size_t)w;
	}
}

static void
print_transfer(int fd, uint64_t bytes, const struct timespec *start)
{
	struct timespec now;
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	fprintf(stderr, "sent %llu in %lld ms, retransmits %u\n",
	    (unsigned long long)bytes,
	    (long long)(now.tv_sec - start->tv_sec) * 1000 +
	    (now.tv_nsec - start->tv_nsec) / 1000000, info.tcpi_total_retrans);
}

static int
give(const char *host, const char *port, bool options)
{
	static uint8_t chunk[CHUNK];
	struct timespec start;
	union address a;
	socklen_t alen = parse_address(&a, host, port);
	int fd = open_socket(&a, SOCK_STREAM);
	uint64_t bytes = 0;
	ssize_t n;

	if (options)
		add_options(fd, a.sa.sa_family);
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	if (connect(fd, &a.sa, alen) != 0)
		die("connect");
	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0) {
		send_all(fd, chunk, (size_t)n);
		bytes += (uint64_t)n;
	}
	/* All of it has arrived when the other closes, too. */
	if (n == -1 || shutdown(fd, SHUT_WR) != 0 ||
	    recv(fd, chunk, sizeof(chunk), 0) != 0)
		die("the end");
	print_transfer(fd, bytes, &start);
	return 0;
}

/* === Trains of datagrams === */

struct train {
	uint32_t count;			/* of trains */
	unsigned size, segments, last;
	/* Receiving. */
	uint32_t next_train;
	unsigned next_place;
	uint64_t datagrams, wrong, lost, reordered, joined;
};

static unsigned
size_at(const struct train *t, unsigned place)
{
	return place < t->segments ? t->size : t->last;
}

static void
put_datagram(const struct train *t, uint8_t *p, uint32_t n, unsigned place)
{
	unsigned size = size_at(t, place);

	bytes_put_u32(p, n);
	bytes_put_u16(p + 4, place);
	bytes_put_u16(p + 6, size);
	fill(p + TRAIN_HEADER, size - TRAIN_HEADER, 0, n, place);
}

static void
send_train(const struct train *t, int fd, uint32_t n)
{
	static uint8_t all[DATAGRAM_MAX];
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(uint16_t))];
	} control;
	uint16_t size = (uint16_t)t->size;
	struct iovec iov = { all, 0 };
	struct msghdr msg;
	struct cmsghdr *c;
	unsigned place;

	for (place = 0; place <= t->segments; place++) {
		put_datagram(t, all + iov.iov_len, n, place);
		iov.iov_len += size_at(t, place);
	}
	memset(&msg, 0, sizeof(msg));
	memset(&control, 0, sizeof(control));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = control.bytes;
	msg.msg_controllen = sizeof(control.bytes);
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(c), &size, sizeof(size));
	if (sendmsg(fd, &msg, 0) != (ssize_t)iov.iov_len)
		die("sendmsg with UDP_SEGMENT");
}

/* Each acknowledgement is the number of the next train that is wanted. */
static int
trains(const struct train *t, const char *host, const char *port)
{
	union address a;
	socklen_t alen = parse_address(&a, host, port);
	int fd = open_socket(&a, SOCK_DGRAM);
	uint32_t sent = 0, wanted = 0;
	uint8_t ack[4];

	if (connect(fd, &a.sa, alen) != 0)
		die("connect");
	while (wanted < t->count) {
		if (sent < t->count && sent - wanted < WINDOW) {
			send_train(t, fd, sent++);
			continue;
		}
		if (recv(fd, ack, sizeof(ack), 0) != (ssize_t)sizeof(ack))
			die("no acknowledgement");
		if (bytes_u32(ack) > wanted)
			wanted = bytes_u32(ack);
	}
	return 0;
}

static void
check_datagram(struct train *t, const uint8_t *p, size_t len)
{
	static uint8_t expected[DATAGRAM_MAX];
	uint64_t at, due;
	unsigned place;
	uint32_t n;

	n = len < TRAIN_HEADER ? UINT32_MAX : bytes_u32(p);
	place = n >= t->count ? UINT32_MAX : bytes_u16(p + 4);
	if (place > t->segments || len != size_at(t, place)) {
		t->wrong++;
		return;
	}
	put_datagram(t, expected, n, place);
	if (memcmp(p, expected, len) != 0) {
		t->wrong++;
		return;
	}
	t->datagrams++;
	at = (uint64_t)n * (t->segments + 1) + place;
	due = (uint64_t)t->next_train * (t->segments + 1) + t->next_place;
	if (at < due) {
		t->reordered++;
		return;
	}
	t->lost += at - due;
	t->next_train = place == t->segments ? n + 1 : n;
	t->next_place = place == t->segments ? 0 : place + 1;
}

/* The size of each datagram in what was received; all but the last. */
static size_t
joined_size(struct msghdr *msg, size_t len)
{
	struct cmsghdr *c;
	int size;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
			memcpy(&size, CMSG_DATA(c), sizeof(size));
			return size > 0 ? (size_t)size : len;
		}
	return len;
}

/* What one call gives, which may be many datagrams if that was asked for. */
static void
receive_joined(struct train *t, int fd, union address *from, socklen_t *fromlen)
{
	static uint8_t all[DATAGRAM_MAX];
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { all, sizeof(all) };
	struct msghdr msg;
	size_t size, at, len;
	ssize_t r;

	memset(&msg, 0, sizeof(msg));
	msg.msg_name = from;
	msg.msg_namelen = sizeof(*from);
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = control.bytes;
	msg.msg_controllen = sizeof(control.bytes);
	r = recvmsg(fd, &msg, 0);
	if (r == -1)
		die("recvmsg");
	*fromlen = msg.msg_namelen;
	len = (size_t)r;
	size = joined_size(&msg, len);
	t->joined += size < len;
	for (at = 0; at < len; at += size)
		check_datagram(t, all + at,
		    len - at < size ? len - at : size);
}

static int
gather(struct train *t, const char *host, const char *port, bool gro)
{
	union address a, from;
	socklen_t alen = parse_address(&a, host, port), fromlen;
	int fd = open_socket(&a, SOCK_DGRAM), one = 1;
	uint32_t told = 0;
	uint8_t ack[4];

	if (gro && setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one,
	    sizeof(one)) != 0)
		die("UDP_GRO");
	if (bind(fd, &a.sa, alen) != 0)
		die("bind");
	say_ready();
	while (t->next_train < t->count && wait_readable(fd)) {
		receive_joined(t, fd, &from, &fromlen);
		if (t->next_train == told)
			continue;
		told = t->next_train;
		bytes_put_u32(ack, told);
		if (sendto(fd, ack, sizeof(ack), 0, &from.sa, fromlen) == -1)
			die("sendto");
	}
	fprintf(stderr, "datagrams %llu wrong %llu lost %llu reordered %llu"
	    " joined %llu\n", (unsigned long long)t->datagrams,
	    (unsigned long long)t->wrong, (unsigned long long)t->lost,
	    (unsigned long long)t->reordered, (unsigned long long)t->joined);
	return t->next_train == t->count && t->wrong == 0 && t->lost == 0 &&
	    t->reordered == 0 ? 0 : 1;
}

static void
parse_train(struct train *t, char **argv)
{
	memset(t, 0, sizeof(*t));
	t->count = number(argv[0], TRAINS_MAX);
	t->size = number(argv[1], DATAGRAM_MAX);
	t->segments = number(argv[2], SEGMENTS_MAX - 1);
	t->last = number(argv[3], t->size);
	if (t->last < TRAIN_HEADER ||
	    t->size * t->segments + t->last > DATAGRAM_MAX - 28)
		usage();
}

int
main(int argc, char **argv)
{
	struct train t;
	bool is_gathering;

	if (argc < 4)
		usage();
	if (strcmp(argv[1], "take") == 0 && argc == 4)
		return take(argv[2], argv[3]);
	if (strcmp(argv[1], "give") == 0 && (argc == 4 ||
	    (argc == 5 && strcmp(argv[4], "options") == 0)))
		return give(argv[2], argv[3], argc == 5);
	is_gathering = strcmp(argv[1], "gather") == 0;
	if ((!is_gathering && strcmp(argv[1], "trains") != 0) || argc < 8 ||
	    argc > 8 + is_gathering ||
	    (argc == 9 && strcmp(argv[8], "gro") != 0))
		usage();
	parse_train(&t, argv + 4);
	return is_gathering ? gather(&t, argv[2], argv[3], argc == 9) :
	    trains(&t, argv[2], argv[3]);
}
