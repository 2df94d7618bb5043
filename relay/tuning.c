/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "relay/tuning.h"

#include <sys/socket.h>

#include <errno.h>
#include <string.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "openbsd-compat/tcp-state.h"

/*
 * Unsent bytes in the socket before it stops being writable: what waits in
 * the device's queue can still be dropped or overtaken, what waits here not.
 */
#define UNSENT_MAX	(128 * 1024)

bool
tuning_is_name(const char *s)
{
	size_t len = strlen(s);

	return len > 0 && len <= TUNING_NAME_MAX &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

static void
log_refusal(const char *name, int error)
{
	switch (error) {
	case ENOENT:
		log_error("TCPCongestion \"%s\": the kernel has none of that "
		    "name: set one that sysctl "
		    "net.ipv4.tcp_available_congestion_control shows, or "
		    "system", name);
		break;
	case EPERM:
		log_error("TCPCongestion \"%s\": only root gets it: add it to "
		    "sysctl net.ipv4.tcp_allowed_congestion_control, or set "
		    "one that is there", name);
		break;
	case ENOTSUP:
		log_error("TCPCongestion \"%s\": this system has no choice: "
		    "set system", name);
		break;
	default:
		log_error("TCPCongestion \"%s\": %s", name, strerror(error));
		break;
	}
}

/* Both families of addresses have the same ones, and a host one of them. */
static int
open_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd != -1 ? fd : socket(AF_INET6, SOCK_STREAM, 0);
}

int
tuning_check(const char *name)
{
	int fd, r = 0;

	/* Without any the connection itself has more to say. */
	if ((fd = open_socket()) == -1)
		return 0;
	if (tcp_set_congestion(fd, name) == -1) {
		log_refusal(name, errno);
		r = SSHTAP_ERR_UNSUPPORTED;
	}
	proc_close(&fd);
	return r;
}

void
tuning_apply(int fd, const char *name)
{
	if (tcp_set_unsent(fd, UNSENT_MAX) == -1 && errno != ENOTSUP)
		log_debug_r(SSHTAP_ERR_SYSTEM, "TCP_NOTSENT_LOWAT");
	if (name != NULL && tcp_set_congestion(fd, name) == -1 &&
	    errno != ENOTSUP)
		log_debug_r(SSHTAP_ERR_SYSTEM, "TCPCongestion %s: the "
		    "system's own stays", name);
}
