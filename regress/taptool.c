/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Opens TAPs as this program does and as others do, for the script tests.
 *
 *   taptool open UNIT offload|plain     until standard input ends
 *   taptool monitored UNIT              with offload, by the root monitor, in
 *                                       a process of its own
 *   taptool stock UNIT BYTES            as programs that know of no offload:
 *                                       what do they get, when somebody here
 *                                       writes so much over TCP?
 *
 * The first two say "NAME offloads N pid N" when they have it open.
 */

#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/err.h"
#include "openbsd-compat/port-net.h"
#include "priv/monitor.h"
#include "tests/tcp_peer.h"
#include "tun/tap.h"

#define FRAME_ROOM	(128 * 1024)
#define SECONDS		20

struct stock {
	struct tcp_peer peer;
	int tap, s;
	uint64_t wanted, written;
	unsigned frames, unfinished;
	size_t longest;
	uint8_t frame[FRAME_ROOM], block[FRAME_ROOM];
};

static void
die(const char *what)
{
	fprintf(stderr, "taptool: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void
usage(void)
{
	fprintf(stderr, "usage: taptool open UNIT offload|plain\n"
	    "       taptool monitored UNIT\n"
	    "       taptool stock UNIT BYTES\n");
	exit(2);
}

static void
hold(const struct tap *t)
{
	char byte;

	printf("%s offloads %u pid %ld\n", tap_name(t), tap_offloads(t),
	    (long)getpid());
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
}

static int
open_one(int unit, bool offload)
{
	struct tap_request rq = { .unit = unit, .mode = TAP_ETHERNET,
	    .up = true, .offload = offload };
	struct tap_fault fault;
	struct tap *t;

	if (tap_open(&rq, &t, &fault) != 0)
		die("open");
	hold(t);
	tap_close(t);
	return 0;
}

static int
open_monitored(int unit)
{
	struct tap_request rq = { .unit = unit, .mode = TAP_ETHERNET,
	    .up = true, .offload = true };
	struct tap_fault fault;
	struct monitor *m;
	struct tap *t;
	int r, status;

	if ((r = monitor_start(&m, &status)) < 0)
		die("monitor");
	if (r == 1)
		return status;
	if (monitor_open_tap(m, &rq, &t, &fault) != 0)
		die("open");
	hold(t);
	tap_close(t);
	monitor_free(m);
	return 0;
}

/* ---- the others ---- */

static void
take_frames(struct stock *k)
{
	uint8_t answer[TCP_PEER_HEAD + 4];
	ssize_t n;
	size_t len;

	while ((n = read(k->tap, k->frame, sizeof(k->frame))) > 0) {
		k->frames++;
		if ((size_t)n > k->longest)
			k->longest = (size_t)n;
		if (!tcp_peer_is_finished(k->frame, (size_t)n))
			k->unfinished++;
		len = tcp_peer_answer(&k->peer, k->frame, (size_t)n, answer);
		if (len > 0 && write(k->tap, answer, len) != (ssize_t)len)
			die("write");
	}
}

static void
write_some(struct stock *k)
{
	uint64_t left = k->wanted - k->written;
	ssize_t n;

	n = send(k->s, k->block, left < sizeof(k->block) ? (size_t)left :
	    sizeof(k->block), MSG_NOSIGNAL);
	if (n > 0)
		k->written += (uint64_t)n;
	else if (errno != EAGAIN && errno != ENOTCONN)
		die("send");
}

static int
be_stock(int unit, uint64_t bytes)
{
	static struct stock k;
	struct pollfd fds[2];
	time_t end = time(NULL) + SECONDS;
	int wfd;

	k.wanted = bytes;
	if (sys_tun_open(unit, SSH_TUNMODE_ETHERNET, NULL, &k.tap, &wfd) == -1)
		die("open");
	if ((k.s = tcp_peer_socket(false)) == -1)
		die("connect");
	while (k.peer.taken < bytes && time(NULL) < end) {
		fds[0] = (struct pollfd){ .fd = k.tap, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = k.written < bytes ? k.s : -1,
		    .events = POLLOUT };
		if (poll(fds, 2, 1000) == -1)
			die("poll");
		if (fds[0].revents != 0)
			take_frames(&k);
		if (fds[1].revents != 0)
			write_some(&k);
	}
	printf("frames %u longest %zu unfinished %u taken %llu\n", k.frames,
	    k.longest, k.unfinished, (unsigned long long)k.peer.taken);
	return k.peer.taken == bytes ? 0 : 1;
}

int
main(int argc, char **argv)
{
	int unit = argc > 2 ? atoi(argv[2]) : 0;

	if (argc == 4 && strcmp(argv[1], "open") == 0)
		return open_one(unit, strcmp(argv[3], "offload") == 0);
	if (argc == 3 && strcmp(argv[1], "monitored") == 0)
		return open_monitored(unit);
	if (argc == 4 && strcmp(argv[1], "stock") == 0)
		return be_stock(unit, strtoull(argv[3], NULL, 10));
	usage();
	return 2;
}
