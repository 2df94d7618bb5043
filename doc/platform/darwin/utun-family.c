/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The address family in front of a packet is in network byte order: the
 * kernel turns it into its own, in which bpf shows it.
 */

#include <sys/types.h>

#include <string.h>
#include <unistd.h>

#include "doc/platform/darwin/platform.h"
#include "openbsd-compat/darwin-net.h"

#define WORD		4
#define HEADER		20	/* of IPv4; IPv6 has twice as much */
#define PACKET_MAX	(WORD + 2 * HEADER)

static struct reader reader;

/* A packet for nobody: protocol 253 (RFC 3692), from and to nowhere. */
static void
check_family(const char *what, int fd, uint8_t family, uint8_t version)
{
	uint8_t packet[PACKET_MAX] = { 0, 0, 0, family, version };
	size_t len = family == DARWIN_AF_INET ? WORD + HEADER : PACKET_MAX;
	uint32_t seen = 0;
	struct record rec;

	packet[WORD + 3] = (uint8_t)(family == DARWIN_AF_INET ? HEADER : 0);
	packet[WORD + (family == DARWIN_AF_INET ? 9 : 6)] = 253;
	must("write a packet", write(fd, packet, len));
	do {
		if (!reader_any(&reader, &rec))
			must("bpf receives it", -1);
	} while (rec.caplen != len ||
	    memcmp(rec.frame + WORD, packet + WORD, len - WORD) != 0);
	memcpy(&seen, rec.frame, WORD);
	check_number(what, family, (long)seen);
}

int
main(void)
{
	char name[PLATFORM_NAME_SIZE];
	int fd;

	check_begin("utun-family");
	must("open utun", fd = utun_open(0));
	utun_name(fd, name);
	reader_open(&reader, name, READER_SIZE, false);
	check_number("BIOCGDLT: a family word",
	    0, bpf_get(reader.fd, DARWIN_BIOCGDLT));
	check_family("00 00 00 02 is", fd, DARWIN_AF_INET, 0x45);
	check_family("00 00 00 1e is", fd, DARWIN_AF_INET6, 0x60);
	return check_end();
}
