/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* The socket in the file system: made, replaced, refused, removed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/stat.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/unixsock.h"
#include "lib/err.h"
#include "lib/log.h"

static char dir[] = "/tmp/ctlsock.XXXXXX";
static char path[64];
static char last_line[LOG_LINE_MAX + 1];
static unsigned lines;

static void
keep_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)strncpy(last_line, line, LOG_LINE_MAX);
	lines++;
}

static int
make_dir(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)strcat(strcpy(path, dir), "/s");
	log_set(LOG_LEVEL_DEBUG, keep_line, NULL);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	log_set(LOG_LEVEL_QUIET, NULL, NULL);
	return rmdir(dir);
}

static void
make(int type, struct unixsock *u)
{
	unixsock_init(u);
	assert_int_equal(unixsock_make(path, type, u), 0);
}

static bool
is_there(void)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void
assert_refused(int type, const char *needle)
{
	struct unixsock u;

	unixsock_init(&u);
	lines = 0;
	assert_int_equal(unixsock_make(path, type, &u), SSHTAP_ERR_REFUSED);
	assert_int_equal(lines, 1);
	assert_non_null(strstr(last_line, needle));
	unixsock_clear(&u);
	assert_true(is_there());
}

static void
test_made_and_removed(void **state)
{
	mode_t mask = umask(0);
	struct unixsock u;
	struct stat st;

	(void)state;
	make(SOCK_STREAM, &u);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(umask(mask), 0);
	assert_int_equal(fcntl(u.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(u.fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	unixsock_remove(&u);
	assert_false(is_there());
	unixsock_clear(&u);
	assert_int_equal(u.fd, -1);
}

/* Whoever was killed left one behind. */
static void
test_old_one_is_replaced(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	struct unixsock old, u;
	size_t i, k;

	(void)state;
	for (i = 0; i < 2; i++) {
		for (k = 0; k < 2; k++) {
			make(types[i], &old);
			unixsock_clear(&old);
			assert_true(is_there());
			make(types[k], &u);
			unixsock_remove(&u);
			unixsock_clear(&u);
			assert_false(is_there());
		}
	}
}

static void
test_others_are_refused(void **state)
{
	struct unixsock u;
	int fd;

	(void)state;
	make(SOCK_STREAM, &u);
	assert_refused(SOCK_STREAM, "listens");
	assert_refused(SOCK_DGRAM, "listens");
	unixsock_remove(&u);
	unixsock_clear(&u);
	make(SOCK_DGRAM, &u);
	assert_refused(SOCK_DGRAM, "listens");
	assert_refused(SOCK_STREAM, "listens");
	unixsock_remove(&u);
	unixsock_clear(&u);
	assert_true((fd = open(path, O_CREAT | O_WRONLY, 0600)) != -1);
	(void)close(fd);
	assert_refused(SOCK_STREAM, "no socket");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("nowhere", path), 0);
	assert_refused(SOCK_STREAM, "no socket");
	assert_int_equal(unlink(path), 0);
}

/* What took its place since is not ours to remove. */
static void
test_only_ours_is_removed(void **state)
{
	struct unixsock u, other;

	(void)state;
	make(SOCK_STREAM, &u);
	assert_int_equal(unlink(path), 0);
	make(SOCK_STREAM, &other);
	unixsock_remove(&u);
	assert_true(is_there());
	unixsock_remove(&other);
	assert_false(is_there());
	unixsock_clear(&u);
	unixsock_clear(&other);
}

/* Another working directory does not matter then. */
static void
test_relative_path(void **state)
{
	struct unixsock u;
	char *here;

	(void)state;
	assert_non_null(here = getcwd(NULL, 0));
	assert_int_equal(chdir(dir), 0);
	unixsock_init(&u);
	assert_int_equal(unixsock_make("s", SOCK_DGRAM, &u), 0);
	assert_int_equal(chdir(here), 0);
	assert_true(is_there());
	unixsock_remove(&u);
	assert_false(is_there());
	unixsock_clear(&u);
	free(here);
}

static void
test_connections(void **state)
{
	struct unixsock server, client;
	int fd = 0;

	(void)state;
	make(SOCK_STREAM, &server);
	assert_int_equal(unixsock_accept(&server, &fd), 0);
	assert_int_equal(fd, -1);
	unixsock_init(&client);
	assert_int_equal(unixsock_connect(path, &client), 0);
	assert_null(client.path);
	assert_int_equal(unixsock_accept(&server, &fd), 0);
	assert_int_not_equal(fd, -1);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	(void)close(fd);
	unixsock_clear(&client);
	unixsock_remove(&server);
	unixsock_clear(&server);
	lines = 0;
	assert_int_equal(unixsock_connect(path, &client), SSHTAP_ERR_SYSTEM);
	assert_int_equal(lines, 1);
	unixsock_clear(&client);
}

static void
assert_not_adopted(int fd, int type, const char *needle)
{
	struct unixsock u;

	unixsock_init(&u);
	lines = 0;
	assert_int_not_equal(unixsock_adopt(fd, type, &u), 0);
	assert_int_equal(u.fd, -1);
	assert_int_equal(lines, 1);
	assert_non_null(strstr(last_line, needle));
}

static void
test_inherited(void **state)
{
	struct unixsock u, listening;
	int fds[2], pipes[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	assert_int_equal(pipe(pipes), 0);
	make(SOCK_STREAM, &listening);
	assert_not_adopted(fds[0], SOCK_STREAM, "no stream socket");
	assert_not_adopted(pipes[0], SOCK_STREAM, "descriptor");
	assert_not_adopted(listening.fd, SOCK_DGRAM, "no datagram socket");
	assert_not_adopted(listening.fd, SOCK_STREAM, "descriptor");
	assert_not_adopted(9999, SOCK_DGRAM, "descriptor 9999");
	unixsock_init(&u);
	assert_int_equal(unixsock_adopt(fds[0], SOCK_DGRAM, &u), 0);
	assert_int_equal(u.fd, fds[0]);
	assert_int_equal(fcntl(fds[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(fds[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	unixsock_clear(&u);
	(void)close(fds[1]);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	unixsock_remove(&listening);
	unixsock_clear(&listening);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_and_removed),
		cmocka_unit_test(test_old_one_is_replaced),
		cmocka_unit_test(test_others_are_refused),
		cmocka_unit_test(test_only_ours_is_removed),
		cmocka_unit_test(test_relative_path),
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_inherited),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
