/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PROC_H
#define PROC_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

/*
 * Processes and descriptors: what every place that forks has to get right.
 */

/* What a shell is told about a tunnel that failed, as ssh(1) does. */
#define PROC_EXIT_FAILURE	255

/* Both close-on-exec and blocking.  Return 0 or SSHTAP_ERR_SYSTEM. */
int proc_pipe(int fds[2]);
int proc_socketpair(int fds[2]);	/* AF_UNIX, SOCK_STREAM */

int proc_set_cloexec(int fd);
int proc_set_nonblock(int fd);

/*
 * Open those of the three standard descriptors that are closed, so that no
 * other file becomes one of them.  Returns 0 or SSHTAP_ERR_SYSTEM.
 */
int proc_open_standard(void);

/* Close *fdp unless it is -1, and set it to -1; errno is preserved. */
void proc_close(int *fdp);

/* Make fd refer to /dev/null. */
void proc_null(int fd);

/*
 * fork(2) for a child that runs something else: it starts with no signal
 * blocked, SIGPIPE and everything that was caught at its default.
 */
pid_t proc_fork(void);

/* Wait for a child through interruptions; its wait status, or -1. */
int proc_reap(pid_t pid);

/* The exit status of a wait status; PROC_EXIT_FAILURE if it was killed. */
int proc_exit_status(int wstatus);

/* CLOCK_MONOTONIC in milliseconds, and in microseconds. */
uint64_t proc_now_ms(void);
uint64_t proc_now_us(void);

/*
 * Milliseconds until a deadline as poll(2) wants them: -1 when deadline_ms is
 * 0 (none), 0 when it has passed.
 */
int proc_poll_time(uint64_t deadline_ms);

#endif /* PROC_H */
