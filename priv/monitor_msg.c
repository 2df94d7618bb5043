/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

/*
 * The table of requests is the whole of what a taken-over network process
 * can make root do: one interface, once, and letting go of the terminal.
 * Pure functions, so that a test can try everything.
 */

#include "priv/monitor_msg.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "tun/tap.h"

#define IN_PHASE(phase)	(1u << (phase))

static_assert(MONITOR_PHASE_COUNT <= 32 && MONITOR_KIND_COUNT <= 32,
    "phases and kinds are bits of a word");

struct rule {
	uint32_t phases;	/* in which it is legal */
	enum monitor_phase next;	/* the least phase after it */
	int (*check)(const struct monitor_request *rq);
};

static int
check_tap(const struct monitor_request *rq)
{
	if (rq->mode != TAP_ETHERNET && rq->mode != TAP_POINT_TO_POINT)
		return SSHTAP_ERR_ARGUMENT;
	if (rq->unit > TAP_UNIT_MAX && rq->unit != TAP_UNIT_ANY)
		return SSHTAP_ERR_ARGUMENT;
	return 0;
}

static int
check_detach(const struct monitor_request *rq)
{
	return rq->unit == 0 && rq->mode == 0 ? 0 : SSHTAP_ERR_ARGUMENT;
}

/* Each kind once; nothing that makes an interface after MONITOR_TAP. */
static const struct rule rules[MONITOR_KIND_COUNT] = {
	[MONITOR_TAP] = {
		.phases = IN_PHASE(MONITOR_PHASE_START),
		.next = MONITOR_PHASE_TAP_ASKED,
		.check = check_tap,
	},
	[MONITOR_DETACH] = {
		.phases = IN_PHASE(MONITOR_PHASE_START) |
		    IN_PHASE(MONITOR_PHASE_TAP_ASKED),
		.next = MONITOR_PHASE_START,
		.check = check_detach,
	},
};

int
monitor_check_request(const struct monitor_request *rq,
    struct monitor_state *st)
{
	const struct rule *rule;
	int r;

	if (rq->kind >= MONITOR_KIND_COUNT || rules[rq->kind].check == NULL)
		return SSHTAP_ERR_PROTOCOL;
	rule = &rules[rq->kind];
	if ((st->used & 1u << rq->kind) != 0 ||
	    (rule->phases & IN_PHASE(st->phase)) == 0)
		return SSHTAP_ERR_STATE;
	if ((r = rule->check(rq)) != 0)
		return r;
	st->used |= 1u << rq->kind;
	if (rule->next > st->phase)
		st->phase = rule->next;
	return 0;
}

void
monitor_encode_request(const struct monitor_request *rq,
    uint8_t out[MONITOR_REQUEST_SIZE])
{
	put_be32(out, rq->kind);
	put_be32(out + 4, rq->unit);
	put_be32(out + 8, rq->mode);
}

void
monitor_decode_request(const uint8_t in[MONITOR_REQUEST_SIZE],
    struct monitor_request *rq)
{
	rq->kind = get_be32(in);
	rq->unit = get_be32(in + 4);
	rq->mode = get_be32(in + 8);
}

void
monitor_encode_reply(const struct monitor_reply *rp,
    uint8_t out[MONITOR_REPLY_SIZE])
{
	put_be32(out, (uint32_t)rp->result);
	put_be32(out + 4, (uint32_t)rp->error);
	memcpy(out + 8, rp->name, MONITOR_NAME_SIZE);
}

int
monitor_decode_reply(const uint8_t in[MONITOR_REPLY_SIZE],
    struct monitor_reply *rp)
{
	struct monitor_reply reply;

	reply.result = (int32_t)get_be32(in);
	reply.error = (int32_t)get_be32(in + 4);
	memcpy(reply.name, in + 8, MONITOR_NAME_SIZE);
	if (reply.result > 0 || reply.result < SSHTAP_ERR_LAST ||
	    memchr(reply.name, '\0', MONITOR_NAME_SIZE) == NULL)
		return SSHTAP_ERR_FORMAT;
	*rp = reply;
	return 0;
}
