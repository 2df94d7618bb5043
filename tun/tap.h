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
 * Bytes that tap_recv may overwrite in front of the place for a frame, in
 * point-to-point mode: a device's own header is read there so that the frame
 * needs no copy.
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
	uint64_t received;	/* handed to the caller; a super-frame is one */
	uint64_t sent;		/* taken by the device; likewise */
	uint64_t dropped_in;	/* runt, truncated or foreign on receive */
	uint64_t dropped_out;	/* refused by us or by the device on send */
};

struct tap;
struct iovec;
struct offload;

/* What a device can do beside plain frames, in both directions. */
#define TAP_OFFLOAD_CSUM	0x1u	/* NEEDS_CSUM */
#define TAP_OFFLOAD_TCP		0x2u	/* TCP super-frames over IPv4 and 6 */
#define TAP_OFFLOAD_UDP		0x4u	/* UDP likewise, GSO_UDP_L4 */
#define TAP_OFFLOAD_ALL		0x7u

/*
 * One implementation.  recv, send and their like follow tap_recv, tap_send and
 * theirs below; the wrappers there count and check the length, so these need
 * not.  A function that a device has no need of is NULL.
 */
struct tap_ops {
	const char *name;
	int (*recv)(struct tap *t, uint8_t *frame, size_t size, size_t *lenp);
	int (*send)(struct tap *t, uint8_t *frame, size_t len);
	/* Of a device with offload, which has no recv. */
	int (*recv_super)(struct tap *t, uint8_t *small, uint8_t *large,
	    struct offload *o, size_t *lenp);
	int (*send_super)(struct tap *t, const struct offload *o,
	    struct iovec *iov, unsigned n);
	bool (*has_pending)(const struct tap *t);
	int (*check)(struct tap *t);
	void (*close)(struct tap *t);
};

#define TAP_NAME_SIZE	16	/* IFNAMSIZ on Linux and macOS */
#define TAP_LLADDR_LEN	6

/* RFC 791 section 3.2 asks for 68; both systems count in 16 bits. */
#define TAP_MTU_MIN	68
#define TAP_MTU_MAX	65535

/* What is wanted; zeroed, then filled. */
struct tap_request {
	int unit;		/* 0 to TAP_UNIT_MAX, or TAP_UNIT_ANY */
	enum tap_mode mode;
	bool up;		/* bring up an interface that this made; one
				 * that was there before keeps its state */
	unsigned mtu;		/* 0: as the system has it; one that was there
				 * before gets it, too, and keeps it */
	bool has_lladdr;	/* else the system's choice, or a random one */
	uint8_t lladdr[TAP_LLADDR_LEN];
	bool offload;		/* ethernet: with whatever the kernel has; it
				 * may be nothing: tap_offloads tells */
};

/*
 * What was being done when it failed.  Where both systems can fail with the
 * same errno and the advice differs, the step does, too.
 */
enum tap_step {
	TAP_STEP_NONE,
	TAP_STEP_REQUEST,	/* the request itself; limit is the last unit */
	TAP_STEP_DRIVER,	/* EOPNOTSUPP: the system has no feth; else
				 * /dev/net/tun: ENOENT, EACCES, EPERM */
	TAP_STEP_REGISTRY,	/* keeping the record of what is ours: EPERM,
				 * its directory; EACCES, not root */
	TAP_STEP_CREATE,	/* EPERM not root, EEXIST, EBUSY the last one of
				 * this name is still being destroyed */
	TAP_STEP_FOREIGN,	/* an interface there is not ours: EEXIST, to
				 * be destroyed: ENODEV; of another kind:
				 * EINVAL; in use: EBUSY */
	TAP_STEP_ADDRESS,	/* the one of Ethernet */
	TAP_STEP_MTU,		/* limit is the largest possible */
	TAP_STEP_PEER,
	TAP_STEP_UP,
	TAP_STEP_BPF,		/* finding and setting up a bpf device */
	TAP_STEP_NDRV,		/* the AF_NDRV socket */
	TAP_STEP_DESTROY,
	TAP_STEP_INET,		/* an IP address: see tap_link.h */
	TAP_STEP_BRIDGE,	/* see tap_link.h */
	TAP_STEP_COUNT
};

/* Why a call failed: what is needed for a message that helps. */
struct tap_fault {
	enum tap_step step;
	int error;		/* errno, or 0 */
	unsigned limit;
	char name[TAP_NAME_SIZE];	/* of the interface, "tapN" while
					 * its unit is open, or "" */
};

/*
 * One line for a person, without a full stop: what failed and what to do.
 *
 * Returns out, which it fills with at most size bytes.
 */
const char *tap_fault_text(const struct tap_fault *f, char *out, size_t size);
#define TAP_FAULT_TEXT_MAX	256

/*
 * Is this request possible on any system?
 *
 * Returns 0, or SSHTAP_ERR_SYSTEM with errno and *fault set.
 */
int tap_check_request(const struct tap_request *rq, struct tap_fault *fault);

/*
 * Create or attach a device of this system.
 *
 * Returns 0, SSHTAP_ERR_ALLOC, or SSHTAP_ERR_SYSTEM with errno and *fault
 * set.
 */
int tap_open(const struct tap_request *rq, struct tap **tapp,
    struct tap_fault *fault);

/*
 * Take over descriptors that another process opened (see priv/monitor.h).
 *
 * name:    interface name, copied, at most 15 bytes.
 * offloads: what tap_offloads said there; no system call tells it here.
 * Owner:   on success the descriptors belong to the device.
 * Returns 0, SSHTAP_ERR_ARGUMENT, SSHTAP_ERR_ALLOC, or SSHTAP_ERR_SYSTEM.
 */
int tap_adopt(int rfd, int wfd, enum tap_mode mode, const char *name,
    unsigned offloads, struct tap **tapp);

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
 * tap_close does more than to close descriptors, so whoever opened the device
 * for another process keeps it until that one is done with it or has ended;
 * any other device must not be kept, or it would outlive its user.  On Linux:
 * a persistent one with offload, which it loses.  Of who adopted it: false.
 */
bool tap_needs_keeper(const struct tap *t);

/*
 * A frame is buffered: tap_recv has one though the descriptor may not become
 * readable.  Who stops before SSHTAP_ERR_AGAIN has to ask.
 */
bool tap_has_pending(const struct tap *t);

/*
 * Look for a loss that no descriptor reports: on macOS, that of the user's
 * side.  To be called every second or so.
 * Returns 0, or SSHTAP_ERR_GONE.
 */
int tap_check(struct tap *t);

/*
 * Warnings about the system that concern every device of it, such as a
 * setting that breaks frames: calls fn for each with a line for a person.
 */
typedef void (tap_warning_fn)(void *ctx, const char *text);
void tap_warn(tap_warning_fn *fn, void *ctx);

/*
 * Receive exactly one frame.
 *
 * frame:   size bytes of room, preceded by TAP_HEADROOM bytes of scratch in
 *          point-to-point mode.  Any alignment.
 * Returns 0; SSHTAP_ERR_AGAIN (none is waiting); SSHTAP_ERR_DROPPED (one was
 * taken and dropped: too long for size, a runt, or foreign; go on);
 * SSHTAP_ERR_GONE (the device was removed); SSHTAP_ERR_SYSTEM;
 * SSHTAP_ERR_STATE (it has tap_offloads).
 */
int tap_recv(struct tap *t, uint8_t *frame, size_t size, size_t *lenp);

/*
 * Receive at most max frames and throw them away.
 * Returns what tap_recv, or tap_recv_super, said to the last one, 0 if that
 * was a frame.
 */
int tap_discard(struct tap *t, unsigned max);

/*
 * Send one frame.
 *
 * frame:   may be modified in point-to-point mode.
 * Returns 0; SSHTAP_ERR_DROPPED (a runt, over TAP_FRAME_MAX, or the device
 * refused it: down, full, too big; go on); SSHTAP_ERR_GONE.
 */
int tap_send(struct tap *t, uint8_t *frame, size_t len);

/* TAP_OFFLOAD_...; 0 for a device that was opened without. */
unsigned tap_offloads(const struct tap *t);

/*
 * Receive one frame, which may be a super-frame.  From a device without
 * tap_offloads, and in either mode: a plain one.
 *
 * small:   TAP_SMALL bytes of room, after TAP_HEADROOM in point-to-point mode;
 *          the frame is there when *lenp is at most TAP_SMALL.
 * large:   TAP_LARGE bytes of room, likewise; a longer frame is there, all of
 *          it.  Or NULL: it is dropped.
 * o:       none for an ordinary frame; of what the kernel says only the bits
 *          and types of offload.h, and places inside of the frame, get through.
 * Both places and *o may be changed whatever is returned.
 * Returns as tap_recv does, never SSHTAP_ERR_STATE.
 */
#define TAP_SMALL	2048
#define TAP_LARGE	65553		/* OFFLOAD_FRAME_MAX */
int tap_recv_super(struct tap *t, uint8_t *small, uint8_t *large,
    struct offload *o, size_t *lenp);

/*
 * Send one frame, which may be a super-frame that the device can take, from
 * n pieces of memory.
 *
 * iov:     [0] is a place for the device's own header and is overwritten; the
 *          frame is in those from [1] on, of which the first has an Ethernet
 *          header at least.
 * o:       none for a plain frame, which any device takes, in one piece
 *          without a copy; else checked (offload.h).
 * Returns as tap_send does; SSHTAP_ERR_DROPPED also for what tap_offloads
 * does not list, and for a frame over TAP_FRAME_MAX without offload or over
 * TAP_LARGE with it.
 */
int tap_send_super(struct tap *t, const struct offload *o, struct iovec *iov,
    unsigned n);

/*
 * Accepts NULL.  An interface that tap_open created disappears; that of a
 * device taken over by tap_adopt is left to whoever created it.
 */
void tap_close(struct tap *t);

#endif /* TAP_H */
