/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef CONFIG_SERVER_H
#define CONFIG_SERVER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/ipaddr.h"
#include "lib/log.h"
#include "lib/view.h"
#include "tun/tap.h"

/*
 * The configuration of sshtapd: sshd_config(5)'s keywords, rules of writing
 * and meaning where it has them, and some of our own for what a tunnel may
 * be.  doc/sshtapd_config.5 describes each keyword.
 *
 * A keyword of sshd_config(5) that is not obeyed here is refused, never
 * ignored: somebody may rely on it.
 */
#define SERVER_CONFIG_TEXT_MAX	(256 * 1024)
#define SERVER_CONFIG_ERRORS_MAX	20	/* told before giving up */

#define SERVER_CONFIG_LIST_MAX	256	/* of users; also words of a line */
#define SERVER_CONFIG_FILES_MAX	16	/* host keys; authorized_keys */
#define SERVER_CONFIG_LISTEN_MAX	16	/* ports; addresses */
#define SERVER_CONFIG_STARTUPS_MAX	1000	/* as STARTUPS_MAX */
#define SERVER_CONFIG_PATH_MAX	1024	/* bytes of a name, also expanded */

#define SERVER_CONFIG_RULES_MAX	256	/* lines of one keyword Tunnel... */
#define SERVER_CONFIG_UNITS_MAX	16	/* units of one of them */
#define SERVER_CONFIG_ADDRESSES_MAX	8	/* of one unit */

/* The largest packet, less an Ethernet header. */
#define SERVER_CONFIG_MTU_MAX	(TAP_FRAME_MAX - TAP_FRAME_MIN)

struct server_config_list {
	char *item[SERVER_CONFIG_LIST_MAX];
	size_t n;
};

struct server_config_listen {
	char *host;		/* name or address */
	unsigned port;		/* 0: each of the ports */
};

struct server_config_units {
	uint32_t first, last;
};

struct server_config_address {
	struct ipaddr ip;
	unsigned prefix_len;	/* bits */
};

/* One line TunnelBridge, TunnelMTU or TunnelAddress. */
struct server_config_rule {
	struct server_config_units units[SERVER_CONFIG_UNITS_MAX];
	size_t n;		/* of units; 0: all units */
	char bridge[TAP_NAME_SIZE];	/* "": none */
	unsigned mtu;
	struct server_config_address address;
};

struct server_config_rules {
	struct server_config_rule *rule;
	size_t n;
};

/* Strings are on the heap and never NULL unless the comment says so. */
struct server_config {
	/* Where to listen. */
	unsigned ports[SERVER_CONFIG_LISTEN_MAX];
	size_t ports_n;
	struct server_config_listen listen[SERVER_CONFIG_LISTEN_MAX];
	size_t listen_n;		/* 0: every address */
	int address_family;		/* AF_UNSPEC, AF_INET, AF_INET6 */
	bool tcp_keepalive;
	char *congestion;		/* of TCP, NULL: the system's own */
	bool congestion_is_chosen;	/* by the administrator */

	/* Who we are; algorithms are names we carry, already filtered. */
	struct server_config_list host_keys;	/* absolute paths */
	char *kex, *ciphers, *hostkey_algs, *pubkey_algs;
	bool compression;		/* once a user has logged in */
	uint64_t rekey_bytes;		/* 0: our own limit */
	uint64_t rekey_ms;		/* 0: our own limit */

	/* Who may come in. */
	struct server_config_list authorized_keys;	/* patterns */
	struct server_config_list allow_users, deny_users;
	bool strict_modes;
	unsigned max_auth_tries;
	unsigned login_grace;		/* seconds, 0: no limit */

	/* How many at once, before they have logged in. */
	unsigned startups_begin, startups_rate, startups_full;
	unsigned per_source_max;	/* 0: no limit */
	unsigned per_source_v4, per_source_v6;	/* bits of one source */

	/* Life. */
	unsigned alive_interval;	/* seconds, 0: off */
	unsigned alive_count_max;	/* 0: never end a connection */
	enum log_level log_level;
	int syslog_facility;		/* LOG_AUTH, ... of syslog(3) */
	char *pid_file;			/* NULL: none */

	/* How fast. */
	bool offload;			/* large frames, if both ends can */
	unsigned busy_poll;		/* microseconds, 0: sleep at once */

	/* What a tunnel may be. */
	int permit_tunnel;		/* of TAP_ETHERNET and
					 * TAP_POINT_TO_POINT, or'ed */
	struct server_config_rules bridges, mtus, addresses;

	uint64_t given;			/* keywords that have a value: ours */
};

/* The file that is read unless another one is named. */
const char *server_config_path(void);

/* Built-in defaults; nothing to free yet on failure. */
int server_config_init(struct server_config *c);
void server_config_clear(struct server_config *c);

/*
 * One setting of the command line, "Keyword=value" or as a line of the file.
 * Comes before the file, in which this keyword then means nothing, also one
 * that may be repeated.
 * Returns 0, SSHTAP_ERR_FORMAT (has been logged), SSHTAP_ERR_ALLOC.
 */
int server_config_override(struct server_config *c, const char *s);

/*
 * The text of a file.  Each line that is wrong is logged in one line, up to
 * SERVER_CONFIG_ERRORS_MAX.
 *
 * name:    of the file, for messages.
 * Returns 0, SSHTAP_ERR_FORMAT, SSHTAP_ERR_TOO_BIG (the text; both have been
 * logged), SSHTAP_ERR_ALLOC; on failure c is good for nothing but clear.
 */
int server_config_parse(struct server_config *c, const char *name,
    const struct view *text);

/*
 * The same with a file, a regular one of root or of our own user that nobody
 * else may write.
 * Returns what server_config_parse does, SSHTAP_ERR_PERMISSION and
 * SSHTAP_ERR_SYSTEM (have been logged), SSHTAP_ERR_NOT_FOUND (no such file,
 * has not: it may be no fault).
 */
int server_config_read(struct server_config *c, const char *path);

/*
 * Append all settings as a text that server_config_parse makes the same
 * configuration of, keywords in lower case as sshd -T writes them.
 * Returns 0 or what buf_put returns.
 */
int server_config_dump(const struct server_config *c, struct buf *out);

/*
 * May this user log in from there?  DenyUsers is asked first.
 *
 * address: numeric, maybe with a zone, which is ignored, or mapped from IPv4;
 *          from what is no address nobody may.  "" for a pipe: no pattern
 *          with an address matches.
 */
bool server_config_permits_user(const struct server_config *c,
    const char *user, const char *address);

/*
 * A name of AuthorizedKeysFile as the path it is for a user.  A relative one
 * is below the home directory.
 *
 * user:    a name of the system's own, never of the far side's.
 * pathp:   on the heap, freed by the caller.
 * Returns 0, SSHTAP_ERR_FORMAT (unknown %-token), SSHTAP_ERR_ARGUMENT (the
 * user's name cannot be part of a path, or there is no home directory),
 * SSHTAP_ERR_TOO_BIG (over SERVER_CONFIG_PATH_MAX), SSHTAP_ERR_ALLOC.
 */
int server_config_expand(const char *pattern, const char *user,
    const char *home, uid_t uid, char **pathp);

/* What the interface of one unit is to get. */
struct server_config_tunnel {
	const char *bridge;	/* NULL: none */
	unsigned mtu;		/* 0: as the system has it */
	const struct server_config_address
	    *address[SERVER_CONFIG_ADDRESSES_MAX];
	size_t n;		/* of addresses */
};

/* t points into c. */
void server_config_tunnel(const struct server_config *c, uint32_t unit,
    struct server_config_tunnel *t);

#endif /* CONFIG_SERVER_H */
