/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The input is what comes through the pipe between the two processes, in
 * either direction.  As requests: what is granted is one interface, once, and
 * the one thing more; written again each is the same.  As a reply: only what
 * the other process can print and compare.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "priv/monitor_msg.h"
#include "tests/fuzz/fuzz.h"

static void
check_granted(const struct monitor_request *rq)
{
	uint8_t was[MONITOR_REQUEST_SIZE], is[MONITOR_REQUEST_SIZE];
	struct monitor_request again;
	struct tap_request tap;

	if (rq->kind != MONITOR_TAP)
		return;
	monitor_to_tap_request(rq, &tap);
	require(tap.unit >= 0 && tap.unit <= TAP_UNIT_ANY);
	require(tap.mode == TAP_ETHERNET || tap.mode == TAP_POINT_TO_POINT);
	require(tap.mtu <= TAP_MTU_MAX && tap.up);
	monitor_from_tap_request(&tap, &again);
	monitor_encode_request(rq, was);
	monitor_encode_request(&again, is);
	require(memcmp(was, is, sizeof(was)) == 0);
}

static void
check_requests(struct view v)
{
	uint8_t made[MONITOR_REQUEST_SIZE];
	struct monitor_state st = { .used = 0 };
	struct monitor_request rq;
	struct view record;
	unsigned granted[MONITOR_KIND_COUNT] = { 0 };
	int r;

	while (view_get_bytes(&v, MONITOR_REQUEST_SIZE, &record) == 0) {
		memset(&rq, 0, sizeof(rq));
		monitor_decode_request(record.p, &rq);
		monitor_encode_request(&rq, made);
		require(memcmp(made, record.p, sizeof(made)) == 0);
		r = monitor_check_request(&rq, &st);
		require(r == 0 || r == SSHTAP_ERR_PROTOCOL ||
		    r == SSHTAP_ERR_STATE || r == SSHTAP_ERR_ARGUMENT);
		require(st.phase < MONITOR_PHASE_COUNT);
		if (r != 0)
			continue;
		require(rq.kind < MONITOR_KIND_COUNT);
		require(++granted[rq.kind] == 1);
		check_granted(&rq);
	}
}

static void
check_replies(struct view v)
{
	uint8_t made[MONITOR_REPLY_SIZE];
	struct monitor_reply rp;
	struct view record;

	while (view_get_bytes(&v, MONITOR_REPLY_SIZE, &record) == 0) {
		if (monitor_decode_reply(record.p, &rp) != 0)
			continue;
		require(rp.result <= 0 && rp.result >= SSHTAP_ERR_LAST);
		require(*err_text(rp.result) != '\0');
		require((unsigned)rp.fault.step < TAP_STEP_COUNT);
		require(strlen(rp.name) < TAP_NAME_SIZE);
		require(strlen(rp.fault.name) < TAP_NAME_SIZE);
		monitor_encode_reply(&rp, made);
		require(memcmp(made, record.p, sizeof(made)) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_requests(view_of(data, size));
	check_replies(view_of(data, size));
	return 0;
}
