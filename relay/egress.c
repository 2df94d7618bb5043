/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A frame is read into a place of its own and waits there, however short, for
 * its turn in the queue; from there it is sealed on its way into the output.
 * So nothing is copied, and until it is sealed it can still be dropped, or
 * overtaken by another flow's.
 *
 * A super-frame goes whole to a peer that takes it, and in pieces to any
 * other, or when the path is so slow that it would be in the way for long;
 * what is left of it waits at the head of its flow.
 */

#include "relay/egress.h"

#include <assert.h>
#include <string.h>

#include <openssl/rand.h>

#include "lib/err.h"
#include "tun/headers.h"
#include "tun/offload.h"
#include "tun/segment.h"

/*
 * 4.1 MiB when all are in use.  Of the large ones a fast path has as much on
 * its way; a slow one drops before.
 */
#define SMALL_SLOTS	512
#define LARGE_SLOTS	48

/* When the places are used up, in times of CoDel's target. */
#define LATE_TARGETS	4

static_assert(SLOT_SMALL == TAP_SMALL && SLOT_LARGE == TAP_LARGE,
    "a frame of a device has a place");
static_assert(SLOT_HEADROOM >= CHAN_TUN_SUPER_HEADROOM &&
    SLOT_HEADROOM >= TAP_HEADROOM && SLOT_TAILROOM >= CHAN_TUN_TAILROOM,
    "a frame is sent from its place");
static_assert(CHAN_TUN_WORDS == OFFLOAD_SIZE &&
    CHAN_TUN_SUPER_MAX == SLOT_LARGE, "what goes along fits");

/* === From the device === */

/*
 * While what waits has not waited for long, the device had better keep the
 * rest: the path is fast, or a processor was busy for a moment, and a loss
 * would make it slower.  For what waits too long at all times there is CoDel.
 */
static bool
is_late(const struct egress *e, uint64_t now_us)
{
	return flow_queue_wait_us(&e->queue, now_us) >
	    LATE_TARGETS * (uint64_t)e->queue.limits.target_us;
}

static bool
has_place(struct egress *e, struct slot **sp, uint32_t size, uint64_t now_us)
{
	if (*sp == NULL)
		*sp = slot_take(&e->pool, size);
	if (*sp == NULL && is_late(e, now_us)) {
		flow_queue_make_room(&e->queue, size);
		*sp = slot_take(&e->pool, size);
	}
	return *sp != NULL;
}

/*
 * Super-frames of which some has been sent hold their places; a small frame
 * must not wait for one of those, rather is the next large one lost.
 */
bool
egress_has_place(struct egress *e, uint64_t now_us)
{
	return has_place(e, &e->small, SLOT_SMALL, now_us) &&
	    (has_place(e, &e->large, SLOT_LARGE, now_us) ||
	    is_late(e, now_us));
}

int
egress_read(struct egress *e, uint64_t now_us)
{
	struct offload o;
	struct slot **sp;
	size_t len;
	int r;

	if (!egress_has_place(e, now_us))
		return SSHTAP_ERR_TOO_BIG;
	if ((r = tap_recv_super(e->tap, e->small->frame, e->large != NULL ?
	    e->large->frame : NULL, &o, &len)) != 0)
		return r;
	sp = len > TAP_SMALL ? &e->large : &e->small;
	(*sp)->len = (uint32_t)len;
	(*sp)->offload = o;
	flow_queue_put(&e->queue, *sp, now_us);
	*sp = NULL;
	return 0;
}

/* === To the peer === */

/* How much may go at once: on a slow path all others would wait for it. */
static size_t
get_at_once(const struct egress *e)
{
	return e->path == NULL ? INFLIGHT_AHEAD_MAX :
	    inflight_ahead(&e->path->out);
}

/*
 * Does the peer take any of this kind?  Not if it has no window for the
 * longest ones, for which there may never be room then.
 */
static bool
is_taker(const struct egress *e, unsigned kind)
{
	return (e->takes & kind) != 0 &&
	    chan_tun_room_super(e->chan) == CHAN_TUN_SUPER_MAX;
}

/* len bytes of it are on their way, or will never be. */
static void
finish(struct egress *e, struct slot *s, uint32_t len)
{
	flow_queue_sent(&e->queue, s, len);
	if (s->left == 0)
		slot_give(&e->pool, s);
}

static void
drop(struct egress *e, struct slot *s, uint64_t *counter)
{
	(*counter)++;
	finish(e, s, s->left);
}

/* What the channel drops, it counts: to us that is sent. */
static int
send_words(struct egress *e, const struct offload *o, uint8_t *frame,
    size_t len)
{
	uint8_t words[OFFLOAD_SIZE];
	int r;

	offload_put(words, o);
	r = chan_tun_send_super(e->chan, words, frame, len);
	return r == SSHTAP_ERR_DROPPED ? 0 : r;
}

static int
send_plain(struct egress *e, uint8_t *frame, size_t len)
{
	int r = chan_tun_send(e->chan, frame, len);

	return r == SSHTAP_ERR_DROPPED ? 0 : r;
}

static int
send_whole(struct egress *e, struct slot *s)
{
	int r = send_words(e, &s->offload, s->frame, s->len);

	if (r != 0)
		return r;
	e->stats.supers += s->offload.gso_type != OFFLOAD_GSO_NONE;
	finish(e, s, s->left);
	return 0;
}

/* One that is not a super-frame. */
static int
send_frame(struct egress *e, struct slot *s, size_t max)
{
	int r;

	if (!offload_is_none(&s->offload)) {
		if (is_taker(e, CHAN_TUN_TAKES_CSUM) &&
		    offload_check(&s->offload, s->frame, s->len) == 0)
			return send_whole(e, s);
		if (offload_finish(&s->offload, s->frame, s->len) != 0) {
			drop(e, s, &e->stats.malformed);
			return 0;
		}
	}
	if (s->len > max) {
		drop(e, s, &e->stats.too_long);
		return 0;
	}
	if ((r = send_plain(e, s->frame, s->len)) != 0)
		return r;
	finish(e, s, s->left);
	return 0;
}

/* === Small frames === */

/*
 * Frames of one flow that are alike but for what a segmenter restores: one
 * seal for all of them, and at the far end one write.
 */
static void
send_joined(void *ctx, const struct offload *o, struct iovec *iov,
    unsigned n, size_t len)
{
	struct egress *e = ctx;
	uint8_t *p = e->piece->frame;
	unsigned i;

	/* One that stayed alone goes as it is. */
	if (o->gso_type == OFFLOAD_GSO_NONE)
		return;
	for (i = 1; i < n; p += iov[i++].iov_len)
		memcpy(p, iov[i].iov_base, iov[i].iov_len);
	e->joined = send_words(e, o, e->piece->frame, len);
	e->stats.joined += n - 1;
}

/*
 * Join what can go along with s, which is one packet in any case: it ends
 * with a frame that is the last by its length, or else here.
 *
 * Returns how many frames that is.
 */
static unsigned
join(struct egress *e, struct slot *s)
{
	size_t left = get_at_once(e);
	unsigned n = 1;

	coalesce_add(&e->joiner, s->frame, s->len, &s->offload);
	for (; e->joiner.used > 0; n++) {
		left -= s->len < left ? s->len : left;
		s = flow_queue_behind(&e->queue, s);
		if (s == NULL || s->len > left || !coalesce_join(&e->joiner,
		    s->frame, s->len, &s->offload))
			break;
	}
	coalesce_flush(&e->joiner);
	return n;
}

static int
send_along(struct egress *e, struct slot *s, size_t max)
{
	struct slot *next;
	unsigned n;

	if ((n = join(e, s)) == 1)
		return send_frame(e, s, max);
	if (e->joined != 0)
		return e->joined;
	for (; n > 0; n--, s = next) {
		next = flow_queue_behind(&e->queue, s);
		finish(e, s, s->left);
	}
	return 0;
}

/* It is worth a try: one more of its flow waits, and has the same length. */
static bool
has_company(struct egress *e, const struct slot *s)
{
	const struct slot *next = flow_queue_behind(&e->queue, s);

	e->joiner.has_udp = (e->takes & CHAN_TUN_TAKES_UDP) != 0;
	return next != NULL && is_taker(e, CHAN_TUN_TAKES_TCP) &&
	    next->offload.gso_type == OFFLOAD_GSO_NONE &&
	    next->len <= s->len;
}

/* === Super-frames === */

/* The peer takes super-frames of this kind. */
static bool
is_taken(const struct egress *e, struct slot *s)
{
	unsigned kind = s->offload.gso_type == OFFLOAD_GSO_UDP_L4 ?
	    CHAN_TUN_TAKES_UDP : CHAN_TUN_TAKES_TCP;

	return is_taker(e, kind) &&
	    offload_check(&s->offload, s->frame, s->len) == 0;
}

/* So many segments are no longer than that, or one. */
static unsigned
count_segments(const struct segmenter *g, size_t len)
{
	size_t n = len > g->h.payload ?
	    (len - g->h.payload) / g->offload.gso_size : 0;

	return n > 1 ? (unsigned)n : 1;
}

/* The next piece of a super-frame, of up to n segments or a plain frame. */
static int
send_piece(struct egress *e, struct slot *s, unsigned n, bool plain)
{
	size_t before = segment_left(&s->segmenter), left, len;
	uint8_t *p = e->piece->frame;
	struct offload o;
	int r;

	len = segment_next(&s->segmenter, n, p, SLOT_LARGE,
	    plain ? NULL : &o);
	if (plain)
		r = send_plain(e, p, len);
	else
		r = send_words(e, &o, p, len);
	if (r != 0)
		return r;
	left = segment_left(&s->segmenter);
	e->stats.cut += left == 0;
	/* Each piece has headers of its own, which are part of its turn. */
	flow_queue_charge(&e->queue, s, (uint32_t)(len - (before - left)));
	finish(e, s, left == 0 ? s->left : (uint32_t)(before - left));
	return 0;
}

static int
send_super(struct egress *e, struct slot *s, size_t max)
{
	bool taken = is_taken(e, s);
	size_t at_once = get_at_once(e);

	if (taken && s->left == s->len && s->len <= at_once)
		return send_whole(e, s);
	if (s->left == s->len && segment_start(&s->segmenter, s->frame,
	    s->len, &s->offload) != 0) {
		drop(e, s, &e->stats.malformed);
		return 0;
	}
	if (!taken && segment_size(&s->segmenter, 1) > max) {
		drop(e, s, &e->stats.too_long);
		return 0;
	}
	return send_piece(e, s, count_segments(&s->segmenter, at_once),
	    !taken);
}

int
egress_send(struct egress *e, uint64_t now_us)
{
	struct slot *s;
	size_t max;
	int r = 0;

	while (r == 0 && e->queue.frames > 0) {
		if ((r = chan_tun_room(e->chan, &max)) != 0)
			return r;
		if ((s = flow_queue_next(&e->queue, now_us)) == NULL)
			break;
		if (s->offload.gso_type != OFFLOAD_GSO_NONE)
			r = send_super(e, s, max);
		else if (has_company(e, s))
			r = send_along(e, s, max);
		else
			r = send_frame(e, s, max);
	}
	return r;
}

/* === The start and the end === */

int
egress_init(struct egress *e, struct tap *tap, const struct path *path)
{
	uint32_t seed;
	int r;

	e->tap = tap;
	e->path = path;
	if (RAND_bytes((unsigned char *)&seed, sizeof(seed)) != 1)
		return SSHTAP_ERR_CRYPTO;
	if ((r = slot_pool_init(&e->pool, SMALL_SLOTS, LARGE_SLOTS)) != 0)
		return r;
	flow_queue_init(&e->queue, &e->pool, seed,
	    tap_mode(tap) == TAP_POINT_TO_POINT);
	e->joiner.emit = send_joined;
	e->joiner.ctx = e;
	e->piece = slot_take(&e->pool, SLOT_LARGE);
	return 0;
}

void
egress_clear(struct egress *e)
{
	flow_queue_clear(&e->queue);
	slot_pool_free(&e->pool);
	e->small = e->large = e->piece = NULL;
}

size_t
egress_waiting(const struct egress *e)
{
	return e->queue.bytes;
}
