/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is the text of a key file, private or public, or base64.  What
 * is decoded and encoded again is the same text; a key that is taken belongs
 * to the blob beside it; nothing is handed out with a failure but the public
 * half of a file that is encrypted.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "transport/keyfile.h"

static void
try_private(const struct view *text)
{
	struct view blob, ours;
	struct key *k = NULL;
	uint8_t *pub = NULL;
	size_t pub_len = 0;
	char *comment = NULL;
	int r;

	r = keyfile_parse_private(text, &k, &pub, &pub_len, &comment);
	require(r != SSHTAP_ERR_INTERNAL);
	require((r == 0) == (k != NULL) && (r == 0) == (comment != NULL));
	require((r == 0 || r == SSHTAP_ERR_ENCRYPTED) == (pub != NULL));
	if (r == 0) {
		require(key_is_private(k));
		blob = view_of(pub, pub_len);
		ours = key_blob(k);
		require(view_equals(&blob, &ours));
		require(strlen(comment) <= text->len);
	}
	key_free(k);
	free(pub);
	free(comment);
	if (r == 0) {
		k = NULL;
		require(keyfile_parse_private(text, &k, NULL, NULL,
		    NULL) == 0);
		key_free(k);
	}
}

static void
try_public(const struct view *line)
{
	struct view rest, blob, name, left, word;
	uint8_t *p = NULL;
	size_t len = 0;

	if (keyfile_parse_public(line, &p, &len, &rest) != 0) {
		require(p == NULL);
		return;
	}
	require(len <= KEY_BLOB_MAX && fuzz_is_inside(&rest, line));
	blob = view_of(p, len);
	left = *line;
	require(view_get_string(&blob, &name) == 0);
	require(view_get_word(&left, &word) && view_equals(&word, &name));
	free(p);
}

static void
try_base64(const struct view *text)
{
	struct view bytes, again;
	struct buf b, c;

	buf_init(&b, KEYFILE_TEXT_MAX);
	buf_init(&c, 2 * KEYFILE_TEXT_MAX);
	if (keyfile_decode_base64(text, &b) == 0) {
		bytes = buf_view(&b);
		require(keyfile_encode_base64(&bytes, &c) == 0);
		again = buf_view(&c);
		require(view_equals(&again, text));
	} else
		require(b.len == 0);
	buf_reset(&b);
	buf_reset(&c);
	require(keyfile_encode_base64(text, &c) == 0);
	bytes = buf_view(&c);
	if (keyfile_decode_base64(&bytes, &b) == 0) {
		again = buf_view(&b);
		require(view_equals(&again, text));
	} else
		require(text->len > KEYFILE_TEXT_MAX);
	buf_clear(&b);
	buf_clear(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size);

	try_private(&v);
	try_public(&v);
	try_base64(&v);
	return 0;
}
