/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/select.h>
#include <sys/sysctl.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "regress/darwin-sim/abi.h"
#include "regress/darwin-sim/pair_util.h"
#include "regress/darwin-sim/sim_util.h"

#define LIBRARY_FDS	200	/* where libdarwinsim keeps its own */

static int is_running;
static char count_file[64];

/* === The kernel === */

void
mac_start(const char *options)
{
	struct sim_options o = { { NULL } };
	char copy[128], *save = NULL, *word;
	size_t n = 0;

	mac_stop();
	mac_fail(NULL);
	(void)snprintf(copy, sizeof(copy), "%s", options);
	for (word = strtok_r(copy, " ", &save); word != NULL;
	    word = strtok_r(NULL, " ", &save)) {
		assert_true(n + 1 < sizeof(o.argv) / sizeof(o.argv[0]));
		o.argv[n++] = word;
	}
	sim_start(&o);
	is_running = 1;
	/* The library may still be connected to the last one, and notice. */
	(void)darwin_interface_is_up("lo0");
	assert_int_equal(darwin_interface_is_up("lo0"), 1);
}

void
mac_stop(void)
{
	if (is_running)
		sim_stop();
	is_running = 0;
}

int
mac_setup(void **state)
{
	(void)state;
	mac_start("");
	return 0;
}

int
mac_teardown(void **state)
{
	(void)state;
	mac_fail(NULL);
	mac_stop();
	return 0;
}

void
mac_be_root(int is_root)
{
	sim_become(is_root ? 0 : 501);
}

/* === Faults === */

static void
remove_count_file(void)
{
	(void)unlink(count_file);
}

/* The library keeps it open as long as it has this name. */
static void
make_count_file(void)
{
	(void)snprintf(count_file, sizeof(count_file),
	    "regress/darwin-sim/calls.%ld", (long)getpid());
	(void)atexit(remove_count_file);
	assert_int_equal(setenv("DARWIN_SIM_COUNT", count_file, 1), 0);
}

/*
 * Counting begins again when the value changes: "0:EIO" and "0:ENXIO" fail
 * nothing and are two.
 */
void
mac_fail(const char *spec)
{
	static unsigned turn;

	if (spec == NULL)
		spec = turn++ % 2 == 0 ? "0:EIO" : "0:ENXIO";
	if (count_file[0] == '\0')
		make_count_file();
	assert_int_equal(setenv("DARWIN_SIM_FAIL", spec, 1), 0);
}

void
mac_fail_at(unsigned n)
{
	char spec[16];

	(void)snprintf(spec, sizeof(spec), "%u", n);
	mac_fail(spec);
}

unsigned
mac_calls(void)
{
	unsigned n = 0;
	FILE *f;

	assert_non_null(f = fopen(count_file, "r"));
	assert_int_equal(fscanf(f, "%u", &n), 1);
	(void)fclose(f);
	return n;
}

void
mac_sysctl(const char *name, int value)
{
	assert_int_equal(sysctlbyname(name, NULL, NULL, &value,
	    sizeof(value)), 0);
}

/* === Others === */

void
other_create(const char *name)
{
	sim_create_free(name);
}

void
other_destroy(const char *name)
{
	assert_int_equal(sim_destroy(name), 0);
}

void
other_peer(const char *name, const char *peer)
{
	assert_int_equal(sim_peer(name, peer), 0);
}

void
other_up(const char *name)
{
	assert_int_equal(sim_set_flags(name, sim_flags(name) | ABI_IFF_UP),
	    0);
}

void
other_down(const char *name)
{
	assert_int_equal(sim_set_flags(name,
	    sim_flags(name) & ~(unsigned)ABI_IFF_UP), 0);
}

/* len: 0 takes the address away (bsd/net/if.c). */
static void
set_lladdr(const char *name, const uint8_t *lladdr, uint8_t len)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };

	ifr[ABI_IFREQ_SA_LEN_AT] = len;
	ifr[ABI_IFREQ_SA_LEN_AT + 1] = ABI_AF_LINK;
	memcpy(ifr + ABI_IFREQ_SA_DATA_AT, lladdr, len);
	assert_int_equal(sim_ioctl(ABI_SIOCSIFLLADDR, name, ifr), 0);
}

void
other_lladdr(const char *name, uint8_t last_byte)
{
	const uint8_t lladdr[DARWIN_LLADDR_LEN] = { 2, 0, 0, 0, 0, last_byte };

	set_lladdr(name, lladdr, sizeof(lladdr));
}

void
other_lladdr_is(const char *name, const uint8_t *lladdr)
{
	set_lladdr(name, lladdr, DARWIN_LLADDR_LEN);
}

void
other_no_lladdr(const char *name)
{
	set_lladdr(name, (const uint8_t *)"", 0);
}

int
other_sees(const char *name)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };

	return sim_ioctl(ABI_SIOCGIFFLAGS, name, ifr) == 0;
}

/* === What there is === */

static int
count_one(void *ctx, const char *name, const char *peer)
{
	unsigned *np = ctx;

	(void)name;
	(void)peer;
	(*np)++;
	return 0;
}

unsigned
count_feth(void)
{
	unsigned n = 0;

	assert_int_equal(darwin_feth_each(count_one, &n), 0);
	return n;
}

unsigned
count_open(void)
{
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	assert_non_null(d = opendir("/proc/self/fd"));
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && atoi(e->d_name) < LIBRARY_FDS)
			n++;
	(void)closedir(d);
	return n;
}

void
make_pair(int unit, struct darwin_pair *pair)
{
	const struct darwin_request rq = { .unit = unit, .up = 1 };
	struct darwin_fault fault;

	assert_int_equal(darwin_pair_create(&rq, pair, &fault), 0);
}

enum darwin_pair_state
state_of(const struct darwin_pair *pair)
{
	enum darwin_pair_state state = DARWIN_PAIR_NONE;

	assert_int_equal(darwin_pair_state(pair, &state), 0);
	return state;
}

/* === Devices === */

void
close_device(const struct darwin_device *dev)
{
	assert_int_equal(close(dev->rfd), 0);
	if (dev->wfd != dev->rfd)
		assert_int_equal(close(dev->wfd), 0);
}

void
make_frame(uint8_t *frame, size_t len, unsigned number)
{
	size_t i;

	for (i = 0; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + number * 31 + len);
}

int
send_frame(const struct darwin_device *dev, size_t len, unsigned number)
{
	uint8_t frame[PAIR_FRAME_MAX + 1];

	make_frame(frame, len, number);
	return darwin_write(dev, frame, len);
}

int
is_readable(int fd, int seconds)
{
	struct timeval tv = { .tv_sec = seconds };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, &tv) == 1;
}
