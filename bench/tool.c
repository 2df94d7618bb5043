/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "bench/tool.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAGIC		0x73746270u	/* "stbp" */
#define SOCKET_BUFFER	(32 * 1024 * 1024)

void
die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
	    strerror(errno));
	exit(2);
}

uint64_t
number(const char *text, uint64_t max)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n > max) {
		errno = EINVAL;
		die(text);
	}
	return n;
}

uint64_t
now_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		die("clock");
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void
sleep_until(uint64_t ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(ns / 1000000000u),
		.tv_nsec = (long)(ns % 1000000000u),
	};

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static void
put_number(uint8_t *p, unsigned bytes, uint64_t n)
{
	while (bytes-- > 0) {
		p[bytes] = (uint8_t)n;
		n >>= 8;
	}
}

static uint64_t
get_number(const uint8_t *p, unsigned bytes)
{
	uint64_t n = 0;
	unsigned i;

	for (i = 0; i < bytes; i++)
		n = n << 8 | p[i];
	return n;
}

void
probe_put(uint8_t *probe, uint32_t run, uint64_t seq)
{
	memset(probe, 0, PROBE_SIZE);
	put_number(probe, 4, MAGIC);
	put_number(probe + 4, 4, run);
	put_number(probe + 8, 8, seq);
}

int64_t
probe_get(const uint8_t *p, size_t len, uint32_t run)
{
	uint64_t seq;

	if (len != PROBE_SIZE || get_number(p, 4) != MAGIC ||
	    get_number(p + 4, 4) != run)
		return -1;
	seq = get_number(p + 8, 8);
	return seq > INT64_MAX ? -1 : (int64_t)seq;
}

int
probe_socket(uint16_t port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};
	int fd, size = SOCKET_BUFFER;

	if ((fd = socket(AF_INET, SOCK_DGRAM, 0)) == -1)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
	    sizeof(size)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size,
		    sizeof(size));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) != 0)
		die("bind");
	return fd;
}

struct sockaddr_in
address_of(const char *host, const char *port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)number(port, UINT16_MAX)),
	};

	if (inet_pton(AF_INET, host, &sin.sin_addr) != 1) {
		errno = EINVAL;
		die(host);
	}
	return sin;
}
