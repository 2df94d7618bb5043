/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* BIOCSBLEN refuses nothing: it takes the nearest size and writes it back. */

#include <sys/ioctl.h>

#include <stdio.h>

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

#define LIMIT_TO_12	524288	/* macOS 12; debug.bpf_maxbufsize */

static void
check_size(int fd, unsigned asked, long expected)
{
	unsigned value = asked;
	char what[48];

	(void)snprintf(what, sizeof(what), "ask for %u: written back", asked);
	must("BIOCSBLEN", ioctl(fd, DARWIN_BIOCSBLEN, &value));
	check_number(what, expected, (long)value);
	check_number("BIOCGBLEN says the same", (long)value,
	    bpf_get(fd, DARWIN_BIOCGBLEN));
}

int
main(void)
{
	unsigned value = 0x7fffffff;
	int fd;

	check_begin("bpf-blen");
	fd = bpf_open();
	check_size(fd, 131072, 131072);
	check_size(fd, 16384, 16384);
	check_size(fd, 4099, 4099);
	check_size(fd, 1, 32);
	must("BIOCSBLEN", ioctl(fd, DARWIN_BIOCSBLEN, &value));
	check_number("the largest: of macOS 12, or of 13",
	    value == LIMIT_TO_12 ? LIMIT_TO_12 : DARWIN_BPF_BUFSIZE_MAX,
	    (long)value);
	return check_end();
}
