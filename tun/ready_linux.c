/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A TAP gives one frame for each read, so nothing is ever buffered here, and
 * poll(2) shows its removal as an error: its own descriptor tells all.
 */

#include "tun/ready.h"

void
ready_init(struct ready *r)
{
	r->fd = -1;
	r->is_held = false;
}

int
ready_open(struct ready *r, const struct tap *t)
{
	r->fd = tap_read_fd(t);
	return 0;
}

void
ready_hold(struct ready *r, bool is_held)
{
	(void)r;
	(void)is_held;
}

void
ready_refresh(struct ready *r)
{
	(void)r;
}

void
ready_close(struct ready *r)
{
	r->fd = -1;
}
