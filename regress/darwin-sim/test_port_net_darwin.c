/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The other devices of macOS, port-net.h on top of all, and what can be asked
 * about interfaces and the system, under a simulated kernel.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/ioctl.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "openbsd-compat/darwin-net.h"
#include "openbsd-compat/port-net.h"
#include "regress/darwin-sim/abi.h"
#include "regress/darwin-sim/pair_util.h"
#include "regress/darwin-sim/sim_util.h"

#define WAIT_S		5	/* for what has to come */

/* === utun === */

/* The host's end: a bpf device on the interface. */
static int
open_host_of(const char *name)
{
	struct darwin_ifreq ifr;
	int fd = open("/dev/bpf0", O_RDWR | O_CLOEXEC);

	assert_true(fd != -1);
	memset(&ifr, 0, sizeof(ifr));
	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, DARWIN_BIOCSETIF, &ifr), 0);
	return fd;
}

/* A packet from the host: its family, in host order, and an IPv6 header. */
static void
test_utun_packets(void **state)
{
	const uint8_t word_here[] = { 0, 0, 0, 30 };
	const uint32_t family = 30;
	uint8_t packet[4 + 60] = { 0 }, *buf, *frame;
	struct darwin_fault fault;
	struct darwin_device dev;
	size_t len;
	int host;

	(void)state;
	assert_int_equal(darwin_utun_open(DARWIN_UNIT_ANY, &dev, &fault), 0);
	assert_int_equal(dev.rfd, dev.wfd);
	assert_int_equal(dev.framing, DARWIN_FRAMING_AF);
	assert_true(fcntl(dev.rfd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(dev.rfd, F_GETFL) & O_NONBLOCK);
	host = open_host_of(dev.name);
	memcpy(packet, &family, sizeof(family));
	packet[4] = 0x60;
	assert_int_equal(write(host, packet, sizeof(packet)),
	    sizeof(packet));
	assert_true(is_readable(dev.rfd, WAIT_S));
	assert_non_null(buf = malloc(dev.read_size));
	assert_int_equal(darwin_read(&dev, buf), sizeof(packet));
	assert_memory_equal(buf, word_here, 4);
	assert_int_equal(darwin_af_to_wire(buf, sizeof(packet)), 0);
	assert_int_equal(buf[3], 24);
	/* And as it goes out again. */
	frame = buf;
	len = sizeof(packet);
	assert_int_equal(sys_tun_outfilter(SYS_TUN_FAMILY, &frame, &len), 0);
	assert_memory_equal(frame, word_here, 4);
	assert_int_equal(darwin_write(&dev, frame, len), 0);
	assert_int_equal(darwin_write(&dev, frame, 3), 1);
	assert_int_equal(darwin_read(&dev, buf), 0);
	free(buf);
	assert_int_equal(close(host), 0);
	close_device(&dev);
}

static void
test_utun_units(void **state)
{
	struct darwin_device a, b;
	struct darwin_fault fault;
	unsigned n_open;

	(void)state;
	assert_int_equal(darwin_utun_open(7, &a, &fault), 0);
	assert_string_equal(a.name, "utun7");
	n_open = count_open();
	assert_int_equal(darwin_utun_open(7, &b, &fault), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(fault.step, DARWIN_STEP_UTUN);
	assert_string_equal(fault.name, "utun7");
	assert_int_equal(darwin_utun_open(-1, &b, &fault), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(fault.step, DARWIN_STEP_ARGUMENT);
	mac_be_root(0);
	assert_int_equal(darwin_utun_open(8, &b, &fault), -1);
	assert_int_equal(errno, EPERM);
	mac_be_root(1);
	assert_int_equal(count_open(), n_open);
	assert_int_equal(darwin_utun_open(0, &b, &fault), 0);
	assert_string_equal(b.name, "utun0");
	close_device(&a);
	close_device(&b);
	assert_false(other_sees("utun7"));
}

static void
test_each_call_of_utun_fails(void **state)
{
	unsigned i, n, n_open = count_open();
	struct darwin_fault fault;
	struct darwin_device dev;

	(void)state;
	mac_fail(NULL);
	assert_int_equal(darwin_utun_open(3, &dev, &fault), 0);
	n = mac_calls();
	close_device(&dev);
	for (i = 1; i <= n; i++) {
		mac_fail_at(i);
		assert_int_equal(darwin_utun_open(3, &dev, &fault), -1);
		assert_int_equal(fault.step, DARWIN_STEP_UTUN);
		mac_fail(NULL);
		assert_int_equal(count_open(), n_open);
		assert_false(other_sees("utun3"));
	}
}

/* === tuntaposx === */

static void
test_tuntaposx(void **state)
{
	uint8_t buf[70000];
	struct darwin_device a, b;
	struct darwin_fault fault;
	int has_word = 0;

	(void)state;
	mac_start("--tuntaposx");
	assert_int_equal(darwin_tuntaposx_open(DARWIN_UNIT_ANY,
	    DARWIN_ETHERNET, 0, &a, &fault), 0);
	assert_string_equal(a.name, "tap0");
	assert_int_equal(a.rfd, a.wfd);
	assert_int_equal(a.framing, DARWIN_FRAMING_FRAME);
	assert_true(a.read_size <= sizeof(buf));
	assert_int_equal(a.write_max, 1514);
	assert_true(fcntl(a.rfd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(darwin_read(&a, buf), -1);
	assert_int_equal(errno, EIO);
	assert_int_equal(send_frame(&a, 60, 0), 1);
	assert_int_equal(darwin_interface_up("tap0"), 0);
	assert_int_equal(darwin_read(&a, buf), 0);
	assert_int_equal(send_frame(&a, 60, 0), 0);
	assert_int_equal(send_frame(&a, 1515, 0), 1);
	assert_int_equal(darwin_tuntaposx_open(0, DARWIN_ETHERNET, 0, &b,
	    &fault), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(fault.step, DARWIN_STEP_TUNTAPOSX);
	assert_int_equal(darwin_tuntaposx_open(DARWIN_UNIT_ANY,
	    DARWIN_ETHERNET, 1, &b, &fault), 0);
	assert_string_equal(b.name, "tap1");
	assert_int_equal(darwin_interface_is_up("tap1"), 1);
	close_device(&b);
	assert_int_equal(darwin_tuntaposx_open(15, DARWIN_POINT_TO_POINT, 1,
	    &b, &fault), 0);
	assert_string_equal(b.name, "tun15");
	assert_int_equal(b.framing, DARWIN_FRAMING_AF);
	assert_int_equal(ioctl(b.rfd, ABI_TUNGIFHEAD, &has_word), 0);
	assert_int_equal(has_word, 1);
	close_device(&b);
	assert_int_equal(darwin_tuntaposx_open(16, DARWIN_ETHERNET, 0, &b,
	    &fault), -1);
	assert_int_equal(errno, EINVAL);
	close_device(&a);
}

static void
test_without_tuntaposx(void **state)
{
	struct darwin_fault fault;
	struct darwin_device dev;

	(void)state;
	assert_int_equal(darwin_tuntaposx_open(DARWIN_UNIT_ANY,
	    DARWIN_ETHERNET, 0, &dev, &fault), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(fault.step, DARWIN_STEP_TUNTAPOSX);
}

/* === port-net.h === */

static void
check_open(int tun, int mode, const char *name, enum sys_tun_framing framing)
{
	char *ifname = NULL;
	int rfd = -1, wfd = -1;

	assert_int_equal(sys_tun_open(tun, mode, &ifname, &rfd, &wfd), 0);
	assert_string_equal(ifname, name);
	assert_int_equal(sys_tun_framing(mode, rfd, wfd), framing);
	assert_int_equal(rfd == wfd, framing != SYS_TUN_BATCH);
	assert_true(sys_tun_read_size(mode, rfd, wfd) >= 65536);
	free(ifname);
	assert_int_equal(close(rfd), 0);
	if (wfd != rfd)
		assert_int_equal(close(wfd), 0);
}

static void
refuse_open(int tun, int mode, int error)
{
	unsigned n = count_feth(), n_open = count_open();
	char *ifname = NULL;
	int rfd = -1, wfd = -1;

	assert_int_equal(sys_tun_open(tun, mode, &ifname, &rfd, &wfd), -1);
	assert_int_equal(errno, error);
	assert_null(ifname);
	assert_int_equal(rfd, -1);
	assert_int_equal(wfd, -1);
	assert_int_equal(count_feth(), n);
	assert_int_equal(count_open(), n_open);
}

static void
test_sys_tun_open(void **state)
{
	struct darwin_device dev;
	struct darwin_fault fault;

	(void)state;
	check_open(SSH_TUNID_ANY, SSH_TUNMODE_ETHERNET, "feth10000",
	    SYS_TUN_BATCH);
	check_open(2, SSH_TUNMODE_ETHERNET, "feth2", SYS_TUN_BATCH);
	refuse_open(2, SSH_TUNMODE_ETHERNET, EBUSY);
	refuse_open(DARWIN_UNIT_MAX + 1, SSH_TUNMODE_ETHERNET, EINVAL);
	check_open(4, SSH_TUNMODE_POINTOPOINT, "utun4", SYS_TUN_FAMILY);
	check_open(SSH_TUNID_ANY, SSH_TUNMODE_POINTOPOINT, "utun0",
	    SYS_TUN_FAMILY);
	assert_int_equal(darwin_utun_open(4, &dev, &fault), 0);
	refuse_open(4, SSH_TUNMODE_POINTOPOINT, EBUSY);
	close_device(&dev);
	mac_be_root(0);
	refuse_open(3, SSH_TUNMODE_ETHERNET, EPERM);
	refuse_open(3, SSH_TUNMODE_POINTOPOINT, EPERM);
}

static void
test_sys_tun_open_elsewhere(void **state)
{
	(void)state;
	mac_start("--no-feth");
	refuse_open(SSH_TUNID_ANY, SSH_TUNMODE_ETHERNET, ENOENT);
	mac_start("--no-feth --tuntaposx");
	check_open(SSH_TUNID_ANY, SSH_TUNMODE_ETHERNET, "tap0",
	    SYS_TUN_FRAME);
	check_open(3, SSH_TUNMODE_ETHERNET, "tap3", SYS_TUN_FRAME);
	refuse_open(16, SSH_TUNMODE_ETHERNET, ENOENT);
	/* There is feth as well: it comes first. */
	mac_start("--tuntaposx");
	check_open(3, SSH_TUNMODE_ETHERNET, "feth3", SYS_TUN_BATCH);
	check_open(3, SSH_TUNMODE_ETHERNET, "tap3", SYS_TUN_FRAME);
}

/* Each simulated call in turn: no pair stays that nobody knows of. */
static void
test_each_call_of_sys_tun_open_fails(void **state)
{
	unsigned i, n, n_open;
	int fds[2];

	(void)state;
	mac_start("--busy-ms 0");	/* the same calls each time */
	n_open = count_open();
	mac_fail(NULL);
	assert_int_equal(sys_tun_open(50, SSH_TUNMODE_ETHERNET, NULL, &fds[0],
	    &fds[1]), 0);
	n = mac_calls();
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(close(fds[1]), 0);
	other_destroy("feth50");
	other_destroy("feth20050");
	for (i = 1; i <= n; i++) {
		mac_fail_at(i);
		if (sys_tun_open(50, SSH_TUNMODE_ETHERNET, NULL, &fds[0],
		    &fds[1]) == 0) {
			assert_int_equal(close(fds[0]), 0);
			assert_int_equal(close(fds[1]), 0);
			mac_fail(NULL);
			other_destroy("feth50");
			other_destroy("feth20050");
		}
		mac_fail(NULL);
		assert_int_equal(count_feth(), 0);
		assert_int_equal(count_open(), n_open);
	}
}

/* === The system === */

static void
test_bad_settings(void **state)
{
	static const struct {
		const char *name;
		int bad, good;
	} settings[] = {
		{ "net.link.fake.hwcsum", 1, 0 },
		{ "net.link.fake.tso_support", 1, 0 },
		{ "net.link.fake.fcs", 1, 0 },
		{ "net.link.fake.trailer_length", 4, 0 },
		{ "net.link.fake.bsd_mode", 0, 1 },
	};
	int good, value;
	unsigned i;

	(void)state;
	assert_null(darwin_bad_setting(0, &value, &good));
	for (i = 0; i < 5; i++) {
		mac_sysctl(settings[i].name, settings[i].bad);
		assert_string_equal(darwin_bad_setting(0, &value, &good),
		    settings[i].name);
		assert_int_equal(value, settings[i].bad);
		assert_int_equal(good, settings[i].good);
		assert_null(darwin_bad_setting(1, &value, &good));
		mac_sysctl(settings[i].name, settings[i].good);
	}
	mac_sysctl("net.link.fake.bsd_mode", 0);
	mac_sysctl("net.link.fake.hwcsum", 1);
	assert_string_equal(darwin_bad_setting(1, &value, &good),
	    "net.link.fake.bsd_mode");
	/* Where a setting is not known, it is not bad. */
	mac_start("--profile old");
	assert_null(darwin_bad_setting(0, &value, &good));
	mac_start("--no-feth");
	assert_null(darwin_bad_setting(0, &value, &good));
}

static int
note_feth(void *ctx, const char *name, const char *peer)
{
	char *seen = ctx;
	size_t len = strlen(seen);

	(void)snprintf(seen + len, 100 - len, "%s=%s ", name, peer);
	return strcmp(name, "feth3") == 0 ? 42 : 0;
}

static void
test_each_feth(void **state)
{
	char seen[100] = "";

	(void)state;
	assert_int_equal(darwin_feth_each(note_feth, seen), 0);
	assert_string_equal(seen, "");
	other_create("feth1");
	other_create("feth2");
	other_peer("feth1", "feth2");
	mac_be_root(0);
	assert_int_equal(darwin_feth_each(note_feth, seen), 0);
	assert_string_equal(seen, "feth1=feth2 feth2=feth1 ");
	mac_be_root(1);
	other_create("feth3");
	other_create("feth4");
	other_no_lladdr("feth1");
	seen[0] = '\0';
	assert_int_equal(darwin_feth_each(note_feth, seen), 42);
	assert_string_equal(seen, "feth1=feth2 feth2=feth1 feth3= ");
	mac_fail("getifaddrs:1");
	assert_int_equal(darwin_feth_each(note_feth, seen), -1);
	assert_int_equal(errno, ENOMEM);
}

static void
test_interfaces(void **state)
{
	unsigned mtu = 0, max = 0;

	(void)state;
	assert_int_equal(darwin_interface_mtu("lo0", &mtu, NULL), 0);
	assert_true(mtu > 0);
	assert_int_equal(darwin_interface_is_up("feth1"), -1);
	assert_int_equal(errno, ENXIO);
	assert_int_equal(darwin_interface_up("feth1"), -1);
	assert_int_equal(errno, ENXIO);
	other_create("feth1");
	assert_int_equal(darwin_interface_is_up("feth1"), 0);
	assert_int_equal(sim_set_flags("feth1", ABI_IFF_PROMISC), 0);
	assert_int_equal(darwin_interface_up("feth1"), 0);
	assert_int_equal(darwin_interface_is_up("feth1"), 1);
	assert_true(sim_flags("feth1") & ABI_IFF_PROMISC);
	assert_int_equal(darwin_interface_mtu("feth1", NULL, &max), 0);
	assert_int_equal(max, 2048);
	other_create("feth2");
	mac_be_root(0);
	assert_int_equal(darwin_interface_up("feth2"), -1);
	assert_int_equal(errno, EPERM);
}

static void
test_changing_interfaces(void **state)
{
	static const uint8_t first[] = { 'f', 'e', 't', 'h', 1, 2 };
	static const uint8_t other[] = { 2, 3, 4, 5, 6, 7 };
	uint8_t lladdr[DARWIN_LLADDR_LEN];
	unsigned mtu;

	(void)state;
	assert_int_equal(darwin_interface_lladdr("feth258", lladdr), -1);
	assert_int_equal(errno, ENXIO);
	other_create("feth258");
	assert_int_equal(darwin_interface_lladdr("feth258", lladdr), 0);
	assert_memory_equal(lladdr, first, sizeof(lladdr));
	assert_int_equal(darwin_interface_set_lladdr("feth258", other), 0);
	assert_int_equal(darwin_interface_lladdr("feth258", lladdr), 0);
	assert_memory_equal(lladdr, other, sizeof(lladdr));
	assert_int_equal(darwin_interface_set_mtu("feth258", 1400), 0);
	assert_int_equal(darwin_interface_mtu("feth258", &mtu, NULL), 0);
	assert_int_equal(mtu, 1400);
	assert_int_equal(darwin_interface_set_mtu("feth258", 2049), -1);
	assert_int_equal(errno, EINVAL);
	mac_be_root(0);
	assert_int_equal(darwin_interface_set_lladdr("feth258", first), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(darwin_interface_set_mtu("feth258", 1500), -1);
	assert_int_equal(errno, EPERM);
}

#define test_on_mac(t)	cmocka_unit_test_setup_teardown(t, mac_setup, \
			    mac_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test_on_mac(test_utun_packets),
		test_on_mac(test_utun_units),
		test_on_mac(test_each_call_of_utun_fails),
		test_on_mac(test_tuntaposx),
		test_on_mac(test_without_tuntaposx),
		test_on_mac(test_sys_tun_open),
		test_on_mac(test_sys_tun_open_elsewhere),
		test_on_mac(test_each_call_of_sys_tun_open_fails),
		test_on_mac(test_bad_settings),
		test_on_mac(test_each_feth),
		test_on_mac(test_interfaces),
		test_on_mac(test_changing_interfaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
