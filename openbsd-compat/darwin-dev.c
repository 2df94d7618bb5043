/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Descriptors of tunnel devices of macOS: opening them, and what one read
 * and one write mean.
 *
 * A pair has two.  The peer sees what the host sends on the primary as
 * incoming, and what is injected there as outgoing: bpf(4) is told to show
 * the former alone.  What is injected by way of bpf would be limited to 2048
 * bytes before macOS 14, so it goes through AF_NDRV, which looks at nothing:
 * not at the MTU, and not at the length either.  So we do: nothing shorter
 * than a header is ever written.
 */

#include "openbsd-compat/port-net-darwin.h"

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "openbsd-compat/darwin-if.h"
#include "openbsd-compat/darwin-net.h"

#define FRAME_MIN	14	/* an Ethernet header; IP is longer anyway */
#define FRAME_EXTRA	18	/* that header and a VLAN tag */
#define FRAME_MTU	1500	/* where the system does not say */
#define PACKET_MAX	65540	/* family word, IP packet, rounded up */

#define BPF_SIZE_MIN	4096	/* below that, no memory is an error */

/* === bpf(4) === */

/* Only EBUSY says that the next node may be free. */
static int
open_node(void)
{
	char path[32];
	unsigned n;
	int fd;

	for (n = 0; n < DARWIN_BPF_NODES; n++) {
		(void)snprintf(path, sizeof(path), "/dev/bpf%u", n);
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd != -1)
			return fd;
		if (errno != EBUSY)
			break;
	}
	/* Opening the last node makes the next: there can be no more. */
	if (errno == ENOENT && n > 0)
		errno = EBUSY;
	return -1;
}

/*
 * All is set before the interface, so that no frame comes in otherwise; the
 * buffer size can be set no later.  The kernel takes the memory for it only
 * then, and there may be less.
 */
static int
set_bpf(int fd, const char *name, uint32_t size)
{
	uint32_t on = 1, off = 0;
	struct darwin_ifreq ifr;

	for (;;) {
		if (ioctl(fd, DARWIN_BIOCSBLEN, &size) == -1 ||
		    ioctl(fd, DARWIN_BIOCIMMEDIATE, &on) == -1 ||
		    ioctl(fd, DARWIN_BIOCSSEESENT, &off) == -1 ||
		    ioctl(fd, DARWIN_BIOCSHDRCMPLT, &on) == -1)
			return -1;
		darwin_ifreq_init(&ifr, name);
		if (ioctl(fd, DARWIN_BIOCSETIF, &ifr) == 0)
			return 0;
		if ((errno != ENOBUFS && errno != ENOMEM) ||
		    size / 2 < BPF_SIZE_MIN)
			return -1;
		size /= 2;
	}
}

/*
 * What the host sends arrives at the peer as well, and the host would take
 * it in once more there; since macOS 15 it can be told not to.
 */
static int
check_bpf(int fd)
{
	uint32_t dlt, seesent;
	int32_t on = 1;

	(void)ioctl(fd, DARWIN_BIOCSDVRTIN, &on);
	if (ioctl(fd, DARWIN_BIOCGDLT, &dlt) == -1 ||
	    ioctl(fd, DARWIN_BIOCGSEESENT, &seesent) == -1)
		return -1;
	if (dlt != DARWIN_DLT_EN10MB || seesent != 0) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return 0;
}

static int
open_bpf(const char *name, size_t size, int *fdp, struct darwin_fault *fault)
{
	if (size == 0)
		size = DARWIN_READ_SIZE;
	if (size > DARWIN_BPF_BUFSIZE_MAX)
		size = DARWIN_BPF_BUFSIZE_MAX;
	if ((*fdp = open_node()) == -1)
		return darwin_fail(fault, DARWIN_STEP_BPF_OPEN, name);
	if (set_bpf(*fdp, name, (uint32_t)size) == -1 || check_bpf(*fdp) == -1)
		return darwin_fail(fault, DARWIN_STEP_BPF_SETUP, name);
	return 0;
}

/* === AF_NDRV === */

static int
set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags == -1 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* Close-on-exec, non-blocking, no SIGPIPE. */
static int
prepare_socket(int fd)
{
	int on = 1;

	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 || set_nonblock(fd) == -1)
		return -1;
	return setsockopt(fd, SOL_SOCKET, DARWIN_SO_NOSIGPIPE, &on,
	    sizeof(on));
}

/* The longest frame that an interface can be made to send, or a bit more. */
static int
get_frame_max(int s, const char *name, int *maxp)
{
	struct darwin_ifdevmtu mtu;

	if (darwin_if_get_devmtu(s, name, &mtu) == -1)
		return -1;
	*maxp = mtu.ifdm_max > DARWIN_FETH_FRAME_MAX - FRAME_EXTRA ?
	    DARWIN_FETH_FRAME_MAX : mtu.ifdm_max + FRAME_EXTRA;
	return 0;
}

/*
 * The socket takes frames up to SO_SNDBUF, whatever the MTU.  It is
 * connected only because write(2) wants it.  One whose bind failed could
 * never be bound (ndrv_bind in bsd/net/ndrv.c): it is not tried again.
 */
static int
open_ndrv(int s, const char *name, int *fdp)
{
	struct darwin_sockaddr_ndrv addr = {
		.snd_len = sizeof(addr),
		.snd_family = DARWIN_AF_NDRV,
	};
	const struct sockaddr *sa = (const void *)&addr;
	int fd, size;

	memcpy(addr.snd_name, name, strnlen(name, sizeof(addr.snd_name) - 1));
	*fdp = fd = socket(DARWIN_AF_NDRV, SOCK_RAW, 0);
	if (fd == -1 || prepare_socket(fd) == -1 ||
	    get_frame_max(s, name, &size) == -1)
		return -1;
	if (size > DARWIN_NDRVSNDQ &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == -1)
		return -1;
	if (bind(fd, sa, sizeof(addr)) == -1)
		return -1;
	return connect(fd, sa, sizeof(addr));
}

/* === Both of a pair === */

/*
 * The pair is checked before the peer is brought up, and once more in the
 * end: if it is ours then, both descriptors are tied to it, because it
 * cannot have gone and come back.
 */
static int
open_both(int s, const struct darwin_pair *pair, size_t read_size,
    struct darwin_device *dev, struct darwin_fault *fault)
{
	if (darwin_pair_expect(s, pair, fault) == -1)
		return -1;
	if (darwin_if_raise(s, pair->peer) == -1)
		return darwin_fail(fault, DARWIN_STEP_UP, pair->peer);
	if (open_bpf(pair->peer, read_size, &dev->rfd, fault) == -1)
		return -1;
	if (open_ndrv(s, pair->peer, &dev->wfd) == -1)
		return darwin_fail(fault, DARWIN_STEP_NDRV, pair->peer);
	if (darwin_pair_expect(s, pair, fault) == -1)
		return -1;
	if (darwin_device_adopt(dev->rfd, dev->wfd, DARWIN_ETHERNET,
	    pair->name, dev) == -1)
		return darwin_fail(fault, DARWIN_STEP_BPF_SETUP, pair->peer);
	return 0;
}

int
darwin_pair_attach(const struct darwin_pair *pair, size_t read_size,
    struct darwin_device *dev, struct darwin_fault *fault)
{
	struct darwin_device d = { .rfd = -1, .wfd = -1 };
	int r, s;

	if ((s = darwin_control_open()) == -1)
		return darwin_fail(fault, DARWIN_STEP_SOCKET, "");
	if ((r = open_both(s, pair, read_size, &d, fault)) == 0)
		*dev = d;
	else {
		darwin_close(d.rfd);
		darwin_close(d.wfd);
	}
	darwin_close(s);
	return r;
}

/* BIOCGETIF says EINVAL when the interface is gone, as when there was none. */
int
darwin_pair_check(const char *name, int rfd)
{
	char peer[DARWIN_NAME_SIZE];
	struct darwin_ifreq ifr;
	int r, s;

	darwin_ifreq_init(&ifr, "");
	if (ioctl(rfd, DARWIN_BIOCGETIF, &ifr) == -1) {
		if (errno == EINVAL)
			errno = ENXIO;
		return -1;
	}
	if ((s = darwin_control_open()) == -1)
		return -1;
	r = darwin_if_get_peer(s, name, peer);
	darwin_close(s);
	if (r == 0 && strncmp(peer, ifr.ifr_name, sizeof(peer)) != 0) {
		errno = ENXIO;
		r = -1;
	}
	return r;
}

/* === What a descriptor is === */

static int
adopt_bpf(struct darwin_device *dev)
{
	socklen_t len = sizeof(int);
	uint32_t size;
	int sndbuf;

	if (ioctl(dev->rfd, DARWIN_BIOCGBLEN, &size) == -1 ||
	    getsockopt(dev->wfd, SOL_SOCKET, SO_SNDBUF, &sndbuf, &len) == -1)
		return -1;
	if (size == 0 || size > DARWIN_BPF_BUFSIZE_MAX || sndbuf < FRAME_MIN) {
		errno = EINVAL;
		return -1;
	}
	dev->framing = DARWIN_FRAMING_BPF;
	dev->read_size = size;
	/* Longer ones block the queue of the interface up to macOS 14. */
	dev->write_max = sndbuf > DARWIN_FETH_FRAME_MAX ?
	    DARWIN_FETH_FRAME_MAX : (size_t)sndbuf;
	return 0;
}

/*
 * tuntaposx cuts what it reads to the buffer, and what is written to the MTU,
 * and says nothing.
 */
static void
adopt_frames(struct darwin_device *dev)
{
	unsigned mtu;

	if (darwin_interface_mtu(dev->name, &mtu, NULL) == -1)
		mtu = FRAME_MTU;
	dev->framing = DARWIN_FRAMING_FRAME;
	dev->read_size = PACKET_MAX;
	dev->write_max = mtu + FRAME_MIN;
}

int
darwin_device_adopt(int rfd, int wfd, enum darwin_mode mode,
    const char *name, struct darwin_device *dev)
{
	struct darwin_device d = { .rfd = rfd, .wfd = wfd };
	size_t len = strnlen(name, sizeof(d.name));

	if (rfd < 0 || wfd < 0 || len == sizeof(d.name) ||
	    (mode != DARWIN_ETHERNET && mode != DARWIN_POINT_TO_POINT) ||
	    (mode == DARWIN_POINT_TO_POINT && rfd != wfd)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(d.name, name, len);
	if (mode == DARWIN_POINT_TO_POINT) {
		d.framing = DARWIN_FRAMING_AF;
		d.read_size = PACKET_MAX;
		d.write_max = PACKET_MAX;
	} else if (rfd == wfd)
		adopt_frames(&d);
	else if (adopt_bpf(&d) == -1)
		return -1;
	*dev = d;
	return 0;
}

static int
is_gone(int error)
{
	return error == ENXIO || error == ENODEV || error == EPIPE ||
	    error == ENOTCONN || error == EBADF;
}

long
darwin_read(const struct darwin_device *dev, uint8_t *buf)
{
	ssize_t n = read(dev->rfd, buf, dev->read_size);

	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	if (is_gone(errno))
		errno = ENXIO;
	return -1;
}

int
darwin_write(const struct darwin_device *dev, const uint8_t *frame,
    size_t len)
{
	ssize_t n;

	if (len < FRAME_MIN || len > dev->write_max)
		return 1;
	do
		n = write(dev->wfd, frame, len);
	while (n == -1 && errno == EINTR);
	if (n == -1 && is_gone(errno)) {
		errno = ENXIO;
		return -1;
	}
	return n == -1 || (size_t)n != len;
}

/* === utun and tuntaposx === */

/* In the kernel's request, 0 is any unit and n + 1 is utunN. */
static int
connect_utun(int fd, int unit)
{
	struct darwin_ctl_info info = { .ctl_name = DARWIN_UTUN_CONTROL_NAME };
	struct darwin_sockaddr_ctl addr = {
		.sc_len = sizeof(addr),
		.sc_family = DARWIN_AF_SYSTEM,
		.ss_sysaddr = DARWIN_AF_SYS_CONTROL,
		.sc_unit = unit == DARWIN_UNIT_ANY ? 0 : (uint32_t)unit + 1,
	};

	if (ioctl(fd, DARWIN_CTLIOCGINFO, &info) == -1)
		return -1;
	addr.sc_id = info.ctl_id;
	return connect(fd, (const void *)&addr, sizeof(addr));
}

static int
is_unit(int unit, int max)
{
	return unit == DARWIN_UNIT_ANY || (unit >= 0 && unit <= max);
}

int
darwin_utun_open(int unit, struct darwin_device *dev,
    struct darwin_fault *fault)
{
	char name[DARWIN_NAME_SIZE] = "";
	socklen_t len = sizeof(name) - 1;
	int fd;

	if (!is_unit(unit, DARWIN_UNIT_MAX))
		return darwin_fail_with(fault, DARWIN_STEP_ARGUMENT, "",
		    EINVAL);
	if (unit != DARWIN_UNIT_ANY)
		(void)snprintf(name, sizeof(name), "utun%d", unit);
	fd = socket(DARWIN_AF_SYSTEM, SOCK_DGRAM, DARWIN_SYSPROTO_CONTROL);
	if (fd == -1 || prepare_socket(fd) == -1 ||
	    connect_utun(fd, unit) == -1 || getsockopt(fd,
	    DARWIN_SYSPROTO_CONTROL, DARWIN_UTUN_OPT_IFNAME, name,
	    &len) == -1 || darwin_device_adopt(fd, fd, DARWIN_POINT_TO_POINT,
	    name, dev) == -1) {
		darwin_close(fd);
		return darwin_fail(fault, DARWIN_STEP_UTUN, name);
	}
	return 0;
}

/*
 * Opens the first free one where any will do.  The driver does not look at
 * the flags of open(2), and waits until it is told by fcntl(2).
 */
static int
open_tuntaposx(const char *kind, int unit, char name[DARWIN_NAME_SIZE])
{
	int fd, n = unit == DARWIN_UNIT_ANY ? 0 : unit;
	char path[32];

	for (;; n++) {
		(void)snprintf(name, DARWIN_NAME_SIZE, "%s%d", kind, n);
		(void)snprintf(path, sizeof(path), "/dev/%s", name);
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		if (fd != -1 || errno != EBUSY || unit != DARWIN_UNIT_ANY ||
		    n + 1 == DARWIN_TUNTAPOSX_UNITS)
			return fd;
	}
}

int
darwin_tuntaposx_open(int unit, enum darwin_mode mode, int up,
    struct darwin_device *dev, struct darwin_fault *fault)
{
	const int is_tun = mode == DARWIN_POINT_TO_POINT;
	char name[DARWIN_NAME_SIZE] = "";
	int fd, on = 1;

	if (!is_unit(unit, DARWIN_TUNTAPOSX_UNITS - 1) ||
	    (!is_tun && mode != DARWIN_ETHERNET))
		return darwin_fail_with(fault, DARWIN_STEP_ARGUMENT, "",
		    EINVAL);
	if ((fd = open_tuntaposx(is_tun ? "tun" : "tap", unit, name)) == -1 ||
	    set_nonblock(fd) == -1 ||
	    (is_tun && ioctl(fd, DARWIN_TUNSIFHEAD, &on) == -1) ||
	    (up && darwin_interface_up(name) == -1) ||
	    darwin_device_adopt(fd, fd, mode, name, dev) == -1) {
		darwin_close(fd);
		return darwin_fail(fault, DARWIN_STEP_TUNTAPOSX, name);
	}
	return 0;
}
