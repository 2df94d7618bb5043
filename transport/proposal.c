/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * A proposal is ten lists of names; the choice takes from each the first of
 * the client's that the server has too.  Both sides compute it on their own
 * from the same bytes, so nothing but the two proposals may enter here.
 *
 * The key exchange lists also carry markers, which look like names and say
 * something else.  A peer may echo ours, so they are stepped over, whichever
 * side put them there: a marker can never be chosen.
 */

#include "transport/proposal.h"

#include <assert.h>
#include <string.h>

#include "lib/err.h"
#include "transport/namelist.h"
#include "transport/ssh2.h"

static const char *const list_texts[] = {
	[PROPOSAL_KEX] = "key exchange",
	[PROPOSAL_HOSTKEY] = "host key algorithm",
	[PROPOSAL_CIPHER_C2S] = "cipher to the server",
	[PROPOSAL_CIPHER_S2C] = "cipher to the client",
	[PROPOSAL_MAC_C2S] = "MAC to the server",
	[PROPOSAL_MAC_S2C] = "MAC to the client",
	[PROPOSAL_COMPRESSION_C2S] = "compression to the server",
	[PROPOSAL_COMPRESSION_S2C] = "compression to the client",
	[PROPOSAL_LANGUAGE_C2S] = "language to the server",
	[PROPOSAL_LANGUAGE_S2C] = "language to the client",
};

static_assert(sizeof(list_texts) / sizeof(list_texts[0]) == PROPOSAL_COUNT,
    "every list has a text");

static const char *const markers[] = {
	PROPOSAL_EXT_INFO_C,
	PROPOSAL_EXT_INFO_S,
	PROPOSAL_STRICT_C,
	PROPOSAL_STRICT_S,
};

#define MARKER_COUNT	(sizeof(markers) / sizeof(markers[0]))

const char *
proposal_list_text(enum proposal_list which)
{
	if ((unsigned int)which >= PROPOSAL_COUNT)
		return "unknown list";
	return list_texts[which];
}

int
proposal_put(struct buf *out, const uint8_t *cookie, const char *const *lists)
{
	size_t before = out->len;
	int i, r;

	if ((r = buf_put_u8(out, SSH_MSG_KEXINIT)) != 0 ||
	    (r = buf_put(out, cookie, PROPOSAL_COOKIE_SIZE)) != 0)
		goto out;
	for (i = 0; i < PROPOSAL_COUNT; i++) {
		if ((r = buf_put_cstring(out, lists[i])) != 0)
			goto out;
	}
	/* We never guess; the last word is reserved (RFC 4253 7.1). */
	if ((r = buf_put_bool(out, false)) != 0 ||
	    (r = buf_put_u32(out, 0)) != 0)
		goto out;
 out:
	if (r != 0)
		buf_drop_end(out, out->len - before);
	return r;
}

static int
parse_lists(struct view *left, struct proposal *p)
{
	int i, r;

	for (i = 0; i < PROPOSAL_COUNT; i++) {
		if ((r = view_get_string(left, &p->list[i])) != 0)
			return r;
		if (p->list[i].len > NAMELIST_MAX)
			return SSHTAP_ERR_TOO_BIG;
	}
	return 0;
}

int
proposal_parse(const struct view *payload, struct proposal *p)
{
	struct view left = *payload, cookie;
	struct proposal parsed;
	uint32_t reserved;
	uint8_t type;
	int r;

	if ((r = view_get_u8(&left, &type)) != 0)
		return r;
	if (type != SSH_MSG_KEXINIT)
		return SSHTAP_ERR_PROTOCOL;
	if ((r = view_get_bytes(&left, PROPOSAL_COOKIE_SIZE, &cookie)) != 0 ||
	    (r = parse_lists(&left, &parsed)) != 0 ||
	    (r = view_get_bool(&left, &parsed.guess_follows)) != 0 ||
	    (r = view_get_u32(&left, &reserved)) != 0 ||
	    (r = view_end(&left)) != 0)
		return r;
	*p = parsed;
	return 0;
}

static bool
is_marker(const struct view *name)
{
	size_t i;

	for (i = 0; i < MARKER_COUNT; i++) {
		if (view_is(name, markers[i]))
			return true;
	}
	return false;
}

/* The first name of wanted, not a marker, that offered has. */
static int
choose_name(const struct view *wanted, const struct view *offered,
    struct view *namep)
{
	struct view left = *wanted, name;

	while (view_get_name(&left, &name)) {
		if (!is_marker(&name) &&
		    namelist_choose(&name, offered, namep) == 0)
			return 0;
	}
	return SSHTAP_ERR_NO_COMMON;
}

static int
choose_list(const struct proposal *client, const struct proposal *server,
    enum proposal_list which, char *dst, enum proposal_list *failedp)
{
	struct view name;
	int r;

	if ((r = choose_name(&client->list[which], &server->list[which],
	    &name)) != 0) {
		*failedp = which;
		return r;
	}
	if (name.len > PROPOSAL_NAME_MAX)
		return SSHTAP_ERR_TOO_BIG;
	memcpy(dst, name.p, name.len);
	dst[name.len] = '\0';
	return 0;
}

/* RFC 4253 section 7.1: a guess is right when both prefer the same. */
static bool
have_same_first(const struct proposal *client, const struct proposal *server,
    enum proposal_list which)
{
	struct view c = client->list[which], s = server->list[which];
	struct view first_c, first_s;

	return view_get_name(&c, &first_c) && view_get_name(&s, &first_s) &&
	    view_equals(&first_c, &first_s);
}

int
proposal_choose(const struct proposal *client, const struct proposal *server,
    bool peer_is_server, struct proposal_choice *c,
    enum proposal_list *failedp)
{
	const struct proposal *peer = peer_is_server ? server : client;
	struct proposal_choice made = { .guess_wrong = false };
	const struct {
		enum proposal_list which;
		char *dst;
	} steps[] = {
		{ PROPOSAL_KEX, made.kex },
		{ PROPOSAL_HOSTKEY, made.hostkey },
		{ PROPOSAL_CIPHER_C2S, made.cipher_c2s },
		{ PROPOSAL_CIPHER_S2C, made.cipher_s2c },
		{ PROPOSAL_COMPRESSION_C2S, made.compression_c2s },
		{ PROPOSAL_COMPRESSION_S2C, made.compression_s2c },
	};
	size_t i;
	int r;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if ((r = choose_list(client, server, steps[i].which,
		    steps[i].dst, failedp)) != 0)
			return r;
	}
	made.guess_wrong = peer->guess_follows &&
	    (!have_same_first(client, server, PROPOSAL_KEX) ||
	    !have_same_first(client, server, PROPOSAL_HOSTKEY));
	*c = made;
	return 0;
}
