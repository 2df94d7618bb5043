/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * What the interface of a unit gets: lines TunnelBridge and TunnelMTU, of
 * which the first that fits a unit counts, and lines TunnelAddress, which all
 * count.  Units are numbers and ranges; without them a line is for all.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/text.h"
#include "server/config_impl.h"

#define UNIT_SIZE	16	/* "2147483645" and its NUL */

static int
add_rule(struct server_config_rules *rules, size_t max,
    const struct server_config_rule *rule)
{
	struct server_config_rule *grown;

	if (rules->n >= max)
		return SSHTAP_ERR_TOO_BIG;
	grown = realloc(rules->rule, (rules->n + 1) * sizeof(*grown));
	if (grown == NULL)
		return SSHTAP_ERR_ALLOC;
	grown[rules->n++] = *rule;
	rules->rule = grown;
	return 0;
}

static int
get_unit(const char *s, size_t len, uint32_t *unitp)
{
	unsigned long unit;
	char copy[UNIT_SIZE];

	if (len >= sizeof(copy))
		return SSHTAP_ERR_FORMAT;
	memcpy(copy, s, len);
	copy[len] = '\0';
	if (text_get_number(copy, TAP_UNIT_MAX, &unit) != 0)
		return SSHTAP_ERR_FORMAT;
	*unitp = (uint32_t)unit;
	return 0;
}

/* "5" or "5-9". */
static int
get_units(const char *s, struct server_config_units *u)
{
	size_t len = strcspn(s, "-");

	if (get_unit(s, len, &u->first) != 0)
		return SSHTAP_ERR_FORMAT;
	u->last = u->first;
	if (s[len] == '-' &&
	    get_unit(s + len + 1, strlen(s + len + 1), &u->last) != 0)
		return SSHTAP_ERR_FORMAT;
	return u->last < u->first ? SSHTAP_ERR_FORMAT : 0;
}

static int
take_units(struct server_config_words *w, struct server_config_rule *rule)
{
	const char *s;

	while ((s = server_config_take(w)) != NULL) {
		if (rule->n == SERVER_CONFIG_UNITS_MAX ||
		    get_units(s, &rule->units[rule->n]) != 0)
			return SSHTAP_ERR_FORMAT;
		rule->n++;
	}
	return 0;
}

/* What both systems take for the name of an interface. */
static bool
is_interface(const char *s)
{
	size_t i, len = strlen(s);

	if (len == 0 || len >= TAP_NAME_SIZE || strcmp(s, ".") == 0 ||
	    strcmp(s, "..") == 0)
		return false;
	for (i = 0; i < len; i++) {
		if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f || s[i] == '/')
			return false;
	}
	return true;
}

int
server_config_set_bridge(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	struct server_config_rule rule = { .n = 0 };
	const char *name = server_config_take(w);

	if (!setting_is_none(name)) {
		if (!is_interface(name))
			return SSHTAP_ERR_FORMAT;
		memcpy(rule.bridge, name, strlen(name));
	}
	if (take_units(w, &rule) != 0)
		return SSHTAP_ERR_FORMAT;
	return add_rule(&c->bridges, k->max, &rule);
}

int
server_config_set_mtu(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	struct server_config_rule rule = { .n = 0 };
	unsigned long mtu;

	if (text_get_number(server_config_take(w), SERVER_CONFIG_MTU_MAX,
	    &mtu) != 0 || mtu < TAP_MTU_MIN || take_units(w, &rule) != 0)
		return SSHTAP_ERR_FORMAT;
	rule.mtu = (unsigned)mtu;
	return add_rule(&c->mtus, k->max, &rule);
}

/* An interface can have it: neither a group's nor nobody's. */
static bool
is_host_address(const struct server_config_address *a)
{
	static const struct ipaddr none = { .len = 0 };

	if (a->prefix_len == 0 ||
	    memcmp(a->ip.bytes, none.bytes, a->ip.len) == 0)
		return false;
	/* RFC 1112 section 4; RFC 4291 section 2.7. */
	return a->ip.len == 4 ? a->ip.bytes[0] < 224 : a->ip.bytes[0] != 0xff;
}

static int
get_address(const char *s, struct server_config_address *a)
{
	if (strchr(s, '/') == NULL ||
	    ipaddr_parse_prefix(s, &a->ip, &a->prefix_len) != 0)
		return SSHTAP_ERR_FORMAT;
	return is_host_address(a) ? 0 : SSHTAP_ERR_FORMAT;
}

/* The one unit behind an address, and nothing else. */
static int
take_unit(struct server_config_words *w, struct server_config_rule *rule)
{
	const char *s = server_config_take(w);

	if (s == NULL || get_unit(s, strlen(s), &rule->units[0].first) != 0)
		return SSHTAP_ERR_FORMAT;
	rule->units[0].last = rule->units[0].first;
	rule->n = 1;
	return 0;
}

int
server_config_set_address(struct server_config *c,
    const struct server_config_key *k, struct server_config_words *w)
{
	struct server_config_rule rule = { .n = 0 };
	struct server_config_tunnel t;
	size_t i;

	if (get_address(server_config_take(w), &rule.address) != 0 ||
	    take_unit(w, &rule) != 0)
		return SSHTAP_ERR_FORMAT;
	server_config_tunnel(c, rule.units[0].first, &t);
	for (i = 0; i < t.n; i++) {
		if (ipaddr_equals(&t.address[i]->ip, &rule.address.ip))
			return SSHTAP_ERR_FORMAT;
	}
	if (t.n == SERVER_CONFIG_ADDRESSES_MAX)
		return SSHTAP_ERR_TOO_BIG;
	return add_rule(&c->addresses, k->max, &rule);
}

static bool
fits(const struct server_config_rule *rule, uint32_t unit)
{
	size_t i;

	for (i = 0; i < rule->n; i++) {
		if (unit >= rule->units[i].first && unit <= rule->units[i].last)
			return true;
	}
	return rule->n == 0;
}

static const struct server_config_rule *
find_rule(const struct server_config_rules *rules, uint32_t unit)
{
	size_t i;

	for (i = 0; i < rules->n; i++) {
		if (fits(&rules->rule[i], unit))
			return &rules->rule[i];
	}
	return NULL;
}

void
server_config_tunnel(const struct server_config *c, uint32_t unit,
    struct server_config_tunnel *t)
{
	const struct server_config_rule *rule;
	size_t i;

	*t = (struct server_config_tunnel){ .n = 0 };
	if ((rule = find_rule(&c->bridges, unit)) != NULL &&
	    rule->bridge[0] != '\0')
		t->bridge = rule->bridge;
	if ((rule = find_rule(&c->mtus, unit)) != NULL)
		t->mtu = rule->mtu;
	for (i = 0; i < c->addresses.n; i++) {
		rule = &c->addresses.rule[i];
		if (fits(rule, unit) && t->n < SERVER_CONFIG_ADDRESSES_MAX)
			t->address[t->n++] = &rule->address;
	}
}

static int
put_units(struct buf *out, const struct server_config_rule *rule)
{
	const struct server_config_units *u;
	size_t i;
	int r = 0;

	for (i = 0; i < rule->n && r == 0; i++) {
		u = &rule->units[i];
		r = u->first == u->last ?
		    buf_put_format(out, " %lu", (unsigned long)u->first) :
		    buf_put_format(out, " %lu-%lu", (unsigned long)u->first,
		    (unsigned long)u->last);
	}
	return r != 0 ? r : buf_put_u8(out, '\n');
}

int
server_config_put_bridges(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	const struct server_config_rule *rule;
	size_t i;
	int r = 0;

	for (i = 0; i < c->bridges.n && r == 0; i++) {
		rule = &c->bridges.rule[i];
		if ((r = server_config_put_name(out, k)) == 0 &&
		    (r = server_config_put_word(out, rule->bridge[0] != '\0' ?
		    rule->bridge : "none")) == 0)
			r = put_units(out, rule);
	}
	return r;
}

int
server_config_put_mtus(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	const struct server_config_rule *rule;
	size_t i;
	int r = 0;

	for (i = 0; i < c->mtus.n && r == 0; i++) {
		rule = &c->mtus.rule[i];
		if ((r = server_config_put_name(out, k)) == 0 &&
		    (r = buf_put_format(out, " %u", rule->mtu)) == 0)
			r = put_units(out, rule);
	}
	return r;
}

int
server_config_put_addresses(const struct server_config *c,
    const struct server_config_key *k, struct buf *out)
{
	const struct server_config_rule *rule;
	char text[IPADDR_TEXT_SIZE];
	size_t i;
	int r = 0;

	for (i = 0; i < c->addresses.n && r == 0; i++) {
		rule = &c->addresses.rule[i];
		ipaddr_format(&rule->address.ip, text);
		if ((r = server_config_put_name(out, k)) == 0 &&
		    (r = buf_put_format(out, " %s/%u", text,
		    rule->address.prefix_len)) == 0)
			r = put_units(out, rule);
	}
	return r;
}
