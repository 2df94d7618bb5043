/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The tunnel devices of whatever system this is.  Opening is the system's
 * own business and lives in a file of its own; open_system below is the only
 * place that chooses one.
 *
 * The filters stand between the bytes of a device and those of the wire.  An
 * Ethernet frame is the same on both sides.  In point-to-point mode the wire
 * has a word in front of each IP packet that names its address family with
 * OpenBSD's number, while the device has the bare packet.  Neither filter
 * trusts a length: what lacks a whole header goes no further, because a runt
 * is an error to some devices and worse to others.
 */

#include "openbsd-compat/port-net.h"

#include <errno.h>

#if defined(__linux__)
#include "openbsd-compat/port-net-linux.h"
#endif

#define AF_WORD_LEN	4

#define IPV4_HEADER_MIN	20	/* RFC 791 section 3.1, IHL is at least 5 */
#define IPV6_HEADER_LEN	40	/* RFC 8200 section 3 */

static int
open_system(int tun, int mode, char **ifname, int *rfd, int *wfd)
{
#if defined(__linux__)
	int fd;

	if ((fd = sys_tun_open_linux(tun, mode, ifname)) == -1)
		return -1;
	*rfd = fd;
	*wfd = fd;
	return 0;
#else
	(void)tun;
	(void)mode;
	(void)ifname;
	(void)rfd;
	(void)wfd;
	errno = ENOSYS;
	return -1;
#endif
}

int
sys_tun_open(int tun, int mode, char **ifname, int *rfd, int *wfd)
{
	if ((mode != SSH_TUNMODE_ETHERNET && mode != SSH_TUNMODE_POINTOPOINT) ||
	    (tun != SSH_TUNID_ANY && (tun < 0 || tun > SSH_TUNID_MAX))) {
		errno = EINVAL;
		return -1;
	}
	return open_system(tun, mode, ifname, rfd, wfd);
}

/* The family of an IP packet with a whole header, or 0. */
static uint32_t
get_family(const uint8_t *packet, size_t len)
{
	size_t header_len;

	if (len < 1)
		return 0;
	switch (packet[0] >> 4) {
	case 4:
		header_len = (size_t)(packet[0] & 0xf) * 4;
		if (header_len < IPV4_HEADER_MIN || len < header_len)
			return 0;
		return SSH_TUN_AF_INET;
	case 6:
		return len < IPV6_HEADER_LEN ? 0 : SSH_TUN_AF_INET6;
	default:
		return 0;
	}
}

static void
put_family(uint8_t *p, uint32_t family)
{
	p[0] = (uint8_t)(family >> 24);
	p[1] = (uint8_t)(family >> 16);
	p[2] = (uint8_t)(family >> 8);
	p[3] = (uint8_t)family;
}

static uint32_t
read_family(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

int
sys_tun_infilter(int mode, uint8_t *buf, size_t len, sys_tun_frame_fn *fn,
    void *ctx, uint64_t *droppedp)
{
	uint32_t family;

	if (mode == SSH_TUNMODE_ETHERNET && len >= SYS_TUN_FRAME_MIN)
		return fn(ctx, buf, len);
	if (mode == SSH_TUNMODE_POINTOPOINT &&
	    (family = get_family(buf, len)) != 0) {
		put_family(buf - AF_WORD_LEN, family);
		return fn(ctx, buf - AF_WORD_LEN, len + AF_WORD_LEN);
	}
	(*droppedp)++;
	return 0;
}

int
sys_tun_outfilter(int mode, uint8_t **framep, size_t *lenp)
{
	uint32_t family;

	if (mode == SSH_TUNMODE_ETHERNET)
		return *lenp < SYS_TUN_FRAME_MIN ? -1 : 0;
	if (mode != SSH_TUNMODE_POINTOPOINT || *lenp < AF_WORD_LEN)
		return -1;
	family = get_family(*framep + AF_WORD_LEN, *lenp - AF_WORD_LEN);
	if (family == 0 || family != read_family(*framep))
		return -1;
	*framep += AF_WORD_LEN;
	*lenp -= AF_WORD_LEN;
	return 0;
}
