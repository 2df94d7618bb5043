/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef ETHTAP_H
#define ETHTAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * libethtap: Ethernet devices of this host, made and used by a program.  On
 * Linux that is TAP; on macOS a pair of feth(4) interfaces, of which the user
 * sees one.  See ethtap(3), which has examples and says who may do what.
 *
 * A frame is destination, source, type, payload, without FCS,
 * ETHTAP_FRAME_MIN to ETHTAP_FRAME_MAX bytes, at any alignment.
 *
 * There is no state outside of what ethtap_open returns, nothing is printed,
 * and no process is started.  One device is for one thread at a time.
 */
#define ETHTAP_FRAME_MIN	14
#define ETHTAP_FRAME_MAX	32764

#define ETHTAP_NAME_SIZE	16	/* with the NUL */
#define ETHTAP_LLADDR_LEN	6
#define ETHTAP_TEXT_SIZE	256

#define ETHTAP_UNIT_ANY		0x7fffffff

#if defined(__GNUC__)
#define ETHTAP_API	__attribute__((visibility("default")))
#else
#define ETHTAP_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What calls return: one of these, or what the call says. */
enum ethtap_result {
	ETHTAP_OK = 0,
	ETHTAP_AGAIN = -1,		/* no frame is waiting */
	ETHTAP_DROPPED = -2,		/* one frame was dropped; go on */
	ETHTAP_GONE = -3,		/* the device does not exist any more */
	ETHTAP_ERR_ARGUMENT = -4,
	ETHTAP_ERR_MEMORY = -5,
	ETHTAP_ERR_SYSTEM = -6,		/* see errno */
	ETHTAP_ERR_PERMISSION = -7,
	ETHTAP_ERR_BUSY = -8,		/* somebody uses the device */
	ETHTAP_ERR_FOREIGN = -9,	/* somebody else's interface */
	ETHTAP_ERR_MTU = -10,		/* larger than mtu_max */
	ETHTAP_ERR_UNSUPPORTED = -11,	/* not on this system */
	ETHTAP_ERR_NOT_FOUND = -12
};

/*
 * The text of a result, without a full stop; a constant, never NULL.
 */
ETHTAP_API const char *ethtap_strerror(int result);

/* Why a call failed; the caller's, filled by calls that take one. */
struct ethtap_error {
	int result;			/* what the call returned */
	int error;			/* errno, or 0 */
	unsigned mtu_max;		/* ETHTAP_ERR_MTU: the largest, or 0 */
	char text[ETHTAP_TEXT_SIZE];	/* one line: what failed, what to do */
};

/* === Devices === */

/* Set by ethtap_options_init, then changed.  May grow at its end. */
struct ethtap_options {
	size_t size;		/* as ethtap_options_init left it */
	int unit;		/* 0 and up, or ETHTAP_UNIT_ANY */
	unsigned mtu;		/* 0: as the system has it */
	bool up;		/* bring up an interface that is made; true */
	bool has_lladdr;	/* else the system's choice, or random */
	uint8_t lladdr[ETHTAP_LLADDR_LEN];
	bool has_owner;		/* ethtap_create: owner may open it, too;
				 * macOS cannot, and refuses that */
	uint32_t owner;		/* a user's number */
};

/* size:    sizeof(struct ethtap_options) */
ETHTAP_API void ethtap_options_init(struct ethtap_options *o, size_t size);

struct ethtap;

/*
 * Open the device of a unit: one that was made to stay, or one that is made
 * now and goes with ethtap_close.
 *
 * o:       NULL: any unit, and as ethtap_options_init leaves it.
 * err:     may be NULL.
 * Returns 0, or a negative result with *tp set to NULL.
 */
ETHTAP_API int ethtap_open(const struct ethtap_options *o, struct ethtap **tp,
    struct ethtap_error *err);

/* Accepts NULL.  errno is kept. */
ETHTAP_API void ethtap_close(struct ethtap *t);

/* Name of the interface, valid as long as t. */
ETHTAP_API const char *ethtap_name(const struct ethtap *t);

/*
 * The descriptor to wait on: readable whenever ethtap_recv has a frame, also
 * one that the library has read already, and when the device is gone.  It is
 * only to be waited on, for input, with select, poll, epoll or kqueue; never
 * read, never closed.  On macOS it is a kqueue(2), made by the first call,
 * and not inherited by a forked child.
 *
 * Returns the descriptor, or a negative result.
 */
ETHTAP_API int ethtap_fd(struct ethtap *t);

/*
 * The descriptors below, for setting options or passing them on.  They may
 * be equal.  On macOS the first one is not for reading by hand: one read(2)
 * takes many frames, in records of bpf(4), and those in the library are not
 * seen.  Nor is it for waiting, but for programs that drain the device and do
 * not use ethtap_fd as well.
 */
ETHTAP_API int ethtap_read_fd(const struct ethtap *t);
ETHTAP_API int ethtap_write_fd(const struct ethtap *t);

/* === Frames === */

/*
 * Receive one frame; never waits.
 *
 * lenp:    its length; untouched when there is none.
 * Returns 0, ETHTAP_AGAIN, ETHTAP_DROPPED (one that is longer than size, a
 * runt, or was cut by the system), ETHTAP_GONE, ETHTAP_ERR_SYSTEM.
 */
ETHTAP_API int ethtap_recv(struct ethtap *t, void *frame, size_t size,
    size_t *lenp);

/*
 * Send one frame; never waits.
 *
 * Returns 0, ETHTAP_DROPPED (a runt, too long, or refused by the device,
 * which is down or full), ETHTAP_GONE.
 */
ETHTAP_API int ethtap_send(struct ethtap *t, const void *frame, size_t len);

/* One of many.  The memory is the caller's. */
struct ethtap_frame {
	void *data;
	size_t size;		/* ethtap_recv_batch: room at data */
	size_t len;		/* of the frame */
	int result;		/* of this frame */
};

/*
 * Receive up to n frames, into the first places of the array; those dropped
 * take no place.
 *
 * Returns how many there are, from 1, each with its len and result 0; else a
 * negative result as ethtap_recv.  Fewer than n does not mean that no more
 * are waiting: ETHTAP_AGAIN does.
 */
ETHTAP_API int ethtap_recv_batch(struct ethtap *t, struct ethtap_frame *frames,
    size_t n);

/*
 * Send n frames, in order; data and len are looked at.
 *
 * Returns how many the device took, from 0; the result of each is that of
 * ethtap_send.  ETHTAP_GONE when the device is gone: results tell how far it
 * came.
 */
ETHTAP_API int ethtap_send_batch(struct ethtap *t,
    struct ethtap_frame *frames, size_t n);

/* A frame is buffered in the library: ethtap_recv has one without asking. */
ETHTAP_API bool ethtap_has_pending(const struct ethtap *t);

/*
 * Look for a loss that no descriptor reports: on macOS, that of the user's
 * interface.  To be called each second or so.
 * Returns 0 or ETHTAP_GONE.
 */
ETHTAP_API int ethtap_check(struct ethtap *t);

/* Frames since the device was opened.  May grow at its end. */
struct ethtap_counters {
	uint64_t received;
	uint64_t sent;
	uint64_t dropped_in;
	uint64_t dropped_out;
};

/* As of this call; valid until the next one, and as long as t. */
ETHTAP_API const struct ethtap_counters *ethtap_stats(struct ethtap *t);

/* === The devices of this system === */

/* text:    one line, valid during the call. */
typedef void (ethtap_warning_fn)(void *ctx, const char *text);

/*
 * Call fn for each setting of the system that breaks frames, whatever the
 * device: none on Linux.
 */
ETHTAP_API void ethtap_warnings(ethtap_warning_fn *fn, void *ctx);

enum ethtap_owner {
	ETHTAP_OWNER_FOREIGN,	/* not made by this library, as far as known */
	ETHTAP_OWNER_LIVE,	/* made by a process that still runs */
	ETHTAP_OWNER_DEAD,	/* its maker has died: left over */
	ETHTAP_OWNER_KEPT	/* made to stay */
};

/* What is known of a device; the library's.  May grow at its end. */
struct ethtap_info {
	const char *name;
	const char *peer;	/* macOS: the other half of the pair; or "" */
	enum ethtap_owner owner;
	bool is_used;		/* some process has it open */
	bool is_up;
	unsigned mtu;
	bool has_lladdr;
	uint8_t lladdr[ETHTAP_LLADDR_LEN];
	int64_t pid;		/* of who made it, or 0 when not known */
	bool has_uid;		/* else root alone may open it */
	uint32_t uid;
};

/* info:    valid during the call.  Returns 0, or above 0 to stop. */
typedef int (ethtap_info_fn)(void *ctx, const struct ethtap_info *info);

/*
 * Call fn for each Ethernet device, in the order of their names.  Needs no
 * privilege; without it less is known.
 * Returns 0, what fn returned, or a negative result.
 */
ETHTAP_API int ethtap_list(ethtap_info_fn *fn, void *ctx,
    struct ethtap_error *err);

/*
 * Make a device that stays until ethtap_destroy or the next boot.
 * ethtap_open with its unit opens it and leaves it there.
 *
 * name:    what it is called.
 */
ETHTAP_API int ethtap_create(const struct ethtap_options *o,
    char name[ETHTAP_NAME_SIZE], struct ethtap_error *err);

/*
 * Destroy a device that was made to stay or is left over.
 *
 * Returns 0, ETHTAP_ERR_NOT_FOUND, ETHTAP_ERR_BUSY, ETHTAP_ERR_FOREIGN, ...
 */
ETHTAP_API int ethtap_destroy(const char *name, struct ethtap_error *err);

/*
 * Destroy what dead processes left over, and nothing else.
 *
 * fn:      called for each before it is destroyed, or would be when dry_run
 *          is set; may be NULL.  What makes it stop is not destroyed.
 * Returns 0, what fn returned, or a negative result for the last that could
 * not be destroyed, after trying all.
 */
ETHTAP_API int ethtap_reap(bool dry_run, ethtap_info_fn *fn, void *ctx,
    struct ethtap_error *err);

#ifdef __cplusplus
}
#endif

#endif /* ETHTAP_H */
