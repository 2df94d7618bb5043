/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef IDS_H
#define IDS_H

#include <sys/types.h>

/*
 * Giving up root for good.  Whatever of this fails, the caller must not go
 * on.
 */

/*
 * Groups, gid and uid: real, effective and saved, read back, and without a
 * way back.  The signal to get when our parent ends stays what it was.
 *
 * name:    of the account, whose groups become ours; NULL for gid alone.
 * uid:     not root's, if the way back is to be tried.
 * stepp:   on failure what was being done, for a message.
 * Returns 0 or SSHTAP_ERR_SYSTEM.
 */
int ids_become(const char *name, uid_t uid, gid_t gid, const char **stepp);

/*
 * That we are uid and gid, all three of each, and nothing else.
 * Returns 0, or SSHTAP_ERR_SYSTEM (EPERM).
 */
int ids_verify(uid_t uid, gid_t gid);

/*
 * No program that is started later has more rights than we, set-uid or not.
 * Returns 0, also where the system has no such thing, or SSHTAP_ERR_SYSTEM.
 */
int ids_forbid_new_privileges(void);

#endif /* IDS_H */
