/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* select knows terminals; whether poll does is told. */

#include <sys/types.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"

int
main(void)
{
	struct pollfd pfd = { .events = POLLIN };
	const char *path;
	int ours, theirs;

	check_begin("select-tty");
	must("posix_openpt", ours = posix_openpt(O_RDWR | O_NOCTTY));
	must("grantpt", grantpt(ours));
	must("unlockpt", unlockpt(ours));
	path = ptsname(ours);
	must("ptsname", path == NULL ? -1 : 0);
	must("open it", theirs = open(path, O_RDWR | O_NOCTTY));
	check_number("nothing typed", 0, is_readable(theirs, 0));
	must("type a line", write(ours, "x\n", 2));
	check_number("a line typed", 1, is_readable(theirs, PLATFORM_WAIT));
	pfd.fd = theirs;
	must("poll", poll(&pfd, 1, 0));
	check_tell("poll", "0x%x", (unsigned)pfd.revents);
	return check_end();
}
