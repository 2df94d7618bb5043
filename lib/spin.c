/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "lib/spin.h"

#include <sched.h>

#include "lib/proc.h"

/* #syscalls:network sched_yield */
static void
yield(void)
{
	(void)sched_yield();
}

void
spin_init(struct spin *s, unsigned us)
{
	*s = (struct spin){ .us = us, .now_us = proc_now_us, .yield = yield };
}

/* Each pause in a row is twice as long as the one before. */
static void
rest(struct spin *s, uint64_t now_us)
{
	s->rest_us = s->rest_us == 0 ? SPIN_REST_MIN_US : 2 * s->rest_us;
	if (s->rest_us > SPIN_REST_MAX_US)
		s->rest_us = SPIN_REST_MAX_US;
	s->rest_end_us = now_us + s->rest_us;
}

int
spin_wait(struct spin *s, spin_look_fn *look, void *ctx)
{
	uint64_t now_us, before_us, end_us;
	int n;

	if (s->us == 0 || (now_us = s->now_us()) < s->rest_end_us)
		return 0;
	end_us = now_us + s->us;
	while ((n = look(ctx)) == 0 && now_us < end_us) {
		before_us = s->now_us();
		s->yield();
		now_us = s->now_us();
		if (now_us - before_us > SPIN_LATE_US) {
			rest(s, now_us);
			return look(ctx);
		}
	}
	s->rest_us = 0;
	return n;
}
