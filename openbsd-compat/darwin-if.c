/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Interfaces of macOS one by one: each function is one request to the kernel
 * or a few, by name.
 */

#include "openbsd-compat/darwin-if.h"

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysctl.h>

#include <net/if_dl.h>

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static_assert(DARWIN_NAME_SIZE == DARWIN_IFNAMSIZ, "names fit");

#define FETH		"feth"
#define FETH_LEN	4
#define UNIT_DIGITS	5	/* of DARWIN_UNIT_MAX */

int
darwin_fail(struct darwin_fault *fault, enum darwin_step step,
    const char *name)
{
	memset(fault, 0, sizeof(*fault));
	fault->step = step;
	memcpy(fault->name, name, strnlen(name, sizeof(fault->name) - 1));
	return -1;
}

int
darwin_fail_with(struct darwin_fault *fault, enum darwin_step step,
    const char *name, int error)
{
	errno = error;
	return darwin_fail(fault, step, name);
}

void
darwin_close(int fd)
{
	int saved_errno = errno;

	if (fd != -1)
		(void)close(fd);
	errno = saved_errno;
}

/* === Names === */

void
darwin_feth_name(unsigned unit, char name[DARWIN_NAME_SIZE])
{
	(void)snprintf(name, DARWIN_NAME_SIZE, FETH "%u", unit);
}

/*
 * "feth007" is refused: the kernel makes feth7 of it and then cannot destroy
 * that any more (if_clone_create in bsd/net/if.c).
 */
int
darwin_feth_unit(const char *name)
{
	const char *p = name + FETH_LEN;
	int n, unit = 0;

	if (strncmp(name, FETH, FETH_LEN) != 0)
		return -1;
	if (p[0] == '0')
		return p[1] == '\0' ? 0 : -1;
	for (n = 0; p[n] >= '0' && p[n] <= '9'; n++) {
		if (n == UNIT_DIGITS)
			return -1;
		unit = unit * 10 + (p[n] - '0');
	}
	return n == 0 || p[n] != '\0' || unit > DARWIN_UNIT_MAX ? -1 : unit;
}

/* === Requests === */

int
darwin_control_open(void)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (s != -1 && fcntl(s, F_SETFD, FD_CLOEXEC) == -1) {
		darwin_close(s);
		return -1;
	}
	return s;
}

void
darwin_ifreq_init(struct darwin_ifreq *ifr, const char *name)
{
	memset(ifr, 0, sizeof(*ifr));
	memcpy(ifr->ifr_name, name, strnlen(name, sizeof(ifr->ifr_name) - 1));
}

int
darwin_if_get_flags(int s, const char *name, int *flagsp)
{
	struct darwin_ifreq ifr;

	darwin_ifreq_init(&ifr, name);
	if (ioctl(s, DARWIN_SIOCGIFFLAGS, &ifr) == -1)
		return -1;
	*flagsp = (uint16_t)ifr.u.flags;
	return 0;
}

/*
 * The other flags stay: promiscuous mode is among those that this request
 * changes, and may be another's (ifnet_set_flags in bsd/net/kpi_interface.c).
 */
int
darwin_if_raise(int s, const char *name)
{
	struct darwin_ifreq ifr;

	darwin_ifreq_init(&ifr, name);
	if (ioctl(s, DARWIN_SIOCGIFFLAGS, &ifr) == -1)
		return -1;
	if (ifr.u.flags & DARWIN_IFF_UP)
		return 0;
	ifr.u.flags |= DARWIN_IFF_UP;
	return ioctl(s, DARWIN_SIOCSIFFLAGS, &ifr);
}

int
darwin_if_get_mtu(int s, const char *name, unsigned *mtup)
{
	struct darwin_ifreq ifr;

	darwin_ifreq_init(&ifr, name);
	if (ioctl(s, DARWIN_SIOCGIFMTU, &ifr) == -1)
		return -1;
	if (ifr.u.mtu < 0) {
		errno = EINVAL;
		return -1;
	}
	*mtup = (unsigned)ifr.u.mtu;
	return 0;
}

int
darwin_if_get_devmtu(int s, const char *name, struct darwin_ifdevmtu *mtup)
{
	struct darwin_ifreq ifr;

	darwin_ifreq_init(&ifr, name);
	if (ioctl(s, DARWIN_SIOCGIFDEVMTU, &ifr) == -1)
		return -1;
	if (ifr.u.devmtu.ifdm_current < 0 ||
	    ifr.u.devmtu.ifdm_max < 0) {
		errno = EINVAL;
		return -1;
	}
	*mtup = ifr.u.devmtu;
	return 0;
}

int
darwin_if_set_mtu(int s, const char *name, unsigned mtu)
{
	struct darwin_ifreq ifr;

	darwin_ifreq_init(&ifr, name);
	ifr.u.mtu = mtu > INT32_MAX ? INT32_MAX : (int32_t)mtu;
	return ioctl(s, DARWIN_SIOCSIFMTU, &ifr);
}

int
darwin_if_set_lladdr(int s, const char *name,
    const uint8_t lladdr[DARWIN_LLADDR_LEN])
{
	struct darwin_ifreq ifr;

	darwin_ifreq_init(&ifr, name);
	ifr.u.addr.sa_len = DARWIN_LLADDR_LEN;
	ifr.u.addr.sa_family = DARWIN_AF_LINK;
	memcpy(ifr.u.addr.sa_data, lladdr, DARWIN_LLADDR_LEN);
	return ioctl(s, DARWIN_SIOCSIFLLADDR, &ifr);
}

/* A request to the driver of feth. */
static void
init_drv(struct darwin_ifdrv *drv, const char *name, uint64_t cmd,
    struct darwin_if_fake_request *request)
{
	memset(drv, 0, sizeof(*drv));
	memset(request, 0, sizeof(*request));
	memcpy(drv->ifd_name, name, strnlen(name, sizeof(drv->ifd_name) - 1));
	drv->ifd_cmd = cmd;
	drv->ifd_len = sizeof(*request);
	drv->ifd_data = request;
}

int
darwin_if_get_peer(int s, const char *name, char peer[DARWIN_NAME_SIZE])
{
	struct darwin_if_fake_request request;
	struct darwin_ifdrv drv;

	init_drv(&drv, name, DARWIN_IF_FAKE_G_CMD_GET_PEER, &request);
	if (ioctl(s, DARWIN_SIOCGDRVSPEC, &drv) == -1)
		return -1;
	memcpy(peer, request.u.peer_name, DARWIN_NAME_SIZE);
	peer[DARWIN_NAME_SIZE - 1] = '\0';
	return 0;
}

int
darwin_if_set_peer(int s, const char *name, const char *peer)
{
	struct darwin_if_fake_request request;
	struct darwin_ifdrv drv;

	init_drv(&drv, name, DARWIN_IF_FAKE_S_CMD_SET_PEER, &request);
	memcpy(request.u.peer_name, peer,
	    strnlen(peer, sizeof(request.u.peer_name) - 1));
	return ioctl(s, DARWIN_SIOCSDRVSPEC, &drv);
}

int
darwin_if_create(int s, const char *name)
{
	struct darwin_ifreq ifr;

	darwin_ifreq_init(&ifr, name);
	return ioctl(s, DARWIN_SIOCIFCREATE, &ifr);
}

int
darwin_if_destroy(int s, const char *name)
{
	struct darwin_ifreq ifr;

	darwin_ifreq_init(&ifr, name);
	if (ioctl(s, DARWIN_SIOCIFDESTROY, &ifr) == -1 && errno != ENXIO)
		return -1;
	return 0;
}

/* Each interface has one such entry, also when its address is taken away. */
static int
is_link(const struct ifaddrs *ifa)
{
	return ifa->ifa_addr != NULL && ifa->ifa_addr->sa_family == AF_LINK;
}

/* The address lies behind the name, maybe beyond the structure's end. */
const uint8_t *
darwin_if_lladdr(const struct ifaddrs *ifa)
{
	const size_t start = offsetof(struct sockaddr_dl, sdl_data);
	struct sockaddr_dl sdl;

	if (!is_link(ifa))
		return NULL;
	memcpy(&sdl, ifa->ifa_addr, start);
	if (sdl.sdl_alen != DARWIN_LLADDR_LEN)
		return NULL;
	return (const uint8_t *)ifa->ifa_addr + start + sdl.sdl_nlen;
}

/* === Anybody's interface === */

int
darwin_interface_up(const char *name)
{
	int r, s;

	if ((s = darwin_control_open()) == -1)
		return -1;
	r = darwin_if_raise(s, name);
	darwin_close(s);
	return r;
}

int
darwin_interface_mtu(const char *name, unsigned *mtup, unsigned *maxp)
{
	struct darwin_ifdevmtu mtu;
	int r = 0, s;

	if ((s = darwin_control_open()) == -1)
		return -1;
	if (mtup != NULL)
		r = darwin_if_get_mtu(s, name, mtup);
	if (r == 0 && maxp != NULL &&
	    (r = darwin_if_get_devmtu(s, name, &mtu)) == 0)
		*maxp = (unsigned)mtu.ifdm_max;
	darwin_close(s);
	return r;
}

int
darwin_interface_set_mtu(const char *name, unsigned mtu)
{
	int r, s;

	if ((s = darwin_control_open()) == -1)
		return -1;
	r = darwin_if_set_mtu(s, name, mtu);
	darwin_close(s);
	return r;
}

int
darwin_interface_lladdr(const char *name, uint8_t lladdr[DARWIN_LLADDR_LEN])
{
	const uint8_t *found = NULL;
	struct ifaddrs *list, *ifa;

	if (getifaddrs(&list) == -1)
		return -1;
	for (ifa = list; ifa != NULL && found == NULL; ifa = ifa->ifa_next)
		if (strcmp(ifa->ifa_name, name) == 0)
			found = darwin_if_lladdr(ifa);
	if (found != NULL)
		memcpy(lladdr, found, DARWIN_LLADDR_LEN);
	freeifaddrs(list);
	if (found != NULL)
		return 0;
	errno = ENXIO;
	return -1;
}

int
darwin_interface_set_lladdr(const char *name,
    const uint8_t lladdr[DARWIN_LLADDR_LEN])
{
	int r, s;

	if ((s = darwin_control_open()) == -1)
		return -1;
	r = darwin_if_set_lladdr(s, name, lladdr);
	darwin_close(s);
	return r;
}

int
darwin_interface_is_up(const char *name)
{
	int flags, r, s;

	if ((s = darwin_control_open()) == -1)
		return -1;
	r = darwin_if_get_flags(s, name, &flags);
	darwin_close(s);
	return r == -1 ? -1 : (flags & DARWIN_IFF_UP) != 0;
}

/* An interface that goes away meanwhile is passed over. */
int
darwin_feth_each(darwin_feth_fn *fn, void *ctx)
{
	char peer[DARWIN_NAME_SIZE];
	struct ifaddrs *list = NULL, *ifa;
	int r = -1, s, saved_errno;

	if ((s = darwin_control_open()) == -1 || getifaddrs(&list) == -1)
		goto out;
	r = 0;
	for (ifa = list; ifa != NULL && r == 0; ifa = ifa->ifa_next) {
		if (darwin_feth_unit(ifa->ifa_name) == -1 || !is_link(ifa))
			continue;
		if (darwin_if_get_peer(s, ifa->ifa_name, peer) == 0)
			r = fn(ctx, ifa->ifa_name, peer);
		else if (errno != ENXIO)
			r = -1;
	}
 out:
	saved_errno = errno;
	if (list != NULL)
		freeifaddrs(list);
	darwin_close(s);
	errno = saved_errno;
	return r;
}

/*
 * What the driver takes over when an interface is made (bsd/net/if_fake.c):
 * checksums left for hardware that is not there, segments of 64 KiB, bytes
 * appended to each frame, and a data path of its own.  A kernel without the
 * setting cannot be set badly.
 */
const char *
darwin_bad_setting(unsigned index, int *valuep, int *goodp)
{
	static const struct {
		const char *name;
		int good;
	} settings[] = {
		{ "net.link.fake.hwcsum", 0 },
		{ "net.link.fake.tso_support", 0 },
		{ "net.link.fake.fcs", 0 },
		{ "net.link.fake.trailer_length", 0 },
		{ "net.link.fake.bsd_mode", 1 },
	};
	size_t i, len;
	int value;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		len = sizeof(value);
		if (sysctlbyname(settings[i].name, &value, &len, NULL,
		    0) == -1 || len != sizeof(value) ||
		    value == settings[i].good)
			continue;
		if (index-- == 0) {
			*valuep = value;
			*goodp = settings[i].good;
			return settings[i].name;
		}
	}
	return NULL;
}
