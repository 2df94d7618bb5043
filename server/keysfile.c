/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Links are followed first and the real path is what is judged: a directory
 * that only a link passes through says nothing about who can write the file.
 */

#include "server/keysfile.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/file.h"
#include "priv/user.h"

/* Returns 0 or SSHTAP_ERR_PERMISSION. */
static int
judge(const struct stat *st, uid_t uid, const char *path, char *why)
{
	if (st->st_uid != 0 && st->st_uid != uid)
		snprintf(why, KEYSFILE_WHY_MAX, "%s belongs to neither root "
		    "nor the user", path);
	else if ((st->st_mode & 022) != 0)
		snprintf(why, KEYSFILE_WHY_MAX, "%s can be written by others: "
		    "chmod go-w it", path);
	else
		return 0;
	return SSHTAP_ERR_PERMISSION;
}

/* Every directory above the file, up to the home if that is one of them. */
static int
judge_directories(char *path, const char *home, uid_t uid, char *why)
{
	struct stat st;
	char *slash;
	int r;

	while ((slash = strrchr(path, '/')) != NULL) {
		slash[slash == path] = '\0';
		if (stat(path, &st) == -1) {
			snprintf(why, KEYSFILE_WHY_MAX, "%s: %s", path,
			    strerror(errno));
			return SSHTAP_ERR_SYSTEM;
		}
		if ((r = judge(&st, uid, path, why)) != 0)
			return r;
		if (slash == path || (home != NULL && strcmp(path, home) == 0))
			break;
	}
	return 0;
}

static int
judge_file(int fd, const char *real, const struct user *u, char *why)
{
	char *path = strdup(real), *home = realpath(u->home, NULL);
	struct stat st;
	int r = SSHTAP_ERR_ALLOC;

	if (path == NULL)
		goto out;
	r = SSHTAP_ERR_SYSTEM;
	if (fstat(fd, &st) == -1)
		snprintf(why, KEYSFILE_WHY_MAX, "%s: %s", real,
		    strerror(errno));
	else if ((r = judge(&st, u->uid, real, why)) == 0)
		r = judge_directories(path, home, u->uid, why);
 out:
	free(path);
	free(home);
	return r;
}

static int
read_real(const char *real, const struct user *u, bool strict,
    struct buf *out, char *why)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	int fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW), r;

	if (fd == -1) {
		snprintf(why, KEYSFILE_WHY_MAX, "%s: %s", real,
		    strerror(errno));
		return SSHTAP_ERR_SYSTEM;
	}
	if (strict && (r = judge_file(fd, real, u, why)) != 0)
		goto out;
	if ((r = file_read_fd(fd, FILE_ANY, out)) != 0)
		snprintf(why, KEYSFILE_WHY_MAX, "%s: %s", real, err_text(r));
 out:
	(void)close(fd);
	return r;
}

static int
read_as_user(const struct user *u, const char *path, bool strict,
    struct buf *out, char *why)
{
	char *real = realpath(path, NULL);
	int r;

	if (real == NULL) {
		if (errno == ENOENT || errno == ENOTDIR)
			return SSHTAP_ERR_NOT_FOUND;
		snprintf(why, KEYSFILE_WHY_MAX, "%s: %s", path,
		    strerror(errno));
		return SSHTAP_ERR_SYSTEM;
	}
	r = read_real(real, u, strict, out, why);
	free(real);
	return r;
}

int
keysfile_read(const struct user *u, const char *path, bool strict,
    struct buf *out, char why[KEYSFILE_WHY_MAX])
{
	struct user_rights own;
	int r;

	*why = '\0';
	if ((r = user_assume(u, &own)) != 0) {
		snprintf(why, KEYSFILE_WHY_MAX, "cannot act as %s: %s",
		    u->name, strerror(errno));
		return r;
	}
	r = read_as_user(u, path, strict, out, why);
	/* Root that cannot come back must not go on. */
	if (user_resume(&own) != 0)
		_exit(255);
	return r;
}
