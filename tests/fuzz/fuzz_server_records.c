/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The first byte of the input says what the rest is: one of the records
 * between the processes of a connection, or a script for a question that is
 * signed.  What is read lies inside the record and in its range, and written
 * again it is the same record; a verdict is in order whatever is asked; and
 * only an unspoilt signature makes one that was good without.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/log.h"
#include "server/check.h"
#include "server/request.h"
#include "server/setup.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_wire.h"
#include "transport/keyfile.h"

#define ROOM	(4 * 1024 * 1024)
#define NOW	1709209845	/* 2024-02-29 12:30:45 UTC */

static void
require_expected(int r)
{
	require(r == 0 || r == SSHTAP_ERR_TRUNCATED ||
	    r == SSHTAP_ERR_TRAILING || r == SSHTAP_ERR_FORMAT);
}

/*
 * The same bytes behind the first ones: the kind was looked at before, and a
 * boolean may be any byte but zero.
 */
static bool
is_same(const struct buf *made, const struct view *record, size_t skip)
{
	struct view v = buf_view(made);

	return v.len == record->len && v.len >= skip &&
	    memcmp(v.p + skip, record->p + skip, v.len - skip) == 0;
}

static void
check_log(const struct view *record, struct buf *made)
{
	struct view text;
	unsigned level;
	char *s;
	int r = request_get_log(*record, &level, &text);

	require_expected(r);
	if (r != 0)
		return;
	require(level > LOG_LEVEL_QUIET && level < LOG_LEVEL_COUNT);
	require(text.len <= REQUEST_TEXT_MAX);
	require(fuzz_is_inside(&text, record));
	if (text.len > 0 && memchr(text.p, '\0', text.len) != NULL)
		return;
	s = fuzz_string(&text);
	require(request_put_log(made, level, s) == 0);
	require(is_same(made, record, 1));
	free(s);
}

static void
check_sign(const struct view *record, struct buf *made)
{
	struct view algorithm, hash;
	int r = request_get_sign(*record, &algorithm, &hash);

	require_expected(r);
	if (r != 0)
		return;
	require(fuzz_is_inside(&algorithm, record));
	require(fuzz_is_inside(&hash, record));
	require(request_put_sign(made, &algorithm, &hash) == 0);
	require(is_same(made, record, 1));
}

static void
check_key(const struct view *record, struct buf *made)
{
	struct auth_publickey pk;
	struct view signature;
	int r = request_get_key(*record, &pk, &signature);

	require_expected(r);
	if (r != 0)
		return;
	require(fuzz_is_inside(&pk.user, record));
	require(fuzz_is_inside(&pk.algorithm, record));
	require(fuzz_is_inside(&pk.blob, record));
	require(fuzz_is_inside(&signature, record));
	require(pk.hostkey.len == 0);
	/* An empty one is written as none. */
	require(request_put_key(made, &pk, signature.len > 0 ? &signature :
	    NULL) == 0);
	require(is_same(made, record, 2));
}

static void
check_tunnel(const struct view *record, struct buf *made)
{
	struct request_tunnel t;
	uint32_t slot;
	int r = request_get_tunnel(*record, &t);

	require_expected(r);
	if (r == 0) {
		require(request_put_tunnel(made, &t) == 0);
		require(is_same(made, record, 1));
		buf_reset(made);
	}
	r = request_get_tunnel_end(*record, &slot);
	require_expected(r);
	if (r == 0) {
		require(request_put_tunnel_end(made, slot) == 0);
		require(is_same(made, record, 1));
	}
}

static void
check_device(const struct view *record, struct buf *made)
{
	struct request_device d, again;
	int r = request_get_device(*record, &d);

	require_expected(r);
	if (r != 0)
		return;
	require(fuzz_is_inside(&d.text, record));
	require(memchr(d.name, '\0', sizeof(d.name)) != NULL);
	require(request_put_device(made, &d) == 0);
	require(request_get_device(buf_view(made), &again) == 0);
	require(strcmp(d.name, again.name) == 0);
	require(view_equals(&d.text, &again.text));
	require(d.reason == again.reason && d.slot == again.slot &&
	    d.offloads == again.offloads);
}

/* All that is granted to one process; what it is told stays bounded. */
static void
check_kinds(struct view v)
{
	struct request_state st;
	unsigned phase = REQUEST_PHASE_START, granted[REQUEST_KIND_COUNT] =
	    { 0 };
	uint8_t kind;
	int r;

	memset(&st, 0, sizeof(st));
	while (view_get_u8(&v, &kind) == 0) {
		if (kind == UINT8_MAX && phase + 1 < REQUEST_PHASE_COUNT) {
			request_set_phase(&st, (enum request_phase)++phase);
			memset(granted, 0, sizeof(granted));
			continue;
		}
		r = request_check(&st, kind);
		require(*request_name(kind) != '\0');
		require((r == SSHTAP_ERR_PROTOCOL) ==
		    (kind >= REQUEST_KIND_COUNT));
		require(r == 0 || r == SSHTAP_ERR_PROTOCOL ||
		    r == SSHTAP_ERR_STATE || r == SSHTAP_ERR_TOO_BIG);
		require(st.phase == phase);
		if (r != 0 || phase == REQUEST_PHASE_USER)
			continue;
		require(kind != REQUEST_TUNNEL && kind != REQUEST_TUNNEL_END);
		require(++granted[kind] <= (kind == REQUEST_SIGN ? 1 : 64));
	}
}

static void
check_network(const struct view *record, struct buf *made)
{
	struct setup_network s, again;
	struct view v;
	struct buf b;
	int r;

	setup_network_init(&s);
	r = setup_network_get(*record, &s);
	if (r != SSHTAP_ERR_VERSION && r != SSHTAP_ERR_TOO_BIG)
		require_expected(r);
	if (r == 0) {
		require(s.nhostkeys <= SETUP_HOSTKEYS_MAX);
		require(setup_network_put(made, &s) == 0);
		setup_network_init(&again);
		require(setup_network_get(buf_view(made), &again) == 0);
		buf_init(&b, ROOM);
		require(setup_network_put(&b, &again) == 0);
		v = buf_view(&b);
		require(is_same(made, &v, 0));
		buf_clear(&b);
		setup_network_clear(&again);
	}
	setup_network_clear(&s);
}

static void
check_checker(const struct view *record, struct buf *made)
{
	struct setup_checker s;
	int r;

	memset(&s, 0, sizeof(s));
	r = setup_checker_get(*record, &s);
	if (r != SSHTAP_ERR_VERSION)
		require_expected(r);
	if (r == 0) {
		require(setup_checker_put(made, &s) == 0);
		require(made->len <= record->len);
	}
	setup_checker_clear(&s);
}

static void
check_verdict(const struct check_verdict *v)
{
	require(v->result <= 0 && v->result >= SSHTAP_ERR_LAST);
	require(*err_text(v->result) != '\0');
	require(v->answer.reason <= AUTHORIZED_KEYS_FROM);
	require(v->answer.unit <= AUTHORIZED_KEYS_UNIT_MAX);
}

/* What was judged goes through the socket as it is. */
static void
judge(const struct check_query *q, struct check_verdict *v)
{
	struct check_verdict again;
	struct buf b;

	memset(v, 0xa5, sizeof(*v));
	check_judge(q, v);
	check_verdict(v);
	require(v->result != SSHTAP_ERR_INTERNAL);
	buf_init(&b, ROOM);
	require(check_put_verdict(&b, v) == 0);
	require(check_get_verdict(buf_view(&b), &again) == 0);
	require(again.result == v->result);
	require(again.answer.reason == v->answer.reason &&
	    again.answer.line == v->answer.line &&
	    again.answer.permits_tunnel == v->answer.permits_tunnel &&
	    again.answer.has_unit == v->answer.has_unit &&
	    again.answer.unit == v->answer.unit);
	buf_clear(&b);
}

static void
check_query(const struct view *record, struct buf *made)
{
	struct check_verdict v;
	struct check_query q;
	int r = check_get_query(*record, &q);

	require_expected(r);
	if (r != 0)
		return;
	require(fuzz_is_inside(&q.text, record));
	require(fuzz_is_inside(&q.pk.blob, record));
	require(fuzz_is_inside(&q.signature, record));
	require(check_put_query(made, &q) == 0);
	require(made->len == record->len);
	judge(&q, &v);
}

static void
check_verdict_record(const struct view *record)
{
	struct check_verdict v;
	int r = check_get_verdict(*record, &v);

	require_expected(r);
	if (r == 0)
		check_verdict(&v);
}

static void
put_signature(const struct check_query *q, struct buf *out)
{
	struct view data;
	struct buf b;

	buf_init(&b, ROOM);
	require(auth_put_signed_data(&b, &q->session_id, &q->pk) == 0);
	data = buf_view(&b);
	require(key_sign(wire_user_key(), &q->pk.algorithm, &data, out) == 0);
	buf_clear(&b);
}

/*
 * A place in the signature and what to change there, an address, a user, a
 * session, and options in front of the key.
 */
static void
check_signed(struct view v, struct buf *text)
{
	struct check_query q = { .now = NOW,
	    .pk.blob = key_blob(wire_user_key()),
	    .pk.algorithm = view_of_string("ssh-ed25519") };
	uint8_t place = fuzz_u8(&v), change = fuzz_u8(&v);
	struct check_verdict with, without;
	struct buf signature;

	q.address = fuzz_piece(&v);
	q.pk.user = fuzz_piece(&v);
	q.session_id = fuzz_piece(&v);
	require(buf_put_view(text, &v) == 0);
	require(keyfile_put_public(text, &q.pk.blob, "") == 0);
	q.text = buf_view(text);
	judge(&q, &without);
	require(without.result == 0 ||
	    without.result == SSHTAP_ERR_NOT_FOUND ||
	    without.result == SSHTAP_ERR_REFUSED ||
	    without.result == SSHTAP_ERR_TOO_BIG);
	buf_init(&signature, KEY_SIGNATURE_MAX);
	put_signature(&q, &signature);
	q.signature = buf_view(&signature);
	signature.base[signature.head + place % signature.len] ^= change;
	judge(&q, &with);
	if (without.result != 0 || change == 0)
		require(with.result == without.result);
	else
		require(with.result != 0);
	buf_clear(&signature);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size), record;
	uint8_t kind = fuzz_u8(&input), *copy = fuzz_copy(&input);
	struct buf made;

	record = view_of(copy, input.len);
	buf_init(&made, ROOM);
	switch (kind % 11) {
	case 0:	check_log(&record, &made);	break;
	case 1:	check_sign(&record, &made);	break;
	case 2:	check_key(&record, &made);	break;
	case 3:	check_tunnel(&record, &made);	break;
	case 4:	check_device(&record, &made);	break;
	case 5:	check_kinds(record);		break;
	case 6:	check_network(&record, &made);	break;
	case 7:	check_checker(&record, &made);	break;
	case 8:	check_query(&record, &made);	break;
	case 9:	check_verdict_record(&record);	break;
	default: check_signed(record, &made);	break;
	}
	buf_clear(&made);
	free(copy);
	return 0;
}
