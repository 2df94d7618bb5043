/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Stands for ifconfig(8) and sysctl(8) on the simulated system: another
 * program that makes, changes and destroys interfaces.  Linked with
 * libdarwinsim.so like the programs under test.
 */

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "regress/darwin-sim/abi.h"
#include "regress/darwin-sim/include/sys/sysctl.h"
#include "regress/darwin-sim/relay.h"
#include "regress/darwin-sim/wire.h"

static void
usage(void)
{
	fprintf(stderr,
	    "usage: darwinctl list\n"
	    "       darwinctl create|destroy|up|down|unpeer NAME\n"
	    "       darwinctl peer NAME NAME\n"
	    "       darwinctl mtu NAME BYTES\n"
	    "       darwinctl lladdr NAME XX:XX:XX:XX:XX:XX\n"
	    "       darwinctl sysctl NAME[=NUMBER]\n"
	    "       darwinctl hold-bpf COUNT\n"
	    "       darwinctl bpf-busy\n"
	    "       darwinctl relay NAME TAP\n"
	    "       darwinctl stop\n");
	exit(2);
}

static void
die(const char *what)
{
	fprintf(stderr, "darwinctl: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long
number(const char *s)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 10);
	if (errno != 0 || end == s || *end != '\0')
		usage();
	return n;
}

/* === Interfaces === */

static void
set_name(uint8_t *p, const char *name)
{
	size_t len = strlen(name);

	if (len >= ABI_IFNAMSIZ)
		usage();
	memset(p, 0, ABI_IFNAMSIZ);
	memcpy(p, name, len);
}

static void
run(unsigned long request, uint8_t *arg)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s == -1)
		die("socket");
	if (ioctl(s, request, arg) == -1)
		die((const char *)arg);
	(void)close(s);
}

static void
create(const char *name)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };
	unsigned tries;

	/* As everybody does: a unit of that name may still be going. */
	for (tries = 0; ; tries++) {
		int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		set_name(ifr, name);
		if (s == -1)
			die("socket");
		if (ioctl(s, ABI_SIOCIFCREATE, ifr) == 0)
			break;
		if (errno != EBUSY || tries == 600)
			die(name);
		(void)close(s);
		(void)usleep(10000);
	}
	printf("%s\n", (char *)ifr);
}

static void
set_up(const char *name, int is_up)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };
	uint16_t flags;

	set_name(ifr, name);
	run(ABI_SIOCGIFFLAGS, ifr);
	memcpy(&flags, ifr + ABI_IFREQ_UNION_AT, sizeof(flags));
	flags = (uint16_t)(is_up ? flags | ABI_IFF_UP : flags & ~ABI_IFF_UP);
	memcpy(ifr + ABI_IFREQ_UNION_AT, &flags, sizeof(flags));
	run(ABI_SIOCSIFFLAGS, ifr);
}

static void
set_peer(const char *name, const char *peer)
{
	uint8_t ifd[ABI_IFDRV_SIZE] = { 0 }, ifr[ABI_FAKE_REQUEST_SIZE] = { 0 };
	uint64_t command = ABI_FAKE_SET_PEER, len = sizeof(ifr);
	uint8_t *data = ifr;

	set_name(ifd, name);
	set_name(ifr + ABI_FAKE_PEER_AT, peer);
	memcpy(ifd + ABI_IFDRV_CMD_AT, &command, sizeof(command));
	memcpy(ifd + ABI_IFDRV_LEN_AT, &len, sizeof(len));
	memcpy(ifd + ABI_IFDRV_DATA_AT, &data, sizeof(data));
	run(ABI_SIOCSDRVSPEC, ifd);
}

static void
set_mtu(const char *name, const char *value)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };
	uint32_t mtu = (uint32_t)number(value);

	set_name(ifr, name);
	memcpy(ifr + ABI_IFREQ_UNION_AT, &mtu, sizeof(mtu));
	run(ABI_SIOCSIFMTU, ifr);
}

static void
set_lladdr(const char *name, const char *value)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };
	unsigned b[6], i;

	if (sscanf(value, "%2x:%2x:%2x:%2x:%2x:%2x", &b[0], &b[1], &b[2],
	    &b[3], &b[4], &b[5]) != 6)
		usage();
	set_name(ifr, name);
	ifr[ABI_IFREQ_SA_LEN_AT] = 6;
	for (i = 0; i < 6; i++)
		ifr[ABI_IFREQ_SA_DATA_AT + i] = (uint8_t)b[i];
	run(ABI_SIOCSIFLLADDR, ifr);
}

static void
destroy(const char *name)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };

	set_name(ifr, name);
	run(ABI_SIOCIFDESTROY, ifr);
}

/* === The rest of the system === */

static void
run_sysctl(char *name)
{
	char old[256] = { 0 }, *value = strchr(name, '=');
	size_t len = sizeof(old) - 1;
	int n;

	if (value != NULL) {
		*value++ = '\0';
		n = (int)number(value);
		if (sysctlbyname(name, NULL, NULL, &n, sizeof(n)) == -1)
			die(name);
	}
	if (sysctlbyname(name, old, &len, NULL, 0) == -1)
		die(name);
	if (len != sizeof(n)) {
		printf("%s: %s\n", name, old);
		return;
	}
	memcpy(&n, old, sizeof(n));
	printf("%s: %d\n", name, n);
}

/* Open bpf devices until there are so many, and keep them. */
static void
hold_bpf(long count)
{
	char path[32];
	long unit, held = 0;
	int fd;

	for (unit = 0; unit < ABI_BPF_NODES_MAX && held < count; unit++) {
		(void)snprintf(path, sizeof(path), "/dev/bpf%ld", unit);
		if ((fd = open(path, O_RDWR | O_CLOEXEC)) != -1)
			held++;
		else if (errno != EBUSY)
			die(path);
	}
	printf("%ld\n", held);
	(void)fflush(stdout);
	(void)pause();
}

/* Ends well when no bpf device is free. */
static int
are_bpf_busy(void)
{
	char path[32];
	int unit, fd;

	for (unit = 0; unit < ABI_BPF_NODES_MAX; unit++) {
		(void)snprintf(path, sizeof(path), "/dev/bpf%d", unit);
		if ((fd = open(path, O_RDWR | O_CLOEXEC)) != -1 ||
		    errno != EBUSY) {
			if (fd != -1)
				(void)close(fd);
			return 1;
		}
	}
	return 0;
}

/* Questions that no macOS answers go to the kernel directly. */
static void
ask_kernel(uint32_t op)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct wire_request rq = { .op = op };
	const char *name = getenv(WIRE_NAME_ENV);
	struct wire_reply reply;
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[4096];
	ssize_t n;
	size_t len, left;

	if (name == NULL || name[0] == '\0')
		name = WIRE_NAME_DEFAULT;
	len = strnlen(name, sizeof(sun.sun_path) - 1);
	memcpy(sun.sun_path + 1, name, len);
	len += sizeof(sun.sun_family) + 1;
	if (s == -1 || connect(s, (struct sockaddr *)&sun, (socklen_t)len) ==
	    -1 || write(s, &rq, sizeof(rq)) != (ssize_t)sizeof(rq) ||
	    recv(s, &reply, sizeof(reply), MSG_WAITALL) !=
	    (ssize_t)sizeof(reply))
		die("darwin-kernel");
	for (left = reply.len; left > 0; left -= (size_t)n) {
		n = read(s, text, left < sizeof(text) ? left : sizeof(text));
		if (n <= 0)
			die("darwin-kernel");
		(void)fwrite(text, 1, (size_t)n, stdout);
	}
	(void)close(s);
}

static int
run_plain(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		ask_kernel(WIRE_LIST);
	else if (argc == 2 && strcmp(argv[1], "stop") == 0)
		ask_kernel(WIRE_STOP);
	else if (argc == 2 && strcmp(argv[1], "bpf-busy") == 0)
		return are_bpf_busy();
	else if (argc == 3 && strcmp(argv[1], "hold-bpf") == 0)
		hold_bpf(number(argv[2]));
	else if (argc == 3 && strcmp(argv[1], "sysctl") == 0)
		run_sysctl(argv[2]);
	else if (argc == 4 && strcmp(argv[1], "relay") == 0)
		return relay(argv[2], argv[3]);
	else
		usage();
	return 0;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const char *name = argc > 2 ? argv[2] : "";

	if (argc == 3 && strcmp(what, "create") == 0)
		create(name);
	else if (argc == 3 && strcmp(what, "destroy") == 0)
		destroy(name);
	else if (argc == 3 && strcmp(what, "up") == 0)
		set_up(name, 1);
	else if (argc == 3 && strcmp(what, "down") == 0)
		set_up(name, 0);
	else if (argc == 3 && strcmp(what, "unpeer") == 0)
		set_peer(name, "");
	else if (argc == 4 && strcmp(what, "peer") == 0)
		set_peer(name, argv[3]);
	else if (argc == 4 && strcmp(what, "mtu") == 0)
		set_mtu(name, argv[3]);
	else if (argc == 4 && strcmp(what, "lladdr") == 0)
		set_lladdr(name, argv[3]);
	else
		return run_plain(argc, argv);
	return 0;
}
