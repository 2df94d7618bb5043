/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Files in the registry that nobody of ours wrote, or not to the end.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "lib/proc.h"
#include "tests/registry_util.h"

/* One that is there and says nothing: its name is taken, it is no entry. */
static void
assert_malformed(void)
{
	struct registry_entry e = reg_example(10000), got;
	unsigned fds = reg_count_fds();
	int lock = -1;

	assert_int_equal(registry_look(reg_dir, "feth10000", &got),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(registry_lock(reg_dir, "feth10000", &got, &lock),
	    SSHTAP_ERR_FORMAT);
	assert_int_equal(lock, -1);
	assert_int_equal(reg_count(), 0);
	reg_assert_errno(registry_claim(reg_dir, &e, &lock), EEXIST);
	assert_int_equal(reg_count_fds(), fds);
}

static void
test_good_file(void **state)
{
	struct registry_entry got;

	(void)state;
	reg_make_dir();
	reg_put("feth10000", REG_GOOD, strlen(REG_GOOD));
	assert_int_equal(registry_look(reg_dir, "feth10000", &got), 0);
	assert_int_equal(got.pid, 7);
	assert_int_equal(got.lladdr[5], 1);
	assert_int_equal(got.peer_lladdr[5], 2);
	assert_false(got.is_locked);
}

static void
test_every_truncation_and_trailing_bytes(void **state)
{
	char text[600];
	size_t len;

	(void)state;
	reg_make_dir();
	for (len = 0; len < strlen(REG_GOOD); len++) {
		reg_put("feth10000", REG_GOOD, len);
		assert_malformed();
	}
	memset(text, '\n', sizeof(text));
	memcpy(text, REG_GOOD, strlen(REG_GOOD));
	for (len = strlen(REG_GOOD) + 1; len <= sizeof(text); len++) {
		reg_put("feth10000", text, len);
		assert_malformed();
	}
	memset(text, 0, sizeof(text));
	memcpy(text, REG_GOOD, strlen(REG_GOOD));
	reg_put("feth10000", text, strlen(REG_GOOD) + 1);
	assert_malformed();
}

/* Each byte of the good one changed; what still parses is another value. */
static void
test_every_byte_changed(void **state)
{
	static const char others[] = { '\0', '\n', ' ', '0', ':', 'x', '-',
	    (char)0xff };
	struct registry_entry got;
	char text[sizeof(REG_GOOD)];
	size_t i, k;

	(void)state;
	reg_make_dir();
	for (i = 0; i < strlen(REG_GOOD); i++) {
		for (k = 0; k < sizeof(others); k++) {
			memcpy(text, REG_GOOD, sizeof(text));
			if (text[i] == others[k])
				continue;
			text[i] = others[k];
			reg_put("feth10000", text, strlen(REG_GOOD));
			if (registry_look(reg_dir, "feth10000", &got) ==
			    SSHTAP_ERR_FORMAT)
				continue;
			/* A digit of a value, a letter of the peer. */
			assert_true(others[k] == '0' || others[k] == 'x');
			assert_true(strspn(&REG_GOOD[i], "0123456789feth") >
			    0);
		}
	}
}

static void
test_wrong_values(void **state)
{
	static const char *const texts[] = {
		/* not the version, not the name of the file */
		"ethtap 2\nname feth10000\npeer feth20000\n"
		"lladdr 02:00:00:00:00:01\npeer-lladdr 02:00:00:00:00:02\n"
		"pid 7\nmade no\nkept no\n",
		"ethtap 1\nname feth10001\npeer feth20000\n"
		"lladdr 02:00:00:00:00:01\npeer-lladdr 02:00:00:00:00:02\n"
		"pid 7\nmade no\nkept no\n",
		/* its own peer, a peer that is no name */
		"ethtap 1\nname feth10000\npeer feth10000\n"
		"lladdr 02:00:00:00:00:01\npeer-lladdr 02:00:00:00:00:02\n"
		"pid 7\nmade no\nkept no\n",
		"ethtap 1\nname feth10000\npeer feth020000\n"
		"lladdr 02:00:00:00:00:01\npeer-lladdr 02:00:00:00:00:02\n"
		"pid 7\nmade no\nkept no\n",
		/* addresses */
		"ethtap 1\nname feth10000\npeer feth20000\n"
		"lladdr 2:0:0:0:0:1\npeer-lladdr 02:00:00:00:00:02\n"
		"pid 7\nmade no\nkept no\n",
		"ethtap 1\nname feth10000\npeer feth20000\n"
		"lladdr 02:00:00:00:00\npeer-lladdr 02:00:00:00:00:02\n"
		"pid 7\nmade no\nkept no\n",
		/* process numbers */
		"ethtap 1\nname feth10000\npeer feth20000\n"
		"lladdr 02:00:00:00:00:01\npeer-lladdr 02:00:00:00:00:02\n"
		"pid 0\nmade no\nkept no\n",
		"ethtap 1\nname feth10000\npeer feth20000\n"
		"lladdr 02:00:00:00:00:01\npeer-lladdr 02:00:00:00:00:02\n"
		"pid 9999999999\nmade no\nkept no\n",
		"ethtap 1\nname feth10000\npeer feth20000\n"
		"lladdr 02:00:00:00:00:01\npeer-lladdr 02:00:00:00:00:02\n"
		"pid 99999999999999999999999999999999\nmade no\nkept no\n",
		/* neither yes nor no, and two lines on one */
		"ethtap 1\nname feth10000\npeer feth20000\n"
		"lladdr 02:00:00:00:00:01\npeer-lladdr 02:00:00:00:00:02\n"
		"pid 7\nmade no\nkept not\n",
		"ethtap 1\nname feth10000 peer feth20000\n"
		"lladdr 02:00:00:00:00:01\npeer-lladdr 02:00:00:00:00:02\n"
		"pid 7\nmade no\nkept no\n",
		"ethtap 1\r\nname feth10000\r\npeer feth20000\r\n",
	};
	size_t i;

	(void)state;
	reg_make_dir();
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		reg_put("feth10000", texts[i], strlen(texts[i]));
		assert_malformed();
	}
}

static void
test_binary_and_long_files(void **state)
{
	char big[100000];
	size_t i;

	(void)state;
	reg_make_dir();
	for (i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7919 >> 3);
	for (i = 1; i <= sizeof(big); i *= 10) {
		reg_put("feth10000", big, i);
		assert_malformed();
	}
	memset(big, 'a', sizeof(big));
	reg_put("feth10000", big, sizeof(big));
	assert_malformed();
}

/* None of these may be followed, and none may make us wait. */
static void
test_files_that_are_no_files(void **state)
{
	struct registry_entry got;
	int lock = -1;

	(void)state;
	reg_make_dir();
	reg_put("target", REG_GOOD, strlen(REG_GOOD));
	assert_int_equal(symlink("target", reg_file("feth10000")), 0);
	assert_malformed();
	assert_int_equal(unlink(reg_file("feth10000")), 0);
	assert_int_equal(mkfifo(reg_file("feth10000"), 0644), 0);
	assert_malformed();
	assert_int_equal(unlink(reg_file("feth10000")), 0);
	assert_int_equal(mkdir(reg_file("feth10000"), 0755), 0);
	assert_malformed();
	assert_int_equal(rmdir(reg_file("feth10000")), 0);
	/* A good entry whose lock is a link, a directory. */
	reg_put("feth10000", REG_GOOD, strlen(REG_GOOD));
	assert_int_equal(symlink("target", reg_file("feth10000.lock")), 0);
	assert_int_equal(registry_lock(reg_dir, "feth10000", &got, &lock),
	    SSHTAP_ERR_SYSTEM);
	assert_int_equal(reg_count(), 1);
	assert_int_equal(unlink(reg_file("feth10000.lock")), 0);
	assert_int_equal(mkdir(reg_file("feth10000.lock"), 0755), 0);
	assert_int_equal(registry_lock(reg_dir, "feth10000", &got, &lock),
	    SSHTAP_ERR_SYSTEM);
	assert_int_equal(reg_count(), 1);
}

/* No half of a claim stays. */
static void
test_claim_without_its_lock(void **state)
{
	struct registry_entry e = reg_example(10000);
	int lock = -1;

	(void)state;
	reg_make_dir();
	assert_int_equal(mkdir(reg_file("feth10000.lock"), 0755), 0);
	assert_int_equal(registry_claim(reg_dir, &e, &lock),
	    SSHTAP_ERR_SYSTEM);
	assert_int_equal(lock, -1);
	assert_int_equal(reg_count_files(), 1);
	assert_int_equal(rmdir(reg_file("feth10000.lock")), 0);
	assert_int_equal(registry_claim(reg_dir, &e, &lock), 0);
	assert_int_equal(registry_strike(reg_dir, e.name, &lock), 0);
}

/* What somebody was about to write must not be written through. */
static void
test_leftover_of_a_writer(void **state)
{
	char victim[PATH_MAX];
	struct stat st;

	(void)state;
	reg_make_dir();
	(void)snprintf(victim, sizeof(victim), "%s/victim", reg_base);
	(void)close(open(victim, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(symlink(victim, reg_file(".new")), 0);
	proc_close(&(int){ reg_claim(10000) });
	assert_int_equal(stat(victim, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(lstat(reg_file("feth10000"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	reg_put(".new", "half", 4);
	proc_close(&(int){ reg_claim(10001) });
	assert_int_equal(reg_count(), 2);
	assert_int_equal(access(reg_file(".new"), F_OK), -1);
	assert_int_equal(unlink(victim), 0);
}

static void
test_entry_without_its_lock_file(void **state)
{
	struct registry_entry got;
	int lock = -1;

	(void)state;
	reg_make_dir();
	reg_put("feth10000", REG_GOOD, strlen(REG_GOOD));
	assert_int_equal(registry_lock(reg_dir, "feth10000", &got, &lock), 0);
	assert_int_equal(registry_strike(reg_dir, "feth10000", &lock), 0);
	assert_int_equal(reg_count_files(), 0);
}

#define REGISTRY_TEST(name)	\
	cmocka_unit_test_teardown(name, reg_remove_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		REGISTRY_TEST(test_good_file),
		REGISTRY_TEST(test_every_truncation_and_trailing_bytes),
		REGISTRY_TEST(test_every_byte_changed),
		REGISTRY_TEST(test_wrong_values),
		REGISTRY_TEST(test_binary_and_long_files),
		REGISTRY_TEST(test_files_that_are_no_files),
		REGISTRY_TEST(test_claim_without_its_lock),
		REGISTRY_TEST(test_leftover_of_a_writer),
		REGISTRY_TEST(test_entry_without_its_lock_file),
	};

	return cmocka_run_group_tests(tests, reg_set_up, reg_tear_down);
}
