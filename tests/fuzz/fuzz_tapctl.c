/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is a command line of tapctl, a word behind each NUL, or what
 * OpenVPN would say in the environment; each word is also tried as a value.
 * What is taken can be asked of a device, and shown.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/cmdline.h"
#include "ctl/json.h"
#include "ctl/value.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tun/tap.h"

#define WORDS_MAX	64

static void
check_lladdr(const char *s)
{
	char text[VALUE_LLADDR_TEXT];
	uint8_t lladdr[TAP_LLADDR_LEN];
	size_t i;

	if (value_get_lladdr("-a", s, lladdr) != 0)
		return;
	require((lladdr[0] & 1) == 0);
	value_put_lladdr(lladdr, text);
	for (i = 0; i < sizeof(text); i++)
		require(tolower((unsigned char)s[i]) == text[i]);
}

static void
check_value(const char *s)
{
	unsigned mtu = 0;
	int unit = -1, fd = -1;
	char text[16];
	uid_t uid;

	check_lladdr(s);
	if (value_get_unit("-u", s, &unit) == 0)
		require(unit == TAP_UNIT_ANY || (unit >= 0 &&
		    unit <= TAP_UNIT_MAX));
	else
		require(unit == -1);
	if (value_get_mtu("-m", s, &mtu) == 0) {
		(void)snprintf(text, sizeof(text), "%u", mtu);
		require(strcmp(text, s) == 0);
		require(mtu >= TAP_MTU_MIN && mtu <= TAP_MTU_MAX);
	}
	if (value_get_uid("-o", s, &uid) == 0)
		require(uid != (uid_t)-1);
	require(value_get_descriptor("fd", s, &fd) != 0 || fd >= 0);
}

/* One string of JSON: quotes and backslashes escaped, no control. */
static void
check_json(const char *s)
{
	char *text = NULL, *p;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct json j;

	require(out != NULL);
	json_init(&j, out);
	json_text(&j, "n", s);
	require(fclose(out) == 0);
	require(strncmp(text, "\"n\":\"", 5) == 0);
	require(text[size - 1] == '"' && fuzz_is_clean(text, false));
	for (p = text + 5; *p != '"'; p++)
		if (*p == '\\') {
			p++;
			require(*p == '"' || *p == '\\');
		}
	require(p == text + size - 1);
	free(text);
}

static void
check_cmdline(const struct cmdline *c)
{
	char where[METHOD_WHERE_MAX];
	struct tap_fault fault;

	require(c->command < CMDLINE_COMMAND_COUNT);
	if (c->command == CMDLINE_CREATE || c->command == CMDLINE_SERVE)
		require(tap_check_request(&c->request, &fault) == 0);
	if (c->command != CMDLINE_SERVE)
		return;
	require(c->method.kind < METHOD_KIND_COUNT);
	require(strlen(method_where(&c->method, where, sizeof(where))) <
	    METHOD_WHERE_MAX);
	require(c->method.way == METHOD_INHERIT || *c->method.path != '\0');
}

static void
set_variable(const char *name, const char *s)
{
	require((s == NULL ? unsetenv(name) : setenv(name, s, 1)) == 0);
}

/* ctl/method.c has the names. */
static void
set_openvpn(int argc, char **argv)
{
	set_variable("TUNTAP_SOCKET_FD", argc > 0 ? argv[0] : NULL);
	set_variable("TUNTAP_DEV_TYPE", argc > 1 ? argv[1] : NULL);
	set_variable("TUNTAP_MTU", argc > 2 ? argv[2] : NULL);
	set_variable("TUNTAP_LLADDR", argc > 3 ? argv[3] : NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size);
	char program[] = "tapctl", *words[WORDS_MAX + 2] = { program };
	char *argv[WORDS_MAX + 2] = { program, NULL };
	bool is_openvpn = (fuzz_u8(&v) & 1) != 0;
	struct cmdline c;
	int argc = 1, i;

	while (v.len > 0 && argc <= WORDS_MAX) {
		words[argc] = fuzz_string(&v);
		i = (int)strlen(words[argc]);
		check_value(words[argc]);
		check_json(words[argc++]);
		v = view_of(v.p + i, v.len - (size_t)i);
		(void)fuzz_u8(&v);
	}
	words[argc] = NULL;
	set_openvpn(is_openvpn ? argc - 1 : 0, words + 1);
	if (!is_openvpn)
		memcpy(argv, words, sizeof(argv));
	if (cmdline_parse(is_openvpn ? 1 : argc, argv, &c) == 0)
		check_cmdline(&c);
	for (i = 1; i < argc; i++)
		free(words[i]);
	return 0;
}
