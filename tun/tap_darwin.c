/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The devices of macOS: a pair of feth(4) with a descriptor for each
 * direction, utun for IP packets, and tuntaposx where there is neither.
 *
 * One read of a pair's descriptor takes every frame that is there, so there
 * is a buffer, of the size that the kernel insists on, and tap_recv gives one
 * frame of it at a time.  Frames that are dropped inside are owed to the
 * caller: each is told by one SSHTAP_ERR_DROPPED of its own, behind the frame
 * that the walk stopped at, so that every call ends in one counter.
 *
 * The descriptors of a pair do not own it, so closing a device is three
 * things in this order: the descriptors, which tie the peer down; the pair;
 * its entry in the registry, which is the proof that it is ours.
 */

#include "tun/tap.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "openbsd-compat/bpf-batch.h"
#include "openbsd-compat/darwin-net.h"
#include "openbsd-compat/port-net-darwin.h"
#include "tun/tap_impl.h"
#include "tun/tap_impl_darwin.h"

static_assert(DARWIN_UNIT_ANY == TAP_UNIT_ANY &&
    (int)DARWIN_POINT_TO_POINT == (int)TAP_POINT_TO_POINT &&
    (int)DARWIN_ETHERNET == (int)TAP_ETHERNET &&
    BPF_BATCH_FRAME_MIN == TAP_FRAME_MIN,
    "the numbers of port-net-darwin.h are ours");

#define WARNING_MAX	160

struct device {
	struct darwin_device dev;
	struct tap_pair tp;
	struct bpf_batch batch;
	uint64_t told;		/* of batch.dropped: how many the caller
				 * has been told of */
	uint8_t buf[];		/* dev.read_size bytes */
};

/* === Receiving === */

static int
hand_over(const uint8_t *p, size_t len, uint8_t *frame, size_t size,
    size_t *lenp)
{
	if (len > size)
		return SSHTAP_ERR_DROPPED;
	memcpy(frame, p, len);
	*lenp = len;
	return 0;
}

static bool
owes_drops(const struct device *d)
{
	return d->told != d->batch.dropped;
}

/* The next of the batch, SSHTAP_ERR_AGAIN when there is none left. */
static int
take_from_batch(struct device *d, uint8_t *frame, size_t size, size_t *lenp)
{
	const uint8_t *p;
	size_t len;

	if (!owes_drops(d) && (p = bpf_batch_next(&d->batch, &len)) != NULL)
		return hand_over(p, len, frame, size, lenp);
	if (!owes_drops(d))
		return SSHTAP_ERR_AGAIN;
	d->told++;
	return SSHTAP_ERR_DROPPED;
}

/* A device of tuntaposx answers EIO until somebody brings it up. */
static int
read_some(struct device *d, size_t *lenp)
{
	long n = darwin_read(&d->dev, d->buf);

	if (n == 0 || (n < 0 && errno == EIO))
		return SSHTAP_ERR_AGAIN;
	if (n < 0)
		return errno == ENXIO ? SSHTAP_ERR_GONE : SSHTAP_ERR_SYSTEM;
	*lenp = (size_t)n;
	return 0;
}

static int
darwin_recv(struct tap *t, uint8_t *frame, size_t size, size_t *lenp)
{
	struct device *d = t->state;
	size_t len;
	int r;

	if (d->dev.framing == DARWIN_FRAMING_BPF &&
	    (r = take_from_batch(d, frame, size, lenp)) != SSHTAP_ERR_AGAIN)
		return r;
	if ((r = read_some(d, &len)) != 0)
		return r;
	switch (d->dev.framing) {
	case DARWIN_FRAMING_BPF:
		bpf_batch_start(&d->batch, d->buf, len);
		return take_from_batch(d, frame, size, lenp);
	case DARWIN_FRAMING_AF:
		if (darwin_af_to_wire(d->buf, len) == -1)
			return SSHTAP_ERR_DROPPED;
		break;
	default:
		break;
	}
	return hand_over(d->buf, len, frame, size, lenp);
}

static bool
darwin_has_pending(const struct tap *t)
{
	const struct device *d = t->state;

	return d->batch.left > 0 || owes_drops(d);
}

/* === The other operations === */

static int
darwin_send(struct tap *t, uint8_t *frame, size_t len)
{
	const struct device *d = t->state;

	if (d->dev.framing == DARWIN_FRAMING_AF &&
	    darwin_af_from_wire(frame, len) == -1)
		return SSHTAP_ERR_DROPPED;
	switch (darwin_write(&d->dev, frame, len)) {
	case 0:
		return 0;
	case 1:
		return SSHTAP_ERR_DROPPED;
	default:
		return SSHTAP_ERR_GONE;
	}
}

/* Where there is one descriptor, it reports its own end. */
static int
darwin_check(struct tap *t)
{
	const struct device *d = t->state;

	if (d->dev.framing == DARWIN_FRAMING_BPF &&
	    darwin_pair_check(t->name, t->read_fd) == -1 && errno == ENXIO)
		return SSHTAP_ERR_GONE;
	return 0;
}

static void
close_both(const struct darwin_device *dev)
{
	int saved_errno = errno;

	(void)close(dev->rfd);
	if (dev->wfd != dev->rfd)
		(void)close(dev->wfd);
	errno = saved_errno;
}

static void
darwin_close_tap(struct tap *t)
{
	struct device *d = t->state;

	close_both(&d->dev);
	tap_pair_close(&d->tp);
	free(d);
}

static const struct tap_ops darwin_ops = {
	.name = "darwin",
	.recv = darwin_recv,
	.send = darwin_send,
	.has_pending = darwin_has_pending,
	.check = darwin_check,
	.close = darwin_close_tap,
};

/* tp:      NULL: not ours to destroy.  Both are taken over on success. */
static int
new_device(const struct darwin_device *dev, const struct tap_pair *tp,
    enum tap_mode mode, struct tap **tapp)
{
	struct device *d;
	struct tap *t;

	if ((d = calloc(1, sizeof(*d) + dev->read_size)) == NULL)
		return SSHTAP_ERR_ALLOC;
	if ((t = tap_new(&darwin_ops, dev->name, mode)) == NULL) {
		free(d);
		return SSHTAP_ERR_ALLOC;
	}
	d->dev = *dev;
	d->tp.lock = -1;
	if (tp != NULL)
		d->tp = *tp;
	t->state = d;
	t->read_fd = dev->rfd;
	t->write_fd = dev->wfd;
	/* A pair is no descriptor's. */
	t->needs_keeper = tp != NULL;
	*tapp = t;
	return 0;
}

/* === Opening === */

static int
open_pair(const struct tap_request *rq, struct tap **tapp,
    struct tap_fault *fault)
{
	struct darwin_device dev;
	struct darwin_fault df;
	struct tap_pair tp;
	int r;

	if ((r = tap_pair_open(rq, &tp, fault)) != 0)
		return r;
	if (darwin_pair_attach(&tp.pair, 0, &dev, &df) == -1) {
		r = tap_darwin_fault(&df, fault);
		goto out;
	}
	if ((r = new_device(&dev, &tp, rq->mode, tapp)) != 0)
		close_both(&dev);
 out:
	if (r != 0)
		tap_pair_close(&tp);
	return r;
}

/*
 * The one that the user's driver has in this place; NOT_FOUND where it
 * cannot be what was meant, or is not installed.
 */
static int
open_tuntaposx(const struct tap_request *rq, struct tap **tapp,
    struct tap_fault *fault)
{
	struct darwin_device dev;
	struct darwin_fault df;
	int r;

	if (rq->unit != TAP_UNIT_ANY && rq->unit >= DARWIN_TUNTAPOSX_UNITS)
		return SSHTAP_ERR_NOT_FOUND;
	if (darwin_tuntaposx_open(rq->unit, (enum darwin_mode)rq->mode,
	    rq->up, &dev, &df) == -1)
		return errno == ENOENT ? SSHTAP_ERR_NOT_FOUND :
		    tap_darwin_fault(&df, fault);
	r = tap_pair_configure(rq, dev.name, fault);
	/* What it takes depends on the MTU, which may be another now. */
	if (r == 0 && darwin_device_adopt(dev.rfd, dev.wfd,
	    (enum darwin_mode)rq->mode, dev.name, &dev) == -1)
		r = tap_fault_set(fault, TAP_STEP_CREATE, dev.name);
	if (r != 0 || (r = new_device(&dev, NULL, rq->mode, tapp)) != 0)
		close_both(&dev);
	return r;
}

static int
open_utun(const struct tap_request *rq, struct tap **tapp,
    struct tap_fault *fault)
{
	struct darwin_device dev;
	struct darwin_fault df;
	int r;

	if (darwin_utun_open(rq->unit, &dev, &df) == -1)
		return tap_darwin_fault(&df, fault);
	if ((r = tap_pair_configure(rq, dev.name, fault)) != 0 ||
	    (r = new_device(&dev, NULL, rq->mode, tapp)) != 0)
		close_both(&dev);
	return r;
}

int
tap_open(const struct tap_request *rq, struct tap **tapp,
    struct tap_fault *fault)
{
	struct tap_fault other;
	int error, r;

	if ((r = tap_check_request(rq, fault)) != 0)
		return r;
	r = rq->mode == TAP_ETHERNET ? open_pair(rq, tapp, fault) :
	    open_utun(rq, tapp, fault);
	if (r != SSHTAP_ERR_SYSTEM || fault->step != TAP_STEP_DRIVER)
		return r;
	error = errno;
	if ((r = open_tuntaposx(rq, tapp, &other)) == SSHTAP_ERR_SYSTEM)
		*fault = other;
	if (r != SSHTAP_ERR_NOT_FOUND)
		return r;
	errno = error;
	return SSHTAP_ERR_SYSTEM;
}

int
tap_adopt(int rfd, int wfd, enum tap_mode mode, const char *name,
    unsigned offloads, struct tap **tapp)
{
	struct darwin_device dev;

	if (offloads != 0)
		return SSHTAP_ERR_ARGUMENT;
	if (darwin_device_adopt(rfd, wfd, (enum darwin_mode)mode, name,
	    &dev) == -1)
		return errno == EINVAL ? SSHTAP_ERR_ARGUMENT :
		    SSHTAP_ERR_SYSTEM;
	return new_device(&dev, NULL, mode, tapp);
}

void
tap_warn(tap_warning_fn *fn, void *ctx)
{
	char text[WARNING_MAX];
	int good, value;
	const char *name;
	unsigned i;

	for (i = 0; (name = darwin_bad_setting(i, &value, &good)) != NULL;
	    i++) {
		(void)snprintf(text, sizeof(text), "%s is %d, which spoils "
		    "frames: set it to %d (sysctl -w %s=%d) and make the "
		    "device again", name, value, good, name, good);
		fn(ctx, text);
	}
}
