/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Host key policy over real files in a directory of its own. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/hostcheck.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/text.h"
#include "transport/key.h"
#include "transport/known_hosts.h"

#define FILE_MAX	8192

struct fixture {
	char dir[64];
	char *user, *global;	/* paths; user's is in .ssh, not there yet */
	struct config c;
	struct key *key, *other, *ecdsa;
	struct prompt *prompt;
};

/* What was said at the levels that a user sees, lines joined by LF. */
static char said[8192];

static void
note_line(void *ctx, enum log_level level, const char *line)
{
	size_t len = strlen(said);

	(void)ctx;
	(void)level;
	(void)snprintf(said + len, sizeof(said) - len, "%s\n", line);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	memcpy(f->dir, "/tmp/sshtap-hostcheck.XXXXXX", 29);
	assert_non_null(mkdtemp(f->dir));
	f->user = text_format("%s/.ssh/known_hosts", f->dir);
	f->global = text_format("%s/ssh_known_hosts", f->dir);
	f->c.hostname = strdup("Host.Example");
	f->c.port = 22;
	f->c.hostkey_algs = strdup(KEY_DEFAULT_HOSTKEY_LIST);
	f->c.strict = CONFIG_STRICT_ACCEPT_NEW;
	f->c.user_known_hosts.item[0] = f->user;
	f->c.user_known_hosts.n = 1;
	f->c.global_known_hosts.item[0] = f->global;
	f->c.global_known_hosts.n = 1;
	assert_int_equal(key_generate(KEY_ED25519, &f->key), 0);
	assert_int_equal(key_generate(KEY_ED25519, &f->other), 0);
	assert_int_equal(key_generate(KEY_ECDSA_P256, &f->ecdsa), 0);
	assert_int_equal(prompt_new(true, &f->prompt), 0);
	said[0] = '\0';
	log_set(LOG_LEVEL_INFO, note_line, NULL);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char *ssh = text_format("%s/.ssh", f->dir);

	log_set(LOG_LEVEL_QUIET, NULL, NULL);
	(void)unlink(f->user);
	(void)rmdir(ssh);
	(void)unlink(f->global);
	(void)rmdir(f->dir);
	free(ssh);
	free(f->user);
	free(f->global);
	free(f->c.hostname);
	free(f->c.hostkey_algs);
	key_free(f->key);
	key_free(f->other);
	key_free(f->ecdsa);
	prompt_free(f->prompt);
	free(f);
	return 0;
}

static void
make_ssh_directory(struct fixture *f)
{
	char *ssh = text_format("%s/.ssh", f->dir);

	(void)mkdir(ssh, 0700);
	free(ssh);
}

/* Append marker and a line that files the key. */
static void
file_key(struct fixture *f, const char *path, const char *marker,
    const char *name, const struct key *k, bool lacks_end)
{
	struct view blob = key_blob(k), v;
	struct buf line;
	FILE *out;

	make_ssh_directory(f);
	buf_init(&line, FILE_MAX);
	assert_int_equal(known_hosts_put_line(&line, name, &blob, false), 0);
	if (lacks_end)
		buf_drop_end(&line, 1);
	v = buf_view(&line);
	assert_non_null(out = fopen(path, "a"));
	assert_int_equal(fputs(marker, out) >= 0, 1);
	assert_int_equal(fwrite(v.p, 1, v.len, out), v.len);
	assert_int_equal(fclose(out), 0);
	buf_clear(&line);
}

static char *
read_text(const char *path)
{
	char *text = calloc(1, FILE_MAX);
	FILE *in = fopen(path, "r");

	assert_non_null(text);
	if (in != NULL) {
		assert_true(fread(text, 1, FILE_MAX - 1, in) < FILE_MAX);
		assert_int_equal(fclose(in), 0);
	}
	return text;
}

static int
verify_with(struct fixture *f, const struct key *k, bool keep_open)
{
	struct view blob = key_blob(k);
	struct hostcheck *h;
	int r;

	assert_int_equal(hostcheck_new(&f->c, f->prompt, keep_open, &h), 0);
	r = hostcheck_verify(h, &blob);
	hostcheck_free(h);
	return r;
}

static int
verify(struct fixture *f, const struct key *k)
{
	return verify_with(f, k, false);
}

static void
assert_said(const char *part)
{
	if (strstr(said, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, said);
}

static size_t
count_lines(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += *s == '\n';
	return n;
}

static void
test_unknown_is_refused_when_strict(void **state)
{
	struct fixture *f = *state;
	char fingerprint[KEY_FINGERPRINT_SIZE];
	struct view blob = key_blob(f->key);

	f->c.strict = CONFIG_STRICT_YES;
	assert_int_equal(verify_with(f, f->key, true), SSHTAP_ERR_HOSTKEY);
	assert_int_equal(key_fingerprint(&blob, fingerprint), 0);
	assert_said("host key of host.example is not known: ED25519 SHA256:");
	assert_said(fingerprint);
	assert_said("ssh-keyscan");
	assert_int_equal(count_lines(said), 1);
	assert_int_equal(access(f->user, F_OK), -1);
}

static void
test_ask_without_terminal_is_refused(void **state)
{
	struct fixture *f = *state;

	f->c.strict = CONFIG_STRICT_ASK;
	assert_int_equal(verify(f, f->key), SSHTAP_ERR_HOSTKEY);
	assert_said("is not known");
	assert_said("StrictHostKeyChecking=accept-new");
	assert_int_equal(access(f->user, F_OK), -1);
}

static void
test_accept_new_files_the_key(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char *text;

	assert_int_equal(verify(f, f->key), 0);
	assert_said("filed host key of host.example: ED25519");
	text = read_text(f->user);
	assert_true(strncmp(text, "host.example ssh-ed25519 ", 25) == 0);
	assert_int_equal(count_lines(text), 1);
	free(text);
	assert_int_equal(stat(f->user, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	f->c.strict = CONFIG_STRICT_YES;
	assert_int_equal(verify(f, f->key), 0);
	assert_int_equal(verify(f, f->other), SSHTAP_ERR_HOSTKEY);
}

static void
test_ssh_directory_is_private(void **state)
{
	struct fixture *f = *state;
	char *ssh = text_format("%s/.ssh", f->dir);
	struct stat st;

	assert_int_equal(verify(f, f->key), 0);
	assert_int_equal(stat(ssh, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	free(ssh);
}

static void
test_same_question_is_not_put_twice(void **state)
{
	struct fixture *f = *state;
	struct view blob = key_blob(f->key), other = key_blob(f->other);
	struct hostcheck *h;
	char *text;

	assert_int_equal(hostcheck_new(&f->c, f->prompt, true, &h), 0);
	assert_int_equal(hostcheck_verify(h, &blob), 0);
	assert_int_equal(hostcheck_verify(h, &blob), 0);
	assert_int_equal(hostcheck_verify(h, &other), SSHTAP_ERR_HOSTKEY);
	hostcheck_free(h);
	text = read_text(f->user);
	assert_int_equal(count_lines(text), 1);
	free(text);
}

static void
test_changed_is_refused_by_every_policy(void **state)
{
	static const enum config_strict policies[] = { CONFIG_STRICT_NO,
	    CONFIG_STRICT_ACCEPT_NEW, CONFIG_STRICT_ASK, CONFIG_STRICT_YES };
	struct fixture *f = *state;
	char *where, *text;
	size_t i;

	file_key(f, f->user, "# first line\n", "host.example", f->other,
	    false);
	where = text_format("is not the one in %s:2:", f->user);
	for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		said[0] = '\0';
		f->c.strict = policies[i];
		assert_int_equal(verify(f, f->key), SSHTAP_ERR_HOSTKEY);
		assert_said("REFUSED: host key of host.example has changed");
		assert_said(where);
		assert_said("ssh-keygen -R host.example");
		assert_int_equal(count_lines(said), 1);
	}
	text = read_text(f->user);
	assert_int_equal(count_lines(text), 2);
	free(text);
	free(where);
}

static void
test_changed_in_global_file_names_it(void **state)
{
	struct fixture *f = *state;
	char *removal = text_format("ssh-keygen -f %s -R host.example",
	    f->global);

	file_key(f, f->global, "", "host.example", f->other, false);
	assert_int_equal(verify(f, f->key), SSHTAP_ERR_HOSTKEY);
	assert_said(removal);
	free(removal);
}

static void
test_match_in_one_file_beats_change_in_another(void **state)
{
	struct fixture *f = *state;

	file_key(f, f->user, "", "host.example", f->other, false);
	file_key(f, f->global, "", "host.example", f->key, false);
	f->c.strict = CONFIG_STRICT_YES;
	assert_int_equal(verify(f, f->key), 0);
}

static void
test_revoked_beats_match(void **state)
{
	struct fixture *f = *state;

	file_key(f, f->user, "", "host.example", f->key, false);
	file_key(f, f->global, "@revoked ", "host.example", f->key, false);
	f->c.strict = CONFIG_STRICT_NO;
	assert_int_equal(verify(f, f->key), SSHTAP_ERR_HOSTKEY);
	assert_said("REFUSED: host key of host.example is revoked");
	assert_said(f->global);
}

static void
test_other_type_is_not_quietly_new(void **state)
{
	struct fixture *f = *state;

	file_key(f, f->user, "", "host.example", f->ecdsa, false);
	assert_int_equal(verify(f, f->key), SSHTAP_ERR_HOSTKEY);
	assert_said("of another type");
	f->c.strict = CONFIG_STRICT_NO;
	assert_int_equal(verify(f, f->key), 0);
	f->c.strict = CONFIG_STRICT_YES;
	assert_int_equal(verify(f, f->key), 0);
	assert_int_equal(verify(f, f->ecdsa), 0);
}

static void
test_missing_line_end_is_repaired(void **state)
{
	struct fixture *f = *state;
	char *text;

	file_key(f, f->user, "", "elsewhere", f->other, true);
	assert_int_equal(verify(f, f->key), 0);
	text = read_text(f->user);
	assert_int_equal(count_lines(text), 2);
	assert_non_null(strstr(text, "\nhost.example ssh-ed25519 "));
	free(text);
	f->c.strict = CONFIG_STRICT_YES;
	assert_int_equal(verify(f, f->key), 0);
}

static void
test_hashed_name_is_found_again(void **state)
{
	struct fixture *f = *state;
	char *text;

	f->c.hash_known_hosts = true;
	assert_int_equal(verify(f, f->key), 0);
	text = read_text(f->user);
	assert_true(strncmp(text, "|1|", 3) == 0);
	assert_null(strstr(text, "example"));
	free(text);
	f->c.strict = CONFIG_STRICT_YES;
	assert_int_equal(verify(f, f->key), 0);
}

static void
test_port_belongs_to_the_name(void **state)
{
	struct fixture *f = *state;

	f->c.port = 2222;
	assert_int_equal(verify(f, f->key), 0);
	assert_said("filed host key of [host.example]:2222");
	assert_int_equal(verify(f, f->other), SSHTAP_ERR_HOSTKEY);
	assert_said("ssh-keygen -R '[host.example]:2222'");
	f->c.strict = CONFIG_STRICT_YES;
	f->c.port = 22;
	assert_int_equal(verify(f, f->key), SSHTAP_ERR_HOSTKEY);
}

static void
test_plain_name_is_good_for_any_port(void **state)
{
	struct fixture *f = *state;

	file_key(f, f->user, "", "host.example", f->key, false);
	f->c.port = 2222;
	f->c.strict = CONFIG_STRICT_YES;
	assert_int_equal(verify(f, f->key), 0);
	/* Another key there is another server's, not a change. */
	assert_int_equal(verify(f, f->other), SSHTAP_ERR_HOSTKEY);
	assert_said("is not known");
}

static void
test_alias_replaces_name_and_port(void **state)
{
	struct fixture *f = *state;
	char alias[] = "lab";

	file_key(f, f->user, "", "lab", f->key, false);
	f->c.host_key_alias = alias;
	f->c.port = 2222;
	f->c.strict = CONFIG_STRICT_YES;
	assert_int_equal(verify(f, f->key), 0);
	assert_int_equal(verify(f, f->other), SSHTAP_ERR_HOSTKEY);
	assert_said("host key of lab has changed");
}

static void
test_unwritable_file_is_a_warning(void **state)
{
	struct fixture *f = *state;
	char nowhere[] = "/dev/null/known_hosts";

	f->c.user_known_hosts.item[0] = nowhere;
	assert_int_equal(verify(f, f->key), 0);
	assert_said("accepted but not filed: cannot write /dev/null/");
	f->c.user_known_hosts.n = 0;
	assert_int_equal(verify(f, f->key), 0);
	assert_said("there is no UserKnownHostsFile");
}

static void
test_directory_and_device_hold_no_keys(void **state)
{
	struct fixture *f = *state;
	char null[] = "/dev/null";

	f->c.user_known_hosts.item[0] = null;
	f->c.global_known_hosts.item[0] = f->dir;
	f->c.strict = CONFIG_STRICT_YES;
	assert_int_equal(verify(f, f->key), SSHTAP_ERR_HOSTKEY);
	assert_int_equal(count_lines(said), 1);
}

static void
test_bad_host_name_is_refused(void **state)
{
	struct fixture *f = *state;
	struct hostcheck *h;

	free(f->c.hostname);
	f->c.hostname = strdup("two,names");
	assert_int_equal(hostcheck_new(&f->c, f->prompt, false, &h),
	    SSHTAP_ERR_FORMAT);
}

static void
test_broken_blob_is_refused(void **state)
{
	struct fixture *f = *state;
	struct hostcheck *h;
	struct view blob = view_of("\0\0\0\x0bssh", 7);

	f->c.strict = CONFIG_STRICT_NO;
	assert_int_equal(hostcheck_new(&f->c, f->prompt, false, &h), 0);
	assert_int_equal(hostcheck_verify(h, &blob), SSHTAP_ERR_HOSTKEY);
	hostcheck_free(h);
}

static void
check_algorithms(struct fixture *f, const char *want)
{
	struct hostcheck *h;
	struct buf out;
	struct view v;

	buf_init(&out, FILE_MAX);
	assert_int_equal(hostcheck_new(&f->c, f->prompt, false, &h), 0);
	assert_int_equal(hostcheck_algorithms(h, &out), 0);
	v = buf_view(&out);
	assert_int_equal(v.len, strlen(want));
	assert_memory_equal(v.p, want, v.len);
	hostcheck_free(h);
	buf_clear(&out);
}

static void
test_filed_types_are_asked_for_first(void **state)
{
	struct fixture *f = *state;

	check_algorithms(f, KEY_DEFAULT_HOSTKEY_LIST);
	file_key(f, f->user, "", "host.example", f->ecdsa, false);
	file_key(f, f->global, "", "host.example", f->ecdsa, false);
	check_algorithms(f, "ecdsa-sha2-nistp256,ssh-ed25519,rsa-sha2-512,"
	    "rsa-sha2-256");
	f->c.hostkey_algs_set = true;
	check_algorithms(f, KEY_DEFAULT_HOSTKEY_LIST);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unknown_is_refused_when_strict),
		TEST(test_ask_without_terminal_is_refused),
		TEST(test_accept_new_files_the_key),
		TEST(test_ssh_directory_is_private),
		TEST(test_same_question_is_not_put_twice),
		TEST(test_changed_is_refused_by_every_policy),
		TEST(test_changed_in_global_file_names_it),
		TEST(test_match_in_one_file_beats_change_in_another),
		TEST(test_revoked_beats_match),
		TEST(test_other_type_is_not_quietly_new),
		TEST(test_missing_line_end_is_repaired),
		TEST(test_hashed_name_is_found_again),
		TEST(test_port_belongs_to_the_name),
		TEST(test_plain_name_is_good_for_any_port),
		TEST(test_alias_replaces_name_and_port),
		TEST(test_unwritable_file_is_a_warning),
		TEST(test_directory_and_device_hold_no_keys),
		TEST(test_bad_host_name_is_refused),
		TEST(test_broken_blob_is_refused),
		TEST(test_filed_types_are_asked_for_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
