/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * Patterns of AllowUsers and DenyUsers: USER or USER@ADDRESS.  No name is
 * looked up, so that whoever answers for a network's names has no say in who
 * may come from it: a host name is malformed rather than never matched.
 *
 * A pattern is read each time it is asked about.  That is once for a login,
 * and keeps one form of it instead of two.
 */

#include <string.h>

#include "lib/ipaddr.h"
#include "lib/text.h"
#include "server/config_impl.h"

#define ADDRESS_CHARS	"0123456789abcdefABCDEF.:"
#define WILDCARDS	"*?"

/* Where the user ends and the address begins; NULL: any address. */
static const char *
find_at(const char *pattern)
{
	return strrchr(pattern, '@');
}

static bool
is_address(const char *s)
{
	struct ipaddr ip;
	unsigned bits;

	if (strpbrk(s, WILDCARDS) == NULL)
		return ipaddr_parse_network(s, &ip, &bits) == 0;
	return strspn(s, ADDRESS_CHARS WILDCARDS) == strlen(s);
}

/*
 * A comma divides nothing here and "!" negates nothing, so either is a slip
 * that would let in or keep out another one than was meant.
 */
bool
server_config_is_user(const char *pattern)
{
	const char *at = find_at(pattern);
	size_t len = at != NULL ? (size_t)(at - pattern) : strlen(pattern);

	if (len == 0 || *pattern == '!' || strchr(pattern, ',') != NULL)
		return false;
	return at == NULL || is_address(at + 1);
}

/* Who asks. */
struct peer {
	struct view user;
	struct ipaddr ip;
	char text[IPADDR_TEXT_SIZE];	/* usual spelling of the address */
	bool has_address;		/* else it came over a pipe */
};

static bool
address_matches(const char *s, const struct peer *p)
{
	struct view pattern = view_of_string(s), text = view_of_string(p->text);
	struct ipaddr network;
	unsigned bits;

	if (ipaddr_parse_network(s, &network, &bits) == 0)
		return ipaddr_is_in(&p->ip, &network, bits);
	return text_matches(&pattern, &text, true);
}

static bool
user_matches(const char *s, const struct peer *p)
{
	const char *at = find_at(s);
	struct view pattern = view_of_string(s);

	if (at != NULL)
		pattern.len = (size_t)(at - s);
	return text_matches(&pattern, &p->user, false) &&
	    (at == NULL || (p->has_address && address_matches(at + 1, p)));
}

static bool
list_matches(const struct server_config_list *l, const struct peer *p)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (user_matches(l->item[i], p))
			return true;
	}
	return false;
}

/* A zone says which link; nothing here speaks of that. */
static int
get_address(const char *address, struct ipaddr *ipp)
{
	char s[IPADDR_TEXT_SIZE];
	size_t len = strcspn(address, "%");
	int r;

	if (len >= sizeof(s))
		return -1;
	memcpy(s, address, len);
	s[len] = '\0';
	if ((r = ipaddr_parse(s, ipp)) == 0)
		ipaddr_unmap(ipp);
	return r;
}

bool
server_config_permits_user(const struct server_config *c, const char *user,
    const char *address)
{
	struct peer p = { .user = view_of_string(user),
	    .has_address = *address != '\0' };

	if (p.has_address) {
		if (get_address(address, &p.ip) != 0)
			return false;
		ipaddr_format(&p.ip, p.text);
	}
	return !list_matches(&c->deny_users, &p) &&
	    list_matches(&c->allow_users, &p);
}
