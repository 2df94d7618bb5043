/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Reading whole files: how long they may be, what they are, whose. */

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
#include "lib/file.h"
#include "lib/text.h"

#define TEXT	"0123456789"

static char *dir, *path;

static int
set_up(void **state)
{
	FILE *f;

	(void)state;
	if ((dir = strdup("/tmp/sshtap-file.XXXXXX")) == NULL ||
	    mkdtemp(dir) == NULL ||
	    (path = text_format("%s/file", dir)) == NULL ||
	    (f = fopen(path, "w")) == NULL)
		return -1;
	return fputs(TEXT, f) == EOF || fclose(f) != 0 ? -1 : 0;
}

static int
tear_down(void **state)
{
	int r = unlink(path) | rmdir(dir);

	(void)state;
	free(path);
	free(dir);
	return r;
}

static int
read_path(const char *name, enum file_trust trust, size_t max)
{
	struct buf b;
	struct view v;
	int r;

	buf_init(&b, max);
	if ((r = file_read(name, trust, &b)) == 0) {
		v = buf_view(&b);
		assert_true(view_is(&v, TEXT));
	}
	buf_clear(&b);
	return r;
}

static void
test_only_whole_files(void **state)
{
	(void)state;
	assert_int_equal(read_path(path, FILE_ANY, 11), 0);
	assert_int_equal(read_path(path, FILE_ANY, 10), 0);
	assert_int_equal(read_path(path, FILE_ANY, 9), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(read_path("/nonexistent", FILE_ANY, 10),
	    SSHTAP_ERR_NOT_FOUND);
	assert_int_equal(read_path(dir, FILE_ANY, 10), SSHTAP_ERR_FORMAT);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(read_path(path, FILE_ANY, 10), SSHTAP_ERR_FORMAT);
}

static void
test_secrets_are_not_shared(void **state)
{
	static const mode_t open[] = { 0640, 0604, 0620, 0602, 0610, 0601 };
	size_t i;

	(void)state;
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(read_path(path, FILE_SECRET, 10), 0);
	for (i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
		assert_int_equal(chmod(path, open[i]), 0);
		assert_int_equal(read_path(path, FILE_SECRET, 10),
		    SSHTAP_ERR_PERMISSION);
		assert_int_equal(read_path(path, FILE_ANY, 10), 0);
	}
}

static void
test_trusted_is_what_nobody_else_writes(void **state)
{
	(void)state;
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(read_path(path, FILE_TRUSTED, 10), 0);
	assert_int_equal(chmod(path, 0664), 0);
	assert_int_equal(read_path(path, FILE_TRUSTED, 10),
	    SSHTAP_ERR_PERMISSION);
	assert_int_equal(chmod(path, 0646), 0);
	assert_int_equal(read_path(path, FILE_TRUSTED, 10),
	    SSHTAP_ERR_PERMISSION);
}

static void
test_a_strangers_file_is_not_trusted(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("skip: giving a file away takes root\n");
		skip();
	}
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
	assert_int_equal(read_path(path, FILE_TRUSTED, 10),
	    SSHTAP_ERR_PERMISSION);
	/* ssh reads a key that somebody else left open to it. */
	assert_int_equal(read_path(path, FILE_SECRET, 10), 0);
}

#define WITH_FILE(t)	cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILE(test_only_whole_files),
		WITH_FILE(test_secrets_are_not_shared),
		WITH_FILE(test_trusted_is_what_nobody_else_writes),
		WITH_FILE(test_a_strangers_file_is_not_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
