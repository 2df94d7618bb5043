/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * kqueue(2) over epoll(7), so that the descriptor can itself be waited on.
 * EVFILT_READ, EVFILT_WRITE and EVFILT_USER; a bpf device is watched through
 * a socket of its own (WIRE_WATCH), since its readiness for kqueue is not
 * that for select(2).
 *
 * What is registered is kept here: a kqueue of macOS belongs to its process
 * alone and is not inherited by a child.
 */

#undef _FORTIFY_SOURCE

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "regress/darwin-sim/include/sys/event.h"
#include "regress/darwin-sim/lib.h"

#define FD_ABOVE	200	/* out of the way of the program's numbers */
#define BATCH		64

struct note {
	struct note *next;
	struct kevent ev;	/* as registered */
	bool is_disabled, is_triggered;
	int watch;		/* of a bpf device, else -1 */
	struct sim sim;
};

struct queue {
	struct queue *next;
	int fd;
	pid_t pid;
	int user;		/* readable when something is triggered */
	struct note *notes;
};

static struct queue *queues;

static int
move_up(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, FD_ABOVE);

	if (high == -1)
		return fd;
	(void)lib_next()->close(fd);
	return high;
}

/* === Forgetting === */

static void
free_note(struct queue *q, struct note *note)
{
	struct note **p = &q->notes;

	while (*p != note)
		p = &(*p)->next;
	*p = note->next;
	if (note->watch != -1)
		(void)lib_next()->close(note->watch);
	free(note);
}

static void
free_queue(struct queue *q)
{
	struct queue **p = &queues;

	while (*p != q)
		p = &(*p)->next;
	*p = q->next;
	while (q->notes != NULL)
		free_note(q, q->notes);
	(void)lib_next()->close(q->user);
	free(q);
}

void
lib_forget_descriptor(int fd)
{
	struct queue *q, *next_queue;
	struct note *note, *next_note;

	for (q = queues; q != NULL; q = next_queue) {
		next_queue = q->next;
		if (q->fd == fd) {
			free_queue(q);
			continue;
		}
		for (note = q->notes; note != NULL; note = next_note) {
			next_note = note->next;
			if (note->ev.filter != EVFILT_USER &&
			    (int)note->ev.ident == fd)
				free_note(q, note);
		}
	}
}

void
lib_take_watches(uint32_t handle)
{
	struct queue *q;
	struct note *note;
	char token;

	for (q = queues; q != NULL; q = q->next)
		for (note = q->notes; note != NULL; note = note->next)
			if (note->watch != -1 && note->sim.handle == handle)
				(void)lib_next()->recvfrom(note->watch,
				    &token, 1, MSG_DONTWAIT, NULL, NULL);
}

/* === Registering === */

static struct note *
find_note(struct queue *q, uintptr_t ident, int16_t filter)
{
	struct note *note = q->notes;

	while (note != NULL && (note->ev.ident != ident ||
	    note->ev.filter != filter))
		note = note->next;
	return note;
}

/* What of the descriptor is wanted by all that is registered for it. */
static uint32_t
wanted_events(struct queue *q, uintptr_t ident)
{
	const struct note *in = find_note(q, ident, EVFILT_READ);
	const struct note *out = find_note(q, ident, EVFILT_WRITE);
	uint32_t events = 0;
	bool is_edge = true;

	if (in != NULL && !in->is_disabled)
		events |= EPOLLIN | EPOLLRDHUP;
	if (out != NULL && !out->is_disabled)
		events |= EPOLLOUT;
	if (in != NULL)
		is_edge = is_edge && (in->ev.flags & EV_CLEAR) != 0;
	if (out != NULL)
		is_edge = is_edge && (out->ev.flags & EV_CLEAR) != 0;
	return events == 0 ? 0 : events | (is_edge ? (uint32_t)EPOLLET : 0);
}

static int
set_events(struct queue *q, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	if (events == 0) {
		(void)epoll_ctl(q->fd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	if (epoll_ctl(q->fd, EPOLL_CTL_MOD, fd, &ev) == 0)
		return 0;
	return errno != ENOENT ? -1 :
	    epoll_ctl(q->fd, EPOLL_CTL_ADD, fd, &ev);
}

/* The counter is not zero as long as something is triggered. */
static void
update_user(struct queue *q)
{
	const struct note *note;
	uint64_t n = 1;
	ssize_t r;

	for (note = q->notes; note != NULL; note = note->next)
		if (note->ev.filter == EVFILT_USER && note->is_triggered &&
		    !note->is_disabled)
			break;
	if (note != NULL)
		r = lib_next()->write(q->user, &n, sizeof(n));
	else
		r = lib_next()->read(q->user, &n, sizeof(n));
	(void)r;
}

/* After a note has changed. */
static int
update(struct queue *q, const struct note *note)
{
	uint32_t edge = (note->ev.flags & EV_CLEAR) != 0 ? EPOLLET : 0;

	if (note->ev.filter == EVFILT_USER) {
		update_user(q);
		return 0;
	}
	if (note->watch != -1)
		return set_events(q, note->watch, note->is_disabled ? 0 :
		    EPOLLIN | edge);
	return set_events(q, (int)note->ev.ident,
	    wanted_events(q, note->ev.ident));
}

/* The device's own socket for this. */
static int
watch_device(struct note *note)
{
	struct ask a = { .rq.op = WIRE_WATCH };

	if (note->ev.filter != EVFILT_READ) {
		errno = EINVAL;
		return -1;
	}
	if ((note->watch = lib_ask(&a, &note->sim) == -1 ? -1 : a.fd) == -1)
		return -1;
	note->watch = move_up(note->watch);
	return 0;
}

static int
add_note(struct queue *q, const struct kevent *ev, struct note **notep)
{
	struct note *note;

	if (ev->filter != EVFILT_READ && ev->filter != EVFILT_WRITE &&
	    ev->filter != EVFILT_USER) {
		errno = EINVAL;
		return -1;
	}
	if ((note = calloc(1, sizeof(*note))) == NULL)
		return -1;
	note->ev = *ev;
	note->watch = -1;
	note->next = q->notes;
	q->notes = note;
	*notep = note;
	if (ev->filter == EVFILT_USER ||
	    !lib_recognise((int)ev->ident, &note->sim) ||
	    (note->sim.kind != WIRE_BPF && note->sim.kind != WIRE_TUNTAPOSX))
		return 0;
	if (watch_device(note) == -1) {
		free_note(q, note);
		return -1;
	}
	return 0;
}

static int
delete_note(struct queue *q, struct note *note)
{
	struct kevent ev = note->ev;
	bool is_watched = note->watch != -1;

	free_note(q, note);
	if (ev.filter == EVFILT_USER)
		update_user(q);
	else if (!is_watched)
		(void)set_events(q, (int)ev.ident,
		    wanted_events(q, ev.ident));
	return 0;
}

static int
change(struct queue *q, const struct kevent *ev)
{
	struct note *note = find_note(q, ev->ident, ev->filter);
	bool is_new = note == NULL;
	int saved_errno;

	if (is_new && (ev->flags & EV_ADD) == 0) {
		errno = ENOENT;
		return -1;
	}
	if (is_new && add_note(q, ev, &note) == -1)
		return -1;
	if ((ev->flags & EV_DELETE) != 0)
		return delete_note(q, note);
	note->ev.udata = ev->udata;
	if ((ev->flags & EV_ADD) != 0)
		note->ev.flags = ev->flags;
	if ((ev->flags & EV_DISABLE) != 0)
		note->is_disabled = true;
	else if ((ev->flags & (EV_ENABLE | EV_ADD)) != 0)
		note->is_disabled = false;
	if (ev->filter == EVFILT_USER && (ev->fflags & NOTE_TRIGGER) != 0)
		note->is_triggered = true;
	if (update(q, note) == 0)
		return 0;
	saved_errno = errno;
	if (is_new)
		free_note(q, note);
	errno = saved_errno;
	return -1;
}

/* === Reporting === */

struct report {
	struct kevent *events;
	int n, max;
};

static void
report_note(struct queue *q, struct note *note, intptr_t data,
    uint16_t flags, struct report *rp)
{
	struct kevent *out = &rp->events[rp->n++];

	*out = note->ev;
	out->flags = (uint16_t)((note->ev.flags &
	    (EV_ADD | EV_ONESHOT | EV_CLEAR | EV_DISPATCH)) | flags);
	out->fflags = 0;
	out->data = data;
	if ((note->ev.flags & EV_CLEAR) != 0)
		note->is_triggered = false;
	if ((note->ev.flags & EV_ONESHOT) != 0) {
		(void)delete_note(q, note);
	} else if ((note->ev.flags & EV_DISPATCH) != 0) {
		note->is_disabled = true;
		(void)update(q, note);
	}
}

static void
report_user(struct queue *q, struct report *rp)
{
	struct note *note, *next;

	for (note = q->notes; note != NULL && rp->n < rp->max; note = next) {
		next = note->next;
		if (note->ev.filter == EVFILT_USER && note->is_triggered &&
		    !note->is_disabled)
			report_note(q, note, 0, 0, rp);
	}
	update_user(q);
}

static void
report_watch(struct queue *q, struct note *note, struct report *rp)
{
	struct ask a = {
		.rq.op = WIRE_POLL, .rq.flags = WIRE_FOR_KEVENT
	};

	/* That it was lost is no event; the token is taken by the call. */
	if (lib_ask(&a, &note->sim) == -1 || a.reply.value == 0)
		return;
	report_note(q, note, (intptr_t)a.reply.value, 0, rp);
}

static void
report_plain(struct queue *q, int fd, uint32_t events, struct report *rp)
{
	uint16_t eof = (events & (EPOLLHUP | EPOLLRDHUP)) != 0 ? EV_EOF : 0;
	struct note *note;
	int bytes = 0;

	note = find_note(q, (uintptr_t)fd, EVFILT_READ);
	if (note != NULL && rp->n < rp->max && (events & (EPOLLIN |
	    EPOLLHUP | EPOLLRDHUP | EPOLLERR)) != 0) {
		(void)lib_next()->ioctl(fd, FIONREAD, &bytes);
		report_note(q, note, bytes, eof, rp);
	}
	note = find_note(q, (uintptr_t)fd, EVFILT_WRITE);
	if (note != NULL && rp->n < rp->max && (events & (EPOLLOUT |
	    EPOLLHUP | EPOLLERR)) != 0)
		report_note(q, note, 0, eof, rp);
}

static void
report_event(struct queue *q, const struct epoll_event *ev,
    struct report *rp)
{
	struct note *note;
	int fd = ev->data.fd;

	if (rp->n == rp->max)
		return;
	if (fd == q->user) {
		report_user(q, rp);
		return;
	}
	for (note = q->notes; note != NULL; note = note->next)
		if (note->watch == fd) {
			report_watch(q, note, rp);
			return;
		}
	report_plain(q, fd, ev->events, rp);
}

/* Rounded up, so that a turn more is not needed. */
static int
to_ms(const struct timespec *t)
{
	return t->tv_sec > 1000000 ? 1000000000 :
	    (int)(t->tv_sec * 1000 + (t->tv_nsec + 999999) / 1000000);
}

static int
collect(struct queue *q, struct report *rp, const struct timespec *timeout)
{
	struct epoll_event evs[BATCH];
	struct timespec deadline, left;
	int i, n, wait;

	lib_set_deadline(&deadline, timeout);
	do {
		left = lib_time_left(&deadline);
		wait = timeout == NULL ? -1 : to_ms(&left);
		n = epoll_wait(q->fd, evs, rp->max < BATCH ? rp->max : BATCH,
		    wait);
		if (n == -1)
			return -1;
		for (i = 0; i < n; i++)
			report_event(q, &evs[i], rp);
	} while (rp->n == 0 && n > 0);
	return 0;
}

/* === The calls === */

int
kqueue(void)
{
	struct queue *q;
	int fd, user;

	if (lib_fails(FAULT_KQUEUE, 0))
		return -1;
	if ((fd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		return -1;
	user = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	q = calloc(1, sizeof(*q));
	if (user == -1 || q == NULL) {
		free(q);
		(void)lib_next()->close(fd);
		if (user != -1)
			(void)lib_next()->close(user);
		errno = ENOMEM;
		return -1;
	}
	/* Of a queue that was closed behind our back. */
	lib_forget_descriptor(fd);
	q->fd = fd;
	q->user = move_up(user);
	q->pid = getpid();
	q->next = queues;
	queues = q;
	(void)set_events(q, q->user, EPOLLIN);
	return fd;
}

/* Returns 0, or -1: there was no room for the report of an error. */
static int
run_changes(struct queue *q, const struct kevent *changes, int n,
    struct report *rp)
{
	int error, i;

	for (i = 0; i < n; i++) {
		error = change(q, &changes[i]) == -1 ? errno : 0;
		if (error == 0 && (changes[i].flags & EV_RECEIPT) == 0)
			continue;
		if (rp->n == rp->max) {
			errno = error;
			return error == 0 ? 0 : -1;
		}
		rp->events[rp->n] = changes[i];
		rp->events[rp->n].flags = EV_ERROR;
		rp->events[rp->n++].data = error;
	}
	return 0;
}

int
kevent(int kq, const struct kevent *changes, int nchanges,
    struct kevent *events, int nevents, const struct timespec *timeout)
{
	struct report rp = { .events = events, .max = nevents };
	struct queue *q = queues;

	if (lib_fails(FAULT_KEVENT, 0))
		return -1;
	while (q != NULL && (q->fd != kq || q->pid != getpid()))
		q = q->next;
	if (q == NULL) {
		errno = EBADF;
		return -1;
	}
	if (run_changes(q, changes, nchanges, &rp) == -1)
		return -1;
	if (rp.n > 0 || nevents <= 0)
		return rp.n;
	return collect(q, &rp, timeout) == -1 ? -1 : rp.n;
}
