/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef BSD_POLL_H
#define BSD_POLL_H

#include "config.h"

#include <poll.h>

/*
 * poll(2), made of select(2).  On macOS poll is made of kqueue, which knows
 * neither terminals nor the removal of a bpf device's interface; select
 * does.  Including this file is enough: where configure found poll to be
 * broken, the name poll means this.
 *
 * What differs from poll: POLLIN and POLLOUT are all that is waited for;
 * POLLHUP and POLLERR are never reported, the end of a stream is POLLIN (or
 * POLLOUT) alone; an entry that waits for nothing is told of nothing.  A
 * descriptor of FD_SETSIZE or more is POLLNVAL, as a closed one is.
 *
 * Returns as poll does: EINVAL for more than FD_SETSIZE entries.
 */
int bsd_poll(struct pollfd *fds, nfds_t nfds, int timeout_ms);

#ifdef BROKEN_POLL
#define poll(fds, nfds, timeout_ms)	bsd_poll(fds, nfds, timeout_ms)
#endif

#endif /* BSD_POLL_H */
