/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#include "tests/tap_util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/uio.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "tun/tap_impl.h"

static const struct offload none;

/* A place for len bytes at the end of q. */
static struct fake_frame *
append(struct fake_queue *q, size_t len, const struct offload *o)
{
	struct fake_frame *f = &q->frames[q->last++ % FAKE_TAP_FRAMES];

	assert_true(q->last - q->first <= FAKE_TAP_FRAMES);
	f->o = o == NULL ? none : *o;
	f->len = len;
	f->bytes = malloc(len > 0 ? len : 1);
	assert_non_null(f->bytes);
	return f;
}

static void
clear(struct fake_queue *q)
{
	for (; q->first != q->last; q->first++)
		free(q->frames[q->first % FAKE_TAP_FRAMES].bytes);
}

/* What is next to be handed out, or why there is nothing. */
static int
find_next(struct fake_tap *f, struct fake_frame **nextp)
{
	struct fake_queue *q = &f->out;

	if (f->is_gone)
		return SSHTAP_ERR_GONE;
	if (q->first == q->last)
		return SSHTAP_ERR_AGAIN;
	*nextp = &q->frames[q->first++ % FAKE_TAP_FRAMES];
	return 0;
}

/* out: NULL for no place. */
static int
hand_out(struct fake_frame *next, uint8_t *out, size_t size, size_t *lenp)
{
	int r = SSHTAP_ERR_DROPPED;

	if (out != NULL && next->len <= size) {
		memcpy(out, next->bytes, next->len);
		*lenp = next->len;
		r = 0;
	}
	free(next->bytes);
	return r;
}

static int
fake_recv(struct tap *t, uint8_t *frame, size_t size, size_t *lenp)
{
	struct fake_frame *next;
	int r;

	if ((r = find_next(t->state, &next)) != 0)
		return r;
	return hand_out(next, frame, size, lenp);
}

static int
fake_recv_super(struct tap *t, uint8_t *small, uint8_t *large,
    struct offload *o, size_t *lenp)
{
	struct fake_frame *next;
	int r;

	if ((r = find_next(t->state, &next)) != 0)
		return r;
	*o = next->o;
	if (next->len <= TAP_SMALL)
		return hand_out(next, small, TAP_SMALL, lenp);
	return hand_out(next, large, TAP_LARGE, lenp);
}

static int
fake_send_super(struct tap *t, const struct offload *o, struct iovec *iov,
    unsigned n)
{
	struct fake_tap *f = t->state;
	struct fake_frame *in;
	size_t len = 0;
	unsigned i;

	if (f->is_gone)
		return SSHTAP_ERR_GONE;
	for (i = 1; i < n; i++)
		len += iov[i].iov_len;
	in = append(&f->in, len, o);
	len = 0;
	for (i = 1; i < n; len += iov[i++].iov_len)
		memcpy(in->bytes + len, iov[i].iov_base, iov[i].iov_len);
	return 0;
}

static int
fake_send(struct tap *t, uint8_t *frame, size_t len)
{
	struct iovec iov[2] = { { .iov_base = NULL },
	    { .iov_base = frame, .iov_len = len } };

	return fake_send_super(t, &none, iov, 2);
}

static void
fake_close(struct tap *t)
{
	struct fake_tap *f = t->state;

	clear(&f->out);
	clear(&f->in);
	free(f->got.bytes);
	f->got.bytes = NULL;
	f->tap = NULL;
}

static const struct tap_ops plain_ops = {
	.name = "fake",
	.recv = fake_recv,
	.send = fake_send,
	.close = fake_close,
};

static const struct tap_ops offload_ops = {
	.name = "fake with offload",
	.recv_super = fake_recv_super,
	.send = fake_send,
	.send_super = fake_send_super,
	.close = fake_close,
};

void
fake_tap_open(struct fake_tap *f, unsigned offloads)
{
	memset(f, 0, sizeof(*f));
	f->tap = tap_new(offloads != 0 ? &offload_ops : &plain_ops, "fake0",
	    TAP_ETHERNET);
	assert_non_null(f->tap);
	f->tap->state = f;
	f->tap->offloads = offloads;
}

void
fake_tap_close(struct fake_tap *f)
{
	tap_close(f->tap);
}

void
fake_tap_put(struct fake_tap *f, const uint8_t *frame, size_t len,
    const struct offload *o)
{
	struct fake_frame *out = append(&f->out, len, o);

	memcpy(out->bytes, frame, len);
}

unsigned
fake_tap_left(const struct fake_tap *f)
{
	return f->out.last - f->out.first;
}

unsigned
fake_tap_given(const struct fake_tap *f)
{
	return f->in.last - f->in.first;
}

const struct fake_frame *
fake_tap_get(struct fake_tap *f)
{
	assert_true(fake_tap_given(f) > 0);
	free(f->got.bytes);
	f->got = f->in.frames[f->in.first++ % FAKE_TAP_FRAMES];
	return &f->got;
}
