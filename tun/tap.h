/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A layer-2 device, or one end of it: frames in, frames out.  A frame is
 * destination, source, type, payload, without FCS, TAP_FRAME_MIN to
 * TAP_FRAME_MAX bytes.  In point-to-point mode a frame is an OpenBSD address
 * family word (big-endian) and an IP packet.
 */
#define TAP_FRAME_MIN	14
#define TAP_FRAME_MAX	32764	/* what a stock peer delivers at most */

/*
 * Bytes that tap_recv may overwrite in front of the place for a frame:
 * a device's own header is read there so that the frame needs no copy.
 */
#define TAP_HEADROOM	4

enum tap_mode {
	TAP_POINT_TO_POINT = 1,	/* the numbers of tun@openssh.com */
	TAP_ETHERNET = 2
};

#define TAP_UNIT_ANY	0x7fffffff
#define TAP_UNIT_MAX	0x7ffffffd

/* Frames since the device was opened. */
struct tap_stats {
	uint64_t received;	/* handed to the caller */
	uint64_t sent;		/* taken by the device */
	uint64_t dropped_in;	/* runt, truncated or foreign on receive */
	uint64_t dropped_out;	/* refused by us or by the device on send */
};

struct tap;

/*
 * One implementation.  recv and send follow tap_recv and tap_send below; the
 * wrappers there count and check the length, so these need not.
 */
struct tap_ops {
	const char *name;
	int (*recv)(struct tap *t, uint8_t *frame, size_t size, size_t *lenp);
	int (*send)(struct tap *t, uint8_t *frame, size_t len);
	void (*close)(struct tap *t);
};

/*
 * Create or attach a device of this system.
 *
 * unit:    0 to TAP_UNIT_MAX, or TAP_UNIT_ANY.
 * up:      bring the interface up when this call created it.  One that was
 *          there before keeps its state.
 * Returns 0, SSHTAP_ERR_SYSTEM (errno as sys_tun_open leaves it),
 * SSHTAP_ERR_ALLOC.
 */
int tap_open(int unit, enum tap_mode mode, bool up, struct tap **tapp);

/*
 * Take over descriptors that another process opened (see priv/monitor.h).
 *
 * name:    interface name, copied, at most 15 bytes.
 * Owner:   on success the descriptors belong to the device.
 */
int tap_adopt(int rfd, int wfd, enum tap_mode mode, const char *name,
    struct tap **tapp);

/*
 * Two devices joined in memory, for tests: what one sends the other receives.
 */
int tap_memory_pair(struct tap **ap, struct tap **bp);

/* Interface name, never NULL, valid as long as t. */
const char *tap_name(const struct tap *t);
enum tap_mode tap_mode(const struct tap *t);

/*
 * Descriptors to wait on; the same number where there is only one, -1 for a
 * device in memory.
 */
int tap_read_fd(const struct tap *t);
int tap_write_fd(const struct tap *t);

const struct tap_stats *tap_stats(const struct tap *t);

/*
 * Receive exactly one frame.
 *
 * frame:   size bytes of room, preceded by TAP_HEADROOM bytes of scratch.
 * Returns 0; SSHTAP_ERR_AGAIN (none is waiting); SSHTAP_ERR_DROPPED (one was
 * taken and dropped: too long for size, a runt, or foreign; go on);
 * SSHTAP_ERR_GONE (the device was removed); SSHTAP_ERR_SYSTEM.
 */
int tap_recv(struct tap *t, uint8_t *frame, size_t size, size_t *lenp);

/*
 * Send one frame.
 *
 * frame:   may be modified.
 * Returns 0; SSHTAP_ERR_DROPPED (a runt, over TAP_FRAME_MAX, or the device
 * refused it: down, full, too big; go on); SSHTAP_ERR_GONE.
 */
int tap_send(struct tap *t, uint8_t *frame, size_t len);

/* Accepts NULL.  An interface that tap_open created disappears. */
void tap_close(struct tap *t);

#endif /* TAP_H */
