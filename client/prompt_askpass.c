/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The program of SSH_ASKPASS: the question is its argument, the answer its
 * output, its status says whether there is one.  It shares nothing else with
 * us: standard input is empty, every other descriptor is close-on-exec.  A
 * signal meant for us takes it down too; there is nobody left to answer to.
 */

#include "client/prompt_impl.h"

#include <openssl/crypto.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"

/* As a shell says it: the program could not be run. */
#define EXIT_NOT_RUN	127

static void __attribute__((noreturn))
run_program(const char *program, bool confirm, const char *text, int out)
{
	proc_null(STDIN_FILENO);
	if (dup2(out, STDOUT_FILENO) == -1 ||
	    (confirm ? setenv("SSH_ASKPASS_PROMPT", "confirm", 1) :
	    unsetenv("SSH_ASKPASS_PROMPT")) == -1)
		_exit(EXIT_NOT_RUN);
	(void)execlp(program, program, text, (char *)NULL);
	log_error_r(SSHTAP_ERR_SYSTEM, "cannot run \"%s\": check SSH_ASKPASS",
	    program);
	_exit(EXIT_NOT_RUN);
}

/* Read to the end; what exceeds the answer's room is read and forgotten. */
static int
read_output(int fd, const struct prompt_signals *ps, char *answer, size_t size)
{
	char chunk[256];
	size_t len = 0, n;
	ssize_t got;
	int r;

	for (;;) {
		if ((r = prompt_signals_wait(ps, fd)) != 0)
			break;
		got = read(fd, chunk, sizeof(chunk));
		if (got == 0)
			break;
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1) {
			r = SSHTAP_ERR_SYSTEM;
			break;
		}
		n = (size_t)got < size - len ? (size_t)got : size - len;
		memcpy(answer + len, chunk, n);
		len += n;
		if (len == size) {
			r = SSHTAP_ERR_TOO_BIG;
			break;
		}
	}
	OPENSSL_cleanse(chunk, sizeof(chunk));
	if (r == 0)
		answer[len] = '\0';
	return r;
}

int
prompt_ask_program(const char *program, bool confirm, const char *text,
    char *answer, size_t size)
{
	int fds[2], r, status, saved_errno;
	struct prompt_signals ps;
	pid_t pid;

	if ((r = proc_pipe(fds)) != 0)
		return r;
	prompt_signals_hold(&ps);
	if ((pid = proc_fork()) == -1) {
		r = SSHTAP_ERR_SYSTEM;
		goto out;
	}
	if (pid == 0)
		run_program(program, confirm, text, fds[1]);
	proc_close(&fds[1]);
	if ((r = read_output(fds[0], &ps, answer, size)) != 0)
		(void)kill(pid, SIGTERM);
	status = proc_exit_status(proc_reap(pid));
	if (r == 0 && status != 0)
		r = SSHTAP_ERR_REFUSED;
	if (r == 0)
		answer[strcspn(answer, "\r\n")] = '\0';
 out:
	saved_errno = errno;
	proc_close(&fds[0]);
	proc_close(&fds[1]);
	if (r != 0)
		OPENSSL_cleanse(answer, size);
	(void)prompt_signals_release(&ps);
	errno = saved_errno;
	return r == SSHTAP_ERR_AGAIN ? SSHTAP_ERR_REFUSED : r;
}
