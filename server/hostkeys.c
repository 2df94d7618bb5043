/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A new key is written under a name of its own and linked to its place when
 * it is whole: two servers that start at once end with one key, and a full
 * disk with none.
 */

#include "server/hostkeys.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/text.h"
#include "transport/keyfile.h"
#include "transport/namelist.h"

static bool
has_type(const struct hostkeys *h, enum key_type type)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (key_type(h->key[i]) == type)
			return true;
	return false;
}

static void
explain(const char *path, int r)
{
	switch (r) {
	case SSHTAP_ERR_NOT_FOUND:
		log_error("host key %s: no such file", path);
		break;
	case SSHTAP_ERR_PERMISSION:
		log_error("host key %s is open to others and is not used: "
		    "chmod 600 it", path);
		break;
	case SSHTAP_ERR_ENCRYPTED:
		log_error("host key %s is encrypted: a server cannot ask for "
		    "a passphrase", path);
		break;
	case SSHTAP_ERR_UNSUPPORTED:
		log_error("host key %s: not an OpenSSH private key of type "
		    "Ed25519, ECDSA on P-256 or RSA", path);
		break;
	default:
		log_error_r(r, "host key %s", path);
		break;
	}
}

static int
load(const char *path, struct key **kp)
{
	struct view text;
	struct buf b;
	int r;

	buf_init(&b, KEYFILE_TEXT_MAX);
	if ((r = file_read(path, FILE_SECRET, &b)) == 0) {
		text = buf_view(&b);
		r = keyfile_parse_private(&text, kp, NULL, NULL, NULL);
	}
	buf_clear(&b);
	return r;
}

int
hostkeys_load(struct hostkeys *h, const char *const *paths, size_t n)
{
	struct key *k;
	size_t i;
	int r;

	memset(h, 0, sizeof(*h));
	for (i = 0; i < n && h->n < HOSTKEYS_MAX; i++) {
		if ((r = load(paths[i], &k)) != 0) {
			explain(paths[i], r);
		} else if (has_type(h, key_type(k))) {
			log_warn("host key %s: another one of type %s comes "
			    "first", paths[i], key_type_name(k));
			key_free(k);
		} else
			h->key[h->n++] = k;
	}
	return h->n > 0 ? 0 : SSHTAP_ERR_NOT_FOUND;
}

void
hostkeys_clear(struct hostkeys *h)
{
	while (h->n > 0)
		key_free(h->key[--h->n]);
}

const struct key *
hostkeys_find(const struct hostkeys *h, const struct view *algorithm)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (key_type_has_algorithm(key_type(h->key[i]), algorithm))
			return h->key[i];
	return NULL;
}

int
hostkeys_algorithms(const struct hostkeys *h, const struct view *wanted,
    struct buf *out)
{
	struct view rest = *wanted, name;
	int r;

	while (view_get_name(&rest, &name))
		if (hostkeys_find(h, &name) != NULL &&
		    (r = namelist_add_view(out, &name)) != 0)
			return r;
	return 0;
}

static void
show(const char *what, const struct key *k)
{
	char fingerprint[KEY_FINGERPRINT_SIZE];
	struct view blob = key_blob(k);

	if (key_fingerprint(&blob, fingerprint) == 0)
		log_info("%s type=%s fingerprint=%s", what, key_type_name(k),
		    fingerprint);
}

void
hostkeys_show(const struct hostkeys *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		show("host-key", h->key[i]);
}

/* Making one. */

static int
write_all(int fd, struct view v)
{
	ssize_t n;

	while (v.len > 0) {
		n = write(fd, v.p, v.len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return SSHTAP_ERR_SYSTEM;
		v.p += n;
		v.len -= (size_t)n;
	}
	return fsync(fd) == -1 ? SSHTAP_ERR_SYSTEM : 0;
}

/* Put a whole file at a place where none is; EEXIST when there is one. */
static int
place(const char *path, struct view text, mode_t mode)
{
	char *new = text_format("%s.XXXXXX", path);
	int fd, r = SSHTAP_ERR_SYSTEM, saved;

	if (new == NULL)
		return SSHTAP_ERR_ALLOC;
	if ((fd = mkstemp(new)) == -1)
		goto out;
	if (fchmod(fd, mode) == 0 && (r = write_all(fd, text)) == 0)
		r = link(new, path) == -1 ? SSHTAP_ERR_SYSTEM : 0;
	saved = errno;
	(void)close(fd);
	(void)unlink(new);
	errno = saved;
 out:
	saved = errno;
	free(new);
	errno = saved;
	return r;
}

/* Only the last directory of the path: the others are the system's. */
static int
make_directory(const char *path)
{
	char *dir = strdup(path), *slash;
	int r = 0;

	if (dir == NULL)
		return SSHTAP_ERR_ALLOC;
	slash = strrchr(dir, '/');
	if (slash != NULL && slash != dir) {
		*slash = '\0';
		if (mkdir(dir, 0755) == -1 && errno != EEXIST)
			r = SSHTAP_ERR_SYSTEM;
	}
	free(dir);
	return r;
}

static int
write_private(const char *path, const struct key *k, const char *comment)
{
	struct buf b;
	int r;

	buf_init(&b, KEYFILE_TEXT_MAX);
	if ((r = keyfile_put_private(&b, k, comment)) == 0)
		r = place(path, buf_view(&b), 0600);
	buf_clear(&b);
	return r;
}

/* For people; the server does not read it, and can do without. */
static void
write_public(const char *path, const struct key *k, const char *comment)
{
	char *name = text_format("%s.pub", path);
	struct view blob = key_blob(k);
	struct buf b;
	int r;

	buf_init(&b, KEYFILE_TEXT_MAX);
	if (name == NULL ||
	    (r = keyfile_put_public(&b, &blob, comment)) != 0)
		r = SSHTAP_ERR_ALLOC;
	else
		r = place(name, buf_view(&b), 0644);
	if (r != 0)
		log_warn_r(r, "cannot write %s.pub", path);
	buf_clear(&b);
	free(name);
}

int
hostkeys_make(const char *path)
{
	char comment[256] = "";
	struct key *k = NULL;
	int r;

	if (access(path, F_OK) == 0 || errno != ENOENT)
		return 0;
	(void)gethostname(comment, sizeof(comment) - 1);
	if ((r = make_directory(path)) == 0 &&
	    (r = key_generate(KEY_ED25519, &k)) == 0)
		r = write_private(path, k, comment);
	if (r == SSHTAP_ERR_SYSTEM && errno == EEXIST) {
		r = 0;		/* another server was faster */
	} else if (r != 0) {
		log_error_r(r, "cannot make the host key %s", path);
	} else {
		write_public(path, k, comment);
		log_info("made the host key %s", path);
		show("host-key", k);
	}
	key_free(k);
	return r;
}
