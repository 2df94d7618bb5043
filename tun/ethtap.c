/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The public face of tap.h and tap_admin.h, which may change as we like,
 * while this may not: numbers, layouts and names here are for programs that
 * were compiled long ago.  Structures of the caller that may grow bring their
 * size along; those of the library are reached through pointers.
 *
 * Ethernet only.  In that mode tap_recv writes to the caller's memory and
 * nowhere else, and tap_send changes nothing, so no frame is copied here.
 */

#include "tun/ethtap.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "tun/ethtap_impl.h"
#include "tun/ready.h"
#include "tun/tap.h"
#include "tun/tap_admin.h"

static_assert(ETHTAP_FRAME_MIN == TAP_FRAME_MIN &&
    ETHTAP_FRAME_MAX == TAP_FRAME_MAX && ETHTAP_UNIT_ANY == TAP_UNIT_ANY &&
    ETHTAP_NAME_SIZE == TAP_NAME_SIZE &&
    ETHTAP_LLADDR_LEN == TAP_LLADDR_LEN &&
    ETHTAP_TEXT_SIZE == TAP_FAULT_TEXT_MAX, "tap.h's numbers are public");
static_assert((int)ETHTAP_OWNER_FOREIGN == (int)TAP_OWNER_FOREIGN &&
    (int)ETHTAP_OWNER_LIVE == (int)TAP_OWNER_LIVE &&
    (int)ETHTAP_OWNER_DEAD == (int)TAP_OWNER_DEAD &&
    (int)ETHTAP_OWNER_KEPT == (int)TAP_OWNER_KEPT &&
    (int)TAP_OWNER_COUNT == 4, "tap_admin.h's owners are public");

/* The options of the first version; those of later ones are longer. */
#define OPTIONS_SIZE_1	(offsetof(struct ethtap_options, owner) + \
			    sizeof(uint32_t))
/* More is a size that nobody has set. */
#define OPTIONS_SIZE_MAX	4096

struct ethtap {
	struct tap *tap;
	struct ready ready;
	struct ethtap_counters counters;	/* of the last ethtap_stats */
	bool is_gone;		/* has been seen to be */
};

/* === Results === */

const char *
ethtap_strerror(int result)
{
	switch (result) {
	case ETHTAP_OK:
		return "success";
	case ETHTAP_AGAIN:
		return "no frame is waiting";
	case ETHTAP_DROPPED:
		return "frame dropped";
	case ETHTAP_GONE:
		return "device no longer exists";
	case ETHTAP_ERR_ARGUMENT:
		return "argument out of range";
	case ETHTAP_ERR_MEMORY:
		return "out of memory";
	case ETHTAP_ERR_SYSTEM:
		return "system error";
	case ETHTAP_ERR_PERMISSION:
		return "permission denied";
	case ETHTAP_ERR_BUSY:
		return "device is in use";
	case ETHTAP_ERR_FOREIGN:
		return "interface belongs to somebody else";
	case ETHTAP_ERR_MTU:
		return "MTU is too large";
	case ETHTAP_ERR_UNSUPPORTED:
		return "not supported by this system";
	case ETHTAP_ERR_NOT_FOUND:
		return "no such device";
	default:
		return "unknown error";
	}
}

/* What a step that failed with an errno is in public words. */
static int
result_of_fault(const struct tap_fault *f)
{
	switch (f->error) {
	case EPERM:
	case EACCES:
		return ETHTAP_ERR_PERMISSION;
	case EBUSY:
		return ETHTAP_ERR_BUSY;
	case ENOMEM:
		return ETHTAP_ERR_MEMORY;
	case EOPNOTSUPP:
		return ETHTAP_ERR_UNSUPPORTED;
	}
	switch (f->step) {
	case TAP_STEP_REQUEST:
	case TAP_STEP_ADDRESS:
		return ETHTAP_ERR_ARGUMENT;
	case TAP_STEP_DRIVER:
		return ETHTAP_ERR_UNSUPPORTED;
	case TAP_STEP_FOREIGN:
		return ETHTAP_ERR_FOREIGN;
	case TAP_STEP_CREATE:
		return f->error == EEXIST ? ETHTAP_ERR_FOREIGN :
		    ETHTAP_ERR_SYSTEM;
	case TAP_STEP_MTU:
		return ETHTAP_ERR_MTU;
	default:
		return ETHTAP_ERR_SYSTEM;
	}
}

static int
result_of(int r, const struct tap_fault *f)
{
	switch (r) {
	case 0:
		return ETHTAP_OK;
	case SSHTAP_ERR_AGAIN:
		return ETHTAP_AGAIN;
	case SSHTAP_ERR_DROPPED:
		return ETHTAP_DROPPED;
	case SSHTAP_ERR_GONE:
		return ETHTAP_GONE;
	case SSHTAP_ERR_ARGUMENT:
		return ETHTAP_ERR_ARGUMENT;
	case SSHTAP_ERR_ALLOC:
		return ETHTAP_ERR_MEMORY;
	case SSHTAP_ERR_UNSUPPORTED:
		return ETHTAP_ERR_UNSUPPORTED;
	case SSHTAP_ERR_NOT_FOUND:
		return ETHTAP_ERR_NOT_FOUND;
	default:
		return f != NULL ? result_of_fault(f) : ETHTAP_ERR_SYSTEM;
	}
}

static void
set_text(struct ethtap_error *err, const char *text)
{
	size_t len = strnlen(text, sizeof(err->text) - 1);

	memcpy(err->text, text, len);
	err->text[len] = '\0';
}

/* Fill *err for a result with nothing more to say.  Returns the result. */
static int
tell(struct ethtap_error *err, int result)
{
	if (err != NULL) {
		memset(err, 0, sizeof(*err));
		err->result = result;
		set_text(err, ethtap_strerror(result));
	}
	return result;
}

/* Fill *err for what a call of tap.h returned.  errno is kept. */
static int
tell_fault(struct ethtap_error *err, int r, struct tap_fault *f)
{
	int result, saved_errno = errno;

	if (r == SSHTAP_ERR_SYSTEM && f->error == 0)
		f->error = errno;
	result = tell(err, result_of(r, f));
	if (err != NULL && r == SSHTAP_ERR_SYSTEM) {
		err->error = f->error;
		if (result == ETHTAP_ERR_MTU)
			err->mtu_max = f->limit;
		/* A call that opens nothing has no step. */
		if (f->step != TAP_STEP_NONE)
			(void)tap_fault_text(f, err->text, sizeof(err->text));
		else
			set_text(err, strerror(f->error));
	}
	errno = saved_errno;
	return result;
}

/* === Options === */

void
ethtap_options_init(struct ethtap_options *o, size_t size)
{
	/* ethtap_open refuses what was too short to be filled. */
	memset(o, 0, size);
	if (size < OPTIONS_SIZE_1)
		return;
	o->size = size;
	o->unit = ETHTAP_UNIT_ANY;
	o->up = true;
}

/* Does the caller know options that this library does not, and use them? */
static bool
has_unknown(const struct ethtap_options *o)
{
	const unsigned char *p = (const unsigned char *)o;
	size_t i;

	for (i = sizeof(*o); i < o->size; i++)
		if (p[i] != 0)
			return true;
	return false;
}

/* Copy what is known of the options, which may be shorter or longer. */
static int
read_options(const struct ethtap_options *o, struct ethtap_options *known)
{
	ethtap_options_init(known, sizeof(*known));
	if (o == NULL)
		return ETHTAP_OK;
	if (o->size < OPTIONS_SIZE_1 || o->size > OPTIONS_SIZE_MAX)
		return ETHTAP_ERR_ARGUMENT;
	if (has_unknown(o))
		return ETHTAP_ERR_UNSUPPORTED;
	memcpy(known, o, o->size < sizeof(*known) ? o->size : sizeof(*known));
	return ETHTAP_OK;
}

static void
fill_request(const struct ethtap_options *o, struct tap_request *rq)
{
	memset(rq, 0, sizeof(*rq));
	rq->unit = o->unit;
	rq->mode = TAP_ETHERNET;
	rq->up = o->up;
	rq->mtu = o->mtu;
	rq->has_lladdr = o->has_lladdr;
	memcpy(rq->lladdr, o->lladdr, sizeof(rq->lladdr));
}

/* === Devices === */

struct ethtap *
ethtap_wrap(struct tap *tap)
{
	struct ethtap *t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	t->tap = tap;
	ready_init(&t->ready);
	return t;
}

int
ethtap_open(const struct ethtap_options *o, struct ethtap **tp,
    struct ethtap_error *err)
{
	struct tap_fault fault = { .step = TAP_STEP_NONE };
	struct ethtap_options known;
	struct tap_request rq;
	struct tap *tap;
	int r;

	*tp = NULL;
	if ((r = read_options(o, &known)) != ETHTAP_OK)
		return tell(err, r);
	/* A device that goes with this process is nobody else's to open. */
	if (known.has_owner)
		return tell(err, ETHTAP_ERR_ARGUMENT);
	fill_request(&known, &rq);
	if ((r = tap_open(&rq, &tap, &fault)) == 0 &&
	    (*tp = ethtap_wrap(tap)) == NULL) {
		tap_close(tap);
		r = SSHTAP_ERR_ALLOC;
	}
	return tell_fault(err, r, &fault);
}

void
ethtap_close(struct ethtap *t)
{
	int saved_errno = errno;

	if (t == NULL)
		return;
	ready_close(&t->ready);
	tap_close(t->tap);
	free(t);
	errno = saved_errno;
}

const char *
ethtap_name(const struct ethtap *t)
{
	return tap_name(t->tap);
}

int
ethtap_read_fd(const struct ethtap *t)
{
	return tap_read_fd(t->tap);
}

int
ethtap_write_fd(const struct ethtap *t)
{
	return tap_write_fd(t->tap);
}

/* Keep the descriptor to wait on in step.  Returns the result of r. */
static int
settle(struct ethtap *t, int r)
{
	if (r == SSHTAP_ERR_GONE)
		t->is_gone = true;
	ready_hold(&t->ready, t->is_gone || tap_has_pending(t->tap));
	if (r == SSHTAP_ERR_AGAIN)
		ready_refresh(&t->ready);
	return result_of(r, NULL);
}

int
ethtap_fd(struct ethtap *t)
{
	int r;

	if (t->ready.fd != -1)
		return t->ready.fd;
	r = ready_open(&t->ready, t->tap);
	if (r == SSHTAP_ERR_UNSUPPORTED && ethtap_check(t) == ETHTAP_GONE)
		return ETHTAP_GONE;
	if (r != 0)
		return result_of(r, NULL);
	(void)settle(t, 0);
	return t->ready.fd;
}

/* === Frames === */

int
ethtap_recv(struct ethtap *t, void *frame, size_t size, size_t *lenp)
{
	return settle(t, tap_recv(t->tap, frame, size, lenp));
}

int
ethtap_send(struct ethtap *t, const void *frame, size_t len)
{
	/* tap_send's is not const for the sake of the other mode. */
	union {
		const void *given;
		uint8_t *passed;
	} u = { .given = frame };

	return settle(t, tap_send(t->tap, u.passed, len));
}

int
ethtap_recv_batch(struct ethtap *t, struct ethtap_frame *frames, size_t n)
{
	size_t i, k = 0;
	int r = SSHTAP_ERR_AGAIN;

	if (n == 0 || n > INT_MAX)
		return ETHTAP_ERR_ARGUMENT;
	/* Each try takes a frame, so that a flood of bad ones ends. */
	for (i = 0; i < n; i++) {
		r = tap_recv(t->tap, frames[k].data, frames[k].size,
		    &frames[k].len);
		if (r == 0)
			frames[k++].result = ETHTAP_OK;
		else if (r != SSHTAP_ERR_DROPPED)
			break;
	}
	/* An end that comes behind frames is met again by the next call. */
	r = settle(t, r);
	return k > 0 ? (int)k : r;
}

int
ethtap_send_batch(struct ethtap *t, struct ethtap_frame *frames, size_t n)
{
	int r = 0, sent = 0;
	size_t i;

	if (n > INT_MAX)
		return ETHTAP_ERR_ARGUMENT;
	for (i = 0; i < n; i++) {
		if (r != SSHTAP_ERR_GONE)
			r = tap_send(t->tap, frames[i].data, frames[i].len);
		frames[i].result = result_of(r, NULL);
		if (r == 0)
			sent++;
	}
	r = settle(t, r);
	return r == ETHTAP_GONE ? r : sent;
}

bool
ethtap_has_pending(const struct ethtap *t)
{
	return tap_has_pending(t->tap);
}

int
ethtap_check(struct ethtap *t)
{
	return settle(t, t->is_gone ? SSHTAP_ERR_GONE : tap_check(t->tap));
}

const struct ethtap_counters *
ethtap_stats(struct ethtap *t)
{
	const struct tap_stats *s = tap_stats(t->tap);

	t->counters.received = s->received;
	t->counters.sent = s->sent;
	t->counters.dropped_in = s->dropped_in;
	t->counters.dropped_out = s->dropped_out;
	return &t->counters;
}

/* === The devices of this system === */

void
ethtap_warnings(ethtap_warning_fn *fn, void *ctx)
{
	tap_warn(fn, ctx);
}

/* A walk over devices, and what ended it. */
struct walk {
	ethtap_info_fn *fn;
	void *ctx;
	int stopped;		/* what fn returned */
};

static int
pass_info(void *ctx, const struct tap_info *from)
{
	struct walk *w = ctx;
	struct ethtap_info info = {
		.name = from->name,
		.peer = from->peer,
		.owner = (enum ethtap_owner)from->owner,
		.is_used = from->is_used,
		.is_up = from->is_up,
		.mtu = from->mtu,
		.has_lladdr = from->has_lladdr,
		.pid = from->pid,
		.has_uid = from->uid != (uid_t)-1,
	};

	if (from->mode != TAP_ETHERNET)
		return 0;
	memcpy(info.lladdr, from->lladdr, sizeof(info.lladdr));
	if (info.has_uid)
		info.uid = (uint32_t)from->uid;
	w->stopped = w->fn(w->ctx, &info);
	return w->stopped != 0;
}

/* A walk that came to its end, or that fn has ended, is a success. */
static int
tell_walk(struct ethtap_error *err, const struct walk *w)
{
	(void)tell(err, ETHTAP_OK);
	return w->stopped;
}

int
ethtap_list(ethtap_info_fn *fn, void *ctx, struct ethtap_error *err)
{
	struct walk w = { .fn = fn, .ctx = ctx };
	struct tap_fault fault = { .step = TAP_STEP_NONE };
	int r = tap_list(pass_info, &w);

	return r < 0 ? tell_fault(err, r, &fault) : tell_walk(err, &w);
}

int
ethtap_create(const struct ethtap_options *o, char name[ETHTAP_NAME_SIZE],
    struct ethtap_error *err)
{
	struct tap_fault fault = { .step = TAP_STEP_NONE };
	struct ethtap_options known;
	struct tap_request rq;
	struct tap_info info;
	int r;

	if ((r = read_options(o, &known)) != ETHTAP_OK)
		return tell(err, r);
	fill_request(&known, &rq);
	r = tap_create(&rq, known.has_owner ? (uid_t)known.owner : (uid_t)-1,
	    &info, &fault);
	if (r == 0)
		memcpy(name, info.name, ETHTAP_NAME_SIZE);
	return tell_fault(err, r, &fault);
}

int
ethtap_destroy(const char *name, struct ethtap_error *err)
{
	struct tap_fault fault = { .step = TAP_STEP_NONE };
	struct tap_info info;
	int r;

	if (name[0] == '\0' || strlen(name) >= ETHTAP_NAME_SIZE)
		return tell(err, ETHTAP_ERR_ARGUMENT);
	/* What ethtap_list passes over is not there. */
	if (tap_show(name, &info) == 0 && info.mode != TAP_ETHERNET)
		r = SSHTAP_ERR_NOT_FOUND;
	else
		r = tap_destroy(name, &fault);
	return tell_fault(err, r, &fault);
}

int
ethtap_reap(bool dry_run, ethtap_info_fn *fn, void *ctx,
    struct ethtap_error *err)
{
	struct walk w = { .fn = fn, .ctx = ctx };
	struct tap_fault fault = { .step = TAP_STEP_NONE };
	int r = tap_reap(dry_run, fn != NULL ? pass_info : NULL, &w, &fault);

	return r < 0 ? tell_fault(err, r, &fault) : tell_walk(err, &w);
}
