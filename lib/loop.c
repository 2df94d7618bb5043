/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * One poll(2) per turn over an array of slots; a free slot has the descriptor
 * -1, which poll skips.  A slot can be emptied and filled again while its
 * neighbours are being dispatched: filling it clears what poll reported for
 * the descriptor that was there before, so a handler never sees an event of a
 * descriptor that is gone, even when the number came back.  What a handler no
 * longer asks for is not delivered either.  Where poll is broken, bsd-poll.h
 * puts select(2) in its place.
 *
 * Timers form a list sorted by deadline, equal ones in the order in which
 * they were set.  Those that are due are first moved to a list of their own
 * and then run from its front: a timer that sets itself to "now" has to wait
 * for the next turn, and one cancelled by another's handler does not run.
 *
 * Descriptors come before timers, so that an answer that has arrived beats
 * the deadline for it.
 */

#include "lib/loop.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>

#include "lib/err.h"
#include "lib/proc.h"
#include "lib/spin.h"
#include "openbsd-compat/bsd-poll.h"

#define FDS_FIRST	16	/* slots at the start; a tunnel needs seven */

/* What belongs to the slot of the same index in fds. */
struct watch {
	unsigned type;
	void *ctx;
	bool again;			/* LOOP_IN is owed to it */
};

struct loop {
	const struct loop_type *types;
	unsigned ntypes;
	struct pollfd *fds;		/* size slots */
	struct watch *watches;		/* likewise */
	unsigned size;
	unsigned used;			/* slots, with free ones in between */
	struct loop_timer *timers;	/* waiting, by deadline */
	struct loop_timer *due;		/* being run in this turn */
	uint64_t now_ms;
	struct spin spin;
	bool was_busy;			/* the last turn had an event */
};

/* A handler may do this: nothing holds on to a slot across one. */
static int
grow(struct loop *l)
{
	unsigned size = l->size == 0 ? FDS_FIRST : 2 * l->size;
	struct watch *watches;
	struct pollfd *fds;

	if (size > LOOP_FDS_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((fds = realloc(l->fds, size * sizeof(*fds))) == NULL)
		return SSHTAP_ERR_ALLOC;
	l->fds = fds;
	watches = realloc(l->watches, size * sizeof(*watches));
	if (watches == NULL)
		return SSHTAP_ERR_ALLOC;
	l->watches = watches;
	for (; l->size < size; l->size++)
		l->fds[l->size] = (struct pollfd){ .fd = -1 };
	return 0;
}

int
loop_new(const struct loop_type *types, unsigned ntypes, struct loop **loopp)
{
	struct loop *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return SSHTAP_ERR_ALLOC;
	l->types = types;
	l->ntypes = ntypes;
	spin_init(&l->spin, 0);
	if (grow(l) != 0) {
		loop_free(l);
		return SSHTAP_ERR_ALLOC;
	}
	loop_update_now(l);
	*loopp = l;
	return 0;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	free(l->fds);
	free(l->watches);
	free(l);
}

/* The slot of a descriptor, or a free one for -1; NULL if there is none. */
static struct pollfd *
find_slot(struct loop *l, int fd)
{
	unsigned i;

	for (i = 0; i < l->size; i++)
		if (l->fds[i].fd == fd)
			return &l->fds[i];
	return NULL;
}

static short
to_poll(unsigned events)
{
	int wanted = 0;

	if (events & LOOP_IN)
		wanted |= POLLIN;
	if (events & LOOP_OUT)
		wanted |= POLLOUT;
	return (short)wanted;
}

/*
 * POLLERR and POLLNVAL count as hang-ups: Linux reports a deleted TAP device
 * as POLLERR alone (tun_chr_poll in drivers/net/tun.c).
 */
static unsigned
from_poll(const struct pollfd *p)
{
	int got = p->revents & (p->events | POLLHUP | POLLERR | POLLNVAL);
	unsigned events = 0;

	if (got & POLLIN)
		events |= LOOP_IN;
	if (got & POLLOUT)
		events |= LOOP_OUT;
	if (got & (POLLHUP | POLLERR | POLLNVAL))
		events |= LOOP_HUP;
	return events;
}

int
loop_add(struct loop *l, int fd, unsigned type, void *ctx, unsigned events)
{
	struct pollfd *slot;
	unsigned i;
	int r;

	if (fd < 0 || type >= l->ntypes || find_slot(l, fd) != NULL)
		return SSHTAP_ERR_ARGUMENT;
	if ((slot = find_slot(l, -1)) == NULL) {
		if ((r = grow(l)) != 0)
			return r;
		slot = find_slot(l, -1);
	}
	*slot = (struct pollfd){ .fd = fd, .events = to_poll(events) };
	i = (unsigned)(slot - l->fds);
	l->watches[i] = (struct watch){ .type = type, .ctx = ctx };
	if (i >= l->used)
		l->used = i + 1;
	return 0;
}

void
loop_set(struct loop *l, int fd, unsigned events)
{
	struct pollfd *slot;

	if (fd >= 0 && (slot = find_slot(l, fd)) != NULL)
		slot->events = to_poll(events);
}

void
loop_again(struct loop *l, int fd)
{
	struct pollfd *slot;

	if (fd >= 0 && (slot = find_slot(l, fd)) != NULL)
		l->watches[slot - l->fds].again = true;
}

void
loop_remove(struct loop *l, int fd)
{
	struct pollfd *slot;

	if (fd >= 0 && (slot = find_slot(l, fd)) != NULL)
		*slot = (struct pollfd){ .fd = -1 };
}

/* Take t out of one list, if it is there. */
static void
unlink_timer(struct loop_timer **headp, struct loop_timer *t)
{
	struct loop_timer **p;

	for (p = headp; *p != NULL; p = &(*p)->next) {
		if (*p == t) {
			*p = t->next;
			return;
		}
	}
}

void
loop_timer_cancel(struct loop *l, struct loop_timer *t)
{
	if (!t->armed)
		return;
	unlink_timer(&l->timers, t);
	unlink_timer(&l->due, t);
	t->next = NULL;
	t->armed = false;
}

void
loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t at_ms)
{
	struct loop_timer **p = &l->timers;

	loop_timer_cancel(l, t);
	while (*p != NULL && (*p)->at_ms <= at_ms)
		p = &(*p)->next;
	t->at_ms = at_ms;
	t->next = *p;
	t->armed = true;
	*p = t;
}

uint64_t
loop_now(const struct loop *l)
{
	return l->now_ms;
}

void
loop_update_now(struct loop *l)
{
	l->now_ms = proc_now_ms();
}

void
loop_set_spin(struct loop *l, unsigned us)
{
	spin_init(&l->spin, us);
}

static bool
is_owed(const struct loop *l, unsigned slot)
{
	return l->fds[slot].fd >= 0 && l->watches[slot].again &&
	    (l->fds[slot].events & POLLIN) != 0;
}

/* For poll: milliseconds to the first deadline, or -1 for ever. */
static int
get_timeout(const struct loop *l)
{
	uint64_t wait;
	unsigned i;

	for (i = 0; i < l->used; i++)
		if (is_owed(l, i))
			return 0;
	if (l->timers == NULL)
		return -1;
	if (l->timers->at_ms <= l->now_ms)
		return 0;
	wait = l->timers->at_ms - l->now_ms;
	return wait > INT_MAX ? INT_MAX : (int)wait;
}

static void
run_fds(struct loop *l)
{
	unsigned events, i;
	struct watch *w;

	for (i = 0; i < l->used; i++) {
		if (l->fds[i].fd < 0)
			continue;
		w = &l->watches[i];
		events = from_poll(&l->fds[i]);
		if (is_owed(l, i)) {
			w->again = false;
			events |= LOOP_IN;
		}
		if (events != 0)
			l->types[w->type].ready(w->ctx, l->fds[i].fd, events);
	}
}

static void
run_timers(struct loop *l)
{
	struct loop_timer **p = &l->timers, *t;

	while (*p != NULL && (*p)->at_ms <= l->now_ms)
		p = &(*p)->next;
	l->due = p == &l->timers ? NULL : l->timers;
	l->timers = *p;
	if (l->due != NULL)
		*p = NULL;
	while ((t = l->due) != NULL) {
		loop_timer_cancel(l, t);
		t->fn(t->ctx, l->now_ms);
	}
}

/* #syscalls poll ppoll */
static int
look(void *ctx)
{
	struct loop *l = ctx;

	return poll(l->fds, l->used, 0);
}

/* As poll does. */
static int
wait_awake(struct loop *l)
{
	int n = spin_wait(&l->spin, look, l);

	if (n == 0)
		loop_update_now(l);
	return n;
}

/* #syscalls poll ppoll */
int
loop_turn(struct loop *l)
{
	int n = 0;

	if (l->was_busy && l->spin.us != 0 && get_timeout(l) != 0)
		n = wait_awake(l);
	if (n == 0)
		n = poll(l->fds, l->used, get_timeout(l));
	if (n < 0 && errno != EINTR)
		return SSHTAP_ERR_SYSTEM;
	l->was_busy = n > 0;
	loop_update_now(l);
	/* After a failed poll the old reports would still stand there. */
	if (n >= 0)
		run_fds(l);
	run_timers(l);
	return 0;
}
