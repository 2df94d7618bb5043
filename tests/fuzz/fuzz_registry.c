/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is a file of the registry.  What is read is what the file says,
 * byte for byte, under the name that it has.  The directory is made where the
 * program is started, once, and removed when it ends.
 */

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tun/registry.h"

#define NAME	"feth10000"

static char dir[] = "registry-XXXXXX";
static char file[sizeof(dir) + 16], lock[sizeof(dir) + 16];

static void
remove_dir(void)
{
	(void)unlink(file);
	(void)unlink(lock);
	(void)rmdir(dir);
}

static void
make_dir(void)
{
	static bool is_made;

	if (is_made)
		return;
	is_made = true;
	require(mkdtemp(dir) != NULL);
	(void)snprintf(file, sizeof(file), "%s/" NAME, dir);
	(void)snprintf(lock, sizeof(lock), "%s/.lock", dir);
	require(atexit(remove_dir) == 0);
}

static void
write_file(const uint8_t *data, size_t size)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	require(fd != -1);
	require(write(fd, data, size) == (ssize_t)size);
	require(close(fd) == 0);
}

/* As the file must have been written, then. */
static void
check_entry(const struct registry_entry *e, const uint8_t *data, size_t size)
{
	const uint8_t *a = e->lladdr, *b = e->peer_lladdr;
	char text[512];
	int n;

	require(strcmp(e->name, NAME) == 0 && e->pid > 0);
	require(strnlen(e->peer, sizeof(e->peer)) < sizeof(e->peer));
	n = snprintf(text, sizeof(text), "ethtap 1\nname %s\npeer %s\n"
	    "lladdr %02x:%02x:%02x:%02x:%02x:%02x\n"
	    "peer-lladdr %02x:%02x:%02x:%02x:%02x:%02x\n"
	    "pid %ld\nmade %s\nkept %s\n", e->name, e->peer, a[0], a[1], a[2],
	    a[3], a[4], a[5], b[0], b[1], b[2], b[3], b[4], b[5],
	    (long)e->pid, e->is_made ? "yes" : "no", e->is_kept ? "yes" :
	    "no");
	require((size_t)n == size && memcmp(text, data, size) == 0);
}

static int
count_entry(void *ctx, const struct registry_entry *e)
{
	require(strcmp(e->name, NAME) == 0);
	++*(unsigned *)ctx;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct registry_entry e;
	unsigned n = 0;
	int r;

	make_dir();
	write_file(data, size);
	r = registry_look(dir, NAME, &e);
	require(r == 0 || r == SSHTAP_ERR_FORMAT);
	if (r == 0)
		check_entry(&e, data, size);
	require(registry_each(dir, count_entry, &n) == 0);
	require(n == (r == 0));
	return 0;
}
