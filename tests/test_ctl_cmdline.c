/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The command line of tapctl, its methods, and what OpenVPN's environment
 * says: what is understood, and one line for each thing that is not.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/cmdline.h"
#include "ctl/value.h"
#include "lib/err.h"
#include "lib/log.h"

#define WORDS_MAX	16

static char last_line[LOG_LINE_MAX + 1];
static unsigned lines;

static char words[1024];	/* what argv points into */
static char *argv[WORDS_MAX + 2];

static const char *const variables[] = {
	"TUNTAP_SOCKET_FD", "TUNTAP_DEV_TYPE", "TUNTAP_MTU", "TUNTAP_LLADDR",
};

static const char *const inet_variables[] = {
	"ifconfig_local", "ifconfig_netmask", "ifconfig_ipv6_local",
	"ifconfig_ipv6_netbits",
};

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
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		assert_int_equal(unsetenv(variables[i]), 0);
		assert_int_equal(unsetenv(inet_variables[i]), 0);
	}
	lines = 0;
	log_set(LOG_LEVEL_DEBUG, keep_line, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	log_set(LOG_LEVEL_QUIET, NULL, NULL);
	return 0;
}

/* line: separated by single '|', the program's name left out. */
static int
parse(const char *line, struct cmdline *c)
{
	static char name[] = "tapctl";
	char *at = words;
	int argc = 0;

	assert_true(strlen(line) < sizeof(words));
	strcpy(words, line);
	argv[argc++] = name;
	while (at != NULL && *line != '\0') {
		assert_true(argc <= WORDS_MAX);
		argv[argc++] = strsep(&at, "|");
	}
	argv[argc] = NULL;
	return cmdline_parse(argc, argv, c);
}

static void
assert_parsed(const char *line, struct cmdline *c)
{
	if (parse(line, c) != 0)
		fail_msg("%s: %s", line, last_line);
	assert_int_equal(lines, 0);
}

static void
assert_refused(const char *line, const char *needle)
{
	struct cmdline c;

	lines = 0;
	assert_int_equal(parse(line, &c), SSHTAP_ERR_FORMAT);
	assert_int_equal(lines, 1);
	if (strstr(last_line, needle) == NULL)
		fail_msg("%s: \"%s\" is not in \"%s\"", line, needle,
		    last_line);
}

static void
test_commands(void **state)
{
	struct cmdline c;

	(void)state;
	assert_parsed("list", &c);
	assert_int_equal(c.command, CMDLINE_LIST);
	assert_false(c.json);
	assert_parsed("list|--json", &c);
	assert_true(c.json);
	assert_parsed("show|tap3|--json", &c);
	assert_int_equal(c.command, CMDLINE_SHOW);
	assert_int_equal(c.n_names, 1);
	assert_string_equal(c.names[0], "tap3");
	assert_true(c.json);
	assert_parsed("destroy|a|b|c", &c);
	assert_int_equal(c.command, CMDLINE_DESTROY);
	assert_int_equal(c.n_names, 3);
	assert_string_equal(c.names[2], "c");
	assert_parsed("cleanup|--dry-run|--json", &c);
	assert_int_equal(c.command, CMDLINE_CLEANUP);
	assert_true(c.dry_run && c.json);
	assert_parsed("help", &c);
	assert_int_equal(c.command, CMDLINE_HELP);
	assert_parsed("--help", &c);
	assert_int_equal(c.command, CMDLINE_HELP);
	assert_parsed("-V", &c);
	assert_int_equal(c.command, CMDLINE_VERSION);
}

static void
test_create(void **state)
{
	static const uint8_t lladdr[] = { 0x02, 0xab, 0x5e, 0xCD, 0x53, 0xff };
	struct cmdline c;

	(void)state;
	assert_parsed("create", &c);
	assert_int_equal(c.command, CMDLINE_CREATE);
	assert_int_equal(c.request.unit, TAP_UNIT_ANY);
	assert_int_equal(c.request.mode, TAP_ETHERNET);
	assert_int_equal(c.request.mtu, 0);
	assert_true(c.request.up);
	assert_false(c.request.has_lladdr);
	assert_true(c.uid == (uid_t)-1);
	assert_parsed("create|-u|7|-m1400|-a|02:AB:5e:cD:53:ff|-o|12021|--down"
	    "|--json", &c);
	assert_int_equal(c.request.unit, 7);
	assert_int_equal(c.request.mtu, 1400);
	assert_true(c.request.has_lladdr);
	assert_memory_equal(c.request.lladdr, lladdr, sizeof(lladdr));
	assert_int_equal(c.uid, 12021);
	assert_false(c.request.up);
	assert_true(c.json);
	assert_parsed("create|-u|any|-o|root", &c);
	assert_int_equal(c.request.unit, TAP_UNIT_ANY);
	assert_int_equal(c.uid, 0);
	assert_parsed("create|-u|0|-m|68", &c);
	assert_int_equal(c.request.unit, 0);
	assert_parsed("create|-u|2147483645|-m|65535", &c);
	assert_int_equal(c.request.unit, TAP_UNIT_MAX);
	assert_int_equal(c.request.mtu, 65535);
}

static void
test_words_and_options_mix(void **state)
{
	struct cmdline c;

	(void)state;
	assert_parsed("serve|-u|1|stdio|-m|1500", &c);
	assert_int_equal(c.command, CMDLINE_SERVE);
	assert_int_equal(c.method.kind, METHOD_STDIO);
	assert_int_equal(c.request.unit, 1);
	assert_int_equal(c.request.mtu, 1500);
	assert_null(c.bridge);
	assert_parsed("serve|stdio|-b|br0", &c);
	assert_string_equal(c.bridge, "br0");
	assert_parsed("destroy|--|-a|--", &c);
	assert_int_equal(c.n_names, 2);
	assert_string_equal(c.names[0], "-a");
	assert_string_equal(c.names[1], "--");
}

static void
test_refused_words(void **state)
{
	(void)state;
	assert_refused("", "command is missing");
	assert_refused("lists", "no command \"lists\"");
	assert_refused("list|tap0", "\"tap0\"");
	assert_refused("show", "needs the name");
	assert_refused("show|tap0|tap1", "\"tap1\"");
	assert_refused("destroy", "needs the name");
	assert_refused("serve", "needs the method");
	assert_refused("serve|stdio|stdio", "\"stdio\"");
	assert_refused("list|-u|1", "list has no option -u");
	assert_refused("list|--jso", "no option --jso");
	assert_refused("list|--jsonx", "no option --jsonx");
	assert_refused("serve|--json|stdio", "no option --json");
	assert_refused("create|-k", "no option -k");
	assert_refused("create|-", "no option -");
	assert_refused("create|-u", "-u needs a unit number");
	assert_refused("create|-a|", "-a needs an Ethernet address");
	assert_refused("create|-b|br0", "no option -b");
	assert_refused("serve|stdio|-b", "-b needs a bridge");
}

static void
test_refused_values(void **state)
{
	(void)state;
	assert_refused("create|-u|007", "without leading zeros");
	assert_refused("create|-u|-1", "\"-1\"");
	assert_refused("create|-u|1x", "\"1x\"");
	assert_refused("create|-u|0x1", "0x1");
	assert_refused("create|-u|+1", "+1");
	assert_refused("create|-u|2147483646", "from 0 to 2147483645");
	assert_refused("create|-u|99999999999999999999", "999999");
	assert_refused("create|-m|67", "from 68 to 65535");
	assert_refused("create|-m|65536", "from 68 to 65535");
	assert_refused("create|-m|1500 ", "1500 ");
	assert_refused("create|-o|no such user", "no such user");
	assert_refused("create|-o|4294967295", "no such user");
	assert_refused("create|-a|03:00:5e:00:53:01", "multicast");
	assert_refused("create|-a|ff:ff:ff:ff:ff:ff", "multicast");
	assert_refused("create|-a|00:00:00:00:00:00", "zeros");
	assert_refused("create|-a|02:00:5e:00:53", "expected an Ethernet");
	assert_refused("create|-a|02:00:5e:00:53:01:", "expected an Ethernet");
	assert_refused("create|-a|02:00:5e:00:53:0g", "expected an Ethernet");
	assert_refused("create|-a|02-00-5e-00-53-01", "expected an Ethernet");
	assert_refused("create|-a|2:0:5e:0:53:1xxxxx", "expected an Ethernet");
	assert_refused("create|-a|02:00:5e:00:53:0", "expected an Ethernet");
	assert_refused("serve|stdio|-b|a/b", "no name of an interface");
	assert_refused("serve|stdio|-b|a234567890123456", "no name of an");
}

static void
test_methods(void **state)
{
	struct method m;

	(void)state;
	assert_int_equal(method_parse("stream:/run/a", &m), 0);
	assert_int_equal(m.kind, METHOD_STREAM);
	assert_int_equal(m.way, METHOD_LISTEN);
	assert_string_equal(m.path, "/run/a");
	assert_int_equal(method_parse("stream:connect:b", &m), 0);
	assert_int_equal(m.way, METHOD_CONNECT);
	assert_string_equal(m.path, "b");
	assert_int_equal(method_parse("stream:./connect:b", &m), 0);
	assert_int_equal(m.way, METHOD_LISTEN);
	assert_int_equal(method_parse("stream:fd:12", &m), 0);
	assert_int_equal(m.way, METHOD_INHERIT);
	assert_int_equal(m.fd, 12);
	assert_int_equal(method_parse("dgram:/a,/b", &m), 0);
	assert_int_equal(m.kind, METHOD_DGRAM);
	assert_int_equal(m.way, METHOD_LISTEN);
	assert_string_equal(m.path, "/a");
	assert_string_equal(m.remote, "/b");
	assert_int_equal(method_parse("dgram:/a", &m), 0);
	assert_string_equal(m.path, "/a");
	assert_string_equal(m.remote, "");
	assert_int_equal(method_parse("dgram:fd:0", &m), 0);
	assert_int_equal(m.way, METHOD_INHERIT);
	assert_int_equal(m.fd, 0);
	assert_int_equal(method_parse("stdio", &m), 0);
	assert_int_equal(m.kind, METHOD_STDIO);
	assert_int_equal(lines, 0);
}

static void
test_refused_methods(void **state)
{
	(void)state;
	assert_refused("serve|vde", "no method \"vde\"");
	assert_refused("serve|stream", "no method");
	assert_refused("serve|stdio:", "no method");
	assert_refused("serve|stream:", "path of a socket is missing");
	assert_refused("serve|stream:connect:", "path of a socket is missing");
	assert_refused("serve|dgram:,/b", "path of a socket is missing");
	assert_refused("serve|dgram:/a,", "path of a socket is missing");
	assert_refused("serve|stream:fd:", "expected the number");
	assert_refused("serve|stream:fd:3x", "\"3x\"");
	assert_refused("serve|dgram:fd:-1", "\"-1\"");
	assert_refused("serve|dgram:fd:2147483648", "2147483648");
	assert_refused("serve|-k|stdio", "-k");
	assert_refused("serve|--keep|stream:connect:/a", "-k");
	assert_refused("serve|-k|dgram:/a", "-k");
}

/* One byte of the address is for the NUL. */
static void
test_length_of_paths(void **state)
{
	char line[METHOD_PATH_SIZE + 16] = "stream:";
	struct method m;

	(void)state;
	memset(line + 7, 'a', METHOD_PATH_SIZE - 1);
	assert_int_equal(method_parse(line, &m), 0);
	assert_int_equal(strlen(m.path), METHOD_PATH_SIZE - 1);
	line[7 + METHOD_PATH_SIZE - 1] = 'a';
	assert_int_equal(method_parse(line, &m), SSHTAP_ERR_FORMAT);
	assert_non_null(strstr(last_line, "at most"));
	memcpy(line, "dgram:,", 7);
	line[6] = 'a';
	assert_int_equal(method_parse(line, &m), SSHTAP_ERR_FORMAT);
	memcpy(line, "dgram:a", 7);
	line[7] = ',';
	assert_int_equal(method_parse(line, &m), 0);
	assert_int_equal(strlen(m.remote), METHOD_PATH_SIZE - 1);
}

static void
set_openvpn(const char *fd, const char *type, const char *mtu,
    const char *lladdr)
{
	const char *values[] = { fd, type, mtu, lladdr };
	size_t i;

	for (i = 0; i < 4; i++) {
		assert_int_equal(unsetenv(variables[i]), 0);
		if (values[i] != NULL)
			assert_int_equal(setenv(variables[i], values[i], 1),
			    0);
	}
}

static void
set_inet(const char *inet, const char *mask, const char *inet6,
    const char *bits)
{
	const char *values[] = { inet, mask, inet6, bits };
	size_t i;

	for (i = 0; i < 4; i++)
		assert_int_equal(setenv(inet_variables[i], values[i], 1), 0);
}

static void
test_openvpn(void **state)
{
	struct cmdline c;

	(void)state;
	set_openvpn("5", "tap", NULL, NULL);
	assert_parsed("serve|openvpn", &c);
	assert_int_equal(c.method.kind, METHOD_OPENVPN);
	assert_int_equal(c.method.way, METHOD_INHERIT);
	assert_int_equal(c.method.fd, 5);
	assert_int_equal(c.request.mtu, 0);
	assert_false(c.request.has_lladdr);
	/* It starts programs without arguments. */
	set_openvpn("6", "tap", "1400", "02:00:5e:00:53:07");
	assert_parsed("", &c);
	assert_int_equal(c.command, CMDLINE_SERVE);
	assert_int_equal(c.method.kind, METHOD_OPENVPN);
	assert_int_equal(c.method.fd, 6);
	assert_int_equal(c.request.unit, TAP_UNIT_ANY);
	assert_int_equal(c.request.mtu, 1400);
	assert_true(c.request.has_lladdr && c.request.up);
	assert_int_equal(c.request.lladdr[5], 7);
	/* What was asked for on the command line counts more. */
	assert_parsed("serve|-m|1300|-a|02:00:5e:00:53:08|openvpn", &c);
	assert_int_equal(c.request.mtu, 1300);
	assert_int_equal(c.request.lladdr[5], 8);
	set_openvpn("6", "tap", "", "");
	assert_parsed("serve|openvpn", &c);
	assert_int_equal(c.request.mtu, 0);
}

static void
test_refused_openvpn(void **state)
{
	(void)state;
	assert_refused("serve|openvpn", "TUNTAP_SOCKET_FD is not set");
	set_openvpn("5", NULL, NULL, NULL);
	assert_refused("serve|openvpn", "TUNTAP_DEV_TYPE is not set");
	set_openvpn("5", "tun", NULL, NULL);
	assert_refused("serve|openvpn", "only Ethernet");
	assert_refused("", "only Ethernet");
	set_openvpn("five", "tap", NULL, NULL);
	assert_refused("serve|openvpn", "TUNTAP_SOCKET_FD \"five\"");
	set_openvpn("5", "tap", "99999", NULL);
	assert_refused("serve|openvpn", "TUNTAP_MTU \"99999\"");
	set_openvpn("5", "tap", NULL, "01:00:5e:00:53:07");
	assert_refused("serve|openvpn", "multicast");
}

static void
assert_mask(const char *mask, unsigned prefix_len)
{
	struct cmdline c;

	set_inet("192.0.2.7", mask, "", "");
	assert_parsed("serve|openvpn", &c);
	assert_int_equal(c.method.n_addresses, 1);
	assert_int_equal(c.method.addresses[0].family, AF_INET);
	assert_int_equal(c.method.addresses[0].prefix_len, prefix_len);
	assert_memory_equal(c.method.addresses[0].bytes, "\300\0\2\7", 4);
}

static void
test_openvpn_addresses(void **state)
{
	const struct tap_address *a;
	struct cmdline c;

	(void)state;
	set_openvpn("5", "tap", NULL, NULL);
	assert_parsed("serve|openvpn", &c);
	assert_int_equal(c.method.n_addresses, 0);
	assert_mask("255.255.255.0", 24);
	assert_mask("255.255.255.254", 31);
	assert_mask("255.255.255.255", 32);
	assert_mask("128.0.0.0", 1);
	/* No interface can have that, which is not for us to say. */
	assert_mask("0.0.0.0", 0);
	set_inet("192.0.2.7", "255.255.0.0", "2001:db8::7", "64");
	assert_parsed("", &c);
	assert_int_equal(c.method.n_addresses, 2);
	assert_int_equal(c.method.addresses[0].prefix_len, 16);
	a = &c.method.addresses[1];
	assert_int_equal(a->family, AF_INET6);
	assert_int_equal(a->prefix_len, 64);
	assert_memory_equal(a->bytes, "\40\1\15\270\0\0\0\0", 8);
	assert_int_equal(a->bytes[15], 7);
	set_inet("", "", "2001:db8::7", "128");
	assert_parsed("", &c);
	assert_int_equal(c.method.n_addresses, 1);
	assert_int_equal(c.method.addresses[0].family, AF_INET6);
	/* As of tun devices, which have a remote end instead of a mask. */
	set_inet("192.0.2.7", "", "", "");
	assert_parsed("", &c);
	assert_int_equal(c.method.n_addresses, 0);
	/* They are OpenVPN's, and nobody else's. */
	set_inet("192.0.2.7", "255.255.255.0", "", "");
	assert_parsed("serve|stdio", &c);
	assert_int_equal(c.method.n_addresses, 0);
}

static void
test_refused_openvpn_addresses(void **state)
{
	(void)state;
	set_openvpn("5", "tap", NULL, NULL);
	set_inet("192.0.2", "255.255.255.0", "", "");
	assert_refused("", "ifconfig_local \"192.0.2\"");
	set_inet("192.0.2.7", "255.255.255", "", "");
	assert_refused("", "ifconfig_netmask \"255.255.255\"");
	set_inet("192.0.2.7", "255.0.255.0", "", "");
	assert_refused("", "expected a mask");
	set_inet("192.0.2.7", "0.0.0.1", "", "");
	assert_refused("", "expected a mask");
	set_inet("", "", "2001:db8:::7", "64");
	assert_refused("", "ifconfig_ipv6_local \"2001:db8:::7\"");
	set_inet("", "", "2001:db8::7", "129");
	assert_refused("", "ifconfig_ipv6_netbits \"129\"");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_commands, set_up),
		cmocka_unit_test_setup(test_create, set_up),
		cmocka_unit_test_setup(test_words_and_options_mix, set_up),
		cmocka_unit_test_setup(test_refused_words, set_up),
		cmocka_unit_test_setup(test_refused_values, set_up),
		cmocka_unit_test_setup(test_methods, set_up),
		cmocka_unit_test_setup(test_refused_methods, set_up),
		cmocka_unit_test_setup(test_length_of_paths, set_up),
		cmocka_unit_test_setup(test_openvpn, set_up),
		cmocka_unit_test_setup(test_refused_openvpn, set_up),
		cmocka_unit_test_setup(test_openvpn_addresses, set_up),
		cmocka_unit_test_setup(test_refused_openvpn_addresses,
		    set_up),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
