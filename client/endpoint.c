/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A user name may hold '@' and a host may not, so the last '@' divides.  What
 * comes out ends up in arguments of ssh and in messages: no name begins with
 * '-' and no host holds a blank or a control character.
 */

#include "client/endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/text.h"

#define URI_SCHEME	"ssh://"

void
endpoint_init(struct endpoint *e)
{
	*e = (struct endpoint){ 0 };
}

void
endpoint_clear(struct endpoint *e)
{
	free(e->user);
	free(e->host);
	endpoint_init(e);
}

bool
endpoint_is_host(const char *s)
{
	size_t i, len = strlen(s);

	if (len == 0 || len > ENDPOINT_HOST_MAX || *s == '-')
		return false;
	for (i = 0; i < len; i++) {
		if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f)
			return false;
	}
	return true;
}

static int
hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	if (c == '\0' || (at = strchr(digits, c)) == NULL)
		return -1;
	return (int)(at - digits);
}

/* Percent-decoding in place.  Reference: RFC 3986 section 2.1. */
static int
decode_percent(char *s)
{
	char *out = s;
	int high, low;

	for (; *s != '\0'; s++) {
		if (*s != '%') {
			*out++ = *s;
			continue;
		}
		if ((high = hex_value(s[1])) < 0 ||
		    (low = hex_value(s[2])) < 0 || (high | low) == 0)
			return SSHTAP_ERR_FORMAT;
		*out++ = (char)(high << 4 | low);
		s += 2;
	}
	*out = '\0';
	return 0;
}

static int
parse_port(const char *s, unsigned *portp)
{
	unsigned long port;

	if (text_get_number(s, 65535, &port) != 0 || port == 0)
		return SSHTAP_ERR_FORMAT;
	*portp = (unsigned)port;
	return 0;
}

/* host, host:port, [host] or [host]:port; s is cut. */
static int
split_port(char *s, char **hostp, unsigned *portp)
{
	char *end;

	*hostp = s;
	if (*s == '[') {
		*hostp = s + 1;
		if ((end = strchr(s, ']')) == NULL)
			return SSHTAP_ERR_FORMAT;
		*end++ = '\0';
		if (*end == '\0')
			return 0;
		if (*end != ':')
			return SSHTAP_ERR_FORMAT;
		return parse_port(end + 1, portp);
	}
	/* More than one colon: an address, without brackets no port. */
	if ((end = strchr(s, ':')) == NULL || strchr(end + 1, ':') != NULL)
		return 0;
	*end = '\0';
	return parse_port(end + 1, portp);
}

/* A URI has at most an empty path, and its port is always one. */
static int
strip_uri(char **sp, bool *is_urip)
{
	size_t len = strlen(URI_SCHEME);
	char *slash;

	*is_urip = strncmp(*sp, URI_SCHEME, len) == 0;
	if (!*is_urip)
		return 0;
	*sp += len;
	if ((slash = strchr(*sp, '/')) != NULL) {
		if (slash[1] != '\0')
			return SSHTAP_ERR_FORMAT;
		*slash = '\0';
	}
	return 0;
}

static int
parse_copy(char *s, bool with_port, struct endpoint *e)
{
	char *at, *user = NULL;
	bool is_uri;
	int r;

	if ((r = strip_uri(&s, &is_uri)) != 0)
		return r;
	if ((at = strrchr(s, '@')) != NULL) {
		*at = '\0';
		user = s;
		s = at + 1;
		if (is_uri && (r = decode_percent(user)) != 0)
			return r;
		if (*user == '\0' || *user == '-')
			return SSHTAP_ERR_FORMAT;
	}
	if ((is_uri || with_port) && (r = split_port(s, &s, &e->port)) != 0)
		return r;
	if (!endpoint_is_host(s))
		return SSHTAP_ERR_FORMAT;
	if ((user != NULL && (e->user = strdup(user)) == NULL) ||
	    (e->host = strdup(s)) == NULL)
		return SSHTAP_ERR_ALLOC;
	return 0;
}

int
endpoint_parse(const char *s, bool with_port, struct endpoint *e)
{
	char *copy;
	int r;

	if ((copy = strdup(s)) == NULL)
		return SSHTAP_ERR_ALLOC;
	r = parse_copy(copy, with_port, e);
	free(copy);
	return r;
}
