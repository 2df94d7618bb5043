/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* kqueue(2), played, on simulated and on ordinary descriptors. */

#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "regress/darwin-sim/abi.h"
#include "regress/darwin-sim/include/sys/event.h"
#include "regress/darwin-sim/sim_util.h"

static const struct timespec zero;
static int mark;

static int
change(int kq, int ident, int filter, int flags, unsigned fflags)
{
	struct kevent ev;

	EV_SET(&ev, ident, (int16_t)filter, (uint16_t)flags, fflags, 0,
	    &mark);
	return sim_errno(kevent(kq, &ev, 1, NULL, 0, NULL));
}

/* Returns how many there are, at once. */
static int
get_events(int kq, struct kevent *evs, int n)
{
	int r = kevent(kq, NULL, 0, evs, n, &zero);

	assert_int_not_equal(r, -1);
	return r;
}

static void
expect_none(int kq)
{
	struct kevent ev;

	assert_int_equal(get_events(kq, &ev, 1), 0);
}

static void
expect_one(int kq, int ident, int filter, intptr_t data)
{
	struct kevent ev[2];

	assert_int_equal(get_events(kq, ev, 2), 1);
	assert_int_equal(ev[0].ident, ident);
	assert_int_equal(ev[0].filter, filter);
	assert_int_equal(ev[0].data, data);
	assert_ptr_equal(ev[0].udata, &mark);
}

static void
test_ordinary(void **state)
{
	int kq = kqueue(), p[2];
	struct kevent ev[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(change(kq, p[0], EVFILT_READ, EV_ADD, 0), 0);
	expect_none(kq);
	assert_false(sim_selects(kq));
	assert_int_equal(write(p[1], "abc", 3), 3);
	assert_true(sim_selects(kq));
	expect_one(kq, p[0], EVFILT_READ, 3);
	expect_one(kq, p[0], EVFILT_READ, 3);
	assert_int_equal(change(kq, p[0], EVFILT_READ, EV_DISABLE, 0), 0);
	expect_none(kq);
	assert_int_equal(change(kq, p[0], EVFILT_READ, EV_ENABLE, 0), 0);
	expect_one(kq, p[0], EVFILT_READ, 3);
	assert_int_equal(change(kq, p[1], EVFILT_WRITE, EV_ADD, 0), 0);
	assert_int_equal(get_events(kq, ev, 2), 2);
	assert_int_equal(change(kq, p[1], EVFILT_WRITE, EV_DELETE, 0), 0);
	assert_int_equal(change(kq, p[1], EVFILT_WRITE, EV_DELETE, 0),
	    ENOENT);
	(void)close(p[1]);
	assert_int_equal(get_events(kq, ev, 2), 1);
	assert_true((ev[0].flags & EV_EOF) != 0);
	/* What is closed is not watched any more, nor is its number. */
	(void)close(p[0]);
	expect_none(kq);
	(void)close(kq);
	assert_int_equal(sim_errno(kevent(kq, NULL, 0, ev, 2, &zero)), EBADF);
}

static void
test_flags(void **state)
{
	int kq = kqueue(), p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], "a", 1), 1);
	assert_int_equal(change(kq, p[0], EVFILT_READ, EV_ADD | EV_ONESHOT,
	    0), 0);
	expect_one(kq, p[0], EVFILT_READ, 1);
	expect_none(kq);
	assert_int_equal(change(kq, p[0], EVFILT_READ, EV_DELETE, 0), ENOENT);
	assert_int_equal(change(kq, p[0], EVFILT_READ, EV_ADD | EV_DISPATCH,
	    0), 0);
	expect_one(kq, p[0], EVFILT_READ, 1);
	expect_none(kq);
	assert_int_equal(change(kq, p[0], EVFILT_READ, EV_ENABLE, 0), 0);
	expect_one(kq, p[0], EVFILT_READ, 1);
	assert_int_equal(change(kq, p[0], EVFILT_READ, EV_DELETE, 0), 0);
	assert_int_equal(change(kq, p[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0),
	    0);
	expect_one(kq, p[0], EVFILT_READ, 1);
	expect_none(kq);
	assert_int_equal(write(p[1], "b", 1), 1);
	expect_one(kq, p[0], EVFILT_READ, 2);
	(void)close(p[0]);
	(void)close(p[1]);
	(void)close(kq);
}

static void
test_errors(void **state)
{
	struct kevent in[2], out[2];
	int kq = kqueue(), p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(change(kq, 999, EVFILT_READ, EV_ADD, 0), EBADF);
	assert_int_equal(change(kq, p[0], -99, EV_ADD, 0), EINVAL);
	/* With room for it, an error is an event. */
	EV_SET(&in[0], 999, EVFILT_READ, EV_ADD, 0, 0, NULL);
	EV_SET(&in[1], p[0], EVFILT_READ, EV_ADD | EV_RECEIPT, 0, 0, NULL);
	assert_int_equal(kevent(kq, in, 2, out, 2, NULL), 2);
	assert_int_equal(out[0].flags & EV_ERROR, EV_ERROR);
	assert_int_equal(out[0].data, EBADF);
	assert_int_equal(out[1].flags & EV_ERROR, EV_ERROR);
	assert_int_equal(out[1].data, 0);
	(void)close(p[0]);
	(void)close(p[1]);
	(void)close(kq);
}

static void
test_user(void **state)
{
	int kq = kqueue();

	(void)state;
	assert_int_equal(change(kq, 7, EVFILT_USER, EV_ADD, 0), 0);
	expect_none(kq);
	assert_int_equal(change(kq, 7, EVFILT_USER, 0, NOTE_TRIGGER), 0);
	assert_true(sim_selects(kq));
	expect_one(kq, 7, EVFILT_USER, 0);
	expect_one(kq, 7, EVFILT_USER, 0);
	assert_int_equal(change(kq, 7, EVFILT_USER, EV_DISABLE, 0), 0);
	assert_false(sim_selects(kq));
	expect_none(kq);
	assert_int_equal(change(kq, 7, EVFILT_USER, EV_ENABLE, 0), 0);
	expect_one(kq, 7, EVFILT_USER, 0);
	assert_int_equal(change(kq, 7, EVFILT_USER, EV_DELETE, 0), 0);
	assert_false(sim_selects(kq));
	assert_int_equal(change(kq, 8, EVFILT_USER, EV_ADD | EV_CLEAR,
	    NOTE_TRIGGER), 0);
	expect_one(kq, 8, EVFILT_USER, 0);
	expect_none(kq);
	assert_false(sim_selects(kq));
	(void)close(kq);
}

static void
test_bpf(void **state)
{
	int kq = kqueue(), fd = sim_bpf_open(O_RDWR | O_NONBLOCK), host;

	(void)state;
	assert_int_equal(change(kq, fd, EVFILT_READ, EV_ADD, 0), ENXIO);
	sim_make_pair();
	(void)close(fd);
	fd = sim_bpf_reader(SIM_Q);
	assert_int_equal(change(kq, fd, EVFILT_WRITE, EV_ADD, 0), EINVAL);
	assert_int_equal(change(kq, fd, EVFILT_READ, EV_ADD, 0), 0);
	expect_none(kq);
	assert_false(sim_selects(kq));
	host = sim_ndrv_open(SIM_P);
	assert_int_equal(sim_send(host, 60, 1), 0);
	assert_true(sim_selects(kq));
	expect_one(kq, fd, EVFILT_READ, 78);
	assert_int_equal(sim_send(host, 60, 2), 0);
	expect_one(kq, fd, EVFILT_READ, 80 + 78);
	assert_int_equal(read(fd, (uint8_t[SIM_BLEN]){ 0 }, SIM_BLEN), 158);
	/* What fired stays so until kevent looks. */
	assert_true(sim_selects(kq));
	expect_none(kq);
	assert_false(sim_selects(kq));
	assert_int_equal(sim_send(host, 60, 3), 0);
	expect_one(kq, fd, EVFILT_READ, 78);
	sim_expect_frame(fd, 60, 3);
	expect_none(kq);
	/* Its number may be another's now. */
	(void)close(fd);
	assert_int_equal(sim_send(host, 60, 4), 0);
	expect_none(kq);
	assert_false(sim_selects(kq));
	(void)close(kq);
}

static void
test_bpf_is_lost(void **state)
{
	const struct timespec while_ = { .tv_nsec = 50000000 };
	int kq = kqueue(), fd;
	struct kevent ev;

	(void)state;
	sim_make_pair();
	fd = sim_bpf_reader(SIM_Q);
	assert_int_equal(change(kq, fd, EVFILT_READ, EV_ADD, 0), 0);
	assert_int_equal(sim_destroy(SIM_Q), 0);
	assert_true(sim_selects(fd));
	assert_false(sim_selects(kq));
	assert_int_equal(kevent(kq, NULL, 0, &ev, 1, &while_), 0);
	assert_int_equal(change(kqueue(), fd, EVFILT_READ, EV_ADD, 0), ENXIO);
}

static void
test_sockets(void **state)
{
	int kq = kqueue(), fd;

	(void)state;
	sim_make_pair();
	fd = sim_ndrv_open(SIM_Q);
	assert_int_equal(change(kq, fd, EVFILT_READ, EV_ADD, 0), 0);
	expect_none(kq);
	assert_int_equal(change(kq, fd, EVFILT_WRITE, EV_ADD, 0), 0);
	assert_true(sim_selects(kq));
	expect_one(kq, fd, EVFILT_WRITE, 0);
	(void)close(kq);
}

/* A child has none of its parent's. */
static void
test_fork(void **state)
{
	int kq = kqueue(), status;
	struct kevent ev;
	pid_t child;

	(void)state;
	if ((child = fork()) == 0)
		_exit(kevent(kq, NULL, 0, &ev, 1, &zero) == -1 ?
		    errno == EBADF : 2);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 1);
	expect_none(kq);
	(void)close(kq);
}

/* closefrom(2) asks nobody; the next one may have its number. */
static void
test_closed_behind_our_back(void **state)
{
	int kq = kqueue(), p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], "a", 1), 1);
	assert_int_equal(change(kq, p[0], EVFILT_READ, EV_ADD, 0), 0);
	assert_int_equal(change(kq, 7, EVFILT_USER, EV_ADD, NOTE_TRIGGER), 0);
	assert_int_equal(syscall(SYS_close, kq), 0);
	assert_int_equal(kqueue(), kq);
	expect_none(kq);
	assert_int_equal(change(kq, p[0], EVFILT_READ, EV_DELETE, 0), ENOENT);
	(void)close(p[0]);
	(void)close(p[1]);
	(void)close(kq);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(test_ordinary, sim_new),
		SIM_TEST(test_flags, sim_new),
		SIM_TEST(test_errors, sim_new),
		SIM_TEST(test_user, sim_new),
		SIM_TEST(test_bpf, sim_new),
		SIM_TEST(test_bpf, sim_old),
		SIM_TEST(test_bpf_is_lost, sim_new),
		SIM_TEST(test_sockets, sim_new),
		SIM_TEST(test_fork, sim_new),
		SIM_TEST(test_closed_behind_our_back, sim_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
