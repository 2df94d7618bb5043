/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* A frame that no buffer can hold is cut, and its header tells. */

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

#define SIZE		256
#define LEN		1000

static struct reader reader;

int
main(void)
{
	struct record rec;
	struct pair pair;
	int host;

	check_begin("bpf-truncate");
	pair_make(&pair);
	reader_open(&reader, pair.q, SIZE, false);
	host = ndrv_open(pair.p);
	must("send a frame", frame_send(host, 1, LEN));
	if (!reader_next(&reader, &rec))
		must("receive it", -1);
	check_number("bytes of header", DARWIN_BPF_HDR_LEN, (long)rec.hdrlen);
	check_number("captured: what there is room for",
	    SIZE - DARWIN_BPF_HDR_LEN, (long)rec.caplen);
	check_number("of so many", LEN, (long)rec.datalen);
	check_number("bytes read: a full buffer", SIZE, (long)reader.len);
	must("send a frame", frame_send(host, 2, SIZE - DARWIN_BPF_HDR_LEN));
	check_frame("the longest that fits is whole", &reader, 2,
	    SIZE - DARWIN_BPF_HDR_LEN);
	return check_end();
}
