/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef UNIXSOCK_H
#define UNIXSOCK_H

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>

/*
 * AF_UNIX sockets with a path.  All descriptors are close-on-exec and
 * non-blocking.  What fails is logged in one line, unless it says otherwise.
 */
struct unixsock {
	int fd;			/* -1: none */
	char *path;		/* absolute: to be removed; NULL: nothing is */
	dev_t dev;		/* which file it was */
	ino_t ino;
};

void unixsock_init(struct unixsock *u);

/*
 * Make a socket at path that its owner alone may use (0600).  One that nobody
 * listens on is replaced, anything else that is there refused.
 *
 * type:    SOCK_STREAM, which listens, or SOCK_DGRAM.
 * Returns 0 or a negative SSHTAP_ERR_*.
 */
int unixsock_make(const char *path, int type, struct unixsock *u);

/* Connect a new stream socket to path. */
int unixsock_connect(const char *path, struct unixsock *u);

/*
 * Take over a connected socket that we have inherited.
 *
 * fd:      becomes close-on-exec and non-blocking.
 */
int unixsock_adopt(int fd, int type, struct unixsock *u);

/* The next connection, with *fdp -1 if there is none yet. */
int unixsock_accept(const struct unixsock *u, int *fdp);

/* Returns the length of the address; path fits (see METHOD_PATH_SIZE). */
socklen_t unixsock_address(const char *path, struct sockaddr_un *sun);

/* Remove the file if it is still ours.  Its owner's rights are needed. */
void unixsock_remove(const struct unixsock *u);

/* Close; removes nothing. */
void unixsock_clear(struct unixsock *u);

#endif /* UNIXSOCK_H */
