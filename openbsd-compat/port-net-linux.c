/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Tunnel devices of Linux: opening /dev/net/tun gives a descriptor without a
 * device, TUNSETIFF ties it to an interface, which is created unless a
 * persistent one of that name exists.  Closing the descriptor removes the
 * interface unless it is persistent.  Nothing else is set here: addresses,
 * flags and bridges are for others to decide.
 *
 * Reference: Documentation/networking/tuntap.rst in the Linux source.
 */

#include "openbsd-compat/port-net-linux.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/if.h>
#include <linux/if_tun.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "openbsd-compat/port-net.h"

#define TUN_CLONE_DEVICE	"/dev/net/tun"

/*
 * A request for the unit; the kernel puts the first free number in the place
 * of "%d" (dev_alloc_name in net/core/dev.c).  The longest name, "tap" and
 * ten digits, fits IFNAMSIZ.
 */
static void
fill_request(int tun, int mode, struct ifreq *ifrp)
{
	const char *kind = mode == SSH_TUNMODE_ETHERNET ? "tap" : "tun";
	struct ifreq ifr = { .ifr_flags = IFF_NO_PI };

	ifr.ifr_flags |= mode == SSH_TUNMODE_ETHERNET ? IFF_TAP : IFF_TUN;
	if (tun == SSH_TUNID_ANY)
		(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s%%d",
		    kind);
	else
		(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s%d",
		    kind, tun);
	*ifrp = ifr;
}

/*
 * The node can be there without its driver: open then fails with ENXIO or
 * ENODEV, and the caller is told the same as when the node is missing.
 */
static int
open_clone_device(void)
{
	int fd = open(TUN_CLONE_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1 && (errno == ENXIO || errno == ENODEV))
		errno = ENOENT;
	return fd;
}

int
sys_tun_open_linux(int tun, int mode, char **ifname)
{
	struct ifreq ifr;
	char *name = NULL;
	int fd = -1, result = -1, saved_errno;

	fill_request(tun, mode, &ifr);
	if ((fd = open_clone_device()) == -1 ||
	    ioctl(fd, TUNSETIFF, &ifr) == -1)
		goto out;
	if (ifname != NULL) {
		name = strndup(ifr.ifr_name, sizeof(ifr.ifr_name));
		if (name == NULL)
			goto out;
		*ifname = name;
	}
	result = fd;
	fd = -1;
 out:
	saved_errno = errno;
	if (fd != -1)
		(void)close(fd);
	errno = saved_errno;
	return result;
}
