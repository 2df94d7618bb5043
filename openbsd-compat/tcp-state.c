/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * On Linux linux/tcp.h and not netinet/tcp.h, with which it cannot be
 * together: that of glibc ends before the rates.
 */

#include "openbsd-compat/tcp-state.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <netinet/in.h>

#ifdef __linux__
#include <linux/sockios.h>
#include <linux/tcp.h>
#else
#include <netinet/tcp.h>
#endif

#include <errno.h>
#include <string.h>

/* What systems say of a descriptor that is no TCP connection, or none yet. */
static int
fail(void)
{
	if (errno == ENOTSOCK || errno == ENOTTY || errno == ENOPROTOOPT ||
	    errno == EOPNOTSUPP || errno == EINVAL)
		errno = ENOTSUP;
	return -1;
}

#if defined(__linux__)

/*
 * An older kernel writes less of the structure; what it leaves out stays 0.
 * Linux: include/linux/win_minmax.h starts a minimum with all bits set.
 * #syscalls:network getsockopt
 */
int
tcp_state_get(int fd, struct tcp_state *t)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == -1)
		return fail();
	*t = (struct tcp_state){ .rtt_us = info.tcpi_rtt,
	    .min_rtt_us = info.tcpi_min_rtt == UINT32_MAX ? 0 :
	    info.tcpi_min_rtt, .rate = info.tcpi_delivery_rate,
	    .sent = info.tcpi_data_segs_out };
	return 0;
}

/* #syscalls:network ioctl */
int
tcp_state_queued(int fd, size_t *lenp)
{
	int n;

	if (ioctl(fd, SIOCOUTQ, &n) == -1)
		return fail();
	*lenp = n > 0 ? (size_t)n : 0;
	return 0;
}

#elif defined(TCP_CONNECTION_INFO) && defined(SO_NWRITE)

#define MS_US	1000u

/*
 * Times are whole milliseconds, so 0 is a short one (xnu: bsd/netinet/
 * tcp_usrreq.c, tcp_connection_fill_info); before there is one at all, there
 * is no window either.  What a full window delivers in one round trip is the
 * rate, and more than it while the window is not full.
 */
int
tcp_state_get(int fd, struct tcp_state *t)
{
	struct tcp_connection_info info;
	socklen_t len = sizeof(info);
	uint32_t ms;

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_CONNECTION_INFO, &info,
	    &len) == -1)
		return fail();
	ms = info.tcpi_srtt > 0 ? info.tcpi_srtt : 1;
	if (ms > UINT32_MAX / MS_US)
		ms = UINT32_MAX / MS_US;
	*t = (struct tcp_state){ .rtt_us = ms * MS_US,
	    .rate = (uint64_t)info.tcpi_snd_cwnd * 1000 / ms,
	    .sent = (uint32_t)info.tcpi_txpackets };
	return 0;
}

int
tcp_state_queued(int fd, size_t *lenp)
{
	socklen_t len = sizeof(int);
	int n = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_NWRITE, &n, &len) == -1)
		return fail();
	*lenp = n > 0 ? (size_t)n : 0;
	return 0;
}

#else

int
tcp_state_get(int fd, struct tcp_state *t)
{
	(void)fd;
	(void)t;
	errno = ENOTSUP;
	return -1;
}

int
tcp_state_queued(int fd, size_t *lenp)
{
	(void)fd;
	(void)lenp;
	errno = ENOTSUP;
	return -1;
}

#endif

int
tcp_set_unsent(int fd, unsigned bytes)
{
#ifdef TCP_NOTSENT_LOWAT
	if (setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes,
	    sizeof(bytes)) == -1)
		return fail();
	return 0;
#else
	(void)fd;
	(void)bytes;
	errno = ENOTSUP;
	return -1;
#endif
}

int
tcp_set_congestion(int fd, const char *name)
{
#ifdef TCP_CONGESTION
	if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name,
	    (socklen_t)strlen(name)) == -1)
		return fail();
	return 0;
#else
	(void)fd;
	(void)name;
	errno = ENOTSUP;
	return -1;
#endif
}
