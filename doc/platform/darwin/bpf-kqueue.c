/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A kqueue with a bpf descriptor and an event of our own in it is itself one
 * descriptor for select and poll.  It goes on being readable until kevent is
 * asked, whatever was read meanwhile; and it does not tell that the interface
 * went.  The descriptor in it must not be polled: filt_bpfdetach in
 * bsd/net/bpf.c would forget the kqueue.
 */

#include <sys/types.h>
#include <sys/event.h>
#include <sys/select.h>

#include <poll.h>
#include <string.h>
#include <time.h>

#include "doc/platform/darwin/platform.h"

#define OUR_EVENT	1

static struct reader reader;
static int kq;

static int
change(uintptr_t ident, int16_t filter, uint16_t flags, uint32_t fflags)
{
	struct kevent ev;

	memset(&ev, 0, sizeof(ev));
	EV_SET(&ev, ident, filter, flags, fflags, 0, NULL);
	return kevent(kq, &ev, 1, NULL, 0, NULL);
}

/* The filter of the event that comes within so many ms, or 0. */
static int
next_event(int ms)
{
	struct timespec limit = { ms / 1000, ms % 1000 * 1000000L };
	struct kevent ev;
	int n = kevent(kq, NULL, 0, &ev, 1, &limit);

	must("kevent", n);
	return n == 0 ? 0 : ev.filter;
}

static void
check_readable(const char *by_select, const char *by_poll, int expected)
{
	struct timeval tv = { .tv_sec = expected ? 3 : 0 };
	struct pollfd pfd = { .fd = kq, .events = POLLIN };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(kq, &set);
	check_number(by_select, expected,
	    select(kq + 1, &set, NULL, NULL, &tv));
	check_number(by_poll, expected, poll(&pfd, 1, 0));
}

/* Triggered once and for all, and told of while it is enabled. */
static void
check_own_event(void)
{
	check_errno("an event of our own, triggered, disabled", 0,
	    change(OUR_EVENT, EVFILT_USER, EV_ADD | EV_DISABLE,
	    NOTE_TRIGGER));
	check_readable("select: disabled", "poll: disabled", 0);
	check_errno("enable it", 0, change(OUR_EVENT, EVFILT_USER, EV_ENABLE,
	    NOTE_TRIGGER));
	check_readable("select: enabled", "poll: enabled", 1);
	check_number("kevent: EVFILT_USER", EVFILT_USER, next_event(0));
	check_readable("select: still", "poll: still", 1);
	check_errno("disable it", 0, change(OUR_EVENT, EVFILT_USER,
	    EV_DISABLE, NOTE_TRIGGER));
	check_readable("select: disabled again", "poll: disabled again", 0);
}

int
main(void)
{
	struct pair pair;
	int host;

	check_begin("bpf-kqueue");
	pair_make(&pair);
	reader_open(&reader, pair.q, READER_SIZE, false);
	must("kqueue", kq = kqueue());
	check_errno("EVFILT_READ of bpf is taken", 0,
	    change((uintptr_t)reader.fd, EVFILT_READ, EV_ADD, 0));
	check_readable("select: empty", "poll: empty", 0);
	host = ndrv_open(pair.p);
	must("the host sends a frame", frame_send(host, 1, 60));
	check_readable("select: a frame", "poll: a frame", 1);
	check_number("kevent: EVFILT_READ", EVFILT_READ, next_event(0));
	check_frame("read", &reader, 1, 60);
	check_readable("select: empty, kevent not asked",
	    "poll: empty, kevent not asked", 1);
	check_number("kevent: nothing", 0, next_event(0));
	check_readable("select: kevent was asked", "poll: kevent was asked",
	    0);
	check_own_event();
	must("destroy the interface", feth_destroy(pair.q));
	check_yes("select on bpf finds the end", reader_wait(&reader));
	check_number("kevent: nothing, for half a second", 0, next_event(500));
	return check_end();
}
