/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* The command line: letters, bundles, destinations, refusals. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/endpoint.h"
#include "client/options.h"
#include "lib/err.h"

#define WORDS_MAX	160

static char last_line[LOG_LINE_MAX + 1];
static unsigned lines;

static void
keep_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)strncpy(last_line, line, LOG_LINE_MAX);
	lines++;
}

static int
set_up(void **state)
{
	static struct config c;

	lines = 0;
	log_set(LOG_LEVEL_DEBUG, keep_line, NULL);
	*state = &c;
	return config_init(&c);
}

static int
tear_down(void **state)
{
	config_clear(*state);
	log_set(LOG_LEVEL_QUIET, NULL, NULL);
	return 0;
}

/* words: separated by single '|', the program's name left out. */
static enum options_action
parse(struct config *c, const char *words)
{
	char *copy, *at, *argv[WORDS_MAX + 2], name[] = "sshtap";
	enum options_action action;
	int argc = 0;

	assert_non_null(copy = at = strdup(words));
	argv[argc++] = name;
	while (at != NULL && *words != '\0') {
		assert_true(argc <= WORDS_MAX);
		argv[argc++] = strsep(&at, "|");
	}
	argv[argc] = NULL;
	action = options_parse(argc, argv, c);
	free(copy);
	return action;
}

/* want: overrides with '|' between them. */
static void
assert_overrides(const struct config *c, const char *want)
{
	char have[1024] = "";
	size_t i;

	for (i = 0; i < c->overrides.n; i++) {
		if (i > 0)
			(void)strncat(have, "|", sizeof(have) - 1 -
			    strlen(have));
		(void)strncat(have, c->overrides.item[i], sizeof(have) - 1 -
		    strlen(have));
	}
	assert_string_equal(have, want);
}

static void
assert_refused(const char *words, const char *needle)
{
	struct config c;

	assert_int_equal(config_init(&c), 0);
	lines = 0;
	assert_int_equal(parse(&c, words), OPTIONS_USAGE);
	assert_int_equal(lines, 1);
	if (strstr(last_line, needle) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", needle, last_line);
	config_clear(&c);
}

static void
test_plain_destination(void **state)
{
	struct config *c = *state;

	assert_int_equal(parse(c, "host"), OPTIONS_RUN);
	assert_string_equal(c->destination, "host");
	assert_null(c->command);
	assert_overrides(c, "");
	assert_int_equal(lines, 0);
	assert_false(c->background || c->stdin_null || c->no_command ||
	    c->quiet || c->local_unit_set);
}

static void
test_bundles_and_arguments(void **state)
{
	struct config *c = *state;

	assert_int_equal(parse(c, "-NTnvvp2222|-w3:any|-E|log|-Fcfg|-l|me|"
	    "host"), OPTIONS_RUN);
	assert_true(c->no_command && c->stdin_null && c->local_unit_set);
	assert_false(c->background);
	assert_int_equal(c->verbose, 2);
	assert_int_equal(c->local_unit, 3);
	assert_int_equal(c->remote_unit, TAP_UNIT_ANY);
	assert_string_equal(c->log_file, "log");
	assert_string_equal(c->config_file, "cfg");
	assert_overrides(c, "Port=2222|User=me");
}

static void
test_options_behind_destination(void **state)
{
	struct config *c = *state;

	assert_int_equal(parse(c, "-p|1|a@host|-f|-l|b|uname|-a|-x"),
	    OPTIONS_RUN);
	assert_string_equal(c->destination, "host");
	assert_string_equal(c->command, "uname -a -x");
	assert_true(c->background && c->stdin_null);
	assert_overrides(c, "Port=1|User=a|User=b");
}

static void
test_double_dash(void **state)
{
	struct config *c = *state;

	assert_int_equal(parse(c, "--|host|-N"), OPTIONS_RUN);
	assert_string_equal(c->command, "-N");
	assert_false(c->no_command);
	config_clear(c);
	assert_int_equal(config_init(c), 0);
	assert_int_equal(parse(c, "host|-v|--|-N|--"), OPTIONS_RUN);
	assert_string_equal(c->command, "-N --");
	assert_int_equal(c->verbose, 1);
}

static void
test_order_of_overrides(void **state)
{
	struct config *c = *state;

	assert_int_equal(parse(c, "-oPort=1|-4|-C|-i|/k|-6|-p2|host"),
	    OPTIONS_RUN);
	assert_overrides(c, "AddressFamily=inet6|Compression=yes|"
	    "AddressFamily=inet|Port=1|IdentityFile=/k|Port=2");
}

static void
test_option_forms(void **state)
{
	struct config *c = *state;

	assert_int_equal(parse(c, "-o|Port 33|-o| Port = 34 |-o|Key=a=b|-o|"
	    "SetEnv=A=b c|host"), OPTIONS_RUN);
	assert_overrides(c, "Port=33|Port=34 |Key=a=b|SetEnv=A=b c");
}

static void
test_odd_values_are_quoted(void **state)
{
	struct config *c = *state;

	assert_int_equal(parse(c, "-i|a \"b\\|-l|x#y|host"), OPTIONS_RUN);
	assert_overrides(c, "IdentityFile=\"a \\\"b\\\\\"|User=\"x#y\"");
}

static void
test_quiet_and_verbose(void **state)
{
	struct config *c = *state;

	assert_int_equal(parse(c, "-vvvvvv|host"), OPTIONS_RUN);
	assert_int_equal(c->verbose, 3);
	assert_int_equal(parse(c, "-q|host"), OPTIONS_RUN);
	assert_true(c->quiet);
	assert_int_equal(c->verbose, 0);
	assert_int_equal(parse(c, "-qv|host"), OPTIONS_RUN);
	assert_false(c->quiet);
}

static void
test_version(void **state)
{
	assert_int_equal(parse(*state, "-V"), OPTIONS_VERSION);
	assert_int_equal(parse(*state, "-vV|-Z"), OPTIONS_VERSION);
	assert_int_equal(lines, 0);
}

static void
test_destinations(void **state)
{
	static const struct {
		const char *in, *host, *overrides;
	} cases[] = {
		{ "a@b@host", "host", "User=a@b" },
		{ "host:22", "host:22", "" },
		{ "::1", "::1", "" },
		{ "ssh://host", "host", "" },
		{ "ssh://u@host:7/", "host", "User=u|Port=7" },
		{ "ssh://a%40b@[fe80::1%25]:65535", "fe80::1%25",
		    "User=a@b|Port=65535" },
	};
	struct config *c = *state;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(c, cases[i].in), OPTIONS_RUN);
		assert_string_equal(c->destination, cases[i].host);
		assert_overrides(c, cases[i].overrides);
		config_list_clear(&c->overrides);
	}
}

static void
test_bad_destinations(void **state)
{
	static const char *const bad[] = {
		"--|-x", "-", "@host", "a@", "--|-u@h", "ho st", "h\033[2J",
		"ssh://", "ssh://h:", "ssh://h:0", "ssh://h:65536", "ssh://h/p",
		"ssh://h:22x", "ssh://[::1", "ssh://[::1]x", "ssh://[]",
		"ssh://%zz@h", "ssh://%4@h", "ssh://%00@h", "u@-x"
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i], "expected [user@]host");
}

static void
test_host_length(void **state)
{
	char host[ENDPOINT_HOST_MAX + 2];

	memset(host, 'h', sizeof(host));
	host[ENDPOINT_HOST_MAX] = '\0';
	assert_int_equal(parse(*state, host), OPTIONS_RUN);
	host[ENDPOINT_HOST_MAX] = 'h';
	host[ENDPOINT_HOST_MAX + 1] = '\0';
	assert_refused(host, "expected [user@]host");
}

static void
test_refusals(void **state)
{
	(void)state;
	assert_refused("", "no destination");
	assert_refused("-N", "no destination");
	assert_refused("-Z|host", "unknown option -Z");
	assert_refused("--help", "unknown option --help");
	assert_refused("-S|x|host", "unknown option -S");
	assert_refused("-p", "-p needs a port");
	assert_refused("-p||host", "-p needs a port");
	assert_refused("-p0|host", "-p \"0\": expected a port");
	assert_refused("-p65536|host", "-p \"65536\"");
	assert_refused("-p22x|host", "-p \"22x\"");
	assert_refused("-oPort|host", "expected Key=value");
	assert_refused("-o=1|host", "expected Key=value");
	assert_refused("-wx|host", "-w \"x\"");
	assert_refused("-N|host|ls", "exclude each other");
	assert_refused("-Ja|-Jb|host", "already");
	assert_refused("-oproxycommand=x|-J|b|host", "already");
}

static void
test_too_many_overrides(void **state)
{
	char words[8 * CONFIG_LIST_MAX + 32] = "";
	size_t i;

	(void)state;
	for (i = 0; i <= CONFIG_LIST_MAX; i++)
		(void)strncat(words, "-oA=b|", sizeof(words) - 1 -
		    strlen(words));
	(void)strncat(words, "host", sizeof(words) - 1 - strlen(words));
	assert_refused(words, "more than 64");
}

static void
test_units(void **state)
{
	static const char *const bad[] = {
		"", ":", "1:", ":1", "a", "1:2:3", "-1", "01", "2147483646",
		"1 ", "any:x"
	};
	uint32_t local, remote;
	size_t i;

	(void)state;
	assert_int_equal(options_parse_units("0", &local, &remote), 0);
	assert_int_equal(local, 0);
	assert_int_equal(remote, TAP_UNIT_ANY);
	assert_int_equal(options_parse_units("any:2147483645", &local,
	    &remote), 0);
	assert_int_equal(local, TAP_UNIT_ANY);
	assert_int_equal(remote, TAP_UNIT_MAX);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(options_parse_units(bad[i], &local, &remote),
		    SSHTAP_ERR_FORMAT);
	assert_int_equal(remote, TAP_UNIT_MAX);
}

static void
test_usage(void **state)
{
	const char *usage = options_usage();

	(void)state;
	assert_non_null(strstr(usage, "destination"));
	assert_int_equal(usage[strlen(usage) - 1], '\n');
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_plain_destination),
		TEST(test_bundles_and_arguments),
		TEST(test_options_behind_destination),
		TEST(test_double_dash),
		TEST(test_order_of_overrides),
		TEST(test_option_forms),
		TEST(test_odd_values_are_quoted),
		TEST(test_quiet_and_verbose),
		TEST(test_version),
		TEST(test_destinations),
		TEST(test_bad_destinations),
		TEST(test_host_length),
		TEST(test_refusals),
		TEST(test_too_many_overrides),
		TEST(test_units),
		TEST(test_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
