/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * bpf(4): nodes, buffers, reading and writing (xnu: bsd/net/bpf.c).
 *
 * Of the three buffers there, two are kept here: the one that is filled
 * ("store") and the one that is read next ("hold"); the free one is free
 * when hold is empty.
 */

#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regress/darwin-sim/kernel.h"

#define GARBAGE		0xdb	/* what padding holds */
#define ETHER_HEADER	14
#define WRITE_MAX_OLD	2048
#define WRITE_MAX	65535
#define WRITE_SLACK	18	/* beyond the MTU: header and a VLAN tag */

static struct bpf *units[ABI_BPF_NODES_MAX];
static unsigned nunits = ABI_BPF_NODES;

unsigned
bpf_header_len(const struct bpf *b)
{
	return b->iface != NULL && b->iface->type == ABI_IFT_OTHER ?
	    ABI_BPF_HDRLEN_NULL : ABI_BPF_HDRLEN;
}

/* === Buffers === */

static void
rotate(struct bpf *b)
{
	struct bpf_buffer empty = b->hold;

	empty.len = empty.frames = 0;
	b->hold = b->store;
	b->store = empty;
	b->deadline_ms = 0;
	b->is_timed_out = false;
}

void
bpf_flush(struct bpf *b)
{
	b->store.len = b->store.frames = 0;
	b->hold.len = b->hold.frames = 0;
	b->deadline_ms = 0;
	b->is_timed_out = false;
	b->received = b->dropped = 0;
}

void
bpf_free_buffers(struct bpf *b)
{
	free(b->store.bytes);
	free(b->hold.bytes);
	b->store.bytes = b->hold.bytes = NULL;
	bpf_flush(b);
}

/* Room for a record, behind those that are there; false: there is none. */
static bool
make_room(struct bpf *b, size_t len, size_t *atp)
{
	*atp = ABI_BPF_ALIGN(b->store.len);
	if (*atp <= b->blen && len <= b->blen - *atp)
		return true;
	if (b->hold.len > 0) {
		b->dropped += b->drops_head ? b->hold.frames : 1;
		if (!b->drops_head)
			return false;
	}
	rotate(b);
	*atp = 0;
	return true;
}

static void
put_header(const struct bpf *b, uint8_t *p, size_t caplen, size_t datalen)
{
	struct timeval tv = { 0 };

	if (!b->has_no_stamp)
		(void)gettimeofday(&tv, NULL);
	put_u32(p + ABI_BPF_SEC_AT, (uint32_t)tv.tv_sec);
	put_u32(p + ABI_BPF_USEC_AT, (uint32_t)tv.tv_usec);
	put_u32(p + ABI_BPF_CAPLEN_AT, (uint32_t)caplen);
	put_u32(p + ABI_BPF_DATALEN_AT, (uint32_t)datalen);
	put_u16(p + ABI_BPF_HDRLEN_AT, bpf_header_len(b));
}

static void
catch_frame(struct bpf *b, const uint8_t *p, size_t len, uint32_t wanted)
{
	size_t at, caplen = len, header = bpf_header_len(b);

	if (caplen > wanted)
		caplen = wanted;
	if (caplen > b->blen - header)
		caplen = b->blen - header;
	if (!make_room(b, header + caplen, &at))
		return;
	if (at > b->store.len)
		memset(b->store.bytes + b->store.len, GARBAGE,
		    at - b->store.len);
	memset(b->store.bytes + at, GARBAGE, header);
	put_header(b, b->store.bytes + at, caplen, len);
	memcpy(b->store.bytes + at + header, p, caplen);
	b->store.len = at + header + caplen;
	b->store.frames++;
	if (b->timeout_us > 0 && b->deadline_ms == 0)
		b->deadline_ms = now_ms() + (b->timeout_us + 999) / 1000;
}

void
bpf_tap(const struct iface *i, const uint8_t *p, size_t len,
    unsigned direction)
{
	struct bpf *b;
	uint32_t wanted;
	unsigned n;

	for (n = 0; n < nunits; n++) {
		b = units[n];
		if (b == NULL || b->iface != i ||
		    (b->direction & direction) == 0)
			continue;
		b->received++;
		wanted = UINT32_MAX;
		if (b->ninsns > 0)
			wanted = bpf_filter(b->insns, b->ninsns, p, len);
		if (wanted == 0)
			continue;
		catch_frame(b, p, len, wanted);
		node_update(&b->node);
	}
}

uint64_t
bpf_run_timers(uint64_t now)
{
	uint64_t next = UINT64_MAX;
	struct bpf *b;
	unsigned n;

	for (n = 0; n < nunits; n++) {
		b = units[n];
		if (b == NULL || b->deadline_ms == 0 || b->is_timed_out)
			continue;
		if (b->deadline_ms > now) {
			if (b->deadline_ms < next)
				next = b->deadline_ms;
			continue;
		}
		b->is_timed_out = true;
		node_update(&b->node);
	}
	return next;
}

/* === Attaching === */

static void
detach(struct bpf *b)
{
	struct iface *i = b->iface;
	unsigned n;

	b->iface = NULL;
	if (i == NULL || !b->is_promisc)
		return;
	for (n = 0; n < nunits; n++)
		if (units[n] != NULL && units[n]->iface == i &&
		    units[n]->is_promisc)
			return;
	i->flags &= ~(unsigned)ABI_IFF_PROMISC;
}

void
bpf_attach(struct bpf *b, struct iface *i)
{
	if (b->iface != i)
		detach(b);
	if (b->store.bytes == NULL) {
		b->store.bytes = grow(b->blen);
		b->hold.bytes = grow(b->blen);
	}
	b->iface = i;
	b->diverts = false;
	bpf_flush(b);
}

void
bpf_detach_all(const struct iface *i)
{
	unsigned n;

	for (n = 0; n < nunits; n++) {
		if (units[n] == NULL || units[n]->iface != i)
			continue;
		detach(units[n]);
		node_update(&units[n]->node);
	}
}

bool
bpf_is_diverted(const struct iface *i)
{
	unsigned n;

	for (n = 0; n < nunits; n++)
		if (units[n] != NULL && units[n]->iface == i &&
		    units[n]->diverts)
			return true;
	return false;
}

/* === Reading === */

static bool
is_readable(const struct node *n)
{
	const struct bpf *b = (const struct bpf *)n;

	return b->iface == NULL || b->hold.len > 0 ||
	    ((b->is_immediate || b->is_timed_out) && b->store.len > 0);
}

static int
poll_bytes(const struct node *n, uint32_t *bytesp)
{
	const struct bpf *b = (const struct bpf *)n;

	*bytesp = 0;
	if (b->iface == NULL)
		return ENXIO;
	*bytesp = (uint32_t)b->hold.len;
	if (b->hold.len == 0 && (b->is_immediate || b->is_timed_out))
		*bytesp = (uint32_t)b->store.len;
	return 0;
}

/* Nothing can be read now. */
static int
refuse_read(const struct bpf *b, struct call *c)
{
	if (b->iface == NULL)
		return ENXIO;
	if ((c->rq->flags & WIRE_TIMED_OUT) != 0)
		return 0;
	if ((c->rq->flags & WIRE_INTERRUPTED) != 0)
		return EINTR;
	if ((c->rq->flags & WIRE_NONBLOCK) == 0) {
		c->reply.flags |= WIRE_WAIT;
		c->reply.value = (uint32_t)((b->timeout_us + 999) / 1000);
	}
	return EWOULDBLOCK;
}

static int
read_frames(struct node *n, struct call *c)
{
	struct bpf *b = (struct bpf *)n;
	bool may_rotate = b->is_immediate || b->is_timed_out ||
	    (c->rq->flags & (WIRE_NONBLOCK | WIRE_TIMED_OUT |
	    WIRE_INTERRUPTED)) != 0;

	if ((b->mode & O_ACCMODE) == O_WRONLY)
		return EBADF;
	if (c->rq->a != b->blen)
		return EINVAL;
	if (b->hold.len == 0 && b->store.len > 0 && may_rotate)
		rotate(b);
	if (b->hold.len == 0)
		return refuse_read(b, c);
	c->out = b->hold.bytes;
	c->out_len = b->hold.len;
	b->hold.len = b->hold.frames = 0;
	return 0;
}

/* === Writing === */

static int
check_write_len(const struct bpf *b, size_t len)
{
	size_t counted = b->is_complete ? len : len - ETHER_HEADER;

	if (options.is_old) {
		if (len > WRITE_MAX_OLD)
			return EIO;
		return len - b->iface->header > b->iface->mtu ? EMSGSIZE : 0;
	}
	/* Over BIOCSWRITEMAX it is only logged. */
	if (b->write_max != 0)
		return 0;
	return counted > b->iface->mtu + WRITE_SLACK || len > WRITE_MAX ?
	    EMSGSIZE : 0;
}

static int
write_one(struct bpf *b, uint8_t *p, size_t len, struct call *c)
{
	int error;

	if (len < b->iface->header) {
		c->reply.flags |= WIRE_ABORT;
		call_say(c, "a frame shorter than its header was written to a"
		    " bpf device");
		return EINVAL;
	}
	if ((error = check_write_len(b, len)) != 0)
		return error;
	if (!b->is_complete && b->iface->header == ETHER_HEADER)
		memcpy(p + 6, b->iface->lladdr, 6);
	return iface_inject(b->iface, p, len);
}

/*
 * Records as they are read.  All are looked at before the first is sent.
 * Returns the length of the one in front, 0 when none is left, or -1.
 */
static long
next_record(const uint8_t *p, size_t len, size_t *headerp, size_t *caplenp)
{
	size_t step;

	if (len < sizeof(uint32_t) * 5)
		return 0;
	*headerp = p[ABI_BPF_HDRLEN_AT] |
	    (size_t)p[ABI_BPF_HDRLEN_AT + 1] << 8;
	*caplenp = get_u32(p + ABI_BPF_CAPLEN_AT);
	if (*headerp < ABI_BPF_HDRLEN || *caplenp == 0 ||
	    *caplenp != get_u32(p + ABI_BPF_DATALEN_AT) ||
	    *headerp > len || *caplenp > len - *headerp)
		return -1;
	step = ABI_BPF_ALIGN(*headerp + *caplenp);
	return (long)(step > len ? len : step);
}

static int
write_batch(struct bpf *b, struct call *c)
{
	size_t at, header, caplen;
	long step;
	int error = 0;

	for (at = 0; (step = next_record(c->in + at, c->in_len - at, &header,
	    &caplen)) > 0; at += (size_t)step)
		;
	if (step == -1)
		return EINVAL;
	for (at = 0; error == 0 && (step = next_record(c->in + at,
	    c->in_len - at, &header, &caplen)) > 0; at += (size_t)step)
		error = write_one(b, c->in + at + header, caplen, c);
	return error;
}

static int
write_frame(struct node *n, struct call *c)
{
	struct bpf *b = (struct bpf *)n;

	if ((b->mode & O_ACCMODE) == O_RDONLY)
		return EBADF;
	if (b->iface == NULL)
		return ENXIO;
	c->reply.value = (uint32_t)c->in_len;
	if (c->in_len == 0)
		return 0;
	if (b->is_batch)
		return write_batch(b, c);
	return write_one(b, c->in, c->in_len, c);
}

/* === Nodes === */

static void
destroy(struct node *n)
{
	struct bpf *b = (struct bpf *)n;

	detach(b);
	units[b->unit] = NULL;
	bpf_free_buffers(b);
	free(b);
}

static const struct node_ops bpf_ops = {
	.kind = WIRE_BPF,
	.ioctl = bpf_ioctl,
	.read = read_frames,
	.write = write_frame,
	.is_readable = is_readable,
	.poll = poll_bytes,
	.destroy = destroy,
};

/* Returns the unit, or -1: there is no such node. */
static int
find_unit(const char *suffix)
{
	char *end;
	unsigned long unit = strtoul(suffix, &end, 10);
	char name[16];

	if (unit >= nunits || *end != '\0')
		return -1;
	(void)snprintf(name, sizeof(name), "%lu", unit);
	return strcmp(name, suffix) == 0 ? (int)unit : -1;
}

int
bpf_open(struct call *c, const char *suffix)
{
	struct bpf *b;
	int error, unit = find_unit(suffix);

	if (unit == -1)
		return ENOENT;
	if (!call_is_root(c))
		return EACCES;
	if (units[unit] != NULL)
		return EBUSY;
	b = grow(sizeof(*b));
	b->unit = (unsigned)unit;
	b->mode = c->rq->a;
	b->blen = ABI_BPF_BLEN;
	b->direction = ABI_BPF_DIR_INOUT;
	if ((error = node_start(&b->node, &bpf_ops, c)) != 0) {
		free(b);
		return error;
	}
	units[unit] = b;
	if ((unsigned)unit == nunits - 1 && nunits < ABI_BPF_NODES_MAX)
		nunits++;
	return 0;
}
