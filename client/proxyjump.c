/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The last hop is where "ssh -W" runs to; the hops before it are its own
 * ProxyJump.  Every part of the user's is quoted for the shell, and its '%'
 * is doubled because the tokens of the whole are expanded later.
 */

#include "client/proxyjump.h"

#include <stdlib.h>
#include <string.h>

#include "client/endpoint.h"
#include "client/expand.h"
#include "lib/buf.h"
#include "lib/err.h"

#define COMMAND_MAX	8192

/* " flag word", quoted and with tokens disarmed. */
static int
put_word(struct buf *b, const char *flag, const char *word)
{
	char *quoted, *p;
	int r;

	if ((r = expand_shell_quote(word, &quoted)) != 0)
		return r;
	r = buf_put_format(b, " %s ", flag);
	for (p = quoted; *p != '\0' && r == 0; p++)
		r = *p == '%' ? buf_put(b, "%%", 2) : buf_put(b, p, 1);
	free(quoted);
	return r;
}

/* hops: what comes before the last one, NULL for none. */
static int
put_command(struct buf *b, const struct config *c, const struct endpoint *last,
    const char *hops)
{
	/* Our second -v is ssh's first. */
	static const char *const verbose[] = { "", " -v", " -vv", " -vvv" };
	int r, v = c->verbose < 1 ? 0 : c->verbose > 4 ? 3 : c->verbose - 1;

	if ((r = buf_put(b, "ssh", 3)) != 0)
		return r;
	if (c->config_file != NULL &&
	    (r = put_word(b, "-F", c->config_file)) != 0)
		return r;
	if (last->user != NULL && (r = put_word(b, "-l", last->user)) != 0)
		return r;
	if (last->port != 0 &&
	    (r = buf_put_format(b, " -p %u", last->port)) != 0)
		return r;
	if (hops != NULL && (r = put_word(b, "-J", hops)) != 0)
		return r;
	if ((r = buf_put_format(b, "%s -W '[%%h]:%%p'", verbose[v])) != 0)
		return r;
	return put_word(b, "--", last->host);
}

/* The hops before the last are not ours to follow, but they must be sound. */
static int
check_hops(const char *hops)
{
	struct view left = view_of_string(hops), hop;
	struct endpoint e;
	char *copy;
	int r = 0;

	if (left.len == 0 || hops[left.len - 1] == ',')
		return SSHTAP_ERR_FORMAT;
	while (r == 0 && view_get_name(&left, &hop)) {
		if ((r = view_to_cstring(&hop, &copy)) != 0)
			return r;
		endpoint_init(&e);
		r = endpoint_parse(copy, true, &e);
		endpoint_clear(&e);
		free(copy);
	}
	return r;
}

int
proxyjump_command(const struct config *c, const char *jump, char **outp)
{
	char *copy, *hops = NULL, *last;
	struct endpoint e;
	struct buf b;
	struct view v;
	int r;

	endpoint_init(&e);
	buf_init(&b, COMMAND_MAX);
	if ((copy = strdup(jump)) == NULL) {
		r = SSHTAP_ERR_ALLOC;
		goto out;
	}
	if ((last = strrchr(copy, ',')) != NULL) {
		*last++ = '\0';
		hops = copy;
		if ((r = check_hops(hops)) != 0)
			goto out;
	} else
		last = copy;
	if ((r = endpoint_parse(last, true, &e)) != 0 ||
	    (r = put_command(&b, c, &e, hops)) != 0)
		goto out;
	v = buf_view(&b);
	r = view_to_cstring(&v, outp);
 out:
	buf_clear(&b);
	endpoint_clear(&e);
	free(copy);
	return r;
}
