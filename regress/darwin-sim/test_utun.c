/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * utun and the devices of tuntaposx, played.  A bpf device plays the host;
 * of utun it has the address family in host order in front of a packet.
 */

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "regress/darwin-sim/abi.h"
#include "regress/darwin-sim/sim_util.h"

static struct sim_options tuntaposx = { { "--tuntaposx" } };

/* === utun === */

static int
open_control(void)
{
	int fd = socket(ABI_AF_SYSTEM, SOCK_DGRAM, ABI_SYSPROTO_CONTROL);

	assert_int_not_equal(fd, -1);
	return fd;
}

static uint32_t
control_id(int fd)
{
	uint8_t info[ABI_CTL_INFO_SIZE] = { 0 };
	uint32_t id;

	memcpy(info + ABI_CTL_INFO_NAME_AT, ABI_UTUN_CONTROL_NAME,
	    sizeof(ABI_UTUN_CONTROL_NAME));
	assert_int_equal(ioctl(fd, ABI_CTLIOCGINFO, info), 0);
	memcpy(&id, info, sizeof(id));
	return id;
}

/* unit: as sockaddr_ctl has it, one more than the interface's. */
static int
connect_control(int fd, uint32_t id, uint32_t unit)
{
	uint8_t address[ABI_SOCKADDR_CTL_SIZE] = { 0 };

	address[0] = sizeof(address);
	address[1] = ABI_AF_SYSTEM;
	address[ABI_SOCKADDR_CTL_SYSADDR_AT] = ABI_AF_SYS_CONTROL;
	memcpy(address + ABI_SOCKADDR_CTL_ID_AT, &id, sizeof(id));
	memcpy(address + ABI_SOCKADDR_CTL_UNIT_AT, &unit, sizeof(unit));
	return sim_errno(connect(fd, (struct sockaddr *)address,
	    sizeof(address)));
}

static int
get_name(int fd, char name[ABI_IFNAMSIZ])
{
	socklen_t len = ABI_IFNAMSIZ;

	return sim_errno(getsockopt(fd, ABI_SYSPROTO_CONTROL,
	    ABI_UTUN_OPT_IFNAME, name, &len));
}

static int
open_utun(uint32_t unit)
{
	int fd = open_control();

	assert_int_equal(connect_control(fd, control_id(fd), unit), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void
test_utun_open(void **state)
{
	char name[ABI_IFNAMSIZ];
	int fd = open_control(), other = open_control();
	uint32_t id = control_id(fd);

	(void)state;
	assert_int_equal(get_name(fd, name), EINVAL);
	assert_int_equal(connect_control(fd, id + 1, 0), ENOENT);
	assert_int_equal(connect_control(fd, id, 4), 0);
	assert_int_equal(get_name(fd, name), 0);
	assert_string_equal(name, "utun3");
	assert_int_equal(sim_flags("utun3"), ABI_IFF_UP |
	    ABI_IFF_POINTOPOINT | ABI_IFF_RUNNING | ABI_IFF_MULTICAST);
	assert_int_equal(sim_mtu("utun3"), 1500);
	assert_int_equal(sim_set_mtu("utun3", 9000), 0);
	assert_int_equal(sim_destroy("utun3"), EOPNOTSUPP);
	assert_int_equal(connect_control(other, id, 4), EBUSY);
	assert_int_equal(connect_control(other, id, 0), 0);
	assert_int_equal(get_name(other, name), 0);
	assert_string_equal(name, "utun0");
	/* It goes with its descriptor. */
	(void)close(fd);
	fd = open_control();
	assert_int_equal(connect_control(fd, id, 4), 0);
	sim_become(501);
	assert_int_equal(connect_control(open_control(), id, 0), EPERM);
}

static void
test_utun_packets(void **state)
{
	/* Host order for the host, network order for the program. */
	uint8_t packet[100] = { 0 }, got[200];
	const uint8_t six[4] = { 0, 0, 0, ABI_AF_INET6 };
	int fd = open_utun(1), host = sim_bpf_open(O_RDWR | O_NONBLOCK);

	(void)state;
	assert_int_equal(sim_bpf_set(host, ABI_BIOCIMMEDIATE, 1), 0);
	assert_int_equal(sim_bpf_set(host, ABI_BIOCSSEESENT, 0), 0);
	assert_int_equal(sim_bpf_attach(host, "utun0"), 0);
	assert_int_equal(sim_bpf_get(host, ABI_BIOCGDLT), ABI_DLT_NULL);
	sim_expect_no_frame(host, EWOULDBLOCK);
	assert_int_equal(sim_errno(read(fd, got, sizeof(got))), EAGAIN);
	assert_false(sim_selects(fd));
	packet[0] = ABI_AF_INET6;
	packet[4] = 0x60;
	assert_int_equal(write(host, packet, sizeof(packet)), 100);
	assert_true(sim_selects(fd));
	assert_int_equal(sim_polls(fd, POLLIN | POLLOUT), POLLIN | POLLOUT);
	assert_int_equal(read(fd, got, sizeof(got)), 100);
	assert_memory_equal(got, six, 4);
	assert_memory_equal(got + 4, packet + 4, 96);
	/* Back; one packet for each read. */
	assert_int_equal(write(fd, got, 100), 100);
	assert_int_equal(write(fd, got, 60), 60);
	sim_expect_no_frame(sim_bpf_open(O_RDWR), ENXIO);
	assert_true(sim_selects(host));
	(void)close(host);
	(void)close(fd);
}

static void
test_utun_record(void **state)
{
	uint8_t packet[60] = { 0, 0, 0, ABI_AF_INET, 0x45 }, buf[SIM_BLEN];
	int fd = open_utun(0), host = sim_bpf_reader("utun0");
	size_t left;
	const uint8_t *p = buf;
	struct sim_record r;

	(void)state;
	assert_int_equal(write(fd, packet, sizeof(packet)), 60);
	/* Any call is behind it. */
	assert_int_equal(sim_mtu("utun0"), 1500);
	left = (size_t)read(host, buf, sizeof(buf));
	assert_int_equal(left, 80);
	assert_true(sim_next_record(&p, &left, &r));
	assert_int_equal(r.hdrlen, ABI_BPF_HDRLEN_NULL);
	assert_int_equal(r.frame[0], ABI_AF_INET);
	assert_int_equal(r.frame[4], 0x45);
}

/* === tuntaposx === */

static void
test_tap_open(void **state)
{
	int fd = open("/dev/tap3", O_RDWR);

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_int_equal(sim_errno(open("/dev/tap3", O_RDWR)), EBUSY);
	assert_int_equal(sim_errno(open("/dev/tap16", O_RDWR)), ENOENT);
	assert_int_equal(sim_errno(open("/dev/tap03", O_RDWR)), ENOENT);
	assert_int_equal(sim_mtu("tap3"), 1500);
	(void)close(fd);
	fd = open("/dev/tap3", O_RDWR);
	assert_int_not_equal(fd, -1);
	sim_become(501);
	assert_int_equal(sim_errno(open("/dev/tap0", O_RDWR)), EACCES);
}

static void
test_tap_is_not_there(void **state)
{
	(void)state;
	assert_int_equal(sim_errno(open("/dev/tap0", O_RDWR)), ENOENT);
	assert_int_equal(sim_errno(open("/dev/tun0", O_RDWR)), ENOENT);
}

static void
test_tap_frames(void **state)
{
	uint8_t frame[2000] = { 0 }, want[2000];
	int fd = open("/dev/tap0", O_RDWR | O_NONBLOCK), host;

	(void)state;
	assert_int_equal(sim_send(fd, 60, 1), EIO);
	assert_int_equal(sim_errno(read(fd, frame, 100)), EIO);
	assert_int_equal(sim_set_flags("tap0", ABI_IFF_UP), 0);
	host = sim_bpf_reader("tap0");
	assert_int_equal(sim_errno(read(fd, frame, 100)), EWOULDBLOCK);
	assert_false(sim_selects(fd));
	assert_int_equal(sim_polls(fd, POLLIN), POLLNVAL);
	assert_int_equal(sim_send(fd, 60, 1), 0);
	sim_expect_frame(host, 60, 1);
	assert_int_equal(sim_send(host, 60, 2), 0);
	assert_int_equal(sim_send(host, 70, 3), 0);
	assert_true(sim_selects(fd));
	sim_fill(want, 60, 2);
	assert_int_equal(read(fd, frame, sizeof(frame)), 60);
	assert_memory_equal(frame, want, 60);
	/* What does not fit is gone. */
	assert_int_equal(read(fd, frame, 20), 20);
	assert_false(sim_selects(fd));
	assert_int_equal(sim_send(fd, 1514, 4), 0);
	sim_expect_frame(host, 1514, 4);
	/* Longer than the MTU: cut without a word. */
	assert_int_equal(sim_send(fd, 1600, 5), 0);
	sim_expect_frame(host, 1514, 5);
}

static void
test_tun_family(void **state)
{
	uint8_t packet[60] = { ABI_AF_INET, 0, 0, 0, 0x45 }, got[100];
	const uint8_t word[4] = { 0, 0, 0, ABI_AF_INET };
	int fd = open("/dev/tun0", O_RDWR | O_NONBLOCK), host, on = 1;

	(void)state;
	assert_int_equal(sim_set_flags("tun0", ABI_IFF_UP), 0);
	host = sim_bpf_reader("tun0");
	assert_int_equal(write(host, packet, sizeof(packet)), 60);
	assert_int_equal(read(fd, got, sizeof(got)), 56);
	assert_int_equal(got[0], 0x45);
	assert_int_equal(ioctl(fd, ABI_TUNSIFHEAD, &on), 0);
	on = 0;
	assert_int_equal(ioctl(fd, ABI_TUNGIFHEAD, &on), 0);
	assert_int_equal(on, 1);
	assert_int_equal(write(host, packet, sizeof(packet)), 60);
	assert_int_equal(read(fd, got, sizeof(got)), 60);
	assert_memory_equal(got, word, 4);
	assert_int_equal(got[4], 0x45);
	assert_int_equal(write(fd, got, 60), 60);
	assert_true(sim_selects(host));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(test_utun_open, sim_new),
		SIM_TEST(test_utun_open, sim_old),
		SIM_TEST(test_utun_packets, sim_new),
		SIM_TEST(test_utun_record, sim_new),
		SIM_TEST(test_tap_open, tuntaposx),
		SIM_TEST(test_tap_is_not_there, sim_new),
		SIM_TEST(test_tap_frames, tuntaposx),
		SIM_TEST(test_tun_family, tuntaposx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
