/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef TAP_ADMIN_H
#define TAP_ADMIN_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "tun/tap.h"

/*
 * The devices of this system, beyond the one that a program has open: those
 * that stay, those that are left over, and those of others, which are shown
 * and never touched.
 */
enum tap_owner {
	TAP_OWNER_FOREIGN,	/* not made by us, as far as can be proved */
	TAP_OWNER_LIVE,		/* made by a process that is still there */
	TAP_OWNER_DEAD,		/* its maker has died: left over */
	TAP_OWNER_KEPT,		/* made to stay (tap_create) */
	TAP_OWNER_COUNT
};

struct tap_info {
	char name[TAP_NAME_SIZE];	/* the user's side */
	char peer[TAP_NAME_SIZE];	/* the I/O peer, or "" */
	enum tap_mode mode;
	enum tap_owner owner;
	bool is_used;		/* some process has it open */
	bool is_up;
	unsigned mtu;
	bool has_lladdr;
	uint8_t lladdr[TAP_LLADDR_LEN];
	pid_t pid;		/* of who made it, or 0 when not known */
	/*
	 * Who may open it beside root: this user, and the members of this
	 * group; -1: none.  With neither, it is root alone on macOS; Linux
	 * lets in everybody then whom /dev/net/tun lets in.
	 */
	uid_t uid;
	gid_t gid;
};

/* Returns non-zero to end the walk. */
typedef int (tap_info_fn)(void *ctx, const struct tap_info *info);

/*
 * Every device of this system, by name; needs no privilege, and knows less
 * without it.
 * Returns 0, the first non-zero value of fn, or SSHTAP_ERR_SYSTEM.
 */
int tap_list(tap_info_fn *fn, void *ctx);

/* One of them.  Returns 0, SSHTAP_ERR_NOT_FOUND, SSHTAP_ERR_SYSTEM. */
int tap_show(const char *name, struct tap_info *info);

/*
 * Make a device that stays until tap_destroy or the next boot.  tap_open with
 * its unit attaches to it and leaves it there.
 *
 * uid:     who may open it, where the system can let another user do that
 *          (else TAP_STEP_REQUEST, EOPNOTSUPP); (uid_t)-1: nobody but root.
 * Returns as tap_open; *info is what was made.
 */
int tap_create(const struct tap_request *rq, uid_t uid, struct tap_info *info,
    struct tap_fault *fault);

/*
 * Destroy a device that is ours: one that was made to stay or is left over.
 *
 * Returns 0, SSHTAP_ERR_NOT_FOUND, or SSHTAP_ERR_SYSTEM with *fault set:
 * TAP_STEP_FOREIGN when it is not ours, EBUSY when it is in use.
 */
int tap_destroy(const char *name, struct tap_fault *fault);

/*
 * Destroy what dead processes of ours left over, and what remains of a device
 * that was made to stay and is no longer whole; nothing else.
 *
 * dry_run: only say what would be destroyed.
 * fn:      called for each, before it is destroyed; NULL: nobody is told.
 * Returns 0; the first non-zero value of fn, which ends the walk before that
 * device is destroyed; SSHTAP_ERR_SYSTEM with *fault set for the last one that
 * could not be, after trying all.
 */
int tap_reap(bool dry_run, tap_info_fn *fn, void *ctx,
    struct tap_fault *fault);

#endif /* TAP_ADMIN_H */
