/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* One read gives all frames that wait; records lie as we walk them. */

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

#define FRAMES		3
static const size_t sizes[FRAMES] = { 63, 42, 103 };	/* 3, 0, 3 of padding */

static struct reader reader, witness;

int
main(void)
{
	struct record rec = { .number = 0 };
	struct pair pair;
	unsigned n = 0;
	int host;

	check_begin("bpf-batch");
	pair_make(&pair);
	reader_open(&reader, pair.q, READER_SIZE, false);
	reader_open(&witness, pair.q, READER_SIZE, false);
	host = ndrv_open(pair.p);
	for (unsigned i = 0; i < FRAMES; i++)
		must("send a frame", frame_send(host, i, sizes[i]));
	/* Whoever has seen the last one knows that all of them wait. */
	while (reader_next(&witness, &rec) && rec.number != FRAMES - 1)
		continue;
	must("the frames arrive", rec.number == FRAMES - 1 ? 0 : -1);
	if (!reader_next(&reader, &rec))
		must("read them", -1);
	do {
		check_number("the frame's number", n, (long)rec.number);
		check_number("bytes of header", DARWIN_BPF_HDR_LEN,
		    (long)rec.hdrlen);
		check_number("bytes of frame", (long)sizes[n],
		    (long)rec.caplen);
		check_number("record's start, modulo 4", 0,
		    (long)(rec.start % DARWIN_BPF_ALIGNMENT));
		n++;
	} while (n < FRAMES && reader.next < reader.len &&
	    reader_next(&reader, &rec));
	check_number("of 3 frames, in one read", FRAMES, n);
	if (reader.next < reader.len)
		check_skip("padding behind the last record",
		    "somebody else's frame came last");
	else
		check_number("padding behind the last record", 0,
		    (long)(reader.len - rec.end));
	return check_end();
}
