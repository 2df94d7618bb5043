/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CONFIG_CLIENT_H
#define CONFIG_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/log.h"
#include "tun/tap.h"

/*
 * Everything that a user can set, under ssh_config(5)'s names and meaning.
 * Strings are on the heap and never NULL unless the comment says so.
 */
#define CONFIG_LIST_MAX	64	/* identity files, known hosts files, ... */

struct config_list {
	char *item[CONFIG_LIST_MAX];
	size_t n;
};

enum config_strict {
	CONFIG_STRICT_NO,
	CONFIG_STRICT_ACCEPT_NEW,
	CONFIG_STRICT_ASK,
	CONFIG_STRICT_YES
};

struct config {
	const char *software;		/* how we identify: the program's */

	/* The command line itself (options.c). */
	char *destination;		/* as typed, without user@ and port */
	char *command;			/* NULL: none */
	char *config_file;		/* -F, NULL: ssh's own */
	char *log_file;			/* -E, NULL: standard error */
	struct config_list overrides;	/* -o and short forms, "Key=value" */
	bool background;		/* -f */
	bool stdin_null;		/* -n */
	bool no_command;		/* -N */
	bool quiet;			/* -q */
	int verbose;			/* -v, counted */
	bool local_unit_set;		/* -w was given */

	/* The tunnel. */
	enum tap_mode mode;
	uint32_t local_unit, remote_unit;	/* TAP_UNIT_ANY: any */
	bool offload;			/* large frames, if both ends can */
	unsigned busy_poll;		/* microseconds, 0: sleep at once */

	/* Where to (sshconfig.c from here on). */
	char *hostname;			/* to resolve and connect to */
	char *host_key_alias;		/* NULL: file keys under hostname */
	unsigned port;
	char *user;
	int address_family;		/* AF_UNSPEC, AF_INET, AF_INET6 */
	char *bind_address;		/* NULL: any */
	char *proxy_command;		/* NULL: direct; tokens expanded */
	unsigned connect_timeout;	/* seconds, 0: none of our own */
	unsigned connection_attempts;	/* at least 1 */
	bool tcp_keepalive;
	char *congestion;		/* of TCP, NULL: the system's own */
	bool congestion_is_chosen;	/* by the user */

	/* Trust. */
	struct config_list user_known_hosts;
	struct config_list global_known_hosts;
	enum config_strict strict;
	bool hash_known_hosts;

	/* Authentication. */
	struct config_list identities;
	bool identities_are_default;	/* missing files are no news */
	struct config_list certificates;
	bool identities_only;
	char *identity_agent;		/* socket path, NULL: no agent */
	bool pubkey_auth, password_auth, kbdint_auth;
	char *preferred_auths;		/* NULL: our order */
	unsigned password_prompts;
	bool batch_mode;

	/* Algorithms: names we carry, already filtered by the user's lists. */
	char *kex, *hostkey_algs, *ciphers, *pubkey_algs;
	bool hostkey_algs_set;		/* the user chose their order */
	bool compression;
	uint64_t rekey_bytes;		/* 0: our own limit */
	uint64_t rekey_ms;		/* 0: our own limit */

	/* Life. */
	unsigned alive_interval;	/* seconds, 0: off */
	unsigned alive_count_max;
	struct config_list env;		/* "NAME=value" of SendEnv and SetEnv */
	enum log_level log_level;
};

/* Built-in defaults; nothing to free yet on failure. */
int config_init(struct config *c);
void config_clear(struct config *c);

/* Append a copy.  Returns 0, SSHTAP_ERR_TOO_BIG, SSHTAP_ERR_ALLOC. */
int config_list_add(struct config_list *l, const char *s);
void config_list_clear(struct config_list *l);

/* Replace a heap string by a copy of s (NULL allowed). */
int config_set(char **sp, const char *s);

#endif /* CONFIG_CLIENT_H */
