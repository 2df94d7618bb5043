/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef REGISTRY_H
#define REGISTRY_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

/*
 * Who made which pair of interfaces.  One file for each, named after the
 * primary, in a directory that only root writes and that a boot empties, as
 * it removes the interfaces.  The maker holds a lock (flock(2)) on a second
 * file beside it as long as it lives, so that a dead one is known without
 * trusting process numbers; both are there before the pair is made.  Files
 * are read as hostile: bounded and checked.
 *
 * Everybody may read what is written, and nobody but the owner of the
 * directory can lock: flock(2) asks for no more than an open file.
 */
#define REGISTRY_DIR		"/var/run/ethtap"
#define REGISTRY_NAME_SIZE	16
#define REGISTRY_LLADDR_LEN	6

struct registry_entry {
	char name[REGISTRY_NAME_SIZE];
	char peer[REGISTRY_NAME_SIZE];
	uint8_t lladdr[REGISTRY_LLADDR_LEN];
	uint8_t peer_lladdr[REGISTRY_LLADDR_LEN];
	pid_t pid;		/* of the maker, for people only */
	bool is_made;		/* it was whole once: interfaces of the names
				 * that are bare now are somebody else's */
	bool is_kept;		/* made to stay without its maker */
	bool is_locked;		/* somebody alive holds it; who cannot look
				 * at locks is told whether pid is there */
};

/*
 * The directory of this system: REGISTRY_DIR, and nothing that the caller of
 * the program could choose.  Only a build for the simulated kernel takes it
 * from the environment (DARWIN_SIM_REGISTRY).
 */
const char *registry_dir(void);

/*
 * Write down a pair and lock it.
 *
 * dir:     made if it is missing, refused (EPERM) when others may write it.
 * lockp:   holds the lock; closed by the caller, or by its death.
 *          Close-on-exec; a child that is forked shares it.
 * Returns 0, or SSHTAP_ERR_SYSTEM: EEXIST when either name is written down
 * already, by whomever; EINVAL when a name or the pid is none.
 */
int registry_claim(const char *dir, const struct registry_entry *e,
    int *lockp);

/*
 * Set is_made, or is_kept, under the lock.
 * Returns 0, or SSHTAP_ERR_SYSTEM: ESTALE when the lock is not this entry's.
 */
int registry_made(const char *dir, const char *name, int lock);
int registry_keep(const char *dir, const char *name, int lock);

/*
 * Lock a pair that is written down and not locked.
 *
 * Returns 0, SSHTAP_ERR_NOT_FOUND, SSHTAP_ERR_FORMAT, or SSHTAP_ERR_SYSTEM:
 * EBUSY when somebody holds it.
 */
int registry_lock(const char *dir, const char *name, struct registry_entry *e,
    int *lockp);

/*
 * Strike a pair out, under the lock, which is closed and set to -1.
 * Returns 0 or SSHTAP_ERR_SYSTEM.
 */
int registry_strike(const char *dir, const char *name, int *lockp);

/*
 * Look one up, without a lock.
 * Returns 0, SSHTAP_ERR_NOT_FOUND, SSHTAP_ERR_FORMAT, SSHTAP_ERR_SYSTEM.
 */
int registry_look(const char *dir, const char *name,
    struct registry_entry *e);

/*
 * Call fn for each entry, by name; malformed files are passed over.  Entries
 * may be locked and struck out by fn.
 * Returns 0 (also when there is no directory), the first non-zero value of
 * fn, or SSHTAP_ERR_SYSTEM.
 */
typedef int (registry_fn)(void *ctx, const struct registry_entry *e);
int registry_each(const char *dir, registry_fn *fn, void *ctx);

#endif /* REGISTRY_H */
