/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "tests/registry_util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"

char reg_base[] = "/tmp/registry.XXXXXX";
char reg_dir[sizeof(reg_base) + 2];

const char *
reg_file(const char *name)
{
	static char path[PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s/%s", reg_dir, name);
	return path;
}

/* All that is in the directory, and itself. */
static void
empty(const char *path)
{
	char full[PATH_MAX + 300];
	const struct dirent *de;
	DIR *d = opendir(path);

	while (d != NULL && (de = readdir(d)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0)
			continue;
		(void)snprintf(full, sizeof(full), "%s/%s", path, de->d_name);
		if (unlink(full) == -1)
			(void)rmdir(full);
	}
	if (d != NULL)
		(void)closedir(d);
	if (unlink(path) == -1)
		(void)rmdir(path);
}

int
reg_set_up(void **state)
{
	(void)state;
	/* Open to everybody, so that another user can look inside. */
	if (mkdtemp(reg_base) == NULL || chmod(reg_base, 0755) == -1)
		return -1;
	(void)snprintf(reg_dir, sizeof(reg_dir), "%s/d", reg_base);
	return 0;
}

int
reg_tear_down(void **state)
{
	(void)state;
	empty(reg_base);
	return 0;
}

int
reg_remove_dir(void **state)
{
	(void)state;
	empty(reg_dir);
	return 0;
}

void
reg_make_dir(void)
{
	assert_int_equal(mkdir(reg_dir, 0755), 0);
}

void
reg_put(const char *name, const void *data, size_t len)
{
	int fd = open(reg_file(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	assert_int_equal(close(fd), 0);
}

struct registry_entry
reg_example(unsigned unit)
{
	struct registry_entry e = {
		.lladdr = { 2, 0xab, 0xff, 0, 0, 1 },
		.peer_lladdr = { 6, 1, 2, 3, 4, 5 },
	};

	(void)snprintf(e.name, sizeof(e.name), "feth%u", unit % 100000);
	(void)snprintf(e.peer, sizeof(e.peer), "feth%u",
	    (unit + 10000) % 100000);
	e.pid = getpid();
	return e;
}

int
reg_claim(unsigned unit)
{
	struct registry_entry e = reg_example(unit);
	int lock = -1;

	assert_int_equal(registry_claim(reg_dir, &e, &lock), 0);
	assert_true(lock >= 0);
	return lock;
}

int
reg_count_one(void *ctx, const struct registry_entry *e)
{
	(void)e;
	(*(unsigned *)ctx)++;
	return 0;
}

unsigned
reg_count(void)
{
	unsigned n = 0;

	assert_int_equal(registry_each(reg_dir, reg_count_one, &n), 0);
	return n;
}

/* Names in the directory but for that of the mutex. */
unsigned
reg_count_files(void)
{
	const struct dirent *de;
	DIR *d = opendir(reg_dir);
	unsigned n = 0;

	assert_non_null(d);
	while ((de = readdir(d)) != NULL)
		n += strcmp(de->d_name, ".") != 0 &&
		    strcmp(de->d_name, "..") != 0 &&
		    strcmp(de->d_name, ".lock") != 0;
	(void)closedir(d);
	return n;
}

unsigned
reg_count_fds(void)
{
	unsigned n = 0;
	int fd;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

void
reg_assert_errno(int r, int error)
{
	assert_int_equal(errno, error);
	assert_int_equal(r, SSHTAP_ERR_SYSTEM);
}

