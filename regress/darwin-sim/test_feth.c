/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* feth(4), played: behaviours F1 to F6, and sysctls. */

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "regress/darwin-sim/abi.h"
#include "regress/darwin-sim/include/net/if_dl.h"
#include "regress/darwin-sim/include/sys/sysctl.h"
#include "regress/darwin-sim/sim_util.h"

static struct sim_options no_feth = { { "--no-feth" } };
static struct sim_options slow = { { "--busy-ms", "500" } };
static struct sim_options slowest = { { "--busy-ms", "60000" } };

/* As getifaddrs(3) shows it.  Returns its length; -1: no such interface. */
static int
get_lladdr(const char *name, uint8_t out[6])
{
	struct ifaddrs *list, *ifa;
	struct sockaddr_dl *dl;
	int len = -1;

	assert_int_equal(getifaddrs(&list), 0);
	for (ifa = list; ifa != NULL; ifa = ifa->ifa_next) {
		/* Linux's link layer is not shown. */
		assert_true(ifa->ifa_addr == NULL ||
		    ifa->ifa_addr->sa_family != AF_PACKET);
		if (ifa->ifa_addr == NULL ||
		    ifa->ifa_addr->sa_family != AF_LINK ||
		    strcmp(ifa->ifa_name, name) != 0)
			continue;
		dl = (struct sockaddr_dl *)(void *)ifa->ifa_addr;
		assert_int_equal(dl->sdl_nlen, strlen(name));
		assert_memory_equal(dl->sdl_data, name, dl->sdl_nlen);
		assert_true(dl->sdl_alen <= 6);
		assert_int_equal(dl->sdl_type, ABI_IFT_ETHER);
		assert_int_equal(dl->sdl_index, if_nametoindex(name));
		len = dl->sdl_alen;
		memcpy(out, LLADDR(dl), (size_t)len);
	}
	freeifaddrs(list);
	return len;
}

static void
test_f1_create(void **state)
{
	static const uint8_t lladdr[6] = { 0x66, 0x65, 0x74, 0x68, 0x27, 0x10 };
	uint8_t seen[6];

	(void)state;
	assert_int_equal(sim_create("feth10000"), 0);
	assert_int_equal(sim_create("feth10000"), EEXIST);
	assert_int_equal(sim_flags("feth10000"), ABI_IFF_BROADCAST |
	    ABI_IFF_SIMPLEX | ABI_IFF_MULTICAST);
	assert_int_equal(sim_mtu("feth10000"), 1500);
	assert_int_equal(get_lladdr("feth10000", seen), 6);
	assert_memory_equal(seen, lladdr, 6);
	assert_int_equal(sim_create("fethx"), EINVAL);
	assert_int_equal(sim_create("feth1x"), EINVAL);
	assert_int_equal(sim_create("fet"), EINVAL);
	assert_int_equal(sim_create("feth32768"), ENXIO);
	assert_int_equal(sim_create("feth32767"), 0);
	sim_become(501);
	assert_int_equal(sim_create("feth1"), EPERM);
	assert_int_equal(sim_destroy("feth10000"), EPERM);
}

static void
test_f1_name_is_written_back(void **state)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };

	(void)state;
	assert_int_equal(sim_create("feth0"), 0);
	assert_int_equal(sim_ioctl(ABI_SIOCIFCREATE, "feth", ifr), 0);
	assert_string_equal((char *)ifr, "feth1");
	assert_int_equal(sim_ioctl(ABI_SIOCIFCREATE2, "feth", ifr), 0);
	assert_string_equal((char *)ifr, "feth2");
}

static void
test_f1_busy_after_destroy(void **state)
{
	(void)state;
	assert_int_equal(sim_create("feth3"), 0);
	assert_int_equal(sim_destroy("feth3"), 0);
	assert_int_equal(sim_destroy("feth3"), ENXIO);
	assert_int_equal(sim_create("feth3"), EBUSY);
	sim_create_free("feth3");
	assert_int_equal(sim_flags("feth3") & ABI_IFF_UP, 0);
}

/* The bit is free at once, so a name of the system's choice is busy, too. */
static void
test_f1_busy_by_choice(void **state)
{
	(void)state;
	assert_int_equal(sim_create("feth0"), 0);
	assert_int_equal(sim_destroy("feth0"), 0);
	assert_int_equal(sim_create("feth"), EBUSY);
}

static void
test_f1_leading_zeros_stay_for_ever(void **state)
{
	(void)state;
	assert_int_equal(sim_create("feth007"), 0);
	assert_int_equal(sim_mtu("feth7"), 1500);
	assert_int_equal(sim_destroy("feth007"), ENXIO);
	assert_int_equal(sim_destroy("feth7"), EOPNOTSUPP);
	assert_int_equal(sim_destroy("lo0"), EOPNOTSUPP);
	assert_int_equal(sim_destroy("feth"), EINVAL);
}

static void
test_f1_no_feth(void **state)
{
	int value;
	size_t len = sizeof(value);

	(void)state;
	assert_int_equal(sim_create("feth1"), EINVAL);
	assert_int_equal(sim_errno(sysctlbyname("net.link.fake.max_mtu",
	    &value, &len, NULL, 0)), ENOENT);
}

static int
set_spec(const char *name, uint64_t len, uint8_t reserved, uint64_t command)
{
	uint8_t ifd[ABI_IFDRV_SIZE] = { 0 };
	uint8_t data[ABI_FAKE_REQUEST_SIZE] = { 0 }, *p = data;

	data[ABI_FAKE_RESERVED - 1] = reserved;
	memcpy(data + ABI_FAKE_PEER_AT, SIM_Q, sizeof(SIM_Q));
	memcpy(ifd + ABI_IFDRV_CMD_AT, &command, sizeof(command));
	memcpy(ifd + ABI_IFDRV_LEN_AT, &len, sizeof(len));
	memcpy(ifd + ABI_IFDRV_DATA_AT, &p, sizeof(p));
	return sim_ioctl(ABI_SIOCSDRVSPEC, name, ifd);
}

static void
test_f2_peer(void **state)
{
	(void)state;
	assert_int_equal(sim_create(SIM_P), 0);
	assert_int_equal(sim_create(SIM_Q), 0);
	assert_int_equal(sim_create("feth3"), 0);
	assert_int_equal(sim_peer(SIM_P, "feth4"), ENXIO);
	assert_int_equal(sim_peer("feth4", SIM_P), ENXIO);
	assert_int_equal(sim_peer(SIM_P, "en0"), EINVAL);
	assert_int_equal(set_spec(SIM_P, 159, 0, 1), EINVAL);
	assert_int_equal(set_spec(SIM_P, 160, 1, 1), EINVAL);
	assert_int_equal(set_spec(SIM_P, 160, 0, 99), EOPNOTSUPP);
	assert_string_equal(sim_get_peer(SIM_P), "");
	assert_int_equal(set_spec(SIM_P, 160, 0, 1), 0);
	assert_string_equal(sim_get_peer(SIM_P), SIM_Q);
	assert_string_equal(sim_get_peer(SIM_Q), SIM_P);
	assert_int_equal(sim_peer(SIM_P, SIM_Q), EBUSY);
	assert_int_equal(sim_peer("feth3", SIM_Q), EBUSY);
	assert_int_equal(sim_peer(SIM_Q, ""), 0);
	assert_string_equal(sim_get_peer(SIM_P), "");
	assert_int_equal(sim_peer(SIM_Q, ""), 0);
	sim_become(501);
	assert_int_equal(sim_peer(SIM_P, SIM_Q), EPERM);
	assert_string_equal(sim_get_peer(SIM_P), "");
}

static uint32_t
get_u32(const uint8_t *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

static void
check_mtu_limits(const char *name, unsigned max)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };

	assert_int_equal(sim_set_mtu(name, 71), EINVAL);
	assert_int_equal(sim_set_mtu(name, max + 1), EINVAL);
	assert_int_equal(sim_mtu(name), 1500);
	assert_int_equal(sim_set_mtu(name, 72), 0);
	assert_int_equal(sim_set_mtu(name, max), 0);
	assert_int_equal(sim_mtu(name), max);
	assert_int_equal(sim_ioctl(ABI_SIOCGIFDEVMTU, name, ifr), 0);
	assert_int_equal(get_u32(ifr + ABI_DEVMTU_CURRENT_AT), max);
	assert_int_equal(get_u32(ifr + ABI_DEVMTU_MIN_AT), 72);
	assert_int_equal(get_u32(ifr + ABI_DEVMTU_MAX_AT), max);
}

static int
set_sysctl(const char *name, int value)
{
	return sim_errno(sysctlbyname(name, NULL, NULL, &value,
	    sizeof(value)));
}

static void
test_f3_mtu_new(void **state)
{
	(void)state;
	assert_int_equal(sim_create(SIM_P), 0);
	assert_int_equal(set_sysctl("net.link.fake.max_mtu", 9000), 0);
	assert_int_equal(sim_create(SIM_Q), 0);
	check_mtu_limits(SIM_P, 2048);
	check_mtu_limits(SIM_Q, 9000);
	assert_int_equal(set_sysctl("net.link.fake.max_mtu", 16370), 0);
	assert_int_equal(sim_create("feth3"), 0);
	check_mtu_limits("feth3", 16370);
	assert_int_equal(sim_set_mtu("feth9", 1500), ENXIO);
	sim_become(501);
	assert_int_equal(sim_set_mtu(SIM_P, 1500), EPERM);
	assert_int_equal(sim_mtu(SIM_P), 2048);
}

static void
test_f3_mtu_old(void **state)
{
	int value;
	size_t len = sizeof(value);

	(void)state;
	assert_int_equal(sim_create(SIM_P), 0);
	check_mtu_limits(SIM_P, 16370);
	assert_int_equal(sim_errno(sysctlbyname("net.link.fake.max_mtu",
	    &value, &len, NULL, 0)), ENOENT);
	assert_int_equal(sim_errno(sysctlbyname("net.link.fake.hwcsum",
	    &value, &len, NULL, 0)), 0);
}

static int
set_lladdr(const char *name, unsigned len, uint8_t last)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };

	ifr[ABI_IFREQ_SA_LEN_AT] = (uint8_t)len;
	ifr[ABI_IFREQ_SA_DATA_AT] = 0x02;
	ifr[ABI_IFREQ_SA_DATA_AT + 5] = last;
	return sim_ioctl(ABI_SIOCSIFLLADDR, name, ifr);
}

static void
test_f4_lladdr(void **state)
{
	static const uint8_t mine[6] = { 2, 0, 0, 0, 0, 9 };
	uint8_t seen[6];

	(void)state;
	assert_int_equal(sim_create(SIM_P), 0);
	assert_int_equal(set_lladdr(SIM_P, 6, 9), 0);
	assert_int_equal(get_lladdr(SIM_P, seen), 6);
	assert_memory_equal(seen, mine, 6);
	assert_int_equal(set_lladdr(SIM_P, 5, 1), EINVAL);
	assert_int_equal(set_lladdr(SIM_P, 16, 1), EINVAL);
	assert_int_equal(get_lladdr(SIM_P, seen), 6);
	assert_memory_equal(seen, mine, 6);
	assert_int_equal(set_lladdr(SIM_P, 0, 1), 0);
	assert_int_equal(get_lladdr(SIM_P, seen), 0);
	assert_int_equal(set_lladdr(SIM_P, 6, 9), 0);
	assert_int_equal(get_lladdr(SIM_P, seen), 6);
	sim_become(501);
	assert_int_equal(set_lladdr(SIM_P, 6, 9), EPERM);
}

static unsigned
media_status(const char *name)
{
	uint8_t ifm[ABI_MEDIA_SIZE] = { 0 };

	assert_int_equal(sim_ioctl(ABI_SIOCGIFMEDIA, name, ifm), 0);
	return get_u32(ifm + ABI_MEDIA_STATUS_AT);
}

static void
test_f5_destroy_one(void **state)
{
	(void)state;
	sim_make_pair();
	assert_int_equal(media_status(SIM_Q), ABI_IFM_AVALID |
	    ABI_IFM_ACTIVE);
	assert_int_equal(sim_destroy(SIM_P), 0);
	assert_int_equal(media_status(SIM_Q), ABI_IFM_AVALID);
	assert_string_equal(sim_get_peer(SIM_Q), "");
	assert_true((sim_flags(SIM_Q) & ABI_IFF_UP) != 0);
}

/* The host's part is played by an NDRV socket and a bpf device on P. */
static void
test_f6_traffic(void **state)
{
	static const size_t sizes[] = { 14, 42, 59, 60, 1514, 1518, 4000 };
	int from_host, to_host, host, injector;
	unsigned i;

	(void)state;
	sim_make_pair();
	from_host = sim_bpf_reader(SIM_Q);
	to_host = sim_bpf_reader(SIM_P);
	host = sim_ndrv_open(SIM_P);
	injector = sim_ndrv_open(SIM_Q);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(sim_send(host, sizes[i], i), 0);
		sim_expect_frame(from_host, sizes[i], i);
		assert_int_equal(sim_send(injector, sizes[i], i + 50), 0);
		sim_expect_frame(to_host, sizes[i], i + 50);
		sim_expect_no_frame(from_host, EWOULDBLOCK);
	}
}

static void
test_f6_up_and_down(void **state)
{
	int from_host, to_host, host, injector;

	(void)state;
	sim_make_pair();
	from_host = sim_bpf_reader(SIM_Q);
	to_host = sim_bpf_reader(SIM_P);
	host = sim_ndrv_open(SIM_P);
	injector = sim_ndrv_open(SIM_Q);
	assert_int_equal(sim_set_flags(SIM_P, 0), 0);
	assert_int_equal(sim_send(host, 60, 1), ENETDOWN);
	assert_int_equal(sim_send(injector, 60, 2), 0);
	sim_expect_frame(to_host, 60, 2);
	assert_int_equal(sim_set_flags(SIM_P, ABI_IFF_UP), 0);
	assert_int_equal(sim_set_flags(SIM_Q, 0), 0);
	assert_int_equal(sim_send(host, 60, 3), 0);
	sim_expect_frame(from_host, 60, 3);
	assert_int_equal(sim_send(injector, 60, 4), ENETDOWN);
	sim_expect_no_frame(to_host, EWOULDBLOCK);
}

/* A frame that fits no cluster blocks the queue of old systems for good. */
static void
test_f6_stuck(void **state)
{
	int from_host, host, room = 20000;

	(void)state;
	sim_make_pair();
	from_host = sim_bpf_reader(SIM_Q);
	host = sim_ndrv_open(SIM_P);
	assert_int_equal(sim_errno(setsockopt(host, SOL_SOCKET, SO_SNDBUF,
	    &room, sizeof(room))), 0);
	assert_int_equal(sim_send(host, 60, 1), 0);
	sim_expect_frame(from_host, 60, 1);
	assert_int_equal(sim_send(host, 16385, 2), 0);
	assert_int_equal(sim_send(host, 60, 3), 0);
	sim_expect_no_frame(from_host, EWOULDBLOCK);
}

static void
test_flags(void **state)
{
	const unsigned fixed = ABI_IFF_BROADCAST | ABI_IFF_SIMPLEX |
	    ABI_IFF_MULTICAST;
	int reader;

	(void)state;
	sim_make_pair();
	assert_int_equal(sim_flags(SIM_Q), fixed | ABI_IFF_UP |
	    ABI_IFF_RUNNING);
	reader = sim_bpf_reader(SIM_Q);
	assert_int_equal(ioctl(reader, ABI_BIOCPROMISC, NULL), 0);
	assert_true((sim_flags(SIM_Q) & ABI_IFF_PROMISC) != 0);
	/* Who writes a bare UP clears it. */
	assert_int_equal(sim_set_flags(SIM_Q, ABI_IFF_UP), 0);
	assert_int_equal(sim_flags(SIM_Q), fixed | ABI_IFF_UP |
	    ABI_IFF_RUNNING);
	assert_int_equal(sim_set_flags(SIM_Q, 0), 0);
	assert_int_equal(sim_flags(SIM_Q), fixed);
	sim_become(501);
	assert_int_equal(sim_set_flags(SIM_Q, ABI_IFF_UP), EPERM);
	assert_int_equal(sim_flags(SIM_Q), fixed);
}

static bool
has_cloner(const char *name)
{
	char names[16][ABI_IFNAMSIZ], *p = names[0];
	uint8_t arg[ABI_CLONEREQ_SIZE] = { 0 };
	uint32_t count = 16, i;
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	memcpy(arg + ABI_CLONEREQ_COUNT_AT, &count, sizeof(count));
	memcpy(arg + ABI_CLONEREQ_BUFFER_AT, &p, sizeof(p));
	assert_int_equal(ioctl(s, ABI_SIOCIFGCLONERS, arg), 0);
	(void)close(s);
	count = get_u32(arg + ABI_CLONEREQ_TOTAL_AT);
	assert_true(count > 0 && count <= 16);
	for (i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void
test_cloners(void **state)
{
	(void)state;
	assert_true(has_cloner("feth"));
	assert_true(has_cloner("bridge"));
}

static void
test_cloners_without_feth(void **state)
{
	(void)state;
	assert_false(has_cloner("feth"));
	assert_true(has_cloner("bridge"));
}

static void
test_lists(void **state)
{
	uint8_t seen[6];
	char name[IF_NAMESIZE];

	(void)state;
	assert_int_equal(get_lladdr(SIM_P, seen), -1);
	assert_int_equal(if_nametoindex(SIM_P), 0);
	assert_int_equal(sim_create(SIM_P), 0);
	assert_int_equal(get_lladdr(SIM_P, seen), 6);
	assert_int_not_equal(if_nametoindex(SIM_P), 0);
	assert_string_equal(if_indextoname(if_nametoindex(SIM_P), name),
	    SIM_P);
	assert_int_equal(sim_destroy(SIM_P), 0);
	assert_int_equal(get_lladdr(SIM_P, seen), -1);
}

static void
test_sysctl(void **state)
{
	int value = 0;
	char text[32];
	size_t len = 2;

	(void)state;
	assert_int_equal(sim_errno(sysctlbyname("net.link.fake.max_mtu",
	    &value, &len, NULL, 0)), ENOMEM);
	len = sizeof(value);
	assert_int_equal(sysctlbyname("net.link.fake.max_mtu", &value, &len,
	    NULL, 0), 0);
	assert_int_equal(len, sizeof(value));
	assert_int_equal(value, 2048);
	assert_int_equal(set_sysctl("net.link.fake.max_mtu", 1499), EINVAL);
	assert_int_equal(set_sysctl("net.link.fake.max_mtu", 16371), EINVAL);
	assert_int_equal(set_sysctl("net.link.fake.nothing", 1), ENOENT);
	assert_int_equal(set_sysctl("debug.bpf_maxdevices", 1), EPERM);
	len = sizeof(text);
	assert_int_equal(sysctlbyname("kern.ostype", text, &len, NULL, 0), 0);
	assert_string_equal(text, "Darwin");
	sim_become(501);
	assert_int_equal(set_sysctl("net.link.fake.max_mtu", 9000), EPERM);
	assert_int_equal(sysctlbyname("net.link.fake.max_mtu", NULL, &len,
	    NULL, 0), 0);
	assert_int_equal(len, sizeof(value));
}

/* Bytes behind the frame, for both that are made after it was set. */
static void
test_sysctl_trailer(void **state)
{
	uint8_t buf[SIM_BLEN];
	int reader;

	(void)state;
	assert_int_equal(set_sysctl("net.link.fake.fcs", 1), 0);
	sim_make_pair();
	reader = sim_bpf_reader(SIM_Q);
	assert_int_equal(sim_send(sim_ndrv_open(SIM_P), 60, 1), 0);
	assert_int_equal(read(reader, buf, sizeof(buf)), ABI_BPF_HDRLEN + 64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(test_f1_create, sim_new),
		SIM_TEST(test_f1_create, sim_old),
		SIM_TEST(test_f1_name_is_written_back, sim_new),
		SIM_TEST(test_f1_busy_after_destroy, slow),
		SIM_TEST(test_f1_busy_by_choice, slowest),
		SIM_TEST(test_f1_leading_zeros_stay_for_ever, sim_new),
		SIM_TEST(test_f1_no_feth, no_feth),
		SIM_TEST(test_f2_peer, sim_new),
		SIM_TEST(test_f3_mtu_new, sim_new),
		SIM_TEST(test_f3_mtu_old, sim_old),
		SIM_TEST(test_f4_lladdr, sim_new),
		SIM_TEST(test_f5_destroy_one, sim_new),
		SIM_TEST(test_f6_traffic, sim_new),
		SIM_TEST(test_f6_traffic, sim_old),
		SIM_TEST(test_f6_up_and_down, sim_new),
		SIM_TEST(test_f6_stuck, sim_old),
		SIM_TEST(test_flags, sim_new),
		SIM_TEST(test_cloners, sim_new),
		SIM_TEST(test_cloners_without_feth, no_feth),
		SIM_TEST(test_lists, sim_new),
		SIM_TEST(test_sysctl, sim_new),
		SIM_TEST(test_sysctl_trailer, sim_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
