/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is what a user set, as text with tokens, and names that came from
 * elsewhere.  Into a command for a shell no name goes that a shell could act
 * on, and a word that is quoted for a shell is one word, with the same bytes.
 */

#include <stdlib.h>
#include <string.h>

#include "client/config.h"
#include "client/expand.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"

#define RESULT_MAX	16384

/* A shell, as far as quotes go: plain characters, '...' and \'. */
static void
check_quoted(const char *s, const char *quoted)
{
	bool is_open = false;

	for (; *quoted != '\0'; quoted++) {
		if (*quoted == '\'') {
			is_open = !is_open;
			continue;
		}
		if (!is_open && *quoted == '\\')
			quoted++;
		else
			require(is_open ||
			    strchr(" \t\n$`\"|&;<>()*?[]#~!{}", *quoted) ==
			    NULL);
		require(*quoted == *s++);
	}
	require(!is_open && *s == '\0');
}

static void
check_string(const struct config *c, const char *s)
{
	char *out = NULL;
	int r;

	if ((r = expand_path(c, s, &out)) == 0)
		require(strlen(out) <= RESULT_MAX);
	require((r == 0) == (out != NULL));
	free(out);
	out = NULL;
	if ((r = expand_command(c, s, &out)) == 0 &&
	    strcspn(s, "$`\";|&<>()\\'\n") == strlen(s))
		require(strcspn(out, "$`\";|&<>()\\'\n") == strlen(out));
	require((r == 0) == (out != NULL));
	free(out);
	out = NULL;
	if (expand_shell_quote(s, &out) == 0)
		check_quoted(s, out);
	free(out);
}

/* The members that tokens stand for are plain strings. */
static void
set_string(char **sp, struct view *v)
{
	struct view piece = fuzz_piece(v);

	free(*sp);
	*sp = fuzz_string(&piece);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size);
	struct config c;
	char *s;

	(void)setenv("HOME", "/home/me", 1);
	require(config_init(&c) == 0);
	set_string(&c.hostname, &v);
	set_string(&c.destination, &v);
	set_string(&c.user, &v);
	if ((fuzz_u8(&v) & 1) != 0)
		set_string(&c.host_key_alias, &v);
	c.port = fuzz_u16(&v);
	s = fuzz_string(&v);
	check_string(&c, s);
	free(s);
	config_clear(&c);
	return 0;
}
