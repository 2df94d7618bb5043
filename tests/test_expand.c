/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Tokens, home directories, variables, and quoting for a shell. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/expand.h"
#include "lib/err.h"

struct expansion {
	const char *in;
	const char *want;	/* NULL: r is returned */
	int r;
};

static int
set_up(void **state)
{
	static struct config c;

	if (setenv("HOME", "/home/me", 1) != 0 ||
	    setenv("EXPAND_TEST", "a%hb", 1) != 0 ||
	    unsetenv("EXPAND_UNSET") != 0 || config_init(&c) != 0 ||
	    config_set(&c.destination, "typed") != 0 ||
	    config_set(&c.hostname, "real.example") != 0 ||
	    config_set(&c.user, "remote") != 0)
		return -1;
	c.port = 2222;
	*state = &c;
	return 0;
}

static int
tear_down(void **state)
{
	config_clear(*state);
	return 0;
}

static void
check(const struct config *c, const struct expansion *e, size_t n,
    int (*fn)(const struct config *, const char *, char **))
{
	char *out;
	size_t i;

	for (i = 0; i < n; i++) {
		out = NULL;
		assert_int_equal(fn(c, e[i].in, &out), e[i].r);
		if (e[i].want == NULL)
			assert_null(out);
		else
			assert_string_equal(out, e[i].want);
		free(out);
	}
}

#define CHECK(c, e, fn)	check(c, e, sizeof(e) / sizeof(e[0]), fn)

static void
test_path(void **state)
{
	static const struct expansion cases[] = {
		{ "", "", 0 },
		{ "/plain/path", "/plain/path", 0 },
		{ "~", "/home/me", 0 },
		{ "~/.ssh/x", "/home/me/.ssh/x", 0 },
		{ "a~b/~", "a~b/~", 0 },
		{ "%d/%h-%n-%p-%r-%k%%%j.", "/home/me/real.example-typed-"
		    "2222-remote-typed%.", 0 },
		{ "x${EXPAND_TEST}y", "xa%hby", 0 },	/* not once more */
		{ "$HOME $ {", "$HOME $ {", 0 },
		{ "%", NULL, SSHTAP_ERR_FORMAT },
		{ "a%z", NULL, SSHTAP_ERR_FORMAT },
		{ "${EXPAND_UNSET}", NULL, SSHTAP_ERR_FORMAT },
		{ "${EXPAND_TEST", NULL, SSHTAP_ERR_FORMAT },
		{ "${EXPAND_TEST ", NULL, SSHTAP_ERR_FORMAT },
		{ "${", NULL, SSHTAP_ERR_FORMAT },
		{ "${}", NULL, SSHTAP_ERR_FORMAT },
		{ "~no such user/x", NULL, SSHTAP_ERR_NOT_FOUND },
	};

	CHECK(*state, cases, expand_path);
}

/* Values that are this machine's. */
static void
test_local_values(void **state)
{
	const struct passwd *pw = getpwuid(getuid());
	char host[256], want[600], *out = NULL;

	assert_int_equal(gethostname(host, sizeof(host)), 0);
	(void)snprintf(want, sizeof(want), "%lu %s", (unsigned long)getuid(),
	    host);
	assert_int_equal(expand_path(*state, "%i %l", &out), 0);
	assert_string_equal(out, want);
	free(out);
	out = NULL;
	assert_int_equal(expand_path(*state, "%L", &out), 0);
	assert_null(strchr(out, '.'));
	free(out);
	if (pw == NULL)
		return;
	out = NULL;
	assert_int_equal(expand_path(*state, "%u", &out), 0);
	assert_string_equal(out, pw->pw_name);
	free(out);
	(void)snprintf(want, sizeof(want), "~%s/x", pw->pw_name);
	out = NULL;
	assert_int_equal(expand_path(*state, want, &out), 0);
	assert_int_not_equal(out[0], '~');
	free(out);
}

static void
test_connection_hash(void **state)
{
	struct config *c = *state;
	char *a = NULL, *b = NULL;

	assert_int_equal(expand_path(c, "%C", &a), 0);
	assert_int_equal(strlen(a), 40);
	assert_int_equal(strspn(a, "0123456789abcdef"), 40);
	c->port++;
	assert_int_equal(expand_path(c, "%C", &b), 0);
	c->port--;
	assert_string_not_equal(a, b);
	free(a);
	free(b);
}

static void
test_key_alias(void **state)
{
	struct config *c = *state;
	char *out = NULL;

	assert_int_equal(config_set(&c->host_key_alias, "alias"), 0);
	assert_int_equal(expand_path(c, "%k", &out), 0);
	assert_string_equal(out, "alias");
	free(out);
	assert_int_equal(config_set(&c->host_key_alias, NULL), 0);
}

/* The shell has its own idea of "~" and "${...}". */
static void
test_command(void **state)
{
	static const struct expansion cases[] = {
		{ "nc '%h' %p", "nc 'real.example' 2222", 0 },
		{ "~/bin/x ${EXPAND_UNSET} %%", "~/bin/x ${EXPAND_UNSET} %",
		    0 },
		{ "%r@%n %d", "remote@typed /home/me", 0 },
		{ "x %", NULL, SSHTAP_ERR_FORMAT },
		{ "%Z", NULL, SSHTAP_ERR_FORMAT },
	};

	CHECK(*state, cases, expand_command);
}

/* What somebody else chose must not become part of a program. */
static void
test_command_refuses_dangerous_names(void **state)
{
	static const char *const names[] = {
		"-oProxyCommand=x", "a;b", "`id`", "$(id)", "a b", "a'b",
		"a\"b", "a\nb", "a|b", "a&b", "a>b", "a<b", "a\\b", "#a", "a*",
		"~a", "(a)", "{a}", "a!"
	};
	struct config *c = *state;
	char *out = NULL;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(config_set(&c->hostname, names[i]), 0);
		assert_int_equal(expand_command(c, "nc %h", &out),
		    SSHTAP_ERR_ARGUMENT);
		assert_int_equal(expand_command(c, "nc %n", &out), 0);
		free(out);
		out = NULL;
		assert_int_equal(config_set(&c->user, names[i]), 0);
		assert_int_equal(expand_command(c, "nc '%r'", &out),
		    SSHTAP_ERR_ARGUMENT);
		assert_int_equal(config_set(&c->user, "remote"), 0);
	}
	assert_int_equal(config_set(&c->hostname, "fe80::1%eth0"), 0);
	assert_int_equal(expand_command(c, "%h", &out), 0);
	assert_string_equal(out, "fe80::1%eth0");
	free(out);
	assert_int_equal(config_set(&c->hostname, "real.example"), 0);
}

static void
test_limit(void **state)
{
	char *in, *out = NULL;

	assert_non_null(in = malloc(16384 + 2));
	memset(in, 'a', 16384 + 1);
	in[16384 + 1] = '\0';
	assert_int_equal(expand_path(*state, in, &out), SSHTAP_ERR_TOO_BIG);
	assert_int_equal(expand_path(*state, in + 1, &out), 0);
	assert_int_equal(strlen(out), 16384);
	free(out);
	free(in);
}

static void
test_shell_quote(void **state)
{
	static const char *const cases[][2] = {
		{ "", "''" },
		{ "plain-1.2_x@y:z/", "plain-1.2_x@y:z/" },
		{ "a b", "'a b'" },
		{ "it's", "'it'\\''s'" },
		{ "'", "''\\'''" },
		{ "$(x)`y`\\", "'$(x)`y`\\'" },
		{ "~x", "'~x'" },
	};
	char *out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(expand_shell_quote(cases[i][0], &out), 0);
		assert_string_equal(out, cases[i][1]);
		free(out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_local_values),
		cmocka_unit_test(test_connection_hash),
		cmocka_unit_test(test_key_alias),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_command_refuses_dangerous_names),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_shell_quote),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
