/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PORT_NET_H
#define PORT_NET_H

#include <stddef.h>
#include <stdint.h>

/*
 * Tunnel devices of this system behind five calls.  The numbers are
 * OpenSSH's (misc.h there) and travel in SSH_MSG_CHANNEL_OPEN.
 */
#define SSH_TUNMODE_POINTOPOINT	1
#define SSH_TUNMODE_ETHERNET	2

#define SSH_TUNID_ANY		0x7fffffff
#define SSH_TUNID_MAX		(SSH_TUNID_ANY - 2)

/* An Ethernet header; nothing shorter is a frame. */
#define SYS_TUN_FRAME_MIN	14

/*
 * Open a tunnel device.
 *
 * tun:     unit, 0 to SSH_TUNID_MAX, or SSH_TUNID_ANY.
 * mode:    SSH_TUNMODE_ETHERNET or SSH_TUNMODE_POINTOPOINT.
 * ifname:  NULL, or receives the interface's name, freed by the caller.
 * rfd:     the descriptor that frames are read from.
 * wfd:     the one they are written to: the same number as *rfd where the
 *          system has one descriptor for both, never a duplicate.
 * Owner:   the caller closes them, once when they are equal.  Both are
 *          non-blocking and close-on-exec.
 * Returns 0, or -1 with errno set and nothing left open or created:
 *          ENOENT (no tunnel driver), EACCES or EPERM (not permitted), EBUSY
 *          (the unit is in use), EINVAL (unit or mode), or the system's own.
 */
int sys_tun_open(int tun, int mode, char **ifname, int *rfd, int *wfd);

/*
 * What one read() of a device returns and one write() takes.
 */
enum sys_tun_framing {
	SYS_TUN_NONE,		/* no such mode: both filters drop it all */
	SYS_TUN_FRAME,		/* an Ethernet frame */
	SYS_TUN_PACKET,		/* a bare IP packet */
	SYS_TUN_FAMILY,		/* a family word of Darwin, an IP packet */
	SYS_TUN_BATCH		/* read: records of bpf(4) with a frame in
				 * each; write: a frame */
};

/* For descriptors of sys_tun_open, which another process may have called. */
enum sys_tun_framing sys_tun_framing(int mode, int rfd, int wfd);

/*
 * What read() on rfd must be given: exactly this for SYS_TUN_BATCH; for the
 * others a frame of any length fits, and less is enough for shorter frames.
 *
 * Returns 0, with errno, when the device does not say.
 */
size_t sys_tun_read_size(int mode, int rfd, int wfd);

/*
 * Turn the bytes of one read() into frames as the wire wants them and hand
 * each to fn.
 *
 * buf:     preceded by SYS_TUN_HEADROOM bytes of scratch room, which are
 *          overwritten, as buf may be.
 * fn:      a frame of at least SYS_TUN_FRAME_MIN bytes (ethernet), or an
 *          address family word and an IP packet (point-to-point).
 * droppedp: increased by the frames that are malformed, truncated, or of a
 *          foreign address family; none of these ends the tunnel.
 * Returns 0, or the first non-zero value of fn.
 */
#define SYS_TUN_HEADROOM	4
typedef int (sys_tun_frame_fn)(void *ctx, uint8_t *frame, size_t len);
int sys_tun_infilter(enum sys_tun_framing framing, uint8_t *buf, size_t len,
    sys_tun_frame_fn *fn, void *ctx, uint64_t *droppedp);

/*
 * Turn a frame from the wire into the bytes of one write().
 *
 * framep, lenp: moved and shortened in place; untouched on failure.
 * Returns 0, or -1 when the device must not see this frame: a runt, no whole
 * IP header, or an address family that does not match.
 */
int sys_tun_outfilter(enum sys_tun_framing framing, uint8_t **framep,
    size_t *lenp);

#endif /* PORT_NET_H */
