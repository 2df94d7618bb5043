/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The settings as they are before the user has said anything: ssh_config(5)'s
 * defaults where ssh has one.  File names are kept as a user would write them
 * ("~/.ssh/..."); sshconfig_resolve expands all names at its end, when host,
 * port and user are known.
 */

#include "client/config.h"

#include <sys/socket.h>

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "relay/tuning.h"
#include "transport/cipher.h"
#include "transport/kex.h"
#include "transport/key.h"
#include "transport/namelist.h"

int
config_set(char **sp, const char *s)
{
	char *copy = NULL;

	if (s != NULL && (copy = strdup(s)) == NULL)
		return SSHTAP_ERR_ALLOC;
	free(*sp);
	*sp = copy;
	return 0;
}

int
config_list_add(struct config_list *l, const char *s)
{
	char *copy;

	if (l->n == CONFIG_LIST_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((copy = strdup(s)) == NULL)
		return SSHTAP_ERR_ALLOC;
	l->item[l->n++] = copy;
	return 0;
}

void
config_list_clear(struct config_list *l)
{
	while (l->n > 0)
		free(l->item[--l->n]);
}

/* An account without a name is met in containers: the environment has one. */
static int
set_local_user(char **sp)
{
	const struct passwd *pw = getpwuid(getuid());
	const char *name = pw != NULL ? pw->pw_name : getenv("LOGNAME");

	if (name == NULL || *name == '\0')
		name = getenv("USER");
	if (name == NULL || *name == '\0')
		return SSHTAP_ERR_NOT_FOUND;
	return config_set(sp, name);
}

static int
set_kex_default(char **sp)
{
	struct buf list;
	struct view v;
	int r;

	buf_init(&list, NAMELIST_MAX);
	if ((r = kex_default_list(&list)) == 0) {
		v = buf_view(&list);
		r = view_to_cstring(&v, sp);
	}
	buf_clear(&list);
	return r;
}

static int
add_files(struct config_list *l, const char *const *names, size_t n)
{
	size_t i;
	int r = 0;

	for (i = 0; i < n && r == 0; i++)
		r = config_list_add(l, names[i]);
	return r;
}

static int
set_default_files(struct config *c)
{
	/* The types that we carry, best first. */
	static const char *const identities[] = {
		"~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"
	};
	static const char *const user[] = {
		"~/.ssh/known_hosts", "~/.ssh/known_hosts2"
	};
	static const char *const global[] = {
		"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"
	};
	const char *agent = getenv("SSH_AUTH_SOCK");
	int r;

	c->identities_are_default = true;
	if ((r = add_files(&c->identities, identities, 3)) != 0 ||
	    (r = add_files(&c->user_known_hosts, user, 2)) != 0 ||
	    (r = add_files(&c->global_known_hosts, global, 2)) != 0)
		return r;
	if (agent != NULL && *agent != '\0')
		return config_set(&c->identity_agent, agent);
	return 0;
}

static int
set_default_strings(struct config *c)
{
	int r;

	if ((r = config_set(&c->destination, "")) != 0 ||
	    (r = config_set(&c->hostname, "")) != 0 ||
	    (r = config_set(&c->congestion, TUNING_CONGESTION)) != 0 ||
	    (r = set_local_user(&c->user)) != 0 ||
	    (r = set_kex_default(&c->kex)) != 0 ||
	    (r = config_set(&c->ciphers, CIPHER_DEFAULT_LIST)) != 0 ||
	    (r = config_set(&c->hostkey_algs, KEY_DEFAULT_HOSTKEY_LIST)) != 0 ||
	    (r = config_set(&c->pubkey_algs, KEY_DEFAULT_HOSTKEY_LIST)) != 0)
		return r;
	return 0;
}

int
config_init(struct config *c)
{
	int r;

	*c = (struct config){
		.mode = TAP_ETHERNET,
		.local_unit = TAP_UNIT_ANY,
		.remote_unit = TAP_UNIT_ANY,
		.offload = true,
		.port = 22,
		.address_family = AF_UNSPEC,
		.connection_attempts = 1,
		.tcp_keepalive = true,
		.strict = CONFIG_STRICT_ASK,
		.pubkey_auth = true,
		.password_auth = true,
		.kbdint_auth = true,
		.password_prompts = 3,
		.alive_count_max = 3,
		.log_level = LOG_LEVEL_INFO
	};
	if ((r = set_default_strings(c)) != 0 ||
	    (r = set_default_files(c)) != 0)
		config_clear(c);
	return r;
}

void
config_clear(struct config *c)
{
	char **strings[] = {
		&c->destination, &c->command, &c->config_file, &c->log_file,
		&c->hostname, &c->host_key_alias, &c->user, &c->bind_address,
		&c->congestion, &c->proxy_command, &c->identity_agent,
		&c->preferred_auths, &c->kex, &c->hostkey_algs, &c->ciphers,
		&c->pubkey_algs
	};
	struct config_list *lists[] = {
		&c->overrides, &c->user_known_hosts, &c->global_known_hosts,
		&c->identities, &c->certificates, &c->env
	};
	size_t i;

	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		free(*strings[i]);
		*strings[i] = NULL;
	}
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		config_list_clear(lists[i]);
}
