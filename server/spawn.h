/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SPAWN_H
#define SPAWN_H

#include <sys/types.h>

/*
 * Start this very program anew, as one of the processes of a connection: with
 * an address space of its own, in which no host key ever was, and nothing
 * inherited but four descriptors.
 */
#define SPAWN_IN	0	/* from the peer, or /dev/null */
#define SPAWN_OUT	1	/* to the peer, or /dev/null */
#define SPAWN_ERR	2	/* /dev/null, or for what a sanitizer says */
#define SPAWN_MONITOR	3	/* to the monitor */

/* The hidden option, and what comes behind it. */
#define SPAWN_OPTION	"-R"
#define SPAWN_NETWORK	"network"
#define SPAWN_CHECKER	"checker"

struct spawn {
	const char *role;
	int in, out;		/* -1: /dev/null */
	int monitor;
	int nice;		/* lower the priority by so much */
};

/*
 * Remember how the program was called, for systems without /proc/self/exe:
 * there argv0 has to be an absolute path.
 * Returns 0, or SSHTAP_ERR_NOT_FOUND.
 */
int spawn_init(const char *argv0);

/*
 * Owner:   descriptors stay the caller's, which is to close its copies.
 * Returns 0 with the child's number, or SSHTAP_ERR_SYSTEM.
 */
int spawn_role(const struct spawn *s, pid_t *pidp);

#endif /* SPAWN_H */
