/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Lines into settings.  A line is a keyword, blanks or one "=", and words; a
 * "#" where a word could begin ends it.  Each value is read and checked, also
 * one that comes too late to hold: it goes to a configuration that is thrown
 * away, so that no setter has to know.
 */

#include "server/config.h"

#include <sys/socket.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "lib/err.h"
#include "lib/file.h"
#include "relay/tuning.h"
#include "server/config_impl.h"

/* Makefile.in knows better. */
#ifndef SSHTAP_CONF_DIR
#define SSHTAP_CONF_DIR	"/etc/sshtapd"
#endif
#ifndef SSHTAP_RUN_DIR
#define SSHTAP_RUN_DIR	"/run"
#endif

#define BLANKS	" \t"

const char *
server_config_path(void)
{
	return SSHTAP_CONF_DIR "/sshtapd_config";
}

/* The lists that have a default. */
static int
set_default_lists(struct server_config *c)
{
	int r;

	c->ports[0] = 22;
	c->ports_n = 1;
	if ((r = server_config_list_add(&c->host_keys, 1,
	    SSHTAP_CONF_DIR "/ssh_host_ed25519_key")) != 0 ||
	    (r = server_config_list_add(&c->authorized_keys, 1,
	    ".ssh/authorized_keys")) != 0)
		return r;
	/* To log in is to get a network device made by root. */
	return server_config_list_add(&c->allow_users, 1, "root");
}

/* All that we carry, for each list of algorithms. */
static int
set_default_algorithms(struct server_config *c)
{
	static const char *const lists[] = {
		"KexAlgorithms", "Ciphers", "HostKeyAlgorithms",
		"PubkeyAcceptedAlgorithms"
	};
	struct server_config_words w = { .at = 0 };
	char all[] = "+";
	size_t i;
	int r = 0;

	w.list.item[0] = all;
	w.list.n = 1;
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]) && r == 0; i++) {
		w.at = 0;
		r = server_config_set_algorithms(c,
		    server_config_find_key(lists[i]), &w);
	}
	return r;
}

int
server_config_init(struct server_config *c)
{
	int r;

	*c = (struct server_config){
		.address_family = AF_UNSPEC,
		.tcp_keepalive = true,
		.offload = true,
		.strict_modes = true,
		.max_auth_tries = 6,
		.login_grace = 120,
		.startups_begin = 10,
		.startups_rate = 30,
		.startups_full = 100,
		.per_source_max = 8,
		.per_source_v4 = 32,
		.per_source_v6 = 64,
		.alive_interval = 15,
		.alive_count_max = 3,
		.log_level = LOG_LEVEL_INFO,
		.syslog_facility = LOG_AUTH,
		.permit_tunnel = TAP_ETHERNET
	};
	if ((r = set_default_lists(c)) != 0 ||
	    (r = set_default_algorithms(c)) != 0 ||
	    (r = server_config_set_string(&c->congestion,
	    TUNING_CONGESTION)) != 0 ||
	    (r = server_config_set_string(&c->pid_file,
	    SSHTAP_RUN_DIR "/sshtapd.pid")) != 0)
		server_config_clear(c);
	return r;
}

void
server_config_clear(struct server_config *c)
{
	size_t i;

	for (i = 0; i < c->listen_n; i++)
		free(c->listen[i].host);
	server_config_list_clear(&c->host_keys);
	server_config_list_clear(&c->authorized_keys);
	server_config_list_clear(&c->allow_users);
	server_config_list_clear(&c->deny_users);
	free(c->congestion);
	free(c->kex);
	free(c->ciphers);
	free(c->hostkey_algs);
	free(c->pubkey_algs);
	free(c->pid_file);
	free(c->bridges.rule);
	free(c->mtus.rule);
	free(c->addresses.rule);
	*c = (struct server_config){ .ports_n = 0 };
}

/* Where a line comes from, and what is there already. */
struct source {
	const char *name;	/* of the file; NULL: the command line */
	unsigned long line;
	uint64_t decided;	/* keywords that the command line has set */
	unsigned errors;
};

static void complain(struct source *src, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
complain(struct source *src, const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (src->name == NULL)
		log_error("-o %s", text);
	else
		log_error("%s line %lu: %s", src->name, src->line, text);
	src->errors++;
}

/* The one line about a value that a setter did not take. */
static int
complain_value(struct source *src, const struct server_config_key *k,
    const struct server_config_words *w, int r)
{
	switch (r) {
	case SSHTAP_ERR_NO_COMMON:
		src->errors++;		/* the setter has told all */
		break;
	case SSHTAP_ERR_FORMAT:
		complain(src, "%s \"%.200s\": expected %s", k->name,
		    w->list.item[w->at - 1], k->wants);
		break;
	case SSHTAP_ERR_TOO_BIG:
		complain(src, "%s: too many of them", k->name);
		break;
	default:
		return r;
	}
	return SSHTAP_ERR_FORMAT;
}

/* Which configuration the value goes to: one that is thrown away, maybe. */
static struct server_config *
choose_target(struct server_config *c, const struct source *src,
    const struct server_config_key *k, struct server_config *unused)
{
	uint64_t bit = server_config_key_bit(k);
	bool is_first = (c->given & bit) == 0;

	if ((src->decided & bit) != 0 || (!is_first && !k->repeats))
		return unused;
	if (is_first && k->start != NULL)
		k->start(c, k);
	c->given |= bit;
	return c;
}

static int
set_key(struct server_config *c, struct source *src,
    const struct server_config_key *k, struct server_config_words *w)
{
	struct server_config unused = { .ports_n = 0 };
	int r;

	r = k->set(choose_target(c, src, k, &unused), k, w);
	server_config_clear(&unused);
	if (r != 0)
		return complain_value(src, k, w, r);
	if (w->at < w->list.n) {
		complain(src, "%s: \"%.200s\" is left over behind the value",
		    k->name, w->list.item[w->at]);
		return SSHTAP_ERR_FORMAT;
	}
	return 0;
}

static bool
has_control(const struct view *line)
{
	size_t i;

	for (i = 0; i < line->len; i++) {
		if ((line->p[i] < ' ' && line->p[i] != '\t') ||
		    line->p[i] == 0x7f)
			return true;
	}
	return false;
}

/* Where the words begin. */
static const char *
skip_separator(const char *s)
{
	s += strspn(s, BLANKS);
	if (*s == '=')
		s++;
	return s + strspn(s, BLANKS);
}

/* FORMAT: a quote is not closed, or a word is empty. */
static int
split_words(const char *s, struct server_config_words *w)
{
	char *word;
	int r;

	for (;;) {
		s += strspn(s, BLANKS);
		if (*s == '\0' || *s == '#')
			return 0;
		if (w->list.n == SERVER_CONFIG_LIST_MAX)
			return SSHTAP_ERR_TOO_BIG;
		if ((r = setting_word(&s, &word)) != 0)
			return r;
		w->list.item[w->list.n++] = word;
		if (*word == '\0')
			return SSHTAP_ERR_FORMAT;
	}
}

static int
parse_words(struct server_config *c, struct source *src,
    const struct server_config_key *k, const char *s)
{
	struct server_config_words w = { .at = 0 };
	int r = split_words(s, &w);

	if (r == SSHTAP_ERR_FORMAT)
		complain(src, "%s: a quote is not closed, or nothing is in it",
		    k->name);
	else if (r == SSHTAP_ERR_TOO_BIG) {
		complain(src, "%s: more than %d words", k->name,
		    SERVER_CONFIG_LIST_MAX);
		r = SSHTAP_ERR_FORMAT;
	} else if (r == 0 && w.list.n == 0) {
		complain(src, "%s: nothing behind it: expected %s", k->name,
		    k->wants);
		r = SSHTAP_ERR_FORMAT;
	} else if (r == 0)
		r = set_key(c, src, k, &w);
	server_config_list_clear(&w.list);
	return r;
}

/* s: the line as a string, which is cut. */
static int
parse_string(struct server_config *c, struct source *src, char *s)
{
	const struct server_config_key *k;
	const char *text, *words;
	size_t len;

	s += strspn(s, BLANKS);
	if (*s == '\0' || *s == '#')
		return 0;
	len = strcspn(s, BLANKS "=");
	words = skip_separator(s + len);
	s[len] = '\0';
	if ((k = server_config_find_key(s)) != NULL)
		return parse_words(c, src, k, words);
	if ((text = server_config_foreign(s)) != NULL)
		complain(src, "%s: %s", s, text);
	else
		complain(src, "%.64s: unknown keyword; see sshtapd_config(5)",
		    s);
	return SSHTAP_ERR_FORMAT;
}

static int
parse_line(struct server_config *c, struct source *src,
    const struct view *line)
{
	char *s;
	int r;

	if (has_control(line)) {
		complain(src, "there is a control character in it");
		return SSHTAP_ERR_FORMAT;
	}
	if ((r = view_to_cstring(line, &s)) != 0)
		return r;
	r = parse_string(c, src, s);
	free(s);
	return r;
}

int
server_config_override(struct server_config *c, const char *s)
{
	struct source src = { .name = NULL };
	struct view line = view_of_string(s);

	if (s[strspn(s, BLANKS)] == '\0') {
		complain(&src, "\"%.200s\": expected Keyword=value", s);
		return SSHTAP_ERR_FORMAT;
	}
	return parse_line(c, &src, &line);
}

int
server_config_parse(struct server_config *c, const char *name,
    const struct view *text)
{
	struct source src = { .name = name, .decided = c->given };
	struct view left = *text, line;
	int r;

	if (text->len > SERVER_CONFIG_TEXT_MAX) {
		log_error("%s: more than %d bytes", name,
		    SERVER_CONFIG_TEXT_MAX);
		return SSHTAP_ERR_TOO_BIG;
	}
	while (view_get_line(&left, &line)) {
		src.line++;
		r = parse_line(c, &src, &line);
		if (r != 0 && r != SSHTAP_ERR_FORMAT)
			return r;
		if (src.errors == SERVER_CONFIG_ERRORS_MAX) {
			log_error("%s: no more is looked at after %u errors",
			    name, src.errors);
			break;
		}
	}
	return src.errors > 0 ? SSHTAP_ERR_FORMAT : 0;
}

static void
log_unreadable(const char *path, int r)
{
	switch (r) {
	case SSHTAP_ERR_NOT_FOUND:
		break;			/* the caller's to judge */
	case SSHTAP_ERR_PERMISSION:
		log_error("%s: must be root's or your own, and nobody else's "
		    "to write", path);
		break;
	case SSHTAP_ERR_FORMAT:
		log_error("%s: is not a file", path);
		break;
	case SSHTAP_ERR_TOO_BIG:
		log_error("%s: more than %d bytes", path,
		    SERVER_CONFIG_TEXT_MAX);
		break;
	default:
		log_error_r(r, "%s", path);
		break;
	}
}

int
server_config_read(struct server_config *c, const char *path)
{
	struct buf text;
	struct view v;
	int r;

	buf_init(&text, SERVER_CONFIG_TEXT_MAX);
	if ((r = file_read(path, FILE_TRUSTED, &text)) == 0) {
		v = buf_view(&text);
		r = server_config_parse(c, path, &v);
	} else
		log_unreadable(path, r);
	buf_clear(&text);
	return r;
}
