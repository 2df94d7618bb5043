/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The whole of a record leaves in one call wherever the socket has room, so
 * that descriptors arrive with the first of its bytes; a longer one (the text
 * of authorized_keys) follows in pieces.
 */

#include "server/ipc.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/fdpass.h"
#include "lib/proc.h"

/* An older macOS has none: there it counts that SIGPIPE is ignored. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL	0
#endif

int
ipc_limit(int fd)
{
	struct timeval limit = { .tv_sec = IPC_TIMEOUT_S };

	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit,
	    sizeof(limit)) == -1 ? SSHTAP_ERR_SYSTEM : 0;
}

/* #syscalls sendto */
static int
send_all(int fd, const uint8_t *p, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return SSHTAP_ERR_CLOSED;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* #syscalls sendmsg */
int
ipc_send(int fd, const struct view *record, const int *fds, size_t nfds)
{
	uint8_t length[IPC_LENGTH_SIZE];

	if (record->len > UINT32_MAX)
		return SSHTAP_ERR_TOO_BIG;
	put_be32(length, (uint32_t)record->len);
	if (fdpass_send(fd, length, sizeof(length), fds, nfds) != 0)
		return SSHTAP_ERR_CLOSED;
	return send_all(fd, record->p, record->len);
}

static void
close_all(const int *fds, size_t nfds)
{
	while (nfds-- > 0)
		(void)close(fds[nfds]);
}

/* #syscalls recvfrom */
static int
receive_body(int fd, struct buf *record, size_t len)
{
	uint8_t *p;
	ssize_t n;
	int r;

	if ((r = buf_put_space(record, len, &p)) != 0)
		return r;
	while (len > 0) {
		n = recv(fd, p, len, 0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return SSHTAP_ERR_CLOSED;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* #syscalls recvmsg */
int
ipc_receive(int fd, struct buf *record, int *fds, size_t *nfdsp)
{
	int came[FDPASS_MAX], r = SSHTAP_ERR_CLOSED;
	uint8_t length[IPC_LENGTH_SIZE];
	size_t ncame = 0;

	buf_reset(record);
	if (fdpass_receive(fd, length, sizeof(length), came, &ncame) ==
	    (ssize_t)sizeof(length))
		r = receive_body(fd, record, get_be32(length));
	if (r != 0 || fds == NULL) {
		close_all(came, ncame);
		return r;
	}
	memcpy(fds, came, ncame * sizeof(*fds));
	*nfdsp = ncame;
	return 0;
}

/* Bytes that are missing: of the length word first, then of the record. */
static size_t
missing(const struct buf *partial)
{
	struct view v = buf_view(partial);

	if (v.len < IPC_LENGTH_SIZE)
		return IPC_LENGTH_SIZE - v.len;
	return IPC_LENGTH_SIZE + (size_t)get_be32(v.p) - v.len;
}

int
ipc_collect(int fd, struct buf *partial, struct view *recordp)
{
	size_t want;
	uint8_t *p;
	ssize_t n;
	int r;

	while (partial->len < IPC_LENGTH_SIZE || missing(partial) > 0) {
		want = missing(partial);
		if ((r = buf_put_space(partial, want, &p)) != 0)
			return r;
		n = recv(fd, p, want, MSG_DONTWAIT);
		buf_drop_end(partial, want - (n > 0 ? (size_t)n : 0));
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK ||
		    errno == EINTR))
			return SSHTAP_ERR_AGAIN;
		if (n <= 0)
			return SSHTAP_ERR_CLOSED;
	}
	*recordp = buf_view(partial);
	recordp->p += IPC_LENGTH_SIZE;
	recordp->len -= IPC_LENGTH_SIZE;
	return 0;
}
