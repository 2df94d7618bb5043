/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * One pass over the text, so that nothing that was put in is looked at again:
 * a user name "%h" or a variable that holds "${X}" stays what it is.
 *
 * A command goes to a shell, and its tokens stand for names that may come
 * from a link somebody clicked on or a file somebody cloned.  Quoting them
 * here would be wrong inside the user's own quotes, so names with characters
 * that a shell could act on are refused instead, whatever the quoting.
 */

#include "client/expand.h"

#include <openssl/evp.h>

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"

/* Longest result: more than any path or sensible command line. */
#define EXPAND_MAX	16384

/* RFC 1035 section 2.3.4 allows a name 255 bytes. */
#define EXPAND_SCRATCH	256

#define LETTERS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS	"0123456789"

static const char *
home_directory(void)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (home != NULL && *home != '\0')
		return home;
	return (pw = getpwuid(getuid())) != NULL ? pw->pw_dir : NULL;
}

static const char *
local_user(void)
{
	const struct passwd *pw = getpwuid(getuid());

	return pw != NULL ? pw->pw_name : NULL;
}

/* The name of this host in scratch; NULL when it has none. */
static const char *
local_host(char *scratch, bool first_label)
{
	if (gethostname(scratch, EXPAND_SCRATCH - 1) != 0)
		return NULL;
	scratch[EXPAND_SCRATCH - 1] = '\0';
	if (first_label)
		scratch[strcspn(scratch, ".")] = '\0';
	return scratch;
}

/* %C: SHA-1 over %l%h%p%r, in hexadecimal.  Reference: ssh_config(5). */
static const char *
connection_hash(const struct config *c, char *scratch)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	const char *local, *hash = NULL;
	unsigned i, len;
	struct buf b;
	struct view v;

	buf_init(&b, EXPAND_MAX);
	if ((local = local_host(scratch, false)) == NULL ||
	    buf_put_format(&b, "%s%s%u%s", local, c->hostname, c->port,
	    c->user) != 0)
		goto out;
	v = buf_view(&b);
	if (EVP_Digest(v.p, v.len, digest, &len, EVP_sha1(), NULL) != 1)
		goto out;
	for (i = 0; i < len && 2 * i + 3 <= EXPAND_SCRATCH; i++)
		(void)snprintf(scratch + 2 * i, 3, "%02x", digest[i]);
	hash = scratch;
 out:
	buf_clear(&b);
	return hash;
}

static const char *
number(unsigned long value, char *scratch)
{
	(void)snprintf(scratch, EXPAND_SCRATCH, "%lu", value);
	return scratch;
}

/*
 * What a token stands for, NULL when it is unknown.  scratch has
 * EXPAND_SCRATCH bytes for values that lie nowhere else.
 */
static const char *
token_value(const struct config *c, char token, char *scratch)
{
	switch (token) {
	case '%':
		return "%";
	case 'C':
		return connection_hash(c, scratch);
	case 'd':
		return home_directory();
	case 'h':
		return c->hostname;
	case 'i':
		return number(getuid(), scratch);
	case 'j':
		return "";
	case 'k':
		return c->host_key_alias != NULL ? c->host_key_alias :
		    c->destination;
	case 'L':
	case 'l':
		return local_host(scratch, token == 'L');
	case 'n':
		return c->destination;
	case 'p':
		return number(c->port, scratch);
	case 'r':
		return c->user;
	case 'u':
		return local_user();
	default:
		return NULL;
	}
}

/* True for names no shell makes more of, and no command an option. */
static bool
is_harmless_name(const char *s)
{
	if (*s == '-')
		return false;
	for (; *s != '\0'; s++) {
		/* UTF-8 beyond ASCII means nothing to a shell. */
		if ((*s & 0x80) == 0 &&
		    strchr(LETTERS DIGITS "-_.:%@+,/", *s) == NULL)
			return false;
	}
	return true;
}

static int
put_token(struct buf *b, const struct config *c, char token, bool for_shell)
{
	char scratch[EXPAND_SCRATCH];
	const char *value;

	if (token == '\0' || (value = token_value(c, token, scratch)) == NULL)
		return SSHTAP_ERR_FORMAT;
	if (for_shell && strchr("hknr", token) != NULL &&
	    !is_harmless_name(value))
		return SSHTAP_ERR_ARGUMENT;
	return buf_put(b, value, strlen(value));
}

/* "${NAME}" at s; *endp is set behind it. */
static int
put_variable(struct buf *b, const char *s, const char **endp)
{
	struct view name = view_of_string(s + 2);
	const char *value;
	char *copy;
	int r;

	name.len = strspn(s + 2, LETTERS DIGITS "_");
	if (name.len == 0 || s[2 + name.len] != '}')
		return SSHTAP_ERR_FORMAT;
	if ((r = view_to_cstring(&name, &copy)) != 0)
		return r;
	value = getenv(copy);
	free(copy);
	if (value == NULL)
		return SSHTAP_ERR_FORMAT;
	*endp = s + 2 + name.len + 1;
	return buf_put(b, value, strlen(value));
}

static int
put_expanded(struct buf *b, const struct config *c, const char *s,
    bool for_shell)
{
	int r;

	while (*s != '\0') {
		if (s[0] == '%') {
			r = put_token(b, c, s[1], for_shell);
			s += 2;
		} else if (!for_shell && s[0] == '$' && s[1] == '{')
			r = put_variable(b, s, &s);
		else
			r = buf_put(b, s++, 1);
		if (r != 0)
			return r;
	}
	return 0;
}

/* "~" or "~user" at the start; *endp is set behind it. */
static int
put_home(struct buf *b, const char *s, const char **endp)
{
	struct view name = view_of(s + 1, strcspn(s + 1, "/"));
	const struct passwd *pw;
	const char *home;
	char *copy;
	int r;

	if (name.len == 0)
		home = home_directory();
	else {
		if ((r = view_to_cstring(&name, &copy)) != 0)
			return r;
		pw = getpwnam(copy);
		free(copy);
		home = pw != NULL ? pw->pw_dir : NULL;
	}
	if (home == NULL)
		return SSHTAP_ERR_NOT_FOUND;
	*endp = s + 1 + name.len;
	return buf_put(b, home, strlen(home));
}

static int
take_string(struct buf *b, int r, char **outp)
{
	struct view v = buf_view(b);

	if (r == 0)
		r = view_to_cstring(&v, outp);
	buf_clear(b);
	return r;
}

int
expand_path(const struct config *c, const char *s, char **outp)
{
	struct buf b;
	int r = 0;

	buf_init(&b, EXPAND_MAX);
	if (*s == '~')
		r = put_home(&b, s, &s);
	if (r == 0)
		r = put_expanded(&b, c, s, false);
	return take_string(&b, r, outp);
}

int
expand_command(const struct config *c, const char *s, char **outp)
{
	struct buf b;

	buf_init(&b, EXPAND_MAX);
	return take_string(&b, put_expanded(&b, c, s, true), outp);
}

int
expand_shell_quote(const char *s, char **outp)
{
	size_t len = strlen(s);
	struct buf b;
	int r;

	buf_init(&b, EXPAND_MAX);
	if (len > 0 && strspn(s, LETTERS DIGITS "-_.:%@+,/") == len)
		return take_string(&b, buf_put(&b, s, len), outp);
	r = buf_put_u8(&b, '\'');
	for (; *s != '\0' && r == 0; s++) {
		if (*s == '\'')
			r = buf_put(&b, "'\\''", 4);
		else
			r = buf_put(&b, s, 1);
	}
	if (r == 0)
		r = buf_put_u8(&b, '\'');
	return take_string(&b, r, outp);
}
