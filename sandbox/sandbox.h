/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef SANDBOX_H
#define SANDBOX_H

#include <sys/types.h>

#include <stdbool.h>

/*
 * What confines a process that parses network bytes: whoever takes it over
 * has the descriptors it holds and the processor, and nothing else.
 *
 * What has to be done before entering, since it is not possible after:
 *
 * - Everything is open that will be needed; more can only be received from
 *   another process (lib/fdpass.h).  What is not needed is closed, and
 *   nothing secret is left in the environment.
 * - Signal handlers are installed (lib/signals.h).
 * - RAND_bytes has been called once: libcrypto reads its configuration and
 *   loads its providers then.
 * - tzset has been called if times are shown: localtime_r needs no file any
 *   more, whereas localtime looks for a new one in every call.
 * - Nothing is printed to stdout: the first print asks what stdout is.
 * - No locale but "C": messages of another one are in files.
 */
enum sandbox_role {
	/*
	 * Speaks with the client.  Has its socket or pipes, a socket to the
	 * monitor over which devices come, and the devices.
	 */
	SANDBOX_NETWORK,
	/* Reads a key and a signature from one socket, answers there. */
	SANDBOX_CHECKER,
	SANDBOX_ROLE_COUNT
};

/* Descriptor numbers that are in use or can come; they end below it. */
#define SANDBOX_FDS_MAX		64

/*
 * Bytes of heap and other data of its own.  A session with all its queues
 * full needs less than a quarter of it.
 */
#define SANDBOX_DATA_MAX	(64ul * 1024 * 1024)

/* Zeroed, then filled. */
struct sandbox_config {
	enum sandbox_role role;
	/*
	 * The root of the process from now on: an empty directory that only
	 * its owner, root, may write to.  NULL: none, for who is not root.
	 */
	const char *chroot_dir;
	/* Whom to become.  Needed if we are root, impossible if not. */
	bool has_ids;
	uid_t uid;		/* not 0 */
	gid_t gid;
	unsigned fds_max;	/* 0 for SANDBOX_FDS_MAX */
	/*
	 * A descriptor (of a log, say) may be a file.  Otherwise writing to
	 * one is refused, with the signal SIGXFSZ.
	 */
	bool writes_file;
};

/* What is in force. */
#define SANDBOX_HAS_CHROOT	0x01u
#define SANDBOX_HAS_IDS		0x02u	/* became another user */
#define SANDBOX_HAS_PRIVILEGES	0x04u	/* and gets none: no set-uid program */
#define SANDBOX_HAS_LIMITS	0x08u	/* descriptors, processes, files */
#define SANDBOX_HAS_DATA_LIMIT	0x10u
#define SANDBOX_HAS_LANDLOCK	0x20u
#define SANDBOX_HAS_SECCOMP	0x40u

#define SANDBOX_TEXT_MAX	512

struct sandbox_report {
	unsigned in_force;
	/*
	 * For a line of a log: what is in force and what is not for lack of
	 * support, with the reason; or what failed.
	 */
	char text[SANDBOX_TEXT_MAX];
};

/*
 * Confine this process for good; it has one thread.
 *
 * A call that is forbidden ends it with SIGSYS where the system can filter
 * calls; whoever waits for it should say so.
 *
 * Returns 0; SSHTAP_ERR_ARGUMENT, SSHTAP_ERR_PERMISSION (chroot_dir is
 * another's or may be written to), SSHTAP_ERR_SYSTEM, SSHTAP_ERR_INTERNAL.
 * On failure rp->text says of what, and the caller must not go on: part of
 * it may be in force.  What the system lacks is no failure.
 */
int sandbox_enter(const struct sandbox_config *c, struct sandbox_report *rp);

#endif /* SANDBOX_H */
