/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * One small setter for each kind of value.  A setter checks what it takes and
 * stores it; it says nothing, except about algorithms, where the message
 * needs our own list.  Words that it leaves over are an error of its caller's
 * to tell.
 */

#include "server/config_impl.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/err.h"
#include "lib/text.h"
#include "relay/tuning.h"
#include "transport/namelist.h"

#define MEMBER		SERVER_CONFIG_MEMBER
#define PORT_MAX	65535
#define HOST_MAX	1024	/* NI_MAXHOST less its NUL */
#define HOST_CHARS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
			"0123456789.-_:%"

const char *
server_config_take(struct server_config_words *w)
{
	return w->at < w->list.n ? w->list.item[w->at++] : NULL;
}

int
server_config_set_string(char **sp, const char *s)
{
	char *copy = NULL;

	if (s != NULL && (copy = strdup(s)) == NULL)
		return SSHTAP_ERR_ALLOC;
	free(*sp);
	*sp = copy;
	return 0;
}

int
server_config_list_add(struct server_config_list *l, size_t max,
    const char *s)
{
	char *copy;

	if (l->n >= max || l->n >= SERVER_CONFIG_LIST_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((copy = strdup(s)) == NULL)
		return SSHTAP_ERR_ALLOC;
	l->item[l->n++] = copy;
	return 0;
}

void
server_config_list_clear(struct server_config_list *l)
{
	while (l->n > 0)
		free(l->item[--l->n]);
}

void
server_config_start_list(struct server_config *c,
    const struct server_config_key *k)
{
	server_config_list_clear(MEMBER(c, k));
}

void
server_config_start_ports(struct server_config *c,
    const struct server_config_key *k)
{
	(void)k;
	c->ports_n = 0;
}

/* A number from min to max that is all of s. */
static int
get_number(const char *s, unsigned min, unsigned max, unsigned *valuep)
{
	unsigned long n;

	if (text_get_number(s, max, &n) != 0 || n < min)
		return SSHTAP_ERR_FORMAT;
	*valuep = (unsigned)n;
	return 0;
}

int
server_config_set_number(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	return get_number(server_config_take(w), k->min, k->max, MEMBER(c, k));
}

int
server_config_set_or_none(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	unsigned *member = MEMBER(c, k);
	const char *s = server_config_take(w);

	if (!setting_is_none(s))
		return get_number(s, k->min, k->max, member);
	*member = 0;
	return 0;
}

int
server_config_set_yesno(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	return setting_bool(server_config_take(w), MEMBER(c, k));
}

int
server_config_set_seconds(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	return setting_seconds(server_config_take(w), MEMBER(c, k));
}

int
server_config_set_choice(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	return setting_choose(k->choices, server_config_take(w), MEMBER(c, k));
}

int
server_config_set_level(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	(void)k;
	return setting_log_level(server_config_take(w), &c->log_level);
}

/* As for sshd, "yes" and "delayed" are one: before a login there is none. */
int
server_config_set_compression(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	const char *s = server_config_take(w);

	(void)k;
	if (strcasecmp(s, "yes") == 0 || strcasecmp(s, "delayed") == 0)
		c->compression = true;
	else if (strcasecmp(s, "no") == 0)
		c->compression = false;
	else
		return SSHTAP_ERR_FORMAT;
	return 0;
}

int
server_config_set_congestion(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	const char *s = server_config_take(w);

	if (!tuning_is_name(s))
		return SSHTAP_ERR_FORMAT;
	c->congestion_is_chosen = true;
	return server_config_set_string(MEMBER(c, k),
	    strcmp(s, "system") == 0 ? NULL : s);
}

int
server_config_set_port(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	unsigned port;

	if (get_number(server_config_take(w), 1, PORT_MAX, &port) != 0)
		return SSHTAP_ERR_FORMAT;
	if (c->ports_n == k->max)
		return SSHTAP_ERR_TOO_BIG;
	c->ports[c->ports_n++] = port;
	return 0;
}

/*
 * host, host:port, [host] or [host]:port, where more than one colon without
 * brackets is an IPv6 address; s is cut.
 */
static int
split_port(char *s, char **hostp, unsigned *portp)
{
	char *end;

	*hostp = s;
	*portp = 0;
	if (*s == '[') {
		*hostp = s + 1;
		if ((end = strchr(s, ']')) == NULL)
			return SSHTAP_ERR_FORMAT;
		*end++ = '\0';
		if (*end == '\0')
			return 0;
		if (*end != ':')
			return SSHTAP_ERR_FORMAT;
	} else if ((end = strchr(s, ':')) == NULL ||
	    strchr(end + 1, ':') != NULL)
		return 0;
	*end = '\0';
	return get_number(end + 1, 1, PORT_MAX, portp);
}

/* A name, or an address of either family, maybe with a zone. */
static bool
is_host(const char *s)
{
	char address[IPADDR_TEXT_SIZE];
	size_t len = strcspn(s, "%");
	struct ipaddr ip;

	if (*s == '\0' || *s == '-' || strlen(s) > HOST_MAX ||
	    strspn(s, HOST_CHARS) != strlen(s))
		return false;
	if (strchr(s, ':') == NULL)
		return true;
	if (len >= sizeof(address))
		return false;
	memcpy(address, s, len);
	address[len] = '\0';
	return ipaddr_parse(address, &ip) == 0;
}

int
server_config_set_listen(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	struct server_config_listen *l = &c->listen[c->listen_n];
	char *copy = NULL, *host;
	unsigned port;
	int r;

	if (c->listen_n == k->max)
		return SSHTAP_ERR_TOO_BIG;
	if ((r = server_config_set_string(&copy, server_config_take(w))) != 0)
		return r;
	if (split_port(copy, &host, &port) != 0 || !is_host(host)) {
		r = SSHTAP_ERR_FORMAT;
		goto out;
	}
	*l = (struct server_config_listen){ .port = port };
	if ((r = server_config_set_string(&l->host, host)) == 0)
		c->listen_n++;
 out:
	free(copy);
	return r;
}

/* The listener has left the directory it was started in. */
static bool
is_path(const char *s)
{
	return *s == '/' && strlen(s) <= SERVER_CONFIG_PATH_MAX;
}

int
server_config_set_hostkey(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	const char *s = server_config_take(w);

	if (!is_path(s))
		return SSHTAP_ERR_FORMAT;
	return server_config_list_add(MEMBER(c, k), k->max, s);
}

int
server_config_set_pid_file(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	const char *s = server_config_take(w);

	if (setting_is_none(s))
		s = NULL;
	else if (!is_path(s))
		return SSHTAP_ERR_FORMAT;
	return server_config_set_string(MEMBER(c, k), s);
}

int
server_config_set_files(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	const char *s;
	int r;

	while ((s = server_config_take(w)) != NULL) {
		if (setting_is_none(s) || !server_config_is_pattern(s))
			return SSHTAP_ERR_FORMAT;
		if ((r = server_config_list_add(MEMBER(c, k), k->max, s)) != 0)
			return r;
	}
	return 0;
}

int
server_config_set_users(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	const char *s;
	int r;

	while ((s = server_config_take(w)) != NULL) {
		if (!server_config_is_user(s))
			return SSHTAP_ERR_FORMAT;
		if ((r = server_config_list_add(MEMBER(c, k), k->max, s)) != 0)
			return r;
	}
	return 0;
}

int
server_config_set_rekey(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	const char *bytes = server_config_take(w);
	unsigned seconds;

	(void)k;
	if (setting_rekey(bytes, server_config_take(w), &c->rekey_bytes,
	    &seconds) != 0)
		return SSHTAP_ERR_FORMAT;
	c->rekey_ms = seconds * UINT64_C(1000);
	return 0;
}

#define FIELDS_MAX	3

/* Numbers with colons between; s is cut.  Returns how many, 0: malformed. */
static size_t
split_numbers(char *s, size_t max, unsigned *numbers)
{
	char *colon;
	size_t n = 0;

	for (; n < max; s = colon + 1) {
		if ((colon = strchr(s, ':')) != NULL)
			*colon = '\0';
		if (get_number(s, 0, SERVER_CONFIG_STARTUPS_MAX,
		    &numbers[n++]) != 0)
			return 0;
		if (colon == NULL)
			return n;
	}
	return 0;
}

static int
take_numbers(struct server_config_words *w, size_t max, unsigned *numbers,
    size_t *np)
{
	char *copy = NULL;
	int r;

	if ((r = server_config_set_string(&copy, server_config_take(w))) != 0)
		return r;
	*np = split_numbers(copy, max, numbers);
	free(copy);
	return *np > 0 ? 0 : SSHTAP_ERR_FORMAT;
}

/* As for sshd, start alone is start:100:start. */
int
server_config_set_startups(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	unsigned field[FIELDS_MAX];
	size_t n;
	int r;

	(void)k;
	if ((r = take_numbers(w, FIELDS_MAX, field, &n)) != 0)
		return r;
	if (n == 1) {
		field[1] = 100;
		field[2] = field[0];
	} else if (n != FIELDS_MAX)
		return SSHTAP_ERR_FORMAT;
	if (field[0] < 1 || field[0] > field[2] || field[1] < 1 ||
	    field[1] > 100)
		return SSHTAP_ERR_FORMAT;
	c->startups_begin = field[0];
	c->startups_rate = field[1];
	c->startups_full = field[2];
	return 0;
}

int
server_config_set_source(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	unsigned bits[2] = { 0, c->per_source_v6 };
	size_t n;
	int r;

	(void)k;
	if ((r = take_numbers(w, 2, bits, &n)) != 0)
		return r;
	if (bits[0] > 32 || bits[1] > 128)
		return SSHTAP_ERR_FORMAT;
	c->per_source_v4 = bits[0];
	c->per_source_v6 = bits[1];
	return 0;
}

static void
log_algorithms(const struct server_config_key *k, const char *s,
    const struct view *ours)
{
	log_error("%s \"%.200s\" names nothing that sshtapd has: add one of "
	    "%.*s", k->name, s, (int)ours->len, ours->p);
}

int
server_config_set_algorithms(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	const char *s = server_config_take(w);
	char **member = MEMBER(c, k), *names = NULL;
	struct buf own, out;
	struct view ours, v;
	int r;

	buf_init(&own, NAMELIST_MAX);
	buf_init(&out, NAMELIST_MAX);
	if ((r = server_config_algorithms(k, &own)) != 0)
		goto out;
	ours = buf_view(&own);
	if ((r = namelist_filter(&out, s, &ours)) != 0)
		goto out;
	v = buf_view(&out);
	if (v.len == 0) {
		log_algorithms(k, s, &ours);
		r = SSHTAP_ERR_NO_COMMON;
	} else if ((r = view_to_cstring(&v, &names)) == 0) {
		free(*member);
		*member = names;
	}
 out:
	buf_clear(&own);
	buf_clear(&out);
	return r;
}
