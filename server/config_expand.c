/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Names of AuthorizedKeysFile.  They are opened for somebody who has not
 * logged in yet, so what is put into them must not lead anywhere else: a user
 * is one part of a path.
 */

#include <string.h>

#include "lib/err.h"
#include "server/config_impl.h"

/* What stands for what. */
struct tokens {
	const char *user, *home;
	uid_t uid;
};

static int
put_token(struct buf *out, char token, const struct tokens *t)
{
	switch (token) {
	case '%':
		return buf_put_u8(out, '%');
	case 'h':
		return buf_put(out, t->home, strlen(t->home));
	case 'u':
		return buf_put(out, t->user, strlen(t->user));
	case 'U':
		return buf_put_format(out, "%lu", (unsigned long)t->uid);
	default:
		return SSHTAP_ERR_FORMAT;
	}
}

static int
put_pattern(struct buf *out, const char *s, const struct tokens *t)
{
	int r = 0;

	while (*s != '\0' && r == 0) {
		if (*s == '%') {
			r = put_token(out, s[1], t);
			s++;
		} else
			r = buf_put_u8(out, (uint8_t)*s);
		if (*s != '\0')
			s++;
	}
	return r;
}

bool
server_config_is_pattern(const char *pattern)
{
	const struct tokens none = { .user = "", .home = "" };
	struct buf out;
	int r;

	buf_init(&out, SERVER_CONFIG_PATH_MAX);
	r = put_pattern(&out, pattern, &none);
	buf_clear(&out);
	return r == 0;
}

static bool
is_part(const char *user)
{
	return *user != '\0' && strchr(user, '/') == NULL &&
	    strcmp(user, ".") != 0 && strcmp(user, "..") != 0;
}

/* Without one, "%h/keys" would be a path from the root. */
static bool
needs_home(const char *pattern)
{
	return *pattern != '/' || strstr(pattern, "%h") != NULL;
}

static int
put_path(struct buf *out, const char *pattern, const struct tokens *t)
{
	struct buf path;
	struct view v;
	int r;

	buf_init(&path, SERVER_CONFIG_PATH_MAX);
	if ((r = put_pattern(&path, pattern, t)) != 0)
		goto out;
	v = buf_view(&path);
	if (!view_starts_with(&v, "/") &&
	    (r = buf_put_format(out, "%s/", t->home)) != 0)
		goto out;
	r = buf_put_view(out, &v);
 out:
	buf_clear(&path);
	return r;
}

int
server_config_expand(const char *pattern, const char *user, const char *home,
    uid_t uid, char **pathp)
{
	const struct tokens t = { .user = user, .home = home, .uid = uid };
	struct buf out;
	struct view v;
	int r;

	if (!is_part(user) || (needs_home(pattern) && *home != '/'))
		return SSHTAP_ERR_ARGUMENT;
	buf_init(&out, SERVER_CONFIG_PATH_MAX);
	if ((r = put_path(&out, pattern, &t)) == 0) {
		v = buf_view(&out);
		r = view_to_cstring(&v, pathp);
	}
	buf_clear(&out);
	return r;
}
