/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The order in which a process gives up root is fixed: groups, then gid,
 * then uid, since each step needs the rights that the next one takes.
 * Nothing is believed that was not read back.
 */

#include "config.h"

#include "lib/ids.h"

#include <sys/types.h>

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#ifdef HAVE_PRCTL
#include <sys/prctl.h>
#endif

#include "lib/err.h"

/* All three of each: a saved id is a way back. */
static int
set_ids(uid_t uid, gid_t gid)
{
#ifdef HAVE_SETRESGID
	if (setresgid(gid, gid, gid) == -1)
		return SSHTAP_ERR_SYSTEM;
#else
	/* From root it sets all three (macOS, setgid(2)). */
	if (setgid(gid) == -1)
		return SSHTAP_ERR_SYSTEM;
#endif
#ifdef HAVE_SETRESUID
	if (setresuid(uid, uid, uid) == -1)
		return SSHTAP_ERR_SYSTEM;
#else
	if (setuid(uid) == -1)
		return SSHTAP_ERR_SYSTEM;
#endif
	return 0;
}

/* Where saved ids cannot be read, trying to go back shows them. */
static bool
can_go_back(uid_t uid, gid_t gid, gid_t old_gid)
{
	if (uid == 0)
		return false;
	return setuid(0) != -1 || seteuid(0) != -1 || (gid != old_gid &&
	    (setgid(old_gid) != -1 || setegid(old_gid) != -1));
}

static int
check_ids(uid_t uid, gid_t gid, gid_t old_gid)
{
	uid_t ruid = getuid(), euid = geteuid(), suid = uid;
	gid_t rgid = getgid(), egid = getegid(), sgid = gid;

#if defined(HAVE_SETRESUID) && defined(HAVE_SETRESGID)
	if (getresuid(&ruid, &euid, &suid) == -1 ||
	    getresgid(&rgid, &egid, &sgid) == -1)
		return SSHTAP_ERR_SYSTEM;
#endif
	if (ruid == uid && euid == uid && suid == uid && rgid == gid &&
	    egid == gid && sgid == gid && !can_go_back(uid, gid, old_gid))
		return 0;
	errno = EPERM;
	return SSHTAP_ERR_SYSTEM;
}

/* The signal to get when our parent ends, 0 for none. */
static int
get_death_signal(void)
{
	int sig = 0;

#ifdef HAVE_PRCTL
	if (prctl(PR_GET_PDEATHSIG, &sig) == -1)
		sig = 0;
#endif
	return sig;
}

/*
 * The kernel forgets it when ids change (commit_creds in kernel/cred.c); a
 * parent that ended meanwhile is one that we should have ended with.
 */
static void
keep_death_signal(int sig, pid_t parent)
{
#ifdef HAVE_PRCTL
	if (sig == 0)
		return;
	(void)prctl(PR_SET_PDEATHSIG, sig);
	if (getppid() != parent)
		(void)raise(sig);
#else
	(void)sig;
	(void)parent;
#endif
}

int
ids_become(const char *name, uid_t uid, gid_t gid, const char **stepp)
{
	int r, death_signal = get_death_signal();
	pid_t parent = getppid();
	gid_t old_gid = getegid();

	*stepp = "setgroups";
	if ((name != NULL ? initgroups(name, gid) :
	    setgroups(1, &gid)) == -1)
		return SSHTAP_ERR_SYSTEM;
	*stepp = "setuid";
	if ((r = set_ids(uid, gid)) != 0)
		return r;
	*stepp = "verifying";
	if ((r = check_ids(uid, gid, old_gid)) != 0)
		return r;
	keep_death_signal(death_signal, parent);
	return 0;
}

int
ids_verify(uid_t uid, gid_t gid)
{
	return check_ids(uid, gid, gid);
}

int
ids_forbid_new_privileges(void)
{
#ifdef HAVE_PRCTL
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return SSHTAP_ERR_SYSTEM;
#endif
	return 0;
}
