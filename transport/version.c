/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Lines before encryption.  What follows the peer's identification in the
 * same read may already be binary, so nothing behind the first line feed is
 * looked at.  A line is bounded by what its first bytes say it is: 255 for
 * an identification, VERSION_PREAMBLE_MAX for anything else; the peer cannot
 * make the caller store more than that, for a longer beginning without a
 * line feed is refused at once.
 *
 * Counting the preamble lines, and refusing any at all from a client, is the
 * caller's business: it alone knows which side it is.
 */

#include "transport/version.h"

#include <string.h>

#include "lib/err.h"

/*
 * RFC 4253 section 4.2 and 5.1: a server that says 1.99 speaks 2.0 as well.
 */
static const char *const prefixes[] = { "SSH-2.0-", "SSH-1.99-" };

#define PREFIX_COUNT	(sizeof(prefixes) / sizeof(prefixes[0]))

struct view
version_software(const struct view *line)
{
	struct view left, sub;
	size_t i, len = 0;

	for (i = 0; i < PREFIX_COUNT; i++) {
		if (!view_starts_with(line, prefixes[i]))
			continue;
		left = *line;
		if (view_get_bytes(&left, strlen(prefixes[i]), &sub) != 0)
			break;
		/* Comments follow after the first space. */
		while (len < left.len && left.p[len] != ' ')
			len++;
		return view_of(left.p, len);
	}
	return view_of(NULL, 0);
}

/* Bytes of the first line with its line feed, 0 when there is none. */
static size_t
find_line_end(const struct view *in)
{
	const uint8_t *lf;

	if (in->len == 0 || (lf = memchr(in->p, '\n', in->len)) == NULL)
		return 0;
	return (size_t)(lf - in->p) + 1;
}

int
version_take_line(const struct view *in, struct view *linep, size_t *usedp)
{
	bool is_ident = view_starts_with(in, "SSH-");
	size_t max = is_ident ? VERSION_LINE_MAX : VERSION_PREAMBLE_MAX;
	struct view head = *in, line;
	size_t used;

	if (head.len > max)
		head.len = max;
	if ((used = find_line_end(&head)) > 0)
		head.len = used;
	if (head.len > 0 && memchr(head.p, '\0', head.len) != NULL)
		return SSHTAP_ERR_VERSION;
	if (used == 0) {
		if (head.len == max)
			return SSHTAP_ERR_VERSION;
		*usedp = 0;
		return SSHTAP_ERR_AGAIN;
	}
	if (!view_get_line(&head, &line))
		return SSHTAP_ERR_INTERNAL;
	if (is_ident && version_software(&line).len == 0)
		return SSHTAP_ERR_VERSION;
	*linep = line;
	*usedp = used;
	return is_ident ? 0 : SSHTAP_ERR_AGAIN;
}
