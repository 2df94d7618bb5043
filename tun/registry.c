/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A directory with two files for each pair: NAME, which says what it is, and
 * NAME.lock, whose lock says that its owner is alive.  They are two so that
 * the first can be replaced as a whole and read by everybody, while the
 * second can be opened, and so locked, by the owner of the directory alone.
 *
 * Whoever changes the directory or looks at a lock holds the lock of the file
 * .lock meanwhile, which makes each call here one step to all others.  What
 * remains is death in the middle of one, so the order is: NAME appears, with
 * rename(2), before NAME.lock; NAME.lock goes before NAME.  A pair without
 * its lock file has a dead owner; a lock file without its pair does not
 * exist.
 *
 * A name never leaves the directory: it is checked before it is used, and
 * files are opened relative to the directory's descriptor, without following
 * links and without waiting for the other end of a FIFO.
 */

#include "config.h"

#include "tun/registry.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"

#define MUTEX_FILE	".lock"
#define NEW_FILE	".new"		/* of whoever holds the mutex */
#define LOCK_SUFFIX	".lock"
#define LOCK_NAME_SIZE	(REGISTRY_NAME_SIZE + sizeof(LOCK_SUFFIX) - 1)

#define ENTRY_SIZE_MAX	512
#define ENTRIES_MAX	32768		/* units that there are of feth */

#define SAFE_FLAGS	(O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

/* The directory, open. */
struct place {
	int dir;
	int mutex;		/* -1: only looked at, by another user */
};

static void
close_fd(int *fdp)
{
	int saved_errno = errno;

	if (*fdp != -1)
		(void)close(*fdp);
	*fdp = -1;
	errno = saved_errno;
}

const char *
registry_dir(void)
{
#ifdef DARWIN_SIM
	const char *dir = getenv("DARWIN_SIM_REGISTRY");

	if (dir != NULL)
		return dir;
#endif
	return REGISTRY_DIR;
}

/* Letters and a number without leading zeros; so neither "." nor "/". */
static bool
is_name(const char *name)
{
	size_t len = strnlen(name, REGISTRY_NAME_SIZE), letters, digits;

	if (len == REGISTRY_NAME_SIZE)
		return false;
	letters = strspn(name, "abcdefghijklmnopqrstuvwxyz");
	if (letters == 0)
		return false;
	digits = strspn(name + letters, "0123456789");
	return digits > 0 && letters + digits == len &&
	    (digits == 1 || name[letters] != '0');
}

static void
set_lock_name(const char *name, char out[LOCK_NAME_SIZE])
{
	(void)snprintf(out, LOCK_NAME_SIZE, "%s%s", name, LOCK_SUFFIX);
}

/* === The directory === */

static int
open_dir(const char *dir, int *fdp)
{
	struct stat st;
	int fd;

	fd = open(dir, O_RDONLY | O_DIRECTORY | SAFE_FLAGS);
	if (fd == -1)
		return errno == ENOENT ? SSHTAP_ERR_NOT_FOUND :
		    SSHTAP_ERR_SYSTEM;
	if (fstat(fd, &st) == -1) {
		close_fd(&fd);
		return SSHTAP_ERR_SYSTEM;
	}
	if ((st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		close_fd(&fd);
		errno = EPERM;
		return SSHTAP_ERR_SYSTEM;
	}
	*fdp = fd;
	return 0;
}

/* The mode is set once more because a umask may have taken from it. */
static int
make_dir(const char *dir, int *fdp)
{
	bool made;
	int r;

	if ((r = open_dir(dir, fdp)) != SSHTAP_ERR_NOT_FOUND)
		return r;
	made = mkdir(dir, 0755) == 0;
	if (!made && errno != EEXIST)
		return SSHTAP_ERR_SYSTEM;
	if ((r = open_dir(dir, fdp)) == SSHTAP_ERR_NOT_FOUND)
		return SSHTAP_ERR_SYSTEM;
	if (r == 0 && made && fchmod(*fdp, 0755) == -1) {
		close_fd(fdp);
		return SSHTAP_ERR_SYSTEM;
	}
	return r;
}

static void
leave(struct place *pl)
{
	close_fd(&pl->mutex);
	close_fd(&pl->dir);
}

static int
take_mutex(struct place *pl)
{
	int r;

	pl->mutex = openat(pl->dir, MUTEX_FILE, O_RDWR | O_CREAT | SAFE_FLAGS,
	    0600);
	if (pl->mutex == -1)
		return SSHTAP_ERR_SYSTEM;
	do {
		r = flock(pl->mutex, LOCK_EX);
	} while (r == -1 && errno == EINTR);
	return r == -1 ? SSHTAP_ERR_SYSTEM : 0;
}

/* To change something. */
static int
enter(const char *dir, struct place *pl)
{
	int r;

	*pl = (struct place){ .dir = -1, .mutex = -1 };
	if ((r = open_dir(dir, &pl->dir)) == 0)
		r = take_mutex(pl);
	if (r != 0)
		leave(pl);
	return r;
}

static int
enter_new(const char *dir, struct place *pl)
{
	int r;

	*pl = (struct place){ .dir = -1, .mutex = -1 };
	if ((r = make_dir(dir, &pl->dir)) == 0)
		r = take_mutex(pl);
	if (r != 0)
		leave(pl);
	return r;
}

/* To look at something; who may not take the mutex goes without. */
static int
visit(const char *dir, struct place *pl)
{
	int r;

	*pl = (struct place){ .dir = -1, .mutex = -1 };
	if ((r = open_dir(dir, &pl->dir)) == 0 && take_mutex(pl) != 0)
		close_fd(&pl->mutex);
	return r;
}

/* === What stands in a file === */

static void
format_lladdr(const uint8_t a[REGISTRY_LLADDR_LEN], char out[18])
{
	(void)snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1],
	    a[2], a[3], a[4], a[5]);
}

static size_t
format_entry(const struct registry_entry *e, char out[ENTRY_SIZE_MAX])
{
	char lladdr[18], peer_lladdr[18];
	int n;

	format_lladdr(e->lladdr, lladdr);
	format_lladdr(e->peer_lladdr, peer_lladdr);
	n = snprintf(out, ENTRY_SIZE_MAX, "ethtap 1\nname %s\npeer %s\n"
	    "lladdr %s\npeer-lladdr %s\npid %ld\nmade %s\nkept %s\n",
	    e->name, e->peer, lladdr, peer_lladdr, (long)e->pid,
	    e->is_made ? "yes" : "no", e->is_kept ? "yes" : "no");
	return n < 0 ? 0 : (size_t)n;
}

static bool
is_sane(const struct registry_entry *e)
{
	return is_name(e->name) && is_name(e->peer) &&
	    strcmp(e->name, e->peer) != 0 && e->pid > 0;
}

static void
parse_lladdr(const char *s, uint8_t out[REGISTRY_LLADDR_LEN])
{
	unsigned i;

	for (i = 0; i < REGISTRY_LLADDR_LEN && *s != '\0'; i++) {
		out[i] = (uint8_t)strtoul(s, NULL, 16);
		s += strcspn(s, ":");
		s += *s == ':';
	}
}

/*
 * Read loosely, then written again: only what comes out the same, byte for
 * byte, was well formed.
 */
static int
parse_entry(const char *text, size_t len, struct registry_entry *e)
{
	char lladdr[18], peer_lladdr[18], pid[11], made[4], kept[4];
	char again[ENTRY_SIZE_MAX];
	long n;

	memset(e, 0, sizeof(*e));
	if (sscanf(text, "ethtap 1 name %15[a-z0-9] peer %15[a-z0-9]"
	    " lladdr %17[0-9a-f:] peer-lladdr %17[0-9a-f:]"
	    " pid %10[0-9] made %3[a-z] kept %3[a-z]", e->name, e->peer,
	    lladdr, peer_lladdr, pid, made, kept) != 7)
		return SSHTAP_ERR_FORMAT;
	parse_lladdr(lladdr, e->lladdr);
	parse_lladdr(peer_lladdr, e->peer_lladdr);
	n = strtol(pid, NULL, 10);
	e->pid = n > INT_MAX ? 0 : (pid_t)n;
	e->is_made = strcmp(made, "yes") == 0;
	e->is_kept = strcmp(kept, "yes") == 0;
	if (!is_sane(e) || format_entry(e, again) != len ||
	    memcmp(again, text, len) != 0)
		return SSHTAP_ERR_FORMAT;
	return 0;
}

/* All of a regular file of at most size bytes. */
static int
read_file(const struct place *pl, const char *name, char *out, size_t size,
    size_t *lenp)
{
	int fd, r = SSHTAP_ERR_FORMAT;
	struct stat st;
	ssize_t n;

	if ((fd = openat(pl->dir, name, O_RDONLY | SAFE_FLAGS)) == -1) {
		if (errno == ENOENT)
			return SSHTAP_ERR_NOT_FOUND;
		return errno == ELOOP ? SSHTAP_ERR_FORMAT : SSHTAP_ERR_SYSTEM;
	}
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		goto out;
	/* A file is written before it has its name, so one read gets it. */
	if ((n = read(fd, out, size)) == -1) {
		r = SSHTAP_ERR_SYSTEM;
		goto out;
	}
	if ((size_t)n == size)
		goto out;
	*lenp = (size_t)n;
	r = 0;
 out:
	close_fd(&fd);
	return r;
}

static int
read_entry(const struct place *pl, const char *name,
    struct registry_entry *e)
{
	char text[ENTRY_SIZE_MAX + 1];
	struct registry_entry got;
	size_t len;
	int r;

	if (!is_name(name))
		return SSHTAP_ERR_NOT_FOUND;
	if ((r = read_file(pl, name, text, sizeof(text), &len)) != 0)
		return r;
	text[len] = '\0';
	if ((r = parse_entry(text, len, &got)) != 0)
		return r;
	if (strcmp(got.name, name) != 0)
		return SSHTAP_ERR_FORMAT;
	*e = got;
	return 0;
}

static int
write_entry(const struct place *pl, const struct registry_entry *e)
{
	char text[ENTRY_SIZE_MAX];
	size_t len = format_entry(e, text);
	int fd, r = SSHTAP_ERR_SYSTEM;
	ssize_t n;

	/* One may be left of somebody who died just here. */
	if (unlinkat(pl->dir, NEW_FILE, 0) == -1 && errno != ENOENT)
		return SSHTAP_ERR_SYSTEM;
	fd = openat(pl->dir, NEW_FILE,
	    O_WRONLY | O_CREAT | O_EXCL | SAFE_FLAGS, 0644);
	if (fd == -1 || fchmod(fd, 0644) == -1)
		goto out;
	if ((n = write(fd, text, len)) != (ssize_t)len) {
		if (n != -1)
			errno = ENOSPC;
		goto out;
	}
	if (renameat(pl->dir, NEW_FILE, pl->dir, e->name) == -1)
		goto out;
	r = 0;
 out:
	close_fd(&fd);
	return r;
}

/* === Locks === */

static bool
is_alive(pid_t pid)
{
	return kill(pid, 0) == 0 || errno == EPERM;
}

static bool
is_locked(const struct place *pl, const struct registry_entry *e)
{
	char name[LOCK_NAME_SIZE];
	bool locked;
	int fd;

	set_lock_name(e->name, name);
	fd = openat(pl->dir, name, O_RDWR | SAFE_FLAGS);
	if (fd == -1)
		return errno != ENOENT && is_alive(e->pid);
	locked = flock(fd, LOCK_EX | LOCK_NB) == -1;
	close_fd(&fd);
	return locked;
}

static int
take_lock(const struct place *pl, const char *entry, int *lockp)
{
	char name[LOCK_NAME_SIZE];
	int fd;

	set_lock_name(entry, name);
	fd = openat(pl->dir, name, O_RDWR | O_CREAT | SAFE_FLAGS, 0600);
	if (fd == -1)
		return SSHTAP_ERR_SYSTEM;
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EWOULDBLOCK)
			errno = EBUSY;
		close_fd(&fd);
		return SSHTAP_ERR_SYSTEM;
	}
	*lockp = fd;
	return 0;
}

/* A lock whose file was removed belongs to an entry that is no more. */
static int
check_lock(const struct place *pl, const char *entry, int lock)
{
	char name[LOCK_NAME_SIZE];
	struct stat here, mine;

	if (!is_name(entry) || fstat(lock, &mine) == -1)
		return SSHTAP_ERR_SYSTEM;
	set_lock_name(entry, name);
	if (fstatat(pl->dir, name, &here, AT_SYMLINK_NOFOLLOW) == -1 ||
	    here.st_dev != mine.st_dev || here.st_ino != mine.st_ino) {
		errno = ESTALE;
		return SSHTAP_ERR_SYSTEM;
	}
	return 0;
}

/* The entry goes even when its lock file cannot. */
static int
remove_entry(const struct place *pl, const char *entry)
{
	char name[LOCK_NAME_SIZE];
	int r = 0;

	set_lock_name(entry, name);
	if (unlinkat(pl->dir, name, 0) == -1 && errno != ENOENT)
		r = SSHTAP_ERR_SYSTEM;
	return unlinkat(pl->dir, entry, 0) == -1 ? SSHTAP_ERR_SYSTEM : r;
}

/* === All entries === */

struct names {
	char (*v)[REGISTRY_NAME_SIZE];
	size_t n;
	size_t room;
};

static int
add_name(struct names *ns, const char *name)
{
	size_t room = ns->room == 0 ? 16 : ns->room * 2;
	void *v;

	if (!is_name(name))
		return 0;
	if (ns->n == ENTRIES_MAX) {
		errno = EFBIG;
		return SSHTAP_ERR_SYSTEM;
	}
	if (ns->n == ns->room) {
		if ((v = realloc(ns->v, room * sizeof(*ns->v))) == NULL)
			return SSHTAP_ERR_SYSTEM;
		ns->v = v;
		ns->room = room;
	}
	memcpy(ns->v[ns->n++], name, strlen(name) + 1);
	return 0;
}

static void
free_names(struct names *ns)
{
	int saved_errno = errno;

	free(ns->v);
	errno = saved_errno;
}

/* Shorter ones first, so that numbers come in their order. */
static int
compare_names(const void *a, const void *b)
{
	size_t alen = strlen(a), blen = strlen(b);

	if (alen != blen)
		return alen < blen ? -1 : 1;
	return strcmp(a, b);
}

static int
add_names(struct names *ns, DIR *d)
{
	const struct dirent *de;
	int r = 0;

	while (r == 0) {
		errno = 0;
		if ((de = readdir(d)) == NULL)
			return errno == 0 ? 0 : SSHTAP_ERR_SYSTEM;
		r = add_name(ns, de->d_name);
	}
	return r;
}

/* ns->v is the caller's to free, also after a failure. */
static int
read_names(const struct place *pl, struct names *ns)
{
	int fd, r, saved_errno;
	DIR *d;

	fd = openat(pl->dir, ".", O_RDONLY | O_DIRECTORY | SAFE_FLAGS);
	if (fd == -1 || (d = fdopendir(fd)) == NULL) {
		close_fd(&fd);
		return SSHTAP_ERR_SYSTEM;
	}
	r = add_names(ns, d);
	saved_errno = errno;
	(void)closedir(d);
	errno = saved_errno;
	if (r == 0 && ns->n > 0)
		qsort(ns->v, ns->n, sizeof(*ns->v), compare_names);
	return r;
}

static bool
has_name(const struct registry_entry *e, const char *name)
{
	return strcmp(e->name, name) == 0 || strcmp(e->peer, name) == 0;
}

/* A malformed file takes the name that it has. */
static int
check_free(const struct place *pl, const struct registry_entry *e)
{
	struct names ns = { .v = NULL };
	struct registry_entry other;
	int r;

	if ((r = read_names(pl, &ns)) != 0)
		goto out;
	while (ns.n > 0) {
		ns.n--;
		if (!has_name(e, ns.v[ns.n]) &&
		    (read_entry(pl, ns.v[ns.n], &other) != 0 ||
		    (!has_name(e, other.name) && !has_name(e, other.peer))))
			continue;
		errno = EEXIST;
		r = SSHTAP_ERR_SYSTEM;
		break;
	}
 out:
	free_names(&ns);
	return r;
}

/* === Calls === */

int
registry_claim(const char *dir, const struct registry_entry *e, int *lockp)
{
	int r, saved_errno;
	struct place pl;

	if (!is_sane(e)) {
		errno = EINVAL;
		return SSHTAP_ERR_SYSTEM;
	}
	if ((r = enter_new(dir, &pl)) != 0)
		return r;
	if ((r = check_free(&pl, e)) != 0 || (r = write_entry(&pl, e)) != 0)
		goto out;
	if ((r = take_lock(&pl, e->name, lockp)) != 0) {
		saved_errno = errno;
		(void)remove_entry(&pl, e->name);
		errno = saved_errno;
	}
 out:
	leave(&pl);
	return r;
}

static int
set_flags(const char *dir, const char *name, int lock, bool made, bool kept)
{
	struct registry_entry e;
	struct place pl;
	int r;

	if ((r = enter(dir, &pl)) != 0)
		return SSHTAP_ERR_SYSTEM;
	if ((r = check_lock(&pl, name, lock)) != 0)
		goto out;
	if ((r = read_entry(&pl, name, &e)) != 0) {
		errno = ESTALE;
		r = SSHTAP_ERR_SYSTEM;
		goto out;
	}
	e.is_made = e.is_made || made;
	e.is_kept = e.is_kept || kept;
	r = write_entry(&pl, &e);
 out:
	leave(&pl);
	return r;
}

int
registry_made(const char *dir, const char *name, int lock)
{
	return set_flags(dir, name, lock, true, false);
}

int
registry_keep(const char *dir, const char *name, int lock)
{
	return set_flags(dir, name, lock, false, true);
}

int
registry_lock(const char *dir, const char *name, struct registry_entry *e,
    int *lockp)
{
	struct registry_entry got;
	struct place pl;
	int r;

	if ((r = enter(dir, &pl)) != 0)
		return r;
	if ((r = read_entry(&pl, name, &got)) == 0 &&
	    (r = take_lock(&pl, name, lockp)) == 0) {
		got.is_locked = true;
		*e = got;
	}
	leave(&pl);
	return r;
}

int
registry_strike(const char *dir, const char *name, int *lockp)
{
	struct place pl;
	int r;

	if ((r = enter(dir, &pl)) == 0) {
		if ((r = check_lock(&pl, name, *lockp)) == 0)
			r = remove_entry(&pl, name);
		leave(&pl);
	}
	close_fd(lockp);
	return r == 0 ? 0 : SSHTAP_ERR_SYSTEM;
}

int
registry_look(const char *dir, const char *name, struct registry_entry *e)
{
	struct registry_entry got;
	struct place pl;
	int r;

	if ((r = visit(dir, &pl)) != 0)
		return r;
	if ((r = read_entry(&pl, name, &got)) == 0) {
		got.is_locked = is_locked(&pl, &got);
		*e = got;
	}
	leave(&pl);
	return r;
}

/* Nothing is held while fn runs: it may call everything here. */
int
registry_each(const char *dir, registry_fn *fn, void *ctx)
{
	struct names ns = { .v = NULL };
	struct registry_entry e;
	struct place pl;
	size_t i;
	int r;

	if ((r = visit(dir, &pl)) != 0)
		return r == SSHTAP_ERR_NOT_FOUND ? 0 : r;
	r = read_names(&pl, &ns);
	leave(&pl);
	for (i = 0; r == 0 && i < ns.n; i++) {
		r = registry_look(dir, ns.v[i], &e);
		if (r == 0)
			r = fn(ctx, &e);
		else if (r == SSHTAP_ERR_NOT_FOUND || r == SSHTAP_ERR_FORMAT)
			r = 0;
	}
	free_names(&ns);
	return r;
}
