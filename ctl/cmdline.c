/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Options may stand before, between and behind the words of a command; "--"
 * ends them.  Letters do not bundle: only -k takes no argument.  getopt(3) is
 * not used because systems differ on words between options.
 */

#include "ctl/cmdline.h"

#include <assert.h>
#include <string.h>

#include "ctl/fault.h"
#include "ctl/value.h"
#include "lib/err.h"
#include "lib/log.h"

#define BIT(command)	(1u << (command))

static_assert(CMDLINE_COMMAND_COUNT <= 32, "commands are bits of a word");

struct command {
	const char *name;
	enum cmdline_command command;
	const char *word;	/* what its words are, NULL: it takes none */
	size_t words_max;
};

static const struct command commands[] = {
	{ "help", CMDLINE_HELP, NULL, 0 },
	{ "version", CMDLINE_VERSION, NULL, 0 },
	{ "list", CMDLINE_LIST, NULL, 0 },
	{ "create", CMDLINE_CREATE, NULL, 0 },
	{ "show", CMDLINE_SHOW, "name of a device", 1 },
	{ "destroy", CMDLINE_DESTROY, "name of a device", SIZE_MAX },
	{ "cleanup", CMDLINE_CLEANUP, NULL, 0 },
	{ "serve", CMDLINE_SERVE, "method", 1 },
	{ "--help", CMDLINE_HELP, NULL, 0 },
	{ "-h", CMDLINE_HELP, NULL, 0 },
	{ "--version", CMDLINE_VERSION, NULL, 0 },
	{ "-V", CMDLINE_VERSION, NULL, 0 },
};

struct option {
	const char *name;	/* with its dashes */
	const char *wants;	/* NULL: takes no argument */
	unsigned commands;	/* bits of those that know it */
	int (*handle)(struct cmdline *c, const char *arg);
};

static int
handle_unit(struct cmdline *c, const char *arg)
{
	return value_get_unit("-u", arg, &c->request.unit);
}

static int
handle_mtu(struct cmdline *c, const char *arg)
{
	return value_get_mtu("-m", arg, &c->request.mtu);
}

static int
handle_lladdr(struct cmdline *c, const char *arg)
{
	c->request.has_lladdr = true;
	return value_get_lladdr("-a", arg, c->request.lladdr);
}

static int
handle_bridge(struct cmdline *c, const char *arg)
{
	c->bridge = arg;
	return fault_check_name(arg);
}

static int
handle_owner(struct cmdline *c, const char *arg)
{
	return value_get_uid("-o", arg, &c->uid);
}

static int
handle_down(struct cmdline *c, const char *arg)
{
	(void)arg;
	c->request.up = false;
	return 0;
}

static int
handle_dry_run(struct cmdline *c, const char *arg)
{
	(void)arg;
	c->dry_run = true;
	return 0;
}

static int
handle_json(struct cmdline *c, const char *arg)
{
	(void)arg;
	c->json = true;
	return 0;
}

static int
handle_keep(struct cmdline *c, const char *arg)
{
	(void)arg;
	c->keep = true;
	return 0;
}

static const struct option options[] = {
	{ "-u", "a unit number", BIT(CMDLINE_CREATE) | BIT(CMDLINE_SERVE),
	    handle_unit },
	{ "-m", "an MTU", BIT(CMDLINE_CREATE) | BIT(CMDLINE_SERVE),
	    handle_mtu },
	{ "-a", "an Ethernet address",
	    BIT(CMDLINE_CREATE) | BIT(CMDLINE_SERVE), handle_lladdr },
	{ "-b", "a bridge", BIT(CMDLINE_SERVE), handle_bridge },
	{ "-o", "a user", BIT(CMDLINE_CREATE), handle_owner },
	{ "--down", NULL, BIT(CMDLINE_CREATE), handle_down },
	{ "--dry-run", NULL, BIT(CMDLINE_CLEANUP), handle_dry_run },
	{ "--json", NULL, BIT(CMDLINE_LIST) | BIT(CMDLINE_CREATE) |
	    BIT(CMDLINE_SHOW) | BIT(CMDLINE_CLEANUP), handle_json },
	{ "-k", NULL, BIT(CMDLINE_SERVE), handle_keep },
	{ "--keep", NULL, BIT(CMDLINE_SERVE), handle_keep },
};

#define COMMAND_COUNT	(sizeof(commands) / sizeof(commands[0]))
#define OPTION_COUNT	(sizeof(options) / sizeof(options[0]))

const char *
cmdline_usage(void)
{
	return "usage: tapctl list [--json]\n"
	    "       tapctl create [-u unit] [-m mtu] [-a address] [-o user] "
	    "[--down] [--json]\n"
	    "       tapctl show [--json] name\n"
	    "       tapctl destroy name ...\n"
	    "       tapctl cleanup [--dry-run] [--json]\n"
	    "       tapctl serve [-k] [-u unit] [-m mtu] [-a address] "
	    "[-b bridge] method\n"
	    "       tapctl help | version\n"
	    "methods: stream:[connect:]path  stream:fd:number  "
	    "dgram:path[,path]\n"
	    "         dgram:fd:number  stdio  openvpn\n";
}

static const struct command *
find_command(const char *name)
{
	size_t i;

	for (i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	log_error("no command \"%.64s\": see tapctl help", name);
	return NULL;
}

/* "-m1500" is "-m 1500": *argp is what follows the letter, or NULL. */
static const struct option *
find_option(const char *word, const char **argp)
{
	const struct option *o;
	size_t i, len;

	for (i = 0; i < OPTION_COUNT; i++) {
		o = &options[i];
		len = strlen(o->name);
		if (strncmp(word, o->name, len) != 0 ||
		    (word[len] != '\0' && o->wants == NULL))
			continue;
		*argp = word[len] != '\0' ? word + len : NULL;
		return o;
	}
	return NULL;
}

/* The option at *wordp, which ends up behind it and its argument. */
static int
parse_option(struct cmdline *c, const char *command, char ***wordp)
{
	const char *word = *(*wordp)++, *arg;
	const struct option *o = find_option(word, &arg);

	if (o == NULL || (o->commands & BIT(c->command)) == 0) {
		log_error("tapctl %s has no option %.64s: see tapctl help",
		    command, word);
		return SSHTAP_ERR_FORMAT;
	}
	if (o->wants != NULL && arg == NULL && (arg = **wordp) != NULL)
		(*wordp)++;
	if (o->wants != NULL && (arg == NULL || *arg == '\0')) {
		log_error("%s needs %s", o->name, o->wants);
		return SSHTAP_ERR_FORMAT;
	}
	return o->handle(c, arg);
}

/* Gathers what is no option at the front of words. */
static int
parse_words(struct cmdline *c, const char *command, char **words)
{
	bool only_words = false;
	char **next = words;
	int r;

	c->names = words;
	while (*next != NULL) {
		if (!only_words && strcmp(*next, "--") == 0) {
			only_words = true;
			next++;
		} else if (!only_words && **next == '-') {
			if ((r = parse_option(c, command, &next)) != 0)
				return r;
		} else
			words[c->n_names++] = *next++;
	}
	return 0;
}

static int
check_words(const struct cmdline *c, const struct command *command)
{
	if (c->n_names > command->words_max) {
		log_error("tapctl %s: what is \"%.64s\" for?  See tapctl help",
		    command->name, c->names[command->words_max]);
		return SSHTAP_ERR_FORMAT;
	}
	if (command->word != NULL && c->n_names == 0) {
		log_error("tapctl %s needs the %s: see tapctl help",
		    command->name, command->word);
		return SSHTAP_ERR_FORMAT;
	}
	return 0;
}

static int
parse_method(struct cmdline *c)
{
	int r;

	if ((r = method_parse(c->names[0], &c->method)) != 0)
		return r;
	if (c->keep && (c->method.kind != METHOD_STREAM ||
	    c->method.way != METHOD_LISTEN)) {
		log_error("-k: only stream:PATH can wait for another program");
		return SSHTAP_ERR_FORMAT;
	}
	if (c->method.kind == METHOD_OPENVPN)
		return method_ask_openvpn(&c->method, &c->request);
	return 0;
}

int
cmdline_parse(int argc, char **argv, struct cmdline *c)
{
	const struct command *command;
	char **words = argc > 0 ? argv + 1 : argv;
	int r;

	*c = (struct cmdline){ .uid = (uid_t)-1,
	    .request = { .unit = TAP_UNIT_ANY, .mode = TAP_ETHERNET,
	    .up = true } };
	if (*words == NULL && method_is_openvpn()) {
		c->command = CMDLINE_SERVE;
		(void)method_parse("openvpn", &c->method);
		return method_ask_openvpn(&c->method, &c->request);
	}
	if (*words == NULL) {
		log_error("a command is missing: see tapctl help");
		return SSHTAP_ERR_FORMAT;
	}
	if ((command = find_command(*words)) == NULL)
		return SSHTAP_ERR_FORMAT;
	c->command = command->command;
	if ((r = parse_words(c, command->name, words + 1)) != 0 ||
	    (r = check_words(c, command)) != 0)
		return r;
	return c->command == CMDLINE_SERVE ? parse_method(c) : 0;
}
