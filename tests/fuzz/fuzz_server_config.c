/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is a setting of the command line, a NUL, and the text of a file;
 * without a NUL it is all file.  Whatever they are, what is wrong is told in a
 * bounded number of clean lines; and what is right can be shown, and is read
 * back to what shows the same, and can be asked anything.
 */

#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "server/config.h"

#define DUMP_MAX	(16 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned lines;

static void
require(int holds)
{
	if (!holds)
		abort();
}

static void
count_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	require(level == LOG_LEVEL_ERROR && *line != '\0');
	for (; *line != '\0'; line++)
		require((unsigned char)*line >= ' ' && *line != 0x7f);
	lines++;
}

/* A copy that ends where the bytes do. */
static char *
copy(const struct view *v, size_t more)
{
	char *s = malloc(v->len + more + (v->len + more == 0));

	require(s != NULL);
	if (v->len > 0)
		memcpy(s, v->p, v->len);
	if (more > 0)
		s[v->len] = '\0';
	return s;
}

static int
parse(struct server_config *c, const struct view *text)
{
	char *s = copy(text, 0);
	struct view v = view_of(s, text->len);
	int r = server_config_parse(c, "conf", &v);

	free(s);
	require(r == 0 || r == SSHTAP_ERR_FORMAT || r == SSHTAP_ERR_TOO_BIG);
	require(lines <= SERVER_CONFIG_ERRORS_MAX + 2);
	require((r == 0) == (lines == 0));
	return r;
}

static void
dump(const struct server_config *c, struct buf *out)
{
	buf_init(out, DUMP_MAX);
	require(server_config_dump(c, out) == 0);
}

/* What is shown can be longer than a file may be. */
static void
read_back(const struct server_config *c)
{
	struct server_config again;
	struct buf a, b;
	struct view v, w;

	dump(c, &a);
	v = buf_view(&a);
	if (v.len <= SERVER_CONFIG_TEXT_MAX) {
		require(server_config_init(&again) == 0);
		require(parse(&again, &v) == 0);
		dump(&again, &b);
		w = buf_view(&b);
		require(view_equals(&v, &w));
		buf_clear(&b);
		server_config_clear(&again);
	}
	buf_clear(&a);
}

static void
ask(const struct server_config *c)
{
	static const uint32_t units[] = { 0, 1, 5, 9, 100, TAP_UNIT_MAX };
	struct server_config_tunnel t;
	char *path;
	size_t i;
	int r;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		server_config_tunnel(c, units[i], &t);
		require(t.bridge == NULL || strlen(t.bridge) < TAP_NAME_SIZE);
		require(t.mtu <= SERVER_CONFIG_MTU_MAX);
		require(t.n <= SERVER_CONFIG_ADDRESSES_MAX);
	}
	(void)server_config_permits_user(c, "root", "192.0.2.1");
	(void)server_config_permits_user(c, "bob", "fe80::1%eth0");
	require(!server_config_permits_user(c, "root", "nowhere"));
	for (i = 0; i < c->authorized_keys.n; i++) {
		r = server_config_expand(c->authorized_keys.item[i], "bob",
		    "/home/bob", 1000, &path);
		require(r == 0 || r == SSHTAP_ERR_TOO_BIG);
		if (r == 0) {
			require(*path == '/' &&
			    strlen(path) <= SERVER_CONFIG_PATH_MAX);
			free(path);
		}
	}
}

/* Every limit, and no value out of the range that the header tells. */
static void
check(const struct server_config *c)
{
	size_t i;

	require(c->ports_n >= 1 && c->ports_n <= SERVER_CONFIG_LISTEN_MAX);
	for (i = 0; i < c->ports_n; i++)
		require(c->ports[i] >= 1 && c->ports[i] <= 65535);
	require(c->listen_n <= SERVER_CONFIG_LISTEN_MAX);
	require(c->host_keys.n >= 1 &&
	    c->host_keys.n <= SERVER_CONFIG_FILES_MAX);
	require(c->authorized_keys.n >= 1 &&
	    c->authorized_keys.n <= SERVER_CONFIG_FILES_MAX);
	require(c->allow_users.n >= 1);
	require(*c->kex != '\0' && *c->ciphers != '\0' &&
	    *c->hostkey_algs != '\0' && *c->pubkey_algs != '\0');
	require(c->startups_begin >= 1 &&
	    c->startups_begin <= c->startups_full &&
	    c->startups_full <= SERVER_CONFIG_STARTUPS_MAX);
	require(c->startups_rate >= 1 && c->startups_rate <= 100);
	require(c->per_source_v4 <= 32 && c->per_source_v6 <= 128);
	require(c->max_auth_tries >= 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct server_config c;
	struct view text = view_of(data, size), override;
	const uint8_t *nul = size > 0 ? memchr(data, '\0', size) : NULL;
	char *s;
	int r = 0;

	log_set(LOG_LEVEL_DEBUG, count_line, NULL);
	lines = 0;
	require(server_config_init(&c) == 0);
	if (nul != NULL) {
		override = view_of(data, (size_t)(nul - data));
		text = view_of(nul + 1, size - override.len - 1);
		s = copy(&override, 1);
		r = server_config_override(&c, s);
		free(s);
		require(r == 0 || r == SSHTAP_ERR_FORMAT);
		require(lines == (r != 0));
	}
	if (r == 0 && parse(&c, &text) == 0) {
		check(&c);
		ask(&c);
		read_back(&c);
	}
	server_config_clear(&c);
	return 0;
}
