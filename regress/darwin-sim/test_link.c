/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What ifconfig(8) is told by tun/tap_link_darwin.c, and what its answers are
 * taken for, with scripts that stand for it; then, where root may make a
 * network namespace, with the one that makes it true.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>
#include <sys/stat.h>

#include <arpa/inet.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "regress/darwin-sim/mac_util.h"
#include "regress/darwin-sim/pair_util.h"
#include "tun/tap_link.h"

static struct tap_fault fault;
static char dir[] = "/tmp/test_link.XXXXXX";
static char script[64], told[64];

/* === Help === */

static struct tap_address
address(const char *text, unsigned prefix_len)
{
	struct tap_address a = { .prefix_len = prefix_len };

	a.family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(a.family, text, a.bytes), 1);
	return a;
}

/*
 * What ifconfig is from now on: notes its words and its environment, says
 * something on its standard error and ends with a status.
 */
static void
ifconfig_says(const char *text, int status)
{
	FILE *f = fopen(script, "w");

	assert_non_null(f);
	(void)fprintf(f, "#!/bin/sh\n"
	    "echo \"$# $*\" >>%s\n"
	    "env | grep -v '^PWD=\\|^_=\\|^SHLVL=\\|^OLDPWD=' | sort >>%s\n"
	    "files=$(ls -l /proc/$$/fd 2>/dev/null |"
	    " sed -n 's/.* \\([01]\\) -> /\\1 /p')\n"
	    "echo \"$files\" >>%s\n"
	    "printf '%s' >&2\nexit %d\n", told, told, told, text, status);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(script, 0755), 0);
	(void)unlink(told);
}

/* It was run once, with these words; NULL: it was not. */
static void
assert_told(const char *words)
{
	char expected[512], found[512] = "";
	FILE *f = fopen(told, "r");
	size_t n;

	if (words == NULL) {
		assert_null(f);
		return;
	}
	assert_non_null(f);
	n = fread(found, 1, sizeof(found) - 1, f);
	found[n] = '\0';
	(void)fclose(f);
	(void)unlink(told);
	(void)snprintf(expected, sizeof(expected), "%s\nLC_ALL=C\n"
	    "PATH=/usr/bin:/bin:/usr/sbin:/sbin\n0 /dev/null\n"
	    "1 /dev/null\n", words);
	assert_string_equal(found, expected);
}

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

static int
set_up(void **state)
{
	(void)state;
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(dir));
	(void)snprintf(script, sizeof(script), "%s/ifconfig", dir);
	(void)snprintf(told, sizeof(told), "%s/told", dir);
	assert_int_equal(setenv("DARWIN_SIM_IFCONFIG", script, 1), 0);
	ifconfig_says("", 0);
	mac_boot("");
	other_create("feth5");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	mac_halt();
	(void)unlink(script);
	(void)unlink(told);
	(void)rmdir(dir);
	return 0;
}

/* === What it is told === */

static void
test_words(void **state)
{
	struct tap_address a = address("10.1.2.3", 24),
	    b = address("fd00::1", 64);
	bool is_new = false;

	(void)state;
	assert_int_equal(tap_link_add_address("feth5", &a, &is_new, &fault),
	    0);
	assert_true(is_new);
	assert_told("4 feth5 inet 10.1.2.3/24 alias");
	assert_int_equal(tap_link_add_address("feth5", &b, NULL, &fault), 0);
	assert_told("4 feth5 inet6 fd00::1/64 alias");
	assert_int_equal(tap_link_remove_address("feth5", &a, &fault), 0);
	assert_told("4 feth5 inet 10.1.2.3 -alias");
	assert_int_equal(tap_link_remove_address("feth5", &b, &fault), 0);
	assert_told("4 feth5 inet6 fd00::1 -alias");
	assert_int_equal(tap_link_join_bridge("feth5", "bridge0", &is_new,
	    &fault), 0);
	assert_true(is_new);
	assert_told("3 bridge0 addm feth5");
	assert_int_equal(tap_link_leave_bridge("feth5", "bridge0", &fault),
	    0);
	assert_told("3 bridge0 deletem feth5");
}

/* The other end of a point-to-point device is itself. */
static void
test_words_of_point_to_point(void **state)
{
	struct tap_request rq = { .unit = 7, .mode = TAP_POINT_TO_POINT };
	struct tap_address a = address("10.1.2.3", 24),
	    b = address("fd00::1", 64);
	struct tap *t;

	(void)state;
	assert_int_equal(tap_open(&rq, &t, &fault), 0);
	assert_int_equal(tap_link_add_address("utun7", &a, NULL, &fault), 0);
	assert_told("5 utun7 inet 10.1.2.3/24 10.1.2.3 alias");
	assert_int_equal(tap_link_add_address("utun7", &b, NULL, &fault), 0);
	assert_told("4 utun7 inet6 fd00::1/64 alias");
	assert_int_equal(tap_link_remove_address("utun7", &a, &fault), 0);
	assert_told("4 utun7 inet 10.1.2.3 -alias");
	tap_close(t);
}

/* No word of these reaches it. */
static void
test_what_it_is_not_told(void **state)
{
	static const char *const names[] = { "", "-a", "feth", "5", "feth5 ",
	    "feth5\n", "feth5;", "feth5/", "Feth5", "f5th5",
	    "feth100000000000", "feth99" };
	struct tap_address a = address("10.1.2.3", 24);
	char name[TAP_NAME_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s", names[i]);
		assert_fault(tap_link_add_address(names[i], &a, NULL, &fault),
		    TAP_STEP_INET, ENXIO, name, "has gone");
		assert_int_equal(tap_link_remove_address(names[i], &a,
		    &fault), 0);
		assert_fault(tap_link_join_bridge(names[i], "bridge0", NULL,
		    &fault), TAP_STEP_BRIDGE, ENXIO, name, "has gone");
		assert_int_equal(tap_link_leave_bridge(names[i], "bridge0",
		    &fault), 0);
		assert_fault(tap_link_join_bridge("feth5", names[i], NULL,
		    &fault), TAP_STEP_BRIDGE, ENODEV, name, "no bridge");
		assert_int_equal(tap_link_leave_bridge("feth5", names[i],
		    &fault), 0);
		assert_fault(tap_link_up(names[i], &fault), TAP_STEP_UP,
		    ENXIO, name, "bring up");
	}
	assert_fault(tap_link_join_bridge("feth5", "en0", NULL, &fault),
	    TAP_STEP_BRIDGE, EOPNOTSUPP, "en0", "en0 is not a bridge");
	assert_fault(tap_link_leave_bridge("feth5", "en0", &fault),
	    TAP_STEP_BRIDGE, EOPNOTSUPP, "en0", "en0 is not a bridge");
	a.prefix_len = 33;
	assert_fault(tap_link_add_address("feth5", &a, NULL, &fault),
	    TAP_STEP_INET, EINVAL, "feth5", "1 to 32");
	assert_fault(tap_link_remove_address("feth5", &a, &fault),
	    TAP_STEP_INET, EINVAL, "feth5", "1 to 32");
	assert_told(NULL);
}

static void
test_up(void **state)
{
	(void)state;
	assert_int_equal(darwin_interface_is_up("feth5"), 0);
	assert_int_equal(tap_link_up("feth5", &fault), 0);
	assert_int_equal(darwin_interface_is_up("feth5"), 1);
	other_down("feth5");
	mac_be_root(0);
	assert_fault(tap_link_up("feth5", &fault), TAP_STEP_UP, EPERM,
	    "feth5", "run as root");
	mac_be_root(1);
	assert_told(NULL);
}

/* === What it says === */

static void
test_failures_of_addresses(void **state)
{
	static const struct {
		const char *said;
		int error;
		const char *has;
	} cases[] = {
		{ "ifconfig: ioctl (SIOCAIFADDR): permission denied\\n",
		    EPERM, "run as root" },
		{ "ifconfig: ioctl (SIOCAIFADDR): Can\\047t assign requested "
		    "address\\n", EADDRNOTAVAIL, "one host's" },
		{ "ifconfig: ioctl (SIOCAIFADDR): Invalid argument\\nmore\\n",
		    EINVAL, "feth5 cannot have this" },
		{ "ifconfig: interface feth5 does not exist\\n", ENXIO,
		    "has gone" },
		{ "ifconfig: ioctl (SIOCAIFADDR): no such interface", ENXIO,
		    "has gone" },
		{ "ifconfig: socket: Address family not supported by "
		    "protocol family\\n", EAFNOSUPPORT, "family" },
		{ "ifconfig: something \\033[31mnew\\nInvalid argument\\n",
		    EIO, "IP addresses of feth5" },
		{ "", EIO, "IP addresses of feth5" },
	};
	struct tap_address a = address("10.1.2.3", 24);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ifconfig_says(cases[i].said, 1);
		assert_fault(tap_link_add_address("feth5", &a, NULL, &fault),
		    TAP_STEP_INET, cases[i].error, "feth5", cases[i].has);
	}
	/* What it says while it succeeds is of no interest. */
	ifconfig_says("ifconfig: Invalid argument\\n", 0);
	assert_int_equal(tap_link_add_address("feth5", &a, NULL, &fault), 0);
	/* Gone already. */
	ifconfig_says("ifconfig: ioctl (SIOCDIFADDR): Can\\047t assign "
	    "requested address\\n", 1);
	assert_int_equal(tap_link_remove_address("feth5", &a, &fault), 0);
	ifconfig_says("ifconfig: interface feth5 does not exist\\n", 1);
	assert_int_equal(tap_link_remove_address("feth5", &a, &fault), 0);
	ifconfig_says("ifconfig: ioctl (SIOCDIFADDR): permission denied\\n",
	    1);
	assert_fault(tap_link_remove_address("feth5", &a, &fault),
	    TAP_STEP_INET, EPERM, "feth5", "run as root");
}

static void
test_mtu_below_ipv6(void **state)
{
	struct tap_address a = address("10.1.2.3", 24),
	    b = address("fd00::1", 64);

	(void)state;
	ifconfig_says("ifconfig: ioctl (SIOCAIFADDR_IN6): "
	    "Invalid argument\\n", 1);
	assert_int_equal(darwin_interface_set_mtu("feth5", 1279), 0);
	assert_fault(tap_link_add_address("feth5", &b, NULL, &fault),
	    TAP_STEP_INET, ERANGE, "feth5", "feth5 is 1279");
	assert_fault(tap_link_add_address("feth5", &a, NULL, &fault),
	    TAP_STEP_INET, EINVAL, "feth5", "cannot have");
	assert_int_equal(darwin_interface_set_mtu("feth5", 1280), 0);
	assert_fault(tap_link_add_address("feth5", &b, NULL, &fault),
	    TAP_STEP_INET, EINVAL, "feth5", "cannot have");
}

static void
test_failures_of_bridges(void **state)
{
	static const struct {
		const char *said;
		int error;
		const char *name;
		const char *has;
	} cases[] = {
		{ "ifconfig: interface bridge0 does not exist\\n", ENODEV,
		    "bridge0", "no bridge bridge0" },
		{ "ifconfig: BRDGADD feth5: Resource busy\\n", EBUSY, "feth5",
		    "in another bridge" },
		{ "ifconfig: BRDGADD feth5: Operation not permitted\\n",
		    EPERM, "feth5", "run as root" },
		{ "ifconfig: BRDGADD feth5: Invalid argument\\n", EINVAL,
		    "feth5", "MTU of the bridge" },
		{ "ifconfig: BRDGADD feth5: No such file or directory\\n",
		    ENXIO, "feth5", "has gone" },
		{ "what\\n", EIO, "feth5", "the bridge of feth5" },
	};
	bool is_new = true;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ifconfig_says(cases[i].said, 1);
		assert_fault(tap_link_join_bridge("feth5", "bridge0", NULL,
		    &fault), TAP_STEP_BRIDGE, cases[i].error, cases[i].name,
		    cases[i].has);
	}
	ifconfig_says("ifconfig: BRDGADD feth5: File exists\\n", 1);
	assert_int_equal(tap_link_join_bridge("feth5", "bridge0", &is_new,
	    &fault), 0);
	assert_false(is_new);
	ifconfig_says("ifconfig: BRDGDEL feth5: No such file or "
	    "directory\\n", 1);
	assert_int_equal(tap_link_leave_bridge("feth5", "bridge0", &fault),
	    0);
	ifconfig_says("ifconfig: interface bridge0 does not exist\\n", 1);
	assert_int_equal(tap_link_leave_bridge("feth5", "bridge0", &fault),
	    0);
	ifconfig_says("ifconfig: BRDGDEL feth5: Operation not permitted\\n",
	    1);
	assert_fault(tap_link_leave_bridge("feth5", "bridge0", &fault),
	    TAP_STEP_BRIDGE, EPERM, "feth5", "run as root");
}

static void
test_no_ifconfig(void **state)
{
	struct tap_address a = address("10.1.2.3", 24);
	unsigned before = count_open();

	(void)state;
	assert_int_equal(unlink(script), 0);
	assert_fault(tap_link_add_address("feth5", &a, NULL, &fault),
	    TAP_STEP_INET, ENOENT, "feth5", "/sbin/ifconfig");
	assert_fault(tap_link_leave_bridge("feth5", "bridge0", &fault),
	    TAP_STEP_BRIDGE, ENOENT, "feth5", "/sbin/ifconfig");
	assert_int_equal(unsetenv("DARWIN_SIM_IFCONFIG"), 0);
	assert_fault(tap_link_add_address("feth5", &a, NULL, &fault),
	    TAP_STEP_INET, ENOENT, "feth5", "/sbin/ifconfig");
	assert_int_equal(count_open(), before);
}

/* More than the pipe holds, and than is kept of it; and none of it ours. */
static void
test_says_too_much(void **state)
{
	struct tap_address a = address("10.1.2.3", 24);
	FILE *f = fopen(script, "w");

	(void)state;
	assert_non_null(f);
	(void)fprintf(f, "#!/bin/sh\nyes '\033]0;x' | head -c 300000 >&2\n"
	    "exit 1\n");
	assert_int_equal(fclose(f), 0);
	assert_fault(tap_link_add_address("feth5", &a, NULL, &fault),
	    TAP_STEP_INET, EIO, "feth5", "IP addresses of feth5");
	/* Killed, it did not succeed. */
	f = fopen(script, "w");
	assert_non_null(f);
	(void)fprintf(f, "#!/bin/sh\nkill -KILL $$\n");
	assert_int_equal(fclose(f), 0);
	assert_fault(tap_link_add_address("feth5", &a, NULL, &fault),
	    TAP_STEP_INET, EIO, "feth5", "IP addresses of feth5");
}

/* === Real interfaces === */

static void
run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

static int
set_up_real(void **state)
{
	static char path[256];

	if (geteuid() != 0 || unshare(CLONE_NEWNET) == -1 ||
	    system("ip link add bridge0 type bridge 2>/dev/null && "
	    "ip link add bridge1 type bridge") != 0 ||
	    getenv("SRCDIR") == NULL)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/regress/darwin-sim/ifconfig",
	    getenv("SRCDIR"));
	assert_int_equal(setenv("DARWIN_SIM_IFCONFIG", path, 1), 0);
	mac_boot("--veth");
	*state = path;
	return 0;
}

static int
tear_down_real(void **state)
{
	if (*state != NULL)
		mac_halt();
	return 0;
}

static void
assert_address(const struct tap_address *a, const char *shown)
{
	char command[128], path[256];
	bool is_new = false;

	(void)snprintf(command, sizeof(command),
	    "ip -o addr show feth10000 | grep -q '%s '", shown);
	assert_int_equal(tap_link_add_address("feth10000", a, &is_new,
	    &fault), 0);
	assert_true(is_new);
	run(command);
	/* One that is there is not given again, by anybody. */
	(void)snprintf(path, sizeof(path), "%s",
	    getenv("DARWIN_SIM_IFCONFIG"));
	assert_int_equal(unsetenv("DARWIN_SIM_IFCONFIG"), 0);
	assert_int_equal(tap_link_add_address("feth10000", a, &is_new,
	    &fault), 0);
	assert_false(is_new);
	assert_int_equal(setenv("DARWIN_SIM_IFCONFIG", path, 1), 0);
	assert_int_equal(tap_link_remove_address("feth10000", a, &fault), 0);
	assert_int_not_equal(system(command), 0);
	assert_int_equal(tap_link_remove_address("feth10000", a, &fault), 0);
}

static void
check_bridges(void)
{
	bool is_new = false;

	assert_int_equal(tap_link_join_bridge("feth10000", "bridge0",
	    &is_new, &fault), 0);
	assert_true(is_new);
	run("ip -o link show feth10000 | grep -q 'master bridge0 '");
	assert_int_equal(tap_link_join_bridge("feth10000", "bridge0",
	    &is_new, &fault), 0);
	assert_false(is_new);
	assert_fault(tap_link_join_bridge("feth10000", "bridge1", NULL,
	    &fault), TAP_STEP_BRIDGE, EBUSY, "feth10000", "another bridge");
	assert_fault(tap_link_join_bridge("feth10000", "bridge7", NULL,
	    &fault), TAP_STEP_BRIDGE, ENODEV, "bridge7", "no bridge bridge7");
	assert_int_equal(tap_link_leave_bridge("feth10000", "bridge1",
	    &fault), 0);
	assert_int_equal(tap_link_leave_bridge("feth10000", "bridge0",
	    &fault), 0);
	run("! ip -o link show feth10000 | grep -q master");
	assert_int_equal(tap_link_leave_bridge("feth10000", "bridge0",
	    &fault), 0);
}

static void
check_mtu_of_bridge(struct tap *t)
{
	struct tap *other = mac_open(10001);

	assert_int_equal(tap_link_join_bridge(tap_name(other), "bridge0",
	    NULL, &fault), 0);
	assert_int_equal(darwin_interface_set_mtu(tap_name(t), 1400), 0);
	assert_fault(tap_link_join_bridge(tap_name(t), "bridge0", NULL,
	    &fault), TAP_STEP_BRIDGE, EINVAL, tap_name(t), "MTU");
	tap_close(other);
}

static void
test_real_interfaces(void **state)
{
	struct tap_address a = address("10.1.2.3", 24),
	    b = address("fd00::1", 64), c = address("fe80::5", 64);
	struct tap *t;

	if (*state == NULL) {
		print_message("not root, no network namespace, no bridge or "
		    "no SRCDIR\n");
		skip();
	}
	t = mac_open(10000);
	assert_address(&a, "inet 10.1.2.3/24");
	assert_address(&b, "inet6 fd00::1/64");
	assert_address(&c, "inet6 fe80::5/64");
	check_bridges();
	check_mtu_of_bridge(t);
	tap_close(t);
	assert_fault(tap_link_add_address("feth10000", &a, NULL, &fault),
	    TAP_STEP_INET, ENXIO, "feth10000", "has gone");
	mac_assert_clean();
}

#define LINK_TEST(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LINK_TEST(test_words),
		LINK_TEST(test_words_of_point_to_point),
		LINK_TEST(test_what_it_is_not_told),
		LINK_TEST(test_up),
		LINK_TEST(test_failures_of_addresses),
		LINK_TEST(test_mtu_below_ipv6),
		LINK_TEST(test_failures_of_bridges),
		LINK_TEST(test_no_ifconfig),
		LINK_TEST(test_says_too_much),
		cmocka_unit_test_setup_teardown(test_real_interfaces,
		    set_up_real, tear_down_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
