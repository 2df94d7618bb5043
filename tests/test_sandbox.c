/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What a confined process cannot do, by all stages together and by each of
 * them alone; and that no stage fails without saying so.
 */

#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef HAVE_PRCTL
#include <sys/prctl.h>
#endif
#ifdef HAVE_LINUX_CAPABILITY_H
#include <sys/syscall.h>

#include <linux/capability.h>
#endif

#include "lib/err.h"
#include "lib/ids.h"
#include "lib/proc.h"
#include "sandbox/sandbox_impl.h"
#include "tests/sandbox_attempts.h"
#include "tests/sandbox_util.h"

static int
do_nothing(void)
{
	return 0;
}

/* ---- the report ---- */

static void
check_report(enum sandbox_role role, bool as_user)
{
	struct sandbox_config c = confined_config(role);
	unsigned want = SANDBOX_HAS_LIMITS;
	struct sandbox_report report;

	if (as_user)
		c = (struct sandbox_config){ .role = role };
	else
		want |= SANDBOX_HAS_CHROOT | SANDBOX_HAS_IDS;
#ifdef HAVE_PRCTL
	want |= SANDBOX_HAS_PRIVILEGES;
#endif
	assert_succeeded(confined_run(&c, as_user, do_nothing, &report),
	    "nothing");
	print_message("%s\n", report.text);
	assert_int_equal(report.in_force & want, want);
	assert_int_equal((report.in_force & SANDBOX_HAS_IDS) != 0, !as_user);
	assert_int_equal((report.in_force & SANDBOX_HAS_CHROOT) == 0,
	    strstr(report.text, "no chroot: ") != NULL);
	assert_int_equal((report.in_force & SANDBOX_HAS_LANDLOCK) == 0,
	    strstr(report.text, "no landlock: ") != NULL);
	assert_int_equal((report.in_force & SANDBOX_HAS_SECCOMP) == 0,
	    strstr(report.text, "no seccomp: ") != NULL);
}

static void
test_report_of_root(void **state)
{
	(void)state;
	if (!is_root_or_says())
		skip();
	check_report(SANDBOX_NETWORK, false);
	check_report(SANDBOX_CHECKER, false);
}

static void
test_report_of_user(void **state)
{
	(void)state;
	check_report(SANDBOX_NETWORK, true);
	check_report(SANDBOX_CHECKER, true);
}

/* ---- attempts ---- */

/* A call that is filtered is never answered. */
static bool
was_stopped(const struct sandbox_attempt *a, unsigned in_force, int wstatus)
{
	if ((in_force & a->stopped_by & SANDBOX_HAS_SECCOMP) != 0)
		return WIFSIGNALED(wstatus) && WTERMSIG(wstatus) == SIGSYS;
	return !WIFEXITED(wstatus) || WEXITSTATUS(wstatus) != 0;
}

static void
check_attempts(enum sandbox_role role, bool as_user)
{
	struct sandbox_config c = confined_config(role);
	const struct sandbox_attempt *a;
	struct sandbox_report report;
	unsigned n = 0;
	int wstatus;
	size_t i;

	if (as_user)
		c = (struct sandbox_config){ .role = role };
	for (i = 0; i < sandbox_attempt_count; i++) {
		a = &sandbox_attempts[i];
		wstatus = confined_run(&c, as_user, a->try, &report);
		if ((report.in_force & a->stopped_by) == 0)
			continue;
		if (!was_stopped(a, report.in_force, wstatus))
			fail_msg("%s: status %x", a->name, (unsigned)wstatus);
		n++;
	}
	print_message("%u of %zu attempts can be stopped here\n", n,
	    sandbox_attempt_count);
	assert_true(n > 0);
}

static void
test_attempts_of_network(void **state)
{
	(void)state;
	if (!is_root_or_says())
		skip();
	check_attempts(SANDBOX_NETWORK, false);
}

static void
test_attempts_of_checker(void **state)
{
	(void)state;
	if (!is_root_or_says())
		skip();
	check_attempts(SANDBOX_CHECKER, false);
}

static void
test_attempts_of_user(void **state)
{
	(void)state;
	check_attempts(SANDBOX_NETWORK, true);
	check_attempts(SANDBOX_CHECKER, true);
}

/* ---- one stage at a time ---- */

static const struct stage {
	unsigned bit;
	sandbox_stage_fn *run;
	bool wants_ids;		/* root is not held to it */
} stages[] = {
	{ SANDBOX_HAS_CHROOT, sandbox_change_root, true },
	{ SANDBOX_HAS_IDS, sandbox_become_nobody, false },
	{ SANDBOX_HAS_PRIVILEGES, sandbox_drop_privileges, false },
	{ SANDBOX_HAS_LIMITS, sandbox_limit_resources, true },
	{ SANDBOX_HAS_DATA_LIMIT, sandbox_limit_resources, true },
	{ SANDBOX_HAS_LANDLOCK, sandbox_forbid_objects, false },
	{ SANDBOX_HAS_SECCOMP, sandbox_forbid_calls, false },
};

#define NOT_IN_FORCE	98

static const struct stage *stage;
static const struct sandbox_attempt *attempt;

static int
try_behind_one_stage(void)
{
	struct sandbox_config c = confined_config(SANDBOX_NETWORK);
	struct sandbox_report report = { .in_force = 0 };

	if (stage->run(&c, &report) != 0)
		return 0;
	if ((report.in_force & stage->bit) == 0)
		return NOT_IN_FORCE;
	if (stage->wants_ids && sandbox_become_nobody(&c, &report) != 0)
		return 0;
	return attempt->try();
}

/* Each mechanism that an attempt names stops it without the others. */
static void
test_each_stage_is_enough(void **state)
{
	size_t i, j;
	int wstatus;

	(void)state;
	if (!is_root_or_says())
		skip();
	(void)confined_dir();
	for (i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		stage = &stages[i];
		for (j = 0; j < sandbox_attempt_count; j++) {
			attempt = &sandbox_attempts[j];
			if ((attempt->stopped_by & stage->bit) == 0)
				continue;
			wstatus = child_run(try_behind_one_stage);
			if (!was_stopped(attempt, proc_exit_status(wstatus) ==
			    NOT_IN_FORCE ? 0 : stage->bit, wstatus))
				fail_msg("%s: stage %zu, status %x",
				    attempt->name, i, (unsigned)wstatus);
		}
	}
}

/* ---- what is left of us ---- */

static bool
has_no_capability(void)
{
#ifdef HAVE_LINUX_CAPABILITY_H
	struct __user_cap_header_struct header = {
	    .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	return syscall(SYS_capget, &header, data) == 0 &&
	    data[0].effective == 0 && data[0].permitted == 0 &&
	    data[0].inheritable == 0 && data[1].effective == 0 &&
	    data[1].permitted == 0 && data[1].inheritable == 0;
#else
	return true;
#endif
}

static bool
is_limited(int resource, rlim_t max)
{
	struct rlimit rl;

	return getrlimit(resource, &rl) == 0 && rl.rlim_cur <= max &&
	    rl.rlim_max <= max;
}

static int
look_at_ourselves(void)
{
	struct sandbox_config c = confined_config(SANDBOX_NETWORK);
	struct sandbox_report report = { .in_force = 0 };
	gid_t group;

#ifdef HAVE_PRCTL
	int sig = 0;

	(void)prctl(PR_SET_PDEATHSIG, SIGUSR1);
#endif
	c.fds_max = 20;
	if (sandbox_change_root(&c, &report) != 0 ||
	    sandbox_become_nobody(&c, &report) != 0 ||
	    sandbox_drop_privileges(&c, &report) != 0 ||
	    sandbox_limit_resources(&c, &report) != 0)
		return 1;
	if (getuid() != CONFINED_UID || ids_verify(c.uid, c.gid) != 0 ||
	    getgroups(1, &group) != 1 || group != CONFINED_UID)
		return 2;
	if (!has_no_capability())
		return 3;
	if (!is_limited(RLIMIT_NOFILE, 20) || !is_limited(RLIMIT_CORE, 0) ||
	    !is_limited(RLIMIT_NPROC, 0) || !is_limited(RLIMIT_FSIZE, 0))
		return 4;
	if ((report.in_force & SANDBOX_HAS_DATA_LIMIT) != 0 &&
	    !is_limited(RLIMIT_DATA, SANDBOX_DATA_MAX))
		return 5;
#ifdef HAVE_PRCTL
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ||
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 6;
	if (prctl(PR_GET_PDEATHSIG, &sig) == -1 || sig != SIGUSR1)
		return 7;
#endif
	return 0;
}

static void
test_what_is_left(void **state)
{
	(void)state;
	if (!is_root_or_says())
		skip();
	(void)confined_dir();
	assert_succeeded(child_run(look_at_ourselves), "look");
}

/* A limit that is lower already is not raised, nor is that an error. */
static int
limit_twice(void)
{
	struct sandbox_config c = { .fds_max = 20 };
	struct sandbox_report report = { .in_force = 0 };

	if (sandbox_limit_resources(&c, &report) != 0)
		return 1;
	c.fds_max = 40;
	if (sandbox_limit_resources(&c, &report) != 0)
		return 2;
	return is_limited(RLIMIT_NOFILE, 20) ? 0 : 3;
}

static void
test_limits_are_only_lowered(void **state)
{
	(void)state;
	assert_succeeded(child_run(limit_twice), "limits");
}

#ifdef HAVE_LINUX_CAPABILITY_H

/* As somebody who was started with a part of root's rights. */
static int
drop_rights_without_root(void)
{
	struct sandbox_config c = { .role = SANDBOX_NETWORK };
	struct sandbox_report report = { .in_force = 0 };
	uid_t uid = CONFINED_UID;

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1 ||
	    setresuid(uid, uid, uid) == -1 ||
	    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == -1)
		return 1;
	if (has_no_capability())
		return 2;
	if (sandbox_drop_privileges(&c, &report) != 0)
		return 3;
	if (!has_no_capability())
		return 4;
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 5;
}

static void
test_capabilities_of_a_user(void **state)
{
	(void)state;
	if (!is_root_or_says())
		skip();
	assert_succeeded(child_run(drop_rights_without_root), "drop");
}

#endif

/* ---- failures ---- */

static void
assert_refused(const struct sandbox_config *c, bool as_user, const char *word)
{
	struct sandbox_report report;
	int wstatus = confined_run(c, as_user, do_nothing, &report);

	assert_int_equal(proc_exit_status(wstatus), CONFINED_FAILED);
	if (strstr(report.text, word) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", report.text, word);
}

static void
test_wrong_arguments(void **state)
{
	struct sandbox_config c = confined_config(SANDBOX_NETWORK);

	(void)state;
	c.role = SANDBOX_ROLE_COUNT;
	assert_refused(&c, false, "role");
	c.role = (enum sandbox_role)-1;
	assert_refused(&c, false, "role");
	c = (struct sandbox_config){ .has_ids = true, .gid = 1 };
	assert_refused(&c, false, "uid 0");
	c = (struct sandbox_config){ .has_ids = true, .uid = 1 };
	assert_refused(&c, false, "gid 0");
	if (geteuid() == 0) {
		c.has_ids = false;
		assert_refused(&c, false, "no other user");
	}
}

/* Who is not root has no other user and no other root to become. */
static void
test_user_cannot(void **state)
{
	struct sandbox_config c = { .has_ids = true, .uid = 1, .gid = 1 };

	(void)state;
	assert_refused(&c, true, "setgroups");
	c = (struct sandbox_config){ .chroot_dir = "/usr" };
	assert_refused(&c, true, "chroot");
}

static void
assert_dir_refused(const char *path, const char *word)
{
	struct sandbox_config c = confined_config(SANDBOX_NETWORK);

	c.chroot_dir = path;
	assert_refused(&c, false, word);
}

static void
test_wrong_directory(void **state)
{
	const char *dir = confined_dir();
	char path[64];

	(void)state;
	if (!is_root_or_says())
		skip();
	assert_dir_refused("/nonexistent", "/nonexistent");
	assert_dir_refused("/etc/passwd", "/etc/passwd");
	assert_int_equal(chown(dir, CONFINED_UID, 0), 0);
	assert_dir_refused(dir, "not root");
	assert_int_equal(chown(dir, 0, CONFINED_UID), 0);
	assert_int_equal(chmod(dir, 0720), 0);
	assert_dir_refused(dir, "write");
	assert_int_equal(chmod(dir, 0702), 0);
	assert_dir_refused(dir, "write");
	assert_int_equal(chmod(dir, 0755), 0);

	(void)snprintf(path, sizeof(path), "%s/inside", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_dir_refused(dir, "chroot");
	assert_int_equal(rmdir(path), 0);
	(void)snprintf(path, sizeof(path), "%s.link", dir);
	assert_int_equal(symlink(dir, path), 0);
	assert_dir_refused(path, "chroot");
	assert_int_equal(unlink(path), 0);
	check_report(SANDBOX_NETWORK, false);
}

/* The errors of directories by their codes. */
static int
change_root_result(void)
{
	struct sandbox_config c = { .chroot_dir = "/usr" };
	struct sandbox_report report;

	if (sandbox_change_root(&c, &report) != SSHTAP_ERR_SYSTEM ||
	    errno != ENOTEMPTY)
		return 1;
	c.chroot_dir = "/nonexistent";
	if (sandbox_change_root(&c, &report) != SSHTAP_ERR_SYSTEM ||
	    errno != ENOENT)
		return 2;
	c.chroot_dir = "/tmp";
	if (sandbox_change_root(&c, &report) != SSHTAP_ERR_PERMISSION)
		return 3;
	return 0;
}

static void
test_codes_of_directories(void **state)
{
	(void)state;
	if (!is_root_or_says())
		skip();
	assert_succeeded(child_run(change_root_result), "codes");
}

/* ---- the text ---- */

static void
test_text_is_cut(void **state)
{
	struct sandbox_report report = { .in_force = 0 };
	char longer[SANDBOX_TEXT_MAX + 10];
	int i;

	(void)state;
	sandbox_note(&report, 1, "one");
	sandbox_note(&report, 4, "two %d", 2);
	assert_string_equal(report.text, "one, two 2");
	assert_int_equal(report.in_force, 5);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	for (i = 0; i < SANDBOX_TEXT_MAX; i++)
		sandbox_note(&report, 0, "y");
	sandbox_note(&report, 0, "%s", longer);
	assert_int_equal(strlen(report.text), SANDBOX_TEXT_MAX - 1);
	errno = EXDEV;
	assert_int_equal(sandbox_fault(&report, SSHTAP_ERR_SYSTEM, "%s",
	    longer), SSHTAP_ERR_SYSTEM);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(strlen(report.text), SANDBOX_TEXT_MAX - 1);
}

static int
tear_down(void **state)
{
	(void)state;
	confined_remove_dir();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_of_root),
		cmocka_unit_test(test_report_of_user),
		cmocka_unit_test(test_attempts_of_network),
		cmocka_unit_test(test_attempts_of_checker),
		cmocka_unit_test(test_attempts_of_user),
		cmocka_unit_test(test_each_stage_is_enough),
		cmocka_unit_test(test_what_is_left),
		cmocka_unit_test(test_limits_are_only_lowered),
#ifdef HAVE_LINUX_CAPABILITY_H
		cmocka_unit_test(test_capabilities_of_a_user),
#endif
		cmocka_unit_test(test_wrong_arguments),
		cmocka_unit_test(test_user_cannot),
		cmocka_unit_test(test_wrong_directory),
		cmocka_unit_test(test_codes_of_directories),
		cmocka_unit_test(test_text_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
