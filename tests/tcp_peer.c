/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Sums are computed here once more, plainly, so that what is tested is not
 * tested with itself.
 */

#include "tests/tcp_peer.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define IP		14	/* where its header begins */
#define TCP		34
#define FLAG_SYN	0x02
#define FLAG_ACK	0x10
#define FLAG_RST	0x04
#define WINDOW		65535
#define FIRST		1000	/* sequence number */

static const uint8_t our_mac[6] = { 2, 0, 0, 0, 0, 0x99 };
static const uint8_t our_ip[4] = { 198, 18, 0, 2 };

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void
put16(uint8_t *p, unsigned n)
{
	p[0] = (uint8_t)(n >> 8);
	p[1] = (uint8_t)n;
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void
put32(uint8_t *p, uint32_t n)
{
	put16(p, n >> 16);
	put16(p + 2, n & 0xffff);
}

/* The folded sum of the 16-bit words, on top of another one. */
static unsigned
add_sum(uint32_t sum, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static unsigned
pseudo_sum(const uint8_t *frame, size_t len)
{
	return add_sum(frame[IP + 9] + (uint32_t)len, frame + IP + 12, 8);
}

bool
tcp_peer_is_finished(const uint8_t *frame, size_t len)
{
	size_t end, start;

	if (len < TCP + 8 || get16(frame + 12) != 0x0800 ||
	    (frame[IP + 9] != IPPROTO_TCP && frame[IP + 9] != IPPROTO_UDP))
		return true;
	start = IP + (frame[IP] & 0xf) * 4u;
	end = IP + get16(frame + IP + 2);
	if (end > len || start + 8 > end)
		return false;
	if (frame[IP + 9] == IPPROTO_UDP && get16(frame + start + 6) == 0)
		return true;
	return add_sum(pseudo_sum(frame, end - start), frame + start,
	    end - start) == 0xffff;
}

static void
put_head(const struct tcp_peer *p, size_t tcp_len, unsigned flags,
    uint8_t *out)
{
	memset(out, 0, TCP_PEER_HEAD);
	memcpy(out, p->host_mac, 6);
	memcpy(out + 6, our_mac, 6);
	put16(out + 12, 0x0800);
	out[IP] = 0x45;
	put16(out + IP + 2, (unsigned)(20 + tcp_len));
	out[IP + 8] = 64;
	out[IP + 9] = IPPROTO_TCP;
	memcpy(out + IP + 12, our_ip, 4);
	memcpy(out + IP + 16, p->host_ip, 4);
	put16(out + IP + 10, ~add_sum(0, out + IP, 20) & 0xffff);
	put16(out + TCP, TCP_PEER_PORT);
	memcpy(out + TCP + 2, p->host_port, 2);
	put32(out + TCP + 4, p->ours);
	put32(out + TCP + 8, p->theirs);
	out[TCP + 12] = 5 << 4;
	out[TCP + 13] = (uint8_t)flags;
	put16(out + TCP + 14, WINDOW);
	put16(out + TCP + 16, pseudo_sum(out, tcp_len));
}

void
tcp_peer_head(struct tcp_peer *p, size_t len, uint8_t *out)
{
	put_head(p, 20 + len, FLAG_ACK, out);
	p->ours += (uint32_t)len;
}

static void
finish(uint8_t *frame, size_t tcp_len)
{
	unsigned sum = add_sum(0, frame + TCP, tcp_len);

	put16(frame + TCP + 16, ~sum & 0xffff);
}

static size_t
answer_arp(const uint8_t *frame, uint8_t *out)
{
	const uint8_t *arp = frame + 14;

	if (get16(arp + 6) != 1 || memcmp(arp + 24, our_ip, 4) != 0)
		return 0;
	memcpy(out, frame + 6, 6);
	memcpy(out + 6, our_mac, 6);
	memcpy(out + 12, frame + 12, 8);
	put16(out + 20, 2);
	memcpy(out + 22, our_mac, 6);
	memcpy(out + 28, our_ip, 4);
	memcpy(out + 32, arp + 8, 10);
	return 42;
}

static size_t
answer_syn(struct tcp_peer *p, const uint8_t *frame, uint8_t *out)
{
	memcpy(p->host_mac, frame + 6, 6);
	memcpy(p->host_ip, frame + IP + 12, 4);
	memcpy(p->host_port, frame + TCP, 2);
	p->ours = FIRST;
	p->theirs = get32(frame + TCP + 4) + 1;
	p->taken = 0;
	p->is_connected = true;
	put_head(p, 24, FLAG_SYN | FLAG_ACK, out);
	out[TCP + 12] = 6 << 4;
	put16(out + TCP_PEER_HEAD, 2 << 8 | 4);
	put16(out + TCP_PEER_HEAD + 2, TCP_PEER_MSS);
	finish(out, 24);
	p->ours++;
	return TCP_PEER_HEAD + 4;
}

static size_t
answer_data(struct tcp_peer *p, const uint8_t *frame, size_t len,
    uint8_t *out)
{
	size_t end = IP + get16(frame + IP + 2);
	size_t start = TCP + (frame[TCP + 12] >> 4) * 4u;

	if (!p->is_connected || end > len || start >= end ||
	    memcmp(frame + TCP, p->host_port, 2) != 0)
		return 0;
	if (get32(frame + TCP + 4) == p->theirs) {
		p->theirs += (uint32_t)(end - start);
		p->taken += end - start;
	}
	put_head(p, 20, FLAG_ACK, out);
	finish(out, 20);
	return TCP_PEER_HEAD;
}

size_t
tcp_peer_answer(struct tcp_peer *p, const uint8_t *frame, size_t len,
    uint8_t *out)
{
	if (len >= 42 && get16(frame + 12) == 0x0806)
		return answer_arp(frame, out);
	if (len < TCP_PEER_HEAD || get16(frame + 12) != 0x0800 ||
	    frame[IP] != 0x45 || frame[IP + 9] != IPPROTO_TCP ||
	    memcmp(frame + IP + 16, our_ip, 4) != 0 ||
	    (frame[TCP + 13] & FLAG_RST) != 0)
		return 0;
	if ((frame[TCP + 13] & FLAG_SYN) != 0)
		return answer_syn(p, frame, out);
	return answer_data(p, frame, len, out);
}

int
tcp_peer_socket(bool is_udp)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int s = socket(AF_INET, is_udp ? SOCK_DGRAM : SOCK_STREAM, 0);

	if (s == -1)
		return -1;
	sin.sin_port = htons(TCP_PEER_PORT);
	memcpy(&sin.sin_addr, our_ip, sizeof(our_ip));
	if (fcntl(s, F_SETFL, O_NONBLOCK) == 0 &&
	    (connect(s, (struct sockaddr *)&sin, sizeof(sin)) == 0 ||
	    errno == EINPROGRESS))
		return s;
	(void)close(s);
	return -1;
}
