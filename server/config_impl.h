/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CONFIG_IMPL_H
#define CONFIG_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/setting.h"
#include "server/config.h"

/* Between the config*.c files only. */

/* What stands behind a keyword, unquoted; none of them is empty. */
struct server_config_words {
	struct server_config_list list;
	size_t at;		/* how many have been taken */
};

/* The next word; NULL at the end. */
const char *server_config_take(struct server_config_words *w);

struct server_config_key;

/*
 * Takes at least one word.  Returns 0, SSHTAP_ERR_FORMAT (the word taken last
 * is at fault, or the lack of one behind it), SSHTAP_ERR_TOO_BIG (more of them
 * than max), SSHTAP_ERR_NO_COMMON (no algorithm is left), SSHTAP_ERR_ALLOC.
 */
typedef int (server_config_set_fn)(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w);

/* Appends lines that set takes.  Returns what buf_put does. */
typedef int (server_config_put_fn)(const struct server_config *c,
    const struct server_config_key *k, struct buf *out);

/* Drops the default, since a value is coming. */
typedef void (server_config_start_fn)(struct server_config *c,
    const struct server_config_key *k);

struct server_config_key {
	const char *name;
	const char *wants;	/* "expected ..." */
	server_config_set_fn *set;
	server_config_put_fn *put;	/* NULL: another name of a keyword */
	size_t offset;		/* of the member: equal for other names */
	unsigned min, max;	/* of a number; max of repetitions, too */
	bool repeats;		/* else the first value given holds */
	server_config_start_fn *start;	/* NULL: nothing to drop */
	const struct setting_choice *choices;	/* of a word */
};

/* As many as server_config.given has bits for. */
#define SERVER_CONFIG_KEYS_MAX	64

/* Keyword number i; NULL behind the last. */
const struct server_config_key *server_config_key(size_t i);

/* Letter case does not matter; NULL when there is no such keyword. */
const struct server_config_key *server_config_find_key(const char *name);

/* The bit of a keyword in server_config.given. */
uint64_t server_config_key_bit(const struct server_config_key *k);

/*
 * What to say of a keyword that is sshd's alone; NULL when it is not.
 */
const char *server_config_foreign(const char *name);

/* The names that we carry for a list of algorithms, best first. */
int server_config_algorithms(const struct server_config_key *k,
    struct buf *out);

#define SERVER_CONFIG_MEMBER(c, k) ((void *)((char *)(c) + (k)->offset))
#define SERVER_CONFIG_CONST(c, k) \
	((const void *)((const char *)(c) + (k)->offset))

/* Replace a heap string by a copy of s (NULL allowed). */
int server_config_set_string(char **sp, const char *s);

/* Append a copy.  Returns 0, SSHTAP_ERR_TOO_BIG (max), SSHTAP_ERR_ALLOC. */
int server_config_list_add(struct server_config_list *l, size_t max,
    const char *s);
void server_config_list_clear(struct server_config_list *l);

/* Is it one of the forms described in sshtapd_config(5)? */
bool server_config_is_user(const char *pattern);
bool server_config_is_pattern(const char *pattern);

/* What the table is made of. */
server_config_set_fn server_config_set_algorithms;
server_config_set_fn server_config_set_yesno;
server_config_set_fn server_config_set_choice;
server_config_set_fn server_config_set_compression;
server_config_set_fn server_config_set_congestion;
server_config_set_fn server_config_set_files;
server_config_set_fn server_config_set_hostkey;
server_config_set_fn server_config_set_level;
server_config_set_fn server_config_set_listen;
server_config_set_fn server_config_set_number;
server_config_set_fn server_config_set_or_none;
server_config_set_fn server_config_set_pid_file;
server_config_set_fn server_config_set_port;
server_config_set_fn server_config_set_rekey;
server_config_set_fn server_config_set_seconds;
server_config_set_fn server_config_set_source;
server_config_set_fn server_config_set_startups;
server_config_set_fn server_config_set_users;

server_config_set_fn server_config_set_address;
server_config_set_fn server_config_set_bridge;
server_config_set_fn server_config_set_mtu;

server_config_start_fn server_config_start_list;
server_config_start_fn server_config_start_ports;

/* A word that setting_word reads as s, behind a blank. */
int server_config_put_word(struct buf *out, const char *s);

/* The keyword, in lower case. */
int server_config_put_name(struct buf *out, const struct server_config_key *k);

server_config_put_fn server_config_put_yesno;
server_config_put_fn server_config_put_choice;
server_config_put_fn server_config_put_congestion;
server_config_put_fn server_config_put_files;
server_config_put_fn server_config_put_level;
server_config_put_fn server_config_put_list;
server_config_put_fn server_config_put_listen;
server_config_put_fn server_config_put_number;
server_config_put_fn server_config_put_or_none;
server_config_put_fn server_config_put_pid_file;
server_config_put_fn server_config_put_ports;
server_config_put_fn server_config_put_rekey;
server_config_put_fn server_config_put_source;
server_config_put_fn server_config_put_startups;
server_config_put_fn server_config_put_string;

server_config_put_fn server_config_put_addresses;
server_config_put_fn server_config_put_bridges;
server_config_put_fn server_config_put_mtus;

#endif /* CONFIG_IMPL_H */
