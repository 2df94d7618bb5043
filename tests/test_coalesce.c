/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/* Each rule of what is joined, and its opposite. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "tests/coalesce_util.h"
#include "tun/bytes.h"

#define MSS		1000

#define TCP_FIN		0x01
#define TCP_SYN		0x02
#define TCP_RST		0x04
#define TCP_PSH		0x08
#define TCP_ACK		0x10
#define TCP_URG		0x20
#define TCP_ECE		0x40
#define TCP_CWR		0x80

static struct join_bench b;

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

static int
setup(void **state)
{
	(void)state;
	join_clear(&b);
	return 0;
}

static int
teardown(void **state)
{
	return setup(state);
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
			join_clear(&b);
			join_train(&b, kinds[i], 0, n);
			assert_int_equal(b.nout, 0);
			coalesce_flush(&b.c);
			assert_int_equal(b.nout, 1);
			join_expect_super(&b, 0, 0, n);
			assert_int_equal(b.out[0].o.gso_type, types[i]);
			assert_int_equal(b.out[0].o.flags, OFFLOAD_NEEDS_CSUM);
			assert_int_equal(b.c.joined, n);
			coalesce_flush(&b.c);
			assert_int_equal(b.nout, 1);
		}
	assert_int_equal(b.c.bad_csum, 0);
}

/* Not a bit of it is touched, padding included. */
static void
test_alone(void **state)
{
	struct frame_spec s;
	unsigned i;

	(void)state;
	coalesce_flush(&b.c);
	assert_int_equal(b.nout, 0);
	for (i = 0; i < KINDS; i++) {
		s = *kinds[i];
		s.padding = i * 3;
		join_made(&b, &s);
		coalesce_flush(&b.c);
		join_expect_same(&b, 2 * i, 2 * i);
		join_unfinished(&b, &s, 0, 0, 0);
		coalesce_flush(&b.c);
		join_expect_same(&b, 2 * i + 1, 2 * i + 1);
	}
	assert_int_equal(b.nout, 2 * KINDS);
	assert_int_equal(b.c.joined, 0);
}

static void
test_frames_max(void **state)
{
	const unsigned max = COALESCE_FRAMES_MAX;
	struct frame_spec s;
	unsigned i;

	(void)state;
	for (i = 0; i < KINDS; i++) {
		join_clear(&b);
		s = *kinds[i];
		s.payload = 20;
		join_train(&b, &s, 0, max - 1);
		assert_int_equal(b.nout, 0);
		join_nth(&b, &s, max - 1);
		assert_int_equal(b.nout, 1);
		join_nth(&b, &s, max);
		assert_int_equal(b.nout, 1);
		coalesce_flush(&b.c);
		assert_int_equal(b.nout, 2);
		join_expect_super(&b, 0, 0, max);
		join_expect_same(&b, 1, max);
		assert_int_equal(b.c.joined, max);
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
		join_clear(&b);
		s = *kinds[i];
		all = COALESCE_BYTES_MAX - (frame_payload(&s) -
		    HEADERS_ETHERNET);
		s.payload = all / 2 + 1;
		t = join_spec(&s, 1);
		t.payload = all - s.payload;
		join_made(&b, &s);
		join_made(&b, &t);
		coalesce_flush(&b.c);
		assert_int_equal(b.nout, 1);
		join_expect_super(&b, 0, 0, 2);
		assert_int_equal(b.out[0].len,
		    HEADERS_ETHERNET + COALESCE_BYTES_MAX);
		t.payload++;
		join_made(&b, &s);
		join_made(&b, &t);
		assert_int_equal(b.nout, 2);
		coalesce_flush(&b.c);
		join_expect_same(&b, 1, 2);
		join_expect_same(&b, 2, 3);
	}
}

/* The longest packets that there are cannot be joined, nor harm. */
static void
test_longest_frame(void **state)
{
	struct frame_spec s = udp4;

	(void)state;
	s.payload = 65535 - HEADERS_IPV4_MIN - HEADERS_UDP;
	join_made(&b, &s);
	s.payload = 1;
	join_nth(&b, &s, 1);
	coalesce_flush(&b.c);
	assert_int_equal(b.nout, 2);
	join_expect_same(&b, 0, 0);
	join_expect_same(&b, 1, 1);
}

static void
test_length(void **state)
{
	struct frame_spec s;
	unsigned i;

	(void)state;
	for (i = 0; i < KINDS; i++) {
		join_clear(&b);
		join_train(&b, kinds[i], 0, 2);
		/* A shorter one is the last, */
		s = join_spec(kinds[i], 2);
		s.payload = 1;
		join_made(&b, &s);
		assert_int_equal(b.nout, 1);
		join_expect_super(&b, 0, 0, 3);
		/* a longer one is not joined, but others to it, */
		s = join_spec(kinds[i], 3);
		s.seq = 1;
		join_made(&b, &s);
		s.seq += MSS;
		s.id++;
		s.payload = MSS + 1;
		join_made(&b, &s);
		assert_int_equal(b.nout, 2);
		join_expect_same(&b, 1, 3);
		join_nth(&b, &s, 1);
		coalesce_flush(&b.c);
		join_expect_super(&b, 2, 4, 2);
		/* and an empty one goes straight out. */
		join_nth(&b, &s, 2);
		s = join_spec(&s, 3);
		s.payload = 0;
		join_made(&b, &s);
		assert_int_equal(b.nout, 5);
		join_expect_same(&b, 3, 6);
		join_expect_same(&b, 4, 7);
	}
}

static void
test_psh(void **state)
{
	struct frame_spec s = tcp4;

	(void)state;
	s.tcp_flags |= TCP_PSH;
	/* As the first it is the last. */
	join_nth(&b, &s, 0);
	assert_int_equal(b.nout, 1);
	join_expect_same(&b, 0, 0);
	join_train(&b, &tcp4, 1, 3);
	assert_int_equal(b.nout, 1);
	join_nth(&b, &s, 3);
	assert_int_equal(b.nout, 2);
	join_expect_super(&b, 1, 1, 3);
	join_nth(&b, &tcp4, 4);
	coalesce_flush(&b.c);
	join_expect_same(&b, 2, 4);
	/* Behind one that it does not continue. */
	join_nth(&b, &tcp4, 0);
	join_nth(&b, &s, 2);
	assert_int_equal(b.nout, 5);
	join_expect_same(&b, 3, 5);
	join_expect_same(&b, 4, 6);
}

static void
test_seq_wraps(void **state)
{
	struct frame_spec s = tcp4;

	(void)state;
	s.seq = UINT32_MAX - MSS / 2;
	s.id = UINT16_MAX;
	join_train(&b, &s, 0, 3);
	coalesce_flush(&b.c);
	assert_int_equal(b.nout, 1);
	join_expect_super(&b, 0, 0, 3);
}

static void
test_padding(void **state)
{
	struct frame_spec s;
	unsigned i;

	(void)state;
	for (i = 0; i < KINDS; i++) {
		join_clear(&b);
		s = *kinds[i];
		s.padding = 6;
		join_train(&b, &s, 0, 3);
		s.padding = 0;
		join_nth(&b, &s, 3);
		coalesce_flush(&b.c);
		assert_int_equal(b.nout, 1);
		join_expect_super(&b, 0, 0, 4);
	}
}

/* === What keeps frames apart === */

/* Where in a frame of a kind a bit makes it another's, or straight. */
struct difference {
	const struct frame_spec *s;
	size_t at;
	uint8_t bits;
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
		join_clear(&b);
		join_train(&b, d->s, 0, 2);
		join_changed(&b, d->s, 2, d->at, d->bits);
		assert_int_equal(b.nout, d->is_straight ? 2 : !d->is_other);
		join_changed(&b, d->s, 3, d->at, d->bits);
		coalesce_flush(&b.c);
		join_expect_super(&b, 0, 0, 2);
		if (d->is_straight) {
			assert_int_equal(b.nout, 3);
			join_expect_same(&b, 1, 2);
			join_expect_same(&b, 2, 3);
		} else if (d->at == L4_4 + 12) {
			/* Its payload begins elsewhere, but no less of it. */
			assert_int_equal(b.nout, 3);
		} else {
			assert_int_equal(b.nout, 2);
			join_expect_super(&b, 1, 2, 2);
		}
		assert_int_equal(b.c.bad_csum, 0);
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
			join_nth(&b, kinds[j], i);
	assert_int_equal(b.nout, 0);
	coalesce_flush(&b.c);
	assert_int_equal(b.nout, KINDS);
	for (j = 0; j < KINDS; j++)
		assert_int_equal(b.out[j].frames, 3);
}

static void
give_with_id(const struct frame_spec *s, unsigned i, uint16_t id, bool has_df)
{
	struct frame_spec t = join_spec(s, i);

	t.id = id;
	join_changed(&b, &t, 0, IP + 6, has_df ? 0 : 0x40);
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
		join_clear(&b);
		for (i = 0; i < n; i++)
			give_with_id(both[k], i, ids[i], true);
		coalesce_flush(&b.c);
		assert_int_equal(b.nout, 1);
		join_expect_super(&b, 0, 0, n);

		join_clear(&b);
		for (i = 0; i < n; i++)
			give_with_id(both[k], i, (uint16_t)(0xfffe + i),
			    false);
		coalesce_flush(&b.c);
		assert_int_equal(b.nout, 1);
		join_expect_super(&b, 0, 0, n);

		join_clear(&b);
		for (i = 0; i < n; i++)
			give_with_id(both[k], i, ids[i], false);
		coalesce_flush(&b.c);
		/* 5 and 6 are all that follow each other. */
		assert_int_equal(b.nout, n - 1);
		join_expect_super(&b, 3, 3, 2);
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
			join_clear(&b);
			join_train(&b, kinds[i], 0, 2);
			s = join_spec(kinds[i], 2);
			len = frame_make(frame, &s);
			at = k == 0 ? len - 1 : k == 1 ? frame_l4(&s) + 7 :
			    frame_l3(&s) + 10;
			if (s.version == 6 && k == 2)
				continue;
			frame[at] ^= 0x40;
			join_raw(&b, frame, len, &none);
			assert_int_equal(b.nout, 2);
			assert_int_equal(b.c.bad_csum, 1);
			join_expect_same(&b, 1, 2);
			join_expect_super(&b, 0, 0, 2);
			/* As the first. */
			join_raw(&b, frame, len, &none);
			join_expect_same(&b, 2, 3);
			assert_int_equal(b.c.bad_csum, 2);
		}
}

/* It proves nothing, which is no mistake. */
static void
test_absent_csum(void **state)
{
	uint8_t frame[2048];
	size_t len;

	(void)state;
	join_train(&b, &udp4, 0, 2);
	len = frame_make(frame, &udp4);
	bytes_put_u16(frame + L4_4 + 6, 0);
	join_raw(&b, frame, len, &none);
	join_raw(&b, frame, len, &none);
	assert_int_equal(b.nout, 3);
	join_expect_super(&b, 0, 0, 2);
	join_expect_same(&b, 1, 2);
	join_expect_same(&b, 2, 3);
	assert_int_equal(b.c.bad_csum, 0);
}

static void
test_unfinished(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < KINDS; i++) {
		join_clear(&b);
		join_unfinished(&b, kinds[i], 0, 0, 0);
		join_unfinished(&b, kinds[i], 1, 0, 0);
		join_nth(&b, kinds[i], 2);
		join_unfinished(&b, kinds[i], 3, 0, 0);
		assert_int_equal(b.nout, 0);
		/* Of other places than its own nothing is known. */
		join_unfinished(&b, kinds[i], 4, 2, 0);
		assert_int_equal(b.nout, 2);
		join_expect_super(&b, 0, 0, 4);
		join_expect_same(&b, 1, 4);
		join_unfinished(&b, kinds[i], 5, 0, 2);
		assert_int_equal(b.nout, 3);
		join_expect_same(&b, 2, 5);
		assert_int_equal(b.c.bad_csum, 0);
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
	join_raw(&b, frame, len, &o);
	assert_int_equal(b.nout, 1);
	join_expect_same(&b, 0, 0);
	assert_int_equal(b.c.bad_csum, 1);
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
	join_raw(&b, frame, len, &valid);
	s = join_spec(&tcp4, 1);
	len = frame_make(frame, &s);
	frame[len - 1] ^= 1;
	join_raw(&b, frame, len, &valid);
	assert_int_equal(b.nout, 2);
	join_expect_same(&b, 0, 0);
	join_expect_same(&b, 1, 1);
	assert_int_equal(b.c.bad_csum, 1);
}

/* === What goes straight out, and order === */

static void
test_no_udp(void **state)
{
	(void)state;
	b.c.has_udp = false;
	join_nth(&b, &tcp4, 0);
	join_train(&b, &udp4, 0, 2);
	join_train(&b, &udp6, 0, 2);
	assert_int_equal(b.nout, 4);
	join_expect_same(&b, 0, 1);
	join_expect_same(&b, 3, 4);
	join_nth(&b, &tcp4, 1);
	coalesce_flush(&b.c);
	assert_int_equal(b.nout, 5);
	assert_int_equal(b.out[4].frames, 2);
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
		join_clear(&b);
		join_train(&b, kinds[(i + 1) % KINDS], 0, 2);
		join_train(&b, kinds[i], 0, 2);
		s = join_spec(kinds[i], 2);
		s.payload = 10 * MSS;
		len = frame_make_super(frame, &s, MSS, &o);
		join_raw(&b, frame, len, &o);
		assert_int_equal(b.nout, 2);
		join_expect_super(&b, 0, 2, 2);
		join_expect_same(&b, 1, 4);
		coalesce_flush(&b.c);
		assert_int_equal(b.nout, 3);
		join_expect_super(&b, 2, 0, 2);
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
			join_clear(&b);
			join_train(&b, kinds[(i + 1) % KINDS], 0, 2);
			join_train(&b, kinds[i], 0, 2);
			s = join_spec(kinds[i], 2);
			s.tags = k == 0 ? 1 : 0;
			s.options = k == 0 ? 0 : 8;
			join_made(&b, &s);
			join_nth(&b, &s, 1);
			assert_int_equal(b.nout, 3);
			join_expect_super(&b, 0, 2, 2);
			join_expect_same(&b, 1, 4);
			join_expect_same(&b, 2, 5);
			coalesce_flush(&b.c);
			join_expect_super(&b, 3, 0, 2);
		}
}

/* No more is known of these than that they are frames, or not even that. */
static void
test_unknown(void **state)
{
	static const uint8_t arp[42] = { [12] = 0x08, [13] = 0x06 };
	struct frame_spec s = join_spec(&udp4, 2);
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
		join_clear(&b);
		join_train(&b, &udp4, 0, 2);
		join_train(&b, &tcp6, 0, 2);
		join_raw(&b, frames[i].bytes, frames[i].len, &none);
		assert_int_equal(b.nout, 3);
		join_expect_super(&b, 0, 0, 2);
		join_expect_super(&b, 1, 2, 2);
		join_expect_same(&b, 2, 4);
	}
}

/* Frame i of a flow that has another port. */
static void
give_of_flow(unsigned flow, unsigned i)
{
	join_changed(&b, &tcp4, i, L4_4 + 1, (uint8_t)flow);
}

static void
test_flows(void **state)
{
	unsigned flow, i;

	(void)state;
	for (i = 0; i < 3; i++)
		for (flow = 0; flow < COALESCE_FLOWS; flow++)
			give_of_flow(flow, i);
	assert_int_equal(b.nout, 0);
	/* One more than there are, twice: the oldest make room. */
	give_of_flow(COALESCE_FLOWS, 0);
	give_of_flow(COALESCE_FLOWS + 1, 0);
	assert_int_equal(b.nout, 2);
	/* That is over again, and held anew. */
	give_of_flow(0, 3);
	assert_int_equal(b.nout, 3);
	coalesce_flush(&b.c);
	assert_int_equal(b.nout, COALESCE_FLOWS + 3);
	for (i = 0; i < COALESCE_FLOWS; i++) {
		assert_int_equal(b.out[i].frames, 3);
		assert_int_equal(b.out[i].bytes[L4_4 + 1], 0x40 ^ i);
	}
	join_expect_same(&b, COALESCE_FLOWS, 3 * COALESCE_FLOWS);
	join_expect_same(&b, COALESCE_FLOWS + 1, 3 * COALESCE_FLOWS + 1);
	join_expect_same(&b, COALESCE_FLOWS + 2, 3 * COALESCE_FLOWS + 2);
}

/* The place of one that is gone is taken before another has to go. */
static void
test_flow_reused(void **state)
{
	unsigned flow;

	(void)state;
	for (flow = 0; flow < COALESCE_FLOWS; flow++)
		give_of_flow(flow, 0);
	join_changed(&b, &tcp4, 1, L4_4 + 13, TCP_FIN);
	assert_int_equal(b.nout, 2);
	give_of_flow(COALESCE_FLOWS, 0);
	assert_int_equal(b.nout, 2);
	give_of_flow(COALESCE_FLOWS + 1, 0);
	assert_int_equal(b.nout, 3);
	coalesce_flush(&b.c);
	assert_int_equal(b.nout, COALESCE_FLOWS + 3);
}

/* Flows that only a look at the whole of addresses and ports tells apart. */
static void
test_tag_collides(void **state)
{
	static const struct {
		const struct frame_spec *s;
		size_t at, at2;
	} pairs[] = {
		{ &tcp4, IP + 12, IP + 18 },	/* both addresses, */
		{ &tcp4, IP + 15, IP + 17 },
		{ &udp4, IP + 19, IP + 13 },
		{ &udp4, IP + 14, L4_4 + 2 },	/* or one and a port */
		{ &tcp4, IP + 16, L4_4 + 2 },
		{ &tcp4, IP + 19, L4_4 + 1 },
		{ &tcp6, IP + 8, IP + 9 },
		{ &udp6, IP + 20, IP + 38 },
		{ &udp6, IP + 35, IP + 24 },
		{ &tcp6, IP + 23, L4_6 + 3 },
	};
	size_t k;
	unsigned i;

	(void)state;
	for (k = 0; k < sizeof(pairs) / sizeof(pairs[0]); k++) {
		join_clear(&b);
		for (i = 0; i < 4; i++) {
			join_nth(&b, pairs[k].s, i);
			join_changed_twice(&b, pairs[k].s, i, pairs[k].at, 1,
			    pairs[k].at2, 1);
		}
		assert_int_equal(b.nout, 0);
		coalesce_flush(&b.c);
		assert_int_equal(b.nout, 2);
		assert_int_equal(b.out[0].frames, 4);
		assert_int_equal(b.out[1].frames, 4);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
