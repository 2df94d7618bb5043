/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef DARWIN_SIM_SYS_EVENT_H
#define DARWIN_SIM_SYS_EVENT_H

#include <stdint.h>
#include <time.h>

/*
 * kqueue(2) with the values and the layout of macOS, as far as the simulated
 * kernel plays it: see regress/darwin-sim/README.
 */
struct kevent {
	uintptr_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	intptr_t data;
	void *udata;
};

#define EVFILT_READ	(-1)
#define EVFILT_WRITE	(-2)
#define EVFILT_USER	(-10)

#define EV_ADD		0x0001
#define EV_DELETE	0x0002
#define EV_ENABLE	0x0004
#define EV_DISABLE	0x0008
#define EV_ONESHOT	0x0010
#define EV_CLEAR	0x0020
#define EV_RECEIPT	0x0040
#define EV_DISPATCH	0x0080
#define EV_ERROR	0x4000
#define EV_EOF		0x8000

#define NOTE_TRIGGER	0x01000000

#define EV_SET(kevp, a, b, c, d, e, f) do {				\
	struct kevent *kevp_ = (kevp);					\
	kevp_->ident = (uintptr_t)(a);					\
	kevp_->filter = (b);						\
	kevp_->flags = (c);						\
	kevp_->fflags = (d);						\
	kevp_->data = (e);						\
	kevp_->udata = (f);						\
} while (0)

int kqueue(void);
int kevent(int kq, const struct kevent *changes, int nchanges,
    struct kevent *events, int nevents, const struct timespec *timeout);

#endif /* DARWIN_SIM_SYS_EVENT_H */
