/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is a command line, a word behind each NUL: that of sshtap.  Each
 * word is also tried as a destination, as units, and as a list of jumps.
 */

#include <stdlib.h>
#include <string.h>

#include "client/endpoint.h"
#include "client/options.h"
#include "client/proxyjump.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tun/tap.h"

#define WORDS_MAX	160

static void
check_endpoint(const char *s, bool with_port)
{
	struct endpoint e;

	endpoint_init(&e);
	if (endpoint_parse(s, with_port, &e) == 0) {
		require(e.host != NULL && endpoint_is_host(e.host));
		require(*e.host != '-' && *e.host != '\0');
		require(strlen(e.host) <= ENDPOINT_HOST_MAX);
		require(e.port <= 65535);
		require(e.user == NULL || (*e.user != '-' &&
		    *e.user != '\0'));
	}
	endpoint_clear(&e);
}

static void
check_word(const struct config *c, const char *s)
{
	uint32_t local, remote;
	char *command = NULL;

	check_endpoint(s, false);
	check_endpoint(s, true);
	if (options_parse_units(s, &local, &remote) == 0)
		require(local <= TAP_UNIT_ANY && remote <= TAP_UNIT_ANY);
	if (proxyjump_command(c, s, &command) == 0)
		require(strncmp(command, "ssh ", 4) == 0);
	free(command);
}

static void
check_config(enum options_action action, const struct config *c)
{
	size_t i;

	require(c->overrides.n <= CONFIG_LIST_MAX);
	for (i = 0; i < c->overrides.n; i++)
		require(strchr(c->overrides.item[i], '=') != NULL);
	if (action != OPTIONS_RUN)
		return;
	require(c->destination != NULL && endpoint_is_host(c->destination));
	require(!c->no_command || c->command == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size);
	char *copy = fuzz_string(&(struct view){ NULL, 0 });
	char *argv[WORDS_MAX + 2] = { copy };
	enum options_action action;
	struct config c;
	int argc = 1, i;

	while (v.len > 0 && argc <= WORDS_MAX) {
		argv[argc] = fuzz_string(&v);
		i = (int)strlen(argv[argc++]);
		v = view_of(v.p + i, v.len - (size_t)i);
		(void)fuzz_u8(&v);
	}
	argv[argc] = NULL;
	require(config_init(&c) == 0);
	action = options_parse(argc, argv, &c);
	check_config(action, &c);
	for (i = 1; i < argc; i++)
		check_word(&c, argv[i]);
	config_clear(&c);
	for (i = 0; i < argc; i++)
		free(argv[i]);
	return 0;
}
