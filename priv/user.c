/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
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
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_GETSPNAM
#include <shadow.h>
#endif

#include "lib/err.h"
#include "lib/ids.h"
#include "lib/log.h"
#include "lib/text.h"
#include "openbsd-compat/port-trace.h"

/* (uid_t)-1 is "leave as it is" to setresuid. */
#define UID_LARGEST	4294967294ul

#define SECONDS_PER_DAY	(24 * 60 * 60)

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

static bool
has_expired(const char *name)
{
#ifdef HAVE_GETSPNAM
	const struct spwd *sp = getspnam(name);

	return sp != NULL && sp->sp_expire >= 0 &&
	    time(NULL) / SECONDS_PER_DAY >= sp->sp_expire;
#else
	(void)name;
	return false;
#endif
}

int
user_named(const char *name, struct user *u)
{
	const struct passwd *pw = getpwnam(name);
	int r;

	if (pw == NULL)
		return SSHTAP_ERR_NOT_FOUND;
	if ((r = copy_account(pw, u)) != 0)
		return r;
	if (!has_expired(u->name))
		return 0;
	user_clear(u);
	return SSHTAP_ERR_NOT_FOUND;
}

bool
user_is_member(const char *name, gid_t gid, gid_t group)
{
	const struct group *gr;
	char *const *member;

	if (gid == group)
		return true;
	if ((gr = getgrgid(group)) == NULL)
		return false;
	for (member = gr->gr_mem; *member != NULL; member++)
		if (strcmp(*member, name) == 0)
			return true;
	return false;
}

int
user_first_of(const char *const *names, struct user *u)
{
	const struct passwd *pw;

	for (; *names != NULL; names++)
		if ((pw = getpwnam(*names)) != NULL && pw->pw_uid != 0 &&
		    pw->pw_gid != 0)
			return copy_account(pw, u);
	return SSHTAP_ERR_NOT_FOUND;
}

int
user_unprivileged(struct user *u)
{
	static const char *const names[] = { "_sshtap", "sshtap", "nobody",
	    NULL };
	int r = user_first_of(names, u);

	if (r == SSHTAP_ERR_NOT_FOUND)
		log_error("no account to give up root for: add a user "
		    "\"_sshtap\" without login, or start it as a user");
	return r;
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

static int
set_environment(const struct user *u)
{
	if (setenv("HOME", u->home, 1) == -1 ||
	    setenv("USER", u->name, 1) == -1 ||
	    setenv("LOGNAME", u->name, 1) == -1)
		return SSHTAP_ERR_SYSTEM;
	return 0;
}

int
user_become(const struct user *u)
{
	const char *step;
	int r;

	if (getuid() == u->uid && geteuid() == u->uid && u->uid != 0)
		return 0;
	if ((r = ids_become(u->name, u->uid, u->gid, &step)) != 0)
		goto out;
	step = "no_new_privs";
	if ((r = ids_forbid_new_privileges()) != 0)
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
