/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Requests to the monitor.  Each waits for its answer, since there is nothing
 * to be done meanwhile: a signature takes microseconds, an answer to a
 * stranger's key is held back on purpose.
 */

#include "server/network_impl.h"

#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/fdpass.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "server/ipc.h"
#include "server/spawn.h"

static int
send_record(struct network *n)
{
	struct view v = buf_view(&n->record);
	int r = ipc_send(SPAWN_MONITOR, &v, NULL, 0);

	if (r != 0)
		n->monitor_gone = true;
	return r;
}

/* Send what is in the record and wait for what comes back into it. */
static int
ask(struct network *n, int *fds, size_t *nfdsp)
{
	int r;

	if ((r = send_record(n)) != 0)
		return r;
	if ((r = ipc_receive(SPAWN_MONITOR, &n->record, fds, nfdsp)) != 0)
		n->monitor_gone = true;
	return r;
}

int
ask_signature(struct network *n, const struct view *algorithm,
    const struct view *hash, struct buf *signature)
{
	struct view v;
	int r;

	buf_reset(&n->record);
	if ((r = request_put_sign(&n->record, algorithm, hash)) != 0 ||
	    (r = ask(n, NULL, NULL)) != 0)
		return r;
	v = buf_view(&n->record);
	return v.len == 0 ? SSHTAP_ERR_CRYPTO : buf_put_view(signature, &v);
}

bool
ask_key(struct network *n, const struct auth_publickey *pk,
    const struct view *signature)
{
	struct view v;
	uint8_t yes = 0;

	buf_reset(&n->record);
	if (request_put_key(&n->record, pk, signature) != 0 ||
	    ask(n, NULL, NULL) != 0)
		return false;
	v = buf_view(&n->record);
	return view_get_u8(&v, &yes) == 0 && yes == 1;
}

/* Take over what came; mode was checked by the channel. */
static int
adopt(const struct request_tunnel *t, const struct request_device *d,
    int *fds, size_t nfds, struct tap **tapp)
{
	int r;

	if (nfds == 0)
		return SSHTAP_ERR_CLOSED;
	if ((r = tap_adopt(fds[0], nfds == 1 ? fds[0] : fds[1],
	    (enum tap_mode)t->mode, d->name, d->offloads, tapp)) == 0)
		fds[0] = fds[1] = -1;
	return r;
}

int
ask_tunnel(struct network *n, const struct request_tunnel *t,
    struct request_device *d, struct tap **tapp)
{
	int fds[FDPASS_MAX] = { -1, -1 }, r;
	size_t nfds = 0;

	*tapp = NULL;
	buf_reset(&n->record);
	if ((r = request_put_tunnel(&n->record, t)) == 0 &&
	    (r = ask(n, fds, &nfds)) == 0 &&
	    (r = request_get_device(buf_view(&n->record), d)) == 0 &&
	    d->reason == 0)
		r = adopt(t, d, fds, nfds, tapp);
	proc_close(&fds[0]);
	proc_close(&fds[1]);
	return r;
}

void
tell_tunnel_end(struct network *n, uint32_t slot)
{
	buf_reset(&n->record);
	if (request_put_tunnel_end(&n->record, slot) == 0)
		(void)send_record(n);
}

/* A record of its own: a line may be written while another one is built. */
void
tell_log(void *ctx, enum log_level level, const char *line)
{
	struct network *n = ctx;
	struct view v;
	struct buf b;

	if (n->monitor_gone)
		return;
	buf_init(&b, REQUEST_MAX);
	if (request_put_log(&b, (unsigned)level, line) == 0) {
		v = buf_view(&b);
		if (ipc_send(SPAWN_MONITOR, &v, NULL, 0) != 0)
			n->monitor_gone = true;
	}
	buf_clear(&b);
}
