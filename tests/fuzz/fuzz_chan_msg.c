/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is a message of the connection protocol, or what stands in it
 * where a name decides.  What is read, written and read again is the same.
 */

#include <stdlib.h>
#include <string.h>

#include "channels/chan_msg.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"

static bool
is_same(const struct chan_msg *a, const struct chan_msg *b)
{
	return a->number == b->number && a->want_reply == b->want_reply &&
	    a->recipient == b->recipient && a->sender == b->sender &&
	    a->window == b->window && a->packet_max == b->packet_max &&
	    a->code == b->code && view_equals(&a->name, &b->name) &&
	    view_equals(&a->bytes, &b->bytes) &&
	    view_equals(&a->rest, &b->rest);
}

static void
check_message(const struct view *payload)
{
	struct chan_msg m, again;
	struct view v;
	struct buf b;
	int r;

	memset(&m, 0, sizeof(m));
	r = chan_msg_get(payload, &m);
	require(r == 0 || r == SSHTAP_ERR_TRUNCATED ||
	    r == SSHTAP_ERR_TRAILING || r == SSHTAP_ERR_UNSUPPORTED);
	if (r != 0)
		return;
	require(m.number >= CHAN_MSG_FIRST && m.number <= CHAN_MSG_LAST);
	require(fuzz_is_inside(&m.name, payload));
	require(fuzz_is_inside(&m.bytes, payload));
	require(fuzz_is_inside(&m.rest, payload));
	buf_init(&b, payload->len);
	/* The language of a refusal is left out, so it is no longer. */
	require(chan_msg_put(&b, &m) == 0);
	v = buf_view(&b);
	require(chan_msg_get(&v, &again) == 0);
	require(is_same(&m, &again));
	buf_clear(&b);
}

static void
check_rest(const struct view *rest)
{
	uint8_t made[CHAN_MSG_TUN_SIZE];
	uint32_t mode, unit, status, flags;
	struct view v, name;

	if (chan_msg_get_tun(rest, &mode, &unit) == 0) {
		chan_msg_put_tun(made, mode, unit);
		v = view_of(made, sizeof(made));
		require(view_equals(&v, rest));
	} else
		require(rest->len != CHAN_MSG_TUN_SIZE);
	require((chan_msg_get_exit_status(rest, &status) == 0) ==
	    (rest->len == 4));
	if (chan_msg_get_offload(rest, &flags) == 0) {
		chan_msg_put_offload(made, flags);
		v = view_of(made, CHAN_MSG_OFFLOAD_SIZE);
		require(view_equals(&v, rest));
	} else
		require(rest->len != CHAN_MSG_OFFLOAD_SIZE);
	if (chan_msg_get_exit_signal(rest, &name) == 0)
		require(fuzz_is_inside(&name, rest));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size);

	check_message(&v);
	check_rest(&v);
	return 0;
}
