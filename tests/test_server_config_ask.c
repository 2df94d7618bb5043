/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What sshtapd asks its configuration: who may come in and from where, which
 * file has somebody's keys, what the interface of a unit gets, how fast it is.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "server/config.h"

static struct server_config config;

static int
set_up(void **state)
{
	*state = &config;
	return server_config_init(&config);
}

static int
tear_down(void **state)
{
	server_config_clear(*state);
	return 0;
}

/* A configuration of this text alone. */
static void
take(struct server_config *c, const char *text)
{
	struct view v = view_of_string(text);

	server_config_clear(c);
	assert_int_equal(server_config_init(c), 0);
	if (server_config_parse(c, "conf", &v) != 0)
		fail_msg("\"%s\" is refused", text);
}

static void
test_users(void **state)
{
	static const struct {
		const char *text, *user, *address;
		bool permits;
	} cases[] = {
		{ "", "root", "192.0.2.1", true },
		{ "", "root", "2001:db8::1", true },
		{ "", "bob", "192.0.2.1", false },
		{ "", "Root", "192.0.2.1", false },
		{ "", "", "192.0.2.1", false },
		{ "", "root", "", true },	/* a pipe */
		{ "", "root", "host.example", false },
		{ "", "root", "UNKNOWN", false },
		{ "AllowUsers bob", "bob", "192.0.2.1", true },
		{ "AllowUsers bob", "root", "192.0.2.1", false },
		{ "AllowUsers b*", "bob", "192.0.2.1", true },
		{ "AllowUsers b?b", "bob", "192.0.2.1", true },
		{ "AllowUsers b?", "bob", "192.0.2.1", false },
		{ "DenyUsers root", "root", "192.0.2.1", false },
		{ "DenyUsers r*\nAllowUsers root", "root", "1.2.3.4", false },
		{ "DenyUsers root@1.2.3.4", "root", "1.2.3.4", false },
		{ "DenyUsers root@1.2.3.4", "root", "1.2.3.5", true },
		{ "DenyUsers *@::ffff:1.2.3.4", "root", "1.2.3.4", false },
		{ "DenyUsers *@1.2.3.0/24", "root", "::ffff:1.2.3.4", false },
		{ "AllowUsers *@10.0.0.0/8", "x", "10.255.0.1", true },
		{ "AllowUsers *@10.0.0.0/8", "x", "11.0.0.1", false },
		{ "AllowUsers *@10.0.0.0/8", "x", "::a00:1", false },
		{ "AllowUsers *@0.0.0.0/0", "x", "::1", false },
		{ "AllowUsers *@::/0", "x", "1.2.3.4", false },
		{ "AllowUsers *@::/0", "x", "::1", true },
		{ "AllowUsers *@fe80::/10", "x", "fe80::1%eth0", true },
		{ "AllowUsers *@2001:DB8:0::1", "x", "2001:db8::1", true },
		{ "AllowUsers *@2001:DB8:*", "x", "2001:db8::1", true },
		{ "AllowUsers *@192.0.2.?", "x", "192.0.2.9", true },
		{ "AllowUsers *@192.0.2.?", "x", "192.0.2.10", false },
		{ "AllowUsers *@*", "x", "192.0.2.10", true },
		{ "AllowUsers x@y@192.0.2.1", "x@y", "192.0.2.1", true },
		{ "AllowUsers x@y@192.0.2.1", "x", "192.0.2.1", false },
		{ "AllowUsers 'a b'", "a b", "192.0.2.1", true },
		{ "AllowUsers *", "a", "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15."
		    "16.17.18.19.20.21.22.23.24.25", false },
	};
	struct server_config *c = *state;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		take(c, cases[i].text);
		if (server_config_permits_user(c, cases[i].user,
		    cases[i].address) != cases[i].permits)
			fail_msg("\"%s\" and %s from %s", cases[i].text,
			    cases[i].user, cases[i].address);
	}
}

static void
test_expansion(void **state)
{
	static const struct {
		const char *pattern, *user, *home, *path;
		int r;
	} cases[] = {
		{ ".ssh/k", "bob", "/home/bob", "/home/bob/.ssh/k", 0 },
		{ "%h/.ssh/k", "bob", "/home/bob", "/home/bob/.ssh/k", 0 },
		{ "/etc/k/%u", "bob", "/home/bob", "/etc/k/bob", 0 },
		{ "/etc/k/%U.%%", "bob", "/", "/etc/k/4294967294.%", 0 },
		{ "%u", "bob", "/h", "/h/bob", 0 },
		{ "%u", "%h", "/h", "/h/%h", 0 },
		{ "/%u", "bob", "", "/bob", 0 },
		{ "k", "bob", "", NULL, SSHTAP_ERR_ARGUMENT },
		{ "%h/k", "bob", "", NULL, SSHTAP_ERR_ARGUMENT },
		{ "/etc%h", "bob", "home", NULL, SSHTAP_ERR_ARGUMENT },
		{ "/%u", "", "/h", NULL, SSHTAP_ERR_ARGUMENT },
		{ "/%u", ".", "/h", NULL, SSHTAP_ERR_ARGUMENT },
		{ "/%u", "..", "/h", NULL, SSHTAP_ERR_ARGUMENT },
		{ "/%u", "a/b", "/h", NULL, SSHTAP_ERR_ARGUMENT },
		{ "%", "bob", "/h", NULL, SSHTAP_ERR_FORMAT },
		{ "/%", "bob", "/h", NULL, SSHTAP_ERR_FORMAT },
		{ "/%d", "bob", "/h", NULL, SSHTAP_ERR_FORMAT },
	};
	char home[SERVER_CONFIG_PATH_MAX + 1], *path;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		path = NULL;
		assert_int_equal(server_config_expand(cases[i].pattern,
		    cases[i].user, cases[i].home, 4294967294u, &path),
		    cases[i].r);
		if (cases[i].path != NULL)
			assert_string_equal(path, cases[i].path);
		free(path);
	}
	memset(home, 'h', sizeof(home));
	home[0] = '/';
	home[SERVER_CONFIG_PATH_MAX - 2] = '\0';
	assert_int_equal(server_config_expand("k", "bob", home, 0, &path), 0);
	assert_int_equal(strlen(path), SERVER_CONFIG_PATH_MAX);
	free(path);
	assert_int_equal(server_config_expand("kk", "bob", home, 0, &path),
	    SSHTAP_ERR_TOO_BIG);
}

static void
assert_address(const struct server_config_address *a, const char *text,
    unsigned prefix_len)
{
	char s[IPADDR_TEXT_SIZE];

	ipaddr_format(&a->ip, s);
	assert_string_equal(s, text);
	assert_int_equal(a->prefix_len, prefix_len);
}

static void
test_tunnels(void **state)
{
	struct server_config *c = *state;
	struct server_config_tunnel t;

	take(c, "TunnelBridge none 3\nTunnelBridge br1 2-4 9\n"
	    "TunnelBridge br0\nTunnelBridge br9 7\n"
	    "TunnelMTU 1400 0 2-3\nTunnelMTU 1300 3\n"
	    "TunnelAddress 10.0.0.1/24 2\nTunnelAddress 10.0.1.1/24 3\n"
	    "TunnelAddress 2001:db8::1/64 2\nTunnelAddress 10.0.0.1/24 9\n");
	server_config_tunnel(c, 0, &t);
	assert_string_equal(t.bridge, "br0");
	assert_int_equal(t.mtu, 1400);
	assert_int_equal(t.n, 0);
	server_config_tunnel(c, 2, &t);
	assert_string_equal(t.bridge, "br1");
	assert_int_equal(t.mtu, 1400);
	assert_int_equal(t.n, 2);
	assert_address(t.address[0], "10.0.0.1", 24);
	assert_address(t.address[1], "2001:db8::1", 64);
	server_config_tunnel(c, 3, &t);
	assert_null(t.bridge);
	assert_int_equal(t.mtu, 1400);
	assert_int_equal(t.n, 1);
	server_config_tunnel(c, 4, &t);
	assert_string_equal(t.bridge, "br1");
	assert_int_equal(t.mtu, 0);
	server_config_tunnel(c, 7, &t);
	assert_string_equal(t.bridge, "br0");
	server_config_tunnel(c, 9, &t);
	assert_string_equal(t.bridge, "br1");
	server_config_tunnel(c, TAP_UNIT_MAX, &t);
	assert_string_equal(t.bridge, "br0");
	assert_int_equal(t.mtu, 0);
}

#define WITH_CONFIG(t)	cmocka_unit_test_setup_teardown(t, set_up, tear_down)

static void
test_speed(void **state)
{
	struct server_config *c = *state;

	take(c, "");
	assert_string_equal(c->congestion, "cubic");
	assert_false(c->congestion_is_chosen);
	assert_true(c->offload);
	assert_int_equal(c->busy_poll, 0);
	take(c, "TCPCongestion bbr\nTCPCongestion reno\nTunnelOffload no\n"
	    "BusyPoll 1000\n");
	assert_string_equal(c->congestion, "bbr");
	assert_true(c->congestion_is_chosen);
	assert_false(c->offload);
	assert_int_equal(c->busy_poll, 1000);
	take(c, "TCPCongestion system");
	assert_null(c->congestion);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CONFIG(test_users),
		WITH_CONFIG(test_expansion),
		WITH_CONFIG(test_tunnels),
		WITH_CONFIG(test_speed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
