/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "regress/tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <time.h>

#define MEETING_KEY	0x7e570000
#define LOOK_US		50		/* how often the sender does */
#define STALLED_US	2000000

void
die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
	    strerror(errno));
	exit(2);
}

unsigned
number(const char *s, unsigned long max)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(s, &end, 0);
	if (errno != 0 || end == s || *end != '\0' || n > max)
		usage();
	return (unsigned)n;
}

/* xorshift64*. */
void
fill(uint8_t *p, size_t len, unsigned seed, uint32_t n, size_t size)
{
	uint64_t x;
	size_t i;

	x = ((uint64_t)n << 24 ^ (uint64_t)size << 8 ^ seed) * 2654435761u + 1;
	for (i = 0; i < len; i++) {
		x ^= x >> 12;
		x ^= x << 25;
		x ^= x >> 27;
		p[i] = (uint8_t)((x * 2685821657736338717u) >> 56);
	}
}

/* === Time === */

uint64_t
now_us(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		die("clock_gettime");
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

void
sleep_us(uint64_t us)
{
	struct timespec ts;

	ts.tv_sec = (time_t)(us / 1000000u);
	ts.tv_nsec = (long)(us % 1000000u) * 1000;
	(void)nanosleep(&ts, NULL);
}

/* === Meetings === */

static void
attach(struct meeting *m, unsigned which, int flags)
{
	void *at;

	m->id = shmget((key_t)(MEETING_KEY | which), sizeof(*m->wanted),
	    flags);
	if (m->id == -1)
		die("shared memory");
	at = shmat(m->id, NULL, 0);
	if (at == (void *)-1)
		die("shmat");
	m->wanted = at;
}

void
meeting_make(struct meeting *m, unsigned which)
{
	attach(m, which, IPC_CREAT | 0600);
	meeting_tell(m, 0);
}

void
meeting_tell(struct meeting *m, uint32_t wanted)
{
	atomic_store(m->wanted, wanted);
}

/* The sender may still look at it. */
void
meeting_remove(struct meeting *m)
{
	(void)shmctl(m->id, IPC_RMID, NULL);
}

void
meeting_join(struct meeting *m, unsigned which)
{
	attach(m, which, 0);
}

uint64_t
meeting_wait(struct meeting *m, uint32_t n)
{
	uint64_t start = now_us(), since = start;
	uint32_t wanted, before = 0;

	while (m->wanted != NULL && (wanted = atomic_load(m->wanted)) < n) {
		if (wanted != before)
			since = now_us();
		else if (now_us() - since > STALLED_US)
			m->wanted = NULL;
		before = wanted;
		sleep_us(LOOK_US);
	}
	return now_us() - start;
}
