/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A flow is held from its first frame on that may be joined until one comes
 * that does not continue it, or that is the last by its length or its PSH.
 * What a super-frame says stands in the headers of its first frame, which are
 * rewritten only when a second one is there: a frame that stays alone has not
 * been touched.
 *
 * Order: a frame that goes straight out lets all of its flow that is held go
 * first.  Of one whose ports cannot be found (a fragment, ARP, another
 * protocol) it is not known what it must not overtake, so everything goes
 * first: such frames are rare where there is much to join, and it takes no
 * look into headers that are known to be odd.
 */

#include "tun/coalesce.h"

#include <assert.h>
#include <string.h>

#include "tun/bytes.h"
#include "tun/checksum.h"

#define ETHERNET_ADDRESSES_LEN	12

/* RFC 791 section 3.1. */
#define IPV4_TOS	1
#define IPV4_TOTAL	2
#define IPV4_ID		4
#define IPV4_FRAGMENT	6	/* flags, and an offset that is 0 here */
#define IPV4_DF		0x40	/* in its first byte */
#define IPV4_TTL	8
#define IPV4_SOURCE	12
#define IPV4_DESTINATION 16

/* RFC 8200 section 3: version, traffic class and flow label come first. */
#define IPV6_CLASS_LEN	4
#define IPV6_LENGTH	4
#define IPV6_HOPS	7
#define IPV6_SOURCE	8
#define IPV6_DESTINATION 24
#define IPV6_LOW	12	/* the last word of an address */

/* RFC 9293 section 3.1. */
#define TCP_SEQ		4
#define TCP_ACK		8
#define TCP_DATA_OFFSET	12
#define TCP_RESERVED	0x0f	/* in the same byte */
#define TCP_FLAGS	13
#define TCP_WINDOW	14
#define TCP_CHECKSUM	16
#define TCP_URGENT	18
#define TCP_FLAG_PSH	0x08
#define TCP_FLAG_ACK	0x10

/* RFC 768. */
#define UDP_LENGTH	4
#define UDP_CHECKSUM	6

#define PORTS_LEN	4

static_assert(COALESCE_FRAMES_MAX <= OFFLOAD_UDP_SEGMENTS_MAX,
    "more datagrams than the kernel takes");

/* A frame that has come. */
struct arrival {
	uint8_t *frame;
	size_t len;
	const struct offload *o;
	struct headers h;
	uint32_t tag;
};

/* === Out === */

static uint16_t
csum_offset(const struct headers *h)
{
	return h->protocol == HEADERS_PROTO_TCP ? TCP_CHECKSUM : UDP_CHECKSUM;
}

static uint8_t
gso_type(const struct headers *h)
{
	if (h->protocol == HEADERS_PROTO_UDP)
		return OFFLOAD_GSO_UDP_L4;
	return h->version == 4 ? OFFLOAD_GSO_TCPV4 : OFFLOAD_GSO_TCPV6;
}

/* The lengths of the whole; of the checksum what segments will start from. */
static void
write_headers(const struct coalesce_flow *f)
{
	uint8_t *ip = f->first + f->h.l3, *l4 = f->first + f->h.l4;
	const uint32_t l4_len = f->len - f->h.l4;

	if (f->h.version == 4)
		bytes_put_u16(ip + IPV4_TOTAL, (uint16_t)(f->len - f->h.l3));
	else
		bytes_put_u16(ip + IPV6_LENGTH, (uint16_t)l4_len);
	checksum_put_ip(f->first, &f->h);
	if (f->h.protocol == HEADERS_PROTO_UDP)
		bytes_put_u16(l4 + UDP_LENGTH, (uint16_t)l4_len);
	bytes_put_u16(l4 + csum_offset(&f->h),
	    checksum_fold(checksum_pseudo(f->first, &f->h, l4_len)));
}

static void
emit_flow(struct coalescer *c, struct coalesce_flow *f)
{
	const struct offload o = {
		.flags = OFFLOAD_NEEDS_CSUM,
		.gso_type = gso_type(&f->h),
		.hdr_len = f->h.payload,
		.gso_size = (uint16_t)f->segment,
		.csum_start = f->h.l4,
		.csum_offset = csum_offset(&f->h),
	};

	if (f->n == 1)
		c->emit(c->ctx, &f->offload, f->iov, 2, f->iov[1].iov_len);
	else {
		write_headers(f);
		c->joined += f->n;
		c->emit(c->ctx, &o, f->iov, 1 + f->n, f->len);
	}
	f->first = NULL;
	/* So that one flow alone stays in one place, which is in the cache. */
	if (--c->used == 0)
		c->next = 0;
}

static void
emit_alone(struct coalescer *c, const struct arrival *a)
{
	struct iovec iov[2] = { { .iov_base = NULL },
	    { .iov_base = a->frame, .iov_len = a->len } };

	c->emit(c->ctx, a->o, iov, 2, a->len);
}

void
coalesce_flush(struct coalescer *c)
{
	const unsigned start = c->next;
	struct coalesce_flow *f;
	unsigned i;

	for (i = 0; c->used > 0; i++) {
		f = &c->flows[(start + i) % COALESCE_FLOWS];
		if (f->first != NULL)
			emit_flow(c, f);
	}
}

/* === Which flow === */

static uint32_t
load_word(const uint8_t *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/*
 * What differs between most flows.  It may well be the same for two: then it
 * takes a second look to tell them apart, and no more.
 */
static uint32_t
get_tag(const uint8_t *frame, const struct headers *h)
{
	const uint8_t *ip = frame + h->l3;
	uint32_t source, destination;

	if (h->version == 4) {
		source = load_word(ip + IPV4_SOURCE);
		destination = load_word(ip + IPV4_DESTINATION);
	} else {
		source = load_word(ip + IPV6_SOURCE + IPV6_LOW);
		destination = load_word(ip + IPV6_DESTINATION + IPV6_LOW);
	}
	return load_word(frame + h->l4) ^ source ^
	    (destination << 16 | destination >> 16) ^ h->protocol;
}

static bool
is_of_flow(const struct coalesce_flow *f, const struct arrival *a)
{
	const uint8_t *ip = f->first + f->h.l3, *ip2 = a->frame + a->h.l3;

	if (f->h.version != a->h.version || f->h.protocol != a->h.protocol ||
	    memcmp(f->first + f->h.l4, a->frame + a->h.l4, PORTS_LEN) != 0)
		return false;
	if (f->h.version == 4)
		return memcmp(ip + IPV4_SOURCE, ip2 + IPV4_SOURCE, 8) == 0;
	return memcmp(ip + IPV6_SOURCE, ip2 + IPV6_SOURCE, 32) == 0;
}

static struct coalesce_flow *
find_flow(struct coalescer *c, const struct arrival *a)
{
	unsigned i;

	if (c->used == 0)
		return NULL;
	for (i = 0; i < COALESCE_FLOWS; i++)
		if (c->tags[i] == a->tag && c->flows[i].first != NULL &&
		    is_of_flow(&c->flows[i], a))
			return &c->flows[i];
	return NULL;
}

/* === What may be joined === */

static uint32_t
payload_len(const struct arrival *a)
{
	return a->h.end - a->h.payload;
}

static bool
has_psh(const struct arrival *a)
{
	return a->h.protocol == HEADERS_PROTO_TCP &&
	    (a->frame[a->h.l4 + TCP_FLAGS] & TCP_FLAG_PSH) != 0;
}

/* With PSH it would be the last as well; its length is that of segments. */
static bool
may_begin(const struct arrival *a)
{
	return a->h.protocol == HEADERS_PROTO_UDP ||
	    (!has_psh(a) && payload_len(a) >= OFFLOAD_TCP_SEGMENT_MIN);
}

/* Nothing is asked of the host, or only the checksum where it belongs. */
static bool
is_offload_plain(const struct arrival *a)
{
	const struct offload *o = a->o;

	if (offload_is_none(o))
		return true;
	return o->flags == OFFLOAD_NEEDS_CSUM &&
	    o->gso_type == OFFLOAD_GSO_NONE && o->csum_start == a->h.l4 &&
	    o->csum_offset == csum_offset(&a->h);
}

/* Of what kind it is; checksums aside. */
static bool
is_candidate(const struct coalescer *c, const struct arrival *a)
{
	const uint8_t *l4 = a->frame + a->h.l4;

	if (!a->h.is_simple || payload_len(a) == 0 || !is_offload_plain(a))
		return false;
	if (a->h.protocol == HEADERS_PROTO_TCP)
		return (l4[TCP_FLAGS] & ~TCP_FLAG_PSH) == TCP_FLAG_ACK &&
		    (l4[TCP_DATA_OFFSET] & TCP_RESERVED) == 0;
	return c->has_udp && bytes_u16(l4 + UDP_CHECKSUM) != 0;
}

/*
 * Segments get checksums of their own, right ones, so that what is broken may
 * not be joined.
 */
static bool
is_sound(struct coalescer *c, const struct arrival *a)
{
	const uint8_t *ip = a->frame + a->h.l3;

	if ((a->h.version == 6 || checksum_fold(checksum_add(0, ip,
	    HEADERS_IPV4_MIN)) == 0xffff) &&
	    (!offload_is_none(a->o) || checksum_is_right(a->frame, &a->h)))
		return true;
	c->bad_csum++;
	return false;
}

/*
 * Segmenting counts the identification up.  With DF it means nothing and may
 * change: RFC 6864 section 4.1.
 */
static bool
does_ip_agree(const struct coalesce_flow *f, const struct arrival *a)
{
	const uint8_t *ip = f->first + f->h.l3, *ip2 = a->frame + a->h.l3;

	if (f->h.version == 6)
		return memcmp(ip, ip2, IPV6_CLASS_LEN) == 0 &&
		    ip[IPV6_HOPS] == ip2[IPV6_HOPS];
	if (ip[IPV4_TOS] != ip2[IPV4_TOS] || ip[IPV4_TTL] != ip2[IPV4_TTL] ||
	    memcmp(ip + IPV4_FRAGMENT, ip2 + IPV4_FRAGMENT, 2) != 0)
		return false;
	return (ip[IPV4_FRAGMENT] & IPV4_DF) != 0 ||
	    bytes_u16(ip2 + IPV4_ID) ==
	    (uint16_t)(bytes_u16(ip + IPV4_ID) + f->n);
}

/* The same data offset is the same length of the options. */
static bool
does_tcp_agree(const struct coalesce_flow *f, const struct arrival *a)
{
	const uint8_t *tcp = f->first + f->h.l4, *tcp2 = a->frame + a->h.l4;

	return bytes_u32(tcp2 + TCP_SEQ) == f->next_seq &&
	    memcmp(tcp + TCP_ACK, tcp2 + TCP_ACK, 4) == 0 &&
	    tcp[TCP_DATA_OFFSET] == tcp2[TCP_DATA_OFFSET] &&
	    memcmp(tcp + TCP_WINDOW, tcp2 + TCP_WINDOW, 2) == 0 &&
	    memcmp(tcp + TCP_URGENT, tcp2 + TCP_URGENT,
	    f->h.payload - f->h.l4 - TCP_URGENT) == 0;
}

/* Is a the next one of f, which is of its flow? */
static bool
does_continue(const struct coalesce_flow *f, const struct arrival *a)
{
	const uint32_t n = payload_len(a);

	return n <= f->segment &&
	    f->len - f->h.l3 + n <= COALESCE_BYTES_MAX &&
	    memcmp(f->first, a->frame, ETHERNET_ADDRESSES_LEN) == 0 &&
	    does_ip_agree(f, a) && (f->h.protocol == HEADERS_PROTO_UDP ||
	    does_tcp_agree(f, a));
}

/* === In === */

/* One that is free; when there is none, the next in turn makes room. */
static struct coalesce_flow *
take_flow(struct coalescer *c, uint32_t tag)
{
	unsigned at;

	if (c->used == COALESCE_FLOWS)
		emit_flow(c, &c->flows[c->next]);
	while (c->flows[c->next].first != NULL)
		c->next = (c->next + 1) % COALESCE_FLOWS;
	at = c->next;
	c->next = (c->next + 1) % COALESCE_FLOWS;
	c->used++;
	c->tags[at] = tag;
	return &c->flows[at];
}

/* With its padding, which it loses when another one joins it. */
static void
hold(struct coalescer *c, const struct arrival *a)
{
	struct coalesce_flow *f = take_flow(c, a->tag);

	f->first = a->frame;
	f->h = a->h;
	f->offload = *a->o;
	f->len = a->h.end;
	f->segment = payload_len(a);
	if (a->h.protocol == HEADERS_PROTO_TCP)
		f->next_seq = bytes_u32(a->frame + a->h.l4 + TCP_SEQ) +
		    f->segment;
	f->n = 1;
	f->iov[1].iov_base = a->frame;
	f->iov[1].iov_len = a->len;
}

static void
append(struct coalescer *c, struct coalesce_flow *f, const struct arrival *a)
{
	const uint32_t n = payload_len(a);

	f->iov[1].iov_len = f->h.end;
	f->n++;
	f->iov[f->n].iov_base = a->frame + a->h.payload;
	f->iov[f->n].iov_len = n;
	f->len += n;
	f->next_seq += n;
	if (has_psh(a))
		f->first[f->h.l4 + TCP_FLAGS] |= TCP_FLAG_PSH;
	if (has_psh(a) || n < f->segment || f->n == COALESCE_FRAMES_MAX)
		emit_flow(c, f);
}

void
coalesce_add(struct coalescer *c, uint8_t *frame, size_t len,
    const struct offload *o)
{
	struct arrival a = { .frame = frame, .len = len, .o = o };
	struct coalesce_flow *f;
	bool may_join;

	if (headers_get(frame, len, &a.h) != 0) {
		coalesce_flush(c);
		emit_alone(c, &a);
		return;
	}
	a.tag = get_tag(frame, &a.h);
	f = find_flow(c, &a);
	may_join = is_candidate(c, &a);
	if (f != NULL && !(may_join && does_continue(f, &a))) {
		emit_flow(c, f);
		f = NULL;
	}
	/* What no other can join is not read. */
	if (f == NULL && !may_begin(&a))
		may_join = false;
	if (may_join && is_sound(c, &a)) {
		if (f != NULL)
			append(c, f, &a);
		else
			hold(c, &a);
		return;
	}
	if (f != NULL)
		emit_flow(c, f);
	emit_alone(c, &a);
}

bool
coalesce_join(struct coalescer *c, uint8_t *frame, size_t len,
    const struct offload *o)
{
	struct arrival a = { .frame = frame, .len = len, .o = o };
	struct coalesce_flow *f;

	if (headers_get(frame, len, &a.h) != 0)
		return false;
	a.tag = get_tag(frame, &a.h);
	f = find_flow(c, &a);
	if (f == NULL || !is_candidate(c, &a) || !does_continue(f, &a) ||
	    !is_sound(c, &a))
		return false;
	append(c, f, &a);
	return true;
}
