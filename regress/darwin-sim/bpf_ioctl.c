/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* The ioctls of bpf(4) (xnu: bsd/net/bpf.c, bpfioctl). */

#include <errno.h>
#include <string.h>

#include "regress/darwin-sim/kernel.h"

static int
set_blen(struct bpf *b, uint8_t *arg)
{
	uint32_t len = get_u32(arg);

	if (b->iface != NULL)
		return EINVAL;
	/* Of an interface that is gone. */
	bpf_free_buffers(b);
	if (len > options.blen_max)
		len = options.blen_max;
	if (len < ABI_BPF_BLEN_MIN)
		len = ABI_BPF_BLEN_MIN;
	b->blen = len;
	put_u32(arg, len);
	return 0;
}

static int
set_iface(struct bpf *b, const uint8_t *arg)
{
	struct iface *i = iface_find(arg);

	if (i == NULL)
		return ENXIO;
	bpf_attach(b, i);
	return 0;
}

/* The program's length, padding, its address; the library adds it behind. */
static int
set_filter(struct bpf *b, struct call *c)
{
	struct bpf_insn insns[ABI_BPF_INSNS_MAX];
	uint32_t n = get_u32(c->in);
	size_t size;

	if (n > ABI_BPF_INSNS_MAX)
		return EINVAL;
	size = n * sizeof(insns[0]);
	if (c->in_len - ABI_BPF_PROGRAM_SIZE < size)
		return EFAULT;
	memcpy(insns, c->in + ABI_BPF_PROGRAM_SIZE, size);
	if (n > 0 && !bpf_filter_is_valid(insns, n))
		return EINVAL;
	memcpy(b->insns, insns, size);
	b->ninsns = n;
	if (c->rq->a == ABI_BIOCSETF)
		bpf_flush(b);
	return 0;
}

static int
set_promisc(struct bpf *b)
{
	if (b->iface == NULL)
		return EINVAL;
	b->is_promisc = true;
	b->iface->flags |= ABI_IFF_PROMISC;
	return 0;
}

static int
get_dlt(const struct bpf *b, uint8_t *arg)
{
	if (b->iface == NULL)
		return EINVAL;
	put_u32(arg, b->iface->type == ABI_IFT_OTHER ? ABI_DLT_NULL :
	    ABI_DLT_EN10MB);
	return 0;
}

static int
get_iface(const struct bpf *b, uint8_t *arg)
{
	if (b->iface == NULL)
		return EINVAL;
	memset(arg, 0, ABI_IFREQ_SIZE);
	memcpy(arg, b->iface->name, ABI_IFNAMSIZ);
	return 0;
}

static void
set_timeout(struct bpf *b, const uint8_t *arg)
{
	uint64_t seconds = get_u64(arg);

	if (seconds > 86400)
		seconds = 86400;
	b->timeout_us = seconds * 1000000 + get_u32(arg + 8);
}

static void
get_timeout(const struct bpf *b, uint8_t *arg)
{
	memset(arg, 0, 16);
	put_u32(arg, (uint32_t)(b->timeout_us / 1000000));
	put_u32(arg + 8, (uint32_t)(b->timeout_us % 1000000));
}

/* The old one counts what waits to be read, the new one does not. */
static void
count_bytes(const struct bpf *b, uint8_t *arg)
{
	put_u32(arg, (uint32_t)(b->store.len +
	    (options.is_old ? b->hold.len : 0)));
}

static int
run_plain(struct bpf *b, struct call *c)
{
	uint8_t *arg = c->in;

	switch (c->rq->a) {
	case ABI_BIOCGBLEN:
		put_u32(arg, (uint32_t)b->blen);
		return 0;
	case ABI_BIOCSBLEN:
		return set_blen(b, arg);
	case ABI_BIOCSETF:
	case ABI_BIOCSETFNR:
		return set_filter(b, c);
	case ABI_BIOCFLUSH:
		bpf_flush(b);
		return 0;
	case ABI_BIOCPROMISC:
		return set_promisc(b);
	case ABI_BIOCGDLT:
		return get_dlt(b, arg);
	case ABI_BIOCGETIF:
		return get_iface(b, arg);
	case ABI_BIOCSETIF:
		return set_iface(b, arg);
	case ABI_BIOCGSTATS:
		put_u32(arg, b->received);
		put_u32(arg + 4, b->dropped);
		return 0;
	case ABI_BIOCVERSION:
		put_u16(arg, 1);
		put_u16(arg + 2, 1);
		return 0;
	case ABI_FIONREAD:
		count_bytes(b, arg);
		return 0;
	default:
		return -1;
	}
}

static int
run_switch(struct bpf *b, struct call *c)
{
	uint8_t *arg = c->in;

	switch (c->rq->a) {
	case ABI_BIOCSRTIMEOUT:
		set_timeout(b, arg);
		return 0;
	case ABI_BIOCGRTIMEOUT:
		get_timeout(b, arg);
		return 0;
	case ABI_BIOCIMMEDIATE:
		/* Since 12.0 one byte is looked at. */
		b->is_immediate = options.is_old ? get_u32(arg) != 0 :
		    arg[0] != 0;
		return 0;
	case ABI_BIOCGHDRCMPLT:
		put_u32(arg, b->is_complete);
		return 0;
	case ABI_BIOCSHDRCMPLT:
		b->is_complete = get_u32(arg) != 0;
		return 0;
	case ABI_BIOCGSEESENT:
		put_u32(arg, (b->direction & ABI_BPF_DIR_OUT) != 0);
		return 0;
	case ABI_BIOCSSEESENT:
		b->direction = get_u32(arg) != 0 ? ABI_BPF_DIR_INOUT :
		    ABI_BPF_DIR_IN;
		return 0;
	default:
		return -1;
	}
}

static int
set_divert(struct bpf *b, uint32_t value)
{
	if (b->iface == NULL)
		return ENXIO;
	if (value != 0 && !b->diverts && bpf_is_diverted(b->iface))
		return EALREADY;
	b->diverts = value != 0;
	return 0;
}

static int
set_private(struct bpf *b, uint32_t request, uint32_t value)
{
	switch (request) {
	case ABI_BIOCSHEADDROP:
		b->drops_head = value != 0;
		return 0;
	case ABI_BIOCSDIRECTION:
		if (value > ABI_BPF_DIR_INOUT)
			return EINVAL;
		b->direction = value;
		return 0;
	case ABI_BIOCSWRITEMAX:
		b->write_max = value;
		return 0;
	case ABI_BIOCSBATCHWRITE:
		if (value != 0 && !b->is_complete)
			return EINVAL;
		b->is_batch = value != 0;
		return 0;
	case ABI_BIOCSNOTSTAMP:
		b->has_no_stamp = value != 0;
		return 0;
	case ABI_BIOCSDVRTIN:
		return set_divert(b, value);
	default:
		return EINVAL;
	}
}

static int
get_private(const struct bpf *b, uint32_t request, uint8_t *arg)
{
	switch (request) {
	case ABI_BIOCGHEADDROP:
		put_u32(arg, b->drops_head);
		return 0;
	case ABI_BIOCGDIRECTION:
		put_u32(arg, b->direction);
		return 0;
	case ABI_BIOCGWRITEMAX:
		put_u32(arg, b->write_max);
		return 0;
	case ABI_BIOCGBATCHWRITE:
		put_u32(arg, b->is_batch);
		return 0;
	case ABI_BIOCGNOTSTAMP:
		put_u32(arg, b->has_no_stamp);
		return 0;
	case ABI_BIOCGDVRTIN:
		if (b->iface == NULL)
			return ENXIO;
		put_u32(arg, b->diverts);
		return 0;
	default:
		return EINVAL;
	}
}

int
bpf_ioctl(struct node *n, struct call *c)
{
	struct bpf *b = (struct bpf *)n;
	uint32_t request = c->rq->a;
	int error;

	if ((error = run_plain(b, c)) != -1 ||
	    (error = run_switch(b, c)) != -1)
		return error;
	if (options.is_old || ABI_IOC_LEN(request) != sizeof(uint32_t))
		return EINVAL;
	if ((request & ABI_IOC_IN) != 0)
		return set_private(b, request, get_u32(c->in));
	return get_private(b, request, c->in);
}
