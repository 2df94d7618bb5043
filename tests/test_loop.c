/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The event loop over pipes, and timers whose deadlines have passed, so that
 * nothing here waits.
 */

#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "lib/loop.h"

enum {
	TYPE_NOTE,		/* writes down what it is told */
	TYPE_REMOVE,		/* removes the descriptor in its context */
	TYPE_REPLACE,		/* puts another watch in that one's place */
	TYPE_MUTE,		/* stops asking for that one's input */
	TYPE_AGAIN,		/* wants to be called again for that one */
	TYPE_COUNT
};

struct watcher {
	struct loop *l;
	int other;		/* the descriptor to act upon */
	struct watcher *heir;	/* who takes it over */
	unsigned calls;
	unsigned events;
};

static void
note(void *ctx, int fd, unsigned events)
{
	struct watcher *w = ctx;

	(void)fd;
	w->calls++;
	w->events = events;
}

static void
remove_other(void *ctx, int fd, unsigned events)
{
	struct watcher *w = ctx;

	note(ctx, fd, events);
	loop_remove(w->l, w->other);
}

static void
replace_other(void *ctx, int fd, unsigned events)
{
	struct watcher *w = ctx;

	remove_other(ctx, fd, events);
	assert_int_equal(loop_add(w->l, w->other, TYPE_NOTE, w->heir,
	    LOOP_IN), 0);
}

static void
mute_other(void *ctx, int fd, unsigned events)
{
	struct watcher *w = ctx;

	note(ctx, fd, events);
	loop_set(w->l, w->other, 0);
}

static void
again_other(void *ctx, int fd, unsigned events)
{
	struct watcher *w = ctx;

	note(ctx, fd, events);
	loop_again(w->l, w->other);
}

static void
note_timer(void *ctx, uint64_t now_ms)
{
	(void)ctx;
	(void)now_ms;
}

static const struct loop_type types[TYPE_COUNT] = {
	[TYPE_NOTE] = { "note", note },
	[TYPE_REMOVE] = { "remove", remove_other },
	[TYPE_REPLACE] = { "replace", replace_other },
	[TYPE_MUTE] = { "mute", mute_other },
	[TYPE_AGAIN] = { "again", again_other },
};

static struct loop *l;

static int
set_up(void **state)
{
	(void)state;
	return loop_new(types, TYPE_COUNT, &l);
}

static int
tear_down(void **state)
{
	(void)state;
	loop_free(l);
	return 0;
}

static void
open_pipe(int fds[2], int readable)
{
	assert_int_equal(pipe(fds), 0);
	if (readable)
		assert_int_equal(write(fds[1], "x", 1), 1);
}

static void
close_pipe(const int fds[2])
{
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void
test_readiness_reaches_its_handler(void **state)
{
	struct watcher in = { .l = l }, idle = { .l = l }, out = { .l = l };
	int full[2], empty[2];

	(void)state;
	open_pipe(full, 1);
	open_pipe(empty, 0);
	assert_int_equal(loop_add(l, full[0], TYPE_NOTE, &in, LOOP_IN), 0);
	assert_int_equal(loop_add(l, empty[0], TYPE_NOTE, &idle, LOOP_IN), 0);
	assert_int_equal(loop_add(l, empty[1], TYPE_NOTE, &out,
	    LOOP_IN | LOOP_OUT), 0);
	assert_int_equal(loop_turn(l), 0);
	assert_int_equal(in.calls, 1);
	assert_int_equal(in.events, LOOP_IN);
	assert_int_equal(idle.calls, 0);
	assert_int_equal(out.events, LOOP_OUT);
	close_pipe(full);
	close_pipe(empty);
}

/* One turn that finds something to do, so that it cannot wait for ever. */
static void
turn_at_once(void)
{
	struct loop_timer t = { .fn = note_timer };

	loop_timer_set(l, &t, 1);
	assert_int_equal(loop_turn(l), 0);
	loop_timer_cancel(l, &t);
}

/* select(2) has no hang-ups: an end is something to read, for who asks. */
#ifdef BROKEN_POLL
#define END_UNASKED	0
#define END_ASKED	LOOP_IN
#else
#define END_UNASKED	LOOP_HUP
#define END_ASKED	(LOOP_IN | LOOP_HUP)
#endif

static void
test_end_of_a_stream(void **state)
{
	struct watcher w = { .l = l };
	int fds[2];

	(void)state;
	open_pipe(fds, 1);
	(void)close(fds[1]);
	assert_int_equal(loop_add(l, fds[0], TYPE_NOTE, &w, 0), 0);
	turn_at_once();
	assert_int_equal(w.events, END_UNASKED);
	loop_set(l, fds[0], LOOP_IN);
	assert_int_equal(loop_turn(l), 0);
	assert_int_equal(w.events, END_ASKED);
	(void)close(fds[0]);
	assert_int_equal(loop_turn(l), 0);
	assert_int_equal(w.events, LOOP_HUP);
}

static void
test_again_is_handed_over_once(void **state)
{
	struct watcher idle = { .l = l }, w = { .l = l };
	int fds[2], other[2];

	(void)state;
	open_pipe(fds, 0);
	open_pipe(other, 0);
	assert_int_equal(loop_add(l, other[0], TYPE_NOTE, &idle, LOOP_IN), 0);
	assert_int_equal(loop_add(l, fds[0], TYPE_NOTE, &w, LOOP_IN), 0);
	loop_again(l, fds[0]);
	loop_again(l, fds[0]);
	loop_again(l, fds[1]);
	loop_again(l, -1);
	assert_int_equal(loop_turn(l), 0);
	assert_int_equal(w.calls, 1);
	assert_int_equal(w.events, LOOP_IN);
	turn_at_once();
	assert_int_equal(w.calls, 1);
	assert_int_equal(idle.calls, 0);
	close_pipe(fds);
	close_pipe(other);
}

/* A reader with something left in its own buffer: no turn is its last. */
static void
test_again_from_the_handler(void **state)
{
	struct watcher other = { .l = l }, w = { .l = l };
	int fds[2], full[2];
	unsigned i;

	(void)state;
	open_pipe(fds, 1);
	open_pipe(full, 1);
	w.other = fds[0];
	assert_int_equal(loop_add(l, fds[0], TYPE_AGAIN, &w, LOOP_IN), 0);
	assert_int_equal(loop_add(l, full[0], TYPE_NOTE, &other, LOOP_IN), 0);
	for (i = 1; i <= 3; i++) {
		assert_int_equal(loop_turn(l), 0);
		assert_int_equal(w.calls, i);
		assert_int_equal(other.calls, i);
	}
	close_pipe(fds);
	close_pipe(full);
}

static void
test_again_waits_until_input_is_wanted(void **state)
{
	struct watcher heir = { .l = l }, w = { .l = l };
	int fds[2];

	(void)state;
	open_pipe(fds, 0);
	assert_int_equal(loop_add(l, fds[0], TYPE_NOTE, &w, 0), 0);
	loop_again(l, fds[0]);
	turn_at_once();
	assert_int_equal(w.calls, 0);
	loop_set(l, fds[0], LOOP_IN);
	assert_int_equal(loop_turn(l), 0);
	assert_int_equal(w.calls, 1);

	/* It belongs to who is watched, not to the number. */
	loop_again(l, fds[0]);
	loop_remove(l, fds[0]);
	turn_at_once();
	assert_int_equal(loop_add(l, fds[0], TYPE_NOTE, &heir, LOOP_IN), 0);
	turn_at_once();
	assert_int_equal(w.calls, 1);
	assert_int_equal(heir.calls, 0);
	close_pipe(fds);
}

static void
test_add_refuses_nonsense(void **state)
{
	struct watcher w = { .l = l };
	int fds[2];

	(void)state;
	open_pipe(fds, 0);
	assert_int_equal(loop_add(l, -1, TYPE_NOTE, &w, 0),
	    SSHTAP_ERR_ARGUMENT);
	assert_int_equal(loop_add(l, fds[0], TYPE_COUNT, &w, 0),
	    SSHTAP_ERR_ARGUMENT);
	assert_int_equal(loop_add(l, fds[0], TYPE_NOTE, &w, 0), 0);
	assert_int_equal(loop_add(l, fds[0], TYPE_NOTE, &w, 0),
	    SSHTAP_ERR_ARGUMENT);
	loop_set(l, fds[1], LOOP_IN);
	loop_set(l, -1, LOOP_IN);
	loop_remove(l, fds[1]);
	loop_remove(l, -1);
	close_pipe(fds);
}

/* Numbers are enough: nothing is polled here. */
static void
test_limit_of_descriptors(void **state)
{
	struct watcher w = { .l = l };
	int fd;

	(void)state;
	for (fd = 0; fd < LOOP_FDS_MAX; fd++)
		assert_int_equal(loop_add(l, fd, TYPE_NOTE, &w, 0), 0);
	assert_int_equal(loop_add(l, fd, TYPE_NOTE, &w, 0),
	    SSHTAP_ERR_TOO_BIG);
	loop_remove(l, 5);
	assert_int_equal(loop_add(l, fd, TYPE_NOTE, &w, 0), 0);
}

/* Whichever of the two comes first, the other must hear nothing. */
static void
test_removed_in_a_handler(void **state)
{
	int a[2], b[2];
	struct watcher wa = { .l = l }, wb = { .l = l };

	(void)state;
	open_pipe(a, 1);
	open_pipe(b, 1);
	wa.other = b[0];
	wb.other = a[0];
	assert_int_equal(loop_add(l, a[0], TYPE_REMOVE, &wa, LOOP_IN), 0);
	assert_int_equal(loop_add(l, b[0], TYPE_REMOVE, &wb, LOOP_IN), 0);
	assert_int_equal(loop_turn(l), 0);
	assert_int_equal(wa.calls + wb.calls, 1);
	close_pipe(a);
	close_pipe(b);
}

/* A number that comes back in the same turn carries no old events. */
static void
test_replaced_in_a_handler(void **state)
{
	struct watcher heir = { .l = l }, old = { .l = l }, w = { .l = l };
	int a[2], b[2];

	(void)state;
	open_pipe(a, 1);
	open_pipe(b, 1);
	w.other = b[0];
	w.heir = &heir;
	assert_int_equal(loop_add(l, a[0], TYPE_REPLACE, &w, LOOP_IN), 0);
	assert_int_equal(loop_add(l, b[0], TYPE_NOTE, &old, LOOP_IN), 0);
	assert_int_equal(loop_turn(l), 0);
	assert_int_equal(w.calls, 1);
	assert_int_equal(old.calls, 0);
	assert_int_equal(heir.calls, 0);
	loop_remove(l, a[0]);
	assert_int_equal(loop_turn(l), 0);
	assert_int_equal(heir.calls, 1);
	close_pipe(a);
	close_pipe(b);
}

static void
test_muted_in_a_handler(void **state)
{
	struct watcher other = { .l = l }, w = { .l = l };
	int a[2], b[2];

	(void)state;
	open_pipe(a, 1);
	open_pipe(b, 1);
	w.other = b[0];
	assert_int_equal(loop_add(l, a[0], TYPE_MUTE, &w, LOOP_IN), 0);
	assert_int_equal(loop_add(l, b[0], TYPE_NOTE, &other, LOOP_IN), 0);
	assert_int_equal(loop_turn(l), 0);
	assert_int_equal(w.calls, 1);
	assert_int_equal(other.calls, 0);
	close_pipe(a);
	close_pipe(b);
}

/* A timer that writes its letter and may act on another one. */
struct clock_hand {
	struct loop_timer t;
	char letter;
	struct loop_timer *cancels;
	struct loop_timer *sets;
};

static char rung[16];

static void
ring(void *ctx, uint64_t now_ms)
{
	struct clock_hand *h = ctx;
	size_t len = strlen(rung);

	assert_true(now_ms == loop_now(l));
	assert_false(h->t.armed);
	assert_true(len < sizeof(rung) - 1);
	rung[len] = h->letter;
	rung[len + 1] = '\0';
	if (h->cancels != NULL)
		loop_timer_cancel(l, h->cancels);
	if (h->sets != NULL)
		loop_timer_set(l, h->sets, now_ms);
}

static void
init_hand(struct clock_hand *h, char letter)
{
	*h = (struct clock_hand){ .letter = letter };
	h->t.fn = ring;
	h->t.ctx = h;
	rung[0] = '\0';
}

static void
test_timers_run_by_deadline(void **state)
{
	struct clock_hand a, b, c, d;

	(void)state;
	init_hand(&a, 'a');
	init_hand(&b, 'b');
	init_hand(&c, 'c');
	init_hand(&d, 'd');
	loop_timer_set(l, &c.t, 3);
	loop_timer_set(l, &a.t, 1);
	loop_timer_set(l, &d.t, 3);
	loop_timer_set(l, &b.t, 2);
	assert_int_equal(loop_turn(l), 0);
	assert_string_equal(rung, "abcd");
	assert_false(a.t.armed);
}

static void
test_later_timers_wait(void **state)
{
	struct clock_hand a, b;

	(void)state;
	init_hand(&a, 'a');
	init_hand(&b, 'b');
	loop_timer_set(l, &b.t, UINT64_MAX);
	loop_timer_set(l, &a.t, loop_now(l));
	assert_int_equal(loop_turn(l), 0);
	assert_string_equal(rung, "a");
	assert_true(b.t.armed);
	loop_timer_set(l, &b.t, 1);
	assert_int_equal(loop_turn(l), 0);
	assert_string_equal(rung, "ab");
	loop_timer_cancel(l, &b.t);
}

static void
test_cancelled_timers_stay_silent(void **state)
{
	struct clock_hand a, b, c;

	(void)state;
	init_hand(&a, 'a');
	init_hand(&b, 'b');
	init_hand(&c, 'c');
	a.cancels = &b.t;
	loop_timer_set(l, &a.t, 1);
	loop_timer_set(l, &b.t, 2);
	loop_timer_set(l, &c.t, 3);
	assert_int_equal(loop_turn(l), 0);
	assert_string_equal(rung, "ac");
	loop_timer_set(l, &c.t, 1);
	loop_timer_set(l, &b.t, 2);
	loop_timer_cancel(l, &c.t);
	assert_int_equal(loop_turn(l), 0);
	assert_string_equal(rung, "acb");
}

/* One that sets itself, or another, to "now" does not hold up the turn. */
static void
test_timers_set_by_timers_wait_a_turn(void **state)
{
	struct clock_hand a, b, c;

	(void)state;
	init_hand(&a, 'a');
	init_hand(&b, 'b');
	init_hand(&c, 'c');
	a.sets = &a.t;
	b.sets = &c.t;
	loop_timer_set(l, &a.t, 1);
	loop_timer_set(l, &b.t, 2);
	loop_timer_set(l, &c.t, 3);
	assert_int_equal(loop_turn(l), 0);
	assert_string_equal(rung, "ab");
	assert_int_equal(loop_turn(l), 0);
	assert_string_equal(rung, "abac");
	loop_timer_cancel(l, &a.t);
}

static void
cancel_hand(void *ctx, int fd, unsigned events)
{
	struct clock_hand *h = ctx;

	(void)fd;
	(void)events;
	loop_timer_cancel(l, &h->t);
}

/* An answer that is there beats its own deadline. */
static void
test_descriptors_come_before_timers(void **state)
{
	static const struct loop_type cancelling = { "cancel", cancel_hand };
	struct clock_hand a;
	int fds[2];

	(void)state;
	loop_free(l);
	assert_int_equal(loop_new(&cancelling, 1, &l), 0);
	init_hand(&a, 'a');
	open_pipe(fds, 1);
	assert_int_equal(loop_add(l, fds[0], 0, &a, LOOP_IN), 0);
	loop_timer_set(l, &a.t, 1);
	assert_int_equal(loop_turn(l), 0);
	assert_string_equal(rung, "");
	close_pipe(fds);
}

/* It waits awake and then asleep, for the millisecond that the timer wants. */
static void
test_waiting_awake_changes_nothing(void **state)
{
	struct watcher w = { .l = l };
	struct clock_hand a;
	int fds[2];
	char c;

	(void)state;
	loop_set_spin(l, 100);
	init_hand(&a, 'a');
	open_pipe(fds, 1);
	assert_int_equal(loop_add(l, fds[0], TYPE_NOTE, &w, LOOP_IN), 0);
	assert_int_equal(loop_turn(l), 0);
	assert_int_equal(w.calls, 1);
	loop_timer_set(l, &a.t, loop_now(l) + 60000);
	assert_int_equal(loop_turn(l), 0);
	assert_int_equal(w.calls, 2);
	assert_string_equal(rung, "");
	assert_int_equal(read(fds[0], &c, 1), 1);
	loop_update_now(l);
	loop_timer_set(l, &a.t, loop_now(l) + 1);
	while (*rung == '\0')
		assert_int_equal(loop_turn(l), 0);
	assert_string_equal(rung, "a");
	assert_int_equal(w.calls, 2);
	close_pipe(fds);
}

static void
test_clock_moves_forward(void **state)
{
	uint64_t before = loop_now(l);

	(void)state;
	loop_update_now(l);
	assert_true(loop_now(l) >= before);
	assert_true(loop_now(l) > 0);
}

#define LOOP_TEST(name)	\
	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(test_readiness_reaches_its_handler),
		LOOP_TEST(test_end_of_a_stream),
		LOOP_TEST(test_again_is_handed_over_once),
		LOOP_TEST(test_again_from_the_handler),
		LOOP_TEST(test_again_waits_until_input_is_wanted),
		LOOP_TEST(test_add_refuses_nonsense),
		LOOP_TEST(test_limit_of_descriptors),
		LOOP_TEST(test_removed_in_a_handler),
		LOOP_TEST(test_replaced_in_a_handler),
		LOOP_TEST(test_muted_in_a_handler),
		LOOP_TEST(test_timers_run_by_deadline),
		LOOP_TEST(test_later_timers_wait),
		LOOP_TEST(test_cancelled_timers_stay_silent),
		LOOP_TEST(test_timers_set_by_timers_wait_a_turn),
		LOOP_TEST(test_descriptors_come_before_timers),
		LOOP_TEST(test_waiting_awake_changes_nothing),
		LOOP_TEST(test_clock_moves_forward),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
