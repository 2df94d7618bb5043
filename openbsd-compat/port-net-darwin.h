/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef PORT_NET_DARWIN_H
#define PORT_NET_DARWIN_H

#include <stddef.h>
#include <stdint.h>

#include "openbsd-compat/tun-af.h"

/*
 * Tunnel devices of macOS.
 *
 * Ethernet: a pair of feth(4) interfaces, peers of each other.  The user
 * configures the primary; the other one, the I/O peer, is ours: what the host
 * sends on the primary is read from a bpf(4) descriptor on the peer, and what
 * is written to an AF_NDRV socket on the peer arrives at the primary.
 * Nothing ties the pair to a process: who made it has to destroy it.
 *
 * Point-to-point: utun, one descriptor, and the interface goes with it.
 *
 * Where there is no feth (before 10.13) the devices of the tuntaposx kernel
 * extension are tried: one descriptor as well.
 *
 * Nothing here knows SSH, allocates, logs, or keeps state between calls, and
 * numbers and layouts of the kernel come from darwin-net.h, so that this can
 * be carried by other projects as it is: port-net-darwin.[ch] (pairs),
 * darwin-dev.c (descriptors), darwin-if.[ch] (single interfaces),
 * darwin-net.h, bpf-batch.[ch], tun-af.[ch].  Names of interfaces are
 * NUL-terminated and always have their unit in canonical decimal.
 */
#define DARWIN_NAME_SIZE	16	/* IFNAMSIZ */
#define DARWIN_LLADDR_LEN	6

#define DARWIN_UNIT_ANY		0x7fffffff
#define DARWIN_UNIT_MAX		32767	/* of feth: IF_MAXUNIT in xnu */

/*
 * Units that are chosen here.  ZeroTier destroys feth0 to feth9999 when it
 * starts (osdep/MacEthernetTap.cpp there), so ours lie above.  The peer's is
 * never the user's to choose.
 */
#define DARWIN_UNIT_FIRST	10000	/* primaries: up to 19999 */
#define DARWIN_PEER_UNIT_FIRST	20000	/* peers: up to DARWIN_UNIT_MAX */

enum darwin_mode {
	DARWIN_POINT_TO_POINT = 1,	/* the numbers of tun@openssh.com */
	DARWIN_ETHERNET = 2
};

/* What was being done when a call failed. */
enum darwin_step {
	DARWIN_STEP_NONE,
	DARWIN_STEP_ARGUMENT,	/* EINVAL: unit, mode or name */
	DARWIN_STEP_CLAIM,	/* the caller's claim said no */
	DARWIN_STEP_SOCKET,	/* the socket that carries the ioctls */
	DARWIN_STEP_CREATE,	/* EEXIST taken, EPERM not root, EBUSY still
				 * being destroyed, EOPNOTSUPP no feth here */
	DARWIN_STEP_ADDRESS,	/* link-layer address of either side */
	DARWIN_STEP_MTU,	/* EINVAL: fault.limit is the maximum */
	DARWIN_STEP_PEER,	/* making the two peers of each other */
	DARWIN_STEP_UP,
	DARWIN_STEP_IDENTITY,	/* the pair is not the one expected */
	DARWIN_STEP_BPF_OPEN,	/* EBUSY: every node is in use; EACCES */
	DARWIN_STEP_BPF_SETUP,	/* an ioctl on it */
	DARWIN_STEP_NDRV,	/* the AF_NDRV socket */
	DARWIN_STEP_UTUN,	/* EBUSY: the unit is in use */
	DARWIN_STEP_TUNTAPOSX,
	DARWIN_STEP_DESTROY,
	DARWIN_STEP_COUNT
};

/* Why a call failed; errno says the rest. */
struct darwin_fault {
	enum darwin_step step;
	unsigned limit;			/* DARWIN_STEP_MTU: the maximum */
	char name[DARWIN_NAME_SIZE];	/* of the interface, or "" */
};

/*
 * A pair.  Its addresses are random and locally administered, so that a pair
 * which somebody else made under the same names later can be told from it.
 */
struct darwin_pair {
	char name[DARWIN_NAME_SIZE];	/* primary: the user's side */
	char peer[DARWIN_NAME_SIZE];	/* I/O peer: ours */
	uint8_t lladdr[DARWIN_LLADDR_LEN];	/* of the primary at first;
						 * the user may change it */
	uint8_t peer_lladdr[DARWIN_LLADDR_LEN];	/* nobody changes this one */
};

/*
 * Asked before a pair is made: may it be?  The owner of a registry writes the
 * pair down here, before anything exists that could be left behind.
 *
 * Returns 0, or -1: with errno EBUSY or EEXIST another unit is tried when the
 * unit is ours to choose; any other errno ends the search.
 */
typedef int (darwin_claim_fn)(void *ctx, const struct darwin_pair *pair);
/* A claimed pair could not be made: nothing of it exists. */
typedef void (darwin_unclaim_fn)(void *ctx, const struct darwin_pair *pair);

struct darwin_request {
	int unit;		/* 0 to DARWIN_UNIT_MAX, or DARWIN_UNIT_ANY */
	unsigned mtu;		/* of the primary; 0: as the system has it */
	const uint8_t *lladdr;	/* of the primary; NULL: random */
	int up;			/* bring the primary up, too */
	darwin_claim_fn *claim;		/* NULL: nothing is asked */
	darwin_unclaim_fn *unclaim;
	void *ctx;
};

/*
 * Make a pair: both sides created, addressed, peered with each other and
 * checked to be; the peer up.  Needs root.  EBUSY of a name that is still
 * being destroyed is waited for, up to DARWIN_BUSY_MS.
 *
 * Returns 0, or -1 with errno and *fault set and nothing of it left.
 */
#define DARWIN_BUSY_MS	3000
int darwin_pair_create(const struct darwin_request *rq,
    struct darwin_pair *pair, struct darwin_fault *fault);

/*
 * Destroy those of the two interfaces that are provably the pair's: the peer
 * has peer_lladdr; the primary is the peer's peer, or has lladdr and no
 * other peer.  What is not is left alone.  Needs root.
 *
 * Returns 0 when nothing of the pair is left, or -1 with errno and *fault
 * set: DARWIN_STEP_IDENTITY with EEXIST when an interface of these names is
 * there that is not ours.
 */
int darwin_pair_destroy(const struct darwin_pair *pair,
    struct darwin_fault *fault);

/*
 * What is there of a pair.  Needs no privilege.
 *
 * DARWIN_PAIR_WHOLE    both sides, ours, peers of each other
 * DARWIN_PAIR_PART     what is there is ours, and it is not whole
 * DARWIN_PAIR_NONE     neither name exists
 * DARWIN_PAIR_FOREIGN  one of the names is somebody else's
 * DARWIN_PAIR_BARE     no more than interfaces just made, by whomever: not
 *                      up, without peer, with the address of their creation
 */
enum darwin_pair_state {
	DARWIN_PAIR_NONE,
	DARWIN_PAIR_WHOLE,
	DARWIN_PAIR_PART,
	DARWIN_PAIR_BARE,
	DARWIN_PAIR_FOREIGN
};

/* Returns 0, or -1 with errno when the system does not say. */
int darwin_pair_state(const struct darwin_pair *pair,
    enum darwin_pair_state *statep);

/*
 * Destroy the sides of a pair that was claimed and whose maker died before
 * it was whole: as darwin_pair_destroy, and interfaces that are bare, too.
 * Only for the holder of the claim.
 */
int darwin_pair_reclaim(const struct darwin_pair *pair,
    struct darwin_fault *fault);

/*
 * Descriptors of a device.
 *
 * rfd:       select(2) tells when it is readable; poll(2) may not.
 * wfd:       the same number as rfd where there is one for both, never a
 *            duplicate.
 * read_size: what read(2) must be given, exactly, when framing is
 *            DARWIN_FRAMING_BPF; else the least that is safe.
 */
enum darwin_framing {
	DARWIN_FRAMING_BPF,	/* reads are for bpf-batch.h; writes: a frame */
	DARWIN_FRAMING_FRAME,	/* one Ethernet frame in each read and write */
	DARWIN_FRAMING_AF	/* family word, IP packet: darwin_af_* of
				 * tun-af.h */
};

struct darwin_device {
	int rfd;
	int wfd;
	size_t read_size;
	size_t write_max;	/* longest frame that wfd takes */
	enum darwin_framing framing;
	char name[DARWIN_NAME_SIZE];
};

/*
 * Open the two descriptors on a pair's peer.  Needs root.  Both are
 * close-on-exec and non-blocking; the socket raises no SIGPIPE.
 *
 * read_size: bpf buffer to ask for, 0 for DARWIN_READ_SIZE.  The kernel may
 *            give another one: dev->read_size says which.
 * Owner:     the caller closes both.  Closing them destroys nothing.
 */
#define DARWIN_READ_SIZE	131072
int darwin_pair_attach(const struct darwin_pair *pair, size_t read_size,
    struct darwin_device *dev, struct darwin_fault *fault);

/* What a descriptor pair that another process opened is: rfd and wfd. */
int darwin_device_adopt(int rfd, int wfd, enum darwin_mode mode,
    const char *name, struct darwin_device *dev);

/* Open utunN, or tuntaposx's /dev/tunN or /dev/tapN.  Needs root. */
int darwin_utun_open(int unit, struct darwin_device *dev,
    struct darwin_fault *fault);
int darwin_tuntaposx_open(int unit, enum darwin_mode mode, int up,
    struct darwin_device *dev, struct darwin_fault *fault);

/*
 * Bring up another program's interface of the name, or ours; needs root.
 * The MTU may be asked of any, the largest one where the driver tells, as
 * feth does; each may be NULL.
 * The address and the MTU of one can be changed; that needs root.
 * Return 0 or -1.
 */
int darwin_interface_up(const char *name);
int darwin_interface_mtu(const char *name, unsigned *mtup, unsigned *maxp);
int darwin_interface_set_mtu(const char *name, unsigned mtu);
int darwin_interface_lladdr(const char *name,
    uint8_t lladdr[DARWIN_LLADDR_LEN]);
int darwin_interface_set_lladdr(const char *name,
    const uint8_t lladdr[DARWIN_LLADDR_LEN]);
int darwin_interface_is_up(const char *name);	/* 1, 0, or -1 */

/*
 * Is the primary still there, and its peer the interface that rfd is
 * attached to?  No descriptor reports that it is not: ask every second or
 * so.  Needs no privilege.
 *
 * Returns 0, or -1 with errno ENXIO (it is not) or another (not known).
 */
int darwin_pair_check(const char *name, int rfd);

/*
 * One read(2) and one write(2), and what their results mean.
 *
 * darwin_read:  the length, 0 for nothing now (EAGAIN, EINTR, and a read of
 *               0, which is no end), or -1 with errno: ENXIO when the device
 *               is gone, EIO while a tuntaposx device is down.
 * darwin_write: 0 taken, 1 dropped (refused by us: a runt, which no device
 *               ever sees, or over write_max; or by the device: ENOBUFS,
 *               ENETDOWN, EMSGSIZE, EAGAIN, EIO), -1 with errno ENXIO when
 *               the device is gone.
 */
long darwin_read(const struct darwin_device *dev, uint8_t *buf);
int darwin_write(const struct darwin_device *dev, const uint8_t *frame,
    size_t len);

/*
 * A setting of net.link.fake that breaks frames of pairs made while it is
 * set: hwcsum, tso_support, fcs, trailer_length, bsd_mode.
 *
 * index:   0, 1, ... until NULL is returned, which is a constant.
 * valuep:  what it is; goodp: what it should be.
 */
const char *darwin_bad_setting(unsigned index, int *valuep, int *goodp);

/* Every feth interface: calls fn with its name and its peer's, or "". */
typedef int (darwin_feth_fn)(void *ctx, const char *name, const char *peer);
/* Returns 0, the first non-zero value of fn, or -1 with errno. */
int darwin_feth_each(darwin_feth_fn *fn, void *ctx);

/*
 * "feth10000" for 10000.  The unit of a name in canonical decimal, or -1.
 */
void darwin_feth_name(unsigned unit, char name[DARWIN_NAME_SIZE]);
int darwin_feth_unit(const char *name);

#endif /* PORT_NET_DARWIN_H */
