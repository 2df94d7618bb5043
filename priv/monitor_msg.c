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

#define IN_PHASE(phase)	(1u << (phase))

static_assert(MONITOR_REQUEST_SIZE == 24 + TAP_LLADDR_LEN &&
    MONITOR_REPLY_SIZE == 20 + 2 * TAP_NAME_SIZE, "the records below");
static_assert(MONITOR_PHASE_COUNT <= 32 && MONITOR_KIND_COUNT <= 32,
    "phases and kinds are bits of a word");

struct rule {
	uint32_t phases;	/* in which it is legal */
	enum monitor_phase next;	/* the least phase after it */
	int (*check)(const struct monitor_request *rq);
};

void
monitor_from_tap_request(const struct tap_request *tap,
    struct monitor_request *rq)
{
	*rq = (struct monitor_request){ .kind = MONITOR_TAP,
	    .unit = (uint32_t)tap->unit, .mode = (uint32_t)tap->mode,
	    .mtu = tap->mtu, .has_lladdr = tap->has_lladdr,
	    .offload = tap->offload };
	if (tap->has_lladdr)
		memcpy(rq->lladdr, tap->lladdr, sizeof(rq->lladdr));
}

void
monitor_to_tap_request(const struct monitor_request *rq,
    struct tap_request *tap)
{
	*tap = (struct tap_request){ .unit = (int)rq->unit,
	    .mode = (enum tap_mode)rq->mode, .up = true, .mtu = rq->mtu,
	    .has_lladdr = rq->has_lladdr != 0, .offload = rq->offload != 0 };
	memcpy(tap->lladdr, rq->lladdr, sizeof(tap->lladdr));
}

static bool
is_zero(const uint8_t lladdr[TAP_LLADDR_LEN])
{
	static const uint8_t zero[TAP_LLADDR_LEN];

	return memcmp(lladdr, zero, sizeof(zero)) == 0;
}

/* What is no int or bool is refused before it becomes one. */
static int
check_tap(const struct monitor_request *rq)
{
	struct tap_fault fault;
	struct tap_request tap;

	if ((rq->mode != TAP_ETHERNET && rq->mode != TAP_POINT_TO_POINT) ||
	    rq->unit > TAP_UNIT_ANY || rq->mtu > TAP_MTU_MAX ||
	    rq->has_lladdr > 1 || rq->offload > 1 ||
	    (!rq->has_lladdr && !is_zero(rq->lladdr)))
		return SSHTAP_ERR_ARGUMENT;
	monitor_to_tap_request(rq, &tap);
	return tap_check_request(&tap, &fault) == 0 ? 0 :
	    SSHTAP_ERR_ARGUMENT;
}

static int
check_detach(const struct monitor_request *rq)
{
	return rq->unit == 0 && rq->mode == 0 && rq->mtu == 0 &&
	    rq->has_lladdr == 0 && rq->offload == 0 &&
	    is_zero(rq->lladdr) ? 0 : SSHTAP_ERR_ARGUMENT;
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
	put_be32(out + 12, rq->mtu);
	put_be32(out + 16, rq->has_lladdr);
	put_be32(out + 20, rq->offload);
	memcpy(out + 24, rq->lladdr, TAP_LLADDR_LEN);
}

void
monitor_decode_request(const uint8_t in[MONITOR_REQUEST_SIZE],
    struct monitor_request *rq)
{
	rq->kind = get_be32(in);
	rq->unit = get_be32(in + 4);
	rq->mode = get_be32(in + 8);
	rq->mtu = get_be32(in + 12);
	rq->has_lladdr = get_be32(in + 16);
	rq->offload = get_be32(in + 20);
	memcpy(rq->lladdr, in + 24, TAP_LLADDR_LEN);
}

void
monitor_encode_reply(const struct monitor_reply *rp,
    uint8_t out[MONITOR_REPLY_SIZE])
{
	put_be32(out, (uint32_t)rp->result);
	put_be32(out + 4, (uint32_t)rp->fault.step);
	put_be32(out + 8, (uint32_t)rp->fault.error);
	put_be32(out + 12, rp->fault.limit);
	memcpy(out + 16, rp->fault.name, TAP_NAME_SIZE);
	memcpy(out + 16 + TAP_NAME_SIZE, rp->name, TAP_NAME_SIZE);
	put_be32(out + 16 + 2 * TAP_NAME_SIZE, rp->offloads);
}

int
monitor_decode_reply(const uint8_t in[MONITOR_REPLY_SIZE],
    struct monitor_reply *rp)
{
	uint32_t step = get_be32(in + 4);
	struct monitor_reply reply;

	reply.result = (int32_t)get_be32(in);
	if (reply.result > 0 || reply.result < SSHTAP_ERR_LAST ||
	    step >= TAP_STEP_COUNT)
		return SSHTAP_ERR_FORMAT;
	reply.fault.step = (enum tap_step)step;
	reply.fault.error = (int32_t)get_be32(in + 8);
	reply.fault.limit = get_be32(in + 12);
	memcpy(reply.fault.name, in + 16, TAP_NAME_SIZE);
	memcpy(reply.name, in + 16 + TAP_NAME_SIZE, TAP_NAME_SIZE);
	reply.offloads = get_be32(in + 16 + 2 * TAP_NAME_SIZE);
	if (memchr(reply.fault.name, '\0', TAP_NAME_SIZE) == NULL ||
	    memchr(reply.name, '\0', TAP_NAME_SIZE) == NULL ||
	    reply.offloads > TAP_OFFLOAD_ALL)
		return SSHTAP_ERR_FORMAT;
	*rp = reply;
	return 0;
}
