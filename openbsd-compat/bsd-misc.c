/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Each function is compiled only where configure did not find it in the C
 * library.  They behave as the manual pages of OpenBSD say.
 */

#include "openbsd-compat/bsd-misc.h"

#include <dirent.h>
#include <stdlib.h>

#ifdef HAVE_SYS_SYSCALL_H
#include <sys/syscall.h>
#endif

#ifndef HAVE_CLOSEFROM
/*
 * Close what a directory lists.  Closing while reading is safe: the kernel
 * goes on from the number it listed last, not from a place in a list
 * (Linux fs/proc/fd.c; xnu bsd/miscfs/devfs/devfs_fdesc_support.c).
 * Returns -1 when there is no list.
 */
static int
close_listed(const char *directory, int lowfd)
{
	DIR *d;
	struct dirent *e;
	char *end;
	long fd;

	if ((d = opendir(directory)) == NULL)
		return -1;
	while ((e = readdir(d)) != NULL) {
		fd = strtol(e->d_name, &end, 10);
		if (end != e->d_name && *end == '\0' && fd >= lowfd &&
		    fd != dirfd(d))
			(void)close((int)fd);
	}
	(void)closedir(d);
	return 0;
}

void
closefrom(int lowfd)
{
	long fd, max;

	if (lowfd < 0)
		lowfd = 0;
#ifdef SYS_close_range
	/* Linux 5.9; the numbers from lowfd to the largest, no flags. */
	if (syscall(SYS_close_range, (unsigned)lowfd, ~0U, 0U) == 0)
		return;
#endif
	/* Of Linux and of macOS. */
	if (close_listed("/proc/self/fd", lowfd) == 0 ||
	    close_listed("/dev/fd", lowfd) == 0)
		return;
	if ((max = sysconf(_SC_OPEN_MAX)) < 0)
		max = 1024;	/* the soft limit that Linux starts with */
	for (fd = lowfd; fd < max; fd++)
		(void)close((int)fd);
}
#endif

#ifndef HAVE_EXPLICIT_BZERO
/* What a volatile pointer leads to the compiler must not guess. */
static void *(*const volatile set_bytes)(void *, int, size_t) = memset;

void
explicit_bzero(void *p, size_t len)
{
	(void)set_bytes(p, 0, len);
}
#endif
