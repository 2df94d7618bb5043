/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Nothing to read is EAGAIN, once O_NONBLOCK is set; never 0. */

#include <sys/types.h>

#include <errno.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"

static struct reader reader;

int
main(void)
{
	struct pair pair;
	int host;

	check_begin("bpf-empty");
	pair_make(&pair);
	reader_open(&reader, pair.q, READER_SIZE, false);
	check_number("select finds nothing", 0, is_readable(reader.fd, 0));
	check_errno("read", EAGAIN, read(reader.fd, reader.buf, reader.size));
	host = ndrv_open(pair.p);
	must("the host sends a frame", frame_send(host, 1, 60));
	check_yes("select finds it", reader_wait(&reader));
	check_frame("read", &reader, 1, 60);
	check_number("select finds nothing", 0, is_readable(reader.fd, 0));
	check_errno("read", EAGAIN, read(reader.fd, reader.buf, reader.size));
	return check_end();
}
