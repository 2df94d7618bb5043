/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Nothing of a confined child's can be seen from inside the test program, so
 * it sends its report before it starts.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/wait.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/rand.h>

#include "lib/ids.h"
#include "lib/proc.h"
#include "tests/sandbox_attempts.h"
#include "tests/sandbox_util.h"

#define WATCHDOG_S	30

confined_fn *confined_before;

static char dir[] = "/tmp/sshtap-sandbox.XXXXXX";
static bool has_dir;

const char *
confined_dir(void)
{
	if (!has_dir)
		assert_non_null(mkdtemp(dir));
	has_dir = true;
	return dir;
}

void
confined_remove_dir(void)
{
	if (has_dir)
		assert_int_equal(rmdir(dir), 0);
	has_dir = false;
}

struct sandbox_config
confined_config(enum sandbox_role role)
{
	struct sandbox_config c = { .role = role };

	if (geteuid() == 0) {
		c.chroot_dir = confined_dir();
		c.has_ids = true;
		c.uid = c.gid = CONFINED_UID;
	}
	return c;
}

/* What sandbox.h asks for, and what makes a failing child end. */
static void
prepare(void)
{
	unsigned char byte;

	(void)setenv("CMOCKA_TEST_ABORT", "1", 1);
	(void)alarm(WATCHDOG_S);
	tzset();
	(void)RAND_bytes(&byte, 1);
	sandbox_attempts_prepare();
}

static void
run_child(const struct sandbox_config *c, bool as_user, confined_fn *fn,
    int report_fd)
{
	struct sandbox_report report;
	const char *step;
	int r;

	prepare();
	if (confined_before != NULL && confined_before() != 0)
		_exit(CONFINED_FAILED);
	if (as_user && geteuid() == 0 && ids_become(NULL, CONFINED_UID,
	    CONFINED_UID, &step) != 0)
		_exit(CONFINED_FAILED);
	r = sandbox_enter(c, &report);
	(void)!write(report_fd, &report, sizeof(report));
	_exit(r != 0 ? CONFINED_FAILED : fn());
}

int
confined_run(const struct sandbox_config *c, bool as_user, confined_fn *fn,
    struct sandbox_report *rp)
{
	struct sandbox_report report;
	int fds[2], wstatus;
	pid_t pid;

	assert_int_equal(proc_pipe(fds), 0);
	assert_int_not_equal(pid = proc_fork(), -1);
	if (pid == 0)
		run_child(c, as_user, fn, fds[1]);
	(void)close(fds[1]);
	wstatus = proc_reap(pid);
	if (read(fds[0], &report, sizeof(report)) != (ssize_t)sizeof(report))
		fail_msg("no report: status %x", (unsigned)wstatus);
	(void)close(fds[0]);
	if (proc_exit_status(wstatus) == CONFINED_FAILED)
		print_message("%s\n", report.text);
	if (rp != NULL)
		*rp = report;
	return wstatus;
}

int
child_run(confined_fn *fn)
{
	pid_t pid = proc_fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		prepare();
		_exit(fn());
	}
	return proc_reap(pid);
}

void
assert_succeeded(int wstatus, const char *what)
{
	if (wstatus == -1)
		fail_msg("%s: lost", what);
	if (WIFSIGNALED(wstatus))
		fail_msg("%s: ended by signal %d (%s)", what,
		    WTERMSIG(wstatus), strsignal(WTERMSIG(wstatus)));
	if (WEXITSTATUS(wstatus) != 0)
		fail_msg("%s: status %d (%s)", what, WEXITSTATUS(wstatus),
		    strerror(WEXITSTATUS(wstatus)));
}

bool
is_root_or_says(void)
{
	if (geteuid() == 0)
		return true;
	print_message("needs root, to become somebody else\n");
	return false;
}
