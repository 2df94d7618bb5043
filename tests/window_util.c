/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "tests/window_util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool
sender_send(struct sender *s, uint32_t len)
{
	if (s->arrives > 0 && --s->arrives == 0) {
		assert_true(s->in_flight <= UINT32_MAX - s->window);
		s->window += s->in_flight;
		s->in_flight = 0;
	}
	if (s->window < len + s->extra) {
		s->dropped++;
		return false;
	}
	s->window -= len + s->extra;
	return true;
}

void
sender_credit(struct sender *s, uint32_t amount)
{
	if (amount == 0)
		return;
	s->in_flight += amount;
	if (s->arrives == 0)
		s->arrives = DELAY;
}

struct chan_window_in
window_in(enum carrier_peer peer)
{
	struct chan_window_in w;

	chan_window_in_init(&w, WINDOW, PACKET_MAX, chan_window_rule(peer));
	return w;
}

uint64_t
run_in(struct chan_window_in *w, struct sender *s, uint64_t tries,
    uint32_t len, uint64_t *now_msp)
{
	uint64_t i, sent = 0;

	for (i = 0; i < tries; i++) {
		if (i % 100 == 0) {
			(*now_msp)++;
			sender_credit(s, chan_window_in_tick(w, *now_msp));
		}
		if (!sender_send(s, len))
			continue;
		sent++;
		assert_int_equal(chan_window_in_debit(w, len), 0);
		chan_window_in_credit(w, len);
		sender_credit(s, chan_window_in_due(w));
	}
	return sent;
}
