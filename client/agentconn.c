/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * One question, one answer, in order.  After any failure in between, the
 * stream is out of step and the connection is closed for good.
 */

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/agentconn.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/proc.h"

struct agentconn {
	int fd;
	unsigned long waited_ms;
};

int
agentconn_open(const char *path, struct agentconn **ap)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct agentconn *a;
	int fd, saved;

	if (strlen(path) >= sizeof(sun.sun_path))
		return SSHTAP_ERR_TOO_BIG;
	strcpy(sun.sun_path, path);
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1)
		return SSHTAP_ERR_SYSTEM;
	if (proc_set_cloexec(fd) != 0 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return SSHTAP_ERR_SYSTEM;
	}
	if ((a = calloc(1, sizeof(*a))) == NULL) {
		close(fd);
		return SSHTAP_ERR_ALLOC;
	}
	a->fd = fd;
	*ap = a;
	return 0;
}

void
agentconn_close(struct agentconn *a)
{
	if (a == NULL)
		return;
	if (a->fd != -1)
		close(a->fd);
	free(a);
}

static int
send_all(int fd, struct view v)
{
	ssize_t n;

	while (v.len > 0) {
		/* SIGPIPE is ignored by now: see lib/signals.c. */
		n = send(fd, v.p, v.len, 0);
		if (n == -1 && errno != EINTR)
			return SSHTAP_ERR_SYSTEM;
		if (n > 0) {
			v.p += n;
			v.len -= (size_t)n;
		}
	}
	return 0;
}

static int
recv_all(int fd, uint8_t *p, size_t len)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	ssize_t n;

	while (len > 0) {
		n = poll(&pfd, 1, AGENTCONN_TIMEOUT_MS);
		if (n == 0)
			return SSHTAP_ERR_TIMEOUT;
		/* A signal that ends the program ends this wait too. */
		if (n == -1 || (n = recv(fd, p, len, 0)) == -1)
			return SSHTAP_ERR_SYSTEM;
		if (n == 0)
			return SSHTAP_ERR_CLOSED;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
exchange(int fd, const struct buf *request, struct buf *body)
{
	uint8_t word[4], *p;
	uint32_t len;
	int r;

	if ((r = send_all(fd, buf_view(request))) != 0 ||
	    (r = recv_all(fd, word, sizeof(word))) != 0)
		return r;
	len = get_be32(word);
	if ((r = agent_check_length(len)) != 0 ||
	    (r = buf_put_space(body, len, &p)) != 0)
		return r;
	return recv_all(fd, p, len);
}

unsigned long
agentconn_waited_ms(const struct agentconn *a)
{
	return a->waited_ms;
}

static int
call(struct agentconn *a, const struct buf *request, struct buf *body)
{
	uint64_t start_ms = proc_now_ms();
	int r;

	if (a->fd == -1)
		return SSHTAP_ERR_CLOSED;
	r = exchange(a->fd, request, body);
	a->waited_ms += (unsigned long)(proc_now_ms() - start_ms);
	if (r != 0) {
		log_warn_r(r, "the agent does not answer");
		close(a->fd);
		a->fd = -1;
	}
	return r;
}

int
agentconn_list(struct agentconn *a, agent_key_fn *fn, void *ctx)
{
	struct buf request, body;
	struct view v;
	int r;

	buf_init(&request, AGENT_MESSAGE_MAX + 4);
	buf_init(&body, AGENT_MESSAGE_MAX);
	if ((r = agent_put_list(&request)) == 0 &&
	    (r = call(a, &request, &body)) == 0) {
		v = buf_view(&body);
		r = agent_parse_list(&v, fn, ctx);
	}
	buf_clear(&request);
	buf_clear(&body);
	return r;
}

int
agentconn_bind(struct agentconn *a, const struct view *hostkey,
    const struct view *session_id, const struct view *kex_signature)
{
	struct buf request, body;
	struct view v;
	int r;

	buf_init(&request, AGENT_MESSAGE_MAX + 4);
	buf_init(&body, AGENT_MESSAGE_MAX);
	if ((r = agent_put_session_bind(&request, hostkey, session_id,
	    kex_signature)) == 0 && (r = call(a, &request, &body)) == 0) {
		v = buf_view(&body);
		/* Agents before OpenSSH 8.9 do not know it. */
		if (agent_parse_success(&v) != 0)
			log_debug("the agent does not bind to connections");
	}
	buf_clear(&request);
	buf_clear(&body);
	return r;
}

int
agentconn_sign(struct agentconn *a, const struct view *blob,
    const struct view *algorithm, const struct view *data,
    struct buf *signature)
{
	struct buf request, body;
	struct view v, sig;
	int r;

	buf_init(&request, AGENT_MESSAGE_MAX + 4);
	buf_init(&body, AGENT_MESSAGE_MAX);
	if ((r = agent_put_sign(&request, blob, data,
	    agent_sign_flags(algorithm))) == 0 &&
	    (r = call(a, &request, &body)) == 0) {
		v = buf_view(&body);
		if ((r = agent_parse_sign(&v, algorithm, &sig)) == 0)
			r = buf_put_view(signature, &sig);
	}
	buf_clear(&request);
	buf_clear(&body);
	return r;
}
