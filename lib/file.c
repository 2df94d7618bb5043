/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Checks are made on the open descriptor, so the file cannot be exchanged. */

#include "lib/file.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "lib/err.h"

#define CHUNK	8192

static bool
is_trusted(const struct stat *st, enum file_trust trust)
{
	switch (trust) {
	case FILE_SECRET:
		/* Somebody else's is theirs to open up, as ssh sees it too. */
		return st->st_uid != getuid() || (st->st_mode & 077) == 0;
	case FILE_TRUSTED:
		return (st->st_uid == 0 || st->st_uid == geteuid()) &&
		    (st->st_mode & 022) == 0;
	default:
		return true;
	}
}

static int
check(int fd, enum file_trust trust)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return SSHTAP_ERR_SYSTEM;
	if (!S_ISREG(st.st_mode))
		return SSHTAP_ERR_FORMAT;
	return is_trusted(&st, trust) ? 0 : SSHTAP_ERR_PERMISSION;
}

static int
read_all(int fd, struct buf *out)
{
	uint8_t *p;
	ssize_t n;
	int r;

	for (;;) {
		/* One byte more than fits tells a file that is too long. */
		uint8_t over;
		size_t want = out->max - out->len;

		if (want == 0) {
			n = read(fd, &over, 1);
			return n == 0 ? 0 : SSHTAP_ERR_TOO_BIG;
		}
		if (want > CHUNK)
			want = CHUNK;
		if ((r = buf_put_space(out, want, &p)) != 0)
			return r;
		n = read(fd, p, want);
		buf_drop_end(out, want - (n > 0 ? (size_t)n : 0));
		if (n == 0)
			return 0;
		if (n == -1 && errno != EINTR)
			return SSHTAP_ERR_SYSTEM;
	}
}

int
file_read_fd(int fd, enum file_trust trust, struct buf *out)
{
	int r = check(fd, trust);

	return r == 0 ? read_all(fd, out) : r;
}

int
file_read(const char *path, enum file_trust trust, struct buf *out)
{
	int fd, r, saved;

	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return errno == ENOENT || errno == ENOTDIR ?
		    SSHTAP_ERR_NOT_FOUND : SSHTAP_ERR_SYSTEM;
	r = file_read_fd(fd, trust, out);
	saved = errno;
	close(fd);
	errno = saved;
	return r;
}
