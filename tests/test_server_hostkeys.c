/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Host keys: how they are made, which are loaded, and what is said of both. */

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
#include "lib/log.h"
#include "lib/text.h"
#include "server/hostkeys.h"
#include "tests/key_util.h"
#include "transport/keyfile.h"

#define FILES_MAX	8

static char dir[] = "/tmp/sshtap-hostkeys.XXXXXX";
static char said[4096];
static char *files[FILES_MAX];	/* made below dir */
static size_t nfiles;
static struct hostkeys h;

static void
note_line(void *ctx, enum log_level level, const char *line)
{
	size_t len = strlen(said);

	(void)ctx;
	(void)level;
	(void)snprintf(said + len, sizeof(said) - len, "%s\n", line);
}

static int
set_up(void **state)
{
	(void)state;
	memset(strrchr(dir, '.') + 1, 'X', 6);
	if (mkdtemp(dir) == NULL)
		return -1;
	said[0] = '\0';
	nfiles = 0;
	memset(&h, 0, sizeof(h));
	log_set(LOG_LEVEL_INFO, note_line, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	log_set(LOG_LEVEL_QUIET, NULL, NULL);
	hostkeys_clear(&h);
	while (nfiles > 0) {
		(void)remove(files[--nfiles]);
		free(files[nfiles]);
	}
	return rmdir(dir);
}

/* The path of a file that goes at the end, those above it after it. */
static const char *
name(const char *file)
{
	assert_true(nfiles < FILES_MAX);
	files[nfiles] = text_format("%s/%s", dir, file);
	assert_non_null(files[nfiles]);
	return files[nfiles++];
}

static void
assert_said(const char *part)
{
	if (strstr(said, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, said);
}

static void
write_file(const char *path, const struct view *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text->p, 1, text->len, f), text->len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* A copy of a key of the vectors. */
static const char *
copy_key(const char *vector, const char *suffix, const char *file)
{
	const char *path = name(file);
	struct view text;
	struct buf b;

	buf_init(&b, TEST_FILE_MAX);
	load_key_file(vector, suffix, &b);
	text = buf_view(&b);
	write_file(path, &text, 0600);
	buf_clear(&b);
	return path;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
read_text(const char *path, struct buf *b)
{
	buf_init(b, KEYFILE_TEXT_MAX);
	assert_int_equal(file_read(path, FILE_ANY, b), 0);
}

/* Whatever the umask is. */
static void
test_a_key_is_made(void **state)
{
	const char *sub = name("etc"), *path = name("etc/key"),
	    *public = name("etc/key.pub");
	char fingerprint[KEY_FINGERPRINT_SIZE];
	struct view line, blob, loaded;
	struct buf b;
	uint8_t *p;
	size_t len;
	mode_t mask = umask(0);

	(void)state;
	assert_int_equal(hostkeys_make(path), 0);
	(void)umask(mask);
	assert_int_equal(mode_of(sub), 0755);
	assert_int_equal(mode_of(path), 0600);
	assert_int_equal(mode_of(public), 0644);
	assert_int_equal(hostkeys_load(&h, &path, 1), 0);
	assert_int_equal(key_type(h.key[0]), KEY_ED25519);
	/* The public half is that of it, and the fingerprint was said. */
	read_text(public, &b);
	line = buf_view(&b);
	assert_true(view_get_line(&line, &line));
	assert_int_equal(keyfile_parse_public(&line, &p, &len, NULL), 0);
	blob = view_of(p, len);
	loaded = key_blob(h.key[0]);
	assert_true(view_equals(&blob, &loaded));
	assert_int_equal(key_fingerprint(&blob, fingerprint), 0);
	assert_said(fingerprint);
	assert_said(path);
	free(p);
	buf_clear(&b);
}

/* Nothing but the two is left; a strict umask does not matter either. */
static void
test_nothing_else_is_left(void **state)
{
	const char *path = name("key"), *public = name("key.pub");
	mode_t mask = umask(0777);

	(void)state;
	assert_int_equal(hostkeys_make(path), 0);
	(void)umask(mask);
	assert_int_equal(mode_of(path), 0600);
	assert_int_equal(mode_of(public), 0644);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(public), 0);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
}

static void
test_what_is_there_is_left_alone(void **state)
{
	const char *path = name("key"), *public = name("key.pub");
	struct view text = view_of_string("not a key"), got;
	struct buf b;

	(void)state;
	write_file(path, &text, 0644);
	assert_int_equal(hostkeys_make(path), 0);
	assert_string_equal(said, "");
	assert_int_equal(mode_of(path), 0644);
	read_text(path, &b);
	got = buf_view(&b);
	assert_true(view_equals(&got, &text));
	buf_clear(&b);
	assert_int_equal(access(public, F_OK), -1);
}

/* A public half of something else stays; the key is there all the same. */
static void
test_a_public_half_that_is_there(void **state)
{
	const char *path = name("key"), *public = name("key.pub");
	struct view text = view_of_string("somebody's"), got;
	struct buf b;

	(void)state;
	write_file(public, &text, 0600);
	assert_int_equal(hostkeys_make(path), 0);
	assert_said("cannot write");
	read_text(public, &b);
	got = buf_view(&b);
	assert_true(view_equals(&got, &text));
	buf_clear(&b);
	assert_int_equal(hostkeys_load(&h, &path, 1), 0);
}

/* A link to nowhere is not followed, or somebody could say where keys go. */
static void
test_a_link_is_not_followed(void **state)
{
	const char *path = name("key"), *target = name("target");

	(void)state;
	assert_int_equal(symlink(target, path), 0);
	(void)hostkeys_make(path);
	assert_int_equal(access(target, F_OK), -1);
	assert_true(access(path, F_OK) == -1);
}

/* Only the last directory is made. */
static void
test_where_none_can_be_made(void **state)
{
	char *path = text_format("%s/no/such/key", dir);

	(void)state;
	assert_non_null(path);
	assert_int_equal(hostkeys_make(path), SSHTAP_ERR_SYSTEM);
	assert_said("cannot make the host key");
	assert_said(path);
	assert_said("No such file");
	free(path);
}

/* ssh-keygen(1) is asked what it thinks of both halves. */
static void
test_ssh_keygen_agrees(void **state)
{
	const char *path = name("key");
	char line[512], *command, fingerprint[KEY_FINGERPRINT_SIZE];
	struct view blob;
	FILE *f;
	int i;

	(void)state;
	(void)name("key.pub");
	if (system("command -v ssh-keygen >/dev/null") != 0) {
		print_message("skip: no ssh-keygen here\n");
		skip();
	}
	assert_int_equal(hostkeys_make(path), 0);
	assert_int_equal(hostkeys_load(&h, &path, 1), 0);
	blob = key_blob(h.key[0]);
	assert_int_equal(key_fingerprint(&blob, fingerprint), 0);
	for (i = 0; i < 3; i++) {
		command = text_format(i < 2 ? "ssh-keygen -lf %s%s" :
		    "ssh-keygen -yf %s%s | ssh-keygen -lf -", path,
		    i == 1 ? ".pub" : "");
		assert_non_null(command);
		assert_non_null(f = popen(command, "r"));
		assert_non_null(fgets(line, sizeof(line), f));
		assert_int_equal(pclose(f), 0);
		assert_non_null(strstr(line, fingerprint));
		assert_non_null(strstr(line, "(ED25519)"));
		free(command);
	}
}

static void
test_all_types_are_loaded(void **state)
{
	const char *paths[KEY_TYPE_COUNT];
	enum key_type type;

	(void)state;
	for (type = 0; type < KEY_TYPE_COUNT; type++)
		paths[type] = copy_key(key_file_names[type], "",
		    key_file_names[type]);
	assert_int_equal(hostkeys_load(&h, paths, KEY_TYPE_COUNT), 0);
	assert_int_equal(h.n, KEY_TYPE_COUNT);
	assert_string_equal(said, "");
	for (type = 0; type < KEY_TYPE_COUNT; type++)
		assert_int_equal(key_type(h.key[type]), type);
	hostkeys_show(&h);
	assert_said("host-key type=ssh-ed25519 fingerprint=SHA256:");
	assert_said("host-key type=ecdsa-sha2-nistp256 fingerprint=SHA256:");
	assert_said("host-key type=ssh-rsa fingerprint=SHA256:");
	hostkeys_clear(&h);
	assert_int_equal(h.n, 0);
	hostkeys_clear(&h);
}

/* It alone is no key; beside a good one it is only left out. */
static void
assert_left_out(const char *path, const char *reason)
{
	const char *paths[3] = { path, files[0], path };

	said[0] = '\0';
	assert_int_equal(hostkeys_load(&h, &path, 1), SSHTAP_ERR_NOT_FOUND);
	assert_int_equal(h.n, 0);
	assert_said(path);
	assert_said(reason);
	assert_int_equal(hostkeys_load(&h, paths, 3), 0);
	assert_int_equal(h.n, 1);
	hostkeys_clear(&h);
}

static void
test_what_is_left_out(void **state)
{
	struct view text = view_of_string("hello\n");
	const char *path;

	(void)state;
	(void)copy_key("ecdsa", "", "good");
	assert_left_out(name("missing"), "no such file");
	assert_left_out(copy_key("encrypted", "", "encrypted"), "encrypted");
	assert_left_out(copy_key("ed25519", ".pub", "public"), "host key");
	assert_left_out(copy_key("rsa1024", "", "weak"), "host key");
	assert_left_out(copy_key("rsa_pem", "", "pem"),
	    "not an OpenSSH private key");
	path = name("text");
	write_file(path, &text, 0600);
	assert_left_out(path, "not an OpenSSH private key");
	assert_left_out(dir, "host key");
}

static void
test_a_key_that_is_open_to_others(void **state)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601,
	    0644, 0666, 0777 };
	const char *path;
	size_t i;

	(void)state;
	(void)copy_key("ecdsa", "", "good");
	path = copy_key("ed25519", "", "key");
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_left_out(path, "open to others");
	}
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(hostkeys_load(&h, &path, 1), 0);
}

static void
test_the_first_of_a_type_counts(void **state)
{
	const char *paths[2];
	struct view blob;
	struct buf first;

	(void)state;
	paths[0] = copy_key("ed25519", "", "first");
	paths[1] = name("second");
	(void)name("second.pub");
	assert_int_equal(hostkeys_make(paths[1]), 0);
	assert_int_equal(hostkeys_load(&h, paths, 2), 0);
	assert_int_equal(h.n, 1);
	assert_said("another one of type ssh-ed25519 comes first");
	buf_init(&first, KEY_BLOB_MAX);
	load_blob("ed25519", ".pub", &first);
	blob = key_blob(h.key[0]);
	assert_int_equal(blob.len, first.len);
	assert_memory_equal(blob.p, buf_view(&first).p, blob.len);
	buf_clear(&first);
}

static void
assert_algorithms(const char *wanted, const char *expected)
{
	struct view v = view_of_string(wanted), got;
	struct buf b;

	buf_init(&b, 1024);
	assert_int_equal(hostkeys_algorithms(&h, &v, &b), 0);
	got = buf_view(&b);
	assert_int_equal(got.len, strlen(expected));
	if (got.len > 0)
		assert_memory_equal(got.p, expected, got.len);
	buf_clear(&b);
}

static void
test_finding_by_algorithm(void **state)
{
	static const char *const none[] = { "ecdsa-sha2-nistp256", "ssh-rsa",
	    "", "ssh-ed2551", "rsa-sha2-51", "ssh-ed25519,rsa-sha2-512" };
	const char *paths[2];
	struct view v;
	size_t i;

	(void)state;
	v = view_of_string("ssh-ed25519");
	assert_null(hostkeys_find(&h, &v));
	assert_algorithms(KEY_DEFAULT_HOSTKEY_LIST, "");
	paths[0] = copy_key("rsa", "", "rsa");
	paths[1] = copy_key("ed25519", "", "ed");
	assert_int_equal(hostkeys_load(&h, paths, 2), 0);
	assert_ptr_equal(hostkeys_find(&h, &v), h.key[1]);
	v = view_of_string("rsa-sha2-256");
	assert_ptr_equal(hostkeys_find(&h, &v), h.key[0]);
	v = view_of_string("rsa-sha2-512");
	assert_ptr_equal(hostkeys_find(&h, &v), h.key[0]);
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		v = view_of_string(none[i]);
		assert_null(hostkeys_find(&h, &v));
	}
	/* In the order that was wanted. */
	assert_algorithms(KEY_DEFAULT_HOSTKEY_LIST,
	    "ssh-ed25519,rsa-sha2-512,rsa-sha2-256");
	assert_algorithms("rsa-sha2-256,ecdsa-sha2-nistp256,ssh-ed25519",
	    "rsa-sha2-256,ssh-ed25519");
	assert_algorithms("ssh-rsa,ecdsa-sha2-nistp256", "");
}

#define WITH_DIR(t)	cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(test_a_key_is_made),
		WITH_DIR(test_nothing_else_is_left),
		WITH_DIR(test_what_is_there_is_left_alone),
		WITH_DIR(test_a_public_half_that_is_there),
		WITH_DIR(test_a_link_is_not_followed),
		WITH_DIR(test_where_none_can_be_made),
		WITH_DIR(test_ssh_keygen_agrees),
		WITH_DIR(test_all_types_are_loaded),
		WITH_DIR(test_what_is_left_out),
		WITH_DIR(test_a_key_that_is_open_to_others),
		WITH_DIR(test_the_first_of_a_type_counts),
		WITH_DIR(test_finding_by_algorithm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
