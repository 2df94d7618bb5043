/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Started by a service manager.  Sockets have to be at 3 and behind, so each
 * case plays in a child, which says with its exit status how it went.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/text.h"
#include "server/activation.h"

#define FIRST_FD	3
#define HIGH_FD		100

/* What is handed over; each of them once. */
enum kind { LISTENING, STREAM, DATAGRAM, PAIR, PLAIN_FILE, NOTHING };

/* What a child found wrong, as its exit status. */
enum { FINE, NOT_READY, WRONG_RESULT, WRONG_COUNT, WRONG_FD, WRONG_FLAGS,
    LEFT_IN_ENVIRONMENT };

struct scene {
	const char *pid;	/* NULL: our own */
	const char *count;	/* NULL: not set */
	enum kind kinds[ACTIVATION_SOCKETS_MAX + 1];
	size_t n;
	int result;
	size_t expected;
};

static int
open_kind(enum kind kind)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	union { const void *p; const struct sockaddr *sa; } u = { &in };
	int fds[2] = { -1, -1 };

	switch (kind) {
	case PAIR:
		return proc_socketpair(fds) == 0 ? fds[0] : -1;
	case PLAIN_FILE:
		return open("/dev/null", O_RDWR);
	case DATAGRAM:
		return socket(AF_INET, SOCK_DGRAM, 0);
	default:
		if ((fds[0] = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
		    bind(fds[0], u.sa, sizeof(in)) == -1 ||
		    (kind == LISTENING && listen(fds[0], 5) == -1))
			return -1;
		return fds[0];
	}
}

/* First all of them far up, since they may be born below. */
static bool
place(const struct scene *s)
{
	int fd, high;
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->kinds[i] == NOTHING)
			continue;
		high = HIGH_FD + (int)i;
		if ((fd = open_kind(s->kinds[i])) == -1 ||
		    dup2(fd, high) == -1)
			return false;
		(void)close(fd);
	}
	for (i = 0; i < s->n; i++) {
		(void)close(FIRST_FD + (int)i);
		if (s->kinds[i] != NOTHING &&
		    dup2(HIGH_FD + (int)i, FIRST_FD + (int)i) == -1)
			return false;
	}
	return true;
}

static bool
set_environment(const struct scene *s)
{
	char pid[32];

	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	return setenv("LISTEN_PID", s->pid != NULL ? s->pid : pid, 1) == 0 &&
	    setenv("LISTEN_FDNAMES", "ssh", 1) == 0 &&
	    (s->count != NULL ? setenv("LISTEN_FDS", s->count, 1) :
	    unsetenv("LISTEN_FDS")) == 0;
}

static int
look_at(const int *fds, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (fds[i] != FIRST_FD + (int)i)
			return WRONG_FD;
		if ((fcntl(fds[i], F_GETFD) & FD_CLOEXEC) == 0 ||
		    (fcntl(fds[i], F_GETFL) & O_NONBLOCK) == 0)
			return WRONG_FLAGS;
	}
	return FINE;
}

static int
play(const struct scene *s)
{
	int fds[ACTIVATION_SOCKETS_MAX];
	size_t n = 99;

	if (!place(s) || !set_environment(s))
		return NOT_READY;
	if (activation_sockets(fds, &n) != s->result)
		return WRONG_RESULT;
	if (n != s->expected)
		return WRONG_COUNT;
	if (getenv("LISTEN_PID") != NULL || getenv("LISTEN_FDS") != NULL ||
	    getenv("LISTEN_FDNAMES") != NULL)
		return LEFT_IN_ENVIRONMENT;
	/* Whoever asks again was not handed anything. */
	if (activation_sockets(fds, &n) != 0 || n != 0)
		return WRONG_COUNT;
	return look_at(fds, s->expected);
}

static void
assert_plays(const struct scene *s)
{
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0)
		_exit(play(s));
	assert_int_equal(proc_exit_status(proc_reap(pid)), FINE);
}

static void
test_sockets_are_taken(void **state)
{
	struct scene s = { .count = "1", .n = 1, .expected = 1 };

	(void)state;
	assert_plays(&s);
	s.count = "3";
	s.n = s.expected = 3;
	assert_plays(&s);
	s.count = "16";
	s.n = s.expected = ACTIVATION_SOCKETS_MAX;
	assert_plays(&s);
}

static void
test_too_many(void **state)
{
	static const char *const counts[] = { "17", "1000000",
	    "2147483647" };
	struct scene s = { .n = ACTIVATION_SOCKETS_MAX + 1,
	    .result = SSHTAP_ERR_FORMAT };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		s.count = counts[i];
		assert_plays(&s);
	}
}

static void
test_not_for_us(void **state)
{
	static const char *const pids[] = { "1", "0", "-1", "", "x", "1x",
	    "99999999999999999999" };
	struct scene s = { .count = "1", .n = 1 };
	char parent[32], padded[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pids) / sizeof(pids[0]); i++) {
		s.pid = pids[i];
		assert_plays(&s);
	}
	snprintf(parent, sizeof(parent), "%ld", (long)getpid());
	s.pid = parent;
	assert_plays(&s);
	snprintf(padded, sizeof(padded), "%ldx", (long)getpid());
	s.pid = padded;
	assert_plays(&s);
}

static void
test_a_count_that_is_none(void **state)
{
	static const char *const counts[] = { NULL, "0", "", "-1", "1x", "x",
	    "99999999999999999999" };
	struct scene s = { .n = 1 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		s.count = counts[i];
		assert_plays(&s);
	}
}

static void
test_what_does_not_listen(void **state)
{
	static const enum kind kinds[] = { STREAM, DATAGRAM, PAIR,
	    PLAIN_FILE, NOTHING };
	struct scene s = { .result = SSHTAP_ERR_FORMAT };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		s.count = "1";
		s.n = 1;
		s.kinds[0] = kinds[i];
		assert_plays(&s);
		/* Behind one that does. */
		s.count = "2";
		s.n = 2;
		s.kinds[0] = LISTENING;
		s.kinds[1] = kinds[i];
		assert_plays(&s);
	}
}

/* The word that we are ready. */

static unsigned lines;

static void
count_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
	lines++;
}

static int
bind_to(const char *name, size_t len)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	union { const void *p; const struct sockaddr *sa; } u = { &un };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	assert_int_not_equal(fd, -1);
	assert_true(len <= sizeof(un.sun_path));
	memcpy(un.sun_path, name, len);
	if (bind(fd, u.sa, (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    len)) == -1)
		proc_close(&fd);
	return fd;
}

static void
assert_told(int fd, const char *what)
{
	char text[64] = "";

	assert_int_equal(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT),
	    strlen(what));
	assert_string_equal(text, what);
}

static void
assert_silent(int fd)
{
	char text[64];

	assert_int_equal(recv(fd, text, sizeof(text), MSG_DONTWAIT), -1);
}

static void
init_with(const char *name)
{
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	activation_init();
	assert_null(getenv("NOTIFY_SOCKET"));
}

static void
test_telling_a_path(void **state)
{
	char dir[] = "/tmp/sshtap-notify.XXXXXX";
	char *path;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = text_format("%s/notify", dir);
	assert_non_null(path);
	fd = bind_to(path, strlen(path) + 1);
	assert_int_not_equal(fd, -1);
	init_with(path);
	assert_silent(fd);
	activation_notify("READY=1");
	assert_told(fd, "READY=1");
	activation_notify("STOPPING=1");
	assert_told(fd, "STOPPING=1");
	assert_silent(fd);
	/* A manager that is gone is said and is no more than that. */
	proc_close(&fd);
	assert_int_equal(unlink(path), 0);
	lines = 0;
	log_set(LOG_LEVEL_WARN, count_line, NULL);
	activation_notify("READY=1");
	log_set(LOG_LEVEL_QUIET, NULL, NULL);
	assert_int_equal(lines, 1);
	assert_int_equal(rmdir(dir), 0);
	free(path);
}

static void
test_telling_an_abstract_name(void **state)
{
	char name[64];
	int fd, len;

	(void)state;
	len = snprintf(name, sizeof(name), "@sshtap-test-%ld",
	    (long)getpid());
	name[0] = '\0';
	fd = bind_to(name, (size_t)len);
	if (fd == -1) {
		print_message("skip: no abstract names on this system\n");
		skip();
	}
	name[0] = '@';
	init_with(name);
	activation_notify("READY=1");
	assert_told(fd, "READY=1");
	/* Whoever comes later is told nothing. */
	activation_init();
	activation_notify("READY=1");
	assert_silent(fd);
	proc_close(&fd);
}

static void
test_telling_nobody(void **state)
{
	char longest[sizeof(((struct sockaddr_un *)0)->sun_path) + 2];
	static const char *const names[] = { "", "@", "/", "relative",
	    "vsock:2:1" };
	size_t i;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	lines = 0;
	log_set(LOG_LEVEL_WARN, count_line, NULL);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		init_with(names[i]);
		activation_notify("READY=1");
	}
	init_with(longest);
	activation_notify("READY=1");
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	activation_init();
	activation_notify("READY=1");
	log_set(LOG_LEVEL_QUIET, NULL, NULL);
	assert_int_equal(lines, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sockets_are_taken),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_not_for_us),
		cmocka_unit_test(test_a_count_that_is_none),
		cmocka_unit_test(test_what_does_not_listen),
		cmocka_unit_test(test_telling_a_path),
		cmocka_unit_test(test_telling_an_abstract_name),
		cmocka_unit_test(test_telling_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
