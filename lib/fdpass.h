/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef FDPASS_H
#define FDPASS_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Bytes with descriptors beside them, over a socket between two processes of
 * ours.  Reference: unix(7), SCM_RIGHTS.
 */
#define FDPASS_MAX	2	/* a device has one or two descriptors */

/*
 * Send len bytes in one piece; the descriptors stay the caller's, too.
 *
 * Returns 0, or SSHTAP_ERR_SYSTEM (also when it was cut: the other side can
 * make no sense of what follows).
 */
int fdpass_send(int s, const void *p, size_t len, const int *fds, size_t nfds);

/*
 * Receive up to len bytes, waiting for all of them.
 *
 * fds:     those that came, close-on-exec, now the caller's; what is more
 *          than FDPASS_MAX was closed.
 * Returns the number of bytes, 0 at the end, -1 with errno.
 */
ssize_t fdpass_receive(int s, void *p, size_t len, int fds[FDPASS_MAX],
    size_t *nfdsp);

#endif /* FDPASS_H */
