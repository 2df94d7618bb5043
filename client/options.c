/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A command line of ssh's kind: letters bundle, options may follow the
 * destination, the first other word after it starts the command, and "--"
 * ends the options wherever it stands.  getopt(3) is not used because systems
 * differ on words between options and on starting over.
 *
 * Most letters are short for an ssh_config(5) option and become an override.
 * ssh keeps the first value it is given, so overrides stay in their order; but
 * -4, -6 and -C win over any -o in ssh, and the last of them over the others,
 * so these go to the front.
 */

#include "client/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/endpoint.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/text.h"

#define COMMAND_MAX	(128 * 1024)	/* of Linux: one argument of execve */

struct parser {
	struct config *c;
	char **next;		/* the next word, NULL behind the last */
	bool has_destination;
	bool is_version;
};

struct option {
	char letter;
	const char *wants;	/* NULL: takes no argument */
	int (*handle)(struct parser *p, const char *arg);
};

static int
parse_unit(const char *s, uint32_t *unitp)
{
	unsigned long unit;

	if (strcasecmp(s, "any") == 0) {
		*unitp = TAP_UNIT_ANY;
		return 0;
	}
	if (text_get_number(s, TAP_UNIT_MAX, &unit) != 0)
		return SSHTAP_ERR_FORMAT;
	*unitp = (uint32_t)unit;
	return 0;
}

int
options_parse_units(const char *s, uint32_t *localp, uint32_t *remotep)
{
	uint32_t local, remote = TAP_UNIT_ANY;
	char *copy, *colon;
	int r;

	if ((copy = strdup(s)) == NULL)
		return SSHTAP_ERR_ALLOC;
	if ((colon = strchr(copy, ':')) != NULL)
		*colon++ = '\0';
	if ((r = parse_unit(copy, &local)) == 0 && colon != NULL)
		r = parse_unit(colon, &remote);
	free(copy);
	if (r != 0)
		return r;
	*localp = local;
	*remotep = remote;
	return 0;
}

const char *
options_usage(void)
{
	return "usage: sshtap [-46CfNnqTVv] [-E log_file] [-F config_file] "
	    "[-i identity_file]\n"
	    "              [-J [user@]host[:port]] [-l login_name] "
	    "[-o option] [-p port]\n"
	    "              [-w local_tap[:remote_tap]] destination "
	    "[command [argument ...]]\n";
}

/* "Key=value" at the end of the overrides. */
static int
add_override(struct config *c, const char *key, const char *value)
{
	char *s;
	int r;

	if ((s = text_format("%s=%s", key, value)) == NULL)
		return SSHTAP_ERR_ALLOC;
	r = config_list_add(&c->overrides, s);
	free(s);
	return r;
}

/* The same, to win over all others. */
static int
add_first(struct config *c, const char *key, const char *value)
{
	struct config_list *l = &c->overrides;
	char *s;
	int r;

	if ((r = add_override(c, key, value)) != 0)
		return r;
	s = l->item[l->n - 1];
	memmove(l->item + 1, l->item, (l->n - 1) * sizeof(l->item[0]));
	l->item[0] = s;
	return 0;
}

/* ssh reads a value as words: one with odd characters is put in quotes. */
static int
add_quoted(struct config *c, const char *key, const char *value)
{
	struct buf b;
	struct view v;
	char *s = NULL;
	int r;

	buf_init(&b, 2 * strlen(value) + 3);
	r = buf_put_u8(&b, '"');
	for (; *value != '\0' && r == 0; value++) {
		if (*value == '"' || *value == '\\')
			r = buf_put_u8(&b, '\\');
		if (r == 0)
			r = buf_put(&b, value, 1);
	}
	if (r == 0 && (r = buf_put_u8(&b, '"')) == 0) {
		v = buf_view(&b);
		r = view_to_cstring(&v, &s);
	}
	if (r == 0)
		r = add_override(c, key, s);
	free(s);
	buf_clear(&b);
	return r;
}

static int
add_plain_or_quoted(struct config *c, const char *key, const char *value)
{
	if (strpbrk(value, " \t\"'\\#=") == NULL)
		return add_override(c, key, value);
	return add_quoted(c, key, value);
}

static bool
has_override(const struct config *c, const char *key)
{
	size_t i, len = strlen(key);

	for (i = 0; i < c->overrides.n; i++) {
		if (strncasecmp(c->overrides.item[i], key, len) == 0 &&
		    c->overrides.item[i][len] == '=')
			return true;
	}
	return false;
}

static int
handle_inet(struct parser *p, const char *arg)
{
	(void)arg;
	return add_first(p->c, "AddressFamily", "inet");
}

static int
handle_inet6(struct parser *p, const char *arg)
{
	(void)arg;
	return add_first(p->c, "AddressFamily", "inet6");
}

static int
handle_compress(struct parser *p, const char *arg)
{
	(void)arg;
	return add_first(p->c, "Compression", "yes");
}

static int
handle_log_file(struct parser *p, const char *arg)
{
	return config_set(&p->c->log_file, arg);
}

static int
handle_config_file(struct parser *p, const char *arg)
{
	return config_set(&p->c->config_file, arg);
}

/* ssh(1): -f implies -n. */
static int
handle_background(struct parser *p, const char *arg)
{
	(void)arg;
	p->c->background = true;
	p->c->stdin_null = true;
	return 0;
}

static int
handle_identity(struct parser *p, const char *arg)
{
	return add_plain_or_quoted(p->c, "IdentityFile", arg);
}

static int
handle_jump(struct parser *p, const char *arg)
{
	if (has_override(p->c, "ProxyJump") ||
	    has_override(p->c, "ProxyCommand")) {
		log_error("-J %.200s: there is a ProxyJump or ProxyCommand "
		    "already; put all hops into one -J, with commas", arg);
		return SSHTAP_ERR_ARGUMENT;
	}
	return add_plain_or_quoted(p->c, "ProxyJump", arg);
}

static int
handle_login(struct parser *p, const char *arg)
{
	return add_plain_or_quoted(p->c, "User", arg);
}

static int
handle_no_command(struct parser *p, const char *arg)
{
	(void)arg;
	p->c->no_command = true;
	return 0;
}

static int
handle_stdin_null(struct parser *p, const char *arg)
{
	(void)arg;
	p->c->stdin_null = true;
	return 0;
}

/* "Key=value", "Key value", and blanks round the sign, as ssh takes them. */
static int
handle_option(struct parser *p, const char *arg)
{
	const char *value;
	char *key;
	size_t len;
	int r;

	arg += strspn(arg, " \t");
	len = strcspn(arg, " \t=");
	value = arg + len + strspn(arg + len, " \t");
	if (*value == '=')
		value += 1 + strspn(value + 1, " \t");
	if (len == 0 || *value == '\0')
		return SSHTAP_ERR_FORMAT;
	if ((key = strndup(arg, len)) == NULL)
		return SSHTAP_ERR_ALLOC;
	r = add_override(p->c, key, value);
	free(key);
	return r;
}

static int
handle_port(struct parser *p, const char *arg)
{
	unsigned long port;

	if (text_get_number(arg, 65535, &port) != 0 || port == 0)
		return SSHTAP_ERR_FORMAT;
	return add_override(p->c, "Port", arg);
}

/* Of -q and -v the last one counts. */
static int
handle_quiet(struct parser *p, const char *arg)
{
	(void)arg;
	p->c->quiet = true;
	p->c->verbose = 0;
	return 0;
}

static int
handle_verbose(struct parser *p, const char *arg)
{
	(void)arg;
	p->c->quiet = false;
	if (p->c->verbose < 3)
		p->c->verbose++;
	return 0;
}

/* -T: there is never a terminal. */
static int
handle_nothing(struct parser *p, const char *arg)
{
	(void)p;
	(void)arg;
	return 0;
}

static int
handle_version(struct parser *p, const char *arg)
{
	(void)arg;
	p->is_version = true;
	return 0;
}

static int
handle_units(struct parser *p, const char *arg)
{
	struct config *c = p->c;
	int r;

	if ((r = options_parse_units(arg, &c->local_unit,
	    &c->remote_unit)) == 0)
		c->local_unit_set = true;
	return r;
}

static const struct option options[] = {
	{ '4', NULL, handle_inet },
	{ '6', NULL, handle_inet6 },
	{ 'C', NULL, handle_compress },
	{ 'E', "a file to write messages to", handle_log_file },
	{ 'F', "a configuration file", handle_config_file },
	{ 'J', "[user@]host[:port], more of them after commas", handle_jump },
	{ 'N', NULL, handle_no_command },
	{ 'T', NULL, handle_nothing },
	{ 'V', NULL, handle_version },
	{ 'f', NULL, handle_background },
	{ 'i', "a file with a private key", handle_identity },
	{ 'l', "a user name", handle_login },
	{ 'n', NULL, handle_stdin_null },
	{ 'o', "Key=value with a name of ssh_config(5)", handle_option },
	{ 'p', "a port from 1 to 65535", handle_port },
	{ 'q', NULL, handle_quiet },
	{ 'v', NULL, handle_verbose },
	{ 'w', "a unit number or \"any\" for each end, as in 0:any",
	    handle_units },
};

#define OPTION_COUNT	(sizeof(options) / sizeof(options[0]))

static const struct option *
find_option(char letter)
{
	size_t i;

	for (i = 0; i < OPTION_COUNT; i++) {
		if (options[i].letter == letter)
			return &options[i];
	}
	return NULL;
}

static int
handle(struct parser *p, const struct option *o, const char *arg)
{
	int r;

	if (o->wants != NULL && (arg == NULL || *arg == '\0')) {
		log_error("-%c needs %s", o->letter, o->wants);
		return SSHTAP_ERR_FORMAT;
	}
	if ((r = o->handle(p, arg)) == 0)
		return 0;
	if (r == SSHTAP_ERR_FORMAT)
		log_error("-%c \"%.200s\": expected %s", o->letter, arg,
		    o->wants);
	else if (r == SSHTAP_ERR_TOO_BIG)
		log_error("-%c: more than %d settings on the command line",
		    o->letter, CONFIG_LIST_MAX);
	else if (r != SSHTAP_ERR_ARGUMENT)
		log_error_r(r, "-%c", o->letter);
	return r;
}

/* One word of letters; an argument is its rest or the word after it. */
static int
parse_letters(struct parser *p, const char *word)
{
	const struct option *o;
	const char *arg;
	int r;

	for (word++; *word != '\0'; word++) {
		if ((o = find_option(*word)) == NULL) {
			if (*word == '-')
				log_error("unknown option -%.200s", word);
			else
				log_error("unknown option -%c", *word);
			return SSHTAP_ERR_FORMAT;
		}
		if (o->wants == NULL) {
			if ((r = handle(p, o, NULL)) != 0 || p->is_version)
				return r;
			continue;
		}
		arg = word[1] != '\0' ? word + 1 : *p->next;
		if (word[1] == '\0' && arg != NULL)
			p->next++;
		return handle(p, o, arg);
	}
	return 0;
}

static int
parse_destination(struct parser *p, const char *word)
{
	struct endpoint e;
	char port[16];
	struct config *c = p->c;
	int r;

	endpoint_init(&e);
	if (*word == '-' || endpoint_parse(word, false, &e) != 0) {
		log_error("destination \"%.200s\": expected [user@]host or "
		    "ssh://[user@]host[:port]", word);
		r = SSHTAP_ERR_FORMAT;
		goto out;
	}
	r = config_set(&c->destination, e.host);
	if (r == 0 && e.user != NULL)
		r = add_plain_or_quoted(c, "User", e.user);
	if (r == 0 && e.port != 0) {
		(void)snprintf(port, sizeof(port), "%u", e.port);
		r = add_override(c, "Port", port);
	}
	if (r != 0)
		log_error_r(r, "destination \"%.200s\"", word);
	p->has_destination = true;
 out:
	endpoint_clear(&e);
	return r;
}

/* All words up to the command. */
static int
parse_words(struct parser *p)
{
	bool only_words = false;
	const char *word;
	int r;

	while (!p->is_version && (word = *p->next) != NULL) {
		if (!only_words && strcmp(word, "--") == 0) {
			only_words = true;
			p->next++;
		} else if (!only_words && word[0] == '-' && word[1] != '\0') {
			p->next++;
			if ((r = parse_letters(p, word)) != 0)
				return r;
		} else if (!p->has_destination) {
			p->next++;
			if ((r = parse_destination(p, word)) != 0)
				return r;
		} else
			break;
	}
	return 0;
}

/* ssh(1): the words of the command are joined by blanks. */
static int
parse_command(struct parser *p)
{
	struct buf b;
	struct view v;
	int r = 0;

	if (*p->next == NULL)
		return 0;
	buf_init(&b, COMMAND_MAX);
	for (; *p->next != NULL && r == 0; p->next++) {
		if (b.len > 0)
			r = buf_put_u8(&b, ' ');
		if (r == 0)
			r = buf_put(&b, *p->next, strlen(*p->next));
	}
	if (r == 0) {
		v = buf_view(&b);
		free(p->c->command);
		p->c->command = NULL;
		r = view_to_cstring(&v, &p->c->command);
	}
	buf_clear(&b);
	if (r != 0)
		log_error_r(r, "command");
	return r;
}

enum options_action
options_parse(int argc, char **argv, struct config *c)
{
	struct parser p = { .c = c, .next = argc > 0 ? argv + 1 : argv };

	if (parse_words(&p) != 0)
		return OPTIONS_USAGE;
	if (p.is_version)
		return OPTIONS_VERSION;
	if (!p.has_destination) {
		log_error("no destination given");
		return OPTIONS_USAGE;
	}
	if (parse_command(&p) != 0)
		return OPTIONS_USAGE;
	if (c->no_command && c->command != NULL) {
		log_error("-N and a command (\"%.200s\") exclude each other",
		    c->command);
		return OPTIONS_USAGE;
	}
	return OPTIONS_RUN;
}
