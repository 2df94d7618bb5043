/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "config.h"

#include "server/spawn.h"

#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/proc.h"
#include "openbsd-compat/bsd-misc.h"	/* and what configure found */

#ifdef HAVE_PRCTL
#include <signal.h>
#include <sys/prctl.h>
#endif

/* On Linux it is this very file, also after another took its name. */
#define SELF	"/proc/self/exe"

/* Above what is put in place, so that nothing is overwritten on the way. */
#define ASIDE	10

/* Ours may be the log, in which the monitor alone is to write. */
#ifdef WITH_SANITIZERS
#define ERRORS	STDERR_FILENO
#else
#define ERRORS	-1
#endif

static const char *self = SELF;

int
spawn_init(const char *argv0)
{
	if (access(SELF, X_OK) == 0)
		return 0;
	if (argv0 == NULL || *argv0 != '/')
		return SSHTAP_ERR_NOT_FOUND;
	self = argv0;
	return 0;
}

/* A copy that neither is in the way nor survives the exec. */
static int
set_aside(int fd)
{
	if (fd == -1)
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	return fcntl(fd, F_DUPFD_CLOEXEC, ASIDE);
}

static int
put_in_place(const struct spawn *s)
{
	int in, out, err, monitor;

	if ((in = set_aside(s->in)) == -1 ||
	    (out = set_aside(s->out)) == -1 ||
	    (err = set_aside(ERRORS)) == -1 ||
	    (monitor = set_aside(s->monitor)) == -1)
		return -1;
	if (dup2(in, SPAWN_IN) == -1 || dup2(out, SPAWN_OUT) == -1 ||
	    dup2(err, SPAWN_ERR) == -1 ||
	    dup2(monitor, SPAWN_MONITOR) == -1)
		return -1;
	closefrom(SPAWN_MONITOR + 1);
	return 0;
}

/* Returns only when it fails. */
static void
run(const struct spawn *s)
{
	static const char program[] = "sshtapd";
	/* execve takes no const; it writes to none of these. */
	union { const char *in; char *out; } name = { .in = program },
	    option = { .in = SPAWN_OPTION }, role = { .in = s->role };
	char *argv[] = { name.out, option.out, role.out, NULL };
	char *envp[] = { NULL };

	if (put_in_place(s) == -1)
		return;
#ifdef HAVE_PRCTL
	/* However the monitor ends; ids_become keeps it (lib/ids.h). */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	if (s->nice != 0)
		(void)setpriority(PRIO_PROCESS, 0,
		    getpriority(PRIO_PROCESS, 0) + s->nice);
	(void)execve(self, argv, envp);
}

int
spawn_role(const struct spawn *s, pid_t *pidp)
{
	pid_t pid = proc_fork();

	if (pid == -1)
		return SSHTAP_ERR_SYSTEM;
	if (pid == 0) {
		run(s);
		_exit(PROC_EXIT_FAILURE);
	}
	*pidp = pid;
	return 0;
}
