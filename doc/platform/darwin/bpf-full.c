/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Frames fill a buffer to its last byte; the next one goes into a second
 * buffer; when both are full the newest are lost and counted.
 */

#include <sys/ioctl.h>

#include "doc/platform/darwin/platform.h"

/* Two records of 18 + 62 bytes fill it. */
#define FRAME_SIZE	62
#define SIZE		160
#define SENT		7
#define KEPT		4

static struct reader reader, witness;

/* Frames of others would be in the way: there are none without IP. */
static long
frames_in_read(unsigned *numberp)
{
	struct record rec;
	long n = 0;

	do {
		if (!reader_next(&reader, &rec))
			break;
		if (rec.number == *numberp)
			++*numberp;
		n++;
	} while (reader.next < reader.len);
	return n;
}

int
main(void)
{
	struct record rec = { .number = 0 };
	unsigned number = 0, stats[2] = { 0, 0 };
	struct pair pair;
	int host;

	check_begin("bpf-full");
	pair_make(&pair);
	reader_open(&reader, pair.q, SIZE, false);
	reader_open(&witness, pair.q, READER_SIZE, false);
	host = ndrv_open(pair.p);
	for (unsigned i = 0; i < SENT; i++)
		must("send a frame", frame_send(host, i, FRAME_SIZE));
	while (reader_next(&witness, &rec) && rec.number != SENT - 1)
		continue;
	must("the frames arrive", rec.number == SENT - 1 ? 0 : -1);
	must("BIOCGSTATS", ioctl(reader.fd, PLATFORM_BIOCGSTATS, stats));
	check_number("frames seen", SENT, (long)stats[0]);
	check_number("frames lost", SENT - KEPT, (long)stats[1]);
	check_number("frames in the first read", 2, frames_in_read(&number));
	check_number("it is full", SIZE, (long)reader.len);
	check_number("frames in the second read", 2, frames_in_read(&number));
	check_number("the oldest were kept, in order", KEPT, number);
	return check_end();
}
