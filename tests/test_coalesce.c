/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Each frame that goes in lies in heap memory of its exact length, so that a
 * sanitizer sees any step outside, and a copy of it is kept; what comes out is
 * put together again and held against the copies.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/frame_util.h"
#include "tun/bytes.h"
#include "tun/checksum.h"
#include "tun/coalesce.h"
#include "tun/segment.h"

#define FRAMES		600
#define MSS		1000

#define TCP_FIN		0x01
#define TCP_SYN		0x02
#define TCP_RST		0x04
#define TCP_PSH		0x08
#define TCP_ACK		0x10
#define TCP_URG		0x20
#define TCP_ECE		0x40
#define TCP_CWR		0x80

struct piece {
	uint8_t *bytes;
	size_t len;
	struct offload o;
	unsigned frames;
};

static struct coalescer c;
static uint8_t *given[FRAMES];
static struct piece in[FRAMES], out[FRAMES];
static unsigned nin, nout;

static const struct offload none;
static const struct frame_spec tcp4 = { .version = 4,
    .protocol = HEADERS_PROTO_TCP, .tcp_options = 12, .tcp_flags = TCP_ACK,
    .tos = 2, .id = 7, .seq = 1000, .payload = MSS };
static const struct frame_spec tcp6 = { .version = 6,
    .protocol = HEADERS_PROTO_TCP, .tcp_options = 12, .tcp_flags = TCP_ACK,
    .tos = 2, .seq = 1000, .payload = MSS };
static const struct frame_spec udp4 = { .version = 4,
    .protocol = HEADERS_PROTO_UDP, .id = 7, .payload = MSS };
static const struct frame_spec udp6 = { .version = 6,
    .protocol = HEADERS_PROTO_UDP, .payload = MSS };
static const struct frame_spec *const kinds[] = { &tcp4, &tcp6, &udp4, &udp6 };

#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

/* === What goes in and comes out === */

static void
keep(void *ctx, const struct offload *o, struct iovec *iov, unsigned n,
    size_t len)
{
	struct piece *p = &out[nout++];
	size_t done = 0;
	unsigned i;

	assert_ptr_equal(ctx, &c);
	assert_true(nout <= FRAMES);
	assert_true(n >= 2 && n <= 1 + COALESCE_FRAMES_MAX);
	/* Ours to use. */
	memset(&iov[0], 0xff, sizeof(iov[0]));
	p->bytes = malloc(len > 0 ? len : 1);
	assert_non_null(p->bytes);
	for (i = 1; i < n; done += iov[i++].iov_len) {
		assert_true(iov[i].iov_len <= len - done);
		if (iov[i].iov_len > 0)
			memcpy(p->bytes + done, iov[i].iov_base,
			    iov[i].iov_len);
	}
	assert_int_equal(done, len);
	p->len = len;
	p->o = *o;
	p->frames = n - 1;
}

static void
clear(void)
{
	unsigned i;

	for (i = 0; i < nin; i++) {
		free(given[i]);
		free(in[i].bytes);
	}
	for (i = 0; i < nout; i++)
		free(out[i].bytes);
	nin = nout = 0;
	memset(&c, 0, sizeof(c));
	c.emit = keep;
	c.ctx = &c;
	c.has_udp = true;
}

static int
setup(void **state)
{
	(void)state;
	clear();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	clear();
	return 0;
}

static void
give(const uint8_t *bytes, size_t len, const struct offload *o)
{
	struct piece *p = &in[nin];

	assert_true(nin < FRAMES);
	given[nin] = malloc(len > 0 ? len : 1);
	p->bytes = malloc(len > 0 ? len : 1);
	assert_non_null(given[nin]);
	assert_non_null(p->bytes);
	memcpy(given[nin], bytes, len);
	memcpy(p->bytes, bytes, len);
	p->len = len;
	p->o = *o;
	coalesce_add(&c, given[nin++], len, o);
}

static void
give_made(const struct frame_spec *s)
{
	static uint8_t frame[FRAME_ROOM];

	give(frame, frame_make(frame, s), &none);
}

/* The i-th of a train, numbered as its protocol has it. */
static struct frame_spec
nth(const struct frame_spec *s, unsigned i)
{
	struct frame_spec t = *s;

	t.seq += i * (uint32_t)s->payload;
	t.id = (uint16_t)(t.id + i);
	return t;
}

static void
give_nth(const struct frame_spec *s, unsigned i)
{
	struct frame_spec t = nth(s, i);

	give_made(&t);
}

static void
give_train(const struct frame_spec *s, unsigned from, unsigned to)
{
	for (; from < to; from++)
		give_nth(s, from);
}

/* What came out as number i is the frame that went in as number j. */
static void
assert_same(unsigned i, unsigned j)
{
	assert_true(i < nout && j < nin);
	assert_int_equal(out[i].frames, 1);
	assert_int_equal(out[i].len, in[j].len);
	assert_memory_equal(out[i].bytes, in[j].bytes, in[j].len);
	assert_memory_equal(&out[i].o, &in[j].o, sizeof(in[j].o));
}

/* A header but for what joining changes. */
static void
blank(uint8_t *frame, const struct headers *h)
{
	uint8_t *l4 = frame + h->l4;

	bytes_put_u16(frame + h->l3 + (h->version == 4 ? 2 : 4), 0);
	if (h->version == 4)
		bytes_put_u16(frame + h->l3 + 10, 0);
	if (h->protocol == HEADERS_PROTO_UDP)
		memset(l4 + 4, 0, 4);
	else {
		l4[13] &= (uint8_t)~TCP_PSH;
		bytes_put_u16(l4 + 16, 0);
	}
}

static void
assert_headers_kept(const struct piece *super, const struct piece *first)
{
	uint8_t a[128], b[128];
	struct headers h;

	assert_int_equal(headers_get(first->bytes, first->len, &h), 0);
	assert_true(h.payload <= sizeof(a));
	memcpy(a, super->bytes, h.payload);
	memcpy(b, first->bytes, h.payload);
	blank(a, &h);
	blank(b, &h);
	assert_memory_equal(a, b, h.payload);
}

/* The lengths and sums of a super-frame; it is finished as if it were one. */
static void
assert_whole(struct piece *p)
{
	struct offload o = p->o;
	struct headers h;

	assert_int_equal(offload_check(&o, p->bytes, p->len), 0);
	assert_memory_equal(&o, &p->o, sizeof(o));
	assert_int_equal(headers_get(p->bytes, p->len, &h), 0);
	assert_int_equal(h.end, p->len);
	assert_true(h.version == 6 || checksum_fold(checksum_add(0,
	    p->bytes + h.l3, HEADERS_IPV4_MIN)) == 0xffff);
	o = (struct offload){ .flags = OFFLOAD_NEEDS_CSUM,
	    .csum_start = p->o.csum_start, .csum_offset = p->o.csum_offset };
	assert_int_equal(offload_finish(&o, p->bytes, p->len), 0);
	assert_true(checksum_is_right(p->bytes, &h));
}

/* What came out as number i is made of the n frames from number j on. */
static void
assert_super(unsigned i, unsigned j, unsigned n)
{
	struct piece *p = &out[i];
	struct headers h;
	size_t at;
	unsigned k;

	assert_true(i < nout && j + n <= nin);
	assert_int_equal(p->frames, n);
	assert_int_equal(headers_get(in[j].bytes, in[j].len, &h), 0);
	assert_int_equal(p->o.gso_size, h.end - h.payload);
	assert_int_equal(p->o.hdr_len, h.payload);
	assert_headers_kept(p, &in[j]);
	at = h.payload;
	for (k = j; k < j + n; k++) {
		assert_int_equal(headers_get(in[k].bytes, in[k].len, &h), 0);
		assert_true(h.end - h.payload <= p->len - at);
		assert_memory_equal(p->bytes + at, in[k].bytes + h.payload,
		    h.end - h.payload);
		at += h.end - h.payload;
	}
	assert_int_equal(at, p->len);
	assert_int_equal(h.protocol == HEADERS_PROTO_TCP &&
	    (p->bytes[h.l4 + 13] & TCP_PSH) != 0,
	    h.protocol == HEADERS_PROTO_TCP &&
	    (in[k - 1].bytes[h.l4 + 13] & TCP_PSH) != 0);
	assert_whole(p);
}

/* Make the checksums right again. */
static void
refresh(uint8_t *frame, size_t len)
{
	struct headers h;
	uint8_t *place;
	uint16_t sum;

	assert_int_equal(headers_get(frame, len, &h), 0);
	checksum_put_ip(frame, &h);
	place = frame + h.l4 + (h.protocol == HEADERS_PROTO_TCP ? 16 : 6);
	bytes_put_u16(place, 0);
	sum = (uint16_t)~checksum_fold(checksum_add(checksum_pseudo(frame, &h,
	    h.end - h.l4), frame + h.l4, h.end - h.l4));
	bytes_put_u16(place, sum == 0 ? 0xffff : sum);
}

/* As number i of a train, with a byte changed, and right checksums. */
static void
give_changed(const struct frame_spec *s, unsigned i, size_t at, uint8_t xor)
{
	struct frame_spec t = nth(s, i);
	uint8_t frame[2048];
	size_t len = frame_make(frame, &t);

	frame[at] ^= xor;
	refresh(frame, len);
	give(frame, len, &none);
}

/* As number i of a train, with its checksum still to be filled in. */
static void
give_unfinished(const struct frame_spec *s, unsigned i, uint16_t start,
    uint16_t offset)
{
	struct frame_spec t = nth(s, i);
	uint8_t frame[2048];
	struct offload o;
	size_t len = frame_make_super(frame, &t, 0, &o);

	o.csum_start = (uint16_t)(o.csum_start + start);
	o.csum_offset = (uint16_t)(o.csum_offset + offset);
	give(frame, len, &o);
}

/* === Trains === */

static void
test_train(void **state)
{
	static const uint8_t types[] = { OFFLOAD_GSO_TCPV4,
	    OFFLOAD_GSO_TCPV6, OFFLOAD_GSO_UDP_L4, OFFLOAD_GSO_UDP_L4 };
	unsigned i, n;

	(void)state;
	for (i = 0; i < KINDS; i++)
		for (n = 2; n < COALESCE_FRAMES_MAX; n += 5) {
			clear();
			give_train(kinds[i], 0, n);
			assert_int_equal(nout, 0);
			coalesce_flush(&c);
			assert_int_equal(nout, 1);
			assert_super(0, 0, n);
			assert_int_equal(out[0].o.gso_type, types[i]);
			assert_int_equal(out[0].o.flags, OFFLOAD_NEEDS_CSUM);
			assert_int_equal(c.joined, n);
			coalesce_flush(&c);
			assert_int_equal(nout, 1);
		}
	assert_int_equal(c.bad_csum, 0);
}

/* Not a bit of it is touched, padding included. */
static void
test_alone(void **state)
{
	struct frame_spec s;
	unsigned i;

	(void)state;
	coalesce_flush(&c);
	assert_int_equal(nout, 0);
	for (i = 0; i < KINDS; i++) {
		s = *kinds[i];
		s.padding = i * 3;
		give_made(&s);
		coalesce_flush(&c);
		assert_same(2 * i, 2 * i);
		give_unfinished(&s, 0, 0, 0);
		coalesce_flush(&c);
		assert_same(2 * i + 1, 2 * i + 1);
	}
	assert_int_equal(nout, 2 * KINDS);
	assert_int_equal(c.joined, 0);
}

static void
test_frames_max(void **state)
{
	const unsigned max = COALESCE_FRAMES_MAX;
	struct frame_spec s;
	unsigned i;

	(void)state;
	for (i = 0; i < KINDS; i++) {
		clear();
		s = *kinds[i];
		s.payload = 20;
		give_train(&s, 0, max - 1);
		assert_int_equal(nout, 0);
		give_nth(&s, max - 1);
		assert_int_equal(nout, 1);
		give_nth(&s, max);
		assert_int_equal(nout, 1);
		coalesce_flush(&c);
		assert_int_equal(nout, 2);
		assert_super(0, 0, max);
		assert_same(1, max);
		assert_int_equal(c.joined, max);
	}
}

/* Two that make the longest packet, and two that are longer by a byte. */
static void
test_bytes_max(void **state)
{
	struct frame_spec s, t;
	size_t all;
	unsigned i;

	(void)state;
	for (i = 0; i < KINDS; i++) {
		clear();
		s = *kinds[i];
		all = COALESCE_BYTES_MAX - (frame_payload(&s) -
		    HEADERS_ETHERNET);
		s.payload = all / 2 + 1;
		t = nth(&s, 1);
		t.payload = all - s.payload;
		give_made(&s);
		give_made(&t);
		coalesce_flush(&c);
		assert_int_equal(nout, 1);
		assert_super(0, 0, 2);
		assert_int_equal(out[0].len,
		    HEADERS_ETHERNET + COALESCE_BYTES_MAX);
		t.payload++;
		give_made(&s);
		give_made(&t);
		assert_int_equal(nout, 2);
		coalesce_flush(&c);
		assert_same(1, 2);
		assert_same(2, 3);
	}
}

/* The longest packets that there are cannot be joined, nor harm. */
static void
test_longest_frame(void **state)
{
	struct frame_spec s = udp4;

	(void)state;
	s.payload = 65535 - HEADERS_IPV4_MIN - HEADERS_UDP;
	give_made(&s);
	s.payload = 1;
	give_nth(&s, 1);
	coalesce_flush(&c);
	assert_int_equal(nout, 2);
	assert_same(0, 0);
	assert_same(1, 1);
}

static void
test_length(void **state)
{
	struct frame_spec s;
	unsigned i;

	(void)state;
	for (i = 0; i < KINDS; i++) {
		clear();
		give_train(kinds[i], 0, 2);
		/* A shorter one is the last, */
		s = nth(kinds[i], 2);
		s.payload = 1;
		give_made(&s);
		assert_int_equal(nout, 1);
		assert_super(0, 0, 3);
		/* a longer one is not joined, but others to it, */
		s = nth(kinds[i], 3);
		s.seq = 1;
		give_made(&s);
		s.seq += MSS;
		s.id++;
		s.payload = MSS + 1;
		give_made(&s);
		assert_int_equal(nout, 2);
		assert_same(1, 3);
		give_nth(&s, 1);
		coalesce_flush(&c);
		assert_super(2, 4, 2);
		/* and an empty one goes straight out. */
		give_nth(&s, 2);
		s = nth(&s, 3);
		s.payload = 0;
		give_made(&s);
		assert_int_equal(nout, 5);
		assert_same(3, 6);
		assert_same(4, 7);
	}
}

static void
test_psh(void **state)
{
	struct frame_spec s = tcp4;

	(void)state;
	s.tcp_flags |= TCP_PSH;
	/* As the first it is the last. */
	give_nth(&s, 0);
	assert_int_equal(nout, 1);
	assert_same(0, 0);
	give_train(&tcp4, 1, 3);
	assert_int_equal(nout, 1);
	give_nth(&s, 3);
	assert_int_equal(nout, 2);
	assert_super(1, 1, 3);
	give_nth(&tcp4, 4);
	coalesce_flush(&c);
	assert_same(2, 4);
	/* Behind one that it does not continue. */
	give_nth(&tcp4, 0);
	give_nth(&s, 2);
	assert_int_equal(nout, 5);
	assert_same(3, 5);
	assert_same(4, 6);
}

static void
test_seq_wraps(void **state)
{
	struct frame_spec s = tcp4;

	(void)state;
	s.seq = UINT32_MAX - MSS / 2;
	s.id = UINT16_MAX;
	give_train(&s, 0, 3);
	coalesce_flush(&c);
	assert_int_equal(nout, 1);
	assert_super(0, 0, 3);
}

static void
test_padding(void **state)
{
	struct frame_spec s;
	unsigned i;

	(void)state;
	for (i = 0; i < KINDS; i++) {
		clear();
		s = *kinds[i];
		s.padding = 6;
		give_train(&s, 0, 3);
		s.padding = 0;
		give_nth(&s, 3);
		coalesce_flush(&c);
		assert_int_equal(nout, 1);
		assert_super(0, 0, 4);
	}
}

/* === What keeps frames apart === */

/* Where in a frame of a kind a bit makes it another's, or straight. */
struct difference {
	const struct frame_spec *s;
	size_t at;
	uint8_t xor;
	bool is_straight;	/* it is not held either */
	bool is_other;		/* it is of another flow */
};

#define IP	14
#define L4_4	34
#define L4_6	54

static const struct difference differences[] = {
	{ &tcp4, 0, 4, false, false },		/* Ethernet */
	{ &tcp4, 11, 1, false, false },
	{ &udp6, 5, 1, false, false },
	{ &tcp4, IP + 1, 1, false, false },	/* ECT(0) and CE */
	{ &tcp4, IP + 1, 3, false, false },	/* ECT(0) and ECT(1) */
	{ &udp4, IP + 1, 0x20, false, false },	/* DSCP */
	{ &tcp4, IP + 6, 0x40, false, false },	/* DF */
	{ &udp4, IP + 6, 0x80, false, false },	/* reserved */
	{ &tcp4, IP + 8, 1, false, false },	/* TTL */
	{ &udp4, IP + 8, 0x80, false, false },
	{ &tcp4, IP + 12, 1, false, true },	/* addresses */
	{ &tcp4, IP + 15, 1, false, true },
	{ &udp4, IP + 16, 1, false, true },
	{ &udp4, IP + 19, 0x80, false, true },
	{ &tcp6, IP + 1, 0x10, false, false },	/* ECN */
	{ &tcp6, IP + 0, 0x01, false, false },	/* DSCP */
	{ &tcp6, IP + 3, 1, false, false },	/* flow label */
	{ &udp6, IP + 2, 1, false, false },
	{ &udp6, IP + 7, 1, false, false },	/* hop limit */
	{ &tcp6, IP + 8, 1, false, true },	/* addresses */
	{ &tcp6, IP + 23, 1, false, true },
	{ &udp6, IP + 24, 1, false, true },
	{ &udp6, IP + 39, 1, false, true },
	{ &tcp4, L4_4, 1, false, true },	/* ports */
	{ &tcp6, L4_6 + 3, 1, false, true },
	{ &udp4, L4_4 + 1, 1, false, true },
	{ &udp6, L4_6 + 2, 1, false, true },
	{ &tcp4, L4_4 + 4, 1, false, false },	/* sequence number */
	{ &tcp6, L4_6 + 7, 1, false, false },
	{ &tcp4, L4_4 + 8, 1, false, false },	/* acknowledgement */
	{ &tcp6, L4_6 + 11, 1, false, false },
	{ &tcp4, L4_4 + 12, 1, true, false },	/* reserved */
	{ &tcp4, L4_4 + 12, 0x10, false, false },	/* data offset */
	{ &tcp4, L4_4 + 13, TCP_FIN, true, false },
	{ &tcp4, L4_4 + 13, TCP_SYN, true, false },
	{ &tcp4, L4_4 + 13, TCP_RST, true, false },
	{ &tcp4, L4_4 + 13, TCP_ACK, true, false },
	{ &tcp6, L4_6 + 13, TCP_URG, true, false },
	{ &tcp6, L4_6 + 13, TCP_ECE, true, false },
	{ &tcp6, L4_6 + 13, TCP_CWR, true, false },
	{ &tcp6, L4_6 + 13, TCP_CWR | TCP_PSH, true, false },
	{ &tcp4, L4_4 + 14, 1, false, false },	/* window */
	{ &tcp4, L4_4 + 15, 1, false, false },
	{ &tcp4, L4_4 + 19, 1, false, false },	/* urgent pointer */
	{ &tcp4, L4_4 + 20, 2, false, false },	/* options */
	{ &tcp6, L4_6 + 31, 2, false, false },
};

/* Two and, with the difference, a third and what would continue that. */
static void
test_differences(void **state)
{
	const struct difference *d;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
		d = &differences[i];
		clear();
		give_train(d->s, 0, 2);
		give_changed(d->s, 2, d->at, d->xor);
		assert_int_equal(nout, d->is_straight ? 2 : !d->is_other);
		give_changed(d->s, 3, d->at, d->xor);
		coalesce_flush(&c);
		assert_super(0, 0, 2);
		if (d->is_straight) {
			assert_int_equal(nout, 3);
			assert_same(1, 2);
			assert_same(2, 3);
		} else if (d->at == L4_4 + 12) {
			/* Its payload begins elsewhere, but no less of it. */
			assert_int_equal(nout, 3);
		} else {
			assert_int_equal(nout, 2);
			assert_super(1, 2, 2);
		}
		assert_int_equal(c.bad_csum, 0);
	}
}

/* The same ports and addresses, but TCP and UDP, and in the other version. */
static void
test_protocols_apart(void **state)
{
	unsigned i, j;

	(void)state;
	for (i = 0; i < 3; i++)
		for (j = 0; j < KINDS; j++)
			give_nth(kinds[j], i);
	assert_int_equal(nout, 0);
	coalesce_flush(&c);
	assert_int_equal(nout, KINDS);
	for (j = 0; j < KINDS; j++)
		assert_int_equal(out[j].frames, 3);
}

static void
give_with_id(const struct frame_spec *s, unsigned i, uint16_t id, bool has_df)
{
	struct frame_spec t = nth(s, i);

	t.id = id;
	give_changed(&t, 0, IP + 6, has_df ? 0 : 0x40);
}

/*
 * Segmenting numbers datagrams in a row; of those with DF the number means
 * nothing.
 */
static void
test_ids(void **state)
{
	static const struct frame_spec *const both[] = { &tcp4, &udp4 };
	static const uint16_t ids[] = { 0, 0, 0x1234, 5, 6, 4, UINT16_MAX };
	const unsigned n = sizeof(ids) / sizeof(ids[0]);
	unsigned i, k;

	(void)state;
	for (k = 0; k < 2; k++) {
		clear();
		for (i = 0; i < n; i++)
			give_with_id(both[k], i, ids[i], true);
		coalesce_flush(&c);
		assert_int_equal(nout, 1);
		assert_super(0, 0, n);

		clear();
		for (i = 0; i < n; i++)
			give_with_id(both[k], i, (uint16_t)(0xfffe + i),
			    false);
		coalesce_flush(&c);
		assert_int_equal(nout, 1);
		assert_super(0, 0, n);

		clear();
		for (i = 0; i < n; i++)
			give_with_id(both[k], i, ids[i], false);
		coalesce_flush(&c);
		/* 5 and 6 are all that follow each other. */
		assert_int_equal(nout, n - 1);
		assert_super(3, 3, 2);
	}
}

/* === Checksums === */

static void
test_bad_csum(void **state)
{
	struct frame_spec s;
	uint8_t frame[2048];
	size_t len, at;
	unsigned i, k;

	(void)state;
	for (i = 0; i < KINDS; i++)
		for (k = 0; k < 3; k++) {
			clear();
			give_train(kinds[i], 0, 2);
			s = nth(kinds[i], 2);
			len = frame_make(frame, &s);
			at = k == 0 ? len - 1 : k == 1 ? frame_l4(&s) + 7 :
			    frame_l3(&s) + 10;
			if (s.version == 6 && k == 2)
				continue;
			frame[at] ^= 0x40;
			give(frame, len, &none);
			assert_int_equal(nout, 2);
			assert_int_equal(c.bad_csum, 1);
			assert_same(1, 2);
			assert_super(0, 0, 2);
			/* As the first. */
			give(frame, len, &none);
			assert_same(2, 3);
			assert_int_equal(c.bad_csum, 2);
		}
}

/* It proves nothing, which is no mistake. */
static void
test_absent_csum(void **state)
{
	uint8_t frame[2048];
	size_t len;

	(void)state;
	give_train(&udp4, 0, 2);
	len = frame_make(frame, &udp4);
	bytes_put_u16(frame + L4_4 + 6, 0);
	give(frame, len, &none);
	give(frame, len, &none);
	assert_int_equal(nout, 3);
	assert_super(0, 0, 2);
	assert_same(1, 2);
	assert_same(2, 3);
	assert_int_equal(c.bad_csum, 0);
}

static void
test_unfinished(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < KINDS; i++) {
		clear();
		give_unfinished(kinds[i], 0, 0, 0);
		give_unfinished(kinds[i], 1, 0, 0);
		give_nth(kinds[i], 2);
		give_unfinished(kinds[i], 3, 0, 0);
		assert_int_equal(nout, 0);
		/* Of other places than its own nothing is known. */
		give_unfinished(kinds[i], 4, 2, 0);
		assert_int_equal(nout, 2);
		assert_super(0, 0, 4);
		assert_same(1, 4);
		give_unfinished(kinds[i], 5, 0, 2);
		assert_int_equal(nout, 3);
		assert_same(2, 5);
		assert_int_equal(c.bad_csum, 0);
	}
}

/* The header of IPv4 is looked at all the same. */
static void
test_unfinished_bad_ip(void **state)
{
	uint8_t frame[2048];
	struct offload o;
	size_t len = frame_make_super(frame, &tcp4, 0, &o);

	(void)state;
	frame[IP + 4] ^= 1;
	give(frame, len, &o);
	assert_int_equal(nout, 1);
	assert_same(0, 0);
	assert_int_equal(c.bad_csum, 1);
}

/* What the kernel says of frames that it has looked through. */
static void
test_data_valid(void **state)
{
	const struct offload valid = { .flags = OFFLOAD_DATA_VALID };
	struct frame_spec s;
	uint8_t frame[2048];
	size_t len = frame_make(frame, &tcp4);

	(void)state;
	give(frame, len, &valid);
	s = nth(&tcp4, 1);
	len = frame_make(frame, &s);
	frame[len - 1] ^= 1;
	give(frame, len, &valid);
	assert_int_equal(nout, 2);
	assert_same(0, 0);
	assert_same(1, 1);
	assert_int_equal(c.bad_csum, 1);
}

/* === What goes straight out, and order === */

static void
test_no_udp(void **state)
{
	(void)state;
	c.has_udp = false;
	give_nth(&tcp4, 0);
	give_train(&udp4, 0, 2);
	give_train(&udp6, 0, 2);
	assert_int_equal(nout, 4);
	assert_same(0, 1);
	assert_same(3, 4);
	give_nth(&tcp4, 1);
	coalesce_flush(&c);
	assert_int_equal(nout, 5);
	assert_int_equal(out[4].frames, 2);
}

/* A super-frame, behind its flow and no other. */
static void
test_super_through(void **state)
{
	static uint8_t frame[FRAME_ROOM];
	struct frame_spec s;
	struct offload o;
	size_t len;
	unsigned i;

	(void)state;
	for (i = 0; i < KINDS; i++) {
		clear();
		give_train(kinds[(i + 1) % KINDS], 0, 2);
		give_train(kinds[i], 0, 2);
		s = nth(kinds[i], 2);
		s.payload = 10 * MSS;
		len = frame_make_super(frame, &s, MSS, &o);
		give(frame, len, &o);
		assert_int_equal(nout, 2);
		assert_super(0, 2, 2);
		assert_same(1, 4);
		coalesce_flush(&c);
		assert_int_equal(nout, 3);
		assert_super(2, 0, 2);
	}
}

/* Of the same flow, with headers that cannot be joined: behind it alone. */
static void
test_not_simple(void **state)
{
	struct frame_spec s;
	unsigned i, k;

	(void)state;
	for (i = 0; i < KINDS; i++)
		for (k = 0; k < 2; k++) {
			clear();
			give_train(kinds[(i + 1) % KINDS], 0, 2);
			give_train(kinds[i], 0, 2);
			s = nth(kinds[i], 2);
			s.tags = k == 0 ? 1 : 0;
			s.options = k == 0 ? 0 : 8;
			give_made(&s);
			give_nth(&s, 1);
			assert_int_equal(nout, 3);
			assert_super(0, 2, 2);
			assert_same(1, 4);
			assert_same(2, 5);
			coalesce_flush(&c);
			assert_super(3, 0, 2);
		}
}

/* No more is known of these than that they are frames, or not even that. */
static void
test_unknown(void **state)
{
	static const uint8_t arp[42] = { [12] = 0x08, [13] = 0x06 };
	struct frame_spec s = nth(&udp4, 2);
	uint8_t fragment[2048], truncated[2048];
	const struct {
		const uint8_t *bytes;
		size_t len;
	} frames[] = {
		{ arp, sizeof(arp) },
		{ fragment, frame_make(fragment, &s) },
		{ truncated, frame_make(truncated, &s) - 1 },
		{ arp, 1 },
		{ arp, 0 },
	};
	size_t i;

	(void)state;
	fragment[IP + 6] = 0x20;
	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		clear();
		give_train(&udp4, 0, 2);
		give_train(&tcp6, 0, 2);
		give(frames[i].bytes, frames[i].len, &none);
		assert_int_equal(nout, 3);
		assert_super(0, 0, 2);
		assert_super(1, 2, 2);
		assert_same(2, 4);
	}
}

/* Frame i of a flow that has another port. */
static void
give_of_flow(unsigned flow, unsigned i)
{
	give_changed(&tcp4, i, L4_4 + 1, (uint8_t)flow);
}

static void
test_flows(void **state)
{
	unsigned flow, i;

	(void)state;
	for (i = 0; i < 3; i++)
		for (flow = 0; flow < COALESCE_FLOWS; flow++)
			give_of_flow(flow, i);
	assert_int_equal(nout, 0);
	/* One more than there are, twice: the oldest make room. */
	give_of_flow(COALESCE_FLOWS, 0);
	give_of_flow(COALESCE_FLOWS + 1, 0);
	assert_int_equal(nout, 2);
	/* That is over again, and held anew. */
	give_of_flow(0, 3);
	assert_int_equal(nout, 3);
	coalesce_flush(&c);
	assert_int_equal(nout, COALESCE_FLOWS + 3);
	for (i = 0; i < COALESCE_FLOWS; i++) {
		assert_int_equal(out[i].frames, 3);
		assert_int_equal(out[i].bytes[L4_4 + 1], 0x40 ^ i);
	}
	assert_same(COALESCE_FLOWS, 3 * COALESCE_FLOWS);
	assert_same(COALESCE_FLOWS + 1, 3 * COALESCE_FLOWS + 1);
	assert_same(COALESCE_FLOWS + 2, 3 * COALESCE_FLOWS + 2);
}

/* The place of one that is gone is taken before another has to go. */
static void
test_flow_reused(void **state)
{
	unsigned flow;

	(void)state;
	for (flow = 0; flow < COALESCE_FLOWS; flow++)
		give_of_flow(flow, 0);
	give_changed(&tcp4, 1, L4_4 + 13, TCP_FIN);
	assert_int_equal(nout, 2);
	give_of_flow(COALESCE_FLOWS, 0);
	assert_int_equal(nout, 2);
	give_of_flow(COALESCE_FLOWS + 1, 0);
	assert_int_equal(nout, 3);
	coalesce_flush(&c);
	assert_int_equal(nout, COALESCE_FLOWS + 3);
}

/* Two flows that only a look at all of the addresses tells apart. */
static void
test_tag_collides(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		give_nth(&tcp6, i);
		give_changed(&tcp6, i, IP + 9, 1);
		give_changed(&tcp6, i, IP + 25, 1);
	}
	assert_int_equal(nout, 0);
	coalesce_flush(&c);
	assert_int_equal(nout, 3);
	for (i = 0; i < 3; i++)
		assert_int_equal(out[i].frames, 4);
}

/* === Together with the segmenter === */

/* A super-frame that joining may have made. */
static size_t
make_random_super(uint8_t *frame, struct offload *o)
{
	struct frame_spec s = *kinds[frame_random_below(KINDS)];
	unsigned segments = 2 + frame_random_below(COALESCE_FRAMES_MAX - 1);
	size_t size = 1 + frame_random_below((uint32_t)
	    ((COALESCE_BYTES_MAX - 100) / segments));

	s.id = (uint16_t)frame_random();
	s.seq = frame_random();
	s.tcp_options = frame_random_below(11) * 4;
	s.payload = size * (segments - 1) +
	    1 + frame_random_below((uint32_t)size);
	if (s.protocol == HEADERS_PROTO_TCP && frame_random_below(2) == 0)
		s.tcp_flags |= TCP_PSH;
	return frame_make_super(frame, &s, (uint16_t)size, o);
}

static void
test_cut_and_joined(void **state)
{
	static uint8_t frame[FRAME_ROOM], cut[FRAME_ROOM];
	struct segmenter s;
	struct offload o, piece;
	size_t len, n;
	unsigned i, k;

	(void)state;
	for (i = 0; i < 400; i++) {
		clear();
		len = make_random_super(frame, &o);
		assert_int_equal(segment_start(&s, frame, len, &o), 0);
		for (k = 0;; k++) {
			memset(&piece, 0, sizeof(piece));
			n = segment_next(&s, 1, cut, sizeof(cut),
			    i % 2 == 0 ? NULL : &piece);
			if (n == 0)
				break;
			give(cut, n, &piece);
		}
		assert_int_equal(k, segment_count(&s));
		coalesce_flush(&c);
		assert_int_equal(nout, 1);
		assert_int_equal(out[0].frames, k);
		assert_int_equal(out[0].len, len);
		assert_memory_equal(out[0].bytes, frame, len);
		assert_memory_equal(&out[0].o, &o, sizeof(o));
	}
}

/* With DF an identification may change. */
static void
restore_id(uint8_t *frame, size_t len, const struct piece *original)
{
	struct headers h;

	assert_int_equal(headers_get(frame, len, &h), 0);
	if (h.version == 6 || (frame[h.l3 + 6] & 0x40) == 0)
		return;
	memcpy(frame + h.l3 + 4, original->bytes + h.l3 + 4, 2);
	checksum_put_ip(frame, &h);
}

/* Cut again, and held against the frames from number j on. */
static unsigned
assert_cuts(const struct piece *p, unsigned j)
{
	uint8_t cut[2048];
	struct segmenter s;
	size_t n;

	if (p->frames == 1) {
		assert_int_equal(p->len, in[j].len);
		assert_memory_equal(p->bytes, in[j].bytes, p->len);
		return j + 1;
	}
	assert_int_equal(segment_start(&s, p->bytes, p->len, &p->o), 0);
	while ((n = segment_next(&s, 1, cut, sizeof(cut), NULL)) != 0) {
		assert_true(j < nin);
		assert_int_equal(n, in[j].len);
		restore_id(cut, n, &in[j]);
		assert_memory_equal(cut, in[j].bytes, n);
		j++;
	}
	return j;
}

/* One flow with gaps, and other ends, and other lengths. */
static void
test_joined_and_cut(void **state)
{
	struct frame_spec s;
	unsigned i, k, j, n;

	(void)state;
	for (k = 0; k < 400; k++) {
		clear();
		s = *kinds[k % KINDS];
		s.payload = 100 + frame_random_below(200);
		for (i = 0; i < 200; i++) {
			give_changed(&s, 0, IP + 6,
			    s.version == 4 && k % 8 < 4 ? 0x40 : 0);
			s.seq += (uint32_t)s.payload;
			s.id++;
			s.tcp_flags = TCP_ACK;
			switch (frame_random_below(16)) {
			case 0:
				s.payload = frame_random_below(300);
				break;
			case 1:
				s.seq += frame_random_below(2);
				s.id++;
				break;
			case 2:
				s.tos ^= 1;
				break;
			case 3:
				if (s.protocol == HEADERS_PROTO_TCP)
					s.tcp_flags |= TCP_PSH;
				break;
			}
		}
		coalesce_flush(&c);
		j = 0;
		for (n = 0; n < nout; n++)
			j = assert_cuts(&out[n], j);
		assert_int_equal(j, nin);
		assert_true(nout < nin);
	}
}

int
main(void)
{
#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_train),
		TEST(test_alone),
		TEST(test_frames_max),
		TEST(test_bytes_max),
		TEST(test_longest_frame),
		TEST(test_length),
		TEST(test_psh),
		TEST(test_seq_wraps),
		TEST(test_padding),
		TEST(test_differences),
		TEST(test_protocols_apart),
		TEST(test_ids),
		TEST(test_bad_csum),
		TEST(test_absent_csum),
		TEST(test_unfinished),
		TEST(test_unfinished_bad_ip),
		TEST(test_data_valid),
		TEST(test_no_udp),
		TEST(test_super_through),
		TEST(test_not_simple),
		TEST(test_unknown),
		TEST(test_flows),
		TEST(test_flow_reused),
		TEST(test_tag_collides),
		TEST(test_cut_and_joined),
		TEST(test_joined_and_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
