/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * One timer, moved on whenever something comes; when it runs there has been
 * silence for an interval.
 */

#include "relay/alive.h"

static void
arm(struct alive *a)
{
	loop_timer_set(a->loop, &a->timer,
	    loop_now(a->loop) + a->interval * UINT64_C(1000));
}

static void
silent(void *ctx, uint64_t now_ms)
{
	struct alive *a = ctx;

	(void)now_ms;
	if (a->unanswered >= a->count_max) {
		a->ops->lost(a->ctx,
		    a->interval * (a->count_max + UINT64_C(1)));
		return;
	}
	a->unanswered++;
	arm(a);
	a->ops->ask(a->ctx);
}

void
alive_start(struct alive *a, unsigned interval, unsigned count_max)
{
	a->interval = interval;
	a->count_max = count_max;
	a->timer.fn = silent;
	a->timer.ctx = a;
	alive_heard(a);
}

void
alive_heard(struct alive *a)
{
	a->unanswered = 0;
	if (a->interval != 0)
		arm(a);
}

void
alive_stop(struct alive *a)
{
	a->interval = 0;
	loop_timer_cancel(a->loop, &a->timer);
}
