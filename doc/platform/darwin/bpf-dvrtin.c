/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* BIOCSDVRTIN keeps frames from the host's stack, and not from us. */

#include <errno.h>

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

static struct reader reader, primary;

int
main(void)
{
	struct pair pair;
	int fresh, host, ours;
	long r;

	check_begin("bpf-dvrtin");
	pair_make(&pair);
	fresh = bpf_open();
	check_either("before BIOCSETIF; EINVAL: macOS 14", ENXIO, EINVAL,
	    bpf_set(fresh, DARWIN_BIOCSDVRTIN, 1));
	reader_open(&reader, pair.q, READER_SIZE, false);
	reader_open(&primary, pair.p, READER_SIZE, false);
	host = ndrv_open(pair.p);
	ours = ndrv_open(pair.q);
	r = bpf_set(reader.fd, DARWIN_BIOCSDVRTIN, 1);
	check_either("after BIOCSETIF; EINVAL: macOS 14", 0, EINVAL, r);
	must("the host sends a frame", frame_send(host, 1, 60));
	check_frame("it comes to us", &reader, 1, 60);
	must("inject a frame", frame_send(ours, 2, 64));
	check_frame("it comes to the primary", &primary, 2, 64);
	return check_end();
}
