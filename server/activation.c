/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "server/activation.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/text.h"

#define FIRST_FD	3	/* SD_LISTEN_FDS_START */

/* Of NOTIFY_SOCKET; length 0: nobody. */
static struct sockaddr_un notify_address;
static socklen_t notify_len;

/* The number in a variable that is meant for us, or 0. */
static unsigned long
take_count(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	unsigned long value = 0, count = 0;

	if (pid != NULL && n != NULL &&
	    text_get_number(pid, LONG_MAX, &value) == 0 &&
	    value == (unsigned long)getpid() &&
	    text_get_number(n, LONG_MAX, &count) != 0)
		count = 0;
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return count;
}

static int
check_socket(int fd)
{
	int value = 0, r;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len) == -1 ||
	    value != SOCK_STREAM)
		return SSHTAP_ERR_FORMAT;
	len = sizeof(value);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) == -1 ||
	    value == 0)
		return SSHTAP_ERR_FORMAT;
	if ((r = proc_set_cloexec(fd)) != 0)
		return r;
	return proc_set_nonblock(fd);
}

int
activation_sockets(int fds[ACTIVATION_SOCKETS_MAX], size_t *np)
{
	unsigned long n = take_count(), i;
	int r;

	*np = 0;
	if (n > ACTIVATION_SOCKETS_MAX)
		return SSHTAP_ERR_FORMAT;
	for (i = 0; i < n; i++) {
		fds[i] = FIRST_FD + (int)i;
		if ((r = check_socket(fds[i])) != 0)
			return r;
	}
	*np = n;
	return 0;
}

/* A name in the file system, or an abstract one, written with '@'. */
void
activation_init(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t len = name == NULL ? 0 : strlen(name);

	notify_len = 0;
	if (len > 1 && len < sizeof(notify_address.sun_path) &&
	    (*name == '/' || *name == '@')) {
		memset(&notify_address, 0, sizeof(notify_address));
		notify_address.sun_family = AF_UNIX;
		memcpy(notify_address.sun_path, name, len);
		if (*name == '@')
			notify_address.sun_path[0] = '\0';
		notify_len = (socklen_t)(offsetof(struct sockaddr_un,
		    sun_path) + len);
	}
	(void)unsetenv("NOTIFY_SOCKET");
}

void
activation_notify(const char *state)
{
	int fd;

	if (notify_len == 0)
		return;
	if ((fd = socket(AF_UNIX, SOCK_DGRAM, 0)) == -1 ||
	    sendto(fd, state, strlen(state), 0,
	    (const struct sockaddr *)&notify_address, notify_len) == -1)
		log_warn_r(SSHTAP_ERR_SYSTEM, "cannot tell the service "
		    "manager \"%s\"", state);
	if (fd != -1)
		(void)close(fd);
}
