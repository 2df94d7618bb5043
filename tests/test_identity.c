/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Which keys are offered, in which order, from real files and a real agent. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/agentconn.h"
#include "client/identity.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/text.h"
#include "tests/key_util.h"

struct fixture {
	char dir[64];
	struct config c;
	struct identities *is;
	pid_t agent;
};

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
	memcpy(f->dir, "/tmp/sshtap-identity.XXXXXX", 28);
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(config_init(&f->c), 0);
	config_list_clear(&f->c.identities);
	assert_int_equal(config_set(&f->c.identity_agent, NULL), 0);
	f->c.identities_are_default = false;
	f->agent = -1;
	said[0] = '\0';
	log_set(LOG_LEVEL_WARN, note_line, NULL);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char *command = text_format("rm -rf '%s'", f->dir);

	log_set(LOG_LEVEL_QUIET, NULL, NULL);
	identities_free(f->is);
	config_clear(&f->c);
	if (f->agent != -1)
		assert_int_equal(waitpid(f->agent, NULL, 0), f->agent);
	assert_int_equal(system(command), 0);
	free(command);
	free(f);
	return 0;
}

static char *
path_of(const struct fixture *f, const char *name)
{
	char *path = text_format("%s/%s", f->dir, name);

	assert_non_null(path);
	return path;
}

static void
write_file(const struct fixture *f, const char *name, const struct buf *b,
    mode_t mode)
{
	char *path = path_of(f, name);
	struct view v = buf_view(b);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, v.p, v.len), v.len);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
	free(path);
}

/* Copy a vector (its name and suffix) to a file of the fixture. */
static void
place(const struct fixture *f, const char *vector, const char *suffix,
    const char *name, mode_t mode)
{
	struct buf b;

	buf_init(&b, TEST_FILE_MAX);
	load_key_file(vector, suffix, &b);
	write_file(f, name, &b, mode);
	buf_clear(&b);
}

static void
configure(struct fixture *f, const char *name)
{
	char *path = path_of(f, name);

	assert_int_equal(config_list_add(&f->c.identities, path), 0);
	free(path);
}

static void
load(struct fixture *f, size_t expected)
{
	assert_int_equal(identities_load(&f->c, &f->is), 0);
	assert_int_equal(identities_count(f->is), expected);
}

static void
assert_blob(struct fixture *f, size_t n, const char *vector,
    const char *suffix)
{
	struct view have = identity_blob(identities_get(f->is, n)), want;
	struct buf b;

	buf_init(&b, KEY_BLOB_MAX);
	load_blob(vector, suffix, &b);
	want = buf_view(&b);
	assert_true(view_equals(&have, &want));
	buf_clear(&b);
}

/* A signature by identity n must verify. */
static void
assert_signs(struct fixture *f, size_t n, const char *vector,
    const char *algorithm)
{
	struct view alg = view_of_string(algorithm);
	struct view data = view_of_string("data"), v;
	struct key *key = load_key(vector);
	struct buf signature;

	buf_init(&signature, KEY_SIGNATURE_MAX);
	assert_int_equal(identity_sign(f->is, identities_get(f->is, n), &alg,
	    &data, &signature), 0);
	v = buf_view(&signature);
	assert_int_equal(key_verify(key, &alg, &v, &data), 0);
	buf_clear(&signature);
	key_free(key);
}

static int
try_to_sign(struct fixture *f, size_t n)
{
	struct view alg = view_of_string("ssh-ed25519");
	struct view data = view_of_string("data");
	struct buf signature;
	int r;

	buf_init(&signature, KEY_SIGNATURE_MAX);
	r = identity_sign(f->is, identities_get(f->is, n), &alg, &data,
	    &signature);
	buf_clear(&signature);
	return r;
}

static void
test_files_in_their_order(void **state)
{
	struct fixture *f = *state;

	place(f, "rsa", "", "one", 0600);
	place(f, "ed25519", "", "two", 0400);
	configure(f, "one");
	configure(f, "two");
	load(f, 2);
	assert_blob(f, 0, "rsa", ".pub");
	assert_blob(f, 1, "ed25519", ".pub");
	assert_signs(f, 0, "rsa", "rsa-sha2-512");
	assert_signs(f, 1, "ed25519", "ssh-ed25519");
	assert_string_equal(said, "");
}

static void
test_certificate_comes_before_its_key(void **state)
{
	struct fixture *f = *state;

	place(f, "ed25519", "", "one", 0600);
	place(f, "ed25519", "-cert.pub", "one-cert.pub", 0644);
	place(f, "ecdsa", "", "two", 0600);
	configure(f, "two");
	configure(f, "one");
	load(f, 3);
	assert_blob(f, 0, "ecdsa", ".pub");
	assert_blob(f, 1, "ed25519", "-cert.pub");
	assert_blob(f, 2, "ed25519", ".pub");
	assert_signs(f, 1, "ed25519", "ssh-ed25519");
}

static void
test_certificate_without_key_is_left_out(void **state)
{
	struct fixture *f = *state;
	char *path = path_of(f, "lonely-cert.pub");

	place(f, "ed25519", "-cert.pub", "lonely-cert.pub", 0644);
	assert_int_equal(config_list_add(&f->c.certificates, path), 0);
	free(path);
	load(f, 0);
	assert_non_null(strstr(said, "no key for it"));
}

static void
test_open_file_is_refused(void **state)
{
	struct fixture *f = *state;

	place(f, "ed25519", "", "group", 0640);
	place(f, "ecdsa", "", "other", 0604);
	configure(f, "group");
	configure(f, "other");
	load(f, 0);
	assert_non_null(strstr(said, "group is not used: others may read it: "
	    "chmod 600"));
	assert_non_null(strstr(said, "other is not used: others may read it"));
}

static void
test_encrypted_key_is_offered_but_cannot_sign(void **state)
{
	struct fixture *f = *state;

	place(f, "encrypted", "", "one", 0600);
	configure(f, "one");
	load(f, 1);
	assert_blob(f, 0, "encrypted", ".pub");
	assert_true(identity_is_encrypted(identities_get(f->is, 0)));
	assert_int_equal(try_to_sign(f, 0), SSHTAP_ERR_ENCRYPTED);
}

static void
test_public_key_alone_cannot_sign(void **state)
{
	struct fixture *f = *state;

	place(f, "ed25519", ".pub", "one.pub", 0644);
	configure(f, "one");
	load(f, 1);
	assert_false(identity_is_encrypted(identities_get(f->is, 0)));
	assert_int_equal(try_to_sign(f, 0), SSHTAP_ERR_NOT_FOUND);
}

static void
test_bad_files_are_explained(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	buf_init(&b, TEST_FILE_MAX);
	assert_int_equal(buf_put_format(&b, "not a key\n"), 0);
	write_file(f, "text", &b, 0600);
	buf_clear(&b);
	place(f, "rsa1024", "", "weak", 0600);
	place(f, "rsa_pem", "", "pem", 0600);
	configure(f, "text");
	configure(f, "weak");
	configure(f, "pem");
	configure(f, "missing");
	load(f, 0);
	assert_non_null(strstr(said, "/text"));
	assert_non_null(strstr(said, "at least 2048 bits"));
	assert_non_null(strstr(said, "ssh-keygen -p"));
	assert_non_null(strstr(said, "missing does not exist"));
}

static void
test_missing_default_is_no_news(void **state)
{
	struct fixture *f = *state;

	f->c.identities_are_default = true;
	configure(f, "missing");
	load(f, 0);
	assert_string_equal(said, "");
}

static void
test_same_key_twice_is_one(void **state)
{
	struct fixture *f = *state;

	place(f, "ed25519", "", "one", 0600);
	place(f, "ed25519", "", "two", 0600);
	configure(f, "one");
	configure(f, "two");
	load(f, 1);
}

/* Algorithms. */

static int
choose(struct fixture *f, size_t n, const char *server, const char *ours,
    const char *expected)
{
	struct view s = view_of_string(server), o = view_of_string(ours), v;
	struct buf out;
	int r;

	buf_init(&out, 256);
	r = identity_algorithm(identities_get(f->is, n), &s, &o, &out);
	v = buf_view(&out);
	if (r == 0)
		assert_true(view_is(&v, expected));
	buf_clear(&out);
	return r;
}

static void
test_rsa_algorithm_is_what_both_know(void **state)
{
	struct fixture *f = *state;
	const char *ours = "ssh-ed25519,rsa-sha2-512,rsa-sha2-256";

	place(f, "rsa", "", "one", 0600);
	configure(f, "one");
	load(f, 1);
	assert_int_equal(choose(f, 0, "", ours, "rsa-sha2-512"), 0);
	assert_int_equal(choose(f, 0, "ssh-ed25519,rsa-sha2-256", ours,
	    "rsa-sha2-256"), 0);
	assert_int_equal(choose(f, 0, "ssh-ed25519,ssh-rsa", ours, NULL),
	    SSHTAP_ERR_NO_COMMON);
	assert_int_equal(choose(f, 0, "", "ssh-ed25519", NULL),
	    SSHTAP_ERR_NO_COMMON);
}

static void
test_certificate_has_its_own_algorithm(void **state)
{
	struct fixture *f = *state;

	place(f, "rsa", "", "one", 0600);
	place(f, "rsa", "-cert.pub", "one-cert.pub", 0644);
	configure(f, "one");
	load(f, 2);
	assert_int_equal(choose(f, 0, "", "rsa-sha2-256",
	    "rsa-sha2-256-cert-v01@openssh.com"), 0);
	assert_int_equal(choose(f, 1, "", "rsa-sha2-256", "rsa-sha2-256"), 0);
}

/*
 * An agent of our own: it lists ed25519 and ecdsa, in this order, and then
 * hangs up.
 */
static void
serve(int fd)
{
	uint8_t request[5];
	struct buf body, out;
	struct view v;

	buf_init(&body, AGENT_MESSAGE_MAX);
	buf_init(&out, AGENT_MESSAGE_MAX);
	(void)buf_put_u8(&body, 12);
	(void)buf_put_u32(&body, 2);
	for (int i = 0; i < 2; i++) {
		struct buf blob;

		buf_init(&blob, KEY_BLOB_MAX);
		load_blob(i == 0 ? "ed25519" : "ecdsa", ".pub", &blob);
		v = buf_view(&blob);
		(void)buf_put_string_view(&body, &v);
		(void)buf_put_cstring(&body, "from\033 agent");
		buf_clear(&blob);
	}
	v = buf_view(&body);
	(void)buf_put_string_view(&out, &v);
	if (recv(fd, request, sizeof(request), MSG_WAITALL) == 5) {
		v = buf_view(&out);
		(void)!write(fd, v.p, v.len);
	}
	buf_clear(&body);
	buf_clear(&out);
}

static void
start_agent(struct fixture *f)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char *path = path_of(f, "agent");
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_not_equal(fd, -1);
	assert_true(strlen(path) < sizeof(sun.sun_path));
	memcpy(sun.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(config_set(&f->c.identity_agent, path), 0);
	free(path);
	f->agent = fork();
	assert_int_not_equal(f->agent, -1);
	if (f->agent == 0) {
		int conn = accept(fd, NULL, NULL);

		if (conn != -1)
			serve(conn);
		_exit(0);
	}
	close(fd);
}

static void
test_configured_agent_key_comes_first(void **state)
{
	struct fixture *f = *state;

	start_agent(f);
	place(f, "rsa", "", "one", 0600);
	place(f, "ecdsa", "", "two", 0600);
	configure(f, "one");
	configure(f, "two");
	load(f, 3);
	assert_blob(f, 0, "ecdsa", ".pub");
	assert_blob(f, 1, "ed25519", ".pub");
	assert_blob(f, 2, "rsa", ".pub");
	assert_string_equal(identity_name(identities_get(f->is, 1)),
	    "agent key \"from? agent\"");
}

static void
test_identities_only_leaves_the_others_out(void **state)
{
	struct fixture *f = *state;

	start_agent(f);
	place(f, "ecdsa", ".pub", "two.pub", 0644);
	configure(f, "two.pub");
	f->c.identities_only = true;
	load(f, 1);
	assert_blob(f, 0, "ecdsa", ".pub");
}

#define WITH_FILES(t)	cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILES(test_files_in_their_order),
		WITH_FILES(test_certificate_comes_before_its_key),
		WITH_FILES(test_certificate_without_key_is_left_out),
		WITH_FILES(test_open_file_is_refused),
		WITH_FILES(test_encrypted_key_is_offered_but_cannot_sign),
		WITH_FILES(test_public_key_alone_cannot_sign),
		WITH_FILES(test_bad_files_are_explained),
		WITH_FILES(test_missing_default_is_no_news),
		WITH_FILES(test_same_key_twice_is_one),
		WITH_FILES(test_rsa_algorithm_is_what_both_know),
		WITH_FILES(test_certificate_has_its_own_algorithm),
		WITH_FILES(test_configured_agent_key_comes_first),
		WITH_FILES(test_identities_only_leaves_the_others_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
