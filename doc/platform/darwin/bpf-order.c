/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* What bpf takes before an interface is attached, and what only then. */

#include <sys/ioctl.h>

#include <errno.h>

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

static void
check_before(int fd)
{
	struct darwin_ifreq ifr = { .ifr_name = "" };

	check_errno("BIOCPROMISC before BIOCSETIF", EINVAL,
	    ioctl(fd, PLATFORM_BIOCPROMISC));
	check_errno("BIOCGDLT before BIOCSETIF", EINVAL,
	    bpf_get(fd, DARWIN_BIOCGDLT));
	check_errno("BIOCGETIF before BIOCSETIF", EINVAL,
	    ioctl(fd, DARWIN_BIOCGETIF, &ifr));
	check_number("BIOCGBLEN at first", 4096,
	    bpf_get(fd, DARWIN_BIOCGBLEN));
	check_number("BIOCGSEESENT at first", 1,
	    bpf_get(fd, DARWIN_BIOCGSEESENT));
	check_number("BIOCGHDRCMPLT at first", 0,
	    bpf_get(fd, PLATFORM_BIOCGHDRCMPLT));
	check_errno("BIOCSBLEN", 0, bpf_set(fd, DARWIN_BIOCSBLEN, 16384));
	check_errno("BIOCIMMEDIATE", 0, bpf_set(fd, DARWIN_BIOCIMMEDIATE, 1));
	check_errno("BIOCSSEESENT", 0, bpf_set(fd, DARWIN_BIOCSSEESENT, 0));
	check_errno("BIOCSHDRCMPLT", 0, bpf_set(fd, DARWIN_BIOCSHDRCMPLT, 1));
	check_errno("BIOCSETIF of no interface", ENXIO,
	    bpf_attach(fd, "feth32000"));
}

static void
check_after(int fd, const char *name)
{
	struct darwin_ifreq ifr = { .ifr_name = "" };

	check_errno("BIOCGETIF", 0, ioctl(fd, DARWIN_BIOCGETIF, &ifr));
	check_text("the name that it gives", name, ifr.ifr_name);
	check_number("BIOCGDLT: Ethernet", DARWIN_DLT_EN10MB,
	    bpf_get(fd, DARWIN_BIOCGDLT));
	check_number("BIOCGSEESENT is still what was set", 0,
	    bpf_get(fd, DARWIN_BIOCGSEESENT));
	check_errno("BIOCSBLEN after BIOCSETIF", EINVAL,
	    bpf_set(fd, DARWIN_BIOCSBLEN, 32768));
	check_number("BIOCGBLEN", 16384, bpf_get(fd, DARWIN_BIOCGBLEN));
	check_errno("BIOCPROMISC after BIOCSETIF", 0,
	    ioctl(fd, PLATFORM_BIOCPROMISC));
}

int
main(void)
{
	char name[PLATFORM_NAME_SIZE];
	int fd;

	check_begin("bpf-order");
	feth_new(name);
	fd = bpf_open();
	check_before(fd);
	check_errno("BIOCSETIF of one that is down", 0, bpf_attach(fd, name));
	check_after(fd, name);
	check_errno("a request that does not exist", EINVAL,
	    bpf_set(fd, 0x800442fdU, 0));
	return check_end();
}
