/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * KEXINIT: its bytes, every way to cut or overload it, and what two of them
 * lead to.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/err.h"
#include "transport/namelist.h"
#include "transport/proposal.h"
#include "transport/ssh2.h"

#define MESSAGE_MAX	(11 * NAMELIST_MAX)

static const uint8_t cookie[PROPOSAL_COOKIE_SIZE] = "0123456789abcdef";

static const char *const usual[PROPOSAL_COUNT] = {
	"k1,k2", "h1,h2", "c1,c2", "c3,c4", "m1", "m2", "none", "none,z", "",
	"",
};

/* RFC 4253 section 7.1, spelled out. */
static const uint8_t usual_bytes[] =
    "\x14" "0123456789abcdef"
    "\0\0\0\5" "k1,k2" "\0\0\0\5" "h1,h2" "\0\0\0\5" "c1,c2"
    "\0\0\0\5" "c3,c4" "\0\0\0\2" "m1" "\0\0\0\2" "m2"
    "\0\0\0\4" "none" "\0\0\0\6" "none,z" "\0\0\0\0" "\0\0\0\0"
    "\0" "\0\0\0\0";

#define USUAL_SIZE	(sizeof(usual_bytes) - 1)

static void
test_put_is_byte_exact(void **state)
{
	struct buf b;
	struct view v;

	(void)state;
	buf_init(&b, MESSAGE_MAX);
	assert_int_equal(proposal_put(&b, cookie, usual), 0);
	v = buf_view(&b);
	assert_int_equal(v.len, USUAL_SIZE);
	assert_memory_equal(v.p, usual_bytes, v.len);
	buf_clear(&b);
}

static void
test_put_that_fails_leaves_nothing(void **state)
{
	struct buf b;
	size_t max;

	(void)state;
	for (max = 1; max < USUAL_SIZE + 1; max++) {
		buf_init(&b, max);
		assert_int_equal(buf_put_u8(&b, 0xaa), 0);
		assert_int_equal(proposal_put(&b, cookie, usual),
		    SSHTAP_ERR_TOO_BIG);
		assert_int_equal(buf_view(&b).len, 1);
		buf_clear(&b);
	}
}

static int
parse(const void *p, size_t len, struct proposal *parsed)
{
	struct view v = view_of(p, len);

	return proposal_parse(&v, parsed);
}

static void
test_parse_finds_every_list(void **state)
{
	struct proposal p;
	int i;

	(void)state;
	assert_int_equal(parse(usual_bytes, USUAL_SIZE, &p), 0);
	for (i = 0; i < PROPOSAL_COUNT; i++)
		assert_true(view_is(&p.list[i], usual[i]));
	assert_false(p.guess_follows);
}

static void
test_parse_reads_flag_and_ignores_the_rest(void **state)
{
	uint8_t copy[USUAL_SIZE];
	struct proposal p;

	(void)state;
	memcpy(copy, usual_bytes, sizeof(copy));
	copy[USUAL_SIZE - 5] = 0x80;
	copy[USUAL_SIZE - 1] = 7;
	assert_int_equal(parse(copy, sizeof(copy), &p), 0);
	assert_true(p.guess_follows);
}

static void
test_parse_every_truncation(void **state)
{
	struct proposal p;
	uint8_t *copy;
	size_t len;

	(void)state;
	for (len = 0; len < USUAL_SIZE; len++) {
		copy = malloc(len > 0 ? len : 1);
		assert_non_null(copy);
		memcpy(copy, usual_bytes, len);
		assert_int_equal(parse(copy, len, &p), SSHTAP_ERR_TRUNCATED);
		free(copy);
	}
}

static void
test_parse_trailing_and_type(void **state)
{
	uint8_t copy[USUAL_SIZE + 1];
	struct proposal p;

	(void)state;
	memcpy(copy, usual_bytes, USUAL_SIZE);
	copy[USUAL_SIZE] = 0;
	assert_int_equal(parse(copy, sizeof(copy), &p), SSHTAP_ERR_TRAILING);
	copy[0] = SSH_MSG_NEWKEYS;
	assert_int_equal(parse(copy, USUAL_SIZE, &p), SSHTAP_ERR_PROTOCOL);
}

static void
test_parse_list_limit(void **state)
{
	static char text[NAMELIST_MAX + 2];
	const char *lists[PROPOSAL_COUNT];
	struct proposal p;
	struct buf b;
	int which;

	(void)state;
	buf_init(&b, MESSAGE_MAX);
	for (which = 0; which < PROPOSAL_COUNT; which++) {
		memcpy(lists, usual, sizeof(lists));
		lists[which] = text;
		memset(text, 'a', NAMELIST_MAX + 1);
		assert_int_equal(proposal_put(&b, cookie, lists), 0);
		assert_int_equal(parse(buf_view(&b).p, buf_view(&b).len, &p),
		    SSHTAP_ERR_TOO_BIG);
		buf_reset(&b);
		text[NAMELIST_MAX] = '\0';
		assert_int_equal(proposal_put(&b, cookie, lists), 0);
		assert_int_equal(parse(buf_view(&b).p, buf_view(&b).len, &p),
		    0);
		assert_int_equal(p.list[which].len, NAMELIST_MAX);
		buf_reset(&b);
	}
	buf_clear(&b);
}

static void
set_lists(struct proposal *p, const char *kex, const char *hostkey)
{
	int i;

	for (i = 0; i < PROPOSAL_COUNT; i++)
		p->list[i] = view_of_string("same");
	p->list[PROPOSAL_KEX] = view_of_string(kex);
	p->list[PROPOSAL_HOSTKEY] = view_of_string(hostkey);
	p->guess_follows = false;
}

static int
choose(const struct proposal *c, const struct proposal *s,
    struct proposal_choice *made)
{
	enum proposal_list failed = PROPOSAL_COUNT;
	int r = proposal_choose(c, s, true, made, &failed);

	if (r != SSHTAP_ERR_NO_COMMON)
		assert_int_equal(failed, PROPOSAL_COUNT);
	return r;
}

static void
test_choice_takes_the_clients_order(void **state)
{
	struct proposal c, s;
	struct proposal_choice made;

	(void)state;
	set_lists(&c, "k1,k2,k3", "h1,h2");
	set_lists(&s, "k3,k2", "h2,h1");
	c.list[PROPOSAL_CIPHER_C2S] = view_of_string("a,b");
	s.list[PROPOSAL_CIPHER_C2S] = view_of_string("b,a");
	c.list[PROPOSAL_CIPHER_S2C] = view_of_string("b,a");
	s.list[PROPOSAL_CIPHER_S2C] = view_of_string("a,b");
	c.list[PROPOSAL_COMPRESSION_C2S] = view_of_string("zlib,none");
	s.list[PROPOSAL_COMPRESSION_C2S] = view_of_string("none");
	c.list[PROPOSAL_COMPRESSION_S2C] = view_of_string("zlib,none");
	s.list[PROPOSAL_COMPRESSION_S2C] = view_of_string("none,zlib");
	assert_int_equal(choose(&c, &s, &made), 0);
	assert_string_equal(made.kex, "k2");
	assert_string_equal(made.hostkey, "h1");
	assert_string_equal(made.cipher_c2s, "a");
	assert_string_equal(made.cipher_s2c, "b");
	assert_string_equal(made.compression_c2s, "none");
	assert_string_equal(made.compression_s2c, "zlib");
	assert_false(made.guess_wrong);
}

static void
test_nothing_in_common_names_the_list(void **state)
{
	static const enum proposal_list used[] = {
		PROPOSAL_KEX, PROPOSAL_HOSTKEY, PROPOSAL_CIPHER_C2S,
		PROPOSAL_CIPHER_S2C, PROPOSAL_COMPRESSION_C2S,
		PROPOSAL_COMPRESSION_S2C,
	};
	enum proposal_list failed;
	struct proposal c, s;
	struct proposal_choice made;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
		set_lists(&c, "k", "h");
		set_lists(&s, "k", "h");
		s.list[used[i]] = view_of_string(",other,");
		failed = PROPOSAL_COUNT;
		assert_int_equal(proposal_choose(&c, &s, true, &made,
		    &failed), SSHTAP_ERR_NO_COMMON);
		assert_int_equal(failed, used[i]);
	}
}

static void
test_mac_and_language_lists_do_not_matter(void **state)
{
	struct proposal c, s;
	struct proposal_choice made;

	(void)state;
	set_lists(&c, "k", "h");
	set_lists(&s, "k", "h");
	s.list[PROPOSAL_MAC_C2S] = view_of_string("other");
	s.list[PROPOSAL_MAC_S2C] = view_of_string("");
	s.list[PROPOSAL_LANGUAGE_C2S] = view_of_string("other");
	s.list[PROPOSAL_LANGUAGE_S2C] = view_of_string("");
	assert_int_equal(choose(&c, &s, &made), 0);
}

static void
test_markers_are_never_chosen(void **state)
{
	static const char *const markers[] = {
		"ext-info-c", "ext-info-s", "kex-strict-c-v00@openssh.com",
		"kex-strict-s-v00@openssh.com",
	};
	enum proposal_list failed;
	struct proposal c, s;
	struct proposal_choice made;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(markers) / sizeof(markers[0]); i++) {
		set_lists(&c, markers[i], "h");
		set_lists(&s, markers[i], "h");
		assert_int_equal(proposal_choose(&c, &s, true, &made,
		    &failed), SSHTAP_ERR_NO_COMMON);
		assert_int_equal(failed, PROPOSAL_KEX);
	}
	set_lists(&c, "ext-info-c,kex-strict-c-v00@openssh.com,,k", "h");
	set_lists(&s, "k,ext-info-c,,kex-strict-c-v00@openssh.com", "h");
	assert_int_equal(choose(&c, &s, &made), 0);
	assert_string_equal(made.kex, "k");
}

static void
test_name_length_limit(void **state)
{
	char name[PROPOSAL_NAME_MAX + 2], offer[PROPOSAL_NAME_MAX + 4];
	struct proposal c, s;
	struct proposal_choice made;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[PROPOSAL_NAME_MAX + 1] = '\0';
	set_lists(&c, name, "h");
	set_lists(&s, name, "h");
	assert_int_equal(choose(&c, &s, &made), SSHTAP_ERR_TOO_BIG);
	name[PROPOSAL_NAME_MAX] = '\0';
	set_lists(&c, name, "h");
	set_lists(&s, name, "h");
	assert_int_equal(choose(&c, &s, &made), 0);
	assert_string_equal(made.kex, name);
	/* A long name that nobody chooses does no harm. */
	memset(offer, 'n', PROPOSAL_NAME_MAX + 1);
	memcpy(offer + PROPOSAL_NAME_MAX + 1, ",k", 3);
	set_lists(&c, "k", "h");
	set_lists(&s, offer, "h");
	assert_int_equal(choose(&c, &s, &made), 0);
	assert_string_equal(made.kex, "k");
}

/* RFC 4253 section 7.1: only the peer's guess, only when it made one. */
static void
test_guesses(void **state)
{
	static const struct {
		const char *kex_c, *hostkey_c, *kex_s, *hostkey_s;
		bool is_wrong;
	} cases[] = {
		{ "k1,k2", "h1,h2", "k1,k2", "h1,h2", false },
		{ "k1,k2", "h1,h2", "k1", "h1", false },
		{ "k1,k2", "h1,h2", "k2,k1", "h1,h2", true },
		{ "k1,k2", "h1,h2", "k1,k2", "h2,h1", true },
		{ "k1,k2", "h1,h2", "k2", "h2", true },
	};
	enum proposal_list failed;
	struct proposal c, s;
	struct proposal_choice made;
	size_t i;
	int flags, peer_is_server;
	bool guessed;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]) * 8; i++) {
		flags = (int)(i & 3);
		peer_is_server = (i & 4) != 0;
		set_lists(&c, cases[i / 8].kex_c, cases[i / 8].hostkey_c);
		set_lists(&s, cases[i / 8].kex_s, cases[i / 8].hostkey_s);
		c.guess_follows = (flags & 1) != 0;
		s.guess_follows = (flags & 2) != 0;
		guessed = peer_is_server ? s.guess_follows : c.guess_follows;
		assert_int_equal(proposal_choose(&c, &s, peer_is_server,
		    &made, &failed), 0);
		assert_int_equal(made.guess_wrong,
		    guessed && cases[i / 8].is_wrong);
	}
}

static void
test_every_list_has_a_text(void **state)
{
	int i, j;

	(void)state;
	for (i = 0; i < PROPOSAL_COUNT; i++) {
		assert_non_null(proposal_list_text((enum proposal_list)i));
		for (j = 0; j < i; j++)
			assert_string_not_equal(
			    proposal_list_text((enum proposal_list)i),
			    proposal_list_text((enum proposal_list)j));
	}
	assert_non_null(proposal_list_text(PROPOSAL_COUNT));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_is_byte_exact),
		cmocka_unit_test(test_put_that_fails_leaves_nothing),
		cmocka_unit_test(test_parse_finds_every_list),
		cmocka_unit_test(test_parse_reads_flag_and_ignores_the_rest),
		cmocka_unit_test(test_parse_every_truncation),
		cmocka_unit_test(test_parse_trailing_and_type),
		cmocka_unit_test(test_parse_list_limit),
		cmocka_unit_test(test_choice_takes_the_clients_order),
		cmocka_unit_test(test_nothing_in_common_names_the_list),
		cmocka_unit_test(test_mac_and_language_lists_do_not_matter),
		cmocka_unit_test(test_markers_are_never_chosen),
		cmocka_unit_test(test_name_length_limit),
		cmocka_unit_test(test_guesses),
		cmocka_unit_test(test_every_list_has_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
