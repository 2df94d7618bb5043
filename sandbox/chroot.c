/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The directory is opened once, and what was looked at is what is entered:
 * a name could lead elsewhere by then.
 */

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/proc.h"
#include "sandbox/sandbox_impl.h"

static int
check_owner(const char *path, int fd, struct sandbox_report *rp)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return sandbox_fault(rp, SSHTAP_ERR_SYSTEM, "chroot to %s",
		    path);
	if (st.st_uid != 0)
		return sandbox_fault(rp, SSHTAP_ERR_PERMISSION,
		    "chroot to %s: its owner is not root", path);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return sandbox_fault(rp, SSHTAP_ERR_PERMISSION,
		    "chroot to %s: others than root may write to it", path);
	return 0;
}

static bool
is_self_or_parent(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* A file that somebody forgot there would be one to open. */
static int
check_empty(const char *path, struct sandbox_report *rp)
{
	struct dirent *e;
	int saved_errno;
	DIR *d;

	/* We are in it. */
	if ((d = opendir(".")) == NULL)
		return sandbox_fault(rp, SSHTAP_ERR_SYSTEM, "chroot to %s",
		    path);
	do {
		errno = 0;
		e = readdir(d);
	} while (e != NULL && is_self_or_parent(e->d_name));
	saved_errno = e != NULL ? ENOTEMPTY : errno;
	(void)closedir(d);
	if ((errno = saved_errno) == 0)
		return 0;
	return sandbox_fault(rp, SSHTAP_ERR_SYSTEM, "chroot to %s", path);
}

/*
 * Needs root.  After it, may: use what is open.  Must not: reach a file by a
 * name, or have a working directory above the root.
 */
int
sandbox_change_root(const struct sandbox_config *c, struct sandbox_report *rp)
{
	int fd, r;

	if (c->chroot_dir == NULL) {
		sandbox_note(rp, 0, "no chroot: none was named");
		return 0;
	}
	fd = open(c->chroot_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd == -1 || fchdir(fd) == -1) {
		r = sandbox_fault(rp, SSHTAP_ERR_SYSTEM, "chroot to %s",
		    c->chroot_dir);
		goto out;
	}
	if ((r = check_owner(c->chroot_dir, fd, rp)) != 0 ||
	    (r = check_empty(c->chroot_dir, rp)) != 0)
		goto out;
	if (chroot(".") == -1 || chdir("/") == -1) {
		r = sandbox_fault(rp, SSHTAP_ERR_SYSTEM, "chroot to %s",
		    c->chroot_dir);
		goto out;
	}
	sandbox_note(rp, SANDBOX_HAS_CHROOT, "chroot");
 out:
	proc_close(&fd);
	return r;
}
