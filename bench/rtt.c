/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * How long a datagram takes there and back.
 *
 *	rtt echo PORT
 *	rtt ping HOST PORT RUN INTERVAL SECONDS
 *	rtt rank
 *
 * echo prints "ready" and sends every probe back until it is killed.  ping
 * sends one probe every INTERVAL microseconds, whether or not the one before
 * is back, so that a long wait is seen by all probes that it met; or, with 0,
 * each one as soon as the one before is back, or lost after LOST_MS.  It
 * prints how many were sent and lost and, in microseconds, the percentiles of
 * those that came back.  rank prints those of numbers on standard input.
 *
 * A percentile is the smallest time that so many of the times do not exceed
 * (the nearest rank): always one that was measured.
 */

#include <sys/prctl.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/tool.h"

#define SECONDS_MAX	60
#define INTERVAL_MAX	1000000
#define LOST_MS		1000
#define SAMPLES_MAX	(1u << 23)
#define NS_PER_MS	1000000u

struct ping {
	int fd;
	uint32_t run;
	uint64_t *sent_ns;	/* of each number; 0 when it is back */
	uint32_t *times;	/* of those that are back, ns; up to 4.2 s */
	uint64_t sent, back;
};

static void __attribute__((noreturn))
usage(void)
{
	fprintf(stderr,
	    "usage: rtt echo PORT\n"
	    "       rtt ping HOST PORT RUN INTERVAL SECONDS\n"
	    "       rtt rank\n");
	exit(2);
}

/* === Percentiles === */

static int
compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* n is not 0, and so the rank is 1 to n. */
static double
percentile(const uint32_t *sorted, uint64_t n, unsigned per_mille)
{
	return sorted[(n * per_mille + 999) / 1000 - 1];
}

/* The times are in units of which scale make one that is printed. */
static void
print_percentiles(uint32_t *times, uint64_t n, double scale)
{
	if (n == 0) {
		printf("p50 - p99 - max -\n");
		return;
	}
	qsort(times, n, sizeof(*times), compare);
	printf("p50 %.1f p99 %.1f max %.1f\n",
	    percentile(times, n, 500) / scale,
	    percentile(times, n, 990) / scale,
	    percentile(times, n, 1000) / scale);
}

static void
run_rank(void)
{
	uint32_t *times;
	uint64_t n = 0;
	char line[32];

	if ((times = calloc(SAMPLES_MAX, sizeof(*times))) == NULL)
		die("memory");
	while (n < SAMPLES_MAX && fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		times[n++] = (uint32_t)number(line, UINT32_MAX);
	}
	print_percentiles(times, n, 1);
	free(times);
}

/* === echo === */

static void __attribute__((noreturn))
run_echo(uint16_t port)
{
	struct sockaddr_in from;
	uint8_t bytes[PROBE_SIZE + 1];
	socklen_t len;
	ssize_t n;
	int fd = probe_socket(port);

	printf("ready\n");
	(void)fflush(stdout);
	for (;;) {
		len = sizeof(from);
		n = recvfrom(fd, bytes, sizeof(bytes), 0,
		    (struct sockaddr *)&from, &len);
		if (n == PROBE_SIZE)
			(void)sendto(fd, bytes, (size_t)n, 0,
			    (struct sockaddr *)&from, len);
		else if (n == -1 && errno != EINTR)
			die("receive");
	}
}

/* === ping === */

static void
send_one(struct ping *p)
{
	uint8_t probe[PROBE_SIZE];

	probe_put(probe, p->run, p->sent);
	p->sent_ns[p->sent++] = now_ns();
	/* What is not sent is as lost as what is lost on its way. */
	(void)send(p->fd, probe, sizeof(probe), 0);
}

/* Take what is there; does not wait. */
static void
take(struct ping *p)
{
	uint8_t bytes[PROBE_SIZE + 1];
	uint64_t now, took;
	int64_t seq;
	ssize_t n;

	while ((n = recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) != -1) {
		now = now_ns();
		seq = probe_get(bytes, (size_t)n, p->run);
		if (seq < 0 || (uint64_t)seq >= p->sent ||
		    p->sent_ns[seq] == 0)
			continue;
		took = now - p->sent_ns[seq];
		p->sent_ns[seq] = 0;
		p->times[p->back++] = took > UINT32_MAX ? UINT32_MAX :
		    (uint32_t)took;
	}
	if (errno == ECONNREFUSED)
		die("nobody echoes");
}

/* Wait until this time for something to take. */
static void
take_until(struct ping *p, uint64_t until)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };
	struct timespec ts;
	uint64_t now = now_ns(), left = until > now ? until - now : 0;

	ts.tv_sec = (time_t)(left / 1000000000u);
	ts.tv_nsec = (long)(left % 1000000000u);
	if (ppoll(&pfd, 1, &ts, NULL) > 0)
		take(p);
}

static void
ping_back_to_back(struct ping *p, uint64_t end)
{
	uint64_t back, until;

	while (now_ns() < end && p->sent < SAMPLES_MAX) {
		back = p->back;
		send_one(p);
		until = now_ns() + LOST_MS * NS_PER_MS;
		while (p->back == back && now_ns() < until)
			take_until(p, until);
	}
}

static void
ping_paced(struct ping *p, uint64_t end, uint64_t interval)
{
	uint64_t next = now_ns();

	while (next < end && p->sent < SAMPLES_MAX) {
		send_one(p);
		next += interval;
		while (now_ns() < next)
			take_until(p, next);
	}
	end = now_ns() + LOST_MS * NS_PER_MS;
	while (p->back < p->sent && now_ns() < end)
		take_until(p, end);
}

static void
run_ping(const struct sockaddr_in *to, uint32_t run, uint64_t interval_us,
    uint64_t seconds)
{
	struct ping p = { .fd = probe_socket(0), .run = run };
	uint64_t end = now_ns() + seconds * 1000000000u;

	p.sent_ns = calloc(SAMPLES_MAX, sizeof(*p.sent_ns));
	p.times = calloc(SAMPLES_MAX, sizeof(*p.times));
	if (p.sent_ns == NULL || p.times == NULL)
		die("memory");
	if (connect(p.fd, (const struct sockaddr *)to, sizeof(*to)) != 0)
		die("connect");
	/* The default lets a timer be 50 microseconds late. */
	(void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	if (interval_us == 0)
		ping_back_to_back(&p, end);
	else
		ping_paced(&p, end, interval_us * 1000);
	printf("sent %llu lost %llu ", (unsigned long long)p.sent,
	    (unsigned long long)(p.sent - p.back));
	print_percentiles(p.times, p.back, 1000);
	free(p.sent_ns);
	free(p.times);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in to;

	if (argc == 3 && strcmp(argv[1], "echo") == 0)
		run_echo((uint16_t)number(argv[2], UINT16_MAX));
	else if (argc == 7 && strcmp(argv[1], "ping") == 0) {
		to = address_of(argv[2], argv[3]);
		run_ping(&to, (uint32_t)number(argv[4], UINT32_MAX),
		    number(argv[5], INTERVAL_MAX),
		    number(argv[6], SECONDS_MAX));
	} else if (argc == 2 && strcmp(argv[1], "rank") == 0)
		run_rank();
	else
		usage();
	return 0;
}
