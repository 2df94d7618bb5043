/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * One read of bpf(4) takes every frame that is there, so its descriptor says
 * nothing about those that wait in our buffer.  A kqueue(2) holds it together
 * with an event of our own; a kqueue is itself a descriptor that can be
 * waited on (xnu: bsd/kern/kern_event.c, kqueue_select, kqueue_kqfilter).
 *
 * The event is triggered once and for all, without EV_CLEAR, and from then
 * on enabled and disabled: that allocates nothing and so cannot fail
 * (filt_userprocess there).
 *
 * What has fired stays in the queue, and the queue readable, until kevent(2)
 * looks whether it is still so (kqueue_process there).  Those who wait for
 * our descriptor never call that: ready_refresh does.
 *
 * doc/platform/darwin/bpf-kqueue.c tries all of it.
 */

#include "tun/ready.h"

#include <sys/types.h>
#include <sys/event.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "lib/err.h"

/* Any number: there is no other event of this kind in the queue. */
#define HELD_IDENT	1

static void
fill_held(struct kevent *ev, unsigned short flags)
{
	EV_SET(ev, HELD_IDENT, EVFILT_USER, flags, NOTE_TRIGGER, 0, NULL);
}

void
ready_init(struct ready *r)
{
	r->fd = -1;
	r->is_held = false;
}

int
ready_open(struct ready *r, const struct tap *t)
{
	struct kevent ev[2];
	int kq, result = SSHTAP_ERR_SYSTEM, saved_errno;

	if ((kq = kqueue()) == -1)
		return SSHTAP_ERR_SYSTEM;
	EV_SET(&ev[0], (uintptr_t)tap_read_fd(t), EVFILT_READ, EV_ADD, 0, 0,
	    NULL);
	fill_held(&ev[1], EV_ADD | EV_DISABLE);
	if (fcntl(kq, F_SETFD, FD_CLOEXEC) == -1)
		goto out;
	if (kevent(kq, ev, 2, NULL, 0, NULL) == -1) {
		/* The driver of tuntaposx knows select(2) only. */
		if (errno == EINVAL || errno == ENXIO)
			result = SSHTAP_ERR_UNSUPPORTED;
		goto out;
	}
	r->fd = kq;
	kq = -1;
	result = 0;
 out:
	saved_errno = errno;
	if (kq != -1)
		(void)close(kq);
	errno = saved_errno;
	return result;
}

void
ready_hold(struct ready *r, bool is_held)
{
	int saved_errno = errno;
	struct kevent ev;

	if (r->fd == -1 || r->is_held == is_held)
		return;
	fill_held(&ev, is_held ? EV_ENABLE : EV_DISABLE);
	if (kevent(r->fd, &ev, 1, NULL, 0, NULL) == 0)
		r->is_held = is_held;
	errno = saved_errno;
}

void
ready_refresh(struct ready *r)
{
	static const struct timespec now = { .tv_sec = 0 };
	int saved_errno = errno;
	struct kevent ev;

	if (r->fd == -1 || r->is_held)
		return;
	(void)kevent(r->fd, NULL, 0, &ev, 1, &now);
	errno = saved_errno;
}

void
ready_close(struct ready *r)
{
	if (r->fd != -1)
		(void)close(r->fd);
	r->fd = -1;
}
