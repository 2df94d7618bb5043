/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Records between processes: whole and in halves, with descriptors and too
 * many of them, and what a sender that lies about the length gets.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "lib/fdpass.h"
#include "lib/proc.h"
#include "server/ipc.h"

#define RECORD_MAX	64
#define HIGHEST_FD	256

struct bench {
	int fds[2];
	struct buf b;		/* of a record, or a partial one */
	int open;		/* descriptors before the test */
};

static int
count_open(void)
{
	int fd, n = 0;

	for (fd = 0; fd < HIGHEST_FD; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static int
set_up(void **state)
{
	static struct bench b;

	if (proc_socketpair(b.fds) != 0)
		return -1;
	buf_init(&b.b, RECORD_MAX);
	b.open = count_open();
	*state = &b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;

	buf_clear(&b->b);
	proc_close(&b->fds[0]);
	proc_close(&b->fds[1]);
	return 0;
}

static void
send_text(struct bench *b, const char *text, const int *fds, size_t nfds)
{
	struct view v = view_of_string(text);

	assert_int_equal(ipc_send(b->fds[0], &v, fds, nfds), 0);
}

static void
send_raw(struct bench *b, const void *p, size_t len)
{
	assert_int_equal(send(b->fds[0], p, len, 0), len);
}

static void
send_length(struct bench *b, uint32_t len)
{
	uint8_t word[IPC_LENGTH_SIZE];

	put_be32(word, len);
	send_raw(b, word, sizeof(word));
}

static void
assert_holds(struct bench *b, const char *text)
{
	struct view v = buf_view(&b->b);

	assert_true(view_is(&v, text));
}

static void
test_records_come_whole_and_in_order(void **state)
{
	struct bench *b = *state;
	struct view v;

	send_text(b, "first", NULL, 0);
	send_text(b, "", NULL, 0);
	send_text(b, "third", NULL, 0);
	assert_int_equal(ipc_receive(b->fds[1], &b->b, NULL, NULL), 0);
	assert_holds(b, "first");
	assert_int_equal(ipc_receive(b->fds[1], &b->b, NULL, NULL), 0);
	assert_holds(b, "");
	assert_int_equal(ipc_receive(b->fds[1], &b->b, NULL, NULL), 0);
	assert_holds(b, "third");
	/* And the other way, by the other call. */
	v = view_of_string("back");
	assert_int_equal(ipc_send(b->fds[1], &v, NULL, 0), 0);
	buf_reset(&b->b);
	assert_int_equal(ipc_collect(b->fds[0], &b->b, &v), 0);
	assert_true(view_is(&v, "back"));
}

static void
test_the_limit_is_the_buffers(void **state)
{
	struct bench *b = *state;
	char text[RECORD_MAX + 2];

	memset(text, 'x', sizeof(text));
	text[RECORD_MAX] = '\0';
	send_text(b, text, NULL, 0);
	assert_int_equal(ipc_receive(b->fds[1], &b->b, NULL, NULL), 0);
	assert_int_equal(b->b.len, RECORD_MAX);
	text[RECORD_MAX] = 'x';
	text[RECORD_MAX + 1] = '\0';
	send_text(b, text, NULL, 0);
	assert_int_equal(ipc_receive(b->fds[1], &b->b, NULL, NULL),
	    SSHTAP_ERR_TOO_BIG);
}

/* No memory is asked for on the word of a stranger. */
static void
test_a_length_over_the_limit_is_refused(void **state)
{
	static const uint32_t lengths[] = { RECORD_MAX - IPC_LENGTH_SIZE + 1,
	    RECORD_MAX + 1, INT32_MAX, UINT32_MAX - IPC_LENGTH_SIZE,
	    UINT32_MAX - IPC_LENGTH_SIZE + 1, UINT32_MAX };
	struct bench *b = *state;
	struct view v;
	size_t i;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		send_length(b, lengths[i]);
		buf_reset(&b->b);
		assert_int_equal(ipc_collect(b->fds[1], &b->b, &v),
		    SSHTAP_ERR_TOO_BIG);
		if (lengths[i] <= RECORD_MAX)
			continue;
		send_length(b, lengths[i]);
		assert_int_equal(ipc_receive(b->fds[1], &b->b, NULL, NULL),
		    SSHTAP_ERR_TOO_BIG);
	}
	/* The longest one that may be collected. */
	send_length(b, RECORD_MAX - IPC_LENGTH_SIZE);
	buf_reset(&b->b);
	assert_int_equal(ipc_collect(b->fds[1], &b->b, &v),
	    SSHTAP_ERR_AGAIN);
}

/* Byte by byte; each time it comes back at once. */
static void
test_halves_are_collected(void **state)
{
	static const uint8_t bytes[] = "\0\0\0\003abc\0\0\0\0\0\0\0\001d";
	struct bench *b = *state;
	struct view v;
	size_t i;

	for (i = 0; i < 7; i++) {
		assert_int_equal(ipc_collect(b->fds[1], &b->b, &v),
		    SSHTAP_ERR_AGAIN);
		assert_int_equal(b->b.len, i);
		send_raw(b, bytes + i, 1);
	}
	/* What comes behind it stays where it is. */
	send_raw(b, bytes + 7, sizeof(bytes) - 1 - 7);
	assert_int_equal(ipc_collect(b->fds[1], &b->b, &v), 0);
	assert_true(view_is(&v, "abc"));
	buf_reset(&b->b);
	assert_int_equal(ipc_collect(b->fds[1], &b->b, &v), 0);
	assert_int_equal(v.len, 0);
	buf_reset(&b->b);
	assert_int_equal(ipc_collect(b->fds[1], &b->b, &v), 0);
	assert_true(view_is(&v, "d"));
	buf_reset(&b->b);
	assert_int_equal(ipc_collect(b->fds[1], &b->b, &v),
	    SSHTAP_ERR_AGAIN);
	assert_int_equal(b->b.len, 0);
}

/* After each number of bytes of a record. */
static void
test_a_peer_that_is_gone(void **state)
{
	static const uint8_t bytes[] = "\0\0\0\003abc";
	struct bench *b = *state;
	struct view v;
	size_t n;

	for (n = 0; n < 7; n++) {
		if (n > 0)
			send_raw(b, bytes, n);
		assert_int_equal(shutdown(b->fds[0], SHUT_WR), 0);
		if (n % 2 == 0) {
			assert_int_equal(ipc_receive(b->fds[1], &b->b, NULL,
			    NULL), SSHTAP_ERR_CLOSED);
		} else {
			assert_int_equal(ipc_collect(b->fds[1], &b->b, &v),
			    SSHTAP_ERR_CLOSED);
		}
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

static void
test_the_other_call_when_it_is_gone(void **state)
{
	static const uint8_t bytes[] = "\0\0\0\003abc";
	struct bench *b = *state;
	struct view v;
	size_t n;

	for (n = 0; n < 7; n++) {
		if (n > 0)
			send_raw(b, bytes, n);
		proc_close(&b->fds[0]);
		if (n % 2 == 1) {
			assert_int_equal(ipc_receive(b->fds[1], &b->b, NULL,
			    NULL), SSHTAP_ERR_CLOSED);
		} else {
			assert_int_equal(ipc_collect(b->fds[1], &b->b, &v),
			    SSHTAP_ERR_CLOSED);
		}
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

/* Nobody dies of SIGPIPE. */
static void
test_sending_to_nobody(void **state)
{
	struct bench *b = *state;
	struct view v = view_of_string("x");

	proc_close(&b->fds[1]);
	assert_int_equal(ipc_send(b->fds[0], &v, NULL, 0), SSHTAP_ERR_CLOSED);
}

static void
assert_same_file(int a, int b)
{
	struct stat sa, sb;

	assert_int_equal(fstat(a, &sa), 0);
	assert_int_equal(fstat(b, &sb), 0);
	assert_true(sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino);
}

static void
test_descriptors_come_beside_a_record(void **state)
{
	struct bench *b = *state;
	int pipe_fds[2], got[FDPASS_MAX];
	size_t n, ngot, i;

	assert_int_equal(proc_pipe(pipe_fds), 0);
	for (n = 0; n <= FDPASS_MAX; n++) {
		send_text(b, n % 2 == 0 ? "device" : "", pipe_fds, n);
		ngot = 99;
		assert_int_equal(ipc_receive(b->fds[1], &b->b, got, &ngot), 0);
		assert_holds(b, n % 2 == 0 ? "device" : "");
		assert_int_equal(ngot, n);
		for (i = 0; i < n; i++) {
			assert_same_file(got[i], pipe_fds[i]);
			assert_true(fcntl(got[i], F_GETFD) & FD_CLOEXEC);
			proc_close(&got[i]);
		}
	}
	proc_close(&pipe_fds[0]);
	proc_close(&pipe_fds[1]);
	assert_int_equal(count_open(), b->open);
}

/* Not wanted, too many, or beside a record that is wrong: closed. */
static void
test_no_descriptor_is_left_open(void **state)
{
	struct bench *b = *state;
	int one[2] = { b->fds[0], b->fds[1] }, got[FDPASS_MAX];
	uint8_t word[IPC_LENGTH_SIZE];
	struct view v;
	size_t ngot;

	send_text(b, "unwanted", one, 2);
	assert_int_equal(ipc_receive(b->fds[1], &b->b, NULL, NULL), 0);
	assert_holds(b, "unwanted");
	assert_int_equal(count_open(), b->open);

	send_text(b, "from a stranger", one, 2);
	buf_reset(&b->b);
	assert_int_equal(ipc_collect(b->fds[1], &b->b, &v), 0);
	assert_true(view_is(&v, "from a stranger"));
	assert_int_equal(count_open(), b->open);

	put_be32(word, RECORD_MAX + 1);
	assert_int_equal(fdpass_send(b->fds[0], word, sizeof(word), one, 2),
	    0);
	assert_int_equal(ipc_receive(b->fds[1], &b->b, got, &ngot),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(count_open(), b->open);

	assert_int_equal(fdpass_send(b->fds[0], word, 3, one, 2), 0);
	assert_int_equal(shutdown(b->fds[0], SHUT_WR), 0);
	assert_int_equal(ipc_receive(b->fds[1], &b->b, got, &ngot),
	    SSHTAP_ERR_CLOSED);
	assert_int_equal(count_open(), b->open);
}

/* By hand, since fdpass_send refuses to. */
static void
send_many_fds(int s, uint8_t *word, int fd, size_t n)
{
	union { struct cmsghdr align; char room[256]; } control;
	struct iovec iov = { .iov_base = word, .iov_len = IPC_LENGTH_SIZE };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control };
	struct cmsghdr *cmsg;
	size_t i;

	memset(&control, 0, sizeof(control));
	msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
	assert_true(msg.msg_controllen <= sizeof(control));
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
	for (i = 0; i < n; i++)
		memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &fd, sizeof(fd));
	assert_int_equal(sendmsg(s, &msg, 0), IPC_LENGTH_SIZE);
}

static void
test_more_descriptors_than_there_is_room_for(void **state)
{
	struct bench *b = *state;
	uint8_t word[IPC_LENGTH_SIZE] = { 0 };
	int got[FDPASS_MAX];
	size_t n, ngot;

	for (n = FDPASS_MAX; n <= 20; n++) {
		send_many_fds(b->fds[0], word, b->fds[0], n);
		assert_int_equal(ipc_receive(b->fds[1], &b->b, got, &ngot), 0);
		assert_int_equal(ngot, FDPASS_MAX);
		assert_int_equal(count_open(), b->open + FDPASS_MAX);
		proc_close(&got[0]);
		proc_close(&got[1]);
	}
	assert_int_equal(count_open(), b->open);
}

static void
test_more_descriptors_than_are_sent(void **state)
{
	struct bench *b = *state;
	int fds[FDPASS_MAX + 1] = { 0, 0, 0 };
	struct view v = view_of_string("x");

	assert_int_not_equal(ipc_send(b->fds[0], &v, fds, FDPASS_MAX + 1), 0);
	assert_int_equal(ipc_collect(b->fds[1], &b->b, &v),
	    SSHTAP_ERR_AGAIN);
	assert_int_equal(b->b.len, 0);
}

/* More than a socket holds: its sender waits for the receiver. */
static void
test_a_long_record(void **state)
{
	static uint8_t bytes[4 * 1024 * 1024];
	struct bench *b = *state;
	struct view v;
	pid_t child;
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		v = view_of(bytes, sizeof(bytes));
		_exit(ipc_send(b->fds[0], &v, NULL, 0) != 0);
	}
	proc_close(&b->fds[0]);
	buf_clear(&b->b);
	buf_init(&b->b, sizeof(bytes));
	assert_int_equal(ipc_receive(b->fds[1], &b->b, NULL, NULL), 0);
	assert_int_equal(b->b.len, sizeof(bytes));
	v = buf_view(&b->b);
	assert_memory_equal(v.p, bytes, sizeof(bytes));
	assert_int_equal(proc_exit_status(proc_reap(child)), 0);
}

#define WITH_BENCH(t)	cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BENCH(test_records_come_whole_and_in_order),
		WITH_BENCH(test_the_limit_is_the_buffers),
		WITH_BENCH(test_a_length_over_the_limit_is_refused),
		WITH_BENCH(test_halves_are_collected),
		WITH_BENCH(test_a_peer_that_is_gone),
		WITH_BENCH(test_the_other_call_when_it_is_gone),
		WITH_BENCH(test_sending_to_nobody),
		WITH_BENCH(test_descriptors_come_beside_a_record),
		WITH_BENCH(test_no_descriptor_is_left_open),
		WITH_BENCH(test_more_descriptors_than_there_is_room_for),
		WITH_BENCH(test_more_descriptors_than_are_sent),
		WITH_BENCH(test_a_long_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
