/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is what a peer says before its packets.  Lines are taken until
 * the identification: each inside what came, in order, not over its limit;
 * and what a part of the input gives is what the whole gives, or "not yet".
 */

#include <string.h>

#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "transport/version.h"

static void
check_line(const struct view *in, const struct view *line, size_t used, int r)
{
	bool is_ident = view_starts_with(line, "SSH-");
	struct view software = version_software(line);

	require(fuzz_is_inside(line, in));
	require(used > line->len && used <= in->len);
	require(used - line->len <= 2);
	require(in->p[used - 1] == '\n');
	require(memchr(in->p, '\n', used) == in->p + used - 1);
	require(memchr(in->p, '\0', used) == NULL);
	require(used <= (size_t)(is_ident ? VERSION_LINE_MAX :
	    VERSION_PREAMBLE_MAX));
	require((r == 0) == is_ident);
	require(fuzz_is_inside(&software, line));
	require(software.len == 0 || memchr(software.p, ' ',
	    software.len) == NULL);
	require(r != 0 || software.len > 0);
}

/* Any beginning may be refused early, but nothing else may be made of it. */
static void
check_parts(const struct view *in, int r, size_t used)
{
	size_t len, part_used, step = in->len / 16 + 1;
	struct view part, line;
	int part_r;

	for (len = 0; len < in->len; len += step) {
		part = view_of(in->p, len);
		part_used = 0;
		part_r = version_take_line(&part, &line, &part_used);
		if (len < used)
			require(part_r == SSHTAP_ERR_AGAIN && part_used == 0);
		else if (used > 0)
			require(part_r == r && part_used == used);
		else
			require(part_r == r || part_r == SSHTAP_ERR_AGAIN);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size), line;
	size_t used;
	int r;

	do {
		line = view_of(NULL, 0);
		used = 0;
		r = version_take_line(&in, &line, &used);
		require(r == 0 || r == SSHTAP_ERR_AGAIN ||
		    r == SSHTAP_ERR_VERSION);
		if (r == SSHTAP_ERR_VERSION)
			used = 0;
		check_parts(&in, r, used);
		if (used == 0)
			require(r != SSHTAP_ERR_AGAIN ||
			    in.len < VERSION_PREAMBLE_MAX);
		else
			check_line(&in, &line, used, r);
		in = view_of(in.p + used, in.len - used);
	} while (used > 0 && r == SSHTAP_ERR_AGAIN);
	return 0;
}
