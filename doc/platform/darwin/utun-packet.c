/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A packet of utun is preceded by its address family, four bytes in network
 * byte order.  The host sends a datagram to 192.0.2.2 (RFC 5737), which is
 * sent back with its addresses and ports exchanged.
 */

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

#define SIOCSIFADDR_DARWIN	0x8020690cU
#define SIOCSIFDSTADDR_DARWIN	0x8020690eU
#define PORT			9
#define WORD			4	/* then IP: 20 bytes; then ports */
#define PACKET_LEN		(WORD + 20 + 8 + 1)

static int
set_address(int s, unsigned long request, const char *name, uint8_t last)
{
	const uint8_t address[] = { 192, 0, 2, last };
	struct darwin_ifreq ifr = { .ifr_name = "" };

	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	ifr.u.addr.sa_len = sizeof(ifr.u.addr);
	ifr.u.addr.sa_family = DARWIN_AF_INET;
	memcpy(ifr.u.addr.sa_data + 2, address, sizeof(address));
	return ioctl(s, request, &ifr);
}

static void
exchange(uint8_t *a, uint8_t *b, size_t len)
{
	uint8_t kept[4];

	memcpy(kept, a, len);
	memcpy(a, b, len);
	memcpy(b, kept, len);
}

/* The datagram of ours, among what else the host may send. */
static bool
receive(int fd, uint8_t packet[2048])
{
	static const uint8_t to[] = { 192, 0, 2, 2 };

	while (is_readable(fd, PLATFORM_WAIT))
		if (read(fd, packet, 2048) == PACKET_LEN &&
		    memcmp(packet + WORD + 16, to, sizeof(to)) == 0)
			return true;
	return false;
}

static void
check_packet(int fd, int s)
{
	static const uint8_t word[WORD] = { 0, 0, 0, DARWIN_AF_INET };
	struct sockaddr_in to;
	uint8_t packet[2048];
	char c = 'x';
	bool came;

	memset(&to, 0, sizeof(to));
	to.sin_family = AF_INET;
	to.sin_port = htons(PORT);
	to.sin_addr.s_addr = htonl(0xc0000202);
	must("connect", connect(s, (struct sockaddr *)&to, sizeof(to)));
	check_length("the host sends", 1, send(s, &c, 1, 0));
	check_yes("select tells", is_readable(fd, PLATFORM_WAIT));
	came = receive(fd, packet);
	check_yes("the packet comes", came);
	if (!came)
		return;
	check_yes("behind 00 00 00 02", memcmp(packet, word, WORD) == 0);
	exchange(packet + WORD + 12, packet + WORD + 16, 4);
	exchange(packet + WORD + 20, packet + WORD + 22, 2);
	check_length("send it back", PACKET_LEN,
	    write(fd, packet, PACKET_LEN));
	check_yes("the host receives it", is_readable(s, PLATFORM_WAIT));
}

int
main(void)
{
	char name[PLATFORM_NAME_SIZE];
	int fd, s;

	check_begin("utun-packet");
	must("open utun", fd = utun_open(0));
	utun_name(fd, name);
	must("a socket", s = socket(AF_INET, SOCK_DGRAM, 0));
	if (set_address(s, SIOCSIFADDR_DARWIN, name, 1) == -1 ||
	    set_address(s, SIOCSIFDSTADDR_DARWIN, name, 2) == -1)
		check_skip("packets", "utun takes no address here");
	else
		check_packet(fd, s);
	return check_end();
}
