/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * How many of the smallest frames arrive in a second.
 *
 *	pps recv PORT RUN SECONDS
 *	pps send HOST PORT RUN RATE SECONDS
 *
 * send offers RATE probes in a second, 0 for as many as it can, for SECONDS,
 * and prints how many it has sent.  recv, which prints "ready" first, counts
 * those of the same RUN, each once however often it comes, until SIGTERM; what
 * has come by then is counted, too.
 *
 * The rate is that of the time between the first and the last that came, but
 * not of less than the SECONDS of the sender: what a tunnel still holds when
 * the sender is through takes its time, and a few that come all at once, and
 * then no more, are few in all of that time.
 */

#include <sys/socket.h>
#include <netinet/in.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/tool.h"

#define BATCH		64
#define SECONDS_MAX	60
#define RATE_MAX	4000000
#define WAIT_MS		100
/* Nobody may have sent SIGTERM. */
#define ENDLESS_NS	(120 * (uint64_t)1000000000)
/* Numbers that are told apart: more than SECONDS_MAX at RATE_MAX has. */
#define SEQ_MAX		(1u << 28)
/* A sender that was held up makes good for so many nanoseconds only. */
#define LATE_MAX	5000000u

struct batch {
	struct mmsghdr msgs[BATCH];
	struct iovec iovs[BATCH];
	uint8_t probes[BATCH][PROBE_SIZE + 1];	/* one more shows longer ones */
};

struct count {
	uint8_t *seen;			/* a bit for each number */
	uint64_t received, twice, stray;
	uint64_t first_ns, last_ns;	/* 0: none yet */
};

static volatile sig_atomic_t stopped;

static void __attribute__((noreturn))
usage(void)
{
	fprintf(stderr,
	    "usage: pps recv PORT RUN SECONDS\n"
	    "       pps send HOST PORT RUN RATE SECONDS\n");
	exit(2);
}

static void
batch_init(struct batch *b, size_t size)
{
	unsigned i;

	memset(b, 0, sizeof(*b));
	for (i = 0; i < BATCH; i++) {
		b->iovs[i].iov_base = b->probes[i];
		b->iovs[i].iov_len = size;
		b->msgs[i].msg_hdr.msg_iov = &b->iovs[i];
		b->msgs[i].msg_hdr.msg_iovlen = 1;
	}
}

/* === send === */

/* A full queue of the device is a loss, as it is for everybody. */
static unsigned
send_batch(int fd, struct batch *b, unsigned n, uint32_t run, uint64_t seq)
{
	unsigned i;
	int sent;

	for (i = 0; i < n; i++)
		probe_put(b->probes[i], run, seq + i);
	do
		sent = sendmmsg(fd, b->msgs, n, 0);
	while (sent == -1 && errno == EINTR);
	if (sent == -1 && (errno == ENOBUFS || errno == EAGAIN))
		return 0;
	if (sent == -1)
		die("send");
	return (unsigned)sent;
}

static void
run_send(const struct sockaddr_in *to, uint32_t run, uint64_t rate,
    uint64_t seconds)
{
	static struct batch b;
	uint64_t start, end, now, due, offered = 0, sent = 0;
	unsigned n;
	int fd = probe_socket(0);

	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) != 0)
		die("connect");
	batch_init(&b, PROBE_SIZE);
	start = now = now_ns();
	end = start + seconds * 1000000000u;
	for (; now < end; now = now_ns()) {
		n = BATCH;
		if (rate > 0) {
			due = (now - start) * rate / 1000000000u;
			if (due > offered + rate * LATE_MAX / 1000000000u +
			    BATCH)
				offered = due - BATCH;
			if (due <= offered) {
				sleep_until(start +
				    (offered + 1) * 1000000000u / rate + 1);
				continue;
			}
			if (due - offered < BATCH)
				n = (unsigned)(due - offered);
		}
		sent += send_batch(fd, &b, n, run, sent);
		offered += n;
	}
	printf("sent %llu\n", (unsigned long long)sent);
}

/* === recv === */

static void
count_one(struct count *c, const uint8_t *p, size_t len, uint32_t run,
    uint64_t now)
{
	int64_t seq = probe_get(p, len, run);
	uint8_t bit;

	if (seq < 0 || seq >= SEQ_MAX) {
		c->stray++;
		return;
	}
	bit = (uint8_t)(1u << (seq & 7));
	if ((c->seen[seq >> 3] & bit) != 0) {
		c->twice++;
		return;
	}
	c->seen[seq >> 3] |= bit;
	c->received++;
	if (c->first_ns == 0)
		c->first_ns = now;
	c->last_ns = now;
}

/* False when there was nothing for WAIT_MS. */
static bool
recv_batch(int fd, struct batch *b, struct count *c, uint32_t run)
{
	uint64_t now;
	int i, n;

	n = recvmmsg(fd, b->msgs, BATCH, MSG_WAITFORONE, NULL);
	if (n == -1 && errno == EINTR)
		return true;
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return false;
	if (n == -1)
		die("receive");
	now = now_ns();
	for (i = 0; i < n; i++)
		count_one(c, b->probes[i], b->msgs[i].msg_len, run, now);
	return true;
}

static void
stop(int sig)
{
	stopped = sig;
}

static void
set_up_recv(int fd)
{
	struct timeval tv = { .tv_usec = WAIT_MS * 1000 };
	struct sigaction sa = { .sa_handler = stop };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) != 0 ||
	    sigaction(SIGTERM, &sa, NULL) != 0)
		die("start");
}

static double
rate_of(const struct count *c, uint64_t seconds)
{
	uint64_t ns = c->last_ns - c->first_ns;

	if (ns < seconds * 1000000000u)
		ns = seconds * 1000000000u;
	return ns == 0 ? 0 : (double)c->received * 1e9 / (double)ns;
}

static void
run_recv(uint16_t port, uint32_t run, uint64_t seconds)
{
	static struct batch b;
	struct count c = { .seen = NULL };
	uint64_t until = now_ns() + ENDLESS_NS;
	int fd = probe_socket(port);

	if ((c.seen = calloc(SEQ_MAX / 8, 1)) == NULL)
		die("memory");
	batch_init(&b, PROBE_SIZE + 1);
	set_up_recv(fd);
	printf("ready\n");
	(void)fflush(stdout);
	while ((recv_batch(fd, &b, &c, run) || stopped == 0) &&
	    now_ns() < until)
		;
	printf("received %llu twice %llu stray %llu ms %llu rate %.0f\n",
	    (unsigned long long)c.received, (unsigned long long)c.twice,
	    (unsigned long long)c.stray,
	    (unsigned long long)((c.last_ns - c.first_ns) / 1000000),
	    rate_of(&c, seconds));
	free(c.seen);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in to;

	if (argc == 5 && strcmp(argv[1], "recv") == 0) {
		run_recv((uint16_t)number(argv[2], UINT16_MAX),
		    (uint32_t)number(argv[3], UINT32_MAX),
		    number(argv[4], SECONDS_MAX));
	} else if (argc == 7 && strcmp(argv[1], "send") == 0) {
		to = address_of(argv[2], argv[3]);
		run_send(&to, (uint32_t)number(argv[4], UINT32_MAX),
		    number(argv[5], RATE_MAX), number(argv[6], SECONDS_MAX));
	} else
		usage();
	return 0;
}
