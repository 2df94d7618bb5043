/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef USER_H
#define USER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Whose keys and whose rights.  The invoking user is the one who typed the
 * command: the caller of sudo(8) or doas(1) when there is one.
 */
struct user {
	uid_t uid;
	gid_t gid;
	char *name;
	char *home;
	bool is_root;
};

/* What fails below is logged in one line, except in user_protect_memory. */

/*
 * SUDO_UID (or DOAS_USER) counts only when we run as root.
 * Returns 0, SSHTAP_ERR_NOT_FOUND (no such account), SSHTAP_ERR_ALLOC.
 */
int user_invoking(struct user *u);

/*
 * An account for parsing network bytes when the invoking user is root: the
 * first of "_sshtap", "sshtap", "nobody" that exists and is not root.
 */
int user_unprivileged(struct user *u);

/*
 * The account of that name, unless it has expired (shadow(5)).  Says nothing.
 * Returns 0, SSHTAP_ERR_NOT_FOUND, SSHTAP_ERR_ALLOC.
 */
int user_named(const char *name, struct user *u);

/* Is the account, whose own group is gid, a member of this group? */
bool user_is_member(const char *name, gid_t gid, gid_t group);

/* The first account of a list of names, ended by NULL, that is not root. */
int user_first_of(const char *const *names, struct user *u);

void user_clear(struct user *u);

/* The rights to go back to. */
struct user_rights {
	gid_t gid;
	gid_t *groups;		/* NULL: nothing was changed */
	int ngroups;
};

/*
 * Act as u where we are root and u is not, and stop doing so: root must not
 * touch what the one who named a path may not.
 * Both return 0, or SSHTAP_ERR_SYSTEM.  When user_resume fails the caller
 * must not go on.
 */
int user_assume(const struct user *u, struct user_rights *own);
int user_resume(struct user_rights *own);

/*
 * open(2) a file as u would, who is then also the owner of a new one.
 * Returns the descriptor, or -1 with errno.
 */
int user_open(const struct user *u, const char *path, int flags, mode_t mode);

/*
 * Become u for good: groups (initgroups), gid, uid, all three of each,
 * verified; HOME, USER, LOGNAME; no new privileges where the system has that.
 * Does nothing when we are u already and not root.
 * Returns 0, or SSHTAP_ERR_SYSTEM: the caller must not go on.
 */
int user_become(const struct user *u);

/* Become what user_unprivileged finds. */
int user_become_unprivileged(void);

/*
 * No core dumps and no ptrace by equals: key material is in memory.  A change
 * of user may undo the latter, so this comes after user_become.
 */
int user_protect_memory(void);

#endif /* USER_H */
