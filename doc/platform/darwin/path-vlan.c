/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* A VLAN tag is in the frame, where it was put, in both directions. */

#include <string.h>

#include "doc/platform/darwin/platform.h"

#define LEN		1518	/* with a tag, under an MTU of 1500 */
#define AT_TAG		12

static struct reader primary, peer;

/* Type 0x8100, VLAN 7, and what the type was. */
static void
put_tag(uint8_t *frame)
{
	static const uint8_t tag[] = { 0x81, 0x00, 0x00, 0x07,
	    FRAME_TYPE >> 8, FRAME_TYPE & 0xff };

	memcpy(frame + AT_TAG, tag, sizeof(tag));
}

static void
check_tagged(int from, struct reader *to, unsigned number)
{
	uint8_t frame[LEN];
	struct record rec;

	frame_fill(frame, sizeof(frame), number);
	put_tag(frame);
	must("write a tagged frame", frame_write(from, frame, sizeof(frame)));
	if (!reader_next(to, &rec) || rec.number != number)
		must("receive it", -1);
	check_number("bytes", LEN, (long)rec.caplen);
	check_number("of", LEN, (long)rec.datalen);
	check_yes("the same, with the tag", rec.caplen == LEN &&
	    memcmp(rec.frame, frame, LEN) == 0);
}

int
main(void)
{
	struct pair pair;

	check_begin("path-vlan");
	pair_make(&pair);
	reader_open(&primary, pair.p, READER_SIZE, false);
	reader_open(&peer, pair.q, READER_SIZE, false);
	check_tagged(ndrv_open(pair.q), &primary, 1);
	check_tagged(ndrv_open(pair.p), &peer, 2);
	return check_end();
}
