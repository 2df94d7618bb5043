/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The order in which a process gives up root is fixed: groups, then gid,
 * then uid, since each step needs the rights that the next one takes.
 * Nothing is believed that was not read back.
 *
 * "No new privileges" also reaches every program that is started later: a
 * ProxyCommand or askpass that relies on a set-uid program (sudo, say) does
 * not work below an sshtap that began as root.
 */

#include "config.h"

#include "priv/user.h"

#include <sys/types.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_PRCTL
#include <sys/prctl.h>
#endif

#include "lib/err.h"
#include "lib/log.h"
#include "lib/text.h"
#include "openbsd-compat/port-trace.h"

/* (uid_t)-1 is "leave as it is" to setresuid. */
#define UID_LARGEST	4294967294ul

static int
copy_account(const struct passwd *pw, struct user *u)
{
	struct user copy = { .uid = pw->pw_uid, .gid = pw->pw_gid,
	    .is_root = pw->pw_uid == 0 };

	copy.name = strdup(pw->pw_name);
	copy.home = strdup(pw->pw_dir);
	if (copy.name == NULL || copy.home == NULL) {
		user_clear(&copy);
		return SSHTAP_ERR_ALLOC;
	}
	*u = copy;
	return 0;
}

static int
find_by_uid(uid_t uid, const char *origin, struct user *u)
{
	const struct passwd *pw;

	if ((pw = getpwuid(uid)) != NULL)
		return copy_account(pw, u);
	log_error("no account has the user id %lu%s: add one to the system's "
	    "user database", (unsigned long)uid, origin);
	return SSHTAP_ERR_NOT_FOUND;
}

static int
find_by_name(const char *name, struct user *u)
{
	const struct passwd *pw;

	if ((pw = getpwnam(name)) != NULL)
		return copy_account(pw, u);
	log_error("no account \"%s\", named by DOAS_USER: start it by "
	    "doas(1) itself, or unset it", name);
	return SSHTAP_ERR_NOT_FOUND;
}

int
user_invoking(struct user *u)
{
	const char *sudo = getenv("SUDO_UID"), *doas = getenv("DOAS_USER");
	unsigned long uid;

	/* Without root nobody can have spoken for us but ourselves. */
	if (getuid() != 0)
		return find_by_uid(getuid(), "", u);
	if (sudo != NULL && *sudo != '\0') {
		if (text_get_number(sudo, UID_LARGEST, &uid) == 0)
			return find_by_uid((uid_t)uid, " (SUDO_UID)", u);
		log_error("SUDO_UID is \"%s\", which is no user id: start it "
		    "by sudo(8) itself, or unset it", sudo);
		return SSHTAP_ERR_NOT_FOUND;
	}
	if (doas != NULL && *doas != '\0')
		return find_by_name(doas, u);
	return find_by_uid(0, "", u);
}

int
user_unprivileged(struct user *u)
{
	static const char *const names[] = { "_sshtap", "sshtap", "nobody" };
	const struct passwd *pw;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((pw = getpwnam(names[i])) != NULL && pw->pw_uid != 0 &&
		    pw->pw_gid != 0)
			return copy_account(pw, u);
	log_error("no account to give up root for: add a user \"_sshtap\" "
	    "without login, or start it as a user");
	return SSHTAP_ERR_NOT_FOUND;
}

void
user_clear(struct user *u)
{
	free(u->name);
	free(u->home);
	*u = (struct user){ .uid = 0 };
}

static int
get_groups(struct user_rights *own)
{
	int n;

	if ((n = getgroups(0, NULL)) == -1 ||
	    (own->groups = calloc((size_t)n + 1, sizeof(gid_t))) == NULL)
		return SSHTAP_ERR_SYSTEM;
	if ((own->ngroups = getgroups(n, own->groups)) == -1) {
		free(own->groups);
		own->groups = NULL;
		return SSHTAP_ERR_SYSTEM;
	}
	return 0;
}

/* macOS names more groups than it takes back; root needs none of them. */
static int
set_groups(const struct user_rights *own)
{
	if (setgroups(own->ngroups, own->groups) == 0)
		return 0;
	if (errno != EINVAL || own->ngroups <= NGROUPS_MAX)
		return -1;
	return setgroups(NGROUPS_MAX, own->groups);
}

int
user_assume(const struct user *u, struct user_rights *own)
{
	int saved_errno;

	*own = (struct user_rights){ .gid = getegid() };
	if (geteuid() != 0 || u->is_root)
		return 0;
	if (get_groups(own) != 0)
		return SSHTAP_ERR_SYSTEM;
	if (initgroups(u->name, u->gid) == 0 && setegid(u->gid) == 0 &&
	    seteuid(u->uid) == 0)
		return 0;
	saved_errno = errno;
	(void)user_resume(own);
	errno = saved_errno;
	return SSHTAP_ERR_SYSTEM;
}

int
user_resume(struct user_rights *own)
{
	int r = 0, saved_errno = errno;

	if (own->groups == NULL)
		return 0;
	/* The gid comes last: to BSD it is the first of the groups. */
	if (seteuid(0) == -1 || set_groups(own) == -1 ||
	    setegid(own->gid) == -1) {
		r = SSHTAP_ERR_SYSTEM;
		saved_errno = errno;
	}
	free(own->groups);
	own->groups = NULL;
	errno = saved_errno;
	return r;
}

int
user_open(const struct user *u, const char *path, int flags, mode_t mode)
{
	struct user_rights own;
	int fd, saved_errno;

	if (user_assume(u, &own) != 0)
		return -1;
	fd = open(path, flags, mode);
	if (user_resume(&own) != 0) {
		saved_errno = errno;
		if (fd != -1)
			(void)close(fd);
		fd = -1;
		errno = saved_errno;
	}
	return fd;
}

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

static int
set_environment(const struct user *u)
{
	if (setenv("HOME", u->home, 1) == -1 ||
	    setenv("USER", u->name, 1) == -1 ||
	    setenv("LOGNAME", u->name, 1) == -1)
		return SSHTAP_ERR_SYSTEM;
	return 0;
}

static int
forbid_new_privileges(void)
{
#ifdef HAVE_PRCTL
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return SSHTAP_ERR_SYSTEM;
#endif
	return 0;
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
user_become(const struct user *u)
{
	int r, death_signal = get_death_signal();
	const char *step = "setgroups";
	pid_t parent = getppid();
	gid_t old_gid = getegid();

	if (getuid() == u->uid && geteuid() == u->uid && u->uid != 0)
		return 0;
	if (initgroups(u->name, u->gid) == -1) {
		r = SSHTAP_ERR_SYSTEM;
		goto out;
	}
	step = "setuid";
	if ((r = set_ids(u->uid, u->gid)) != 0)
		goto out;
	step = "verifying";
	if ((r = check_ids(u->uid, u->gid, old_gid)) != 0)
		goto out;
	keep_death_signal(death_signal, parent);
	step = "no_new_privs";
	if ((r = forbid_new_privileges()) != 0)
		goto out;
	step = "environment";
	r = set_environment(u);
 out:
	if (r != 0)
		log_error_r(r, "cannot become user \"%s\": %s", u->name, step);
	return r;
}

int
user_become_unprivileged(void)
{
	struct user nobody;
	int r;

	if ((r = user_unprivileged(&nobody)) != 0)
		return r;
	r = user_become(&nobody);
	user_clear(&nobody);
	return r;
}

int
user_protect_memory(void)
{
	struct rlimit none = { .rlim_cur = 0, .rlim_max = 0 };

	if (setrlimit(RLIMIT_CORE, &none) == -1 || sys_forbid_trace() == -1)
		return SSHTAP_ERR_SYSTEM;
	return 0;
}
