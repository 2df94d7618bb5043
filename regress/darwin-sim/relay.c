/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* What tests of real frames have at the other end: see relay.h. */

#include "regress/darwin-sim/relay.h"

#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "regress/darwin-sim/abi.h"

#define BLEN		524288
#define FRAME_MAX	65536
#define NODES		256

struct relay {
	int bpf, ndrv, tap;
	size_t blen;
};

static int
fail(const char *what)
{
	fprintf(stderr, "darwinctl: %s: %s\n", what, strerror(errno));
	return -1;
}

static int
open_node(void)
{
	char path[32];
	int fd = -1, unit;

	errno = EBUSY;
	for (unit = 0; fd == -1 && errno == EBUSY && unit < NODES; unit++) {
		(void)snprintf(path, sizeof(path), "/dev/bpf%d", unit);
		fd = open(path, O_RDWR | O_NONBLOCK);
	}
	return fd;
}

static int
open_bpf(struct relay *r, const char *peer)
{
	uint8_t ifr[ABI_IFREQ_SIZE] = { 0 };
	uint32_t len = BLEN, on = 1, off = 0;

	memcpy(ifr, peer, strnlen(peer, ABI_IFNAMSIZ - 1));
	if ((r->bpf = open_node()) == -1 ||
	    ioctl(r->bpf, ABI_BIOCSBLEN, &len) == -1 ||
	    ioctl(r->bpf, ABI_BIOCIMMEDIATE, &on) == -1 ||
	    ioctl(r->bpf, ABI_BIOCSSEESENT, &off) == -1 ||
	    ioctl(r->bpf, ABI_BIOCSETIF, ifr) == -1)
		return fail("bpf");
	r->blen = len;
	return 0;
}

static int
open_ndrv(struct relay *r, const char *peer)
{
	uint8_t address[ABI_SOCKADDR_NDRV_SIZE] = {
		ABI_SOCKADDR_NDRV_SIZE, ABI_AF_NDRV
	};
	const struct sockaddr *sa = (const struct sockaddr *)address;
	int room = FRAME_MAX;

	memcpy(address + ABI_SOCKADDR_NDRV_NAME_AT, peer,
	    strnlen(peer, ABI_IFNAMSIZ - 1));
	if ((r->ndrv = socket(ABI_AF_NDRV, SOCK_RAW, 0)) == -1 ||
	    bind(r->ndrv, sa, sizeof(address)) == -1 ||
	    connect(r->ndrv, sa, sizeof(address)) == -1 ||
	    setsockopt(r->ndrv, SOL_SOCKET, SO_SNDBUF, &room,
	    sizeof(room)) == -1)
		return fail("ndrv");
	return 0;
}

static int
open_tap(struct relay *r, const char *tap)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	memcpy(ifr.ifr_name, tap, strnlen(tap, sizeof(ifr.ifr_name) - 1));
	r->tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	if (r->tap == -1 || ioctl(r->tap, TUNSETIFF, &ifr) == -1)
		return fail(tap);
	return 0;
}

/* What one read gave, to the TAP.  Returns -1 at the end of the pair. */
static int
forward_batch(const struct relay *r)
{
	static uint8_t buf[BLEN];
	uint32_t caplen;
	uint16_t hdrlen;
	ssize_t len = read(r->bpf, buf, r->blen);
	const uint8_t *p = buf;
	size_t left, step;
	ssize_t n;

	if (len == -1)
		return errno == EAGAIN ? 0 : fail("bpf");
	for (left = (size_t)len; left >= ABI_BPF_HDRLEN; left -= step) {
		memcpy(&caplen, p + ABI_BPF_CAPLEN_AT, sizeof(caplen));
		memcpy(&hdrlen, p + ABI_BPF_HDRLEN_AT, sizeof(hdrlen));
		/* A TAP that is down refuses it. */
		n = write(r->tap, p + hdrlen, caplen);
		(void)n;
		step = ABI_BPF_ALIGN(hdrlen + caplen);
		if (step > left)
			break;
		p += step;
	}
	return 0;
}

static int
forward_frame(const struct relay *r)
{
	static uint8_t frame[FRAME_MAX];
	ssize_t len = read(r->tap, frame, sizeof(frame));

	if (len == -1)
		return errno == EAGAIN ? 0 : fail("tap");
	if (len >= 14 && write(r->ndrv, frame, (size_t)len) == -1 &&
	    (errno == ENXIO || errno == EPIPE))
		return fail("ndrv");
	return 0;
}

int
relay(const char *peer, const char *tap)
{
	struct relay r = { .bpf = -1, .ndrv = -1, .tap = -1 };
	int last;
	fd_set set;

	if (open_bpf(&r, peer) == -1 || open_ndrv(&r, peer) == -1 ||
	    open_tap(&r, tap) == -1)
		return 1;
	printf("ready\n");
	(void)fflush(stdout);
	last = r.bpf > r.tap ? r.bpf : r.tap;
	for (;;) {
		FD_ZERO(&set);
		FD_SET(r.bpf, &set);
		FD_SET(r.tap, &set);
		if (select(last + 1, &set, NULL, NULL, NULL) == -1)
			return 1;
		if (FD_ISSET(r.bpf, &set) && forward_batch(&r) == -1)
			return 1;
		if (FD_ISSET(r.tap, &set) && forward_frame(&r) == -1)
			return 1;
	}
}
