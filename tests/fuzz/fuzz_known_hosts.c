/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is a host name, the number of a key, and the text of a
 * known_hosts file.  Whatever that says, the answer names a line that is
 * there, a line that we append is found again, and algorithms that are
 * preferred are those of the list.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "transport/known_hosts.h"
#include "transport/namelist.h"

/* A public key of RFC 8032 section 7.1. */
static const uint8_t blob_bytes[] = {
	0, 0, 0, 11, 's', 's', 'h', '-', 'e', 'd', '2', '5', '5', '1', '9',
	0, 0, 0, 32,
	0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
	0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
	0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
	0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a
};

static unsigned long
count_lines(const struct view *text)
{
	struct view left = *text, line;
	unsigned long n = 0;

	while (view_get_line(&left, &line))
		n++;
	return n;
}

static enum known_hosts_answer
check(const struct view *text, const char *name, const struct view *blob)
{
	struct known_hosts_result result = { KNOWN_HOSTS_NEW, 0 };
	unsigned long skipped = 0, lines = count_lines(text);

	require(known_hosts_check(text, name, blob, &result, &skipped) == 0);
	require(result.answer <= KNOWN_HOSTS_REVOKED);
	require((result.answer == KNOWN_HOSTS_NEW) == (result.line == 0));
	require(result.line <= lines && skipped <= lines);
	return result.answer;
}

static void
check_algorithms(const struct view *text, const char *name)
{
	struct view all = view_of_string(KEY_DEFAULT_HOSTKEY_LIST), made, left;
	struct view alg;
	struct buf b;
	size_t n = 0;

	buf_init(&b, NAMELIST_MAX);
	require(known_hosts_algorithms(text, name, &all, &b) == 0);
	made = left = buf_view(&b);
	while (made.len > 0 && view_get_name(&left, &alg)) {
		require(namelist_has_view(&all, &alg));
		require(++n <= 4);
	}
	buf_clear(&b);
}

/* On a line of its own, it is found, unless the key is revoked. */
static void
check_append(const struct view *text, const char *name,
    const struct view *blob, bool hashed)
{
	enum known_hosts_answer answer;
	struct view v;
	struct buf b;

	buf_init(&b, KNOWN_HOSTS_TEXT_MAX);
	require(buf_put_view(&b, text) == 0 && buf_put_u8(&b, '\n') == 0);
	require(known_hosts_put_line(&b, name, blob, hashed) == 0);
	v = buf_view(&b);
	require(v.p[v.len - 1] == '\n');
	answer = check(&v, name, blob);
	require(answer == KNOWN_HOSTS_MATCH ||
	    answer == KNOWN_HOSTS_REVOKED);
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size), host = fuzz_piece(&v);
	struct view blob = view_of(blob_bytes, sizeof(blob_bytes));
	unsigned port = fuzz_u16(&v);
	char name[KNOWN_HOSTS_NAME_MAX];
	bool hashed = (fuzz_u8(&v) & 1) != 0;
	char *s = fuzz_string(&host);

	if (known_hosts_name(s, port, name) == 0) {
		require(strlen(name) < sizeof(name));
		require(strpbrk(name, " \t,*?!|#@") == NULL);
		(void)check(&v, name, &blob);
		check_algorithms(&v, name);
		check_append(&v, name, &blob, hashed);
	}
	free(s);
	return 0;
}
