/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Devices of the simulated macOS that have one descriptor: utun, and those of
 * tuntaposx.  The host is played on a bpf device, where a packet has its
 * address family in host order in front.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/err.h"
#include "regress/darwin-sim/mac_util.h"
#include "regress/darwin-sim/sim_util.h"
#include "tun/tap.h"

#define AF_WORD		4
#define DARWIN_INET6	30
#define WIRE_INET	2
#define WIRE_INET6	24
#define PACKET_MAX	1504

static struct tap_fault fault;

static struct tap_request
request(enum tap_mode mode, int unit)
{
	return (struct tap_request){ .unit = unit, .mode = mode, .up = true };
}

static struct tap *
open_tap(enum tap_mode mode, int unit)
{
	struct tap_request rq = request(mode, unit);
	struct tap *t = NULL;

	assert_int_equal(tap_open(&rq, &t, &fault), 0);
	return t;
}

static void
assert_fault(const struct tap_request *rq, enum tap_step step, int error)
{
	unsigned fds = count_open();
	struct tap *t = NULL;

	memset(&fault, 0xff, sizeof(fault));
	assert_int_equal(tap_open(rq, &t, &fault), SSHTAP_ERR_SYSTEM);
	assert_int_equal(errno, fault.error);
	assert_int_equal(fault.error, error);
	assert_int_equal(fault.step, step);
	assert_null(t);
	assert_int_equal(count_open(), fds);
}

static void
put_wire(uint8_t *p, uint32_t family)
{
	p[0] = p[1] = p[2] = 0;
	p[3] = (uint8_t)family;
}

/* Behind the place for a family: 40 bytes at least are an IPv6 header. */
static void
make_packet(uint8_t *p, size_t len, int version)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[AF_WORD + i] = (uint8_t)(i + len);
	p[AF_WORD] = (uint8_t)(version << 4 | 5);
}

/* Returns its length with the family. */
static size_t
make_host_packet(uint8_t *p, size_t len, int version, uint32_t family)
{
	make_packet(p, len, version);
	memcpy(p, &family, sizeof(family));
	return AF_WORD + len;
}

static void
host_send(int bpf, const uint8_t *p, size_t len)
{
	assert_int_equal(write(bpf, p, len), (ssize_t)len);
}

/* Exactly one packet, of which the family is taken off. */
static uint32_t
host_receive(int bpf, uint8_t *packet, size_t *lenp)
{
	uint8_t buf[SIM_BLEN];
	const uint8_t *p = buf;
	struct sim_record rec;
	uint32_t family;
	ssize_t n = read(bpf, buf, sizeof(buf));
	size_t left;

	assert_true(n > 0);
	left = (size_t)n;
	assert_true(sim_next_record(&p, &left, &rec));
	assert_true(rec.caplen >= AF_WORD && rec.caplen == rec.datalen);
	memcpy(&family, rec.frame, sizeof(family));
	*lenp = rec.caplen - AF_WORD;
	memcpy(packet, rec.frame + AF_WORD, *lenp);
	assert_false(sim_next_record(&p, &left, &rec));
	return family;
}

static void
exchange(struct tap *t, size_t len, int version, uint32_t host_family,
    uint32_t wire_family)
{
	uint8_t packet[AF_WORD + PACKET_MAX], got[TAP_HEADROOM + PACKET_MAX];
	uint8_t *frame = got + TAP_HEADROOM;
	uint8_t word[AF_WORD];
	int bpf = sim_bpf_reader(tap_name(t));
	size_t got_len;

	host_send(bpf, packet, make_host_packet(packet, len, version,
	    host_family));
	assert_int_equal(tap_recv(t, frame, PACKET_MAX - TAP_HEADROOM,
	    &got_len), 0);
	assert_int_equal(got_len, AF_WORD + len);
	put_wire(word, wire_family);
	assert_memory_equal(frame, word, AF_WORD);
	assert_memory_equal(frame + AF_WORD, packet + AF_WORD, len);
	assert_int_equal(tap_send(t, frame, got_len), 0);
	assert_int_equal(host_receive(bpf, got, &got_len), host_family);
	assert_int_equal(got_len, len);
	assert_memory_equal(got, packet + AF_WORD, len);
	(void)close(bpf);
}

/* Of the host and of the other end of the wire. */
static void
refuse_odd_packets(struct tap *t)
{
	uint8_t packet[AF_WORD + PACKET_MAX];
	int bpf = sim_bpf_reader(tap_name(t));
	uint64_t in = tap_stats(t)->dropped_in;
	uint64_t out = tap_stats(t)->dropped_out;
	size_t len;

	/* AppleTalk; IPv6 that says it is IPv4; half a header. */
	host_send(bpf, packet, make_host_packet(packet, 60, 4, 16));
	host_send(bpf, packet, make_host_packet(packet, 60, 6, WIRE_INET));
	host_send(bpf, packet, make_host_packet(packet, 30, 6,
	    DARWIN_INET6));
	for (len = 0; len < 3; len++)
		assert_int_equal(tap_recv(t, packet, sizeof(packet), &len),
		    SSHTAP_ERR_DROPPED);
	make_packet(packet, 60, 6);
	put_wire(packet, DARWIN_INET6);
	assert_int_equal(tap_send(t, packet, 64), SSHTAP_ERR_DROPPED);
	put_wire(packet, WIRE_INET);
	assert_int_equal(tap_send(t, packet, 64), SSHTAP_ERR_DROPPED);
	put_wire(packet, WIRE_INET6);
	assert_int_equal(tap_send(t, packet, 43), SSHTAP_ERR_DROPPED);
	sim_expect_no_frame(bpf, EAGAIN);
	assert_int_equal(tap_stats(t)->dropped_in, in + 3);
	assert_int_equal(tap_stats(t)->dropped_out, out + 3);
	(void)close(bpf);
}

static void
test_utun(void **state)
{
	struct tap_request rq = request(TAP_POINT_TO_POINT, 7);
	unsigned fds = count_open(), mtu;
	struct tap *t;

	(void)state;
	rq.mtu = 1280;
	assert_int_equal(tap_open(&rq, &t, &fault), 0);
	assert_string_equal(tap_name(t), "utun7");
	assert_int_equal(tap_mode(t), TAP_POINT_TO_POINT);
	assert_int_equal(tap_read_fd(t), tap_write_fd(t));
	assert_true(fcntl(tap_read_fd(t), F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(tap_read_fd(t), F_GETFL) & O_NONBLOCK);
	assert_int_equal(darwin_interface_mtu("utun7", &mtu, NULL), 0);
	assert_int_equal(mtu, 1280);
	assert_int_equal(tap_check(t), 0);
	exchange(t, 20, 4, WIRE_INET, WIRE_INET);
	exchange(t, 40, 6, DARWIN_INET6, WIRE_INET6);
	exchange(t, 1280, 6, DARWIN_INET6, WIRE_INET6);
	refuse_odd_packets(t);
	assert_false(tap_has_pending(t));
	assert_fault(&rq, TAP_STEP_FOREIGN, EBUSY);
	tap_close(t);
	assert_int_equal(darwin_interface_is_up("utun7"), -1);
	assert_int_equal(count_open(), fds);
	assert_int_equal(mac_count_entries(), 0);
}

static void
test_utun_of_any_unit(void **state)
{
	struct tap *a = open_tap(TAP_POINT_TO_POINT, TAP_UNIT_ANY);
	struct tap *b = open_tap(TAP_POINT_TO_POINT, TAP_UNIT_ANY);
	uint8_t packet[AF_WORD + 64];
	int bpf = sim_bpf_reader(tap_name(a));
	size_t len = 5;

	(void)state;
	assert_string_equal(tap_name(a), "utun0");
	assert_string_equal(tap_name(b), "utun1");
	/* Too long for the caller by a byte, then not. */
	host_send(bpf, packet, make_host_packet(packet, 60, 4, WIRE_INET));
	host_send(bpf, packet, make_host_packet(packet, 60, 4, WIRE_INET));
	assert_int_equal(tap_recv(a, packet, 63, &len), SSHTAP_ERR_DROPPED);
	assert_int_equal(len, 5);
	assert_int_equal(tap_recv(a, packet, 64, &len), 0);
	assert_int_equal(tap_recv(a, packet, 64, &len), SSHTAP_ERR_AGAIN);
	assert_int_equal(tap_recv(b, packet, 64, &len), SSHTAP_ERR_AGAIN);
	(void)close(bpf);
	tap_close(a);
	tap_close(b);
}

static void
test_utun_that_cannot_be(void **state)
{
	struct tap_request rq = request(TAP_POINT_TO_POINT, 3);

	(void)state;
	mac_be_root(0);
	assert_fault(&rq, TAP_STEP_CREATE, EPERM);
	mac_be_root(1);
	rq.unit = DARWIN_UNIT_MAX + 1;
	assert_fault(&rq, TAP_STEP_REQUEST, EINVAL);
	assert_int_equal(fault.limit, DARWIN_UNIT_MAX);
	rq.unit = 3;
	rq.has_lladdr = true;
	assert_fault(&rq, TAP_STEP_ADDRESS, EOPNOTSUPP);
	assert_int_equal(darwin_interface_is_up("utun3"), -1);
}

static void
test_adopted_utun(void **state)
{
	struct tap *t = open_tap(TAP_POINT_TO_POINT, 4), *a = NULL;
	int fd = dup(tap_read_fd(t));

	(void)state;
	assert_int_equal(tap_adopt(fd, fd, TAP_POINT_TO_POINT, "utun4", 0, &a),
	    0);
	exchange(a, 100, 4, WIRE_INET, WIRE_INET);
	/* It lives as long as any descriptor. */
	tap_close(t);
	exchange(a, 100, 6, DARWIN_INET6, WIRE_INET6);
	tap_close(a);
	assert_int_equal(darwin_interface_is_up("utun4"), -1);
}

static void
test_system_without_feth(void **state)
{
	struct tap_request rq = request(TAP_ETHERNET, TAP_UNIT_ANY);

	(void)state;
	mac_boot("--no-feth");
	assert_fault(&rq, TAP_STEP_DRIVER, EOPNOTSUPP);
	rq.unit = 3;
	assert_fault(&rq, TAP_STEP_DRIVER, EOPNOTSUPP);
	mac_assert_clean();
}

static void
test_tap_of_tuntaposx(void **state)
{
	struct tap_request rq = request(TAP_ETHERNET, 20);
	uint8_t frame[1600], got[1600];
	struct tap *t;
	size_t len;
	int bpf;

	(void)state;
	mac_boot("--no-feth --tuntaposx");
	/* It has units up to 15. */
	assert_fault(&rq, TAP_STEP_DRIVER, EOPNOTSUPP);
	rq.unit = 3;
	rq.up = false;
	assert_int_equal(tap_open(&rq, &t, &fault), 0);
	assert_string_equal(tap_name(t), "tap3");
	assert_int_equal(tap_read_fd(t), tap_write_fd(t));
	assert_fault(&rq, TAP_STEP_FOREIGN, EBUSY);
	/* Down it is of no use, and no end. */
	sim_fill(frame, 100, 1);
	assert_int_equal(tap_recv(t, got, sizeof(got), &len),
	    SSHTAP_ERR_AGAIN);
	assert_int_equal(tap_send(t, frame, 100), SSHTAP_ERR_DROPPED);
	other_up("tap3");
	bpf = sim_bpf_reader("tap3");
	host_send(bpf, frame, 100);
	assert_int_equal(tap_recv(t, got, sizeof(got), &len), 0);
	assert_int_equal(len, 100);
	assert_memory_equal(got, frame, 100);
	assert_int_equal(tap_recv(t, got, sizeof(got), &len),
	    SSHTAP_ERR_AGAIN);
	sim_fill(frame, 1514, 2);
	assert_int_equal(tap_send(t, frame, 1514), 0);
	sim_expect_frame(bpf, 1514, 2);
	/* The driver would cut it, and say nothing. */
	assert_int_equal(tap_send(t, frame, 1519), SSHTAP_ERR_DROPPED);
	assert_int_equal(tap_check(t), 0);
	(void)close(bpf);
	tap_close(t);
	mac_assert_clean();
	t = open_tap(TAP_ETHERNET, TAP_UNIT_ANY);
	assert_string_equal(tap_name(t), "tap0");
	assert_int_equal(darwin_interface_is_up("tap0"), 1);
	tap_close(t);
}

/* The longest frame is that of the MTU that was asked for. */
static void
test_mtu_of_tuntaposx(void **state)
{
	static const unsigned mtus[] = { 1500, 9000, 1000 };
	struct tap_request rq = request(TAP_ETHERNET, 3);
	uint8_t frame[9015];
	struct tap *t;
	size_t i;

	(void)state;
	mac_boot("--no-feth --tuntaposx");
	for (i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++) {
		rq.mtu = mtus[i];
		assert_int_equal(tap_open(&rq, &t, &fault), 0);
		sim_fill(frame, mtus[i] + 15, 1);
		assert_int_equal(tap_send(t, frame, mtus[i] + 14), 0);
		assert_int_equal(tap_send(t, frame, mtus[i] + 15),
		    SSHTAP_ERR_DROPPED);
		tap_close(t);
	}
}

#define MAC_TEST(name)	\
	cmocka_unit_test_setup_teardown(name, mac_set_up, mac_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MAC_TEST(test_utun),
		MAC_TEST(test_utun_of_any_unit),
		MAC_TEST(test_utun_that_cannot_be),
		MAC_TEST(test_adopted_utun),
		cmocka_unit_test_teardown(test_system_without_feth,
		    mac_tear_down),
		cmocka_unit_test_teardown(test_tap_of_tuntaposx,
		    mac_tear_down),
		cmocka_unit_test_teardown(test_mtu_of_tuntaposx,
		    mac_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
