/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef TCP_PEER_H
#define TCP_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The only host behind a TAP: it speaks as much ARP and TCP over IPv4 as a
 * local program needs that connects and writes.  What it takes may be frames
 * or super-frames, with checksums or without.  One connection at a time.
 */
#define TCP_PEER_NET	"198.18.0.1/24"	/* of the TAP's interface */
#define TCP_PEER_PORT	9
#define TCP_PEER_MSS	1460
#define TCP_PEER_HEAD	54		/* bytes of all headers */

/* Zeroed at its start. */
struct tcp_peer {
	uint8_t host_mac[6], host_ip[4], host_port[2];
	bool is_connected;
	uint32_t ours, theirs;	/* next sequence numbers */
	uint64_t taken;		/* payload bytes, in order */
};

/*
 * Look at a frame from the interface.
 *
 * out:     TCP_PEER_HEAD + 4 bytes for the answer.
 * Returns the length of the answer, a whole frame, or 0.
 */
size_t tcp_peer_answer(struct tcp_peer *p, const uint8_t *frame, size_t len,
    uint8_t *out);

/*
 * The headers of len more bytes for the host, TCP_PEER_HEAD of them; in the
 * place of the checksum is the sum of the pseudo header.
 */
void tcp_peer_head(struct tcp_peer *p, size_t len, uint8_t *out);

/*
 * Is the checksum right that covers a TCP or UDP frame over IPv4?  Others, and
 * UDP that has none, have nothing to be finished.
 */
bool tcp_peer_is_finished(const uint8_t *frame, size_t len);

/*
 * A socket of the host that connects to the peer, non-blocking; or connects
 * UDP, which is not answered.  -1 when there is none.
 */
int tcp_peer_socket(bool is_udp);

#endif /* TCP_PEER_H */
