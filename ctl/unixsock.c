/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A socket's file outlives a process that was killed, so one that is there
 * at the start is asked whether anybody has it open: connecting to one that
 * nobody has fails with ECONNREFUSED, whatever the type was.  Between
 * that question and the answer to it somebody else can do the same; the
 * second one's bind(2) fails then, and at worst the first one's file is gone.
 *
 * The path is made absolute because whoever removes it may have another
 * working directory by then (the monitor has).
 */

#include "ctl/unixsock.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/text.h"

/* Connections that wait for the one that is served. */
#define BACKLOG		4

/*
 * Datagrams are lost where they do not fit, and macOS lets no more than 2048
 * bytes in without this.
 */
#define DGRAM_BUFFER	(256 * 1024)

void
unixsock_init(struct unixsock *u)
{
	*u = (struct unixsock){ .fd = -1 };
}

socklen_t
unixsock_address(const char *path, struct sockaddr_un *sun)
{
	size_t len = strlen(path);

	if (len >= sizeof(sun->sun_path))
		len = sizeof(sun->sun_path) - 1;
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	memcpy(sun->sun_path, path, len);
	return (socklen_t)sizeof(*sun);
}

static int
set_flags(int fd)
{
	if (proc_set_cloexec(fd) != 0 || proc_set_nonblock(fd) != 0)
		return SSHTAP_ERR_SYSTEM;
	return 0;
}

/* Best effort: a smaller one carries smaller frames. */
static void
set_buffers(int fd)
{
	int size = DGRAM_BUFFER;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static int
open_socket(int type)
{
	int fd = socket(AF_UNIX, type, 0);

	if (fd != -1 && set_flags(fd) != 0)
		proc_close(&fd);
	if (fd != -1 && type == SOCK_DGRAM)
		set_buffers(fd);
	return fd;
}

/*
 * Does anybody have the socket at path open?  A datagram socket finds out
 * without a trace: connecting to a stream fails with EPROTOTYPE, if it is
 * there.
 */
static bool
is_alive(const char *path)
{
	struct sockaddr_un sun;
	socklen_t len = unixsock_address(path, &sun);
	bool alive = true;
	int fd;

	if ((fd = open_socket(SOCK_DGRAM)) == -1)
		return true;
	if (connect(fd, (struct sockaddr *)&sun, len) == -1)
		alive = errno != ECONNREFUSED && errno != ENOENT;
	proc_close(&fd);
	return alive;
}

/* Returns 0 when nothing is in the way any more. */
static int
make_way(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == -1) {
		if (errno == ENOENT)
			return 0;
		log_error_r(SSHTAP_ERR_SYSTEM, "%s", path);
		return SSHTAP_ERR_SYSTEM;
	}
	if (!S_ISSOCK(st.st_mode)) {
		log_error("%s is there already, and is no socket: "
		    "choose another path", path);
		return SSHTAP_ERR_REFUSED;
	}
	if (is_alive(path)) {
		log_error("%s: another program listens there: choose "
		    "another path", path);
		return SSHTAP_ERR_REFUSED;
	}
	if (unlink(path) == -1 && errno != ENOENT) {
		log_error_r(SSHTAP_ERR_SYSTEM, "%s: cannot replace it", path);
		return SSHTAP_ERR_SYSTEM;
	}
	return 0;
}

static char *
get_absolute(const char *path)
{
	char cwd[PATH_MAX];

	if (*path == '/')
		return strdup(path);
	if (getcwd(cwd, sizeof(cwd)) == NULL)
		return NULL;
	return text_format("%s/%s", cwd, path);
}

/* For unixsock_remove. */
static int
note_file(const char *path, struct unixsock *u)
{
	struct stat st;

	if (lstat(path, &st) == -1 ||
	    (u->path = get_absolute(path)) == NULL)
		return SSHTAP_ERR_SYSTEM;
	u->dev = st.st_dev;
	u->ino = st.st_ino;
	return 0;
}

static int
bind_private(int fd, const char *path)
{
	struct sockaddr_un sun;
	socklen_t len = unixsock_address(path, &sun);
	mode_t mask = umask(0177);
	int r = bind(fd, (struct sockaddr *)&sun, len);

	(void)umask(mask);
	return r;
}

int
unixsock_make(const char *path, int type, struct unixsock *u)
{
	int r;

	if ((r = make_way(path)) != 0)
		return r;
	if ((u->fd = open_socket(type)) == -1 ||
	    bind_private(u->fd, path) == -1 || note_file(path, u) != 0 ||
	    (type == SOCK_STREAM && listen(u->fd, BACKLOG) == -1)) {
		log_error_r(SSHTAP_ERR_SYSTEM, "cannot make the socket %s",
		    path);
		return SSHTAP_ERR_SYSTEM;
	}
	return 0;
}

int
unixsock_connect(const char *path, struct unixsock *u)
{
	struct sockaddr_un sun;
	socklen_t len = unixsock_address(path, &sun);

	if ((u->fd = open_socket(SOCK_STREAM)) != -1 &&
	    connect(u->fd, (struct sockaddr *)&sun, len) == 0)
		return 0;
	log_error_r(SSHTAP_ERR_SYSTEM, "cannot connect to %s", path);
	return SSHTAP_ERR_SYSTEM;
}

int
unixsock_adopt(int fd, int type, struct unixsock *u)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer), size = sizeof(int);
	int found = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &found, &size) == -1) {
		log_error_r(SSHTAP_ERR_SYSTEM, "descriptor %d", fd);
		return SSHTAP_ERR_SYSTEM;
	}
	if (found != type) {
		log_error("descriptor %d is no %s socket", fd,
		    type == SOCK_STREAM ? "stream" : "datagram");
		return SSHTAP_ERR_ARGUMENT;
	}
	if (getpeername(fd, (struct sockaddr *)&peer, &len) == -1 ||
	    set_flags(fd) != 0) {
		log_error_r(SSHTAP_ERR_SYSTEM, "descriptor %d", fd);
		return SSHTAP_ERR_SYSTEM;
	}
	if (type == SOCK_DGRAM)
		set_buffers(fd);
	u->fd = fd;
	return 0;
}

/* Whoever has gone again before it was accepted has not come. */
static bool
is_passing(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR ||
	    error == ECONNABORTED;
}

int
unixsock_accept(const struct unixsock *u, int *fdp)
{
	int fd = accept(u->fd, NULL, NULL);

	*fdp = -1;
	if (fd == -1 && is_passing(errno))
		return 0;
	if (fd == -1 || set_flags(fd) != 0) {
		log_error_r(SSHTAP_ERR_SYSTEM, "cannot accept a connection");
		proc_close(&fd);
		return SSHTAP_ERR_SYSTEM;
	}
	*fdp = fd;
	return 0;
}

void
unixsock_remove(const struct unixsock *u)
{
	struct stat st;

	if (u->path != NULL && lstat(u->path, &st) == 0 &&
	    st.st_dev == u->dev && st.st_ino == u->ino &&
	    unlink(u->path) == -1)
		log_warn("cannot remove %s: %s", u->path, strerror(errno));
}

void
unixsock_clear(struct unixsock *u)
{
	proc_close(&u->fd);
	free(u->path);
	unixsock_init(u);
}
