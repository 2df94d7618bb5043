/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is two KEXINITs.  What is parsed lies inside and is the whole of
 * it, so that writing it again gives the same bytes; what is chosen is in
 * both lists and is no marker; and a choice does not depend on who looks.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "transport/namelist.h"
#include "transport/proposal.h"

#define HEAD	(1 + PROPOSAL_COOKIE_SIZE)
#define TAIL	5	/* the guess and a word of zero */

/* One of two is always ours, so no name with a NUL is in both. */
static bool
is_text(const struct proposal *p)
{
	size_t i;

	for (i = 0; i < PROPOSAL_COUNT; i++) {
		if (p->list[i].len > 0 && memchr(p->list[i].p, '\0',
		    p->list[i].len) != NULL)
			return false;
	}
	return true;
}

static int
parse(const struct view *payload, struct proposal *p)
{
	size_t i, len = HEAD + TAIL;
	int r;

	if ((r = proposal_parse(payload, p)) != 0)
		return r;
	require(payload->p[0] == 20);
	for (i = 0; i < PROPOSAL_COUNT; i++) {
		require(p->list[i].len <= NAMELIST_MAX);
		require(fuzz_is_inside(&p->list[i], payload));
		len += 4 + p->list[i].len;
	}
	require(len == payload->len);
	return 0;
}

/* Only what has no NUL can be written. */
static void
check_round_trip(const struct view *payload, const struct proposal *p)
{
	const char *lists[PROPOSAL_COUNT];
	char *copies[PROPOSAL_COUNT];
	struct buf b;
	size_t i;

	for (i = 0; i < PROPOSAL_COUNT; i++)
		lists[i] = copies[i] = fuzz_string(&p->list[i]);
	buf_init(&b, 128 * 1024);
	require(proposal_put(&b, payload->p + 1, lists) == 0);
	if (is_text(p)) {
		require(b.len == payload->len);
		require(memcmp(buf_view(&b).p, payload->p,
		    payload->len - TAIL) == 0);
	}
	buf_clear(&b);
	for (i = 0; i < PROPOSAL_COUNT; i++)
		free(copies[i]);
}

static void
check_chosen(const char *name, const struct proposal *client,
    const struct proposal *server, enum proposal_list which)
{
	struct view v = view_of_string(name);

	require(strlen(name) > 0 && strlen(name) <= PROPOSAL_NAME_MAX);
	require(namelist_has_view(&client->list[which], &v));
	require(namelist_has_view(&server->list[which], &v));
}

static void
check_choice(const struct proposal_choice *c, const struct proposal *client,
    const struct proposal *server)
{
	check_chosen(c->kex, client, server, PROPOSAL_KEX);
	check_chosen(c->hostkey, client, server, PROPOSAL_HOSTKEY);
	check_chosen(c->cipher_c2s, client, server, PROPOSAL_CIPHER_C2S);
	check_chosen(c->cipher_s2c, client, server, PROPOSAL_CIPHER_S2C);
	check_chosen(c->compression_c2s, client, server,
	    PROPOSAL_COMPRESSION_C2S);
	check_chosen(c->compression_s2c, client, server,
	    PROPOSAL_COMPRESSION_S2C);
	require(strcmp(c->kex, PROPOSAL_EXT_INFO_C) != 0 &&
	    strcmp(c->kex, PROPOSAL_EXT_INFO_S) != 0 &&
	    strcmp(c->kex, PROPOSAL_STRICT_C) != 0 &&
	    strcmp(c->kex, PROPOSAL_STRICT_S) != 0);
}

static void
choose(const struct proposal *client, const struct proposal *server)
{
	struct proposal_choice a, b;
	enum proposal_list failed = PROPOSAL_COUNT;
	int r;

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	r = proposal_choose(client, server, true, &a, &failed);
	require(r == 0 || r == SSHTAP_ERR_NO_COMMON ||
	    r == SSHTAP_ERR_TOO_BIG);
	if (r == SSHTAP_ERR_NO_COMMON)
		require(failed < PROPOSAL_COUNT &&
		    *proposal_list_text(failed) != '\0');
	require(proposal_choose(client, server, false, &b, &failed) == r);
	if (r != 0)
		return;
	check_choice(&a, client, server);
	require(!a.guess_wrong || server->guess_follows);
	require(!b.guess_wrong || client->guess_follows);
	b.guess_wrong = a.guess_wrong;
	require(memcmp(&a, &b, sizeof(a)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size), first = fuzz_piece(&v);
	struct proposal p, q;
	bool is_first, is_second;

	is_first = parse(&first, &p) == 0;
	if (is_first)
		check_round_trip(&first, &p);
	is_second = parse(&v, &q) == 0;
	if (is_second)
		check_round_trip(&v, &q);
	if (is_first && is_second && (is_text(&p) || is_text(&q))) {
		choose(&p, &q);
		choose(&q, &p);
	}
	return 0;
}
