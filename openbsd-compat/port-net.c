/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The tunnel devices of whatever system this is.  Opening is the system's
 * own business and lives in a file of its own; the first part below is the
 * only place that chooses one.
 *
 * The filters stand between the bytes of a device and those of the wire.  An
 * Ethernet frame is the same on both sides, but for Darwin's way of handing
 * out several at once.  In point-to-point mode the wire has a word in front
 * of each IP packet that names its address family with OpenBSD's number; the
 * device has the bare packet, or a word with its own number.  Neither filter
 * trusts a length: what lacks a whole header goes no further, because a runt
 * is an error to some devices and worse to others.
 */

#include "config.h"

#include "openbsd-compat/port-net.h"

#include <errno.h>

#include "openbsd-compat/bpf-batch.h"
#include "openbsd-compat/tun-af.h"

#if defined(SSH_TUN_LINUX)

#include "openbsd-compat/port-net-linux.h"

/* The longest frame, 65535 bytes (MAX_MTU in drivers/net/tun.c), and a tag. */
#define READ_SIZE	65539

static int
open_system(int tun, int mode, char **ifname, int *rfd, int *wfd)
{
	int fd;

	if ((fd = sys_tun_open_linux(tun, mode, ifname)) == -1)
		return -1;
	*rfd = fd;
	*wfd = fd;
	return 0;
}

enum sys_tun_framing
sys_tun_framing(int mode, int rfd, int wfd)
{
	(void)rfd;
	(void)wfd;
	switch (mode) {
	case SSH_TUNMODE_ETHERNET:
		return SYS_TUN_FRAME;
	case SSH_TUNMODE_POINTOPOINT:
		return SYS_TUN_PACKET;
	default:
		return SYS_TUN_NONE;
	}
}

size_t
sys_tun_read_size(int mode, int rfd, int wfd)
{
	(void)mode;
	(void)rfd;
	(void)wfd;
	return READ_SIZE;
}

#elif defined(SSH_TUN_DARWIN)

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "openbsd-compat/darwin-net.h"
#include "openbsd-compat/port-net-darwin.h"

static_assert(SSH_TUNMODE_ETHERNET == DARWIN_ETHERNET &&
    SSH_TUNMODE_POINTOPOINT == DARWIN_POINT_TO_POINT &&
    SSH_TUNID_ANY == DARWIN_UNIT_ANY, "port-net-darwin's numbers are ours");

/* Nobody writes this pair down: who uses it has to destroy it by hand. */
static int
open_pair(int tun, struct darwin_device *dev)
{
	const struct darwin_request rq = { .unit = tun };
	struct darwin_fault fault;
	struct darwin_pair pair;
	int saved_errno;

	if (darwin_pair_create(&rq, &pair, &fault) == -1)
		return -1;
	if (darwin_pair_attach(&pair, 0, dev, &fault) == 0)
		return 0;
	saved_errno = errno;
	(void)darwin_pair_destroy(&pair, &fault);
	errno = saved_errno;
	return -1;
}

/*
 * What the system has by itself comes first; the kernel extension is there
 * for old ones, and for who has set up its first units.
 */
static int
open_device(int tun, int mode, struct darwin_device *dev)
{
	struct darwin_fault fault;
	int error;

	if (mode == SSH_TUNMODE_ETHERNET ? open_pair(tun, dev) == 0 :
	    darwin_utun_open(tun, dev, &fault) == 0)
		return 0;
	error = errno;
	if ((mode == SSH_TUNMODE_POINTOPOINT || error == EOPNOTSUPP ||
	    tun < DARWIN_TUNTAPOSX_UNITS) &&
	    darwin_tuntaposx_open(tun, (enum darwin_mode)mode, 0, dev,
	    &fault) == 0)
		return 0;
	errno = error == EOPNOTSUPP ? ENOENT : error == EEXIST ? EBUSY : error;
	return -1;
}

static int
open_system(int tun, int mode, char **ifname, int *rfd, int *wfd)
{
	struct darwin_device dev;
	char *name = NULL;

	/* Before there is anything that would have to be undone. */
	if (ifname != NULL && (name = malloc(DARWIN_NAME_SIZE)) == NULL)
		return -1;
	if (open_device(tun, mode, &dev) == -1) {
		free(name);
		return -1;
	}
	if (name != NULL) {
		memcpy(name, dev.name, DARWIN_NAME_SIZE);
		*ifname = name;
	}
	*rfd = dev.rfd;
	*wfd = dev.wfd;
	return 0;
}

enum sys_tun_framing
sys_tun_framing(int mode, int rfd, int wfd)
{
	switch (mode) {
	case SSH_TUNMODE_ETHERNET:
		return rfd == wfd ? SYS_TUN_FRAME : SYS_TUN_BATCH;
	case SSH_TUNMODE_POINTOPOINT:
		return SYS_TUN_FAMILY;
	default:
		return SYS_TUN_NONE;
	}
}

size_t
sys_tun_read_size(int mode, int rfd, int wfd)
{
	struct darwin_device dev;

	if (darwin_device_adopt(rfd, wfd, (enum darwin_mode)mode, "",
	    &dev) == -1)
		return 0;
	return dev.read_size;
}

#else
#error "configure knows the tunnel devices of this system, port-net.c does not"
#endif

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

/* What one read() of bpf(4) returned. */
static int
filter_batch(uint8_t *buf, size_t len, sys_tun_frame_fn *fn, void *ctx,
    uint64_t *droppedp)
{
	struct bpf_batch batch = { .dropped = 0 };
	uint8_t *frame;
	size_t frame_len;
	int r = 0;

	bpf_batch_start(&batch, buf, len);
	while (r == 0 && (frame = bpf_batch_next(&batch, &frame_len)) != NULL)
		r = fn(ctx, frame, frame_len);
	*droppedp += batch.dropped;
	return r;
}

int
sys_tun_infilter(enum sys_tun_framing framing, uint8_t *buf, size_t len,
    sys_tun_frame_fn *fn, void *ctx, uint64_t *droppedp)
{
	uint32_t family;

	switch (framing) {
	case SYS_TUN_FRAME:
		if (len >= SYS_TUN_FRAME_MIN)
			return fn(ctx, buf, len);
		break;
	case SYS_TUN_PACKET:
		if ((family = tun_af_of_packet(buf, len)) == 0)
			break;
		tun_af_put(buf - TUN_AF_LEN, family);
		return fn(ctx, buf - TUN_AF_LEN, len + TUN_AF_LEN);
	case SYS_TUN_FAMILY:
		if (darwin_af_to_wire(buf, len) == 0)
			return fn(ctx, buf, len);
		break;
	case SYS_TUN_BATCH:
		return filter_batch(buf, len, fn, ctx, droppedp);
	default:
		break;
	}
	(*droppedp)++;
	return 0;
}

int
sys_tun_outfilter(enum sys_tun_framing framing, uint8_t **framep,
    size_t *lenp)
{
	uint32_t family;

	switch (framing) {
	case SYS_TUN_FRAME:
	case SYS_TUN_BATCH:
		return *lenp < SYS_TUN_FRAME_MIN ? -1 : 0;
	case SYS_TUN_PACKET:
		if (*lenp < TUN_AF_LEN)
			return -1;
		family = tun_af_of_packet(*framep + TUN_AF_LEN,
		    *lenp - TUN_AF_LEN);
		if (family == 0 || family != tun_af_get(*framep))
			return -1;
		*framep += TUN_AF_LEN;
		*lenp -= TUN_AF_LEN;
		return 0;
	case SYS_TUN_FAMILY:
		return darwin_af_from_wire(*framep, *lenp);
	default:
		return -1;
	}
}
