/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The n-th call fails in what reads files, settings and command lines: see
 * test_fault.c.  Each part is run until nothing is left to fail.  It must say
 * that it has failed, and hand nothing out; where it says that all is well,
 * the answer must be the right one: a host key that cannot be looked up is
 * not a new one.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/config.h"
#include "client/expand.h"
#include "client/hostcheck.h"
#include "client/options.h"
#include "client/proxyjump.h"
#include "client/sshconfig.h"
#include "lib/err.h"
#include "tests/fault.h"
#include "tests/key_util.h"
#include "transport/agent.h"
#include "transport/keyfile.h"
#include "transport/known_hosts.h"
#include "transport/namelist.h"

#define HOST	"host.example"

static bool was_in_time;

/* What is read, loaded before anything may fail. */
static struct buf texts[KEY_TYPE_COUNT], certificates[KEY_TYPE_COUNT];
static struct buf blobs[KEY_TYPE_COUNT], hosts;
static struct config config;

/* Returns 0 or an error; arg is the part's own. */
typedef int (part_fn)(unsigned arg);

static void
check_part(part_fn *fn, unsigned arg, enum fault_kind kind)
{
	unsigned long n = 0;
	const char *name;
	long live;
	int r;

	do {
		live = fault_live();
		fault_arm(kind, ++n);
		r = fn(arg);
		(void)fault_disarm(&name);
		if (fault_live() != live)
			fail_msg("call %lu (%s): something is left over", n,
			    name);
		if (name == NULL)
			assert_int_equal(r, 0);
		/* libcrypto has ways around a lack of memory. */
		else if (r == 0 && kind != FAULT_CRYPTO_ALLOC)
			fail_msg("call %lu (%s): nobody noticed", n, name);
	} while (name != NULL);
}

static void
check_all(part_fn *fn, unsigned arg)
{
	if (!fault_is_possible()) {
		print_message("the linker cannot put calls of ours in front "
		    "(--wrap)\n");
		skip();
	}
	/* What libraries do once is done. */
	assert_int_equal(fn(arg), 0);
	check_part(fn, arg, FAULT_ALLOC);
	check_part(fn, arg, FAULT_CALL);
	if (was_in_time)
		check_part(fn, arg, FAULT_CRYPTO_ALLOC);
}

/* Keys. */

static int
read_private(unsigned type)
{
	struct view text = buf_view(&texts[type]);
	struct key *k = NULL;
	uint8_t *pub = NULL;
	char *comment = NULL;
	size_t len;
	int r;

	r = keyfile_parse_private(&text, &k, &pub, &len, &comment);
	if (r != 0) {
		assert_null(k);
		assert_null(pub);
		assert_null(comment);
	}
	key_free(k);
	free(pub);
	free(comment);
	return r;
}

static int
match_certificate(unsigned type)
{
	struct view cert = buf_view(&certificates[type]);
	struct view plain = buf_view(&blobs[type]);

	return key_cert_matches(&cert, &plain);
}

static int
generate(unsigned type)
{
	struct key *k = NULL;
	int r = key_generate((enum key_type)type, &k);

	assert_true((r == 0) == (k != NULL));
	key_free(k);
	return r;
}

static int
show_fingerprint(unsigned type)
{
	struct view blob = buf_view(&blobs[type]);
	char text[KEY_FINGERPRINT_SIZE];

	return key_fingerprint(&blob, text);
}

static void
test_keys(void **state)
{
	unsigned type;

	(void)state;
	for (type = 0; type < KEY_TYPE_COUNT; type++) {
		check_all(read_private, type);
		check_all(match_certificate, type);
		check_all(show_fingerprint, type);
		/* To find primes takes a thousand allocations, and seconds. */
		if (type != KEY_RSA)
			check_all(generate, type);
	}
}

/* Hosts. */

static int
look_up(unsigned type)
{
	struct known_hosts_result result = { KNOWN_HOSTS_NEW, 0 };
	struct view text = buf_view(&hosts), blob = buf_view(&blobs[type]);
	int r;

	if ((r = known_hosts_check(&text, HOST, &blob, &result, NULL)) == 0)
		assert_int_equal(result.answer, type == KEY_ED25519 ?
		    KNOWN_HOSTS_MATCH : KNOWN_HOSTS_OTHER_TYPE);
	return r;
}

static int
prefer(unsigned type)
{
	struct view all = view_of_string(KEY_DEFAULT_HOSTKEY_LIST);
	struct view text = buf_view(&hosts), made;
	struct buf b;
	int r;

	(void)type;
	buf_init(&b, NAMELIST_MAX);
	r = known_hosts_algorithms(&text, HOST, &all, &b);
	made = buf_view(&b);
	if (r == 0)
		assert_true(view_is(&made, "ssh-ed25519"));
	buf_clear(&b);
	return r;
}

static int
file_away(unsigned hashed)
{
	struct view blob = buf_view(&blobs[KEY_ED25519]);
	struct buf b;
	int r;

	buf_init(&b, KNOWN_HOSTS_LINE_MAX);
	r = known_hosts_put_line(&b, HOST, &blob, hashed != 0);
	if (r != 0)
		assert_int_equal(b.len, 0);
	buf_clear(&b);
	return r;
}

/* Any new key would be taken: what is filed must not look like one. */
static int
check_host(unsigned type)
{
	struct view blob = buf_view(&blobs[type]);
	struct hostcheck *h = NULL;
	int r;

	if ((r = hostcheck_new(&config, NULL, false, &h)) != 0)
		return r;
	r = hostcheck_verify(h, &blob);
	hostcheck_free(h);
	return r;
}

static void
test_known_hosts(void **state)
{
	(void)state;
	check_all(look_up, KEY_ED25519);
	check_all(look_up, KEY_RSA);
	check_all(prefer, 0);
	check_all(file_away, false);
	check_all(file_away, true);
	check_all(check_host, KEY_ED25519);
}

/* The agent. */

static int
ask_agent(unsigned type)
{
	struct view blob = buf_view(&blobs[type]), data = view_of_string("x");
	struct buf b;
	int r;

	buf_init(&b, AGENT_MESSAGE_MAX);
	if ((r = agent_put_list(&b)) == 0 &&
	    (r = agent_put_sign(&b, &blob, &data, 0)) == 0)
		r = agent_put_session_bind(&b, &blob, &data, &data);
	buf_clear(&b);
	return r;
}

static void
test_agent(void **state)
{
	(void)state;
	check_all(ask_agent, KEY_RSA);
}

/* Settings. */

static int
read_command_line(unsigned arg)
{
	char words[][32] = {
		"sshtap", "-v", "-l", "me", "-p", "2222", "-w", "1:2", "-i",
		"key", "-J", "a,b", "-o", "Compression=yes", "ssh://u@h:22",
		"echo", "hi"
	};
	char *argv[sizeof(words) / sizeof(words[0]) + 1];
	size_t i, n = sizeof(words) / sizeof(words[0]);
	struct config c;
	int r;

	(void)arg;
	for (i = 0; i < n; i++)
		argv[i] = words[i];
	argv[n] = NULL;
	if ((r = config_init(&c)) != 0)
		return r;
	r = options_parse((int)n, argv, &c) == OPTIONS_RUN ? 0 :
	    SSHTAP_ERR_ALLOC;
	config_clear(&c);
	return r;
}

static int
read_settings(unsigned arg)
{
	struct view text = view_of_string("user me\nhostname h\nport 22\n"
	    "identityfile ~/.ssh/id\nproxyjump a@b:1,c\nciphers "
	    "aes128-gcm@openssh.com\nsetenv A=b\nuserknownhostsfile /a /b\n"
	    "rekeylimit 1G 1h\nhostkeyalgorithms ssh-ed25519\n");
	struct view none = view_of(NULL, 0);
	struct config c;
	int r;

	(void)arg;
	if ((r = config_init(&c)) != 0)
		return r;
	r = sshconfig_apply(&c, &text, &none);
	config_clear(&c);
	return r;
}

static int
expand_all(unsigned arg)
{
	char *path = NULL, *command = NULL, *quoted = NULL, *jump = NULL;
	int r;

	(void)arg;
	if ((r = expand_path(&config, "~/%h-%C", &path)) == 0 &&
	    (r = expand_command(&config, "nc %h %p", &command)) == 0 &&
	    (r = expand_shell_quote("it's", &quoted)) == 0)
		r = proxyjump_command(&config, "a@b:1,c", &jump);
	free(path);
	free(command);
	free(quoted);
	free(jump);
	return r;
}

static void
test_settings(void **state)
{
	(void)state;
	check_all(read_command_line, 0);
	check_all(read_settings, 0);
	check_all(expand_all, 0);
}

static char hosts_file[] = "/tmp/sshtap-fault-XXXXXX";

static void
write_hosts(void)
{
	struct view v = buf_view(&hosts);
	int fd = mkstemp(hosts_file);

	assert_true(fd != -1);
	assert_int_equal(write(fd, v.p, v.len), (ssize_t)v.len);
	assert_int_equal(close(fd), 0);
	config_list_clear(&config.user_known_hosts);
	config_list_clear(&config.global_known_hosts);
	assert_int_equal(config_list_add(&config.user_known_hosts,
	    hosts_file), 0);
	config.strict = CONFIG_STRICT_NO;
}

static int
set_up(void **state)
{
	struct view blob;
	unsigned type;

	(void)state;
	assert_int_equal(setenv("HOME", "/home/me", 1), 0);
	for (type = 0; type < KEY_TYPE_COUNT; type++) {
		buf_init(&texts[type], TEST_FILE_MAX);
		buf_init(&certificates[type], TEST_FILE_MAX);
		buf_init(&blobs[type], TEST_FILE_MAX);
		load_key_file(key_file_names[type], "", &texts[type]);
		load_blob(key_file_names[type], "-cert.pub",
		    &certificates[type]);
		load_blob(key_file_names[type], ".pub", &blobs[type]);
	}
	blob = buf_view(&blobs[KEY_ED25519]);
	buf_init(&hosts, KNOWN_HOSTS_TEXT_MAX);
	assert_int_equal(known_hosts_put_line(&hosts, HOST, &blob, true), 0);
	assert_int_equal(known_hosts_put_line(&hosts, "other.example", &blob,
	    false), 0);
	assert_int_equal(config_init(&config), 0);
	assert_int_equal(config_set(&config.destination, "typed"), 0);
	assert_int_equal(config_set(&config.hostname, HOST), 0);
	write_hosts();
	return config_set(&config.user, "me");
}

static int
tear_down(void **state)
{
	unsigned type;

	(void)state;
	for (type = 0; type < KEY_TYPE_COUNT; type++) {
		buf_clear(&texts[type]);
		buf_clear(&certificates[type]);
		buf_clear(&blobs[type]);
	}
	buf_clear(&hosts);
	config_clear(&config);
	return unlink(hosts_file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_known_hosts),
		cmocka_unit_test(test_agent),
		cmocka_unit_test(test_settings),
	};

	was_in_time = fault_init();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
