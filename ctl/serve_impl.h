/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SERVE_IMPL_H
#define SERVE_IMPL_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "ctl/cmdline.h"
#include "ctl/unixsock.h"
#include "lib/loop.h"
#include "priv/monitor.h"
#include "priv/user.h"
#include "tun/tap.h"

/* For serve.c, serve_stream.c and serve_dgram.c; nobody else includes this. */

struct serve;

/* Frames, or bytes, that one turn of the loop moves in one direction. */
#define SERVE_BATCH	64

enum serve_fd {
	SERVE_FD_TAP,
	SERVE_FD_PEER,		/* the other program */
	SERVE_FD_LISTEN,	/* another program that comes */
	SERVE_FD_SIGNAL,
	SERVE_FD_MONITOR,
	SERVE_FD_COUNT
};

/* The other program's side: one way of carrying frames. */
struct serve_ops {
	/*
	 * Wait for what takes root's rights when root itself called; may be
	 * NULL.  It may be over then.  Returns 0, or an error that was logged.
	 */
	int (*await)(struct serve *s);

	/*
	 * Take the descriptors and watch them; the device is held.
	 * Returns 0 or an error that was not logged.
	 */
	int (*start)(struct serve *s);

	/*
	 * Move one frame from the device to the other program.
	 * Returns what tap_recv returns, or SSHTAP_ERR_WINDOW when no more is
	 * taken now: the device is held until there is room again.
	 */
	int (*move)(struct serve *s);

	/* The frames of this turn were moved; may be NULL. */
	void (*flush)(struct serve *s);

	void (*peer_ready)(struct serve *s, int fd, unsigned events);
	void (*accept)(struct serve *s);	/* NULL: nobody comes */

	/* Every second or so; may be NULL. */
	void (*tick)(struct serve *s);

	/* Undo start; s->peer may be NULL. */
	void (*stop)(struct serve *s);
};

struct serve {
	const struct cmdline *cmdline;
	const struct serve_ops *ops;
	struct user user;		/* who called us */
	struct unixsock sock;		/* listening, bound or connected */
	struct monitor *monitor;	/* NULL: not as root */
	struct tap *tap;
	struct loop *loop;
	struct loop_timer tick;
	void *peer;			/* state of ops */
	bool is_held;			/* the device is not read */
	bool has_ended;
	int result;			/* once it has */
	uint64_t sent, received;	/* frames to and from the peer */
	uint64_t runts;			/* from it, and not frames at all */
};

extern const struct serve_ops serve_stream_ops;	/* stdio as well */
extern const struct serve_ops serve_dgram_ops;	/* openvpn as well */

/*
 * Outside the loop: let at most ms milliseconds pass.
 * Returns false when a signal came, or the monitor has gone: it is over.
 */
bool serve_wait(struct serve *s, int ms);

/* It is over; r is 0, or an error that was logged. */
void serve_end(struct serve *s, int r);

/* A call failed: say so, and end. */
void serve_fail(struct serve *s, int r, const char *what);

/* Read the device, or leave it to its own queue. */
void serve_hold(struct serve *s, bool hold);

/* A cable is plugged in: what was sent into the air before is lost. */
void serve_plug(struct serve *s);

/* A frame came from the other program; one of no possible length is dropped. */
void serve_frame(struct serve *s, uint8_t *frame, size_t len);

#endif /* SERVE_IMPL_H */
