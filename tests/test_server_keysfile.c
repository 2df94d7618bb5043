/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Files that say who may log in, read with the rights of the one whose they
 * are: as root in the place of somebody who owns the home below a directory
 * of this test, else as ourselves.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "lib/text.h"
#include "priv/user.h"
#include "server/keysfile.h"

#define TEXT	"ssh-ed25519 AAAA comment\n"
#define ALL	1024
#define SOMEBODY	54321	/* needs no account */
#define ELSE		54322

static char dir[] = "/tmp/sshtap-keysfile.XXXXXX";
static char *home, *ssh, *file, *outside;
static struct user user;
static char why[KEYSFILE_WHY_MAX];

static void
write_file(const char *path)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_not_equal(fputs(TEXT, f), EOF);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static void
give(const char *path, uid_t uid)
{
	if (geteuid() == 0)
		assert_int_equal(lchown(path, uid, uid), 0);
}

static void
make_dir(const char *path, mode_t mode)
{
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* DIR/home/.ssh/keys, and DIR/outside, which is nobody's yet. */
static int
set_up(void **state)
{
	(void)state;
	memset(strrchr(dir, '.') + 1, 'X', 6);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0);
	assert_non_null(home = text_format("%s/home", dir));
	assert_non_null(ssh = text_format("%s/.ssh", home));
	assert_non_null(file = text_format("%s/keys", ssh));
	assert_non_null(outside = text_format("%s/outside", dir));
	make_dir(home, 0755);
	make_dir(ssh, 0700);
	write_file(file);
	user = (struct user){ .uid = geteuid(), .gid = getegid(),
	    .name = strdup("somebody"), .home = home };
	assert_non_null(user.name);
	if (geteuid() == 0)
		user.uid = user.gid = SOMEBODY;
	give(home, user.uid);
	give(ssh, user.uid);
	give(file, user.uid);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)remove(file);
	(void)remove(ssh);
	(void)remove(home);
	(void)remove(outside);
	free(user.name);
	free(file);
	free(ssh);
	free(home);
	free(outside);
	return rmdir(dir);
}

static int
read_path(const char *path, bool strict, size_t max)
{
	struct view v;
	struct buf b;
	int r;

	buf_init(&b, max);
	memset(why, 'x', sizeof(why));
	r = keysfile_read(&user, path, strict, &b, why);
	assert_non_null(memchr(why, '\0', sizeof(why)));
	/* Something to say exactly when it is not the ordinary. */
	assert_int_equal(r != 0 && r != SSHTAP_ERR_NOT_FOUND, *why != '\0');
	v = buf_view(&b);
	if (r == 0)
		assert_true(view_is(&v, TEXT));
	buf_clear(&b);
	return r;
}

static void
assert_why(const char *part)
{
	if (strstr(why, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, why);
}

static void
test_a_file_that_is_in_order(void **state)
{
	uid_t uid = geteuid();

	(void)state;
	assert_int_equal(read_path(file, true, ALL), 0);
	assert_int_equal(read_path(file, false, ALL), 0);
	/* And root is root again. */
	assert_int_equal(geteuid(), uid);
	assert_int_equal(read_path(file, true, strlen(TEXT)), 0);
	assert_int_equal(read_path(file, true, strlen(TEXT) - 1),
	    SSHTAP_ERR_TOO_BIG);
	assert_why(file);
	assert_int_equal(read_path(file, false, strlen(TEXT) - 1),
	    SSHTAP_ERR_TOO_BIG);
	assert_int_equal(geteuid(), uid);
}

static void
test_no_file(void **state)
{
	char *path = text_format("%s/keys/below", ssh);
	int strict;

	(void)state;
	assert_non_null(path);
	assert_int_equal(unlink(file), 0);
	for (strict = 0; strict < 2; strict++) {
		assert_int_equal(read_path(file, strict, ALL),
		    SSHTAP_ERR_NOT_FOUND);
		assert_int_equal(read_path(path, strict, ALL),
		    SSHTAP_ERR_NOT_FOUND);
	}
	write_file(file);
	give(file, user.uid);
	assert_int_equal(read_path(path, true, ALL), SSHTAP_ERR_NOT_FOUND);
	free(path);
}

static void
test_what_is_no_file(void **state)
{
	int strict;

	(void)state;
	for (strict = 0; strict < 2; strict++) {
		assert_int_equal(read_path(ssh, strict, ALL),
		    SSHTAP_ERR_FORMAT);
		assert_int_equal(unlink(file), 0);
		assert_int_equal(mkfifo(file, 0600), 0);
		give(file, user.uid);
		/* It comes back, although nobody writes into it. */
		assert_int_equal(read_path(file, strict, ALL),
		    SSHTAP_ERR_FORMAT);
		assert_why(file);
	}
	assert_int_equal(read_path("/dev/null", false, ALL),
	    SSHTAP_ERR_FORMAT);
}

/* The file and each directory up to the home: nobody else writes there. */
static void
test_modes_of_each(void **state)
{
	static const mode_t open[] = { 0020, 0002, 0022 };
	const char *const paths[] = { file, ssh, home };
	struct stat st;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_int_equal(stat(paths[i], &st), 0);
		for (k = 0; k < sizeof(open) / sizeof(open[0]); k++) {
			assert_int_equal(chmod(paths[i],
			    (st.st_mode & 07777) | open[k]), 0);
			assert_int_equal(read_path(file, true, ALL),
			    SSHTAP_ERR_PERMISSION);
			assert_why(paths[i]);
			assert_why("chmod go-w");
			assert_int_equal(read_path(file, false, ALL), 0);
		}
		assert_int_equal(chmod(paths[i], st.st_mode & 07777), 0);
		assert_int_equal(read_path(file, true, ALL), 0);
	}
	/* To read it is for whom the user likes. */
	assert_int_equal(chmod(file, 0755), 0);
	assert_int_equal(read_path(file, true, ALL), 0);
}

/* What is above the home is the system's, whatever it looks like. */
static void
test_above_the_home(void **state)
{
	(void)state;
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(read_path(file, true, ALL), 0);
	/* Without a home on the way, it is looked at up to the root. */
	user.home = ssh;
	assert_int_equal(read_path(file, true, ALL), 0);
	write_file(outside);
	give(outside, user.uid);
	user.home = home;
	assert_int_equal(read_path(outside, true, ALL),
	    SSHTAP_ERR_PERMISSION);
	assert_why(dir);
	assert_int_equal(read_path(outside, false, ALL), 0);
	/* And /tmp is everybody's. */
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(read_path(outside, true, ALL),
	    SSHTAP_ERR_PERMISSION);
	assert_why("/tmp ");
}

/* A home whose name is the start of another's is no home of it. */
static void
test_a_home_of_a_similar_name(void **state)
{
	char similar[256], missing[] = "/nonexistent/home";

	(void)state;
	(void)snprintf(similar, sizeof(similar), "%.*s",
	    (int)strlen(home) - 1, home);
	user.home = similar;
	assert_int_equal(read_path(file, true, ALL), SSHTAP_ERR_PERMISSION);
	assert_why("/tmp ");
	user.home = missing;
	assert_int_equal(read_path(file, true, ALL), SSHTAP_ERR_PERMISSION);
	assert_why("/tmp ");
}

/* The home as the account has it may be a link. */
static void
test_a_home_behind_a_link(void **state)
{
	char *path = text_format("%s/.ssh/keys", outside);

	(void)state;
	assert_non_null(path);
	assert_int_equal(symlink(home, outside), 0);
	user.home = outside;
	assert_int_equal(read_path(file, true, ALL), 0);
	assert_int_equal(read_path(path, true, ALL), 0);
	user.home = home;
	assert_int_equal(read_path(path, true, ALL), 0);
	free(path);
}

/* What a link leads to is judged, not where the link is. */
static void
test_a_file_behind_a_link(void **state)
{
	(void)state;
	assert_int_equal(rename(file, outside), 0);
	assert_int_equal(symlink(outside, file), 0);
	give(file, user.uid);
	assert_int_equal(read_path(file, true, ALL), SSHTAP_ERR_PERMISSION);
	assert_why("/tmp ");
	assert_int_equal(read_path(file, false, ALL), 0);
	assert_int_equal(chmod(outside, 0666), 0);
	assert_int_equal(read_path(file, true, ALL), SSHTAP_ERR_PERMISSION);
	assert_why(outside);
	assert_int_equal(unlink(outside), 0);
	/* To nowhere; in a circle. */
	assert_int_equal(read_path(file, true, ALL), SSHTAP_ERR_NOT_FOUND);
	assert_int_equal(symlink(file, outside), 0);
	assert_int_equal(read_path(file, true, ALL), SSHTAP_ERR_SYSTEM);
	assert_int_equal(read_path(file, false, ALL), SSHTAP_ERR_SYSTEM);
}

static void
require_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("skip: giving a file away takes root\n");
	skip();
}

static void
test_owners_of_each(void **state)
{
	const char *const paths[] = { file, ssh, home };
	size_t i;

	(void)state;
	require_root();
	assert_int_equal(chmod(ssh, 0755), 0);
	assert_int_equal(chmod(file, 0644), 0);
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		give(paths[i], ELSE);
		assert_int_equal(read_path(file, true, ALL),
		    SSHTAP_ERR_PERMISSION);
		assert_why(paths[i]);
		assert_why("belongs to neither root nor the user");
		assert_int_equal(read_path(file, false, ALL), 0);
		/* What an administrator gives is as good as one's own. */
		give(paths[i], 0);
		assert_int_equal(read_path(file, true, ALL), 0);
		give(paths[i], user.uid);
	}
}

/* What the user may not read, root does not read for them. */
static void
test_rights_are_the_users(void **state)
{
	int strict;

	(void)state;
	require_root();
	for (strict = 0; strict < 2; strict++) {
		give(file, 0);
		assert_int_equal(read_path(file, strict, ALL),
		    SSHTAP_ERR_SYSTEM);
		assert_why(file);
		give(file, user.uid);
		give(ssh, 0);
		assert_int_equal(read_path(file, strict, ALL),
		    SSHTAP_ERR_SYSTEM);
		assert_int_equal(geteuid(), 0);
		assert_int_equal(getegid(), 0);
		give(ssh, user.uid);
		assert_int_equal(read_path(file, strict, ALL), 0);
	}
}

/* Through a link of the user's, too. */
static void
test_a_link_to_what_is_roots(void **state)
{
	(void)state;
	require_root();
	write_file(outside);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(symlink(outside, file), 0);
	give(file, user.uid);
	assert_int_equal(read_path(file, false, ALL), SSHTAP_ERR_SYSTEM);
	assert_int_equal(read_path(file, true, ALL), SSHTAP_ERR_SYSTEM);
}

static void
test_why_is_bounded(void **state)
{
	static char path[8192];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(read_path(path, true, ALL), SSHTAP_ERR_SYSTEM);
	assert_int_equal(strlen(why), KEYSFILE_WHY_MAX - 1);
}

#define WITH_HOME(t)	cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOME(test_a_file_that_is_in_order),
		WITH_HOME(test_no_file),
		WITH_HOME(test_what_is_no_file),
		WITH_HOME(test_modes_of_each),
		WITH_HOME(test_above_the_home),
		WITH_HOME(test_a_home_of_a_similar_name),
		WITH_HOME(test_a_home_behind_a_link),
		WITH_HOME(test_a_file_behind_a_link),
		WITH_HOME(test_owners_of_each),
		WITH_HOME(test_rights_are_the_users),
		WITH_HOME(test_a_link_to_what_is_roots),
		WITH_HOME(test_why_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
