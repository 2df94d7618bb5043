/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is what ssh -G prints, once for the destination and once without
 * any configuration; values also stand alone, as behind -o.  Whatever is
 * taken leaves a configuration that is whole, and no list over its limit.
 */

#include <stdlib.h>
#include <string.h>

#include "client/sshconfig.h"
#include "client/sshconfig_impl.h"
#include "lib/setting.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"

static void
check_list(const struct config_list *l)
{
	size_t i;

	require(l->n <= CONFIG_LIST_MAX);
	for (i = 0; i < l->n; i++)
		require(l->item[i] != NULL && strlen(l->item[i]) < SIZE_MAX);
}

static void
check_config(const struct config *c)
{
	check_list(&c->overrides);
	check_list(&c->user_known_hosts);
	check_list(&c->global_known_hosts);
	check_list(&c->identities);
	check_list(&c->certificates);
	check_list(&c->env);
	require(c->port <= 65535);
	require(c->connection_attempts >= 1);
	require(c->connect_timeout <= SETTING_SECONDS_MAX);
	require(c->alive_interval <= SETTING_SECONDS_MAX);
	require(c->log_level < LOG_LEVEL_COUNT);
	require(c->kex != NULL && *c->kex != '\0');
	require(c->ciphers != NULL && *c->ciphers != '\0');
	require(c->hostkey_algs != NULL && *c->hostkey_algs != '\0');
	require(c->pubkey_algs != NULL && *c->pubkey_algs != '\0');
}

static void
check_values(const char *s)
{
	const char *left = s, *end = s + strlen(s);
	unsigned seconds = 1;
	uint64_t size = 1;
	char *word;
	bool is;

	(void)setting_bool(s, &is);
	if (setting_seconds(s, &seconds) == 0)
		require(seconds <= SETTING_SECONDS_MAX);
	(void)setting_size(s, &size);
	do {
		word = NULL;
		if (setting_word(&left, &word) != 0) {
			require(word == NULL);
			break;
		}
		require(left >= s && left <= end);
		require(word == NULL || strlen(word) <= strlen(s));
		is = word != NULL;
		free(word);
	} while (is);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size);
	struct view defaults = fuzz_piece(&v), text = v, line, key;
	char *name, *value;
	struct config c;
	int r;

	require(config_init(&c) == 0);
	(void)sshconfig_apply(&c, &text, &defaults);
	check_config(&c);
	while (view_get_line(&v, &line)) {
		if (!view_get_word(&line, &key))
			continue;
		if (line.len > 0)
			line = view_of(line.p + 1, line.len - 1);
		name = fuzz_string(&key);
		value = fuzz_string(&line);
		r = sshconfig_set(&c, name, value);
		require((r == SSHTAP_ERR_NOT_FOUND) ==
		    (sshconfig_find_key(name) == NULL));
		(void)sshconfig_is_foreign(name);
		check_values(value);
		check_config(&c);
		free(name);
		free(value);
	}
	config_clear(&c);
	return 0;
}
