/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * authorized_keys texts.  The file is its user's, so what it says about a key
 * of that user's is believed, but nothing that it holds may do harm: a line
 * is taken apart in place, nothing is kept of it but numbers.
 *
 * A line begins with a key or with options and a key.  As in sshd the key is
 * tried first; only what is none is taken as options, up to the first blank
 * outside quotes.  Options give terms (struct terms), terms and the question
 * give a verdict.  The verdict is reached for every line with a key before
 * that key is compared with the one offered, and no line ends the search.
 * Keys are compared as blobs, as in known_hosts.c.
 *
 * Whoever writes an option means to narrow what the key may do.  An option
 * that is not understood to the last character therefore spoils its line
 * (rather than being passed over).
 *
 * No value that is read here may hold a quote, so that "\"" in a value need
 * only be passed over, never be replaced.
 */

#include "transport/authorized_keys.h"

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/text.h"
#include "transport/authorized_value.h"
#include "transport/key.h"
#include "transport/keyfile.h"

enum option_id {
	OPTION_ACCEPTED,	/* without a meaning here */
	OPTION_CERT_AUTHORITY,
	OPTION_COMMAND,
	OPTION_EXPIRY_TIME,
	OPTION_FROM,
	OPTION_PRINCIPALS,
	OPTION_RESTRICT,
	OPTION_TUNNEL
};

struct option_kind {
	const char *name;
	enum option_id id;
	bool has_value;
	bool is_single;		/* sshd refuses a second one, too */
};

static const struct option_kind option_kinds[] = {
	{ "tunnel", OPTION_TUNNEL, true, false },
	{ "restrict", OPTION_RESTRICT, false, false },
	{ "from", OPTION_FROM, true, true },
	{ "expiry-time", OPTION_EXPIRY_TIME, true, false },
	{ "cert-authority", OPTION_CERT_AUTHORITY, false, false },
	{ "principals", OPTION_PRINCIPALS, true, true },
	{ "command", OPTION_COMMAND, true, true },
	{ "environment", OPTION_ACCEPTED, true, false },
	{ "permitopen", OPTION_ACCEPTED, true, false },
	{ "permitlisten", OPTION_ACCEPTED, true, false },
	{ "port-forwarding", OPTION_ACCEPTED, false, false },
	{ "no-port-forwarding", OPTION_ACCEPTED, false, false },
	{ "agent-forwarding", OPTION_ACCEPTED, false, false },
	{ "no-agent-forwarding", OPTION_ACCEPTED, false, false },
	{ "pty", OPTION_ACCEPTED, false, false },
	{ "no-pty", OPTION_ACCEPTED, false, false },
	{ "user-rc", OPTION_ACCEPTED, false, false },
	{ "no-user-rc", OPTION_ACCEPTED, false, false },
	{ "X11-forwarding", OPTION_ACCEPTED, false, false },
	{ "no-X11-forwarding", OPTION_ACCEPTED, false, false },
	{ "verify-required", OPTION_ACCEPTED, false, false },
	{ "no-touch-required", OPTION_ACCEPTED, false, false },
};

#define OPTION_KIND_COUNT	(sizeof(option_kinds) / sizeof(option_kinds[0]))

/* One option as it is written. */
struct option {
	struct view name;
	struct view value;	/* between the quotes, if has_value */
	bool has_value;
};

/* What the options of one line ask for. */
struct terms {
	unsigned seen;		/* one bit for each enum option_id */
	bool is_from_here;	/* the list matches the peer's address */
	int64_t expires;	/* the last second; INT64_MAX: never */
	bool permits_tunnel;
	bool has_unit;
	uint32_t unit;
};

static bool
has_seen(const struct terms *terms, enum option_id id)
{
	return (terms->seen & 1u << id) != 0;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool
add_expiry(struct terms *terms, const struct view *value)
{
	int64_t expires;

	if (authorized_value_get_time(value, &expires) != 0)
		return false;
	if (expires < terms->expires)
		terms->expires = expires;
	return true;
}

static bool
add_tunnel(struct terms *terms, const struct view *value)
{
	if (authorized_value_get_unit(value, &terms->unit) != 0)
		return false;
	terms->permits_tunnel = true;
	terms->has_unit = true;
	return true;
}

static void
add_restrict(struct terms *terms)
{
	terms->permits_tunnel = false;
	terms->has_unit = false;
	terms->unit = 0;
}

static const struct option_kind *
find_kind(const struct view *name)
{
	struct view v;
	size_t i;

	for (i = 0; i < OPTION_KIND_COUNT; i++) {
		v = view_of_string(option_kinds[i].name);
		if (text_matches(&v, name, true))
			return &option_kinds[i];
	}
	return NULL;
}

/* Returns false when the option spoils the line. */
static bool
add_option(struct terms *terms, const struct option *o,
    const struct authorized_peer *peer)
{
	const struct option_kind *kind = find_kind(&o->name);

	if (kind == NULL || kind->has_value != o->has_value ||
	    (kind->is_single && has_seen(terms, kind->id)))
		return false;
	terms->seen |= 1u << kind->id;
	switch (kind->id) {
	case OPTION_EXPIRY_TIME:
		return add_expiry(terms, &o->value);
	case OPTION_FROM:
		return authorized_value_match_list(&o->value, peer,
		    &terms->is_from_here) == 0;
	case OPTION_TUNNEL:
		return add_tunnel(terms, &o->value);
	case OPTION_RESTRICT:
		add_restrict(terms);
		return true;
	case OPTION_ACCEPTED:
	case OPTION_CERT_AUTHORITY:
	case OPTION_COMMAND:
	case OPTION_PRINCIPALS:
		return true;
	}
	return false;
}

/* The place behind the quote that ends what the one at i begins. */
static bool
find_quote_end(const struct view *v, size_t i, size_t *endp)
{
	for (i++; i < v->len && v->p[i] != '"'; i++) {
		if (v->p[i] == '\\' && i + 1 < v->len && v->p[i + 1] == '"')
			i++;
	}
	*endp = i + 1;
	return i < v->len;
}

/* The next option and the comma behind it, which must not be the last. */
static bool
take_option(struct view *left, struct option *o)
{
	struct view v = *left;
	size_t end = 0, n = 0;

	while (n < v.len && v.p[n] != '=' && v.p[n] != ',')
		n++;
	o->name = view_of(v.p, n);
	o->has_value = n < v.len && v.p[n] == '=';
	if (o->has_value) {
		if (++n >= v.len || v.p[n] != '"' ||
		    !find_quote_end(&v, n, &end))
			return false;
		o->value = view_of(v.p + n + 1, end - n - 2);
		n = end;
	}
	if (n < v.len && (v.p[n] != ',' || ++n == v.len))
		return false;
	*left = view_of(v.p + n, v.len - n);
	return true;
}

static bool
parse_options(struct view left, const struct authorized_peer *peer,
    struct terms *terms)
{
	struct option o;

	*terms = (struct terms){
		.permits_tunnel = true,
		.expires = INT64_MAX,
	};
	while (left.len > 0) {
		if (!take_option(&left, &o) || !add_option(terms, &o, peer))
			return false;
	}
	return !has_seen(terms, OPTION_PRINCIPALS) ||
	    has_seen(terms, OPTION_CERT_AUTHORITY);
}

static enum authorized_keys_reason
judge(const struct terms *terms, int64_t now)
{
	if (has_seen(terms, OPTION_CERT_AUTHORITY))
		return AUTHORIZED_KEYS_CA;
	if (now > terms->expires)
		return AUTHORIZED_KEYS_EXPIRED;
	if (has_seen(terms, OPTION_FROM) && !terms->is_from_here)
		return AUTHORIZED_KEYS_FROM;
	return AUTHORIZED_KEYS_NONE;
}

/* The verdict of a line with these options, whatever key it has. */
static struct authorized_keys_answer
decide(const struct view *options, const struct authorized_peer *peer,
    int64_t now)
{
	struct authorized_keys_answer answer = {
		.reason = AUTHORIZED_KEYS_BAD_OPTION,
	};
	struct terms terms;

	if (!parse_options(*options, peer, &terms))
		return answer;
	answer.reason = judge(&terms, now);
	if (answer.reason != AUTHORIZED_KEYS_NONE)
		return answer;
	answer.permits_tunnel = terms.permits_tunnel;
	answer.has_unit = terms.has_unit;
	answer.unit = terms.unit;
	return answer;
}

/* Up to the first blank outside quotes; false when a quote stays open. */
static bool
take_options(struct view *line, struct view *optionsp)
{
	struct view v = *line;
	size_t i;

	for (i = 0; i < v.len && !is_blank(v.p[i]);) {
		if (v.p[i] == '\\' && i + 1 < v.len && v.p[i + 1] == '"')
			i += 2;
		else if (v.p[i] != '"')
			i++;
		else if (!find_quote_end(&v, i, &i))
			return false;
	}
	*optionsp = view_of(v.p, i);
	*line = view_of(v.p + i, v.len - i);
	return true;
}

/*
 * The options and the blob of a line, on the heap; SSHTAP_ERR_FORMAT or
 * SSHTAP_ERR_TOO_BIG when it is to be skipped.
 */
static int
parse_line(struct view line, struct view *optionsp, uint8_t **blobp,
    size_t *blob_lenp)
{
	int r;

	if (line.len > AUTHORIZED_KEYS_LINE_MAX)
		return SSHTAP_ERR_TOO_BIG;
	while (line.len > 0 && is_blank(line.p[0]))
		line = view_of(line.p + 1, line.len - 1);
	if (line.len == 0 || line.p[0] == '#' ||
	    memchr(line.p, '\0', line.len) != NULL)
		return SSHTAP_ERR_FORMAT;
	*optionsp = view_of(line.p, 0);
	r = keyfile_parse_public(&line, blobp, blob_lenp, NULL);
	if (r == 0 || r == SSHTAP_ERR_ALLOC)
		return r;
	if (!take_options(&line, optionsp))
		return SSHTAP_ERR_FORMAT;
	return keyfile_parse_public(&line, blobp, blob_lenp, NULL);
}

/*
 * What one line says of the key: AUTHORIZED_KEYS_NOT_FOUND when it has
 * another one or none.
 */
static int
check_line(const struct view *line, const struct authorized_keys_query *query,
    const struct authorized_peer *peer, struct authorized_keys_answer *answerp)
{
	struct view options, blob;
	uint8_t *p = NULL;
	size_t len = 0;
	int r;

	*answerp = (struct authorized_keys_answer){
		.reason = AUTHORIZED_KEYS_NOT_FOUND,
	};
	if ((r = parse_line(*line, &options, &p, &len)) != 0)
		return r == SSHTAP_ERR_ALLOC ? r : 0;
	blob = view_of(p, len);
	*answerp = decide(&options, peer, query->now);
	if (!view_equals(&blob, &query->blob))
		*answerp = (struct authorized_keys_answer){
			.reason = AUTHORIZED_KEYS_NOT_FOUND,
		};
	free(p);
	return 0;
}

/* A line that admits a certificate or a key of unknown type is none. */
static int
check_blob(struct view blob)
{
	enum key_type type;
	struct view name;
	int r;

	if ((r = view_get_string(&blob, &name)) != 0)
		return r;
	return key_type_from_name(&name, &type);
}

int
authorized_keys_check(const struct view *text,
    const struct authorized_keys_query *query,
    struct authorized_keys_answer *answerp)
{
	struct authorized_keys_answer found, answer = {
		.reason = AUTHORIZED_KEYS_NOT_FOUND,
	};
	struct view left = *text, line;
	unsigned long number;
	struct authorized_peer peer;
	int r;

	if (text->len > AUTHORIZED_KEYS_TEXT_MAX)
		return SSHTAP_ERR_TOO_BIG;
	if ((r = check_blob(query->blob)) != 0)
		return r;
	authorized_value_get_peer(&query->address, &peer);
	for (number = 1; view_get_line(&left, &line); number++) {
		if ((r = check_line(&line, query, &peer, &found)) != 0)
			return r;
		if (found.reason == AUTHORIZED_KEYS_NOT_FOUND ||
		    answer.reason == AUTHORIZED_KEYS_NONE)
			continue;
		answer = found;
		answer.line = number;
	}
	*answerp = answer;
	if (answer.reason == AUTHORIZED_KEYS_NOT_FOUND)
		return SSHTAP_ERR_NOT_FOUND;
	return answer.reason == AUTHORIZED_KEYS_NONE ? 0 : SSHTAP_ERR_REFUSED;
}
