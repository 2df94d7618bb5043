/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Which addresses are possible, anywhere; and, where root may make a network
 * namespace of its own, what becomes of real interfaces of Linux there.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>

#include <arpa/inet.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"
#include "lib/err.h"
#include "tun/tap_link.h"

static struct tap_fault fault;

static struct tap_address
address(const char *text, unsigned prefix_len)
{
	struct tap_address a = { .prefix_len = prefix_len };

	a.family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(a.family, text, a.bytes), 1);
	return a;
}

/* The last call failed so, and there is a line for it that has a text. */
static void
assert_fault(int r, enum tap_step step, int error, const char *name,
    const char *has)
{
	char line[TAP_FAULT_TEXT_MAX];
	int saved_errno = errno;

	assert_int_equal(r, SSHTAP_ERR_SYSTEM);
	assert_int_equal(saved_errno, error);
	assert_int_equal(fault.error, error);
	assert_int_equal(fault.step, step);
	assert_string_equal(fault.name, name);
	(void)tap_fault_text(&fault, line, sizeof(line));
	if (strstr(line, has) == NULL)
		fail_msg("no \"%s\" in \"%s\"", has, line);
	memset(&fault, 0xff, sizeof(fault));
}

static void
test_possible_addresses(void **state)
{
	static const struct {
		const char *text;
		unsigned prefix_len;
		int error;
	} cases[] = {
		{ "10.0.0.1", 24, 0 },
		{ "10.0.0.1", 1, 0 },
		{ "10.0.0.1", 32, 0 },
		{ "10.0.0.1", 0, EINVAL },
		{ "10.0.0.1", 33, EINVAL },
		{ "10.0.0.1", UINT32_MAX, EINVAL },
		{ "0.0.0.0", 24, EADDRNOTAVAIL },
		{ "0.0.0.1", 24, EADDRNOTAVAIL },
		{ "1.0.0.0", 24, 0 },
		{ "126.255.255.255", 24, 0 },
		{ "127.0.0.1", 8, EADDRNOTAVAIL },
		{ "128.0.0.1", 8, 0 },
		{ "223.255.255.255", 24, 0 },
		{ "224.0.0.1", 24, EADDRNOTAVAIL },
		{ "255.255.255.255", 32, EADDRNOTAVAIL },
		{ "fd00::1", 64, 0 },
		{ "fd00::1", 128, 0 },
		{ "fd00::1", 129, EINVAL },
		{ "fd00::1", 0, EINVAL },
		{ "fe80::1", 64, 0 },
		{ "::", 64, EADDRNOTAVAIL },
		{ "::1", 128, EADDRNOTAVAIL },
		{ "::2", 128, 0 },
		{ "1::1", 128, 0 },
		{ "feff::", 16, 0 },
		{ "ff02::1", 64, EADDRNOTAVAIL },
	};
	struct tap_address a;
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		a = address(cases[i].text, cases[i].prefix_len);
		errno = 0;
		r = tap_address_check(&a, "tap3", &fault);
		if (cases[i].error == 0) {
			if (r != 0)
				fail_msg("%s/%u is refused", cases[i].text,
				    cases[i].prefix_len);
			continue;
		}
		assert_fault(r, TAP_STEP_INET, cases[i].error, "tap3",
		    cases[i].error != EINVAL ? "one host's" :
		    a.family == AF_INET ? "1 to 32 bits" : "1 to 128 bits");
	}
	a.family = AF_UNIX;
	assert_fault(tap_address_check(&a, "tap3", &fault), TAP_STEP_INET,
	    EAFNOSUPPORT, "tap3", "family");
}

#ifdef SSH_TUN_LINUX

#include <sys/types.h>
#include <sys/wait.h>

#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include "tun/tap_admin.h"

static bool has_namespace;

/* A network of our own, gone with the process. */
static int
set_up(void **state)
{
	(void)state;
	if (geteuid() != 0)
		print_message("not root: no network namespace\n");
	else if (unshare(CLONE_NEWNET) == -1)
		print_message("no network namespace: %s\n", strerror(errno));
	else
		has_namespace = true;
	return 0;
}

static bool
works(const char *command)
{
	return system(command) == 0;
}

static void
run(const char *command)
{
	if (!works(command))
		fail_msg("failed: %s", command);
}

static void
require_namespace(void)
{
	if (!has_namespace) {
		print_message("not root, or no network namespace\n");
		skip();
	}
	if (!works("command -v ip >/dev/null")) {
		print_message("ip is not installed\n");
		skip();
	}
}

static void
require_bridge(const char *name)
{
	char command[96];

	(void)snprintf(command, sizeof(command),
	    "ip link add %s type bridge 2>/dev/null", name);
	if (!works(command)) {
		print_message("the kernel has no bridge\n");
		skip();
	}
}

/* A device that is open; unit 3 is tap3 or tun3. */
static struct tap *
open_tap(enum tap_mode mode, unsigned mtu)
{
	struct tap_request rq = { .unit = 3, .mode = mode, .mtu = mtu };
	struct tap *t;

	if (tap_open(&rq, &t, &fault) == 0)
		return t;
	if (fault.step == TAP_STEP_DRIVER) {
		print_message("no /dev/net/tun that can be used\n");
		skip();
	}
	fail_msg("tap_open: step %d, %s", (int)fault.step,
	    strerror(fault.error));
	return NULL;
}

/* Asked of the interface, because it can be switched off for each. */
static void
require_ipv6(struct tap *t)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "ip addr add fd00::7/64 "
	    "dev %s 2>/dev/null && ip addr del fd00::7/64 dev %s",
	    tap_name(t), tap_name(t));
	if (!works(command)) {
		tap_close(t);
		print_message("IPv6 is switched off\n");
		skip();
	}
}

/* What a call does that lacks the privilege, in a process of its own. */
static void
assert_refused(int (*fn)(void), enum tap_step step)
{
	char line[TAP_FAULT_TEXT_MAX];
	int wstatus;
	pid_t pid = fork();

	if (pid == 0) {
		if (setgid(65534) == -1 || setuid(65534) == -1)
			_exit(2);
		_exit(fn() == SSHTAP_ERR_SYSTEM && errno == EPERM &&
		    fault.error == EPERM && fault.step == step &&
		    strstr(tap_fault_text(&fault, line, sizeof(line)),
		    "run as root") != NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_int_equal(wstatus, 0);
}

static void
test_up(void **state)
{
	struct tap *t;

	(void)state;
	require_namespace();
	t = open_tap(TAP_ETHERNET, 0);
	run("ip link set tap3 promisc on");
	assert_int_equal(tap_link_up("tap3", &fault), 0);
	assert_int_equal(tap_link_up("tap3", &fault), 0);
	run("ip -o link show tap3 | grep -q 'PROMISC.*UP'");
	tap_close(t);
	assert_fault(tap_link_up("tap3", &fault), TAP_STEP_UP, ENXIO, "tap3",
	    "bring up tap3");
	/* Cut, it would be the name of an interface. */
	run("ip tuntap add a23456789012345 mode tap");
	assert_fault(tap_link_up("a234567890123456", &fault), TAP_STEP_UP,
	    ENXIO, "a23456789012345", "bring up");
	run("! ip -o link show a23456789012345 | grep -q '<.*UP'");
	run("ip link del a23456789012345");
}

static int
try_up(void)
{
	return tap_link_up("tap3", &fault);
}

static int
try_address(void)
{
	struct tap_address a = address("10.0.0.9", 24);

	return tap_link_add_address("tap3", &a, NULL, &fault);
}

static int
try_remove_address(void)
{
	struct tap_address a = address("10.0.0.1", 24);

	return tap_link_remove_address("tap3", &a, &fault);
}

static int
try_join(void)
{
	return tap_link_join_bridge("tap3", "br0", NULL, &fault);
}

static int
try_leave(void)
{
	return tap_link_leave_bridge("tap3", "br0", &fault);
}

static void
test_addresses(void **state)
{
	struct tap_address a = address("10.0.0.1", 24),
	    b = address("10.0.0.2", 31);
	struct tap *t;
	bool is_new;

	(void)state;
	require_namespace();
	t = open_tap(TAP_ETHERNET, 0);
	assert_int_equal(tap_link_add_address("tap3", &a, &is_new, &fault),
	    0);
	assert_true(is_new);
	assert_int_equal(tap_link_add_address("tap3", &b, NULL, &fault), 0);
	run("ip -o addr show tap3 | grep -q "
	    "'inet 10.0.0.1/24 brd 10.0.0.255 scope global tap3'");
	run("ip -o addr show tap3 | grep -q 'inet 10.0.0.2/31 scope global'");
	/* It is for another call to bring it up. */
	run("! ip -o link show tap3 | grep -q '<.*UP'");
	assert_int_equal(tap_link_add_address("tap3", &a, &is_new, &fault),
	    0);
	assert_false(is_new);
	run("[ $(ip -o addr show tap3 | wc -l) = 2 ]");
	assert_refused(try_address, TAP_STEP_INET);
	assert_refused(try_remove_address, TAP_STEP_INET);
	assert_refused(try_up, TAP_STEP_UP);
	assert_int_equal(tap_link_remove_address("tap3", &b, &fault), 0);
	assert_int_equal(tap_link_remove_address("tap3", &b, &fault), 0);
	run("[ $(ip -o addr show tap3 | wc -l) = 1 ]");
	assert_int_equal(tap_link_remove_address("tap3", &a, &fault), 0);
	run("[ $(ip -o addr show tap3 | wc -l) = 0 ]");
	a.prefix_len = 0;
	assert_fault(tap_link_add_address("tap3", &a, NULL, &fault),
	    TAP_STEP_INET, EINVAL, "tap3", "1 to 32");
	assert_fault(tap_link_remove_address("tap3", &a, &fault),
	    TAP_STEP_INET, EINVAL, "tap3", "1 to 32");
	tap_close(t);
	assert_fault(tap_link_add_address("tap3", &b, NULL, &fault),
	    TAP_STEP_INET, ENXIO, "tap3", "tap3 has gone");
	assert_int_equal(tap_link_remove_address("tap3", &b, &fault), 0);
}

static void
test_ipv6_addresses(void **state)
{
	struct tap_address a = address("fd00::1", 64),
	    b = address("fe80::5", 64);
	struct tap *t;
	bool is_new;

	(void)state;
	require_namespace();
	t = open_tap(TAP_ETHERNET, 0);
	require_ipv6(t);
	assert_int_equal(tap_link_add_address("tap3", &a, &is_new, &fault),
	    0);
	assert_true(is_new);
	assert_int_equal(tap_link_add_address("tap3", &b, NULL, &fault), 0);
	run("ip -o addr show tap3 | grep -q 'inet6 fd00::1/64 scope global'");
	run("ip -o addr show tap3 | grep -q 'inet6 fe80::5/64 scope link'");
	assert_int_equal(tap_link_add_address("tap3", &a, &is_new, &fault),
	    0);
	assert_false(is_new);
	assert_int_equal(tap_link_remove_address("tap3", &a, &fault), 0);
	assert_int_equal(tap_link_remove_address("tap3", &a, &fault), 0);
	assert_int_equal(tap_link_remove_address("tap3", &b, &fault), 0);
	run("[ $(ip -o addr show tap3 | wc -l) = 0 ]");
	tap_close(t);
	assert_fault(tap_link_add_address("tap3", &a, NULL, &fault),
	    TAP_STEP_INET, ENXIO, "tap3", "tap3 has gone");
}

static void
test_addresses_of_point_to_point(void **state)
{
	struct tap_address a = address("10.0.0.1", 24),
	    c = address("fd00::1", 64);
	struct tap *t;

	(void)state;
	require_namespace();
	t = open_tap(TAP_POINT_TO_POINT, 0);
	assert_int_equal(tap_link_add_address("tun3", &a, NULL, &fault), 0);
	run("ip -o addr show tun3 | grep -q 'inet 10.0.0.1/24'");
	require_ipv6(t);
	assert_int_equal(tap_link_add_address("tun3", &c, NULL, &fault), 0);
	run("ip -o addr show tun3 | grep -q 'inet6 fd00::1/64'");
	tap_close(t);
}

static void
test_ipv6_that_cannot_be(void **state)
{
	struct tap_address c = address("fd00::1", 64);
	struct tap *t;

	(void)state;
	require_namespace();
	t = open_tap(TAP_ETHERNET, 0);
	require_ipv6(t);
	tap_close(t);
	t = open_tap(TAP_ETHERNET, 1279);
	assert_fault(tap_link_add_address("tap3", &c, NULL, &fault),
	    TAP_STEP_INET, ERANGE, "tap3", "tap3 is 1279");
	tap_close(t);
	t = open_tap(TAP_ETHERNET, 1280);
	assert_int_equal(tap_link_add_address("tap3", &c, NULL, &fault), 0);
	assert_int_equal(tap_link_remove_address("tap3", &c, &fault), 0);
	if (works("unshare --mount sh -c 'mount -t proc proc /proc && "
	    "echo 1 >/proc/sys/net/ipv6/conf/tap3/disable_ipv6' 2>/dev/null"))
		assert_fault(tap_link_add_address("tap3", &c, NULL, &fault),
		    TAP_STEP_INET, EACCES, "tap3", "conf.tap3.disable_ipv6");
	else
		print_message("IPv6 cannot be switched off here\n");
	tap_close(t);
}

static void
test_bridges(void **state)
{
	struct tap *t;
	bool is_new;

	(void)state;
	require_namespace();
	require_bridge("br0");
	require_bridge("br1");
	t = open_tap(TAP_ETHERNET, 0);
	assert_int_equal(tap_link_join_bridge("tap3", "br0", &is_new, &fault),
	    0);
	assert_true(is_new);
	run("ip -o link show tap3 | grep -q 'master br0 '");
	assert_int_equal(tap_link_join_bridge("tap3", "br0", &is_new, &fault),
	    0);
	assert_false(is_new);
	assert_fault(tap_link_join_bridge("tap3", "br1", NULL, &fault),
	    TAP_STEP_BRIDGE, EBUSY, "tap3", "tap3 is in another bridge");
	assert_int_equal(tap_link_leave_bridge("tap3", "br1", &fault), 0);
	run("ip -o link show tap3 | grep -q 'master br0 '");
	assert_refused(try_join, TAP_STEP_BRIDGE);
	assert_refused(try_leave, TAP_STEP_BRIDGE);
	assert_int_equal(tap_link_leave_bridge("tap3", "br0", &fault), 0);
	run("! ip -o link show tap3 | grep -q master");
	assert_int_equal(tap_link_leave_bridge("tap3", "br0", &fault), 0);
	assert_int_equal(tap_link_join_bridge("tap3", "br1", NULL, &fault),
	    0);
	tap_close(t);
	run("[ -z \"$(ip -o link show master br1)\" ]");
	run("ip link del br0 && ip link del br1");
}

static void
test_bridges_that_cannot_be(void **state)
{
	struct tap *t;

	(void)state;
	require_namespace();
	require_bridge("br0");
	t = open_tap(TAP_ETHERNET, 0);
	assert_fault(tap_link_join_bridge("tap3", "br7", NULL, &fault),
	    TAP_STEP_BRIDGE, ENODEV, "br7", "no bridge br7");
	assert_fault(tap_link_join_bridge("tap3", "", NULL, &fault),
	    TAP_STEP_BRIDGE, ENODEV, "", "no bridge");
	assert_fault(tap_link_join_bridge("tap3", "lo", NULL, &fault),
	    TAP_STEP_BRIDGE, EOPNOTSUPP, "lo", "lo is not a bridge");
	assert_fault(tap_link_leave_bridge("tap3", "lo", &fault),
	    TAP_STEP_BRIDGE, EOPNOTSUPP, "lo", "lo is not a bridge");
	assert_fault(tap_link_join_bridge("tap3", "a-bridge-too-long", NULL,
	    &fault), TAP_STEP_BRIDGE, ENODEV, "a-bridge-too-lo",
	    "no bridge a-bridge");
	assert_int_equal(tap_link_leave_bridge("tap3", "br7", &fault), 0);
	tap_close(t);
	assert_fault(tap_link_join_bridge("tap3", "br0", NULL, &fault),
	    TAP_STEP_BRIDGE, ENXIO, "tap3", "tap3 has gone");
	assert_int_equal(tap_link_leave_bridge("tap3", "br0", &fault), 0);
	t = open_tap(TAP_POINT_TO_POINT, 0);
	assert_fault(tap_link_join_bridge("tun3", "br0", NULL, &fault),
	    TAP_STEP_BRIDGE, EINVAL, "tun3", "tun3 cannot be in this bridge");
	tap_close(t);
	run("ip link del br0");
}

/* As a server asks that is to give nobody the device of another. */
static void
test_owners(void **state)
{
	struct tap_info info;
	struct tap *t;

	(void)state;
	require_namespace();
	t = open_tap(TAP_ETHERNET, 0);
	assert_int_equal(tap_show("tap3", &info), 0);
	assert_int_equal(info.owner, TAP_OWNER_LIVE);
	assert_true(info.uid == (uid_t)-1 && info.gid == (gid_t)-1);
	tap_close(t);
	assert_int_equal(tap_show("tap3", &info), SSHTAP_ERR_NOT_FOUND);
	run("ip tuntap add tap3 mode tap user 1234 && "
	    "ip tuntap add tap4 mode tap && "
	    "ip tuntap add tap5 mode tap group 4321 && "
	    "ip tuntap add tap6 mode tap user 0");
	assert_int_equal(tap_show("tap3", &info), 0);
	assert_int_equal(info.owner, TAP_OWNER_KEPT);
	assert_true(info.uid == 1234 && info.gid == (gid_t)-1);
	/* Also while it is open, and closed again. */
	t = open_tap(TAP_ETHERNET, 1400);
	assert_int_equal(tap_show("tap3", &info), 0);
	assert_int_equal(info.uid, 1234);
	assert_true(info.is_used);
	tap_close(t);
	assert_int_equal(tap_show("tap3", &info), 0);
	assert_int_equal(info.uid, 1234);
	/* It keeps what it was given. */
	assert_int_equal(info.mtu, 1400);
	assert_int_equal(tap_show("tap4", &info), 0);
	assert_true(info.uid == (uid_t)-1 && info.gid == (gid_t)-1);
	assert_int_equal(tap_show("tap5", &info), 0);
	assert_true(info.uid == (uid_t)-1 && info.gid == 4321);
	assert_int_equal(tap_show("tap6", &info), 0);
	assert_int_equal(info.uid, 0);
	assert_int_equal(tap_show("tap7", &info), SSHTAP_ERR_NOT_FOUND);
	assert_int_equal(tap_show("lo", &info), SSHTAP_ERR_NOT_FOUND);
	run("for n in 3 4 5 6; do ip link del tap$n; done");
}

#endif /* SSH_TUN_LINUX */

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_possible_addresses),
#ifdef SSH_TUN_LINUX
		cmocka_unit_test(test_up),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_ipv6_addresses),
		cmocka_unit_test(test_addresses_of_point_to_point),
		cmocka_unit_test(test_ipv6_that_cannot_be),
		cmocka_unit_test(test_bridges),
		cmocka_unit_test(test_bridges_that_cannot_be),
		cmocka_unit_test(test_owners),
#endif
	};

#ifdef SSH_TUN_LINUX
	return cmocka_run_group_tests(tests, set_up, NULL);
#else
	return cmocka_run_group_tests(tests, NULL, NULL);
#endif
}
