/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is a line with the address of the peer and an authorized_keys
 * text, in which "@" stands for the key that is asked about.  Whatever that
 * is, the answer is in order, and is the one that follows from what each of
 * the lines alone says.
 */

#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/view.h"
#include "transport/authorized_keys.h"
#include "transport/keyfile.h"

#define NOW	1709209845	/* 2024-02-29 12:30:45 UTC */

/* That of tests/vectors/keys/ed25519.pub. */
static const char key[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPsaD4fR2++fgO6e"
    "6IEItwejSZCRsqgVPRQcRYI0hISf";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(int holds)
{
	if (!holds)
		abort();
}

static int
is_same(const struct authorized_keys_answer *a,
    const struct authorized_keys_answer *b)
{
	return a->reason == b->reason &&
	    a->permits_tunnel == b->permits_tunnel &&
	    a->has_unit == b->has_unit && a->unit == b->unit;
}

/* Ask, and look at the answer by itself. */
static int
ask(const struct view *text, const struct authorized_keys_query *q,
    struct authorized_keys_answer *a)
{
	int r;

	r = authorized_keys_check(text, q, a);
	require(r == 0 || r == SSHTAP_ERR_NOT_FOUND ||
	    r == SSHTAP_ERR_REFUSED);
	require((r == 0) == (a->reason == AUTHORIZED_KEYS_NONE));
	require((r == SSHTAP_ERR_NOT_FOUND) ==
	    (a->reason == AUTHORIZED_KEYS_NOT_FOUND));
	require((r == SSHTAP_ERR_NOT_FOUND) == (a->line == 0));
	require(a->reason <= AUTHORIZED_KEYS_FROM);
	require(r == 0 || !a->permits_tunnel);
	require(a->permits_tunnel || !a->has_unit);
	require(a->has_unit || a->unit == 0);
	require(a->unit <= AUTHORIZED_KEYS_UNIT_MAX);
	return r;
}

/* The bytes stand where a sanitizer sees every read beside them. */
static struct view
copy_view(const struct view *v)
{
	uint8_t *p = malloc(v->len > 0 ? v->len : 1);

	require(p != NULL);
	if (v->len > 0)
		memcpy(p, v->p, v->len);
	return view_of(p, v->len);
}

static void
drop(struct view v)
{
	free((void *)(uintptr_t)v.p);
}

/* Every line by itself, with its line end: the first that admits decides. */
static void
check_lines(struct view text, const struct authorized_keys_query *q,
    const struct authorized_keys_answer *whole)
{
	struct authorized_keys_answer a, expected = {
		.reason = AUTHORIZED_KEYS_NOT_FOUND,
	};
	struct view line, copy;
	unsigned long number;
	const uint8_t *start;

	for (number = 1; text.len > 0; number++) {
		start = text.p;
		(void)view_get_line(&text, &line);
		line = view_of(start, (size_t)(text.p - start));
		copy = copy_view(&line);
		(void)ask(&copy, q, &a);
		drop(copy);
		if (a.reason == AUTHORIZED_KEYS_NOT_FOUND ||
		    expected.reason == AUTHORIZED_KEYS_NONE)
			continue;
		require(a.line == 1);
		expected = a;
		expected.line = number;
	}
	require(is_same(&expected, whole));
	require(expected.line == whole->line);
}

static void
check(const struct view *text, struct authorized_keys_query *q)
{
	struct authorized_keys_answer a, without;
	struct view none = view_of_string("");
	int r;

	(void)ask(text, q, &a);
	check_lines(*text, q, &a);
	/* Nobody is admitted for having no address, nor for being late. */
	q->address = none;
	r = ask(text, q, &without);
	require(r != 0 || a.reason == AUTHORIZED_KEYS_NONE);
	q->now = INT64_MAX;
	if (ask(text, q, &a) == 0)
		require(r == 0);
	require((a.line == 0) == (without.line == 0));
}

/* The text with every "@" replaced. */
static struct view
make_text(const struct view *input)
{
	size_t i, marks = 0, n = 0;
	uint8_t *p;

	for (i = 0; i < input->len; i++)
		marks += input->p[i] == '@';
	p = malloc(input->len + marks * sizeof(key) + 1);
	require(p != NULL);
	for (i = 0; i < input->len; i++) {
		if (input->p[i] == '@') {
			memcpy(p + n, key, sizeof(key) - 1);
			n += sizeof(key) - 1;
		} else
			p[n++] = input->p[i];
	}
	return view_of(p, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size), address, text, copy, line;
	struct authorized_keys_query q = { .now = NOW };
	size_t blob_len = 0;
	uint8_t *blob = NULL;

	if (!view_get_line(&input, &address))
		return 0;
	line = view_of_string(key);
	require(keyfile_parse_public(&line, &blob, &blob_len, NULL) == 0);
	q.blob = view_of(blob, blob_len);
	q.address = address = copy_view(&address);
	text = make_text(&input);
	copy = copy_view(&text);
	if (copy.len <= AUTHORIZED_KEYS_TEXT_MAX)
		check(&copy, &q);
	drop(copy);
	drop(text);
	drop(address);
	free(blob);
	return 0;
}
