/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The registry in a directory of its own: what is written down, who holds
 * it, who may look, and what is left after a death at any moment.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "lib/proc.h"
#include "tests/registry_util.h"

/* === One process === */

static void
test_claim_look_strike(void **state)
{
	struct registry_entry e = reg_example(10000), got;
	unsigned fds = reg_count_fds();
	int lock = -1;

	(void)state;
	assert_int_equal(registry_look(reg_dir, e.name, &got),
	    SSHTAP_ERR_NOT_FOUND);
	assert_int_equal(reg_count(), 0);
	assert_int_equal(registry_claim(reg_dir, &e, &lock), 0);
	assert_int_equal(fcntl(lock, F_GETFD), FD_CLOEXEC);
	assert_int_equal(registry_look(reg_dir, e.name, &got), 0);
	assert_string_equal(got.name, "feth10000");
	assert_string_equal(got.peer, "feth20000");
	assert_memory_equal(got.lladdr, e.lladdr, sizeof(e.lladdr));
	assert_memory_equal(got.peer_lladdr, e.peer_lladdr,
	    sizeof(e.peer_lladdr));
	assert_int_equal(got.pid, getpid());
	assert_false(got.is_made || got.is_kept);
	assert_true(got.is_locked);
	/* A peer is no entry. */
	assert_int_equal(registry_look(reg_dir, e.peer, &got),
	    SSHTAP_ERR_NOT_FOUND);
	assert_int_equal(registry_strike(reg_dir, e.name, &lock), 0);
	assert_int_equal(lock, -1);
	assert_int_equal(registry_look(reg_dir, e.name, &got),
	    SSHTAP_ERR_NOT_FOUND);
	assert_int_equal(reg_count_files(), 0);
	assert_int_equal(reg_count_fds(), fds);
}

static void
test_flags(void **state)
{
	struct registry_entry got;
	int lock, other;

	(void)state;
	lock = reg_claim(10000);
	assert_int_equal(registry_made(reg_dir, "feth10000", lock), 0);
	assert_int_equal(registry_look(reg_dir, "feth10000", &got), 0);
	assert_true(got.is_made && !got.is_kept && got.is_locked);
	assert_int_equal(registry_keep(reg_dir, "feth10000", lock), 0);
	assert_int_equal(registry_look(reg_dir, "feth10000", &got), 0);
	assert_true(got.is_made && got.is_kept && got.is_locked);
	assert_int_equal(got.peer_lladdr[5], 5);
	/* Another's lock is no lock. */
	other = reg_claim(10001);
	reg_assert_errno(registry_keep(reg_dir, "feth10001", lock), ESTALE);
	reg_assert_errno(registry_keep(reg_dir, "feth10002", lock), ESTALE);
	assert_int_equal(registry_look(reg_dir, "feth10001", &got), 0);
	assert_false(got.is_kept);
	(void)close(other);
	(void)close(lock);
	assert_int_equal(registry_look(reg_dir, "feth10000", &got), 0);
	assert_true(got.is_kept && !got.is_locked);
}

static void
test_lock_and_struck_lock(void **state)
{
	struct registry_entry got;
	int first, lock = -1;
	unsigned fds;

	(void)state;
	first = reg_claim(10000);
	fds = reg_count_fds();
	reg_assert_errno(registry_lock(reg_dir, "feth10000", &got, &lock),
	    EBUSY);
	assert_int_equal(lock, -1);
	assert_int_equal(reg_count_fds(), fds);
	(void)close(first);
	assert_int_equal(registry_look(reg_dir, "feth10000", &got), 0);
	assert_false(got.is_locked);
	assert_int_equal(registry_lock(reg_dir, "feth10000", &got, &lock), 0);
	assert_true(got.is_locked);
	assert_int_equal(fcntl(lock, F_GETFD), FD_CLOEXEC);
	assert_string_equal(got.peer, "feth20000");
	/* A lock that outlived its entry does not strike the next one. */
	first = dup(lock);
	assert_int_equal(registry_strike(reg_dir, "feth10000", &lock), 0);
	lock = reg_claim(10000);
	reg_assert_errno(registry_strike(reg_dir, "feth10000", &first), ESTALE);
	assert_int_equal(first, -1);
	assert_int_equal(registry_look(reg_dir, "feth10000", &got), 0);
	assert_true(got.is_locked);
	assert_int_equal(registry_strike(reg_dir, "feth10000", &lock), 0);
	assert_int_equal(registry_lock(reg_dir, "feth10000", &got, &lock),
	    SSHTAP_ERR_NOT_FOUND);
}

static void
test_names_are_taken_once(void **state)
{
	static const struct {
		const char *name, *peer;
		bool taken;
	} cases[] = {
		{ "feth10000", "feth20001", true },
		{ "feth20000", "feth20001", true },
		{ "feth10001", "feth20000", true },
		{ "feth10001", "feth10000", true },
		{ "feth1000", "feth2000", false },
		{ "feth10001", "feth20001", false },
	};
	struct registry_entry e = reg_example(10000);
	unsigned i, live;
	int lock, held = reg_claim(10000);

	(void)state;
	for (live = 0; live < 2; live++) {
		for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			(void)snprintf(e.name, sizeof(e.name), "%s",
			    cases[i].name);
			(void)snprintf(e.peer, sizeof(e.peer), "%s",
			    cases[i].peer);
			lock = -1;
			if (cases[i].taken) {
				reg_assert_errno(registry_claim(reg_dir, &e,
				    &lock), EEXIST);
				assert_int_equal(lock, -1);
				continue;
			}
			assert_int_equal(registry_claim(reg_dir, &e, &lock),
			    0);
			assert_int_equal(registry_strike(reg_dir, e.name,
			    &lock), 0);
		}
		/* A dead owner's names are taken as well. */
		proc_close(&held);
	}
	assert_int_equal(reg_count(), 1);
}

static void
test_names_that_are_none(void **state)
{
	static const char *const names[] = { "", "feth", "1", "10000", ".",
		"..", "../x1", "/x1", "feth/1", "feth01", "feth00", "FETH1",
		"fe th1", "feth1 ", "feth-1", "feth1x", "feth1.lock", ".lock",
		"f\303\244th1", "feth1\n",
	};
	struct registry_entry e, got;
	int lock = -1;
	size_t i;

	(void)state;
	proc_close(&(int){ reg_claim(1) });
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		e = reg_example(10000);
		memcpy(e.name, names[i], strlen(names[i]) + 1);
		reg_assert_errno(registry_claim(reg_dir, &e, &lock), EINVAL);
		e = reg_example(10000);
		memcpy(e.peer, names[i], strlen(names[i]) + 1);
		reg_assert_errno(registry_claim(reg_dir, &e, &lock), EINVAL);
		assert_int_equal(registry_look(reg_dir, names[i], &got),
		    SSHTAP_ERR_NOT_FOUND);
		assert_int_equal(registry_lock(reg_dir, names[i], &got, &lock),
		    SSHTAP_ERR_NOT_FOUND);
	}
	e = reg_example(10000);
	memset(e.name, 'a', sizeof(e.name));
	reg_assert_errno(registry_claim(reg_dir, &e, &lock), EINVAL);
	memset(e.name + 1, '1', sizeof(e.name) - 1);
	reg_assert_errno(registry_claim(reg_dir, &e, &lock), EINVAL);
	e = reg_example(10000);
	memcpy(e.peer, e.name, sizeof(e.peer));
	reg_assert_errno(registry_claim(reg_dir, &e, &lock), EINVAL);
	e = reg_example(10000);
	e.pid = 0;
	reg_assert_errno(registry_claim(reg_dir, &e, &lock), EINVAL);
	assert_int_equal(reg_count_files(), 2);
	assert_int_equal(registry_look(reg_dir, "feth123456789012", &got),
	    SSHTAP_ERR_NOT_FOUND);
	/* The longest that is one. */
	e = reg_example(10000);
	memcpy(e.name, "feth12345678900", 16);
	assert_int_equal(registry_claim(reg_dir, &e, &lock), 0);
	assert_int_equal(registry_strike(reg_dir, e.name, &lock), 0);
}

struct seen {
	unsigned n, stop_at;
	char names[8][REGISTRY_NAME_SIZE];
	bool strike;
};

static int
note_entry(void *ctx, const struct registry_entry *e)
{
	struct registry_entry got;
	struct seen *s = ctx;
	int lock = -1;

	assert_true(s->n < 8);
	memcpy(s->names[s->n++], e->name, sizeof(e->name));
	if (s->strike && !e->is_locked) {
		assert_int_equal(registry_lock(reg_dir, e->name, &got, &lock),
		    0);
		assert_int_equal(registry_strike(reg_dir, e->name, &lock), 0);
	}
	return s->n == s->stop_at ? 42 : 0;
}

static void
test_each_by_name(void **state)
{
	static const unsigned units[] = { 10000, 9, 100, 10 };
	struct seen all = { .n = 0 }, some = { .stop_at = 2 },
	    struck = { .strike = true };
	int held = -1, lock;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		lock = reg_claim(units[i]);
		if (units[i] == 100)
			held = lock;
		else
			(void)close(lock);
	}
	assert_int_equal(registry_each(reg_dir, note_entry, &all), 0);
	assert_int_equal(all.n, 4);
	assert_string_equal(all.names[0], "feth9");
	assert_string_equal(all.names[1], "feth10");
	assert_string_equal(all.names[2], "feth100");
	assert_string_equal(all.names[3], "feth10000");
	assert_int_equal(registry_each(reg_dir, note_entry, &some), 42);
	assert_int_equal(some.n, 2);
	assert_int_equal(registry_each(reg_dir, note_entry, &struck), 0);
	assert_int_equal(struck.n, 4);
	assert_int_equal(reg_count(), 1);
	assert_int_equal(reg_count_files(), 2);
	(void)close(held);
}

/* === The directory === */

static void
test_directory_is_made_for_all_to_read(void **state)
{
	mode_t old = umask(077);
	struct stat st;

	(void)state;
	proc_close(&(int){ reg_claim(10000) });
	(void)umask(old);
	assert_int_equal(stat(reg_dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(stat(reg_file("feth10000"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	/* Who could open these could keep them locked. */
	assert_int_equal(stat(reg_file("feth10000.lock"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(reg_file(".lock"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void
assert_refused(int error)
{
	struct registry_entry e = reg_example(10000), got;
	unsigned fds = reg_count_fds(), n = 0;
	int lock = -1;

	reg_assert_errno(registry_claim(reg_dir, &e, &lock), error);
	reg_assert_errno(registry_look(reg_dir, e.name, &got), error);
	reg_assert_errno(registry_lock(reg_dir, e.name, &got, &lock), error);
	reg_assert_errno(registry_each(reg_dir, reg_count_one, &n), error);
	assert_int_equal(n, 0);
	assert_int_equal(reg_count_fds(), fds);
}

static void
test_directory_that_others_may_write(void **state)
{
	static const mode_t modes[] = { 0775, 0757, 0777, 01777 };
	size_t i;

	(void)state;
	reg_make_dir();
	reg_put("feth10000", REG_GOOD, strlen(REG_GOOD));
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(reg_dir, modes[i]), 0);
		assert_refused(EPERM);
	}
	assert_int_equal(chmod(reg_dir, 0755), 0);
	assert_int_equal(reg_count(), 1);
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(reg_dir, 65534, (gid_t)-1), 0);
	assert_refused(EPERM);
}

static void
test_directory_that_is_none(void **state)
{
	char target[PATH_MAX];

	(void)state;
	(void)snprintf(target, sizeof(target), "%s/target", reg_base);
	assert_int_equal(mkdir(target, 0755), 0);
	assert_int_equal(symlink(target, reg_dir), 0);
	errno = 0;
	assert_int_equal(registry_each(reg_dir, reg_count_one, NULL),
	    SSHTAP_ERR_SYSTEM);
	/* Linux: ENOTDIR; macOS: ELOOP. */
	assert_refused(errno);
	assert_int_equal(unlink(reg_dir), 0);
	assert_int_equal(rmdir(target), 0);
	/* One that points to nothing is not followed to make it there. */
	assert_int_equal(symlink(target, reg_dir), 0);
	assert_int_equal(registry_claim(reg_dir, &(struct registry_entry){ "a1",
	    "a2", { 0 }, { 0 }, 1, 0, 0, 0 }, &(int){ -1 }),
	    SSHTAP_ERR_SYSTEM);
	assert_int_equal(access(target, F_OK), -1);
	assert_int_equal(unlink(reg_dir), 0);
	(void)close(open(reg_dir, O_WRONLY | O_CREAT, 0644));
	assert_refused(ENOTDIR);
}

/* Without privilege everything can be read and nothing be locked. */
static void
test_another_user_sees_and_locks_nothing(void **state)
{
	struct registry_entry e = reg_example(10000), got;
	int dead, live, lock = -1, wstatus;
	pid_t pid, gone;

	(void)state;
	if (geteuid() != 0)
		skip();
	if ((gone = fork()) == 0)
		_exit(0);
	assert_int_equal(waitpid(gone, &wstatus, 0), gone);
	e.pid = gone;
	assert_int_equal(registry_claim(reg_dir, &e, &dead), 0);
	(void)close(dead);
	live = reg_claim(10001);
	if ((pid = fork()) == 0) {
		unsigned n = 0;

		if (setuid(65534) == -1 ||
		    registry_each(reg_dir, reg_count_one, &n) != 0 || n != 2)
			_exit(1);
		if (registry_look(reg_dir, "feth10000", &got) != 0 ||
		    got.is_locked)
			_exit(2);
		if (registry_look(reg_dir, "feth10001", &got) != 0 ||
		    !got.is_locked)
			_exit(3);
		if (registry_lock(reg_dir, "feth10000", &got, &lock) !=
		    SSHTAP_ERR_SYSTEM || errno != EACCES)
			_exit(4);
		if (registry_claim(reg_dir, &e, &lock) != SSHTAP_ERR_SYSTEM)
			_exit(5);
		if (open(reg_file("feth10000.lock"), O_RDONLY) != -1 ||
		    open(reg_file(".lock"), O_RDONLY) != -1)
			_exit(6);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_int_equal(wstatus, 0);
	(void)close(live);
}

/* === More than one process === */

static void
kill_child(pid_t pid)
{
	int wstatus;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
}

/* A child that claims, says so, and waits to be killed. */
static pid_t
fork_owner(unsigned unit)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	if ((pid = fork()) == 0) {
		(void)reg_claim(unit);
		if (write(ready[1], "", 1) == 1)
			(void)pause();
		_exit(1);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	(void)close(ready[0]);
	return pid;
}

static void
test_lock_ends_with_its_owner(void **state)
{
	pid_t pid = fork_owner(10000);
	struct registry_entry got;
	int lock = -1;

	(void)state;
	assert_int_equal(registry_look(reg_dir, "feth10000", &got), 0);
	assert_true(got.is_locked);
	assert_int_equal(got.pid, pid);
	reg_assert_errno(registry_lock(reg_dir, "feth10000", &got, &lock),
	    EBUSY);
	kill_child(pid);
	assert_int_equal(registry_look(reg_dir, "feth10000", &got), 0);
	assert_false(got.is_locked);
	assert_int_equal(registry_lock(reg_dir, "feth10000", &got, &lock), 0);
	assert_int_equal(registry_strike(reg_dir, "feth10000", &lock), 0);
}

/* What a child inherits keeps the lock beyond its parent's. */
static void
test_lock_is_shared_by_a_child(void **state)
{
	struct registry_entry got;
	int lock = reg_claim(10000);
	pid_t pid;

	(void)state;
	if ((pid = fork()) == 0) {
		(void)pause();
		_exit(0);
	}
	(void)close(lock);
	reg_assert_errno(registry_lock(reg_dir, "feth10000", &got, &lock),
	    EBUSY);
	kill_child(pid);
	assert_int_equal(registry_lock(reg_dir, "feth10000", &got, &lock), 0);
	(void)close(lock);
}

#define RACERS	4
#define RACES	50

struct racer {
	int fd;			/* a byte to it starts a step, one back ends */
	pid_t pid;
};

/* Half of them want the name as a primary, half as a peer. */
static void
run_races(unsigned me, int fd)
{
	struct registry_entry e = reg_example(10000);
	int lock = -1;
	char c;

	if (me % 2 != 0) {
		memcpy(e.peer, "feth10000", 10);
		memcpy(e.name, "feth20000", 10);
	}
	while (read(fd, &c, 1) == 1) {
		c = registry_claim(reg_dir, &e, &lock) == 0 ? 'y' :
		    errno == EEXIST ? 'n' : 'e';
		if (write(fd, &c, 1) != 1 || read(fd, &c, 1) != 1)
			_exit(1);
		c = lock == -1 || registry_strike(reg_dir, e.name,
		    &lock) == 0 ? 'y' : 'e';
		if (write(fd, &c, 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static void
start_racers(struct racer racers[RACERS])
{
	unsigned i, k;
	int sv[2];

	for (i = 0; i < RACERS; i++) {
		assert_int_equal(proc_socketpair(sv), 0);
		if ((racers[i].pid = fork()) == 0) {
			for (k = 0; k < i; k++)
				(void)close(racers[k].fd);
			(void)close(sv[0]);
			run_races(i, sv[1]);
		}
		(void)close(sv[1]);
		racers[i].fd = sv[0];
	}
}

/* All start at once; how many answered "yes". */
static unsigned
run_step(struct racer racers[RACERS])
{
	unsigned i, yes = 0;
	char c;

	for (i = 0; i < RACERS; i++)
		assert_int_equal(write(racers[i].fd, "", 1), 1);
	for (i = 0; i < RACERS; i++) {
		assert_int_equal(read(racers[i].fd, &c, 1), 1);
		assert_int_not_equal(c, 'e');
		yes += c == 'y';
	}
	return yes;
}

static void
test_one_of_many_claims_wins(void **state)
{
	struct racer racers[RACERS];
	unsigned i, round;
	int wstatus;

	(void)state;
	start_racers(racers);
	for (round = 0; round < RACES; round++) {
		assert_int_equal(run_step(racers), 1);
		assert_int_equal(reg_count(), 1);
		assert_int_equal(run_step(racers), RACERS);
		assert_int_equal(reg_count_files(), 0);
	}
	for (i = 0; i < RACERS; i++) {
		(void)close(racers[i].fd);
		assert_int_equal(waitpid(racers[i].pid, &wstatus, 0),
		    racers[i].pid);
		assert_int_equal(wstatus, 0);
	}
}

#define DEATHS	300

/* Everything that changes the registry, round and round. */
static void
churn(void)
{
	struct registry_entry e;
	unsigned unit;
	int lock = -1;

	for (unit = 10000;; unit = 10000 + (unit + 1) % 4) {
		e = reg_example(unit);
		if (registry_claim(reg_dir, &e, &lock) == 0) {
			(void)registry_made(reg_dir, e.name, lock);
			(void)registry_keep(reg_dir, e.name, lock);
			(void)registry_strike(reg_dir, e.name, &lock);
		}
	}
}

static int
strike_dead(void *ctx, const struct registry_entry *e)
{
	struct registry_entry got;
	int lock = -1;

	(void)ctx;
	assert_false(e->is_locked);
	assert_int_equal(registry_lock(reg_dir, e->name, &got, &lock), 0);
	assert_int_equal(registry_strike(reg_dir, e->name, &lock), 0);
	return 0;
}

static void
test_death_at_any_moment(void **state)
{
	unsigned i, seed = 1, left = 0;
	struct timespec ts = { 0 };
	int lock;
	pid_t pid;

	(void)state;
	for (i = 0; i < DEATHS; i++) {
		if ((pid = fork()) == 0)
			churn();
		seed = seed * 1103515245 + 12345;
		ts.tv_nsec = (long)(seed >> 8) % 2000000;
		(void)nanosleep(&ts, NULL);
		kill_child(pid);
		left += reg_count();
		assert_int_equal(registry_each(reg_dir, strike_dead, NULL), 0);
		lock = reg_claim(10000);
		assert_int_equal(registry_strike(reg_dir, "feth10000", &lock),
		    0);
		assert_int_equal(reg_count_files(), 0);
	}
	/* The deaths were not all before the first or between two claims. */
	assert_true(left > 0);
}

#define REGISTRY_TEST(name)	\
	cmocka_unit_test_teardown(name, reg_remove_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		REGISTRY_TEST(test_claim_look_strike),
		REGISTRY_TEST(test_flags),
		REGISTRY_TEST(test_lock_and_struck_lock),
		REGISTRY_TEST(test_names_are_taken_once),
		REGISTRY_TEST(test_names_that_are_none),
		REGISTRY_TEST(test_each_by_name),
		REGISTRY_TEST(test_directory_is_made_for_all_to_read),
		REGISTRY_TEST(test_directory_that_others_may_write),
		REGISTRY_TEST(test_directory_that_is_none),
		REGISTRY_TEST(test_another_user_sees_and_locks_nothing),
		REGISTRY_TEST(test_lock_ends_with_its_owner),
		REGISTRY_TEST(test_lock_is_shared_by_a_child),
		REGISTRY_TEST(test_one_of_many_claims_wins),
		REGISTRY_TEST(test_death_at_any_moment),
	};

	return cmocka_run_group_tests(tests, reg_set_up, reg_tear_down);
}
